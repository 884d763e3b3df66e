"""Threads and processes: how a client shares them, ends them and survives a fork."""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import os
import signal
import ssl
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import trustme
from calls import TOKEN, needs_fork
from faults import Fault, FaultServer, drip_body, limited, stall

import fastly
from fastly._transport import Request
from fastly._transport.deadline import Deadline
from fastly._transport.resources import Resources
from fastly._transport.threads import Threads
from fastly.api.billing_api import BillingApi
from fastly.configuration.secrets import Secret
from fastly.models import BillingResponse
from fastly.testing import BillingServer


def test_a_closed_client_refuses(configuration: fastly.Configuration) -> None:
    """After close, which may be repeated, a call raises ApiValueError."""
    client = fastly.ApiClient(configuration)
    BillingApi(client).get_invoice(5, 2020)
    client.close()
    client.close()
    with pytest.raises(fastly.ApiValueError, match=r"^this ApiClient is closed: create a new one$"):
        BillingApi(client).get_invoice(5, 2020)


def test_a_closed_client_is_not_entered(configuration: fastly.Configuration) -> None:
    """A ``with`` block refuses a closed client before it begins."""
    client = fastly.ApiClient(configuration)
    client.close()
    with pytest.raises(fastly.ApiValueError, match=r"^this ApiClient is closed"), client:
        pass


def test_an_exception_drops_the_calls_that_wait(
    configuration: fastly.Configuration, server: BillingServer
) -> None:
    """If an exception leaves the block, calls that have not started are not made."""
    calls: list[Any] = []

    def fail() -> None:
        with fastly.ApiClient(configuration) as client:
            api = BillingApi(client)
            calls.extend(api.get_invoice(month, 2020, async_req=True) for month in (5, 6, 7))
            while not server.requests:
                time.sleep(0.001)
            raise KeyError

    server.enqueue(503, delay=0.1, headers={"Retry-After": "0"})
    with ThreadPoolExecutor(1) as executor:
        failing = executor.submit(fail)
        while len(calls) < 3:
            time.sleep(0.001)
        calls[2].wait()  # this waits for a call that is then cancelled
        assert isinstance(failing.exception(), KeyError)
    reasons: list[str | None] = []
    for call in calls:
        with pytest.raises(fastly.ConnectionException) as caught:
            call.get()
        reasons.append(caught.value.reason)
    before = "the client was closed before the call started"
    assert ["the client was closed during the call", before, before] == reasons
    assert [(True, False)] * 3 == [(call.ready(), call.successful()) for call in calls]
    assert 1 == len(server.requests)


def test_a_call_that_no_thread_takes_is_not_made_later(
    client: fastly.ApiClient, server: BillingServer
) -> None:
    """If the system has no thread for a call, it is refused, and not made later."""
    api = BillingApi(client)
    usual = threading.stack_size(1 << 46)  # bytes, more than any system has
    try:
        with pytest.raises(
            fastly.ApiValueError, match=r"^cannot start a thread for the call: can't start"
        ):
            api.get_invoice(5, 2020, async_req=True)
    finally:
        threading.stack_size(usual)
    assert "2020-06-01" in str(api.get_invoice(6, 2020, async_req=True).get().start_time)
    assert ["/billing/v2/year/2020/month/06"] == [request.path for request in server.requests]


def test_close_ends_a_call_between_its_tries(server: BillingServer) -> None:
    """A call that waits for its next attempt opens no connection after close."""
    configuration = fastly.Configuration(host=server.url, api_key={"token": TOKEN})
    server.enqueue(503, headers={"Retry-After": "0.4"})
    client = fastly.ApiClient(configuration)
    with ThreadPoolExecutor(1) as threads:
        call = threads.submit(BillingApi(client).get_invoice, 5, 2020)
        while not server.requests:
            time.sleep(0.01)
        time.sleep(0.05)
        client.close()
        with pytest.raises(fastly.ConnectionException, match="closed during the call"):
            call.result(5)


def descriptors() -> int:
    """Count the open files and sockets of this process."""
    gc.collect()
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_call_on_a_thread(api: BillingApi) -> None:
    """async_req returns an object whose get can be called any number of times."""
    later = api.get_invoice(5, 2020, async_req=True)
    later.wait()
    assert (True, True) == (later.ready(), later.successful())
    assert api.get_invoice(5, 2020) == later.get() == later.get(timeout=1)


