"""What Fastly's own Python client reads of a server: run by an environment that has it.

::

    python official_client.py URL TOKEN

It prints JSON: the invoices by page and by ID, the month to date, both kinds of usage, traffic, AI
usage and addresses. ``others`` also runs with this project's client.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

import fastly
from fastly.api.ai_runtime_control_usage_metrics_api import AiRuntimeControlUsageMetricsApi
from fastly.api.billing_invoices_api import BillingInvoicesApi
from fastly.api.billing_usage_metrics_api import BillingUsageMetricsApi
from fastly.api.customer_addresses_api import CustomerAddressesApi
from fastly.api.historical_api import HistoricalApi
from fastly.model.customer_address import CustomerAddress

MAY = {"start_month": "2026-05", "end_month": "2026-05"}
AI_START = datetime(2026, 5, 1, tzinfo=timezone.utc)
AI_END = datetime(2026, 5, 3, tzinfo=timezone.utc)


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


def others(client: fastly.ApiClient) -> dict[str, Any]:
    """Return traffic, AI usage and addresses, one of them new."""
    traffic, ai = HistoricalApi(client), AiRuntimeControlUsageMetricsApi(client)
    addresses = CustomerAddressesApi(client)
    span, days = {"_from": "2026-05-01", "to": "2026-06-01"}, {"_from": AI_START, "to": AI_END}
    address = CustomerAddress(type="tax", locality="Wellington", country="NZ")
    addresses.create_customer_address(customer_address=address)
    address.locality = "Auckland"
    addresses.update_customer_address(type="tax", customer_address=address)
    found = {
        "regions": traffic.get_regions(),
        "usage": traffic.get_usage(**span),
        "usage_by_service": traffic.get_usage_service(**span),
        "usage_by_month": traffic.get_usage_month(year="2026", month="05"),
        "billable": traffic.get_usage_month(year="2026", month="05", billable_units=True),
        "ai": ai.arc_get_usage_metrics(**days, sort="-date", granularity="hourly"),
        "export": ai.arc_export_usage_metrics(**days, key="vk_9RmLd7", provider="pc_openai"),
        "addresses": addresses.list_customer_addresses(),
    }
    return {name: result.to_dict() for name, result in found.items()}


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
        "others": others(client),
    }


def plain(value: Any) -> Any:
    """Return a time as text, and a model that ``to_dict`` leaves in a dict as a dict."""
    return value.to_dict() if hasattr(value, "to_dict") else str(value)


def main(url: str, token: str) -> None:
    """Print everything that the client reads."""
    configuration = fastly.Configuration(host=url)
    configuration.api_key["token"] = token
    with fastly.ApiClient(configuration) as client:
        print(json.dumps(read(client), default=plain))


if __name__ == "__main__":
    main(*sys.argv[1:])
