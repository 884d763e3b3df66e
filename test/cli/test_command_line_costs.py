"""The commands that share invoices and forecast the month, and the months that they take."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from shell import Shell, Terminal

from fastly._months import month_before, this_month
from fastly.costs import Forecast
from fastly.testing import BillingServer

LIST = re.compile(r"/v3/invoices\Z")
MTD = "/billing/v3/invoices/month-to-date"
USAGE = "/billing/v3/service-usage-metrics"
PAGE = Path(__file__).parent.parent.parent / "docs" / "costs.md"
WEB, SHOP = "SU1Z0isxPaozGVKXdv0e01", "SU1Z0isxPaozGVKXdv0e02"


def read_csv(data: bytes) -> list[dict[str, str]]:
    """Return the rows of a CSV."""
    return list(csv.DictReader(io.StringIO(data.decode())))


def an_invoice(month: str, amount: float, **fields: Any) -> dict[str, Any]:
    """Return an invoice of a month, with a line for Europe Bandwidth."""
    line = {"amount": amount, "product_name": "Europe Bandwidth", "region": "Europe"}
    return {
        "invoice_id": f"I-{month}-{amount}",
        "billing_start_date": f"{month}-01T00:00:00Z",
        "currency_code": "USD",
        "monthly_transaction_amount": amount,
        "transaction_line_items": [line],
        **fields,
    }


def serve(server: BillingServer, *invoices: dict[str, Any], times: int = 1) -> None:
    """Let the server list these invoices."""
    for _ in range(times):
        server.enqueue(body={"data": list(invoices), "meta": {}}, path=LIST)


def total_of(rows: list[dict[str, str]]) -> Decimal:
    """Return what the rows add up to."""
    return sum((Decimal(row["amount"]) for row in rows), Decimal(0))


class TestCosts:
    """The command ``costs``."""

    @pytest.mark.parametrize("by", ["service", "product", "region"])
    def test_latest_month_adds_up(self, shell: Shell, server: BillingServer, by: str) -> None:
        """By default, the rows are those of the latest invoice, and add up to its total."""
        result = shell("costs", "--by", by, "--format", "csv")
        rows = read_csv(result.stdout)
        latest = server.account.v3_invoice(*next(server.account.v3_invoice_months()))
        assert (0, "") == (result.status, result.stderr)
        assert Decimal(str(latest["monthly_transaction_amount"])) == total_of(rows)
        assert {month_before(this_month())} == {row["month"] for row in rows}

    def test_formats(self, shell: Shell) -> None:
        """As csv, jsonl and json, the rows are the same."""
        rows = read_csv(shell("costs", "2026-05", "--format", "csv").stdout)
        lines = shell("costs", "2026-05", "--format", "jsonl").stdout.decode().splitlines()
        whole = json.loads(shell("costs", "2026-05", "--format", "json").stdout)
        assert whole == [json.loads(line) for line in lines]
        assert [list(row) for row in rows] == [list(row) for row in whole]
        amounts = [(row["service_id"] or "", Decimal(str(row["amount"]))) for row in whole]
        assert amounts == [(row["service_id"], Decimal(row["amount"])) for row in rows]

    def test_page(self, terminal: Terminal) -> None:
        """On a terminal, the costs are the table that the page shows."""
        shown = terminal("costs", "2026-05")
        block = PAGE.read_text(encoding="utf-8").split("$ fastly-billing costs 2026-05 --demo\n")[1]
        assert (0, block.split("```")[0]) == shown

    def test_page_of_many_months(self, shell: Shell) -> None:
        """The table adds the months of each service, and names the span and the invoices."""
        span = ("--since", "2026-03", "--until", "2026-05")
        rows = read_csv(shell("costs", *span, "--format", "csv").stdout)
        text = shell("costs", *span, "--format", "table").stdout.decode()
        web = total_of([row for row in rows if row["service_id"] == WEB])
        assert text.startswith("Costs by service, 2026-03 to 2026-05\n")
        assert re.search(rf"^www\.example\.com .* {web:,.2f}$", text, re.MULTILINE)
        assert re.search(rf"^Total .* {total_of(rows):,.2f}$", text, re.MULTILINE)
        assert "3 invoices; --format csv has a row for each invoice and service.\n" in text

    @pytest.mark.parametrize("columns", [24, 88])
    def test_narrow_and_wide_pages(self, terminal: Terminal, columns: int) -> None:
        """Pages fit the terminal, without bars if there is no room."""
        status, text = terminal("costs", "2026-05", "--by", "product", columns=columns)
        assert (0, columns == 88) == (status, "█" in text)
        assert all(len(line) <= columns for line in text.splitlines())

    def test_unnamed(self, shell: Shell, server: BillingServer) -> None:
        """What has no name is called by its kind, and a total of 0 has no shares."""
        line = {"amount": 1, "product_name": "TLS", "region": ""}
        serve(server, an_invoice("2026-05", 0, transaction_line_items=[line, {"amount": -1}]))
        text = shell("costs", "2026-05", "--by", "region", "--format", "table").stdout.decode()
        assert "No region" in text
        assert "%" not in text

    @pytest.mark.parametrize(("latest", "shown"), [("new", "new"), (None, "old")])
    def test_renamed_service(
        self, shell: Shell, server: BillingServer, latest: str | None, shown: str
    ) -> None:
        """The table shows a service over many months by its latest name that is not null."""
        serve(server, an_invoice("2026-05", 5), an_invoice("2026-04", 3))
        for name in (latest, "old"):
            detail = {"service_id": "a", "service_name": name, "usage_units": 1}
            server.enqueue(
                body={"data": {"usage_type": "Europe Bandwidth", "details": [detail]}}, path=USAGE
            )
        span = ("--since", "2026-04", "--until", "2026-05")
        text = shell("costs", *span, "--format", "table").stdout.decode()
        assert re.search(rf"^{shown} .*8\.00$", text, re.MULTILINE)
        assert 1 == sum(name in text for name in ("new", "old"))

    def test_all_invoices_of_a_month(self, shell: Shell, server: BillingServer) -> None:
        """A month's correction counts too, and its usage is requested once."""
        serve(server, an_invoice("2026-05", 5), an_invoice("2026-05", -1), times=2)
        rows = read_csv(shell("costs", "--format", "csv").stdout)
        assert (Decimal(4), 2) == (total_of(rows), len({row["invoice_id"] for row in rows}))
        assert 1 == sum(request.path.startswith(USAGE) for request in server.requests)

    def test_two_currencies(self, shell: Shell, server: BillingServer, tmp_path: Path) -> None:
        """Invoices in two currencies are an error, and nothing is written."""
        other = an_invoice("2026-04", 3, currency_code="EUR")
        serve(server, an_invoice("2026-05", 5), other)
        file = tmp_path / "costs.csv"
        result = shell("costs", "--since", "2026-04", "--by", "product", "--output", file)
        expected = "invoices in USD and EUR cannot be added: choose other months\n"
        assert (1, f"fastly-billing: {expected}") == (result.status, result.stderr)
        assert not file.exists()

    def test_three_decimals(self, shell: Shell, server: BillingServer) -> None:
        """The table has the decimals of the currency."""
        serve(server, an_invoice("2026-05", 1.235, currency_code="KWD"), times=2)
        text = shell("costs", "--format", "table").stdout.decode()
        assert (1, 1) == (text.count(" 1.235\n"), text.count("1.235 of 1.235 is shared"))

    @pytest.mark.parametrize(
        ("unknown", "start", "reason"),
        [
            (True, None, "invoice 'I-2026-05-5' has no total, nor an amount on each line"),
            (
                False,
                "2026-03-01",
                "usage must be of 2026-05, the month of the invoice, got a block ",
            ),
        ],
    )
    def test_figures_that_are_missing(
        self, shell: Shell, server: BillingServer, unknown: bool, start: str, reason: str
    ) -> None:
        """An invoice without costs, and usage of another month, are failures of the API."""
        fields = {"monthly_transaction_amount": None, "transaction_line_items": None}
        serve(server, an_invoice("2026-05", 5, **(fields if unknown else {})))
        server.enqueue(body={"data": {"start_time": start, "unit": "GB"}}, path=USAGE)
        result = shell("costs", "2026-05", "--format", "csv")
        assert (1, b"") == (result.status, result.stdout)
        assert f"fastly-billing: {reason}" in result.stderr
        assert "pass start_month" not in result.stderr

    def test_unknown_currency(self, shell: Shell, server: BillingServer) -> None:
        """An invoice without a currency is added; the table then has no code."""
        unknown = an_invoice("2026-04", 3, currency_code=None)
        serve(server, an_invoice("2026-05", 5), unknown)
        serve(server, unknown)
        words = ("--since", "2026-04", "--by", "product", "--format", "table")
        assert re.search(r"^Product .* USD\n", shell("costs", *words).stdout.decode(), re.MULTILINE)
        assert "Amount\n" in shell("costs", *words).stdout.decode()

    def test_no_usage_for_products(self, shell: Shell, server: BillingServer) -> None:
        """Costs by product and region need no usage."""
        shell("costs", "2026-05", "--by", "region")
        assert not any(USAGE in request.path for request in server.requests)

    def test_invoices_without_a_month(self, shell: Shell, server: BillingServer) -> None:
        """The latest invoice counts even if it does not say which month it is for."""
        serve(server, an_invoice("2026-05", 5, billing_start_date=None))
        (row,) = read_csv(shell("costs", "--format", "csv").stdout)
        assert ("", "not by service: Europe Bandwidth", "5.00") == (
            row["month"],
            row["service_name"],
            row["amount"],
        )

    @pytest.mark.parametrize(
        ("words", "status", "text"),
        [
            (("--since", "2026-05"), 0, "No invoices.\n"),
            ((), 1, "fastly-billing: the account has no invoices yet\n"),
            (("2026-05",), 1, 'fastly-billing: no invoice for 2026-05: "fastly-billing invoices"'),
        ],
    )
    def test_no_invoices(
        self, shell: Shell, server: BillingServer, words: Any, status: int, text: str
    ) -> None:
        """Without invoices, a span is empty, and a month is an error."""
        serve(server)
        result = shell("costs", *words, "--format", "table")
        assert status == result.status
        assert (result.stderr or result.stdout.decode()).startswith(text)

    @pytest.mark.parametrize(
        ("words", "message"),
        [
            (("2026-05", "--since", "2026-01"), "a month and --since cannot be combined"),
            (("2026-05", "--last", "2"), "--last and MONTH cannot be combined: remove one"),
            (("--last", "2", "--until", "2026-01"), "--last and --until cannot be combined"),
            (
                ("--last", "0"),
                "argument --last: must be a number of months from 1 to 1200, got '0'",
            ),
            (("--last", "x"), "argument --last: must be a number of months from 1 to 1200"),
            (
                ("--by", "team"),
                "--by team needs --teams FILE, a CSV whose first line is service_id,team",
            ),
            (("--teams", "t.csv"), "--teams is for --by team: add it, or remove --teams"),
            (("05-2026",), "argument MONTH: must be a month such as 2026-05, got '05-2026'"),
        ],
    )
    def test_misuse(self, shell: Shell, server: BillingServer, words: Any, message: str) -> None:
        """Options that contradict each other are refused, and nothing is requested."""
        result = shell("costs", *words)
        assert 2 == result.status
        assert result.stderr.startswith(f"fastly-billing: {message}")
        assert [] == list(server.requests)


