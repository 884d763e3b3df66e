"""One call from its arguments to its result: path, query, headers, token, options, threads."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from http.client import ACCEPTED
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, cast

from fastly._operations.declarations import Decodable, Operation
from fastly._operations.identity import confirmed
from fastly._operations.payloads import decoded, parsed, refuse_bodiless
from fastly._operations.polling import poll_while_accepted
from fastly._signatures import accepts_only_declared_arguments, hides_arguments
from fastly._transport import LastResponse, RawResponse, Request, Response, RestClient
from fastly._transport.async_result import AsyncResult
from fastly._transport.bodies import TruncatedBodyError
from fastly._transport.deadline import Deadline
from fastly._transport.processes import this_process
from fastly._transport.resources import Resources
from fastly._transport.retries import may_be_done
from fastly._version import __version__
from fastly.configuration import Configuration
from fastly.configuration.checks import check_header, check_pool_size
from fastly.configuration.secrets import MASK, Secret, Secrets
from fastly.exceptions import ApiException, ApiTypeError, ApiValueError

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self


__all__ = ["ApiClient", "AsyncResult", "LastResponse"]

_OWN_HEADERS = frozenset({"accept", "accept-encoding", "fastly-key"})


class DefaultHeaders(Secrets):
    """Headers sent with each request: case-insensitive and checked; repr shows only names."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(_check_default_header)

    def sent(self) -> dict[str, str]:
        """Return the headers that a call does not set itself, as secrets."""
        items = dict(self._values).items()
        return {name: x for name, x in items if name.lower() not in _OWN_HEADERS}

    def _key(self, key: str) -> str:
        if key in self._values:
            return key
        wanted = str(key).lower()
        return next((known for known in tuple(self._values) if known.lower() == wanted), key)


def _check_default_header(name: str, value: object) -> str:
    return check_header("default header", name, value)


def _has_token(configuration: Configuration) -> bool:
    """Ask in a frame of its own: some error trackers evaluate what the lines of a frame name."""
    return bool(configuration.api_token or configuration.refresh_api_key_hook)


class _Call(NamedTuple):
    operation: Operation
    request: Request
    arguments: dict[str, Any]


class ApiClient:
    """Owns the connections and threads that calls share; thread-safe.

    Use it in a ``with`` block, or call ``close()``: either ends its connections and threads. An
    exception that leaves the block also aborts the calls that are running; a signal handler should
    raise one, not call ``close()``. No thread is started before a call with ``async_req=True``.

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
        last_response: The last response: status, reason, headers and body; None before the first.

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
        self._by_process: dict[object, Resources] = {}
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

    @hides_arguments
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

    def call(self, operation: Operation, arguments: dict[str, Any]) -> Any:
        """Run an operation; the methods of an API class call this.

        Args:
            operation: What to do.
            arguments: What ``operation.arguments`` returns.

        Raises:
            ApiTypeError: An argument has the wrong type.
            ApiValueError: An argument or the configuration cannot be used.
            ApiException: The call failed.
        """
        call = self._prepared(operation, arguments)
        return self._submit(call) if call.arguments["async_req"] else self._run(call)

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

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise ApiValueError("this ApiClient is closed: create a new one")

    def _prepared(self, operation: Operation, arguments: dict[str, Any]) -> _Call:
        target = self.target(operation, arguments)
        body = operation.body(arguments, self._checks(arguments))
        headers = self.default_headers.sent()
        headers["Fastly-Key"] = self._key()
        headers["Accept"], headers["Accept-Encoding"] = arguments["_accept"], "gzip"
        if body is not None:
            headers["Content-Type"] = "application/json"
        # After the key, whose hook may change the host too.
        url = self.configuration.checked_host() + target
        return _Call(operation, Request(url, headers, operation.method, body), arguments)

    def _key(self) -> Secret:
        given, configuration = self.default_headers.get("Fastly-Key"), self.configuration
        if given and not _has_token(configuration):
            return Secret(given)
        return Secret(configuration.get_api_key_with_prefix())

    def _resources(self) -> Resources:
        """Return the client's resources in this process, dropping those from before a fork."""
        process = this_process()
        found = self._by_process.get(process)
        if found is None:
            for other in set(self._by_process) - {process}:  # another thread may have added ours
                self._by_process.pop(other, None)
            found = self._by_process.setdefault(process, Resources(self.pool_threads))
        return found

    def _rest_client(self, resources: Resources, url: str) -> RestClient:
        origin = url[: url.index("/", len("https://"))]
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
            future = self._resources().threads.submit(partial(self._run, call))
        except RuntimeError as error:  # Python is exiting, or the system has no thread
            raise ApiValueError(
                f"cannot start a thread for the call: {error}; call it without async_req"
            ) from error
        if self._closed and future.cancel():  # meanwhile; there may be no thread left to run it
            self._refuse_if_closed()
        return AsyncResult(future)

    def _run(self, call: _Call) -> Any:
        deadline = Deadline.of(call.arguments["_request_timeout"], self.configuration.timeout)
        resources = self._resources()
        resources.add(deadline)
        try:
            response, result = self._exchange(
                call, deadline, self._rest_client(resources, call.request.url)
            )
        except ApiException as error:
            self._describe(error, call, deadline)
            raise
        finally:
            resources.running.discard(deadline)
        self.last_response = LastResponse.of(response)
        if call.arguments["_return_http_data_only"]:
            return result
        return result, response.status, response.headers

    def _exchange(
        self, call: _Call, deadline: Deadline, rest_client: RestClient
    ) -> tuple[Response | RawResponse, Any]:
        """Send the request, and return the response and the result."""
        operation, request, arguments = call
        if not arguments["_preload_content"]:
            unread = rest_client.open(request, deadline)
            return unread, unread
        accept = arguments["_accept"]
        if operation.model is None:  # whatever the body of the response is
            return rest_client.get(request, deadline, lambda _: None)
        ask = partial(rest_client.get, request, deadline, partial(parsed, accept=accept))
        answer = ask()
        if answer[0].status == ACCEPTED and operation.polls:
            answer = poll_while_accepted(answer, ask, deadline, self._wait(arguments))
        if operation.identity is not None and isinstance(answer[1], dict):
            drop = rest_client.drop_idle
            answer = confirmed(answer, ask, operation.identity, arguments, drop)
        return answer[0], self._result(call, *answer)

    def _result(self, call: _Call, response: Response, payload: Any) -> Any:
        if payload is None:
            refuse_bodiless(response)
        if not isinstance(payload, dict):
            return payload
        return decoded(
            response,
            cast("dict[str, Any]", payload),
            cast("type[Decodable]", call.operation.model),
            check=call.arguments["_check_return_type"],
            discard_unknown=self.configuration.discard_unknown_keys,
        )

    def _describe(self, error: ApiException, call: _Call, deadline: Deadline) -> None:
        """Add to an exception what only the call knows."""
        error.tries = max(1, deadline.attempts)
        error.method = call.request.method
        error.may_be_done = error.method == "POST" and may_be_done(error)
        detail = (error.detail or "").encode()
        if deadline.secrets(detail) != detail:  # JSON's escapes hid the token until here
            error.body = MASK
        if isinstance(error.__cause__, TruncatedBodyError):
            error.advice = "The body ended early, also when it was requested again: retry later."
        if error.status is not None:
            self.last_response = LastResponse.of(error)
        if error.status in (404, 410) and call.operation.if_missing:
            error.advice = call.operation.if_missing

    def _wait(self, arguments: Mapping[str, Any]) -> float:
        wait: float | None = arguments.get("_wait")
        return self.configuration.estimate_wait if wait is None else wait
