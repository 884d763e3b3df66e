"""Bodies become models, text or bytes, or raise a documented exception."""

from __future__ import annotations

import gzip

import pytest
from calls import SAME_HEADERS, answer_of, api_of, ask, failure, failure_of
from faults import (
    BODY,
    CSV,
    JSON,
    PDF,
    Fault,
    FaultServer,
    answer,
    answer_bytes,
    chunked,
    chunked_bytes,
    double_head,
    gzip_bytes,
    gzipped,
    head,
    interim,
    lying_encoding,
    raw,
    switching,
    two_answers,
    whole,
    wrong_length,
)

import fastly
from fastly._transport import Headers, Response
from fastly.exceptions import (
    ApiException,
    EstimatePendingException,
    ResponseException,
    UnauthorizedException,
)

WRONG_JSON = {
    "HTML": b"<html><body>Sign in</body></html>",
    "cut": BODY[:-1],
    "empty": b"",
    "blank": b"  \n",
    "a list": b"[]",
    "text": b'"text"',
    "a number": b"1",
    "null": b"null",
    "true": b"true",
    "two": BODY + BODY,
    "NaN": b'{"total": {"cost": NaN}}',
    "Infinity": b'{"total": {"cost": Infinity}}',
    "-Infinity": b'{"total": {"cost": -Infinity}}',
    "1e999": b'{"total": {"cost": 1e999}}',
    "unknown NaN": b'{"zz": NaN}',
    "not UTF-8": b'{"invoice_id": "\xe9"}',
    "UTF-16": '{"invoice_id": "1"}'.encode("utf-16"),
    "lists 100,000 deep": b"[" * 100_000,
    "objects 100,000 deep": b'{"total": ' * 100_000 + b"1" + b"}" * 100_000,
    "unknown 500 deep": b'{"zz": ' + b"[" * 500 + b"]" * 500 + b"}",
    "5,000 digits": b'{"total": {"cost": ' + b"9" * 5000 + b"}}",
    "a time after the last year": b'{"start_time": "9999-12-31T24:00:00Z"}',
    "a week after the last year": b'{"start_time": "9999-W53-7"}',
    "a lone surrogate": rb'{"start_time": "\ud800"}',
}


@pytest.mark.parametrize("body", WRONG_JSON.values(), ids=WRONG_JSON)
def test_a_body_that_is_no_invoice_is_kept(body: bytes) -> None:
    """A 200 with an unexpected body raises a ResponseException that keeps the body."""
    error = failure_of(answer(body))
    assert (ResponseException, 200, JSON) == (
        type(error),
        error.status,
        error.headers["content-type"],
    )
    kept = error.body.encode() if isinstance(error.body, str) else error.body
    assert body == kept


@pytest.mark.parametrize("status", [202, 204, 205, 206])
def test_a_status_that_promises_no_invoice_brings_none(status: int) -> None:
    """A 2xx whose body may be incomplete raises ResponseException, whatever its body."""
    error = failure_of(answer(b"" if status in (204, 205) else BODY, status))
    assert (ResponseException, status) == (type(error), error.status)
    assert f"unexpected {status} response, whose body may be incomplete" == error.reason


EXPECTED_A_VALUE = "Expecting value: line 1 column 1 (char 0)"


NO_JSON = [
    (b"", {}, "the body is empty"),
    (b"<html>", {}, f"the body is not JSON: {EXPECTED_A_VALUE}"),
    (b"<html>", SAME_HEADERS, f"the body is not JSON: {EXPECTED_A_VALUE}"),
    (
        b"<html>",
        {"Content-Type": "Text/HTML; charset=utf-8"},
        f"the body is not JSON (Content-Type: 'text/html'): {EXPECTED_A_VALUE}",
    ),
    (b"NaN", {}, "the body is not JSON: NaN is not JSON"),
    (b"[]", {}, "expected a JSON object, got list"),
    (
        b'{"x": 1e999}',
        {},
        "the response does not match its documentation: x: expected plain data with finite "
        "numbers, got NaN or infinity",
    ),
    (
        b'{"total": {"cost": []}}',
        {},
        "the response does not match its documentation: total.cost: expected a number, got list",
    ),
]


@pytest.mark.parametrize(("body", "headers", "reason"), NO_JSON)
def test_why_a_body_is_no_invoice(body: bytes, headers: dict[str, str], reason: str) -> None:
    """The error for an unexpected body says what was received and its Content-Type."""
    length = {"Content-Length": str(len(body))}
    with FaultServer(raw(head(200, {**headers, **length}) + body)) as server:
        error = failure(server.url)
    assert (ResponseException, reason) == (type(error), error.reason)
    assert f"{server.url}/billing/v2/account_customers/c/invoices/i" == error.url
    assert isinstance(error.__cause__, ValueError | fastly.ApiTypeError) or b"[]" == body


@pytest.mark.parametrize("status", [200, 201, 203, 299])
def test_other_successes_bring_the_invoice(status: int) -> None:
    """Another 2xx with an invoice in its body returns the invoice."""
    assert "i" == answer_of(answer(status=status)).invoice_id


def test_a_byte_order_mark_is_overlooked() -> None:
    """A UTF-8 byte order mark before the JSON is ignored."""
    assert "i" == answer_of(answer(b"\xef\xbb\xbf" + BODY)).invoice_id


