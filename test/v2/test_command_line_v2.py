"""The v2 commands, for hosts that still serve the retired API."""

from __future__ import annotations

import contextlib
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader
from shell import CONTROL, HOSTILE, Shell, Terminal, amount_of, run

from fastly.api.billing_api import BillingApi
from fastly.cli.main import main
from fastly.testing import BillingServer

MAY = ("v2", "invoice", "05", "2020")


class TestOperations:
    """The three operations, with their data on stdout and nothing else."""

    def test_invoice_is_json_in_a_pipe(self, server: BillingServer) -> None:
        """Without a terminal, an invoice is the JSON that the API sent."""
        result = run(*MAY, server=server)
        assert (0, "") == (result.status, result.stderr)
        assert server.account.invoice(2020, 5) == json.loads(result.stdout)
        assert "café-zürich".encode() in result.stdout

    def test_invoice_by_id(self, shell: Shell, server: BillingServer) -> None:
        """An invoice requested by ID is the same as by month."""
        invoice_id = server.account.invoice_id(2020, 5)
        result = shell("v2", "invoice-by-id", server.customer_id, invoice_id, "--format", "json")
        assert (0, "") == (result.status, result.stderr)
        assert server.account.invoice(2020, 5) == json.loads(result.stdout)

    def test_estimate_waits_until_it_is_made(self, shell: Shell, server: BillingServer) -> None:
        """An estimate is requested until it is there, for the month that was named."""
        month = ("--month", 5, "--year", 2020)
        result = shell("v2", "mtd", server.customer_id, *month, "--format", "json")
        assert 0 == result.status
        assert server.account.estimate(2020, 5) == json.loads(result.stdout)
        assert [{"month": "05", "year": "2020"}] * 2 == [r.query for r in server.requests]

    def test_estimate_that_stays_pending(self, shell: Shell, server: BillingServer) -> None:
        """--wait 0 does not wait for an estimate."""
        result = shell("v2", "mtd", server.customer_id, "--wait", 0)
        assert (75, 1) == (result.status, len(server.requests))

    def test_csv_is_what_the_api_sent(self, piped: Shell, api: BillingApi) -> None:
        """CSV is passed on byte for byte, with its line ends, whatever stdout's encoding."""
        expected = api.get_invoice(5, 2020, _accept="text/csv").encode()
        result = piped(*MAY, "--format", "csv", PYTHONIOENCODING="ascii")
        assert (0, expected, "") == result

    def test_pdf_goes_into_a_pipe(self, server: BillingServer, piped: Shell) -> None:
        """A PDF written into a pipe can be opened."""
        result = piped(*MAY, "--format", "pdf")
        assert (0, "") == (result.status, result.stderr)
        text = PdfReader(io.BytesIO(result.stdout)).pages[0].extract_text()
        assert server.account.invoice_id(2020, 5) in text

    def test_pdf_goes_into_a_file(self, shell: Shell, tmp_path: Path) -> None:
        """The extension .pdf selects the PDF."""
        assert (0, b"", "") == shell(*MAY, "--quiet", "--output", tmp_path / "may.pdf")
        assert (tmp_path / "may.pdf").read_bytes().startswith(b"%PDF-")

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (("v2", "invoice", "05"), "YEAR"),
            (("v2", "invoice", "13", "2020"), "month"),
            (("v2", "invoice", "05", "20"), "year"),
            (("v2", "invoice-by-id", "..", "x"), "customer_id"),
            (("v2", "invoice-by-id", "x", "a/b"), "invoice_id"),
            (("v2", "mtd", "x", "--month", "0"), "month"),
            (("v2", "mtd", "x", "--output", "mtd.pdf"), "use .json, .txt, or add --format"),
        ],
    )
    def test_wrong_usage(
        self, shell: Shell, server: BillingServer, arguments: tuple[str, ...], message: str
    ) -> None:
        """Wrong usage is status 2 and one line, and nothing is requested."""
        result = shell(*arguments)
        assert (2, b"") == result[:2]
        assert message in result.stderr
        assert [] == server.requests


class TestTerminal:
    """What a person sees in a real terminal."""

    def test_table_is_what_a_terminal_gets(self, terminal: Terminal) -> None:
        """In a terminal an invoice is a page."""
        shown = terminal(*MAY)
        assert shown.status == 0
        assert shown.text.startswith("Invoice 05/2020\n")
        assert "5,632.25" == amount_of("Total due, USD", shown.text)

    def test_pdf_is_refused(self, server: BillingServer, terminal: Terminal) -> None:
        """A terminal gets a message instead of a PDF, and nothing is requested."""
        shown = terminal(*MAY, "--format", "pdf")
        assert shown.status == 2
        assert "--output FILE" in shown.text
        assert "%PDF" not in shown.text
        assert [] == server.requests

    def test_pdf_is_refused_without_bytes(self, capsys: pytest.CaptureFixture[str]) -> None:
        """A stdout that accepts only text does not get a PDF."""
        with contextlib.redirect_stdout(io.StringIO()) as out:
            assert 2 == main([*MAY, "--demo", "--format", "pdf"])
        assert "" == out.getvalue()
        message = "fastly-billing: a PDF is not text: add --output FILE, or use a pipe\n"
        assert message == capsys.readouterr().err

    @pytest.mark.parametrize("form", ["table", "json"])
    def test_control_characters_stay_away(
        self, server: BillingServer, terminal: Terminal, form: str
    ) -> None:
        """Control characters in the API's text do not reach the terminal."""
        total: dict[str, Any] = {
            "plan_name": HOSTILE,
            "extras": [{"name": HOSTILE, "recurring": 1}],
        }
        body = {"customer_id": HOSTILE, "regions": {HOSTILE: {"cost": 1}}, "total": total}
        server.enqueue(200, body=body)
        shown = terminal(*MAY, "--format", form)
        assert shown.status == 0
        assert shown.text.count("knab") >= 4
        assert CONTROL.search(shown.text) is None

    def test_csv_loses_its_control_characters(
        self, server: BillingServer, terminal: Terminal
    ) -> None:
        """CSV shown on a terminal has no control characters."""
        server.enqueue(
            200,
            body=f"a,{HOSTILE[:-8]}\r\nb,é\r\n".encode("utf-8", "replace"),
            headers={"Content-Type": "text/csv"},
        )
        shown = terminal(*MAY, "--format", "csv")
        assert (0, "a, [2J 31m knab\nb,é\n") == shown


def test_demo_names_what_can_be_asked(piped: Shell) -> None:
    """The IDs in the demo's message work for its invoice and its estimate."""
    first = piped(*MAY, "--demo", "--format", "json")
    assert first.status == 0
    ids = re.search(r"CUSTOMER is (\w+), INVOICE of 05/2020 is (\w+)\.", first.stderr)
    assert ids is not None
    second = piped("v2", "invoice-by-id", *ids.groups(), "--demo", "--format", "json")
    assert (0, first.stdout) == second[:2]
    third = piped("v2", "mtd", ids[1], "--demo", "--month", 5, "--year", 2020)
    assert 0 == third.status
    assert json.loads(first.stdout)["total"] == json.loads(third.stdout)["total"]
