"""Lenient reading: the values that the API sends become the types that a model declares."""

from __future__ import annotations

import logging
import re
import types
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from functools import lru_cache, partial
from typing import Any, NamedTuple, cast, get_args, get_origin

from fastly._models.plain import is_dict, is_list, is_sequence
from fastly._text import EXACT, LARGEST, render_path, shown
from fastly.exceptions import ApiTypeError, ApiValueError

__all__ = [
    "DEEPEST_MODEL",
    "Policy",
    "Reader",
    "Where",
    "check_plain",
    "copied",
    "keep",
    "list_of",
    "path_of",
    "reader_of",
    "refuse",
    "text_of",
    "time_from_text",
    "time_of",
    "unwrapped",
]

log = logging.getLogger("fastly")

_type: Callable[[Any], Any] = type  # whose result checkers would narrow to unknown types
# The grammar of JSON's numbers (RFC 8259, section 6), with a sign of either kind.
_NUMBER = r"(?a)[+-]?\d+(?P<fraction>\.\d*)?(?P<exponent>[eE][+-]?\d+)?"
# ISO 8601 as far as both parsers below agree: only seconds have a fraction, and only a time has
# an offset. Left to themselves, they read the offset of a date as a time of day.
_TIME = (
    r"(?a)\d{4}(?:-?W\d\d(?:-?\d)?|-?\d\d(?:-?\d\d)?)?"
    r"(?:[Tt ]\d\d(?::?\d\d(?::?(?P<second>\d\d)(?:[.,]\d+)?)?)?"
    r"(?:[Zz]|[+-]\d\d(?::?\d\d(?::\d\d)?)?)?)?"
)
_DEEPEST = 100  # levels of JSON; the limit keeps recursion far from Python's own
DEEPEST_MODEL = 10  # levels at which a model can stand, counted from the outermost one
_LONGEST_CACHED_TIME = 40  # characters; a response may hold a time with a megabyte of digits

Where = tuple[Any, "str | int"] | None
Reader = Callable[[Any, Where, "Policy"], Any]


class Policy(NamedTuple):
    """What to do with a value of the wrong type, with unknown fields and with missing ones."""

    wrong: Callable[[Any, str, Where], Any]
    discard_unknown: bool = False
    refuse_absence: bool = False


def refuse(value: Any, expected: str, where: Where) -> Any:
    """Refuse a value of the wrong type."""
    raise ApiTypeError(f"expected {expected}, got {shown(value)}", path_of(where))


def keep(value: Any, expected: str, where: Where) -> Any:
    """Keep a value of the wrong type, and log it."""
    kept = copied(value)
    # Log only the type: the value could be an echo of the token.
    path, kind = render_path(path_of(where)), type(value).__name__
    log.warning("kept a value of type %s at %s; expected %s", kind, path, expected)
    return kept


def path_of(where: Where) -> list[str | int]:
    """Return the keys and indices that lead to a place."""
    steps: list[str | int] = []
    while where is not None:
        where, step = where
        steps.insert(0, step)
    return steps


def reader_of(annotation: Any) -> Reader:
    """Compile the reader of a type, such as ``list[BillingTotalExtras]``."""
    if annotation in _SCALARS:
        return _SCALARS[annotation]
    arguments = get_args(annotation)
    if get_origin(annotation) is list:
        return list_of(reader_of(arguments[0]), getattr(arguments[0], "_read_list", None))
    if get_origin(annotation) is dict:
        return _map_of(reader_of(arguments[1]))
    read_model: Reader = annotation._read
    return read_model


def list_of(read_item: Reader, read_list: Reader | None = None) -> Reader:
    """Return the reader of a list.

    Args:
        read_item: Reads one item.
        read_list: Reads all items at once, in place.
    """

    def read(value: Any, where: Where, policy: Policy) -> Any:
        kind = _type(value)
        items = value if kind is list else unwrapped(value)
        if kind is not list and not is_list(items):
            return items if items is None else policy.wrong(value, "a list", where)
        if read_list is not None:
            return read_list(items, where, policy)
        pairs = enumerate(items)
        return [x if x is None else read_item(x, (where, i), policy) for i, x in pairs]

    return read


def _map_of(read_item: Reader) -> Reader:
    def read(value: Any, where: Where, policy: Policy) -> Any:
        if not is_dict(value):
            return policy.wrong(value, "an object", where)
        items = value.items()
        return {k: x if x is None else read_item(x, (where, k), policy) for k, x in items}

    return read


def unwrapped(value: Any) -> Any:
    """Return a list, which one published schema wraps as ``{"value": [...]}``."""
    return value["value"] if is_dict(value) and tuple(value) == ("value",) else value


def _read_scalar(
    convert: Callable[[Any], Any], expected: str, value: Any, where: Where, policy: Policy
) -> Any:
    try:
        return convert(value)
    except (ValueError, OverflowError):
        return policy.wrong(value, expected, where)


