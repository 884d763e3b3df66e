"""One request: pool, TLS, proxy, tries, redirects, and the bounds of its body.

Here, and nowhere else, the exceptions of urllib3, ssl, socket and http.client become ours. This is
the only module that knows urllib3 and certifi.
"""

from __future__ import annotations

import base64
import collections
import email.utils
import http.client
import itertools
import logging
import os
import random
import re
import socket
import ssl
import threading
import time
import weakref
import zlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit

import urllib3
from urllib3 import exceptions as foreign
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util.ssl_ import create_urllib3_context
from urllib3.util.ssl_match_hostname import CertificateError

from fastly.configuration import MASK, SecretURL, check_proxy, is_loopback
from fastly.deadline import Deadline, DeadlineSSLSocket, connect, running
from fastly.exceptions import (
    ApiException,
    ApiValueError,
    ConnectionException,
    ResponseException,
    TimeoutException,
    exception_for,
)

if TYPE_CHECKING:
    from fastly.configuration import Configuration

__all__ = ["Headers", "RawResponse", "Response", "RestClient", "SecretHeaders"]

log = logging.getLogger("fastly")

Headers = urllib3.HTTPHeaderDict
RawResponse = urllib3.BaseHTTPResponse
T = TypeVar("T")
E = TypeVar("E", bound=ApiException)

MAX_REDIRECTS = 3
REDIRECTS = frozenset({301, 302, 303, 307, 308})
RETRIED_STATUSES = frozenset({429, 500, 502, 503, 504})
SHORTEST_SECRET = 8  # characters; Fastly's own tokens have 32
FIRST_BACKOFF = 0.5  # seconds
LONGEST_BACKOFF = 8.0  # seconds
LONGEST_PAUSE = 60.0  # seconds of Retry-After that are slept through
_NO_RETRIES = urllib3.Retry(False, redirect=False)
_NO_DELAY = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]
_CHUNK = 256 * 1024  # bytes; a bomb can outgrow its bound by no more than this
_GZIP_MAGIC = b"\x1f\x8b"
_KEPT_OF_TOO_LARGE = 64 * 1024  # bytes
_YEAR = 365 * 24 * 3600.0  # seconds; the longest Retry-After that is believed


class SecretHeaders(dict[str, str]):
    """Headers of a request, whose values show on the wire alone."""

    def __repr__(self) -> str:
        return f"<headers {', '.join(self)}>"

    def copy(self) -> SecretHeaders:
        """Copy as urllib3 does before it adds a proxy's headers."""
        return SecretHeaders(self)


class Request(NamedTuple):
    """A GET: its URL, its headers, and what of them is never to be shown."""

    url: str
    headers: SecretHeaders
    secret: str = ""

    def __repr__(self) -> str:
        return f"<GET {self.url}>"

    def is_in(self, text: str) -> bool:
        """Tell whether a text holds the token, if that is long enough to be told from words."""
        return len(self.secret) >= SHORTEST_SECRET and self.secret in text


class Response(NamedTuple):
    """An answer of 2xx that was read whole."""

    status: int
    reason: str | None
    headers: Headers
    data: bytes
    url: str

    def __repr__(self) -> str:
        return f"<{self.status} {self.reason}, {len(self.data)} bytes, of {self.url}>"

    def as_error(self, kind: type[E], reason: str | None = None) -> E:
        """Make an exception of this answer, with all that it said."""
        return _as(kind, self, self.url, reason or self.reason, text_or_bytes(self.data))


# --- connections that keep the deadline -------------------------------------------------------


class _CarefulResponse(http.client.HTTPResponse):
    """Reads as http.client does, but for three things that it leaves out."""

    def begin(self) -> None:
        """Refuse headers that Python's parser fails over, such as ``x; b*=a; b*1=c``."""
        try:
            super().begin()
        except TypeError as error:
            raise http.client.HTTPException(f"the headers cannot be read: {error}") from error

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

    def connect(self) -> None:
        deadline = running()
        deadline.start_phase(deadline.connect)
        super().connect()
        deadline.start_phase(deadline.read)

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


