"""v3 of the stand-in: invoices that agree with v2, pages, the month to date, usage, errors."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest
from plain_http import connect, exchange, get, page_path

from fastly.testing import Account, BillingServer
from fastly.testing.catalog import SERVICES

TODAY = date(2026, 11, 22)
ACCOUNT = Account(today=TODAY)
CLOSED = ACCOUNT.months()
INVOICES = "/billing/v3/invoices"
MONTH_TO_DATE = f"{INVOICES}/month-to-date"
USAGE = "/billing/v3/usage-metrics"
SERVICE_USAGE = "/billing/v3/service-usage-metrics"

# Each calendar month once or twice, of all years: seven and twelve have no common divisor.
some_closed_months = pytest.mark.parametrize(("year", "month"), CLOSED[::7])


@pytest.fixture
def server() -> Iterator[BillingServer]:
    """A server on a fixed day."""
    with BillingServer(today=TODAY, estimate_pending=0) as server:
        yield server


def exact(value: float | str) -> Decimal:
    """Return a JSON number, or a number as text, as it is written."""
    return Decimal(str(value))


def total(values: Any) -> Decimal:
    """Return the exact sum of JSON numbers."""
    return sum(map(exact, values), Decimal(0))


def cents(amount: Decimal) -> Decimal:
    """Return an amount rounded half up to cents."""
    return amount.quantize(Decimal("0.01"), "ROUND_HALF_UP")


# Invoices


@some_closed_months
def test_an_invoice_agrees_with_v2(year: int, month: int) -> None:
    """v3 has the same total as v2, and its line items have the same amounts."""
    invoice, old = ACCOUNT.v3_invoice(year, month), ACCOUNT.invoice(year, month)
    assert exact(old["total"]["cost"]) == exact(invoice["monthly_transaction_amount"])
    expected = [(item["description"], exact(item["amount"])) for item in old["line_items"]]
    lines = invoice["transaction_line_items"]
    assert expected == [(line["description"], exact(line["amount"])) for line in lines]


@some_closed_months
def test_the_lines_of_an_invoice_add_up(year: int, month: int) -> None:
    """The line items sum to the total, and each is its units at its rate, rounded to cents."""
    invoice = ACCOUNT.v3_invoice(year, month)
    lines = invoice["transaction_line_items"]
    assert exact(invoice["monthly_transaction_amount"]) == total(line["amount"] for line in lines)
    for line in lines:
        if line["units"] is not None:
            assert cents(exact(line["units"]) * exact(line["rate"])) == exact(line["amount"])


@some_closed_months
def test_the_discount_is_a_credit(year: int, month: int) -> None:
    """A discount is a line with a negative amount and a coupon; other lines have neither."""
    for line in ACCOUNT.v3_invoice(year, month)["transaction_line_items"]:
        is_credit = line["product_group"] == "Credits"
        assert is_credit == (exact(line["amount"]) < 0)
        assert ("LOYALTY" if is_credit else "") == line["credit_coupon_code"]
        assert is_credit == (line["rate"] is None) == (line["units"] is None)


@some_closed_months
def test_some_numbers_are_text(year: int, month: int) -> None:
    """The numbers of every seventh line are text, and so is the total of each December."""
    invoice = ACCOUNT.v3_invoice(year, month)
    assert (month == 12) == isinstance(invoice["monthly_transaction_amount"], str)
    for number, line in enumerate(invoice["transaction_line_items"], 1):
        kind = str if number % 7 == 0 else float
        assert {kind} == {type(line[name]) for name in ("amount", "rate", "units")} - {type(None)}


@some_closed_months
def test_the_ids_and_statuses_of_an_invoice(year: int, month: int) -> None:
    """Invoices before 07/2024 have a number for an ID, some as JSON integers, and no status."""
    invoice, invoice_id = ACCOUNT.v3_invoice(year, month), ACCOUNT.v3_invoice_id(year, month)
    is_recent = (year, month) >= (2024, 7)
    assert invoice_id == str(invoice["invoice_id"]) == invoice["statement_number"]
    assert isinstance(invoice["invoice_id"], int) == (not is_recent and month % 2 == 0)
    status = "outstanding" if (year, month) == (2026, 10) else "paid"
    assert (status if is_recent else None) == invoice.get("payment_status")
    assert is_recent == ("payment_status" in invoice)


def test_the_fields_of_an_invoice_are_the_api_s() -> None:
    """An invoice and its lines have exactly the API's fields."""
    invoice = ACCOUNT.v3_invoice(2026, 5)
    assert {
        "billing_end_date", "billing_start_date", "currency_code", "customer_id", "invoice_id",
        "invoice_posted_on", "monthly_transaction_amount", "payment_status", "statement_number",
        "transaction_line_items",
    } == invoice.keys()  # fmt: skip
    for line in invoice["transaction_line_items"]:
        assert {
            "amount", "credit_coupon_code", "description", "product_group", "product_line",
            "product_name", "rate", "region", "units", "usage_type",
        } == line.keys()  # fmt: skip


