"""What the stand-in's account uses and what it costs: the one source for both API versions.

Everything follows from the month (through SHA-256, not ``random``), so every run on every Python
gives the same figures. Money is in USD and stays `Decimal` until it is sent; bandwidth is in GB;
a unit of requests is 10,000 of them. These equations hold to the cent for every bill:

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
the traffic. January, April, July and October have no discount; the other months have 10 %.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from functools import cached_property, lru_cache

__all__ = [
    "CREATED",
    "PLAN_MINIMUM",
    "SERVICES",
    "Bill",
    "Extra",
    "Line",
    "Region",
    "Service",
    "Tier",
    "Usage",
    "cents",
    "credit",
    "digest",
    "total_of",
    "usages",
]

CREATED = (2019, 3)
PLAN_MINIMUM = Decimal(1500)

_SEASONS = {2: Decimal("0.02"), 11: Decimal(3)}
_TIERS = (("First 10TB", 10_000), ("Next 10TB", 10_000), ("Over 20TB", 10**12))


@dataclass(frozen=True)
class Region:
    """A billing region: prices in USD for a GB (by tier) and for 10,000 requests."""

    name: str
    label: str
    code: str
    gigabytes: int
    prices: tuple[str, str, str]
    request_price: str
    negotiated: str = "1"


@dataclass(frozen=True)
class Service:
    """A service, and its share of the account's traffic in percent."""

    id: str
    name: str
    share: int


@dataclass(frozen=True)
class Extra:
    """A fixed charge: USD a month from its first month on, and USD once in that month."""

    name: str
    product: str
    group: str
    since: tuple[int, int]
    recurring: Decimal
    setup: Decimal


_REGIONS = (
    Region("usa", "North America", "NA", 12_000, ("0.12", "0.08", "0.06"), "0.0075"),
    Region("europe", "Europe", "EU", 9_000, ("0.12", "0.08", "0.06"), "0.009"),
    Region("asia", "Asia", "AS", 4_000, ("0.19", "0.14", "0.12"), "0.009"),
    Region("anzac", "Australia and New Zealand", "AN", 1_500, ("0.19", "0.14", "0.12"), "0.009"),
    Region("latam", "Latin America", "LA", 800, ("0.28", "0.24", "0.2"), "0.016", "0.9"),
)
SERVICES = (
    Service("SU1Z0isxPaozGVKXdv0e01", "www.example.com", 46),
    Service("SU1Z0isxPaozGVKXdv0e02", "shop.example", 31),
    Service("SU1Z0isxPaozGVKXdv0e03", "Images and video of all shops", 14),
    Service("SU1Z0isxPaozGVKXdv0e04", "café-zürich.example", 9),
    Service("SU1Z0isxPaozGVKXdv0e05", "staging (unused)", 0),
)
_CERTIFICATE = (
    "Dedicated TLS certificate (wildcard) for shop.example, its fourteen country sites"
    " and the café-zürich.example campaign"
)
_EXTRAS = (
    Extra("TLS add-on", "TLS Service", "TLS", (2019, 6), Decimal(100), Decimal(0)),
    Extra(_CERTIFICATE, "Dedicated TLS", "TLS", (2020, 5), Decimal("275.50"), Decimal(50)),
    Extra(
        "Image optimization",
        "Image Optimizer",
        "Image Optimizer",
        (2021, 9),
        Decimal("649.99"),
        Decimal(120),
    ),
)


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
    """One product ("Bandwidth" or "Requests") in one region: its total in GB or in requests."""

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

    def cost_of(self, product: str) -> Decimal:
        """Return the cost of "Bandwidth" or "Requests" in all regions."""
        return total_of(usage.cost for usage in self.usages if usage.product == product)

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
        return [extra for extra in _EXTRAS if extra.since <= (self.year, self.month)]

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
def usages(year: int, month: int, share: Decimal = Decimal(1)) -> tuple[Usage, ...]:
    """Return the traffic of a share of a month, by region and product."""
    return tuple(usage for region in _REGIONS for usage in _traffic(region, year, month, share))


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


def _traffic(region: Region, year: int, month: int, share: Decimal) -> Iterator[Usage]:
    """Yield the bandwidth and the requests of a region."""
    load = _SEASONS.get(month, Decimal(1)) * (4 + year - CREATED[0]) / 4
    percent = 70 + digest("bandwidth", region.name, year, month) % 61
    gigabytes = (region.gigabytes * load * percent / 100 * share).quantize(Decimal("0.1"))
    requests = int(gigabytes * (20_000 + digest("requests", region.name, year, month) % 40_000))
    request_tier = _tier(region, "per 10k", Decimal(requests) / 10_000, region.request_price)
    yield Usage(region, "Bandwidth", gigabytes, _bandwidth_tiers(region, gigabytes))
    yield Usage(region, "Requests", Decimal(requests), (request_tier,))


def _bandwidth_tiers(region: Region, gigabytes: Decimal) -> tuple[Tier, ...]:
    """Spread bandwidth over the tiers, each one used when those before it are full."""
    tiers: list[Tier] = []
    for (name, width), price in zip(_TIERS, region.prices, strict=True):
        units = min(gigabytes, Decimal(width))
        tiers.append(_tier(region, name, units, price))
        gigabytes -= units
    return tuple(tiers)


def _tier(region: Region, name: str, units: Decimal, price: str) -> Tier:
    """Return a tier at its list price."""
    return Tier(name, units, Decimal(price), Decimal(price) * Decimal(region.negotiated))


def _usage_lines(usage: Usage) -> Iterator[Line]:
    """Yield the lines for a region's traffic, one for each tier that was reached."""
    description = f"{usage.region.label} {usage.product}"
    for number, tier in enumerate(usage.tiers, 1):
        if tier.units:
            yield Line(
                usage.product,
                description,
                tier.units,
                tier.discounted_price,
                tier.total,
                usage.region,
                number,
            )


def _single(service: str, description: str, amount: Decimal, extra: Extra | None = None) -> Line:
    """Return the line for one unit of something."""
    return Line(service, description, Decimal(1), amount, amount, extra=extra)
