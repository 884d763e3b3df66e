"""A server that misbehaves over real sockets, by script or by seeded chance.

::

    with FaultServer(failing(503), cut_body(10)) as server:
        ...  # the first request gets 503, the second half a body, all others a good response
        assert server.requests[0].headers["fastly-key"] == "..."

A fault is a name and a function of the ``Wire``, one connection; ``every_fault`` has them all.
"""

from __future__ import annotations

import gzip
import json
import random
import select
import socket
import ssl
import struct
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from types import TracebackType
from typing import TypeVar

INVOICE = {
    "customer_id": "c",
    "invoice_id": "i",
    "monthly_transaction_amount": 1.5,
    "transaction_line_items": [{"product_name": "P", "amount": 1.5}],
}
BODY = json.dumps(INVOICE).encode()
# A list that grew while it was read: two invoices are on two pages each, and one page is empty.
PAGES = (("I-9", "I-8"), ("I-8", "I-7"), (), ("I-7", "I-6"))
LISTED = ("I-9", "I-8", "I-7", "I-6")
CSV = "text/csv"
PDF = "application/pdf"
JSON = "application/json"
LONGEST = 30.0  # seconds; no fault lasts longer, even if a client waits forever
CRLF = b"\r\n"

Headers = Mapping[str, str] | Iterable[tuple[str, str]]


@dataclass(frozen=True)
class Recorded:
    """A request that arrived: its target, its headers in lowercase, and its bytes."""

    target: str
    headers: Mapping[str, str]
    head: bytes
    body: bytes = b""


class Wire:
    """One connection of a client: what a fault may do with it.

    Attributes:
        request: The request to respond to.
        origin: The server's own URL.
        keep_alive: Set by a fault that leaves the connection open for the next request.
    """

    def __init__(self, sock: socket.socket, origin: str) -> None:
        self.sock = sock
        self.origin = origin
        self.request = Recorded("/", {}, b"")
        self.keep_alive = False
        self._unread = b""
        sock.settimeout(LONGEST)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def read_request(self) -> Recorded | None:
        """Read the next request; None once the client has closed the connection."""
        while b"\r\n\r\n" not in self._unread:
            if not self._receive():
                return None
        head, _, self._unread = self._unread.partition(b"\r\n\r\n")
        request = _parsed(head)
        length = int(request.headers.get("content-length", "0"))
        while len(self._unread) < length:
            if not self._receive():
                return None
        body, self._unread = self._unread[:length], self._unread[length:]
        return replace(request, body=body)

    def _receive(self) -> bool:
        """Read more bytes; False once the client has closed the connection."""
        came = self.sock.recv(65536)
        self._unread += came
        return bool(came)

    def send(self, data: bytes) -> None:
        """Send all bytes."""
        self.sock.sendall(data)

    def drip(self, data: bytes, pause: float, step: int = 1) -> None:
        """Send a few bytes at a time, with a pause after each."""
        for start in range(0, len(data), step):
            self.send(data[start : start + step])
            self.wait(pause)

    def wait(self, seconds: float) -> None:
        """Wait until the time is over or the client has gone.

        Raises:
            ConnectionError: The client closed the connection meanwhile.
        """
        readable, _, _ = select.select([self.sock], [], [], seconds)
        if readable and not self.sock.recv(1):
            raise ConnectionAbortedError("the client has gone")

    def reset(self) -> None:
        """Close with a TCP reset instead of an orderly close."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def abort(self) -> None:
        """Wake whatever waits on the connection, from another thread."""
        with suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)


def _parsed(head: bytes) -> Recorded:
    request_line, *lines = head.decode("latin-1").split("\r\n")
    fields = (line.partition(":") for line in lines)
    headers = {name.lower(): value.strip() for name, _, value in fields}
    return Recorded(request_line.split(" ")[1], headers, head)


Act = Callable[[Wire], None]


@dataclass(frozen=True)
class Fault:
    """One way to respond: its name, its function, and whether it acts before any request."""

    name: str
    act: Act = field(repr=False)
    at_connect: bool = False


S = TypeVar("S", bound="Listening")


class Listening:
    """The base of the servers: each has its own port on 127.0.0.1, and can be closed."""

    scheme = "http"

    def __init__(self) -> None:
        self.sock = socket.socket()
        self.sock.bind(("127.0.0.1", 0))
        self.port: int = self.sock.getsockname()[1]

    @property
    def url(self) -> str:
        """The URL of the server."""
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def __enter__(self: S) -> S:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the socket, which frees the port."""
        self.sock.close()