def test_the_dates_of_an_invoice() -> None:
    """The period ends on its last day; the invoice is posted on its first, as real ones are."""
    invoice = ACCOUNT.v3_invoice(2024, 2)
    assert "2024-02-01T00:00:00Z" == invoice["billing_start_date"] == invoice["invoice_posted_on"]
    assert "2024-02-29T00:00:00Z" == invoice["billing_end_date"]


def lines_of(invoice: dict[str, Any], **fields: str) -> list[dict[str, Any]]:
    """Return the line items with these fields."""
    lines = invoice["transaction_line_items"]
    return [line for line in lines if all(line[name] == fields[name] for name in fields)]


def test_an_invoice_has_several_product_groups() -> None:
    """Traffic, compute, certificates, support, taxes, the plan's minimum, credits are groups."""
    groups = {
        line["product_group"]: line["product_line"]
        for month in ((2026, 2), (2026, 5))
        for line in ACCOUNT.v3_invoice(*month)["transaction_line_items"]
    }
    assert {
        "Full Site Delivery": "Network Services",
        "Compute": "Compute",
        "TLS": "Add-ons",
        "Image Optimizer": "Add-ons",
        "CS: CSE": "Support",
        "Taxes": "Taxes",
        "Commitments": "Commitments",
        "Credits": "Credits",
    } == groups


def test_regions_have_the_names_of_the_api() -> None:
    """Regions are those of the API; some products have other names of them."""
    invoice = ACCOUNT.v3_invoice(2026, 5)
    names = {line["region"]: line["product_name"] for line in lines_of(invoice) if line["region"]}
    assert {
        "Africa", "Asia", "Australia", "Europe", "India", "Mexico", "North America",
        "South America", "South Korea",
    } == names.keys()  # fmt: skip
    assert ("Anzac Requests", "Latin America Requests") == (names["Australia"], names["Mexico"])


def test_the_usage_type_of_a_line_is_its_unit_of_measure() -> None:
    """Lines of traffic are measured in bandwidth or requests and have a region; others not."""
    for line in lines_of(ACCOUNT.v3_invoice(2026, 5)):
        words = line["product_name"].lower().split()
        expected = words[-1] if words[-1] in ("bandwidth", "requests") else ""
        assert (expected, bool(expected)) == (line["usage_type"], bool(line["region"]))


def test_an_amount_is_rounded_from_units_with_four_decimals() -> None:
    """Requests are billed in units of 10,000 with four decimals, and the amount is in cents."""
    (line,) = lines_of(ACCOUNT.v3_invoice(2026, 5), product_name="India Requests")
    assert (4095.7455, 0.009, 36.86) == (line["units"], line["rate"], line["amount"])


def test_support_and_its_tax_are_fixed_charges() -> None:
    """Support has the same price each month, and the sales tax is 8.875 % of it."""
    for month in CLOSED[-16:]:
        invoice = ACCOUNT.v3_invoice(*month)
        (support,), (tax,) = (lines_of(invoice, product_group=g) for g in ("CS: CSE", "Taxes"))
        assert Decimal(1200) == exact(support["amount"])
        assert exact(support["amount"]) * Decimal("0.08875") == exact(tax["amount"])


def test_old_invoices_lack_what_began_later() -> None:
    """The invoice of 05/2020 has five regions, and neither compute nor support nor taxes."""
    lines = lines_of(ACCOUNT.v3_invoice(2020, 5))
    assert 5 == len({line["region"] for line in lines} - {""})
    assert {"Full Site Delivery", "TLS", "Credits"} == {line["product_group"] for line in lines}


def test_an_invoice_that_the_docs_show() -> None:
    """The invoice of 05/2020 costs 5632.25 USD."""
    invoice = ACCOUNT.v3_invoice(2020, 5)
    assert (5632.25, "USD") == (invoice["monthly_transaction_amount"], invoice["currency_code"])


