"""The threads that run a client's calls with ``async_req=True``."""

from __future__ import annotations

import logging
import threading
import weakref
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar

__all__ = ["Job", "Threads"]

T = TypeVar("T")

log = logging.getLogger("fastly")


class Job(Generic[T]):
    """A task, and its outcome as soon as it has ended.

    Unlike a ``Future``, it has no lock that a waiting thread holds while it looks at the outcome,
    so that a signal handler never waits for what it interrupted.

    Attributes:
        is_done: Whether the task has ended, or was cancelled.
        is_cancelled: Whether it was cancelled.
        error: What the task raised.
    """

    result: T

    def __init__(self, task: Callable[[], T]) -> None:
        self._unclaimed = [task]
        self._running = threading.Lock()
        self._running.acquire()
        self.is_done = self.is_cancelled = False
        self.error: BaseException | None = None

    def run(self) -> None:
        """Run the task, unless it was cancelled."""
        with suppress(IndexError):
            task = self._unclaimed.pop()
            try:
                self.result = task()
            except BaseException as error:
                self.error = error
            self._end()

    def cancel(self) -> bool:
        """Cancel the task, and return whether that was possible: it may have started."""
        try:
            self._unclaimed.pop()
        except IndexError:
            return False
        self.is_cancelled = True
        self._end()
        return True

    def wait(self, seconds: float | None) -> None:
        """Wait until the task has ended, or so many seconds have passed."""
        if not self.is_done and self._running.acquire(timeout=-1 if seconds is None else seconds):
            self._running.release()  # for the next one that waits

    def _end(self) -> None:
        self.is_done = True
        self._running.release()


Jobs = SimpleQueue[Job[Any] | None]


class Threads:
    """A pool of threads, each started by a call that needs it.

    Unlike those of a ``ThreadPoolExecutor``, they do not delay the end of the program, and no
    method takes a lock, so that a signal handler can call all of them.
    """

    def __init__(self, most: int) -> None:
        self._permits = [None] * most
        self._is_serial = most == 1
        self._threads: list[threading.Thread] = []
        self._jobs: Jobs = SimpleQueue()
        weakref.finalize(self, self._jobs.put, None)  # no thread outlives its client

    def submit(self, task: Callable[[], T]) -> Job[T]:
        """Run a task on a thread.

        Raises:
            RuntimeError: No thread is running, and none can be started.
        """
        self._start_one()
        if self._is_serial and not self._jobs.empty():
            self._is_serial = False  # say it once
            log.info("async_req calls run one at a time: pass pool_threads to ApiClient for more")
        job = Job(task)
        self._jobs.put(job)
        return job

    def cancel(self) -> None:
        """Cancel the tasks that have not started."""
        with suppress(Empty):
            while job := self._jobs.get_nowait():
                job.cancel()

    def finish(self) -> None:
        """Run the submitted tasks, end the threads, and wait until they have ended."""
        self._jobs.put(None)
        for thread in list(self._threads):
            if thread is not threading.current_thread():
                thread.join()

    def _start_one(self) -> None:
        try:
            self._permits.pop()
        except IndexError:
            return
        thread = threading.Thread(target=_work, args=[self._jobs], name="fastly", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            self._permits.append(None)
            if not self._threads:
                raise
        else:
            self._threads.append(thread)


def _work(jobs: Jobs) -> None:
    while job := jobs.get():
        job.run()
        del job  # keep no reference to a result while the thread waits
    jobs.put(None)  # for the next thread
