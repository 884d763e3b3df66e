"""How a setting is declared, and the constructor that a class of settings gets.

Type checkers read the same declarations: to them, they are the fields of a dataclass (PEP 681).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast, overload

from fastly._signatures import Parameters, hides_arguments
from fastly._text import did_you_mean
from fastly.configuration.checks import variable
from fastly.configuration.secrets import Secrets
from fastly.exceptions import ApiAttributeError, ApiTypeError

if TYPE_CHECKING:
    from typing_extensions import Self, dataclass_transform
else:

    def dataclass_transform(**_):  # Python 3.10 has none
        return lambda function: function


__all__ = ["SecretMapping", "Setting", "no_setting", "secret_mapping", "setting", "settings"]

C = TypeVar("C")
T = TypeVar("T")


class Setting(Generic[T]):
    """One setting: its check, its default and its documentation, declared once.

    A subclass computes the value of a setting that was not set.

    Args:
        check: ``check(name, value)`` returns the value to keep, or raises.
        doc: What the setting means.
        default: The value of a setting that was not set, or was set to None.
        kw_only: False: the constructor also takes it by position.
        variable: An environment variable that replaces the default, read at each use.
    """

    def __init__(
        self,
        check: Callable[[str, object], T],
        doc: str,
        default: Any = None,
        kw_only: bool = True,
        variable: str | None = None,
    ) -> None:
        self.check, self.default, self.kw_only, self.variable = check, default, kw_only, variable
        is_plain = type(self) is Setting
        self.is_computed = variable is not None or not is_plain
        self.meaning = doc
        self.__doc__ = f"{doc} Default: {default!r}." if is_plain else doc

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
        return self.computed(instance) if self.is_computed else self.default

    def __set__(self, instance: object, value: T | None) -> None:
        if value is None:
            instance.__dict__.pop(self.name, None)
        else:
            instance.__dict__[self.name] = self.check(self.name, value)

    @hides_arguments
    def computed(self, _: Any, /) -> T:
        """Return the value of a setting that was not set."""
        name = self.variable or ""
        value = variable(name)
        return cast("T", self.default) if value is None else self.check(name, value)


class SecretMapping(Setting[MutableMapping[str, str]]):
    """A setting of text by name, such as the token, that is never shown."""

    def __init__(
        self, check: Callable[[str, object], str], doc: str, example: str, kw_only: bool
    ) -> None:
        super().__init__(lambda _name, _value: Secrets(check), doc, {}, kw_only)
        self.check_value, self.example = check, example

    def __set__(self, instance: object, value: Mapping[str, str] | None) -> None:
        """Replace the whole mapping; None empties it."""
        if not isinstance(value, (Mapping, type(None))):  # pyright: ignore[reportUnnecessaryIsInstance]  # not all users check types
            raise ApiTypeError(
                f"{self.name} must be a mapping such as {self.example}, got {type(value).__name__}"
            )
        self.computed(instance).replace(value or {})

    def computed(self, instance: Any, /) -> Secrets:
        """Return the mapping of a configuration."""
        return cast("Secrets", instance.__dict__["_secrets"][self.name])


def setting(
    check: Callable[[str, object], T],
    doc: str,
    *,
    default: Any = None,
    kw_only: bool = True,
    variable: str | None = None,
    kind: Callable[..., Setting[T]] = Setting,
) -> Any:
    """Declare a setting; type checkers take the annotation for its type."""
    return kind(check, doc, default, kw_only, variable)


def secret_mapping(
    check: Callable[[str, object], str],
    doc: str,
    *,
    default: None = None,  # noqa: ARG001  # tells type checkers that it need not be given
    kw_only: bool = True,
    example: str,
) -> Any:
    """Declare a setting of text by name that is never shown."""
    return SecretMapping(check, doc, example, kw_only)


class _Signature:
    """The signature of a class of settings, made when a person or an editor asks for it."""

    def __get__(self, _: object, cls: type[object]) -> object:
        from inspect import Parameter, Signature  # slow to import

        kinds = Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY
        declared, types = _declared(cls), cls.__annotations__
        return Signature(
            [
                Parameter(name, kinds[x.kw_only], default=None, annotation=_accepted(types[name]))
                for name, x in declared.items()
            ]
        )


def _accepted(annotation: str) -> str:
    """Return the type that a declaration accepts, such as "str" for "Setting[str]"."""
    is_mapping = annotation == "SecretMapping"
    return "Mapping[str, str]" if is_mapping else annotation[len("Setting[") : -1]


@dataclass_transform(kw_only_default=True, field_specifiers=(setting, secret_mapping))
def settings(cls: type[C]) -> type[C]:
    """Give a class a constructor that takes its settings; None keeps a default."""
    declared = _declared(cls)
    positional = tuple(name for name, x in declared.items() if not x.kw_only)
    parameters = Parameters(cls.__name__, positional, (), tuple(declared))
    secret = {name: x.check_value for name, x in declared.items() if isinstance(x, SecretMapping)}

    @hides_arguments
    def init(self: C, *args: object, **kwargs: object) -> None:
        given = parameters.named(args, kwargs)
        self.__dict__["_secrets"] = {name: Secrets(check) for name, check in secret.items()}
        for name in declared:
            if given.get(name) is not None:
                setattr(self, name, given[name])

    constructed: Any = cls
    constructed.__init__, constructed.__signature__ = init, _Signature()
    return cls


def _declared(cls: type[object]) -> dict[str, Setting[Any]]:
    names = [name for name, value in vars(cls).items() if isinstance(value, Setting)]
    return {name: getattr(cls, name) for name in names}


def no_setting(name: str, known: list[str]) -> ApiAttributeError:
    """Return the error about a setting that does not exist."""
    return ApiAttributeError(f"unknown setting {name!r}{did_you_mean(name, known)}")
