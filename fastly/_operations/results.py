"""What a call returns, by its options. Only type checkers read this: nothing here runs.

To a type checker an operation is a ``Call`` of its arguments ``P`` and its model ``M``. The plain
form stands first and is checked completely. With ``_return_http_data_only=False``,
``_preload_content=False``, ``async_req=True`` or another ``_accept`` the result has the right
type, options are checked, and arguments are checked when the call is made: a ParamSpec cannot
stand next to further keywords (PEP 612).
"""

from __future__ import annotations

from typing import Any, Literal, ParamSpec, Protocol, TypeVar, overload

from typing_extensions import TypeAliasType

from fastly._operations.options import Csv, Json, Pdf
from fastly._transport import Headers, RawResponse
from fastly._transport.async_result import AsyncResult

__all__ = ["Call", "Document", "DocumentMethod", "Export", "ExportMethod", "Method"]

P = ParamSpec("P")
M = TypeVar("M")
T = TypeVar("T")
On = Literal[True]
Off = Literal[False]
Full = tuple[T, int, Headers]
Later = AsyncResult[T]

# fmt: off


class Call(Protocol[P, M]):
    """An operation that returns JSON."""

    @overload
    def __call__(self, *args: P.args, **options: P.kwargs) -> M: ...
    @overload
    def __call__(self, *args: Any, _accept: Json = ..., _preload_content: On = ...,
        _return_http_data_only: On = ..., async_req: On, **options: Any) -> Later[M]: ...
    @overload
    def __call__(self, *args: Any, _accept: Json = ..., _preload_content: On = ...,
        _return_http_data_only: Off, async_req: Off = ..., **options: Any) -> Full[M]: ...
    @overload
    def __call__(self, *args: Any, _accept: Json = ..., _preload_content: On = ...,
        _return_http_data_only: Off, async_req: On, **options: Any) -> Later[Full[M]]: ...
    @overload
    def __call__(self, *args: Any, _preload_content: Off,
        _return_http_data_only: On = ..., async_req: Off = ..., **options: Any) -> RawResponse: ...
    @overload
    def __call__(self, *args: Any, _preload_content: Off,
        _return_http_data_only: On = ..., async_req: On, **options: Any) -> Later[RawResponse]: ...
    @overload
    def __call__(self, *args: Any, _preload_content: Off,
        _return_http_data_only: Off, async_req: Off = ..., **options: Any) -> Full[RawResponse]: ...
    @overload
    def __call__(self, *args: Any, _preload_content: Off,
        _return_http_data_only: Off, async_req: On, **options: Any) -> Later[Full[RawResponse]]: ...
    def __call__(self, *args: Any, **options: Any) -> Any:
        """Send the request; ``fastly._operations.options.Options`` documents the options."""


class Export(Protocol[P, M]):
    """An operation that also returns CSV."""

    @overload
    def __call__(self, *args: P.args, **options: P.kwargs) -> M: ...
    @overload
    def __call__(self, *args: Any, _accept: Json = ..., _preload_content: On = ...,
        _return_http_data_only: On = ..., async_req: On, **options: Any) -> Later[M]: ...
    @overload
    def __call__(self, *args: Any, _accept: Json = ..., _preload_content: On = ...,
        _return_http_data_only: Off, async_req: Off = ..., **options: Any) -> Full[M]: ...
    @overload
    def __call__(self, *args: Any, _accept: Json = ..., _preload_content: On = ...,
        _return_http_data_only: Off, async_req: On, **options: Any) -> Later[Full[M]]: ...
    @overload
    def __call__(self, *args: Any, _accept: Csv, _preload_content: On = ...,
        _return_http_data_only: On = ..., async_req: Off = ..., **options: Any) -> str: ...
    @overload
    def __call__(self, *args: Any, _accept: Csv, _preload_content: On = ...,
        _return_http_data_only: On = ..., async_req: On, **options: Any) -> Later[str]: ...
    @overload
    def __call__(self, *args: Any, _accept: Csv, _preload_content: On = ...,
        _return_http_data_only: Off, async_req: Off = ..., **options: Any) -> Full[str]: ...
    @overload
    def __call__(self, *args: Any, _accept: Csv, _preload_content: On = ...,
        _return_http_data_only: Off, async_req: On, **options: Any) -> Later[Full[str]]: ...
    @overload
    def __call__(self, *args: Any, _preload_content: Off,
        _return_http_data_only: On = ..., async_req: Off = ..., **options: Any) -> RawResponse: ...
    @overload
    def __call__(self, *args: Any, _preload_content: Off,
        _return_http_data_only: On = ..., async_req: On, **options: Any) -> Later[RawResponse]: ...
    @overload
    def __call__(self, *args: Any, _preload_content: Off,
        _return_http_data_only: Off, async_req: Off = ..., **options: Any) -> Full[RawResponse]: ...
    @overload
    def __call__(self, *args: Any, _preload_content: Off,
        _return_http_data_only: Off, async_req: On, **options: Any) -> Later[Full[RawResponse]]: ...
    def __call__(self, *args: Any, **options: Any) -> Any:
        """Send the request; ``fastly._operations.options.Options`` documents the options."""


