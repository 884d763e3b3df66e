"""Where the data goes: its format, and a file that is written completely or not at all."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import secrets
import shutil
import stat
import sys
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import NamedTuple, TextIO

from fastly._text import printable, shown
from fastly.cli.arguments import Options, UsageError
from fastly.cli.layout import Paper

__all__ = ["Target", "is_terminal", "replace", "target_of", "write"]

Chunks = Iterable[str | bytes]

_EXTENSIONS = {
    ".csv": "csv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".pdf": "pdf",
    ".txt": "table",
}
_FILE_WIDTH = 80
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL
_SEPARATORS = tuple(filter(None, (os.sep, os.altsep)))
_STDOUT = (None, "-", "/dev/stdout")
_STANDARD = {"/dev/stdout": 1, "/dev/stderr": 2}
_OPEN_FILE = re.compile(r"(?:/dev/fd|/proc/self/fd)/([0-9]{1,6})")


class Target(NamedTuple):
    """Where the data goes, and in which format."""

    format: str
    file: Path | None

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
        width = _FILE_WIDTH if self.file else shutil.get_terminal_size().columns
        return Paper(width, self.encoding)


def target_of(options: Options) -> Target:
    """Decide where the data goes, before anything is requested.

    Raises:
        UsageError: The file or the format cannot be used.
        OSError: The file is read-only.
    """
    if options.append_to is not None:
        if _descriptor(options.append_to) is not None:
            raise UsageError(f"--append-to needs a file of its own, got {options.append_to}")
        return Target("jsonl", _file("--append-to", options.append_to))
    file = None if options.output in _STDOUT else _file("--output", options.output)
    target = Target(options.format or _usual_format(options, file), file)
    if target.format == "pdf" and (target.is_terminal or not target.takes_bytes):
        raise UsageError("a PDF is not text: add --output FILE, or use a pipe")
    return target


def _usual_format(options: Options, file: Path | None) -> str:
    """Return the format that the extension names, or the usual one."""
    extension = "." + file.name.rpartition(".")[2].lower() if file and "." in file.name else None
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


def write(chunks: Chunks, target: Target) -> None:
    """Write the data.

    Nothing is written before the last chunk has been made, except into a temporary file.

    Raises:
        OSError: The writing failed; its `filename` is that of the target.
    """
    data = (_encoded(chunk, target) for chunk in chunks)
    file = target.file
    descriptor = _descriptor(str(file))
    if file is not None and descriptor is None and (file.is_file() or not file.exists()):
        return replace(file, data)
    whole = b"".join(data)
    with _named(str(file or "stdout")):
        if file is None:
            _write_stdout(whole)
        else:
            # A pipe, a device or an open file must not be replaced.
            place = file if descriptor is None else os.dup(descriptor)
            with open(place, "wb") as stream:
                stream.write(whole)
    return None


def _descriptor(path: str) -> int | None:
    """Return which open file of this process a path means, or None.

    Its other users, such as the shell, go on where its position is then.
    """
    found = _OPEN_FILE.fullmatch(path)
    return int(found[1]) if found else _STANDARD.get(path)


@contextlib.contextmanager
def _named(name: str) -> Generator[None]:
    """Add the name of the target to errors in a block."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, name) from error


def replace(file: Path, chunks: Iterable[bytes]) -> None:
    """Write a file next to its place, then put it there; one that exists keeps its permissions.

    Raises:
        OSError: The writing failed, and the old file is as it was.
    """
    place = Path(os.path.realpath(file))
    temporary = place.with_name(f".fastly-{secrets.token_hex(8)}.part")
    mode = stat.S_IMODE(place.stat().st_mode) if place.exists() else 0o666
    with _named(str(file)):
        stream = os.fdopen(os.open(temporary, _NEW, mode), "wb")
    try:
        for chunk in chunks:
            with _named(str(file)):
                stream.write(chunk)
        with _named(str(file)):
            if place.exists():
                temporary.chmod(stat.S_IMODE(place.stat().st_mode))
            stream.flush()
            os.fsync(stream.fileno())
            stream.close()
            temporary.replace(place)
    finally:
        with contextlib.suppress(OSError):  # closing tries to write the rest again
            stream.close()
        temporary.unlink(missing_ok=True)


def _encoded(chunk: str | bytes, target: Target) -> bytes:
    if isinstance(chunk, bytes):
        return chunk
    if target.format in ("json", "jsonl"):
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


def _write_stdout(data: bytes) -> None:
    stream: TextIO | None = sys.stdout
    if stream is None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    try:
        stream.flush()  # what the caller of main() has printed goes first
        if hasattr(stream, "buffer"):
            stream.buffer.write(data)
        else:  # a StringIO of the caller
            stream.write(data.decode())
        stream.flush()
    except OSError:
        # Python flushes again when it ends, which must succeed.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        raise


def is_terminal(stream: TextIO | None) -> bool:
    """Return whether a person sees what is written to a stream."""
    return stream is not None and stream.isatty()
