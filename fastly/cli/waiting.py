"""Waiting for the month to date, which the API makes when it is requested."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from fastly._months import day_before, in_utc, month_of, this_month
from fastly._operations.polling import interval, intervals
from fastly.api.billing_invoices_api import BillingInvoicesApi
from fastly.api_client import ApiClient
from fastly.cli.arguments import Options
from fastly.exceptions import EstimatePendingException
from fastly.model.mtd_invoice_response import MtdInvoiceResponse

__all__ = ["get_month_to_date", "wait_for"]

T = TypeVar("T")

_log = logging.getLogger("fastly")


def get_month_to_date(options: Options, client: ApiClient) -> MtdInvoiceResponse:
    """Return the month to date once it has been made, and warn if it is of an earlier month.

    Raises:
        EstimatePendingException: It was not made in time.
    """
    month, api = this_month(), BillingInvoicesApi(client)  # the month can end during the request
    found = wait_for(lambda: api.get_month_to_date_invoice(_wait=0), options, client)
    start = found.billing_start_date
    # In another time zone, a month starts up to a day before it does in UTC.
    if start is not None and in_utc(start).date() < day_before(month):
        _log.warning("the month to date is still that of %s, not of %s", month_of(start), month)
    return found


def wait_for(ask: Callable[[], T], options: Options, client: ApiClient) -> T:
    """Repeat a request until its result has been made.

    The client could do that, but its time limit is for all requests together: ``--timeout`` is for
    each of them, and must not cut ``--wait``.

    Args:
        ask: Sends the request, without polling.
        options: The command line, whose ``--wait`` may be given.
        client: The client, which has the usual wait.

    Raises:
        EstimatePendingException: The result was not made in time.
    """
    wait = client.configuration.estimate_wait if options.wait is None else options.wait
    started, slept, planned = time.monotonic(), 0.0, intervals()
    while True:
        try:
            return ask()
        except EstimatePendingException as pending:
            # What was slept counts even if the clock stands still, as under freezegun.
            waited = max(time.monotonic() - started, slept)
            seconds = interval(pending.retry_after, next(planned), wait - waited)
            if seconds is None:
                pending.reason = f"Accepted, still pending after {waited:.1f} s"
                raise
        _log.info("the month to date is still being made; polling again in %.2f s", seconds)
        time.sleep(seconds)
        slept += seconds
