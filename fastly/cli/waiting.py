"""Waiting for the month to date, which the API makes when it is requested."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from fastly._operations.polling import interval, intervals
from fastly.api_client import ApiClient
from fastly.cli.arguments import Options
from fastly.exceptions import EstimatePendingException

__all__ = ["wait_for"]

T = TypeVar("T")

_log = logging.getLogger("fastly")


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
        _log.info("the estimate is pending; polling again in %.2f s", seconds)
        time.sleep(seconds)
        slept += seconds
