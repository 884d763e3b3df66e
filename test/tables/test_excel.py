"""``--output x.xlsx``: cells with types, exact to Excel's 15 digits, and no formulas."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openpyxl
import polars
import pytest
from python_calamine import CalamineWorkbook

from fastly._months import month_of
from fastly.api.billing_invoices_api import BillingInvoicesApi
from fastly.cli import excel
from fastly.rows import InvoiceRow, UsageRow, exact, exact_sum, invoice_rows
from fastly.testing import BillingServer

if TYPE_CHECKING:
    from shell import Shell

COLUMNS = list(InvoiceRow.__annotations__)
TEXTS = {
    *("customer_id", "invoice_id", "statement_number", "payment_status", "currency_code"),
    *("description", "product_line", "product_group", "product_name", "region", "usage_type"),
    "credit_coupon_code",
}
RAW = '<r><t>x</t></r></is></c><c r="A9"><f>1+1</f></c><c><is><r></r>'
HOSTILE = ["=1+1", "+1", "-1", "@SUM(A1)", "{=1}", "http://x", "1", "a\ud800", "\x1b[2J", RAW]


def a_page(*lines: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return a page with one invoice."""
    invoice = {"invoice_id": "I", "transaction_line_items": list(lines), **fields}
    return {"data": [invoice], "meta": {"total": 1}}


def cells_of(file: Path, sheet: str = "lines") -> list[list[Any]]:
    """Return the values of a sheet as openpyxl reads them."""
    return [list(row) for row in openpyxl.load_workbook(file)[sheet].iter_rows(values_only=True)]


@pytest.fixture
def made(shell: Shell, tmp_path: Path) -> Path:
    """The workbook of all invoices."""
    file = tmp_path / "costs.xlsx"
    assert 0 == shell("invoices", "--output", file).status
    return file


