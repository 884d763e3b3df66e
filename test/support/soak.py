"""Many calls on many threads against a server that fails in every way, by seeded chance.

::

    python test/support/soak.py --calls 20000 --threads 32 --seed 1 --seconds 300

Each call must end in time with the right object or a documented exception; at the end no thread,
socket or memory may be left, and nothing may have reached another origin. The figures are printed
as a table; the exit status is 1 if any of them breaks a rule.
"""

from __future__ import annotations

import argparse
import gc
import os
import random
import sys
import threading
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

if __name__ == "__main__":  # pytest puts both of these on the path by itself
    sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent.parent)]

from faults import (
    INVOICE,
    LISTED,
    PAGES,
    FaultServer,
    Refusing,
    by_chance,
    every_fault,
    slow_faults,
)

import fastly
from fastly.api.billing_invoices_api import BillingInvoicesApi

TIMEOUT = 0.5  # seconds: the timeout of a call
SLACK = 10.0  # seconds, for other work on the machine; a slow fault lasts 20 or more
RETRIES = 2
QUARTERS = 4
MOST_GROWTH = 1024  # KiB between the second and the last quarter

Call = Callable[[BillingInvoicesApi, str], bool]


def _json(api: BillingInvoicesApi, invoice_id: str) -> bool:
    invoice = api.get_invoice_by_invoice_id(invoice_id, _request_timeout=TIMEOUT)
    # A fault that is not an error responds with the only invoice that it has.
    return (
        invoice.invoice_id in (invoice_id, INVOICE["invoice_id"])
        and invoice.monthly_transaction_amount == 1.5
    )


def _estimate(api: BillingInvoicesApi, _: str) -> bool:
    estimate = api.get_month_to_date_invoice(_wait=0.3, _request_timeout=TIMEOUT)
    return estimate.invoice_id in ("month-to-date", INVOICE["invoice_id"])


def _pages(api: BillingInvoicesApi, _: str) -> bool:
    paged = api.iter_invoices(_request_timeout=TIMEOUT)
    found = [(x.invoice_id, x.payment_status) for x in paged]
    changed = [(name, "changed") for name in LISTED]  # a fault that is a whole list
    return found in ([(name, None) for name in LISTED], changed)


def _unread(api: BillingInvoicesApi, invoice_id: str) -> bool:
    response = api.get_invoice_by_invoice_id(
        invoice_id, _preload_content=False, _request_timeout=TIMEOUT
    )
    response.close()
    return 200 <= response.status <= 299


CALLS: list[Call] = [_json] * 6 + [_pages] * 2 + [_estimate, _unread]


