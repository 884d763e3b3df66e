"""The model `BillingBandwidth`."""

from fastly.model.billing_bandwidth_tiers import BillingBandwidthTiers
from fastly.model_utils import Model, field

__all__ = ["BillingBandwidth"]


class BillingBandwidth(Model):
    """How much of one thing a region used, such as bandwidth or requests, and at which tiers."""

    total: float | None = field(
        "Units used: bandwidth in the bill's ``bandwidth_units``, or a number of requests."
    )
    tiers: list[BillingBandwidthTiers] | None = field("What was charged at each tier.")
