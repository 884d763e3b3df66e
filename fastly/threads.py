"""The threads that run a client's calls with ``async_req=True``."""

from __future__ import annotations

import logging
import threading
import weakref
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from concurrent.futures import Future

__all__ = ["Threads"]

log = logging.getLogger("fastly")

Task = Callable[[], Any]
Tasks = SimpleQueue["tuple[Future[Any], Task] | None"]


class Threads:
    """A pool of threads, each started by a call that needs it.

    Unlike those of a ``ThreadPoolExecutor``, they do not delay the end of the program, and no
    method takes a lock, so that a signal handler can call all of them.
    """

    def __init__(self, most: int) -> None:
        self._permits = [None] * most
        self._is_serial = most == 1
        self._threads: list[threading.Thread] = []
        self._tasks: Tasks = SimpleQueue()
        weakref.finalize(self, self._tasks.put, None)  # no thread outlives its client

    def submit(self, task: Task) -> Future[Any]:
        """Run a task on a thread.

        Raises:
            RuntimeError: No thread is running, and none can be started.
        """
        from concurrent.futures import Future  # slow to import, and not always needed

        self._start_one()
        if self._is_serial and not self._tasks.empty():
            self._is_serial = False  # say it once
            log.info("async_req calls run one at a time: pass pool_threads to ApiClient for more")
        future: Future[Any] = Future()
        self._tasks.put((future, task))
        return future

    def cancel(self) -> None:
        """Cancel the tasks that have not started."""
        with suppress(Empty):
            while work := self._tasks.get_nowait():
                work[0].cancel()

    def finish(self) -> None:
        """Run the submitted tasks, end the threads, and wait until they have ended."""
        self._tasks.put(None)
        for thread in list(self._threads):
            if thread is not threading.current_thread():
                thread.join()

    def _start_one(self) -> None:
        try:
            self._permits.pop()
        except IndexError:
            return
        thread = threading.Thread(target=_work, args=[self._tasks], name="fastly", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            self._permits.append(None)
            if not self._threads:
                raise
        else:
            self._threads.append(thread)


def _work(tasks: Tasks) -> None:
    while work := tasks.get():
        _do(*work)
        del work  # keep no reference to a result while the thread waits
    tasks.put(None)  # for the next thread


def _do(future: Future[Any], task: Task) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = task()
    except BaseException as error:
        future.set_exception(error)
    else:
        future.set_result(result)
