"""The server that misbehaves, tested with plain sockets."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import json
import random
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator

import pytest
import trustme
from faults import (
    BODY,
    Fault,
    FaultServer,
    Refusing,
    Unaccepting,
    answer,
    broken_chunks,
    broken_gzip,
    by_chance,
    chunked,
    chunks,
    cut_body,
    double_head,
    drip_body,
    drip_chunks,
    drip_head,
    endless,
    every_fault,
    failing,
    garbage,
    good,
    gzip_bytes,
    gzipped,
    head,
    huge_line,
    in_seconds,
    interim,
    late,
    limited,
    lying_encoding,
    many_headers,
    raw,
    redirect,
    reset_after_head,
    reset_at_connect,
    reset_before_head,
    reset_in_body,
    reset_in_head,
    slow_faults,
    stall,
    stall_at_connect,
    stall_in_body,
    stall_in_head,
    switching,
    two_answers,
    two_lengths,
    wrong_length,
)

REQUEST = b"GET /invoices/7?x=1 HTTP/1.1\r\nHost: h\r\nAccept: %s\r\nFastly-Key: t\r\n\r\n"
ASK = REQUEST % b"application/json"


@contextlib.contextmanager
def connected(server: FaultServer) -> Iterator[socket.socket]:
    """A connection that has sent nothing yet."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as sock:
        yield sock


def received(sock: socket.socket, seconds: float = 5) -> bytes:
    """Receive until the end of the stream, or until nothing has arrived for a time."""
    sock.settimeout(seconds)
    came = b""
    with contextlib.suppress(TimeoutError):
        while piece := sock.recv(65536):
            came += piece
    return came


def reply(sock: socket.socket, request: bytes = ASK) -> http.client.HTTPResponse:
    """Send a request, and read the head of the response."""
    sock.sendall(request)
    response = http.client.HTTPResponse(sock)
    response.begin()
    return response


def status_of(sock: socket.socket) -> int:
    """Send a request, read the whole response, and return its status."""
    with reply(sock) as response:
        response.read()
        return response.status


def wait_until(come_true: Callable[[], bool]) -> None:
    """Wait until a condition is true, and fail if it is not within some seconds."""
    end = time.monotonic() + 5
    while not come_true():
        assert time.monotonic() < end
        time.sleep(0.005)


def said(fault: Fault) -> bytes:
    """Return all that a server with this fault sends in response to one request.

    The client ends its side, so that the server closes when it has sent all, also where it
    would wait: a fixed time for reading is too short on a machine that is busy.
    """
    with FaultServer(choose=lambda: fault) as server, connected(server) as sock:
        sock.sendall(ASK)
        sock.shutdown(socket.SHUT_WR)
        return received(sock)


def body_of(answer: bytes) -> bytes:
    """Return what follows the head of a response."""
    return answer.partition(b"\r\n\r\n")[2]


def test_a_good_answer_is_what_was_asked_for() -> None:
    """The invoice has the ID in the target, in the format of the Accept header."""
    forms = {"application/json": b"{", "text/csv": b"invoice_id", "application/pdf": b"%PDF-"}
    with FaultServer() as server, connected(server) as sock:
        for kind, start in forms.items():
            with reply(sock, REQUEST % kind.encode()) as response:
                assert kind == response.headers["Content-Type"]
                body = response.read()
            assert (True, True) == (body.startswith(start), b"7" in body)
    assert 1 == server.connections


def test_requests_are_recorded() -> None:
    """The server records target, headers and bytes of each request."""
    with FaultServer() as server, connected(server) as sock:
        status_of(sock)
    (request,) = server.requests
    assert "/invoices/7?x=1" == request.target
    assert {"host": "h", "accept": "application/json", "fastly-key": "t"} == request.headers
    assert ASK == request.head + b"\r\n\r\n"


def test_a_request_may_come_in_pieces() -> None:
    """The head of a request is read to its end, however it arrives."""
    with FaultServer() as server, connected(server) as sock:
        for piece in (ASK[:10], ASK[10:-1], ASK[-1:]):
            sock.sendall(piece)
            time.sleep(0.01)
        assert 200 == int(sock.recv(4096).split()[1])


