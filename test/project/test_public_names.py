"""What is public is what was promised, and the names of Fastly's own client stay importable."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
from pathlib import Path
from types import ModuleType

import fastly
from fastly import api, apis, model

APIS = {
    "AiRuntimeControlUsageMetricsApi",
    "BillingApi",
    "BillingInvoicesApi",
    "BillingUsageMetricsApi",
    "CustomerAddressesApi",
    "HistoricalApi",
}
EXCEPTIONS = {
    "ApiAttributeError",
    "ApiException",
    "ApiKeyError",
    "ApiTypeError",
    "ApiValueError",
    "BadRequestException",
    "ConnectionException",
    "EstimatePendingException",
    "ForbiddenException",
    "ForecastError",
    "NotFoundException",
    "OpenApiException",
    "RateLimitException",
    "ResponseException",
    "ServiceException",
    "TimeoutException",
    "UnauthorizedException",
    "UnprocessableEntityException",
}
ROWS = {"BillableUsageRow", "AiUsageRow", "InvoiceRow", "ServiceUsageRow", "UsageRow"}
ROW_FUNCTIONS = {
    *("ai_usage_rows", "billable_usage_rows", "invoice_rows", "service_usage_rows", "usage_rows"),
}
SUMS = {"cent", "exact_sum", "month_of", "tolerance"}  # exact, and by month in UTC
# What each public module offers.
PROMISED: dict[str, set[str]] = {
    "": {"ApiClient", "Configuration", "__version__", *EXCEPTIONS},
    "api_client": {"ApiClient", "AsyncResult", "LastResponse"},
    "apis": APIS,
    "configuration": {"Configuration"},
    "costs": {
        *("Allocation", "Forecast", "ForecastError", "ProductCostRow", "RegionCostRow"),
        *("ServiceCostRow", "TeamCostRow", "allocate", "forecast", "usage_type_of"),
    },
    "exceptions": EXCEPTIONS,
    "focus": {"COLUMNS", "FocusRow", "FocusVersion", "focus_columns", "focus_rows"},
    "model_utils": {"Field", "Model", "every", "field"},
    "rest": {"Headers", "RawResponse"},
    # `coupon` and `exact` are for `focus`
    "rows": ROWS | ROW_FUNCTIONS | SUMS | {"coupon", "exact", "json_schema"},
    "tables": {
        *("ai_usage_table", "billable_usage_table", "focus_table", "invoice_table"),
        *("service_usage_table", "usage_table"),
    },
    "testing": {"Account", "BillingServer", "Headers", "Request"},
}
ROOMS = {"api", "cli", "model", "models"}  # tested below, or without names of their own


def public(package: ModuleType) -> list[str]:
    """Return the names of a package's modules that have no underscore."""
    names = (module.name for module in pkgutil.iter_modules(package.__path__))
    return [name for name in names if not name.startswith("_")]


def offered(name: str) -> set[str]:
    """Return what a module of the package offers."""
    return set(importlib.import_module(f"fastly.{name}".rstrip(".")).__all__)


def test_what_is_public_is_what_was_promised() -> None:
    """Each module without an underscore was promised, and offers the names that were promised."""
    assert {*PROMISED, *ROOMS} - {""} == {*public(fastly)}
    assert {name: offered(name) for name in PROMISED} == PROMISED


def test_each_class_of_operations_has_a_module() -> None:
    """Each class of ``fastly.apis`` can be imported from the module that is named after it."""
    modules = {name: offered(f"api.{name}") for name in public(api) if name != "base"}
    assert offered("apis") == set().union(*modules.values())
    assert {name: {camel_case(name)} for name in modules} == modules


def test_each_model_has_a_module() -> None:
    """Each class of ``fastly.models`` can be imported from the module that is named after it."""
    modules = {name: offered(f"model.{name}") for name in public(model)}
    assert offered("models") == set().union(*modules.values())
    assert {name: {camel_case(name)} for name in modules} == modules


def camel_case(name: str) -> str:
    """Return the name of the class in a module."""
    return "".join(part.capitalize() for part in name.split("_"))


def test_names_of_the_official_client_are_those_of_the_machinery() -> None:
    """The paths of Fastly's own client lead to the very types that calls return."""
    from fastly import _models, _transport, api_client, model_utils, rest
    from fastly._transport.async_result import AsyncResult

    assert (rest.Headers, rest.RawResponse) == (_transport.Headers, _transport.RawResponse)
    assert api_client.AsyncResult is AsyncResult
    for name in ("Field", "Model", "every", "field"):
        assert getattr(model_utils, name) is getattr(_models, name)


OF_A_RESULT = {"_accept", "_preload_content", "_return_http_data_only", "async_req"}


def test_type_checkers_know_the_name_of_each_argument() -> None:
    """``Arguments``, with which calls of other results are checked, has every argument."""
    source = Path(fastly.__file__).parent / "_operations" / "results.py"
    classes = [
        node for node in ast.parse(source.read_text()).body if isinstance(node, ast.ClassDef)
    ]
    (arguments,) = [node for node in classes if node.name == "Arguments"]
    known = {ast.unparse(n.target) for n in arguments.body if isinstance(n, ast.AnnAssign)}
    methods = [m for name in apis.__all__ for m in vars(getattr(apis, name)).values()]
    operations = [
        m for m in methods if hasattr(m, "operation") and not m.__name__.startswith("iter")
    ]
    named = {name for m in operations for name in inspect.signature(m).parameters}
    assert named - {"self"} - OF_A_RESULT == known
