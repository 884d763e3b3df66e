"""A response cannot use excessive memory or time; costs/ measures the most expensive ones."""

from __future__ import annotations

import contextlib
import gzip
import json
import tracemalloc
import zlib
from collections.abc import Iterator

import pytest
from calls import MIB, SAME_HEADERS, answer_of, api_of, failure, failure_of, lasting
from faults import (
    BODY,
    Fault,
    FaultServer,
    answer,
    answer_bytes,
    endless,
    gzip_bytes,
    head,
    raw,
)

from fastly.api.billing_usage_metrics_api import BillingUsageMetricsApi
from fastly.exceptions import (
    ConnectionException,
    ResponseException,
    ServiceException,
    TimeoutException,
)


def test_zeros_after_a_gzip_stream_cost_no_time() -> None:
    """Bytes after a gzip stream are ignored as fast as they arrive."""
    data = gzip_bytes(BODY) + bytes(20 * MIB)
    with lasting():
        assert "i" == answer_of(answer(data, headers={"Content-Encoding": "gzip"})).invoice_id


def bomb(megabytes: int) -> bytes:
    """Return so many megabytes of spaces, zipped, without the end, which must not be reached."""
    packer, spaces = zlib.compressobj(9, wbits=31), b" " * MIB
    first, other = (packer.compress(spaces) + packer.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    return first + other * (megabytes - 1)


@contextlib.contextmanager
def peak_below(most: int) -> Iterator[None]:
    """Assert that a block never uses more memory than this."""
    tracemalloc.start(1)
    try:
        yield
        assert most > tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("status", [200, 500])
def test_a_bomb_is_refused_with_little_memory(status: int) -> None:
    """A body of 200 KB that decodes to 200 MB is refused at the limit, not afterwards."""
    data = answer_bytes(bomb(200), status, {"Content-Encoding": "gzip"})
    assert 300_000 > len(data)
    with FaultServer(raw(data)) as server, peak_below(6 * MIB):
        error = failure(server.url, max_response_bytes=MIB)
    assert (ResponseException if status == 200 else ServiceException) is type(error)
    assert status == 500 or "max_response_bytes" in str(error.reason)
    assert MIB > len(error.body) > 0


PIECE = b" " * 65536


ENDLESS = {
    "plain": endless(head(200, SAME_HEADERS), PIECE),
    "chunked": endless(head(200, {"Transfer-Encoding": "chunked"}), b"10000\r\n" + PIECE + b"\r\n"),
    "one chunk": endless(head(200, {"Transfer-Encoding": "chunked"}) + b"fffffffff\r\n", PIECE),
    "a chunk of -1": endless(head(200, {"Transfer-Encoding": "chunked"}) + b"-1\r\n", PIECE),
    "claimed": endless(head(200, {"Content-Length": "9" * 15}), PIECE),
}


@pytest.mark.parametrize("fault", ENDLESS.values(), ids=ENDLESS)
def test_an_endless_body_is_refused(fault: Fault) -> None:
    """An endless body is refused at the limit, with little memory."""
    with FaultServer(fault) as server, peak_below(8 * MIB):
        error = failure(server.url, {"_request_timeout": 1.0}, max_response_bytes=MIB)
    assert type(error) in (ResponseException, ConnectionException)
    assert "larger than max_response_bytes" in error.reason or "truncated" in error.reason


@pytest.mark.parametrize("zipped", [False, True])
def test_the_bound_counts_decoded_bytes(zipped: bool) -> None:
    """A body of exactly the limit is accepted, and one byte more is not."""
    body = BODY + b" " * 1000
    data = gzip_bytes(body) if zipped else body
    fault = answer(data, headers={"Content-Encoding": "gzip" if zipped else "identity"})
    assert "i" == answer_of(fault, max_response_bytes=len(body)).invoice_id
    error = failure_of(fault, max_response_bytes=len(body) - 1)
    assert "larger than max_response_bytes" in error.reason
    assert error.body.startswith(BODY.decode()[:20])


def test_of_a_body_that_is_too_large_some_is_kept() -> None:
    """The error for a body above the limit has its first 64 KiB."""
    body = b'{"x":[' + b"1,2, " * 20 * 1024
    with FaultServer(answer(body)) as server:
        error = failure(server.url, max_response_bytes=90 * 1024)
    assert "the body is larger than max_response_bytes (92160 bytes)" == error.reason
    assert body[: 64 * 1024].decode() == error.body
    assert f"{server.url}/billing/v3/invoices/i" == error.url


def test_thousands_of_gzip_members_are_refused() -> None:
    """A stream of empty gzip members, which cost time, is refused at the second one."""
    data = gzip.compress(b"") * 100_000
    error = failure_of(answer(data, headers={"Content-Encoding": "gzip"}))
    assert "the body is not valid gzip: more than one member" == error.reason


LINE = {
    "description": "North America Requests, in tens of thousands",
    "amount": 12.5,
    "credit_coupon_code": "",
    "rate": 0.0075,
    "units": 1666.6667,
    "product_name": "Full-Site Delivery",
    "product_group": "Full-Site Delivery",
    "product_line": "Network Services",
    "region": "North America",
    "usage_type": "Requests",
}


def test_the_largest_page_of_invoices_is_accepted() -> None:
    """A page of 200 invoices with 100 lines each is within the limits by default."""
    invoice = {"invoice_id": "i", "transaction_line_items": [LINE] * 100}
    body = json.dumps({"data": [invoice] * 200, "meta": {"total": 200}}).encode()
    assert 5 * MIB < len(body) < 8 * MIB
    with FaultServer(answer(body)) as server, api_of(server.url) as api:
        page = api.list_invoices()
    assert 20_000 == sum(len(invoice.transaction_line_items) for invoice in page.data)


def test_the_largest_page_of_usage_is_accepted() -> None:
    """A page of 10,000 rows of usage is within the limits by default."""
    row = {"customer_id": "c", "service_id": "s" * 22, "service_name": "n", "usage_units": 1.5}
    body = json.dumps({"data": {"details": [row] * 10_000}}).encode()
    with FaultServer(answer(body)) as server, api_of(server.url) as api:
        page = BillingUsageMetricsApi(api.api_client).get_service_level_usage()
    assert 10_000 == len(page.data.details)


LINES = {
    "status": b"HTTP/1.1 200 ",
    "header": b"HTTP/1.1 200 OK\r\nX: ",
    "chunk size": head(200, {"Transfer-Encoding": "chunked"}),
    "trailer": head(200, {"Transfer-Encoding": "chunked"}) + b"0\r\n",
}


@pytest.mark.parametrize("start", LINES.values(), ids=LINES)
def test_an_endless_line_is_refused(start: bytes) -> None:
    """An endless line is refused after 64 KiB."""
    with FaultServer(endless(start, b"7" * 65536)) as server, peak_below(4 * MIB):
        error = failure(server.url, {"_request_timeout": 60})
    assert ConnectionException is type(error)


def test_endless_interim_responses_end_with_the_deadline() -> None:
    """Endless interim responses end with the call's timeout, and use no memory."""
    interim = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" * 100
    with FaultServer(endless(b"", interim)) as server, peak_below(4 * MIB), lasting():
        assert TimeoutException is type(failure(server.url, {"_request_timeout": 0.4}))


def test_the_reason_of_too_many_values() -> None:
    """The error about too many values keeps the start of the body."""
    body = b'{"x":[' + b",".join([b"1"] * 1_100_002) + b"]}"
    error = failure_of(answer(body))
    assert "the body has more than 1100000 JSON values" == error.reason
    assert error.body.startswith('{"x":[1,1,')
