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

With ``documented``, everything has the one form of the reference, which `fastly.testing.documented`
describes. Service usage is then one block: each usage type has pages of its own.

Assumptions, which neither the reference nor public reports confirm: an invoice is listed if its
whole billing period is within the dates, both inclusive; a month is listed from the first day of
the next one on, although real ones may take some days; service usage covers the current month by
default; the names of compute requests, and the product ID; the wording, ``type`` and ``code`` of
most errors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from fastly.testing import addresses, parameters
from fastly.testing.bills import Usage, total_of
from fastly.testing.catalog import SERVICES
from fastly.testing.documented import documented, numeric
from fastly.testing.endpoints import Content, Endpoint, Refusal, dispatch
from fastly.testing.http import Request
from fastly.testing.invoices import invoice, month_to_date, number
from fastly.testing.ledger import Ledger, after, last_day
from fastly.testing.pages import Page, page_of

__all__ = ["V3"]

Month = tuple[int, int]

_PRODUCT_ID = "cdn_usage"
_MONTHS = ("start_month", "end_month")
_USAGE_MONTHS = 3
_ERRORS = {
    400: "bad_request",
    401: "unauthorized",
    404: "not_found",
    405: "method_not_allowed",
    429: "too_many_requests",
}


class V3:
    """The endpoints of v3.

    Args:
        account: The account that the endpoints serve.
        is_pending: Called with a key for each request for the month to date; returns whether it is
            still pending.
        documented: Whether responses have the form of the reference.
    """

    def __init__(
        self,
        account: Ledger,
        is_pending: Callable[[object], bool],
        *,
        documented: bool = False,
    ) -> None:
        self._account = account
        self._documented = documented
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
        content = dispatch(self._endpoints, request)
        return content._replace(body=documented(content.body)) if self._documented else content

    @staticmethod
    def error(refusal: Refusal) -> Content:
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
        return Content({"data": data, "meta": self._meta(page)})

    def _invoice_by_id(self, _: Request, invoice_id: str) -> Content:
        """Serve the invoice with an ID."""
        for month in self._account.v3_invoice_months():
            if invoice_id in self._ids(*month):
                return Content(invoice(self._account, *month))
        raise Refusal(404, f"requested id:{invoice_id} doesn't exist")

    def _ids(self, year: int, month: int) -> tuple[str, ...]:
        """Return the IDs under which a month's invoice is found."""
        invoice_id = self._account.v3_invoice_id(year, month)
        return (invoice_id, numeric(invoice_id)) if self._documented else (invoice_id,)

    def _meta(self, page: Page[Any]) -> dict[str, Any] | None:
        """Return the meta of a page."""
        return page.documented_meta if self._documented else page.meta

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
        _check_span(start, end)
        months = [month for month in self._account.usage_months() if start <= month <= end]
        return Content({"data": [row for month in months for row in self._usage_rows(*month)]})

    def _usage_rows(self, year: int, month: int) -> Iterator[dict[str, Any]]:
        """Yield the rows of a month's usage."""
        updated = min(_first_of_next(year, month), f"{self._account.today}")
        for usage in self._account.usages(year, month):
            scale = 10**9 if usage.product == "Bandwidth" else 1  # a GB has a billion bytes
            yield {
                "month": f"{year:04}-{month:02}",
                "usage_type": usage.name,
                "name": usage.name,
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
            and (product_id, usage_type) in ((None, None), (_PRODUCT_ID, row[0].name))
        ]
        key, group = (request.path, start, end, *names), _type_of if self._documented else None
        page = page_of(rows, query, key, limit, "start_time", group)
        period = {"customer_id": self._account.customer_id, **_period(start, end)}
        nothing = {"usage_type": usage_type, "unit": None, "details": None}
        found = _blocks(page.items) or [nothing]
        blocks = [{**period, **block, "meta": self._meta(page)} for block in found]
        is_list = page.items and usage_type is None and not self._documented
        return Content({"data": blocks if is_list else blocks[0]})

    def _span(self, query: dict[str, str]) -> tuple[Month, Month]:
        """Return the first and the last month of service usage; by default, the current month."""
        start, end = (parameters.month(query, name) for name in _MONTHS)
        end = end or (self._account.today.year, self._account.today.month)
        _check_span(start or end, end)
        return start or end, end

    def _service_rows(self, start: Month, end: Month) -> Iterator[tuple[Usage, dict[str, Any]]]:
        """Yield each usage type with the usage in the months of each service that has any."""
        months = [month for month in self._account.usage_months() if start <= month <= end]
        for same in _by_name(usage for month in months for usage in self._account.usages(*month)):
            shares = [usage.units_by_service() for usage in same]
            for service in SERVICES:
                if units := total_of(share[service.id] for share in shares):
                    yield (
                        same[0],
                        {
                            "customer_id": self._account.customer_id,
                            "service_id": service.id,
                            "service_name": service.name,
                            "usage_units": _quantity(same[0], units),
                        },
                    )


def _type_of(row: tuple[Usage, dict[str, Any]]) -> str:
    """Return the usage type of a row."""
    return row[0].name


def _by_name(usages: Iterable[Usage]) -> Iterable[list[Usage]]:
    """Return usages in a list for each name."""
    names: dict[str, list[Usage]] = {}
    for usage in usages:
        names.setdefault(usage.name, []).append(usage)
    return names.values()


def _check_span(start: Month, end: Month) -> None:
    """Refuse a span of months that ends before it starts, or is too long."""
    if start > end:
        raise Refusal(400, "start_month must not be after end_month")
    if 12 * (end[0] - start[0]) + end[1] - start[1] >= _USAGE_MONTHS:
        raise Refusal(400, f"start_month to end_month must be at most {_USAGE_MONTHS} months")


def _quantity(usage: Usage, value: Decimal) -> float | str:
    """Return a quantity of a usage."""
    return number(value, as_text=usage.region.name == "latam")


def _unit(usage: Usage) -> str:
    """Return the name of the unit: "unit" if the usage type has none of its own."""
    return "GB" if usage.product == "Bandwidth" else "unit"


def _blocks(rows: Sequence[tuple[Usage, dict[str, Any]]]) -> list[dict[str, Any]]:
    """Return the rows in a block for each usage type."""
    blocks: dict[str, dict[str, Any]] = {}
    for usage, detail in rows:
        name = usage.name
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
