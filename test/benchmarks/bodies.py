"""Made-up invoices with any number of line items, as the API would send them."""

from __future__ import annotations

import json
from typing import Any

_KINDS = (
    ("North America Bandwidth", "Bandwidth"),
    ("Europe Bandwidth", "Bandwidth"),
    ("North America Requests", "Requests"),
    ("Europe Requests", "Requests"),
)


def page(invoices: int, lines: int) -> bytes:
    """Return the JSON text of a page of so many invoices, each with so many lines."""
    data = [
        {
            **_period(number),
            "invoice_id": f"INV-{375119 + number}",
            "invoice_posted_on": "2026-07-01T00:00:00Z",
            "statement_number": f"INV-{375119 + number}",
            "currency_code": "USD",
            "monthly_transaction_amount": 6604.19,
            "payment_status": "paid",
            "transaction_line_items": [
                {**_line(n), "credit_coupon_code": ""} for n in range(lines)
            ],
        }
        for number in range(invoices)
    ]
    meta = {"next_cursor": "eyJvZmZzZXQiOjEwMH0+/a==", "limit": 100, "total": 132, "sort": "-x"}
    return json.dumps({"data": data, "meta": meta}, separators=(",", ":")).encode()


def month_to_date(lines: int) -> bytes:
    """Return the JSON text of a month to date; its total is text, as the API sends it."""
    data = {
        **_period(7),
        "invoice_id": "x4xCwxxJxGCx123Rx5xTx-1785801600",
        "monthly_transaction_amount": "2890.32",
        "transaction_line_items": [_line(n) for n in range(lines)],
    }
    return json.dumps(data, separators=(",", ":")).encode()


def _period(number: int) -> dict[str, Any]:
    month = f"{2018 + number // 12}-{number % 12 + 1:02}"
    return {
        "customer_id": "x4xCwxxJxGCx123Rx5xTx",
        "billing_start_date": f"{month}-01T00:00:00Z",
        "billing_end_date": f"{month}-28T00:00:00Z",
    }


def _line(number: int) -> dict[str, Any]:
    description, usage_type = _KINDS[number % len(_KINDS)]
    return {
        "description": description,
        # A 0 is written as an int, as it is for certificates in a month to date.
        "amount": round(292.03 + number * 0.17, 2) if number % 5 else 0,
        "rate": 0.002,
        "units": round(146017.0369 + number * 13.7, 4),
        "product_name": description,
        "product_group": "Full Site Delivery",
        "product_line": "Network Services",
        "region": description.rpartition(" ")[0],
        "usage_type": usage_type,
    }
