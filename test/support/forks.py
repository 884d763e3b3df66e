"""The command line in forks of one process that has imported it, which saves most of the CPU time.

Each fork has streams, environment and exit status of its own. What Python does before the first
import, and after the last line, is not repeated.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import select
import signal
import socket
import subprocess
import sys
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from fastly.cli.main import main

ROOT = Path(__file__).parent.parent.parent
LONGEST = 100  # seconds after which a fork hangs, however busy the machine is


class ForkServer:
    """The process that forks, and the one fork that may run at a time."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._requests, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-W", "error", __file__, str(theirs.fileno())],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # Ctrl-C is for pytest
            )
        self._replies = socket.socket()
        self._pid = 0

    def start(
        self, arguments: Sequence[str], environment: Mapping[str, str], streams: Sequence[int]
    ) -> None:
        """Fork a run with these arguments, variables and descriptors of stdin, stdout, stderr."""
        self.kill()  # a test that failed may have left one
        self._replies.close()  # and its replies
        self._replies, theirs = socket.socketpair()
        self._replies.settimeout(2 * LONGEST)
        request = json.dumps([arguments, dict(environment)]).encode() + b"\n"
        with theirs:
            sent = socket.send_fds(self._requests, [request], [*streams, theirs.fileno()])
        self._requests.sendall(request[sent:])
        self._pid = self._reply()

    def is_running(self) -> bool:
        """Return whether the fork has not ended."""
        return not select.select([self._replies], [], [], 0)[0]

    def kill(self) -> None:
        """End the fork with SIGKILL, unless it has ended."""
        if self._pid and self.is_running():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)

    def wait(self) -> int:
        """Return the exit status of the fork, or the negative number of a signal."""
        status, self._pid = self._reply(), 0
        return status

    def _reply(self) -> int:
        reply = b""
        while not reply.endswith(b"\n"):
            if not (byte := self._replies.recv(1)):  # more would hide the status from is_running
                raise RuntimeError("the fork server has ended")
            reply += byte
        return int(reply)

    def __enter__(self) -> ForkServer:
        """Return this."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the process."""
        self.kill()
        self._replies.close()
        self._requests.close()
        self._process.wait(2 * LONGEST)


def serve(requests: socket.socket) -> None:
    """Fork for each request, and reply with the ID of the fork and its exit status."""
    while request := _received(requests):
        (arguments, environment), (*streams, reply) = request
        child = os.fork()
        if not child:
            requests.close()
            os.close(reply)
            _become(arguments, environment, streams)
        for stream in streams:
            os.close(stream)
        with socket.socket(fileno=reply) as replies, contextlib.suppress(BrokenPipeError):
            replies.sendall(b"%d\n" % child)
            replies.sendall(b"%d\n" % os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


def _received(requests: socket.socket) -> tuple[Any, list[int]] | None:
    data, descriptors, _, _ = socket.recv_fds(requests, 65536, 4)
    while not data.endswith(b"\n"):
        if not (more := data and requests.recv(65536)):
            return None
        data += more
    return json.loads(data), descriptors


def _become(arguments: list[str], environment: dict[str, str], streams: list[int]) -> NoReturn:
    """Run the command line with these streams, opened as Python does when it starts."""
    signal.alarm(LONGEST)  # ends this process if it hangs
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.environ.clear()
    os.environ.update(environment)
    encoding = environment.get("PYTHONIOENCODING")
    sys.stdin = os.fdopen(0, closefd=False)
    if environment.get("PYTHONUNBUFFERED"):
        sys.stdout = io.TextIOWrapper(
            io.FileIO(1, "w", closefd=False), encoding, write_through=True
        )
    else:
        sys.stdout = os.fdopen(1, "w", encoding=encoding, closefd=False)
    sys.stderr = os.fdopen(2, "w", 1, encoding, errors="backslashreplace", closefd=False)
    status = 1
    try:
        status = main(arguments)
        sys.stdout.flush()
    except BaseException:
        traceback.print_exc()
    os._exit(status)  # a complete end of Python would take ten times as long as the fork (22 ms)


if __name__ == "__main__":
    for name in ("fastly.cli.running", "fastly.testing.server"):  # for each fork otherwise
        importlib.import_module(name)
    with socket.socket(fileno=int(sys.argv[1])) as requests:
        serve(requests)
