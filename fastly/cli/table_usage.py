"""The pages of usage, which has no prices: by month, by service, billable, and of AI."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from fastly.cli.layout import Number, Paper, cells, day, figure
from fastly.model.arc_usage_metric import ArcUsageMetric
from fastly.model.serviceusagemetric import Serviceusagemetric
from fastly.model.serviceusagemetrics_data import ServiceusagemetricsData
from fastly.model.usagemetric import Usagemetric
from fastly.rows import BillableUsageRow, exact_sum

__all__ = ["ai_usage_page", "billable_usage_page", "service_usage_page", "usage_page"]

_LONGEST_UNIT = 16
_TEN_THOUSAND = "10,000 requests"


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


def billable_usage_page(rows: Iterable[BillableUsageRow], paper: Paper) -> Iterator[str]:
    """Yield a section for each month and service, with a line for each kind, of all regions."""
    found = list(rows)
    if not found:
        yield "No usage."
    for month, of_month in groupby(found, lambda row: row["month"]):
        yield from paper.fold(f"Billable usage {month}", paper.width)
        yield ""
        for service, same in groupby(
            of_month, lambda row: (row["service_name"], row["service_id"])
        ):
            traffic = list(same)
            yield from paper.fold(_named(*service), paper.width)
            lines = [
                ("Bandwidth", exact_sum(row["bandwidth"] for row in traffic), "GB"),
                ("Requests", exact_sum(row["requests"] for row in traffic), _TEN_THOUSAND),
                ("Compute", exact_sum(row["compute_requests"] for row in traffic), _TEN_THOUSAND),
            ]
            yield from _quantities([line for line in lines if line[1]], paper)
            yield ""


def ai_usage_page(metrics: Iterable[ArcUsageMetric], paper: Paper) -> Iterator[str]:
    """Yield a section for each virtual key, with a line for each model and kind of usage."""
    quantities: dict[tuple[str, str, str], int] = {}
    dates: set[str] = set()
    for metric in metrics:
        key = _named(metric.virtual_key_name, metric.virtual_key_id)
        model = f"{metric.model or '-'}, {metric.provider or '-'}"
        place = (key, model, metric.usage_type or "-")
        quantities[place] = quantities.get(place, 0) + (metric.quantity or 0)
        dates.add((metric.date or "-")[:10])
    if not quantities:
        yield "No usage."
        return
    yield from paper.fold(f"AI usage {min(dates)} to {max(dates)}", paper.width)
    for key, rows in groupby(sorted(quantities.items()), lambda row: row[0][0]):
        yield ""
        yield from paper.fold(key, paper.width)
        lines = [(model, quantity, kind) for (_, model, kind), quantity in rows]
        yield from _quantities(lines, paper, digits=0)


def _service_key(row: tuple[Serviceusagemetric, ServiceusagemetricsData]) -> tuple[str, str]:
    return row[0].service_name or "", row[0].service_id or ""


def _service(detail: Serviceusagemetric) -> str:
    return _named(detail.service_name, detail.service_id)


def _named(name: str | None, identifier: str | None) -> str:
    return f"{name or '-'} ({identifier})" if identifier else name or "-"


def _quantities(
    lines: Sequence[tuple[str, Number, str]], paper: Paper, digits: int = 2
) -> Iterator[str]:
    """Yield a line for each label, quantity and unit; units in a column if there is room."""
    figures = [figure(quantity, digits) for _, quantity, _ in lines]
    number = max(map(len, figures))
    unit = max(min(cells(paper.clean(text)), _LONGEST_UNIT) for _, _, text in lines)
    for (label, _, text), amount in zip(lines, figures, strict=True):
        right = f"  {amount:>{number}}" + f" {paper.cell(text, unit)}" * bool(unit)
        yield from paper.row(label, right, 2)
