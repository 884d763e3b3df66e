"""A forked process gets connections and threads of its own, however it was forked."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from calls import TOKEN, api_of, needs_fork
from faults import FaultServer, good, late

# Python warns where other threads run, and eventlet always.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")


def in_child(fork: Callable[[], int], job: Callable[[], object]) -> str:
    """Run a job in a child, and return its result as text, or "" if it hangs."""
    reading, writing = os.pipe()
    pid = fork()
    if pid == 0:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(60)  # ends this process
        try:
            os.write(writing, str(job()).encode())
        except BaseException as error:
            os.write(writing, repr(error).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as stream:
        result = stream.read()
    os.waitpid(pid, 0)
    return result


def forked_in_c(job: Callable[[], object]) -> str:
    """Run a job in a child of C's ``fork``, which runs no hooks of Python."""
    return in_child(ctypes.PyDLL(None).fork, job)


def in_quiet_child(job: Callable[[], object]) -> str:
    """Run a job without the threads of this process, such as those of the tests' servers.

    A fork in C copies a lock of the interpreter that one of them holds, and so may never end.
    """

    def quietly() -> object:
        # Nor does a thread of a tracker ask for the interpreter's lock while C forks: a child would
        # wait for that thread, which it does not have, to take it.
        sys.setswitchinterval(60)
        return job()

    return in_child(os.fork, quietly)


@needs_fork
def test_a_child_that_c_forked_opens_its_own_connection() -> None:
    """A child does not write into its parent's connection, where responses would get mixed up."""

    def parent() -> list[str | None]:
        with api_of(server.url) as api:
            api.get_invoice_by_invoice_id("parent")
            child = forked_in_c(lambda: api.get_invoice_by_invoice_id("child").invoice_id)
            return [child, api.get_invoice_by_invoice_id("parent").invoice_id]

    with FaultServer() as server:
        assert "['child', 'parent']" == in_quiet_child(parent)
    assert 2 == server.connections


@needs_fork
def test_a_child_that_c_forked_has_threads_of_its_own() -> None:
    """A call with ``async_req=True`` ends in a child, where its parent's threads do not run."""

    def parent() -> list[str | None]:
        with api_of(server.url) as api:

            def get(invoice_id: str) -> str | None:
                return api.get_invoice_by_invoice_id(invoice_id, async_req=True).get(5).invoice_id

            first = get("parent")
            time.sleep(0.2)  # until the client's thread waits: it may hold such a lock before
            return [first, forked_in_c(lambda: get("child"))]

    with FaultServer() as server:
        assert "['parent', 'child']" == in_quiet_child(parent)


@needs_fork
def test_the_second_fork_is_one_too() -> None:
    """A grandchild opens its own connection too."""

    def parent() -> str:
        with api_of(server.url) as api:

            def child() -> str:
                api.get_invoice_by_invoice_id("child")
                return forked_in_c(lambda: api.get_invoice_by_invoice_id("grandchild").invoice_id)

            api.get_invoice_by_invoice_id("parent")
            return forked_in_c(child)

    with FaultServer() as server:
        assert "grandchild" == in_quiet_child(parent)
    assert 3 == server.connections


@needs_fork
def test_a_child_closes_only_what_is_its_own() -> None:
    """Closing a client in a child leaves its parent's connection open."""

    def parent() -> list[str | None]:
        with api_of(server.url) as api:
            api.get_invoice_by_invoice_id("i")
            closed = forked_in_c(api.api_client.close)
            return [closed, api.get_invoice_by_invoice_id("i").invoice_id]

    with FaultServer() as server:
        assert "['None', 'i']" == in_quiet_child(parent)
    assert 1 == server.connections


