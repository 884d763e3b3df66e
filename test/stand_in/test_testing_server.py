"""The stand-in server: requests, enqueued responses, its life, its arguments, its command."""

from __future__ import annotations

import http.client
import os
import re
import select
import selectors
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
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from plain_http import Reply, connect, dial, exchange, get, raw, received

from fastly.testing import Account, BillingServer
from fastly.testing.server import TOKEN

ROOT = Path(__file__).parent.parent.parent
TODAY = date(2026, 11, 22)
MAY = "/billing/v2/year/2020/month/05"
INVOICES = "/billing/v3/invoices"
MONTH_TO_DATE = f"{INVOICES}/month-to-date"
CSV, JSON = "text/csv", "application/json"


@pytest.fixture
def server() -> Iterator[BillingServer]:
    """A server on a fixed day."""
    with BillingServer(today=TODAY) as server:
        yield server


def invoice_path(server: BillingServer, year: int, month: int) -> str:
    """Return the path of a v2 invoice by its ID."""
    invoice_id = server.account.invoice_id(year, month)
    return f"/billing/v2/account_customers/{server.customer_id}/invoices/{invoice_id}"


def estimate_path(server: BillingServer, query: str = "") -> str:
    """Return the path of the v2 estimate, with a query."""
    return f"/billing/v2/account_customers/{server.customer_id}/mtd_invoice{query}"


def test_without_a_token_nothing_is_served(server: BillingServer) -> None:
    """A request without a token is a 401 with a JSON body, whatever its path."""
    with closing(connect(server)) as connection:
        for path in (MAY, "/", estimate_path(server)):
            reply = exchange(connection, path)
            assert (401, JSON) == (reply.status, reply.headers["Content-Type"])
            assert {"msg", "detail"} == reply.json.keys()


@pytest.mark.parametrize("token", ["", "wrong", "Bearer wrong", "Bearer", "stand-in-token2", "é"])
def test_a_wrong_token_is_refused(server: BillingServer, token: str) -> None:
    """Any other token is a 401."""
    assert 401 == get(server, MAY, Fastly_Key=token).status


@pytest.mark.parametrize("prefix", ["Bearer ", "bearer ", "BEARER  "])
def test_a_token_may_have_a_prefix(server: BillingServer, prefix: str) -> None:
    """The token is also accepted after "Bearer"."""
    assert 200 == get(server, MAY, Fastly_Key=prefix + server.token).status


def test_token_and_customer_are_arguments() -> None:
    """Token and customer ID are the constructor's."""
    with BillingServer(token="mine", customer_id="me2", today=TODAY) as server:
        assert ("mine", "me2") == (server.token, server.customer_id)
        assert "me2" == get(server, invoice_path(server, 2020, 5)).json["customer_id"]
        assert 401 == get(server, MAY, Fastly_Key=TOKEN).status


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"])
def test_other_methods_are_refused(server: BillingServer, method: str) -> None:
    """Methods other than GET are a 405, without a body for HEAD; the connection stays open."""
    with closing(connect(server)) as connection:
        reply = exchange(connection, MAY, method)
        assert (405, method == "HEAD") == (reply.status, reply.body == b"")
        assert 200 == exchange(connection, MAY, Fastly_Key=server.token).status


def test_the_usual_headers(server: BillingServer) -> None:
    """Responses have a request ID, the rest of the quota and the time it resets."""
    first, second = get(server, MAY).headers, get(server, "/").headers
    assert first["Fastly-Request-Id"] != second["Fastly-Request-Id"]
    assert ["999", "998"] == [head["Fastly-RateLimit-Remaining"] for head in (first, second)]
    assert 0 < int(first["Fastly-RateLimit-Reset"]) - time.time() <= 3601
    assert first["Content-Encoding"] is None


def test_no_response_may_be_stored(server: BillingServer) -> None:
    """No cache may keep a response, an error included: another token's account has the same URL."""
    statuses = []
    with closing(connect(server)) as connection:
        for path, token in ((MAY, server.token), (INVOICES, server.token), (INVOICES, "")):
            reply = exchange(connection, path, Fastly_Key=token)
            assert "no-store" == reply.headers["Cache-Control"]
            statuses.append(reply.status)
    assert [200, 200, 401] == statuses