@pytest.mark.parametrize("coding", ["br", "deflate", "zstd", "gzip, gzip", "x"])
@pytest.mark.parametrize(
    ("status", "kind"), [(200, ResponseException), (401, UnauthorizedException)]
)
def test_a_coding_that_was_not_asked_for_keeps_the_bytes(
    coding: str, status: int, kind: type[ApiException]
) -> None:
    """A body with an unexpected Content-Encoding is kept as received, in every error."""
    error = failure_of(answer(b"\xffcoded", status, {"Content-Encoding": coding}))
    assert (kind, b"\xffcoded") == (type(error), error.body)


def test_a_body_that_was_unzipped_on_the_way_is_read() -> None:
    """A body that is not gzip despite its Content-Encoding is read or kept as it is."""
    assert "i" == answer_of(lying_encoding()).invoice_id
    error = failure_of(answer(b'{"msg": "no"}', 401, {"Content-Encoding": "gzip"}))
    assert (UnauthorizedException, "no") == (type(error), error.detail)


ODD_ANSWERS = [
    *(chunked(), gzipped(), interim(100)),
    *(
        interim(100, 102, 103),
        two_answers(),
        chunked(gzip_bytes(BODY), {"Content-Encoding": "gzip"}),
    ),
    answer(gzip_bytes(BODY), headers={"Content-Encoding": "X-GZIP"}),
    answer(headers={"Content-Encoding": "identity"}),
    raw(head(200, SAME_HEADERS) + BODY),
]


@pytest.mark.parametrize("fault", ODD_ANSWERS)
def test_unusual_answers_bring_the_invoice(fault: Fault) -> None:
    """Responses in chunks, with gzip or after interim responses return the invoice."""
    total = answer_of(fault).total
    assert (1.5, "P") == (total.cost, total.plan_name)


def test_gzip_is_asked_for() -> None:
    """Each request accepts gzip and no other encoding."""
    with FaultServer() as server:
        ask(server.url)
    assert "gzip" == server.requests[0].headers["accept-encoding"]


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
    with FaultServer(raw(answer_bytes(body, headers={"Content-Type": kind}))) as server:
        error = failure(server.url, {"_accept": accept})
    kept = error.body.encode() if isinstance(error.body, str) else error.body
    assert (ResponseException, body) == (type(error), kept)
    assert f"{why} {rest}".strip() == error.reason
    assert cause is (error.__cause__ and type(error.__cause__))


def test_a_pdf_may_begin_late() -> None:
    """The header of a PDF may be anywhere in the first 1,024 bytes, as for PDF readers."""
    body = b" " * 1019 + b"%PDF-1.4"
    assert body == answer_of(answer(body, headers={"Content-Type": PDF}), options={"_accept": PDF})


def test_a_document_without_a_type_is_refused() -> None:
    """A response without a Content-Type is not accepted as CSV."""
    error = failure_of(raw(head(200, {"Content-Length": "3"}) + b"a,b"), options={"_accept": CSV})
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
    assert "é" == answer_of(fault, options={"_accept": CSV})


@pytest.mark.parametrize("fault", [double_head(), switching(), wrong_length(-5)])
def test_answers_out_of_order_are_documented_exceptions(fault: Fault) -> None:
    """A second head, another protocol or a body beyond its length raises ApiException."""
    error = failure_of(fault)
    assert type(error) in (ApiException, ResponseException)
    assert error.status in (101, 200)


def test_an_unasked_answer_reaches_no_other_call() -> None:
    """Bytes after a response are never read as the next one."""
    with FaultServer(choose=two_answers) as server, api_of(server.url) as api:
        for n in range(30):
            assert f"i{n}" == api.get_invoice_by_id("c", f"i{n}").invoice_id


def test_a_whole_answer_is_one_gzip_stream() -> None:
    """The gzip bodies of these tests are valid."""
    assert BODY == gzip.decompress(gzip_bytes(BODY, 3))
    assert chunked_bytes().endswith(b"0\r\n\r\n")


def test_a_response_shows_itself_in_short() -> None:
    """The repr of a response shows its status, size and URL, but not its body."""
    response = Response(200, "OK", Headers(), b"secret", "https://api.fastly.com/x")
    assert "<200 OK, 6 bytes, of https://api.fastly.com/x>" == repr(response)


@pytest.mark.parametrize("headers", [{"Content-Encoding": "gzip"}, {"Content-Encoding": "br"}])
def test_any_body_of_a_202_is_waited_out(headers: dict[str, str]) -> None:
    """A 202 is polled whatever its body and headers are."""
    pending = answer(b"", 202, headers | {"Retry-After": "0"})
    with FaultServer(pending) as server, api_of(server.url) as api:
        assert "mtd_invoice" == api.get_invoice_mtd("c").invoice_id


@pytest.mark.parametrize("charset", ["utf8", "UTF-8", "Latin1", "US-ASCII"])
def test_aliases_of_charsets(charset: str) -> None:
    """A charset is known by all of its names."""
    headers = {"Content-Type": f"text/csv; Charset={charset}"}
    assert "a,b" == answer_of(answer(b"a,b", headers=headers), options={"_accept": CSV})


def test_an_estimate_that_is_accepted_without_a_word() -> None:
    """The error for a 202 without a reason phrase has a clear message."""
    fault = whole(head(202, {"Content-Length": "0"}, reason=""))
    with (
        FaultServer(fault) as server,
        api_of(server.url) as api,
        pytest.raises(EstimatePendingException) as caught,
    ):
        api.get_invoice_mtd("c", _wait=0)
    assert "Accepted, still pending after 0.0 s" == caught.value.reason
