"""The stand-in: a local HTTP server with the endpoints of the billing API."""

from __future__ import annotations

import re
import threading
import time
import uuid
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from fastly.testing.connections import Answer, Body, Cut, Headers, Listener, Request
from fastly.testing.data import CUSTOMER_ID, Account
from fastly.testing.documents import invoice_csv, invoice_pdf

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["TOKEN", "BillingServer"]

TOKEN = "stand-in-token"

_JSON, _CSV, _PDF = "application/json", "text/csv", "application/pdf"
_HOURLY_QUOTA = 1000


class _Refusal(Exception):
    """A request that is answered with an error."""

    def __init__(self, status: int, msg: str, detail: str) -> None:
        super().__init__(status, msg, detail)
        self.status = status
        self.body = {"msg": msg, "detail": detail}


class BillingServer:
    """A billing API of one made-up account, on this machine, for tests and first steps.

    It listens from `start` (or the beginning of a ``with`` block) to `close`, and answers as
    the API does: it checks the token, the path, the month and ``Accept``, and serves the invoices
    of `account` as JSON, CSV or PDF. The first request for a month's estimate is answered 202;
    estimates once made stay. Answers given to `enqueue` go first. Any number of threads may use
    it, and any number of servers may run.

    Args:
        host: The address to listen at.
        port: The port, or 0 for one that the operating system chooses.
        token: The token that requests must bear.
        customer_id: The id of the account's customer.
        today: The day the account believes in; by default the real one, in UTC.
        estimate_pending: How many requests for a month's estimate are answered 202 before it is
            ready.

    Raises:
        TypeError: `token` or `customer_id` is not text, or `today` no date.
        ValueError: `today` is before the account's creation, or too late for a calendar.

    Attributes:
        account: The account whose invoices are served.
        customer_id: The id of its customer.
        token: The token that requests must bear.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        token: str = TOKEN,
        customer_id: str = CUSTOMER_ID,
        today: date | None = None,
        estimate_pending: int = 1,
    ) -> None:
        for name, value in (("token", token), ("customer_id", customer_id)):
            if not isinstance(value, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # not all users check types
                raise TypeError(f"{name} is text, not {type(value).__name__}")
        self.account = Account(customer_id, today=today)
        self.customer_id = customer_id
        self.token = token
        self._host, self._port = host, port
        self._estimate_pending = estimate_pending
        self._listener: Listener | None = None
        self._lock = threading.Lock()
        self._requests: list[Request] = []
        self._answers: deque[Answer] = deque()
        self._estimates_asked: Counter[tuple[int, int]] = Counter()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> Self:
        """Start to listen, and return the server itself; harmless while it listens.

        Raises:
            RuntimeError: It has been closed.
            OSError: The address cannot be listened at.
        """
        if self._listener is None:
            self._listener = Listener(self._host, self._port, self._respond)
        elif self._listener.is_closed:
            raise RuntimeError("A closed BillingServer does not start again: make a new one.")
        return self

    def close(self) -> None:
        """Stop at once: connections are broken off, threads have ended; again is harmless."""
        if self._listener is not None:
            self._listener.close()

    @property
    def url(self) -> str:
        """Where it listens, such as ``http://127.0.0.1:49152``; it still reads so once closed.

        Raises:
            RuntimeError: It has not been started, and so has no port yet.
        """
        if self._listener is None:
            raise RuntimeError("The BillingServer has not been started: use `with` or start().")
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._listener.port}"

    @property
    def requests(self) -> list[Request]:
        """What has been asked so far, in order of arrival: a new list at each use."""
        with self._lock:
            return list(self._requests)

    def enqueue(
        self,
        status: int = 200,
        *,
        headers: Mapping[str, str] | None = None,
        body: Body = b"",
        delay: float = 0.0,
        cut: Cut | None = None,
        reset: bool = False,
    ) -> None:
        """Set the answer to the next request that has none yet, whatever that request is.

        The answer bears the headers given here, ``Content-Length`` and, but for bytes,
        ``Content-Type``, and no others. A header given replaces the one it would have.

        Args:
            status: The HTTP status.
            headers: Header fields.
            body: Bytes as they are, text as UTF-8, a dict or a list as JSON.
            delay: Seconds to wait before answering.
            cut: Where to break the connection off: a number, after so many bytes of the body,
                while ``Content-Length`` tells of all of them; "before", without any answer;
                "head", in the middle of the header.
            reset: Break it off with a TCP reset, so that the client sees a connection error
                and not the end of the stream. Goes with `cut`.

        Raises:
            ValueError: `status` is not of three digits, `delay` is negative, `cut` leaves
                nothing out, there is a `reset` without a `cut`, or a body where HTTP has none.
            TypeError: JSON has no such body.
        """
        answer = Answer.make(status, headers or {}, body, delay=delay, cut=cut, reset=reset)
        with self._lock:
            self._answers.append(answer)

    def _respond(self, request: Request) -> Answer:
        """Return the answer to a request: the next one enqueued, or the API's."""
        with self._lock:
            self._requests.append(request)
            if self._answers:
                return self._answers.popleft()
            asked = len(self._requests)
        try:
            status, kind, body = self._resource(request)
        except _Refusal as refusal:
            status, kind, body = refusal.status, _JSON, refusal.body
        headers = {"Content-Type": kind, **_usual_headers(asked)}
        return Answer.make(status, headers, body)

    def _resource(self, request: Request) -> tuple[int, str, Body]:
        """Return status, media type and body of what a request asks for."""
        if request.method != "GET":
            raise _Refusal(405, "Method not allowed", "This resource can only be read: use GET.")
        if re.sub(r"(?i)^bearer +", "", request.headers.get("Fastly-Key", "")) != self.token:
            raise _Refusal(401, "Not authenticated", "No valid token in the header Fastly-Key.")
        for pattern, operation in self._operations():
            if match := re.fullmatch(pattern, request.path):
                return operation(request, *map(unquote, match.groups()))
        raise _Refusal(404, "Record not found", "No resource has this path.")

    def _operations(self) -> Sequence[tuple[str, Callable[..., tuple[int, str, Body]]]]:
        """Return the endpoints: the path, and what serves it."""
        customer = "/billing/v2/account_customers/([^/]+)"
        return (
            ("/billing/v2/year/([^/]+)/month/([^/]+)", self._invoice),
            (f"{customer}/invoices/([^/]+)", self._invoice_by_id),
            (f"{customer}/mtd_invoice", self._estimate),
        )

    def _invoice(self, request: Request, year: str, month: str) -> tuple[int, str, Body]:
        """Serve the invoice of a month."""
        kind = _negotiate(request.headers, (_JSON, _CSV, _PDF))
        return 200, kind, _document(_found(self.account.invoice, *_month(year, month)), kind)

    def _invoice_by_id(
        self, request: Request, customer_id: str, invoice_id: str
    ) -> tuple[int, str, Body]:
        """Serve the invoice of an id."""
        kind = _negotiate(request.headers, (_JSON, _CSV, _PDF))
        self._check_customer(customer_id)
        return 200, kind, _document(_found(self.account.invoice_by_id, invoice_id), kind)

    def _estimate(self, request: Request, customer_id: str) -> tuple[int, str, Body]:
        """Serve the estimate of a month, once it has been asked for often enough."""
        kind = _negotiate(request.headers, (_JSON,))
        self._check_customer(customer_id)
        today, query = self.account.today, request.query
        asked = _month(query.get("year", f"{today:%Y}"), query.get("month", f"{today:%m}"))
        estimate = _found(self.account.estimate, *asked)
        if self._is_pending(asked):
            return 202, kind, {"msg": "The estimate is being made."}
        return 200, kind, estimate

    def _check_customer(self, customer_id: str) -> None:
        """Refuse the ids of other customers."""
        if customer_id != self.customer_id:
            raise _Refusal(404, "Record not found", "There is no such customer.")

    def _is_pending(self, month: tuple[int, int]) -> bool:
        """Count a request for an estimate; return whether it comes too early."""
        with self._lock:
            self._estimates_asked[month] += 1
            return self._estimates_asked[month] <= self._estimate_pending


