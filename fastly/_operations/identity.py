"""Whether a response is the one that was requested: a stray one shifts all that follow it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import timezone
from typing import TYPE_CHECKING, Any

from fastly._models.reading import text_of, time_of
from fastly._operations.arguments import as_text
from fastly.exceptions import ResponseException

if TYPE_CHECKING:
    from fastly._transport import Response

    Answer = tuple[Response, Any]

log = logging.getLogger("fastly")

__all__ = ["Identity", "confirmed", "same_id", "same_month"]

Identity = Callable[[Mapping[str, Any], Mapping[str, Any]], "str | None"]
"""Returns what a payload is instead of what the arguments ask for; None if it may be that."""


def same_id(name: str) -> Identity:
    """Compare the ID of a response with the one that was requested, as text."""

    def other(arguments: Mapping[str, Any], payload: Mapping[str, Any]) -> str | None:
        received = text_of(payload.get(name))
        return None if received in (None, as_text(name, arguments[name])) else received

    return other


def same_month(arguments: Mapping[str, Any], payload: Mapping[str, Any]) -> str | None:
    """Compare the month of ``start_time`` in UTC with the one that was requested."""
    start = time_of(payload.get("start_time"))
    asked = (as_text("year", arguments["year"]), as_text("month", arguments["month"]).zfill(2))
    if start is None:
        return None
    received = start.astimezone(timezone.utc).strftime("%Y-%m")
    return None if received == "-".join(asked) else received


def confirmed(
    answer: Answer,
    ask: Callable[[], Answer],
    identity: Identity,
    arguments: Mapping[str, Any],
    drop_connections: Callable[[], None],
) -> Answer:
    """Return the answer to what was asked for; if it seems to be for something else, ask once more.

    The second request gets a new connection. The same answer again is the API's own way of writing.

    Raises:
        ResponseException: The second answer is for another thing again.
    """
    other = identity(arguments, answer[1])
    if other is None:
        return answer
    log.warning("got %s, which was not requested; requesting again over a new connection", other)
    drop_connections()
    again = ask()
    if identity(arguments, again[1] or {}) in (None, other):
        return again
    error = again[0].as_error(ResponseException, "the response is not for what was requested")
    error.advice = "Something between here and the API mixes up responses: retry later."
    raise error
