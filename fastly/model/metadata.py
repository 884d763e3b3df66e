"""The model `Metadata`."""

from fastly._models import Model, field

__all__ = ["Metadata"]


class Metadata(Model):
    """The position of a page in a list."""

    next_cursor: str | None = field(
        "``cursor`` of the next page; empty, null or missing on the last page."
    )
    limit: int | None = field("Maximum number of items on a page.")
    sort: str | None = field('Sort order, such as "-billing_start_date".')
    total: int | None = field("Number of items on all pages.")
