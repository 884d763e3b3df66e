"""Polling while the API responds 202, because it is still making the result."""

from __future__ import annotations

import http.client
import logging
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from fastly._transport import LONGEST_RETRY_AFTER
from fastly.exceptions import EstimatePendingException, TimeoutException

if TYPE_CHECKING:
    from fastly._transport import Response
    from fastly._transport.deadline import Deadline

    Answer = tuple[Response, Any]

__all__ = ["interval", "intervals", "poll_while_accepted"]

log = logging.getLogger("fastly")

FIRST_INTERVAL = 0.5  # seconds; an estimate usually takes less than 5 seconds to make
LONGEST_INTERVAL = 5.0  # seconds
SHORTEST_INTERVAL = 0.1  # seconds, if the API asks for less


def poll_while_accepted(
    answer: Answer, ask: Callable[[], Answer], deadline: Deadline, wait: float
) -> Answer:
    """Repeat a request while the response is 202.

    Args:
        answer: The first response, and its payload.
        ask: Sends the request again.
        deadline: The end of the call.
        wait: Seconds to keep polling.

    Raises:
        EstimatePendingException: The response was still 202 when the time ran out.
    """
    started, slept = time.monotonic(), 0.0
    planned = intervals()
    while (response := answer[0]).status == http.client.ACCEPTED:
        pending = response.as_error(EstimatePendingException)
        # What was slept counts even if the clock stands still, as under freezegun.
        waited, of_call = max(time.monotonic() - started, slept), deadline.left()
        seconds = interval(pending.retry_after, next(planned), min(wait - waited, of_call))
        if seconds is None or seconds >= of_call:
            pending.reason = f"{response.reason or 'Accepted'}, still pending after {waited:.1f} s"
            if of_call < wait - waited:
                pending.advice = TimeoutException.advice
            raise pending
        log.info("the month to date is still being made; polling again in %.2f s", seconds)
        deadline.sleep(seconds)
        slept += seconds
        answer = ask()
    return answer


def intervals() -> Iterator[float]:
    """Yield the seconds between one request and the next: 0.5, 1, 2, 4, then 5 each."""
    seconds = FIRST_INTERVAL
    while True:
        yield seconds
        seconds = min(seconds * 2, LONGEST_INTERVAL)


def interval(requested: float | None, planned: float, left: float) -> float | None:
    """Return the seconds to wait before the next request, or None if the wait is over.

    The API's Retry-After is never shortened; our own interval is, for one last request.
    """
    if requested is not None:
        seconds = max(requested, SHORTEST_INTERVAL)
        return seconds if seconds <= min(left, LONGEST_RETRY_AFTER) else None
    return min(planned, left) if left > 0 else None
