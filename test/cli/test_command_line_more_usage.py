"""The commands for billable usage and for AI usage."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import datetime, timezone
from typing import Any

import pytest
from shell import Shell, Terminal

from fastly.cli.layout import Paper
from fastly.cli.table_usage import ai_usage_page, billable_usage_page
from fastly.models import ArcUsageMetric, HistoricalUsageMonthResponse
from fastly.rows import billable_usage_rows
from fastly.testing import BillingServer

MAY = ("--since", "2026-05", "--until", "2026-05")
ARC = "/ai-runtime-control/v1/usage-metrics"


def rows_of(data: bytes) -> list[dict[str, str]]:
    """Return the rows of a CSV."""
    return list(csv.DictReader(io.StringIO(data.decode())))


def queries(server: BillingServer) -> list[dict[str, str]]:
    """Return the query of each request."""
    return [request.query for request in server.requests]


class TestBillable:
    """Usage by month and service in the units of invoices."""

    def test_each_month_is_requested(self, shell: Shell, server: BillingServer) -> None:
        """Each month of the span is one request, over the turn of the year too."""
        span = ("--since", "2025-11", "--until", "2026-02")
        rows = rows_of(shell("usage", "--billable", *span, "--format", "csv").stdout)
        months = [("2025", "11"), ("2025", "12"), ("2026", "01"), ("2026", "02")]
        assert months == [(query["year"], query["month"]) for query in queries(server)]
        assert {"true"} == {query["billable_units"] for query in queries(server)}
        assert [f"{y}-{m}" for y, m in months] == list(dict.fromkeys(r["month"] for r in rows))

    def test_months_that_have_not_begun(self, shell: Shell, server: BillingServer) -> None:
        """The current month is the last that is requested, and the default."""
        month = f"{datetime.now(timezone.utc):%Y-%m}"
        shell("usage", "--billable", "--since", month, "--until", "2999-12", "--format", "json")
        shell("usage", "--billable")
        assert [month] * 2 == [f"{x['year']}-{x['month']}" for x in queries(server)]

    def test_formats_agree(self, shell: Shell) -> None:
        """CSV, JSON lines and JSON have the same figures; JSON has the month of each."""
        command = ("usage", "--billable", *MAY, "--format")
        lines = [json.loads(x) for x in shell(*command, "jsonl").stdout.splitlines()]
        rows = rows_of(shell(*command, "csv").stdout)
        assert [float(row["requests"]) for row in rows] == [line["requests"] for line in lines]
        (month,) = json.loads(shell(*command, "json").stdout)
        response = HistoricalUsageMonthResponse.from_dict(month)
        expected = [row["region"] for row in billable_usage_rows([("2026-05", response)])]
        assert ("2026-05", expected) == (month["month"], [row["region"] for row in rows])

    def test_the_table(self, terminal: Terminal) -> None:
        """The table has the sum of all regions for each service."""
        shown = terminal("usage", "--billable", *MAY).text
        assert "Billable usage 2026-05" in shown
        assert re.search(r"Requests +Share +10,000 requests\r?\nwww.example.com .* 46.0% ", shown)

    def test_an_empty_table(self) -> None:
        """Without usage, the table says so."""
        assert "No usage.\n" == billable([])

    def test_a_table_of_kinds(self) -> None:
        """A kind without usage has no line; a service without a name has its ID."""
        services = {
            "s1": {"usa": {"bandwidth": 1.5}, "asia": {"bandwidth": 2}},
            "s2": {"name": "www", "usa": {"compute_requests": 3}},
        }
        text = billable([("2026-05", {"data": {"services": services}})])
        assert (
            "Billable usage 2026-05\n\n"
            "Bandwidth                     GB\n- (s1)                      3.50\n"
            f"{'─' * 32}\nTotal                       3.50\n\n"
            "Compute          10,000 requests\nwww                         3.00\n"
            f"{'─' * 32}\nTotal                       3.00\n\n"
        ) == text


def billable(months: list[tuple[str, dict[str, Any]]]) -> str:
    """Return the page of made months, 32 columns wide."""
    paper = Paper(32, "utf-8")
    read = [(month, HistoricalUsageMonthResponse.from_dict(data)) for month, data in months]
    return paper.text(billable_usage_page(billable_usage_rows(read), paper))


class TestAiUsage:
    """Usage of AI Runtime Control."""

    def test_a_span(self, shell: Shell, server: BillingServer) -> None:
        """Whole months are requested, by day or by hour, on as many pages as there are."""
        shell("ai-usage", "--since", "2026-01", "--until", "2026-02", "--format", "csv")
        first, *rest = queries(server)
        assert {
            "from": "2026-01-01T00:00:00Z",
            "to": "2026-03-01T00:00:00Z",
            "granularity": "daily",
        } == first
        assert [first] * len(rest) == [
            {name: x for name, x in query.items() if name != "cursor"} for query in rest
        ]
        assert rest
        shell("ai-usage", *MAY, "--hourly", "--format", "csv")
        assert "hourly" == queries(server)[-1]["granularity"]

    @pytest.mark.parametrize("form", ["csv", "json"])
    def test_the_midnight_after_a_span(
        self, shell: Shell, server: BillingServer, form: str
    ) -> None:
        """The next month is left out, also if the API includes the end of the span."""
        days = [{"date": f"2026-{day}T00:00:00Z", "quantity": 1} for day in ("05-31", "06-01")]
        server.enqueue(body={"data": [*days, {"quantity": 2}]})
        text = shell("ai-usage", *MAY, "--format", form).stdout.decode()
        assert (1, 0) == (text.count("2026-05-31"), text.count("2026-06"))
        assert len(text.splitlines()) > 2

    def test_the_current_month(self, shell: Shell, server: BillingServer) -> None:
        """The current month is the default, up to now."""
        shell("ai-usage", "--format", "csv")
        start = f"{datetime.now(timezone.utc):%Y-%m}-01T00:00:00Z"
        assert {"from": start, "granularity": "daily"} == queries(server)[0]

    def test_formats_agree(self, shell: Shell) -> None:
        """CSV, JSON lines and JSON have the same figures."""
        command = ("ai-usage", *MAY, "--format")
        lines = [json.loads(x) for x in shell(*command, "jsonl").stdout.splitlines()]
        rows = rows_of(shell(*command, "csv").stdout)
        metrics = json.loads(shell(*command, "json").stdout)
        quantities = [line["quantity"] for line in lines]
        assert quantities == [int(row["quantity"]) for row in rows]
        assert quantities == [metric["quantity"] for metric in metrics]

    def test_the_table(self, terminal: Terminal) -> None:
        """The table has the sum of each kind for each key and model."""
        shown = terminal("ai-usage", *MAY).text
        assert "AI usage 2026-05-01 to 2026-05-31" in shown
        assert "search (vk_9RmLd7)" in shown

    def test_made_tables(self) -> None:
        """Usage is added up for each key, model and kind; what is null is a dash or 0."""
        metric = {"date": "2026-05-01T00:00:00Z", "virtual_key_name": "k", "model": "m"}
        metrics = [
            metric | {"usage_type": "requests", "quantity": 2},
            metric | {"usage_type": "requests", "quantity": 3, "date": "2026-05-02T00:00:00Z"},
            metric | {"provider": "p", "quantity": None},
        ]
        expected = "AI usage 2026-05-01 to 2026-05-02\n\nk\n  m, -                 5 requests\n"
        assert expected + "  m, p                 0 -\n" == ai_usage(*metrics)
        assert "No usage.\n" == ai_usage()

    def test_a_renamed_key(self) -> None:
        """A virtual key has one section, with the latest name that is not null."""
        metric = {"date": "2026-05-01", "virtual_key_id": "v", "usage_type": "requests"}
        names = ("old", "new", None)
        text = ai_usage(*({**metric, "virtual_key_name": name, "quantity": 2} for name in names))
        assert (
            "AI usage 2026-05-01 to 2026-05-01\n\nnew (v)\n  -, -                 6 requests\n"
            == text
        )

    def test_a_negative_quantity(self, shell: Shell, server: BillingServer) -> None:
        """A quantity that corrects an earlier one is a number in CSV, without an apostrophe."""
        server.enqueue(body={"data": [{"date": "2026-05-01T00:00:00Z", "quantity": -5}]})
        (row,) = rows_of(shell("ai-usage", *MAY, "--format", "csv").stdout)
        assert "-5" == row["quantity"]

    @pytest.mark.parametrize("form", ["table", "json", "csv"])
    def test_an_account_without_it(self, shell: Shell, server: BillingServer, form: str) -> None:
        """An account that does not use it gets an empty page, list or file."""
        server.enqueue(body={"data": [], "meta": {"total": 0}}, path=ARC)
        text = shell("ai-usage", "--format", form).stdout.decode()
        start = {"table": "No usage.\n", "json": "[]\n", "csv": "date,usage_type,"}[form]
        assert text.startswith(start)


def ai_usage(*metrics: dict[str, Any]) -> str:
    """Return the page of made metrics, 33 columns wide."""
    paper = Paper(33, "utf-8")
    return paper.text(ai_usage_page(map(ArcUsageMetric.from_dict, metrics), paper))
