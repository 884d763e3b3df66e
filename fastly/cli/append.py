"""The file of rows that a daily job appends to, and what has changed since it was written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from fastly._models.plain import is_dict
from fastly._months import month_of
from fastly.cli.arguments import Options
from fastly.cli.commands import is_asked
from fastly.cli.export import json_lines
from fastly.exceptions import ApiTypeError
from fastly.model.invoice import Invoice
from fastly.rows import invoice_rows

__all__ = ["AppendError", "Appending"]

Row = dict[str, Any]

_START = b'{"customer_id": '  # of every row
_TORN_ID = re.compile(rb'"invoice_id": ("(?:[^"\\]|\\.)+")')
_TIMES = ("invoice_posted_on", "billing_start_date", "billing_end_date")
_MOST_NAMES = 10


class AppendError(Exception):
    """The file cannot be appended to; the message says why."""


class _Kept:
    """An invoice in the file: where its rows are, and its month."""

    def __init__(self, row: Row) -> None:
        self.month = month_of(_moment("billing_start_date", row.get("billing_start_date")))
        self.spans: list[list[int]] = []  # start and end; the rows of an export are one span

    def add(self, start: int, end: int) -> None:
        if self.spans and self.spans[-1][1] == start:
            self.spans[-1][1] = end
        else:
            self.spans.append([start, end])


class Appending:
    """A file of rows, and the invoices that it lacks or that have changed.

    This writes nothing: `chunks` is the whole new file. If it replaces the old one in one step, a
    process that is killed leaves either of them. An incomplete last line, left by an interrupted
    copy, is replaced. In memory are the invoices that are new or changed, and for all others where
    their rows are.

    Args:
        file: The file; it need not exist.
        invoices: The invoices that should be in it, newest first.
        options: The months that were asked for.

    Attributes:
        known: How many of the invoices the file has, with the same content.
        added: The lines of those that it lacks by invoice ID, newest first.
        replaced: The lines of those whose rows are replaced.
        corrected: The IDs of those with other content than a payment status.
        gone: The IDs of invoices in the file, of the months asked for, that are not listed.

    Raises:
        AppendError: The file does not contain rows, it is unknown which invoices it lacks, or
            its invoices are those of somebody else.
        OSError: The file cannot be read.
    """

    def __init__(self, file: Path, invoices: Iterable[Invoice], options: Options) -> None:
        self._file, self._torn = file, b""
        self.known, self.corrected = 0, list[str]()
        self.added, self.replaced = dict[str, list[str]](), dict[str, list[str]]()
        self._kept, self._customers = dict[str, _Kept](), set[str]()
        self._survey()
        self._torn_id = _id_in(self._torn) or next(reversed(self._kept), None)
        listed, customers = set[str](), set[str]()
        for invoice in invoices:
            if not invoice.invoice_id:
                raise AppendError("an invoice without an ID cannot be appended; use --output")
            if invoice.customer_id:
                customers.add(invoice.customer_id)
            listed.add(invoice.invoice_id)
            self._compare(invoice.invoice_id, list(json_lines(invoice_rows(invoice))))
        self._check_customers(customers)
        self._check_torn(listed)
        asked = [name for name, kept in self._kept.items() if is_asked(kept.month, options)]
        self.gone = [name for name in asked if name not in listed]
        if asked and self.gone == asked:
            raise AppendError(
                f"no longer listed: {_names(asked)}, which are all invoices of these months in "
                f"{file}; nothing was changed: check the token and the host, or use another file"
            )

    @property
    def is_needed(self) -> bool:
        """Whether the file has to change."""
        return bool(self.added) or bool(self.replaced) or bool(self._torn)

    @property
    def warning(self) -> str | None:
        """What a person has to know even if nothing else is printed."""
        if not self.gone:
            return None
        return f"no longer listed: {_names(self.gone)}; {self._file} keeps the rows"

    @property
    def summary(self) -> str:
        """What was added, corrected and known."""
        noun = "invoice" if len(self.added) == 1 else "invoices"
        names = f"{len(self.corrected):,} corrected ({_names(self.corrected)}), "
        return (
            f"{len(self.added):,} {noun} added, {names if self.corrected else ''}"
            f"{self.known:,} already in the file"
        )

    def chunks(self) -> Iterator[str | bytes]:
        """Yield the new file: the old lines or what replaces them, then additions, oldest first."""
        replaced = dict(self.replaced)
        for line, row in self._rows():
            name = row["invoice_id"]
            if name in self.replaced:
                yield from replaced.pop(name, ())
            elif name not in self.added:
                yield line
        for lines in reversed(self.added.values()):
            yield from lines

    def _survey(self) -> None:
        """Note where each invoice is in the file, and whose it is."""
        place = 0
        for line, row in self._rows():
            kept = self._kept.get(row["invoice_id"]) or _Kept(row)
            self._kept[row["invoice_id"]] = kept
            kept.add(place, place + len(line))
            place += len(line)
            if row.get("customer_id") is not None:
                self._customers.add(str(row["customer_id"]))

    def _compare(self, name: str, lines: list[str]) -> None:
        """Decide what happens with the rows of an invoice that is listed."""
        if name not in self._kept:
            self.added[name] = lines
            return
        old, new = self._old_rows(name), [json.loads(line) for line in lines]
        if self._torn and name == self._torn_id and _is_part(old, new):
            self.added[name] = lines
            return
        changes = _changes(old, new)
        if changes:
            self.replaced[name] = lines
        if changes <= {"payment_status", _SPELLING}:
            self.known += 1
        else:
            self.corrected.append(name)

    def _old_rows(self, name: str) -> list[Row]:
        with self._file.open("rb") as stream:
            return [row for span in self._kept[name].spans for row in _read(stream, *span)]

    def _check_customers(self, customers: set[str]) -> None:
        if self._customers and customers and not self._customers & customers:
            raise AppendError(
                f"{self._file} has invoices of the customer {_names(sorted(self._customers))}, and "
                f"the API lists those of {_names(sorted(customers))}: check the token, or use "
                "another file"
            )

    def _check_torn(self, listed: set[str]) -> None:
        if self._torn and self._torn_id and self._torn_id not in listed:
            whose = "its invoice" if _id_in(self._torn) else "the invoice before it"
            raise AppendError(
                f"{self._file}: the last line is incomplete, and {whose}, {self._torn_id}, is not "
                "among those requested: use an earlier --since"
            )

    def _rows(self) -> Iterator[tuple[bytes, Row]]:
        """Yield each complete line of the file, and what is in it."""
        if not self._file.exists():
            return
        with self._file.open("rb") as stream:
            for number, line in enumerate(stream, 1):
                is_ended = line.endswith(b"\n")
                row = _row(line)
                if row is not None:
                    yield line if is_ended else line + b"\n", row
                elif is_ended or not _is_torn_row(line):
                    raise AppendError(f"{self._file}: line {number} is not a row of an invoice")
                else:
                    self._torn = line


def _read(stream: BinaryIO, start: int, end: int) -> Iterator[Row]:
    """Read the rows between two places of a file."""
    stream.seek(start)
    for line in stream.read(end - start).splitlines():
        yield json.loads(line)


_SPELLING = "the spelling of version 2.0.0"


def _changes(old: list[Row], new: list[Row]) -> set[str]:
    """Return the columns in which the rows of an invoice differ, of those that both have."""
    if len(old) != len(new):
        return {"line_number"}
    changes = {_SPELLING} if any(row.get("line_number", 0) is None for row in old) else set[str]()
    pairs = zip(sorted(map(_upgraded, old), key=_number), new, strict=True)
    return changes.union(*(_differing(one, other) for one, other in pairs))


def _is_part(old: list[Row], new: list[Row]) -> bool:
    """Return whether the old rows are the first of more new ones."""
    return len(old) < len(new) and not _changes(old, new[: len(old)])


def _upgraded(row: Row) -> Row:
    """Return a row as this version writes it: 2.0.0 had no number and no amount without lines."""
    if row.get("line_number", 0) is not None:
        return row
    return {**row, "line_number": 0, "amount": row.get("monthly_transaction_amount")}


def _number(row: Row) -> int:
    number = row.get("line_number")
    return number if isinstance(number, int) else 0


def _differing(old: Row, new: Row) -> Iterator[str]:
    for name in old.keys() & new.keys():
        pair = (old[name], new[name])
        if pair[0] != pair[1] and (
            name not in _TIMES or _moment(name, pair[0]) != _moment(name, pair[1])
        ):
            yield name


def _moment(name: str, value: Any) -> Any:
    """Return the time in a column, or what is there instead of one."""
    try:
        return Invoice.from_dict({name: value})[name]
    except ApiTypeError:
        return value


def _names(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {more:,} more" if more > 0 else "")


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


def _row(line: bytes) -> Row | None:
    try:
        row: object = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not is_dict(row) or "customer_id" not in row:  # rows of costs have only the other ID
        return None
    return row if isinstance(row.get("invoice_id"), str) else None
