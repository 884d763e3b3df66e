"""nginx in front of the API: connections that it closes, reloads, limits and its own errors."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest
from nginx_server import Nginx, StartNginx
from secure import TOKEN, billing, written

import fastly
from fastly.api.billing_api import BillingApi
from fastly.api.billing_invoices_api import BillingInvoicesApi
from fastly.testing import BillingServer


def test_connections_that_end_every_few_requests(nginx: Nginx, roots: str) -> None:
    """When nginx closes each connection after 3 requests, 20 calls in a row succeed."""
    with billing(nginx.url, ssl_ca_cert=roots, retries=0) as api:
        api.api_client.user_agent = "one-after-the-other"
        pages = [api.list_invoices(limit=limit) for limit in range(1, 21)]
    assert list(range(1, 21)) == [len(page.data or ()) for page in pages]
    lines = [line.split() for line in written(nginx.directory / "nginx.log", "one-aft", times=20)]
    assert [["200", "gzip"]] * 20 == [line[1:3] for line in lines]
    assert 7 == len({line[0] for line in lines})


def test_threads(nginx: Nginx, roots: str) -> None:
    """Four threads that share a client get each of 20 invoices."""
    assert 20 == len(set(invoices_of_threads(nginx.url, roots)))


def test_csv_and_pdf(nginx: Nginx, roots: str) -> None:
    """CSV and PDF pass through nginx unchanged."""
    with billing(nginx.url, ssl_ca_cert=roots) as api:
        documents = BillingApi(api.api_client)
        assert documents.get_invoice(5, 2020, _accept="application/pdf").startswith(b"%PDF-")
        assert documents.get_invoice(5, 2020, _accept="text/csv").startswith("invoice_id,")


def test_nginx_without_its_upstream(nginx: Nginx, roots: str, stand_in: BillingServer) -> None:
    """If the API closes the connection, nginx's 502 is a ServiceException with nginx's page."""
    stand_in.enqueue(cut="before")
    with (
        billing(nginx.url, ssl_ca_cert=roots, retries=0) as api,
        pytest.raises(fastly.ServiceException) as caught,
    ):
        api.list_invoices(limit=1)
    assert 502 == caught.value.status
    assert "<center>nginx" in str(caught.value.body)


def test_an_idle_connection_that_nginx_closed(start_nginx: StartNginx, roots: str) -> None:
    """A call after nginx closed the idle connection opens another one, without a retry."""
    with (
        start_nginx("keepalive_timeout 1s;") as nginx,
        billing(nginx.url, ssl_ca_cert=roots, retries=0) as api,
    ):
        api.api_client.user_agent = "idle"
        api.list_invoices(limit=1)
        api.list_invoices(limit=1)
        time.sleep(1.3)
        api.list_invoices(limit=1)
        lines = written(nginx.directory / "nginx.log", "idle", times=3)
    assert 2 == len({line.split()[0] for line in lines})


def test_reloads_during_load(start_nginx: StartNginx, roots: str) -> None:
    """While nginx reloads again and again, every call of four threads returns its invoice."""
    done = threading.Event()
    reloads = 0
    with start_nginx() as nginx:

        def reload() -> None:
            nonlocal reloads
            while not done.wait(0.1) and reloads < 20:
                os.kill(nginx.pid, signal.SIGHUP)
                reloads += 1

        thread = threading.Thread(target=reload)
        thread.start()
        try:
            found = [invoices_of_threads(nginx.url, roots, calls=160) for _ in range(2)]
        finally:
            done.set()
            thread.join()
    assert found[0] == found[1]
    assert 20 == len(set(found[0]))
    assert reloads > 1


LIMIT = "limit_req_zone $binary_remote_addr zone=few:32k rate=2r/s; limit_req_status {status};"
REFUSALS = [(429, fastly.RateLimitException), (503, fastly.ServiceException)]


@pytest.mark.parametrize(("status", "kind"), REFUSALS)
def test_a_limit_of_requests(
    start_nginx: StartNginx, roots: str, status: int, kind: type[fastly.ApiException]
) -> None:
    """A request that nginx's limit_req refuses raises its exception; with retries it succeeds."""
    with start_nginx(LIMIT.format(status=status), "limit_req zone=few;") as nginx:
        with billing(nginx.url, ssl_ca_cert=roots, retries=0) as api:
            api.list_invoices(limit=1)
            with pytest.raises(kind) as caught:
                api.list_invoices(limit=1)
        assert status == caught.value.status
        assert 4 == len(set(invoices_of_threads(nginx.url, roots, 2, calls=4, retries=8)))


def invoices_of_threads(
    host: str, roots: str, threads: int = 4, *, calls: int = 20, retries: int = 3
) -> list[str]:
    """Return the IDs of the invoices that threads get with a client that they share."""
    settings = {"ssl_ca_cert": roots, "retries": retries}
    configuration = fastly.Configuration(host, {"token": TOKEN}, **settings)
    with fastly.ApiClient(configuration, pool_threads=threads) as client:
        api = BillingInvoicesApi(client)
        ids = [invoice.invoice_id for invoice in api.list_invoices(limit=20).data or ()]
        found = [api.get_invoice_by_invoice_id(ids[n % 20], async_req=True) for n in range(calls)]
        return [str(result.get(30).invoice_id) for result in found]
