"""Forecast the month in progress: a range, and what it rests on."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from math import ceil, floor, inf
from numbers import Integral
from typing import NamedTuple

from fastly._items import items_of
from fastly._money import amount_of, exact, fraction, places_of, tolerance
from fastly._months import month_of
from fastly._text import shown
from fastly.exceptions import ApiTypeError, ApiValueError, ForecastError
from fastly.model.invoice import Invoice
from fastly.model.list_eom_invoices_response import ListEomInvoicesResponse
from fastly.model.mtd_invoice_response import MtdInvoiceResponse
from fastly.model.mtdlineitems import Mtdlineitems

Range = tuple[Fraction, Fraction]

_WEEK = 7  # complete days: it has both working days and a weekend
_MONTHS = 12  # of the history: each season once
_CENT = Fraction(1, 100)
_UNPRICED = ("N/A", "Unknown")  # product groups of certificates until the invoice closes
_SUPPORT = "CS:"  # "CS: CSE", enterprise support, is charged in full from the first day
_KINDS = re.compile(r"\b(?:(?P<shortfall>shortfall)|(?P<tax>tax(?:es)?|vat|gst))\b", re.IGNORECASE)
_RESTS_ON = (
    "lines with a usage type are usage, all others are fixed charges, complete since the first day",
    "the remaining days cost as much as the complete days did on average, give or take a day",
    "more usage is charged at rates of the month so far or of the last 12 months",
    "credits and taxes stay as they are, or grow with the charges",
    "nothing is ordered or cancelled",
)


@dataclass(frozen=True)
class Forecast:
    """What a month will cost. Amounts are in `currency_code`.

    Attributes:
        month: The month in UTC, such as "2026-08".
        currency_code: Currency of the history; None without one, as a month to date has none.
        days: How many days the period has.
        day: How many of them have begun.
        complete_days: How many of them are complete.
        low: The least that the month will cost, in whole units of the currency.
        high: The most that it will cost, in whole units of the currency.
        fixed: Charges that are complete since the first day, such as support.
        usage: Charges for usage so far.
        credits: Credits so far, negative.
        taxes: Taxes so far.
        certificates: What TLS certificates will cost, which are 0 so far.
        minimum: The least that the plan charges for usage, or None if it is not known.
        basis: What the range rests on, a sentence each.
    """

    month: str | None
    currency_code: str | None
    days: int
    day: int
    complete_days: int
    low: Decimal
    high: Decimal
    fixed: Decimal
    usage: Decimal
    credits: Decimal
    taxes: Decimal
    certificates: Decimal
    minimum: Decimal | None
    basis: tuple[str, ...]


def forecast(
    month_to_date: MtdInvoiceResponse,
    history: Iterable[Invoice | ListEomInvoicesResponse] | ListEomInvoicesResponse = (),
    minimum: Decimal | float | None = None,
    *,
    today: date | None = None,
) -> Forecast:
    """Forecast what the month in progress will cost.

    Only usage is extrapolated. For the days that remain, the range has the cost of an average day
    so far, give or take a day. In the first week, it is widened to the averages of the last 12
    months, without the lowest and the highest, and less so each day.

    Args:
        month_to_date: The month to date.
        history: Past invoices, in any order. Without them, a forecast needs 7 complete days.
        minimum: The least that the plan charges for usage. Default: what usage and shortfall add
            up to in the last month with a shortfall line, which is an assumption.
        today: The current date in UTC, for accounts whose month to date ends with the month.
            Default: the date of the clock.

    Raises:
        ApiTypeError: An argument has the wrong type.
        ApiValueError: `minimum` is negative or not a number.
        ForecastError: The data is not enough for a forecast; the message says why.
    """
    if not isinstance(month_to_date, MtdInvoiceResponse):  # pyright: ignore[reportUnnecessaryIsInstance]  # users without a type checker
        raise ApiTypeError(f"month_to_date must be a month to date, got {shown(month_to_date)}")
    given = _checked_minimum(minimum)
    _check_today(today)
    now = _Bill([month_to_date])
    months, currency = _past(history, now.month)
    places = places_of(currency, total := month_to_date.monthly_transaction_amount)
    now.check(total, currency)
    period = _period(month_to_date, today)
    usage, early = _usage(now, months[:_MONTHS], period)
    least, plan = _minimum(given, [now, *months])
    certificates, unknown = _certificates(now, months[:1])
    fixed = now.sum("fixed") + certificates
    low, high = _with_shares(now, [fixed + max(used, least or 0) for used in usage])
    scale = 10**places
    return Forecast(
        month=now.month,
        currency_code=currency,
        days=period.days,
        day=period.day,
        complete_days=period.complete,
        low=Decimal(floor(low)),
        high=Decimal(ceil(high)),
        fixed=amount_of(round(now.sum("fixed") * scale), places),
        usage=amount_of(round(now.sum("usage", "shortfall") * scale), places),
        credits=amount_of(round(now.sum("credit") * scale), places),
        taxes=amount_of(round(now.sum("tax") * scale), places),
        certificates=amount_of(round(certificates * scale), places),
        minimum=None if least is None else amount_of(round(least * scale), places),
        basis=(*_RESTS_ON, *early, *unknown, plan),
    )


def _checked_minimum(minimum: object) -> Fraction | None:
    if minimum is None:
        return None
    # numpy's integers are Integral, and no int.
    if isinstance(minimum, bool) or not isinstance(minimum, (Integral, float, Decimal)):
        raise ApiTypeError(f"minimum must be a number, got {shown(minimum)}")
    number = exact(int(minimum) if isinstance(minimum, Integral) else minimum)
    if not (number.is_finite() and number >= 0):
        raise ApiValueError(f"minimum must be 0 or more, got {shown(minimum)}")
    return Fraction(number)


def _check_today(today: object) -> None:
    if today is not None and not isinstance(today, date):
        raise ApiTypeError(f"today must be a date, got {shown(today)}")


class _Period(NamedTuple):
    days: int
    day: int  # that has begun
    complete: int
    passed: Fraction  # days that the usage is of at least


def _period(month_to_date: MtdInvoiceResponse, today: date | None) -> _Period:
    """Return how much of the month has passed.

    The period ends on a day, at a time of day, or with the month.
    """
    start, end = month_to_date.billing_start_date, month_to_date.billing_end_date
    if start is None or end is None:
        raise ForecastError("The month to date does not say which days it covers.")
    start, end = start.astimezone(timezone.utc), end.astimezone(timezone.utc)
    last = date(start.year, start.month, monthrange(start.year, start.month)[1])
    if end.date() == last + timedelta(days=1) and end.time() == time():  # an exclusive end
        end -= timedelta(seconds=1)
    if not start <= end or end.date() > last:
        raise ForecastError(f"It covers {start:%Y-%m-%d} to {end:%Y-%m-%d}, not a month.")
    now = datetime.now(timezone.utc).date() if today is None else date(*today.timetuple()[:3])
    if end.date() == last and start.date() <= now < last:  # the end of the month, not of the data
        end = datetime.combine(now, time(), timezone.utc)
    day = end.day - start.day + 1
    complete = day - (end.time() < time(23, 59))
    seconds = (end - datetime.combine(end.date(), time(), timezone.utc)).seconds
    # A part of the first day can be a busy one: it counts half.
    passed = Fraction(complete) or Fraction(seconds or 86400, 2 * 86400)
    return _Period(last.day - start.day + 1, day, complete, passed)


class _Bill:
    """The lines of a month's invoices, by what the forecast does with them."""

    def __init__(self, invoices: Sequence[Invoice | MtdInvoiceResponse]) -> None:
        self.month = month_of(invoices[0].billing_start_date)
        self.lines = [x for invoice in invoices for x in invoice.transaction_line_items or () if x]
        self._kinds = [_kind(line) for line in self.lines]

    def of(self, *kinds: str) -> list[Mtdlineitems]:
        """Return the lines of some kinds."""
        found = zip(self._kinds, self.lines, strict=True)
        return [line for kind, line in found if kind in kinds]

    def sum(self, *kinds: str) -> Fraction:
        """Return what the lines of some kinds add up to."""
        return _sum(self.of(*kinds))

    @property
    def daily(self) -> Fraction:
        """What usage cost on an average day of the month."""
        year, month = map(int, (self.month or "").split("-"))
        return self.sum("usage") / monthrange(year, month)[1]

    def check(self, total: float | None, currency: str | None) -> None:
        """Refuse figures that are incomplete; Fastly rounds each line to a cent, or a yen."""
        if not self.lines:
            raise ForecastError("The month to date has no lines.")
        if any(line.amount is None for line in self.lines):
            raise ForecastError("The month to date has lines without an amount.")
        difference = None if total is None else abs(fraction(total) - _sum(self.lines))
        if difference is None or difference > tolerance(len(self.lines), currency):
            raise ForecastError("The lines of the month to date do not add up to its total.")


