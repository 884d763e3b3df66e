"""Invoices shared by service, product, region or team: the shares add up to the total."""

from __future__ import annotations

import decimal
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import fastly
from fastly.api.billing_invoices_api import BillingInvoicesApi
from fastly.api.billing_usage_metrics_api import BillingUsageMetricsApi
from fastly.costs import Allocation, allocate, usage_type_of
from fastly.models import Invoice, Mtdlineitems, Serviceusagemetrics, ServiceusagemetricsData

MAY = "2026-05-01T00:00:00Z"
BANDWIDTH = "Europe Bandwidth"


def an_invoice(*lines: dict[str, Any] | None, **fields: Any) -> Invoice:
    """Return an invoice in May."""
    made = {"invoice_id": "I", "currency_code": "USD", "billing_start_date": MAY}
    return Invoice.from_dict({**made, "transaction_line_items": list(lines), **fields})


def a_line(amount: Any, product: str | None = BANDWIDTH, **fields: Any) -> dict[str, Any]:
    """Return a line that charges for a product."""
    return {"amount": amount, "product_name": product, "region": "Europe", **fields}


def a_block(usage_type: str = BANDWIDTH, /, **units: Any) -> ServiceusagemetricsData:
    """Return a block in which each service used so many units."""
    details = [{"service_id": x, "service_name": f"{x}!", "usage_units": units[x]} for x in units]
    block = {"usage_type": usage_type, "start_time": MAY, "details": details}
    return ServiceusagemetricsData.from_dict(block)


def by_service(allocation: Allocation) -> dict[str | None, str]:
    """Return each service's amount, with that of what is not by service below None."""
    return {row["service_id"]: str(row["amount"]) for row in allocation.by_service()}


def sums_of(allocation: Allocation) -> set[Decimal]:
    """Return what the rows of each kind add up to."""
    kinds = [allocation.by_service(), allocation.by_product(), allocation.by_region()]
    kinds.append(allocation.by_team({"a": "A"}))
    with decimal.localcontext(decimal.Context(prec=400)):
        return {sum((row["amount"] for row in rows), Decimal(0)) for rows in kinds}


class TestLines:
    """The lines are rounded so that they add up to the invoice's total."""

    @pytest.mark.parametrize(
        ("currency", "total", "amounts", "expected"),
        [
            ("USD", 143.46, [123.4567, 0.0049, 20], ["123.46", "0.00", "20.00"]),
            ("USD", 1, [0.335, 0.335, 0.33], ["0.34", "0.33", "0.33"]),
            ("USD", 0.03, [0.01, 0.01, 0], ["0.02", "0.01", "0.00"]),
            ("USD", 4.99, [2, 3, 0], ["2.00", "2.99", "0.00"]),
            ("USD", -1.5, [-1.005, -0.495], ["-1.00", "-0.50"]),
            ("JPY", 100, [33.4, 33.3, 33.3], ["34", "33", "33"]),
            ("jpy", 100.5, [33.5, 33.5, 33.5], ["33.5", "33.5", "33.5"]),
            ("KWD", 1, [0.3335, 0.3335, 0.333], ["0.334", "0.333", "0.333"]),
            (None, 0.3, [0.1, 0.2], ["0.10", "0.20"]),
            ("USD", None, [0.333, 0.333], ["0.34", "0.33"]),
            ("USD", 1e20, [1e20], ["100000000000000000000.00"]),
            ("USD", 100.1234, [50.06, 50.06], ["50.0617", "50.0617"]),
            ("KWD", 1.0005, [1], ["1.0005"]),
        ],
    )
    def test_rounding(
        self, currency: str | None, total: float | None, amounts: list[float], expected: list[str]
    ) -> None:
        """The largest remainders are rounded up, in the decimals of the currency or the total."""
        lines = [a_line(amount, f"p{number}") for number, amount in enumerate(amounts)]
        fields = {"currency_code": currency, "monthly_transaction_amount": total}
        rows = allocate(an_invoice(*lines, **fields), []).by_product()
        found = {row["product_name"]: str(row["amount"]) for row in rows}
        assert expected == [found[f"p{number}"] for number in range(len(amounts))]

    @pytest.mark.parametrize(
        ("total", "lines", "expected"),
        [(5, [a_line(4.98)], "0.02"), (5, [], "5.00"), (-5, [a_line(1.004)], "-6.00")],
    )
    def test_difference_to_the_total(
        self, total: float, lines: list[dict[str, Any]], expected: str
    ) -> None:
        """A difference of more than a cent a line is a row of its own, also if lines are spread."""
        invoice = an_invoice(*lines, monthly_transaction_amount=total)
        found = allocate(invoice, [a_block(a=1)], spread=True)
        for rows, column in [
            (found.by_service(), "service_name"),
            (found.by_product(), "product_name"),
            (found.by_region(), "region"),
            (found.by_team({}), "team"),
        ]:
            amounts = {row[column]: str(row["amount"]) for row in rows}
            assert expected == amounts["difference to the total"]
        assert {Decimal(total)} == sums_of(found)

    @pytest.mark.parametrize("lines", [(), (None,), (a_line(1), a_line(None))])
    def test_invoice_without_a_total(self, lines: tuple[Any, ...]) -> None:
        """An invoice without a total needs an amount on each line, as any sum would be too low."""
        with pytest.raises(
            fastly.ApiValueError, match=r"has no total, nor an amount on each line$"
        ):
            allocate(an_invoice(*lines), [])


