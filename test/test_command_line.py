"""The command line, run as a process of its own, and the page that it prints."""

from __future__ import annotations

import contextlib
import fcntl
import io
import json
import os
import pty
import re
import resource
import signal
import socket
import stat
import struct
import subprocess
import sys
import termios
import threading
import time
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

import fastly
from fastly.__main__ import main
from fastly._table import NARROWEST, WIDEST, page, printable
from fastly.api.billing_api import BillingApi
from fastly.models import BillingEstimateResponse, BillingResponse, BillingTotal
from fastly.testing import BillingServer
from fastly.testing.account import CUSTOMER_ID

ROOT = Path(__file__).parent.parent
COMMAND = (sys.executable, "-X", "dev", "-W", "error", "-m", "fastly")
MAY = ("invoice", "05", "2020")
# Clear the screen; a C1 control; right-to-left override; half of a surrogate pair.
HOSTILE = "\x1b[2J\x9b31m\u202eknab\ud800\x7f\r\n\tend"
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]")


# A device of Linux, to which nothing can be written: the disk that is full.
needs_dev_full = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no such device here")


class Result(NamedTuple):
    """What a process left behind."""

    status: int
    stdout: bytes
    stderr: str


class Shown(NamedTuple):
    """What a process showed on a terminal."""

    status: int
    text: str


def environment(server: BillingServer | None, **variables: str) -> dict[str, str]:
    """Return the environment of a user who may ask a server."""
    unlike = ("COLUMNS", "PYTHONUNBUFFERED", "PYTHONIOENCODING")
    kept = {name: value for name, value in os.environ.items() if name not in unlike}
    token = {"FASTLY_API_TOKEN": server.token} if server else {}
    return {**kept, "PYTHONPATH": str(ROOT), **token, **variables}


def words(arguments: tuple[object, ...], server: BillingServer | None) -> list[str]:
    """Return a command line; a server makes it ask that one."""
    host = ["--host", server.url] if server else []
    return [*COMMAND, *map(str, arguments), *host]


