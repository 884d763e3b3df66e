"""One request, sent, retried and read: the pool of one origin, and what its callers may rely on.

Each layer adds one thing: ``_send`` sends a request once, ``_attempt`` follows redirects,
``_fetch`` retries, and ``get`` reads the body. A call that needs no redirect and no retry runs
through nothing that exists for them.
"""

from __future__ import annotations

import http.client
import io
import logging
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast

import urllib3

from fastly._text import printable
from fastly._transport.bodies import UnusableBodyError, read_body, text_or_bytes, unzip_start
from fastly._transport.boundary import FOREIGN, ended_early, translated, without_frames
from fastly._transport.connections import Connection, new_pool
from fastly._transport.deadline import Deadline, running
from fastly._transport.messages import RawResponse, Request, Response, error_of
from fastly._transport.redirects import MAX_REDIRECTS, redirected
from fastly._transport.retries import retried
from fastly.configuration.secrets import Mask, masking, revealed
from fastly.exceptions import ApiException, ResponseException, exception_for

if TYPE_CHECKING:
    from fastly.configuration import Configuration

__all__ = ["RestClient"]

log = logging.getLogger("fastly")

T = TypeVar("T")

_NO_RETRIES = urllib3.Retry(False, redirect=False)
_KEPT = 64 * 1024  # bytes of a body that is too large, or of an error's


