"""The commands of the retired API, for hosts that still serve it."""

from __future__ import annotations

from typing import Any

from fastly.api.billing_api import BillingApi
from fastly.api_client import ApiClient
from fastly.cli.arguments import Options
from fastly.cli.layout import Paper
from fastly.cli.v2.table import bill_page
from fastly.cli.waiting import wait_for

__all__ = ["bill"]

_MEDIA_TYPES = {"csv": "text/csv", "pdf": "application/pdf"}


def bill(options: Options, form: str, paper: Paper, client: ApiClient) -> list[str | bytes]:
    """Return what the API sends, CSV and PDF as they are."""
    api, accept = BillingApi(client), _MEDIA_TYPES.get(form, "application/json")
    found: Any = wait_for(lambda: _get(options, accept, api), options, client)
    if form == "table":
        return [Paper.text(bill_page(found, paper))]
    return [found.to_str() + "\n" if form == "json" else found]


def _get(options: Options, accept: str, api: Any) -> Any:
    customer_id = options.customer_id
    if options.command == "v2 invoice":
        return api.get_invoice(options.month, options.year, _accept=accept)
    if options.command == "v2 invoice-by-id":
        return api.get_invoice_by_id(customer_id, options.invoice_id, _accept=accept)
    return api.get_invoice_mtd(customer_id, month=options.month, year=options.year, _wait=0)
