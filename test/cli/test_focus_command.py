"""``--format focus``: its versions and the name of the account."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import pytest

from fastly.focus import FocusVersion, focus_columns
from fastly.testing import BillingServer

if TYPE_CHECKING:
    from shell import Shell

FOCUS = ("--format", "focus")


@pytest.mark.parametrize("version", get_args(FocusVersion))
@pytest.mark.parametrize("command", [("invoices",), ("invoice", "2026-05")])
def test_versions(shell: Shell, command: tuple[str, ...], version: FocusVersion) -> None:
    """Each version has its columns, also in one invoice, and the name that was passed."""
    options = (*FOCUS, "--focus-version", version, "--account-name", "Shop")
    text = shell(*command, *options).stdout.decode()
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert list(focus_columns(version)) == list(rows[0])
    assert {"Shop"} == {row["BillingAccountName"] for row in rows}


def test_the_usual_version(shell: Shell) -> None:
    """Without the option, it is 1.2, and the name of the account is empty."""
    text = shell("invoice", "2026-05", *FOCUS).stdout.decode()
    (row, *_) = csv.DictReader(io.StringIO(text, newline=""))
    assert (list(focus_columns("1.2")), "") == (list(row), row["BillingAccountName"])


def test_json_lines(shell: Shell, server: BillingServer, tmp_path: Path) -> None:
    """Text with separators of lines and halves of surrogate pairs is escaped, one line a row."""
    line = {"description": "a\u2028b\x85c\ud800d"}
    server.enqueue(body={"data": [{"invoice_id": "I", "transaction_line_items": [line]}]})
    file = tmp_path / "focus.jsonl"
    shell("invoices", *FOCUS, "--output", file)
    (row,) = map(json.loads, file.read_text(encoding="utf-8").splitlines())
    assert line["description"] == row["ChargeDescription"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("--focus-version", "1.4"),
            "--focus-version is for focus, got json: remove it, or add --format focus",
        ),
        (
            ("--account-name", "Shop", "--format", "csv"),
            "--account-name is for focus, got csv: remove it, or add --format focus",
        ),
        ((*FOCUS, "--focus-version", "1.1"), "--focus-version: must be 1.2|1.3|1.4, got '1.1'"),
        (("--append-to", "a.jsonl", "--focus-version", "1.2"), "is for focus, got jsonl"),
    ],
)
def test_wrong_options(shell: Shell, words: tuple[str, ...], message: str) -> None:
    """An option that has no effect, and an unknown version, are wrong usage."""
    result = shell("invoices", *words)
    assert (2, b"") == (result.status, result.stdout)
    assert message in result.stderr


def test_commands_without_focus(shell: Shell) -> None:
    """The month to date has no currency, and so no option for FOCUS."""
    result = shell("mtd", "--focus-version", "1.2")
    assert 2 == result.status
    assert "unexpected '--focus-version'" in result.stderr
