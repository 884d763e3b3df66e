"""Connections are reused unless that could harm the next call."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
from typing import Any

import pytest
import trustme
from calls import AGAIN, api_of, failure, lasting
from faults import (
    BODY,
    FaultServer,
    Unaccepting,
    answer_bytes,
    every_fault,
    good,
    stall,
    whole,
)
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool

from fastly.exceptions import ApiException, ApiTypeError, ApiValueError, TimeoutException


def test_no_fault_leaves_a_connection_that_harms_the_next_call() -> None:
    """After every fault, the next call of the same client gets the right response."""
    with FaultServer() as server, api_of(server.url, timeout=1.0, retries=AGAIN) as api:
        for n, fault in enumerate(every_fault()):
            server._script.append(fault)
            with contextlib.suppress(ApiException):
                api.get_invoice_by_invoice_id("first")
            server._script.clear()
            assert f"i{n}" == api.get_invoice_by_invoice_id(f"i{n}").invoice_id


def test_connections_are_reused() -> None:
    """Consecutive calls share one connection."""
    with FaultServer() as server, api_of(server.url) as api:
        for _ in range(5):
            api.get_invoice_by_invoice_id("i")
    assert (1, 5) == (server.connections, len(server.requests))


def test_wrong_arguments_send_nothing() -> None:
    """Invalid arguments raise before anything is sent."""
    with FaultServer() as server, api_of(server.url) as api:
        for options in ({"_request_timeout": -1}, {"_request_timeout": "1"}, {"_accept": "x/y"}):
            with pytest.raises((ApiTypeError, ApiValueError)):
                api.get_invoice_by_invoice_id("i", **options)
    assert 0 == server.connections


def test_an_unasked_answer_over_tls_reaches_no_other_call(
    authority: trustme.CA, roots: str, tls: ssl.SSLContext
) -> None:
    """Decrypted bytes after a response are never read as the next one."""
    unasked = answer_bytes(json.dumps({"invoice_id": "UNASKED"}).encode())
    padded = answer_bytes(BODY, headers={"X": ""})
    fill = "x" * (8192 - len(padded))
    first = answer_bytes(BODY, headers={"X": fill})
    assert 8192 == len(first)
    with (
        FaultServer(whole(first + unasked), tls=tls) as server,
        api_of(server.url, ssl_ca_cert=roots) as api,
    ):
        found = [api.get_invoice_by_invoice_id("i").invoice_id for _ in range(2)]
    assert (["i", "i"], 2) == (found, server.connections)


def test_a_connection_that_changed_its_protocol_serves_no_more() -> None:
    """After an unsolicited 101, the next call opens another connection."""
    switch = whole(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n")
    with FaultServer(switch, good()) as server, api_of(server.url) as api:
        with pytest.raises(ApiException) as caught:
            api.get_invoice_by_invoice_id("i")
        assert (101, "Switching Protocols") == (caught.value.status, caught.value.reason)
        assert "i" == api.get_invoice_by_invoice_id("i").invoice_id
    assert 2 == server.connections


def test_all_paths_of_an_origin_share_its_connections() -> None:
    """Calls of different operations use the same connection."""
    with FaultServer() as server, api_of(server.url) as api:
        api.get_invoice_by_invoice_id("i")
        api.get_month_to_date_invoice()
    assert (1, 2) == (server.connections, len(server.requests))


@pytest.mark.parametrize(
    ("server", "timeout", "words"),
    [
        (Unaccepting, (0.3, 60), "connecting took too long (limit: 0.3 s)"),
        (lambda: FaultServer(stall()), (60, 0.3), "the response took too long (limit: 0.3 s)"),
    ],
    ids=["connecting", "reading"],
)
def test_connections_of_a_recorder_are_bounded(
    server: Any, timeout: Any, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Connections of a recorder's class also respect the timeout."""

    class Theirs(HTTPConnection):
        pass

    # Recorders such as vcrpy install their class in the same way.
    monkeypatch.setattr(HTTPConnectionPool, "ConnectionCls", Theirs)
    with server() as listening, lasting(0.28):
        error = failure(listening.url, timeout=timeout)
    assert (TimeoutException, words) == (type(error), error.reason)


def test_socket_options_are_set_under_tls(tls: ssl.SSLContext, roots: str) -> None:
    """Socket options are set on TLS connections too: an unknown one makes the call fail."""
    unknown = (socket.SOL_SOCKET, 9999, 1)
    with FaultServer(tls=tls) as server:
        error = failure(server.url, ssl_ca_cert=roots, socket_options=[unknown])
    assert "cannot connect: [Errno 92] Protocol not available" == error.reason


@pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
@pytest.mark.parametrize("rest", [b"x", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"])
def test_bytes_after_a_response_end_its_connection(
    rest: bytes, secure: bool, tls: ssl.SSLContext, roots: str
) -> None:
    """A connection on which bytes followed the response is not reused."""
    fault = whole(answer_bytes() + rest)
    with (
        FaultServer(fault, tls=tls if secure else None) as server,
        api_of(server.url, ssl_ca_cert=roots) as api,
    ):
        found = [api.get_invoice_by_invoice_id(x).invoice_id for x in ("i", "second", "third")]
    assert (["i", "second", "third"], 2) == (found, server.connections)


def test_connections_of_another_class_of_urllib3_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A urllib3 whose pools use an unknown class is refused."""

    class Theirs(HTTPConnection):
        pass

    Theirs.__module__ = "urllib3.new"
    # A stand-in for a release whose pools use a class that this package does not know.
    monkeypatch.setattr(HTTPConnectionPool, "ConnectionCls", Theirs)
    with FaultServer() as server:
        error = failure(server.url)
    assert "KeyError" in str(error)
    assert 0 == server.connections