@pytest.mark.parametrize(
    ("path", "field"), [(INVOICES, "title"), (MONTH_TO_DATE, "title"), (MAY, "detail")]
)
def test_a_quota_that_is_used_up(path: str, field: str) -> None:
    """After the hourly quota, requests get a 429 without Retry-After; the headers count down."""
    with BillingServer(today=TODAY, estimate_pending=0, hourly_quota=2) as server:
        replies = [get(server, path) for _ in range(4)]
        unknown = get(server, path, Fastly_Key="unknown")
    assert [200, 200, 429, 429] == [reply.status for reply in replies]
    remaining = [reply.headers["Fastly-RateLimit-Remaining"] for reply in replies]
    assert ["1", "0", "0", "0"] == remaining
    assert 401 == unknown.status
    refused = replies[-1]
    assert "You have exceeded your hourly rate limit" == refused.json[field]
    assert refused.headers["Retry-After"] is None
    assert int(refused.headers["Fastly-RateLimit-Reset"]) > time.time()


# Several accounts


def some_accounts() -> dict[str, Account]:
    """Return two accounts by token."""
    return {"one": Account("First", today=TODAY), "two": Account("Second", today=TODAY)}


def test_each_token_has_its_account() -> None:
    """The token decides whose invoices are sent; the first account is the server's own."""
    accounts = some_accounts()
    with BillingServer(accounts=accounts) as server:
        assert ("one", "First", accounts["one"]) == (
            server.token,
            server.customer_id,
            server.account,
        )
        for token, account in accounts.items():
            assert account.invoice(2026, 5) == (
                get(server, "/billing/v2/year/2026/month/05", Fastly_Key=token).json
            )
            expected = account.v3_invoice(2026, 10)
            assert expected == get(server, INVOICES, Fastly_Key=token).json["data"][0]
        assert 401 == get(server, INVOICES, Fastly_Key=TOKEN).status


def test_an_account_does_not_have_the_invoices_of_another() -> None:
    """The ID of an invoice of another account is unknown."""
    accounts = some_accounts()
    path = f"{INVOICES}/{accounts['one'].v3_invoice_id(2026, 5)}"
    with BillingServer(accounts=accounts) as server:
        statuses = [get(server, path, Fastly_Key=token).status for token in accounts]
    assert [200, 404] == statuses


def test_each_account_is_pending_for_itself() -> None:
    """The month to date of each account is pending first."""
    with BillingServer(accounts=some_accounts()) as server:
        statuses = [
            get(server, MONTH_TO_DATE, Fastly_Key=token).status
            for token in ("one", "two", "one", "two")
        ]
    assert [202, 202, 200, 200] == statuses


def test_the_mapping_of_accounts_is_copied() -> None:
    """A later change of the mapping has no effect."""
    accounts = some_accounts()
    with BillingServer(accounts=accounts) as server:
        accounts.clear()
        assert 200 == get(server, INVOICES).status


def test_requests_are_recorded(server: BillingServer) -> None:
    """A request is recorded with method, path, query and headers."""
    get(server, estimate_path(server, "?month=05&year=2020&a=%C3%A9+b&blank="), Accept=CSV)
    (request,) = server.requests
    assert ("GET", estimate_path(server)) == (request.method, request.path)
    assert {"month": "05", "year": "2020", "a": "é b", "blank": ""} == request.query
    assert CSV == request.headers["accept"] == request.headers["ACCEPT"]
    assert "fastly-key" in request.headers
    assert request.headers.get("Cookie") is None


def test_requests_are_in_order_and_a_copy(server: BillingServer) -> None:
    """Requests are listed in the order of their arrival; the list belongs to the caller."""
    for path in "/a", "/b", "/c":
        get(server, path)
    server.requests.clear()
    assert ["/a", "/b", "/c"] == [request.path for request in server.requests]


def test_a_recorded_request_cannot_be_changed(server: BillingServer) -> None:
    """A request is frozen."""
    get(server, MAY)
    with pytest.raises(AttributeError):
        server.requests[0].path = "/"


def test_the_token_is_not_printed(server: BillingServer) -> None:
    """A request's repr does not contain the token."""
    get(server, MAY)
    assert "Fastly-Key" in repr(server.requests)
    assert server.token not in repr(server.requests)


