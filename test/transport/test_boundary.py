"""Exceptions of the libraries below become exceptions of this package."""

from __future__ import annotations

import copy
import gzip
import http.client
import json
import pickle
import re
import socket
import ssl
import sys
import urllib.error
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3
from calls import AGAIN, SHORT, TOKEN, api_of, ask, failure, failure_of
from faults import (
    BODY,
    Fault,
    FaultServer,
    Refusing,
    Unaccepting,
    answer,
    answer_bytes,
    broken_chunks,
    chunked_bytes,
    closed_before_head,
    cut_body,
    failing,
    garbage,
    good,
    head,
    huge_line,
    many_headers,
    raw,
    redirect,
    reset_before_head,
    reset_in_body,
    reset_in_head,
    stall_at_connect,
    stall_in_body,
    two_lengths,
    whole,
    wrong_length,
)
from urllib3 import exceptions as foreign
from urllib3.connectionpool import HTTPConnectionPool

import fastly
from fastly._transport.boundary import root_cause, translated
from fastly._transport.deadline import Deadline
from fastly.api.billing_invoices_api import BillingInvoicesApi
from fastly.exceptions import (
    ApiException,
    ApiValueError,
    ConnectionException,
    NotFoundException,
    TimeoutException,
)
from fastly.testing import BillingServer

FOREIGN_BASES = (foreign.HTTPError, http.client.HTTPException, ssl.SSLError, OSError)


# Arguments of the constructors that need more than a message.
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


DEADLINE = Deadline.of((5, 2.5), 5)  # without a limit for the whole call, so it never ends

# The messages for exceptions that have none of their own.
WORDS: dict[type[BaseException], str] = {
    foreign.ClosedPoolError: "the client was closed during the call",
    foreign.HeaderParsingError: "a line among the headers is not a header",
    foreign.ConnectTimeoutError: "connecting took too long (limit: 5 s)",
    foreign.NewConnectionError: "cannot connect: ",
    foreign.NameResolutionError: "cannot resolve the host name: ",
    foreign.IncompleteRead: "the response was truncated: ",
    foreign.TimeoutError: "the response took too long (limit: 2.5 s)",
    TimeoutError: "the response took too long (limit: 2.5 s)",
    http.client.RemoteDisconnected: "the connection was closed without a response",
    http.client.IncompleteRead: "the response was truncated: ",
}


def below(kind: type[BaseException]) -> Iterator[type[BaseException]]:
    """Yield a class and its subclasses, without those of the tests' own tools."""
    yield kind
    for derived in kind.__subclasses__():
        if derived.__module__.split(".")[0] in {*sys.stdlib_module_names, "urllib3"}:
            yield from below(derived)


FOREIGN = sorted({kind for base in FOREIGN_BASES for kind in below(base)}, key=repr)


def made(kind: type[BaseException]) -> Exception:
    """Create an instance, without the constructor if its arguments are unknown."""
    try:
        error = kind(*ARGUMENTS.get(kind, ("made up",)))
    except TypeError:
        error = kind.__new__(kind, "made up")
    assert isinstance(error, Exception)
    if isinstance(error, urllib.error.HTTPError):
        error.close()  # Python 3.14 and later warn otherwise
    return error


def words_for(kind: type[BaseException]) -> str:
    """Return what the message for an exception of a class must contain."""
    return next((WORDS[parent] for parent in kind.__mro__ if parent in WORDS), "made up")


def is_timeout(kind: type[BaseException]) -> bool:
    """Return whether a class stands for a timeout; a refused connection does not."""
    timeouts = (foreign.TimeoutError, TimeoutError)
    return issubclass(kind, timeouts) and not issubclass(kind, foreign.NewConnectionError)


def check_translated(error: Exception, kind: type[BaseException]) -> None:
    """Assert what is true of every translated exception."""
    ours = translated(error, "http://127.0.0.1/x", DEADLINE)
    expected = TimeoutException if is_timeout(kind) else ConnectionException
    assert (expected, None, "http://127.0.0.1/x") == (type(ours), ours.status, ours.url)
    assert words_for(kind) in str(ours)
    assert "Max retries exceeded" not in str(ours)
    copies = pickle.loads(pickle.dumps(ours)), copy.deepcopy(ours)
    assert [str(ours)] * 2 == [str(other) for other in copies]


