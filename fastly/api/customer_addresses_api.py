"""The customer's tax and billing addresses: list, create, update."""

import re
from typing import TYPE_CHECKING, Annotated, Literal

from fastly._operations.arguments import Body, one_of
from fastly._operations.declarations import operation
from fastly._operations.options import request
from fastly.api.base import Api
from fastly.exceptions import ApiValueError
from fastly.model.customer_address import CustomerAddress
from fastly.model.inline_response201 import InlineResponse201
from fastly.model.list_customer_addresses_response import ListCustomerAddressesResponse

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from fastly._operations.options import Options

__all__ = ["CustomerAddressesApi"]


def _check_country(name: str, value: object) -> str:
    if not re.fullmatch("[A-Z]{2}", str(value)):
        raise ApiValueError(
            f"{name} must be two capital letters such as 'US' (ISO 3166-1), got {value!r}"
        )
    return str(value)


_check_type = one_of("tax", "billing")
AddressType = Annotated[Literal["tax", "billing"], _check_type]
Address = Annotated[
    CustomerAddress, Body(CustomerAddress, type=_check_type, country=_check_country)
]


class CustomerAddressesApi(Api):
    """The customer's addresses: one for taxes, one for bills.

    Args:
        api_client: The client to send requests with. Default: a new one with the default
            configuration. Any number of these, in any number of threads, can share a client.

    Example:
        >>> with fastly.ApiClient() as api_client:
        ...     for address in CustomerAddressesApi(api_client).list_customer_addresses().data:
        ...         print(address.type, address.locality, address.country)
    """

    @operation("/billing/v3/customer-addresses")
    def list_customer_addresses(
        self, **options: "Unpack[Options]"
    ) -> ListCustomerAddressesResponse:
        """List the customer's addresses.

        Args:
            **options: See below.
        """
        return request(**options)

    @operation("/billing/v3/customer-addresses", method="POST")
    def create_customer_address(
        self, customer_address: Address, **options: "Unpack[Options]"
    ) -> InlineResponse201:
        """Create an address.

        The request is sent once, over a new connection, and is repeated only if connecting failed.
        ``error.may_be_done`` says whether it may have been carried out despite an error.

        Args:
            customer_address: The address, with its ``type``.
            **options: See below.
        """
        return request(**options)

    @operation("/billing/v3/customer-addresses/{type}", method="PUT")
    def update_customer_address(
        self,
        type: AddressType,  # noqa: A002  # the official client's name
        customer_address: Address,
        **options: "Unpack[Options]",
    ) -> None:
        """Replace an address. The API makes the change later: a call returns when it is accepted.

        Args:
            type: "tax" or "billing".
            customer_address: The new address.
            **options: See below.
        """
        request(**options)
