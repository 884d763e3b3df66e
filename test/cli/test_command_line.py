"""The commands on v3: what they print to a pipe and to a terminal, and their help."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import pty
import re
import subprocess
import sys
from datetime import date, datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from shell import (
    CONTROL,
    HOSTILE,
    MAY,
    Shell,
    Terminal,
    amount_of,
    chunks,
    environment,
    run,
    widest,
    words,
)

import fastly
from fastly.cli.layout import WIDEST
from fastly.cli.main import main
from fastly.cli.values import current_month
from fastly.configuration.checks import DEFAULT_HOST, TOKEN_VARIABLE, URL_VARIABLE
from fastly.testing import BillingServer

TODAY = date(2026, 11, 24)


def an_invoice(start: str, **fields: Any) -> dict[str, Any]:
    """Return an invoice that starts on a day."""
    return {"invoice_id": f"I-{start}", "billing_start_date": f"{start}T00:00:00Z", **fields}


def a_page(*invoices: dict[str, Any], cursor: str = "", total: int | None = None) -> dict[str, Any]:
    """Return a page of invoices."""
    return {"data": list(invoices), "meta": {"next_cursor": cursor, "total": total}}


def read_csv(data: bytes) -> list[dict[str, str]]:
    """Return the rows of a CSV."""
    return list(csv.DictReader(io.StringIO(data.decode())))


def months_of(rows: list[dict[str, Any]]) -> list[str]:
    """Return the months in which the invoices of rows start, without repetition."""
    return list(dict.fromkeys(row["billing_start_date"][:7] for row in rows))


class TestInvoices:
    """All invoices."""

    def test_json_is_what_the_api_sent(self, shell: Shell, server: BillingServer) -> None:
        """As json, the invoices are a list of what the API sent, newest first."""
        result = shell("invoices", "--format", "json")
        assert (0, "") == (result.status, result.stderr)
        found = json.loads(result.stdout)
        account = server.account
        assert list(account.v3_invoice_months()) == [
            (int(i["billing_start_date"][:4]), int(i["billing_start_date"][5:7])) for i in found
        ]
        assert account.v3_invoice(2026, 5)["transaction_line_items"][0]["description"] in str(found)

    def test_csv_has_every_line(self, shell: Shell, server: BillingServer) -> None:
        """As csv, each line item is a row, and the rows of an invoice add up to its total."""
        rows = read_csv(shell("invoices", "--format", "csv").stdout)
        account = server.account
        for year, month in account.v3_invoice_months():
            same = [row for row in rows if row["billing_start_date"][:7] == f"{year}-{month:02}"]
            expected = account.v3_invoice(year, month)
            assert len(expected["transaction_line_items"]) == len(same)
            total = Decimal(str(expected["monthly_transaction_amount"]))
            assert total == sum(Decimal(row["amount"]) for row in same)

    def test_csv_and_jsonl_agree(self, shell: Shell) -> None:
        """Both formats of rows hold the same."""
        rows = read_csv(shell("invoices", "--since", "2026-01", "--format", "csv").stdout)
        lines = shell("invoices", "--since", "2026-01", "--format", "jsonl").stdout.splitlines()
        assert rows
        for row, line in zip(rows, lines, strict=True):
            made = json.loads(line)
            assert list(row) == list(made)
            numbers = ("amount", "rate", "units", "monthly_transaction_amount")
            assert all(made[n] is None or Decimal(row[n]) == Decimal(str(made[n])) for n in numbers)

    def test_months_are_selected(self, shell: Shell) -> None:
        """--since and --until are months, both inclusive."""
        span = ("--since", "2025-11", "--until", "2026-02")
        rows = read_csv(shell("invoices", *span, "--format", "csv").stdout)
        assert ["2026-02", "2026-01", "2025-12", "2025-11"] == months_of(rows)

    @pytest.mark.parametrize("is_inclusive", [True, False])
    def test_months_are_selected_whatever_the_api_includes(
        self, shell: Shell, server: BillingServer, is_inclusive: bool
    ) -> None:
        """Invoices that the API lists beyond the months are left out, and none is missed."""
        beyond = [an_invoice("2026-06-01"), an_invoice("2026-03-01")] if is_inclusive else []
        inside = [an_invoice("2026-05-01"), an_invoice("2026-04-01"), {"invoice_id": "undated"}]
        server.enqueue(200, body=a_page(*beyond, *inside))
        span = ("--since", "2026-04", "--until", "2026-05")
        found = json.loads(shell("invoices", *span, "--format", "json").stdout)
        assert inside == found
        expected = {"billing_start_date": "2026-03-31", "billing_end_date": "2026-06-01"}
        assert expected == server.requests[0].query

    @pytest.mark.parametrize(("option", "month"), [("--since", "0001-01"), ("--until", "9999-12")])
    def test_ends_of_the_calendar(
        self, shell: Shell, server: BillingServer, option: str, month: str
    ) -> None:
        """--since and --until accept the first and the last possible month."""
        server.enqueue(200, body=a_page())
        result = shell("invoices", option, month, "--format", "table")
        assert (0, b"No invoices.\n", "") == result

    @pytest.mark.parametrize(("option", "count"), [("--since", 1), ("--until", 0)])
    def test_months_are_those_of_utc(
        self, shell: Shell, server: BillingServer, option: str, count: int
    ) -> None:
        """A period that starts on 30 April in another time zone can be one of May."""
        server.enqueue(body=a_page({"billing_start_date": "2026-04-30T17:00:00-07:00"}))
        month = "2026-05" if option == "--since" else "2026-04"
        found = json.loads(shell("invoices", option, month, "--format", "json").stdout)
        assert count == len(found)

    def test_no_invoices(self, shell: Shell, server: BillingServer) -> None:
        """Without any invoice, each format is still complete."""
        expected = {"csv": b"customer_id,", "json": b"[]\n", "jsonl": b"", "focus": b"BilledCost,"}
        for form, start in expected.items():
            server.enqueue(200, body={"data": None})
            result = shell("invoices", "--format", form)
            assert (0, start) == (result.status, result.stdout[: len(start)])

    def test_pages_are_followed(self, shell: Shell, server: BillingServer) -> None:
        """All pages are read, and the cursor is percent-encoded in the URL."""
        server.enqueue(200, body=a_page(an_invoice("2026-05-01"), cursor="a+/b=="))
        server.enqueue(200, body=a_page(an_invoice("2026-04-01")))
        found = json.loads(shell("invoices", "--format", "json").stdout)
        assert ["I-2026-05-01", "I-2026-04-01"] == [invoice["invoice_id"] for invoice in found]
        assert ["a+/b=="] == [r.query["cursor"] for r in server.requests[1:]]

    def test_table(self, shell: Shell, server: BillingServer) -> None:
        """As a table, each invoice is a line with its total, and the sum is below."""
        text = shell("invoices", "--since", "2026-05", "--format", "table").stdout.decode()
        line = next(line for line in text.splitlines() if line.startswith("2026-05"))
        invoice = server.account.v3_invoice(2026, 5)
        assert invoice["invoice_id"] in line
        assert f"{invoice['monthly_transaction_amount']:,.2f} USD" in line
        assert "█" in line
        assert "Total of " in text

    def test_very_long_ids(self, server: BillingServer, piped: Shell) -> None:
        """Shortening thousands of long IDs takes seconds, not minutes."""
        server.enqueue(body=a_page(*({"invoice_id": f"{n:x<1000}"} for n in range(2000))))
        result = piped("invoices", "--format", "table")
        assert (0, 2000) == (result.status, result.stdout.count(b"xx..."))

    def test_very_many_currencies(self, server: BillingServer, piped: Shell) -> None:
        """A total for each of 20,000 currencies takes seconds, not minutes."""
        invoices = [
            {"currency_code": f"C{n}", "monthly_transaction_amount": n} for n in range(20_000)
        ]
        server.enqueue(body=a_page(*invoices))
        result = piped("invoices", "--format", "table")
        assert (0, 20_000) == (result.status, result.stdout.count(b"Total of 1 invoice"))


class TestInvoice:
    """One invoice."""

    def test_month_is_json_in_a_pipe(self, server: BillingServer) -> None:
        """Without a terminal, the invoice of a month is the JSON that the API sent."""
        result = run(*MAY, server=server)
        assert (0, "") == (result.status, result.stderr)
        assert server.account.v3_invoice_id(2026, 5) == json.loads(result.stdout)["invoice_id"]

    def test_month_in_another_time_zone(self, shell: Shell, server: BillingServer) -> None:
        """The month of an invoice, and the dates of its page, are those of UTC."""
        server.enqueue(body=a_page({"billing_start_date": "2026-04-30T17:00:00-07:00"}))
        text = shell(*MAY, "--format", "table").stdout.decode()
        assert ["Invoice 2026-05", "Period    2026-05-01 to -"] == text.splitlines()[:3:2]

    @pytest.mark.parametrize("month", [(2026, 5), (2020, 5)])
    def test_id(self, shell: Shell, server: BillingServer, month: tuple[int, int]) -> None:
        """An ID leads to the same invoice as its month, whether text or a number."""
        by_id = shell("invoice", server.account.v3_invoice_id(*month), "--format", "json")
        by_month = shell("invoice", f"{month[0]}-{month[1]:02}", "--format", "json")
        assert (0, "") == (by_id.status, by_id.stderr)
        assert by_id.stdout == by_month.stdout

    def test_table(self, shell: Shell, server: BillingServer) -> None:
        """As a table, groups and regions stand with their cost, and the total below."""
        text = shell(*MAY, "--format", "table").stdout.decode()
        invoice = server.account.v3_invoice(2026, 5)
        asia = [
            Decimal(str(line["amount"]))
            for line in invoice["transaction_line_items"]
            if (line["region"], line["product_group"]) == ("Asia", "Full Site Delivery")
        ]
        assert f"{sum(asia):,.2f}" == amount_of("Asia", text)
        assert f"{invoice['monthly_transaction_amount']:,.2f}" == amount_of("Total, USD", text)
        assert "Not in any line" not in text

    @pytest.mark.parametrize("form", ["csv", "jsonl", "focus"])
    def test_rows(self, shell: Shell, server: BillingServer, form: str) -> None:
        """As rows, the invoice has one for each line item."""
        result = shell(*MAY, "--format", form)
        items = server.account.v3_invoice(2026, 5)["transaction_line_items"]
        assert len(items) + (form != "jsonl") == len(result.stdout.splitlines())

    def test_month_in_progress(self, shell: Shell, server: BillingServer) -> None:
        """The current month has no invoice yet, and the message suggests `mtd`."""
        result = shell("invoice", f"{server.account.today:%Y-%m}")
        assert (1, b"") == result[:2]
        assert 'the month is in progress; see "fastly-billing mtd"' in result.stderr

    def test_month_that_has_just_ended(self, shell: Shell, server: BillingServer) -> None:
        """The invoice of the last month may not be posted yet, and the message says so."""
        server.enqueue(200, body=a_page())
        result = shell("invoice", "{}-{:02}".format(*server.account.months()[-1]))
        assert (1, b"") == result[:2]
        assert "may not be posted yet" in result.stderr

    def test_month_without_an_invoice(self, shell: Shell) -> None:
        """A month before the account existed is an error, and the message says how to list all."""
        result = shell("invoice", "1999-05")
        assert (1, b"") == result[:2]
        assert (
            'fastly-billing: no invoice for 1999-05: "fastly-billing invoices" lists all invoices\n'
            == result.stderr
        )

    def test_month_with_two_invoices(self, shell: Shell, server: BillingServer) -> None:
        """If two invoices start in a month, neither is chosen silently."""
        twice = [an_invoice("2026-05-01"), an_invoice("2026-05-15"), an_invoice("2026-04-30")]
        server.enqueue(200, body=a_page(*twice))
        result = shell(*MAY)
        assert (1, b"") == result[:2]
        assert "2026-05 has 2 invoices: get one of I-2026-05-01, I-2026-05-15" in result.stderr

    def test_unknown_id(self, shell: Shell) -> None:
        """An ID that the API does not know is an error with the API's message."""
        result = shell("invoice", "Nobody")
        assert (1, b"") == result[:2]
        assert "requested id:Nobody doesn't exist" in result.stderr
        assert (
            "Check --host, and the ID if there is one; a month is written as in 2026-05."
            in result.stderr
        )


