"""Items over all pages: lazy, resumable, and never endless."""

from __future__ import annotations

import gc
import json
import threading
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from faults import Fault, FaultServer, Wire, answer_bytes

import fastly
from fastly._operations.paging import Paged
from fastly.api.billing_invoices_api import BillingInvoicesApi
from fastly.api.billing_usage_metrics_api import BillingUsageMetricsApi
from fastly.models import Invoice, ListEomInvoicesResponse, ServiceusagemetricsData, Usagemetric
from fastly.testing import BillingServer


def page(cursor: object, *ids: str | None) -> dict[str, Any]:
    """Return a page of invoices that names the next cursor."""
    items = [None if x is None else {"invoice_id": x} for x in ids]
    return {"data": items, "meta": {"next_cursor": cursor}}


def cursors(server: BillingServer) -> list[str | None]:
    """Return the cursor of each request."""
    return [request.query.get("cursor") for request in server.requests]


def ids(paged: Paged[Invoice, ListEomInvoicesResponse]) -> list[str | None]:
    """Return the IDs of all invoices."""
    return [invoice.invoice_id for invoice in paged]


def test_all_invoices_of_the_account(invoices: BillingInvoicesApi, server: BillingServer) -> None:
    """Every invoice is returned once, newest first, in one request for each page."""
    months = server.account.months()
    expected = [server.account.v3_invoice(*month) for month in reversed(months)]
    found = list(invoices.iter_invoices(limit=20))
    assert [x["invoice_id"] for x in expected] == [
        type(e["invoice_id"])(i.invoice_id) for e, i in zip(expected, found, strict=True)
    ]
    assert (len(expected) + 19) // 20 == len(server.requests)


@pytest.mark.parametrize("limit", range(1, 6))
def test_every_form_of_the_last_page(
    invoices: BillingInvoicesApi, server: BillingServer, limit: int
) -> None:
    """Iteration ends whether the last page has an empty, null or missing cursor or no meta."""
    found = ids(invoices.iter_invoices(billing_start_date="2026-01-01", limit=limit))
    assert len(found) == len(set(found)) > 5


@pytest.mark.parametrize(
    "last", [{"data": None}, {"data": [], "meta": None}, {"data": [], "meta": {}}]
)
def test_an_empty_response_ends_it(
    invoices: BillingInvoicesApi, server: BillingServer, last: dict[str, Any]
) -> None:
    """A page without items and without a cursor is the last one."""
    server.enqueue(body=page("b", "1", None))
    server.enqueue(body=last)
    assert ["1"] == ids(invoices.iter_invoices())


def test_a_page_is_requested_when_it_is_needed(
    invoices: BillingInvoicesApi, server: BillingServer
) -> None:
    """Nothing is requested before the first next(), and one page at a time after it."""
    server.enqueue(body=page("b", "1", "2"))
    server.enqueue(body=page("", "3"))
    paged = invoices.iter_invoices(limit=2)
    assert [] == server.requests
    assert ["1", "2"] == [next(paged).invoice_id, next(paged).invoice_id]
    assert [None] == cursors(server)
    assert ["3"] == ids(paged)
    assert [None, "b"] == cursors(server)
    assert [] == ids(paged)
    assert {"2"} == {request.query["limit"] for request in server.requests}


def test_empty_pages_in_between(invoices: BillingInvoicesApi, server: BillingServer) -> None:
    """A page without items does not end the iteration."""
    server.enqueue(body=page("b"))
    server.enqueue(body=page("c"))
    server.enqueue(body=page(None, "3"))
    assert ["3"] == ids(invoices.iter_invoices())


def empty_pages(server: BillingServer, count: int, items: list[Any]) -> None:
    """Make the server respond with a page, then with more whose items are not new."""
    for number in range(count + 1):
        meta = {"next_cursor": f"c{number}"}
        server.enqueue(body={"data": items if number else [{"invoice_id": "1"}], "meta": meta})


