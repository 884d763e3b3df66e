"""Fastly's own Python client reads everything that the stand-in sends in its documented form.

It has the same import name as this package, so it is installed into an environment of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from fastly.testing import Account, BillingServer

RELEASE = "fastly==15.0.0"
PROGRAM = Path(__file__).with_name("official_client.py")
ACCOUNT = Account(today=date(2026, 11, 22))


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return what the official client reads."""
    folder = tmp_path_factory.mktemp("official")
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    install = [python, "-m", "pip", "install", "-q", RELEASE]
    installed = subprocess.run(install, capture_output=True, text=True, cwd=folder)
    if installed.returncode:
        pytest.skip(f"cannot install {RELEASE}: {installed.stderr.strip()[-200:]}")
    with BillingServer(today=ACCOUNT.today, documented=True) as server:
        run = [python, "-I", PROGRAM, server.url, server.token]
        program = subprocess.run(run, capture_output=True, text=True, cwd=folder)
    assert 0 == program.returncode, program.stderr
    return json.loads(program.stdout)


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
