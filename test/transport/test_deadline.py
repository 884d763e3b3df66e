"""Deadlines, and sockets that keep them, without HTTP."""

from __future__ import annotations

import math
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import trustme
from faults import FaultServer, Refusing, Unaccepting
from secure import LOOPBACK, SLACK, server_context
from urllib3.util.ssltransport import SSLTransport

from fastly._transport.deadline import Deadline
from fastly._transport.sockets import _LAST_GOOD, connect, first_connected, in_order

# With no name, the addresses are those of the loopback interface: ::1, then 127.0.0.1.
EVERY_LOOPBACK: Any = None


@contextmanager
def listening(host: str = "127.0.0.1", port: int = 0) -> Iterator[socket.socket]:
    """Listen on an address."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family) as listener:
        yield listener


def test_a_number_is_for_the_whole_call() -> None:
    """A single number limits the call, its connecting and each response."""
    deadline = Deadline.of(5, 10)
    assert (5, 5) == (deadline.connect, deadline.read)
    assert 4.9 < deadline.left() <= 5
    assert 4.9 < deadline.left_of_phase() <= 5
    assert (10, 60) == (Deadline.of(60, 10).connect, Deadline.of(60, 10).read)


def test_a_pair_is_for_each_try() -> None:
    """A pair limits connecting and each response, but not the call."""
    deadline = Deadline.of((1, 2), 10)
    assert (1, 2, math.inf) == (deadline.connect, deadline.read, deadline.left())
    assert math.inf == deadline.left_of_phase()
    deadline.start_phase(deadline.connect)
    assert 0.9 < deadline.left_of_phase() <= 1
    deadline.start_phase(deadline.read)
    assert 1.9 < deadline.left_of_phase() <= 2


def test_a_phase_never_outlasts_the_call() -> None:
    """What is left of a phase is what is left of the call, if that is less."""
    deadline = Deadline(0.05, 10, 10)
    deadline.start_phase(10)
    assert deadline.left_of_phase() <= 0.05
    time.sleep(0.06)
    assert deadline.left() < 0
    assert deadline.left_of_phase() < 0


def test_the_next_address_is_tried() -> None:
    """If the first address refuses, the next one is used."""
    with listening() as listener, Deadline(1, 1, 1):
        port = listener.getsockname()[1]
        with connect(EVERY_LOOPBACK, port, []) as sock:
            assert ("127.0.0.1", port) == sock.getpeername()


def test_every_address_is_tried() -> None:
    """Of three addresses, the middle one is used if only it accepts."""
    with Refusing() as first, listening() as second, Refusing() as third, Deadline(1, 1, 1):
        ports = (first.port, second.getsockname()[1], third.port)
        three = [socket.getaddrinfo("127.0.0.1", port)[0] for port in ports]
        with first_connected(three, []) as sock:
            assert second.getsockname() == sock.getpeername()


def test_connecting_ends_with_the_phase() -> None:
    """Connecting to an unresponsive address ends at the connect timeout."""
    with Unaccepting() as full, Deadline(60, 60, 60) as deadline:
        deadline.start_phase(0.3)
        started = time.monotonic()
        with pytest.raises(TimeoutError):
            connect("127.0.0.1", full.port, [])
        assert 0.28 <= time.monotonic() - started < SLACK


def test_the_first_address_that_answers_is_taken() -> None:
    """If the first address accepts, it is used."""
    with listening("::1") as listener, Deadline(1, 1, 1):
        port = listener.getsockname()[1]
        with connect(EVERY_LOOPBACK, port, []) as sock:
            assert ("::1", port) == sock.getpeername()[:2]


def test_the_last_address_tells_why() -> None:
    """If no address accepts, the last error is raised, and no socket is left open."""
    with listening() as listener:
        port = listener.getsockname()[1]
    with Deadline(1, 1, 1), pytest.raises(ConnectionRefusedError):
        connect(EVERY_LOOPBACK, port, [])


def test_options_are_set_before_connecting() -> None:
    """Socket options are set, and an invalid one raises an OSError that leaves no socket open."""
    keep_alive = (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    with listening() as listener, Deadline(1, 1, 1):
        port = listener.getsockname()[1]
        with connect("127.0.0.1", port, [keep_alive]) as sock:
            assert 0 != sock.getsockopt(*keep_alive[:2])
        with pytest.raises(OSError, match="Protocol not available"):
            connect("127.0.0.1", port, [(socket.SOL_SOCKET, 9999, 1)])


def received(sock: socket.socket) -> bytes:
    """Receive a byte."""
    return sock.recv(1)


def received_into(sock: socket.socket) -> bytes:
    """Receive a byte into a buffer."""
    buffer = bytearray(1)
    return bytes(buffer[: sock.recv_into(buffer)])


@pytest.mark.parametrize("receive", [received, received_into])
def test_each_wait_ends_with_the_call(receive: Any) -> None:
    """Every way of receiving ends with the call, however many bytes were received before."""
    with (
        listening() as listener,
        Deadline(0.5, 60, 60),
        connect(*listener.getsockname(), []) as sock,
        listener.accept()[0] as other,
    ):
        other.sendall(b"x")
        assert b"x" == receive(sock)
        started = time.monotonic()
        with pytest.raises(TimeoutError):
            receive(sock)
        assert time.monotonic() - started < SLACK


def test_after_the_call_each_wait_is_as_long_as_an_answer() -> None:
    """After the call, each wait of a socket can last as long as the read timeout."""
    with listening() as listener:
        with Deadline(0.05, 1, 0.15):
            sock = connect(*listener.getsockname(), [])
        with sock, listener.accept()[0] as other:
            other.sendall(b"x")
            with Deadline(0.05, 1, 0.15):
                assert b"x" == sock.recv(1)
            time.sleep(0.06)
            started = time.monotonic()
            with pytest.raises(TimeoutError):
                sock.recv(1)
            assert 0.15 <= time.monotonic() - started < SLACK


def test_flags_are_passed_on() -> None:
    """Receiving and sending accept flags, as for any socket."""
    with (
        listening() as listener,
        Deadline(1, 1, 1),
        connect(*listener.getsockname(), []) as sock,
        listener.accept()[0] as other,
    ):
        other.sendall(b"xy")
        buffer = bytearray(4)
        assert b"x" == sock.recv(1, socket.MSG_PEEK)
        assert 2 == sock.recv_into(buffer, 0, socket.MSG_PEEK)
        assert 1 == sock.recv_into(buffer, 1)
        assert b"y" == sock.recv(5)
        sock.sendall(b"a", socket.MSG_OOB)
        sock.sendall(b"b")
        assert b"b" == other.recv(5)


def test_sending_ends_with_the_call() -> None:
    """Sending to a peer that does not read ends with the call."""
    with (
        listening() as listener,
        Deadline(0.5, 60, 60),
        connect(*listener.getsockname(), []) as sock,
        listener.accept()[0],
    ):
        started = time.monotonic()
        with pytest.raises(TimeoutError):
            sock.sendall(bytes(64 * 1024 * 1024))
        assert time.monotonic() - started < SLACK


def test_each_wait_over_tls_ends_with_the_call(authority: trustme.CA, roots: str) -> None:
    """TLS over such a socket connects, sends and receives within the deadline."""
    settings = ssl.create_default_context(cafile=roots)
    with (
        FaultServer(tls=server_context(authority.issue_cert(*LOOPBACK))) as server,
        Deadline(0.5, 60, 60),
        connect("127.0.0.1", server.port, []) as sock,
    ):
        tls = SSLTransport(sock, settings, "127.0.0.1")
        started = time.monotonic()
        for wait in (tls.recv, lambda: tls.recv_into(bytearray(1)), lambda: tls.sendall(b"x")):
            with pytest.raises(TimeoutError):
                wait()
        assert time.monotonic() - started < SLACK


@pytest.mark.parametrize("receive", [received, received_into])
def test_a_wait_ends_when_the_call_is_aborted(receive: Any) -> None:
    """Aborting a call from another thread ends its current wait and every later one."""
    with (
        listening() as listener,
        Deadline(60, 60, 60) as deadline,
        connect(*listener.getsockname(), []) as sock,
        listener.accept()[0],
    ):
        deadline.start_phase(60)
        deadline.start_phase(60)
        started = time.monotonic()
        threading.Timer(0.1, deadline.abort).start()
        assert b"" == receive(sock)
        with pytest.raises(TimeoutError):
            receive(sock)
        deadline.sleep(60)
        assert (True, -math.inf) == (deadline.aborted, deadline.left())
        assert 0.1 <= time.monotonic() - started < SLACK


def test_a_call_that_is_aborted_stops_connecting() -> None:
    """Aborting a call ends connecting."""
    with Unaccepting() as port, Deadline(60, 60, 60) as deadline:
        deadline.start_phase(60)
        started = time.monotonic()
        threading.Timer(0.1, deadline.abort).start()
        with pytest.raises((ConnectionError, TimeoutError)):
            connect("127.0.0.1", port.port, [])
        assert 0.1 <= time.monotonic() - started < SLACK


def test_a_replaced_socket_class_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """If a program has replaced ``socket.socket``, connections use its class."""

    class Theirs(socket.socket):
        pass

    with listening() as listener, Deadline(1, 1, 1):
        # PySocks and mocket replace the class in the same way.
        monkeypatch.setattr(socket, "socket", Theirs)
        with connect(*listener.getsockname(), []) as sock:
            assert isinstance(sock, Theirs)


def test_addresses_that_swallow_packets_cost_a_moment_each() -> None:
    """The next address is tried after a fraction of a second, and the good one first next time."""
    with Unaccepting() as a, Unaccepting() as b, listening() as good, Deadline(5, 5, 5) as deadline:
        ports = (a.port, b.port, good.getsockname()[1])
        three = [socket.getaddrinfo("127.0.0.1", port)[0] for port in ports]
        assert 0.5 <= seconds_to_connect(three, deadline) < 3
        assert seconds_to_connect(three, deadline) < 0.25


def seconds_to_connect(addresses: list[Any], deadline: Deadline) -> float:
    """Connect to the last of some addresses, and return how long that took."""
    deadline.start_phase(5)
    started = time.monotonic()
    with first_connected(addresses, []) as sock:
        assert addresses[-1][4] == sock.getpeername()
    return time.monotonic() - started


def test_connecting_to_several_addresses_ends_with_the_phase() -> None:
    """If none of several addresses answers, connecting ends at the connect timeout."""
    with Unaccepting() as a, Unaccepting() as b, Deadline(5, 5, 5) as deadline:
        two = [socket.getaddrinfo("127.0.0.1", port)[0] for port in (a.port, b.port)]
        deadline.start_phase(0.4)
        with pytest.raises(TimeoutError):
            first_connected(two, [])


def test_a_family_that_the_system_lacks_is_passed_over() -> None:
    """An address whose socket cannot be made does not keep the next from being tried."""
    with listening() as listener, Deadline(1, 1, 1):
        good = socket.getaddrinfo(*listener.getsockname())[0]
        no_family = (socket.AF_APPLETALK, *good[1:4], ("127.0.0.1", 1))
        with first_connected([no_family, good], []) as sock:
            assert listener.getsockname() == sock.getpeername()


class OnlyConnects(socket.socket):
    """A socket as tools that replace it make one: it has no ``connect_ex``."""

    @property
    def connect_ex(self) -> Any:  # type: ignore[override]  # a socket without it
        """Raise the error of what does not exist."""
        raise AttributeError("connect_ex")


def test_a_socket_that_only_connects(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tool's socket that cannot connect without waiting connects to the first address."""
    monkeypatch.setattr(socket, "socket", OnlyConnects)
    with Deadline(5, 5, 5) as deadline, listening() as one, listening() as other:
        deadline.start_phase(5)
        two = [socket.getaddrinfo(*listener.getsockname())[0] for listener in (one, other)]
        with first_connected(two, []) as sock:
            assert one.getsockname() == sock.getpeername()


