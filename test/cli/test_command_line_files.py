"""Files: taken before the first request, complete or not at all, and otherwise as they were."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import resource
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from shell import (
    COMMAND,
    MAY,
    ROOT,
    Shell,
    at_a_terminal,
    environment,
    files_of_at_most,
    run,
    words,
)

from fastly.cli.files import Written, replace
from fastly.cli.signals import ended_by_signals, held
from fastly.testing import BillingServer

NOBODY = 65534
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
needs_proc = pytest.mark.skipif(not os.path.exists("/dev/fd"), reason="no open files by path here")


class TestOpenFiles:
    """Open files of the process, by their number."""

    @needs_proc
    @pytest.mark.parametrize("folder", ["/dev/fd", "/proc/self/fd", "/proc/thread-self/fd", "link"])
    @pytest.mark.parametrize("number", [1, 3, 4, 9])
    def test_not_open(
        self, server: BillingServer, tmp_path: Path, folder: str, number: int
    ) -> None:
        """A file that is not open is an error, and never a connection that gets its number."""
        name = f"{folder}/{number}"
        if folder == "link":
            name = str(tmp_path / "link")
            os.symlink(f"/dev/fd/{number}", name)
        options = {"preexec_fn": lambda: os.close(1)} if number == 1 else {}
        result = run("invoices", "--output", name, server=server, options=options)
        assert (1, b"", f"fastly-billing: {name}: Bad file descriptor\n") == result
        assert [] == server.requests

    @pytest.mark.parametrize("name", ["-", "/dev/stdout"])
    def test_closed_stdout(self, server: BillingServer, name: str) -> None:
        """Nothing is requested if stdout is closed."""
        options = {"preexec_fn": lambda: os.close(1)}
        result = run(*MAY, "--output", name, server=server, options=options)
        assert (1, b"", "fastly-billing: stdout: Bad file descriptor\n") == result
        assert [] == server.requests

    @needs_proc
    def test_open_for_reading(self, server: BillingServer, tmp_path: Path) -> None:
        """A file that is open only for reading is refused before anything is requested."""
        (tmp_path / "old").write_text("old")
        with (tmp_path / "old").open("rb") as file:
            name = f"/dev/fd/{file.fileno()}"
            result = run(
                *MAY, "--output", name, server=server, options={"pass_fds": [file.fileno()]}
            )
        assert (1, b"", f"fastly-billing: {name}: Bad file descriptor\n") == result
        assert ([], "old") == (server.requests, (tmp_path / "old").read_text())

    @needs_proc
    @pytest.mark.parametrize("is_link", [True, False])
    def test_open_for_writing(self, server: BillingServer, tmp_path: Path, is_link: bool) -> None:
        """A file that the shell has opened is continued, also through a link."""
        with (tmp_path / "log").open("wb", buffering=0) as file:
            file.write(b"head\n")
            name = f"/dev/fd/{file.fileno()}"
            if is_link:
                os.symlink(name, tmp_path / "link")
                name = str(tmp_path / "link")
            result = run(
                *MAY, "--output", name, server=server, options={"pass_fds": [file.fileno()]}
            )
            file.write(b"tail\n")
        assert (0, b"", "") == result
        text = (tmp_path / "log").read_text()
        assert text.startswith("head\n{")
        assert text.endswith("}\ntail\n")

    @pytest.mark.parametrize("option", ["--output", "--append-to"])
    def test_link_to_itself(
        self, shell: Shell, server: BillingServer, tmp_path: Path, option: str
    ) -> None:
        """A link that leads nowhere is refused."""
        os.symlink(tmp_path / "a", tmp_path / "b")
        os.symlink(tmp_path / "b", tmp_path / "a")
        result = shell("invoices", option, tmp_path / "a")
        assert (2, b"") == result[:2]
        assert "cannot be used: Too many levels of symbolic links" in result.stderr
        assert [] == server.requests

    @needs_proc
    def test_append_to_a_link(self, shell: Shell, server: BillingServer, tmp_path: Path) -> None:
        """A link to an open file is not a file that can be appended to."""
        os.symlink("/dev/fd/1", tmp_path / "link")
        result = shell("invoices", "--append-to", tmp_path / "link")
        assert (2, b"") == result[:2]
        assert "--append-to needs a file of its own" in result.stderr
        assert [] == server.requests


@contextlib.contextmanager
def as_nobody() -> Iterator[None]:
    """Give up root's rights in a block."""
    if os.geteuid():
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that others can enter."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def content_of(folder: Path) -> dict[str, str]:
    """Return the text of each file in a folder."""
    return {file.name: file.read_text() for file in folder.iterdir()}


