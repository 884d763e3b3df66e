"""The account of the stand-in: made-up invoices that add up.

Everything follows from the month alone (by SHA-256, not by ``random``), so every run on every
Python gives the same invoices. Only ``status``, ``sent_at`` and the line items' times depend on
the day the account believes in. Money is in USD, kept as `Decimal` until it is handed out;
bandwidth is in GB; a unit of requests is 10,000 of them.

These hold to the cent for every invoice and every estimate:

* ``tier.total == tier.units * tier.discounted_price``, rounded to cents
* ``bandwidth.total`` (GB) and ``requests.total`` (requests) are what their tiers' units sum to
* ``region.cost`` is the sum of its tiers' totals
* ``total.bandwidth_cost`` and ``total.requests_cost`` are the sums of all regions' tiers' totals
* ``total.incurred_cost == bandwidth_cost + requests_cost == sum of region.cost``
* ``total.extras_cost`` is the sum of the extras' ``recurring`` and ``setup``
* ``total.overage == max(incurred_cost - plan_minimum, 0)``
* ``total.commit_shortfall == max(plan_minimum - incurred_cost, 0)``
* ``total.cost_before_discount == incurred_cost + extras_cost + commit_shortfall``
* ``total.discount_amount == cost_before_discount * discount``, rounded to cents
* ``total.cost == cost_before_discount - discount_amount``
* ``line_item.amount == units * rate_per_unit``, rounded to cents; amounts sum to ``total.cost``

February stays under the plan's minimum and so has a shortfall; November is some 60 times as
busy; January, April, July and October have no discount, the other months 10 %.
"""

from __future__ import annotations

import calendar
import hashlib
import json
import string
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timezone
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

__all__ = ["CREATED", "CUSTOMER_ID", "Account"]

CUSTOMER_ID = "StandInCustomer2019"
CREATED = (2019, 3)
LAST = (9999, 1)

_ALPHABET = string.digits + string.ascii_letters
_CENT = Decimal("0.01")
_SEASONS = {2: Decimal("0.02"), 11: Decimal(60)}
_PLAN_NO, _PLAN_CODE, _PLAN_NAME, _PLAN_MINIMUM = 10159001, "flex", "Flex", Decimal(1500)
_TIERS = (("First 10TB", 10_000), ("Next 10TB", 10_000), ("Over 20TB", 10**12))
_TLS = (
    "Dedicated TLS certificate (wildcard) for shop.example, its fourteen country sites"
    " and the café-zürich.example campaign"
)
# Name, first month, USD a month, USD once in the first month.
_EXTRAS = (
    ("TLS add-on", (2019, 6), Decimal(100), Decimal(0)),
    (_TLS, (2020, 5), Decimal("275.50"), Decimal(50)),
    ("Image optimization", (2021, 9), Decimal("649.99"), Decimal(120)),
)
# Service name to the number and the code it has in the billing vendor's books.
_SERVICES = {
    "Bandwidth": (10126001, "BW"),
    "Requests": (10126002, "REQ"),
    "Add-on": (10126003, "ADDON"),
    "Setup": (10126004, "SETUP"),
    "Commit shortfall": (10126005, "SHORTFALL"),
    "Credit": (10126006, "CREDIT"),
}
# Field of an estimate's line item to the field of an invoice's that has the same.
_ESTIMATE_FIELDS = {
    "plan_no": "plan_no",
    "description": "description",
    "units": "units",
    "per_unit_cost": "rate_per_unit",
    "service_no": "service_no",
    "service_type": "service_name",
    "amount": "amount",
    "client_service_id": "client_service_id",
}


@dataclass(frozen=True)
class _Region:
    """A billing region: prices in USD for a GB (by tier) and for 10,000 requests."""

    name: str
    label: str
    code: str
    gigabytes: int
    prices: tuple[str, str, str]
    request_price: str
    negotiated: str = "1"


