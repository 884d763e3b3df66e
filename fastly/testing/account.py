"""The stand-in's account: its ledger, and the JSON that each API returns for it."""

from __future__ import annotations

from typing import Any

from fastly.testing import invoices
from fastly.testing.ledger import CUSTOMER_ID, Ledger
from fastly.testing.v2 import endpoints as v2

__all__ = ["CUSTOMER_ID", "Account"]


class Account(Ledger):
    """A customer with a bill for every month from its creation (2019-03) to the current one.

    Args:
        customer_id: The customer's ID: letters, digits, ``_`` and ``-``. Each customer has figures
            of its own.
        today: The account's current date. Default: the real date in UTC, at each call.

    Raises:
        TypeError: `customer_id` is not text, or `today` is not a date.
        ValueError: `customer_id` has other characters, or `today` is before the account's
            creation or after 9998-12.
    """

    def invoice(self, year: int, month: int) -> dict[str, Any]:
        """Return the JSON of a month's v2 invoice.

        Raises:
            LookupError: The account has no such month.
        """
        return v2.invoice(self, year, month)

    def estimate(self, year: int, month: int) -> dict[str, Any]:
        """Return the JSON of a month's v2 estimate; its amounts are the invoice's.

        Raises:
            LookupError: The account has no such month.
        """
        return v2.estimate(self, year, month)

    def v3_invoice(self, year: int, month: int) -> dict[str, Any]:
        """Return the JSON of a month's v3 invoice.

        Raises:
            LookupError: The account has no such month, or it is still in progress.
        """
        return invoices.invoice(self, year, month)

    def v3_month_to_date(self) -> dict[str, Any]:
        """Return the JSON of the current month's v3 invoice to date."""
        return invoices.month_to_date(self)
