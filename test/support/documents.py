"""Requests for the CSV and PDF of an invoice, which only the retired API has."""

from __future__ import annotations

import ssl
from typing import Any

import pytest
from calls import TOKEN, api_of
from faults import Fault, FaultServer

from fastly.api.billing_api import BillingApi
from fastly.exceptions import ApiException


def document_of(
    fault: Fault, accept: Any, tls: ssl.SSLContext | None = None, **settings: Any
) -> Any:
    """Request a document from a server with a fault, and return it."""
    with FaultServer(fault, tls=tls) as server, api_of(server.url, **settings) as api:
        return BillingApi(api.api_client).get_invoice_by_id("c", "i", _accept=accept)


def refusal_of(
    fault: Fault, accept: Any, tls: ssl.SSLContext | None = None, **settings: Any
) -> ApiException:
    """Request a document from a server with a fault, and return the exception."""
    with pytest.raises(ApiException) as caught:
        document_of(fault, accept, tls, **settings)
    assert TOKEN not in str(caught.value)
    return caught.value
