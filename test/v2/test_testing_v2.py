"""v2 of the stand-in: invoices that add up, their documents, and the endpoints."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterator
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest
from plain_http import get
from pypdf import PdfReader

from fastly.testing import Account, BillingServer
from fastly.testing.v2.documents import COLUMNS, invoice_csv, invoice_pdf

ROOT = Path(__file__).parent.parent.parent
TODAY = date(2026, 11, 22)
ACCOUNT = Account(today=TODAY)
MONTHS = ACCOUNT.usage_months()

# Each calendar month once or twice, of all years: seven and twelve have no common divisor.
some_months = pytest.mark.parametrize(("year", "month"), MONTHS[::7])


def exact(amount: float) -> Decimal:
    """Return a JSON number as it is written."""
    return Decimal(str(amount))


def exact_sum(amounts: Iterator[float]) -> Decimal:
    """Return the sum of JSON numbers without rounding."""
    return sum(map(exact, amounts), Decimal(0))


def cents(amount: Decimal) -> Decimal:
    """Return an amount rounded half up to cents."""
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)


def tiers(invoice: dict[str, Any], kind: str) -> Iterator[dict[str, Any]]:
    """Yield the tiers of every region."""
    for region in invoice["regions"].values():
        yield from region[kind]["tiers"]


def text_of(document: bytes) -> str:
    """Return the text of a PDF, checked by a strict reader."""
    reader = PdfReader(io.BytesIO(document), strict=True)
    return "\n".join(page.extract_text() for page in reader.pages)


@some_months
def test_a_tier_costs_its_units_at_the_discounted_price(year: int, month: int) -> None:
    """A tier's total is its units times the discounted price, rounded to cents."""
    invoice = ACCOUNT.invoice(year, month)
    for tier in [*tiers(invoice, "bandwidth"), *tiers(invoice, "requests")]:
        expected = cents(exact(tier["units"]) * exact(tier["discounted_price"]))
        assert expected == exact(tier["total"])
        assert tier["discounted_price"] <= tier["price"]


@some_months
def test_a_region_is_the_sum_of_its_tiers(year: int, month: int) -> None:
    """A region's cost and its amounts of traffic are what its tiers sum to."""
    for region in ACCOUNT.invoice(year, month)["regions"].values():
        bandwidth, requests = region["bandwidth"], region["requests"]
        both = [*bandwidth["tiers"], *requests["tiers"]]
        assert exact_sum(tier["total"] for tier in both) == exact(region["cost"])
        assert exact_sum(t["units"] for t in bandwidth["tiers"]) == exact(bandwidth["total"])
        assert exact_sum(t["units"] for t in requests["tiers"]) * 10_000 == requests["total"]


@some_months
def test_the_total_is_the_sum_of_the_regions(year: int, month: int) -> None:
    """Traffic and its costs in the total are what the regions sum to."""
    invoice = ACCOUNT.invoice(year, month)
    total, regions = invoice["total"], invoice["regions"].values()
    for kind in ("bandwidth", "requests"):
        cost = exact_sum(tier["total"] for tier in tiers(invoice, kind))
        assert cost == exact(total[f"{kind}_cost"])
        assert exact_sum(region[kind]["total"] for region in regions) == exact(total[kind])
    incurred = exact(total["bandwidth_cost"]) + exact(total["requests_cost"])
    assert incurred == exact(total["incurred_cost"])
    assert exact_sum(region["cost"] for region in regions) == incurred


@some_months
def test_the_total_follows_from_traffic_extras_minimum_and_discount(year: int, month: int) -> None:
    """From the incurred cost to the final amount, every step of the total is exact."""
    total: dict[str, Any] = {
        name: exact(value) if isinstance(value, float) else value
        for name, value in ACCOUNT.invoice(year, month)["total"].items()
    }
    incurred, minimum = total["incurred_cost"], total["plan_minimum"]
    extras = exact_sum(e.get(k, 0) for e in total["extras"] for k in ("recurring", "setup"))
    assert extras == total["extras_cost"]
    assert max(incurred - minimum, Decimal(0)) == total["overage"]
    assert max(minimum - incurred, Decimal(0)) == total["commit_shortfall"]
    assert incurred + extras + total["commit_shortfall"] == total["cost_before_discount"]
    assert cents(total["cost_before_discount"] * total["discount"]) == total["discount_amount"]
    assert total["cost_before_discount"] - total["discount_amount"] == total["cost"]