class _DeadlineHTTPSConnection(_DeadlineConnection, HTTPSConnection):
    pass


class _ConnectingPool(HTTPConnectionPool):
    """Connects before a request is written, so that no failure to connect holds its bytes."""

    def _validate_conn(self, conn: Any) -> None:
        """Connect, without urllib3's warning at each request: the client has warned once."""
        if conn.is_closed:
            conn.connect()


# Recorders such as vcrpy put a connection class of theirs into urllib3's pools: it goes first.


class _HTTPPool(_ConnectingPool):
    @property
    def ConnectionCls(self) -> Any:  # type: ignore[override]  # noqa: N802  # urllib3's class attribute
        theirs: Any = HTTPConnectionPool.ConnectionCls
        return _DeadlineConnection if theirs is HTTPConnection else theirs


class _HTTPSPool(_ConnectingPool, HTTPSConnectionPool):
    @property
    def ConnectionCls(self) -> Any:  # type: ignore[override]  # noqa: N802  # urllib3's class attribute
        theirs: Any = HTTPSConnectionPool.ConnectionCls
        return _DeadlineHTTPSConnection if theirs is HTTPSConnection else theirs


def _tls_context(configuration: Configuration) -> ssl.SSLContext:
    """Make the TLS settings: 1.2 or newer, certifi's authorities unless others are set."""
    context = create_urllib3_context(ssl_minimum_version=ssl.TLSVersion.TLSv1_2)
    context.sslsocket_class = DeadlineSSLSocket
    if not configuration.verify_ssl:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    try:
        context.load_verify_locations(configuration.ssl_ca_cert or _certifi_roots())
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


def _proxy_of(configuration: Configuration, url: str) -> SecretURL | None:
    """Find the proxy for a URL: the configuration's, else the environment's.

    Raises:
        ApiValueError: It is no http(s) URL, or would see the token unencrypted.
    """
    name, proxy = "proxy", cast("SecretURL | None", configuration.proxy)
    if proxy is None and not is_loopback(url):
        name, proxy = _environment_proxy(urlsplit(url).scheme)
    if proxy is None or _bypassed(configuration, urlsplit(url).netloc):
        return None
    if url.startswith("http:") and not (is_loopback(proxy) or configuration.allow_insecure_host):
        raise ApiValueError(f"{name} {proxy!r} would see the token of {url} unencrypted")
    return proxy


def _environment_proxy(scheme: str) -> tuple[str, SecretURL | None]:
    name = f"{scheme}_proxy"
    value = os.environ.get(name)
    if not value and scheme == "https":  # HTTP_PROXY may come from a request (httpoxy)
        name = name.upper()
        value = os.environ.get(name)
    if not value:
        return name, None
    return name, check_proxy(name, value if "://" in value else f"http://{value}")


def _bypassed(configuration: Configuration, host: str) -> bool:
    """Tell whether a host, with its port if it has one, is to be reached without the proxy."""
    hosts = configuration.no_proxy
    if hosts is None:
        hosts = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    entries = (entry.strip().lower() for entry in hosts.split(","))
    return any(_covers(entry, host.lower()) for entry in entries if entry)


def _covers(entry: str, host: str) -> bool:
    """Match as curl does: ``*``, a name and what is below it, a name with a port, a network."""
    name = host.rsplit(":", 1)[0] if re.search(r":\d+$", host) else host
    if "/" in entry:
        return _in_network(name.strip("[]"), entry)
    suffix = entry.removeprefix("*").removeprefix(".")
    return entry == "*" or any(h == suffix or h.endswith(f".{suffix}") for h in (name, host))


def _in_network(address: str, network: str) -> bool:
    import ipaddress  # slow to import, and needed for such an entry alone

    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


