"""The model `BillingResponse`."""

from fastly._models import field
from fastly.model.billing import Billing
from fastly.model.billing_response_line_item import BillingResponseLineItem

__all__ = ["BillingResponse"]


class BillingResponse(Billing):
    """An invoice: the result of ``get_invoice`` and ``get_invoice_by_id``."""

    line_items: list[BillingResponseLineItem] | None = field("Lines of the invoice.")
