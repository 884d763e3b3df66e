"""The forecast of the month in progress: what is extrapolated, what is not, and its refusals."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from numbers import Integral
from typing import Any

import pytest

import fastly
from fastly.api.billing_invoices_api import BillingInvoicesApi
from fastly.costs import Forecast, ForecastError, forecast
from fastly.models import Invoice, ListEomInvoicesResponse, MtdInvoiceResponse
from fastly.testing import BillingServer

LATE = date(2027, 1, 1)


@Integral.register
class _Number:
    """An integer such as numpy's, which are no subclasses of int."""

    def __int__(self) -> int:
        return 1000


def a_line(amount: Any, usage_type: str = "", **fields: Any) -> dict[str, Any]:
    """Return a line: usage if it has a usage type."""
    return {"amount": amount, "usage_type": usage_type, "description": usage_type, **fields}


def to_date(
    *lines: dict[str, Any], end: str = "2026-08-20T00:00:00Z", **fields: Any
) -> MtdInvoiceResponse:
    """Return a month to date of August, whose total is the sum of its lines."""
    total = sum(Decimal(str(line["amount"] or 0)) for line in lines)
    made = {"billing_start_date": "2026-08-01T00:00:00Z", "billing_end_date": end}
    made |= {"monthly_transaction_amount": f"{total}", "transaction_line_items": lines}
    return MtdInvoiceResponse.from_dict(made | fields)


def an_invoice(month: str, *lines: dict[str, Any], **fields: Any) -> Invoice:
    """Return an invoice of a month."""
    made = {"billing_start_date": f"{month}-01T00:00:00Z", "currency_code": "USD"}
    return Invoice.from_dict({**made, "transaction_line_items": lines, **fields})


def range_of(*lines: dict[str, Any], **options: Any) -> tuple[int, int]:
    """Return the range that lines on the 20th of August lead to."""
    found = forecast(to_date(*lines), options.pop("history", ()), today=LATE, **options)
    return int(found.low), int(found.high)


