"""The model `Invoice`."""

from datetime import datetime

from fastly._models import Model, field
from fastly.model.invoicelineitems import Invoicelineitems

__all__ = ["Invoice"]


class Invoice(Model, needs="own"):
    """One invoice with its lines: an item of ``list_invoices`` and ``iter_invoices``."""

    customer_id: str | None = field("ID of the customer.")
    invoice_id: str | None = field('ID of the invoice, such as "INV-375119" or "29239985".')
    invoice_posted_on: datetime | None = field(
        "Date of the invoice: the first day of its period, not when it appeared.", unit="UTC"
    )
    billing_start_date: datetime | None = field("First day of the billing period.", unit="UTC")
    billing_end_date: datetime | None = field(
        "Last day of the billing period, inclusive.", unit="UTC"
    )
    statement_number: str | None = field("Number of the statement.")
    currency_code: str | None = field('Currency of all amounts, such as "USD" (ISO 4217).')
    monthly_transaction_amount: float | None = field(
        "Total of the invoice.", unit="``currency_code``"
    )
    payment_status: str | None = field(
        '"paid" or "outstanding". Seen in responses; not in the API\'s reference.'
    )
    transaction_line_items: list[Invoicelineitems] | None = field("Lines of the invoice.")