def _usual_headers(asked: int) -> dict[str, str]:
    """Return the headers of every answer of the API; the quota's reset is in epoch seconds."""
    return {
        "Fastly-RateLimit-Remaining": str(max(_HOURLY_QUOTA - asked, 0)),
        "Fastly-RateLimit-Reset": str((int(time.time()) // 3600 + 1) * 3600),
        "Fastly-Request-Id": uuid.uuid4().hex,
    }


def _month(year: str, month: str) -> tuple[int, int]:
    """Return a month given as text of four digits and of two."""
    if not re.fullmatch("[0-9]{4}", year) or not re.fullmatch("0[1-9]|1[0-2]", month):
        raise _Refusal(400, "Bad request", "A year has four digits, a month two: 01 to 12.")
    return int(year), int(month)


def _found(find: Callable[..., dict[str, Any]], *key: object) -> dict[str, Any]:
    """Return what is found under a key."""
    try:
        return find(*key)
    except LookupError as error:
        raise _Refusal(404, "Record not found", f"The account has {error}.") from error


def _document(invoice: dict[str, Any], kind: str) -> Body:
    """Return an invoice in a media type."""
    if kind == _CSV:
        return invoice_csv(invoice)
    return invoice_pdf(invoice) if kind == _PDF else invoice


def _negotiate(headers: Headers, offered: Sequence[str]) -> str:
    """Return the first media type that Accept names and the API has; weights do not count."""
    for wanted in headers.get("Accept", "*/*").lower().split(","):
        pattern = wanted.split(";")[0].strip()
        for kind in offered:
            if pattern in (kind, f"{kind.split('/')[0]}/*", "*/*"):
                return kind
    raise _Refusal(406, "Not acceptable", f"This comes as {', '.join(offered)}.")
