"""Rows of billable usage and of AI usage: their columns, and what null becomes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

import fastly
from fastly.api.ai_runtime_control_usage_metrics_api import AiRuntimeControlUsageMetricsApi
from fastly.api.historical_api import HistoricalApi
from fastly.models import ArcUsageMetric, HistoricalUsageMonthResponse
from fastly.rows import AiUsageRow, BillableUsageRow, ai_usage_rows, billable_usage_rows

# Released names in their order; others build on them, so that only additions at the end are free.
BILLABLE_COLUMNS = (
    *("month", "customer_id", "service_id", "service_name", "region", "bandwidth", "requests"),
    "compute_requests",
)
AI_COLUMNS = (
    *("date", "usage_type", "quantity", "virtual_key_id", "virtual_key_name", "provider", "model"),
    *("primary_provider", "provider_connection_id"),
)


def test_the_columns() -> None:
    """The columns are public: their names and their order."""
    assert BILLABLE_COLUMNS == tuple(BillableUsageRow.__annotations__)
    assert AI_COLUMNS == tuple(AiUsageRow.__annotations__)


def test_billable_usage(client: fastly.ApiClient) -> None:
    """Each service and region of a month is a row, and the rows add up to the month's total."""
    usage = HistoricalApi(client).get_usage_month(year=2026, month=5, billable_units=True)
    rows = list(billable_usage_rows([("2026-05", usage)]))
    assert {BILLABLE_COLUMNS} == {tuple(row) for row in rows}
    assert usage.data is not None
    for region, traffic in (usage.data.total or {}).items():
        mine = [row for row in rows if row["region"] == region]
        assert Decimal(repr(traffic.bandwidth)) == sum(row["bandwidth"] or 0 for row in mine)
        assert Decimal(repr(traffic.requests)) == sum(row["requests"] or 0 for row in mine)


@pytest.mark.parametrize(
    "data",
    [{}, {"data": None}, {"data": {"services": None}}, {"data": {"services": {"s": None}}}],
    ids=str,
)
def test_months_without_services(data: dict[str, Any]) -> None:
    """A month without services, and a service without anything, have no row."""
    usage = HistoricalUsageMonthResponse.from_dict(data)
    assert [] == list(billable_usage_rows([("2026-05", usage)]))


def test_a_service_with_nulls() -> None:
    """A region that is null has no row; a quantity that is null is None."""
    regions = {"usa": {"bandwidth": 0.1, "requests": None}, "asia": None}
    usage = HistoricalUsageMonthResponse.from_dict({"data": {"services": {"s": regions}}})
    (row,) = billable_usage_rows([("2026-05", usage)])
    assert ("2026-05", None, "s", None, "usa", Decimal("0.1"), None, None) == tuple(row.values())


def test_ai_usage(client: fastly.ApiClient) -> None:
    """Each metric is a row."""
    api = AiRuntimeControlUsageMetricsApi(client)
    metrics = list(api.iter_arc_usage_metrics(_from="2026-05-01", to="2026-05-03"))
    rows = list(ai_usage_rows(metrics))
    assert {AI_COLUMNS} == {tuple(row) for row in rows}
    assert [metric.quantity for metric in metrics] == [row["quantity"] for row in rows]
    assert [dict.fromkeys(AI_COLUMNS)] == [dict(row) for row in ai_usage_rows([ArcUsageMetric()])]


def test_pages(client: fastly.ApiClient) -> None:
    """A page of AI usage has the rows of its metrics; usage of a month needs its month."""
    page = AiRuntimeControlUsageMetricsApi(client).arc_get_usage_metrics()
    assert list(ai_usage_rows(page.data or [])) == list(ai_usage_rows(page)) != []
    with pytest.raises(fastly.ApiTypeError, match=r"^ai_usage_rows\(\) takes what .*, got None$"):
        next(ai_usage_rows(None))  # type: ignore[arg-type]  # refused at run time, too
    usage: Any = HistoricalApi(client).get_usage_month(year=2026, month=5, billable_units=True)
    with pytest.raises(fastly.ApiTypeError, match="takes pairs, such as"):
        next(billable_usage_rows(usage))
