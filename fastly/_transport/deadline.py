"""Deadlines of calls, and sockets that keep them.

A socket's own timeout starts again with each read, so a response that drips one byte a second
never times out. Here the running call's ``Deadline`` limits each wait of a socket to the time
that is left. TLS runs on top of these sockets and never waits itself.
"""

from __future__ import annotations

import math
import socket
import threading
import time
from contextlib import suppress
from contextvars import ContextVar
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Deadline", "Deadlined", "connect", "running"]

_running: ContextVar[Deadline] = ContextVar("fastly deadline")


class Deadline:
    """The end of one call, and within it of the current phase (connecting or reading).

    In a ``with`` block it is the deadline of everything that the thread does with sockets of
    this module.

    Args:
        total: Seconds for the whole call, or None to limit only its phases.
        connect: Seconds for each connection: TCP, proxy and TLS together.
        read: Seconds for each response, from the request to the last byte.
    """

    __slots__ = (
        *("_aborted", "_end", "_phase_end", "_token", "_waiting", "connect", "connecting", "read"),
        "total",
    )

    def __init__(self, total: float | None, connect: float, read: float) -> None:
        self.total = total
        self._end = math.inf if total is None else time.monotonic() + total
        self._phase_end = math.inf
        self._aborted = threading.Event()
        self._waiting: socket.socket | None = None
        self.connect = connect
        self.connecting = False  # after a failure: nothing of the request was sent
        self.read = read

    @classmethod
    def of(cls, timeout: float | tuple[float, float], default_connect: float) -> Deadline:
        """Create one from a timeout: seconds for the call, or ``(connect, read)`` per attempt."""
        if isinstance(timeout, tuple):
            return cls(None, *timeout)
        return cls(timeout, min(timeout, default_connect), timeout)

    def start_phase(self, seconds: float) -> None:
        """Start connecting or reading, which may take this many seconds."""
        self._phase_end = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds left for the call; negative if it should have ended."""
        return self._end - time.monotonic()

    def left_of_phase(self) -> float:
        """Return the seconds left for the phase, which never outlasts the call.

        Raises:
            TimeoutError: No time is left.
        """
        left = min(self._end, self._phase_end) - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        return left

    def limit(self, sock: socket.socket) -> float:
        """Return how many seconds a socket may wait now; ``abort`` ends that wait.

        Raises:
            TimeoutError: The time is up.
        """
        self._waiting = sock  # before reading the clock, so that abort() misses no wait
        return self.left_of_phase()

    def sleep(self, seconds: float) -> None:
        """Sleep, but not after ``abort``."""
        self._aborted.wait(seconds)

    def abort(self) -> None:
        """End the call from another thread: its current wait, and every later one."""
        self._aborted.set()
        self._end = -math.inf
        sock = self._waiting
        if sock is not None:
            with suppress(OSError):  # it may be closed
                sock.shutdown(socket.SHUT_RDWR)

    @property
    def aborted(self) -> bool:
        """Whether ``abort`` was called."""
        return self._aborted.is_set()

    def __enter__(self) -> Self:
        self._token = _running.set(self)
        return self

    def __exit__(self, *_: object) -> None:
        _running.reset(self._token)


def running() -> Deadline:
    """Return the deadline of the call that this thread is making, which must exist."""
    return _running.get()


class Deadlined:
    """A mixin for sockets: each wait ends with the running call's deadline."""

    patience: float | None = None

    def await_within_deadline(self: Any) -> None:
        """Set the timeout of the wait that follows."""
        if self.gettimeout() == 0:  # a non-blocking socket
            return
        deadline = _running.get(None)
        if deadline is None:  # an unread response that the caller reads after the call
            self.settimeout(self.patience)
        else:
            self.patience = deadline.read
            self.settimeout(deadline.limit(self))

    def sendall(self, *args: Any) -> None:
        """Send as the socket does, within the deadline."""
        parent: Any = super()  # a class of sockets, which connect() adds
        self.await_within_deadline()
        parent.sendall(*args)

    def recv(self, *args: Any) -> Any:
        """Receive as the socket does, within the deadline."""
        parent: Any = super()
        self.await_within_deadline()
        return parent.recv(*args)

    def recv_into(self, *args: Any) -> Any:
        """Receive as the socket does, within the deadline."""
        parent: Any = super()
        self.await_within_deadline()
        return parent.recv_into(*args)


@lru_cache(maxsize=8)
def _deadlined(kind: type[socket.socket]) -> type[socket.socket]:
    return type("DeadlineSocket", (Deadlined, kind), {})


def connect(host: str, port: int, options: list[Any]) -> socket.socket:
    """Connect to the first address of a host that accepts the connection, within the deadline.

    Each address but the last gets half of the time left, so that an address that drops packets
    leaves time for the next. The operating system's name lookup cannot be interrupted.

    Raises:
        OSError: No address accepted; the last one's error.
    """
    found = socket.getaddrinfo(host, port, socket.AF_UNSPEC, socket.SOCK_STREAM)
    return first_connected(found, options)


def first_connected(addresses: list[Any], options: list[Any]) -> socket.socket:
    """Connect to the first of ``getaddrinfo``'s addresses that accepts the connection."""
    for address in addresses[:-1]:
        with suppress(OSError):
            return _connected(address, options, share=0.5)
    return _connected(addresses[-1], options, share=1)


def _connected(address: Any, options: list[Any], share: float) -> socket.socket:
    family, kind, protocol, _, target = address
    # socket.socket is looked up here because programs replace it: gevent, PySocks, test tools.
    sock = _deadlined(socket.socket)(family, kind, protocol)
    try:
        for option in options:
            sock.setsockopt(*option)
        sock.settimeout(running().limit(sock) * share)
        sock.connect(target)
    except BaseException:
        sock.close()
        raise
    return sock
