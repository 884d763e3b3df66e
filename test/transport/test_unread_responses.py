"""Responses that the caller reads."""

from __future__ import annotations

import os
import time

import pytest
from calls import AT_ONCE, api_of, lasting
from faults import (
    BODY,
    FaultServer,
    answer,
    answer_bytes,
    chunked,
    drip_body,
    failing,
    gzipped,
    redirect,
    stall_in_body,
)
from urllib3 import exceptions as foreign

from fastly.exceptions import NotFoundException

UNREAD = {"_preload_content": False}


def test_an_unread_answer_can_be_read_after_the_calls_time() -> None:
    """The deadline of the call does not limit reading an unread response."""
    body = b"x" * 30
    slow = drip_body(0.02, answer_bytes(body))
    with FaultServer(slow) as server, api_of(server.url) as api:
        response = api.get_invoice_by_invoice_id("i", _request_timeout=1, **UNREAD)
        time.sleep(1.05)
        assert (200, body) == (response.status, response.read())
        response.close()


def test_a_stalled_read_of_an_unread_answer_ends() -> None:
    """Each wait while an unread response is read is limited by the read timeout."""
    with FaultServer(stall_in_body()) as server, api_of(server.url) as api:
        response = api.get_invoice_by_invoice_id("i", _request_timeout=(1, 0.3), **UNREAD)
        with lasting(0.2), pytest.raises(foreign.ReadTimeoutError):
            response.read()
        response.close()


@pytest.mark.parametrize("status", [200, 202, 204, 206])
def test_an_unread_answer_comes_whatever_its_2xx(status: int) -> None:
    """Every 2xx is returned unread."""
    with FaultServer(answer(b"", status)) as server, api_of(server.url) as api:
        response, code, headers = api.get_invoice_by_invoice_id(
            "i", _return_http_data_only=False, **UNREAD
        )
        assert (status, status) == (response.status, code)
        assert headers["content-length"] == "0"
        response.close()


def test_an_unread_answer_is_unzipped_by_reading_it() -> None:
    """``read`` of an unread response that was sent zipped returns its decoded bytes."""
    with FaultServer(gzipped()) as server, api_of(server.url) as api:
        response = api.get_invoice_by_invoice_id("i", **UNREAD)
        assert BODY == response.read()
        response.close()


def test_an_unread_answer_is_asked_for_like_any_other() -> None:
    """Retries, redirects and errors are the same for an unread response."""
    script = [failing(503, AT_ONCE), redirect("{target}"), gzipped(), failing(404)]
    with FaultServer(*script) as server, api_of(server.url, retries=1) as api:
        response = api.get_invoice_by_invoice_id("i", **UNREAD)
        assert BODY == response.read()
        response.close()
        with pytest.raises(NotFoundException):
            api.get_invoice_by_invoice_id("i", **UNREAD)


def test_unread_answers_leave_no_socket_behind() -> None:
    """A closed response returns its connection to the pool."""
    with FaultServer() as server, api_of(server.url) as api:
        before = len(os.listdir("/dev/fd"))
        for _ in range(20):
            api.get_invoice_by_invoice_id("i", **UNREAD).close()
        assert before + 2 >= len(os.listdir("/dev/fd"))


def test_an_unread_response_in_chunks_is_read_after_the_call() -> None:
    """The chunk sizes of an unread response can be read after the call."""
    with FaultServer(chunked()) as server, api_of(server.url) as api:
        response = api.get_invoice_by_invoice_id("i", _preload_content=False)
        assert BODY == response.data
