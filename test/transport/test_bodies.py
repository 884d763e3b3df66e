"""Reading bodies in pieces of any size: limits, gzip, and what is kept of unusable ones."""

from __future__ import annotations

import gzip
import io
import random
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest
import urllib3

from fastly._transport.bodies import UnusableBodyError, read_body, text_or_bytes

KIB = 1024
TEXT = b"invoice_id,amount\r\n" * 40
LIMIT = 100 * KIB
CUT = gzip.compress(TEXT, mtime=0)[:-1]  # each process of a run has to name its test alike


class Head(NamedTuple):
    """The parts of a response's head that reading its body needs."""

    headers: urllib3.HTTPHeaderDict
    length_remaining: int | None = None


def head(**headers: str) -> Head:
    """Return a head; an underscore in a name stands for a hyphen."""
    return Head(urllib3.HTTPHeaderDict({n.replace("_", "-"): x for n, x in headers.items()}))


ZIPPED = head(Content_Encoding="gzip")


def in_pieces(body: bytes, size: int) -> Callable[[int], bytes]:
    """Return a function that reads a body in pieces of a size, and b"" at its end."""
    pieces = iter([body[i : i + size] for i in range(0, len(body), size)])
    return lambda _: next(pieces, b"")


def read(response: Head, body: bytes, size: int = KIB, limit: int = LIMIT) -> bytes:
    """Read a body in pieces."""
    return read_body(response, in_pieces(body, size), limit, io.BytesIO())


def refused(response: Head, body: bytes, size: int = KIB, limit: int = LIMIT) -> tuple[str, bytes]:
    """Read an unusable body; return the reason, and what was kept of it."""
    came = io.BytesIO()
    with pytest.raises(UnusableBodyError) as caught:
        read_body(response, in_pieces(body, size), limit, came)
    return str(caught.value), came.getvalue()


@pytest.mark.parametrize("size", [*range(1, 30), 36, 100, 101, 199])
@pytest.mark.parametrize("rest", [b"", b"x", b"\0" * 300], ids=["", "x", "0"])
def test_a_zipped_body_is_the_same_however_it_is_split(size: int, rest: bytes) -> None:
    """A gzip body is decoded wherever pieces end, and bytes after it are ignored."""
    assert TEXT == read(ZIPPED, gzip.compress(TEXT) + rest, size)


@pytest.mark.parametrize("size", [*range(1, 30), 36, 100, 101, 199])
def test_a_second_member_is_refused(size: int) -> None:
    """A gzip body of two members is refused wherever pieces end: the second could be missing."""
    members = gzip.compress(TEXT[:100]) + gzip.compress(TEXT[100:])
    why, kept = refused(ZIPPED, members, size)
    assert "the body is not valid gzip: more than one member" == why
    assert TEXT[:100] == kept


@pytest.mark.parametrize("size", [1, 7, KIB])
@pytest.mark.parametrize("coding", ["gzip", "GZIP", " x-gzip ", "identity", "Identity", ""])
def test_names_of_codings(coding: str, size: int) -> None:
    """The name of an encoding is case-insensitive; a body that is not encoded is read as it is."""
    zipped = "gzip" in coding.lower()
    response = head(Content_Encoding=coding, Transfer_Encoding=" Chunked ")
    assert TEXT == read(response, gzip.compress(TEXT) if zipped else TEXT, size)
    assert TEXT == read(response, TEXT, size)


@pytest.mark.parametrize("size", [1, 64 * KIB, KIB * KIB])
def test_a_long_zipped_body_is_whole(size: int) -> None:
    """A gzip body of many pieces is decoded completely."""
    text = random.Random(5).randbytes(40 * KIB).hex().encode()
    assert text == read(ZIPPED, gzip.compress(text), size)