def test_invoices_are_plain_json() -> None:
    """Invoices hold only what JSON can express, and numbers without an exponent."""
    documents = [*(ACCOUNT.v3_invoice(*month) for month in CLOSED), ACCOUNT.v3_month_to_date()]
    text = json.dumps(documents)
    assert documents == json.loads(text)
    assert "-0.0" not in text
    assert "E+" not in text


def test_invoices_are_the_same_everywhere() -> None:
    """All invoices are the same, byte for byte, on every Python."""
    expected = "e9565939c978543db812a20f5025674b5bc2527f6faf499d4e9f9a8aaf54f15a"
    documents = [*(ACCOUNT.v3_invoice(*month) for month in CLOSED), ACCOUNT.v3_month_to_date()]
    assert expected == hashlib.sha256(json.dumps(documents).encode()).hexdigest()


@pytest.mark.parametrize("month", [(2019, 3), (2024, 5), (2024, 6), (2024, 7), (2026, 10)])
def test_an_invoice_by_id(server: BillingServer, month: tuple[int, int]) -> None:
    """An invoice is found by its ID, a bare number or text."""
    reply = get(server, f"{INVOICES}/{server.account.v3_invoice_id(*month)}")
    assert (200, "application/json") == (reply.status, reply.headers["Content-Type"])
    assert server.account.v3_invoice(*month) == reply.json


@pytest.mark.parametrize("invoice_id", ["123", "INV-1", "..", "a%20b", "month-to-date2"])
def test_an_unknown_id(server: BillingServer, invoice_id: str) -> None:
    """An ID without an invoice is a 404 with the API's own message."""
    reply = get(server, f"{INVOICES}/{invoice_id}")
    shown = invoice_id.replace("%20", " ")
    error = {
        "type": "error",
        "title": f"requested id:{shown} doesn't exist",
        "code": "not_found",
        "status": 404,
    }
    assert (404, error) == (reply.status, reply.json)


# The list


def periods(body: dict[str, Any]) -> list[str]:
    """Return the months of listed invoices."""
    return [invoice["billing_start_date"][:7] for invoice in body["data"]]


def test_the_list_is_newest_first_without_the_current_month(server: BillingServer) -> None:
    """The list has all whole invoices, newest first; the current month is absent."""
    body = get(server, INVOICES).json
    assert [f"{year}-{month:02}" for year, month in reversed(CLOSED)] == periods(body)
    assert ACCOUNT.v3_invoice(2026, 10) == body["data"][0]
    assert {
        "next_cursor": "",
        "limit": 100,
        "total": len(CLOSED),
        "sort": "-billing_start_date",
    } == body["meta"]


def test_a_month_that_just_ended_is_listed() -> None:
    """On the first day of a month the invoice of the month before is listed."""
    with BillingServer(today=date(2026, 11, 1)) as server:
        assert "2026-10" == periods(get(server, INVOICES).json)[0]


def test_a_new_account_has_no_invoices() -> None:
    """In its first month the account has an empty list."""
    with BillingServer(today=date(2019, 3, 31)) as server:
        assert [] == get(server, INVOICES).json["data"]


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2026-08-01", None, ["2026-10", "2026-09", "2026-08"]),
        ("2026-08-02", None, ["2026-10", "2026-09"]),
        (None, "2019-04-30", ["2019-04", "2019-03"]),
        (None, "2019-04-29", ["2019-03"]),
        ("2026-08-01", "2026-09-30", ["2026-09", "2026-08"]),
        ("2026-08-01", "2026-09-01", ["2026-08"]),
        ("2026-11-01", None, []),
        ("9999-12-31", "9999-12-31", []),
        ("0001-01-01", "2019-03-31", ["2019-03"]),
    ],
)
def test_dates_select_whole_periods(
    server: BillingServer, start: str | None, end: str | None, expected: list[str]
) -> None:
    """An invoice is listed if its billing period is within the dates, both inclusive."""
    dates = {"billing_start_date": start, "billing_end_date": end}
    given = {name: value for name, value in dates.items() if value}
    assert expected == periods(get(server, page_path(INVOICES, **given)).json)