class TestMonthToDate:
    """The month to date."""

    def test_waits_until_it_is_made(self, shell: Shell, server: BillingServer) -> None:
        """A month to date that is still being made is requested again until it is there."""
        result = shell("mtd", "--format", "json")
        assert 0 == result.status
        expected = server.account.v3_month_to_date()
        assert expected["invoice_id"] == json.loads(result.stdout)["invoice_id"]
        assert 2 == len(server.requests)

    def test_rows(self, shell: Shell, server: BillingServer) -> None:
        """As rows, the month to date has the columns of an invoice, and its exact amounts."""
        server.estimate_pending = 0
        rows = read_csv(shell("mtd", "--format", "csv").stdout)
        total = Decimal(server.account.v3_month_to_date()["monthly_transaction_amount"])
        assert total == sum(Decimal(row["amount"]) for row in rows)
        assert {""} == {row["currency_code"] for row in rows}

    @pytest.mark.parametrize(("budget", "status"), [("352.22", 3), ("352.23", 0), ("0", 3)])
    def test_budget(self, shell: Shell, server: BillingServer, budget: str, status: int) -> None:
        """Only a total above the budget is status 3, after the data was written."""
        server.enqueue(200, body={"monthly_transaction_amount": "352.23"})
        result = shell("mtd", "--budget", budget, "--format", "json")
        assert (status, True) == (result.status, b"352.23" in result.stdout)
        assert ("over budget: 352.23 of" in result.stderr) == (status == 3)

    def test_budget_that_is_just_exceeded(self, shell: Shell, server: BillingServer) -> None:
        """The message has as many digits as it takes to see which amount is larger."""
        server.enqueue(body={"monthly_transaction_amount": "5000.001"})
        result = shell("mtd", "--budget", "5000", "--format", "table")
        expected = "fastly-billing: over budget: 5,000.001 of 5,000.000\n"
        assert (3, expected) == (result.status, result.stderr)
        assert "0.001" == amount_of("Over budget by", result.stdout.decode())

    def test_budget_without_a_total(self, shell: Shell, server: BillingServer) -> None:
        """A month to date without a total cannot be within a budget."""
        server.enqueue(200, body={"monthly_transaction_amount": None})
        result = shell("mtd", "--budget", "5")
        expected = "fastly-billing: the month to date has no total to compare with --budget\n"
        assert (1, b"", expected) == result

    def test_still_pending(self, shell: Shell, server: BillingServer) -> None:
        """--wait 0 does not poll; status 75 and the message say what to try."""
        result = shell("mtd", "--wait", 0)
        assert (75, b"") == result[:2]
        assert "use a longer --wait" in result.stderr
        assert 1 == len(server.requests)

    def test_still_pending_in_a_quiet_job(self, shell: Shell) -> None:
        """With --quiet a cron job prints nothing while the month to date is being made."""
        assert (75, b"", "") == shell("mtd", "--wait", 0, "--quiet")

    def test_budget_that_was_not_checked(self, shell: Shell) -> None:
        """A budget that could not be checked is reported, even with --quiet."""
        result = shell("mtd", "--wait", 0, "--quiet", "--budget", 5)
        assert (75, b"") == result[:2]
        assert "still pending after" in result.stderr

    @pytest.mark.parametrize("retry_after", [{}, {"Retry-After": "1"}])
    def test_the_timeout_does_not_end_the_wait(
        self, shell: Shell, server: BillingServer, retry_after: dict[str, str]
    ) -> None:
        """--timeout limits each request, and --wait all of them."""
        server.estimate_pending = 0
        for _ in range(2):
            server.enqueue(202, headers=retry_after, body={"status": "pending"})
        result = shell("mtd", "--timeout", 1, "--wait", 30)
        assert (0, 3) == (result.status, len(server.requests))

    def test_a_wait_that_the_api_would_exceed(self, shell: Shell, server: BillingServer) -> None:
        """If the API requests more time than is left, the command stops waiting."""
        server.enqueue(202, headers={"Retry-After": "40"}, body={"status": "pending"})
        result = shell("mtd", "--wait", 30)
        assert (75, 1) == (result.status, len(server.requests))

    def test_a_clock_that_stands_still(self, server: BillingServer) -> None:
        """The wait ends by what was slept, in programs that freeze the clock and call main()."""
        server.estimate_pending = 100
        program = f"""
import sys, time
time.monotonic = lambda moment=time.monotonic(): moment
from fastly.cli.main import main
sys.exit(main({words(("mtd", "--wait", "0.6"), server)}))
"""
        run = [sys.executable, "-c", program]
        done = subprocess.run(
            run, env=environment(server), stderr=subprocess.PIPE, timeout=60, check=False
        )
        assert (75, True) == (done.returncode, b"still pending after 0.6 s" in done.stderr)


