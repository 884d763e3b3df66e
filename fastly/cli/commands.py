"""The commands: what each requests from the API, and how it formats the result."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
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
from fastly.cli.messages import PROGRAM, CommandError, say
from fastly.cli.openmetrics import openmetrics
from fastly.cli.progress import Progress
from fastly.cli.v2.commands import bill
from fastly.cli.waiting import wait_for
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

__all__ = ["Report", "invoices_between", "is_asked", "run"]

Chunks = Iterable["str | bytes"]


class Report(NamedTuple):
    """The result of a command."""

    chunks: Chunks
    excess: str | None = None  # what exceeds the budget


def run(options: Options, form: str, paper: Paper, client: ApiClient, progress: Progress) -> Report:
    """Run a command.

    Args:
        options: The command line.
        form: The format, one of those that the command has, with the options of CSV behind it,
            such as "csv --excel".
        paper: The paper of the pages.
        client: The client of the API.
        progress: Shows the pages so far.

    Returns:
        The report; the requests of a command with several pages are made as its chunks are read.

    Raises:
        ApiException: A request failed.
        CommandError: The API has no such data.
    """
    if options.command == "invoices":
        return Report(_invoices(invoices_between(options, client, progress), form, paper, options))
    if options.command == "invoice":
        return Report(_invoice(options, form, paper, client))
    if options.command == "mtd":
        return _month_to_date(options, form, paper, client)
    if options.command == "costs":
        return Report(_costs(options, form, paper, client, progress))
    if options.command == "forecast":
        return _forecast(options, form, paper, client, progress)
    if options.command == "usage":
        usage = _service_usage if options.by_service else _usage
        usage = _billable_usage if options.billable else usage
        return Report(usage(options, form, paper, client, progress))
    if options.command == "ai-usage":
        return Report(_ai_usage(options, form, paper, client, progress))
    return Report(bill(options, form, paper, client))


def invoices_between(options: Options, client: ApiClient, progress: Progress) -> Iterator[Invoice]:
    """Yield the invoices of the months from --since to --until, newest first."""
    pages = BillingInvoicesApi(client).iter_invoices(
        billing_start_date=day_before(options.since) if options.since else None,
        billing_end_date=day_after(options.until) if options.until else None,
    )
    for invoice in progress.items(pages, lambda page: page.data):
        if is_asked(month_of(invoice.billing_start_date), options):
            yield invoice


def is_asked(month: str | None, options: Options) -> bool:
    """Return whether a month is one from --since to --until; an unknown one may be."""
    if month is None:
        return True
    return (options.since or month) <= month <= (options.until or month)


def _invoices(invoices: Iterable[Invoice], form: str, paper: Paper, options: Options) -> Chunks:
    if form == "table":
        return _page(table.invoices_page(invoices, paper))
    return json_list(invoices) if form == "json" else _lines(invoices, form, options)


def _lines(invoices: Iterable[Invoice], form: str, options: Options) -> Chunks:
    """Yield the line items of invoices."""
    if form.startswith("focus"):
        version = options.focus_version or "1.2"
        rows = focus_rows(invoices, version, account_name=options.account_name)
        return _rows(rows, focus_columns(version), form.removeprefix("focus "))
    return _rows(invoice_rows(invoices), InvoiceRow, form)


def _rows(rows: Iterable[Mapping[str, object]], kind: Kind, form: str) -> Chunks:
    if form == "jsonl":
        return json_lines(rows)
    if form == "parquet":
        from fastly.cli.parquet import parquet_file

        return parquet_file(rows, kind)
    if form == "xlsx":
        from fastly.cli.excel import excel_file

        return excel_file(rows, kind)
    return csv_text(rows, columns_of(kind), _csv_style(form))


def _csv_style(form: str) -> CsvStyle:
    return CsvStyle(excel="--excel" in form, guard="--no-guard" not in form)


def _page(lines: Iterable[str]) -> Chunks:
    yield Paper.text(lines)


def _invoice(options: Options, form: str, paper: Paper, client: ApiClient) -> Chunks:
    if is_month(options.key):
        invoice = _invoice_of_month(options.key, client)
    elif options.key == "latest":
        invoice = _latest_invoice(client)
    else:
        invoice = BillingInvoicesApi(client).get_invoice_by_invoice_id(options.key)
    if form == "table":
        return _page(table.invoice_page(invoice, paper))
    return [invoice.to_str() + "\n"] if form == "json" else _lines([invoice], form, options)


def _invoice_of_month(month: str, client: ApiClient) -> Invoice:
    """Find the invoice whose period starts in a month."""
    found = list(BillingInvoicesApi(client).iter_invoices(month=month))
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(invoice.invoice_id or "-" for invoice in found)
        raise CommandError(f"{month} has {len(found)} invoices: get one of {ids}")
    raise _no_invoice(month)


def _no_invoice(month: str) -> CommandError:
    reason = f'"{PROGRAM} invoices" lists all invoices'
    if month == this_month():
        reason = f'the month is in progress; see "{PROGRAM} mtd"'
    elif month == month_before(this_month()):
        reason = "the month has just ended, and its invoice may not be posted yet; try again later"
    return CommandError(f"no invoice for {month}: {reason}")


def _latest_invoice(client: ApiClient) -> Invoice:
    """Return the first invoice of the list, which is the newest."""
    for invoice in BillingInvoicesApi(client).iter_invoices(limit=1):
        return invoice
    raise CommandError("the account has no invoices yet")


def _costs(
    options: Options, form: str, paper: Paper, client: ApiClient, progress: Progress
) -> Chunks:
    @lru_cache(maxsize=1)  # the invoices of a month follow one another
    def usage_of(month: str) -> list[ServiceusagemetricsData]:
        api = BillingUsageMetricsApi(client)
        pages = api.iter_service_level_usage(start_month=month, end_month=month)
        return list(progress.items(pages, lambda page: page.blocks))

    costs = Costs(options, usage_of)
    invoices = _charged(options, client, progress)
    if form == "table":
        yield from _page(costs_page(costs, invoices, paper))
    elif form == "json":
        yield from json_rows(costs.rows(invoices))
    else:
        yield from _rows(costs.rows(invoices), KINDS[options.by], form)
    if costs.without_team and not options.quiet:
        say(f"services without a team: {costs.without_team}")


def _charged(options: Options, client: ApiClient, progress: Progress) -> Iterable[Invoice]:
    """Return the invoices whose costs are requested: by default, those of the latest month."""
    if options.since or options.until:
        return invoices_between(options, client, progress)
    month = options.key
    if month in ("", "latest"):
        latest = _latest_invoice(client)
        month = month_of(latest.billing_start_date) or ""
        if not month:
            return [latest]
    found = list(BillingInvoicesApi(client).iter_invoices(month=month))
    if not found:
        raise _no_invoice(month)
    return found


def _forecast(
    options: Options, form: str, paper: Paper, client: ApiClient, progress: Progress
) -> Report:
    month_to_date = _get_month_to_date(options, client)
    history = invoices_between(Options(since=month_before(this_month(), 12)), client, progress)
    found = forecast(month_to_date, history, options.minimum)
    if form == "table":
        chunks = _page(forecast_page(found, options.budget, paper))
    else:
        chunks = _rows([forecast_row(found)], Forecast, "jsonl" if form == "json" else form)
    return Report(chunks, excess_of(found, options.budget))


def _month_to_date(options: Options, form: str, paper: Paper, client: ApiClient) -> Report:
    invoice = _get_month_to_date(options, client)
    if form == "table":
        chunks = _page(table.month_to_date_page(invoice, options.budget, paper))
    elif form == "json":
        chunks = [invoice.to_str() + "\n"]
    elif form == "openmetrics":
        chunks = openmetrics(invoice, options.budget)
    else:
        chunks = _rows(invoice_rows([invoice]), InvoiceRow, form)
    return Report(chunks, _excess(invoice, options.budget))


def _get_month_to_date(options: Options, client: ApiClient) -> MtdInvoiceResponse:
    api = BillingInvoicesApi(client)
    return wait_for(lambda: api.get_month_to_date_invoice(_wait=0), options, client)


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


def _usage(
    options: Options, form: str, paper: Paper, client: ApiClient, progress: Progress
) -> Chunks:
    start, end = _months(options)
    pages = BillingUsageMetricsApi(client).iter_usage_metrics(start, end)
    metrics = progress.items(pages, lambda page: page.data)
    if form == "table":
        return _page(table_usage.usage_page(metrics, paper))
    return json_list(metrics) if form == "json" else _rows(usage_rows(metrics), UsageRow, form)


def _service_usage(
    options: Options, form: str, paper: Paper, client: ApiClient, progress: Progress
) -> Chunks:
    start, end = _months(options)
    api = BillingUsageMetricsApi(client)
    pages = api.iter_service_level_usage(start_month=start, end_month=end)
    blocks = progress.items(pages, lambda page: page.blocks)
    if form == "table":
        return _page(table_usage.service_usage_page(blocks, paper))
    if form == "json":
        return json_list(blocks)
    return _rows(service_usage_rows(blocks), ServiceUsageRow, form)


def _billable_usage(
    options: Options, form: str, paper: Paper, client: ApiClient, progress: Progress
) -> Chunks:
    """Return the usage by month and service, with a request for each month."""
    months = progress.counted(_usage_of_months(*_months(options), client))
    if form == "json":
        return json_list(usage for _, usage in months)
    rows = billable_usage_rows(months)
    if form == "table":
        return _page(table_usage.billable_usage_page(rows, paper))
    return _rows(rows, BillableUsageRow, form)


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


def _ai_usage(
    options: Options, form: str, paper: Paper, client: ApiClient, progress: Progress
) -> Chunks:
    start, end = _months(options)
    pages = AiRuntimeControlUsageMetricsApi(client).iter_arc_usage_metrics(
        _from=f"{start}-01",
        to=day_after(end) if end < this_month() else None,
        granularity="hourly" if options.hourly else "daily",
    )
    found = progress.items(pages, lambda page: page.data)
    # It is not documented whether `to`, the midnight after the last month, is included.
    after = month_after(end)
    metrics = (metric for metric in found if not (metric.date or "").startswith(after))
    if form == "table":
        return _page(table_usage.ai_usage_page(metrics, paper))
    return json_list(metrics) if form == "json" else _rows(ai_usage_rows(metrics), AiUsageRow, form)


def _months(options: Options) -> tuple[str, str]:
    """Return the first and the last month of usage."""
    end = options.until or max(this_month(), options.since or "")
    return options.since or end, end
