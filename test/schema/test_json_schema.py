"""The JSON Schemas of models and rows: what the client returns keeps to them, whatever was sent."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import fastly
from fastly import models, rows
from fastly._models import Model
from fastly.apis import (
    AiRuntimeControlUsageMetricsApi,
    BillingApi,
    BillingInvoicesApi,
    BillingUsageMetricsApi,
    CustomerAddressesApi,
    HistoricalApi,
)
from fastly.cli.export import json_lines
from fastly.testing import BillingServer

PAGE = Path(__file__).parent.parent.parent / "docs" / "models.md"
TODAY = date(2026, 9, 10)
KINDS: dict[type, Callable[[Any], Iterable[Mapping[str, object]]]] = {
    rows.InvoiceRow: rows.invoice_rows,
    rows.UsageRow: rows.usage_rows,
    rows.ServiceUsageRow: rows.service_usage_rows,
    rows.BillableUsageRow: rows.billable_usage_rows,
    rows.AiUsageRow: rows.ai_usage_rows,
}


def errors(schema: dict[str, Any], value: object) -> list[str]:
    """Return what is wrong with a value; the format of times is checked too."""
    checker = Draft202012Validator.FORMAT_CHECKER
    assert "date-time" in checker.checkers
    validator = Draft202012Validator(schema, format_checker=checker)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]


def errors_of_model(model: Model) -> list[str]:
    """Return what is wrong with the JSON of a model."""
    return errors(type(model).json_schema(), json.loads(model.to_json()))


@pytest.fixture(name="client")
def client_fixture() -> Iterator[fastly.ApiClient]:
    """A client of a stand-in with its whole history."""
    with BillingServer(today=TODAY) as server:
        configuration = fastly.Configuration(host=server.url, api_token=server.token)
        with fastly.ApiClient(configuration) as client:
            yield client


def test_the_schemas_are_schemas() -> None:
    """The schema of each model and row is one of draft 2020-12."""
    made = [getattr(models, name).json_schema() for name in models.__all__]
    for schema in [*made, *map(rows.json_schema, KINDS)]:
        Draft202012Validator.check_schema(schema)
        assert "https://json-schema.org/draft/2020-12/schema" == schema["$schema"]


def history(client: fastly.ApiClient) -> Iterator[Model]:
    """Yield what each operation returns of the stand-in's whole history."""
    invoices, usage = BillingInvoicesApi(client), BillingUsageMetricsApi(client)
    yield from invoices.iter_invoices(limit=7).by_page()
    yield invoices.get_invoice_by_invoice_id("INV-355411")
    yield invoices.get_month_to_date_invoice()
    yield usage.get_usage_metrics("2026-07", "2026-09")
    pages = usage.iter_service_level_usage(start_month="2026-07", end_month="2026-09")
    yield from pages.by_page()
    traffic = HistoricalApi(client)
    yield traffic.get_usage()
    yield traffic.get_usage_service()
    yield traffic.get_usage_month(year=2026, month=8)
    yield traffic.get_regions()
    yield from AiRuntimeControlUsageMetricsApi(client).iter_arc_usage_metrics().by_page()
    yield CustomerAddressesApi(client).list_customer_addresses()
    yield BillingApi(client).get_invoice("05", "2020")
    yield BillingApi(client).get_invoice_mtd("StandInCustomer2019", month="09", year="2026")


def test_the_whole_history_keeps_to_the_schemas(client: fastly.ApiClient) -> None:
    """What each operation returns is what the schema of its model describes."""
    found = list(history(client))
    assert [] == [error for model in found for error in errors_of_model(model)]
    assert len({type(model) for model in found}) == 13


def test_the_rows_of_the_whole_history_keep_to_their_schemas(client: fastly.ApiClient) -> None:
    """Each kind of row is what its schema describes, as JSON lines hold it."""
    usage, traffic = BillingUsageMetricsApi(client), HistoricalApi(client)
    given: dict[type, Any] = {
        rows.InvoiceRow: BillingInvoicesApi(client).iter_invoices(),
        rows.UsageRow: usage.iter_usage_metrics("2019-01", "2026-09"),
        rows.ServiceUsageRow: usage.iter_service_level_usage(
            start_month="2026-07", end_month="2026-09"
        ),
        rows.BillableUsageRow: [
            ("2026-08", traffic.get_usage_month(year=2026, month=8, billable_units=True))
        ],
        rows.AiUsageRow: AiRuntimeControlUsageMetricsApi(client).iter_arc_usage_metrics(),
    }
    for kind, make in KINDS.items():
        schema, lines = rows.json_schema(kind), list(json_lines(make(given[kind])))
        assert lines
        assert [] == [error for line in lines for error in errors(schema, json.loads(line))]


def odd_responses() -> list[tuple[type[Model], str]]:
    """Return the responses of the table of docs/models.md that the client takes, and more."""
    kinds = {"invoice": models.Invoice, "page": models.ListEomInvoicesResponse}
    found: list[tuple[type[Model], str]] = []
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip(" `") for cell in line.strip("|").split(" | ")]
        if len(cells) == 4 and cells[1].startswith("{") and "ResponseException" not in cells[3]:
            kind = kinds.get(cells[2].partition(".")[0].partition("[")[0], models.BillingResponse)
            found.append((kind, cells[1]))
    block = '{"start_time": "2026-05-01", "details": [{"usage_units": "1.5"}, null], "more": []}'
    found += [
        (models.Serviceusagemetrics, f'{{"data": {block}}}'),
        (models.Serviceusagemetrics, f'{{"data": [{block}, null]}}'),
        (models.Serviceusagemetrics, '{"data": null}'),
        (models.Usagemetrics, '{"data": {"quantity": "9007199254740993"}}'),
        (models.HistoricalUsageService, '{"name": 5, "usa": {"requests": "7"}, "asia": null}'),
        (models.HistoricalMeta, '{"from": 1782864000}'),
    ]
    return found


@pytest.mark.parametrize(("kind", "text"), odd_responses())
def test_odd_responses_keep_to_the_schemas(kind: type[Model], text: str) -> None:
    """A response that the client reads leniently is what the schema describes."""
    model = kind.from_json(text)
    assert [] == errors_of_model(model)
    if isinstance(model, models.Invoice):
        (*lines,) = json_lines(rows.invoice_rows(model))
        schema = rows.json_schema(rows.InvoiceRow)
        assert [] == [error for line in lines for error in errors(schema, json.loads(line))]


@pytest.mark.parametrize(
    "data",
    [
        {"monthly_transaction_amount": "12.50"},
        {"invoice_id": 29239985},
        {"billing_start_date": "yesterday"},
        {"transaction_line_items": {}},
        {"transaction_line_items": [{"amount": True}]},
    ],
)
def test_what_the_client_never_returns_is_an_error(data: dict[str, object]) -> None:
    """The schema refuses other types, so what passes it has the types that a loader expects."""
    assert 1 == len(errors(models.Invoice.json_schema(), data))