def run(
    *arguments: object, server: BillingServer | None = None, options: Any = None, **variables: str
) -> Result:
    """Run the command line with pipes in the place of a terminal."""
    done = subprocess.run(
        words(arguments, server),
        cwd=ROOT,
        env=environment(server, **variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=20,
        check=False,
        **(options or {}),
    )
    return Result(done.returncode, done.stdout, done.stderr.decode())


def run_in_terminal(
    *arguments: object, server: BillingServer | None = None, columns: int = 80, **variables: str
) -> Shown:
    """Run the command line in a real terminal; return all that it showed."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with subprocess.Popen(
        words(arguments, server),
        cwd=ROOT,
        env=environment(server, **variables),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        shown = b"".join(chunks(ours))
        os.close(ours)
        return Shown(process.wait(20), shown.decode().replace("\r\n", "\n"))


def chunks(descriptor: int) -> Iterator[bytes]:
    """Yield what a terminal shows until the last program has left it."""
    with contextlib.suppress(OSError):  # EIO: that is how a terminal says so
        while chunk := os.read(descriptor, 65536):
            yield chunk


Shell = Callable[..., Result]


@pytest.fixture
def shell(
    server: BillingServer,
    monkeypatch: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
) -> Shell:
    """Run the command line in this process, where no process of its own is needed."""

    def call(*arguments: object, token: str = server.token, host: str = server.url) -> Result:
        monkeypatch.setenv("FASTLY_API_TOKEN", token)
        given = [] if "--host" in arguments or not arguments else ["--host", host]
        status = main([*map(str, arguments), *given])
        shown = capfdbinary.readouterr()
        return Result(status, shown.out, shown.err.decode())

    return call


@contextlib.contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Let the operating system refuse to write longer files, as it does on a full disk."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def cells(line: str) -> int:
    """Return the columns that a line takes in a terminal."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in line)
    return len(line) + wide - sum(unicodedata.combining(c) > 0 for c in line)


def pressed_ctrl_c() -> None:
    """Undo what a background job inherits: deafness to Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def invoice_id(server: BillingServer) -> str:
    """Return the id of the invoice of May 2020."""
    return server.account.invoice_id(2020, 5)


class TestOperations:
    """The three operations, their data on stdout and nothing beside it."""

    def test_invoice_is_json_in_a_pipe(self, server: BillingServer) -> None:
        """Without a terminal, an invoice comes as the JSON that the API sent."""
        result = run(*MAY, server=server)
        assert (0, "") == (result.status, result.stderr)
        assert server.account.invoice(2020, 5) == json.loads(result.stdout)
        assert "café-zürich".encode() in result.stdout

    def test_invoice_by_id(self, server: BillingServer) -> None:
        """An id leads to the same invoice as its month."""
        result = run("invoice-by-id", server.customer_id, invoice_id(server), server=server)
        assert (0, "") == (result.status, result.stderr)
        assert server.account.invoice(2020, 5) == json.loads(result.stdout)

    def test_estimate_waits_until_it_is_made(self, server: BillingServer) -> None:
        """An estimate is asked for again until it is there, for the month that was named."""
        result = run("mtd", server.customer_id, "--month", 5, "--year", 2020, server=server)
        assert (0, "") == (result.status, result.stderr)
        assert server.account.estimate(2020, 5) == json.loads(result.stdout)
        assert [{"month": "05", "year": "2020"}] * 2 == [r.query for r in server.requests]

    def test_csv_is_what_the_api_sent(self, server: BillingServer, api: BillingApi) -> None:
        """CSV goes through byte for byte, line ends included, whatever stdout's encoding."""
        expected = api.get_invoice(5, 2020, _accept="text/csv").encode()
        result = run(*MAY, "--format", "csv", server=server, PYTHONIOENCODING="ascii")
        assert (0, expected, "") == result

    def test_pdf_goes_into_a_pipe(self, server: BillingServer) -> None:
        """A PDF in a pipe is one that opens."""
        result = run(*MAY, "--format", "pdf", server=server)
        assert (0, "") == (result.status, result.stderr)
        assert invoice_id(server) in PdfReader(io.BytesIO(result.stdout)).pages[0].extract_text()

    def test_table_can_be_asked_for_in_a_pipe(self, server: BillingServer) -> None:
        """The page of a pipe is 80 columns wide, or as wide as COLUMNS says."""
        usual = run(*MAY, "--format", "table", server=server)
        narrow = run(*MAY, "--format", "table", server=server, COLUMNS="50")
        widths = [max(map(cells, r.stdout.decode().splitlines())) for r in (usual, narrow)]
        assert [80, 50] == widths
        assert b"\x1b" not in usual.stdout

    @pytest.mark.parametrize("form", ["table", "json"])
    def test_stdout_that_knows_ascii_alone(self, server: BillingServer, form: str) -> None:
        """What stdout's encoding cannot show is escaped in JSON and replaced on the page."""
        result = run(*MAY, "--format", form, server=server, PYTHONIOENCODING="ascii")
        assert (0, "") == (result.status, result.stderr)
        assert result.stdout.isascii()
        if form == "json":
            assert server.account.invoice(2020, 5) == json.loads(result.stdout)
        else:
            assert b"caf?-z?rich" in result.stdout
            assert b"####" in result.stdout


class TestTerminal:
    """What a person sees in a real terminal."""

    @pytest.mark.parametrize("columns", [40, 80, 200])
    def test_table_is_what_a_terminal_gets(self, server: BillingServer, columns: int) -> None:
        """In a terminal an invoice comes as a page that fits, without any colour codes."""
        shown = run_in_terminal(*MAY, server=server, columns=columns)
        assert shown.status == 0
        assert shown.text.startswith("Invoice 05/2020\n")
        assert "5,632.25" == amount_of("Total due, USD", shown.text)
        assert min(columns, WIDEST) == max(map(cells, shown.text.splitlines()))
        assert CONTROL.search(shown.text) is None

    def test_pdf_is_refused(self, server: BillingServer) -> None:
        """A terminal gets no PDF but a word about it, and nothing is asked."""
        shown = run_in_terminal(*MAY, "--format", "pdf", server=server)
        assert shown.status == 2
        assert "--output FILE" in shown.text
        assert "%PDF" not in shown.text
        assert [] == server.requests

    @pytest.mark.parametrize("form", ["table", "json"])
    def test_control_characters_stay_away(self, server: BillingServer, form: str) -> None:
        """No control character of the API's text reaches the terminal."""
        total = {"plan_name": HOSTILE, "extras": [{"name": HOSTILE, "recurring": 1}]}
        body = {"customer_id": HOSTILE, "regions": {HOSTILE: {"cost": 1}}, "total": total}
        server.enqueue(200, body=body)
        shown = run_in_terminal(*MAY, "--format", form, server=server)
        assert shown.status == 0
        assert shown.text.count("knab") >= 4
        assert CONTROL.search(shown.text) is None

    def test_csv_loses_its_control_characters(self, server: BillingServer) -> None:
        """CSV that is shown in a terminal is free of control characters too."""
        server.enqueue(
            200,
            body=f"a,{HOSTILE[:-8]}\r\nb,é\r\n".encode("utf-8", "replace"),
            headers={"Content-Type": "text/csv"},
        )
        shown = run_in_terminal(*MAY, "--format", "csv", server=server)
        assert (0, "a,?[2J?31m?knab\nb,é\n") == shown

    def test_control_characters_in_errors_stay_away(self, server: BillingServer) -> None:
        """What the API says about an error is shown without control characters."""
        server.enqueue(404, body={"msg": HOSTILE}, headers={"Fastly-Request-Id": "\x9b31mcalled"})
        shown = run_in_terminal(*MAY, server=server)
        assert shown.status == 1
        assert "knab" in shown.text
        assert "called" in shown.text
        assert CONTROL.search(shown.text) is None

    def test_waits_are_told(self, server: BillingServer) -> None:
        """Somebody at a terminal is told that the estimate is being made."""
        shown = run_in_terminal("mtd", server.customer_id, server=server)
        assert shown.status == 0
        assert shown.text.startswith("the estimate is being made; asking again in 0.50 s\nEstimate")


class TestOutput:
    """--output writes a file whole or not at all."""

    def test_file_is_like_any_new_file(self, server: BillingServer, tmp_path: Path) -> None:
        """A new file has the permissions that the umask leaves, and stdout stays empty."""
        file = tmp_path / "may.json"
        result = run(*MAY, "--output", file, server=server, options={"umask": 0o027})
        assert (0, b"", "") == result
        assert server.account.invoice(2020, 5) == json.loads(file.read_bytes())
        assert 0o640 == stat.S_IMODE(file.stat().st_mode)
        assert [file] == list(tmp_path.iterdir())

    @pytest.mark.parametrize(
        ("name", "start"), [("a.pdf", b"%PDF-"), ("a.CSV", b"invoice_id,"), ("a", b"{\n")]
    )
    def test_ending_decides_the_format(
        self, shell: Shell, tmp_path: Path, name: str, start: bytes
    ) -> None:
        """Without --format, the file's ending says which it is, and JSON where it does not."""
        assert (0, b"", "") == shell(*MAY, "--output", tmp_path / name)
        assert (tmp_path / name).read_bytes().startswith(start)

    def test_table_in_a_file(self, server: BillingServer, tmp_path: Path) -> None:
        """A page in a file is UTF-8, whatever stdout's encoding."""
        file = tmp_path / "may.txt"
        arguments = (*MAY, "--format", "table", "--output", file)
        assert (0, b"", "") == run(*arguments, server=server, PYTHONIOENCODING="ascii")
        assert "café-zürich" in file.read_text("utf-8")

    def test_link_and_permissions_stay(
        self, shell: Shell, server: BillingServer, tmp_path: Path
    ) -> None:
        """A file that is written anew keeps its permissions, and a link to it stays a link."""
        file, link = tmp_path / "private.json", tmp_path / "link.json"
        file.write_text("old")
        file.chmod(0o600)
        link.symlink_to(file)
        assert (0, b"", "") == shell(*MAY, "--output", link)
        assert link.is_symlink()
        assert 0o600 == stat.S_IMODE(file.stat().st_mode)
        assert server.account.invoice(2020, 5) == json.loads(file.read_bytes())

    def test_failed_call_leaves_the_old_file(self, shell: Shell, tmp_path: Path) -> None:
        """A call that fails neither touches the file nor leaves another one behind."""
        file = tmp_path / "may.json"
        file.write_text("old")
        assert shell("invoice", "05", "1999", "--output", file).status == 1
        assert "old" == file.read_text()
        assert [file] == list(tmp_path.iterdir())

    def test_full_disk_leaves_the_old_file(self, shell: Shell, tmp_path: Path) -> None:
        """Where the data does not fit, the old file stays, and the word names the file."""
        file = tmp_path / "may.json"
        file.write_text("old")
        with files_of_at_most(1000):
            result = shell(*MAY, "--output", file)
        assert (1, b"", f"python -m fastly: {file}: File too large\n") == result
        assert "old" == file.read_text()
        assert [file] == list(tmp_path.iterdir())

    def test_word_about_a_hostile_name(self, shell: Shell, tmp_path: Path) -> None:
        """A file's name in a word about it has no control characters."""
        with files_of_at_most(1000):
            result = shell(*MAY, "--output", tmp_path / "a\x1b[2J")
        assert f"python -m fastly: {tmp_path}/a?[2J: File too large\n" == result.stderr

    def test_pipes_and_devices_are_not_replaced(
        self, server: BillingServer, tmp_path: Path
    ) -> None:
        """A named pipe is written into, and is still a pipe afterwards."""
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        read: list[bytes] = []
        reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()), daemon=True)
        reader.start()
        assert (0, b"", "") == run(*MAY, "--output", pipe, server=server)
        reader.join(10)
        assert server.account.invoice(2020, 5) == json.loads(read[0])
        assert pipe.is_fifo()

    def test_folder_is_checked_first(
        self, shell: Shell, server: BillingServer, tmp_path: Path
    ) -> None:
        """A folder that is not there, or a folder for a file, is told before anything is asked."""
        for wrong in (tmp_path / "none" / "may.json", tmp_path):
            result = shell(*MAY, "--output", wrong)
            assert (2, b"") == result[:2]
            assert str(wrong) in result.stderr
        assert [] == server.requests


