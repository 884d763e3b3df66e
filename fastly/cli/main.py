"""The start of the command, which imports only what it needs: the client is slow to import."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from fastly._version import __version__
from fastly.cli.messages import (
    DONE,
    FAILED,
    INTERRUPTED,
    MISUSED,
    PROGRAM,
    UNREAD,
    UsageError,
    fail,
)
from fastly.cli.streams import send

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: The arguments of ``fastly-billing``. Default: those of this process.

    Returns:
        The exit status, as ``--help`` lists it.
    """
    try:
        return _run(sys.argv[1:] if arguments is None else list(arguments))
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        return UNREAD
    except UsageError as error:
        return fail(MISUSED, str(error))
    except OSError as error:
        return fail(FAILED, f"{error.filename or 'the system'}: {error.strerror or error}")


def _run(words: list[str]) -> int:
    if words == ["--version"]:
        return _print(f"{PROGRAM} {__version__}\n")
    from fastly.cli.arguments import parse
    from fastly.cli.parser import HelpRequested

    try:
        options = parse(words)
    except HelpRequested as request:
        return _print(str(request))
    from fastly.cli.running import run_command

    return run_command(options)


def _print(text: str) -> int:
    try:
        send(sys.stdout, text.encode())
    except OSError as error:
        error.filename = "stdout"
        raise
    return DONE
