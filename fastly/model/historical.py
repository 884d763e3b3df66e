"""The model `Historical`."""

from fastly._models import Model, field
from fastly.model.historical_meta import HistoricalMeta

__all__ = ["Historical"]


class Historical(Model):
    """The fields that all responses of ``HistoricalApi`` have in common."""

    status: str | None = field('"success"; "error" raises ``ResponseException``.')
    meta: HistoricalMeta | None = field("Span and filters of the response.")
    msg: str | None = field("What went wrong, if anything did.")