@pytest.mark.parametrize("items", [[], [None], [{"invoice_id": "1"}]])
def test_endless_empty_pages(
    invoices: BillingInvoicesApi, server: BillingServer, items: list[Any]
) -> None:
    """After 100 pages in a row without a new item, each next() requests one more, and raises."""
    empty_pages(server, 120, items)
    paged = invoices.iter_invoices()
    assert "1" == next(paged).invoice_id
    for count in (101, 102):
        with pytest.raises(fastly.ResponseException, match=r"^200 100 pages in a row have no new "):
            next(paged)
        assert count == len(server.requests)


def test_endless_empty_whole_pages(invoices: BillingInvoicesApi, server: BillingServer) -> None:
    """Whole pages are limited in the same way."""
    empty_pages(server, 120, [])
    pages = invoices.iter_invoices().by_page()
    assert 100 == sum(1 for _ in zip(range(100), pages, strict=False))
    with pytest.raises(fastly.ResponseException, match="100 pages in a row"):
        next(pages)


@pytest.mark.parametrize("details", [[], None])
def test_endless_blocks_without_details(
    usage: BillingUsageMetricsApi, server: BillingServer, details: list[Any] | None
) -> None:
    """A page of usage by service is also empty if its blocks have no service."""
    for number in range(120):
        block = {"details": details, "meta": {"next_cursor": f"c{number}"}}
        server.enqueue(body={"data": block})
    paged = usage.iter_service_level_usage(start_month="2026-05", end_month="2026-05")
    with pytest.raises(fastly.ResponseException, match="100 pages in a row"):
        list(paged)


def test_many_empty_pages_that_end(invoices: BillingInvoicesApi, server: BillingServer) -> None:
    """An item after 99 empty pages is found, and the limit starts again."""
    for rounds in range(2):
        for number in range(99):
            server.enqueue(body=page(f"c{rounds}-{number}"))
        server.enqueue(body=page(None if rounds else "c", f"{rounds}"))
    assert ["0", "1"] == ids(invoices.iter_invoices())


def test_empty_months_are_not_limited(usage: BillingUsageMetricsApi, server: BillingServer) -> None:
    """The months that were requested have an end, however many of them are empty."""
    for _ in range(110):
        server.enqueue(body={"data": []})
    assert [] == list(usage.iter_usage_metrics("1990-01", "2017-06"))
    assert 110 == len(server.requests)


@pytest.mark.parametrize("by_page", [False, True])
def test_two_threads_in_next(by_page: bool) -> None:
    """The second of two threads in next() is refused; the first gets its item."""
    arrived, release = threading.Event(), threading.Event()

    def respond(wire: Wire) -> None:
        arrived.set()
        release.wait(20)
        wire.send(answer_bytes(json.dumps(page(None, "1", "2")).encode()))

    with FaultServer(Fault("held", respond)) as server, client_of(server.url) as client:
        paged = BillingInvoicesApi(client).iter_invoices()
        items: Iterator[Any] = paged.by_page() if by_page else paged
        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(next, items)
            assert arrived.wait(20)
            with pytest.raises(fastly.ApiValueError, match="two threads called next"):
                next(items)
            release.set()
            assert first.result(20)
        assert ([] if by_page else ["2"]) == [item.invoice_id for item in items]


def client_of(url: str) -> fastly.ApiClient:
    """Return a client of a server."""
    return fastly.ApiClient(fastly.Configuration(host=url, api_token="t"))


def test_an_iterator_is_handed_over(invoices: BillingInvoicesApi, server: BillingServer) -> None:
    """Threads can take turns, also after a failure in one of them."""
    server.enqueue(body=page("b", "1"))
    server.enqueue(400)
    server.enqueue(body=page(None, "2"))
    paged = invoices.iter_invoices()
    found: list[str | None] = []
    for failure in (None, fastly.BadRequestException, None):
        with ThreadPoolExecutor(1) as pool:
            turn = pool.submit(next, paged)
            assert (failure or type(None)) is type(turn.exception())
            found += [] if failure else [turn.result().invoice_id]
    assert ["1", "2"] == found


def test_whole_pages(invoices: BillingInvoicesApi, server: BillingServer) -> None:
    """by_page() returns pages; the cursor of one resumes after it in another process."""
    first, *rest = invoices.iter_invoices(limit=30).by_page()
    cursor = first.meta and first.meta.next_cursor
    resumed = list(invoices.iter_invoices(limit=30, cursor=cursor).by_page())
    assert rest == resumed
    assert isinstance(first, ListEomInvoicesResponse)


