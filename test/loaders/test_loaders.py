"""The programs of docs/warehouse.md with the real loaders, which need ``tox -e loaders``."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

import fastly
from fastly.models import Invoice
from fastly.rows import InvoiceRow
from fastly.testing import BillingServer

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = (ROOT / "docs" / "warehouse.md").read_text(encoding="utf-8")
PATH = re.compile(r"/v3/invoices\Z")
QUERY = "SELECT count(*), sum(amount) FROM fastly.invoices__transaction_line_items"
SUM = Decimal("793868.93")
FIRST = {"invoice_id": 29239985, "monthly_transaction_amount": "12.5"}
# What the API has sent in place of the next cursor on the last page.
ENDS: list[dict[str, Any]] = [
    {"meta": {"next_cursor": ""}},
    {"meta": {"next_cursor": None}},
    {"meta": {}},
    {"meta": None},
    {},
]


def blocks(language: str) -> list[str]:
    """Return the blocks of the page that are marked with a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


DLT, TAP, MANIFEST, CHECK = blocks("python")


class Reader:
    """A reader of the page, with a folder and the variables of an account."""

    def __init__(self, folder: Path, server: BillingServer) -> None:
        self.folder = folder
        self.server = server
        self.variables = {
            **os.environ,
            "PYTHONPATH": str(Path(fastly.__file__).parent.parent),
            "HOME": str(folder),
            "DLT_DATA_DIR": str(folder),
            "HTTPS_PROXY": "http://127.0.0.1:1",
            "NO_PROXY": "127.0.0.1,localhost",
            "FASTLY_API_TOKEN": server.token,
            "FASTLY_API_URL": server.url,
        }

    def python(self, program: str, *arguments: str) -> str:
        """Run a program, and return what it printed."""
        return self.run(sys.executable, "-c", program, *arguments)

    def run(self, *command: str, status: int = 0) -> str:
        """Run a command, and return what it printed."""
        run = subprocess.run(
            command,
            cwd=self.folder,
            env=self.variables,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert status == run.returncode, run.stderr[-3000:] + run.stdout[-3000:]
        return run.stdout

    def pages(self) -> list[dict[str, str]]:
        """Return the queries of the requests for pages of invoices."""
        return [x.query for x in self.server.requests if PATH.search(x.path)]


@pytest.fixture(name="reader")
def reader_fixture(tmp_path: Path) -> Iterator[Reader]:
    """A reader of the page on the day whose figures it shows."""
    with BillingServer(today=date(2026, 8, 20)) as server:
        yield Reader(tmp_path, server)


def test_dlt_loads_exactly_and_the_last_months_again(reader: Reader) -> None:
    """Both runs print what the page shows; IDs are text, and lines add up in exact decimals."""
    printed, compared = blocks("text")
    assert printed == reader.python(DLT) + reader.python(DLT)
    assert compared == reader.python(CHECK, QUERY)
    lines = "SELECT DISTINCT typeof(amount) FROM fastly.invoices__transaction_line_items"
    assert [("DECIMAL(38,12)",)] == query(reader, lines)
    types = "SELECT DISTINCT typeof(invoice_id), typeof(monthly_transaction_amount)"
    assert [("VARCHAR", "DECIMAL(38,12)")] == query(reader, f"{types} FROM fastly.invoices")
    dates = [page["billing_start_date"] for page in reader.pages() if "billing_start_date" in page]
    assert ["2015-01-01", "2026-03-23"] == dates


def query(reader: Reader, text: str) -> list[tuple[Any, ...]]:
    """Return the result of a query."""
    with duckdb.connect(str(reader.folder / "billing.duckdb"), read_only=True) as database:
        return database.execute(text).fetchall()


def test_a_missing_line_is_noticed(reader: Reader) -> None:
    """The check has exit status 1 if a line is missing."""
    reader.python(DLT)
    program = ["-c", CHECK, f"{QUERY} WHERE _dlt_list_idx > 0"]
    assert "1629 of 1718 lines" in reader.run(sys.executable, *program, status=1)


def test_dlt_updates_the_newest_invoice(reader: Reader) -> None:
    """A page ends the list whatever its last cursor is, and each run has the newest correction."""
    invoice = {**FIRST, "billing_start_date": "2026-07-01T00:00:00Z"}
    lines = {"transaction_line_items": [{"amount": "12.5"}, {"amount": 0.1}]}
    for total, end in enumerate(ENDS):
        changed = {"monthly_transaction_amount": str(total) if total % 2 else total}
        reader.server.enqueue(body={"data": [{**invoice, **lines, **changed}], **end}, path=PATH)
        assert "1 invoices, 2 lines\n" == reader.python(DLT)
    assert len(ENDS) == len(reader.pages())
    found = query(reader, "SELECT invoice_id, monthly_transaction_amount FROM fastly.invoices")
    assert [("29239985", Decimal(len(ENDS) - 1))] == found


def test_a_singer_tap(reader: Reader) -> None:
    """The tap sends each line once, with a schema first, and exact amounts as text."""
    lines = [json.loads(line) for line in reader.python(TAP).splitlines()]
    schema, *messages = [line for line in lines if line["type"] != "STATE"]
    assert ("SCHEMA", ["invoice_id", "line_number"]) == (schema["type"], schema["key_properties"])
    assert list(InvoiceRow.__annotations__) == list(schema["schema"]["properties"])
    records = [message["record"] for message in messages]
    assert "It sends 1,718 records." in PAGE
    assert (1718, SUM) == (len(records), sum(Decimal(record["amount"]) for record in records))
    kinds = {name: column["type"] for name, column in schema["schema"]["properties"].items()}
    assert ["string", "null"] == kinds["amount"] == kinds["invoice_id"]
    assert "integer" == kinds["line_number"]


def airbyte(reader: Reader) -> list[dict[str, Any]]:
    """Return the records that Airbyte's command reads with the manifest."""
    config = {"host": reader.server.url, "token": reader.server.token}
    stream = {"name": "invoices", "json_schema": {}, "supported_sync_modes": ["full_refresh"]}
    modes = {"sync_mode": "full_refresh", "destination_sync_mode": "overwrite"}
    files = {
        "manifest.yaml": blocks("yaml")[0],
        "config.json": json.dumps(config),
        "catalog.json": json.dumps({"streams": [{"stream": stream, **modes}]}),
    }
    for name, text in files.items():
        (reader.folder / name).write_text(text, encoding="utf-8")
    reader.python(MANIFEST)
    command, *words = blocks("sh")[0].split()
    printed = reader.run(str(Path(sys.executable).with_name(command)), *words)
    messages = [json.loads(line) for line in printed.splitlines()]
    return [message["record"]["data"] for message in messages if message["type"] == "RECORD"]


def test_an_airbyte_source(reader: Reader) -> None:
    """Airbyte's command reads each invoice once in two requests, with the types of the schema."""
    records = airbyte(reader)
    totals = [Decimal(str(record["monthly_transaction_amount"])) for record in records]
    assert "It sends 89 records in two requests." in PAGE
    assert (89, SUM, 2) == (len(records), sum(totals), len(reader.pages()))
    assert {str} == {type(record["invoice_id"]) for record in records}
    assert records[0].keys() <= Invoice.__fields__.keys()


@pytest.mark.parametrize("end", ENDS)
def test_airbyte_stops_at_the_last_page(reader: Reader, end: dict[str, Any]) -> None:
    """A page ends the list whatever its last cursor is; IDs become text and amounts numbers."""
    reader.server.enqueue(body={"data": [FIRST], **end}, path=PATH)
    expected = {"invoice_id": "29239985", "monthly_transaction_amount": 12.5}
    assert ([expected], 1) == (airbyte(reader), len(reader.pages()))


def test_airbyte_sends_a_cursor_unchanged(reader: Reader) -> None:
    """A cursor of digits and an underscore, or with an exponent, does not become a number."""
    cursors = ["2026_05", "12e3", "[7]", "a'b", "eyJwYWdlIjozfQ=="]
    for cursor in [*cursors, ""]:
        reader.server.enqueue(body={"data": [FIRST], "meta": {"next_cursor": cursor}}, path=PATH)
    assert len(cursors) + 1 == len(airbyte(reader))
    first, *others = reader.pages()
    assert "cursor" not in first
    assert [(cursor, "50") for cursor in cursors] == [(x["cursor"], x["limit"]) for x in others]
