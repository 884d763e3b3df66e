"""Pools, TLS, and connections that keep the deadline of the call that uses them."""

from __future__ import annotations

import base64
import http.client
import socket
import ssl
from email.errors import MissingHeaderBodySeparatorDefect
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote, urlsplit

import urllib3
from urllib3 import exceptions as foreign
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util.ssl_ import create_urllib3_context
from urllib3.util.ssltransport import SSLTransport

from fastly.deadline import DeadlineSSLSocket, connect, running
from fastly.exceptions import ApiValueError
from fastly.rest.messages import SecretHeaders
from fastly.rest.proxies import proxy_of

if TYPE_CHECKING:
    from fastly.configuration import Configuration
    from fastly.configuration.secrets import SecretURL

__all__ = ["pool_manager"]

_NO_DELAY = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]


class _CarefulResponse(http.client.HTTPResponse):
    """Reads as http.client does, but for what it leaves out."""

    def begin(self) -> None:
        """Refuse headers that Python's parser fails over, such as ``x; b*=a; b*1=c``.

        And a line that is no header, at which it stops without a word: a length or a Retry-After
        may stand below it. And chunks that http.client would hand out together with the lines
        that frame them, as it knows ``chunked`` without a blank beside it alone.
        """
        try:
            super().begin()
        except TypeError as error:
            raise http.client.HTTPException(f"the headers cannot be read: {error}") from error
        if any(isinstance(d, MissingHeaderBodySeparatorDefect) for d in self.headers.defects):
            raise http.client.HTTPException("a line among the headers is no header")
        framing = self.headers.get("transfer-encoding", "")
        if framing.strip().lower() == "chunked" and not self.chunked:
            raise http.client.HTTPException(f"Transfer-Encoding is {framing!r}")

    def _read_status(self) -> tuple[str, int, str]:
        """Skip every interim answer, and not 100 alone (RFC 9110, section 15.2)."""
        parent: Any = super()  # the stubs of http.client leave this method out
        version, status, reason = cast("tuple[str, int, str]", parent._read_status())
        interim = 100 <= status < 200 and status != http.client.SWITCHING_PROTOCOLS
        return version, http.client.CONTINUE if interim else status, reason

    def _read_next_chunk_size(self) -> int:
        """Refuse a size below 0, for which http.client would read without bound."""
        parent: Any = super()
        size = cast("int", parent._read_next_chunk_size())
        if size < 0:
            raise ValueError("the size of a chunk is less than 0")
        return size


class _DeadlineConnection(HTTPConnection):
    response_class = _CarefulResponse

    @property
    def is_connected(self) -> bool:
        """Tell whether the next request can go out on it.

        It cannot where TLS holds bytes that were sent beyond the last answer: urllib3 looks for
        such bytes in the system's buffer alone.
        """
        return super().is_connected and not _read_ahead(self.sock)

    def connect(self) -> None:
        """Connect within the time for that, which is not taken from the time to read."""
        deadline = running()
        left_to_read = deadline.left_of_phase()
        deadline.start_phase(deadline.connect)
        try:
            super().connect()
        except TimeoutError as error:  # in a handshake of TLS
            raise foreign.ConnectTimeoutError(self, "timed out") from error
        if isinstance(self.sock, SSLTransport):  # as DeadlineSSLSocket does for itself
            self.sock.suppress_ragged_eofs = False
        deadline.start_phase(left_to_read)

    def _tunnel(self) -> None:
        """Open the tunnel as urllib3's does, but blame the proxy for what goes wrong."""
        parent: Any = super()  # the stubs of http.client leave this method out
        try:
            parent._tunnel()
        except (OSError, http.client.HTTPException) as error:
            raise foreign.ProxyError("no tunnel", error) from error

    def _new_conn(self) -> socket.socket:
        """Connect as urllib3's does, raising what urllib3's raises."""
        try:
            return connect(self._dns_host, self.port, cast("Any", self.socket_options))
        except socket.gaierror as error:
            raise foreign.NameResolutionError(self.host, self, error) from error
        except TimeoutError as error:
            raise foreign.ConnectTimeoutError(self, "timed out") from error
        except (OSError, UnicodeError) as error:
            raise foreign.NewConnectionError(self, str(error)) from error