def _kind(line: Mtdlineitems) -> str:
    """Return what the forecast does with a line."""
    if (line.amount or 0) < 0:
        return "credit"
    names = f"{line.description} {line.product_name} {line.product_group}"
    if found := _KINDS.search(names):
        return found.lastgroup or ""
    is_support = (line.product_group or "").startswith(_SUPPORT)
    return "usage" if line.usage_type and not is_support else "fixed"


def _sum(lines: Iterable[Mtdlineitems]) -> Fraction:
    return sum((fraction(line.amount) for line in lines), Fraction(0))


def _name(line: Mtdlineitems) -> str | None:
    return line.description or line.product_name


def _money(amount: Fraction) -> str:
    return f"{amount_of(round(amount * 100), 2):,f}"


def _past(history: object, month: str | None) -> tuple[list[_Bill], str | None]:
    """Return the bills of the months before one, newest first, and the newest currency."""
    rule = "history must be what iter_invoices() yields, or its pages"
    found = items_of(history, (Invoice,), ListEomInvoicesResponse, lambda page: page.data, rule)
    dated = [(month_of(invoice.billing_start_date) or "", invoice) for invoice in found]
    past = [pair for pair in dated if "" < pair[0] < (month or "")]
    past.sort(key=lambda pair: pair[0], reverse=True)
    codes = [invoice.currency_code for _, invoice in past]
    currency = next(filter(None, codes), None)
    # Before an account changed its currency, it had other figures.
    same = [pair for pair, code in zip(past, codes, strict=True) if not code or code == currency]
    groups = groupby(same, lambda pair: pair[0])
    return [_Bill([x for _, x in pairs]) for _, pairs in groups], currency