def _pool_manager(configuration: Configuration, url: str, pool_threads: int) -> urllib3.PoolManager:
    """Make urllib3's pools with the configuration's settings, and our connections in them."""
    options: dict[str, Any] = {
        "maxsize": max(configuration.connection_pool_maxsize, pool_threads),
        "socket_options": [*_NO_DELAY, *(configuration.socket_options or [])],
    }
    if url.startswith("https:"):
        options |= {"ssl_context": _tls_context(configuration)}
        options |= {"assert_hostname": configuration.assert_hostname}
    proxy = _proxy_of(configuration, url)
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


# --- whether, how long and with how much chance to wait before the next try -------------------


class _Backoff(urllib3.Retry):
    """The retries of a client that was given a number: each wait is twice the one before."""

    def get_backoff_time(self) -> float:
        return jittered(backoff(len(self.history)))


def backoff(failures: int) -> float:
    """Return the seconds to wait after so many failures: 0.5, 1, 2, 4, 8 and no more."""
    return min(LONGEST_BACKOFF, FIRST_BACKOFF * 2.0 ** min(failures - 1, 9))


def jittered(seconds: float) -> float:
    """Return between half and all of it, so that clients that failed together spread out."""
    return seconds * (0.5 + random.random() / 2)  # noqa: S311  # guards no secret


def retry_policy(retries: Any) -> urllib3.Retry:
    """Return the policy behind the ``retries`` setting: a number, or a urllib3.Retry."""
    if isinstance(retries, urllib3.Retry):
        return retries
    return _Backoff(retries, status_forcelist=RETRIED_STATUSES, allowed_methods=None)


def spend(policy: urllib3.Retry, error: ApiException) -> urllib3.Retry | None:
    """Decide whether to try again: the policy with one try less, or None for no more."""
    if error.status is None and not _may_pass(error.__cause__):
        return None
    try:
        if error.status is None:
            return policy.increment("GET", error.url, error=cast("Exception", error.__cause__))
        if policy.is_retry("GET", error.status, error.retry_after is not None):
            return policy.increment(
                "GET", error.url, response=urllib3.HTTPResponse(status=error.status)
            )
    except FOREIGN:  # a Retry that is switched off raises the failure itself
        pass
    return None


def _may_pass(cause: BaseException | None) -> bool:
    """Tell whether a failure may pass by itself: a certificate or a proxy's login stays wrong."""
    root = root_cause(cause)
    refused_by_proxy = re.match(r"Tunnel connection failed: 4(?!08|29)", str(root))
    return not (isinstance(root, UNTRUSTED) or refused_by_proxy)


def pause_before_retry(policy: urllib3.Retry, error: ApiException) -> float:
    """Return the seconds to wait: what the API asked for, else the policy's backoff."""
    if error.retry_after is not None and policy.respect_retry_after_header:
        return error.retry_after
    return policy.get_backoff_time()


def retry_after(status: int, headers: Headers) -> float | None:
    """Read how many seconds the API asks to wait: ``Retry-After``, or a 429's reset time."""
    asked = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d+(\.\d+)?", asked, re.ASCII):
        return min(float(asked), _YEAR)
    moment = _epoch(asked)
    if moment is None and status == http.client.TOO_MANY_REQUESTS:
        reset = headers.get("fastly-ratelimit-reset", "").strip()
        moment = float(reset) if re.fullmatch(r"\d{1,12}", reset, re.ASCII) else None
    return None if moment is None else min(max(moment - time.time(), 0.0), _YEAR)


def _epoch(date: str) -> float | None:
    """Read an HTTP date (RFC 9110, section 5.6.7) as seconds since 1970; None if it is none."""
    try:
        parsed = email.utils.parsedate_tz(date)
        return None if parsed is None else float(email.utils.mktime_tz(parsed))
    except (ValueError, OverflowError, IndexError, TypeError):
        return None


# --- bodies -----------------------------------------------------------------------------------


