"""The client: options, results, headers, secrets, logs, threads and processes."""

from __future__ import annotations

import copy
import gc
import json
import logging
import pickle
import re
from typing import Any

import pytest

import fastly
from fastly._transport.deadline import Deadline
from fastly.api.billing_invoices_api import BillingInvoicesApi
from fastly.models import ListEomInvoicesResponse
from fastly.testing import BillingServer

# --- options ----------------------------------------------------------------------------------


def test_status_and_headers_on_request(api: BillingInvoicesApi) -> None:
    """With _return_http_data_only=False, a call also returns status and headers."""
    data, status, headers = api.list_invoices(limit=1, _return_http_data_only=False)
    assert isinstance(data, ListEomInvoicesResponse)
    assert (200, "application/json") == (status, headers["CONTENT-TYPE"])


def test_the_raw_response(api: BillingInvoicesApi, server: BillingServer) -> None:
    """With _preload_content=False, a call returns the unread response, which the caller closes."""
    response = api.list_invoices(limit=1, _preload_content=False)
    assert 200 == response.status
    newest = next(server.account.v3_invoice_months())
    assert [server.account.v3_invoice(*newest)] == json.loads(response.read())["data"]
    response.close()
    raw, status, headers = api.list_invoices(
        limit=1, _preload_content=False, _return_http_data_only=False
    )
    assert (200, "200", raw.headers) == (status, str(raw.status), headers)
    raw.close()


def test_the_raw_response_of_a_202(api: BillingInvoicesApi, server: BillingServer) -> None:
    """With _preload_content=False, a 202 is returned at once, without polling."""
    server.enqueue(202)
    response = api.get_month_to_date_invoice(_preload_content=False)
    assert 202 == response.status
    response.close()


def test_a_failure_is_raised_from_a_raw_call_too(
    api: BillingInvoicesApi, server: BillingServer
) -> None:
    """With _preload_content=False, a status other than 2xx still raises, with its body."""
    server.enqueue(403, body={"msg": "no"})
    with pytest.raises(fastly.ForbiddenException) as caught:
        api.list_invoices(limit=1, _preload_content=False)
    assert "no" == caught.value.detail


def test_a_wrong_value_in_an_answer(api: BillingInvoicesApi, server: BillingServer) -> None:
    """A value of the wrong type raises ResponseException with its path and the whole body."""
    body = {"data": [{"invoice_id": "1"}, {"monthly_transaction_amount": {}}]}
    server.enqueue(body=body, headers={"X-Request-Id": "r"})
    with pytest.raises(
        fastly.ResponseException, match=r"data\[1\].monthly_transaction_amount"
    ) as caught:
        api.list_invoices(limit=1)
    error = caught.value
    path = "data[1].monthly_transaction_amount"
    assert (path, 200, "r") == (error.path, error.status, error.request_id)
    assert body == json.loads(error.body or "")
    assert isinstance(error.__cause__, fastly.ApiTypeError)


def test_a_misspelt_option_is_suggested(api: Any) -> None:
    """A misspelt or shortened option raises an error that suggests the right name."""
    for given, meant in (("_acept", "_accept"), ("timeout", "_request_timeout")):
        with pytest.raises(fastly.ApiTypeError, match=rf"; did you mean '{meant}'\?"):
            api.list_invoices(limit=1, **{given: 1})
    with pytest.raises(fastly.ApiTypeError, match=r"'zzz'.*_spec_property_naming$"):
        api.list_invoices(limit=1, zzz=1)


def test_an_unchecked_answer(
    api: BillingInvoicesApi, server: BillingServer, caplog: pytest.LogCaptureFixture
) -> None:
    """With _check_return_type=False, a value of the wrong type is kept and logged."""
    server.enqueue(body={"data": [], "meta": {"total": {"x": 1}}})
    page = api.list_invoices(limit=1, _check_return_type=False)
    assert {"x": 1} == (page.meta and page.meta.total)
    assert "at meta.total" in caplog.text


def test_unknown_fields_can_be_discarded(client: fastly.ApiClient, server: BillingServer) -> None:
    """The setting discard_unknown_keys drops undocumented fields."""
    client.configuration.discard_unknown_keys = True
    server.enqueue(body={"new": 1, "data": [{"invoice_id": "i", "new": 2}]})
    page = BillingInvoicesApi(client).list_invoices(limit=1)
    assert {"data": [{"invoice_id": "i"}]} == page.to_dict()