class TestFailures:
    """Words on stderr, a status that tells, and never a traceback."""

    def test_wrong_token(self, server: BillingServer) -> None:
        """A token that the API refuses is status 1 and told without the token."""
        result = run(*MAY, server=server, FASTLY_API_TOKEN="wrong-secret")
        assert (1, b"") == result[:2]
        assert result.stderr.startswith("python -m fastly: 401 Unauthorized\n")
        assert "Check the API token in FASTLY_API_TOKEN." in result.stderr
        assert "wrong-secret" not in result.stderr

    def test_nobody_listens(self, shell: Shell) -> None:
        """A refused connection is status 1."""
        with socket.create_server(("127.0.0.1", 0)) as taken:
            url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        result = shell(*MAY, "--timeout", 0.3, host=url)
        assert (1, b"") == result[:2]
        assert "Connection refused" in result.stderr

    def test_timeout_bounds_the_call(self, shell: Shell, server: BillingServer) -> None:
        """--timeout ends the call, and the word says which option to change."""
        server.enqueue(200, delay=30)
        start = time.monotonic()
        result = shell(*MAY, "--timeout", 0.3)
        assert (1, b"") == result[:2]
        assert "give a longer --timeout" in result.stderr
        assert time.monotonic() - start < 5

    def test_wait_bounds_the_estimate(self, shell: Shell, server: BillingServer) -> None:
        """--wait 0 does not wait for an estimate, and the word says which option to change."""
        result = shell("mtd", server.customer_id, "--wait", 0)
        assert (1, b"") == result[:2]
        assert "give a longer --wait" in result.stderr
        assert 1 == len(server.requests)

    def test_answer_that_is_none(self, shell: Shell, server: BillingServer) -> None:
        """An answer that is no invoice is status 1, in whatever format it was asked for."""
        for form in ("table", "csv", "pdf"):
            server.enqueue(200, body="<html>", headers={"Content-Type": "text/html"})
            result = shell(*MAY, "--format", form)
            assert (1, b"") == result[:2]
            assert "check --host" in result.stderr

    @pytest.mark.parametrize(
        ("arguments", "word"),
        [
            ((), "COMMAND"),
            (("invoice", "05"), "YEAR"),
            (("invoice", "13", "2020"), "month"),
            (("invoice", "05", "20"), "year"),
            (("invoice-by-id", "..", "x"), "customer_id"),
            (("invoice-by-id", "x", "a/b"), "invoice_id"),
            (("mtd", "x", "--month", "0"), "month"),
            (("mtd", "x", "--wait", "-1"), "wait"),
            (("mtd", "x", "--format", "csv"), "csv"),
            (("mtd", "x", "--output", "mtd.pdf"), "table or json"),
            ((*MAY, "--timeout", "0"), "timeout"),
            ((*MAY, "--timeout", "nan"), "timeout"),
            ((*MAY, "--timeout", "soon"), "argument --timeout: 'soon' is no number of seconds"),
            ((*MAY, "--output", "may.xlsx"), "no format has the ending '.xlsx': add --format"),
            ((*MAY, "--time", "3"), "--time"),
            ((*MAY, "--demo", "--host", "https://api.example"), "--host"),
        ],
    )
    def test_wrong_usage(
        self, shell: Shell, server: BillingServer, arguments: tuple[str, ...], word: str
    ) -> None:
        """Wrong usage is status 2, told on stderr, and nothing is asked."""
        result = shell(*arguments)
        assert (2, b"") == result[:2]
        assert word in result.stderr
        assert [] == server.requests

    @pytest.mark.parametrize(
        ("token", "host", "word"),
        [
            ("", "https://api.fastly.com", "set the environment variable FASTLY_API_TOKEN"),
            ("a\nb", "https://api.fastly.com", "FASTLY_API_TOKEN holds a character"),
            ("x", "http://api.example", "unencrypted"),
            ("x", "api.example", "URL"),
        ],
    )
    def test_wrong_configuration(self, shell: Shell, token: str, host: str, word: str) -> None:
        """A token or a host that cannot be used is status 2."""
        result = shell(*MAY, host=host, token=token)
        assert (2, b"") == result[:2]
        assert word in result.stderr
        assert 1 == result.stderr.count("\n")


