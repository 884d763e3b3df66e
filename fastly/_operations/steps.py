"""Which pages to request: each page names the next, or three months at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from fastly._operations.arguments import check_cursor, check_month_of_year
from fastly.exceptions import ApiValueError

__all__ = ["Position", "Steps", "by_cursor", "by_months", "by_months_and_cursor"]

_MONTHS_OF_A_PAGE = 3  # the API returns at most three months of usage at once

Position = dict[str, Any]  # the arguments of an operation that select a page


class Steps(NamedTuple):
    """Which pages to request.

    Attributes:
        first: Returns the position of the first page, given the arguments of the iteration.
        following: Returns the position after a page, given the page, its position and the
            arguments, or None if it is the last page.
    """

    first: Callable[[Mapping[str, Any]], Position]
    following: Callable[[Any, Position, Mapping[str, Any]], Position | None]


def by_cursor(next_cursor: Callable[[Any], str | None]) -> Steps:
    """Follow the cursor that ``next_cursor`` finds on each page."""

    def first(arguments: Mapping[str, Any]) -> Position:
        return {"cursor": arguments["cursor"]}

    def following(page: Any, position: Position, _: Mapping[str, Any]) -> Position | None:
        cursor = next_cursor(page)
        if cursor is None:
            return None
        text = check_cursor("the cursor of the next page", cursor)
        return {**position, "cursor": text} if text else None

    return Steps(first, following)


def _first_months(arguments: Mapping[str, Any]) -> Position:
    start, end = (_number_of(name, arguments) for name in ("start_month", "end_month"))
    if start > end:
        raise ApiValueError(
            f"start_month must not be after end_month, got {_month_of(start)!r} and "
            f"{_month_of(end)!r}"
        )
    return _months(start, end)


def _following_months(_: Any, position: Position, arguments: Mapping[str, Any]) -> Position | None:
    start = _number_of("end_month", position) + 1
    end = _number_of("end_month", arguments)
    return _months(start, end) if start <= end else None


def _months(start: int, end: int) -> Position:
    end = min(start + _MONTHS_OF_A_PAGE - 1, end)
    return {"start_month": _month_of(start), "end_month": _month_of(end)}


def _number_of(name: str, arguments: Mapping[str, Any]) -> int:
    month = check_month_of_year(name, arguments[name])
    return int(month[:4]) * 12 + int(month[5:]) - 1


def _month_of(number: int) -> str:
    return f"{number // 12}-{number % 12 + 1:02}"


by_months = Steps(_first_months, _following_months)  # from start_month on, three at a time


def by_months_and_cursor(next_cursor: Callable[[Any], str | None]) -> Steps:
    """Request three months at a time, and in each span follow the cursor.

    Without both months there is one span. A cursor resumes in the first span, so ``start_month``
    is then the month in which the span of the cursor's page starts.
    """
    pages = by_cursor(next_cursor)

    def first(arguments: Mapping[str, Any]) -> Position:
        is_one_span = arguments["start_month"] is None or arguments["end_month"] is None
        return ({} if is_one_span else _first_months(arguments)) | pages.first(arguments)

    def following(page: Any, position: Position, arguments: Mapping[str, Any]) -> Position | None:
        after = pages.following(page, position, arguments)
        if after is None and "end_month" in position:
            months = _following_months(page, position, arguments)
            after = months and {**months, "cursor": None}
        return after

    return Steps(first, following)
