"""The model `ListEomInvoicesResponse`."""

from fastly._models import Model, field
from fastly.model.invoice import Invoice
from fastly.model.metadata import Metadata

__all__ = ["ListEomInvoicesResponse"]


class ListEomInvoicesResponse(Model, needs="data"):
    """One page of invoices, newest first: the result of ``list_invoices``."""

    data: list[Invoice] | None = field("Invoices of this page.")
    meta: Metadata | None = field("Position of this page in the list.")