_REGIONS = (
    _Region("usa", "North America", "NA", 12_000, ("0.12", "0.08", "0.06"), "0.0075"),
    _Region("europe", "Europe", "EU", 9_000, ("0.12", "0.08", "0.06"), "0.009"),
    _Region("asia", "Asia", "AS", 4_000, ("0.19", "0.14", "0.12"), "0.009"),
    _Region("anzac", "Australia and New Zealand", "AN", 1_500, ("0.19", "0.14", "0.12"), "0.009"),
    _Region("latam", "Latin America", "LA", 800, ("0.28", "0.24", "0.2"), "0.016", "0.9"),
)


class Account:
    """A customer with an invoice for every month from its creation (2019-03) to the present one.

    Args:
        customer_id: The id the invoices bear.
        today: The day the account believes in; by default the real one, in UTC, at each call.

    Raises:
        TypeError: `today` is no date.
        ValueError: `today` is before the account's creation, or too late for a calendar.
    """

    def __init__(self, customer_id: str = CUSTOMER_ID, *, today: date | None = None) -> None:
        if not isinstance(today, (date, type(None))):  # pyright: ignore[reportUnnecessaryIsInstance]  # not all users check types
            raise TypeError(f"today is a datetime.date or None, not {type(today).__name__}")
        if today is not None and not CREATED <= (today.year, today.month) < LAST:
            raise ValueError(
                f"today={today} is not between the account's months, 2019-03 to 9998-12"
            )
        self.customer_id = customer_id
        self._today = today and date(today.year, today.month, today.day)  # a datetime is a date too

    @property
    def today(self) -> date:
        """The day the account believes in."""
        return self._today or datetime.now(timezone.utc).date()

    def months(self) -> list[tuple[int, int]]:
        """Return ``(year, month)`` of every invoice, oldest first."""
        end = _after(self.today.year, self.today.month)
        years = range(CREATED[0], end[0] + 1)
        months = ((year, month) for year in years for month in range(1, 13))
        return [month for month in months if CREATED <= month < end]

    def invoice_id(self, year: int, month: int) -> str:
        """Return the id of a month's invoice: 22 letters and digits."""
        return _identifier("invoice", self.customer_id, year, month)

    def invoice(self, year: int, month: int) -> dict[str, Any]:
        """Return a month's invoice, as its JSON reads.

        Raises:
            LookupError: The account has no such month.
        """
        bill = self._bill(year, month)
        issued = f"{min(date(*_after(year, month), 1), self.today)}T06:12:31Z"
        for number, item in enumerate(bill["line_items"], 1):
            item["id"] = _identifier("line", bill["invoice_id"], number)
            item["aria_invoice_id"] = _identifier("aria", bill["invoice_id"])
            item["line_number"] = number
            item["created_at"] = item["updated_at"] = issued
        return {**bill, "status": self._status(year, month)}

    def invoice_by_id(self, invoice_id: str) -> dict[str, Any]:
        """Return the invoice that has this id.

        Raises:
            LookupError: No invoice of the account has it.
        """
        for year, month in self.months():
            if self.invoice_id(year, month) == invoice_id:
                return self.invoice(year, month)
        raise LookupError(f"no invoice {invoice_id}")

    def estimate(self, year: int, month: int) -> dict[str, Any]:
        """Return a month's estimate, as its JSON reads: its amounts are the invoice's.

        Raises:
            LookupError: The account has no such month.
        """
        bill = self._bill(year, month)
        lines = [
            {name: item[source] for name, source in _ESTIMATE_FIELDS.items()}
            | {"client_plan_id": f"{_PLAN_CODE}-0"}
            for item in bill["line_items"]
        ]
        return {**bill, "status": {"status": "MTD", "sent_at": None}, "line_items": lines}

    def _bill(self, year: int, month: int) -> dict[str, Any]:
        """Return what invoice and estimate share, the status left empty."""
        if (year, month) not in self.months():
            raise LookupError(f"no invoice of {year:04}-{month:02}")
        regions = {region.name: _usage(region, year, month) for region in _REGIONS}
        total = _total(regions, _extras(year, month), _discount(month))
        return {
            "customer_id": self.customer_id,
            "start_time": f"{year:04}-{month:02}-01T00:00:00Z",
            "end_time": f"{year:04}-{month:02}-{calendar.monthrange(year, month)[1]}T23:59:59Z",
            "invoice_id": self.invoice_id(year, month),
            "vendor_state": "up",
            "status": {},
            "total": _plain(total),
            "regions": _plain(regions),
            "line_items": _plain(list(_line_items(regions, total))),
        }

    def _status(self, year: int, month: int) -> dict[str, str | None]:
        """Return a status: the present month is pending, the one before it outstanding."""
        present = (self.today.year, self.today.month)
        following = _after(year, month)
        if following > present:
            return {"status": "Pending", "sent_at": None}
        sent_at = f"{following[0]:04}-{following[1]:02}-01T12:00:00Z"
        return {"status": "Outstanding" if following == present else "Paid", "sent_at": sent_at}