@some_months
def test_line_items_sum_to_the_final_amount(year: int, month: int) -> None:
    """Amounts are units times rates, rounded to cents, and sum to the cost."""
    invoice = ACCOUNT.invoice(year, month)
    items = invoice["line_items"]
    for item in items:
        assert cents(exact(item["units"]) * exact(item["rate_per_unit"])) == exact(item["amount"])
    assert exact_sum(item["amount"] for item in items) == exact(invoice["total"]["cost"])
    assert list(range(1, len(items) + 1)) == [item["line_number"] for item in items]
    assert len(items) == len({item["id"] for item in items})


@some_months
def test_an_estimate_bills_what_the_invoice_bills(year: int, month: int) -> None:
    """An estimate differs from the invoice only in its status and the fields of its lines."""
    invoice, estimate = ACCOUNT.invoice(year, month), ACCOUNT.estimate(year, month)
    assert {"status": "MTD", "sent_at": None} == estimate["status"]
    for name in invoice.keys() - {"status", "line_items"}:
        assert invoice[name] == estimate[name]
    expected = [(i["description"], i["rate_per_unit"], i["amount"]) for i in invoice["line_items"]]
    lines = estimate["line_items"]
    assert expected == [(i["description"], i["per_unit_cost"], i["amount"]) for i in lines]


@some_months
def test_the_credit_and_the_shortfall_are_lines(year: int, month: int) -> None:
    """A discount is a credit line with a coupon, a shortfall a line; without them, no line."""
    invoice = ACCOUNT.invoice(year, month)
    total = invoice["total"]
    lines = {item["service_name"]: item for item in invoice["line_items"]}
    credit, shortfall = lines.get("Credit", {}), lines.get("Commit shortfall", {})
    assert -total["discount_amount"] == credit.get("amount", 0)
    assert bool(total["discount"]) == bool(credit.get("credit_coupon_code"))
    assert total["commit_shortfall"] == shortfall.get("amount", 0)


@some_months
def test_an_invoice_is_plain_json(year: int, month: int) -> None:
    """An invoice holds only what JSON can express, and no negative zero."""
    for document in (ACCOUNT.invoice(year, month), ACCOUNT.estimate(year, month)):
        text = json.dumps(document)
        assert document == json.loads(text)
        assert "-0.0" not in text


@some_months
def test_the_documents_of_a_month_open(year: int, month: int) -> None:
    """CSV and PDF of a month can be read and contain the final amount."""
    invoice = ACCOUNT.invoice(year, month)
    cost = invoice["total"]["cost"]
    *items, total = csv.DictReader(io.StringIO(invoice_csv(invoice), newline=""))
    assert f"{cost:.2f}" == total["amount"]
    assert sum(Decimal(item["amount"]) for item in items) == Decimal(total["amount"])
    assert f"{cost:,.2f}" in text_of(invoice_pdf(invoice))


def test_the_fields_of_an_invoice_are_the_api_s() -> None:
    """An invoice and its parts have exactly the API's fields."""
    invoice = ACCOUNT.invoice(2020, 5)
    assert {
        "customer_id", "end_time", "invoice_id", "line_items", "regions", "start_time", "status",
        "total", "vendor_state",
    } == invoice.keys()  # fmt: skip
    assert {
        "bandwidth", "bandwidth_cost", "bandwidth_units", "commit_shortfall", "cost",
        "cost_before_discount", "discount", "discount_amount", "extras", "extras_cost",
        "incurred_cost", "overage", "percentile", "percentile_cost", "plan_code", "plan_minimum",
        "plan_name", "requests", "requests_cost", "terms",
    } == invoice["total"].keys()  # fmt: skip
    region = invoice["regions"]["usa"]
    assert {"cost", "bandwidth", "requests"} == region.keys()
    assert {"total", "tiers"} == region["bandwidth"].keys() == region["requests"].keys()
    tier = {"name", "units", "price", "discounted_price", "total"}
    assert tier == region["bandwidth"]["tiers"][0].keys() == region["requests"]["tiers"][0].keys()
    assert [{"name", "recurring"}, {"name", "recurring", "setup"}] == [
        extra.keys() for extra in invoice["total"]["extras"]
    ]


