"""What both APIs know about the account: its months, their IDs, and their usage."""

from __future__ import annotations

import calendar
import string
from collections.abc import Iterator
from datetime import date, datetime, time, timezone
from decimal import Decimal

from fastly.testing import checks
from fastly.testing.bills import Bill, Usage, digest, usages
from fastly.testing.catalog import CREATED

__all__ = ["CUSTOMER_ID", "Ledger", "after", "has_text_id", "identifier", "last_day"]

CUSTOMER_ID = "StandInCustomer2019"

_END = (9999, 1)
# The month to date covers the current date up to this time, which is this share of the day.
_MADE_AT, _SHARE_OF_DAY = time(7, 12, tzinfo=timezone.utc), Decimal("0.3")
_ALPHABET = string.digits + string.ascii_letters
# Invoices of v3 have had text for an ID since this month; the IDs before it are bare numbers.
_TEXT_IDS = (2024, 7)


class Ledger:
    """The figures behind ``Account``, which documents the arguments and what is raised.

    Args:
        customer_id: The customer's ID.
        today: The account's current date.
    """

    def __init__(self, customer_id: str = CUSTOMER_ID, *, today: date | None = None) -> None:
        expected = "1 or more of A-Z, a-z, 0-9, _ and -"
        self.customer_id = checks.text("customer_id", customer_id, "[A-Za-z0-9_-]+", expected)
        checks.one_of_types("today", today, (date, type(None)), "a datetime.date or None")
        if today is not None and not CREATED <= (today.year, today.month) < _END:
            raise ValueError(f"today must be in the months 2019-03 to 9998-12, got {today}")
        # The documented customer has the documented figures, any other customer others.
        self._seed = () if customer_id == CUSTOMER_ID else (customer_id,)
        self._today = today and date(today.year, today.month, today.day)  # a datetime is a date too

    @property
    def today(self) -> date:
        """The account's current date."""
        return self._today or datetime.now(timezone.utc).date()

    @property
    def made_at(self) -> datetime:
        """When the figures of the month to date were made."""
        made_at = datetime.combine(self.today, _MADE_AT)
        if self._today:
            return made_at
        # On the real date no figures are of a time to come.
        return min(made_at, datetime.now(timezone.utc).replace(minute=0, second=0, microsecond=0))

    def months(self) -> list[tuple[int, int]]:
        """Return ``(year, month)`` of every month that has ended, oldest first."""
        return self.usage_months()[:-1]

    def usage_months(self) -> list[tuple[int, int]]:
        """Return ``(year, month)`` of every month with usage; the last is the current month."""
        end = after(self.today.year, self.today.month)
        years = range(CREATED[0], end[0] + 1)
        months = ((year, month) for year in years for month in range(1, 13))
        return [month for month in months if CREATED <= month < end]

    def bill(self, year: int, month: int) -> Bill:
        """Return a month's whole bill, even if the month is in progress.

        Raises:
            LookupError: The account has no such month.
        """
        self._check(year, month)
        return Bill(year, month, usages(year, month, seed=self._seed))

    def bill_to_date(self) -> Bill:
        """Return the current month's bill with its traffic so far, pro rata by time."""
        year, month = self.today.year, self.today.month
        share = (self.today.day - 1 + _SHARE_OF_DAY) / last_day(year, month)
        return Bill(year, month, usages(year, month, share, self._seed))

    def usages(self, year: int, month: int) -> tuple[Usage, ...]:
        """Return a month's traffic so far; none for months that the account lacks."""
        if (year, month) == (self.today.year, self.today.month):
            return self.bill_to_date().usages
        return self.bill(year, month).usages if self._has(year, month) else ()

    def invoice_id(self, year: int, month: int) -> str:
        """Return the ID of a month's v2 invoice: 22 letters and digits.

        Raises:
            LookupError: The account has no such month.
        """
        self._check(year, month)
        return identifier("invoice", self.customer_id, year, month)

    def v3_invoice_id(self, year: int, month: int) -> str:
        """Return the ID of a month's v3 invoice: "INV-" and digits, or only digits before 2024-07.

        Raises:
            LookupError: The account has no such month, or it is still in progress.
        """
        if (year, month) == (self.today.year, self.today.month):
            raise LookupError(f"no v3 invoice of {year:04}-{month:02}: it is still in progress")
        self._check(year, month)
        index = 12 * (year - CREATED[0]) + month - CREATED[1]
        number = 2_500 * index + digest("v3", self.customer_id, year, month) % 2_500
        return f"INV-{140_000 + number}" if has_text_id(year, month) else f"{24_000_000 + number}"

    def v3_invoice_months(self) -> Iterator[tuple[int, int]]:
        """Yield ``(year, month)`` of every v3 invoice, newest first, as they are listed."""
        yield from reversed(self.months())

    def _has(self, year: int, month: int) -> bool:
        """Return whether the account has a month."""
        return 1 <= month <= 12 and CREATED <= (year, month) <= (self.today.year, self.today.month)

    def _check(self, year: int, month: int) -> None:
        """Raise LookupError unless the account has a month."""
        if not self._has(year, month):
            raise LookupError(f"no invoice of {year:04}-{month:02}")


def identifier(*key: object) -> str:
    """Return 22 letters and digits that depend only on the key."""
    number = digest(*key)
    return "".join(_ALPHABET[number // 62**place % 62] for place in range(22))


def has_text_id(year: int, month: int) -> bool:
    """Return whether the ID of a month's v3 invoice is text rather than a number."""
    return (year, month) >= _TEXT_IDS


def after(year: int, month: int) -> tuple[int, int]:
    """Return the month that follows."""
    return (year, month + 1) if month < 12 else (year + 1, 1)


def last_day(year: int, month: int) -> int:
    """Return the last day of a month."""
    return calendar.monthrange(year, month)[1]
