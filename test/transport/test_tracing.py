"""Under tracers: headers and frames that they record, contexts, hooks; and under caches."""

from __future__ import annotations

import contextlib
import http.server
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from calls import TOKEN, api_of
from faults import FaultServer, Refusing, failing

import fastly

CAPTURE = "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_CLIENT_{}"
Instrument = Callable[..., Any]


@pytest.fixture
def instrument(monkeypatch: pytest.MonkeyPatch) -> Iterator[Instrument]:
    """A function that instruments urllib3 and threads, and returns where the spans are kept."""
    pytest.importorskip("opentelemetry.sdk")
    from opentelemetry.instrumentation.threading import ThreadingInstrumentor
    from opentelemetry.instrumentation.urllib3 import URLLib3Instrumentor
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    spans, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    for kind in ("REQUEST", "RESPONSE"):
        monkeypatch.setenv(CAPTURE.format(kind), ".*")

    def instrumented(**hooks: Callable[..., object]) -> tuple[Any, Any]:
        URLLib3Instrumentor().instrument(tracer_provider=provider, **hooks)
        ThreadingInstrumentor().instrument(tracer_provider=provider)
        return spans, provider.get_tracer("test")

    yield instrumented
    URLLib3Instrumentor().uninstrument()
    ThreadingInstrumentor().uninstrument()


def test_opentelemetry_records_every_header_but_no_token(instrument: Instrument) -> None:
    """OpenTelemetry records the headers, the token as ***, and each attempt carries its trace."""
    spans, _ = instrument()
    with FaultServer(failing(503)) as server, api_of(server.url, retries=1) as api:
        assert "i" == api.get_invoice_by_invoice_id("i").invoice_id
        traces = [request.headers["traceparent"].split("-")[1] for request in server.requests]
        assert [TOKEN] * 2 == [request.headers["fastly-key"] for request in server.requests]
    finished = spans.get_finished_spans()
    assert traces == [f"{span.context.trace_id:032x}" for span in finished]
    recorded = [dict(span.attributes) for span in finished]
    assert [["***"]] * 2 == [list(x["http.request.header.fastly_key"]) for x in recorded]
    assert {"http.response.header.content_type"} <= set(recorded[1])
    assert TOKEN not in "".join(span.to_json() for span in finished)


def test_a_hook_of_opentelemetry_that_reads_the_body(instrument: Instrument) -> None:
    """A response hook that reads the body leaves the result whole."""
    sizes: list[int] = []

    def hook(span: object, pool: object, response: Any) -> None:
        sizes.append(len(response.data))

    instrument(response_hook=hook)
    with FaultServer() as server, api_of(server.url) as api:
        assert "i" == api.get_invoice_by_invoice_id("i").invoice_id
    assert [True] == [size > 0 for size in sizes]


def test_an_error_of_a_hook_is_not_one_of_the_network(instrument: Instrument) -> None:
    """A TypeError of a hook is reported as an error inside the call, and is not retried."""
    seen: list[object] = []

    def hook(span: object, *_: object) -> None:
        seen.append(span)
        raise TypeError("unexpected headers")

    instrument(request_hook=hook)
    with (
        FaultServer() as server,
        api_of(server.url, retries=2) as api,
        pytest.raises(fastly.ApiException, match="inside the call") as caught,
    ):
        api.get_invoice_by_invoice_id("i")
    assert not isinstance(caught.value, fastly.ConnectionException)
    assert isinstance(caught.value.__cause__, TypeError)
    assert 1 == len(seen)


def test_background_calls_join_the_trace_of_their_caller(instrument: Instrument) -> None:
    """With instrumented threads, each call with ``async_req`` is in the trace of its caller."""
    spans, tracer = instrument()
    callers = []
    with FaultServer() as server, api_of(server.url) as api:
        for number in range(3):
            with tracer.start_as_current_span(f"caller {number}") as span:
                callers.append(span.get_span_context().trace_id)
                api.get_invoice_by_invoice_id("i", async_req=True).get(20)
    called = [s.context.trace_id for s in spans.get_finished_spans() if s.name == "GET"]
    assert callers == called


