"""The body of an answer: read within its bounds, and unzipped. The standard library alone."""

from __future__ import annotations

import codecs
import collections
import io
import itertools
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

__all__ = ["Readable", "UnusableBodyError", "read_body", "text_or_bytes"]

# Bytes; a bomb can outgrow its bound by no more than this. glibc gives larger blocks back to the
# system each time, and joining a list of them takes as much again: 500 KB took thrice as long.
_CHUNK = 64 * 1024
_GZIP_MAGIC = b"\x1f\x8b"


class Readable(Protocol):
    """What reading a body needs to know of the response that it belongs to."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, found in any case of letters."""
        ...

    @property
    def length_remaining(self) -> int | None:
        """Bytes that are still to come, or None where the answer does not tell."""
        ...


class UnusableBodyError(Exception):
    """A body that came whole, or could have, and is not what was promised."""


class _TooLargeError(UnusableBodyError):
    def __init__(self, limit: int) -> None:
        super().__init__(f"the body is larger than max_response_bytes, {limit} bytes")


def read_body(
    response: Readable, read: Callable[[int], bytes], limit: int, came: io.BytesIO
) -> bytes:
    """Read and decode a body.

    Args:
        response: What the body belongs to.
        read: Reads up to so many bytes, and none at the end of the body.
        limit: Bytes that the body may have, decoded.
        came: Is filled with what came, also where reading fails.

    Raises:
        UnusableBodyError: It is larger than the limit, or not encoded as was asked for.
    """
    _check_framing(response)
    chunks = _received(response, read, limit, came)
    coding = _value(response, "content-encoding")
    if coding in ("", "identity"):
        _exhaust(chunks)
        return came.getvalue()
    if coding in ("gzip", "x-gzip"):
        return _unzipped_body(chunks, limit, came)
    _exhaust(chunks)
    raise UnusableBodyError(f"Content-Encoding is {coding!r}, which was not asked for")


def text_or_bytes(body: bytes, most: int | None = None) -> str | bytes:
    """Return a body, or its first bytes, as text where it is text, else as it is."""
    kept = body[:most]
    try:
        # A character that is cut through is left out.
        return codecs.utf_8_decode(kept, "strict", len(kept) == len(body))[0]
    except UnicodeDecodeError:
        return kept


def _value(response: Readable, name: str) -> str:
    """Return a header in small letters; a look first costs a third of a failed ``get``."""
    headers = response.headers
    return headers[name].strip().lower() if name in headers else ""


def _check_framing(response: Readable) -> None:
    """Refuse what http.client would hand out together with the lines that frame it."""
    framing = _value(response, "transfer-encoding")
    if framing not in ("", "chunked"):
        raise UnusableBodyError(f"Transfer-Encoding is {framing!r}, which is not understood")


def _received(
    response: Readable, read: Callable[[int], bytes], limit: int, came: io.BytesIO
) -> Iterator[bytes]:
    """Yield a body as it comes, without a last look at one that is known to be whole."""
    while chunk := read(_CHUNK):
        came.write(chunk)
        if came.tell() > limit:
            raise _TooLargeError(limit)
        yield chunk
        if response.length_remaining == 0:
            return


def _exhaust(chunks: Iterator[bytes]) -> None:
    collections.deque(chunks, maxlen=0)


def _unzipped_body(chunks: Iterator[bytes], limit: int, came: io.BytesIO) -> bytes:
    body = io.BytesIO()
    try:
        for piece in _unzipped(chunks):
            body.write(piece)
            if body.tell() > limit:
                came.seek(0)
                came.truncate()
                came.write(body.getvalue())
                raise _TooLargeError(limit)
    except zlib.error as error:
        raise UnusableBodyError(f"the body is not whole gzip: {error}") from error
    return body.getvalue()


def _unzipped(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Unzip in bounded pieces. urllib3's own decoder takes a stream that is cut for a whole."""
    first = next(chunks, b"")
    if not _GZIP_MAGIC.startswith(first[:2]):  # unzipped on the way, with the header left as it was
        yield first
        yield from chunks
        return
    decoder = _new_decoder()
    for chunk in itertools.chain([first], chunks):
        yield from _inflated(decoder, chunk)
        while decoder.unused_data.startswith(_GZIP_MAGIC):  # a further member (RFC 1952, 2.2)
            rest, decoder = decoder.unused_data, _new_decoder()
            yield from _inflated(decoder, rest)
        if len(decoder.unused_data) > 1:  # what follows the last member is passed over
            _exhaust(chunks)
    if not decoder.eof:
        raise zlib.error("the stream is cut short")


def _new_decoder() -> Any:
    return zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)


def _inflated(decoder: Any, data: bytes) -> Iterator[bytes]:
    while piece := decoder.decompress(data, _CHUNK):
        yield piece
        data = decoder.unconsumed_tail