def test_the_fields_of_line_items_are_the_api_s() -> None:
    """Lines of invoices and of estimates have exactly the API's fields."""
    invoice_line = ACCOUNT.invoice(2020, 5)["line_items"][0]
    assert {
        "amount", "aria_invoice_id", "client_service_id", "created_at", "credit_coupon_code",
        "deleted_at", "description", "id", "line_number", "plan_name", "plan_no", "rate_per_unit",
        "rate_schedule_no", "rate_schedule_tier_no", "service_name", "service_no", "units",
        "updated_at", "usage_type_cd", "usage_type_no",
    } == invoice_line.keys()  # fmt: skip
    estimate_line = ACCOUNT.estimate(2020, 5)["line_items"][0]
    assert {
        "amount", "client_plan_id", "client_service_id", "description", "per_unit_cost", "plan_no",
        "service_no", "service_type", "units",
    } == estimate_line.keys()  # fmt: skip


@pytest.mark.parametrize(
    ("year", "month"), [(2019, 2), (2026, 12), (2020, 0), (2020, 13), (0, 5), (-1, 5), (9999, 12)]
)
def test_other_months_have_no_invoice(year: int, month: int) -> None:
    """Months outside the account's, and numbers that are not months, are LookupErrors."""
    for find in (ACCOUNT.invoice, ACCOUNT.estimate):
        with pytest.raises(LookupError):
            find(year, month)


def test_statuses_and_times_follow_the_day() -> None:
    """The current month is pending, the one before it outstanding, older ones paid."""
    account = Account(today=date(2020, 1, 31))
    paid, outstanding, pending = (account.invoice(*month) for month in account.usage_months()[-3:])
    assert {"status": "Paid", "sent_at": "2019-12-01T12:00:00Z"} == paid["status"]
    assert {"status": "Outstanding", "sent_at": "2020-01-01T12:00:00Z"} == outstanding["status"]
    assert {"status": "Pending", "sent_at": None} == pending["status"]
    assert "2020-01-31T23:59:59Z" == pending["end_time"]
    assert "2020-01-01T06:12:31Z" == outstanding["line_items"][0]["created_at"]
    assert "2020-01-31T06:12:31Z" == pending["line_items"][0]["created_at"]


def test_a_leap_february_ends_on_the_29th() -> None:
    """A month's end is its last day."""
    assert "2020-02-29T23:59:59Z" == ACCOUNT.invoice(2020, 2)["end_time"]


def test_invoices_are_the_same_everywhere() -> None:
    """All invoices are the same, byte for byte, on every Python."""
    expected = "3ce8418da97659a65782d431b8a65eba543a2108c43821d083051e7907451788"
    text = json.dumps([ACCOUNT.invoice(*month) for month in MONTHS])
    assert expected == hashlib.sha256(text.encode()).hexdigest()


def test_an_invoice_belongs_to_the_caller() -> None:
    """A change that a caller makes to an invoice does not show in the next one."""
    invoice = ACCOUNT.invoice(2020, 5)
    invoice["total"]["extras"].clear()
    invoice["line_items"][0]["amount"] = -1
    assert ACCOUNT.invoice(2020, 5) != invoice
    assert ACCOUNT.invoice(2020, 5)["total"]["extras"] != []


def test_the_months_differ_in_kind() -> None:
    """Some months are below the minimum, without a discount, without extras, or busy."""
    totals = {month: ACCOUNT.invoice(*month)["total"] for month in MONTHS}
    assert {2} == {month for (_, month), total in totals.items() if total["commit_shortfall"]}
    assert {1, 4, 7, 10} == {month for (_, month), total in totals.items() if not total["discount"]}
    years = {year for year, month in totals if month == 11}
    assert all(totals[y, 11]["cost"] > 1.5 * totals[y, 10]["cost"] for y in years)
    assert [] == totals[2019, 3]["extras"]
    assert len(MONTHS) == len({json.dumps(total) for total in totals.values()})


def test_csv_has_a_row_for_each_line_and_the_total() -> None:
    """The CSV has a header line, a row for each line item in their order, and the total."""
    invoice = ACCOUNT.invoice(2020, 5)
    header, *rows = csv.reader(io.StringIO(invoice_csv(invoice), newline=""))
    assert list(COLUMNS) == header
    total = [invoice["invoice_id"], "", "Total", *[""] * 4, "5632.25", "", "", ""]
    assert total == rows[-1]
    descriptions = [item["description"] for item in invoice["line_items"]]
    assert descriptions == [row[2] for row in rows[:-1]]


