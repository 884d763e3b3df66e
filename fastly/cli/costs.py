"""The command ``costs``: invoices shared by service, product, region or team."""

from __future__ import annotations

import csv
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from fastly._months import month_of
from fastly._text import printable, shown
from fastly.cli.arguments import Options
from fastly.cli.layout import Paper, money
from fastly.cli.messages import CommandError, UsageError
from fastly.cli.table import share_lines
from fastly.costs import (
    Allocation,
    ProductCostRow,
    RegionCostRow,
    ServiceCostRow,
    TeamCostRow,
    allocate,
)
from fastly.exceptions import ApiValueError
from fastly.model.invoice import Invoice
from fastly.model.serviceusagemetrics_data import ServiceusagemetricsData
from fastly.rows import exact_sum

__all__ = ["KINDS", "Costs", "costs_page"]

_log = logging.getLogger("fastly")

Usage = list[ServiceusagemetricsData]

KINDS: dict[str, type] = {
    "service": ServiceCostRow,
    "product": ProductCostRow,
    "region": RegionCostRow,
    "team": TeamCostRow,
}
_ASSUMED = "This assumes that a usage type has the name of the product that charges for it."


class Costs:
    """The rows of invoices, and what is known about all of them once they have been read.

    Args:
        options: The command line.
        usage_of: Requests the usage of a month by service.

    Raises:
        UsageError: The file of teams cannot be used.
    """

    def __init__(self, options: Options, usage_of: Callable[[str], Usage]) -> None:
        self.by, self._spread, self._usage_of = options.by, options.spread, usage_of
        self._teams = {} if options.teams is None else _read_teams(options.teams)
        self.totals: list[tuple[str, Decimal, Decimal]] = []  # month, total, what is matched
        self.currencies: dict[str, None] = {}
        self._services: dict[str, str] = {}  # names by ID, of all invoices

    def rows(self, invoices: Iterable[Invoice]) -> Iterator[Mapping[str, Any]]:
        """Yield the rows of each invoice, and warn then if the file of teams has other services.

        Raises:
            ApiException: A request for usage failed.
            CommandError: The invoices are in two currencies, or cannot be shared.
        """
        for invoice in invoices:
            found = self._allocated(invoice)
            self.totals.append((found.month or "-", found.total, found.matched))
            self.currencies |= dict.fromkeys(filter(None, [found.currency_code]))
            if len(self.currencies) > 1:
                codes = " and ".join(self.currencies)
                raise CommandError(f"invoices in {codes} cannot be added: choose other months")
            yield from self._rows(found)
        if self.by == "team" and self.totals:
            self._compare_services()

    def _compare_services(self) -> None:
        """Warn of services without a team, and of those without usage, which may be mistyped."""
        unknown = sorted(self._services.keys() - self._teams)
        if names := ", ".join(f"{x} ({printable(self._services[x])})" for x in unknown):
            _log.warning("services without a team: %s", names)
        if unused := ", ".join(map(printable, sorted(self._teams.keys() - self._services))):
            _log.warning("services in --teams that have no usage in these months: %s", unused)

    def _allocated(self, invoice: Invoice) -> Allocation:
        month = month_of(invoice.billing_start_date) if self.by in ("service", "team") else None
        usage = self._usage_of(month) if month else []
        try:
            return allocate(invoice, usage, spread=self._spread)
        except ApiValueError as error:  # what the API sent, not what was asked for
            raise CommandError(str(error).partition(": pass ")[0]) from error

    def _rows(self, found: Allocation) -> Iterable[Mapping[str, Any]]:
        if self.by == "team":
            self._services |= found.services
            return found.by_team(self._teams)
        by: Callable[[], Iterable[Mapping[str, Any]]] = getattr(found, f"by_{self.by}")
        return by()


def _read_teams(file: str) -> dict[str, str]:
    """Read the team of each service from a CSV with the header ``service_id,team``."""
    teams: dict[str, str] = {}
    try:
        with Path(file).open(encoding="utf-8-sig", newline="") as stream:
            rows = [[cell.strip() for cell in row] for row in csv.reader(stream, strict=True)]
        if rows[:1] != [["service_id", "team"]]:
            first = shown(",".join(rows[0]) if rows else "")
            raise ValueError(f"its first line must be service_id,team, got {first}")
        for row in filter(None, rows[1:]):
            known, team = row if len(row) == 2 else ("", "")
            if not known or known in teams:
                problem = "repeats a service" if known else "must be a service ID and a team"
                raise ValueError(f"a line {problem}, got {shown(','.join(row))}")
            teams[known] = team
    except (OSError, ValueError, csv.Error) as error:  # text that is not UTF-8 is a ValueError
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"--teams {shown(file)} cannot be used: {reason}") from error
    return teams


def costs_page(costs: Costs, invoices: Iterable[Invoice], paper: Paper) -> Iterator[str]:
    """Yield a line with a bar and a share for each service, product, region or team."""
    sums = _sums(costs.rows(invoices), f"No {costs.by}")
    if not costs.totals:
        yield "No invoices."
        return
    months, totals, matches = zip(*costs.totals, strict=True)
    total, matched = exact_sum(totals), exact_sum(matches)
    currency, by = paper.clean("".join(costs.currencies)[:8] or "Amount"), costs.by
    span = " to ".join(dict.fromkeys((min(months), max(months))))
    yield from paper.fold(f"Costs by {by}, {span}", paper.width)
    yield ""
    yield from share_lines((by.capitalize(), currency), sums, paper)
    yield ""
    if by in ("service", "team"):
        part, whole = money(matched, currency), money(total, currency)
        yield from paper.prose(f"{part} of {whole} is shared by the usage of services. {_ASSUMED}")
    count = f"{len(months):,} invoice{'s' * (len(months) != 1)}"
    yield from paper.prose(f"{count}; --format csv has a row for each invoice and {by}.")


def _sums(rows: Iterable[Mapping[str, Any]], unnamed: str) -> list[tuple[int, str, Decimal]]:
    """Return an indent of 0, a name and the sum of its amounts, the largest first."""
    names: dict[str, str] = {}
    amounts: dict[str, list[Decimal]] = {}
    for row in rows:
        *_, name, _, _ = row.values()  # before the amount and the percent
        key = row.get("service_id") or name
        names[key] = names.get(key) or name  # the newest invoice comes first
        amounts.setdefault(key, []).append(row["amount"])
    sums = [(0, names[key] or key or unnamed, exact_sum(amounts[key])) for key in names]
    return sorted(sums, key=lambda line: -line[2])
