"""Invoices, version 3: a list, one by its ID, and the month to date."""

from typing import TYPE_CHECKING

from fastly._operations.arguments import Count, Cursor, Day, InvoiceId, MonthOfYear
from fastly._operations.declarations import operation
from fastly._operations.identity import same_id
from fastly._operations.invoice_pages import Invoices
from fastly._operations.options import page_request, request
from fastly._operations.paging import Paged, paged
from fastly._operations.steps import by_cursor
from fastly.api.base import Api
from fastly.model.eom_invoice_response import EomInvoiceResponse
from fastly.model.invoice import Invoice
from fastly.model.list_eom_invoices_response import ListEomInvoicesResponse
from fastly.model.mtd_invoice_response import MtdInvoiceResponse

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from fastly._operations.options import Options, PageOptions

__all__ = ["BillingInvoicesApi"]


def _next_cursor(page: ListEomInvoicesResponse) -> str | None:
    return page.meta.next_cursor if page.meta else None


class BillingInvoicesApi(Api):
    """Fastly's invoices, with their lines by product and region.

    Args:
        api_client: The client to send requests with. Default: a new one with the default
            configuration. Any number of these, in any number of threads, can share a client.

    Example:
        >>> with fastly.ApiClient() as api_client:
        ...     for invoice in BillingInvoicesApi(api_client).iter_invoices():
        ...         print(invoice.invoice_id, invoice.monthly_transaction_amount)
    """

    @operation("/billing/v3/invoices")
    def list_invoices(
        self,
        *,
        billing_start_date: Day | None = None,
        billing_end_date: Day | None = None,
        limit: Count | None = None,
        cursor: Cursor | None = None,
        **options: "Unpack[Options]",
    ) -> ListEomInvoicesResponse:
        """List one page of invoices, newest first; ``iter_invoices`` returns all pages.

        Args:
            billing_start_date: First day of the billing periods, "2026-05-01" or a date.
            billing_end_date: Last day of the billing periods, "2026-05-31" or a date.
            limit: Invoices on a page: 1 to 200, by default 100.
            cursor: ``meta.next_cursor`` of the previous page. Default: the first page.
            **options: See below.
        """
        return request(**options)

    @paged(
        list_invoices,
        by_cursor(_next_cursor),
        lambda page: page.data,
        Invoices[Invoice, ListEomInvoicesResponse],
    )
    def iter_invoices(
        self,
        *,
        billing_start_date: Day | None = None,
        billing_end_date: Day | None = None,
        limit: Count | None = None,
        cursor: Cursor | None = None,
        month: MonthOfYear | None = None,
        **options: "Unpack[PageOptions]",
    ) -> Paged[Invoice, ListEomInvoicesResponse]:
        """Iterate over all invoices, newest first, each of them once.

        Args:
            billing_start_date: First day of the billing periods, "2026-05-01" or a date.
            billing_end_date: Last day of the billing periods, "2026-05-31" or a date.
            limit: Invoices on a page: 1 to 200, by default 100.
            cursor: ``meta.next_cursor`` of the page to resume after. Default: the first page.
            month: In place of the dates: the UTC month, "2026-05" or a date in it, in which
                the billing periods start, corrections included.
            **options: See below.
        """
        return page_request(**options)

    @operation("/billing/v3/invoices/{invoice_id}", identity=same_id("invoice_id"))
    def get_invoice_by_invoice_id(
        self, invoice_id: InvoiceId, **options: "Unpack[Options]"
    ) -> EomInvoiceResponse:
        """Get one invoice by its ID.

        Args:
            invoice_id: ID of the invoice, such as "INV-375119" or 29239985.
            **options: See below.
        """
        return request(**options)

    @operation("/billing/v3/invoices/month-to-date", polls=True)
    def get_month_to_date_invoice(
        self, *, _wait: float | None = None, **options: "Unpack[Options]"
    ) -> MtdInvoiceResponse:
        """Get the month to date, polling while it is being made.

        Fixed charges are included in full from the first day of the month.

        Args:
            _wait: Seconds to poll while the API responds 202, then
                ``EstimatePendingException``; 0: do not poll. Default:
                ``configuration.estimate_wait``.
            **options: See below.
        """
        return request(**options)