def test_options_of_the_official_client_change_nothing(api: BillingInvoicesApi) -> None:
    """Options accepted for the official client's sake do not change the result."""
    plain = api.list_invoices(limit=1)
    other = api.list_invoices(
        limit=1, _content_type="text/plain", _host_index=1, _spec_property_naming=True
    )
    assert plain == other


@pytest.mark.parametrize(
    "name",
    [
        "_return_http_data_only",
        "_preload_content",
        "_check_input_type",
        "_check_return_type",
        "async_req",
    ],
)
def test_flags_are_true_or_false(api: BillingInvoicesApi, server: BillingServer, name: str) -> None:
    """A flag that is neither True nor False raises ApiTypeError, and nothing is sent."""
    options: dict[str, Any] = {name: 1}
    with pytest.raises(fastly.ApiTypeError, match=f"{name} must be True or False"):
        api.list_invoices(limit=1, **options)
    assert [] == server.requests


@pytest.mark.parametrize("timeout", [0, -1, "5", True, (1,), (1, 2, 3), (None, 5), float("inf")])
def test_wrong_timeouts(api: BillingInvoicesApi, server: BillingServer, timeout: Any) -> None:
    """An invalid timeout is refused by name, and nothing is sent."""
    with pytest.raises((fastly.ApiTypeError, fastly.ApiValueError), match="_request_timeout"):
        api.list_invoices(limit=1, _request_timeout=timeout)
    assert [] == server.requests


# --- the client -------------------------------------------------------------------------------


def test_wrong_arguments_of_the_client() -> None:
    """An invalid argument of the client raises an error that says what is expected."""
    anything: Any = fastly.ApiClient
    anything_else: Any = BillingInvoicesApi
    with pytest.raises(
        fastly.ApiTypeError, match=r"^configuration must be a Configuration, got dict: pass "
    ):
        anything({"host": "x"})
    hint = r"; did you mean 'configuration'\?"
    with pytest.raises(fastly.ApiTypeError, match=f"'config'{hint}"):
        anything(config=None)
    with pytest.raises(fastly.ApiTypeError, match=r"'client'; did you mean 'api_client'\?"):
        anything_else(client=None)
    with pytest.raises(
        fastly.ApiTypeError, match=r"^api_client must be an ApiClient, got str: pass "
    ):
        anything_else("token")
    for threads in (0, -1, True, "4", 1.5, 10_001):
        with pytest.raises((fastly.ApiTypeError, fastly.ApiValueError), match="pool_threads"):
            anything(pool_threads=threads)


def test_default_headers(configuration: fastly.Configuration, server: BillingServer) -> None:
    """Headers and the cookie given to the client are sent with each request, in any case."""
    with fastly.ApiClient(configuration, "X-Team", "finance", cookie="a=b") as client:
        client.set_default_header("x-team", "billing")
        client.default_headers["X-Other"] = "1"
        client.user_agent = "nightly/1"
        BillingInvoicesApi(client).list_invoices(limit=1)
        headers = server.requests[-1].headers
        expected = {"X-Team": "billing", "X-Other": "1", "Cookie": "a=b", "User-Agent": "nightly/1"}
        assert expected == {name: headers[name] for name in expected}
        assert ("billing", "nightly/1") == (client.default_headers["X-TEAM"], client.user_agent)
        del client.default_headers["x-OTHER"]
        assert "X-Other" not in client.default_headers


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("a b", "x"),
        ("", "x"),
        ("X", "a\nb"),
        ("X", "a\r"),
        ("X", "\x00"),
        ("X", "€"),
        (5, "x"),
        ("X", 5),
    ],
)
def test_wrong_headers(client: fastly.ApiClient, name: Any, value: Any) -> None:
    """A header that is invalid or would inject another one is refused."""
    with pytest.raises((fastly.ApiTypeError, fastly.ApiValueError), match="default header"):
        client.set_default_header(name, value)