def test_a_failure_on_a_thread(api: BillingApi, server: BillingServer) -> None:
    """``get`` raises what the call raised."""
    server.enqueue(404)
    later = api.get_invoice(5, 2020, async_req=True)
    with pytest.raises(fastly.NotFoundException):
        later.get(5)
    assert (True, False) == (later.ready(), later.successful())


def test_arguments_are_checked_before_the_thread(api: BillingApi) -> None:
    """Invalid arguments raise in the call itself."""
    with pytest.raises(fastly.ApiValueError):
        api.get_invoice(13, 2020, async_req=True)


def test_waiting_has_an_end(api: BillingApi, server: BillingServer) -> None:
    """get(timeout) raises TimeoutException while the call continues."""
    server.enqueue(body={"customer_id": "late"}, delay=0.4)
    later = api.get_invoice(5, 2020, async_req=True)
    later.wait(0.01)
    assert (False, False) == (later.ready(), later.successful())
    with pytest.raises(fastly.TimeoutException) as caught:
        later.get(timeout=0.05)
    assert str(caught.value) == (
        "the call was still running after 0.05 s\n"
        "  what to do: Call get() again, or pass a longer timeout; the call continues."
    )
    assert "late" == later.get(5).customer_id


@pytest.mark.parametrize(
    ("timeout", "kind", "message"),
    [
        ("5", fastly.ApiTypeError, "timeout must be a number of seconds, got '5'"),
        (-1, fastly.ApiValueError, "timeout must be 0 to 31622400 seconds, got -1"),
    ],
)
def test_a_wait_is_a_number_of_seconds(
    api: BillingApi, timeout: Any, kind: type[Exception], message: str
) -> None:
    """An invalid timeout is refused, whether the call has ended or not."""
    later = api.get_invoice(5, 2020, async_req=True)
    later.wait()
    for wait in (later.wait, later.get):
        with pytest.raises(kind) as caught:
            wait(timeout)
        assert message == str(caught.value)


def test_no_thread_before_it_is_asked_for(api: BillingApi) -> None:
    """A client starts no thread before the first async_req, and close ends them."""

    def own() -> list[str]:
        return [t.name for t in threading.enumerate() if t.name == "fastly"]

    api.get_invoice(5, 2020)
    assert [] == own()
    api.get_invoice(5, 2020, async_req=True).get(5)
    assert 1 == len(own())
    api.api_client.close()
    assert [] == own()


def test_close_finishes_what_was_asked(
    configuration: fastly.Configuration, server: BillingServer
) -> None:
    """Leaving the block waits for calls that were submitted, and their results remain."""
    with fastly.ApiClient(configuration, pool_threads=2) as client:
        api = BillingApi(client)
        later = [api.get_invoice(month, 2020, async_req=True) for month in range(1, 9)]
    assert [f"{month:02}" for month in range(1, 9)] == [
        f"{result.get().start_time:%m}" for result in later
    ]


def test_one_thread_runs_one_call_at_a_time(
    configuration: fastly.Configuration, server: BillingServer
) -> None:
    """At most as many calls run at a time as the pool has threads."""
    for _ in range(3):
        server.enqueue(body={}, delay=0.1)
    started = time.monotonic()
    with fastly.ApiClient(configuration, pool_threads=1) as client:
        for later in [BillingApi(client).get_invoice(5, 2020, async_req=True) for _ in range(3)]:
            later.get(5)
    assert time.monotonic() - started >= 0.3


def test_pool_threads_run_side_by_side(
    configuration: fastly.Configuration, server: BillingServer
) -> None:
    """As many calls run at a time as the pool has threads."""
    for _ in range(8):
        server.enqueue(body={}, delay=0.2)
    started = time.monotonic()
    with fastly.ApiClient(configuration, pool_threads=8) as client:
        api = BillingApi(client)
        for later in [api.get_invoice(5, 2020, async_req=True) for _ in range(8)]:
            later.get(5)
    assert time.monotonic() - started < 0.8


