"""Every API class, importable from one place."""

from fastly.api.billing_api import BillingApi
from fastly.api.billing_invoices_api import BillingInvoicesApi
from fastly.api.billing_usage_metrics_api import BillingUsageMetricsApi

__all__ = ["BillingApi", "BillingInvoicesApi", "BillingUsageMetricsApi"]
