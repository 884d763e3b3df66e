"""How a setting is declared."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast, overload

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Setting"]

T = TypeVar("T")


class Setting(Generic[T]):
    """One setting: its default, its check and its documentation, declared once."""

    def __init__(self, default: Any, check: Callable[[str, object], T], doc: str) -> None:
        self.default = default
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
        return cast("T", instance.__dict__.get(self.name, self.default))

    def __set__(self, instance: object, value: T) -> None:
        instance.__dict__[self.name] = self.check(self.name, value)