@pytest.mark.parametrize("kind", FOREIGN, ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
def test_no_foreign_exception_has_no_translation(kind: type[BaseException]) -> None:
    """Every exception of the libraries becomes ours, with a message that says what happened."""
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
    """An exception that urllib3 wraps keeps its message and whether it is a timeout."""
    for kind in FOREIGN:
        check_translated(wrap(made(kind)), kind)


def test_a_retry_error_without_a_reason_is_translated() -> None:
    """A RetryError without a reason becomes ours too."""
    assert isinstance(
        translated(foreign.MaxRetryError(None, "/"), "/", DEADLINE), ConnectionException
    )
    assert root_cause(None) is None


NO_ANSWER = [
    (reset_before_head(), "Connection reset by peer"),
    (reset_in_head(), "Connection reset by peer"),
    (reset_in_body(), "Connection reset by peer"),
    (closed_before_head(), "the connection was closed without a response"),
    (cut_body(), "response was truncated"),
    (wrong_length(5), "response was truncated"),
    (broken_chunks(7), "response was truncated"),
    (broken_chunks(0, b"zz"), "response was truncated"),
    (broken_chunks(0, b"-1\r\n"), "the response was truncated: IncompleteRead(0 bytes read)"),
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
    """A truncated response raises ConnectionException with the reason and its cause."""
    error = failure_of(fault)
    assert (ConnectionException, None) == (type(error), error.status)
    assert words in error.reason
    assert error.__cause__ is not None
    assert "Max retries" not in str(error)


SLOW_ENDS = [stall_in_body(), reset_in_body(), raw(chunked_bytes()[:-30]), cut_body(len(BODY) // 2)]


@pytest.mark.parametrize("fault", SLOW_ENDS, ids=lambda fault: fault.name)
def test_what_came_before_an_answer_broke_off_is_kept(fault: Fault) -> None:
    """The error keeps half a body, whether it was truncated, reset or stalled."""
    with FaultServer(fault) as server:
        error = failure(server.url, timeout=SHORT)
    assert isinstance(error, ConnectionException)
    assert f"{server.url}/billing/v3/invoices/i" == error.url
    assert isinstance(error.body, str)
    assert 20 < len(error.body) < len(BODY)
    assert BODY.decode().startswith(error.body)


def test_what_came_of_an_errors_body_is_joined() -> None:
    """The body of an error that arrives in pieces and then stalls is kept up to there."""
    start = head(404, {"Content-Length": "99"}) + b"abc"
    with FaultServer(Fault("pieces", lambda wire: wire.drip(start, 0.01))) as server:
        error = failure(server.url, timeout=2)
    assert (NotFoundException, "abc") == (type(error), error.body)


def test_an_errors_long_page_is_cut_between_characters() -> None:
    """Of a long error page 64 KiB are kept as text, without half a character at the end."""
    page = ("x" + "é" * 64 * 1024).encode()
    error = failure_of(answer(page, 502, {"Content-Type": "text/html"}))
    assert "x" + "é" * (32 * 1024 - 1) == error.body
    binary = b"\xff" * 80 * 1024
    assert binary[: 64 * 1024] == failure_of(answer(binary, 502)).body


def test_a_connection_serves_on_after_an_error() -> None:
    """After an error that was read to its end, the next call reuses the connection."""
    with FaultServer(whole(answer_bytes(b"{}", 404)), good()) as server, api_of(server.url) as api:
        with pytest.raises(NotFoundException):
            api.get_invoice_by_invoice_id("i")
        assert "i" == api.get_invoice_by_invoice_id("i").invoice_id
    assert (2, 1) == (len(server.requests), server.connections)


def test_garbage_shows_as_one_line() -> None:
    """Control characters from a server do not appear in the text of the error."""
    lines = str(failure_of(garbage(b"\x1b[31mred\rno HTTP\r\n\r\n"))).splitlines()
    assert all(line.isprintable() for line in lines)


def test_a_refused_connection_says_so() -> None:
    """A port that nothing listens on raises ConnectionException that says so."""
    with Refusing() as server:
        error = failure(server.url)
    assert (ConnectionException, None) == (type(error), error.status)
    assert "Connection refused" in error.reason


def test_a_proxy_that_refuses_is_no_timeout() -> None:
    """A proxy that does not listen raises ConnectionException, not a timeout."""
    with Refusing() as proxy, FaultServer() as server:
        error = failure(server.url, proxy=proxy.url)
    assert ConnectionException is type(error)
    assert "the proxy failed: cannot connect: [Errno" in error.reason


def test_an_unknown_name_says_so() -> None:
    """An unknown host name raises ConnectionException that says so."""
    error = failure("https://fastly.invalid")
    assert ConnectionException is type(error)
    assert error.reason.startswith("cannot resolve the host name: ")


def test_http_where_tls_was_expected_says_so() -> None:
    """A server that does not speak TLS raises ConnectionException that names TLS."""
    with FaultServer(choose=garbage) as server:
        server._script.append(
            Fault("plain", lambda wire: wire.send(b"HTTP/1.1 400 \r\n\r\n"), True)
        )
        error = failure(server.url.replace("http:", "https:"))
    assert ConnectionException is type(error)
    # OpenSSL 3 has a message for it that OpenSSL 1 lacks.
    words = "WRONG_VERSION_NUMBER|HTTP_REQUEST|UNKNOWN_PROTOCOL"
    assert re.match(f"TLS failed: ({words})", str(error.reason))


@pytest.mark.parametrize("settings", ["ssl_ca_cert", "cert_file"])
def test_a_file_without_certificate_is_the_configurations_fault(
    settings: str, tmp_path: Path
) -> None:
    """A file without a certificate raises ApiValueError at once, and nothing is sent."""
    path = tmp_path / "empty.pem"
    path.write_text("no certificate")
    with pytest.raises(ApiValueError, match="certificate"):
        ask("https://127.0.0.1:1", retries=3, **{settings: str(path)})


def test_a_proxy_variable_that_is_no_url_is_the_configurations_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An invalid proxy URL in the environment raises ApiValueError, and nothing is sent."""
    monkeypatch.setenv("HTTPS_PROXY", "ht!tp://proxy")
    with pytest.raises(ApiValueError, match="HTTPS_PROXY"):
        ask("https://fastly.invalid", retries=3)


def test_a_token_in_a_default_header_of_any_case_serves() -> None:
    """With the token as a default header in any case, a failed call raises ApiException."""
    with FaultServer(choose=lambda: failing(404)) as server:
        configuration = fastly.Configuration(host=server.url, retries=0)
        client = fastly.ApiClient(configuration, "fastly-key", TOKEN)
        with client, pytest.raises(NotFoundException):
            BillingInvoicesApi(client).list_invoices(limit=1)
    assert TOKEN == server.requests[0].headers["fastly-key"]


def test_a_cut_answer_keeps_what_came() -> None:
    """The error for a truncated response keeps the headers and the received part of the body."""
    start = head(200, {"Content-Length": "100", "X-Request-Id": "r"}) + b'{"total": '
    error = failure_of(raw(start), retries=0)
    assert (ConnectionException, "r", '{"total": ') == (type(error), error.request_id, error.body)


def test_a_log_holds_nothing_that_a_terminal_acts_upon(caplog: pytest.LogCaptureFixture) -> None:
    """What a server sends is logged on one line, without control characters."""
    evil = b"HTTP/1.1 \x1b[2J\rINFO all is well\r\n\r\n"
    with (
        caplog.at_level("DEBUG", "fastly"),
        FaultServer(raw(evil), redirect("/\x1b[2J")) as server,
    ):
        error = failure(server.url, retries=AGAIN)
    assert "redirected to '/\\x1b[2J', which is not an http(s) URL" == error.reason
    messages = [record.getMessage() for record in caplog.records if record.name == "fastly"]
    assert 3 == len(messages)
    assert all(message.isprintable() for message in messages)


TOLD = [
    (foreign.ReadTimeoutError(None, "/", "x"), "the response took too long (limit: 2.5 s)"),
    (TimeoutError("timed out"), "the response took too long (limit: 2.5 s)"),
    (
        foreign.ProtocolError("x", http.client.RemoteDisconnected("y")),
        "the connection was closed without a response",
    ),
    (
        foreign.ProtocolError("x", http.client.IncompleteRead(b"abc", 4)),
        "the response was truncated: IncompleteRead(3 bytes read, 4 more expected)",
    ),
    (foreign.ProxyError("x", OSError(5, "y")), "the proxy failed: OSError: [Errno 5] y"),
    (ValueError("z"), "ValueError: z"),
]


@pytest.mark.parametrize(("error", "words"), TOLD)
def test_the_words_for_what_happened(error: Exception, words: str) -> None:
    """The message says what really happened, whatever the exception was wrapped in."""
    assert words == translated(error, "https://x/", DEADLINE).reason


def test_a_limit_of_the_system_is_not_ours() -> None:
    """If the system gave up, its message is shown."""
    error = foreign.ProtocolError("x", TimeoutError(110, "Connection timed out"))
    words = "the connection timed out: [Errno 110] Connection timed out"
    assert words == translated(error, "https://x/", DEADLINE).reason


@pytest.mark.parametrize(
    ("seconds", "limit"),
    [
        ((None, 5, 31_622_400), "31,622,400 s"),
        ((None, 5, 1 / 3), "0.333 s"),
        ((30, 5, 10), "10 s"),
        ((0, 5, 10), "0 s"),  # what ended the attempt is the call's limit
    ],
)
def test_the_limit_that_was_reached_is_named(seconds: Any, limit: str) -> None:
    """A message names the limit of the call once that is reached, else the one of an attempt."""
    reason = translated(TimeoutError("timed out"), "https://x/", Deadline(*seconds)).reason
    assert f"the response took too long (limit: {limit})" == reason


def test_an_aborted_call_without_a_limit_of_its_own() -> None:
    """An abort ends a call that has only limits of its attempts, and is translated like a limit."""
    deadline = Deadline(None, 5, 10)
    deadline.abort()
    error = translated(TimeoutError("timed out"), "https://x/", deadline)
    assert "the response took too long (limit: 10 s)" == error.reason


def cause_of(url: str, **settings: Any) -> Any:
    """Send a request that fails; return what urllib3 raised."""
    return failure(url, **settings).__cause__


def test_the_cause_of_a_refused_connection() -> None:
    """The cause names the connection, and contains the system's message."""
    with Refusing() as port:
        words = str(cause_of(port.url))
    assert f"Connection(host='127.0.0.1', port={port.port}): " in words
    assert words.endswith("Connection refused")


def test_the_cause_of_an_unknown_name() -> None:
    """The cause names the host that could not be resolved, and says why."""
    words = str(cause_of("https://billing.invalid"))
    assert "Connection(host='billing.invalid', port=443): Failed to resolve 'billing.inv" in words
    assert "[Errno" in words


@pytest.mark.parametrize(
    ("server", "scheme"),
    [(Unaccepting, "http"), (lambda: FaultServer(stall_at_connect()), "https")],
)
def test_the_cause_of_connecting_too_long(server: Any, scheme: str) -> None:
    """The cause holds the connection, also during the TLS handshake."""
    with server() as listening:
        cause = cause_of(f"{scheme}://127.0.0.1:{listening.port}", timeout=(0.2, 5))
    connection, words = cause.args
    assert ("127.0.0.1", "timed out") == (connection.host, words)


def wrap(monkeypatch: pytest.MonkeyPatch, hook: Callable[[Any], object]) -> None:
    """Call a hook with each response, as tracers do."""
    urlopen = HTTPConnectionPool.urlopen

    def traced(self: Any, *given: Any, **options: Any) -> Any:
        response = urlopen(self, *given, **options)
        hook(response)
        return response

    monkeypatch.setattr(HTTPConnectionPool, "urlopen", traced)


@pytest.mark.parametrize("zips", [False, True])
def test_a_hook_may_read_the_body(zips: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hook that reads a body with ``data``, zipped or not, changes nothing."""
    body = json.dumps({"invoice_id": "i", "account_name": "a" * 100_000}).encode()
    headers = {"Content-Encoding": "gzip"} if zips else {}
    wrap(monkeypatch, lambda response: response.data)
    with BillingServer(token=TOKEN) as server:
        server.enqueue(headers=headers, body=gzip.compress(body) if zips else body)
        assert "i" == ask(server.url).invoice_id


@pytest.mark.parametrize(
    "hook",
    [
        lambda response: response.read(),
        lambda response: response.read(5),
        lambda response: response.drain_conn(),
        lambda response: response.close(),
    ],
    ids=["read", "read(5)", "drain_conn", "close"],
)
def test_a_hook_that_takes_the_body_is_named(
    hook: Callable[[Any], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hook that reads the body or a part of it, or closes the response, is the advice."""
    wrap(monkeypatch, hook)
    with FaultServer() as server:
        error = failure(server.url)
    assert (ApiException, 200) == (type(error), error.status)
    assert "read before" in (error.reason or "")
    assert "hook" in error.advice


@pytest.mark.parametrize(
    "bug",
    [TypeError("'Secret' object is not iterable"), ValueError("2"), KeyError("k")],
    ids=repr,
)
def test_an_error_of_a_tool_is_not_a_failure_of_the_network(
    monkeypatch: pytest.MonkeyPatch, bug: Exception
) -> None:
    """An error of what wraps urllib3 says so, is chained, and is not retried."""
    calls: list[int] = []

    def broken(*_: Any, **__: Any) -> None:
        calls.append(1)
        raise bug

    monkeypatch.setattr(HTTPConnectionPool, "urlopen", broken)  # as tracers do
    error = failure("http://127.0.0.1:1", retries=3)
    assert (ApiException, None, 1) == (type(error), error.status, len(calls))
    assert "not of the network" in error.advice
    assert bug is error.__cause__
