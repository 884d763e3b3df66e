"""Usage metrics, version 3: by month, product and region, and by service; without prices."""

from typing import TYPE_CHECKING

from fastly._operations.arguments import Count, Cursor, MonthOfYear, Text
from fastly._operations.declarations import operation
from fastly._operations.options import page_request, request
from fastly._operations.paging import Paged, paged
from fastly._operations.steps import by_months, by_months_and_cursor
from fastly._operations.usage_pages import OfMonths
from fastly.api.base import Api
from fastly.exceptions import ApiValueError
from fastly.model.serviceusagemetrics import Serviceusagemetrics
from fastly.model.serviceusagemetrics_data import ServiceusagemetricsData
from fastly.model.usagemetric import Usagemetric
from fastly.model.usagemetrics import Usagemetrics

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from fastly._operations.options import Options, PageOptions

__all__ = ["BillingUsageMetricsApi"]


def _next_cursor(page: Serviceusagemetrics) -> str | None:
    """Return the cursor in the ``meta`` of a block, or in that of the page, as lists have it."""
    metas = [page.get("meta"), *(block.meta for block in page.blocks)]
    cursors = {meta.get("next_cursor") for meta in metas if meta} - {None, ""}
    if len(cursors) > 1:  # to follow one of them would lose the usage after the others
        raise ApiValueError(f"the blocks name {len(cursors)} different next pages")
    return cursors.pop() if cursors else None


class BillingUsageMetricsApi(Api):
    """What the account used, without prices.

    Args:
        api_client: The client to send requests with. Default: a new one with the default
            configuration. Any number of these, in any number of threads, can share a client.

    Example:
        >>> with fastly.ApiClient() as api_client:
        ...     api = BillingUsageMetricsApi(api_client)
        ...     for usage in api.iter_usage_metrics("2026-01", "2026-06"):
        ...         print(usage.month, usage.name, usage.region, usage.quantity, usage.unit)
    """

    @operation("/billing/v3/usage-metrics")
    def get_usage_metrics(
        self, start_month: MonthOfYear, end_month: MonthOfYear, **options: "Unpack[Options]"
    ) -> Usagemetrics:
        """Get the usage of up to three months by product and region.

        ``iter_usage_metrics`` returns any number of months.

        Args:
            start_month: First month, "2026-07" or a date in it.
            end_month: Last month, at most two months later.
            **options: See below.
        """
        return request(**options)

    @paged(
        get_usage_metrics,
        by_months,
        lambda page: page.data,
        OfMonths[Usagemetric, Usagemetrics],
    )
    def iter_usage_metrics(
        self, start_month: MonthOfYear, end_month: MonthOfYear, **options: "Unpack[PageOptions]"
    ) -> Paged[Usagemetric, Usagemetrics]:
        """Iterate over the usage of any number of months, three months per request.

        Args:
            start_month: First month, "2026-07" or a date in it.
            end_month: Last month, in the same form; not before ``start_month``.
            **options: See below.
        """
        return page_request(**options)

    @operation("/billing/v3/service-usage-metrics")
    def get_service_level_usage(
        self,
        *,
        product_id: Text | None = None,
        service: Text | None = None,
        usage_type_name: Text | None = None,
        start_month: MonthOfYear | None = None,
        end_month: MonthOfYear | None = None,
        limit: Count | None = None,
        cursor: Cursor | None = None,
        **options: "Unpack[Options]",
    ) -> Serviceusagemetrics:
        """Get one page of usage by service; ``iter_service_level_usage`` returns all pages.

        Args:
            product_id: ID of the product, such as "cdn_usage"; requires ``usage_type_name``.
            service: ID of the service. Default: all services.
            usage_type_name: Kind of usage, such as "North America Requests".
            start_month: First month, "2026-07" or a date in it.
            end_month: Last month, in the same form.
            limit: Services on a page: 1 to 10,000, by default 1,000.
            cursor: ``data.meta.next_cursor`` of the previous page. Default: the first page.
            **options: See below.
        """
        return request(**options)

    @paged(
        get_service_level_usage,
        by_months_and_cursor(_next_cursor),
        lambda page: page.blocks,
        OfMonths[ServiceusagemetricsData, Serviceusagemetrics],
    )
    def iter_service_level_usage(
        self,
        *,
        product_id: Text | None = None,
        service: Text | None = None,
        usage_type_name: Text | None = None,
        start_month: MonthOfYear | None = None,
        end_month: MonthOfYear | None = None,
        limit: Count | None = None,
        cursor: Cursor | None = None,
        **options: "Unpack[PageOptions]",
    ) -> Paged[ServiceusagemetricsData, Serviceusagemetrics]:
        """Iterate over the blocks of usage by service, three months per request, on all pages.

        Args:
            product_id: ID of the product, such as "cdn_usage"; requires ``usage_type_name``.
            service: ID of the service. Default: all services.
            usage_type_name: Kind of usage, such as "North America Requests".
            start_month: First month, "2026-07" or a date in it; to resume, the block's.
            end_month: Last month, in the same form.
            limit: Services on a page: 1 to 10,000, by default 1,000.
            cursor: ``data.meta.next_cursor`` of the page to resume after.
            **options: See below.
        """
        return page_request(**options)
