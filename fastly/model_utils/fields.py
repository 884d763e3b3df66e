"""The declaration of a field, and the annotation that it is compiled from."""

from __future__ import annotations

import re
import types
from typing import Any, get_args

from fastly.exceptions import ApiTypeError
from fastly.model_utils.reading import Reader

__all__ = ["Field", "annotation_text", "annotations_of", "field", "without_none"]


class Field:
    """The declaration of one field.

    Attributes:
        name: Its name in the JSON and on the model.
        annotation: Its type, as a reader would write it.
        meaning: What it means.
        unit: What it is counted in, such as "USD", or "".
        read: Turns a value from JSON into the declared type.
    """

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
        """Return None for a field that is missing; on the class, return this declaration."""
        return self if instance is None else None

    def __repr__(self) -> str:
        return self.annotation


def field(doc: str, *, unit: str = "") -> Any:
    """Declare a field of a model: its meaning and its unit."""
    return Field(doc, unit)


def annotations_of(model: type) -> dict[str, Any]:
    """Return the annotations of a model's own fields.

    Raises:
        ApiTypeError: Python cannot evaluate them. From 3.14 on it does so only when asked, after
            the fields have taken their names.
    """
    try:
        return dict(model.__annotations__)
    except (NameError, TypeError) as error:
        raise ApiTypeError(
            f"cannot read the annotations of {model.__name__}: {error}. A model cannot contain "
            "itself, and a field cannot have the name of a type that the class uses"
        ) from error


def without_none(annotation: types.UnionType | str) -> Any:
    """Return ``X`` of the annotation ``X | None``."""
    if isinstance(annotation, str):
        raise ApiTypeError("declare models without `from __future__ import annotations`")
    return next(part for part in get_args(annotation) if part is not types.NoneType)


def annotation_text(annotation: Any) -> str:
    """Write an annotation as a reader would: ``list[BillingTotalExtras] | None``."""
    return re.sub(r"\b(?:\w+\.)+(\w+)", r"\1", str(annotation))
