"""What a person sees on stderr while requests are made: what the client logs, and progress."""

from __future__ import annotations

import contextlib
import logging
import shutil
import sys
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from fastly.cli.messages import PROGRAM, say, show
from fastly.cli.streams import is_terminal
from fastly.model.metadata import Metadata

__all__ = ["Progress", "logged"]

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class Progress:
    """The pages so far, on one line of a terminal that is cleared at the end."""

    def __init__(self, *, quiet: bool) -> None:
        self._is_shown = not quiet and is_terminal(sys.stderr)
        self._length = 0  # of the line that is shown

    def items(
        self, items: Iterable[Item], items_of: Callable[[Any], Sequence[object] | None]
    ) -> Iterator[Item]:
        """Yield all items, and show how far they are if there are several pages.

        Args:
            items: The items; each is a page of its own, unless ``items`` have a ``page``.
            items_of: Returns the items of a page.
        """
        shown, number, count = None, 0, 0
        try:
            for item in items:
                page = getattr(items, "page", item)
                if page is not shown:
                    shown, number, count = page, number + 1, count + len(items_of(page) or ())
                    self._show_page(page, number, count)
                yield item
        finally:
            self.clear()

    def counted(self, answers: Iterable[Answer]) -> Iterator[Answer]:
        """Yield the results of requests that are not pages of a list, and count them."""
        try:
            for number, answer in enumerate(answers, 1):
                if number > 1:
                    self._show(f"{PROGRAM}: page {number:,}")
                yield answer
        finally:
            self.clear()

    def _show_page(self, page: object, number: int, count: int) -> None:
        meta = getattr(page, "meta", None)
        place = meta if isinstance(meta, Metadata) else Metadata()  # some have plain data
        if number > 1 or place.next_cursor:
            whole = f" of {place.total:,}" if place.total else ""
            self._show(f"{PROGRAM}: page {number:,}, {count:,}{whole} items")

    def _show(self, text: str) -> None:
        if self._is_shown:
            self.clear()
            shown = text[: shutil.get_terminal_size().columns - 1]
            self._length = len(shown)
            show(shown)

    def clear(self) -> None:
        """Remove the line."""
        if self._length:
            show("\r" + " " * self._length + "\r")  # understood by every terminal
            self._length = 0


class _Handler(logging.Handler):
    """Shows what the client logs."""

    def __init__(self, progress: Progress) -> None:
        super().__init__()
        self._progress = progress

    def emit(self, record: logging.LogRecord) -> None:
        self._progress.clear()
        say(record.getMessage())


@contextlib.contextmanager
def logged(progress: Progress, *, quiet: bool) -> Generator[None]:
    """Show retries and waits on a terminal, and only warnings anywhere else, in a block."""
    log, handler, level = logging.getLogger("fastly"), _Handler(progress), logging.WARNING
    if quiet:
        level = logging.ERROR
    elif is_terminal(sys.stderr):
        level = logging.INFO
    before = log.level
    log.addHandler(handler)
    log.setLevel(level)
    try:
        yield
    finally:
        log.setLevel(before)
        log.removeHandler(handler)
