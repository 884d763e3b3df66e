"""The billing API v2, which Fastly has retired: its invoices and estimates, and its endpoints."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from fastly.testing.bills import Bill, Line, Tier, Usage, total_of
from fastly.testing.catalog import PLAN_MINIMUM
from fastly.testing.endpoints import JSON, Content, Endpoint, Refusal, dispatch
from fastly.testing.http import Body, Headers, Request
from fastly.testing.ledger import Ledger, after, identifier, last_day
from fastly.testing.v2.documents import invoice_csv, invoice_pdf

__all__ = ["V2", "estimate", "invoice"]

_CSV, _PDF = "text/csv", "application/pdf"
_PLAN_NO, _PLAN_CODE, _PLAN_NAME = 10159001, "flex", "Flex"
_MESSAGES = {
    400: "Bad request",
    401: "Not authenticated",
    404: "Record not found",
    405: "Method not allowed",
    406: "Not acceptable",
    429: "Too many requests",
}
# Service name to the number and the code it has in the billing vendor's books.
_SERVICES = {
    "Bandwidth": (10126001, "BW"),
    "Requests": (10126002, "REQ"),
    "Compute Requests": (10126007, "CREQ"),
    "Add-on": (10126003, "ADDON"),
    "Setup": (10126004, "SETUP"),
    "Commit shortfall": (10126005, "SHORTFALL"),
    "Credit": (10126006, "CREDIT"),
}
# Field of an estimate's line item to the field of an invoice's that has the same value.
_ESTIMATE_FIELDS = {
    "plan_no": "plan_no",
    "description": "description",
    "units": "units",
    "per_unit_cost": "rate_per_unit",
    "service_no": "service_no",
    "service_type": "service_name",
    "amount": "amount",
    "client_service_id": "client_service_id",
}


class V2:
    """The endpoints of v2.

    Args:
        account: The account that the endpoints serve.
        is_pending: Called with a key for each request for an estimate; returns whether the
            estimate is still pending.
    """

    def __init__(self, account: Ledger, is_pending: Callable[[object], bool]) -> None:
        self._account = account
        self._is_pending = is_pending
        customer = "/billing/v2/account_customers/([^/]+)"
        self._endpoints: dict[str, Endpoint] = {
            "/billing/v2/year/([^/]+)/month/([^/]+)": self._invoice,
            f"{customer}/invoices/([^/]+)": self._invoice_by_id,
            f"{customer}/mtd_invoice": self._estimate,
        }

    def content(self, request: Request) -> Content:
        """Return what a request gets.

        Raises:
            Refusal: The request gets an error response.
        """
        return dispatch(self._endpoints, request)

    @staticmethod
    def error(refusal: Refusal) -> Content:
        """Return an error response."""
        body = {"msg": _MESSAGES[refusal.status], "detail": refusal.detail}
        return Content(body, status=refusal.status)

    def _invoice(self, request: Request, year: str, month: str) -> Content:
        """Serve the invoice of a month."""
        kind = _negotiate(request.headers, (JSON, _CSV, _PDF))
        return Content(_document(_found(invoice, self._account, *_month(year, month)), kind), kind)

    def _invoice_by_id(self, request: Request, customer_id: str, invoice_id: str) -> Content:
        """Serve the invoice with an ID."""
        kind = _negotiate(request.headers, (JSON, _CSV, _PDF))
        self._check_customer(customer_id)
        for month in self._account.usage_months():
            if self._account.invoice_id(*month) == invoice_id:
                return Content(_document(invoice(self._account, *month), kind), kind)
        raise Refusal(404, f"The account has no invoice {invoice_id}.")

    def _estimate(self, request: Request, customer_id: str) -> Content:
        """Serve the estimate of a month once it has been made."""
        kind = _negotiate(request.headers, (JSON,))
        self._check_customer(customer_id)
        today, query = self._account.today, request.query
        month = _month(query.get("year", f"{today:%Y}"), query.get("month", f"{today:%m}"))
        body = _found(estimate, self._account, *month)
        if self._is_pending(month):
            return Content({"msg": "The estimate is being generated."}, kind, 202)
        return Content(body, kind)

    def _check_customer(self, customer_id: str) -> None:
        """Refuse the IDs of other customers."""
        if customer_id != self._account.customer_id:
            raise Refusal(404, "The customer does not exist.")


def invoice(account: Ledger, year: int, month: int) -> dict[str, Any]:
    """Return the JSON of a month's invoice.

    Raises:
        LookupError: The account has no such month.
    """
    bill = account.bill(year, month)
    shared = _shared(account, bill)
    aria_id = identifier("aria", shared["invoice_id"])
    issued = f"{min(_first_of_next(bill), f'{account.today}')}T06:12:31Z"
    for number, item in enumerate(shared["line_items"], 1):
        item["id"] = identifier("line", shared["invoice_id"], number)
        item["aria_invoice_id"] = aria_id
        item["line_number"] = number
        item["created_at"] = item["updated_at"] = issued
    return {**shared, "status": _status(account, bill)}


def estimate(account: Ledger, year: int, month: int) -> dict[str, Any]:
    """Return the JSON of a month's estimate; its amounts are the invoice's.

    Raises:
        LookupError: The account has no such month.
    """
    shared = _shared(account, account.bill(year, month))
    lines = [
        {name: item[source] for name, source in _ESTIMATE_FIELDS.items()}
        | {"client_plan_id": f"{_PLAN_CODE}-0"}
        for item in shared["line_items"]
    ]
    return {**shared, "status": {"status": "MTD", "sent_at": None}, "line_items": lines}


def _shared(account: Ledger, bill: Bill) -> dict[str, Any]:
    """Return what invoice and estimate share, with an empty status."""
    year, month = bill.year, bill.month
    return {
        "customer_id": account.customer_id,
        "start_time": f"{year:04}-{month:02}-01T00:00:00Z",
        "end_time": f"{year:04}-{month:02}-{last_day(year, month)}T23:59:59Z",
        "invoice_id": account.invoice_id(year, month),
        "vendor_state": "up",
        "status": {},
        "total": _plain(_total(bill)),
        "regions": _plain(_regions(bill)),
        "line_items": _plain([_item(line) for line in bill.lines()]),
    }


def _first_of_next(bill: Bill) -> str:
    """Return the first day after a bill's month."""
    year, month = after(bill.year, bill.month)
    return f"{year:04}-{month:02}-01"


