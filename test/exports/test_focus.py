"""FOCUS rows: their columns, their sums, and what each kind of line becomes."""

from __future__ import annotations

import logging
import sqlite3
from collections import defaultdict
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any, get_args

import pytest

from fastly.api.billing_invoices_api import BillingInvoicesApi
from fastly.exceptions import ApiValueError
from fastly.focus import COLUMNS, FocusRow, FocusVersion, focus_columns, focus_rows
from fastly.models import Invoice

VERSIONS = get_args(FocusVersion)
# The columns that FOCUS requires to be filled in every row.
NEVER_NULL = (
    *("BilledCost", "BillingAccountId", "BillingCurrency", "BillingPeriodEnd"),
    *("BillingPeriodStart", "ChargeCategory", "ChargeFrequency", "ChargePeriodEnd"),
    *("ChargePeriodStart", "ContractedCost", "EffectiveCost", "InvoiceIssuerName", "ListCost"),
    *("ProviderName", "PublisherName", "ServiceCategory", "ServiceName", "ServiceSubcategory"),
    *("ServiceProviderName", "HostProviderName", "InvoiceId", "InvoiceDetailId"),
)
# The columns that FOCUS requires, or that its validator reads, and that the API has no data for.
ALWAYS_NULL = {
    *("BillingAccountName", "ChargeClass", "CommitmentDiscountStatus", "SkuPriceDetails"),
    *("ResourceId", "ResourceName", "ResourceType"),
}


def row_of(version: FocusVersion = "1.2", **line: Any) -> FocusRow:
    """Return the FOCUS row of a line."""
    (row,) = focus_rows([Invoice.from_dict({"transaction_line_items": [line]})], version)
    return row


@pytest.mark.parametrize("version", VERSIONS)
def test_rows_of_the_stand_in(invoices: BillingInvoicesApi, version: FocusVersion) -> None:
    """Each line of an invoice has a row; the billed costs add up, and nothing needed is null."""
    found = list(invoices.iter_invoices())
    costs: dict[object, Decimal] = defaultdict(Decimal)
    rows = list(focus_rows(found, version))
    for row in rows:
        assert list(focus_columns(version)) == list(row)
        assert [] == [name for name in NEVER_NULL if row.get(name, "") is None]
        assert isinstance(row["BilledCost"], Decimal)
        costs[row["InvoiceId"]] += row["BilledCost"]
    assert sum(len(invoice.transaction_line_items or ()) for invoice in found) == len(rows)
    assert {i.invoice_id: Decimal(repr(i.monthly_transaction_amount)) for i in found} == costs
    assert ALWAYS_NULL == {name for name in rows[0] if all(row[name] is None for row in rows)}


@pytest.mark.parametrize("version", VERSIONS)
def test_names_of_columns(version: FocusVersion) -> None:
    """Columns outside the specification start with x_, and all are sorted by name."""
    columns = list(focus_columns(version))
    assert sorted(columns) == columns
    assert {"x_InvoiceTotal", "x_LineNumber", "x_UsageType"} < set(columns)


def test_versions() -> None:
    """1.3 adds the names of providers that replace those which 1.4 drops; 1.4 adds an ID."""
    first, second, third = (set(focus_columns(version)) for version in VERSIONS)
    assert set(COLUMNS) == first
    assert ({"ServiceProviderName", "HostProviderName"}, set()) == (second - first, first - second)
    assert {"InvoiceDetailId"} == third - second
    assert {"ProviderName", "PublisherName"} == second - third


@pytest.mark.parametrize("version", ["1.0", "1.5", 1.2, None])
def test_unknown_versions(version: Any) -> None:
    """Another version is an error at the call, not when the rows are read."""
    with pytest.raises(ApiValueError, match=r'^version must be "1\.2", "1\.3" or "1\.4", got'):
        focus_rows([], version)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_database_takes_the_columns(version: FocusVersion) -> None:
    """No two columns have names that differ only in case, which databases ignore."""
    columns = ", ".join(f'"{name}" text' for name in focus_columns(version))
    with sqlite3.connect(":memory:") as database:
        database.execute(f"create table costs ({columns})")
    database.close()


