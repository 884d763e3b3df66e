"""Servers for the tests of TLS, proxies and other people's software: all local, all real."""

from __future__ import annotations

import base64
import contextlib
import logging
import os
import selectors
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import trustme

import fastly
from fastly.api.billing_invoices_api import BillingInvoicesApi

if TYPE_CHECKING:
    from typing_extensions import Self

TOKEN = "token-that-nobody-may-see"
LOOPBACK = ("127.0.0.1", "::1", "localhost")
_SBIN = "/usr/local/sbin:/usr/sbin:/sbin"  # not in every user's PATH
_START = 30.0  # seconds that a program may take to listen
SLACK = 10.0  # seconds, for other work on the machine; what must not happen would take longer

Serve = Callable[[socket.socket], object]


class Service:
    """Accepts connections until it is closed; each is served in its own thread.

    Args:
        serve: Called with each connection, which is closed when it returns or the service ends.
        host: The address to listen on.

    Attributes:
        connections: How many connections were accepted.
        netloc: Host and port as in a URL.
    """

    def __init__(self, serve: Serve, host: str = "127.0.0.1") -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.create_server((host, 0), family=family)
        self.port: int = self._socket.getsockname()[1]
        self.address = (host, self.port)
        self.netloc = f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"
        self.connections = 0
        self._serve = serve
        self._closing = False
        self._served: dict[threading.Thread, socket.socket] = {}
        self._thread = threading.Thread(target=self._accept_all)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Abort every connection and wait for every thread; may be called again."""
        if self._closing:
            return
        self._closing = True
        socket.create_connection(self.address).close()  # wakes the accepting thread
        self._thread.join()
        self._socket.close()
        for thread, handle in self._served.items():
            with contextlib.suppress(OSError):
                handle.shutdown(socket.SHUT_RDWR)
            thread.join()

    def _accept_all(self) -> None:
        while True:
            connection, _ = self._socket.accept()
            if self._closing:
                connection.close()
                return
            self.connections += 1
            handle = connection.dup()  # TLS takes the connection itself away
            thread = threading.Thread(target=self._serve_one, args=(connection, handle))
            self._served[thread] = handle
            thread.start()

    def _serve_one(self, connection: socket.socket, handle: socket.socket) -> None:
        # An OSError is a client that went away, or close().
        with handle, connection, contextlib.suppress(OSError):
            self._serve(connection)


class TLSServer(Service):
    """A service behind TLS.

    Args:
        context: The server's certificate and requirements.
        target: What serves the connections once they are encrypted: a function, or the URL of
            a server to pass everything on to.
        host: The address to listen on.

    Attributes:
        received: The decrypted bytes that clients sent to the server of the URL.
        url: Where it listens.
    """

    def __init__(
        self, context: ssl.SSLContext, target: Serve | str, host: str = "127.0.0.1"
    ) -> None:
        self.received = bytearray()
        self._context = context
        self._target = target
        super().__init__(self._serve_tls, host)
        self.url = f"https://{self.netloc}"

    def _serve_tls(self, connection: socket.socket) -> None:
        wrapped = self._context.wrap_socket(
            connection, server_side=True, do_handshake_on_connect=False
        )
        with wrapped:
            try:
                wrapped.do_handshake()
            except ssl.SSLError:
                _let_the_alert_arrive(wrapped)
                return
            self._serve_encrypted(wrapped)

    def _serve_encrypted(self, connection: ssl.SSLSocket) -> None:
        if not isinstance(self._target, str):
            self._target(connection)
            return
        parts = urlsplit(self._target)
        with socket.create_connection((parts.hostname or "", parts.port or 0)) as upstream:
            relay(connection, upstream, self.received)


class ConnectProxy(Service):
    """A proxy that supports only CONNECT, and records what it sees.

    Args:
        target: The address that every tunnel leads to, whatever its name.
        login: ``user:password`` to require, or None.
        refusal: The status and reason with which tunnels are refused.

    Attributes:
        heads: The requests, as text.
        tunnelled: The bytes that went through the tunnels towards the target.
    """

    def __init__(
        self,
        target: tuple[str, int],
        login: str | None = None,
        refusal: str = "407 Who are you",
    ) -> None:
        self.heads: list[str] = []
        self.tunnelled = bytearray()
        self._target, self._refusal = target, refusal
        self._wanted = None if login is None else basic(login)
        super().__init__(self._tunnel)
        self.url = f"http://{self.netloc}"

    def _tunnel(self, connection: socket.socket) -> None:
        head = read_head(connection)
        if not head:
            return
        self.heads.append(head)
        if not head.startswith("CONNECT ") or (self._wanted and self._wanted not in head):
            connection.sendall(f"HTTP/1.1 {self._refusal}\r\nContent-Length: 0\r\n\r\n".encode())
            return
        with socket.create_connection(self._target) as upstream:
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            relay(connection, upstream, self.tunnelled)


def basic(login: str) -> str:
    """Return the value of an authorization header."""
    return f"Basic {base64.b64encode(login.encode()).decode()}"


def read_head(connection: socket.socket) -> str:
    """Read a request up to the empty line; "" at the end of the stream."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = connection.recv(1)
        if not byte:
            return ""
        head += byte
    return head.decode("latin-1")


