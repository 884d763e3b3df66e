"""Query parameters of v3, read from a request or refused."""

from __future__ import annotations

import re
from datetime import date

from fastly.testing.endpoints import Refusal

__all__ = ["check_order", "day", "limit", "month"]

Query = dict[str, str]


def day(query: Query, name: str) -> date | None:
    """Return a date, or None if it is not given."""
    text = query.get(name)
    if text is None:
        return None
    try:
        return date(*map(int, _groups(text, "([0-9]{4})-([0-9]{2})-([0-9]{2})")))
    except ValueError as error:
        raise Refusal(400, f"{name} must be a date such as 2026-05-01") from error


def month(query: Query, name: str) -> tuple[int, int] | None:
    """Return a year and a month, or None if it is not given."""
    text = query.get(name)
    if text is None:
        return None
    try:
        year, number = _groups(text, "([0-9]{4})-(0[1-9]|1[0-2])")
    except ValueError as error:
        raise Refusal(400, f"{name} must be a month such as 2026-05") from error
    return int(year), int(number)


def limit(query: Query, default: int, maximum: int) -> int:
    """Return the limit of a page, an integer from 1 to `maximum`."""
    text = query.get("limit", str(default))
    if not re.fullmatch("[0-9]{1,9}", text) or not 1 <= int(text) <= maximum:
        raise Refusal(400, f"limit must be an integer from 1 to {maximum}")
    return int(text)


def check_order(query: Query, first: str, last: str) -> None:
    """Refuse a span that ends before it starts; its ends have been read before."""
    if first in query and last in query and query[first] > query[last]:
        raise Refusal(400, f"{first} must not be after {last}")


def _groups(text: str, pattern: str) -> tuple[str, ...]:
    """Return the groups of a pattern that matches the whole text, or raise ValueError."""
    match = re.fullmatch(pattern, text)
    if match is None:
        raise ValueError(text)
    return match.groups()
