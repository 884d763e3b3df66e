"""Requests: the deadline, tries, redirects, bodies and their bounds, and the boundary."""

from __future__ import annotations

import contextlib
import copy
import gzip
import http.client
import json
import os
import pickle
import re
import socket
import ssl
import sys
import time
import traceback
import tracemalloc
import urllib.error
import zlib
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import trustme
import urllib3
from faults import (
    BODY,
    CSV,
    JSON,
    PDF,
    Fault,
    FaultServer,
    Refusing,
    Unaccepting,
    Wire,
    accepted,
    answer,
    answer_bytes,
    broken_chunks,
    broken_gzip,
    chunked,
    chunked_bytes,
    chunks,
    closed_before_head,
    cut_body,
    double_head,
    drip_body,
    drip_chunks,
    drip_head,
    endless,
    every_fault,
    failing,
    garbage,
    good,
    gzip_bytes,
    gzipped,
    head,
    huge_line,
    in_seconds,
    interim,
    late,
    limited,
    lying_encoding,
    many_headers,
    raw,
    redirect,
    reset_after_head,
    reset_at_connect,
    reset_before_head,
    reset_in_body,
    reset_in_head,
    slow_faults,
    stall,
    stall_at_connect,
    stall_in_body,
    switching,
    two_answers,
    two_lengths,
    whole,
    wrong_length,
)
from urllib3 import exceptions as foreign
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool

import fastly
from fastly.api.billing_api import BillingApi
from fastly.exceptions import (
    ApiException,
    ApiTypeError,
    ApiValueError,
    ConnectionException,
    EstimatePendingException,
    NotFoundException,
    RateLimitException,
    ResponseException,
    ServiceException,
    TimeoutException,
    UnauthorizedException,
)
from fastly.rest import LONGEST_PAUSE, Headers, Response, SecretHeaders
from fastly.rest.boundary import mask, masked_headers, root_cause, secret_in, translated
from fastly.rest.client import origin_of
from fastly.rest.messages import retry_after
from fastly.rest.retries import backoff, jittered

TOKEN = "made-up-token-6ae1"
SLACK = 0.5  # seconds that a call may take beyond its time
SHORT = 0.3  # seconds
MIB = 1024 * 1024
SAME_HEADERS = {"Content-Type": JSON}


@contextlib.contextmanager
def api_of(url: str, **settings: Any) -> Iterator[BillingApi]:
    """The API at a URL, tried once unless the settings say more."""
    settings = {"retries": 0, **settings}
    configuration = fastly.Configuration(host=url, api_key={"token": TOKEN}, **settings)
    with fastly.ApiClient(configuration) as client:
        yield BillingApi(client)


def ask(url: str, options: dict[str, Any] | None = None, **settings: Any) -> Any:
    """Ask for the invoice "i" of the customer "c"."""
    with api_of(url, **settings) as api:
        return api.get_invoice_by_id("c", "i", **(options or {}))


def failure(url: str, options: dict[str, Any] | None = None, **settings: Any) -> ApiException:
    """Ask likewise, and return how it failed."""
    with pytest.raises(ApiException) as caught:
        ask(url, options, **settings)
    assert TOKEN not in str(caught.value)
    return caught.value


def failure_of(
    *script: Fault, options: dict[str, Any] | None = None, **settings: Any
) -> ApiException:
    """Ask a server that answers by a script, and return how it failed."""
    with FaultServer(*script) as server:
        return failure(server.url, options, **settings)


def answer_of(*script: Fault, options: dict[str, Any] | None = None, **settings: Any) -> Any:
    """Ask a server that answers by a script, and return what it answered."""
    with FaultServer(*script) as server:
        return ask(server.url, options, **settings)


@contextlib.contextmanager
def lasting(least: float, most: float) -> Iterator[None]:
    """Hold that what is done inside takes so many seconds."""
    started = time.monotonic()
    yield
    spent = time.monotonic() - started
    assert least <= spent <= most


@pytest.fixture
def tls(authority: trustme.CA) -> ssl.SSLContext:
    """Settings of a server with a certificate for 127.0.0.1."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


# --- one deadline for a call ------------------------------------------------------------------

SLOW = [
    *slow_faults(),
    stall_at_connect(),
    stall(b"HTTP/1.1 100 Continue\r\n\r\n", "stall after 100"),
]


@pytest.mark.parametrize("fault", SLOW, ids=lambda fault: fault.name)
def test_a_call_ends_within_its_time_whatever_drips_or_stalls(fault: Fault) -> None:
    """One number bounds the whole call, its retries included, however slowly bytes arrive."""
    with FaultServer(choose=lambda: fault) as server, lasting(SHORT * 0.9, SHORT + SLACK):
        error = failure(server.url, {"_request_timeout": SHORT}, retries=3)
    assert (TimeoutException, None) == (type(error), error.status)


@pytest.mark.parametrize(
    "fault", [drip_head(), drip_chunks(), stall_in_body()], ids=lambda fault: fault.name
)
def test_seconds_to_read_bound_a_whole_answer(fault: Fault) -> None:
    """The second number of a pair bounds an answer from the request to its last byte."""
    with FaultServer(choose=lambda: fault) as server, lasting(0.25, 0.3 + SLACK):
        error = failure(server.url, {"_request_timeout": (5, 0.3)})
    assert TimeoutException is type(error)


@pytest.mark.parametrize(("timeout", "most"), [(0.3, 0.3), ((0.3, 30), 0.3), ((30, 30), 0.3)])
def test_connecting_keeps_the_time(timeout: Any, most: float) -> None:
    """A server that does not take the connection uses up the time to connect, and no more."""
    whole = {"timeout": (0.3, 30)} if timeout == (30, 30) else {}
    options = {} if whole else {"_request_timeout": timeout}
    with Unaccepting() as server, lasting(most * 0.9, most + SLACK):
        error = failure(server.url, options, **whole)
    assert (TimeoutException, "connecting took too long") == (type(error), error.reason)


def test_the_configuration_bounds_connecting_for_a_whole_call() -> None:
    """Where a call has one number, connecting has the configuration's seconds for it."""
    with Unaccepting() as server, lasting(0.25, 0.3 + SLACK):
        error = failure(server.url, {"_request_timeout": 5}, timeout=(0.3, 30))
    assert (TimeoutException, "connecting took too long") == (type(error), error.reason)


def test_a_pair_bounds_each_try() -> None:
    """With ``(connect, read)`` each try has its own time."""
    with FaultServer(choose=stall) as server, lasting(0.4, 1.0 + SLACK):
        error = failure(server.url, {"_request_timeout": (1, 0.2)}, retries=1)
    assert (2, 2, TimeoutException) == (len(server.requests), error.tries, type(error))


def test_sleeps_before_retries_count() -> None:
    """The pauses between tries are part of the call's time."""
    with FaultServer(choose=failing) as server, lasting(0, 0.6 + SLACK):
        error = failure(server.url, {"_request_timeout": 0.6}, retries=50)
    assert (ServiceException, 503) == (type(error), error.status)
    assert 3 >= len(server.requests) == error.tries


def test_a_wait_that_does_not_fit_is_not_begun() -> None:
    """A Retry-After beyond the call's time raises at once what the API said."""
    with lasting(0, 0.3):
        error = failure_of(limited({"Retry-After": "2"}), timeout=1.0, retries=3)
    assert (RateLimitException, 2.0, 1) == (type(error), error.retry_after, error.tries)


def test_slow_redirects_share_the_time() -> None:
    """Redirects that each take their time end with the call's time."""
    slow = late(0.15, redirect("{target}"))
    with FaultServer(choose=lambda: slow) as server, lasting(SHORT * 0.9, SHORT + SLACK):
        error = failure(server.url, {"_request_timeout": SHORT})
    assert TimeoutException is type(error)


@pytest.mark.parametrize("retry_after", [None, "0"])
def test_an_estimate_that_is_never_made_ends_with_the_time(retry_after: str | None) -> None:
    """A 202 without end is asked about until the call's time is over, and no longer."""
    pending = accepted(retry_after)
    with (
        FaultServer(choose=lambda: pending) as server,
        api_of(server.url) as api,
        lasting(0, SHORT + SLACK),
        pytest.raises(EstimatePendingException) as caught,
    ):
        api.get_invoice_mtd("c", _request_timeout=SHORT)
    error = caught.value
    assert 202 == error.status
    assert re.fullmatch(r"Reason, and still being made after 0\.[0-3] s", str(error.reason))
    assert TimeoutException.advice == error.advice
    assert len(server.requests) == error.tries


@pytest.mark.parametrize("fault", [stall(), drip_body(), stall_at_connect()], ids=lambda f: f.name)
@pytest.mark.parametrize("scheme", ["https", "HTTPS"])
def test_tls_keeps_the_time(fault: Fault, scheme: str, tls: ssl.SSLContext, roots: str) -> None:
    """TLS changes nothing: neither its handshake nor what follows outlasts the call."""
    with FaultServer(choose=lambda: fault, tls=tls) as server:
        if fault.at_connect:
            server._script.append(fault)
        url = server.url.replace("https", scheme)
        with lasting(SHORT * 0.9, SHORT + SLACK):
            error = failure(url, {"_request_timeout": SHORT}, ssl_ca_cert=roots)
    assert TimeoutException is type(error)


def test_an_error_whose_body_stalls_is_still_that_error() -> None:
    """The status of an answer counts, and what came of its body, when the rest never comes."""
    start = head(404, {"Content-Length": "100"}) + b'{"msg": "Record not'
    with lasting(0, SHORT + SLACK):
        error = failure_of(stall(start), timeout=SHORT)
    assert (NotFoundException, '{"msg": "Record not') == (type(error), error.body)


@pytest.mark.parametrize("timeout", [1e10, (1e10, 1e10), 10**400, 1e308])
def test_a_time_beyond_the_clock_is_refused_or_kept(timeout: Any) -> None:
    """Seconds that no clock can count are an ApiValueError, or else mean no limit."""
    with FaultServer() as server, contextlib.suppress(ApiValueError):
        assert "i" == ask(server.url, {"_request_timeout": timeout}).invoice_id


# --- tries ------------------------------------------------------------------------------------

