"""Models: declaration, lenient and strict reading, no loss of data, and Python protocols."""

from __future__ import annotations

import copy
import gc
import importlib
import json
import logging
import pickle
import pprint
import re
import tracemalloc
from datetime import datetime, time, timedelta, timezone
from enum import Enum
from functools import cache
from inspect import signature
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import fastly
import fastly.models
from fastly._models import Model
from fastly.api.billing_invoices_api import BillingInvoicesApi
from fastly.model.invoice import Invoice
from fastly.model.invoicelineitems import Invoicelineitems
from fastly.models import (
    Billing,
    BillingBandwidth,
    BillingEstimateLinesLineItems,
    BillingEstimateResponse,
    BillingRegions,
    BillingResponse,
    BillingResponseLineItem,
    BillingStatus,
    BillingTotal,
    BillingTotalExtras,
    EomInvoiceResponse,
    ListEomInvoicesResponse,
    MtdInvoiceResponse,
    Serviceusagemetrics,
    Usagemetrics,
)
from fastly.testing import BillingServer

MODELS = [getattr(fastly.models, name) for name in fastly.models.__all__]
UTC = timezone.utc

INVOICE: dict[str, Any] = {
    "customer_id": "x4xCwxxJxGCx123Rx5xTx",
    "start_time": "2020-05-01T00:00:00Z",
    "end_time": "2020-05-31T23:59:59Z",
    "invoice_id": "7SlAESxcJ2zxHOV4gQ9y9X",
    "vendor_state": "up",
    "status": {"status": "Paid", "sent_at": "2020-06-01T12:00:00Z"},
    "total": {
        "bandwidth": 1420.1,
        "bandwidth_units": "GB",
        "cost": 310.61,
        "extras": [
            {"name": "SSL add on", "recurring": 100.0},
            {"name": "setup", "setup": 50, "recurring": 0},
        ],
        "plan_minimum": 50,
        "requests": 228374832,
        "terms": "Net15",
    },
    "regions": {
        "usa": {
            "cost": 52.6,
            "bandwidth": {"total": 420.1, "tiers": [{"name": "First 10TB", "total": 50.41}]},
        },
        "get": {"cost": 3, "requests": {"total": 128374832, "tiers": []}},
    },
    "line_items": [
        {"id": "4LEwMxDDxBJE000001", "line_number": 1, "amount": 50.41, "deleted_at": None},
        {"id": "4LEwMxDDxBJE000002", "line_number": 2, "amount": 0, "created_at": "2020-06-01"},
    ],
}


# --- declaration ------------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS)
def test_each_model_has_a_module_of_its_own(model: type[Model]) -> None:
    """Each model's class is in a module with its name in snake case."""
    module = re.sub(r"(?<!^)(?=[A-Z])", "_", model.__name__).lower()
    assert model is getattr(importlib.import_module(f"fastly.model.{module}"), model.__name__)


def annotations(models: list[type[Model]]) -> dict[str, dict[str, str]]:
    """Return the type of each field of some models, without the None that all accept."""
    return {
        model.__name__: {
            name: declared.annotation.removesuffix(" | None")
            for name, declared in model.__fields__.items()
        }
        for model in models
    }


def test_the_documented_fields_of_the_live_api() -> None:
    """The models of version 3 have every documented field, with its type."""
    text, number, whole, time = "str", "float", "int", "datetime"
    names = "description product_name product_group product_line region usage_type"
    line = dict.fromkeys(names.split(), text)
    line |= {"amount": number, "rate": number, "units": number}
    month_to_date = {"customer_id": text, "invoice_id": text, "monthly_transaction_amount": number}
    month_to_date |= {"billing_start_date": time, "billing_end_date": time}
    invoice = month_to_date | {"transaction_line_items": "list[Invoicelineitems]"}
    invoice |= dict.fromkeys(["statement_number", "currency_code", "payment_status"], text)
    invoice |= {"invoice_posted_on": time}
    usage = "month usage_type name region unit product_id last_updated_at"
    block = dict.fromkeys(["customer_id", "usage_type", "unit"], text)
    block |= {"start_time": time, "end_time": time, "meta": "Metadata"}
    ai_usage = "date usage_type virtual_key_id virtual_key_name primary_provider provider"
    ai_usage += " provider_connection_id model"
    address = "type address_1 address_2 locality region country postal_code"
    historical = {"status": text, "meta": "HistoricalMeta", "msg": text}
    by_region = "dict[str, HistoricalUsageData]"
    expected: dict[str, dict[str, str]] = {
        "ArcUsageMetric": dict.fromkeys(ai_usage.split(), text) | {"quantity": whole},
        "ArcUsageMetricsMeta": {"sort": text, "total": whole, "next_cursor": text, "limit": whole},
        "ArcUsageMetricsResponse": {"data": "list[ArcUsageMetric]", "meta": "ArcUsageMetricsMeta"},
        "AsyncResponse": {"title": text, "status": text},
        "CustomerAddress": dict.fromkeys(address.split(), text),
        "EomInvoiceResponse": invoice,
        "Error": dict.fromkeys(["type", "title", "code", "status"], text),
        "GetServiceLevelUsageResponse": {"data": "ServiceusagemetricsData"},
        "GetServiceLevelUsageTypesResponse": {"data": "list[Serviceusagetype]"},
        "Historical": historical,
        "HistoricalMeta": dict.fromkeys(["to", "_from", "by", "region", "datacenter"], text),
        "HistoricalRegionsResponse": historical | {"data": "list[str]"},
        "HistoricalUsageAggregatedResponse": historical | {"data": by_region},
        "HistoricalUsageData": dict.fromkeys(["bandwidth", "requests", "compute_requests"], number),
        "HistoricalUsageMonthResponse": historical | {"data": "HistoricalUsageMonthResponseData"},
        "HistoricalUsageMonthResponseData": {
            "customer_id": text,
            "services": "dict[str, HistoricalUsageService]",
            "total": by_region,
        },
        "HistoricalUsageService": {"name": text},
        "HistoricalUsageServiceResponse": historical | {"data": f"dict[str, {by_region}]"},
        "InlineResponse201": {"id": text},
        "Invoice": invoice,
        "Invoicelineitems": line | {"credit_coupon_code": text},
        "ListCustomerAddressesResponse": {"data": "list[CustomerAddress]"},
        "ListEomInvoicesResponse": {"data": "list[Invoice]", "meta": "Metadata"},
        "Metadata": {"next_cursor": text, "sort": text, "limit": whole, "total": whole},
        "MtdInvoiceResponse": month_to_date | {"transaction_line_items": "list[Mtdlineitems]"},
        "Mtdlineitems": line,
        "Serviceusagemetric": dict.fromkeys(["customer_id", "service_id", "service_name"], text)
        | {"usage_units": number},
        "Serviceusagemetrics": {"data": "ServiceusagemetricsData"},
        "ServiceusagemetricsData": block | {"details": "list[Serviceusagemetric]"},
        "Serviceusagetype": {"product_id": text, "name": text},
        "Serviceusagetypes": {"data": "list[Serviceusagetype]"},
        "Usagemetric": dict.fromkeys(usage.split(), text)
        | {"quantity": number, "raw_quantity": number},
        "Usagemetrics": {"data": "list[Usagemetric]"},
    }
    live = [model for model in MODELS if not model.__name__.startswith("Billing")]
    assert expected == annotations(live)