def test_pdf_escapes_what_pdf_has_a_meaning_for() -> None:
    """Parentheses, backslashes, accents and characters that the font lacks do not break the PDF."""
    invoice = ACCOUNT.invoice(2020, 5)
    invoice["line_items"][0]["description"] = r"a ) b ( c \ d é € 漢 e"
    assert r"a ) b ( c \ d é € ? e" in text_of(invoice_pdf(invoice))


def test_pdf_wraps_long_names_and_names_every_line() -> None:
    """A long name takes several lines of the page, and no word is lost."""
    invoice = ACCOUNT.invoice(2020, 5)
    words = text_of(invoice_pdf(invoice)).split()
    for item in invoice["line_items"]:
        assert set(item["description"].split()) <= set(words)
        assert f"{item['amount']:,.2f}" in words


@pytest.mark.parametrize(("count", "pages"), [(0, 1), (41, 1), (42, 2), (500, 11)])
def test_pdf_has_the_pages_that_its_lines_need(count: int, pages: int) -> None:
    """An invoice with many lines takes more pages, and ends with the total."""
    invoice = ACCOUNT.invoice(2020, 5)
    invoice["line_items"] = invoice["line_items"][:1] * count
    document = invoice_pdf(invoice)
    reader = PdfReader(io.BytesIO(document), strict=True)
    assert pages == len(reader.pages)
    assert count == text_of(document).count("North America Bandwidth")
    assert text_of(document).rstrip().endswith("5,632.25")


def test_pdf_offsets_point_to_their_objects() -> None:
    """Every entry of the cross-reference table is the offset of its object."""
    document = invoice_pdf(ACCOUNT.invoice(2020, 5))
    start = int(document.split(b"startxref\n")[1].split()[0])
    _, size, *entries = document[start:].splitlines()[:-5]
    offsets = [int(entry.split()[0]) for entry in entries[1:]]
    assert int(size.split()[1]) == len(entries)
    for number, offset in enumerate(offsets, 1):
        assert document[offset:].startswith(b"%d 0 obj\n" % number)


# The endpoints

MAY = "/billing/v2/year/2020/month/05"
JSON, CSV, PDF = "application/json", "text/csv", "application/pdf"


@pytest.fixture
def server() -> Iterator[BillingServer]:
    """A server on a fixed day."""
    with BillingServer(today=TODAY) as server:
        yield server


def invoice_path(server: BillingServer, year: int, month: int) -> str:
    """Return the path of an invoice by its ID."""
    invoice_id = server.account.invoice_id(year, month)
    return f"/billing/v2/account_customers/{server.customer_id}/invoices/{invoice_id}"


def estimate_path(server: BillingServer, query: str = "") -> str:
    """Return the path of the estimate, with a query."""
    return f"/billing/v2/account_customers/{server.customer_id}/mtd_invoice{query}"


def test_an_invoice_by_month(server: BillingServer) -> None:
    """A month's invoice is JSON, as the account has it."""
    reply = get(server, MAY)
    assert (200, JSON) == (reply.status, reply.headers["Content-Type"])
    assert server.account.invoice(2020, 5) == reply.json


def test_an_invoice_by_id(server: BillingServer) -> None:
    """An invoice is also available by its ID."""
    reply = get(server, invoice_path(server, 2020, 5))
    assert (200, server.account.invoice(2020, 5)) == (reply.status, reply.json)


@pytest.mark.parametrize("path", ["month", "id"])
def test_documents(server: BillingServer, path: str) -> None:
    """Both invoice endpoints serve CSV and PDF on request."""
    path = MAY if path == "month" else invoice_path(server, 2020, 5)
    text = get(server, path, Accept=CSV)
    assert (200, CSV) == (text.status, text.headers["Content-Type"])
    assert "café-zürich" in text.body.decode()
    document = get(server, path, Accept=PDF)
    assert (200, PDF) == (document.status, document.headers["Content-Type"])
    assert 1 == len(PdfReader(io.BytesIO(document.body), strict=True).pages)


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("*/*", JSON),
        ("application/*", JSON),
        ("text/*", CSV),
        ("TEXT/CSV", CSV),
        ("application/pdf, application/json", PDF),
        ("application/pdf;version=1", PDF),
        ("text/html, */*;q=0.1", JSON),
        ("text/html,text/csv", CSV),
    ],
)
def test_accept_selects_the_document(server: BillingServer, accept: str, expected: str) -> None:
    """The document is the first one in Accept that the API has."""
    reply = get(server, MAY, Accept=accept)
    assert (200, expected) == (reply.status, reply.headers["Content-Type"])