IN_A_NAMESPACE = ("unshare", "--pid", "--fork", "--kill-child")
NAMESPACE = """
import ctypes, os, sys
import fastly
from fastly.api.billing_invoices_api import BillingInvoicesApi

def api_of():
    configuration = fastly.Configuration(sys.argv[1], api_token="made-up", retries=0)
    return BillingInvoicesApi(fastly.ApiClient(configuration))

api, other = api_of(), api_of()
api.get_invoice_by_invoice_id("parent")
later = other.get_invoice_by_invoice_id("slow", async_req=True)
CLONE_NEWPID = 0x20000000
assert 0 == ctypes.CDLL(None).unshare(CLONE_NEWPID)
if os.fork():
    os.wait()
    print(os.getpid(), later.get().invoice_id, flush=True)
    os._exit(0)
print(os.getpid(), api.get_invoice_by_invoice_id("child").invoice_id)
try:
    later.get()
except fastly.ConnectionException as error:
    print(error.reason, flush=True)
"""


@pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0 or not shutil.which("unshare"),
    reason="only root can create a namespace of processes, and only on Linux",
)
def test_a_child_with_the_number_of_its_parent_is_told_from_it() -> None:
    """In a new PID namespace, a child opens a connection, and waits for no call of its parent."""
    with FaultServer(good(), late(1, good())) as server:
        done = subprocess.run(
            [*IN_A_NAMESPACE, sys.executable, "-c", NAMESPACE, server.url],
            cwd=Path(__file__).parent.parent.parent,
            env={**os.environ, "PYTHONWARNINGS": "ignore"},  # Python warns of threads at a fork
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert ("", 0) == (done.stderr, done.returncode)
    child, waiting, parent = done.stdout.splitlines()
    assert ("1 child", "1 slow") == (child, parent)
    assert "the call runs in the process that this one was forked from" == waiting
    assert 3 == server.connections


UWSGI = shutil.which("uwsgi") or shutil.which("uwsgi", path=str(Path(sys.executable).parent))
APPLICATION = """
import fastly
from fastly.api.billing_invoices_api import BillingInvoicesApi

client = fastly.ApiClient(fastly.Configuration(host={host!r}, api_key={{"token": {token!r}}}))
api = BillingInvoicesApi(client)
api.get_invoice_by_invoice_id("warm-up")  # before the workers are forked

def application(environ, start_response):
    asked = environ["PATH_INFO"].strip("/")
    got = api.get_invoice_by_invoice_id(asked).invoice_id
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [got.encode()]
"""


@contextmanager
def uwsgi(application: Path) -> Iterator[int]:
    """Run an application in four workers that uWSGI forks from one that has loaded it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(UWSGI), "--master", "--processes=4", "--need-app", "--die-on-term"]
    command += [f"--http-socket=127.0.0.1:{port}", f"--wsgi-file={application}"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
        try:
            _wait_until_open(port)
            yield port
        finally:
            process.terminate()


def _wait_until_open(port: int) -> None:
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError("uWSGI does not start")


# pyuwsgi has wheels for some Pythons only; the tox environment `tools` installs it.
@pytest.mark.skipif(UWSGI is None, reason="uWSGI is not installed")
def test_workers_of_uwsgi_get_their_own_responses(tmp_path: Path) -> None:
    """Each of 300 requests to four workers gets the requested invoice."""
    with FaultServer() as server:
        application = tmp_path / "application.py"
        application.write_text(APPLICATION.format(host=server.url, token=TOKEN))

        def ask(number: int) -> bool:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/i{number}", timeout=10) as got:
                return got.read() == f"i{number}".encode()

        with uwsgi(application) as port, ThreadPoolExecutor(8) as threads:
            assert [True] * 300 == list(threads.map(ask, range(300)))


@needs_fork
def test_a_client_that_was_closed_stays_closed_in_a_child() -> None:
    """A closed client stays closed in a child."""

    def parent() -> str:
        with api_of(server.url) as api:
            pass
        return forked_in_c(lambda: api.get_invoice_by_invoice_id("i"))

    with FaultServer() as server:
        assert "this ApiClient is closed" in in_quiet_child(parent)
