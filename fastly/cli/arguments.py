"""The command line: its commands, options and values."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import PurePath
from typing import Any, NoReturn

from fastly._text import shown
from fastly._version import __version__
from fastly.configuration.checks import DEFAULT_HOST, TOKEN_VARIABLE, URL_VARIABLE, check_host
from fastly.exceptions import ApiValueError

__all__ = ["PROGRAM", "Options", "UsageError", "current_month", "is_month", "parse"]

PROGRAM = "fastly-billing"

_ROWS = ("table", "csv", "json", "jsonl")
_INVOICES = (*_ROWS, "focus")
_V2_INVOICE = ("table", "csv", "json", "pdf")
_LONGEST = 366 * 24 * 3600  # seconds that the client accepts
_ID = re.compile(r"[A-Za-z0-9_-]+")
_AMOUNT = re.compile(r"\d{1,15}(?:\.\d{1,4})?", re.ASCII)
_EASTERNMOST = timezone(timedelta(hours=14))
_LIKE_A_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}(?:[-/.]\d{1,4})?", re.ASCII)

_EPILOG = f"""\
The API token is read from the environment variable {TOKEN_VARIABLE}.
Data goes to stdout, everything else to stderr.

exit status:
  0    success
  1    the API, the network or writing the output failed
  2    wrong usage or configuration
  3    the month to date is over the budget
  75   the month to date is still being made; try again later
  130  interrupted
  141  the reader of stdout has gone

examples, which need no account:
  {PROGRAM} invoices --demo
  {PROGRAM} invoice 2026-05 --demo
  {PROGRAM} invoices --since 2026-01 --demo --output invoices.csv

