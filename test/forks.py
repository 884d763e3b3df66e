"""The command line as forks of one process that has imported it, which spares most of the CPU time.

Each is a process of its own, with its own streams, environment and exit status. Only what Python
does before the first import is not repeated.
"""

from __future__ import annotations

import contextlib
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
from fastly.testing import BillingServer  # noqa: F401 - so that the forks find it imported

ROOT = Path(__file__).parent.parent


class Forks:
    """The process that forks, and the one fork that may run at a time."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._socket, theirs = socket.socketpair()
        self._socket.settimeout(20)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-W", "error", __file__, str(theirs.fileno())],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # Ctrl-C is for pytest
            )
        self._answers = self._socket.makefile("rb", buffering=0)  # for is_running, none is kept
        self._pid = 0

    def start(
        self, words: Sequence[str], environment: Mapping[str, str], streams: Sequence[int]
    ) -> None:
        """Fork a run with these arguments, variables and descriptors of stdin, stdout, stderr."""
        request = json.dumps([words, dict(environment)]).encode() + b"\n"
        sent = socket.send_fds(self._socket, [request], streams)
        self._socket.sendall(request[sent:])
        self._pid = self._answer()

    def is_running(self) -> bool:
        """Tell whether the fork has not ended."""
        return not select.select([self._socket], [], [], 0)[0]

    def kill(self) -> None:
        """End the fork as the system does when memory is short."""
        with contextlib.suppress(ProcessLookupError):  # it has ended
            os.kill(self._pid, signal.SIGKILL)

    def wait(self) -> int:
        """Return the exit status of the fork, or the negative number of a signal."""
        return self._answer()

    def _answer(self) -> int:
        return int(self._answers.readline())

    def __enter__(self) -> Forks:
        """Return this."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the process."""
        self._answers.close()
        self._socket.close()
        self._process.wait(20)


def serve(requests: socket.socket) -> None:
    """Fork for each request, and answer with the ID of the fork and its exit status."""
    while request := _received(requests):
        (words, environment), streams = request
        child = os.fork()
        if not child:
            requests.close()
            _become(words, environment, streams)
        for stream in streams:
            os.close(stream)
        requests.sendall(b"%d\n" % child)
        requests.sendall(b"%d\n" % os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


def _received(requests: socket.socket) -> tuple[Any, list[int]] | None:
    data, streams, _, _ = socket.recv_fds(requests, 65536, 3)
    while data and not data.endswith(b"\n"):
        data += requests.recv(65536)
    return (json.loads(data), streams) if data else None


def _become(words: list[str], environment: dict[str, str], streams: list[int]) -> NoReturn:
    """Run the command line with these streams, opened as Python does when it starts."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.environ.clear()
    os.environ.update(environment)
    sys.stdin = os.fdopen(0, closefd=False)
    encoding = environment.get("PYTHONIOENCODING")
    sys.stdout = os.fdopen(1, "w", encoding=encoding, closefd=False)
    sys.stderr = os.fdopen(2, "w", 1, encoding, errors="backslashreplace", closefd=False)
    status = 1
    try:
        status = main(words)
        sys.stdout.flush()
    except BaseException:
        traceback.print_exc()
    os._exit(status)  # a complete end of Python would take ten times as long as the fork (22 ms)


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as requests:
        serve(requests)
