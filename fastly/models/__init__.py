"""Every model class, importable from one place."""

from fastly.model.billing import Billing
from fastly.model.billing_bandwidth import BillingBandwidth
from fastly.model.billing_bandwidth_tiers import BillingBandwidthTiers
from fastly.model.billing_estimate_lines_line_items import BillingEstimateLinesLineItems
from fastly.model.billing_estimate_response import BillingEstimateResponse
from fastly.model.billing_regions import BillingRegions
from fastly.model.billing_response import BillingResponse
from fastly.model.billing_response_line_item import BillingResponseLineItem
from fastly.model.billing_status import BillingStatus
from fastly.model.billing_total import BillingTotal
from fastly.model.billing_total_extras import BillingTotalExtras

__all__ = [
    "Billing",
    "BillingBandwidth",
    "BillingBandwidthTiers",
    "BillingEstimateLinesLineItems",
    "BillingEstimateResponse",
    "BillingRegions",
    "BillingResponse",
    "BillingResponseLineItem",
    "BillingStatus",
    "BillingTotal",
    "BillingTotalExtras",
]
