"""The model `Usagemetric`."""

from fastly._models import Model, field

__all__ = ["Usagemetric"]


class Usagemetric(Model, needs="*"):
    """The usage of one product in one region and month, without a price."""

    month: str | None = field('Month of the usage, such as "2026-09".')
    usage_type: str | None = field('Kind of usage, such as "North America Requests".')
    name: str | None = field("Name of the product.")
    region: str | None = field('Region, such as "North America".')
    unit: str | None = field('Unit of ``quantity``: "GB", or "unit" if it has no name.')
    quantity: float | None = field("Billed usage, in ``unit``.")
    raw_quantity: float | None = field("Measured usage.")
    product_id: str | None = field('ID of the product, such as "cdn_usage".')
    last_updated_at: str | None = field("When the figures were last updated.")