class Refusing(Listening):
    """A port that nothing listens on, and that nobody else can take meanwhile."""


class Unaccepting(Listening):
    """A port whose backlog is full: clients that connect get no response at all."""

    def __init__(self) -> None:
        super().__init__()
        self.sock.listen(0)
        self._fillers: list[socket.socket] = []
        while not self._fillers or self._connected(self._fillers[-1]):
            self._fillers.append(self._connecting())

    def close(self) -> None:
        """Close the socket, and the connections that filled its backlog."""
        for filler in self._fillers:
            filler.close()
        super().close()

    def _connecting(self) -> socket.socket:
        filler = socket.socket()
        filler.setblocking(False)
        filler.connect_ex(("127.0.0.1", self.port))
        return filler

    @staticmethod
    def _connected(filler: socket.socket) -> bool:
        return bool(select.select([], [filler], [], 0.05)[1])


class FaultServer(Listening):
    """A server that follows a script, then a choice, with a thread for each connection.

    Args:
        *script: The first faults, one for each request; one with ``at_connect`` takes a
            whole new connection.
        choose: Returns the fault for each later request; None: all get a good response.
        tls: The server's TLS settings.
        remember: False: ``requests`` stays empty.

    Attributes:
        requests: The requests, in the order of arrival.
        connections: The number of connections.
        acted: How often each fault acted, by name.
        errors: Exceptions of the server itself; leaving ``with`` raises the first.
    """

    def __init__(
        self,
        *script: Fault,
        choose: Callable[[], Fault] | None = None,
        tls: ssl.SSLContext | None = None,
        remember: bool = True,
    ) -> None:
        super().__init__()
        self.scheme = "https" if tls else "http"
        self.requests: list[Recorded] = []
        self.connections = 0
        self.acted: Counter[str] = Counter()
        self.errors: list[Exception] = []
        self._script = deque(script)
        self._choose = choose or good
        self._tls = tls
        self._remember = remember
        self._lock = threading.Lock()
        self._stopping = False
        self._open: dict[threading.Thread, Wire] = {}
        self._listener = threading.Thread(target=self._listen)
        self.sock.listen(512)
        self._listener.start()

    def close(self) -> None:
        """End every connection and thread."""
        self._stopping = True
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        self._listener.join()
        super().close()
        with self._lock:
            running = dict(self._open)
        for thread, wire in running.items():
            wire.abort()
            thread.join()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
        if self.errors and error is None:
            raise self.errors[0]

    def _listen(self) -> None:
        while True:
            sock, _ = self.sock.accept()
            if self._stopping:
                sock.close()
                return
            self.connections += 1
            self._start(Wire(sock, self.url))

    def _start(self, wire: Wire) -> None:
        thread = threading.Thread(target=self._serve, args=(wire,), daemon=True)
        with self._lock:
            self._open[thread] = wire
        thread.start()

    def _serve(self, wire: Wire) -> None:
        try:
            self._converse(wire)
        except OSError:
            pass  # the client went away, as some faults cause it to
        except Exception as error:
            self.errors.append(error)
        finally:
            wire.sock.close()
            with self._lock:
                del self._open[threading.current_thread()]

    def _converse(self, wire: Wire) -> None:
        at_connect = self._next_at_connect()
        if at_connect is not None:
            return self._act(at_connect, wire)
        if self._tls is not None:
            wire.sock = self._tls.wrap_socket(wire.sock, server_side=True)
        while (request := wire.read_request()) is not None:
            wire.request, wire.keep_alive = request, False
            if self._remember:
                self.requests.append(request)
            self._act(self._next(), wire)
            if not wire.keep_alive:
                break
        return None

    def _act(self, fault: Fault, wire: Wire) -> None:
        with self._lock:
            self.acted[fault.name] += 1
        fault.act(wire)

    def _next(self) -> Fault:
        with self._lock:
            return self._script.popleft() if self._script else self._choose()

    def _next_at_connect(self) -> Fault | None:
        with self._lock:
            due = self._script and self._script[0].at_connect
            return self._script.popleft() if due else None


