"""The model `InlineResponse201`."""

from fastly._models import Model, field

__all__ = ["InlineResponse201"]


class InlineResponse201(Model, needs="id"):
    """The address that ``create_customer_address`` has created."""

    id: str | None = field("ID of the address.")
