"""Where the command line writes its data: pipes, files, devices, and their formats."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from shell import (
    COMMAND,
    MAY,
    ROOT,
    Shell,
    Terminal,
    at_a_terminal,
    environment,
    files_of_at_most,
    needs_dev_full,
    run,
    widest,
    words,
)

from fastly.cli.files import replace
from fastly.cli.main import main
from fastly.testing import BillingServer


def invoice_id_in(data: bytes) -> str:
    """Return the ID of an invoice in JSON."""
    return str(json.loads(data)["invoice_id"])


def said(file: Path, form: str = "json") -> str:
    """Return the message about a file that was written."""
    return f"{file}: {file.stat().st_size:,} bytes of {form} written\n"


class TestFile:
    """--output writes a file completely or not at all."""

    def test_file_is_like_any_new_file(self, server: BillingServer, tmp_path: Path) -> None:
        """A new file has the permissions that the umask leaves, and stdout stays empty."""
        file = tmp_path / "may.json"
        result = run(*MAY, "--output", file, server=server, options={"umask": 0o027})
        assert (0, b"", said(file)) == result
        assert server.account.v3_invoice_id(2026, 5) == invoice_id_in(file.read_bytes())
        assert 0o640 == stat.S_IMODE(file.stat().st_mode)
        assert [file] == list(tmp_path.iterdir())

    @pytest.mark.parametrize(
        ("name", "start"),
        [
            ("a.json", b"{\n"),
            ("a.CSV", b"customer_id,"),
            (".csv", b"customer_id,"),
            (".may.csv", b"customer_id,"),
            ("a.jsonl", b'{"customer_id"'),
            ("a.ndjson", b'{"customer_id"'),
            ("a.txt", b"Invoice 2026-05\n"),
            ("a", b"{\n"),
        ],
    )
    def test_extension_decides_the_format(
        self, shell: Shell, tmp_path: Path, name: str, start: bytes
    ) -> None:
        """Without --format, the extension selects it, also of hidden files; without one, json."""
        assert (0, b"", "") == shell(*MAY, "--quiet", "--output", tmp_path / name)
        assert (tmp_path / name).read_bytes().startswith(start)

    @pytest.mark.parametrize("name", ["may.ods", ".pdf", ".hidden", "a."])
    def test_unknown_extension(
        self, shell: Shell, server: BillingServer, tmp_path: Path, name: str
    ) -> None:
        """One message names all known extensions and all formats."""
        result = shell(*MAY, "--output", tmp_path / name)
        assert (2, b"") == result[:2]
        words = ".csv, .json, .jsonl, .ndjson, .txt, .parquet, .xlsx, or add --format table|csv|"
        assert words in result.stderr
        assert [] == server.requests
        status = 2 if name == ".pdf" else 0
        assert status == shell(*MAY, "--format", "json", "--output", tmp_path / name).status

    @pytest.mark.parametrize(
        ("form", "name", "says"),
        [
            ("csv", "costs.xlsx", "xlsx, but the format is csv"),
            ("xlsx", "costs.CSV", "csv, but the format is xlsx"),
            ("focus", "focus.json", "json, but the format is focus"),
            ("jsonl", "a.parquet", "parquet, but the format is jsonl"),
        ],
    )
    def test_a_name_that_says_another_format(
        self, shell: Shell, server: BillingServer, tmp_path: Path, form: str, name: str, says: str
    ) -> None:
        """A file that its programs would not open is refused before any request."""
        result = shell(*MAY, "--format", form, "--output", tmp_path / name)
        assert (2, b"", f"says {says}: change one of them") == (
            *result[:2],
            result.stderr.strip().partition("' ")[2],
        )
        assert [] == server.requests

    @pytest.mark.parametrize(
        ("form", "name", "start"),
        [("jsonl", "a.json", b'{"cust'), ("csv", "a.txt", b"cust"), ("focus", "a.jsonl", b'{"Bil')],
    )
    def test_a_name_that_says_a_like_format(
        self, shell: Shell, tmp_path: Path, form: str, name: str, start: bytes
    ) -> None:
        """What programs read all the same is written, FOCUS as JSON lines too."""
        assert 0 == shell(*MAY, "--format", form, "--output", tmp_path / name).status
        assert (tmp_path / name).read_bytes().startswith(start)

    @pytest.mark.parametrize(
        ("form", "module", "extra"),
        [("parquet", "pyarrow", "arrow"), ("xlsx", "xlsxwriter", "excel")],
    )
    def test_missing_extra(
        self,
        shell: Shell,
        server: BillingServer,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        form: str,
        module: str,
        extra: str,
    ) -> None:
        """A format whose library is missing says how to install it, before any request."""
        monkeypatch.setitem(sys.modules, module, None)
        for arguments in (("--output", tmp_path / f"a.{form}"), ("--format", form)):
            result = shell("invoices", *arguments)
            assert (2, b"") == result[:2]
            assert f"pip install 'fastly-billing[{extra}]'" in result.stderr
        assert [] == server.requests

    @pytest.mark.parametrize("form", ["parquet", "xlsx"])
    @pytest.mark.parametrize("stdout", [(), ("--output", "-")])
    def test_typed_files_need_a_file(
        self, shell: Shell, monkeypatch: pytest.MonkeyPatch, form: str, stdout: tuple[str, ...]
    ) -> None:
        """They are not written to stdout, which is usually a terminal or a program for text."""
        monkeypatch.setattr("fastly.cli.output.find_spec", bool)  # as if the extras were installed
        result = shell("invoices", "--format", form, *stdout)
        assert (2, b"") == result[:2]
        assert f"--format {form} is for files: add --output FILE.{form}" in result.stderr

    def test_table_in_a_file(self, piped: Shell, tmp_path: Path) -> None:
        """A page in a file is UTF-8 and 80 columns wide, whatever stdout is."""
        file = tmp_path / "usage.txt"
        command = ("usage", "--by-service", "--until", "2026-05", "--output", file)
        result = piped(*command, PYTHONIOENCODING="ascii", COLUMNS="40")
        assert (0, b"", said(file, "table")) == result
        assert "café-zürich" in file.read_text("utf-8")
        assert 80 == widest(file.read_text("utf-8"))

    def test_link_and_permissions_stay(
        self, shell: Shell, server: BillingServer, tmp_path: Path
    ) -> None:
        """A file that is written again keeps its permissions, and a link to it stays a link."""
        file, link = tmp_path / "private.json", tmp_path / "link.json"
        file.write_text("old")
        file.chmod(0o600)
        link.symlink_to(file)
        result = shell(*MAY, "--output", link)
        assert (0, b"", said(link)) == result
        assert link.is_symlink()
        assert 0o600 == stat.S_IMODE(file.stat().st_mode)
        assert server.account.v3_invoice_id(2026, 5) == invoice_id_in(file.read_bytes())

    def test_temporary_file_is_as_private(self, tmp_path: Path) -> None:
        """While a file is written again, nobody who cannot read it can read the new one."""
        file, modes = tmp_path / "private.csv", list[int]()
        file.write_text("old")
        file.chmod(0o600)

        def chunks() -> Iterator[bytes]:
            (temporary,) = tmp_path.glob(".fastly-*.part")
            modes.append(stat.S_IMODE(temporary.stat().st_mode))
            yield b"new"

        replace(str(file), chunks())
        assert ([0o600], b"new") == (modes, file.read_bytes())

    @pytest.mark.parametrize("option", ["--output", "--append-to"])
    def test_read_only_file_is_not_replaced(
        self, shell: Shell, server: BillingServer, tmp_path: Path, option: str
    ) -> None:
        """A read-only file stays as it is, and nothing is requested."""
        file = tmp_path / "a.jsonl"
        file.write_text("old")
        file.chmod(0o444)
        result = shell("invoices", option, file)
        assert (1, b"", f"fastly-billing: {file}: the file is read-only\n") == result
        assert "old" == file.read_text()
        assert [] == server.requests

    def test_failed_call_leaves_the_old_file(
        self, shell: Shell, server: BillingServer, tmp_path: Path
    ) -> None:
        """A request that fails, even for a later page, leaves neither a new file nor a part."""
        file = tmp_path / "all.csv"
        file.write_text("old")
        body = {"data": [{"invoice_id": "1"}], "meta": {"next_cursor": "x"}}
        server.enqueue(200, body=body)
        server.enqueue(404)
        assert 1 == shell("invoices", "--output", file).status
        assert 2 == len(server.requests)
        assert "old" == file.read_text()
        assert [file] == list(tmp_path.iterdir())

    @pytest.mark.parametrize(("command", "size"), [(MAY, 1000), (("invoices",), 100_000)])
    def test_full_disk_leaves_the_old_file(
        self, shell: Shell, tmp_path: Path, command: tuple[str, ...], size: int
    ) -> None:
        """If the data does not fit, the old file stays, and the message names it."""
        file = tmp_path / "may\x1b[2J.csv"
        file.write_text("old")
        with files_of_at_most(size):
            result = shell(*command, "--output", file)
        name = str(file).replace("\x1b", " ")
        assert (1, b"", f"fastly-billing: {name}: File too large\n") == result
        assert "old" == file.read_text()
        assert [file] == list(tmp_path.iterdir())

    def test_directory_that_cannot_be_written(self, shell: Shell) -> None:
        """If no temporary file can be created, the message names the requested file."""
        result = shell(*MAY, "--output", "/proc/may.json")
        assert (1, b"") == result[:2]
        assert result.stderr.startswith("fastly-billing: /proc/may.json: ")

    @pytest.mark.parametrize(
        ("name", "message"),
        [
            ("none/may.json", "--output must be in an existing directory, got "),
            (".", "--output must be a file, not a directory, got "),
            ("", "--output must be the name of a file, got ''"),
            ("a\0.csv", "--output 'a\\x00.csv' cannot be used: it is not a valid path"),
            ("a" * 300 + ".csv", "cannot be used: File name too long"),
            ("may.csv/may.csv", "cannot be used: Not a directory"),
        ],
    )
    def test_paths_are_checked_first(
        self,
        shell: Shell,
        server: BillingServer,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        name: str,
        message: str,
    ) -> None:
        """An unusable path is reported on one line, before anything is requested."""
        monkeypatch.chdir(tmp_path)
        (tmp_path / "may.csv").touch()
        result = shell(*MAY, "--output", name)
        assert (2, b"") == result[:2]
        assert message in result.stderr
        assert 1 == result.stderr.count("\n")
        assert [] == server.requests


def test_a_directory_that_does_not_exist(
    shell: Shell, server: BillingServer, tmp_path: Path
) -> None:
    """A path that ends with a slash is a directory, and not written as a file."""
    for option in ("--output", "--append-to"):
        result = shell("invoices", option, f"{tmp_path}/exports/")
        assert (2, b"") == result[:2]
        assert f"{option} must be a file, not a directory" in result.stderr
    assert ([], []) == (list(tmp_path.iterdir()), server.requests)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_signals_leave_no_temporary_file(
    server: BillingServer, tmp_path: Path, number: signal.Signals
) -> None:
    """A process killed by SIGTERM or SIGHUP removes its temporary file first."""
    server.enqueue(delay=60)
    with subprocess.Popen(
        [*COMMAND, *words(("invoices", "--output", tmp_path / "all.csv"), server)],
        cwd=ROOT,
        env=environment(server),
        stderr=subprocess.PIPE,
        preexec_fn=at_a_terminal,
    ) as process:
        while not server.requests:
            assert process.poll() is None
            time.sleep(0.01)
        assert 1 == len(list(tmp_path.iterdir()))
        process.send_signal(number)
        assert b"" == process.communicate(timeout=10)[1]
    assert [] == list(tmp_path.iterdir())
    assert (130 if number == signal.SIGINT else -number) == process.returncode


@pytest.mark.parametrize("option", ["ignored", "in a thread"])
def test_signals_that_are_not_ours(server: BillingServer, tmp_path: Path, option: str) -> None:
    """Ignored signals stay ignored, as under nohup, and commands can run in threads."""
    if option == "ignored":
        file = tmp_path / "all.csv"
        command = ["nohup", *COMMAND, *words(("invoices", "--output", file), server)]
        server.enqueue(body={"data": []}, delay=0.5)
        with subprocess.Popen(command, cwd=ROOT, env=environment(server)) as process:
            while not server.requests:
                assert process.poll() is None
                time.sleep(0.01)
            process.send_signal(signal.SIGHUP)
        assert (0, True) == (process.returncode, file.exists())
    else:
        with ThreadPoolExecutor() as threads:
            assert 0 == threads.submit(main, ["invoices", "--demo", "--quiet"]).result()


class TestPipesAndDevices:
    """Data is written into stdout, named pipes and devices, which are not replaced."""

    def test_named_pipe(self, server: BillingServer, piped: Shell, tmp_path: Path) -> None:
        """A named pipe is written into, and is still a pipe afterwards."""
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        read: list[bytes] = []
        reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()), daemon=True)
        reader.start()
        assert (0, b"", "") == piped(*MAY, "--output", pipe)
        reader.join(10)
        assert server.account.v3_invoice_id(2026, 5) == invoice_id_in(read[0])
        assert pipe.is_fifo()

    @pytest.mark.parametrize("name", ["/dev/fd/1", "/proc/self/fd/1", "/dev/stdout"])
    def test_open_file_is_continued(self, piped: Shell, tmp_path: Path, name: str) -> None:
        """What the shell writes into the same file before and after it stays."""
        if not os.path.exists(name):
            pytest.skip("no such name here")
        file = tmp_path / "log"
        with file.open("wb", buffering=0) as stdout:
            stdout.write(b"head\n")
            command = ("invoices", "--format", "jsonl", "--output", name)
            assert 0 == piped(*command, stdout=stdout.fileno()).status
            stdout.write(b"tail\n")
        lines = file.read_text("utf-8").splitlines()
        assert ("head", "tail", True) == (lines[0], lines[-1], len(lines) > 100)
        assert all(json.loads(line) for line in lines[1:-1])

    def test_other_files_of_proc_are_replaced(
        self, shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A path through /proc may lead to an ordinary file."""
        monkeypatch.chdir(tmp_path)
        file = Path("/proc/self/cwd/a.json")
        if not file.parent.is_dir():
            pytest.skip("no such folder here")
        for _ in range(2):
            result = shell(*MAY, "--output", file)
            assert (0, b"", said(file)) == result
        assert json.loads(file.read_bytes())

    @pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
    def test_dev_stdout_is_stdout(self, piped: Shell, tmp_path: Path, name: str) -> None:
        """A name of stdout does not replace the file that a shell appends to."""
        if not os.path.exists(name):
            pytest.skip("no such name here")
        file = tmp_path / "log"
        file.write_text("before\n")
        with file.open("ab") as stdout:
            command = ("invoices", "--format", "jsonl", "--output", name)
            assert 0 == piped(*command, stdout=stdout.fileno()).status
        assert file.read_text("utf-8").startswith('before\n{"customer_id"')

    def test_stdout_gets_all_or_nothing(self, server: BillingServer, piped: Shell) -> None:
        """If a later page fails, nothing of the earlier ones is in the pipe."""
        body = {"data": [{"invoice_id": "1"}], "meta": {"next_cursor": "x"}}
        server.enqueue(200, body=body)
        server.enqueue(404)
        result = piped("invoices", "--format", "csv")
        assert (1, b"") == result[:2]

    @pytest.mark.parametrize("form", ["table", "json", "jsonl"])
    def test_stdout_that_takes_only_ascii(self, piped: Shell, form: str) -> None:
        """Characters that stdout's encoding lacks are escaped in JSON and replaced on a page."""
        command = ("usage", "--by-service", "--until", "2026-05", "--format", form)
        result = piped(*command, PYTHONIOENCODING="ascii")
        assert (0, "") == (result.status, result.stderr)
        assert result.stdout.isascii()
        assert (b"caf?-z?rich" if form == "table" else b"caf\\u00e9-z\\u00fcrich") in result.stdout

    def test_bars_of_ascii(self, server: BillingServer) -> None:
        """A terminal without UTF-8 gets bars of ASCII."""
        result = run(*MAY, "--format", "table", server=server, PYTHONIOENCODING="ascii")
        assert b"####" in result.stdout

    def test_table_can_be_asked_for_in_a_pipe(self, piped: Shell) -> None:
        """In a pipe, a table is 80 columns wide, or as wide as COLUMNS says."""
        usual = piped(*MAY, "--format", "table")
        narrow = piped(*MAY, "--format", "table", COLUMNS="50")
        assert [80, 50] == [widest(result.stdout.decode()) for result in (usual, narrow)]

    def test_terminal_beside_a_pipe(self, terminal: Terminal, tmp_path: Path) -> None:
        """If only stderr is a terminal, stdout still gets data for programs."""
        with (tmp_path / "out").open("wb") as stdout:
            shown = terminal(*MAY, stdout=stdout.fileno())
        assert (0, "") == shown
        assert (tmp_path / "out").read_bytes().startswith(b"{\n")

    @needs_dev_full
    def test_full_device_is_named(self, capsys: pytest.CaptureFixture[str]) -> None:
        """The error names a device that accepts no more data."""
        assert 1 == main([*MAY, "--demo", "--output", "/dev/full"])
        assert capsys.readouterr().err.endswith("/dev/full: No space left on device\n")

    @needs_dev_full
    def test_full_stdout(self, server: BillingServer) -> None:
        """If stdout is full, the exit status is 1 with one line on stderr."""
        with open("/dev/full", "wb") as full:
            result = run(*MAY, server=server, options={"stdout": full})
        assert (1, "fastly-billing: stdout: No space left on device\n") == result[::2]

    def test_closed_stdout(self, server: BillingServer) -> None:
        """A closed stdout gives exit status 1 and one line on stderr."""
        result = run(*MAY, server=server, options={"preexec_fn": lambda: os.close(1)})
        assert (1, b"", "fastly-billing: stdout: Bad file descriptor\n") == result

    def test_closed_stderr(self, server: BillingServer) -> None:
        """Messages do not go to stdout if stderr is closed."""
        options = {"preexec_fn": lambda: os.close(2)}
        assert (1, b"", "") == run("invoice", "1999-05", server=server, options=options)

    @pytest.mark.parametrize("arguments", [MAY, ("--help",)])
    def test_reader_that_left(self, server: BillingServer, arguments: tuple[str, ...]) -> None:
        """If the reader of a pipe has gone, the command ends without a traceback."""
        reading, writing = os.pipe()
        os.close(reading)
        result = run(*arguments, server=server, options={"stdout": writing})
        os.close(writing)
        assert (141, "") == result[::2]
