"""The stand-in server, asked over real sockets."""

from __future__ import annotations

import http.client
import io
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import date
from email.message import Message
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from pypdf import PdfReader

import fastly.testing
from fastly.testing import BillingServer, Headers
from fastly.testing.server import TOKEN

ROOT = Path(__file__).parent.parent
TODAY = date(2026, 11, 22)
MAY = "/billing/v2/year/2020/month/05"
JSON, CSV, PDF = "application/json", "text/csv", "application/pdf"


class Reply(NamedTuple):
    """What a server answered."""

    status: int
    headers: Message
    body: bytes

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)


@pytest.fixture
def server() -> Iterator[BillingServer]:
    """A server on a fixed day."""
    with BillingServer(today=TODAY) as server:
        yield server


def connect(server: BillingServer) -> http.client.HTTPConnection:
    """Return an HTTP connection to a server."""
    return http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=10)


def dial(server: BillingServer) -> socket.socket:
    """Return a bare socket connected to a server."""
    parts = urlsplit(server.url)
    return socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10)


def exchange(
    connection: http.client.HTTPConnection, path: str, method: str = "GET", **headers: str
) -> Reply:
    """Send a request over a connection, underscores in header names made hyphens."""
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, headers=fields)
    response = connection.getresponse()
    return Reply(response.status, response.headers, response.read())


def ask(server: BillingServer, path: str, method: str = "GET", **headers: str) -> Reply:
    """Send a request with the token over a connection of its own."""
    with closing(connect(server)) as connection:
        return exchange(connection, path, method, **{"Fastly_Key": server.token, **headers})


def invoice_path(server: BillingServer, year: int, month: int) -> str:
    """Return the path of an invoice by its id."""
    invoice_id = server.account.invoice_id(year, month)
    return f"/billing/v2/account_customers/{server.customer_id}/invoices/{invoice_id}"


def estimate_path(server: BillingServer, query: str = "") -> str:
    """Return the path of the estimate, with a query."""
    return f"/billing/v2/account_customers/{server.customer_id}/mtd_invoice{query}"


def received(connection: socket.socket) -> bytes:
    """Return all that comes until the end of the stream."""
    with connection.makefile("rb") as stream:
        return stream.read()


def raw(server: BillingServer, request: bytes) -> bytes:
    """Send bytes and nothing after them; return all that comes back."""
    with dial(server) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return received(connection)


# The endpoints


def test_a_month_s_invoice(server: BillingServer) -> None:
    """A month's invoice comes as JSON, as the account has it."""
    reply = ask(server, MAY)
    assert (200, JSON) == (reply.status, reply.headers["Content-Type"])
    assert server.account.invoice(2020, 5) == reply.json


def test_an_invoice_by_id(server: BillingServer) -> None:
    """An invoice comes by its id too."""
    reply = ask(server, invoice_path(server, 2020, 5))
    assert (200, server.account.invoice(2020, 5)) == (reply.status, reply.json)


@pytest.mark.parametrize("path", ["month", "id"])
def test_documents(server: BillingServer, path: str) -> None:
    """Both invoice endpoints have CSV and PDF for who asks for them."""
    path = MAY if path == "month" else invoice_path(server, 2020, 5)
    text = ask(server, path, Accept=CSV)
    assert (200, CSV) == (text.status, text.headers["Content-Type"])
    assert "café-zürich" in text.body.decode()
    document = ask(server, path, Accept=PDF)
    assert (200, PDF) == (document.status, document.headers["Content-Type"])
    assert 1 == len(PdfReader(io.BytesIO(document.body), strict=True).pages)


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("*/*", JSON),
        ("application/*", JSON),
        ("text/*", CSV),
        ("TEXT/CSV", CSV),
        ("application/pdf, application/json", PDF),
        ("application/pdf;version=1", PDF),
        ("text/html, */*;q=0.1", JSON),
        ("text/html,text/csv", CSV),
    ],
)
def test_accept_chooses_the_document(server: BillingServer, accept: str, expected: str) -> None:
    """The document is the first that Accept names and the API has."""
    reply = ask(server, MAY, Accept=accept)
    assert (200, expected) == (reply.status, reply.headers["Content-Type"])


