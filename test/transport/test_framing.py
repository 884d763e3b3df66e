"""A truncated or misframed body does not pass for a complete one."""

from __future__ import annotations

import contextlib
import io
import json
import socket
import ssl
from typing import Any

import pytest
from calls import TOKEN, answer_of, api_of, failure, failure_of
from faults import (
    BODY,
    CSV,
    JSON,
    FaultServer,
    answer,
    answer_bytes,
    broken_chunks,
    broken_gzip,
    chunks,
    gzip_bytes,
    head,
    raw,
    whole,
)

from fastly._transport.responses import StrictResponse
from fastly.api.billing_invoices_api import BillingInvoicesApi
from fastly.exceptions import ConnectionException, ResponseException

SMALL = b'{"invoice_id": "i"}'
ZIPPED = gzip_bytes(SMALL)


def test_a_zipped_body_cut_anywhere_is_refused() -> None:
    """A gzip body truncated at any byte raises ResponseException."""
    faults = [broken_gzip(at, body=SMALL) for at in range(len(ZIPPED))]
    with FaultServer(*faults) as server, api_of(server.url) as api:
        for _ in faults:
            with pytest.raises(ResponseException) as caught:
                api.get_invoice_by_invoice_id("i")
            assert (caught.value.status, type(caught.value.body)) in [(200, str), (200, bytes)]
    assert len(faults) == len(server.requests)


def test_a_zipped_body_broken_anywhere_is_refused_or_right() -> None:
    """A gzip body with a wrong byte returns the right invoice or raises a documented exception."""
    faults = [broken_gzip(at, bytes([ZIPPED[at] ^ 0xFF]), SMALL) for at in range(len(ZIPPED))]
    with FaultServer(*faults) as server, api_of(server.url) as api:
        for _ in faults:
            with contextlib.suppress(ResponseException):
                assert "i" == api.get_invoice_by_invoice_id("i").invoice_id


def test_a_chunked_body_broken_anywhere_is_refused_or_right() -> None:
    """Broken chunks return the right invoice or raise a documented exception."""
    length = len(chunks(BODY))
    cut = [broken_chunks(at) for at in range(length)]
    wrong = [broken_chunks(at, b"\xfe") for at in range(length)]
    with FaultServer(*cut, *wrong) as server, api_of(server.url) as api:
        whole = sum(is_whole(api) for _ in cut)
        for _ in wrong:
            with contextlib.suppress(ConnectionException, ResponseException):
                assert json.loads(BODY) == api.get_invoice_by_invoice_id("i").to_dict()
    assert len(b"\r\n\r\n") >= whole  # only bytes after the last chunk's 0 may be missing


def is_whole(api: BillingInvoicesApi) -> bool:
    """Return whether the response was complete; incomplete ones may fail in two ways."""
    try:
        return api.get_invoice_by_invoice_id("i").monthly_transaction_amount == 1.5
    except (ConnectionException, ResponseException):
        return False


@pytest.mark.parametrize("options", [{}, {"_preload_content": False}], ids=["JSON", "unread"])
def test_a_head_that_is_cut_between_headers_is_tried_again(options: dict[str, Any]) -> None:
    """A response that ends within its head is truncated, and retried."""
    cut = raw(b"HTTP/1.1 200 OK\r\nContent-Type: text/c")
    with FaultServer(cut, cut, answer(b"a,b", headers={"Content-Type": CSV})) as server:
        with api_of(server.url, retries=1) as api, pytest.raises(ConnectionException) as caught:
            api.get_invoice_by_invoice_id("i", **options)
        assert (2, 2) == (caught.value.tries, len(server.requests))
    assert "truncated" in str(caught.value)


def test_a_header_that_pythons_parser_refuses() -> None:
    """A header that makes Python 3.13's parser fail is read, as no parser for mail reads it."""
    headers = {"Content-Type": "multipart/x; boundary*=a; boundary*1=b"}
    error = failure_of(raw(head(200, headers)), retries=0)
    assert (ResponseException, headers["Content-Type"]) == (
        type(error),
        error.headers["content-type"],
    )


