"""The model `Mtdlineitems`."""

from fastly._models import Model, field

__all__ = ["Mtdlineitems"]


class Mtdlineitems(Model):
    """One line of the month to date, by product and region."""

    description: str | None = field("What is charged.")
    amount: float | None = field(
        "Amount of the line; negative for a credit.", unit="the invoice's currency"
    )
    rate: float | None = field("Price of one unit.", unit="the invoice's currency per unit")
    units: float | None = field("Units charged.")
    product_name: str | None = field('Name of the product, such as "North America Requests".')
    product_group: str | None = field(
        'Group of the product, such as "Full Site Delivery"; "N/A" or "Unknown" for TLS '
        "certificates until the invoice closes."
    )
    product_line: str | None = field('Line of products, such as "Network Services".')
    region: str | None = field('Region, such as "North America"; empty if the charge has none.')
    usage_type: str | None = field('Unit of measure, such as "requests" or "bandwidth".')
