"""Under gevent and eventlet, calls over TLS work, keep their deadlines and run concurrently."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import trustme

ROOT = Path(__file__).parent.parent.parent
HERE = ROOT / "test" / "support"
PATCH = {
    "gevent": "from gevent import monkey; monkey.patch_all()",
    "eventlet": "import eventlet; eventlet.monkey_patch()",
}
PROGRAM = """
{patch}
import sys, threading, time
sys.path[:0] = [{here!r}, {root!r}]
import fastly
from fastly.api.billing_invoices_api import BillingInvoicesApi

def api_of(url, **settings):
    settings = {{"ssl_ca_cert": {roots!r}, "retries": 0, **settings}}
    configuration = fastly.Configuration(url, api_token="made-up", **settings)
    return BillingInvoicesApi(fastly.ApiClient(configuration))

def failure(call):
    started = time.monotonic()
    try:
        call()
    except fastly.ApiException as error:
        return type(error).__name__, time.monotonic() - started

url, = sys.argv[1:]
"""


@pytest.fixture(params=list(PATCH))
def program(request: Any, roots: str) -> str:
    """The beginning of a program under one of the two libraries."""
    if importlib.util.find_spec(request.param) is None:
        pytest.skip(f"{request.param} is not installed")
    return PROGRAM.format(patch=PATCH[request.param], here=str(HERE), root=str(ROOT), roots=roots)


@pytest.fixture
def serving(authority: trustme.CA, tmp_path: Path) -> Any:
    """Return what runs a server in a process of its own, which no library has patched."""
    certificate = authority.issue_cert("127.0.0.1")
    pem = tmp_path / "server.pem"
    certificate.private_key_and_cert_chain_pem.write_to_path(str(pem))
    running: list[subprocess.Popen[str]] = []

    def serve(faults: str) -> str:
        code = f"""
import socket, ssl, sys, time
sys.path[:0] = [{str(HERE)!r}, {str(ROOT)!r}]
from faults import *
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain({str(pem)!r})

def drip_record(wire):
    send = lambda data: socket.socket.sendall(wire.sock, data)  # beneath TLS
    send(bytes([23, 3, 3, 1, 0]))
    for _ in range(100):
        send(b"x")
        wire.wait(0.2)

with FaultServer({faults}) as server:
    print(server.url, flush=True)
    sys.stdin.read()
"""
        process = subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        running.append(process)
        assert process.stdout is not None
        return process.stdout.readline().strip()

    yield serve
    for process in running:
        process.communicate(timeout=20)


def run(program: str, url: str) -> str:
    """Run a program with a server's URL, and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, url],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (0, "") == (done.returncode, done.stderr)
    return done.stdout.strip()


def test_calls_over_tls_work(program: str, serving: Any) -> None:
    """A call over TLS returns the invoice, also on a thread of the client."""
    program += """
api = api_of(url)
print(api.get_invoice_by_invoice_id("a").invoice_id)
print(api.get_invoice_by_invoice_id("b", async_req=True).get(5).invoice_id)
api.api_client.close()
"""
    assert "a\nb" == run(program, serving("tls=tls"))


@pytest.mark.parametrize(
    "faults",
    [
        "stall(), tls=tls",
        "drip_body(0.2), tls=tls",
        "drip_head(0.2), tls=tls",
        "Fault('drip handshake', lambda wire: wire.drip(bytes([22, 3, 3, 1, 0]) + bytes(99), 0.2),"
        " at_connect=True), tls=tls",
        "Fault('drip record', drip_record), tls=tls",
    ],
    ids=["stalled", "dripping body", "dripping head", "dripping handshake", "dripping record"],
)
def test_deadlines_are_kept(program: str, serving: Any, faults: str) -> None:
    """A call ends within its timeout, whatever the server drips."""
    program += """
for timeout in (1, (1, 1)):
    get = api_of(url).get_invoice_by_invoice_id
    kind, spent = failure(lambda: get("i", _request_timeout=timeout))
    assert kind in ("TimeoutException", "ConnectionException"), kind
    assert spent < 10, spent
"""
    first = faults.partition(", tls=tls")[0]
    run(program, serving(f"{first}, {first}, tls=tls"))


def test_calls_run_side_by_side(program: str, serving: Any) -> None:
    """Other calls run while one waits."""
    program += """
api = api_of(url)
started = time.monotonic()
threads = [
    threading.Thread(target=api.get_invoice_by_invoice_id, args=(f"i{n}",)) for n in range(10)
]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(time.monotonic() - started < 10)
"""
    assert "True" == run(program, serving(", ".join(["late(2, good())"] * 10) + ", tls=tls"))


def test_a_truncated_end_is_noticed(program: str, serving: Any) -> None:
    """A stream that ends without close_notify is not taken for a complete body."""
    cut = "Fault('cut', lambda wire: (wire.send(head(200)"
    program += """
print(failure(lambda: api_of(url).get_invoice_by_invoice_id("i"))[0])
"""
    fault = f"{cut} + b'['), wire.reset()))"
    assert "ConnectionException" == run(program, serving(f"{fault}, tls=tls"))
