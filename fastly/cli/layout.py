"""What all pages share: columns of a terminal, folded labels, bars and amounts."""

from __future__ import annotations

import shutil
import textwrap
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from itertools import accumulate

from fastly._months import in_utc
from fastly._text import printable
from fastly.rows import cent, exact

__all__ = [
    "NARROWEST",
    "WIDEST",
    "Number",
    "Paper",
    "apart",
    "cells",
    "day",
    "figure",
    "moment",
    "money",
]

Number = Decimal | float | None

NARROWEST, WIDEST, _FILE_WIDTH = 24, 88, 80
_SHORTEST_NAME, _LABEL = 12, 10
_SHORTEST_BAR, _LONGEST_BAR = 4, 24
_LONGEST_TEXT = 1000
_FILLER = "\0"
# Enough digits for the difference of any two floats; cents are rounded as on invoices.
_EXACT = Context(prec=700, rounding=ROUND_HALF_UP)
_MOST_DECIMALS = 20
_TOO_LONG = Decimal(10) ** 15  # the longest amount below it fits the narrowest page
_HALF = Decimal("0.5")


class Paper:
    """The width and the characters that a page has.

    Args:
        width: Columns of the terminal; a page has 24 to 88 of them.
        encoding: Encoding of the terminal. Characters that it cannot show become "?".
    """

    def __init__(self, width: int, encoding: str) -> None:
        self.width = max(NARROWEST, min(width, WIDEST))
        self.encoding = encoding
        self.block, self.rule = ("█", "─") if _can_show("█─", encoding) else ("#", "-")

    @classmethod
    def for_file(cls, encoding: str) -> Paper:
        """Return the paper of a page in a file."""
        return cls(_FILE_WIDTH, encoding)

    @classmethod
    def for_terminal(cls, encoding: str) -> Paper:
        """Return the paper of a terminal, or of a pipe."""
        return cls(shutil.get_terminal_size().columns, encoding)

    @staticmethod
    def text(lines: Iterable[str]) -> str:
        """Return the text of a page, computed with exact sums and rounded as on invoices."""
        with localcontext(_EXACT):
            return "".join(line.rstrip() + "\n" for line in lines)

    def clean(self, text: str) -> str:
        """Return a text that the terminal can show, without control characters."""
        shown = printable(text[:_LONGEST_TEXT])
        return shown.encode(self.encoding, "replace").decode(self.encoding)

    def fold(self, text: str, width: int) -> list[str]:
        """Break a text into at most three lines; "..." marks the end of a longer one."""
        filled = "".join(c + _FILLER * (cells(c) - 1) for c in self.clean(text))
        if _FILLER in filled:
            width -= 1  # a line may end between a character of two columns and its filler
        lines = textwrap.wrap(filled, width, max_lines=3, placeholder="...", subsequent_indent="  ")
        return [line.strip().replace(_FILLER, "") for line in lines] or ["-"]

    def cell(self, text: str, width: int) -> str:
        """Return a text in exactly `width` columns; "..." marks the end of a longer one."""
        shown = self.clean(text)
        if cells(shown) > width:
            dots = "..."[:width]
            ends = accumulate(map(cells, shown))  # the columns up to each character
            fitting = sum(end <= width - len(dots) for end in ends)
            shown = shown[:fitting] + dots
        return self.pad(shown, width)

    def pad(self, text: str, width: int) -> str:
        """Return a text padded with spaces to `width` columns."""
        return text + " " * (width - cells(text))

    def row(self, label: str, rest: str, indent: int = 0) -> Iterator[str]:
        """Yield a folded label, with the rest at the right edge of its first line.

        A rest that leaves no room for a label gets lines of its own.
        """
        start, room = " " * indent, self.width - cells(rest) - indent
        shown = self.clean(label) or "-"
        is_beside = room >= _SHORTEST_NAME or cells(shown) <= room
        width = room if is_beside else self.width - indent
        first, *more = [shown] if cells(shown) <= width else self.fold(shown, width)
        yield (
            self.pad(start + first, self.width - cells(rest)) + rest if is_beside else start + first
        )
        yield from (f"{start}  {line}" for line in more)
        if not is_beside:
            yield from (self._right(line) for line in self.fold(rest, self.width))

    def _right(self, text: str) -> str:
        return " " * (self.width - cells(text)) + text

    def facts(self, facts: Iterable[tuple[str, str]]) -> Iterator[str]:
        """Yield a line for each label and text, folded under the text."""
        for label, text in facts:
            first, *more = self.fold(text, self.width - _LABEL)
            yield f"{label:{_LABEL}}{first}"
            yield from (" " * _LABEL + line for line in more)

    def prose(self, text: str) -> list[str]:
        """Return a sentence, broken into lines."""
        return textwrap.wrap(self.clean(text), self.width)

    def bars(self, costs: list[Decimal], room: int) -> list[str] | None:
        """Return a bar for each cost, all equally wide; None if they do not fit or show nothing.

        The largest cost has the longest bar; a credit has none.
        """
        most, width = max(costs, default=Decimal(0)), min(room, _LONGEST_BAR)
        if width < _SHORTEST_BAR or most <= 0:
            return None
        lengths = [int(max(cost, Decimal(0)) / most * width + _HALF) for cost in costs]
        return [f"{self.block * length:{width}}" for length in lengths]


def _can_show(text: str, encoding: str) -> bool:
    return text.encode(encoding, "replace").decode(encoding) == text


def cells(text: str) -> int:
    """Return the columns that a text takes on a terminal.

    East Asian characters take two. Marks take none, including those without a combining class,
    such as the vowel signs of Thai and the variation selectors.
    """
    if text.isascii():  # the usual case, 100 times faster
        return len(text)
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(unicodedata.category(c) in ("Mn", "Me") for c in text)


def figure(value: Number, digits: int) -> str:
    """Return a number with thousands separators; "-" for None."""
    if value is None:
        return "-"
    number = exact(value)
    text = f"{number:,.{digits}f}" if abs(number) < _TOO_LONG else f"{number:.6e}"
    return text if text.strip("-0.,") else text.removeprefix("-")


def money(amount: Number, currency: str | None = None) -> str:
    """Return an amount with thousands separators and its currency's decimals, at least two."""
    return figure(amount, max(2, -int(cent(currency).as_tuple().exponent)))


def apart(one: Number, other: Number) -> tuple[str, str]:
    """Return two amounts with as many decimals as it takes to tell them apart, at least two."""
    for digits in range(2, _MOST_DECIMALS):
        if figure(one, digits) != figure(other, digits):
            return figure(one, digits), figure(other, digits)
    return money(one), money(other)


def day(time: datetime | None) -> str:
    """Return the date of a time in UTC; "-" for None."""
    return "-" if time is None else f"{in_utc(time).date()}"


def moment(time: datetime | None) -> str:
    """Return date and time in UTC; "-" for None."""
    if time is None:
        return "-"
    return f"{in_utc(time).replace(tzinfo=None).isoformat(' ', 'minutes')} UTC"
