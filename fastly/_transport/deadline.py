"""The end of a call: what every wait of it is limited by."""

from __future__ import annotations

import math
import socket
import threading
import time
from contextlib import suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING

from fastly.configuration.secrets import Mask, masking

if TYPE_CHECKING:
    from typing_extensions import Self

    from fastly.configuration.checks import Timeout

__all__ = ["Deadline", "running"]

_LONGEST_CONNECT = 10.0  # seconds, where only a time for the whole call is given
_NOTHING: Mask = masking()  # masks nothing
_running: ContextVar[Deadline] = ContextVar("fastly deadline")

# The deadline of the call that this thread is making: running() in a call, else running(None).
running = _running.get


class Deadline:
    """The end of one call, and within it of the current phase (connecting or reading).

    In a ``with`` block it is the deadline of everything that the thread does with our
    sockets.

    Args:
        total: Seconds for the whole call, or None to limit only its phases.
        connect: Seconds for each connection: TCP, proxy and TLS together.
        read: Seconds for each response, from the request to the last byte.

    Attributes:
        aborted: Whether ``abort`` was called.
        attempts: How many requests the call has sent so far.
        reuses: Whether the running attempt uses a connection of an earlier call, and nothing of
            its response has arrived.
        secrets: Masks them in what servers and proxies send.
    """

    def __init__(self, total: float | None, connect: float, read: float) -> None:
        self.total = total
        self._end = math.inf if total is None else time.monotonic() + total
        self._phase_end = math.inf
        self._asleep = threading.Lock()  # abort() releases it; an Event costs ten calls more
        self._asleep.acquire()
        self.aborted = False
        self._waiting: socket.socket | None = None
        self.attempts = 0
        self.reuses = False
        self.secrets = _NOTHING
        self.connect = connect
        self.read = read

    @classmethod
    def of(cls, timeout: Timeout | None, default: Timeout) -> Deadline:
        """Create one from a call's own timeout and the default one.

        Each is seconds for the call, or ``(connect, read)`` for each attempt. Where there is only a
        number, connecting takes at most what the default says, else 10 seconds.
        """
        timeout = default if timeout is None else timeout
        if isinstance(timeout, tuple):
            return cls(None, *timeout)
        connect = default[0] if isinstance(default, tuple) else _LONGEST_CONNECT
        return cls(timeout, min(timeout, connect), timeout)

    def start_phase(self, seconds: float) -> None:
        """Start connecting or reading, which may take this many seconds."""
        self._phase_end = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds left for the call; negative if it should have ended."""
        return self._end - time.monotonic()

    def left_of_phase(self) -> float:
        """Return the seconds left for the phase, which never outlasts the call."""
        return min(self._end, self._phase_end) - time.monotonic()

    def limit(self, sock: socket.socket) -> float:
        """Return how many seconds a socket may wait now; ``abort`` ends that wait.

        Raises:
            TimeoutError: The time is up.
        """
        self._waiting = sock  # before reading the clock, so that abort() misses no wait
        end = self._end if self._end < self._phase_end else self._phase_end
        left = end - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        return left

    def sleep(self, seconds: float) -> None:
        """Sleep, but not after ``abort``."""
        if self._asleep.acquire(timeout=seconds):
            self._asleep.release()

    def abort(self) -> None:
        """End the call from another thread: its current wait, and every later one."""
        self.aborted = True
        with suppress(RuntimeError):  # aborted before
            self._asleep.release()
        self._end = -math.inf
        sock = self._waiting
        if sock is not None:
            with suppress(OSError):  # it may be closed
                sock.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        self._token = _running.set(self)
        return self

    def __exit__(self, *_: object) -> None:
        _running.reset(self._token)