class _UnusableBodyError(Exception):
    """A body that came whole, or could have, and is not what was promised."""


class _TooLargeError(_UnusableBodyError):
    def __init__(self, limit: int) -> None:
        super().__init__(f"the body is larger than max_response_bytes, {limit} bytes")


def read_body(
    response: RawResponse, read: Callable[[int], bytes], limit: int, came: list[bytes]
) -> bytes:
    """Read and decode a body of at most ``limit`` bytes; ``came`` keeps what came in any case."""
    _check_framing(response)
    chunks = _bounded(_received(read, came), limit)
    coding = response.headers.get("content-encoding", "").strip().lower()
    if coding in ("", "identity"):
        return b"".join(chunks)
    if coding in ("gzip", "x-gzip"):
        return _unzipped_body(chunks, limit, came)
    collections.deque(chunks, maxlen=0)
    raise _UnusableBodyError(f"Content-Encoding is {coding!r}, which was not asked for")


def _check_framing(response: RawResponse) -> None:
    """Refuse what http.client would hand out together with the lines that frame it."""
    framing = response.headers.get("transfer-encoding", "chunked").strip().lower()
    if framing != "chunked":
        raise _UnusableBodyError(f"Transfer-Encoding is {framing!r}, which is not understood")


def _unzipped_body(chunks: Iterator[bytes], limit: int, came: list[bytes]) -> bytes:
    pieces: list[bytes] = []
    try:
        pieces.extend(_bounded(_unzipped(chunks), limit))
    except _TooLargeError:
        came[:] = pieces
        raise
    except zlib.error as error:
        raise _UnusableBodyError(f"the body is not whole gzip: {error}") from error
    return b"".join(pieces)


def _received(read: Callable[[int], bytes], came: list[bytes]) -> Iterator[bytes]:
    while chunk := read(_CHUNK):
        came.append(chunk)
        yield chunk


def _bounded(pieces: Iterator[bytes], limit: int) -> Iterator[bytes]:
    """Yield at most ``limit`` bytes, and fail if there are more."""
    left = limit
    for piece in pieces:
        yield piece[:left]
        left -= len(piece)
        if left < 0:
            raise _TooLargeError(limit)


def _unzipped(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Unzip in bounded pieces. urllib3's own decoder takes a stream that is cut for a whole."""
    first = next(chunks, b"")
    if not _GZIP_MAGIC.startswith(first[:2]):  # unzipped on the way, with the header left as it was
        yield first
        yield from chunks
        return
    decoder = _new_decoder()
    for chunk in itertools.chain([first], chunks):
        yield from _inflated(decoder, chunk)
        while decoder.unused_data.startswith(_GZIP_MAGIC):  # a further member (RFC 1952, 2.2)
            rest, decoder = decoder.unused_data, _new_decoder()
            yield from _inflated(decoder, rest)
        if len(decoder.unused_data) > 1:  # what follows the last member is passed over
            collections.deque(chunks, maxlen=0)
    if not decoder.eof:
        raise zlib.error("the stream is cut short")


def _new_decoder() -> Any:
    return zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)


def _inflated(decoder: Any, data: bytes) -> Iterator[bytes]:
    while piece := decoder.decompress(data, _CHUNK):
        yield piece
        data = decoder.unconsumed_tail


def text_or_bytes(body: bytes) -> str | bytes:
    """Return a body as text where it is text, else as it is."""
    try:
        return body.decode()
    except UnicodeDecodeError:
        return body


# --- the boundary -----------------------------------------------------------------------------

UNTRUSTED = (ssl.SSLCertVerificationError, CertificateError)
FOREIGN = (foreign.HTTPError, http.client.HTTPException, OSError, ValueError, EOFError)


