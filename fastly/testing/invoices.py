"""The JSON of v3's invoices and of its month to date; `fastly.testing.v3` lists their forms."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from fastly.testing.bills import Line, credit, total_of
from fastly.testing.ledger import Ledger, after, has_text_id, last_day

__all__ = ["invoice", "month_to_date", "number"]

# Unit of measure of what is billed by use.
_UNITS = {"Bandwidth": "bandwidth", "Requests": "requests", "Compute Requests": "requests"}
# Product name, group and line of what is neither traffic nor an extra.
_OTHERS = {
    "Commit shortfall": ("Plan minimum", "Commitments", "Commitments"),
    "Credit": ("Loyalty discount", "Credits", "Credits"),
}


def invoice(account: Ledger, year: int, month: int) -> dict[str, Any]:
    """Return the JSON of a month's invoice.

    Raises:
        LookupError: The account has no such month, or it is still in progress.
    """
    invoice_id = account.v3_invoice_id(year, month)
    bill = account.bill(year, month)
    is_newest = after(year, month) == (account.today.year, account.today.month)
    status = {"payment_status": "outstanding" if is_newest else "paid"}
    is_integer = month % 2 == 0 and not has_text_id(year, month)
    return {
        "customer_id": account.customer_id,
        "invoice_id": int(invoice_id) if is_integer else invoice_id,
        "invoice_posted_on": f"{year:04}-{month:02}-01T00:00:00Z",
        "billing_start_date": f"{year:04}-{month:02}-01T00:00:00Z",
        "billing_end_date": f"{year:04}-{month:02}-{last_day(year, month)}T00:00:00Z",
        "statement_number": invoice_id,
        "currency_code": "USD",
        "monthly_transaction_amount": number(bill.cost, as_text=month == 12),
        "transaction_line_items": _items(bill.lines()),
        **(status if has_text_id(year, month) else {}),
    }


def month_to_date(account: Ledger) -> dict[str, Any]:
    """Return the JSON of the current month's invoice to date: its total is the sum of its lines.

    Extras are charged in full from the first day, traffic pro rata by time. TLS certificates have
    an amount of 0 and the product group "N/A". The plan's minimum is not taken into account.
    """
    bill, made_at = account.bill_to_date(), account.made_at
    charges = [_to_date(line) for line in bill.charges()]
    lines = [*charges, *credit(total_of(line.amount for line in charges), bill.discount)]
    items = _items(lines)
    for line, item in zip(lines, items, strict=True):
        del item["credit_coupon_code"]
        if _is_certificate(line):
            item["product_group"] = "N/A"
    return {
        "customer_id": account.customer_id,
        "invoice_id": f"{account.customer_id}-{made_at.timestamp():.0f}",
        "billing_start_date": f"{made_at:%Y-%m}-01T00:00:00Z",
        "billing_end_date": f"{made_at:%Y-%m-%dT%H:%M:%SZ}",
        "monthly_transaction_amount": f"{total_of(line.amount for line in lines)}",
        "transaction_line_items": items,
    }


def _to_date(line: Line) -> Line:
    """Return a charge as the month to date has it."""
    return replace(line, amount=Decimal(0)) if _is_certificate(line) else line


def _is_certificate(line: Line) -> bool:
    """Return whether a line charges a TLS certificate."""
    return line.extra is not None and line.extra.group == "TLS"


def _items(lines: Iterable[Line]) -> list[dict[str, Any]]:
    """Return the line items."""
    return [_item(position, line) for position, line in enumerate(lines, 1)]


def _item(position: int, line: Line) -> dict[str, Any]:
    """Return a line item; `position` counts from 1."""
    as_text, is_credit = position % 7 == 0, line.service == "Credit"
    name, group, product_line = _product(line)
    return {
        "description": line.description,
        "amount": number(line.amount, as_text=as_text),
        "credit_coupon_code": "LOYALTY" if is_credit else "",
        "rate": None if is_credit else number(line.rate, as_text=as_text),
        "units": None if is_credit else number(line.units, as_text=as_text),
        "product_name": name,
        "product_group": group,
        "product_line": product_line,
        "region": line.region.label if line.region else "",
        "usage_type": _UNITS.get(line.service, ""),
    }


def _product(line: Line) -> tuple[str, str, str]:
    """Return a line's product name, group and line."""
    if line.service == "Compute Requests":
        return line.description, "Compute", "Compute"
    if line.region:
        return line.description, "Full Site Delivery", "Network Services"
    if line.extra:
        return line.extra.product, line.extra.group, line.extra.line
    return _OTHERS[line.service]


def number(value: Decimal, *, as_text: bool) -> float | str:
    """Return a number of JSON, or the same number as text."""
    return f"{value:f}" if as_text else float(value)
