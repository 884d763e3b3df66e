"""Whether to retry, and how long to wait first: the backoff and its jitter."""

from __future__ import annotations

import logging
import random
import re
from collections.abc import Callable
from typing import Any, TypeVar, cast

import urllib3
from urllib3 import exceptions as foreign

from fastly._text import printable
from fastly._transport.bodies import TruncatedBodyError
from fastly._transport.boundary import BUGS, FOREIGN, UNTRUSTED, is_refusal_of_client, root_cause
from fastly._transport.deadline import Deadline
from fastly.exceptions import ApiException

__all__ = [
    "LONGEST_RETRY_AFTER",
    "backoff",
    "jittered",
    "may_be_done",
    "next_policy",
    "retried",
    "retry_policy",
    "seconds_before_retry",
]

log = logging.getLogger("fastly")

T = TypeVar("T")

LONGEST_RETRY_AFTER = 60.0  # seconds; the error for a longer one is raised at once

RETRIED_STATUSES = frozenset({429, 500, 502, 503, 504})
FIRST_BACKOFF = 0.5  # seconds
LONGEST_BACKOFF = 8.0  # seconds

_LASTING = (*UNTRUSTED, foreign.ClosedPoolError, *BUGS)
_BEFORE_SENDING = (foreign.NewConnectionError, foreign.ConnectTimeoutError, *UNTRUSTED)
_CHANCE = random.SystemRandom()  # neither a program's seed nor a fork makes two clients wait alike


def retried(
    attempt: Callable[[], T], error: ApiException, method: str, retries: Any, deadline: Deadline
) -> T:
    """Attempt a request again and again after a failure, as far as that may help.

    Args:
        attempt: Sends the request once more.
        error: The first attempt's failure.
        method: The request's method; a POST is repeated only if it was never sent.
        retries: The setting of that name.
        deadline: The end of the call.

    Raises:
        ApiException: The last attempt's failure.
    """
    policy = retry_policy(retries)
    while True:
        if method == "POST" and not _was_never_sent(error):
            raise error
        policy = _back_off(policy, error, method, deadline)
        try:
            return attempt()
        except ApiException as failure:
            error = failure


def _was_never_sent(error: ApiException) -> bool:
    """Return whether connecting failed. Any other POST may have been received.

    Repeating it could carry it out twice (RFC 9110, section 9.2.2).
    """
    return isinstance(root_cause(error.__cause__), _BEFORE_SENDING)


def may_be_done(error: ApiException) -> bool:
    """Return whether the API may have carried out a POST that failed."""
    refused = error.status is not None and 400 <= error.status <= 499
    return not (refused or _was_never_sent(error))


def _back_off(
    policy: urllib3.Retry, error: ApiException, method: str, deadline: Deadline
) -> urllib3.Retry:
    """Wait before the next attempt, or raise the failure if there will be none."""
    if deadline.aborted:
        error.reason = "the client was closed during the call"
    rest = next_policy(policy, error, method)
    if rest is None:
        raise error
    seconds = seconds_before_retry(rest, error, deadline.left())
    asked = (rest.respect_retry_after_header and error.retry_after) or 0
    if asked > LONGEST_RETRY_AFTER or seconds >= deadline.left():
        raise error
    why = error.status or printable(error.reason or "")
    log.info("retrying %s in %.2f s after: %s", error.url, seconds, why)
    deadline.sleep(seconds)
    return rest


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
    status = None if isinstance(error.__cause__, TruncatedBodyError) else error.status
    if status is None and not _may_pass(error.__cause__):
        return None
    try:
        if status is None:
            return policy.increment(method, error.url, error=cast("Exception", error.__cause__))
        if policy.is_retry(method, status, error.retry_after is not None):
            return policy.increment(method, error.url, response=urllib3.HTTPResponse(status=status))
    except FOREIGN:  # a Retry that is switched off raises the failure itself
        pass
    return None


def _may_pass(cause: BaseException | None) -> bool:
    """Return whether a failure may be temporary.

    A bad certificate of either side, a wrong proxy login, a bug in a program and a closed pool are
    permanent.
    """
    root = root_cause(cause)
    refused_by_proxy = re.match(r"Tunnel connection failed: 4(?!08|29)", str(root))
    is_lasting = isinstance(root, _LASTING) or is_refusal_of_client(root)
    return not (is_lasting or refused_by_proxy)


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