class Agent(http.server.ThreadingHTTPServer):
    """Datadog's agent: keeps what it is sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), AgentRequest)
        self.received: list[tuple[str, bytes]] = []

    def sent_to(self, part: str) -> bytes:
        """Return the bodies that were sent to paths with this part."""
        return b"".join(body for path, body in list(self.received) if part in path)


class AgentRequest(http.server.BaseHTTPRequestHandler):
    """A request to the agent."""

    protocol_version = "HTTP/1.1"
    server: Agent
    reply = b'{"endpoints": ["/v0.4/traces", "/debugger/v1/input", "/debugger/v2/input"]}'

    def do_POST(self) -> None:
        """Keep the body."""
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        while "chunked" in self.headers.get("Transfer-Encoding", ""):
            size = int(self.rfile.readline(), 16)
            body += self.rfile.read(size)
            self.rfile.readline()
            if not size:
                break
        self.server.received.append((self.path, body))
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.reply)))
        self.end_headers()
        self.wfile.write(self.reply)

    def do_GET(self) -> None:
        """Respond as to a POST."""
        self.do_POST()

    def do_PUT(self) -> None:
        """Keep the body."""
        self.do_POST()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def agent() -> Iterator[Agent]:
    """An agent of Datadog."""
    with Agent() as agent:
        thread = threading.Thread(target=agent.serve_forever)
        thread.start()
        yield agent
        agent.shutdown()
        thread.join()


DATADOG = {
    "DD_EXCEPTION_REPLAY_CAPTURE_MAX_FRAMES": "30",  # the whole stack
    "DD_EXCEPTION_REPLAY_ENABLED": "true",
    "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false",
    "DD_REMOTE_CONFIGURATION_ENABLED": "false",
    "DD_TRACE_HEADER_TAGS": "Fastly-Key:tag_of_the_key",
    "DD_TRACE_URLLIB3_ENABLED": "true",
    "FASTLY_API_TOKEN": TOKEN,
}
SECONDS = 60.0  # for a program under ddtrace, however busy the machine is


@contextlib.contextmanager
def traced_by_datadog(agent: Agent, url: str) -> Iterator[None]:
    """Run a program that fails under ddtrace, until the block ends."""
    run = shutil.which("ddtrace-run", path=str(Path(sys.executable).parent))
    if run is None:
        pytest.skip("ddtrace is not installed in this environment")
    program = str(Path(__file__).with_name("ddtraced.py"))
    where = {"DD_TRACE_AGENT_URL": f"http://127.0.0.1:{agent.server_port}"}
    with subprocess.Popen(
        [run, sys.executable, program, url],
        stdin=subprocess.PIPE,
        env={**os.environ, **DATADOG, **where},
    ) as process:
        try:
            yield
        finally:
            process.communicate(timeout=SECONDS)


@pytest.mark.parametrize("status", [401, None])
def test_datadog_records_frames_and_headers_but_no_token(agent: Agent, status: int | None) -> None:
    """Exception Replay records a failed call's variables, and traces its headers: no token."""
    down = Refusing() if status is None else FaultServer(choose=lambda: failing(status))
    with down as server, traced_by_datadog(agent, server.url):
        end = time.monotonic() + SECONDS
        while b'"_exchange"' not in agent.sent_to("debugger") and time.monotonic() < end:
            time.sleep(0.1)
    frames = agent.sent_to("debugger")
    assert [] == [name for name in (b'"_exchange"', b'"_attempt"') if name not in frames]
    assert b"tag_of_the_key" in agent.sent_to("traces")
    assert [] == [path for path, body in agent.received if TOKEN.encode() in body]


def test_a_cache_tells_accounts_apart() -> None:
    """The hash of joblib differs for two tokens, and is the same for the same token."""
    joblib = pytest.importorskip("joblib")
    hashes = [
        joblib.hash(fastly.Configuration(api_token=token)) for token in (TOKEN, TOKEN, TOKEN[::-1])
    ]
    assert hashes[0] == hashes[1] != hashes[2]
