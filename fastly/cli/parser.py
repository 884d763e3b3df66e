"""An argument parser that suggests what was meant, and leaves printing to `main`.

It imports little, for a quick ``--help``.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable, Mapping, Sequence

from fastly._text import did_you_mean, shown
from fastly._version import __version__
from fastly.cli.messages import PROGRAM, UsageError

TYPE_CHECKING = False  # importing typing would take a tenth of the time of --help
if TYPE_CHECKING:
    from typing import Any, NoReturn

# Names of options in other programs that are spelled too differently to be suggested.
_MEANT = {
    "--from": "--since",
    "--start": "--since",
    "--to": "--until",
    "--end": "--until",
    "-o": "--output",
}

__all__ = ["HelpRequested", "Parser", "Version", "unknown"]


class HelpRequested(Exception):
    """A help was requested; this is its text."""


class _Format(argparse.RawDescriptionHelpFormatter):
    """Knows the width of the terminal without `shutil`, which is slow to import."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=_columns() - 2)


def _columns() -> int:
    """Return the columns of the terminal, as `shutil.get_terminal_size` does."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns):
        return int(columns)
    try:
        return os.get_terminal_size(1).columns or 80
    except OSError:
        return 80


class _Help(argparse.Action):
    """Ends the parsing with the text of the help; argparse would print it, and ignore errors."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        """End."""
        raise HelpRequested(parser.format_help())


class Version(argparse.Action):
    """Ends the parsing with the version."""

    def __call__(self, *_: object) -> NoReturn:
        """End."""
        raise HelpRequested(f"{PROGRAM} {__version__}\n")


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, for `main` to print.

    Attributes:
        commands: The parsers of its commands.
        advice: What to write instead of options that it does not have.
    """

    def __init__(self, **given: Any) -> None:
        super().__init__(
            allow_abbrev=False,
            add_help=False,
            argument_default=argparse.SUPPRESS,  # so that the defaults are those of `Options`
            formatter_class=_Format,
            **given,
        )
        self.commands: Mapping[str, Parser] = {}
        self.advice: dict[str, str] = {}
        self.add_argument(
            "-h", "--help", action=_Help, nargs=0, help="show this help message and exit"
        )

    def error(self, message: str) -> NoReturn:
        """Raise what argparse would print."""
        hint = "" if message.endswith("?") else f'; see "{self.prog} --help"'
        raise UsageError(message + hint)

    def add_commands(self) -> Any:
        """Let a command be the first word."""
        commands = self.add_subparsers(title="commands", metavar="COMMAND", required=True)
        self.commands = commands.choices
        return commands

    def takes_value(self) -> dict[str, bool]:
        """Return the options of this and of its commands, and whether each has a value."""
        found = {name: action.nargs != 0 for name, action in self._option_string_actions.items()}
        for command in self.commands.values():
            found |= command.takes_value()
        return found

    def command_first(self, words: Sequence[str]) -> list[str]:
        """Return the words with the options that stand before the command behind it."""
        options, rest = self._leading(words)
        if {"--version", "-h", "--help"} & {*options}:
            return list(words)
        if not rest:
            self.error("the following arguments are required: COMMAND")
        return self._ordered(rest[0], [*options, *rest[1:]])

    def _leading(self, words: Sequence[str]) -> tuple[list[str], list[str]]:
        """Return the options before the first other word, with their values, and the rest."""
        options, rest, takes_value = list[str](), list(words), self.takes_value()
        while rest and rest[0].startswith("-") and rest[0] != "--":
            name, equals, _ = rest[0].partition("=")
            if name not in takes_value:
                raise UsageError(self.unexpected(name))
            end = 2 if takes_value[name] and not equals else 1
            options, rest = options + rest[:end], rest[end:]
        return options, rest

    def _ordered(self, name: str, rest: list[str]) -> list[str]:
        command = self.commands.get(name)
        if command is None:
            raise UsageError(unknown("unknown command", name, self.commands, self.prog, 0.6))
        if command.commands:
            return [name, *command.command_first(rest)]
        command._leading(rest)  # argparse would miss an argument before it names the option
        return [name, *rest]

    def unexpected(self, name: str) -> str:
        """Return a message about an option that this command does not have."""
        advice = self.advice.get(name, "")
        return unknown("unexpected", name, self.takes_value(), self.prog, advice=advice)


def unknown(
    what: str,
    word: str,
    known: Iterable[str],
    prog: str,
    cutoff: float = 0.7,
    *,
    advice: str = "",
) -> str:
    """Return a message about an unknown word: the word most like it, or where all are listed."""
    hint = f"; {advice}" if advice else did_you_mean(_MEANT.get(word, word.lower()), known, cutoff)
    return f"{what} {shown(word)}" + (hint or f'; see "{prog} --help"')