def test_enqueued_responses_take_precedence_in_their_order(server: BillingServer) -> None:
    """Enqueued responses are sent in their order to any requests, before the API's own."""
    server.enqueue(503, body="busy")
    server.enqueue(429, headers={"Retry-After": "7"}, body={"msg": "slow down"})
    replies = [get(server, MAY), get(server, "/nowhere", Fastly_Key=""), get(server, MAY)]
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
    """Bytes are sent as they are, text as UTF-8, dicts and lists as JSON."""
    server.enqueue(body=body)
    reply = get(server, MAY)
    assert (expected, kind) == (reply.body, reply.headers["Content-Type"])


def test_an_enqueued_response_has_no_other_headers(server: BillingServer) -> None:
    """An enqueued response has the given headers, its type and its length."""
    server.enqueue(headers={"X-Mine": "1", "content-type": "text/html"}, body="<p>")
    headers = get(server, MAY).headers
    assert [("Content-Length", "3"), ("X-Mine", "1"), ("content-type", "text/html")] == (
        headers.items()
    )


def test_an_enqueued_transfer_encoding_replaces_the_length(server: BillingServer) -> None:
    """With a Transfer-Encoding the body is sent as given, without a length."""
    server.enqueue(headers={"Transfer-Encoding": "chunked"}, body=b"3\r\nabc\r\n0\r\n\r\n")
    reply = get(server, MAY)
    assert (b"abc", None) == (reply.body, reply.headers["Content-Length"])


@pytest.mark.parametrize("status", [204, 304])
def test_statuses_without_a_body_have_no_length(server: BillingServer, status: int) -> None:
    """A status for which HTTP has no body has no headers for one."""
    server.enqueue(status)
    assert f"HTTP/1.1 {status} " in (response := raw(server, b"GET / HTTP/1.1\r\n\r\n")).decode()
    assert b"Content-" not in response


def test_an_unknown_status(server: BillingServer) -> None:
    """Any status of three digits can be enqueued."""
    server.enqueue(599)
    assert 599 == get(server, MAY).status


def test_a_delay_precedes_the_response(server: BillingServer) -> None:
    """A delayed response takes its seconds, and holds up no other connection."""
    server.enqueue(delay=1)
    with closing(connect(server)) as slow:
        begun = time.monotonic()
        slow.request("GET", MAY)
        while not server.requests:
            time.sleep(0.001)
        assert 200 == get(server, MAY).status
        assert ([], [], []) == select.select([slow.sock], [], [], 0)
        slow.getresponse().read()
        assert time.monotonic() - begun >= 1


@pytest.mark.parametrize("cut", [0, 1, 99])
def test_a_truncated_body(server: BillingServer, cut: int) -> None:
    """After so many bytes of the body the stream ends, before its Content-Length."""
    server.enqueue(body="x" * 100, cut=cut)
    with pytest.raises(http.client.IncompleteRead) as caught:
        get(server, MAY)
    assert (cut, 100 - cut) == (len(caught.value.partial), caught.value.expected)
    assert 200 == get(server, MAY).status


def test_a_large_truncated_body(server: BillingServer) -> None:
    """All bytes before the cut arrive, however many they are."""
    server.enqueue(body=b"x" * 5_000_000, cut=4_999_999)
    with pytest.raises(http.client.IncompleteRead) as caught:
        get(server, MAY)
    assert 4_999_999 == len(caught.value.partial)


def test_a_connection_cut_before_the_response(server: BillingServer) -> None:
    """With cut="before" the connection ends without a byte; the request is recorded."""
    server.enqueue(cut="before")
    with pytest.raises(http.client.RemoteDisconnected):
        get(server, MAY)
    assert 1 == len(server.requests)


def test_a_truncated_head(server: BillingServer) -> None:
    """With cut="head" the connection ends within the header."""
    server.enqueue(cut="head", body="x")
    response = raw(server, b"GET / HTTP/1.1\r\n\r\n")
    assert response.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\n\r\n" not in response


@pytest.mark.parametrize("cut", ["before", "head", 0, 50])
def test_a_connection_reset(server: BillingServer, cut: Any) -> None:
    """With reset=True the client's socket reports an error instead of the end of the stream."""
    server.enqueue(body="x" * 100, cut=cut, reset=True)
    with dial(server) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            received(connection)