def test_families_alternate() -> None:
    """Addresses of different families take turns, whatever order they came in."""
    six, four = socket.AF_INET6, socket.AF_INET
    found = [(six, 1), (six, 2), (six, 3), (four, 4), (four, 5)]
    ordered = in_order([(family, 0, 0, "", name) for family, name in found], 5)
    assert [5, 1, 4, 2, 3] == [address[4] for address in ordered]


def test_only_so_many_hosts_are_remembered() -> None:
    """The addresses that worked do not fill the memory."""
    with Deadline(5, 5, 5) as deadline, listening() as a, Refusing() as refused:
        for _ in range(130):
            with listening() as other:
                addresses = [refused.port, other.getsockname()[1], a.getsockname()[1]]
                three = [socket.getaddrinfo("127.0.0.1", port)[0] for port in addresses]
                deadline.start_phase(5)
                first_connected(three, []).close()
    assert 0 < len(_LAST_GOOD) <= 64


def test_a_call_can_be_aborted_before_it_waits() -> None:
    """A call that is aborted before it has a socket does not start to wait."""
    deadline = Deadline(60, 60, 60)
    deadline.abort()
    deadline.abort()
    with socket.socket() as sock, pytest.raises(TimeoutError, match=r"^timed out$"):
        deadline.limit(sock)


def test_an_address_that_fails_at_once_is_passed_over() -> None:
    """An address that cannot be tried at all does not cost a moment."""
    with listening() as listener, Deadline(5, 5, 5) as deadline:
        good = socket.getaddrinfo(*listener.getsockname())[0]
        # A link-local address without its link.
        bad = (socket.AF_INET6, *good[1:4], ("fe80::1", 9, 0, 0))
        assert seconds_to_connect([bad, good], deadline) < 5
