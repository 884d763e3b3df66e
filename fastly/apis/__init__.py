"""Every API class, importable from one place."""

from fastly.api.billing_api import BillingApi

__all__ = ["BillingApi"]
