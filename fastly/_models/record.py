"""What a model consists of: fields, compiled once into a checker, open to unknown ones.

The dictionary that ``json`` made becomes the instance's ``__dict__``: nothing is copied, and a
missing field falls through to its declaration, which reads as ``None``. A value whose type is
exactly the declared one costs one comparison; all others go to a lenient reader. Unknown fields
are moved aside, because one that has the name of a method would hide it.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import repeat
from typing import Any, ClassVar

from fastly._models.fields import Field, annotations_of
from fastly._models.reading import Policy, Reader, Where, check_plain, path_of
from fastly._models.shapes import odd_rows
from fastly._text import EXACT
from fastly.exceptions import ApiTypeError

__all__ = ["Record", "set_fields", "set_unknown", "unknown_of"]

_type: Callable[[Any], Any] = type  # whose result checkers would narrow to unknown types
# So short that a float holds it exactly enough, as it does the number itself.
_is_plain_number = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?").fullmatch
# Records of several kinds have these fields, so they do not say which kind a record is.
_SHARED = frozenset({"customer_id", "quantity", "region", "unit", "usage_type"})


class Record:
    """The base of models: what they are made of, and how JSON becomes them."""

    __slots__ = ("__dict__", "_unknown")
    __fields__: ClassVar[dict[str, Field]] = {}
    __expected__: ClassVar[dict[str, Any]] = {}
    __readers__: ClassVar[dict[str, Reader]] = {}
    __needed__: ClassVar[frozenset[str]] = frozenset()
    __others__: ClassVar[type[Record] | None] = None
    _unknown: dict[str, Any]

    def __init_subclass__(
        cls, *, needs: str | None = None, others: type[Record] | None = None
    ) -> None:
        """Compile the annotations of a new model into its fields.

        Args:
            needs: The field that a response must have, if only as null, "*" for any documented
                field, or "own" for one that, among undocumented fields, other records do not have.
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
            # No value from JSON has the type Record: everything but a scalar is always read.
            cls.__expected__[declared.key] = kind if kind in (str, int, float) else Record
        cls.__readers__ = {declared.key: declared.read for declared in cls.__fields__.values()}
        cls.__others__ = others or cls.__others__
        if needs is not None:
            every = frozenset(cls.__readers__)
            sets = {"*": every, "own": every - _SHARED}
            cls.__needed__ = sets.get(needs, frozenset({needs}))

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
            deque(map(set_fields, made, items), maxlen=0)  # runs in C, as the line above
            return made
        for row, data in enumerate(items):
            if _type(data) is dict:
                items[row] = self = _new(cls)
                set_fields(self, data)
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
            set_fields(self, data)
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
            set_unknown(
                self, {n: x if x is None else read(x, (where, n), policy) for n, x in items}
            )

    @classmethod
    def _read_other(cls, value: Any, where: Where, policy: Policy) -> Any:
        """Read a field that is not declared."""
        return (cls.__others__._read if cls.__others__ else check_plain)(value, where, policy)

    def _items(self) -> Iterator[tuple[str, Any]]:
        yield from self.__dict__.items()
        yield from unknown_of(self).items()


_new = object.__new__
set_fields: Callable[[Record, dict[str, Any]], None] = Record.__dict__["__dict__"].__set__
set_unknown: Callable[[Record, dict[str, Any]], None] = Record.__dict__["_unknown"].__set__
_get_unknown: Callable[[Record], dict[str, Any]] = Record.__dict__["_unknown"].__get__


def unknown_of(record: Record) -> dict[str, Any]:
    """Return the unknown fields; most models have none, and hold nothing for them."""
    try:
        return _get_unknown(record)
    except AttributeError:
        return {}
