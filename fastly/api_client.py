"""One call: a safe path, the query, headers, token, options, threads; from arguments to result."""

from __future__ import annotations

import os
import re
import threading
import weakref
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from fastly._version import __version__
from fastly.async_result import AsyncResult
from fastly.configuration import Configuration
from fastly.configuration.checks import check_header, check_pool_size
from fastly.configuration.secrets import Secrets
from fastly.deadline import Deadline
from fastly.exceptions import ApiException, ApiTypeError, ApiValueError
from fastly.operations import Operation, Send
from fastly.options import checked
from fastly.payloads import result_of
from fastly.rest import (
    RawResponse,
    Request,
    Response,
    RestClient,
    SecretHeaders,
    mask,
    masked,
    masked_headers,
    secret_in,
)
from fastly.signatures import accepts_only_declared_arguments

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor
    from types import TracebackType

    from typing_extensions import Self


__all__ = ["ApiClient", "AsyncResult", "LastResponse"]

LONGEST_CONNECT = 10.0  # seconds, where only a time for the whole call is given
_OWN_HEADERS = frozenset({"accept", "accept-encoding", "fastly-key"})


class LastResponse(NamedTuple):
    """What came with the last answer: its body went into the result."""

    status: int | None
    reason: str | None
    headers: Mapping[str, str]

    def __repr__(self) -> str:
        return f"<{self.status} {self.reason}, headers {', '.join(self.headers)}>"