@pytest.mark.parametrize("accept", ["text/html", "", "garbage", "text/pdf", "application/pdfs"])
def test_other_media_types_are_not_acceptable(server: BillingServer, accept: str) -> None:
    """Whatever the API does not have is a 406."""
    assert 406 == ask(server, MAY, Accept=accept).status


def test_an_estimate_is_json_alone(server: BillingServer) -> None:
    """Estimates come as JSON and as nothing else, and a 406 does not count as asked."""
    assert 406 == ask(server, estimate_path(server), Accept=CSV).status
    assert 406 == ask(server, estimate_path(server), Accept=PDF).status
    assert 202 == ask(server, estimate_path(server), Accept="*/*").status


def test_the_first_estimate_of_a_month_takes_a_while(server: BillingServer) -> None:
    """The first request is answered 202, later ones with the estimate; each month by itself."""
    path = estimate_path(server, "?month=05&year=2020")
    first, second, third = (ask(server, path) for _ in range(3))
    assert [202, 200, 200] == [first.status, second.status, third.status]
    assert server.account.estimate(2020, 5) == second.json == third.json
    assert 202 == ask(server, estimate_path(server, "?month=06&year=2020")).status


@pytest.mark.parametrize("pending", [0, 2])
def test_how_often_an_estimate_is_pending_is_a_choice(pending: int) -> None:
    """The number of 202s before an estimate is the constructor's."""
    with BillingServer(today=TODAY, estimate_pending=pending) as server:
        statuses = [ask(server, estimate_path(server)).status for _ in range(pending + 1)]
    assert [202] * pending + [200] == statuses


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", (2026, 11)),
        ("?month=05", (2026, 5)),
        ("?year=2025", (2025, 11)),
        ("?year=2020&month=05&more=1", (2020, 5)),
        ("?month=%305&year=2020", (2020, 5)),
    ],
)
def test_an_estimate_s_month(query: str, expected: tuple[int, int]) -> None:
    """A month or year that is not given is the present one."""
    with BillingServer(today=TODAY, estimate_pending=0) as server:
        reply = ask(server, estimate_path(server, query))
    assert server.account.estimate(*expected) == reply.json


# Refusals


def test_without_a_token_nothing_is_served(server: BillingServer) -> None:
    """No token is a 401 with a JSON body, whatever the path."""
    with closing(connect(server)) as connection:
        for path in (MAY, "/", estimate_path(server)):
            reply = exchange(connection, path)
            assert (401, JSON) == (reply.status, reply.headers["Content-Type"])
            assert {"msg", "detail"} == reply.json.keys()


@pytest.mark.parametrize("token", ["", "wrong", "Bearer wrong", "Bearer", "stand-in-token2", "é"])
def test_a_wrong_token_is_refused(server: BillingServer, token: str) -> None:
    """Any other token is a 401."""
    assert 401 == ask(server, MAY, Fastly_Key=token).status


@pytest.mark.parametrize("prefix", ["Bearer ", "bearer ", "BEARER  "])
def test_a_token_may_have_a_prefix(server: BillingServer, prefix: str) -> None:
    """The token is also taken with "Bearer" before it."""
    assert 200 == ask(server, MAY, Fastly_Key=prefix + server.token).status


