"""How an operation is declared: its arguments, its URL, its signature and its documentation."""

from __future__ import annotations

import inspect
import subprocess
import sys
from datetime import date, datetime
from typing import Any, get_type_hints

import pytest

import fastly
from fastly._operations.declarations import operation
from fastly._operations.options import page_request, request
from fastly.api.ai_runtime_control_usage_metrics_api import AiRuntimeControlUsageMetricsApi
from fastly.api.base import Api
from fastly.api.billing_api import BillingApi
from fastly.api.billing_invoices_api import BillingInvoicesApi
from fastly.api.billing_usage_metrics_api import BillingUsageMetricsApi
from fastly.api.customer_addresses_api import CustomerAddressesApi
from fastly.api.historical_api import HistoricalApi
from fastly.model.invoice import Invoice
from fastly.testing import BillingServer

OPERATIONS = {
    BillingApi: ("get_invoice", "get_invoice_by_id", "get_invoice_mtd"),
    BillingInvoicesApi: (
        "list_invoices",
        "get_invoice_by_invoice_id",
        "get_month_to_date_invoice",
    ),
    BillingUsageMetricsApi: ("get_usage_metrics", "get_service_level_usage"),
    HistoricalApi: ("get_usage", "get_usage_service", "get_usage_month", "get_regions"),
    AiRuntimeControlUsageMetricsApi: ("arc_get_usage_metrics", "arc_export_usage_metrics"),
    CustomerAddressesApi: (
        "list_customer_addresses",
        "create_customer_address",
        "update_customer_address",
    ),
}
ITERATORS = {
    BillingInvoicesApi: ("iter_invoices",),
    BillingUsageMetricsApi: ("iter_usage_metrics", "iter_service_level_usage"),
    AiRuntimeControlUsageMetricsApi: ("iter_arc_usage_metrics",),
}
OPTIONS = {
    "_accept": "application/json",
    "_return_http_data_only": True,
    "_preload_content": True,
    "_request_timeout": None,
    "_check_input_type": True,
    "_check_return_type": True,
    "async_req": False,
    "_content_type": None,
    "_host_index": None,
    "_spec_property_naming": False,
}
PAGE_OPTIONS = {name: OPTIONS[name] for name in ("_request_timeout", "_check_input_type")}
PAGE_OPTIONS["_check_return_type"] = True
POLLED = ("get_invoice_mtd", "get_month_to_date_invoice")


def methods(table: dict[type[Api], tuple[str, ...]]) -> list[Any]:
    """Return the methods of a table."""
    return [getattr(api, name) for api, names in table.items() for name in names]


class Index:
    """An integer type such as numpy's."""

    def __init__(self, value: int) -> None:
        self.value = value

    def __index__(self) -> int:
        return self.value


class Indices(Index):
    """Several integers, such as a numpy array, which has the method of one."""

    def __index__(self) -> int:
        raise TypeError("only integer scalar arrays can be converted to a scalar index")

    def __repr__(self) -> str:
        return "[5 6]"


class LoudText(str):
    """Text that converts to other text."""

    def __str__(self) -> str:
        return "loud/../text"


@pytest.mark.parametrize("method", methods(OPERATIONS), ids=lambda m: m.__name__)
def test_an_operation_shows_its_options(method: Any) -> None:
    """help() and completion see each option by name with its default, and its documentation."""
    parameters = inspect.signature(method).parameters
    assert OPTIONS == {name: parameters[name].default for name in OPTIONS}
    assert (method.__name__ in POLLED) is ("_wait" in parameters)
    documentation = inspect.getdoc(method) or ""
    assert [] == [p for p in parameters if p != "self" and f"{p}:" not in documentation]
    assert "Raises:" in documentation


@pytest.mark.parametrize("method", methods(ITERATORS), ids=lambda m: m.__name__)
def test_an_iterator_shows_its_options(method: Any) -> None:
    """help() and completion see the three options of an iterator, and no others."""
    parameters = inspect.signature(method).parameters
    options = {name: p.default for name, p in parameters.items() if name in OPTIONS}
    assert PAGE_OPTIONS == options
    documentation = inspect.getdoc(method) or ""
    assert [] == [p for p in parameters if p != "self" and f"{p}:" not in documentation]


