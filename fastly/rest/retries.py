"""Whether to try again, how long to wait before it, and how much chance is in that."""

from __future__ import annotations

import random
import re
from typing import Any, cast

import urllib3

from fastly.exceptions import ApiException
from fastly.rest.boundary import FOREIGN, UNTRUSTED, root_cause

__all__ = [
    "LONGEST_PAUSE",
    "backoff",
    "jittered",
    "pause_before_retry",
    "retry_policy",
    "spend",
]

LONGEST_PAUSE = 60.0  # seconds of Retry-After that are slept through

RETRIED_STATUSES = frozenset({429, 500, 502, 503, 504})
FIRST_BACKOFF = 0.5  # seconds
LONGEST_BACKOFF = 8.0  # seconds

_CHANCE = random.SystemRandom()  # no program's seed, and no fork, makes two clients wait alike


class _Backoff(urllib3.Retry):
    """The retries of a client that was given a number: each wait is twice the one before."""

    RETRY_AFTER_STATUS_CODES = RETRIED_STATUSES

    def get_backoff_time(self) -> float:
        return jittered(backoff(len(self.history)))


def backoff(failures: int) -> float:
    """Return the seconds to wait after so many failures: 0.5, 1, 2, 4, 8 and no more."""
    return min(LONGEST_BACKOFF, FIRST_BACKOFF * 2.0 ** min(failures - 1, 9))


def jittered(seconds: float) -> float:
    """Return between half and all of it, so that clients that failed together spread out."""
    return seconds * _CHANCE.uniform(0.5, 1)


def retry_policy(retries: Any) -> urllib3.Retry:
    """Return the policy behind the ``retries`` setting: a number, or a urllib3.Retry."""
    if isinstance(retries, int):
        return _Backoff(retries, status_forcelist=RETRIED_STATUSES, allowed_methods=None)
    return cast("urllib3.Retry", retries)


def spend(policy: urllib3.Retry, error: ApiException) -> urllib3.Retry | None:
    """Decide whether to try again: the policy with one try less, or None for no more."""
    if error.status is None and not _may_pass(error.__cause__):
        return None
    try:
        if error.status is None:
            return policy.increment("GET", error.url, error=cast("Exception", error.__cause__))
        if policy.is_retry("GET", error.status, error.retry_after is not None):
            return policy.increment(
                "GET", error.url, response=urllib3.HTTPResponse(status=error.status)
            )
    except FOREIGN:  # a Retry that is switched off raises the failure itself
        pass
    return None


def _may_pass(cause: BaseException | None) -> bool:
    """Tell whether a failure may pass by itself.

    A certificate or a proxy's login stays wrong. Without a cause it was nothing that was tried:
    the client is closed.
    """
    root = root_cause(cause)
    refused_by_proxy = re.match(r"Tunnel connection failed: 4(?!08|29)", str(root))
    return not (root is None or isinstance(root, UNTRUSTED) or refused_by_proxy)


def pause_before_retry(policy: urllib3.Retry, error: ApiException) -> float:
    """Return the seconds to wait: what the API asked for, else the policy's backoff."""
    if error.retry_after is not None and policy.respect_retry_after_header:
        return min(error.retry_after, policy.retry_after_max)
    return policy.get_backoff_time()
