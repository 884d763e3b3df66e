"""Fixtures that every test may use: the stand-in, a client of it, and an authority for TLS."""

from __future__ import annotations

import signal
import ssl
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
import trustme
from secure import TOKEN, pem_of

import fastly
from fastly.api.billing_invoices_api import BillingInvoicesApi
from fastly.api.billing_usage_metrics_api import BillingUsageMetricsApi
from fastly.testing import BillingServer

if TYPE_CHECKING:
    from forks import ForkServer
    from shell import Shell, Terminal

# Shells start background jobs with SIGINT ignored, and tests send it.
signal.signal(signal.SIGINT, signal.default_int_handler)

ENVIRONMENT = (
    "FASTLY_API_TOKEN",
    "FASTLY_API_URL",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "ALL_PROXY",
)


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the token and the proxies of the machine that runs the tests."""
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def server() -> Iterator[BillingServer]:
    """A stand-in for one test."""
    with BillingServer() as server:
        yield server


@pytest.fixture
def configuration(server: BillingServer) -> fastly.Configuration:
    """The settings that reach the stand-in."""
    return fastly.Configuration(host=server.url, api_key={"token": server.token})


@pytest.fixture
def client(configuration: fastly.Configuration) -> Iterator[fastly.ApiClient]:
    """A client of the stand-in."""
    with fastly.ApiClient(configuration) as client:
        yield client


@pytest.fixture
def api(client: fastly.ApiClient) -> BillingInvoicesApi:
    """The invoices of the stand-in."""
    return BillingInvoicesApi(client)


@pytest.fixture
def invoices(client: fastly.ApiClient) -> BillingInvoicesApi:
    """The invoices of the stand-in."""
    return BillingInvoicesApi(client)


@pytest.fixture
def usage(client: fastly.ApiClient) -> BillingUsageMetricsApi:
    """The usage metrics of the stand-in."""
    return BillingUsageMetricsApi(client)


@pytest.fixture
def shell(
    server: BillingServer,
    monkeypatch: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
) -> Shell:
    """The command line, run in this process against the stand-in."""
    from shell import in_process  # with modules that only Unix has

    return in_process(server, monkeypatch, capfdbinary)


@pytest.fixture(scope="session")
def forks() -> Iterator[ForkServer]:
    """The command line as forks of one process."""
    from forks import ForkServer
    from shell import environment

    with ForkServer(environment(None)) as forks:
        yield forks


@pytest.fixture
def piped(server: BillingServer, forks: ForkServer) -> Shell:
    """The command line, run with pipes against the stand-in."""
    from shell import in_pipes

    return in_pipes(server, forks)


@pytest.fixture
def terminal(server: BillingServer, forks: ForkServer) -> Terminal:
    """The command line, run on a terminal against the stand-in."""
    from shell import on_terminal

    return on_terminal(server, forks)


@pytest.fixture(scope="module")
def stand_in() -> Iterator[BillingServer]:
    """The stand-in behind the TLS servers and proxies of a test file."""
    with BillingServer(token=TOKEN) as server:
        yield server


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """A certificate authority created for this run."""
    return trustme.CA()


@pytest.fixture(scope="session")
def roots(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The file that contains the authority's certificate."""
    return pem_of(authority, tmp_path_factory.mktemp("roots"))


@pytest.fixture
def tls(authority: trustme.CA) -> ssl.SSLContext:
    """The settings of a server with a certificate for 127.0.0.1."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context
