"""A client for Fastly's billing API: invoices, the month to date and usage.

::

    import fastly
    from fastly.api.billing_invoices_api import BillingInvoicesApi

    with fastly.ApiClient() as api_client:  # the token comes from FASTLY_API_TOKEN
        api = BillingInvoicesApi(api_client)
        for invoice in api.iter_invoices(billing_start_date="2026-01-01"):
            print(invoice.invoice_id, invoice.monthly_transaction_amount, invoice.currency_code)

- ``fastly.apis``: ``BillingInvoicesApi``, ``BillingUsageMetricsApi``, ``HistoricalApi``,
  ``AiRuntimeControlUsageMetricsApi`` and ``CustomerAddressesApi``, and the retired ``BillingApi``
- ``fastly.models``: the classes of their results
- ``fastly.rows``, ``fastly.tables``, ``fastly.focus``: their data for files and data frames
- ``fastly.costs``: what each service cost, and a forecast of the month
- ``fastly.exceptions``: what can go wrong
- ``fastly.testing``: a local server for tests and first steps
"""

from __future__ import annotations

import importlib as _importlib

from fastly._version import __version__

TYPE_CHECKING: bool = False  # importing typing takes longer
if TYPE_CHECKING:
    from fastly import api as api
    from fastly import api_client as api_client
    from fastly import apis as apis
    from fastly import configuration as configuration
    from fastly import costs as costs
    from fastly import exceptions as exceptions
    from fastly import focus as focus
    from fastly import model as model
    from fastly import models as models
    from fastly import rows as rows
    from fastly import tables as tables
    from fastly import testing as testing
    from fastly.api_client import ApiClient
    from fastly.configuration import Configuration
    from fastly.exceptions import (
        ApiAttributeError,
        ApiException,
        ApiKeyError,
        ApiTypeError,
        ApiValueError,
        BadRequestException,
        ConnectionException,
        EstimatePendingException,
        ForbiddenException,
        ForecastError,
        NotFoundException,
        OpenApiException,
        RateLimitException,
        ResponseException,
        ServiceException,
        TimeoutException,
        UnauthorizedException,
        UnprocessableEntityException,
    )

__all__ = [
    "ApiAttributeError",
    "ApiClient",
    "ApiException",
    "ApiKeyError",
    "ApiTypeError",
    "ApiValueError",
    "BadRequestException",
    "Configuration",
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
    "__version__",
]

# Imported when first used: the client takes ten times as long as Python takes to start.
_MODULES = (
    *("api", "api_client", "apis", "configuration", "costs", "exceptions", "focus", "model"),
    *("models", "rows", "tables", "testing"),
)
_HOMES = {"ApiClient": "fastly.api_client", "Configuration": "fastly.configuration"}


if not TYPE_CHECKING:  # a type checker would take any name for an attribute

    def __getattr__(name: str) -> object:
        """Import ``fastly.apis``, ``fastly.ApiClient`` and their like when they are first used."""
        if name in _MODULES:
            return _importlib.import_module(f"fastly.{name}")
        if name not in __all__:
            raise AttributeError(f"module 'fastly' has no attribute {name!r}")
        home = _importlib.import_module(_HOMES.get(name, "fastly.exceptions"))
        globals()[name] = value = getattr(home, name)  # so that this runs once for each name
        return value

    def __dir__() -> list[str]:
        """Return what is public, for completion, and what Python itself gives a module."""
        own = (name for name in globals() if name.startswith("__"))
        return sorted({*own, *__all__, *_MODULES})
