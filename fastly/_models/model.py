"""What a model is to its users: attributes, items, plain data, JSON text.

A model is declared by its annotations::

    class BillingTotalExtras(Model):
        name: str | None = field("Name of the extra.")
        setup: float | None = field("One-time charge.", unit="USD")

How JSON becomes a model is in the module ``record``; this one has what users do with it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from fastly._models.display import html_of, layout, time_text
from fastly._models.plain import is_dict, is_list
from fastly._models.reading import DEEPEST_MODEL, Policy, copied, keep, refuse
from fastly._models.record import Record, set_fields, set_unknown, unknown_of
from fastly._models.schema import DIALECT, schema_of
from fastly._text import did_you_mean, shown
from fastly.exceptions import ApiAttributeError, ApiKeyError, ApiTypeError, ApiValueError

if TYPE_CHECKING:
    from inspect import Signature

    from typing_extensions import Self, dataclass_transform
else:  # typing has it from Python 3.11 on, and it does nothing at run time

    def dataclass_transform(**_):
        return lambda cls: cls


__all__ = ["Model"]

_SURROGATE = "[\ud800-\udfff]"


class _LazySignature:
    """The constructor's signature for ``help`` and completion, made when it is needed."""

    def __get__(self, instance: object | None, owner: type[Model]) -> Signature:
        from inspect import Parameter, Signature

        parameters = [
            Parameter(f.name, Parameter.KEYWORD_ONLY, default=None, annotation=f.annotation)
            for f in owner.__fields__.values()
        ]
        return Signature(parameters)


