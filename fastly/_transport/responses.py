"""The head of a response, read more strictly than ``http.client`` does, and without secrets."""

from __future__ import annotations

import http.client
import io
from contextlib import suppress
from contextvars import ContextVar
from typing import Any, cast

from urllib3.util.response import assert_header_parsing

from fastly._transport.overrides import require_called
from fastly.configuration.secrets import Mask

__all__ = ["StrictResponse", "masking"]

# Masks the secrets of the running call in the lines that are read for it.
masking: ContextVar[Mask] = ContextVar("fastly mask")

_LONGEST_LINE = 65536  # bytes; http.client refuses longer ones


class _Lines(io.BufferedReader):
    """The bytes of one response.

    Attributes:
        has_more: Whether anything had arrived after its end when it was closed.
    """

    def __init__(self, raw: io.RawIOBase, sock: Any) -> None:
        super().__init__(raw)
        self._sock = sock
        self._begun = False
        self.has_more = False

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
        mask = masking.get(None)
        return line if mask is None else mask(line)

    def close(self) -> None:
        """Check without waiting whether bytes follow the response, and close."""
        if not self.closed:
            with suppress(OSError):
                timeout = self._sock.gettimeout()
                self._sock.settimeout(0)
                self.has_more = bool(self.peek(1))
                self._sock.settimeout(timeout)
        super().close()


class StrictResponse(http.client.HTTPResponse):
    """Reads as ``http.client`` does, but refuses heads that ``http.client`` would misread."""

    fp: Any = None  # so that closing works if Ctrl-C interrupts the constructor
    lines: _Lines | None = None
    _status_read = False

    def __init__(self, sock: Any, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        file: Any = self.fp
        if isinstance(file, io.BufferedReader):  # a test tool's file may differ
            self.fp = self.lines = _Lines(file.detach(), sock)

    def begin(self) -> None:
        """Read the head.

        Raises:
            HeaderParsingError: A line is not a header. Python's parser stops there, and a
                Content-Length or a Retry-After may follow. urllib3 would log the line.
            HTTPException: The body is framed in a way that ``http.client`` does not know, so that
                it would return the framing as a part of the body.
        """
        super().begin()
        require_called(self._status_read, "http.client.HTTPResponse._read_status")
        assert_header_parsing(self.headers)
        framing = self.headers.get("transfer-encoding")
        if framing is not None and not self.chunked:
            raise http.client.HTTPException(f"unknown Transfer-Encoding {framing!r}")

    def _read_status(self) -> tuple[str, int, str]:
        self._status_read = True
        parent: Any = super()  # the stubs of http.client omit this method
        while True:
            version, status, reason = cast("tuple[str, int, str]", parent._read_status())
            if not 100 <= status < 200 or status == http.client.SWITCHING_PROTOCOLS:
                return version, status, reason
            while self.fp.readline(_LONGEST_LINE + 1).strip():
                pass
