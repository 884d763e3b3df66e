"""A response without its data is an error, never a list without items or an invoice of nothing."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

import fastly
from fastly.api.ai_runtime_control_usage_metrics_api import AiRuntimeControlUsageMetricsApi
from fastly.api.billing_api import BillingApi
from fastly.api.billing_invoices_api import BillingInvoicesApi
from fastly.api.billing_usage_metrics_api import BillingUsageMetricsApi
from fastly.api.customer_addresses_api import CustomerAddressesApi
from fastly.api.historical_api import HistoricalApi
from fastly.models import CustomerAddress, Invoice, Usagemetrics
from fastly.testing import BillingServer

Call = Callable[..., Any]

MESSAGE = "Service temporarily unavailable"
ERRORS: list[dict[str, Any]] = [
    {"msg": MESSAGE, "status": "error"},
    {"title": MESSAGE},
    {"errors": [{"title": MESSAGE}]},
    {"errors": [MESSAGE]},
    {"data": None, "msg": MESSAGE},
    {"data": [], "title": MESSAGE},
    {"data": [{"quantity": 1}], "errors": [MESSAGE], "invoice_id": "INV-1"},
    {"data": {"services": {}}, "status": "fail", "msg": MESSAGE},
]
METHODS = {
    "list_invoices": BillingInvoicesApi,
    "get_invoice_by_invoice_id": BillingInvoicesApi,
    "get_month_to_date_invoice": BillingInvoicesApi,
    "get_usage_metrics": BillingUsageMetricsApi,
    "get_service_level_usage": BillingUsageMetricsApi,
    "get_usage_month": HistoricalApi,
    "arc_get_usage_metrics": AiRuntimeControlUsageMetricsApi,
    "list_customer_addresses": CustomerAddressesApi,
}
ARGUMENTS = {
    "get_invoice_by_invoice_id": ("INV-1",),
    "get_usage_metrics": ("2026-05", "2026-05"),
}
LISTS = (
    *("list_invoices", "get_usage_metrics", "get_service_level_usage"),
    *("arc_get_usage_metrics", "list_customer_addresses"),
)


@pytest.fixture(params=METHODS)
def call(request: pytest.FixtureRequest, client: fastly.ApiClient) -> Call:
    """An operation of the live API, with its arguments."""
    method = getattr(METHODS[request.param](client), request.param)
    return lambda **options: method(*ARGUMENTS.get(request.param, ()), **options)


@pytest.mark.parametrize("body", ERRORS)
@pytest.mark.parametrize("options", [{}, {"_check_return_type": False}])
def test_an_error_with_status_200(
    server: BillingServer, call: Call, body: dict[str, Any], options: dict[str, Any]
) -> None:
    """An error in place of the data raises ResponseException with the API's message."""
    server.enqueue(200, body=body)
    with pytest.raises(fastly.ResponseException) as caught:
        call(**options)
    assert (200, MESSAGE) == (caught.value.status, caught.value.detail)
    assert f"\n  API message: {MESSAGE}\n" in str(caught.value)
    assert "what to do: The response is an error despite its status: " in str(caught.value)


@pytest.mark.parametrize("error", [MESSAGE, {"code": 1}, True])
def test_an_error_beside_empty_data(server: BillingServer, call: Call, error: object) -> None:
    """An error in a form that the API is not known to send is one, too."""
    server.enqueue(200, body={"data": [], "error": error, "invoice_id": "INV-1"})
    with pytest.raises(fastly.ResponseException, match="the API reports an error, although"):
        call()


@pytest.mark.parametrize("body", [{}, {"meta": {"total": 0}}, {"value": []}, {"date": []}])
def test_a_response_without_its_data(
    server: BillingServer, call: Call, body: dict[str, Any]
) -> None:
    """An object without the key data, or without any documented field, is refused."""
    server.enqueue(200, body=body)
    with pytest.raises(fastly.ResponseException, match=r"missing in the [A-Z]"):
        call()


