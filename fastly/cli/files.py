"""A file that is written completely or not at all, and keeps whatever else it is."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Generator, Iterable
from io import FileIO
from typing import NamedTuple

from fastly.cli.signals import held
from fastly.cli.streams import write_all

__all__ = ["Written", "named", "replace"]

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL
# What fsync() says on file systems that do not have it; any other error means lost data.
_NO_FSYNC = {
    *(errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP),
    *(errno.EACCES, errno.EPERM, errno.EROFS),
}


class Written(NamedTuple):
    """How a file was written."""

    size: int  # bytes
    in_place: str = ""  # why, if it was not replaced


@contextlib.contextmanager
def named(name: str) -> Generator[None]:
    """Add the name of a file to errors in a block."""
    try:
        yield
    except OSError as error:
        error.filename = name
        raise


def replace(file: str, chunks: Iterable[bytes], *, only_adds: bool = False) -> Written:
    """Write a file next to its place, then rename it; one that exists keeps owner and permissions.

    A file that cannot be replaced, because it is mounted, has hard links or belongs to somebody
    else, is written in place, and all of its content is in memory then.

    Args:
        file: Path of the file; if it is a link, the file that it leads to is written.
        chunks: The content.
        only_adds: Refuse to write in place if lines of the old file would change.

    Raises:
        OSError: The writing failed, and the old file is as it was.
    """
    place = os.path.realpath(file)
    part = os.path.join(os.path.dirname(place), f".fastly-{os.urandom(8).hex()}.part")
    try:
        try:
            with named(file):
                return _replace(place, part, chunks, only_adds)
        finally:
            _remove(part)
    finally:
        # The one signal that raises (see ended_by_signals) may have interrupted the first attempt.
        _remove(part)


def _remove(part: str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(part)


def _replace(place: str, part: str, chunks: Iterable[bytes], only_adds: bool) -> Written:
    exists = os.path.exists(place)
    try:
        # Nobody who cannot read the old file may read the new one, not even while it is written.
        raw = FileIO(os.open(part, _NEW, 0o600 if exists else 0o666), "w")
    except OSError as error:
        if not exists:
            raise
        return _write_in_place(place, b"".join(chunks), only_adds, error)
    with raw:
        for chunk in chunks:
            write_all(raw, chunk)
        _sync(raw)
        size = raw.tell()
    return _rename(part, place, only_adds) or Written(size)


def _rename(part: str, place: str, only_adds: bool) -> Written | None:
    """Put a new file in its place; if that cannot be done, write its content there."""
    try:
        if os.path.exists(place):
            _take_over(part, os.stat(place), place)
        os.replace(part, place)
    except OSError as error:
        with open(part, "rb") as stream:
            return _write_in_place(place, stream.read(), only_adds, error)
    return None


def _take_over(part: str, old: os.stat_result, place: str) -> None:
    """Give the new file what the old one has besides its content."""
    if old.st_nlink > 1:
        raise OSError(errno.EMLINK, "it has hard links")
    if _owner(os.stat(part)) != _owner(old):
        with contextlib.suppress(OSError):
            os.chown(part, old.st_uid, old.st_gid)
    with contextlib.suppress(OSError):
        shutil.copystat(place, part)  # permissions, access control lists and other attributes
    with contextlib.suppress(OSError):
        os.utime(part)  # copystat has made it as old as the old one
    new = os.stat(part)
    if (new.st_mode, _owner(new)) != (old.st_mode, _owner(old)):
        raise OSError(errno.EPERM, "its owner, group or permissions would change")


def _owner(status: os.stat_result) -> tuple[int, int]:
    return status.st_uid, status.st_gid


def _write_in_place(place: str, data: bytes, only_adds: bool, cause: OSError) -> Written:
    """Write into the file itself, the part that may not fit first, and no signal in between."""
    is_new = not os.path.exists(place)
    flags = (os.O_RDWR if only_adds else os.O_WRONLY) | os.O_CREAT
    with held(), FileIO(os.open(place, flags, 0o666), "r+") as raw:
        start = _end_of_kept(raw.readall(), data, cause) if only_adds else 0
        try:
            _overwrite(raw, data, start)
        except OSError:
            if is_new:
                os.unlink(place)
            raise
    return Written(len(data), cause.strerror or str(cause))


def _overwrite(raw: FileIO, data: bytes, start: int) -> None:
    """Replace the content of a file from a position on."""
    size = raw.seek(0, os.SEEK_END)
    try:
        write_all(raw, data[size:])
        _sync(raw)
    except OSError:
        raw.truncate(size)
        raise
    raw.seek(start)
    write_all(raw, data[start:size])
    if len(data) < size:
        raw.truncate(len(data))
    _sync(raw)


def _end_of_kept(old: bytes, data: bytes, cause: OSError) -> int:
    """Return where the complete lines of a file end, if the new content starts with them."""
    end = old.rfind(b"\n") + 1
    if data.startswith(old[:end]):
        return end
    reason = cause.strerror or str(cause)
    raise OSError(
        cause.errno,
        f"lines of the file have to change, but it cannot be replaced ({reason}), and to write it "
        "in place could lose data: if the file is mounted, mount its directory instead",
    )


def _sync(raw: FileIO) -> None:
    """Make the system report now what it could not write."""
    try:
        os.fsync(raw.fileno())
    except OSError as error:
        if error.errno not in _NO_FSYNC:
            raise