@dataclass
class Figures:
    """The measurements of a soak."""

    calls: int = 0
    seconds: float = 0.0
    longest: float = 0.0
    outcomes: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    memory: list[float] = field(default_factory=list)
    threads_left: int = 0
    sockets_left: int = 0
    elsewhere: int = 0

    @property
    def overrun(self) -> float:
        """Seconds by which the longest call exceeded its time."""
        return max(0.0, self.longest - TIMEOUT)

    @property
    def growth(self) -> float:
        """KiB of memory added between the second and the last quarter."""
        return self.memory[-1] - self.memory[len(self.memory) // 2 - 1]

    def broken(self) -> list[str]:
        """Return the rules that were broken."""
        rules = {
            f"{self.threads_left} threads left": self.threads_left > 0,
            f"{self.sockets_left} sockets left": self.sockets_left > 0,
            f"{self.growth:.0f} KiB more memory": self.growth > MOST_GROWTH,
            f"{self.elsewhere} connections to another origin": self.elsewhere > 0,
        }
        return [*self.violations, *(words for words, broken in rules.items() if broken)]

    def table(self) -> str:
        """Return the figures, one on each line."""
        return "\n".join(f"{name:32} {value}" for name, value in self._rows())

    def _rows(self) -> Iterator[tuple[str, object]]:
        yield "calls", self.calls
        yield "seconds", f"{self.seconds:.1f}"
        yield "calls a second", f"{self.calls / self.seconds:.0f}"
        yield from ((f"  {name}", count) for name, count in self.outcomes.most_common())
        yield "faults acted, of kinds", f"{self.faults.total()}, {len(self.faults)}"
        yield "longest call, s", f"{self.longest:.3f}"
        yield f"beyond its {TIMEOUT} s", f"{self.overrun:.3f}"
        yield "KiB in use after each quarter", ", ".join(f"{kib:.0f}" for kib in self.memory)
        yield "KiB grown since the second", f"{self.growth:.0f}"
        yield "threads left", self.threads_left
        yield "sockets left", self.sockets_left
        yield "connections to another origin", self.elsewhere
        yield "rules broken", len(self.broken())


class Soak:
    """One soak: a server, a client that all threads share, and the outcomes of the calls.

    Args:
        calls: The maximum number of calls.
        threads: The number of threads.
        seed: The seed of the random choices.
        seconds: When to stop making calls.
    """

    def __init__(self, calls: int, threads: int, seed: int, seconds: float) -> None:
        self._calls = calls
        self._threads = threads
        self._chance = random.Random(seed)
        self._seed = seed
        self._end = time.monotonic() + seconds
        self._lock = threading.Lock()
        self.figures = Figures()

    def run(self) -> Figures:
        """Make the calls, and count what is left open."""
        threads, sockets = threading.active_count(), _sockets()
        started = time.monotonic()
        with ExitStack() as stack:
            self._make_calls(stack)
        self.figures.seconds = time.monotonic() - started
        gc.collect()
        self.figures.threads_left = threading.active_count() - threads
        self.figures.sockets_left = _sockets() - sockets
        return self.figures

    def _make_calls(self, stack: ExitStack) -> None:
        elsewhere = stack.enter_context(FaultServer(remember=False))
        choose = by_chance(self._seed, every_fault(elsewhere.url), slow_faults())
        server = stack.enter_context(FaultServer(choose=choose, remember=False))
        refusing = stack.enter_context(Refusing())
        asked, refused = (stack.enter_context(_client(at.url)) for at in (server, refusing))
        apis = [BillingInvoicesApi(client) for client in [asked] * 24 + [refused]]
        pool = stack.enter_context(ThreadPoolExecutor(self._threads))
        tracemalloc.start(1)
        for quarter in range(QUARTERS):
            self._make_quarter(pool, apis, quarter)
        tracemalloc.stop()
        self.figures.faults, self.figures.elsewhere = server.acted, elsewhere.connections

    def _make_quarter(
        self, pool: ThreadPoolExecutor, apis: list[BillingInvoicesApi], quarter: int
    ) -> None:
        size = self._calls // QUARTERS
        jobs = [
            (self._chance.choice(CALLS), self._chance.choice(apis), f"i{quarter}-{n}")
            for n in range(size)
        ]
        for _ in pool.map(lambda job: self._make_call(*job), jobs):
            pass
        gc.collect()
        self.figures.memory.append(tracemalloc.get_traced_memory()[0] / 1024)

    def _make_call(self, call: Call, api: BillingInvoicesApi, invoice_id: str) -> None:
        started = time.monotonic()
        if started > self._end:
            return
        outcome, violation = _outcome(call, api, invoice_id)
        requests = len(PAGES) if call is _pages else 1  # each has the time of a call
        self._count(outcome, violation, (time.monotonic() - started) / requests)

    def _count(self, outcome: str, violation: str | None, seconds: float) -> None:
        if seconds > TIMEOUT + SLACK:
            violation = f"a call took {seconds:.3f} s and ended in {outcome}"
        with self._lock:
            self.figures.calls += 1
            self.figures.outcomes[outcome] += 1
            self.figures.longest = max(self.figures.longest, seconds)
            if violation is not None:
                self.figures.violations.append(violation)


def _client(url: str) -> fastly.ApiClient:
    configuration = fastly.Configuration(host=url, api_key={"token": "soak"}, retries=RETRIES)
    return fastly.ApiClient(configuration)


def _outcome(call: Call, api: BillingInvoicesApi, invoice_id: str) -> tuple[str, str | None]:
    """Make a call; return the name of its outcome, and the rule that it breaks, if any."""
    try:
        right = call(api, invoice_id)
    except fastly.ApiException as error:
        return type(error).__name__, None
    except Exception as error:
        return type(error).__name__, f"not documented: {error!r}"
    return ("right", None) if right else ("wrong", f"{call.__name__} brought another's answer")


def _sockets() -> int:
    """Count the open sockets and files, which share their numbers."""
    return len(os.listdir("/dev/fd"))


def main() -> int:
    """Run a soak as the command line requests, and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--threads", type=int, default=32)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=300)
    figures = Soak(**vars(parser.parse_args())).run()
    words = [figures.table(), *sorted(set(figures.broken()))[:20]]
    sys.stdout.write("\n".join(words) + "\n")
    return 1 if figures.broken() else 0


if __name__ == "__main__":
    sys.exit(main())
