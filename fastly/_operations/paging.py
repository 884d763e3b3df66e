"""Items over all pages of a list, one page in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from itertools import chain, repeat
from typing import (
    TYPE_CHECKING,
    Any,
    Concatenate,
    Generic,
    NoReturn,
    ParamSpec,
    Protocol,
    TypeVar,
    cast,
)

from fastly._models import Model
from fastly._models.plain import is_list
from fastly._operations.arguments import check_cursor, check_month_of_year
from fastly._operations.declarations import Operation, method_of
from fastly._operations.options import PAGE_DEFAULTS, PageOptions, checked
from fastly._signatures import Parameters
from fastly._text import shown
from fastly.exceptions import ApiTypeError, ApiValueError, ResponseException

if TYPE_CHECKING:
    from typing_extensions import Self

    from fastly._operations.results import Call

__all__ = ["Paged", "by_cursor", "by_months", "by_months_and_cursor", "paged"]

P = ParamSpec("P")
Q = ParamSpec("Q")
T = TypeVar("T")
PageT = TypeVar("PageT", bound=Model)
PageT_co = TypeVar("PageT_co", bound=Model, covariant=True)

_MONTHS_OF_A_PAGE = 3  # the API returns at most three months of usage metrics at once


class Fetch(Protocol[PageT_co]):
    """Requests one page; arguments by name replace those of the iteration."""

    def __call__(self, **changes: Any) -> tuple[PageT_co, int, Mapping[str, str], str]:
        """Return the page, the status and the headers of its response, and its URL."""
        ...


Received = tuple[PageT, int, Mapping[str, str], str]
Pages = Callable[[Fetch[PageT], dict[str, Any]], Iterator[PageT]]


class Paged(Iterator[T], Generic[T, PageT]):
    """Items over all pages: an iterator that requests a page when it is needed.

    Iterate over it for the items, or over ``by_page()`` for whole pages. If a request fails,
    ``next()`` raises; call ``next()`` again to request the same page again. Only one page is in
    memory at a time.

    Example:
        >>> for invoice in api.iter_invoices(billing_start_date="2026-01-01"):
        ...     print(invoice.invoice_id)
    """

    def __init__(
        self,
        pages: Callable[[], Iterator[PageT]],
        items: Callable[[PageT], Iterable[T | None] | None],
    ) -> None:
        self._pages, self._items_of = pages, items
        self._rest = pages()
        self._items: Iterator[T | None] = iter(())

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> T:
        while True:
            for item in self._items:
                if item is not None:
                    return item
            self._items = iter(self._items_of(next(self._rest)) or ())

    def by_page(self) -> Iterator[PageT]:
        """Return an iterator over whole pages, starting with the first requested one.

        ``meta.next_cursor`` of a page, passed as ``cursor``, resumes after that page, also in
        another process.
        """
        return self._pages()


class _CursorPages(Iterator[PageT]):
    """Pages that each name the cursor of the next."""

    def __init__(
        self,
        fetch: Fetch[PageT],
        cursor: str | None,
        next_cursor: Callable[[PageT], str | None],
    ) -> None:
        self._fetch, self._next_cursor = fetch, next_cursor
        self._cursor = cursor
        self._used: set[str | None] = set()
        self._done = False

    def __next__(self) -> PageT:
        if self._done:
            raise StopIteration
        received = self._fetch(cursor=self._cursor)
        cursor = self._following(received)
        if cursor and (cursor == self._cursor or cursor in self._used):
            _refuse(received, f"the page repeats the cursor {shown(cursor)}, which was used before")
        self._used.add(self._cursor)
        self._cursor, self._done = cursor, not cursor
        return received[0]

    def _following(self, received: Received[PageT]) -> str | None:
        """Return the cursor of the next page, after checking that a request can send it."""
        cursor = _part(received, self._next_cursor, "cursor")
        try:
            return None if cursor is None else check_cursor("the cursor of the next page", cursor)
        except (ApiTypeError, ApiValueError) as error:
            _refuse(received, str(error), error)


class _MonthPages(Iterator[PageT]):
    """Pages of up to three months each, from the first month to the last."""

    def __init__(self, fetch: Fetch[PageT], arguments: dict[str, Any]) -> None:
        self._fetch, self._spans = fetch, _spans(arguments)

    def __next__(self) -> PageT:
        if not self._spans:
            raise StopIteration
        page, *_ = self._fetch(**self._spans[0])
        del self._spans[0]
        return page


class _SpanPages(Iterator[PageT]):
    """The pages of each span of months, one span after the other.

    Unlike those of a generator, they go on after a failure.
    """

    def __init__(self, spans: Iterable[Iterator[PageT]]) -> None:
        self._spans = iter(spans)
        self._pages: Iterator[PageT] = iter(())

    def __next__(self) -> PageT:
        while True:
            try:
                return next(self._pages)
            except StopIteration:
                self._pages = next(self._spans)


def _part(received: Received[PageT], find: Callable[[PageT], T], name: str) -> T:
    """Return a part of a page, which can have any type with ``_check_return_type=False``."""
    try:
        return find(received[0])
    except (AttributeError, TypeError) as error:
        _refuse(received, f"the page has no readable {name}: {error}", error)


def _refuse(received: Received[Any], why: str, cause: Exception | None = None) -> NoReturn:
    """Raise the exception for a page that iteration cannot use; it keeps the page."""
    page, status, headers, url = received
    raise ResponseException(status, why, headers=headers, body=page.to_json(), url=url) from cause


def _spans(arguments: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the months of each request, from ``start_month`` to ``end_month``."""
    names = ("start_month", "end_month")
    start, end = (check_month_of_year(name, arguments[name]) for name in names)
    if start > end:
        raise ApiValueError(f"start_month must not be after end_month, got {start!r} and {end!r}")
    last = _number_of(end)
    return [
        {
            "start_month": _month_of(first),
            "end_month": _month_of(min(first + _MONTHS_OF_A_PAGE - 1, last)),
        }
        for first in range(_number_of(start), last + 1, _MONTHS_OF_A_PAGE)
    ]


