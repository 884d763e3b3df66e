"""What Fastly's own Python client reads of a server: run by an environment that has it.

::

    python official_client.py URL TOKEN

It prints JSON: the invoices by page and by ID, the month to date, and both kinds of usage.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from typing import Any

import fastly
from fastly.api.billing_invoices_api import BillingInvoicesApi
from fastly.api.billing_usage_metrics_api import BillingUsageMetricsApi

MAY = {"start_month": "2026-05", "end_month": "2026-05"}


def invoices(api: BillingInvoicesApi) -> Iterator[Any]:
    """Yield all invoices, by page."""
    cursor = ""
    while True:
        page = api.list_invoices(limit="20", cursor=cursor)
        yield from page.data
        cursor = page.meta.next_cursor
        if not cursor:
            break


def blocks(api: BillingUsageMetricsApi) -> Iterator[Any]:
    """Yield all blocks of a month's service usage."""
    cursor = ""
    while True:
        block = api.get_service_level_usage(**MAY, limit="3", cursor=cursor).data
        yield block
        cursor = block.meta.next_cursor
        if not cursor:
            break


def month_to_date(api: BillingInvoicesApi) -> Any:
    """Return the month to date; the client returns a 202 as one without fields."""
    while True:
        found = api.get_month_to_date_invoice()
        if "invoice_id" in found:
            return found
        time.sleep(0.1)


def read(client: fastly.ApiClient) -> dict[str, Any]:
    """Return everything that the client reads."""
    api, usage = BillingInvoicesApi(client), BillingUsageMetricsApi(client)
    listed = [invoice.to_dict() for invoice in invoices(api)]
    ids = [int(invoice["invoice_id"]) for invoice in listed]
    return {
        "listed": listed,
        "by_id": [api.get_invoice_by_invoice_id(number).to_dict() for number in ids],
        "month_to_date": month_to_date(api).to_dict(),
        "usage": usage.get_usage_metrics(**MAY).to_dict(),
        "service_usage": [block.to_dict() for block in blocks(usage)],
    }


def main(url: str, token: str) -> None:
    """Print everything that the client reads."""
    configuration = fastly.Configuration(host=url)
    configuration.api_key["token"] = token
    with fastly.ApiClient(configuration) as client:
        print(json.dumps(read(client), default=str))


if __name__ == "__main__":
    main(*sys.argv[1:])
