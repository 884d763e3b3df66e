"""What the applications under test share: a client that is made, and used, on import.

An application server that imports this before it forks leaves its workers a client with an open
connection.
"""

from __future__ import annotations

import os

import fastly
from fastly.api.billing_invoices_api import BillingInvoicesApi

_configuration = fastly.Configuration(
    host=os.environ["BILLING_HOST"],
    api_key={"token": os.environ["BILLING_TOKEN"]},
    ssl_ca_cert=os.environ.get("BILLING_ROOTS"),
)
_api = BillingInvoicesApi(fastly.ApiClient(_configuration))
_invoices = _api.list_invoices(limit=20).data or []
INVOICE_IDS = [str(invoice.invoice_id) for invoice in _invoices]


def fetch(number: int) -> list[str]:
    """Fetch one of 20 invoices; return this process's ID, the requested ID and the received one."""
    wanted = INVOICE_IDS[number % len(INVOICE_IDS)]
    return [str(os.getpid()), wanted, str(_api.get_invoice_by_invoice_id(wanted).invoice_id)]
