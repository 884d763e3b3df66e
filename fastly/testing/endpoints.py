"""What the two API versions share: how a request finds its endpoint, and what that returns."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import unquote

from fastly.testing.http import Body, Request

__all__ = ["JSON", "Content", "Endpoint", "Refusal", "dispatch"]

JSON = "application/json"


class Content(NamedTuple):
    """What an endpoint returns: a body with its media type, the status, and other headers."""

    body: Body
    kind: str = JSON
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()


class Refusal(Exception):
    """A request that gets an error response: its status, and what is wrong in plain English."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(status, detail)
        self.status = status
        self.detail = detail


Endpoint = Callable[..., Content]


def dispatch(endpoints: Mapping[str, Endpoint], request: Request) -> Content:
    """Call the first endpoint whose pattern matches the whole path, with the pattern's groups.

    Raises:
        Refusal: No endpoint matches, or the endpoint refuses the request.
    """
    for pattern, endpoint in endpoints.items():
        if match := re.fullmatch(pattern, request.path):
            return endpoint(request, *(unquote(group) for group in match.groups() if group))
    raise Refusal(404, "No resource has this path.")
