"""The pool of one origin, TLS, and connections that keep the deadline of the running call."""

from __future__ import annotations

import base64
import http.client
import math
import os
import queue
import socket
import ssl
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote, urlsplit

import urllib3
from urllib3 import exceptions as foreign
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util import connection as urllib3_connection
from urllib3.util import ssl_ as urllib3_ssl
from urllib3.util.ssltransport import SSLTransport

from fastly._transport.deadline import running
from fastly._transport.proxies import proxy_of
from fastly._transport.responses import StrictResponse
from fastly._transport.sockets import connect, start_tls
from fastly.configuration.secrets import Secret, revealed
from fastly.exceptions import ApiValueError

if TYPE_CHECKING:
    from fastly.configuration import Configuration

__all__ = ["Connection", "new_pool"]

_SOCKET_OPTIONS = [
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),  # keeps a NAT from forgetting a call that waits
]
_URLLIB3_CONNECT = urllib3_connection.create_connection


class Connection(HTTPConnection):
    debuglevel = 0  # http.client prints requests, token included, if a program sets its own
    keepalive_expiry = math.inf  # seconds; the pool sets it
    _response: StrictResponse | None = None
    _used = math.inf
    _is_new = False  # connected, but not used: over TLS urllib3 connects before it requests

    @property
    def is_connected(self) -> bool:
        """Whether the next request can use it.

        Not if bytes that nobody asked for followed the last response, or if it was idle for long: a
        NAT or a load balancer may have forgotten it, and would drop the request without a word.
        """
        lines = self._response and self._response.lines
        if (lines and lines.is_last) or time.monotonic() - self._used > self.keepalive_expiry:
            return False
        if super().is_connected:
            return True
        # The end of TLS may be what has arrived: answered, it is no TCP reset (RFC 8446, 6.1).
        with suppress(OSError, ValueError, AttributeError):  # no TLS, or no connection
            tls = cast("SSLTransport", self.sock)
            tls.settimeout(0)
            tls.unwrap()
        return False

    def _strict_response(self, *args: Any, **options: Any) -> StrictResponse:
        self._response, self._used = StrictResponse(*args, **options), time.monotonic()
        return self._response

    response_class: Any = _strict_response

    def request(self, method: str, *args: Any, **options: Any) -> None:
        """Connect before a request is written, so that connection errors do not hold its bytes.

        A POST gets a connection of its own: if an old one failed, nobody would know whether it was
        received (RFC 9110, section 9.2.2).
        """
        if method == "POST" and not self._is_new:
            self.close()
        if self.sock is None:
            self.connect()
        running().reuses, self._is_new = not self._is_new, False
        super().request(method, *args, **options)

    def putheader(self, header: Any, *values: Any) -> None:
        """Write a header: the only place where secrets are revealed."""
        if isinstance(values[0], Secret):
            values = tuple(map(revealed, values))
        super().putheader(header, *values)

    def _tunnel(self) -> None:
        """Request a tunnel; ``http.client`` writes these headers as they read."""
        hidden: Any = vars(self)["_tunnel_headers"]
        vars(self)["_tunnel_headers"] = {name: revealed(value) for name, value in hidden.items()}
        try:
            parent: Any = super()
            parent._tunnel()
        finally:
            vars(self)["_tunnel_headers"] = hidden

    def connect(self) -> None:
        """Connect within the connect timeout, which does not reduce the read timeout."""
        deadline = running()
        deadline.reuses = False  # else each failure to connect would be taken for an old end
        left_to_read = deadline.left_of_phase()
        deadline.start_phase(deadline.connect)
        try:
            super().connect()
        except TimeoutError as error:  # in a proxy's response, or in a TLS handshake
            timeout = foreign.ConnectTimeoutError(self, "timed out")
            raise (foreign.ProxyError("slow", timeout) if self.proxy else timeout) from error
        except (OSError, http.client.HTTPException) as error:
            if self.proxy is None or isinstance(error, ssl.SSLError):
                raise
            raise foreign.ProxyError("no tunnel", error) from error
        if isinstance(self.sock, SSLTransport):  # TLS within TLS, which urllib3 creates itself
            self.sock.suppress_ragged_eofs = False
        self._is_new = True
        self.is_verified = True  # urllib3 would warn at each request; the client has warned once
        deadline.start_phase(left_to_read)

    def _new_conn(self) -> socket.socket:
        """Connect to the host; urllib3 gives each of its addresses the whole connect timeout."""
        if urllib3_connection.create_connection is not _URLLIB3_CONNECT:
            self.timeout = running().left_of_phase()
            return super()._new_conn()  # the program has replaced it
        try:
            host = self._dns_host.strip("[]")  # a proxy's IPv6 address keeps its brackets
            return connect(host, self.port, cast("Any", self.socket_options))
        except socket.gaierror as error:
            raise foreign.NameResolutionError(self.host, self, error) from error
        except TimeoutError as error:
            raise foreign.ConnectTimeoutError(self, "timed out") from error
        except (OSError, UnicodeError) as error:
            raise foreign.NewConnectionError(self, str(error)) from error


