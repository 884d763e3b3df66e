"""The pages of usage, which has no prices: by month, by service, billable, and of AI."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from fastly.cli.layout import Number, Paper, cells, day, figure
from fastly.cli.table import share_lines
from fastly.model.arc_usage_metric import ArcUsageMetric
from fastly.model.serviceusagemetrics_data import ServiceusagemetricsData
from fastly.model.usagemetric import Usagemetric
from fastly.rows import BillableUsageRow, exact_sum

__all__ = ["ai_usage_page", "billable_usage_page", "service_usage_page", "usage_page"]

_LONGEST_UNIT = 16
_TEN_THOUSAND = "10,000 requests"
# Usage types start with one of these, as the names of products do.
_REGION = re.compile(
    "^(?:Africa|Anzac|Asia|Australia|Europe|India|Latin America|Mexico|North America|South America"
    "|South Korea) "
)


class _Used(NamedTuple):
    """A quantity: what was used, in which unit, and by what."""

    kind: str
    unit: str | None
    label: str
    quantity: Number


def usage_page(metrics: Iterable[Usagemetric], paper: Paper) -> Iterator[str]:
    """Yield a table for each month and kind of usage, with a line for each product and region."""
    months: dict[str | None, list[Usagemetric]] = {}
    for metric in metrics:  # which need not be sorted by month
        months.setdefault(metric.month, []).append(metric)
    if not months:
        yield "No usage."
    for month, rows in months.items():
        yield from paper.fold(f"Usage {month or '-'}", paper.width)
        used = [_Used(_kind(x.name or x.usage_type), x.unit, _product(x), x.quantity) for x in rows]
        yield from _tables(used, paper)
        yield ""


def _product(metric: Usagemetric) -> str:
    """Return the name of a product and its region, which many names start with."""
    name = metric.name or metric.usage_type or metric.product_id or "-"
    region = metric.region or ""
    return name if region in name else f"{name}, {region}"


def _kind(usage_type: str | None) -> str:
    """Return a usage type without its region: kinds add up over regions."""
    return _REGION.sub("", usage_type or "Other")


def service_usage_page(blocks: Iterable[ServiceusagemetricsData], paper: Paper) -> Iterator[str]:
    """Yield a table for each kind of usage, with a line for each service."""
    found = [(d, block) for block in blocks for d in block.details or () if d]
    if not found:
        yield "No usage."
        return
    starts = [block.start_time for _, block in found if block.start_time]
    ends = [block.end_time for _, block in found if block.end_time]
    span = f"{day(min(starts, default=None))} to {day(max(ends, default=None))}"
    yield from paper.fold(f"Usage by service, {span}", paper.width)
    labels = _labels((d.service_id, d.service_name) for d, _ in found)
    used = [
        _Used(_kind(b.usage_type), b.unit, labels[d.service_id or d.service_name], d.usage_units)
        for d, b in found
    ]
    yield from _tables(used, paper)
    yield ""
    yield from paper.prose("--format csv has a row for each service and usage type.")


def billable_usage_page(rows: Iterable[BillableUsageRow], paper: Paper) -> Iterator[str]:
    """Yield a table for each month and kind of usage, with a line for each service."""
    found = list(rows)
    if not found:
        yield "No usage."
    labels = _labels((row["service_id"], row["service_name"]) for row in found)
    for month, of_month in groupby(found, lambda row: row["month"]):
        yield from paper.fold(f"Billable usage {month}", paper.width)
        traffic = [(row, labels[row["service_id"] or row["service_name"]]) for row in of_month]
        used = [_Used("Bandwidth", "GB", label, row["bandwidth"]) for row, label in traffic]
        used += [_Used("Requests", _TEN_THOUSAND, x, row["requests"]) for row, x in traffic]
        used += [_Used("Compute", _TEN_THOUSAND, x, row["compute_requests"]) for row, x in traffic]
        yield from _tables([line for line in used if line.quantity], paper)
        yield ""


def _labels(services: Iterable[tuple[str | None, str | None]]) -> dict[str | None, str]:
    """Return how to show each service: its latest name, and its ID if others have that name."""
    names: dict[str | None, str | None] = {}
    for identifier, name in services:
        names[identifier or name] = name or names.get(identifier)
    count = Counter(names.values())
    return {
        key: name if name and count[name] == 1 else _named(name, key) for key, name in names.items()
    }


def _tables(used: Iterable[_Used], paper: Paper) -> Iterator[str]:
    """Yield a table for each kind and unit, with the share of each label, and the total."""
    found: dict[tuple[str, str], dict[str, list[Number]]] = {}
    for kind, unit, label, quantity in used:
        # The API sends "unit" for usage that has none.
        title = (
            "Quantity" if unit in (None, "", "unit") else paper.cell(unit, _LONGEST_UNIT).strip()
        )
        found.setdefault((kind, title), {}).setdefault(label, []).append(quantity)
    for titles, quantities in found.items():
        rows = [(0, label, exact_sum(same)) for label, same in quantities.items()]
        yield ""
        yield from share_lines(titles, sorted(rows, key=lambda row: -row[2]), paper)


def ai_usage_page(metrics: Iterable[ArcUsageMetric], paper: Paper) -> Iterator[str]:
    """Yield a section for each virtual key, with a line for each model and kind of usage."""
    found: dict[str, Counter[tuple[str, str]]] = {}
    labels: dict[str, str] = {}
    dates: set[str] = set()
    for metric in metrics:
        name, identifier = metric.virtual_key_name, metric.virtual_key_id
        key = identifier or name or ""
        if name or key not in labels:  # the latest name of the key
            labels[key] = _named(name, identifier)
        place = (f"{metric.model or '-'}, {metric.provider or '-'}", metric.usage_type or "-")
        found.setdefault(key, Counter())[place] += metric.quantity or 0
        dates.add((metric.date or "-")[:10])
    if not found:
        yield "No usage."
        return
    yield from paper.fold(f"AI usage {min(dates)} to {max(dates)}", paper.width)
    for key in sorted(found, key=lambda key: labels[key]):
        yield ""
        yield from paper.fold(labels[key], paper.width)
        lines = [(model, quantity, kind) for (model, kind), quantity in sorted(found[key].items())]
        yield from _quantities(lines, paper)


def _named(name: str | None, identifier: str | None) -> str:
    return f"{name or '-'} ({identifier})" if identifier else name or "-"


def _quantities(lines: Sequence[tuple[str, int, str]], paper: Paper) -> Iterator[str]:
    """Yield a line for each label, quantity and kind."""
    figures = [figure(quantity, 0) for _, quantity, _ in lines]
    number = max(map(len, figures))
    kind = max(min(cells(paper.clean(text)), _LONGEST_UNIT) for _, _, text in lines)
    for (label, _, text), amount in zip(lines, figures, strict=True):
        yield from paper.row(label, f"  {amount:>{number}} {paper.cell(text, kind)}", 2)
