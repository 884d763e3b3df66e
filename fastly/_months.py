"""Months, as Fastly counts them: in UTC."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone

__all__ = [
    "day_after",
    "day_before",
    "in_utc",
    "is_month",
    "month_after",
    "month_before",
    "month_of",
    "this_month",
]


def is_month(text: str) -> bool:
    """Return whether a text is a month such as "2026-05", the only spelling that is accepted."""
    return re.fullmatch(r"(?!0000)[0-9]{4}-(?:0[1-9]|1[0-2])", text) is not None


def this_month() -> str:
    """Return the month in UTC."""
    return datetime.now(timezone.utc).date().isoformat()[:7]


def month_before(month: str, number: int = 1) -> str:
    """Return the month that is so many months earlier."""
    year, index = divmod(12 * int(month[:4]) + int(month[5:]) - 1 - number, 12)
    return f"{year:04}-{index + 1:02}"


def month_after(month: str) -> str:
    """Return the next month."""
    return month_before(month, -1)


def in_utc(time: datetime) -> datetime:
    """Return the same moment in UTC."""
    try:
        return time.astimezone(timezone.utc)
    except OverflowError:  # at the edges of the years 1 to 9999
        return time.replace(tzinfo=timezone.utc)


def month_of(time: datetime | None) -> str | None:
    """Return the month of a time in UTC, such as "2026-05", which is how Fastly counts months."""
    return in_utc(time).isoformat()[:7] if isinstance(time, datetime) else None


def day_before(month: str) -> date:
    """Return the day before a month, such as "2026-05", starts.

    The API does not say whether its dates are inclusive; a day more at both ends covers both, and
    a period that starts in another time zone.
    """
    return max(date.fromisoformat(f"{month}-01"), date(1, 1, 2)) - timedelta(days=1)


def day_after(month: str) -> date:
    """Return the day after a month ends."""
    if month == "9999-12":
        return date.max
    return (date.fromisoformat(f"{month}-28") + timedelta(days=4)).replace(day=1)