def test_a_failed_page_is_requested_again(
    invoices: BillingInvoicesApi, server: BillingServer
) -> None:
    """After a failure, next() requests the same page again, and nothing is lost or doubled."""
    server.enqueue(body=page("b", "1"))
    server.enqueue(400, body={"title": "no", "status": 400})
    server.enqueue(body=b"[]")
    server.enqueue(body=page(None, "2"))
    paged = invoices.iter_invoices()
    assert "1" == next(paged).invoice_id
    with pytest.raises(fastly.BadRequestException):
        next(paged)
    with pytest.raises(fastly.ResponseException):
        next(paged)
    assert ["2"] == ids(paged)
    assert [None, "b", "b", "b"] == cursors(server)


@pytest.mark.parametrize("repeated", ["a", "b", "c"])
def test_a_repeated_cursor_does_not_loop(
    invoices: BillingInvoicesApi, server: BillingServer, repeated: str
) -> None:
    """A page that names a cursor that was used before is a ResponseException."""
    server.enqueue(body=page("b", "1"))
    server.enqueue(body=page("c", "2"))
    server.enqueue(body=page(repeated, "3"))
    paged = invoices.iter_invoices(cursor="a")
    assert ["1", "2"] == [next(paged).invoice_id, next(paged).invoice_id]
    with pytest.raises(fastly.ResponseException, match=f"repeats the cursor '{repeated}'") as info:
        next(paged)
    assert '"invoice_id": "3"' in str(info.value.body)
    assert f"{server.url}/billing/v3/invoices?cursor=c" == info.value.url
    assert "application/json" == info.value.headers["content-type"]
    server.enqueue(body=page(None, "3"))
    assert ["3"] == ids(paged)


@pytest.mark.parametrize("cursor", ["caf\u00e9", "a\nb", [1], {"a": 1}, True])
def test_a_cursor_that_no_request_can_send(
    invoices: BillingInvoicesApi, server: BillingServer, cursor: Any
) -> None:
    """An unusable cursor raises ResponseException; next() requests its page again."""
    server.enqueue(body=page(cursor, "1"))
    server.enqueue(body=page(None, "1"))
    paged = invoices.iter_invoices(_check_return_type=False)
    with pytest.raises(fastly.ResponseException, match="the cursor of the next page must be") as e:
        next(paged)
    assert (200, True) == (e.value.status, isinstance(e.value.__cause__, (TypeError, ValueError)))
    assert ["1"] == ids(paged)
    assert [None, None] == cursors(server)


@pytest.mark.parametrize(
    "data", [{"data": 5}, {"data": "abc"}, {"data": {"a": 1}}, {"meta": "x"}, {"meta": [1]}]
)
def test_unchecked_pages_that_iteration_cannot_use(
    invoices: BillingInvoicesApi, server: BillingServer, data: dict[str, Any]
) -> None:
    """Unusable values kept by _check_return_type=False raise ResponseException in iteration."""
    server.enqueue(body=data)
    server.enqueue(body=page(None, "1"))
    paged = invoices.iter_invoices(_check_return_type=False)
    with pytest.raises(fastly.ResponseException):
        next(paged)
    assert ["1"] == ids(paged)


@pytest.mark.parametrize("data", [5, "abc", [5], {"meta": "x"}])
def test_unchecked_blocks_that_iteration_cannot_use(
    usage: BillingUsageMetricsApi, server: BillingServer, data: object
) -> None:
    """A block that is not an object has no cursor, and raises ResponseException in iteration."""
    server.enqueue(body={"data": data})
    with pytest.raises(fastly.ResponseException, match="the page cannot be read"):
        next(usage.iter_service_level_usage(_check_return_type=False))


def test_usage_of_many_months(usage: BillingUsageMetricsApi, server: BillingServer) -> None:
    """Any number of months is requested three at a time, and each row is returned once."""
    rows = list(usage.iter_usage_metrics("2025-11", "2026-06"))
    assert [("2025-11", "2026-01"), ("2026-02", "2026-04"), ("2026-05", "2026-06")] == [
        (r.query["start_month"], r.query["end_month"]) for r in server.requests
    ]
    assert all(isinstance(row, Usagemetric) for row in rows)
    assert ["2025-11", "2026-06"] == [
        min(r.month or "" for r in rows),
        max(r.month or "" for r in rows),
    ]
    assert len(rows) == len({repr(row) for row in rows})


