"""Compares this package with its peers: ``python test/benchmarks/run.py [work ...]``.

Prints a table of ratios and ends with status 1 if one misses its bar; ``profile`` prints where the
time of small calls goes instead. It needs pydantic, msgspec and stripe, and makes an environment of
its own for the official client. Every figure is the median, over many rounds, of one time over
another of the same round.
"""

from __future__ import annotations

import cProfile
import gc
import json
import os
import platform
import pstats
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT))  # what is measured is this checkout, installed or not

import official
import server
import urllib3
from bodies import page
from peers import Decode, decoders
from timing import Figure, Subjects, kept_bytes, ratios, rounds

import fastly
from fastly.api.billing_invoices_api import BillingInvoicesApi
from fastly.model.list_eom_invoices_response import ListEomInvoicesResponse

PEERS = ("json", "pydantic", "msgspec", "stripe")
SLOW = "stripe"  # is measured in fewer rounds
TOKEN = "made-up"
PATH = "/billing/v3/invoices"
FASTER = {"0x0": 0.0, "1x30": 7.5, "100x60": 16.0}  # than the official client, at least
MONTHS, THREADS = 96, 16


class Row(NamedTuple):
    """One line of the table: what was measured, and its bar."""

    work: str
    bar: float | None  # None: no bar, shown for information
    figures: dict[str, Figure]

    @property
    def passed(self) -> bool:
        """Return whether the figure is within the bar."""
        return self.bar is None or self.figures["fastly"].median <= self.bar

    def __str__(self) -> str:
        verdict = "" if self.passed else "  MISSED"
        ours = self.figures["fastly"]
        peers = "".join(f"{self.figures.get(name, '-')!s:>10}" for name in PEERS)
        return f"{self.work:52}{self.bar or '':>6}{ours!s:>8}{ours.spread:>12}{peers}{verdict}"


def fastly_decode(body: bytes) -> ListEomInvoicesResponse:
    """Make a page from the bytes of a response, as a call does after receiving them."""
    return ListEomInvoicesResponse.from_response(
        json.loads(body), check=True, discard_unknown=False
    )


DECODERS: dict[str, Decode] = {"fastly": fastly_decode, **decoders()}


def fastly_api(url: str, threads: int = 1) -> BillingInvoicesApi:
    """Create a client of a server's body."""
    configuration = fastly.Configuration(host=url, api_key={"token": TOKEN})
    return BillingInvoicesApi(fastly.ApiClient(configuration, pool_threads=threads))


def asked(pool: urllib3.PoolManager, url: str, decode: Decode, path: str = PATH) -> object:
    """Do what a call does with urllib3 and a decoder, with the same headers."""
    headers = {
        "User-Agent": "fastly-python/0",
        "Accept-Encoding": "gzip",
        "Accept": "application/json",
        "Fastly-Key": TOKEN,
    }
    return decode(pool.request("GET", url + path, headers=headers).data)


def calls(url: str) -> dict[str, Callable[[], object]]:
    """Return what lists the invoices at a URL: this package, and urllib3 with each decoder."""
    pool, api = urllib3.PoolManager(), fastly_api(url)
    peers = {name: partial(asked, pool, url, decode) for name, decode in DECODERS.items()}
    return {**peers, "fastly": lambda: api.list_invoices()}


def beside(subjects: Subjects, base: str, count: int, repeats: int = 1) -> dict[str, Figure]:
    """Measure all subjects in the same rounds, but the slow one in a few of its own."""
    quick = {name: work for name, work in subjects.items() if name != SLOW}
    slow = {base: subjects[base], SLOW: subjects[SLOW]}
    return {**ratios(slow, base, 3, repeats), **ratios(quick, base, count, repeats)}


def list_invoices(url: str, size: str, bar: float) -> Row:
    """Measure a page of so many invoices with so many lines over urllib3 and ``json.loads``."""
    figures = beside(calls(f"{url}/{size}"), "json", 120, 2)
    return Row(f"list_invoices, {size.replace('x', ' of ')} lines, over json", bar, figures)


def month_to_date(url: str) -> Row:
    """Measure a month to date of 30 lines over urllib3 and ``json.loads``."""
    url = f"{url}/30-mtd"
    pool, api = urllib3.PoolManager(), fastly_api(url)
    subjects = {
        "json": partial(asked, pool, url, json.loads, f"{PATH}/month-to-date"),
        "fastly": lambda: api.get_month_to_date_invoice(),
    }
    figures = ratios(subjects, "json", 120, 2)
    return Row("get_month_to_date_invoice, 30 lines, over json", 1.2, figures)


def decoding() -> Row:
    """Measure making the models of 1,000 lines over pydantic making equal ones."""
    body = page(10, 100)
    subjects = {name: partial(decode, body) for name, decode in DECODERS.items()}
    figures = beside(subjects, "pydantic", 200)
    return Row("bytes to models, 1,000 lines, over pydantic", 1.2, figures)


def memory() -> Row:
    """Measure the memory of 2,000 lines over that of json.loads' result."""
    warm, body = page(1, 1), page(10, 200)
    for decode in DECODERS.values():
        decode(warm)
    sizes = {name: kept_bytes(partial(decode, body)) for name, decode in DECODERS.items()}
    figures = {name: Figure(size / sizes["json"]) for name, size in sizes.items()}
    return Row("memory, 2,000 lines, over json", 0.95, figures)