class Document(Protocol[P, M]):
    """An operation that also returns CSV and PDF."""

    @overload
    def __call__(self, *args: P.args, **options: P.kwargs) -> M: ...
    @overload
    def __call__(self, *args: Any, _accept: Json = ..., _preload_content: On = ...,
        _return_http_data_only: On = ..., async_req: On, **options: Any) -> Later[M]: ...
    @overload
    def __call__(self, *args: Any, _accept: Json = ..., _preload_content: On = ...,
        _return_http_data_only: Off, async_req: Off = ..., **options: Any) -> Full[M]: ...
    @overload
    def __call__(self, *args: Any, _accept: Json = ..., _preload_content: On = ...,
        _return_http_data_only: Off, async_req: On, **options: Any) -> Later[Full[M]]: ...
    @overload
    def __call__(self, *args: Any, _accept: Csv, _preload_content: On = ...,
        _return_http_data_only: On = ..., async_req: Off = ..., **options: Any) -> str: ...
    @overload
    def __call__(self, *args: Any, _accept: Csv, _preload_content: On = ...,
        _return_http_data_only: On = ..., async_req: On, **options: Any) -> Later[str]: ...
    @overload
    def __call__(self, *args: Any, _accept: Csv, _preload_content: On = ...,
        _return_http_data_only: Off, async_req: Off = ..., **options: Any) -> Full[str]: ...
    @overload
    def __call__(self, *args: Any, _accept: Csv, _preload_content: On = ...,
        _return_http_data_only: Off, async_req: On, **options: Any) -> Later[Full[str]]: ...
    @overload
    def __call__(self, *args: Any, _accept: Pdf, _preload_content: On = ...,
        _return_http_data_only: On = ..., async_req: Off = ..., **options: Any) -> bytes: ...
    @overload
    def __call__(self, *args: Any, _accept: Pdf, _preload_content: On = ...,
        _return_http_data_only: On = ..., async_req: On, **options: Any) -> Later[bytes]: ...
    @overload
    def __call__(self, *args: Any, _accept: Pdf, _preload_content: On = ...,
        _return_http_data_only: Off, async_req: Off = ..., **options: Any) -> Full[bytes]: ...
    @overload
    def __call__(self, *args: Any, _accept: Pdf, _preload_content: On = ...,
        _return_http_data_only: Off, async_req: On, **options: Any) -> Later[Full[bytes]]: ...
    @overload
    def __call__(self, *args: Any, _preload_content: Off,
        _return_http_data_only: On = ..., async_req: Off = ..., **options: Any) -> RawResponse: ...
    @overload
    def __call__(self, *args: Any, _preload_content: Off,
        _return_http_data_only: On = ..., async_req: On, **options: Any) -> Later[RawResponse]: ...
    @overload
    def __call__(self, *args: Any, _preload_content: Off,
        _return_http_data_only: Off, async_req: Off = ..., **options: Any) -> Full[RawResponse]: ...
    @overload
    def __call__(self, *args: Any, _preload_content: Off,
        _return_http_data_only: Off, async_req: On, **options: Any) -> Later[Full[RawResponse]]: ...
    def __call__(self, *args: Any, **options: Any) -> Any:
        """Send the request; ``fastly._operations.options.Options`` documents the options."""


# fmt: on

# Editors that cannot follow these aliases, such as those that use jedi, show the declaration
# itself: its parameters and its documentation.
Method = TypeAliasType("Method", Call[P, M], type_params=(P, M))
DocumentMethod = TypeAliasType("DocumentMethod", Document[P, M], type_params=(P, M))
ExportMethod = TypeAliasType("ExportMethod", Export[P, M], type_params=(P, M))
