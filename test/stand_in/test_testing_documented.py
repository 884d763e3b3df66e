"""The stand-in in the form of the API's reference."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from plain_http import get, page_path

from fastly.testing import BillingServer

INVOICES = "/billing/v3/invoices"
SERVICE_USAGE = "/billing/v3/service-usage-metrics"
AI_USAGE = "/ai-runtime-control/v1/usage-metrics"
MAY = {"start_month": "2026-05", "end_month": "2026-05"}
NUMBERS = {"amount", "quantity", "rate", "raw_quantity", "units", "usage_units"}


@pytest.fixture(scope="module")
def server() -> Iterator[BillingServer]:
    """A server that keeps to the reference."""
    options: dict[str, Any] = {"estimate_pending": 0, "documented": True}
    with BillingServer(today=date(2026, 11, 22), **options) as server:
        yield server


def fields(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the name and the value of each field of a JSON value."""
    for item in value if isinstance(value, list) else []:
        yield from fields(item)
    for name, item in value.items() if isinstance(value, dict) else []:
        yield name, item
        yield from fields(item)


@pytest.mark.parametrize(
    "path",
    [
        *(page_path(INVOICES, limit=limit) for limit in (1, 2, 3, 4, 5, 91, 93, 94, 100)),
        f"{INVOICES}/month-to-date",
        page_path("/billing/v3/usage-metrics", **MAY),
        *(page_path(SERVICE_USAGE, **MAY, limit=limit) for limit in (1, 3, 4, 1000)),
        page_path(SERVICE_USAGE, **MAY, service="unknown"),
    ],
)
def test_numbers_are_numbers_and_nothing_is_null(server: BillingServer, path: str) -> None:
    """No number is text, and no value is null, whatever the page's limit and the month."""
    found = list(fields(get(server, path).json))
    assert {} == {name: value for name, value in found if value is None}
    assert {float} >= {type(value) for name, value in found if name in NUMBERS}
    for name in ("invoice_id", "statement_number"):
        assert all(str.isdigit(value) for known, value in found if known == name)
    assert "payment_status" not in dict(found)


def test_totals(server: BillingServer) -> None:
    """Totals of invoices are numbers; that of the month to date is text, as in the reference."""
    listed = get(server, INVOICES).json["data"]
    assert {float} == {type(invoice["monthly_transaction_amount"]) for invoice in listed}
    body = get(server, f"{INVOICES}/month-to-date").json
    expected = server.account.v3_month_to_date()["monthly_transaction_amount"]
    assert expected == body["monthly_transaction_amount"]


def test_an_invoice_is_found_by_its_number(server: BillingServer) -> None:
    """The number of a text ID finds the invoice, and so does the text."""
    for invoice_id in ("INV-355411", "355411"):
        assert "355411" == get(server, f"{INVOICES}/{invoice_id}").json["invoice_id"]
    assert 404 == get(server, f"{INVOICES}/55411").status


def test_a_credit_has_units_and_a_rate(server: BillingServer) -> None:
    """The credit, whose units and rate are null in live responses, is one unit of its amount."""
    credit = get(server, f"{INVOICES}/355411").json["transaction_line_items"][-1]
    assert (-1433.68, -1433.68, 1.0) == (credit["amount"], credit["rate"], credit["units"])


def test_the_product_group_of_traffic(server: BillingServer) -> None:
    """Traffic is in the product group that the reference names, with a hyphen."""
    first = get(server, f"{INVOICES}/355411").json["transaction_line_items"][0]
    assert "Full-Site Delivery" == first["product_group"]


def test_the_last_page_has_a_whole_meta(server: BillingServer) -> None:
    """The meta of the last page has all fields, whatever the limit."""
    for limit in range(93, 98):
        meta = get(server, page_path(INVOICES, limit=limit)).json["meta"]
        sort = "-billing_start_date"
        assert {"next_cursor": "", "limit": limit, "total": 92, "sort": sort} == meta


@pytest.mark.parametrize("limit", [1, 3, 4, 1000])
def test_service_usage_is_one_block(server: BillingServer, limit: int) -> None:
    """Each page of service usage is one block; the pages have what the list of live blocks has."""
    found: list[tuple[str, str, float]] = []
    cursor = ""
    while cursor or not found:
        block = get(server, page_path(SERVICE_USAGE, **MAY, limit=limit, cursor=cursor)).json[
            "data"
        ]
        assert 1 <= len(block["details"]) <= limit
        found += [
            (block["usage_type"], x["service_id"], x["usage_units"]) for x in block["details"]
        ]
        cursor = block["meta"]["next_cursor"]
    expected = [
        (usage.name, service, float(units))
        for usage in server.account.usages(2026, 5)
        for service, units in usage.units_by_service().items()
        if units
    ]
    assert expected == found


def test_service_usage_without_a_match(server: BillingServer) -> None:
    """If nothing matches, the block has no details."""
    block = get(server, page_path(SERVICE_USAGE, **MAY, service="unknown")).json["data"]
    assert ([], "", "") == (block["details"], block["unit"], block["usage_type"])
    assert 0 == block["meta"]["total"]


@pytest.mark.parametrize(
    "path",
    [
        "/stats/usage",
        "/stats/usage_by_service",
        page_path("/stats/usage_by_month", year="2026", month="05"),
    ],
)
def test_traffic_has_fractions(server: BillingServer, path: str) -> None:
    """Traffic is numbers with a fraction, and only the message is null."""
    found = list(fields(get(server, path).json))
    assert {"msg": None} == {name: value for name, value in found if value is None}
    traffic = {"bandwidth", "compute_requests", "requests"}
    assert {float} == {type(value) for name, value in found if name in traffic}


def test_ai_usage_is_one_page(server: BillingServer) -> None:
    """All metrics are on one page, with both connections, whatever the limit."""
    span = {"from": "2026-05-01T00:00:00Z", "to": "2026-05-02T00:00:00Z"}
    body = get(server, page_path(AI_USAGE, **span, limit=4)).json
    assert {"sort": "date", "total": 24} == body["meta"]
    assert 24 == len(body["data"])
    chosen = get(server, page_path(AI_USAGE, **span, provider="pc_openai")).json["data"]
    assert [row for row in body["data"] if row["provider"] == "openai"] == chosen
    assert {("pc_openai", "pc_openai")} == {
        (row["primary_provider"], row["provider_connection_id"]) for row in chosen
    }
    export = page_path(f"{AI_USAGE}/export", **span)
    assert body == get(server, export).json
    lines = get(server, export, Accept="text/csv").body.decode().splitlines()
    assert ("date,usage_type,quantity,virtual_key_id,virtual_key_name,provider,model", 25) == (
        lines[0],
        len(lines),
    )


def test_addresses_have_no_null(server: BillingServer) -> None:
    """An address without a second line has an empty one."""
    addresses = get(server, "/billing/v3/customer-addresses").json["data"]
    assert [""] == [address["address_2"] for address in addresses]


def test_errors_and_v2_stay_as_they_are(server: BillingServer) -> None:
    """Errors have the same form, and v2 is served as before."""
    assert "not_found" == get(server, f"{INVOICES}/1").json["code"]
    assert server.account.invoice(2020, 5) == get(server, "/billing/v2/year/2020/month/05").json


def test_the_month_to_date_is_pending_first() -> None:
    """A 202 has its title and status."""
    with BillingServer(documented=True) as server:
        body = get(server, f"{INVOICES}/month-to-date").json
    assert {"title", "status"} == body.keys()
