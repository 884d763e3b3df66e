"""The month to date as metrics, for Prometheus's textfile collector and Pushgateway.

It is the text format of OpenMetrics 1.0, as far as these two read it too: their older format has
neither the type "info" nor timestamps that they would accept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal

from fastly._months import month_of
from fastly._text import printable
from fastly.model.mtd_invoice_response import MtdInvoiceResponse
from fastly.rows import exact, exact_sum, invoice_rows

__all__ = ["openmetrics"]

Labels = dict[str, str]
Sample = tuple[Labels, Decimal | float | None]

_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\""})  # printable text has no line breaks


def openmetrics(invoice: MtdInvoiceResponse, budget: Decimal | None) -> Iterator[str]:
    """Yield the lines of a month to date; what the API did not send is left out."""
    month = {"month": month_of(invoice.billing_start_date) or ""}
    account = {**month, "customer_id": printable(invoice.customer_id or "")}
    start, end = invoice.billing_start_date, invoice.billing_end_date
    yield from _family("info", "The account and the month.", [(account, 1)])
    where = "by product group and region, in the account's currency"
    yield from _family("cost", f"Cost so far {where}.", _costs(invoice, month))
    total = [(month, invoice.monthly_transaction_amount)]
    yield from _family("total_cost", "Cost so far, as the API adds it up.", total)
    yield from _family("budget_cost", "The budget of the command.", [(month, budget)])
    yield from _family("start_timestamp_seconds", "First day.", [(month, _seconds(start))])
    words = "When the API made the figures, or the last day."
    yield from _family("end_timestamp_seconds", words, [(month, _seconds(end))])
    yield "# EOF\n"


def _costs(invoice: MtdInvoiceResponse, month: Labels) -> Iterator[Sample]:
    amounts: dict[tuple[str, str], list[Decimal]] = {}
    for row in invoice_rows(invoice):
        if row["amount"] is None:  # unknown, which is not 0
            continue
        names = printable(row["product_group"] or ""), printable(row["region"] or "")
        amounts.setdefault(names, []).append(row["amount"])
    for (group, region), some in amounts.items():
        yield {**month, "product_group": group, "region": region}, exact_sum(some)


def _seconds(time: datetime | None) -> float | None:
    return None if time is None else time.timestamp()


def _family(name: str, meaning: str, samples: Iterable[Sample]) -> Iterator[str]:
    lines = [f"{_labels(labels)} {exact(x):f}\n" for labels, x in samples if x is not None]
    if not lines:
        return
    name = f"fastly_month_to_date_{name}"
    yield f"# HELP {name} {meaning}\n# TYPE {name} gauge\n"
    if name.endswith("_seconds"):
        yield f"# UNIT {name} seconds\n"
    yield from (name + line for line in lines)


def _labels(labels: Labels) -> str:
    pairs = (f'{name}="{value.translate(_ESCAPES)}"' for name, value in labels.items())
    return "{" + ",".join(pairs) + "}"
