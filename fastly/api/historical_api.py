"""Traffic as Fastly measures it: by region, by service and by month, without prices."""

from typing import TYPE_CHECKING

from fastly._operations.arguments import (
    Flag,
    MonthNumber,
    TimeOrText,
    Year,
    from_before_to,
    year_with_month,
)
from fastly._operations.declarations import operation
from fastly._operations.options import request
from fastly.api.base import Api
from fastly.model.historical_regions_response import HistoricalRegionsResponse
from fastly.model.historical_usage_aggregated_response import HistoricalUsageAggregatedResponse
from fastly.model.historical_usage_month_response import HistoricalUsageMonthResponse
from fastly.model.historical_usage_service_response import HistoricalUsageServiceResponse

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from fastly._operations.options import Options

__all__ = ["HistoricalApi"]


class HistoricalApi(Api):
    """The account's traffic, by region, by service and by month.

    Args:
        api_client: The client to send requests with. Default: a new one with the default
            configuration. Any number of these, in any number of threads, can share a client.

    Example:
        >>> with fastly.ApiClient() as api_client:
        ...     usage = HistoricalApi(api_client).get_usage(_from="1 month ago")
        ...     for region, traffic in usage.data.items():
        ...         print(region, traffic.bandwidth, traffic.requests)
    """

    @operation("/stats/usage", rule=from_before_to)
    def get_usage(
        self,
        *,
        _from: TimeOrText | None = None,
        to: TimeOrText | None = None,
        **options: "Unpack[Options]",
    ) -> HistoricalUsageAggregatedResponse:
        """Get the traffic of a span by region.

        Args:
            _from: Start: a datetime (UTC if it has no offset), a date (its midnight UTC), epoch
                seconds, or text as the API takes it, such as "1 month ago".
            to: End, in the same forms. Default: now.
            **options: See below.
        """
        return request(**options)

    @operation("/stats/usage_by_service", rule=from_before_to)
    def get_usage_service(
        self,
        *,
        _from: TimeOrText | None = None,
        to: TimeOrText | None = None,
        **options: "Unpack[Options]",
    ) -> HistoricalUsageServiceResponse:
        """Get the traffic of a span by region and service.

        Args:
            _from: Start: a datetime (UTC if it has no offset), a date (its midnight UTC), epoch
                seconds, or text as the API takes it, such as "1 month ago".
            to: End, in the same forms. Default: now.
            **options: See below.
        """
        return request(**options)

    @operation("/stats/usage_by_month", rule=year_with_month)
    def get_usage_month(
        self,
        *,
        year: Year | None = None,
        month: MonthNumber | None = None,
        billable_units: Flag | None = None,
        **options: "Unpack[Options]",
    ) -> HistoricalUsageMonthResponse:
        """Get the traffic of a month by service and region.

        Args:
            year: Four digits, such as "2026" or 2026. Default: the API's.
            month: 1 to 12, such as "05", "5" or 5, in UTC; requires ``year``.
            billable_units: True: bandwidth in GB and requests in units of 10,000, as invoices
                have them, instead of bytes and requests.
            **options: See below.
        """
        return request(**options)

    @operation("/stats/regions")
    def get_regions(self, **options: "Unpack[Options]") -> HistoricalRegionsResponse:
        """Get the names of all regions.

        Args:
            **options: See below.
        """
        return request(**options)
