"""A request from its first attempt to its last: retries, redirects, and the response's body."""

from __future__ import annotations

import http.client
import io
import logging
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import SplitResult, urljoin, urlsplit, urlunsplit

import urllib3

from fastly._text import printable
from fastly._transport.bodies import UnusableBodyError, is_delimited, read_body, text_or_bytes
from fastly._transport.boundary import FOREIGN, translated, without_frames
from fastly._transport.connections import new_pool, uses_own_connections
from fastly._transport.deadline import Deadline, running
from fastly._transport.messages import RawResponse, Request, Response, error_of, shortened
from fastly._transport.responses import masking
from fastly._transport.retries import (
    LONGEST_RETRY_AFTER,
    next_policy,
    retry_policy,
    seconds_before_retry,
)
from fastly.configuration.secrets import MASK, Mask
from fastly.exceptions import ApiException, ResponseException, exception_for

if TYPE_CHECKING:
    from urllib3.connectionpool import HTTPConnectionPool

    from fastly.configuration import Configuration

__all__ = ["RestClient"]

log = logging.getLogger("fastly")

T = TypeVar("T")

_MAX_REDIRECTS = 3
_PORTS = {"http": 80, "https": 443}
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
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
        self._new_pool = partial(new_pool, configuration, url, 1)

    def get(self, request: Request, deadline: Deadline) -> Response:
        """Send a request and read the response.

        Raises:
            ApiException: The last attempt's failure, if it is not retried.
        """
        response, attempts = self._exchange(request, deadline, self._read)
        return response if attempts == 1 else response._replace(attempts=attempts)

    def open(self, request: Request, deadline: Deadline) -> RawResponse:
        """Send a request and return the response unread; the caller closes it."""
        return self._exchange(request, deadline, _unread)[0]

    def close(self) -> None:
        """Close the connections; those in use are closed when their response ends."""
        self._pool.close()

    def _exchange(
        self, request: Request, deadline: Deadline, take: Callable[[RawResponse, Request], T]
    ) -> tuple[T, int]:
        """Return the result of the request, and the number of attempts."""
        policy: urllib3.Retry | None = None  # most calls need none
        attempts = 1
        mask = masking.set(Mask(request.headers["Fastly-Key"], *self._logins))
        try:
            with deadline:
                while True:
                    try:
                        deadline.start_phase(deadline.read)
                        return self._attempt(request, take), attempts
                    except ApiException as error:
                        error.tries = attempts
                        policy = policy or retry_policy(self._configuration.retries)
                        if request.method == "POST" and not deadline.connecting:
                            raise  # it may have been carried out
                        policy = self._back_off(policy, error, deadline, request.method)
                    attempts += 1
        finally:
            masking.reset(mask)

    def _back_off(
        self, policy: urllib3.Retry, error: ApiException, deadline: Deadline, method: str
    ) -> urllib3.Retry:
        """Wait before the next attempt, or raise the failure if there will be none."""
        if deadline.aborted:
            error.reason = "the client was closed during the call"
        rest = next_policy(policy, error, method)
        if rest is None:
            raise error
        seconds = seconds_before_retry(rest, error, deadline.left())
        asked = (rest.respect_retry_after_header and error.retry_after) or 0
        if asked > LONGEST_RETRY_AFTER or seconds >= deadline.left():
            raise error
        why = error.status or printable(error.reason or "")
        log.info("retrying %s in %.2f s after: %s", error.url, seconds, why)
        deadline.sleep(seconds)
        return rest

    def _attempt(
        self,
        request: Request,
        take: Callable[[RawResponse, Request], T],
        redirects: int = _MAX_REDIRECTS,
    ) -> T:
        """Send the request once, follow its redirects, and take the body of a 2xx response."""
        response = self._send(request)
        if 200 <= response.status <= 299:
            return take(response, request)
        failure = self._failure(response, request.url)
        target = _redirected(failure, request)
        if not redirects:
            failure.reason = f"redirected more than {_MAX_REDIRECTS} times"
            raise failure
        return self._attempt(request._replace(url=target), take, redirects - 1)

    def _send(self, request: Request) -> RawResponse:
        deadline, started = running(), time.monotonic()
        deadline.connecting = False
        outer = sys.exc_info()[1]
        outcome: object = None
        try:
            response = self._pool_for(request).urlopen(
                request.method,
                self._target(request.url),
                body=request.body,
                headers=self._written(request.headers),
                retries=_NO_RETRIES,
                redirect=False,
                assert_same_host=False,
                preload_content=False,
                decode_content=False,
                # Only connections of recorders use this timeout; ours keep the deadline.
                timeout=urllib3.Timeout(connect=deadline.connect, read=deadline.read),
            )
            outcome = response.status
        except FOREIGN as error:
            failure = translated(error, request.url, deadline)
            outcome = printable(failure.reason or "")
            raise failure from without_frames(error, outer)
        finally:
            spent = time.monotonic() - started
            log.debug("%s %s: %s in %.3f s", request.method, request.url, outcome, spent)
        return response

    def _pool_for(self, request: Request) -> HTTPConnectionPool:
        """Return the pool, or for a POST a new one.

        If an idle connection that the server has closed were used for a POST, no one could say
        whether it was carried out.
        """
        return self._new_pool()[0] if request.method == "POST" else self._pool

    def _target(self, url: str) -> str:
        """Return the target of the request line: the URL for a forwarding proxy, else the path."""
        if self._pool.proxy is not None and url.startswith("http:"):
            return url
        return "/" + url.split("/", 3)[3]

    def _written(self, headers: Mapping[str, Any]) -> Any:
        """Return the headers in the form that the connections need: recorders accept only text."""
        if uses_own_connections(self._pool):
            return headers
        return {name: value.reveal() for name, value in headers.items()}

    def _read(self, response: RawResponse, request: Request) -> Response:
        """Read the body of a 2xx response; if the connection fails, the request is retried."""
        if response.status == http.client.ACCEPTED:  # its body can be anything
            return _response(response, self._as_it_comes(response), request.url)
        received = io.BytesIO()
        limit = self._configuration.max_response_bytes
        outer = sys.exc_info()[1]
        try:
            # Unlike read, read1 loses nothing of what arrived before a failure.
            data = read_body(response, response.read1, limit, received)
        except UnusableBodyError as error:
            response.close()
            kept = text_or_bytes(_masked_start(received), _KEPT, is_whole=False)
            unusable = error_of(ResponseException, response, request.url, str(error), kept)
            raise unusable from without_frames(error, outer)
        except FOREIGN as error:
            response.close()
            failure = translated(error, request.url, running())
            kept = text_or_bytes(_masked_start(received), is_whole=False)
            failure.headers, failure.body = response.headers, kept
            raise failure from without_frames(error, outer)
        # The proxy's login is not masked, because the proxy does not see this body: a login that is
        # a common word, such as "customer", would be masked in the API's own data.
        return _response(response, Mask(request.headers["Fastly-Key"])(data), request.url)

    def _failure(self, response: RawResponse, url: str) -> ApiException:
        """Return the exception for a response other than 2xx, with up to 64 KiB of its body."""
        if response.status == http.client.SWITCHING_PROTOCOLS:  # what follows is not HTTP
            response.close()
        kept = text_or_bytes(self._as_it_comes(response), _KEPT)
        return error_of(exception_for(response.status), response, url, response.reason, kept)

    def _as_it_comes(self, response: RawResponse) -> bytes:
        """Read as much of a body as arrives, and ignore errors in it."""
        received = io.BytesIO()
        try:
            # Without a length, it may be truncated even here.
            return masking.get().start(read_body(response, response.read1, _KEPT, received))
        except (UnusableBodyError, *FOREIGN):
            response.close()
        return _masked_start(received)


