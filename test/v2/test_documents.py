"""A CSV or PDF is returned whole and in the requested format, or not at all."""

from __future__ import annotations

import os
import socket
import ssl

import pytest
from documents import document_of, refusal_of
from faults import (
    BODY,
    CSV,
    JSON,
    PDF,
    Fault,
    Wire,
    answer,
    answer_bytes,
    chunks,
    gzip_bytes,
    head,
    raw,
)

from fastly.exceptions import ConnectionException, ResponseException

KLINGON, ASCII = "text/csv; charset=klingon", "text/csv; charset=us-ascii"


WRONG_KINDS = [
    (CSV, "Text/HTML; x=y", b"a,b", "expected Content-Type 'text/csv', got 'text/html'"),
    (CSV, JSON, b"a,b", "expected Content-Type 'text/csv', got 'application/json'"),
    (CSV, "", b"a,b", "expected Content-Type 'text/csv', got ''"),
    (CSV, CSV, b"", "the body is empty"),
    (
        *(CSV, CSV, b"\xff", "the body is not utf-8 text: 'utf-8' codec can't decode byte 0xff"),
        *("in position 0: invalid start byte", UnicodeDecodeError),
    ),
    (CSV, KLINGON, b"a,b", "unknown charset 'klingon'", "", LookupError),
    (
        *(CSV, ASCII, b"\xc3\xa9", "the body is not us-ascii text: 'ascii' codec can't decode"),
        *("byte 0xc3 in position 0: ordinal not in range(128)", UnicodeDecodeError),
    ),
    (PDF, "text/html", b"%PDF-1.4", "expected Content-Type 'application/pdf', got 'text/html'"),
    (PDF, "", b"%PDF-1.4", "expected Content-Type 'application/pdf', got ''"),
    (PDF, PDF, b"<html>", "the body is not a PDF"),
    (PDF, PDF, b"", "the body is not a PDF"),
    (PDF, PDF, b" " * 1020 + b"%PDF-1.4", "the body is not a PDF"),
]


@pytest.mark.parametrize(
    ("accept", "kind", "body", "why", "rest", "cause"),
    [(*row, "", None)[:6] if len(row) == 4 else row for row in WRONG_KINDS],
)
def test_a_document_of_another_kind_is_refused(
    accept: str, kind: str, body: bytes, why: str, rest: str, cause: type[Exception] | None
) -> None:
    """A CSV or PDF of another format raises a ResponseException that keeps the body."""
    error = refusal_of(raw(answer_bytes(body, headers={"Content-Type": kind})), accept)
    kept = error.body.encode() if isinstance(error.body, str) else error.body
    assert (ResponseException, body) == (type(error), kept)
    assert f"{why} {rest}".strip() == error.reason
    assert cause is (error.__cause__ and type(error.__cause__))


def test_a_pdf_may_begin_late() -> None:
    """The header of a PDF may be anywhere in the first 1,024 bytes, as for PDF readers."""
    body = b" " * 1019 + b"%PDF-1.4"
    assert body == document_of(answer(body, headers={"Content-Type": PDF}), PDF)


def test_a_document_without_a_type_is_refused() -> None:
    """A response without a Content-Type is not accepted as CSV."""
    error = refusal_of(raw(head(200, {"Content-Length": "3"}) + b"a,b"), CSV)
    assert "expected Content-Type 'text/csv', got ''" == error.reason


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/csv", "é".encode()),
        ("text/csv; charset=utf-8", b"\xef\xbb\xbf\xc3\xa9"),
        ('Text/CSV; header=present; charset="ISO-8859-1"', b"\xe9"),
        ("text/csv; CharSet=latin1", b"\xe9"),
        ("text/csv;charset=windows-1252", b"\xe9"),
    ],
)
def test_the_charset_of_a_csv_is_heeded(kind: str, body: bytes) -> None:
    """CSV is decoded with the charset of its Content-Type, by default UTF-8."""
    fault = answer(body, headers={"Content-Type": kind})
    assert "é" == document_of(fault, CSV)


@pytest.mark.parametrize("charset", ["utf8", "UTF-8", "Latin1", "US-ASCII"])
def test_aliases_of_charsets(charset: str) -> None:
    """A charset is known by all of its names."""
    headers = {"Content-Type": f"text/csv; Charset={charset}"}
    assert "a,b" == document_of(answer(b"a,b", headers=headers), CSV)


# --- truncated documents ---------------------------------------------------------------------


@pytest.mark.parametrize("length", [0, 1, 2, 10, len(gzip_bytes(BODY)) - 1])
def test_a_zipped_text_that_is_cut_does_not_pass_for_text(length: int) -> None:
    """A truncated gzip CSV is never returned as the CSV."""
    headers = {"Content-Encoding": "gzip", "Content-Type": CSV}
    error = refusal_of(answer(gzip_bytes(BODY)[:length], headers=headers), CSV)
    assert ResponseException is type(error)