def _after(year: int, month: int) -> tuple[int, int]:
    """Return the month that follows."""
    return (year, month + 1) if month < 12 else (year + 1, 1)


def _digest(*key: object) -> int:
    """Return a large number that the key alone decides."""
    return int.from_bytes(hashlib.sha256("/".join(map(str, key)).encode()).digest(), "big")


def _identifier(*key: object) -> str:
    """Return 22 letters and digits that the key alone decides."""
    number = _digest(*key)
    return "".join(_ALPHABET[number // 62**place % 62] for place in range(22))


def _cents(amount: Decimal) -> Decimal:
    """Return an amount of USD rounded to cents, as invoices do."""
    return amount.quantize(_CENT, ROUND_HALF_UP)


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    """Return the exact sum of amounts."""
    return sum(amounts, Decimal(0))


def _discount(month: int) -> Decimal:
    """Return the discount of a month, as a rate."""
    return Decimal(0) if month % 3 == 1 else Decimal("0.1")


def _usage(region: _Region, year: int, month: int) -> dict[str, Any]:
    """Return a region's traffic in a month and what it costs."""
    load = _SEASONS.get(month, Decimal(1)) * (4 + year - CREATED[0]) / 4
    share = 70 + _digest("bandwidth", region.name, year, month) % 61
    gigabytes = (region.gigabytes * load * share / 100).quantize(Decimal("0.1"))
    requests = int(gigabytes * (20_000 + _digest("requests", region.name, year, month) % 40_000))
    bandwidth_tiers = _bandwidth_tiers(region, gigabytes)
    request_tiers = [_tier(region, "per 10k", Decimal(requests) / 10_000, region.request_price)]
    return {
        "cost": _sum(tier["total"] for tier in bandwidth_tiers + request_tiers),
        "bandwidth": {"total": gigabytes, "tiers": bandwidth_tiers},
        "requests": {"total": requests, "tiers": request_tiers},
    }


def _bandwidth_tiers(region: _Region, gigabytes: Decimal) -> list[dict[str, Any]]:
    """Spread bandwidth over the tiers, the cheaper ones after the first is full."""
    tiers: list[dict[str, Any]] = []
    for (name, width), price in zip(_TIERS, region.prices, strict=True):
        units = min(gigabytes, Decimal(width))
        tiers.append(_tier(region, name, units, price))
        gigabytes -= units
    return tiers


def _tier(region: _Region, name: str, units: Decimal, price: str) -> dict[str, Any]:
    """Return one tier, at the list price and at the one this customer pays."""
    discounted = Decimal(price) * Decimal(region.negotiated)
    return {
        "name": name,
        "units": units,
        "price": Decimal(price),
        "discounted_price": discounted,
        "total": _cents(units * discounted),
    }


def _extras(year: int, month: int) -> list[dict[str, Any]]:
    """Return what is billed beside the traffic; an amount of 0 is left out."""
    extras: list[dict[str, Any]] = []
    for name, since, recurring, setup in _EXTRAS:
        if since <= (year, month):
            once = {"setup": setup} if setup and since == (year, month) else {}
            extras.append({"name": name, "recurring": recurring, **once})
    return extras


def _total(
    regions: dict[str, Any], extras: list[dict[str, Any]], discount: Decimal
) -> dict[str, Any]:
    """Return the summary of a bill; the module's docstring has its equations."""
    used = {
        kind: [region[kind] for region in regions.values()] for kind in ("bandwidth", "requests")
    }
    costs = {
        kind: _sum(tier["total"] for usage in usages for tier in usage["tiers"])
        for kind, usages in used.items()
    }
    return {
        "bandwidth": _sum(usage["total"] for usage in used["bandwidth"]),
        "bandwidth_cost": costs["bandwidth"],
        "bandwidth_units": "GB",
        "requests": sum(usage["total"] for usage in used["requests"]),
        "requests_cost": costs["requests"],
        "percentile": Decimal(0),
        "percentile_cost": Decimal(0),
        "extras": extras,
        **_sums(_sum(costs.values()), extras, discount),
        "plan_code": _PLAN_CODE,
        "plan_minimum": _PLAN_MINIMUM,
        "plan_name": _PLAN_NAME,
        "terms": "Net15",
    }


def _sums(incurred: Decimal, extras: list[dict[str, Any]], discount: Decimal) -> dict[str, Decimal]:
    """Return the sums of a bill from the cost of its traffic to the final amount, in USD."""
    over_minimum = incurred - _PLAN_MINIMUM
    shortfall = max(-over_minimum, Decimal(0))
    extras_cost = _sum(extra["recurring"] + extra.get("setup", 0) for extra in extras)
    before_discount = incurred + extras_cost + shortfall
    discount_amount = _cents(before_discount * discount)
    return {
        "incurred_cost": incurred,
        "overage": max(over_minimum, Decimal(0)),
        "commit_shortfall": shortfall,
        "extras_cost": extras_cost,
        "cost_before_discount": before_discount,
        "discount": discount,
        "discount_amount": discount_amount,
        "cost": before_discount - discount_amount,
    }


def _line_items(regions: dict[str, Any], total: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a line for everything a bill charges, and for the credit of its discount."""
    for region in _REGIONS:
        yield from _usage_items(region, regions[region.name])
    for extra in total["extras"]:
        yield _item("Add-on", extra["name"], extra["recurring"])
        if "setup" in extra:
            yield _item("Setup", f"Setup of {extra['name']}", extra["setup"])
    if total["commit_shortfall"]:
        yield _item("Commit shortfall", "Shortfall to plan minimum", total["commit_shortfall"])
    if total["discount_amount"]:
        credit = _item("Credit", f"Discount of {total['discount']:.0%}", -total["discount_amount"])
        yield {**credit, "credit_coupon_code": "LOYALTY"}


def _usage_items(region: _Region, usage: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the lines for a region's traffic, one for each tier that was reached."""
    for service in ("Bandwidth", "Requests"):
        for number, tier in enumerate(usage[service.lower()]["tiers"], 1):
            if tier["units"]:
                item = _item(service, f"{region.label} {service}", tier["total"])
                item["units"], item["rate_per_unit"] = tier["units"], tier["discounted_price"]
                item["rate_schedule_tier_no"] = number
                item["usage_type_cd"] = f"{region.code}_{item['usage_type_cd']}"
                yield item


def _item(service: str, description: str, amount: Decimal) -> dict[str, Any]:
    """Return a line item for one unit of something that costs an amount of USD."""
    service_no, code = _SERVICES[service]
    return {
        "id": None,
        "aria_invoice_id": None,
        "line_number": None,
        "description": description,
        "service_no": service_no,
        "service_name": service,
        "units": Decimal(1),
        "rate_per_unit": amount,
        "amount": amount,
        "rate_schedule_no": service_no + 28_000,
        "rate_schedule_tier_no": 1,
        "usage_type_no": service_no - 100_000,
        "usage_type_cd": code,
        "plan_no": _PLAN_NO,
        "plan_name": _PLAN_NAME,
        "client_service_id": code,
        "credit_coupon_code": None,
        "created_at": None,
        "updated_at": None,
        "deleted_at": None,
    }


def _plain(value: Any) -> Any:
    """Return a value as JSON has it, where Decimals are floats."""
    return json.loads(json.dumps(value, default=float))
