"""SQL over exported files, with DuckDB."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pages import LIST, MTD, Recipe

from fastly.testing import BillingServer


def test_page_shows_what_the_program_prints(recipe: Callable[[str], Recipe]) -> None:
    """The page shows what the program prints of the files that its commands write."""
    page = recipe("duckdb")
    assert page.run_shell().returncode == 0
    run = page.run()
    assert (0, "", page.blocks("text")[0]) == (run.returncode, run.stderr, run.stdout)


def test_exporting_twice_doubles_nothing(recipe: Callable[[str], Recipe]) -> None:
    """After a second export, the program prints the same."""
    page = recipe("duckdb")
    page.run_shell()
    page.run_shell()
    assert page.blocks("text")[0] == page.run().stdout


def test_month_to_date_that_fails(recipe: Callable[[str], Recipe], server: BillingServer) -> None:
    """If the month to date fails, that of an earlier run is removed, and invoices are printed."""
    page = recipe("duckdb")
    page.run_shell()
    server.enqueue(404, path=MTD)
    assert page.run_shell().returncode == 0
    run = page.run()
    assert (0, "month-to-date.jsonl is missing\n") == (run.returncode, run.stderr)
    assert [x for x in page.blocks("text")[0].splitlines() if "so far" not in x] == (
        run.stdout.splitlines()
    )


def test_empty_account(recipe: Callable[[str], Recipe], server: BillingServer) -> None:
    """Without invoices, the program prints the month to date."""
    page = recipe("duckdb")
    server.enqueue(body={"data": [], "meta": {}}, path=LIST)
    assert page.run_shell().returncode == 0
    run = page.run()
    assert run.returncode == 0
    assert [x for x in page.blocks("text")[0].splitlines() if "so far" in x] == (
        run.stdout.splitlines()
    )


def test_missing_fields_survive(recipe: Callable[[str], Recipe], server: BillingServer) -> None:
    """A line without names and an invoice without lines are counted."""
    start = {"billing_start_date": "2026-07-01T00:00:00Z"}
    lines = {"transaction_line_items": [{"amount": "1.25"}], "monthly_transaction_amount": 1.25}
    invoices = [
        {"invoice_id": "INV-1", **start, **lines},
        {"invoice_id": "INV-2", **start, "monthly_transaction_amount": 3},
    ]
    server.enqueue(body={"data": invoices}, path=LIST)
    page = recipe("duckdb")
    assert page.run_shell().returncode == 0
    run = page.run()
    assert run.returncode == 0, run.stderr
    first = run.stdout.splitlines()[0]
    assert ["2026-07", "-", "4.25", "of", "4.25"] == first.split()


def test_month_that_has_its_invoice_already(
    recipe: Callable[[str], Recipe], server: BillingServer
) -> None:
    """A month to date that is still that of an invoiced month is left out."""
    late = server.account.v3_month_to_date() | {"billing_start_date": "2026-07-01T00:00:00Z"}
    server.enqueue(body=late, path=MTD)
    page = recipe("duckdb")
    page.run_shell()
    run = page.run()
    assert (0, "") == (run.returncode, run.stderr)
    assert [x for x in page.blocks("text")[0].splitlines() if "so far" not in x] == (
        run.stdout.splitlines()
    )


@pytest.mark.parametrize(
    ("amounts", "total", "currency"),
    [
        ([33.3333333] * 3, 99.9999999, "USD"),
        ([123.4567, 0.0049, 20], 143.46, "USD"),
        ([0.005] * 100, 0.5, "USD"),
        ([1.4, 1.4], 3, "JPY"),
    ],
)
def test_fractions(
    recipe: Callable[[str], Recipe],
    server: BillingServer,
    amounts: list[float],
    total: float,
    currency: str,
) -> None:
    """Amounts are added without rounding, and may differ from the total by a cent a line."""
    invoice = {
        "invoice_id": "INV-1",
        "currency_code": currency,
        "monthly_transaction_amount": total,
        "transaction_line_items": [{"amount": amount} for amount in amounts],
    }
    server.enqueue(body={"data": [invoice]}, path=LIST)
    server.enqueue(404, path=MTD)
    page = recipe("duckdb")
    page.run_shell()
    run = page.run()
    assert (0, "month-to-date.jsonl is missing\n") == (run.returncode, run.stderr)
    printed = run.stdout.split()
    assert ["?", "-", f"{sum(amounts):.2f}"] == printed[:3]


@pytest.mark.parametrize(
    "changed",
    [{"monthly_transaction_amount": 1}, {"transaction_line_items": [{"amount": None}]}],
)
def test_invoice_that_does_not_add_up(
    recipe: Callable[[str], Recipe], server: BillingServer, changed: dict[str, Any]
) -> None:
    """The program names an invoice whose lines do not add up to its total, and returns 1."""
    invoice = server.account.v3_invoice(2026, 7) | changed
    server.enqueue(body={"data": [invoice]}, path=LIST)
    page = recipe("duckdb")
    page.run_shell()
    run = page.run()
    expected = f"the lines of {invoice['invoice_id']} do not add up to its total\n"
    assert (1, expected) == (run.returncode, run.stderr)
