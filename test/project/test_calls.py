"""How many functions of ours one call runs: what a reader has to follow, and what Python pays."""

from __future__ import annotations

import sys
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import fastly
from fastly.api.billing_invoices_api import BillingInvoicesApi
from fastly.testing import BillingServer

PACKAGE = str(Path(fastly.__file__).parent)
MOST = 150


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="other Pythons inline other functions")
def test_a_call_runs_few_functions() -> None:
    """A warm ``list_invoices(limit=3)`` makes at most 150 calls of functions of this package."""
    calls: Counter[str] = Counter()

    def count(frame: Any, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(PACKAGE):
            calls[frame.f_code.co_qualname] += 1

    with BillingServer(today=date(2026, 11, 28)) as server:
        configuration = fastly.Configuration(host=server.url, api_token=server.token)
        with fastly.ApiClient(configuration) as client:
            api = BillingInvoicesApi(client)
            api.list_invoices(limit=3)
            before = sys.getprofile()
            sys.setprofile(count)
            try:
                api.list_invoices(limit=3)
            finally:
                sys.setprofile(before)
    assert 50 < calls.total() <= MOST, calls.most_common(20)


def test_what_is_rare_runs_nowhere_else() -> None:
    """A call that needs no retry, no 202 and no redirect runs no function that exists for them."""
    files: set[str] = set()

    def note(frame: Any, event: str, _: object) -> None:
        if event == "call":
            files.add(frame.f_code.co_filename)

    with BillingServer() as server:
        configuration = fastly.Configuration(host=server.url, api_token=server.token)
        with fastly.ApiClient(configuration) as client:
            api = BillingInvoicesApi(client)
            api.list_invoices(limit=3)  # imports what is imported when it is used
            before = sys.getprofile()
            sys.setprofile(note)
            try:
                api.list_invoices(limit=3)
            finally:
                sys.setprofile(before)
    rare = {"retries.py", "redirects.py", "polling.py"}
    assert rare <= {path.name for path in Path(PACKAGE).rglob("*.py")}
    run = {Path(file).name for file in files if file.startswith(PACKAGE)}
    assert {"payloads.py"} == run & {"payloads.py", *rare}
