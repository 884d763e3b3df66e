"""The model `HistoricalUsageMonthResponse`."""

from fastly._models import field
from fastly.model.historical import Historical
from fastly.model.historical_usage_month_response_data import (
    HistoricalUsageMonthResponseData,
)

__all__ = ["HistoricalUsageMonthResponse"]


class HistoricalUsageMonthResponse(Historical, needs="data"):
    """The traffic of a month by service and region: the result of ``get_usage_month``."""

    data: HistoricalUsageMonthResponseData | None = field("Traffic of the month.")
