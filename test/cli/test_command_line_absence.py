"""Data that is absent, incomplete or contradictory: status 1, and the old file stays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from shell import Shell

from fastly._months import day_before, month_before, this_month
from fastly.testing import BillingServer

ERROR = {"msg": "Service temporarily unavailable", "status": "error"}
ROWS = ("csv", "json", "jsonl", "table")
COMMANDS = (
    *((form, "invoices") for form in (*ROWS, "focus")),
    *((form, "invoice", "INV-1") for form in (*ROWS, "focus")),
    *((form, "invoice", "2026-05") for form in ROWS),
    *((form, "mtd") for form in ROWS),
    *((form, "usage") for form in ROWS),
    *((form, "usage", "--by-service") for form in ROWS),
)


def an_invoice(number: int, **fields: Any) -> dict[str, Any]:
    """Return an invoice of a month of 2026."""
    start = f"2026-0{number}-01T00:00:00Z"
    total = {"currency_code": "USD", "monthly_transaction_amount": 10 * number}
    return {"invoice_id": f"INV-{number}", "billing_start_date": start, **total, **fields}


def enqueue(server: BillingServer, *pages: Any, total: int | None = None) -> None:
    """Make the server respond with pages of invoices, each of which names the next."""
    for number, page in enumerate(pages, 1):
        cursor = None if number == len(pages) else f"c{number}"
        meta = {"next_cursor": cursor, "total": total}
        server.enqueue(body={"data": page, "meta": meta} if isinstance(page, list) else page)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The export of yesterday."""
    file = tmp_path / "export"
    file.write_text("of yesterday\n")
    return file


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_an_error_with_status_200(
    shell: Shell, server: BillingServer, file: Path, command: tuple[str, ...]
) -> None:
    """An error in place of the data is status 1 with the API's message, and the old file stays."""
    server.enqueue(200, body=ERROR)
    form, *words = command
    result = shell(*words, "--format", form, "--output", file)
    assert (1, b"", "of yesterday\n") == (result.status, result.stdout, file.read_text())
    assert "\n  API message: Service temporarily unavailable\n" in result.stderr


@pytest.mark.parametrize("form", [*ROWS, "focus"])
@pytest.mark.parametrize(
    "pages",
    [
        [[an_invoice(9)], ERROR],
        [[an_invoice(9), an_invoice(8)], []],
        [[an_invoice(9)], [an_invoice(9, payment_status="paid")]],
        [[{}, an_invoice(9)]],
    ],
)
def test_pages_that_are_not_the_list(
    shell: Shell, server: BillingServer, file: Path, form: str, pages: Any
) -> None:
    """A later page that is an error, and pages that contradict each other, are status 1."""
    enqueue(server, *pages, total=3)
    result = shell("invoices", "--format", form, "--output", file)
    assert (1, "of yesterday\n") == (result.status, file.read_text())


@pytest.mark.parametrize("name", ["error", "incomplete", "changed"])
def test_appending(shell: Shell, server: BillingServer, tmp_path: Path, name: str) -> None:
    """Nothing is appended if the list is not complete."""
    file = tmp_path / "all.jsonl"
    enqueue(server, [an_invoice(3)])
    assert 0 == shell("invoices", "--append-to", file).status
    before = file.read_bytes()
    if name == "error":
        server.enqueue(200, body=ERROR)
    elif name == "incomplete":
        enqueue(server, [an_invoice(4)], total=2)
    else:
        enqueue(server, [an_invoice(4)], [an_invoice(4, payment_status="paid")])
    assert (1, before) == (shell("invoices", "--append-to", file).status, file.read_bytes())


@pytest.mark.parametrize(("quiet", "lines"), [((), 1), (("--quiet",), 0)])
def test_fewer_invoices_than_the_total_with_dates(
    shell: Shell, server: BillingServer, quiet: tuple[str, ...], lines: int
) -> None:
    """With dates, fewer invoices than the total are one line on stderr."""
    enqueue(server, [an_invoice(5)], total=9)
    result = shell("invoices", "--since", "2026-05", "--format", "csv", *quiet)
    assert (0, lines) == (result.status, len(result.stderr.splitlines()))
    assert ("received 1 invoices of a total of 9;" in result.stderr) == (lines == 1)


def test_an_invoice_that_is_on_two_pages(shell: Shell, server: BillingServer) -> None:
    """Each invoice is exported once, and a month has one."""
    pages = [an_invoice(4), an_invoice(3)], [an_invoice(3), an_invoice(2)]
    enqueue(server, *pages, total=3)
    result = shell("invoices", "--format", "json")
    found = [x["invoice_id"] for x in json.loads(result.stdout)]
    assert (["INV-4", "INV-3", "INV-2"], "") == (found, result.stderr)
    enqueue(server, *pages)
    assert b'"INV-3"' in shell("invoice", "2026-03", "--format", "json").stdout


def test_the_month_of_an_invoice_is_that_of_utc(shell: Shell, server: BillingServer) -> None:
    """A period that starts on April 30 at 17:00 in California is of May."""
    invoice = an_invoice(5, billing_start_date="2026-04-30T17:00:00-07:00")
    for _ in range(3):
        enqueue(server, [invoice])
    found = [
        len(shell("invoices", "--since", month, "--until", month, "--format", "jsonl").stdout)
        for month in ("2026-04", "2026-05")
    ]
    assert [True, False] == [length == 0 for length in found]
    assert 0 == shell("invoice", "2026-05", "--format", "json").status


@pytest.mark.parametrize("command", ["mtd", "forecast"])
def test_a_month_to_date_of_an_earlier_month(
    shell: Shell, server: BillingServer, command: str
) -> None:
    """The figures of an earlier month are named as such on stderr, beside those of a budget."""
    now, earlier = this_month(), month_before(this_month())
    line = {"amount": 7, "usage_type": "requests", "description": "Requests"}
    figures = {"monthly_transaction_amount": "7", "transaction_line_items": [line]}
    start, end = f"{earlier}-01T00:00:00Z", f"{earlier}-28T00:00:00Z"
    for _ in range(2):
        body = {"billing_start_date": start, "billing_end_date": end, **figures}
        server.enqueue(body=body, path="/billing/v3/invoices/month-to-date")
    stale = f"the month to date is still that of {earlier}, not of {now}"
    result = shell(command, "--format", "csv")
    assert (0, f"{stale}\n") == (result.status, result.stderr)
    result = shell(command, "--budget", "5")
    over = f"{stale}\nfastly-billing: over budget: "
    assert (3, over) == (result.status, result.stderr[: len(over)])


def test_a_month_to_date_of_another_time_zone(shell: Shell, server: BillingServer) -> None:
    """A month that starts some hours before it does in UTC is this month."""
    start = f"{day_before(this_month())}T10:00:00Z"
    server.enqueue(body={"billing_start_date": start, "monthly_transaction_amount": "7"})
    result = shell("mtd", "--budget", "5", "--format", "csv")
    assert (3, "fastly-billing: over budget: 7.00 of 5.00\n") == (result.status, result.stderr)