AT_ONCE = {"Retry-After": "0"}


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_passing_statuses_are_tried_again(status: int) -> None:
    """429 and the 5xx that may pass are tried again, up to ``retries`` times."""
    with FaultServer(*[answer(b"", status, AT_ONCE)] * 3) as server:
        assert "i" == ask(server.url, retries=3).invoice_id
    assert 4 == len(server.requests)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 410, 413, 418, 501, 505])
@pytest.mark.parametrize("headers", [{}, AT_ONCE], ids=["", "at once"])
def test_lasting_statuses_are_not_tried_again(status: int, headers: dict[str, str]) -> None:
    """What will be said again is raised at once, with the reason that came."""
    with FaultServer(choose=lambda: answer(b"", status, headers)) as server:
        error = failure(server.url, retries=3)
    assert (1, 1, status) == (len(server.requests), error.tries, error.status)
    assert (f"{server.url}/billing/v2/account_customers/c/invoices/i", "Reason") == (
        error.url,
        error.reason,
    )


BROKEN = [
    *(reset_before_head(), reset_in_head(), reset_after_head(), reset_in_body()),
    *(closed_before_head(), cut_body(), wrong_length(5), broken_chunks(7), garbage()),
    *(broken_chunks(0, b"zz"), two_lengths(), huge_line(), many_headers()),
]
AGAIN = urllib3.Retry(1)


@pytest.mark.parametrize("fault", BROKEN, ids=lambda fault: fault.name)
def test_broken_answers_are_tried_again(fault: Fault) -> None:
    """A connection that fails or a body that is cut short is tried again."""
    with FaultServer(fault) as server:
        assert "i" == ask(server.url, retries=AGAIN).invoice_id
    assert 2 == len(server.requests)


def test_a_connection_that_is_reset_at_once_is_tried_again() -> None:
    """A connection that is reset before the request was read is tried again, after a pause."""
    with FaultServer(reset_at_connect()) as server, lasting(0.2, 0.5 + SLACK):
        assert "i" == ask(server.url, retries=1).invoice_id
    assert 2 == server.connections


def test_a_port_that_refuses_is_tried_again() -> None:
    """A refused connection counts as a try."""
    with Refusing() as server:
        error = failure(server.url, retries=urllib3.Retry(2))
    assert (3, ConnectionException) == (error.tries, type(error))


WRONG_BODIES = [
    raw(answer_bytes(b"<html>")),
    answer(b"", 204),
    lying_encoding("br"),
    broken_gzip(15),
]


@pytest.mark.parametrize("fault", WRONG_BODIES)
def test_wrong_bodies_are_not_tried_again(fault: Fault) -> None:
    """A whole answer whose body is not what was promised is raised at once."""
    with FaultServer(choose=lambda: fault) as server:
        error = failure(server.url, retries=3)
    assert (1, ResponseException) == (len(server.requests), type(error))


def test_an_untrusted_certificate_is_not_tried_again(tls: ssl.SSLContext) -> None:
    """A certificate that is not trusted now will not be trusted in a second."""
    with FaultServer(tls=tls) as server:
        error = failure(server.url, retries=3)
    assert (1, 1, ConnectionException) == (server.connections, error.tries, type(error))
    assert error.reason.startswith("the certificate is not trusted: ")


@pytest.mark.parametrize("name", [None, "example.com"])
def test_a_certificate_of_another_name_is_not_tried_again(
    name: str | None, authority: trustme.CA, roots: str
) -> None:
    """A certificate for another name stays one, whichever name was to be expected."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("other.example.com").configure_cert(context)
    with FaultServer(tls=context) as server:
        error = failure(server.url, retries=3, ssl_ca_cert=roots, assert_hostname=name)
    assert (1, 1, ConnectionException) == (server.connections, error.tries, type(error))
    assert [] == server.requests


@pytest.mark.parametrize(("retries", "tries"), [(0, 1), (1, 2), (2, 3)])
def test_retries_are_counted(retries: int, tries: int) -> None:
    """``retries`` is the number of tries after the first, and the error tells how many it took."""
    with FaultServer(choose=lambda: failing(503, AT_ONCE)) as server:
        error = failure(server.url, retries=retries)
    assert (tries, tries) == (len(server.requests), error.tries)


POLICIES = [
    (urllib3.Retry(2), 503, 1),  # its status_forcelist is empty
    (urllib3.Retry(2, status_forcelist=[418]), 418, 3),
    (urllib3.Retry(2, status_forcelist=[418]), 503, 1),
    (urllib3.Retry(0, status_forcelist=[503]), 503, 1),
    (urllib3.Retry(5, status=1, status_forcelist=[503]), 503, 2),
    (urllib3.Retry(False, status_forcelist=[503]), 503, 1),
    (urllib3.Retry(2, status_forcelist=[503], allowed_methods=["POST"]), 503, 1),
]


@pytest.mark.parametrize(("policy", "status", "tries"), POLICIES)
def test_a_policy_of_urllib3_decides(policy: urllib3.Retry, status: int, tries: int) -> None:
    """A ``urllib3.Retry`` decides what is tried again, and how often."""
    with FaultServer(choose=lambda: answer(b"", status)) as server:
        error = failure(server.url, retries=policy)
    assert (tries, status) == (len(server.requests), error.status)


@pytest.mark.parametrize("fault", [reset_before_head(), garbage(), cut_body()])
@pytest.mark.parametrize("policy", [urllib3.Retry(False), urllib3.Retry(5, read=0, other=0)])
def test_a_policy_may_forbid_tries(policy: urllib3.Retry, fault: Fault) -> None:
    """A policy that allows no further try of its kind lets the failure out, as ours."""
    with FaultServer(choose=lambda: fault) as server:
        error = failure(server.url, retries=policy)
    assert (1, ConnectionException) == (len(server.requests), type(error))


def test_a_policy_sets_the_pace() -> None:
    """The pauses are those of the policy's ``backoff_factor``."""
    policy = urllib3.Retry(2, status_forcelist=[503], backoff_factor=0.2)
    with FaultServer(choose=failing) as server, lasting(0.35, 0.4 + SLACK):
        failure(server.url, retries=policy)
    assert 3 == len(server.requests)


def test_a_policy_may_overlook_retry_after() -> None:
    """``respect_retry_after_header=False`` leaves the pause to the policy."""
    policy = urllib3.Retry(1, status_forcelist=[503], respect_retry_after_header=False)
    with FaultServer(failing(503, {"Retry-After": "30"})) as server, lasting(0, SLACK):
        assert "i" == ask(server.url, retries=policy).invoice_id


def test_a_policy_is_not_used_up() -> None:
    """The policy in the configuration serves every call anew."""
    policy = urllib3.Retry(1, status_forcelist=[503])
    with (
        FaultServer(failing(), good(), failing()) as server,
        api_of(server.url, retries=policy) as api,
    ):
        assert ["i", "i"] == [api.get_invoice_by_id("c", "i").invoice_id for _ in range(2)]
    assert policy.history == ()


WAITS = [
    ({"Retry-After": "1"}, 1.0),
    ({"Retry-After": "0.3"}, 0.3),
    ({"Retry-After": in_seconds(-100)}, 0.25),
]


@pytest.mark.parametrize(("headers", "seconds"), WAITS)
def test_retry_after_is_slept_through(headers: dict[str, str], seconds: float) -> None:
    """The next try comes when the API asked for it, and not before."""
    with FaultServer(limited(headers)) as server, lasting(seconds, seconds + SLACK):
        assert "i" == ask(server.url, retries=1).invoice_id


def test_a_date_and_a_reset_time_are_slept_through() -> None:
    """Retry-After may be a date, and a 429 may carry the moment of its reset instead."""
    with FaultServer() as server, lasting(0, 4.2):
        server._script.append(limited({"Retry-After": in_seconds(2)}))
        server._script.append(limited({"Fastly-RateLimit-Reset": str(int(time.time()) + 2)}))
        asked = time.time()
        assert "i" == ask(server.url, retries=2).invoice_id
        assert int(asked) + 2 <= time.time()


LONG_WAITS = [
    ({"Retry-After": "61"}, 61),
    ({"Retry-After": "99999999999999"}, 365 * 24 * 3600),
    ({"Retry-After": "a date"}, 3600),
    ({"Fastly-RateLimit-Reset": "a time"}, 3600),
]


@pytest.mark.parametrize(("headers", "seconds"), LONG_WAITS)
def test_a_long_retry_after_is_raised(headers: dict[str, str], seconds: float) -> None:
    """More than 60 s is not slept through but raised, with ``retry_after``."""
    moments = {"a date": in_seconds(3600), "a time": str(int(time.time()) + 3600)}
    sent = {name: moments.get(value, value) for name, value in headers.items()}
    with FaultServer(choose=lambda: limited(sent)) as server, lasting(0, SLACK):
        error = failure(server.url, retries=3)
    assert pytest.approx(seconds, abs=60) == error.retry_after
    assert (1, RateLimitException) == (len(server.requests), type(error))
    assert error.retry_after > LONGEST_PAUSE


def test_the_pauses_double_up_to_eight_seconds() -> None:
    """The wait after n failures is 0.5 s, doubled n - 1 times, and 8 s at most."""
    table = {1: 0.5, 2: 1.0, 3: 2.0, 4: 4.0, 5: 8.0, 6: 8.0, 100: 8.0, 5000: 8.0}
    assert table == {failures: backoff(failures) for failures in table}


def test_jitter_spreads_over_the_upper_half() -> None:
    """A jittered wait lies between half and all of it, and differs each time."""
    waits = [jittered(8) for _ in range(200)]
    assert 4 <= min(waits) < 5
    assert 7 < max(waits) <= 8


