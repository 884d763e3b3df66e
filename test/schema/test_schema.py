"""docs/openapi.yaml: the stand-in keeps to it, in every response."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis

from fastly.testing import BillingServer

HERE = Path(__file__).parent
FILE = HERE.parent.parent / "docs" / "openapi.yaml"
TODAY = date(2026, 9, 10)
MONTHS = [(year, month) for year in range(2019, 2027) for month in range(1, 13)]
SCHEMA = schemathesis.openapi.from_path(FILE)

LIST, BY_ID = "/billing/v3/invoices", "/billing/v3/invoices/{invoice_id}"
MONTH_TO_DATE = "/billing/v3/invoices/month-to-date"
USAGE, SERVICE_USAGE = "/billing/v3/usage-metrics", "/billing/v3/service-usage-metrics"
ADDRESSES, ADDRESS = "/billing/v3/customer-addresses", "/billing/v3/customer-addresses/{type}"
TRAFFIC, SERVICE_TRAFFIC = "/stats/usage", "/stats/usage_by_service"
MONTH_TRAFFIC, REGIONS = "/stats/usage_by_month", "/stats/regions"
AI_USAGE, AI_EXPORT = (
    "/ai-runtime-control/v1/usage-metrics",
    "/ai-runtime-control/v1/usage-metrics/export",
)
V2_MONTH = "/billing/v2/year/{year}/month/{month}"
V2_BY_ID = "/billing/v2/account_customers/{customer_id}/invoices/{invoice_id}"
V2_ESTIMATE = "/billing/v2/account_customers/{customer_id}/mtd_invoice"


class Checked:
    """Sends requests to a stand-in, and checks each response against the schema."""

    def __init__(self, server: BillingServer) -> None:
        self._server = server
        self._session = requests.Session()
        self._session.trust_env = False

    def get(
        self, path: str, status: int = 200, accept: str = "application/json", **given: Any
    ) -> requests.Response:
        """Return the response of an operation; names in braces go into the path."""
        query = {name: value for name, value in given.items() if f"{{{name}}}" not in path}
        headers = {"Fastly-Key": self._server.token, "Accept": accept}
        url = self._server.url + path.format_map(given)
        response = self._session.get(url, params=query, headers=headers)
        operation = SCHEMA[path]["GET"]
        assert f"{status}" in operation.definition.raw["responses"]
        assert status == response.status_code
        operation.validate_response(response)
        return response

    def close(self) -> None:
        """Close the connections."""
        self._session.close()


@pytest.fixture
def stand_in() -> Iterator[BillingServer]:
    """A stand-in whose account has 90 invoices."""
    with BillingServer(today=TODAY) as server:
        yield server


@pytest.fixture
def checked(stand_in: BillingServer) -> Iterator[Checked]:
    """A client whose responses are checked."""
    checked = Checked(stand_in)
    yield checked
    checked.close()


def test_schema_is_valid() -> None:
    """The file is a valid OpenAPI document with an operation for each endpoint."""
    SCHEMA.validate()
    operations = [LIST, BY_ID, MONTH_TO_DATE, USAGE, SERVICE_USAGE, V2_MONTH, V2_BY_ID, V2_ESTIMATE]
    operations += [ADDRESSES, ADDRESS, TRAFFIC, SERVICE_TRAFFIC, MONTH_TRAFFIC, REGIONS]
    operations += [AI_USAGE, AI_EXPORT]
    assert set(operations) == set(SCHEMA)


@pytest.mark.timeout(600)  # on a busy machine it takes minutes
def test_generated_requests(stand_in: BillingServer, tmp_path: Path) -> None:
    """Schemathesis finds no response to valid and invalid requests that breaks the schema."""
    program = shutil.which("schemathesis", path=Path(sys.executable).parent)
    assert program is not None
    finished = subprocess.run(
        [
            program,
            *("--config-file", str(HERE / "schemathesis.toml")),
            *("run", str(FILE), "--url", stand_in.url, "--no-color"),
            *("--header", f"Fastly-Key: {stand_in.token}"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=590,
    )
    assert 0 == finished.returncode, finished.stdout + finished.stderr
    assert "Tested: 17" in finished.stdout


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 90, 200, 499])
def test_all_invoices(checked: Checked, limit: int) -> None:
    """Every page of invoices, and the last one in each of its forms, keeps to the schema."""
    cursor, found = "", 0
    while True:
        page = checked.get(LIST, limit=limit, cursor=cursor).json()
        found += len(page["data"])
        cursor = (page["meta"] or {}).get("next_cursor") or ""
        if not cursor:
            break
    assert 90 == found


def test_each_invoice(checked: Checked) -> None:
    """Each invoice by its ID keeps to the schema, in v3 and in v2."""
    invoices = checked.get(LIST, limit=200).json()["data"]
    assert 90 == len(invoices)
    for invoice in invoices:
        assert invoice == checked.get(BY_ID, invoice_id=invoice["invoice_id"]).json()


def test_each_month_of_v2(checked: Checked, stand_in: BillingServer) -> None:
    """Each month's invoice and estimate of v2 keep to the schema, and so do CSV and PDF."""
    customer = stand_in.customer_id
    for year, month in [pair for pair in MONTHS if (2019, 3) <= pair <= (2026, 9)]:
        given = {"year": f"{year}", "month": f"{month:02}"}
        invoice = checked.get(V2_MONTH, **given).json()
        found = {"customer_id": customer, "invoice_id": invoice["invoice_id"]}
        assert invoice == checked.get(V2_BY_ID, **found).json()
        checked.get(V2_ESTIMATE, 202, customer_id=customer, **given)
        checked.get(V2_ESTIMATE, customer_id=customer, **given)
    for kind in ("text/csv", "application/pdf"):
        response = checked.get(V2_MONTH, accept=kind, **given)
        assert kind == response.headers["Content-Type"].split(";")[0]


