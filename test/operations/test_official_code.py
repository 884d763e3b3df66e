"""Code in the form that the official client's pages show runs here unchanged."""

from __future__ import annotations

import contextlib
import io
import runpy
from pathlib import Path

import fragments
import pytest

from fastly.testing import BillingServer

HEAD = """
import time
import fastly
from pprint import pprint

configuration = fastly.Configuration(
    host = HOST
)
configuration.api_key['token'] = TOKEN
"""
LIVE = {
    "by id": """
from fastly.api import billing_invoices_api
from fastly.model.eom_invoice_response import EomInvoiceResponse
from fastly.model.error import Error

with fastly.ApiClient(configuration) as api_client:
    api_instance = billing_invoices_api.BillingInvoicesApi(api_client)
    invoice_id = 24000927 # int |
    try:
        api_response = api_instance.get_invoice_by_invoice_id(invoice_id)
        pprint(api_response)
    except fastly.ApiException as e:
        print("Exception: %s" % e)
""",
    "list": """
from fastly.api import billing_invoices_api
from fastly.model.list_eom_invoices_response import ListEomInvoicesResponse
from fastly.model.error import Error

with fastly.ApiClient(configuration) as api_client:
    api_instance = billing_invoices_api.BillingInvoicesApi(api_client)
    try:
        api_response = api_instance.list_invoices(
            billing_start_date="2023-01-01", billing_end_date="2023-03-31", limit="2", cursor="")
        pprint(api_response)
        while api_response.meta.next_cursor:
            api_response = api_instance.list_invoices(
                billing_start_date="2023-01-01", billing_end_date="2023-03-31", limit="2",
                cursor=api_response.meta.next_cursor)
            pprint(api_response)
    except fastly.ApiException as e:
        print("Exception: %s" % e)
""",
    "month to date": """
from fastly.api import billing_invoices_api
from fastly.model.mtd_invoice_response import MtdInvoiceResponse
from fastly.model.error import Error
from fastly.model.async_response import AsyncResponse

with fastly.ApiClient(configuration) as api_client:
    api_instance = billing_invoices_api.BillingInvoicesApi(api_client)
    try:
        api_response = api_instance.get_month_to_date_invoice()
        pprint(api_response)
    except fastly.ApiException as e:
        print("Exception: %s" % e)
""",
    "usage": """
from fastly.api import billing_usage_metrics_api
from fastly.model.usagemetric import Usagemetric
from fastly.model.serviceusagemetrics import Serviceusagemetrics
from fastly.model.error import Error

with fastly.ApiClient(configuration) as api_client:
    api_instance = billing_usage_metrics_api.BillingUsageMetricsApi(api_client)
    try:
        pprint(api_instance.get_usage_metrics("2023-01", "2023-03"))
        api_response = api_instance.get_service_level_usage(
            product_id="cdn_usage", usage_type_name="North America Requests",
            start_month="2023-01", end_month="2023-01", limit="1000", cursor="")
        pprint(api_response)
    except fastly.ApiException as e:
        print("Exception: %s" % e)
""",
}
USAGE = {
    "usage": """
from fastly.api import historical_api
from fastly.model.historical_usage_aggregated_response import HistoricalUsageAggregatedResponse

with fastly.ApiClient(configuration) as api_client:
    api_instance = historical_api.HistoricalApi(api_client)
    _from = "1 month ago" # str | (optional)
    to = "now" # str | (optional)
    try:
        pprint(api_instance.get_usage(_from=_from, to=to))
    except fastly.ApiException as e:
        print("Exception: %s" % e)
""",
    "by month": """
from fastly.api import historical_api
from fastly.model.historical_usage_month_response import HistoricalUsageMonthResponse

with fastly.ApiClient(configuration) as api_client:
    api_instance = historical_api.HistoricalApi(api_client)
    try:
        pprint(api_instance.get_usage_month(year="2026", month="05", billable_units=True))
    except fastly.ApiException as e:
        print("Exception: %s" % e)
""",
    "AI": """
from dateutil.parser import parse as dateutil_parser
from fastly.api import ai_runtime_control_usage_metrics_api
from fastly.model.arc_usage_metrics_response import ArcUsageMetricsResponse

with fastly.ApiClient(configuration) as api_client:
    api_instance = ai_runtime_control_usage_metrics_api.AiRuntimeControlUsageMetricsApi(api_client)
    _from = dateutil_parser('2026-05-01T00:00:00.00Z') # datetime | (optional)
    to = dateutil_parser('2026-05-02T00:00:00.00Z') # datetime | (optional)
    try:
        pprint(api_instance.arc_get_usage_metrics(
            key="vk_9RmLd7", _from=_from, to=to, granularity="daily", sort="date"))
    except fastly.ApiException as e:
        print("Exception: %s" % e)
""",
    "addresses": """
from fastly.api import customer_addresses_api
from fastly.model.customer_address import CustomerAddress
from fastly.model.inline_response201 import InlineResponse201

with fastly.ApiClient(configuration) as api_client:
    api_instance = customer_addresses_api.CustomerAddressesApi(api_client)
    customer_address = CustomerAddress(type="tax", address_1="1 Made-up Street", country="NZ")
    try:
        api_response = api_instance.create_customer_address(customer_address)
        api_instance.update_customer_address("tax", customer_address)
        pprint(api_response)
    except fastly.ApiException as e:
        print("Exception: %s" % e)
""",
}
RETIRED = """
from fastly.api import billing_api
from fastly.model.billing_response import BillingResponse

with fastly.ApiClient(configuration) as api_client:
    api_instance = billing_api.BillingApi(api_client)
    try:
        pprint(api_instance.get_invoice("05", "2020"))
        pprint(api_instance.get_invoice_mtd(CUSTOMER, month="05", year="2020"))
    except fastly.ApiException as e:
        print("Exception: %s" % e)
"""


