"""LibreOffice, which people use as they use Excel: what it makes of the command's files."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest

from fastly.api.billing_invoices_api import BillingInvoicesApi
from fastly.rows import InvoiceRow, exact, exact_sum, invoice_rows
from fastly.testing import BillingServer

if TYPE_CHECKING:
    from shell import Shell

SOFFICE = shutil.which("soffice")
pytestmark = pytest.mark.skipif(SOFFICE is None, reason="LibreOffice (soffice) is not installed")
YEAR = ("invoices", "--since", "2026-01")
ENGLISH, GERMAN = 1033, 1031
SETTINGS = """\
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Setup/L10N"><prop oor:name="ooSetupSystemLocale" oor:op="fuse">
<value>{locale}</value></prop></item></oor:items>
"""

Open = Callable[..., Any]


@pytest.fixture(scope="session")
def profile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for LibreOffice's settings, which no other process uses."""
    return tmp_path_factory.mktemp("libreoffice")


@pytest.fixture
def opened(profile: Path) -> Open:
    """Return the workbook that LibreOffice has after opening a file, with a locale."""

    def open_file(file: Path, *options: str, locale: str = "en-US") -> Any:
        user = profile / locale / "user"
        if not user.exists():
            user.mkdir(parents=True)
            (user / "registrymodifications.xcu").write_text(SETTINGS.format(locale=locale))
        into = ("--convert-to", "xlsx", "--outdir", file.parent / "opened")
        own = f"-env:UserInstallation={user.parent.as_uri()}"
        command = [str(SOFFICE), own, "--headless", *options, *into, file]
        subprocess.run(command, check=True, capture_output=True, timeout=110)
        return openpyxl.load_workbook(file.parent / "opened" / f"{file.stem}.xlsx")

    return open_file


def as_csv(language: int) -> str:
    """Return the option that opens CSV as UTF-8, with the numbers and dates of a language."""
    return f"--infilter=CSV:44,34,76,1,,{language},false,true"


def rows_of(sheet: Any) -> list[dict[str, Any]]:
    """Return the rows of a sheet."""
    header, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(header, row, strict=True)) for row in rows]


@pytest.fixture
def expected(invoices: BillingInvoicesApi) -> list[InvoiceRow]:
    """The rows of the year."""
    return list(invoice_rows(invoices.iter_invoices(billing_start_date="2026-01-01")))


def check(found: list[dict[str, Any]], expected: list[InvoiceRow]) -> None:
    """Compare the type and the value of each cell with those of the rows."""
    assert [cells_of(row) for row in expected] == found
    assert exact_sum(x["amount"] for x in expected) == exact_sum(exact(x["amount"]) for x in found)
    assert any("café-zürich" in (row["description"] or "") for row in found)


def cells_of(row: InvoiceRow) -> dict[str, object]:
    """Return the cells that a row should have."""
    return {name: cell_of(value) for name, value in row.items()}


def cell_of(value: object) -> object:
    """Return the cell that a value should have."""
    if isinstance(value, Decimal):
        return float(value)
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value or None


@pytest.mark.parametrize("locale", ["en-US", "de-DE"])
def test_workbook(
    shell: Shell, opened: Open, expected: list[InvoiceRow], tmp_path: Path, locale: str
) -> None:
    """In every language, dates are dates, money is a number, and the header filters."""
    assert 0 == shell(*YEAR, "--output", tmp_path / "a.xlsx").status
    lines, totals = opened(tmp_path / "a.xlsx", locale=locale).worksheets
    check(rows_of(lines), expected)
    # Without a window, LibreOffice drops what stays in sight; test_excel.py has that.
    assert f"A1:T{len(expected) + 1}" == lines.auto_filter.ref
    assert "USD" in lines["T2"].number_format
    added = exact_sum(exact(row["total"]) for row in rows_of(totals))
    assert ("totals", exact_sum(row["amount"] for row in expected)) == (totals.title, added)


def test_csv_for_spreadsheets(
    shell: Shell, opened: Open, expected: list[InvoiceRow], tmp_path: Path
) -> None:
    """With English numbers, --excel has the same cells."""
    assert 0 == shell(*YEAR, "--excel", "--output", tmp_path / "a.csv").status
    found = rows_of(opened(tmp_path / "a.csv", as_csv(ENGLISH)).active)
    check(found, expected)


def test_formulas(shell: Shell, opened: Open, server: BillingServer, tmp_path: Path) -> None:
    """No text of the API is a formula, whatever separates the cells."""
    texts = ("=40+2", "-17", "shop;=40+2", "+42", "|=40+2")
    invoice = {"invoice_id": "I", "transaction_line_items": [{"description": x} for x in texts]}
    server.enqueue(body={"data": [invoice], "meta": {"total": 1}})
    assert 0 == shell("invoices", "--excel", "--output", tmp_path / "a.csv").status
    separators = "/".join(str(ord(c)) for c in ",;|")
    evaluated = f"--infilter=CSV:{separators},34,76,1,,1033,false,true,false,false,false,0,true"
    sheet = opened(tmp_path / "a.csv", evaluated).active
    cells = [cell for row in sheet.iter_rows() for cell in row]
    assert 5 == sum(bool(re.search("42|40|17", str(cell.value))) for cell in cells)
    assert [] == [x.value for x in cells if x.data_type == "f" or x.value in (42, -17)]


def test_german_numbers(
    shell: Shell, opened: Open, expected: list[InvoiceRow], tmp_path: Path
) -> None:
    """A German spreadsheet may read numbers of a plain CSV as text, but none as a wrong number."""
    assert 0 == shell(*YEAR, "--output", tmp_path / "a.csv").status
    german = rows_of(opened(tmp_path / "a.csv", as_csv(GERMAN), locale="de-DE").active)
    pairs = [
        (row[name], cells[name])
        for row, cells in zip(expected, german, strict=True)
        for name in ("units", "rate", "amount")
    ]
    assert [] == [
        (number, cell)
        for number, cell in pairs
        if not (isinstance(cell, str) and re.fullmatch(r"-?[\d.]+", cell))
        and cell != cell_of(number)
    ]
