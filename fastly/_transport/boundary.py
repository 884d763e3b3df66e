"""The boundary: exceptions of the libraries become ours, without their frames."""

from __future__ import annotations

import http.client
import re
import ssl
import traceback
from typing import Any

from urllib3 import exceptions as foreign
from urllib3.util.ssl_match_hostname import CertificateError

from fastly._transport.deadline import Deadline
from fastly._transport.messages import shortened
from fastly.exceptions import (
    CERTIFICATE_ADVICE,
    CLIENT_CERTIFICATE_ADVICE,
    ApiException,
    ConnectionException,
    TimeoutException,
)

__all__ = [
    "BUGS",
    "FOREIGN",
    "UNTRUSTED",
    "ended_early",
    "is_refusal_of_client",
    "root_cause",
    "translated",
    "without_frames",
]

UNTRUSTED = (ssl.SSLCertVerificationError, CertificateError)
# Of what a program or a tracer wraps around urllib3.
BUGS = (TypeError, AttributeError, LookupError, ValueError)
# Not Exception: a program may interrupt a call with its own, as Celery's time limits do.
FOREIGN = (
    *(foreign.HTTPError, http.client.HTTPException, OSError, EOFError),
    *BUGS,
)
_PARSERS = ("http.", "urllib3.")
_NETWORK = (*_PARSERS, "encodings.", "fastly.", "idna.", "socket", "ssl")
# How a connection that the other side has closed fails before the first byte of a response.
_ENDED = (
    *(http.client.RemoteDisconnected, ConnectionResetError, ConnectionAbortedError),
    *(BrokenPipeError, ssl.SSLEOFError, ssl.SSLZeroReturnError),
)


# The alerts of a server to a client without a certificate, or with one that it does not take
# (RFC 8446, section 6.2). TLS 1.2 has none for the first case but a failed handshake.
_REFUSALS = r"alert .*(certificate|unknown ca|access denied|handshake failure)"


def root_cause(error: BaseException | None) -> BaseException | None:
    """Return the original exception inside those that urllib3 wraps around it."""
    while True:
        inner: Any = getattr(error, "reason", None)
        if not isinstance(inner, BaseException):
            inner = next(
                (a for a in getattr(error, "args", ()) if isinstance(a, BaseException)), None
            )
        if inner is None:
            return error
        error = inner


def ended_early(error: BaseException) -> bool:
    """Return whether an exception says that the other side has closed the connection."""
    return isinstance(root_cause(error), _ENDED)


def is_refusal_of_client(root: BaseException | None) -> bool:
    """Return whether an exception says that the server refuses the client's certificate."""
    return isinstance(root, ssl.SSLError) and re.search(_REFUSALS, str(root)) is not None


def translated(error: Exception, url: str, deadline: Deadline) -> ApiException:
    """Convert any exception of the libraries to ours, with a message that says what happened."""
    root = root_cause(error)
    if isinstance(root, BUGS) and _is_of_a_tool(root):
        return _of_a_tool(root, url)
    refused = isinstance(root, foreign.NewConnectionError)
    timed_out = isinstance(root, (foreign.TimeoutError, TimeoutError)) and not refused
    kind = TimeoutException if timed_out else ConnectionException
    where = "the proxy failed: " if isinstance(error, foreign.ProxyError) else ""
    ours = kind(reason=shortened(where + _what_happened(root, deadline)), url=url)
    if isinstance(root, UNTRUSTED):
        ours.advice = CERTIFICATE_ADVICE
    elif is_refusal_of_client(root):
        ours.advice = CLIENT_CERTIFICATE_ADVICE
    return ours


def without_frames(error: BaseException, outer: BaseException | None) -> BaseException:
    """Drop the tracebacks of a foreign exception and of its causes.

    Error trackers record the local variables of every frame, and frames of ``http.client`` hold
    the request's bytes, token included.

    Args:
        error: The exception.
        outer: The exception that the program was handling when it made the call; unchanged.
    """
    found = [error]
    for link in found:
        link.__traceback__ = None
        around = (link.__cause__, link.__context__, *link.args)
        found += [
            x
            for x in around
            if isinstance(x, BaseException) and x is not outer and not any(x is y for y in found)
        ]
    return error


def _is_of_a_tool(error: BaseException) -> bool:
    """Return whether an exception was raised outside of what sends a request and reads a response.

    A connection or a file that another thread has closed can raise an AttributeError or a
    ValueError there. Some errors of ssl and of urllib3 are ValueErrors, too.
    """
    if isinstance(error, (OSError, foreign.HTTPError)):
        return False
    innermost = ""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        innermost = str(frame.f_globals.get("__name__"))
    ours = _NETWORK if isinstance(error, ValueError) else _PARSERS
    return not innermost.startswith(ours)


def _of_a_tool(root: BaseException, url: str) -> ApiException:
    """Return the exception for an error of a tool inside the call, such as a tracer's wrapper."""
    bug = ApiException(reason=shortened(f"{type(root).__name__}: {root}"), url=url)
    bug.advice = (
        "This is an error inside the call, not of the network: look at what wraps urllib3 or "
        "sockets in this program, such as a tracer or its hooks."
    )
    return bug


def _what_happened(root: BaseException | None, deadline: Deadline) -> str:
    if isinstance(root, foreign.ClosedPoolError):
        return "the client was closed during the call"
    if isinstance(root, foreign.HeaderParsingError):
        return "a line among the headers is not a header"
    if isinstance(root, foreign.NameResolutionError):
        return f"cannot resolve the host name: {root.__cause__}"
    if isinstance(root, foreign.NewConnectionError):
        return f"cannot connect: {root.__cause__ or root}"
    if isinstance(root, foreign.ConnectTimeoutError):
        return f"connecting took too long ({_limit(deadline, deadline.connect)})"
    if isinstance(root, TimeoutError) and root.errno is not None:  # the system's own limit
        return f"the connection timed out: {root}"
    if isinstance(root, (foreign.TimeoutError, TimeoutError)):
        return f"the response took too long ({_limit(deadline, deadline.read)})"
    if isinstance(root, UNTRUSTED):
        return f"the certificate is not trusted: {getattr(root, 'verify_message', root)}"
    if isinstance(root, ssl.SSLError):
        why = getattr(root, "reason", None) or root
        hint = " (is it an http server?)" if why == "WRONG_VERSION_NUMBER" else ""
        return f"TLS failed: {why}{hint}"
    if isinstance(root, http.client.RemoteDisconnected):
        return "the connection was closed without a response"
    if isinstance(root, http.client.IncompleteRead):
        return f"the response was truncated: {root!r}"
    return f"{type(root).__name__}: {root}"


def _limit(deadline: Deadline, of_phase: float) -> str:
    """Return the limit that has ended an attempt: that of the call, or of a phase."""
    seconds = of_phase
    if deadline.total is not None and deadline.left() <= 0:
        seconds = deadline.total
    return f"limit: {seconds:,.0f} s" if seconds == int(seconds) else f"limit: {seconds:.3g} s"
