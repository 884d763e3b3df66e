"""Text for people: values shown safely, printable text, paths and suggestions."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = [
    "EXACT",
    "LARGEST",
    "did_you_mean",
    "printable",
    "render_path",
    "shown",
]

LARGEST = 1.7976931348623157e308  # of a float
EXACT = 2**53  # every int up to here is a float too
_LONGEST = 200  # characters of a value


def shown(value: object) -> str:
    """Show a wrong value in a message: a scalar in short, anything else by its type."""
    if isinstance(value, (str, bytes)):
        return f"{value[:_LONGEST]!r}..." if len(value) > _LONGEST else repr(value)
    if value is None or (isinstance(value, (int, float)) and abs(value) <= LARGEST):
        return repr(value)
    return "NaN or infinity" if isinstance(value, float) else type(value).__name__


def printable(text: str) -> str:
    """Remove the characters that a terminal or a log would act on."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def render_path(path: Iterable[str | int] | None) -> str:
    """Write a path as an index expression: ``("line_items", 1)`` becomes ``line_items[1]``."""
    steps = (_step(part) for part in path or ())
    return "".join(steps).removeprefix(".")


def _step(part: str | int) -> str:
    plain_name = isinstance(part, str) and part.isidentifier()
    return f".{part}" if plain_name else f"[{part!r}]"


def did_you_mean(name: str, known: Iterable[str], cutoff: float = 0.7) -> str:
    """Return the end of a message about an unknown name: the known name most like it."""
    import difflib  # slow to import, and needed only for a mistake

    known = tuple(known)
    close = [x for x in known if len(name) > 3 and name in x]
    close = close or difflib.get_close_matches(name, known, n=1, cutoff=cutoff)
    return f"; did you mean {close[0]!r}?" if close else ""
