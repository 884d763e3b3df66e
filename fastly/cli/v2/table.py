"""The page of a bill of the retired API v2."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from fastly._text import printable
from fastly.cli.layout import Paper, cells, figure, moment, money
from fastly.model.billing_estimate_response import BillingEstimateResponse
from fastly.model.billing_regions import BillingRegions
from fastly.model.billing_response import BillingResponse
from fastly.model.billing_status import BillingStatus
from fastly.model.billing_total import BillingTotal
from fastly.model.billing_total_extras import BillingTotalExtras
from fastly.rows import exact, exact_sum

__all__ = ["bill_page"]

Bill = BillingResponse | BillingEstimateResponse
Row = tuple[str, Decimal | None]

_GAP = 2
_SHORTEST_NAME, _LONGEST_NAME = 8, 20
_SHARE = len("  100.0%")


def bill_page(bill: Bill, paper: Paper) -> Iterator[str]:
    """Yield the page of an invoice or an estimate; any part of it may be missing."""
    yield from _Page(bill, paper).lines()


class _Page:
    """A page, and what its lines have in common."""

    def __init__(self, bill: Bill, paper: Paper) -> None:
        self.bill = bill
        self.paper = paper
        self.total = bill.total or BillingTotal()
        regions = (bill.regions or {}).items()
        self.regions = sorted(
            ((name, region or BillingRegions()) for name, region in regions),  # it was sent as null
            key=lambda item: -(item[1].cost or 0),
        )
        costs = [self.total.cost, self.used, *(region.cost for _, region in self.regions)]
        amounts = [*costs, *(amount for _, amount in self.sums())]
        self.amount_width = max(len("USD"), *(len(money(amount)) for amount in amounts))

    @property
    def used(self) -> Decimal | None:
        """The cost of all regions."""
        costs = [region.cost for _, region in self.regions if region.cost is not None]
        return exact_sum(costs) if costs else None

    def lines(self) -> Iterator[str]:
        yield self.title()
        yield ""
        yield from self.paper.facts(self.facts())
        yield ""
        if self.regions:
            yield from self.region_lines()
            yield ""
        yield from self.sum_lines()
        yield ""
        yield from self.paper.prose(self.ending())

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
        minimum = f"minimum {money(total.plan_minimum)} USD" if total.plan_minimum else None
        name = total.plan_name or total.plan_code or "-"
        return ", ".join(part for part in (name, minimum, total.terms) if part)

    def region_lines(self) -> Iterator[str]:
        """Yield the table of regions: as many columns as there is room for."""
        paper, names = self.paper, ["Region", *(name for name, _ in self.regions), "All"]
        name_width = min(max(cells(paper.clean(name)) for name in names), _LONGEST_NAME)
        room = paper.width - self.amount_width - _GAP - max(_SHORTEST_NAME, name_width)
        columns: list[list[str]] = []
        for column in self.quantities():
            if room - _GAP - len(column[0]) < 0:
                break
            columns.append(column)
            room -= _GAP + len(column[0])
        columns += self.shares(room - _GAP - _SHARE)
        costs = ["USD", *(money(region.cost) for _, region in self.regions), money(self.used)]
        columns.append([f"{cost:>{self.amount_width}}" for cost in costs])
        for number, name in enumerate(names):
            if number == len(names) - 1:
                yield paper.rule * paper.width
            rest = "".join(" " * _GAP + column[number] for column in columns)
            yield from paper.row(name, rest)

    def quantities(self) -> Iterator[list[str]]:
        """Yield the columns of what the regions used: heading, one cell for each region, sum."""
        units = printable(self.total.bandwidth_units or "")[:8].encode("ascii", "replace").decode()
        for kind, heading, digits in (
            ("bandwidth", f"Bandwidth {units}".rstrip(), 1),
            ("requests", "Requests", 0),
            ("percentile", "Percentile", 1),
        ):
            used = [getattr(region, kind) for _, region in self.regions]
            values = [usage.total if usage else None for usage in used]
            if any(value is not None for value in values):
                # Percentiles of regions do not add up to a percentile of all.
                whole = "" if kind == "percentile" else figure(exact_sum(values), digits)
                column = [heading, *(figure(value, digits) for value in values), whole]
                yield [f"{cell:>{max(map(len, column))}}" for cell in column]

    def shares(self, room: int) -> Iterator[list[str]]:
        """Yield the column of the bars, if there is room for it and it shows anything."""
        costs = [max(exact(region.cost or 0), Decimal(0)) for _, region in self.regions]
        if bars := self.paper.bars(costs, room):
            width, whole = len(bars[0]) + _SHARE, exact_sum(costs)
            shares = [f"{cost / whole:.1%}" for cost in costs]
            column = [f"{bar}{share:>{_SHARE}}" for bar, share in zip(bars, shares, strict=True)]
            yield [f"{'Share':{width}}", *column, " " * width]

    def sum_lines(self) -> Iterator[str]:
        """Yield the steps from the cost of the usage to the amount due."""
        for label, amount in self.sums():
            yield from self.paper.row(label, f"  {money(amount):>{self.amount_width}}")
        yield self.paper.rule * self.paper.width
        estimate = isinstance(self.bill, BillingEstimateResponse)
        label = "Estimated total, USD" if estimate else "Total due, USD"
        yield from self.paper.row(label, f"  {money(self.total.cost):>{self.amount_width}}")

    def sums(self) -> Iterator[Row]:
        """Yield what the total is made of, as far as the bill says."""
        total = self.total
        if total.incurred_cost is not None:
            yield self.incurred(), exact(total.incurred_cost)
        yield from self.extras()
        if total.commit_shortfall:
            yield "Shortfall to the plan's minimum", exact(total.commit_shortfall)
        if total.discount or total.discount_amount:
            if total.cost_before_discount is not None:
                yield "Before discount", exact(total.cost_before_discount)
            rate = f" {_trimmed(exact(total.discount) * 100)} %" if total.discount else ""
            yield f"Discount{rate}", _discount(total)

    def incurred(self) -> str:
        """Return the label of what was used, with its parts."""
        parts = {
            "bandwidth": self.total.bandwidth_cost,
            "requests": self.total.requests_cost,
            "percentile": self.total.percentile_cost,
        }
        said = [f"{name} {money(amount)}" for name, amount in parts.items() if amount]
        return f"Used: {', '.join(said)}" if said else "Used"

    def extras(self) -> Iterator[Row]:
        extras = [extra for extra in self.total.extras or () if extra]
        for extra in extras:
            once = f" ({money(extra.setup)} of it once)" if extra.setup else ""
            yield (extra.name or "Extra without a name") + once, _extra_cost(extra)
        if not extras and self.total.extras_cost:
            yield "Extras", exact(self.total.extras_cost)

    def ending(self) -> str:
        count = len(self.bill.line_items or ())
        if not count:
            return "No line items."
        return f"{count:,} line item{'s' * (count > 1)}; --format json shows them all."


def _period(start: datetime | None, end: datetime | None) -> str:
    return f"{moment(start)} to {moment(end)}" if start or end else "-"


def _trimmed(value: Decimal) -> str:
    """Return a number without zeros at its end."""
    text = money(value)
    return text if "e" in text else text.rstrip("0").rstrip(".")


def _extra_cost(extra: BillingTotalExtras) -> Decimal:
    return exact_sum((extra.recurring, extra.setup))


def _discount(total: BillingTotal) -> Decimal | None:
    """Return the discount as an amount less than 0: the one sent, else the difference."""
    if total.discount_amount is not None:
        return -abs(exact(total.discount_amount))
    if total.cost is None or total.cost_before_discount is None:
        return None
    return exact(total.cost) - exact(total.cost_before_discount)
