"""The official client, in an environment of its own because both packages are named ``fastly``.

``python official.py URL`` runs in that environment and writes its figures as JSON.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from timing import kept_bytes, ratios, seconds

VERSION = "7.0.0"
HERE = Path(__file__).parent
PLACE = HERE.parent.parent / ".tox" / f"official-{VERSION}"
IDEAL = 0.3  # seconds that 96 months of 50 ms each take on 16 threads
KEPT_ITEMS = 100  # a line weighs the same in a longer invoice, which would take minutes


def environment() -> Path:
    """Return the Python that has the official client, installing it at first use.

    Raises:
        CalledProcessError: It cannot be installed.
    """
    python = PLACE / "bin" / "python"
    ready = PLACE / "ready"
    if not ready.exists():
        shutil.rmtree(PLACE, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", PLACE], check=True)
        install = [str(python), "-m", "pip", "install", "--quiet", f"fastly=={VERSION}"]
        subprocess.run(install, check=True)
        ready.touch()
    return python


def figures(url: str) -> dict[str, float]:
    """Run this file in the official client's environment, and return what it measured."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    command = [str(environment()), __file__, url]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=plain).stdout
    measured: dict[str, float] = json.loads(output)
    return measured


def _api(url: str, threads: int = 1) -> Any:
    import fastly
    from fastly.api.billing_api import BillingApi

    configuration = fastly.Configuration(host=url)
    configuration.api_key["token"] = "made-up"
    return BillingApi(fastly.ApiClient(configuration, pool_threads=threads))


def _measured(url: str) -> dict[str, float]:
    import urllib3

    pool = urllib3.PoolManager()

    def over_urllib3(items: int, count: int, calls: int) -> float:
        host = f"{url}/{items}-int"
        api = _api(host)
        path = f"{host}/billing/v2/year/2020/month/05"
        subjects: dict[str, Callable[[], object]] = {
            "json": lambda: json.loads(pool.request("GET", path).data),
            "official": lambda: api.get_invoice("05", "2020"),
        }
        return ratios(subjects, "json", count, calls)["official"].median

    return {
        "get_invoice 0": over_urllib3(0, 20, 5),
        "get_invoice 30": over_urllib3(30, 7, 1),
        "get_invoice 1000": over_urllib3(1000, 1, 1),
        "memory": _memory(),
        "threads": _threads(f"{url}/30-int-slow"),
    }


def _memory() -> float:
    from bodies import invoice

    from fastly.model.billing_response import BillingResponse

    client = _api("http://127.0.0.1").api_client

    class Answer:
        def __init__(self, day: int) -> None:
            self.data = invoice(KEPT_ITEMS, day=day, integer_id=True).decode()

    def model(answer: Answer) -> Any:
        return client.deserialize(answer, (BillingResponse,), True)

    answer = Answer(day=1)
    model(Answer(day=0))
    return kept_bytes(lambda: model(answer)) / kept_bytes(lambda: json.loads(answer.data))


def _threads(url: str) -> float:
    """Return the time that 96 months take, divided by the 0.3 s of the waits themselves."""

    def months() -> None:
        api = _api(url, threads=16)
        calls = [api.get_invoice("05", "2020", async_req=True) for _ in range(96)]
        for call in calls:
            call.get()

    return seconds(months) / IDEAL


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_measured(sys.argv[1])))
