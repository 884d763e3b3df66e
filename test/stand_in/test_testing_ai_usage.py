"""AI Runtime Control of the stand-in: days, hours, pages and the file agree."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Any
from urllib.parse import urlencode

import pytest
from plain_http import get

from fastly.testing import BillingServer

PATH = "/ai-runtime-control/v1/usage-metrics"
DAYS = {"from": "2026-08-01T00:00:00Z", "to": "2026-08-04T00:00:00Z"}


@pytest.fixture
def server() -> Iterator[BillingServer]:
    """A server on a fixed day."""
    with BillingServer(today=date(2026, 9, 10)) as server:
        yield server


def rows(server: BillingServer, path: str = PATH, **query: str) -> list[dict[str, Any]]:
    """Return all metrics."""
    reply = get(server, f"{path}?{urlencode({'limit': '1000', **query})}")
    found = reply.json
    assert len(found["data"]) == found["meta"]["total"]
    return list(found["data"])


def sums(metrics: list[dict[str, Any]]) -> Counter[tuple[str, ...]]:
    """Return the quantity of each day, kind, key and model."""
    found: Counter[tuple[str, ...]] = Counter()
    for row in metrics:
        key = (row["date"][:10], row["usage_type"], row["virtual_key_id"], row["model"])
        found[key] += row["quantity"]
    return found


def test_the_hours_of_a_day_add_up(server: BillingServer) -> None:
    """Hourly usage adds up to daily usage."""
    daily = rows(server, **DAYS)
    hourly = rows(server, **DAYS, granularity="hourly", key="vk_5WxTq2", model="gpt-5")
    mine = [row for row in daily if (row["virtual_key_id"], row["model"]) == ("vk_5WxTq2", "gpt-5")]
    assert sums(mine) == sums(hourly)
    assert {"2026-08-01", "2026-08-02", "2026-08-03"} == {row["date"][:10] for row in daily}


def test_pages(server: BillingServer) -> None:
    """Pages follow each other by cursor; that of the last page is empty."""
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = get(server, f"{PATH}?{urlencode({**DAYS, 'limit': '13', 'cursor': cursor})}").json
        found += page["data"]
        cursor = page["meta"]["next_cursor"]
        if cursor == "":
            break
    assert rows(server, **DAYS) == found
    assert {"limit", "next_cursor", "sort", "total"} == set(page["meta"])


def test_order(server: BillingServer) -> None:
    """Metrics are sorted by date, in one order or the other."""
    dates = [row["date"] for row in rows(server, **DAYS)]
    assert sorted(dates) == dates
    assert sorted(dates, reverse=True) == [
        row["date"] for row in rows(server, **DAYS, sort="-date")
    ]


def test_filters(server: BillingServer) -> None:
    """A key, a provider and a model select their metrics."""
    for name, field, value in (
        ("key", "virtual_key_id", "vk_9RmLd7"),
        ("provider", "provider", "anthropic"),
        ("model", "model", "gpt-5-mini"),
    ):
        expected = [row for row in rows(server, **DAYS) if row[field] == value]
        assert expected
        assert expected == rows(server, **DAYS, **{name: value})
    assert [] == rows(server, **DAYS, key="none")


def test_the_export(server: BillingServer) -> None:
    """The export has all metrics, as JSON and as a CSV file."""
    expected = rows(server, **DAYS)
    assert expected == rows(server, f"{PATH}/export", **DAYS)
    reply = get(server, f"{PATH}/export?{urlencode(DAYS)}", Accept="text/csv")
    assert "text/csv" == reply.headers["Content-Type"]
    assert "attachment; filename=usage_metrics.csv" == reply.headers["Content-Disposition"]
    file = csv.DictReader(io.StringIO(reply.body.decode()))
    assert expected == [{**row, "quantity": int(row["quantity"])} for row in file]
    assert list(file.fieldnames or ()) == [
        *("date", "usage_type", "quantity", "virtual_key_id", "virtual_key_name", "provider"),
        "model",
    ]


def test_the_default_span(server: BillingServer) -> None:
    """Without times, usage is that of the last 30 days; there is none before 2026."""
    dates = [row["date"][:10] for row in rows(server)]
    assert ("2026-08-12", "2026-09-10") == (min(dates), max(dates))
    assert [] == rows(server, **{"from": "2025-01-01", "to": "2026-01-01"})
    first = rows(server, **{"from": "2025-12-31T22:00:00-02:00", "to": "2026-01-02"})
    assert {"2026-01-01T00:00:00Z"} == {row["date"] for row in first}


@pytest.mark.parametrize(
    "query",
    [
        *("from=yesterday", "to=5", "from=2026-02-01&to=2026-01-01", "sort=model"),
        *("granularity=weekly", "limit=0", "limit=1001", "cursor=x"),
        *("from=0001-01-01T00:00:00%2B14:00",),
    ],
)
def test_errors(server: BillingServer, query: str) -> None:
    """Errors are problems with a title and a code."""
    reply = get(server, f"{PATH}?{query}")
    assert (400, "application/problem+json") == (reply.status, reply.headers["Content-Type"])
    assert ["type", "title", "code"] == list(reply.json)


def test_other_errors(server: BillingServer) -> None:
    """Unknown paths and wrong tokens are problems too."""
    assert "not_found" == get(server, "/ai-runtime-control/v1/keys").json["code"]
    assert "unauthorized" == get(server, PATH, Fastly_Key="wrong").json["code"]
