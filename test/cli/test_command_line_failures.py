"""Failures of the command line: one clear message on stderr, and the exit status."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from shell import COMMAND, MAY, ROOT, Shell, at_a_terminal, environment, run, words

from fastly._months import month_before, this_month
from fastly.testing import BillingServer


class TestFailures:
    """The API or the network fails."""

    def test_wrong_token(self, piped: Shell) -> None:
        """A token that the API refuses is status 1; the message does not show it."""
        result = piped(*MAY, FASTLY_API_TOKEN="wrong-secret")
        assert (1, b"") == result[:2]
        assert result.stderr.startswith("fastly-billing: 401 Unauthorized\n")
        assert "Check the API token in FASTLY_API_TOKEN." in result.stderr
        assert "wrong-secret" not in result.stderr

    def test_nobody_listens(self, shell: Shell) -> None:
        """A refused connection is status 1."""
        with socket.socket() as bound:  # but not listening, so nobody else can
            bound.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{bound.getsockname()[1]}"
            result = shell(*MAY, "--timeout", 1, host=url)
        assert (1, b"") == result[:2]
        assert "Connection refused" in result.stderr

    def test_timeout_ends_the_request(self, shell: Shell, server: BillingServer) -> None:
        """--timeout ends a request, and the message names the option to change."""
        server.enqueue(200, delay=30)  # by then, it would be a success
        result = shell(*MAY, "--timeout", 0.3)
        assert (1, b"") == result[:2]
        assert "use a longer --timeout" in result.stderr

    @pytest.mark.parametrize("command", ["invoices", "mtd", "usage"])
    def test_response_of_another_kind(
        self, shell: Shell, server: BillingServer, command: str
    ) -> None:
        """A response that is not the API's is status 1, and the message says what it is."""
        server.enqueue(200, body="<html>", headers={"Content-Type": "text/html"})
        result = shell(command)
        assert (1, b"") == result[:2]
        assert "This is a web page of " in result.stderr

    def test_advice_of_an_operation_stays(self, shell: Shell) -> None:
        """An operation's own advice is shown."""
        result = shell("v2", "invoice", 5, 1999)
        assert (1, b"") == result[:2]
        assert "BillingInvoicesApi" in result.stderr


