"""What services, products, regions and teams cost, and what the month will cost.

::

    with fastly.ApiClient() as api_client:
        invoice = BillingInvoicesApi(api_client).get_invoice_by_invoice_id("INV-355411")
        usage = BillingUsageMetricsApi(api_client).iter_service_level_usage(
            start_month="2026-05", end_month="2026-05"
        )
        for row in allocate(invoice, usage).by_service():
            print(row["service_name"], row["amount"])
"""

from fastly.costs._allocation import (
    Allocation,
    ProductCostRow,
    RegionCostRow,
    ServiceCostRow,
    TeamCostRow,
    allocate,
    usage_type_of,
)
from fastly.costs._forecast import Forecast, forecast
from fastly.exceptions import ForecastError

__all__ = [
    "Allocation",
    "Forecast",
    "ForecastError",
    "ProductCostRow",
    "RegionCostRow",
    "ServiceCostRow",
    "TeamCostRow",
    "allocate",
    "forecast",
    "usage_type_of",
]
