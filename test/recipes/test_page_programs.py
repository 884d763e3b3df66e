"""The programs of the pages on exports and on the month to date, apart from what they print."""

from __future__ import annotations

import ast
import re
import runpy
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from pages import LIST, MTD, ROOT, Recipe

from fastly import ApiClient, Configuration
from fastly.api.billing_invoices_api import BillingInvoicesApi
from fastly.testing import BillingServer

YEAR = datetime.now(timezone.utc).year


def programs(page: str) -> list[str]:
    """Return the Python blocks of a page."""
    text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    return re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.fixture
def function_of(tmp_path: Path) -> Callable[[str], Callable[..., Any]]:
    """Return the function that opens a function of the page on exports, with all its imports."""

    def open_function(name: str) -> Callable[..., Any]:
        body = ast.parse("\n".join(programs("export"))).body
        kept = (ast.Import, ast.ImportFrom)
        found = [x for x in body if isinstance(x, kept) or getattr(x, "name", "") == name]
        return run(tmp_path, ast.unparse(ast.Module(found, [])))[name]

    return open_function


def run(folder: Path, text: str) -> dict[str, Any]:
    """Run a program in this process, and return its names."""
    file = folder / "program.py"
    file.write_text(text, encoding="utf-8")
    return runpy.run_path(str(file))


@pytest.fixture
def api(server: BillingServer) -> Any:
    """Return the API of the stand-in, which is asked once."""
    configuration = Configuration(host=server.url, api_token=server.token, retries=0)
    with ApiClient(configuration) as client:
        yield BillingInvoicesApi(client)


def invoice(start: str, amount: float | None, number: int = 1) -> dict[str, Any]:
    """Return an invoice."""
    return {
        "invoice_id": f"INV-{number}",
        "billing_start_date": start,
        "monthly_transaction_amount": amount,
    }


def test_costs_of_all_invoices_of_a_month(
    api: BillingInvoicesApi, server: BillingServer, function_of: Callable[..., Any]
) -> None:
    """A month costs what all of its invoices do, and those of other months are not in it."""
    listed = [
        [invoice("2026-01-09", 0.1), invoice("2026-01-01", 0.2, 2), invoice("2026-02-01", 9, 3)],
        [invoice("2026-02-01", 100, 3), invoice("2026-01-31T17:00:00-08:00", 10, 4)],
        [invoice("2026-03-01", None)],
        [],
    ]
    for invoices in listed:
        server.enqueue(body={"data": invoices, "meta": {}}, path=LIST)
    server.enqueue(403, path=LIST)
    costs = function_of("costs_by_month")(api, 2026)
    assert [f"2026-{month:02}" for month in range(1, 13)] == list(costs)
    expected = [0.3, 110.0, None, None, "failed: Forbidden"]
    assert expected == list(costs.values())[:5]


@pytest.mark.parametrize(
    ("start", "kinds"),
    [
        (f"{YEAR}-01-01", {True}),
        (f"{YEAR - 1}-12-31T17:00:00-07:00", {True}),
        (f"{YEAR - 1}-12-01", {True}),
        (f"{YEAR}-02-01", {True, False}),
    ],
)
def test_no_month_twice(
    api: BillingInvoicesApi,
    server: BillingServer,
    function_of: Callable[..., Any],
    start: str,
    kinds: set[bool],
) -> None:
    """The month to date is left out if its month, also last December, has an invoice."""
    listed = [invoice(f"{YEAR}-01-01", 5), invoice(f"{YEAR - 1}-12-01", 7, 2)]
    server.enqueue(body={"data": listed, "meta": {}}, path=LIST)
    server.enqueue(body=invoice(start, 5), path=MTD)
    rows = function_of("rows_until_today")(api)
    assert kinds == {row["is_final"] for row in rows}
    assert len(kinds) == len(rows)


def test_no_month_to_date(
    api: BillingInvoicesApi,
    server: BillingServer,
    function_of: Callable[..., Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Without a month to date, the rows of the invoices are there, and a line says so."""
    server.enqueue(body={"data": [invoice(f"{YEAR}-01-01", 5)], "meta": {}}, path=LIST)
    server.enqueue(404, path=MTD)
    rows = function_of("rows_until_today")(api)
    assert [True] == [row["is_final"] for row in rows]
    assert "no month to date: 404\n" == capsys.readouterr().out


def test_frame_is_ready_for_a_spreadsheet(
    server: BillingServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The frame of the page can be written as xlsx, which takes no time zones."""
    openpyxl = pytest.importorskip("openpyxl")
    monkeypatch.setenv("FASTLY_API_TOKEN", server.token)
    monkeypatch.setenv("FASTLY_API_URL", server.url)
    blocks = programs("export")
    program = next(block for block in blocks if "to_excel" in block or "to_pandas" in block)
    frame = run(tmp_path, blocks[0] + program)["frame"]
    frame.to_excel(tmp_path / "invoices.xlsx", index=False)
    sheet = openpyxl.load_workbook(tmp_path / "invoices.xlsx").active
    assert len(frame) + 1 == sheet.max_row


@pytest.mark.parametrize(
    ("response", "status", "error"),
    [
        ({"body": {"monthly_transaction_amount": "5000.00"}}, 0, ""),
        ({"body": {"monthly_transaction_amount": "5000.01"}}, 3, ""),
        ({"status": 404}, 1, "404 Not Found"),
        ({"status": 202, "headers": {"Retry-After": "100"}, "body": {}}, 75, "202"),
        (None, 2, "no API token"),
    ],
)
def test_exit_statuses_of_the_budget_program(
    server: BillingServer, tmp_path: Path, response: Any, status: int, error: str
) -> None:
    """The program has the exit statuses of the command, as the page says, and no traceback."""
    page = Recipe("plot", tmp_path, server)
    token = {"FASTLY_API_TOKEN": server.token if response else ""}
    environment = {**page.environment, **token}
    program = [
        sys.executable,
        "-c",
        programs("month-to-date")[0].replace("timeout=120", "timeout=9"),
    ]
    command = [sys.executable, "-m", "fastly", "mtd", "--budget", "5000", "--timeout", "9"]
    for words in (program, command):
        if response:
            server.enqueue(**response, path=MTD)
        done = subprocess.run(
            words, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert status == done.returncode, done.stderr
        assert error in done.stderr
        assert "Traceback" not in done.stderr
