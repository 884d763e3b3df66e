"""Caddy, HAProxy, lighttpd, nginx and Varnish before the API: connections and bodies they end."""

from __future__ import annotations

import gzip
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from faults import FaultServer, answer_bytes, chunked_bytes, interim, raw, whole
from front_servers import FRONT_SERVERS, front_server
from secure import billing

import fastly
from fastly.testing import BillingServer

# Calls after a pause, for each server. At a release, FRONT_SERVER_CALLS=1000 makes more.
CALLS = int(os.environ.get("FRONT_SERVER_CALLS", "100"))
PAUSES = 5  # of each client; the clients wait at the same time

NO_STORE = {"Cache-Control": "no-store"}  # as the API; Varnish stores responses for 2 minutes
PAGE = json.dumps({"data": [{"invoice_id": f"I-{n}"} for n in range(50)], "meta": {}}).encode()
GZIPPED = gzip.compress(PAGE)
JSON_THAT_STOPS = chunked_bytes(PAGE, NO_STORE)[: -len(PAGE)]
GZIP_THAT_STOPS = chunked_bytes(GZIPPED, {**NO_STORE, "Content-Encoding": "gzip"})[: -len(GZIPPED)]


def calls_after_pauses(url: str, token: str, number: int) -> list[int]:
    """Call about every second: just before, while and just after the server closes."""
    pause = 0.98 + number % 20 * 0.005
    with billing(url, token, retries=0) as api:
        found = [len(api.list_invoices(limit=1).data or ())]
        for _ in range(PAUSES):
            time.sleep(pause)
            found.append(len(api.list_invoices(limit=1).data or ()))
    return found


@pytest.mark.parametrize("name", FRONT_SERVERS)
def test_no_call_fails_while_a_server_closes_idle_connections(name: str) -> None:
    """Without retries, no call every second fails behind a server that closes after a second."""
    clients = CALLS // PAUSES
    with (
        BillingServer() as api,
        front_server(name, api.url) as url,
        ThreadPoolExecutor(clients) as threads,
    ):
        found = threads.map(lambda n: calls_after_pauses(url, api.token, n), range(clients))
        assert [[1] * (PAUSES + 1)] * clients == list(found)


@pytest.mark.parametrize("name", FRONT_SERVERS)
def test_a_body_that_breaks_off_before_the_front_server(name: str) -> None:
    """A body that broke off is an error or requested again, also if it is passed on as whole."""
    script = [raw(JSON_THAT_STOPS), raw(GZIP_THAT_STOPS)] * 2
    good = whole(answer_bytes(PAGE, headers=NO_STORE))
    with FaultServer(*script, choose=lambda: good) as api, front_server(name, api.url) as url:
        with billing(url, retries=0) as invoices:
            for _ in range(2):
                with pytest.raises(fastly.ApiException):
                    invoices.list_invoices(limit=50)
        with billing(url, retries=3) as invoices:
            assert 50 == len(invoices.list_invoices(limit=50).data or ())
        assert len(script) + 1 == len(api.requests)


@pytest.mark.parametrize("name", FRONT_SERVERS)
def test_an_interim_response_before_the_front_server(name: str) -> None:
    """An interim response is skipped on the way, except by Varnish, which responds 503."""
    with (
        FaultServer(interim(103)) as api,
        front_server(name, api.url) as url,
        billing(url, retries=0) as invoices,
    ):
        if name == "varnish":
            with pytest.raises(fastly.ServiceException, match="Backend fetch failed"):
                invoices.get_invoice_by_invoice_id("i")
        else:
            assert "i" == invoices.get_invoice_by_invoice_id("i").invoice_id


def test_a_cache_that_is_not_told_to_store_nothing() -> None:
    """Varnish stores a response without Cache-Control, and gives it to another account too."""
    with FaultServer() as api, front_server("varnish", api.url) as url:
        for token in ("token-of-one-account", "token-of-another-account"):
            with billing(url, token, retries=0) as invoices:
                invoices.get_invoice_by_invoice_id("i")
        assert 1 == len(api.requests)
