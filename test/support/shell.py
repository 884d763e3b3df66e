"""The command line in a process, in a fork with pipes or a terminal, and in this process."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import resource
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import pytest
from forks import ROOT, ForkServer

from fastly.cli.layout import cells
from fastly.cli.main import main
from fastly.testing import BillingServer

MAY = ("invoice", "2026-05")
COMMAND = (sys.executable, "-W", "error", "-m", "fastly")
# Clear the screen; a C1 control; right-to-left override; half of a surrogate pair.
HOSTILE = "\x1b[2J\x9b31m\u202eknab\ud800\x7f\r\n\tend"
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]")
ENCODINGS = ("utf-8", "ascii", "cp437", "shift_jis")

Shell = Callable[..., "Result"]
Terminal = Callable[..., "Shown"]

# Linux has a device to which nothing can be written, like a full disk.
needs_dev_full = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no such device here")


class Result(NamedTuple):
    """The outcome of a process."""

    status: int
    stdout: bytes
    stderr: str


class Shown(NamedTuple):
    """What a process showed on a terminal."""

    status: int
    text: str


def environment(server: BillingServer | None, **variables: str) -> dict[str, str]:
    """Return the environment of a user who has a token for a server."""
    dropped = ("COLUMNS", "PYTHONIOENCODING")
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    token = {"FASTLY_API_TOKEN": server.token} if server else {}
    nowhere = {"HTTPS_PROXY": "http://127.0.0.1:1"}  # no test may reach the real API
    return {**kept, **nowhere, "PYTHONPATH": str(ROOT), **token, **variables}


def words(arguments: tuple[object, ...], server: BillingServer | None) -> list[str]:
    """Return the arguments of a command line, with the host that serves it."""
    host = ["--host", server.url] if server and "--demo" not in arguments else []
    return [*map(str, arguments), *host]


def run(
    *arguments: object, server: BillingServer | None = None, options: Any = None, **variables: str
) -> Result:
    """Run the command line with pipes instead of a terminal."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    done = subprocess.run(
        [*COMMAND, *words(arguments, server)],
        env=environment(server, **variables),
        timeout=20,
        check=False,
        **{"cwd": ROOT, "stdin": subprocess.DEVNULL, **pipes, **(options or {})},
    )
    return Result(done.returncode, done.stdout, (done.stderr or b"").decode())


def in_pipes(server: BillingServer, forks: ForkServer) -> Shell:
    """Return a function that runs the command line with pipes, as a fork."""

    def call(*arguments: object, stdout: int = -1, **variables: str) -> Result:
        null, pipes = os.open(os.devnull, os.O_RDONLY), (os.pipe(), os.pipe())
        streams = (null, *(writing for _, writing in pipes))
        given = (null, stdout, streams[2]) if stdout >= 0 else streams
        forks.start(words(arguments, server), environment(server, **variables), given)
        for stream in streams:
            os.close(stream)
        with ThreadPoolExecutor() as threads:
            out, err = threads.map(read_all, (reading for reading, _ in pipes))
        return Result(forks.wait(), out, err.decode())

    return call


def read_all(descriptor: int) -> bytes:
    """Read a pipe to its end, and close it."""
    with os.fdopen(descriptor, "rb") as stream:
        return stream.read()


def on_terminal(server: BillingServer, forks: ForkServer) -> Terminal:
    """Return a function that runs the command line on a real terminal, as a fork."""

    def call(*arguments: object, columns: int = 80, stdout: int = -1, **variables: str) -> Shown:
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        streams = (theirs, theirs if stdout < 0 else stdout, theirs)
        forks.start(words(arguments, server), environment(server, **variables), streams)
        os.close(theirs)
        shown = b"".join(chunks(ours))
        os.close(ours)
        return Shown(forks.wait(), shown.decode().replace("\r\n", "\n"))

    return call


def chunks(descriptor: int) -> Iterator[bytes]:
    """Yield what a terminal shows until the last program has left it."""
    with contextlib.suppress(OSError):  # EIO is how a terminal ends
        while chunk := os.read(descriptor, 65536):
            yield chunk


@contextlib.contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Make the operating system refuse to write longer files, as on a full disk."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def at_a_terminal() -> None:
    """Restore the signals that background jobs and nohup ignore."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def amount_of(label: str, text: str) -> str:
    """Return the text at the right edge of a line that starts with a label."""
    lines = (line.strip() for line in text.splitlines())
    return next(line.split()[-1] for line in lines if line.startswith(label))


def widest(text: str) -> int:
    """Return the width of the widest line in columns."""
    return max(map(cells, text.splitlines()))


def in_process(
    server: BillingServer,
    monkeypatch: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
) -> Shell:
    """Return a function that runs the command line in this process, which is faster."""

    def call(*arguments: object, token: str = server.token, host: str = server.url) -> Result:
        monkeypatch.setenv("FASTLY_API_TOKEN", token)
        given = [] if {"--host", "--demo"} & set(arguments) or not arguments else ["--host", host]
        status = main([*map(str, arguments), *given])
        shown = capfdbinary.readouterr()
        return Result(status, shown.out, shown.err.decode())

    return call
