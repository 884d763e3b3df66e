"""The three operations of v2: what they send, what they return, and how they poll."""

from __future__ import annotations

import contextlib
import json
import logging
import time
from typing import Any

import pytest
from calls import SLACK

import fastly
import fastly.apis
from fastly.api.billing_api import BillingApi
from fastly.models import BillingEstimateResponse, BillingResponse
from fastly.testing import BillingServer

CUSTOMER = "x4xCwxxJxGCx123Rx5xTx"


def last_path(server: BillingServer) -> str:
    """Return the path and query of the last request."""
    request = server.requests[-1]
    query = "&".join(f"{name}={value}" for name, value in request.query.items())
    return request.path + ("?" if query else "") + query


def test_import_paths() -> None:
    """The API is importable from its module and from the plural package."""
    assert fastly.apis.BillingApi is BillingApi


def test_an_invoice_by_month(api: BillingApi, server: BillingServer) -> None:
    """get_invoice returns the typed invoice of a month."""
    invoice = api.get_invoice("05", "2020")
    assert isinstance(invoice, BillingResponse)
    assert server.account.invoice(2020, 5) == invoice.to_dict()
    assert "/billing/v2/year/2020/month/05" == last_path(server)


def test_an_invoice_by_id(api: BillingApi, server: BillingServer) -> None:
    """get_invoice_by_id returns the same invoice."""
    invoice = api.get_invoice("05", "2020")
    assert invoice == api.get_invoice_by_id(server.customer_id, invoice.invoice_id or "")
    expected = f"/billing/v2/account_customers/{server.customer_id}/invoices/{invoice.invoice_id}"
    assert expected == last_path(server)


def test_an_estimate_of_this_month(api: BillingApi, server: BillingServer) -> None:
    """get_invoice_mtd polls until the estimate is ready, and returns it."""
    estimate = api.get_invoice_mtd(server.customer_id)
    assert isinstance(estimate, BillingEstimateResponse)
    assert "MTD" == (estimate.status and estimate.status.status)
    assert 2 == len(server.requests)
    assert f"/billing/v2/account_customers/{server.customer_id}/mtd_invoice" == last_path(server)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"month": 5, "year": 2020}, "?month=05&year=2020"),
        ({"month": "12"}, "?month=12"),
        ({"year": "2020", "month": None}, "?year=2020"),
    ],
)
def test_the_query_of_an_estimate(
    api: BillingApi, server: BillingServer, query: dict[str, Any], expected: str
) -> None:
    """Month and year are in the query if they are given."""
    server.enqueue(body={})
    api.get_invoice_mtd(CUSTOMER, **query)
    assert expected == last_path(server).partition("mtd_invoice")[2]


def test_the_headers_of_a_request(api: BillingApi, server: BillingServer) -> None:
    """A request has the token, Accept, Accept-Encoding and User-Agent."""
    api.get_invoice("05", "2020")
    headers = server.requests[-1].headers
    expected = {
        "Fastly-Key": server.token,
        "Accept": "application/json",
        "Accept-Encoding": "gzip",
        "User-Agent": f"fastly-python/{fastly.__version__}",
    }
    assert expected == {name: headers[name] for name in expected}


@pytest.mark.parametrize(
    ("month", "sent"), [("05", "05"), ("5", "05"), (5, "05"), (12, "12"), ("01", "01")]
)
@pytest.mark.parametrize(("year", "sent_year"), [("2020", "2020"), (2020, "2020")])
def test_months_and_years(
    api: BillingApi,
    server: BillingServer,
    month: str | int,
    sent: str,
    year: str | int,
    sent_year: str,
) -> None:
    """Months are sent with two digits and years with four, from text or numbers."""
    server.enqueue(body={})
    api.get_invoice(month=month, year=year)
    assert f"/billing/v2/year/{sent_year}/month/{sent}" == last_path(server)


