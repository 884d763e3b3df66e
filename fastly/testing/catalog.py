"""What the stand-in's account buys: services, fixed charges, and regions, with all prices."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

__all__ = [
    "COMPUTE_PRICE",
    "COMPUTE_SINCE",
    "CREATED",
    "EXTRAS",
    "PLAN_MINIMUM",
    "REGIONS",
    "SERVICES",
    "TIERS",
    "Extra",
    "Region",
    "Service",
]

Month = tuple[int, int]

CREATED: Month = (2019, 3)
PLAN_MINIMUM = Decimal(1500)
COMPUTE_SINCE: Month = (2025, 4)
COMPUTE_PRICE = "0.005"  # USD for 10,000 requests
# The tiers of a region's `prices`, with their sizes in GB.
TIERS = (("First 10TB", 10_000), ("Next 10TB", 10_000), ("Over 20TB", 10**12))


@dataclass(frozen=True)
class Region:
    """A billing region: prices in USD for a GB (by tier) and for 10,000 requests.

    `name` is its name in v2 and in historical usage, `label` in v3. The names of its products begin
    with `prefix`, or with `label`.
    """

    name: str
    label: str
    code: str
    gigabytes: int
    prices: tuple[str, str, str]
    request_price: str
    negotiated: str = "1"
    since: Month = CREATED
    prefix: str = ""
    has_compute: bool = False


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
    since: Month
    recurring: Decimal
    setup: Decimal = Decimal(0)
    line: str = "Add-ons"


_NORTH = ("0.12", "0.08", "0.06")
_PACIFIC = ("0.19", "0.14", "0.12")
_SOUTH = ("0.28", "0.24", "0.2")
REGIONS = (
    Region("usa", "North America", "NA", 12_000, _NORTH, "0.0075", has_compute=True),
    Region("europe", "Europe", "EU", 9_000, _NORTH, "0.009", has_compute=True),
    Region("asia", "Asia", "AS", 4_000, _PACIFIC, "0.009", has_compute=True),
    Region("anzac", "Australia", "AN", 1_500, _PACIFIC, "0.009", prefix="Anzac"),
    Region("latam", "Mexico", "LA", 800, _SOUTH, "0.016", "0.9", prefix="Latin America"),
    Region("asia_india", "India", "IN", 600, _SOUTH, "0.009", since=(2023, 2)),
    Region("asia_southkorea", "South Korea", "KR", 450, _SOUTH, "0.009", since=(2024, 5)),
    Region("africa_std", "Africa", "AF", 250, _SOUTH, "0.009", since=(2025, 2)),
    Region("southamerica_std", "South America", "SA", 350, _SOUTH, "0.016", since=(2025, 6)),
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
_IMAGES, _SUPPORT, _TAX = "Image Optimizer", "Enterprise support", "Sales tax on enterprise support"
EXTRAS = (
    Extra("TLS add-on", "TLS Service", "TLS", (2019, 6), Decimal(100)),
    Extra(_CERTIFICATE, "Dedicated TLS", "TLS", (2020, 5), Decimal("275.50"), Decimal(50)),
    Extra("Image optimization", _IMAGES, _IMAGES, (2021, 9), Decimal("649.99"), Decimal(120)),
    Extra(_SUPPORT, _SUPPORT, "CS: CSE", (2025, 1), Decimal(1200), line="Support"),
    Extra(_TAX, "Sales Tax", "Taxes", (2025, 1), Decimal("106.50"), line="Taxes"),  # 8.875 %
)
