"""The pool of one origin, TLS, and connections that keep the deadline of the running call."""

from __future__ import annotations

import base64
import http.client
import queue
import socket
import ssl
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote, urlsplit

import urllib3
from urllib3 import exceptions as foreign
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util import connection as urllib3_connection
from urllib3.util.ssl_ import create_urllib3_context
from urllib3.util.ssltransport import SSLTransport

from fastly._transport.deadline import Deadlined, connect, running
from fastly._transport.overrides import require_called
from fastly._transport.proxies import proxy_of
from fastly._transport.responses import StrictResponse
from fastly.configuration.secrets import Secret
from fastly.exceptions import ApiValueError

if TYPE_CHECKING:
    from fastly.configuration import Configuration

__all__ = ["new_pool", "uses_own_connections"]

_NO_DELAY = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]
_URLLIB3_CONNECT = urllib3_connection.create_connection


class _Transport(SSLTransport):
    """TLS over one of our sockets, or over TLS to a proxy, whose open files it counts."""

    @property
    def _io_refs(self) -> int:
        return cast("int", cast("Any", self.socket)._io_refs)

    @_io_refs.setter
    def _io_refs(self, value: int) -> None:
        cast("Any", self.socket)._io_refs = value


class _Connection(HTTPConnection):
    _response: StrictResponse | None = None
    _opened = False

    @property
    def is_connected(self) -> bool:
        """Whether the next request can use it: not if bytes followed the last response."""
        lines = self._response and self._response.lines
        return super().is_connected and not (lines and lines.has_more)

    def _strict_response(self, *args: Any, **options: Any) -> StrictResponse:
        self._response = StrictResponse(*args, **options)
        return self._response

    response_class: Any = _strict_response

    def request(self, *args: Any, **options: Any) -> None:
        """Connect before a request is written, so that connection errors do not hold its bytes."""
        if self.sock is None:
            self.connect()
        super().request(*args, **options)

    def connect(self) -> None:
        """Connect within the connect timeout, which does not reduce the read timeout."""
        deadline = running()
        left_to_read = deadline.left_of_phase()
        deadline.start_phase(deadline.connect)
        self._opened, deadline.connecting = False, True
        try:
            super().connect()
        except TimeoutError as error:  # in a proxy's response, or in a TLS handshake
            timeout = foreign.ConnectTimeoutError(self, "timed out")
            raise (foreign.ProxyError("slow", timeout) if self.proxy else timeout) from error
        except (OSError, http.client.HTTPException) as error:
            if self.proxy is None or isinstance(error, ssl.SSLError):
                raise
            raise foreign.ProxyError("no tunnel", error) from error
        require_called(self._opened, "urllib3.connection.HTTPConnection._new_conn")
        if isinstance(self.sock, SSLTransport):  # TLS within TLS, which urllib3 creates itself
            self.sock.suppress_ragged_eofs = False
        self.is_verified = True  # urllib3 would warn at each request; the client has warned once
        deadline.start_phase(left_to_read)
        deadline.connecting = False

    def _new_conn(self) -> socket.socket:
        self._opened = True
        if urllib3_connection.create_connection is not _URLLIB3_CONNECT:
            return super()._new_conn()  # the program has replaced it
        try:
            return connect(self._dns_host, self.port, cast("Any", self.socket_options))
        except socket.gaierror as error:
            raise foreign.NameResolutionError(self.host, self, error) from error
        except TimeoutError as error:
            raise foreign.ConnectTimeoutError(self, "timed out") from error
        except (OSError, UnicodeError) as error:
            raise foreign.NewConnectionError(self, str(error)) from error


class _HTTPSConnection(_Connection, HTTPSConnection):
    pass


_OWN: dict[Any, Any] = {HTTPConnection: _Connection, HTTPSConnection: _HTTPSConnection}


def _connection_class(pool: HTTPConnectionPool) -> Any:
    """Return our class, unless a recorder such as vcrpy has installed its own.

    Raises:
        KeyError: urllib3 uses an unknown class.
    """
    base = HTTPSConnectionPool if pool.scheme == "https" else HTTPConnectionPool
    theirs: Any = base.ConnectionCls
    return _OWN[theirs] if theirs.__module__.startswith("urllib3.") else theirs


