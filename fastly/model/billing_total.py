"""The model `BillingTotal`."""

from fastly.model.billing_total_extras import BillingTotalExtras
from fastly.model_utils import Model, field

__all__ = ["BillingTotal"]


class BillingTotal(Model):
    """The complete summary of the bill."""

    bandwidth: float | None = field("Traffic of the period, in ``bandwidth_units``.")
    bandwidth_cost: float | None = field("What the traffic came to.", unit="USD")
    bandwidth_units: str | None = field('The unit of ``bandwidth``, such as "GB".')
    commit_shortfall: float | None = field(
        "What was missing to the plan minimum. Seen in answers; not in the API's reference.",
        unit="USD",
    )
    cost: float | None = field("The final amount to be paid.", unit="USD")
    cost_before_discount: float | None = field("Incurred cost plus extras.", unit="USD")
    discount: float | None = field("The discount as a rate: 0.1 is ten percent.")
    discount_amount: float | None = field(
        "The discount as an amount. Seen in answers; not in the API's reference.", unit="USD"
    )
    extras: list[BillingTotalExtras] | None = field(
        "What was charged besides bandwidth and requests."
    )
    extras_cost: float | None = field("What the extras came to.", unit="USD")
    incurred_cost: float | None = field("What bandwidth and requests came to.", unit="USD")
    overage: float | None = field("What was incurred over the plan minimum.", unit="USD")
    percentile: float | None = field(
        "Bandwidth percentile, where charged. Seen in answers; not in the API's reference."
    )
    percentile_cost: float | None = field(
        "What the percentile came to. Seen in answers; not in the API's reference.", unit="USD"
    )
    plan_code: str | None = field("Short code of the plan.")
    plan_minimum: float | None = field("The least that the plan costs a month.", unit="USD")
    plan_name: str | None = field("Name of the plan.")
    requests: float | None = field("Number of requests in the period.")
    requests_cost: float | None = field("What the requests came to.", unit="USD")
    terms: str | None = field('Terms of payment, such as "Net15": within 15 days.')