class TestWrongUsage:
    """Wrong usage is status 2 and one line, and nothing is requested."""

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ((), "the following arguments are required: COMMAND"),
            (("nonsense",), "unknown command 'nonsense'; see \"fastly-billing --help\""),
            (("invocies",), "unknown command 'invocies'; did you mean 'invoices'?"),
            (("MDT",), "unknown command 'MDT'; did you mean 'mtd'?"),
            (("v2", "invoce"), "unknown command 'invoce'; did you mean 'invoice'?"),
            (("--demo",), "the following arguments are required: COMMAND"),
            (("--format", "invoices"), "the following arguments are required: COMMAND"),
            (("--qiet", "invoices"), "unexpected '--qiet'; did you mean '--quiet'?"),
            (("--nonsense", "invoices"), "unexpected '--nonsense'; see \"fastly-billing --help\""),
            (("invoices", "--outptu=a.csv"), "unexpected '--outptu'; did you mean '--output'?"),
            (("v2", "mtd", "x", "-month", "5"), "unexpected '-month'; did you mean '--month'?"),
            (("invoice",), "the following arguments are required: MONTH|ID"),
            (
                ("invoices", "--time", "3"),
                "unexpected '--time'; did you mean '--timeout'?",
            ),
            (("invoices", "2026-05"), "did you mean '--since 2026-05 --until 2026-05'?"),
            (("costs", "2026-05", "2026-06"), "did you mean '--since 2026-05 --until 2026-06'?"),
            (
                ("usage", "2026-06", "last-month", "2026-05"),
                f"did you mean '--since 2026-05 --until {month_before(this_month())}'?",
            ),
            (("mtd", "2026-05"), "unexpected '2026-05'; this command is for the month in progress"),
            (("forecast", "--month", "2026-05"), "'--month'; this command is for the month in "),
            (("usage", "--month=2026-05"), "'--month'; write --since MONTH --until MONTH, such as"),
            (("costs", "2026-05", "--month"), "'--month'; write the month without an option, such"),
            (("invoice", "--last-month"), "'--last-month'; write the month without an option"),
            (("invoices", "--from", "2026-05"), "unexpected '--from'; did you mean '--since'?"),
            (("invoices", "--token", "x"), "'--token'; set FASTLY_API_TOKEN in the environment"),
            (("invoices", "--excel", "a.xlsx"), "'a.xlsx'; did you mean '--output a.xlsx'?"),
            (("invoices", "--format", "Excel"), "got 'Excel'; did you mean 'xlsx'?"),
            (("invoices", "--focus-version", "1.5"), "must be 1.2|1.3|1.4, got '1.5'; see"),
            (("costs", "team"), "unknown month 'team'; did you mean '--by team'?"),
            (("costs", "this-month"), f"unknown month 'this-month': write {this_month()}"),
            (("invoice", "previous"), "unknown month 'previous'; did you mean 'last-month'?"),
            (("usage", "--since", "Last-Month"), "did you mean 'last-month'?"),
            (("invoice", "Latest"), "unknown month 'Latest'; did you mean 'latest'?"),
            (("invoice", "last_month"), "unknown month 'last_month'; did you mean 'last-month'?"),
            (("costs", "lastmonth"), "unknown month 'lastmonth'; did you mean 'last-month'?"),
            (("costs", "--by", "servcie"), "got 'servcie'; did you mean 'service'?\n"),
            (("invoice", "2026-05", "2026-06"), "unexpected '2026-06'"),
            (("invoice", "05", "--nonsense"), "unexpected '--nonsense'"),
            (("mtd", "--nonsense"), "unexpected '--nonsense'"),
            (
                ("mtd", "--format", "pdf"),
                "must be table|csv|json|jsonl|parquet|xlsx|openmetrics, got 'pdf'",
            ),
            (
                ("mtd", "--format", "focus"),
                "must be table|csv|json|jsonl|parquet|xlsx|openmetrics, got 'focus'",
            ),
            (("invoices", "--since", "2026-06", "--until", "2026-05"), "--since 2026-06 is after"),
            (("invoices", "--append-to", "a", "--output", "b"), "cannot be combined"),
            (("invoices", "--append-to", "a", "--format", "csv"), "remove --format csv"),
            (("invoices", "--append-to", "/dev/null"), "must be a regular file, got '/dev/null'"),
            ((*MAY, "--demo", "--host", "https://api.example"), "remove --host"),
        ],
    )
    def test_words(
        self, shell: Shell, server: BillingServer, arguments: tuple[str, ...], message: str
    ) -> None:
        """Unknown words are refused, and the message names the help to read or what to change."""
        result = shell(*arguments)
        assert (2, b"") == result[:2]
        assert message in result.stderr
        assert 1 == result.stderr.count("\n")
        assert [] == server.requests

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            *((text, ": write 2026-05") for text in ("05-2026", "5-2026", "05/2026", "5.2026")),
            *((text, ": write 2026-05") for text in ("202605", "052026", "2026-5", "2026/05")),
            *((text, ": write 2026-05") for text in ("May 2026", "may-2026", "MAY2026", "2026m05")),
            *((text, ": write 2026-05") for text in ("2026-May", "2026-05-01", "2026_05")),
            ("Sept. 2026", ": write 2026-09"),
            ("December 1999", ": write 1999-12"),
            ("May", ""),
            ("May-26", ""),
            ("05-26", ""),
        ],
    )
    def test_other_spellings_of_a_month(
        self, shell: Shell, server: BillingServer, text: str, reason: str
    ) -> None:
        """A month in another spelling is refused with the right one, and not sent as an ID."""
        for arguments in (
            ("invoice", text),
            ("invoices", "--since", text),
            ("usage", "--until", text),
        ):
            result = shell(*arguments)
            assert (2, b"") == result[:2]
            assert f"got {text!r}{reason};" in result.stderr
        assert [] == server.requests

    @pytest.mark.parametrize("text", ["52026", "20260501", "202613", "INV-202605", "1202605", "0"])
    def test_ids_that_are_no_months(self, shell: Shell, server: BillingServer, text: str) -> None:
        """Other digits are an ID."""
        assert 1 == shell("invoice", text).status
        assert [f"/billing/v3/invoices/{text}"] == [request.path for request in server.requests]

    @pytest.mark.parametrize(
        "text", ["5.000", "5,000", "5.000,00", "5'000", "12.345", "1.234.567", "1,234,567"]
    )
    def test_budgets_with_thousands(self, shell: Shell, server: BillingServer, text: str) -> None:
        """A budget that some would read as thousands is refused, with the reason."""
        result = shell("mtd", "--budget", text)
        assert (2, b"") == result[:2]
        assert f"got {text!r}: the separator may be for thousands" in result.stderr
        assert [] == server.requests

    def test_v2_alone(self) -> None:
        """`v2` without a command is refused, and its help lists the commands."""
        message = "fastly-billing: the following arguments are required: COMMAND; see "
        assert (2, b"", f'{message}"fastly-billing v2 --help"\n') == run("v2")

    @pytest.mark.parametrize(
        ("arguments", "values", "accepted"),
        [
            (
                ("invoices", "--since"),
                ("2026-13", "2026-5", "202605", "may", "", "0000-01", "2026-05-01", "２０２６-05"),
                "must be a month such as 2026-05",
            ),
            (
                ("invoice",),
                ("2026-13", "2026-5", "05/2020", "2026-05-01", "..", "a b", "month-to-date", "é"),
                "must be a month such as 2026-05, or an invoice ID such as INV-375119 or 29239985",
            ),
            (
                ("mtd", "--timeout"),
                ("soon", "0", "-1", "nan", "inf", "1e99", ""),
                "must be a number of seconds above 0, up to 31622400",
            ),
            (
                ("mtd", "--wait"),
                ("soon", "-1", "nan", "inf", "1e99"),
                "must be a number of seconds from 0 to 31622400",
            ),
            (
                ("mtd", "--budget"),
                (
                    "much",
                    "-1",
                    "nan",
                    "inf",
                    "1e9",
                    "5,000",
                    ".5",
                    "５",
                    "9" * 16,
                    "1." + "0" * 5,
                    "",
                ),
                "must be an amount such as 5000 or 99.50",
            ),
        ],
    )
    def test_values(
        self,
        shell: Shell,
        server: BillingServer,
        arguments: tuple[str, ...],
        values: tuple[str, ...],
        accepted: str,
    ) -> None:
        """Every wrong value of an option gets the same message, with all accepted forms."""
        for value in values:
            # With "=", a value may start with a hyphen.
            last = f"{arguments[-1]}={value}" if len(arguments) > 1 else value
            result = shell(*arguments[:-1], *(() if len(arguments) > 1 else arguments), last)
            assert (2, b"") == result[:2]
            assert f"{accepted}, got {value!r}" in result.stderr
        assert [] == server.requests

    @pytest.mark.parametrize(
        ("arguments", "spelling"),
        [
            ("invoice 05 2020", "invoice MONTH YEAR"),
            ("invoice 5 2020 --format csv", "invoice MONTH YEAR"),
            ("invoice-by-id x y", "invoice-by-id CUSTOMER INVOICE"),
            ("invoice-by-id", "invoice-by-id CUSTOMER INVOICE"),
            ("mtd x", "mtd CUSTOMER"),
            ("mtd x --month 5 --year 2020", "mtd CUSTOMER"),
        ],
    )
    def test_spellings_of_version_1(
        self, shell: Shell, server: BillingServer, arguments: str, spelling: str
    ) -> None:
        """The commands of version 1 get a message with their new name."""
        result = shell(*arguments.split())
        assert (2, b"") == result[:2]
        assert f'is now "fastly-billing v2 {spelling}"' in result.stderr
        assert [] == server.requests

    @pytest.mark.parametrize(
        ("token", "host", "message"),
        [
            ("", "https://api.fastly.com", "set the environment variable FASTLY_API_TOKEN"),
            ("a\nb", "https://api.fastly.com", "FASTLY_API_TOKEN"),
            ("x", "http://api.example", "use https, or add --allow-insecure-host"),
            ("x", "api.example", "--host "),
            ("x", "https://user:secret@api.example", "--host must not contain credentials"),
        ],
    )
    def test_configuration(self, shell: Shell, token: str, host: str, message: str) -> None:
        """An unusable token or host is described in the terms of the command line."""
        result = shell(*MAY, host=host, token=token)
        assert (2, b"") == result[:2]
        assert message in result.stderr
        assert 1 == result.stderr.count("\n")
        for setting in ("allow_insecure_host", "api_key", "secret"):
            assert setting not in result.stderr

    def test_insecure_host_can_be_allowed(self, server: BillingServer) -> None:
        """--allow-insecure-host sends the token to such a host, which a proxy makes reachable."""
        result = run(
            *(*MAY, "--host", "http://api.example", "--allow-insecure-host", "--timeout", 3),
            FASTLY_API_TOKEN=server.token,
            http_proxy=server.url,
        )
        assert 1 == len(server.requests)
        assert "unencrypted" not in result.stderr