def test_one_client_under_32_threads(
    configuration: fastly.Configuration, server: BillingServer
) -> None:
    """32 threads share a client, each gets its own responses, and nothing is left open."""
    months = [(month, year) for year in (2020, 2021) for month in range(1, 13)] * 4
    before = descriptors()
    with fastly.ApiClient(configuration) as client, ThreadPoolExecutor(32) as threads:
        api = BillingApi(client)
        invoices = list(threads.map(lambda month: api.get_invoice(*month), months))
    expected = [server.account.invoice(year, month) for month, year in months]
    assert expected == [invoice.to_dict() for invoice in invoices]
    server.close()
    assert before >= descriptors()


def _invoice_in_child(client: fastly.ApiClient, results: Any) -> None:
    api = BillingApi(client)
    results.put(api.get_invoice(5, 2020).customer_id)
    results.put(api.get_invoice(6, 2020, async_req=True).get(5).customer_id)
    client.close()


@needs_fork
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_client_works_after_a_fork(client: fastly.ApiClient, server: BillingServer) -> None:
    """A forked child creates its own connections and threads."""
    api = BillingApi(client)
    api.get_invoice(5, 2020)
    api.get_invoice(5, 2020, async_req=True).get(5)
    context = multiprocessing.get_context("fork")
    results = context.SimpleQueue()
    child = context.Process(target=_invoice_in_child, args=(client, results))
    child.start()
    got = [results.get(), results.get()]
    child.join(5)
    assert ([server.customer_id] * 2, 0) == (got, child.exitcode)
    assert api.get_invoice(7, 2020).customer_id == server.customer_id
    results.close()
    child.close()


def _wait_in_child(later: Any, results: Any) -> None:
    try:
        later.get()
    except fastly.ConnectionException as error:
        results.put(str(error))


@needs_fork
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_call_of_the_parent_is_not_waited_for_after_a_fork(
    api: BillingApi, server: BillingServer
) -> None:
    """In a forked child, waiting for a call of the parent raises instead of hanging."""
    server.enqueue(body={}, delay=0.5)
    later = api.get_invoice(5, 2020, async_req=True)
    context = multiprocessing.get_context("fork")
    results = context.SimpleQueue()
    child = context.Process(target=_wait_in_child, args=(later, results))
    child.start()
    assert "the call runs in the process that this one was forked from" in results.get()
    child.join(5)
    assert (0, BillingResponse()) == (child.exitcode, later.get(5))
    results.close()
    child.close()


AT_EXIT = """
import atexit, sys
import fastly
from fastly.api.billing_api import BillingApi

configuration = fastly.Configuration(host=sys.argv[1], api_token=sys.argv[2])
api = BillingApi(fastly.ApiClient(configuration))

def at_exit():
    try:
        print(api.get_invoice(5, 2020, async_req=True).get(5).customer_id)
    except fastly.ApiValueError as error:
        print(error)

atexit.register(at_exit)
"""


def test_a_call_on_a_thread_while_python_ends_is_made_or_refused(server: BillingServer) -> None:
    """At interpreter exit, a call on a thread is made up to Python 3.11, and refused after it."""
    run = subprocess.run(
        [sys.executable, "-c", AT_EXIT, server.url, server.token],
        capture_output=True,
        text=True,
        check=True,
    )
    refused = run.stdout.startswith("cannot start a thread for the call: ")
    assert refused or run.stdout == f"{server.customer_id}\n"
    assert "" == run.stderr


def _invoice_in_spawned(configuration: fastly.Configuration, results: Any) -> None:
    with fastly.ApiClient(configuration) as client:
        results.put(BillingApi(client).get_invoice(5, 2020).customer_id)


def test_a_configuration_works_in_a_spawned_process(
    configuration: fastly.Configuration, server: BillingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A spawned child gets the settings, and the token from its environment."""
    monkeypatch.setenv("FASTLY_API_TOKEN", server.token)
    context = multiprocessing.get_context("spawn")
    results = context.SimpleQueue()
    child = context.Process(target=_invoice_in_spawned, args=(configuration, results))
    child.start()
    assert server.customer_id == results.get()
    child.join(5)
    assert 0 == child.exitcode
    results.close()
    child.close()


def test_a_result_of_another_process_is_not_waited_for(
    api: BillingApi, server: BillingServer
) -> None:
    """Waiting for another process's result raises unless the result already exists."""
    server.enqueue(body={}, delay=0.3)
    later = api.get_invoice(5, 2020, async_req=True)
    later._process = -1
    for wait in (later.wait, later.get):
        with pytest.raises(fastly.ConnectionException) as caught:
            wait(5)
        assert "the call runs in the process that this one was forked from" == caught.value.reason
    while not later.ready():
        time.sleep(0.01)
    assert BillingResponse() == later.get(5)


def test_a_second_close_waits_for_the_calls_that_the_first_waits_for(
    configuration: fastly.Configuration, server: BillingServer
) -> None:
    """If two threads close a client, both wait for the submitted calls."""
    server.enqueue(503, headers={"Retry-After": "0.2"})
    client = fastly.ApiClient(configuration)
    later = BillingApi(client).get_invoice(5, 2020, async_req=True)
    while not server.requests:
        time.sleep(0.01)
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda _: client.close(), range(2)))
    assert (True, server.customer_id) == (later.ready(), later.get().customer_id)