def test_every_member_of_a_gzip_stream_counts() -> None:
    """A gzip body of several members is refused, so that none is lost."""
    text = b"".join(b"%d,row\r\n" % n for n in range(1000))
    headers = {"Content-Encoding": "gzip", "Content-Type": CSV}
    for members in (2, 3, 100):
        fault = answer(gzip_bytes(text, members), headers=headers)
        error = refusal_of(fault, CSV)
        assert "the body is not valid gzip: more than one member" == error.reason


@pytest.mark.parametrize(("kind", "body"), [(CSV, b"month,cost\r\n05,1.5"), (PDF, b"%PDF-1.4 cut")])
def test_an_end_that_tls_does_not_vouch_for_is_none(
    kind: str, body: bytes, tls: ssl.SSLContext, roots: str
) -> None:
    """A body without a length is truncated if TLS ends without close_notify."""

    def break_off(wire: Wire) -> None:
        wire.send(head(200, {"Content-Type": kind, "Connection": "close"}) + body)
        with socket.socket(fileno=os.dup(wire.sock.fileno())) as below:
            below.shutdown(socket.SHUT_RDWR)

    error = refusal_of(Fault("break off", break_off), kind, tls, ssl_ca_cert=roots)
    assert (ConnectionException, body.decode()) == (type(error), error.body)


ROWS = b"".join(b"%d,row\r\n" % n for n in range(100))


LOST_FRAMING = {
    "a blank line": b"Content-Type: text/csv\r\n\r\nContent-Length: 900\r\n\r\n",
    "a folded first line": b" folded\r\nContent-Length: 900\r\nContent-Type: text/csv\r\n\r\n",
    "a length with a tail": b"Content-Length: 900;\r\nContent-Type: text/csv\r\n\r\n",
    "a length below 0": b"Content-Length: -1\r\nContent-Type: text/csv\r\n\r\n",
    "a length in hex": b"Content-Length: 0x384\r\nContent-Type: text/csv\r\n\r\n",
    "a length with a sign": b"Content-Length: +7\r\nContent-Type: text/csv\r\n\r\n",
    "a length with a _": b"Content-Length: 0_7\r\nContent-Type: text/csv\r\n\r\n",
    "no length": b"Content-Type: text/csv\r\n\r\n",
    "no header": b"Content-Type: text/csv\r\nno header\r\nContent-Length: 900\r\n\r\n",
    "a name with a blank": b"Content-Type: text/csv\r\nContent-Length : 900\r\n\r\n",
    "gzip that is none": b"Content-Type: text/csv\r\nContent-Encoding: gzip\r\n\r\n",
    "an unknown transfer coding": b"Content-Type: text/csv\r\nTransfer-Encoding: x\r\n\r\n",
}


@pytest.mark.parametrize("lines", LOST_FRAMING.values(), ids=LOST_FRAMING)
def test_a_text_whose_end_is_not_certain_is_refused(lines: bytes) -> None:
    """A truncated CSV that has lost its framing is refused."""
    fault = raw(b"HTTP/1.1 200 OK\r\n" + lines + ROWS[:300])
    error = refusal_of(fault, CSV)
    assert type(error) in (ResponseException, ConnectionException)


CHUNKED = head(200, {"Content-Type": CSV, "Transfer-Encoding": "chunked"})


@pytest.mark.parametrize("end", [b"0", b"0\r", b"0\r\n", b"0\r\nTrailer: x", b"", b"5"])
def test_a_chunked_text_without_its_end_is_refused(end: bytes) -> None:
    """A body whose connection closes within a chunk's size or a trailer is refused."""
    error = refusal_of(raw(CHUNKED + b"5\r\na,b\r\n\r\n" + end), CSV)
    assert ConnectionException is type(error)
    assert "the response was truncated" in error.reason


def test_a_size_of_a_chunk_that_is_truncated_is_noticed() -> None:
    """``0ff`` truncated to ``0`` is not taken for the last chunk's size."""
    fault = raw(CHUNKED + b"005\r\na,b\r\n\r\n00")
    assert ConnectionException is type(refusal_of(fault, CSV))


@pytest.mark.parametrize("accept", [CSV, PDF])
def test_a_document_with_a_certain_end_is_accepted(accept: str) -> None:
    """A document with a length or in chunks is accepted, with or without gzip."""
    body = b"%PDF-1.4"
    expected = body.decode() if accept == CSV else body
    kind = {"Content-Type": accept}
    coded = {**kind, "Content-Encoding": "gzip"}
    for fault in (
        answer(body, headers=kind),
        raw(head(200, {**kind, "Transfer-Encoding": "chunked"}) + chunks(body)),
        answer(gzip_bytes(body), headers=coded),
    ):
        assert expected == document_of(fault, accept)
