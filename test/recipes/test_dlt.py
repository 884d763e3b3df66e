"""The pipeline into DuckDB, with dlt."""

from __future__ import annotations

import shutil
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

import duckdb
import pytest
from pages import LIST, MTD, TODAY, Recipe

from fastly.testing import BillingServer

LINES = "SELECT count(*), count(DISTINCT (invoice_id, line_number)) FROM fastly.invoice_lines"


def query(page: Recipe, text: str) -> list[tuple[Any, ...]]:
    """Return the result of a query on the database that the program wrote."""
    with duckdb.connect(str(page.folder / "billing.duckdb"), read_only=True) as database:
        return database.execute(text).fetchall()


def counted(page: Recipe) -> int:
    """Return the number of lines, after checking that there are no duplicates."""
    ((lines, different),) = query(page, LINES)
    assert different == lines
    return lines


def all_lines(server: BillingServer) -> int:
    """Return the number of lines that the account has."""
    invoices = [server.account.v3_invoice(*month) for month in server.account.v3_invoice_months()]
    return sum(len(invoice["transaction_line_items"]) for invoice in invoices)


class Loaded(NamedTuple):
    """The results of two consecutive runs."""

    page: Recipe
    printed: str
    errors: str
    connections_elsewhere: int


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loaded]:
    """Two runs, with a proxy that waits for requests to other hosts."""
    with (
        BillingServer(today=TODAY, estimate_pending=0) as server,
        socket.create_server(("127.0.0.1", 0)) as proxy,
    ):
        page = Recipe("dlt", tmp_path_factory.mktemp("dlt"), server)
        page.variables["HTTPS_PROXY"] = f"http://127.0.0.1:{proxy.getsockname()[1]}"
        runs = [page.run(), page.run()]
        printed, errors = ("".join(x.stdout for x in runs), "".join(x.stderr for x in runs))
        yield Loaded(page, printed, errors, accepted(proxy))


def accepted(proxy: socket.socket) -> int:
    """Return how many connections wait."""
    proxy.setblocking(False)
    count = 0
    with suppress(BlockingIOError):
        while True:
            proxy.accept()[0].close()
            count += 1
    return count


def test_page_shows_what_the_programs_print(loaded: Loaded) -> None:
    """The page shows what two runs print, and the result of the query."""
    shown = loaded.page.blocks("text")
    assert (shown[0], "") == (loaded.printed, loaded.errors)
    assert shown[1] == loaded.page.run(number=1).stdout


def test_two_runs_double_nothing(loaded: Loaded, server: BillingServer) -> None:
    """After two runs, each line of each invoice is there once."""
    assert all_lines(server) == counted(loaded.page)


def test_nothing_is_sent_elsewhere(loaded: Loaded) -> None:
    """The program sends no telemetry."""
    assert 0 == loaded.connections_elsewhere


def test_amounts_are_exact(loaded: Loaded, server: BillingServer) -> None:
    """The amounts of each invoice add up exactly to the total that the API sent."""
    totals = query(
        loaded.page,
        "SELECT invoice_id, sum(amount), any_value(monthly_transaction_amount)"
        " FROM fastly.invoice_lines GROUP BY ALL",
    )
    sent = {
        server.account.v3_invoice_id(*month): server.account.bill(*month).cost
        for month in server.account.v3_invoice_months()
    }
    assert sent == {name: amount for name, amount, _ in totals}
    assert sent == {name: total for name, _, total in totals}
    assert all(isinstance(amount, Decimal) for _, amount, _ in totals)


def test_page_that_fails_is_loaded_by_the_next_run(
    recipe: Callable[[str], Recipe], server: BillingServer
) -> None:
    """Pages before a failure are loaded, and the next run loads the rest."""
    july = server.account.v3_invoice(2026, 7)
    server.enqueue(body={"data": [july], "meta": {"next_cursor": "abc"}}, path=LIST)
    server.enqueue(400, path=LIST)
    page = recipe("dlt")
    run = page.run()
    assert run.returncode == 1
    assert run.stderr.startswith("400 Bad Request\n")
    assert len(july["transaction_line_items"]) == counted(page)
    assert page.run().returncode == 0
    assert all_lines(server) == counted(page)