class TestShares:
    """Each line is shared by the units that the services used."""

    def test_largest_remainder(self) -> None:
        """Cents that remain go to the largest remainders, and of equal ones to the lower ID."""
        found = allocate(an_invoice(a_line(1)), [a_block(c=1, b=1, a=1)])
        assert {"a": "0.34", "b": "0.33", "c": "0.33"} == by_service(found)

    def test_credit(self) -> None:
        """A negative line is shared by its absolute value."""
        found = allocate(an_invoice(a_line(-1)), [a_block(c=1, b=1, a=1)])
        assert {"a": "-0.34", "b": "-0.33", "c": "-0.33"} == by_service(found)

    def test_units_that_are_no_use(self) -> None:
        """Negative and null units count as 0, and a service without use has an amount of 0."""
        found = allocate(an_invoice(a_line(1)), [a_block(a=-5, b=None, c=2)])
        assert {"c": "1.00", "a": "0.00", "b": "0.00"} == by_service(found)

    def test_units_over_several_blocks(self) -> None:
        """The units of a service are added over blocks, and those of other types are not used."""
        usage = [a_block(a=1, b=2), a_block(a=2, b=1), a_block("Other", a=100)]
        assert {"a": "1.00", "b": "1.00"} == by_service(allocate(an_invoice(a_line(2)), usage))

    @pytest.mark.parametrize("units", [1e-300, 0.1, 1e300])
    def test_units_of_any_size(self, units: float) -> None:
        """Units are not rounded, however small or large they are."""
        found = allocate(an_invoice(a_line(0.03)), [a_block(a=units, b=2 * units)])
        assert {"a": "0.01", "b": "0.02"} == by_service(found)

    def test_renamed_service(self) -> None:
        """Services are distinguished by ID, and have the latest name that is known."""
        names = [("2026-05-02", "old"), ("2026-05-20", "new"), ("2026-05-10", "middle")]
        usage = [
            ServiceusagemetricsData.from_dict(
                {
                    "start_time": f"{day}T00:00:00Z",
                    "usage_type": BANDWIDTH,
                    "details": [{"service_id": "a", "service_name": name, "usage_units": 1}, None],
                }
            )
            for day, name in [*names, ("2026-05-21", None)]
        ]
        (row,) = allocate(an_invoice(a_line(1)), usage).by_service()
        assert ("a", "new", Decimal(1)) == (row["service_id"], row["service_name"], row["amount"])

    def test_lines_without_usage(self) -> None:
        """What has no usage is in rows named after products; the result says what was matched."""
        lines = [
            a_line(5),
            a_line(3, "TLS"),
            a_line(-1, None, description="Credit"),
            a_line(2, "Q"),
        ]
        found = allocate(an_invoice(*lines, a_line(1, None)), [a_block(a=1), a_block("Q", a=0)])
        assert {
            "a!": "5.00",
            "not by service: TLS": "3.00",
            "not by service: Q": "2.00",
            "not by service: ": "1.00",
            "not by service: Credit": "-1.00",
        } == {row["service_name"]: str(row["amount"]) for row in found.by_service()}
        assert (Decimal("5.00"), Decimal("10.00")) == (found.matched, found.total)

    def test_spread(self) -> None:
        """What has no usage is spread in proportion to what services cost, if that is above 0."""
        lines = [a_line(2), a_line(1, "Refund"), a_line(-3, "Credit"), a_line(7, "TLS")]
        usage = [a_block(a=1, b=1), a_block("Credit", c=1)]
        found = allocate(an_invoice(*lines), usage, spread=True)
        assert {"a": "5.00", "b": "5.00", "c": "-3.00"} == by_service(found)
        assert Decimal("-1.00") == found.matched

    def test_nothing_to_spread_over(self) -> None:
        """If no service has a positive share, what has no usage stays apart."""
        found = allocate(an_invoice(a_line(-2), a_line(7, "TLS")), [a_block(a=1)], spread=True)
        assert {"a": "-2.00", None: "7.00"} == by_service(found)

    def test_rule(self) -> None:
        """Another rule says which usage type a line charges for, or that it charges for none."""

        def rule(line: Mtdlineitems) -> str | None:
            return BANDWIDTH if line.product_name == "EU" else None

        invoice = an_invoice(a_line(2, "EU"), a_line(3))
        assert {"a": "2.00", None: "3.00"} == by_service(
            allocate(invoice, [a_block(a=1)], rule=rule)
        )
        assert BANDWIDTH == usage_type_of(Mtdlineitems(product_name=BANDWIDTH))