WRONG_TYPES = [None, 5.0, True, b"5", ["5"], {}]
WRONG_MONTHS = ["", "0", "00", "13", "005", "5 ", " 5", "٥", "5\n", "may", "-5", "../5", 0, 13, -1]
WRONG_YEARS = ["", "20", "20200", "0020", "202O", "２０２０", "2020\n", "..", 0, 99, 10000, -2020]
WRONG_IDS = [
    "",
    ".",
    "..",
    "a/b",
    "/",
    "%2f",
    "a%2Fb",
    "a b",
    "a\n",
    "a\x00",
    "é",
    "a?b",
    "a#b",
    "a;b",
    "\\",
]


@pytest.mark.parametrize("value", [*WRONG_TYPES, *WRONG_MONTHS])
def test_wrong_months(api: BillingApi, server: BillingServer, value: Any) -> None:
    """An invalid month is refused by name, and nothing is sent."""
    kind = (
        fastly.ApiValueError if value in WRONG_MONTHS and value is not True else fastly.ApiTypeError
    )
    with pytest.raises(
        kind if not isinstance(value, (bool, float)) else fastly.ApiTypeError, match="month"
    ):
        api.get_invoice(value, 2020)
    if value is not None:
        with pytest.raises((fastly.ApiTypeError, fastly.ApiValueError), match="month"):
            api.get_invoice_mtd(CUSTOMER, month=value)
    assert [] == server.requests


@pytest.mark.parametrize("value", [*WRONG_TYPES, *WRONG_YEARS])
def test_wrong_years(api: BillingApi, server: BillingServer, value: Any) -> None:
    """An invalid year is refused by name, and nothing is sent."""
    with pytest.raises((fastly.ApiTypeError, fastly.ApiValueError), match="year"):
        api.get_invoice(5, value)
    assert [] == server.requests


def test_the_type_of_a_wrong_customer_id_is_told(api: Any) -> None:
    """A customer ID that is not text is refused, and the message names its type."""
    with pytest.raises(fastly.ApiTypeError, match=r"^customer_id must be text, got int$"):
        api.get_invoice_by_id(5, "i")


@pytest.mark.parametrize("value", [None, 5, b"x", [], *WRONG_IDS])
@pytest.mark.parametrize("checked", [True, False])
def test_wrong_customer_ids(
    api: BillingApi, server: BillingServer, value: Any, checked: bool
) -> None:
    """A customer ID that could leave its place in the path is refused, checked or not."""
    if checked or isinstance(value, str):
        with pytest.raises((fastly.ApiTypeError, fastly.ApiValueError), match="customer_id"):
            api.get_invoice_by_id(value, "x", _check_input_type=checked)
        with pytest.raises((fastly.ApiTypeError, fastly.ApiValueError), match="customer_id"):
            api.get_invoice_mtd(value, _check_input_type=checked)
    assert [] == server.requests


@pytest.mark.parametrize("value", [None, True, 5.5, b"x", *WRONG_IDS])
def test_wrong_invoice_ids(api: BillingApi, server: BillingServer, value: Any) -> None:
    """An invoice ID must be text of safe characters or a whole number; others are not sent."""
    with pytest.raises((fastly.ApiTypeError, fastly.ApiValueError), match="invoice_id"):
        api.get_invoice_by_id(CUSTOMER, value)
    assert [] == server.requests


@pytest.mark.parametrize("value", ["4183280", 4183280])
def test_an_invoice_id_may_be_a_number(api: BillingApi, server: BillingServer, value: Any) -> None:
    """An invoice ID given as a number is sent as its digits."""
    server.enqueue(body={})
    api.get_invoice_by_id(CUSTOMER, value)
    assert last_path(server).endswith("/invoices/4183280")


@pytest.mark.parametrize("by_setting", [True, False])
def test_unchecked_arguments_are_sent_as_they_are(
    api: BillingApi, server: BillingServer, by_setting: bool
) -> None:
    """With checks off, by option or setting, types and ranges are not checked."""
    api.api_client.configuration.client_side_validation = not by_setting
    server.enqueue(body={})
    api.get_invoice(13, "20", _check_input_type=by_setting)
    assert "/billing/v2/year/20/month/13" == last_path(server)
    with pytest.raises(fastly.ApiValueError, match="month"):
        api.get_invoice("../x", 2020, _check_input_type=by_setting)


