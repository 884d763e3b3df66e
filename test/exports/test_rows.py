"""Rows: flat, typed, in a stable order, and with amounts that add up exactly."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastly.api.billing_invoices_api import BillingInvoicesApi
from fastly.api.billing_usage_metrics_api import BillingUsageMetricsApi
from fastly.cli.export import csv_text, json_lines
from fastly.exceptions import ApiTypeError
from fastly.models import (
    EomInvoiceResponse,
    Invoice,
    ListEomInvoicesResponse,
    MtdInvoiceResponse,
    ServiceusagemetricsData,
    Usagemetric,
)
from fastly.rows import (
    InvoiceRow,
    ServiceUsageRow,
    UsageRow,
    exact_sum,
    invoice_rows,
    json_schema,
    month_of,
    service_usage_rows,
    tolerance,
    usage_rows,
)
from fastly.testing import BillingServer

MAY = datetime(2026, 5, 1, tzinfo=timezone.utc)
# Released names in their order; others build on them, so that only additions at the end are free.
INVOICE_COLUMNS = (
    *("customer_id", "invoice_id", "statement_number", "payment_status", "currency_code"),
    *("invoice_posted_on", "billing_start_date", "billing_end_date", "monthly_transaction_amount"),
    *("line_number", "description", "product_line", "product_group", "product_name", "region"),
    *("usage_type", "credit_coupon_code", "units", "rate", "amount"),
)
USAGE_COLUMNS = (
    *("month", "product_id", "name", "usage_type", "region", "unit", "quantity", "raw_quantity"),
    "last_updated_at",
)
SERVICE_USAGE_COLUMNS = (
    *("customer_id", "start_time", "end_time", "usage_type", "unit", "service_id"),
    *("service_name", "usage_units"),
)


def an_invoice(*lines: dict[str, Any] | None, **fields: Any) -> Invoice:
    """Return a made invoice."""
    return Invoice.from_dict({**fields, "transaction_line_items": list(lines)})


class TestInvoiceRows:
    """One row for each line of an invoice."""

    def test_columns(self) -> None:
        """The names and their order are those that were released."""
        rows = list(invoice_rows([an_invoice({"amount": 1}), Invoice(), MtdInvoiceResponse()]))
        assert [INVOICE_COLUMNS] * 3 == [tuple(row) for row in rows]
        assert INVOICE_COLUMNS == tuple(InvoiceRow.__annotations__)

    def test_values(self) -> None:
        """Each row has the fields of its line, and those of its invoice."""
        line = {"description": "d", "product_line": "l", "product_group": "g", "rate": "0.10"}
        line |= {"product_name": "n", "region": "r", "usage_type": "u", "credit_coupon_code": "c"}
        fields = {"customer_id": 1, "invoice_id": "I", "statement_number": "S"}
        fields |= {"payment_status": "paid", "currency_code": "EUR", "invoice_posted_on": f"{MAY}"}
        fields |= {"billing_start_date": f"{MAY}", "billing_end_date": f"{MAY}"}
        invoice = an_invoice(
            None,
            {**line, "units": 3, "amount": 0.3},
            {"amount": None},
            **fields,
            monthly_transaction_amount="0.3",
        )
        first, second = invoice_rows([invoice])
        expected = ["1", "I", "S", "paid", "EUR", MAY, MAY, MAY, Decimal("0.3"), 1]
        expected += ["d", "l", "g", "n", "r", "u", "c"]
        expected += [Decimal("3.0"), Decimal("0.1"), Decimal("0.3")]
        assert expected == list(first.values())
        assert [*expected[:9], 2, *[None] * 10] == list(second.values())

    @pytest.mark.parametrize("items", [None, [], [None]])
    def test_invoice_without_lines(self, items: Any) -> None:
        """An invoice without lines is line 0, whose amount is the total."""
        fields = {"invoice_id": "I", "monthly_transaction_amount": 5}
        (row,) = invoice_rows([Invoice.from_dict({**fields, "transaction_line_items": items})])
        assert ("I", Decimal(5), 0, Decimal(5)) == (
            row["invoice_id"],
            row["monthly_transaction_amount"],
            row["line_number"],
            row["amount"],
        )

    @pytest.mark.parametrize("kind", [Invoice, EomInvoiceResponse, MtdInvoiceResponse])
    def test_one_invoice(self, kind: Any) -> None:
        """A single invoice needs no list around it."""
        made = kind.from_dict({"invoice_id": "I", "transaction_line_items": [{}, {}]})
        assert [("I", 1), ("I", 2)] == keys(invoice_rows(made))

    def test_page(self) -> None:
        """A page has the rows of its invoices; null in its place or among them has none."""
        page = ListEomInvoicesResponse.from_dict({"data": [{"invoice_id": "I"}, None]})
        assert [("I", 0)] == keys(invoice_rows(page))
        assert [("I", 0)] == keys(invoice_rows(page.data or []))
        assert [] == keys(invoice_rows(ListEomInvoicesResponse()))

    @pytest.mark.parametrize(
        "given", [None, 5, "INV-1", b"x", {"data": []}, Usagemetric(), InvoiceRow, Invoice]
    )
    def test_neither_invoices_nor_an_iterable(self, given: Any) -> None:
        """Anything else is refused at once, also if it would be iterable."""
        with pytest.raises(ApiTypeError, match=r"^invoice_rows\(\) takes what iter_invoices"):
            invoice_rows(given)

    @pytest.mark.parametrize("item", [{"invoice_id": "I"}, "INV-1", 5, Usagemetric()])
    def test_something_else_among_invoices(self, item: Any) -> None:
        """Anything else in an iterable is refused after the invoices before it."""
        rows = invoice_rows([Invoice(invoice_id="I"), item])
        assert "I" == next(rows)["invoice_id"]
        with pytest.raises(ApiTypeError, match=r"or its pages, got .* in it$"):
            next(rows)

    def test_times_are_in_utc(self) -> None:
        """Times are those of UTC, so that their month is the one that Fastly counts."""
        invoice = Invoice.from_dict({"billing_start_date": "2026-04-30T17:00:00-07:00"})
        start = next(invoice_rows(invoice))["billing_start_date"]
        assert ("2026-05-01T00:00:00+00:00", "2026-05") == (start.isoformat(), month_of(start))

    def test_key_and_amounts_of_the_stand_in(self, invoices: BillingInvoicesApi) -> None:
        """Invoice ID and line number are a key, and the amounts add up to all totals."""
        found = list(invoices.iter_invoices())
        found.append(Invoice(invoice_id="INV-0", monthly_transaction_amount=0.1))
        rows = list(invoice_rows(found))
        assert len(set(keys(rows))) == len(rows)
        totals = exact_sum(invoice.monthly_transaction_amount for invoice in found)
        assert totals == exact_sum(row["amount"] for row in rows)

    def test_amounts_of_the_stand_in(
        self, server: BillingServer, invoices: BillingInvoicesApi
    ) -> None:
        """The rows of every invoice and of the month to date add up exactly to its total."""
        server.estimate_pending = 0
        found = [*invoices.iter_invoices(), invoices.get_month_to_date_invoice()]
        assert len(found) > 80
        for invoice in found:
            rows = list(invoice_rows([invoice]))
            amounts = [row["amount"] for row in rows if row["amount"] is not None]
            assert rows[0]["monthly_transaction_amount"] == sum(amounts)

    @given(st.lists(st.decimals(-(10**9), 10**9, places=2), min_size=1, max_size=50))
    def test_any_cents_add_up(self, amounts: list[Decimal]) -> None:
        """Amounts in cents add up to the cent, which floats do not."""
        lines = [{"amount": float(amount)} for amount in amounts]
        rows = invoice_rows([an_invoice(*lines)])
        assert sum(amounts) == sum(row["amount"] or 0 for row in rows)


def keys(rows: Iterable[InvoiceRow]) -> list[tuple[str | None, int]]:
    """Return the key of each row."""
    return [(row["invoice_id"], row["line_number"]) for row in rows]


class Named(float):
    """A float whose repr has the name of its type, as that of numpy's."""

    def __repr__(self) -> str:
        return f"Named({float.__repr__(self)})"