class TestRows:
    """The rows of services, products, regions and teams."""

    def test_columns(self) -> None:
        """The names and their order are those that were released."""
        found = allocate(an_invoice(a_line(1)), [])
        head, tail = ["month", "invoice_id", "currency_code"], ["amount", "percent"]
        rows = [found.by_service(), found.by_product(), found.by_region(), found.by_team({})]
        own = [["service_id", "service_name"], ["product_name"], ["region"], ["team"]]
        assert [[*head, *columns, *tail] for columns in own] == [list(same[0]) for same in rows]

    def test_values(self) -> None:
        """A row has the month in UTC, the invoice, the currency, the amount and its percent."""
        start = "2026-04-30T17:00:00-07:00"
        found = allocate(an_invoice(a_line(2), a_line(1, "TLS"), billing_start_date=start), [])
        expected = ["2026-05", "I", "USD", BANDWIDTH, Decimal("2.00"), Decimal("66.67")]
        assert expected == list(found.by_product()[0].values())

    def test_percent_of_nothing(self) -> None:
        """If the total is 0, there is no percent."""
        assert allocate(an_invoice(a_line(0)), []).by_region()[0]["percent"] is None

    def test_teams(self) -> None:
        """Teams have the sum of their services; services without a team have an empty one."""
        usage = [a_block(a=1, b=2, c=3, d=4)]
        found = allocate(an_invoice(a_line(10), a_line(1, "TLS")), usage)
        rows = found.by_team({"a": "A", "b": "B", "c": "A", "z": "Z"})
        expected = {"A": "4.00", "": "4.00", "B": "2.00", "not by service: TLS": "1.00"}
        assert expected == {row["team"]: str(row["amount"]) for row in rows}

    def test_services_without_an_id(self) -> None:
        """Usage without a service ID is a service whose ID is empty."""
        detail = {"service_id": None, "service_name": "old", "usage_units": 1}
        block = ServiceusagemetricsData.from_dict({"usage_type": BANDWIDTH, "details": [detail]})
        found = allocate(an_invoice(a_line(1)), [block])
        assert {"": "1.00"} == by_service(found)
        assert {"": "old"} == found.services

    def test_month_to_date(self, invoices: BillingInvoicesApi) -> None:
        """A month to date is shared too, without a currency."""
        found = allocate(invoices.get_month_to_date_invoice(_wait=60), [])
        assert found.currency_code is None
        assert {found.total} == sums_of(found)


