"""The model `ServiceusagemetricsData`."""

from datetime import datetime

from fastly._models import Model, field
from fastly.model.metadata import Metadata
from fastly.model.serviceusagemetric import Serviceusagemetric

__all__ = ["ServiceusagemetricsData"]


class ServiceusagemetricsData(Model, needs="own"):
    """A block of usage by service: one kind of usage over one period."""

    customer_id: str | None = field("ID of the customer.")
    start_time: datetime | None = field("Start of the period.", unit="UTC")
    end_time: datetime | None = field("End of the period.", unit="UTC")
    usage_type: str | None = field('Kind of usage, such as "North America Requests".')
    unit: str | None = field('Unit of ``usage_units``: "GB", or "unit" if it has no name.')
    details: list[Serviceusagemetric] | None = field("Usage of each service.")
    meta: Metadata | None = field("Position of this block in the list.")