@pytest.mark.parametrize(
    ("values", "total"),
    [
        ([0.1, 0.2, None], "0.3"),
        ([Decimal("1234567890123456789012345678.99"), 0.01], "1234567890123456789012345679.00"),
        ([1e300, 1e-300, -1e300], "1E-300"),
        ([Named(0.1), 0.2], "0.3"),
        ([], "0"),
    ],
)
def test_exact_sum(values: list[Any], total: str) -> None:
    """A sum has all digits of its parts, which that of Python's decimals has not."""
    assert Decimal(total) == exact_sum(values)


@pytest.mark.parametrize(
    ("time", "month"),
    [
        ("2026-04-30T17:00:00-07:00", "2026-05"),
        ("2026-05-01T00:00:00+02:00", "2026-04"),
        ("2026-05-01", "2026-05"),
        ("0001-01-01T00:00:00+14:00", "0001-01"),
        (None, None),
    ],
)
def test_months_are_those_of_utc(time: str | None, month: str | None) -> None:
    """The month of a time is that of UTC, whatever its offset is."""
    assert month == month_of(Invoice(billing_start_date=time).billing_start_date)


@pytest.mark.parametrize(
    ("lines", "currency", "most"),
    [(3, "USD", "0.03"), (2, None, "0.02"), (2, "jpy", "2"), (1, "KWD", "0.001"), (0, "EUR", "0")],
)
def test_tolerance(lines: int, currency: str | None, most: str) -> None:
    """Lines may differ from the total by a cent of the currency each."""
    assert Decimal(most) == tolerance(lines, currency)


