"""What a call returns, by its options. Only type checkers read this: nothing here runs.

To a type checker an operation is a ``Call`` of its arguments ``P`` and its model ``M``. One
protocol for all would be shorter, but mypy would print twice as many variants for each mistake.

The plain form stands first and is checked completely. With ``_return_http_data_only=False``,
``_preload_content=False``, ``async_req=True`` or another ``_accept`` the result has the right
type, options and the names of arguments are checked, and the values of arguments are checked when
the call is made: a ParamSpec cannot stand next to further keywords (PEP 612). A plain ``Callable``
prints shorter errors, but takes each of those calls for a mistake (docs/development/testing.md).
"""

from __future__ import annotations

from typing import Any, Literal, ParamSpec, Protocol, TypedDict, TypeVar, overload

from typing_extensions import Never, TypeAliasType, Unpack

from fastly._operations.options import Csv, Json, Pdf
from fastly._transport import Headers, RawResponse
from fastly._transport.async_result import AsyncResult
from fastly.configuration.checks import Timeout

__all__ = ["Call", "Document", "DocumentMethod", "ExportMethod", "Method"]

P = ParamSpec("P")
M = TypeVar("M")
T = TypeVar("T")
F = TypeVar("F", contravariant=True)
On = Literal[True]
Off = Literal[False]
Full = tuple[T, int, Headers]
Later = AsyncResult[T]


class Arguments(TypedDict, total=False):
    """The other options, and the arguments of all operations, by name."""

    _check_input_type: bool
    _check_return_type: bool
    _content_type: str
    _from: Any
    _host_index: int | None
    _request_timeout: Timeout | None
    _spec_property_naming: bool
    _wait: float | None
    billable_units: Any
    billing_end_date: Any
    billing_start_date: Any
    cursor: Any
    customer_address: Any
    customer_id: Any
    end_month: Any
    granularity: Any
    invoice_id: Any
    key: Any
    limit: Any
    model: Any
    month: Any
    product_id: Any
    provider: Any
    service: Any
    sort: Any
    start_month: Any
    to: Any
    type: Any
    usage_type_name: Any
    year: Any


# fmt: off


class Call(Protocol[P, M]):
    """An operation that returns JSON."""

    @overload
    def __call__(self, *args: P.args, **options: P.kwargs) -> M: ...
    @overload
    def __call__(self, *args: Any, _accept: Json = ..., _preload_content: On = ...,
        _return_http_data_only: On = ..., async_req: On,
        **options: Unpack[Arguments]) -> Later[M]: ...
    @overload
    def __call__(self, *args: Any, _accept: Json = ..., _preload_content: On = ...,
        _return_http_data_only: Off, async_req: Off = ...,
        **options: Unpack[Arguments]) -> Full[M]: ...
    @overload
    def __call__(self, *args: Any, _accept: Json = ..., _preload_content: On = ...,
        _return_http_data_only: Off, async_req: On,
        **options: Unpack[Arguments]) -> Later[Full[M]]: ...
    @overload
    def __call__(self, *args: Any, _preload_content: Off,
        _return_http_data_only: On = ..., async_req: Off = ...,
        **options: Unpack[Arguments]) -> RawResponse: ...
    @overload
    def __call__(self, *args: Any, _preload_content: Off,
        _return_http_data_only: On = ..., async_req: On,
        **options: Unpack[Arguments]) -> Later[RawResponse]: ...
    @overload
    def __call__(self, *args: Any, _preload_content: Off,
        _return_http_data_only: Off, async_req: Off = ...,
        **options: Unpack[Arguments]) -> Full[RawResponse]: ...
    @overload
    def __call__(self, *args: Any, _preload_content: Off,
        _return_http_data_only: Off, async_req: On,
        **options: Unpack[Arguments]) -> Later[Full[RawResponse]]: ...
    def __call__(self, *args: Any, **options: Any) -> Any:
        """Send the request; ``fastly._operations.options.Options`` documents the options."""


