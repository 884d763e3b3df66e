"""How models look: in a ``repr``, in notebooks, and their times as text."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from fastly._models.plain import is_dict, is_list
from fastly._models.record import Record
from fastly._text import printable

__all__ = ["html_of", "layout", "time_text"]

_SHOWN_ITEMS = 3
_SHOWN_ROWS = 10
_WIDTH = 80  # columns
_LONGEST_TEXT = 200  # characters


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
    if isinstance(value, Record):
        items = value._items()  # pyright: ignore[reportPrivateUsage]  # a name that no field takes
        parts = [(f"{n if n.isidentifier() else repr(n)}=", x) for n, x in items]
        return parts, (f"{type(value).__name__}(", ")")
    if is_list(value):
        return [("", x) for x in value[:_SHOWN_ITEMS]], ("[", "]")
    if is_dict(value):
        return [(f"{k!r}: ", x) for k, x in value.items()], ("{", "}")
    return None, ("", "")


def html_of(record: Record) -> str:
    """Write a model as an HTML table of its fields; models, lists and maps of them are tables too.

    It has no scripts, and all text in it is escaped: names and descriptions come from the API.
    """
    items = record._items()  # pyright: ignore[reportPrivateUsage]  # a name that no field takes
    rows = ([_cell(name, "th"), _content(value)] for name, value in items)
    return _table([_cell(type(record).__name__, "th"), "<th></th>"], rows)


def _content(value: Any) -> str:
    if isinstance(value, Record):
        return f"<td>{html_of(value)}</td>"
    records = _records(value)
    return f"<td>{_grid(records)}</td>" if records else _cell(value)


def _records(value: Any) -> list[tuple[object, Any]]:
    """Return the models of a list or a map with their indices or keys; nothing for other values."""
    pairs: list[tuple[object, Any]] = []
    if is_dict(value) or is_list(value):
        pairs += value.items() if is_dict(value) else enumerate(value)
    return pairs if all(x is None or isinstance(x, Record) for _, x in pairs) else []


def _grid(records: list[tuple[object, Any]]) -> str:
    """Return a table with a row for each of the first models, and a column for each used field."""
    some = records[:_SHOWN_ROWS]
    names: Iterable[str] = next((x.__fields__ for _, x in some if x is not None), ())
    columns = {name: [getattr(x, name, None) for _, x in some] for name in names}
    used = {name: each for name, each in columns.items() if any(x not in (None, "") for x in each)}
    rows = [
        [_cell(str(key), "th"), *(_aligned(values[row]) for values in used.values())]
        for row, (key, _) in enumerate(some)
    ]
    if more := len(records) - len(some):
        rows.append([f'<td colspan="{len(used) + 1}">… {more:,} more</td>'])
    return _table(["<th></th>", *(_cell(name, "th") for name in used)], rows)


def _aligned(value: Any) -> str:
    """Return a cell of a column: numbers are on the right, and a list is shown by its length."""
    if is_list(value):
        return _cell(f"{len(value):,} item{'s' * (len(value) != 1)}")
    return _cell(value, side="right" if isinstance(value, (int, float)) else "left")


def _table(head: list[str], rows: Iterable[list[str]]) -> str:
    lines = (f"<tr>{''.join(cells)}</tr>" for cells in (head, *rows))
    return "\n".join(["<table>", *lines, "</table>"])


def _cell(value: Any, tag: str = "td", side: str = "left") -> str:
    from html import escape  # slow to import, and needed only in notebooks

    text = printable(value if isinstance(value, str) else layout(value, 0))
    text = text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT] + "…"
    return f'<{tag} style="text-align: {side}">{escape(text)}</{tag}>'
