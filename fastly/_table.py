"""The page that a person reads: one bill as text, as wide as the terminal has room."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext

from fastly.model.billing_estimate_response import BillingEstimateResponse
from fastly.model.billing_regions import BillingRegions
from fastly.model.billing_response import BillingResponse
from fastly.model.billing_status import BillingStatus
from fastly.model.billing_total import BillingTotal
from fastly.model.billing_total_extras import BillingTotalExtras

__all__ = ["page", "printable"]

Number = float | None
Row = tuple[str, Decimal | None]

NARROWEST, WIDEST = 24, 88
_GAP = 2
_LABEL = 10  # the width of "Customer" and its like, with the gap
_SHORTEST_NAME, _SHORTEST_BAR, _LONGEST_BAR = 8, 4, 24
_SHARE = len("  100.0%")
_LONGEST_TEXT = 1000
_FILLER = "\0"
# Digits enough to add any two floats without rounding; cents are rounded as invoices do.
_EXACT = Context(prec=700, rounding=ROUND_HALF_UP)
_TOO_LONG = Decimal(10) ** 18
_HALF = Decimal("0.5")


def page(bill: BillingResponse | BillingEstimateResponse, width: int, encoding: str) -> str:
    """Lay a bill out as a page of text.

    Args:
        bill: An invoice or an estimate; any part of it may be missing.
        width: Columns of the terminal; the page has 24 to 88 of them.
        encoding: The encoding of the terminal. What it cannot show becomes "?".

    Returns:
        Lines without control characters, each ended by a line feed.
    """
    with localcontext(_EXACT):
        return "".join(line.rstrip() + "\n" for line in _Page(bill, width, encoding).lines())


def printable(text: str) -> str:
    """Return a text without line breaks and with "?" for what a terminal might act upon."""
    return " ".join("".join(c if c.isprintable() else _substitute(c) for c in text).split())


def _substitute(character: str) -> str:
    return " " if character.isspace() else "?"


class _Page:
    """One page and what its lines have in common."""

    def __init__(
        self, bill: BillingResponse | BillingEstimateResponse, width: int, encoding: str
    ) -> None:
        self.bill = bill
        self.total = bill.total or BillingTotal()
        regions = (bill.regions or {}).items()
        self.regions = sorted(
            ((name, region or BillingRegions()) for name, region in regions),  # null came
            key=lambda item: -(item[1].cost or 0),
        )
        self.width = max(NARROWEST, min(width, WIDEST))
        self.encoding = encoding
        self.block, self.rule = ("█", "─") if _can_show("█─", encoding) else ("#", "-")
        costs = [self.total.cost, self.used, *(region.cost for _, region in self.regions)]
        amounts = [*costs, *(amount for _, amount in self.sums())]
        self.amount_width = max(len("USD"), *(len(_money(amount)) for amount in amounts))

    @property
    def used(self) -> Decimal | None:
        """What all regions came to."""
        costs = [region.cost for _, region in self.regions if region.cost is not None]
        return _sum(costs) if costs else None

    def lines(self) -> Iterator[str]:
        yield self.title()
        yield ""
        for label, value in self.facts():
            first, *rest = self.fold(value, self.width - _LABEL)
            yield f"{label:{_LABEL}}{first}"
            yield from (" " * _LABEL + line for line in rest)
        yield ""
        if self.regions:
            yield from self.region_lines()
            yield ""
        yield from self.sum_lines()
        yield ""
        yield from textwrap.wrap(self.ending(), self.width)

    def title(self) -> str:
        kind = "Estimate" if isinstance(self.bill, BillingEstimateResponse) else "Invoice"
        start = self.bill.start_time
        return f"{kind} {start.month:02}/{start.year}" if start else kind

    def facts(self) -> Iterator[tuple[str, str]]:
        bill, status = self.bill, self.bill.status or BillingStatus()
        sent = f", sent {status.sent_at.date()}" if status.sent_at else ""
        yield "Period", _period(bill.start_time, bill.end_time)
        yield "Customer", bill.customer_id or "-"
        yield "Invoice", bill.invoice_id or "-"
        yield "Status", (status.status or "-") + sent
        yield "Plan", self.plan()
        if bill.vendor_state not in (None, "up"):
            yield "Vendor", f"{bill.vendor_state}: the figures may not be complete"

    def plan(self) -> str:
        total = self.total
        minimum = f"minimum {_money(total.plan_minimum)} USD" if total.plan_minimum else None
        name = total.plan_name or total.plan_code or "-"
        return ", ".join(part for part in (name, minimum, total.terms) if part)

    def region_lines(self) -> Iterator[str]:
        """Yield the table of regions: as many columns as there is room for."""
        names = ["Region", *(name for name, _ in self.regions), "All"]
        name_width = max(_cells(self.clean(name)) for name in names)
        room = self.width - self.amount_width - _GAP - max(_SHORTEST_NAME, min(name_width, 20))
        columns: list[list[str]] = []
        for column in self.quantities():
            if room - _GAP - len(column[0]) < 0:
                break
            columns.append(column)
            room -= _GAP + len(column[0])
        bar = min(room - _GAP - _SHARE, _LONGEST_BAR)
        if bar >= _SHORTEST_BAR and any((region.cost or 0) > 0 for _, region in self.regions):
            columns.append(self.shares(bar))
        costs = ["USD", *(_money(region.cost) for _, region in self.regions), _money(self.used)]
        columns.append([f"{cost:>{self.amount_width}}" for cost in costs])
        for number, name in enumerate(names):
            if number == len(names) - 1:
                yield self.rule * self.width
            yield from self.row(name, "".join(" " * _GAP + column[number] for column in columns))

    def quantities(self) -> Iterator[list[str]]:
        """Yield the columns of what the regions used: heading, a cell a region, sum."""
        units = printable(self.total.bandwidth_units or "")[:8].encode("ascii", "replace").decode()
        for kind, heading, digits in (
            ("bandwidth", f"Bandwidth {units}".rstrip(), 1),
            ("requests", "Requests", 0),
            ("percentile", "Percentile", 1),
        ):
            used = [getattr(region, kind) for _, region in self.regions]
            values = [usage.total if usage else None for usage in used]
            if any(value is not None for value in values):
                # Percentiles of regions do not add up to one of all.
                whole = "" if kind == "percentile" else _figure(_sum(values), digits)
                cells = [heading, *(_figure(value, digits) for value in values), whole]
                yield [f"{cell:>{max(map(len, cells))}}" for cell in cells]

    def shares(self, width: int) -> list[str]:
        """Return the column of the bars, the longest of them for the region that cost most."""
        costs = [max(_decimal(region.cost or 0), Decimal(0)) for _, region in self.regions]
        whole, most = _sum(costs), max(costs)
        bars = [self.block * int(cost / most * width + _HALF) for cost in costs]
        shares = [f"{cost / whole:.1%}" for cost in costs]
        cells = [f"{bar:{width}}{share:>{_SHARE}}" for bar, share in zip(bars, shares, strict=True)]
        return [f"{'Share':{width + _SHARE}}", *cells, " " * (width + _SHARE)]

    def sum_lines(self) -> Iterator[str]:
        """Yield the way from what was used to what is to be paid."""
        for label, amount in self.sums():
            yield from self.row(label, f"  {_money(amount):>{self.amount_width}}")
        yield self.rule * self.width
        estimate = isinstance(self.bill, BillingEstimateResponse)
        label = "Estimated total, USD" if estimate else "Total due, USD"
        yield from self.row(label, f"  {_money(self.total.cost):>{self.amount_width}}")

    def sums(self) -> Iterator[Row]:
        """Yield what the total is made of, as far as the bill says."""
        total = self.total
        if total.incurred_cost is not None:
            yield self.incurred(), _decimal(total.incurred_cost)
        yield from self.extras()
        if total.commit_shortfall:
            yield "Shortfall to the plan's minimum", _decimal(total.commit_shortfall)
        if total.discount or total.discount_amount:
            if total.cost_before_discount is not None:
                yield "Before discount", _decimal(total.cost_before_discount)
            rate = f" {_trimmed(_decimal(total.discount) * 100)} %" if total.discount else ""
            yield f"Discount{rate}", _discount(total)

    def incurred(self) -> str:
        """Return the label of what was used, with its parts."""
        parts = {
            "bandwidth": self.total.bandwidth_cost,
            "requests": self.total.requests_cost,
            "percentile": self.total.percentile_cost,
        }
        said = [f"{name} {_money(amount)}" for name, amount in parts.items() if amount]
        return f"Used: {', '.join(said)}" if said else "Used"

    def extras(self) -> Iterator[Row]:
        extras = [extra for extra in self.total.extras or () if extra]
        for extra in extras:
            once = f" ({_money(extra.setup)} of it once)" if extra.setup else ""
            yield (extra.name or "Extra without a name") + once, _extra_cost(extra)
        if not extras and self.total.extras_cost:
            yield "Extras", _decimal(self.total.extras_cost)

    def ending(self) -> str:
        count = len(self.bill.line_items or ())
        if not count:
            return "No line items."
        return f"{count:,} line item{'s' * (count > 1)}; --format json shows them all."

    def row(self, label: str, rest: str) -> Iterator[str]:
        """Yield a label, folded where it is long, with the rest of its line at the right edge."""
        width = max(_SHORTEST_NAME, self.width - len(rest))
        first, *more = self.fold(label, width)
        yield first + " " * (width - _cells(first)) + rest
        yield from (f"  {line}" for line in more)

    def fold(self, text: str, width: int) -> list[str]:
        """Break a text into at most three lines; what does not fit ends in "..."."""
        filled = "".join(c + _FILLER * (_cells(c) - 1) for c in self.clean(text))
        if _FILLER in filled:
            width -= 1  # a line may end between a letter of two columns and its filler
        lines = textwrap.wrap(filled, width, max_lines=3, placeholder="...", subsequent_indent="  ")
        return [line.strip().replace(_FILLER, "") for line in lines] or ["-"]

    def clean(self, text: str) -> str:
        shown = printable(text[:_LONGEST_TEXT])
        return shown.encode(self.encoding, "replace").decode(self.encoding)


def _can_show(text: str, encoding: str) -> bool:
    return text.encode(encoding, "replace").decode(encoding) == text


def _cells(text: str) -> int:
    """Return how many columns of a terminal a text takes: East Asian letters take two."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(unicodedata.combining(c) > 0 for c in text)