def relay(client: socket.socket, server: socket.socket, received: bytearray) -> None:
    """Pass bytes in both directions until either side ends; keep what the client sent."""
    with selectors.DefaultSelector() as selector:
        selector.register(client, selectors.EVENT_READ, (client, server))
        selector.register(server, selectors.EVENT_READ, (server, client))
        while True:
            for key, _ in selector.select():
                source, target = key.data
                data = source.recv(65536)
                if not data:
                    return
                if source is client:
                    received += data
                target.sendall(data)


def stay_silent(connection: socket.socket) -> None:
    """Read everything and send nothing."""
    while connection.recv(65536):
        pass


def drip(data: bytes, pause: float = 0.05) -> Serve:
    """Return a function that sends a byte every ``pause`` seconds until the client has gone."""

    def serve(connection: socket.socket) -> None:
        for byte in data:
            connection.sendall(bytes([byte]))
            time.sleep(pause)
        stay_silent(connection)

    return serve


def _let_the_alert_arrive(connection: ssl.SSLSocket) -> None:
    """Close in order: with unread bytes, a reset would overtake the TLS alert."""
    connection.shutdown(socket.SHUT_WR)
    stay_silent(connection)


# --- certificates -----------------------------------------------------------------------------


def server_context(leaf: trustme.LeafCert) -> ssl.SSLContext:
    """Return the settings of a server with this certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf.configure_cert(context)
    return context


def pem_of(authority: trustme.CA, directory: Path) -> str:
    """Write an authority's certificate to a file; return its path."""
    path = directory / "authority.pem"
    authority.cert_pem.write_to_path(path)
    return str(path)


def files_of(leaf: trustme.LeafCert, directory: Path) -> tuple[str, str]:
    """Write a certificate, with its chain, and its key to files; return their paths."""
    certificate, key = directory / "certificate.pem", directory / "key.pem"
    certificate.write_bytes(b"".join(blob.bytes() for blob in leaf.cert_chain_pems))
    leaf.private_key_pem.write_to_path(key)
    return str(certificate), str(key)


# --- clients ----------------------------------------------------------------------------------


@contextmanager
def billing(host: str, token: str = TOKEN, **settings: Any) -> Iterator[BillingInvoicesApi]:
    """Return the invoices at a host, with these settings."""
    configuration = fastly.Configuration(host=host, api_key={"token": token}, **settings)
    with fastly.ApiClient(configuration) as client:
        yield BillingInvoicesApi(client)


def ask(host: str, **settings: Any) -> str | None:
    """Request an invoice; return its ID."""
    with billing(host, **settings) as api:
        (invoice,) = api.list_invoices(limit=1).data or ()
        return invoice.invoice_id


