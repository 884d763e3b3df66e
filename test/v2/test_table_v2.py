"""The page of a v2 bill, from models made by hand."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shell import CONTROL, ENCODINGS, HOSTILE, amount_of, widest

from fastly.cli.layout import NARROWEST, WIDEST, Paper, cells
from fastly.cli.v2.table import bill_page
from fastly.models import BillingEstimateResponse, BillingResponse, BillingTotal

MADE: dict[str, Any] = {
    "customer_id": "C1",
    "invoice_id": 12,
    "start_time": "2020-05-01T00:00:00Z",
    "end_time": "2020-05-31T23:59:59Z",
    "status": {"status": "Outstanding", "sent_at": "2020-06-01T12:00:00Z"},
    "regions": {
        "europe": {"cost": 25, "bandwidth": {"total": 1234.56}, "requests": {"total": 1e6}},
        "usa": {"cost": 75.5, "bandwidth": {"total": 10}},
    },
    "total": {
        "plan_name": "Flex",
        "plan_minimum": "500",
        "terms": "Net15",
        "bandwidth_units": "GB",
        "bandwidth_cost": 90.5,
        "requests_cost": 10,
        "incurred_cost": 100.5,
        "extras": [{"name": "TLS", "recurring": 20, "setup": 5.25}],
        "commit_shortfall": 399.5,
        "cost_before_discount": 525.25,
        "discount": 0.125,
        "discount_amount": 65.66,
        "cost": 459.59,
    },
    "line_items": [{}, {}],
}

PAGE = """\
Invoice 05/2020

Period    2020-05-01 00:00 UTC to 2020-05-31 23:59 UTC
Customer  C1
Invoice   12
Status    Outstanding, sent 2020-06-01
Plan      Flex, minimum 500.00 USD, Net15

Region    Bandwidth GB   Requests  Share                  USD
usa               10.0          -  ##########   75.1%   75.50
europe         1,234.6  1,000,000  ###          24.9%   25.00
-------------------------------------------------------------
All            1,244.6  1,000,000                      100.50

Used: bandwidth 90.50, requests 10.00                  100.50
TLS (5.25 of it once)                                   25.25
Shortfall to the plan's minimum                        399.50
Before discount                                        525.25
Discount 12.5 %                                        -65.66
-------------------------------------------------------------
Total due, USD                                         459.59

