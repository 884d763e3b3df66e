"""The model `Serviceusagemetric`."""

from fastly._models import Model, field

__all__ = ["Serviceusagemetric"]


class Serviceusagemetric(Model, needs="own"):
    """The usage of one service."""

    customer_id: str | None = field("ID of the customer.")
    service_id: str | None = field("ID of the service.")
    service_name: str | None = field("Name of the service.")
    usage_units: float | None = field("Usage, in the ``unit`` of the block.")
