"""The pages of v3, from models made by hand."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shell import CONTROL, ENCODINGS, HOSTILE, amount_of, widest

from fastly.cli.layout import NARROWEST, WIDEST, Paper, cells
from fastly.cli.table import invoice_page, invoices_page, month_to_date_page
from fastly.cli.table_usage import service_usage_page, usage_page
from fastly.models import Invoice, MtdInvoiceResponse, ServiceusagemetricsData, Usagemetric

CREDIT = {"description": "Loyalty", "amount": -10, "credit_coupon_code": "C10"}
LINES = [
    {"product_group": "Delivery", "region": "Europe", "amount": "25.10"},
    {"product_group": "Delivery", "region": "Asia", "amount": 40},
    {"product_group": "Delivery", "region": "Europe", "amount": 10.2},
    {"product_group": "Delivery", "region": "", "amount": 1},
    {"product_group": "TLS", "region": "", "amount": 33.9},
    CREDIT,
]
MADE: dict[str, Any] = {
    "customer_id": "C1",
    "invoice_id": "INV-1",
    "invoice_posted_on": "2026-05-01T00:00:00Z",
    "billing_start_date": "2026-05-01T00:00:00Z",
    "billing_end_date": "2026-05-31T00:00:00Z",
    "currency_code": "EUR",
    "monthly_transaction_amount": "100.20",
    "payment_status": "paid",
    "transaction_line_items": LINES,
}

INVOICE = """\
Invoice 2026-05

Period    2026-05-01 to 2026-05-31
Dated     2026-05-01
Invoice   INV-1
Status    paid
Customer  C1

Charges               Share                       EUR
Delivery              ###############   69.2%   76.30
  Asia                ########          36.3%   40.00
  Europe              #######           32.0%   35.30
  No region                              0.9%    1.00
TLS                   #######           30.8%   33.90
Credit: Loyalty, C10                           -10.00
-----------------------------------------------------
Total, EUR                                     100.20

6 lines; --format csv lists them all.
"""

INVOICES = """\
Month    Invoice  Status         Total
2026-05  INV-1    paid      100.20 EUR  ############
2026-04  2        -       1,000.00 USD  ############
2026-03  3        -              - USD
----------------------------------------------------
Total of 1 invoice                        100.20 EUR
Total of 2 invoices                     1,000.00 USD
1 invoice without a total, counted as 0.
"""

TO_DATE = """\
Month to date 2026-05

Period    2026-05-01 to 2026-05-04 07:12 UTC
Customer  C1

Charges               Share             Amount
Delivery              ########  100.0%   76.30
  Asia                ####       52.4%   40.00
  Europe              ####       46.3%   35.30
  No region                       1.3%    1.00
N/A                               0.0%    0.00
----------------------------------------------
Total to date                            76.30
Budget                                   50.00
Over budget by                           26.30
Used                                    152.6%

