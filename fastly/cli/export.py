"""Rows and models as the text of a file: CSV, JSON lines, a JSON list."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from fastly._models import Model
from fastly._models.display import time_text

__all__ = ["CsvStyle", "Kind", "columns_of", "csv_text", "json_lines", "json_list", "json_rows"]

Row = Mapping[str, object]
Kind = type | Mapping[str, type]  # of rows: a TypedDict, or the types of its columns
# A spreadsheet takes a cell that starts so for a formula, which can send data to other hosts; the
# last four are the wide characters of Japanese keyboards.
_START = r"[=+@\-\uff1d\uff0b\uff0d\uff20]"
# In many countries it separates cells at ";". Then a cell can also begin within a text, or after a
# line break in one, and quotes are not part of it.
_FORMULA = re.compile(rf'^(?=[\t\r]| *{_START})|(?<=[;|\t\r\n])(?=[ "]*{_START})')
_LIKE_THOUSANDS = re.compile(r"-?\d+\.\d{3}")


class CsvStyle(NamedTuple):
    """How CSV is written."""

    excel: bool = False  # so that spreadsheets read accents and times
    guard: bool = True  # with an apostrophe before what they would take for a formula


USUAL_CSV = CsvStyle()


def columns_of(kind: Kind) -> tuple[str, ...]:
    """Return the names of the columns of a kind of row."""
    return tuple(kind if isinstance(kind, Mapping) else kind.__annotations__)


def csv_text(
    rows: Iterable[Row], columns: Sequence[str], style: CsvStyle = USUAL_CSV
) -> Iterator[str]:
    """Yield lines of CSV with a header, for spreadsheets and for programs.

    Text that a spreadsheet would take for a formula starts with an apostrophe; numbers do not.
    """
    if style.excel:
        yield "\ufeff"  # without it, Excel does not read the file as UTF-8
    yield _csv_line(columns)
    for row in rows:
        yield _csv_line(_cell(row[name], style) for name in columns)


def _csv_line(cells: Iterable[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)  # with CR LF, as RFC 4180 has it
    return line.getvalue()


def _cell(value: object, style: CsvStyle) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return (
            value.isoformat(" ", "seconds").partition("+")[0] if style.excel else time_text(value)
        )
    if isinstance(value, Decimal):
        number = f"{value:f}"
        # Where the point separates thousands, LibreOffice reads 5705.362 as 5705362 (measured).
        return f"{number}0" if _LIKE_THOUSANDS.fullmatch(number) else number
    is_guarded = style.guard and isinstance(value, str)
    return _FORMULA.sub("'", str(value)) if is_guarded else str(value)


def json_lines(rows: Iterable[Row]) -> Iterator[str]:
    """Yield a line of JSON for each row; amounts are numbers with all their digits."""
    for row in rows:
        plain = {name: _plain(value) for name, value in row.items()}
        yield json.dumps(plain, ensure_ascii=False) + "\n"


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return time_text(value)
    if not isinstance(value, Decimal):
        return value
    number = float(value)
    if Decimal(repr(number)) == value:
        return number
    return int(value) if value == value.to_integral_value() else str(value)


def json_rows(rows: Iterable[Row]) -> Iterator[str]:
    """Yield a JSON list with an object for each row."""
    return _json_list(line.rstrip("\n") for line in json_lines(rows))


def json_list(models: Iterable[Model]) -> Iterator[str]:
    """Yield a JSON list of models, with all fields that the API sent."""
    return _json_list(model.to_str() for model in models)


def _json_list(objects: Iterable[str]) -> Iterator[str]:
    start = "[\n"
    for item in objects:
        yield start + item
        start = ",\n"
    yield "[]\n" if start == "[\n" else "\n]\n"
