"""Threads and processes: how a client shares them, ends them and survives a fork."""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
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
from calls import SLACK, TOKEN, needs_fork
from faults import Fault, FaultServer, drip_body, limited, stall

import fastly
from fastly._transport import Request
from fastly._transport.deadline import Deadline
from fastly._transport.processes import this_process
from fastly._transport.resources import Resources
from fastly._transport.threads import Threads
from fastly.api.billing_invoices_api import BillingInvoicesApi
from fastly.configuration.secrets import Secret
from fastly.models import ListEomInvoicesResponse
from fastly.testing import BillingServer


def test_a_closed_client_refuses(configuration: fastly.Configuration) -> None:
    """After close, which may be repeated, a call raises ApiValueError."""
    client = fastly.ApiClient(configuration)
    BillingInvoicesApi(client).list_invoices(limit=1)
    client.close()
    client.close()
    with pytest.raises(fastly.ApiValueError, match=r"^this ApiClient is closed: create a new one$"):
        BillingInvoicesApi(client).list_invoices(limit=1)


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
            api = BillingInvoicesApi(client)
            calls.extend(api.list_invoices(limit=1, async_req=True) for _ in range(3))
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
    api = BillingInvoicesApi(client)
    usual = threading.stack_size(1 << 46)  # bytes, more than any system has
    try:
        with pytest.raises(
            fastly.ApiValueError, match=r"^cannot start a thread for the call: can't start"
        ):
            api.list_invoices(limit=1, async_req=True)
    finally:
        threading.stack_size(usual)
    assert 2 == len(api.list_invoices(limit=2, async_req=True).get().data)
    assert [{"limit": "2"}] == [request.query for request in server.requests]


def test_close_ends_a_call_between_its_tries(server: BillingServer) -> None:
    """A call that waits for its next attempt opens no connection after close."""
    configuration = fastly.Configuration(host=server.url, api_key={"token": TOKEN})
    server.enqueue(503, headers={"Retry-After": "0.4"})
    client = fastly.ApiClient(configuration)
    with ThreadPoolExecutor(1) as threads:
        call = threads.submit(BillingInvoicesApi(client).list_invoices)
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


def test_a_call_on_a_thread(api: BillingInvoicesApi) -> None:
    """async_req returns an object whose get can be called any number of times."""
    later = api.list_invoices(limit=1, async_req=True)
    later.wait()
    assert (True, True) == (later.ready(), later.successful())
    assert api.list_invoices(limit=1) == later.get() == later.get(timeout=1)


def test_a_failure_on_a_thread(api: BillingInvoicesApi, server: BillingServer) -> None:
    """``get`` raises what the call raised."""
    server.enqueue(404)
    later = api.list_invoices(limit=1, async_req=True)
    with pytest.raises(fastly.NotFoundException):
        later.get(5)
    assert (True, False) == (later.ready(), later.successful())


def test_arguments_are_checked_before_the_thread(api: BillingInvoicesApi) -> None:
    """Invalid arguments raise in the call itself."""
    with pytest.raises(fastly.ApiValueError):
        api.list_invoices(limit=0, async_req=True)


def test_waiting_has_an_end(api: BillingInvoicesApi, server: BillingServer) -> None:
    """get(timeout) raises TimeoutException while the call continues."""
    server.enqueue(body={"data": [], "meta": {"sort": "late"}}, delay=1)
    later = api.list_invoices(limit=1, async_req=True)
    later.wait(0.01)
    assert (False, False) == (later.ready(), later.successful())
    with pytest.raises(fastly.TimeoutException) as caught:
        later.get(timeout=0.05)
    assert str(caught.value) == (
        "the call was still running after 0.05 s\n"
        "  what to do: Call get() again, or pass a longer timeout; the call continues."
    )
    assert "late" == later.get(5).meta.sort


