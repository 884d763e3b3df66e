"""The official client, in an environment of its own because both packages are named ``fastly``.

``python official.py URL`` runs in that environment and writes its figures as JSON.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

from timing import ratios

VERSION = "15.0.0"
HERE = Path(__file__).parent
PLACE = HERE.parent.parent / ".tox" / f"official-{VERSION}"
PATH = "/billing/v3/invoices"
# The bodies of the calls, with rounds and calls: it needs a quarter of a second for the page.
CALLS = {"0x0": (20, 5), "1x30": (20, 5), "100x60": (5, 1)}


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


def figures(url: str, python: Path | str) -> dict[str, float]:
    """Run this file with a Python, and return the CPU time of each call over that of json.

    The client that is measured is the package ``fastly`` that this Python finds.
    """
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    command = [str(python), __file__, url]
    if str(python) == sys.executable:
        plain["PYTHONPATH"] = str(HERE.parent.parent)
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=plain).stdout
    measured: dict[str, float] = json.loads(output)
    return measured


def _measured(url: str) -> dict[str, float]:
    return {name: _over_json(f"{url}/{name}", *times) for name, times in CALLS.items()}


def _over_json(host: str, count: int, calls: int) -> float:
    import urllib3

    import fastly
    from fastly.api.billing_invoices_api import BillingInvoicesApi

    configuration = fastly.Configuration(host=host, api_key={"token": "made-up"})
    api, pool = BillingInvoicesApi(fastly.ApiClient(configuration)), urllib3.PoolManager()
    subjects = {
        "json": lambda: json.loads(pool.request("GET", host + PATH).data),
        "client": partial(api.list_invoices),
    }
    return ratios(subjects, "json", count, calls, time.process_time)["client"].median


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_measured(sys.argv[1])))
