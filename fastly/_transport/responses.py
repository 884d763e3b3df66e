"""The head of a response, read more strictly than ``http.client`` does, and without secrets."""

from __future__ import annotations

import http.client
import io
import re
from typing import Any, cast

from urllib3.exceptions import HeaderParsingError

from fastly._transport.deadline import running
from fastly.configuration.secrets import masking

__all__ = ["StrictResponse"]

# What a header consists of (RFC 9110, section 5.5), and what a line break within one stands for
# (RFC 9112, section 5.2: one or more spaces). Neither looks at a blank for each blank before it.
_HEADER = re.compile(r"([!-9;-~]+):([^\r\0]*)\r?")
_FOLD = re.compile(r"\r?\n[ \t]+")
_MOST_HEADERS = 100  # as http.client
_BODILESS = (101, 204, 304)
_LONGEST_LINE = 65536  # bytes; http.client refuses longer ones
_BUFFER = 65536  # bytes; http.client's 8 KiB take two reads for a bill of 30 lines


def _note_arrival(status: int) -> None:
    """Note that a response arrives.

    Raises:
        RemoteDisconnected: It says that the server waited too long for a request, which crossed it
            on its way over an old connection (RFC 9110, section 15.5.9).
    """
    deadline = running(None)
    if deadline is None or not deadline.reuses:
        return
    if status == http.client.REQUEST_TIMEOUT:
        raise http.client.RemoteDisconnected("408")
    deadline.reuses = False


class _Lines(io.BufferedReader):
    """The bytes of one response.

    Attributes:
        is_last: Whether no other response can follow, as far as was known when it was closed:
            the server has ended the connection, or has sent bytes that nobody asked for.
    """

    def __init__(self, raw: io.RawIOBase, sock: Any) -> None:
        super().__init__(raw, _BUFFER)
        self._sock = sock
        deadline = running(None)
        self._mask = masking() if deadline is None else deadline.secrets
        self._begun = False
        self.is_last = False

    def readline(self, size: int | None = -1, /) -> bytes:
        """Read a line of a head, of a chunk's size or of a trailer, and mask it.

        Raises:
            IncompleteRead: The connection was closed within or before it. ``http.client`` takes
                this as the end of a head or of the last chunk.
        """
        line = super().readline(size)
        if not line.endswith(b"\n") and len(line) <= _LONGEST_LINE and (line or self._begun):
            raise http.client.IncompleteRead(b"")
        self._begun = True
        return self._mask(line)

    def close(self) -> None:
        """Look without waiting at what follows the response, and close.

        What has not been read from the socket yet shows when the connection is used again.
        """
        if not self.closed:
            raw: Any = self.raw
            raw.readinto = _no_more  # peek() reads if the buffer is empty, which could wait
            self.is_last = bool(self.peek(1))
            del raw.readinto
            self.is_last |= hasattr(self._sock, "unwrap") and self._tls_has_ended(raw)
        super().close()

    def _tls_has_ended(self, raw: Any) -> bool:
        """Return whether anything follows within TLS, which the socket below does not show.

        Some servers end TLS, and then wait for the client's own end (RFC 8446, section 6.1).
        """
        timeout = self._sock.gettimeout()
        try:
            self._sock.settimeout(0)
            count = raw.readinto(bytearray(1))
            self._sock.settimeout(timeout)
            if count == 0:
                self._sock.unwrap()
        except (OSError, ValueError, AttributeError):  # the last: sockets of test tools
            return True
        return count is not None


def _no_more(_: object) -> None:
    """Stand for a read that would have to wait."""


def _head(file: Any) -> str:
    """Read the lines of a head, without the empty one that ends it."""
    lines = list[bytes]()
    while len(lines) <= _MOST_HEADERS:
        line: bytes = file.readline(_LONGEST_LINE + 1)
        if len(line) > _LONGEST_LINE:
            raise http.client.LineTooLong("header line")
        if line in (b"\r\n", b"\n", b""):
            return b"".join(lines).decode("latin-1")
        lines.append(line)
    raise http.client.HTTPException(f"got more than {_MOST_HEADERS} headers")


def _headers(head: str) -> http.client.HTTPMessage:
    """Return the headers of a head.

    Python's parser, which is made for mail, takes more than a tenth of a small call. It stops at a
    line that is not a header, though a Content-Length may follow, and ends lines at a bare CR.
    """
    headers = http.client.HTTPMessage()
    for line in _FOLD.sub(" ", head).split("\n")[:-1]:
        found = _HEADER.fullmatch(line)
        if found is None:
            raise HeaderParsingError([], None)
        name, value = found.groups()
        headers.set_raw(name, value.strip(" \t"))
    return headers


class StrictResponse(http.client.HTTPResponse):
    """Reads as ``http.client`` does, but refuses heads that ``http.client`` would misread."""

    fp: Any = None  # so that closing works if Ctrl-C interrupts the constructor
    lines: _Lines | None = None

    def __init__(self, sock: Any, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        file: Any = self.fp
        if isinstance(file, io.BufferedReader):  # a test tool's file may differ
            self.fp = self.lines = _Lines(file.detach(), sock)

    def begin(self) -> None:
        """Read the head.

        Raises:
            HeaderParsingError: A line is not a header.
            HTTPException: The head is too large, or of another protocol, or the body is framed in a
                way that ``http.client`` does not know.
        """
        version, self.status, reason = self._read_status()
        if not version.startswith("HTTP/1."):
            raise http.client.UnknownProtocol(version)
        self.code, self.reason = self.status, reason.strip()
        self.version = 10 if version == "HTTP/1.0" else 11
        self.headers = self.msg = _headers(_head(self.fp))
        self._frame()

    def _frame(self) -> None:
        """Note where the body ends, and whether the connection does (RFC 9112, 6.3 and 9.3).

        urllib3 refuses lengths that contradict each other.
        """
        framing = self.headers.get("transfer-encoding")
        if framing is not None and framing.lower() != "chunked":
            raise http.client.HTTPException(f"unknown Transfer-Encoding {framing!r}")
        self.chunked, self.chunk_left = framing is not None, None
        length = self.headers.get("content-length", "").partition(",")[0].strip()
        is_length = length.isascii() and length.isdecimal() and not self.chunked
        self.length = 0 if self.status in _BODILESS else int(length) if is_length else None
        options = self.headers.get("connection", "").lower()
        is_last = "close" in options or (self.version == 10 and "keep-alive" not in options)
        self.will_close = is_last or not (self.chunked or self.length is not None)

    def _read_status(self) -> tuple[str, int, str]:
        """Read the status line after those of interim responses (RFC 9110, section 15.2).

        ``http.client`` would take a 103, or one before a proxy's 200, for the response.
        """
        parent: Any = super()  # the stubs of http.client omit this method
        while True:
            version, status, reason = cast("tuple[str, int, str]", parent._read_status())
            _note_arrival(status)
            if not 100 <= status < 200 or status == http.client.SWITCHING_PROTOCOLS:
                return version, status, reason
            while self.fp.readline(_LONGEST_LINE + 1).strip():
                pass
