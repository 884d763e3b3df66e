"""The model `BillingStatus`."""

from datetime import datetime

from fastly._models import Model, field

__all__ = ["BillingStatus"]


class BillingStatus(Model):
    """Status of a bill."""

    status: str | None = field(
        '"Pending", "Outstanding", "Paid" or "MTD"; undocumented values are possible.'
    )
    sent_at: datetime | None = field(
        "When the bill was sent; None if it was not.", unit="UTC offset as sent"
    )
