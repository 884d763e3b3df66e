"""The model `BillingBandwidth`."""

from fastly._models import Model, field
from fastly.model.billing_bandwidth_tiers import BillingBandwidthTiers

__all__ = ["BillingBandwidth"]


class BillingBandwidth(Model):
    """Usage of one kind in a region, such as bandwidth or requests, by price tier."""

    total: float | None = field(
        "Units used: bandwidth in the bill's ``bandwidth_units``, or a number of requests."
    )
    tiers: list[BillingBandwidthTiers] | None = field("Charges at each tier.")
