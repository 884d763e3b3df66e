"""Makes small changes to the package, and counts those that no test notices.

``python test/project/mutants.py`` tries all, with ``_transport/retries.py`` those of one file, with
``--sample 1400`` so many of them, and ``--survivors`` those that no test noticed before. It needs
mutmut 3.8.1, which makes the changes. fastly must not be installed as editable: tests import what
is in ``mutants/``.

mutmut itself tries them in forks of a process that has imported the package. There, a change to
code that runs on import has no effect, and one that waits forever blocks its worker. Here, each
is tried in its own processes. Verdicts are kept in ``mutants/verdicts.jsonl``, by the code of a
function and of its change, so an interrupted run continues where it stopped.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import hashlib
import json
import os
import random
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parent.parent.parent
MUTANTS = ROOT / "mutants"
VERDICTS = MUTANTS / "verdicts.jsonl"

# The tests of each file, in the order in which they are tried; the first that fails is enough.
TESTS = {
    "api_client.py": (
        "api_client lifecycle secrets billing_api paging connections official_code tls"
    ),
    "_operations/arguments.py": "operations api_client",
    "_transport/async_result.py": "lifecycle api_client",
    "configuration/checks.py": "configuration api_client proxy tls",
    "configuration/configuration.py": "configuration api_client proxy tls",
    "configuration/secrets.py": "configuration secrets api_client",
    "_transport/deadline.py": "deadline call_deadlines tls sockets lifecycle",
    "_models/display.py": "model_utils models",
    "_models/fields.py": "model_utils models paging",
    "_models/model.py": "model_utils models absence",
    "_models/record.py": "model_utils models absence",
    "_models/plain.py": "model_utils models",
    "_models/reading.py": "model_utils models",
    "_operations/declarations.py": "operations api_client",
    "_operations/invoice_pages.py": "invoice_pages paging_fuzz",
    "_operations/paging.py": "paging invoice_pages",
    "_operations/steps.py": "paging",
    "_operations/payloads.py": "response_bodies framing limits unread_responses",
    "_operations/polling.py": "billing_api api_client response_bodies",
    "_transport/resources.py": "lifecycle api_client",
    "_transport/bodies.py": "bodies framing limits response_bodies",
    "_transport/boundary.py": "boundary secrets tls proxy",
    "_transport/client.py": (
        "redirects retries boundary secrets connections framing limits unread_responses "
        "api_client tls"
    ),
    "_transport/connections.py": "connections deadline tls proxy sockets boundary",
    "_transport/messages.py": "retries boundary response_bodies exceptions",
    "_transport/overrides.py": "connections",
    "_transport/proxies.py": "proxy",
    "_transport/responses.py": "framing connections boundary unread_responses limits proxy secrets",
    "_transport/retries.py": "retries proxy tls",
    "_transport/threads.py": "lifecycle api_client",
}
PYTEST = (
    *(sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-p", "pytest_timeout"),
    *("--timeout", "8", "--timeout-method", "thread"),
)
LONGEST = 120.0  # seconds for one test file
PROBE_EVERY = 40  # how often the original code is tried: load can make tests fail


class Mutant(NamedTuple):
    """One change: its name, a key for its code, and the lines that it removes and adds."""

    name: str
    code: str
    change: str


def generate() -> None:
    """Let mutmut write the changes of all files, and select none of them."""
    from mutmut import __main__ as mutmut

    os.environ["MUTANT_UNDER_TEST"] = "mutant_generation"
    MUTANTS.mkdir(exist_ok=True)
    mutmut.copy_src_dir()
    mutmut.copy_also_copy_files()
    mutmut.setup_source_paths()
    mutmut.create_mutants(os.cpu_count() or 1)


def mutants_of(file: str) -> Iterator[Mutant]:
    """Yield the changes of a file."""
    source = (MUTANTS / "fastly" / file).read_text()
    lines = source.splitlines()
    functions = {
        node.name: [_without_number(x) for x in lines[node.lineno - 1 : node.end_lineno]]
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef)
    }
    names: dict[str, Any] = json.loads((MUTANTS / "fastly" / f"{file}.meta").read_text())
    for name in names["exit_code_by_key"]:
        function = name.rpartition(".")[2]
        before = functions[_without_number(function) + "__mutmut_orig"]
        after = functions[function]
        if _without_casts(before) == _without_casts(after):
            continue  # the type in a cast has no effect at run time
        code = hashlib.sha256("\n".join([*before, *after]).encode()).hexdigest()
        yield Mutant(name, code, changed_lines(before, after))


def _without_casts(lines: list[str]) -> list[str]:
    return [re.sub(r'\bcast\(("[^"]*"|[^,"]*), ', "cast(", line) for line in lines]


def _without_number(text: str) -> str:
    return re.sub(r"__mutmut_\w+", "", text)


def changed_lines(before: list[str], after: list[str]) -> str:
    """Return the differences between two functions."""
    diff = difflib.unified_diff(before, after, n=0, lineterm="")
    return "\n".join(line for line in diff if line[:3] not in ("---", "+++") and line[0] in "-+")


class Verdicts:
    """The outcome of each change: the test that noticed it, or "survived"."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_code: dict[str, str] = {}
        if VERDICTS.exists():
            for line in VERDICTS.read_text().splitlines():
                self._by_code.update(json.loads(line))

    def of(self, mutant: Mutant) -> str | None:
        """Return the verdict on a change, or None if there is none."""
        return self._by_code.get(mutant.code)

    def add(self, mutant: Mutant, verdict: str) -> None:
        """Keep a verdict."""
        with self._lock, VERDICTS.open("a") as file:
            self._by_code[mutant.code] = verdict
            file.write(json.dumps({mutant.code: verdict}) + "\n")