@pytest.mark.parametrize(
    ("timeout", "kind", "message"),
    [
        ("5", fastly.ApiTypeError, "timeout must be a number of seconds, got '5'"),
        (-1, fastly.ApiValueError, "timeout must be 0 to 31622400 seconds, got -1"),
    ],
)
def test_a_wait_is_a_number_of_seconds(
    api: BillingInvoicesApi, timeout: Any, kind: type[Exception], message: str
) -> None:
    """An invalid timeout is refused, whether the call has ended or not."""
    later = api.list_invoices(limit=1, async_req=True)
    later.wait()
    for wait in (later.wait, later.get):
        with pytest.raises(kind) as caught:
            wait(timeout)
        assert message == str(caught.value)


def test_no_thread_before_it_is_asked_for(api: BillingInvoicesApi) -> None:
    """A client starts no thread before the first async_req, and close ends them."""

    def own() -> list[str]:
        return [t.name for t in threading.enumerate() if t.name == "fastly"]

    api.list_invoices(limit=1)
    assert [] == own()
    api.list_invoices(limit=1, async_req=True).get(5)
    assert 1 == len(own())
    api.api_client.close()
    assert [] == own()


def test_close_finishes_what_was_asked(
    configuration: fastly.Configuration, server: BillingServer
) -> None:
    """Leaving the block waits for calls that were submitted, and their results remain."""
    with fastly.ApiClient(configuration, pool_threads=2) as client:
        api = BillingInvoicesApi(client)
        later = [api.list_invoices(limit=limit, async_req=True) for limit in range(1, 9)]
    assert list(range(1, 9)) == [len(result.get().data) for result in later]


def test_one_thread_runs_one_call_at_a_time(
    configuration: fastly.Configuration, server: BillingServer
) -> None:
    """At most as many calls run at a time as the pool has threads."""
    for _ in range(3):
        server.enqueue(body={"data": []}, delay=0.1)
    started = time.monotonic()
    with fastly.ApiClient(configuration, pool_threads=1) as client:
        for later in [
            BillingInvoicesApi(client).list_invoices(limit=1, async_req=True) for _ in range(3)
        ]:
            later.get(5)
    assert time.monotonic() - started >= 0.3


def test_pool_threads_run_side_by_side(
    configuration: fastly.Configuration, server: BillingServer
) -> None:
    """As many calls run at a time as the pool has threads."""
    for _ in range(8):
        server.enqueue(body={"data": []}, delay=1)
    with fastly.ApiClient(configuration, pool_threads=8) as client:
        api = BillingInvoicesApi(client)
        first, *_ = [api.list_invoices(limit=1, async_req=True) for _ in range(8)]
        first.get()
        assert 8 == len(server.requests)


def test_one_client_under_32_threads(
    configuration: fastly.Configuration, server: BillingServer
) -> None:
    """32 threads share a client, each gets its own responses, and nothing is left open."""
    months = list(server.account.v3_invoice_months())[:24] * 4
    ids = [server.account.v3_invoice_id(*month) for month in months]
    before = descriptors()
    with fastly.ApiClient(configuration) as client, ThreadPoolExecutor(32) as threads:
        api = BillingInvoicesApi(client)
        invoices = list(threads.map(api.get_invoice_by_invoice_id, ids))
    assert ids == [str(invoice.invoice_id) for invoice in invoices]
    server.close()
    assert before >= descriptors()


def _invoice_in_child(client: fastly.ApiClient, results: Any) -> None:
    api = BillingInvoicesApi(client)
    results.put(len(api.list_invoices(limit=1).data))
    results.put(len(api.list_invoices(limit=2, async_req=True).get(5).data))
    client.close()