def _masked_start(received: io.BytesIO) -> bytes:
    """Return what was received of a body, without secrets, one that is truncated included."""
    return masking.get().start(received.getvalue())


def _response(response: RawResponse, data: bytes, url: str) -> Response:
    return Response(
        response.status,
        response.reason,
        cast("Any", response.headers),
        data,
        url,
        is_delimited=is_delimited(response),
    )


def _unread(response: RawResponse, *_: object) -> RawResponse:
    """Leave the reading, unzipping included, to the caller."""
    response.decode_content = True
    return response


def _redirected(error: ApiException, request: Request) -> str:
    """Return the URL of the same origin that a response redirects to, or raise its exception.

    Only its path and query are used, so it can neither name another host nor create a pool.
    """
    location, url = error.headers.get("location"), request.url
    if error.status not in _REDIRECTS or location is None:
        raise error
    if request.method != "GET":
        raise _not_followed(error, f"{location!r}, where a {request.method} is not sent again")
    here = urlsplit(url)
    try:
        target = urlsplit(urljoin(url, location))
        origin = _origin(target)
    except ValueError:
        raise _not_followed(error, f"{location!r}, which is not an http(s) URL") from None
    if MASK in location:
        raise _not_followed(error, "a URL that holds a secret")
    if not (origin and location.isprintable()):
        raise _not_followed(error, f"{location!r}, which is not an http(s) URL")
    if origin != _origin(here) or target.username is not None:
        raise _not_followed(error, f"{origin}, where the token is not sent")
    return urlunsplit(here._replace(path=target.path or "/", query=target.query))


def _not_followed(error: ApiException, where: str) -> ApiException:
    error.reason = shortened(f"redirected to {where}")
    error.advice = "Check the host: it redirects, and only redirects to itself are followed."
    return error


def _origin(parts: SplitResult) -> str:
    """Return scheme, host and port (RFC 6454), or "" if it is not an http(s) URL."""
    if parts.scheme not in _PORTS or not parts.hostname:
        return ""
    return f"{parts.scheme}://{parts.hostname}:{parts.port or _PORTS[parts.scheme]}"
