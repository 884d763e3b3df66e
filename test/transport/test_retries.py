"""What is retried, how often, and with which backoff."""

from __future__ import annotations

import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import trustme
import urllib3
from calls import AGAIN, AT_ONCE, api_of, ask, failure, failure_of, lasting
from faults import (
    Fault,
    FaultServer,
    Refusing,
    Wire,
    answer,
    answer_bytes,
    broken_chunks,
    broken_gzip,
    closed_before_head,
    cut_body,
    failing,
    garbage,
    good,
    huge_line,
    in_seconds,
    limited,
    lying_encoding,
    many_headers,
    raw,
    reset_after_head,
    reset_at_connect,
    reset_before_head,
    reset_in_body,
    reset_in_head,
    two_lengths,
    wrong_length,
)

from fastly._transport import LONGEST_RETRY_AFTER, Headers
from fastly._transport.messages import retry_after
from fastly._transport.retries import backoff, jittered, retry_policy, seconds_before_retry
from fastly.exceptions import ConnectionException, RateLimitException, ResponseException


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_passing_statuses_are_tried_again(status: int) -> None:
    """429 and temporary 5xx are retried."""
    with FaultServer(answer(b"", status, AT_ONCE)) as server:
        assert "i" == ask(server.url, retries=1).invoice_id
    assert 2 == len(server.requests)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 410, 413, 418, 501, 505])
@pytest.mark.parametrize("headers", [{}, AT_ONCE], ids=["", "at once"])
def test_lasting_statuses_are_not_tried_again(status: int, headers: dict[str, str]) -> None:
    """Permanent statuses are raised at once, with their reason."""
    with FaultServer(choose=lambda: answer(b"", status, headers)) as server:
        error = failure(server.url, retries=3)
    assert (1, 1, status) == (len(server.requests), error.tries, error.status)
    assert (f"{server.url}/billing/v3/invoices/i", "Reason") == (
        error.url,
        error.reason,
    )


BROKEN = [
    *(reset_before_head(), reset_in_head(), reset_after_head(), reset_in_body()),
    *(closed_before_head(), cut_body(), wrong_length(5), broken_chunks(7), garbage()),
    *(broken_chunks(0, b"zz"), two_lengths(), huge_line(), many_headers()),
]


@pytest.mark.parametrize("fault", BROKEN, ids=lambda fault: fault.name)
def test_broken_answers_are_tried_again(fault: Fault) -> None:
    """Failed connections and truncated bodies are retried."""
    with FaultServer(fault) as server:
        assert "i" == ask(server.url, retries=AGAIN).invoice_id
    assert 2 == len(server.requests)


def test_a_connection_that_is_reset_at_once_is_tried_again() -> None:
    """A connection that is reset before the request was read is retried after a backoff."""
    with FaultServer(reset_at_connect()) as server, lasting(0.2):
        assert "i" == ask(server.url, retries=1).invoice_id
    assert 2 == server.connections


def test_a_port_that_refuses_is_tried_again() -> None:
    """A refused connection counts as an attempt."""
    with Refusing() as server:
        error = failure(server.url, retries=urllib3.Retry(2))
    assert (3, ConnectionException) == (error.tries, type(error))


WRONG_BODIES = [
    raw(answer_bytes(b"<html>")),
    answer(b"", 204),
    lying_encoding("br"),
]


@pytest.mark.parametrize("fault", WRONG_BODIES)
def test_wrong_bodies_are_not_tried_again(fault: Fault) -> None:
    """A complete response with an unexpected body is raised at once."""
    with FaultServer(choose=lambda: fault) as server:
        error = failure(server.url, retries=3)
    assert (1, ResponseException) == (len(server.requests), type(error))


CUT_BODIES = {
    "gzip": broken_gzip(15),
    "nothing": raw(answer_bytes(b"")),
    "an object": raw(answer_bytes(b'{"data": [{"invoice_id": "i"')),
    "a word": raw(answer_bytes(b'{"data": nul')),
    "a number": raw(answer_bytes(b'{"data": [{"monthly_transaction_amount": 12.')),
    "a text": raw(answer_bytes(b'{"data": [{"invoice_id": "IN')),
    "an escape": raw(answer_bytes(b'{"data": [{"invoice_id": "IN\\u00')),
    "a character": raw(answer_bytes('{"data": [{"invoice_id": "é'.encode()[:-1])),
}


