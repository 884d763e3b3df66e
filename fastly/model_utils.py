"""What a model is: annotated fields, compiled once into a checker, open to unknown fields.

A model is declared by its annotations alone::

    class BillingTotalExtras(Model):
        name: str | None = field("Name of the extra.")
        setup: float | None = field("Charged once.", unit="USD")

The dictionary that ``json`` made becomes the instance's ``__dict__``: nothing is copied, and a
field that did not come falls through to its declaration, which reads as ``None``. A value whose
type is exactly the declared one costs one comparison; all others go to a lenient reader. Unknown
fields are moved aside, since one that is called like a method would shadow it.
"""

from __future__ import annotations

import json
import logging
import re
import types
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta, timezone
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeGuard, cast, get_args, get_origin

from fastly.exceptions import (
    ApiAttributeError,
    ApiKeyError,
    ApiTypeError,
    ApiValueError,
    did_you_mean,
    render_path,
)

if TYPE_CHECKING:
    from inspect import Signature

    from typing_extensions import Self, dataclass_transform
else:  # typing has it from Python 3.11 on, and it does nothing at run time

    def dataclass_transform(**_):
        return lambda cls: cls


__all__ = ["Field", "Model", "field"]

log = logging.getLogger("fastly")

# The grammar of JSON's numbers (RFC 8259, section 6), with a sign of either kind.
_NUMBER = re.compile(r"[+-]?\d+(?P<fraction>\.\d*)?(?P<exponent>[eE][+-]?\d+)?", re.ASCII)
# ISO 8601 as far as both parsers below read it alike: a fraction is one of seconds, and only a
# time has an offset. Left to themselves, they take a date's offset for a time of day.
_TIME = re.compile(
    r"\d{4}(?:-?W\d\d(?:-?\d)?|-?\d\d(?:-?\d\d)?)?"
    r"(?:[Tt ]\d\d(?::?\d\d(?::?(?P<second>\d\d)(?:[.,]\d+)?)?)?"
    r"(?:[Zz]|[+-]\d\d(?::?\d\d(?::\d\d)?)?)?)?",
    re.ASCII,
)
_LARGEST = 1.7976931348623157e308
_EXACT = 2**53  # every int up to here is a float too
# JSON deeper than this is no invoice; the bound keeps recursion far from Python's own limit.
_DEEPEST = 100
_DEEPEST_MODEL = 10  # levels at which a model can stand, from the answer's outermost one
_SURROGATE = re.compile("[\ud800-\udfff]")
_SHOWN_ITEMS = 3
_WIDTH = 80
_LONGEST_TEXT = 200

Where = tuple[Any, "str | int"] | None
Reader = Callable[[Any, Where, "_Policy"], Any]


class _Policy(NamedTuple):
    """What to do with a value of the wrong type, and with unknown fields."""

    wrong: Callable[[Any, str, Where], Any]
    discard_unknown: bool = False


class Field:
    """The declaration of one field: ``name``, ``annotation``, ``unit`` and what it means."""

    name: str
    annotation: str
    read: Reader

    def __init__(self, doc: str, unit: str) -> None:
        self.__doc__ = f"{doc} [{unit}]" if unit else doc
        self.meaning = doc
        self.unit = unit

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: object | None, owner: type) -> Field | None:
        """Read as None where the field did not come; on the class, give this declaration."""
        return self if instance is None else None

    def __repr__(self) -> str:
        return self.annotation


def field(doc: str, *, unit: str = "") -> Any:
    """Declare a field of a model: what it means, and in which unit it is counted."""
    return Field(doc, unit)