@needs_fork
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_client_works_after_a_fork(client: fastly.ApiClient, server: BillingServer) -> None:
    """A forked child creates its own connections and threads."""
    api = BillingInvoicesApi(client)
    api.list_invoices(limit=1)
    api.list_invoices(limit=1, async_req=True).get(5)
    context = multiprocessing.get_context("fork")
    results = context.SimpleQueue()
    child = context.Process(target=_invoice_in_child, args=(client, results))
    child.start()
    got = [results.get(), results.get()]
    child.join(5)
    assert ([1, 2], 0) == (got, child.exitcode)
    assert 3 == len(api.list_invoices(limit=3).data)
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
    api: BillingInvoicesApi, server: BillingServer
) -> None:
    """In a forked child, waiting for a call of the parent raises instead of hanging."""
    server.enqueue(body={"data": []}, delay=0.5)
    later = api.list_invoices(limit=1, async_req=True)
    context = multiprocessing.get_context("fork")
    results = context.SimpleQueue()
    child = context.Process(target=_wait_in_child, args=(later, results))
    child.start()
    assert "the call runs in the process that this one was forked from" in results.get()
    child.join(5)
    assert (0, ListEomInvoicesResponse(data=[])) == (child.exitcode, later.get(5))
    results.close()
    child.close()


AT_EXIT = """
import atexit, sys
import fastly
from fastly.api.billing_invoices_api import BillingInvoicesApi

configuration = fastly.Configuration(host=sys.argv[1], api_token=sys.argv[2])
api = BillingInvoicesApi(fastly.ApiClient(configuration))

def at_exit():
    try:
        print(len(api.list_invoices(limit=1, async_req=True).get(5).data))
    except fastly.ApiValueError as error:
        print(error)

atexit.register(at_exit)
"""


def test_a_call_on_a_thread_while_python_ends_is_made_or_refused(server: BillingServer) -> None:
    """At exit, a call on a thread is made, or refused if Python does not start threads then."""
    run = subprocess.run(
        [sys.executable, "-c", AT_EXIT, server.url, server.token],
        capture_output=True,
        text=True,
        check=True,
    )
    refused = run.stdout.startswith("cannot start a thread for the call: ")
    assert refused or run.stdout == "1\n"
    assert "" == run.stderr


def _invoice_in_spawned(configuration: fastly.Configuration, results: Any) -> None:
    with fastly.ApiClient(configuration) as client:
        results.put(len(BillingInvoicesApi(client).list_invoices(limit=1).data))


def test_a_configuration_works_in_a_spawned_process(
    configuration: fastly.Configuration, server: BillingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A spawned child gets the settings, and the token from its environment."""
    monkeypatch.setenv("FASTLY_API_TOKEN", server.token)
    context = multiprocessing.get_context("spawn")
    results = context.SimpleQueue()
    child = context.Process(target=_invoice_in_spawned, args=(configuration, results))
    child.start()
    assert 1 == results.get()
    child.join(5)
    assert 0 == child.exitcode
    results.close()
    child.close()


def test_a_result_of_another_process_is_not_waited_for(
    api: BillingInvoicesApi, server: BillingServer
) -> None:
    """Waiting for another process's result raises unless the result already exists."""
    server.enqueue(body={"data": []}, delay=0.3)
    later = api.list_invoices(limit=1, async_req=True)
    later._process = -1
    for wait in (later.wait, later.get):
        with pytest.raises(fastly.ConnectionException) as caught:
            wait(5)
        assert "the call runs in the process that this one was forked from" == caught.value.reason
    while not later.ready():
        time.sleep(0.01)
    assert ListEomInvoicesResponse(data=[]) == later.get(5)


def test_a_second_close_waits_for_the_calls_that_the_first_waits_for(
    configuration: fastly.Configuration, server: BillingServer
) -> None:
    """If two threads close a client, both wait for the submitted calls."""
    server.enqueue(503, headers={"Retry-After": "0.2"})
    client = fastly.ApiClient(configuration)
    later = BillingInvoicesApi(client).list_invoices(limit=1, async_req=True)
    while not server.requests:
        time.sleep(0.01)
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda _: client.close(), range(2)))
    assert (True, 1) == (later.ready(), len(later.get().data))