def test_other_ways_to_call(configuration: fastly.Configuration, server: BillingServer) -> None:
    """Absence is refused on a thread, with the response's headers, and without unknown fields."""
    configuration.discard_unknown_keys = True
    for _ in range(2):
        server.enqueue(200, body={"msg": MESSAGE})
    with fastly.ApiClient(configuration) as client:
        api = BillingInvoicesApi(client)
        with pytest.raises(fastly.ResponseException):
            api.list_invoices(async_req=True).get()
        with pytest.raises(fastly.ResponseException):
            api.list_invoices(_return_http_data_only=False)


@pytest.mark.parametrize("method", LISTS)
@pytest.mark.parametrize("data", [None, [], [None], {"value": []}])
def test_a_list_without_items(
    client: fastly.ApiClient, server: BillingServer, method: str, data: object
) -> None:
    """Data that is null or empty is a list without items."""
    server.enqueue(200, body={"data": data})
    page = getattr(METHODS[method](client), method)(*ARGUMENTS.get(method, ()))
    assert isinstance(page.data, (list, type(None)))
    assert [] == [item for item in page.data or () if item is not None]


@pytest.mark.parametrize("method", LISTS)
@pytest.mark.parametrize("count", [1, 50])
@pytest.mark.parametrize("item", [{}, {"msg": MESSAGE}])
def test_an_item_without_a_documented_field(
    client: fastly.ApiClient, server: BillingServer, method: str, count: int, item: object
) -> None:
    """An item that has no documented field is refused, with its place in the list."""
    server.enqueue(200, body={"data": [item] * count})
    with pytest.raises(fastly.ResponseException) as caught:
        getattr(METHODS[method](client), method)(*ARGUMENTS.get(method, ()))
    assert "data[0]" == caught.value.path


def test_a_response_of_another_operation(client: fastly.ApiClient, server: BillingServer) -> None:
    """The response of one operation is refused by the others.

    ``get_usage`` takes traffic by service for traffic by region, because a region without traffic
    is ``{}``, and usage metrics need any documented field, such as a quantity.
    """
    server.estimate_pending = 0
    historical, addresses = HistoricalApi(client), CustomerAddressesApi(client)
    address = CustomerAddress(type="tax", country="US")
    calls: list[Callable[[], Any]] = [
        BillingInvoicesApi(client).list_invoices,
        BillingInvoicesApi(client).get_month_to_date_invoice,
        BillingUsageMetricsApi(client).get_service_level_usage,
        *(historical.get_usage_service, historical.get_usage_month, historical.get_regions),
        AiRuntimeControlUsageMetricsApi(client).arc_get_usage_metrics,
        addresses.list_customer_addresses,
        lambda: addresses.create_customer_address(address),
    ]
    bodies = [call().to_dict() for call in calls]
    others = [
        historical.get_usage().to_dict(),
        BillingUsageMetricsApi(client).get_usage_metrics("2026-05", "2026-05").to_dict(),
    ]
    for one, call in enumerate(calls):
        for body in [*others, *bodies[:one], *bodies[one + 1 :]]:
            server.enqueue(200, body=body)
            with pytest.raises(fastly.ResponseException):
                call()


@pytest.mark.parametrize(
    ("method", "shared"),
    [
        ("list_invoices", {"customer_id": "C"}),
        ("get_service_level_usage", {"usage_type": "Europe Requests"}),
        ("arc_get_usage_metrics", {"usage_type": "requests", "quantity": 1}),
        ("list_customer_addresses", {"region": "CA"}),
    ],
)
def test_an_item_of_shared_fields(
    client: fastly.ApiClient, server: BillingServer, method: str, shared: dict[str, Any]
) -> None:
    """Fields that other records have too are enough only without undocumented ones."""
    call = partial(getattr(METHODS[method](client), method), *ARGUMENTS.get(method, ()))
    server.enqueue(200, body={"data": [shared]})
    assert [shared] == call().to_dict()["data"]
    server.enqueue(200, body={"data": [{**shared, "new": 1}]})
    with pytest.raises(fastly.ResponseException, match="the documented fields are missing"):
        call()