NOW = time.time()
TABLE = [
    (503, {"Retry-After": "7"}, 7.0),
    (503, {"retry-after": " 7 "}, 7.0),
    (503, {"Retry-After": "7.5"}, 7.5),
    (503, {"Retry-After": "-7"}, None),
    (503, {"Retry-After": "7s"}, None),
    (503, {"Retry-After": "\u0667"}, None),
    (503, {"Retry-After": ""}, None),
    (503, {}, None),
    (503, {"Retry-After": "9" * 5000}, 31_536_000.0),
    (429, {"Retry-After": "7", "Fastly-RateLimit-Reset": str(int(NOW) + 90)}, 7.0),
    (503, {"Fastly-RateLimit-Reset": str(int(NOW) + 90)}, None),
    (429, {"Fastly-RateLimit-Reset": "0"}, None),
    (429, {"Fastly-RateLimit-Reset": "soon"}, None),
    (429, {"Retry-After": "soon", "Fastly-RateLimit-Reset": "0"}, None),
    (429, {"Fastly-RateLimit-Reset": "9" * 12}, 31_536_000.0),
    (429, {"Fastly-RateLimit-Reset": "9" * 13}, None),
    (503, {"Retry-After": "Sun, 06 Nov 1994 08:49:37 GMT"}, None),
    (503, {"Retry-After": "Sun, 06 Nov 9994 08:49:37 GMT"}, 31_536_000.0),
    (503, {"Retry-After": "7, 120.5 ,9"}, 120.5),
    (503, {"Retry-After": "7\t,\t9"}, 9.0),
    (503, {"Retry-After": "7\x1f,9"}, None),  # found by the fuzzer: float() takes no \x1f
    (503, {"Retry-After": "7,,9"}, None),
    (503, {"Retry-After": "0"}, 0.0),
    (503, {"Retry-After": "Sun, 06 Nov 99999999 08:49:37 GMT"}, None),
]


@pytest.mark.parametrize(("status", "headers", "seconds"), TABLE)
def test_retry_after_is_read(status: int, headers: dict[str, str], seconds: float | None) -> None:
    """Seconds, a date or a reset time become seconds from now; anything else is no answer."""
    assert seconds == retry_after(status, Headers(headers))


@pytest.mark.parametrize("status", [429, 503])
def test_a_date_is_read_as_seconds_from_now(status: int) -> None:
    """An HTTP date lies as many seconds away as the clock says."""
    headers = Headers({"Retry-After": in_seconds(30)})
    assert pytest.approx(30, abs=2) == retry_after(status, headers)


# --- the boundary -----------------------------------------------------------------------------

FOREIGN_BASES = (foreign.HTTPError, http.client.HTTPException, ssl.SSLError, OSError)
# What the constructors take that do not make do with a message.
ARGUMENTS: dict[type[BaseException], tuple[Any, ...]] = {
    foreign.PoolError: (None, "made up"),
    foreign.EmptyPoolError: (None, "made up"),
    foreign.FullPoolError: (None, "made up"),
    foreign.ClosedPoolError: (None, "made up"),
    foreign.RequestError: (None, "/", "made up"),
    foreign.ReadTimeoutError: (None, "/", "made up"),
    foreign.HostChangedError: (None, "http://made up", 1),
    foreign.MaxRetryError: (None, "/", OSError("made up")),
    foreign.ProxyError: ("Cannot connect to proxy.", OSError("made up")),
    foreign.NewConnectionError: (None, "made up"),
    foreign.NameResolutionError: ("host", None, socket.gaierror("made up")),
    foreign.IncompleteRead: (1, 2),
    foreign.HeaderParsingError: ([], b"made up"),
    foreign.InvalidChunkLength: (urllib3.HTTPResponse(b""), b"made up"),
    urllib.error.ContentTooShortError: ("made up", b""),
    urllib.error.HTTPError: ("http://x", 500, "made up", None, None),
}
# The words for those that do not carry a message of their own.
WORDS: dict[type[BaseException], str] = {
    foreign.ConnectTimeoutError: "connecting took too long",
    foreign.NewConnectionError: "cannot connect: ",
    foreign.NameResolutionError: "the host's name cannot be looked up: ",
    foreign.IncompleteRead: "the answer was cut short: ",
    foreign.TimeoutError: "the answer took too long",
    TimeoutError: "the answer took too long",
    http.client.RemoteDisconnected: "the connection was closed without an answer",
    http.client.IncompleteRead: "the answer was cut short: ",
}


def below(kind: type[BaseException]) -> Iterator[type[BaseException]]:
    """Walk a class and all that is derived from it; tools of the tests' own do not count."""
    yield kind
    for derived in kind.__subclasses__():
        if derived.__module__.split(".")[0] in {*sys.stdlib_module_names, "urllib3"}:
            yield from below(derived)


FOREIGN = sorted({kind for base in FOREIGN_BASES for kind in below(base)}, key=repr)


def made(kind: type[BaseException]) -> Exception:
    """Make an instance, by the back door where the constructor wants what nobody knows."""
    try:
        error = kind(*ARGUMENTS.get(kind, ("made up",)))
    except TypeError:
        error = kind.__new__(kind, "made up")
    assert isinstance(error, Exception)
    return error


def words_for(kind: type[BaseException]) -> str:
    """Return what the words for an exception of a class must hold."""
    return next((WORDS[parent] for parent in kind.__mro__ if parent in WORDS), "made up")


def is_timeout(kind: type[BaseException]) -> bool:
    """Tell whether a class stands for time that ran out: a refused connection does not."""
    timeouts = (foreign.TimeoutError, TimeoutError)
    return issubclass(kind, timeouts) and not issubclass(kind, foreign.NewConnectionError)


def check_translated(error: Exception, kind: type[BaseException]) -> None:
    """Hold what every translated exception is."""
    ours = translated(error, "http://127.0.0.1/x")
    expected = TimeoutException if is_timeout(kind) else ConnectionException
    assert (expected, None, "http://127.0.0.1/x") == (type(ours), ours.status, ours.url)
    assert words_for(kind) in str(ours)
    assert "Max retries exceeded" not in str(ours)
    copies = pickle.loads(pickle.dumps(ours)), copy.deepcopy(ours)
    assert [str(ours)] * 2 == [str(other) for other in copies]