def importing() -> Row:
    """Measure a process that creates a client over one that imports urllib3."""
    client = (
        "import fastly, fastly.api.billing_invoices_api as b; "
        "b.BillingInvoicesApi; fastly.ApiClient()"
    )
    codes = {"json": "import urllib3", "fastly": client}
    peers = {name: f"import {name}" for name in ("pydantic", "msgspec", "stripe")}
    with tempfile.TemporaryDirectory() as compiled:
        run = partial(process, compiled)
        figures = ratios({n: partial(run, code) for n, code in codes.items()}, "json", 50)
        codes = {"json": "import urllib3", **peers}
        others = ratios({n: partial(run, code) for n, code in codes.items()}, "json", 10)
    return Row("process that imports it, over urllib3's", 1.1, {**others, **figures})


def process(compiled: str, code: str) -> None:
    """Run code in a process whose modules are all compiled, as installed ones are.

    It stands in a directory of its own, or it would find this checkout's modules there.
    """
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environment = {**plain, "PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": compiled}
    subprocess.run([sys.executable, "-c", code], env=environment, cwd=compiled, check=True)


def threads(url: str) -> Row:
    """Measure 96 months of 50 ms each on 16 threads over the 0.3 s of the waits themselves."""
    url = f"{url}/1x30-slow"
    subjects = {"fastly": partial(months, url), "json": partial(months_of_urllib3, url)}
    ideal = MONTHS / THREADS * server.DELAY
    times = rounds(subjects, 9)
    figures = {name: Figure.of([t[name] / ideal for t in times]) for name in subjects}
    return Row("96 months on 16 threads, over 0.3 s", 2.5, figures)


def months(url: str) -> None:
    """Get the months with ``async_req`` and a new client."""
    with fastly_api(url, THREADS).api_client as client:
        api = BillingInvoicesApi(client)
        results = [api.list_invoices(async_req=True) for _ in range(MONTHS)]
        for result in results:
            result.get()


def months_of_urllib3(url: str) -> None:
    """Get the months with the standard library's threads and a new pool."""
    pool = urllib3.PoolManager(maxsize=THREADS)
    with ThreadPoolExecutor(THREADS) as executor:
        list(executor.map(lambda _: asked(pool, url, json.loads), range(MONTHS)))
    pool.clear()


def growth(url: str) -> Row:
    """Measure the time of a line at 40,000 lines over that at 1,000, requests included."""
    few, many = calls(f"{url}/1x1000"), calls(f"{url}/1x40000")
    figures = {name: _growth(few[name], many[name]) for name in few if name != SLOW}
    return Row("a line of 40,000, over one of 1,000", 1.3, figures)


def _growth(few: Callable[[], object], many: Callable[[], object]) -> Figure:
    subjects = {"few": lambda: [few() and None for _ in range(40)], "many": many}
    return ratios(subjects, "few", 7)["many"]


def profile(url: str) -> None:
    """Print where 2,000 calls without a line spend their time, by function."""
    api = fastly_api(f"{url}/0x0")
    api.list_invoices()
    profiler = cProfile.Profile()
    profiler.enable()
    for _ in range(2000):
        api.list_invoices()
    profiler.disable()
    pstats.Stats(profiler).strip_dirs().sort_stats("tottime").print_stats(14)


def rows(url: str) -> Iterator[tuple[str, Callable[[], Row]]]:
    """Yield each measure with its short name."""
    yield "list 0", partial(list_invoices, url, "0x0", 1.15)
    yield "list 30", partial(list_invoices, url, "1x30", 1.2)
    yield "list page", partial(list_invoices, url, "100x60", 1.45)
    yield "mtd", partial(month_to_date, url)
    yield "decoding", decoding
    yield "memory", memory
    yield "importing", importing
    yield "threads", partial(threads, url)
    yield "growth", partial(growth, url)


def beside_official(url: str) -> bool:
    """Print how much less CPU time a call takes than with the official client."""
    try:
        theirs = official.figures(url, official.environment())
    except (subprocess.CalledProcessError, OSError) as error:
        print(f"The official client was not measured: {error}")
        return True
    ours = official.figures(url, sys.executable)
    faster = {name: theirs[name] / ours[name] for name in ours}
    print(f"\nCPU time of fastly {official.VERSION} of the package index, over ours:")
    for name, times in faster.items():
        print(f"list_invoices, {name.replace('x', ' of ')} lines: {times:.1f} (bar {FASTER[name]})")
    return all(times >= FASTER[name] for name, times in faster.items())


def conditions() -> str:
    """Return the versions and the machine of the measurements."""
    packages = ("urllib3", "pydantic", "msgspec", "stripe")
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return (
        f"{python}, {os.cpu_count()} cores, {platform.machine()}; {versions}; "
        "json: urllib3 and json.loads"
    )


def main(works: list[str]) -> int:
    """Measure everything or the named works; print the table, and return the exit status."""
    print(conditions())
    peers = "".join(f"{name:>10}" for name in PEERS)
    print(f"{'work':52}{'bar':>6}{'fastly':>8}{'middle half':>12}{peers}")
    gc.collect()
    gc.freeze()  # a user's process does not hold all the peers' modules, to be searched each time
    passed = True
    with server.running() as url:
        for name, measure in rows(url):
            if not works or name.split()[0] in works:
                row = measure()
                print(row, flush=True)
                passed &= row.passed
        if "profile" in works:
            profile(url)
        if not works or "official" in works:
            passed &= beside_official(url)
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