def root_cause(error: BaseException | None) -> BaseException | None:
    """Unwrap what really happened from the exceptions that urllib3 wraps around it."""
    while True:
        inner: Any = getattr(error, "reason", None) or getattr(error, "original_error", None)
        if not isinstance(inner, BaseException):
            inner = next(
                (a for a in getattr(error, "args", ()) if isinstance(a, BaseException)), None
            )
        if inner is None:
            return error
        error = inner


def translated(error: Exception, url: str) -> ConnectionException:
    """Turn any exception of the libraries below into ours, saying what really happened."""
    root = root_cause(error)
    refused = isinstance(root, foreign.NewConnectionError)
    timed_out = isinstance(root, (foreign.TimeoutError, TimeoutError)) and not refused
    kind = TimeoutException if timed_out else ConnectionException
    return kind(reason=_words(error, root), url=url)


def _words(error: Exception, root: BaseException | None) -> str:
    where = "the proxy failed: " if isinstance(error, foreign.ProxyError) else ""
    return where + _what_happened(root)


def _what_happened(root: BaseException | None) -> str:
    if isinstance(root, foreign.NameResolutionError):
        return f"the host's name cannot be looked up: {root.__cause__}"
    if isinstance(root, foreign.NewConnectionError):
        return f"cannot connect: {root.__cause__ or root}"
    if isinstance(root, foreign.ConnectTimeoutError):
        return "connecting took too long"
    if isinstance(root, (foreign.TimeoutError, TimeoutError)):
        return "the answer took too long"
    if isinstance(root, UNTRUSTED):
        return f"the certificate is not trusted: {getattr(root, 'verify_message', root)}"
    if isinstance(root, ssl.SSLError):
        return f"TLS failed: {getattr(root, 'reason', None) or root}"
    if isinstance(root, http.client.RemoteDisconnected):
        return "the connection was closed without an answer"
    if isinstance(root, http.client.IncompleteRead):
        return f"the answer was cut short: {root!r}"
    return f"{type(root).__name__}: {root}"


def mask(error: ApiException, secret: str) -> None:
    """Take the token out of an answer that repeats it, as the error pages of proxies may."""
    if len(secret) < SHORTEST_SECRET:  # it would be found in words that do not come from it
        return
    for link in _chain(error):
        _mask_arguments(link, secret)
    error.reason, error.body = masked(error.reason, secret), masked(error.body, secret)
    if any(secret in value for value in error.headers.values()):
        headers = Headers()
        for name, value in error.headers.items():
            headers.add(name, masked(value, secret))
        error.headers = headers


def _chain(error: BaseException) -> list[BaseException]:
    """Return an exception, its causes and what they carry, each once: there may be circles."""
    found: list[BaseException] = [error]
    for link in found:
        around = (link.__cause__, link.__context__, *link.args)
        found += [x for x in around if isinstance(x, BaseException) and x not in found]
    return found


def _mask_arguments(error: BaseException, secret: str) -> None:
    error.args = tuple(masked(argument, secret) for argument in error.args)
    for name in ("doc", "object", "line"):  # what exceptions of json, codecs and http keep
        if isinstance(whole := getattr(error, name, None), (str, bytes)):
            setattr(error, name, masked(whole, secret))


def masked(value: T, secret: str) -> T:
    """Return text or bytes without a secret, and anything else as it is."""
    shown: object = value
    if isinstance(value, str):
        shown = value.replace(secret, MASK)
    elif isinstance(value, bytes):
        shown = value.replace(secret.encode(), MASK.encode())
    return cast("T", shown)


# --- the client -------------------------------------------------------------------------------


