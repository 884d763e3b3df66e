"""How times become figures: ratios within one round, and the median over the rounds.

Other load on the machine slows all subjects of a round, so their ratio is stable even if
their seconds are not.
"""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections.abc import Callable, Mapping
from statistics import median, quantiles
from typing import NamedTuple

Subjects = Mapping[str, Callable[[], object]]
Clock = Callable[[], float]


class Figure(NamedTuple):
    """A median, and the range of the middle half of the rounds, if there were rounds."""

    median: float
    low: float | None = None
    high: float | None = None

    @classmethod
    def of(cls, values: list[float]) -> Figure:
        """Summarize the rounds."""
        if len(values) < 2:
            return cls(values[0])
        low, _, high = quantiles(values, n=4)
        return cls(median(values), low, high)

    def __str__(self) -> str:
        return f"{self.median:.2f}"

    @property
    def spread(self) -> str:
        """The range of the middle half, as text."""
        return "" if self.low is None else f"{self.low:.2f}-{self.high:.2f}"


def seconds(work: Callable[[], object], calls: int = 1, clock: Clock = time.perf_counter) -> float:
    """Return how long some calls take; each result is freed before the next call."""
    gc.collect()
    started = clock()
    for _ in range(calls):
        work()
    return clock() - started


def rounds(
    subjects: Subjects, count: int, calls: int = 1, clock: Clock = time.perf_counter
) -> list[dict[str, float]]:
    """Time all subjects once in each round, in an order that alternates.

    A first round, which warms up, is left out.
    """
    names = list(subjects)
    times: list[dict[str, float]] = []
    for _ in range(count + 1):
        times.append({name: seconds(subjects[name], calls, clock) for name in names})
        names.reverse()
    return times[1:]


def ratios(
    subjects: Subjects,
    base: str,
    count: int,
    calls: int = 1,
    clock: Clock = time.perf_counter,
) -> dict[str, Figure]:
    """Summarize each subject's times over the base's of the same round."""
    times = rounds(subjects, count, calls, clock)
    return {name: Figure.of([t[name] / t[base] for t in times]) for name in subjects}


def kept_bytes(make: Callable[[], object]) -> int:
    """Return the memory of a result in bytes, after a garbage collection."""
    gc.collect()
    tracemalloc.start()
    result = make()
    gc.collect()
    size = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    del result
    return size
