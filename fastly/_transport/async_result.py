"""The result of a call that runs on the client's threads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from fastly._transport.processes import this_process
from fastly.configuration.checks import check_wait
from fastly.exceptions import ConnectionException, TimeoutException

if TYPE_CHECKING:
    from concurrent.futures import Future

__all__ = ["AsyncResult"]

T = TypeVar("T")


class AsyncResult(Generic[T]):
    """The result of a call that runs on the client's threads (``async_req=True``)."""

    def __init__(self, future: Future[T]) -> None:
        self._future = future
        self._process = this_process()

    def get(self, timeout: float | None = None) -> T:
        """Wait for the result and return it.

        Args:
            timeout: Maximum number of seconds to wait. None waits until the call ends; its own
                timeouts limit it from when a thread starts it.

        Raises:
            ApiTypeError: ``timeout`` is neither a number nor None.
            ApiValueError: ``timeout`` is less than 0, or a connection setting is unusable.
            TimeoutException: The call is still running. It continues, and ``get`` can be
                called again.
            ApiException: What the call raised.
        """
        self.wait(timeout)
        if not self.ready():
            error = TimeoutException(reason=f"the call was still running after {timeout:g} s")
            error.advice = "Call get() again, or pass a longer timeout; the call continues."
            raise error
        if self._future.cancelled():
            raise ConnectionException(reason="the client was closed before the call started")
        return self._future.result()

    def wait(self, timeout: float | None = None) -> None:
        """Wait until the call has ended, or ``timeout`` seconds have passed.

        Raises:
            ApiTypeError: ``timeout`` is neither a number nor None.
            ApiValueError: ``timeout`` is less than 0.
            ConnectionException: This is a forked process, in which the call does not run.
        """
        if not self.ready() and this_process() != self._process:
            raise ConnectionException(
                reason="the call runs in the process that this one was forked from"
            )
        from concurrent.futures import wait  # imported by the threads before

        seconds = None if timeout is None else check_wait("timeout", timeout)
        wait([self._future], seconds)

    def ready(self) -> bool:
        """Return whether the call has ended."""
        return self._future.done()

    def successful(self) -> bool:
        """Return whether the call has ended without an exception."""
        return self.ready() and not self._future.cancelled() and self._future.exception() is None
