"""The file of rows that a daily job appends to."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from fastly._models.plain import is_dict
from fastly.cli.export import json_lines
from fastly.model.invoice import Invoice
from fastly.rows import invoice_rows

__all__ = ["AppendError", "Appending"]


_START = b'{"customer_id": '  # of every row
_TORN_ID = re.compile(rb'"invoice_id": ("(?:[^"\\]|\\.)+")')


class AppendError(Exception):
    """The file cannot be appended to; the message says why."""


class Appending:
    """A file of rows, and the invoices that it lacks.

    An invoice is in the file if all of its rows are. This writes nothing: `chunks` is the whole new
    file. If it replaces the old one in one step, a process that is killed leaves either of them.
    An incomplete last line, left by an interrupted copy, is replaced.

    Args:
        file: The file; it need not exist.
        invoices: The invoices that should be in it, newest first.

    Attributes:
        known: How many of the invoices the file has.
        added: The lines of the others by invoice ID, newest first.

    Raises:
        AppendError: The file does not contain rows, or it is unknown which invoices it lacks.
        OSError: The file cannot be read.
    """

    def __init__(self, file: Path, invoices: Iterable[Invoice]) -> None:
        self._file, self._torn = file, b""
        self.known, self.added = 0, dict[str, list[str]]()
        counts = Counter(self._survey())
        newest = next(reversed(counts), None)  # in the file: a Counter keeps the order
        torn = _id_in(self._torn)
        needed = torn or newest
        is_listed = needed is None
        for invoice in invoices:
            if not invoice.invoice_id:
                raise AppendError("an invoice without an ID cannot be appended; use --output")
            lines = list(json_lines(invoice_rows([invoice])))
            is_listed |= invoice.invoice_id == needed
            if counts[invoice.invoice_id] >= len(lines):
                self.known += 1
            else:
                self.added[invoice.invoice_id] = lines
        if self._torn and not is_listed:
            whose = "its invoice" if torn else "the invoice before it"
            raise AppendError(
                f"{file}: the last line is incomplete, and {whose}, {needed}, is not among those "
                "requested: use an earlier --since"
            )

    @property
    def is_needed(self) -> bool:
        """Whether the file has to change."""
        return bool(self.added) or bool(self._torn)

    def chunks(self) -> Iterator[str | bytes]:
        """Yield the new file: the lines that stay, then the added invoices, oldest first."""
        for line, invoice_id in self._rows():
            if invoice_id not in self.added:
                yield line
        for lines in reversed(self.added.values()):
            yield from lines

    def _survey(self) -> Iterator[str]:
        """Yield the invoice ID of each row in the file."""
        for _, invoice_id in self._rows():
            yield invoice_id

    def _rows(self) -> Iterator[tuple[bytes, str]]:
        """Yield each complete line of the file, with the ID of its invoice."""
        if not self._file.exists():
            return
        with self._file.open("rb") as stream:
            for number, line in enumerate(stream, 1):
                is_ended = line.endswith(b"\n")
                row = _row(line)
                if row is not None:
                    yield line if is_ended else line + b"\n", row["invoice_id"]
                elif is_ended or not _is_torn_row(line):
                    raise AppendError(f"{self._file}: line {number} is not a row of an invoice")
                else:
                    self._torn = line


def _id_in(torn: bytes) -> str | None:
    """Return the ID of the invoice in an incomplete row, if it is there."""
    found = _TORN_ID.search(torn)
    try:
        return str(json.loads(found[1])) if found else None
    except ValueError:
        return None


def _is_torn_row(line: bytes) -> bool:
    """Return whether a line is the start of a row; other files must not lose their last line."""
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return _START.startswith(line[: len(_START)])
    return False


def _row(line: bytes) -> dict[str, Any] | None:
    try:
        row: object = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return row if is_dict(row) and isinstance(row.get("invoice_id"), str) else None
