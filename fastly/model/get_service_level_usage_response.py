"""The model `GetServiceLevelUsageResponse`."""

from fastly.model.serviceusagemetrics import Serviceusagemetrics

__all__ = ["GetServiceLevelUsageResponse"]


class GetServiceLevelUsageResponse(Serviceusagemetrics):
    """Another name for ``Serviceusagemetrics``, which the official client has too."""
