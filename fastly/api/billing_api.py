"""The retired billing API, version 2: invoices by month and by ID, and the month to date."""

from typing import TYPE_CHECKING

from fastly._operations.arguments import CustomerId, InvoiceId, Month, Year
from fastly._operations.declarations import document, operation
from fastly._operations.identity import same_id, same_month
from fastly._operations.options import request
from fastly.api.base import Api
from fastly.model.billing_estimate_response import BillingEstimateResponse
from fastly.model.billing_response import BillingResponse

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from fastly._operations.options import Options

__all__ = ["BillingApi"]

_RETIRED = (
    "Fastly retired this API in 2025: use BillingInvoicesApi instead (docs/migrating.md). "
    "If the host still serves it, check the IDs and the month."
)


class BillingApi(Api):
    """The billing API, version 2, which Fastly retired in 2025.

    At api.fastly.com every operation gets 404 today: use ``BillingInvoicesApi`` instead. This
    class is for existing code and for hosts that still serve version 2.

    Args:
        api_client: The client to send requests with. Default: a new one with the default
            configuration. Any number of these, in any number of threads, can share a client.

    Example:
        >>> with fastly.ApiClient(fastly.Configuration(host="https://billing.example")) as client:
        ...     invoice = BillingApi(client).get_invoice("05", "2020")
        >>> invoice.total.cost
        1234.56
    """

    @document("/billing/v2/year/{year}/month/{month}", identity=same_month, if_missing=_RETIRED)
    def get_invoice(
        self, month: Month, year: Year, **options: "Unpack[Options]"
    ) -> BillingResponse:
        """Get the invoice of a month.

        Args:
            month: 1 to 12, such as "05", "5" or 5, in UTC; from the month in which the customer
                was created to the current one.
            year: Four digits, such as "2020" or 2020.
            **options: See below.
        """
        return request(**options)

    @document(
        "/billing/v2/account_customers/{customer_id}/invoices/{invoice_id}",
        identity=same_id("invoice_id"),
        if_missing=_RETIRED,
    )
    def get_invoice_by_id(
        self, customer_id: CustomerId, invoice_id: InvoiceId, **options: "Unpack[Options]"
    ) -> BillingResponse:
        """Get an invoice by its ID.

        Args:
            customer_id: ID of the customer; its characters are ``A-Z a-z 0-9 _ -``.
            invoice_id: ID of the invoice, of the same characters, or an int.
            **options: See below.
        """
        return request(**options)

    @operation(
        "/billing/v2/account_customers/{customer_id}/mtd_invoice",
        polls=True,
        if_missing=_RETIRED,
    )
    def get_invoice_mtd(
        self,
        customer_id: CustomerId,
        *,
        month: Month | None = None,
        year: Year | None = None,
        _wait: float | None = None,
        **options: "Unpack[Options]",
    ) -> BillingEstimateResponse:
        """Get the month to date, polling while it is being made.

        Args:
            customer_id: ID of the customer; its characters are ``A-Z a-z 0-9 _ -``.
            month: 1 to 12, such as "05", "5" or 5. Default: omitted.
            year: Four digits, such as "2020" or 2020. Default: omitted.
            _wait: Seconds to poll while the API responds 202, then
                ``EstimatePendingException``; 0: do not poll. Default:
                ``configuration.estimate_wait``.
            **options: See below.
        """
        return request(**options)