Fixed charges are included in full from the
first day, so the total does not grow evenly
through the month.
TLS certificates are listed under N/A or
Unknown, with an amount of 0, until the
invoice closes.
Amounts are in the account's currency, which
the API does not send.
"""


def invoice(width: int = 80, encoding: str = "utf-8", **fields: Any) -> str:
    """Return the page of a made invoice."""
    paper = Paper(width, encoding)
    return paper.text(invoice_page(Invoice.from_dict(fields), paper))


def invoices(*found: dict[str, Any], width: int = 80, encoding: str = "utf-8") -> str:
    """Return the page of made invoices."""
    paper = Paper(width, encoding)
    return paper.text(invoices_page(map(Invoice.from_dict, found), paper))


def to_date(
    budget: str | None = None, width: int = 80, encoding: str = "utf-8", **fields: Any
) -> str:
    """Return the page of a made month to date."""
    paper = Paper(width, encoding)
    made = MtdInvoiceResponse.from_dict(fields)
    return paper.text(month_to_date_page(made, Decimal(budget) if budget else None, paper))


def usage(*metrics: dict[str, Any], width: int = 80, encoding: str = "utf-8") -> str:
    """Return the page of made usage."""
    paper = Paper(width, encoding)
    return paper.text(usage_page(map(Usagemetric.from_dict, metrics), paper))


def service_usage(*blocks: dict[str, Any], width: int = 80, encoding: str = "utf-8") -> str:
    """Return the page of made usage by service."""
    paper = Paper(width, encoding)
    return paper.text(service_usage_page(map(ServiceusagemetricsData.from_dict, blocks), paper))


def lines_of(*amounts: float | str | None, **fields: Any) -> list[dict[str, Any]]:
    """Return lines with amounts."""
    return [{"amount": amount, **fields} for amount in amounts]


class TestInvoice:
    """The page of one invoice."""

    def test_whole_page(self) -> None:
        """Groups and regions stand by cost, credits and the total below them."""
        assert INVOICE == invoice(53, "ascii", **MADE)

    def test_nothing_known(self) -> None:
        """An invoice without any field has a page that says so."""
        text = invoice()
        assert text.startswith("Invoice -\n\nPeriod    - to -\nDated     -\nInvoice   -\n")
        assert "-" == amount_of("Total, ?", text)
        assert "Charges" not in text
        assert text.endswith("No lines.\n")

    def test_null_lines(self) -> None:
        """Null in place of a line, and lines without fields, do no harm."""
        text = invoice(transaction_line_items=[None, {}], monthly_transaction_amount=0)
        assert "0.00" == amount_of("Other", text)
        assert "1 line without an amount." in text

    def test_lines_that_do_not_add_up(self) -> None:
        """If the lines do not add up to the total, the page shows their sum and the difference."""
        text = invoice(
            transaction_line_items=lines_of(0.1, 0.2, None), monthly_transaction_amount=5
        )
        assert "0.30" == amount_of("Sum of the lines", text)
        assert "4.70" == amount_of("Not in any line", text)
        assert "1 line without an amount." in text

    def test_rounded_lines(self) -> None:
        """A difference of less than a cent is rounding, and not mentioned."""
        text = invoice(transaction_line_items=lines_of(0.1049), monthly_transaction_amount=0.1)
        assert "Sum" not in text

    @pytest.mark.parametrize(
        ("total", "currency", "label"),
        [
            (30.02, "USD", "Rounding of the lines"),
            (30.03, "USD", "Not in any line"),
            (32, "JPY", "Rounding of the lines"),
        ],
    )
    def test_rounding(self, total: float, currency: str, label: str) -> None:
        """A difference of at most a cent of the currency for each line is called rounding."""
        fields = {"transaction_line_items": lines_of(10, 20), "currency_code": currency}
        text = invoice(monthly_transaction_amount=total, **fields)
        assert f"{total - 30:.2f}" == amount_of(label, text)

    def test_three_decimals(self) -> None:
        """All amounts have the decimals of their currency, and a difference of one is shown."""
        made = {"currency_code": "KWD", "monthly_transaction_amount": 1.235}
        lines = [{"amount": 1.234, "product_group": "G"}, {**CREDIT, "amount": -0.001}]
        text = invoice(transaction_line_items=lines, **made)
        assert "1.234" == amount_of("G", text)
        assert "-0.001" == amount_of("Credit", text)
        assert "1.235" == amount_of("Total, KWD", text)
        assert "1.233" == amount_of("Sum of the lines", text)
        assert "0.002" == amount_of("Rounding of the lines", text)
        assert 2 == invoices(made).count(" 1.235 KWD")

    def test_total_that_is_missing(self) -> None:
        """Without a total, the page still shows what the lines add up to."""
        text = invoice(transaction_line_items=lines_of(1, 2))
        assert "-" == amount_of("Total, ?", text)
        assert "3.00" == amount_of("Sum of the lines", text)
        assert "Not in any line" not in text

    def test_sums_are_exact(self) -> None:
        """Lines are added as decimal numbers, and half a cent is rounded up."""
        large = lines_of(9_000_000_000_000.03, 0.005, product_group="G")
        assert "9,000,000,000,000.04" == amount_of("G", invoice(transaction_line_items=large))

    def test_credits_only(self) -> None:
        """An invoice that has only credits has no bars and no shares."""
        text = invoice(transaction_line_items=[CREDIT, {"amount": -1}])
        assert "-10.00" == amount_of("Credit: Loyalty, C10", text)
        assert "-1.00" == amount_of("Credit: -", text)
        assert "Share" not in text

    @pytest.mark.parametrize("code", ["漢" * 500, "\x1b[2J", ""])
    def test_currencies_of_any_kind(self, code: str) -> None:
        """An invalid currency code is shown in at most eight columns of ASCII."""
        text = invoice(24, **{**MADE, "currency_code": code})
        assert widest(text) <= 24
        assert "?" in text

    def test_narrow_pages_keep_the_costs(self) -> None:
        """A narrow page omits the bars first, and never the costs."""
        wide, narrow = invoice(53, **MADE), invoice(40, **MADE)
        assert "█" in wide
        assert "█" not in narrow
        assert "76.30" == amount_of("Delivery", narrow)

    def test_long_names_are_folded(self) -> None:
        """A long name takes up to three lines; its amount stays in its column."""
        made = lines_of(1, product_group="long word " * 50)
        lines = invoice(50, transaction_line_items=made).splitlines()
        start = next(i for i, line in enumerate(lines) if line.startswith("long"))
        assert 50 == len(lines[start])
        assert lines[start + 2].endswith("...")


class TestInvoices:
    """The page of all invoices."""

    def test_whole_page(self) -> None:
        """Each invoice has a line, and each currency a total; what is missing is counted."""
        others = (
            {
                "billing_start_date": "2026-04-01",
                "invoice_id": 2,
                "monthly_transaction_amount": 1e3,
            },
            {"billing_start_date": "2026-03-01", "invoice_id": 3},
        )
        made = ({**other, "currency_code": "USD"} for other in others)
        text = invoices(MADE, *made, width=52, encoding="ascii")
        assert INVOICES == text

    def test_nothing_there(self) -> None:
        """No invoice is one line."""
        assert "No invoices.\n" == invoices()

    def test_nothing_known(self) -> None:
        """An invoice without any field has a line with a dash for each column."""
        assert ["-", "-", "-", "-", "?"] == invoices({}).splitlines()[1].split()

    @pytest.mark.parametrize(
        ("width", "heading"),
        [
            (80, ["Month", "Invoice", "Status", "Total"]),
            (35, ["Month", "Invoice", "Total"]),
            (24, ["Month", "Total"]),
        ],
    )
    def test_narrow_pages_keep_the_totals(self, width: int, heading: list[str]) -> None:
        """A narrow page omits columns, the bars first, and never the totals."""
        lines = invoices(MADE, width=width).splitlines()
        assert heading == lines[0].split()
        assert lines[1].rstrip("█ ").endswith("100.20 EUR")

    def test_total_that_needs_a_line(self) -> None:
        """A total as wide as the page is on a line below its month."""
        made = {**MADE, "monthly_transaction_amount": 10**14}
        lines = invoices(made, width=24).splitlines()
        assert ["2026-05", "  100,000,000,000,000.00", "                     EUR"] == lines[2:5]


class TestMonthToDate:
    """The page of the month to date."""

    def test_whole_page(self) -> None:
        """The page shows how the total stands against the budget, and what it does not show."""
        lines = [*LINES[:4], {"product_group": "N/A", "amount": 0}]
        made = {
            **MADE,
            "billing_end_date": "2026-05-04T07:12:00Z",
            "transaction_line_items": lines,
            "monthly_transaction_amount": "76.30",
        }
        assert TO_DATE == to_date("50", 46, "ascii", **made)

    @pytest.mark.parametrize(
        ("spent", "left", "used"), [(50, "150.00", "25.0%"), (200, "0.00", "100.0%")]
    )
    def test_within_the_budget(self, spent: int, left: str, used: str) -> None:
        """A total within the budget leaves the rest."""
        text = to_date("200", monthly_transaction_amount=spent)
        assert [left, used] == [amount_of(label, text) for label in ("Left", "Used")]

    def test_budget_of_nothing(self) -> None:
        """A budget of 0 has no share that is used."""
        assert "1.00" == amount_of("Over budget by", to_date("0", monthly_transaction_amount=1))

    def test_nothing_known(self) -> None:
        """A month to date without any field has a page, with the budget."""
        text = to_date("5")
        assert text.startswith("Month to date -\n\nPeriod    - to -\n")
        assert ["-", "5.00"] == [amount_of(label, text) for label in ("Total to date", "Budget")]


class TestUsage:
    """The pages of usage."""

    def test_months(self) -> None:
        """Each month has a table for each kind and unit, with shares, and the total of regions."""
        metric = {"month": "2026-05", "unit": "k"}
        text = usage(
            {**metric, "name": "Asia Requests", "region": "Asia", "quantity": 500},
            {**metric, "name": "Anzac Requests", "region": "Australia", "quantity": 1500},
            {"month": "2026-05", "usage_type": "Logs", "region": "Asia", "quantity": 2},
            {"product_id": "x"},
            width=60,
        )
        assert text == (
            "Usage 2026-05\n"
            "\n"
            "Requests              Share                                k\n"
            "Anzac Requests,       ████████████████████   75.0%  1,500.00\n"
            "  Australia\n"
            "Asia Requests         ███████                25.0%    500.00\n"
            "────────────────────────────────────────────────────────────\n"
            "Total                                               2,000.00\n"
            "\n"
            "Logs                  Share                         Quantity\n"
            "Logs, Asia            ████████████████████  100.0%      2.00\n"
            "────────────────────────────────────────────────────────────\n"
            "Total                                                   2.00\n"
            "\n"
            "Usage -\n"
            "\n"
            "Other                                               Quantity\n"
            "x                                                       0.00\n"
            "────────────────────────────────────────────────────────────\n"
            "Total                                                   0.00\n"
            "\n"
        )

    def test_months_in_any_order(self) -> None:
        """A month has one table of a kind, also if the API sorts by product."""
        names, months = ("Asia Requests", "Europe Requests"), ("2026-05", "2026-06")
        text = usage(*({"month": m, "name": name, "quantity": 2} for name in names for m in months))
        titles = [line for line in text.splitlines() if line.startswith("Usage")]
        totals = [line.split()[-1] for line in text.splitlines() if line.startswith("Total")]
        assert (["Usage 2026-05", "Usage 2026-06"], ["4.00", "4.00"]) == (titles, totals)

    def test_services(self) -> None:
        """Each kind has the sum of all regions for each service; equal names stay apart."""
        details = [
            {"service_id": "b", "service_name": "www", "usage_units": 2},
            {"service_id": "a", "service_name": "www", "usage_units": 1},
            None,
        ]
        span = {"start_time": "2026-05-01T00:00:00Z", "end_time": "2026-05-31T23:59:59Z"}
        text = service_usage(
            {**span, "usage_type": "Asia Requests", "unit": "unit", "details": details},
            {**span, "usage_type": "Europe Requests", "details": details},
            {"usage_type": "Logs", "unit": "10,000 lines", "details": [{"usage_units": 3}]},
            {"details": None},
            width=40,
        )
        assert text == (
            "Usage by service, 2026-05-01 to\n"
            "2026-05-31\n"
            "\n"
            "Requests                        Quantity\n"
            "www (b)                             4.00\n"
            "www (a)                             2.00\n"
            "────────────────────────────────────────\n"
            "Total                               6.00\n"
            "\n"
            "Logs                        10,000 lines\n"
            "-                                   3.00\n"
            "────────────────────────────────────────\n"
            "Total                               3.00\n"
            "\n"
            "--format csv has a row for each service\n"
            "and usage type.\n"
        )

    def test_a_renamed_service(self) -> None:
        """A service has one line, with the latest name that is not null."""
        detail = {"service_id": "a", "usage_units": 1}
        details = [{**detail, "service_name": name} for name in ("x", "y", None)]
        text = service_usage(*({"details": [x]} for x in details))
        assert ["y", "3.00"] == text.splitlines()[3].split()[::3]

    def test_nothing_used(self) -> None:
        """No usage is one line."""
        assert "No usage.\n" == usage() == service_usage({"details": None})


class TestLayout:
    """What all pages share."""

    @pytest.mark.parametrize("text", ["漢" * 9, "long text here", "e\u0301" * 20])
    def test_cells_are_cut_to_their_width(self, text: str) -> None:
        """A cell has its width in every script, and three dots mark the end of a longer text."""
        cell = Paper(80, "utf-8").cell(text, 10)
        assert (10, True) == (cells(cell), cell.rstrip().endswith("..."))

    @pytest.mark.parametrize("text", ["\u0e17\u0e35\u0e48", "\u0928\u0941", "e\u0301", "e\u20dd"])
    def test_marks_take_no_column(self, text: str) -> None:
        """Vowel signs, accents and enclosing marks take no column of their own."""
        assert 1 == cells(text)


TEXT = st.none() | st.text(max_size=60) | st.just(HOSTILE) | st.just("漢" * 500)
MONEY = st.none() | st.floats(-1e16, 1e16) | st.integers(-(10**16), 10**16) | st.just(1.7e308)
TIME = st.none() | st.datetimes().map(lambda time: time.isoformat())
NAMES = ("description", "product_name", "product_group", "region", "usage_type")
LINE = st.none() | st.fixed_dictionaries(
    {}, optional={**dict.fromkeys(NAMES, TEXT), "amount": MONEY, "credit_coupon_code": TEXT}
)
MODEL = st.fixed_dictionaries(
    {},
    optional={
        "customer_id": TEXT,
        "invoice_id": TEXT,
        "invoice_posted_on": TIME,
        "billing_start_date": TIME,
        "billing_end_date": TIME,
        "currency_code": TEXT,
        "payment_status": TEXT,
        "monthly_transaction_amount": MONEY,
        "transaction_line_items": st.none() | st.lists(LINE, max_size=4),
    },
)
METRIC = st.fixed_dictionaries(
    {}, optional={**dict.fromkeys(("month", "name", "region", "unit"), TEXT), "quantity": MONEY}
)
DETAIL = st.fixed_dictionaries(
    {}, optional={"service_id": TEXT, "service_name": TEXT, "usage_units": MONEY}
)
BLOCK = st.fixed_dictionaries(
    {},
    optional={
        "start_time": TIME,
        "end_time": TIME,
        "usage_type": TEXT,
        "unit": TEXT,
        "details": st.lists(DETAIL, max_size=3),
    },
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(MODEL, max_size=3),
    st.lists(METRIC, max_size=3),
    st.lists(BLOCK, max_size=3),
    st.integers(1, 130),
    st.sampled_from(ENCODINGS),
)
def test_anything_has_a_page(
    made: list[dict[str, Any]],
    metrics: list[dict[str, Any]],
    blocks: list[dict[str, Any]],
    width: int,
    encoding: str,
) -> None:
    """Any data fits its terminal, in its encoding, free of control characters."""

    def pages() -> Iterator[str]:
        yield invoices(*made, width=width, encoding=encoding)
        yield usage(*metrics, width=width, encoding=encoding)
        yield service_usage(*blocks, width=width, encoding=encoding)
        for fields in made:
            yield invoice(width, encoding, **fields)
            yield to_date("1000", width, encoding, **fields)

    for text in pages():
        assert text == text.encode(encoding).decode(encoding)
        assert CONTROL.search(text) is None
        assert widest(text) <= max(NARROWEST, min(width, WIDEST))
