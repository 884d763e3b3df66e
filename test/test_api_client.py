"""The client: options, results, headers, secrets, logs, threads and processes."""

from __future__ import annotations

import copy
import gc
import json
import logging
import multiprocessing
import os
import pickle
import subprocess
import sys
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import fastly
import fastly.rest.client
from fastly.api.billing_api import BillingApi
from fastly.api_client import checks_arguments
from fastly.models import BillingResponse
from fastly.testing import BillingServer

# --- options ----------------------------------------------------------------------------------


def test_status_and_headers_on_request(api: BillingApi) -> None:
    """With _return_http_data_only=False, data comes with status and case-insensitive headers."""
    data, status, headers = api.get_invoice(5, 2020, _return_http_data_only=False)
    assert isinstance(data, BillingResponse)
    assert (200, "application/json") == (status, headers["CONTENT-TYPE"])


def test_the_raw_response(api: BillingApi, server: BillingServer) -> None:
    """With _preload_content=False, the response comes unread, for the caller to close."""
    response = api.get_invoice(5, 2020, _preload_content=False)
    assert 200 == response.status
    assert server.account.invoice(2020, 5) == json.loads(response.read())
    response.close()
    raw, status, headers = api.get_invoice(
        5, 2020, _preload_content=False, _return_http_data_only=False
    )
    assert (200, "200", raw.headers) == (status, str(raw.status), headers)
    raw.close()


def test_the_raw_response_of_a_202(api: BillingApi, server: BillingServer) -> None:
    """An unread answer is any of 2xx: a 202 is not waited out."""
    server.enqueue(202)
    response = api.get_invoice_mtd("c", _preload_content=False)
    assert 202 == response.status
    response.close()


def test_a_failure_is_raised_from_a_raw_call_too(api: BillingApi, server: BillingServer) -> None:
    """An answer other than 2xx is an exception, with its body, from an unread call too."""
    server.enqueue(403, body={"msg": "no"})
    with pytest.raises(fastly.ForbiddenException) as caught:
        api.get_invoice(5, 2020, _preload_content=False)
    assert "no" == caught.value.detail


def test_a_wrong_value_in_an_answer(api: BillingApi, server: BillingServer) -> None:
    """A value of the wrong type is a ResponseException with its path and the whole answer."""
    body = {"line_items": [{}, {"amount": {}}]}
    server.enqueue(body=body, headers={"X-Request-Id": "r"})
    with pytest.raises(fastly.ResponseException, match=r"line_items\[1\].amount") as caught:
        api.get_invoice(5, 2020)
    error = caught.value
    assert ("line_items[1].amount", 200, "r") == (error.path, error.status, error.request_id)
    assert body == json.loads(error.body or "")
    assert isinstance(error.__cause__, fastly.ApiTypeError)


def test_a_misspelt_option_is_suggested(api: Any) -> None:
    """An option that is nearly one, or a part of one, is told beside the known ones."""
    for given, meant in (("_acept", "_accept"), ("timeout", "_request_timeout")):
        with pytest.raises(fastly.ApiTypeError, match=rf"; did you mean '{meant}'\?$"):
            api.get_invoice(5, 2020, **{given: 1})
    with pytest.raises(fastly.ApiTypeError, match=r"'zzz'; it takes .*_spec_property_naming$"):
        api.get_invoice(5, 2020, zzz=1)


def test_an_unchecked_answer(
    api: BillingApi, server: BillingServer, caplog: pytest.LogCaptureFixture
) -> None:
    """With _check_return_type=False, a wrong value is kept and logged."""
    server.enqueue(body={"total": {"cost": {"x": 1}}})
    invoice = api.get_invoice(5, 2020, _check_return_type=False)
    assert {"x": 1} == (invoice.total and invoice.total.cost)
    assert "at total.cost" in caplog.text


def test_unknown_fields_can_be_discarded(client: fastly.ApiClient, server: BillingServer) -> None:
    """The setting discard_unknown_keys drops what is not documented."""
    client.configuration.discard_unknown_keys = True
    server.enqueue(body={"new": 1, "total": {"cost": 1, "new": 2}})
    assert {"total": {"cost": 1.0}} == BillingApi(client).get_invoice(5, 2020).to_dict()