def test_a_header_in_two_lines_is_one() -> None:
    """A header that goes on in the next line has a space there (RFC 9112, section 5.2)."""
    folded = head(404, {"X-Folded": "a\r\n \r\n\t b", "Content-Length": "\r\n 0"})
    error = failure_of(whole(folded), timeout=20)
    assert ("a  b", "") == (error.headers["x-folded"], error.body)


def test_many_blanks_in_a_value_take_no_time() -> None:
    """A value with 60,000 blanks is read within the time of the call."""
    value = f"a{' ' * 60_000}b"  # once for each other blank, they took 30 s
    error = failure_of(whole(head(404, {"X": value, "Content-Length": "0"})), timeout=10)
    assert value == error.headers["x"]


def test_a_line_break_alone_ends_a_line() -> None:
    """Lines that end with LF alone are lines (RFC 9112, section 2.2)."""
    answer = head(404, {"X-Last": "1", "Content-Length": "0"}).replace(b"\r\n", b"\n")
    assert "1" == failure_of(whole(answer), timeout=20).headers["X-Last"]


@pytest.mark.parametrize("value", ["1\rY: 2", "1\0", "1\r"])
def test_a_value_with_a_control_character_is_refused(value: str) -> None:
    """A CR or a NUL in a header raises (RFC 9110, section 5.5)."""
    error = failure_of(raw(head(200, {"X": value}) + BODY))
    words = "a line among the headers is not a header"
    assert (ConnectionException, words) == (type(error), error.reason)


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ([(f"X-{n}", "1") for n in range(101)], "HTTPException: got more than 100 headers"),
        ({"X": "1" * 65536}, "LineTooLong: got more than 65536 bytes when reading header line"),
    ],
    ids=["headers", "bytes"],
)
def test_a_head_has_limits(headers: Any, reason: str) -> None:
    """A head with too many or too long lines is not read to its end."""
    error = failure_of(raw(head(200, headers) + BODY))
    assert (ConnectionException, reason) == (type(error), error.reason)


@pytest.mark.parametrize(
    ("version", "options", "count"),
    [
        (b"HTTP/1.1", {}, 1),
        (b"HTTP/1.1", {"Connection": "close"}, 2),
        (b"HTTP/1.0", {}, 2),
        (b"HTTP/1.0", {"Connection": "Keep-Alive"}, 1),
    ],
)
def test_a_connection_is_used_again_if_the_response_lets_it(
    version: bytes, options: dict[str, str], count: int
) -> None:
    """HTTP/1.1 keeps a connection unless it says otherwise, HTTP/1.0 only if it says so."""
    answer = answer_bytes(headers=options).replace(b"HTTP/1.1", version)
    with FaultServer(whole(answer), whole(answer)) as server, api_of(server.url) as api:
        api.get_invoice_by_invoice_id("i")
        api.get_invoice_by_invoice_id("i")
        assert count == server.connections


def test_another_protocol_is_refused() -> None:
    """A response of a protocol other than HTTP/1 raises."""
    error = failure_of(raw(b"HTTP/3.0 200 OK\r\n\r\n"))
    assert (ConnectionException, "UnknownProtocol: HTTP/3.0") == (type(error), error.reason)


@pytest.mark.parametrize("line", ["X Y: 1", "no colon", "HTTP/1.1 200 OK", "Retry-After : 7"])
@pytest.mark.parametrize("status", [200, 429])
def test_a_line_that_is_no_header_hides_none(line: str, status: int) -> None:
    """A line that is not a header raises, because Python's parser ignores what follows it."""
    answer = f"HTTP/1.1 {status} Reason\r\nContent-Type: text/csv\r\n{line}\r\n"
    fault = raw(answer.encode() + b"Content-Length: 100\r\n\r\nmonth,cost\r\n")
    with FaultServer(fault) as server:
        error = failure(server.url)
    words = "a line among the headers is not a header"
    assert (ConnectionException, words) == (type(error), error.reason)


