"""HTTP/1.1, as much as a stand-in needs: it reads requests, writes responses, ends connections.

One thread accepts connections, and each connection has a thread. Nothing here polls: closing wakes
every thread that waits, so it takes only as long as the threads need to return.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import os
import re
import selectors
import socket
import struct
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, Literal
from urllib.parse import parse_qsl, urlsplit

from fastly.testing import checks

__all__ = ["Body", "Cut", "Headers", "Listener", "Malformed", "Request", "Response", "read_request"]

Body = bytes | str | dict[str, Any] | list[Any]
Cut = int | Literal["before", "head"]

# Requests are recorded, so limiting the head and its parts limits memory.
_HEAD_LIMIT = 16_384
_PARAMETER_LIMIT = 100
_BODY_LIMIT = 1 << 20
_BODY_KEPT = 16_384
# struct linger, on for 0 seconds: closing sends a reset.
_RESET = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
# Seconds to wait before accepting again.
_ACCEPT_BACKOFF = 0.05


class Malformed(Exception):
    """The bytes received are not an HTTP request."""


class Headers(Mapping[str, str]):
    """Header fields, looked up in any case; the values of a repeated field are joined by commas."""

    def __init__(self, fields: Iterable[tuple[str, str]] = ()) -> None:
        self._fields: dict[str, tuple[str, str]] = {}
        for name, value in fields:
            known = self._fields.get(name.lower())
            self._fields[name.lower()] = (name, f"{known[1]}, {value}" if known else value)

    def __getitem__(self, name: str) -> str:
        return self._fields[name.lower()][1]

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self._fields.values())

    def __len__(self) -> int:
        return len(self._fields)

    def __repr__(self) -> str:
        # A real token may have been sent here by mistake, and test reports print this.
        shown = {name: "***" if name.lower() == "fastly-key" else self[name] for name in self}
        return f"Headers({shown})"


@dataclass(frozen=True)
class Request:
    """A request that the server received.

    Attributes:
        method: The method, usually "GET".
        path: The path as it was sent, without the query.
        query: The query's parameters, decoded; the last value of a repeated one.
        headers: The header fields, looked up in any case.
        body: The body, of which only the first 16 KiB are kept.
    """

    method: str
    path: str
    query: dict[str, str]
    headers: Headers
    body: bytes = b""


@dataclass(frozen=True)
class Response:
    """A response, ready to be sent; `BillingServer.enqueue` describes the fields."""

    head: bytes
    body: bytes
    delay: float = 0.0
    cut: Cut | None = None
    reset: bool = False

    def __post_init__(self) -> None:
        checks.one_of_types("delay", self.delay, (int, float), "a number of seconds")
        if not 0 <= self.delay <= threading.TIMEOUT_MAX:
            raise ValueError(f"delay must be a number of seconds, 0 or more, got {self.delay}")
        checks.one_of_types("cut", self.cut, (int, str, type(None)), '"before", "head" or an int')
        places = ("before", "head") if isinstance(self.cut, str) else range(len(self.body))
        if self.cut is not None and self.cut not in places:
            inside = f"less than the body's {len(self.body)} bytes"
            raise ValueError(f'cut must be "before", "head" or {inside}, got {self.cut!r}')
        if checks.boolean("reset", self.reset) and self.cut is None:
            raise ValueError("reset must have a cut that says where, got cut=None")

    @classmethod
    def make(cls, status: int, headers: Mapping[str, str], body: Body, **how: Any) -> Response:
        """Return a response; the given headers replace the ones that the body would have."""
        checks.integer("status", status, 100, 999)
        content, kind = _encode(body)
        if content and _is_bare(status):
            raise ValueError(f"body must be empty for status {status}, got {len(content)} bytes")
        given = _checked_headers(headers)
        usual = {} if _is_bare(status) else {"Content-Type": kind}
        if not _is_bare(status) and "Transfer-Encoding" not in given:
            usual["Content-Length"] = str(len(content))
        fields = [(name, value) for name, value in usual.items() if value and name not in given]
        lines = [f"{name}: {value}\r\n" for name, value in [*fields, *given.items()]]
        head = f"HTTP/1.1 {status} {http.client.responses.get(status, '')}\r\n{''.join(lines)}\r\n"
        return cls(head.encode("latin-1"), content, **how)

    @property
    def is_last(self) -> bool:
        """Whether the connection ends after this response."""
        return self.cut is not None or b"\r\nconnection: close\r\n" in self.head.lower()

    def to_send(self, method: str) -> bytes:
        """Return the bytes to send to a request of this method."""
        if isinstance(self.cut, str):
            return b"" if self.cut == "before" else self.head[: len(self.head) // 2]
        return self.head if method == "HEAD" else self.head + self.body[: self.cut]


class Listener:
    """A listening socket and its threads, from construction until `close`.

    Args:
        host: The address to listen on.
        port: The port, or 0 to let the operating system choose one.
        respond: Called in a connection's thread for every request; returns the response.

    Raises:
        OSError: The server cannot listen on the address.
    """

    def __init__(self, host: str, port: int, respond: Callable[[Request], Response]) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.create_server((host, port), family=family, backlog=128)
        self._socket.setblocking(False)
        self.port: int = self._socket.getsockname()[1]
        self._respond = respond
        self._closing = threading.Event()
        self._alarm, self._alarmed = socket.socketpair()
        # Only the accepting thread uses it, and after its end close(): it needs no lock.
        self._connections: dict[threading.Thread, socket.socket] = {}
        self._thread = threading.Thread(target=self._accept_all, daemon=True, name="fastly.testing")
        self._thread.start()

    @property
    def is_closed(self) -> bool:
        """Whether `close` has been called."""
        return self._closing.is_set()

    def close(self) -> None:
        """Stop listening, close every connection and end every thread; may be called again."""
        self._closing.set()
        self._alarm.close()
        self._thread.join()
        for connection in self._connections.values():
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._connections:
            thread.join()

    def _accept_all(self) -> None:
        """Accept connections until the alarm, which is readable once its other end is closed."""
        with self._socket, self._alarmed, selectors.DefaultSelector() as selector:
            selector.register(self._socket, selectors.EVENT_READ)
            selector.register(self._alarmed, selectors.EVENT_READ)
            while not self._closing.is_set():
                if any(key.fileobj is self._socket for key, _ in selector.select()):
                    self._accept()

    def _accept(self) -> None:
        """Accept one connection, or back off if that fails."""
        try:
            connection, _ = self._socket.accept()
        except OSError:
            # Out of descriptors, the socket stays readable: the loop would use a whole CPU.
            self._closing.wait(_ACCEPT_BACKOFF)
        else:
            self._admit(connection)

    def _admit(self, connection: socket.socket) -> None:
        """Give a connection its thread."""
        connection.settimeout(None)
        for thread in [thread for thread in self._connections if not thread.is_alive()]:
            del self._connections[thread]
        thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
        self._connections[thread] = connection
        thread.start()

    def _serve(self, connection: socket.socket) -> None:
        """Respond to the requests of one connection until either side ends it."""
        # An OSError means that the client went away, or close().
        with connection, contextlib.suppress(OSError), connection.makefile("rb") as stream:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                while self._exchange(connection, stream):
                    pass
            except Malformed as error:
                connection.sendall(_bad_request(error).to_send("GET"))
                # Closing with unread bytes would reset the connection before the response is read.
                connection.shutdown(socket.SHUT_WR)
                stream.read(_BODY_LIMIT)

    def _exchange(self, connection: socket.socket, stream: BinaryIO) -> bool:
        """Read a request and respond; return whether the connection stays open."""
        received = read_request(stream)
        if received is None:
            return False
        request, stays = received
        response = self._respond(request)
        if response.delay and self._closing.wait(response.delay):
            return False
        connection.sendall(response.to_send(request.method))
        if response.reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        return stays and not response.is_last


def read_request(stream: BinaryIO) -> tuple[Request, bool] | None:
    """Read a request.

    Returns:
        The request, and whether its connection can take another one; None at the stream's end.

    Raises:
        Malformed: The bytes are not an HTTP request.
    """
    line = stream.readline(_HEAD_LIMIT + 1)
    if not line:
        return None
    method, target, version = _request_line(line)
    try:
        headers = _read_headers(stream, _HEAD_LIMIT - len(line))
        path, query = _path_and_query(target)
        parameters = dict(parse_qsl(query, True, max_num_fields=_PARAMETER_LIMIT))
    except (http.client.HTTPException, ValueError, TypeError) as error:
        raise Malformed(str(error)) from error  # TypeError: Python's parser, for "x; b*=a; b*1=c"
    body = _read_body(stream, headers)
    stays = version == "HTTP/1.1" and headers.get("Connection", "").lower() != "close"
    return Request(method, path, parameters, headers, body), stays


def _request_line(line: bytes) -> tuple[str, str, str]:
    """Return method, target and version."""
    words = line.decode("latin-1").split()
    if len(words) != 3 or words[2] not in ("HTTP/1.0", "HTTP/1.1") or len(line) > _HEAD_LIMIT:
        raise Malformed("The request line is invalid or too long.")
    return words[0], words[1], words[2]


def _read_headers(stream: BinaryIO, limit: int) -> Headers:
    """Read the header fields and the empty line after them, of at most `limit` bytes."""
    lines: list[bytes] = []
    while not lines or lines[-1] not in (b"\r\n", b"\n"):
        line = stream.readline(limit)
        limit -= len(line)
        if not line.endswith(b"\n"):
            raise Malformed(f"The header is truncated, or larger than {_HEAD_LIMIT} bytes.")
        lines.append(line)
    return Headers(http.client.parse_headers(io.BytesIO(b"".join(lines))).items())


def _path_and_query(target: str) -> tuple[str, str]:
    """Return the path as it was sent, and the query; the target sent to a proxy is a whole URL."""
    if target.startswith("/"):
        path, _, query = target.partition("?")
        return path, query
    parts = urlsplit(target)
    return parts.path, parts.query


def _read_body(stream: BinaryIO, headers: Headers) -> bytes:
    """Read the body of a request, and return its start."""
    length = headers.get("Content-Length", "0")
    known = re.fullmatch("[0-9]{1,9}", length) is not None and "Transfer-Encoding" not in headers
    if not known or int(length) > _BODY_LIMIT:
        raise Malformed("The length of the request's body is unknown or too large.")
    body = stream.read(int(length))
    if len(body) < int(length):
        raise Malformed("The request's body is truncated.")
    return body[:_BODY_KEPT]


def _bad_request(error: Malformed) -> Response:
    """Return the response to bytes that are not a request."""
    body = {"msg": "Bad request", "detail": str(error)}
    return Response.make(400, {"Connection": "close"}, body)


def _checked_headers(headers: Mapping[str, str]) -> Headers:
    """Return header fields that can be sent as they are."""
    checks.one_of_types("headers", headers, (Mapping,), "a mapping of header fields")
    for name, value in headers.items():
        checks.text(
            "headers: a name", name, r"[!#$%&'*+.^`|~0-9A-Za-z_-]+", "a header name of HTTP"
        )
        checks.text(
            f"headers: the value of {name}",
            value,
            r"[^\0\r\n\u0100-\U0010ffff]*",
            "one line of Latin-1 text",
        )
    return Headers(headers.items())


def _encode(body: Body) -> tuple[bytes, str]:
    """Return a body's bytes and their media type ("" for bytes, which may be anything)."""
    checks.one_of_types("body", body, (bytes, str, dict, list), "bytes, str, a dict or a list")
    if isinstance(body, bytes):
        return body, ""
    if isinstance(body, str):
        return body.encode(), "text/plain; charset=utf-8"
    return json.dumps(body).encode(), "application/json"


def _is_bare(status: int) -> bool:
    """Return whether HTTP has no body, and so no length, for this status (RFC 9110, 6.4.1)."""
    return status < 200 or status in (204, 304)
