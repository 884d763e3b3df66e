"""The historical API: the account's traffic by region, service and month.

The traffic is that of the invoices and of the usage of v3: a whole month here has as many bytes and
requests as its invoice has GB and units of 10,000 requests. Within a month traffic is even.

Assumptions, which neither the reference nor public reports confirm: without times, usage is that of
the last 30 days, and of the current month; a time that cannot be read, or an end before the start,
is an error with the status 200.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from fastly.testing.bills import Usage
from fastly.testing.catalog import SERVICES
from fastly.testing.documented import documented
from fastly.testing.endpoints import Content, Endpoint, Refusal, dispatch
from fastly.testing.http import Request
from fastly.testing.ledger import Ledger, after
from fastly.testing.times import end_of, start_of, time_or_text, written

__all__ = ["REGIONS", "Stats"]

Data = dict[str, Any]
Convert = Callable[[Usage, Decimal], "int | float"]

# Those that public recordings of /stats/usage have.
REGIONS = (
    *("africa_std", "anzac", "asia", "asia_india", "asia_southkorea", "europe", "latam"),
    *("southamerica_std", "usa"),
)
_FIELDS = {
    "Bandwidth": "bandwidth",
    "Requests": "requests",
    "Compute Requests": "compute_requests",
}
_RAW = {"Bandwidth": 10**9}  # bytes in a GB; the other units are of 10,000 requests
_REQUESTS = 10_000


class Stats:
    """The endpoints of the historical API.

    Args:
        account: The account that the endpoints serve.
        documented: Whether responses have the form of the reference.
    """

    def __init__(self, account: Ledger, *, documented: bool = False) -> None:
        self._account = account
        self._documented = documented
        self._endpoints: dict[str, Endpoint] = {
            "/stats/usage": self._usage,
            "/stats/usage_by_service": self._usage_by_service,
            "/stats/usage_by_month": self._usage_by_month,
            "/stats/regions": self._regions,
        }

    def content(self, request: Request) -> Content:
        """Return what a request gets.

        Raises:
            Refusal: The request gets an error response.
        """
        try:
            content = dispatch(self._endpoints, request)
        except (ValueError, OverflowError) as error:
            return Content({"status": "error", "meta": {}, "msg": f"{error}", "data": {}})
        return content._replace(body=documented(content.body)) if self._documented else content

    @staticmethod
    def error(refusal: Refusal) -> Content:
        """Return an error response."""
        return Content({"msg": refusal.detail}, status=refusal.status)

    def _usage(self, request: Request) -> Content:
        """Serve the traffic of a span by region; regions without traffic have zeros."""
        data = {region: _sum(x.values()) for region, x in self._span(request).items()}
        return self._success(request, data)

    def _usage_by_service(self, request: Request) -> Content:
        """Serve the traffic of a span by region and service; a region without traffic is empty."""
        return self._success(request, self._span(request))

    def _span(self, request: Request) -> dict[str, dict[str, Data]]:
        """Return a span's traffic by region and service."""
        start, end = self._times(request)
        found: dict[str, dict[str, Data]] = {region: {} for region in REGIONS}
        for month in self._account.usage_months():
            share = self._share(month, start, end)
            for usage in self._account.usages(*month) if share else ():
                for service, units in usage.units_by_service().items():
                    amount = int(_raw(usage, units) * share)
                    _add(found.setdefault(usage.region.name, {}), service, usage, amount)
        return found

    def _times(self, request: Request) -> tuple[datetime, datetime]:
        now = end_of(self._account.today)
        end = time_or_text(request.query.get("to", "now"), now)
        default = f"{(end - timedelta(days=30)).timestamp():.0f}"
        start = time_or_text(request.query.get("from", default), now)
        if start > end:
            raise ValueError("from must not be after to")
        return start, end

    def _share(self, month: tuple[int, int], start: datetime, end: datetime) -> Decimal:
        """Return which share of a month's traffic is in a span."""
        first = start_of(date(*month, 1))
        last = min(start_of(date(*after(*month), 1)), end_of(self._account.today))
        overlap = min(last, end) - max(first, start)
        whole = Decimal(f"{(last - first).total_seconds()}")
        return max(Decimal(f"{overlap.total_seconds()}") / whole, Decimal(0))

    def _success(self, request: Request, data: Any) -> Content:
        """Return a response with the span; the filters are only repeated, as by the live API."""
        start, end = self._times(request)
        query = request.query
        meta = {"from": written(start), "to": written(end), "by": query.get("by", "day")}
        meta["region"] = query.get("region", "all")
        return Content({"status": "success", "meta": meta, "msg": None, "data": data})

    def _usage_by_month(self, request: Request) -> Content:
        """Serve the traffic of a month by service and region, in billable units or not."""
        year, month = _month(request, self._account.today)
        convert = _billable if _is_billable(request) else _raw_number
        services: dict[str, Data] = {}
        total: dict[str, Data] = {}
        for usage in self._account.usages(year, month):
            _add(total, usage.region.name, usage, convert(usage, usage.units))
            for service, units in usage.units_by_service().items():
                if units and usage.product in _FIELDS:
                    data = services.setdefault(service, {"name": _name(service)})
                    _add(data, usage.region.name, usage, convert(usage, units))
        data = {"customer_id": self._account.customer_id, "services": services, "total": total}
        return Content({"status": "success", "meta": {}, "msg": None, "data": data})

    def _regions(self, _: Request) -> Content:
        """Serve the names of the regions."""
        return Content({"status": "success", "meta": {}, "msg": None, "data": [*REGIONS]})


def _is_billable(request: Request) -> bool:
    """Return whether billable units are requested; the official Python client sends "True"."""
    word = request.query.get("billable_units", "false").lower()
    if word not in ("true", "false"):
        raise Refusal(400, "billable_units must be true or false")
    return word == "true"


def _month(request: Request, today: date) -> tuple[int, int]:
    """Return the month of a request, by default the current one."""
    year = request.query.get("year", f"{today.year:04}")
    month = request.query.get("month", f"{today.month:02}")
    if not (re.fullmatch("[0-9]{4}", year) and re.fullmatch("0[1-9]|1[0-2]", month)):
        raise Refusal(400, "year must have four digits, month two")
    if ("year" in request.query) != ("month" in request.query):
        raise Refusal(400, "year and month must be given together")
    return int(year), int(month)


def _name(service_id: str) -> str:
    return next(service.name for service in SERVICES if service.id == service_id)


def _sum(traffic: Iterable[Data]) -> Data:
    """Return the sum of the traffic of services."""
    rows = [_zeros(), *traffic]
    return {name: sum(row[name] for row in rows) for name in _zeros()}


def _zeros() -> Data:
    return dict.fromkeys(_FIELDS.values(), 0)


def _add(found: dict[str, Data], key: str, usage: Usage, amount: float) -> None:
    """Add an amount to the traffic of a key; nothing if the service has none."""
    field = _FIELDS.get(usage.product)
    if field and amount:
        data = found.setdefault(key, _zeros())
        data[field] += amount


def _raw(usage: Usage, units: Decimal) -> Decimal:
    """Return units as bytes or requests."""
    return units * _RAW.get(usage.product, _REQUESTS)


def _raw_number(usage: Usage, units: Decimal) -> int:
    return int(_raw(usage, units))


def _billable(_: Usage, units: Decimal) -> float:
    return float(units)
