"""The command line: its commands, options and values.

It imports little, for a quick ``--help``.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterable, Mapping, Sequence

from fastly._text import shown
from fastly.cli.messages import PROGRAM, UsageError
from fastly.cli.parser import Parser, Version, unknown
from fastly.cli.values import (
    COST_KINDS,
    as_month,
    budget_value,
    costs_key,
    count_value,
    current_month,
    invoice_key,
    last_month,
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
_DEFAULT_FORMAT = "default: the extension of FILE; without one, table on a terminal, else json"

# Each option: the name of its value, the check of it (None: it has no value), and its help.
_FLAG, _FILE = ("", None), ("FILE", str)
_OPTIONS: dict[str, tuple[str, Callable[[str], object] | None, str]] = {
    "--by": ("KIND", one_of(COST_KINDS), "service (the default), product, region or team"),
    "--teams": (*_FILE, "for --by team: a CSV whose first line is service_id,team"),
    "--spread": (*_FLAG, "share charges without usage among the services"),
    "--by-service": (*_FLAG, "by service instead of by month"),
    "--billable": (*_FLAG, "by month and service, in the units of invoices: GB, 10,000 requests"),
    "--hourly": (*_FLAG, "by hour instead of by day"),
    "--since": ("MONTH", month_value, "such as 2025-01 or last-month; default: {first}"),
    "--until": ("MONTH", month_value, "such as 2026-06 or last-month; default: {latest}"),
    "--last": ("N", count_value, "the last N ended months"),
    "--append-to": (*_FILE, "add invoices that FILE lacks, and replace corrected ones, as jsonl"),
    "--budget": ("AMOUNT", budget_value, "exit with status 3 if the {total} is higher"),
    "--minimum": (
        "AMOUNT",
        budget_value,
        "the least that the plan charges for usage; default: from the last shortfall",
    ),
    "--wait": (
        "SECONDS",
        wait_value,
        "how long to poll until the month to date is ready; default: 90",
    ),
    "--month": ("MONTH", str, "1 to 12; default: the current month"),
    "--year": ("YEAR", str, "four digits; default: the current year"),
    "--focus-version": (
        "VERSION",
        one_of(("1.2", "1.3", "1.4")),
        "for --format focus: 1.2 (the default), 1.3 or 1.4",
    ),
    "--account-name": ("NAME", str, "for --format focus: the billing account's name"),
    "--output": (*_FILE, "write FILE, complete or not at all; - is stdout"),
    "--excel": (
        *_FLAG,
        "csv that a spreadsheet in English opens with accents and times; xlsx is better",
    ),
    "--no-guard": (*_FLAG, "csv for programs: no apostrophe before text that is like a formula"),
    "--host": ("URL", str, "default: FASTLY_API_URL, else https://api.fastly.com"),
    "--timeout": ("SECONDS", timeout_value, "limit for each request, including retries"),
    "--ca-cert": (*_FILE, "certificate authorities, PEM; default: FASTLY_CA_CERT, else certifi's"),
    "--allow-insecure-host": (*_FLAG, "send the token over http, unencrypted"),
    "--quiet": (*_FLAG, "print only data and errors"),
    "--demo": (*_FLAG, "use made-up data: no account, no network"),
}
_SPAN = ("--since", "--until", "--last")
_FOCUS = ("--focus-version", "--account-name")
_CSV = ("--excel", "--no-guard")
_COMMON = ("--host", "--timeout", "--ca-cert", "--allow-insecure-host", "--quiet", "--demo")
# What differs in the help of a command.
_USUAL = {"first": "the first invoice", "latest": "the latest invoice", "total": "total"}
_OF_USAGE = {"first": "the month of --until", "latest": "the current month"}
_WORDS = {"usage": _OF_USAGE, "ai-usage": _OF_USAGE, "forecast": {"total": "low end of the range"}}

# What to write instead of an option for the month, which these commands do not have.
_AS_KEY = "write the month without an option, such as 2026-05, last-month or latest"
_IN_PERIOD = "write --since MONTH --until MONTH, such as 2026-05 or last-month"
_IN_PROGRESS = "this command is for the month in progress"
_MONTH_ADVICE = {
    **dict.fromkeys(("invoice", "costs"), _AS_KEY),
    **dict.fromkeys(("invoices", "usage", "ai-usage"), _IN_PERIOD),
    **dict.fromkeys(("mtd", "forecast"), _IN_PROGRESS),
}

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
        raise UsageError(_unexpected(extra, options, parser))
    _check(options)
    return options


def _unexpected(extra: Sequence[str], options: Options, parser: Parser) -> str:
    """Return the message about words that no command takes."""
    word, months = extra[0], [x for x in map(as_month, (options.key, *extra)) if x]
    if options.command == "mtd" and not (word.startswith("-") or as_month(word)):
        return _moved("mtd CUSTOMER")
    is_number = options.key.isdecimal() and len(options.key) < 3
    if options.command == "invoice" and is_number and word.isdecimal():
        return _moved("invoice MONTH YEAR")
    for name in options.command.split():
        parser = parser.commands[name]
    if as_month(word):
        advice = _advice(months, options, parser)
        return unknown("unexpected", word, (), parser.prog, advice=advice)
    if os.path.splitext(word)[1] and options.output is None:
        return f"unexpected {shown(word)}; did you mean {f'--output {word}'!r}?"
    return parser.unexpected(word.partition("=")[0])


def _advice(months: Sequence[str], options: Options, parser: Parser) -> str:
    """Return what to write instead of a month that is not expected."""
    if "--since" in parser.takes_value():
        return f"did you mean {f'--since {min(months)} --until {max(months)}'!r}?"
    return "" if options.key else parser.advice["--month"]


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
    _check_future(options)
    if options.append_to is not None and options.output is not None:
        raise UsageError("--append-to and --output cannot be combined: remove one")
    if options.append_to is not None and options.format not in (None, "jsonl"):
        raise UsageError(f"--append-to writes jsonl: remove --format {options.format}")
    if os.path.splitext(options.append_to or "")[1] not in ("", ".jsonl", ".ndjson"):
        raise UsageError(
            f"--append-to writes jsonl: name the file .jsonl, got {shown(options.append_to)} "
            "(--output writes a csv anew)"
        )


def _check_future(options: Options) -> None:
    # With only --until, usage is that of one month, and invoices are all up to it.
    is_one = options.since is None and options.command in ("usage", "ai-usage")
    name, first = ("--until", options.until) if is_one else ("--since", options.since)
    if first and first > (current := current_month()):
        raise UsageError(f"{name} {first} is after the current month, {current}")


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
    if options.last is not None:
        options.until = last_month()
        options.since = last_month(options.last)


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
        description="Show and export Fastly invoices, costs and usage, and forecast the month.",
        epilog=_EPILOG,
    )
    parser.add_argument("--version", action=Version, nargs=0, help="show the version and exit")
    commands = parser.add_commands()
    what = "all invoices; csv, jsonl and focus have a row for each line item"
    _command(commands, "invoices", what, _INVOICES, *_SPAN, "--append-to", *_FOCUS)
    invoice = _command(commands, "invoice", "one invoice, by month or ID", _INVOICES, *_FOCUS)
    what = "2026-05, last-month, latest, INV-375119 or 29239985"
    invoice.add_argument("key", type=invoice_key, metavar="MONTH|ID", help=what)
    what = "the month to date"
    _command(commands, "mtd", what, (*_ROWS, "openmetrics"), "--budget", "--wait")
    _add_costs(commands)
    what = "a forecast of the month in progress"
    _command(commands, "forecast", what, _ROWS, "--budget", "--minimum", "--wait")
    what = "usage, without prices"
    _command(commands, "usage", what, _ROWS, "--by-service", "--billable", *_SPAN)
    what = "usage of AI Runtime Control by key, provider and model, without prices"
    _command(commands, "ai-usage", what, _ROWS, "--hourly", *_SPAN)
    _add_v2(commands)
    return parser


def _add_costs(commands: Any) -> None:
    what = "what each service, product, region or team cost"
    costs = _command(commands, "costs", what, _ROWS, "--by", "--teams", "--spread", *_SPAN)
    what = "2026-05, last-month or latest; default, without --since, --until and --last: latest"
    costs.add_argument("key", nargs="?", default="", type=costs_key, metavar="MONTH", help=what)


def _add_v2(commands: Any) -> None:
    what = "commands of the API v2, which Fastly retired in 2025"
    commands = commands.add_parser("v2", help=what, description=what).add_commands()
    invoice = _command(commands, "invoice", "the invoice of a month", _V2_INVOICE)
    invoice.add_argument("month", metavar="MONTH", help="1 to 12, in UTC")
    invoice.add_argument("year", metavar="YEAR", help="four digits")
    by_id = _command(commands, "invoice-by-id", "the invoice with an ID", _V2_INVOICE)
    by_id.add_argument("customer_id", metavar="CUSTOMER", help="ID of the customer")
    by_id.add_argument("invoice_id", metavar="INVOICE", help="ID of the invoice")
    what, formats = "the estimate of a month to date", ("table", "json")
    mtd = _command(commands, "mtd", what, formats, "--month", "--year", "--wait")
    mtd.add_argument("customer_id", metavar="CUSTOMER", help="ID of the customer")


def _command(
    commands: Any, name: str, purpose: str, formats: tuple[str, ...], *options: str
) -> Parser:
    """Add a command with its own options, and below them those that all commands have."""
    command: Parser = commands.add_parser(name, help=purpose, description=f"Get {purpose}.")
    path = command.prog.removeprefix(f"{PROGRAM} ")
    command.set_defaults(command=path, formats=formats)
    advice = _MONTH_ADVICE.get(path, "")
    command.advice = dict.fromkeys(("--month", "--last-month", "--latest"), advice)
    command.advice["--token"] = "set FASTLY_API_TOKEN in the environment"
    _add(command, options, _USUAL | _WORDS.get(path, {}))
    common = command.add_argument_group("options of all commands")
    words = f"{', '.join(formats)}; {_DEFAULT_FORMAT}"
    common.add_argument("--format", metavar="FORMAT", type=one_of(formats), help=words)
    # v2 passes on the CSV of the API.
    _add(common, ("--output", *(_CSV if "parquet" in formats else ()), *_COMMON), {})
    return command


def _add(parser: Any, names: Iterable[str], words: Mapping[str, str]) -> None:
    for name in names:
        metavar, check, help_text = _OPTIONS[name]
        given = {"metavar": metavar, "type": check} if check else {"action": "store_true"}
        parser.add_argument(name, help=help_text.format_map(words), **given)
