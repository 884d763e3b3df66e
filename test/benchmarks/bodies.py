"""Made-up invoices with any number of line items, as the API would send them."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

_FIRST = datetime(2020, 6, 1, 6, 12, 31)
_KINDS = (
    ("North America Bandwidth", "Bandwidth", "NA_BW", 10023311),
    ("Europe Bandwidth", "Bandwidth", "EU_BW", 10023312),
    ("North America Requests", "Requests", "NA_REQ", 10023313),
    ("Europe Requests", "Requests", "EU_REQ", 10023314),
)


def invoice(
    items: int, *, day: int = 0, integer_id: bool = False, lines_a_second: int = 20
) -> bytes:
    """Return the JSON text of an invoice; no two days share the ID or the time of a line.

    The API sends the ID of an invoice as text or as an integer. The official client accepts only
    integers, and pydantic's and msgspec's models only text. The lines of an invoice share their
    times, because they are written together; with ``lines_a_second=1`` none do.
    """
    first = _FIRST + timedelta(days=day)
    invoice_id = 4183280 + day
    data = {
        "customer_id": "x4xCwxxJxGCx123Rx5xTx",
        "start_time": "2020-05-01T00:00:00Z",
        "end_time": "2020-05-31T23:59:59Z",
        "invoice_id": invoice_id if integer_id else str(invoice_id),
        "vendor_state": "up",
        "status": {"status": "Paid", "sent_at": _text(first)},
        "total": _total(),
        "regions": {name: _region(cost) for name, cost in (("usa", 52.6), ("europe", 41.2))},
        "line_items": [
            _line(n, first + timedelta(seconds=n // lines_a_second)) for n in range(1, items + 1)
        ],
    }
    return json.dumps(data, separators=(",", ":")).encode()


def page(invoices: int, lines: int) -> bytes:
    """Return the JSON text of a page of the live API: so many invoices, each with so many lines."""
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
                {**_live_line(n), "credit_coupon_code": ""} for n in range(lines)
            ],
        }
        for number in range(invoices)
    ]
    meta = {"next_cursor": "eyJvZmZzZXQiOjEwMH0+/a==", "limit": 100, "total": 132, "sort": "-x"}
    return json.dumps({"data": data, "meta": meta}, separators=(",", ":")).encode()


def month_to_date(lines: int) -> bytes:
    """Return the JSON text of a month to date; its total is text, as the live API sends it."""
    data = {
        **_period(7),
        "invoice_id": "x4xCwxxJxGCx123Rx5xTx-1785801600",
        "monthly_transaction_amount": "2890.32",
        "transaction_line_items": [_live_line(n) for n in range(lines)],
    }
    return json.dumps(data, separators=(",", ":")).encode()


def _period(number: int) -> dict[str, Any]:
    month = f"{2018 + number // 12}-{number % 12 + 1:02}"
    return {
        "customer_id": "x4xCwxxJxGCx123Rx5xTx",
        "billing_start_date": f"{month}-01T00:00:00Z",
        "billing_end_date": f"{month}-28T00:00:00Z",
    }


def _live_line(number: int) -> dict[str, Any]:
    description, service, _, _ = _KINDS[number % len(_KINDS)]
    return {
        "description": description,
        "amount": round(292.03 + number * 0.17, 2),
        "rate": 0.002,
        "units": round(146017.0369 + number * 13.7, 4),
        "product_name": description,
        "product_group": "Full Site Delivery",
        "product_line": "Network Services",
        "region": description.rpartition(" ")[0],
        "usage_type": service,
    }


def _text(time: datetime) -> str:
    return f"{time.isoformat()}Z"


def _total() -> dict[str, Any]:
    return {
        "bandwidth": 1420.1,
        "bandwidth_cost": 150.41,
        "bandwidth_units": "GB",
        "cost": 310.61,
        "cost_before_discount": 345.12,
        "discount": 0.1,
        "extras": [{"name": "SSL add on", "recurring": 100.0}, {"name": "setup", "setup": 50.0}],
        "extras_cost": 150.0,
        "incurred_cost": 195.12,
        "overage": 145.12,
        "plan_code": "eco",
        "plan_minimum": 50.0,
        "plan_name": "Eco",
        "requests": 228374832.0,
        "requests_cost": 44.71,
        "terms": "Net15",
    }


def _region(cost: float) -> dict[str, Any]:
    tier = {"price": 0.12, "discounted_price": 0.12, "units": 420.1, "total": 50.41}
    tiers = [{"name": "First 10TB", **tier}, {"name": "Next 10TB", **tier}]
    usage = {"total": 420.1, "tiers": tiers}
    return {"cost": cost, "bandwidth": usage, "requests": usage}


def _line(number: int, created: datetime) -> dict[str, Any]:
    description, service, code, usage_type = _KINDS[number % len(_KINDS)]
    time = _text(created)
    serial = f"{created.toordinal()}{number:06}"
    return {
        "id": f"4LEwMxDDxBJE{serial}",
        "aria_invoice_id": f"5GvMRtZpk9{serial}",
        "line_number": number,
        "description": description,
        "service_no": 10126213 + number % 7,
        "service_name": service,
        "units": round(420.1 + number * 1.37, 2),
        "rate_per_unit": 0.12,
        "amount": round((420.1 + number * 1.37) * 0.12, 4),
        "rate_schedule_no": 10154443,
        "rate_schedule_tier_no": 1 + number % 3,
        "usage_type_no": usage_type,
        "usage_type_cd": code,
        "plan_no": 10159943,
        "plan_name": "Eco",
        "client_service_id": "BW",
        "credit_coupon_code": None,
        "created_at": time,
        "updated_at": time,
        "deleted_at": None,
    }
