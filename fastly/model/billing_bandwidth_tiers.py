"""The model `BillingBandwidthTiers`."""

from fastly.model_utils import Model, field

__all__ = ["BillingBandwidthTiers"]


class BillingBandwidthTiers(Model):
    """One step of a price that falls with use, and what it came to."""

    name: str | None = field('Name of the tier, such as "First 10TB".')
    units: float | None = field(
        "Bandwidth or requests charged at this price, as ``name`` counts them."
    )
    price: float | None = field("Price of one unit by the list.", unit="USD per unit")
    discounted_price: float | None = field(
        "Price of one unit after discounts.", unit="USD per unit"
    )
    total: float | None = field("What this tier came to.", unit="USD")