# Windows has no setitimer.
needs_timer = pytest.mark.skipif(
    not hasattr(signal, "setitimer"), reason="this system has no timer that sends a signal"
)
INTERRUPTED = """
import signal, sys, threading, time
import fastly
from fastly.api.billing_invoices_api import BillingInvoicesApi

signal.signal(signal.SIGALRM, signal.default_int_handler)
signal.setitimer(signal.ITIMER_REAL, 0.3)
configuration = fastly.Configuration(sys.argv[1], api_token="x", timeout=(10, 60))
if sys.argv[2] == "with":
    with fastly.ApiClient(configuration, pool_threads=2) as client:
        api = BillingInvoicesApi(client)
        calls = [api.list_invoices(limit=1, async_req=True) for _ in range(4)]
        [call.get() for call in calls]
else:
    api = BillingInvoicesApi(fastly.ApiClient(configuration, pool_threads=2))
    [call.get() for call in [api.list_invoices(limit=1, async_req=True) for _ in range(4)]]
"""


@needs_timer
@pytest.mark.parametrize("way", ["with", "without"])
@pytest.mark.parametrize("fault", [stall(), drip_body(0.2), limited({"Retry-After": "30"})])
def test_ctrl_c_does_not_wait_for_running_calls(way: str, fault: Fault) -> None:
    """Ctrl-C ends a program at once, even if its calls on threads have a minute left."""
    with FaultServer(*[fault] * 4) as server:
        started = time.monotonic()
        program = [sys.executable, "-c", INTERRUPTED, server.url, way]
        done = subprocess.run(program, capture_output=True, text=True, timeout=100, check=False)
        spent = time.monotonic() - started
    assert "KeyboardInterrupt" in done.stderr
    assert spent < 30  # half of what is left of the calls


def test_an_exception_aborts_a_call_that_is_about_to_run(tls: ssl.SSLContext, roots: str) -> None:
    """A call is aborted even if it is still reading its certificates."""

    def fail(configuration: fastly.Configuration) -> None:
        with fastly.ApiClient(configuration) as client:
            BillingInvoicesApi(client).list_invoices(limit=1, async_req=True)
            raise KeyError

    with FaultServer(*[stall()] * 2, tls=tls) as server:
        settings = fastly.Configuration(server.url, api_token="x", ssl_ca_cert=roots, timeout=60)
        started = time.monotonic()
        with pytest.raises(KeyError):
            fail(settings)
        assert time.monotonic() - started < SLACK


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
        BillingInvoicesApi(client).list_invoices(limit=1)
    assert [] == server.requests


def test_a_call_that_starts_while_others_are_aborted_ends_too() -> None:
    """A call that begins after the others were aborted is aborted as well."""
    resources, deadline = Resources(1), Deadline.of(5, 5)
    resources.abort()
    resources.add(deadline)
    assert deadline.aborted


def threads_after(count: int) -> int:
    """Return the number of threads, as soon as it is what is expected, or after some seconds."""
    end = time.monotonic() + SLACK
    while threading.active_count() != count and time.monotonic() < end:
        time.sleep(0.01)
    return threading.active_count()


def test_more_connections_than_the_pool_may_keep(
    configuration: fastly.Configuration, server: BillingServer
) -> None:
    """A connection that finds no place in the pool is closed after its response."""
    configuration.connection_pool_maxsize = 1
    for _ in range(2):
        server.enqueue(body={"data": []}, delay=0.2)
    before = threading.active_count()
    with fastly.ApiClient(configuration) as client:
        api = BillingInvoicesApi(client)
        with ThreadPoolExecutor(2) as threads:
            list(threads.map(lambda limit: api.list_invoices(limit=limit), (1, 2)))
        assert before + 1 == threads_after(before + 1)  # the stand-in has one for the kept one


def test_an_exception_aborts_the_calls_that_run(configuration: fastly.Configuration) -> None:
    """If an exception leaves the block, running calls end at once and say why."""
    calls: list[Any] = []

    def fail() -> None:
        with fastly.ApiClient(configuration, pool_threads=2) as client:
            calls.extend(
                BillingInvoicesApi(client).list_invoices(limit=1, async_req=True) for _ in range(2)
            )
            while len(server.requests) < 2:
                time.sleep(0.01)
            raise KeyError

    with FaultServer(stall(), drip_body(0.2)) as server:
        configuration.host = server.url
        started = time.monotonic()
        with pytest.raises(KeyError):
            fail()
        assert time.monotonic() - started < SLACK
    for call in calls:
        with pytest.raises(fastly.ConnectionException, match=r"^the client was closed during the"):
            call.get()


