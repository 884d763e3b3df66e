"""All bytes into a stream, or an error: the one loop over writes that the system cuts short."""

from __future__ import annotations

import errno
import io
import os

TYPE_CHECKING = False  # importing typing would take a fifth of the time of --version
if TYPE_CHECKING:
    from typing import TextIO

__all__ = ["is_terminal", "send", "write_all"]


def send(stream: TextIO | None, data: bytes) -> None:
    """Write to stdout or stderr, after what the caller of main() has printed.

    The buffers of Python are passed over. What a full disk or a closed pipe left in them would be
    written again when Python ends, and change the exit status.

    Raises:
        OSError: Not everything was written, or the stream is closed.
    """
    if stream is None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    stream.flush()
    buffer = getattr(stream, "buffer", None)
    raw = getattr(buffer, "raw", buffer)  # with python -u, the buffer is raw itself
    if isinstance(raw, io.RawIOBase):
        return write_all(raw, data)
    if buffer is None:  # a StringIO of the caller
        stream.write(data.decode())
    else:
        buffer.write(data)
    return stream.flush()


def write_all(raw: io.RawIOBase, data: bytes) -> None:
    """Write to a file without a buffer, however little of it each call takes.

    A call takes less than it was given if the disk becomes full, if the process is stopped and
    continued, and if the file is a pipe that does not block.
    """
    rest = memoryview(data)
    while rest:
        count = raw.write(rest)
        if count is None:  # as ssh, Node.js and some supervisors leave a pipe
            _wait_until_writable(raw)
        rest = rest[count or 0 :]


def _wait_until_writable(raw: io.RawIOBase) -> None:
    import select

    poll = select.poll()
    poll.register(raw.fileno(), select.POLLOUT)
    poll.poll()  # also returns if the reader has gone; the next write says so


def is_terminal(stream: TextIO | None) -> bool:
    """Return whether a person sees what is written to a stream."""
    return stream is not None and stream.isatty()
