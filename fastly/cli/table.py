"""The pages that a person reads: invoices, one invoice, the month to date.

`Paper.text` makes the text of a page from the lines that these functions yield.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from fastly.cli.layout import Paper, apart, cells, day, moment, money
from fastly.model.invoice import Invoice
from fastly.model.mtd_invoice_response import MtdInvoiceResponse
from fastly.model.mtdlineitems import Mtdlineitems
from fastly.rows import cent, coupon, exact, exact_sum, month_of, tolerance

__all__ = ["invoice_page", "invoices_page", "month_to_date_page", "share_lines"]

_GAP = 2
_SHARE = len("  100.0%")
_NAME = 20  # columns that a name should have before a bar gets any
_MONTH = len("2026-05")
_CENT = Decimal("0.01")

_FIXED = (
    "Fixed charges are included in full from the first day, so the total does not grow evenly "
    "through the month."
)
_CERTIFICATES = (
    "TLS certificates are listed under N/A or Unknown, with an amount of 0, until the invoice "
    "closes."
)


def invoices_page(invoices: Iterable[Invoice], paper: Paper) -> Iterator[str]:
    """Yield a line with a bar for each invoice, and a total for each currency."""
    found = list(invoices)
    if not found:
        yield "No invoices."
        return
    amounts = ["Total", *(_amount(i.monthly_transaction_amount, i) for i in found)]
    width = max(map(cells, amounts))
    columns = _columns(found, paper, paper.width - _GAP - width)
    room = paper.width - 2 * _GAP - width - cells(columns[0])
    bars = paper.bars(_shares(found), room)
    rights = [f"{'':{_GAP}}{amount:>{width}}" for amount in amounts]
    if bars:
        spaces = [" " * len(bars[0]), *bars]
        rights = [f"{right}{'':{_GAP}}{bar}" for right, bar in zip(rights, spaces, strict=True)]
    for left, right in zip(columns, rights, strict=True):
        if cells(left) + cells(right) <= paper.width:
            yield paper.pad(left, paper.width - cells(right)) + right
        else:
            yield from paper.row(left, right)
    yield paper.rule * paper.width
    yield from _sums(found, paper)


def _shares(found: list[Invoice]) -> list[Decimal]:
    """Return each total as a share of the largest one in its currency."""
    most: dict[str | None, Decimal] = {}
    for invoice in found:
        cost = exact(invoice.monthly_transaction_amount or 0)
        most[invoice.currency_code] = max(most.get(invoice.currency_code, _CENT), cost)
    return [exact(i.monthly_transaction_amount or 0) / most[i.currency_code] for i in found]


def _columns(found: list[Invoice], paper: Paper, room: int) -> list[str]:
    """Return the heading and a text for each invoice: as many columns as there is room for."""
    lines = ["Month", *(_month(invoice.billing_start_date) for invoice in found)]
    lines = [f"{line:{_MONTH}}" for line in lines]
    for texts in (
        ["Invoice", *(invoice.invoice_id or "-" for invoice in found)],
        ["Status", *(invoice.payment_status or "-" for invoice in found)],
    ):
        width = min(max(cells(paper.clean(text)) for text in texts), _NAME)
        if cells(lines[0]) + _GAP + width > room:
            break
        pairs = zip(lines, texts, strict=True)
        lines = [f"{line}{'':{_GAP}}{paper.cell(text, width)}" for line, text in pairs]
    return lines


def _sums(found: list[Invoice], paper: Paper) -> Iterator[str]:
    """Yield the total of each currency, and how many totals are missing."""
    by_currency: dict[str | None, list[Invoice]] = {}
    for invoice in found:
        by_currency.setdefault(invoice.currency_code, []).append(invoice)
    for same in by_currency.values():
        amount = exact_sum(invoice.monthly_transaction_amount for invoice in same)
        yield from paper.row(
            f"Total of {_count(len(same), 'invoice')}", "  " + _amount(amount, same[0])
        )
    unknown = sum(invoice.monthly_transaction_amount is None for invoice in found)
    if unknown:
        yield from paper.prose(f"{_count(unknown, 'invoice')} without a total, counted as 0.")


def invoice_page(invoice: Invoice, paper: Paper) -> Iterator[str]:
    """Yield the page of an invoice."""
    currency = _currency(invoice)
    yield from paper.fold(f"Invoice {_month(invoice.billing_start_date)}", paper.width)
    yield ""
    yield from paper.facts(
        (
            ("Period", f"{day(invoice.billing_start_date)} to {day(invoice.billing_end_date)}"),
            # The first day of the period: an invoice is posted some days after its last one.
            ("Dated", day(invoice.invoice_posted_on)),
            ("Invoice", invoice.invoice_id or "-"),
            ("Status", invoice.payment_status or "-"),
            ("Customer", invoice.customer_id or "-"),
        )
    )
    yield ""
    charges = _Charges(invoice)
    yield from charges.lines(f"Total, {currency}", currency, paper)
    yield ""
    yield from paper.prose(_ending(charges.count, "csv"))


def month_to_date_page(
    invoice: MtdInvoiceResponse, budget: Decimal | None, paper: Paper
) -> Iterator[str]:
    """Yield the page of the month to date, and how it compares with a budget."""
    start, end = invoice.billing_start_date, invoice.billing_end_date
    yield from paper.fold(f"Month to date {_month(start)}", paper.width)
    yield ""
    yield from paper.facts(
        (("Period", f"{day(start)} to {moment(end)}"), ("Customer", invoice.customer_id or "-"))
    )
    yield ""
    charges = _Charges(invoice)
    yield from charges.lines("Total to date", "Amount", paper)
    if budget is not None:
        yield from _budget_lines(invoice.monthly_transaction_amount, budget, paper)
    yield ""
    yield from paper.prose(_FIXED)
    if charges.has_unpriced:
        yield from paper.prose(_CERTIFICATES)
    yield from paper.prose("Amounts are in the account's currency, which the API does not send.")


def _budget_lines(spent: float | None, budget: Decimal, paper: Paper) -> Iterator[str]:
    yield from paper.row("Budget", f"  {money(budget)}")
    if spent is None:
        return
    left = budget - exact(spent)
    label = "Over budget by" if left < 0 else "Left"
    yield from paper.row(label, f"  {apart(abs(left), 0)[0]}")
    if budget:
        yield from paper.row("Used", f"  {exact(spent) / budget:.1%}")


class _Group(NamedTuple):
    """What a group of products cost, in sum and by region."""

    name: str
    cost: Decimal
    regions: list[tuple[str, Decimal]]


class _Charges:
    """The lines of an invoice by product group and region, and its credits."""

    def __init__(self, invoice: Invoice | MtdInvoiceResponse) -> None:
        lines = [line for line in invoice.transaction_line_items or () if line]
        currency = invoice.currency_code if isinstance(invoice, Invoice) else None
        self.count = len(lines)
        self.tolerance = tolerance(self.count, currency)
        self.total = invoice.monthly_transaction_amount
        self.unknown = sum(line.amount is None for line in lines)
        self.credits = [line for line in lines if _is_credit(line)]
        self.groups = _groups(line for line in lines if not _is_credit(line))
        self.sum = exact_sum(line.amount for line in lines)

    @property
    def has_unpriced(self) -> bool:
        """Whether there is a group of TLS certificates whose price is not known yet."""
        return any(g.name in ("N/A", "Unknown") and not g.cost for g in self.groups)

    def lines(self, label: str, heading: str, paper: Paper) -> Iterator[str]:
        """Yield the charges, the credits and the total, and point out what does not add up."""
        amounts = [g.cost for g in self.groups]
        amounts += [cost for g in self.groups for _, cost in g.regions]
        amounts += [exact(line.amount or 0) for line in self.credits]
        texts = [heading, *(money(x, heading) for x in (self.total, self.sum, *amounts))]
        width = max(len(text) for text in texts)
        if self.groups:
            yield from self._group_lines(heading, width, paper)
        for line in self.credits:
            yield from paper.row(_credit_label(line), f"  {money(line.amount, heading):>{width}}")
        if self.groups or self.credits:
            yield paper.rule * paper.width
        yield from paper.row(label, f"  {money(self.total, heading):>{width}}")
        yield from self._gap_lines(heading, width, paper)

    def _group_lines(self, heading: str, width: int, paper: Paper) -> Iterator[str]:
        """Yield a line for each group with its share, and one for each of its regions."""
        rows = [row for group in self.groups for row in _rows(group)]
        charged = exact_sum(group.cost for group in self.groups if group.cost > 0)
        yield from bar_lines(("Charges", heading), rows, charged, width, paper)

    def _gap_lines(self, heading: str, width: int, paper: Paper) -> Iterator[str]:
        """Yield what the lines add up to if it is not the total, and lines without an amount."""
        gap = None if self.total is None else exact(self.total) - self.sum
        least = min(_CENT, cent(heading))  # that is visible
        if self.count and (gap is None or abs(gap) >= least):
            yield from paper.row("Sum of the lines", f"  {money(self.sum, heading):>{width}}")
        if self.count and gap is not None and abs(gap) >= least:
            label = "Rounding of the lines" if abs(gap) <= self.tolerance else "Not in any line"
            yield from paper.row(label, f"  {money(gap, heading):>{width}}")
        if self.unknown:
            yield from paper.prose(f"{_count(self.unknown, 'line')} without an amount.")


def bar_lines(
    titles: tuple[str, str],
    rows: list[tuple[int, str, Decimal]],
    whole: Decimal,
    width: int,
    paper: Paper,
) -> Iterator[str]:
    """Yield the titles, and a line for each row, with a bar and its share if there is room.

    Args:
        titles: Those of the names and the amounts; the second can be a currency.
        rows: The indent, the name and the amount of each line.
        whole: What the shares are of.
        width: Columns for amounts.
        paper: The paper.
    """
    costs = [cost for _, _, cost in rows]
    bars = paper.bars(costs, paper.width - width - 2 * _GAP - _SHARE - _NAME) if whole else None
    for number, (indent, name, cost) in enumerate([(0, titles[0], Decimal(0)), *rows]):
        amount = money(cost, titles[1]) if number else titles[1]
        rest = f"{'':{_GAP}}{amount:>{width}}"
        if bars and number:
            share = f"{cost / whole:.1%}"
            rest = f"{'':{_GAP}}{bars[number - 1]}{share:>{_SHARE}}{rest}"
        elif bars:
            rest = f"{'':{_GAP}}{'Share':{len(bars[0]) + _SHARE}}{rest}"
        yield from paper.row(name, rest, indent)


def share_lines(
    titles: tuple[str, str], rows: list[tuple[int, str, Decimal]], paper: Paper
) -> Iterator[str]:
    """Yield the lines of `bar_lines`, with shares of the sum, and the sum below them."""
    total = exact_sum(cost for _, _, cost in rows)
    amounts = [money(x, titles[1]) for x in (total, *(cost for _, _, cost in rows))]
    width = max(map(cells, [titles[1], *amounts]))
    yield from bar_lines(titles, rows, total, width, paper)
    yield paper.rule * paper.width
    yield from paper.row("Total", f"  {amounts[0]:>{width}}")


def _groups(lines: Iterable[Mtdlineitems]) -> list[_Group]:
    """Return the product groups and their regions, each sorted by cost."""
    costs: dict[str, dict[str, Decimal]] = {}
    for line in lines:
        regions = costs.setdefault(line.product_group or "Other", {})
        region = line.region or ""
        regions[region] = regions.get(region, Decimal(0)) + exact(line.amount or 0)
    groups = [
        _Group(name, exact_sum(regions.values()), sorted(regions.items(), key=_by_cost))
        for name, regions in costs.items()
    ]
    return sorted(groups, key=lambda group: -group.cost)


def _by_cost(item: tuple[str, Decimal]) -> Decimal:
    return -item[1]


def _rows(group: _Group) -> Iterator[tuple[int, str, Decimal]]:
    """Yield the indent, the name and the cost of a group and of its regions, if it has any."""
    yield 0, group.name, group.cost
    if [region for region, _ in group.regions] != [""]:
        yield from ((2, region or "No region", cost) for region, cost in group.regions)


def _is_credit(line: Mtdlineitems) -> bool:
    return bool(coupon(line)) or (line.amount or 0) < 0


def _credit_label(line: Mtdlineitems) -> str:
    code = coupon(line)
    name = line.description or line.product_name
    return f"Credit: {', '.join(text for text in (name, code) if text) or '-'}"


def _ending(count: int, form: str) -> str:
    return f"{_count(count, 'line')}; --format {form} lists them all." if count else "No lines."


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"


def _currency(invoice: Invoice) -> str:
    """Return the code of a currency in at most 8 characters that every terminal shows."""
    code = (invoice.currency_code or "?")[:8]
    return code.encode("ascii", "replace").decode() if code.isprintable() else "?"


def _amount(amount: Decimal | float | None, invoice: Invoice) -> str:
    return f"{money(amount, invoice.currency_code)} {_currency(invoice)}"


def _month(start: datetime | None) -> str:
    return month_of(start) or "-"