@pytest.mark.parametrize("kind", FOREIGN, ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
def test_no_foreign_exception_has_no_translation(kind: type[BaseException]) -> None:
    """Every exception of the libraries below becomes ours, with words for what happened."""
    check_translated(made(kind), kind)


WRAPPERS = {
    "aborted": lambda error: foreign.ProtocolError("Connection aborted.", error),
    "max retries": lambda error: foreign.MaxRetryError(None, "/", error),
    "proxy": lambda error: foreign.ProxyError("Cannot connect to proxy.", error),
    "TLS": foreign.SSLError,
    "both": lambda error: foreign.MaxRetryError(None, "/", foreign.ProxyError("Proxy.", error)),
}


@pytest.mark.parametrize("wrap", WRAPPERS.values(), ids=WRAPPERS)
def test_wrapped_exceptions_are_unwrapped(wrap: Any) -> None:
    """What urllib3 wraps an exception in hides neither what happened nor that time ran out."""
    for kind in FOREIGN:
        check_translated(wrap(made(kind)), kind)


def test_a_retry_error_without_a_reason_is_translated() -> None:
    """An exception that tells no reason becomes ours too."""
    assert isinstance(translated(foreign.MaxRetryError(None, "/"), "/"), ConnectionException)
    assert root_cause(None) is None


NO_ANSWER = [
    (reset_before_head(), "Connection reset by peer"),
    (reset_in_head(), "Connection reset by peer"),
    (reset_in_body(), "Connection reset by peer"),
    (closed_before_head(), "the connection was closed without an answer"),
    (cut_body(), "cut short"),
    (wrong_length(5), "cut short"),
    (broken_chunks(7), "cut short"),
    (broken_chunks(0, b"zz"), "cut short"),
    (broken_chunks(0, b"-1\r\n"), "the answer was cut short: IncompleteRead(0 bytes read)"),
    (garbage(), "BadStatusLine"),
    (raw(b"HTTP/1.1 abc\r\n\r\n"), "BadStatusLine"),
    (raw(b"HTTP/9.9 200 OK\r\n\r\n"), "UnknownProtocol"),
    (raw(b"HTTP/1.1 " + b"2" * 70_000), "LineTooLong"),
    (two_lengths(), "Content-Length"),
    (huge_line(), "LineTooLong"),
    (many_headers(), "more than 100 headers"),
]


@pytest.mark.parametrize(("fault", "words"), NO_ANSWER)
def test_no_whole_answer_is_a_connection_exception(fault: Fault, words: str) -> None:
    """What breaks an answer off is named in the error, and chained as its cause."""
    error = failure_of(fault)
    assert (ConnectionException, None) == (type(error), error.status)
    assert words in error.reason
    assert error.__cause__ is not None
    assert "Max retries" not in str(error)


SLOW_ENDS = [stall_in_body(), reset_in_body(), raw(chunked_bytes()[:-30]), cut_body(len(BODY) // 2)]


@pytest.mark.parametrize("fault", SLOW_ENDS, ids=lambda fault: fault.name)
def test_what_came_before_an_answer_broke_off_is_kept(fault: Fault) -> None:
    """Half a body is in the error, whether it was cut, reset or never went on."""
    with FaultServer(fault) as server:
        error = failure(server.url, timeout=SHORT)
    assert isinstance(error, ConnectionException)
    assert f"{server.url}/billing/v2/account_customers/c/invoices/i" == error.url
    assert isinstance(error.body, str)
    assert 20 < len(error.body) < len(BODY)
    assert BODY.decode().startswith(error.body)


def test_what_came_of_an_errors_body_is_joined() -> None:
    """The body of an error that comes in pieces and then stalls is kept whole as far as it came."""
    start = head(404, {"Content-Length": "99"}) + b"abc"
    with FaultServer(Fault("pieces", lambda wire: wire.drip(start, 0.01))) as server:
        error = failure(server.url, timeout=2)
    assert (NotFoundException, "abc") == (type(error), error.body)


def test_an_errors_long_page_is_cut_between_characters() -> None:
    """Of a long page 64 KiB are kept, as text, without half a character at their end."""
    page = ("x" + "é" * 64 * 1024).encode()
    error = failure_of(answer(page, 502, {"Content-Type": "text/html"}))
    assert "x" + "é" * (32 * 1024 - 1) == error.body
    binary = b"\xff" * 80 * 1024
    assert binary[: 64 * 1024] == failure_of(answer(binary, 502)).body


def test_a_connection_serves_on_after_an_error() -> None:
    """An error that was read to its end leaves its connection for the next call."""
    with FaultServer(whole(answer_bytes(b"{}", 404)), good()) as server, api_of(server.url) as api:
        with pytest.raises(NotFoundException):
            api.get_invoice_by_id("c", "i")
        assert "i" == api.get_invoice_by_id("c", "i").invoice_id
    assert (2, 1) == (len(server.requests), server.connections)


def test_garbage_shows_as_one_line() -> None:
    """Control characters that a server sent do not reach the text of the error."""
    lines = str(failure_of(garbage(b"\x1b[31mred\rno HTTP\r\n\r\n"))).splitlines()
    assert all(line.isprintable() for line in lines)


def test_a_refused_connection_says_so() -> None:
    """A port that nothing listens on is a ConnectionException that says so."""
    with Refusing() as server:
        error = failure(server.url)
    assert (ConnectionException, None) == (type(error), error.status)
    assert "Connection refused" in error.reason


def test_a_proxy_that_refuses_is_no_timeout() -> None:
    """A proxy that nothing listens for is a ConnectionException that says so."""
    with Refusing() as proxy, FaultServer() as server:
        error = failure(server.url, proxy=proxy.url)
    assert ConnectionException is type(error)
    assert "the proxy failed: cannot connect: [Errno" in error.reason


def test_an_unknown_name_says_so() -> None:
    """A host that cannot be looked up is a ConnectionException that says so."""
    error = failure("https://fastly.invalid")
    assert ConnectionException is type(error)
    assert error.reason.startswith("the host's name cannot be looked up: ")


def test_http_where_tls_was_expected_says_so() -> None:
    """A server that speaks no TLS is a ConnectionException that names TLS."""
    with FaultServer(choose=garbage) as server:
        server._script.append(
            Fault("plain", lambda wire: wire.send(b"HTTP/1.1 400 \r\n\r\n"), True)
        )
        error = failure(server.url.replace("http:", "https:"))
    assert ConnectionException is type(error)
    # OpenSSL 3 has words for it that OpenSSL 1 did not have.
    words = "WRONG_VERSION_NUMBER|HTTP_REQUEST|UNKNOWN_PROTOCOL"
    assert re.fullmatch(f"TLS failed: ({words})", str(error.reason))


@pytest.mark.parametrize("settings", ["ssl_ca_cert", "cert_file"])
def test_a_file_without_certificate_is_the_configurations_fault(
    settings: str, tmp_path: Path
) -> None:
    """A file that holds no certificate is an ApiValueError at once, and nothing is sent."""
    path = tmp_path / "empty.pem"
    path.write_text("no certificate")
    with lasting(0, 0.4), pytest.raises(ApiValueError, match="certificate"):
        ask("https://127.0.0.1:1", retries=3, **{settings: str(path)})


def test_a_proxy_variable_that_is_no_url_is_the_configurations_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A proxy from the environment that is no URL is an ApiValueError, and nothing is sent."""
    monkeypatch.setenv("HTTPS_PROXY", "ht!tp://proxy")
    with pytest.raises(ApiValueError, match="HTTPS_PROXY"):
        ask("https://fastly.invalid", retries=3)


def test_a_token_in_a_default_header_of_any_case_serves() -> None:
    """The name of a default header has no case: a failed call is still an ApiException."""
    with FaultServer(choose=lambda: failing(404)) as server:
        configuration = fastly.Configuration(host=server.url, retries=0)
        client = fastly.ApiClient(configuration, "fastly-key", TOKEN)
        with client, pytest.raises(NotFoundException):
            BillingApi(client).get_invoice("05", "2020")
    assert TOKEN == server.requests[0].headers["fastly-key"]


# --- bodies -----------------------------------------------------------------------------------

WRONG_JSON = {
    "HTML": b"<html><body>Sign in</body></html>",
    "cut": BODY[:-1],
    "empty": b"",
    "blank": b"  \n",
    "a list": b"[]",
    "text": b'"text"',
    "a number": b"1",
    "null": b"null",
    "true": b"true",
    "two": BODY + BODY,
    "NaN": b'{"total": {"cost": NaN}}',
    "Infinity": b'{"total": {"cost": Infinity}}',
    "-Infinity": b'{"total": {"cost": -Infinity}}',
    "1e999": b'{"total": {"cost": 1e999}}',
    "unknown NaN": b'{"zz": NaN}',
    "not UTF-8": b'{"invoice_id": "\xe9"}',
    "UTF-16": '{"invoice_id": "1"}'.encode("utf-16"),
    "lists 100,000 deep": b"[" * 100_000,
    "objects 100,000 deep": b'{"total": ' * 100_000 + b"1" + b"}" * 100_000,
    "unknown 500 deep": b'{"zz": ' + b"[" * 500 + b"]" * 500 + b"}",
    "5,000 digits": b'{"total": {"cost": ' + b"9" * 5000 + b"}}",
    "a time after the last year": b'{"start_time": "9999-12-31T24:00:00Z"}',
    "a week after the last year": b'{"start_time": "9999-W53-7"}',
    "a lone surrogate": rb'{"start_time": "\ud800"}',
}


@pytest.mark.parametrize("body", WRONG_JSON.values(), ids=WRONG_JSON)
def test_a_body_that_is_no_invoice_is_kept(body: bytes) -> None:
    """A 200 whose body is not what was promised is a ResponseException that keeps the body."""
    error = failure_of(answer(body))
    assert (ResponseException, 200, JSON) == (
        type(error),
        error.status,
        error.headers["content-type"],
    )
    kept = error.body.encode() if isinstance(error.body, str) else error.body
    assert body == kept


@pytest.mark.parametrize("status", [202, 204, 205, 206])
def test_a_status_that_promises_no_invoice_brings_none(status: int) -> None:
    """A 2xx that stands for no whole body is a ResponseException, whatever its body."""
    error = failure_of(answer(b"" if status in (204, 205) else BODY, status))
    assert (ResponseException, status) == (type(error), error.status)
    assert "this status promises no body, and an invoice was asked for" == error.reason


EXPECTED_A_VALUE = "Expecting value: line 1 column 1 (char 0)"
NO_JSON = [
    (b"", {}, "no body"),
    (b"<html>", {}, f"the body is not JSON: {EXPECTED_A_VALUE}"),
    (b"<html>", SAME_HEADERS, f"the body is not JSON: {EXPECTED_A_VALUE}"),
    (
        b"<html>",
        {"Content-Type": "Text/HTML; charset=utf-8"},
        f"the body is not JSON: {EXPECTED_A_VALUE}, and the Content-Type is 'text/html'",
    ),
    (b"NaN", {}, "the body is not JSON: NaN is no JSON"),
    (b"[]", {}, "the body is a JSON list, not an object"),
    (
        b'{"x": 1e999}',
        {},
        "the answer is not as documented: x: expected plain data with finite numbers, "
        "not NaN or infinity",
    ),
    (
        b'{"total": {"cost": []}}',
        {},
        "the answer is not as documented: total.cost: expected a number, got list",
    ),
]


@pytest.mark.parametrize(("body", "headers", "reason"), NO_JSON)
def test_why_a_body_is_no_invoice(body: bytes, headers: dict[str, str], reason: str) -> None:
    """A 200 that is no invoice says what came in its place, and of which kind."""
    length = {"Content-Length": str(len(body))}
    with FaultServer(raw(head(200, {**headers, **length}) + body)) as server:
        error = failure(server.url)
    assert (ResponseException, reason) == (type(error), error.reason)
    assert f"{server.url}/billing/v2/account_customers/c/invoices/i" == error.url
    assert isinstance(error.__cause__, ValueError | fastly.ApiTypeError) or b"[]" == body


@pytest.mark.parametrize("status", [200, 201, 203, 299])
def test_other_successes_bring_the_invoice(status: int) -> None:
    """A 2xx with the invoice in its body brings it."""
    assert "i" == answer_of(answer(status=status)).invoice_id


def test_a_byte_order_mark_is_overlooked() -> None:
    """UTF-8's byte order mark before the JSON is no part of it."""
    assert "i" == answer_of(answer(b"\xef\xbb\xbf" + BODY)).invoice_id


@pytest.mark.parametrize("coding", ["br", "deflate", "zstd", "gzip, gzip", "x"])
@pytest.mark.parametrize(
    ("status", "kind"), [(200, ResponseException), (401, UnauthorizedException)]
)
def test_a_coding_that_was_not_asked_for_keeps_the_bytes(
    coding: str, status: int, kind: type[ApiException]
) -> None:
    """A body in a coding that was not asked for is kept as it came, in every error."""
    error = failure_of(answer(b"\xffcoded", status, {"Content-Encoding": coding}))
    assert (kind, b"\xffcoded") == (type(error), error.body)


def test_a_body_that_was_unzipped_on_the_way_is_read() -> None:
    """A body that is said to be zipped and is not is read, or kept in an error, as it came."""
    assert "i" == answer_of(lying_encoding()).invoice_id
    error = failure_of(answer(b'{"msg": "no"}', 401, {"Content-Encoding": "gzip"}))
    assert (UnauthorizedException, "no") == (type(error), error.detail)


@pytest.mark.parametrize("length", [0, 1, 2, 10, len(gzip_bytes(BODY)) - 1])
def test_a_zipped_text_that_is_cut_does_not_pass_for_text(length: int) -> None:
    """What is left of a zipped CSV is never taken for the CSV."""
    headers = {"Content-Encoding": "gzip", "Content-Type": CSV}
    error = failure_of(answer(gzip_bytes(BODY)[:length], headers=headers), options={"_accept": CSV})
    assert ResponseException is type(error)


def test_zeros_after_a_gzip_stream_cost_no_time() -> None:
    """What follows the last member is passed over as fast as it arrives."""
    data = gzip_bytes(BODY) + bytes(60 * MIB)
    with lasting(0, 2.5):
        assert "i" == answer_of(answer(data, headers={"Content-Encoding": "gzip"})).invoice_id


SMALL = b'{"invoice_id": "i"}'
ZIPPED = gzip_bytes(SMALL)


def test_a_zipped_body_cut_anywhere_is_refused() -> None:
    """A gzip stream that ends early, at whichever byte, is a ResponseException."""
    faults = [broken_gzip(at, body=SMALL) for at in range(len(ZIPPED))]
    with FaultServer(*faults) as server, api_of(server.url) as api:
        for _ in faults:
            with pytest.raises(ResponseException) as caught:
                api.get_invoice_by_id("c", "i")
            assert (caught.value.status, type(caught.value.body)) in [(200, str), (200, bytes)]
    assert len(faults) == len(server.requests)


def test_a_zipped_body_broken_anywhere_is_refused_or_right() -> None:
    """A gzip stream with a wrong byte brings the right invoice or a documented exception."""
    faults = [broken_gzip(at, bytes([ZIPPED[at] ^ 0xFF]), SMALL) for at in range(len(ZIPPED))]
    with FaultServer(*faults) as server, api_of(server.url) as api:
        for _ in faults:
            with contextlib.suppress(ResponseException):
                assert "i" == api.get_invoice_by_id("c", "i").invoice_id


def test_a_chunked_body_broken_anywhere_is_refused_or_right() -> None:
    """Chunks that are cut or wrong bring the right invoice or a documented exception."""
    length = len(chunks(BODY))
    cut = [broken_chunks(at) for at in range(length)]
    wrong = [broken_chunks(at, b"\xfe") for at in range(length)]
    with FaultServer(*cut, *wrong) as server, api_of(server.url) as api:
        whole = sum(is_whole(api) for _ in cut)
        for _ in wrong:
            with contextlib.suppress(ConnectionException, ResponseException):
                api.get_invoice_by_id("c", "i")
    assert len(b"\r\n\r\n") >= whole  # only what follows the last chunk's 0 may be missing


def is_whole(api: BillingApi) -> bool:
    """Tell whether the answer came whole; one that did not may fail in two ways."""
    try:
        return api.get_invoice_by_id("c", "i").total.cost == 1.5
    except (ConnectionException, ResponseException):
        return False


ODD_ANSWERS = [
    *(chunked(), gzipped(), gzipped(members=2), gzipped(members=5), interim(100)),
    *(
        interim(100, 102, 103),
        two_answers(),
        chunked(gzip_bytes(BODY), {"Content-Encoding": "gzip"}),
    ),
    answer(gzip_bytes(BODY), headers={"Content-Encoding": "X-GZIP"}),
    answer(headers={"Content-Encoding": "identity"}),
    raw(head(200, SAME_HEADERS) + BODY),
]


@pytest.mark.parametrize("fault", ODD_ANSWERS)
def test_unusual_answers_bring_the_invoice(fault: Fault) -> None:
    """Chunks, gzip of any number of members, interim answers: all of it is HTTP."""
    total = answer_of(fault).total
    assert (1.5, "P") == (total.cost, total.plan_name)


def test_gzip_is_asked_for() -> None:
    """Each request says that gzip will do, and nothing else."""
    with FaultServer() as server:
        ask(server.url)
    assert "gzip" == server.requests[0].headers["accept-encoding"]


def test_every_member_of_a_gzip_stream_counts() -> None:
    """No part of an invoice in CSV is lost where it was zipped in several members."""
    text = b"".join(b"%d,row\r\n" % n for n in range(1000))
    for members in (1, 2, 3, 100):
        headers = {"Content-Encoding": "gzip", "Content-Type": CSV}
        fault = answer(gzip_bytes(text, members), headers=headers)
        assert text.decode() == answer_of(fault, options={"_accept": CSV})


def test_a_coded_transfer_does_not_pass_for_text() -> None:
    """The lines that frame chunks never stand in an invoice in CSV."""
    headers = {"Transfer-Encoding": "identity, chunked", "Content-Type": CSV}
    with contextlib.suppress(ConnectionException, ResponseException):
        text = answer_of(raw(head(200, headers) + chunks(b"a,b\r\n")), options={"_accept": CSV})
        assert "a,b\r\n" == text


KLINGON, ASCII = "text/csv; charset=klingon", "text/csv; charset=us-ascii"
WRONG_KINDS = [
    (CSV, "Text/HTML; x=y", b"a,b", "Content-Type is 'text/html', not 'text/csv'"),
    (CSV, JSON, b"a,b", "Content-Type is 'application/json', not 'text/csv'"),
    (CSV, "", b"a,b", "Content-Type is '', not 'text/csv'"),
    (CSV, CSV, b"", "no body"),
    (
        *(CSV, CSV, b"\xff", "the body is not utf-8 text: 'utf-8' codec can't decode byte 0xff"),
        *("in position 0: invalid start byte", UnicodeDecodeError),
    ),
    (CSV, KLINGON, b"a,b", "the charset 'klingon' of the text is not known", "", LookupError),
    (
        *(CSV, ASCII, b"\xc3\xa9", "the body is not us-ascii text: 'ascii' codec can't decode"),
        *("byte 0xc3 in position 0: ordinal not in range(128)", UnicodeDecodeError),
    ),
    (PDF, "text/html", b"%PDF-1.4", "Content-Type is 'text/html', not 'application/pdf'"),
    (PDF, "", b"%PDF-1.4", "Content-Type is '', not 'application/pdf'"),
    (PDF, PDF, b"<html>", "the body is no PDF document"),
    (PDF, PDF, b"", "the body is no PDF document"),
    (PDF, PDF, b" " * 1020 + b"%PDF-1.4", "the body is no PDF document"),
]


@pytest.mark.parametrize(
    ("accept", "kind", "body", "why", "rest", "cause"),
    [(*row, "", None)[:6] if len(row) == 4 else row for row in WRONG_KINDS],
)
def test_a_document_of_another_kind_is_refused(
    accept: str, kind: str, body: bytes, why: str, rest: str, cause: type[Exception] | None
) -> None:
    """CSV and PDF are what they say they are, or a ResponseException that keeps what came."""
    with FaultServer(raw(answer_bytes(body, headers={"Content-Type": kind}))) as server:
        error = failure(server.url, {"_accept": accept})
    kept = error.body.encode() if isinstance(error.body, str) else error.body
    assert (ResponseException, body) == (type(error), kept)
    assert f"{why} {rest}".strip() == error.reason
    assert cause is (error.__cause__ and type(error.__cause__))


def test_a_pdf_may_begin_late() -> None:
    """The mark of a PDF stands within the first 1,024 bytes, as readers take it."""
    body = b" " * 1019 + b"%PDF-1.4"
    assert body == answer_of(answer(body, headers={"Content-Type": PDF}), options={"_accept": PDF})


def test_a_document_without_a_type_is_refused() -> None:
    """An answer that names no type is not taken for a CSV."""
    error = failure_of(raw(head(200, {"Content-Length": "3"}) + b"a,b"), options={"_accept": CSV})
    assert "Content-Type is '', not 'text/csv'" == error.reason


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/csv", "é".encode()),
        ("text/csv; charset=utf-8", b"\xef\xbb\xbf\xc3\xa9"),
        ('Text/CSV; header=present; charset="ISO-8859-1"', b"\xe9"),
        ("text/csv; CharSet=latin1", b"\xe9"),
        ("text/csv;charset=windows-1252", b"\xe9"),
    ],
)
def test_the_charset_of_a_csv_is_heeded(kind: str, body: bytes) -> None:
    """The text is decoded as the Content-Type says, in UTF-8 where it says nothing."""
    fault = answer(body, headers={"Content-Type": kind})
    assert "é" == answer_of(fault, options={"_accept": CSV})


@pytest.mark.parametrize("fault", [double_head(), switching(), wrong_length(-5)])
def test_answers_out_of_order_are_documented_exceptions(fault: Fault) -> None:
    """A second head, another protocol or a body that is longer than it says is an ApiException."""
    error = failure_of(fault)
    assert type(error) in (ApiException, ResponseException)
    assert error.status in (101, 200)


def test_an_unasked_answer_reaches_no_other_call() -> None:
    """What a server sends beyond its answer is never taken for the next one."""
    with FaultServer(choose=two_answers) as server, api_of(server.url) as api:
        for n in range(30):
            assert f"i{n}" == api.get_invoice_by_id("c", f"i{n}").invoice_id


# --- bounds -----------------------------------------------------------------------------------


@cache
def bomb(megabytes: int) -> bytes:
    """Zip so many megabytes of blanks; that takes a second."""
    packer = zlib.compressobj(9, wbits=31)
    return b"".join(packer.compress(b" " * MIB) for _ in range(megabytes)) + packer.flush()


@contextlib.contextmanager
def peak_below(most: int) -> Iterator[None]:
    """Hold that what is done inside uses no more memory than this at any time."""
    tracemalloc.start(1)
    try:
        yield
        assert most > tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("status", [200, 500])
def test_a_bomb_is_refused_with_little_memory(status: int) -> None:
    """200 MB in 200 KB on the wire are refused when the bound is reached, not afterwards."""
    data = answer_bytes(bomb(200), status, {"Content-Encoding": "gzip"})
    assert 300_000 > len(data)
    with FaultServer(raw(data)) as server, peak_below(6 * MIB):
        error = failure(server.url, max_response_bytes=MIB)
    assert (ResponseException if status == 200 else ServiceException) is type(error)
    assert MIB > len(error.body) > 0


PIECE = b" " * 65536
ENDLESS = {
    "plain": endless(head(200, SAME_HEADERS), PIECE),
    "chunked": endless(head(200, {"Transfer-Encoding": "chunked"}), b"10000\r\n" + PIECE + b"\r\n"),
    "one chunk": endless(head(200, {"Transfer-Encoding": "chunked"}) + b"fffffffff\r\n", PIECE),
    "a chunk of -1": endless(head(200, {"Transfer-Encoding": "chunked"}) + b"-1\r\n", PIECE),
    "claimed": endless(head(200, {"Content-Length": "9" * 15}), PIECE),
}


@pytest.mark.parametrize("fault", ENDLESS.values(), ids=ENDLESS)
def test_an_endless_body_is_refused(fault: Fault) -> None:
    """A body without end is refused when the bound is reached, with little memory."""
    with FaultServer(fault) as server, peak_below(8 * MIB):
        error = failure(server.url, {"_request_timeout": 1.0}, max_response_bytes=MIB)
    assert type(error) in (ResponseException, ConnectionException)
    assert "larger than max_response_bytes" in error.reason or "cut short" in error.reason


@pytest.mark.parametrize("zipped", [False, True])
def test_the_bound_counts_decoded_bytes(zipped: bool) -> None:
    """A body of exactly the bound passes, and one of a byte more does not."""
    body = BODY + b" " * 1000
    data = gzip_bytes(body) if zipped else body
    fault = answer(data, headers={"Content-Encoding": "gzip" if zipped else "identity"})
    assert "i" == answer_of(fault, max_response_bytes=len(body)).invoice_id
    error = failure_of(fault, max_response_bytes=len(body) - 1)
    assert "larger than max_response_bytes" in error.reason
    assert error.body.startswith(BODY.decode()[:20])


# --- redirects --------------------------------------------------------------------------------

SAME_ORIGIN = [
    "{target}",
    "{origin}{target}",
    "//127.0.0.1:{port}{target}",
    "{origin}/elsewhere/i",
    "i",
    "{target}?x=1",
    "{target}#there",
    "HTTP://127.0.0.1:{port}{target}",
    "http:///elsewhere/i",
    "/with a space/\xe9/i",
]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_each_redirect_to_the_same_origin_is_followed(status: int) -> None:
    """A redirect of any kind within the origin is followed, with the token."""
    with FaultServer(redirect("/elsewhere/i", status)) as server:
        assert "i" == ask(server.url).invoice_id
    assert [TOKEN, TOKEN] == [request.headers["fastly-key"] for request in server.requests]
    assert "/elsewhere/i" == server.requests[1].target


@pytest.mark.parametrize("location", SAME_ORIGIN)
def test_every_way_to_name_the_same_origin_is_followed(location: str) -> None:
    """The target may be written in any way that names the same scheme, host and port."""
    with FaultServer(redirect(location)) as server:
        assert "i" == ask(server.url).invoice_id
    assert 2 == len(server.requests)


@pytest.mark.parametrize("location", ["{origin}", "{origin}?x=1", "{origin}#there", "?x=1", ""])
def test_a_target_without_a_path_is_followed(location: str) -> None:
    """The target may have no path of its own."""
    with FaultServer(redirect(location)) as server, contextlib.suppress(ResponseException):
        ask(server.url)
    targets = [request.target for request in server.requests]
    asked = targets[0] if location in ("", "?x=1") else "/"
    assert [targets[0], asked + ("?x=1" if "?" in location else "")] == targets


def test_no_more_than_three_redirects_are_followed() -> None:
    """A loop ends with the fourth redirect, which is raised."""
    with FaultServer(choose=lambda: redirect("{target}")) as server:
        error = failure(server.url, retries=3)
    assert (4, 302, 1) == (len(server.requests), error.status, error.tries)
    assert "redirected more than 3 times" == error.reason


def test_three_redirects_are_followed() -> None:
    """Three redirects in a row are followed."""
    with FaultServer(*[redirect("{target}")] * 3) as server:
        assert "i" == ask(server.url).invoice_id


OTHER_ORIGINS = [
    "http://127.0.0.1:{other}/x",
    "http://127.0.0.1:{other}",
    "//127.0.0.1:{other}/x",
    "http://localhost:{port}/x",
    "http://127.0.0.2:{port}/x",
    "http://127.0.0.1.:{port}/x",
    "https://127.0.0.1:{port}/x",
    "HTTPS://127.0.0.1:{other}/x",
    "http://127.0.0.1/x",
    "http://user:pass@127.0.0.1:{port}/x",
    "http://127.0.0.1:{port}@127.0.0.1:{other}/x",
    "ftp://127.0.0.1:{other}/x",
    "javascript:alert(1)",
    "file:///etc/passwd",
    "http://[",
    "http://127.0.0.1:99999/x",
    "http://127.0.0.1:x/",
]


@pytest.mark.parametrize("location", OTHER_ORIGINS)
def test_a_redirect_to_another_origin_is_raised(location: str) -> None:
    """The token goes to no other origin: nothing connects to it, and the error names it."""
    with FaultServer() as other, FaultServer(choose=good) as server:
        target = location.replace("{other}", str(other.port))
        server._script.append(redirect(target))
        error = failure(server.url, retries=3)
    assert (ApiException, 302, 1) == (type(error), error.status, len(server.requests))
    assert error.reason.startswith("redirected to ")
    assert (0, 1) == (other.connections, server.connections)
    assert "pass" not in str(error).replace("passwd", "")


def test_the_error_of_a_redirect_names_the_targets_origin() -> None:
    """The error tells where the answer wanted to send the token."""
    error = failure_of(redirect("https://evil.example:444/path?query"))
    assert "redirected to https://evil.example:444, " in error.reason
    assert "elsewhere" == error.body


@pytest.mark.parametrize("location", ["\\\\127.0.0.1:{other}/x", "/\\127.0.0.1:{other}/x"])
def test_backslashes_lead_nowhere_else(location: str) -> None:
    """A target that some parsers read another host out of is a path here, or refused."""
    with FaultServer() as other, FaultServer() as server:
        server._script.append(redirect(location.replace("{other}", str(other.port))))
        with contextlib.suppress(ApiException):
            ask(server.url)
    assert 0 == other.connections


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308, 399])
def test_a_redirect_without_location_is_raised(status: int) -> None:
    """A 3xx that names no target is an ApiException."""
    with FaultServer(redirect(None, status)) as server:
        error = failure(server.url)
    assert (ApiException, status, 1) == (type(error), error.status, len(server.requests))