def test_token_and_customer_are_a_choice() -> None:
    """Token and customer id are the constructor's."""
    with BillingServer(token="mine", customer_id="me2", today=TODAY) as server:
        assert ("mine", "me2") == (server.token, server.customer_id)
        assert "me2" == ask(server, invoice_path(server, 2020, 5)).json["customer_id"]
        assert 401 == ask(server, MAY, Fastly_Key=TOKEN).status


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/billing/v2",
        MAY + "/",
        "/x" + MAY,
        "/billing/v2/year/2019/month/02",
        "/billing/v2/year/2026/month/12",
        "/billing/v2/year/0000/month/05",
        "/billing/v2/account_customers/someoneElse/invoices/1",
        "/billing/v2/account_customers/someoneElse/mtd_invoice",
        "/billing/v2/account_customers/{id}/invoices/unknown",
        "/billing/v2/account_customers/{id}/invoices/..",
        "/billing/v2/account_customers/{id}/invoices/%2e%2e%2f",
        "/billing/v2/account_customers/{id}/invoices/",
        "/billing/v2/account_customers/{id}",
        "/billing/v2/account_customers/{id}/mtd_invoice?month=02&year=2019",
    ],
)
def test_what_is_not_there_is_not_found(server: BillingServer, path: str) -> None:
    """Other paths, ids and months outside the account's are a 404 with a JSON body."""
    reply = ask(server, path.format(id=server.customer_id))
    assert (404, JSON) == (reply.status, reply.headers["Content-Type"])
    assert {"msg", "detail"} == reply.json.keys()


@pytest.mark.parametrize(
    "month", ["2020/5", "2020/13", "2020/00", "20/05", "2020/xx", "2020/%D9%A0%D9%A5", "2020/05%0A"]
)
def test_a_malformed_month_is_a_bad_request(server: BillingServer, month: str) -> None:
    """A year without four digits or a month without two, 01 to 12, is a 400 at both endpoints."""
    year, month = month.split("/")
    assert 400 == ask(server, f"/billing/v2/year/{year}/month/{month}").status
    query = f"?month={month}&year={year}"
    assert 400 == ask(server, estimate_path(server, query)).status


def test_an_empty_parameter_is_a_bad_request(server: BillingServer) -> None:
    """A month that is given but empty is not the same as none."""
    assert 400 == ask(server, estimate_path(server, "?month=")).status


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"])
def test_other_methods_are_refused_and_the_connection_lives(
    server: BillingServer, method: str
) -> None:
    """Methods other than GET are a 405, without a body for HEAD; the connection goes on."""
    with closing(connect(server)) as connection:
        reply = exchange(connection, MAY, method)
        assert (405, method == "HEAD") == (reply.status, reply.body == b"")
        assert 200 == exchange(connection, MAY, Fastly_Key=server.token).status


def test_the_body_of_a_request_is_read_past(server: BillingServer) -> None:
    """A request's body is not taken for the next request."""
    with closing(connect(server)) as connection:
        connection.request("POST", MAY, body=b"GET / HTTP/1.1\r\n\r\n" * 1000)
        response = connection.getresponse()
        assert 405 == response.status
        response.read()
        assert 200 == exchange(connection, MAY, Fastly_Key=server.token).status