def test_the_script_comes_first() -> None:
    """Each fault of the script handles one request, and then the choice begins."""
    scripted = FaultServer(failing(503), failing(404), choose=lambda: failing(500))
    with scripted as server, connected(server) as sock:
        assert [503, 404, 500, 500] == [status_of(sock) for _ in range(4)]
    assert {"failing 503": 1, "failing 404": 1, "failing 500": 2} == server.acted


def test_a_fault_at_connect_takes_a_connection() -> None:
    """A fault at connect acts before a request, and the next fault handles the next one."""
    with FaultServer(reset_at_connect()) as server:
        # The reset may arrive while connecting, too.
        with pytest.raises(ConnectionResetError), connected(server) as sock:
            received(sock)
        with connected(server) as sock:
            assert 200 == status_of(sock)
    assert (2, 1) == (server.connections, len(server.requests))


def test_a_refusing_port_refuses() -> None:
    """Nothing listens on the port."""
    with Refusing() as server, pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port), timeout=1)


def test_a_full_backlog_lets_nobody_in() -> None:
    """Connecting to the port neither succeeds nor fails."""
    with Unaccepting() as server, pytest.raises(TimeoutError):
        socket.create_connection(("127.0.0.1", server.port), timeout=0.2)


RESETS = {
    reset_before_head(): b"",
    reset_in_head(): head()[:20],
    reset_after_head(): head(200, {"Content-Length": "100"}),
}


@pytest.mark.parametrize("fault", [*RESETS, reset_in_body()], ids=lambda fault: fault.name)
def test_resets_are_resets(fault: Fault) -> None:
    """The connection ends in a TCP reset, not in an orderly close."""
    with (
        FaultServer(fault) as server,
        connected(server) as sock,
        pytest.raises(ConnectionResetError),
    ):
        ended(sock)


def test_a_reset_comes_after_what_it_should() -> None:
    """Some of the response arrives before the reset."""
    with FaultServer(reset_in_head()) as server, connected(server) as sock:
        sock.sendall(ASK)
        assert b"HTTP/1.1 200 Reason"[:5] == sock.recv(5)
        with pytest.raises(ConnectionResetError):
            received(sock)


def test_a_cut_body_lacks_its_end() -> None:
    """The Content-Length is true, and the last bytes are never sent."""
    came = said(cut_body(10))
    assert b"Content-Length: %d\r\n" % len(BODY) in came
    assert BODY[:-10] == body_of(came)


@pytest.mark.parametrize("fault", [drip_head(0.05), drip_body(0.05), drip_chunks(0.05)])
def test_drips_come_byte_by_byte(fault: Fault) -> None:
    """At most a few bytes arrive in each pause of the server."""
    with FaultServer(fault) as server, connected(server) as sock:
        sock.sendall(ASK)
        time.sleep(0.02)
        sock.recv(65536)
        start = time.monotonic()
        count = sum(len(sock.recv(65536)) for _ in range(3))
        spent = time.monotonic() - start
        assert (True, True) == (spent >= 0.09, count < 4 * (spent / 0.05 + 2))


STALLS = {stall(): 0, stall_in_head(): 20, stall(b"1234"): 4}


@pytest.mark.parametrize(("fault", "length"), STALLS.items())
def test_stalls_leave_the_connection_open(fault: Fault, length: int) -> None:
    """After some bytes, nothing arrives, not even the end of the stream."""
    with FaultServer(fault) as server, connected(server) as sock:
        sock.sendall(ASK)
        assert length == sum(len(sock.recv(1)) for _ in range(length))
        sock.settimeout(0.1)
        with pytest.raises(TimeoutError):
            sock.recv(1)


def test_a_stalled_body_lacks_its_end() -> None:
    """The head and most of the body arrive."""
    assert BODY[:-10] == body_of(said(stall_in_body()))


def test_a_stall_at_connect_answers_nothing() -> None:
    """The connection is accepted, and nothing is ever sent."""
    with FaultServer(stall_at_connect()) as server, connected(server) as sock:
        sock.sendall(ASK)
        assert b"" == received(sock, 0.1)