def test_names_that_the_api_lacks() -> None:
    """The names of the account and of a reseller can be passed."""
    (row,) = focus_rows([Invoice()], account_name="Shop", issuer="Reseller")
    assert ("Shop", "Reseller", "Fastly") == (
        row["BillingAccountName"],
        row["InvoiceIssuerName"],
        row["ProviderName"],
    )


def test_lines_that_do_not_add_up(caplog: pytest.LogCaptureFixture) -> None:
    """A warning says of how many invoices the billed costs are not the total."""
    right, wrong = [{"amount": 0.1}, {"amount": 0.2}], [{"amount": 0.1}, {"amount": 0.21}]
    given = [
        Invoice.from_dict({"transaction_line_items": lines, "monthly_transaction_amount": 0.3})
        for lines in (right, wrong, [], right)
    ]
    with caplog.at_level(logging.WARNING, "fastly"):
        assert 7 == len(list(focus_rows(given)))
    (message,) = caplog.messages
    assert message.startswith("FOCUS: the lines of 1 invoices do not add up to their totals")


def test_ids_of_invoice_details() -> None:
    """In 1.4, the ID of a line is unique: that of its invoice with its number."""
    lines = {"invoice_id": "INV-1", "transaction_line_items": [{}, {}]}
    rows = focus_rows(Invoice.from_dict(lines), "1.4")
    assert ["INV-1-1", "INV-1-2"] == [row["InvoiceDetailId"] for row in rows]
    assert row_of("1.4")["InvoiceDetailId"] is None


@pytest.mark.parametrize(
    ("last_day", "end"),
    [
        ("2026-05-31T00:00:00Z", (2026, 6, 1)),
        ("2026-12-31T23:59:59Z", (2027, 1, 1)),
        ("9999-12-31T00:00:00Z", (9999, 12, 31)),
    ],
)
def test_periods_exclude_their_end(last_day: str, end: tuple[int, int, int]) -> None:
    """The API names the last day of a period, FOCUS the moment after it."""
    (row,) = focus_rows([Invoice.from_dict({"billing_end_date": last_day})])
    assert datetime(*end, tzinfo=timezone.utc) == row["BillingPeriodEnd"] == row["ChargePeriodEnd"]


def test_periods_are_in_utc() -> None:
    """A period in another time zone starts and ends at the same moments in UTC."""
    period = {"billing_start_date": "2026-04-30T17:00:00-07:00"}
    period |= {"billing_end_date": "2026-05-30T17:00:00-07:00"}
    (row,) = focus_rows(Invoice.from_dict(period))
    assert ["2026-05-01T00:00:00+00:00", "2026-06-01T00:00:00+00:00"] == [
        row[name].isoformat() for name in ("BillingPeriodStart", "BillingPeriodEnd")
    ]


@pytest.mark.parametrize(
    ("line", "category", "frequency"),
    [
        ({"amount": 1, "usage_type": "Requests", "units": 1}, "Usage", "Usage-Based"),
        ({"amount": -1, "usage_type": "Requests", "units": -1}, "Usage", "Usage-Based"),
        ({"amount": 1, "usage_type": "Requests"}, "Adjustment", "One-Time"),
        ({"amount": 1, "usage_type": ""}, "Purchase", "Recurring"),
        ({"amount": 1, "product_name": "Taxi"}, "Purchase", "Recurring"),
        ({"amount": -1}, "Credit", "One-Time"),
        ({"amount": 0, "credit_coupon_code": "C"}, "Credit", "One-Time"),
        ({"amount": 1, "product_name": "Sales Tax"}, "Tax", "One-Time"),
        ({"amount": -1, "product_group": "Taxes"}, "Tax", "One-Time"),
        ({"amount": 1, "product_line": "VAT"}, "Tax", "One-Time"),
        ({"amount": 1, "description": "10 % GST"}, "Tax", "One-Time"),
        ({"amount": 1, "product_name": "Tax", "usage_type": "flat", "units": 1}, "Tax", "One-Time"),
    ],
)
def test_categories(line: dict[str, Any], category: str, frequency: str) -> None:
    """The kind of a line decides its category and frequency."""
    row = row_of(**line)
    assert (category, frequency) == (row["ChargeCategory"], row["ChargeFrequency"])