def test_the_documented_fields_of_the_retired_api() -> None:
    """The models of version 2 have every documented field, with its type."""
    text, number, whole, time = "str", "float", "int", "datetime"
    costs = "bandwidth_cost cost cost_before_discount extras_cost incurred_cost requests_cost"
    bill = {
        "customer_id": text,
        "invoice_id": text,
        "vendor_state": text,
        "start_time": time,
        "end_time": time,
        "status": "BillingStatus",
        "total": "BillingTotal",
        "regions": "dict[str, BillingRegions]",
    }
    line = dict.fromkeys(["id", "aria_invoice_id", "client_service_id", "credit_coupon_code"], text)
    line |= dict.fromkeys(["description", "plan_name", "service_name", "usage_type_cd"], text)
    line |= dict.fromkeys(["amount", "rate_per_unit", "units"], number)
    line |= dict.fromkeys(["line_number", "plan_no", "rate_schedule_no", "service_no"], whole)
    line |= dict.fromkeys(["rate_schedule_tier_no", "usage_type_no"], whole)
    line |= dict.fromkeys(["created_at", "updated_at", "deleted_at"], time)
    estimate = dict.fromkeys(["description", "service_type"], text)
    estimate |= dict.fromkeys(["client_service_id", "client_plan_id"], text)
    estimate |= {"amount": number, "per_unit_cost": number, "units": number}
    estimate |= {"plan_no": whole, "service_no": whole}
    total = dict.fromkeys(costs.split(), number)
    total |= dict.fromkeys(["bandwidth", "discount", "overage", "plan_minimum", "requests"], number)
    total |= dict.fromkeys(["percentile", "percentile_cost", "commit_shortfall"], number)
    total |= {"discount_amount": number, "extras": "list[BillingTotalExtras]"}
    total |= dict.fromkeys(["bandwidth_units", "plan_code", "plan_name", "terms"], text)
    tier = {"name": text, "units": number, "price": number}
    tier |= {"discounted_price": number, "total": number}
    expected: dict[str, dict[str, str]] = {
        "Billing": bill,
        "BillingResponse": bill | {"line_items": "list[BillingResponseLineItem]"},
        "BillingEstimateResponse": bill | {"line_items": "list[BillingEstimateLinesLineItems]"},
        "BillingStatus": {"status": text, "sent_at": time},
        "BillingTotal": total,
        "BillingTotalExtras": {"name": text, "setup": number, "recurring": number},
        "BillingRegions": {"cost": number}
        | dict.fromkeys(["bandwidth", "requests", "percentile"], "BillingBandwidth"),
        "BillingBandwidth": {"total": number, "tiers": "list[BillingBandwidthTiers]"},
        "BillingBandwidthTiers": tier,
        "BillingResponseLineItem": line,
        "BillingEstimateLinesLineItems": estimate,
    }
    retired = [model for model in MODELS if model.__name__.startswith("Billing")]
    assert expected == annotations(retired)


@pytest.mark.parametrize("model", MODELS)
def test_every_field_is_documented(model: type[Model]) -> None:
    """help() shows the meaning and unit of each field, and every amount has a currency."""
    for name, declared in model.__fields__.items():
        assert declared.meaning.endswith(".")
        assert declared is getattr(model, name)
        assert declared.meaning in (declared.__doc__ or "")
        if re.search("cost|price|amount|^rate$", name):
            assert re.search("USD|currency", declared.unit)


def test_the_constructor_has_a_signature() -> None:
    """Completion and help() show each field as a keyword of the constructor."""
    parameters = signature(BillingTotalExtras).parameters
    assert ["name", "setup", "recurring"] == list(parameters)
    assert parameters["setup"].annotation == "float | None"
    assert parameters["setup"].default is None


# --- lenient and strict -----------------------------------------------------------------------

BIG = 2**53 + 1

