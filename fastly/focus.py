"""Rows of FOCUS, the FinOps Open Cost and Usage Specification (https://focus.finops.org).

::

    for row in focus_rows(api.iter_invoices(), "1.4"):
        print(row["ServiceName"], row["BilledCost"])

They have the columns of FOCUS 1.2, 1.3 or 1.4 that the API has data for or that FOCUS requires; not
those whose condition is not true of Fastly, such as tags and sub-accounts. Columns of Fastly's own
start with ``x_``. ``docs/command-line.md`` lists every mapping.

Assumptions, because the API does not say:

* Every line covers the whole billing period, and none corrects an earlier one.
* A line with a coupon is a credit, and one that names a tax is a tax. A line with a usage type is
  usage, also if its amount is negative; without units it is an adjustment. Of the other lines,
  negative ones are credits, and the rest are recurring purchases, of one unit if they say nothing.
* Prices are contracted prices. The API has no list prices, so ``ListCost`` is the billed cost.
* Lines have no SKU; the product name takes its place, and with its price that of the SKU price.
  Quantities are in "Units", whatever the product counts.
* The service category follows from words in the name of the product group.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from decimal import Context, Decimal
from typing import Literal, NamedTuple, TypeAlias, cast, get_args

from fastly._text import shown
from fastly.exceptions import ApiValueError
from fastly.model.invoice import Invoice
from fastly.model.list_eom_invoices_response import ListEomInvoicesResponse
from fastly.rows import InvoiceRow, cent, exact_sum, invoice_rows

__all__ = ["COLUMNS", "FocusRow", "FocusVersion", "focus_columns", "focus_rows"]

FocusVersion = Literal["1.2", "1.3", "1.4"]
_Value: TypeAlias = str | int | Decimal | datetime | None
FocusRow = dict[str, _Value]

_log = logging.getLogger("fastly")
_PROVIDER = "Fastly"
_FREQUENCIES = {"Usage": "Usage-Based", "Purchase": "Recurring"}
_TAX = re.compile(r"\b(?:tax(?:es)?|vat|gst)\b", re.IGNORECASE)
_EXACT = Context(prec=100)  # a product of two floats has up to 34 digits
_NETWORKING, _OTHER = ("Networking", "Content Delivery"), ("Other", "Other (Other)")
_SECURITY, _MEDIA = ("Security", "Other (Security)"), ("Media", "Other (Media)")
# Starts of words in the name of a service, and the category and subcategory they stand for.
_SERVICES = {
    "compute": ("Compute", "Serverless Compute"),
    **dict.fromkeys(("tls", "security", "waf", "ddos", "bot"), _SECURITY),
    **dict.fromkeys(("image", "stream"), _MEDIA),
    **dict.fromkeys(("cs:", "support", "tax", "vat", "gst", "credit", "commit"), _OTHER),
    **dict.fromkeys(("n/a", "unknown"), _OTHER),  # certificates that are not priced yet
}


class _Column(NamedTuple):
    """A column, the fact that it states, its type, and the first and last version that has it."""

    name: str
    fact: str | None  # None for what FOCUS requires and the API lacks
    kind: type = str
    since: FocusVersion = "1.2"
    last: FocusVersion = "1.4"


_COLUMNS = (
    _Column("BilledCost", "amount", Decimal),
    _Column("BillingAccountId", "customer_id"),
    _Column("BillingAccountName", "account_name"),
    _Column("BillingCurrency", "currency_code"),
    _Column("BillingPeriodEnd", "end", datetime),
    _Column("BillingPeriodStart", "billing_start_date", datetime),
    _Column("ChargeCategory", "category"),
    _Column("ChargeClass", None),
    _Column("ChargeDescription", "description"),
    _Column("ChargeFrequency", "frequency"),
    _Column("ChargePeriodEnd", "end", datetime),
    _Column("ChargePeriodStart", "billing_start_date", datetime),
    # Fastly has no commitment discounts; the validator's rules of ConsumedQuantity need it.
    _Column("CommitmentDiscountStatus", None),
    _Column("ConsumedQuantity", "consumed", Decimal),
    _Column("ConsumedUnit", "consumed_unit"),
    _Column("ContractedCost", "amount", Decimal),
    _Column("ContractedUnitPrice", "price", Decimal),
    _Column("EffectiveCost", "amount", Decimal),
    _Column("HostProviderName", "provider", since="1.3"),
    _Column("InvoiceDetailId", "detail_id", since="1.4"),
    _Column("InvoiceId", "invoice_id"),
    _Column("InvoiceIssuerName", "issuer"),
    _Column("ListCost", "amount", Decimal),
    _Column("PricingCategory", "pricing_category"),
    _Column("PricingQuantity", "quantity", Decimal),
    _Column("PricingUnit", "unit"),
    _Column("ProviderName", "provider", last="1.3"),
    _Column("PublisherName", "provider", last="1.3"),
    _Column("RegionId", "region"),
    _Column("RegionName", "region"),
    # Fastly does not charge for provisioned resources, but validators that suppose it demand these.
    _Column("ResourceId", None),
    _Column("ResourceName", None),
    _Column("ResourceType", None),
    _Column("ServiceCategory", "service_category"),
    _Column("ServiceName", "service"),
    _Column("ServiceProviderName", "provider", since="1.3"),
    _Column("ServiceSubcategory", "service_subcategory"),
    _Column("SkuId", "sku"),
    _Column("SkuMeter", "meter"),
    _Column("SkuPriceDetails", None),
    _Column("SkuPriceId", "sku_price"),
    _Column("x_CreditCouponCode", "credit_coupon_code"),
    _Column("x_InvoicePostedOn", "invoice_posted_on", datetime),
    _Column("x_InvoiceTotal", "monthly_transaction_amount", Decimal),
    _Column("x_LineNumber", "line_number", int),
    _Column("x_PaymentStatus", "payment_status"),
    _Column("x_ProductLine", "product_line"),
    _Column("x_StatementNumber", "statement_number"),
    _Column("x_UsageType", "usage_type"),
)


def focus_columns(version: FocusVersion = "1.2") -> dict[str, type]:
    """Return the names of a version's columns, in order, with the types of their values.

    Any value may be None as well.

    Raises:
        ApiValueError: `version` is something else than "1.2", "1.3" and "1.4".
    """
    return {column.name: column.kind for column in _columns_of(version)}


def focus_rows(
    invoices: Invoice | ListEomInvoicesResponse | Iterable[Invoice | None],
    version: FocusVersion = "1.2",
    *,
    account_name: str | None = None,
    issuer: str = _PROVIDER,
) -> Iterator[FocusRow]:
    """Yield a FOCUS row for each line of the invoices, in their order.

    An invoice without lines becomes one row with its total, in the category "Adjustment".

    Args:
        invoices: An invoice, a page of invoices, or an iterable such as ``iter_invoices()``.
        version: The version of FOCUS: "1.2", "1.3" or "1.4".
        account_name: Name of the billing account, which is not in the API.
        issuer: Who sent the invoices, if it was a reseller.

    Yields:
        Dicts with the columns of `focus_columns` in the same order. Times are in UTC. FOCUS demands
        that the `BilledCost` of an invoice's rows adds up to its total, `x_InvoiceTotal`: if that
        is not true of what the API sent, the logger ``fastly`` warns of it at the end.

    Raises:
        ApiTypeError: `invoices` is something else.
        ApiValueError: `version` is something else.
    """
    columns = _columns_of(version)
    stated: FocusRow = {"account_name": account_name, "issuer": issuer, "provider": _PROVIDER}
    rows = _checked(invoice_rows(invoices))
    return (_focus_row(columns, {**stated, **_facts(row)}) for row in rows)


def _columns_of(version: FocusVersion) -> list[_Column]:
    if version not in get_args(FocusVersion):
        raise ApiValueError(f'version must be "1.2", "1.3" or "1.4", got {shown(version)}')
    return [column for column in _COLUMNS if column.since <= version <= column.last]


def _focus_row(columns: Iterable[_Column], facts: FocusRow) -> FocusRow:
    return {x.name: None if x.fact is None else facts.get(x.fact) for x in columns}


def _checked(rows: Iterator[InvoiceRow]) -> Iterator[InvoiceRow]:
    """Pass on the rows, and warn if those of an invoice do not add up to its total."""
    different = 0
    for lines in _by_invoice(rows):
        total = lines[0]["monthly_transaction_amount"]
        different += total is not None and total != exact_sum(row["amount"] for row in lines)
        yield from lines
    if different:
        _log.warning(
            "FOCUS: the lines of %s invoices do not add up to their totals: compare BilledCost "
            "with x_InvoiceTotal",
            f"{different:,}",
        )


def _by_invoice(rows: Iterator[InvoiceRow]) -> Iterator[list[InvoiceRow]]:
    """Yield the rows of each invoice; the first of them has the number 0 or 1."""
    lines: list[InvoiceRow] = []
    for row in rows:
        if lines and row["line_number"] <= 1:
            yield lines
            lines = []
        lines.append(row)
    if lines:
        yield lines


def _facts(row: InvoiceRow) -> FocusRow:
    """Return what the columns of a row state; facts that it lacks are left out."""
    category = _category(row)
    service = row["product_group"] or row["product_line"] or _PROVIDER
    service_category, subcategory = _service(service)
    is_priced, invoice_id = category in ("Usage", "Purchase"), row["invoice_id"]
    return {
        **{name: None if fact == "" else fact for name, fact in cast("FocusRow", row).items()},
        "category": category,
        "frequency": _FREQUENCIES.get(category, "One-Time"),
        "end": _day_after(row["billing_end_date"]),
        "detail_id": f"{invoice_id}-{row['line_number']}" if invoice_id else None,
        "service": service,
        "service_category": service_category,
        "service_subcategory": subcategory,
        **(_pricing(row, service, category) if is_priced else {}),
    }


def _category(row: InvoiceRow) -> str:
    names = (row["product_group"], row["product_line"], row["product_name"], row["description"])
    if row["line_number"] == 0:
        return "Adjustment"
    if row["credit_coupon_code"]:
        return "Credit"
    if any(_TAX.search(name or "") for name in names):
        return "Tax"
    if row["usage_type"]:
        return "Adjustment" if row["units"] is None else "Usage"
    return "Credit" if (row["amount"] or 0) < 0 else "Purchase"


def _pricing(row: InvoiceRow, service: str, category: str) -> FocusRow:
    """Return the SKU, the quantity and the price of usage or of a purchase."""
    quantity, price = _quantity_and_price(row)
    sku, is_usage = row["product_name"] or row["description"] or service, category == "Usage"
    return {
        "sku": sku,
        "meter": row["usage_type"] or row["product_line"] or None,
        # Tiers share a product; only their prices tell them apart.
        "sku_price": None if price is None else f"{sku} @ {_EXACT.normalize(price):f}",
        "price": price,
        "pricing_category": "Standard",
        "quantity": quantity,
        "unit": "Units",
        "consumed": quantity if is_usage else None,
        "consumed_unit": "Units" if is_usage else None,
    }


def _quantity_and_price(row: InvoiceRow) -> tuple[Decimal, Decimal | None]:
    """Return the units and the rate, if these are what the amount was computed from.

    FOCUS demands that price times quantity is the cost; Fastly rounds the cost to a cent.
    """
    quantity, rate, cost = row["units"], row["rate"], row["amount"]
    if quantity is None:
        return Decimal(1), cost
    if rate is None or rate < 0 or cost is None:
        return quantity, None
    difference = _EXACT.subtract(_EXACT.multiply(quantity, rate), cost)
    is_rounded = abs(difference) * 2 <= cent(row["currency_code"])
    return quantity, rate if is_rounded else None


def _service(name: str) -> tuple[str, str]:
    words = name.lower().split()
    found = (service for start, service in _SERVICES.items() for w in words if w.startswith(start))
    return next(found, _NETWORKING)


def _day_after(last: datetime | None) -> datetime | None:
    """Return the end of a period, which FOCUS excludes, from its last day.

    The last possible day, 9999-12-31, which some systems use for "no end", is returned unchanged.
    """
    if last is None:
        return None
    midnight = last.replace(hour=0, minute=0, second=0, microsecond=0)
    return last if midnight.date() == date.max else midnight + timedelta(days=1)


COLUMNS = tuple(focus_columns())
"""The names of the columns of version 1.2, in order."""
