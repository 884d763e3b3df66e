"""The model `BillingTotal`."""

from fastly._models import Model, field
from fastly.model.billing_total_extras import BillingTotalExtras

__all__ = ["BillingTotal"]


class BillingTotal(Model):
    """Complete summary of a bill."""

    bandwidth: float | None = field("Traffic of the period, in ``bandwidth_units``.")
    bandwidth_cost: float | None = field("Cost of the bandwidth.", unit="USD")
    bandwidth_units: str | None = field('The unit of ``bandwidth``, such as "GB".')
    commit_shortfall: float | None = field(
        "Amount below the plan minimum. Seen in responses; not in the API's reference.",
        unit="USD",
    )
    cost: float | None = field("Final amount to be paid.", unit="USD")
    cost_before_discount: float | None = field("Incurred cost plus extras.", unit="USD")
    discount: float | None = field("Discount as a fraction: 0.1 is ten percent.")
    discount_amount: float | None = field(
        "Discount as an amount. Seen in responses; not in the API's reference.", unit="USD"
    )
    extras: list[BillingTotalExtras] | None = field("Charges besides bandwidth and requests.")
    extras_cost: float | None = field("Cost of the extras.", unit="USD")
    incurred_cost: float | None = field("Cost of bandwidth and requests.", unit="USD")
    overage: float | None = field("Incurred cost above the plan minimum.", unit="USD")
    percentile: float | None = field(
        "Bandwidth percentile, if charged. Seen in responses; not in the API's reference."
    )
    percentile_cost: float | None = field(
        "Cost of the percentile. Seen in responses; not in the API's reference.", unit="USD"
    )
    plan_code: str | None = field("Short code of the plan.")
    plan_minimum: float | None = field("Minimum cost of the plan per month.", unit="USD")
    plan_name: str | None = field("Name of the plan.")
    requests: float | None = field("Number of requests in the period.")
    requests_cost: float | None = field("Cost of the requests.", unit="USD")
    terms: str | None = field('Terms of payment, such as "Net15": within 15 days.')
