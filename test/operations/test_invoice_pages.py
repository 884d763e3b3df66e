"""Invoices over pages: each once, all of them or an error, and those of one month."""

from __future__ import annotations

import logging
from datetime import date
from typing import Any

import pytest

import fastly
from fastly.api.billing_invoices_api import BillingInvoicesApi
from fastly.api.billing_usage_metrics_api import BillingUsageMetricsApi
from fastly.testing import BillingServer


def invoice(number: object, **fields: Any) -> dict[str, Any]:
    """Return an invoice with lines."""
    lines = [{"description": "x", "amount": 1.5, "new": [{"b": 1, "a": None}]}] * 50
    return {"invoice_id": number, "transaction_line_items": lines, **fields}


def enqueue(server: BillingServer, *pages: list[Any], totals: Any = None) -> None:
    """Make the server respond with pages, each of which names the next."""
    for number, page in enumerate(pages, 1):
        cursor = "" if number == len(pages) else f"c{number}"
        total = totals[number - 1] if isinstance(totals, list) else totals
        server.enqueue(body={"data": page, "meta": {"next_cursor": cursor, "total": total}})


def ids(items: Any) -> list[Any]:
    """Return the IDs of invoices."""
    return [item.invoice_id for item in items]


@pytest.mark.parametrize(
    "pages",
    [
        [["4", "3"], ["3", "2"]],
        [["4", "3"], ["4", "3"], ["2"]],
        [["4", "3", "3"], ["2"]],
        [["4"], ["3"], [4, 3, 2, 2]],
    ],
)
def test_an_invoice_that_is_on_two_pages(
    invoices: BillingInvoicesApi, server: BillingServer, pages: list[list[object]]
) -> None:
    """An equal invoice with the same ID, as text or number, is returned once."""
    enqueue(server, *([invoice(x) for x in page] for page in pages), totals=3)
    assert ["4", "3", "2"] == ids(invoices.iter_invoices())


def test_equality_is_that_of_the_models(
    invoices: BillingInvoicesApi, server: BillingServer
) -> None:
    """The order of the fields and the form of a number make no difference."""
    fields = {"monthly_transaction_amount": "10.50", "zz": {"a": 1, "b": 2}}
    other = {"zz": {"b": 2, "a": 1}, "monthly_transaction_amount": 10.5}
    enqueue(server, [invoice("1", **fields)], [dict(reversed(invoice("1", **other).items()))])
    assert ["1"] == ids(invoices.iter_invoices())


@pytest.mark.parametrize(
    "changed",
    [
        {"payment_status": "paid"},
        {"monthly_transaction_amount": 11},
        {"transaction_line_items": []},
        {"transaction_line_items": [{"description": "x", "new": [{"b": 2}]}] * 50},
        {"new": 1},
    ],
)
@pytest.mark.parametrize("on_one_page", [False, True])
def test_an_invoice_that_changes_while_the_list_is_read(
    invoices: BillingInvoicesApi, server: BillingServer, changed: Any, on_one_page: bool
) -> None:
    """The same ID with other content raises, and next() requests that page again."""
    first, second = [invoice("1")], [invoice("1", **changed), invoice("2")]
    pages = [[*first, *second]] if on_one_page else [first, second]
    enqueue(server, *pages)
    paged = invoices.iter_invoices()
    message = "invoice '1' is listed twice .* the list changed while it was read; start again"
    with pytest.raises(fastly.ResponseException, match=message) as caught:
        list(paged)
    assert "Start again from the first page; if it happens again, report it to Fastly." in str(
        caught.value
    )
    assert '"invoice_id": "2"' in str(caught.value.body)
    enqueue(server, [invoice("1"), invoice("2")])
    assert (["1", "2"] if on_one_page else ["2"]) == ids(paged)


@pytest.mark.parametrize("name", [None, ""])
def test_invoices_without_an_id(
    invoices: BillingInvoicesApi, server: BillingServer, name: object
) -> None:
    """Invoices without an ID are never compared, and all of them count."""
    enqueue(server, [invoice(name)] * 2, [invoice(name)], totals=3)
    assert [name] * 3 == ids(invoices.iter_invoices())