def test_a_cut_may_be_delayed(server: BillingServer) -> None:
    """A delay precedes the cut."""
    server.enqueue(cut="before", delay=0.05)
    begun = time.monotonic()
    with pytest.raises(http.client.RemoteDisconnected):
        get(server, MAY)
    assert time.monotonic() - begun >= 0.05


def test_a_body_that_json_lacks_is_refused(server: BillingServer) -> None:
    """A body that cannot be JSON is refused when it is enqueued, not in the server's thread."""
    with pytest.raises(TypeError):
        server.enqueue(body={"day": TODAY})
    assert 200 == get(server, MAY).status


def test_two_servers_at_once() -> None:
    """Servers do not affect each other."""
    with BillingServer(today=TODAY) as one, BillingServer(today=TODAY, token="two") as two:
        two.enqueue(500)
        assert one.url != two.url
        assert (200, 500) == (get(one, MAY).status, get(two, MAY).status)
        assert (1, 1) == (len(one.requests), len(two.requests))


def test_many_threads_at_once(server: BillingServer) -> None:
    """Of 32 threads, each gets its own response, and each enqueued response is sent once."""
    for number in range(64):
        server.enqueue(body=str(number))
    paths = [f"/{number}" for number in range(64)]
    with ThreadPoolExecutor(32) as threads:
        replies = list(threads.map(get, [server] * 64, paths))
        invoices = list(threads.map(get, [server] * 32, [MAY] * 32))
    assert set(range(64)) == {int(reply.body) for reply in replies}
    assert 1 == len({invoice.body for invoice in invoices})
    expected = sorted([*paths, *[MAY] * 32])
    assert expected == sorted(request.path for request in server.requests)


def test_close_is_quick_and_ends_every_thread() -> None:
    """Closing ends idle, waiting and half-sent connections at once."""
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
        server.close()
        assert before == threading.active_count()
        # Had closing waited for the minute, the second one would have its response.
        assert b"" == received(idle) == received(waiting)


