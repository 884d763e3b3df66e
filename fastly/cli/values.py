"""The values of arguments: months, IDs, amounts and seconds; each wrong one has a message."""

from __future__ import annotations

import re
from argparse import ArgumentTypeError

from fastly._text import did_you_mean, shown

TYPE_CHECKING = False  # importing typing would take a tenth of the time of --help
if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from decimal import Decimal

__all__ = [
    "COST_KINDS",
    "as_month",
    "budget_value",
    "costs_key",
    "count_value",
    "current_month",
    "invoice_key",
    "last_month",
    "month_value",
    "one_of",
    "timeout_value",
    "wait_value",
]

COST_KINDS = ("service", "product", "region", "team")
_WORDS = ("latest", "last-month")
# Other words for a format; the one that is in the list is suggested.
_FORMATS = {"excel": "xlsx", "xls": "xlsx", "ndjson": "jsonl", "prometheus": "openmetrics"}
_MOST_MONTHS = 1200
_LONGEST = 366 * 24 * 3600  # seconds that the client accepts
# Regular expressions, compiled when they are needed.
_ID = r"[A-Za-z0-9_-]+"
_AMOUNT = r"\d{1,15}(?:\.\d{1,4})?"
_LIKE_THOUSANDS = r"\d{1,3}(?:[.,' _]\d{3})+(?:[.,]\d{1,2})?"
_LIKE_A_DATE = r"\d{1,4}[-/.]\d{1,2}(?:[-/.]\d{1,4})?"
_PRESENT = r"(?:this|current)[-_ ]?(?:month)?"
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_NAME, _GAP, _YEAR = rf"(?:{'|'.join(_MONTHS)})[a-z.]*", r"[-/., _]", r"(?P<year>(?:19|20)\d\d)"
_MONTH = rf"(?P<month>0[1-9]|1[0-2]|[1-9](?={_GAP})|(?<={_GAP})[1-9]|{_NAME})"
# "05-2026", "052026" and "May 2026"; "202605", "2026-5", "2026/05" and "2026-05-01"; "May".
_OTHER_MONTHS = (
    rf"{_MONTH}{_GAP}*{_YEAR}",
    rf"{_YEAR}(?:{_GAP}*|m){_MONTH}(?:[-/.]\d\d?)?",
    rf"{_NAME}(?:{_GAP}*\d\d)?",
)


def _is(spelling: str, text: str) -> re.Match[str] | None:
    return re.fullmatch(spelling, text, re.ASCII | re.IGNORECASE)


def last_month(number: int = 1) -> str:
    """Return the month before this one in UTC, or one that is as many months earlier."""
    from fastly._months import month_before, this_month  # imports datetime, which --help need not

    return month_before(this_month(), number)


def as_month(text: str) -> str:
    """Return the month that a text names, or nothing."""
    from fastly._months import is_month

    return last_month() if text == "last-month" else text if is_month(text) else ""


def month_value(text: str) -> str:
    """Check a month such as 2026-05, or the word for the last one."""
    _check_word(text, _WORDS[1:])
    month = as_month(text)
    if not month:
        raise ArgumentTypeError(
            f"must be a month such as 2026-05, got {shown(text)}{_right_spelling(text)}"
        )
    return month


def one_of(choices: tuple[str, ...]) -> Callable[[str], str]:
    """Return the check of a word that is one of several."""

    def checked(text: str) -> str:
        if text not in choices:
            word = text.lower()
            hint = did_you_mean(_FORMATS.get(word, word), choices)
            raise ArgumentTypeError(f"must be {'|'.join(choices)}, got {shown(text)}{hint}")
        return text

    return checked


def invoice_key(text: str) -> str:
    """Check a month, a word for one, or the ID of an invoice."""
    is_id = _is(_ID, text) and not _is(_LIKE_A_DATE, text) and text != "month-to-date"
    # An ID might look like Latest or 202605, but whoever writes that means a month.
    _check_word(text, _WORDS)
    month = as_month(text)
    if not (month or (is_id and not _other_month(text))):
        raise ArgumentTypeError(
            "must be a month such as 2026-05, or an invoice ID such as INV-375119 or 29239985, "
            f"got {shown(text)}{_right_spelling(text)}"
        )
    return month or text


def _check_word(text: str, words: tuple[str, ...]) -> None:
    """Refuse other spellings of the words for a month."""
    from fastly._months import this_month

    if text in words or re.search(r"\d", text):
        return
    word = text.lower().replace("previous", "last")
    if _is(_PRESENT, word):
        raise ArgumentTypeError(f"unknown month {shown(text)}: write {this_month()}")
    if hint := did_you_mean(word, words):
        raise ArgumentTypeError(f"unknown month {shown(text)}{hint}")


def costs_key(text: str) -> str:
    """Check a month, or a word for one."""
    if text in COST_KINDS:
        raise ArgumentTypeError(f"unknown month {shown(text)}; did you mean '--by {text}'?")
    _check_word(text, _WORDS)
    return text if text in ("", "latest") else month_value(text)


def count_value(text: str) -> int:
    """Read a number of months."""
    if not (_is(r"\d{1,4}", text) and 1 <= int(text) <= _MOST_MONTHS):
        raise ArgumentTypeError(
            f"must be a number of months from 1 to {_MOST_MONTHS}, got {shown(text)}"
        )
    return int(text)


def _other_month(text: str) -> re.Match[str] | None:
    """Return the match of a month that is not spelled as it should be."""
    matches = (_is(spelling, text) for spelling in _OTHER_MONTHS)
    return next(filter(None, matches), None)


def _right_spelling(text: str) -> str:
    """Return the end of a message about a month: how to write the month that is probably meant."""
    match = _other_month(text)
    found = match.groupdict() if match else {}
    if not found:
        return ""
    name = found["month"][:3].lower()
    month = _MONTHS.index(name) + 1 if name in _MONTHS else int(name)
    return f": write {found['year']}-{month:02}"


def budget_value(text: str) -> Decimal:
    """Read an amount such as 5000 or 99.50; 5.000 would be 5 to some and 5,000 to others."""
    from decimal import Decimal

    is_unclear = _is(_LIKE_THOUSANDS, text)
    if is_unclear or not _is(_AMOUNT, text):
        reason = ": the separator may be for thousands" if is_unclear else ""
        raise ArgumentTypeError(
            f"must be an amount such as 5000 or 99.50, got {shown(text)}{reason}"
        )
    return Decimal(text)


def current_month(now: datetime | None = None) -> str:
    """Return the month at UTC+14, where it begins first, so that no local month is refused."""
    from datetime import datetime, timedelta, timezone

    now = now or datetime.now(timezone.utc)
    return now.astimezone(timezone(timedelta(hours=14))).date().isoformat()[:7]


def timeout_value(text: str) -> float:
    """Read a number of seconds above 0."""
    seconds = _seconds(text)
    if seconds is None or seconds == 0:
        raise ArgumentTypeError(
            f"must be a number of seconds above 0, up to {_LONGEST}, got {shown(text)}"
        )
    return seconds


def wait_value(text: str) -> float:
    """Read a number of seconds, 0 or more."""
    seconds = _seconds(text)
    if seconds is None:
        raise ArgumentTypeError(
            f"must be a number of seconds from 0 to {_LONGEST}, got {shown(text)}"
        )
    return seconds


def _seconds(text: str) -> float | None:
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if 0 <= seconds <= _LONGEST else None
