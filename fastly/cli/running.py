"""Run a command with a client: what it needs, what it writes, and the exit status."""

from __future__ import annotations

import contextlib
import os
from typing import Any

from fastly.api_client import ApiClient
from fastly.cli.append import AppendError, Appending
from fastly.cli.arguments import Options
from fastly.cli.commands import invoices_between, run
from fastly.cli.files import Written
from fastly.cli.messages import (
    DONE,
    FAILED,
    MISUSED,
    OVER_BUDGET,
    PENDING,
    PROGRAM,
    CommandError,
    UsageError,
    fail,
    say,
)
from fastly.cli.output import Target, target_of, write
from fastly.cli.progress import Progress, logged
from fastly.cli.signals import ended_by_signals
from fastly.configuration import Configuration
from fastly.configuration.checks import TOKEN_VARIABLE, is_encrypted_or_local
from fastly.exceptions import (
    ApiException,
    ApiTypeError,
    ApiValueError,
    EstimatePendingException,
    ForecastError,
    NotFoundException,
    ResponseException,
    TimeoutException,
    UnauthorizedException,
)

__all__ = ["run_command"]

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


def run_command(options: Options) -> int:
    """Run a command, and return the exit status.

    Raises:
        UsageError: The command line is wrong.
        OSError: The output could not be written.
    """
    try:
        with ended_by_signals():
            return _run(options)
    except (ApiTypeError, ApiValueError) as error:
        return fail(MISUSED, str(error))
    except EstimatePendingException as error:
        # With --quiet, the exit status says it: it is not an error, unless a budget is not checked.
        is_silent = options.quiet and options.budget is None
        return PENDING if is_silent else _fail(PENDING, error)
    except ApiException as error:
        return _fail(FAILED, error)
    except ForecastError as error:
        return fail(PENDING, f"no forecast: {error}")
    except (CommandError, AppendError) as error:
        return fail(FAILED, str(error))


def _fail(status: int, error: ApiException) -> int:
    error.advice = _ADVICE.get(error.advice, error.advice)
    return fail(status, str(error))


def _run(options: Options) -> int:
    target, progress = target_of(options), Progress(quiet=options.quiet)
    with contextlib.ExitStack() as stack:
        if target.open_file:
            stack.enter_context(target.open_file)
        form = _with_csv_options(target.format, options)
        stack.enter_context(logged(progress, quiet=options.quiet))
        client = stack.enter_context(ApiClient(_configuration(options, stack)))
        if options.append_to is not None:
            return _append(options, target, client, progress)
        report = run(options, form, target.paper, client, progress)
        _say_written(write(report.chunks, target), options, target)
    return DONE if report.excess is None else fail(OVER_BUDGET, report.excess)


def _with_csv_options(form: str, options: Options) -> str:
    given = {"--excel": options.excel, "--no-guard": options.no_guard}
    flags = [flag for flag, is_given in given.items() if is_given]
    if flags and form not in ("csv", "focus"):
        raise UsageError(f"{flags[0]} is for csv, got {form}: remove it, or add --format csv")
    return " ".join([form, *flags])


def _say_written(written: Written | None, options: Options, target: Target) -> None:
    is_said = written and (written.in_place or options.append_to is None)
    if written and is_said and not options.quiet:
        how = f" in place ({written.in_place})" if written.in_place else ""
        say(f"{target.file}: {written.size:,} bytes of {target.format} written{how}")


def _append(options: Options, target: Target, client: ApiClient, progress: Progress) -> int:
    """Add the invoices that a file lacks."""
    is_stdout = options.append_to == "-"  # as with --output; it cannot be appended to
    if target.file is None or is_stdout or (target.file.exists() and not target.file.is_file()):
        raise UsageError(f"--append-to must be a regular file, got {options.append_to!r}")
    appending = Appending(target.file, invoices_between(options, client, progress), options)
    if appending.is_needed:
        _say_written(write(appending.chunks(), target), options, target)
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