def test_usage_of_one_month(usage: BillingUsageMetricsApi, server: BillingServer) -> None:
    """The first month may be the last one."""
    assert {"2026-05"} == {row.month for row in usage.iter_usage_metrics("2026-05", "2026-05")}
    assert 1 == len(server.requests)


WRONG_OPTIONS: list[dict[str, Any]] = [
    {"_request_timeout": -1},
    {"_request_timeout": "x"},
    {"_check_return_type": "no"},
    {"_check_input_type": "no"},
]


@pytest.mark.parametrize("options", WRONG_OPTIONS)
def test_options_are_checked_at_once(invoices: BillingInvoicesApi, options: dict[str, Any]) -> None:
    """A wrong option is refused before the first page is requested."""
    with pytest.raises((fastly.ApiTypeError, fastly.ApiValueError)):
        invoices.iter_invoices(**options)


def test_a_closed_client_is_refused_at_once(
    client: fastly.ApiClient, invoices: BillingInvoicesApi
) -> None:
    """An iterator cannot be made with a closed client."""
    client.close()
    with pytest.raises(fastly.ApiValueError, match="this ApiClient is closed"):
        invoices.iter_invoices()


def test_months_in_the_wrong_order(usage: BillingUsageMetricsApi, server: BillingServer) -> None:
    """A start after the end is refused at once."""
    message = "^start_month must not be after end_month, got '2026-07' and '2026-06'$"
    with pytest.raises(fastly.ApiValueError, match=message):
        usage.iter_usage_metrics("2026-07", "2026-06")
    assert [] == server.requests


def test_failed_months_are_requested_again(
    usage: BillingUsageMetricsApi, server: BillingServer
) -> None:
    """After a failure, next() requests the same three months again."""
    server.enqueue(500, headers={"Retry-After": "99"})
    paged = usage.iter_usage_metrics("2026-01", "2026-04")
    with pytest.raises(fastly.ServiceException):
        next(paged)
    assert {"2026-01", "2026-02", "2026-03", "2026-04"} == {row.month for row in paged}
    starts = [request.query["start_month"] for request in server.requests]
    assert ["2026-01", "2026-01", "2026-04"] == starts


def test_usage_by_service(usage: BillingUsageMetricsApi, server: BillingServer) -> None:
    """Blocks of all pages are returned, whether a page is one block or a list of them."""
    paged = usage.iter_service_level_usage(start_month="2026-05", end_month="2026-05", limit=3)
    blocks = list(paged)
    assert all(isinstance(block, ServiceusagemetricsData) for block in blocks)
    assert len(server.requests) > 1
    selected = usage.iter_service_level_usage(
        product_id="cdn_usage",
        usage_type_name="North America Requests",
        start_month="2026-05",
        end_month="2026-05",
    )
    assert {"North America Requests"} == {block.usage_type for block in selected}


@pytest.mark.parametrize(
    "body",
    [
        {"data": None},
        {"data": []},
        {"data": {"details": None, "meta": None}},
        {"data": [None, {"meta": {"next_cursor": ""}}]},
    ],
)
def test_the_last_page_of_usage(
    usage: BillingUsageMetricsApi, server: BillingServer, body: dict[str, Any]
) -> None:
    """Usage ends on a page without a cursor, whatever its form."""
    server.enqueue(body={"data": [{"unit": "a"}, {"unit": "b", "meta": {"next_cursor": "c"}}]})
    server.enqueue(body=body)
    units = [block.unit for block in usage.iter_service_level_usage()]
    assert ["a", "b"] == [unit for unit in units if unit]
    assert [None, "c"] == cursors(server)


def test_options_go_to_every_page(invoices: BillingInvoicesApi, server: BillingServer) -> None:
    """Options such as _check_return_type apply to each page."""
    for cursor in ("b", None):
        server.enqueue(body={"data": [{"invoice_id": ["x"]}], "meta": {"next_cursor": cursor}})
    paged = invoices.iter_invoices(_check_return_type=False, _request_timeout=5)
    assert [["x"], ["x"]] == ids(paged)


