"""The model `HistoricalUsageMonthResponseData`."""

from fastly._models import Model, field
from fastly.model.historical_usage_data import HistoricalUsageData
from fastly.model.historical_usage_service import HistoricalUsageService

__all__ = ["HistoricalUsageMonthResponseData"]


class HistoricalUsageMonthResponseData(Model, needs="services"):
    """The traffic of a month, by service and in total."""

    customer_id: str | None = field("ID of the customer.")
    services: dict[str, HistoricalUsageService] | None = field(
        "Traffic of each service, by its ID."
    )
    total: dict[str, HistoricalUsageData] | None = field("Traffic of each region, by its name.")