@pytest.mark.parametrize("method", ["get_usage_metrics", "get_service_level_usage"])
def test_a_block_without_a_documented_field(
    client: fastly.ApiClient, server: BillingServer, method: str
) -> None:
    """One object in place of a list needs a documented field, too."""
    for data in ({}, {"msg": MESSAGE}):
        server.enqueue(200, body={"data": data})
        with pytest.raises(fastly.ResponseException, match="the documented fields are missing"):
            getattr(METHODS[method](client), method)(*ARGUMENTS.get(method, ()))


@pytest.mark.parametrize("data", [{}, {"msg": MESSAGE}, {"customer_id": "C"}])
def test_a_month_without_its_services(
    client: fastly.ApiClient, server: BillingServer, data: dict[str, Any]
) -> None:
    """The traffic of a month without the key services is refused; null is a month without any."""
    server.enqueue(200, body={"status": "success", "data": data})
    historical = HistoricalApi(client)
    with pytest.raises(fastly.ResponseException, match="'services' is missing"):
        historical.get_usage_month(year=2026, month=5)
    server.enqueue(200, body={"status": "success", "data": {**data, "services": None}})
    assert {} == (historical.get_usage_month(year=2026, month=5).data.services or {})


def test_a_service_without_a_documented_field(
    client: fastly.ApiClient, server: BillingServer
) -> None:
    """A service of a block needs a documented field, too."""
    server.enqueue(200, body={"data": {"unit": "GB", "details": [{"msg": MESSAGE}]}})
    with pytest.raises(fastly.ResponseException) as caught:
        BillingUsageMetricsApi(client).get_service_level_usage()
    assert "data.details[0]" == caught.value.path


def test_a_message_beside_data(client: fastly.ApiClient, server: BillingServer) -> None:
    """A message is not an error if there is data, or if the status is success."""
    server.enqueue(200, body={"data": [{"invoice_id": "1"}], "msg": "Rounded", "errors": []})
    assert 1 == len(BillingInvoicesApi(client).list_invoices().data or ())
    server.enqueue(200, body={"data": {}, "msg": "No traffic", "status": "success"})
    assert {} == HistoricalApi(client).get_usage().data


@pytest.mark.parametrize("metric", [{"month": "2026-05"}, {"quantity": "3", "new": [1]}])
def test_one_metric_in_place_of_the_response(
    usage: BillingUsageMetricsApi, server: BillingServer, metric: dict[str, Any]
) -> None:
    """One metric in place of a list of metrics is read as a list of one."""
    server.enqueue(200, body=metric)
    expected = Usagemetrics.from_dict({"data": [metric]})
    assert expected == usage.get_usage_metrics("2026-05", "2026-05")


def test_a_documented_field_that_is_null(
    invoices: BillingInvoicesApi, server: BillingServer
) -> None:
    """One documented field is enough for an invoice, and may be null."""
    server.enqueue(200, body={"invoice_id": None})
    assert ["invoice_id"] == list(invoices.get_invoice_by_invoice_id("INV-1").to_dict())


def test_the_retired_api_takes_an_empty_object(
    client: fastly.ApiClient, server: BillingServer
) -> None:
    """An empty object is an invoice of the retired API, and any model can be made by hand."""
    server.enqueue(200, body={})
    assert {} == BillingApi(client).get_invoice("05", "2020").to_dict()
    assert Invoice() == Invoice.from_dict({})


@pytest.mark.parametrize("number", [1, 2])
def test_an_error_in_place_of_a_page(
    invoices: BillingInvoicesApi, server: BillingServer, number: int
) -> None:
    """An error in place of any page raises, and next() requests that page again."""
    page = {"data": [{"invoice_id": "1"}], "meta": {"next_cursor": "b"}}
    bodies = [page, {"data": [{"invoice_id": "2"}]}]
    for body in [*bodies[: number - 1], {"msg": MESSAGE}, *bodies[number - 1 :]]:
        server.enqueue(200, body=body)
    paged = invoices.iter_invoices()
    before = [next(paged).invoice_id for _ in range(number - 1)]
    with pytest.raises(fastly.ResponseException):
        next(paged)
    assert ["1", "2"] == before + [invoice.invoice_id for invoice in paged]
