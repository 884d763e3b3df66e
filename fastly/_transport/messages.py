"""Requests and responses, and the exceptions that responses become."""

from __future__ import annotations

import email.utils
import http.client
import re
import time
from collections.abc import Mapping
from typing import NamedTuple, TypeVar

import urllib3

from fastly._transport.bodies import text_or_bytes
from fastly.exceptions import CLIENT_CERTIFICATE_ADVICE, ApiException

__all__ = [
    "Headers",
    "LastResponse",
    "RawResponse",
    "Request",
    "Response",
    "error_of",
    "retry_after",
    "shortened",
]

Headers = urllib3.HTTPHeaderDict
RawResponse = urllib3.BaseHTTPResponse
E = TypeVar("E", bound=ApiException)

_SECONDS = r"[0-9]+(\.[0-9]+)?([ \t]*,[ \t]*[0-9]+(\.[0-9]+)?)*"
# Statuses whose advice stays: "wait" and "send less often" apply to whoever sent them.
_ANY_BODY = (http.client.ACCEPTED, http.client.TOO_MANY_REQUESTS)
_YEAR = 365 * 24 * 3600.0  # seconds; a longer Retry-After is reduced to this
_LONGEST_REASON = 300  # characters; http.client accepts status lines of 64 KiB


class Request(NamedTuple):
    """What is sent: a URL, headers whose secrets show only on the wire, a method and a body."""

    url: str
    headers: Mapping[str, str]
    method: str = "GET"
    body: bytes | None = None

    def __repr__(self) -> str:  # a body can be a customer's address
        return f"<{self.method} {self.url}>"


class Response(NamedTuple):
    """A 2xx response that was read completely."""

    status: int
    reason: str | None
    headers: Headers
    data: bytes
    url: str

    def __repr__(self) -> str:
        return f"<{self.status} {self.reason}, {len(self.data)} bytes, of {self.url}>"

    def as_error(self, kind: type[E], reason: str | None = None) -> E:
        """Return an exception that keeps this response."""
        return error_of(kind, self, self.url, reason or self.reason, text_or_bytes(self.data))


class _Head(NamedTuple):
    status: int | None
    reason: str | None
    headers: Mapping[str, str]


class LastResponse(_Head):
    """Status, reason and headers of a response, and its body, which is not a part of the tuple.

    The methods are those of the official client's ``RESTResponse``.
    """

    _body: bytes | str | None = None

    @classmethod
    def of(cls, response: RawResponse | Response | ApiException) -> LastResponse:
        """Return what a client keeps of a response."""
        last = cls(response.status, response.reason, response.headers)
        if isinstance(response, Response):
            last._body = response.data
        elif isinstance(response, ApiException):
            last._body = response.body
        return last

    def __repr__(self) -> str:
        return f"<{self.status} {self.reason}, headers {', '.join(self.headers)}>"

    @property
    def data(self) -> str | bytes | None:
        """The body: bytes if it is not text; None if the client left it unread."""
        return text_or_bytes(self._body) if isinstance(self._body, bytes) else self._body

    def getheader(self, name: str, default: str | None = None) -> str | None:
        """Return a header, or the default if it is missing; names are case-insensitive."""
        return self.headers.get(name, default)

    def getheaders(self) -> Mapping[str, str]:
        """Return all headers."""
        return self.headers


def error_of(
    kind: type[E],
    response: RawResponse | Response,
    url: str,
    reason: str | None,
    body: str | bytes,
) -> E:
    """Return the exception for a response, with the received part of its body."""
    wait = retry_after(response.status, response.headers)
    reason = None if reason is None else shortened(reason)
    error = kind(
        response.status, reason, headers=response.headers, body=body, url=url, retry_after=wait
    )
    start = body[:_LONGEST_REASON]
    text = (start if isinstance(start, str) else start.decode("latin-1")).lstrip("\ufeff \t\r\n")
    if response.status not in _ANY_BODY and _is_page(response.headers, text):
        error.advice = _advice_for_page(response.headers, text)
    return error


def _is_page(headers: Mapping[str, str], text: str) -> bool:
    """Return whether a body is HTML, which the API never sends but what is in front of it does."""
    is_html = "html" in headers.get("content-type", "").lower()
    return text.startswith("<") or (is_html and not text.startswith(("{", "[")))


def _advice_for_page(headers: Mapping[str, str], text: str) -> str:
    if re.search("(No required|The) SSL certificate", text):  # nginx, in place of a TLS alert
        return CLIENT_CERTIFICATE_ADVICE
    server = shortened(headers.get("server") or "a proxy or another server")
    return (
        f"This is a web page of {server}, not a response of the API: check the proxy, the "
        "network and the host, or retry later."
    )


def shortened(text: str) -> str:
    """Return text that is short enough for one line of an error message."""
    return text if len(text) <= _LONGEST_REASON else f"{text[:_LONGEST_REASON]}..."


def retry_after(status: int, headers: Mapping[str, str]) -> float | None:
    """Return the seconds to wait that the API requests: ``Retry-After``, or a 429's reset time.

    Of several, the longest applies. A time in the past is ignored.
    """
    asked = headers.get("retry-after", "").strip()
    if re.fullmatch(_SECONDS, asked):
        return min(max(map(float, asked.split(","))), _YEAR)
    moment = _epoch(asked)
    if moment is None and status == http.client.TOO_MANY_REQUESTS:
        reset = headers.get("fastly-ratelimit-reset", "").strip()
        moment = float(reset) if re.fullmatch(r"[0-9]{1,12}", reset) else None
    left = 0.0 if moment is None else moment - time.time()
    return min(left, _YEAR) if left > 0 else None


def _epoch(date: str) -> float | None:
    """Read an HTTP date (RFC 9110, section 5.6.7) as seconds since 1970, or None."""
    try:
        parsed = email.utils.parsedate_tz(date)
        return None if parsed is None else float(email.utils.mktime_tz(parsed))
    except (ValueError, OverflowError, IndexError, TypeError):
        return None