class Document(Protocol[P, M, F]):
    """An operation that also returns CSV, and PDF if ``F`` is ``Pdf`` and not ``Never``."""

    @overload
    def __call__(self, *args: P.args, **options: P.kwargs) -> M: ...
    @overload
    def __call__(self, *args: Any, _accept: Json = ..., _preload_content: On = ...,
        _return_http_data_only: On = ..., async_req: On,
        **options: Unpack[Arguments]) -> Later[M]: ...
    @overload
    def __call__(self, *args: Any, _accept: Json = ..., _preload_content: On = ...,
        _return_http_data_only: Off, async_req: Off = ...,
        **options: Unpack[Arguments]) -> Full[M]: ...
    @overload
    def __call__(self, *args: Any, _accept: Json = ..., _preload_content: On = ...,
        _return_http_data_only: Off, async_req: On,
        **options: Unpack[Arguments]) -> Later[Full[M]]: ...
    @overload
    def __call__(self, *args: Any, _accept: Csv, _preload_content: On = ...,
        _return_http_data_only: On = ..., async_req: Off = ...,
        **options: Unpack[Arguments]) -> str: ...
    @overload
    def __call__(self, *args: Any, _accept: Csv, _preload_content: On = ...,
        _return_http_data_only: On = ..., async_req: On,
        **options: Unpack[Arguments]) -> Later[str]: ...
    @overload
    def __call__(self, *args: Any, _accept: Csv, _preload_content: On = ...,
        _return_http_data_only: Off, async_req: Off = ...,
        **options: Unpack[Arguments]) -> Full[str]: ...
    @overload
    def __call__(self, *args: Any, _accept: Csv, _preload_content: On = ...,
        _return_http_data_only: Off, async_req: On,
        **options: Unpack[Arguments]) -> Later[Full[str]]: ...
    @overload
    def __call__(self, *args: Any, _accept: F, _preload_content: On = ...,
        _return_http_data_only: On = ..., async_req: Off = ...,
        **options: Unpack[Arguments]) -> bytes: ...
    @overload
    def __call__(self, *args: Any, _accept: F, _preload_content: On = ...,
        _return_http_data_only: On = ..., async_req: On,
        **options: Unpack[Arguments]) -> Later[bytes]: ...
    @overload
    def __call__(self, *args: Any, _accept: F, _preload_content: On = ...,
        _return_http_data_only: Off, async_req: Off = ...,
        **options: Unpack[Arguments]) -> Full[bytes]: ...
    @overload
    def __call__(self, *args: Any, _accept: F, _preload_content: On = ...,
        _return_http_data_only: Off, async_req: On,
        **options: Unpack[Arguments]) -> Later[Full[bytes]]: ...
    @overload
    def __call__(self, *args: Any, _preload_content: Off,
        _return_http_data_only: On = ..., async_req: Off = ...,
        **options: Unpack[Arguments]) -> RawResponse: ...
    @overload
    def __call__(self, *args: Any, _preload_content: Off,
        _return_http_data_only: On = ..., async_req: On,
        **options: Unpack[Arguments]) -> Later[RawResponse]: ...
    @overload
    def __call__(self, *args: Any, _preload_content: Off,
        _return_http_data_only: Off, async_req: Off = ...,
        **options: Unpack[Arguments]) -> Full[RawResponse]: ...
    @overload
    def __call__(self, *args: Any, _preload_content: Off,
        _return_http_data_only: Off, async_req: On,
        **options: Unpack[Arguments]) -> Later[Full[RawResponse]]: ...
    def __call__(self, *args: Any, **options: Any) -> Any:
        """Send the request; ``fastly._operations.options.Options`` documents the options."""


# fmt: on

# Editors that cannot follow these aliases, such as those that use jedi, show the declaration
# itself: its parameters and its documentation.
Method = TypeAliasType("Method", Call[P, M], type_params=(P, M))
DocumentMethod = TypeAliasType("DocumentMethod", Document[P, M, Pdf], type_params=(P, M))
ExportMethod = TypeAliasType("ExportMethod", Document[P, M, Never], type_params=(P, M))