def _number_of(month: str) -> int:
    return int(month[:4]) * 12 + int(month[5:]) - 1


def _month_of(number: int) -> str:
    return f"{number // 12}-{number % 12 + 1:02}"


def by_cursor(next_cursor: Callable[[PageT], str | None]) -> Pages[PageT]:
    """Follow the cursor that ``next_cursor`` finds on each page."""
    return lambda fetch, arguments: _CursorPages(fetch, arguments["cursor"], next_cursor)


def by_months(fetch: Fetch[PageT], arguments: dict[str, Any]) -> Iterator[PageT]:
    """Request three months at a time, from ``start_month`` to ``end_month``."""
    return _MonthPages(fetch, arguments)


def by_months_and_cursor(next_cursor: Callable[[PageT], str | None]) -> Pages[PageT]:
    """Request three months at a time, and in each span follow the cursor.

    Without both months there is one span. A cursor resumes in the first span, so ``start_month``
    is then the month in which the span of the cursor's page starts.
    """

    def pages(fetch: Fetch[PageT], arguments: dict[str, Any]) -> Iterator[PageT]:
        if arguments["start_month"] is None or arguments["end_month"] is None:
            return _CursorPages(fetch, arguments["cursor"], next_cursor)
        cursors = chain([arguments["cursor"]], repeat(None))
        return _SpanPages(
            _CursorPages(partial(fetch, **months), cursor, next_cursor)
            for months, cursor in zip(_spans(arguments), cursors, strict=False)
        )

    return pages


def paged(
    operation: Call[P, PageT],
    pages: Pages[PageT],
    items: Callable[[PageT], Iterable[T | None] | None],
) -> Callable[
    [Callable[Concatenate[Any, Q], Paged[T, PageT]]],
    Callable[Concatenate[Any, Q], Paged[T, PageT]],
]:
    """Turn a declaration into a method that returns the items of all pages.

    Args:
        operation: Requests one page.
        pages: Which pages to request: ``by_cursor(...)`` or ``by_months``.
        items: Returns the items of a page.
    """
    one_page = cast("Callable[..., tuple[PageT, int, Mapping[str, str]]]", operation)
    described: Operation = vars(operation)["operation"]

    def decorate(
        declared: Callable[Concatenate[Any, Q], Paged[T, PageT]],
    ) -> Callable[Concatenate[Any, Q], Paged[T, PageT]]:
        required = described.required
        own = (*(x.name for x in described.sent), *PAGE_DEFAULTS)
        parameters = Parameters(declared.__name__, required, required, own)

        def method(self: Any, /, *given: object, **named: object) -> Paged[T, PageT]:
            passed = parameters.named(given, named)
            arguments = checked(described.arguments((), passed), described.accepts)
            self.api_client.target(described, arguments)  # refuses invalid arguments at once

            def fetch(**changes: Any) -> Received[PageT]:
                named = {**passed, **changes}
                target = self.api_client.target(described, described.arguments((), named))
                page, status, headers = one_page(self, **named, _return_http_data_only=False)
                received = page, status, headers, self.api_client.configuration.host + target
                found = _part(received, items, "items")
                if not (found is None or is_list(found)):
                    _refuse(received, f"expected a list of items, got {shown(found)}")
                return received

            return Paged(lambda: pages(fetch, arguments), items)

        described_method: Callable[Concatenate[Any, Q], Paged[T, PageT]] = method_of(
            declared, method, PAGE_DEFAULTS, PageOptions, described
        )
        return described_method

    return decorate
