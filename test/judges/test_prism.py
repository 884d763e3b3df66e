"""docs/openapi.yaml works in Prism: its mock keeps to the schema, and this client reads it."""

from __future__ import annotations

import re
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import fastly
from fastly.apis import (
    AiRuntimeControlUsageMetricsApi,
    BillingApi,
    BillingInvoicesApi,
    BillingUsageMetricsApi,
    CustomerAddressesApi,
    HistoricalApi,
)
from fastly.models import CustomerAddress

PACKAGE = "@stoplight/prism-cli@5.14.2"
FILE = Path(__file__).parent.parent.parent / "docs" / "openapi.yaml"
# One request of three months: the mock gives its one example, of May, to each request.
SPAN = ("2026-04", "2026-06")

CALLS: dict[str, Callable[[fastly.ApiClient], object]] = {
    "list_invoices": lambda client: BillingInvoicesApi(client).list_invoices(limit=3),
    "iter_invoices": lambda client: list(BillingInvoicesApi(client).iter_invoices()),
    "get_invoice_by_invoice_id": lambda client: BillingInvoicesApi(
        client
    ).get_invoice_by_invoice_id("INV-1"),
    "get_month_to_date_invoice": lambda client: BillingInvoicesApi(
        client
    ).get_month_to_date_invoice(),
    "iter_usage_metrics": lambda client: list(
        BillingUsageMetricsApi(client).iter_usage_metrics(*SPAN)
    ),
    "iter_service_level_usage": lambda client: list(
        BillingUsageMetricsApi(client).iter_service_level_usage(
            start_month=SPAN[0], end_month=SPAN[1]
        )
    ),
    "get_usage": lambda client: HistoricalApi(client).get_usage(_from="1 month ago"),
    "get_usage_service": lambda client: HistoricalApi(client).get_usage_service(),
    "get_usage_month": lambda client: HistoricalApi(client).get_usage_month(
        year=2026, month=5, billable_units=True
    ),
    "get_regions": lambda client: HistoricalApi(client).get_regions(),
    "iter_arc_usage_metrics": lambda client: list(
        AiRuntimeControlUsageMetricsApi(client).iter_arc_usage_metrics(_from="2026-01-01")
    ),
    "arc_export_usage_metrics": lambda client: AiRuntimeControlUsageMetricsApi(
        client
    ).arc_export_usage_metrics(),
    "arc_export_usage_metrics as CSV": lambda client: AiRuntimeControlUsageMetricsApi(
        client
    ).arc_export_usage_metrics(_accept="text/csv"),
    "list_customer_addresses": lambda client: CustomerAddressesApi(
        client
    ).list_customer_addresses(),
    "create_customer_address": lambda client: CustomerAddressesApi(client).create_customer_address(
        CustomerAddress(type="tax")
    ),
    "update_customer_address": lambda client: CustomerAddressesApi(client).update_customer_address(
        "tax", CustomerAddress(country="NZ")
    ),
    "get_invoice": lambda client: BillingApi(client).get_invoice(5, 2020),
    "get_invoice_by_id": lambda client: BillingApi(client).get_invoice_by_id("c", "i"),
    "get_invoice_mtd": lambda client: BillingApi(client).get_invoice_mtd("c"),
}


class Prism:
    """Prism as a mock of the schema: its URL and its log."""

    def __init__(self, program: Path, log: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as place:
            self.port = place.getsockname()[1]
        self._log = log
        self._file = log.open("w")
        options = ["mock", "-h", "127.0.0.1", "-p", f"{self.port}", str(FILE)]
        self._process = subprocess.Popen(
            ["node", program, *options], stdout=self._file, stderr=subprocess.STDOUT
        )

    def wait(self) -> None:
        """Wait until it listens."""
        for _ in range(600):
            if "is listening" in self.log:
                return
            time.sleep(0.1)
        raise AssertionError(self.log)

    @property
    def log(self) -> str:
        """What it has printed."""
        return self._log.read_text(encoding="utf-8")

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait()
        self._file.close()


@pytest.fixture(scope="module")
def prism(npm_package: Callable[[str], Path]) -> Iterator[Prism]:
    """Prism, which npm installs."""
    folder = npm_package(PACKAGE)
    program = folder / "@stoplight" / "prism-cli" / "dist" / "index.js"
    prism = Prism(program, folder / "prism.log")
    try:
        prism.wait()
        yield prism
    finally:
        prism.close()


@pytest.mark.parametrize("name", CALLS)
def test_the_mock_is_read(prism: Prism, name: str) -> None:
    """This client reads each operation of the mock, to the end of its pages."""
    settings = fastly.Configuration(
        host=f"http://127.0.0.1:{prism.port}", api_token="made-up-token", retries=0
    )
    with fastly.ApiClient(settings) as client:
        found = CALLS[name](client)
    assert (name == "update_customer_address") == (found in (None, [], ""))
    assert [] == re.findall("Violation: .*", prism.log)