def _status(account: Ledger, bill: Bill) -> dict[str, str | None]:
    """Return a status: the current month is pending, the month before it outstanding."""
    current = (account.today.year, account.today.month)
    following = after(bill.year, bill.month)
    if following > current:
        return {"status": "Pending", "sent_at": None}
    sent_at = f"{_first_of_next(bill)}T12:00:00Z"
    return {"status": "Outstanding" if following == current else "Paid", "sent_at": sent_at}


def _total(bill: Bill) -> dict[str, Any]:
    """Return the summary of a bill."""
    bandwidth = [usage for usage in bill.usages if _kind(usage) == "bandwidth"]
    requests = [usage for usage in bill.usages if _kind(usage) == "requests"]
    return {
        "bandwidth": total_of(usage.total for usage in bandwidth),
        "bandwidth_cost": total_of(usage.cost for usage in bandwidth),
        "bandwidth_units": "GB",
        "requests": int(total_of(usage.total for usage in requests)),
        "requests_cost": total_of(usage.cost for usage in requests),
        "percentile": Decimal(0),
        "percentile_cost": Decimal(0),
        "extras": list(_extras(bill)),
        "incurred_cost": bill.incurred,
        "overage": bill.overage,
        "commit_shortfall": bill.shortfall,
        "extras_cost": bill.extras_cost,
        "cost_before_discount": bill.before_discount,
        "discount": bill.discount,
        "discount_amount": bill.discount_amount,
        "cost": bill.cost,
        "plan_code": _PLAN_CODE,
        "plan_minimum": PLAN_MINIMUM,
        "plan_name": _PLAN_NAME,
        "terms": "Net15",
    }


