"""Rows as Arrow tables, with one schema for each kind of row, for what reads Parquet or Arrow.

::

    with fastly.ApiClient() as api_client:
        table = invoice_table(BillingInvoicesApi(api_client).iter_invoices())
    pyarrow.parquet.write_table(table, "invoices.parquet")

They need ``pip install "fastly-billing[arrow]"``. pandas, polars and DuckDB take the tables as they
are. Given rows, these libraries guess the types from the first ones, and round or refuse what comes
later. Here, text is text, numbers are ``decimal128(38, 12)``, times are ``timestamp("us", "UTC")``
and counts are ``int64``, whatever the rows contain, also if there are none.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Context, Decimal, InvalidOperation
from importlib import import_module
from itertools import chain, islice
from typing import Any, TypeAlias, get_args, get_type_hints

from fastly.exceptions import ApiTypeError, ApiValueError
from fastly.focus import FocusVersion, focus_columns, focus_rows
from fastly.model.arc_usage_metric import ArcUsageMetric
from fastly.model.arc_usage_metrics_response import ArcUsageMetricsResponse
from fastly.model.historical_usage_month_response import HistoricalUsageMonthResponse
from fastly.model.invoice import Invoice
from fastly.model.list_eom_invoices_response import ListEomInvoicesResponse
from fastly.model.mtd_invoice_response import MtdInvoiceResponse
from fastly.model.serviceusagemetrics import Serviceusagemetrics
from fastly.model.serviceusagemetrics_data import ServiceusagemetricsData
from fastly.model.usagemetric import Usagemetric
from fastly.model.usagemetrics import Usagemetrics
from fastly.rows import (
    AiUsageRow,
    BillableUsageRow,
    InvoiceRow,
    ServiceUsageRow,
    UsageRow,
    ai_usage_rows,
    billable_usage_rows,
    invoice_rows,
    service_usage_rows,
    usage_rows,
)

__all__ = [
    "ai_usage_table",
    "billable_usage_table",
    "focus_table",
    "invoice_table",
    "service_usage_table",
    "usage_table",
]

Table: TypeAlias = Any  # a pyarrow.Table; pyarrow has no types, and need not be installed
Columns = Mapping[str, type]
Bill = Invoice | MtdInvoiceResponse

_log = logging.getLogger("fastly")
_BATCH = 10_000  # rows, which take about 20 MB as dicts
_DIGITS, _DECIMALS = 38, 12
_SMALLEST = Decimal(1).scaleb(-_DECIMALS)
_FITS = Context(prec=_DIGITS)
# How the names of columns with money, and with prices of a unit, end. The others are quantities.
_OF_FORECASTS = ("low", "high", "fixed", "usage", "credits", "taxes", "certificates", "minimum")
MONEY, PRICES = ("amount", "cost", "total", *_OF_FORECASTS), ("rate", "UnitPrice")


def invoice_table(invoices: Bill | ListEomInvoicesResponse | Iterable[Bill | None]) -> Table:
    """Return the table of what `invoice_rows` yields.

    Args:
        invoices: An invoice, a month to date, a page of invoices, or an iterable of invoices and
            months to date, such as ``iter_invoices()``.

    Returns:
        A ``pyarrow.Table`` with the columns of `InvoiceRow`. `units` and `rate` with more than 12
        decimals are rounded, and the logger ``fastly`` warns how many.

    Raises:
        ApiTypeError: `invoices` is something else.
        ApiValueError: An amount has more than 12 decimals, or a number more than 26 digits before
            the point.
        ModuleNotFoundError: pyarrow is not installed.
    """
    return _table(invoice_rows(invoices), InvoiceRow)


def usage_table(metrics: Usagemetrics | Iterable[Usagemetric]) -> Table:
    """Return the table of what `usage_rows` yields, as `invoice_table` does."""
    return _table(usage_rows(metrics), UsageRow)


def service_usage_table(
    blocks: Serviceusagemetrics | Iterable[ServiceusagemetricsData],
) -> Table:
    """Return the table of what `service_usage_rows` yields, as `invoice_table` does."""
    return _table(service_usage_rows(blocks), ServiceUsageRow)


def billable_usage_table(months: Iterable[tuple[str, HistoricalUsageMonthResponse]]) -> Table:
    """Return the table of what `billable_usage_rows` yields, as `invoice_table` does."""
    return _table(billable_usage_rows(months), BillableUsageRow)


def ai_usage_table(metrics: ArcUsageMetricsResponse | Iterable[ArcUsageMetric]) -> Table:
    """Return the table of what `ai_usage_rows` yields, as `invoice_table` does."""
    return _table(ai_usage_rows(metrics), AiUsageRow)


def focus_table(
    invoices: Invoice | ListEomInvoicesResponse | Iterable[Invoice | None],
    version: FocusVersion = "1.2",
    *,
    account_name: str | None = None,
    issuer: str = "Fastly",
) -> Table:
    """Return the table of what `focus_rows` yields, as `invoice_table` does."""
    rows = focus_rows(invoices, version, account_name=account_name, issuer=issuer)
    return _table(rows, focus_columns(version))


def _table(rows: Iterable[Mapping[str, object]], kind: type | Columns) -> Table:
    return _pyarrow().concat_tables(batches(rows, kind))


def batches(rows: Iterable[Mapping[str, object]], kind: type | Columns) -> Iterator[Table]:
    """Yield tables of up to 10,000 rows, at least one; all have the schema of that kind of row."""
    types, rest, rounded = _types(kind), iter(rows), 0
    schema = _schema(types)
    none = list[Mapping[str, object]]()
    lists = iter(lambda: list(islice(rest, _BATCH)), none)
    for some in chain([next(lists, none)], lists):
        columns = {name: [row[name] for row in some] for name in types}
        rounded += sum(_fit(columns, name) for name in types if types[name] is Decimal)
        yield _one_table(columns, types, schema)
    if rounded:
        _log.warning("quantities and rates rounded to %s decimals: %s", _DECIMALS, f"{rounded:,}")


def _types(kind: type | Columns) -> Columns:
    """Return the types of the columns of a kind of row, all of which may be None."""
    if isinstance(kind, Mapping):
        return kind
    hints = get_type_hints(kind).items()
    return {name: next(iter(get_args(hint)), hint) for name, hint in hints}


def _schema(types: Columns) -> Any:
    arrow = _pyarrow()
    arrow_types = {
        str: arrow.string(),
        int: arrow.int64(),
        datetime: arrow.timestamp("us", "UTC"),
        Decimal: arrow.decimal128(_DIGITS, _DECIMALS),
    }
    return arrow.schema([(name, arrow_types[kind]) for name, kind in types.items()])


def _fit(columns: dict[str, list[Any]], name: str) -> int:
    """Give the numbers of a column 12 decimals, and return how many of them were rounded."""
    given = columns[name]
    columns[name] = fitted = [x if x is None else _fitted(x, name) for x in given]
    return sum(a != b for a, b in zip(given, fitted, strict=True))


def _fitted(number: Decimal, name: str) -> Decimal:
    is_money = name.lower().endswith(MONEY)
    try:
        fitted = number.quantize(_SMALLEST, context=_FITS)
    except InvalidOperation:
        fitted = None
    if fitted is None or (is_money and fitted != number):
        raise ApiValueError(
            f"{name} must fit decimal({_DIGITS}, {_DECIMALS}) exactly, got {number}: use rows, "
            "csv or jsonl, which keep any number"
        )
    return fitted


def _one_table(columns: dict[str, list[Any]], types: Columns, schema: Any) -> Table:
    arrow = _pyarrow()
    for name in types:
        if types[name] is str:
            columns[name] = [valid_text(text) for text in columns[name]]
    try:
        return arrow.table(columns, schema)
    except (TypeError, OverflowError, arrow.ArrowException) as error:
        # Counts above 2^63, and what _check_return_type=False lets through.
        raise ApiTypeError(f"the rows have values of other types: {error}") from error


def valid_text(text: Any) -> Any:
    """Replace halves of surrogate pairs, which UTF-8 cannot represent."""
    is_valid = not isinstance(text, str) or text.isascii()
    return text if is_valid else text.encode("utf-8", "replace").decode()


def _pyarrow() -> Any:
    try:
        return import_module("pyarrow")
    except ModuleNotFoundError as error:
        hint = "fastly.tables needs pyarrow: pip install 'fastly-billing[arrow]'"
        raise ModuleNotFoundError(hint, name="pyarrow") from error
