"""Flat, typed rows for spreadsheets, data frames and warehouses.

::

    with fastly.ApiClient() as api_client:
        invoices = BillingInvoicesApi(api_client).iter_invoices()
        writer.writerows(invoice_rows(invoices))

Each row is a dict; `fastly.tables` makes tables of them for data frames and databases. The names
and the order of the columns are part of the public interface: new columns are added at the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Context, Decimal
from functools import reduce
from typing import TypedDict, cast

from fastly._models.schema import json_schema
from fastly._months import in_utc, month_of
from fastly._text import shown
from fastly.exceptions import ApiTypeError
from fastly.model.arc_usage_metric import ArcUsageMetric
from fastly.model.historical_usage_month_response import HistoricalUsageMonthResponse
from fastly.model.historical_usage_month_response_data import HistoricalUsageMonthResponseData
from fastly.model.invoice import Invoice
from fastly.model.invoicelineitems import Invoicelineitems
from fastly.model.list_eom_invoices_response import ListEomInvoicesResponse
from fastly.model.mtd_invoice_response import MtdInvoiceResponse
from fastly.model.mtdlineitems import Mtdlineitems
from fastly.model.serviceusagemetrics_data import ServiceusagemetricsData
from fastly.model.usagemetric import Usagemetric

__all__ = [
    "AiUsageRow",
    "BillableUsageRow",
    "InvoiceRow",
    "ServiceUsageRow",
    "UsageRow",
    "ai_usage_rows",
    "billable_usage_rows",
    "cent",
    "coupon",
    "exact",
    "exact_sum",
    "invoice_rows",
    "json_schema",
    "month_of",
    "service_usage_rows",
    "tolerance",
    "usage_rows",
]

Bill = Invoice | MtdInvoiceResponse

# Digits for the exact sum of any floats; Python's default context rounds to 28.
_EXACT = Context(prec=700)
# The currencies of ISO 4217 whose amounts do not have two decimals.
_DECIMALS: dict[str, int] = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF"), 0),
    **dict.fromkeys(("UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}


class InvoiceRow(TypedDict):
    """One line of an invoice, with the columns of its invoice.

    Money is in `currency_code`, times are in UTC. `invoice_id` and `line_number` are a key.
    """

    customer_id: str | None
    invoice_id: str | None
    statement_number: str | None
    payment_status: str | None
    currency_code: str | None
    invoice_posted_on: datetime | None
    billing_start_date: datetime | None
    billing_end_date: datetime | None
    monthly_transaction_amount: Decimal | None
    line_number: int
    description: str | None
    product_line: str | None
    product_group: str | None
    product_name: str | None
    region: str | None
    usage_type: str | None
    credit_coupon_code: str | None
    units: Decimal | None
    rate: Decimal | None
    amount: Decimal | None


class UsageRow(TypedDict):
    """The usage of one product in one region and month."""

    month: str | None
    product_id: str | None
    name: str | None
    usage_type: str | None
    region: str | None
    unit: str | None
    quantity: Decimal | None
    raw_quantity: Decimal | None
    last_updated_at: str | None


class ServiceUsageRow(TypedDict):
    """The usage of one service, of one usage type and period."""

    customer_id: str | None
    start_time: datetime | None
    end_time: datetime | None
    usage_type: str | None
    unit: str | None
    service_id: str | None
    service_name: str | None
    usage_units: Decimal | None


class BillableUsageRow(TypedDict):
    """The traffic of one service in one region and month, in the units of invoices.

    `bandwidth` is in GB of 10^9 bytes; `requests` and `compute_requests` are in units of 10,000.
    """

    month: str
    customer_id: str | None
    service_id: str
    service_name: str | None
    region: str
    bandwidth: Decimal | None
    requests: Decimal | None
    compute_requests: Decimal | None


class AiUsageRow(TypedDict):
    """The usage of AI Runtime Control of one kind, by day or hour, key, provider and model."""

    date: str | None
    usage_type: str | None
    quantity: int | None
    virtual_key_id: str | None
    virtual_key_name: str | None
    provider: str | None
    model: str | None
    primary_provider: str | None
    provider_connection_id: str | None


def invoice_rows(
    invoices: Bill | ListEomInvoicesResponse | Iterable[Bill | None],
) -> Iterator[InvoiceRow]:
    """Yield a row for each line of the invoices, in their order.

    Lines are numbered from 1. An invoice without lines becomes one row with the `line_number` 0,
    its total as the `amount`, and None in the other columns of a line. A month to date has None in
    the columns that it lacks.

    Args:
        invoices: An invoice, a month to date, a page of invoices, or an iterable of invoices and
            months to date, such as ``iter_invoices()``. None in a list is skipped.

    Yields:
        Rows with the columns `customer_id`, `invoice_id`, `statement_number`, `payment_status`,
        `currency_code`, `invoice_posted_on`, `billing_start_date`, `billing_end_date`,
        `monthly_transaction_amount`, `line_number`, `description`, `product_line`,
        `product_group`, `product_name`, `region`, `usage_type`, `credit_coupon_code`, `units`,
        `rate` and `amount`. Amounts are exact: they add up to `monthly_transaction_amount`
        whenever the amounts that the API sent do.

    Raises:
        ApiTypeError: `invoices` is something else, or yields something else.
    """
    return _invoice_rows(_listed(invoices))


def _listed(invoices: object) -> Iterable[object]:
    given = invoices
    if isinstance(invoices, (Invoice, MtdInvoiceResponse)):
        return [invoices]
    if isinstance(invoices, ListEomInvoicesResponse):
        return invoices.data or []
    if isinstance(invoices, Iterable) and not isinstance(invoices, (str, bytes, Mapping)):
        return cast("Iterable[object]", invoices)
    raise ApiTypeError(f"invoice_rows() takes invoices, a page of them or one, got {shown(given)}")


def _invoice_rows(invoices: Iterable[object]) -> Iterator[InvoiceRow]:
    for invoice in invoices:
        if isinstance(invoice, (Invoice, MtdInvoiceResponse)):
            yield from _rows_of(invoice)
        elif invoice is not None:
            raise ApiTypeError(f"invoice_rows() takes invoices, got {shown(invoice)}")


def _rows_of(invoice: Bill) -> Iterator[InvoiceRow]:
    lines = [line for line in invoice.transaction_line_items or () if line]
    if not lines:
        whole = Invoicelineitems()
        yield _invoice_row(invoice, 0, whole, invoice.monthly_transaction_amount)
    for number, line in enumerate(lines, 1):
        yield _invoice_row(invoice, number, line, line.amount)


def _invoice_row(
    invoice: Bill, number: int, line: Mtdlineitems, amount: float | None
) -> InvoiceRow:
    closed = invoice if isinstance(invoice, Invoice) else Invoice()
    return {
        "customer_id": invoice.customer_id,
        "invoice_id": invoice.invoice_id,
        "statement_number": closed.statement_number,
        "payment_status": closed.payment_status,
        "currency_code": closed.currency_code,
        "invoice_posted_on": _utc(closed.invoice_posted_on),
        "billing_start_date": _utc(invoice.billing_start_date),
        "billing_end_date": _utc(invoice.billing_end_date),
        "monthly_transaction_amount": _decimal(invoice.monthly_transaction_amount),
        "line_number": number,
        "description": line.description,
        "product_line": line.product_line,
        "product_group": line.product_group,
        "product_name": line.product_name,
        "region": line.region,
        "usage_type": line.usage_type,
        "credit_coupon_code": coupon(line),
        "units": _decimal(line.units),
        "rate": _decimal(line.rate),
        "amount": _decimal(amount),
    }


def _utc(time: datetime | None) -> datetime | None:
    return in_utc(time) if isinstance(time, datetime) else time


def coupon(line: Mtdlineitems) -> str | None:
    """Return the coupon of a line; the lines of a month to date have none."""
    return line.credit_coupon_code if isinstance(line, Invoicelineitems) else None


def usage_rows(metrics: Iterable[Usagemetric]) -> Iterator[UsageRow]:
    """Yield a row for each usage metric, such as ``iter_usage_metrics()`` yields them.

    Yields:
        Rows with the columns `month`, `product_id`, `name`, `usage_type`, `region`, `unit`,
        `quantity`, `raw_quantity` and `last_updated_at`.
    """
    for metric in metrics:
        yield {
            "month": metric.month,
            "product_id": metric.product_id,
            "name": metric.name,
            "usage_type": metric.usage_type,
            "region": metric.region,
            "unit": metric.unit,
            "quantity": _decimal(metric.quantity),
            "raw_quantity": _decimal(metric.raw_quantity),
            "last_updated_at": metric.last_updated_at,
        }


def service_usage_rows(blocks: Iterable[ServiceusagemetricsData]) -> Iterator[ServiceUsageRow]:
    """Yield a row for each service of the blocks, such as ``iter_service_level_usage()`` yields.

    A block without details, which the API sends if nothing matches, has no row.

    Yields:
        Rows with the columns `customer_id`, `start_time`, `end_time`, `usage_type`, `unit`,
        `service_id`, `service_name` and `usage_units`.
    """
    for block in blocks:
        for detail in block.details or ():
            if detail:
                yield {
                    "customer_id": detail.customer_id or block.customer_id,
                    "start_time": _utc(block.start_time),
                    "end_time": _utc(block.end_time),
                    "usage_type": block.usage_type,
                    "unit": block.unit,
                    "service_id": detail.service_id,
                    "service_name": detail.service_name,
                    "usage_units": _decimal(detail.usage_units),
                }


def billable_usage_rows(
    months: Iterable[tuple[str, HistoricalUsageMonthResponse]],
) -> Iterator[BillableUsageRow]:
    """Yield a row for each service and region of each month.

    Args:
        months: Pairs of a month, such as "2026-05", which is not in the response, and what
            ``get_usage_month(..., billable_units=True)`` returned for it.

    Yields:
        Rows with the columns `month`, `customer_id`, `service_id`, `service_name`, `region`,
        `bandwidth` (GB), `requests` and `compute_requests` (both in units of 10,000).
    """
    for month, usage in months:
        data = usage.data or HistoricalUsageMonthResponseData()
        for service_id, service in (data.services or {}).items():
            for region, traffic in (service.regions if service else {}).items():
                if traffic:
                    yield {
                        "month": month,
                        "customer_id": data.customer_id,
                        "service_id": service_id,
                        "service_name": service.name,
                        "region": region,
                        "bandwidth": _decimal(traffic.bandwidth),
                        "requests": _decimal(traffic.requests),
                        "compute_requests": _decimal(traffic.compute_requests),
                    }


def ai_usage_rows(metrics: Iterable[ArcUsageMetric]) -> Iterator[AiUsageRow]:
    """Yield a row for each metric, such as ``iter_arc_usage_metrics()`` yields them.

    Yields:
        Rows with the columns `date`, `usage_type`, `quantity`, `virtual_key_id`,
        `virtual_key_name`, `provider`, `model`, `primary_provider` and `provider_connection_id`.
    """
    for metric in metrics:
        yield {
            "date": metric.date,
            "usage_type": metric.usage_type,
            "quantity": metric.quantity,
            "virtual_key_id": metric.virtual_key_id,
            "virtual_key_name": metric.virtual_key_name,
            "provider": metric.provider,
            "model": metric.model,
            "primary_provider": metric.primary_provider,
            "provider_connection_id": metric.provider_connection_id,
        }


def exact(value: Decimal | float) -> Decimal:
    """Return a number as it was written: 0.1 is exactly that, not the nearest binary fraction."""
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)


def exact_sum(values: Iterable[Decimal | float | None]) -> Decimal:
    """Return the sum of numbers, each as it was written; None counts as 0.

    ``sum()`` rounds floats to 17 digits, and decimals to 28.
    """
    return reduce(_EXACT.add, (exact(x) for x in values if x is not None), Decimal(0))


def cent(currency_code: str | None) -> Decimal:
    """Return the smallest amount of a currency: 0.01, or 1 for yen; 0.01 if it is unknown."""
    return Decimal(1).scaleb(-_DECIMALS.get((currency_code or "").upper(), 2))


def tolerance(lines: int, currency_code: str | None) -> Decimal:
    """Return by how much the lines of a correct invoice can differ from its total.

    Fastly rounds amounts, so this is a cent of the currency for each line.
    """
    return lines * cent(currency_code)


def _decimal(value: float | None) -> Decimal | None:
    return None if value is None else exact(value)
