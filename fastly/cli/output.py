"""Where the data goes, and in which format."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import stat
import sys
from collections.abc import Iterable
from importlib.util import find_spec
from io import FileIO
from pathlib import Path
from typing import NamedTuple

from fastly._text import printable, shown
from fastly.cli.arguments import Options
from fastly.cli.files import Written, named, replace
from fastly.cli.layout import Paper
from fastly.cli.messages import UsageError
from fastly.cli.streams import is_terminal, send, write_all

__all__ = ["Target", "target_of", "write"]

Chunks = Iterable[str | bytes]

_EXTENSIONS = {
    ".csv": "csv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".pdf": "pdf",
    ".prom": "openmetrics",
    ".txt": "table",
    ".parquet": "parquet",
    ".xlsx": "xlsx",
}
_ALIKE = {"focus": "csv", "jsonl": "json"}  # formats that programs take for one another
_READ_BY_NAME = {"csv", "json", "parquet", "pdf", "xlsx"}
# What a format needs: a module, and the extra that installs it.
_EXTRAS = {"parquet": ("pyarrow", "arrow"), "xlsx": ("xlsxwriter", "excel")}
_SEPARATORS = tuple(filter(None, (os.sep, os.altsep)))
_STDOUT = (None, "-", "/dev/stdout")
_OPEN_FILES = ("/dev/fd", "/proc/self/fd", "/proc/thread-self/fd")
_LONGEST_CHAIN = 40  # of links, as Linux has it


class Target(NamedTuple):
    """Where the data goes, and in which format."""

    format: str
    file: Path | None
    open_file: FileIO | None = None  # of this process, such as /dev/fd/3
    only_adds: bool = False  # whether the lines of an old file should stay

    @property
    def is_terminal(self) -> bool:
        """Whether a person reads it on a terminal."""
        return self.file is None and is_terminal(sys.stdout)

    @property
    def takes_bytes(self) -> bool:
        """Whether it takes data that is not text."""
        return self.file is not None or sys.stdout is None or hasattr(sys.stdout, "buffer")

    @property
    def encoding(self) -> str:
        """The encoding of pages, and of JSON that is not escaped."""
        return "utf-8" if self.file else getattr(sys.stdout, "encoding", None) or "utf-8"

    @property
    def paper(self) -> Paper:
        """The paper for pages."""
        paper = Paper.for_file if self.file else Paper.for_terminal
        return paper(self.encoding)


def target_of(options: Options) -> Target:
    """Decide where the data goes, before anything is requested.

    Raises:
        UsageError: The file or the format cannot be used.
        OSError: The file is read-only, or not open.
    """
    if options.append_to is not None:
        if _descriptor(options.append_to) is not None:
            raise UsageError(f"--append-to needs a file of its own, got {options.append_to}")
        return Target("jsonl", _file("--append-to", options.append_to), only_adds=True)
    file = None if options.output in _STDOUT else Path(options.output or "")
    form = options.format or _usual_format(options, file)
    target = Target(_focus_format(file) if form == "focus" else form, file)
    _check_extension(target)
    if extra := _EXTRAS.get(target.format.removeprefix("focus ")):
        _check_extra(target, *extra)
    if target.format == "pdf" and (target.is_terminal or not target.takes_bytes):
        raise UsageError("a PDF is not text: add --output FILE, or use a pipe")
    if file is None and sys.stdout is None:  # pyright: ignore[reportUnnecessaryComparison]  # if it is closed
        raise OSError(errno.EBADF, os.strerror(errno.EBADF), "stdout")
    open_file = _open_file(options.output or "")
    if file is not None and open_file is None:
        _file("--output", options.output)
    return target._replace(open_file=open_file)


def _focus_format(file: Path | None) -> str:
    """Return in which format the columns of FOCUS are written: CSV, if the file says no other."""
    form = _EXTENSIONS.get(_extension(file) or "")
    return f"focus {form}" if form in (*_EXTRAS, "jsonl") else "focus"


def _check_extension(target: Target) -> None:
    """Refuse a name by which programs, such as Excel, would not open the file."""
    named, form = _EXTENSIONS.get(_extension(target.file) or "", ""), target.format.split()[-1]
    kinds = {_ALIKE.get(x, x) for x in (named, form)}
    if len(kinds) > 1 and kinds <= _READ_BY_NAME:
        raise UsageError(
            f"--output {shown(str(target.file))} says {named}, but the format is {form}: change "
            "one of them"
        )


def _check_extra(target: Target, module: str, extra: str) -> None:
    """Check that a format for files has a file, and the library that writes it."""
    if find_spec(module) is None:
        raise UsageError(
            f"{target.format} needs the extra {extra!r}: pip install 'fastly-billing[{extra}]'"
        )
    if target.file is None:
        raise UsageError(
            f"--format {target.format} is for files: add --output FILE.{target.format}"
        )


def _open_file(path: str) -> FileIO | None:
    """Return a copy of the open file of this process that a path means.

    It is taken before the first connection, which could get the number of a file that is not open.
    Its other users, such as the shell, go on where its position is at the end.
    """
    descriptor = _descriptor(path)
    if descriptor is None:
        return None
    with named(path):
        raw = FileIO(os.dup(descriptor), "w")
        try:
            raw.write(b"")  # fails if it is only open for reading
        except OSError:
            raw.close()
            raise
    return raw


def _descriptor(path: str) -> int | None:
    """Return the number of the open file of this process that a path or a link means, or None."""
    if "\0" in path:
        return None
    folders = {*_OPEN_FILES, *map(os.path.realpath, _OPEN_FILES)}
    for _ in range(_LONGEST_CHAIN):
        folder, name = os.path.split(os.path.abspath(path))
        if name.isdecimal() and {folder, os.path.realpath(folder)} & folders:
            return int(name)
        if not os.path.islink(path):
            break
        path = os.path.join(folder, os.readlink(path))
    return None


def _extension(file: Path | None) -> str | None:
    return "." + file.name.rpartition(".")[2].lower() if file and "." in file.name else None


def _usual_format(options: Options, file: Path | None) -> str:
    """Return the format that the extension names, or the usual one."""
    extension = _extension(file)
    if extension is None:
        return "table" if file is None and is_terminal(sys.stdout) else "json"
    form = _EXTENSIONS.get(extension)
    if form in options.formats:
        return form
    known = [name for name, form in _EXTENSIONS.items() if form in options.formats]
    raise UsageError(
        f"--output {shown(options.output)}: {options.command} has no format for "
        f"{shown(extension)}; use {', '.join(known)}, or add --format {'|'.join(options.formats)}"
    )


def _file(option: str, text: str | None) -> Path:
    """Return the path of a file that can be written."""
    file, mode = Path(text or ""), None
    with contextlib.suppress(FileNotFoundError):
        mode = _mode(option, text or "")
    is_directory = mode is not None and stat.S_ISDIR(mode)
    if not text or text.endswith(_SEPARATORS) or is_directory:
        what = "a file, not a directory" if text else "the name of a file"
        raise UsageError(f"{option} must be {what}, got {shown(text)}")
    if not file.absolute().parent.is_dir():
        raise UsageError(f"{option} must be in an existing directory, got {shown(text)}")
    # Renaming replaces a read-only file without asking, and root may write to any.
    if mode is not None and not (mode & 0o222 and os.access(file, os.W_OK)):
        raise PermissionError(errno.EACCES, "the file is read-only", str(file))
    return file


def _mode(option: str, path: str) -> int:
    """Return the kind and the permissions of a file."""
    try:
        return os.stat(path).st_mode
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:  # a NUL, with a different message in each Python
        reason = getattr(error, "strerror", None) or "it is not a valid path"
        raise UsageError(f"{option} {shown(path)} cannot be used: {reason}") from error


def write(chunks: Chunks, target: Target) -> Written | None:
    """Write the data.

    Nothing is written before the last chunk has been made, except into a temporary file.

    Returns:
        How a file was written; None for stdout, pipes, devices and open files.

    Raises:
        OSError: The writing failed; its `filename` is that of the target.
    """
    data = (_encoded(chunk, target) for chunk in chunks)
    file = target.file
    is_open = target.open_file is not None
    if file and not is_open and (file.is_file() or not file.exists()):
        return replace(str(file), data, only_adds=target.only_adds)
    whole = b"".join(data)
    with named(str(file or "stdout")):
        if file is None:
            send(sys.stdout, whole)
        else:  # a pipe, a device or an open file must not be replaced
            with target.open_file or FileIO(str(file), "w") as raw:
                write_all(raw, whole)
    return None


def _encoded(chunk: str | bytes, target: Target) -> bytes:
    if isinstance(chunk, bytes):
        return chunk
    if target.format in ("json", "jsonl", "focus jsonl"):
        return _json(chunk, target.encoding)
    if target.format == "table":
        return chunk.encode(target.encoding)
    if not target.is_terminal:
        return chunk.encode("utf-8", "replace")
    lines = [printable(line) + "\n" for line in chunk.splitlines()]
    return "".join(lines).encode(target.encoding, "replace")


def _json(text: str, encoding: str) -> bytes:
    """Return JSON that escapes what is not printable, and, unless in UTF-8, what is not ASCII."""
    is_utf8 = encoding.lower().replace("-", "").replace("_", "") == "utf8"
    if text.replace("\n", "").isprintable() and (is_utf8 or text.isascii()):
        return text.encode()  # the usual case, several times faster
    plain = {c for c in set(text) if c.isprintable() and (is_utf8 or c.isascii())} | {"\n"}
    return "".join(c if c in plain else json.dumps(c)[1:-1] for c in text).encode()
