"""The model `HistoricalUsageAggregatedResponse`."""

from fastly._models import field
from fastly.model.historical import Historical
from fastly.model.historical_usage_data import HistoricalUsageData

__all__ = ["HistoricalUsageAggregatedResponse"]


class HistoricalUsageAggregatedResponse(Historical, needs="data"):
    """The account's traffic by region: the result of ``get_usage``."""

    data: dict[str, HistoricalUsageData] | None = field(
        'Traffic of each region, by its name, such as "usa".'
    )
