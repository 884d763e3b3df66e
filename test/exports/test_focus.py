"""FOCUS rows: their columns, their sums, and what each kind of line becomes."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

import pytest

from fastly.api.billing_invoices_api import BillingInvoicesApi
from fastly.focus import COLUMNS, FocusRow, focus_rows
from fastly.models import Invoice

# The columns that FOCUS 1.0 requires to be present and filled in every row.
NEVER_NULL = (
    *("BilledCost", "BillingAccountId", "BillingCurrency", "BillingPeriodEnd"),
    *("BillingPeriodStart", "ChargeCategory", "ChargeFrequency", "ChargePeriodEnd"),
    *("ChargePeriodStart", "ContractedCost", "EffectiveCost", "InvoiceIssuerName", "ListCost"),
    *("ProviderName", "PublisherName", "ServiceCategory", "ServiceName"),
)


def row_of(**line: Any) -> FocusRow:
    """Return the FOCUS row of a line."""
    (row,) = focus_rows([Invoice.from_dict({"transaction_line_items": [line]})])
    return row


def test_rows_of_the_stand_in(invoices: BillingInvoicesApi) -> None:
    """Each line of an invoice has a row; the billed costs add up, and nothing needed is null."""
    found = list(invoices.iter_invoices())
    costs: dict[object, Decimal] = defaultdict(Decimal)
    rows = list(focus_rows(found))
    for row in rows:
        assert COLUMNS == tuple(row)
        assert [] == [name for name in NEVER_NULL if row[name] is None]
        assert isinstance(row["BilledCost"], Decimal)
        costs[row["InvoiceId"]] += row["BilledCost"]
    assert sum(len(invoice.transaction_line_items or ()) for invoice in found) == len(rows)
    assert {i.invoice_id: Decimal(repr(i.monthly_transaction_amount)) for i in found} == costs


def test_names_of_columns() -> None:
    """Columns outside the specification start with x_, and all are sorted by name."""
    assert COLUMNS == tuple(sorted(COLUMNS))
    assert {"x_InvoiceTotal", "x_LineNumber", "x_UsageType"} < set(COLUMNS)


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
        ({"amount": 1, "usage_type": "Requests"}, "Usage", "Usage-Based"),
        ({"amount": 1, "usage_type": ""}, "Purchase", "Recurring"),
        ({"amount": -1, "usage_type": "Requests"}, "Credit", "One-Time"),
        ({"amount": 0, "credit_coupon_code": "C"}, "Credit", "One-Time"),
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
    """Quantities have a unit if and only if there are any; only usage is consumed."""
    used = row_of(units=2, rate=0.5, amount=1, usage_type="Requests")
    bought = row_of(units=1, rate=9, amount=9)
    credit = row_of(amount=-1)
    names = ("PricingQuantity", "PricingUnit", "PricingCategory", "ConsumedQuantity")
    assert [Decimal(2), "Units", "Standard", Decimal(2)] == [used[name] for name in names]
    assert [Decimal(1), "Units", "Standard", None] == [bought[name] for name in names]
    assert [None] * 4 == [credit[name] for name in names]
    assert Decimal("0.5") == used["ContractedUnitPrice"]


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
    ],
)
def test_services(group: str | None, line: str | None, category: str, subcategory: str) -> None:
    """Words in the product's group and line decide the service; its name is the group's."""
    row = row_of(product_group=group, product_line=line)
    assert (category, subcategory) == (row["ServiceCategory"], row["ServiceSubcategory"])
    assert (group or line or "Fastly") == row["ServiceName"]


def test_regions() -> None:
    """A line without a region has null in its place."""
    assert ["Asia", "Asia"] == [row_of(region="Asia")[n] for n in ("RegionId", "RegionName")]
    assert row_of(region="")["RegionId"] is None
