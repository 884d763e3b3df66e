"""The body of a response: read within its limits, and unzipped. Only the standard library."""

from __future__ import annotations

import codecs
import io
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Protocol

__all__ = [
    "Readable",
    "TruncatedBodyError",
    "UnusableBodyError",
    "is_delimited",
    "read_body",
    "text_or_bytes",
    "unzip_start",
]

# Bytes; a bomb can outgrow its limit by no more than this. glibc gives larger blocks back to the
# system each time, and joining a list of them costs as much again: 500 KB took three times as long.
_CHUNK = 64 * 1024
_GZIP_MAGIC = b"\x1f\x8b"


class Readable(Protocol):
    """What reading a body needs to know about its response."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, whose names are case-insensitive."""
        ...

    @property
    def length_remaining(self) -> int | None:
        """Bytes that are still to come, or None if the response does not say."""
        ...


class UnusableBodyError(Exception):
    """A body that is or may be complete, but is not what was expected."""


class TruncatedBodyError(UnusableBodyError):
    """A body that ends early, though its framing says that it is whole.

    Caddy, lighttpd and h2o pass on a truncated chunked body as if it were complete.
    """


def read_body(
    response: Readable, read: Callable[[int], bytes], limit: int, received: io.BytesIO
) -> bytes:
    """Read and decode a body, and do not read again once it is known to be complete.

    Args:
        response: The response that the body belongs to.
        read: Reads up to a number of bytes; returns b"" at the end of the body.
        limit: Maximum size of the decoded body in bytes.
        received: Filled with what arrives.

    Raises:
        TruncatedBodyError: It is gzip that stops.
        UnusableBodyError: It is larger than the limit, or has an unexpected encoding.
    """
    while chunk := read(_CHUNK):
        received.write(chunk)
        _check_size(received, limit)
        if response.length_remaining == 0:
            break
    data, headers = received.getvalue(), response.headers
    if "content-encoding" not in headers:  # a third of the cost of a failed get
        return data
    coding = headers["content-encoding"].strip().lower()
    if coding in ("gzip", "x-gzip"):
        return _unzipped(data, limit, received)
    if coding not in ("", "identity"):
        raise UnusableBodyError(f"unexpected Content-Encoding {coding!r}; only gzip was offered")
    return data


def _check_size(received: io.BytesIO, limit: int) -> None:
    if received.tell() > limit:
        raise UnusableBodyError(f"the body is larger than max_response_bytes ({limit} bytes)")


def is_delimited(headers: Mapping[str, str]) -> bool:
    """Return whether a body says where it ends, so that it cannot be truncated unnoticed.

    It does if it has a length or is chunked (RFC 9112, section 6).
    """
    lengths = headers.get("content-length", "").split(",")
    return all(x.strip().isdecimal() for x in lengths) or "transfer-encoding" in headers


def text_or_bytes(body: bytes, most: int | None = None, *, is_whole: bool = True) -> str | bytes:
    """Return a body, or its first bytes, as text if it is UTF-8, else as it is."""
    kept = body[:most]
    try:
        # A character that is truncated is left out.
        return codecs.utf_8_decode(kept, "strict", is_whole and len(kept) == len(body))[0]
    except UnicodeDecodeError:
        return kept


def _unzipped(data: bytes, limit: int, received: io.BytesIO) -> bytes:
    """Unzip in limited pieces; urllib3's own decoder accepts a truncated stream.

    If that fails, ``received`` holds what could be unzipped: it is readable, and secrets can be
    found in it.
    """
    if not _GZIP_MAGIC.startswith(data[:2]):  # already unzipped, with the header unchanged
        return data
    received.seek(0)
    received.truncate()
    decoder = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    try:
        while piece := decoder.decompress(data, _CHUNK):
            received.write(piece)
            _check_size(received, limit)
            data = decoder.unconsumed_tail
    except zlib.error as error:
        raise UnusableBodyError(f"the body is not valid gzip: {error}") from error
    if not decoder.eof:
        raise TruncatedBodyError("the body is gzip that ends early")
    # A server sends one member. Thousands of empty ones would cost seconds per megabyte.
    if decoder.unused_data.startswith(_GZIP_MAGIC[:1]):
        raise UnusableBodyError("the body is not valid gzip: more than one member")
    return received.getvalue()


def unzip_start(headers: Mapping[str, str], received: io.BytesIO) -> None:
    """Unzip what was received of a body that did not arrive completely, as far as possible."""
    if "gzip" in headers.get("content-encoding", "").lower():
        with suppress(UnusableBodyError):
            _unzipped(received.getvalue(), _CHUNK, received)
