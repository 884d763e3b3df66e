"""Sockets that keep a deadline.

A socket's own timeout starts anew with each read, so an answer that drips a byte a second never
times out. Here a call's ``Deadline`` stands beside the sockets it uses: each wait of theirs is
given what is left of it, and nothing more. No thread watches over it.
"""

from __future__ import annotations

import math
import socket
import ssl
import time
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Deadline", "DeadlineSSLSocket", "connect"]

_running: ContextVar[Deadline] = ContextVar("fastly deadline")


class Deadline:
    """The end of one call, and within it of the phase (connecting, reading) that it is in.

    In a ``with`` block, it is the deadline of all that the thread does with sockets of this module.

    Args:
        total: Seconds for the whole call, or None: then only its phases are bounded.
        connect: Seconds for each connecting: TCP, proxy and TLS together.
        read: Seconds for each answer, from the request to the last byte.
    """

    __slots__ = ("_end", "_phase_end", "_token", "connect", "read")

    def __init__(self, total: float | None, connect: float, read: float) -> None:
        self._end = math.inf if total is None else time.monotonic() + total
        self._phase_end = math.inf
        self.connect = connect
        self.read = read

    @classmethod
    def of(cls, timeout: float | tuple[float, float], default_connect: float) -> Deadline:
        """Make one of a timeout: seconds for the whole call, or ``(connect, read)`` a try."""
        if isinstance(timeout, tuple):
            return cls(None, *timeout)
        return cls(timeout, min(timeout, default_connect), timeout)

    def start_phase(self, seconds: float) -> None:
        """Begin connecting or reading: from now on it has this many seconds."""
        self._phase_end = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds left of the call; less than 0 when it should have ended."""
        return self._end - time.monotonic()

    def left_of_phase(self) -> float:
        """Return the seconds left of the phase, which never outlasts the call.

        Raises:
            TimeoutError: None are left.
        """
        left = min(self._end, self._phase_end) - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        return left

    def __enter__(self) -> Self:
        self._token = _running.set(self)
        return self

    def __exit__(self, *_: object) -> None:
        _running.reset(self._token)


def running() -> Deadline:
    """Return the deadline of the call that this thread is making; there must be one."""
    return _running.get()


class _Patience:
    """The timeout that a socket gets before each wait."""

    patience: float | None = None

    def await_within_deadline(self: Any) -> None:
        deadline = _running.get(None)
        if deadline is None:  # an unread response that the caller reads after the call
            self.settimeout(self.patience)
        else:
            self.patience = deadline.read
            self.settimeout(deadline.left_of_phase())


class DeadlineSocket(_Patience, socket.socket):
    """A TCP socket whose every wait ends with the running call's deadline."""

    def sendall(self, data: Any, flags: int = 0, /) -> None:
        """Send as ``socket.sendall`` does, within the deadline."""
        self.await_within_deadline()
        super().sendall(data, flags)

    def recv(self, bufsize: int, flags: int = 0, /) -> bytes:
        """Receive as ``socket.recv`` does, within the deadline."""
        self.await_within_deadline()
        return super().recv(bufsize, flags)

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        """Receive as ``socket.recv_into`` does, within the deadline."""
        self.await_within_deadline()
        return super().recv_into(buffer, nbytes, flags)


class DeadlineSSLSocket(_Patience, ssl.SSLSocket):
    """A TLS socket whose every wait ends with the running call's deadline."""

    def do_handshake(self, block: bool = False) -> None:
        """Shake hands as ``SSLSocket.do_handshake`` does, within the deadline."""
        # The end of a stream that TLS does not vouch for is no end (RFC 8446, section 6.1): a
        # body without a length could be cut there.
        self.suppress_ragged_eofs = False
        self.await_within_deadline()
        super().do_handshake(block)

    def sendall(self, data: Any, flags: int = 0) -> None:
        """Send as ``SSLSocket.sendall`` does, within the deadline."""
        self.await_within_deadline()
        super().sendall(data, flags)

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        """Receive as ``SSLSocket.recv`` does, within the deadline."""
        self.await_within_deadline()
        return super().recv(buflen, flags)

    def recv_into(self, buffer: Any, nbytes: int | None = None, flags: int = 0) -> int:
        """Receive as ``SSLSocket.recv_into`` does, within the deadline."""
        self.await_within_deadline()
        return super().recv_into(buffer, nbytes, flags)


def connect(host: str, port: int, options: list[Any]) -> DeadlineSocket:
    """Connect to the first address of a host that answers, within the running deadline.

    Each address but the last gets half of the time left, so that one which swallows packets
    does not use up what the next one needs. Looking the name up is the operating system's
    business, and cannot be interrupted.

    Raises:
        OSError: No address could be connected to; the last one's error.
    """
    return first_connected(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM), options)


def first_connected(addresses: list[Any], options: list[Any]) -> DeadlineSocket:
    """Connect to the first of some addresses, as ``getaddrinfo`` gives them, that answers."""
    for family, kind, protocol, _, address in addresses[:-1]:
        try:
            return _connect_to(address, DeadlineSocket(family, kind, protocol), options, share=0.5)
        except OSError:
            continue
    family, kind, protocol, _, address = addresses[-1]
    return _connect_to(address, DeadlineSocket(family, kind, protocol), options, share=1)


def _connect_to(
    address: Any, sock: DeadlineSocket, options: list[Any], share: float
) -> DeadlineSocket:
    try:
        for option in options:
            sock.setsockopt(*option)
        sock.settimeout(running().left_of_phase() * share)
        sock.connect(address)
    except BaseException:
        sock.close()
        raise
    return sock
