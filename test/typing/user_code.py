"""Code as users write it, with the types that checkers must see. It is checked, never run."""

from __future__ import annotations

from datetime import date, datetime

from typing_extensions import assert_type

import fastly
from fastly._transport import Headers, RawResponse
from fastly.api.ai_runtime_control_usage_metrics_api import AiRuntimeControlUsageMetricsApi
from fastly.api.billing_api import BillingApi
from fastly.api.billing_invoices_api import BillingInvoicesApi
from fastly.api.billing_usage_metrics_api import BillingUsageMetricsApi
from fastly.api.customer_addresses_api import CustomerAddressesApi
from fastly.api.historical_api import HistoricalApi
from fastly.api_client import AsyncResult
from fastly.models import (
    ArcUsageMetric,
    ArcUsageMetricsResponse,
    BillingEstimateLinesLineItems,
    BillingEstimateResponse,
    BillingRegions,
    BillingResponse,
    BillingResponseLineItem,
    BillingStatus,
    BillingTotal,
    BillingTotalExtras,
    CustomerAddress,
    EomInvoiceResponse,
    HistoricalRegionsResponse,
    HistoricalUsageAggregatedResponse,
    HistoricalUsageData,
    HistoricalUsageMonthResponse,
    HistoricalUsageService,
    HistoricalUsageServiceResponse,
    InlineResponse201,
    Invoice,
    Invoicelineitems,
    ListCustomerAddressesResponse,
    ListEomInvoicesResponse,
    MtdInvoiceResponse,
    Serviceusagemetrics,
    ServiceusagemetricsData,
    Usagemetric,
    Usagemetrics,
)
from fastly.testing import BillingServer


def results(api: BillingApi) -> None:
    """Each form of a result has its type."""
    assert_type(api.get_invoice("05", "2020"), BillingResponse)
    assert_type(api.get_invoice(month=5, year=2020), BillingResponse)
    assert_type(api.get_invoice(5, 2020, _accept="application/json"), BillingResponse)
    assert_type(api.get_invoice(5, 2020, _accept="text/csv"), str)
    assert_type(api.get_invoice(5, 2020, _accept="application/pdf"), bytes)
    assert_type(api.get_invoice(5, 2020, _request_timeout=(1, 2.5)), BillingResponse)
    assert_type(api.get_invoice_by_id("c", 5, _accept="text/csv"), str)
    assert_type(api.get_invoice_by_id("c", "i", _check_return_type=False), BillingResponse)
    assert_type(api.get_invoice_mtd("c", month="05", _wait=5), BillingEstimateResponse)


def with_status(api: BillingApi) -> None:
    """The tuple of data, status and headers is typed in each form."""
    full = api.get_invoice(5, 2020, _return_http_data_only=False)
    assert_type(full, tuple[BillingResponse, int, Headers])
    csv = api.get_invoice(5, 2020, _accept="text/csv", _return_http_data_only=False)
    assert_type(csv, tuple[str, int, Headers])
    estimate = api.get_invoice_mtd("c", _return_http_data_only=False)
    assert_type(estimate, tuple[BillingEstimateResponse, int, Headers])
    raw = api.get_invoice(5, 2020, _preload_content=False, _return_http_data_only=False)
    assert_type(raw, tuple[RawResponse, int, Headers])


def unread_and_later(api: BillingApi) -> None:
    """The unread response, and results of other threads."""
    assert_type(api.get_invoice(5, 2020, _preload_content=False), RawResponse)
    assert_type(api.get_invoice_mtd("c", _preload_content=False), RawResponse)
    assert_type(api.get_invoice(5, 2020, async_req=True), AsyncResult[BillingResponse])
    assert_type(api.get_invoice(5, 2020, async_req=True).get(timeout=5), BillingResponse)
    pdf = api.get_invoice_by_id("c", 1, _accept="application/pdf", async_req=True)
    assert_type(pdf, AsyncResult[bytes])
    raw = api.get_invoice(5, 2020, _preload_content=False, async_req=True)
    assert_type(raw, AsyncResult[RawResponse])
    full = api.get_invoice_mtd("c", async_req=True, _return_http_data_only=False)
    assert_type(full, AsyncResult[tuple[BillingEstimateResponse, int, Headers]])


def live_api(api: BillingInvoicesApi, usage: BillingUsageMetricsApi) -> None:
    """The operations of the live API are typed in each form, and so are iterators and pages."""
    assert_type(api.list_invoices(), ListEomInvoicesResponse)
    page = api.list_invoices(billing_start_date=date(2026, 1, 1), limit="5", cursor="x")
    assert_type(page, ListEomInvoicesResponse)
    assert_type(api.get_invoice_by_invoice_id(29239985), EomInvoiceResponse)
    assert_type(api.get_month_to_date_invoice(_wait=5), MtdInvoiceResponse)
    assert_type(usage.get_usage_metrics("2026-01", date(2026, 3, 1)), Usagemetrics)
    assert_type(usage.get_service_level_usage(service="x"), Serviceusagemetrics)
    later = api.list_invoices(limit=5, async_req=True)
    assert_type(later, AsyncResult[ListEomInvoicesResponse])
    full = usage.get_service_level_usage(limit=5, _return_http_data_only=False)
    assert_type(full, tuple[Serviceusagemetrics, int, Headers])
    for invoice in api.iter_invoices(limit=5, _request_timeout=5):
        assert_type(invoice, Invoice)
        assert_type(invoice.transaction_line_items, list[Invoicelineitems] | None)
    assert_type(next(api.iter_invoices().by_page()), ListEomInvoicesResponse)
    assert_type(next(usage.iter_usage_metrics("2026-01", "2026-12")), Usagemetric)
    assert_type(next(usage.iter_service_level_usage()), ServiceusagemetricsData)
    assert_type(usage.get_service_level_usage().data, ServiceusagemetricsData | None)
    assert_type(usage.get_service_level_usage().blocks, list[ServiceusagemetricsData])


