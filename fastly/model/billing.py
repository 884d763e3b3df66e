"""The model `Billing`."""

from datetime import datetime

from fastly._models import Model, field
from fastly.model.billing_regions import BillingRegions
from fastly.model.billing_status import BillingStatus
from fastly.model.billing_total import BillingTotal

__all__ = ["Billing"]


class Billing(Model):
    """The fields that an invoice and a month-to-date estimate have in common."""

    customer_id: str | None = field("ID of the customer.")
    end_time: datetime | None = field("End of the period.", unit="UTC offset as sent")
    invoice_id: str | None = field("ID of the invoice.")
    regions: dict[str, BillingRegions] | None = field(
        'Usage and cost of each region, by name, such as "usa".'
    )
    start_time: datetime | None = field("Start of the period.", unit="UTC offset as sent")
    status: BillingStatus | None = field("Status of the bill.")
    total: BillingTotal | None = field("Summary of the bill.")
    vendor_state: str | None = field('"up" or "down": the state of the third-party billing vendor.')
