"""The billing operations: invoices by month and by id, and the month-to-date estimate."""

from __future__ import annotations

import http.client
import logging
import re
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, overload

from fastly.api_client import (
    CSV,
    JSON,
    PDF,
    ApiClient,
    Ask,
    Operation,
    Parameter,
    checks_arguments,
    identifier,
    text_of,
)
from fastly.exceptions import (
    ApiTypeError,
    ApiValueError,
    EstimatePendingException,
    TimeoutException,
)
from fastly.model.billing_estimate_response import BillingEstimateResponse
from fastly.model.billing_response import BillingResponse
from fastly.rest import LONGEST_PAUSE

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from fastly.api.options import (
        Async,
        AsyncFull,
        Csv,
        Data,
        Full,
        Json,
        Pdf,
        Raw,
        RawAsync,
        RawAsyncFull,
        RawFull,
    )
    from fastly.api_client import AsyncResult
    from fastly.deadline import Deadline
    from fastly.rest import Headers, RawResponse, Response

__all__ = ["BillingApi"]

log = logging.getLogger("fastly")

FIRST_POLL = 0.5  # seconds; an estimate usually takes under 5 seconds to make
LONGEST_POLL = 5.0  # seconds
SHORTEST_POLL = 0.1  # seconds, should the API ask to be asked again at once

_MONTH = re.compile(r"0?[1-9]|1[0-2]")
_YEAR = re.compile(r"[1-9][0-9]{3}")