# --- answers unread ---------------------------------------------------------------------------

UNREAD = {"_preload_content": False}


def test_an_unread_answer_can_be_read_after_the_calls_time() -> None:
    """The caller reads the answer at leisure: the call's deadline no longer counts."""
    body = b"x" * 30
    slow = drip_body(0.02, answer_bytes(body))
    with FaultServer(slow) as server, api_of(server.url) as api:
        response = api.get_invoice_by_id("c", "i", _request_timeout=0.3, **UNREAD)
        time.sleep(0.35)
        assert (200, body) == (response.status, response.read())
        response.close()


def test_a_stalled_read_of_an_unread_answer_ends() -> None:
    """Each wait for more of an unread answer lasts as long as a read may, and no longer."""
    with FaultServer(stall_in_body()) as server, api_of(server.url) as api:
        response = api.get_invoice_by_id("c", "i", _request_timeout=(1, 0.3), **UNREAD)
        with lasting(0.2, 0.3 + SLACK), pytest.raises(foreign.ReadTimeoutError):
            response.read()
        response.close()


@pytest.mark.parametrize("status", [200, 202, 204, 206])
def test_an_unread_answer_comes_whatever_its_2xx(status: int) -> None:
    """The answer is handed on whatever its status of 2xx, its body unread."""
    with FaultServer(answer(b"", status)) as server, api_of(server.url) as api:
        response, code, headers = api.get_invoice_by_id(
            "c", "i", _return_http_data_only=False, **UNREAD
        )
        assert (status, status) == (response.status, code)
        assert headers["content-length"] == "0"
        response.close()