@pytest.mark.parametrize("fault", CUT_BODIES.values(), ids=CUT_BODIES)
def test_a_body_that_ends_early_is_tried_again(fault: Fault) -> None:
    """A body that stops is truncated, whatever its framing says, and is requested again."""
    with FaultServer(fault) as server:
        assert "i" == ask(server.url, retries=1).invoice_id
        assert 2 == len(server.requests)
    with FaultServer(choose=lambda: fault) as server:
        error = failure(server.url, retries=urllib3.Retry(2))
        assert 3 == len(server.requests)
    assert (ResponseException, 200, 3) == (type(error), error.status, error.tries)
    assert "early" in error.advice


def test_an_untrusted_certificate_is_not_tried_again(tls: ssl.SSLContext) -> None:
    """An untrusted certificate is not retried."""
    with FaultServer(tls=tls) as server:
        error = failure(server.url, retries=3)
    assert (1, 1, ConnectionException) == (server.connections, error.tries, type(error))
    assert error.reason.startswith("the certificate is not trusted: ")


@pytest.mark.parametrize("name", [None, "example.com"])
def test_a_certificate_of_another_name_is_not_tried_again(
    name: str | None, authority: trustme.CA, roots: str
) -> None:
    """A certificate for another name is not retried, with or without ``assert_hostname``."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("other.example.com").configure_cert(context)
    with FaultServer(tls=context) as server:
        error = failure(server.url, retries=3, ssl_ca_cert=roots, assert_hostname=name)
    assert (1, 1, ConnectionException) == (server.connections, error.tries, type(error))
    assert [] == server.requests


@pytest.mark.parametrize(("retries", "tries"), [(0, 1), (1, 2), (2, 3)])
def test_retries_are_counted(retries: int, tries: int) -> None:
    """``retries`` is the number of attempts after the first, and ``error.tries`` counts all."""
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
    """A ``urllib3.Retry`` decides what is retried, and how often."""
    with FaultServer(choose=lambda: answer(b"", status)) as server:
        error = failure(server.url, retries=policy)
    assert (tries, status) == (len(server.requests), error.status)


@pytest.mark.parametrize("fault", [reset_before_head(), garbage(), cut_body()])
@pytest.mark.parametrize("policy", [urllib3.Retry(False), urllib3.Retry(5, read=0, other=0)])
def test_a_policy_may_forbid_tries(policy: urllib3.Retry, fault: Fault) -> None:
    """If a policy allows no more retries of a kind, the failure is raised as our exception."""
    with FaultServer(choose=lambda: fault) as server:
        error = failure(server.url, retries=policy)
    assert (1, ConnectionException) == (len(server.requests), type(error))


def test_a_policy_sets_the_pace() -> None:
    """The backoffs follow the policy's ``backoff_factor``."""
    policy = urllib3.Retry(2, status_forcelist=[503], backoff_factor=0.2)
    with FaultServer(choose=failing) as server, lasting(0.35):
        failure(server.url, retries=policy)
    assert 3 == len(server.requests)


def test_a_policy_may_overlook_retry_after() -> None:
    """With ``respect_retry_after_header=False``, the policy's backoff applies."""
    policy = urllib3.Retry(1, status_forcelist=[503], respect_retry_after_header=False)
    with FaultServer(failing(503, {"Retry-After": "30"})) as server, lasting():
        assert "i" == ask(server.url, retries=policy).invoice_id


def test_a_policy_is_not_used_up() -> None:
    """Each call starts with the whole policy of the configuration."""
    policy = urllib3.Retry(1, status_forcelist=[503])
    with (
        FaultServer(failing(), good(), failing()) as server,
        api_of(server.url, retries=policy) as api,
    ):
        assert ["i", "i"] == [api.get_invoice_by_invoice_id("i").invoice_id for _ in range(2)]
    assert policy.history == ()


