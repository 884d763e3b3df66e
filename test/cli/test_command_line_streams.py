"""Every byte reaches stdout, buffered or not, or the command fails."""

from __future__ import annotations

import array
import contextlib
import fcntl
import io
import json
import os
import pty
import signal
import subprocess
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from shell import COMMAND, MAY, ROOT, Terminal, chunks, environment, needs_dev_full, run, words

from fastly.cli.main import main
from fastly.testing import BillingServer

ALL = ("invoices", "--format", "json")
PIPE = 4096  # bytes that a pipe of the tests holds
LIMIT = 400_000


@pytest.fixture(params=["", "1"], ids=["buffered", "unbuffered"])
def variables(request: pytest.FixtureRequest) -> dict[str, str]:
    """With python -u, as in most containers, stdout has no buffer."""
    return {"PYTHONUNBUFFERED": request.param}


@contextlib.contextmanager
def writing(
    server: BillingServer, variables: dict[str, str], *, is_blocking: bool = True
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Run a command that has filled a pipe, and return it with the end to read."""
    reading, theirs = os.pipe()
    fcntl.fcntl(theirs, fcntl.F_SETPIPE_SZ, PIPE)
    os.set_blocking(theirs, is_blocking)
    with subprocess.Popen(
        [*COMMAND, *words(ALL, server)],
        cwd=ROOT,
        env=environment(server, **variables),
        stdout=theirs,
        stderr=subprocess.PIPE,
    ) as process:
        os.close(theirs)
        while waiting(reading) < PIPE:
            assert process.poll() is None
            time.sleep(0.01)
        yield process, reading


def waiting(descriptor: int) -> int:
    """Return how many bytes can be read."""
    count = array.array("i", [0])
    fcntl.ioctl(descriptor, termios.FIONREAD, count)
    return count[0]


def complete(data: bytes) -> int:
    """Return the number of invoices in JSON that must be complete."""
    return len(json.loads(data))


def count_of(server: BillingServer) -> int:
    """Return the number of invoices of the account."""
    return len(list(server.account.v3_invoice_months()))


class TestPipes:
    """Pipes of every kind."""

    @pytest.mark.parametrize("is_blocking", [True, False])
    def test_slow_reader(
        self, server: BillingServer, variables: dict[str, str], is_blocking: bool
    ) -> None:
        """A pipe gets everything, even one that does not block, as ssh and Node.js leave it."""
        with writing(server, variables, is_blocking=is_blocking) as (process, reading):
            first = os.read(reading, 100)
            time.sleep(0.1)  # it must wait, neither fail nor skip
            data = b"".join(chunks(reading))
            assert b"" == process.communicate(timeout=20)[1]
        os.close(reading)
        assert (0, count_of(server)) == (process.returncode, complete(first + data))

    def test_stopped_and_continued(self, server: BillingServer, variables: dict[str, str]) -> None:
        """Ctrl-Z and fg, or docker pause, cut a write short, but not the data."""
        with writing(server, variables) as (process, reading):
            for number in (signal.SIGSTOP, signal.SIGCONT, signal.SIGWINCH):
                process.send_signal(number)
                time.sleep(0.05)
            data = b"".join(chunks(reading))
            assert b"" == process.communicate(timeout=20)[1]
        os.close(reading)
        assert (0, count_of(server)) == (process.returncode, complete(data))

    @pytest.mark.parametrize("is_blocking", [True, False])
    def test_reader_that_leaves(
        self, server: BillingServer, variables: dict[str, str], is_blocking: bool
    ) -> None:
        """With `| head`, the exit status is that of SIGPIPE, without a message."""
        with writing(server, variables, is_blocking=is_blocking) as (process, reading):
            os.read(reading, 100)
            os.close(reading)
            assert b"" == process.communicate(timeout=20)[1]
        assert 141 == process.returncode

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_signal_while_it_waits(
        self, server: BillingServer, variables: dict[str, str], number: signal.Signals
    ) -> None:
        """A command that waits for its reader can be ended."""
        with writing(server, variables, is_blocking=False) as (process, reading):
            process.send_signal(number)
            assert b"" == process.communicate(timeout=20)[1]
        os.close(reading)
        assert (130 if number == signal.SIGINT else -number) == process.returncode


class TestFiles:
    """Files, devices and terminals as stdout."""

    def test_full_disk(
        self, server: BillingServer, tmp_path: Path, variables: dict[str, str]
    ) -> None:
        """If only a part fits, the command fails."""
        with (tmp_path / "all.json").open("wb") as file:
            options = {"stdout": file, "preexec_fn": limited}
            result = run(*ALL, server=server, options=options, **variables)
        assert (1, "fastly-billing: stdout: File too large\n") == result[::2]
        assert LIMIT == (tmp_path / "all.json").stat().st_size

    @needs_dev_full
    @pytest.mark.parametrize("arguments", [MAY, ("--help",), ("--version",), ("mtd", "--help")])
    def test_full_device(
        self, server: BillingServer, variables: dict[str, str], arguments: tuple[str, ...]
    ) -> None:
        """Help and version fail too if they cannot be written."""
        with open("/dev/full", "wb") as full:
            result = run(*arguments, server=server, options={"stdout": full}, **variables)
        assert (1, "fastly-billing: stdout: No space left on device\n") == result[::2]

    @pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("mtd", "--help")])
    def test_closed_stdout(
        self, server: BillingServer, variables: dict[str, str], arguments: tuple[str, ...]
    ) -> None:
        """Help and version fail if stdout is closed."""
        options = {"preexec_fn": lambda: os.close(1)}
        result = run(*arguments, server=server, options=options, **variables)
        assert (1, b"", "fastly-billing: stdout: Bad file descriptor\n") == result

    def test_terminal(
        self, server: BillingServer, terminal: Terminal, variables: dict[str, str]
    ) -> None:
        """A terminal shows everything."""
        shown = terminal(*ALL, **variables)
        assert (0, count_of(server)) == (shown.status, complete(shown.text.encode()))

    def test_terminal_that_does_not_block(
        self, server: BillingServer, variables: dict[str, str]
    ) -> None:
        """A terminal that another program has left without blocking shows everything."""
        ours, theirs = pty.openpty()
        os.set_blocking(theirs, False)
        with subprocess.Popen(
            [*COMMAND, *words(ALL, server)],
            cwd=ROOT,
            env=environment(server, **variables),
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=subprocess.PIPE,
        ) as process:
            os.close(theirs)
            data = b"".join(chunks(ours))
            assert b"" == process.communicate(timeout=20)[1]
        os.close(ours)
        assert (0, count_of(server)) == (process.returncode, complete(data))


class TestStderr:
    """Messages that nobody can read change nothing."""

    @pytest.mark.parametrize("kind", ["broken", "closed", "full"])
    def test_status_stays(
        self, server: BillingServer, tmp_path: Path, variables: dict[str, str], kind: str
    ) -> None:
        """The exit status is the same if stderr is a broken pipe, closed or full."""
        for arguments, status in ((("mtd", "--wait", "0"), 75), ((*ALL, "--output", "a.json"), 0)):
            with unusable(kind) as options:
                options["cwd"] = tmp_path
                result = run(*arguments, server=server, options=options, **variables)
            assert (status, b"") == result[:2]
        assert count_of(server) == complete((tmp_path / "a.json").read_bytes())


@contextlib.contextmanager
def unusable(kind: str) -> Iterator[dict[str, Any]]:
    """Return the options of a process whose stderr takes nothing."""
    if kind == "closed":
        yield {"preexec_fn": lambda: os.close(2)}
    elif kind == "full":
        if not os.path.exists("/dev/full"):
            pytest.skip("no such device here")
        with open("/dev/full", "wb") as full:
            yield {"stderr": full}
    else:
        reading, theirs = os.pipe()
        os.close(reading)
        yield {"stderr": theirs}
        os.close(theirs)


def limited() -> None:
    """Make the operating system refuse to write longer files, as on a full disk."""
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, LIMIT))


@pytest.mark.parametrize("kind", [io.BytesIO, lambda: io.BufferedWriter(io.BytesIO())])
def test_streams_of_a_program(kind: Callable[[], Any]) -> None:
    """A program that calls main() can pass any stream with a buffer."""
    buffer = kind()
    with contextlib.redirect_stdout(io.TextIOWrapper(buffer)) as out:
        print("first")
        assert 0 == main([*MAY, "--demo", "--quiet"])
    written = getattr(buffer, "raw", buffer).getvalue()
    out.detach()
    assert written.startswith(b"first\n{\n")
