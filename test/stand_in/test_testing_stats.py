"""The historical API of the stand-in: its traffic is that of the invoices."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest
from plain_http import get

from fastly.testing import BillingServer

TODAY = date(2026, 9, 10)
FIELDS = ("bandwidth", "requests", "compute_requests")
AUGUST = {"from": "2024-08-01", "to": "2024-09-01"}  # without traffic in Africa


@pytest.fixture
def server() -> Iterator[BillingServer]:
    """A server on a fixed day."""
    with BillingServer(today=TODAY) as server:
        yield server


def data(server: BillingServer, path: str, **query: str) -> Any:
    """Return the data of a response."""
    return body(server, path, **query)["data"]


def body(server: BillingServer, path: str, **query: str) -> Any:
    """Return the body of a response."""
    reply = get(server, f"/stats/{path}?{urlencode(query)}")
    assert 200 == reply.status
    return reply.json


def invoiced(server: BillingServer, year: int, month: int) -> dict[tuple[str, str], Decimal]:
    """Return the billed units of an invoice by region and product."""
    found: dict[tuple[str, str], Decimal] = {}
    for line in server.account.v3_invoice(year, month)["transaction_line_items"]:
        if line["region"]:
            name = line["description"]
            kind = "compute_requests" if "Compute" in name else name.rpartition(" ")[2].lower()
            key = line["region"], kind
            found[key] = found.get(key, Decimal(0)) + Decimal(str(line["units"]))
    return found


def test_a_month_has_the_units_of_its_invoice(server: BillingServer) -> None:
    """Bandwidth in GB and requests in 10,000 are those of the invoice, in total and by service."""
    month = data(server, "usage_by_month", year="2026", month="08", billable_units="true")
    labels = {usage.region.name: usage.region.label for usage in server.account.usages(2026, 8)}
    units = {
        (labels[region], name): Decimal(str(traffic[name]))
        for region, traffic in month["total"].items()
        for name in FIELDS
        if traffic[name]
    }
    assert invoiced(server, 2026, 8) == units
    for region, traffic in month["total"].items():
        for field in FIELDS:
            parts = [Decimal(str(s[region][field])) for s in month["services"].values()]
            assert Decimal(str(traffic[field])) == sum(parts)


def test_a_span_has_the_traffic_of_its_months(server: BillingServer) -> None:
    """A whole month has the same bytes and requests by region, by service and by month."""
    by_region = data(server, "usage", **AUGUST)
    by_service = data(server, "usage_by_service", **AUGUST)
    month = data(server, "usage_by_month", year="2024", month="08")
    assert {r: x for r, x in by_region.items() if any(x.values())} == month["total"]
    for region, services in by_service.items():
        assert services == {
            service: traffic[region]
            for service, traffic in month["services"].items()
            if region in traffic
        }
    assert {} == by_service["africa_std"]
    assert dict.fromkeys(FIELDS, 0) == by_region["africa_std"]
    assert data(server, "regions") == list(by_region)


def test_parts_of_a_month_add_up(server: BillingServer) -> None:
    """Traffic is even within a month; what is rounded away is less than one for each service."""
    whole = data(server, "usage", **AUGUST)["usa"]
    parts = [
        data(server, "usage", **{"from": start, "to": end})["usa"]
        for start, end in (
            ("2024-07-31T22:00:00-02:00", "1723334400"),
            ("1723334400", "2024-09-01"),
        )
    ]
    for field in FIELDS:
        assert 0 <= whole[field] - sum(part[field] for part in parts) <= 10


@pytest.mark.parametrize(
    ("query", "start", "end"),
    [
        ({}, "2026-08-12", "2026-09-11"),
        ({"from": "1 month ago"}, "2026-08-12", "2026-09-11"),
        ({"from": "two weeks ago", "to": "now"}, "2026-08-28", "2026-09-11"),
        ({"from": "yesterday", "to": "today"}, "2026-09-09", "2026-09-10"),
        ({"from": "48 hours ago", "to": "a day ago"}, "2026-09-09", "2026-09-10"),
        ({"from": "0", "to": "86400"}, "1970-01-01", "1970-01-02"),
    ],
    ids=str,
)
def test_times(server: BillingServer, query: dict[str, str], start: str, end: str) -> None:
    """Times can be relative; the response writes them in a form that is not ISO 8601."""
    meta = body(server, "usage", **query, by="minute", region="usa")["meta"]
    assert {
        "from": f"{start} 00:00:00 UTC",
        "to": f"{end} 00:00:00 UTC",
        "by": "minute",
        "region": "usa",
    } == meta


@pytest.mark.parametrize(
    "query",
    [
        {"from": "some day"},
        {"from": "3 fortnights ago"},
        {"to": "9999999999999"},
        {"from": "now", "to": "1 day ago"},
        {"from": "999999999999"},
    ],
    ids=str,
)
@pytest.mark.parametrize("path", ["usage", "usage_by_service"])
def test_unusable_times(server: BillingServer, path: str, query: dict[str, str]) -> None:
    """A time that cannot be read is an error with the status 200."""
    found = body(server, path, **query)
    assert ("error", {}) == (found["status"], found["data"])
    assert found["msg"]


def test_the_current_month(server: BillingServer) -> None:
    """The current month is the default, with the traffic so far."""
    current = data(server, "usage_by_month")
    assert current == data(server, "usage_by_month", year="2026", month="09")
    to_date = data(server, "usage", **{"from": "2026-09-01"})
    assert to_date == {region: current["total"][region] for region in to_date}


def test_months_without_traffic(server: BillingServer) -> None:
    """A month before the account or after today is empty."""
    for year in ("2018", "2030"):
        empty = data(server, "usage_by_month", year=year, month="01")
        assert {"customer_id": server.customer_id, "services": {}, "total": {}} == empty


@pytest.mark.parametrize(
    "query", ["year=2026", "month=05", "year=26&month=05", "year=2026&month=5"]
)
def test_unusable_months(server: BillingServer, query: str) -> None:
    """A year has four digits, a month two, each needs the other, and a bool is a word."""
    reply = get(server, f"/stats/usage_by_month?{query}")
    assert (400, ["msg"]) == (reply.status, list(reply.json))


def test_errors(server: BillingServer) -> None:
    """Unknown paths and wrong tokens have a message."""
    assert 404 == get(server, "/stats/service").status
    reply = get(server, "/stats/regions", Fastly_Key="wrong")
    assert (401, ["msg"]) == (reply.status, list(reply.json))


def test_billable_units_are_a_word(server: BillingServer) -> None:
    """Another word than true and false is refused."""
    query = {"year": "2026", "month": "08", "billable_units": "maybe"}
    reply = get(server, f"/stats/usage_by_month?{urlencode(query)}")
    assert 400 == reply.status
