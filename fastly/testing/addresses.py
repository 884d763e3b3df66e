"""Customer addresses: a list, which has a billing address at first, and how it changes.

Assumptions, which neither the reference nor public reports confirm: there is at most one address of
each type; an update is made at once, although its response is 202.
"""

from __future__ import annotations

import json
import threading
from typing import Any, cast

from fastly.testing.bills import digest
from fastly.testing.endpoints import Content, Refusal
from fastly.testing.http import Request

__all__ = ["PATH", "Addresses", "methods_of"]

PATH = "/billing/v3/customer-addresses"

Body = dict[str, Any]

_TYPES = ("tax", "billing")
# The first address, which has all fields.
_FIELDS: Body = {
    "type": "billing",
    "address_1": "1 Made-up Street",
    "address_2": None,
    "locality": "San Francisco",
    "region": "CA",
    "country": "US",
    "postal_code": "94107",
}


def methods_of(path: str) -> tuple[str, ...]:
    """Return the methods that a path takes."""
    if path == PATH:
        return "GET", "POST"
    return ("PUT",) if path.startswith(f"{PATH}/") else ("GET",)


class Addresses:
    """The endpoint of the customer's addresses."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_type: dict[str, Body] = {"billing": _FIELDS}

    def __call__(self, request: Request, type_in_path: str | None = None) -> Content:
        """Return what a request gets.

        Raises:
            Refusal: The request gets an error response.
        """
        with self._lock:
            if request.method == "GET":
                return Content({"data": list(self._by_type.values())})
            address = _address(request)
            if type_in_path is None:
                return self._create(address)
            return self._update(type_in_path, address)

    def _create(self, address: Body) -> Content:
        kind = address.get("type", "")
        if not kind:
            raise Refusal(400, "type is required")
        if kind in self._by_type:
            raise Refusal(400, f"there is a {kind} address already: update it")
        self._by_type[kind] = address
        return Content({"id": f"{digest('address', kind) % 10**12}"}, status=201)

    def _update(self, kind: str, address: Body) -> Content:
        if kind not in self._by_type:
            raise Refusal(404, f"there is no {kind} address")
        self._by_type[kind] = {**address, "type": kind}
        return Content(b"", status=202)


def _address(request: Request) -> Body:
    """Return the address in the body of a request."""
    try:
        address: Any = json.loads(request.body)
    except ValueError as error:
        raise Refusal(400, "the body must be JSON") from error
    if not isinstance(address, dict) or not _FIELDS.keys() >= cast("Body", address).keys():
        raise Refusal(400, f"the body must be an object with {', '.join(_FIELDS)}")
    fields = cast("Body", address)
    if not all(isinstance(value, (str, type(None))) for value in fields.values()):
        raise Refusal(400, "the fields of an address must be text")
    if fields.get("type", "tax") not in _TYPES:
        raise Refusal(400, "type must be tax or billing")
    return fields