# Windows has no setitimer.
needs_timer = pytest.mark.skipif(
    not hasattr(signal, "setitimer"), reason="this system has no timer that sends a signal"
)
CLOSED_BY_A_SIGNAL = """
import faulthandler, os, signal, sys, threading, time
import fastly
from fastly.api.billing_api import BillingApi

def trial(after):
    settings = fastly.Configuration(sys.argv[1], api_token="x", ssl_ca_cert=sys.argv[2])
    client = fastly.ApiClient(settings)
    api, closed = BillingApi(client), threading.Event()
    submit = lambda: api.get_invoice(5, 2020, async_req=True)
    calls = [lambda: api.get_invoice(5, 2020), lambda: submit().get(5)]

    def handler(*_):
        client.close()
        closed.set()

    signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, after)
    while not closed.is_set():
        for call in calls:
            try:
                call()
            except (fastly.ApiException, fastly.ApiValueError):
                pass
    for thread in threading.enumerate():  # close does not wait for one that was just being started
        if thread is not threading.main_thread():
            thread.join(2)
    return threading.active_count()

for after in (0.0005, 0.002, 0.004, 0.008, 0.02, 0.05, 0.1):
    child = os.fork()
    if not child:
        faulthandler.dump_traceback_later(10, exit=True)
        os._exit(100 + trial(after))
    print(after, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@needs_timer
def test_a_signal_handler_can_close_the_client(authority: trustme.CA, roots: str) -> None:
    """A signal handler can close the client, whatever it interrupts, and the threads end."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    with FaultServer(tls=tls) as server:
        program = [sys.executable, "-c", CLOSED_BY_A_SIGNAL, server.url, roots]
        done = subprocess.run(program, capture_output=True, text=True, timeout=90, check=False)
    threads_left = [int(line.split()[1]) - 100 for line in done.stdout.splitlines()]
    assert ([1] * 7, "") == (threads_left, done.stderr), done.stdout


INTERRUPTED = """
import signal, sys, threading, time
import fastly
from fastly.api.billing_api import BillingApi

signal.signal(signal.SIGALRM, signal.default_int_handler)
signal.setitimer(signal.ITIMER_REAL, 0.3)
configuration = fastly.Configuration(sys.argv[1], api_token="x", timeout=(10, 60))
if sys.argv[2] == "with":
    with fastly.ApiClient(configuration, pool_threads=2) as client:
        calls = [BillingApi(client).get_invoice(5, 2020, async_req=True) for _ in range(4)]
        [call.get() for call in calls]
else:
    api = BillingApi(fastly.ApiClient(configuration, pool_threads=2))
    [call.get() for call in [api.get_invoice(5, 2020, async_req=True) for _ in range(4)]]
"""


@needs_timer
@pytest.mark.parametrize("way", ["with", "without"])
@pytest.mark.parametrize("fault", [stall(), drip_body(0.2), limited({"Retry-After": "30"})])
def test_ctrl_c_does_not_wait_for_running_calls(way: str, fault: Fault) -> None:
    """Ctrl-C ends a program at once, even if its calls on threads have a minute left."""
    with FaultServer(*[fault] * 4) as server:
        started = time.monotonic()
        program = [sys.executable, "-c", INTERRUPTED, server.url, way]
        done = subprocess.run(program, capture_output=True, text=True, timeout=30, check=False)
        spent = time.monotonic() - started
    assert "KeyboardInterrupt" in done.stderr
    assert spent < 3


