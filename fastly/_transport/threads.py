"""The threads that run a client's calls with ``async_req=True``."""

from __future__ import annotations

import contextvars
import logging
import threading
import weakref
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future

__all__ = ["Threads"]

T = TypeVar("T")

log = logging.getLogger("fastly")

Jobs = SimpleQueue["tuple[Future[Any], Callable[[], Any]] | None"]


class Threads:
    """A pool of threads, each started by a call that needs it.

    They are daemons: a ``ThreadPoolExecutor`` would delay the end of the program until the last
    call has ended.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._jobs: Jobs = SimpleQueue()
        self._has_said_serial = most > 1
        weakref.finalize(self, self._jobs.put, None)  # no thread outlives its client

    def submit(self, task: Callable[[], T]) -> Future[T]:
        """Run a task on a thread, in a copy of the caller's context: its trace, its log fields.

        Raises:
            RuntimeError: No thread is running, and none can be started.
        """
        with self._lock:
            self._start_one()
        if not self._has_said_serial and not self._jobs.empty():
            self._has_said_serial = True
            log.info("async_req calls run one at a time: pass pool_threads to ApiClient for more")
        from concurrent.futures import Future  # slow to import, and most programs need none

        future: Future[T] = Future()
        context = contextvars.copy_context()
        self._jobs.put((future, lambda: context.run(task)))
        return future

    def cancel(self) -> None:
        """Cancel the tasks that have not started."""
        with suppress(Empty):
            while job := self._jobs.get_nowait():
                job[0].cancel()
                job[0].set_running_or_notify_cancel()  # wakes those that wait for it

    def finish(self) -> None:
        """Run the submitted tasks, end the threads, and wait until they have ended."""
        self._jobs.put(None)
        for thread in list(self._threads):
            if thread is not threading.current_thread():
                thread.join()

    def _start_one(self) -> None:
        if len(self._threads) >= self._most:
            return
        # The thread starts in an empty context: what a tracer copies into it belongs to one call.
        thread = threading.Thread(target=_work, args=[self._jobs], name="fastly", daemon=True)
        try:
            contextvars.Context().run(thread.start)
        except RuntimeError:
            if not self._threads:
                raise
        else:
            self._threads.append(thread)


def _work(jobs: Jobs) -> None:
    while job := jobs.get():
        _run(*job)
        del job  # keep no reference to a result while the thread waits
    jobs.put(None)  # for the next thread


def _run(future: Future[Any], task: Callable[[], Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = task()
    except BaseException as error:
        future.set_exception(error)
    else:
        future.set_result(result)
