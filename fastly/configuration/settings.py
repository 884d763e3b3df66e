"""How a setting is declared."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast, overload

from fastly.configuration.checks import check_hidden

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Setting"]

T = TypeVar("T")


class Setting(Generic[T]):
    """One setting: its default, its check and its documentation, declared once.

    Args:
        default: The value of a setting that was not set.
        check: ``check(name, value)`` returns the value to keep, or raises.
        doc: What the setting means.
        variable: An environment variable that replaces the default, read at each use.
    """

    def __init__(
        self,
        default: Any,
        check: Callable[[str, object], T],
        doc: str,
        variable: str | None = None,
    ) -> None:
        self.default = default
        self.variable = variable
        self.check = check
        self.meaning = doc
        self.__doc__ = f"{doc} Default: {default!r}."

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type) -> T: ...
    def __get__(self, instance: object | None, owner: type) -> Self | T:
        if instance is None:
            return self
        if self.name in instance.__dict__:
            return cast("T", instance.__dict__[self.name])
        variable = self.variable
        if not (variable and os.environ.get(variable)):
            return cast("T", self.default)
        return check_hidden(lambda: self.check(variable, os.environ.get(variable)))

    def __set__(self, instance: object, value: T) -> None:
        instance.__dict__[self.name] = self.check(self.name, value)
