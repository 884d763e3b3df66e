"""A client of Fastly's billing API.

::

    import fastly
    from fastly.api import billing_api

    configuration = fastly.Configuration()
    configuration.api_key["token"] = "YOUR_API_KEY"  # or the variable FASTLY_API_TOKEN

    with fastly.ApiClient(configuration) as api_client:
        api = billing_api.BillingApi(api_client)
        try:
            invoice = api.get_invoice("05", "2020")
        except fastly.ApiException as error:
            print(error)

``fastly.api.billing_api.BillingApi`` has the operations, ``fastly.exceptions`` what can go wrong.
``import fastly.models`` brings the classes of what they return, ``import fastly.testing`` a local
server to try it all on.
"""

from fastly._version import __version__
from fastly.api_client import ApiClient
from fastly.configuration import Configuration
from fastly.exceptions import (
    ApiAttributeError,
    ApiException,
    ApiKeyError,
    ApiTypeError,
    ApiValueError,
    BadRequestException,
    ConnectionException,
    EstimatePendingException,
    ForbiddenException,
    NotFoundException,
    OpenApiException,
    RateLimitException,
    ResponseException,
    ServiceException,
    TimeoutException,
    UnauthorizedException,
    UnprocessableEntityException,
)

__all__ = [
    "ApiAttributeError",
    "ApiClient",
    "ApiException",
    "ApiKeyError",
    "ApiTypeError",
    "ApiValueError",
    "BadRequestException",
    "Configuration",
    "ConnectionException",
    "EstimatePendingException",
    "ForbiddenException",
    "NotFoundException",
    "OpenApiException",
    "RateLimitException",
    "ResponseException",
    "ServiceException",
    "TimeoutException",
    "UnauthorizedException",
    "UnprocessableEntityException",
    "__version__",
]