class TestTeams:
    """Costs by team."""

    def test_teams(self, shell: Shell, tmp_path: Path) -> None:
        """Services are added by team; those without one are in an empty team, and on stderr."""
        file = tmp_path / "teams.csv"
        file.write_bytes(f"\ufeffservice_id,team\r\n{WEB},web\r\n\r\n{SHOP}, web \r\n".encode())
        result = shell("costs", "2026-05", "--by", "team", "--teams", file, "--format", "csv")
        rows = {row["team"]: Decimal(row["amount"]) for row in read_csv(result.stdout)}
        services = read_csv(shell("costs", "2026-05", "--format", "csv").stdout)
        of = {row["service_id"]: Decimal(row["amount"]) for row in services}
        others = {name for name in of if name not in (WEB, SHOP, "")}
        assert of[WEB] + of[SHOP] == rows["web"]
        assert sum(of[name] for name in others) == rows[""]
        names = {row["service_id"]: row["service_name"] for row in services}
        listed = ", ".join(f"{service} ({names[service]})" for service in sorted(others))
        assert f"services without a team: {listed}\n" == result.stderr
        quiet = shell("costs", "2026-05", "--by", "team", "--teams", file, "--quiet")
        assert (0, "") == (quiet.status, quiet.stderr)

    def test_teams_of_services_without_usage(self, shell: Shell, tmp_path: Path) -> None:
        """A service that no month has, such as a mistyped one, is on stderr once, at the end."""
        file = tmp_path / "teams.csv"
        services = {row["service_id"] for row in read_csv(shell("costs", "--format", "csv").stdout)}
        known = "".join(f"{service},web\n" for service in sorted(services - {""}))
        file.write_text(f"service_id,team\n{known}SU-typo,web\nSU-b\x9b,shop\n")
        words = ("--by", "team", "--teams", file, "--format", "csv")
        expected = "services in --teams that have no usage in these months: SU-b, SU-typo\n"
        for months in (("--last", "2"), ()):
            result = shell("costs", *months, *words)
            assert (0, expected) == (result.status, result.stderr)

    def test_teams_without_invoices(
        self, shell: Shell, server: BillingServer, tmp_path: Path
    ) -> None:
        """Without invoices, nothing is known about the services of a file."""
        file = tmp_path / "teams.csv"
        file.write_text("service_id,team\nSU-typo,web\n")
        serve(server)
        result = shell("costs", "--since", "2020-01", "--by", "team", "--teams", file)
        assert (0, "") == (result.status, result.stderr)

    def test_spread(self, shell: Shell, tmp_path: Path) -> None:
        """Spread, all costs are those of teams."""
        file = tmp_path / "teams.csv"
        file.write_text(f"service_id,team\n{WEB},web\n")
        words = ("--by", "team", "--teams", file, "--spread", "--format", "csv")
        rows = read_csv(shell("costs", "2026-05", *words).stdout)
        assert {"web", ""} == {row["team"] for row in rows}
        assert total_of(rows) == total_of(
            read_csv(shell("costs", "2026-05", "--format", "csv").stdout)
        )

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (b"", "its first line must be service_id,team, got ''"),
            (
                b"service_id;team\na;b\n",
                "its first line must be service_id,team, got 'service_id;team'",
            ),
            (b"service_id,team\na,b\na,c\n", "a line repeats a service, got 'a,c'"),
            (b"service_id,team\na\n", "a line must be a service ID and a team, got 'a'"),
            (b"service_id,team\n,b\n", "a line must be a service ID and a team, got ',b'"),
            (b"service_id,team\n\xff,b\n", "'utf-8' codec can't decode"),
            (b'service_id,team\n"a"x,b\n', "',' expected after '\"'"),
            (None, "No such file or directory"),
        ],
    )
    def test_files_that_are_refused(
        self, shell: Shell, server: BillingServer, tmp_path: Path, content: Any, reason: str
    ) -> None:
        """A file that is not such a CSV is refused with the reason, and nothing is requested."""
        file = tmp_path / "teams.csv"
        if content is not None:
            file.write_bytes(content)
        result = shell("costs", "--by", "team", "--teams", file)
        assert 2 == result.status
        expected = f"fastly-billing: --teams '{file}' cannot be used: {reason}"
        assert result.stderr.startswith(expected)
        assert [] == list(server.requests)