def test_the_token_may_be_a_default_header(server: BillingServer) -> None:
    """A token given as header_name and header_value works, as with other generated clients."""
    configuration = fastly.Configuration(host=server.url)
    with fastly.ApiClient(configuration, "Fastly-Key", server.token) as client:
        assert BillingInvoicesApi(client).list_invoices(limit=1).data
        assert server.token not in repr(client.default_headers)


def test_a_missing_token_is_refused(server: BillingServer) -> None:
    """Without a token, nothing is sent, and the message says where to set one."""
    with (
        fastly.ApiClient(fastly.Configuration(host=server.url)) as client,
        pytest.raises(fastly.ApiValueError, match="FASTLY_API_TOKEN"),
    ):
        BillingInvoicesApi(client).list_invoices(limit=1)
    assert [] == server.requests


def test_token_and_host_are_read_at_each_call(
    client: fastly.ApiClient, server: BillingServer
) -> None:
    """A changed token or host applies from the next call on."""
    api = BillingInvoicesApi(client)
    client.configuration.api_key_prefix["token"] = "Bearer"
    api.list_invoices(limit=1)
    assert f"Bearer {server.token}" == server.requests[-1].headers["Fastly-Key"]
    with BillingServer(token="another") as other:
        client.configuration.host = other.url
        with pytest.raises(fastly.UnauthorizedException):
            api.list_invoices(limit=1)
        client.configuration.api_token = "another"
        assert api.list_invoices(limit=1)
    client.configuration.host = "http://fastly.invalid"
    with pytest.raises(fastly.ApiValueError, match="unencrypted"):
        api.list_invoices(limit=1)


def test_a_host_with_a_path(client: fastly.ApiClient, server: BillingServer) -> None:
    """The path of ``host`` precedes the API's path."""
    client.configuration.host = f"{server.url}/gateway/"
    server.enqueue(body={"data": []})
    BillingInvoicesApi(client).list_invoices(limit=1)
    assert "/gateway/billing/v3/invoices" == server.requests[-1].path


def test_what_the_last_answer_said(client: fastly.ApiClient, server: BillingServer) -> None:
    """The client keeps the last response's status and headers, and reads the quota from them."""
    assert (None, None, None) == (
        client.last_response,
        client.rate_limit_remaining,
        client.rate_limit_reset,
    )
    headers = {"Fastly-RateLimit-Remaining": "7", "Fastly-RateLimit-Reset": "1600000000"}
    server.enqueue(body={"data": []}, headers=headers)
    BillingInvoicesApi(client).list_invoices(limit=1)
    assert (7, 1600000000) == (client.rate_limit_remaining, client.rate_limit_reset)
    assert client.last_response
    assert (200, "OK", "7") == (
        client.last_response.status,
        client.last_response.reason,
        client.last_response.headers["fastly-ratelimit-remaining"],
    )
    server.enqueue(body={"data": []}, headers={"Fastly-RateLimit-Remaining": "many"})
    BillingInvoicesApi(client).list_invoices(limit=1)
    assert (None, None) == (client.rate_limit_remaining, client.rate_limit_reset)


def test_the_body_of_the_last_answer(client: fastly.ApiClient, server: BillingServer) -> None:
    """The last response has its body, as text if it is text, and headers as functions."""
    api = BillingInvoicesApi(client)
    server.enqueue(body={"data": []}, headers={"X-Served-By": "cache"})
    api.list_invoices()
    last = client.last_response
    assert last
    assert {"data": []} == json.loads(last.data or "")
    status, reason, headers = last
    assert (200, "OK", headers) == (status, reason, last.getheaders())
    assert ("cache", None, "none") == (
        last.getheader("x-served-by"),
        last.getheader("x-none"),
        last.getheader("x-none", "none"),
    )
    server.enqueue(404, body={"msg": "Record not found"})
    with pytest.raises(fastly.NotFoundException) as caught:
        api.list_invoices()
    assert client.last_response
    assert caught.value.body == client.last_response.data
    with api.list_invoices(_preload_content=False):
        assert client.last_response
        assert client.last_response.data is None