WAITS = [
    ({"Retry-After": "1"}, 1.0),
    ({"Retry-After": "0.3"}, 0.3),
    ({"Retry-After": in_seconds(-100)}, 0.25),
]


@pytest.mark.parametrize(("headers", "seconds"), WAITS)
def test_retry_after_is_slept_through(headers: dict[str, str], seconds: float) -> None:
    """The next attempt starts when Retry-After has passed, and not before."""
    with FaultServer(limited(headers)) as server, lasting(seconds):
        assert "i" == ask(server.url, retries=1).invoice_id


def test_a_date_and_a_reset_time_are_slept_through() -> None:
    """Retry-After may be a date, and a 429 may have the time of its reset instead."""
    with FaultServer() as server, lasting():
        server._script.append(limited({"Retry-After": in_seconds(2)}))
        server._script.append(limited({"Fastly-RateLimit-Reset": str(int(time.time()) + 2)}))
        asked = time.time()
        assert "i" == ask(server.url, retries=2).invoice_id
        assert int(asked) + 2 <= time.time()


def test_the_first_wait_is_short() -> None:
    """Without a Retry-After, the second attempt soon follows."""
    with FaultServer(failing(503)) as server, lasting():
        assert "i" == ask(server.url, retries=1).invoice_id


def test_a_policy_can_ignore_the_api_s_wait() -> None:
    """A policy of urllib3 that does not respect Retry-After ignores a long one, too."""
    policy = urllib3.Retry(1, status_forcelist=[503], respect_retry_after_header=False)
    with FaultServer(answer(b"", 503, {"Retry-After": "1800"})) as server, lasting():
        assert "i" == ask(server.url, retries=policy).invoice_id


LONG_WAITS = [
    ({"Retry-After": "61"}, 61),
    ({"Retry-After": "99999999999999"}, 365 * 24 * 3600),
    ({"Retry-After": "a date"}, 3600),
    ({"Fastly-RateLimit-Reset": "a time"}, 3600),
]


@pytest.mark.parametrize(("headers", "seconds"), LONG_WAITS)
def test_a_long_retry_after_is_raised(headers: dict[str, str], seconds: float) -> None:
    """A Retry-After of more than 60 s raises at once, with ``retry_after``."""
    moments = {"a date": in_seconds(3600), "a time": str(int(time.time()) + 3600)}
    sent = {name: moments.get(value, value) for name, value in headers.items()}
    with FaultServer(choose=lambda: limited(sent)) as server, lasting():
        error = failure(server.url, retries=3)
    assert pytest.approx(seconds, abs=60) == error.retry_after
    assert (1, RateLimitException) == (len(server.requests), type(error))
    assert error.retry_after > LONGEST_RETRY_AFTER


def test_the_pauses_double_up_to_eight_seconds() -> None:
    """The backoff is 0.5 s after the first failure, and doubles up to 8 s."""
    table = {1: 0.5, 2: 1.0, 3: 2.0, 4: 4.0, 5: 8.0, 6: 8.0, 100: 8.0, 5000: 8.0}
    assert table == {failures: backoff(failures) for failures in table}


def test_jitter_spreads_over_the_upper_half() -> None:
    """A backoff with jitter is between half of it and all of it, and differs each time."""
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
    """Seconds, a date or a reset time become seconds from now; anything else is ignored."""
    assert seconds == retry_after(status, Headers(headers))


@pytest.mark.parametrize("status", [429, 503])
def test_a_date_is_read_as_seconds_from_now(status: int) -> None:
    """An HTTP date becomes the number of seconds until then."""
    headers = Headers({"Retry-After": in_seconds(30)})
    assert pytest.approx(30, abs=2) == retry_after(status, headers)


def test_a_moment_that_has_passed_asks_for_no_pause_and_gets_one() -> None:
    """After a reset time in the past, retries use the usual backoff."""
    passed = limited({"Fastly-RateLimit-Reset": str(int(time.time()) - 1)})
    with FaultServer(passed) as server, lasting(0.25):
        assert "i" == ask(server.url, retries=1).invoice_id


