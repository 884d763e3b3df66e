"""Usage over pages: each month once, and all of it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, TypeVar

from fastly._models import Model
from fastly._months import day_after, day_before, in_utc, is_month
from fastly._operations.arguments import check_month_of_year
from fastly._operations.paging import Items, total_of
from fastly._operations.steps import Position
from fastly.exceptions import ApiValueError

__all__ = ["Counted", "OfMonths"]

T = TypeVar("T")
PageT = TypeVar("PageT", bound=Model)

log = logging.getLogger("fastly")


class OfMonths(Items[T, PageT]):
    """The usage of one iteration, which requests three months at a time.

    The months of another request, from a stray response or from a server that ignores the months,
    would be counted twice.
    """

    def __init__(self, arguments: Mapping[str, Any]) -> None:
        self._arguments = arguments

    def new(self, found: list[T], _page: PageT, at: Position, _is_last: bool, /) -> list[T]:
        """Return the items of a page, after a look at their months."""
        if "start_month" in at:
            for day in sorted({day for day in map(_day_of, found) if day}):
                if not _is_within(day, at):
                    self._report(day, at)
        return found

    def is_empty(self, new: list[T]) -> bool:
        """Also count blocks without details, which the API sends where no service has usage."""
        return not any(getattr(item, "details", True) for item in new)

    def _report(self, day: date, at: Position) -> None:
        span = f"{at['start_month']} to {at['end_month']}"
        what = f"the response for {span} has usage of {day.isoformat()[:7]}"
        if _is_within(day, self._arguments):
            raise ApiValueError(f"{what}, which would be counted twice")
        log.warning("%s", what)


def _is_within(day: date, months: Mapping[str, Any]) -> bool:
    start, end = (check_month_of_year(name, months[name]) for name in ("start_month", "end_month"))
    return day_before(start) <= day < day_after(end)


def _day_of(item: object) -> date | None:
    """Return a day of the month of an item, if it says which."""
    start = getattr(item, "start_time", None)
    if isinstance(start, datetime):
        return in_utc(start).date()
    month = str(getattr(item, "month", None))[:7]
    return date.fromisoformat(f"{month}-01") if is_month(month) else None


class Counted(Items[T, PageT]):
    """Items of which the first page says how many there are."""

    def __init__(self, arguments: Mapping[str, Any]) -> None:
        self._is_from_start = not arguments["cursor"]
        self._count = 0
        self._total: int | None = None

    def new(self, found: list[T], page: PageT, _: Position, is_last: bool, /) -> list[T]:
        """Return the items of a page; after the last one, say if some are missing."""
        self._total = total_of(page) if self._total is None else self._total
        self._count += len(found)
        if is_last and self._is_from_start and self._count < (self._total or 0):
            log.warning(
                "received %s items of a total of %s", f"{self._count:,}", f"{self._total:,}"
            )
        return found
