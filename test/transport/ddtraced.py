"""Fails under ``ddtrace-run``: ``ddtraced.py URL``.

Exception Replay records an error that has left a span. The program ends with its input, so that
there is time to send what was recorded.
"""

from __future__ import annotations

import contextlib
import sys
import time

from ddtrace.trace import tracer

import fastly
from fastly.api.billing_invoices_api import BillingInvoicesApi


@tracer.wrap("work")
def work(api: BillingInvoicesApi) -> None:
    """Fail, as a program of users does."""
    api.get_invoice_by_invoice_id("i", _request_timeout=20)


# The token is in the environment: a local variable of this file would be recorded.
configuration = fastly.Configuration(host=sys.argv[1], retries=0)
with fastly.ApiClient(configuration) as client:
    for _ in range(2):  # at the first failure, Exception Replay may not be ready yet
        with contextlib.suppress(fastly.ApiException):
            work(BillingInvoicesApi(client))
        time.sleep(1.1)  # it records at most one error a second
sys.stdin.read()
