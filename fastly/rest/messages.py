"""Requests and responses, and the exceptions that responses become."""

from __future__ import annotations

import email.utils
import http.client
import re
import time
from typing import NamedTuple, TypeVar

import urllib3

from fastly.exceptions import ApiException
from fastly.rest.bodies import text_or_bytes

__all__ = [
    "Headers",
    "RawResponse",
    "Request",
    "Response",
    "SecretHeaders",
    "error_of",
    "retry_after",
]

Headers = urllib3.HTTPHeaderDict
RawResponse = urllib3.BaseHTTPResponse
E = TypeVar("E", bound=ApiException)

_SECONDS = re.compile(r"[0-9]+(\.[0-9]+)?([ \t]*,[ \t]*[0-9]+(\.[0-9]+)?)*")
_YEAR = 365 * 24 * 3600.0  # seconds; the longest Retry-After that is believed


class SecretHeaders(dict[str, str]):
    """Headers of a request, whose values show on the wire alone."""

    def __repr__(self) -> str:
        return f"<headers {', '.join(self)}>"

    def copy(self) -> SecretHeaders:
        """Copy as urllib3 does before it adds a proxy's headers."""
        return SecretHeaders(self)


class Request(NamedTuple):
    """A GET: its URL, its headers, and what of them is never to be shown, or ""."""

    url: str
    headers: SecretHeaders
    secret: str = ""

    def __repr__(self) -> str:
        return f"<GET {self.url}>"


class Response(NamedTuple):
    """An answer of 2xx that was read whole, and how many tries it took."""

    status: int
    reason: str | None
    headers: Headers
    data: bytes
    url: str
    tries: int = 1

    def __repr__(self) -> str:
        return f"<{self.status} {self.reason}, {len(self.data)} bytes, of {self.url}>"

    def as_error(self, kind: type[E], reason: str | None = None) -> E:
        """Make an exception of this answer, with all that it said."""
        body = text_or_bytes(self.data)
        error = error_of(kind, self, self.url, reason or self.reason, body)
        error.tries = self.tries
        return error


def error_of(
    kind: type[E],
    response: RawResponse | Response,
    url: str,
    reason: str | None,
    body: str | bytes,
) -> E:
    """Make an exception of an answer, with what came of its body."""
    wait = retry_after(response.status, response.headers)
    return kind(
        response.status, reason, headers=response.headers, body=body, url=url, retry_after=wait
    )


def retry_after(status: int, headers: Headers) -> float | None:
    """Read how many seconds the API asks to wait: ``Retry-After``, or a 429's reset time.

    Of several the longest counts. A moment that has passed asks for nothing.
    """
    asked = headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(asked):
        return min(max(map(float, asked.split(","))), _YEAR)
    moment = _epoch(asked)
    if moment is None and status == http.client.TOO_MANY_REQUESTS:
        reset = headers.get("fastly-ratelimit-reset", "").strip()
        moment = float(reset) if re.fullmatch(r"[0-9]{1,12}", reset) else None
    left = 0.0 if moment is None else moment - time.time()
    return min(left, _YEAR) if left > 0 else None


def _epoch(date: str) -> float | None:
    """Read an HTTP date (RFC 9110, section 5.6.7) as seconds since 1970; None if it is none."""
    try:
        parsed = email.utils.parsedate_tz(date)
        return None if parsed is None else float(email.utils.mktime_tz(parsed))
    except (ValueError, OverflowError, IndexError, TypeError):
        return None
