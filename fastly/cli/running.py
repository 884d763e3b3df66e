"""Run a command with a client: what it needs, what it writes, and the exit status."""

from __future__ import annotations

import contextlib

from fastly.api_client import ApiClient
from fastly.cli.append import AppendError, Appending
from fastly.cli.arguments import Options
from fastly.cli.commands import Job, invoices_between, run
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
from fastly.cli.settings import AUTHORITY_VARIABLE, settings_of
from fastly.cli.signals import ended_by_signals
from fastly.configuration.checks import TOKEN_VARIABLE
from fastly.exceptions import (
    CERTIFICATE_ADVICE,
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
    CERTIFICATE_ADVICE: (
        "Check --host and the clock. If your network decrypts TLS, give a PEM file with its "
        f"certificate authority as --ca-cert or in {AUTHORITY_VARIABLE}."
    ),
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
        _check_focus_options(form, options)
        stack.enter_context(logged(progress, quiet=options.quiet))
        client = stack.enter_context(ApiClient(settings_of(options, stack)))
        if options.append_to is not None:
            return _append(options, target, client, progress)
        report = run(Job(options, form, target.paper, client, progress))
        _say_written(write(report.chunks, target), options, target)
    return DONE if report.excess is None else fail(OVER_BUDGET, report.excess)


def _with_csv_options(form: str, options: Options) -> str:
    given = {"--excel": options.excel, "--no-guard": options.no_guard}
    flags = [flag for flag, is_given in given.items() if is_given]
    if flags and form not in ("csv", "focus"):
        raise UsageError(f"{flags[0]} is for csv, got {form}: remove it, or add --format csv")
    return " ".join([form, *flags])


def _check_focus_options(form: str, options: Options) -> None:
    given = {"--focus-version": options.focus_version, "--account-name": options.account_name}
    flags = [flag for flag, value in given.items() if value is not None]
    if flags and not form.startswith("focus"):
        raise UsageError(f"{flags[0]} is for focus, got {form}: remove it, or add --format focus")


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
