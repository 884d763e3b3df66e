"""The body of a 2xx response: a model from JSON, the text of a CSV, the bytes of a PDF."""

from __future__ import annotations

import codecs
import json
import re
from typing import TYPE_CHECKING, Any, NoReturn, cast

from fastly._operations.options import CSV, JSON
from fastly._text import render_path
from fastly.exceptions import ApiTypeError, ApiValueError, ResponseException

if TYPE_CHECKING:
    from fastly._operations.declarations import Decodable
    from fastly._transport import Response

__all__ = ["result_of"]

# A body of a few KiB can become gigabytes of lists and objects. The largest real page, 200 invoices
# of 100 lines each, has 240,000 values; a million cost up to 1.5 s and 250 MiB.
_MOST_VALUES = 1_000_000
# Statuses that promise no complete body: accepted, no content, reset content, partial content.
_BODILESS = frozenset({202, 204, 205, 206})
# By the name that Python gives to each alias; a byte order mark is not part of the text.
_CODECS = {"utf-8": "utf-8-sig", "ascii": "ascii", "iso8859-1": "latin-1", "cp1252": "cp1252"}
_CHARSET = re.compile(r"charset=\"?([\w.:-]{1,40})", re.IGNORECASE | re.ASCII)


def result_of(
    response: Response,
    model: type[Decodable] | None,
    accept: str,
    *,
    check: bool,
    discard_unknown: bool,
) -> Any:
    """Return what the body of a response contains.

    Args:
        response: A 2xx response, read completely.
        model: What a JSON body becomes; None: the body does not matter.
        accept: The media type that was requested.
        check: False keeps values of the wrong type, and logs them.
        discard_unknown: True drops undocumented fields.

    Raises:
        ResponseException: The body is not what was requested.
    """
    if model is None:
        return None
    if response.status in _BODILESS:
        _refuse(response, f"unexpected {response.status} response, whose body may be incomplete")
    if accept == JSON:
        return _model(response, model, check, discard_unknown)
    if _content_type(response) != accept:
        _refuse(response, f"expected Content-Type {accept!r}, got {_content_type(response)!r}")
    if not response.is_delimited:
        _refuse(response, "the response does not say where it ends, so it may be truncated")
    return _text(response) if accept == CSV else _pdf(response)


def _refuse(response: Response, why: str, cause: Exception | None = None) -> NoReturn:
    """Raise the exception for a 2xx response with an unexpected body; it keeps the body."""
    error = response.as_error(ResponseException, why)
    if isinstance(cause, ApiTypeError):
        error.path = render_path(cause.path_to_item) or None
    raise error from cause


def _content_type(response: Response) -> str:
    return response.headers.get("content-type", "").partition(";")[0].strip().lower()


def _model(
    response: Response, model: type[Decodable], check: bool, discard_unknown: bool
) -> Decodable:
    data = _json_object(response)
    if data.get("status") == "error":
        _refuse(response, f"the API reports an error, although the status is {response.status}")
    try:
        return model.from_response(data, check=check, discard_unknown=discard_unknown)
    except (ApiTypeError, ApiValueError) as error:
        _refuse(response, f"the response does not match its documentation: {error}", error)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_decode = json.JSONDecoder(parse_constant=_refuse_constant).decode


def _json_object(response: Response) -> dict[str, Any]:
    body = response.data
    if len(body) > _MOST_VALUES and sum(map(body.count, (b",", b"[", b"{"))) > _MOST_VALUES:
        _refuse(response, f"the body has more than {_MOST_VALUES} JSON values")
    try:
        data = _decode(response.data.decode().removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        _refuse(response, _why_not_json(response, error), error)
    if not isinstance(data, dict):
        _refuse(response, f"expected a JSON object, got {type(data).__name__}")
    return cast("dict[str, Any]", data)


def _why_not_json(response: Response, error: Exception) -> str:
    if not response.data:
        return "the body is empty"
    kind = _content_type(response)
    of_kind = "" if kind in ("", JSON) else f" (Content-Type: {kind!r})"
    return f"the body is not JSON{of_kind}: {error}"


def _text(response: Response) -> str:
    charset = _CHARSET.search(response.headers["content-type"])
    name = charset[1] if charset else "utf-8"
    try:
        text = response.data.decode(_CODECS[codecs.lookup(name).name])
    except LookupError as error:
        _refuse(response, f"unknown charset {name!r}", error)
    except UnicodeDecodeError as error:
        _refuse(response, f"the body is not {name} text: {error}", error)
    return text or _refuse(response, "the body is empty")


def _pdf(response: Response) -> bytes:
    # Readers accept a PDF whose header is within the first 1,024 bytes (ISO 32000-1, annex H).
    if b"%PDF-" not in response.data[:1024]:
        _refuse(response, "the body is not a PDF")
    return response.data
