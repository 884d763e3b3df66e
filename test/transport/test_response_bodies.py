"""Bodies become models, or raise a documented exception."""

from __future__ import annotations

import gzip
import re

import pytest
from calls import SAME_HEADERS, answer_of, api_of, ask, failure, failure_of
from faults import (
    BODY,
    INVOICE,
    JSON,
    Fault,
    FaultServer,
    answer,
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

from fastly._transport import Headers, Request, Response
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
    "NaN": b'{"monthly_transaction_amount": NaN}',
    "Infinity": b'{"monthly_transaction_amount": Infinity}',
    "-Infinity": b'{"monthly_transaction_amount": -Infinity}',
    "1e999": b'{"monthly_transaction_amount": 1e999}',
    "unknown NaN": b'{"zz": NaN}',
    "not UTF-8": b'{"invoice_id": "\xe9"}',
    "UTF-16": '{"invoice_id": "1"}'.encode("utf-16"),
    "lists 100,000 deep": b"[" * 100_000,
    "objects 100,000 deep": b'{"x": ' * 100_000 + b"1" + b"}" * 100_000,
    "unknown 500 deep": b'{"zz": ' + b"[" * 500 + b"]" * 500 + b"}",
    "5,000 digits": b'{"monthly_transaction_amount": ' + b"9" * 5000 + b"}",
    "a time after the last year": b'{"billing_start_date": "9999-12-31T24:00:00Z"}',
    "a week after the last year": b'{"billing_start_date": "9999-W53-7"}',
    "a lone surrogate": rb'{"billing_start_date": "\ud800"}',
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
    (
        b"Error fetching proxied request: aborted",  # of a proxy whose upstream broke off
        {},
        f"the body is not JSON: {EXPECTED_A_VALUE}",
    ),
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
        b'{"invoice_id": "i", "x": 1e999}',
        {},
        "the response does not match its documentation: x: expected plain data with finite "
        "numbers, got NaN or infinity",
    ),
    (
        b'{"monthly_transaction_amount": []}',
        {},
        "the response does not match its documentation: monthly_transaction_amount: "
        "expected a number, got list",
    ),
]


@pytest.mark.parametrize(("body", "headers", "reason"), NO_JSON)
def test_why_a_body_is_no_invoice(body: bytes, headers: dict[str, str], reason: str) -> None:
    """The error for an unexpected body says what was received and its Content-Type."""
    length = {"Content-Length": str(len(body))}
    with FaultServer(raw(head(200, {**headers, **length}) + body)) as server:
        error = failure(server.url)
    assert (ResponseException, reason) == (type(error), error.reason)
    assert f"{server.url}/billing/v3/invoices/i" == error.url
    assert error.__cause__ is not None or b"[]" == body


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
    assert INVOICE == answer_of(fault).to_dict()


def test_gzip_is_asked_for() -> None:
    """Each request accepts gzip and no other encoding."""
    with FaultServer() as server:
        ask(server.url)
    assert "gzip" == server.requests[0].headers["accept-encoding"]


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
            assert f"i{n}" == api.get_invoice_by_invoice_id(f"i{n}").invoice_id


def test_a_whole_answer_is_one_gzip_stream() -> None:
    """The gzip bodies of these tests are valid."""
    assert BODY == gzip.decompress(gzip_bytes(BODY, 3))
    assert chunked_bytes().endswith(b"0\r\n\r\n")


def test_a_response_shows_itself_in_short() -> None:
    """The repr of a response shows its status, size and URL, but not its body."""
    response = Response(200, "OK", Headers(), b"secret", "https://api.fastly.com/x")
    assert "<200 OK, 6 bytes, of https://api.fastly.com/x>" == repr(response)


def test_a_request_shows_itself_in_short() -> None:
    """The repr of a request, which error trackers record, shows nothing of its body."""
    request = Request("https://api.fastly.com/x", {}, "POST", b"an address")
    assert "<POST https://api.fastly.com/x>" == repr(request)


@pytest.mark.parametrize("headers", [{"Content-Encoding": "gzip"}, {"Content-Encoding": "br"}])
def test_any_body_of_a_202_is_waited_out(headers: dict[str, str]) -> None:
    """A 202 is polled whatever its body and headers are."""
    pending = answer(b"", 202, headers | {"Retry-After": "0"})
    with FaultServer(pending) as server, api_of(server.url) as api:
        assert "month-to-date" == api.get_month_to_date_invoice().invoice_id


def test_an_estimate_that_is_accepted_without_a_word() -> None:
    """The error for a 202 without a reason phrase has a clear message."""
    fault = whole(head(202, {"Content-Length": "0"}, reason=""))
    with (
        FaultServer(fault) as server,
        api_of(server.url) as api,
        pytest.raises(EstimatePendingException) as caught,
    ):
        api.get_month_to_date_invoice(_wait=0)
    assert re.fullmatch(r"Accepted, still pending after \d\.\d s", caught.value.reason)
