"""The types of the operations' arguments: which values they accept, and how they are sent.

Each is an ``Annotated`` type that carries its check: ``check(name, value)`` returns the text to
send, or raises ``ApiTypeError`` or ``ApiValueError``.
"""

from __future__ import annotations

import datetime
import json
import math
import operator
import re
from collections.abc import Callable, Mapping
from typing import Annotated, SupportsIndex, cast

from fastly._models import Model
from fastly._models.reading import time_from_text
from fastly._months import is_month
from fastly._text import shown
from fastly.configuration.checks import check_flag
from fastly.exceptions import ApiTypeError, ApiValueError

__all__ = [
    "Body",
    "Check",
    "Count",
    "Cursor",
    "CustomerId",
    "Day",
    "Flag",
    "InvoiceId",
    "Month",
    "MonthNumber",
    "MonthOfYear",
    "Rule",
    "Text",
    "Time",
    "TimeOrText",
    "Year",
    "as_text",
    "check_cursor",
    "check_month_of_year",
    "from_before_to",
    "one_of",
    "year_with_month",
]

Check = Callable[[str, object], str]
Rule = Callable[[Mapping[str, str]], None]  # checks the arguments of a call, as written, together

# Compiled when they are first used: compiling takes a fifth of the time of the import.
_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_MONTH = r"0?[1-9]|1[0-2]"
_YEAR = r"[1-9][0-9]{3}"
_COUNT = r"[1-9][0-9]{0,17}"
_EPOCH = r"-?[0-9]{1,15}"
_PRINTABLE_ASCII = r"[ -~]+"
_DIGITS = 100  # digits of a number at most; Python itself refuses to write 5,000


def as_text(name: str, value: object) -> str:
    """Write an argument as text, without checking it further."""
    if isinstance(value, str):
        return str.__str__(value)  # even if a subclass of str converts to other text
    if isinstance(value, bool):
        return "true" if value else "false"
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


def _check_month(name: str, value: object, hint: str = "; the year comes after the month") -> str:
    text = _text_or_number(name, value)
    if not re.fullmatch(_MONTH, text):
        raise ApiValueError(
            f"{name} must be 1 to 12, such as '05', '5' or 5, got {shown(value)}{hint}"
        )
    return text.zfill(2)


def _check_month_number(name: str, value: object) -> str:
    return _check_month(name, value, hint="")


def _check_year(name: str, value: object) -> str:
    text = _text_or_number(name, value)
    if not re.fullmatch(_YEAR, text):
        raise ApiValueError(f"{name} must have four digits, such as '2020', got {shown(value)}")
    return text


def _check_count(name: str, value: object) -> str:
    text = _text_or_number(name, value)
    if not re.fullmatch(_COUNT, text):
        raise ApiValueError(f"{name} must be a whole number of 1 or more, got {shown(value)}")
    return text


def _check_text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise ApiTypeError(f"{name} must be text, got {type(value).__name__}")
    text = as_text(name, value)
    if not re.fullmatch(_PRINTABLE_ASCII, text):
        raise ApiValueError(f"{name} must be printable ASCII text, got {shown(text)}")
    return text


def check_cursor(name: str, value: object) -> str:
    """Check a cursor; the API takes an empty one for the first page."""
    return "" if isinstance(value, str) and not value else _check_text(name, value)


def _check_day(name: str, value: object) -> str:
    text = _date_as_text(name, value, "2026-05-01")
    if not re.fullmatch(_DAY, text):
        raise ApiValueError(f"{name} must be a day such as '2026-05-01', got {shown(text)}")
    try:
        return datetime.date.fromisoformat(text).isoformat()
    except ValueError:
        raise ApiValueError(f"{name} must be a day that exists, got {shown(text)}") from None


def check_month_of_year(name: str, value: object) -> str:
    """Check a month such as "2026-07", or a date in it, and return it as text."""
    text = _date_as_text(name, value, "2026-07")
    if not is_month(text):
        raise ApiValueError(f"{name} must be a month such as '2026-07', got {shown(text)}")
    return text


def _date_as_text(name: str, value: object, one: str) -> str:
    """Return a date as text of the form of an example, and text as it is."""
    text = value.isoformat()[: len(one)] if isinstance(value, datetime.date) else value
    if not isinstance(text, str):
        raise ApiTypeError(f"{name} must be a date or text such as {one!r}, got {shown(text)}")
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


def _check_flag(name: str, value: object) -> str:
    return as_text(name, check_flag(name, value))


def one_of(*words: str) -> Check:
    """Return the check that a value is one of a few words."""

    def check(name: str, value: object) -> str:
        text = _check_text(name, value)
        if text not in words:
            raise ApiValueError(
                f"{name} must be {' or '.join(map(repr, words))}, got {shown(text)}"
            )
        return text

    return check