class TestArguments:
    """What is given as usage, and what is refused."""

    def test_shapes_of_usage(self, usage: BillingUsageMetricsApi) -> None:
        """Usage is an iterator, a list, a page, pages or a block."""
        page = Serviceusagemetrics.from_dict({"data": [a_block(a=1).to_dict(), None]})
        for given_usage in ([a_block(a=1)], iter([a_block(a=1)]), page, [page], a_block(a=1)):
            assert {"a": "1.00"} == by_service(allocate(an_invoice(a_line(1)), given_usage))
        pages = usage.iter_service_level_usage(start_month="2026-05", end_month="2026-05")
        assert allocate(an_invoice(a_line(1)), pages).matched == Decimal("1.00")
        again = usage.iter_service_level_usage(start_month="2026-05", end_month="2026-05")
        assert allocate(an_invoice(a_line(1)), again.by_page()).matched == Decimal("1.00")

    @pytest.mark.parametrize(
        ("name", "arguments"),
        [
            ("invoice", (None, [])),
            ("invoice", ([Invoice()], [])),
            ("usage", (Invoice(), None)),
            ("usage", (Invoice(), "text")),
            ("usage", (Invoice(), {})),
            ("usage", (Invoice(), [5])),
            ("usage", (Invoice(), [a_block(), "text"])),
        ],
    )
    def test_wrong_types(self, name: str, arguments: Any) -> None:
        """Anything else is refused with the name of the argument."""
        with pytest.raises(fastly.ApiTypeError, match=f"^{name} must be "):
            allocate(*arguments)

    def test_teams_that_are_none(self) -> None:
        """Teams must be a mapping."""
        with pytest.raises(
            fastly.ApiTypeError, match=r"^teams must map service IDs to teams, got 'a'"
        ):
            allocate(an_invoice(a_line(1)), []).by_team("a")  # type: ignore[arg-type]  # refused at run time, too

    @pytest.mark.parametrize(
        ("start", "end", "is_fine"),
        [
            (MAY, "2026-05-31T23:59:59Z", True),
            (MAY, "2026-06-01T00:00:00Z", True),
            (None, None, True),
            ("2026-04-01T00:00:00Z", None, False),
            (MAY, "2026-06-30T23:59:59Z", False),
        ],
    )
    def test_usage_of_other_months(self, start: str | None, end: str | None, is_fine: bool) -> None:
        """Usage of other months is refused: it would share the invoice by the wrong units."""
        block = ServiceusagemetricsData.from_dict({"start_time": start, "end_time": end})
        if is_fine:
            allocate(an_invoice(a_line(1)), [block])
            return
        with pytest.raises(fastly.ApiValueError, match=r"^usage must be of 2026-05, the month of"):
            allocate(an_invoice(), [block])


def test_every_month_of_the_stand_in(
    invoices: BillingInvoicesApi, usage: BillingUsageMetricsApi
) -> None:
    """The rows of every invoice add up to its total, spread or not, and usage matches traffic."""
    for invoice in invoices.iter_invoices(billing_start_date="2024-01-01"):
        month = f"{invoice.billing_start_date:%Y-%m}"
        blocks = list(usage.iter_service_level_usage(start_month=month, end_month=month))
        total = Decimal(repr(invoice.monthly_transaction_amount))
        for spread in (False, True):
            assert {total} == sums_of(allocate(invoice, blocks, spread=spread))
        lines = [line for line in invoice.transaction_line_items or [] if line.usage_type]
        charged = sum(Decimal(repr(line.amount)) for line in lines)
        assert charged == allocate(invoice, blocks).matched


AMOUNTS = st.one_of(
    st.none(),
    st.decimals(-(10**7), 10**7, places=5).map(float),
    st.floats(-(10.0**20), 10.0**20, allow_nan=False),
)
UNITS = st.one_of(st.none(), st.floats(-1e20, 1e20), st.integers(0, 5).map(float))


@given(
    st.lists(st.tuples(AMOUNTS, st.sampled_from(["x", "y", "z", None])), max_size=8),
    st.lists(st.tuples(st.sampled_from("xyq"), st.sampled_from("abc"), UNITS), max_size=8),
    st.sampled_from(["USD", "JPY", "KWD", "CLF", "", None]),
    AMOUNTS,
    st.booleans(),
    st.booleans(),
)
def test_everything_adds_up(
    lines: list[tuple[float | None, str | None]],
    units: list[tuple[str, str, float | None]],
    currency: str | None,
    total: float | None,
    is_sum: bool,
    spread: bool,
) -> None:
    """Whatever an invoice and its usage are, the rows of each kind add up to the total."""
    if is_sum:
        total = sum(amount or 0 for amount, _ in lines)
    assume(total is not None or (lines and all(amount is not None for amount, _ in lines)))
    charged = [a_line(amount, product) for amount, product in lines]
    invoice = an_invoice(*charged, currency_code=currency, monthly_transaction_amount=total)
    usage = [a_block(kind, **{service: used}) for kind, service, used in units]
    # Amounts do not depend on the program's context.
    with decimal.localcontext(decimal.Context(prec=3)):
        found = allocate(invoice, usage, spread=spread)
        rows = found.by_service()
    assert rows == found.by_service()
    assert {found.total} == sums_of(found)
    assert total is None or found.total == Decimal(repr(total))
