"""The body of a response: read within its limits, and unzipped. Only the standard library."""

from __future__ import annotations

import codecs
import collections
import io
import itertools
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

__all__ = ["Readable", "UnusableBodyError", "is_delimited", "read_body", "text_or_bytes"]

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


class _TooLargeError(UnusableBodyError):
    def __init__(self, limit: int) -> None:
        super().__init__(f"the body is larger than max_response_bytes ({limit} bytes)")


def read_body(
    response: Readable, read: Callable[[int], bytes], limit: int, received: io.BytesIO
) -> bytes:
    """Read and decode a body.

    Args:
        response: The response that the body belongs to.
        read: Reads up to a number of bytes; returns b"" at the end of the body.
        limit: Maximum size of the decoded body in bytes.
        received: Filled with what arrives; if reading fails, with what was decoded of it before.

    Raises:
        UnusableBodyError: It is larger than the limit, or has an unexpected encoding.
    """
    chunks = _received(response, read, limit, received)
    coding = _value(response, "content-encoding")
    if coding in ("gzip", "x-gzip"):
        return _unzipped_body(chunks, limit, received)
    _exhaust(chunks)
    if coding not in ("", "identity"):
        raise UnusableBodyError(f"unexpected Content-Encoding {coding!r}; only gzip was offered")
    return received.getvalue()


def is_delimited(response: Readable) -> bool:
    """Return whether a body says where it ends, so that it cannot be truncated unnoticed.

    It does if it has a length or is chunked (RFC 9112, section 6).
    """
    lengths = _value(response, "content-length").split(",")
    plain = all(length.strip().isdecimal() for length in lengths)
    return plain or "transfer-encoding" in response.headers


def text_or_bytes(body: bytes, most: int | None = None, *, is_whole: bool = True) -> str | bytes:
    """Return a body, or its first bytes, as text if it is UTF-8, else as it is."""
    kept = body[:most]
    try:
        # A character that is truncated is left out.
        return codecs.utf_8_decode(kept, "strict", is_whole and len(kept) == len(body))[0]
    except UnicodeDecodeError:
        return kept


def _value(response: Readable, name: str) -> str:
    """Return a header in lowercase; testing with ``in`` costs a third of a failed ``get``."""
    headers = response.headers
    return headers[name].strip().lower() if name in headers else ""


def _received(
    response: Readable, read: Callable[[int], bytes], limit: int, received: io.BytesIO
) -> Iterator[bytes]:
    """Yield a body as it arrives, and do not read again once it is known to be complete."""
    while chunk := read(_CHUNK):
        received.write(chunk)
        if received.tell() > limit:
            raise _TooLargeError(limit)
        yield chunk
        if response.length_remaining == 0:
            return


def _exhaust(chunks: Iterator[bytes]) -> None:
    collections.deque(chunks, maxlen=0)


def _unzipped_body(chunks: Iterator[bytes], limit: int, received: io.BytesIO) -> bytes:
    body = io.BytesIO()
    try:
        for piece in _unzipped(chunks):
            body.write(piece)
            if body.tell() > limit:
                raise _TooLargeError(limit)
    except BaseException as error:
        received.seek(0)  # what could be unzipped is readable, and secrets can be found in it
        received.truncate()
        received.write(body.getvalue())
        if isinstance(error, zlib.error):
            raise UnusableBodyError(f"the body is not valid gzip: {error}") from error
        raise
    return body.getvalue()


def _unzipped(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Unzip in limited pieces; urllib3's own decoder accepts a truncated stream."""
    first = next(chunks, b"")
    if not _GZIP_MAGIC.startswith(first[:2]):  # already unzipped, with the header unchanged
        yield first
        yield from chunks
        return
    decoder = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    for chunk in itertools.chain([first], chunks):
        data = chunk
        while piece := decoder.decompress(data, _CHUNK):
            yield piece
            data = decoder.unconsumed_tail
        if decoder.eof:
            break
    else:
        raise zlib.error("the stream is truncated")
    # A server sends one member. Thousands of empty ones would cost seconds per megabyte.
    if (decoder.unused_data or next(chunks, b"")).startswith(_GZIP_MAGIC[:1]):
        raise zlib.error("more than one member")
    _exhaust(chunks)
