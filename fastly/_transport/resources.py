"""What a client holds in one process: connections, threads, and the calls that are running."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastly._transport.threads import Threads

if TYPE_CHECKING:
    from fastly._transport import RestClient
    from fastly._transport.deadline import Deadline

__all__ = ["Resources"]


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
