"""With what users put around the client: nginx, squid, tinyproxy and vcrpy, all as they come."""

from __future__ import annotations

import gzip
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme
import vcr
from secure import (
    LOOPBACK,
    TOKEN,
    TLSServer,
    billing,
    files_of,
    free_port,
    installed,
    running,
    server_context,
    written,
)

import fastly
from fastly.api.billing_api import BillingApi
from fastly.testing import BillingServer

AS_ROOT = os.name == "posix" and os.geteuid() == 0
MONTHS = [(month, year) for year in (2020, 2021) for month in range(1, 11)]


@pytest.fixture(scope="module")
def directory() -> Iterator[Path]:
    """A directory for all files: squid writes there under a name of its own."""
    path = Path(tempfile.mkdtemp(prefix="fastly-"))
    path.chmod(0o777)
    yield path
    shutil.rmtree(path)


# --- nginx ------------------------------------------------------------------------------------

NGINX = """
daemon off;
{user}
pid {directory}/nginx.pid;
error_log {directory}/error.log;
worker_processes 1;
events {{ worker_connections 64; }}
http {{
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    log_format connections "$connection $status $sent_http_content_encoding $http_user_agent";
    access_log {directory}/nginx.log connections;
    gzip on;
    gzip_min_length 1;
    gzip_types application/json;
    keepalive_requests 3;
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {certificate};
        ssl_certificate_key {key};
        location / {{ proxy_pass {upstream}; proxy_http_version 1.1; }}
    }}
}}
"""


@pytest.fixture(scope="module")
def nginx(authority: trustme.CA, directory: Path, stand_in: BillingServer) -> Iterator[str]:
    """The URL of nginx, which ends TLS, zips, and ends each connection after 3 requests."""
    program, port = installed("nginx"), free_port()
    certificate, key = files_of(authority.issue_cert(*LOOPBACK), directory)
    settings = NGINX.format(
        user="user root;" if AS_ROOT else "",  # another user could not enter the directory
        directory=directory,
        port=port,
        certificate=certificate,
        key=key,
        upstream=stand_in.url,
    )
    (directory / "nginx.conf").write_text(settings)
    arguments = (program, "-p", str(directory), "-c", "nginx.conf", "-e", "error.log")
    with running(arguments, port):
        yield f"https://127.0.0.1:{port}"


def test_connections_that_end_every_few_requests(nginx: str, roots: str, directory: Path) -> None:
    """Behind nginx, which ends each connection after 3 requests, 20 calls in a row succeed."""
    with billing(nginx, ssl_ca_cert=roots, retries=0) as api:
        api.api_client.user_agent = "one-after-the-other"
        invoices = [api.get_invoice(month, year) for month, year in MONTHS]
    assert 20 == len({invoice.invoice_id for invoice in invoices})
    lines = [line.split() for line in written(directory / "nginx.log", "one-after", times=20)]
    assert [["200", "gzip"]] * 20 == [line[1:3] for line in lines]
    assert 7 == len({line[0] for line in lines})


def test_threads_behind_nginx(nginx: str, roots: str) -> None:
    """Four threads that share a client behind nginx get every one of 20 invoices."""
    configuration = fastly.Configuration(nginx, {"token": TOKEN}, ssl_ca_cert=roots)
    with fastly.ApiClient(configuration, pool_threads=4) as client:
        api = BillingApi(client)
        calls = [api.get_invoice(month, year, async_req=True) for month, year in MONTHS]
        assert 20 == len({call.get(10).invoice_id for call in calls})


def test_documents_behind_nginx(nginx: str, roots: str) -> None:
    """CSV and PDF come through nginx as they come from the API itself."""
    with billing(nginx, ssl_ca_cert=roots) as api:
        assert api.get_invoice(5, 2020, _accept="application/pdf").startswith(b"%PDF-")
        assert api.get_invoice(5, 2020, _accept="text/csv").startswith("invoice_id,")


def test_nginx_without_its_upstream(nginx: str, roots: str, stand_in: BillingServer) -> None:
    """An API that ends the connection unasked is nginx's 502: a ServiceException with its page."""
    stand_in.enqueue(cut="before")
    with (
        billing(nginx, ssl_ca_cert=roots, retries=0) as api,
        pytest.raises(fastly.ServiceException) as caught,
    ):
        api.get_invoice(5, 2020)
    assert 502 == caught.value.status
    assert "<center>nginx" in str(caught.value.body)


# --- squid and tinyproxy ----------------------------------------------------------------------

SQUID = """
http_port 127.0.0.1:{port}
http_access allow localhost
http_access deny all
cache deny all
cache_mem 1 MB
pid_filename {directory}/squid.pid
access_log stdio:{directory}/squid.log
cache_log {directory}/squid-cache.log
coredump_dir {directory}
netdb_filename none
pinger_enable off
max_filedescriptors 256
shutdown_lifetime 0 seconds
visible_hostname localhost
"""

TINYPROXY = """
Listen 127.0.0.1
Port {port}
Allow 127.0.0.1
MaxClients 10
Timeout 20
LogFile "{directory}/tinyproxy.log"
PidFile "{directory}/tinyproxy.pid"
"""


@contextmanager
def forward_proxy(name: str, settings: str, options: tuple[str, ...]) -> Iterator[tuple[str, Path]]:
    """Run a proxy in a directory that anybody may write to; yield its URL and its log."""
    program, port = installed(name), free_port()
    with tempfile.TemporaryDirectory(prefix="fastly-") as directory:
        os.chmod(directory, 0o777)  # noqa: S103 - squid leaves root's rights, and writes there
        file = Path(directory, f"{name}.conf")
        file.write_text(settings.format(port=port, directory=directory))
        with running((program, *options, str(file)), port):
            yield f"http://127.0.0.1:{port}", Path(directory, f"{name}.log")