LENIENT: list[tuple[type[Model], str, Any, Any]] = [
    (BillingTotal, "cost", None, None),
    (BillingTotal, "cost", 1.5, 1.5),
    (BillingTotal, "cost", 50, 50.0),
    (BillingTotal, "cost", "50.410000", 50.41),
    (BillingTotal, "cost", "-50", -50.0),
    (BillingTotal, "cost", "+1.5e2", 150.0),
    (BillingTotal, "cost", "7.", 7.0),
    (BillingTotal, "cost", BIG, BIG),
    (BillingTotal, "cost", 2**60, float(2**60)),
    (BillingTotal, "cost", str(BIG), BIG),
    (BillingTotal, "cost", -BIG, -BIG),
    (BillingTotal, "cost", 2**53, float(2**53)),
    (BillingTotal, "cost", -(2**53), -float(2**53)),
    (BillingResponseLineItem, "line_number", 7, 7),
    (BillingResponseLineItem, "line_number", 10126213.0, 10126213),
    (BillingResponseLineItem, "line_number", "10126213", 10126213),
    (BillingResponseLineItem, "line_number", "10126213.000", 10126213),
    (BillingResponseLineItem, "line_number", str(10**30 + 1), 10**30 + 1),
    (BillingResponseLineItem, "line_number", -BIG, -BIG),
    (Billing, "invoice_id", 4183280, "4183280"),
    (Billing, "invoice_id", 4183280.0, "4183280"),
    (Billing, "invoice_id", 10**30 + 1, str(10**30 + 1)),
    (Billing, "invoice_id", float(2**53), str(2**53)),
    (Billing, "invoice_id", "", ""),
    (BillingStatus, "status", "A new word", "A new word"),
    (Billing, "status", {}, BillingStatus()),
    (Billing, "status", None, None),
    (Billing, "regions", {}, {}),
    (Billing, "regions", {"usa": None}, {"usa": None}),
    (Billing, "regions", {"usa": {"cost": 1}}, {"usa": BillingRegions(cost=1.0)}),
    (BillingTotal, "extras", [], []),
    (BillingTotal, "extras", [None], [None]),
    (BillingTotal, "extras", {"value": []}, []),
    (BillingTotal, "extras", {"value": None}, None),
    (BillingTotal, "extras", {"value": [{"setup": "5"}]}, [BillingTotalExtras(setup=5.0)]),
    (BillingStatus, "sent_at", "2020-05-01T02:03:04Z", datetime(2020, 5, 1, 2, 3, 4, 0, UTC)),
    (BillingStatus, "sent_at", "2020-05-01T02:03:04", datetime(2020, 5, 1, 2, 3, 4, 0, UTC)),
    (BillingStatus, "sent_at", "2020-05-01 02:03", datetime(2020, 5, 1, 2, 3, 0, 0, UTC)),
    (BillingStatus, "sent_at", "2020-05-01", datetime(2020, 5, 1, 0, 0, 0, 0, UTC)),
    (BillingStatus, "sent_at", "20200501T020304Z", datetime(2020, 5, 1, 2, 3, 4, 0, UTC)),
    (BillingStatus, "sent_at", "2020-05-01T24:00:00Z", datetime(2020, 5, 2, 0, 0, 0, 0, UTC)),
    (BillingStatus, "sent_at", "2020-W18-5", datetime(2020, 5, 1, 0, 0, 0, 0, UTC)),
    (BillingStatus, "sent_at", "2020-05", datetime(2020, 5, 1, 0, 0, 0, 0, UTC)),
    (BillingStatus, "sent_at", "2020-05-01t02:03:04z", datetime(2020, 5, 1, 2, 3, 4, 0, UTC)),
    (BillingStatus, "sent_at", "2016-12-31T23:59:60Z", datetime(2017, 1, 1, 0, 0, 0, 0, UTC)),
    (BillingStatus, "sent_at", "20161231T235960.5Z", datetime(2017, 1, 1, 0, 0, 0, 500000, UTC)),
    (
        BillingStatus,
        "sent_at",
        "2020-05-01T02+05",
        datetime(2020, 5, 1, 2, 0, 0, 0, timezone(timedelta(hours=5))),
    ),
    (
        BillingStatus,
        "sent_at",
        "2020-05-01T02:03:04.5+02:00",
        datetime(2020, 5, 1, 2, 3, 4, 500000, timezone(timedelta(hours=2))),
    ),
    (
        BillingStatus,
        "sent_at",
        "2020-05-01T02:03:04,123456789-0330",
        datetime(2020, 5, 1, 2, 3, 4, 123456, timezone(-timedelta(hours=3.5))),
    ),
    (
        BillingStatus,
        "sent_at",
        datetime(2020, 5, 1),
        datetime(2020, 5, 1, 0, 0, 0, 0, UTC),
    ),
]


@pytest.mark.parametrize(("model", "name", "value", "expected"), LENIENT)
def test_lenient_reading(model: type[Model], name: str, value: Any, expected: Any) -> None:
    """A known form of a value is read as the field's type, however the model is created."""
    assigned = model()
    setattr(assigned, name, copy.deepcopy(value))
    read = model.from_response({name: copy.deepcopy(value)}, check=True, discard_unknown=False)
    for made in (assigned, read, model.from_dict({name: value}), model(**{name: value})):
        assert (expected, type(expected)) == (made[name], type(made[name]))


