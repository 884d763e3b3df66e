"""Pages of v3: their cursors, and the forms of ``meta``."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Generic, TypeVar

from fastly.testing.endpoints import Refusal

__all__ = ["Page", "page_of"]

T = TypeVar("T")

# In base64 these bytes are "+/8" and more, and the 14 bytes after them make it end in "==": every
# cursor has all three characters that a client must percent-encode.
_PREFIX = b"\xfb\xff"


@dataclass(frozen=True)
class Page(Generic[T]):
    """The items of a page, and the ``meta`` that goes with them, live and documented."""

    items: Sequence[T]
    meta: dict[str, Any] | None
    documented_meta: dict[str, Any]


def page_of(
    items: Sequence[T],
    query: dict[str, str],
    key: object,
    limit: int,
    sort: str,
    group: Callable[[T], object] | None = None,
) -> Page[T]:
    """Return the page that a query's cursor selects.

    Args:
        items: All items of the request.
        query: The request's query.
        key: Everything else in the request that decides which items it has: a cursor works only
            with the key and the limit that produced it.
        limit: How many items a page holds.
        sort: The name of the order, for ``meta``.
        group: If given, a page ends where its value changes.

    Raises:
        Refusal: The cursor is unknown, or belongs to another request.
    """
    request = f"{key!r} {limit}"
    start = _offset(query.get("cursor", ""), request)
    found = items[start : start + limit]
    if group is not None:
        found = list(takewhile(lambda item: group(item) == group(found[0]), found))
    end = start + len(found)
    following = _cursor(end, request) if end < len(items) else ""
    rest = {"limit": limit, "total": len(items), "sort": sort}
    return Page(found, _meta(following, rest), {"next_cursor": following} | rest)


def _meta(following: str, rest: dict[str, Any]) -> dict[str, Any] | None:
    """Return the ``meta`` of a page; on the last page its form depends on the limit."""
    form = rest["limit"] % 5
    if following or form < 3:
        cursor = {"next_cursor": following or (None if form == 1 else "")}
        return rest if form == 2 and not following else cursor | rest
    return {} if form == 3 else None


def _cursor(offset: int, request: str) -> str:
    """Return the cursor of the page that begins at an offset."""
    place = offset.to_bytes(4, "big")
    signature = hashlib.sha256(place + request.encode()).digest()[:10]
    return base64.b64encode(_PREFIX + place + signature).decode()


def _offset(cursor: str, request: str) -> int:
    """Return the offset at which a cursor's page begins."""
    if not cursor:
        return 0
    try:
        offset = int.from_bytes(base64.b64decode(cursor, validate=True)[2:6], "big")
    except ValueError:
        offset = 0
    if cursor != _cursor(offset, request):
        raise Refusal(400, "cursor is invalid: it must come from this request's previous page")
    return offset