def verdict(name: str, file: str) -> str:
    """Run a file's tests on a change, or on the original code if its name is empty."""
    for tests in TESTS[file].split():
        noticed = noticed_by(name, file_of(tests))
        if noticed is not None:
            return noticed
    return "survived"


def file_of(tests: str) -> str:
    """Return the path of a test file, whatever folder it is in."""
    (path,) = (ROOT / "test").rglob(f"test_{tests}.py")
    return str(path.relative_to(ROOT))


def noticed_by(name: str, tests: str) -> str | None:
    """Return which test of a file fails, or None."""
    environment = {**os.environ, "MUTANT_UNDER_TEST": name, "PYTHONPATH": str(MUTANTS)}
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # starts in half of the time
    try:
        done = subprocess.run(
            [*PYTEST, tests],
            cwd=MUTANTS,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=LONGEST,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"{tests}: not done after {LONGEST:g} s"
    if done.returncode == 0:
        return None
    if "while loading conftest" in done.stderr:
        return f"{tests}: the package cannot be imported"
    if done.returncode in (4, 5):  # pytest's: wrong usage, no tests
        raise RuntimeError(f"{tests} was not run: {done.stdout}{done.stderr}")
    failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return failed[0] if failed else f"{tests}: exit status {done.returncode}"


def try_all(files: list[str], verdicts: Verdicts, again: bool, sample: int, workers: int) -> None:
    """Try each change that has no verdict, or a sample, and the original code in between."""
    jobs = [(file, mutant) for file in files for mutant in mutants_of(file)]
    random.Random(12).shuffle(jobs)
    jobs = jobs[: sample or None]
    wanted = (None, "survived") if again else (None,)
    jobs = [(file, mutant) for file, mutant in jobs if verdicts.of(mutant) in wanted]
    probes: list[str] = []
    started = time.monotonic()

    def work(number: int) -> None:
        file, mutant = jobs[number]
        if not number % PROBE_EVERY:
            probes.append(verdict("", file))
        verdicts.add(mutant, verdict(mutant.name, file))
        if number % 100 == 99:
            print(f"{number + 1} of {len(jobs)} in {time.monotonic() - started:.0f} s", flush=True)

    with ThreadPoolExecutor(workers) as executor:
        list(executor.map(work, range(len(jobs))))
    if failed := [probe for probe in probes if probe != "survived"]:
        sys.exit(f"the tests fail without a change, too, so no verdict counts: {failed}")
    print(f"{len(jobs)} tried; {len(probes)} runs without a change, and none failed")


def report(files: list[str], verdicts: Verdicts) -> None:
    """Print how many of the changes that were tried were noticed, and those that were not."""
    survivors: list[Mutant] = []
    print("\n| Module | Killed | Of | |\n|---|---|---|---|")
    total = killed = 0
    for file in files:
        mutants = [mutant for mutant in mutants_of(file) if verdicts.of(mutant) is not None]
        alive = [mutant for mutant in mutants if verdicts.of(mutant) == "survived"]
        survivors += alive
        total, killed = total + len(mutants), killed + len(mutants) - len(alive)
        print(row(f"`{file}`", len(mutants) - len(alive), len(mutants)))
    print(row("all", killed, total))
    for mutant in survivors:
        print(f"\n{mutant.name}\n{mutant.change}")


def row(name: str, killed: int, total: int) -> str:
    """Return a line of the table."""
    return f"| {name} | {killed:,} | {total:,} | {killed / (total or 1):.1%} |"


def main() -> None:
    """Generate and try the changes, and report."""
    parser = argparse.ArgumentParser(description="Tries small changes of the package.")
    parser.add_argument("files", nargs="*", default=list(TESTS), metavar="FILE")
    parser.add_argument("--sample", type=int, default=0, help="try so many, chosen at random")
    parser.add_argument("--survivors", action="store_true", help="try those once more")
    parser.add_argument("--workers", type=int, default=6, help="changes tried at a time; default 6")
    arguments = parser.parse_args()
    os.chdir(ROOT)
    generate()
    verdicts = Verdicts()
    try_all(arguments.files, verdicts, arguments.survivors, arguments.sample, arguments.workers)
    report(arguments.files, verdicts)


if __name__ == "__main__":
    main()
