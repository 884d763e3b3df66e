"""Lines of code that run with either client, and what each makes of them.

::

    python fragments.py URL TOKEN < lines.json

docs/migrating.md has the lines, and what the official client and this one make of each. Python's
``-I`` option runs this file with the official client, so it imports nothing else of the project.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import fastly
from fastly.api.billing_invoices_api import BillingInvoicesApi
from fastly.api.billing_usage_metrics_api import BillingUsageMetricsApi
from fastly.api.customer_addresses_api import CustomerAddressesApi
from fastly.api.historical_api import HistoricalApi
from fastly.model.invoice import Invoice

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "migrating.md"
TABLE = re.compile(r"^\| Code \|.*\n\|[-| ]+\|\n((?:\|.*\n)+)", re.MULTILINE)


def rows() -> list[list[str]]:
    """Return the rows of the page's table: the code, both outcomes, and advice."""
    (table,) = TABLE.findall(PAGE.read_text(encoding="utf-8"))
    return [[cell.strip(" `") for cell in row.split("|")[1:5]] for row in table.splitlines()]


def outcomes(url: str, token: str, lines: list[str]) -> list[str]:
    """Return the value or the exception of each line, with a client of a server."""
    configuration = fastly.Configuration(host=url, api_key={"token": token})
    with fastly.ApiClient(configuration) as before:
        closed = BillingInvoicesApi(before)
    with fastly.ApiClient(configuration) as api_client:
        api = BillingInvoicesApi(api_client)
        names = {
            "fastly": fastly,
            "Invoice": Invoice,
            "configuration": configuration,
            "api_client": api_client,
            "api": api,
            "closed": closed,
            "usage": BillingUsageMetricsApi(api_client),
            "traffic": HistoricalApi(api_client),
            "addresses": CustomerAddressesApi(api_client),
            "page": api.list_invoices(limit="20"),
        }
        return [outcome(line, names) for line in lines]


def outcome(line: str, names: dict[str, Any]) -> str:
    """Return the value of a line, or the name of its type, or that of its exception."""
    try:
        value = eval(line, names)  # noqa: S307  # the lines are those of the page
    except Exception as error:
        return type(error).__name__
    plain = value is None or isinstance(value, (bool, float, int, str))
    return repr(value) if plain else type(value).__name__


if __name__ == "__main__":
    print(json.dumps(outcomes(*sys.argv[1:], json.load(sys.stdin))))
