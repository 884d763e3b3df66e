"""The stand-in: a local HTTP server with the endpoints of the billing API."""

from __future__ import annotations

import difflib
import re
import threading
import time
import uuid
from collections import Counter, deque
from collections.abc import Mapping
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from fastly.testing import checks
from fastly.testing.account import CUSTOMER_ID, Account
from fastly.testing.addresses import methods_of
from fastly.testing.ai_usage import AiUsage
from fastly.testing.endpoints import Content, Refusal
from fastly.testing.http import Body, Cut, Listener, Request, Response
from fastly.testing.stats import Stats
from fastly.testing.v2.endpoints import V2
from fastly.testing.v3 import V3

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["TOKEN", "BillingServer"]

TOKEN = "stand-in-token"

_HOURLY_QUOTA = 1000
_REQUESTS_KEPT = 10_000


class _Enqueued(NamedTuple):
    """A response for the next request whose path matches the pattern."""

    pattern: re.Pattern[str]
    response: Response


_Api = V2 | V3 | Stats | AiUsage


class _Tenant(NamedTuple):
    """An account, and its endpoints by their class."""

    account: Account
    apis: dict[type[_Api], _Api]


class BillingServer:
    """A billing API with made-up accounts, on this machine, for tests and first steps.

    It serves v3 and v2 of one account, or of one for each token. It listens from `start` (or the
    beginning of a ``with`` block) to `close`, and checks tokens, paths and parameters as the API
    does. The first request for the month to date, and for each month's v2 estimate, gets a 202.
    Responses given to `enqueue` take precedence. Many threads may use a server, and many servers
    may run.

    Args:
        host: The address to listen on, such as "127.0.0.1" or "::1".
        port: The port, 0 to 65535; 0: any free port.
        token: The token that requests must have: visible ASCII characters.
        customer_id: The ID of the account's customer: letters, digits, ``_`` and ``-``.
        today: The account's current date. Default: the real date, in UTC.
        estimate_pending: How many requests for the month to date, or for a month's v2 estimate,
            get a 202 before the first 200.
        v2: False: respond to every v2 path with 404, as Fastly has done since it retired v2.
        documented: True: respond as the API's reference says, without the forms that only live
            responses have, so that generated clients can read them.
        accounts: An account for each token, instead of `token`, `customer_id` and `today`. The
            first one is the server's `account`.
        hourly_quota: After so many requests, respond with 429. Default: never.

    Raises:
        TypeError: An argument is of the wrong type.
        ValueError: An argument has a value that is not allowed, or `today` is before the account's
            creation (2019-03) or after 9998-12.
    """

    __slots__ = (
        "__weakref__",
        "_enqueued",
        "_estimate_pending",
        "_host",
        "_hourly_quota",
        "_listener",
        "_lock",
        "_pending_counts",
        "_port",
        "_received",
        "_requests",
        "_serves_v2",
        "_tenants",
    )

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        token: str = TOKEN,
        customer_id: str = CUSTOMER_ID,
        today: date | None = None,
        estimate_pending: int = 1,
        v2: bool = True,
        documented: bool = False,
        accounts: Mapping[str, Account] | None = None,
        hourly_quota: int | None = None,
    ) -> None:
        self._host = checks.text("host", host, r"[!-~]+", "an address or a host name")
        self._port = checks.integer("port", port, 0, 65_535)
        if accounts is None:
            accounts = {token: Account(customer_id, today=today)}
        elif (token, customer_id, today) != (TOKEN, CUSTOMER_ID, None):
            raise TypeError("accounts must be given without token, customer_id and today")
        self._serves_v2 = checks.boolean("v2", v2)
        checks.boolean("documented", documented)
        self._tenants = {
            token: self._tenant(token, account, documented=documented)
            for token, account in _checked(accounts).items()
        }
        self._hourly_quota = hourly_quota
        if hourly_quota is not None:
            checks.integer("hourly_quota", hourly_quota, 0)
        self._listener: Listener | None = None
        self._lock = threading.Lock()
        self._received = 0
        self._requests: deque[Request] = deque(maxlen=_REQUESTS_KEPT)
        self._enqueued: list[_Enqueued] = []
        self._pending_counts: Counter[object] = Counter()
        self.estimate_pending = estimate_pending

    def __setattr__(self, name: str, value: object) -> None:
        try:
            super().__setattr__(name, value)
        except AttributeError:
            known = [known for known in dir(self) if not known.startswith("_")]
            if name in known:
                raise AttributeError(f"{name!r} of a BillingServer is read-only") from None
            nearest = difflib.get_close_matches(name, known, 1) or ["estimate_pending"]
            message = f"unknown attribute {name!r} of a BillingServer: did you mean {nearest[0]!r}?"
            raise AttributeError(message) from None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> Self:
        """Start to listen, and return the server; does nothing if it already listens.

        Raises:
            RuntimeError: The server has been closed.
            OSError: The server cannot listen on the address.
        """
        if self._listener is None:
            self._listener = Listener(self._host, self._port, self._respond)
        elif self._listener.is_closed:
            raise RuntimeError("a closed BillingServer cannot start again: create a new one")
        return self

    def close(self) -> None:
        """Stop at once: close all connections and end all threads; may be called again."""
        if self._listener is not None:
            self._listener.close()

    @property
    def url(self) -> str:
        """The base URL, such as ``http://127.0.0.1:49152``; it remains after `close`.

        Raises:
            RuntimeError: The server has not been started, and so has no port yet.
        """
        if self._listener is None:
            raise RuntimeError("the BillingServer has not been started: use `with` or start()")
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._listener.port}"

    @property
    def token(self) -> str:
        """The token that requests must have; with several accounts, the first one's."""
        return next(iter(self._tenants))

    @property
    def customer_id(self) -> str:
        """The ID of the account's customer."""
        return self.account.customer_id

    @property
    def account(self) -> Account:
        """The account: its months, invoice IDs and invoices; of several accounts the first."""
        return self._tenants[self.token].account

    @property
    def requests(self) -> list[Request]:
        """The newest 10,000 requests, in the order of their arrival: a new list at each use."""
        with self._lock:
            return list(self._requests)

    @property
    def estimate_pending(self) -> int:
        """How many requests for each estimate get a 202; setting it starts the count again."""
        return self._estimate_pending

    @estimate_pending.setter
    def estimate_pending(self, times: int) -> None:
        checked = checks.integer("estimate_pending", times, 0)
        with self._lock:
            self._estimate_pending = checked
            self._pending_counts.clear()

    def enqueue(
        self,
        status: int = 200,
        *,
        headers: Mapping[str, str] | None = None,
        body: Body = b"",
        delay: float = 0.0,
        cut: Cut | None = None,
        reset: bool = False,
        path: str | re.Pattern[str] | None = None,
    ) -> None:
        """Set the response to one future request: the next one that matches `path`.

        A request gets the first enqueued response that matches it, and each response is sent once.
        It has the given headers, ``Content-Length`` and, unless the body is bytes,
        ``Content-Type``, but no others. A given header replaces the usual one.

        Args:
            status: The HTTP status, 100 to 999.
            headers: Header fields.
            body: Bytes are sent as they are, text as UTF-8, a dict or a list as JSON.
            delay: Seconds to wait before responding.
            cut: Where to close the connection early: a number means after so many bytes of the
                body, although ``Content-Length`` announces all; "before" means before any byte of
                the response; "head" means in the middle of the header.
            reset: With `cut`, close it with a TCP reset, so that the client sees a connection error
                instead of the end of the stream.
            path: The requests that can get the response: those whose path begins with this text, or
                in whose path this compiled pattern finds a match. The path is as sent, without the
                query. Default: any request.

        Raises:
            TypeError: An argument is of the wrong type, or JSON cannot represent the body.
            ValueError: An argument has a value that is not allowed, such as a `cut` that is not
                within the body, or a body for a status that has none.
        """
        response = Response.make(status, headers or {}, body, delay=delay, cut=cut, reset=reset)
        enqueued = _Enqueued(_pattern(path), response)
        with self._lock:
            self._enqueued.append(enqueued)

    def _respond(self, request: Request) -> Response:
        """Return the response to a request: an enqueued one, or the API's."""
        with self._lock:
            self._requests.append(request)
            self._received += 1
            received = self._received
            for place, (pattern, response) in enumerate(self._enqueued):
                if pattern.search(request.path):
                    del self._enqueued[place]
                    return response
        content = self._content(request, received)
        headers = {"Content-Type": content.kind, **dict(content.headers)}
        headers |= self._usual_headers(received)
        if content.status == 405:
            headers["Allow"] = ", ".join(methods_of(request.path))
        return Response.make(content.status, headers, content.body)

    def _content(self, request: Request, received: int) -> Content:
        """Return what the API sends in response to a request, errors included."""
        kind = _api_of(request.path)
        try:
            return self._admitted(request, received).apis[kind].content(request)
        except Refusal as refusal:
            return kind.error(refusal)

    def _admitted(self, request: Request, received: int) -> _Tenant:
        """Return whose request this is, or refuse what no endpoint accepts."""
        if not self._serves_v2 and request.path.startswith("/billing/v2/"):
            raise Refusal(404, "This API has been retired.")
        if request.method not in methods_of(request.path):
            raise Refusal(405, f"This resource does not take {request.method}.")
        token = re.sub(r"(?i)^bearer +", "", request.headers.get("Fastly-Key", ""))
        if token not in self._tenants:
            raise Refusal(401, "The header Fastly-Key does not contain a valid token.")
        if self._hourly_quota is not None and received > self._hourly_quota:
            raise Refusal(429, "You have exceeded your hourly rate limit")
        return self._tenants[token]

    def _tenant(self, token: str, account: Account, *, documented: bool) -> _Tenant:
        """Return an account with its endpoints."""
        is_pending = partial(self._is_pending, token)
        v2, v3 = V2(account, is_pending), V3(account, is_pending, documented=documented)
        stats, ai = (kind(account, documented=documented) for kind in (Stats, AiUsage))
        return _Tenant(account, {type(api): api for api in (v2, v3, stats, ai)})

    def _usual_headers(self, received: int) -> dict[str, str]:
        """Return the headers of every response of the API; the quota's reset is in epoch seconds.

        A 429 has no ``Retry-After``. Nothing may be stored: a cache would mix accounts and days.
        """
        quota = _HOURLY_QUOTA if self._hourly_quota is None else self._hourly_quota
        return {
            "Cache-Control": "no-store",
            "Fastly-RateLimit-Remaining": str(max(quota - received, 0)),
            "Fastly-RateLimit-Reset": str((int(time.time()) // 3600 + 1) * 3600),
            "Fastly-Request-Id": uuid.uuid4().hex,
        }

    def _is_pending(self, token: str, key: object) -> bool:
        """Count a token's request for an estimate; return whether it gets a 202."""
        with self._lock:
            self._pending_counts[token, key] += 1
            return self._pending_counts[token, key] <= self._estimate_pending


def _api_of(path: str) -> type[_Api]:
    """Return the class of the endpoints that a path belongs to."""
    starts = {"/billing/v3/": V3, "/stats/": Stats, "/ai-runtime-control/": AiUsage}
    return next((kind for start, kind in starts.items() if path.startswith(start)), V2)


def _checked(accounts: Mapping[str, Account]) -> dict[str, Account]:
    """Return accounts by token, or raise TypeError or ValueError."""
    checks.one_of_types("accounts", accounts, (Mapping,), "a mapping of tokens to accounts")
    if not accounts:
        raise ValueError("accounts must have 1 or more accounts")
    for token, account in accounts.items():
        checks.text("token", token, r"[!-~]+", "1 or more visible ASCII characters")
        checks.one_of_types("the account of a token", account, (Account,), "an Account")
    return dict(accounts)


def _pattern(path: str | re.Pattern[str] | None) -> re.Pattern[str]:
    """Return the pattern to search a request's path for."""
    checks.one_of_types("path", path, (str, re.Pattern, type(None)), "a str, a pattern or None")
    if isinstance(path, re.Pattern):
        checks.one_of_types("the pattern of path", path.pattern, (str,), "a str")
        return path
    if path is None:
        return re.compile("")
    return re.compile(
        r"\A" + re.escape(checks.text("path", path, "/.*", 'text that begins with "/"'))
    )