class TestMonths:
    """``latest``, ``last-month`` and ``--last``."""

    @pytest.mark.parametrize("command", ["invoice", "costs"])
    @pytest.mark.parametrize("word", ["latest", "last-month"])
    def test_words(self, shell: Shell, command: str, word: str) -> None:
        """Both words are the month before this one, which is the newest on the stand-in."""
        rows = read_csv(shell(command, word, "--format", "csv").stdout)
        months = {row.get("month") or row["billing_start_date"][:7] for row in rows}
        assert {month_before(this_month())} == months

    @pytest.mark.parametrize("command", ["invoices", "costs", "usage", "ai-usage"])
    def test_last_month_in_a_period(self, shell: Shell, command: str) -> None:
        """--since and --until take last-month, and --last 1 is the same."""
        period = ("--since", "last-month", "--until", "last-month")
        of_period = shell(command, *period).stdout
        assert of_period == shell(command, "--last", 1).stdout
        last = month_before(this_month())
        assert of_period == shell(command, "--since", last, "--until", last).stdout

    @pytest.mark.parametrize("command", ["invoice", "costs"])
    def test_last_month_that_is_not_posted(
        self, shell: Shell, server: BillingServer, command: str
    ) -> None:
        """If last month's invoice is not posted yet, the status is 1."""
        serve(server)
        result = shell(command, "last-month")
        reason = "the month has just ended, and its invoice may not be posted yet; try again later"
        expected = f"fastly-billing: no invoice for {month_before(this_month())}: {reason}\n"
        assert (1, expected) == (result.status, result.stderr)

    @pytest.mark.parametrize("command", ["invoices", "costs"])
    def test_a_period_with_a_month_that_is_not_posted(
        self, shell: Shell, server: BillingServer, command: str
    ) -> None:
        """A period that ends with a month without an invoice is incomplete, and stderr says so."""
        last, before = month_before(this_month()), month_before(this_month(), 2)
        for options, is_said in [
            (("--last", "2"), True),
            (("--since", last), True),
            (("--last", "2", "--quiet"), False),
            (("--since", before), False),
        ]:
            serve(server, an_invoice(before, 5))
            result = shell(command, *options, "--format", "csv")
            warning = f"no invoice for {last}: the month has just ended"
            assert (0, is_said) == (result.status, result.stderr.startswith(warning)), options

    def test_latest_is_the_first_of_the_list(self, shell: Shell, server: BillingServer) -> None:
        """The latest invoice is the first of the list, whatever its month is."""
        serve(server, an_invoice("2024-05", 5), an_invoice("2024-06", 3))
        (row,) = read_csv(shell("invoice", "latest", "--format", "csv").stdout)
        assert "I-2024-05-5" == row["invoice_id"]

    def test_last(self, shell: Shell) -> None:
        """The last 3 months are those that have ended."""
        for command in ("invoices", "costs"):
            rows = read_csv(shell(command, "--last", "3", "--format", "csv").stdout)
            months = {row.get("month") or row["billing_start_date"][:7] for row in rows}
            assert {
                month_before(this_month(), 1),
                month_before(this_month(), 2),
                month_before(this_month(), 3),
            } == months

    def test_months_before_this_one(self) -> None:
        """The months go back over the end of a year."""
        today = datetime.now(timezone.utc).date()
        month = today.replace(day=1)
        for number in range(1, 15):
            month = (month - timedelta(days=1)).replace(day=1)
            assert f"{month:%Y-%m}" == month_before(this_month(), number)