def _number_text(name: str, value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise ApiTypeError(f"{name} is text or a whole number, not {value!r}")
    return text_of(name, value)


def _month(name: str, value: object) -> str:
    text = _number_text(name, value)
    if not _MONTH.fullmatch(text):
        raise ApiValueError(
            f"{name} is 1 to 12, as '05', '5' or 5, and not {value!r}; the year comes after it"
        )
    return text.zfill(2)


def _year(name: str, value: object) -> str:
    text = _number_text(name, value)
    if not _YEAR.fullmatch(text):
        raise ApiValueError(f"{name} has four digits, as '2020' or 2020, not {value!r}")
    return text


def _pauses() -> Iterator[float]:
    """Yield the seconds between one question and the next: 0.5, 1, 2, 4, then 5 each."""
    pause = FIRST_POLL
    while True:
        yield pause
        pause = min(pause * 2, LONGEST_POLL)


def _until_made(ask: Ask, deadline: Deadline, wait: float) -> Response:
    """Ask for an estimate until it is made: until then the API answers 202."""
    started = time.monotonic()
    pauses = _pauses()
    while (response := ask()).status == http.client.ACCEPTED:
        pending = response.as_error(EstimatePendingException)
        waited, of_call = time.monotonic() - started, deadline.left()
        seconds = _pause(pending.retry_after, next(pauses), min(wait - waited, of_call))
        if seconds is None or seconds >= of_call:
            pending.reason = (
                f"{response.reason or 'Accepted'}, and still being made after {waited:.1f} s"
            )
            if of_call < wait - waited:
                pending.advice = TimeoutException.advice
            raise pending
        log.info("the estimate is being made; asking again in %.2f s", seconds)
        time.sleep(seconds)
    return response


def _pause(asked: float | None, planned: float, left: float) -> float | None:
    """Return the seconds to wait before asking again, or None when the wait has ended.

    What the API asks for is never cut short; a pause of our own is, for one last question.
    """
    if asked is not None:
        seconds = max(asked, SHORTEST_POLL)
        return seconds if seconds <= min(left, LONGEST_PAUSE) else None
    return min(planned, left) if left > 0 else None


_GET_INVOICE = Operation(
    path="/billing/v2/year/{year}/month/{month}",
    parameters=(Parameter("month", _month), Parameter("year", _year)),
    model=BillingResponse,
    accepts=(JSON, CSV, PDF),
)
_GET_INVOICE_BY_ID = Operation(
    path="/billing/v2/account_customers/{customer_id}/invoices/{invoice_id}",
    parameters=(Parameter("customer_id", identifier), Parameter("invoice_id", _number_text)),
    model=BillingResponse,
    accepts=(JSON, CSV, PDF),
)
_GET_INVOICE_MTD = Operation(
    path="/billing/v2/account_customers/{customer_id}/mtd_invoice",
    parameters=(
        Parameter("customer_id", identifier),
        Parameter("month", _month, in_query=True),
        Parameter("year", _year, in_query=True),
    ),
    model=BillingEstimateResponse,
    accepts=(JSON,),
    exchange=_until_made,
)


class BillingApi:
    """Fastly's billing API.

    Args:
        api_client: The client to send requests with; None: a new one of the default
            configuration. One client serves any number of these, in any number of threads.

    Example:
        >>> with fastly.ApiClient() as api_client:
        ...     invoice = BillingApi(api_client).get_invoice("05", "2020")
        >>> invoice.total.cost
        1234.56
    """

    @checks_arguments
    def __init__(self, api_client: ApiClient | None = None) -> None:
        if not isinstance(api_client, (ApiClient, type(None))):  # pyright: ignore[reportUnnecessaryIsInstance]  # not all users check types
            raise ApiTypeError(
                f"api_client is an ApiClient, not of type {type(api_client).__name__}: "
                "pass fastly.ApiClient(configuration)"
            )
        self.api_client = api_client or ApiClient()

    @overload
    def get_invoice(
        self, month: str | int, year: str | int, *, _accept: Json = ..., **options: Unpack[Data]
    ) -> BillingResponse: ...
    @overload
    def get_invoice(
        self, month: str | int, year: str | int, *, _accept: Json = ..., **options: Unpack[Full]
    ) -> tuple[BillingResponse, int, Headers]: ...
    @overload
    def get_invoice(
        self, month: str | int, year: str | int, *, _accept: Json = ..., **options: Unpack[Async]
    ) -> AsyncResult[BillingResponse]: ...
    @overload
    def get_invoice(
        self,
        month: str | int,
        year: str | int,
        *,
        _accept: Json = ...,
        **options: Unpack[AsyncFull],
    ) -> AsyncResult[tuple[BillingResponse, int, Headers]]: ...
    @overload
    def get_invoice(
        self, month: str | int, year: str | int, *, _accept: Csv, **options: Unpack[Data]
    ) -> str: ...
    @overload
    def get_invoice(
        self, month: str | int, year: str | int, *, _accept: Csv, **options: Unpack[Full]
    ) -> tuple[str, int, Headers]: ...
    @overload
    def get_invoice(
        self, month: str | int, year: str | int, *, _accept: Csv, **options: Unpack[Async]
    ) -> AsyncResult[str]: ...
    @overload
    def get_invoice(
        self, month: str | int, year: str | int, *, _accept: Csv, **options: Unpack[AsyncFull]
    ) -> AsyncResult[tuple[str, int, Headers]]: ...
    @overload
    def get_invoice(
        self, month: str | int, year: str | int, *, _accept: Pdf, **options: Unpack[Data]
    ) -> bytes: ...
    @overload
    def get_invoice(
        self, month: str | int, year: str | int, *, _accept: Pdf, **options: Unpack[Full]
    ) -> tuple[bytes, int, Headers]: ...
    @overload
    def get_invoice(
        self, month: str | int, year: str | int, *, _accept: Pdf, **options: Unpack[Async]
    ) -> AsyncResult[bytes]: ...
    @overload
    def get_invoice(
        self, month: str | int, year: str | int, *, _accept: Pdf, **options: Unpack[AsyncFull]
    ) -> AsyncResult[tuple[bytes, int, Headers]]: ...
    @overload
    def get_invoice(
        self, month: str | int, year: str | int, **options: Unpack[Raw]
    ) -> RawResponse: ...
    @overload
    def get_invoice(
        self, month: str | int, year: str | int, **options: Unpack[RawFull]
    ) -> tuple[RawResponse, int, Headers]: ...
    @overload
    def get_invoice(
        self, month: str | int, year: str | int, **options: Unpack[RawAsync]
    ) -> AsyncResult[RawResponse]: ...
    @overload
    def get_invoice(
        self, month: str | int, year: str | int, **options: Unpack[RawAsyncFull]
    ) -> AsyncResult[tuple[RawResponse, int, Headers]]: ...
    @checks_arguments
    def get_invoice(
        self,
        month: str | int,
        year: str | int,
        *,
        _accept: str = JSON,
        _return_http_data_only: bool = True,
        _preload_content: bool = True,
        _request_timeout: float | tuple[float, float] | None = None,
        _check_input_type: bool = True,
        _check_return_type: bool = True,
        async_req: bool = False,
        _content_type: str | None = None,
        _host_index: int | None = None,
        _spec_property_naming: bool = False,
    ) -> BillingResponse | Any:
        """Get the invoice of a month, from the one the customer was created in to the present.

        Args:
            month: 1 to 12, as "05", "5" or 5. Months are counted in UTC.
            year: Four digits, as "2020" or 2020.
            _accept: "application/json" for a BillingResponse, "text/csv" for ``str``,
                "application/pdf" for ``bytes``.
            _return_http_data_only: False: return ``(data, status, headers)``.
            _preload_content: False: return the ``urllib3`` response of a 2xx answer, unread;
                the caller closes it.
            _request_timeout: Seconds for the whole call, with all tries, waits and sleeps; or
                ``(connect, read)``, seconds for each try. None: ``configuration.timeout``.
            _check_input_type: False: the arguments are sent as they are, if they are safe to.
            _check_return_type: False: a value of the wrong type is kept as it came, and logged.
            async_req: True: run on the client's threads and return an object with
                ``get(timeout)``, ``ready()``, ``successful()`` and ``wait(timeout)``. Its time
                begins when a thread takes it up.
            _content_type: Has no effect; nor have ``_host_index`` and ``_spec_property_naming``.
            _host_index: Has no effect.
            _spec_property_naming: Has no effect.

        Returns:
            A BillingResponse, or what the options ask for instead.

        Raises:
            ApiTypeError: An argument has the wrong type, or is not known; nothing was sent.
            ApiValueError: An argument or a setting cannot be used; nothing was sent.
            ApiException: The call failed; docs/errors.md tells which exception means what.
        """
        return self.api_client.call(_GET_INVOICE, locals())

    @overload
    def get_invoice_by_id(
        self,
        customer_id: str,
        invoice_id: str | int,
        *,
        _accept: Json = ...,
        **options: Unpack[Data],
    ) -> BillingResponse: ...
    @overload
    def get_invoice_by_id(
        self,
        customer_id: str,
        invoice_id: str | int,
        *,
        _accept: Json = ...,
        **options: Unpack[Full],
    ) -> tuple[BillingResponse, int, Headers]: ...
    @overload
    def get_invoice_by_id(
        self,
        customer_id: str,
        invoice_id: str | int,
        *,
        _accept: Json = ...,
        **options: Unpack[Async],
    ) -> AsyncResult[BillingResponse]: ...
    @overload
    def get_invoice_by_id(
        self,
        customer_id: str,
        invoice_id: str | int,
        *,
        _accept: Json = ...,
        **options: Unpack[AsyncFull],
    ) -> AsyncResult[tuple[BillingResponse, int, Headers]]: ...
    @overload
    def get_invoice_by_id(
        self, customer_id: str, invoice_id: str | int, *, _accept: Csv, **options: Unpack[Data]
    ) -> str: ...
    @overload
    def get_invoice_by_id(
        self, customer_id: str, invoice_id: str | int, *, _accept: Csv, **options: Unpack[Full]
    ) -> tuple[str, int, Headers]: ...
    @overload
    def get_invoice_by_id(
        self, customer_id: str, invoice_id: str | int, *, _accept: Csv, **options: Unpack[Async]
    ) -> AsyncResult[str]: ...
    @overload
    def get_invoice_by_id(
        self, customer_id: str, invoice_id: str | int, *, _accept: Csv, **options: Unpack[AsyncFull]
    ) -> AsyncResult[tuple[str, int, Headers]]: ...
    @overload
    def get_invoice_by_id(
        self, customer_id: str, invoice_id: str | int, *, _accept: Pdf, **options: Unpack[Data]
    ) -> bytes: ...
    @overload
    def get_invoice_by_id(
        self, customer_id: str, invoice_id: str | int, *, _accept: Pdf, **options: Unpack[Full]
    ) -> tuple[bytes, int, Headers]: ...
    @overload
    def get_invoice_by_id(
        self, customer_id: str, invoice_id: str | int, *, _accept: Pdf, **options: Unpack[Async]
    ) -> AsyncResult[bytes]: ...
    @overload
    def get_invoice_by_id(
        self, customer_id: str, invoice_id: str | int, *, _accept: Pdf, **options: Unpack[AsyncFull]
    ) -> AsyncResult[tuple[bytes, int, Headers]]: ...
    @overload
    def get_invoice_by_id(
        self, customer_id: str, invoice_id: str | int, **options: Unpack[Raw]
    ) -> RawResponse: ...
    @overload
    def get_invoice_by_id(
        self, customer_id: str, invoice_id: str | int, **options: Unpack[RawFull]
    ) -> tuple[RawResponse, int, Headers]: ...
    @overload
    def get_invoice_by_id(
        self, customer_id: str, invoice_id: str | int, **options: Unpack[RawAsync]
    ) -> AsyncResult[RawResponse]: ...
    @overload
    def get_invoice_by_id(
        self, customer_id: str, invoice_id: str | int, **options: Unpack[RawAsyncFull]
    ) -> AsyncResult[tuple[RawResponse, int, Headers]]: ...
    @checks_arguments
    def get_invoice_by_id(
        self,
        customer_id: str,
        invoice_id: str | int,
        *,
        _accept: str = JSON,
        _return_http_data_only: bool = True,
        _preload_content: bool = True,
        _request_timeout: float | tuple[float, float] | None = None,
        _check_input_type: bool = True,
        _check_return_type: bool = True,
        async_req: bool = False,
        _content_type: str | None = None,
        _host_index: int | None = None,
        _spec_property_naming: bool = False,
    ) -> BillingResponse | Any:
        """Get the invoice of an id.

        Args:
            customer_id: Id of the customer, of ``A-Z a-z 0-9 _ -``.
            invoice_id: Id of the invoice, likewise, or a whole number.
            _accept: "application/json" for a BillingResponse, "text/csv" for ``str``,
                "application/pdf" for ``bytes``.
            _return_http_data_only: False: return ``(data, status, headers)``.
            _preload_content: False: return the ``urllib3`` response of a 2xx answer, unread;
                the caller closes it.
            _request_timeout: Seconds for the whole call, with all tries, waits and sleeps; or
                ``(connect, read)``, seconds for each try. None: ``configuration.timeout``.
            _check_input_type: False: the arguments are sent as they are, if they are safe to.
            _check_return_type: False: a value of the wrong type is kept as it came, and logged.
            async_req: True: run on the client's threads and return an object with
                ``get(timeout)``, ``ready()``, ``successful()`` and ``wait(timeout)``. Its time
                begins when a thread takes it up.
            _content_type: Has no effect; nor have ``_host_index`` and ``_spec_property_naming``.
            _host_index: Has no effect.
            _spec_property_naming: Has no effect.

        Returns:
            A BillingResponse, or what the options ask for instead.

        Raises:
            ApiTypeError: An argument has the wrong type, or is not known; nothing was sent.
            ApiValueError: An argument or a setting cannot be used; nothing was sent.
            ApiException: The call failed; docs/errors.md tells which exception means what.
        """
        return self.api_client.call(_GET_INVOICE_BY_ID, locals())

    @overload
    def get_invoice_mtd(
        self,
        customer_id: str,
        *,
        _accept: Json = ...,
        month: str | int | None = ...,
        year: str | int | None = ...,
        _wait: float | None = ...,
        **options: Unpack[Data],
    ) -> BillingEstimateResponse: ...
    @overload
    def get_invoice_mtd(
        self,
        customer_id: str,
        *,
        _accept: Json = ...,
        month: str | int | None = ...,
        year: str | int | None = ...,
        _wait: float | None = ...,
        **options: Unpack[Full],
    ) -> tuple[BillingEstimateResponse, int, Headers]: ...
    @overload
    def get_invoice_mtd(
        self,
        customer_id: str,
        *,
        _accept: Json = ...,
        month: str | int | None = ...,
        year: str | int | None = ...,
        _wait: float | None = ...,
        **options: Unpack[Async],
    ) -> AsyncResult[BillingEstimateResponse]: ...
    @overload
    def get_invoice_mtd(
        self,
        customer_id: str,
        *,
        _accept: Json = ...,
        month: str | int | None = ...,
        year: str | int | None = ...,
        _wait: float | None = ...,
        **options: Unpack[AsyncFull],
    ) -> AsyncResult[tuple[BillingEstimateResponse, int, Headers]]: ...
    @overload
    def get_invoice_mtd(
        self,
        customer_id: str,
        *,
        month: str | int | None = ...,
        year: str | int | None = ...,
        _wait: float | None = ...,
        **options: Unpack[Raw],
    ) -> RawResponse: ...
    @overload
    def get_invoice_mtd(
        self,
        customer_id: str,
        *,
        month: str | int | None = ...,
        year: str | int | None = ...,
        _wait: float | None = ...,
        **options: Unpack[RawFull],
    ) -> tuple[RawResponse, int, Headers]: ...
    @overload
    def get_invoice_mtd(
        self,
        customer_id: str,
        *,
        month: str | int | None = ...,
        year: str | int | None = ...,
        _wait: float | None = ...,
        **options: Unpack[RawAsync],
    ) -> AsyncResult[RawResponse]: ...
    @overload
    def get_invoice_mtd(
        self,
        customer_id: str,
        *,
        month: str | int | None = ...,
        year: str | int | None = ...,
        _wait: float | None = ...,
        **options: Unpack[RawAsyncFull],
    ) -> AsyncResult[tuple[RawResponse, int, Headers]]: ...
    @checks_arguments
    def get_invoice_mtd(
        self,
        customer_id: str,
        *,
        month: str | int | None = None,
        year: str | int | None = None,
        _accept: str = JSON,
        _return_http_data_only: bool = True,
        _preload_content: bool = True,
        _request_timeout: float | tuple[float, float] | None = None,
        _check_input_type: bool = True,
        _check_return_type: bool = True,
        async_req: bool = False,
        _wait: float | None = None,
        _content_type: str | None = None,
        _host_index: int | None = None,
        _spec_property_naming: bool = False,
    ) -> BillingEstimateResponse | Any:
        """Get the estimate of a month to date, waiting while it is being made.

        The API usually takes under 5 seconds to make an estimate, and up to 60; it then keeps
        it for 4 hours. Some accounts have none: those whose parent account pays.

        Args:
            customer_id: Id of the customer, of ``A-Z a-z 0-9 _ -``.
            month: 1 to 12, as "05", "5" or 5. None: the API's choice, the present month.
            year: Four digits, as "2020" or 2020. None: the API's choice, the present year.
            _accept: "application/json", the only form there is.
            _return_http_data_only: False: return ``(data, status, headers)``.
            _preload_content: False: return the ``urllib3`` response of a 2xx answer, unread;
                the caller closes it.
            _request_timeout: Seconds for the whole call, with all tries, waits and sleeps; or
                ``(connect, read)``, seconds for each try. None: ``configuration.timeout``.
            _check_input_type: False: the arguments are sent as they are, if they are safe to.
            _check_return_type: False: a value of the wrong type is kept as it came, and logged.
            async_req: True: run on the client's threads and return an object with
                ``get(timeout)``, ``ready()``, ``successful()`` and ``wait(timeout)``. Its time
                begins when a thread takes it up.
            _content_type: Has no effect; nor have ``_host_index`` and ``_spec_property_naming``.
            _host_index: Has no effect.
            _spec_property_naming: Has no effect.
            _wait: Seconds to keep asking while the API answers 202; 0: not at all. None:
                ``configuration.estimate_wait``.

        Returns:
            A BillingEstimateResponse, or what the options ask for instead.

        Raises:
            ApiTypeError: An argument has the wrong type, or is not known; nothing was sent.
            ApiValueError: An argument or a setting cannot be used; nothing was sent.
            EstimatePendingException: The estimate was still being made when the wait ended.
            ApiException: The call failed; docs/errors.md tells which exception means what.
        """
        return self.api_client.call(_GET_INVOICE_MTD, locals())
