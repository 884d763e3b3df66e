"""How models look: in a ``repr``, and their times as text."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Protocol, TypeGuard

from fastly._models.plain import is_dict, is_list

__all__ = ["layout", "time_text"]

_SHOWN_ITEMS = 3
_WIDTH = 80  # columns
_LONGEST_TEXT = 200  # characters


class _Record(Protocol):
    """A model, as far as it is shown here."""

    def _items(self) -> Iterator[tuple[str, Any]]: ...


def _is_record(value: object) -> TypeGuard[_Record]:
    return hasattr(type(value), "__fields__")


def _short(value: Any) -> str:
    if isinstance(value, str) and len(value) > _LONGEST_TEXT:
        return f"{value[:_LONGEST_TEXT]!r}..."
    return time_text(value) if isinstance(value, datetime) else repr(value)


def time_text(time: datetime) -> str:
    """Write a time as the API does: ``2026-07-01T00:00:00Z``."""
    text = time.isoformat()
    return text.removesuffix("+00:00") + "Z" if text.endswith("+00:00") else text


def layout(value: Any, indent: int) -> str:
    """Write a value on one line if it fits, else filled into lines; long lists are shortened."""
    parts, (opening, closing) = _parts(value)
    if parts is None:
        return _short(value)
    inner = [name + layout(part, indent + 2) for name, part in parts]
    if is_list(value) and (more := len(value) - _SHOWN_ITEMS) > 0:
        inner.append(f"... and {more} more")
    line = opening + ", ".join(inner) + closing
    if not inner or ("\n" not in line and indent + len(line) < _WIDTH):
        return line
    margin = "\n" + " " * (indent + 2)
    return opening + margin + margin.join(_filled(inner, _WIDTH - indent - 2)) + closing


def _filled(parts: list[str], width: int) -> list[str]:
    """Put as many parts on each line as fit; a part of several lines shares none of them."""
    lines: list[str] = []
    for part, comma in zip(parts, ["," for _ in parts[1:]] + [""], strict=True):
        last = lines[-1] if lines else "\n"
        if "\n" in last + part or len(last) + len(part) + 2 > width:
            lines.append(part + comma)
        else:
            lines[-1] = f"{last} {part}{comma}"
    return lines


def _parts(value: Any) -> tuple[list[tuple[str, Any]] | None, tuple[str, str]]:
    if _is_record(value):
        items = value._items()  # pyright: ignore[reportPrivateUsage]  # a name that no field takes
        parts = [(f"{n if n.isidentifier() else repr(n)}=", x) for n, x in items]
        return parts, (f"{type(value).__name__}(", ")")
    if is_list(value):
        return [("", x) for x in value[:_SHOWN_ITEMS]], ("[", "]")
    if is_dict(value):
        return [(f"{k!r}: ", x) for k, x in value.items()], ("{", "}")
    return None, ("", "")
