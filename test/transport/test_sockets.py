"""Programs and test tools that replace sockets are not bypassed."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest
from calls import TOKEN, ask, failure, lasting
from faults import FaultServer, Unaccepting, stall
from urllib3.util import connection

import fastly
from fastly._transport.sockets import Deadlined

INVOICE = json.dumps({"invoice_id": "made up"})


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_replaced_create_connection_is_asked(
    scheme: str, monkeypatch: pytest.MonkeyPatch, tls: Any, roots: str
) -> None:
    """A replaced ``create_connection`` of urllib3 is called with the host's name."""
    asked: list[tuple[str, int]] = []
    usual = connection.create_connection

    def elsewhere(address: tuple[str, int], *args: Any, **options: Any) -> socket.socket:
        asked.append(address)
        return usual(("127.0.0.1", server.port), *args, **options)

    # Programs replace this function to resolve names or to choose the way themselves.
    monkeypatch.setattr(connection, "create_connection", elsewhere)
    with FaultServer(tls=tls if scheme == "https" else None) as server:
        settings = {"ssl_ca_cert": roots, "assert_hostname": False, "allow_insecure_host": True}
        assert "i" == ask(f"{scheme}://billing.invalid:81", **settings).invoice_id
    assert [("billing.invalid", 81)] == asked


@pytest.mark.parametrize("name", ["127.0.0.1", "billing.invalid"])
def test_a_replaced_create_connection_checks_the_name(
    name: str, monkeypatch: pytest.MonkeyPatch, tls: Any, roots: str
) -> None:
    """TLS over a connection that a program creates itself is for the host's name."""
    usual = connection.create_connection

    def elsewhere(_: tuple[str, int], *args: Any, **options: Any) -> socket.socket:
        return usual(("127.0.0.1", server.port), *args, **options)

    monkeypatch.setattr(connection, "create_connection", elsewhere)
    with FaultServer(tls=tls) as server:
        if name == "127.0.0.1":
            assert "i" == ask(f"https://{name}:81", ssl_ca_cert=roots).invoice_id
        else:
            error = failure(f"https://{name}:81", ssl_ca_cert=roots)
            # At its end, mocket puts pyOpenSSL into urllib3, which then has words of its own.
            assert error.reason.startswith("the certificate is not trusted: ")
            assert f"'{name}'" in error.reason


def test_what_arrived_before_the_end_can_be_read_after_nothing_is_sent() -> None:
    """Sending no bytes, as urllib3's TLS does before a read, does not fail after the other end."""
    ours, theirs = socket.socketpair()
    with type("Ours", (Deadlined, socket.socket), {})(fileno=ours.detach()) as sock:
        theirs.sendall(b"x")
        theirs.close()
        with pytest.raises(BrokenPipeError):
            socket.socket.sendall(sock, b"")
        sock.sendall(b"")
        assert b"x" == sock.recv(9)


@pytest.mark.parametrize(
    ("server", "timeout"), [(Unaccepting, (0.3, 60)), (lambda: FaultServer(stall()), (60, 0.3))]
)
def test_a_replaced_create_connection_is_bounded(
    server: Any, timeout: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that a program creates itself keeps the connect and the read timeout."""
    usual = connection.create_connection
    monkeypatch.setattr(connection, "create_connection", lambda *args, **kw: usual(*args, **kw))
    with server() as listening, lasting(0.28):
        error = failure(listening.url, timeout=timeout)
    assert fastly.TimeoutException is type(error)


def test_a_replaced_create_connection_that_refuses_is_heard(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A test's guard against network access is not bypassed."""

    def refuse(*_: Any, **__: Any) -> socket.socket:
        raise OSError("no network in tests")

    monkeypatch.setattr(connection, "create_connection", refuse)
    with FaultServer() as server:
        assert "no network in tests" in str(failure(server.url))
    assert 0 == server.connections


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_sockets_that_are_forbidden_stay_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """The exception of pytest-socket is raised as it is."""
    pytest_socket = pytest.importorskip("pytest_socket")
    with FaultServer() as server:
        pytest_socket.disable_socket()
        try:
            with pytest.raises(pytest_socket.SocketBlockedError):
                ask(server.url)
        finally:
            pytest_socket.enable_socket()
    assert 0 == server.connections


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("host", ["http://localhost:81", "https://api.fastly.com"])
def test_mocket_is_used(host: str) -> None:
    """Under mocket in strict mode, calls get its responses, and send nothing."""
    mocket = pytest.importorskip("mocket")
    mockhttp = pytest.importorskip("mocket.mocks.mockhttp")
    url = f"{host}/billing/v3/invoices/i"
    with mocket.Mocketizer(strict_mode=True):
        mockhttp.Entry.single_register(
            "GET", url, INVOICE, headers={"Content-Length": str(len(INVOICE))}
        )
        assert "made up" == ask(host).invoice_id
        assert TOKEN == mocket.Mocket.last_request().headers["fastly-key"]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("host", ["http://localhost:81", "https://api.fastly.com"])
def test_httpretty_is_not_bypassed(host: str) -> None:
    """Under httpretty, which does not work with urllib3 2, calls fail and send nothing."""
    httpretty = pytest.importorskip("httpretty")
    url = f"{host}/billing/v3/invoices/i"
    with httpretty.enabled(allow_net_connect=False):
        httpretty.register_uri("GET", url, body=INVOICE)
        with pytest.raises(httpretty.errors.UnmockedError):
            ask(host)


def test_a_proxy_of_pysocks_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """If a program replaces ``socket`` with PySocks, connections use its SOCKS proxy."""
    socks = pytest.importorskip("socks")
    with FaultServer() as proxy, FaultServer() as server:
        socks.set_default_proxy(socks.HTTP, "127.0.0.1", proxy.port)
        monkeypatch.setattr(socket, "socket", socks.socksocket)
        try:
            ask(server.url)
        finally:
            socks.set_default_proxy()
            monkeypatch.undo()
    assert proxy.requests[0].head.startswith(b"CONNECT 127.0.0.1:")
    assert (1, 0) == (proxy.connections, server.connections)
