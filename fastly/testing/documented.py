"""The form of v3's responses that the reference describes, made from the form of live ones.

In the reference, numbers are never text, except for the total of the month to date; nothing is
null; IDs are numeric; there is no payment status; and "Full-Site Delivery" has a hyphen.
"""

from __future__ import annotations

import re
from typing import Any, cast

__all__ = ["documented", "numeric"]

_NUMBERS = ("amount", "quantity", "rate", "raw_quantity", "units", "usage_units")
_IDS = ("invoice_id", "statement_number")
_ABSENT = "payment_status"


def documented(value: Any, name: str = "") -> Any:
    """Return a JSON value, found under a name, in the form of the reference."""
    if isinstance(value, dict):
        return _documented_fields(cast("dict[str, Any]", value))
    if isinstance(value, list):
        items: list[Any] = value
        return [documented(item) for item in items]
    if value is None:
        return [] if name == "details" else ""
    if name in _IDS:
        return numeric(value)
    if value == "Full Site Delivery":
        return "Full-Site Delivery"
    return float(value) if name in _NUMBERS else value


def numeric(invoice_id: object) -> str:
    """Return the number at the end of an ID."""
    return re.sub(r".*\D", "", f"{invoice_id}")


def _documented_fields(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of an object in the form of the reference."""
    fields = fields | _amounts(fields)
    return {name: documented(value, name) for name, value in fields.items() if name != _ABSENT}


def _amounts(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the amounts whose form depends on the object: of a credit, of a closed invoice."""
    if fields.get("rate", 0) is None:
        return {"rate": fields["amount"], "units": 1}
    if "currency_code" in fields:
        return {"monthly_transaction_amount": float(fields["monthly_transaction_amount"])}
    return {}
