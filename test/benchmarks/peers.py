"""The peers: pydantic and msgspec with models equal to ours, and stripe's open objects."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import reduce
from operator import or_
from typing import Any, get_args, get_origin, get_type_hints

import msgspec
import pydantic
import stripe

from fastly._models import Model
from fastly.model.list_eom_invoices_response import ListEomInvoicesResponse

Decode = Callable[[bytes], object]
Make = Callable[[str, dict[str, Any]], Any]


def _pydantic_model(name: str, fields: dict[str, Any]) -> Any:
    config = pydantic.ConfigDict(extra="allow")
    defaults: dict[str, Any] = {field: (kind, None) for field, kind in fields.items()}
    return pydantic.create_model(name, __config__=config, **defaults)


def _msgspec_struct(name: str, fields: dict[str, Any]) -> Any:
    return msgspec.defstruct(name, [(field, kind, None) for field, kind in fields.items()])


def _equal(kind: Any, make: Make) -> Any:
    """Return a declared type with each of our models in it replaced by its equal."""
    if isinstance(kind, type) and issubclass(kind, Model):
        hints = get_type_hints(kind)
        return make(kind.__name__, {name: _equal(hints[name], make) for name in kind.__fields__})
    parts = tuple(_equal(part, make) for part in get_args(kind))
    if not parts:
        return kind
    origin = get_origin(kind)
    return origin[parts] if origin in (list, dict) else reduce(or_, parts)


def decoders() -> dict[str, Decode]:
    """Return functions that make a page from the bytes of a response, by the name of the peer."""
    model = _equal(ListEomInvoicesResponse, _pydantic_model)
    decoder = msgspec.json.Decoder(_equal(ListEomInvoicesResponse, _msgspec_struct))
    return {
        "json": json.loads,
        "pydantic": model.model_validate_json,
        "msgspec": decoder.decode,
        "stripe": lambda body: stripe.StripeObject.construct_from(json.loads(body), "key"),
    }