def _read_ahead(sock: Any) -> int:
    """Return how many bytes TLS has read beyond what was asked of it."""
    if isinstance(sock, SSLTransport):  # TLS to the host, within TLS to a proxy
        within = sock.sslobj.pending() + sock.incoming.pending
        return within + _read_ahead(sock.socket)
    pending: int = getattr(sock, "pending", int)()
    return pending


class _DeadlineHTTPSConnection(_DeadlineConnection, HTTPSConnection):
    pass


_OURS: dict[Any, Any] = {
    HTTPConnection: _DeadlineConnection,
    HTTPSConnection: _DeadlineHTTPSConnection,
}


class _HTTPPool(HTTPConnectionPool):
    """Connects before a request is written, so that no failure to connect holds its bytes."""

    def _get_conn(self, timeout: float | None = None) -> Any:
        """Give a connection of ours, unless a recorder such as vcrpy has put in a class of its own.

        The recorder looks at the pool's class of connections each time, so it has to be up to date.
        """
        theirs: Any = super().ConnectionCls
        self.ConnectionCls = _OURS.get(theirs, theirs)
        return super()._get_conn(timeout)

    def _validate_conn(self, conn: Any) -> None:
        """Connect, without urllib3's warning at each request: the client has warned once."""
        if conn.is_closed:
            conn.connect()


class _HTTPSPool(_HTTPPool, HTTPSConnectionPool):
    pass


def _tls_context(configuration: Configuration) -> ssl.SSLContext:
    """Make the TLS settings: 1.2 or newer, certifi's authorities unless others are set."""
    context = create_urllib3_context(ssl_minimum_version=ssl.TLSVersion.TLSv1_2)
    context.sslsocket_class = DeadlineSSLSocket
    if not configuration.verify_ssl:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    try:
        context.load_verify_locations(configuration.ssl_ca_cert or _certifi_roots())
        if configuration.key_file is not None and configuration.cert_file is None:
            raise ApiValueError("key_file is the key of cert_file, which is not set")
        if configuration.cert_file is not None:
            # A passphrase that is given, if empty, keeps OpenSSL from asking the terminal for one.
            context.load_cert_chain(configuration.cert_file, configuration.key_file, password="")
    except (ssl.SSLError, OSError) as error:
        files = "ssl_ca_cert, cert_file or key_file"
        raise ApiValueError(f"{files} holds no usable certificate or key: {error}") from error
    return context


def _certifi_roots() -> str:
    import certifi  # imported when first needed: plain http does not need it

    return certifi.where()


def pool_manager(configuration: Configuration, url: str, pool_threads: int) -> urllib3.PoolManager:
    """Make urllib3's pools with the configuration's settings, and our connections in them."""
    options: dict[str, Any] = {
        "maxsize": max(configuration.connection_pool_maxsize, pool_threads),
        "socket_options": [*_NO_DELAY, *(configuration.socket_options or [])],
    }
    if url.startswith("https:"):
        options |= {"ssl_context": _tls_context(configuration)}
        options |= {"assert_hostname": configuration.assert_hostname}
    proxy = proxy_of(configuration, url)
    manager = (
        urllib3.PoolManager(**options)
        if proxy is None
        else _proxy_manager(configuration, proxy, options)
    )
    pools: dict[str, Any] = {"http": _HTTPPool, "https": _HTTPSPool}
    manager.pool_classes_by_scheme = pools
    return manager


def _proxy_manager(
    configuration: Configuration, proxy: SecretURL, options: dict[str, Any]
) -> urllib3.ProxyManager:
    headers = SecretHeaders(configuration.proxy_headers)
    parts = urlsplit(proxy)
    if parts.username is not None:
        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Proxy-Authorization"] = f"Basic {base64.b64encode(login.encode()).decode()}"
    if parts.scheme == "https":
        options |= {"proxy_ssl_context": _tls_context(configuration)}
    return urllib3.ProxyManager(proxy.bare(), proxy_headers=headers, **options)
