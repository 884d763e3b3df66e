"""Match the arguments of a call to a signature; an invalid call raises ``ApiTypeError``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, ParamSpec, TypeVar, cast

from fastly._text import did_you_mean
from fastly.exceptions import ApiTypeError, OpenApiException

if TYPE_CHECKING:
    from types import FunctionType

__all__ = ["Parameters", "accepts_only_declared_arguments", "hides_arguments"]

P = ParamSpec("P")
T = TypeVar("T")


class Parameters(NamedTuple):
    """What a function accepts.

    Attributes:
        function: Its name, for messages.
        positional: The names that may be given by position, in order.
        required: The names without a default.
        known: All names.
    """

    function: str
    positional: tuple[str, ...]
    required: tuple[str, ...]
    known: tuple[str, ...]

    def named(self, given: tuple[object, ...], named: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments of a call by name.

        Raises:
            ApiTypeError: Too many were given by position; one was given twice, is unknown or is
                missing.
        """
        if len(given) > len(self.positional):
            most = len(self.positional) or "no"
            self._refuse(f"takes {most} arguments without a name, got {len(given)}")
        arguments: dict[str, Any] = dict(zip(self.positional, given, strict=False))
        for name in named:
            if name in arguments:
                self._refuse(f"got {name!r} twice")
            if name not in self.known:
                hint = did_you_mean(name, self.known)
                self._refuse(f"got an unknown argument {name!r}{hint}")
        arguments.update(named)
        for name in self.required:
            if name not in arguments:
                self._refuse(f"is missing the argument {name!r}")
        return arguments

    def _refuse(self, why: str) -> NoReturn:
        stop = "" if why.endswith("?") else "."
        known = ", ".join(self.known)
        raise ApiTypeError(f"{self.function}() {why}{stop} Its arguments are {known}")


def hides_arguments(function: Callable[P, T]) -> Callable[P, T]:
    """Keep a function's arguments and variables out of the traceback of an error about them.

    Error trackers record the local variables of every frame, and a token with a line break at its
    end is a token.
    """

    @wraps(function)
    def hiding(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except OpenApiException as error:
            refused = error.with_traceback(None)
            del args, kwargs
        raise refused

    return hiding


def accepts_only_declared_arguments(function: Callable[P, T]) -> Callable[P, T]:
    """Make invalid arguments of a constructor raise ``ApiTypeError``, like any other mistake."""
    code = cast("FunctionType", function).__code__
    positional = code.co_varnames[1 : code.co_argcount]
    known = tuple(name for name in function.__annotations__ if name != "return")
    parameters = Parameters(function.__qualname__.split(".")[0], positional, (), known)

    @wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> T:
        parameters.named(args[1:], kwargs)
        return function(*args, **kwargs)

    return hides_arguments(checked)
