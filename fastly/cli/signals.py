"""Signals that end the command: each block that is entered is left in order."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Generator
from typing import Any

__all__ = ["ended_by_signals", "held"]

Handler = Callable[[int, Any], None]

# Those that a terminal, a supervisor or the system sends to end a process. Windows lacks one.
_ENDING = [getattr(signal, n) for n in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, n)]
_USUAL = (signal.SIG_DFL, signal.default_int_handler)


@contextlib.contextmanager
def ended_by_signals() -> Generator[None]:
    """Make SIGTERM and SIGHUP end a block as Ctrl-C does, so that no temporary file remains.

    The signal still kills the process, at the end of the block. Only the first one raises: a
    second one must not interrupt what the first has started to clean up. A signal that is ignored,
    as under nohup, or has a handler stays as it is.
    """
    received: list[int] = []

    def end(number: int, _: object) -> None:
        received.append(number)
        if len(received) == 1:
            raise KeyboardInterrupt

    try:
        with _handled(end, lambda handler: handler in _USUAL):
            yield
    finally:
        for number in received:
            if number != signal.SIGINT:
                signal.raise_signal(number)


@contextlib.contextmanager
def held() -> Generator[None]:
    """Let signals wait for the end of a block that must not be left half done."""
    received: list[int] = []
    try:
        with _handled(lambda number, _: received.append(number), lambda h: h != signal.SIG_IGN):
            yield
    finally:
        for number in received:
            signal.raise_signal(number)


@contextlib.contextmanager
def _handled(handler: Handler, is_replaced: Callable[[object], bool]) -> Generator[None]:
    """Handle the signals in a block, if it runs in the main thread, as Python demands."""
    is_main = threading.current_thread() is threading.main_thread()
    found = {number: signal.getsignal(number) for number in _ENDING if is_main}
    before = {number: old for number, old in found.items() if old is not None and is_replaced(old)}
    for number in before:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)
