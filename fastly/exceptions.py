"""Every exception this package raises.

::

    OpenApiException                      everything below
    ├── ApiTypeError (TypeError)          an argument, setting or field of the wrong type
    ├── ApiValueError (ValueError)        the right type with a value that cannot be used
    ├── ApiAttributeError (AttributeError)  a name that is neither documented nor came
    ├── ApiKeyError (KeyError)            the same, asked for with [...]
    └── ApiException                      the call failed: the API or the way to it
        ├── BadRequestException           400
        ├── UnauthorizedException         401: no token, or a bad one
        ├── ForbiddenException            403: the token lacks the billing scope
        ├── NotFoundException             404: no such record
        ├── RateLimitException            429: too many requests
        ├── ServiceException              5xx: the API failed
        ├── EstimatePendingException      202: the estimate was still being made
        ├── ResponseException             2xx whose body is not what was promised
        └── ConnectionException           no whole answer arrived
            └── TimeoutException          the time given to the call ran out

Raised by a call, the first four mean that nothing was sent. Whatever fails after that is an
``ApiException``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

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
    "NotFoundException",
    "OpenApiException",
    "RateLimitException",
    "ResponseException",
    "ServiceException",
    "TimeoutException",
    "UnauthorizedException",
]

PathToItem = Iterable["str | int"]

# A longer body is not searched for the API's own words: those are a few hundred bytes.
_LONGEST_DETAIL_BODY = 64 * 1024
_LONGEST_DETAIL = 300


class OpenApiException(Exception):
    """The base of everything this package raises.

    Args:
        msg: What is wrong, and what to do about it.
        path_to_item: Where the wrong value stands, as keys and indices from the outermost
            object inwards, or None where there is no such place.

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
    """An argument, a setting or a field has a value that cannot be used. Nothing was sent."""


class ApiAttributeError(OpenApiException, AttributeError):
    """A model or a configuration has no such attribute."""


class ApiKeyError(OpenApiException, KeyError):
    """A model holds no such field, or a mapping no such key."""


class ApiException(OpenApiException):
    """The call failed after its arguments were found good.

    Printing it tells the status, the API's own words, the URL and the request id, and never
    the token.

    Args:
        status: HTTP status code, or None where no answer came.
        reason: The status line's reason, or what went wrong in words.
        headers: The answer's headers.
        body: The answer's body: text where it is text, else bytes; None without an answer.
        url: The URL that was asked, without credentials.
        retry_after: Seconds after which the API said to ask again, where it said so.

    Attributes:
        status: As given, as are ``reason``, ``headers``, ``body``, ``url`` and ``retry_after``.
        tries: How many times the request was sent in this call.
    """

    advice = "See the status, and .body for what came with it."

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

    @property
    def detail(self) -> str | None:
        """The API's own words: ``msg`` and ``detail`` of a JSON body, or its ``errors``."""
        if self.body is None or len(self.body) > _LONGEST_DETAIL_BODY:
            return None
        try:
            body = self.body.removeprefix("\ufeff") if isinstance(self.body, str) else self.body
            words = list(_words(json.loads(body)))
        except (ValueError, RecursionError):
            return None
        return ": ".join(words)[:_LONGEST_DETAIL] or None

    @property
    def request_id(self) -> str | None:
        """The id to give to Fastly's support, from ``Fastly-Request-Id`` or ``X-Request-Id``."""
        found = {name.lower(): value for name, value in self.headers.items()}
        return found.get("fastly-request-id") or found.get("x-request-id")

    def __str__(self) -> str:
        headline = " ".join(str(part) for part in (self.status, self.reason) if part)
        facts = (
            ("API's words", self.detail),
            ("asked", self.url and f"GET {self.url}"),
            ("tries", self.tries if self.tries > 1 else None),
            ("request id", self.request_id),
            ("ask again after", None if self.retry_after is None else f"{self.retry_after:g} s"),
            ("what to do", self.advice),
        )
        lines = [f"  {name}: {printable(str(fact))}" for name, fact in facts if fact]
        return "\n".join([printable(headline) or type(self).__name__, *lines])


class BadRequestException(ApiException):
    """400: the API did not accept the request."""

    advice = "Check the arguments against the API's words."


class UnauthorizedException(ApiException):
    """401: the token is missing, wrong or expired."""

    advice = "Check the API token: configuration.api_key['token'] or FASTLY_API_TOKEN."


class ForbiddenException(ApiException):
    """403: the token is good but has no billing permission."""

    advice = "Use a token of a user with billing permission and global scope."


class NotFoundException(ApiException):
    """404: there is no such invoice, customer or month."""

    advice = "Check the ids, and that the month is not before the account or in the future."


class RateLimitException(ApiException):
    """429: too many requests; ``retry_after`` says how many seconds to wait, where known."""

    advice = "Ask again later, and less often."


class ServiceException(ApiException):
    """5xx: the API, or something in front of it, failed."""

    advice = "Ask again later; if it lasts, report it to Fastly, with the request id if any."


class EstimatePendingException(ApiException):
    """202: the month-to-date estimate was still being made when the wait ended."""

    advice = "Ask again in a minute, or give a longer _wait."


class ResponseException(ApiException):
    """A 2xx answer whose body is not what was promised; the body is kept.

    Attributes:
        path: Where in the body the wrong value stands, such as ``line_items[1].amount``,
            or None where the body as a whole is wrong.
    """

    advice = "See .body for what came; it may be the page of a proxy, or the API changed."
    path: str | None = None


class ConnectionException(ApiException):
    """No whole answer arrived: refused, reset, DNS, TLS, proxy. ``status`` is None."""

    advice = "Check the network, the host, the proxy and the certificates."


class TimeoutException(ConnectionException):
    """The time given to the call, or to one try, ran out."""

    advice = "Ask again, or give a longer time: _request_timeout, or the configuration's timeout."


_BY_STATUS: dict[int, type[ApiException]] = {
    400: BadRequestException,
    401: UnauthorizedException,
    403: ForbiddenException,
    404: NotFoundException,
    429: RateLimitException,
}


def exception_for(status: int) -> type[ApiException]:
    """Return the class of exception that stands for an HTTP status which is not 2xx."""
    if 500 <= status <= 599:
        return ServiceException
    return _BY_STATUS.get(status, ApiException)


def render_path(path: PathToItem | None) -> str:
    """Write a path as one would index it: ``("line_items", 1)`` becomes ``line_items[1]``."""
    steps = (_step(part) for part in path or ())
    return "".join(steps).removeprefix(".")


def _step(part: str | int) -> str:
    plain_name = isinstance(part, str) and part.isidentifier()
    return f".{part}" if plain_name else f"[{part!r}]"


def _words(answer: object) -> Iterator[str]:
    """Find what the API says in the shapes of error bodies that it has been seen to send."""
    if not isinstance(answer, dict):
        return
    fields = cast("dict[str, Any]", answer)
    for name in ("msg", "title", "detail"):
        if isinstance(fields.get(name), str) and fields[name]:
            yield printable(fields[name])
    errors = fields.get("errors")
    for error in cast("list[object]", errors) if isinstance(errors, list) else ():
        yield from _words(error)


def printable(text: str) -> str:
    """Take out what a terminal or a log would act upon."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return the end of a message about an unknown name: the known one that is most like it."""
    import difflib  # slow to import, and needed for a mistake alone

    close = [x for x in known if len(name) > 3 and name in x]
    close = close or difflib.get_close_matches(name, known, n=1, cutoff=0.7)
    return f"; did you mean {close[0]!r}?" if close else ""
