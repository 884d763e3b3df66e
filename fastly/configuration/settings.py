"""How a setting is declared, and the error about one that is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast, overload

from fastly._text import did_you_mean
from fastly.configuration.checks import check_hidden, variable
from fastly.exceptions import ApiAttributeError

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Setting", "no_setting"]

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
        name = self.variable
        if name is None or variable(name) is None:
            return cast("T", self.default)
        return check_hidden(lambda: self.check(name, variable(name)))

    def __set__(self, instance: object, value: T) -> None:
        instance.__dict__[self.name] = self.check(self.name, value)


def no_setting(name: str, known: list[str]) -> ApiAttributeError:
    """Return the error about a setting that does not exist."""
    return ApiAttributeError(f"unknown setting {name!r}{did_you_mean(name, known)}")