def test_an_unread_answer_is_asked_for_like_any_other() -> None:
    """Retries, redirects and errors are the same for an answer that is not read."""
    script = [failing(503, AT_ONCE), redirect("{target}"), gzipped(), failing(404)]
    with FaultServer(*script) as server, api_of(server.url, retries=1) as api:
        response = api.get_invoice_by_id("c", "i", **UNREAD)
        assert BODY == response.read()
        response.close()
        with pytest.raises(NotFoundException):
            api.get_invoice_by_id("c", "i", **UNREAD)


def test_unread_answers_leave_no_socket_behind() -> None:
    """A closed answer gives its connection back."""
    with FaultServer() as server, api_of(server.url) as api:
        before = len(os.listdir("/dev/fd"))
        for _ in range(20):
            api.get_invoice_by_id("c", "i", **UNREAD).close()
        assert before + 2 >= len(os.listdir("/dev/fd"))


# --- what is left behind ----------------------------------------------------------------------


def test_no_fault_leaves_a_connection_that_harms_the_next_call() -> None:
    """After every fault there is, the same client gets the right answer to the next call."""
    with FaultServer() as server, api_of(server.url, timeout=1.0, retries=AGAIN) as api:
        for n, fault in enumerate(every_fault()):
            server._script.append(fault)
            with contextlib.suppress(ApiException):
                api.get_invoice_by_id("c", "first")
            server._script.clear()
            assert f"i{n}" == api.get_invoice_by_id("c", f"i{n}").invoice_id


def test_connections_are_reused() -> None:
    """Calls one after the other share one connection."""
    with FaultServer() as server, api_of(server.url) as api:
        for _ in range(5):
            api.get_invoice_by_id("c", "i")
    assert (1, 5) == (server.connections, len(server.requests))


def test_wrong_arguments_send_nothing() -> None:
    """What is wrong with the arguments is told before anything is sent."""
    with FaultServer() as server, api_of(server.url) as api:
        for options in ({"_request_timeout": -1}, {"_request_timeout": "1"}, {"_accept": "x/y"}):
            with pytest.raises((ApiTypeError, ApiValueError)):
                api.get_invoice_by_id("c", "i", **options)
    assert 0 == server.connections


def test_a_whole_answer_is_one_gzip_stream() -> None:
    """The bytes made for these tests are what they are said to be."""
    assert BODY == gzip.decompress(gzip_bytes(BODY, 3))
    assert chunked_bytes().endswith(b"0\r\n\r\n")


def test_a_response_shows_itself_in_short() -> None:
    """What a log shows of a response is its status, size and URL, and not its body."""
    response = Response(200, "OK", Headers(), b"secret", "https://api.fastly.com/x")
    assert "<200 OK, 6 bytes, of https://api.fastly.com/x>" == repr(response)


@pytest.mark.parametrize("options", [{}, {"_accept": CSV}], ids=["JSON", "CSV"])
def test_a_head_that_is_cut_between_headers_is_tried_again(options: dict[str, Any]) -> None:
    """An answer that ends within its head did not come whole, whatever came of it."""
    cut = raw(b"HTTP/1.1 200 OK\r\nContent-Type: text/c")
    with FaultServer(cut, cut, answer(b"a,b", headers={"Content-Type": CSV})) as server:
        with api_of(server.url, retries=1) as api, pytest.raises(ConnectionException) as caught:
            api.get_invoice("05", "2020", **options)
        assert (2, 2) == (caught.value.tries, len(server.requests))
    assert "cut short" in str(caught.value)


