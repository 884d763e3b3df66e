"""The command ``forecast``: what the month in progress will cost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from decimal import Decimal

from fastly.cli.layout import Paper, cells, money
from fastly.costs import Forecast
from fastly.rows import exact_sum

__all__ = ["excess_of", "forecast_page", "forecast_row"]


def forecast_row(found: Forecast) -> dict[str, object]:
    """Return a forecast as a row; the sentences of its basis are one text."""
    return {**asdict(found), "basis": "; ".join(found.basis)}


def excess_of(found: Forecast, budget: Decimal | None) -> str | None:
    """Return a message if even the low end of the range is over the budget."""
    if budget is None or found.low <= budget:
        return None
    return f"over budget: the forecast begins at {found.low:,f}, above {money(budget)}"


def forecast_page(found: Forecast, budget: Decimal | None, paper: Paper) -> Iterator[str]:
    """Yield the page of a forecast: the range, what the month to date has, and the basis."""
    days = f"{found.day} of {found.days}, UTC; {found.complete_days} complete"
    cost = f"{found.low:,f} to {found.high:,f} {found.currency_code or ''}"
    facts = [("Forecast", cost), ("Day", days)]
    facts += [] if budget is None else [("Budget", money(budget))]
    yield from paper.fold(f"Forecast {found.month}", paper.width)
    yield ""
    yield from paper.facts(facts)
    yield ""
    yield from _parts(found, paper)
    yield ""
    yield from paper.prose("This assumes that")
    for sentence in found.basis:
        first, *more = paper.prose(f"- {sentence}")
        yield first
        yield from (f"  {line}" for line in more)


def _parts(found: Forecast, paper: Paper) -> Iterator[str]:
    """Yield what the month to date consists of, and what is added to it."""
    parts = [
        ("Fixed charges, complete", found.fixed),
        ("Usage so far", found.usage),
        ("Credits so far", found.credits),
        ("Taxes so far", found.taxes),
    ]
    total = exact_sum(amount for _, amount in parts)
    width = max(cells(money(amount)) for amount in (total, *(x for _, x in parts)))
    for label, amount in parts:
        if amount:
            yield from paper.row(label, f"  {money(amount):>{width}}")
    yield paper.rule * paper.width
    yield from paper.row("Month to date", f"  {money(total):>{width}}")
    if found.certificates:
        label = "TLS certificates, as in the last invoice"
        yield from paper.row(label, f"  {money(found.certificates):>{width}}")
