"""The model `CustomerAddress`."""

from fastly._models import Model, field

__all__ = ["CustomerAddress"]


class CustomerAddress(Model, needs="own"):
    """An address of the customer: what the address operations send and return."""

    type: str | None = field('"tax" or "billing".')
    address_1: str | None = field("Street and number.")
    address_2: str | None = field("Second line, such as a unit or a P.O. box.")
    locality: str | None = field("City or town.")
    region: str | None = field("State, province or region.")
    country: str | None = field('Country, such as "US" (ISO 3166-1, two letters).')
    postal_code: str | None = field("Postal code.")
