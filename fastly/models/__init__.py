"""Every model class, importable from one place."""

from fastly.model.arc_usage_metric import ArcUsageMetric
from fastly.model.arc_usage_metrics_meta import ArcUsageMetricsMeta
from fastly.model.arc_usage_metrics_response import ArcUsageMetricsResponse
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
from fastly.model.customer_address import CustomerAddress
from fastly.model.eom_invoice_response import EomInvoiceResponse
from fastly.model.error import Error
from fastly.model.get_service_level_usage_response import GetServiceLevelUsageResponse
from fastly.model.get_service_level_usage_types_response import GetServiceLevelUsageTypesResponse
from fastly.model.historical import Historical
from fastly.model.historical_meta import HistoricalMeta
from fastly.model.historical_regions_response import HistoricalRegionsResponse
from fastly.model.historical_usage_aggregated_response import HistoricalUsageAggregatedResponse
from fastly.model.historical_usage_data import HistoricalUsageData
from fastly.model.historical_usage_month_response import HistoricalUsageMonthResponse
from fastly.model.historical_usage_month_response_data import HistoricalUsageMonthResponseData
from fastly.model.historical_usage_service import HistoricalUsageService
from fastly.model.historical_usage_service_response import HistoricalUsageServiceResponse
from fastly.model.inline_response201 import InlineResponse201
from fastly.model.invoice import Invoice
from fastly.model.invoicelineitems import Invoicelineitems
from fastly.model.list_customer_addresses_response import ListCustomerAddressesResponse
from fastly.model.list_eom_invoices_response import ListEomInvoicesResponse
from fastly.model.metadata import Metadata
from fastly.model.mtd_invoice_response import MtdInvoiceResponse
from fastly.model.mtdlineitems import Mtdlineitems
from fastly.model.serviceusagemetric import Serviceusagemetric
from fastly.model.serviceusagemetrics import Serviceusagemetrics
from fastly.model.serviceusagemetrics_data import ServiceusagemetricsData
from fastly.model.serviceusagetype import Serviceusagetype
from fastly.model.serviceusagetypes import Serviceusagetypes
from fastly.model.usagemetric import Usagemetric
from fastly.model.usagemetrics import Usagemetrics

__all__ = [
    "ArcUsageMetric",
    "ArcUsageMetricsMeta",
    "ArcUsageMetricsResponse",
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
    "CustomerAddress",
    "EomInvoiceResponse",
    "Error",
    "GetServiceLevelUsageResponse",
    "GetServiceLevelUsageTypesResponse",
    "Historical",
    "HistoricalMeta",
    "HistoricalRegionsResponse",
    "HistoricalUsageAggregatedResponse",
    "HistoricalUsageData",
    "HistoricalUsageMonthResponse",
    "HistoricalUsageMonthResponseData",
    "HistoricalUsageService",
    "HistoricalUsageServiceResponse",
    "InlineResponse201",
    "Invoice",
    "Invoicelineitems",
    "ListCustomerAddressesResponse",
    "ListEomInvoicesResponse",
    "Metadata",
    "MtdInvoiceResponse",
    "Mtdlineitems",
    "Serviceusagemetric",
    "Serviceusagemetrics",
    "ServiceusagemetricsData",
    "Serviceusagetype",
    "Serviceusagetypes",
    "Usagemetric",
    "Usagemetrics",
]