STRICT: list[tuple[type[Model], str, Any, str]] = [
    (BillingTotal, "cost", {}, "cost: expected a number, got dict"),
    (BillingTotal, "cost", [1], "cost: expected a number, got list"),
    (BillingTotal, "cost", True, "cost: expected a number, got True"),
    (BillingTotal, "cost", "", "cost: expected a number, got ''"),
    (BillingTotal, "cost", "fifty", "cost: expected a number, got 'fifty'"),
    (BillingTotal, "cost", "1_000", "cost: expected a number"),
    (BillingTotal, "cost", " 5", "cost: expected a number"),
    (BillingTotal, "cost", "\u0665", "cost: expected a number"),
    (BillingTotal, "cost", "nan", "cost: expected a number"),
    (BillingTotal, "cost", "1e999", "cost: expected a number"),
    (BillingTotal, "cost", "9" * 5000, "cost: expected a number"),
    (BillingTotal, "cost", 10**400, "cost: expected a number, got int"),
    (BillingTotal, "cost", -(10**400), "cost: expected a number, got int"),
    (BillingTotal, "cost", "9" * 400, "cost: expected a number"),
    (Billing, "invoice_id", float(2**53 + 2), "invoice_id: expected text, got 9007199254740994.0"),
    (Billing, "invoice_id", -float(2**53 + 2), "invoice_id: expected text"),
    (BillingTotal, "cost", float("nan"), "cost: expected a number, got NaN or infinity"),
    (BillingTotal, "cost", float("-inf"), "cost: expected a number, got NaN or infinity"),
    (BillingTotal, "cost", object(), "cost: expected a number, got object"),
    (BillingResponseLineItem, "line_number", 1.5, "line_number: expected a whole number, got 1.5"),
    (BillingResponseLineItem, "line_number", "1.5", "line_number: expected a whole number"),
    (BillingResponseLineItem, "line_number", "1e3", "line_number: expected a whole number"),
    (BillingResponseLineItem, "line_number", False, "line_number: expected a whole number"),
    (BillingResponseLineItem, "line_number", float("inf"), "line_number: expected a whole"),
    (BillingResponseLineItem, "line_number", float("nan"), "line_number: expected a whole"),
    (Billing, "invoice_id", True, "invoice_id: expected text, got True"),
    (Billing, "invoice_id", 1.5, "invoice_id: expected text, got 1.5"),
    (Billing, "invoice_id", {}, "invoice_id: expected text, got dict"),
    (Billing, "status", "Paid", "status: expected an object, got 'Paid'"),
    (Billing, "status", [], "status: expected an object, got list"),
    (Billing, "regions", [], "regions: expected an object, got list"),
    (Billing, "regions", {"usa": 5}, "regions.usa: expected an object, got 5"),
    (Billing, "regions", {"a b": 5}, r"regions\['a b'\]: expected an object, got 5"),
    (BillingTotal, "extras", {}, "extras: expected a list, got dict"),
    (BillingTotal, "extras", {"value": [], "more": 1}, "extras: expected a list, got dict"),
    (BillingTotal, "extras", "x" * 500, "extras: expected a list, got 'x+'...$"),
    (BillingTotal, "extras", [5], r"extras\[0\]: expected an object, got 5"),
    (BillingTotal, "extras", [{}, {"setup": []}], r"extras\[1\].setup: expected a number"),
    (BillingStatus, "sent_at", "yesterday", "sent_at: expected an ISO 8601 time"),
    (BillingStatus, "sent_at", "", "sent_at: expected an ISO 8601 time"),
    (BillingStatus, "sent_at", "2020-13-01T00:00:00Z", "sent_at: expected an ISO 8601 time"),
    (BillingStatus, "sent_at", 1588291200, "sent_at: expected an ISO 8601 time, got 1588291200"),
    (BillingStatus, "sent_at", "2020-05-01T10.5Z", "sent_at: expected an ISO 8601 time"),
    (BillingStatus, "sent_at", "2020-05-01T23:59.5Z", "sent_at: expected an ISO 8601 time"),
    (BillingStatus, "sent_at", "2020-05-01+05:00", "sent_at: expected an ISO 8601 time"),
    (BillingStatus, "sent_at", "2020-05-01-05:00", "sent_at: expected an ISO 8601 time"),
    (BillingStatus, "sent_at", "2020-05-01Z", "sent_at: expected an ISO 8601 time"),
    (BillingStatus, "sent_at", "2020-05-01x10:00:00", "sent_at: expected an ISO 8601 time"),
    (BillingStatus, "sent_at", "2020-05-01_10", "sent_at: expected an ISO 8601 time"),
    (BillingStatus, "sent_at", "2020-05-01T00:00:00ZZ", "sent_at: expected an ISO 8601 time"),
    (BillingStatus, "sent_at", "2020-05-01T00:00:61Z", "sent_at: expected an ISO 8601 time"),
    (BillingStatus, "sent_at", "9999-12-31T23:59:60Z", "sent_at: expected an ISO 8601 time"),
    (BillingStatus, "sent_at", time(1, 2), "sent_at: expected an ISO 8601 time, got time"),
    (BillingStatus, "sent_at", [], "sent_at: expected an ISO 8601 time"),
    (BillingStatus, "sent_at", {}, "sent_at: expected an ISO 8601 time"),
]


@pytest.mark.parametrize(("model", "name", "value", "message"), STRICT)
def test_strict_reading(model: type[Model], name: str, value: Any, message: str) -> None:
    """A value that would break the promised type raises an ApiTypeError with its path."""
    with pytest.raises(fastly.ApiTypeError, match=f"^{message}") as caught:
        model(**{name: value})
    assert (caught.value.path_to_item or ())[0] == name
    with pytest.raises(fastly.ApiTypeError, match=f"^{message}"):
        setattr(model(), name, value)
    with pytest.raises(fastly.ApiTypeError, match=f"^{message}"):
        model.from_dict({name: value})
    with pytest.raises(fastly.ApiTypeError, match=f"^{message}"):
        model.from_response({name: value}, check=True, discard_unknown=False)


def test_the_path_leads_from_the_outermost_object() -> None:
    """The path of a nested wrong value is an index expression."""
    wrong = {"line_items": [{}, {"amount": "x"}]}
    with pytest.raises(fastly.ApiTypeError, match=r"^line_items\[1\]\.amount: ") as caught:
        BillingResponse.from_dict(wrong)
    assert ("line_items", 1, "amount") == caught.value.path_to_item


def test_unchecked_reading_keeps_and_logs(caplog: pytest.LogCaptureFixture) -> None:
    """Without checks, a value of the wrong type is kept as sent, and logged with its path."""
    data = {"total": {"cost": {"a": [1]}}, "line_items": [{"amount": "x"}], "start_time": 5}
    with caplog.at_level(logging.WARNING, "fastly"):
        model = BillingResponse.from_response(
            copy.deepcopy(data), check=False, discard_unknown=False
        )
    assert data == model.to_dict()
    assert sorted(record.getMessage() for record in caplog.records) == [
        "kept a value of type dict at total.cost; expected a number",
        "kept a value of type int at start_time; expected an ISO 8601 time",
        "kept a value of type str at line_items[0].amount; expected a number",
    ]


def test_subclasses_of_plain_types_become_plain() -> None:
    """Subclasses of numbers and text, such as numpy's, are read as the plain type."""

    class Float(float):
        pass

    class Text(str):
        __slots__ = ()

    class Word(str, Enum):
        PAID = "Paid"

    made = BillingTotal(cost=Float(1.5), requests=Text("7"), plan_name=Text("Eco"), terms=Word.PAID)
    names = ("cost", "requests", "plan_name", "terms")
    assert [float, float, str, str] == [type(made[name]) for name in names]
    assert [1.5, 7.0, "Eco", "Paid"] == [made[name] for name in names]


