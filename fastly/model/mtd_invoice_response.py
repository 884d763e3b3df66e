"""The model `MtdInvoiceResponse`."""

from datetime import datetime

from fastly._models import Model, field
from fastly.model.mtdlineitems import Mtdlineitems

__all__ = ["MtdInvoiceResponse"]


class MtdInvoiceResponse(Model, needs="own"):
    """The month to date: the result of ``get_month_to_date_invoice``.

    The API sends no currency with it. Fixed charges are included in full from the first day.
    """

    customer_id: str | None = field("ID of the customer.")
    invoice_id: str | None = field("``customer_id``, a hyphen and the time in epoch seconds.")
    billing_start_date: datetime | None = field("First day of the month.", unit="UTC")
    billing_end_date: datetime | None = field("When these figures were made.", unit="UTC")
    monthly_transaction_amount: float | None = field(
        "Total of the month to date.", unit="the account's currency"
    )
    transaction_line_items: list[Mtdlineitems] | None = field("Lines of the month to date.")
