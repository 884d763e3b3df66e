"""Plain data: the containers that JSON is made of, as type checkers need them named."""

from __future__ import annotations

from typing import Any, TypeGuard

__all__ = ["is_dict", "is_list", "is_sequence"]


def is_dict(value: object) -> TypeGuard[dict[str, Any]]:
    """Return whether a value is a JSON object."""
    return isinstance(value, dict)


def is_list(value: object) -> TypeGuard[list[Any]]:
    """Return whether a value is a JSON list."""
    return isinstance(value, list)


def is_sequence(value: object) -> TypeGuard[list[Any] | tuple[Any, ...]]:
    """Return whether a value is a list, or a tuple in place of one."""
    return isinstance(value, (list, tuple))