# --- unknown fields ---------------------------------------------------------------------------

CLASHES = (
    "get",
    "items",
    "to_dict",
    "__class__",
    "copy",
    "_unknown",
    "__dict__",
    "additional_properties",
)


def test_unknown_fields_are_kept_at_every_depth() -> None:
    """Undocumented fields are read by attribute, index and get, and are listed."""
    data = {"new": {"a": [1]}, "total": {"cost": 1.5, "newer": 2}}
    model: Any = BillingResponse.from_dict(data)
    total = model.total
    assert total is not None
    assert ({"a": [1]}, 2) == (model["new"], total.get("newer"))
    assert model.new == {"a": [1]}
    assert ({"new": {"a": [1]}}, {"newer": 2}) == (
        model.additional_properties,
        total.additional_properties,
    )
    assert data == model.to_dict()
    assert "new" in model
    assert "new" in dir(model)


def test_unknown_fields_can_be_dropped() -> None:
    """discard_unknown drops undocumented fields at every depth."""
    data = {"new": 1, "total": {"cost": 1.5, "newer": 2}, "line_items": [{"newest": 3}]}
    model = BillingResponse.from_response(data, check=True, discard_unknown=True)
    assert {"total": {"cost": 1.5}, "line_items": [{}]} == model.to_dict()


@pytest.mark.parametrize("name", CLASHES)
def test_a_field_called_like_a_method_breaks_nothing(name: str) -> None:
    """A field named like a method is read by index and to_dict, and the method still works."""
    model = BillingTotal.from_dict({name: {"x": 1}, "cost": 1.5})
    assert {"x": 1} == model[name] == model.get(name)
    assert {name: {"x": 1}, "cost": 1.5} == model.to_dict()
    assert name in model
    assert copy.deepcopy(model) == model == pickle.loads(pickle.dumps(model))


def test_changing_what_was_given_or_taken_changes_no_model() -> None:
    """A model shares no container with the data that it was made from or returned."""
    data: Any = {"new": {"a": [1]}, "total": {"extras": [{"name": "x"}]}}
    before = copy.deepcopy(data)
    model = BillingResponse.from_dict(data)
    data["new"]["a"].append(2)
    model.to_dict()["new"]["a"].append(3)
    model.to_dict()["total"]["extras"][0]["name"] = "y"
    model.additional_properties["new"]["a"].append(4)
    assert before == model.to_dict()


def test_very_deep_data_is_refused() -> None:
    """Data nested too deep raises ApiValueError, not RecursionError."""
    deep: dict[str, Any] = {}
    for _ in range(5000):
        deep = {"x": deep}
    with pytest.raises(fastly.ApiValueError, match="100 levels deep"):
        BillingTotal.from_dict(deep)
    with pytest.raises(fastly.ApiValueError, match="100 levels deep"):
        BillingTotal.from_response(deep, check=True, discard_unknown=False)


def test_many_unknown_fields_cost_little() -> None:
    """A hundred thousand undocumented fields take linear time."""
    data = {f"field_{i}": i for i in range(100_000)}
    assert 100_000 == len(BillingTotal.from_dict(data).additional_properties)


def test_the_cache_of_times_is_small(server: BillingServer, api: BillingInvoicesApi) -> None:
    """Times with very long fractions are not cached, leap seconds included."""
    for number in range(8):
        fraction = f"{number}" * 500_000
        server.enqueue(body={"billing_start_date": f"2026-01-01T00:00:60.{fraction}Z"})
    tracemalloc.start()
    try:
        for _ in range(8):
            assert datetime(2026, 1, 1, 0, 1, tzinfo=UTC) == whole_second(api)
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] < 3_000_000
    finally:
        tracemalloc.stop()


def whole_second(api: BillingInvoicesApi) -> datetime:
    """Return the start of an invoice without its fraction of a second."""
    start = api.get_invoice_by_invoice_id("i").billing_start_date
    assert start is not None
    return start.replace(microsecond=0)


# --- nothing lost -----------------------------------------------------------------------------

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
SCALARS = {
    "float | None": st.floats(allow_nan=False, allow_infinity=False)
    | st.integers(-(2**70), 2**70)
    | st.decimals(-(10**9), 10**9, places=6).map(str),
    "int | None": st.integers() | st.integers().map(str) | st.integers(-(2**53), 2**53).map(float),
    "str | None": st.text() | st.integers(),
    "datetime | None": st.datetimes(
        timezones=st.sampled_from(
            [UTC, timezone(timedelta(hours=-7)), timezone(timedelta(hours=5.5))]
        )
    ).map(datetime.isoformat),
}
UNKNOWN = st.dictionaries(st.sampled_from(CLASHES) | st.text(), PLAIN, max_size=3)


@cache
def answers(model: type[Model]) -> st.SearchStrategy[dict[str, Any]]:
    """Generate any object that the API might send for a model."""
    known = {
        name: st.none() | values(declared.annotation) for name, declared in model.__fields__.items()
    }
    strange = UNKNOWN.map(lambda d: {k: v for k, v in d.items() if k not in model.__fields__})
    needed = {name: known.pop(name) for name in sorted(model.__needed__)[:1]}
    return st.builds(lambda a, b: a | b, strange, st.fixed_dictionaries(needed, optional=known))


def values(annotation: str) -> st.SearchStrategy[Any]:
    """Generate any value that the API might send for a field."""
    if annotation in SCALARS:
        return SCALARS[annotation]
    inner = answers(getattr(fastly.models, re.findall(r"[A-Z]\w+", annotation)[0]))
    if annotation.startswith("list"):
        items = st.lists(inner, max_size=2)
        return items | items.map(lambda x: {"value": x})
    return st.dictionaries(st.text(), inner, max_size=2) if annotation.startswith("dict") else inner


