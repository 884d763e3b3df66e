"""Check the types of many similar objects, such as the lines of an invoice, as fast as Python can.

A loop over the fields of an object costs as much again as parsing their JSON. As dataclasses do for
constructors, this writes the comparisons out once for each shape that is seen, and compiles them:
``type(x["amount"]) is float and ...`` takes less than half of the time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, cast

from fastly._text import EXACT

__all__ = ["odd_rows"]

Found = tuple[list[int], float]
_FEWEST = 10  # objects; for fewer, compiling does not pay, even if they come often
_SOURCE = """
def odd(items):
    found, total = [], 0.0
    for row, x in enumerate(items):
        try:
            if len(x) == {count} and {tests}:
                total += {floats}
                continue
        except (KeyError, TypeError):
            pass
        found.append(row)
    return found, total
"""


def odd_rows(items: list[Any], expected: Mapping[str, Any]) -> list[int] | None:
    """Find the objects of a list that do not have the fields and types of the first one.

    Args:
        items: Objects, or what stands in their place.
        expected: The type of each documented field, if it is a scalar.

    Returns:
        The indices of those whose values have to be read one by one; None: of all of them.
    """
    if len(items) < _FEWEST or type(items[0]) is not dict:
        return None
    shape = tuple((name, expected.get(name)) for name in cast("dict[str, Any]", items[0]))
    if not _is_flat(shape):
        return None
    found, total = _compiled(shape)(items)
    return found if total - total == 0 else None  # NaN, if any number is not finite


def _is_flat(shape: tuple[tuple[str, Any], ...]) -> bool:
    """Return whether all fields are documented scalars, whose names are safe to compile."""
    return bool(shape) and all(kind in (str, int, float) for _, kind in shape)


@lru_cache(maxsize=64)
def _compiled(shape: tuple[tuple[str, Any], ...]) -> Callable[[list[Any]], Found]:
    tests = " and ".join(
        f"(type(x[{name!r}]) is float or as_float(x, {name!r}))"
        if kind is float
        else f"type(x[{name!r}]) is {kind.__name__}"
        for name, kind in shape
    )
    floats = " + ".join(f"x[{name!r}]" for name, kind in shape if kind is float) or "0"
    source = _SOURCE.format(count=len(shape), tests=tests, floats=floats)
    made: dict[str, Any] = {"as_float": _as_float}
    exec(source, made)  # noqa: S102  # it holds only names of declared fields
    return cast("Callable[[list[Any]], Found]", made["odd"])


def _as_float(fields: dict[str, Any], name: str) -> bool:
    """Make a field a float if it is a whole number, such as the 0 of what a plan includes."""
    value = fields[name]
    if type(value) is not int or not -EXACT <= value <= EXACT:
        return False
    fields[name] = float(value)
    return True