def test_a_failure_is_the_last_answer_too(client: fastly.ApiClient, server: BillingServer) -> None:
    """After a 429, the quota is that of the 429."""
    server.enqueue(429, headers={"Fastly-RateLimit-Remaining": "0", "Retry-After": "61"})
    with pytest.raises(fastly.RateLimitException):
        BillingInvoicesApi(client).list_invoices(limit=1)
    assert client.last_response
    assert (429, 0) == (client.last_response.status, client.rate_limit_remaining)


@pytest.mark.parametrize("name", ["fastly-key", "accept", "ACCEPT-ENCODING"])
def test_no_header_is_sent_twice(
    client: fastly.ApiClient, server: BillingServer, name: str
) -> None:
    """A header that a call sets replaces the default header of that name, in any case."""
    client.set_default_header(name, "text/csv")
    assert BillingInvoicesApi(client).list_invoices(limit=1).data
    sent = server.requests[-1].headers
    expected = (server.token, "application/json", "gzip")
    assert expected == (sent["Fastly-Key"], sent["Accept"], sent["Accept-Encoding"])


def test_a_client_is_neither_copied_nor_pickled(client: fastly.ApiClient) -> None:
    """Copying or pickling a client raises an error that says what to do instead."""
    words = r"^an ApiClient cannot be pickled or copied: create one in each process$"
    for copied in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(fastly.ApiTypeError, match=words):
            copied(client)


# --- secrets ----------------------------------------------------------------------------------


