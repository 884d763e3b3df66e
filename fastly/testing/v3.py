"""The billing API v3: its invoices and usage, and its endpoints.

The live API sends the same kind of value in several forms. Here the form depends only on the
request and the month, so that a test meets the same one on every run:

* ``invoice_id`` is text such as "INV-297719" since 2024-07. Before, it is a number: a JSON integer
  for even months, text for odd ones. ``statement_number`` is always text.
* ``payment_status`` is present since 2024-07: "outstanding" for the newest invoice, else "paid".
* ``monthly_transaction_amount`` is text for each December and for the month to date, else a number.
* ``amount``, ``rate`` and ``units`` are text in every seventh line; the ``rate`` and ``units`` of a
  credit are null.
* ``credit_coupon_code``, ``region`` and ``usage_type`` are "" if there is none.
* The quantities of Latin America are text in both kinds of usage.
* Service usage has one block if the request selects a usage type, or if nothing matches (then its
  ``details`` are null); otherwise it has a list with a block for each usage type.
* On the last page, ``limit`` modulo 5 decides: ``next_cursor`` is "" (0), null (1) or absent (2),
  or ``meta`` is ``{}`` (3) or null (4). So the default limits give "".

Assumptions, which neither the reference nor public reports confirm: an invoice is listed if its
whole billing period is within the dates, both inclusive; a month is invoiced on the first day of
the next one; service usage covers the current month by default; the wording, ``type`` and ``code``
of most errors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any

from fastly.testing import addresses, parameters
from fastly.testing.bills import SERVICES, Line, Usage, credit, total_of
from fastly.testing.endpoints import Content, Endpoint, Refusal, dispatch
from fastly.testing.http import Request
from fastly.testing.ledger import Ledger, after, has_text_id, last_day
from fastly.testing.pages import page_of

__all__ = ["V3", "invoice", "month_to_date"]

Month = tuple[int, int]

_PRODUCT_ID = "cdn_usage"
_MONTHS = ("start_month", "end_month")
_USAGE_MONTHS = 3
_ERRORS = {400: "bad_request", 401: "unauthorized", 404: "not_found", 405: "method_not_allowed"}
# Product name, group and line of what is neither traffic nor an extra.
_OTHERS = {
    "Commit shortfall": ("Plan minimum", "Commitments", "Commitments"),
    "Credit": ("Loyalty discount", "Credits", "Credits"),
}


class V3:
    """The endpoints of v3.

    Args:
        account: The account that the endpoints serve.
        is_pending: Called with a key for each request for the month to date; returns whether it is
            still pending.
    """

    def __init__(self, account: Ledger, is_pending: Callable[[object], bool]) -> None:
        self._account = account
        self._is_pending = is_pending
        self._endpoints: dict[str, Endpoint] = {
            "/billing/v3/invoices": self._invoices,
            "/billing/v3/invoices/month-to-date": self._month_to_date,
            "/billing/v3/invoices/([^/]+)": self._invoice_by_id,
            "/billing/v3/usage-metrics": self._usage_metrics,
            "/billing/v3/service-usage-metrics": self._service_usage_metrics,
            f"{addresses.PATH}(?:/([^/]+))?": addresses.Addresses(),
        }

    def content(self, request: Request) -> Content:
        """Return what a request gets.

        Raises:
            Refusal: The request gets an error response.
        """
        return dispatch(self._endpoints, request)

    def error(self, refusal: Refusal) -> Content:
        """Return an error response."""
        code, status = _ERRORS[refusal.status], refusal.status
        body = {"type": "error", "title": refusal.detail, "code": code, "status": status}
        return Content(body, status=status)

    def _invoices(self, request: Request) -> Content:
        """Serve a page of invoices, newest first."""
        query, names = request.query, ("billing_start_date", "billing_end_date")
        start, end = (parameters.day(query, name) for name in names)
        parameters.check_order(query, *names)
        limit = min(parameters.limit(query, 100, 499), 200)
        months = [
            month for month in self._account.v3_invoice_months() if _within(month, start, end)
        ]
        key = (request.path, start, end)
        page = page_of(months, query, key, limit, "-billing_start_date")
        data = [invoice(self._account, *month) for month in page.items]
        return Content({"data": data, "meta": page.meta})

    def _invoice_by_id(self, _: Request, invoice_id: str) -> Content:
        """Serve the invoice with an ID."""
        for month in self._account.v3_invoice_months():
            if self._account.v3_invoice_id(*month) == invoice_id:
                return Content(invoice(self._account, *month))
        raise Refusal(404, f"requested id:{invoice_id} doesn't exist")

    def _month_to_date(self, _: Request) -> Content:
        """Serve the month to date once it has been made."""
        if self._is_pending("month-to-date"):
            title = "The month-to-date invoice is being generated. Try again later."
            return Content({"title": title, "status": "pending"}, status=202)
        return Content(month_to_date(self._account))

    def _usage_metrics(self, request: Request) -> Content:
        """Serve the usage of at most three months, by month, region and product."""
        start, end = (parameters.month(request.query, name) for name in _MONTHS)
        if start is None or end is None:
            raise Refusal(400, "start_month and end_month are required")
        parameters.check_order(request.query, *_MONTHS)
        if 12 * (end[0] - start[0]) + end[1] - start[1] >= _USAGE_MONTHS:
            raise Refusal(400, f"start_month to end_month must be at most {_USAGE_MONTHS} months")
        months = [month for month in self._account.months() if start <= month <= end]
        return Content({"data": [row for month in months for row in self._usage_rows(*month)]})

    def _usage_rows(self, year: int, month: int) -> Iterator[dict[str, Any]]:
        """Yield the rows of a month's usage."""
        updated = min(_first_of_next(year, month), f"{self._account.today}")
        for usage in self._account.usages(year, month):
            scale = 1 if usage.product == "Requests" else 10**9  # a GB has a billion bytes
            yield {
                "month": f"{year:04}-{month:02}",
                "usage_type": _usage_type(usage),
                "name": _usage_type(usage),
                "region": usage.region.label,
                "unit": _unit(usage),
                "quantity": _quantity(usage, usage.units),
                "raw_quantity": _quantity(usage, usage.total * scale),
                "product_id": _PRODUCT_ID,
                "last_updated_at": updated,
            }

    def _service_usage_metrics(self, request: Request) -> Content:
        """Serve a page of usage by service, in one block or in a block for each usage type."""
        query = request.query
        names = [query.get(name) for name in ("service", "product_id", "usage_type_name")]
        service, product_id, usage_type = names
        if (product_id is None) != (usage_type is None):
            raise Refusal(400, "product_id and usage_type_name must be given together")
        start, end = self._span(query)
        limit = parameters.limit(query, 1000, 10_000)
        rows = [
            row
            for row in self._service_rows(start, end)
            if service in (None, row[1]["service_id"])
            and (product_id, usage_type) in ((None, None), (_PRODUCT_ID, _usage_type(row[0])))
        ]
        page = page_of(rows, query, (request.path, start, end, *names), limit, "start_time")
        period = {"customer_id": self._account.customer_id, **_period(start, end)}
        blocks = [{**period, **block, "meta": page.meta} for block in _blocks(page.items)]
        if not blocks:
            nothing = {"usage_type": usage_type, "unit": None, "details": None}
            return Content({"data": {**period, **nothing, "meta": page.meta}})
        return Content({"data": blocks if usage_type is None else blocks[0]})

    def _span(self, query: dict[str, str]) -> tuple[Month, Month]:
        """Return the first and the last month of service usage; by default, the current month."""
        start, end = (parameters.month(query, name) for name in _MONTHS)
        parameters.check_order(query, *_MONTHS)
        end = end or (self._account.today.year, self._account.today.month)
        return start or end, end

    def _service_rows(self, start: Month, end: Month) -> Iterator[tuple[Usage, dict[str, Any]]]:
        """Yield each usage type with each service's usage in all of the months."""
        months = [month for month in self._account.months() if start <= month <= end]
        for same in zip(*(self._account.usages(*month) for month in months), strict=True):
            shares = [usage.units_by_service() for usage in same]
            for service in SERVICES:
                units = total_of(share[service.id] for share in shares)
                yield (
                    same[0],
                    {
                        "customer_id": self._account.customer_id,
                        "service_id": service.id,
                        "service_name": service.name,
                        "usage_units": _quantity(same[0], units),
                    },
                )


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
        "invoice_posted_on": f"{_first_of_next(year, month)}T00:00:00Z",
        "billing_start_date": f"{year:04}-{month:02}-01T00:00:00Z",
        "billing_end_date": f"{year:04}-{month:02}-{last_day(year, month)}T00:00:00Z",
        "statement_number": invoice_id,
        "currency_code": "USD",
        "monthly_transaction_amount": _number(bill.cost, as_text=month == 12),
        "transaction_line_items": _items(bill.lines()),
        **(status if has_text_id(year, month) else {}),
    }


