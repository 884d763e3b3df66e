"""What the command says on stderr, and the mistakes of its user."""

from __future__ import annotations

import contextlib
import sys

from fastly._text import printable
from fastly.cli.streams import send

__all__ = [
    "DONE",
    "FAILED",
    "INTERRUPTED",
    "MISUSED",
    "OVER_BUDGET",
    "PENDING",
    "PROGRAM",
    "UNREAD",
    "CommandError",
    "UsageError",
    "fail",
    "say",
    "show",
]

PROGRAM = "fastly-billing"

# The exit statuses, as --help lists them.
DONE, FAILED, MISUSED, OVER_BUDGET = 0, 1, 2, 3
PENDING = 75  # EX_TEMPFAIL of sysexits.h, which mail servers and job runners retry
INTERRUPTED, UNREAD = 130, 141  # as shells count the signals SIGINT and SIGPIPE


class UsageError(Exception):
    """The command line is wrong; the message says what to change."""


class CommandError(Exception):
    """The API has no such data; the message says what to do."""


def say(message: str) -> None:
    """Write a message to stderr, without characters that a terminal might act on."""
    lines = message.split("\n")
    show("".join(("  " if x.startswith("  ") else "") + printable(x) + "\n" for x in lines))


def fail(status: int, message: str) -> int:
    """Say why the command fails, and return its exit status."""
    say(f"{PROGRAM}: {message}")
    return status


def show(text: str) -> None:
    """Write to stderr as it is, if somebody can see it there."""
    encoding = getattr(sys.stderr, "encoding", None) or "utf-8"
    with contextlib.suppress(OSError):
        send(sys.stderr, text.encode(encoding, "backslashreplace"))
