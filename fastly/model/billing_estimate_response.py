"""The model `BillingEstimateResponse`."""

from fastly.model.billing import Billing
from fastly.model.billing_estimate_lines_line_items import BillingEstimateLinesLineItems
from fastly.model_utils import field

__all__ = ["BillingEstimateResponse"]


class BillingEstimateResponse(Billing):
    """The estimate of a month: the result of ``get_invoice_mtd``."""

    line_items: list[BillingEstimateLinesLineItems] | None = field("Lines of the estimate.")
