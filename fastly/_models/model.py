"""What a model is: annotated fields, compiled once into a checker, open to unknown fields.

A model is declared by its annotations::

    class BillingTotalExtras(Model):
        name: str | None = field("Name of the extra.")
        setup: float | None = field("One-time charge.", unit="USD")

The dictionary that ``json`` made becomes the instance's ``__dict__``: nothing is copied, and a
missing field falls through to its declaration, which reads as ``None``. A value whose type is
exactly the declared one costs one comparison; all others go to a lenient reader. Unknown fields
are moved aside, because one that has the name of a method would hide it.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from itertools import repeat
from typing import TYPE_CHECKING, Any, ClassVar, cast

from fastly._models.display import html_of, layout, time_text
from fastly._models.fields import Field, annotations_of
from fastly._models.plain import is_dict, is_list
from fastly._models.reading import (
    DEEPEST_MODEL,
    Policy,
    Reader,
    Where,
    check_plain,
    copied,
    keep,
    path_of,
    refuse,
)
from fastly._models.schema import DIALECT, schema_of
from fastly._models.shapes import odd_rows
from fastly._text import EXACT, did_you_mean, shown
from fastly.exceptions import ApiAttributeError, ApiKeyError, ApiTypeError, ApiValueError

if TYPE_CHECKING:
    from inspect import Signature

    from typing_extensions import Self, dataclass_transform
else:  # typing has it from Python 3.11 on, and it does nothing at run time

    def dataclass_transform(**_):
        return lambda cls: cls


__all__ = ["Model"]

_type: Callable[[Any], Any] = type  # whose result checkers would narrow to unknown types
# So short that a float holds it exactly enough, as it does the number itself.
_is_plain_number = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?").fullmatch
_SURROGATE = "[\ud800-\udfff]"
# Records of several kinds have these fields, so they do not say which kind a record is.
_SHARED = frozenset({"customer_id", "quantity", "region", "unit", "usage_type"})


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
class Model:
    """A typed, open record of what the API sent.

    Read a field as an attribute: a documented field that is missing is ``None``, and
    ``"cost" in total`` says whether it is present. ``total["cost"]`` reads any field by its name,
    undocumented ones too. Create one with ``BillingTotal(cost=1.5)``, or from plain data with
    ``BillingTotal.from_dict({...})``; both check every value, as does assignment.

    Raises:
        ApiTypeError: A value has the wrong type; the message contains its path.
        ApiAttributeError: The field does not exist.
    """

    __slots__ = ("__dict__", "_unknown")
    __fields__: ClassVar[dict[str, Field]] = {}
    __expected__: ClassVar[dict[str, Any]] = {}
    __readers__: ClassVar[dict[str, Reader]] = {}
    __needed__: ClassVar[frozenset[str]] = frozenset()
    __others__: ClassVar[type[Model] | None] = None
    __signature__ = _LazySignature()
    _unknown: dict[str, Any]

    def __init_subclass__(
        cls, *, needs: str | None = None, others: type[Model] | None = None
    ) -> None:
        """Compile the annotations of a new model into its fields.

        Args:
            needs: The field that a response must have, if only as null, or "*" for any documented
                field; one that other records have too is not enough among undocumented ones.
                Without it, the response is something else, such as an error with status 200 or
                another operation's, and would read as a list without items or as an invoice
                without amounts.
            others: The model of all fields that are not declared, because their names are data.
        """
        cls.__fields__, cls.__expected__ = dict(cls.__fields__), dict(cls.__expected__)
        for name, annotation in annotations_of(cls).items():
            declared: Field = cls.__dict__[name]
            kind = declared.compile(annotation)
            cls.__fields__[name] = declared
            # No value from JSON has the type Model: everything but a scalar is always read.
            cls.__expected__[declared.key] = kind if kind in (str, int, float) else Model
        cls.__readers__ = {declared.key: declared.read for declared in cls.__fields__.values()}
        cls.__others__ = others or cls.__others__
        if needs is not None:
            cls.__needed__ = frozenset({*cls.__readers__} - _SHARED if needs == "*" else [needs])

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
    def _read(cls, data: dict[str, Any], where: Where, policy: Policy) -> Any:
        """Create one from a dictionary, which becomes part of it; keep an existing one."""
        box: list[Any] = [data]
        cls._read_each(box, where, policy)
        return box[0]

    @classmethod
    def _read_list(cls, items: list[Any], where: Where, policy: Policy) -> list[Any]:
        """Create one from each dictionary of a list, which becomes the list of them."""
        odd = odd_rows(items, cls.__expected__)
        cls._read_each(items, where, policy, range(len(items)) if odd is None else odd)
        if odd == []:
            made = [*map(_new, repeat(cls, len(items)))]
            deque(map(_set_dict, made, items), maxlen=0)  # runs in C, as the line above
            return made
        for row, data in enumerate(items):
            if _type(data) is dict:
                items[row] = self = _new(cls)
                _set_dict(self, data)
        return items

    @classmethod
    def _read_each(
        cls, items: list[Any], where: Where, policy: Policy, rows: Iterable[int] | None = None
    ) -> None:
        """Replace the dictionaries in some rows of a list by the models that they become part of.

        One loop over all values, without a call for those that have the declared type or are a
        plain number as text: calls take longer than all that this does.
        """
        expected, readers = cls.__expected__, cls.__readers__
        needed = cls.__needed__ if policy.refuse_absence else None
        for row in (0,) if rows is None else rows:
            data, place = items[row], where if rows is None else (where, row)
            shape = _type(data)
            if shape is not dict:
                if data is not None and not isinstance(data, cls):
                    items[row] = policy.wrong(data, "an object", place)
                continue
            if needed and needed.isdisjoint(data):
                cls._check_kind(data, place)
            unknown: list[str] = []
            for name, value in data.items():
                kind = expected.get(name)
                given = _type(value)
                if given is kind:
                    # NaN is true here, and comes of an infinite number too.
                    if kind is float and value - value:
                        data[name] = policy.wrong(value, "a number", (place, name))
                elif kind is None:
                    unknown.append(name)
                elif kind is float and (
                    (given is int and -EXACT <= value <= EXACT)
                    or (given is str and _is_plain_number(value))
                ):
                    data[name] = float(value)
                elif value is not None:
                    data[name] = readers[name](value, (place, name), policy)
            items[row] = self = _new(cls)
            _set_dict(self, data)
            if unknown:
                self._put_aside(unknown, place, policy)

    @classmethod
    def _check_kind(cls, data: dict[str, Any], where: Where) -> None:
        """Refuse an object without a needed field, unless it is a record of shared fields."""
        is_record = len(cls.__needed__) > 1
        if is_record and data and data.keys() <= cls.__readers__.keys():
            return
        what = "the documented fields are" if is_record else f"{next(iter(cls.__needed__))!r} is"
        raise ApiTypeError(f"{what} missing in the {cls.__name__}", path_of(where))

    def _put_aside(self, names: list[str], where: Where, policy: Policy) -> None:
        aside = {name: self.__dict__.pop(name) for name in names}
        if self.__others__ or not policy.discard_unknown:
            read, items = self._read_other, aside.items()
            _set_unknown(
                self, {n: x if x is None else read(x, (where, n), policy) for n, x in items}
            )

    @classmethod
    def _read_other(cls, value: Any, where: Where, policy: Policy) -> Any:
        """Read a field that is not declared."""
        return (cls.__others__._read if cls.__others__ else check_plain)(value, where, policy)

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
        return cast("dict[str, Any]", copied(_unknown(self)))

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
        return name in self.__dict__ or name in _unknown(self)

    def __getitem__(self, name: str) -> Any:
        for fields in (self.__dict__, _unknown(self)):
            if name in fields:
                return fields[name]
        raise ApiKeyError(f"{name!r} is missing in this {type(self).__name__}")

    def __setitem__(self, name: str, value: Any) -> None:
        if name in self.__readers__:
            self._assign(name, copied(value))
        elif isinstance(name, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # not all users check types
            if value is not None:
                value = self._read_other(copied(value), (None, name), Policy(refuse))
            _set_unknown(self, {**_unknown(self), name: value})
        else:
            raise ApiTypeError(f"the name of a field must be text, got {shown(name)}")

    if not TYPE_CHECKING:  # to a type checker, the fields are the declared ones

        def __getattr__(self, name):
            unknown = _unknown(self)
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
            elif name in _unknown(self):
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
        return self.__dict__ == other.__dict__ and _unknown(self) == _unknown(other)

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), dict(self.__dict__), dict(_unknown(self)))

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *_unknown(self)]

    def __repr__(self) -> str:
        return layout(self, 0)

    def _repr_html_(self) -> str:
        """Show it as a table in a notebook."""
        return html_of(self)

    def _ipython_key_completions_(self) -> list[str]:
        """Complete ``model["`` in IPython."""
        return [name for name, _ in self._items()]

    def _items(self) -> Iterator[tuple[str, Any]]:
        yield from self.__dict__.items()
        yield from _unknown(self).items()


_new = object.__new__
_set_dict: Callable[[Model, dict[str, Any]], None] = Model.__dict__["__dict__"].__set__
_set_unknown: Callable[[Model, dict[str, Any]], None] = Model.__dict__["_unknown"].__set__
_get_unknown: Callable[[Model], dict[str, Any]] = Model.__dict__["_unknown"].__get__


def _unknown(model: Model) -> dict[str, Any]:
    """Return the unknown fields; most models have none, and hold nothing for them."""
    try:
        return _get_unknown(model)
    except AttributeError:
        return {}


def _restore(model: type[Model], fields: dict[str, Any], unknown: dict[str, Any]) -> Model:
    self = model.__new__(model)
    _set_dict(self, fields)
    _set_unknown(self, unknown)
    return self


def _plain(value: Any) -> Any:
    if isinstance(value, Model):
        return value.to_dict()
    if isinstance(value, datetime):
        return time_text(value)
    if is_dict(value):
        return {k: _plain(x) for k, x in value.items()}
    return [_plain(x) for x in value] if is_list(value) else value
