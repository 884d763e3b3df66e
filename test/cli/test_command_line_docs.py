"""The page on the command line matches the code."""

from __future__ import annotations

import re
import signal
from pathlib import Path
from typing import get_args

import pytest
from shell import Shell

from fastly.cli import messages, output
from fastly.cli.costs import KINDS
from fastly.costs import Forecast
from fastly.focus import FocusVersion, focus_columns
from fastly.rows import AiUsageRow, BillableUsageRow, InvoiceRow, ServiceUsageRow, UsageRow

PAGE = (Path(__file__).parent.parent.parent / "docs" / "command-line.md").read_text(
    encoding="utf-8"
)
COMMANDS = (
    *("invoices", "invoice", "mtd", "costs", "forecast", "usage", "ai-usage"),
    *("v2 invoice", "v2 invoice-by-id", "v2 mtd"),
)


def section(title: str) -> str:
    """Return the text under a title."""
    return re.split(r"^#+ ", PAGE.split(f"# {title}\n", 1)[1], maxsplit=1, flags=re.M)[0]


def names_in(text: str) -> list[str]:
    """Return what a text has in backquotes."""
    return re.findall(r"`([^`]+)`", text)


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_and_options(shell: Shell, command: str) -> None:
    """Each command, and each of its options, is on the page."""
    help_text = shell(*command.split(), "--help").stdout.decode()
    documented = " ".join(names_in(section("Commands") + section("Options")))
    assert any(name.startswith(command) for name in names_in(section("Commands")))
    options = set(re.findall(r"--[a-z-]+", help_text.partition("options:")[2])) - {"--help"}
    assert set() == {option for option in options if option not in documented}


def test_formats_and_extensions() -> None:
    """Each extension is in the row of its format."""
    rows = [line for line in section("Formats").splitlines() if line.startswith("| `")]
    documented = {(names_in(row.split("|")[1])[0], e) for row in rows for e in extensions(row)}
    known = output._EXTENSIONS.items()
    assert {(form, extension) for extension, form in known} == documented


def extensions(row: str) -> list[str]:
    """Return the extensions in a row of the table of formats."""
    return names_in(row.split("|")[2])


def test_exit_statuses() -> None:
    """The table has the statuses of the program, and no others."""
    documented = {int(n) for n in re.findall(r"^\| (\d+) ", section("Exit status"), re.M)}
    names = ("DONE", "FAILED", "MISUSED", "OVER_BUDGET", "PENDING", "INTERRUPTED", "UNREAD")
    killed = {128 + number for number in (signal.SIGHUP, signal.SIGTERM)}
    assert {getattr(messages, name) for name in names} | killed == documented


def test_columns_of_rows() -> None:
    """The columns are those of the rows, in their order."""
    tables = [line for line in section("Columns of rows").splitlines() if line.startswith("| ")]
    documented = [names_in(line.rsplit("|", 2)[1]) for line in tables[1:]]
    kinds = (InvoiceRow, UsageRow, ServiceUsageRow, BillableUsageRow, AiUsageRow)
    kinds += (*KINDS.values(), Forecast)
    assert [list(kind.__annotations__) for kind in kinds] == documented


def test_columns_of_focus() -> None:
    """Each column of a version of FOCUS is in the table of mappings once."""
    rows = [line for line in section("FOCUS").splitlines() if line.startswith("| `")]
    columns = set().union(*map(focus_columns, get_args(FocusVersion)))
    assert sorted(columns) == sorted(name for row in rows for name in names_in(row.split("|")[1]))