class TestEnds:
    """Ends that a program at a shell meets: Ctrl-C, a reader that left, a closed stdout."""

    def test_ctrl_c(self, server: BillingServer) -> None:
        """Ctrl-C ends a call that waits, with status 130 and without a word."""
        server.enqueue(200, delay=60)
        with subprocess.Popen(
            words(MAY, server),
            cwd=ROOT,
            env=environment(server),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=pressed_ctrl_c,
        ) as process:
            while not server.requests:
                assert process.poll() is None
                time.sleep(0.01)
            process.send_signal(signal.SIGINT)
            assert (b"", b"") == process.communicate(timeout=10)
        assert 130 == process.returncode

    @pytest.mark.parametrize("arguments", [MAY, ("--help",)])
    def test_reader_that_left(self, server: BillingServer, arguments: tuple[str, ...]) -> None:
        """A pipe that nobody reads any more is an end without a traceback."""
        reading, writing = os.pipe()
        os.close(reading)
        done = subprocess.run(
            words(arguments, server),
            cwd=ROOT,
            env=environment(server),
            stdout=writing,
            stderr=subprocess.PIPE,
            timeout=20,
            check=False,
        )
        os.close(writing)
        assert (141, b"") == (done.returncode, done.stderr)

    def test_closed_stdout(self, server: BillingServer) -> None:
        """A stdout that the shell has closed is status 1 and told in a line."""
        result = run(*MAY, server=server, options={"preexec_fn": lambda: os.close(1)})
        assert (1, b"") == result[:2]
        assert "python -m fastly: stdout: Bad file descriptor\n" == result.stderr

    def test_closed_stderr(self, server: BillingServer) -> None:
        """Words that cannot be said do not go to stdout instead."""
        result = run(
            "invoice", "05", "1999", server=server, options={"preexec_fn": lambda: os.close(2)}
        )
        assert (1, b"", "") == result

    @needs_dev_full
    def test_full_stdout(self, server: BillingServer) -> None:
        """Data that stdout does not take is status 1 and told in a line."""
        with open("/dev/full", "wb") as full:
            done = subprocess.run(
                words(MAY, server),
                cwd=ROOT,
                env=environment(server),
                stdout=full,
                stderr=subprocess.PIPE,
                timeout=20,
                check=False,
            )
        assert 1 == done.returncode
        assert b"python -m fastly: stdout: No space left on device\n" == done.stderr