def test_a_signature_has_plain_types() -> None:
    """The signature shows types as a reader writes them, without the checks they carry."""
    parameters = inspect.signature(BillingInvoicesApi.list_invoices).parameters
    shown = {name: str(parameters[name].annotation) for name in ("limit", "billing_start_date")}
    assert {
        "limit": "str | int | None",
        "billing_start_date": "str | datetime.date | None",
    } == shown


@pytest.mark.parametrize(
    "method", methods(OPERATIONS) + methods(ITERATORS), ids=lambda m: m.__name__
)
def test_tools_find_types_and_source(method: Any) -> None:
    """Type hints are those of the arguments, and the source is that of the declaration."""
    hints = get_type_hints(method)
    assert (inspect.signature(method).return_annotation or type(None)) == hints.pop("return")
    parameters = inspect.signature(method).parameters
    assert [name for name in parameters if name not in ("self", *OPTIONS)] == list(hints)
    assert f"def {method.__name__}(" in inspect.getsource(method)


def test_documentation_has_no_margin() -> None:
    """Docstrings are shown without their margin on every Python."""
    assert "\n    Args:" not in (BillingApi.get_invoice.__doc__ or "")
    assert "\nArgs:\n    month: " in (BillingApi.get_invoice.__doc__ or "")


def sent(server: BillingServer) -> dict[str, str]:
    """Return the query of the last request."""
    return server.requests[-1].query


@pytest.mark.parametrize(
    ("arguments", "query"),
    [
        ({}, {}),
        ({"limit": None, "cursor": None}, {}),
        ({"limit": 5}, {"limit": "5"}),
        ({"limit": "5"}, {"limit": "5"}),
        ({"limit": Index(5)}, {"limit": "5"}),
        ({"cursor": ""}, {}),
        ({"cursor": "+/8A=&a b%#?"}, {"cursor": "+/8A=&a b%#?"}),
        ({"cursor": LoudText("quiet")}, {"cursor": "quiet"}),
        ({"billing_start_date": "2026-05-01"}, {"billing_start_date": "2026-05-01"}),
        ({"billing_start_date": date(2026, 5, 1)}, {"billing_start_date": "2026-05-01"}),
        ({"billing_end_date": datetime(2026, 5, 1, 23)}, {"billing_end_date": "2026-05-01"}),
    ],
)
def test_the_query_of_a_list(
    invoices: BillingInvoicesApi, server: BillingServer, arguments: Any, query: dict[str, str]
) -> None:
    """Arguments are formatted and percent-encoded for the API; None is omitted."""
    server.enqueue(body={"data": None})
    invoices.list_invoices(**arguments)
    assert query == sent(server)


WRONG = [
    ("limit", 0, "a whole number of 1 or more, got 0"),
    ("limit", "x", "a whole number of 1 or more, got 'x'"),
    ("limit", "٥", "a whole number of 1 or more, got '٥'"),
    ("limit", "", "a whole number of 1 or more, got ''"),
    ("limit", True, "text or a whole number, got True"),
    ("limit", 5.0, "text or a whole number, got 5.0"),
    ("limit", int, "text or a whole number, got type"),
    ("limit", Indices(5), "text or a whole number, got Indices"),
    pytest.param("limit", 10**6000, "at most 100 digits", id="limit-of-6000-digits"),
    ("cursor", "é", "printable ASCII text, got 'é'"),
    ("cursor", "a\n", "printable ASCII text, got 'a\\n'"),
    ("cursor", 5, "text, got int"),
    ("billing_start_date", "2026-5-1", "a day such as '2026-05-01', got '2026-5-1'"),
    ("billing_start_date", "2026-02-30", "a day that exists, got '2026-02-30'"),
    ("billing_start_date", "2026-05", "a day such as '2026-05-01', got '2026-05'"),
    ("billing_end_date", "", "a day such as '2026-05-01', got ''"),
    ("billing_end_date", 20260501, "a date or text such as '2026-05-01', got 20260501"),
    ("billing_end_date", "x" * 999, f"a day such as '2026-05-01', got '{'x' * 200}'..."),
]