def same(sent: Any, told: Any) -> bool:
    """Return whether two values are the same, except for the documented conversions."""
    if isinstance(sent, dict) and isinstance(told, list):
        return same([sent], told) or same(sent.get("value"), told)
    if isinstance(sent, dict):
        return sent.keys() == told.keys() and all(same(sent[k], told[k]) for k in sent)
    if isinstance(sent, list):
        return len(sent) == len(told) and all(map(same, sent, told))
    return sent == told or same_scalar(sent, told)


def same_scalar(sent: Any, told: Any) -> bool:
    """Compare a number with its text, an ID with its number, a time with its other form."""
    if isinstance(sent, str) and isinstance(told, (int, float)):
        return float(sent) == told or int(sent) == told
    if isinstance(sent, int) and isinstance(told, str):
        return str(sent) == told
    return datetime.fromisoformat(sent) == datetime.fromisoformat(told.replace("Z", "+00:00"))


RESULTS = (
    *(BillingResponse, BillingEstimateResponse, EomInvoiceResponse, ListEomInvoicesResponse),
    *(MtdInvoiceResponse, Serviceusagemetrics, Usagemetrics),
)


@pytest.mark.parametrize("model", RESULTS)
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_nothing_of_a_response_is_lost(model: type[Model], data: st.DataObject) -> None:
    """from_dict and to_dict are inverse for any response, and do not change it."""
    check_nothing_lost(model, data.draw(answers(model)))


def check_nothing_lost(model: type[Model], data: dict[str, Any]) -> None:
    """Assert that a model has all data of its response, through copies, pickles and JSON."""
    before = copy.deepcopy(data)
    made = model.from_dict(data)
    assert before == data
    plain = made.to_dict()
    assert same(data, plain)
    again = model.from_dict(plain)
    assert again == made
    assert plain == again.to_dict() == json.loads(made.to_json())
    assert made == copy.deepcopy(made) == pickle.loads(pickle.dumps(made))
    read = model.from_response(copy.deepcopy(data), check=True, discard_unknown=False)
    assert made == read
    assert repr(made)


# --- habits -----------------------------------------------------------------------------------


def test_reading_by_attribute_index_and_get() -> None:
    """A missing documented field reads as None, is not ``in`` the model, and has no index."""
    total: Any = BillingTotal(cost=1.5, plan_name=None)
    assert (1.5, None, None) == (total.cost, total.discount, total.plan_name)
    assert (True, True, False) == ("cost" in total, "plan_name" in total, "discount" in total)
    assert (1.5, None, 0) == (total["cost"], total.get("plan_name", 0), total.get("discount", 0))
    with pytest.raises(fastly.ApiKeyError, match="'discount' is missing in this BillingTotal"):
        total["discount"]
    with pytest.raises(
        fastly.ApiAttributeError, match="BillingTotal has no field 'csot'; its fields are "
    ):
        print(total.csot)
    assert hasattr(total, "csot") is False


def test_assignment() -> None:
    """Assignment converts and checks; an unknown name is refused with what to do instead."""
    total: Any = BillingTotal()
    total.cost = "2.5"
    total.extras = [{"name": "x"}]
    total["discount"] = 0
    total["new"] = [1]
    assert (2.5, [BillingTotalExtras(name="x")], 0.0) == (total.cost, total.extras, total.discount)
    total.new = [2]
    assert {"new": [2]} == total.additional_properties
    with pytest.raises(
        fastly.ApiAttributeError, match=r"has no field 'csot'.*cost.*model\['csot'\]"
    ):
        total.csot = 1
    with pytest.raises(fastly.ApiAttributeError, match="'csot'"):
        type(total)(csot=1)
    with pytest.raises(fastly.ApiTypeError, match="name of a field must be text"):
        total[5] = 1
    del total.cost
    assert "cost" not in total


def test_from_dict_takes_mappings_of_text() -> None:
    """from_dict accepts only a mapping whose keys are text."""
    with pytest.raises(fastly.ApiTypeError, match="takes a mapping, got list"):
        BillingTotal.from_dict([])
    with pytest.raises(fastly.ApiTypeError, match="name of a field must be text, got 5"):
        BillingTotal.from_dict({"x": {5: 1}})


def test_a_model_is_no_sequence() -> None:
    """Iterating over a model raises at once."""
    for function in (iter, list, dict):
        with pytest.raises(TypeError, match="not iterable"):
            function(BillingTotal(cost=1))


def test_equality_and_hash() -> None:
    """Models with the same class and fields are equal, and models are unhashable."""
    assert BillingTotal(cost=1) == BillingTotal(cost=1.0)
    assert BillingTotal(cost=1) != BillingTotal(cost=2)
    assert BillingTotal() != BillingTotal(cost=None)
    assert BillingTotal.from_dict({"x": 1}) != BillingTotal()
    assert Billing() != BillingResponse()
    assert BillingTotal() != {}
    with pytest.raises(TypeError, match="unhashable"):
        hash(BillingTotal())


def test_copies_are_independent() -> None:
    """A shallow copy shares its parts, and a deep copy shares nothing."""
    model = BillingResponse.from_dict(INVOICE | {"new": []})
    shallow, deep = copy.copy(model), copy.deepcopy(model)
    shallow.customer_id = "other"
    assert model.total is not None
    model.total.cost = 1
    assert ("x4xCwxxJxGCx123Rx5xTx", 1.0) == (model.customer_id, shallow.to_dict()["total"]["cost"])
    assert 310.61 == deep.to_dict()["total"]["cost"]


def test_json_and_text() -> None:
    """to_json and to_str contain what to_dict returns, with characters unescaped."""
    status = BillingStatus(status="bezahlt für Mai", sent_at="2020-06-01T12:00:00+02:00")
    expected = {"status": "bezahlt für Mai", "sent_at": "2020-06-01T12:00:00+02:00"}
    assert expected == status.to_dict() == json.loads(status.to_json())
    assert "für" in status.to_json()
    assert '{\n  "status": "bezahlt für Mai",' == status.to_str()[:32]


