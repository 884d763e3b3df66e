"""Every API class, importable from one place."""

from fastly.api.ai_runtime_control_usage_metrics_api import AiRuntimeControlUsageMetricsApi
from fastly.api.billing_api import BillingApi
from fastly.api.billing_invoices_api import BillingInvoicesApi
from fastly.api.billing_usage_metrics_api import BillingUsageMetricsApi
from fastly.api.customer_addresses_api import CustomerAddressesApi
from fastly.api.historical_api import HistoricalApi

__all__ = [
    "AiRuntimeControlUsageMetricsApi",
    "BillingApi",
    "BillingInvoicesApi",
    "BillingUsageMetricsApi",
    "CustomerAddressesApi",
    "HistoricalApi",
]
