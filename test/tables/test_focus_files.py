"""Files of FOCUS: databases take each version, as CSV, Parquet and a workbook."""

from __future__ import annotations

import csv
import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import duckdb
import openpyxl
import polars
import pyarrow.parquet
import pytest

from fastly.api.billing_invoices_api import BillingInvoicesApi
from fastly.focus import FocusVersion, focus_columns
from fastly.rows import exact_sum
from fastly.tables import focus_table

if TYPE_CHECKING:
    from shell import Shell

pytestmark = pytest.mark.parametrize("version", get_args(FocusVersion))


def written(shell: Shell, file: Path, version: FocusVersion) -> Path:
    """Write the invoices of a year."""
    options = ("--format", "focus", "--focus-version", version, "--output", file)
    assert 0 == shell("invoices", "--since", "2026-01", "--quiet", *options).status
    return file


def total(invoices: BillingInvoicesApi) -> Decimal:
    """Return what the invoices of that year add up to."""
    found = invoices.iter_invoices(billing_start_date="2026-01-01")
    return exact_sum(invoice.monthly_transaction_amount for invoice in found)


def test_csv(
    shell: Shell, invoices: BillingInvoicesApi, tmp_path: Path, version: FocusVersion
) -> None:
    """SQLite and DuckDB load the text, and add up the costs by service."""
    file = written(shell, tmp_path / "focus.csv", version)
    with file.open(encoding="utf-8", newline="") as lines, closing(sqlite3.connect("")) as database:
        names, *rows = csv.reader(lines)
        columns = ", ".join(f'"{name}" text' for name in names)
        database.execute(f"create table costs ({columns})")
        marks = ", ".join("?" * len(names))
        database.executemany(f"insert into costs values ({marks})", rows)  # noqa: S608  # "?"
        billed = database.execute("select BILLEDCOST from costs").fetchall()
    assert total(invoices) == exact_sum(Decimal(cost) for (cost,) in billed)
    query = f"select sum(BilledCost::decimal(38, 12)) from read_csv('{file}', all_varchar = true)"  # noqa: S608  # a path of this test
    assert [(total(invoices),)] == duckdb.sql(query).fetchall()


def test_parquet(
    shell: Shell, invoices: BillingInvoicesApi, tmp_path: Path, version: FocusVersion
) -> None:
    """The extension makes it Parquet, with the schema of `focus_table`."""
    file = written(shell, tmp_path / "focus.parquet", version)
    table = pyarrow.parquet.read_table(file)
    assert focus_table([], version).schema == table.schema
    assert [(total(invoices),)] == duckdb.read_parquet(str(file)).sum("BilledCost").fetchall()
    assert total(invoices) == polars.read_parquet(file)["BilledCost"].sum()


def test_workbook(
    shell: Shell, invoices: BillingInvoicesApi, tmp_path: Path, version: FocusVersion
) -> None:
    """The extension makes it a workbook, with money in its currency and prices in full."""
    file = written(shell, tmp_path / "focus.xlsx", version)
    header, *rows = openpyxl.load_workbook(file)["lines"].iter_rows()
    names = [cell.value for cell in header]
    assert list(focus_columns(version)) == names
    billed, price = (names.index(name) for name in ("BilledCost", "ContractedUnitPrice"))
    assert total(invoices) == exact_sum(Decimal(str(row[billed].value)) for row in rows)
    assert ("[$USD] #,##0.00", "[$USD] #,##0.00##########") == (
        rows[0][billed].number_format,
        rows[0][price].number_format,
    )
