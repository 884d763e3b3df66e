"""The model `BillingEstimateResponse`."""

from fastly._models import field
from fastly.model.billing import Billing
from fastly.model.billing_estimate_lines_line_items import BillingEstimateLinesLineItems

__all__ = ["BillingEstimateResponse"]


class BillingEstimateResponse(Billing):
    """The estimate of a month: the result of ``get_invoice_mtd``."""

    line_items: list[BillingEstimateLinesLineItems] | None = field("Lines of the estimate.")
