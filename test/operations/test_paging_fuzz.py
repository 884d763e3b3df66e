"""Any pages are all of their invoices, each once, or a ResponseException."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import fastly
from fastly.api.billing_invoices_api import BillingInvoicesApi
from fastly.testing import BillingServer

ITEMS = st.one_of(
    st.none(),
    st.fixed_dictionaries(
        {"invoice_id": st.one_of(st.none(), st.integers(1, 9), st.integers(1, 9).map(str))},
        optional={"payment_status": st.just("paid")},
    ),
    st.just({}),
)
SAME = ITEMS.map(lambda item: {**item, "payment_status": "paid"} if item else item)
ERRORS = st.sampled_from([{"msg": "Try later"}, {"data": "x"}, {"meta": {"total": 3}}, {}])
PAGES = st.lists(
    st.one_of(st.lists(SAME, max_size=4), st.lists(SAME, max_size=4), st.lists(ITEMS), ERRORS),
    min_size=1,
    max_size=5,
)


def bodies(pages: list[Any], total: int | None) -> list[Any]:
    """Return the bodies of the responses."""
    cursors = [f"c{n}" for n in range(1, len(pages))] + [None]
    return [
        {"data": page, "meta": {"next_cursor": cursor, "total": total}}
        if isinstance(page, list)
        else page
        for page, cursor in zip(pages, cursors, strict=True)
    ]


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(PAGES, st.one_of(st.none(), st.integers(0, 12)), st.booleans())
def test_any_pages(pages: list[Any], total: int | None, by_page: bool) -> None:
    """Pages without a contradiction are read to the end, and all others raise."""
    found = invoices_of(bodies(pages, total), by_page)
    assert (found is None) == is_contradictory(pages, total)
    if found is not None and not by_page:
        assert names(found) == list(dict.fromkeys(names(found)))
    if found is not None:
        assert set(names(found)) == {str(x["invoice_id"]) for x in named(pages)}


def invoices_of(responses: list[Any], by_page: bool) -> list[Any] | None:
    """Return the invoices of a server's responses, or None after a ResponseException."""
    with BillingServer() as server:
        for body in responses:
            server.enqueue(body=body)
        configuration = fastly.Configuration(host=server.url, api_token=server.token)
        with fastly.ApiClient(configuration) as client:
            paged = BillingInvoicesApi(client).iter_invoices()
            try:
                if by_page:
                    return [item for page in paged.by_page() for item in page.data or ()]
                return list(paged)
            except fastly.ResponseException:
                return None


def named(pages: list[Any]) -> list[dict[str, Any]]:
    """Return the invoices of all pages that have an ID."""
    lists = [page for page in pages if isinstance(page, list)]
    return [item for page in lists for item in page if item and item["invoice_id"] is not None]


def names(found: list[Any]) -> list[str]:
    """Return the IDs of invoices that have one."""
    return [item.invoice_id for item in found if item is not None and item.invoice_id is not None]


def is_contradictory(pages: list[Any], total: int | None) -> bool:
    """Return whether pages lack data, differ about an invoice, or have fewer than their total."""
    if any(not isinstance(page, list) or {} in page for page in pages):
        return True
    contents = {(str(x["invoice_id"]), x.get("payment_status")) for x in named(pages)}
    distinct = {name for name, _ in contents}
    unnamed = sum(1 for page in pages for x in page if x and x["invoice_id"] is None)
    return len(contents) > len(distinct) or len(distinct) + unnamed < (total or 0)
