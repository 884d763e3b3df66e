"""Usage of AI Runtime Control: requests, sessions and tokens by key, provider and model."""

from typing import TYPE_CHECKING, Annotated, Literal

from fastly._operations.arguments import Count, Cursor, Text, Time, from_before_to, one_of
from fastly._operations.declarations import export, operation
from fastly._operations.options import page_request, request
from fastly._operations.paging import Paged, paged
from fastly._operations.steps import by_cursor
from fastly._operations.usage_pages import Counted
from fastly.api.base import Api
from fastly.model.arc_usage_metric import ArcUsageMetric
from fastly.model.arc_usage_metrics_response import ArcUsageMetricsResponse

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from fastly._operations.options import Options, PageOptions

__all__ = ["AiRuntimeControlUsageMetricsApi"]

Granularity = Annotated[Literal["daily", "hourly"], one_of("daily", "hourly")]
Order = Annotated[Literal["date", "-date"], one_of("date", "-date")]


def _next_cursor(page: ArcUsageMetricsResponse) -> str | None:
    return page.meta.next_cursor if page.meta else None


class AiRuntimeControlUsageMetricsApi(Api):
    """What the account used of AI Runtime Control, without prices.

    Args:
        api_client: The client to send requests with. Default: a new one with the default
            configuration. Any number of these, in any number of threads, can share a client.

    Example:
        >>> with fastly.ApiClient() as api_client:
        ...     api = AiRuntimeControlUsageMetricsApi(api_client)
        ...     for metric in api.iter_arc_usage_metrics(_from="2026-07-01"):
        ...         print(metric.date, metric.model, metric.usage_type, metric.quantity)
    """

    # With a line for each of nine parameters, an operation would have more than 25 lines.
    # fmt: off
    @operation("/ai-runtime-control/v1/usage-metrics", rule=from_before_to)
    def arc_get_usage_metrics(
        self, *, key: Text | None = None, provider: Text | None = None, model: Text | None = None,
        _from: Time | None = None, to: Time | None = None, granularity: Granularity | None = None,
        sort: Order | None = None, limit: Count | None = None, cursor: Cursor | None = None,
        **options: "Unpack[Options]",
    ) -> ArcUsageMetricsResponse:
        """Get one page of AI usage; ``iter_arc_usage_metrics`` returns all pages.

        Args:
            key: ID of a virtual key. Default: all.
            provider: ID of a connection to a provider. Default: all.
            model: A model. Default: all.
            _from: Start: a datetime (UTC if it has no offset), a date, or ISO 8601 text.
            to: End, in the same forms. Default: now.
            granularity: "daily" (the default) or "hourly".
            sort: "date" (the default) or "-date", the newest first.
            limit: Metrics on a page.
            cursor: ``meta.next_cursor`` of the previous page. Default: the first page.
            **options: See below.
        """
        return request(**options)

    @paged(
        arc_get_usage_metrics, by_cursor(_next_cursor), lambda page: page.data,
        Counted[ArcUsageMetric, ArcUsageMetricsResponse],
    )
    def iter_arc_usage_metrics(
        self, *, key: Text | None = None, provider: Text | None = None, model: Text | None = None,
        _from: Time | None = None, to: Time | None = None, granularity: Granularity | None = None,
        sort: Order | None = None, limit: Count | None = None, cursor: Cursor | None = None,
        **options: "Unpack[PageOptions]",
    ) -> Paged[ArcUsageMetric, ArcUsageMetricsResponse]:
        """Iterate over the AI usage of all pages.

        Args:
            key: ID of a virtual key. Default: all.
            provider: ID of a connection to a provider. Default: all.
            model: A model. Default: all.
            _from: Start: a datetime (UTC if it has no offset), a date, or ISO 8601 text.
            to: End, in the same forms. Default: now.
            granularity: "daily" (the default) or "hourly".
            sort: "date" (the default) or "-date", the newest first.
            limit: Metrics on a page.
            cursor: ``meta.next_cursor`` of the page to resume after.
            **options: See below.
        """
        return page_request(**options)

    # fmt: on

    @export("/ai-runtime-control/v1/usage-metrics/export", rule=from_before_to)
    def arc_export_usage_metrics(
        self,
        *,
        key: Text | None = None,
        provider: Text | None = None,
        model: Text | None = None,
        _from: Time | None = None,
        to: Time | None = None,
        **options: "Unpack[Options]",
    ) -> ArcUsageMetricsResponse:
        """Get all AI usage at once; ``_accept="text/csv"`` returns it as CSV.

        Args:
            key: ID of a virtual key. Default: all.
            provider: ID of a connection to a provider. Default: all.
            model: A model. Default: all.
            _from: Start: a datetime (UTC if it has no offset), a date, or ISO 8601 text.
            to: End, in the same forms. Default: now.
            **options: See below.
        """
        return request(**options)
