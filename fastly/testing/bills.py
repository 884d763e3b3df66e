"""What the stand-in's account uses and what it costs: the one source for all of its APIs.

Everything follows from the month and the account's seed (through SHA-256, not ``random``), so every
run on every Python gives the same figures. Money is in USD and stays `Decimal` until it is sent;
bandwidth is in GB; a unit of requests is 10,000 of them, with four decimals. These equations hold
to the cent for every bill:

* ``tier.total == tier.units * tier.discounted_price``, rounded to cents
* ``usage.total`` (GB, or requests) is the sum of its tiers' units, and of its services' shares
* ``incurred`` is the sum of all tiers' totals
* ``overage == max(incurred - plan minimum, 0)``
* ``shortfall == max(plan minimum - incurred, 0)``
* ``before_discount == incurred + extras_cost + shortfall``
* ``discount_amount == before_discount * discount``, rounded to cents
* ``cost == before_discount - discount_amount``
* ``line.amount == line.units * line.rate``, rounded to cents; the amounts sum to ``cost``

Each February stays below the plan's minimum and has a shortfall; each November has some three times
the traffic. January, April, July and October have no discount; the other months have 10 %. Regions,
products and fixed charges have begun over the years; the sales tax on the support plan is one of
the fixed charges.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from functools import cached_property, lru_cache

from fastly.testing.catalog import (
    COMPUTE_PRICE,
    COMPUTE_SINCE,
    CREATED,
    EXTRAS,
    PLAN_MINIMUM,
    REGIONS,
    SERVICES,
    TIERS,
    Extra,
    Region,
)

__all__ = [
    "Bill",
    "Line",
    "Tier",
    "Usage",
    "cents",
    "credit",
    "digest",
    "total_of",
    "usages",
]

_SEASONS = {2: Decimal("0.02"), 11: Decimal(3)}


@dataclass(frozen=True)
class Tier:
    """A price tier: its units, at the list price and at the price that this customer pays."""

    name: str
    units: Decimal
    price: Decimal
    discounted_price: Decimal

    @cached_property
    def total(self) -> Decimal:
        """The cost in USD."""
        return cents(self.units * self.discounted_price)


@dataclass(frozen=True)
class Usage:
    """The traffic of a product in one region: its total in GB or in requests.

    The product is "Bandwidth", "Requests" or "Compute Requests".
    """

    region: Region
    product: str
    total: Decimal
    tiers: tuple[Tier, ...]

    @cached_property
    def cost(self) -> Decimal:
        """The cost in USD."""
        return total_of(tier.total for tier in self.tiers)

    @property
    def units(self) -> Decimal:
        """The billed units: GB, or 10,000 requests."""
        return total_of(tier.units for tier in self.tiers)

    @property
    def name(self) -> str:
        """The name of the usage type, such as "North America Requests"."""
        return f"{self.region.prefix or self.region.label} {self.product}"

    def units_by_service(self) -> dict[str, Decimal]:
        """Return each service's share of the units by its ID; together they are all units."""
        smallest = Decimal("0.1") if self.product == "Bandwidth" else Decimal("0.0001")
        shares = {
            service.id: (self.units * service.share / 100).quantize(smallest, ROUND_DOWN)
            for service in SERVICES
        }
        shares[SERVICES[0].id] += self.units - total_of(shares.values())
        return shares


@dataclass(frozen=True)
class Line:
    """A line of a bill: so many units at a rate in USD, and the amount in USD."""

    service: str
    description: str
    units: Decimal
    rate: Decimal
    amount: Decimal
    region: Region | None = None
    tier: int = 1
    extra: Extra | None = None


@dataclass(frozen=True)
class Bill:
    """The bill of one month."""

    year: int
    month: int
    usages: tuple[Usage, ...]

    @cached_property
    def incurred(self) -> Decimal:
        """The cost of the traffic."""
        return total_of(usage.cost for usage in self.usages)

    @property
    def overage(self) -> Decimal:
        """How far the traffic's cost exceeds the plan's minimum."""
        return max(self.incurred - PLAN_MINIMUM, Decimal(0))

    @property
    def shortfall(self) -> Decimal:
        """How far the traffic's cost stays below the plan's minimum."""
        return max(PLAN_MINIMUM - self.incurred, Decimal(0))

    @property
    def extras(self) -> list[Extra]:
        """The fixed charges of the month."""
        return [extra for extra in EXTRAS if extra.since <= (self.year, self.month)]

    def setup_of(self, extra: Extra) -> Decimal:
        """Return what an extra costs once, if this is its first month, else 0."""
        return extra.setup if extra.since == (self.year, self.month) else Decimal(0)

    @property
    def extras_cost(self) -> Decimal:
        """The cost of the extras."""
        return total_of(extra.recurring + self.setup_of(extra) for extra in self.extras)

    @property
    def before_discount(self) -> Decimal:
        """The cost before the discount."""
        return self.incurred + self.extras_cost + self.shortfall

    @property
    def discount(self) -> Decimal:
        """The discount as a rate."""
        return Decimal(0) if self.month % 3 == 1 else Decimal("0.1")

    @property
    def discount_amount(self) -> Decimal:
        """The discount in USD."""
        return cents(self.before_discount * self.discount)

    @property
    def cost(self) -> Decimal:
        """The final amount."""
        return self.before_discount - self.discount_amount

    def lines(self) -> Iterator[Line]:
        """Yield a line for everything that the bill charges, and for the credit."""
        yield from self.charges()
        if self.shortfall:
            yield _single("Commit shortfall", "Shortfall to plan minimum", self.shortfall)
        yield from credit(self.before_discount, self.discount)

    def charges(self) -> Iterator[Line]:
        """Yield the lines of traffic, one for each tier reached, and those of the extras."""
        for usage in self.usages:
            yield from _usage_lines(usage)
        for extra in self.extras:
            yield _single("Add-on", extra.name, extra.recurring, extra)
            if setup := self.setup_of(extra):
                yield _single("Setup", f"Setup of {extra.name}", setup, extra)


