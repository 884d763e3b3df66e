"""How the stand-in speaks HTTP: requests, connections, limits."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from plain_http import connect, dial, exchange, get, raw, received

from fastly.testing import BillingServer, Headers

ROOT = Path(__file__).parent.parent.parent
TODAY = date(2026, 11, 22)
MAY = "/billing/v2/year/2020/month/05"


@pytest.fixture
def server() -> Iterator[BillingServer]:
    """A server on a fixed day."""
    with BillingServer(today=TODAY) as server:
        yield server


def test_the_body_of_a_request_is_discarded(server: BillingServer) -> None:
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
def test_a_body_of_unknown_length_is_a_bad_request(server: BillingServer, header: bytes) -> None:
    """A request whose body has no clear end is a 400, and the connection's last."""
    response = raw(server, b"POST / HTTP/1.1\r\n" + header + b"\r\n\r\nGET / HTTP/1.1\r\n\r\n")
    assert response.startswith(b"HTTP/1.1 400 ")
    assert 1 == response.count(b"HTTP/1.1 ")


def test_a_truncated_body_is_a_bad_request(server: BillingServer) -> None:
    """A request whose body ends before its length is refused, and not recorded."""
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port)) as wire:
        wire.sendall(b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nabc")
        wire.shutdown(socket.SHUT_WR)
        assert wire.recv(100).startswith(b"HTTP/1.1 400 ")
    assert [] == server.requests


def test_one_connection_serves_many_requests(server: BillingServer) -> None:
    """A connection is kept alive from request to request."""
    with closing(connect(server)) as connection:
        exchange(connection, MAY, Fastly_Key=server.token)
        port = connection.sock.getsockname()[1]
        for _ in range(200):
            assert 200 == exchange(connection, MAY, Fastly_Key=server.token).status
        assert port == connection.sock.getsockname()[1]
    assert 201 == len(server.requests)


def test_pipelined_requests_get_responses_in_order(server: BillingServer) -> None:
    """Requests that arrive in one piece get their responses one by one."""
    server.enqueue(body="first")
    server.enqueue(body="second", headers={"Connection": "close"})
    response = raw(server, b"GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\nGET /3 HTTP/1.1\r\n\r\n")
    assert 0 < response.index(b"first") < response.index(b"second")
    assert ["/1", "/2"] == [request.path for request in server.requests]


@pytest.mark.parametrize(
    "request_head", [b"GET / HTTP/1.0\r\n\r\n", b"GET / HTTP/1.1\r\nconnection: Close\r\n\r\n"]
)
def test_a_client_may_end_the_connection(server: BillingServer, request_head: bytes) -> None:
    """The server closes the connection after `Connection: close` or an HTTP/1.0 request."""
    with dial(server) as connection:
        connection.sendall(request_head)
        assert received(connection).startswith(b"HTTP/1.1 401 ")


def test_a_small_response_arrives_in_one_piece(server: BillingServer) -> None:
    """Header and body go out in one write."""
    server.enqueue(body="whole")
    with dial(server) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
        response = connection.recv(65536)
    assert response.startswith(b"HTTP/1.1 200 OK\r\n")
    assert response.endswith(b"\r\n\r\nwhole")


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
    ],
)
def test_garbage_is_a_bad_request(
    server: BillingServer, garbage: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    """Bytes that are not a request get a 400, are not recorded, and disturb nobody else."""
    assert raw(server, garbage).startswith(b"HTTP/1.1 400 ")
    assert [] == server.requests
    assert 200 == get(server, MAY).status
    assert ("", "") == capfd.readouterr()


def test_a_header_that_older_pythons_cannot_parse(
    server: BillingServer, capfd: pytest.CaptureFixture[str]
) -> None:
    """A header that the parser of some Pythons fails on gets a response; nothing is printed."""
    head = b"GET / HTTP/1.1\r\nContent-Type: multipart/x; b*=a; b*1=c\r\n\r\n"
    assert raw(server, head)[:13] in (b"HTTP/1.1 400 ", b"HTTP/1.1 401 ")
    assert ("", "") == capfd.readouterr()


def test_odd_headers_do_no_harm(server: BillingServer) -> None:
    """A request with invalid or non-ASCII header lines still gets a response."""
    head = b"GET / HTTP/1.1\r\nName: \xff\xfe\r\nno colon\r\n: no name\r\n\r\n"
    assert raw(server, head).startswith(b"HTTP/1.1 401 ")


def test_a_connection_without_a_request(server: BillingServer) -> None:
    """A connection that ends without a request has no effect."""
    assert b"" == raw(server, b"")
    assert [] == server.requests


def test_a_client_may_leave_before_its_response(
    server: BillingServer, capfd: pytest.CaptureFixture[str]
) -> None:
    """A client that is gone when its response is due leaves no trace on stderr."""
    server.enqueue(body=b"x" * 5_000_000, delay=0.05)
    with dial(server) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
    time.sleep(0.1)
    assert 200 == get(server, MAY).status
    assert ("", "") == capfd.readouterr()


def test_the_path_is_kept_as_it_was_sent(server: BillingServer) -> None:
    """A request's path is recorded as it was sent, without the query."""
    raw(server, b"GET //x/%2e#y?a=b%20c HTTP/1.1\r\n\r\n")
    raw(server, b"GET http://other/z?a=1 HTTP/1.1\r\n\r\n")
    expected = [("//x/%2e#y", {"a": "b c"}), ("/z", {"a": "1"})]
    assert expected == [(request.path, request.query) for request in server.requests]


def test_headers_are_a_case_insensitive_mapping() -> None:
    """Headers keep the names as sent, and join the values of repeated ones."""
    headers = Headers([("Via", "a"), ("X-One", "1"), ("via", "b")])
    assert ("a, b", "1") == (headers["VIA"], headers["x-one"])
    assert 2 == len(headers) == len(list(headers))
    assert {"via": "a, b", "X-One": "1"} == dict(headers)
    assert "Cookie" not in headers


@pytest.mark.parametrize(
    "request_head",
    [
        b"GET /?" + b"&".join([b"a=1"] * 101) + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n"
        + b"Name: "
        + b"a" * 8_000
        + b"\r\nMore: "
        + b"a" * 8_400
        + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nName: a\r\n",
    ],
    ids=["parameters", "header", "truncated"],
)
def test_a_request_head_is_limited(server: BillingServer, request_head: bytes) -> None:
    """More than 100 parameters, a head of more than 16 KiB and a truncated one are a 400."""
    assert raw(server, request_head).startswith(b"HTTP/1.1 400 ")
    assert [] == server.requests


def test_a_large_request_head_is_accepted(server: BillingServer) -> None:
    """A head of nearly 16 KiB is accepted."""
    assert 200 == get(server, MAY, Cookie="a" * 16_000).status


# Runs out of descriptors while clients wait, and measures the CPU time of half a second of that.
EXHAUSTED = """
import resource, socket, time
from urllib.parse import urlsplit
from fastly.testing import BillingServer
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))  # 40 clients, but not both of their ends
with BillingServer() as server:
    address = ("127.0.0.1", urlsplit(server.url).port)
    waiting, *clients = [socket.socket() for _ in range(41)]  # before the server takes the rest
    waiting.settimeout(10)
    for client in clients:
        client.settimeout(10)
        client.connect(address)
    waiting.connect(address)
    time.sleep(0.2)
    begun = time.process_time()
    time.sleep(0.5)
    print(time.process_time() - begun)
    for client in clients:
        client.close()
    waiting.sendall(b"GET / HTTP/1.1\\r\\n\\r\\n")
    print(waiting.recv(100).split()[1].decode())
    waiting.close()
"""


@pytest.mark.skipif(os.name == "nt", reason="sets a POSIX limit")
def test_the_descriptor_limit_does_not_spin() -> None:
    """Out of descriptors, the server uses next to no CPU, and it recovers once there are some."""
    result = subprocess.run(
        [sys.executable, "-c", EXHAUSTED],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    seconds, status = result.stdout.split()
    assert float(seconds) < 0.1
    assert "401" == status