def test_nothing_is_read_beyond_a_body_whose_length_is_known() -> None:
    """Once the announced bytes have arrived, no more are read."""
    asked: list[int] = []

    def once(amount: int) -> bytes:
        asked.append(amount)
        return TEXT

    done = ZIPPED._replace(headers=urllib3.HTTPHeaderDict(), length_remaining=0)
    assert TEXT == read_body(done, once, LIMIT, io.BytesIO())
    assert [64 * KIB] == asked


@pytest.mark.parametrize("size", [1, 7, KIB])
def test_a_body_has_its_bound(size: int) -> None:
    """A body of exactly the limit is read, and one more byte is refused."""
    words = f"the body is larger than max_response_bytes ({len(TEXT)} bytes)"
    assert TEXT == read(head(), TEXT, size, limit=len(TEXT))
    assert (words, TEXT + b"x") == refused(head(), TEXT + b"x", size, limit=len(TEXT))


@pytest.mark.parametrize("size", [1, 7, KIB])
def test_the_bound_is_one_of_what_is_unzipped(size: int) -> None:
    """The limit applies to the decoded body, and what is kept of a larger one is decoded."""
    words = f"the body is larger than max_response_bytes ({len(TEXT)} bytes)"
    assert TEXT == read(ZIPPED, gzip.compress(TEXT), size, limit=len(TEXT))
    why, kept = refused(ZIPPED, gzip.compress(TEXT + b"x"), size, limit=len(TEXT))
    assert (words, TEXT + b"x") == (why, kept)


def test_what_outgrows_its_bound_does_so_by_one_piece() -> None:
    """Of a body that decodes to 64 MiB, at most the limit and 64 KiB are decoded."""
    body = gzip.compress(bytes(64 * KIB * KIB))
    _, kept = refused(ZIPPED, body, len(body), limit=MIB)
    assert MIB < len(kept) <= MIB + 64 * KIB


MIB = KIB * KIB


@pytest.mark.parametrize(
    ("response", "body", "why", "kept"),
    [
        (
            head(Content_Encoding="BR"),
            TEXT,
            "unexpected Content-Encoding 'br'; only gzip was offered",
            TEXT,
        ),
        (
            ZIPPED,
            CUT,
            "the body is gzip that ends early",
            TEXT,
        ),
    ],
    ids=["coding", "cut"],
)
def test_why_a_body_cannot_be_used(response: Head, body: bytes, why: str, kept: bytes) -> None:
    """An unusable body is refused with a reason, and what could be decoded of it is kept."""
    assert (why, kept) == refused(response, body)


def test_what_is_broken_inside_says_so() -> None:
    """A gzip body that is corrupt in the middle is refused with zlib's message."""
    data = random.Random(5).randbytes(KIB)
    body = bytearray(gzip.compress(data))
    body[100] ^= 255
    why, kept = refused(ZIPPED, bytes(body), size=20)
    assert why.startswith("the body is not valid gzip: Error -3")
    assert b"" == kept


def test_what_came_before_a_failure_is_kept() -> None:
    """If reading fails, the pieces that were read before are kept."""

    def pieces() -> Iterator[bytes]:
        yield b"one "
        yield b"two"
        raise ConnectionResetError

    came = io.BytesIO()
    reading = pieces()
    with pytest.raises(ConnectionResetError):
        read_body(head(), lambda _: next(reading), LIMIT, came)
    assert b"one two" == came.getvalue()


@pytest.mark.parametrize(
    ("body", "most", "shown"),
    [
        (b"", None, ""),
        ("é".encode(), None, "é"),
        (b"\xff", None, b"\xff"),
        (b"ab\xc3", None, b"ab\xc3"),
        ("abé".encode(), 3, "ab"),
        ("abé".encode(), 4, "abé"),
        (b"ab\xffc", 3, b"ab\xff"),
    ],
)
def test_text_or_bytes(body: bytes, most: int | None, shown: str | bytes) -> None:
    """A UTF-8 body is kept as text, even if it was truncated, and any other as bytes."""
    assert shown == text_or_bytes(body, most)
