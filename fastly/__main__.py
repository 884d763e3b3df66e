"""``python -m fastly``: the three billing operations for shells and cron jobs."""

from __future__ import annotations

import argparse
import contextlib
import errno
import json
import logging
import os
import secrets
import shutil
import stat
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from fastly import _table
from fastly._version import __version__
from fastly.api.billing_api import BillingApi
from fastly.api_client import ApiClient
from fastly.configuration import Configuration
from fastly.configuration.checks import DEFAULT_HOST, TOKEN_VARIABLE
from fastly.exceptions import (
    ApiException,
    ApiTypeError,
    ApiValueError,
    EstimatePendingException,
    ResponseException,
    TimeoutException,
    UnauthorizedException,
)
from fastly.options import CSV, JSON, PDF
from fastly.testing import BillingServer
from fastly.testing.account import CUSTOMER_ID

__all__ = ["main"]

PROGRAM = "python -m fastly"
FAILED, MISUSED, INTERRUPTED, UNREAD = 1, 2, 130, 141  # the last two as shells number signals
_ACCEPTS = {"table": JSON, "json": JSON, "csv": CSV, "pdf": PDF}
_ENDINGS = {".json": "json", ".csv": "csv", ".pdf": "pdf"}
_FILE_WIDTH = 80

# What to do, where the advice for programs would not help at a shell.
_ADVICE: dict[str, str] = {
    ApiException.advice: "See the status; it may come from a proxy. Check --host.",
    EstimatePendingException.advice: "Ask again in a minute, or give a longer --wait.",
    ResponseException.advice: "It may be the page of a proxy, or the API changed; check --host.",
    TimeoutException.advice: "Ask again, or give a longer --timeout.",
    UnauthorizedException.advice: f"Check the API token in {TOKEN_VARIABLE}.",
}

_EPILOG = f"""\
The API token is read from the environment variable {TOKEN_VARIABLE}, never from an argument.
Data goes to stdout, words to stderr. The exit status is 0; or 1: the API, the network or the
writing failed; 2: wrong usage or configuration; 130: interrupted; 141: nobody read stdout.

examples, which need no account:
  {PROGRAM} invoice 05 2020 --demo
  {PROGRAM} invoice 05 2020 --demo --output may.pdf
  {PROGRAM} mtd {CUSTOMER_ID} --demo --format json

"{PROGRAM} COMMAND --help" lists the options."""


class _Target(NamedTuple):
    """Where the data goes, and in which format."""

    format: str
    file: Path | None

    @property
    def is_terminal(self) -> bool:
        return self.file is None and _is_terminal(sys.stdout)

    @property
    def takes_bytes(self) -> bool:
        return self.file is not None or sys.stdout is None or hasattr(sys.stdout, "buffer")

    @property
    def encoding(self) -> str:
        return "utf-8" if self.file else getattr(sys.stdout, "encoding", None) or "utf-8"