def test_an_idle_server_does_not_poll(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server waits for connections without a limit, so that closing waits for no poll."""
    limits: list[float | None] = []

    class Watched(selectors.DefaultSelector):
        def select(self, timeout: float | None = None) -> Any:
            limits.append(timeout)
            return super().select(timeout)

    monkeypatch.setattr(selectors, "DefaultSelector", Watched)
    with BillingServer() as server:
        get(server, MAY)  # it has begun to wait
    assert {None} == set(limits)


def test_once_closed_it_refuses_connections() -> None:
    """A closed server still has its URL, requests and account, but nobody listens there."""
    with BillingServer(today=TODAY) as server:
        get(server, MAY)
    with pytest.raises(ConnectionRefusedError):
        get(server, MAY)
    assert 1 == len(server.requests)


def test_start_and_close_again_are_harmless() -> None:
    """Starting a server that listens, or closing one that does not, has no effect."""
    server = BillingServer()
    server.close()
    with server.start() as same:
        assert same is server
        url = server.url
        assert url == server.start().url
    server.close()
    server.close()


def test_a_closed_server_does_not_start_again() -> None:
    """Starting a closed server is an error."""
    server = BillingServer().start()
    server.close()
    with pytest.raises(RuntimeError, match="closed"):
        server.start()


def test_without_a_start_there_is_no_url() -> None:
    """A server has no URL before it has a port."""
    with pytest.raises(RuntimeError, match="start"):
        _ = BillingServer().url


def test_a_taken_port_is_an_os_error(server: BillingServer) -> None:
    """A port in use is an error at the start, which leaves nothing open."""
    port = urlsplit(server.url).port or 0
    with pytest.raises(OSError, match=r"[Aa]ddress"):
        BillingServer(port=port).start()


def test_a_port_may_be_given_and_used_again() -> None:
    """A port that was just released can be used again."""
    with BillingServer() as first:
        get(first, MAY)
    port = urlsplit(first.url).port or 0
    with BillingServer(port=port) as second:
        assert first.url == second.url
        assert 200 == get(second, MAY).status


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
def test_ipv6() -> None:
    """The server also listens on an IPv6 address, which has brackets in the URL."""
    try:
        server = BillingServer(host="::1", today=TODAY).start()
    except OSError:
        pytest.skip("no IPv6 loopback here")
    with server:
        assert server.url.startswith("http://[::1]:")
        assert 200 == get(server, MAY).status


# Enqueued responses for some requests only


def test_a_response_for_a_path_waits_for_it(server: BillingServer) -> None:
    """With a path, only the next request whose path begins with it gets the response."""
    server.enqueue(500, path=INVOICES)
    statuses = [get(server, path).status for path in (MAY, "/billing/v3", INVOICES, INVOICES)]
    assert [200, 404, 500, 200] == statuses


def test_a_response_for_a_pattern(server: BillingServer) -> None:
    """With a compiled pattern, only a request in whose path it is found gets the response."""
    server.enqueue(500, path=re.compile(r"month/0[56]$"))
    paths = (MAY.replace("05", "07"), MAY.replace("05", "06"), MAY)
    assert [200, 500, 200] == [get(server, path).status for path in paths]


def test_the_characters_of_a_prefix_are_literal(server: BillingServer) -> None:
    """A prefix is not a pattern, and is not found in the middle of a path."""
    server.enqueue(500, path="/billing/v.")
    server.enqueue(500, path="/v3/invoices")
    assert [200, 200] == [get(server, path).status for path in (MAY, INVOICES)]


def test_the_first_response_that_matches_is_sent(server: BillingServer) -> None:
    """Of the enqueued responses that match a request, with or without a path, the first is sent."""
    server.enqueue(501, path=INVOICES)
    server.enqueue(502)
    server.enqueue(503, path=INVOICES)
    paths = (MAY, INVOICES, INVOICES, INVOICES)
    assert [502, 501, 503, 200] == [get(server, path).status for path in paths]


def test_a_job_whose_third_call_fails(server: BillingServer) -> None:
    """A job of several steps can be made to fail at one of them."""
    first, second, third = (
        f"{INVOICES}/{server.account.v3_invoice_id(2026, month)}" for month in (10, 9, 8)
    )
    server.enqueue(503, path=third)
    server.enqueue(cut="before", path=third)
    assert [200, 200, 503] == [get(server, path).status for path in (first, second, third)]
    with pytest.raises(http.client.RemoteDisconnected):
        get(server, third)
    assert 200 == get(server, third).status


# Arguments and attributes


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"host": ""}, "host must be an address or a host name"),
        ({"port": -1}, "port must be an integer from 0 to 65535, got -1"),
        ({"port": 65_536}, "port must be an integer from 0 to 65535, got 65536"),
        ({"token": ""}, "token must be 1 or more visible ASCII characters"),
        ({"token": "a b"}, "token must be 1 or more visible ASCII characters"),
        ({"token": "é"}, "token must be 1 or more visible ASCII characters"),
        ({"token": "a\n"}, "token must be 1 or more visible ASCII characters"),
        ({"customer_id": "a/b"}, "customer_id must be 1 or more of A-Z, a-z, 0-9, _ and -"),
        ({"customer_id": ""}, "customer_id must be 1 or more of A-Z, a-z, 0-9, _ and -"),
        ({"estimate_pending": -1}, "estimate_pending must be 0 or more, got -1"),
        ({"hourly_quota": -1}, "hourly_quota must be 0 or more, got -1"),
        ({"accounts": {}}, "accounts must have 1 or more accounts"),
        ({"accounts": {"": Account()}}, "token must be 1 or more visible ASCII characters"),
        (
            {"today": date(2019, 2, 28)},
            "today must be in the months 2019-03 to 9998-12, got 2019-02-28",
        ),
    ],
)
def test_wrong_values_are_refused(arguments: dict[str, Any], message: str) -> None:
    """A value that is not allowed is a ValueError when the server is created."""
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        BillingServer(**arguments)


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("host", None, "NoneType"),
        ("port", "80", "str"),
        ("port", True, "bool"),
        ("port", 80.0, "float"),
        ("token", b"secret", "bytes"),
        ("customer_id", 5, "int"),
        ("today", "2026-05-01", "str"),
        ("estimate_pending", True, "bool"),
        ("estimate_pending", 1.0, "float"),
        ("v2", 0, "int"),
        ("documented", 1, "int"),
        ("hourly_quota", 1.0, "float"),
        ("hourly_quota", True, "bool"),
        ("accounts", [("one", Account())], "list"),
    ],
)
def test_wrong_types_are_refused(name: str, value: Any, kind: str) -> None:
    """A value of the wrong type is a TypeError when the server is created."""
    with pytest.raises(TypeError, match=rf"^{name} must be .*, got {kind}$"):
        BillingServer(**{name: value})


@pytest.mark.parametrize(
    ("accounts", "message"),
    [
        ({"one": "First"}, "the account of a token must be an Account, got str"),
        ({1: Account()}, "token must be a str, got int"),
    ],
)
def test_wrong_accounts_are_refused(accounts: Any, message: str) -> None:
    """A mapping of accounts with a wrong token or value is a TypeError."""
    with pytest.raises(TypeError, match=f"^{message}$"):
        BillingServer(accounts=accounts)


@pytest.mark.parametrize("given", [{"token": "x"}, {"customer_id": "x"}, {"today": TODAY}])
def test_accounts_replace_other_arguments(given: dict[str, Any]) -> None:
    """Arguments of one account, together with several, are a TypeError."""
    message = "^accounts must be given without token, customer_id and today$"
    with pytest.raises(TypeError, match=message):
        BillingServer(accounts=some_accounts(), **given)


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"status": 99}, "status"),
        ({"status": 1000}, "status"),
        ({"delay": -1}, "delay"),
        ({"delay": float("nan")}, "delay"),
        ({"delay": float("inf")}, "delay"),
        ({"cut": 0}, "cut"),
        ({"cut": 3, "body": "abc"}, "cut"),
        ({"cut": -1, "body": "abc"}, "cut"),
        ({"cut": "middle", "body": "abc"}, "cut"),
        ({"reset": True}, "reset"),
        ({"status": 204, "body": {"a": 1}}, "body"),
        ({"path": ""}, "path"),
        ({"path": "billing"}, "path"),
        ({"headers": {"a b": "c"}}, "headers: a name"),
        ({"headers": {"a": "b\r\nc: d"}}, "headers: the value of a"),
        ({"headers": {"a": "漢"}}, "headers: the value of a"),
    ],
)
def test_wrong_values_of_a_response_are_refused(
    server: BillingServer, arguments: dict[str, Any], name: str
) -> None:
    """A response that makes no sense is a ValueError when it is enqueued, and is not kept."""
    with pytest.raises(ValueError, match=f"^{name} must "):
        server.enqueue(**arguments)
    assert 200 == get(server, MAY).status


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"status": "200"}, "status"),
        ({"status": True}, "status"),
        ({"delay": "1"}, "delay"),
        ({"delay": True}, "delay"),
        ({"cut": 1.0, "body": "abc"}, "cut"),
        ({"cut": True, "body": "abc"}, "cut"),
        ({"reset": 1, "cut": "before"}, "reset"),
        ({"body": 5}, "body"),
        ({"body": None}, "body"),
        ({"headers": [("a", "b")]}, "headers"),
        ({"headers": {"a": 1}}, "headers: the value of a"),
        ({"headers": {1: "a"}}, "headers: a name"),
        ({"path": 5}, "path"),
        ({"path": b"/billing"}, "path"),
        ({"path": re.compile(b"/billing")}, "the pattern of path"),
    ],
)
def test_wrong_types_of_a_response_are_refused(
    server: BillingServer, arguments: dict[str, Any], name: str
) -> None:
    """An argument of the wrong type is a TypeError when it is enqueued, and is not kept."""
    with pytest.raises(TypeError, match=f"^{name} must be .*, got "):
        server.enqueue(**arguments)
    assert 200 == get(server, MAY).status


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("estimate_pendin", "estimate_pending"), ("tokn", "token"), ("x", "estimate_pending")],
)
def test_misspelt_attributes_are_refused(server: BillingServer, name: str, nearest: str) -> None:
    """Assigning to an unknown attribute raises an error that names the nearest one."""
    message = f"unknown attribute '{name}' of a BillingServer: did you mean '{nearest}'?"
    with pytest.raises(AttributeError, match=f"^{re.escape(message)}$"):
        setattr(server, name, 1)


@pytest.mark.parametrize("name", ["account", "customer_id", "requests", "token", "url", "close"])
def test_other_attributes_are_read_only(server: BillingServer, name: str) -> None:
    """Only estimate_pending can be set."""
    with pytest.raises(AttributeError, match=f"^'{name}' of a BillingServer is read-only$"):
        setattr(server, name, None)


def test_a_subclass_has_attributes_of_its_own() -> None:
    """A class derived from the server can keep what it needs."""

    class Mine(BillingServer):
        """A server with an attribute."""

    mine = Mine()
    mine.extra = 1
    assert 1 == mine.extra


# Pending estimates


@pytest.mark.parametrize("pending", [0, 2])
@pytest.mark.parametrize("path", [MONTH_TO_DATE, "v2"])
def test_how_often_an_estimate_is_pending_is_an_argument(pending: int, path: str) -> None:
    """The number of 202s before an estimate is the constructor's, in both versions."""
    with BillingServer(today=TODAY, estimate_pending=pending) as server:
        path = estimate_path(server) if path == "v2" else path
        statuses = [get(server, path).status for _ in range(pending + 2)]
    assert [202] * pending + [200, 200] == statuses
    assert pending == server.estimate_pending


def test_setting_estimate_pending_starts_the_count_again(server: BillingServer) -> None:
    """Once estimate_pending is set, each estimate is pending that many times again."""
    assert [202, 200] == [get(server, MONTH_TO_DATE).status for _ in range(2)]
    server.estimate_pending = 2
    assert [202, 202, 200] == [get(server, MONTH_TO_DATE).status for _ in range(3)]
    server.estimate_pending = 2
    assert 202 == get(server, MONTH_TO_DATE).status
    server.estimate_pending = 0
    assert [200, 200] == [
        get(server, path).status for path in (MONTH_TO_DATE, estimate_path(server))
    ]


@pytest.mark.parametrize(("value", "kind"), [(-1, ValueError), (True, TypeError), ("1", TypeError)])
def test_a_wrong_estimate_pending_is_refused(
    server: BillingServer, value: Any, kind: type[Exception]
) -> None:
    """A wrong value is refused when it is set, and the old one remains."""
    with pytest.raises(kind, match=r"^estimate_pending must be "):
        server.estimate_pending = value
    assert 1 == server.estimate_pending


# v2 switched off


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("token", ["", TOKEN])
def test_without_v2_its_paths_are_not_found(method: str, token: str) -> None:
    """With v2=False every path of v2 is a 404, whatever its method and token; v3 works."""
    with BillingServer(today=TODAY, v2=False) as server:
        for path in (MAY, invoice_path(server, 2020, 5), estimate_path(server), "/billing/v2/x"):
            reply = get(server, path, method, Fastly_Key=token)
            assert (404, "Record not found") == (reply.status, reply.json["msg"])
        assert 200 == get(server, INVOICES).status


# Memory


def test_the_newest_ten_thousand_requests_are_kept(server: BillingServer) -> None:
    """Requests beyond 10,000 replace the oldest ones; the quota still counts them all."""
    with dial(server) as connection, connection.makefile("rb") as stream:
        for first in range(0, 10_005, 69):
            requests = [b"HEAD /%d HTTP/1.1\r\n\r\n" % (first + n) for n in range(69)]
            connection.sendall(b"".join(requests))
            for _ in requests:
                while stream.readline().strip():
                    pass
    paths = [request.path for request in server.requests]
    assert (10_000, "/5", "/10004") == (len(paths), paths[0], paths[-1])


# In the foreground


def _take_interrupts() -> None:
    """Let Ctrl-C work even if the tests run as a shell's background job, which ignores it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture(params=[()])
def foreground(request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[str]]:
    """The command, running."""
    command = [sys.executable, "-W", "error", "-m", "fastly.testing", *request.param]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        preexec_fn=_take_interrupts,
    ) as process:
        yield process
        process.terminate()


def printed(process: subprocess.Popen[str]) -> dict[str, str]:
    """Return the facts that the process prints, by label."""
    assert process.stdout is not None
    lines = iter(process.stdout.readline, "Press Ctrl-C to stop.\n")
    facts = (line.partition(":") for line in lines)
    return {label: text.strip() for label, _, text in facts}


def fetch(command: str) -> Reply:
    """Run the request of a line with curl."""
    curl, option, header, url = shlex.split(command)
    name, token = header.split(": ")
    assert ("curl", "-H", "Fastly-Key") == (curl, option, name)
    parts = urlsplit(url)
    with closing(http.client.HTTPConnection(parts.netloc, timeout=10)) as connection:
        return exchange(connection, f"{parts.path}?{parts.query}", Fastly_Key=token)


def test_the_command_prints_requests_to_try(foreground: subprocess.Popen[str]) -> None:
    """The command prints curl lines that work, for v3 first and then for v2."""
    facts = printed(foreground)
    assert ["url", "token", "customer id", "for clients", "try", "try v2"] == list(facts)
    variables = f"export FASTLY_API_URL={facts['url']} FASTLY_API_TOKEN={facts['token']}"
    assert variables == facts["for clients"]
    assert "total" in fetch(facts["try"]).json["meta"]
    assert "2020-05-01T00:00:00Z" == fetch(facts["try v2"]).json["start_time"]


@pytest.mark.parametrize("foreground", [("--no-v2",)], indirect=True)
def test_the_command_without_v2(foreground: subprocess.Popen[str]) -> None:
    """With --no-v2 the command neither serves nor mentions v2."""
    facts = printed(foreground)
    assert ["url", "token", "customer id", "for clients", "try"] == list(facts)
    assert 404 == fetch(facts["try"].replace("/v3/invoices", "/v2/year/2020/month/05")).status


OPTIONS = ("--today", "2026-08-04", "--token", "mine", "--pending", "2", "--documented")


@pytest.mark.parametrize("foreground", [OPTIONS], indirect=True)
def test_the_options_of_the_command(foreground: subprocess.Popen[str]) -> None:
    """Date, token, pending requests and the documented form are options of the command."""
    facts = printed(foreground)
    assert "mine" == facts["token"]
    command = facts["try"].replace("?limit=1", "/month-to-date")
    replies = [fetch(command) for _ in range(3)]
    assert [202, 202, 200] == [reply.status for reply in replies]
    assert "2026-08-04T07:12:00Z" == replies[-1].json["billing_end_date"]
    assert str.isdigit(replies[-1].json["invoice_id"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--today", "2026-8-4"], "argument --today: must be a date such as 2026-08-04, got '2026"),
        (["--today", "20260804"], "argument --today: must be a date such as 2026-08-04, got '2026"),
        (["--today", "2019-02-28"], "today must be in the months 2019-03 to 9998-12, got 2019-02-"),
        (["--token", "a b"], "token must be 1 or more visible ASCII characters"),
        (["--pending", "-1"], "estimate_pending must be 0 or more, got -1"),
        (["--pending", "x"], "argument --pending: invalid int value: 'x'"),
        (["--port", "99999"], "port must be an integer from 0 to 65535, got 99999"),
        (["--tokn", "x"], "unrecognized arguments: --tokn x"),
        (["--tok", "x"], "unrecognized arguments: --tok x"),
    ],
)
def test_wrong_options_are_refused(arguments: list[str], message: str) -> None:
    """A misspelt option or a wrong value is an error with exit status 2, and nothing listens."""
    command = [sys.executable, "-m", "fastly.testing", *arguments]
    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert (2, "") == (result.returncode, result.stdout)
    assert f"error: {message}" in result.stderr.splitlines()[-1]


@pytest.mark.skipif(os.name == "nt", reason="sends POSIX signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_serves_until_a_signal(
    foreground: subprocess.Popen[str], number: signal.Signals
) -> None:
    """The command stops cleanly at a signal."""
    printed(foreground)
    foreground.send_signal(number)
    rest, errors = foreground.communicate(timeout=10)
    assert (0, "", "") == (foreground.returncode, rest, errors)


def test_a_port_that_cannot_be_used(server: BillingServer) -> None:
    """A port that is taken is one line on stderr and exit status 1."""
    port = str(urlsplit(server.url).port)
    command = [sys.executable, "-m", "fastly.testing", "--port", port]
    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert (1, "", 1) == (result.returncode, result.stdout, result.stderr.count("\n"))
    assert result.stderr.startswith(f"Cannot listen on 127.0.0.1 port {port}: ")
