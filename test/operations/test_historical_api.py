"""Traffic by region, service and month: how times are sent, and what responses are read."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest

import fastly
from fastly.api.historical_api import HistoricalApi
from fastly.models import HistoricalMeta, HistoricalUsageData, HistoricalUsageService
from fastly.testing import BillingServer

INDIA = timezone(timedelta(hours=5, minutes=30))
NEW_YEAR = 1767225600  # 2026-01-01T00:00:00Z
SPANS = ["get_usage", "get_usage_service"]


class Number:
    """An integer type such as numpy's."""

    def __index__(self) -> int:
        return NEW_YEAR


class NotATime(datetime):
    """A datetime that is not equal to itself, such as pandas' NaT."""

    def __ne__(self, other: object) -> bool:
        return True

    __hash__ = datetime.__hash__


@pytest.fixture
def historical(client: fastly.ApiClient) -> HistoricalApi:
    """The historical API on the stand-in."""
    return HistoricalApi(client)


def sent(server: BillingServer) -> dict[str, str]:
    """Return the query of the only request."""
    (request,) = server.requests
    return request.query


@pytest.mark.parametrize("method", SPANS)
@pytest.mark.parametrize(
    ("value", "text"),
    [
        (date(2026, 1, 1), f"{NEW_YEAR}"),
        (datetime(2026, 1, 1), f"{NEW_YEAR}"),
        (datetime(2026, 1, 1, tzinfo=timezone.utc), f"{NEW_YEAR}"),
        (datetime(2026, 1, 1, 5, 30, 0, 999_999, tzinfo=INDIA), f"{NEW_YEAR}"),
        (datetime(1969, 12, 31, 23, 59, 59, 500_000), "-1"),
        (NEW_YEAR, f"{NEW_YEAR}"),
        (Number(), f"{NEW_YEAR}"),
        (f"{NEW_YEAR}", f"{NEW_YEAR}"),
        ("1 month ago", "1 month ago"),
        ("2026-01-01", "2026-01-01"),
    ],
)
def test_times_are_epoch_seconds(
    historical: HistoricalApi, server: BillingServer, method: str, value: Any, text: str
) -> None:
    """Dates and datetimes are sent as epoch seconds, UTC unless they say otherwise; text as is."""
    server.enqueue(body={"status": "success", "data": {}})
    getattr(historical, method)(_from=value)
    assert {"from": text} == sent(server)


@pytest.mark.parametrize("method", SPANS)
@pytest.mark.parametrize(
    "arguments",
    [
        {"_from": True},
        {"to": False},
        {"_from": NotATime(2026, 1, 1)},
        {"_from": 10**20},
        {"_from": datetime(1, 1, 1, tzinfo=INDIA)},
        {"_from": ""},
        {"_from": "caf\u00e9"},
        {"_from": date(2026, 2, 1), "to": date(2026, 1, 1)},
        {"_from": NEW_YEAR + 1, "to": f"{NEW_YEAR}"},
        {"_from": "2026-01-02", "to": date(2026, 1, 1)},
        {"_from": "2026-01-02T00:00:00Z", "to": "2026-01-02T00:00:00+01:00"},
    ],
    ids=str,
)
def test_unusable_times(
    historical: HistoricalApi, server: BillingServer, method: str, arguments: dict[str, Any]
) -> None:
    """A bool, a time that does not exist and an end before the start are not sent."""
    with pytest.raises(fastly.ApiValueError, match=r"_from|to"):
        getattr(historical, method)(**arguments)
    assert [] == server.requests


@pytest.mark.parametrize("value", [1.5, [1], object(), b"now"])
def test_times_of_the_wrong_type(
    historical: HistoricalApi, server: BillingServer, value: Any
) -> None:
    """What is neither a time nor text is an ApiTypeError."""
    with pytest.raises(fastly.ApiTypeError, match="_from must be a date, a datetime"):
        historical.get_usage(_from=value)
    assert [] == server.requests


def test_relative_times_are_not_compared(historical: HistoricalApi, server: BillingServer) -> None:
    """The order of relative times is the API's to check."""
    server.enqueue(body={"status": "success", "data": {}})
    historical.get_usage(_from="now", to="1 month ago")
    assert {"from": "now", "to": "1 month ago"} == sent(server)


def test_unchecked_arguments(historical: HistoricalApi, server: BillingServer) -> None:
    """Without checks, arguments are sent as given, and a bool as JSON writes it."""
    server.enqueue(body={"status": "success", "data": {}})
    historical.get_usage(_from="2026-02-01", to="2026-01-01", _check_input_type=False)
    server.enqueue(body={"status": "success", "data": {"services": {}}})
    unchecked: Any = historical.get_usage_month
    unchecked(year="20", billable_units=True, _check_input_type=False)
    assert [
        {"from": "2026-02-01", "to": "2026-01-01"},
        {"year": "20", "billable_units": "true"},
    ] == [request.query for request in server.requests]


@pytest.mark.parametrize(
    ("arguments", "query"),
    [
        ({}, {}),
        ({"year": 2026, "month": 5}, {"year": "2026", "month": "05"}),
        ({"billable_units": True}, {"billable_units": "true"}),
        ({"billable_units": False}, {"billable_units": "false"}),
    ],
)
def test_the_query_of_a_month(
    historical: HistoricalApi, server: BillingServer, arguments: Any, query: dict[str, str]
) -> None:
    """A month has two digits, and a bool is written as in JSON."""
    server.enqueue(body={"status": "success", "data": {"services": {}}})
    historical.get_usage_month(**arguments)
    assert query == sent(server)


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ({"year": 2026}, fastly.ApiValueError, "must be given together, got only year"),
        ({"month": 5}, fastly.ApiValueError, "must be given together, got only month"),
        ({"year": 26, "month": 5}, fastly.ApiValueError, "year must have four digits"),
        ({"year": 2026, "month": 13}, fastly.ApiValueError, "month must be 1 to 12.*got 13$"),
        ({"billable_units": "true"}, fastly.ApiTypeError, "must be True or False, got 'true'"),
    ],
)
def test_an_unusable_month(
    historical: HistoricalApi, server: BillingServer, arguments: Any, kind: Any, message: str
) -> None:
    """A year needs a month, and a month a year."""
    with pytest.raises(kind, match=message):
        historical.get_usage_month(**arguments)
    assert [] == server.requests