class TestUsage:
    """Usage by month and by service."""

    def test_months(self, shell: Shell, server: BillingServer) -> None:
        """Usage of more than three months takes several requests, and has every month."""
        span = ("--since", "2026-01", "--until", "2026-05")
        rows = read_csv(shell("usage", *span, "--format", "csv").stdout)
        assert [f"2026-{n:02}" for n in range(1, 6)] == list(
            dict.fromkeys(r["month"] for r in rows)
        )
        assert len(server.requests) > 1
        found = json.loads(shell("usage", *span, "--format", "json").stdout)
        assert len(rows) == len(found)

    def test_current_month_is_the_default(self, shell: Shell, server: BillingServer) -> None:
        """Without months, usage is that of the current month; --since goes up to it."""
        month = f"{server.account.today:%Y-%m}"
        shell("usage")
        shell("usage", "--since", month)
        shell("usage", "--until", "2026-05")
        spans = [(r.query["start_month"], r.query["end_month"]) for r in server.requests]
        assert [(month, month), (month, month), ("2026-05", "2026-05")] == spans

    @pytest.mark.parametrize(
        ("command", "option"),
        [
            *(("invoices", "--since"), ("usage", "--since")),
            *(("usage", "--until"), ("ai-usage", "--until")),
        ],
    )
    def test_future(self, shell: Shell, server: BillingServer, command: str, option: str) -> None:
        """Months that have not begun are wrong usage."""
        result = shell(command, option, "9999-01")
        assert (2, b"") == result[:2]
        assert f"{option} 9999-01 is after the current month" in result.stderr
        assert [] == server.requests

    @pytest.mark.parametrize("command", ["invoices", "usage"])
    def test_month_of_any_clock(self, shell: Shell, command: str) -> None:
        """A job can request the month of its own clock at any hour."""
        month = current_month(datetime.now(timezone.utc))
        assert 0 == shell(command, "--since", month).status

    @pytest.mark.parametrize(("time", "month"), [("09:59", "2026-05"), ("10:00", "2026-06")])
    def test_months_begin_in_the_east(self, time: str, month: str) -> None:
        """A month is current as soon as it has begun anywhere: 14 hours before it does in UTC."""
        assert month == current_month(datetime.fromisoformat(f"2026-05-31 {time}+00:00"))

    @pytest.mark.parametrize("option", [(), ("--by-service",)])
    def test_undocumented_meta(
        self, shell: Shell, server: BillingServer, option: tuple[str, ...]
    ) -> None:
        """A `meta` that is not documented for usage, although it is for invoices, does no harm."""
        server.enqueue(body={"data": [], "meta": {"next_cursor": "", "total": "many"}})
        result = shell("usage", *option, "--format", "csv")
        assert (0, "") == (result.status, result.stderr)

    @pytest.mark.parametrize("form", ["csv", "jsonl", "json", "table"])
    def test_services(self, shell: Shell, form: str) -> None:
        """--by-service has the usage of each service."""
        result = shell("usage", "--by-service", "--until", "2026-05", "--format", form)
        assert (0, "") == (result.status, result.stderr)
        assert "café-zürich.example" in result.stdout.decode()

    def test_table(self, shell: Shell) -> None:
        """As a table, usage has a section for each month."""
        text = shell("usage", "--until", "2026-05", "--format", "table").stdout.decode()
        assert text.startswith("Usage 2026-05\n")
        assert "Asia Requests" in text


