"""Share an invoice among services, products, regions or teams, to the cent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple, TypedDict

from fastly._items import items_of
from fastly._money import amount_of, fraction, places_of, rounded, shared, tolerance
from fastly._months import month_of
from fastly._text import shown
from fastly.exceptions import ApiTypeError, ApiValueError
from fastly.model.invoice import Invoice
from fastly.model.mtd_invoice_response import MtdInvoiceResponse
from fastly.model.mtdlineitems import Mtdlineitems
from fastly.model.serviceusagemetrics import Serviceusagemetrics
from fastly.model.serviceusagemetrics_data import ServiceusagemetricsData

DIFFERENCE = "difference to the total"

Block = ServiceusagemetricsData | Serviceusagemetrics
Used = dict[str, dict[str, Fraction]]  # units by usage type and service


class _Invoice(TypedDict):
    month: str | None
    invoice_id: str | None
    currency_code: str | None


class _Service(_Invoice):
    service_id: str | None
    service_name: str


class _Product(_Invoice):
    product_name: str


class _Region(_Invoice):
    region: str


class _Team(_Invoice):
    team: str


class _Cost(TypedDict):
    amount: Decimal
    percent: Decimal | None


class ServiceCostRow(_Service, _Cost):
    """What a service costs; `service_id` is None for what is not by service."""


class ProductCostRow(_Product, _Cost):
    """What a product costs."""


class RegionCostRow(_Region, _Cost):
    """What a region costs; `region` is empty for lines without one."""


class TeamCostRow(_Team, _Cost):
    """What a team costs; `team` is empty for services without one."""


class _Part(NamedTuple):
    """A part of a line, in whole units of the currency; `service_id` is None if it is of none."""

    product_name: str
    region: str
    service_id: str | None
    units: int

    def named(self, names: Mapping[str, str]) -> str:
        """Return the name for the part's service, or what the part is called if it has none."""
        if self.service_id is not None:
            return names.get(self.service_id, "")
        is_line = self.product_name != DIFFERENCE
        return f"not by service: {self.product_name}" if is_line else DIFFERENCE


@dataclass(frozen=True)
class Allocation:
    """An invoice, shared. The amounts of the rows of each method add up exactly to `total`.

    Rows have the columns `month`, `invoice_id` and `currency_code` of the invoice, then those of
    the method, then `amount`, and `percent` of the total (with two decimals; None if the total is
    0). They are sorted by amount, the largest first.

    Attributes:
        month: Month in UTC in which the invoice's period starts, such as "2026-05".
        invoice_id: ID of the invoice.
        currency_code: Currency of all amounts; None for a month to date, which has none.
        total: The invoice's total, or the sum of its lines if it has none.
        matched: The part of it that the rule matched with usage. The rest is in rows of its own,
            or spread.
        services: The latest name of each service by its ID. A service without an ID has "".
    """

    month: str | None
    invoice_id: str | None
    currency_code: str | None
    total: Decimal
    matched: Decimal
    services: Mapping[str, str]
    _parts: list[_Part] = field(repr=False)
    _places: int = field(repr=False)

    def by_service(self) -> list[ServiceCostRow]:
        """Return a row for each service: `service_id` and `service_name`."""
        return self._rows(
            lambda x: {"service_id": x.service_id, "service_name": x.named(self.services)}
        )

    def by_product(self) -> list[ProductCostRow]:
        """Return a row for each product: `product_name`, or the description of lines without."""
        return self._rows(lambda part: {"product_name": part.product_name})

    def by_region(self) -> list[RegionCostRow]:
        """Return a row for each region: `region`."""
        return self._rows(lambda part: {"region": part.region})

    def by_team(self, teams: Mapping[str, str]) -> list[TeamCostRow]:
        """Return a row for each team: `team`.

        Args:
            teams: The team of each service by the service's ID. Services that it lacks are in the
                row of the team "": ``allocation.services.keys() - teams.keys()`` lists them.

        Raises:
            ApiTypeError: `teams` is not a mapping.
        """
        if not isinstance(teams, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]  # users without a type checker
            raise ApiTypeError(f"teams must map service IDs to teams, got {shown(teams)}")
        return self._rows(lambda part: {"team": part.named(teams)})

    def _rows(self, columns_of: Callable[[_Part], dict[str, str | None]]) -> list[Any]:
        """Return a row for each value of some columns."""
        sums: dict[tuple[Any, ...], int] = {}
        for part in self._parts:
            key = tuple(columns_of(part).items())
            sums[key] = sums.get(key, 0) + part.units
        order = sorted(sums.items(), key=lambda item: (-item[1], str(item[0])))
        head = {name: getattr(self, name) for name in _Invoice.__annotations__}
        return [{**head, **dict(key), **self._cost(units)} for key, units in order]

    def _cost(self, units: int) -> _Cost:
        amount = amount_of(units, self._places)
        share = fraction(amount) / fraction(self.total) if self.total else None
        percent = None if share is None else amount_of(round(share * 10_000), 2)
        return {"amount": amount, "percent": percent}


def usage_type_of(line: Mtdlineitems) -> str | None:
    """Return the usage type that a line charges for: the one with the name of its product.

    This is an assumption: the API's reference does not relate usage to the lines of invoices.
    """
    return line.product_name


