"""The picture of a year of costs, with matplotlib."""

from __future__ import annotations

import re
from collections.abc import Callable

from pages import LIST, MTD, RECIPES, Recipe

from fastly.testing import BillingServer


def texts(recipe: Recipe) -> list[str]:
    """Return the texts of the picture."""
    picture = (recipe.folder / "costs.svg").read_text(encoding="utf-8")
    return re.findall(r"<(?:text|tspan)[^>]*>([^<]+)</", picture)


def test_picture_of_the_page_is_what_the_program_draws(recipe: Callable[[str], Recipe]) -> None:
    """The picture in the documentation is, byte for byte, what the program draws."""
    page = recipe("plot")
    run = page.run("costs.svg")
    assert (0, "", "") == (run.returncode, run.stderr, run.stdout)
    picture = RECIPES.parent / "images" / "costs.svg"
    assert picture.read_bytes() == (page.folder / "costs.svg").read_bytes()
    assert "](../images/costs.svg)" in page.page


def test_other_formats(recipe: Callable[[str], Recipe]) -> None:
    """The extension of the file chooses the format."""
    page = recipe("plot")
    assert page.run("costs.png").returncode == 0
    assert (page.folder / "costs.png").read_bytes().startswith(b"\x89PNG")


def test_month_without_an_invoice_keeps_its_place(
    recipe: Callable[[str], Recipe], server: BillingServer
) -> None:
    """A month between two others that has no invoice is labelled."""
    data = [server.account.v3_invoice(2026, month) for month in (5, 4)]
    server.enqueue(body={"data": data}, path=LIST)
    page = recipe("plot")
    assert page.run("costs.svg").returncode == 0
    shown = texts(page)
    assert 2 == shown.count("no invoice")
    assert 1 == shown.count("so far")
    assert {f"2026-0{month}" for month in range(4, 9)} <= set(shown)


def test_no_month_twice(recipe: Callable[[str], Recipe], server: BillingServer) -> None:
    """A month to date that is still that of an invoiced month adds nothing to its bar."""
    page = recipe("plot")
    july = {"data": [server.account.v3_invoice(2026, 7)], "meta": {}}
    late = server.account.v3_month_to_date() | {"billing_start_date": "2026-06-30T17:00:00-07:00"}
    pictures = []
    for body in (late, {"monthly_transaction_amount": 0}):
        server.enqueue(body=july, path=LIST)
        server.enqueue(body=body, path=MTD)
        assert page.run("costs.svg").returncode == 0
        pictures.append((page.folder / "costs.svg").read_bytes())
    assert pictures[0] == pictures[1]
    assert "so far" not in texts(page)


def test_months_with_several_invoices(
    recipe: Callable[[str], Recipe], server: BillingServer
) -> None:
    """Twelve months are drawn in full, also if each of them has a correction."""
    months = [(2026, month) for month in range(7, 0, -1)] + [(2025, m) for m in range(12, 6, -1)]
    bills = [server.account.v3_invoice(*month) for month in months]
    again = [{**bill, "invoice_id": f"{bill['invoice_id']}-2"} for bill in bills]
    data = [bill for pair in zip(bills, again, strict=True) for bill in pair]
    server.enqueue(body={"data": data[:24], "meta": {}}, path=LIST)
    page = recipe("plot")
    assert page.run("costs.svg").returncode == 0
    shown = texts(page)
    assert "2025-08" in shown
    assert "2025-07" not in shown


def test_month_to_date_that_fails(recipe: Callable[[str], Recipe], server: BillingServer) -> None:
    """Without the month to date, the invoices are drawn, and the status is 1."""
    server.enqueue(422, path=MTD)
    page = recipe("plot")
    run = page.run("costs.svg")
    assert run.returncode == 1
    assert run.stderr.startswith("month to date failed: 422")
    assert "so far" not in texts(page)


def test_invoices_that_fail(recipe: Callable[[str], Recipe], server: BillingServer) -> None:
    """Without the invoices, the month to date is drawn, and the status is 1."""
    server.enqueue(403, path=LIST)
    page = recipe("plot")
    run = page.run("costs.svg")
    assert run.returncode == 1
    assert run.stderr.startswith("invoices failed: 403")
    assert "so far" in texts(page)


def test_missing_fields_survive(recipe: Callable[[str], Recipe], server: BillingServer) -> None:
    """An invoice without lines, a line without a group and an invoice without a date are drawn."""
    start = {"billing_start_date": "2026-07-01T00:00:00Z"}
    lines = [{"amount": "1.25"}, {"product_group": "TLS"}, None]
    data = [{**start, "transaction_line_items": lines}, {**start, "monthly_transaction_amount": 2}]
    server.enqueue(body={"data": [*data, {"monthly_transaction_amount": 3}, None]}, path=LIST)
    page = recipe("plot")
    run = page.run("costs.svg")
    assert (0, "") == (run.returncode, run.stderr)
    assert {"Other", "2026-07"} <= set(texts(page))
    assert "TLS" not in texts(page)


def test_empty_account(recipe: Callable[[str], Recipe], server: BillingServer) -> None:
    """If there is nothing to draw, the program says so and writes no file."""
    server.enqueue(body={"data": [], "meta": {}}, path=LIST)
    server.enqueue(404)
    page = recipe("plot")
    run = page.run("costs.svg")
    assert 1 == run.returncode
    assert run.stderr.endswith("nothing to plot\n")
    assert not (page.folder / "costs.svg").exists()