def test_headers_that_python_cannot_read_are_a_failed_connection() -> None:
    """A header over which the standard library's parser fails is a ConnectionException."""
    headers = {"Content-Type": "multipart/x; boundary*=a; boundary*1=b"}
    error = failure_of(raw(head(200, headers)), retries=0)
    assert ConnectionException is type(error)
    assert "headers cannot be read" in str(error)


@pytest.mark.parametrize("headers", [{"Content-Encoding": "gzip"}, {"Content-Encoding": "br"}])
def test_any_body_of_a_202_is_waited_out(headers: dict[str, str]) -> None:
    """The body of a 202 promises nothing, whatever its headers say."""
    pending = answer(b"", 202, headers | {"Retry-After": "0"})
    with FaultServer(pending) as server, api_of(server.url) as api:
        assert "mtd_invoice" == api.get_invoice_mtd("c").invoice_id


def test_a_cut_answer_keeps_what_came() -> None:
    """An answer that broke off keeps its headers and what came of its body."""
    start = head(200, {"Content-Length": "100", "X-Request-Id": "r"}) + b'{"total": '
    error = failure_of(raw(start), retries=0)
    assert (ConnectionException, "r", '{"total": ') == (type(error), error.request_id, error.body)


@pytest.mark.parametrize("charset", ["utf8", "UTF-8", "Latin1", "US-ASCII"])
def test_aliases_of_charsets(charset: str) -> None:
    """A charset is known by each of its names."""
    headers = {"Content-Type": f"text/csv; Charset={charset}"}
    assert "a,b" == answer_of(answer(b"a,b", headers=headers), options={"_accept": CSV})


@pytest.mark.parametrize("framing", ["chunked ", "\r\n chunked", "Chunked\t", " chunked"])
def test_chunks_that_are_announced_unusually(framing: str) -> None:
    """The lines that frame chunks are never handed out as a part of the body."""
    headers = {"Content-Type": CSV, "Connection": "close", "Transfer-Encoding": framing}
    fault = raw(head(200, headers) + chunks(b"a,b\r\n1,2\r\n"))
    with contextlib.suppress(ConnectionException, ResponseException):
        assert "a,b\r\n1,2\r\n" == answer_of(fault, options={"_accept": CSV}, timeout=1)


def test_a_reason_that_repeats_the_token_is_not_kept() -> None:
    """The token is taken out of the words of a status line in what is kept of the last answer."""
    headers = {"Content-Type": JSON, "Content-Length": str(len(BODY))}
    fault = whole(head(200, headers, reason=TOKEN) + BODY)
    with FaultServer(fault) as server, api_of(server.url) as api:
        api.get_invoice_by_id("c", "i")
        assert repr(api.api_client.last_response).startswith("<200 ***, headers ")


@pytest.mark.parametrize("line", ["X Y: 1", "no colon", "HTTP/1.1 200 OK", "Retry-After : 7"])
@pytest.mark.parametrize("status", [200, 429])
def test_a_line_that_is_no_header_hides_none(line: str, status: int) -> None:
    """Python's parser stops at such a line, so what stands below it, a length say, is not known."""
    answer = f"HTTP/1.1 {status} Reason\r\nContent-Type: text/csv\r\n{line}\r\n"
    fault = raw(answer.encode() + b"Content-Length: 100\r\n\r\nmonth,cost\r\n")
    with FaultServer(fault) as server:
        error = failure(server.url, {"_accept": CSV})
    words = "HTTPException: a line among the headers is no header"
    assert (ConnectionException, words) == (type(error), error.reason)


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("mailto:x", "redirected to 'mailto:x', which is no http(s) URL"),
        ("http://[::1", "redirected to 'http://[::1', which is no http(s) URL"),
        ("https:", "redirected to 'https:', which is no http(s) URL"),
        ("http://h:99999/", "redirected to 'http://h:99999/', which is no http(s) URL"),
    ],
)
def test_a_redirect_to_nowhere(location: str, reason: str) -> None:
    """A redirect to what is no URL of HTTP is not followed, and says so."""
    with FaultServer(redirect(location)) as server:
        assert reason == failure(server.url).reason


def test_an_unasked_answer_over_tls_reaches_no_other_call(
    authority: trustme.CA, roots: str, tls: ssl.SSLContext
) -> None:
    """What TLS has decrypted beyond an answer is never taken for the next one."""
    unasked = answer_bytes(json.dumps({"invoice_id": "UNASKED"}).encode())
    padded = answer_bytes(BODY, headers={"X": ""})
    fill = "x" * (8192 - len(padded))
    first = answer_bytes(BODY, headers={"X": fill})
    assert 8192 == len(first)
    with (
        FaultServer(whole(first + unasked), tls=tls) as server,
        api_of(server.url, ssl_ca_cert=roots) as api,
    ):
        found = [api.get_invoice_by_id("c", "i").invoice_id for _ in range(2)]
    assert (["i", "i"], 2) == (found, server.connections)


@pytest.mark.parametrize(("kind", "body"), [(CSV, b"month,cost\r\n05,1.5"), (PDF, b"%PDF-1.4 cut")])
def test_an_end_that_tls_does_not_vouch_for_is_none(
    kind: str, body: bytes, tls: ssl.SSLContext, roots: str
) -> None:
    """A body without a length whose connection breaks off under TLS is not whole."""

    def break_off(wire: Wire) -> None:
        wire.send(head(200, {"Content-Type": kind, "Connection": "close"}) + body)
        with socket.socket(fileno=os.dup(wire.sock.fileno())) as below:
            below.shutdown(socket.SHUT_RDWR)

    with FaultServer(choose=lambda: Fault("break off", break_off), tls=tls) as server:
        error = failure(server.url, {"_accept": kind}, ssl_ca_cert=roots)
    assert (ConnectionException, body.decode()) == (type(error), error.body)


def test_two_equal_lengths_are_one(tls: ssl.SSLContext) -> None:
    """A length that is said twice brings the body at once."""
    headers = {"Content-Type": JSON, "Content-Length": f"{len(BODY)}, {len(BODY)}"}
    with lasting(0, SLACK):
        assert "i" == answer_of(whole(head(200, headers) + BODY), timeout=2).invoice_id


def test_a_moment_that_has_passed_asks_for_no_pause_and_gets_one() -> None:
    """Tries after a reset time that has passed are spread by the backoff, and not made at once."""
    passed = limited({"Fastly-RateLimit-Reset": str(int(time.time()) - 1)})
    with FaultServer(passed) as server, lasting(0.25, 0.5 + SLACK):
        assert "i" == ask(server.url, retries=1).invoice_id


def test_a_policy_may_shorten_retry_after() -> None:
    """``retry_after_max`` of a policy bounds what the API asks for."""
    policy = urllib3.Retry(1, status_forcelist=[503], retry_after_max=0)
    with FaultServer(failing(503, {"Retry-After": "30"})) as server, lasting(0, SLACK):
        assert "i" == ask(server.url, retries=policy).invoice_id


def test_redirects_share_the_seconds_to_read() -> None:
    """The second number of a pair bounds a try with its redirects, also over new connections."""
    slow = late(0.25, redirect("{target}"))
    with FaultServer(choose=lambda: slow) as server, lasting(0.4, 0.5 + SLACK):
        error = failure(server.url, {"_request_timeout": (0.4, 0.5)})
    assert (TimeoutException, 2) == (type(error), len(server.requests))


def test_a_log_holds_nothing_that_a_terminal_acts_upon(caplog: pytest.LogCaptureFixture) -> None:
    """What a server sends reaches the log without control characters, in one line each."""
    evil = b"HTTP/1.1 \x1b[2J\rINFO all is well\r\n\r\n"
    with (
        caplog.at_level("DEBUG", "fastly"),
        FaultServer(raw(evil), redirect("/\x1b[2J")) as server,
    ):
        error = failure(server.url, retries=AGAIN)
    assert "redirected to '/\\x1b[2J', which is no http(s) URL" == error.reason
    messages = [record.getMessage() for record in caplog.records if record.name == "fastly"]
    assert 3 == len(messages)
    assert all(message.isprintable() for message in messages)


def test_a_closed_client_is_not_waited_for() -> None:
    """A call that finds its client closed is not tried again."""
    with FaultServer() as server, api_of(server.url, retries=3) as api:
        api.api_client.rest_client.close()
        with lasting(0, 0.2), pytest.raises(ConnectionException) as caught:
            api.get_invoice_by_id("c", "i")
    error = caught.value
    assert (1, "the client was closed during the call") == (error.tries, error.reason)
    assert f"{server.url}/billing/v2/account_customers/c/invoices/i" == error.url


ORIGINS = [
    ("https://a.example/x", "https://a.example:443"),
    ("https://A.example:443", "https://a.example:443"),
    ("https://a.example:80/x?y", "https://a.example:80"),
    ("http://a.example", "http://a.example:80"),
    ("http://user@a.example:8080/#x", "http://a.example:8080"),
]


@pytest.mark.parametrize(("url", "origin"), ORIGINS)
def test_an_origin_has_a_port(url: str, origin: str) -> None:
    """An origin is scheme, host and port, and the port is the scheme's where none is written."""
    assert origin == origin_of(url)


@pytest.mark.parametrize(
    ("key", "secret"),
    [
        ("0123456789", "0123456789"),
        ("01234567", "01234567"),
        ("0123456", ""),
        ("Fastly-Custom-Scheme 0123456789", "0123456789"),
        ("Bearer short", ""),
        ("", ""),
    ],
)
def test_what_of_a_key_is_secret(key: str, secret: str) -> None:
    """The token is what stands last in its header, if it is long enough to be told from words."""
    assert secret == secret_in(key)


def test_a_token_among_an_answers_names_is_masked_everywhere() -> None:
    """A token that an answer has for a name is in no path, cause or pickle of the error."""
    body = json.dumps({"regions": {TOKEN: 5}}).encode()
    error = failure_of(answer(body))
    assert ("regions['***']", "***" in str(error.body)) == (error.path, True)
    shown = "".join(traceback.format_exception(error)) + repr(pickle.dumps(error))
    assert TOKEN not in shown + repr(vars(error.__cause__))


