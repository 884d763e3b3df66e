"""Items over all pages of a list, one page in memory."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from operator import itemgetter
from threading import Lock
from typing import (
    TYPE_CHECKING,
    Any,
    Concatenate,
    Generic,
    NoReturn,
    ParamSpec,
    TypeVar,
    cast,
)

from fastly._models import Model
from fastly._models.plain import is_list
from fastly._operations.declarations import Operation, method_of
from fastly._operations.options import PAGE_DEFAULTS, PageOptions
from fastly._operations.steps import Position, Steps
from fastly._signatures import Parameters
from fastly._text import shown
from fastly.exceptions import ApiTypeError, ApiValueError, ResponseException

if TYPE_CHECKING:
    from typing_extensions import Self

    from fastly._operations.results import Call

__all__ = ["Items", "Paged", "paged", "total_of"]

P = ParamSpec("P")
Q = ParamSpec("Q")
T = TypeVar("T")
PageT = TypeVar("PageT", bound=Model)

_MOST_EMPTY_PAGES = 100  # in a row; _request_timeout limits each of them, and not all together
_START_AGAIN = "Start again from the first page; if it happens again, report it to Fastly."


class Items(ABC, Generic[T, PageT]):
    """The items of one iteration, except nulls.

    Args:
        arguments: The arguments of the iteration.
    """

    def __init__(self, arguments: Mapping[str, Any]) -> None: ...

    @staticmethod
    def requested(arguments: dict[str, Any]) -> dict[str, Any]:
        """Return the arguments of the operation, given those of the iterator."""
        return arguments

    @abstractmethod
    def new(self, found: list[T], page: PageT, at: Position, is_last: bool, /) -> list[T]:
        """Return the items of a page, given its position, that the iteration includes.

        A subclass remembers nothing if it raises, because the page is then requested again.

        Raises:
            ApiValueError: The pages contradict each other.
        """

    def is_empty(self, new: list[T]) -> bool:
        """Return whether the new items of a page hold nothing."""
        return not new


class Paged(Iterator[T], Generic[T, PageT]):
    """Items over all pages: an iterator that requests a page when it is needed.

    Iterate over it for the items, or over ``by_page()`` for whole pages. If a request fails,
    ``next()`` raises; call ``next()`` again to request the same page again. Only one page is in
    memory at a time. One thread can take over from another, but two cannot call ``next()`` at the
    same time: the second gets ``ApiValueError``.

    Attributes:
        page: The page of the last item, or None before the first.

    Example:
        >>> for invoice in api.iter_invoices(billing_start_date="2026-01-01"):
        ...     print(invoice.invoice_id)
    """

    page: PageT | None = None

    def __init__(self, start: Callable[[], _Pages[T, PageT]]) -> None:
        self._start = start
        self._pages = start()
        self._items: Iterator[T] = iter(())
        self._turn = _Turn()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> T:
        with self._turn:
            while True:
                for item in self._items:
                    return item
                self.page = None  # one page is in memory, not two
                self.page, items = next(self._pages)
                self._items = iter(items)
                del items  # its iterator lets go of the list at its end

    def by_page(self) -> Iterator[PageT]:
        """Return an iterator over whole pages, as they were sent, from the first requested one.

        An invoice that is on two pages stays on both. ``meta.next_cursor`` of a page, passed as
        ``cursor``, resumes after that page, also in another process.
        """
        return map(itemgetter(0), self._start())


class _Turn:
    """Lets one thread in at a time, and refuses a second one instead of making it wait."""

    def __init__(self) -> None:
        self._lock = Lock()

    def __enter__(self) -> None:
        if not self._lock.acquire(blocking=False):
            raise ApiValueError(
                "two threads called next() of the same iterator at the same time: give each "
                "thread an iterator of its own, or take the items in one thread"
            )

    def __exit__(self, *_: object) -> None:
        self._lock.release()


class _Received(Generic[PageT]):
    """A page and its response."""

    def __init__(
        self, page: PageT, status: int, headers: Mapping[str, str], url: Callable[[], str]
    ) -> None:
        self.page, self._status, self._headers, self._url = page, status, headers, url

    def refuse(self, why: str, cause: Exception | None = None) -> NoReturn:
        """Raise the exception for a page that iteration cannot use; it keeps the page."""
        error = ResponseException(
            self._status, why, headers=self._headers, body=self.page.to_json(), url=self._url()
        )
        error.advice = _START_AGAIN
        raise error from cause


class _Pages(Iterator[tuple[PageT, list[T]]], Generic[T, PageT]):
    """The pages of one iteration with their items; a page that fails is requested again.

    Args:
        request: Requests the page at a position.
        steps: Which pages to request.
        items_of: Returns the items of a page.
        items: Returns those of them that the iteration includes.
        arguments: The arguments of the iteration.
    """

    def __init__(
        self,
        request: Callable[[Position], _Received[PageT]],
        steps: Steps,
        items_of: Callable[[PageT], Iterable[T | None] | None],
        items: Items[T, PageT],
        arguments: Mapping[str, Any],
    ) -> None:
        self._request, self._following = request, steps.following
        self._items_of, self._items, self._arguments = items_of, items, arguments
        self._position: Position | None = steps.first(arguments)
        self._used: set[str] = set()
        self._empty_pages = 0
        self._turn = _Turn()

    def __next__(self) -> tuple[PageT, list[T]]:
        with self._turn:
            if self._position is None:
                raise StopIteration
            received = self._request(self._position)
            try:
                following = self._following(received.page, self._position, self._arguments)
                self._check_progress(received, following)
                new = self._new(received.page, self._position, following)
            except (ApiTypeError, ApiValueError) as error:
                received.refuse(str(error), error)
            except (AttributeError, TypeError) as error:  # with _check_return_type=False
                received.refuse(f"the page cannot be read: {error}", error)
            self._count_empty(received, new, following)
            self._used.add(repr(self._position))
            self._position = following
            return received.page, new

    def _check_progress(self, received: _Received[PageT], following: Position | None) -> None:
        """Refuse a page that leads back."""
        if following == self._position or repr(following) in self._used:
            cursor = shown((following or {}).get("cursor"))
            received.refuse(f"the page repeats the cursor {cursor}, which was used before")

    def _new(self, page: PageT, at: Position, following: Position | None) -> list[T]:
        found = self._items_of(page)
        if not (found is None or is_list(found)):
            raise ApiTypeError(f"expected a list of items, got {shown(found)}")
        items = [item for item in found or () if item is not None]
        return self._items.new(items, page, at, following is None)

    def _count_empty(
        self, received: _Received[PageT], new: list[T], following: Position | None
    ) -> None:
        """Refuse the last of many pages without items, since cursors can go on forever."""
        count = self._empty_pages + 1 if self._items.is_empty(new) else 0
        if count >= _MOST_EMPTY_PAGES and (following or {}).get("cursor"):
            received.refuse(f"{count} pages in a row have no new items")
        self._empty_pages = count


def total_of(page: Model) -> int | None:
    """Return how many items the pages have together, if a page says so."""
    total = getattr(page.get("meta"), "total", None)
    return total if isinstance(total, int) else None


def paged(
    operation: Call[P, PageT],
    steps: Steps,
    items_of: Callable[[PageT], Iterable[T | None] | None],
    items: type[Items[T, PageT]],
) -> Callable[
    [Callable[Concatenate[Any, Q], Paged[T, PageT]]],
    Callable[Concatenate[Any, Q], Paged[T, PageT]],
]:
    """Turn a declaration into a method that returns the items of all pages.

    Args:
        operation: Requests one page.
        steps: Which pages to request: ``by_cursor(...)``, ``by_months`` or both.
        items_of: Returns the items of a page.
        items: Which of the items an iteration includes.
    """
    one_page = cast("Callable[..., tuple[PageT, int, Mapping[str, str]]]", operation)
    described: Operation = vars(operation)["operation"]

    def decorate(
        declared: Callable[Concatenate[Any, Q], Paged[T, PageT]],
    ) -> Callable[Concatenate[Any, Q], Paged[T, PageT]]:
        own = [name for name in declared.__annotations__ if name not in ("options", "return")]
        required = described.required
        parameters = Parameters(declared.__name__, required, required, (*own, *PAGE_DEFAULTS))

        def method(self: Any, /, *given: object, **named: object) -> Paged[T, PageT]:
            named = parameters.named(given, named)
            passed = items.requested(named)
            arguments = described.arguments((), passed)
            self.api_client.target(described, arguments)  # refuses invalid arguments at once

            def request(position: Position) -> _Received[PageT]:
                selected = {**passed, **position}
                page, status, headers = one_page(self, **selected, _return_http_data_only=False)
                return _Received(page, status, headers, lambda: url(position))

            def url(position: Position) -> str:
                target = described.target({**arguments, **position}, False)
                return f"{self.api_client.configuration.host}{target}"

            every = {**arguments, **named}
            return Paged(lambda: _Pages(request, steps, items_of, items(every), every))

        described_method: Callable[Concatenate[Any, Q], Paged[T, PageT]] = method_of(
            declared, method, PAGE_DEFAULTS, PageOptions, described
        )
        return described_method

    return decorate