def _check_time(name: str, value: object) -> str:
    """Write a time in ISO 8601, in UTC; text such as "1 month ago" is refused."""
    time = _time(name, value)
    return time.isoformat().removesuffix("+00:00") + "Z"


def _check_time_or_text(name: str, value: object) -> str:
    """Write a time in epoch seconds; text is sent as it is, such as "1 month ago"."""
    if isinstance(value, str):
        return _check_text(name, value)
    return str(math.floor(_time(name, value).timestamp()))


def _time(name: str, value: object) -> datetime.datetime:
    """Return the time that a value means, in UTC: a date is its midnight, in UTC."""
    if isinstance(value, bool):
        raise ApiValueError(f"{name} must be a time, got {shown(value)}")
    try:
        return _time_of(name, value)
    except (ValueError, OverflowError, OSError) as error:
        raise ApiValueError(
            f"{name} must be a date, a datetime, epoch seconds or ISO 8601 text such as "
            f"'2026-07-01T00:00:00Z', got {shown(value)}"
        ) from error


def _time_of(name: str, value: object) -> datetime.datetime:
    if isinstance(value, str):
        return time_from_text(value).astimezone(datetime.timezone.utc)
    number = _index(value)
    if number is not None:
        return datetime.datetime.fromtimestamp(number, datetime.timezone.utc)
    if not isinstance(value, datetime.date):
        raise ApiTypeError(
            f"{name} must be a date, a datetime, epoch seconds or text, got {shown(value)}"
        )
    if not isinstance(value, datetime.datetime):
        value = datetime.datetime(value.year, value.month, value.day)
    if value != value:
        raise ValueError("NaT of pandas, which is a datetime")
    is_naive = value.utcoffset() is None
    utc = datetime.timezone.utc
    return value.replace(tzinfo=utc) if is_naive else value.astimezone(utc)


def from_before_to(texts: Mapping[str, str]) -> None:
    """Refuse a span that ends before it starts, as far as its ends are not relative."""
    start, end = (_epoch(texts.get(name, "")) for name in ("_from", "to"))
    if start is not None and end is not None and start > end:
        raise ApiValueError(
            f"_from must not be after to, got {shown(texts['_from'])} and {shown(texts['to'])}"
        )


def _epoch(text: str) -> float | None:
    """Return the epoch seconds of a time as it is sent, or None for text such as "now"."""
    try:
        return float(text) if re.fullmatch(_EPOCH, text) else time_from_text(text).timestamp()
    except (ValueError, OverflowError):
        return None


def year_with_month(texts: Mapping[str, str]) -> None:
    """Refuse a year without a month, and a month without a year."""
    given = [name for name in ("year", "month") if name in texts]
    if len(given) == 1:
        raise ApiValueError(f"year and month must be given together, got only {given[0]}")


class Body:
    """The check of an argument that is sent as the request's body.

    Args:
        model: The class of the argument.
        checks: The checks of its fields, by name; a field that is missing or null passes.
    """

    def __init__(self, model: type[Model], **checks: Check) -> None:
        self._model, self._checks = model, checks

    def __call__(self, name: str, value: object) -> str:
        """Return the JSON of a model, after checking all its fields again."""
        kind = self._model.__name__
        if not isinstance(value, self._model):
            raise ApiTypeError(
                f"{name} must be a {kind}, got {type(value).__name__}; "
                f"{kind}.from_dict() makes one from a dict"
            )
        checked = self._model.from_dict(value.to_dict())  # it may be an unchecked response
        for field, check in self._checks.items():
            if checked.get(field) is not None:
                check(f"{name}.{field}", checked[field])
        return checked.to_json()

    @staticmethod
    def unchecked(name: str, value: object) -> str:
        """Return the JSON of anything."""
        try:
            return value.to_json() if isinstance(value, Model) else json.dumps(value)
        except (TypeError, ValueError) as error:
            raise ApiTypeError(f"{name} cannot be written as JSON: {error}") from error


Month = Annotated[str | int, _check_month]
MonthNumber = Annotated[str | int, _check_month_number]
Year = Annotated[str | int, _check_year]
MonthOfYear = Annotated[str | datetime.date, check_month_of_year]
Day = Annotated[str | datetime.date, _check_day]
Time = Annotated[str | int | datetime.date, _check_time]
TimeOrText = Annotated[str | int | datetime.date, _check_time_or_text]
Flag = Annotated[bool, _check_flag]
Count = Annotated[str | int, _check_count]
Text = Annotated[str, _check_text]
Cursor = Annotated[str, check_cursor]
CustomerId = Annotated[str, _check_id]
InvoiceId = Annotated[str | int, _check_invoice_id]
