"""The model `HistoricalUsageService`."""

from fastly._models import Model, field
from fastly.model.historical_usage_data import HistoricalUsageData

__all__ = ["HistoricalUsageService"]


class HistoricalUsageService(Model, others=HistoricalUsageData):
    """The traffic of a service: its name, and a field for each region, such as ``usa``.

    ``regions`` has the regions without the name.
    """

    name: str | None = field("Name of the service.")

    @property
    def regions(self) -> dict[str, HistoricalUsageData | None]:
        """The traffic by the region's name; a new dict each time."""
        return self.additional_properties
