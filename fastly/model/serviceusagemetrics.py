"""The model `Serviceusagemetrics`."""

from fastly._models import Model, every, field
from fastly.model.serviceusagemetrics_data import ServiceusagemetricsData

__all__ = ["Serviceusagemetrics"]


class Serviceusagemetrics(Model, needs="data"):
    """Usage by service: the result of ``get_service_level_usage``."""

    data: ServiceusagemetricsData | None = field(
        "The first block of usage; ``blocks`` has all of them.", or_many=True
    )

    @property
    def blocks(self) -> list[ServiceusagemetricsData]:
        """All blocks of usage, because the API sends ``data`` as one block or as a list."""
        return every(self, "data")
