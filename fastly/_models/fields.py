"""The declaration of a field, and the annotation that it is compiled from."""

from __future__ import annotations

import re
import types
from typing import Any, get_args

from fastly._models.plain import is_dict, is_list
from fastly._models.reading import Policy, Reader, Where, list_of, reader_of, unwrapped
from fastly._models.schema import schema_of
from fastly.exceptions import ApiTypeError

__all__ = ["Field", "annotations_of", "every", "field"]


class Field:
    """The declaration of one field.

    Attributes:
        name: Its name on the model.
        key: Its name in the JSON, the same without the underscore of ``_from``: a field cannot
            have the name of a Python keyword.
        kind: Its type, without None.
        annotation: Its type, as a reader would write it.
        meaning: What it means.
        unit: Its unit, such as "USD", or "".
        read: Turns a value from JSON into the declared type.
    """

    name: str
    key: str
    kind: Any
    annotation: str
    read: Reader

    def __init__(self, doc: str, unit: str) -> None:
        self.__doc__ = f"{doc} [{unit}]" if unit else doc
        self.meaning = doc
        self.unit = unit

    def __set_name__(self, owner: type, name: str) -> None:
        self.name, self.key = name, name.removeprefix("_")

    def __get__(self, instance: object | None, owner: type) -> Any:
        """Return None for a field that is missing; on the class, return this declaration.

        Python looks into the instance first, so this is also how ``_from`` is found.
        """
        return self if instance is None else instance.__dict__.get(self.key)

    def __repr__(self) -> str:
        return self.annotation

    def compile(self, annotation: Any) -> Any:
        """Take the type from the annotation, and return it."""
        self.kind = kind = _without_none(annotation)
        self.annotation = _annotation_text(annotation)
        self.read = self.reader(reader_of(kind))
        return kind

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of this field's values."""
        return {**schema_of(self.kind), "description": self.__doc__}

    def reader(self, read: Reader) -> Reader:
        """Return the reader of this field's values, given the reader of the annotated type."""
        return read


class _OrSingle(Field):
    """A list that the API also sends as its only item."""

    def reader(self, read: Reader) -> Reader:
        def read_list(value: Any, where: Where, policy: Policy) -> Any:
            items = unwrapped(value)
            return read([items] if is_dict(items) else items, where, policy)

        return read_list


class _OrMany(Field):
    """An object that the API also sends as a list of them: it reads as the first."""

    def __get__(self, instance: object | None, owner: type) -> Any:
        return self if instance is None else next(iter(every(instance, self.name)), None)

    def __set__(self, instance: object, value: Any) -> None:
        """Take precedence over the instance's dictionary, which holds what was sent."""
        instance.__dict__[self.name] = value

    def json_schema(self) -> dict[str, Any]:
        either = {"type": ["object", "array", "null"], "items": schema_of(self.kind)}
        return super().json_schema() | either

    def reader(self, read: Reader) -> Reader:
        read_list = list_of(read)

        def read_any(value: Any, where: Where, policy: Policy) -> Any:
            items = unwrapped(value)
            return (read_list if is_list(items) else read)(items, where, policy)

        return read_any


def field(doc: str, *, unit: str = "", or_single: bool = False, or_many: bool = False) -> Any:
    """Declare a field of a model.

    Args:
        doc: Its meaning.
        unit: Its unit.
        or_single: The API also sends this list as its only item.
        or_many: The API also sends this object as a list; the field is the first of them, and
            ``every`` returns all.
    """
    kind = _OrSingle if or_single else _OrMany if or_many else Field
    return kind(doc, unit)


def every(model: object, name: str) -> list[Any]:
    """Return all objects of a field that was declared with ``or_many``."""
    value = vars(model).get(name)
    return (
        [x for x in value if x is not None] if is_list(value) else [] if value is None else [value]
    )


def annotations_of(model: type) -> dict[str, Any]:
    """Return the annotations of a model's own fields.

    Raises:
        ApiTypeError: Python cannot evaluate them. From 3.14 on, it evaluates them on request,
            when the fields have already taken their names.
    """
    try:
        return dict(model.__annotations__)
    except (NameError, TypeError) as error:
        raise ApiTypeError(
            f"cannot read the annotations of {model.__name__}: {error}. A model cannot contain "
            "itself, and a field cannot have the name of a type that the class uses"
        ) from error


def _without_none(annotation: types.UnionType | str) -> Any:
    """Return ``X`` of the annotation ``X | None``."""
    if isinstance(annotation, str):
        raise ApiTypeError("declare models without `from __future__ import annotations`")
    return next(part for part in get_args(annotation) if part is not types.NoneType)


def _annotation_text(annotation: Any) -> str:
    """Write an annotation as a reader would: ``list[BillingTotalExtras] | None``."""
    return re.sub(r"\b(?:\w+\.)+(\w+)", r"\1", str(annotation))
