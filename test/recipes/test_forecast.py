"""The forecast of the month in progress, and its refusals."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pages import LIST, MTD, Recipe
from shell import amount_of

from fastly.testing import BillingServer


@pytest.mark.parametrize(("day", "block"), [(20, 0), (4, 1)])
def test_page_shows_what_the_program_prints(tmp_path: Path, day: int, block: int) -> None:
    """The page shows the forecast of a day, and that of an early one."""
    with BillingServer(today=date(2026, 8, day), estimate_pending=0) as server:
        page = Recipe("forecast", tmp_path, server)
        run = page.run()
    assert (0, "", page.blocks("text")[block]) == (run.returncode, run.stderr, run.stdout)


def test_page_shows_the_refusal(tmp_path: Path) -> None:
    """The page shows what the program prints if it is too early and there is no history."""
    with BillingServer(today=date(2026, 8, 4), estimate_pending=0) as server:
        server.enqueue(body={"data": []}, path=LIST)
        page = Recipe("forecast", tmp_path, server)
        run = page.run()
    assert (2, "", page.blocks("text")[2]) == (run.returncode, run.stderr, run.stdout)


@pytest.mark.parametrize("day", [1, 8, 14, 21, 31])
def test_invoice_is_in_the_range(tmp_path: Path, day: int) -> None:
    """The invoice of August is in the range on every day, as the page says."""
    low, high = forecast(tmp_path, date(2026, 8, day))
    with BillingServer(today=date(2026, 9, 2)) as server:
        total = server.account.v3_invoice(2026, 8)["monthly_transaction_amount"]
        page = Recipe("forecast", tmp_path, server).page
    assert f"The stand-in's August closes at {total:,.2f}, which is in the range" in page
    assert low <= total <= high


def test_plan_minimum_is_respected(tmp_path: Path) -> None:
    """The invoice of February, at the plan's minimum, is in the range."""
    low, high = forecast(tmp_path, date(2026, 2, 20))
    with BillingServer(today=date(2026, 3, 2)) as server:
        total = server.account.v3_invoice(2026, 2)["monthly_transaction_amount"]
    assert low <= total <= high


def forecast(folder: Path, today: date) -> tuple[float, float]:
    """Return the range that the program prints."""
    with BillingServer(today=today, estimate_pending=0) as server:
        run = Recipe("forecast", folder, server).run()
    assert (0, "") == (run.returncode, run.stderr)
    low, high = re.search(r"^forecast: (\S+) to (\S+)$", run.stdout, re.MULTILINE).groups()
    return float(low.replace(",", "")), float(high.replace(",", ""))


def broken(server: BillingServer, **fields: Any) -> dict[str, Any]:
    """Return the month to date with other fields."""
    return server.account.v3_month_to_date() | fields


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"transaction_line_items": None}, "The month to date has no lines."),
        ({"transaction_line_items": [{}]}, "The month to date has lines without an amount."),
        ({"monthly_transaction_amount": "1"}, "The lines of the month to date do not add up"),
        ({"monthly_transaction_amount": None}, "The lines of the month to date do not add up"),
        ({"billing_end_date": None}, "The month to date does not say which days it covers."),
        ({"billing_end_date": "2026-09-09T00:00:00Z"}, "It covers 2026-08-01 to 2026-09-09, not"),
    ],
)
def test_refusal(
    recipe: Callable[[str], Recipe], server: BillingServer, fields: dict[str, Any], reason: str
) -> None:
    """The program says why it cannot forecast, and returns 2."""
    server.enqueue(body=broken(server, **fields), path=MTD)
    run = recipe("forecast").run()
    assert (2, "") == (run.returncode, run.stderr)
    assert run.stdout.splitlines()[-1].startswith(f"No forecast. {reason}")


def test_fractions_of_a_cent(recipe: Callable[[str], Recipe], server: BillingServer) -> None:
    """Lines that differ from the total by at most a cent each are complete."""
    lines = [{"amount": x, "usage_type": "Bandwidth"} for x in (123.4567, 0.0049, 20)]
    body = broken(server, transaction_line_items=lines, monthly_transaction_amount="143.46")
    server.enqueue(body=body, path=MTD)
    run = recipe("forecast").run()
    assert (0, "") == (run.returncode, run.stderr)
    assert "143.46" == amount_of("usage so far", run.stdout)


def test_certificates_of_a_corrected_month(
    recipe: Callable[[str], Recipe], server: BillingServer
) -> None:
    """A correction that is an invoice of its own does not hide the cost of the certificates."""
    july = server.account.v3_invoice(2026, 7)
    lines = [{"amount": -1, "description": "Correction"}]
    correction = {**july, "invoice_id": "INV-0", "transaction_line_items": lines}
    page = recipe("forecast")
    expected = page.run().stdout
    server.enqueue(body={"data": [correction, july], "meta": {}}, path=LIST)
    certificates = "TLS certificates, as in the last invoice"
    assert amount_of(certificates, expected) == amount_of(certificates, page.run().stdout)


def test_failure_of_the_api(recipe: Callable[[str], Recipe], server: BillingServer) -> None:
    """If there is no month to date, the program says why and returns 1."""
    server.enqueue(404, path=MTD)
    run = recipe("forecast").run()
    assert (1, "") == (run.returncode, run.stdout)
    assert run.stderr.startswith("404 Not Found\n")


def test_last_invoices_that_fail(recipe: Callable[[str], Recipe], server: BillingServer) -> None:
    """Without the last invoices, the forecast names the certificates that it lacks."""
    server.enqueue(body=broken(server), path=MTD)
    server.enqueue(403)
    run = recipe("forecast").run()
    assert run.returncode == 0
    assert "- TLS certificates of unknown cost are not included: 2;\n" in run.stdout
    assert run.stderr.startswith("the last invoices failed: 403 Forbidden\n")