def test_a_token_in_a_cut_chunk_is_masked() -> None:
    """What came of a chunk that was cut is kept in the error, and masked in its causes too."""
    fault = raw(chunked_bytes(f"{TOKEN} {TOKEN}".encode())[:-12])
    error = failure_of(fault)
    assert "***" in str(error.body)
    chain, link = [], error
    while link is not None:
        chain.append(repr(vars(link)) + repr(link.args))
        link = link.__cause__ or link.__context__
    assert TOKEN not in "".join(chain)


def test_a_connection_that_changed_its_protocol_serves_no_more() -> None:
    """After a 101, which was not asked for, the next call opens a connection of its own."""
    switch = whole(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n")
    with FaultServer(switch, good()) as server, api_of(server.url) as api:
        with pytest.raises(ApiException) as caught:
            api.get_invoice_by_id("c", "i")
        assert (101, "Switching Protocols") == (caught.value.status, caught.value.reason)
        assert "i" == api.get_invoice_by_id("c", "i").invoice_id
    assert 2 == server.connections


TOLD = [
    (foreign.ReadTimeoutError(None, "/", "x"), "the answer took too long"),
    (TimeoutError("timed out"), "the answer took too long"),
    (
        foreign.ProtocolError("x", http.client.RemoteDisconnected("y")),
        "the connection was closed without an answer",
    ),
    (
        foreign.ProtocolError("x", http.client.IncompleteRead(b"abc", 4)),
        "the answer was cut short: IncompleteRead(3 bytes read, 4 more expected)",
    ),
    (foreign.ProxyError("x", OSError(5, "y")), "the proxy failed: OSError: [Errno 5] y"),
    (ValueError("z"), "ValueError: z"),
]


@pytest.mark.parametrize(("error", "words"), TOLD)
def test_the_words_for_what_happened(error: Exception, words: str) -> None:
    """What really happened is told in words, whatever it was wrapped in."""
    assert words == translated(error, "https://x/").reason


def test_headers_of_a_request_show_their_names() -> None:
    """The headers of a request show no value, nor do those of their copy."""
    headers = SecretHeaders({"Fastly-Key": TOKEN, "Accept": JSON})
    assert "<headers Fastly-Key, Accept>" == repr(headers) == repr(headers.copy())


def test_a_reset_within_the_second_is_one() -> None:
    """A moment that is less than a second away is still waited for."""
    while time.time() % 1 > 0.7:  # else it might pass meanwhile
        time.sleep(0.05)
    left = retry_after(429, Headers({"Fastly-RateLimit-Reset": str(int(time.time()) + 1)}))
    assert left is not None
    assert 0 < left <= 1


def test_of_a_body_that_is_too_large_some_is_kept() -> None:
    """Of a body that is larger than is allowed, the first 64 KiB are in the error."""
    body = b"a,b\r\n" * 20 * 1024
    with FaultServer(answer(body, headers={"Content-Type": CSV})) as server:
        error = failure(server.url, {"_accept": CSV}, max_response_bytes=90 * 1024)
    assert "the body is larger than max_response_bytes, 92160 bytes" == error.reason
    assert body[: 64 * 1024].decode() == error.body
    assert f"{server.url}/billing/v2/account_customers/c/invoices/i" == error.url


def test_a_policy_decides_by_what_was_asked() -> None:
    """A policy of one's own is told what was asked, and whether the API asked for a pause."""
    told: list[tuple[Any, ...]] = []

    class Telling(urllib3.Retry):
        def increment(self, method: Any = None, url: Any = None, *args: Any, **kwargs: Any) -> Any:
            told.append((method, url))
            return super().increment(method, url, *args, **kwargs)

    with FaultServer(failing(503, AT_ONCE), failing(503), reset_before_head()) as server:
        assert 503 == failure(server.url, retries=Telling(3)).status
        assert 2 == len(server.requests)
        assert "i" == ask(server.url, retries=Telling(3)).invoice_id
    url = f"{server.url}/billing/v2/account_customers/c/invoices/i"
    assert [("GET", url), ("GET", url)] == told


def test_a_retry_is_logged_with_its_reason(caplog: pytest.LogCaptureFixture) -> None:
    """At INFO, a retry after a failed connection tells what failed."""
    with caplog.at_level("INFO", "fastly"), FaultServer(closed_before_head()) as server:
        ask(server.url, retries=AGAIN)
    url = f"{server.url}/billing/v2/account_customers/c/invoices/i"
    words = "the connection was closed without an answer"
    assert [f"retrying {url} in 0.00 s after: {words}"] == caplog.messages


def test_a_retry_is_logged_without_the_token(caplog: pytest.LogCaptureFixture) -> None:
    """Garbage that repeats the token is masked before the log tells of the retry."""
    with (
        caplog.at_level("DEBUG", "fastly"),
        FaultServer(garbage(f"{TOKEN}\r\n".encode())) as server,
    ):
        ask(server.url, retries=AGAIN)
    assert 3 == len(caplog.messages)
    assert TOKEN not in caplog.text
    assert "***" in caplog.messages[0]
    assert "***" in caplog.messages[1]


def test_headers_are_copied_only_to_mask_them() -> None:
    """Headers without the token stay what they are, and all values that hold it are masked."""
    headers = Headers({"A": "x", "B": f"y {TOKEN}"})
    assert headers is masked_headers(headers, "")
    assert headers is masked_headers(headers, "another-token")
    assert {"A": "x", "B": "y ***"} == dict(masked_headers(headers, TOKEN))
    assert {"A": "***"} == dict(masked_headers(Headers({"A": TOKEN}), TOKEN))


def test_the_token_is_masked_in_all_that_causes_keep() -> None:
    """What exceptions of json, codecs and http.client keep beside their words is masked too."""
    error = ResponseException(200, "x", body=f"<{TOKEN}>", headers={})
    unread = json.JSONDecodeError("no JSON", f"<{TOKEN}>", 0)
    undecoded = UnicodeDecodeError("utf-8", b"\xff" + TOKEN.encode(), 0, 1, "no text")
    status, cut = http.client.BadStatusLine(TOKEN), http.client.IncompleteRead(TOKEN.encode(), 4)
    wrong = ApiTypeError("no number", ["regions", TOKEN, 1])
    links: list[BaseException] = [error, unread, undecoded, status, cut, wrong]
    for link, cause in pairwise(links):
        link.__cause__ = cause
    mask(error, TOKEN)
    assert ("<***>", "<***>", b"\xff***") == (error.body, unread.doc, undecoded.object)
    assert ("***", b"***") == (status.line, cut.partial)
    assert ("regions", "***", 1) == wrong.path_to_item
    assert TOKEN not in "".join(traceback.format_exception(error))


def test_an_estimate_that_is_accepted_without_a_word() -> None:
    """A 202 without a reason is told in a whole sentence."""
    fault = whole(head(202, {"Content-Length": "0"}, reason=""))
    with (
        FaultServer(fault) as server,
        api_of(server.url) as api,
        pytest.raises(EstimatePendingException) as caught,
    ):
        api.get_invoice_mtd("c", _wait=0)
    assert "Accepted, and still being made after 0.0 s" == caught.value.reason


def test_all_paths_of_an_origin_share_its_connections() -> None:
    """Calls of different operations use the same connection."""
    with FaultServer() as server, api_of(server.url) as api:
        api.get_invoice(5, 2020)
        api.get_invoice_by_id("c", "i")
        api.get_invoice_mtd("c")
    assert (1, 3) == (server.connections, len(server.requests))


@pytest.mark.parametrize(
    ("server", "timeout", "words"),
    [
        (Unaccepting, (0.3, 5), "connecting took too long"),
        (lambda: FaultServer(stall()), (5, 0.3), "the answer took too long"),
    ],
    ids=["connecting", "reading"],
)
def test_connections_of_a_recorder_are_bounded(
    server: Any, timeout: Any, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Connections of a class that recorders put into urllib3's pools keep the time, too."""

    class Theirs(HTTPConnection):
        pass

    monkeypatch.setattr(HTTPConnectionPool, "ConnectionCls", Theirs)
    with server() as listening, lasting(0.28, 0.6):
        error = failure(listening.url, timeout=timeout)
    assert (TimeoutException, words) == (type(error), error.reason)


def cause_of(url: str, **settings: Any) -> Any:
    """Ask in vain; return what urllib3 raised."""
    return failure(url, **settings).__cause__


def test_the_cause_of_a_refused_connection() -> None:
    """The cause names the connection, and says what the system said."""
    with Refusing() as port:
        words = str(cause_of(port.url))
    assert f"Connection(host='127.0.0.1', port={port.port}): " in words
    assert words.endswith("Connection refused")


def test_the_cause_of_an_unknown_name() -> None:
    """The cause names the host that could not be looked up, and says why not."""
    words = str(cause_of("https://billing.invalid"))
    assert "Connection(host='billing.invalid', port=443): Failed to resolve 'billing.inv" in words
    assert "[Errno" in words


@pytest.mark.parametrize(
    ("server", "scheme"),
    [(Unaccepting, "http"), (lambda: FaultServer(stall_at_connect()), "https")],
)
def test_the_cause_of_connecting_too_long(server: Any, scheme: str) -> None:
    """The cause holds the connection, in the handshake of TLS too."""
    with server() as listening:
        cause = cause_of(f"{scheme}://127.0.0.1:{listening.port}", timeout=(0.2, 5))
    connection, words = cause.args
    assert ("127.0.0.1", "timed out") == (connection.host, words)


def test_socket_options_are_set_under_tls(tls: ssl.SSLContext, roots: str) -> None:
    """An option that the system does not know ends a call of https, so it was asked for."""
    unknown = (socket.SOL_SOCKET, 9999, 1)
    with FaultServer(tls=tls) as server:
        error = failure(server.url, ssl_ca_cert=roots, socket_options=[unknown])
    assert "cannot connect: [Errno 92] Protocol not available" == error.reason


def test_chunks_that_are_not_seen_as_such_are_told() -> None:
    """A body whose frames http.client would hand out is refused by the words of its header."""
    fault = raw(head(200, {"Content-Type": CSV, "Transfer-Encoding": "chunked "}) + chunks(b"a"))
    with FaultServer(fault) as server:
        assert "HTTPException: Transfer-Encoding is 'chunked '" == failure(server.url).reason