class TestInPlace:
    """A file that cannot be replaced is written in place."""

    def test_hard_links(self, shell: Shell, tmp_path: Path) -> None:
        """All names of a file show the new content, and stderr says how it was written."""
        one, two = tmp_path / "one.json", tmp_path / "two.json"
        one.write_text("old" * 10_000)
        os.link(one, two)
        result = shell(*MAY, "--output", one)
        size = one.stat().st_size
        expected = f"{one}: {size:,} bytes of json written in place (it has hard links)\n"
        assert (0, b"", expected) == result
        assert one.samefile(two)
        assert json.loads(two.read_bytes())
        assert [one, two] == sorted(tmp_path.iterdir())

    def test_longer_and_shorter(self, tmp_path: Path) -> None:
        """The file has exactly the new content, whatever the length of the old one."""
        file = tmp_path / "a"
        for old, new in [("", "new"), ("old", "newer"), ("older", "new"), ("old", ""), ("x", "x")]:
            file.write_text(old)
            os.link(file, tmp_path / "b")
            assert Written(len(new), "it has hard links") == replace(str(file), [new.encode()])
            assert {"a": new, "b": new} == content_of(tmp_path)
            os.unlink(tmp_path / "b")

    def test_disk_that_becomes_full(self, shell: Shell, tmp_path: Path) -> None:
        """If the new content does not fit, the old one stays."""
        file, old = tmp_path / "all.jsonl", "old\n" * 1000
        file.write_text(old)
        os.link(file, tmp_path / "link")
        with files_of_at_most(100_000):
            result = shell("invoices", "--output", file)
        assert (1, b"", f"fastly-billing: {file}: File too large\n") == result
        assert {"all.jsonl": old, "link": old} == content_of(tmp_path)

    def test_folder_that_cannot_be_written(self, shared: Path) -> None:
        """A file in a folder that takes no other file is written all the same."""
        file = shared / "a"
        file.write_text("old")
        file.chmod(0o666)
        shared.chmod(0o555)
        with as_nobody():
            assert Written(3, "Permission denied") == replace(str(file), [b"n", b"ew"])
        shared.chmod(0o755)
        assert {"a": "new"} == content_of(shared)

    @needs_root
    @pytest.mark.parametrize("mode", [0o777, 0o1777])
    def test_file_of_somebody_else(self, shared: Path, mode: int) -> None:
        """A file whose owner could not be kept is written in place, and stays theirs."""
        file = shared / "a"
        file.write_text("old")
        file.chmod(0o666)
        shared.chmod(mode)  # a sticky one, like /tmp, does not let others rename it either
        with as_nobody():
            written = replace(str(file), [b"new"])
        assert Written(3, "its owner, group or permissions would change") == written
        status = file.stat()
        assert (0, 0, 0o666) == (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode))
        assert {"a": "new"} == content_of(shared)

    @needs_root
    @pytest.mark.parametrize("option", ["--output", "--append-to"])
    def test_mounted_file(self, server: BillingServer, tmp_path: Path, option: str) -> None:
        """A file that is mounted, as into a container, is written in place."""
        (tmp_path / "on_host").touch()
        (tmp_path / "all.jsonl").touch()
        command = (*mounting(tmp_path), *COMMAND, "invoices", option, str(tmp_path / "all.jsonl"))
        for _ in range(2):  # the second run of --append-to has nothing to do
            done = launched(command, server)
            assert 0 == done.returncode
        assert (option == "--output") == (" in place (Device or resource busy)" in done.stderr)
        text = (tmp_path / "on_host").read_text()
        assert len(text.splitlines()) > 100
        assert ["all.jsonl", "on_host"] == sorted(content_of(tmp_path))

    def test_new_file_that_cannot_be_renamed(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A file system without renaming gets the file all the same, or none if it does not fit."""

        def refuse(*_: object) -> None:
            raise OSError(errno.ENOSYS, "Function not implemented")

        monkeypatch.setattr(os, "replace", refuse)  # such a file system cannot be mounted here
        expected = Written(3, "Function not implemented")
        assert expected == replace(str(tmp_path / "a"), [b"new"])
        assert {"a": "new"} == content_of(tmp_path)
        with files_of_at_most(4), pytest.raises(OSError, match="too large"):
            replace(str(tmp_path / "b"), [b"newer"])
        assert {"a": "new"} == content_of(tmp_path)

    @pytest.mark.parametrize("old", [{}, {"a": "o"}, {"a": "older"}])
    def test_copy_that_does_not_fit(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: dict[str, str]
    ) -> None:
        """If only the write in place does not fit, the old content stays, or no file at all."""
        for name, text in old.items():
            (tmp_path / name).write_text(text)

        def refuse(*_: object) -> None:
            limits = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (6, limits[1]))
            raise OSError(errno.EBUSY, "Device or resource busy")

        monkeypatch.setattr(os, "replace", refuse)  # a full disk behind a mount
        with files_of_at_most(2**40), pytest.raises(OSError, match="too large") as raised:
            replace(str(tmp_path / "a"), [b"newest"] * 2)
        assert (str(tmp_path / "a"), old) == (raised.value.filename, content_of(tmp_path))


def mounting(folder: Path) -> tuple[str, ...]:
    """Return the start of a command for which one file is mounted as another."""
    script = f"mount --bind '{folder}/on_host' '{folder}/all.jsonl' && exec \"$@\""
    prefix = ("unshare", "--mount", "sh", "-c")
    with contextlib.suppress(OSError):
        if not subprocess.call([*prefix, script, "sh", "true"], stderr=subprocess.DEVNULL):
            return (*prefix, script, "sh")
    pytest.skip("this process may not mount")


def launched(command: tuple[str, ...], server: BillingServer) -> subprocess.CompletedProcess[str]:
    """Run a command with the host that serves it."""
    return subprocess.run(
        [*command, "--host", server.url],
        cwd=ROOT,
        env=environment(server),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


class TestAdding:
    """--append-to in place only adds at the end."""

    @pytest.mark.parametrize("end", [b"", b'{"torn'])
    def test_lines_are_added(self, tmp_path: Path, end: bytes) -> None:
        """Lines are added, in the place of an incomplete one."""
        file = tmp_path / "a"
        file.write_bytes(b"1\n2\n" + end)
        os.link(file, tmp_path / "b")
        assert 6 == replace(str(file), [b"1\n2\n", b"3\n"], only_adds=True).size
        assert {"a": "1\n2\n3\n", "b": "1\n2\n3\n"} == content_of(tmp_path)

    @pytest.mark.parametrize("new", [b"1\n3\n", b"", b"1\n", b"0\n1\n2\n"])
    def test_lines_are_not_replaced(self, tmp_path: Path, new: bytes) -> None:
        """If a line had to change, the file stays, and the message says what to do."""
        file = tmp_path / "a"
        file.write_text("1\n2\n")
        os.link(file, tmp_path / "b")
        with pytest.raises(OSError, match="mount its directory instead") as raised:
            replace(str(file), [new], only_adds=True)
        assert str(file) == raised.value.filename
        assert {"a": "1\n2\n", "b": "1\n2\n"} == content_of(tmp_path)

    def test_command(self, shell: Shell, tmp_path: Path) -> None:
        """The command adds to a file with hard links, and does not replace rows in it."""
        file = tmp_path / "all.jsonl"
        shell("invoices", "--since", "2026-04", "--append-to", file)
        whole = file.read_bytes()
        lines = whole.splitlines(keepends=True)
        os.link(file, tmp_path / "link")
        result = shell("invoices", "--since", "2026-03", "--append-to", file)
        assert (0, b"") == result[:2]
        assert "written in place (it has hard links)\n1 invoice added" in result.stderr
        assert file.read_bytes().startswith(whole)
        damaged = b"".join(lines[1:])  # the first invoice is incomplete, and would be replaced
        file.write_bytes(damaged)
        result = shell("invoices", "--since", "2026-04", "--append-to", file)
        assert (1, b"") == result[:2]
        assert "mount its directory instead" in result.stderr
        assert damaged == (tmp_path / "link").read_bytes()


class TestOwner:
    """A replaced file is as private, and as accessible, as it was."""

    @needs_root
    @pytest.mark.parametrize("mode", [0o640, 0o664, 0o600, 0o2660])
    def test_owner_and_group_stay(self, shell: Shell, tmp_path: Path, mode: int) -> None:
        """Root leaves a file to its owner and its group, also in a folder of another group."""
        os.chown(tmp_path, 4003, 4003)
        tmp_path.chmod(0o2775)
        file = tmp_path / "a.json"
        file.write_text("old")
        os.chown(file, 4001, 4002)
        file.chmod(mode)
        inode = file.stat().st_ino
        assert 0 == shell(*MAY, "--output", file).status
        status = file.stat()
        assert (4001, 4002, mode) == (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode))
        assert inode != status.st_ino

    def test_attributes_stay(self, tmp_path: Path) -> None:
        """A file keeps its extended attributes, one of which is the access control list."""
        file = tmp_path / "a"
        file.write_text("old")
        try:
            os.setxattr(file, "user.source", b"finance")
        except (AttributeError, OSError):
            pytest.skip("no extended attributes here")
        assert Written(3) == replace(str(file), [b"new"])
        assert (b"finance", "new") == (os.getxattr(file, "user.source"), file.read_text())

    def test_time_is_new(self, tmp_path: Path) -> None:
        """The time of the file is that of the new content."""
        file = tmp_path / "a"
        file.write_text("old")
        os.utime(file, (1, 1))
        replace(str(file), [b"new"])
        assert file.stat().st_mtime > 1e9

    @pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP, errno.EPERM])
    def test_file_system_without_fsync(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
    ) -> None:
        """A file system that refuses fsync has the data all the same."""
        monkeypatch.setattr(os, "fsync", refusing(number))  # it cannot be mounted here
        assert Written(3) == replace(str(tmp_path / "a"), [b"new"])

    @pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC, errno.EDQUOT])
    def test_data_that_is_lost_late(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
    ) -> None:
        """An error that the system reports only when asked to store the data is not ignored."""
        (tmp_path / "a").write_text("old")
        monkeypatch.setattr(os, "fsync", refusing(number))  # a server's quota, for example
        with pytest.raises(OSError, match="refused"):
            replace(str(tmp_path / "a"), [b"new"])
        assert {"a": "old"} == content_of(tmp_path)

    @pytest.mark.parametrize("name", ["chmod", "chown", "utime"])
    def test_file_system_without_permissions(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
    ) -> None:
        """A file system that refuses to change owner, permissions or time gets the data."""
        (tmp_path / "a").write_text("old")
        (tmp_path / "a").chmod(0o644)
        monkeypatch.setattr(os, name, refusing(errno.EPERM))  # it cannot be mounted here
        assert 3 == replace(str(tmp_path / "a"), [b"new"]).size
        assert {"a": "new"} == content_of(tmp_path)
        assert 0o644 == stat.S_IMODE((tmp_path / "a").stat().st_mode)


def refusing(number: int) -> object:
    """Return a function that fails as the system's may."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, "refused")

    return refuse


# Writes a file, and sends itself signals before or after a call of the system.
SIGNALLED = """
import os, signal, sys
from fastly.cli.files import replace
from fastly.cli.signals import ended_by_signals
path, name, when, skipped, *numbers = sys.argv[1:]
real, numbers, calls = getattr(os, name), [int(number) for number in numbers], []
def send():
    signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    for number in numbers:
        os.kill(os.getpid(), number)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, numbers)  # all at once
def call(*args, **options):
    calls.append(name)
    is_now = len(calls) == int(skipped) + 1
    if is_now and when == "before":
        send()
    try:
        return real(*args, **options)
    finally:
        if is_now and when == "after":
            send()
setattr(os, name, call)
try:
    with ended_by_signals():
        replace(path, [b"new", b"er"])
except KeyboardInterrupt:
    sys.exit(130)
"""
TERM, HUP, INT = signal.SIGTERM, signal.SIGHUP, signal.SIGINT


class TestSignals:
    """Signals at any point leave the old file or the new one, and nothing else."""

    @pytest.mark.parametrize("when", ["before", "after"])
    @pytest.mark.parametrize("call", ["open", "fsync", "stat", "replace", "unlink"])
    @pytest.mark.parametrize(
        "numbers", [(TERM,), (HUP,), (INT,), (TERM, HUP), (INT, TERM), (HUP, INT)]
    )
    def test_no_part_is_left(
        self, tmp_path: Path, call: str, when: str, numbers: tuple[signal.Signals, ...]
    ) -> None:
        """One signal or two at once, during any call of the system, leave no temporary file."""
        (tmp_path / "a").write_text("old")
        status = signalled(tmp_path / "a", call, when, 0, *numbers)
        assert content_of(tmp_path) in ({"a": "old"}, {"a": "newer"})
        assert status in {130 if number == INT else -number for number in numbers}

    def test_only_the_first_one_raises(self) -> None:
        """A second signal does not interrupt what the first one has started to clean up."""
        seen: list[str] = []

        def interrupted() -> None:
            try:
                signal.raise_signal(INT)
            finally:
                signal.raise_signal(INT)
                seen.append("cleaned up")

        with pytest.raises(KeyboardInterrupt), ended_by_signals():
            interrupted()
        assert (["cleaned up"], signal.default_int_handler) == (seen, signal.getsignal(INT))

    def test_held(self) -> None:
        """A signal is raised again at the end of the block that holds it."""
        seen: list[str] = []
        with pytest.raises(KeyboardInterrupt), held():
            seen.extend(signal.raise_signal(INT) or ["finished"])
        assert ["finished"] == seen

    def test_write_in_place_is_finished(self, tmp_path: Path) -> None:
        """Signals wait until a file that is written in place is complete."""
        (tmp_path / "a").write_text("old")
        os.link(tmp_path / "a", tmp_path / "b")
        status = signalled(tmp_path / "a", "fsync", "before", 1, TERM, HUP)
        assert {"a": "newer", "b": "newer"} == content_of(tmp_path)
        assert status in (-TERM, -HUP)


def signalled(file: Path, *words: object) -> int:
    """Run a program that sends itself signals, and return its exit status."""
    return subprocess.run(
        [
            sys.executable,
            "-c",
            SIGNALLED,
            str(file),
            *(f"{word:d}" if isinstance(word, int) else str(word) for word in words),
        ],
        cwd=ROOT,
        timeout=30,
        capture_output=True,
        preexec_fn=at_a_terminal,
        check=False,
    ).returncode


@pytest.mark.parametrize("numbers", [(TERM, TERM), (TERM, HUP, INT), (INT, TERM)])
def test_signals_while_it_requests(
    server: BillingServer, tmp_path: Path, numbers: tuple[signal.Signals, ...]
) -> None:
    """Signals one right after the other end a waiting command, which removes its file."""
    server.enqueue(delay=60)
    command = [*COMMAND, *words(("invoices", "--output", tmp_path / "a.csv"), server)]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment(server),
        stderr=subprocess.PIPE,
        preexec_fn=at_a_terminal,
    ) as process:
        while not server.requests:
            assert process.poll() is None
            time.sleep(0.01)
        for number in numbers:
            process.send_signal(number)
        assert b"" == process.communicate(timeout=10)[1]
    assert [] == list(tmp_path.iterdir())
    assert process.returncode in {130 if number == INT else -number for number in numbers}