class TestDemo:
    """--demo needs no account, no token and no network, and tells what can be asked."""

    def test_commands_that_the_demo_tells_work(self) -> None:
        """The ids in the demo's words lead to its invoice and its estimate."""
        first = run(*MAY, "--demo", "--format", "json")
        assert first.status == 0
        ids = re.search(r"CUSTOMER is (\w+), INVOICE of 05/2020 is (\w+)\.", first.stderr)
        assert ids is not None
        second = run("invoice-by-id", *ids.groups(), "--demo", "--format", "json")
        assert (0, first.stdout) == second[:2]
        month = ("--month", 5, "--year", 2020)
        third = run("mtd", ids[1], "--demo", "--format", "json", *month)
        assert 0 == third.status
        assert json.loads(first.stdout)["total"] == json.loads(third.stdout)["total"]

    def test_a_demo_is_for_people(self) -> None:
        """The demo prints a page into a pipe too, unless another format is asked for."""
        shown = run(*MAY, "--demo")
        assert (0, True) == (shown.status, b"Total due, USD" in shown.stdout)

    def test_demo_in_a_terminal(self) -> None:
        """The first command of a new user shows a page, with no part for token and proxy."""
        shown = run_in_terminal(
            *MAY, "--demo", FASTLY_API_TOKEN="", HTTP_PROXY="http://127.0.0.1:1"
        )
        assert shown.status == 0
        assert "Total due, USD" in shown.text


