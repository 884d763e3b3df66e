"""Rows as the content of a Parquet file, in constant memory."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from itertools import chain

from fastly.cli.export import Kind
from fastly.cli.messages import CommandError
from fastly.exceptions import ApiTypeError, ApiValueError
from fastly.tables import batches

__all__ = ["parquet_file"]


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
    sink, tables = io.BytesIO(), batches(rows, kind)
    first = next(tables)
    with import_module("pyarrow.parquet").ParquetWriter(sink, first.schema) as writer:
        for table in chain([first], tables):
            writer.write_table(table)
            yield _taken(sink)
    yield _taken(sink)


def _taken(sink: io.BytesIO) -> bytes:
    """Return what was written since the last call; pyarrow counts the offsets itself."""
    data = sink.getvalue()
    sink.seek(0)
    sink.truncate()
    return data