def failure(
    host: str,
    seconds: float = 10,
    kind: type[Exception] = fastly.ConnectionException,
    **settings: Any,
) -> Any:
    """Request an invoice that cannot be had, within the time given; return the exception."""
    with billing(host, **settings) as api:
        started = time.monotonic()
        with pytest.raises(kind) as caught:
            api.list_invoices(limit=1, _request_timeout=seconds)
        assert time.monotonic() - started < seconds + SLACK
    return caught.value


def causes(error: BaseException) -> list[BaseException]:
    """Return the exceptions that an exception is chained to, the nearest first."""
    cause = error.__cause__ or error.__context__
    return [] if cause is None else [cause, *causes(cause)]


def told(error: BaseException, records: list[logging.LogRecord]) -> str:
    """Return everything that a failure says and that was logged."""
    faces = [f"{face} {face!r} {vars(face)}" for face in (error, *causes(error))]
    logged = [f"{record.getMessage()} {record.args!r}" for record in records]
    return "\n".join([*faces, *logged])


# --- programs ---------------------------------------------------------------------------------


def installed(program: str) -> str:
    """Return the path of a program, or skip the test that needs it."""
    path = shutil.which(program, path=f"{os.environ.get('PATH', '')}:{_SBIN}")
    if path is None:
        pytest.skip(f"{program} is not installed on this machine")
    return path


def free_port() -> int:
    """Return a free port, for a program that cannot choose one itself."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


@contextmanager
def running(
    arguments: Sequence[str], port: int | Path, environment: dict[str, str] | None = None
) -> Iterator[int]:
    """Run a program from when it listens until the block ends; yield its port.

    Args:
        arguments: The program's path and arguments; it stays in the foreground.
        port: Where it listens on 127.0.0.1, or the file into which it writes that.
        environment: Variables to add to this process's.
    """
    program = subprocess.Popen(
        arguments,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield _wait_until_it_listens(program, port)
    finally:
        program.terminate()
        program.wait(timeout=_START)


def _wait_until_it_listens(program: subprocess.Popen[bytes], port: int | Path) -> int:
    end = time.monotonic() + _START
    while time.monotonic() < end and program.poll() is None:
        with contextlib.suppress(OSError, ValueError):
            number = port if isinstance(port, int) else int(port.read_text())
            socket.create_connection(("127.0.0.1", number)).close()
            return number
        time.sleep(0.02)
    raise AssertionError(f"{program.args} does not listen; it ended with {program.poll()}")


def written(file: Path, words: str, times: int = 1) -> list[str]:
    """Return the lines of a log that contain a text, once there are as many as there must be."""
    end = time.monotonic() + _START
    lines: list[str] = []
    while len(lines) < times and time.monotonic() < end:
        time.sleep(0.01)
        lines = [line for line in file.read_text().splitlines() if words in line]
    return lines


RESOLVER = """
from proxy.http.proxy import HttpProxyBasePlugin


class EveryNameIsHere(HttpProxyBasePlugin):
    def resolve_dns(self, host, port):
        return "127.0.0.1", None
"""


@contextmanager
def proxy_py(directory: Path, *options: str) -> Iterator[int]:
    """Run proxy.py, which resolves every name to this machine; yield its port."""
    (directory / "resolver.py").write_text(RESOLVER)
    port_file = directory / "port"
    few = ("--num-workers", "1", "--num-acceptors", "1", "--log-level", "ERROR")
    where = ("--port", "0", "--port-file", str(port_file), "--data-dir", str(directory))
    plugin = ("--plugins", "resolver.EveryNameIsHere")
    arguments = [sys.executable, "-m", "proxy", *few, *where, *plugin, *options]
    lenient = {"PYTHONWARNINGS": "default"}  # deprecations that proxy.py uses are not ours
    with running(arguments, port_file, {"PYTHONPATH": str(directory)} | lenient) as port:
        yield port