@pytest.mark.parametrize("name", ["billing_start_date", "billing_end_date"])
@pytest.mark.parametrize(
    "value",
    [
        "", "2026", "2026-05", "20260501", "2026-5-1", "2026-02-30", "2026-13-01", "٢٠٢٦-05-01",
        "0000-01-01", "2026-05-01T00:00:00Z", "2026-05-01\n",
    ],
)  # fmt: skip
def test_a_wrong_date_is_a_bad_request(server: BillingServer, name: str, value: str) -> None:
    """A date that does not exist, or is not written as YYYY-MM-DD, is a 400."""
    reply = get(server, page_path(INVOICES, **{name: value}))
    title = f"{name} must be a date such as 2026-05-01"
    assert (400, title) == (reply.status, reply.json["title"])


def test_dates_in_the_wrong_order_are_a_bad_request(server: BillingServer) -> None:
    """A span that ends before it starts is a 400."""
    dates = {"billing_start_date": "2026-05-02", "billing_end_date": "2026-05-01"}
    assert 400 == get(server, page_path(INVOICES, **dates)).status


@pytest.mark.parametrize(
    ("limit", "expected"), [("1", 1), ("007", 7), ("200", 200), ("201", 200), ("499", 200)]
)
def test_limits_are_clamped(server: BillingServer, limit: str, expected: int) -> None:
    """A limit up to 499 is accepted, and clamped at 200."""
    with BillingServer(today=date(2040, 1, 1)) as server:
        body = get(server, page_path(INVOICES, limit=limit)).json
    assert (expected, expected) == (len(body["data"]), body["meta"]["limit"])


@pytest.mark.parametrize("limit", ["500", "0", "-1", "", "x", "1.0", "1e2", "٥", "9" * 5000, " 1"])
@pytest.mark.parametrize("path", [INVOICES, SERVICE_USAGE])
def test_a_wrong_limit_is_a_bad_request(server: BillingServer, path: str, limit: str) -> None:
    """A limit that is not an integer of 1 or more, or is too large, is a 400."""
    largest = 499 if path == INVOICES else 10_000
    limit = "10001" if (path, limit) == (SERVICE_USAGE, "500") else limit
    reply = get(server, page_path(path, limit=limit))
    title = f"limit must be an integer from 1 to {largest}"
    assert (400, title) == (reply.status, reply.json["title"])


# Pages


def pages(server: BillingServer, path: str, **parameters: object) -> list[dict[str, Any]]:
    """Return all pages of a list of invoices."""
    found: list[dict[str, Any]] = []
    cursor = ""
    while cursor or not found:
        assert len(found) < 100
        found.append(get(server, page_path(path, **parameters, cursor=cursor)).json)
        cursor = (found[-1]["meta"] or {}).get("next_cursor") or ""
    return found