def test_a_wrong_call_is_an_api_type_error(api: BillingApi, server: BillingServer) -> None:
    """Missing, unknown and surplus arguments raise ApiTypeErrors that list the known ones."""
    anyhow: Any = api
    for call in (
        lambda: anyhow.get_invoice("05"),
        lambda: anyhow.get_invoice("05", "2020", "x"),
        lambda: anyhow.get_invoice("05", "2020", _requst_timeout=5),
        lambda: anyhow.get_invoice("05", "2020", _wait=5),
    ):
        with pytest.raises(fastly.ApiTypeError, match=r"month, year, _accept, .*_request_timeout"):
            call()
    with pytest.raises(fastly.ApiTypeError, match=r"customer_id, month, year, .*_wait"):
        anyhow.get_invoice_mtd(CUSTOMER, "05", "2020")
    assert [] == server.requests


def test_a_type_error_within_a_call_is_not_relabelled() -> None:
    """A TypeError from a user's hook is not converted to an ApiTypeError."""

    def hook(configuration: fastly.Configuration) -> None:
        raise TypeError("in the hook")

    configuration = fastly.Configuration(host="http://127.0.0.1:1", refresh_api_key_hook=hook)
    with fastly.ApiClient(configuration, "Fastly-Key", "x") as client:
        configuration.api_key["token"] = "x"
        with pytest.raises(TypeError, match=r"^in the hook$") as caught:
            BillingApi(client).get_invoice(5, 2020)
    assert TypeError is type(caught.value)


# --- forms ------------------------------------------------------------------------------------


def test_csv(api: BillingApi, server: BillingServer) -> None:
    """With _accept="text/csv", the invoice is CSV text, and the Accept header says so."""
    text = api.get_invoice(5, 2020, _accept="text/csv")
    assert isinstance(text, str)
    assert text.startswith("invoice_id,")
    assert "text/csv" == server.requests[-1].headers["Accept"]
    invoice_id = server.account.invoice_id(2020, 5)
    assert text == api.get_invoice_by_id(server.customer_id, invoice_id, _accept="text/csv")


def test_pdf(api: BillingApi, server: BillingServer) -> None:
    """With _accept="application/pdf", the invoice is the bytes of a PDF."""
    document = api.get_invoice(5, 2020, _accept="application/pdf")
    assert isinstance(document, bytes)
    assert document.startswith(b"%PDF-")
    invoice_id = server.account.invoice_id(2020, 5)
    assert document == api.get_invoice_by_id(
        server.customer_id, invoice_id, _accept="application/pdf"
    )


@pytest.mark.parametrize("accept", ["text/html", "", "TEXT/CSV", None, 5, ["text/csv"]])
def test_other_forms_are_refused(api: BillingApi, server: BillingServer, accept: Any) -> None:
    """A format that the operation does not support is refused by name."""
    with pytest.raises(
        fastly.ApiValueError, match=r"^_accept must be application/json or text/csv"
    ):
        api.get_invoice(5, 2020, _accept=accept)
    with pytest.raises(fastly.ApiValueError, match=r"^_accept must be application/json, got "):
        api.get_invoice_mtd(CUSTOMER, _accept=accept or "text/csv")
    assert [] == server.requests


# --- responses that the API has been seen to send ---------------------------------------------

LINE = {"description": "x", "units": "420.100000", "amount": "50.410000", "line_number": 1.0}
SEEN: list[dict[str, Any]] = [
    {},
    {"invoice_id": 111, "regions": {}, "status": {}, "line_items": [], "total": {"extras": []}},
    {"regions": {"usa": {"cost": 52.6}}},
    {"line_items": [LINE], "total": {"plan_minimum": "50.000000"}},
    {"line_items": {"value": [LINE]}},
    {"total": {"percentile": 1, "commit_shortfall": 111.1, "discount_amount": 0}},
    {"status": {"status": "Disputed", "sent_at": None}, "line_items": None, "regions": None},
    {"start_time": "2020-05-01T02:00:00.123+02:00", "vendor_state": None, "new": {"x": [1]}},
]


