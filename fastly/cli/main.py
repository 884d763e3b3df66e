"""Run one command: what it needs, what it writes, and the exit status."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Generator, Sequence
from typing import Any, NoReturn

from fastly.api_client import ApiClient
from fastly.cli.append import AppendError, Appending
from fastly.cli.arguments import PROGRAM, Options, UsageError, parse
from fastly.cli.commands import CommandError, invoices_between, run
from fastly.cli.messages import Progress, logged, say
from fastly.cli.output import Target, target_of, write
from fastly.configuration import Configuration
from fastly.configuration.checks import TOKEN_VARIABLE, is_encrypted_or_local
from fastly.exceptions import (
    ApiException,
    ApiTypeError,
    ApiValueError,
    EstimatePendingException,
    NotFoundException,
    ResponseException,
    TimeoutException,
    UnauthorizedException,
)

__all__ = ["main"]

DONE, FAILED, MISUSED, OVER_BUDGET = 0, 1, 2, 3
PENDING = 75  # EX_TEMPFAIL of sysexits.h, which mail servers and job runners retry
INTERRUPTED, UNREAD = 130, 141  # as shells count the signals SIGINT and SIGPIPE

# The signals that terminate a process; Windows lacks the second.
_ENDING = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]

# What to do at a shell, instead of the advice for programs.
_ADVICE: dict[str, str] = {
    EstimatePendingException.advice: "Try again in a minute, or use a longer --wait.",
    NotFoundException.advice: (
        "Check --host, and the ID if there is one; a month is written as in 2026-05. "
        "Invoices end with the last posted month."
    ),
    ResponseException.advice: "It may be a proxy's page, or the API has changed; check --host.",
    TimeoutException.advice: "Try again, or use a longer --timeout.",
    UnauthorizedException.advice: f"Check the API token in {TOKEN_VARIABLE}.",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: The arguments of ``fastly-billing``. Default: those of this process.

    Returns:
        The exit status, as ``--help`` lists it.
    """
    try:
        with _ended_by_signals():
            return _run(sys.argv[1:] if arguments is None else list(arguments))
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        return UNREAD
    except (UsageError, ApiTypeError, ApiValueError) as error:
        return _fail(MISUSED, str(error))
    except ApiException as error:
        error.advice = _ADVICE.get(error.advice, error.advice)
        return _fail(PENDING if isinstance(error, EstimatePendingException) else FAILED, str(error))
    except (CommandError, AppendError) as error:
        return _fail(FAILED, str(error))
    except OSError as error:
        return _fail(FAILED, f"{error.filename or 'the system'}: {error.strerror or error}")


@contextlib.contextmanager
def _ended_by_signals() -> Generator[None]:
    """Make SIGTERM and SIGHUP end a block as Ctrl-C does, so that no temporary file remains.

    The signal still kills the process, at the end of the block. A signal that is ignored, as under
    nohup, or has a handler stays as it is, and only the main thread can set handlers.
    """
    received: list[int] = []

    def end(number: int, _: object) -> NoReturn:
        signal.signal(number, signal.SIG_IGN)  # a second one must not interrupt the clean-up
        received.append(number)
        raise KeyboardInterrupt

    in_main_thread = threading.current_thread() is threading.main_thread()
    found = [number for number in _ENDING if signal.getsignal(number) is signal.SIG_DFL]
    handled = found if in_main_thread else []
    for number in handled:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in handled:
            signal.signal(number, signal.SIG_DFL)
        for number in received:
            signal.raise_signal(number)


def _run(words: list[str]) -> int:
    try:
        options = parse(words)
    except SystemExit:  # help or version, which argparse has printed
        write([], Target("table", None))
        return DONE
    try:
        return _run_command(options)
    except EstimatePendingException:
        if options.quiet:  # not an error: the exit status says it
            return PENDING
        raise


def _run_command(options: Options) -> int:
    target, progress = target_of(options), Progress(quiet=options.quiet)
    with contextlib.ExitStack() as stack:
        stack.enter_context(logged(progress, quiet=options.quiet))
        client = stack.enter_context(ApiClient(_configuration(options, stack)))
        if options.append_to is not None:
            return _append(options, target, client, progress)
        report = run(options, target.format, target.paper, client, progress)
        write(report.chunks, target)
    return DONE if report.excess is None else _fail(OVER_BUDGET, report.excess)


def _append(options: Options, target: Target, client: ApiClient, progress: Progress) -> int:
    """Add the invoices that a file lacks."""
    is_stdout = options.append_to == "-"  # as with --output; it cannot be appended to
    if target.file is None or is_stdout or (target.file.exists() and not target.file.is_file()):
        raise UsageError(f"--append-to must be a regular file, got {options.append_to!r}")
    appending = Appending(target.file, invoices_between(options, client, progress), options)
    if appending.is_needed:
        write(appending.chunks(), target)
    if appending.warning:
        say(f"{PROGRAM}: {appending.warning}")
    if not options.quiet:
        say(appending.summary)
    return DONE


def _configuration(options: Options, stack: contextlib.ExitStack) -> Configuration:
    """Return the settings that the options, the environment or the stand-in give."""
    given = {"host": options.host, "timeout": options.timeout}
    settings: dict[str, Any] = {name: x for name, x in given.items() if x is not None}
    if options.demo:
        settings |= _stand_in(options, stack)
    elif not os.environ.get(TOKEN_VARIABLE):
        raise UsageError(
            f"no API token: set the environment variable {TOKEN_VARIABLE}, "
            "or try --demo, which needs none"
        )
    configuration = Configuration(allow_insecure_host=options.allow_insecure_host, **settings)
    if not (is_encrypted_or_local(configuration.host) or options.allow_insecure_host):
        raise UsageError(
            f"{configuration.host} would receive the token unencrypted: use https, or add "
            "--allow-insecure-host if you accept that"
        )
    return configuration


def _stand_in(options: Options, stack: contextlib.ExitStack) -> dict[str, Any]:
    """Start the stand-in, and return the settings that reach it."""
    from fastly.testing import BillingServer  # with the standard library's server; slow to import

    server = stack.enter_context(BillingServer())
    if not options.quiet:
        say("Demo: made-up data from a server on this machine.")
        if options.command.startswith("v2"):
            invoice_id = server.account.invoice_id(2020, 5)
            say(f"CUSTOMER is {server.customer_id}, INVOICE of 05/2020 is {invoice_id}.")
    return {"host": server.url, "api_key": {"token": server.token}}


def _fail(status: int, message: str) -> int:
    say(f"{PROGRAM}: {message}")
    return status