@pytest.mark.parametrize("limit", [1, 7, 13, 90, 91, 100])
def test_pages_cover_the_list(server: BillingServer, limit: int) -> None:
    """Following the cursors yields every invoice exactly once, in order."""
    found = pages(server, INVOICES, limit=limit)
    assert -(-len(CLOSED) // limit) == len(found)
    listed = [invoice for page in found for invoice in page["data"]]
    assert get(server, INVOICES).json["data"] == listed
    assert {limit, 0} >= {len(page["data"]) for page in found[:-1]} | {0}


LAST_PAGES: list[tuple[int, Any]] = [
    (90, {"next_cursor": "", "limit": 90, "total": 12, "sort": "-billing_start_date"}),
    (91, {"next_cursor": None, "limit": 91, "total": 12, "sort": "-billing_start_date"}),
    (92, {"limit": 92, "total": 12, "sort": "-billing_start_date"}),
    (93, {}),
    (94, None),
    (6, {"next_cursor": None, "limit": 6, "total": 12, "sort": "-billing_start_date"}),
]


@pytest.mark.parametrize(("limit", "meta"), LAST_PAGES)
def test_the_meta_of_the_last_page_varies(server: BillingServer, limit: int, meta: Any) -> None:
    """The limit decides which of its forms the meta of a last page has."""
    *before, last = pages(server, INVOICES, limit=limit, billing_start_date="2025-11-01")
    assert meta == last["meta"]
    assert all(page["meta"]["next_cursor"] for page in before)


@pytest.mark.parametrize("path", [INVOICES, SERVICE_USAGE])
def test_cursors_must_be_percent_encoded(server: BillingServer, path: str) -> None:
    """Every cursor is base64 and contains a plus, a slash and an equals sign."""
    cursor = ""
    for _ in range(10):
        body = get(server, page_path(path, limit=3, cursor=cursor)).json
        meta = body["meta"] if path == INVOICES else body["data"][0]["meta"]
        cursor = meta["next_cursor"]
        assert base64.b64decode(cursor, validate=True)
        assert {"+", "/", "="} <= set(cursor)
        assert 400 == get(server, f"{path}?limit=3&cursor={cursor}").status
        assert 200 == get(server, f"{path}?limit=3&cursor={quote(cursor, safe='')}").status


OTHER_REQUESTS: list[dict[str, object]] = [
    {"limit": 6},
    {"limit": 5, "billing_start_date": "2025-01-02"},
    {"limit": 5},
    {"limit": 5, "billing_start_date": "2025-01-01", "billing_end_date": "2026-09-30"},
]


@pytest.mark.parametrize("other", OTHER_REQUESTS)
def test_a_cursor_continues_only_its_request(
    server: BillingServer, other: dict[str, object]
) -> None:
    """A cursor is a 400 with other dates or another limit, and works any number of times."""
    request: dict[str, object] = {"limit": 5, "billing_start_date": "2025-01-01"}
    cursor = get(server, page_path(INVOICES, **request)).json["meta"]["next_cursor"]
    for _ in range(2):
        assert 200 == get(server, page_path(INVOICES, **request, cursor=cursor)).status
    reply = get(server, page_path(INVOICES, **other, cursor=cursor))
    title = "cursor is invalid: it must come from this request's previous page"
    assert (400, title) == (reply.status, reply.json["title"])


@pytest.mark.parametrize("cursor", ["x", "é", "AAAA", "+/8AAAAFAAAAAAAAAAAAAA==", "=", "+" * 4000])
def test_an_unknown_cursor_is_a_bad_request(server: BillingServer, cursor: str) -> None:
    """A cursor that no page produced is a 400."""
    for path in (INVOICES, SERVICE_USAGE):
        assert 400 == get(server, page_path(path, cursor=cursor)).status


# The month to date


def test_the_month_to_date_is_pending_first() -> None:
    """The first request gets a 202 with title and status, later ones the month to date."""
    with BillingServer(today=TODAY) as server:
        first, second, third = (get(server, MONTH_TO_DATE) for _ in range(3))
        assert [202, 200, 200] == [first.status, second.status, third.status]
        assert {"title": str, "status": str} == {key: type(first.json[key]) for key in first.json}
        assert server.account.v3_month_to_date() == second.json == third.json


def test_the_fields_of_the_month_to_date() -> None:
    """The month to date has its own kind of ID, a total as text, and fewer fields."""
    body = Account("me", today=date(2026, 8, 4)).v3_month_to_date()
    lines = body.pop("transaction_line_items")
    assert {
        "customer_id": "me",
        "invoice_id": "me-1785827520",
        "billing_start_date": "2026-08-01T00:00:00Z",
        "billing_end_date": "2026-08-04T07:12:00Z",
        "monthly_transaction_amount": "2942.91",
    } == body
    invoice = ACCOUNT.v3_invoice(2026, 8)["transaction_line_items"]
    assert all(invoice[0].keys() - {"credit_coupon_code"} == line.keys() for line in lines)


@pytest.mark.parametrize("day", range(1, 32, 3))
@pytest.mark.parametrize("month", [3, 5, 8])
def test_the_month_to_date_adds_up(month: int, day: int) -> None:
    """On any day, the total of the month to date is the sum of its lines."""
    body = Account(today=date(2026, month, day)).v3_month_to_date()
    lines = body["transaction_line_items"]
    assert exact(body["monthly_transaction_amount"]) == total(line["amount"] for line in lines)


@pytest.mark.parametrize("day", [1, 15, 31])
def test_what_the_month_to_date_charges(day: int) -> None:
    """Fixed charges are in it in full and traffic by time; certificates have an amount of 0."""
    body, invoice = (
        Account(today=date(2026, 7, day)).v3_month_to_date(),
        ACCOUNT.v3_invoice(2026, 7),
    )
    for group in ("Image Optimizer", "CS: CSE", "Taxes"):
        whole, so_far = (
            total(line["amount"] for line in lines_of(document, product_group=group))
            for document in (invoice, body)
        )
        assert whole == so_far > 0
    assert {0.0} == {float(line["amount"]) for line in lines_of(body, product_group="N/A")}
    whole, so_far = (
        total(line["amount"] for line in lines_of(document, product_group="Full Site Delivery"))
        for document in (invoice, body)
    )
    share = (day - 1 + Decimal("0.3")) / 31
    assert whole * share <= so_far <= whole * min(Decimal("1.3") * share, Decimal(1))


def test_the_month_to_date_has_the_discount() -> None:
    """The month to date credits the month's discount on what it charges."""
    *charges, credit = Account(today=date(2026, 5, 3)).v3_month_to_date()["transaction_line_items"]
    assert "Credits" == credit["product_group"]
    assert -cents(total(line["amount"] for line in charges) / 10) == exact(credit["amount"])


# Usage


def usage_path(start: str, end: str) -> str:
    """Return the path of the usage of a span of months."""
    return page_path(USAGE, start_month=start, end_month=end)


def test_usage_agrees_with_the_invoice(server: BillingServer) -> None:
    """The quantities of a closed month are the units that its invoice charges."""
    rows = get(server, usage_path("2026-05", "2026-05")).json["data"]
    lines = ACCOUNT.v3_invoice(2026, 5)["transaction_line_items"]
    for row in rows:
        billed = total(i["units"] for i in lines if i["description"] == row["usage_type"])
        assert billed == exact(row["quantity"])
    billed_types = {line["description"] for line in lines if line["region"]}
    assert billed_types == {row["usage_type"] for row in rows}


def test_usage_agrees_with_the_month_to_date(server: BillingServer) -> None:
    """The quantities of the current month are the units that the month to date charges."""
    rows = get(server, usage_path("2026-11", "2026-11")).json["data"]
    lines = get(server, MONTH_TO_DATE).json["transaction_line_items"]
    billed_types = {line["description"] for line in lines if line["region"]}
    assert billed_types == {row["usage_type"] for row in rows} != set()
    for row in rows:
        billed = total(i["units"] for i in lines if i["description"] == row["usage_type"])
        assert billed == exact(row["quantity"])


def test_the_rows_of_usage(server: BillingServer) -> None:
    """Usage has a row for each month, region and product; raw quantities are bytes and requests."""
    rows = get(server, usage_path("2026-03", "2026-05")).json["data"]
    keys = [(row["month"], row["region"], row["usage_type"]) for row in rows]
    each = 9 * 2 + 3  # compute requests in three regions
    assert 3 * each == len(set(keys)) == len(keys)
    expected = [month for month in ("2026-03", "2026-04", "2026-05") for _ in range(each)]
    assert expected == [key[0] for key in keys]
    for row in rows:
        assert {
            "last_updated_at", "month", "name", "product_id", "quantity", "raw_quantity", "region",
            "unit", "usage_type",
        } == row.keys()  # fmt: skip
        unit, scale = ("GB", 10**9) if "Bandwidth" in row["name"] else ("unit", 10**4)
        assert unit == row["unit"]
        assert exact(row["quantity"]) * scale == exact(row["raw_quantity"])
        kind = str if row["region"] == "Mexico" else float
        assert kind is type(row["quantity"]) is type(row["raw_quantity"])
    assert {"2026-04-01", "2026-05-01", "2026-06-01"} == {row["last_updated_at"] for row in rows}


def test_the_usage_of_the_current_month_was_updated_today(server: BillingServer) -> None:
    """The usage of the month in progress is of today."""
    rows = get(server, usage_path("2026-10", "2026-12")).json["data"]
    assert {"2026-10": "2026-11-01", "2026-11": "2026-11-22"} == {
        row["month"]: row["last_updated_at"] for row in rows
    }


@pytest.mark.parametrize("span", [("2018-12", "2019-02"), ("2026-12", "2027-01")])
def test_months_without_usage(server: BillingServer, span: tuple[str, str]) -> None:
    """Months outside the account's have no rows."""
    assert {"data": []} == get(server, usage_path(*span)).json


REQUIRED = "start_month and end_month are required"
TOO_LONG = "start_month to end_month must be at most 3 months"


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("", REQUIRED),
        ("start_month=2026-05", REQUIRED),
        ("end_month=2026-05", REQUIRED),
        ("start_month=2026-02&end_month=2026-05", TOO_LONG),
        ("start_month=2025-12&end_month=2026-03", TOO_LONG),
        ("start_month=2026-05&end_month=2026-04", "start_month must not be after end_month"),
        ("start_month=2026-13&end_month=2026-04", "start_month must be a month such as 2026-05"),
        ("start_month=2026-5&end_month=2026-05", "start_month must be a month such as 2026-05"),
        ("start_month=2026-05&end_month=2026-05-01", "end_month must be a month such as 2026-05"),
        ("start_month=2026-05&end_month=", "end_month must be a month such as 2026-05"),
    ],
)
def test_wrong_months_are_a_bad_request(server: BillingServer, query: str, title: str) -> None:
    """Months that are missing, malformed, in the wrong order or more than three are a 400."""
    reply = get(server, f"{USAGE}?{query}")
    assert (400, title) == (reply.status, reply.json["title"])


