"""A request from its first try to its last: tries, redirects, and the pools that they use."""

from __future__ import annotations

import http.client
import io
import logging
import os
import threading
import time
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urljoin, urlsplit, urlunsplit

import urllib3
from urllib3.connectionpool import HTTPConnectionPool

from fastly.deadline import Deadline
from fastly.exceptions import (
    ApiException,
    ConnectionException,
    ResponseException,
    exception_for,
)
from fastly.rest.bodies import UnusableBodyError, read_body, text_or_bytes
from fastly.rest.boundary import FOREIGN, mask, masked, translated
from fastly.rest.connections import pool_manager
from fastly.rest.messages import RawResponse, Request, Response, error_of
from fastly.rest.retries import LONGEST_PAUSE, pause_before_retry, retry_policy, spend
from fastly.text import printable

if TYPE_CHECKING:
    from fastly.configuration import Configuration

__all__ = ["RestClient"]

log = logging.getLogger("fastly")

T = TypeVar("T")

_MAX_REDIRECTS = 3
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_NO_RETRIES = urllib3.Retry(False, redirect=False)
_KEPT = 64 * 1024  # bytes of a body that is too large, or of an error's


class RestClient:
    """Sends requests over one pool, shared by threads, and made anew in a forked process.

    Args:
        configuration: The settings.
        pool_threads: Threads that will use it at least; each may keep a connection.
    """

    def __init__(self, configuration: Configuration, pool_threads: int) -> None:
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
        response, tries = self._try_until_done(request, deadline, self._read)
        return response if tries == 1 else response._replace(tries=tries)

    def open(self, request: Request, deadline: Deadline) -> RawResponse:
        """Send a GET and return the answer unread; the caller closes it."""
        return self._try_until_done(request, deadline, _handed_over)[0]

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            self._closed = True
            pools, self._pools = self._pools, {}
        for pool in pools.values():
            pool.close()

    def _try_until_done(
        self, request: Request, deadline: Deadline, take: Callable[[RawResponse, str], T]
    ) -> tuple[T, int]:
        """Return what comes of the request, and the number of tries that it took."""
        policy: urllib3.Retry | None = None
        tries = 1
        with deadline:
            while True:
                try:
                    deadline.start_phase(deadline.read)
                    return self._try(request, deadline, take), tries
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
        why = error.status or printable(error.reason or "")
        log.info("retrying %s in %.2f s after: %s", error.url, pause, why)
        time.sleep(pause)
        return rest

    def _try(
        self,
        request: Request,
        deadline: Deadline,
        take: Callable[[RawResponse, str], T],
        redirects: int = _MAX_REDIRECTS,
    ) -> T:
        """Send the request once, follow its redirects, and take the body of an answer of 2xx."""
        response = self._send(request, deadline)
        if 200 <= response.status <= 299:
            return take(response, request.url)
        failure = self._failure(response, request.url)
        target = _redirected(failure, request)
        if not redirects:
            failure.reason = f"redirected more than {_MAX_REDIRECTS} times"
            raise failure
        return self._try(request._replace(url=target), deadline, take, redirects - 1)

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
                # For the connections of recorders; ours have the deadline itself.
                timeout=urllib3.Timeout(connect=deadline.connect, read=deadline.read),
            )
            outcome = response.status
        except FOREIGN as error:
            failure = translated(error, request.url)
            outcome = printable(masked(failure.reason or "", request.secret))
            raise failure from error
        finally:
            spent = time.monotonic() - started
            log.debug("GET %s: %s in %.3f s", request.url, outcome, spent)
        return response

    def _pool(self, url: str) -> HTTPConnectionPool:
        """Return the pool of a URL's origin."""
        origin = url[: url.index("/", len("https://"))]
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
        manager = pool_manager(self._configuration, url, self._pool_threads)
        return manager.connection_from_host(parts.hostname, parts.port, parts.scheme)

    def _read(self, response: RawResponse, url: str) -> Response:
        """Read the body of a 2xx answer; a connection that fails meanwhile is tried again."""
        came = io.BytesIO()
        if response.status == http.client.ACCEPTED:  # promises nothing, so its body may be anything
            body = self._as_it_came(response)
            return Response(response.status, response.reason, response.headers, body, url)
        limit = self._configuration.max_response_bytes
        try:
            # Unlike read, read1 loses nothing of what came before a failure.
            data = read_body(response, response.read1, limit, came)
            if not came.tell() and response.length_remaining is None and not response.chunked:
                # http.client takes a head that is cut between two headers for a whole one.
                raise http.client.IncompleteRead(b"")
        except UnusableBodyError as error:
            response.close()
            kept = text_or_bytes(came.getvalue(), _KEPT)
            raise error_of(ResponseException, response, url, str(error), kept) from error
        except FOREIGN as error:
            response.close()
            failure = translated(error, url)
            failure.headers, failure.body = response.headers, text_or_bytes(came.getvalue())
            raise failure from error
        return Response(response.status, response.reason, response.headers, data, url)

    def _failure(self, response: RawResponse, url: str) -> ApiException:
        """Make the exception of an answer other than 2xx, with up to 64 KiB of its body."""
        if response.status == http.client.SWITCHING_PROTOCOLS:  # what follows is no HTTP
            response.close()
        kept = text_or_bytes(self._as_it_came(response), _KEPT)
        return error_of(exception_for(response.status), response, url, response.reason, kept)

    def _as_it_came(self, response: RawResponse) -> bytes:
        """Read as much of a body as comes, whatever is wrong with it."""
        came = io.BytesIO()
        try:
            return read_body(response, response.read1, _KEPT, came)
        except (UnusableBodyError, *FOREIGN):
            response.close()
        return came.getvalue()


def _handed_over(response: RawResponse, *_: object) -> RawResponse:
    """Leave the reading, unzipping included, to the caller."""
    response.decode_content = True
    return response


_clients: weakref.WeakSet[RestClient] = weakref.WeakSet()


def _forget_all() -> None:
    for client in _clients:
        client.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)


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
    location = error.headers.get("location")
    if error.status not in _REDIRECTS or location is None:
        raise error
    if request.secret and request.secret in location:
        error.reason = "redirected to a URL that holds the token"
        raise error
    target = _joined(request.url, location)
    if target is None:
        error.reason = f"redirected to {location!r}, which is no http(s) URL"
        raise error
    if origin_of(target) != origin_of(request.url) or "@" in urlsplit(target).netloc:
        error.reason = f"redirected to {origin_of(target)}, where the token is not sent"
        raise error
    return target


def _joined(url: str, location: str) -> str | None:
    """Return the URL that a location names, seen from another, or None where it is no URL."""
    if not location.isprintable():  # nor would it be in a log
        return None
    try:
        parts = urlsplit(urljoin(url, location))
        target = urlunsplit(parts._replace(path=parts.path or "/"))
        origin_of(target)
    except ValueError:
        return None
    return target if parts.scheme in ("http", "https") and parts.hostname else None


def _target(url: str, pool: HTTPConnectionPool) -> str:
    """Return what the request line names: all of the URL for a forwarding proxy, else its path."""
    if pool.proxy is not None and url.startswith("http:"):
        return url
    return "/" + url.split("/", 3)[3]