class TestLines:
    """The sheet with a row for each line item."""

    def test_values(self, made: Path, invoices: BillingInvoicesApi) -> None:
        """Row 1 has the names, and the cells have the values of the rows, times without a zone."""
        header, *found = cells_of(made)
        assert COLUMNS == header
        rows = list(invoice_rows(invoices.iter_invoices()))
        assert len(rows) == len(found)
        assert [[plain(value) for value in row.values()] for row in rows] == [
            [exact(x) if isinstance(x, (int, float)) else x for x in row] for row in found
        ]

    def test_types(self, made: Path) -> None:
        """IDs are text, dates are dates, and money is a number in the format of its currency."""
        sheet = openpyxl.load_workbook(made)["lines"]
        cells = dict(zip(COLUMNS, sheet[2], strict=True))
        assert {"s"} == {cells[name].data_type for name in TEXTS if cells[name].value is not None}
        assert cells["billing_start_date"].is_date
        formats = [cells[name].number_format for name in ("amount", "rate", "units")]
        assert ["[$USD] #,##0.00", "[$USD] #,##0.00##########", "General"] == formats
        assert "n" == cells["amount"].data_type
        assert ("A2", f"A1:T{sheet.max_row}") == (sheet.freeze_panes, sheet.auto_filter.ref)

    def test_sizes(self, made: Path) -> None:
        """Columns are as wide as what is in them, up to 40; a printed page has all of them."""
        sheet = openpyxl.load_workbook(made)["lines"]
        columns = {cell.value: cell.column_letter for cell in sheet[1]}
        sizes = [
            round(sheet.column_dimensions[columns[name]].width)
            for name in (
                "region",
                "monthly_transaction_amount",
                "billing_start_date",
                "description",
            )
        ]
        assert [14, 30, 22, 41] == sizes
        page = (sheet.page_setup.orientation, sheet.page_setup.fitToHeight, sheet.print_title_rows)
        assert ("landscape", 0, "$1:$1") == page

    def test_no_formulas(self, shell: Shell, server: BillingServer, tmp_path: Path) -> None:
        """Text stays text, whatever it looks like, and no sheet has a formula or a link."""
        server.enqueue(200, body=a_page(*({"description": text} for text in HOSTILE)))
        file = tmp_path / "a.xlsx"
        assert 0 == shell("invoices", "--output", file).status
        _, *rows = cells_of(file)
        found = [row[COLUMNS.index("description")] for row in rows]
        assert [*HOSTILE[:-3], "a?", "\x1b[2J", f"{RAW} "] == [
            openpyxl.utils.escape.unescape(text) for text in found
        ]
        with zipfile.ZipFile(file) as archive:
            sheets = [archive.read(name) for name in archive.namelist() if "sheets/" in name]
        assert 2 == len(sheets)
        assert [] == [x for sheet in sheets for x in re.findall(rb"<f[ >]|<hyperlink", sheet)]

    def test_text_ids_after_many_numeric_ones(
        self, shell: Shell, server: BillingServer, tmp_path: Path
    ) -> None:
        """IDs below 1,000 numeric ones stay text for readers that guess types."""
        lines = [{"product_name": str(number)} for number in range(1_000)]
        server.enqueue(200, body=a_page(*lines, {"product_name": "INV-1"}, invoice_id=29239985))
        file = tmp_path / "a.xlsx"
        assert 0 == shell("invoices", "--output", file).status
        frame = polars.read_excel(file, sheet_name="lines")
        assert polars.String == frame["product_name"].dtype
        assert ("999", "INV-1") == (frame["product_name"][999], frame["product_name"][1000])
        assert ["29239985"] == frame["invoice_id"].unique().to_list()

    @pytest.mark.parametrize(
        ("code", "expected"),
        [
            ("JPY", "[$JPY] #,##0"),
            ("KWD", "[$KWD] #,##0.000"),
            ('U"]', "#,##0.00"),
            (None, "#,##0.00"),
        ],
    )
    def test_currencies(
        self, shell: Shell, server: BillingServer, tmp_path: Path, code: Any, expected: str
    ) -> None:
        """Money has the decimals of its currency; an odd code cannot break the format."""
        server.enqueue(200, body=a_page({"amount": 5}, currency_code=code))
        assert 0 == shell("invoices", "--output", tmp_path / "a.xlsx").status
        sheet = openpyxl.load_workbook(tmp_path / "a.xlsx")["lines"]
        assert (5, expected) == (sheet["T2"].value, sheet["T2"].number_format)

    def test_time_before_the_calendar(
        self, shell: Shell, server: BillingServer, tmp_path: Path
    ) -> None:
        """A time before 1900, which Excel cannot represent, is text."""
        server.enqueue(200, body=a_page(invoice_posted_on="0001-01-01T00:00:00Z"))
        assert 0 == shell("invoices", "--output", tmp_path / "a.xlsx").status
        row = cells_of(tmp_path / "a.xlsx")[1]
        assert row[COLUMNS.index("invoice_posted_on")].startswith("0001-01-01T00:00:00")


