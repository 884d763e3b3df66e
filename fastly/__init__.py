"""A client for Fastly's billing API: invoices, the month to date and usage.

::

    import fastly
    from fastly.api.billing_invoices_api import BillingInvoicesApi

    with fastly.ApiClient() as api_client:  # the token comes from FASTLY_API_TOKEN
        api = BillingInvoicesApi(api_client)
        for invoice in api.iter_invoices(billing_start_date="2026-01-01"):
            print(invoice.invoice_id, invoice.monthly_transaction_amount, invoice.currency_code)

- ``fastly.apis``: ``BillingInvoicesApi`` and ``BillingUsageMetricsApi``, and the retired
  ``BillingApi``
- ``fastly.models``: the classes of their results
- ``fastly.exceptions``: what can go wrong
- ``fastly.testing``: a local server for tests and first steps
"""

from __future__ import annotations

import importlib as _importlib
from types import ModuleType as _ModuleType
from typing import TYPE_CHECKING

from fastly._version import __version__
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
    NotFoundException,
    OpenApiException,
    RateLimitException,
    ResponseException,
    ServiceException,
    TimeoutException,
    UnauthorizedException,
    UnprocessableEntityException,
)

if TYPE_CHECKING:
    from fastly import api as api
    from fastly import apis as apis
    from fastly import model as model
    from fastly import models as models
    from fastly import testing as testing

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

_IMPORTED_WHEN_USED = ("api", "apis", "model", "models", "testing")


if not TYPE_CHECKING:  # a type checker would take any name for an attribute

    def __getattr__(name: str) -> _ModuleType:
        """Import ``fastly.apis`` and its like when first used, to keep the import cheap."""
        if name in _IMPORTED_WHEN_USED:
            return _importlib.import_module(f"fastly.{name}")
        raise AttributeError(f"module 'fastly' has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *_IMPORTED_WHEN_USED})