def test_invoice_without_lines() -> None:
    """An invoice without lines is one adjustment of its total."""
    (row,) = focus_rows([Invoice(monthly_transaction_amount=5)])
    assert ("Adjustment", "One-Time", Decimal(5)) == (
        row["ChargeCategory"],
        row["ChargeFrequency"],
        row["BilledCost"],
    )


def test_quantities() -> None:
    """Usage has its units, a purchase one unit if it has none; only usage is consumed."""
    used = row_of(units=2, rate=0.5, amount=1, usage_type="Requests")
    bought, plain, credit = row_of(units=3, rate=9, amount=27), row_of(amount=9), row_of(amount=-1)
    names = ("PricingQuantity", "PricingUnit", "PricingCategory", "ConsumedQuantity")
    assert [Decimal(2), "Units", "Standard", Decimal(2)] == [used[name] for name in names]
    assert [Decimal(3), "Units", "Standard", None] == [bought[name] for name in names]
    assert [Decimal(1), "Units", "Standard", None] == [plain[name] for name in names]
    assert [None] * 4 == [credit[name] for name in names]
    assert Decimal(9) == plain["ContractedUnitPrice"]


@pytest.mark.parametrize(
    ("units", "rate", "amount", "price"),
    [
        (146017.0369, 0.002, 292.03, "0.002"),
        (1, 0.005, 0.01, "0.005"),
        (1, 0.005, 0, "0.005"),
        (10, 0.002, 0.03, None),
        (-1, -2, 2, None),
        (-2, 0.5, -1, "0.5"),
        (1, None, 1, None),
        (0, 5, 0, "5"),
    ],
)
def test_prices(units: float, rate: float | None, amount: float, price: str | None) -> None:
    """A rate is the price if the units cost the amount at it, rounded to a cent."""
    row = row_of(usage_type="u", product_name="P", units=units, rate=rate, amount=amount)
    assert (price and Decimal(price), price and f"P @ {price}") == (
        row["ContractedUnitPrice"],
        row["SkuPriceId"],
    )


def test_skus() -> None:
    """The product takes the place of the SKU, and tiers differ in the ID of their price."""
    tiers = [{"product_name": "P", "units": 1, "rate": x, "amount": x} for x in (0.10, 0.06)]
    rows = list(focus_rows(Invoice.from_dict({"transaction_line_items": tiers})))
    assert [("P", "P @ 0.1"), ("P", "P @ 0.06")] == [(r["SkuId"], r["SkuPriceId"]) for r in rows]
    nameless = row_of(amount=1, product_group="G", product_line="L", product_name="")
    assert ("G", "L", "G @ 1") == tuple(nameless[n] for n in ("SkuId", "SkuMeter", "SkuPriceId"))


@pytest.mark.parametrize(
    ("group", "line", "category", "subcategory"),
    [
        ("Full Site Delivery", "Network Services", "Networking", "Content Delivery"),
        ("Compute", "", "Compute", "Serverless Compute"),
        ("TLS", "Add-ons", "Security", "Other (Security)"),
        ("Next-Gen WAF", None, "Security", "Other (Security)"),
        (None, "Security", "Security", "Other (Security)"),
        ("Image Optimizer", "Add-ons", "Media", "Other (Media)"),
        (None, None, "Networking", "Content Delivery"),
        ("Full Site Delivery", "Security", "Networking", "Content Delivery"),
        ("CS: CSE", "Support", "Other", "Other (Other)"),
        ("Taxes", None, "Other", "Other (Other)"),
        ("N/A", "TLS", "Other", "Other (Other)"),
    ],
)
def test_services(group: str | None, line: str | None, category: str, subcategory: str) -> None:
    """The name of the service is the group's, else the line's, and its words decide."""
    row = row_of(product_group=group, product_line=line)
    assert (category, subcategory) == (row["ServiceCategory"], row["ServiceSubcategory"])
    assert (group or line or "Fastly") == row["ServiceName"]


def test_regions() -> None:
    """A line without a region has null in its place."""
    assert ["Asia", "Asia"] == [row_of(region="Asia")[n] for n in ("RegionId", "RegionName")]
    assert row_of(region="")["RegionId"] is None
