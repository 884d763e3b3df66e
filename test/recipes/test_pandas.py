"""Costs by product group and region, with pandas."""

from __future__ import annotations

from collections.abc import Callable

from pages import LIST, MTD, Recipe

from fastly.testing import BillingServer

MONTHS = ("2026-05", "2026-07")


def test_page_shows_what_the_program_prints(recipe: Callable[[str], Recipe]) -> None:
    """The page shows the table that the program prints."""
    page = recipe("pandas")
    run = page.run(*MONTHS)
    assert (0, "") == (run.returncode, run.stderr)
    printed = [line.rstrip() for line in run.stdout.splitlines()]
    assert page.blocks("text")[0].splitlines() == printed


def test_month_that_fails_is_reported(
    recipe: Callable[[str], Recipe], server: BillingServer
) -> None:
    """If a month fails, the program reports it, keeps the others and returns 1."""
    server.enqueue(body={"data": [server.account.v3_invoice(2026, 5)], "meta": {}}, path=LIST)
    server.enqueue(403, path=LIST)
    run = recipe("pandas").run(*MONTHS)
    assert run.returncode == 1
    assert run.stderr.startswith("2026-06 failed: 403 Forbidden\n")
    header, total = run.stdout.splitlines()[0].split(), run.stdout.splitlines()[-1].split()
    assert ["month", "2026-05", "2026-07", "2026-08", "so", "far"] == header
    assert ["Total", "12903.07", "13654.89", "9503.96"] == total


def test_no_month_twice(recipe: Callable[[str], Recipe], server: BillingServer) -> None:
    """A month to date that is still that of a month in the table has no column."""
    late = server.account.v3_month_to_date() | {"billing_start_date": "2026-07-01"}
    server.enqueue(body=late, path=MTD)
    run = recipe("pandas").run("2026-07", "2026-07")
    assert (0, "") == (run.returncode, run.stderr)
    assert ["month", "2026-07"] == run.stdout.splitlines()[0].split()


def test_month_to_date_that_fails_is_reported(
    recipe: Callable[[str], Recipe], server: BillingServer
) -> None:
    """If the month to date fails, the months with invoices are printed."""
    server.enqueue(422, path=MTD)
    run = recipe("pandas").run(*MONTHS)
    assert run.stderr.startswith("month to date failed: 422")
    assert (1, "12577.38") == (run.returncode, run.stdout.splitlines()[-1].split()[-2])


def test_empty_account(recipe: Callable[[str], Recipe], server: BillingServer) -> None:
    """Empty responses are not failures, and give no table if there is nothing else."""
    for data in ([], None):
        server.enqueue(body={"data": data, "meta": None}, path=LIST)
    server.enqueue(404, path=MTD)
    run = recipe("pandas").run("2026-06", "2026-07")
    assert (1, "no invoices\n") == (run.returncode, run.stdout)
    assert run.stderr.startswith("2026-06: no invoice\n2026-07: no invoice\nmonth to date failed")


def test_invoice_without_a_date(recipe: Callable[[str], Recipe], server: BillingServer) -> None:
    """An invoice without a date, which the API may list for each month, is in none of them."""
    for month in (5, 6):
        data = [{"invoice_id": "I", "monthly_transaction_amount": 1000}]
        server.enqueue(body={"data": [*data, server.account.v3_invoice(2026, month)]}, path=LIST)
    run = recipe("pandas").run("2026-05", "2026-06")
    warning = "invoice 'I' has no start, so it is not one of 2026-{}\n"
    assert (0, warning.format("05") + warning.format("06")) == (run.returncode, run.stderr)
    assert ["Total", "12903.07", "12577.38"] == run.stdout.splitlines()[-1].split()[:3]


def test_missing_fields_survive(recipe: Callable[[str], Recipe], server: BillingServer) -> None:
    """Lines without names or amounts, and a month to date without lines or dates, are shown."""
    lines = [{"amount": "1.25", "product_group": None}, {"amount": None, "region": "Asia"}, None]
    invoice = {"billing_start_date": "2026-07-01", "transaction_line_items": lines}
    server.enqueue(body={"data": [invoice]}, path=LIST)
    server.enqueue(body={"monthly_transaction_amount": "3.5"}, path=MTD)
    run = recipe("pandas").run("2026-07", "2026-07")
    assert (0, "") == (run.returncode, run.stderr)
    assert ["month", "2026-07", "?", "so", "far"] == run.stdout.splitlines()[0].split()
    assert ["Total", "1.25", "3.5"] == run.stdout.splitlines()[-1].replace("3.50", "3.5").split()
