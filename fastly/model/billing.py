"""The model `Billing`."""

from datetime import datetime

from fastly.model.billing_regions import BillingRegions
from fastly.model.billing_status import BillingStatus
from fastly.model.billing_total import BillingTotal
from fastly.model_utils import Model, field

__all__ = ["Billing"]


class Billing(Model):
    """What an invoice and a month-to-date estimate have in common."""

    customer_id: str | None = field("Id of the customer.")
    end_time: datetime | None = field("End of the period.", unit="UTC offset kept")
    invoice_id: str | None = field("Id of the invoice.")
    regions: dict[str, BillingRegions] | None = field(
        'What each region used and cost, by the region\'s name, such as "usa".'
    )
    start_time: datetime | None = field("Start of the period.", unit="UTC offset kept")
    status: BillingStatus | None = field("Where the bill stands.")
    total: BillingTotal | None = field("The complete summary of the bill.")
    vendor_state: str | None = field('"up" or "down": the state of the third-party billing vendor.')
