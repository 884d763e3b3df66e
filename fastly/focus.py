"""Rows of FOCUS, the FinOps Open Cost and Usage Specification (https://focus.finops.org).

The columns are those of version 1.0, and those of 1.2 that the API has data for. The validator of
1.0 expects four columns under their preview names, so these are present under both names.
Columns of Fastly's own start with ``x_``. ``docs/command-line.md`` lists every mapping.

Assumptions, because the API does not say:

* Every line covers the whole billing period.
* A negative line, or one with a coupon, is a credit. A line with a usage type is usage. Any other
  line with an amount is a recurring purchase.
* Prices are contracted prices. The API has no list prices, so ``ListCost`` is the billed cost.
* Lines have no SKU; the product name takes its place. Quantities are in "Units", whatever the
  product counts.
* The service category follows from words in the names of the product's group and line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal

from fastly.model.invoice import Invoice
from fastly.model.list_eom_invoices_response import ListEomInvoicesResponse
from fastly.rows import InvoiceRow, invoice_rows

__all__ = ["COLUMNS", "FocusRow", "focus_rows"]

FocusRow = dict[str, str | int | Decimal | datetime | None]

_PROVIDER = "Fastly"
_FREQUENCIES = {"Usage": "Usage-Based", "Purchase": "Recurring"}
_NETWORKING = ("Networking", "Content Delivery")
# Starts of words in a product's group or line, and the category and subcategory they stand for.
_SERVICES = {
    "compute": ("Compute", "Serverless Compute"),
    "tls": ("Security", "Other (Security)"),
    "security": ("Security", "Other (Security)"),
    "waf": ("Security", "Other (Security)"),
    "ddos": ("Security", "Other (Security)"),
    "bot": ("Security", "Other (Security)"),
    "image": ("Media", "Other (Media)"),
    "stream": ("Media", "Other (Media)"),
}


def focus_rows(
    invoices: Invoice | ListEomInvoicesResponse | Iterable[Invoice | None],
) -> Iterator[FocusRow]:
    """Yield a FOCUS row for each line of the invoices, in their order.

    An invoice without lines becomes one row with its total, in the category "Adjustment".

    Args:
        invoices: An invoice, a page of invoices, or an iterable such as ``iter_invoices()``.

    Yields:
        Dicts with the same columns in the same order. The `BilledCost` of an invoice's rows adds up
        to its total whenever its lines do. Times are in UTC.

    Raises:
        ApiTypeError: `invoices` is something else.
    """
    return map(_focus_row, invoice_rows(invoices))


def _focus_row(row: InvoiceRow) -> FocusRow:
    category, units, cost = _category(row), row["units"], row["amount"]
    service, subcategory = _service(row)
    start, end = row["billing_start_date"], _day_after(row["billing_end_date"])
    unit = None if units is None else "Units"
    is_usage, sku = category == "Usage", row["product_name"] or row["description"]
    region = row["region"] or None
    return {
        "AvailabilityZone": None,
        "BilledCost": cost,
        "BillingAccountId": row["customer_id"],
        "BillingAccountName": None,
        "BillingCurrency": row["currency_code"],
        "BillingPeriodEnd": end,
        "BillingPeriodStart": start,
        "ChargeCategory": category,
        "ChargeClass": None,
        "ChargeDescription": row["description"],
        "ChargeFrequency": _FREQUENCIES.get(category, "One-Time"),
        "ChargePeriodEnd": end,
        "ChargePeriodStart": start,
        "CommitmentDiscountCategory": None,
        "CommitmentDiscountId": None,
        "CommitmentDiscountName": None,
        "CommitmentDiscountStatus": None,
        "CommitmentDiscountType": None,
        "ConsumedQuantity": units if is_usage else None,
        "ConsumedUnit": unit if is_usage else None,
        "ContractedCost": cost,
        "ContractedUnitPrice": row["rate"],
        "EffectiveCost": cost,
        "InvoiceId": row["invoice_id"],
        "InvoiceIssuer": _PROVIDER,
        "InvoiceIssuerName": _PROVIDER,
        "ListCost": cost,
        "ListUnitPrice": None,
        "PricingCategory": "Standard" if units is not None else None,
        "PricingQuantity": units,
        "PricingUnit": unit,
        "Provider": _PROVIDER,
        "ProviderName": _PROVIDER,
        "Publisher": _PROVIDER,
        "PublisherName": _PROVIDER,
        "RegionId": region,
        "RegionName": region,
        "ResourceID": None,
        "ResourceId": None,
        "ResourceName": None,
        "ResourceType": None,
        "ServiceCategory": service,
        "ServiceName": row["product_group"] or row["product_line"] or _PROVIDER,
        "ServiceSubcategory": subcategory,
        "SkuId": sku,
        "SkuPriceId": sku,
        "SubAccountId": None,
        "SubAccountName": None,
        "Tags": None,
        "x_CreditCouponCode": row["credit_coupon_code"] or None,
        "x_InvoicePostedOn": row["invoice_posted_on"],
        "x_InvoiceTotal": row["monthly_transaction_amount"],
        "x_LineNumber": row["line_number"],
        "x_PaymentStatus": row["payment_status"],
        "x_ProductLine": row["product_line"],
        "x_StatementNumber": row["statement_number"],
        "x_UsageType": row["usage_type"] or None,
    }


def _category(row: InvoiceRow) -> str:
    if row["line_number"] == 0:
        return "Adjustment"
    if row["credit_coupon_code"] or (row["amount"] or 0) < 0:
        return "Credit"
    return "Usage" if row["usage_type"] else "Purchase"


def _service(row: InvoiceRow) -> tuple[str, str]:
    words = f"{row['product_group']} {row['product_line']}".lower().split()
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


COLUMNS = tuple(next(focus_rows([Invoice()])))
"""The names of the columns, in order."""
