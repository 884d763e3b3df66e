"""The stand-in's account: its months, IDs and traffic, shared by both versions."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest

from fastly.testing import Account
from fastly.testing.bills import total_of
from fastly.testing.catalog import SERVICES

ROOT = Path(__file__).parent.parent.parent
TODAY = date(2026, 11, 22)
ACCOUNT = Account(today=TODAY)
MONTHS = ACCOUNT.usage_months()


def test_months_are_those_that_have_ended() -> None:
    """The account has every month from 03/2019 to the last one, oldest first."""
    account = Account(today=date(2020, 2, 29))
    assert [*((2019, month) for month in range(3, 13)), (2020, 1)] == account.months()
    assert [*account.months(), (2020, 2)] == account.usage_months()


@pytest.mark.parametrize("today", [date(2020, 1, 1), date(2026, 11, 22), date(2026, 11, 30)])
def test_every_month_has_all_of_its_documents(today: date) -> None:
    """Each of the months, the newest included, has an ID and an invoice in both versions."""
    account = Account(today=today)
    for month in account.months():
        assert account.v3_invoice_id(*month) == account.v3_invoice(*month)["statement_number"]
        assert account.invoice_id(*month) == account.invoice(*month)["invoice_id"]
        assert account.invoice_id(*month) == account.estimate(*month)["invoice_id"]


def test_an_account_created_today_has_no_months_yet() -> None:
    """On its first day the account has usage, but no month that has ended."""
    account = Account(today=date(2019, 3, 1))
    assert ([], [(2019, 3)]) == (account.months(), account.usage_months())


def test_each_customer_has_figures_of_its_own() -> None:
    """Accounts of two customers differ; two accounts of one customer do not."""
    one, two, again = Account("one", today=TODAY), Account("two", today=TODAY), Account("one")
    totals = [
        [account.v3_invoice(2026, month)["monthly_transaction_amount"] for month in range(3, 11)]
        for account in (ACCOUNT, one, two, again)
    ]
    assert totals[1] == totals[3]
    assert 3 * 8 == len({total for found in totals for total in found})


def test_the_date_is_the_real_one_by_default() -> None:
    """Without a date of its own the account follows the real date in UTC."""
    before = datetime.now(timezone.utc).date()
    assert Account().today - before in (timedelta(0), timedelta(days=1))


def test_a_datetime_counts_as_its_date() -> None:
    """A datetime is a date too, and counts as its date."""
    account = Account(today=datetime(2020, 6, 10, 12, 30))
    assert date(2020, 6, 10) == account.today
    assert "2020-06-10T06:12:31Z" == account.invoice(2020, 6)["line_items"][0]["created_at"]


@pytest.mark.parametrize("today", [date(2019, 2, 28), date(9999, 1, 1), date(9999, 12, 31)])
def test_dates_outside_the_account_are_refused(today: date) -> None:
    """A date before the account's creation, or at the end of the calendar, is refused."""
    message = f"today must be in the months 2019-03 to 9998-12, got {today}"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        Account(today=today)


def test_v2_ids_are_distinct() -> None:
    """IDs of v2 are 22 letters and digits, depend on the customer, and no two are the same."""
    ids = [account.invoice_id(*month) for account in (ACCOUNT, Account("me")) for month in MONTHS]
    assert 2 * len(MONTHS) == len(set(ids))
    assert all(re.fullmatch("[0-9A-Za-z]{22}", invoice_id) for invoice_id in ids)


def test_v3_ids_are_distinct() -> None:
    """IDs of v3 are bare numbers until 06/2024, then text, and no two are the same."""
    months = Account(today=date(9998, 12, 1)).months()[:-1]
    ids = [Account(today=date(9998, 12, 1)).v3_invoice_id(*month) for month in months]
    assert len(months) == len(set(ids))
    for month, invoice_id in zip(months[:200], ids[:200], strict=True):
        pattern = "[0-9]{8}" if month < (2024, 7) else "INV-[0-9]{6}"
        assert re.fullmatch(pattern, invoice_id)


