"""The model `ArcUsageMetricsMeta`."""

from fastly._models import Model, field

__all__ = ["ArcUsageMetricsMeta"]


class ArcUsageMetricsMeta(Model):
    """The position of a page in a list of AI usage."""

    sort: str | None = field('Sort order: "date" or "-date".')
    total: int | None = field("Number of metrics on all pages.")
    next_cursor: str | None = field("``cursor`` of the next page; empty on the last page.")
    limit: int | None = field("Maximum number of metrics on a page.")