class RestClient:
    """Sends requests over one pool, shared by threads, and made anew in a forked process.

    Args:
        configuration: The settings.
        pool_threads: Threads that will use it at least; each may keep a connection.
    """

    def __init__(self, configuration: Configuration, pool_threads: int = 1) -> None:
        self._configuration = configuration
        self._pool_threads = pool_threads
        self._lock = threading.Lock()
        self._pools: dict[str, HTTPConnectionPool] = {}
        self._closed = False
        _clients.add(self)

    def forget(self) -> None:
        """Start anew in a forked process: connections, and perhaps a held lock, are another's."""
        self._lock = threading.Lock()
        self._pools = {}

    def get(self, request: Request, deadline: Deadline) -> Response:
        """Send a GET and read the answer.

        Raises:
            ApiException: The last try's failure, once no other try was worth it.
        """
        return self._try_until_done(request, deadline, self._read)

    def open(self, request: Request, deadline: Deadline) -> RawResponse:
        """Send a GET and return the answer unread; the caller closes it."""
        return self._try_until_done(request, deadline, _handed_over)

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            self._closed = True
            pools, self._pools = self._pools, {}
        for pool in pools.values():
            pool.close()

    def _try_until_done(
        self, request: Request, deadline: Deadline, take: Callable[[RawResponse, str], T]
    ) -> T:
        policy: urllib3.Retry | None = None
        tries = 1
        with deadline.running():
            while True:
                try:
                    return self._try(request, deadline, take)
                except ApiException as error:
                    error.tries = tries
                    mask(error, request.secret)
                    policy = policy or retry_policy(self._configuration.retries)
                    policy = self._pause(policy, error, deadline)
                tries += 1

    def _pause(
        self, policy: urllib3.Retry, error: ApiException, deadline: Deadline
    ) -> urllib3.Retry:
        """Wait before the next try, or raise the failure if there is to be none."""
        rest = spend(policy, error)
        if rest is None:
            raise error
        pause = pause_before_retry(rest, error)
        if pause > LONGEST_PAUSE or pause >= deadline.left():
            raise error
        log.info("retrying %s in %.2f s after: %s", error.url, pause, error.status or error.reason)
        time.sleep(pause)
        return rest

    def _try(
        self, request: Request, deadline: Deadline, take: Callable[[RawResponse, str], T]
    ) -> T:
        """Send the request once, follow its redirects, and take the answer's body."""
        deadline.start_phase(deadline.read)
        for _ in range(MAX_REDIRECTS):
            try:
                return self._ask(request, deadline, take)
            except ApiException as error:
                request = request._replace(url=_redirected(error, request))
        return self._ask(request, deadline, take)

    def _ask(
        self, request: Request, deadline: Deadline, take: Callable[[RawResponse, str], T]
    ) -> T:
        """Send the request and take the body of an answer of 2xx; raise any other answer."""
        response = self._send(request, deadline)
        if 200 <= response.status <= 299:
            return take(response, request.url)
        raise self._failure(response, request.url)

    def _send(self, request: Request, deadline: Deadline) -> RawResponse:
        pool = self._pool(request.url)
        started = time.monotonic()
        outcome: object = None
        try:
            response = pool.urlopen(
                "GET",
                _target(request.url, pool),
                headers=request.headers,
                retries=_NO_RETRIES,
                redirect=False,
                assert_same_host=False,
                preload_content=False,
                decode_content=False,
                timeout=urllib3.Timeout(deadline.connect, deadline.read),
            )
            outcome = response.status
        except FOREIGN as error:
            failure = translated(error, request.url)
            outcome = masked(failure.reason, request.secret)
            raise failure from error
        finally:
            spent = time.monotonic() - started
            log.debug("GET %s: %s in %.3f s", request.url, outcome, spent)
        return response

    def _pool(self, url: str) -> HTTPConnectionPool:
        """Return the pool of a URL's origin."""
        origin = origin_of(url)
        with self._lock:
            if self._closed:
                raise ConnectionException(reason="the client was closed during the call", url=url)
            if origin not in self._pools:
                self._pools[origin] = self._new_pool(url)
            return self._pools[origin]

    def _new_pool(self, url: str) -> HTTPConnectionPool:
        if not self._configuration.verify_ssl:
            log.warning("verify_ssl is False: anybody on the way can read the token")
        parts = urlsplit(url)
        manager = _pool_manager(self._configuration, url, self._pool_threads)
        return manager.connection_from_host(parts.hostname, parts.port, parts.scheme)

    def _read(self, response: RawResponse, url: str) -> Response:
        """Read the body of a 2xx answer; a connection that fails meanwhile is tried again."""
        came: list[bytes] = []
        if response.status == http.client.ACCEPTED:  # promises nothing, so its body may be anything
            body = self._as_it_came(response)
            return Response(response.status, response.reason, response.headers, body, url)
        limit = self._configuration.max_response_bytes
        try:
            data = read_body(response, response.read, limit, came)
            if not came and response.length_remaining is None and not response.chunked:
                # http.client takes a head that is cut between two headers for a whole one.
                raise http.client.IncompleteRead(b"")
        except _UnusableBodyError as error:
            response.close()
            kept = text_or_bytes(b"".join(came)[:_KEPT_OF_TOO_LARGE])
            raise _as(ResponseException, response, url, str(error), kept) from error
        except FOREIGN as error:
            response.close()
            failure = translated(error, url)
            failure.headers, failure.body = response.headers, text_or_bytes(b"".join(came))
            raise failure from error
        return Response(response.status, response.reason, response.headers, data, url)

    def _failure(self, response: RawResponse, url: str) -> ApiException:
        """Make the exception of an answer other than 2xx, with up to 64 KiB of its body."""
        kept = text_or_bytes(self._as_it_came(response))
        if response.status == http.client.SWITCHING_PROTOCOLS:  # what follows is no HTTP
            response.close()
        return _as(exception_for(response.status), response, url, response.reason, kept)

    def _as_it_came(self, response: RawResponse) -> bytes:
        """Read as much of a body as comes, whatever is wrong with it."""
        came: list[bytes] = []
        try:
            # read1 loses nothing of what came before a failure.
            return read_body(response, response.read1, _KEPT_OF_TOO_LARGE, came)
        except (_UnusableBodyError, *FOREIGN):
            response.close()
        return b"".join(came)


