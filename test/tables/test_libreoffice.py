"""LibreOffice, which people use as they use Excel: what it makes of the command's files."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest

from fastly.api.billing_invoices_api import BillingInvoicesApi
from fastly.rows import InvoiceRow, exact, exact_sum, invoice_rows

if TYPE_CHECKING:
    from shell import Shell

SOFFICE = shutil.which("soffice")
pytestmark = pytest.mark.skipif(SOFFICE is None, reason="LibreOffice (soffice) is not installed")
COLUMNS = list(InvoiceRow.__annotations__)
ENGLISH, GERMAN = 1033, 1031


def opened(file: Path, *options: str) -> list[dict[str, Any]]:
    """Return the rows of the first sheet, as LibreOffice has them after opening a file."""
    folder = file.parent / "opened"
    subprocess.run(
        [str(SOFFICE), "--headless", *options, "--convert-to", "xlsx", "--outdir", folder, file],
        env={**os.environ, "HOME": str(file.parent)},
        check=True,
        capture_output=True,
        timeout=100,
    )
    sheet = openpyxl.load_workbook(folder / f"{file.stem}.xlsx").worksheets[0]
    header, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(header, row, strict=True)) for row in rows]


def as_csv(language: int) -> str:
    """Return the option that opens CSV as UTF-8, with the numbers and dates of a language."""
    return f"--infilter=CSV:44,34,76,1,,{language},false,true"


def test_workbook(shell: Shell, invoices: BillingInvoicesApi, tmp_path: Path) -> None:
    """The cells have their types, amounts add up, and accents are right."""
    assert 0 == shell("invoices", "--since", "2026-01", "--output", tmp_path / "a.xlsx").status
    check(opened(tmp_path / "a.xlsx"), invoices)


def test_csv_for_spreadsheets(shell: Shell, invoices: BillingInvoicesApi, tmp_path: Path) -> None:
    """With English numbers, --excel has the same cells."""
    file = tmp_path / "a.csv"
    assert 0 == shell("invoices", "--since", "2026-01", "--excel", "--output", file).status
    check(opened(file, as_csv(ENGLISH)), invoices)


def check(found: list[dict[str, Any]], invoices: BillingInvoicesApi) -> None:
    """Compare cells with the rows."""
    rows = list(invoice_rows(invoices.iter_invoices(billing_start_date="2026-01-01")))
    assert len(rows) == len(found)
    assert exact_sum(x["amount"] for x in rows) == exact_sum(exact(x["amount"]) for x in found)
    start = rows[0]["billing_start_date"]
    assert start is not None
    assert start.replace(tzinfo=None) == found[0]["billing_start_date"]
    assert rows[0]["invoice_id"] == found[0]["invoice_id"]
    assert any("café-zürich" in (row["description"] or "") for row in found)


def test_german_numbers(shell: Shell, tmp_path: Path) -> None:
    """A German spreadsheet may read numbers of a plain CSV as text, but none as a wrong number."""
    file = tmp_path / "a.csv"
    assert 0 == shell("invoices", "--since", "2026-01", "--output", file).status
    english, german = opened(file, as_csv(ENGLISH)), opened(file, as_csv(GERMAN))
    names = ("units", "rate", "amount")
    pairs = [(a[name], b[name]) for a, b in zip(english, german, strict=True) for name in names]
    assert [] == [(a, b) for a, b in pairs if isinstance(b, (int, float)) and a != b]