# Usage by service

TYPE = {"product_id": "cdn_usage", "usage_type_name": "Europe Requests"}
MAY = {"start_month": "2026-05", "end_month": "2026-05"}


def details(data: Any) -> list[dict[str, Any]]:
    """Return the details of all blocks."""
    blocks = data if isinstance(data, list) else [data]
    return [detail for block in blocks for detail in block["details"]]


def test_the_usage_of_services_adds_up(server: BillingServer) -> None:
    """For each usage type, the services' usage sums to the account's."""
    blocks = get(server, page_path(SERVICE_USAGE, **MAY)).json["data"]
    rows = get(server, usage_path("2026-05", "2026-05")).json["data"]
    expected = {row["usage_type"]: (exact(row["quantity"]), row["unit"]) for row in rows}
    assert expected == {
        block["usage_type"]: (
            total(detail["usage_units"] for detail in block["details"]),
            block["unit"],
        )
        for block in blocks
    }


def test_a_selected_usage_type_is_one_block(server: BillingServer) -> None:
    """With a usage type, data is one object, with meta inside."""
    data = get(server, page_path(SERVICE_USAGE, **TYPE, **MAY)).json["data"]
    found = data.pop("details")
    assert {
        "customer_id": server.customer_id,
        "start_time": "2026-05-01T00:00:00Z",
        "end_time": "2026-05-31T23:59:59Z",
        "usage_type": "Europe Requests",
        "unit": "unit",
        "meta": {"next_cursor": "", "limit": 1000, "total": 4, "sort": "start_time"},
    } == data
    keys = {"customer_id", "service_id", "service_name", "usage_units"}
    assert all(keys == detail.keys() for detail in found)
    assert 4 == len({detail["service_id"] for detail in found})


