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
NEW = """
import {module} as interpreters
number = interpreters.create("isolated")
failure = interpreters.exec(number, {calls!r})
assert failure is None, failure
interpreters.destroy(number)
"""
OLD = """
import {module} as interpreters
number = interpreters.create(isolated=True)
interpreters.run_string(number, {calls!r})
interpreters.destroy(number)
"""


def test_calls_work_and_async_calls_are_refused(
    server: BillingServer, invoices: BillingInvoicesApi
) -> None:
    """Each async call is refused with what to do instead, and plain calls work."""
    is_new = sys.version_info >= (3, 13)
    module = "_interpreters" if is_new else "_xxsubinterpreters"
    if importlib.util.find_spec(module) is None:
        pytest.skip("this Python has no subinterpreters")
    calls = CALLS.format(url=server.url, token=server.token)
    program = (NEW if is_new else OLD).format(module=module, calls=calls)
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
