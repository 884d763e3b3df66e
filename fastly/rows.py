"""Flat, typed rows for spreadsheets, data frames and warehouses.

::

    with fastly.ApiClient() as api_client:
        invoices = BillingInvoicesApi(api_client).iter_invoices()
        writer.writerows(invoice_rows(invoices))

Each row is a dict; `fastly.tables` makes tables of them for data frames and databases. The names
and the order of the columns are part of the public interface: new columns are added at the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from itertools import chain
from typing import TypedDict

from fastly._items import items_of
from fastly._models.schema import json_schema
from fastly._money import cent, exact, exact_sum, tolerance
from fastly._months import in_utc, month_of
from fastly.exceptions import ApiTypeError
from fastly.model.arc_usage_metric import ArcUsageMetric
from fastly.model.arc_usage_metrics_response import ArcUsageMetricsResponse
from fastly.model.historical_usage_month_response import HistoricalUsageMonthResponse
from fastly.model.historical_usage_month_response_data import HistoricalUsageMonthResponseData
from fastly.model.invoice import Invoice
from fastly.model.invoicelineitems import Invoicelineitems
from fastly.model.list_eom_invoices_response import ListEomInvoicesResponse
from fastly.model.mtd_invoice_response import MtdInvoiceResponse
from fastly.model.mtdlineitems import Mtdlineitems
from fastly.model.serviceusagemetrics import Serviceusagemetrics
from fastly.model.serviceusagemetrics_data import ServiceusagemetricsData
from fastly.model.usagemetric import Usagemetric
from fastly.model.usagemetrics import Usagemetrics

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
    rule = "invoice_rows() takes what iter_invoices() yields, or its pages"
    kinds, pages = (Invoice, MtdInvoiceResponse), ListEomInvoicesResponse
    found: Iterator[Bill] = items_of(invoices, kinds, pages, lambda page: page.data, rule)
    return chain.from_iterable(map(_rows_of, found))


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


def usage_rows(metrics: Usagemetrics | Iterable[Usagemetric]) -> Iterator[UsageRow]:
    """Yield a row for each usage metric of what ``iter_usage_metrics()`` yields, or of a page.

    Yields:
        Rows with the columns `month`, `product_id`, `name`, `usage_type`, `region`, `unit`,
        `quantity`, `raw_quantity` and `last_updated_at`.

    Raises:
        ApiTypeError: `metrics` is something else.
    """
    rule = "usage_rows() takes what iter_usage_metrics() yields, or its pages"
    for metric in items_of(metrics, (Usagemetric,), Usagemetrics, lambda page: page.data, rule):
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


def service_usage_rows(
    blocks: Serviceusagemetrics | Iterable[ServiceusagemetricsData],
) -> Iterator[ServiceUsageRow]:
    """Yield a row for each service of what ``iter_service_level_usage()`` yields, or of a page.

    A block without details, which the API sends if nothing matches, has no row.

    Yields:
        Rows with the columns `customer_id`, `start_time`, `end_time`, `usage_type`, `unit`,
        `service_id`, `service_name` and `usage_units`.

    Raises:
        ApiTypeError: `blocks` is something else.
    """
    rule = "service_usage_rows() takes what iter_service_level_usage() yields, or its pages"
    kinds, pages = (ServiceusagemetricsData,), Serviceusagemetrics
    for block in items_of(blocks, kinds, pages, lambda page: page.blocks, rule):
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

    Raises:
        ApiTypeError: `months` is a month's usage without the month.
    """
    if isinstance(months, HistoricalUsageMonthResponse):
        raise ApiTypeError('billable_usage_rows() takes pairs, such as [("2026-05", usage)]')
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


def ai_usage_rows(
    metrics: ArcUsageMetricsResponse | Iterable[ArcUsageMetric],
) -> Iterator[AiUsageRow]:
    """Yield a row for each metric of what ``iter_arc_usage_metrics()`` yields, or of a page.

    Yields:
        Rows with the columns `date`, `usage_type`, `quantity`, `virtual_key_id`,
        `virtual_key_name`, `provider`, `model`, `primary_provider` and `provider_connection_id`.

    Raises:
        ApiTypeError: `metrics` is something else.
    """
    rule = "ai_usage_rows() takes what iter_arc_usage_metrics() yields, or its pages"
    kinds, pages = (ArcUsageMetric,), ArcUsageMetricsResponse
    for metric in items_of(metrics, kinds, pages, lambda page: page.data, rule):
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


def _decimal(value: float | None) -> Decimal | None:
    return None if value is None else exact(value)