class _Idle(queue.LifoQueue[Any]):
    """Idle connections, and None for those that are not connected yet.

    Python's own queue waits for a lock. A signal handler that closes the client while its thread
    holds that lock would wait forever. Recorders expect a subclass.
    """

    def put(self, item: Any, *_: Any, **__: Any) -> None:
        """Add one, unless there are as many as the pool may hold."""
        if self.qsize() >= self.maxsize:
            raise queue.Full
        self.queue.append(item)

    def get(self, *_: Any, **__: Any) -> Any:
        """Take the one that was added last."""
        try:
            return self.queue.pop()
        except IndexError:
            raise queue.Empty from None

    def qsize(self) -> int:
        """Return how many there are."""
        return len(self.queue)


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls: Any = property(_connection_class)
    QueueCls: Any = _Idle


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls: Any = property(_connection_class)
    QueueCls: Any = _Idle


def uses_own_connections(pool: HTTPConnectionPool) -> bool:
    """Return whether a pool creates connections of this module rather than a recorder's."""
    return _connection_class(pool) in _OWN.values()


def _tls_context(configuration: Configuration) -> ssl.SSLContext:
    """Return the TLS settings: 1.2 or newer, certifi's authorities unless others are set."""
    try:
        context = create_urllib3_context(ssl_minimum_version=ssl.TLSVersion.TLSv1_2)
        if not configuration.verify_ssl:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        context.load_verify_locations(configuration.ssl_ca_cert or _certifi_roots())
        if configuration.key_file is not None and configuration.cert_file is None:
            raise ApiValueError("key_file is set without its cert_file")
        if configuration.cert_file is not None:
            # An empty passphrase keeps OpenSSL from prompting for one on the terminal.
            context.load_cert_chain(configuration.cert_file, configuration.key_file, password="")
    except (ssl.SSLError, OSError) as error:
        files = "certificate, key or log of ssl_ca_cert, cert_file, key_file or SSLKEYLOGFILE"
        raise ApiValueError(f"cannot use the {files}: {error}") from error
    # TLS over our sockets instead of ssl.SSLSocket, which replaces them and waits by itself: as
    # long as it likes under gevent and eventlet. The end of a stream that TLS does not vouch for
    # is not an end (RFC 8446, section 6.1): a body without a length could be truncated there.
    vars(context)["wrap_socket"] = partial(_start_tls, context)
    return context


def _start_tls(
    context: ssl.SSLContext, sock: socket.socket, server_hostname: str | None = None
) -> _Transport | ssl.SSLSocket:
    if not isinstance(sock, Deadlined):  # a socket that the program created itself
        return type(context).wrap_socket(context, sock, server_hostname=server_hostname)
    return _Transport(sock, context, server_hostname, suppress_ragged_eofs=False)


def _certifi_roots() -> str:
    import certifi  # imported when first needed: plain http does not need it

    return certifi.where()


def new_pool(
    configuration: Configuration, url: str, size: int
) -> tuple[HTTPConnectionPool, list[Secret]]:
    """Create the pool for a URL's origin with the configuration's settings.

    Returns:
        The pool, and the secrets that only its proxy may see.
    """
    parts = urlsplit(url)
    options: dict[str, Any] = {
        "maxsize": size,
        "socket_options": [*_NO_DELAY, *(configuration.socket_options or [])],
    }
    if parts.scheme == "https":
        options |= {"ssl_context": _tls_context(configuration)}
        options |= {"assert_hostname": configuration.assert_hostname}
    proxy = proxy_of(configuration, url)
    headers: Mapping[str, Secret] = {}
    login: list[Secret] = []
    if proxy is None:
        manager = urllib3.PoolManager(**options)
    else:
        headers, login = _login(configuration, proxy)
        if proxy.lower().startswith("https:"):
            options |= {"proxy_ssl_context": _tls_context(configuration)}
        manager = urllib3.ProxyManager(proxy.bare(), proxy_headers=cast("Any", headers), **options)
    pools: dict[str, Any] = {"http": _HTTPPool, "https": _HTTPSPool}
    manager.pool_classes_by_scheme = pools
    pool = manager.connection_from_host(parts.hostname, parts.port, parts.scheme)
    return pool, login


def _login(configuration: Configuration, proxy: str) -> tuple[dict[str, Secret], list[Secret]]:
    """Return a proxy's headers, and the secrets in them and in its URL."""
    headers = {name: Secret(value) for name, value in configuration.proxy_headers.items()}
    login = [value for name, value in headers.items() if name.lower() == "proxy-authorization"]
    parts = urlsplit(proxy)
    if parts.username is not None:
        password = unquote(parts.password or "")
        plain = f"{unquote(parts.username)}:{password}".encode()
        basic = Secret(f"Basic {base64.b64encode(plain).decode()}")
        headers["Proxy-Authorization"] = basic
        login += [basic, Secret(password)]
    return headers, login