class TestTerminal:
    """What a person sees in a real terminal."""

    @pytest.mark.parametrize("columns", [24, 120])
    @pytest.mark.parametrize("command", [MAY, ("invoices",), ("mtd",), ("usage", "--by-service")])
    def test_table_is_what_a_terminal_gets(
        self, server: BillingServer, terminal: Terminal, command: tuple[str, ...], columns: int
    ) -> None:
        """In a terminal every command prints a page that fits, without colour codes."""
        server.estimate_pending = 0
        shown = terminal(*command, "--quiet", columns=columns)
        assert shown.status == 0
        assert widest(shown.text) <= min(columns, WIDEST)
        assert CONTROL.search(shown.text) is None

    @pytest.mark.parametrize("form", ["table", "json", "jsonl", "csv", "focus"])
    def test_control_characters_stay_away(
        self, server: BillingServer, terminal: Terminal, form: str
    ) -> None:
        """Control characters in the API's text do not reach the terminal."""
        line = {"description": HOSTILE, "product_group": HOSTILE, "region": HOSTILE, "amount": -1}
        body = an_invoice("2026-05-01", invoice_id=HOSTILE, transaction_line_items=[line])
        server.enqueue(200, body=a_page(body))
        shown = terminal(*MAY, "--format", form)
        assert shown.status == 0
        assert "knab" in shown.text
        assert CONTROL.search(shown.text) is None

    def test_control_characters_in_errors_stay_away(
        self, server: BillingServer, terminal: Terminal
    ) -> None:
        """The API's message about an error is shown without control characters."""
        server.enqueue(404, body={"title": HOSTILE}, headers={"Fastly-Request-Id": "\x9b31mcalled"})
        shown = terminal("invoice", "x")
        assert shown.status == 1
        assert "knab" in shown.text
        assert "called" in shown.text
        assert CONTROL.search(shown.text) is None

    def test_progress_of_pages(
        self, server: BillingServer, terminal: Terminal, tmp_path: Path
    ) -> None:
        """A list of several pages shows page and invoices of the total, and clears that line."""
        server.enqueue(200, body=a_page(an_invoice("2026-05-01"), cursor="next", total=2))
        server.enqueue(200, body=a_page(an_invoice("2026-04-01"), total=2))
        file = tmp_path / "a.csv"
        shown = terminal("invoices", "--output", file)
        assert 0 == shown.status
        assert "fastly-billing: page 1, 1 of 2 items" in shown.text
        assert " \r/" in shown.text
        assert shown.text.endswith(" bytes of csv written\n")
        assert widest(shown.text.rpartition("\r")[0].replace("\r", "\n")) < 80
        assert 2 == len(read_csv(file.read_bytes()))

    def test_progress_of_usage(self, terminal: Terminal, tmp_path: Path) -> None:
        """Usage of many months shows its progress too."""
        span = ("--since", "2025-01", "--until", "2026-05")
        file = tmp_path / "usage.csv"
        shown = terminal("usage", *span, "--output", file)
        assert (0, True) == (shown.status, "page 2, " in shown.text)

    @pytest.mark.parametrize("command", [("invoices",), ("invoices", "--quiet"), ("usage",)])
    def test_no_progress_of_one_page(
        self, server: BillingServer, terminal: Terminal, tmp_path: Path, command: tuple[str, ...]
    ) -> None:
        """One request has no progress; with --quiet, several have none."""
        pages = [a_page(an_invoice("2026-05-01"), cursor="next")] * ("--quiet" in command)
        for page in [*pages, a_page()]:
            server.enqueue(200, body=page, path="/billing/v3/invoices")
        shown = terminal(*command, "--output", tmp_path / "a.csv")
        assert (0, "") == (shown.status, re.sub(r"^/.* bytes of csv written\n", "", shown.text))

    def test_no_progress_in_a_pipe(self, server: BillingServer, piped: Shell) -> None:
        """Progress is for terminals."""
        server.enqueue(200, body=a_page(an_invoice("2026-05-01"), cursor="next"))
        server.enqueue(200, body=a_page())
        result = piped("invoices")
        assert (0, "", 2) == (result.status, result.stderr, len(server.requests))

    def test_waits_are_announced(self, server: BillingServer, terminal: Terminal) -> None:
        """At a terminal, a message says that the month to date is being made, unless --quiet."""
        shown = terminal("mtd")
        assert shown.status == 0
        first, second, *_ = shown.text.splitlines()
        assert ("the month to date is still being made; polling again in 0.50 s", True) == (
            first,
            second.startswith("Month to date "),
        )
        server.estimate_pending = 1
        quiet = terminal("mtd", "--quiet")
        assert quiet.text.startswith("Month to date")


