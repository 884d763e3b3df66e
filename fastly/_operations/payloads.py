"""The body of a 2xx response: a model from JSON, the text of a CSV, the bytes of a PDF."""

from __future__ import annotations

import codecs
import json
import re
from typing import TYPE_CHECKING, Any, NoReturn, cast

from fastly._operations.options import CSV, JSON
from fastly._text import render_path
from fastly._transport.bodies import TruncatedBodyError, is_delimited
from fastly.exceptions import ApiTypeError, ApiValueError, ResponseException

if TYPE_CHECKING:
    from fastly._operations.declarations import Decodable
    from fastly._transport import Response

__all__ = ["BODILESS", "decoded", "parsed", "refuse_bodiless"]

# A body of a few KiB can become gigabytes of lists and objects. The largest real page, 200 invoices
# of 100 lines each, has 240,000 values; a million cost up to 1.5 s and 250 MiB.
_MOST_VALUES = 1_100_000
# Statuses that promise no complete body: accepted, no content, reset content, partial content.
BODILESS = frozenset({202, 204, 205, 206})
# By the name that Python gives to each alias; a byte order mark is not part of the text.
_CODECS = {"utf-8": "utf-8-sig", "ascii": "ascii", "iso8859-1": "latin-1", "cp1252": "cp1252"}
# What can be left of a token where a body stops; a string is known by its message.
_CUT_TOKEN = r"t|tr|tru|f|fa|fal|fals|n|nu|nul|-|\.?|[eE][+-]?|\\?u?[0-9A-Fa-f]{0,4}"
_ERROR_DESPITE_STATUS = (
    "The response is an error despite its status: see the API message, and try again later."
)
_CHARSET = re.compile(r"charset=\"?([\w.:-]{1,40})", re.IGNORECASE | re.ASCII)


def parsed(response: Response, accept: str) -> Any:
    """Return what the body of a response contains: a JSON object, text or bytes.

    A status that promises no complete body has no payload: None.

    Args:
        response: A 2xx response, read completely.
        accept: The media type that was requested.

    Raises:
        ResponseException: The body is not what was requested, or ends early.
    """
    if response.status in BODILESS:
        return None
    if accept == JSON:
        return _json_object(response)
    if _content_type(response) != accept:
        _refuse(response, f"expected Content-Type {accept!r}, got {_content_type(response)!r}")
    if not is_delimited(response.headers):
        _refuse(response, "the response does not say where it ends, so it may be truncated")
    return _text(response) if accept == CSV else _pdf(response)


def decoded(
    response: Response,
    payload: dict[str, Any],
    model: type[Decodable],
    *,
    check: bool,
    discard_unknown: bool,
) -> Decodable:
    """Return the model of a JSON object.

    Args:
        response: The response that the object came in.
        payload: The object, which becomes part of the model.
        model: What it becomes.
        check: False keeps values of the wrong type, and logs them.
        discard_unknown: True drops undocumented fields.

    Raises:
        ResponseException: The object is not what the model declares.
    """
    if _is_error(response, payload):
        _refuse(response, f"the API reports an error, although the status is {response.status}")
    try:
        return model.from_response(payload, check=check, discard_unknown=discard_unknown)
    except (ApiTypeError, ApiValueError) as error:
        _refuse(response, f"the response does not match its documentation: {error}", error)


def _is_error(response: Response, payload: dict[str, Any]) -> bool:
    """Return whether an object says that it is an error, or has a message in place of its data."""
    status = payload.get("status")
    if status in ("error", "fail"):  # JSend calls both of these failures
        return True
    if payload.get("errors") or payload.get("error"):
        return True
    has_data = payload.get("data", True) or status == "success"
    if has_data or not payload.keys() - {"data", "meta"}:
        return False
    return response.as_error(ResponseException, "").detail is not None


def refuse_bodiless(response: Response) -> NoReturn:
    """Raise the exception for a status that promises no complete body."""
    _refuse(response, f"unexpected {response.status} response, whose body may be incomplete")


def _refuse(response: Response, why: str, cause: Exception | None = None) -> NoReturn:
    """Raise the exception for a 2xx response with an unexpected body; it keeps the body."""
    error = response.as_error(ResponseException, why)
    if error.detail:
        error.advice = _ERROR_DESPITE_STATUS
    if isinstance(cause, ApiTypeError):
        error.path = render_path(cause.path_to_item) or None
    raise error from cause


def _content_type(response: Response) -> str:
    return response.headers.get("content-type", "").partition(";")[0].strip().lower()


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_decode = json.JSONDecoder(parse_constant=_refuse_constant).decode


def _json_object(response: Response) -> dict[str, Any]:
    body = response.data
    # Each value takes at least 1.5 bytes, as in "[],[]": counting costs a tenth of the parsing.
    if 2 * len(body) > 3 * _MOST_VALUES and sum(map(body.count, (b",", b"[", b"{"))) > _MOST_VALUES:
        _refuse(response, f"the body has more than {_MOST_VALUES} JSON values")
    text = ""
    try:
        text = body.decode().removeprefix("\ufeff")
        data = _decode(text)
    except (ValueError, RecursionError) as error:
        _refuse_json(response, text.rstrip(), error)
    if not isinstance(data, dict):
        _refuse(response, f"expected a JSON object, got {type(data).__name__}")
    return cast("dict[str, Any]", data)


def _refuse_json(response: Response, text: str, error: Exception) -> NoReturn:
    """Raise the exception for a body that is not JSON, or that stops before its end."""
    if not response.data.strip():
        _refuse(response, "the body is empty", TruncatedBodyError("the body is empty"))
    if _stops(text, error):
        _refuse(response, "the body is JSON that ends early", TruncatedBodyError(str(error)))
    kind = _content_type(response)
    of_kind = "" if kind in ("", JSON) else f" (Content-Type: {kind!r})"
    _refuse(response, f"the body is not JSON{of_kind}: {error}", error)


def _stops(text: str, error: Exception) -> bool:
    """Return whether an object or a list stops before its end, within a token or between two."""
    if isinstance(error, UnicodeDecodeError):
        return error.end == len(error.object) and error.reason == "unexpected end of data"
    if not isinstance(error, json.JSONDecodeError) or not text.startswith(("{", "[")):
        return False
    rest = text[error.pos :]
    return error.msg.startswith("Unterminated string") or re.fullmatch(_CUT_TOKEN, rest) is not None


def _text(response: Response) -> str:
    charset = _CHARSET.search(response.headers["content-type"])
    name = charset[1] if charset else "utf-8"
    try:
        text = response.data.decode(_CODECS[codecs.lookup(name).name])
    except LookupError as error:
        _refuse(response, f"unknown charset {name!r}", error)
    except UnicodeDecodeError as error:
        _refuse(response, f"the body is not {name} text: {error}", error)
    if text.lstrip()[:1] in ("<", "{"):  # an error or a web page under the name of CSV
        _refuse(response, "the body is not CSV")
    return text or _refuse(response, "the body is empty")


def _pdf(response: Response) -> bytes:
    # Readers accept a PDF whose header is within the first 1,024 bytes (ISO 32000-1, annex H).
    if b"%PDF-" not in response.data[:1024]:
        _refuse(response, "the body is not a PDF")
    return response.data