CLOSED_ANYWHERE = """
import os, signal, sys
import fastly
from fastly.api.billing_api import BillingApi

FILES = ("queue.py", "threads.py", "async_result.py", "connections.py")

def trace(frame, event, argument):
    if event == "line":
        lines.append(frame.f_lineno)
        if len(lines) == place:
            signal.raise_signal(signal.SIGUSR1)
    return trace

def trace_of(frame, event, argument):
    return trace if frame.f_code.co_filename.endswith(FILES) else None

configuration = fastly.Configuration(sys.argv[1], api_token="x", retries=0)

def trial():
    client = fastly.ApiClient(configuration)
    signal.signal(signal.SIGUSR1, lambda *_: client.close())
    signal.alarm(10)  # ends the process if a lock is waited for
    sys.settrace(trace_of)
    try:
        BillingApi(client).get_invoice_by_id("c", "i")
        BillingApi(client).get_invoice_by_id("c", "i", async_req=True).get()
    except (fastly.ApiException, fastly.ApiValueError):
        pass
    sys.settrace(None)
    os._exit(0 if len(lines) >= place else 3)

with fastly.ApiClient(configuration) as client:  # what it imports, each child would import again
    BillingApi(client).get_invoice_by_id("c", "i")

place = status = 0
while status == 0:
    place += 1
    lines = []
    child = os.fork()
    child or trial()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
print(place, status)
"""


def test_a_signal_handler_can_close_the_client_at_any_line() -> None:
    """Whatever line it interrupts where threads share data, it waits for no lock."""
    with FaultServer() as server:
        program = [sys.executable, "-c", CLOSED_ANYWHERE, server.url]
        done = subprocess.run(program, capture_output=True, text=True, timeout=30, check=True)
    places, status = map(int, done.stdout.split())
    assert (True, 3) == (places > 50, status), done.stdout


def test_an_exception_aborts_a_call_that_is_about_to_run(tls: ssl.SSLContext, roots: str) -> None:
    """A call is aborted even if it is still reading its certificates."""

    def fail(configuration: fastly.Configuration) -> None:
        with fastly.ApiClient(configuration) as client:
            BillingApi(client).get_invoice(5, 2020, async_req=True)
            raise KeyError

    with FaultServer(*[stall()] * 2, tls=tls) as server:
        settings = fastly.Configuration(server.url, api_token="x", ssl_ca_cert=roots, timeout=10)
        started = time.monotonic()
        with pytest.raises(KeyError):
            fail(settings)
        assert time.monotonic() - started < 2


def test_threads_share_what_the_first_of_them_made(client: fastly.ApiClient) -> None:
    """If another thread makes the connections meanwhile, they are used, and so are closed."""
    made = client._resources()

    class Late(dict[int, Any]):
        def get(self, process: int, *_: Any) -> Any:
            return self.setdefault(process, made) and None

    client._by_process = Late()
    assert made is client._resources()


def test_connections_made_while_the_client_closes_are_closed(
    client: fastly.ApiClient, server: BillingServer
) -> None:
    """A call whose client is closed while its connections are made sends nothing."""

    class Closing(dict[str, Any]):
        def setdefault(self, *made: Any) -> Any:
            client.close()
            return super().setdefault(*made)

    client._resources().rest_clients = Closing()
    with pytest.raises(fastly.ConnectionException, match="closed"):
        BillingApi(client).get_invoice(5, 2020)
    assert [] == server.requests


def test_a_call_that_starts_while_others_are_aborted_ends_too() -> None:
    """A call that begins after the others were aborted is aborted as well."""
    resources, deadline = Resources(1), Deadline.of(5, 5)
    resources.abort()
    resources.add(deadline)
    assert deadline.aborted


def test_more_connections_than_the_pool_may_keep(
    configuration: fastly.Configuration, server: BillingServer
) -> None:
    """A connection that finds no place in the pool is closed after its response."""
    configuration.connection_pool_maxsize = 1
    for _ in range(2):
        server.enqueue(body={}, delay=0.2)
    with fastly.ApiClient(configuration) as client, ThreadPoolExecutor(2) as threads:
        api = BillingApi(client)
        assert 2 == len([*threads.map(lambda month: api.get_invoice(month, 2020), (5, 6))])


