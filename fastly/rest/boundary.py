"""The boundary: the exceptions of the libraries below become ours, without the token."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from urllib3 import exceptions as foreign
from urllib3.util.ssl_match_hostname import CertificateError

from fastly.configuration.secrets import MASK
from fastly.exceptions import (
    ApiException,
    ConnectionException,
    OpenApiException,
    TimeoutException,
)
from fastly.rest.messages import Headers

__all__ = [
    "FOREIGN",
    "UNTRUSTED",
    "mask",
    "masked",
    "masked_headers",
    "root_cause",
    "secret_in",
    "translated",
]

T = TypeVar("T")

UNTRUSTED = (ssl.SSLCertVerificationError, CertificateError)
FOREIGN = (foreign.HTTPError, http.client.HTTPException, OSError, ValueError, EOFError)

# Characters; a shorter token would be found in words that do not come from it. Fastly's have 32.
_SHORTEST_SECRET = 8


def root_cause(error: BaseException | None) -> BaseException | None:
    """Unwrap what really happened from the exceptions that urllib3 wraps around it."""
    while True:
        inner: Any = getattr(error, "reason", None)
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


def secret_in(key: str) -> str:
    """Return what is never to be shown of a ``Fastly-Key`` header, such as "Bearer TOKEN".

    Returns:
        The token, or "" if it is too short to be told from words.
    """
    words = [word for word in key.split() if len(word) >= _SHORTEST_SECRET]
    return words[-1] if words else ""


def mask(error: ApiException, secret: str) -> None:
    """Take the token out of an answer that repeats it, as the error pages of proxies may."""
    if not secret:
        return
    for link in _chain(error):
        _mask_arguments(link, secret)
    error.reason, error.body = masked(error.reason, secret), masked(error.body, secret)
    error.headers = masked_headers(error.headers, secret)


def masked_headers(headers: Mapping[str, str], secret: str) -> Mapping[str, str]:
    """Return an answer's headers without a secret, if there is one that they repeat."""
    if not secret or not any(secret in value for value in headers.values()):
        return headers
    shown = Headers()
    for name, value in headers.items():
        shown.add(name, masked(value, secret))
    return shown


def _chain(error: BaseException) -> list[BaseException]:
    """Return an exception, its causes and what they carry, each once: there may be circles."""
    found: list[BaseException] = [error]
    for link in found:
        around = (link.__cause__, link.__context__, *link.args)
        found += [x for x in around if isinstance(x, BaseException) and x not in found]
    return found


def _mask_arguments(error: BaseException, secret: str) -> None:
    error.args = tuple(masked(argument, secret) for argument in error.args)
    for name in ("doc", "object", "line", "partial", "path"):  # what json, codecs, http, we keep
        if isinstance(whole := getattr(error, name, None), (str, bytes)):
            setattr(error, name, masked(whole, secret))
    if isinstance(error, OpenApiException) and error.path_to_item:
        error.path_to_item = tuple(masked(step, secret) for step in error.path_to_item)


def masked(value: T, secret: str) -> T:
    """Return text or bytes without a secret, if there is one, and anything else as it is."""
    shown: object = value
    if secret and isinstance(value, str):
        shown = value.replace(secret, MASK)
    elif secret and isinstance(value, bytes):
        shown = value.replace(secret.encode(), MASK.encode())
    return cast("T", shown)
