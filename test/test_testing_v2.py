"""The stand-in's made-up account and its documents."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from fastly.testing import Account
from fastly.testing.documents import COLUMNS, invoice_csv, invoice_pdf

ROOT = Path(__file__).parent.parent
TODAY = date(2026, 11, 22)
ACCOUNT = Account(today=TODAY)
MONTHS = ACCOUNT.months()

every_month = pytest.mark.parametrize(("year", "month"), MONTHS)


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
    """Return the text of a PDF that a strict reader finds nothing wrong with."""
    reader = PdfReader(io.BytesIO(document), strict=True)
    return "\n".join(page.extract_text() for page in reader.pages)


@every_month
def test_a_tier_costs_its_units_at_the_discounted_price(year: int, month: int) -> None:
    """A tier's total is its units times the discounted price, rounded to cents."""
    invoice = ACCOUNT.invoice(year, month)
    for tier in [*tiers(invoice, "bandwidth"), *tiers(invoice, "requests")]:
        expected = cents(exact(tier["units"]) * exact(tier["discounted_price"]))
        assert expected == exact(tier["total"])
        assert tier["discounted_price"] <= tier["price"]


@every_month
def test_a_region_is_the_sum_of_its_tiers(year: int, month: int) -> None:
    """A region's cost and its amounts of traffic are what its tiers sum to."""
    for region in ACCOUNT.invoice(year, month)["regions"].values():
        bandwidth, requests = region["bandwidth"], region["requests"]
        both = [*bandwidth["tiers"], *requests["tiers"]]
        assert exact_sum(tier["total"] for tier in both) == exact(region["cost"])
        assert exact_sum(t["units"] for t in bandwidth["tiers"]) == exact(bandwidth["total"])
        assert exact_sum(t["units"] for t in requests["tiers"]) * 10_000 == requests["total"]


@every_month
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


@every_month
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


@every_month
def test_line_items_sum_to_the_final_amount(year: int, month: int) -> None:
    """Amounts are units times rates, rounded to cents, and sum to the cost."""
    invoice = ACCOUNT.invoice(year, month)
    items = invoice["line_items"]
    for item in items:
        assert cents(exact(item["units"]) * exact(item["rate_per_unit"])) == exact(item["amount"])
    assert exact_sum(item["amount"] for item in items) == exact(invoice["total"]["cost"])
    assert list(range(1, len(items) + 1)) == [item["line_number"] for item in items]
    assert len(items) == len({item["id"] for item in items})


@every_month
def test_an_estimate_bills_what_the_invoice_bills(year: int, month: int) -> None:
    """An estimate differs from the invoice in its status and the fields of its lines alone."""
    invoice, estimate = ACCOUNT.invoice(year, month), ACCOUNT.estimate(year, month)
    assert {"status": "MTD", "sent_at": None} == estimate["status"]
    for name in invoice.keys() - {"status", "line_items"}:
        assert invoice[name] == estimate[name]
    expected = [(i["description"], i["rate_per_unit"], i["amount"]) for i in invoice["line_items"]]
    lines = estimate["line_items"]
    assert expected == [(i["description"], i["per_unit_cost"], i["amount"]) for i in lines]


@every_month
def test_the_credit_and_the_shortfall_are_lines(year: int, month: int) -> None:
    """A discount is a credit line with a coupon, a shortfall a line; without them, no line."""
    invoice = ACCOUNT.invoice(year, month)
    total = invoice["total"]
    lines = {item["service_name"]: item for item in invoice["line_items"]}
    credit, shortfall = lines.get("Credit", {}), lines.get("Commit shortfall", {})
    assert -total["discount_amount"] == credit.get("amount", 0)
    assert bool(total["discount"]) == bool(credit.get("credit_coupon_code"))
    assert total["commit_shortfall"] == shortfall.get("amount", 0)


@every_month
def test_an_invoice_is_plain_json(year: int, month: int) -> None:
    """An invoice has nothing in it that JSON lacks, and no negative zero."""
    for document in (ACCOUNT.invoice(year, month), ACCOUNT.estimate(year, month)):
        text = json.dumps(document)
        assert document == json.loads(text)
        assert "-0.0" not in text


@every_month
def test_the_documents_of_every_month_open(year: int, month: int) -> None:
    """CSV and PDF of every month can be read and name the final amount."""
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