def traffic(api: HistoricalApi) -> None:
    """Spans take times in all forms, and nested maps are typed."""
    start = datetime(2026, 1, 1)
    assert_type(api.get_usage(_from=start, to="now"), HistoricalUsageAggregatedResponse)
    assert_type(api.get_usage_service(_from=1767225600), HistoricalUsageServiceResponse)
    month = api.get_usage_month(year=2026, month="05", billable_units=True)
    assert_type(month, HistoricalUsageMonthResponse)
    assert_type(api.get_regions(), HistoricalRegionsResponse)
    assert_type(api.get_usage().data, dict[str, HistoricalUsageData] | None)
    assert_type(api.get_usage_service().data, dict[str, dict[str, HistoricalUsageData]] | None)
    if month.data:
        assert_type(month.data.services, dict[str, HistoricalUsageService] | None)
    assert_type(HistoricalUsageService().regions, dict[str, HistoricalUsageData | None])


def ai_usage(api: AiRuntimeControlUsageMetricsApi) -> None:
    """The export is also text, and words are those that the API knows."""
    page = api.arc_get_usage_metrics(granularity="hourly", sort="-date", limit=5)
    assert_type(page, ArcUsageMetricsResponse)
    assert_type(next(api.iter_arc_usage_metrics(_from=date(2026, 1, 1))), ArcUsageMetric)
    assert_type(api.arc_export_usage_metrics(key="x"), ArcUsageMetricsResponse)
    assert_type(api.arc_export_usage_metrics(_accept="text/csv"), str)
    later = api.arc_export_usage_metrics(_accept="text/csv", async_req=True)
    assert_type(later, AsyncResult[str])
    full = api.arc_export_usage_metrics(_accept="text/csv", _return_http_data_only=False)
    assert_type(full, tuple[str, int, Headers])
    assert_type(api.arc_export_usage_metrics(_preload_content=False), RawResponse)


def addresses(api: CustomerAddressesApi) -> None:
    """Bodies are models; an update returns nothing."""
    address = CustomerAddress(type="tax", country="US")
    assert_type(api.list_customer_addresses(), ListCustomerAddressesResponse)
    assert_type(api.create_customer_address(address), InlineResponse201)
    assert_type(
        api.create_customer_address(address, async_req=True), AsyncResult[InlineResponse201]
    )
    api.update_customer_address("tax", address)
    full = api.update_customer_address("tax", address, _return_http_data_only=False)
    assert_type(full, tuple[None, int, Headers])


def fields(invoice: BillingResponse, estimate: BillingEstimateResponse) -> None:
    """Each field has its type, None included."""
    assert_type(invoice.customer_id, str | None)
    assert_type(invoice.start_time, datetime | None)
    assert_type(invoice.status, BillingStatus | None)
    assert_type(invoice.regions, dict[str, BillingRegions] | None)
    assert_type(invoice.line_items, list[BillingResponseLineItem] | None)
    assert_type(estimate.line_items, list[BillingEstimateLinesLineItems] | None)
    if invoice.total is not None:
        assert_type(invoice.total.cost, float | None)
        assert_type(invoice.total.extras, list[BillingTotalExtras] | None)
        invoice.total.cost = 1.5


def by_hand() -> BillingTotal:
    """Models are made with typed keywords, and copies keep their class."""
    total = BillingTotal(cost=1.5, extras=[BillingTotalExtras(name="x", setup=1)])
    assert_type(BillingTotal.from_dict({"cost": 1}), BillingTotal)
    return total


def settings() -> None:
    """Settings are typed."""
    configuration = fastly.Configuration(host="https://api.fastly.com", retries=5)
    configuration.api_key["token"] = "x"
    configuration.api_key = {"token": "x"}
    configuration.timeout = 5
    configuration.timeout = (1, 2)
    configuration.proxy = None
    configuration.retries = False
    configuration.retries = None
    configuration.connection_pool_maxsize = None
    configuration.proxy_headers = None
    configuration.refresh_api_key_hook = print
    assert_type(configuration.host, str)
    assert_type(fastly.Configuration().timeout, float | tuple[float, float])
    assert_type(configuration.api_token, str | None)


def last_response(client: fastly.ApiClient) -> None:
    """The last response has the attributes of the official client's."""
    last = client.last_response
    if last is not None:
        status, _reason, _headers = last
        assert_type(status, int | None)
        assert_type(last.data, str | bytes | None)
        assert_type(last.getheader("Fastly-Request-Id"), str | None)
        assert_type(last.getheaders()["Content-Type"], str)


def job() -> float:
    """The README's job passes the type checkers as it is."""
    with BillingServer() as server, fastly.ApiClient() as api_client:
        api_client.configuration.host = server.url
        try:
            invoice = BillingApi(api_client).get_invoice("05", "2020")
        except fastly.RateLimitException as error:
            assert_type(error.retry_after, float | None)
            return 0
        except fastly.ApiException as error:
            assert_type(error.status, int | None)
            assert_type(error.body, str | bytes | None)
            return -1
        return sum(line.amount or 0 for line in invoice.line_items or [])