class TestUsageRows:
    """One row for each product, region and month, or each service."""

    def test_columns(self) -> None:
        """The names and their order are those that were released."""
        (row,) = usage_rows([Usagemetric()])
        block = ServiceusagemetricsData.from_dict({"details": [{}]})
        (service_row,) = service_usage_rows([block])
        assert USAGE_COLUMNS == tuple(row) == tuple(UsageRow.__annotations__)
        assert SERVICE_USAGE_COLUMNS == tuple(service_row) == tuple(ServiceUsageRow.__annotations__)

    def test_values(self, usage: BillingUsageMetricsApi) -> None:
        """Every field of usage is in its row, and every service of a block."""
        metrics = list(usage.iter_usage_metrics("2026-01", "2026-05"))
        for metric, row in zip(metrics, usage_rows(metrics), strict=True):
            assert {**metric.to_dict(), "quantity": row["quantity"]}.keys() == row.keys()
            assert (metric.month, Decimal(repr(metric.quantity))) == (row["month"], row["quantity"])
        blocks = list(usage.iter_service_level_usage(start_month="2026-05", end_month="2026-05"))
        rows = list(service_usage_rows(blocks))
        assert sum(len(block.details or ()) for block in blocks) == len(rows)
        assert {block.usage_type for block in blocks} == {row["usage_type"] for row in rows}

    def test_blocks_without_services(self) -> None:
        """Blocks without details, and nulls among them, give no row; a customer is inherited."""
        data = {"customer_id": "C", "details": [None, {"usage_units": "1.5"}]}
        blocks = [ServiceusagemetricsData.from_dict(made) for made in ({}, {"details": None}, data)]
        (row,) = service_usage_rows(blocks)
        assert ("C", Decimal("1.5")) == (row["customer_id"], row["usage_units"])

    def test_pages(self, usage: BillingUsageMetricsApi) -> None:
        """A page has the rows of its items, as those of invoices have."""
        page = usage.get_usage_metrics("2026-05", "2026-05")
        assert list(usage_rows(page.data or [])) == list(usage_rows(page)) != []
        blocks = usage.get_service_level_usage(start_month="2026-05", end_month="2026-05")
        assert list(service_usage_rows(blocks.blocks)) == list(service_usage_rows(blocks)) != []

    @pytest.mark.parametrize("rows", [usage_rows, service_usage_rows])
    @pytest.mark.parametrize("given", [None, "text", {"data": []}, [Invoice()]])
    def test_something_else(self, rows: Any, given: Any) -> None:
        """Anything else is refused with what is taken."""
        with pytest.raises(ApiTypeError, match=f"^{rows.__name__}.. takes what iter_.*, got "):
            next(rows(given))