def test_services_without_usage_are_not_listed(server: BillingServer) -> None:
    """Service usage lists only services with usage; the account has one without."""
    found = details(get(server, page_path(SERVICE_USAGE, **MAY)).json["data"])
    ids = [service.id for service in SERVICES]
    assert ids[:-1] == list(dict.fromkeys(detail["service_id"] for detail in found))
    assert all(float(detail["usage_units"]) > 0 for detail in found)


def test_a_usage_type_that_began_within_the_span_is_listed(server: BillingServer) -> None:
    """The usage of a region that began in the second month is that of its months."""
    query = {"product_id": "cdn_usage", "usage_type_name": "South America Requests"}
    spans = [("2025-05", "2025-07"), ("2025-06", "2025-07")]
    whole, since = (
        get(server, page_path(SERVICE_USAGE, **query, start_month=start, end_month=end)).json
        for start, end in spans
    )
    assert 4 == len(details(whole["data"]))
    assert details(since["data"]) == details(whole["data"])


def test_several_months_are_added(server: BillingServer) -> None:
    """A span of months is one period, in which the months' usage is added."""
    span = page_path(SERVICE_USAGE, **TYPE, start_month="2026-04", end_month="2026-06")
    whole = get(server, span).json["data"]
    assert ("2026-04-01", "2026-06-30") == (whole["start_time"][:10], whole["end_time"][:10])
    months = [
        get(server, page_path(SERVICE_USAGE, **TYPE, start_month=month, end_month=month)).json
        for month in ("2026-04", "2026-05", "2026-06")
    ]
    expected = total(detail["usage_units"] for body in months for detail in details(body["data"]))
    assert expected == total(detail["usage_units"] for detail in whole["details"])


def test_the_current_month_is_the_default(server: BillingServer) -> None:
    """Without months, the usage is the current month's; the end is the default of the start."""
    current = page_path(SERVICE_USAGE, start_month="2026-11", end_month="2026-11")
    assert get(server, current).json == get(server, SERVICE_USAGE).json
    alone = get(server, page_path(SERVICE_USAGE, **TYPE, end_month="2026-05")).json["data"]
    assert details(get(server, page_path(SERVICE_USAGE, **TYPE, **MAY)).json["data"]) == (
        details(alone)
    )