class DefaultHeaders(Secrets):
    """Headers sent with each request: case-insensitive, checked, and shown by name alone."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(_check_default_header)

    def without(self, names: Collection[str]) -> dict[str, str]:
        """Return the headers that are none of those named, in small letters."""
        return {name: x for name, x in dict(self._values).items() if name.lower() not in names}

    def _key(self, key: str) -> str:
        if key in self._values:
            return key
        wanted = str(key).lower()
        return next((known for known in tuple(self._values) if known.lower() == wanted), key)


def _check_default_header(name: str, value: object) -> str:
    return check_header("default header", name, value)


class _Call(NamedTuple):
    operation: Operation
    request: Request
    arguments: dict[str, Any]


class ApiClient:
    """Owns the connections and threads that calls share; thread-safe.

    Use it in a ``with`` block, or call ``close()``: that ends its connections and threads. An
    exception that leaves the block ends them without the calls that no thread has taken up yet,
    and without further tries of those that run. No thread is started before ``async_req=True``
    asks for one.

    Args:
        configuration: The settings; None: a copy of ``Configuration``'s default.
        header_name: Name of a header to send with each request.
        header_value: Its value.
        cookie: Value of a ``Cookie`` header to send with each request.
        pool_threads: How many calls with ``async_req=True`` run at a time.

    Attributes:
        configuration: The settings.
        default_headers: Headers sent with each request, a case-insensitive mapping.

    Raises:
        ApiTypeError: An argument has the wrong type.
        ApiValueError: The host would carry the token unencrypted, ``pool_threads`` is not 1 to
            10,000, or a header cannot be sent.
    """

    @accepts_only_declared_arguments
    def __init__(
        self,
        configuration: Configuration | None = None,
        header_name: str | None = None,
        header_value: str | None = None,
        cookie: str | None = None,
        pool_threads: int = 1,
    ) -> None:
        if not isinstance(configuration, (Configuration, type(None))):  # pyright: ignore[reportUnnecessaryIsInstance]  # not all users check types
            raise ApiTypeError(
                f"configuration is a Configuration, not of type {type(configuration).__name__}: "
                "pass fastly.Configuration(api_key={'token': 'YOUR_API_KEY'})"
            )
        self.configuration = configuration or Configuration.get_default_copy()
        self.configuration.checked_host()
        self.pool_threads = check_pool_size("pool_threads", pool_threads)
        self.default_headers = DefaultHeaders()
        self._last: tuple[LastResponse, Request] | None = None
        self.rest_client = RestClient(self.configuration, pool_threads)
        self._executor: ThreadPoolExecutor | None = None
        self._lock = threading.Lock()
        self._closed = False
        _clients.add(self)
        self.user_agent = f"fastly-python/{__version__}"
        if header_name is not None:
            self.set_default_header(header_name, header_value or "")
        if cookie is not None:
            self.set_default_header("Cookie", cookie)

    def __enter__(self) -> Self:
        self._refuse_if_closed()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        executor = self._executor
        if error is not None and executor is not None:
            self.rest_client.close()
            executor.shutdown(cancel_futures=True)
        self.close()

    def __reduce__(self) -> NoReturn:
        raise ApiTypeError("an ApiClient cannot be pickled or copied; make one in each process")

    def close(self) -> None:
        """End the threads, once they have done what they were asked, and the connections."""
        with self._lock:
            self._closed = True
            executor, self._executor = self._executor, None
        if executor is not None:
            executor.shutdown()
        self.rest_client.close()

    @property
    def last_response(self) -> LastResponse | None:
        """Status, reason and headers of the last answer, or None where none came yet."""
        if self._last is None:
            return None
        came, request = self._last
        headers = masked_headers(came.headers, request.secret)
        return came._replace(reason=masked(came.reason, request.secret), headers=headers)

    @property
    def user_agent(self) -> str:
        """The ``User-Agent`` header."""
        return self.default_headers["User-Agent"]

    @user_agent.setter
    def user_agent(self, value: str) -> None:
        self.default_headers["User-Agent"] = value

    def set_default_header(self, header_name: str, header_value: str) -> None:
        """Send a header with each request from now on.

        Raises:
            ApiTypeError: The name or the value is not text.
            ApiValueError: The name or the value cannot be sent.
        """
        self.default_headers[header_name] = header_value

    @property
    def rate_limit_remaining(self) -> int | None:
        """Requests left of the hour's quota, as the last answer said; None if it did not."""
        return self._number_from_last_response("Fastly-RateLimit-Remaining")

    @property
    def rate_limit_reset(self) -> int | None:
        """When the quota starts anew, in epoch seconds, as the last answer said, or None."""
        return self._number_from_last_response("Fastly-RateLimit-Reset")

    def _number_from_last_response(self, header: str) -> int | None:
        if self._last is None:
            return None
        value = self._last[0].headers.get(header, "")
        return int(value) if re.fullmatch(r"[0-9]{1,15}", value) else None

    def call(self, operation: Operation, arguments: Mapping[str, Any]) -> Any:
        """Carry out an operation; this is what the methods of an API class do.

        Args:
            operation: What to do.
            arguments: The operation's own arguments and the call options, by name.

        Raises:
            ApiTypeError: An argument has the wrong type.
            ApiValueError: An argument or the configuration cannot be used.
            ApiException: The call failed.
        """
        self._refuse_if_closed()
        call = self._prepared(operation, checked(arguments, operation.accepts))
        return self._submit(call) if call.arguments["async_req"] else self._run(call)

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise ApiValueError("this ApiClient is closed; make a new one")

    def target(self, operation: Operation, arguments: Mapping[str, Any]) -> str:
        """Return the path and query of a call, with its arguments checked.

        Raises:
            ApiTypeError: An argument has the wrong type.
            ApiValueError: An argument has an unusable value.
        """
        strict = arguments["_check_input_type"] and self.configuration.client_side_validation
        return operation.target(arguments, strict)

    def _prepared(self, operation: Operation, arguments: dict[str, Any]) -> _Call:
        url = self.configuration.checked_host() + self.target(operation, arguments)
        key = self.default_headers.get("Fastly-Key")
        settings = self.configuration
        if key is None or settings.api_token or settings.refresh_api_key_hook:
            key = settings.get_api_key_with_prefix()
        headers = SecretHeaders(self.default_headers.without(_OWN_HEADERS))
        headers["Fastly-Key"], headers["Accept"] = key, arguments["_accept"]
        headers["Accept-Encoding"] = "gzip"
        return _Call(operation, Request(url, headers, secret_in(key)), arguments)

    def _submit(self, call: _Call) -> AsyncResult[Any]:
        """Give a call to the threads, which start when they are first needed."""
        waiting = [call]
        with self._lock:
            self._refuse_if_closed()
            try:
                return AsyncResult(self._threads().submit(lambda: self._run(waiting.pop())))
            except RuntimeError as error:  # Python is about to end, or the system has no thread
                waiting.clear()  # the executor has it in its queue, and may find a thread later
                raise ApiValueError(f"no thread can take the call: {error}") from error

    def _threads(self) -> ThreadPoolExecutor:
        from concurrent.futures import ThreadPoolExecutor

        if self._executor is None:
            self._executor = ThreadPoolExecutor(self.pool_threads, "fastly")
        return self._executor

    def _forget(self) -> None:
        """Start anew in a forked process: the threads, and perhaps a held lock, are another's."""
        self._lock = threading.Lock()
        self._executor = None

    def _run(self, call: _Call) -> Any:
        try:
            return self._outcome(call)
        except ApiException as error:
            mask(error, call.request.secret)
            if error.status is not None:
                self._remember(error, call)
            if error.status in (404, 410) and call.operation.if_missing:
                error.advice = call.operation.if_missing
            raise

    def _outcome(self, call: _Call) -> Any:
        response: Response | RawResponse
        deadline = self._deadline(call.arguments["_request_timeout"])
        if call.arguments["_preload_content"]:
            response = self._exchanged(call, deadline)
            result = self._deserialized(call, response)
        else:
            result = response = self.rest_client.open(call.request, deadline)
            self._remember(response, call)
        if call.arguments["_return_http_data_only"]:
            return result
        return result, response.status, response.headers

    def _exchanged(self, call: _Call, deadline: Deadline) -> Response:
        wait = call.arguments.get("_wait")
        wait = self.configuration.estimate_wait if wait is None else wait
        response = call.operation.exchange(self._sending(call, deadline), deadline, wait)
        self._remember(response, call)
        return response

    def _sending(self, call: _Call, deadline: Deadline) -> Send:
        """Return what sends the request, each time it is called, and counts all attempts."""
        tries = 0

        def send() -> Response:
            nonlocal tries
            try:
                response = self.rest_client.get(call.request, deadline)
            except ApiException as error:
                error.tries += tries
                raise
            tries += response.tries
            return response if tries == response.tries else response._replace(tries=tries)

        return send

    def _deadline(self, timeout: float | tuple[float, float] | None) -> Deadline:
        default = self.configuration.timeout
        connect = default[0] if isinstance(default, tuple) else LONGEST_CONNECT
        return Deadline.of(default if timeout is None else timeout, connect)

    def _remember(self, answer: Response | RawResponse | ApiException, call: _Call) -> None:
        """Keep what came with an answer; what repeats the token is masked when it is asked for."""
        came = LastResponse(answer.status, answer.reason, answer.headers)
        self._last = came, call.request

    def _deserialized(self, call: _Call, response: Response) -> Any:
        return result_of(
            response,
            call.operation.model,
            call.arguments["_accept"],
            check=call.arguments["_check_return_type"],
            discard_unknown=self.configuration.discard_unknown_keys,
        )


_clients: weakref.WeakSet[ApiClient] = weakref.WeakSet()


def _forget_all() -> None:
    for client in _clients:
        client._forget()  # pyright: ignore[reportPrivateUsage]  # same module


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