@pytest.fixture
def on(server: BillingServer) -> Callable[[date], None]:
    """Return a function that lets the server send the month to date of a day, not a past one."""

    def enqueue(day: date) -> None:
        with BillingServer(today=day) as other:
            server.enqueue(body=other.account.v3_month_to_date(), path=MTD)

    return enqueue


class TestForecast:
    """The command ``forecast``."""

    def test_formats(self, shell: Shell, on: Callable[[date], None]) -> None:
        """As csv, jsonl and json, a forecast is a row with its basis."""
        for form in ("csv", "jsonl", "json"):
            on(date(2098, 8, 20))
            result = shell("forecast", "--format", form)
            assert (0, "") == (result.status, result.stderr)
            if form == "csv":
                (row,) = read_csv(result.stdout)
                assert list(Forecast.__annotations__) == list(row)
            else:
                same = json.loads(result.stdout)
                assert [str(same[name]) for name in ("month", "day")] == [row["month"], row["day"]]
                assert Decimal(row["low"]) == Decimal(str(same["low"]))
                assert "nothing is ordered or cancelled; " in same["basis"]

    def test_page(self, terminal: Terminal, on: Callable[[date], None]) -> None:
        """On a terminal, a forecast has its range, its parts and what it assumes."""
        on(date(2098, 8, 20))
        status, text = terminal("forecast", "--budget", "5000000")
        assert 0 == status
        assert text.startswith("Forecast 2098-08\n\nForecast  ")
        assert "\nDay       20 of 31, UTC; 19 complete\nBudget    5,000,000.00\n" in text
        labels = ("Fixed charges, complete", "Usage so far", "Credits so far", "Month to date")
        assert all(re.search(rf"^{label} .*\.\d\d$", text, re.MULTILINE) for label in labels)
        assert "\nThis assumes that\n- lines with a usage type are usage" in text

    def test_page_of_usage_only(self, shell: Shell, server: BillingServer) -> None:
        """Parts that the month to date does not have, and certificates, are not on the page."""
        line = {"amount": 62, "usage_type": "requests", "description": "Requests"}
        body = {
            "billing_start_date": "2026-08-01T00:00:00Z",
            "billing_end_date": "2026-08-20T00:00:00Z",
            "monthly_transaction_amount": "62",
            "transaction_line_items": [line],
        }
        server.enqueue(body=body, path=MTD)
        text = shell("forecast", "--format", "table").stdout.decode()
        assert re.search(r"^Usage so far +62\.00$", text, re.MULTILINE)
        assert not re.search(r"^(Fixed|Credits|Taxes|TLS|Budget)", text, re.MULTILINE)

    def test_budget(self, shell: Shell, on: Callable[[date], None]) -> None:
        """The status is 3 if the range begins above the budget."""
        on(date(2098, 8, 20))
        row = json.loads(shell("forecast", "--format", "json").stdout)
        low = int(row["low"])
        for budget, status in [(low, 0), (low - 1, 3)]:
            on(date(2098, 8, 20))
            result = shell("forecast", "--budget", budget)
            over = f"over budget: the forecast begins at {low:,}, above {budget:,}.00\n"
            assert (status, f"fastly-billing: {over}" if status else "") == (
                result.status,
                result.stderr,
            )

    def test_minimum(self, shell: Shell, on: Callable[[date], None]) -> None:
        """A minimum can be passed."""
        on(date(2098, 8, 20))
        row = json.loads(shell("forecast", "--minimum", "90000", "--format", "json").stdout)
        assert row["minimum"] == 90000
        assert row["low"] > 80000

    def test_too_early(
        self, shell: Shell, server: BillingServer, on: Callable[[date], None]
    ) -> None:
        """Without a history and 7 complete days, the status is 75, and nothing is printed."""
        on(date(2098, 8, 4))
        serve(server)
        result = shell("forecast")
        assert (75, b"") == (result.status, result.stdout)
        assert result.stderr.startswith("fastly-billing: no forecast: Only 3 of 31 days are ")

    def test_pending(self, shell: Shell, server: BillingServer) -> None:
        """While the month to date is being made, the status is 75."""
        server.estimate_pending = 100
        assert 75 == shell("forecast", "--wait", "0", "--quiet").status


def test_amounts_in_json_are_exact(shell: Shell, server: BillingServer) -> None:
    """An amount with more digits than a float has is text, so that no cent is lost."""
    cents = 9_007_199_254_740_993.0
    lines = [{"amount": cents, "product_name": "a"}, {"amount": 0.37, "product_name": "a"}]
    serve(server, an_invoice("2026-05", 0, transaction_line_items=lines))
    rows = json.loads(shell("costs", "2026-05", "--by", "product", "--format", "json").stdout)
    assert f"{Decimal(cents) + Decimal('0.37')}" in [row["amount"] for row in rows]
