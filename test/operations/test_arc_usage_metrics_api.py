"""The usage of AI Runtime Control: times in ISO 8601, pages, and CSV."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest

import fastly
from fastly.api.ai_runtime_control_usage_metrics_api import AiRuntimeControlUsageMetricsApi
from fastly.models import ArcUsageMetricsResponse
from fastly.testing import BillingServer

INDIA = timezone(timedelta(hours=5, minutes=30))
CSV = "date,usage_type,quantity\r\n2026-07-29T00:00:00Z,requests,5\r\n"


@pytest.fixture
def arc(client: fastly.ApiClient) -> AiRuntimeControlUsageMetricsApi:
    """The API of AI usage on the stand-in."""
    return AiRuntimeControlUsageMetricsApi(client)


def page(cursor: object, *quantities: object) -> dict[str, Any]:
    """Return a page of metrics that names the next cursor."""
    return {"data": [{"quantity": x} for x in quantities], "meta": {"next_cursor": cursor}}


@pytest.mark.parametrize(
    "method", ["arc_get_usage_metrics", "arc_export_usage_metrics", "iter_arc_usage_metrics"]
)
@pytest.mark.parametrize(
    ("value", "text"),
    [
        (date(2026, 1, 1), "2026-01-01T00:00:00Z"),
        (datetime(2026, 1, 1), "2026-01-01T00:00:00Z"),
        (datetime(2026, 1, 1, 5, 30, tzinfo=INDIA), "2026-01-01T00:00:00Z"),
        (datetime(2026, 1, 1, 0, 0, 0, 500_000), "2026-01-01T00:00:00.500000Z"),
        (1767225600, "2026-01-01T00:00:00Z"),
        ("2026-01-01", "2026-01-01T00:00:00Z"),
        ("2026-01-01T05:30:00+05:30", "2026-01-01T00:00:00Z"),
    ],
)
def test_times_are_iso_8601(
    arc: AiRuntimeControlUsageMetricsApi, server: BillingServer, method: str, value: Any, text: str
) -> None:
    """Every time is sent in ISO 8601 and in UTC."""
    server.enqueue(body=page(""))
    result = getattr(arc, method)(_from=value)
    if method.startswith("iter"):
        assert [] == list(result)
    assert [{"from": text}] == [request.query for request in server.requests]


@pytest.mark.parametrize(
    "arguments",
    [
        {"_from": "1 month ago"},
        {"to": "now"},
        {"_from": "1767225600"},
        {"_from": True},
        {"_from": 10**20},
        {"_from": date(2026, 1, 2), "to": "2026-01-01T23:59:59Z"},
        {"_from": datetime(2026, 1, 1, 0, 0, 0, 1), "to": date(2026, 1, 1)},
        {"granularity": "weekly"},
        {"sort": "model"},
    ],
    ids=str,
)
def test_unusable_arguments(
    arc: AiRuntimeControlUsageMetricsApi, server: BillingServer, arguments: dict[str, Any]
) -> None:
    """Relative times, an end before the start and unknown words are not sent."""
    with pytest.raises(fastly.ApiValueError, match="must"):
        arc.arc_get_usage_metrics(**arguments)
    with pytest.raises(fastly.ApiValueError, match="must"):
        arc.iter_arc_usage_metrics(**arguments)
    assert [] == server.requests


def test_all_arguments(arc: AiRuntimeControlUsageMetricsApi, server: BillingServer) -> None:
    """The names of keys, providers and models are any text, percent-encoded."""
    server.enqueue(body=page(""))
    given = {"key": "k/1", "provider": "a b", "model": "m+1", "granularity": "hourly"}
    arc.arc_get_usage_metrics(**given, sort="-date", limit=5, cursor="a+b=")
    (request,) = server.requests
    assert {**given, "sort": "-date", "limit": "5", "cursor": "a+b="} == request.query


def test_lenient_reading(arc: AiRuntimeControlUsageMetricsApi, server: BillingServer) -> None:
    """Unknown kinds of usage, null, numbers as text and times in any form are read."""
    metric = {"date": "2026-07-29 05:00:00", "usage_type": "images", "quantity": "7", "model": None}
    server.enqueue(body={"data": [metric, None], "meta": {"limit": "5", "total": 1.0, "x": 1}})
    response = arc.arc_get_usage_metrics()
    assert response.data is not None
    assert {**metric, "quantity": 7} == response.data[0].to_dict()
    assert {"limit": 5, "total": 1, "x": 1} == (response.meta and response.meta.to_dict())


@pytest.mark.parametrize("last", [{"meta": {"next_cursor": ""}}, {"meta": None}, {}])
def test_all_pages(
    arc: AiRuntimeControlUsageMetricsApi, server: BillingServer, last: dict[str, Any]
) -> None:
    """The iterator follows the cursor, and sends the other arguments with each page."""
    server.enqueue(body=page("b+", 1, 2))
    server.enqueue(body={"data": [{"quantity": 3}], **last})
    found = arc.iter_arc_usage_metrics(_from=date(2026, 1, 1), granularity="hourly")
    assert [1, 2, 3] == [metric.quantity for metric in found]
    span = {"from": "2026-01-01T00:00:00Z", "granularity": "hourly"}
    assert [span, span | {"cursor": "b+"}] == [request.query for request in server.requests]


def test_export_as_csv(arc: AiRuntimeControlUsageMetricsApi, server: BillingServer) -> None:
    """The export is text if CSV is requested, else the model."""
    attachment = {"Content-Disposition": "attachment; filename=usage_metrics.csv"}
    server.enqueue(body=CSV, headers={"Content-Type": "text/csv", **attachment})
    server.enqueue(body=page("", 5))
    assert CSV == arc.arc_export_usage_metrics(key="k", _accept="text/csv")
    assert isinstance(arc.arc_export_usage_metrics(), ArcUsageMetricsResponse)
    accepted = [request.headers["Accept"] for request in server.requests]
    assert ["text/csv", "application/json"] == accepted


@pytest.mark.parametrize("body", ['{"msg": "busy"}', "\n<html>"])
def test_an_export_that_is_not_csv(
    arc: AiRuntimeControlUsageMetricsApi, server: BillingServer, body: str
) -> None:
    """An error and a web page are not CSV, whatever their Content-Type says."""
    server.enqueue(body=body, headers={"Content-Type": "text/csv"})
    with pytest.raises(fastly.ResponseException, match="the body is not CSV"):
        arc.arc_export_usage_metrics(_accept="text/csv")


def test_other_formats(arc: AiRuntimeControlUsageMetricsApi, server: BillingServer) -> None:
    """The export is not a PDF, and a page is only JSON."""
    export, get = arc.arc_export_usage_metrics, arc.arc_get_usage_metrics
    with pytest.raises(fastly.ApiValueError, match="_accept must be application/json or text/csv"):
        export(_accept="application/pdf")  # type: ignore[call-overload]  # refused at run time, too
    with pytest.raises(fastly.ApiValueError, match="_accept must be application/json, got"):
        get(_accept="text/csv")  # type: ignore[call-overload]  # refused at run time, too
    assert [] == server.requests


def test_errors_of_the_api(arc: AiRuntimeControlUsageMetricsApi, server: BillingServer) -> None:
    """An error is application/problem+json, whose title is the API's message."""
    problem = {"type": "about:blank", "title": "invalid granularity", "code": "bad_request"}
    server.enqueue(400, body=problem, headers={"Content-Type": "application/problem+json"})
    with pytest.raises(fastly.BadRequestException) as caught:
        arc.arc_get_usage_metrics()
    assert "invalid granularity" == caught.value.detail
