"""The model `BillingTotalExtras`."""

from fastly._models import Model, field

__all__ = ["BillingTotalExtras"]


class BillingTotalExtras(Model):
    """A charge besides bandwidth and requests."""

    name: str | None = field("Name of the extra.")
    setup: float | None = field("One-time charge; absent if 0.", unit="USD")
    recurring: float | None = field("Monthly charge; absent if 0.", unit="USD")
