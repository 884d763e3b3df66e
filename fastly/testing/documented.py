"""The form of responses that the reference describes, made from the form of live ones.

In the reference, numbers are never text, except for the total of the month to date; nothing is
null, except for a message; traffic has fractions; IDs are numeric; there is no payment status; and
"Full-Site Delivery" has a hyphen.
"""

from __future__ import annotations

import re
from typing import Any

from fastly.testing.http import Body

__all__ = ["documented", "numeric"]

_NUMBERS = (
    *("amount", "bandwidth", "compute_requests", "quantity", "rate", "raw_quantity", "requests"),
    *("units", "usage_units"),
)
_NULL: dict[str, Any] = {"details": [], "msg": None}
_IDS = ("invoice_id", "statement_number")
_ABSENT = "payment_status"


def documented(value: Body | float | None, name: str = "") -> Any:
    """Return a JSON value, found under a name, in the form of the reference."""
    if isinstance(value, dict):
        fields = value | _amounts(value)
        return {key: documented(item, key) for key, item in fields.items() if key != _ABSENT}
    if isinstance(value, list):
        return [documented(item) for item in value]
    if value is None:
        return _NULL.get(name, "")
    if name in _IDS:
        return numeric(value)
    if value == "Full Site Delivery":
        return "Full-Site Delivery"
    return float(value) if name in _NUMBERS else value


def numeric(invoice_id: object) -> str:
    """Return the number at the end of an ID."""
    return re.sub(r".*\D", "", f"{invoice_id}")


def _amounts(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the amounts whose form depends on the object: of a credit, of a closed invoice."""
    if fields.get("rate", 0) is None:
        return {"rate": fields["amount"], "units": 1}
    if "currency_code" in fields:
        return {"monthly_transaction_amount": float(fields["monthly_transaction_amount"])}
    return {}
