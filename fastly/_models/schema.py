"""JSON Schemas (draft 2020-12) of models and rows, made from the types of their fields."""

from __future__ import annotations

from datetime import datetime
from typing import Any, get_args, get_origin, get_type_hints, is_typeddict

from fastly.exceptions import ApiTypeError

__all__ = ["DIALECT", "json_schema", "schema_of"]

DIALECT = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]

_SCALARS: dict[Any, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    datetime: {"type": "string", "format": "date-time"},
}


def schema_of(kind: Any, *, nullable: bool = True) -> Schema:
    """Return the schema of a type, such as ``list[Invoice]``, as ``to_dict`` writes its values.

    Models are written out where they are used: many loaders do not read references.
    """
    schema = dict(_SCALARS.get(kind) or _container(kind))
    return {**schema, "type": [schema["type"], "null"]} if nullable else schema


def _container(kind: Any) -> Schema:
    if get_origin(kind) is list:
        return {"type": "array", "items": schema_of(get_args(kind)[0])}
    if get_origin(kind) is dict:
        return {"type": "object", "additionalProperties": schema_of(get_args(kind)[1])}
    fields = {declared.key: declared.json_schema() for declared in kind.__fields__.values()}
    others = schema_of(kind.__others__) if kind.__others__ else True
    return {"type": "object", "properties": fields, "additionalProperties": others}


def json_schema(kind: type) -> Schema:
    """Return the JSON Schema (draft 2020-12) of a kind of row, as JSON lines hold it.

    Args:
        kind: `InvoiceRow`, `UsageRow`, `ServiceUsageRow`, `BillableUsageRow` or `AiUsageRow`.

    Returns:
        The schema of an object with all columns: numbers for decimals, and text in the format
        "date-time" for times. There can be other columns.

    Raises:
        ApiTypeError: `kind` is something else.
    """
    if not is_typeddict(kind):
        raise ApiTypeError(f"json_schema() takes a kind of row, such as InvoiceRow, got {kind!r}")
    columns = {name: _column_schema(hint) for name, hint in get_type_hints(kind).items()}
    return {
        "$schema": DIALECT,
        "title": kind.__name__,
        "type": "object",
        "properties": columns,
        "required": list(columns),
        "additionalProperties": True,
    }


def _column_schema(hint: Any) -> Schema:
    from decimal import Decimal  # slow to import, and not needed for models

    kinds = get_args(hint) or (hint,)
    return schema_of(float if kinds[0] is Decimal else kinds[0], nullable=len(kinds) > 1)
