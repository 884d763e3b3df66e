"""A call ends within its timeout, whatever the server does."""

from __future__ import annotations

import re
import ssl
from typing import Any

import pytest
from calls import SHORT, api_of, ask, failure, failure_of, lasting
from faults import (
    Fault,
    FaultServer,
    Unaccepting,
    accepted,
    drip_body,
    drip_chunks,
    drip_head,
    failing,
    head,
    late,
    limited,
    redirect,
    slow_faults,
    stall,
    stall_at_connect,
    stall_in_body,
)

from fastly.exceptions import (
    ApiValueError,
    EstimatePendingException,
    NotFoundException,
    RateLimitException,
    ServiceException,
    TimeoutException,
)

SLOW = [
    *slow_faults(),
    stall_at_connect(),
    stall(b"HTTP/1.1 100 Continue\r\n\r\n", "stall after 100"),
]


@pytest.mark.parametrize("fault", SLOW, ids=lambda fault: fault.name)
def test_a_call_ends_within_its_time_whatever_drips_or_stalls(fault: Fault) -> None:
    """A single number limits the whole call with its retries, however slowly bytes arrive."""
    with FaultServer(choose=lambda: fault) as server, lasting(SHORT * 0.9):
        error = failure(server.url, {"_request_timeout": SHORT}, retries=3)
    assert (TimeoutException, None) == (type(error), error.status)


@pytest.mark.parametrize(
    "fault", [drip_head(), drip_chunks(), stall_in_body()], ids=lambda fault: fault.name
)
def test_seconds_to_read_bound_a_whole_answer(fault: Fault) -> None:
    """The read timeout limits a response from the request to its last byte."""
    with FaultServer(choose=lambda: fault) as server, lasting(0.25):
        error = failure(server.url, {"_request_timeout": (60, 0.3)})
    assert TimeoutException is type(error)


@pytest.mark.parametrize(("timeout", "most"), [(0.3, 0.3), ((0.3, 30), 0.3), ((30, 30), 0.3)])
def test_connecting_keeps_the_time(timeout: Any, most: float) -> None:
    """A server that does not accept the connection uses up only the connect timeout."""
    whole = {"timeout": (0.3, 30)} if timeout == (30, 30) else {}
    options = {} if whole else {"_request_timeout": timeout}
    with Unaccepting() as server, lasting(most * 0.9):
        error = failure(server.url, options, **whole)
    words = "connecting took too long (limit: 0.3 s)"
    assert (TimeoutException, words) == (type(error), error.reason)


def test_the_configuration_bounds_connecting_for_a_whole_call() -> None:
    """For a call with a single number, the configuration's connect timeout still applies."""
    with Unaccepting() as server, lasting(0.25):
        error = failure(server.url, {"_request_timeout": 60}, timeout=(0.3, 60))
    words = "connecting took too long (limit: 0.3 s)"
    assert (TimeoutException, words) == (type(error), error.reason)


def test_a_pair_bounds_each_try() -> None:
    """``(connect, read)`` limits each attempt by itself."""
    with FaultServer(choose=stall) as server, lasting(0.4):
        error = failure(server.url, {"_request_timeout": (1, 0.2)}, retries=1)
    assert (2, 2, TimeoutException) == (len(server.requests), error.tries, type(error))


def test_sleeps_before_retries_count() -> None:
    """Backoffs count towards the timeout of the call."""
    with FaultServer(choose=failing) as server, lasting():
        error = failure(server.url, {"_request_timeout": 0.6}, retries=50)
    assert type(error) in (ServiceException, TimeoutException)  # during a wait or an attempt
    assert 3 >= len(server.requests)


def test_a_wait_that_does_not_fit_is_not_begun() -> None:
    """A Retry-After beyond the call's timeout raises the API's error at once."""
    with lasting():
        error = failure_of(limited({"Retry-After": "50"}), timeout=40.0, retries=3)
    assert (RateLimitException, 50.0, 1) == (type(error), error.retry_after, error.tries)


def test_slow_redirects_share_the_time() -> None:
    """Slow redirects share the call's timeout."""
    slow = late(SHORT / 2, redirect("{target}"))
    with FaultServer(choose=lambda: slow) as server, lasting(SHORT * 0.9):
        error = failure(server.url, {"_request_timeout": SHORT})
    assert TimeoutException is type(error)


@pytest.mark.parametrize("retry_after", [None, "1"])
def test_an_estimate_that_is_never_made_ends_with_the_time(retry_after: str | None) -> None:
    """Polling a 202 that never ends stops at the call's timeout."""
    pending = accepted(retry_after)
    with (
        FaultServer(choose=lambda: pending) as server,
        api_of(server.url) as api,
        lasting(),
        pytest.raises(EstimatePendingException) as caught,
    ):
        api.get_month_to_date_invoice(_request_timeout=1.5)
    error = caught.value
    assert 202 == error.status
    assert re.fullmatch(r"Reason, still pending after \d+\.\d s", str(error.reason))
    assert TimeoutException.advice == error.advice
    assert len(server.requests) == error.tries


@pytest.mark.parametrize("fault", [stall(), drip_body(), stall_at_connect()], ids=lambda f: f.name)
@pytest.mark.parametrize("scheme", ["https", "HTTPS"])
def test_tls_keeps_the_time(fault: Fault, scheme: str, tls: ssl.SSLContext, roots: str) -> None:
    """Over TLS, neither the handshake nor the response exceeds the call's timeout."""
    with FaultServer(choose=lambda: fault, tls=tls) as server:
        if fault.at_connect:
            server._script.append(fault)
        url = server.url.replace("https", scheme)
        with lasting(SHORT * 0.9):
            error = failure(url, {"_request_timeout": SHORT}, ssl_ca_cert=roots)
    assert TimeoutException is type(error)


def test_an_error_whose_body_stalls_is_still_that_error() -> None:
    """If the body of an error stalls, its status and what was received are kept."""
    start = head(404, {"Content-Length": "100"}) + b'{"msg": "Record not'
    with lasting():
        error = failure_of(stall(start), timeout=SHORT)
    assert (NotFoundException, '{"msg": "Record not') == (type(error), error.body)


@pytest.mark.parametrize("timeout", [1e10, (1e10, 1e10), 10**400, 1e308])
def test_a_time_beyond_the_clock_is_refused(timeout: Any) -> None:
    """A number of seconds that no clock can count raises ApiValueError, and nothing is sent."""
    with FaultServer() as server, pytest.raises(ApiValueError, match="at most 31622400 seconds"):
        ask(server.url, {"_request_timeout": timeout})
    assert 0 == server.connections


def test_redirects_share_the_seconds_to_read() -> None:
    """The read timeout limits an attempt with its redirects, even over new connections."""
    slow = late(0.25, redirect("{target}"))
    with FaultServer(choose=lambda: slow) as server, lasting(0.4):
        error = failure(server.url, {"_request_timeout": (0.4, 0.5)})
    assert TimeoutException is type(error)
    assert len(server.requests) <= 2