def test_a_selected_service(server: BillingServer) -> None:
    """With a service, only its usage is returned."""
    everything = details(get(server, page_path(SERVICE_USAGE, **MAY)).json["data"])
    service = everything[1]["service_id"]
    found = details(get(server, page_path(SERVICE_USAGE, **MAY, service=service)).json["data"])
    assert [detail for detail in everything if detail["service_id"] == service] == found
    one = get(server, page_path(SERVICE_USAGE, **MAY, **TYPE, service=service)).json["data"]
    assert [service] == [detail["service_id"] for detail in one["details"]]


@pytest.mark.parametrize("limit", [1, 3, 5, 12, 50])
def test_pages_of_services_cover_all(server: BillingServer, limit: int) -> None:
    """Following the cursors yields every detail exactly once; each block has the page's meta."""
    everything = details(get(server, page_path(SERVICE_USAGE, **MAY)).json["data"])
    found: list[dict[str, Any]] = []
    cursor = ""
    while cursor or not found:
        path = page_path(SERVICE_USAGE, **MAY, limit=limit, cursor=cursor)
        data = get(server, path).json["data"]
        assert all(data[0]["meta"] == block["meta"] for block in data)
        assert len(details(data)) <= limit
        found += details(data)
        cursor = (data[0]["meta"] or {}).get("next_cursor") or ""
    assert everything == found


@pytest.mark.parametrize(
    "parameters",
    [
        {"service": "unknown"},
        {"product_id": "cdn_usage", "usage_type_name": "Mars Requests"},
        {"product_id": "unknown", "usage_type_name": "Europe Requests"},
        {"start_month": "2018-01", "end_month": "2018-01"},
    ],
)
def test_nothing_matches(server: BillingServer, parameters: dict[str, str]) -> None:
    """If nothing matches, data is one block whose details are null."""
    data = get(server, page_path(SERVICE_USAGE, **parameters)).json["data"]
    assert (None, 0) == (data["details"], data["meta"]["total"])
    assert parameters.get("usage_type_name") == data["usage_type"]


@pytest.mark.parametrize("name", ["product_id", "usage_type_name"])
def test_product_and_usage_type_go_together(server: BillingServer, name: str) -> None:
    """A product without a usage type, or the other way round, is a 400."""
    reply = get(server, page_path(SERVICE_USAGE, **{name: TYPE[name]}))
    title = "product_id and usage_type_name must be given together"
    assert (400, title) == (reply.status, reply.json["title"])


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("start_month=x", "start_month must be a month such as 2026-05"),
        ("start_month=2026-05&end_month=2026-04", "start_month must not be after end_month"),
        ("start_month=2026-12", "start_month must not be after end_month"),
        ("start_month=2026-02&end_month=2026-05", TOO_LONG),
        ("start_month=2026-08", TOO_LONG),
    ],
)
def test_wrong_months_of_services_are_a_bad_request(
    server: BillingServer, query: str, title: str
) -> None:
    """Months that are malformed, in the wrong order or more than three are a 400."""
    reply = get(server, f"{SERVICE_USAGE}?{query}")
    assert (400, title) == (reply.status, reply.json["title"])


# Errors


@pytest.mark.parametrize("path", [INVOICES, MONTH_TO_DATE, USAGE, SERVICE_USAGE])
def test_errors_have_the_form_of_v3(server: BillingServer, path: str) -> None:
    """Errors have type, title, code and status: no token, another method, an unknown path."""
    with closing(connect(server)) as connection:
        replies = [
            exchange(connection, path),
            exchange(connection, path, "POST", Fastly_Key=server.token),
            exchange(connection, f"{path}/x/y", Fastly_Key=server.token),
        ]
    expected = [(401, "unauthorized"), (405, "method_not_allowed"), (404, "not_found")]
    assert expected == [(reply.status, reply.json["code"]) for reply in replies]
    for reply in replies:
        assert {"type", "title", "code", "status"} == reply.json.keys()
        assert reply.status == reply.json["status"]
    assert "GET" == replies[1].headers["Allow"]


@pytest.mark.parametrize(
    "path", [f"{INVOICES}/", f"{INVOICES}/x/y", "/billing/v3/", "/billing/v3/usage", f"{USAGE}/"]
)
def test_other_paths_are_not_found(server: BillingServer, path: str) -> None:
    """Paths that the API does not have are a 404."""
    assert (404, "not_found") == (get(server, path).status, get(server, path).json["code"])