def test_two_equal_lengths_are_one(tls: ssl.SSLContext) -> None:
    """A response with the same length twice is read at once."""
    headers = {"Content-Type": JSON, "Content-Length": f"{len(BODY)} , {len(BODY)}"}
    assert "i" == answer_of(whole(head(200, headers) + BODY), timeout=20).invoice_id


@pytest.mark.parametrize("framing", ["chunked ", "Chunked\t"])
def test_space_after_a_framing_is_not_part_of_it(framing: str) -> None:
    """Chunks are read as such, also if a space follows the header (RFC 9110, section 5.5)."""
    headers = {"Content-Type": JSON, "Transfer-Encoding": framing}
    assert "i" == answer_of(whole(head(200, headers) + chunks(BODY))).invoice_id


@pytest.mark.parametrize("framing", ["identity, chunked", "gzip"])
def test_an_unknown_framing_is_told(framing: str) -> None:
    """A body whose framing would be taken for a part of it is refused, with its header."""
    headers = {"Content-Type": CSV, "Connection": "close", "Transfer-Encoding": framing}
    error = failure_of(raw(head(200, headers) + chunks(b"a")))
    reason = f"HTTPException: unknown Transfer-Encoding {framing!r}"
    assert (ConnectionException, reason) == (type(error), error.reason)


@pytest.mark.parametrize("status", [404, 302, 503])
@pytest.mark.parametrize("end", [b"", b"\r\n", b"\r\nX: 1", b"\r\nX: 1\r\n"])
def test_a_truncated_head_of_an_error_is_no_response(status: int, end: bytes) -> None:
    """A connection closed within a head raises ConnectionException, whatever the status."""
    error = failure_of(raw(b"HTTP/1.1 %d No" % status + end))
    assert (ConnectionException, None) == (type(error), error.status)
    assert "the response was truncated" in error.reason


def test_nothing_of_a_bad_head_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """urllib3 does not log a head with a bad line that echoes the token."""
    fault = raw(f"HTTP/1.1 200 OK\r\nno header {TOKEN}\r\nX: {TOKEN}\r\n\r\n".encode())
    with caplog.at_level("DEBUG"):
        failure_of(fault)
    assert TOKEN not in caplog.text + repr([vars(record) for record in caplog.records])


def test_a_body_of_json_needs_no_certain_end() -> None:
    """Complete JSON is accepted without a length, because it cannot be truncated unnoticed."""
    assert "i" == answer_of(raw(head(200) + BODY)).invoice_id
    error = failure_of(raw(head(200) + BODY[:-1]))
    assert ResponseException is type(error)


class _Fake:
    """A socket of a test tool, whose file is not one of the operating system."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def makefile(self, _: str) -> io.BytesIO:
        """Return the data as a file."""
        return io.BytesIO(self.data)


def test_files_of_other_kinds_are_read_as_they_are() -> None:
    """A test tool's response whose file cannot be unwrapped is read by ``http.client``."""
    response = StrictResponse(_Fake(answer_bytes()), method="GET")
    response.begin()
    assert (BODY, None) == (response.read(), response.lines)


def test_a_response_whose_constructor_was_interrupted_can_be_closed() -> None:
    """Ctrl-C before the response has its file is not followed by a second exception."""
    StrictResponse.__new__(StrictResponse).close()


def test_lines_can_be_closed_twice() -> None:
    """Closing a response's file again does nothing."""
    with FaultServer() as server, socket.create_connection(("127.0.0.1", server.port)) as sock:
        sock.sendall(b"GET /i HTTP/1.1\r\n\r\n")
        response = StrictResponse(sock, method="GET")
        response.begin()
        lines = response.lines
        assert lines is not None
        assert json.loads(response.read())
        lines.close()
        assert (True, False) == (lines.closed, lines.is_last)
