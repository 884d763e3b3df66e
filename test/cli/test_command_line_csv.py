"""CSV for spreadsheets and for programs: formulas at any separator, ``--excel``, ``--no-guard``."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastly.cli.export import CsvStyle, csv_text
from fastly.testing import BillingServer

if TYPE_CHECKING:
    from shell import Shell

SIGNS = "=+-@\uff1d\uff0b\uff0d\uff20"
SEPARATORS = ",;\t|"


def serve(server: BillingServer, text: str, **line: object) -> None:
    """Make the server respond with an invoice whose line has a description."""
    item = {"description": text, **line}
    invoice = {"invoice_id": "I", "billing_start_date": "2026-05-01T00:00:00+02:00"}
    invoice["transaction_line_items"] = [item]
    server.enqueue(200, body={"data": [invoice], "meta": {"total": 1}})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("shop;=1+1", "shop;'=1+1"),
        ("shop;=1+1;x", "shop;'=1+1;x"),
        ('shop;"=1+1"', 'shop;\'"=1+1"'),
        ("shop; =1+1", "shop;' =1+1"),
        (" =1+1", "' =1+1"),
        ("shop\t@x", "shop\t'@x"),
        ("shop|-1", "shop|'-1"),
        ("shop\r\n=1+1", "shop\r\n'=1+1"),
        ("shop;;+1", "shop;;'+1"),
        ("\uff1d1+1", "'\uff1d1+1"),
        ("a=b; c-d\nend", "a=b; c-d\nend"),
        ("shop, -1", "shop, -1"),
    ],
)
@pytest.mark.parametrize("form", ["csv", "focus"])
def test_cells_of_other_separators(
    shell: Shell, server: BillingServer, form: str, text: str, expected: str
) -> None:
    """What another separator would make a cell gets an apostrophe, too; other text does not."""
    serve(server, text)
    data = shell("invoices", "--format", form).stdout.decode()
    (row,) = csv.DictReader(io.StringIO(data, newline=""))
    assert expected == row["ChargeDescription" if form == "focus" else "description"]
    serve(server, text)
    data = shell("invoices", "--format", form, "--no-guard").stdout.decode()
    (row,) = csv.DictReader(io.StringIO(data, newline=""))
    assert text == row["ChargeDescription" if form == "focus" else "description"]


@given(st.lists(st.text(alphabet=f'a;,"|\t\r\n {SIGNS}'), min_size=1, max_size=3))
def test_no_formula_at_any_separator(texts: list[str]) -> None:
    """Whatever separates cells, none of them starts as a formula does."""
    row = {f"column {number}": text for number, text in enumerate(texts)}
    data = "".join(csv_text([row], [*row]))
    for separator in SEPARATORS:
        rows = csv.reader(io.StringIO(data, newline=""), delimiter=separator)
        cells = [cell.lstrip(" ") for row in rows for cell in row]
        assert [] == [cell for cell in cells if cell.startswith(tuple(SIGNS))], separator


def test_csv_for_spreadsheets(shell: Shell, server: BillingServer, tmp_path: Path) -> None:
    """With --excel, the file is marked as UTF-8, and times have neither a T nor a zone."""
    file = tmp_path / "a.csv"
    serve(server, "café", units=0.075)
    assert 0 == shell("invoices", "--excel", "--output", file).status
    data = file.read_bytes()
    assert data.startswith(b"\xef\xbb\xbfcustomer_id,")
    (row,) = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""))
    assert ("café", "2026-04-30 22:00:00") == (row["description"], row["billing_start_date"])


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("0.075", "0.0750"),
        ("-12.345", "-12.3450"),
        ("5705.362", "5705.3620"),
        ("0.5", "0.5"),
        ("0.0075", "0.0075"),
        ("1E+3", "1000"),
    ],
)
def test_numbers_that_look_like_thousands(number: str, expected: str) -> None:
    """A number with three decimals, which a German spreadsheet reads as thousands, gets a zero."""
    header, line = csv_text([{"a": Decimal(number)}], ["a"])
    assert (["a\r\n", f"{expected}\r\n"]) == [header, line]


def test_plain_csv_has_no_mark() -> None:
    """Programs get the header first."""
    assert ["a\r\n"] == list(csv_text([], ["a"]))
    assert ["\ufeff", "a\r\n"] == list(csv_text([], ["a"], CsvStyle(excel=True)))


@pytest.mark.parametrize("option", ["--excel", "--no-guard"])
@pytest.mark.parametrize("form", ["json", "jsonl", "table"])
def test_only_for_csv(shell: Shell, server: BillingServer, form: str, option: str) -> None:
    """With another format, they are an error, and nothing is requested."""
    result = shell("invoices", "--format", form, option)
    assert (2, b"") == result[:2]
    assert f"{option} is for csv, got {form}: remove it, or add --format csv" in result.stderr
    assert [] == server.requests


def test_not_for_the_retired_api(shell: Shell) -> None:
    """The CSV of v2 is passed on as it is, so the options are unknown there."""
    result = shell("v2", "invoice", "5", "2020", "--format", "csv", "--excel")
    assert 2 == result.status
    assert "unexpected '--excel'" in result.stderr