def test_memory_holds_one_page(invoices: BillingInvoicesApi, server: BillingServer) -> None:
    """Iterating over many pages keeps no more than one of them."""
    items = [{"invoice_id": f"{number}", "payment_status": "x" * 100_000} for number in range(61)]
    for number in range(60):
        server.enqueue(body={"data": [items[number]], "meta": {"next_cursor": f"c{number}"}})
    server.enqueue(body={"data": [items[60]]})
    paged = invoices.iter_invoices()
    next(paged)
    gc.collect()
    tracemalloc.start()
    try:
        count = sum(1 for _ in paged)
        gc.collect()
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (60, True) == (count, kept < 1_000_000)


def blocks(cursor: str | None, *types: str) -> dict[str, Any]:
    """Return a page of service usage that names the next cursor."""
    meta = {"next_cursor": cursor}
    return {"data": [{"usage_type": x, "meta": meta} for x in types]}


def spans(server: BillingServer) -> list[tuple[str | None, ...]]:
    """Return the months and the cursor of each request."""
    names = ("start_month", "end_month", "cursor")
    return [tuple(request.query.get(name) for name in names) for request in server.requests]


def test_service_usage_is_requested_for_three_months_at_a_time(
    usage: BillingUsageMetricsApi, server: BillingServer
) -> None:
    """Each span of three months has its own pages; a failed page is requested again."""
    server.enqueue(body=blocks("b", "1"))
    server.enqueue(400, body={"title": "no"})
    server.enqueue(body=blocks("", "2"))
    server.enqueue(body=blocks("b", "3", "4"))
    server.enqueue(body=blocks(None, "5"))
    found = usage.iter_service_level_usage(start_month="2026-01", end_month="2026-05", limit=2)
    assert "1" == next(found).usage_type
    with pytest.raises(fastly.BadRequestException):
        next(found)
    assert ["2", "3", "4", "5"] == [block.usage_type for block in found]
    first, second = ("2026-01", "2026-03"), ("2026-04", "2026-05")
    assert [
        (*first, None),
        (*first, "b"),
        (*first, "b"),
        (*second, None),
        (*second, "b"),
    ] == spans(server)
    assert {"2"} == {request.query["limit"] for request in server.requests}


def test_service_usage_resumes_in_the_span_of_its_cursor(
    usage: BillingUsageMetricsApi, server: BillingServer
) -> None:
    """A cursor and the month in which its page starts resume the rest of all spans."""
    months = {"start_month": "2025-11", "end_month": "2026-05"}
    pages = list(usage.iter_service_level_usage(**months, limit=20).by_page())
    cursors = [page.data and page.data.meta and page.data.meta.next_cursor for page in pages]
    place = next(n for n, cursor in enumerate(cursors) if cursor and n > cursors.index(""))
    start = pages[place].data and pages[place].data.start_time
    resumed = usage.iter_service_level_usage(
        start_month=start, end_month="2026-05", limit=20, cursor=cursors[place]
    )
    assert pages[place + 1 :] == list(resumed.by_page())


@pytest.mark.parametrize("months", [{}, {"start_month": "2025-01"}, {"end_month": "2026-05"}])
def test_service_usage_without_both_months_is_one_span(
    usage: BillingUsageMetricsApi, server: BillingServer, months: dict[str, str]
) -> None:
    """What a missing month means is for the API to decide."""
    server.enqueue(body=blocks("b", "1"))
    server.enqueue(body=blocks(None, "2"))
    assert 2 == len(list(usage.iter_service_level_usage(**months)))
    ends = (months.get("start_month"), months.get("end_month"))
    assert [(*ends, None), (*ends, "b")] == spans(server)


def test_service_usage_ends_after_it_starts(
    usage: BillingUsageMetricsApi, server: BillingServer
) -> None:
    """A span that ends before it starts is refused before anything is sent."""
    with pytest.raises(fastly.ApiValueError, match="start_month must not be after end_month"):
        usage.iter_service_level_usage(start_month="2026-05", end_month="2026-04")
    assert [] == server.requests