def month_to_date(account: Ledger) -> dict[str, Any]:
    """Return the JSON of the current month's invoice to date: its total is the sum of its lines.

    Extras are charged in full from the first day, traffic pro rata by day. TLS certificates have an
    amount of 0 and the product group "N/A". The plan's minimum is not taken into account.
    """
    today, bill = account.today, account.bill_to_date()
    charges = [_to_date(line) for line in bill.charges()]
    lines = [*charges, *credit(total_of(line.amount for line in charges), bill.discount)]
    midnight = datetime(today.year, today.month, today.day, tzinfo=timezone.utc)
    items = _items(lines)
    for line, item in zip(lines, items, strict=True):
        del item["credit_coupon_code"]
        if _is_certificate(line):
            item["product_group"] = "N/A"
    return {
        "customer_id": account.customer_id,
        "invoice_id": f"{account.customer_id}-{midnight.timestamp():.0f}",
        "billing_start_date": f"{today:%Y-%m}-01T00:00:00Z",
        "billing_end_date": f"{today}T00:00:00Z",
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
    return [_item(number, line) for number, line in enumerate(lines, 1)]


def _item(number: int, line: Line) -> dict[str, Any]:
    """Return a line item; `number` counts from 1."""
    as_text, is_credit = number % 7 == 0, line.service == "Credit"
    name, group, product_line = _product(line)
    return {
        "description": line.description,
        "amount": _number(line.amount, as_text=as_text),
        "credit_coupon_code": "LOYALTY" if is_credit else "",
        "rate": None if is_credit else _number(line.rate, as_text=as_text),
        "units": None if is_credit else _number(line.units, as_text=as_text),
        "product_name": name,
        "product_group": group,
        "product_line": product_line,
        "region": line.region.label if line.region else "",
        "usage_type": line.service if line.region else "",
    }


def _product(line: Line) -> tuple[str, str, str]:
    """Return a line's product name, group and line."""
    if line.region:
        return line.description, "Full Site Delivery", "Network Services"
    if line.extra:
        return line.extra.product, line.extra.group, "Add-ons"
    return _OTHERS[line.service]


def _number(value: Decimal, *, as_text: bool) -> float | str:
    """Return a number of JSON, or the same number as text."""
    return f"{value:f}" if as_text else float(value)


def _quantity(usage: Usage, value: Decimal) -> float | str:
    """Return a quantity of a usage."""
    return _number(value, as_text=usage.region.name == "latam")


def _usage_type(usage: Usage) -> str:
    """Return the name of a usage type, such as "North America Requests"."""
    return f"{usage.region.label} {usage.product}"


def _unit(usage: Usage) -> str:
    """Return the name of the billed unit."""
    return "GB" if usage.product == "Bandwidth" else "10,000 requests"


def _blocks(rows: Sequence[tuple[Usage, dict[str, Any]]]) -> list[dict[str, Any]]:
    """Return the rows in a block for each usage type."""
    blocks: dict[str, dict[str, Any]] = {}
    for usage, detail in rows:
        name = _usage_type(usage)
        empty: dict[str, Any] = {"usage_type": name, "unit": _unit(usage), "details": []}
        blocks.setdefault(name, empty)["details"].append(detail)
    return list(blocks.values())


def _period(start: Month, end: Month) -> dict[str, str]:
    """Return the first and the last second of a span of months."""
    return {
        "start_time": f"{start[0]:04}-{start[1]:02}-01T00:00:00Z",
        "end_time": f"{end[0]:04}-{end[1]:02}-{last_day(*end)}T23:59:59Z",
    }


def _first_of_next(year: int, month: int) -> str:
    """Return the first day after a month."""
    following = after(year, month)
    return f"{following[0]:04}-{following[1]:02}-01"


def _within(month: Month, start: date | None, end: date | None) -> bool:
    """Return whether a whole month lies within dates, both inclusive."""
    first, last = date(*month, 1), date(*month, last_day(*month))
    return (start is None or start <= first) and (end is None or last <= end)
