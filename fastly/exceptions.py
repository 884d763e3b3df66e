"""Every exception that this package raises.

::

    OpenApiException                        the base of everything below
    ├── ApiTypeError (TypeError)            an argument, setting or field has the wrong type
    ├── ApiValueError (ValueError)          it has the right type, but an unusable value
    ├── ApiAttributeError (AttributeError)  a model or configuration has no such attribute
    ├── ApiKeyError (KeyError)              a model or mapping has no such key
    ├── ForecastError                       the data is not enough for a forecast
    └── ApiException                        the call failed: the API, or the way to it
        ├── BadRequestException             400
        ├── UnauthorizedException           401: no token, or a wrong one
        ├── ForbiddenException              403: the token may not read billing data
        ├── NotFoundException               404: no such record
        ├── UnprocessableEntityException    422: the API cannot process the request
        ├── RateLimitException              429: too many requests
        ├── ServiceException                5xx: the API failed
        ├── EstimatePendingException        202: the estimate was still being made
        ├── ResponseException               2xx with an unexpected body
        └── ConnectionException             no complete response arrived
            └── TimeoutException            the time given to the call ran out

When a call raises one of the first four, nothing was sent. Every later failure is an
``ApiException``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from fastly._text import printable, render_path

__all__ = [
    "ApiAttributeError",
    "ApiException",
    "ApiKeyError",
    "ApiTypeError",
    "ApiValueError",
    "BadRequestException",
    "ConnectionException",
    "EstimatePendingException",
    "ForbiddenException",
    "ForecastError",
    "NotFoundException",
    "OpenApiException",
    "RateLimitException",
    "ResponseException",
    "ServiceException",
    "TimeoutException",
    "UnauthorizedException",
    "UnprocessableEntityException",
]

PathToItem = Iterable["str | int"]

# For a certificate that is not trusted; the command replaces it by advice of its own.
CERTIFICATE_ADVICE = (
    "Check the host and the clock. If your network decrypts TLS, set ssl_ca_cert to a PEM file "
    "with its certificate authority, or use truststore."
)
CLIENT_CERTIFICATE_ADVICE = (
    "The server may require a client certificate that it trusts: set cert_file and key_file of "
    "Configuration, or FASTLY_CLIENT_CERT and FASTLY_CLIENT_KEY for the command."
)
_LONGEST_DETAIL_BODY = 64 * 1024  # bytes searched for the API's message, which has a few hundred
_LONGEST_DETAIL = 300  # characters


class OpenApiException(Exception):
    """The base of everything this package raises.

    Args:
        msg: What is wrong, and what to do about it.
        path_to_item: Where the wrong value is: keys and indices from the outermost object
            inwards, or None for other errors.

    Attributes:
        path_to_item: As given, a tuple or None.
    """

    def __init__(self, msg: str = "", path_to_item: PathToItem | None = None) -> None:
        super().__init__(msg)
        self.path_to_item = None if path_to_item is None else tuple(path_to_item)

    def __str__(self) -> str:
        message = str(self.args[0]) if self.args else ""
        return f"{render_path(self.path_to_item)}: {message}" if self.path_to_item else message


class ApiTypeError(OpenApiException, TypeError):
    """An argument, a setting or a field has the wrong type. Nothing was sent."""


class ApiValueError(OpenApiException, ValueError):
    """An argument, a setting or a field has an unusable value. Nothing was sent."""


class ApiAttributeError(OpenApiException, AttributeError):
    """A model or a configuration has no such attribute."""


class ApiKeyError(OpenApiException, KeyError):
    """A model has no such field, or a mapping no such key."""


class ForecastError(OpenApiException):
    """The month to date and the history are not enough for a forecast; the message says why."""


class ApiException(OpenApiException):
    """The call failed after its arguments passed all checks.

    ``str(error)`` is complete enough for an email: status, reason, the API's message, URL, request
    ID and what to do. It never contains the token.

    Args:
        status: HTTP status code, or None if no response arrived.
        reason: Reason of the status line, or a description of the failure.
        headers: Headers of the response.
        body: Body of the response: text if it is text, else bytes; None without a response.
        url: The requested URL, without credentials.
        retry_after: Seconds to wait before the next request, if the API said so.

    Attributes:
        status: As given, as are ``reason``, ``headers``, ``body``, ``url`` and ``retry_after``.
        tries: Number of attempts that this call made.
        method: The request's method.
        may_be_done: Whether a POST may have been carried out despite the error: check before you
            repeat it. A PUT can be repeated as it is.
        advice: What to do about it.
    """

    advice = "Check .status, and .body for the response."

    def __init__(
        self,
        status: int | None = None,
        reason: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        body: str | bytes | None = None,
        url: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(reason or "")
        self.args = (status, reason)
        self.status = status
        self.reason = reason
        self.headers: Mapping[str, str] = {} if headers is None else headers
        self.body = body
        self.url = url
        self.retry_after = retry_after
        self.tries = 1
        self.method = "GET"
        self.may_be_done = False

    @property
    def detail(self) -> str | None:
        """The API's message: ``msg``, ``title``, ``detail`` or ``errors`` of JSON, or one line."""
        if self.body is None or len(self.body) > _LONGEST_DETAIL_BODY:
            return None
        try:
            body = self.body.removeprefix("\ufeff") if isinstance(self.body, str) else self.body
            messages = list(_messages(json.loads(body)))
        except (ValueError, RecursionError):
            return self._plain_text()
        return ": ".join(messages)[:_LONGEST_DETAIL] or None

    def _plain_text(self) -> str | None:
        """Return the body of an error that is one line of text, as proxies send it."""
        text = self.body.removeprefix("\ufeff").strip() if isinstance(self.body, str) else ""
        is_line = len(text) <= _LONGEST_DETAIL and len(text.splitlines()) == 1
        is_data = (self.status or 0) < 400 or text.startswith(("<", "{", "["))
        return text if is_line and not is_data else None

    @property
    def request_id(self) -> str | None:
        """The ID to give to Fastly's support, from ``Fastly-Request-Id`` or ``X-Request-Id``."""
        found = {name.lower(): value for name, value in self.headers.items()}
        return found.get("fastly-request-id") or found.get("x-request-id")

    def __str__(self) -> str:
        headline = " ".join(str(part) for part in (self.status, self.reason) if part)
        facts = (
            ("API message", self.detail),
            ("request", self.url and f"{self.method} {self.url}"),
            ("outcome", self._outcome),
            ("attempts", self.tries if self.tries > 1 else None),
            ("request id", self.request_id),
            ("retry after", None if self.retry_after is None else f"{self.retry_after:g} s"),
            ("what to do", self.advice),
        )
        lines = [f"  {name}: {printable(str(fact))}" for name, fact in facts if fact]
        return "\n".join([printable(headline) or type(self).__name__, *lines])

    @property
    def _outcome(self) -> str | None:
        """Return what is known about the effect of a POST, which must not be repeated blindly."""
        if self.method != "POST":
            return None
        if not self.may_be_done:
            return "the request was not carried out"
        return "the request may have been carried out; check before you repeat it"