def test_options_of_the_official_client_change_nothing(api: BillingApi) -> None:
    """Options that are accepted for older code leave the result as it is."""
    plain = api.get_invoice(5, 2020)
    other = api.get_invoice(
        5, 2020, _content_type="text/plain", _host_index=1, _spec_property_naming=True
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
def test_flags_are_true_or_false(api: BillingApi, server: BillingServer, name: str) -> None:
    """A flag that is neither True nor False is an ApiTypeError, and nothing is sent."""
    options: dict[str, Any] = {name: 1}
    with pytest.raises(fastly.ApiTypeError, match=f"{name} is True or False"):
        api.get_invoice(5, 2020, **options)
    assert [] == server.requests


@pytest.mark.parametrize("timeout", [0, -1, "5", True, (1,), (1, 2, 3), (None, 5), float("inf")])
def test_wrong_timeouts(api: BillingApi, server: BillingServer, timeout: Any) -> None:
    """A timeout that cannot be kept is refused by name, and nothing is sent."""
    with pytest.raises((fastly.ApiTypeError, fastly.ApiValueError), match="_request_timeout"):
        api.get_invoice(5, 2020, _request_timeout=timeout)
    assert [] == server.requests


# --- the client -------------------------------------------------------------------------------


def test_wrong_arguments_of_the_client() -> None:
    """The client says what it wants."""
    anything: Any = fastly.ApiClient
    anything_else: Any = BillingApi
    with pytest.raises(
        fastly.ApiTypeError, match=r"^configuration is a Configuration, not of type dict: pass "
    ):
        anything({"host": "x"})
    known = "configuration, header_name, header_value, cookie, pool_threads"
    hint = r"; did you mean 'configuration'\?"
    with pytest.raises(fastly.ApiTypeError, match=f"'config'; it takes {known}{hint}$"):
        anything(config=None)
    with pytest.raises(
        fastly.ApiTypeError, match=r"'client'; it takes api_client; did you mean 'api_client'\?$"
    ):
        anything_else(client=None)
    with pytest.raises(
        fastly.ApiTypeError, match=r"^api_client is an ApiClient, not of type str: pass "
    ):
        anything_else("token")
    for threads in (0, -1, True, "4", 1.5, 10_001):
        with pytest.raises((fastly.ApiTypeError, fastly.ApiValueError), match="pool_threads"):
            anything(pool_threads=threads)


def test_default_headers(configuration: fastly.Configuration, server: BillingServer) -> None:
    """Headers and the cookie given to the client go with each request, in any case of letters."""
    with fastly.ApiClient(configuration, "X-Team", "finance", cookie="a=b") as client:
        client.set_default_header("x-team", "billing")
        client.default_headers["X-Other"] = "1"
        client.user_agent = "nightly/1"
        BillingApi(client).get_invoice(5, 2020)
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
    """A header that could not be sent, or would become two, is refused."""
    with pytest.raises((fastly.ApiTypeError, fastly.ApiValueError), match="default header"):
        client.set_default_header(name, value)


def test_the_token_may_be_a_default_header(server: BillingServer) -> None:
    """A token given as header_name and header_value works, as with other generated clients."""
    configuration = fastly.Configuration(host=server.url)
    with fastly.ApiClient(configuration, "Fastly-Key", server.token) as client:
        assert BillingApi(client).get_invoice(5, 2020).total
        assert server.token not in repr(client.default_headers)


def test_a_missing_token_is_refused(server: BillingServer) -> None:
    """Without a token nothing is sent, and the message says where to set it."""
    with (
        fastly.ApiClient(fastly.Configuration(host=server.url)) as client,
        pytest.raises(fastly.ApiValueError, match="FASTLY_API_TOKEN"),
    ):
        BillingApi(client).get_invoice(5, 2020)
    assert [] == server.requests


def test_token_and_host_are_read_at_each_call(
    client: fastly.ApiClient, server: BillingServer
) -> None:
    """A changed token or host counts from the next call on."""
    api = BillingApi(client)
    client.configuration.api_key_prefix["token"] = "Bearer"
    api.get_invoice(5, 2020)
    assert f"Bearer {server.token}" == server.requests[-1].headers["Fastly-Key"]
    with BillingServer(token="another") as other:
        client.configuration.host = other.url
        with pytest.raises(fastly.UnauthorizedException):
            api.get_invoice(5, 2020)
        client.configuration.api_token = "another"
        assert api.get_invoice(5, 2020)
    client.configuration.host = "http://fastly.invalid"
    with pytest.raises(fastly.ApiValueError, match="unencrypted"):
        api.get_invoice(5, 2020)


def test_a_host_with_a_path(client: fastly.ApiClient, server: BillingServer) -> None:
    """A gateway's path stands before the API's."""
    client.configuration.host = f"{server.url}/gateway/"
    server.enqueue(body={})
    BillingApi(client).get_invoice(5, 2020)
    assert "/gateway/billing/v2/year/2020/month/05" == server.requests[-1].path


def test_what_the_last_answer_said(client: fastly.ApiClient, server: BillingServer) -> None:
    """The last answer's status and headers are kept, and the quota read from them."""
    assert (None, None, None) == (
        client.last_response,
        client.rate_limit_remaining,
        client.rate_limit_reset,
    )
    headers = {"Fastly-RateLimit-Remaining": "7", "Fastly-RateLimit-Reset": "1600000000"}
    server.enqueue(body={}, headers=headers)
    BillingApi(client).get_invoice(5, 2020)
    assert (7, 1600000000) == (client.rate_limit_remaining, client.rate_limit_reset)
    assert client.last_response
    assert (200, "OK", "7") == (
        client.last_response.status,
        client.last_response.reason,
        client.last_response.headers["fastly-ratelimit-remaining"],
    )
    server.enqueue(body={}, headers={"Fastly-RateLimit-Remaining": "many"})
    BillingApi(client).get_invoice(5, 2020)
    assert (None, None) == (client.rate_limit_remaining, client.rate_limit_reset)


def test_a_failure_is_the_last_answer_too(client: fastly.ApiClient, server: BillingServer) -> None:
    """After a 429, the quota is what that answer said."""
    server.enqueue(429, headers={"Fastly-RateLimit-Remaining": "0", "Retry-After": "61"})
    with pytest.raises(fastly.RateLimitException):
        BillingApi(client).get_invoice(5, 2020)
    assert client.last_response
    assert (429, 0) == (client.last_response.status, client.rate_limit_remaining)


@pytest.mark.parametrize("name", ["fastly-key", "accept", "ACCEPT-ENCODING"])
def test_no_header_is_sent_twice(
    client: fastly.ApiClient, server: BillingServer, name: str
) -> None:
    """A default header gives way to the one that a call sets, in any case of letters."""
    client.set_default_header(name, "text/csv")
    assert BillingApi(client).get_invoice(5, 2020).total
    sent = server.requests[-1].headers
    expected = (server.token, "application/json", "gzip")
    assert expected == (sent["Fastly-Key"], sent["Accept"], sent["Accept-Encoding"])


def test_the_token_may_be_a_default_header_in_any_case(server: BillingServer) -> None:
    """A failure of a call whose token is a default header is the documented one."""
    configuration = fastly.Configuration(host=server.url)
    with (
        fastly.ApiClient(configuration, "fastly-key", server.token) as client,
        pytest.raises(fastly.NotFoundException),
    ):
        BillingApi(client).get_invoice(5, 1999)


def test_connections_are_reused(client: fastly.ApiClient, server: BillingServer) -> None:
    """Calls one after the other share one connection."""
    api = BillingApi(client)
    before = threading.active_count()
    for _ in range(20):
        api.get_invoice(5, 2020)
    assert 1 == threading.active_count() - before  # the stand-in's thread of that connection


def test_a_closed_client_refuses(configuration: fastly.Configuration) -> None:
    """After close, which may be repeated, a call is an ApiValueError."""
    client = fastly.ApiClient(configuration)
    BillingApi(client).get_invoice(5, 2020)
    client.close()
    client.close()
    with pytest.raises(fastly.ApiValueError, match=r"^this ApiClient is closed; make a new one$"):
        BillingApi(client).get_invoice(5, 2020)


def test_a_closed_client_is_not_entered(configuration: fastly.Configuration) -> None:
    """A block with a closed client is refused before it begins."""
    client = fastly.ApiClient(configuration)
    client.close()
    with pytest.raises(fastly.ApiValueError, match=r"^this ApiClient is closed"), client:
        pass


def test_an_exception_drops_the_calls_that_wait(
    configuration: fastly.Configuration, server: BillingServer
) -> None:
    """Calls that no thread has taken up are not made for a block that an exception has left."""
    calls: list[Any] = []

    def fail() -> None:
        with fastly.ApiClient(configuration) as client:
            api = BillingApi(client)
            calls.extend(api.get_invoice(month, 2020, async_req=True) for month in (5, 6, 7))
            while not server.requests:
                time.sleep(0.001)
            raise KeyError

    server.enqueue(503, delay=0.1, headers={"Retry-After": "0"})
    with ThreadPoolExecutor(1) as executor:
        failing = executor.submit(fail)
        while len(calls) < 3:
            time.sleep(0.001)
        calls[2].wait()  # one that is waited for when it is dropped
        assert isinstance(failing.exception(), KeyError)
    reasons: list[str | None] = []
    for call in calls:
        with pytest.raises(fastly.ConnectionException) as caught:
            call.get()
        reasons.append(caught.value.reason)
    before = "the client was closed before the call began"
    assert ["the client was closed during the call", before, before] == reasons
    assert [(True, False)] * 3 == [(call.ready(), call.successful()) for call in calls]
    assert 1 == len(server.requests)


def test_a_call_that_no_thread_takes_is_not_made_later(
    client: fastly.ApiClient, server: BillingServer
) -> None:
    """Where the system starts no more threads, the call is refused, and never sent."""
    api = BillingApi(client)
    usual = threading.stack_size(1 << 46)  # bytes, which no system has
    try:
        with pytest.raises(
            fastly.ApiValueError, match=r"^no thread can take the call: can't start"
        ):
            api.get_invoice(5, 2020, async_req=True)
    finally:
        threading.stack_size(usual)
    assert "2020-06-01" in str(api.get_invoice(6, 2020, async_req=True).get().start_time)
    assert ["/billing/v2/year/2020/month/06"] == [request.path for request in server.requests]


def test_a_client_is_neither_copied_nor_pickled(client: fastly.ApiClient) -> None:
    """Copies and pickles of a client are refused with what to do instead."""
    words = r"^an ApiClient cannot be pickled or copied; make one in each process$"
    for copied in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(fastly.ApiTypeError, match=words):
            copied(client)


# --- secrets ----------------------------------------------------------------------------------

TOKEN = "s3cret-token-of-the-tests"


def failures(server: BillingServer) -> list[Exception]:
    """Collect failures of every kind, some of answers that repeat the token."""
    configuration = fastly.Configuration(host=server.url, api_key={"token": TOKEN}, retries=1)
    found: list[Exception] = []
    echo = f'{{"msg": "header Fastly-Key: {TOKEN}"}}'
    server.enqueue(401, headers={"X-Echo": TOKEN}, body=echo)
    server.enqueue(404, body=b"\xff" + TOKEN.encode())
    server.enqueue(200, body=f"<html>{TOKEN}</html>")
    server.enqueue(200, body={"total": {"cost": TOKEN}})
    server.enqueue(302, headers={"Location": "http://elsewhere.invalid/"})
    for _ in range(2):
        server.enqueue(500, body=echo)
    for _ in range(2):
        server.enqueue(200, body=b"x" * 9, cut=3)
    with fastly.ApiClient(configuration) as client:
        api = BillingApi(client)
        for _ in range(7):
            with pytest.raises(fastly.ApiException) as caught:
                api.get_invoice(5, 2020, _request_timeout=(1, 1))
            found.append(caught.value)
        configuration.host = "http://127.0.0.1:1"
        with pytest.raises(fastly.ConnectionException) as refused:
            api.get_invoice(5, 2020)
        found.append(refused.value)
    assert ["***" in repr(vars(error)) for error in found].count(True) == 5
    return found


def frames_below(error: traceback.TracebackException) -> list[traceback.FrameSummary]:
    """Return the frames of an error and of its causes, without those of this file."""
    causes = frames_below(error.__cause__) if error.__cause__ else []
    return [frame for frame in error.stack if frame.filename != __file__] + causes


def test_no_exception_shows_the_token(server: BillingServer) -> None:
    """The token is in no failure's text, attributes, pickle or traceback with local variables."""
    for error in failures(server):
        shown = [str(error), repr(error), repr(vars(error)), repr(pickle.dumps(error))]
        if "***" not in repr(vars(error)):  # no answer that repeats the token
            whole = traceback.TracebackException.from_exception(error, capture_locals=True)
            shown += [repr(frame.locals) for frame in frames_below(whole)]
        assert [] == [text for text in shown if TOKEN in text]


def test_a_redirect_that_repeats_the_token_is_not_followed(
    server: BillingServer, caplog: pytest.LogCaptureFixture
) -> None:
    """A target that holds the token is neither asked nor shown, nor kept as the last answer."""
    configuration = fastly.Configuration(host=server.url, api_key={"token": TOKEN})
    server.enqueue(302, headers={"Location": f"/x?key={TOKEN}"})
    with fastly.ApiClient(configuration) as client, caplog.at_level(logging.DEBUG):
        with pytest.raises(fastly.ApiException) as caught:
            BillingApi(client).get_invoice(5, 2020)
        assert "redirected to a URL that holds the token" == caught.value.reason
        assert TOKEN not in repr(client.last_response) + caplog.text + repr(vars(caught.value))
    assert 1 == len(server.requests)


def test_the_client_does_not_repeat_a_token_in_its_place() -> None:
    """A token given where the configuration belongs is not shown."""
    anything: Any = fastly.ApiClient
    with pytest.raises(fastly.ApiTypeError, match="not of type str") as caught:
        anything(TOKEN)
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize("key", [f"{TOKEN} ", f"Bearer\t{TOKEN}", f"{TOKEN}\xa0", f"{TOKEN} tail"])
def test_a_token_of_unusual_shape_is_masked(
    configuration: fastly.Configuration, server: BillingServer, key: str
) -> None:
    """The token is taken out of an answer whatever stands around it in its header."""
    server.enqueue(403, body=f"you sent {TOKEN}")
    configuration.api_key = {}
    with (
        fastly.ApiClient(configuration, "Fastly-Key", key) as client,
        pytest.raises(fastly.ForbiddenException) as caught,
    ):
        BillingApi(client).get_invoice(5, 2020)
    assert "you sent ***" == caught.value.body


def test_headers_are_asked_for_by_name_alone(client: fastly.ApiClient) -> None:
    """What is no name is the name of no header, and headers leave a pickle without their values."""
    headers: Any = client.default_headers
    assert (None, False) == (headers.get(None), 5 in headers)
    with pytest.raises(fastly.ApiKeyError):
        headers[5]
    assert b"fastly-python" not in pickle.dumps(headers)


def test_tokens_change_at_once(server: BillingServer) -> None:
    """While one thread assigns tokens, another always finds one."""
    configuration = fastly.Configuration(api_key={"token": "first-token"})
    done = threading.Event()

    def assign() -> None:
        while not done.is_set():
            configuration.api_key = {"token": "second-token"}

    thread = threading.Thread(target=assign)
    thread.start()
    found = {configuration.get_api_key_with_prefix() for _ in range(5000)}
    done.set()
    thread.join()
    assert {"first-token", "second-token"} >= found


def test_close_ends_a_call_between_its_tries(server: BillingServer) -> None:
    """A call that is waiting to try again opens no connection after close."""
    configuration = fastly.Configuration(host=server.url, api_key={"token": TOKEN})
    server.enqueue(503, headers={"Retry-After": "1"})
    client = fastly.ApiClient(configuration)
    with ThreadPoolExecutor(1) as threads:
        call = threads.submit(BillingApi(client).get_invoice, 5, 2020)
        while not server.requests:
            time.sleep(0.01)
        time.sleep(0.05)
        client.close()
        with pytest.raises(fastly.ConnectionException, match="closed during the call"):
            call.result(5)


def test_a_short_token_garbles_no_words(server: BillingServer) -> None:
    """Words that happen to contain a made-up token of a few letters stay as they are."""
    configuration = fastly.Configuration(host=server.url, api_key={"token": "tok"})
    server.enqueue(403, body={"msg": "The token lacks a scope"})
    with fastly.ApiClient(configuration) as client, pytest.raises(fastly.ApiException) as caught:
        BillingApi(client).get_invoice(5, 2020)
    assert "The token lacks a scope" == caught.value.detail


def test_no_log_record_holds_the_token(
    server: BillingServer, caplog: pytest.LogCaptureFixture
) -> None:
    """No record of any logger at any level has the token in its message, arguments or values."""
    with caplog.at_level(logging.DEBUG):
        failures(server)
    assert len(caplog.records) > 10
    for record in caplog.records:
        assert TOKEN not in record.getMessage() + repr(record.args) + repr(vars(record))


def test_no_object_shows_the_token(server: BillingServer) -> None:
    """The token is in no repr or vars of client, API, model or header."""
    configuration = fastly.Configuration(host=server.url, api_key={"token": server.token})
    with fastly.ApiClient(configuration, "Authorization", server.token) as client:
        api = BillingApi(client)
        invoice = api.get_invoice(5, 2020)
        objects = [client, api, invoice, configuration, client.rest_client]
        shown = [repr(x) + repr(vars(x)) + repr(client.last_response) for x in objects]
        assert [False] * len(objects) == [server.token in text for text in shown]
        assert server.token not in repr(client.default_headers)
        assert server.token.encode() not in pickle.dumps(invoice)


def test_each_try_is_logged(
    client: fastly.ApiClient, server: BillingServer, caplog: pytest.LogCaptureFixture
) -> None:
    """At DEBUG each try is logged with method, URL, status and seconds, at INFO each retry."""
    server.enqueue(503, headers={"Retry-After": "0"})
    with caplog.at_level(logging.DEBUG, "fastly"):
        BillingApi(client).get_invoice(5, 2020)
    records = [r for r in caplog.records if r.name.startswith("fastly")]
    assert ["DEBUG", "INFO", "DEBUG"] == [record.levelname for record in records]
    url = f"{server.url}/billing/v2/year/2020/month/05"
    assert records[0].getMessage().startswith(f"GET {url}: 503 in 0.0")
    assert f"retrying {url} in 0.00 s after: 503" == records[1].getMessage()
    assert {"fastly"} == {record.name for record in records}


# --- threads and processes --------------------------------------------------------------------


def descriptors() -> int:
    """Count the files and sockets that this process has open."""
    gc.collect()
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_call_on_a_thread(api: BillingApi) -> None:
    """async_req returns an object that waits for the result, however often it is asked."""
    later = api.get_invoice(5, 2020, async_req=True)
    later.wait()
    assert (True, True) == (later.ready(), later.successful())
    assert api.get_invoice(5, 2020) == later.get() == later.get(timeout=1)


def test_a_failure_on_a_thread(api: BillingApi, server: BillingServer) -> None:
    """What the call raised is raised by get."""
    server.enqueue(404)
    later = api.get_invoice(5, 2020, async_req=True)
    with pytest.raises(fastly.NotFoundException):
        later.get(5)
    assert (True, False) == (later.ready(), later.successful())


def test_arguments_are_checked_before_the_thread(api: BillingApi) -> None:
    """A wrong argument is refused by the call itself, not later."""
    with pytest.raises(fastly.ApiValueError):
        api.get_invoice(13, 2020, async_req=True)


def test_waiting_has_an_end(api: BillingApi, server: BillingServer) -> None:
    """get(timeout) raises a TimeoutException while the call goes on."""
    server.enqueue(body={"customer_id": "late"}, delay=0.4)
    later = api.get_invoice(5, 2020, async_req=True)
    later.wait(0.01)
    assert (False, False) == (later.ready(), later.successful())
    with pytest.raises(fastly.TimeoutException) as caught:
        later.get(timeout=0.05)
    assert str(caught.value) == (
        "the call was still running after 0.05 s\n"
        "  what to do: Call get() again, or give it a longer timeout; the call goes on."
    )
    assert "late" == later.get(5).customer_id


@pytest.mark.parametrize(
    ("timeout", "kind", "message"),
    [
        ("5", fastly.ApiTypeError, "timeout is a number of seconds, not '5'"),
        (-1, fastly.ApiValueError, "timeout is a number of seconds from 0 to 31622400, not -1"),
    ],
)
def test_a_wait_is_a_number_of_seconds(
    api: BillingApi, timeout: Any, kind: type[Exception], message: str
) -> None:
    """Whether the call has ended or not, a wrong time to wait is refused."""
    later = api.get_invoice(5, 2020, async_req=True)
    later.wait()
    for wait in (later.wait, later.get):
        with pytest.raises(kind) as caught:
            wait(timeout)
        assert message == str(caught.value)


def test_no_thread_before_it_is_asked_for(api: BillingApi) -> None:
    """A client starts no thread of its own until async_req asks, and close ends them."""

    def own() -> list[str]:
        return [t.name for t in threading.enumerate() if t.name.startswith("fastly_")]

    api.get_invoice(5, 2020)
    assert [] == own()
    api.get_invoice(5, 2020, async_req=True).get(5)
    assert 1 == len(own())
    api.api_client.close()
    assert [] == own()


def test_close_finishes_what_was_asked(
    configuration: fastly.Configuration, server: BillingServer
) -> None:
    """Leaving the with block waits for calls that were begun, whose results are still there."""
    with fastly.ApiClient(configuration, pool_threads=2) as client:
        api = BillingApi(client)
        later = [api.get_invoice(month, 2020, async_req=True) for month in range(1, 9)]
    assert [f"{month:02}" for month in range(1, 9)] == [
        f"{result.get().start_time:%m}" for result in later
    ]


def test_one_thread_runs_one_call_at_a_time(
    configuration: fastly.Configuration, server: BillingServer
) -> None:
    """No more calls run at a time than there are threads in the pool."""
    for _ in range(3):
        server.enqueue(body={}, delay=0.1)
    started = time.monotonic()
    with fastly.ApiClient(configuration, pool_threads=1) as client:
        for later in [BillingApi(client).get_invoice(5, 2020, async_req=True) for _ in range(3)]:
            later.get(5)
    assert time.monotonic() - started >= 0.3


def test_pool_threads_run_side_by_side(
    configuration: fastly.Configuration, server: BillingServer
) -> None:
    """As many calls run at a time as there are threads in the pool."""
    for _ in range(8):
        server.enqueue(body={}, delay=0.2)
    started = time.monotonic()
    with fastly.ApiClient(configuration, pool_threads=8) as client:
        api = BillingApi(client)
        for later in [api.get_invoice(5, 2020, async_req=True) for _ in range(8)]:
            later.get(5)
    assert time.monotonic() - started < 0.8


def test_one_client_under_32_threads(
    configuration: fastly.Configuration, server: BillingServer
) -> None:
    """One client serves many threads, each with its own answers, and leaves nothing behind."""
    months = [(month, year) for year in (2020, 2021) for month in range(1, 13)] * 4
    before = descriptors()
    with fastly.ApiClient(configuration) as client, ThreadPoolExecutor(32) as threads:
        api = BillingApi(client)
        invoices = list(threads.map(lambda month: api.get_invoice(*month), months))
    expected = [server.account.invoice(year, month) for month, year in months]
    assert expected == [invoice.to_dict() for invoice in invoices]
    server.close()
    assert before >= descriptors()


def _invoice_in_child(client: fastly.ApiClient, results: Any) -> None:
    api = BillingApi(client)
    results.put(api.get_invoice(5, 2020).customer_id)
    results.put(api.get_invoice(6, 2020, async_req=True).get(5).customer_id)
    client.close()


# Windows starts processes in another way, and has no call to test.
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")


@needs_fork
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_client_works_after_a_fork(client: fastly.ApiClient, server: BillingServer) -> None:
    """A forked child makes connections and threads of its own, beside its parent's."""
    api = BillingApi(client)
    api.get_invoice(5, 2020)
    api.get_invoice(5, 2020, async_req=True).get(5)
    context = multiprocessing.get_context("fork")
    results = context.SimpleQueue()
    child = context.Process(target=_invoice_in_child, args=(client, results))
    child.start()
    got = [results.get(), results.get()]
    child.join(5)
    assert ([server.customer_id] * 2, 0) == (got, child.exitcode)
    assert api.get_invoice(7, 2020).customer_id == server.customer_id
    results.close()
    child.close()


def test_a_lock_that_was_held_blocks_no_child(
    client: fastly.ApiClient, server: BillingServer
) -> None:
    """What runs in a child after a fork gives each client locks, pools and threads of its own."""
    api = BillingApi(client)
    assert api.get_invoice(5, 2020, async_req=True).get(5)
    threads, pools = client._executor, dict(client.rest_client._pools)
    with client._lock, client.rest_client._lock:
        fastly.api_client._forget_all()
        fastly.rest.client._forget_all()
        assert server.customer_id == api.get_invoice(5, 2020, async_req=True).get(5).customer_id
    assert threads is not client._executor
    assert threads is not None
    threads.shutdown()
    for pool in pools.values():
        pool.close()


def _wait_in_child(later: Any, results: Any) -> None:
    try:
        later.get()
    except fastly.ConnectionException as error:
        results.put(str(error))


@needs_fork
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_call_of_the_parent_is_not_waited_for_after_a_fork(
    api: BillingApi, server: BillingServer
) -> None:
    """A forked child that asks for its parent's running call is told so, and does not hang."""
    server.enqueue(body={}, delay=0.5)
    later = api.get_invoice(5, 2020, async_req=True)
    context = multiprocessing.get_context("fork")
    results = context.SimpleQueue()
    child = context.Process(target=_wait_in_child, args=(later, results))
    child.start()
    assert "the call runs in the process that this was forked from" in results.get()
    child.join(5)
    assert (0, BillingResponse()) == (child.exitcode, later.get(5))
    results.close()
    child.close()


AT_EXIT = """
import atexit, sys
import fastly
from fastly.api.billing_api import BillingApi

api = BillingApi(fastly.ApiClient(fastly.Configuration(host=sys.argv[1], api_key={"token": "x"})))

def at_exit():
    try:
        api.get_invoice(5, 2020, async_req=True)
    except fastly.ApiValueError as error:
        print(error)

atexit.register(at_exit)
"""


def test_a_call_on_a_thread_while_python_ends_is_refused(server: BillingServer) -> None:
    """Once Python ends, no thread starts; a call on one is refused in words."""
    run = subprocess.run(
        [sys.executable, "-c", AT_EXIT, server.url], capture_output=True, text=True, check=True
    )
    assert run.stdout.startswith("no thread can take the call: ")
    assert "" == run.stderr


def _invoice_in_spawned(configuration: fastly.Configuration, results: Any) -> None:
    with fastly.ApiClient(configuration) as client:
        results.put(BillingApi(client).get_invoice(5, 2020).customer_id)


def test_a_configuration_works_in_a_spawned_process(
    configuration: fastly.Configuration, server: BillingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A spawned child gets the settings, and the token from its environment."""
    monkeypatch.setenv("FASTLY_API_TOKEN", server.token)
    context = multiprocessing.get_context("spawn")
    results = context.SimpleQueue()
    child = context.Process(target=_invoice_in_spawned, args=(configuration, results))
    child.start()
    assert server.customer_id == results.get()
    child.join(5)
    assert 0 == child.exitcode
    results.close()
    child.close()


# --- tries and secrets of a whole call --------------------------------------------------------


def test_tries_count_for_the_whole_call(client: fastly.ApiClient, server: BillingServer) -> None:
    """An estimate that is asked for again and again counts every request that was sent."""
    client.configuration.retries = 1
    server.enqueue(503, headers={"Retry-After": "0"})
    for status in (202, 202, 404):
        server.enqueue(status, headers={"Retry-After": "0"})
    with pytest.raises(fastly.NotFoundException) as caught:
        BillingApi(client).get_invoice_mtd("c")
    assert (4, 4) == (len(server.requests), caught.value.tries)
    assert "\n  tries: 4\n" in str(caught.value)


def test_a_pending_estimate_tells_how_long_it_was_waited_for(
    api: BillingApi, server: BillingServer
) -> None:
    """The error of an estimate that is still being made tells how long, and what may help."""
    for _ in range(3):
        server.enqueue(202, headers={"Retry-After": "0"})
    with pytest.raises(fastly.EstimatePendingException) as caught:
        api.get_invoice_mtd("c", _wait=0.25)
    error = caught.value
    assert ("Accepted, and still being made after 0.2 s", 3) == (error.reason, error.tries)
    assert "Ask again in a minute, or give a longer _wait." == error.advice
    assert f"{server.url}/billing/v2/account_customers/c/mtd_invoice" == error.url
    server.enqueue(202)
    with pytest.raises(fastly.EstimatePendingException) as caught:
        api.get_invoice_mtd("c", _wait=0)
    assert "Accepted, and still being made after 0.0 s" == caught.value.reason
    for _ in range(3):
        server.enqueue(202, headers={"Retry-After": "0"})
    with pytest.raises(fastly.EstimatePendingException) as caught:
        api.get_invoice_mtd("c", _wait=90, _request_timeout=0.25)
    assert fastly.TimeoutException.advice == caught.value.advice


def test_the_last_answer_does_not_show_the_token(server: BillingServer) -> None:
    """A header that repeats the token is masked in what is kept of the last answer."""
    configuration = fastly.Configuration(host=server.url, api_key={"token": TOKEN})
    server.enqueue(body={}, headers={"X-Echo": f"key {TOKEN}", "X-Other": "1"})
    with fastly.ApiClient(configuration) as client:
        BillingApi(client).get_invoice(5, 2020)
        assert client.last_response is not None
        headers = client.last_response.headers
        assert TOKEN not in repr(vars(client)) + repr(client.last_response)
        names = ("X-Echo", "X-Other", "Content-Length", "Content-Type")
        shown = repr(client.last_response)
        assert shown.startswith("<200 OK, headers ")
        assert sorted(names) == sorted(shown[len("<200 OK, headers ") : -1].split(", "))
    assert ("key ***", "1") == (headers["x-echo"], headers["x-other"])


def test_a_subclass_of_text_cannot_climb(api: BillingApi, server: BillingServer) -> None:
    """What is sent is what was checked, also where an id writes itself differently each time."""

    class Inner(str):
        __slots__ = ()

        def __format__(self, spec: str) -> str:
            return "../../../evil?x="

    class Outer(str):
        __slots__ = ()

        def __str__(self) -> str:
            return Inner("c")

    server.enqueue(body={})
    api.get_invoice_by_id(Outer("c"), "i")
    assert "/billing/v2/account_customers/c/invoices/i" == server.requests[-1].path


def test_the_hook_runs_where_the_token_is_a_header(server: BillingServer) -> None:
    """A hook that renews the token counts before a token that was given as a header."""

    def renew(configuration: fastly.Configuration) -> None:
        configuration.api_token = server.token

    configuration = fastly.Configuration(host=server.url, refresh_api_key_hook=renew)
    with fastly.ApiClient(configuration, "Fastly-Key", "an-old-token") as client:
        assert BillingApi(client).get_invoice(5, 2020).total


def test_copies_of_default_headers_are_alike(client: fastly.ApiClient) -> None:
    """A copy of the default headers finds them in any case of letters too, and is its own."""
    headers: Any = copy.copy(client.default_headers)
    headers["X"] = "1"
    assert (client.user_agent, "1") == (headers["USER-AGENT"], headers["x"])
    assert "X" not in client.default_headers


def test_the_decorator_names_what_an_operation_takes() -> None:
    """A call with the wrong arguments is answered with the names of the right ones."""

    @checks_arguments
    def operation(first: int, *, second: int = 2) -> int:
        return first + second

    assert 3 == operation(1)
    wrong: Any = operation
    with pytest.raises(fastly.ApiTypeError, match=r"'third'; it takes first, second$"):
        wrong(1, third=3)


def test_a_result_of_another_process_is_not_waited_for(
    api: BillingApi, server: BillingServer
) -> None:
    """A result that another process was to bring does not come, unless it came before."""
    server.enqueue(body={}, delay=0.3)
    later = api.get_invoice(5, 2020, async_req=True)
    later._process = -1
    for wait in (later.wait, later.get):
        with pytest.raises(fastly.ConnectionException) as caught:
            wait(5)
        assert "the call runs in the process that this was forked from" == caught.value.reason
    while not later.ready():
        time.sleep(0.01)
    assert BillingResponse() == later.get(5)


def test_threads_that_take_nothing_are_told(client: fastly.ApiClient) -> None:
    """A call that no thread takes any more is refused with the reason."""
    api = BillingApi(client)
    api.get_invoice(5, 2020, async_req=True).get(5)
    assert client._executor is not None
    client._executor.shutdown()
    words = r"^no thread can take the call: cannot schedule new futures after shutdown$"
    with pytest.raises(fastly.ApiValueError, match=words):
        api.get_invoice(5, 2020, async_req=True)


def test_numbers_that_python_does_not_write_are_refused(
    api: BillingApi, server: BillingServer
) -> None:
    """A number of thousands of digits is refused by its name, checked or not."""
    huge: Any = 10**5000
    for call in (
        lambda: api.get_invoice(huge, 2020),
        lambda: api.get_invoice(huge, 2020, _check_input_type=False),
    ):
        with pytest.raises(fastly.ApiValueError, match=r"^month is too long a number$"):
            call()
    assert [] == server.requests


def test_a_wrong_default_header_is_named(client: fastly.ApiClient) -> None:
    """A header that cannot be sent is refused as what it is."""
    words = r"^default header: 'a b' is not the name of a header$"
    with pytest.raises(fastly.ApiValueError, match=words):
        client.set_default_header("a b", "x")