def test_an_exception_aborts_the_calls_that_run(configuration: fastly.Configuration) -> None:
    """If an exception leaves the block, running calls end at once and say why."""
    calls: list[Any] = []

    def fail() -> None:
        with fastly.ApiClient(configuration, pool_threads=2) as client:
            calls.extend(BillingApi(client).get_invoice(5, 2020, async_req=True) for _ in range(2))
            while len(server.requests) < 2:
                time.sleep(0.01)
            raise KeyError

    with FaultServer(stall(), drip_body(0.2)) as server:
        configuration.host = server.url
        started = time.monotonic()
        with pytest.raises(KeyError):
            fail()
        assert time.monotonic() - started < 2
    for call in calls:
        with pytest.raises(fastly.ConnectionException, match=r"^the client was closed during the"):
            call.get()


def test_threads_that_start_at_once_share_a_pool(
    configuration: fastly.Configuration, server: BillingServer
) -> None:
    """If 16 threads make first calls at once, only one pool remains, and is closed."""
    with fastly.ApiClient(configuration) as client, ThreadPoolExecutor(16) as threads:
        list(threads.map(lambda _: BillingApi(client).get_invoice(5, 2020), range(64)))
        (rest_client,) = client._resources().rest_clients.values()
    with pytest.raises(fastly.ConnectionException, match="the client was closed"):
        rest_client.get(Request(f"{server.url}/", {"Fastly-Key": Secret("x")}), Deadline.of(1, 1))


def test_a_call_that_is_submitted_while_the_client_closes_is_made_or_refused(
    configuration: fastly.Configuration, server: BillingServer
) -> None:
    """A call submitted during close is made or refused, and its result does not hang."""
    for _ in range(30):
        client = fastly.ApiClient(configuration)
        api = BillingApi(client)
        api.get_invoice(5, 2020, async_req=True)
        closing = threading.Thread(target=client.close)
        closing.start()
        with contextlib.suppress(fastly.ApiValueError, fastly.ConnectionException):
            api.get_invoice(6, 2020, async_req=True).get(5)
        closing.join()


def test_threads_end_with_a_client_that_nobody_closed(server: BillingServer) -> None:
    """The threads of a client end when it is garbage collected."""
    before = threading.active_count()
    client = fastly.ApiClient(fastly.Configuration(host=server.url, api_token=server.token))
    assert BillingApi(client).get_invoice(5, 2020, async_req=True).get(5).total
    del client
    gc.collect()
    for _ in range(100):
        if threading.active_count() == before:
            break
        time.sleep(0.02)
    assert before == threading.active_count()


def test_what_was_held_before_a_fork_is_dropped(client: fastly.ApiClient) -> None:
    """After a fork, the client drops what it held in the parent process."""
    client._by_process[-1] = before = client._resources()
    client._by_process.pop(os.getpid())
    assert before is not client._resources()
    assert [os.getpid()] == list(client._by_process)


def test_a_client_that_closes_while_a_call_is_prepared_refuses_it(server: BillingServer) -> None:
    """A call whose hook closes the client is refused instead of waiting for ended threads."""
    configuration = fastly.Configuration(host=server.url, api_token=server.token)
    client = fastly.ApiClient(configuration)
    configuration.refresh_api_key_hook = lambda _: client.close()
    with pytest.raises(fastly.ApiValueError, match="this ApiClient is closed"):
        BillingApi(client).get_invoice(5, 2020, async_req=True)
    assert [] == server.requests


def test_threads_finish_from_one_of_themselves() -> None:
    """A task may end the threads that it runs on."""
    threads = Threads(2)
    job = threads.submit(threads.finish)
    job.wait(5)
    assert (True, None) == (job.is_done, job.error)


def test_a_task_that_was_cancelled_is_not_done() -> None:
    """A task cancelled before a thread starts it is skipped, and the next one is done."""
    threads = Threads(1)
    done: list[str] = []
    first = threads.submit(lambda: time.sleep(0.2))
    assert threads.submit(lambda: done.append("second")).cancel()
    third = threads.submit(lambda: done.append("third"))
    third.wait(5)
    assert not third.cancel()
    assert (True, ["third"]) == (first.is_done, done)
    threads.finish()


def test_threads_that_cannot_be_more_do_the_work() -> None:
    """If the system cannot start another thread, a running one takes the task."""
    threads = Threads(2)
    threads.submit(int).wait(5)
    usual = threading.stack_size(1 << 46)  # bytes, which no system has
    try:
        job = threads.submit(int)
        job.wait(5)
        assert 0 == job.result
    finally:
        threading.stack_size(usual)
    threads.finish()
