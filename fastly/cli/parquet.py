"""Rows as the content of a Parquet file, in constant memory."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from itertools import chain
from typing import Any

from fastly.cli.export import Kind
from fastly.cli.messages import CommandError
from fastly.exceptions import ApiTypeError, ApiValueError
from fastly.tables import batches

__all__ = ["parquet_file"]


class _Sink(io.RawIOBase):
    """A file that is handed on piece by piece, and knows its position, which Parquet writes."""

    def __init__(self) -> None:
        self._start, self._data = 0, bytearray()

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._start + len(self._data)

    def write(self, data: Any) -> int:
        self._data += data
        return len(data)

    def taken(self) -> bytes:
        """Return what was written since the last call."""
        data, self._start, self._data = bytes(self._data), self.tell(), bytearray()
        return data


def parquet_file(rows: Iterable[Mapping[str, object]], kind: Kind) -> Iterator[bytes]:
    """Yield the content of a Parquet file with the rows of a kind, a row group for each batch.

    Raises:
        CommandError: A number does not fit.
    """
    try:
        yield from _content(rows, kind)
    except (ApiTypeError, ApiValueError) as error:
        raise CommandError(str(error)) from error


def _content(rows: Iterable[Mapping[str, object]], kind: Kind) -> Iterator[bytes]:
    sink, tables = _Sink(), batches(rows, kind)
    first = next(tables)
    with import_module("pyarrow.parquet").ParquetWriter(sink, first.schema) as writer:
        for table in chain([first], tables):
            writer.write_table(table)
            yield sink.taken()
    yield sink.taken()