"{PROGRAM} COMMAND --help" lists the options of a command."""


class UsageError(Exception):
    """The command line is wrong; the message says what to change."""


class Options(argparse.Namespace):
    """The command and its options; those that a command lacks keep these defaults."""

    command: str = ""
    formats: tuple[str, ...] = ()
    format: str | None = None
    output: str | None = None
    append_to: str | None = None
    host: str | None = None
    timeout: float | None = None
    allow_insecure_host: bool = False
    quiet: bool = False
    demo: bool = False
    since: str | None = None
    until: str | None = None
    key: str = ""
    budget: Decimal | None = None
    wait: float | None = None
    by_service: bool = False
    billable: bool = False
    hourly: bool = False
    customer_id: str = ""
    invoice_id: str = ""
    month: str | None = None
    year: str | None = None


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, for `main` to print."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f'{message}; see "{self.prog} --help"')


def parse(words: Sequence[str]) -> Options:
    """Read the command line.

    Raises:
        UsageError: It is invalid.
        SystemExit: Help or the version was requested, and has been printed.
    """
    if words[:1] == ["invoice-by-id"]:
        raise UsageError(_moved("invoice-by-id CUSTOMER INVOICE"))
    options, extra = _parser().parse_known_args(words, Options())
    if extra:
        raise UsageError(_unexpected(extra, options))
    _check(options)
    return options


def _unexpected(extra: list[str], options: Options) -> str:
    """Return the message about words that no command takes."""
    if options.command == "mtd" and not extra[0].startswith("-"):
        return _moved("mtd CUSTOMER")
    is_month = options.key.isdecimal() and len(options.key) < 3
    if options.command == "invoice" and is_month and extra[0].isdecimal():
        return _moved("invoice MONTH YEAR")
    return f'unexpected {shown(extra[0])}; see "{PROGRAM} {options.command} --help"'


def _moved(spelling: str) -> str:
    return (
        f'"{PROGRAM} {spelling}" is now "{PROGRAM} v2 {spelling}", for hosts that still serve the '
        f'retired API v2; for the live API, see "{PROGRAM} --help"'
    )


def _check(options: Options) -> None:
    """Check what the parser cannot: options that depend on each other."""
    if options.demo and options.host is not None:
        raise UsageError("--demo uses its own server: remove --host")
    if options.host is not None:
        _check_host(options.host)
    if options.since and options.until and options.since > options.until:
        raise UsageError(f"--since {options.since} is after --until {options.until}")
    current = current_month(datetime.now(timezone.utc))
    if options.since and options.since > current:
        raise UsageError(f"--since {options.since} is after the current month, {current}")
    if options.append_to is not None and options.output is not None:
        raise UsageError("--append-to and --output cannot be combined: remove one")
    if options.append_to is not None and options.format not in (None, "jsonl"):
        raise UsageError(f"--append-to writes jsonl: remove --format {options.format}")
    if PurePath(options.append_to or "").suffix not in ("", ".jsonl", ".ndjson"):
        raise UsageError(
            f"--append-to writes jsonl: name the file .jsonl, got {shown(options.append_to)}"
        )


def current_month(now: datetime) -> str:
    """Return the month at UTC+14, where it begins first, so that no local month is refused."""
    return now.astimezone(_EASTERNMOST).date().isoformat()[:7]


def _check_host(host: str) -> None:
    if "@" in host:
        raise UsageError(
            f"--host must not contain credentials; the token is read from {TOKEN_VARIABLE}"
        )
    try:
        check_host("--host", host)
    except ApiValueError as error:
        raise UsageError(str(error)) from error


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog=PROGRAM,
        description="Show and export Fastly invoices, the month to date and usage.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    _add_invoices(commands)
    _add_invoice(commands)
    _add_month_to_date(commands)
    _add_usage(commands)
    _add_ai_usage(commands)
    _add_v2(commands)
    return parser


def _add_invoices(commands: Any) -> None:
    purpose = "all invoices; csv, jsonl and focus have a row for each line item"
    parser = _command(commands, "invoices", purpose, _INVOICES)
    _add_span(parser, "the first invoice", "the latest invoice")
    parser.add_argument(
        "--append-to",
        metavar="FILE",
        help="add the line items of invoices that FILE lacks, as jsonl; for a daily job",
    )


def _add_invoice(commands: Any) -> None:
    parser = _command(commands, "invoice", "one invoice, by month or ID", _INVOICES)
    parser.add_argument(
        "key", type=_invoice_key, metavar="MONTH|ID", help="such as 2026-05, INV-375119 or 29239985"
    )


def _add_month_to_date(commands: Any) -> None:
    parser = _command(commands, "mtd", "the month to date", _ROWS)
    parser.add_argument(
        "--budget", type=_budget, metavar="AMOUNT", help="exit with status 3 if the total is higher"
    )
    _add_wait(parser)


def _add_usage(commands: Any) -> None:
    parser = _command(commands, "usage", "usage, without prices", _ROWS)
    _add_span(parser, "the month of --until", "the current month")
    parser.add_argument("--by-service", action="store_true", help="by service instead of by month")
    what = "by month and service, in the units of invoices: GB and 10,000 requests"
    parser.add_argument("--billable", action="store_true", help=what)


def _add_ai_usage(commands: Any) -> None:
    purpose = "usage of AI Runtime Control by key, provider and model, without prices"
    parser = _command(commands, "ai-usage", purpose, _ROWS)
    _add_span(parser, "the month of --until", "the current month")
    parser.add_argument("--hourly", action="store_true", help="by hour instead of by day")


def _add_v2(commands: Any) -> None:
    purpose = "commands of the API v2, which Fastly retired in 2025"
    v2 = commands.add_parser("v2", help=purpose, description=purpose, allow_abbrev=False)
    commands = v2.add_subparsers(metavar="COMMAND", required=True)
    invoice = _command(commands, "invoice", "the invoice of a month", _V2_INVOICE, "v2 ")
    invoice.add_argument("month", metavar="MONTH", help="1 to 12, in UTC")
    invoice.add_argument("year", metavar="YEAR", help="four digits")
    by_id = _command(commands, "invoice-by-id", "the invoice with an ID", _V2_INVOICE, "v2 ")
    by_id.add_argument("customer_id", metavar="CUSTOMER", help="ID of the customer")
    by_id.add_argument("invoice_id", metavar="INVOICE", help="ID of the invoice")
    mtd = _command(commands, "mtd", "the estimate of a month to date", ("table", "json"), "v2 ")
    mtd.add_argument("customer_id", metavar="CUSTOMER", help="ID of the customer")
    mtd.add_argument("--month", help="1 to 12; default: the current month")
    mtd.add_argument("--year", help="four digits; default: the current year")
    _add_wait(mtd)


def _command(
    commands: Any, name: str, purpose: str, formats: tuple[str, ...], prefix: str = ""
) -> argparse.ArgumentParser:
    """Add a command with the options that all of them have."""
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=purpose, description=f"Get {purpose}.", allow_abbrev=False
    )
    parser.set_defaults(command=prefix + name, formats=formats)
    parser.add_argument(
        "--format",
        choices=formats,
        help="default: the extension of FILE; without one, table on a terminal, else json",
    )
    parser.add_argument(
        "--output", metavar="FILE", help="write FILE, complete or not at all; - is stdout"
    )
    parser.add_argument(
        "--host",
        metavar="URL",
        help=f"default: {URL_VARIABLE} from the environment, else {DEFAULT_HOST}",
    )
    parser.add_argument(
        "--timeout",
        type=_timeout,
        metavar="SECONDS",
        help="limit for each request, including retries",
    )
    parser.add_argument(
        "--allow-insecure-host", action="store_true", help="send the token over http, unencrypted"
    )
    parser.add_argument("--quiet", action="store_true", help="print only data and errors")
    parser.add_argument(
        "--demo", action="store_true", help="use made-up data: no account, no network"
    )
    return parser


def _add_span(parser: argparse.ArgumentParser, first: str, last: str) -> None:
    parser.add_argument(
        "--since", type=_month, metavar="MONTH", help=f"such as 2025-01; default: {first}"
    )
    parser.add_argument(
        "--until", type=_month, metavar="MONTH", help=f"such as 2026-06; default: {last}"
    )


def _add_wait(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--wait",
        type=_wait,
        metavar="SECONDS",
        help="how long to poll while it is being made; default: 90",
    )


def is_month(text: str) -> bool:
    """Return whether a text is a month such as 2026-05."""
    try:
        return len(text) == 7 and text.isascii() and bool(date.fromisoformat(f"{text}-01"))
    except ValueError:
        return False


def _month(text: str) -> str:
    if not is_month(text):
        raise argparse.ArgumentTypeError(f"must be a month such as 2026-05, got {shown(text)}")
    return text


def _invoice_key(text: str) -> str:
    is_id = _ID.fullmatch(text) and not _LIKE_A_DATE.fullmatch(text) and text != "month-to-date"
    if not (is_id or is_month(text)):
        raise argparse.ArgumentTypeError(
            "must be a month such as 2026-05, or an invoice ID such as INV-375119 or 29239985, "
            f"got {shown(text)}"
        )
    return text


def _budget(text: str) -> Decimal:
    if not _AMOUNT.fullmatch(text):
        raise argparse.ArgumentTypeError(
            f"must be an amount such as 5000 or 99.50, got {shown(text)}"
        )
    return Decimal(text)


def _timeout(text: str) -> float:
    seconds = _seconds(text)
    if seconds is None or seconds == 0:
        raise argparse.ArgumentTypeError(
            f"must be a number of seconds above 0, up to {_LONGEST}, got {shown(text)}"
        )
    return seconds


def _wait(text: str) -> float:
    seconds = _seconds(text)
    if seconds is None:
        raise argparse.ArgumentTypeError(
            f"must be a number of seconds from 0 to {_LONGEST}, got {shown(text)}"
        )
    return seconds


def _seconds(text: str) -> float | None:
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if 0 <= seconds <= _LONGEST else None