def test_lost_state_doubles_nothing(recipe: Callable[[str], Recipe], server: BillingServer) -> None:
    """Without dlt's own files, the next run restores its state from the database."""
    page = recipe("dlt")
    page.run()
    shutil.rmtree(page.folder / "billing.dlt")
    assert 0 == page.run().returncode
    assert all_lines(server) == counted(page)


def test_outstanding_invoice_is_loaded_again(
    recipe: Callable[[str], Recipe], server: BillingServer
) -> None:
    """An invoice that has been paid since it was loaded is updated, not duplicated."""
    page = recipe("dlt")
    page.run()
    statuses = "SELECT DISTINCT payment_status FROM fastly.invoice_lines WHERE invoice_id = "
    july = f"'{server.account.v3_invoice_id(2026, 7)}'"
    assert [("outstanding",)] == query(page, statuses + july)
    with BillingServer(today=date(2026, 9, 2), estimate_pending=0) as later:
        page.variables["FASTLY_API_URL"] = later.url
        assert 0 == page.run().returncode
        assert all_lines(later) == counted(page)
    assert [("paid",)] == query(page, statuses + july)
    assert [(9,)] == query(
        page, "SELECT DISTINCT month(billing_start_date) FROM fastly.month_to_date"
    )


def bill(number: int, month: str, *amounts: int, status: str = "paid") -> dict[str, Any]:
    """Return an invoice with these lines."""
    return {
        "invoice_id": f"INV-{number}",
        "payment_status": status,
        "billing_start_date": f"2026-{month}",
        "monthly_transaction_amount": sum(amounts),
        "transaction_line_items": [{"amount": amount} for amount in amounts],
    }


def rows(page: Recipe) -> list[tuple[str, int, int]]:
    """Return the invoice, the number and the amount of each line in the table."""
    return query(
        page, "SELECT invoice_id, line_number, amount FROM fastly.invoice_lines ORDER BY ALL"
    )


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        # Fewer lines, of an invoice that was paid already.
        ([bill(1, "04-01", 60, 40, 500)], [bill(1, "04-01", 60, 40)], [(1, 1, 60), (1, 2, 40)]),
        # Lines that the API sent later.
        ([bill(1, "04-01")], [bill(1, "04-01", 5)], [(1, 1, 5)]),
        # Another invoice in place of one.
        ([bill(1, "04-01", 600)], [bill(2, "04-01", 100)], [(2, 1, 100)]),
        # A second invoice of the month, which starts on another day.
        (
            [bill(1, "04-01", 7)],
            [bill(2, "04-09T00:00:00+14:00", -1), bill(1, "04-01", 7)],
            [(1, 1, 7), (2, 1, -1)],
        ),
        # A month that starts in another time zone.
        ([bill(1, "04-30T17:00:00-07:00", 7)], [bill(2, "05-01", 8)], [(2, 1, 8)]),
        # A month between others that has no invoice any more.
        ([bill(2, "04-01", 7), bill(1, "03-01", 1)], [bill(1, "03-01", 1)], [(1, 1, 1)]),
        # Months that the API has stopped listing.
        (
            [bill(2, "04-01", 7), bill(1, "03-01", 1)],
            [bill(2, "04-01", 7)],
            [(1, 1, 1), (2, 1, 7)],
        ),
        # No invoice at all.
        ([bill(1, "04-01", 7)], [], [(1, 1, 7)]),
    ],
)
def test_corrections(
    recipe: Callable[[str], Recipe],
    server: BillingServer,
    before: list[dict[str, Any]],
    after: list[dict[str, Any]],
    expected: list[tuple[int, int, int]],
) -> None:
    """After each run, the lines of each month are those that the API lists then."""
    page = recipe("dlt")
    for invoices in (before, after):
        server.enqueue(body={"data": invoices, "meta": {}}, path=LIST)
        run = page.run()
        assert (0, "") == (run.returncode, run.stderr), run.stderr
    assert [(f"INV-{number}", *line) for number, *line in expected] == rows(page)


