"""The model `GetServiceLevelUsageTypesResponse`."""

from fastly.model.serviceusagetypes import Serviceusagetypes

__all__ = ["GetServiceLevelUsageTypesResponse"]


class GetServiceLevelUsageTypesResponse(Serviceusagetypes):
    """Another name for ``Serviceusagetypes``, which the official client has too."""
