"""Which redirects are followed: only those of a GET to the origin that it was sent to."""

from __future__ import annotations

from urllib.parse import SplitResult, urljoin, urlsplit, urlunsplit

from fastly._transport.messages import Request, shortened
from fastly.configuration.secrets import MASK
from fastly.exceptions import ApiException

__all__ = ["MAX_REDIRECTS", "redirected"]

MAX_REDIRECTS = 3
_PORTS = {"http": 80, "https": 443}
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


def redirected(error: ApiException, request: Request) -> str:
    """Return the URL of the same origin that a response redirects to, or raise its exception.

    Only its path and query are used, so it can neither name another host nor create a pool.

    Raises:
        ApiException: It is not a redirect, or one that is not followed.
    """
    location = error.headers.get("location")
    if error.status not in _REDIRECTS or location is None:
        raise error
    if request.method != "GET":
        raise _not_followed(error, f"{location!r}, where a {request.method} is not sent again")
    here = urlsplit(request.url)
    try:
        target = urlsplit(urljoin(request.url, location))
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
