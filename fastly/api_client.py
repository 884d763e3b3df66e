"""One call: a safe path, the query, headers, token, options, threads; from arguments to result."""

from __future__ import annotations

import codecs
import json
import os
import re
import threading
import weakref
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from functools import wraps
from typing import (
    TYPE_CHECKING,
    Any,
    Generic,
    NamedTuple,
    NoReturn,
    ParamSpec,
    Protocol,
    TypeVar,
    cast,
)

from fastly._version import __version__
from fastly.configuration import Configuration
from fastly.configuration.checks import check_header, check_pool_size, check_timeout, check_wait
from fastly.configuration.secrets import Secrets
from fastly.deadline import Deadline
from fastly.exceptions import (
    ApiException,
    ApiTypeError,
    ApiValueError,
    ConnectionException,
    ResponseException,
    TimeoutException,
    did_you_mean,
    render_path,
)
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

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor
    from types import TracebackType

    from typing_extensions import Self


__all__ = [
    "ApiClient",
    "AsyncResult",
    "Operation",
    "Parameter",
    "checks_arguments",
    "identifier",
    "text_of",
]

T = TypeVar("T")
P = ParamSpec("P")

JSON, CSV, PDF = "application/json", "text/csv", "application/pdf"
# Answers of 2xx that promise no whole body: accepted, no content, reset content, partial content.
_BODILESS = frozenset({202, 204, 205, 206})
LONGEST_CONNECT = 10.0  # seconds, where only a time for the whole call is given
# By the name that Python gives to each alias; a byte order mark is no part of the text.
_CODECS = {"utf-8": "utf-8-sig", "ascii": "ascii", "iso8859-1": "latin-1", "cp1252": "cp1252"}
_SAFE = re.compile(r"[A-Za-z0-9_-]+")

_OWN_HEADERS = frozenset({"accept", "accept-encoding", "fastly-key"})

_FLAGS = (
    "_return_http_data_only",
    "_preload_content",
    "_check_input_type",
    "_check_return_type",
    "async_req",
)


class Decodable(Protocol):
    """A class that can be made from the object of a JSON answer."""

    @classmethod
    def from_response(cls, data: dict[str, Any], *, check: bool, discard_unknown: bool) -> Self:
        """Make one out of an answer's own dictionary."""
        ...


Ask = Callable[[], Response]
Check = Callable[[str, object], str]


def _once(ask: Ask, *_: object) -> Response:
    return ask()


class Parameter(NamedTuple):
    """An argument of an operation: its name, its check, and whether it goes into the query."""

    name: str
    check: Check
    in_query: bool = False


class Operation(NamedTuple):
    """What an operation is: where it asks, with what, for what, and how often."""

    path: str
    parameters: tuple[Parameter, ...]
    model: type[Decodable]
    accepts: tuple[str, ...] = (JSON,)
    exchange: Callable[[Ask, Deadline, float], Response] = _once


def checks_arguments(operation: Callable[P, T]) -> Callable[P, T]:
    """Make a call with the wrong arguments an ``ApiTypeError``, as for every other mistake."""
    known = (*operation.__annotations__,)[:-1]

    @wraps(operation)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return operation(*args, **kwargs)
        except TypeError as error:
            # With no frame below this one, it is the call that failed and not the operation.
            if error.__traceback__ is None or error.__traceback__.tb_next is not None:
                raise
            words = str(error).partition(". Did you mean")[0]  # Python 3.13's, for some names
            unknown = re.search(r"unexpected keyword argument '(\w+)'$", words)
            hint = did_you_mean(unknown[1], known) if unknown else ""
            raise ApiTypeError(f"{words}; it takes {', '.join(known)}{hint}") from None

    return call


def identifier(name: str, value: object) -> str:
    """Check an id: text. That it cannot climb out of its place in a path, the client checks."""
    if not isinstance(value, str):
        raise ApiTypeError(f"{name} is text, not of type {type(value).__name__}")
    return value


def text_of(name: str, value: object) -> str:
    """Return an argument as text; Python itself refuses numbers of thousands of digits."""
    try:
        return str(value)
    except ValueError:
        raise ApiValueError(f"{name} is too long a number") from None


