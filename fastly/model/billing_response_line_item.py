"""The model `BillingResponseLineItem`."""

from datetime import datetime

from fastly._models import Model, field

__all__ = ["BillingResponseLineItem"]


class BillingResponseLineItem(Model):
    """One line of an invoice."""

    id: str | None = field("ID of the line.")
    amount: float | None = field("Amount of the line; negative for a credit.", unit="USD")
    aria_invoice_id: str | None = field("ID of the invoice in the billing vendor's system.")
    client_service_id: str | None = field("Code of the service charged.")
    created_at: datetime | None = field("When the line was created.", unit="UTC offset as sent")
    credit_coupon_code: str | None = field("Code of the coupon that a credit comes from.")
    deleted_at: datetime | None = field(
        "When the line was deleted; None if it was not.", unit="UTC offset as sent"
    )
    description: str | None = field("Description of the charge.")
    line_number: int | None = field("Position of the line in the invoice, starting at 1.")
    plan_name: str | None = field("Name of the plan.")
    plan_no: int | None = field("Number of the plan.")
    rate_per_unit: float | None = field("Price of one unit.", unit="USD per unit")
    rate_schedule_no: int | None = field("Number of the price list.")
    rate_schedule_tier_no: int | None = field("Number of the tier in the price list.")
    service_name: str | None = field("Name of the service charged.")
    service_no: int | None = field("Number of the service charged.")
    units: float | None = field("Units charged.")
    updated_at: datetime | None = field(
        "When the line was last changed.", unit="UTC offset as sent"
    )
    usage_type_cd: str | None = field("Code of the usage type.")
    usage_type_no: int | None = field("Number of the usage type.")