class TestWhatGrows:
    """Only usage is extrapolated."""

    def test_usage(self) -> None:
        """Usage grows by an average day, give or take a day."""
        assert (200 + 200 * 11 // 21, 200 + 200 * 12 // 19 + 1) == range_of(a_line(200, "Requests"))

    @pytest.mark.parametrize(
        "fields",
        [
            {"product_group": "TLS"},
            {"product_group": "CS: CSE", "usage_type": "support"},
            {"amount": 0, "product_group": "Unknown"},
        ],
    )
    def test_fixed_charges(self, fields: dict[str, Any]) -> None:
        """Fixed charges stay as they are, also enterprise support with a usage type."""
        line = a_line(100) | fields
        assert (line["amount"], line["amount"]) == range_of(line)

    def test_price_tiers(self) -> None:
        """More usage costs the cheapest rate so far, or the cheapest of the past."""
        tiers = [a_line(20, "B", rate=2, units=10), a_line(10, "B", rate=1, units=10)]
        past = an_invoice("2026-07", a_line(1, "B", rate=0.5, units=2), a_line(9, "C", rate=0.1))
        expected = (30 + 20 * 11 // 42, 30 + 20 * 12 // 19 + 1)
        assert expected == range_of(*tiers, history=[past])

    def test_certificates(self) -> None:
        """Certificates, 0 so far, cost as much as in the last invoice; others are named."""
        lines = [a_line(0, description=name, product_group="N/A") for name in ("one", "two")]
        last = an_invoice("2026-07", a_line(50, description="one", product_group="TLS"))
        older = an_invoice("2026-06", a_line(70, description="two", product_group="TLS"))
        found = forecast(to_date(*lines), [older, last], today=LATE)
        assert (50, 50, Decimal("50.00")) == (found.low, found.high, found.certificates)
        assert "TLS certificates cost as much as in the last invoice" in found.basis
        assert "TLS certificates of unknown cost are not included: 1" in found.basis

    def test_credits_and_taxes(self) -> None:
        """Credits and taxes stay as they are, or grow with the charges."""
        usage, fixed = a_line(210, "Requests"), a_line(-21)
        low, high = 210 + 110, 210 + 210 * 12 / 19
        assert (int(low * 0.9) - 1, int(high - 21) + 1) == range_of(usage, fixed)
        for name in ("Sales Tax", "VAT 19 %", "GST", "Taxes"):
            tax = a_line(21, description=name)
            assert (low + 21, int(high * 1.1) + 1) == range_of(usage, tax)

    def test_words_in_words(self) -> None:
        """A charge is not a tax because the letters are in its name."""
        assert (10, 10) == range_of(a_line(0, "Requests"), a_line(10, description="Taxi, vats"))


class TestMinimum:
    """The minimum of the plan."""

    def test_passed(self) -> None:
        """A minimum that is passed is the least that usage costs."""
        lines = [a_line(20, "Requests"), a_line(5)]
        assert (1005, 1005) == range_of(*lines, minimum=1000)
        assert (30, 33) == range_of(*lines[:1], minimum=Decimal("10.5"))
        assert (10**400, 10**400) == range_of(*lines[:1], minimum=10**400)

    def test_passed_of_numpy(self) -> None:
        """A minimum from a data frame, which is no int of Python, is one too."""
        minimum: Any = _Number()
        assert (1000, 1000) == range_of(a_line(20, "Requests"), minimum=minimum)

    @pytest.mark.parametrize("minimum", [None, 0])
    def test_of_the_past(self, minimum: float | None) -> None:
        """By default, usage and shortfall of the last month with a shortfall add up to it."""
        history = [
            an_invoice("2026-05", a_line(9000, description="Shortfall to plan minimum")),
            an_invoice("2026-06", a_line(100, "B"), a_line(900, product_name="Commit shortfall")),
            an_invoice("2026-07", a_line(2000, "B")),
        ]
        found = forecast(to_date(a_line(20, "B")), history, minimum, today=LATE)
        expected = (
            (1000, 1000, Decimal("1000.00")) if minimum is None else (30, 33, Decimal("0.00"))
        )
        assert expected == (found.low, found.high, found.minimum)
        assert (minimum is None) == ("shortfall of 2026-06" in found.basis[-1])

    def test_of_the_month_to_date(self) -> None:
        """A shortfall in the month to date is not extrapolated: more usage makes it smaller."""
        shortfall = a_line(80, description="shortfall")
        assert (100, 100) == range_of(a_line(20, "Requests"), shortfall)

    def test_unknown(self) -> None:
        """If no minimum is known, the basis says so."""
        found = forecast(to_date(a_line(20, "Requests")), today=LATE)
        assert found.minimum is None
        assert found.basis[-1].startswith("the plan has no minimum")


class TestDays:
    """How much of the month has passed."""

    @pytest.mark.parametrize(
        ("end", "day", "complete"),
        [
            ("2026-08-20T00:00:00Z", 20, 19),
            ("2026-08-20T18:30:00Z", 20, 19),
            ("2026-08-20T23:59:59Z", 20, 20),
            ("2026-08-20T20:00:00-07:00", 21, 20),
            ("2026-08-31T00:00:00Z", 31, 30),
            ("2026-09-01T00:00:00Z", 31, 31),
        ],
    )
    def test_ends(self, end: str, day: int, complete: int) -> None:
        """Only complete days count; the end can be a day, a time, or the end of the month."""
        found = forecast(to_date(a_line(20, "Requests"), end=end), today=LATE)
        assert (31, day, complete) == (found.days, found.day, found.complete_days)

    def test_month_to_date_that_ends_with_the_month(self) -> None:
        """If the period is the whole month, the current date says how much of it has passed."""
        body = to_date(a_line(20, "Requests"), end="2026-08-31T00:00:00Z")
        for today in (date(2026, 8, 10), datetime(2026, 8, 10, 23, 59, tzinfo=timezone.utc)):
            found = forecast(body, today=today)
            assert (10, 9) == (found.day, found.complete_days)
        assert forecast(body, today=date(2026, 7, 31)).day == 31

    def test_clock(self) -> None:
        """By default, the current date is that of the clock, in UTC."""
        today = datetime.now(timezone.utc)
        first = today.replace(day=1)
        last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        fields = {"billing_start_date": f"{first:%Y-%m-%dT00:00:00Z}"}
        body = to_date(a_line(20, "B"), end=f"{last:%Y-%m-%dT00:00:00Z}", **fields)
        found = forecast(body, [an_invoice("2020-01", a_line(310, "B"))])
        assert found.day in (today.day, today.day + 1)

    def test_account_that_begins_within_the_month(self) -> None:
        """Days before the period do not count."""
        body = to_date(a_line(20, "B"), billing_start_date="2026-08-11T00:00:00Z")
        found = forecast(body, today=LATE)
        assert (21, 10, 9) == (found.days, found.day, found.complete_days)


class TestHistory:
    """With past invoices, there is a range from the first day."""

    HISTORY = tuple(
        an_invoice(f"2026-{month:02}", a_line(amount, "Requests"))
        for month, amount in [(1, 3100), (3, 31), (5, 620), (7, 930)]
    )

    def test_first_week_is_wider(self) -> None:
        """On the first day, it is between the averages without the extremes; later, less so."""
        found = [
            forecast(to_date(a_line(day * 25, "Requests"), end=f"2026-08-{day:02}"), self.HISTORY)
            for day in range(1, 9)
        ]
        assert (400, 1550) == (found[0].low, found[0].high)
        assert all(one.low <= 775 <= one.high for one in found)
        widths = [one.high - one.low for one in found]
        assert sorted(widths, reverse=True) == widths
        words = [any("in the first 7 days" in sentence for sentence in x.basis) for x in found]
        assert [True] * 7 + [False] == words

    def test_usual_month_that_begins_slowly(self) -> None:
        """The averages count even if there is no usage so far."""
        found = forecast(to_date(a_line(0, "Requests"), end="2026-08-01"), self.HISTORY)
        assert (0, 930) == (found.low, found.high)

    def test_only_months_before_this_one(self) -> None:
        """Invoices of this month or later, and those without a month, are not history."""
        later = [an_invoice("2026-08", a_line(1, "B")), an_invoice("2026-09", a_line(1, "B"))]
        undated = an_invoice("2026-07", a_line(1, "B"), billing_start_date=None)
        with pytest.raises(ForecastError, match="Only 2 of 31 days are complete"):
            forecast(to_date(a_line(5, "B"), end="2026-08-03"), [*later, undated])

    def test_corrections(self) -> None:
        """Two invoices of a month are one month."""
        past = [an_invoice("2026-07", a_line(310, "B")), an_invoice("2026-07", a_line(310, "C"))]
        found = forecast(to_date(a_line(0, "B"), end="2026-08-01"), past)
        assert 620 == found.high

    def test_another_currency(self) -> None:
        """Invoices from before the account changed its currency are not in the history."""
        now, line = to_date(a_line(0, "B"), end="2026-08-01"), a_line(310, "B")
        before = [an_invoice("2026-06", a_line(90_000, "B"), currency_code="JPY")]
        past = [an_invoice("2026-07", line), *before, an_invoice("2026-05", line)]
        without = [bill for bill in past if bill not in before]
        assert forecast(now, without) == forecast(now, past)
        assert "USD" == forecast(now, past).currency_code

    def test_shapes(self, invoices: BillingInvoicesApi) -> None:
        """A history is an iterator, pages or a page; its currency is that of the forecast."""
        page = ListEomInvoicesResponse.from_dict({"data": [None, self.HISTORY[0].to_dict()]})
        body = to_date(a_line(5, "Requests"), end="2026-08-01")
        for history in (self.HISTORY[:1], iter(self.HISTORY[:1]), page, [page], self.HISTORY[0]):
            assert ("USD", 3100) == (
                forecast(body, history).currency_code,
                forecast(body, page).high,
            )
        assert forecast(body, invoices.iter_invoices()) == forecast(
            body, invoices.iter_invoices().by_page()
        )


class TestRefusals:
    """What is not enough for a forecast, and what is wrong."""

    @pytest.mark.parametrize(
        ("fields", "reason"),
        [
            ({"transaction_line_items": None}, "The month to date has no lines."),
            ({"transaction_line_items": [{}]}, "The month to date has lines without an amount."),
            ({"monthly_transaction_amount": "20.02"}, "The lines of the month to date do not add"),
            ({"monthly_transaction_amount": None}, "The lines of the month to date do not add up"),
            ({"billing_start_date": None}, "The month to date does not say which days it covers."),
            ({"billing_end_date": None}, "The month to date does not say which days it covers."),
            (
                {"billing_end_date": "2026-09-01T00:00:01Z"},
                "It covers 2026-08-01 to 2026-09-01, not",
            ),
            (
                {"billing_end_date": "2026-07-31T00:00:00Z"},
                "It covers 2026-08-01 to 2026-07-31, not",
            ),
            ({"billing_end_date": "2026-08-07T23:58:00Z"}, "Only 6 of 31 days are complete, and"),
        ],
    )
    def test_reasons(self, fields: dict[str, Any], reason: str) -> None:
        """A forecast that is impossible raises an error that says why."""
        with pytest.raises(ForecastError) as caught:
            forecast(to_date(a_line(20, "Requests"), **fields), today=LATE)
        assert str(caught.value).startswith(reason)
        assert isinstance(caught.value, fastly.OpenApiException)

    def test_fractions_of_a_cent(self) -> None:
        """Lines that differ from the total by at most a cent each are complete."""
        line = a_line(20, "Requests")
        total = {"monthly_transaction_amount": "20.01"}
        assert 30 == forecast(to_date(line, **total), today=LATE).low
        past = an_invoice("2026-07", currency_code="JPY")
        assert forecast(to_date(line, monthly_transaction_amount=21), past, today=LATE).low == 30

    @pytest.mark.parametrize(
        ("arguments", "kind", "message"),
        [
            ((Invoice(),), fastly.ApiTypeError, "month_to_date must be a month to date"),
            ((to_date(), 5), fastly.ApiTypeError, "history must be what iter_invoices"),
            ((to_date(), [5]), fastly.ApiTypeError, "history must be what iter_invoices"),
            ((to_date(), "text"), fastly.ApiTypeError, "history must be what iter_invoices"),
            ((to_date(), (), "5"), fastly.ApiTypeError, "minimum must be a number, got '5'"),
            ((to_date(), (), True), fastly.ApiTypeError, "minimum must be a number, got True"),
            ((to_date(), (), -1), fastly.ApiValueError, "minimum must be 0 or more, got -1"),
            ((to_date(), (), float("nan")), fastly.ApiValueError, "minimum must be 0 or more"),
            ((to_date(), (), Decimal("NaN")), fastly.ApiValueError, "minimum must be 0 or more"),
            ((to_date(), (), float("inf")), fastly.ApiValueError, "minimum must be 0 or more"),
            ((to_date(), (), Decimal("sNaN")), fastly.ApiValueError, "minimum must be 0 or more"),
        ],
    )
    def test_wrong_arguments(self, arguments: Any, kind: type[Exception], message: str) -> None:
        """Wrong arguments are refused with what they must be."""
        with pytest.raises(kind, match=f"^{message}"):
            forecast(*arguments)

    def test_wrong_date(self) -> None:
        """A date as text is refused."""
        wrong: Any = "2026-08-20"
        with pytest.raises(fastly.ApiTypeError, match=r"^today must be a date"):
            forecast(to_date(), today=wrong)


def test_parts_of_the_month_to_date() -> None:
    """The forecast says what the month to date consists of, and keeps its cents."""
    with BillingServer(today=date(2026, 8, 20), estimate_pending=0) as server:
        configuration = fastly.Configuration(host=server.url, api_token=server.token)
        with fastly.ApiClient(configuration) as client:
            api = BillingInvoicesApi(client)
            month_to_date = api.get_month_to_date_invoice()
            found: Forecast = forecast(month_to_date, api.list_invoices(limit=12))
    parts = found.fixed + found.usage + found.credits + found.taxes
    assert Decimal(repr(month_to_date.monthly_transaction_amount)) == parts
    assert ("2026-08", "USD", 31, 20, 19) == (
        found.month,
        found.currency_code,
        found.days,
        found.day,
        found.complete_days,
    )