def test_months_run_from_the_creation_to_the_present_one() -> None:
    """The account has every month from 03/2019 to the present one, oldest first."""
    months = Account(today=date(2020, 2, 29)).months()
    assert [(2019, month) for month in range(3, 13)] + [(2020, 1), (2020, 2)] == months


def test_an_account_that_begins_today_has_one_month() -> None:
    """On its first day the account has the one month."""
    assert [(2019, 3)] == Account(today=date(2019, 3, 1)).months()


def test_a_day_before_the_creation_is_refused() -> None:
    """An account cannot believe in a day before its creation."""
    with pytest.raises(ValueError, match="2019-02-28"):
        Account(today=date(2019, 2, 28))


def test_the_day_is_the_present_one_by_default() -> None:
    """Without a day of its own the account has the invoice of the present month in UTC."""
    before = datetime.now(timezone.utc).date()
    assert Account().today - before in (timedelta(0), timedelta(days=1))


@pytest.mark.parametrize(
    ("year", "month"), [(2019, 2), (2026, 12), (2020, 0), (2020, 13), (0, 5), (-1, 5), (9999, 12)]
)
def test_other_months_have_no_invoice(year: int, month: int) -> None:
    """Months outside the account's, and such as there are none, are LookupErrors."""
    for find in (ACCOUNT.invoice, ACCOUNT.estimate):
        with pytest.raises(LookupError):
            find(year, month)


def test_statuses_and_times_follow_the_day() -> None:
    """The present month is pending, the one before it outstanding, older ones paid."""
    account = Account(today=date(2020, 1, 31))
    paid, outstanding, pending = (account.invoice(*month) for month in account.months()[-3:])
    assert {"status": "Paid", "sent_at": "2019-12-01T12:00:00Z"} == paid["status"]
    assert {"status": "Outstanding", "sent_at": "2020-01-01T12:00:00Z"} == outstanding["status"]
    assert {"status": "Pending", "sent_at": None} == pending["status"]
    assert "2020-01-31T23:59:59Z" == pending["end_time"]
    assert "2020-01-01T06:12:31Z" == outstanding["line_items"][0]["created_at"]
    assert "2020-01-31T06:12:31Z" == pending["line_items"][0]["created_at"]


def test_a_leap_february_ends_on_the_29th() -> None:
    """A month's end is its last day."""
    assert "2020-02-29T23:59:59Z" == ACCOUNT.invoice(2020, 2)["end_time"]


def test_ids_are_found_and_unlike() -> None:
    """Every invoice is found by its id; ids are alphanumeric, and no two are alike."""
    ids = [ACCOUNT.invoice_id(*month) for month in MONTHS]
    assert len(MONTHS) == len(set(ids))
    for (year, month), invoice_id in zip(MONTHS, ids, strict=True):
        assert invoice_id.isascii()
        assert invoice_id.isalnum()
        assert ACCOUNT.invoice(year, month) == ACCOUNT.invoice_by_id(invoice_id)


def test_an_unknown_id_is_a_lookup_error() -> None:
    """Ids of no invoice, and of another customer's, are not found."""
    for invoice_id in ("", "nope", Account("someoneElse").invoice_id(2020, 5)):
        with pytest.raises(LookupError):
            ACCOUNT.invoice_by_id(invoice_id)


def test_invoices_are_the_same_everywhere() -> None:
    """All invoices are, byte for byte, those of every other Python."""
    expected = "6cbcb109f541c369665c234b5f41f890327647ebe0882e3ca5978f03a4f9353a"
    text = json.dumps([ACCOUNT.invoice(*month) for month in MONTHS])
    assert expected == hashlib.sha256(text.encode()).hexdigest()


def test_an_invoice_belongs_to_the_caller() -> None:
    """What a caller changes in an invoice does not show in the next one."""
    invoice = ACCOUNT.invoice(2020, 5)
    invoice["total"]["extras"].clear()
    invoice["line_items"][0]["amount"] = -1
    assert ACCOUNT.invoice(2020, 5) != invoice
    assert ACCOUNT.invoice(2020, 5)["total"]["extras"] != []


def test_the_months_differ_in_kind() -> None:
    """There are months under the minimum, without a discount, without extras and of large sums."""
    totals = {month: ACCOUNT.invoice(*month)["total"] for month in MONTHS}
    assert {2} == {month for (_, month), total in totals.items() if total["commit_shortfall"]}
    assert {1, 4, 7, 10} == {month for (_, month), total in totals.items() if not total["discount"]}
    assert {11} == {month for (_, month), total in totals.items() if total["cost"] > 100_000}
    assert [] == totals[2019, 3]["extras"]
    assert len(MONTHS) == len({json.dumps(total) for total in totals.values()})


