"""Times in queries: ISO 8601, epoch seconds, and text such as "1 month ago"."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta, timezone

__all__ = ["end_of", "iso_time", "start_of", "time_or_text", "written"]

_AGO = re.compile(r"(?P<count>[0-9]{1,4}|an?|one|two|three) (?P<unit>[a-z]+?)s? ago")
_COUNTS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3}
_DAYS = {"day": 1, "week": 7, "month": 30, "year": 365}
_SECONDS = {"second": 1, "minute": 60, "hour": 3600}


def start_of(day: date) -> datetime:
    """Return the midnight, in UTC, at which a day starts."""
    return datetime.combine(day, time(), timezone.utc)


def end_of(day: date) -> datetime:
    """Return the midnight at which a day ends. The account's usage reaches up to that of today."""
    return start_of(day) + timedelta(days=1)


def iso_time(text: str) -> datetime:
    """Read a time in ISO 8601, in UTC if it has no offset; anything else is a ValueError."""
    moment = datetime.fromisoformat(re.sub("[Zz]$", "+00:00", text))
    moment = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
    return moment.astimezone(timezone.utc)


def time_or_text(text: str, now: datetime) -> datetime:
    """Read epoch seconds, a time in ISO 8601, "now", "yesterday" or "2 days ago".

    Raises:
        ValueError: It is none of these.
        OverflowError: The time does not exist.
    """
    if re.fullmatch("-?[0-9]{1,12}", text):
        return datetime.fromtimestamp(int(text), timezone.utc)
    words = text.strip().lower()
    known = {"now": now, "today": now - timedelta(days=1), "yesterday": now - timedelta(days=2)}
    return known[words] if words in known else _ago(words, now) or iso_time(text)


def _ago(words: str, now: datetime) -> datetime | None:
    """Read text such as "2 days ago"; None for other text."""
    match = _AGO.fullmatch(words)
    if match is None or match["unit"] not in {*_DAYS, *_SECONDS}:
        return None
    count = _COUNTS.get(match["count"]) or int(match["count"])
    unit = match["unit"]
    days, seconds = _DAYS.get(unit, 0), _SECONDS.get(unit, 0)
    return now - count * timedelta(days=days, seconds=seconds)


def written(moment: datetime) -> str:
    """Write a time as the historical API does, which is not ISO 8601."""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
