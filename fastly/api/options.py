"""What the options of a call make of its result. For type checkers alone: nothing runs here."""

from __future__ import annotations

from typing import Literal

from typing_extensions import Required, TypedDict

Json = Literal["application/json"]
Csv = Literal["text/csv"]
Pdf = Literal["application/pdf"]


class _Options(TypedDict, total=False):
    """The options that leave the type of the result as it is."""

    _request_timeout: float | tuple[float, float] | None
    _check_input_type: bool
    _check_return_type: bool
    _content_type: str | None
    _host_index: int | None
    _spec_property_naming: bool


class Data(_Options, total=False):
    """The result itself."""

    _return_http_data_only: Literal[True]
    _preload_content: Literal[True]
    async_req: Literal[False]


class Full(_Options, total=False):
    """The result, the status and the headers."""

    _return_http_data_only: Required[Literal[False]]
    _preload_content: Literal[True]
    async_req: Literal[False]


class Async(_Options, total=False):
    """The result, later."""

    _return_http_data_only: Literal[True]
    _preload_content: Literal[True]
    async_req: Required[Literal[True]]


class AsyncFull(_Options, total=False):
    """The result, the status and the headers, later."""

    _return_http_data_only: Required[Literal[False]]
    _preload_content: Literal[True]
    async_req: Required[Literal[True]]


class Raw(_Options, total=False):
    """The response of urllib3, unread."""

    _accept: Json | Csv | Pdf
    _return_http_data_only: Literal[True]
    _preload_content: Required[Literal[False]]
    async_req: Literal[False]


class RawFull(_Options, total=False):
    """The response of urllib3, unread, the status and the headers."""

    _accept: Json | Csv | Pdf
    _return_http_data_only: Required[Literal[False]]
    _preload_content: Required[Literal[False]]
    async_req: Literal[False]


class RawAsync(_Options, total=False):
    """The response of urllib3, unread, later."""

    _accept: Json | Csv | Pdf
    _return_http_data_only: Literal[True]
    _preload_content: Required[Literal[False]]
    async_req: Required[Literal[True]]


class RawAsyncFull(_Options, total=False):
    """The response of urllib3, unread, the status and the headers, later."""

    _accept: Json | Csv | Pdf
    _return_http_data_only: Required[Literal[False]]
    _preload_content: Required[Literal[False]]
    async_req: Required[Literal[True]]