def test_csv_has_a_row_for_each_line_and_the_total() -> None:
    """The CSV has a header line, a row a line item in their order, and the total."""
    invoice = ACCOUNT.invoice(2020, 5)
    header, *rows = csv.reader(io.StringIO(invoice_csv(invoice), newline=""))
    assert list(COLUMNS) == header
    total = [invoice["invoice_id"], "", "Total", *[""] * 4, "5632.25", "", "", ""]
    assert total == rows[-1]
    descriptions = [item["description"] for item in invoice["line_items"]]
    assert descriptions == [row[2] for row in rows[:-1]]


def test_pdf_escapes_what_pdf_has_a_meaning_for() -> None:
    """Parentheses, backslashes, accents and what the font lacks do not break the PDF."""
    invoice = ACCOUNT.invoice(2020, 5)
    invoice["line_items"][0]["description"] = r"a ) b ( c \ d é € 漢 e"
    assert r"a ) b ( c \ d é € ? e" in text_of(invoice_pdf(invoice))


def test_pdf_wraps_long_names_and_names_every_line() -> None:
    """A long name takes several lines of the page, and no word of it is lost."""
    invoice = ACCOUNT.invoice(2020, 5)
    words = text_of(invoice_pdf(invoice)).split()
    for item in invoice["line_items"]:
        assert set(item["description"].split()) <= set(words)
        assert f"{item['amount']:,.2f}" in words


@pytest.mark.parametrize(("count", "pages"), [(0, 1), (41, 1), (42, 2), (500, 11)])
def test_pdf_has_the_pages_that_its_lines_need(count: int, pages: int) -> None:
    """An invoice of many lines goes on for more pages, and ends with the total."""
    invoice = ACCOUNT.invoice(2020, 5)
    invoice["line_items"] = invoice["line_items"][:1] * count
    document = invoice_pdf(invoice)
    reader = PdfReader(io.BytesIO(document), strict=True)
    assert pages == len(reader.pages)
    assert count == text_of(document).count("North America Bandwidth")
    assert text_of(document).rstrip().endswith("5,632.25")


def test_pdf_offsets_point_to_their_objects() -> None:
    """Every entry of the cross-reference table is the offset of the object it is for."""
    document = invoice_pdf(ACCOUNT.invoice(2020, 5))
    start = int(document.split(b"startxref\n")[1].split()[0])
    _, size, *entries = document[start:].splitlines()[:-5]
    offsets = [int(entry.split()[0]) for entry in entries[1:]]
    assert int(size.split()[1]) == len(entries)
    for number, offset in enumerate(offsets, 1):
        assert document[offset:].startswith(b"%d 0 obj\n" % number)


def test_testing_imports_the_standard_library_alone() -> None:
    """The stand-in's own modules import no others than the standard library's."""
    code = (
        "import sys, types; package = types.ModuleType('fastly'); package.__path__ = ['fastly'];"
        "sys.modules['fastly'] = package; import fastly.testing.__main__;"
        "names = {name.partition('.')[0] for name in sys.modules} - {'fastly'};"
        "print(sorted(n for n in names - sys.stdlib_module_names if not n.startswith('_')),"
        "sorted(n for n in sys.modules if n.startswith('fastly.') and '.testing' not in n))"
    )
    run = [sys.executable, "-S", "-I", "-c", "import sys; sys.path.insert(0, '.');" + code]
    assert "[] []\n" == subprocess.check_output(run, text=True, cwd=ROOT)


def test_a_moment_may_be_the_day() -> None:
    """A datetime is a date too, and counts as its day."""
    account = Account(today=datetime(2020, 6, 10, 12, 30))
    assert date(2020, 6, 10) == account.today
    assert "2020-06-10T06:12:31Z" == account.invoice(2020, 6)["line_items"][0]["created_at"]


@pytest.mark.parametrize("today", [date(2019, 2, 28), date(9999, 1, 1), date(9999, 12, 31)])
def test_days_without_an_account(today: date) -> None:
    """A day before the account, or at the end of the calendar, is refused."""
    with pytest.raises(ValueError, match="is not between the account's months, 2019-03 to 9998-12"):
        Account(today=today)
