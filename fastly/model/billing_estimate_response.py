"""The model `BillingEstimateResponse`."""

from fastly.model.billing import Billing
from fastly.model.billing_estimate_lines_line_items import BillingEstimateLinesLineItems
from fastly.model_utils import field

__all__ = ["BillingEstimateResponse"]


class BillingEstimateResponse(Billing):
    """The estimate of a month: what ``get_invoice_mtd`` returns."""

    line_items: list[BillingEstimateLinesLineItems] | None = field("The lines of the estimate.")