2 line items; --format json shows them all.
"""


def laid_out(width: int = 80, encoding: str = "utf-8", **fields: Any) -> str:
    """Return the page of a made invoice."""
    return page(BillingResponse.from_dict(fields), width, encoding)


def page(bill: BillingResponse | BillingEstimateResponse, width: int, encoding: str) -> str:
    """Return the page of a bill."""
    return Paper.text(bill_page(bill, Paper(width, encoding)))


class TestPage:
    """The page of an invoice or an estimate."""

    def test_whole_page(self) -> None:
        """The page has everything in the bill's summary, with amounts at the right edge."""
        assert PAGE == laid_out(61, "ascii", **MADE)

    def test_nothing_known(self) -> None:
        """A bill without any field has a page that says so."""
        text = laid_out()
        assert text.startswith("Invoice\n\nPeriod    -\nCustomer  -\nInvoice   -\nStatus    -\n")
        assert "-" == amount_of("Total due", text)
        assert "Region" not in text
        assert text.endswith("No line items.\n")

    def test_null_everywhere(self) -> None:
        """Nulls in place of regions, their parts, extras and the total do no harm."""
        regions: dict[str, Any] = {
            "usa": None,
            "asia": {"cost": None, "bandwidth": None, "requests": {}},
        }
        text = laid_out(regions=regions, total={"extras": [None, {}], "discount": None})
        assert ["-", "-", "-"] == [amount_of(name, text) for name in ("usa", "asia", "All")]
        assert "0.00" == amount_of("Extra without a name", text)
        assert "-" == amount_of("Total due", laid_out(regions={}, status={}, total=None))

    def test_estimate_is_called_one(self) -> None:
        """The page of an estimate says that it is one."""
        estimate = BillingEstimateResponse.from_dict(MADE)
        text = page(estimate, 80, "utf-8")
        assert text.startswith("Estimate 05/2020\n")
        assert "459.59" == amount_of("Estimated total, USD", text)

    def test_sums_are_exact(self) -> None:
        """Regions are added as decimal numbers, and half a cent is rounded up as on invoices."""
        regions = {f"r{number}": {"cost": 0.1} for number in range(3)} | {"half": {"cost": 0.005}}
        assert "0.31" == amount_of("All", laid_out(regions=regions))
        large = {"a": {"cost": 9_000_000_000_000.03}, "b": {"cost": 0.01}, "c": {"cost": -1e-9}}
        assert "9,000,000,000,000.04" == amount_of("All", laid_out(regions=large))

    @pytest.mark.parametrize(
        ("cost", "shown"),
        [
            (0, "0.00"),
            (-0.001, "0.00"),
            (-1234.5, "-1,234.50"),
            (2.675, "2.68"),
            (10**14, "100,000,000,000,000.00"),
            (10**15, "1.000000e+15"),
            (1.7e308, "1.700000e+308"),
            (10**300, "1.000000e+300"),
        ],
    )
    def test_amounts(self, cost: float, shown: str) -> None:
        """Amounts have two decimals and thousands separators as long as a float holds cents."""
        assert shown == amount_of("Total due", laid_out(total={"cost": cost}))

    def test_credits_have_no_bar(self) -> None:
        """A region with a negative cost does not reduce the shares of the others."""
        text = laid_out(regions={"usa": {"cost": 10}, "latam": {"cost": -4}})
        usa, latam = (line for line in text.splitlines() if line[:3] in ("usa", "lat"))
        assert ("100.0%", 24) == (usa.split()[-2], usa.count("█"))
        assert ("0.0%", 0) == (latam.split()[-2], latam.count("█"))
        assert "6.00" == amount_of("All", text)

    def test_nothing_charged_has_no_shares(self) -> None:
        """If no region cost anything, there is no column of shares."""
        text = laid_out(regions={"usa": {"cost": 0}, "asia": None})
        assert "Share" not in text
        assert "0.00" == amount_of("All", text)

    def test_percentiles_are_not_added(self) -> None:
        """Regions charged by percentile have a column for it, without a sum."""
        regions = {"usa": {"cost": 1, "percentile": {"total": 5}}, "asia": {"cost": 1}}
        lines = laid_out(regions=regions).splitlines()
        assert next(line for line in lines if line.startswith("Region")).split()[1] == "Percentile"
        assert ["All", "2.00"] == next(line for line in lines if line.startswith("All")).split()

    def test_discount_without_its_amount(self) -> None:
        """If the discount's amount is missing, the difference is shown."""
        total = {"discount": 0.1, "cost_before_discount": 0.3, "cost": 0.27}
        assert "-0.03" == amount_of("Discount 10 %", laid_out(total=total))
        assert "-" == amount_of("Discount 10 %", laid_out(total={"discount": 0.1}))

    def test_extras_without_a_list(self) -> None:
        """If only the sum of the extras is present, it is shown."""
        assert "7.00" == amount_of("Extras", laid_out(total={"extras_cost": 7}))

    def test_vendor_that_is_down(self) -> None:
        """The page warns if the billing vendor is down, because figures may be missing."""
        assert "Vendor    down" in laid_out(vendor_state="down")
        assert "Vendor" not in laid_out(vendor_state="up")

    def test_long_names_are_folded(self) -> None:
        """A long name takes up to three lines; its amount stays in its column."""
        total = {"cost": 2, "extras": [{"name": "long word " * 50, "recurring": 1}]}
        lines = laid_out(50, total=total).splitlines()
        start = next(i for i, line in enumerate(lines) if line.startswith("long"))
        assert lines[start].endswith(" 1.00")
        assert 50 == len(lines[start])
        assert lines[start + 2].endswith("...")
        assert not lines[start + 3].startswith(" ")

    def test_letters_of_two_columns(self) -> None:
        """East Asian characters take two columns, and the amounts stay aligned."""
        regions = {"日本": {"cost": 1}, "usa": {"cost": 2}, "e\u0301": {"cost": 3}}
        lines = laid_out(60, regions=regions).splitlines()
        rows = [line for line in lines if line.endswith((" 1.00", " 2.00", " 3.00"))]
        assert [60, 60, 60] == [cells(line) for line in rows]

    @pytest.mark.parametrize("width", [60, 61])
    def test_folding_between_letters_of_two_columns(self, width: int) -> None:
        """Long text of such characters fits the page, whether or not it fills the line."""
        lines = laid_out(width, customer_id="漢" * 500).splitlines()
        start = next(i for i, line in enumerate(lines) if line.startswith("Customer"))
        assert width - 3 <= cells(lines[start]) <= width
        assert lines[start + 2].endswith("...")

    def test_narrow_pages_keep_the_costs(self) -> None:
        """A narrow page omits columns, the bars first, and never the costs."""
        headings = {
            width: next(x for x in laid_out(width, **MADE).splitlines() if x.startswith("Region"))
            for width in (61, 45, 35, 24)
        }
        assert ["Region", "Bandwidth", "GB", "Requests", "Share", "USD"] == headings[61].split()
        assert ["Region", "Bandwidth", "GB", "Requests", "USD"] == headings[45].split()
        assert ["Region", "Bandwidth", "GB", "USD"] == headings[35].split()
        assert ["Region", "USD"] == headings[24].split()


TEXT = st.none() | st.text(max_size=60) | st.just(HOSTILE) | st.just("漢" * 500)
MONEY = st.none() | st.floats(-1e12, 1e12) | st.integers(-(10**12), 10**12)
USAGE = st.none() | st.fixed_dictionaries({}, optional={"total": MONEY})
REGION = st.none() | st.fixed_dictionaries(
    {}, optional={"cost": MONEY, "bandwidth": USAGE, "requests": USAGE, "percentile": USAGE}
)
EXTRA = st.none() | st.fixed_dictionaries(
    {}, optional={"name": TEXT, "recurring": MONEY, "setup": MONEY}
)
NUMBERS = [f.name for f in BillingTotal.__fields__.values() if "float" in f.annotation]
TEXTS = [f.name for f in BillingTotal.__fields__.values() if "str" in f.annotation]
TOTAL = st.none() | st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(NUMBERS, MONEY)
    | dict.fromkeys(TEXTS, TEXT)
    | {"extras": st.none() | st.lists(EXTRA, max_size=3)},
)
BILL = st.fixed_dictionaries(
    {},
    optional={
        "customer_id": TEXT,
        "invoice_id": TEXT,
        "start_time": st.datetimes(),
        "end_time": st.datetimes(),
        "status": st.none() | st.fixed_dictionaries({}, optional={"status": TEXT}),
        "regions": st.none() | st.dictionaries(st.text(max_size=40), REGION, max_size=4),
        "total": TOTAL,
        "vendor_state": TEXT,
    },
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(BILL, st.integers(1, 200), st.sampled_from(ENCODINGS))
def test_any_bill_has_a_page(fields: dict[str, Any], width: int, encoding: str) -> None:
    """Any bill fits its terminal, in its encoding, free of control characters."""
    text = laid_out(width, encoding, **fields)
    assert text == text.encode(encoding).decode(encoding)
    assert CONTROL.search(text) is None
    assert widest(text) <= max(NARROWEST, min(width, WIDEST))
