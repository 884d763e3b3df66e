"""The model `EomInvoiceResponse`."""

from fastly.model.invoice import Invoice

__all__ = ["EomInvoiceResponse"]


class EomInvoiceResponse(Invoice):
    """The invoice with an ID: the result of ``get_invoice_by_invoice_id``."""