def _extras(bill: Bill) -> Iterator[dict[str, Any]]:
    """Yield what is billed besides the traffic, without amounts of 0."""
    for extra in bill.extras:
        setup = bill.setup_of(extra)
        once = {"setup": setup} if setup else {}
        yield {"name": extra.name, "recurring": extra.recurring, **once}


def _kind(usage: Usage) -> str:
    """Return where v2 counts a usage; it has no place of their own for compute requests."""
    return "bandwidth" if usage.product == "Bandwidth" else "requests"


def _regions(bill: Bill) -> dict[str, Any]:
    """Return the traffic of each region."""
    regions: dict[str, Any] = {}
    for usage in bill.usages:
        region = regions.setdefault(usage.region.name, {"cost": Decimal(0)})
        region["cost"] += usage.cost
        traffic = region.setdefault(_kind(usage), {"total": 0, "tiers": []})
        traffic["total"] += usage.total if _kind(usage) == "bandwidth" else int(usage.total)
        traffic["tiers"] += map(_tier, usage.tiers)
    return regions


def _tier(tier: Tier) -> dict[str, Any]:
    """Return a tier."""
    return {
        "name": tier.name,
        "units": tier.units,
        "price": tier.price,
        "discounted_price": tier.discounted_price,
        "total": tier.total,
    }


def _item(line: Line) -> dict[str, Any]:
    """Return a line item of an invoice, without what only the whole invoice decides."""
    service_no, code = _SERVICES[line.service]
    return {
        "id": None,
        "aria_invoice_id": None,
        "line_number": None,
        "description": line.description,
        "service_no": service_no,
        "service_name": line.service,
        "units": line.units,
        "rate_per_unit": line.rate,
        "amount": line.amount,
        "rate_schedule_no": service_no + 28_000,
        "rate_schedule_tier_no": line.tier,
        "usage_type_no": service_no - 100_000,
        "usage_type_cd": f"{line.region.code}_{code}" if line.region else code,
        "plan_no": _PLAN_NO,
        "plan_name": _PLAN_NAME,
        "client_service_id": code,
        "credit_coupon_code": "LOYALTY" if line.service == "Credit" else None,
        "created_at": None,
        "updated_at": None,
        "deleted_at": None,
    }


def _plain(value: Any) -> Any:
    """Return a value as JSON has it, in which Decimals are floats."""
    return json.loads(json.dumps(value, default=float))


def _month(year: str, month: str) -> tuple[int, int]:
    """Return a month given as text of four digits and of two."""
    if not re.fullmatch("[0-9]{4}", year) or not re.fullmatch("0[1-9]|1[0-2]", month):
        raise Refusal(400, "A year must have four digits, and a month two, 01 to 12.")
    return int(year), int(month)


def _found(find: Callable[..., dict[str, Any]], *key: object) -> dict[str, Any]:
    """Return what is found under a key, or refuse the request."""
    try:
        return find(*key)
    except LookupError as error:
        raise Refusal(404, f"The account has {error}.") from error


def _document(invoice: dict[str, Any], kind: str) -> Body:
    """Return an invoice in a media type."""
    if kind == _CSV:
        return invoice_csv(invoice)
    return invoice_pdf(invoice) if kind == _PDF else invoice


def _negotiate(headers: Headers, offered: Sequence[str]) -> str:
    """Return the first media type that Accept names and that is offered; weights do not count."""
    for wanted in headers.get("Accept", "*/*").lower().split(","):
        pattern = wanted.split(";")[0].strip()
        for kind in offered:
            if pattern in (kind, f"{kind.split('/')[0]}/*", "*/*"):
                return kind
    raise Refusal(406, f"Available media types: {', '.join(offered)}.")
