"""One call from its arguments to its result: path, query, headers, token, options, threads."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from fastly._operations.declarations import Operation, Send
from fastly._operations.options import checked
from fastly._operations.payloads import result_of
from fastly._signatures import accepts_only_declared_arguments
from fastly._transport import RawResponse, Request, Response, RestClient
from fastly._transport.async_result import AsyncResult
from fastly._transport.deadline import Deadline
from fastly._transport.resources import Resources
from fastly._version import __version__
from fastly.configuration import Configuration
from fastly.configuration.checks import check_header, check_pool_size
from fastly.configuration.secrets import Secret, Secrets
from fastly.exceptions import ApiException, ApiTypeError, ApiValueError

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self


__all__ = ["ApiClient", "AsyncResult", "LastResponse"]

LONGEST_CONNECT = 10.0  # seconds, where only a time for the whole call is given
_OWN_HEADERS = frozenset({"accept", "accept-encoding", "fastly-key"})


class LastResponse(NamedTuple):
    """Status, reason and headers of a response."""

    status: int | None
    reason: str | None
    headers: Mapping[str, str]

    def __repr__(self) -> str:
        return f"<{self.status} {self.reason}, headers {', '.join(self.headers)}>"


class DefaultHeaders(Secrets):
    """Headers sent with each request: case-insensitive and checked; repr shows only names."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(_check_default_header)

    def without(self, names: Collection[str]) -> dict[str, str]:
        """Return the headers, except those named in lowercase."""
        return {name: x for name, x in dict(self._values).items() if name.lower() not in names}

    def _key(self, key: str) -> str:
        if key in self._values:
            return key
        wanted = str(key).lower()
        return next((known for known in tuple(self._values) if known.lower() == wanted), key)


def _has_token(configuration: Configuration) -> bool:
    return bool(configuration.api_token or configuration.refresh_api_key_hook)


def _check_default_header(name: str, value: object) -> str:
    return check_header("default header", name, value)


class _Call(NamedTuple):
    operation: Operation
    request: Request
    arguments: dict[str, Any]


