"""What a client holds in one process: connections, threads, and the calls that are running."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from fastly._transport.threads import Threads

if TYPE_CHECKING:
    from fastly._transport import RestClient
    from fastly._transport.deadline import Deadline

__all__ = ["Resources", "this_process"]

_forks = 0


def _count_fork() -> None:
    global _forks
    _forks += 1


if hasattr(os, "register_at_fork"):  # Windows cannot fork
    os.register_at_fork(after_in_child=_count_fork)


def this_process() -> tuple[int, int]:
    """Return what tells this process from those that it was forked from.

    The number alone does not: the first process of a container has the number 1 in its parent's
    and in its own namespace. The count alone does not either: a program such as uWSGI forks in C,
    where Python's hooks do not run.
    """
    return os.getpid(), _forks


class Resources:
    """The connections, threads and running calls of a client.

    Each step is one operation that Python makes atomic, and is followed by a check for what another
    thread may have done before it.
    """

    def __init__(self, threads: int) -> None:
        self.rest_clients: dict[str, RestClient] = {}  # by origin
        self.threads = Threads(threads)
        self.running: set[Deadline] = set()
        self.aborted = self.closed = False

    def abort(self) -> None:
        """Cancel the calls that wait for a thread, and end those that run or are about to."""
        self.aborted = True
        self.threads.cancel()
        for deadline in list(self.running):
            deadline.abort()

    def add(self, deadline: Deadline) -> None:
        """Note that a call is running."""
        self.running.add(deadline)
        if self.aborted:  # meanwhile; abort() may not have seen it
            deadline.abort()

    def close(self) -> None:
        """Finish the calls that were submitted, then end the threads and the connections."""
        self.threads.finish()
        self.closed = True
        for rest_client in list(self.rest_clients.values()):
            rest_client.close()
