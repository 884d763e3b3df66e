"""In a subinterpreter that must not have daemon threads, calls work and ``async_req`` refuses."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fastly.api.billing_invoices_api import BillingInvoicesApi
from fastly.testing import BillingServer

ROOT = Path(__file__).parent.parent.parent
CALLS = """
import fastly
from fastly.api.billing_invoices_api import BillingInvoicesApi

with fastly.ApiClient(fastly.Configuration({url!r}, api_token={token!r}, timeout=30)) as client:
    api = BillingInvoicesApi(client)
    for _ in range(2):
        try:
            api.list_invoices(async_req=True).get()
        except fastly.ApiValueError as error:
            print(error, flush=True)
    print(len(list(api.iter_invoices(limit=50))), flush=True)
"""
PROGRAM = """
import _interpreters as interpreters
number = interpreters.create("isolated")
failure = interpreters.exec(number, {calls!r})
assert failure is None, failure
interpreters.destroy(number)
"""


@pytest.mark.skipif(
    importlib.util.find_spec("_interpreters") is None,
    reason="before 3.13, subinterpreters are experimental; 3.12.1 crashes with PYTHONDEVMODE",
)
def test_calls_work_and_async_calls_are_refused(
    server: BillingServer, invoices: BillingInvoicesApi
) -> None:
    """Each async call is refused with what to do instead, and plain calls work."""
    calls = CALLS.format(url=server.url, token=server.token)
    program = PROGRAM.format(calls=calls)
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        # Coverage cannot measure a second interpreter, and says so on stderr.
        env={name: x for name, x in os.environ.items() if not name.startswith("COVERAGE_")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ("", 0) == (done.stderr, done.returncode)
    first, second, number = done.stdout.splitlines()
    assert first == second
    assert first.startswith("cannot start a thread for the call: ")
    assert first.endswith("; call it without async_req")
    assert len(list(invoices.iter_invoices(limit=50))) == int(number)