def test_repr_is_readable_and_short() -> None:
    """The repr and pprint fit the width of a terminal, and shorten long lists."""
    items = [{"id": f"{i:018}", "amount": i / 7, "created_at": "2020-06-01"} for i in range(5000)]
    model = BillingResponse.from_dict(INVOICE | {"line_items": items, "new": "x" * 5000})
    text = repr(model)
    assert text == pprint.pformat(model)
    assert max(map(len, text.splitlines())) <= 80 + 200
    assert len(text) < 3000
    assert "... and 4997 more" in text
    assert "created_at=2020-06-01T00:00:00Z" in text
    assert "'get': BillingRegions( cost=3.0" in " ".join(text.split())
    assert "BillingTotalExtras(name='setup', setup=50.0, recurring=0.0)" == repr(
        BillingTotalExtras(name="setup", setup=50, recurring=0)
    )
    assert "BillingTotal()" == repr(BillingTotal())


def test_vars_dir_and_help_are_useful() -> None:
    """vars() shows the fields that are present, dir() lists all, and help() explains them."""
    import pydoc

    total = BillingTotal(cost=1.5)
    assert {"cost": 1.5} == vars(total)
    assert {"cost", "discount", "to_dict"} <= set(dir(total))
    page = pydoc.plain(pydoc.render_doc(BillingTotal))
    assert "Final amount to be paid. [USD]" in page
    assert "cost = float | None" in page


def test_estimate_lines_are_another_class() -> None:
    """The lines of an estimate have their own class."""
    estimate = BillingEstimateResponse.from_dict({"line_items": [{"per_unit_cost": "0.1"}]})
    assert [BillingEstimateLinesLineItems(per_unit_cost=0.1)] == estimate.line_items
    assert isinstance(estimate, Billing)
    assert BillingBandwidth().tiers is None


@pytest.mark.parametrize(
    "value",
    [object(), b"x", {1}, float("nan"), float("inf"), -float("inf"), 10**400, datetime.now()],
)
@pytest.mark.parametrize("wrap", [lambda x: x, lambda x: [x], lambda x: {"y": [x]}])
def test_an_unknown_field_holds_plain_data(value: Any, wrap: Any) -> None:
    """An undocumented field refuses what JSON cannot represent, at any depth."""
    with pytest.raises(fastly.ApiTypeError, match=r"^x: expected plain data with finite numbers"):
        BillingTotal.from_dict({"x": wrap(value)})
    with pytest.raises(fastly.ApiTypeError, match=r"expected plain data with finite numbers, got "):
        BillingTotal()["x"] = wrap(value)


def test_what_an_unknown_field_cannot_hold_is_shown() -> None:
    """The message about a number that JSON cannot represent shows it."""
    with pytest.raises(fastly.ApiTypeError, match=r"got NaN or infinity$"):
        BillingTotal()["x"] = float("nan")


def test_a_model_cannot_hold_itself() -> None:
    """A model in an undocumented field of itself is refused."""
    total = BillingTotal()
    with pytest.raises(fastly.ApiTypeError, match="finite numbers, got BillingTotal"):
        total["me"] = total


def test_json_is_text_that_can_be_written() -> None:
    """A lone surrogate, which JSON may hold, is escaped in a model's JSON."""
    data = {"vendor_state": "\ud83d", "\udc00": "é\ud83d"}
    model = Billing.from_dict(data)
    for text in (model.to_json(), model.to_str()):
        assert data == json.loads(text.encode().decode())
    assert '{"vendor_state": "\\ud83d", "\\udc00": "é\\ud83d"}' == model.to_json()


def test_a_name_cannot_forge_a_repr() -> None:
    """The repr quotes an undocumented name that is not an identifier."""
    model = BillingTotal.from_dict({"plain": 1, "a\x1b\nb": 2, "x=1), BillingTotal(cost": 3})
    expected = r"BillingTotal(plain=1, 'a\x1b\nb'=2, 'x=1), BillingTotal(cost'=3)"
    assert expected == repr(model)


def test_a_notebook_shows_a_table() -> None:
    """In a notebook, a model is a table of its fields, with all text escaped."""
    status = BillingStatus.from_dict({"status": "<script>\u202e&", "new": {"a": ["x" * 300]}})
    rows = [f'<th style="text-align: left">{name}</th>' for name in ("status", "new")]
    cells = ["&lt;script&gt; &amp;", "{ &#x27;a&#x27;: [ &#x27;" + "x" * 190 + "…"]
    expected = [
        "<table>",
        '<tr><th style="text-align: left">BillingStatus</th><th></th></tr>',
        *(
            f'<tr>{row}<td style="text-align: left">{cell}</td></tr>'
            for row, cell in zip(rows, cells, strict=True)
        ),
        "</table>",
    ]
    assert expected == status._repr_html_().splitlines()
    assert ["status", "new"] == status._ipython_key_completions_()


def test_a_notebook_shows_a_page_of_invoices() -> None:
    """Lists and maps of models are tables of the fields that are used, cut after ten rows."""
    lines = [{"amount": 1}, {"amount": 2.5}]
    invoice = {"invoice_id": "INV-1", "statement_number": "", "monthly_transaction_amount": "3.5"}
    items = [None, *[invoice | {"transaction_line_items": lines}] * 1011]
    html = ListEomInvoicesResponse.from_dict({"data": items, "meta": {"limit": 5}})._repr_html_()
    assert 9 == html.count(">INV-1<")  # the first item is null
    for part in (
        '<tr><th></th><th style="text-align: left">invoice_id</th>',
        '<td style="text-align: right">3.5</td><td style="text-align: left">2 items</td>',
        '<tr><td colspan="4">… 1,002 more</td></tr>',
        '<th style="text-align: left">Metadata</th>',
    ):
        assert part in html
    assert "statement_number" not in html
    regions = BillingResponse.from_dict(INVOICE)._repr_html_()
    assert (
        '<tr><th style="text-align: left">usa</th><td style="text-align: right">52.6</td>'
        in regions
    )