class TestDemo:
    """--demo needs no account, no token and no network."""

    def test_demo_in_a_terminal(self, terminal: Terminal) -> None:
        """The first command of a new user shows a page, without any use of token and proxy."""
        shown = terminal(*MAY, "--demo", FASTLY_API_TOKEN="", HTTP_PROXY="http://127.0.0.1:1")
        assert shown.status == 0
        assert shown.text.startswith("Demo: made-up data from a server on this machine.\nInvoice ")
        assert "Total, USD" in shown.text

    def test_demo_in_a_process_on_a_terminal(self) -> None:
        """The command ends well where Python ends with it."""
        ours, theirs = pty.openpty()
        streams = dict.fromkeys(("stdin", "stdout", "stderr"), theirs)
        result = run("usage", "--until", "2026-05", "--demo", options=streams)
        os.close(theirs)
        text = b"".join(chunks(ours)).decode()
        os.close(ours)
        assert (0, True) == (result.status, text.startswith("Demo: "))
        assert text.endswith("\n")
        assert "Usage 2026-05" in text

    def test_same_formats_as_without_it(self, piped: Shell) -> None:
        """Into a pipe, the demo writes JSON as the real API's data would be."""
        shown = piped(*MAY, "--demo", FASTLY_API_TOKEN="")
        assert shown.status == 0
        assert json.loads(shown.stdout)["billing_start_date"].startswith("2026-05")
        assert "" == piped(*MAY, "--demo", "--quiet").stderr


