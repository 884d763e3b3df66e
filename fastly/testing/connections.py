"""HTTP/1.1 as far as a stand-in needs it: requests read, answers written, connections ended.

One thread accepts connections, one more serves each of them. Nothing here polls: what waits is
woken, so that closing takes no longer than the threads need to return.
"""

from __future__ import annotations

import contextlib
import http.client
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

__all__ = ["Answer", "Body", "Cut", "Headers", "Listener", "Malformed", "Request", "read_request"]

Body = bytes | str | dict[str, Any] | list[Any]
Cut = int | Literal["before", "head"]

_LINE_LIMIT = 65_536
_BODY_LIMIT = 1 << 20
# struct linger, on for 0 seconds: closing sends a reset.
_RESET = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)


class Malformed(Exception):
    """What arrived is not an HTTP request."""


class Headers(Mapping[str, str]):
    """Header fields, found in any case; the values of a repeated field are joined by commas."""

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
    """What was asked.

    Attributes:
        method: "GET", as a rule.
        path: The path as it was sent, without the query.
        query: The query's parameters, decoded; of a repeated one the last.
        headers: The header fields, found in any case.
    """

    method: str
    path: str
    query: dict[str, str]
    headers: Headers


@dataclass(frozen=True)
class Answer:
    """What goes back, ready to be sent; `BillingServer.enqueue` says what the fields mean."""

    head: bytes
    body: bytes
    delay: float = 0.0
    cut: Cut | None = None
    reset: bool = False

    def __post_init__(self) -> None:
        places = ("before", "head") if isinstance(self.cut, str) else range(len(self.body))
        if self.cut is not None and self.cut not in places:
            raise ValueError(f"cut={self.cut!r} is not within a body of {len(self.body)} bytes")
        if self.reset and self.cut is None:
            raise ValueError("reset=True needs a cut that says where")
        if not 0 <= self.delay <= threading.TIMEOUT_MAX:
            raise ValueError(f"delay={self.delay!r} is not a number of seconds to wait")

    @classmethod
    def make(cls, status: int, headers: Mapping[str, str], body: Body, **how: Any) -> Answer:
        """Return an answer; the headers given replace those that the body would have."""
        if not 100 <= status <= 999:
            raise ValueError(f"status={status!r} is not a number of three digits")
        content, kind = _encode(body)
        if content and _is_bare(status):
            raise ValueError(f"an answer of status={status} has no body")
        given = Headers(headers.items())
        usual = {} if _is_bare(status) else {"Content-Type": kind}
        if not _is_bare(status) and "Transfer-Encoding" not in given:
            usual["Content-Length"] = str(len(content))
        fields = [(name, value) for name, value in usual.items() if value and name not in given]
        lines = [f"{name}: {value}\r\n" for name, value in [*fields, *given.items()]]
        head = f"HTTP/1.1 {status} {http.client.responses.get(status, '')}\r\n{''.join(lines)}\r\n"
        return cls(head.encode("latin-1"), content, **how)

    @property
    def is_last(self) -> bool:
        """Whether the connection ends after it."""
        return self.cut is not None or b"\r\nconnection: close\r\n" in self.head.lower()

    def to_send(self, method: str) -> bytes:
        """Return the bytes that answer a request of this method, as far as they are sent."""
        if isinstance(self.cut, str):
            return b"" if self.cut == "before" else self.head[: len(self.head) // 2]
        return self.head if method == "HEAD" else self.head + self.body[: self.cut]


class Listener:
    """A listening socket and its threads, from its making until `close`.

    Args:
        host: The address to listen at.
        port: The port, or 0 for one that the operating system chooses.
        respond: Called in a connection's thread for every request; returns its answer.

    Raises:
        OSError: The address cannot be listened at.
        OverflowError: There is no such port.
    """

    def __init__(self, host: str, port: int, respond: Callable[[Request], Answer]) -> None:
        if not 0 <= port <= 65535:  # create_server would leave its socket open
            raise OverflowError("a port is 0 to 65535")
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.create_server((host, port), family=family, backlog=128)
        self._socket.setblocking(False)
        self.port: int = self._socket.getsockname()[1]
        self._respond = respond
        self._closing = threading.Event()
        self._alarm, self._alarmed = socket.socketpair()
        # Belongs to the accepting thread, and after its end to close(): it needs no lock.
        self._connections: dict[threading.Thread, socket.socket] = {}
        self._thread = threading.Thread(target=self._accept_all, daemon=True, name="fastly.testing")
        self._thread.start()

    @property
    def is_closed(self) -> bool:
        """Whether `close` has been called."""
        return self._closing.is_set()

    def close(self) -> None:
        """Stop listening, break off every connection and end every thread; again is harmless."""
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
                    # A client may have given up in between.
                    with contextlib.suppress(OSError):
                        self._admit(self._socket.accept()[0])

    def _admit(self, connection: socket.socket) -> None:
        """Give a connection its thread."""
        connection.settimeout(None)
        for thread in [thread for thread in self._connections if not thread.is_alive()]:
            del self._connections[thread]
        thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
        self._connections[thread] = connection
        thread.start()

    def _serve(self, connection: socket.socket) -> None:
        """Answer the requests of one connection until either side ends it."""
        # An OSError is a client that went away, or close().
        with connection, contextlib.suppress(OSError), connection.makefile("rb") as stream:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                while self._exchange(connection, stream):
                    pass
            except Malformed as error:
                connection.sendall(_bad_request(error).to_send("GET"))
                # Closed with bytes unread, the connection would be reset before the answer is.
                connection.shutdown(socket.SHUT_WR)
                stream.read(_BODY_LIMIT)

    def _exchange(self, connection: socket.socket, stream: BinaryIO) -> bool:
        """Read a request and answer it; return whether the connection stays open."""
        received = read_request(stream)
        if received is None:
            return False
        request, stays = received
        answer = self._respond(request)
        if answer.delay and self._closing.wait(answer.delay):
            return False
        connection.sendall(answer.to_send(request.method))
        if answer.reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        return stays and not answer.is_last


def read_request(stream: BinaryIO) -> tuple[Request, bool] | None:
    """Read a request, its body too, which is dropped.

    Returns:
        The request, and whether its connection can take another one; None at the stream's end.

    Raises:
        Malformed: These bytes are no HTTP request.
    """
    line = stream.readline(_LINE_LIMIT + 1)
    if not line:
        return None
    method, target, version = _request_line(line)
    try:
        headers = Headers(http.client.parse_headers(stream).items())
        path, query = _path_and_query(target)
    except (http.client.HTTPException, ValueError, TypeError) as error:
        raise Malformed(str(error)) from error  # a TypeError: Python fails over x; b*=a; b*1=c
    request = Request(method, path, dict(parse_qsl(query, True)), headers)
    _skip_body(stream, headers)
    return request, version == "HTTP/1.1" and headers.get("Connection", "").lower() != "close"


def _path_and_query(target: str) -> tuple[str, str]:
    """Return the path as it was sent, and the query; a proxy is sent a whole URL."""
    if target.startswith("/"):
        path, _, query = target.partition("?")
        return path, query
    parts = urlsplit(target)
    return parts.path, parts.query


def _request_line(line: bytes) -> tuple[str, str, str]:
    """Return method, target and version."""
    words = line.decode("latin-1").split()
    if len(words) != 3 or words[2] not in ("HTTP/1.0", "HTTP/1.1") or len(line) > _LINE_LIMIT:
        raise Malformed("The request line is not one of HTTP/1.1.")
    return words[0], words[1], words[2]


def _skip_body(stream: BinaryIO, headers: Headers) -> None:
    """Read past the body of a request."""
    length = headers.get("Content-Length", "0")
    known = re.fullmatch("[0-9]{1,9}", length) is not None and "Transfer-Encoding" not in headers
    if not known or int(length) > _BODY_LIMIT:
        raise Malformed("The end of the request's body is not known, or far off.")
    if len(stream.read(int(length))) < int(length):
        raise Malformed("The request's body is cut short.")


def _bad_request(error: Malformed) -> Answer:
    """Return the answer to what could not be read."""
    body = {"msg": "Bad request", "detail": str(error)}
    return Answer.make(400, {"Connection": "close"}, body)


def _encode(body: Body) -> tuple[bytes, str]:
    """Return a body's bytes and their media type ("" for bytes, which may be anything)."""
    if isinstance(body, bytes):
        return body, ""
    if isinstance(body, str):
        return body.encode(), "text/plain; charset=utf-8"
    return json.dumps(body).encode(), "application/json"


def _is_bare(status: int) -> bool:
    """Return whether HTTP has no body, and no length of one, for this status."""
    return status < 200 or status in (204, 304)