class TestText:
    """Rows as CSV and as lines of JSON."""

    @pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", '=HYPERLINK("x")'])
    def test_no_formulas_in_csv(self, text: str) -> None:
        """Text that a spreadsheet would run starts with an apostrophe; JSON has it as it is."""
        row = {"text": text, "amount": Decimal("-1.50")}
        assert ["'" + text, "-1.50"] == read_csv([row])[1]
        assert row["text"] == json.loads("".join(json_lines([row])))["text"]

    @pytest.mark.parametrize(
        ("number", "text"),
        [
            (1e-7, "0.0000001"),
            (1e22, "10000000000000000000000"),
            (2**60 + 1, str(2**60 + 1)),
            (0.1, "0.1"),
        ],
    )
    def test_numbers(self, number: float, text: str) -> None:
        """CSV has all digits and no exponent; JSON the number that the API sent."""
        row = {"n": next(invoice_rows([an_invoice({"amount": number})]))["amount"]}
        assert text == read_csv([row])[1][0]
        assert number == json.loads("".join(json_lines([row])))["n"]

    def test_whole_amount(self) -> None:
        """A whole amount has a point in JSON: DuckDB takes types from the first rows of a file."""
        row = {"n": next(invoice_rows([an_invoice({"amount": 1})]))["amount"]}
        assert '{"n": 1.0}\n' == "".join(json_lines([row]))

    def test_header_without_rows(self) -> None:
        """A CSV without rows still has its header."""
        assert "a,b\r\n" == "".join(csv_text([], ("a", "b")))

    def test_times(self, invoices: BillingInvoicesApi) -> None:
        """Times are written as the API writes them."""
        row = next(invoice_rows(invoices.iter_invoices(limit=1)))
        assert f'{row["billing_start_date"]:%Y-%m-01T00:00:00Z}"' in "".join(json_lines([row]))


def read_csv(rows: list[dict[str, Any]]) -> list[list[str]]:
    """Return the header and the rows of a CSV, as a program reads them."""
    return list(csv.reader(io.StringIO("".join(csv_text(rows, [*rows[0]])), newline="")))


@pytest.mark.parametrize(
    ("rows", "kind"),
    [
        (invoice_rows, InvoiceRow),
        (usage_rows, UsageRow),
        (service_usage_rows, ServiceUsageRow),
    ],
)
def test_help_names_the_columns(rows: Any, kind: Any) -> None:
    """``help()`` of the functions names all columns, in their order."""
    named = re.findall(r"`(\w+)`", rows.__doc__.partition("with the columns")[2])
    assert [*kind.__annotations__] == named[: len(kind.__annotations__)]


def test_a_json_schema_of_rows_has_all_columns() -> None:
    """The JSON Schema of a kind of row requires its columns, and says which can be null."""
    schema = json_schema(InvoiceRow)
    columns = schema["properties"]
    assert list(InvoiceRow.__annotations__) == list(columns) == schema["required"]
    assert {"type": "integer"} == columns["line_number"]
    assert {"type": ["number", "null"]} == columns["amount"]
    assert {"type": ["string", "null"], "format": "date-time"} == columns["billing_start_date"]
    with pytest.raises(ApiTypeError, match="takes a kind of row, such as InvoiceRow, got "):
        json_schema(dict)