def plain(value: object) -> object:
    """Return a value as a cell has it."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    return Decimal(value) if isinstance(value, int) else value


def test_totals_are_the_sums_of_the_lines(made: Path, invoices: BillingInvoicesApi) -> None:
    """The second sheet has a number for each month, group and currency, also for calamine."""
    sums: dict[tuple[Any, ...], list[Any]] = {}
    for row in invoice_rows(invoices.iter_invoices()):
        key = (month_of(row["billing_start_date"]), row["product_group"], row["currency_code"])
        sums.setdefault(key, []).append(row["amount"])
    workbook = CalamineWorkbook.from_path(made)
    assert ["lines", "totals"] == workbook.sheet_names
    header, *rows = workbook.get_sheet_by_name("totals").to_python()
    assert ["month", "product_group", "currency_code", "total"] == header
    assert {key: exact_sum(amounts) for key, amounts in sums.items()} == {
        tuple(key): exact(total) for *key, total in rows
    }


def test_totals_without_amounts(shell: Shell, server: BillingServer, tmp_path: Path) -> None:
    """The total of lines without an amount is empty: it is not known to be 0."""
    amounts = [("a", None), ("b", None), ("b", 3), ("b", None), ("c", 0)]
    lines = [{"product_group": group, "amount": amount} for group, amount in amounts]
    server.enqueue(200, body=a_page(*lines))
    assert 0 == shell("invoices", "--output", tmp_path / "a.xlsx").status
    _, *rows = cells_of(tmp_path / "a.xlsx", "totals")
    assert [("a", None), ("b", 3), ("c", 0)] == [(group, total) for _, group, _, total in rows]


@pytest.mark.parametrize("command", [("usage",), ("costs",), ("forecast",)])
def test_other_rows(shell: Shell, tmp_path: Path, command: tuple[str, ...]) -> None:
    """Rows of other kinds have one sheet."""
    file = tmp_path / "a.xlsx"
    assert (0, b"", "") == shell(*command, "--quiet", "--output", file)
    assert ["lines"] == openpyxl.load_workbook(file).sheetnames
    assert len(cells_of(file)) > 1


def test_amounts_of_a_forecast(shell: Shell, tmp_path: Path) -> None:
    """The amounts of a forecast are in the format of its currency, too."""
    assert 0 == shell("forecast", "--output", tmp_path / "a.xlsx").status
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx").active
    assert sheet is not None
    formats = {cell.value: sheet.cell(2, cell.column).number_format for cell in sheet[1]}
    assert ["[$USD] #,##0.00", "[$USD] #,##0.00"] == [formats["low"], formats["usage"]]
    assert "General" == formats["days"]


def test_what_excel_cannot_keep(shell: Shell, server: BillingServer, tmp_path: Path) -> None:
    """A lost 16th digit and a truncated text are said on stderr."""
    lines = [{"amount": 1234567890123.4565}, {"rate": 123456789012.345, "region": "x" * 32_768}]
    server.enqueue(200, body=a_page(*lines))
    result = shell("invoices", "--output", tmp_path / "a.xlsx")
    assert 0 == result.status
    keeps = "csv, jsonl and parquet keep all\n"
    assert (
        f"Excel keeps 15 digits of a number: 2 rounded; {keeps}" in result.stderr
    )  # and its total
    assert f"Excel keeps 32,767 characters of a text: 1 truncated; {keeps}" in result.stderr
    assert 32_767 == len(cells_of(tmp_path / "a.xlsx")[2][COLUMNS.index("region")])


def test_too_many_rows(shell: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """More rows than a sheet has are an error that names Parquet, and nothing is written."""
    assert 2**20 - 1 == excel._MOST_ROWS
    monkeypatch.setattr(excel, "_MOST_ROWS", 30)
    result = shell("invoices", "--output", tmp_path / "a.xlsx")
    assert (1, b"") == result[:2]
    assert "at most 30 rows, and there are more: use --output FILE.parquet" in result.stderr
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize(("command", "size"), [("invoices", 100_000), ("forecast", 6_500)])
def test_full_disk(shell: Shell, tmp_path: Path, command: str, size: int) -> None:
    """If a temporary file cannot be written, one line says so, and nothing is left."""
    from shell import files_of_at_most

    with files_of_at_most(size):
        result = shell(command, "--quiet", "--output", tmp_path / "a.xlsx")
    assert (1, b"", []) == (*result[:2], list(tmp_path.iterdir()))
    assert result.stderr.endswith("File too large\n")


def test_as_many_rows_as_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last row that fits is written."""
    monkeypatch.setattr(excel, "_MOST_ROWS", 3)
    rows = [dict.fromkeys(UsageRow.__annotations__, str(number)) for number in range(3)]
    workbook = CalamineWorkbook.from_object(memory(excel.excel_file(rows, UsageRow)))
    assert "2" == workbook.get_sheet_by_index(0).to_python()[3][0]


def memory(chunks: Any) -> Any:
    """Return a file in memory."""
    return io.BytesIO(b"".join(chunks))