def _usage(now: _Bill, months: list[_Bill], period: _Period) -> tuple[Range, list[str]]:
    """Return what usage costs in the whole month, and what more that rests on."""
    low, high = _pace(now, months, period)
    if period.complete >= _WEEK:
        return (low, high), []
    averages = sorted(month.daily for month in months)
    if not any(averages):
        raise ForecastError(
            f"Only {period.complete} of {period.days} days are complete, and there are no past "
            f"invoices with usage: pass a history, or wait for {_WEEK} complete days."
        )
    usual = averages[1:-1] or averages  # one month of the year can be out of the ordinary
    weight = 1 - Fraction(period.complete, _WEEK)
    low -= weight * max(low - usual[0] * period.days, Fraction(0))
    high += weight * max(usual[-1] * period.days - high, Fraction(0))
    return (low, high), [
        f"in the first {_WEEK} days, usage can also be as in the last {len(averages)} months, "
        f"without the extremes: {_money(usual[0])} to {_money(usual[-1])} on an average day"
    ]


def _pace(now: _Bill, months: list[_Bill], period: _Period) -> Range:
    """Return what usage costs if it goes on as on an average day, give or take a day.

    A line is a price tier. More units cost the rate of the cheapest so far at most, and that of
    the cheapest in the past at least. The period does not say how much of its last day it has.
    """
    past: dict[str | None, float] = {}
    for line in (line for bill in months for line in bill.of("usage")):
        past[_name(line)] = min(line.rate or inf, past.get(_name(line), inf))
    low = high = Fraction(0)
    for name, lines in groupby(sorted(now.of("usage"), key=lambda line: _name(line) or ""), _name):
        same = list(lines)
        cost, rates = _sum(same), [line.rate or 0 for line in same]
        price = cheapest = cost
        if all(rates) and all(line.units for line in same):
            units, rate = sum((fraction(line.units) for line in same), Fraction(0)), min(rates)
            price = units * fraction(rate)
            cheapest = units * fraction(min(rate, past.get(name, inf)))
        low += cost + cheapest * (period.days - period.day) / (period.day + 1)
        high += cost + price * (period.days - period.passed) / period.passed
    return low, high


def _certificates(now: _Bill, last: list[_Bill]) -> tuple[Fraction, list[str]]:
    """Return what the certificates cost in the last month that are 0 so far."""
    fixed = now.of("fixed")
    names = {_name(x) for x in fixed if not x.amount and x.product_group in _UNPRICED}
    found = [line for bill in last for line in bill.of("fixed") if _name(line) in names]
    missing = len(names - {_name(line) for line in found})
    basis = ["TLS certificates cost as much as in the last invoice"] if found else []
    if missing:
        basis.append(f"TLS certificates of unknown cost are not included: {missing}")
    return _sum(found), basis


def _minimum(given: Fraction | None, bills: list[_Bill]) -> tuple[Fraction | None, str]:
    """Return the plan's minimum, and what it rests on."""
    if given is not None:
        return given, f"the plan charges at least {_money(given)} for usage"
    for bill in bills:
        if bill.of("shortfall"):
            least = bill.sum("usage", "shortfall")
            return least, (
                f"the plan charges at least {_money(least)} for usage, which is what usage and "
                f"shortfall of {bill.month} add up to"
            )
    return None, "the plan has no minimum, as no invoice so far has a shortfall line"


def _with_shares(now: _Bill, charges: list[Fraction]) -> Range:
    """Return charges with credits and taxes, as these are or as the share that they are so far.

    They are rounded to a cent, which matters early in a month, when the charges are small.
    """
    (low, high), whole = charges, now.sum("fixed", "usage", "shortfall")
    for so_far in (now.sum("credit"), now.sum("tax")):
        cent = _CENT if so_far else Fraction(0)
        low += min(so_far, (so_far - cent) * charges[0] / (whole or 1))
        high += max(so_far, (so_far + cent) * charges[1] / (whole or 1))
    return low, high