class TestHelp:
    """--help is enough to use it."""

    def test_version(self) -> None:
        """--version is one line with the version."""
        assert (0, f"fastly {fastly.__version__}\n".encode(), "") == run("--version")

    def test_help(self) -> None:
        """--help names the commands, the token's variable, the statuses and the demo's ids."""
        result = run("--help")
        assert (0, "") == (result.status, result.stderr)
        text = result.stdout.decode()
        for word in ("invoice-by-id", "mtd", "FASTLY_API_TOKEN", "130", "--demo", CUSTOMER_ID):
            assert word in text

    def test_examples_in_help_work(
        self, shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Every example in --help does what it says."""
        monkeypatch.chdir(tmp_path)
        text = shell("--help").stdout.decode()
        examples = re.findall(r"^  python -m fastly (.+)$", text, re.MULTILINE)
        assert len(examples) >= 3
        for example in examples:
            assert 0 == main(example.split())
        assert [tmp_path / "may.pdf"] == list(tmp_path.iterdir())

    @pytest.mark.parametrize("command", ["invoice", "invoice-by-id", "mtd"])
    def test_help_of_a_command(self, shell: Shell, command: str) -> None:
        """Each command's --help lists the options that all have, and no option for a token."""
        text = shell(command, "--help").stdout.decode()
        for option in ("--format", "--output", "--host", "--timeout", "--demo"):
            assert option in text
        assert "--token" not in text


MADE: dict[str, Any] = {
    "customer_id": "C1",
    "invoice_id": 12,
    "start_time": "2020-05-01T00:00:00Z",
    "end_time": "2020-05-31T23:59:59Z",
    "status": {"status": "Outstanding", "sent_at": "2020-06-01T12:00:00Z"},
    "regions": {
        "europe": {"cost": 25, "bandwidth": {"total": 1234.56}, "requests": {"total": 1e6}},
        "usa": {"cost": 75.5, "bandwidth": {"total": 10}},
    },
    "total": {
        "plan_name": "Flex",
        "plan_minimum": "500",
        "terms": "Net15",
        "bandwidth_units": "GB",
        "bandwidth_cost": 90.5,
        "requests_cost": 10,
        "incurred_cost": 100.5,
        "extras": [{"name": "TLS", "recurring": 20, "setup": 5.25}],
        "commit_shortfall": 399.5,
        "cost_before_discount": 525.25,
        "discount": 0.125,
        "discount_amount": 65.66,
        "cost": 459.59,
    },
    "line_items": [{}, {}],
}

PAGE = """\
Invoice 05/2020

Period    2020-05-01 00:00 UTC to 2020-05-31 23:59 UTC
Customer  C1
Invoice   12
Status    Outstanding, sent 2020-06-01
Plan      Flex, minimum 500.00 USD, Net15

Region    Bandwidth GB   Requests  Share                  USD
usa               10.0          -  ##########   75.1%   75.50
europe         1,234.6  1,000,000  ###          24.9%   25.00
-------------------------------------------------------------
All            1,244.6  1,000,000                      100.50

Used: bandwidth 90.50, requests 10.00                  100.50
TLS (5.25 of it once)                                   25.25
Shortfall to the plan's minimum                        399.50
Before discount                                        525.25
Discount 12.5 %                                        -65.66
-------------------------------------------------------------
Total due, USD                                         459.59

2 line items; --format json shows them all.
"""


def laid_out(width: int = 80, encoding: str = "utf-8", **fields: Any) -> str:
    """Return the page of a made invoice."""
    return page(BillingResponse.from_dict(fields), width, encoding)


def amount_of(label: str, text: str) -> str:
    """Return what stands at the right edge of a line that starts with a label."""
    return next(line.split()[-1] for line in text.splitlines() if line.startswith(label))


class TestPage:
    """The page, made of models by hand."""

    def test_whole_page(self) -> None:
        """Everything that a bill says in sum stands on the page, money at the right edge."""
        assert PAGE == laid_out(61, "ascii", **MADE)

    def test_nothing_known(self) -> None:
        """A bill without any field has a page that says so."""
        text = laid_out()
        assert text.startswith("Invoice\n\nPeriod    -\nCustomer  -\nInvoice   -\nStatus    -\n")
        assert "-" == amount_of("Total due", text)
        assert "Region" not in text
        assert text.endswith("No line items.\n")

    def test_null_everywhere(self) -> None:
        """Nulls in the place of regions, of their parts, of extras and of the total do no harm."""
        regions: dict[str, Any] = {
            "usa": None,
            "asia": {"cost": None, "bandwidth": None, "requests": {}},
        }
        text = laid_out(regions=regions, total={"extras": [None, {}], "discount": None})
        assert ["-", "-", "-"] == [amount_of(name, text) for name in ("usa", "asia", "All")]
        assert "0.00" == amount_of("Extra without a name", text)
        assert "-" == amount_of("Total due", laid_out(regions={}, status={}, total=None))

    def test_estimate_is_called_one(self) -> None:
        """The page of an estimate does not look like an invoice's."""
        estimate = BillingEstimateResponse.from_dict(MADE)
        text = page(estimate, 80, "utf-8")
        assert text.startswith("Estimate 05/2020\n")
        assert "459.59" == amount_of("Estimated total, USD", text)

    def test_sums_are_exact(self) -> None:
        """Regions are added as decimal numbers, and half a cent is rounded up as on invoices."""
        regions = {f"r{number}": {"cost": 0.1} for number in range(3)} | {"half": {"cost": 0.005}}
        assert "0.31" == amount_of("All", laid_out(regions=regions))
        large = {"a": {"cost": 9_000_000_000_000.03}, "b": {"cost": 0.01}, "c": {"cost": -1e-9}}
        assert "9,000,000,000,000.04" == amount_of("All", laid_out(regions=large))

    @pytest.mark.parametrize(
        ("cost", "shown"),
        [
            (0, "0.00"),
            (-0.001, "0.00"),
            (-1234.5, "-1,234.50"),
            (2.675, "2.68"),
            (10**15, "1,000,000,000,000,000.00"),
            (1.7e308, "1.700000e+308"),
            (10**300, "1.000000e+300"),
        ],
    )
    def test_amounts(self, cost: float, shown: str) -> None:
        """Money has two decimals and thousands separators as far as cents have a meaning."""
        assert shown == amount_of("Total due", laid_out(total={"cost": cost}))

    def test_credits_have_no_bar(self) -> None:
        """A region that cost less than nothing takes no share of what the others cost."""
        text = laid_out(regions={"usa": {"cost": 10}, "latam": {"cost": -4}})
        usa, latam = (line for line in text.splitlines() if line[:3] in ("usa", "lat"))
        assert ("100.0%", 24) == (usa.split()[-2], usa.count("█"))
        assert ("0.0%", 0) == (latam.split()[-2], latam.count("█"))
        assert "6.00" == amount_of("All", text)

    def test_nothing_charged_has_no_shares(self) -> None:
        """Where no region cost anything, there is no column of shares."""
        text = laid_out(regions={"usa": {"cost": 0}, "asia": None})
        assert "Share" not in text
        assert "0.00" == amount_of("All", text)

    def test_percentiles_are_not_added(self) -> None:
        """Regions charged by percentile have a column for it, without a sum."""
        regions = {"usa": {"cost": 1, "percentile": {"total": 5}}, "asia": {"cost": 1}}
        lines = laid_out(regions=regions).splitlines()
        assert next(line for line in lines if line.startswith("Region")).split()[1] == "Percentile"
        assert ["All", "2.00"] == next(line for line in lines if line.startswith("All")).split()

    def test_discount_without_its_amount(self) -> None:
        """Where the discount's amount is missing, it is the difference that the discount made."""
        total = {"discount": 0.1, "cost_before_discount": 0.3, "cost": 0.27}
        assert "-0.03" == amount_of("Discount 10 %", laid_out(total=total))
        assert "-" == amount_of("Discount 10 %", laid_out(total={"discount": 0.1}))

    def test_extras_without_a_list(self) -> None:
        """Where only the sum of the extras came, that is shown."""
        assert "7.00" == amount_of("Extras", laid_out(total={"extras_cost": 7}))

    def test_vendor_that_is_down(self) -> None:
        """That the billing vendor is down is told, as figures may be missing; up is not."""
        assert "Vendor    down" in laid_out(vendor_state="down")
        assert "Vendor" not in laid_out(vendor_state="up")

    def test_long_names_are_folded(self) -> None:
        """A long name takes up to three lines; its amount keeps its place."""
        total = {"cost": 2, "extras": [{"name": "long word " * 50, "recurring": 1}]}
        lines = laid_out(50, total=total).splitlines()
        start = next(i for i, line in enumerate(lines) if line.startswith("long"))
        assert lines[start].endswith(" 1.00")
        assert 50 == len(lines[start])
        assert lines[start + 2].endswith("...")
        assert not lines[start + 3].startswith(" ")

    def test_letters_of_two_columns(self) -> None:
        """East Asian letters take two columns, and the amounts still stand in line."""
        regions = {"日本": {"cost": 1}, "usa": {"cost": 2}, "e\u0301": {"cost": 3}}
        lines = laid_out(60, regions=regions).splitlines()
        rows = [line for line in lines if line.endswith((" 1.00", " 2.00", " 3.00"))]
        assert [60, 60, 60] == [cells(line) for line in rows]

    @pytest.mark.parametrize("width", [60, 61])
    def test_folding_between_letters_of_two_columns(self, width: int) -> None:
        """A long text of such letters fits its page, whether or not they fill the line."""
        lines = laid_out(width, customer_id="漢" * 500).splitlines()
        start = next(i for i, line in enumerate(lines) if line.startswith("Customer"))
        assert width - 3 <= cells(lines[start]) <= width
        assert lines[start + 2].endswith("...")

    def test_narrow_pages_keep_the_costs(self) -> None:
        """Columns give way on a narrow page: the bars first, the costs never."""
        headings = {
            width: next(x for x in laid_out(width, **MADE).splitlines() if x.startswith("Region"))
            for width in (61, 45, 35, 24)
        }
        assert ["Region", "Bandwidth", "GB", "Requests", "Share", "USD"] == headings[61].split()
        assert ["Region", "Bandwidth", "GB", "Requests", "USD"] == headings[45].split()
        assert ["Region", "Bandwidth", "GB", "USD"] == headings[35].split()
        assert ["Region", "USD"] == headings[24].split()

    def test_printable_keeps_one_line(self) -> None:
        """Line breaks become spaces, and whatever else a terminal might act upon a mark."""
        assert "?[2J?31m?knab?? end" == printable(HOSTILE)


TEXT = st.none() | st.text(max_size=60) | st.just(HOSTILE) | st.just("漢" * 500)
MONEY = st.none() | st.floats(-1e12, 1e12) | st.integers(-(10**12), 10**12)
USAGE = st.none() | st.fixed_dictionaries({}, optional={"total": MONEY})
REGION = st.none() | st.fixed_dictionaries(
    {}, optional={"cost": MONEY, "bandwidth": USAGE, "requests": USAGE, "percentile": USAGE}
)
EXTRA = st.none() | st.fixed_dictionaries(
    {}, optional={"name": TEXT, "recurring": MONEY, "setup": MONEY}
)
NUMBERS = [f.name for f in BillingTotal.__fields__.values() if "float" in f.annotation]
TEXTS = [f.name for f in BillingTotal.__fields__.values() if "str" in f.annotation]
TOTAL = st.none() | st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(NUMBERS, MONEY)
    | dict.fromkeys(TEXTS, TEXT)
    | {"extras": st.none() | st.lists(EXTRA, max_size=3)},
)
BILL = st.fixed_dictionaries(
    {},
    optional={
        "customer_id": TEXT,
        "invoice_id": TEXT,
        "start_time": st.datetimes(),
        "end_time": st.datetimes(),
        "status": st.none() | st.fixed_dictionaries({}, optional={"status": TEXT}),
        "regions": st.none() | st.dictionaries(st.text(max_size=40), REGION, max_size=4),
        "total": TOTAL,
        "vendor_state": TEXT,
    },
)