class _Teller(logging.Handler):
    """Tells what the client logs."""

    def emit(self, record: logging.LogRecord) -> None:
        _say(record.getMessage())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: The words after ``python -m fastly``; None: those of this process.

    Returns:
        The exit status, as ``--help`` lists it.
    """
    try:
        return _run(arguments)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        return UNREAD
    except (ApiTypeError, ApiValueError) as error:
        return _fail(MISUSED, str(error))
    except ApiException as error:
        error.advice = _ADVICE.get(error.advice, error.advice)
        return _fail(FAILED, str(error))
    except OSError as error:
        return _fail(FAILED, f"{error.filename or 'the system'}: {error.strerror or error}")


def _run(arguments: Sequence[str] | None) -> int:
    try:
        options = _parser().parse_args(arguments)
    except SystemExit as end:  # argparse has said what there is to say
        if not end.code:
            _write(b"", _Target("table", None))
        return int(end.code or 0)
    target = _target(options)
    with contextlib.ExitStack() as stack:
        _tell_of_waits(stack)
        client = stack.enter_context(ApiClient(_configuration(options, stack)))
        answer = _asked(BillingApi(client), options, _ACCEPTS[target.format])
    _write(_rendered(answer, target), target)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Fastly's invoices and month-to-date estimates.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"fastly {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    invoice = _command(commands, "invoice", "the invoice of a month", tuple(_ACCEPTS))
    invoice.add_argument("month", metavar="MONTH", help="1 to 12; months are counted in UTC")
    invoice.add_argument("year", metavar="YEAR", help="four digits")
    by_id = _command(commands, "invoice-by-id", "the invoice of an id", tuple(_ACCEPTS))
    by_id.add_argument("customer_id", metavar="CUSTOMER", help="id of the customer")
    by_id.add_argument("invoice_id", metavar="INVOICE", help="id of the invoice")
    mtd = _command(commands, "mtd", "the estimate of a month to date", ("table", "json"))
    mtd.add_argument("customer_id", metavar="CUSTOMER", help="id of the customer")
    mtd.add_argument("--month", help="1 to 12; without it the present month")
    mtd.add_argument("--year", help="four digits; without it the present year")
    mtd.add_argument(
        "--wait",
        type=_seconds,
        metavar="SECONDS",
        help="how long to keep asking while the estimate is being made; without it 90",
    )
    return parser


def _seconds(text: str) -> float:
    """Read a time of the command line; the configuration knows its upper end."""
    try:
        seconds = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds") from None
    if not seconds >= 0:
        raise argparse.ArgumentTypeError(f"a number of seconds is 0 or more, not {text}")
    return seconds


def _command(
    commands: Any, name: str, purpose: str, formats: tuple[str, ...]
) -> argparse.ArgumentParser:
    """Add a command with the options that all of them have."""
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=purpose, description=f"Print {purpose}.", allow_abbrev=False
    )
    parser.set_defaults(command=name, formats=formats)
    parser.add_argument(
        "--format",
        choices=formats,
        help="without it: what the ending of FILE says; else json into FILE or a pipe, table on a "
        "terminal or for --demo. With an ending that is no format it is needed",
    )
    parser.add_argument(
        "--output", metavar="FILE", help="write FILE, whole or not at all; - is stdout"
    )
    parser.add_argument("--host", metavar="URL", help=f"without it {DEFAULT_HOST}")
    parser.add_argument(
        "--timeout", type=_seconds, metavar="SECONDS", help="for the whole call, retries included"
    )
    parser.add_argument(
        "--demo",
        action="store_true",
        help="ask a stand-in on this machine for made-up figures: no account, no network; "
        f"its CUSTOMER is {CUSTOMER_ID}, and stderr tells an INVOICE",
    )
    return parser


def _target(options: argparse.Namespace) -> _Target:
    """Decide where the data goes, before anything is asked that could not be written."""
    file = None if options.output in (None, "-") else Path(options.output)
    if file is not None and (file.is_dir() or not file.absolute().parent.is_dir()):
        raise ApiValueError(f"--output names a file in an existing folder, not {options.output!r}")
    ending = _ENDINGS.get(file.suffix.lower()) if file else None
    if file is not None and file.suffix and not (options.format or ending):
        raise ApiValueError(f"no format has the ending {file.suffix!r}: add --format")
    read_by_a_person = file is None and (options.demo or _is_terminal(sys.stdout))
    usual = "table" if read_by_a_person else "json"
    target = _Target(options.format or ending or usual, file)
    if target.format not in options.formats:
        raise ApiValueError(f"{options.command} comes as {' or '.join(options.formats)} alone")
    if target.format == "pdf" and (target.is_terminal or not target.takes_bytes):
        raise ApiValueError("a PDF is no text to show: add --output FILE, or a pipe")
    return target


def _tell_of_waits(stack: contextlib.ExitStack) -> None:
    """Tell somebody at a terminal about retries and waits, anybody else about warnings."""
    log, teller = logging.getLogger("fastly"), _Teller()
    stack.callback(log.setLevel, log.level)
    stack.callback(log.removeHandler, teller)
    log.addHandler(teller)
    log.setLevel(logging.INFO if _is_terminal(sys.stderr) else logging.WARNING)


def _configuration(options: argparse.Namespace, stack: contextlib.ExitStack) -> Configuration:
    """Return the settings that the options, the environment or the stand-in ask for."""
    wait = getattr(options, "wait", None)
    given = {"host": options.host, "timeout": options.timeout, "estimate_wait": wait}
    settings: dict[str, Any] = {name: x for name, x in given.items() if x is not None}
    if options.demo and options.host is not None:
        raise ApiValueError("--demo has a host of its own: leave out --host")
    if options.demo:
        settings |= _stand_in(stack.enter_context(BillingServer()))
    elif not os.environ.get(TOKEN_VARIABLE):
        raise ApiValueError(
            f"there is no API token: set the environment variable {TOKEN_VARIABLE}, "
            "or try --demo, which needs none"
        )
    return Configuration(**settings)


def _stand_in(server: BillingServer) -> dict[str, Any]:
    """Return the settings that reach the stand-in, and tell what can be asked of it."""
    invoice_id = server.account.invoice_id(2020, 5)
    _say("Demo: made-up figures of a stand-in on this machine.")
    _say(f"CUSTOMER is {server.customer_id}, INVOICE of 05/2020 is {invoice_id}.")
    return {"host": server.url, "api_key": {"token": server.token}}


def _asked(api: Any, options: argparse.Namespace, accept: str) -> Any:
    if options.command == "invoice":
        return api.get_invoice(options.month, options.year, _accept=accept)
    if options.command == "invoice-by-id":
        return api.get_invoice_by_id(options.customer_id, options.invoice_id, _accept=accept)
    return api.get_invoice_mtd(options.customer_id, month=options.month, year=options.year)


def _rendered(answer: Any, target: _Target) -> bytes:
    """Return the bytes to write."""
    if target.format == "pdf":
        return bytes(answer)
    if target.format == "csv":
        return _csv(answer, target)
    if target.format == "json":
        return _json(answer.to_str(), target.encoding)
    width = _FILE_WIDTH if target.file else shutil.get_terminal_size().columns
    return _table.page(answer, width, target.encoding).encode(target.encoding)


def _csv(text: str, target: _Target) -> bytes:
    """Return CSV as UTF-8; for a terminal, without what it might act upon or cannot show."""
    if not target.is_terminal:
        return text.encode()
    lines = [_table.printable(line) + "\n" for line in text.splitlines()]
    return "".join(lines).encode(target.encoding, "replace")


def _json(text: str, encoding: str) -> bytes:
    """Return JSON with escapes for what is not printable, or not ASCII where UTF-8 is not read."""
    wide = encoding.lower().replace("-", "").replace("_", "") == "utf8"
    plain = {c for c in set(text) if c.isprintable() and (wide or c.isascii())} | {"\n"}
    return "".join(c if c in plain else json.dumps(c)[1:-1] for c in text + "\n").encode()


def _write(data: bytes, target: _Target) -> None:
    """Write the data; what fails is told with the name of the target."""
    try:
        if target.file is None:
            _write_stdout(data)
        elif target.file.exists() and not target.file.is_file():
            target.file.write_bytes(data)  # a pipe or a device, which no file may replace
        else:
            _replace(Path(os.path.realpath(target.file)), data)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(target.file or "stdout")) from error


def _write_stdout(data: bytes) -> None:
    stream: TextIO | None = sys.stdout
    if stream is None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    try:
        stream.flush()  # what a caller of main() has printed goes first
        if hasattr(stream, "buffer"):
            stream.buffer.write(data)
        else:  # a StringIO of such a caller
            stream.write(data.decode())
        stream.flush()
    except OSError:
        # Python flushes once more when it ends: that must find a place to write to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        raise


def _replace(file: Path, data: bytes) -> None:
    """Write a file beside its place, then put it there; one that exists keeps its permissions."""
    temporary = file.with_name(f".fastly-{secrets.token_hex(8)}.part")
    try:
        with temporary.open("xb") as stream:
            if file.exists():
                temporary.chmod(stat.S_IMODE(file.stat().st_mode))
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(file)
    finally:
        temporary.unlink(missing_ok=True)


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()


def _fail(status: int, words: str) -> int:
    _say(f"{PROGRAM}: {words}")
    return status


def _say(words: str) -> None:
    """Write lines to stderr, without what a terminal might act upon."""
    stream: TextIO | None = sys.stderr
    if stream is None:
        return
    with contextlib.suppress(OSError):
        for line in words.split("\n"):
            indent = "  " if line.startswith("  ") else ""
            print(indent + _table.printable(line), file=stream, flush=True)


if __name__ == "__main__":
    sys.exit(main())