@lru_cache(maxsize=256)  # as many months as most tests list, for all of their servers
def usages(
    year: int, month: int, share: Decimal = Decimal(1), seed: tuple[str, ...] = ()
) -> tuple[Usage, ...]:
    """Return the traffic of a share of a month, by region and product; it depends on the seed."""
    regions = (region for region in REGIONS if region.since <= (year, month))
    return tuple(
        usage for region in regions for usage in _traffic(region, year, month, share, seed)
    )


def credit(amount: Decimal, discount: Decimal) -> Iterator[Line]:
    """Yield the line that credits the discount of an amount, if there is any."""
    if credited := cents(amount * discount):
        yield _single("Credit", f"Discount of {discount:.0%}", -credited)


def cents(amount: Decimal) -> Decimal:
    """Return an amount of USD rounded to cents, as invoices round it."""
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)


def total_of(amounts: Iterable[Decimal]) -> Decimal:
    """Return the exact sum of amounts."""
    return sum(amounts, Decimal(0))


def digest(*key: object) -> int:
    """Return a large number that depends only on the key."""
    return int.from_bytes(hashlib.sha256("/".join(map(str, key)).encode()).digest(), "big")


def _traffic(
    region: Region, year: int, month: int, share: Decimal, seed: tuple[str, ...]
) -> Iterator[Usage]:
    """Yield the bandwidth, the requests and the compute requests of a region."""

    def chance(kind: str, count: int) -> int:
        return digest(*seed, kind, region.name, year, month) % count

    load = _SEASONS.get(month, Decimal(1)) * (4 + year - CREATED[0]) / 4
    percent = 70 + chance("bandwidth", 61)
    gigabytes = (region.gigabytes * load * percent / 100 * share).quantize(Decimal("0.1"))
    yield Usage(region, "Bandwidth", gigabytes, _bandwidth_tiers(region, gigabytes))
    requests = int(gigabytes * (20_000 + chance("requests", 40_000)))
    yield _requests(region, "Requests", requests, region.request_price)
    if region.has_compute and (year, month) >= COMPUTE_SINCE:
        compute = requests * (10 + chance("compute", 20)) // 100
        yield _requests(region, "Compute Requests", compute, COMPUTE_PRICE)


def _requests(region: Region, product: str, count: int, price: str) -> Usage:
    """Return a number of requests, which are billed in units of 10,000."""
    tier = _tier(
        region,
        "per 10k" if product == "Requests" else "Compute, per 10k",
        Decimal(count) / 10_000,
        price,
    )
    return Usage(region, product, Decimal(count), (tier,))


def _bandwidth_tiers(region: Region, gigabytes: Decimal) -> tuple[Tier, ...]:
    """Spread bandwidth over the tiers, each one used when those before it are full."""
    tiers: list[Tier] = []
    for (name, width), price in zip(TIERS, region.prices, strict=True):
        units = min(gigabytes, Decimal(width))
        tiers.append(_tier(region, name, units, price))
        gigabytes -= units
    return tuple(tiers)


def _tier(region: Region, name: str, units: Decimal, price: str) -> Tier:
    """Return a tier at its list price."""
    return Tier(name, units, Decimal(price), Decimal(price) * Decimal(region.negotiated))


def _usage_lines(usage: Usage) -> Iterator[Line]:
    """Yield the lines for a region's traffic, one for each tier that was reached."""
    for number, tier in enumerate(usage.tiers, 1):
        if tier.units:
            yield Line(
                usage.product,
                usage.name,
                tier.units,
                tier.discounted_price,
                tier.total,
                usage.region,
                number,
            )


def _single(service: str, description: str, amount: Decimal, extra: Extra | None = None) -> Line:
    """Return the line for one unit of something."""
    return Line(service, description, Decimal(1), amount, amount, extra=extra)
