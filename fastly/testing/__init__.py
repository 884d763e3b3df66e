"""A local billing API to test against, with made-up invoices that add up.

::

    with fastly.testing.BillingServer() as server:
        configuration = fastly.Configuration(host=server.url, api_token=server.token)

It needs only the standard library. ``python -m fastly.testing`` runs a server in the foreground. In
pytest, the fixture ``fastly_billing_server`` is one.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastly.testing.account import Account
    from fastly.testing.http import Headers, Request
    from fastly.testing.server import BillingServer

__all__ = ["Account", "BillingServer", "Headers", "Request"]

_MODULES = {"Account": "account", "BillingServer": "server", "Headers": "http", "Request": "http"}


def __getattr__(name: str) -> Any:
    # Not imported above: pytest imports this package for its plugin, whether a test uses it or not.
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
