"""A response cannot use memory or time out of proportion."""

from __future__ import annotations

import contextlib
import tracemalloc
import zlib
from collections.abc import Iterator
from functools import cache

import pytest
from calls import MIB, SAME_HEADERS, answer_of, failure, failure_of, lasting
from faults import (
    BODY,
    CSV,
    Fault,
    FaultServer,
    answer,
    answer_bytes,
    endless,
    gzip_bytes,
    head,
    raw,
)

from fastly.exceptions import ConnectionException, ResponseException, ServiceException


def test_zeros_after_a_gzip_stream_cost_no_time() -> None:
    """What follows the last member is passed over as fast as it arrives."""
    data = gzip_bytes(BODY) + bytes(60 * MIB)
    with lasting(0, 2.5):
        assert "i" == answer_of(answer(data, headers={"Content-Encoding": "gzip"})).invoice_id


@cache
def bomb(megabytes: int) -> bytes:
    """Zip so many megabytes of blanks; that takes a second."""
    packer = zlib.compressobj(9, wbits=31)
    return b"".join(packer.compress(b" " * MIB) for _ in range(megabytes)) + packer.flush()


@contextlib.contextmanager
def peak_below(most: int) -> Iterator[None]:
    """Hold that what is done inside uses no more memory than this at any time."""
    tracemalloc.start(1)
    try:
        yield
        assert most > tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("status", [200, 500])
def test_a_bomb_is_refused_with_little_memory(status: int) -> None:
    """200 MB in 200 KB on the wire are refused when the bound is reached, not afterwards."""
    data = answer_bytes(bomb(200), status, {"Content-Encoding": "gzip"})
    assert 300_000 > len(data)
    with FaultServer(raw(data)) as server, peak_below(6 * MIB):
        error = failure(server.url, max_response_bytes=MIB)
    assert (ResponseException if status == 200 else ServiceException) is type(error)
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
    """A body without end is refused when the bound is reached, with little memory."""
    with FaultServer(fault) as server, peak_below(8 * MIB):
        error = failure(server.url, {"_request_timeout": 1.0}, max_response_bytes=MIB)
    assert type(error) in (ResponseException, ConnectionException)
    assert "larger than max_response_bytes" in error.reason or "truncated" in error.reason


@pytest.mark.parametrize("zipped", [False, True])
def test_the_bound_counts_decoded_bytes(zipped: bool) -> None:
    """A body of exactly the bound passes, and one of a byte more does not."""
    body = BODY + b" " * 1000
    data = gzip_bytes(body) if zipped else body
    fault = answer(data, headers={"Content-Encoding": "gzip" if zipped else "identity"})
    assert "i" == answer_of(fault, max_response_bytes=len(body)).invoice_id
    error = failure_of(fault, max_response_bytes=len(body) - 1)
    assert "larger than max_response_bytes" in error.reason
    assert error.body.startswith(BODY.decode()[:20])


def test_of_a_body_that_is_too_large_some_is_kept() -> None:
    """Of a body that is larger than is allowed, the first 64 KiB are in the error."""
    body = b"a,b\r\n" * 20 * 1024
    with FaultServer(answer(body, headers={"Content-Type": CSV})) as server:
        error = failure(server.url, {"_accept": CSV}, max_response_bytes=90 * 1024)
    assert "the body is larger than max_response_bytes (92160 bytes)" == error.reason
    assert body[: 64 * 1024].decode() == error.body
    assert f"{server.url}/billing/v2/account_customers/c/invoices/i" == error.url