def output(code: str, server: BillingServer, folder: Path) -> str:
    """Run code as a program, and return what it prints."""
    server.estimate_pending = 0
    names = {"HOST": server.url, "TOKEN": server.token, "CUSTOMER": server.customer_id}
    program, printed = folder / "program.py", io.StringIO()
    program.write_text(HEAD + code, encoding="utf-8")
    with contextlib.redirect_stdout(printed):
        runpy.run_path(str(program), names)
    return printed.getvalue()


@pytest.mark.parametrize(("name", "kind"), [
    ("by id", "EomInvoiceResponse("),
    ("list", "ListEomInvoicesResponse("),
    ("month to date", "MtdInvoiceResponse("),
    ("usage", "Usagemetrics("),
])  # fmt: skip
def test_code_for_the_live_api(server: BillingServer, tmp_path: Path, name: str, kind: str) -> None:
    """Each operation of the live API is called as the official client's pages show it."""
    printed = output(LIVE[name], server, tmp_path)
    assert printed.startswith(kind)
    assert "Exception" not in printed


@pytest.mark.parametrize(("name", "kind"), [
    ("usage", "HistoricalUsageAggregatedResponse("),
    ("by month", "HistoricalUsageMonthResponse("),
    ("AI", "ArcUsageMetricsResponse("),
    ("addresses", "InlineResponse201("),
])  # fmt: skip
def test_code_for_usage(server: BillingServer, tmp_path: Path, name: str, kind: str) -> None:
    """Traffic, AI usage and addresses are called as the official client's pages show it."""
    printed = output(USAGE[name], server, tmp_path)
    assert printed.startswith(kind)
    assert "Exception" not in printed


def test_code_for_the_retired_api(server: BillingServer, tmp_path: Path) -> None:
    """Code for the retired API runs against a host that still serves it."""
    printed = output(RETIRED, server, tmp_path)
    assert printed.startswith("BillingResponse(")
    assert "BillingEstimateResponse(" in printed


def test_the_retired_api_where_it_is_gone(tmp_path: Path) -> None:
    """Where the retired API is gone, the message says what replaces it."""
    with BillingServer(v2=False) as server:
        printed = output(RETIRED, server, tmp_path)
    assert "Fastly retired this API in 2025: use BillingInvoicesApi instead" in printed


def test_lines_that_differ(server: BillingServer) -> None:
    """Each line of docs/migrating.md that differs has the outcome that the page says."""
    rows = fragments.rows()
    found = fragments.outcomes(server.url, server.token, [row[0] for row in rows])
    assert [row[2] for row in rows] == found
    assert all(row[1] != row[2] for row in rows)