@pytest.mark.parametrize("accept", ["text/html", "", "garbage", "text/pdf", "application/pdfs"])
def test_other_media_types_are_not_acceptable(server: BillingServer, accept: str) -> None:
    """Any other media type is a 406."""
    assert 406 == get(server, MAY, Accept=accept).status


def test_an_estimate_is_only_json(server: BillingServer) -> None:
    """Estimates are available only as JSON, and a 406 does not count as a request for one."""
    assert 406 == get(server, estimate_path(server), Accept=CSV).status
    assert 406 == get(server, estimate_path(server), Accept=PDF).status
    assert 202 == get(server, estimate_path(server), Accept="*/*").status


def test_the_first_estimate_of_a_month_is_pending(server: BillingServer) -> None:
    """The first request for each month's estimate gets a 202, later ones the estimate."""
    path = estimate_path(server, "?month=05&year=2020")
    first, second, third = (get(server, path) for _ in range(3))
    assert [202, 200, 200] == [first.status, second.status, third.status]
    assert server.account.estimate(2020, 5) == second.json == third.json
    assert 202 == get(server, estimate_path(server, "?month=06&year=2020")).status


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", (2026, 11)),
        ("?month=05", (2026, 5)),
        ("?year=2025", (2025, 11)),
        ("?year=2020&month=05&more=1", (2020, 5)),
        ("?month=%305&year=2020", (2020, 5)),
    ],
)
def test_the_month_of_an_estimate(query: str, expected: tuple[int, int]) -> None:
    """A month or year that is not given is the current one."""
    with BillingServer(today=TODAY, estimate_pending=0) as server:
        reply = get(server, estimate_path(server, query))
    assert server.account.estimate(*expected) == reply.json


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/billing/v2",
        MAY + "/",
        "/x" + MAY,
        "/billing/v2/year/2019/month/02",
        "/billing/v2/year/2026/month/12",
        "/billing/v2/year/0000/month/05",
        "/billing/v2/account_customers/someoneElse/invoices/1",
        "/billing/v2/account_customers/someoneElse/mtd_invoice",
        "/billing/v2/account_customers/{id}/invoices/unknown",
        "/billing/v2/account_customers/{id}/invoices/..",
        "/billing/v2/account_customers/{id}/invoices/%2e%2e%2f",
        "/billing/v2/account_customers/{id}/invoices/",
        "/billing/v2/account_customers/{id}",
        "/billing/v2/account_customers/{id}/mtd_invoice?month=02&year=2019",
    ],
)
def test_unknown_paths_ids_and_months_are_not_found(server: BillingServer, path: str) -> None:
    """Other paths, IDs and months outside the account's are a 404 with a JSON body."""
    reply = get(server, path.format(id=server.customer_id))
    assert (404, JSON) == (reply.status, reply.headers["Content-Type"])
    assert {"msg", "detail"} == reply.json.keys()


@pytest.mark.parametrize(
    "month", ["2020/5", "2020/13", "2020/00", "20/05", "2020/xx", "2020/%D9%A0%D9%A5", "2020/05%0A"]
)
def test_a_malformed_month_is_a_bad_request(server: BillingServer, month: str) -> None:
    """A year without four digits or a month without two, 01 to 12, is a 400 at both endpoints."""
    year, month = month.split("/")
    assert 400 == get(server, f"/billing/v2/year/{year}/month/{month}").status
    query = f"?month={month}&year={year}"
    assert 400 == get(server, estimate_path(server, query)).status


def test_an_empty_parameter_is_a_bad_request(server: BillingServer) -> None:
    """A month that is empty is not the same as one that is omitted."""
    assert 400 == get(server, estimate_path(server, "?month=")).status