def _safe(name: str, value: object) -> str:
    text = text_of(name, value)
    match = _SAFE.fullmatch(text)
    if match is None:
        raise ApiValueError(f"{name} has only A-Z, a-z, 0-9, _ and -, and is not empty: {text!r}")
    return match[0]  # plain text, also where a subclass of str would write itself otherwise


class AsyncResult(Generic[T]):
    """The result of a call that runs on the client's threads (``async_req=True``)."""

    def __init__(self, future: Future[T]) -> None:
        self._future = future
        self._process = os.getpid()

    def get(self, timeout: float | None = None) -> T:
        """Wait for the result and return it.

        Args:
            timeout: Seconds to wait at most; None waits as long as the call lasts, which
                its own timeouts bound from when a thread takes it up.

        Raises:
            ApiTypeError: ``timeout`` is neither a number nor None.
            ApiValueError: ``timeout`` is less than 0, or a setting of the connections cannot
                be used.
            TimeoutException: The call was still running; it goes on, and ``get`` can be
                called again.
            ApiException: What the call raised.
        """
        self.wait(timeout)
        if not self.ready():
            error = TimeoutException(reason=f"the call was still running after {timeout:g} s")
            error.advice = "Call get() again, or give it a longer timeout; the call goes on."
            raise error
        if self._future.cancelled():
            raise ConnectionException(reason="the client was closed before the call began")
        return self._future.result()

    def wait(self, timeout: float | None = None) -> None:
        """Wait until the call has ended, or ``timeout`` seconds have passed.

        Raises:
            ApiTypeError: ``timeout`` is neither a number nor None.
            ApiValueError: ``timeout`` is less than 0.
            ConnectionException: This is a forked process, in which the call does not run.
        """
        from concurrent.futures import CancelledError
        from concurrent.futures import TimeoutError as StillRunning

        if not self.ready() and os.getpid() != self._process:
            raise ConnectionException(
                reason="the call runs in the process that this was forked from"
            )
        seconds = None if timeout is None else check_wait("timeout", timeout)
        with suppress(CancelledError, StillRunning):
            self._future.exception(seconds)

    def ready(self) -> bool:
        """Tell whether the call has ended."""
        return self._future.done()

    def successful(self) -> bool:
        """Tell whether the call has ended without an exception."""
        done = self.ready() and not self._future.cancelled()
        return done and self._future.exception() is None


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

    @checks_arguments
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
        call = self._prepared(operation, _checked(operation, arguments))
        return self._submit(call) if call.arguments["async_req"] else self._run(call)

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise ApiValueError("this ApiClient is closed; make a new one")

    def _prepared(self, operation: Operation, arguments: dict[str, Any]) -> _Call:
        strict = arguments["_check_input_type"] and self.configuration.client_side_validation
        host = self.configuration.checked_host()
        url = host + _path_and_query(operation, arguments, strict)
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
        response = call.operation.exchange(self._asking(call, deadline), deadline, wait)
        self._remember(response, call)
        return response

    def _asking(self, call: _Call, deadline: Deadline) -> Ask:
        """Return what asks, as often as it is called, and counts the tries of all that."""
        tries = 0

        def ask() -> Response:
            nonlocal tries
            try:
                response = self.rest_client.get(call.request, deadline)
            except ApiException as error:
                error.tries += tries
                raise
            tries += response.tries
            return response if tries == response.tries else response._replace(tries=tries)

        return ask

    def _deadline(self, timeout: float | tuple[float, float] | None) -> Deadline:
        default = self.configuration.timeout
        connect = default[0] if isinstance(default, tuple) else LONGEST_CONNECT
        return Deadline.of(default if timeout is None else timeout, connect)

    def _remember(self, answer: Response | RawResponse | ApiException, call: _Call) -> None:
        """Keep what came with an answer; what repeats the token is masked when it is asked for."""
        came = LastResponse(answer.status, answer.reason, answer.headers)
        self._last = came, call.request

    def _deserialized(self, call: _Call, response: Response) -> Any:
        if response.status in _BODILESS:
            _refuse(response, "this status promises no body, and an invoice was asked for")
        accept = call.arguments["_accept"]
        if accept == JSON:
            return self._model(call, response)
        if _content_type(response) != accept:
            _refuse(response, f"Content-Type is {_content_type(response)!r}, not {accept!r}")
        return _text(response) if accept == CSV else _pdf(response)

    def _model(self, call: _Call, response: Response) -> Decodable:
        data = _json_object(response)
        try:
            return call.operation.model.from_response(
                data,
                check=call.arguments["_check_return_type"],
                discard_unknown=self.configuration.discard_unknown_keys,
            )
        except (ApiTypeError, ApiValueError) as error:
            _refuse(response, f"the answer is not as documented: {error}", error)