# --- bytes of HTTP ----------------------------------------------------------------------------


def head(status: int = 200, headers: Headers = (), reason: str = "Reason") -> bytes:
    """Return the head of a response, with the empty line that ends it."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    lines = [f"HTTP/1.1 {status} {reason}", *(f"{name}: {value}" for name, value in pairs)]
    return "\r\n".join(lines).encode("latin-1") + CRLF + CRLF


def answer_bytes(body: bytes = BODY, status: int = 200, headers: Headers = ()) -> bytes:
    """Return a complete response, with its length and type unless ``headers`` has others."""
    pairs = list(headers.items() if isinstance(headers, Mapping) else headers)
    named = {name.lower() for name, _ in pairs}
    usual = (("Content-Type", JSON), ("Content-Length", str(len(body))))
    pairs += [pair for pair in usual if pair[0].lower() not in named]
    return head(status, pairs) + body


def chunks(body: bytes, size: int = 16) -> bytes:
    """Return a body in the chunked coding (RFC 9112, section 7.1)."""
    pieces = [body[start : start + size] for start in range(0, len(body), size)] + [b""]
    return b"".join(f"{len(piece):x}".encode() + CRLF + piece + CRLF for piece in pieces)


def chunked_bytes(body: bytes = BODY, headers: Headers = ()) -> bytes:
    """Return a complete response whose body is chunked."""
    pairs = list(headers.items() if isinstance(headers, Mapping) else headers)
    return head(200, [("Content-Type", JSON), ("Transfer-Encoding", "chunked"), *pairs]) + chunks(
        body
    )


def gzip_bytes(body: bytes, members: int = 1) -> bytes:
    """Compress a body into one or more gzip members (RFC 1952, section 2.2)."""
    size = -(-len(body) // members)
    return b"".join(gzip.compress(body[n * size : (n + 1) * size]) for n in range(members))


# --- faults -----------------------------------------------------------------------------------


def answer(body: bytes = BODY, status: int = 200, headers: Headers = (), name: str = "") -> Fault:
    """Send a given response, and keep the connection open."""
    return whole(answer_bytes(body, status, headers), name or f"answer {status}")


def good() -> Fault:
    """Send the requested invoice in the requested format."""
    return Fault("good", _act_good)


def _act_good(wire: Wire) -> None:
    kind = wire.request.headers.get("accept", JSON)
    wire.send(answer_bytes(document(wire.request.target, kind), headers={"Content-Type": kind}))
    wire.keep_alive = True


def document(target: str, kind: str = JSON) -> bytes:
    """Return what a target names: an invoice in one of the three formats, or a page of them."""
    invoice_id = target.partition("?")[0].rpartition("/")[2]
    if invoice_id == "invoices":
        return _page(int(target.partition("cursor=")[2] or 0))
    if kind == CSV:
        return f"invoice_id\r\n{invoice_id}\r\n".encode()
    if kind == PDF:
        return b"%PDF-1.4\n%" + invoice_id.encode()
    return json.dumps({**INVOICE, "invoice_id": invoice_id}).encode()


def _page(number: int) -> bytes:
    following = str(number + 1) if number + 1 < len(PAGES) else ""
    return page_bytes(PAGES[number], following, len(LISTED))


def page_bytes(ids: Iterable[str], cursor: str, total: int, **fields: object) -> bytes:
    """Return a page of invoices."""
    items = [{**INVOICE, "invoice_id": x, **fields} for x in ids]
    return json.dumps({"data": items, "meta": {"next_cursor": cursor, "total": total}}).encode()


def raw(data: bytes, name: str = "raw") -> Fault:
    """Send these bytes, and close."""
    return Fault(name, lambda wire: wire.send(data))


def whole(data: bytes, name: str = "whole") -> Fault:
    """Send these bytes, which complete a response, and keep the connection open."""

    def act(wire: Wire) -> None:
        wire.send(data)
        wire.keep_alive = True

    return Fault(name, act)


def late(seconds: float, fault: Fault) -> Fault:
    """Wait before another fault."""

    def act(wire: Wire) -> None:
        wire.wait(seconds)
        fault.act(wire)

    return Fault(f"late {fault.name}", act)


def reset_at_connect() -> Fault:
    """Reset a connection before its first request is read."""
    return Fault("reset at connect", Wire.reset, at_connect=True)


def _reset_after(data: bytes, name: str) -> Fault:
    def act(wire: Wire) -> None:
        wire.send(data)
        wire.wait(0.01)  # an immediate reset may overtake what was sent
        wire.reset()

    return Fault(name, act)


def reset_before_head() -> Fault:
    """Read the request, and reset."""
    return Fault("reset before the head", Wire.reset)


def reset_in_head() -> Fault:
    """Reset in the middle of the head."""
    return _reset_after(head()[:20], "reset in the head")


def reset_after_head() -> Fault:
    """Reset between the head and the body."""
    return _reset_after(head(200, {"Content-Length": "100"}), "reset after the head")


def reset_in_body() -> Fault:
    """Reset in the middle of the body."""
    return _reset_after(answer_bytes()[:-10], "reset in the body")


def closed_before_head() -> Fault:
    """Read the request, and close."""
    return raw(b"", "closed before the head")


def cut_head() -> Fault:
    """Close in the middle of the head."""
    return raw(head(200, {"Content-Length": "5"})[:-10], "cut head")


def cut_body(missing: int = 10, body: bytes = BODY) -> Fault:
    """Close some bytes before the end of the body."""
    return raw(answer_bytes(body)[:-missing], "cut body")


def drip_head(pause: float = 0.02) -> Fault:
    """Send the head byte by byte."""

    def act(wire: Wire) -> None:
        wire.drip(head(200, {"X-Long": "x" * 1000}), pause)

    return Fault("dripping head", act)


def drip_body(pause: float = 0.02, data: bytes | None = None) -> Fault:
    """Send the head at once and the body byte by byte."""
    return _dripping(
        "dripping body", answer_bytes(b" " * 1000 + BODY) if data is None else data, pause
    )


def drip_chunks(pause: float = 0.02) -> Fault:
    """Send a chunked body byte by byte."""
    return _dripping("dripping chunks", chunked_bytes(b" " * 1000 + BODY), pause)


def _dripping(name: str, data: bytes, pause: float) -> Fault:
    start, _, rest = data.partition(b"\r\n\r\n")

    def act(wire: Wire) -> None:
        wire.send(start + CRLF + CRLF)
        wire.drip(rest, pause)

    return Fault(name, act)


def stall(after: bytes = b"", name: str = "stall") -> Fault:
    """Send a part of a response, then nothing until the client has gone."""

    def act(wire: Wire) -> None:
        wire.send(after)
        wire.wait(LONGEST)

    return Fault(name, act)


def stall_at_connect() -> Fault:
    """Accept a connection and never send anything."""

    def act(wire: Wire) -> None:
        while wire.sock.recv(65536):
            pass

    return Fault("stall at connect", act, at_connect=True)


def stall_in_head() -> Fault:
    """Stop in the middle of the head."""
    return stall(head()[:20], "stall in the head")


def stall_in_body() -> Fault:
    """Stop in the middle of the body."""
    return stall(answer_bytes()[:-10], "stall in the body")


def garbage(data: bytes = b"\x15\x03\x01\x00\x02\x02\x16 no HTTP\r\n\r\n") -> Fault:
    """Send bytes that are not HTTP."""
    return raw(data, "garbage")


def wrong_length(difference: int) -> Fault:
    """Announce a body that is longer or shorter than it is."""
    length = {"Content-Length": str(len(BODY) + difference)}
    return raw(answer_bytes(headers=length), f"length wrong by {difference}")


def two_lengths() -> Fault:
    """Send two Content-Length headers that differ."""
    pairs = [("Content-Length", str(len(BODY))), ("Content-Length", str(len(BODY) - 5))]
    return raw(answer_bytes(headers=pairs), "two lengths")


def double_head() -> Fault:
    """Send the head twice, the second time in place of the body."""
    return raw(head() + answer_bytes(), "double head")


def two_answers() -> Fault:
    """Send a second, unsolicited response, and keep the connection open."""

    def act(wire: Wire) -> None:
        target = wire.request.target
        wire.send(answer_bytes(document(target)) + answer_bytes(document("/unasked")))
        wire.keep_alive = True

    return Fault("two answers", act)


def interim(*statuses: int, then: Fault | None = None) -> Fault:
    """Send interim responses (RFC 9110, section 15.2) before the real one."""
    data = b"".join(head(status, {"Link": "</x>; rel=preload"}) for status in statuses)

    def act(wire: Wire) -> None:
        wire.send(data)
        (then or good()).act(wire)

    return Fault(f"interim {statuses}", act)


def switching() -> Fault:
    """Respond 101, as if another protocol had been negotiated."""
    return raw(head(101, {"Upgrade": "x", "Connection": "upgrade"}), "switching protocols")


def huge_line() -> Fault:
    """Send a header of more than 64 KiB."""
    return raw(answer_bytes(headers={"X-Huge": "x" * 70_000}), "huge header")


def many_headers(count: int = 150) -> Fault:
    """Send more headers than http.client accepts."""
    return raw(answer_bytes(headers={f"X-{n}": "x" for n in range(count)}), "many headers")


def chunked(body: bytes = BODY, headers: Headers = ()) -> Fault:
    """Send a complete chunked response."""
    return whole(chunked_bytes(body, headers), "chunked")


def broken_chunks(at: int, how: bytes | None = None) -> Fault:
    """Break a chunked body at an offset: truncate it there, or insert other bytes."""
    start, _, rest = chunked_bytes(headers={"Connection": "close"}).partition(b"\r\n\r\n")
    broken = rest[:at] if how is None else rest[:at] + how + rest[at + len(how) :]
    return raw(start + CRLF + CRLF + broken, "broken chunks")


def gzipped(body: bytes = BODY, members: int = 1) -> Fault:
    """Send a gzip response."""
    data = gzip_bytes(body, members)
    return whole(answer_bytes(data, headers={"Content-Encoding": "gzip"}), "gzip")


def broken_gzip(at: int, how: bytes | None = None, body: bytes = BODY) -> Fault:
    """Break a gzip body at an offset, under a true Content-Length: truncate or change it."""
    data = gzip_bytes(body)
    broken = data[:at] if how is None else data[:at] + how + data[at + len(how) :]
    return whole(answer_bytes(broken, headers={"Content-Encoding": "gzip"}), "broken gzip")


def lying_encoding(coding: str = "gzip") -> Fault:
    """Send a Content-Encoding that does not match the body."""
    return whole(answer_bytes(headers={"Content-Encoding": coding}), f"lying {coding}")


def endless(start: bytes, more: bytes, name: str = "endless") -> Fault:
    """Send without end, until the client has gone."""

    def act(wire: Wire) -> None:
        wire.send(start)
        end = time.monotonic() + LONGEST
        while time.monotonic() < end:
            wire.send(more)

    return Fault(name, act)


def accepted(retry_after: str | None = None) -> Fault:
    """Respond 202, as while an estimate is being made."""
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    return answer(b"", 202, headers, "accepted")


def limited(headers: Headers = ()) -> Fault:
    """Respond 429."""
    return answer(b'{"msg": "Too many"}', 429, headers, "rate limited")


def failing(status: int = 503, headers: Headers = ()) -> Fault:
    """Respond with an error that has an API message."""
    return answer(b'{"msg": "Failed", "detail": "here"}', status, headers, f"failing {status}")


def redirect(location: str | None, status: int = 302) -> Fault:
    """Redirect; ``{origin}``, ``{port}`` and ``{target}`` stand for the server's and request's."""

    def act(wire: Wire) -> None:
        known = {"origin": wire.origin, "port": wire.origin.rpartition(":")[2]}
        headers = {}
        if location is not None:
            headers["Location"] = location.format(**known, target=wire.request.target)
        wire.send(answer_bytes(b"elsewhere", status, headers))
        wire.keep_alive = True

    return Fault(f"redirect {status}", act)


def in_seconds(seconds: float) -> str:
    """Return the HTTP date of a time from now."""
    return formatdate(time.time() + seconds, usegmt=True)


def every_fault(elsewhere: str = "https://example.invalid") -> list[Fault]:
    """Return one of each, with redirects to another origin going to ``elsewhere``."""
    return [
        *(*_broken_off(), *_no_http(), *_codings(), *_statuses(), *_redirects(elsewhere)),
        *_other_data(),
    ]


def slow_faults() -> list[Fault]:
    """Return one of each fault that lasts until the client has gone."""
    return [drip_head(), drip_body(), drip_chunks(), stall(), stall_in_head(), stall_in_body()]


def _broken_off() -> list[Fault]:
    return [
        *(reset_before_head(), reset_in_head(), reset_after_head(), reset_in_body()),
        *(closed_before_head(), cut_head(), cut_body(), wrong_length(5), wrong_length(-5)),
    ]


def _no_http() -> list[Fault]:
    return [
        *(garbage(), two_lengths(), double_head(), two_answers(), interim(100), interim(102, 103)),
        *(switching(), huge_line(), many_headers()),
    ]


def _codings() -> list[Fault]:
    return [
        *(chunked(), broken_chunks(7), broken_chunks(0, b"zz"), broken_chunks(20, b"\x00")),
        *(gzipped(), gzipped(members=2), broken_gzip(15), broken_gzip(15, b"\xff\xff")),
        *(lying_encoding("gzip"), lying_encoding("br")),
        whole(answer_bytes(b"<html>"), "HTML"),
    ]


def _statuses() -> list[Fault]:
    return [
        *(accepted(), accepted("0"), accepted("1"), limited(), limited({"Retry-After": "0"})),
        limited({"Retry-After": in_seconds(0)}),
        limited({"Fastly-RateLimit-Reset": str(int(time.time()))}),
        *(failing(status) for status in (400, 401, 403, 404, 500, 501, 502, 503, 504)),
        *(answer(b"", 204), answer(b"part", 206)),
    ]


def _other_data() -> list[Fault]:
    """Return complete responses with status 200 that are not what they seem to be."""
    return [
        answer(b'{"msg": "Try later"}', name="error with 200"),
        answer(b"{}", name="empty object"),
        answer(page_bytes([], "", len(LISTED)), name="early last page"),
        answer(page_bytes(LISTED, "", 0, payment_status="changed"), name="changed page"),
    ]


def _redirects(elsewhere: str) -> list[Fault]:
    same = ("{origin}{target}", "{target}", "//127.0.0.1:{port}{target}", "?again")
    others = (f"{elsewhere}{{target}}", "https://127.0.0.1:{port}/", "http://u:p@127.0.0.1:{port}/")
    odd = (None, "", "http://[", "\x01\x02", "http://127.0.0.1:99999/", "x:y")
    statuses = (301, 302, 303, 307, 308)
    places = enumerate((*same, *others, *odd))
    return [redirect(place, statuses[n % len(statuses)]) for n, place in places]


def by_chance(
    seed: int, often: list[Fault], seldom: list[Fault], good_share: float = 0.5
) -> Callable[[], Fault]:
    """Return a choice of good responses and faults; one fault in twenty is from ``seldom``.

    The same seed makes the same choices.
    """
    chance = random.Random(seed)

    def choose() -> Fault:
        if chance.random() < good_share:
            return good()
        return chance.choice(seldom if chance.random() < 0.05 else often)

    return choose
