"""Checks of the arguments that users pass to the stand-in."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

__all__ = ["boolean", "integer", "one_of_types", "text"]


def one_of_types(name: str, value: object, types: Iterable[type], expected: str) -> None:
    """Raise TypeError unless a value is of one of the types; a bool is not an int."""
    allowed = tuple(types)
    if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
        raise TypeError(f"{name} must be {expected}, got {type(value).__name__}")


def integer(name: str, value: Any, low: int, high: int | None = None) -> int:
    """Return an integer from `low` to `high`, or raise TypeError or ValueError."""
    expected = f"an integer from {low} to {high}" if high is not None else f"{low} or more"
    one_of_types(name, value, (int,), "an integer")
    if value < low or (high is not None and value > high):
        raise ValueError(f"{name} must be {expected}, got {value}")
    return int(value)


def boolean(name: str, value: Any) -> bool:
    """Return a bool, or raise TypeError."""
    one_of_types(name, value, (bool,), "True or False")
    return bool(value)


def text(name: str, value: Any, pattern: str, expected: str) -> str:
    """Return text that matches a whole pattern, or raise TypeError or ValueError.

    The message of the ValueError does not show the value, which may be a real token.
    """
    one_of_types(name, value, (str,), "a str")
    if not re.fullmatch(pattern, value):
        raise ValueError(f"{name} must be {expected}")
    return str(value)
