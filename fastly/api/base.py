"""The base of the API classes, whose operations send their requests with a client."""

from __future__ import annotations

from fastly._signatures import accepts_only_declared_arguments
from fastly.api_client import ApiClient
from fastly.exceptions import ApiTypeError

__all__ = ["Api"]


class Api:
    """The base of the API classes.

    Args:
        api_client: The client to send requests with. Default: a new one with the default
            configuration. Any number of these, in any number of threads, can share a client.

    Raises:
        ApiTypeError: ``api_client`` is not an ``ApiClient``.
    """

    @accepts_only_declared_arguments
    def __init__(self, api_client: ApiClient | None = None) -> None:
        if not isinstance(api_client, (ApiClient, type(None))):  # pyright: ignore[reportUnnecessaryIsInstance]  # not all users check types
            raise ApiTypeError(
                f"api_client must be an ApiClient, got {type(api_client).__name__}: "
                "pass fastly.ApiClient(configuration)"
            )
        self.api_client = api_client or ApiClient()