class BadRequestException(ApiException):
    """400: the API rejected the request."""

    advice = "Check the arguments against the API message."


class UnauthorizedException(ApiException):
    """401: the token is missing, wrong or expired."""

    advice = "Check the API token: configuration.api_token or FASTLY_API_TOKEN."


class ForbiddenException(ApiException):
    """403: the token is valid, but may not read billing data."""

    advice = (
        "Use a token of a user with the Billing or Superuser role, with the scope global or "
        "global:read."
    )


class NotFoundException(ApiException):
    """404: no such invoice, customer or month."""

    advice = "Check the ID and the host. Invoices end with the last posted month."


class UnprocessableEntityException(ApiException):
    """422: the API understood the request, but cannot process it."""

    advice = "Check the API message; the account may have no month-to-date invoice."


class RateLimitException(ApiException):
    """429: too many requests; ``retry_after`` is the number of seconds to wait, if known."""

    advice = "Retry later, and send requests less often."


class ServiceException(ApiException):
    """5xx: the API, or something in front of it, failed."""

    advice = "Retry later; if it persists, report it to Fastly with the request id."


class EstimatePendingException(ApiException):
    """202: the month to date was still being made when the wait ended."""

    advice = "Retry in a minute, or pass a longer _wait."


class ResponseException(ApiException):
    """A 2xx response with an unexpected body, which the exception keeps.

    Attributes:
        path: Where in the body the wrong value is, such as ``line_items[1].amount``, or None if
            the body as a whole is wrong.
    """

    advice = "Check .body: it may be a proxy's page, or the API has changed."
    path: str | None = None


class ConnectionException(ApiException):
    """No complete response: refused, reset, DNS, TLS, proxy. ``status`` is None."""

    advice = "Check the network, the host, the proxy and the certificates."


class TimeoutException(ConnectionException):
    """The time given to the call, or to one attempt, ran out."""

    advice = "Retry, or allow more time: _request_timeout, or the configuration's timeout."


_BY_STATUS: dict[int, type[ApiException]] = {
    400: BadRequestException,
    401: UnauthorizedException,
    403: ForbiddenException,
    404: NotFoundException,
    422: UnprocessableEntityException,
    429: RateLimitException,
}


def exception_for(status: int) -> type[ApiException]:
    """Return the class of exception for an HTTP status other than 2xx."""
    if 500 <= status <= 599:
        return ServiceException
    return _BY_STATUS.get(status, ApiException)


def _messages(response: object) -> Iterator[str]:
    """Find the API's message in the shapes of error bodies that it is known to send."""
    if not isinstance(response, dict):
        return
    fields = cast("dict[str, Any]", response)
    for name in ("msg", "title", "detail"):
        if isinstance(fields.get(name), str) and fields[name]:
            yield printable(fields[name])
    errors = fields.get("errors")
    for error in cast("list[object]", errors) if isinstance(errors, list) else ():
        yield from _messages({"title": error} if isinstance(error, str) else error)
