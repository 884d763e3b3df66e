"""The types of the operations' arguments: which values they accept, and how they are sent.

Each is an ``Annotated`` type that carries its check: ``check(name, value)`` returns the text to
send, or raises ``ApiTypeError`` or ``ApiValueError``.
"""

from __future__ import annotations

import datetime
import operator
import re
from collections.abc import Callable
from typing import Annotated, SupportsIndex, cast

from fastly._text import shown
from fastly.exceptions import ApiTypeError, ApiValueError

__all__ = [
    "Check",
    "Count",
    "Cursor",
    "CustomerId",
    "Day",
    "InvoiceId",
    "Month",
    "MonthOfYear",
    "Text",
    "Year",
    "as_text",
    "check_cursor",
    "check_month_of_year",
]

Check = Callable[[str, object], str]

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MONTH_OF_YEAR = re.compile(r"[1-9][0-9]{3}-(?:0[1-9]|1[0-2])")
_MONTH = re.compile(r"0?[1-9]|1[0-2]")
_YEAR = re.compile(r"[1-9][0-9]{3}")
_COUNT = re.compile(r"[1-9][0-9]{0,17}")
_PRINTABLE_ASCII = re.compile(r"[ -~]+")
_DIGITS = 100  # digits of a number at most; Python itself refuses to write 5,000


def as_text(name: str, value: object) -> str:
    """Write an argument as text, without checking it further."""
    if isinstance(value, str):
        return str.__str__(value)  # even if a subclass of str converts to other text
    number = _index(value)
    if number is not None:
        if abs(number) >= 10**_DIGITS:
            raise ApiValueError(f"{name} must have at most {_DIGITS} digits")
        return str(number)
    return str(value)


def _index(value: object) -> int | None:
    """Return a value that counts as an integer as an int, else None.

    Classes and numpy's arrays have ``__index__`` too, and do not count.
    """
    try:
        return operator.index(cast("SupportsIndex", value))
    except TypeError:
        return None


def _text_or_number(name: str, value: object) -> str:
    """Accept text or anything that counts as an integer, such as numpy's, but not a bool."""
    if isinstance(value, bool) or not (isinstance(value, str) or _index(value) is not None):
        raise ApiTypeError(f"{name} must be text or a whole number, got {shown(value)}")
    return as_text(name, value)


def _check_month(name: str, value: object) -> str:
    text = _text_or_number(name, value)
    if not _MONTH.fullmatch(text):
        raise ApiValueError(
            f"{name} must be 1 to 12, such as '05', '5' or 5, got {shown(value)}; "
            "the year comes after the month"
        )
    return text.zfill(2)


def _check_year(name: str, value: object) -> str:
    text = _text_or_number(name, value)
    if not _YEAR.fullmatch(text):
        raise ApiValueError(f"{name} must have four digits, such as '2020', got {shown(value)}")
    return text


def _check_count(name: str, value: object) -> str:
    text = _text_or_number(name, value)
    if not _COUNT.fullmatch(text):
        raise ApiValueError(f"{name} must be a whole number of 1 or more, got {shown(value)}")
    return text


def _check_text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise ApiTypeError(f"{name} must be text, got {type(value).__name__}")
    text = as_text(name, value)
    if not _PRINTABLE_ASCII.fullmatch(text):
        raise ApiValueError(f"{name} must be printable ASCII text, got {shown(text)}")
    return text


def check_cursor(name: str, value: object) -> str:
    """Check a cursor; the API takes an empty one for the first page."""
    return "" if isinstance(value, str) and not value else _check_text(name, value)


def _check_day(name: str, value: object) -> str:
    text = _date_as_text(name, value, _DAY, "day", "2026-05-01")
    try:
        return datetime.date.fromisoformat(text).isoformat()
    except ValueError:
        raise ApiValueError(f"{name} must be a day that exists, got {shown(text)}") from None


def check_month_of_year(name: str, value: object) -> str:
    """Check a month such as "2026-07", or a date in it, and return it as text."""
    return _date_as_text(name, value, _MONTH_OF_YEAR, "month", "2026-07")


def _date_as_text(name: str, value: object, form: re.Pattern[str], kind: str, one: str) -> str:
    """Return a date, or text in the same form as an example, as text of that length."""
    text = value.isoformat()[: len(one)] if isinstance(value, datetime.date) else value
    if not isinstance(text, str):
        raise ApiTypeError(f"{name} must be a date or text such as {one!r}, got {shown(text)}")
    if not form.fullmatch(text):
        raise ApiValueError(f"{name} must be a {kind} such as {one!r}, got {shown(text)}")
    return as_text(name, text)


def _check_id(name: str, value: object) -> str:
    """Check an ID. The operation checks that it cannot leave its place in the path."""
    if not isinstance(value, str):
        raise ApiTypeError(f"{name} must be text, got {type(value).__name__}")
    return as_text(name, value)


def _check_invoice_id(name: str, value: object) -> str:
    text = _text_or_number(name, value)
    if text == "month-to-date":  # its path is that of another operation
        raise ApiValueError(f"{name} must be an ID: use get_month_to_date_invoice()")
    return text


Month = Annotated[str | int, _check_month]
Year = Annotated[str | int, _check_year]
MonthOfYear = Annotated[str | datetime.date, check_month_of_year]
Day = Annotated[str | datetime.date, _check_day]
Count = Annotated[str | int, _check_count]
Text = Annotated[str, _check_text]
Cursor = Annotated[str, check_cursor]
CustomerId = Annotated[str, _check_id]
InvoiceId = Annotated[str | int, _check_invoice_id]
