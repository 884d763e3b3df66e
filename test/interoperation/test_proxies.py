"""Forward proxies: squid and tinyproxy between the client and nginx."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from nginx_server import Nginx
from secure import TOKEN, billing, free_port, installed, running, written

import fastly

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
    """Run a proxy in a directory that every user may write to; yield its URL and its log."""
    program, port = installed(name), free_port()
    with tempfile.TemporaryDirectory(prefix="fastly-") as directory:
        os.chmod(directory, 0o777)  # noqa: S103  # squid drops root's rights, then writes its log
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
def test_calls_through_a_proxy(
    request: pytest.FixtureRequest, nginx: Nginx, roots: str, name: str
) -> None:
    """Through a proxy, 20 calls to nginx succeed, and its log has neither a URL nor the token."""
    proxy, log = request.getfixturevalue(name)
    with billing(nginx.url, proxy=proxy, ssl_ca_cert=roots, retries=0) as api:
        pages = [api.list_invoices(limit=limit) for limit in range(1, 21)]
    assert list(range(1, 21)) == [len(page.data or ()) for page in pages]
    assert [] != written(log, f"CONNECT {nginx.url.removeprefix('https://')}")
    assert "/billing/v3" not in log.read_text()
    assert TOKEN not in log.read_text()


@pytest.mark.parametrize("name", ["squid", "tinyproxy"])
def test_a_server_that_the_proxy_cannot_reach(request: pytest.FixtureRequest, name: str) -> None:
    """If the proxy cannot reach the API, the ConnectionException names the proxy as the reason."""
    proxy, _ = request.getfixturevalue(name)
    host = f"https://127.0.0.1:{free_port()}"
    with (
        billing(host, proxy=proxy, retries=0) as api,
        pytest.raises(fastly.ConnectionException) as caught,
    ):
        api.list_invoices(limit=1, _request_timeout=5)
    assert "proxy" in (caught.value.reason or "")
    assert TOKEN not in str(caught.value)