def _number(value: Any) -> float:
    """Read a number as a float, or as an int if only an int holds it exactly."""
    if type(value) is int and -EXACT <= value <= EXACT:  # the most frequent case first
        return float(value)
    if isinstance(value, str) and (match := re.fullmatch(_NUMBER, value)):
        value = float(value) if match["fraction"] or match["exponent"] else int(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError
    if not -LARGEST <= value <= LARGEST:  # NaN included
        raise ValueError
    return float(value) if float(value) == value else int(value)


def _integer(value: Any) -> int:
    if isinstance(value, str) and (match := re.fullmatch(_NUMBER, value)) and not match["exponent"]:
        whole, _, fraction = value.partition(".")
        value = None if fraction.strip("0") else int(whole)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != int(value):
        raise ValueError
    if isinstance(value, float) and abs(value) > EXACT:  # rounded: not the number sent
        raise ValueError
    return int(value)


def _text(value: Any) -> str:
    return str.__str__(value) if isinstance(value, str) else str(_integer(value))


def _read_time(value: Any, where: Where, policy: Policy) -> Any:
    try:
        if isinstance(value, str):
            is_short = len(value) <= _LONGEST_CACHED_TIME
            return _cached_time(value) if is_short else time_from_text(value)
        if isinstance(value, datetime):
            return _aware(value)
    except (ValueError, TypeError, OverflowError):
        pass
    return policy.wrong(value, "an ISO 8601 time", where)


def time_from_text(text: str) -> datetime:
    """Read an ISO 8601 time, in UTC if it has no offset; anything else raises ValueError."""
    match = re.fullmatch(_TIME, text)
    if match is None:
        raise ValueError
    if match["second"] == "60":  # a leap second is the first of the next minute
        start, end = match.span("second")
        return time_from_text(f"{text[:start]}59{text[end:]}") + timedelta(seconds=1)
    try:
        utc = "+00:00" if text.endswith("Z") else ""
        time = datetime.fromisoformat(text.removesuffix("Z") + utc)
        return time if time.tzinfo else time.replace(tzinfo=timezone.utc)
    except ValueError:  # Python 3.10 reads few forms; dateutil reads all, 50 times slower
        from dateutil.parser import isoparse

        return _aware(isoparse(text.upper()))


def text_of(value: object) -> str | None:
    """Return what a value reads as where a model declares text, or None if it is not that."""
    try:
        return _text(value)
    except (ValueError, OverflowError):
        return None


def time_of(value: object) -> datetime | None:
    """Return the time that a text stands for, or None if it is not one."""
    try:
        return time_from_text(value) if isinstance(value, str) else None
    except (ValueError, OverflowError):
        return None


# The lines of an invoice share their times: one object for all saves time and memory.
_cached_time = lru_cache(maxsize=4096)(time_from_text)


def _aware(time: datetime) -> datetime:
    """Give a time the standard library's kind of offset, UTC if it has none."""
    offset = time.utcoffset() or timedelta()
    return time.replace(tzinfo=timezone(offset))


_SCALARS: dict[Any, Reader] = {
    float: partial(_read_scalar, _number, "a number"),
    int: partial(_read_scalar, _integer, "a whole number"),
    str: partial(_read_scalar, _text, "text"),
    datetime: _read_time,
}


def copied(value: Any, depth: int = 0) -> Any:
    """Copy plain data, so that a model shares no container with its caller.

    Raises:
        ApiTypeError: The key of a mapping is not text.
        ApiValueError: The data is nested more than 100 levels deep.
    """
    if depth > _DEEPEST:
        raise ApiValueError(f"the data is nested more than {_DEEPEST} levels deep")
    if isinstance(value, Mapping):
        items = cast("Mapping[object, Any]", value).items()
        return {_key(k): copied(x, depth + 1) for k, x in items}
    return [copied(x, depth + 1) for x in value] if is_sequence(value) else value


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise ApiTypeError(f"the name of a field must be text, got {shown(key)}")
    return key


def check_plain(value: Any, where: Where, policy: Policy, depth: int = 1) -> Any:
    """Check an undocumented field, and return it: finite numbers, and not nested too deep."""
    if depth > _DEEPEST:
        raise ApiValueError(f"the data is nested more than {_DEEPEST} levels deep", path_of(where))
    if is_dict(value):
        for inner in value.values():
            check_plain(inner, where, policy, depth + 1)
    elif is_list(value):
        for inner in value:
            check_plain(inner, where, policy, depth + 1)
    elif not _is_plain(value):
        return policy.wrong(value, "plain data with finite numbers", where)
    return value


def _is_plain(value: object) -> bool:
    if isinstance(value, (int, float)):
        return -LARGEST <= value <= LARGEST
    return isinstance(value, (str, types.NoneType))