def test_a_stall_ends_with_its_client() -> None:
    """A fault ends when its client has gone."""
    before = threading.active_count()
    with FaultServer(stall(), drip_head(0.01)) as server:
        for _ in range(2):
            with connected(server) as sock:
                sock.sendall(ASK)
                wait_until(lambda: threading.active_count() > before + 1)
        wait_until(lambda: threading.active_count() == before + 1)  # the one that listens


def test_an_endless_body_goes_on() -> None:
    """The body arrives faster than it is read, and has no end."""
    with FaultServer(endless(head(), b"x" * 1000)) as server, connected(server) as sock:
        sock.sendall(ASK)
        assert all(sock.recv(65536) for _ in range(2000))


@pytest.mark.parametrize("difference", [5, -5])
def test_a_wrong_length_is_wrong(difference: int) -> None:
    """The body is complete, and Content-Length differs from it."""
    came = said(wrong_length(difference))
    assert b"Content-Length: %d\r\n" % (len(BODY) + difference) in came
    assert BODY == body_of(came)


BYTES = {
    "garbage": (garbage(), b"no HTTP", 1),
    "two lengths": (two_lengths(), b"Content-Length: ", 2),
    "double head": (double_head(), b"HTTP/1.1 200 ", 2),
    "two answers": (two_answers(), b'"invoice_id"', 2),
    "100": (interim(100), b"HTTP/1.1 100 ", 1),
    "102 and 103": (interim(102, 103), b"HTTP/1.1 10", 2),
    "101": (switching(), b"HTTP/1.1 101 ", 1),
    "huge line": (huge_line(), b"x" * 70_000, 1),
    "many headers": (many_headers(120), b"\r\nX-", 120),
    "br": (lying_encoding("br"), b"Content-Encoding: br\r\n", 1),
    "429": (limited({"Retry-After": "7"}), b"HTTP/1.1 429 Reason\r\nRetry-After: 7\r\n", 1),
    "redirect": (redirect("{origin}{target}", 307), b"/invoices/7?x=1\r\n", 1),
    "no location": (redirect(None), b"Location", 0),
    "raw": (raw(b"raw"), b"raw", 1),
    "204": (answer(b"", 204), b"HTTP/1.1 204 ", 1),
}


@pytest.mark.parametrize(("fault", "part", "times"), BYTES.values(), ids=BYTES)
def test_what_is_said(fault: Fault, part: bytes, times: int) -> None:
    """The bytes that characterize a fault are sent, as often as they should be."""
    assert times == said(fault).count(part)


def test_interim_answers_precede_the_real_one() -> None:
    """A normal response follows the interim ones."""
    came = said(interim(100, 103))
    assert came.index(b" 100 ") < came.index(b" 103 ") < came.index(b" 200 ")


def test_a_redirect_knows_where_it_is() -> None:
    """Placeholders in a redirect are replaced by the server's values and the request's."""
    with FaultServer(redirect("{origin}/a?{port}{target}")) as server, connected(server) as sock:
        sock.sendall(ASK)
        expected = f"Location: {server.url}/a?{server.port}/invoices/7?x=1\r\n"
        assert expected.encode() in sock.recv(65536)


def unchunked(body: bytes) -> bytes:
    """Decode the chunked coding."""
    size, _, rest = body.partition(b"\r\n")
    length = int(size, 16)
    return rest[:length] + unchunked(rest[length + 2 :]) if length else b""


def test_chunks_are_chunks() -> None:
    """The chunks make up the body, and end properly."""
    came = body_of(said(chunked()))
    assert (BODY, b"0\r\n\r\n") == (unchunked(came), came[-5:])


def test_chunks_break_where_they_are_told() -> None:
    """A broken body is truncated at the offset, or has other bytes there."""
    whole = chunks(BODY)
    assert whole[:7] == body_of(said(broken_chunks(7)))
    assert whole[:7] + b"zz" + whole[9:] == body_of(said(broken_chunks(7, b"zz")))


@pytest.mark.parametrize("members", [1, 2, 5])
def test_gzip_is_gzip(members: int) -> None:
    """However many members there are, together they contain the body."""
    came = body_of(said(gzipped(members=members)))
    assert BODY == gzip.decompress(came)
    assert members == came.count(b"\x1f\x8b\x08")


