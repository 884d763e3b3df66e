"""What functions over results take: a result, a page of results, or an iterable of either."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeVar, cast

from fastly._text import shown
from fastly.exceptions import ApiTypeError

__all__ = ["items_of"]

Item = TypeVar("Item")
Page = TypeVar("Page")


def items_of(
    given: object,
    kinds: tuple[type[Item], ...],
    page: type[Page],
    inside: Callable[[Page], Iterable[Item | None] | None],
    rule: str,
) -> Iterator[Item]:
    """Return all items, without nulls.

    Args:
        given: An item, a page, or an iterable of either.
        kinds: The models that are items.
        page: The model that is a page.
        inside: Returns the items of a page.
        rule: The start of the message of errors: what is taken.

    Raises:
        ApiTypeError: Something else was given, at once, or is in the iterable, when it is reached.
    """
    parts = [given] if isinstance(given, (*kinds, page)) else given
    if not isinstance(parts, Iterable) or isinstance(parts, (str, bytes, Mapping)):
        raise ApiTypeError(f"{rule}, got {shown(given)}")
    return _items(cast("Iterable[object]", parts), kinds, page, inside, rule)


def _items(
    parts: Iterable[object],
    kinds: tuple[type[Item], ...],
    page: type[Page],
    inside: Callable[[Page], Iterable[Item | None] | None],
    rule: str,
) -> Iterator[Item]:
    for part in parts:
        if isinstance(part, page):
            yield from (item for item in inside(part) or () if item is not None)
        elif isinstance(part, kinds):
            yield part
        elif part is not None:
            raise ApiTypeError(f"{rule}, got {shown(part)} in it")
