"""Whether to retry, and how long to wait first: the backoff and its jitter."""

from __future__ import annotations

import random
import re
from typing import Any, cast

import urllib3
from urllib3 import exceptions as foreign

from fastly._transport.boundary import FOREIGN, UNTRUSTED, root_cause
from fastly.exceptions import ApiException

__all__ = [
    "LONGEST_RETRY_AFTER",
    "backoff",
    "jittered",
    "next_policy",
    "retry_policy",
    "seconds_before_retry",
]

LONGEST_RETRY_AFTER = 60.0  # seconds; the error for a longer one is raised at once

RETRIED_STATUSES = frozenset({429, 500, 502, 503, 504})
FIRST_BACKOFF = 0.5  # seconds
LONGEST_BACKOFF = 8.0  # seconds

_LASTING = (*UNTRUSTED, foreign.ClosedPoolError, TypeError, AttributeError, LookupError)
_CHANCE = random.SystemRandom()  # neither a program's seed nor a fork makes two clients wait alike


class _Backoff(urllib3.Retry):
    """The policy for a number of retries: each backoff is twice the previous one."""

    RETRY_AFTER_STATUS_CODES = RETRIED_STATUSES

    def get_backoff_time(self) -> float:
        return jittered(backoff(len(self.history)))


def backoff(failures: int) -> float:
    """Return the backoff in seconds after a number of failures: 0.5, 1, 2, 4, and at most 8."""
    return min(LONGEST_BACKOFF, FIRST_BACKOFF * 2.0 ** min(failures - 1, 9))


def jittered(seconds: float) -> float:
    """Return between half and all of it, so that clients that fail together spread out."""
    return seconds * _CHANCE.uniform(0.5, 1)


def retry_policy(retries: Any) -> urllib3.Retry:
    """Return the policy behind the ``retries`` setting: a number, or a urllib3.Retry."""
    if isinstance(retries, int):
        return _Backoff(retries, status_forcelist=RETRIED_STATUSES, allowed_methods=None)
    return cast("urllib3.Retry", retries)


def next_policy(
    policy: urllib3.Retry, error: ApiException, method: str = "GET"
) -> urllib3.Retry | None:
    """Return the policy with one retry less, or None if the failure is not to be retried."""
    if error.status is None and not _may_pass(error.__cause__):
        return None
    try:
        if error.status is None:
            return policy.increment(method, error.url, error=cast("Exception", error.__cause__))
        if policy.is_retry(method, error.status, error.retry_after is not None):
            return policy.increment(
                method, error.url, response=urllib3.HTTPResponse(status=error.status)
            )
    except FOREIGN:  # a Retry that is switched off raises the failure itself
        pass
    return None


def _may_pass(cause: BaseException | None) -> bool:
    """Return whether a failure may be temporary.

    A bad certificate, a wrong proxy login, a bug in a program and a closed pool are permanent.
    """
    root = root_cause(cause)
    refused_by_proxy = re.match(r"Tunnel connection failed: 4(?!08|29)", str(root))
    return not (isinstance(root, _LASTING) or refused_by_proxy)


def seconds_before_retry(policy: urllib3.Retry, error: ApiException, left: float) -> float:
    """Return the seconds to wait: the backoff, or ``Retry-After`` plus up to one backoff.

    Clients that all get the same ``Retry-After`` would otherwise return together, and get it again.

    Args:
        policy: The policy for the next attempt.
        error: The failure.
        left: Seconds left for the call; the addition uses at most half of what remains.
    """
    planned = policy.get_backoff_time()
    if error.retry_after is None or not policy.respect_retry_after_header:
        return planned
    asked = min(error.retry_after, policy.retry_after_max)
    return asked + _CHANCE.uniform(0, max(0, min(max(planned, asked / 4), (left - asked) / 2)))
