"""Invoices over pages: each once, all of them, and those of one month."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from typing import Any, TypeVar

from fastly._models import Model
from fastly._months import day_after, day_before, month_of
from fastly._operations.arguments import check_month_of_year
from fastly._operations.paging import Items, total_of
from fastly._operations.steps import Position
from fastly._text import shown
from fastly.exceptions import ApiTypeError, ApiValueError

__all__ = ["Invoices"]

T = TypeVar("T")
PageT = TypeVar("PageT", bound=Model)

log = logging.getLogger("fastly")

_DATES = ("billing_start_date", "billing_end_date")


class Invoices(Items[T, PageT]):
    """The invoices of one iteration.

    A list that grows or shrinks while it is read moves invoices from page to page: one is then on
    two pages, which the IDs show, or on none, which the total shows. Only IDs and digests are
    kept, and no digests of the last page.
    """

    def __init__(self, arguments: Mapping[str, Any]) -> None:
        month = arguments.get("month")
        self._month = None if month is None else check_month_of_year("month", month)
        self._has_dates = month is not None or any(arguments[name] for name in _DATES)
        self._is_from_start = not arguments["cursor"]
        self._digests: dict[str, bytes] = {}
        self._count = 0
        self._total: int | None = None

    @staticmethod
    def requested(arguments: dict[str, Any]) -> dict[str, Any]:
        """Return the arguments with a month's dates in place of the month."""
        others = {name: x for name, x in arguments.items() if name != "month"}
        month = arguments.get("month")
        if month is None:
            return others
        if any(others.get(name) is not None for name in _DATES):
            raise ApiTypeError(
                f"month selects the dates: pass either month or {' and '.join(_DATES)}"
            )
        text = check_month_of_year("month", month)
        return others | dict(zip(_DATES, (day_before(text), day_after(text)), strict=True))

    def new(self, found: list[T], page: PageT, _: Position, is_last: bool, /) -> list[T]:
        """Return the invoices that were not on the pages before, and are of the month."""
        named: dict[str, T] = {}
        new = [invoice for invoice in found if self._is_new(invoice, named)]
        count = self._count + len(new)
        # The first page's: a later total may include an invoice that was posted meanwhile.
        total = total_of(page) if self._total is None else self._total
        if is_last:
            self._check_complete(count, total)
        else:
            self._digests.update((name, _digest(x)) for name, x in named.items())
        self._count, self._total = count, total
        return [invoice for invoice in new if self._is_of_month(invoice)]

    def _is_new(self, invoice: T, named: dict[str, T]) -> bool:
        """Return whether an invoice is seen for the first time; ``named`` has those of its page."""
        name = getattr(invoice, "invoice_id", None)
        if not (isinstance(name, str) and name):  # nothing tells it from the others
            return True
        if name in self._digests:
            is_equal = self._digests[name] == _digest(invoice)
        elif named.setdefault(name, invoice) is invoice:
            return True
        else:
            is_equal = named[name] == invoice
        if not is_equal:
            raise ApiValueError(
                f"invoice {shown(name)} is listed twice with different content: the list changed "
                "while it was read; start again"
            )
        return False

    def _check_complete(self, count: int, total: int | None) -> None:
        if not self._is_from_start or total is None or count >= total:
            return
        received = f"received {count:,} invoices of a total of {total:,}"
        if not self._has_dates:
            raise ApiValueError(f"{received}: the list changed while it was read; start again")
        log.warning("%s; it is not documented whether the total counts the dates", received)

    def _is_of_month(self, invoice: T) -> bool:
        """Return whether an invoice is of the month that was requested, if one was."""
        if self._month is None:
            return True
        month = month_of(getattr(invoice, "billing_start_date", None))
        if month is None:
            name = shown(getattr(invoice, "invoice_id", None))
            log.warning("invoice %s has no start, so it is not one of %s", name, self._month)
        return month == self._month


def _plain(value: object) -> object:
    """Return the fields of a model, or the text of a time, which ``json`` cannot write."""
    if isinstance(value, Model):
        others = value.additional_properties
        return {**vars(value), **others} if others else vars(value)
    return str(value)


# What a response held has no circles.
_encode = json.JSONEncoder(default=_plain, sort_keys=True, check_circular=False).encode


def _digest(invoice: object) -> bytes:
    return hashlib.sha256(_encode(invoice).encode()).digest()
