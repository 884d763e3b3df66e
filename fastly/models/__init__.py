"""Every model class, importable from one place."""

from fastly.model.async_response import AsyncResponse
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
from fastly.model.eom_invoice_response import EomInvoiceResponse
from fastly.model.error import Error
from fastly.model.invoice import Invoice
from fastly.model.invoicelineitems import Invoicelineitems
from fastly.model.list_eom_invoices_response import ListEomInvoicesResponse
from fastly.model.metadata import Metadata
from fastly.model.mtd_invoice_response import MtdInvoiceResponse
from fastly.model.mtdlineitems import Mtdlineitems
from fastly.model.serviceusagemetric import Serviceusagemetric
from fastly.model.serviceusagemetrics import Serviceusagemetrics
from fastly.model.serviceusagemetrics_data import ServiceusagemetricsData
from fastly.model.usagemetric import Usagemetric
from fastly.model.usagemetrics import Usagemetrics

__all__ = [
    "AsyncResponse",
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
    "EomInvoiceResponse",
    "Error",
    "Invoice",
    "Invoicelineitems",
    "ListEomInvoicesResponse",
    "Metadata",
    "MtdInvoiceResponse",
    "Mtdlineitems",
    "Serviceusagemetric",
    "Serviceusagemetrics",
    "ServiceusagemetricsData",
    "Usagemetric",
    "Usagemetrics",
]