def test_each_try_is_logged(
    client: fastly.ApiClient, server: BillingServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Each attempt is logged at DEBUG with method, URL, status and seconds, each retry at INFO."""
    server.enqueue(503, headers={"Retry-After": "0"})
    with caplog.at_level(logging.DEBUG, "fastly"):
        BillingInvoicesApi(client).list_invoices(limit=1)
    records = [r for r in caplog.records if r.name.startswith("fastly")]
    assert ["DEBUG", "INFO", "DEBUG"] == [record.levelname for record in records]
    url = f"{server.url}/billing/v3/invoices?limit=1"
    assert re.match(rf"GET {re.escape(url)}: 503 in \d+\.\d+", records[0].getMessage())
    assert re.fullmatch(
        rf"retrying {re.escape(url)} in 0\.\d\d s after: 503", records[1].getMessage()
    )
    assert {"fastly"} == {record.name for record in records}


# --- attempts and secrets of a whole call -----------------------------------------------------


def test_tries_count_for_the_whole_call(client: fastly.ApiClient, server: BillingServer) -> None:
    """``error.tries`` counts every request, including those made while an estimate is pending."""
    client.configuration.retries = 1
    server.enqueue(503, headers={"Retry-After": "0"})
    for status in (202, 202, 404):
        server.enqueue(status, headers={"Retry-After": "0"})
    with pytest.raises(fastly.NotFoundException) as caught:
        BillingInvoicesApi(client).get_month_to_date_invoice()
    assert (4, 4) == (len(server.requests), caught.value.tries)
    assert "\n  attempts: 4\n" in str(caught.value)


def test_an_unusable_body_has_the_attempts_before_it(
    client: fastly.ApiClient, server: BillingServer
) -> None:
    """The error about a body counts the attempts that failed before that response."""
    server.enqueue(503, headers={"Retry-After": "0"})
    server.enqueue(body=b"[]")
    with pytest.raises(fastly.ResponseException) as caught:
        BillingInvoicesApi(client).list_invoices(limit=1)
    assert 2 == caught.value.tries


def test_a_call_leaves_nothing_behind(api: BillingInvoicesApi, server: BillingServer) -> None:
    """What a call needed is gone after it, whether it returned or raised."""
    before = deadlines()
    server.enqueue(body={"data": []})
    api.list_invoices(limit=1)
    server.enqueue(404)
    with pytest.raises(fastly.NotFoundException):
        api.list_invoices(limit=1)
    assert deadlines() <= before


def deadlines() -> int:
    """Return how many deadlines of calls, past or running, are in memory."""
    gc.collect()
    return sum(isinstance(held, Deadline) for held in gc.get_objects())


def test_a_pending_estimate_tells_how_long_it_was_waited_for(
    api: BillingInvoicesApi, server: BillingServer
) -> None:
    """The error for a pending estimate says how long the call polled, and what may help."""
    for _ in range(3):
        server.enqueue(202, headers={"Retry-After": "0"})
    with pytest.raises(fastly.EstimatePendingException) as caught:
        api.get_month_to_date_invoice(_wait=0.25)
    error = caught.value
    assert re.fullmatch(r"Accepted, still pending after \d+\.\d s", error.reason)
    assert len(server.requests) == error.tries > 1
    assert fastly.EstimatePendingException.advice == error.advice
    assert f"{server.url}/billing/v3/invoices/month-to-date" == error.url
    server.enqueue(202)
    with pytest.raises(fastly.EstimatePendingException) as caught:
        api.get_month_to_date_invoice(_wait=0)
    assert re.fullmatch(r"Accepted, still pending after \d\.\d s", caught.value.reason)
    server.enqueue(202, headers={"Retry-After": "60"})
    with pytest.raises(fastly.EstimatePendingException) as caught:
        api.get_month_to_date_invoice(_wait=90, _request_timeout=30)
    assert fastly.TimeoutException.advice == caught.value.advice


def test_a_subclass_of_text_cannot_climb(api: BillingInvoicesApi, server: BillingServer) -> None:
    """An ID is sent as it was checked, even if its class converts to other text each time."""

    class Inner(str):
        __slots__ = ()

        def __format__(self, spec: str) -> str:
            return "../../../evil?x="

    class Outer(str):
        __slots__ = ()

        def __str__(self) -> str:
            return Inner("i")

    server.enqueue(body={"invoice_id": "i"})
    api.get_invoice_by_invoice_id(Outer("i"))
    assert "/billing/v3/invoices/i" == server.requests[-1].path


def test_the_hook_runs_where_the_token_is_a_header(server: BillingServer) -> None:
    """The token that the hook sets replaces one given as a header."""

    def renew(configuration: fastly.Configuration) -> None:
        configuration.api_token = server.token

    configuration = fastly.Configuration(host=server.url, refresh_api_key_hook=renew)
    with fastly.ApiClient(configuration, "Fastly-Key", "an-old-token") as client:
        assert BillingInvoicesApi(client).list_invoices(limit=1).data


def test_copies_of_default_headers_are_alike(client: fastly.ApiClient) -> None:
    """A copy of the default headers is also case-insensitive, and independent."""
    headers: Any = copy.copy(client.default_headers)
    headers["X"] = "1"
    assert (client.user_agent, "1") == (headers["USER-AGENT"], headers["x"])
    assert "X" not in client.default_headers


def test_numbers_that_python_does_not_write_are_refused(
    api: BillingInvoicesApi, server: BillingServer
) -> None:
    """A number of thousands of digits is refused by name, checked or not."""
    huge: Any = 10**5000
    for call in (
        lambda: api.get_invoice_by_invoice_id(huge),
        lambda: api.get_invoice_by_invoice_id(huge, _check_input_type=False),
    ):
        with pytest.raises(
            fastly.ApiValueError, match=r"^invoice_id must have at most 100 digits$"
        ):
            call()
    assert [] == server.requests


def test_a_wrong_default_header_is_named(client: fastly.ApiClient) -> None:
    """An invalid default header is refused by name."""
    words = r"^default header: invalid header name 'a b'$"
    with pytest.raises(fastly.ApiValueError, match=words):
        client.set_default_header("a b", "x")


@pytest.mark.parametrize(("threads", "calls", "messages"), [(1, 1, 0), (1, 4, 1), (2, 4, 0)])
def test_serial_calls_are_logged_once(
    server: BillingServer,
    configuration: fastly.Configuration,
    caplog: pytest.LogCaptureFixture,
    threads: int,
    calls: int,
    messages: int,
) -> None:
    """Calls that wait for the only thread are logged once, with what to do about it."""
    for _ in range(min(calls, 2)):
        server.enqueue(body={"data": []}, delay=0.1)
    with (
        caplog.at_level(logging.INFO, "fastly"),
        fastly.ApiClient(configuration, pool_threads=threads) as client,
    ):
        api = BillingInvoicesApi(client)
        for result in [api.list_invoices(limit=1, async_req=True) for _ in range(calls)]:
            result.get()
    logged = [record.getMessage() for record in caplog.records]
    expected = "async_req calls run one at a time: pass pool_threads to ApiClient for more"
    assert messages == logged.count(expected)
