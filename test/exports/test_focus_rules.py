"""The rules of FOCUS across columns, over all invoices of the stand-in and over generated ones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastly.api.billing_invoices_api import BillingInvoicesApi
from fastly.focus import FocusRow, FocusVersion, focus_rows
from fastly.models import Invoice
from fastly.rows import cent

VERSIONS = get_args(FocusVersion)
COSTS = ("BilledCost", "ContractedCost", "EffectiveCost", "ListCost")
PRICED = ("SkuId", "PricingQuantity", "PricingUnit", "PricingCategory")
CATEGORIES = {"Usage", "Purchase", "Tax", "Credit", "Adjustment"}
# Each value of the first column has one value of the second.
ONE_TO_ONE = (
    *(("ServiceName", "ServiceCategory"), ("ServiceSubcategory", "ServiceCategory")),
    *(("SkuPriceId", "SkuId"), ("SkuPriceId", "ContractedUnitPrice")),
)

names = st.sampled_from([None, "", "TLS", "Full Site Delivery", "Sales Tax", "CS: CSE", "Credits"])
numbers = st.none() | st.sampled_from([0, 1, -1, 0.005, 146017.0369, 1e-9, 1e15, -2.5])
lines = st.fixed_dictionaries(
    {
        "amount": st.sampled_from([0, 1, -1, 0.01, 292.03, -0.5]),
        "product_group": names,
        "product_line": names,
        "product_name": names,
        "description": names,
        "usage_type": st.sampled_from([None, "", "requests"]),
        "credit_coupon_code": st.sampled_from([None, "", "LOYAL"]),
        "units": numbers,
        "rate": numbers,
    }
)
invoices_of = st.fixed_dictionaries(
    {
        "invoice_id": st.sampled_from(["INV-1", "INV-2", 29239985]),
        "currency_code": st.sampled_from([None, "USD", "JPY", "KWD"]),
        "transaction_line_items": st.lists(lines, max_size=5),
        "monthly_transaction_amount": st.sampled_from([0, 5.5]),
    }
)


def broken_rules(row: FocusRow) -> list[str]:
    """Return the rules of FOCUS that a row does not keep to."""
    category, quantity, price = (
        row[name] for name in ("ChargeCategory", "PricingQuantity", "ContractedUnitPrice")
    )
    is_priced, is_usage = category in ("Usage", "Purchase"), category == "Usage"
    rules = {
        "the category is one of five": category in CATEGORIES,
        "nothing is amortized or listed": len({row[name] for name in COSTS}) == 1,
        "no correction is known": row["ChargeClass"] is None,
        "usage and purchases are priced": {row[n] is not None for n in PRICED} == {is_priced},
        "usage is consumed": (row["ConsumedQuantity"] is not None) == is_usage,
        "what is consumed is priced": not is_usage or row["ConsumedQuantity"] == quantity,
        "a quantity consumed has a unit": (row["ConsumedUnit"] is not None) == is_usage,
        "a purchase is not by usage": (row["ChargeFrequency"] == "Usage-Based") == is_usage,
        "only what has a SKU has a meter": is_priced or row["SkuMeter"] is None,
        "the price is the SKU's": (row["SkuPriceId"] is None) == (price is None),
        "no details of prices": row["SkuPriceDetails"] is None,
        "price times quantity is the cost": price is None or is_cost(row),
        "the region has a name": row["RegionId"] == row["RegionName"],
        "a text is not empty": "" not in row.values(),
        "1.4 tells lines apart": row.get("InvoiceDetailId", "")
        in ("", f"{row['InvoiceId']}-{row['x_LineNumber']}"),
    }
    return [rule for rule, holds in rules.items() if not holds]


def is_cost(row: FocusRow) -> bool:
    """Return whether a price that is not negative makes the cost, rounded to a cent."""
    values: list[Any] = [row[n] for n in ("PricingQuantity", "ContractedUnitPrice", "BilledCost")]
    quantity, price, cost = values
    currency: Any = row["BillingCurrency"]
    return price >= 0 and abs(quantity * price - cost) <= cent(currency) / 2


def broken_between_rows(rows: Iterable[FocusRow]) -> list[object]:
    """Return the values that belong to several others, although they may belong to only one."""
    found: dict[object, set[object]] = defaultdict(set)
    for row in rows:
        for name, other in ONE_TO_ONE:
            if row[name] is not None:
                found[name, row[name], other].add(row[other])
    return [key for key, values in found.items() if len(values) > 1]


def check(invoices: list[Invoice], version: FocusVersion) -> None:
    """Check all rules."""
    rows = list(focus_rows(invoices, version))
    assert [] == [(rules, row) for row in rows if (rules := broken_rules(row))]
    assert [] == broken_between_rows(rows)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_stand_in(invoices: BillingInvoicesApi, version: FocusVersion) -> None:
    """The rows of all invoices of the stand-in keep to the rules."""
    check(list(invoices.iter_invoices()), version)


@given(st.lists(invoices_of, max_size=4), st.sampled_from(VERSIONS))
def test_any_invoices(data: list[dict[str, Any]], version: FocusVersion) -> None:
    """The rows of any invoices keep to the rules, and keep all amounts."""
    invoices = [Invoice.from_dict(invoice) for invoice in data]
    check(invoices, version)
    billed = sum(Decimal(str(row["BilledCost"])) for row in focus_rows(invoices, version))
    amounts = (
        [line["amount"] for line in invoice["transaction_line_items"]]
        or [invoice["monthly_transaction_amount"]]
        for invoice in data
    )
    assert sum(Decimal(str(amount)) for some in amounts for amount in some) == billed