def test_threads_that_start_at_once_share_a_pool(
    configuration: fastly.Configuration, server: BillingServer
) -> None:
    """If 16 threads make first calls at once, only one pool remains, and is closed."""
    with fastly.ApiClient(configuration) as client, ThreadPoolExecutor(16) as threads:
        list(threads.map(lambda _: BillingInvoicesApi(client).list_invoices(limit=1), range(64)))
        (rest_client,) = client._resources().rest_clients.values()
    with pytest.raises(fastly.ConnectionException, match="the client was closed"):
        rest_client.open(Request(f"{server.url}/", {"Fastly-Key": Secret("x")}), Deadline.of(1, 1))


def test_a_call_that_is_submitted_while_the_client_closes_is_made_or_refused(
    configuration: fastly.Configuration, server: BillingServer
) -> None:
    """A call submitted during close is made or refused, and its result does not hang."""
    for _ in range(30):
        client = fastly.ApiClient(configuration)
        api = BillingInvoicesApi(client)
        api.list_invoices(limit=1, async_req=True)
        closing = threading.Thread(target=client.close)
        closing.start()
        with contextlib.suppress(fastly.ApiValueError):
            later = api.list_invoices(limit=2, async_req=True)
            later.wait(SLACK)
            assert later.ready()
        closing.join()


def test_threads_end_with_a_client_that_nobody_closed(server: BillingServer) -> None:
    """The threads of a client end when it is garbage collected."""
    before = threading.active_count()
    client = fastly.ApiClient(fastly.Configuration(host=server.url, api_token=server.token))
    assert BillingInvoicesApi(client).list_invoices(limit=1, async_req=True).get(5).data
    del client
    gc.collect()
    assert before == threads_after(before)


def test_what_was_held_before_a_fork_is_dropped(client: fastly.ApiClient) -> None:
    """After a fork, the client drops what it held in the parent process."""
    client._by_process[-1] = before = client._resources()
    client._by_process.pop(this_process())
    assert before is not client._resources()
    assert [this_process()] == list(client._by_process)


def test_a_client_that_closes_while_a_call_is_prepared_refuses_it(server: BillingServer) -> None:
    """A call whose hook closes the client is refused instead of waiting for ended threads."""
    configuration = fastly.Configuration(host=server.url, api_token=server.token)
    client = fastly.ApiClient(configuration)
    configuration.refresh_api_key_hook = lambda _: client.close()
    with pytest.raises(fastly.ApiValueError, match="this ApiClient is closed"):
        BillingInvoicesApi(client).list_invoices(limit=1, async_req=True)
    assert [] == server.requests


def test_threads_finish_from_one_of_themselves() -> None:
    """A task may end the threads that it runs on."""
    threads = Threads(2)
    job = threads.submit(threads.finish)
    assert job.result(5) is None


def test_a_task_that_was_cancelled_is_not_done() -> None:
    """A task cancelled before a thread starts it is skipped, and the next one is done."""
    threads = Threads(1)
    done: list[str] = []
    first = threads.submit(lambda: time.sleep(0.2))
    assert threads.submit(lambda: done.append("second")).cancel()
    third = threads.submit(lambda: done.append("third"))
    third.result(5)
    assert not third.cancel()
    assert (True, ["third"]) == (first.done(), done)
    threads.finish()


def test_threads_that_cannot_be_more_do_the_work() -> None:
    """If the system cannot start another thread, a running one takes the task."""
    threads = Threads(2)
    threads.submit(int).result(5)
    usual = threading.stack_size(1 << 46)  # bytes, which no system has
    try:
        job = threads.submit(int)
        assert 0 == job.result(5)
    finally:
        threading.stack_size(usual)
    threads.finish()
