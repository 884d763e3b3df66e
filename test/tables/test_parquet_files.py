"""``--output x.parquet``: complete or not at all, with the schemas of ``fastly.tables``."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow.parquet
import pytest

from fastly.api.billing_invoices_api import BillingInvoicesApi
from fastly.cli.parquet import parquet_file
from fastly.rows import InvoiceRow, UsageRow, exact_sum, invoice_rows
from fastly.tables import invoice_table
from fastly.testing import BillingServer

if TYPE_CHECKING:
    from shell import Shell

A_ROW: dict[str, Any] = dict.fromkeys(UsageRow.__annotations__)


def test_invoices(shell: Shell, invoices: BillingInvoicesApi, tmp_path: Path) -> None:
    """The file holds the table of all invoices, and its sum is exact in DuckDB."""
    file = tmp_path / "invoices.parquet"
    assert 0 == shell("invoices", "--output", file).status
    expected = list(invoices.iter_invoices())
    assert invoice_table(expected).equals(pyarrow.parquet.read_table(file))
    total = exact_sum(row["amount"] for row in invoice_rows(expected))
    assert [(total,)] == duckdb.read_parquet(str(file)).sum("amount").fetchall()


@pytest.mark.parametrize(
    ("command", "column"),
    [
        (("invoice", "2026-05"), "amount"),
        (("mtd",), "amount"),
        (("usage",), "quantity"),
        (("usage", "--by-service"), "usage_units"),
        (("usage", "--billable"), "bandwidth"),
        (("costs", "--by", "product"), "amount"),
        (("forecast",), "low"),
    ],
)
def test_every_command_with_rows(
    shell: Shell, tmp_path: Path, command: tuple[str, ...], column: str
) -> None:
    """Each command that has rows writes them, and its numbers are decimals."""
    file = tmp_path / "a.file"
    result = shell(*command, "--quiet", "--format", "parquet", "--output", file)
    assert (0, b"", "") == result
    table = pyarrow.parquet.read_table(file)
    assert pyarrow.decimal128(38, 12) == table.schema.field(column).type
    assert table.num_rows


def test_no_rows(shell: Shell, server: BillingServer, tmp_path: Path) -> None:
    """A file without rows has the columns, so that a folder of files stays readable."""
    server.enqueue(200, body={"data": [], "meta": {"total": 0}})
    assert 0 == shell("invoices", "--output", tmp_path / "a.parquet").status
    table = pyarrow.parquet.read_table(tmp_path / "a.parquet")
    assert (0, list(InvoiceRow.__annotations__)) == (table.num_rows, table.column_names)


def test_money_that_does_not_fit(shell: Shell, server: BillingServer, tmp_path: Path) -> None:
    """An amount of more than 12 decimals is exit status 1, and the old file stays."""
    file = tmp_path / "a.parquet"
    file.write_bytes(b"old")
    line = {"amount": 1e-13}
    invoice = {"invoice_id": "I", "transaction_line_items": [line]}
    server.enqueue(200, body={"data": [invoice], "meta": {"total": 1}})
    result = shell("invoices", "--output", file)
    assert (1, b"") == result[:2]
    assert "amount must fit decimal(38, 12) exactly, got 1E-13" in result.stderr
    assert (b"old", [file]) == (file.read_bytes(), list(tmp_path.iterdir()))


def test_failure_on_a_later_page(shell: Shell, server: BillingServer, tmp_path: Path) -> None:
    """If a page fails, nothing is written."""
    first = {"data": [{"invoice_id": "I"}], "meta": {"next_cursor": "x", "total": 2}}
    server.enqueue(200, body=first)
    server.enqueue(401)
    assert 1 == shell("invoices", "--output", tmp_path / "a.parquet").status
    assert [] == list(tmp_path.iterdir())


def test_memory_is_that_of_a_batch() -> None:
    """The first bytes are there when 10,000 rows have been read, and the file is whole."""
    count = 0

    def rows() -> Iterator[dict[str, Any]]:
        nonlocal count
        for count in range(1, 25_001):
            yield {**A_ROW, "quantity": Decimal(count)}

    chunks = parquet_file(rows(), UsageRow)
    data = next(chunks)
    assert 10_000 <= count < 20_001
    table = pyarrow.parquet.read_table(pyarrow.BufferReader(data + b"".join(chunks)))
    assert [Decimal(n) for n in range(1, 25_001)] == table["quantity"].to_pylist()