_clients: weakref.WeakSet[ApiClient] = weakref.WeakSet()


def _forget_all() -> None:
    for client in _clients:
        client._forget()  # pyright: ignore[reportPrivateUsage]  # same module


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)


def _checked(operation: Operation, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Check the options among the arguments; the operation's own are checked with the path."""
    checked = dict(arguments)
    for name in _FLAGS:
        if not isinstance(checked[name], bool):
            raise ApiTypeError(f"{name} is True or False, not {checked[name]!r}")
    for name, check in (("_request_timeout", check_timeout), ("_wait", check_wait)):
        if checked.get(name) is not None:
            checked[name] = check(name, checked[name])
    if checked["_accept"] not in operation.accepts:
        accepts = " or ".join(operation.accepts)
        raise ApiValueError(f"_accept is {accepts}, not {checked['_accept']!r}")
    return checked


def _path_and_query(operation: Operation, arguments: Mapping[str, object], strict: bool) -> str:
    path: dict[str, str] = {}
    query: list[str] = []
    for parameter in operation.parameters:
        value = arguments[parameter.name]
        if parameter.in_query and value is None:
            continue
        text = _safe(parameter.name, parameter.check(parameter.name, value) if strict else value)
        if parameter.in_query:
            query.append(f"{parameter.name}={text}")
        else:
            path[parameter.name] = text
    return operation.path.format_map(path) + ("?" if query else "") + "&".join(query)


def _refuse(response: Response, why: str, cause: Exception | None = None) -> NoReturn:
    """Raise the exception of a 2xx answer that is not what was promised, its body kept."""
    error = response.as_error(ResponseException, why)
    if isinstance(cause, ApiTypeError):
        error.path = render_path(cause.path_to_item) or None
    raise error from cause


def _content_type(response: Response) -> str:
    return response.headers.get("content-type", "").partition(";")[0].strip().lower()


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


_decode = json.JSONDecoder(parse_constant=_refuse_constant).decode


def _json_object(response: Response) -> dict[str, Any]:
    try:
        data = _decode(response.data.decode().removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        _refuse(response, _why_not_json(response, error), error)
    if not isinstance(data, dict):
        _refuse(response, f"the body is a JSON {type(data).__name__}, not an object")
    return cast("dict[str, Any]", data)


def _why_not_json(response: Response, error: Exception) -> str:
    if not response.data:
        return "no body"
    kind = _content_type(response)
    said = "" if kind in ("", JSON) else f", and the Content-Type is {kind!r}"
    return f"the body is not JSON: {error}{said}"


def _text(response: Response) -> str:
    charset = re.search(r"charset=\"?([\w.:-]+)", response.headers["content-type"], re.IGNORECASE)
    name = charset[1] if charset else "utf-8"
    try:
        text = response.data.decode(_CODECS[codecs.lookup(name).name])
    except LookupError as error:
        _refuse(response, f"the charset {name!r} of the text is not known", error)
    except UnicodeDecodeError as error:
        _refuse(response, f"the body is not {name} text: {error}", error)
    return text or _refuse(response, "no body")


def _pdf(response: Response) -> bytes:
    # Readers take a document whose mark stands within the first 1,024 bytes (ISO 32000-1, annex H).
    if b"%PDF-" not in response.data[:1024]:
        _refuse(response, "the body is no PDF document")
    return response.data