class ApiClient:
    """Owns the connections and threads that calls share; thread-safe.

    Use it in a ``with`` block, or call ``close()``: either ends its connections and threads. An
    exception that leaves the block also aborts the calls that are running. ``close()`` can be
    called from a signal handler. No thread is started before a call with ``async_req=True``.

    After a fork the child gets connections and threads of its own, even if the program forked
    in C, as uWSGI does, where Python's fork hooks do not run.

    Args:
        configuration: The settings. Default: a copy of ``Configuration``'s default.
        header_name: Name of a header to send with each request.
        header_value: Its value.
        cookie: Value of a ``Cookie`` header to send with each request.
        pool_threads: How many calls with ``async_req=True`` run at a time.

    Attributes:
        configuration: The settings.
        default_headers: Headers sent with each request, a case-insensitive mapping.
        last_response: Status, reason and headers of the last response, or None before the first.

    Raises:
        ApiTypeError: An argument has the wrong type.
        ApiValueError: The host would receive the token unencrypted, ``pool_threads`` is not 1 to
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
                f"configuration must be a Configuration, got {type(configuration).__name__}: "
                "pass fastly.Configuration(api_key={'token': 'YOUR_API_KEY'})"
            )
        self.configuration = configuration or Configuration.get_default_copy()
        self.configuration.checked_host()
        self.pool_threads = check_pool_size("pool_threads", pool_threads)
        self.default_headers = DefaultHeaders()
        self.last_response: LastResponse | None = None
        self._by_process: dict[int, Resources] = {}
        self._closed = False
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
        if error is not None:
            self._closed = True
            self._resources().abort()
        self.close()

    def __reduce__(self) -> NoReturn:
        raise ApiTypeError("an ApiClient cannot be pickled or copied: create one in each process")

    def close(self) -> None:
        """Finish the calls that were submitted, then end the threads and the connections."""
        self._closed = True
        self._resources().close()

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
        """Requests left of the hour's quota according to the last response, or None."""
        return self._number_from_last_response("Fastly-RateLimit-Remaining")

    @property
    def rate_limit_reset(self) -> int | None:
        """When the quota is reset, in epoch seconds according to the last response, or None."""
        return self._number_from_last_response("Fastly-RateLimit-Reset")

    def _number_from_last_response(self, header: str) -> int | None:
        last = self.last_response
        value = "" if last is None else last.headers.get(header, "")
        return int(value) if re.fullmatch(r"[0-9]{1,15}", value) else None

    def call(self, operation: Operation, arguments: Mapping[str, Any]) -> Any:
        """Run an operation; the methods of an API class call this.

        Args:
            operation: What to do.
            arguments: The operation's own arguments and the call options, by name.

        Raises:
            ApiTypeError: An argument has the wrong type.
            ApiValueError: An argument or the configuration cannot be used.
            ApiException: The call failed.
        """
        call = self._prepared(operation, checked(arguments, operation.accepts))
        return self._submit(call) if call.arguments["async_req"] else self._run(call)

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise ApiValueError("this ApiClient is closed: create a new one")

    def target(self, operation: Operation, arguments: Mapping[str, Any]) -> str:
        """Return the path and query of a call, with its arguments checked.

        Raises:
            ApiTypeError: An argument has the wrong type.
            ApiValueError: An argument has an unusable value, or the client is closed.
        """
        self._refuse_if_closed()
        return operation.target(arguments, self._checks(arguments))

    def _checks(self, arguments: Mapping[str, Any]) -> bool:
        """Return whether arguments are checked."""
        return bool(arguments["_check_input_type"] and self.configuration.client_side_validation)

    def _prepared(self, operation: Operation, arguments: dict[str, Any]) -> _Call:
        target = self.target(operation, arguments)
        body = operation.body(arguments, self._checks(arguments))
        key = self._key()  # before the host, which the hook may change together with the token
        url = self.configuration.checked_host() + target
        others = self.default_headers.without(_OWN_HEADERS).items()
        headers = {name: Secret(value) for name, value in others}
        headers["Fastly-Key"], headers["Accept"] = key, Secret(arguments["_accept"])
        headers["Accept-Encoding"] = Secret("gzip")
        if body is not None:
            headers["Content-Type"] = Secret("application/json")
        return _Call(operation, Request(url, headers, operation.method, body), arguments)

    def _key(self) -> Secret:
        if "Fastly-Key" in self.default_headers and not _has_token(self.configuration):
            return Secret(self.default_headers["Fastly-Key"])
        return Secret(self.configuration.get_api_key_with_prefix())

    def _resources(self) -> Resources:
        """Return the client's resources in this process, dropping those from before a fork."""
        process = os.getpid()
        found = self._by_process.get(process)
        if found is None:
            for other in set(self._by_process) - {process}:  # another thread may have added ours
                self._by_process.pop(other, None)
            found = self._by_process.setdefault(process, Resources(self.pool_threads))
        return found

    def _rest_client(self, url: str) -> RestClient:
        origin = url[: url.index("/", len("https://"))]
        resources = self._resources()
        client = resources.rest_clients.get(origin)
        if client is None:
            new = RestClient(self.configuration, url, self.pool_threads)
            client = resources.rest_clients.setdefault(origin, new)
        if resources.closed:  # meanwhile; close() may not have seen the new resources
            client.close()
        return client

    def _submit(self, call: _Call) -> AsyncResult[Any]:
        """Submit a call to the threads, which start when they are first needed."""
        try:
            job = self._resources().threads.submit(lambda: self._run(call))
        except RuntimeError as error:  # Python is exiting, or the system has no thread
            raise ApiValueError(f"cannot start a thread for the call: {error}") from error
        if self._closed and job.cancel():  # meanwhile; there may be no thread left to run it
            self._refuse_if_closed()
        return AsyncResult(job)

    def _run(self, call: _Call) -> Any:
        try:
            return self._outcome(call)
        except ApiException as error:
            if error.status is not None:
                self._remember(error)
            if error.status in (404, 410) and call.operation.if_missing:
                error.advice = call.operation.if_missing
            raise

    def _outcome(self, call: _Call) -> Any:
        response: Response | RawResponse
        deadline = self._deadline(call.arguments["_request_timeout"])
        resources = self._resources()
        resources.add(deadline)
        try:
            rest_client = self._rest_client(call.request.url)
            if call.arguments["_preload_content"]:
                response = self._exchanged(call, rest_client, deadline)
                result = result_of(
                    response,
                    call.operation.model,
                    call.arguments["_accept"],
                    check=call.arguments["_check_return_type"],
                    discard_unknown=self.configuration.discard_unknown_keys,
                )
            else:
                result = response = rest_client.open(call.request, deadline)
                self._remember(response)
        except ApiException as error:
            error.method = call.request.method
            error.may_be_done = error.method == "POST" and _may_be_done(error, deadline)
            raise
        finally:
            resources.running.discard(deadline)
        if call.arguments["_return_http_data_only"]:
            return result
        return result, response.status, response.headers

    def _exchanged(self, call: _Call, rest_client: RestClient, deadline: Deadline) -> Response:
        wait = call.arguments.get("_wait")
        wait = self.configuration.estimate_wait if wait is None else wait
        send = _counting_attempts(lambda: rest_client.get(call.request, deadline))
        response = call.operation.exchange(send, deadline, wait)
        self._remember(response)
        return response

    def _deadline(self, timeout: float | tuple[float, float] | None) -> Deadline:
        default = self.configuration.timeout
        connect = default[0] if isinstance(default, tuple) else LONGEST_CONNECT
        return Deadline.of(default if timeout is None else timeout, connect)

    def _remember(self, response: Response | RawResponse | ApiException) -> None:
        self.last_response = LastResponse(response.status, response.reason, response.headers)


def _may_be_done(error: ApiException, deadline: Deadline) -> bool:
    """Return whether the API may have carried out a POST that failed."""
    refused = error.status is not None and 400 <= error.status <= 499
    return not (refused or deadline.connecting)


def _counting_attempts(send: Send) -> Send:
    """Return a function that sends a request and counts the attempts over all its calls."""
    attempts = 0

    def counting() -> Response:
        nonlocal attempts
        try:
            response = send()
        except ApiException as error:
            error.tries += attempts
            raise
        attempts += response.attempts
        return response if attempts == response.attempts else response._replace(attempts=attempts)

    return counting
