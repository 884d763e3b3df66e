"""A billing API to test against: local, with made-up invoices that add up.

    with fastly.testing.BillingServer() as server:
        configuration = fastly.Configuration(host=server.url)
        configuration.api_key["token"] = server.token

It uses the standard library alone. ``python -m fastly.testing`` runs one in the foreground.
"""

from fastly.testing.connections import Headers, Request
from fastly.testing.data import Account
from fastly.testing.server import BillingServer

__all__ = ["Account", "BillingServer", "Headers", "Request"]