class RestClient:
    """Sends requests to one origin over one pool, which threads share.

    Args:
        configuration: The settings.
        url: A URL of the origin.
        pool_threads: The pool keeps at least this many connections.

    Raises:
        ApiValueError: The proxy or a certificate cannot be used.
    """

    def __init__(self, configuration: Configuration, url: str, pool_threads: int) -> None:
        if not configuration.verify_ssl:
            log.warning("verify_ssl is False: anyone on the network can read the token")
        self._configuration = configuration
        size = max(configuration.connection_pool_maxsize, pool_threads)
        self._pool, self._logins = new_pool(configuration, url, size)

    def get(
        self, request: Request, deadline: Deadline, parse: Callable[[Response], T]
    ) -> tuple[Response, T]:
        """Send a request, read the response, and return it with what ``parse`` makes of it.

        Raises:
            ApiException: The last attempt's failure, of parsing included, if it is not retried.
        """
        # The proxy's login is not masked, because the proxy does not see this body: a login that is
        # a common word, such as "customer", would be masked in the API's own data.
        deadline.secrets = mask = masking(request.headers["Fastly-Key"])

        def take(unread: RawResponse, url: str) -> tuple[Response, T]:
            response = self._read(unread, url, mask)
            return response, parse(response)

        return self._fetch(request, deadline, take)

    def open(self, request: Request, deadline: Deadline) -> RawResponse:
        """Send a request and return the response unread; the caller closes it."""
        deadline.secrets = masking(request.headers["Fastly-Key"])
        return self._fetch(request, deadline, _unread)

    def drop_idle(self) -> None:
        """Close the idle connections, so that the next requests open new ones."""
        self._pool.drop_idle()

    def close(self) -> None:
        """Close the connections; those in use are closed when their response ends."""
        self._pool.close()

    def _fetch(
        self, request: Request, deadline: Deadline, take: Callable[[RawResponse, str], T]
    ) -> T:
        """Return what ``take`` makes of the response, after as many attempts as it needs."""
        if self._logins:
            deadline.secrets = masking(request.headers["Fastly-Key"], *self._logins)
        with deadline:
            try:
                return self._attempt(request, deadline, take)
            except ApiException as error:
                failure = error
            again = partial(self._attempt, request, deadline, take)
            return retried(again, failure, request.method, self._configuration.retries, deadline)

    def _attempt(
        self, request: Request, deadline: Deadline, take: Callable[[RawResponse, str], T]
    ) -> T:
        """Send the request once, follow its redirects, and take the body of a 2xx response."""
        deadline.attempts += 1
        deadline.start_phase(deadline.read)
        left = MAX_REDIRECTS
        while True:
            response = self._send(request, deadline)
            if 200 <= response.status <= 299:
                return take(response, request.url)
            failure = self._failure(response, request)
            request = request._replace(url=redirected(failure, request))
            if not left:
                failure.reason = f"redirected more than {MAX_REDIRECTS} times"
                raise failure
            left -= 1

    def _send(self, request: Request, deadline: Deadline) -> RawResponse:
        """Send the request over a new or a reused connection.

        A reused one that has ended before the first byte of a response is replaced, once: servers,
        NATs and load balancers close idle connections at any time (RFC 9112, section 9.3.1).
        """
        started, outer = time.monotonic(), sys.exc_info()[1]
        outcome: object = None
        try:
            response = self._urlopen(request, deadline)
            outcome = response.status
            return response
        except FOREIGN as error:
            failure = translated(error, request.url, deadline)
            outcome = printable(failure.reason or "")
            is_stale = deadline.reuses and ended_early(error)
            cause = without_frames(error, outer)
        finally:
            spent = time.monotonic() - started
            log.debug("%s %s: %s in %.3f s", request.method, request.url, outcome, spent)
        if not is_stale:
            raise failure from cause
        self.drop_idle()
        return self._send(request, deadline)

    def _urlopen(self, request: Request, deadline: Deadline) -> RawResponse:
        url, headers = request.url, request.headers
        timeout: urllib3.Timeout | float = deadline.read
        # A forwarding proxy needs the whole URL.
        is_forwarded = self._pool.proxy is not None and url.startswith("http:")
        # Those of recorders know only text, and no deadline.
        if not issubclass(self._pool.ConnectionCls, Connection):
            timeout = urllib3.Timeout(connect=deadline.connect, read=deadline.read)
            headers = {name: revealed(value) for name, value in headers.items()}
        return self._pool.urlopen(
            request.method,
            url if is_forwarded else "/" + url.split("/", 3)[3],
            request.body,
            headers,
            retries=_NO_RETRIES,
            redirect=False,
            assert_same_host=False,
            preload_content=False,
            decode_content=False,
            timeout=timeout,
        )

    def _read(self, response: RawResponse, url: str, mask: Mask) -> Response:
        """Read the body of a 2xx response; if the connection fails, the request is retried."""
        if response.status == http.client.ACCEPTED:  # its body can be anything
            return _response(response, self._as_it_comes(response), url)
        read = _reader(response, url)
        received = io.BytesIO()
        limit = self._configuration.max_response_bytes
        outer = sys.exc_info()[1]
        try:
            data = read_body(response, read, limit, received)
        except UnusableBodyError as error:
            response.close()
            kept = text_or_bytes(_masked(received), _KEPT, is_whole=False)
            unusable = error_of(ResponseException, response, url, str(error), kept)
            raise unusable from without_frames(error, outer)
        except FOREIGN as error:
            response.close()
            failure = translated(error, url, running())
            unzip_start(response.headers, received)
            failure.headers = response.headers
            failure.body = text_or_bytes(_masked(received), is_whole=False)
            raise failure from without_frames(error, outer)
        return _response(response, mask(data), url)

    def _failure(self, response: RawResponse, request: Request) -> ApiException:
        """Return the exception for a response other than 2xx, with up to 64 KiB of its body."""
        if response.status == http.client.SWITCHING_PROTOCOLS:  # what follows is not HTTP
            response.close()
        kept = text_or_bytes(self._as_it_comes(response), _KEPT)
        kind = exception_for(response.status)
        return error_of(kind, response, request.url, response.reason, kept)

    def _as_it_comes(self, response: RawResponse) -> bytes:
        """Read as much of a body as arrives, and ignore errors in it."""
        received = io.BytesIO()
        try:
            return running().secrets(read_body(response, response.read1, _KEPT, received))
        except (UnusableBodyError, *FOREIGN):
            response.close()
        unzip_start(response.headers, received)
        return _masked(received)


def _masked(received: io.BytesIO) -> bytes:
    """Return what was received of a body, without secrets."""
    return running().secrets(received.getvalue())


def _response(response: RawResponse, data: bytes, url: str) -> Response:
    return Response(response.status, response.reason, cast("Any", response.headers), data, url)


def _unread(response: RawResponse, _: str) -> RawResponse:
    """Leave the reading, unzipping included, to the caller."""
    response.decode_content = True
    return response


def _reader(response: RawResponse, url: str) -> Callable[[int], bytes]:
    """Return what reads a body: from the connection, or what a hook of a tracer has read before.

    Raises:
        ApiException: A hook has read it, or has closed the response, and urllib3 has not kept it.
    """
    was_closed = response.closed and response.length_remaining != 0
    if not (response.tell() or was_closed):
        return response.read1  # unlike read, it loses nothing of what arrived before a failure
    data = response.data if response.tell() and response.closed else b""
    if data:
        whole = io.BytesIO(data)
        return lambda _: whole.read()
    error = error_of(ApiException, response, url, "the body was read before it came here", b"")
    error.advice = "Remove the hook or wrapper of urllib3 that reads the body, or use .data there."
    response.close()
    raise error