@pytest.mark.parametrize("answer", SEEN)
def test_answers_as_they_have_been_seen(
    api: BillingApi, server: BillingServer, answer: dict[str, Any]
) -> None:
    """Each known deviation from the API's reference is parsed without loss."""
    server.enqueue(body=answer)
    server.enqueue(body=answer)
    expected = json.loads(json.dumps(answer).replace('{"value": [', "[").replace("}]}}", "}]}"))
    invoice: Any = api.get_invoice(5, 2020)
    estimate: Any = api.get_invoice_mtd(CUSTOMER)
    for made in (invoice, estimate):
        assert expected.keys() == made.to_dict().keys()
    if answer.get("line_items"):
        assert (50.41, "x") == (invoice.line_items[0].amount, estimate.line_items[0].description)


# --- the 202 of an estimate -------------------------------------------------------------------


@pytest.mark.parametrize("body", [b"", b"{}", b"<html>", b"\xff", b'{"msg": "Pending"}'])
def test_a_202_is_waited_out(api: BillingApi, server: BillingServer, body: bytes) -> None:
    """Whatever the body of a 202, the client sends the request again."""
    server.enqueue(202, headers={"Retry-After": "0"}, body=body)
    server.enqueue(body={"customer_id": "c"})
    assert "c" == api.get_invoice_mtd(CUSTOMER).customer_id


def test_the_first_wait_is_half_a_second(api: BillingApi, server: BillingServer) -> None:
    """If the API does not say when to ask again, the client waits 0.5 s before it does."""
    server.enqueue(202)
    server.enqueue(body={"customer_id": "c"})
    started = time.monotonic()
    api.get_invoice_mtd(CUSTOMER)
    assert 0.4 < time.monotonic() - started


def test_no_waiting_raises_at_once(api: BillingApi, server: BillingServer) -> None:
    """With _wait=0, a 202 raises EstimatePendingException, which keeps the response."""
    server.enqueue(202, headers={"X-Request-Id": "r"}, body={"msg": "Pending"})
    with pytest.raises(fastly.EstimatePendingException) as caught:
        api.get_invoice_mtd(CUSTOMER, _wait=0)
    error = caught.value
    assert (202, '{"msg": "Pending"}', "r", None) == (
        error.status,
        error.body,
        error.request_id,
        error.retry_after,
    )
    assert "_wait" in str(error)
    assert 1 == len(server.requests)


def test_the_wait_ends(api: BillingApi, server: BillingServer) -> None:
    """If _wait is too short for the estimate, the call ends in time, after one last request."""
    for _ in range(5):
        server.enqueue(202)
    started = time.monotonic()
    with pytest.raises(fastly.EstimatePendingException):
        api.get_invoice_mtd(CUSTOMER, _wait=0.3)
    assert 0.3 <= time.monotonic() - started
    assert 2 == len(server.requests)


def test_the_setting_is_the_default_wait(api: BillingApi, server: BillingServer) -> None:
    """Without _wait, the setting estimate_wait applies."""
    api.api_client.configuration.estimate_wait = 0
    server.enqueue(202)
    with pytest.raises(fastly.EstimatePendingException):
        api.get_invoice_mtd(CUSTOMER)


def test_the_calls_time_bounds_the_wait(api: BillingApi, server: BillingServer) -> None:
    """_request_timeout limits the polling for an estimate."""
    for _ in range(9):
        server.enqueue(202)
    started = time.monotonic()
    with pytest.raises(fastly.EstimatePendingException):
        api.get_invoice_mtd(CUSTOMER, _request_timeout=1)
    assert time.monotonic() - started < SLACK


@pytest.mark.parametrize(("asked", "pause"), [("1", 1.0), ("0", 0.1)])
def test_the_api_says_when_to_ask_again(
    api: BillingApi, server: BillingServer, asked: str, pause: float
) -> None:
    """The Retry-After of a 202 is respected, but 0 does not cause a busy loop."""
    server.enqueue(202, headers={"Retry-After": asked})
    server.enqueue(body={})
    started = time.monotonic()
    api.get_invoice_mtd(CUSTOMER)
    assert pause <= time.monotonic() - started