class _HTTPSConnection(Connection, HTTPSConnection):
    pass


_OWN: dict[Any, Any] = {HTTPConnection: Connection, HTTPSConnection: _HTTPSConnection}


def _connection_class(pool: HTTPConnectionPool) -> Any:
    """Return our class, unless a recorder such as vcrpy has installed its own.

    Raises:
        KeyError: urllib3 uses an unknown class.
    """
    base = HTTPSConnectionPool if pool.scheme == "https" else HTTPConnectionPool
    theirs: Any = base.ConnectionCls
    return _OWN[theirs] if theirs.__module__.startswith("urllib3.") else theirs


class _Pool(HTTPConnectionPool):
    ConnectionCls: Any = property(_connection_class)
    keepalive_expiry = math.inf

    def _new_conn(self) -> Any:
        connection: Any = super()._new_conn()
        connection.keepalive_expiry = self.keepalive_expiry
        return connection

    def drop_idle(self) -> None:
        """Close the idle connections, so that the next requests open new ones."""
        taken: list[Any] = []
        idle: Any = self.pool
        with suppress(AttributeError, queue.Empty):  # no pool is left after close()
            while True:
                taken.append(idle.get(block=False))
        for connection in taken:
            if connection is not None:
                connection.close()
            with suppress(queue.Full):
                idle.put(connection, block=False)


class _HTTPSPool(_Pool, HTTPSConnectionPool):
    pass


def _tls_context(configuration: Configuration) -> ssl.SSLContext:
    """Return the TLS settings: 1.2 or newer, certifi's authorities unless others are set."""
    authorities = configuration.ssl_ca_cert
    if not authorities:
        import certifi  # slow to import; neither plain http nor a file of authorities needs it

        authorities = certifi.where()
    try:
        # urllib3's class, which test tools replace, but not pyOpenSSL's: it has no TLS over sockets
        # of ours.
        is_ours = not urllib3_ssl.IS_PYOPENSSL
        kind = cast("Any", urllib3_ssl).SSLContext if is_ours else ssl.SSLContext
        context: ssl.SSLContext = kind(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(authorities)
        if keys := os.environ.get("SSLKEYLOGFILE"):
            context.keylog_filename = keys
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if not configuration.verify_ssl:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if configuration.key_file is not None and configuration.cert_file is None:
            raise ApiValueError("key_file is set without its cert_file")
        if configuration.cert_file is not None:
            # An empty passphrase keeps OpenSSL from prompting for one on the terminal.
            context.load_cert_chain(configuration.cert_file, configuration.key_file, password="")
    except (ssl.SSLError, OSError) as error:
        files = "certificate, key or log of ssl_ca_cert, cert_file, key_file or SSLKEYLOGFILE"
        raise ApiValueError(f"cannot use the {files}: {error}") from error
    vars(context)["wrap_socket"] = partial(start_tls, context)
    return context


def new_pool(configuration: Configuration, url: str, size: int) -> tuple[_Pool, list[Secret]]:
    """Create the pool for a URL's origin with the configuration's settings.

    Returns:
        The pool, and the secrets that only its proxy may see.
    """
    parts = urlsplit(url)
    options: dict[str, Any] = {
        "maxsize": size,
        "socket_options": [*_SOCKET_OPTIONS, *(configuration.socket_options or [])],
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
    pools: dict[str, Any] = {"http": _Pool, "https": _HTTPSPool}
    manager.pool_classes_by_scheme = pools
    pool = cast("_Pool", manager.connection_from_host(parts.hostname, parts.port, parts.scheme))
    pool.keepalive_expiry = configuration.keepalive_expiry
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
