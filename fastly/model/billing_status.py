"""The model `BillingStatus`."""

from datetime import datetime

from fastly.model_utils import Model, field

__all__ = ["BillingStatus"]


class BillingStatus(Model):
    """Where the bill stands."""

    status: str | None = field(
        '"Pending", "Outstanding", "Paid", "MTD", or a word that is not documented yet.'
    )
    sent_at: datetime | None = field(
        "When the bill was sent; None before that.", unit="UTC offset kept"
    )