@pytest.mark.parametrize(("asked", "wait"), [("61", 90), ("3", 2), ("3600", 7200)])
def test_a_longer_pause_is_raised(
    api: BillingApi, server: BillingServer, asked: str, wait: float
) -> None:
    """A Retry-After of more than a minute, or than _wait, raises at once with retry_after."""
    server.enqueue(202, headers={"Retry-After": asked})
    with pytest.raises(fastly.EstimatePendingException) as caught:
        api.get_invoice_mtd(CUSTOMER, _wait=wait)
    assert float(asked) == caught.value.retry_after


def test_waiting_is_logged(
    api: BillingApi, server: BillingServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Each wait is logged at INFO with its length."""
    server.enqueue(202, headers={"Retry-After": "0"})
    server.enqueue(body={})
    with caplog.at_level(logging.INFO, "fastly"):
        api.get_invoice_mtd(CUSTOMER)
    assert ["the month to date is still being made; polling again in 0.10 s"] == [
        record.getMessage() for record in caplog.records
    ]


def test_failures_while_waiting_are_retried(api: BillingApi, server: BillingServer) -> None:
    """A failed attempt between two 202s is retried like any other."""
    server.enqueue(202, headers={"Retry-After": "0"})
    server.enqueue(503, headers={"Retry-After": "0"})
    server.enqueue(202, headers={"Retry-After": "0"})
    server.enqueue(body={"customer_id": "c"})
    assert "c" == api.get_invoice_mtd(CUSTOMER).customer_id


@pytest.mark.parametrize("wait", [-1, "5", True, float("nan"), float("inf")])
def test_wrong_waits(api: BillingApi, server: BillingServer, wait: Any) -> None:
    """_wait must be a finite number of seconds, 0 or more."""
    with pytest.raises((fastly.ApiTypeError, fastly.ApiValueError), match="_wait"):
        api.get_invoice_mtd(CUSTOMER, _wait=wait)
    assert [] == server.requests


@pytest.mark.parametrize("client", ["x", fastly.Configuration()])
def test_only_a_client_is_a_client(client: Any) -> None:
    """A token or a configuration in place of the client is refused at once."""
    with pytest.raises(fastly.ApiTypeError, match=r"^api_client must be an ApiClient, got "):
        BillingApi(client)


def test_a_client_of_its_own(server: BillingServer, configuration: fastly.Configuration) -> None:
    """Without a client, the API creates one with the default configuration."""
    fastly.Configuration.set_default(configuration)
    try:
        api = BillingApi()
        with api.api_client:
            assert "05" == f"{api.get_invoice('05', '2020').start_time:%m}"
    finally:
        fastly.Configuration.set_default(None)


@pytest.mark.parametrize("checked", [True, False])
@pytest.mark.parametrize(
    "value",
    ["..", "%2e%2e", "\ud800", "a\nb", "", " ", pytest.param(10**5000, id="huge"), 1.5, None, b"x"],
)
def test_any_arguments_are_sent_safely_or_refused(api: Any, value: Any, checked: bool) -> None:
    """Any arguments are sent safely or refused as documented before anything is sent."""
    for call in (
        lambda: api.get_invoice(value, value, _check_input_type=checked),
        lambda: api.get_invoice_by_id(value, value, _check_input_type=checked),
        lambda: api.get_invoice_mtd("c", month=value, year=value, _check_input_type=checked),
    ):
        with contextlib.suppress(fastly.ApiTypeError, fastly.ApiValueError, fastly.ApiException):
            call()


def test_a_month_that_is_no_time_is_not_compared(api: BillingApi, server: BillingServer) -> None:
    """A start that is not a time is the model's to refuse, and no other month."""
    server.enqueue(body={"start_time": "soon"})
    with pytest.raises(fastly.ResponseException, match="start_time"):
        api.get_invoice(5, 2020)
    assert 1 == len(server.requests)