@pytest.mark.parametrize(
    "header", [b"Transfer-Encoding: chunked", b"Content-Length: x", b"Content-Length: 99999999"]
)
def test_a_body_of_unknown_end_is_a_bad_request(server: BillingServer, header: bytes) -> None:
    """A request whose body has no sure end is a 400, and the connection's last."""
    answer = raw(server, b"POST / HTTP/1.1\r\n" + header + b"\r\n\r\nGET / HTTP/1.1\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert 1 == answer.count(b"HTTP/1.1 ")


# HTTP


def test_one_connection_serves_many_requests(server: BillingServer) -> None:
    """A connection is kept alive from request to request."""
    with closing(connect(server)) as connection:
        exchange(connection, MAY, Fastly_Key=server.token)
        port = connection.sock.getsockname()[1]
        for _ in range(200):
            assert 200 == exchange(connection, MAY, Fastly_Key=server.token).status
        assert port == connection.sock.getsockname()[1]
    assert 201 == len(server.requests)


def test_requests_sent_at_once_are_answered_in_order(server: BillingServer) -> None:
    """Requests that come in one piece are answered one by one."""
    server.enqueue(body="first")
    server.enqueue(body="second", headers={"Connection": "close"})
    answer = raw(server, b"GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\nGET /3 HTTP/1.1\r\n\r\n")
    assert 0 < answer.index(b"first") < answer.index(b"second")
    assert ["/1", "/2"] == [request.path for request in server.requests]


@pytest.mark.parametrize(
    "request_head", [b"GET / HTTP/1.0\r\n\r\n", b"GET / HTTP/1.1\r\nconnection: Close\r\n\r\n"]
)
def test_a_client_may_end_the_connection(server: BillingServer, request_head: bytes) -> None:
    """After a request that says so, or one of HTTP/1.0, the server ends the connection."""
    with dial(server) as connection:
        connection.sendall(request_head)
        assert received(connection).startswith(b"HTTP/1.1 401 ")


def test_a_small_answer_arrives_in_one_piece(server: BillingServer) -> None:
    """Head and body go out in one write."""
    server.enqueue(body="whole")
    with dial(server) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
        answer = connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(b"\r\n\r\nwhole")


def test_the_usual_headers(server: BillingServer) -> None:
    """Answers have a request id of their own, what is left of the quota, and when it resets."""
    first, second = ask(server, MAY).headers, ask(server, "/").headers
    assert first["Fastly-Request-Id"] != second["Fastly-Request-Id"]
    assert ["999", "998"] == [head["Fastly-RateLimit-Remaining"] for head in (first, second)]
    assert 0 < int(first["Fastly-RateLimit-Reset"]) - time.time() <= 3601
    assert first["Content-Encoding"] is None


@pytest.mark.parametrize(
    "garbage",
    [
        b"\r\n",
        b"hello\r\n\r\n",
        b"GET /\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n",
        b"\x00" * 100,
        b"GET http://[ HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nA: " + b"a" * 70_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"A: a\r\n" * 200 + b"\r\n",
        b"GET / HTTP/1.1\r\nContent-Type: multipart/x; b*=a; b*1=c\r\n\r\n",
    ],
)
def test_garbage_is_a_bad_request(
    server: BillingServer, garbage: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    """What is no request gets a 400, is not recorded, and nobody else notices."""
    assert raw(server, garbage).startswith(b"HTTP/1.1 400 ")
    assert [] == server.requests
    assert 200 == ask(server, MAY).status
    assert ("", "") == capfd.readouterr()


def test_odd_headers_do_no_harm(server: BillingServer) -> None:
    """Header lines that are none, or not ASCII, do not keep a request from its answer."""
    head = b"GET / HTTP/1.1\r\nName: \xff\xfe\r\nno colon\r\n: no name\r\n\r\n"
    assert raw(server, head).startswith(b"HTTP/1.1 401 ")


def test_a_client_that_says_nothing_gets_nothing(server: BillingServer) -> None:
    """A connection that ends without a request is no event."""
    assert b"" == raw(server, b"")
    assert [] == server.requests


def test_a_client_may_leave_before_its_answer(
    server: BillingServer, capfd: pytest.CaptureFixture[str]
) -> None:
    """A client that is gone when the answer comes leaves no trace on stderr."""
    server.enqueue(body=b"x" * 5_000_000, delay=0.05)
    with dial(server) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
    time.sleep(0.1)
    assert 200 == ask(server, MAY).status
    assert ("", "") == capfd.readouterr()


# What was asked


def test_requests_are_recorded(server: BillingServer) -> None:
    """A request is recorded with method, path, query and headers."""
    ask(server, estimate_path(server, "?month=05&year=2020&a=%C3%A9+b&blank="), Accept=CSV)
    (request,) = server.requests
    assert ("GET", estimate_path(server)) == (request.method, request.path)
    assert {"month": "05", "year": "2020", "a": "é b", "blank": ""} == request.query
    assert CSV == request.headers["accept"] == request.headers["ACCEPT"]
    assert "fastly-key" in request.headers
    assert request.headers.get("Cookie") is None


def test_requests_are_in_order_and_a_copy(server: BillingServer) -> None:
    """Requests are listed in the order of their arrival; the list is the caller's."""
    for path in "/a", "/b", "/c":
        ask(server, path)
    server.requests.clear()
    assert ["/a", "/b", "/c"] == [request.path for request in server.requests]


def test_a_recorded_request_cannot_be_changed(server: BillingServer) -> None:
    """A request is frozen."""
    ask(server, MAY)
    with pytest.raises(AttributeError):
        server.requests[0].path = "/"


def test_the_token_is_not_printed(server: BillingServer) -> None:
    """A request's repr does not have the token."""
    ask(server, MAY)
    assert "Fastly-Key" in repr(server.requests)
    assert server.token not in repr(server.requests)


def test_headers_are_a_case_insensitive_mapping() -> None:
    """Headers keep the names they came with, and join the values of repeated ones."""
    headers = Headers([("Via", "a"), ("X-One", "1"), ("via", "b")])
    assert ("a, b", "1") == (headers["VIA"], headers["x-one"])
    assert 2 == len(headers) == len(list(headers))
    assert {"via": "a, b", "X-One": "1"} == dict(headers)
    assert "Cookie" not in headers


# Answers of one's own


def test_enqueued_answers_come_first_in_their_order(server: BillingServer) -> None:
    """Enqueued answers are given in their order, whatever is asked; then the API's again."""
    server.enqueue(503, body="busy")
    server.enqueue(429, headers={"Retry-After": "7"}, body={"msg": "slow down"})
    replies = [ask(server, MAY), ask(server, "/nowhere", Fastly_Key=""), ask(server, MAY)]
    assert [503, 429, 200] == [reply.status for reply in replies]
    assert (b"busy", "text/plain; charset=utf-8") == (
        replies[0].body,
        replies[0].headers["Content-Type"],
    )
    assert ({"msg": "slow down"}, "7") == (replies[1].json, replies[1].headers["Retry-After"])


@pytest.mark.parametrize(
    ("body", "expected", "kind"),
    [
        (b"\x00\xff", b"\x00\xff", None),
        ("é", "é".encode(), "text/plain; charset=utf-8"),
        ([1, None], b"[1, null]", JSON),
        ({}, b"{}", JSON),
        (b"", b"", None),
    ],
)
def test_an_enqueued_body(
    server: BillingServer, body: Any, expected: bytes, kind: str | None
) -> None:
    """Bytes go as they are, text as UTF-8, dicts and lists as JSON."""
    server.enqueue(body=body)
    reply = ask(server, MAY)
    assert (expected, kind) == (reply.body, reply.headers["Content-Type"])


def test_an_enqueued_answer_has_no_other_headers(server: BillingServer) -> None:
    """An enqueued answer has the headers given to it, its type and its length."""
    server.enqueue(headers={"X-Mine": "1", "content-type": "text/html"}, body="<p>")
    headers = ask(server, MAY).headers
    assert [("Content-Length", "3"), ("X-Mine", "1"), ("content-type", "text/html")] == (
        headers.items()
    )


def test_an_enqueued_transfer_encoding_replaces_the_length(server: BillingServer) -> None:
    """With a Transfer-Encoding the body goes as it is given, without a length."""
    server.enqueue(headers={"Transfer-Encoding": "chunked"}, body=b"3\r\nabc\r\n0\r\n\r\n")
    reply = ask(server, MAY)
    assert (b"abc", None) == (reply.body, reply.headers["Content-Length"])


@pytest.mark.parametrize("status", [204, 304])
def test_statuses_without_a_body_have_no_length(server: BillingServer, status: int) -> None:
    """Where HTTP knows no body, there are no headers for one."""
    server.enqueue(status)
    assert f"HTTP/1.1 {status} " in (answer := raw(server, b"GET / HTTP/1.1\r\n\r\n")).decode()
    assert b"Content-" not in answer


def test_a_status_that_nobody_knows(server: BillingServer) -> None:
    """Any status of three digits can be given."""
    server.enqueue(599)
    assert 599 == ask(server, MAY).status


def test_a_delay_comes_before_the_answer(server: BillingServer) -> None:
    """A delayed answer takes its seconds, and holds up no other connection."""
    server.enqueue(delay=0.3)
    with closing(connect(server)) as slow:
        begun = time.monotonic()
        slow.request("GET", MAY)
        while not server.requests:
            time.sleep(0.001)
        assert 200 == ask(server, MAY).status
        assert time.monotonic() - begun < 0.3
        slow.getresponse().read()
        assert time.monotonic() - begun >= 0.3


@pytest.mark.parametrize("cut", [0, 1, 99])
def test_a_body_cut_short(server: BillingServer, cut: int) -> None:
    """After so many bytes of the body the stream ends, short of its Content-Length."""
    server.enqueue(body="x" * 100, cut=cut)
    with pytest.raises(http.client.IncompleteRead) as caught:
        ask(server, MAY)
    assert (cut, 100 - cut) == (len(caught.value.partial), caught.value.expected)
    assert 200 == ask(server, MAY).status


def test_a_large_body_cut_short(server: BillingServer) -> None:
    """All bytes before the cut arrive, however many they are."""
    server.enqueue(body=b"x" * 5_000_000, cut=4_999_999)
    with pytest.raises(http.client.IncompleteRead) as caught:
        ask(server, MAY)
    assert 4_999_999 == len(caught.value.partial)


def test_a_connection_cut_before_the_answer(server: BillingServer) -> None:
    """With cut="before" the connection ends without a byte; the request is recorded."""
    server.enqueue(cut="before")
    with pytest.raises(http.client.RemoteDisconnected):
        ask(server, MAY)
    assert 1 == len(server.requests)


def test_a_head_cut_short(server: BillingServer) -> None:
    """With cut="head" the connection ends within the header."""
    server.enqueue(cut="head", body="x")
    answer = raw(server, b"GET / HTTP/1.1\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\n\r\n" not in answer


@pytest.mark.parametrize("cut", ["before", "head", 0, 50])
def test_a_connection_reset(server: BillingServer, cut: Any) -> None:
    """With reset=True the client's socket reports an error and no end of stream."""
    server.enqueue(body="x" * 100, cut=cut, reset=True)
    with dial(server) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            received(connection)


def test_a_cut_may_be_delayed(server: BillingServer) -> None:
    """Delay and cut go together: the delay comes first."""
    server.enqueue(cut="before", delay=0.05)
    begun = time.monotonic()
    with pytest.raises(http.client.RemoteDisconnected):
        ask(server, MAY)
    assert time.monotonic() - begun >= 0.05


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("status", {"status": 99}),
        ("status", {"status": 1000}),
        ("delay", {"delay": -1}),
        ("delay", {"delay": float("nan")}),
        ("delay", {"delay": float("inf")}),
        ("cut", {"cut": 0}),
        ("cut", {"cut": 3, "body": "abc"}),
        ("cut", {"cut": -1, "body": "abc"}),
        ("cut", {"cut": "middle", "body": "abc"}),
        ("reset", {"reset": True}),
    ],
)
def test_an_answer_that_cannot_be_is_refused(
    server: BillingServer, name: str, arguments: dict[str, Any]
) -> None:
    """Arguments that make no sense are a ValueError where they are given, and not kept."""
    with pytest.raises(ValueError, match=f"^{name}="):
        server.enqueue(**arguments)
    assert 200 == ask(server, MAY).status


def test_a_body_that_json_lacks_is_refused(server: BillingServer) -> None:
    """A body that cannot be JSON is refused where it is given, not in the server's thread."""
    with pytest.raises(TypeError):
        server.enqueue(body={"day": TODAY})
    assert 200 == ask(server, MAY).status


# Its life


def test_two_servers_at_once() -> None:
    """Servers know nothing of each other."""
    with BillingServer(today=TODAY) as one, BillingServer(today=TODAY, token="two") as two:
        two.enqueue(500)
        assert one.url != two.url
        assert (200, 500) == (ask(one, MAY).status, ask(two, MAY).status)
        assert (1, 1) == (len(one.requests), len(two.requests))


def test_many_threads_at_once(server: BillingServer) -> None:
    """Thirty-two threads get each its own answer, and each enqueued answer is given once."""
    for number in range(64):
        server.enqueue(body=str(number))
    paths = [f"/{number}" for number in range(64)]
    with ThreadPoolExecutor(32) as threads:
        replies = list(threads.map(ask, [server] * 64, paths))
        invoices = list(threads.map(ask, [server] * 32, [MAY] * 32))
    assert set(range(64)) == {int(reply.body) for reply in replies}
    assert 1 == len({invoice.body for invoice in invoices})
    expected = sorted([*paths, *[MAY] * 32])
    assert expected == sorted(request.path for request in server.requests)


def test_close_is_quick_and_ends_every_thread() -> None:
    """Closing breaks off idle, waiting and half-sent connections at once."""
    before = threading.active_count()
    server = BillingServer(today=TODAY).start()
    server.enqueue(delay=60)
    server.enqueue(body=b"x" * 50_000_000)
    with (
        dial(server) as idle,
        dial(server) as waiting,
        dial(server) as unread,
        dial(server) as half,
    ):
        for number, connection in enumerate((waiting, unread), 1):
            connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
            while len(server.requests) < number:
                time.sleep(0.001)
        half.sendall(b"GET / HT")
        begun = time.monotonic()
        server.close()
        assert time.monotonic() - begun < 0.3
        assert before == threading.active_count()
        assert b"" == received(idle) == received(waiting)


def test_close_of_an_unused_server_is_quick() -> None:
    """Starting and closing take no time to speak of."""
    begun = time.monotonic()
    for _ in range(20):
        with BillingServer():
            pass
    assert time.monotonic() - begun < 1


def test_once_closed_it_refuses_connections() -> None:
    """A closed server still knows its URL, requests and account, and nobody listens there."""
    with BillingServer(today=TODAY) as server:
        ask(server, MAY)
    with pytest.raises(ConnectionRefusedError):
        ask(server, MAY)
    assert 1 == len(server.requests)


def test_start_and_close_again_are_harmless() -> None:
    """Starting what listens and closing what is closed, or never was started, do nothing."""
    server = BillingServer()
    server.close()
    with server.start() as same:
        assert same is server
        url = server.url
        assert url == server.start().url
    server.close()
    server.close()


def test_a_closed_server_does_not_start_again() -> None:
    """To start a closed server is an error, not a server without a port."""
    server = BillingServer().start()
    server.close()
    with pytest.raises(RuntimeError, match="closed"):
        server.start()


def test_without_a_start_there_is_no_url() -> None:
    """A server has no URL before it has a port."""
    with pytest.raises(RuntimeError, match="start"):
        _ = BillingServer().url


def test_a_taken_port_is_an_os_error(server: BillingServer) -> None:
    """A port that is taken is an error at the start, which leaves nothing open."""
    port = urlsplit(server.url).port or 0
    with pytest.raises(OSError, match=r"[Aa]ddress"):
        BillingServer(port=port).start()


def test_a_port_may_be_given_and_used_again() -> None:
    """A port just given up can be listened at again."""
    with BillingServer() as first:
        ask(first, MAY)
    port = urlsplit(first.url).port or 0
    with BillingServer(port=port) as second:
        assert first.url == second.url
        assert 200 == ask(second, MAY).status


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
def test_ipv6() -> None:
    """It listens at an IPv6 address too, which stands in brackets in the URL."""
    try:
        server = BillingServer(host="::1", today=TODAY).start()
    except OSError:
        pytest.skip("no IPv6 loopback here")
    with server:
        assert server.url.startswith("http://[::1]:")
        assert 200 == ask(server, MAY).status


def test_the_exports_are_there() -> None:
    """Every exported name is there, and its docstring too."""
    assert ["Account", "BillingServer", "Headers", "Request"] == fastly.testing.__all__
    for name in fastly.testing.__all__:
        assert getattr(fastly.testing, name).__doc__


# In the foreground


def _take_interrupts() -> None:
    """Undo that the tests may run as a shell's background job, which ignores Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def foreground() -> Iterator[subprocess.Popen[str]]:
    """The command, running."""
    command = [sys.executable, "-W", "error", "-m", "fastly.testing"]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        preexec_fn=_take_interrupts,
    ) as process:
        yield process
        process.kill()


def printed(process: subprocess.Popen[str]) -> dict[str, str]:
    """Return what the process prints about itself, by label."""
    assert process.stdout is not None
    lines = [next(process.stdout).rstrip() for _ in range(6)]
    return {label: text.strip() for label, _, text in (line.partition(":") for line in lines)}


def fetch(url: str, token: str) -> Reply:
    """Ask for a URL."""
    parts = urlsplit(url)
    with closing(http.client.HTTPConnection(parts.netloc, timeout=10)) as connection:
        return exchange(connection, parts.path, Fastly_Key=token)


@pytest.mark.skipif(os.name == "nt", reason="sends POSIX signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_serves_until_a_signal(
    foreground: subprocess.Popen[str], number: signal.Signals
) -> None:
    """The command prints what a user needs, serves, and ends cleanly at a signal."""
    told = printed(foreground)
    path = f"/billing/v2/account_customers/{told['customer id']}/invoices/"
    reply = fetch(told["url"] + path + told["invoice id"].split()[0], told["token"])
    assert "2020-05-01T00:00:00Z" == reply.json["start_time"]
    foreground.send_signal(number)
    rest, errors = foreground.communicate(timeout=10)
    assert (0, "", "") == (foreground.returncode, rest, errors)


def test_the_line_to_try_works(foreground: subprocess.Popen[str]) -> None:
    """The line that the command prints for pasting asks for an invoice as it is."""
    command, option, header, url = shlex.split(printed(foreground)["try"])
    name, token = header.split(": ")
    assert ("curl", "-H", "Fastly-Key") == (command, option, name)
    assert "2020-05-01T00:00:00Z" == fetch(url, token).json["start_time"]


@pytest.mark.parametrize("options", [["--port", "TAKEN"], ["--port", "99999"]])
def test_a_port_that_is_not_to_be_had(server: BillingServer, options: list[str]) -> None:
    """A port that cannot be had is one line on stderr and exit status 1."""
    port = str(urlsplit(server.url).port)
    options = [option.replace("TAKEN", port) for option in options]
    command = [sys.executable, "-m", "fastly.testing", *options]
    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert (1, "", 1) == (result.returncode, result.stdout, result.stderr.count("\n"))
    assert result.stderr.startswith("Cannot listen at 127.0.0.1 port")


def test_a_body_where_http_has_none_is_refused(server: BillingServer) -> None:
    """A body for a status that has none would be taken for the next answer."""
    with pytest.raises(ValueError, match=r"^an answer of status=204 has no body$"):
        server.enqueue(204, body={"a": 1})


def test_a_body_that_is_cut_short_is_a_bad_request(server: BillingServer) -> None:
    """A request whose body ends before its length is refused, and not recorded."""
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port)) as wire:
        wire.sendall(b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nabc")
        wire.shutdown(socket.SHUT_WR)
        assert wire.recv(100).startswith(b"HTTP/1.1 400 ")
    assert [] == server.requests


def test_the_path_is_kept_as_it_was_sent(server: BillingServer) -> None:
    """What was asked is recorded as it came, without the query."""
    raw(server, b"GET //x/%2e#y?a=b%20c HTTP/1.1\r\n\r\n")
    raw(server, b"GET http://other/z?a=1 HTTP/1.1\r\n\r\n")
    expected = [("//x/%2e#y", {"a": "b c"}), ("/z", {"a": "1"})]
    assert expected == [(request.path, request.query) for request in server.requests]


@pytest.mark.parametrize("name", ["token", "customer_id", "today"])
def test_arguments_of_the_wrong_type_are_refused(name: str) -> None:
    """What would fail at a request is refused when the server is made."""
    wrong: Any = BillingServer
    with pytest.raises(TypeError, match=rf"^{name} is .*, not int$"):
        wrong(**{name: 5})
