"""Compare the forecasts of every day of every month of the stand-in with the invoices.

::

    python tools/forecasts.py

This writes the table in docs/costs.md, by day of the month: how many forecasts there were, how many
of them held, and how wide the ranges were. A day without a forecast counts as one that did not
hold. test/exports/test_costs_evaluation.py holds the page to it.
"""

from __future__ import annotations

import re
import sys
from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "costs.md"
FIRST, LAST = (2019, 3), (2026, 10)

sys.path.insert(0, str(ROOT))

from fastly.costs import ForecastError, forecast  # noqa: E402  # the path comes first
from fastly.models import Invoice, MtdInvoiceResponse  # noqa: E402
from fastly.testing.account import Account  # noqa: E402

TITLE = "| Day | Forecasts that held | Median width | Largest width |"


class Trial(NamedTuple):
    """A forecast that was compared with the invoice."""

    day: int
    holds: bool
    width: Decimal | None  # as a share of the invoice; None without a forecast


def trials() -> Iterator[Trial]:
    """Yield a trial for each day of each month, with the 12 invoices before it as history."""
    months = [(y, m) for y in range(FIRST[0], LAST[0] + 1) for m in range(1, 13)]
    account = Account(today=date(LAST[0], LAST[1] + 1, 1))
    history: list[Invoice] = []
    for month in months:
        if FIRST <= month <= LAST:
            invoice = Invoice.from_dict(account.v3_invoice(*month))
            for day in range(1, monthrange(*month)[1] + 1):
                yield trial(date(*month, day), history[-12:], invoice)
            history.append(invoice)


def trial(today: date, history: list[Invoice], invoice: Invoice) -> Trial:
    """Compare the forecast of a day with the invoice."""
    month_to_date = MtdInvoiceResponse.from_dict(Account(today=today).v3_month_to_date())
    cost = Decimal(repr(invoice.monthly_transaction_amount))
    try:
        found = forecast(month_to_date, history, today=today)
    except ForecastError:
        return Trial(today.day, holds=False, width=None)
    return Trial(today.day, found.low <= cost <= found.high, (found.high - found.low) / cost)


def with_table(page: str, found: list[Trial]) -> str:
    """Return a page with the rows of the table."""
    by_day: dict[int, list[Trial]] = defaultdict(list)
    for one in found:
        by_day[one.day].append(one)
    rows = [row(str(day), same) for day, same in sorted(by_day.items())]
    before, _, after = page.partition(f"{TITLE}\n")
    rest = after[re.match(r"(\|.*\n)*", after).end() :]  # type: ignore[union-attr]  # it matches
    return "".join([before, TITLE, "\n|---|---|---|---|\n", *rows, row("All", found), rest])


def row(label: str, same: list[Trial]) -> str:
    """Return a row of the table."""
    held = sum(one.holds for one in same)
    widths = [one.width for one in same if one.width is not None]
    return (
        f"| {label} | {held} of {len(same)} ({held / len(same):.0%}) "
        f"| {median(widths):.0%} | {max(widths):.0%} |\n"
    )


if __name__ == "__main__":
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(with_table(text, list(trials())), encoding="utf-8")