@pytest.fixture(scope="module")
def squid() -> Iterator[tuple[str, Path]]:
    """Squid: its URL and its log."""
    with forward_proxy("squid", SQUID, ("-N", "-f")) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def tinyproxy() -> Iterator[tuple[str, Path]]:
    """Tinyproxy: its URL and its log."""
    with forward_proxy("tinyproxy", TINYPROXY, ("-d", "-c")) as proxy:
        yield proxy


@pytest.mark.parametrize("name", ["squid", "tinyproxy"])
def test_a_proxy_of_other_people(
    request: pytest.FixtureRequest, nginx: str, roots: str, name: str
) -> None:
    """Through squid and tinyproxy, 20 calls to nginx succeed, and no URL shows in their logs."""
    proxy, log = request.getfixturevalue(name)
    with billing(nginx, proxy=proxy, ssl_ca_cert=roots, retries=0) as api:
        invoices = [api.get_invoice(month, year) for month, year in MONTHS]
    assert 20 == len({invoice.invoice_id for invoice in invoices})
    assert [] != written(log, f"CONNECT {nginx.removeprefix('https://')}")
    assert "/billing/v2" not in log.read_text()
    assert TOKEN not in log.read_text()


@pytest.mark.parametrize("name", ["squid", "tinyproxy"])
def test_a_server_that_the_proxy_cannot_reach(request: pytest.FixtureRequest, name: str) -> None:
    """Where the proxy cannot reach the API, the ConnectionException speaks of the proxy."""
    proxy, _ = request.getfixturevalue(name)
    host = f"https://127.0.0.1:{free_port()}"
    with (
        billing(host, proxy=proxy, retries=0) as api,
        pytest.raises(fastly.ConnectionException) as caught,
    ):
        api.get_invoice(5, 2020, _request_timeout=5)
    assert "proxy" in (caught.value.reason or "")
    assert TOKEN not in str(caught.value)


# --- vcrpy ------------------------------------------------------------------------------------


@pytest.fixture
def cassette(tmp_path: Path) -> dict[str, Any]:
    """How a user records calls, the token left out."""
    return {"path": str(tmp_path / "cassette.yaml"), "filter_headers": ["Fastly-Key"]}


def record(cassette: dict[str, Any], host: str, **settings: Any) -> list[Any]:
    """Ask the same things twice, recording first and replaying then; return both results."""
    results = []
    for mode in ("once", "none"):
        with vcr.use_cassette(**cassette, record_mode=mode), billing(host, **settings) as api:
            results.append((api.get_invoice(5, 2020), api.get_invoice(6, 2020)))
    return results


def test_a_recorded_call_is_replayed(server: BillingServer, cassette: dict[str, Any]) -> None:
    """Calls recorded by vcrpy are replayed: the same invoices, and nobody is asked."""
    first, second = record(cassette, server.url, token=server.token)
    assert first == second
    assert 2 == len(server.requests)
    assert server.token not in Path(cassette["path"]).read_text()


def test_a_recorded_call_is_replayed_without_its_server(cassette: dict[str, Any]) -> None:
    """A recording is replayed where there is no server: JSON, an estimate's wait, CSV, errors."""

    def asked(host: str) -> list[Any]:
        with vcr.use_cassette(**cassette), billing(host) as api:
            with pytest.raises(fastly.NotFoundException) as caught:
                api.get_invoice(5, 2001)
            estimate = api.get_invoice_mtd("StandInCustomer2019", month=5, year=2020)
            csv = api.get_invoice(5, 2020, _accept="text/csv")
            return [caught.value.detail, estimate, csv]

    with BillingServer(token=TOKEN, customer_id="StandInCustomer2019") as server:
        first = asked(server.url)
        sent = len(server.requests)
    assert first == asked(server.url)
    assert sent == len(server.requests) == 4


def test_a_recorded_call_over_tls_is_replayed(
    stand_in: BillingServer, authority: trustme.CA, roots: str, cassette: dict[str, Any]
) -> None:
    """Calls over TLS are recorded and replayed by vcrpy like those without."""
    before = len(stand_in.requests)
    with TLSServer(server_context(authority.issue_cert(*LOOPBACK)), stand_in.url) as server:
        first, second = record(cassette, server.url, ssl_ca_cert=roots)
    assert first == second
    assert before + 2 == len(stand_in.requests)


def test_a_recorded_zipped_answer_is_replayed(cassette: dict[str, Any]) -> None:
    """An answer that vcrpy unzips, leaving its ``Content-Encoding``, is read all the same."""
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    with BillingServer(token=TOKEN) as server:
        for name in ("one", "two"):
            body = gzip.compress(f'{{"invoice_id": "{name}"}}'.encode())
            server.enqueue(headers=headers, body=body)
        first, second = record(cassette, server.url)
    assert ["one", "two"] == [invoice.invoice_id for invoice in first]
    assert first == second


@pytest.mark.skipif(
    int(vcr.__version__.split(".")[0]) < 9,
    reason="vcrpy before 9 drops the client's connection without closing it",
)
def test_a_client_outlives_a_cassette(server: BillingServer, cassette: dict[str, Any]) -> None:
    """A client used before, within and after a recording asks the server before and after."""
    with billing(server.url, token=server.token) as api:
        before = api.get_invoice(5, 2020)
        with vcr.use_cassette(**cassette) as tape:
            within = api.get_invoice(5, 2020)
        after = api.get_invoice(5, 2020)
    assert before == within == after
    assert 1 == len(tape)
    assert 3 == len(server.requests)
