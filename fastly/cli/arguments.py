"""The command line: its commands, options and values.

It imports little, for a quick ``--help``.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence

from fastly._text import shown
from fastly.cli.messages import PROGRAM, UsageError
from fastly.cli.parser import Parser, Version, unknown
from fastly.cli.values import (
    budget_value,
    costs_key,
    count_value,
    current_month,
    invoice_key,
    month_value,
    one_of,
    timeout_value,
    wait_value,
)

TYPE_CHECKING = False  # importing typing would take a tenth of the time of --help
if TYPE_CHECKING:
    from decimal import Decimal
    from typing import Any

    from fastly.focus import FocusVersion

__all__ = ["Options", "parse"]

_ROWS = ("table", "csv", "json", "jsonl", "parquet", "xlsx")
_INVOICES = (*_ROWS, "focus")
_V2_INVOICE = ("table", "csv", "json", "pdf")

_EPILOG = f"""\
The API token is read from the environment variable FASTLY_API_TOKEN.
Data goes to stdout, everything else to stderr.

exit status:
  0    success
  1    the API, the network or writing the output failed
  2    wrong usage or configuration
  3    the month to date, or the low end of the forecast, is over the budget
  75   too early: the month to date is not ready, or no basis for a forecast
  129  ended by SIGHUP: the terminal was closed
  130  interrupted with Ctrl-C
  141  the reader of stdout has closed it
  143  ended by SIGTERM

examples, which need no account:
  {PROGRAM} invoices --demo
  {PROGRAM} invoice 2026-05 --demo
  {PROGRAM} costs --last 3 --by product --demo
  {PROGRAM} forecast --demo
  {PROGRAM} invoices --since 2026-01 --demo --output invoices.csv