@pytest.mark.parametrize("today", [TODAY, date(2026, 1, 1), date(2024, 2, 29)])
def test_month_to_date(today: date) -> None:
    """The month to date keeps to the schema, pending and ready, on the first and the last day."""
    with BillingServer(today=today) as server:
        checked = Checked(server)
        checked.get(MONTH_TO_DATE, 202)
        checked.get(MONTH_TO_DATE)
        checked.close()


def test_usage(checked: Checked) -> None:
    """The usage of all months, and by service in each of its forms, keeps to the schema."""
    for year in range(2019, 2027):
        for first in range(1, 13, 3):
            months = {"start_month": f"{year}-{first:02}", "end_month": f"{year}-{first + 2:02}"}
            checked.get(USAGE, **months)
            blocks = checked.get(SERVICE_USAGE, **months).json()["data"]
    assert blocks["details"] is None  # of months to come
    kinds = checked.get(SERVICE_USAGE).json()["data"]
    assert isinstance(kinds, list)
    one = {"product_id": "cdn_usage", "usage_type_name": kinds[0]["usage_type"]}
    for limit in range(1, 6):
        assert checked.get(SERVICE_USAGE, **one, limit=limit).json()["data"]["details"]


def test_traffic(checked: Checked) -> None:
    """Traffic of spans and months keeps to the schema, in both units."""
    span = {"from": "2026-01-01", "to": "2026-03-01"}
    for path in (TRAFFIC, SERVICE_TRAFFIC):
        assert "success" == checked.get(path, **span).json()["status"]
        assert "error" == checked.get(path, to="some day").json()["status"]
    for year, month in MONTHS:
        given = {"year": f"{year}", "month": f"{month:02}"}
        checked.get(MONTH_TRAFFIC, **given)
        checked.get(MONTH_TRAFFIC, **given, billable_units="true")
    checked.get(MONTH_TRAFFIC, 400, year="2026")
    checked.get(REGIONS)


def test_ai_usage(checked: Checked) -> None:
    """Pages of AI usage, and its export as JSON and as CSV, keep to the schema."""
    span = {"from": "2026-08-01T00:00:00Z", "to": "2026-08-02T00:00:00Z"}
    for limit in range(1, 6):
        checked.get(AI_USAGE, **span, limit=limit, granularity="hourly", sort="-date")
    checked.get(AI_USAGE, key="none")
    checked.get(AI_USAGE, 400, to="now")
    checked.get(AI_EXPORT, **span)
    assert "text/csv" == checked.get(AI_EXPORT, accept="text/csv").headers["Content-Type"]


def test_addresses(checked: Checked) -> None:
    """Addresses keep to the schema."""
    assert 1 == len(checked.get(ADDRESSES).json()["data"])


def test_errors(stand_in: BillingServer, checked: Checked) -> None:
    """Each kind of error keeps to the schema."""
    checked.get(LIST, 400, limit=500)
    checked.get(BY_ID, 404, invoice_id="INV-0")
    checked.get(USAGE, 400, start_month="2026-01", end_month="2026-04")
    checked.get(V2_MONTH, 400, year="2020", month="5")
    checked.get(V2_MONTH, 404, year="2001", month="05")
    checked.get(V2_MONTH, 406, accept="image/png", year="2020", month="05")
    with BillingServer(token="another") as other:
        headers = {"Fastly-Key": stand_in.token}
        response = requests.get(other.url + LIST, headers=headers, timeout=10)
    assert 401 == response.status_code
    SCHEMA[LIST]["GET"].validate_response(response)
