"""The model `ListCustomerAddressesResponse`."""

from fastly._models import Model, field
from fastly.model.customer_address import CustomerAddress

__all__ = ["ListCustomerAddressesResponse"]


class ListCustomerAddressesResponse(Model, needs="data"):
    """The customer's addresses: the result of ``list_customer_addresses``."""

    data: list[CustomerAddress] | None = field("Addresses, at most one of each type.")
