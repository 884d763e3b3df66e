"""The page on the command line matches the code."""

from __future__ import annotations

import contextlib
import io
import re
import signal
from pathlib import Path
from typing import get_args

import pytest
from shell import Shell

from fastly.cli import messages, output
from fastly.cli.costs import KINDS
from fastly.cli.main import main
from fastly.costs import Forecast
from fastly.focus import FocusVersion, focus_columns
from fastly.rows import AiUsageRow, BillableUsageRow, InvoiceRow, ServiceUsageRow, UsageRow

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
# A command at the start of a line, or of a crontab's job, without a comment or a redirection.
SHOWN = re.compile(
    r"^(?:[\d* ]+  (?:/\S+/)?|\$ )?fastly-billing ([a-z].*?)(?: +(?:#|\d?>|\|).*)?$", re.M
)
EXTRAS = {".xlsx": "xlsxwriter", ".parquet": "pyarrow"}
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


def shown_commands() -> list[str]:
    """Return the commands that the pages show, each once."""
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    found = [x for page in pages for x in SHOWN.findall(page.read_text(encoding="utf-8"))]
    return list(dict.fromkeys(x.replace("/var/lib/billing/", "") for x in found))


def test_commands_are_found() -> None:
    """Commands in blocks of shell, in crontabs, and before a pipe are found."""
    found = shown_commands()
    assert "costs 2026-05 --demo" in found
    assert "invoices --append-to invoices.jsonl --quiet" in found
    assert "mtd --format openmetrics --quiet" in found


@pytest.mark.parametrize("command", shown_commands())
def test_a_command_on_a_page_works(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each command that a page shows works with the demo."""
    for extension in re.findall(r"\.\w+$", command):
        pytest.importorskip(EXTRAS.get(extension, "csv"))
    (tmp_path / "teams.csv").write_text("service_id,team\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with contextlib.redirect_stdout(io.StringIO()) as out:
        status = main([*command.split(), "--demo"])
    assert status in ((0, 3) if "--budget" in command else (0,))
    (file,) = re.findall(r"--(?:output|append-to) (\S+)", command) or [""]
    assert (tmp_path / file).stat().st_size if file else out.getvalue()


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
