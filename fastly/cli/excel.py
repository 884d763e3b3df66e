"""Rows as the content of an Excel workbook: sheets of cells with types, and no formulas."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from functools import partial
from importlib import import_module
from typing import Any

from fastly._models.display import time_text
from fastly._months import month_of
from fastly.cli.export import Kind, columns_of
from fastly.cli.messages import CommandError
from fastly.rows import InvoiceRow, cent, exact_sum
from fastly.tables import MONEY, PRICES, valid_text

__all__ = ["excel_file"]

Row = Mapping[str, Any]
_Key = tuple[str | None, str | None, str | None]  # month, product group, currency
_MOST_ROWS = 1_048_575  # below the header
_LONGEST_TEXT = 32_767  # UTF-16 units
_NARROWEST, _WIDEST, _OF_NUMBER, _OF_TIME = 10, 40, 16, 20  # characters
_TOTALS: tuple[str, ...] = ("month", "product_group", "currency_code", "total")
_CUT = -2  # what XlsxWriter returns for a longer text
_log = logging.getLogger("fastly")


def excel_file(rows: Iterable[Row], kind: Kind) -> Iterator[bytes]:
    """Yield the content of a workbook with the rows of a kind; only a row at a time is in memory.

    The lines of invoices get a second sheet with their totals.

    Raises:
        CommandError: There are more rows than a sheet can have.
        OSError: The directory for temporary files is full.
    """
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        file = os.path.join(folder, "rows.xlsx")
        options = {"constant_memory": True, "tmpdir": folder, "use_zip64": True}
        workbook = import_module("xlsxwriter").Workbook(file, options)
        stack.callback(_close_sheets, workbook)
        _write_sheets(_Cells(workbook), rows, kind)
        _close(workbook)
        stream = stack.enter_context(open(file, "rb"))
        yield from iter(partial(stream.read, 1 << 20), b"")


def _close(workbook: Any) -> None:
    try:
        workbook.close()
    except import_module("xlsxwriter.exceptions").FileCreateError as error:
        raise error.args[0] from error  # the OSError in it, such as that of a full disk


def _close_sheets(workbook: Any) -> None:
    """Close the temporary files that a failure leaves open."""
    for sheet in workbook.worksheets():
        sheet.row_data_fh.close()


def _write_sheets(cells: _Cells, rows: Iterable[Row], kind: Kind) -> None:
    columns, totals = columns_of(kind), dict[_Key, Decimal | None]()
    cells.write_sheet("lines", _added(rows, totals) if kind is InvoiceRow else rows, columns)
    if kind is InvoiceRow:
        pairs = totals.items()
        sums = (dict(zip(_TOTALS, (*key, total), strict=True)) for key, total in pairs)
        cells.write_sheet("totals", sums, _TOTALS)
    cells.warn()


def _added(rows: Iterable[Row], totals: dict[_Key, Decimal | None]) -> Iterator[Row]:
    """Yield the lines of invoices, and add them up; without any amount, a total is unknown."""
    for row in rows:
        key = (month_of(row["billing_start_date"]), row["product_group"], row["currency_code"])
        total, amount = totals.get(key), row["amount"]
        totals[key] = total if amount is None else exact_sum([total, amount])
        yield row


def _set_up(sheet: Any) -> None:
    """Keep the header in sight, and on each printed page, which has all columns."""
    sheet.freeze_panes(1, 0)
    sheet.repeat_rows(0)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)


class _Cells:
    """Writes rows into sheets, and counts what Excel cannot keep."""

    def __init__(self, workbook: Any) -> None:
        self._workbook = workbook
        self._formats: dict[str, Any] = {}
        self._rounded = self._cut = 0

    def write_sheet(self, title: str, rows: Iterable[Row], columns: tuple[str, ...]) -> None:
        """Write a sheet with a header that stays in sight and filters."""
        sheet, last = self._workbook.add_worksheet(title), 0
        _set_up(sheet)
        for place, name in enumerate(columns):
            sheet.write_string(0, place, name, self._format(bold=True))
        widths = [max(_NARROWEST, len(name) + 3) for name in columns]  # with the filter's button
        for last, row in enumerate(rows, 1):
            if last > _MOST_ROWS:
                raise CommandError(
                    f"an Excel sheet has at most {_MOST_ROWS:,} rows, and there are more: use "
                    "--output FILE.parquet or .csv, or request fewer months"
                )
            for place, name in enumerate(columns):
                widths[place] = max(widths[place], self._write(sheet, (last, place), name, row))
        for place, width in enumerate(widths):
            sheet.set_column(place, place, width)
        sheet.autofilter(0, 0, last, len(columns) - 1)
        sheet.print_area(0, 0, last, len(columns) - 1)  # a long text would make it wider

    def _write(self, sheet: Any, place: tuple[int, int], name: str, row: Row) -> int:
        """Write a cell, and return its width."""
        value = row[name]
        if isinstance(value, (Decimal, int)):
            self._rounded += Decimal(f"{value:.15g}") != value
            form = self._number_format(name, row.get("currency_code") or row.get("BillingCurrency"))
            sheet.write_number(*place, float(value), form)
            return _OF_NUMBER
        if isinstance(value, datetime) and value.year >= 1900:  # where Excel's calendar begins
            time = value.replace(tzinfo=None)  # it has no zones
            sheet.write_datetime(*place, time, self._format(num_format="yyyy-mm-dd hh:mm:ss"))
            return _OF_TIME
        text = "" if value is None else _text(value)
        if value is not None:
            self._cut += sheet.write_string(*place, text) == _CUT
        return min(len(text), _WIDEST)

    def _number_format(self, name: str, currency_code: str | None) -> Any:
        is_price = name.endswith(PRICES)
        is_money = name.lower().endswith(MONEY)
        if not (is_price or is_money):
            return None
        decimals = -int(cent(currency_code).as_tuple().exponent)
        digits = "0" * decimals + "#" * (12 - decimals) * is_price
        # A code with other characters could end the format.
        code = currency_code if re.fullmatch("[A-Z]{3}", currency_code or "") else None
        start = f"[${code}] " if code else ""
        return self._format(num_format=f"{start}#,##0" + f".{digits}" * bool(digits))

    def _format(self, **properties: object) -> Any:
        key = str(properties)
        if key not in self._formats:
            self._formats[key] = self._workbook.add_format(properties)
        return self._formats[key]

    def warn(self) -> None:
        """Log what was lost."""
        digits, length = "15 digits of a number", f"{_LONGEST_TEXT:,} characters of a text"
        lost = [(digits, self._rounded, "rounded"), (length, self._cut, "truncated")]
        for limit, count, what in lost:
            if count:
                keep = "csv, jsonl and parquet keep all"
                _log.warning("Excel keeps %s: %s %s; %s", limit, f"{count:,}", what, keep)


def _text(value: object) -> str:
    """Return a text that stays one: XlsxWriter takes <r>...</r> for XML of its own."""
    text = time_text(value) if isinstance(value, datetime) else valid_text(str(value))
    return f"{text} " if text.startswith("<r>") and text.endswith("</r>") else text
