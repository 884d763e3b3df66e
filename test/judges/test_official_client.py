"""Fastly's own Python client reads everything that the stand-in sends in its documented form."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import fragments
import official_client
import pytest
import shapes

import fastly
from fastly.testing import Account, BillingServer

Official = Callable[..., Any]

PROGRAM = Path(__file__).with_name("official_client.py")
ACCOUNT = Account(today=date(2026, 11, 22))


@pytest.fixture(scope="module")
def read(official: Official) -> dict[str, Any]:
    """Return what the official client reads."""
    with BillingServer(today=ACCOUNT.today, documented=True) as server:
        return official(PROGRAM, server.url, server.token)


def test_every_invoice(read: dict[str, Any]) -> None:
    """The pages have all invoices, with their totals, and each is found by its ID."""
    expected = [ACCOUNT.v3_invoice(*month) for month in reversed(ACCOUNT.months())]
    assert 92 == len(expected)
    totals = [float(invoice["monthly_transaction_amount"]) for invoice in expected]
    assert totals == [invoice["monthly_transaction_amount"] for invoice in read["listed"]]
    assert read["listed"] == read["by_id"]


def test_every_line(read: dict[str, Any]) -> None:
    """Each invoice has all of its lines, with their amounts as numbers."""
    for month, invoice in zip(reversed(ACCOUNT.months()), read["listed"], strict=True):
        expected = ACCOUNT.v3_invoice(*month)["transaction_line_items"]
        lines = invoice["transaction_line_items"]
        assert [float(line["amount"]) for line in expected] == [line["amount"] for line in lines]
        assert {float} == {type(line[n]) for line in lines for n in ("amount", "rate", "units")}


def test_the_month_to_date(read: dict[str, Any]) -> None:
    """The month to date has its total and its lines."""
    expected, found = ACCOUNT.v3_month_to_date(), read["month_to_date"]
    assert expected["monthly_transaction_amount"] == found["monthly_transaction_amount"]
    amounts = [float(line["amount"]) for line in expected["transaction_line_items"]]
    assert amounts == [line["amount"] for line in found["transaction_line_items"]]


def test_usage(read: dict[str, Any]) -> None:
    """Usage has a row for each region and product, with its quantity."""
    expected = {usage.name: float(usage.units) for usage in ACCOUNT.usages(2026, 5)}
    assert expected == {row["usage_type"]: row["quantity"] for row in read["usage"]["data"]}


def test_service_usage(read: dict[str, Any]) -> None:
    """The pages of service usage have each usage type, and each service that has usage of it."""
    expected = {
        (usage.name, service): float(units)
        for usage in ACCOUNT.usages(2026, 5)
        for service, units in usage.units_by_service().items()
        if units
    }
    assert expected == {
        (block["usage_type"], detail["service_id"]): detail["usage_units"]
        for block in read["service_usage"]
        for detail in block["details"]
    }


def test_traffic_ai_usage_and_addresses(read: dict[str, Any]) -> None:
    """The official client reads of the other operations what this client reads."""
    with BillingServer(today=ACCOUNT.today, documented=True) as server:
        configuration = fastly.Configuration(host=server.url, api_token=server.token)
        with fastly.ApiClient(configuration) as client:
            expected = official_client.others(client)
    assert expected.keys() == read["others"].keys()
    for name, result in expected.items():
        assert result == read["others"][name], name
    assert ["Auckland"] == [x["locality"] for x in expected["addresses"]["data"][1:]]


def test_lines_that_differ(official: Official) -> None:
    """The official client makes of each line of docs/migrating.md what the page says."""
    rows = fragments.rows()
    lines, program = [row[0] for row in rows], Path(fragments.__file__)
    with BillingServer(today=ACCOUNT.today, documented=True) as server:
        found = official(program, server.url, server.token, given=lines)
    assert [row[:2] for row in rows] == [list(pair) for pair in zip(lines, found, strict=True)]


def test_its_names_are_recorded(official: Official) -> None:
    """The names that docs/migrating.md is tested with are those of the release."""
    folder = PROGRAM.parent.parent / "project"
    recorded = json.loads((folder / "official_names.json").read_text(encoding="utf-8"))
    assert recorded["15.0.0"] == official(folder / "compare_official.py", "--list")


def test_the_forms_of_responses(official: Official) -> None:
    """The official client makes of each form what docs/development/shapes.md says."""
    program = Path(shapes.__file__)
    assert shapes.recorded() == shapes.served(lambda url: official(program, "--read", url))