"{PROGRAM} COMMAND --help" lists the options of a command."""


class Options(argparse.Namespace):
    """The command and its options; those that a command lacks keep these defaults."""

    command: str = ""
    formats: tuple[str, ...] = ()
    format: str | None = None
    output: str | None = None
    append_to: str | None = None
    excel: bool = False
    no_guard: bool = False
    focus_version: FocusVersion | None = None
    account_name: str | None = None
    host: str | None = None
    timeout: float | None = None
    ca_cert: str | None = None
    allow_insecure_host: bool = False
    quiet: bool = False
    demo: bool = False
    since: str | None = None
    until: str | None = None
    last: int | None = None
    key: str = ""
    by: str = "service"
    teams: str | None = None
    spread: bool = False
    budget: Decimal | None = None
    minimum: Decimal | None = None
    wait: float | None = None
    by_service: bool = False
    billable: bool = False
    hourly: bool = False
    customer_id: str = ""
    invoice_id: str = ""
    month: str | None = None
    year: str | None = None


def parse(words: Sequence[str]) -> Options:
    """Read the command line.

    Raises:
        UsageError: It is invalid.
        HelpRequested: It asks for help.
    """
    if words[:1] == ["invoice-by-id"]:
        raise UsageError(_moved("invoice-by-id CUSTOMER INVOICE"))
    parser = _parser()
    options, extra = parser.parse_known_args(parser.command_first(words), Options())
    if extra:
        raise UsageError(_unexpected(extra[0], options, parser))
    _check(options)
    return options


def _unexpected(word: str, options: Options, parser: Parser) -> str:
    """Return the message about a word that no command takes."""
    from fastly._months import is_month  # imports datetime, which --help need not

    if options.command == "mtd" and not (word.startswith("-") or is_month(word)):
        return _moved("mtd CUSTOMER")
    is_number = options.key.isdecimal() and len(options.key) < 3
    if options.command == "invoice" and is_number and word.isdecimal():
        return _moved("invoice MONTH YEAR")
    for name in options.command.split():
        parser = parser.commands[name]
    if is_month(word) and "--since" in parser.takes_value():
        span = f"--since {options.key or word} --until {word}"
        return f"unexpected {shown(word)}; did you mean {span!r}?"
    return unknown("unexpected", word.partition("=")[0], parser.takes_value(), parser.prog)


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
    _check_months(options)
    if options.since and options.until and options.since > options.until:
        raise UsageError(f"--since {options.since} is after --until {options.until}")
    current = current_month() if options.since else ""
    if options.since and options.since > current:
        raise UsageError(f"--since {options.since} is after the current month, {current}")
    if options.append_to is not None and options.output is not None:
        raise UsageError("--append-to and --output cannot be combined: remove one")
    if options.append_to is not None and options.format not in (None, "jsonl"):
        raise UsageError(f"--append-to writes jsonl: remove --format {options.format}")
    if os.path.splitext(options.append_to or "")[1] not in ("", ".jsonl", ".ndjson"):
        raise UsageError(
            f"--append-to writes jsonl: name the file .jsonl, got {shown(options.append_to)}"
        )


def _check_months(options: Options) -> None:
    """Check options of which a command takes one, and set the months that words stand for."""
    months = {"MONTH": options.key, "--since": options.since, "--until": options.until}
    given = [name for name, value in months.items() if value]
    if options.last is not None and given:
        raise UsageError(f"--last and {given[0]} cannot be combined: remove one")
    if options.command == "costs" and "MONTH" in given[:-1]:
        raise UsageError(f"a month and {given[1]} cannot be combined: remove one")
    if options.by == "team" and options.teams is None:
        raise UsageError("--by team needs --teams FILE, a CSV whose first line is service_id,team")
    if options.by != "team" and options.teams is not None:
        raise UsageError("--teams is for --by team: add it, or remove --teams")
    if options.last is not None or options.key == "last-month":
        _set_last_months(options)


def _set_last_months(options: Options) -> None:
    from fastly._months import month_before, this_month  # imports datetime, which --help need not

    last = month_before(this_month())
    if options.last is not None:
        options.since, options.until = month_before(this_month(), options.last), last
    if options.key == "last-month":
        options.key = last


def _check_host(host: str) -> None:
    from fastly.configuration.checks import check_host
    from fastly.exceptions import ApiValueError

    if "@" in host:
        raise UsageError(
            "--host must not contain credentials; the token is read from FASTLY_API_TOKEN"
        )
    try:
        check_host("--host", host)
    except ApiValueError as error:
        raise UsageError(str(error)) from error


def _parser() -> Parser:
    parser = Parser(
        prog=PROGRAM,
        description="Show and export Fastly invoices, the month to date and usage.",
        epilog=_EPILOG,
    )
    parser.add_argument("--version", action=Version, nargs=0, help="show the version and exit")
    commands = parser.add_commands()
    _add_invoices(commands)
    _add_invoice(commands)
    _add_month_to_date(commands)
    _add_costs(commands)
    _add_forecast(commands)
    _add_usage(commands)
    _add_ai_usage(commands)
    _add_v2(commands)
    return parser


def _add_invoices(commands: Any) -> None:
    purpose = "all invoices; csv, jsonl and focus have a row for each line item"
    parser = _command(commands, "invoices", purpose, _INVOICES)
    _add_span(parser, "the first invoice", "the latest invoice")
    _add_last(parser)
    parser.add_argument(
        "--append-to",
        metavar="FILE",
        help="add the line items of invoices that FILE lacks, and replace those of corrected ones, "
        "as jsonl; for a daily job",
    )


def _add_invoice(commands: Any) -> None:
    parser = _command(commands, "invoice", "one invoice, by month or ID", _INVOICES)
    words = "2026-05, last-month, latest, INV-375119 or 29239985"
    parser.add_argument("key", type=invoice_key, metavar="MONTH|ID", help=words)


def _add_month_to_date(commands: Any) -> None:
    parser = _command(commands, "mtd", "the month to date", (*_ROWS, "openmetrics"))
    parser.add_argument(
        "--budget",
        type=budget_value,
        metavar="AMOUNT",
        help="exit with status 3 if the total is higher",
    )
    _add_wait(parser)


def _add_costs(commands: Any) -> None:
    purpose = "what each service, product, region or team cost"
    parser = _command(commands, "costs", purpose, _ROWS)
    words = "2026-05, last-month or latest; default: latest"
    parser.add_argument("key", nargs="?", default="", type=costs_key, metavar="MONTH", help=words)
    _add_span(parser, "the first invoice", "the latest invoice")
    _add_last(parser)
    kinds, default = ("service", "product", "region", "team"), "default: service"
    check = one_of(kinds)
    parser.add_argument("--by", type=check, choices=kinds, default="service", help=default)
    parser.add_argument(
        "--teams", metavar="FILE", help="for --by team: a CSV whose first line is service_id,team"
    )
    parser.add_argument(
        "--spread", action="store_true", help="share charges without usage among the services"
    )


def _add_forecast(commands: Any) -> None:
    parser = _command(commands, "forecast", "a forecast of the month in progress", _ROWS)
    over = "exit with status 3 if the range begins above it"
    parser.add_argument("--budget", type=budget_value, metavar="AMOUNT", help=over)
    least = "the least that the plan charges for usage; default: from the last shortfall"
    parser.add_argument("--minimum", type=budget_value, metavar="AMOUNT", help=least)
    _add_wait(parser)


def _add_last(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--last", type=count_value, metavar="N", help="the last N ended months")


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
    commands = commands.add_parser("v2", help=purpose, description=purpose).add_commands()
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
    command: argparse.ArgumentParser = commands.add_parser(
        name, help=purpose, description=f"Get {purpose}."
    )
    command.set_defaults(command=prefix + name, formats=formats)
    # Their help stands behind that of the command's own options, which people look for.
    parser = command.add_argument_group("options of all commands")
    parser.add_argument(
        "--format",
        type=one_of(formats),
        choices=formats,
        metavar="FORMAT",
        help=f"{', '.join(formats)}; default: the extension of FILE; without one, table on a "
        "terminal, else json",
    )
    parser.add_argument(
        "--output", metavar="FILE", help="write FILE, complete or not at all; - is stdout"
    )
    if "parquet" in formats:  # v2 passes on the CSV of the API
        _add_csv_options(parser)
    if "focus" in formats:
        _add_focus_options(command)
    parser.add_argument(
        "--host",
        metavar="URL",
        help="default: FASTLY_API_URL from the environment, else https://api.fastly.com",
    )
    parser.add_argument(
        "--timeout",
        type=timeout_value,
        metavar="SECONDS",
        help="limit for each request, including retries",
    )
    parser.add_argument(
        "--ca-cert",
        metavar="FILE",
        help="PEM file of certificate authorities; default: FASTLY_CA_CERT, else certifi's",
    )
    parser.add_argument(
        "--allow-insecure-host", action="store_true", help="send the token over http, unencrypted"
    )
    parser.add_argument("--quiet", action="store_true", help="print only data and errors")
    parser.add_argument(
        "--demo", action="store_true", help="use made-up data: no account, no network"
    )
    return command


def _add_csv_options(parser: Any) -> None:
    parser.add_argument(
        "--excel",
        action="store_true",
        help="csv that a spreadsheet opens with accents and times; xlsx is better",
    )
    parser.add_argument(
        "--no-guard",
        action="store_true",
        help="csv for programs: no apostrophe before text that is like a formula",
    )


def _add_focus_options(parser: argparse.ArgumentParser) -> None:
    versions, what = ("1.2", "1.3", "1.4"), "for --format focus: its version; default: 1.2"
    parser.add_argument("--focus-version", type=one_of(versions), choices=versions, help=what)
    name = "for --format focus: the billing account's name, which the API lacks"
    parser.add_argument("--account-name", metavar="NAME", help=name)


def _add_span(parser: argparse.ArgumentParser, first: str, last: str) -> None:
    parser.add_argument(
        "--since", type=month_value, metavar="MONTH", help=f"such as 2025-01; default: {first}"
    )
    parser.add_argument(
        "--until", type=month_value, metavar="MONTH", help=f"such as 2026-06; default: {last}"
    )


def _add_wait(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--wait",
        type=wait_value,
        metavar="SECONDS",
        help="how long to poll until the month to date is ready; default: 90",
    )