@dataclass_transform(kw_only_default=True)
class Model(Record):
    """A typed, open record of what the API sent.

    Read a field as an attribute: a documented field that is missing is ``None``, and
    ``"cost" in total`` says whether it is present. ``total["cost"]`` reads any field by its name,
    undocumented ones too. Create one with ``BillingTotal(cost=1.5)``, or from plain data with
    ``BillingTotal.from_dict({...})``; both check every value, as does assignment.

    Raises:
        ApiTypeError: A value has the wrong type; the message contains its path.
        ApiAttributeError: The field does not exist.
    """

    __slots__ = ()
    __signature__ = _LazySignature()

    def __init__(self, /, *unnamed: object, **values: Any) -> None:
        if unnamed:
            example = next(iter(self.__fields__))
            name = type(self).__name__
            raise ApiTypeError(f"{name} takes its fields by name, as in {name}({example}=...)")
        for name, value in values.items():
            setattr(self, name, value)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Create one from plain data, such as ``to_dict`` returns; ``data`` is not changed.

        Args:
            data: Field names and values.

        Raises:
            ApiTypeError: ``data`` is not a mapping, or holds a value of the wrong type.
            ApiValueError: An undocumented field is nested more than 100 levels deep.
        """
        if not isinstance(data, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]  # not all users check types
            raise ApiTypeError(f"{cls.__name__}.from_dict() takes a mapping, got {shown(data)}")
        made: Self = cls._read(copied(data, -DEEPEST_MODEL), None, Policy(refuse))
        return made

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Create one from JSON text, such as ``to_json`` returns.

        Args:
            text: A JSON object.

        Raises:
            ApiTypeError: The JSON is not an object, or holds a value of the wrong type.
            ApiValueError: ``text`` is not JSON, or is nested too deeply.
        """
        try:
            data = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ApiValueError(f"{cls.__name__}.from_json() got invalid JSON: {error}") from error
        except TypeError as error:
            raise ApiTypeError(f"{cls.__name__}.from_json() takes text: {error}") from error
        return cls.from_dict(data)

    @classmethod
    def from_response(cls, data: dict[str, Any], *, check: bool, discard_unknown: bool) -> Self:
        """Create one from the JSON object of a response, which becomes part of it.

        Args:
            data: The object that ``json`` made.
            check: False keeps values of the wrong type, and logs them. Absence is refused all
                the same: there is no value to keep, and what is read instead looks right.
            discard_unknown: True drops undocumented fields.

        Raises:
            ApiTypeError: A value has the wrong type, or the object is not what it should be.
        """
        policy = Policy(refuse if check else keep, discard_unknown, refuse_absence=True)
        made: Self = cls._read(data, None, policy)
        return made

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        """Return the JSON Schema (draft 2020-12) of what ``to_dict`` and ``to_json`` return.

        Any field can be null or missing, and there can be others. The result is the caller's own.
        """
        head = {"$schema": DIALECT, "title": cls.__name__}
        return head | schema_of(cls, nullable=False)

    @property
    def additional_properties(self) -> dict[str, Any]:
        """The undocumented fields by name; a copy."""
        return cast("dict[str, Any]", copied(unknown_of(self)))

    def get(self, name: str, default: Any = None) -> Any:
        """Return a field if it is present, else ``default``; a field that is null is None."""
        try:
            return self[name]
        except ApiKeyError:
            return default

    def to_dict(self) -> dict[str, Any]:
        """Return all fields as plain data: dicts, lists, text, numbers, ISO 8601 times.

        ``pandas.DataFrame([line.to_dict() for line in lines])`` has one column for each field.
        """
        return {name: _plain(value) for name, value in self._items()}

    def to_json(self, indent: int | None = None) -> str:
        """Return all fields as JSON text, on one line or indented by ``indent`` spaces.

        ``json.dumps`` does not know models: use this, or ``json.dumps(model.to_dict())``.
        """
        text = json.dumps(self.to_dict(), ensure_ascii=False, indent=indent)
        # A lone surrogate, which JSON may hold, can be written to a file only as an escape.
        return re.sub(_SURROGATE, lambda half: f"\\u{ord(half[0]):04x}", text)

    def to_str(self) -> str:
        """Return all fields as readable text, one on each line."""
        return self.to_json(indent=2)

    __iter__ = None  # without this, iter() would look for [0], [1] and so on

    def __contains__(self, name: object) -> bool:
        return name in self.__dict__ or name in unknown_of(self)

    def __getitem__(self, name: str) -> Any:
        for fields in (self.__dict__, unknown_of(self)):
            if name in fields:
                return fields[name]
        raise ApiKeyError(f"{name!r} is missing in this {type(self).__name__}")

    def __setitem__(self, name: str, value: Any) -> None:
        if name in self.__readers__:
            self._assign(name, copied(value))
        elif isinstance(name, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # not all users check types
            if value is not None:
                value = self._read_other(copied(value), (None, name), Policy(refuse))
            set_unknown(self, {**unknown_of(self), name: value})
        else:
            raise ApiTypeError(f"the name of a field must be text, got {shown(name)}")

    if not TYPE_CHECKING:  # to a type checker, the fields are the declared ones

        def __getattr__(self, name):
            unknown = unknown_of(self)
            # Python looks for hooks such as __deepcopy__ here, and must not find a field.
            if name in unknown and not (name.startswith("__") and name.endswith("__")):
                return unknown[name]
            raise ApiAttributeError(
                f"{type(self).__name__} has no field {name!r}; its fields are "
                f"{', '.join(self.__fields__)}{did_you_mean(name, self.__fields__)}"
            )

        def __setattr__(self, name, value):
            if name in self.__fields__:
                self._assign(self.__fields__[name].key, copied(value))
            elif name in unknown_of(self):
                self[name] = value
            else:
                raise ApiAttributeError(
                    f"{type(self).__name__} has no field {name!r}; its fields are "
                    f"{', '.join(self.__fields__)}. To add an undocumented one, "
                    f"write model[{name!r}] = ...{did_you_mean(name, self.__fields__)}"
                )

    def _assign(self, name: str, value: Any) -> None:
        if value is not None:
            value = self.__readers__[name](value, (None, name), Policy(refuse))
        self.__dict__[name] = value

    # Without __hash__, models are unhashable: two equal ones can differ after an assignment.
    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self.__dict__ == other.__dict__ and unknown_of(self) == unknown_of(other)

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), dict(self.__dict__), dict(unknown_of(self)))

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *unknown_of(self)]

    def __repr__(self) -> str:
        return layout(self, 0)

    def _repr_html_(self) -> str:
        """Show it as a table in a notebook."""
        return html_of(self)

    def _ipython_key_completions_(self) -> list[str]:
        """Complete ``model["`` in IPython."""
        return [name for name, _ in self._items()]


def _restore(model: type[Model], fields: dict[str, Any], unknown: dict[str, Any]) -> Model:
    self = model.__new__(model)
    set_fields(self, fields)
    set_unknown(self, unknown)
    return self


def _plain(value: Any) -> Any:
    if isinstance(value, Model):
        return value.to_dict()
    if isinstance(value, datetime):
        return time_text(value)
    if is_dict(value):
        return {k: _plain(x) for k, x in value.items()}
    return [_plain(x) for x in value] if is_list(value) else value