class TestEnds:
    """How the program ends at a shell, and what it imports there."""

    def test_ctrl_c(self, server: BillingServer) -> None:
        """Ctrl-C ends a waiting request with status 130 and no message."""
        server.enqueue(200, delay=60)
        with subprocess.Popen(
            [*COMMAND, *words(MAY, server)],
            cwd=ROOT,
            env=environment(server),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=at_a_terminal,
        ) as process:
            while not server.requests:
                assert process.poll() is None
                time.sleep(0.01)
            process.send_signal(signal.SIGINT)
            assert (b"", b"") == process.communicate(timeout=10)
        assert 130 == process.returncode

    @pytest.mark.parametrize("start", ["script", "module"])
    def test_the_working_folder_is_not_imported(self, tmp_path: Path, start: str) -> None:
        """The command runs no module of the working folder, except what ``python -m`` imports."""
        for name in ("csv", "calendar", "argparse", "shutil", "http", "fastly_billing", "secrets"):
            (tmp_path / f"{name}.py").write_text("raise SystemExit(f'imported {__name__}')")
        if start == "script":  # as pip writes it
            script = tmp_path / "bin" / "fastly-billing"
            script.parent.mkdir()
            script.write_text("import sys\nfrom fastly.cli.main import main\nsys.exit(main())\n")
            command = [sys.executable, str(script)]
        else:
            for name in used_by_python(tmp_path):
                (tmp_path / f"{name}.py").unlink(missing_ok=True)
            command = [sys.executable, "-m", "fastly"]
        done = subprocess.run(
            [*command, *MAY, "--demo", "--quiet", "--format", "csv"],
            cwd=tmp_path,
            env=environment(None),
            capture_output=True,
            timeout=20,
            check=False,
        )
        assert (0, b"") == (done.returncode, done.stderr)
        assert done.stdout.startswith(b"customer_id,")

    def test_safe_path_is_kept(self, tmp_path: Path) -> None:
        """With Python's safe path enabled, nothing else is removed from the path."""
        result = run(*MAY, "--demo", "--quiet", PYTHONSAFEPATH="1", options={"cwd": tmp_path})
        assert (0, "") == result[::2]


def used_by_python(folder: Path) -> list[str]:
    """Return what is imported by Python's -m and by ``import fastly`` before anything of ours."""
    program = "import runpy, sys, fastly; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); {program}"],
        env=os.environ.copy(),
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


def test_a_signal_in_process(
    server: BillingServer, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGTERM ends a command as Ctrl-C does, and is raised again once that is done."""
    raised: list[int] = []
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    monkeypatch.setattr(signal, "raise_signal", raised.append)  # the real one would end pytest
    server.enqueue(200, delay=30)
    done = threading.Event()

    def terminate() -> None:
        while not done.wait(0.01):
            if server.requests:  # before, the signal would kill the process that runs the tests
                os.kill(os.getpid(), signal.SIGTERM)
                return

    with ThreadPoolExecutor() as threads:
        threads.submit(terminate)
        try:
            result = shell(*MAY)
        finally:
            done.set()
            signal.signal(signal.SIGTERM, before)
    assert (130, b"", [signal.SIGTERM]) == (*result[:2], raised)
