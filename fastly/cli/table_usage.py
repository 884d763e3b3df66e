"""The pages of usage, which has no prices: by month, and by service."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from fastly.cli.layout import Paper, cells, day, figure
from fastly.model.serviceusagemetric import Serviceusagemetric
from fastly.model.serviceusagemetrics_data import ServiceusagemetricsData
from fastly.model.usagemetric import Usagemetric

__all__ = ["service_usage_page", "usage_page"]

_LONGEST_UNIT = 16


def usage_page(metrics: Iterable[Usagemetric], paper: Paper) -> Iterator[str]:
    """Yield a section for each month, with a line for each product and region."""
    found = list(metrics)
    if not found:
        yield "No usage."
    for month, rows in groupby(found, lambda metric: metric.month):
        yield from paper.fold(f"Usage {month or '-'}", paper.width)
        lines = [(_product(row), row.quantity, row.unit or "") for row in rows]
        yield from _quantities(lines, paper)
        yield ""


def _product(metric: Usagemetric) -> str:
    """Return the name of a product and its region, which many names start with."""
    name = metric.name or metric.usage_type or metric.product_id or "-"
    region = metric.region or ""
    return name if region in name else f"{name}, {region}"


def service_usage_page(blocks: Iterable[ServiceusagemetricsData], paper: Paper) -> Iterator[str]:
    """Yield a section for each service, with a line for each usage type."""
    found = [(d, block) for block in blocks for d in block.details or () if d]
    found.sort(key=_service_key)
    if not found:
        yield "No usage."
        return
    starts = [block.start_time for _, block in found if block.start_time]
    ends = [block.end_time for _, block in found if block.end_time]
    span = f"{day(min(starts, default=None))} to {day(max(ends, default=None))}"
    yield from paper.fold(f"Usage {span}", paper.width)
    for _, rows in groupby(found, _service_key):
        same = list(rows)
        yield ""
        yield from paper.fold(_service(same[0][0]), paper.width)
        lines = [(block.usage_type or "-", d.usage_units, block.unit or "") for d, block in same]
        yield from _quantities(lines, paper)


def _service_key(row: tuple[Serviceusagemetric, ServiceusagemetricsData]) -> tuple[str, str]:
    return row[0].service_name or "", row[0].service_id or ""


def _service(detail: Serviceusagemetric) -> str:
    name, identifier = detail.service_name or "-", detail.service_id
    return f"{name} ({identifier})" if identifier else name


def _quantities(lines: list[tuple[str, float | None, str]], paper: Paper) -> Iterator[str]:
    """Yield a line for each label, quantity and unit; units in a column if there is room."""
    figures = [figure(quantity, 2) for _, quantity, _ in lines]
    number = max(map(len, figures))
    unit = max(min(cells(paper.clean(text)), _LONGEST_UNIT) for _, _, text in lines)
    for (label, _, text), amount in zip(lines, figures, strict=True):
        right = f"  {amount:>{number}}" + f" {paper.cell(text, unit)}" * bool(unit)
        yield from paper.row(label, right, 2)
