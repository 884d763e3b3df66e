"""AI Runtime Control: its usage by day or hour, key, provider and model, as pages and as a file.

The account has used it since 2026-01-01, for one request in 100,000 of its traffic. The hours of a
day add up to the day. In the form of the reference, all metrics are on one page, whose meta has
neither a cursor nor a limit, and each has the connections to its provider.

Assumptions, which neither the reference nor public reports confirm: without ``from``, usage is that
of the last 30 days; a provider is selected by its name or by the ID of its connection; a metric
belongs to the span in which its day or hour starts; a page has 100 metrics by default and 1,000 at
most.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from fastly.testing import parameters
from fastly.testing.bills import digest, total_of
from fastly.testing.endpoints import Content, Endpoint, Refusal, dispatch
from fastly.testing.http import Request
from fastly.testing.ledger import Ledger, last_day
from fastly.testing.pages import page_of
from fastly.testing.times import end_of, iso_time, start_of

__all__ = ["AiUsage"]

Row = dict[str, Any]

_SINCE = date(2026, 1, 1)
_SHARE = 100_000  # requests of the account's traffic for each request of AI
_KEYS = {"vk_5WxTq2": "support chat", "vk_9RmLd7": "search"}
_MODELS = (("openai", "gpt-5-mini"), ("openai", "gpt-5"), ("anthropic", "claude-sonnet-5"))
# How many of each kind of usage there are, at least, and more than that, for a request.
_KINDS = {
    "requests": (1, 0),
    "sessions": (0, 1),
    "input_tokens": (400, 900),
    "output_tokens": (90, 300),
}
_FILTERS = {"key": "virtual_key_id", "provider": "provider", "model": "model"}
_CONNECTION = "pc_"  # before the provider's name: the ID of the connection to it
_COLUMNS = (
    *("date", "usage_type", "quantity", "virtual_key_id", "virtual_key_name", "provider"),
    "model",
)
_PROBLEM = "application/problem+json"
_ERRORS = {
    400: "bad_request",
    401: "unauthorized",
    404: "not_found",
    405: "method_not_allowed",
    429: "too_many_requests",
}


class AiUsage:
    """The endpoints of the usage of AI Runtime Control.

    Args:
        account: The account that the endpoints serve.
        documented: Whether responses have the form of the reference.
    """

    def __init__(self, account: Ledger, *, documented: bool = False) -> None:
        self._account = account
        self._documented = documented
        self._last: tuple[object, list[Row]] = (None, [])
        self._endpoints: dict[str, Endpoint] = {
            "/ai-runtime-control/v1/usage-metrics": self._page,
            "/ai-runtime-control/v1/usage-metrics/export": self._export,
        }

    def content(self, request: Request) -> Content:
        """Return what a request gets.

        Raises:
            Refusal: The request gets an error response.
        """
        return dispatch(self._endpoints, request)

    @staticmethod
    def error(refusal: Refusal) -> Content:
        """Return an error response."""
        body = {"type": "about:blank", "title": refusal.detail, "code": _ERRORS[refusal.status]}
        return Content(body, _PROBLEM, refusal.status)

    def _page(self, request: Request) -> Content:
        """Serve a page of metrics."""
        rows, sort = self._rows(request), request.query.get("sort", "date")
        if self._documented:
            return _whole(rows, sort)
        limit = parameters.limit(request.query, 100, 1000)
        page = page_of(rows, request.query, _selection(request), limit, sort)
        cursor = (page.meta or {}).get("next_cursor") or ""
        meta = {"limit": limit, "next_cursor": cursor, "sort": sort, "total": len(rows)}
        return Content({"data": page.items, "meta": meta})

    def _export(self, request: Request) -> Content:
        """Serve all metrics, as JSON or as a CSV file."""
        rows = self._rows(request)
        if "text/csv" not in request.headers.get("Accept", ""):
            return _whole(rows, "date")
        file = io.StringIO()
        writer = csv.DictWriter(file, _COLUMNS, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        name = (("Content-Disposition", "attachment; filename=usage_metrics.csv"),)
        return Content(file.getvalue(), "text/csv", headers=name)

    def _rows(self, request: Request) -> list[Row]:
        """Return the metrics that a request selects, computed once for all of its pages."""
        key = (self._account.today, _selection(request))
        known, rows = self._last
        if known != key:
            rows = self._selected(request)
            self._last = key, rows
        return rows

    def _selected(self, request: Request) -> list[Row]:
        query = request.query
        start, end = self._times(query)
        granularity = _word(query, "granularity", ("daily", "hourly"))
        sort = _word(query, "sort", ("date", "-date"))
        wanted = {field: query[name] for name, field in _FILTERS.items() if query.get(name)}
        if "provider" in wanted:  # its name, or the ID of the connection, as in the reference
            wanted["provider"] = wanted["provider"].removeprefix(_CONNECTION)
        rows = [
            row
            for row in self._metrics(start, end, is_hourly=granularity == "hourly")
            if wanted.items() <= row.items()
        ]
        if self._documented:
            rows = [row | _connections(row) for row in rows]
        return sorted(rows, key=lambda row: row["date"], reverse=sort == "-date")

    def _times(self, query: dict[str, str]) -> tuple[datetime, datetime]:
        try:
            end = iso_time(query["to"]) if "to" in query else end_of(self._account.today)
            start = iso_time(query["from"]) if "from" in query else end - timedelta(days=30)
        except (ValueError, OverflowError) as error:
            raise Refusal(400, "from and to must be RFC 3339 times") from error
        if start > end:
            raise Refusal(400, "from must not be after to")
        return start, end

    def _metrics(self, start: datetime, end: datetime, *, is_hourly: bool) -> Iterator[Row]:
        """Yield the metrics of each day or hour that starts in a span."""
        day = max(_SINCE, start.date())
        hours = 24 if is_hourly else 1
        while day <= min(self._account.today, end.date()):
            for hour in range(hours):
                moment = start_of(day) + timedelta(hours=hour)
                if start <= moment < end:
                    yield from self._of_hour(day, hour, hours, moment)
            day += timedelta(days=1)

    def _of_hour(self, day: date, hour: int, hours: int, moment: datetime) -> Iterator[Row]:
        """Yield the metrics of an hour of a day, which may count as one."""
        for row, quantity in self._of_day(day):
            share = quantity * (hour + 1) // hours - quantity * hour // hours
            if share:
                yield {"date": f"{moment:%Y-%m-%dT%H:00:00Z}", **row, "quantity": share}

    def _of_day(self, day: date) -> Iterator[tuple[Row, int]]:
        """Yield what is used on a day, with its quantity."""
        requests = self._requests(day)
        for key, name in _KEYS.items():
            for provider, model in _MODELS:
                count = requests * (50 + digest("ai", key, model, day) % 100) // 100
                for kind, (least, more) in _KINDS.items():
                    spread = digest(kind, key, model, day) % 100
                    quantity = count * least + count * more * spread // 100
                    keys = {"virtual_key_id": key, "virtual_key_name": name}
                    yield (
                        {"usage_type": kind, **keys, "provider": provider, "model": model},
                        quantity,
                    )

    def _requests(self, day: date) -> int:
        """Return the requests of AI, for each key and model, on an average day of a month."""
        usages = self._account.bill(day.year, day.month).usages
        requests = total_of(usage.total for usage in usages if usage.product == "Requests")
        return int(requests / _SHARE / last_day(day.year, day.month) / Decimal(6))


def _connections(row: Row) -> Row:
    """Return the connections of a metric: the one asked for also served it."""
    connection = _CONNECTION + row["provider"]
    return {"primary_provider": connection, "provider_connection_id": connection}


def _whole(rows: list[Row], sort: str) -> Content:
    """Return all metrics at once."""
    return Content({"data": rows, "meta": {"sort": sort, "total": len(rows)}})


def _selection(request: Request) -> list[tuple[str, str]]:
    """Return the parameters that select metrics, without those that select a page of them."""
    items = sorted(request.query.items())
    return [(name, value) for name, value in items if name not in ("cursor", "limit")]


def _word(query: dict[str, str], name: str, words: tuple[str, str]) -> str:
    """Return a word of a query, by default the first."""
    word = query.get(name, words[0])
    if word not in words:
        raise Refusal(400, f"{name} must be {' or '.join(words)}")
    return word