def test_month_that_is_incomplete_is_not_replaced(
    recipe: Callable[[str], Recipe], server: BillingServer
) -> None:
    """If a page fails, the month that it may belong to keeps its lines, and others are replaced."""
    page = recipe("dlt")
    old = [bill(3, "05-01", 3), bill(2, "04-01", 2), bill(1, "04-01", 1)]
    server.enqueue(body={"data": old, "meta": {}}, path=LIST)
    page.run()
    new = [bill(3, "05-01", 4), bill(2, "04-01", 5)]
    server.enqueue(body={"data": new, "meta": {"next_cursor": "abc"}}, path=LIST)
    server.enqueue(400, path=LIST)
    assert 1 == page.run().returncode
    assert [("INV-1", 1, 1), ("INV-2", 1, 2), ("INV-3", 1, 4)] == rows(page)
    server.enqueue(body={"data": [bill(3, "05-01", 9)], "meta": {"total": 2}}, path=LIST)
    assert 1 == page.run().returncode
    assert [("INV-1", 1, 1), ("INV-2", 1, 2), ("INV-3", 1, 4)] == rows(page)


def test_month_to_date_that_fails(recipe: Callable[[str], Recipe], server: BillingServer) -> None:
    """Without the month to date, invoices are loaded, and the old month to date stays."""
    page = recipe("dlt")
    page.run()
    server.enqueue(422, path=MTD)
    run = page.run()
    assert run.returncode == 1
    assert run.stderr.startswith("422 ")
    lines = len(server.account.v3_month_to_date()["transaction_line_items"])
    assert [(lines,)] == query(page, "SELECT count(*) FROM fastly.month_to_date")


def test_empty_account(recipe: Callable[[str], Recipe], server: BillingServer) -> None:
    """An account without invoices and month to date is loaded without a failure of dlt."""
    server.enqueue(404, path=MTD)
    server.enqueue(body={"data": None}, path=LIST)
    run = recipe("dlt").run()
    assert run.stdout == "loaded 0 lines of invoices and 0 of the month to date\n"
    assert run.stderr.startswith("404 Not Found\n")


def test_missing_fields_survive(recipe: Callable[[str], Recipe], server: BillingServer) -> None:
    """An invoice without lines is line 0, its total; fields that are missing are empty columns."""
    server.enqueue(body={"customer_id": None}, path=MTD)
    invoices = [
        {"invoice_id": "INV-1", "monthly_transaction_amount": 3},
        {"invoice_id": "INV-2", "transaction_line_items": [{"amount": "0.000000000001"}]},
    ]
    server.enqueue(body={"data": invoices}, path=LIST)
    page = recipe("dlt")
    assert 0 == page.run().returncode
    select = (
        "SELECT invoice_id, line_number, monthly_transaction_amount, amount, region"
        " FROM fastly.invoice_lines ORDER BY 1"
    )
    assert [
        ("INV-1", 0, 3, 3, None),
        ("INV-2", 1, None, Decimal("0.000000000001"), None),
    ] == query(page, select)


def test_killed_runs_double_nothing(recipe: Callable[[str], Recipe], server: BillingServer) -> None:
    """Runs that are killed at any point neither lose nor duplicate lines."""
    page = recipe("dlt")
    for seconds in (0.9, 1.2, 1.5, 1.8):
        with page.start() as process:
            time.sleep(seconds)
            process.kill()
    for _ in range(2):  # the first run loads what a killed one has left
        assert 0 == page.run().returncode
    assert all_lines(server) == counted(page)