@pytest.mark.parametrize(("name", "value", "message"), WRONG)
@pytest.mark.parametrize("method", ["list_invoices", "iter_invoices"])
def test_wrong_arguments_of_a_list(
    invoices: BillingInvoicesApi,
    server: BillingServer,
    method: str,
    name: str,
    value: Any,
    message: str,
) -> None:
    """A wrong argument is refused at once, with what it must be, and nothing is sent."""
    with pytest.raises((fastly.ApiTypeError, fastly.ApiValueError)) as caught:
        getattr(invoices, method)(**{name: value})
    assert f"{name} must {'have' if 'digits' in message else 'be'} {message}" == str(caught.value)
    assert [] == server.requests


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("2026-13", "must be a month such as '2026-07', got '2026-13'"),
        ("2026-7", "must be a month such as '2026-07', got '2026-7'"),
        ("2026-07-01", "must be a month such as '2026-07', got '2026-07-01'"),
        (202607, "must be a date or text such as '2026-07', got 202607"),
        (None, "must be a date or text such as '2026-07', got None"),
    ],
)
def test_wrong_months_of_usage(
    usage: BillingUsageMetricsApi, server: BillingServer, value: Any, message: str
) -> None:
    """A month of usage is text or a date; anything else is refused, and nothing is sent."""
    for method in (usage.get_usage_metrics, usage.iter_usage_metrics):
        with pytest.raises((fastly.ApiTypeError, fastly.ApiValueError)) as caught:
            method("2026-01", value)
        assert f"end_month {message}" == str(caught.value)
    assert [] == server.requests


@pytest.mark.parametrize("month", ["2026-07", date(2026, 7, 31), datetime(2026, 7, 1)])
def test_a_month_may_be_a_date(
    usage: BillingUsageMetricsApi, server: BillingServer, month: Any
) -> None:
    """A date stands for its month."""
    server.enqueue(body={"data": None})
    usage.get_usage_metrics(month, month)
    assert {"start_month": "2026-07", "end_month": "2026-07"} == sent(server)


@pytest.mark.parametrize("value", ["", ".", "..", "a/b", "%2e", "a b", "é", "a\n", "a?b", "#"])
@pytest.mark.parametrize("checked", [True, False])
def test_an_id_cannot_leave_its_place_in_the_path(
    invoices: BillingInvoicesApi, server: BillingServer, value: str, checked: bool
) -> None:
    """An ID of other characters is refused, checked or not, and nothing is sent."""
    with pytest.raises(fastly.ApiValueError, match=r"^invoice_id must consist of A-Z, a-z, 0-9, _"):
        invoices.get_invoice_by_invoice_id(value, _check_input_type=checked)
    assert [] == server.requests


def test_the_month_to_date_is_not_an_id(
    invoices: BillingInvoicesApi, server: BillingServer
) -> None:
    """The ID ``month-to-date`` is refused, because it is the path of another operation."""
    with pytest.raises(fastly.ApiValueError, match=r"use get_month_to_date_invoice\(\)$"):
        invoices.get_invoice_by_invoice_id("month-to-date")
    assert [] == server.requests


def test_unchecked_arguments_are_sent_as_given(
    invoices: BillingInvoicesApi, server: BillingServer
) -> None:
    """Without input checks any value is sent as text, still percent-encoded."""
    server.enqueue(body={"data": None})
    wrong: Any = 5.5
    invoices.list_invoices(limit=wrong, cursor="é", _check_input_type=False)
    assert {"limit": "5.5", "cursor": "é"} == sent(server)