def test_an_echoed_token_is_masked_in_a_notebook(
    server: BillingServer, client: fastly.ApiClient
) -> None:
    """A token that a server echoes in a field is masked there too."""
    server.enqueue(body={"invoice_id": "INV-1", "currency_code": f"key {server.token}"})
    html = BillingInvoicesApi(client).get_invoice_by_invoice_id("INV-1")._repr_html_()
    assert ("key ***" in html, server.token in html) == (True, False)


@pytest.mark.parametrize("seconds", [30, -30, 3600, 0])
def test_every_offset_survives(seconds: int) -> None:
    """Every time can be written and read back, even with seconds in its offset."""
    sent_at = datetime(2020, 5, 1, tzinfo=timezone(timedelta(seconds=seconds)))
    model = BillingStatus(sent_at=sent_at)
    assert model == BillingStatus.from_dict(model.to_dict())
    assert model.to_dict()["sent_at"].endswith("Z") is (seconds == 0)


def test_what_was_read_can_be_read_again() -> None:
    """The deepest data that a response may hold can be read back from to_dict."""
    deep: Any = 1
    for _ in range(99):
        deep = [deep]
    answer = {
        "line_items": [{"z": deep}],
        "regions": {"usa": {"bandwidth": {"tiers": [{"z": deep}]}}},
    }
    read = BillingResponse.from_response(copy.deepcopy(answer), check=True, discard_unknown=False)
    assert read == BillingResponse.from_dict(read.to_dict())
    assert answer == read.to_dict()


def test_fields_are_given_by_name() -> None:
    """A positional value is refused with an example of a name."""
    total: Any = BillingTotal
    with pytest.raises(fastly.ApiTypeError, match=r"^BillingTotal takes its fields by name"):
        total(1.5)
    with pytest.raises(fastly.ApiAttributeError, match="no field 'self'"):
        total(self=5)


def test_a_misspelt_field_is_suggested() -> None:
    """The message about a misspelt field suggests the right one, in reading and writing."""
    invoice: Any = BillingResponse()
    with pytest.raises(fastly.ApiAttributeError, match=r"; did you mean 'total'\?$"):
        print(invoice.totl)
    with pytest.raises(fastly.ApiAttributeError, match=r"; did you mean 'line_items'\?$"):
        invoice.lineitems = []
    with pytest.raises(fastly.ApiAttributeError, match=r"vendor_state, line_items$"):
        print(invoice.zzz)


def test_a_wrong_value_of_an_unknown_field_has_its_path() -> None:
    """The message about an unusable value of an undocumented field has its path."""
    with pytest.raises(fastly.ApiTypeError, match=r"^total.new: expected plain data") as caught:
        BillingResponse.from_dict({"total": {"new": float("inf")}})
    assert ("total", "new") == caught.value.path_to_item
    deep: Any = []
    for _ in range(200):
        deep = [deep]
    with pytest.raises(fastly.ApiValueError, match=r"^new: the data is nested more than 100"):
        BillingResponse.from_response({"new": deep}, check=True, discard_unknown=False)


def test_an_unchecked_unknown_field_is_kept() -> None:
    """Without checks, an undocumented field keeps an unusable value too."""
    data = {"new": [float("inf")], "total": {"cost": 1.0}}
    model = BillingResponse.from_response(data, check=False, discard_unknown=False)
    assert {"new": [float("inf")], "total": {"cost": 1.0}} == model.to_dict()


@pytest.mark.parametrize("innermost", [[], {}])
def test_repr_of_what_is_nested_deep(innermost: Any) -> None:
    """The repr shows empty containers at any depth."""
    deep = innermost
    for _ in range(90):
        deep = [deep]
    assert str(innermost) in repr(BillingResponse.from_dict({"x": deep}))


def test_many_objects_of_which_some_differ() -> None:
    """In a long list, objects that differ from the first one are read one by one."""
    lines: list[Any] = [{"description": "x", "amount": 1.5, "units": 2.0} for _ in range(50)]
    lines[7:11] = [None, {}, {"description": 5, "amount": "2.50", "units": None}, {"new": 1}]
    invoice = Invoice.from_dict({"transaction_line_items": lines})
    read = invoice.transaction_line_items
    assert (None, {}) == (read[7], read[8].to_dict())
    assert {"description": "5", "amount": 2.5, "units": None} == read[9].to_dict()
    assert (1, 1.5, 50) == (read[10].new, read[49].amount, len(read))
    assert {Invoicelineitems, type(None)} == set(map(type, read))


@pytest.mark.parametrize("count", [1, 50])
@pytest.mark.parametrize("first", [0, 0.5])
def test_whole_numbers_become_floats_if_these_hold_them(count: int, first: float) -> None:
    """A 0, as the API sends it for what a plan includes, is a float, in long lists too."""
    lines = [{"description": "x", "units": first, "rate": 2.0} for _ in range(count)]
    lines += [{"description": "x", "units": x, "rate": 2} for x in (2**53, 2**53 + 1)]
    read = Invoice.from_dict({"transaction_line_items": lines}).transaction_line_items
    assert [first] * count + [2**53, 2**53 + 1] == [line.units for line in read]
    assert [float] * (count + 1) + [int] == [type(line.units) for line in read]
    assert {float} == {type(line.rate) for line in read}


def test_a_flag_is_not_a_number_among_many() -> None:
    """A true in place of a number is refused in a long list, with its place."""
    lines: list[Any] = [{"description": "x", "amount": 1} for _ in range(50)]
    lines[30]["amount"] = True
    with pytest.raises(fastly.ApiTypeError, match=r"transaction_line_items\[30\]\.amount"):
        Invoice.from_dict({"transaction_line_items": lines})


@pytest.mark.parametrize("amount", [float("inf"), float("nan")])
def test_a_number_that_is_not_finite_is_found_among_many(amount: float) -> None:
    """One infinite number in a long list is refused, with its place."""
    lines: list[Any] = [{"description": "x", "amount": 1.5} for _ in range(50)]
    lines[30]["amount"] = amount
    with pytest.raises(fastly.ApiTypeError, match=r"transaction_line_items\[30\]\.amount"):
        Invoice.from_dict({"transaction_line_items": lines})