class TestHelp:
    """--help explains the command completely."""

    def test_version(self) -> None:
        """--version is one line with the version."""
        expected = f"fastly-billing {fastly.__version__}\n".encode()
        assert (0, expected, "") == run("--version")

    def test_help(self, piped: Shell) -> None:
        """--help names the commands, the token's variable and the exit statuses."""
        result = piped("--help")
        assert (0, "") == (result.status, result.stderr)
        text = result.stdout.decode()
        for word in ("invoices", "invoice ", "mtd", "usage", "v2", "FASTLY_API_TOKEN", "--demo"):
            assert word in text
        assert {"0", "1", "2", "3", "75", "129", "130", "141", "143"} == set(
            re.findall(r"^  (\d+) ", text, re.MULTILINE)
        )
        assert widest(text) <= 80

    @pytest.mark.parametrize(
        ("variable", "columns", "is_wide"),
        [("200", 60, True), ("60", 200, False), ("x", 200, True), ("0", 60, False)],
    )
    def test_width_of_help(
        self, terminal: Terminal, variable: str, columns: int, is_wide: bool
    ) -> None:
        """--help is as wide as COLUMNS says, or as the terminal."""
        shown = terminal("mtd", "--help", columns=columns, COLUMNS=variable, NO_COLOR="1")
        assert (0, is_wide) == (shown.status, widest(shown.text) > 80)

    def test_values_of_the_environment(self, shell: Shell) -> None:
        """--help names the variables and the host as the client has them."""
        text = shell("--help").stdout.decode() + shell("mtd", "--help").stdout.decode()
        for name in (TOKEN_VARIABLE, URL_VARIABLE, DEFAULT_HOST):
            assert name in text

    @pytest.mark.parametrize(
        "arguments",
        [
            ("--quiet", "invoice", "2026-05", "--format", "csv"),
            ("--format", "csv", "invoice", "2026-05"),
            ("--format=csv", "--timeout", "9", "invoice", "2026-05"),
        ],
    )
    def test_options_before_the_command(self, shell: Shell, arguments: tuple[str, ...]) -> None:
        """Options can stand before the command, with and without a value."""
        assert shell(*MAY, "--format", "csv") == shell(*arguments)

    def test_options_before_a_command_of_v2(self, shell: Shell) -> None:
        """Options can stand before both words of a command of v2."""
        usual = shell("v2", "invoice", "5", "2020", "--format", "csv")
        assert usual == shell("--format", "csv", "v2", "--quiet", "invoice", "5", "2020")
        assert (0, True) == (usual.status, len(usual.stdout) > 100)

    @pytest.mark.parametrize(
        ("arguments", "start"),
        [
            ("--demo --help", "usage: fastly-billing [-h]"),
            ("--help mtd", "usage: fastly-billing [-h]"),
            ("--demo --version", "fastly-billing 2"),
            ("--demo mtd -h", "usage: fastly-billing mtd"),
            ("--demo v2 --help", "usage: fastly-billing v2"),
            ("v2 mtd --help", "usage: fastly-billing v2 mtd"),
        ],
    )
    def test_help_with_options(self, shell: Shell, arguments: str, start: str) -> None:
        """--help and --version also work with other options."""
        result = shell(*arguments.split())
        assert (0, start) == (result.status, result.stdout.decode()[: len(start)])

    def test_examples_in_help_work(
        self, shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Every example in --help does what it says."""
        monkeypatch.chdir(tmp_path)
        text = shell("--help").stdout.decode()
        examples = re.findall(r"^  fastly-billing (.+)$", text, re.MULTILINE)
        assert len(examples) >= 3
        for example in examples:
            assert 0 == main(example.split())
        assert [tmp_path / "invoices.csv"] == list(tmp_path.iterdir())

    @pytest.mark.parametrize(
        "command",
        [
            "invoices",
            "invoice",
            "mtd",
            "usage",
            "ai-usage",
            "v2 invoice",
            "v2 invoice-by-id",
            "v2 mtd",
        ],
    )
    def test_help_of_a_command(self, shell: Shell, command: str) -> None:
        """Each command's --help lists the options that all have, and no option for a token."""
        text = shell(*command.split(), "--help").stdout.decode()
        for option in (
            "format",
            "output",
            "host",
            "timeout",
            "allow-insecure-host",
            "quiet",
            "demo",
        ):
            assert f"--{option}" in text
        assert "--token" not in text


class TestInProcess:
    """What a program that calls main() gets."""

    def test_text_goes_to_a_stdout_without_bytes(self) -> None:
        """A StringIO as stdout gets the text after what was printed before."""
        with contextlib.redirect_stdout(io.StringIO()) as out:
            print("first")
            assert 0 == main([*MAY, "--demo", "--quiet", "--output", "-"])
        first, _, rest = out.getvalue().partition("\n")
        assert ("first", "USD") == (first, json.loads(rest)["currency_code"])

    def test_arguments_of_the_process(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without arguments, main() takes those of the process."""
        words = ["fastly-billing", *MAY, "--demo", "--quiet"]
        monkeypatch.setattr("sys.argv", words)  # those of this process are pytest's
        with contextlib.redirect_stdout(io.StringIO()) as out:
            assert 0 == main()
        assert out.getvalue().startswith("{")
