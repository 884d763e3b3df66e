"""The commands: what each requests from the API, and how it formats the result."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from fastly._months import (
    day_after,
    day_before,
    is_month,
    month_after,
    month_before,
    month_of,
    this_month,
)
from fastly.api.ai_runtime_control_usage_metrics_api import AiRuntimeControlUsageMetricsApi
from fastly.api.billing_invoices_api import BillingInvoicesApi
from fastly.api.billing_usage_metrics_api import BillingUsageMetricsApi
from fastly.api.historical_api import HistoricalApi
from fastly.api_client import ApiClient
from fastly.cli import table, table_usage
from fastly.cli.arguments import Options
from fastly.cli.costs import KINDS, Costs, costs_page
from fastly.cli.export import (
    CsvStyle,
    Kind,
    columns_of,
    csv_text,
    json_lines,
    json_list,
    json_rows,
)
from fastly.cli.forecast import excess_of, forecast_page, forecast_row
from fastly.cli.layout import Paper, apart
from fastly.cli.messages import PROGRAM, CommandError
from fastly.cli.openmetrics import openmetrics
from fastly.cli.progress import Progress
from fastly.cli.v2.commands import bill
from fastly.cli.waiting import get_month_to_date
from fastly.costs import Forecast, forecast
from fastly.focus import focus_columns, focus_rows
from fastly.model.historical_usage_month_response import HistoricalUsageMonthResponse
from fastly.model.invoice import Invoice
from fastly.model.mtd_invoice_response import MtdInvoiceResponse
from fastly.model.serviceusagemetrics_data import ServiceusagemetricsData
from fastly.rows import (
    AiUsageRow,
    BillableUsageRow,
    InvoiceRow,
    ServiceUsageRow,
    UsageRow,
    ai_usage_rows,
    billable_usage_rows,
    exact,
    invoice_rows,
    service_usage_rows,
    usage_rows,
)

__all__ = ["Job", "Report", "invoices_between", "is_asked", "run"]

_log = logging.getLogger("fastly")

Chunks = Iterable[str | bytes]
Rows = Iterable[Mapping[str, object]]


class Job(NamedTuple):
    """What a command works with."""

    options: Options
    form: str  # "json", "csv --excel" with options of CSV, "focus parquet" with the kind of file
    paper: Paper  # of tables
    client: ApiClient
    progress: Progress  # shows the pages so far


class Report(NamedTuple):
    """The result of a command."""

    chunks: Chunks
    excess: str | None = None  # what exceeds the budget


def run(job: Job) -> Report:
    """Run a command.

    Returns:
        The report; the requests of a command with several pages are made as its chunks are read.

    Raises:
        ApiException: A request failed.
        CommandError: The API has no such data.
    """
    return _COMMANDS.get(job.options.command, _bill)(job)


def invoices_between(options: Options, client: ApiClient, progress: Progress) -> Iterator[Invoice]:
    """Yield the invoices of the months from --since to --until, newest first.

    If last month was named and has no invoice, a warning says so: it may not be posted yet.
    """
    newest, last = "", month_before(this_month())
    pages = BillingInvoicesApi(client).iter_invoices(
        billing_start_date=day_before(options.since) if options.since else None,
        billing_end_date=day_after(options.until) if options.until else None,
    )
    for invoice in progress.items(pages, lambda page: page.data):
        month = month_of(invoice.billing_start_date)
        if is_asked(month, options):
            newest = max(newest, month or last)
            yield invoice
    if newest < last and last in (options.since, options.until):
        _log.warning("%s", _absence(last))


def is_asked(month: str | None, options: Options) -> bool:
    """Return whether a month is one from --since to --until; an unknown one may be."""
    if month is None:
        return True
    return (options.since or month) <= month <= (options.until or month)


def _chunks(job: Job, page: Iterable[str], json: Chunks, rows: Rows, kind: Kind) -> Chunks:
    """Return data in the format that was asked for; the other forms of it are not read."""
    form = job.form.removeprefix("focus ")
    if form == "table":
        return map(Paper.text, [page])
    if form == "json":
        return json
    if form == "jsonl":
        return json_lines(rows)
    if form == "parquet":
        from fastly.cli.parquet import parquet_file

        return parquet_file(rows, kind)
    if form == "xlsx":
        from fastly.cli.excel import excel_file

        return excel_file(rows, kind)
    style = CsvStyle(excel="--excel" in form, guard="--no-guard" not in form)
    return csv_text(rows, columns_of(kind), style)


def _lines(invoices: Iterable[Invoice], job: Job) -> tuple[Rows, Kind]:
    """Return the line items of invoices, and which columns they have."""
    if not job.form.startswith("focus"):
        return invoice_rows(invoices), InvoiceRow
    version = job.options.focus_version or "1.2"
    rows = focus_rows(invoices, version, account_name=job.options.account_name)
    return rows, focus_columns(version)


def _invoices(job: Job) -> Report:
    found = invoices_between(job.options, job.client, job.progress)
    page = table.invoices_page(found, job.paper)
    return Report(_chunks(job, page, json_list(found), *_lines(found, job)))


def _invoice(job: Job) -> Report:
    invoice = _invoice_of(job.options.key, BillingInvoicesApi(job.client))
    page = table.invoice_page(invoice, job.paper)
    return Report(_chunks(job, page, _json(invoice), *_lines([invoice], job)))


def _json(model: Invoice | MtdInvoiceResponse) -> Iterator[str]:
    yield model.to_str() + "\n"


def _invoice_of(key: str, api: BillingInvoicesApi) -> Invoice:
    """Return the latest invoice, that of a month, or one by its ID."""
    if key == "latest":
        return _latest_invoice(api)
    if not is_month(key):
        return api.get_invoice_by_invoice_id(key)
    first, *more = _invoices_of_month(key, api)
    if more:
        ids = ", ".join(invoice.invoice_id or "-" for invoice in (first, *more))
        raise CommandError(f"{key} has {1 + len(more)} invoices: get one of {ids}")
    return first


def _invoices_of_month(month: str, api: BillingInvoicesApi) -> list[Invoice]:
    if found := list(api.iter_invoices(month=month)):
        return found
    raise CommandError(_absence(month))


def _absence(month: str) -> str:
    """Return why a month may have no invoice."""
    reason = f'"{PROGRAM} invoices" lists all invoices'
    if month == this_month():
        reason = f'the month is in progress; see "{PROGRAM} mtd"'
    elif month == month_before(this_month()):
        reason = "the month has just ended, and its invoice may not be posted yet; try again later"
    return f"no invoice for {month}: {reason}"


def _latest_invoice(api: BillingInvoicesApi) -> Invoice:
    """Return the first invoice of the list, which is the newest."""
    for invoice in api.iter_invoices(limit=1):
        return invoice
    raise CommandError("the account has no invoices yet")


def _costs(job: Job) -> Report:
    api = BillingUsageMetricsApi(job.client)

    @lru_cache(maxsize=1)  # the invoices of a month follow one another
    def usage_of(month: str) -> list[ServiceusagemetricsData]:
        pages = api.iter_service_level_usage(start_month=month, end_month=month)
        return list(job.progress.items(pages, lambda page: page.blocks))

    costs, charged = Costs(job.options, usage_of), _charged(job)
    page, kind = costs_page(costs, charged, job.paper), KINDS[costs.by]
    rows = costs.rows(charged)
    return Report(_chunks(job, page, json_rows(rows), rows, kind))


def _charged(job: Job) -> Iterable[Invoice]:
    """Return the invoices whose costs are requested: by default, those of the latest month."""
    options, api = job.options, BillingInvoicesApi(job.client)
    if options.since or options.until:
        return invoices_between(options, job.client, job.progress)
    if options.key not in ("", "latest"):
        return _invoices_of_month(options.key, api)
    latest = _latest_invoice(api)
    month = month_of(latest.billing_start_date)
    return _invoices_of_month(month, api) if month else [latest]


def _forecast(job: Job) -> Report:
    month_to_date, budget = get_month_to_date(job.options, job.client), job.options.budget
    year = Options(since=month_before(this_month(), 12))
    history = invoices_between(year, job.client, job.progress)
    found = forecast(month_to_date, history, job.options.minimum)
    rows, page = [forecast_row(found)], forecast_page(found, budget, job.paper)
    return Report(_chunks(job, page, json_lines(rows), rows, Forecast), excess_of(found, budget))


def _month_to_date(job: Job) -> Report:
    found, budget = get_month_to_date(job.options, job.client), job.options.budget
    excess = _excess(found, budget)
    if job.form == "openmetrics":
        return Report(openmetrics(found, budget), excess)
    page, rows = table.month_to_date_page(found, budget, job.paper), invoice_rows([found])
    return Report(_chunks(job, page, _json(found), rows, InvoiceRow), excess)


def _excess(invoice: MtdInvoiceResponse, budget: Decimal | None) -> str | None:
    """Return a message if the month to date is over the budget."""
    spent = invoice.monthly_transaction_amount
    if budget is None:
        return None
    if spent is None:
        raise CommandError("the month to date has no total to compare with --budget")
    if exact(spent) <= budget:
        return None
    return "over budget: {} of {}".format(*apart(spent, budget))


def _usage(job: Job) -> Report:
    if job.options.billable:
        return _billable_usage(job)
    if job.options.by_service:
        return _service_usage(job)
    pages = BillingUsageMetricsApi(job.client).iter_usage_metrics(*_months(job.options))
    found = job.progress.items(pages, lambda page: page.data)
    page = table_usage.usage_page(found, job.paper)
    return Report(_chunks(job, page, json_list(found), usage_rows(found), UsageRow))


def _service_usage(job: Job) -> Report:
    start, end = _months(job.options)
    api = BillingUsageMetricsApi(job.client)
    pages = api.iter_service_level_usage(start_month=start, end_month=end)
    found = job.progress.items(pages, lambda page: page.blocks)
    page, rows = table_usage.service_usage_page(found, job.paper), service_usage_rows(found)
    return Report(_chunks(job, page, json_list(found), rows, ServiceUsageRow))


def _billable_usage(job: Job) -> Report:
    """Return the usage by month and service, with a request for each month."""
    months = job.progress.counted(_usage_of_months(*_months(job.options), job.client))
    rows, json = billable_usage_rows(months), json_list(usage for _, usage in months)
    page = table_usage.billable_usage_page(rows, job.paper)
    return Report(_chunks(job, page, json, rows, BillableUsageRow))


def _usage_of_months(
    month: str, last: str, client: ApiClient
) -> Iterator[tuple[str, HistoricalUsageMonthResponse]]:
    """Yield each month with its usage, to which the month is added: the API does not send it."""
    api, current = HistoricalApi(client), this_month()
    while month <= min(last, current):
        usage = api.get_usage_month(year=month[:4], month=month[5:], billable_units=True)
        usage["month"] = month
        yield month, usage
        month = month_after(month)


def _ai_usage(job: Job) -> Report:
    start, end = _months(job.options)
    pages = AiRuntimeControlUsageMetricsApi(job.client).iter_arc_usage_metrics(
        _from=f"{start}-01",
        to=day_after(end) if end < this_month() else None,
        granularity="hourly" if job.options.hourly else "daily",
    )
    # It is not documented whether `to`, the midnight after the last month, is included.
    after = month_after(end)
    metrics = job.progress.items(pages, lambda page: page.data)
    found = (metric for metric in metrics if not (metric.date or "").startswith(after))
    page = table_usage.ai_usage_page(found, job.paper)
    return Report(_chunks(job, page, json_list(found), ai_usage_rows(found), AiUsageRow))


def _months(options: Options) -> tuple[str, str]:
    """Return the first and the last month of usage."""
    end = options.until or max(this_month(), options.since or "")
    return options.since or end, end


def _bill(job: Job) -> Report:
    return Report(bill(job.options, job.form, job.paper, job.client))


_COMMANDS: dict[str, Callable[[Job], Report]] = {
    "invoices": _invoices,
    "invoice": _invoice,
    "mtd": _month_to_date,
    "costs": _costs,
    "forecast": _forecast,
    "usage": _usage,
    "ai-usage": _ai_usage,
}
