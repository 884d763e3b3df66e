"""The model `HistoricalMeta`."""

from fastly._models import Model, field

__all__ = ["HistoricalMeta"]


class HistoricalMeta(Model):
    """The span and the filters of a response of ``HistoricalApi``, as the API writes them."""

    to: str | None = field('End of the span, such as "2026-06-01 00:00:00 UTC": not ISO 8601.')
    _from: str | None = field("Start of the span, in the same form; named ``from`` in the JSON.")
    by: str | None = field('Sampling interval, such as "day".')
    region: str | None = field('Region, or "all".')
    datacenter: str | None = field("Data center, if the request was limited to one.")