def _decimal(value: Decimal | float) -> Decimal:
    """Return a number as it was written: 0.1 is exactly that, and not its nearest float."""
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)


def _sum(values: Iterable[Decimal | Number]) -> Decimal:
    return sum((_decimal(value) for value in values if value is not None), Decimal(0))


def _figure(value: Decimal | Number, digits: int) -> str:
    if value is None:
        return "-"
    exact = _decimal(value)
    text = f"{exact:,.{digits}f}" if abs(exact) < _TOO_LONG else f"{exact:.6e}"
    return text if text.strip("-0.,") else text.removeprefix("-")


def _money(amount: Decimal | Number) -> str:
    return _figure(amount, 2)


def _trimmed(value: Decimal) -> str:
    """Return a number without zeros at its end."""
    text = _money(value)
    return text if "e" in text else text.rstrip("0").rstrip(".")


def _period(start: datetime | None, end: datetime | None) -> str:
    return f"{_moment(start)} to {_moment(end)}" if start or end else "-"


def _moment(time: datetime | None) -> str:
    if time is None:
        return "-"
    return f"{time.replace(tzinfo=None).isoformat(' ', 'minutes')} {time.tzname() or ''}".rstrip()


def _extra_cost(extra: BillingTotalExtras) -> Decimal:
    return _sum((extra.recurring, extra.setup))


def _discount(total: BillingTotal) -> Decimal | None:
    """Return the discount as an amount less than 0: the one that came, else the difference."""
    if total.discount_amount is not None:
        return -abs(_decimal(total.discount_amount))
    if total.cost is None or total.cost_before_discount is None:
        return None
    return _decimal(total.cost) - _decimal(total.cost_before_discount)
