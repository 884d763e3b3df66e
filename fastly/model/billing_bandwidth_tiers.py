"""The model `BillingBandwidthTiers`."""

from fastly._models import Model, field

__all__ = ["BillingBandwidthTiers"]


class BillingBandwidthTiers(Model):
    """One tier of a volume price and its charge."""

    name: str | None = field('Name of the tier, such as "First 10TB".')
    units: float | None = field(
        "Bandwidth or requests charged at this price; ``name`` implies the unit."
    )
    price: float | None = field("List price of one unit.", unit="USD per unit")
    discounted_price: float | None = field(
        "Price of one unit after discounts.", unit="USD per unit"
    )
    total: float | None = field("Charge of this tier.", unit="USD")
