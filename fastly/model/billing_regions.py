"""The model `BillingRegions`."""

from fastly._models import Model, field
from fastly.model.billing_bandwidth import BillingBandwidth

__all__ = ["BillingRegions"]


class BillingRegions(Model):
    """Usage and cost of one region."""

    cost: float | None = field("Total cost of the region.", unit="USD")
    bandwidth: BillingBandwidth | None = field("Traffic served in the region.")
    requests: BillingBandwidth | None = field("Requests served in the region.")
    percentile: BillingBandwidth | None = field(
        "Bandwidth percentile, for plans that charge by it."
    )