def allocate(
    invoice: Invoice | MtdInvoiceResponse,
    usage: Iterable[Block] | Block,
    *,
    spread: bool = False,
    rule: Callable[[Mtdlineitems], str | None] = usage_type_of,
) -> Allocation:
    """Share an invoice among the services that used what it charges.

    The lines are rounded to the currency's decimals so that they add up to the invoice's total,
    by largest remainder. If they differ from it by more than a cent a line, the rest is a row of
    its own, "difference to the total". Each line is then shared by the units of each service, by
    largest remainder; of equal remainders, the lower service ID gets the cent. Usage that is
    negative or null counts as 0.

    Args:
        invoice: An invoice, or a month to date.
        usage: The usage of its month: what ``iter_service_level_usage()`` yields, or its pages.
        spread: Whether to share lines without usage, such as TLS, support, credits and taxes, in
            proportion to what the services cost otherwise. Default: they stay apart.
        rule: Returns the usage type that a line charges for, or None. Default: the usage type with
            the name of the line's product, which is an assumption.

    Returns:
        The allocation, with rows by service, product, region and team.

    Raises:
        ApiTypeError: An argument has the wrong type.
        ApiValueError: The usage is of another month than the invoice, or the invoice has neither a
            total nor an amount on each line.
    """
    if not isinstance(invoice, (Invoice, MtdInvoiceResponse)):  # pyright: ignore[reportUnnecessaryIsInstance]  # users without a type checker
        raise ApiTypeError(f"invoice must be one invoice, got {shown(invoice)}")
    month, total = month_of(invoice.billing_start_date), invoice.monthly_transaction_amount
    used, names = _used(usage, month)
    currency = invoice.currency_code if isinstance(invoice, Invoice) else None
    places = places_of(currency, total)
    lines = [line for line in invoice.transaction_line_items or () if line]
    if total is None and not (lines and all(line.amount is not None for line in lines)):
        name = shown(invoice.invoice_id)
        raise ApiValueError(f"invoice {name} has no total, nor an amount on each line")
    most = Fraction(tolerance(len(lines), currency))
    units, due = _units([line.amount for line in lines], total, 10**places, most)
    costs = zip(lines, units, strict=True)
    parts = [x for line, cost in costs for x in _parts(line, cost, used.get(rule(line) or "", {}))]
    matched = sum(part.units for part in parts if part.service_id is not None)
    parts = list(_spread(parts)) if spread else parts
    if gap := due - sum(units):
        parts.append(_Part(DIFFERENCE, DIFFERENCE, None, gap))
    amounts = amount_of(due, places), amount_of(matched, places)
    return Allocation(month, invoice.invoice_id, currency, *amounts, names, parts, places)


def _used(usage: object, month: str | None) -> tuple[Used, dict[str, str]]:
    """Return the units of each usage type by service, and the latest name of each service."""
    rule = "usage must be what iter_service_level_usage() yields, or its pages"
    kinds, pages = (ServiceusagemetricsData,), Serviceusagemetrics
    blocks = items_of(usage, kinds, pages, lambda page: page.blocks, rule)
    used: Used = {}
    names: dict[str, str] = {}
    for block in sorted(blocks, key=lambda block: f"{block.start_time}"):
        _check_month(block, month)
        units = used.setdefault(block.usage_type or "", {})
        for detail in filter(None, block.details or ()):
            known = detail.service_id or ""
            names[known] = detail.service_name or names.get(known, "")
            amount = max(fraction(detail.usage_units), Fraction(0))
            units[known] = units.get(known, Fraction(0)) + amount
    return used, names


def _check_month(block: ServiceusagemetricsData, month: str | None) -> None:
    """Refuse usage of other months, which would share the invoice by the wrong units."""
    end = block.end_time and block.end_time - timedelta(seconds=1)  # some ends are exclusive
    others = {month_of(block.start_time), month_of(end)} - {month, None}
    if month and others:
        raise ApiValueError(
            f"usage must be of {month}, the month of the invoice, got a block of "
            f"{' and '.join(sorted(filter(None, others)))}: pass start_month and end_month"
        )


def _units(
    amounts: list[float | None], total: float | None, scale: int, most: Fraction
) -> tuple[list[int], int]:
    """Return the lines in whole units, which add up to the total if they differ by ``most``."""
    exact = [fraction(amount) * scale for amount in amounts]
    whole = sum(exact, Fraction(0))
    due = round(whole if total is None else fraction(total) * scale)
    is_near = abs(due - whole) <= most * scale
    return rounded(exact, due if is_near else round(whole)), due


def _parts(line: Mtdlineitems, cost: int, used: dict[str, Fraction]) -> Iterator[_Part]:
    """Yield the part of each service that used what a line charges, or the whole line."""
    name = line.product_name or line.description or line.product_group or ""
    services = sorted(used) if any(used.values()) else [None]
    units = shared(cost, [used[x] if x is not None else Fraction(1) for x in services])
    for known, part in zip(services, units, strict=True):
        yield _Part(name, line.region or "", known, part)


def _spread(parts: list[_Part]) -> Iterator[_Part]:
    """Share what is not by service in proportion to what each service costs, if that is above 0."""
    costs: dict[str, int] = {}
    for part in parts:
        if part.service_id is not None:
            costs[part.service_id] = costs.get(part.service_id, 0) + part.units
    weights = {known: Fraction(costs[known]) for known in sorted(costs) if costs[known] > 0}
    for part in parts:
        if part.service_id is not None or not weights:
            yield part
        else:
            for known, units in zip(weights, shared(part.units, [*weights.values()]), strict=True):
                yield part._replace(service_id=known, units=units)