def test_gzip_breaks_where_it_is_told() -> None:
    """A broken stream is truncated at the offset, or has other bytes there, with a true length."""
    whole = gzip_bytes(BODY)
    came = said(broken_gzip(12))
    assert b"Content-Length: 12\r\n" in came
    assert whole[10:12] == body_of(came)[10:]
    changed = body_of(said(broken_gzip(12, b"zz")))
    assert (b"zz", len(whole)) == (changed[12:14], len(changed))


def test_late_is_later() -> None:
    """A fault can be delayed."""
    with FaultServer(late(0.1, failing(503))) as server, connected(server) as sock:
        started = time.monotonic()
        sock.sendall(ASK)
        assert sock.recv(12) == b"HTTP/1.1 503"
        assert 0.1 <= time.monotonic() - started


def test_dates_are_http_dates() -> None:
    """The date is in the format that HTTP requires."""
    assert in_seconds(0).endswith(" GMT")


def test_tls_is_spoken_on_demand() -> None:
    """With TLS settings, the server uses TLS."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    with FaultServer(tls=context) as server, connected(server) as plain:
        with trusting.wrap_socket(plain, server_hostname="127.0.0.1") as sock:
            sock.sendall(ASK)
            assert sock.recv(12) == b"HTTP/1.1 200"
        assert server.url.startswith("https://")


EVERY = [*every_fault(), *slow_faults()]


def test_every_fault_has_a_name_of_its_own_kind() -> None:
    """Every kind of fault that the client's tests need exists."""
    names = " ".join(fault.name for fault in EVERY)
    kinds = ("reset", "cut", "drip", "stall", "garbage", "length", "double", "interim", "huge")
    more = ("many", "chunk", "gzip", "lying", "accepted", "limited", "failing", "redirect")
    assert [] == [kind for kind in (*kinds, *more) if kind not in names]


@pytest.mark.parametrize("fault", EVERY, ids=lambda fault: fault.name)
def test_no_fault_harms_the_server(fault: Fault) -> None:
    """After any fault the server responds to the next connection."""
    with FaultServer(fault) as server:
        with connected(server) as sock, contextlib.suppress(OSError):
            sock.sendall(ASK)
            wait_until(lambda: server.acted.total() == 1)
            received(sock, 0.02)
        with connected(server) as sock, reply(sock) as response:
            assert "7" == json.load(response)["invoice_id"]
        assert [] == server.errors


def test_a_mistake_in_a_fault_comes_out() -> None:
    """An error in the server itself fails the test that uses it."""
    bad = Fault("bad", lambda _: 1 // 0)
    with pytest.raises(ZeroDivisionError), FaultServer(bad) as server, connected(server) as sock:
        assert b"" == ended(sock)


def ended(sock: socket.socket) -> bytes:
    """Send a request, and receive until the end of the stream."""
    sock.sendall(ASK)
    return received(sock)


def test_nothing_is_left_behind() -> None:
    """Leaving the block ends every connection and thread, whatever it was doing."""
    before = threading.active_count()
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(FaultServer(choose=stall))
        socks = [stack.enter_context(connected(server)) for _ in range(10)]
        for sock in socks:
            sock.sendall(ASK)
        server.close()
        for sock in socks:
            with contextlib.suppress(ConnectionResetError):
                assert b"" == received(sock)
    assert before == threading.active_count()


def test_the_same_seed_makes_the_same_choices() -> None:
    """A seed determines the choices: good responses, frequent faults and rare ones."""
    first, second = (by_chance(5, [failing()], [stall()], 0.5) for _ in range(2))
    names = [first().name for _ in range(2000)]
    assert names == [second().name for _ in range(2000)]
    assert 900 < names.count(good().name) < 1100
    assert 20 < names.count("stall") < 90


def test_another_seed_makes_other_choices() -> None:
    """Two seeds give different choices."""
    seeds = random.sample(range(10_000), 2)
    one, other = (by_chance(seed, [failing()], [stall()]) for seed in seeds)
    assert [one().name for _ in range(64)] != [other().name for _ in range(64)]
