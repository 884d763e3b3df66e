"""The model `BillingRegions`."""

from fastly.model.billing_bandwidth import BillingBandwidth
from fastly.model_utils import Model, field

__all__ = ["BillingRegions"]


class BillingRegions(Model):
    """What one region used and cost."""

    cost: float | None = field("What the region came to.", unit="USD")
    bandwidth: BillingBandwidth | None = field("Traffic of the region.")
    requests: BillingBandwidth | None = field("Requests served in the region.")
    percentile: BillingBandwidth | None = field("Bandwidth percentile, for plans charged by it.")