def test_usage_is_never_compared(usage: BillingUsageMetricsApi, server: BillingServer) -> None:
    """Usage goes on over pages, and blocks may be equal."""
    for cursor in ("b", None):
        server.enqueue(body={"data": {"unit": "a", "meta": {"next_cursor": cursor, "total": 9}}})
    assert ["a", "a"] == [block.unit for block in usage.iter_service_level_usage()]


def test_pages_are_as_sent(invoices: BillingInvoicesApi, server: BillingServer) -> None:
    """by_page() returns an invoice that is on two pages twice, and refuses a changed one."""
    enqueue(server, [invoice("1")], [invoice("1")], [invoice("1", payment_status="paid")])
    pages = invoices.iter_invoices().by_page()
    assert ["1"] == ids(next(pages).data) == ids(next(pages).data)
    with pytest.raises(fastly.ResponseException, match="start again"):
        next(pages)


def test_the_page_of_an_item(invoices: BillingInvoicesApi, server: BillingServer) -> None:
    """The page of the last item is an attribute of the iterator."""
    enqueue(server, [invoice("1")], [invoice("2")], totals=2)
    paged = invoices.iter_invoices()
    assert paged.page is None
    found = [paged.page.meta.next_cursor for _ in paged if paged.page and paged.page.meta]
    assert ["c1", ""] == found


# --- all of them ------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [{}, {"limit": 2}, {"cursor": ""}, {"cursor": None}])
@pytest.mark.parametrize(
    ("pages", "totals"),
    [
        ([["4", "3"], []], 6),
        ([["4", "3"], ["3"]], 3),
        ([[]], 1),
        ([[None]], 1),
        ([["4", "3"], ["2"]], [4, None]),
        ([["4", "3"], ["1"]], [4, 3]),
        ([["4"], ["3"]], [None, 3]),
    ],
)
def test_fewer_invoices_than_the_total(
    invoices: BillingInvoicesApi,
    server: BillingServer,
    arguments: Any,
    pages: list[list[Any]],
    totals: Any,
) -> None:
    """A list that ends before its total raises, and next() requests the last page again."""
    bodies = [[x and invoice(x) for x in page] for page in pages]
    enqueue(server, *bodies, totals=totals)
    paged = invoices.iter_invoices(**arguments)
    with pytest.raises(fastly.ResponseException, match=r"received \d invoices of a total of \d:"):
        list(paged)
    enqueue(server, [invoice(x) for x in "98765"])
    assert list("98765") == ids(paged)


def test_an_invoice_that_is_posted_while_the_list_is_read(
    invoices: BillingInvoicesApi, server: BillingServer
) -> None:
    """The list is complete with the invoices that it had when its first page was read."""
    enqueue(server, [invoice("4"), invoice("3")], [invoice("3"), invoice("2")], totals=[3, 4])
    assert ["4", "3", "2"] == ids(invoices.iter_invoices())


@pytest.mark.parametrize(
    "dates",
    [
        {"billing_start_date": "2026-01-01"},
        {"billing_end_date": date(2026, 5, 31)},
        {"month": "2026-05"},
    ],
)
def test_fewer_invoices_than_the_total_with_dates(
    invoices: BillingInvoicesApi,
    server: BillingServer,
    caplog: pytest.LogCaptureFixture,
    dates: Any,
) -> None:
    """With dates, which the total may not count, fewer invoices are one warning."""
    enqueue(server, [invoice("1", billing_start_date="2026-05-01")], [], totals=6)
    assert ["1"] == ids(invoices.iter_invoices(**dates))
    assert [("fastly", logging.WARNING)] == [(r.name, r.levelno) for r in caplog.records]
    assert "received 1 invoices of a total of 6; " in caplog.text