def test_usage_by_region(historical: HistoricalApi, server: BillingServer) -> None:
    """Numbers may be text or null, times any text, and regions any word."""
    traffic = {"usa": {"bandwidth": "5", "requests": None}, "moon": None, "asia": {"new": 1}}
    meta = {"from": "2021-11-03 17:31:47 UTC", "to": 5, "by": None}
    server.enqueue(body={"status": "success", "msg": None, "meta": meta, "data": traffic})
    usage = historical.get_usage()
    assert usage.meta is not None
    assert usage.data is not None
    assert ("2021-11-03 17:31:47 UTC", "5") == (usage.meta._from, usage.meta.to)
    assert (5.0, None, None) == (
        usage.data["usa"].bandwidth,
        usage.data["usa"].requests,
        usage.data["moon"],
    )
    assert {**meta, "to": "5"} == usage.meta.to_dict()
    assert 1 == usage.data["asia"]["new"]


def test_usage_by_service(historical: HistoricalApi, server: BillingServer) -> None:
    """A region without traffic is empty."""
    server.enqueue(body={"data": {"usa": {"s1": {"requests": 3}}, "asia": {}, "europe": None}})
    usage = historical.get_usage_service().data
    assert usage is not None
    assert 3.0 == usage["usa"]["s1"].requests
    assert ({}, None) == (usage["asia"], usage["europe"])


MONTH = {
    "customer_id": "c",
    "services": {"s1": {"name": "www", "usa": {"bandwidth": "0.5"}, "asia": None}, "s2": None},
    "total": {"usa": {"bandwidth": 0.5}},
}


@pytest.mark.parametrize("discard", [False, True])
def test_usage_by_month(server: BillingServer, discard: bool) -> None:
    """The regions of a service are fields besides its name, and are never discarded."""
    configuration = fastly.Configuration(
        host=server.url, api_token=server.token, discard_unknown_keys=discard
    )
    server.enqueue(body={"data": MONTH})
    with fastly.ApiClient(configuration) as client:
        data = HistoricalApi(client).get_usage_month().data
    assert data is not None
    assert data.services is not None
    service = data.services["s1"]
    assert ("www", 0.5) == (service.name, service["usa"].bandwidth)
    assert {"usa": HistoricalUsageData(bandwidth=0.5), "asia": None} == service.regions
    assert data.services["s2"] is None
    assert data == type(data).from_dict(data.to_dict())


def test_a_wrong_region_of_a_service(historical: HistoricalApi, server: BillingServer) -> None:
    """A region that is not an object raises, at its path, unless values are not checked."""
    body = {"data": {"services": {"s1": {"name": "www", "usa": {"bandwidth": "much"}}}}}
    server.enqueue(body=body)
    with pytest.raises(fastly.ResponseException) as caught:
        historical.get_usage_month()
    assert "data.services.s1.usa.bandwidth" == caught.value.path
    server.enqueue(body=body)
    assert historical.get_usage_month(_check_return_type=False).to_dict() == body


def test_a_service_by_hand() -> None:
    """A service can be built by hand, with regions as plain data or as models."""
    service = HistoricalUsageService(name="www")
    service["usa"] = {"requests": 2}
    service["asia"] = HistoricalUsageData(requests=1)
    service["europe"] = None
    assert ["usa", "asia", "europe"] == list(service.regions)
    assert HistoricalUsageData(requests=2) == service["usa"]
    with pytest.raises(fastly.ApiTypeError, match="latam: expected an object, got 5"):
        service["latam"] = 5


def test_the_span_by_hand() -> None:
    """The start of a span is an attribute with an underscore, and a key without one."""
    meta = HistoricalMeta(_from="2026-01-01", to="now")
    assert {"from": "2026-01-01", "to": "now"} == meta.to_dict()
    meta._from = "yesterday"
    assert ("yesterday", "from" in meta, "_from" in meta) == (meta["from"], True, False)
    meta["from"] = "today"
    assert "today" == meta._from
    assert HistoricalMeta.from_dict({"from": "today", "to": "now"}) == meta
    with pytest.raises(fastly.ApiTypeError, match="expected text, got"):
        meta._from = [1]  # type: ignore[assignment]  # refused at run time, too


def test_regions(historical: HistoricalApi, server: BillingServer) -> None:
    """The regions are a list of names."""
    server.enqueue(body={"status": "success", "data": ["usa", "europe"]})
    assert ["usa", "europe"] == historical.get_regions().data


@pytest.mark.parametrize("method", [*SPANS, "get_usage_month", "get_regions"])
def test_an_error_with_status_200(
    historical: HistoricalApi, server: BillingServer, method: str
) -> None:
    """A 200 whose body reports an error is a ResponseException with the API's message."""
    server.enqueue(body={"status": "error", "msg": "Invalid 'from'", "data": {}})
    with pytest.raises(fastly.ResponseException) as caught:
        getattr(historical, method)()
    assert (200, "Invalid 'from'") == (caught.value.status, caught.value.detail)
    assert re.search("the API reports an error", str(caught.value))
