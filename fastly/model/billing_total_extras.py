"""The model `BillingTotalExtras`."""

from fastly.model_utils import Model, field

__all__ = ["BillingTotalExtras"]


class BillingTotalExtras(Model):
    """Something charged besides bandwidth and requests."""

    name: str | None = field("Name of the extra.")
    setup: float | None = field("Charged once; absent when 0.", unit="USD")
    recurring: float | None = field("Charged every month; absent when 0.", unit="USD")
