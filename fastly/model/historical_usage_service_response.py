"""The model `HistoricalUsageServiceResponse`."""

from fastly._models import field
from fastly.model.historical import Historical
from fastly.model.historical_usage_data import HistoricalUsageData

__all__ = ["HistoricalUsageServiceResponse"]


class HistoricalUsageServiceResponse(Historical, needs="data"):
    """The traffic by region and service: the result of ``get_usage_service``."""

    data: dict[str, dict[str, HistoricalUsageData]] | None = field(
        "Traffic by the region's name, then by the service's ID; a region without traffic is empty."
    )
