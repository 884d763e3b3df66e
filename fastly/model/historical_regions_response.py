"""The model `HistoricalRegionsResponse`."""

from fastly._models import field
from fastly.model.historical import Historical

__all__ = ["HistoricalRegionsResponse"]


class HistoricalRegionsResponse(Historical, needs="data"):
    """The names of the regions: the result of ``get_regions``."""

    data: list[str] | None = field('Names of the regions, such as "usa" and "europe".')