@pytest.mark.parametrize(("year", "month"), [(2019, 2), (2026, 12), (2020, 0), (2020, 13), (0, 5)])
def test_other_months_have_no_id(year: int, month: int) -> None:
    """Months outside the account's have no ID in either version."""
    for find in (ACCOUNT.invoice_id, ACCOUNT.v3_invoice_id, ACCOUNT.v3_invoice, ACCOUNT.bill):
        with pytest.raises(LookupError, match=f"^no invoice of {year:04}-{month:02}$"):
            find(year, month)


def test_a_month_in_progress_has_no_v3_invoice() -> None:
    """The current month has an invoice in v2, but not in v3."""
    assert ACCOUNT.invoice(2026, 11)
    for find in (ACCOUNT.v3_invoice_id, ACCOUNT.v3_invoice):
        with pytest.raises(LookupError, match=r"^no v3 invoice of 2026-11: it is still in pro"):
            find(2026, 11)


@pytest.mark.parametrize(("year", "month"), MONTHS[::7])
def test_services_share_the_account_s_usage(year: int, month: int) -> None:
    """The services' shares add up exactly to the account's usage, and none is negative."""
    for usage in ACCOUNT.usages(year, month):
        shares = usage.units_by_service()
        assert usage.units == total_of(shares.values())
        assert [service.id for service in SERVICES] == list(shares)
        assert min(shares.values()) == shares[SERVICES[-1].id] == 0


def test_some_services_use_traffic() -> None:
    """Every service but the unused one has traffic in every region, and compute in three."""
    users = Counter(
        service
        for usage in ACCOUNT.usages(2026, 5)
        for service, units in usage.units_by_service().items()
        if units
    )
    assert {service.id: 9 * 2 + 3 for service in SERVICES[:-1]} == users


def test_traffic_grows_with_each_day() -> None:
    """The traffic of the current month grows by day, and is that of 0.3 of its last day."""
    bills = [Account(today=date(2026, 5, day)).bill_to_date() for day in range(1, 32)]
    totals = [total_of(usage.total for usage in bill.usages) for bill in bills]
    assert sorted(set(totals)) == totals
    whole = total_of(usage.total for usage in ACCOUNT.bill(2026, 5).usages)
    for day, so_far in enumerate(totals):
        assert abs(so_far / whole - (day + Decimal("0.3")) / 31) < Decimal("0.0001")


def test_figures_of_the_month_to_date_are_not_of_a_time_to_come() -> None:
    """On a given date they were made at 07:12, on the real one not after now."""
    assert datetime(2026, 11, 22, 7, 12, tzinfo=timezone.utc) == ACCOUNT.made_at
    made_at, now = Account().made_at, datetime.now(timezone.utc)
    assert now - timedelta(days=1) < made_at <= now


def test_months_without_traffic() -> None:
    """Months outside the account's have no traffic."""
    assert () == ACCOUNT.usages(2019, 2) == ACCOUNT.usages(2026, 12) == ACCOUNT.usages(2026, 13)


def test_testing_imports_only_the_standard_library() -> None:
    """The stand-in imports only its own modules and the standard library."""
    code = (
        "import sys, types; package = types.ModuleType('fastly'); package.__path__ = ['fastly'];"
        "sys.modules['fastly'] = package; import fastly.testing.__main__;"
        "names = {name.partition('.')[0] for name in sys.modules} - {'fastly'};"
        "print(sorted(n for n in names - sys.stdlib_module_names if not n.startswith('_')),"
        "sorted(n for n in sys.modules if n.startswith('fastly.') and '.testing' not in n))"
    )
    run = [sys.executable, "-S", "-I", "-c", "import sys; sys.path.insert(0, '.');" + code]
    assert "[] []\n" == subprocess.check_output(run, text=True, cwd=ROOT)


def test_modules_are_short() -> None:
    """No module of the stand-in has more than 350 lines."""
    modules = (ROOT / "fastly" / "testing").glob("*.py")
    lines = {module.name: len(module.read_text("utf-8").splitlines()) for module in modules}
    assert {} == {name: count for name, count in lines.items() if count > 350}
