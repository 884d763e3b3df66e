"""Usage over pages: of the months that were requested, each once, and all of it."""

from __future__ import annotations

from typing import Any

import pytest

import fastly
from fastly.api.ai_runtime_control_usage_metrics_api import AiRuntimeControlUsageMetricsApi
from fastly.api.billing_usage_metrics_api import BillingUsageMetricsApi
from fastly.testing import BillingServer

YEAR = {"start_month": "2026-01", "end_month": "2026-12"}
BOTH = pytest.mark.parametrize("method", ["iter_usage_metrics", "iter_service_level_usage"])


def usage_of(*months: str | None) -> dict[str, Any]:
    """Return a response that both operations read, with usage of months."""
    starts = [month and (f"{month}-01T00:00:00Z" if len(month) == 7 else month) for month in months]
    items = [{"month": start and start[:7], "start_time": start, "unit": start} for start in starts]
    return {"data": items}


def units(usage: BillingUsageMetricsApi, method: str, **months: str) -> list[str]:
    """Return the units of all items, in which `usage_of` writes their starts."""
    return [item.unit for item in getattr(usage, method)(**months)]


@BOTH
def test_months_of_another_request(
    usage: BillingUsageMetricsApi, server: BillingServer, method: str
) -> None:
    """Months that were on another page are an error, and the page is requested again."""
    server.enqueue(body=usage_of("2026-01", "2026-02", "2026-03"))
    server.enqueue(body=usage_of("2026-01", "2026-02", "2026-03"))
    found = getattr(usage, method)(**YEAR)
    for _ in range(3):
        next(found)
    with pytest.raises(fastly.ResponseException, match="2026-04 to 2026-06 has usage of 2026-01"):
        next(found)
    server.enqueue(body=usage_of("2026-04"))
    assert "2026-04-01T00:00:00Z" == next(found).unit
    assert ["2026-04"] * 2 == [request.query["start_month"] for request in server.requests][1:]


@BOTH
def test_months_that_were_not_requested(
    usage: BillingUsageMetricsApi,
    server: BillingServer,
    method: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Other months are kept, and the log says which they are."""
    server.enqueue(body=usage_of("2026-05", "2026-04", "2026-03"))
    months = {"start_month": "2026-05", "end_month": "2026-05"}
    assert 3 == len(units(usage, method, **months))
    response = "the response for 2026-05 to 2026-05 has usage of"
    assert [f"{response} 2026-03", f"{response} 2026-04"] == caplog.messages


@pytest.mark.parametrize(
    "start", ["2026-04-30T17:00:00Z", "2026-05-31T23:59:59Z", "2026-04-30T17:00:00-07:00", None]
)
def test_starts_at_the_edge_of_a_month(
    usage: BillingUsageMetricsApi,
    server: BillingServer,
    start: str | None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A month may start a day early, in another time zone, or without saying when."""
    server.enqueue(body=usage_of(start))
    months = {"start_month": "2026-05", "end_month": "2026-05"}
    assert [start] == units(usage, "iter_service_level_usage", **months)
    assert [] == caplog.messages


def test_blocks_with_different_next_pages(
    usage: BillingUsageMetricsApi, server: BillingServer
) -> None:
    """Two cursors on a page are an error, since to follow one would lose the usage of the other."""
    blocks = [{"usage_type": x, "meta": {"next_cursor": x}} for x in ("a", "b")]
    server.enqueue(body={"data": blocks})
    with pytest.raises(fastly.ResponseException, match="the blocks name 2 different next pages"):
        next(usage.iter_service_level_usage())


@pytest.mark.parametrize("meta", [{"next_cursor": "b"}, {"next_cursor": "b", "total": 2}])
def test_a_cursor_beside_the_blocks(
    usage: BillingUsageMetricsApi, server: BillingServer, meta: dict[str, Any]
) -> None:
    """The cursor is followed, too, if it is where lists have it."""
    server.enqueue(body={"data": [{"unit": "1"}, {"unit": "2", "meta": None}], "meta": meta})
    server.enqueue(body={"data": {"unit": "3"}, "meta": None})
    assert ["1", "2", "3"] == units(usage, "iter_service_level_usage")
    assert [None, "b"] == [request.query.get("cursor") for request in server.requests]


@pytest.mark.parametrize(
    ("cursor", "total", "messages"),
    [
        (None, 5, ["received 3 items of a total of 5"]),
        (None, 3, []),
        (None, None, []),
        ("a", 5, []),
    ],
)
def test_fewer_ai_metrics_than_the_total(
    client: fastly.ApiClient,
    server: BillingServer,
    cursor: str | None,
    total: int | None,
    messages: list[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """After the last page, a warning says that metrics are missing, except after a resumption."""
    meta = {"total": total}
    server.enqueue(body={"data": [{"quantity": 1}] * 2, "meta": {**meta, "next_cursor": "b"}})
    server.enqueue(body={"data": [{"quantity": 1}], "meta": meta})
    arc = AiRuntimeControlUsageMetricsApi(client)
    assert 3 == len(list(arc.iter_arc_usage_metrics(cursor=cursor)))
    assert messages == caplog.messages
