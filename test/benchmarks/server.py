"""A server that is never the bottleneck: a prepared body for each path, sent in one write.

The first step of a path names the body: ``100x60`` is a page of 100 invoices with 60 lines each,
``30-mtd`` a month to date of 30 lines; with ``-slow``, the response takes 50 ms. ``python
server.py`` writes its port and serves until its standard input ends.
"""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from bodies import month_to_date, page

DELAY = 0.05  # seconds


@cache
def answer(name: str) -> bytes:
    """Return the whole response that a name stands for."""
    size, *options = name.split("-")
    body = month_to_date(int(size)) if "mtd" in options else page(*map(int, size.split("x")))
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


class Connection(asyncio.Protocol):
    """One kept-alive connection, whose requests have no bodies."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send each response at once."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.received = b""
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data: bytes) -> None:
        """Respond to each complete request."""
        *requests, self.received = (self.received + data).split(b"\r\n\r\n")
        for request in requests:
            self.answer(request.split(b"/", 2)[1].decode())

    def answer(self, name: str) -> None:
        """Write a response, at once or after the delay that its name requires."""
        delay = DELAY if name.endswith("-slow") else 0
        if not delay:
            self.transport.write(answer(name))
        else:
            asyncio.get_running_loop().call_later(delay, self.transport.write, answer(name))


async def serve() -> None:
    """Write the port to standard output, and serve until standard input ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Connection, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


@contextmanager
def running() -> Iterator[str]:
    """Run the server in a process of its own, and yield its URL."""
    command = [sys.executable, str(Path(__file__))]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        process.communicate()


if __name__ == "__main__":
    asyncio.run(serve())