def _number(value: Any) -> float:
    """Read a number as a float, or as an int where only an int holds it exactly."""
    if type(value) is int and -_EXACT <= value <= _EXACT:  # what comes most often goes first
        return float(value)
    if isinstance(value, str) and (match := _NUMBER.fullmatch(value)):
        value = float(value) if match["fraction"] or match["exponent"] else int(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError
    if not -_LARGEST <= value <= _LARGEST:  # NaN included
        raise ValueError
    return float(value) if float(value) == value else int(value)


def _integer(value: Any) -> int:
    if isinstance(value, str) and (match := _NUMBER.fullmatch(value)) and not match["exponent"]:
        whole, _, fraction = value.partition(".")
        value = None if fraction.strip("0") else int(whole)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != int(value):
        raise ValueError
    if isinstance(value, float) and abs(value) > _EXACT:  # a neighbour of what was meant
        raise ValueError
    return int(value)


def _text(value: Any) -> str:
    return str.__str__(value) if isinstance(value, str) else str(_integer(value))


# The items of an invoice share their times: one object for each saves time and memory.
@lru_cache(maxsize=4096)
def _time_from_text(text: str) -> datetime:
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError
    if match["second"] == "60":  # a leap second is the first of the next minute
        start, end = match.span("second")
        return _time_from_text(f"{text[:start]}59{text[end:]}") + timedelta(seconds=1)
    try:
        utc = "+00:00" if text.endswith("Z") else ""
        time = datetime.fromisoformat(text.removesuffix("Z") + utc)
        return time if time.tzinfo else time.replace(tzinfo=timezone.utc)
    except ValueError:  # Python 3.10 reads few forms; dateutil reads all, 50 times slower
        from dateutil.parser import isoparse

        return _aware(isoparse(text.upper()))


def _aware(time: datetime) -> datetime:
    """Give a time the standard library's kind of offset, UTC where it names none."""
    offset = time.utcoffset() or timedelta()
    return time.replace(tzinfo=timezone(offset))


def _read_time(value: Any, where: Where, policy: _Policy) -> Any:
    try:
        if isinstance(value, str):
            return _time_from_text(value)
        if isinstance(value, datetime):
            return _aware(value)
    except (ValueError, TypeError, OverflowError):
        pass
    return policy.wrong(value, "an ISO 8601 time", where)


def _read_scalar(
    convert: Callable[[Any], Any], expected: str, value: Any, where: Where, policy: _Policy
) -> Any:
    try:
        return convert(value)
    except (ValueError, OverflowError):
        return policy.wrong(value, expected, where)


def _list_of(read_item: Reader) -> Reader:
    def read(value: Any, where: Where, policy: _Policy) -> Any:
        items = _unwrapped(value)
        if not _is_list(items):
            return items if items is None else policy.wrong(value, "a list", where)
        pairs = enumerate(items)
        return [x if x is None else read_item(x, (where, i), policy) for i, x in pairs]

    return read


def _unwrapped(value: Any) -> Any:
    """Return a list, which one published schema wraps as ``{"value": [...]}``."""
    return value["value"] if _is_dict(value) and tuple(value) == ("value",) else value


def _is_dict(value: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def _is_list(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def _is_sequence(value: object) -> TypeGuard[list[Any] | tuple[Any, ...]]:
    return isinstance(value, (list, tuple))


def _map_of(read_item: Reader) -> Reader:
    def read(value: Any, where: Where, policy: _Policy) -> Any:
        if not _is_dict(value):
            return policy.wrong(value, "an object", where)
        items = value.items()
        return {k: x if x is None else read_item(x, (where, k), policy) for k, x in items}

    return read


_SCALARS: dict[Any, Reader] = {
    float: partial(_read_scalar, _number, "a number"),
    int: partial(_read_scalar, _integer, "a whole number"),
    str: partial(_read_scalar, _text, "text"),
    datetime: _read_time,
}


def _reader(annotation: Any) -> Reader:
    """Compile what stands in an annotation, such as ``list[BillingTotalExtras]``."""
    if annotation in _SCALARS:
        return _SCALARS[annotation]
    arguments = get_args(annotation)
    if get_origin(annotation) is list:
        return _list_of(_reader(arguments[0]))
    if get_origin(annotation) is dict:
        return _map_of(_reader(arguments[1]))
    read_model: Reader = annotation._read
    return read_model


def _without_none(annotation: types.UnionType | str) -> Any:
    if isinstance(annotation, str):
        raise ApiTypeError("models are declared without `from __future__ import annotations`")
    return next(part for part in get_args(annotation) if part is not types.NoneType)


def _annotation_text(annotation: Any) -> str:
    """Write an annotation as a reader would: ``list[BillingTotalExtras] | None``."""
    return re.sub(r"\b(?:\w+\.)+(\w+)", r"\1", str(annotation))


class _LazySignature:
    """The constructor's signature for ``help`` and completion, made when asked for."""

    def __get__(self, instance: object | None, owner: type[Model]) -> Signature:
        from inspect import Parameter, Signature

        parameters = [
            Parameter(f.name, Parameter.KEYWORD_ONLY, default=None, annotation=f.annotation)
            for f in owner.__fields__.values()
        ]
        return Signature(parameters)


@dataclass_transform(kw_only_default=True)
class Model:
    """A typed, open record of what the API said.

    Read a field as an attribute: one that is documented but did not come is ``None``, and
    ``"cost" in total`` says whether it came. ``total["cost"]`` reads any field by the name it
    came under, unknown ones too. Make one by hand with ``BillingTotal(cost=1.5)``, or from
    plain data with ``BillingTotal.from_dict({...})``; both check every value, as does assignment.

    Raises:
        ApiTypeError: A value has the wrong type; the message names its path.
        ApiAttributeError: There is no such field.
    """

    __slots__ = ("__dict__", "_unknown")
    __fields__: ClassVar[dict[str, Field]] = {}
    __expected__: ClassVar[dict[str, Any]] = {}
    __readers__: ClassVar[dict[str, Reader]] = {}
    __signature__ = _LazySignature()
    _unknown: dict[str, Any]

    def __init_subclass__(cls) -> None:
        """Compile the annotations of a new model into its fields."""
        cls.__fields__, cls.__expected__ = dict(cls.__fields__), dict(cls.__expected__)
        for name, annotation in cls.__annotations__.items():
            declared: Field = cls.__dict__[name]
            kind = _without_none(annotation)
            declared.annotation = _annotation_text(annotation)
            declared.read = _reader(kind)
            cls.__fields__[name] = declared
            # No value from JSON has the type Model: what is not a scalar is always read.
            cls.__expected__[name] = kind if kind in (str, int, float) else Model
        cls.__readers__ = {name: declared.read for name, declared in cls.__fields__.items()}

    def __init__(self, /, *unnamed: object, **values: Any) -> None:
        if unnamed:
            example = next(iter(self.__fields__))
            raise ApiTypeError(f"{type(self).__name__} takes its fields by name, as {example}=...")
        for name, value in values.items():
            setattr(self, name, value)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Make one from plain data, as ``to_dict`` gives it; ``data`` is not changed.

        Raises:
            ApiTypeError: ``data`` is no mapping, or holds a value of the wrong type.
            ApiValueError: A field that is not documented is nested more than 100 deep.
        """
        if not isinstance(data, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]  # not all users check types
            raise ApiTypeError(f"{cls.__name__} is made from a mapping, not {_shown(data)}")
        made: Self = cls._read(_copied(data, -_DEEPEST_MODEL), None, _Policy(_refuse))
        return made

    @classmethod
    def from_answer(cls, data: dict[str, Any], *, check: bool, discard_unknown: bool) -> Self:
        """Make one out of an answer's own dictionary, which becomes part of it.

        Args:
            data: What ``json`` made.
            check: False keeps values of the wrong type as they came, and logs them.
            discard_unknown: True drops fields that are not documented.
        """
        made: Self = cls._read(data, None, _Policy(_refuse if check else _keep, discard_unknown))
        return made

    @classmethod
    def _read(cls, data: dict[str, Any], where: Where, policy: _Policy) -> Any:
        """Make one out of a dictionary, which becomes part of it; keep one that is made."""
        if type(data) is not dict:
            return data if isinstance(data, cls) else policy.wrong(data, "an object", where)
        unknown: list[str] = []
        expected, readers = cls.__expected__, cls.__readers__
        for name, value in data.items():
            try:
                kind = expected[name]
            except KeyError:
                unknown.append(name)
                continue
            if type(value) is kind:
                if kind is float and value - value:  # NaN, which is true, where it is infinite
                    data[name] = policy.wrong(value, "a number", (where, name))
            elif value is not None:
                data[name] = readers[name](value, (where, name), policy)
        self = _new(cls)
        _set_dict(self, data)
        if unknown:
            self._put_aside(unknown, where, policy)
        return self

    def _put_aside(self, names: list[str], where: Where, policy: _Policy) -> None:
        aside = {name: self.__dict__.pop(name) for name in names}
        if not policy.discard_unknown:
            items = aside.items()
            _set_unknown(self, {n: _read_unknown(x, (where, n), policy) for n, x in items})

    @property
    def additional_properties(self) -> dict[str, Any]:
        """The fields that came and are not documented, by name; a copy."""
        return cast("dict[str, Any]", _copied(_unknown(self)))

    def get(self, name: str, default: Any = None) -> Any:
        """Return a field that came, else ``default``; a null that came is None."""
        try:
            return self[name]
        except ApiKeyError:
            return default

    def to_dict(self) -> dict[str, Any]:
        """Return all that came as plain data: dicts, lists, text, numbers, ISO 8601 times."""
        return {name: _plain(value) for name, value in _items(self)}

    def to_json(self, indent: int | None = None) -> str:
        """Return all that came as JSON text, on one line or indented by ``indent`` spaces."""
        text = json.dumps(self.to_dict(), ensure_ascii=False, indent=indent)
        # Half a character, which JSON may hold, can be written to a file as an escape alone.
        return _SURROGATE.sub(lambda half: f"\\u{ord(half[0]):04x}", text)

    def to_str(self) -> str:
        """Return all that came as readable text, one field a line."""
        return self.to_json(indent=2)

    __iter__ = None  # without this, iter() would ask for [0], [1] and so on

    def __contains__(self, name: object) -> bool:
        return name in self.__dict__ or name in _unknown(self)

    def __getitem__(self, name: str) -> Any:
        for fields in (self.__dict__, _unknown(self)):
            if name in fields:
                return fields[name]
        raise ApiKeyError(f"{type(self).__name__} came without {name!r}")

    def __setitem__(self, name: str, value: Any) -> None:
        if name in self.__fields__:
            self._assign(name, _copied(value))
        elif isinstance(name, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # not all users check types
            value = _copied(value, leaf=_plain_value)
            _set_unknown(self, {**_unknown(self), name: value})
        else:
            raise ApiTypeError(f"the name of a field is text, not {_shown(name)}")

    if not TYPE_CHECKING:  # to a type checker, the fields are those that are declared

        def __getattr__(self, name):
            try:
                return _unknown(self)[name]
            except KeyError:
                raise ApiAttributeError(
                    f"{type(self).__name__} has no field {name!r}, and none came; it has "
                    f"{', '.join(self.__fields__)}{did_you_mean(name, self.__fields__)}"
                ) from None

        def __setattr__(self, name, value):
            if name in self.__fields__:
                self._assign(name, _copied(value))
            elif name in _unknown(self):
                self[name] = value
            else:
                raise ApiAttributeError(
                    f"{type(self).__name__} has no field {name!r}; it has "
                    f"{', '.join(self.__fields__)}. To add one that is not documented, "
                    f"write model[{name!r}] = ...{did_you_mean(name, self.__fields__)}"
                )

    def _assign(self, name: str, value: Any) -> None:
        if value is not None:
            value = self.__fields__[name].read(value, (None, name), _Policy(_refuse))
        self.__dict__[name] = value

    # Having no __hash__ beside it makes models unhashable: two equal ones may differ tomorrow.
    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self.__dict__ == other.__dict__ and _unknown(self) == _unknown(other)

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), dict(self.__dict__), dict(_unknown(self)))

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *_unknown(self)]

    def __repr__(self) -> str:
        return _layout(self, 0)


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


def _items(model: Model) -> Iterator[tuple[str, Any]]:
    yield from model.__dict__.items()
    yield from _unknown(model).items()


def _restore(model: type[Model], fields: dict[str, Any], unknown: dict[str, Any]) -> Model:
    self = model.__new__(model)
    _set_dict(self, fields)
    _set_unknown(self, unknown)
    return self


def _copied(value: Any, depth: int = 0, leaf: Callable[[Any], Any] = lambda value: value) -> Any:
    """Copy plain data, so that a model shares no container with its caller."""
    if depth > _DEEPEST:
        raise ApiValueError(f"the data is nested more than {_DEEPEST} deep")
    if isinstance(value, Mapping):
        items = cast("Mapping[object, Any]", value).items()
        return {_name(k): _copied(x, depth + 1, leaf) for k, x in items}
    return [_copied(x, depth + 1, leaf) for x in value] if _is_sequence(value) else leaf(value)


def _read_unknown(value: Any, where: Where, policy: _Policy) -> Any:
    try:
        return _copied(value, 1, _plain_value)
    except ApiTypeError:
        return policy.wrong(value, "plain data with finite numbers", where)
    except ApiValueError as error:
        raise ApiValueError(str(error), _path(where)) from None


def _plain_value(value: Any) -> Any:
    """Check a value of an unknown field: one that JSON has."""
    if isinstance(value, (int, float)) and not -_LARGEST <= value <= _LARGEST:
        raise ApiTypeError(f"a field that is not documented holds {_shown(value)}")
    if not isinstance(value, (str, int, float, types.NoneType)):
        raise ApiTypeError(f"a field that is not documented holds plain data, not {_shown(value)}")
    return value


def _name(key: object) -> str:
    if not isinstance(key, str):
        raise ApiTypeError(f"the name of a field is text, not {_shown(key)}")
    return key


def _plain(value: Any) -> Any:
    if isinstance(value, Model):
        return value.to_dict()
    if isinstance(value, datetime):
        return _time_text(value)
    if _is_dict(value):
        return {k: _plain(x) for k, x in value.items()}
    return [_plain(x) for x in value] if _is_list(value) else value


def _time_text(time: datetime) -> str:
    text = time.isoformat()
    return text.removesuffix("+00:00") + "Z" if text.endswith("+00:00") else text


def _path(where: Where) -> list[str | int]:
    steps: list[str | int] = []
    while where is not None:
        where, step = where
        steps.insert(0, step)
    return steps


def _refuse(value: Any, expected: str, where: Where) -> Any:
    raise ApiTypeError(f"expected {expected}, not {_shown(value)}", _path(where))


def _keep(value: Any, expected: str, where: Where) -> Any:
    kept = _copied(value)
    # Its type alone: an answer that repeats the token must not bring it into a log.
    path, kind = render_path(_path(where)), type(value).__name__
    log.warning("kept a value of type %s at %s, where %s was expected", kind, path, expected)
    return kept


def _shown(value: Any) -> str:
    """Show a wrong value in a message: scalars in short, anything else by its type."""
    if isinstance(value, str):
        return _short(value)
    if isinstance(value, (int, float)) and abs(value) <= _LARGEST:
        return repr(value)
    return "NaN or infinity" if isinstance(value, float) else type(value).__name__


def _short(value: Any) -> str:
    if isinstance(value, str) and len(value) > _LONGEST_TEXT:
        return f"{value[:_LONGEST_TEXT]!r}..."
    return _time_text(value) if isinstance(value, datetime) else repr(value)


def _layout(value: Any, indent: int) -> str:
    """Write a value on one line if it fits, else filled into lines; long lists are counted."""
    parts, (opening, closing) = _parts(value)
    if parts is None:
        return _short(value)
    inner = [name + _layout(part, indent + 2) for name, part in parts]
    if _is_list(value) and (more := len(value) - _SHOWN_ITEMS) > 0:
        inner.append(f"... and {more} more")
    line = opening + ", ".join(inner) + closing
    if not inner or ("\n" not in line and indent + len(line) < _WIDTH):
        return line
    margin = "\n" + " " * (indent + 2)
    return opening + margin + margin.join(_filled(inner, _WIDTH - indent - 2)) + closing


def _filled(parts: list[str], width: int) -> list[str]:
    """Put as many parts on each line as fit; one that is broken itself stands alone."""
    lines: list[str] = []
    for part, comma in zip(parts, ["," for _ in parts[1:]] + [""], strict=True):
        last = lines[-1] if lines else "\n"
        if "\n" in last + part or len(last) + len(part) + 2 > width:
            lines.append(part + comma)
        else:
            lines[-1] = f"{last} {part}{comma}"
    return lines


def _parts(value: Any) -> tuple[list[tuple[str, Any]] | None, tuple[str, str]]:
    if isinstance(value, Model):
        parts = [(f"{n if n.isidentifier() else repr(n)}=", x) for n, x in _items(value)]
        return parts, (f"{type(value).__name__}(", ")")
    if _is_list(value):
        return [("", x) for x in value[:_SHOWN_ITEMS]], ("[", "]")
    if _is_dict(value):
        return [(f"{k!r}: ", x) for k, x in value.items()], ("{", "}")
    return None, ("", "")