def test_a_policy_may_shorten_retry_after() -> None:
    """``retry_after_max`` of a policy limits Retry-After."""
    policy = urllib3.Retry(1, status_forcelist=[503], retry_after_max=0)
    with FaultServer(failing(503, {"Retry-After": "30"})) as server, lasting():
        assert "i" == ask(server.url, retries=policy).invoice_id


def test_a_closed_client_is_not_waited_for() -> None:
    """A call whose client is closed is not retried."""
    with FaultServer() as server, api_of(server.url, retries=3) as api:
        client = api.api_client
        client._rest_client(client._resources(), f"{server.url}/").close()
        with pytest.raises(ConnectionException) as caught:
            api.get_invoice_by_invoice_id("i")
    error = caught.value
    assert (1, "the client was closed during the call") == (error.tries, error.reason)
    assert f"{server.url}/billing/v3/invoices/i" == error.url


def test_a_reset_within_the_second_is_one() -> None:
    """A reset time less than a second away is still waited for."""
    while time.time() % 1 > 0.7:  # otherwise it might pass before the assertion
        time.sleep(0.05)
    left = retry_after(429, Headers({"Fastly-RateLimit-Reset": str(int(time.time()) + 1)}))
    assert left is not None
    assert 0 < left <= 1


def test_a_policy_decides_by_what_was_asked() -> None:
    """A user's policy is given the request, and whether the response has a Retry-After."""
    told: list[tuple[Any, ...]] = []

    class Telling(urllib3.Retry):
        def increment(self, method: Any = None, url: Any = None, *args: Any, **kwargs: Any) -> Any:
            told.append((method, url))
            return super().increment(method, url, *args, **kwargs)

    with FaultServer(failing(503, AT_ONCE), failing(503), reset_before_head()) as server:
        assert 503 == failure(server.url, retries=Telling(3)).status
        assert 2 == len(server.requests)
        assert "i" == ask(server.url, retries=Telling(3)).invoice_id
    url = f"{server.url}/billing/v3/invoices/i"
    assert [("GET", url), ("GET", url)] == told


def test_a_retry_is_logged_with_its_reason(caplog: pytest.LogCaptureFixture) -> None:
    """A retry after a failed connection is logged at INFO with its reason."""
    with caplog.at_level("INFO", "fastly"), FaultServer(closed_before_head()) as server:
        ask(server.url, retries=AGAIN)
    url = f"{server.url}/billing/v3/invoices/i"
    words = "the connection was closed without a response"
    assert [f"retrying {url} in 0.00 s after: {words}"] == caplog.messages


def test_clients_that_were_told_to_wait_come_back_spread_out() -> None:
    """16 calls with the same Retry-After of half a second do not all retry at once."""
    returned: list[float] = []

    def note(wire: Wire) -> None:
        returned.append(time.monotonic())
        good().act(wire)

    script = [limited({"Retry-After": "0.5"})] * 16
    with FaultServer(*script, choose=lambda: Fault("note", note)) as server:
        started = time.monotonic()
        with api_of(server.url, retries=3) as api, ThreadPoolExecutor(16) as threads:
            list(threads.map(lambda _: api.get_invoice_by_invoice_id("i"), range(16)))
    assert min(returned) - started >= 0.5
    assert max(returned) - min(returned) > 0.1


def test_jitter_leaves_time_for_the_attempt() -> None:
    """Jitter added to a Retry-After never uses up the call's time."""
    error = RateLimitException(429, "x", retry_after=1.0)
    policy = retry_policy(3)
    for _ in range(200):
        assert 1 <= seconds_before_retry(policy, error, 1.01) <= 1.005


@pytest.mark.parametrize("fault", [raw(b"x" * 60_000 + b"\r\n\r\n"), answer(b"", 500)])
def test_a_long_reason_is_shortened(fault: Fault) -> None:
    """A reason phrase of 64 KiB is truncated in the error's reason and text."""
    line = b"HTTP/1.1 500 " + b"y" * 60_000 + b"\r\nContent-Length: 0\r\n\r\n"
    for said in (fault, raw(line)):
        error = failure_of(said)
        assert (True, True) == (len(error.reason or "") < 400, len(str(error)) < 1000)
