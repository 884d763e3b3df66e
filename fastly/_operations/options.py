"""The options that every operation takes by name: declared, documented and checked once."""

from __future__ import annotations

from typing import Any, Literal, NoReturn, TypedDict

from fastly._text import shown
from fastly.configuration.checks import Timeout, check_flag, check_timeout, check_wait
from fastly.exceptions import ApiValueError

__all__ = [
    "CSV",
    "DEFAULTS",
    "JSON",
    "PAGE_DEFAULTS",
    "PDF",
    "Options",
    "PageOptions",
    "checked",
    "page_request",
    "request",
]

Json = Literal["application/json"]
Csv = Literal["text/csv"]
Pdf = Literal["application/pdf"]
JSON: Json = "application/json"
CSV: Csv = "text/csv"
PDF: Pdf = "application/pdf"


class PageOptions(TypedDict, total=False):
    """Options, by name.

    _request_timeout: Seconds for the whole request of a page, including attempts, waits and
        sleeps; or ``(connect, read)``, seconds for each attempt. Default:
        ``configuration.timeout``.
    _check_input_type: False: send the arguments as given, if they are safe in a URL.
    _check_return_type: False: keep a value of the wrong type as it was sent, and log it.

    Raises:
        ApiTypeError: An argument has the wrong type or an unknown name; nothing was sent.
        ApiValueError: An argument or a setting has an unusable value; nothing was sent.
        ApiException: A request failed. ``next()`` requests that page again.
    """

    _request_timeout: Timeout | None
    _check_input_type: bool
    _check_return_type: bool


class Options(PageOptions, total=False):
    """Options, by name.

    _accept: Format of the response: "application/json" for the model. Invoices of the retired
        API are also "text/csv" (``str``) and "application/pdf" (``bytes``).
        A CSV that a front server has truncated, and passed on with a length as if it were whole,
        cannot be told from a complete one; JSON can.
    _return_http_data_only: False: return ``(data, status, headers)``.
    _preload_content: False: return the unread ``urllib3`` response of a 2xx; the caller closes
        it.
    _request_timeout: Seconds for the whole call, including attempts, waits and sleeps; or
        ``(connect, read)``, seconds for each attempt. Default: ``configuration.timeout``.
    _check_input_type: False: send the arguments as given, if they are safe in a URL.
    _check_return_type: False: keep a value of the wrong type as it was sent, and log it.
    async_req: True: run on the client's threads, and return an object with ``get(timeout)``,
        ``ready()``, ``successful()`` and ``wait(timeout)``. ``ApiClient(pool_threads=...)`` is
        the number of calls that run at the same time, by default 1.
    _content_type: No effect, like the two below; accepted for code written for other clients.
    _host_index: No effect.
    _spec_property_naming: No effect.

    Raises:
        ApiTypeError: An argument has the wrong type or an unknown name; nothing was sent.
        ApiValueError: An argument or a setting has an unusable value; nothing was sent.
        ApiException: The call failed; see ``fastly.exceptions`` for what each class means.
    """

    _accept: Json
    _return_http_data_only: Literal[True]
    _preload_content: Literal[True]
    async_req: Literal[False]
    _content_type: str | None
    _host_index: int | None
    _spec_property_naming: bool


def page_request(
    *,
    _request_timeout: Timeout | None = None,
    _check_input_type: bool = True,
    _check_return_type: bool = True,
) -> NoReturn:
    """Stand for the requests in the declaration of an iterator, which never runs.

    Editors that do not know ``Unpack`` find the options here.
    """
    raise RuntimeError("a declaration does not run")


def request(
    *,
    _accept: Json = JSON,
    _return_http_data_only: bool = True,
    _preload_content: bool = True,
    _request_timeout: Timeout | None = None,
    _check_input_type: bool = True,
    _check_return_type: bool = True,
    async_req: bool = False,  # noqa: ARG001  # the official name, which has no underscore
    _content_type: str | None = None,
    _host_index: int | None = None,
    _spec_property_naming: bool = False,
) -> NoReturn:
    """Stand for the request in the declaration of an operation, which never runs.

    Editors that do not know ``Unpack`` find the options here.
    """
    raise RuntimeError("a declaration does not run")


DEFAULTS: dict[str, Any] = dict(request.__kwdefaults__ or {})
PAGE_DEFAULTS: dict[str, Any] = dict(page_request.__kwdefaults__ or {})
_FLAGS = (
    "_return_http_data_only",
    "_preload_content",
    "_check_input_type",
    "_check_return_type",
    "async_req",
)


def checked(arguments: dict[str, Any], accepts: tuple[str, ...]) -> dict[str, Any]:
    """Return the arguments of a call after checking the options among them."""
    for name in _FLAGS:
        if arguments[name] is not True and arguments[name] is not False:
            check_flag(name, arguments[name])
    for name, check in (("_request_timeout", check_timeout), ("_wait", check_wait)):
        if arguments.get(name) is not None:
            arguments[name] = check(name, arguments[name])
    if arguments["_accept"] not in accepts:
        allowed = " or ".join(accepts)
        raise ApiValueError(f"_accept must be {allowed}, got {shown(arguments['_accept'])}")
    return arguments
