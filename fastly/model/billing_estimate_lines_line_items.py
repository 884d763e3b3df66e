"""The model `BillingEstimateLinesLineItems`."""

from fastly._models import Model, field

__all__ = ["BillingEstimateLinesLineItems"]


class BillingEstimateLinesLineItems(Model):
    """One line of a month-to-date estimate."""

    amount: float | None = field("Amount of the line; negative for a credit.", unit="USD")
    client_plan_id: str | None = field("Code of the plan.")
    client_service_id: str | None = field("Code of the service charged.")
    description: str | None = field("Description of the charge.")
    per_unit_cost: float | None = field("Price of one unit.", unit="USD per unit")
    plan_no: int | None = field("Number of the plan.")
    service_no: int | None = field("Number of the service charged.")
    service_type: str | None = field("Type of the service charged.")
    units: float | None = field("Units charged.")
