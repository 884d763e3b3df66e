"""Arrow tables: one schema for each kind of row, which pandas, polars and DuckDB take exactly."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args, get_type_hints

import duckdb
import pandas
import polars
import pyarrow
import pyarrow.dataset
import pyarrow.parquet
import pytest

from fastly import rows
from fastly.api.ai_runtime_control_usage_metrics_api import AiRuntimeControlUsageMetricsApi
from fastly.api.billing_invoices_api import BillingInvoicesApi
from fastly.api.billing_usage_metrics_api import BillingUsageMetricsApi
from fastly.api.historical_api import HistoricalApi
from fastly.api_client import ApiClient
from fastly.costs import ProductCostRow, RegionCostRow, ServiceCostRow, TeamCostRow
from fastly.exceptions import ApiTypeError, ApiValueError
from fastly.focus import FocusVersion, focus_rows
from fastly.models import Invoice, Usagemetric
from fastly.rows import InvoiceRow, exact_sum, invoice_rows
from fastly.tables import (
    ai_usage_table,
    batches,
    billable_usage_table,
    focus_table,
    invoice_table,
    service_usage_table,
    usage_table,
)

NUMBER = pyarrow.decimal128(38, 12)
TIME = pyarrow.timestamp("us", "UTC")
DATES = ("invoice_posted_on", "billing_start_date", "billing_end_date")
LATE = 150  # rows; polars and DuckDB guess types from fewer
KINDS = [getattr(rows, name) for name in rows.__all__ if name.endswith("Row")]
COSTS = [ServiceCostRow, ProductCostRow, RegionCostRow, TeamCostRow]


def an_invoice(*lines: dict[str, Any], **fields: Any) -> Invoice:
    """Return a made invoice."""
    return Invoice.from_dict({**fields, "transaction_line_items": list(lines)})


@pytest.fixture
def history(invoices: BillingInvoicesApi) -> list[Invoice]:
    """All invoices of the stand-in, newest first."""
    return list(invoices.iter_invoices())


class TestSchemas:
    """The types are those of the columns, never those of the values."""

    def test_invoices(self) -> None:
        """Text, times in UTC, numbers of 12 decimals and a count, also without any rows."""
        schema, text = invoice_table([]).schema, pyarrow.string()
        named = dict.fromkeys(InvoiceRow.__annotations__, text)
        named |= dict.fromkeys(
            ["invoice_posted_on", "billing_start_date", "billing_end_date"], TIME
        )
        named |= dict.fromkeys(["monthly_transaction_amount", "units", "rate", "amount"], NUMBER)
        assert named | {"line_number": pyarrow.int64()} == dict(
            zip(schema.names, schema.types, strict=True)
        )

    @pytest.mark.parametrize("kind", [*KINDS, *COSTS])
    def test_every_kind_of_row_has_a_schema(self, kind: Any) -> None:
        """A kind of row has one schema, with the names of its columns in their order."""
        (table,) = batches([], kind)
        assert list(get_type_hints(kind)) == table.column_names
        assert {*table.schema.types} <= {pyarrow.string(), pyarrow.int64(), TIME, NUMBER}

    def test_every_value_has_its_type(
        self, history: list[Invoice], usage: BillingUsageMetricsApi
    ) -> None:
        """Tables hold what the rows hold, value by value."""
        months = {"start_month": "2026-04", "end_month": "2026-05"}
        metrics = list(usage.iter_usage_metrics("2026-04", "2026-05"))
        blocks = list(usage.iter_service_level_usage(**months))
        assert list(invoice_rows(history)) == invoice_table(history).to_pylist()
        assert list(rows.usage_rows(metrics)) == usage_table(metrics).to_pylist()
        assert list(rows.service_usage_rows(blocks)) == service_usage_table(blocks).to_pylist()
        for version in get_args(FocusVersion):
            table = focus_table(history, version)
            assert list(focus_rows(history, version)) == table.to_pylist()
            assert {*focus_table([], version).schema.types} == {*table.schema.types}

    def test_billable_and_ai_usage(self, client: ApiClient) -> None:
        """The rows of the other kinds of usage have tables, too."""
        month = HistoricalApi(client).get_usage_month(year="2026", month="05", billable_units=True)
        table = billable_usage_table([("2026-05", month)])
        assert table.num_rows
        assert list(rows.billable_usage_rows([("2026-05", month)])) == table.to_pylist()
        metrics = list(AiRuntimeControlUsageMetricsApi(client).iter_arc_usage_metrics())
        assert list(rows.ai_usage_rows(metrics)) == ai_usage_table(metrics).to_pylist()

    @pytest.mark.parametrize("field", [{"region": 5}, {"line_number": 2**63}])
    def test_values_of_other_types(self, field: dict[str, int]) -> None:
        """What `_check_return_type=False` lets through is an error of this package."""
        row = {**next(iter(invoice_rows(Invoice()))), **field}
        with pytest.raises(ApiTypeError, match="the rows have values of other types"):
            list(batches([row], InvoiceRow))

    def test_half_of_a_surrogate_pair(self) -> None:
        """Text that UTF-8 cannot represent is replaced, as in CSV."""
        table = invoice_table(an_invoice({"region": "a\ud800é"}))
        assert ["a?é"] == table["region"].to_pylist()


class TestNumbers:
    """Money is exact or an error; quantities and rates are rounded to 12 decimals."""

    def test_more_decimals_of_a_quantity(self, caplog: pytest.LogCaptureFixture) -> None:
        """They are rounded, and one warning counts them over all batches."""
        lines = [{"units": 0.1234567890123, "rate": 1e-13, "amount": 1}] * 10_001
        with caplog.at_level(logging.WARNING, "fastly"):
            first, second = batches(invoice_rows(an_invoice(*lines)), InvoiceRow)
        assert (10_000, 1) == (first.num_rows, second.num_rows)
        assert [Decimal("0.123456789012")] == second["units"].to_pylist()
        assert [Decimal(0)] == second["rate"].to_pylist()
        assert ["quantities and rates rounded to 12 decimals: 20,002"] == caplog.messages

    def test_twelve_decimals(self, caplog: pytest.LogCaptureFixture) -> None:
        """Numbers that fit are kept without a word."""
        table = invoice_table(an_invoice({"units": 1e-12, "amount": -123456789.12}))
        assert [Decimal("1E-12")] == table["units"].to_pylist()
        assert [Decimal("-123456789.12")] == table["amount"].to_pylist()
        assert [] == caplog.messages

    @pytest.mark.parametrize(
        "field", [{"amount": 1e-13}, {"amount": 1e26}, {"units": -1e26}, {"rate": 1e300}]
    )
    def test_numbers_that_do_not_fit(self, field: dict[str, float]) -> None:
        """An amount of more decimals, and any number of more than 26 digits, is an error."""
        ((name, _),) = field.items()
        with pytest.raises(ApiValueError, match=rf"^{name} must fit decimal\(38, 12\) exactly"):
            invoice_table(an_invoice(field))

    @pytest.mark.parametrize(
        "name", ["BilledCost", "x_InvoiceTotal", "amount", "monthly_transaction_amount"]
    )
    def test_what_is_money(self, name: str) -> None:
        """Costs, totals and amounts are never rounded."""
        with pytest.raises(ApiValueError, match=name):
            list(batches([{name: Decimal("1E-13")}], {name: Decimal}))


class TestReaders:
    """Other libraries get what the API sent."""

    def test_late_decimals(self) -> None:
        """Numbers and IDs that look different after many rows are taken exactly."""
        lines = [{"amount": 1}] * LATE + [{"amount": 0.123456, "product_name": "INV-1"}]
        lines_table = invoice_table(an_invoice(*lines, invoice_id=7))
        expected = LATE + Decimal("0.123456")
        assert expected == polars.from_arrow(lines_table)["amount"].sum()
        assert [(expected,)] == duckdb.sql("select sum(amount) from lines_table").fetchall()
        frame = lines_table.to_pandas()
        assert expected == frame.amount.sum()
        assert (["7"], "INV-1") == (list(frame.invoice_id.unique()), frame.product_name.iloc[-1])
        assert "datetime64[us, UTC]" == str(frame.billing_start_date.dtype)
        assert expected == lines_table.to_pandas(types_mapper=pandas.ArrowDtype).amount.sum()

    @pytest.mark.parametrize("is_newest_first", [False, True])
    def test_a_folder_of_months(
        self, history: list[Invoice], tmp_path: Path, *, is_newest_first: bool
    ) -> None:
        """Months that were written one by one are read as one table, in whichever order."""
        last = len(history) - 1
        for place, invoice in enumerate(history):  # newest first
            number = place if is_newest_first else last - place
            pyarrow.parquet.write_table(invoice_table(invoice), tmp_path / f"{number:03}.parquet")
        schemas = {pyarrow.parquet.read_schema(file).to_string() for file in tmp_path.iterdir()}
        assert 1 == len(schemas)
        expected = exact_sum(row["amount"] for row in invoice_rows(history))
        pattern = str(tmp_path / "*.parquet")
        found = duckdb.read_parquet(pattern).sum("amount").fetchall()
        assert [(expected,)] == found
        assert expected == polars.read_parquet(pattern)["amount"].sum()
        table = pyarrow.dataset.dataset(tmp_path).to_table()
        assert expected == exact_sum(table["amount"].to_pylist())


def test_rows_are_read_in_batches() -> None:
    """A batch is made before the rows after it are read: memory is constant over pages."""
    count = 0

    def endless() -> Iterator[dict[str, object]]:
        nonlocal count
        while True:
            count += 1
            yield {"amount": Decimal(count)}

    assert 10_000 == next(batches(endless(), {"amount": Decimal})).num_rows
    assert count <= 10_000


def test_without_pyarrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says how to install it; the module can be imported without it."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'fastly-billing\[arrow\]'"):
        invoice_table([])


def test_no_rows() -> None:
    """Without usage, a table has its columns and no rows."""
    assert (0, 9) == usage_table([]).shape
    moment = datetime(2026, 5, 1, tzinfo=timezone.utc)
    assert 1 == usage_table([Usagemetric.from_dict({"month": f"{moment:%Y-%m}"})]).num_rows
