"""Application servers and process pools whose workers use a client that was made before them."""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme
from secure import LOOPBACK, TOKEN, TLSServer, billing, free_port, running, server_context

from fastly.api.billing_invoices_api import BillingInvoicesApi
from fastly.testing import BillingServer

HERE = Path(__file__).parent

Environment = dict[str, str]
Fetched = list[list[str]]


@pytest.fixture(scope="module", params=["http", "https"])
def environment(
    request: pytest.FixtureRequest, stand_in: BillingServer, authority: trustme.CA, roots: str
) -> Iterator[Environment]:
    """The variables that lead the applications to the stand-in, by plain HTTP and by TLS."""
    common = {"PYTHONPATH": str(HERE), "BILLING_TOKEN": TOKEN}
    if request.param == "http":
        yield common | {"BILLING_HOST": stand_in.url}
        return
    with TLSServer(server_context(authority.issue_cert(*LOOPBACK)), stand_in.url) as server:
        yield common | {"BILLING_HOST": server.url, "BILLING_ROOTS": roots}


def check(fetched: Fetched, calls: int, workers: int = 2) -> None:
    """Assert that each call returned its own invoice, and that enough workers took part."""
    wrong = [(wanted, received) for _, wanted, received in fetched if wanted != received]
    assert ([], calls) == (wrong, len(fetched))
    assert len({process for process, *_ in fetched}) >= workers


def fetched_over_http(port: int, calls: int = 300) -> Fetched:
    """Send requests to an application from 8 threads; return what it fetched."""

    def fetch(number: int) -> list[str]:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{number}", timeout=10) as response:
            result: list[str] = json.load(response)
            return result

    with ThreadPoolExecutor(8) as threads:
        return list(threads.map(fetch, range(calls)))


def program(name: str) -> str:
    """Return the path of a program that a package installed, or skip the test."""
    path = shutil.which(name, path=Path(sys.executable).parent)
    if path is None:
        pytest.skip(f"{name} is not installed in this environment")
    return path


def delay_first_responses(stand_in: BillingServer) -> None:
    """Delay the first response for each invoice, so that all workers send before one receives."""
    with billing(stand_in.url) as api:
        page = BillingInvoicesApi(api.api_client).list_invoices(limit=20)
    for invoice in page.data or []:
        path = re.compile(f"/{invoice.invoice_id}$")
        stand_in.enqueue(body={"invoice_id": invoice.invoice_id}, delay=0.1, path=path)


def test_uwsgi(environment: Environment, stand_in: BillingServer) -> None:
    """Four workers of uWSGI, which forks in C after the client was used, get their own invoices."""
    delay_first_responses(stand_in)
    options = ("--master", "-p", "4", "--need-app", "--die-on-term", "--wsgi-file", "wsgi_app.py")
    port = free_port()
    arguments = (program("uwsgi"), "--http-socket", f"127.0.0.1:{port}", "--chdir", HERE, *options)
    with running([str(argument) for argument in arguments], port, environment):
        check(fetched_over_http(port), calls=300)


GUNICORN = {
    "gthread": ("-k", "gthread", "--threads", "4", "--preload"),
    "gevent": ("-k", "gevent"),
    "gevent, preloaded": ("-c", str(HERE / "gunicorn_gevent.py"), "-k", "gevent", "--preload"),
}


@pytest.mark.parametrize("options", GUNICORN.values(), ids=GUNICORN)
def test_gunicorn(environment: Environment, options: tuple[str, ...]) -> None:
    """Two workers of gunicorn, each with threads or greenlets, get their own invoices."""
    port = free_port()
    arguments = (program("gunicorn"), "-w", "2", "-b", f"127.0.0.1:{port}", *options)
    with running([*arguments, "wsgi_app:application"], port, environment):
        check(fetched_over_http(port), calls=300)


@contextmanager
def celery_worker(environment: Environment) -> Iterator[None]:
    """Run a Celery worker with a prefork pool of 4 processes."""
    options = ("--pool", "prefork", "--concurrency", "4", "--prefetch-multiplier", "1")
    quiet = ("--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "error")
    arguments = (program("celery"), "-A", "celery_app", "worker", *options, *quiet)
    worker = subprocess.Popen(
        arguments,
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        worker.terminate()
        worker.wait(timeout=20)


SEND = """
from celery_app import app
import json
results = [app.send_task("fetch", [number]) for number in range(60)]
print(json.dumps([result.get(timeout=40) for result in results]))
"""


def test_celery(environment: Environment, tmp_path: Path) -> None:
    """Four processes of Celery's prefork pool get their own invoices."""
    for name in ("queue", "control", "results"):
        (tmp_path / name).mkdir()
    settings = environment | {"CELERY_DIRECTORY": str(tmp_path)}
    with celery_worker(settings):
        check(output_of(settings, "-c", SEND), calls=60)


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing(environment: Environment, method: str) -> None:
    """Four processes of multiprocessing's pool get their own invoices, however they start."""
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"this system has no start method {method!r}")
    check(output_of(environment, "process_pool.py", method), calls=100)


def output_of(environment: Environment, *arguments: str) -> Fetched:
    """Run Python with the applications' environment; return the JSON that it printed."""
    finished = subprocess.run(
        [sys.executable, *arguments],
        cwd=HERE,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        timeout=50,
        check=True,
    )
    result: Fetched = json.loads(finished.stdout)
    return result