@settings(max_examples=100, deadline=None)
@given(BILL, st.integers(1, 200), st.sampled_from(["utf-8", "ascii", "cp437", "shift_jis"]))
def test_any_bill_has_a_page(fields: dict[str, Any], width: int, encoding: str) -> None:
    """Any bill fits a terminal of 32 columns, in its encoding, free of control characters."""
    text = laid_out(width, encoding, **fields)
    assert text == text.encode(encoding).decode(encoding)
    assert CONTROL.search(text) is None
    widest = max(map(cells, text.splitlines()))
    assert widest <= max(min(width, WIDEST), NARROWEST + 8)


class TestInProcess:
    """What a program that calls main() gets."""

    def test_text_goes_to_a_stdout_without_bytes(self) -> None:
        """A StringIO in stdout's place gets the text, after what was printed before."""
        with contextlib.redirect_stdout(io.StringIO()) as out:
            print("first")
            assert 0 == main([*MAY, "--demo", "--format", "json", "--output", "-"])
        first, _, rest = out.getvalue().partition("\n")
        assert ("first", 5632.25) == (first, json.loads(rest)["total"]["cost"])

    def test_a_pdf_does_not(self, capsys: pytest.CaptureFixture[str]) -> None:
        """A PDF for a stdout that takes text alone is refused."""
        with contextlib.redirect_stdout(io.StringIO()) as out:
            assert 2 == main([*MAY, "--demo", "--format", "pdf"])
        assert "" == out.getvalue()
        words = "python -m fastly: a PDF is no text to show: add --output FILE, or a pipe\n"
        assert words == capsys.readouterr().err

    @needs_dev_full
    def test_a_full_device_is_named(self, capsys: pytest.CaptureFixture[str]) -> None:
        """A device that takes no more is named in the error."""
        assert 1 == main([*MAY, "--demo", "--output", "/dev/full"])
        assert capsys.readouterr().err.endswith("/dev/full: No space left on device\n")