def test_unchecked_arguments_become_text(
    invoices: BillingInvoicesApi, server: BillingServer
) -> None:
    """Without input checks, arrays are sent as text; text that no URL can hold is refused."""
    limit: Any = Indices(5)
    server.enqueue(body={"data": None})
    invoices.list_invoices(limit=limit, _check_input_type=False)
    with pytest.raises(
        fastly.ApiValueError, match=r"^cursor must be valid Unicode text, got '\\ud"
    ):
        invoices.list_invoices(cursor="\ud800", _check_input_type=False)
    assert {"limit": "[5 6]"} == sent(server)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda api: api.list_invoices(limt=5),
            r"^list_invoices\(\) got an unknown argument 'limt'; did you mean 'limit'\? Its argum",
        ),
        (
            lambda api: api.iter_invoices(async_req=True),
            r"^iter_invoices\(\) got an unknown argument 'async_req'. Its arguments are billing_",
        ),
        (
            lambda api: api.list_invoices("2026-01-01"),
            r"^list_invoices\(\) takes no arguments without a name, got 1. Its arguments are ",
        ),
        (
            lambda api: api.get_invoice_by_invoice_id(),
            r"^get_invoice_by_invoice_id\(\) is missing the argument 'invoice_id'. Its arguments ",
        ),
        (
            lambda api: api.get_invoice_by_invoice_id("x", invoice_id="y"),
            r"^get_invoice_by_invoice_id\(\) got 'invoice_id' twice. Its arguments are invoice_id,",
        ),
    ],
)
def test_a_wrong_call_is_explained(
    invoices: BillingInvoicesApi, server: BillingServer, call: Any, message: str
) -> None:
    """A wrong call is an ApiTypeError that lists the known arguments, and nothing is sent."""
    with pytest.raises(fastly.ApiTypeError, match=message):
        call(invoices)
    assert [] == server.requests


@pytest.mark.parametrize("kind", [BillingApi, BillingInvoicesApi, BillingUsageMetricsApi])
def test_an_api_needs_a_client(kind: Any) -> None:
    """A token in place of the client is refused at once."""
    with pytest.raises(fastly.ApiTypeError, match=r"^api_client must be an ApiClient, got str"):
        kind("token")


def test_declarations_need_their_annotations() -> None:
    """A declaration whose annotations are text is refused with the reason."""
    from fastly._operations.declarations import Operation

    def declared(self: Any, limit: int, **options: Any) -> fastly.ApiClient: ...

    with pytest.raises(fastly.ApiTypeError, match="without `from __future__ import annotations`"):
        Operation(declared, "/x", ("application/json",))


@pytest.mark.parametrize("stand_in", [request, page_request])
def test_a_declaration_does_not_run(stand_in: Any) -> None:
    """What stands in a declaration for its request is not a request."""
    with pytest.raises(RuntimeError, match=r"^a declaration does not run$"):
        stand_in()


def test_a_clock_that_stands_still_does_not_make_polling_endless() -> None:
    """The wait for an estimate ends by what was slept, in programs whose clock is frozen."""
    program = """
import time
time.monotonic = lambda moment=time.monotonic(): moment
import fastly
from fastly.api.billing_invoices_api import BillingInvoicesApi
from fastly.testing import BillingServer
with BillingServer(estimate_pending=100) as server:
    configuration = fastly.Configuration(server.url, api_token=server.token, timeout=(5, 5))
    try:
        BillingInvoicesApi(fastly.ApiClient(configuration)).get_month_to_date_invoice(_wait=0.6)
    except fastly.EstimatePendingException as error:
        print(error.reason)
"""
    run = [sys.executable, "-c", program]
    done = subprocess.run(run, capture_output=True, text=True, timeout=60, check=True)
    assert "Accepted, still pending after 0.6 s\n" == done.stdout


def test_an_argument_needs_a_check() -> None:
    """An operation whose argument has a type without a check is refused when it is declared."""

    def declared(self: object, month: str, **options: object) -> Invoice:
        """Declare."""

    declared.__annotations__ = {"month": str, "options": object, "return": Invoice}
    with pytest.raises(fastly.ApiTypeError, match="declare the type of month with a check"):
        operation("/x")(declared)