def _handed_over(response: RawResponse, url: str) -> RawResponse:  # noqa: ARG001  # as _read
    """Leave the reading, unzipping included, to the caller."""
    response.decode_content = True
    return response


_clients: weakref.WeakSet[RestClient] = weakref.WeakSet()


def _forget_all() -> None:
    for client in _clients:
        client.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)


def _as(
    kind: type[E],
    response: RawResponse | Response,
    url: str,
    reason: str | None,
    body: str | bytes,
) -> E:
    wait = retry_after(response.status, response.headers)
    return kind(
        response.status, reason, headers=response.headers, body=body, url=url, retry_after=wait
    )


def origin_of(url: str) -> str:
    """Return scheme, host and port (RFC 6454) of a URL, the port always written out.

    Raises:
        ValueError: It is no URL.
    """
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return f"{parts.scheme}://{parts.hostname}:{port}"


def _redirected(error: ApiException, request: Request) -> str:
    """Return where an answer redirects to, or raise it: only the same origin is followed."""
    url, location = request.url, error.headers.get("location")
    if error.status not in REDIRECTS or location is None:
        raise error
    try:
        parts = urlsplit(urljoin(url, location))
        target = urlunsplit(parts._replace(path=parts.path or "/", fragment=""))
        origin = origin_of(target)
    except ValueError:
        target, origin = url, f"{location!r}, which is no URL"
    if request.is_in(location):
        error.reason = "redirected to a URL that holds the token"
        raise error
    if origin != origin_of(url) or "@" in urlsplit(target).netloc:
        error.reason = f"redirected to {origin}, where the token is not sent"
        raise error
    return target


def _target(url: str, pool: HTTPConnectionPool) -> str:
    """Return what the request line names: all of the URL for a forwarding proxy, else its path."""
    if pool.proxy is not None and url.startswith("http:"):
        return url
    return "/" + url.split("/", 3)[3]
