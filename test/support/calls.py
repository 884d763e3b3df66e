"""Calls to a server that misbehaves, and how they fail."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from typing import Any

import pytest
import urllib3
from faults import JSON, Fault, FaultServer

import fastly
from fastly.api.billing_invoices_api import BillingInvoicesApi
from fastly.exceptions import ApiException

TOKEN = "made-up-token-6ae1"


SLACK = 10.0  # seconds, for other work on the machine; what must not happen would take longer


SHORT = 1.0  # seconds; a busy machine can take a third of one to connect


MIB = 1024 * 1024


AT_ONCE = {"Retry-After": "0"}
AGAIN = urllib3.Retry(1)
SAME_HEADERS = {"Content-Type": JSON}

# Windows starts processes without forking.
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")


@contextlib.contextmanager
def api_of(url: str, **settings: Any) -> Iterator[BillingInvoicesApi]:
    """Return the API at a URL, without retries unless the settings say otherwise."""
    settings = {"retries": 0, "api_key": {"token": TOKEN}, **settings}
    configuration = fastly.Configuration(host=url, **settings)
    with fastly.ApiClient(configuration) as client:
        yield BillingInvoicesApi(client)


def ask(url: str, options: dict[str, Any] | None = None, **settings: Any) -> Any:
    """Request the invoice "i"."""
    with api_of(url, **settings) as api:
        return api.get_invoice_by_invoice_id("i", **(options or {}))


def failure(url: str, options: dict[str, Any] | None = None, **settings: Any) -> ApiException:
    """Request the invoice "i", and return the exception."""
    with pytest.raises(ApiException) as caught:
        ask(url, options, **settings)
    assert TOKEN not in str(caught.value)
    return caught.value


def failure_of(
    *script: Fault, options: dict[str, Any] | None = None, **settings: Any
) -> ApiException:
    """Send a request to a server that follows a script, and return the exception."""
    with FaultServer(*script) as server:
        return failure(server.url, options, **settings)


def answer_of(*script: Fault, options: dict[str, Any] | None = None, **settings: Any) -> Any:
    """Send a request to a server that follows a script, and return the result."""
    with FaultServer(*script) as server:
        return ask(server.url, options, **settings)


@contextlib.contextmanager
def lasting(least: float = 0.0) -> Iterator[None]:
    """Assert that a block takes at least so many seconds, and not much longer."""
    started = time.monotonic()
    yield
    spent = time.monotonic() - started
    assert least <= spent < least + SLACK