@pytest.mark.parametrize("total", [None, 0, 1, "x"])
def test_totals_that_say_nothing(
    invoices: BillingInvoicesApi,
    server: BillingServer,
    caplog: pytest.LogCaptureFixture,
    total: object,
) -> None:
    """A total that is missing, too small or no number is not compared."""
    enqueue(server, [invoice("1")], [invoice("2")], totals=total)
    assert ["1", "2"] == ids(invoices.iter_invoices(_check_return_type=False))
    assert (["kept"] if total == "x" else []) == [r.message[:4] for r in caplog.records[::2]]


def test_a_resumed_list_is_not_compared_with_its_total(
    invoices: BillingInvoicesApi, server: BillingServer, caplog: pytest.LogCaptureFixture
) -> None:
    """With a cursor, the invoices are only some of the total."""
    enqueue(server, [invoice("1")], totals=6)
    assert ["1"] == ids(invoices.iter_invoices(cursor="c"))
    assert [] == caplog.records


# --- one month --------------------------------------------------------------------------------


@pytest.mark.parametrize("month", ["2026-05", date(2026, 5, 17)])
def test_a_month(invoices: BillingInvoicesApi, server: BillingServer, month: Any) -> None:
    """A month has its own invoice, and the request is for a day more at both ends."""
    found = list(invoices.iter_invoices(month=month))
    assert [str(server.account.v3_invoice_id(2026, 5))] == ids(found)
    dates = {"billing_start_date": "2026-04-30", "billing_end_date": "2026-06-01"}
    assert [dates] == [request.query for request in server.requests]


def test_a_month_is_that_of_utc(
    invoices: BillingInvoicesApi, server: BillingServer, caplog: pytest.LogCaptureFixture
) -> None:
    """A month has all periods that start in it in UTC, corrections included."""
    starts = {
        "next": "2026-06-01T00:00:00Z",
        "next in UTC": "2026-05-31T17:00:00-07:00",
        "last second": "2026-05-31T23:59:59Z",
        "correction": "2026-05-01T00:00:00Z",
        "first": "2026-05-01T00:00:00Z",
        "first in UTC": "2026-04-30T17:00:00-07:00",
        "previous in UTC": "2026-05-01T01:00:00+05:30",
        "previous": "2026-04-01T00:00:00Z",
        "unknown": None,
    }
    enqueue(server, [invoice(name, billing_start_date=x) for name, x in starts.items()])
    found = ids(invoices.iter_invoices(month="2026-05"))
    assert ["last second", "correction", "first", "first in UTC"] == found
    expected = ["invoice 'unknown' has no start, so it is not one of 2026-05"]
    assert expected == [record.message for record in caplog.records]


@pytest.mark.parametrize("name", ["billing_start_date", "billing_end_date"])
def test_a_month_and_a_date(invoices: BillingInvoicesApi, server: BillingServer, name: str) -> None:
    """A month together with a date is refused at once; a date that is None is not one."""
    arguments: Any = {"month": "2026-05", name: "2026-05-01"}
    with pytest.raises(fastly.ApiTypeError, match="pass either month or billing_start_date and"):
        invoices.iter_invoices(**arguments)
    invoices.iter_invoices(**{**arguments, name: None})
    assert [] == server.requests


@pytest.mark.parametrize("month", ["2026-5", "2026-13", "05", 5, "2026-05-01", ""])
@pytest.mark.parametrize("checked", [True, False])
def test_wrong_months(
    invoices: BillingInvoicesApi, server: BillingServer, month: Any, checked: bool
) -> None:
    """A month is text such as "2026-05" or a date; anything else is refused at once."""
    with pytest.raises((fastly.ApiTypeError, fastly.ApiValueError), match=r"^month must be a "):
        invoices.iter_invoices(month=month, _check_input_type=checked)
    assert [] == server.requests


@pytest.mark.parametrize(("month", "end"), [("2024-02", "2024-03-01"), ("9999-12", "9999-12-31")])
def test_the_days_around_a_month(
    invoices: BillingInvoicesApi, server: BillingServer, month: str, end: str
) -> None:
    """Every month has an end, also a leap February and the last month of all."""
    enqueue(server, [])
    assert [] == list(invoices.iter_invoices(month=month, _check_input_type=False))
    assert end == server.requests[0].query["billing_end_date"]
