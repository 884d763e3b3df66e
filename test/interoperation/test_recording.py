"""Libraries that replace the network in tests: vcrpy and pytest-httpserver."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest
import trustme
from secure import LOOPBACK, TOKEN, TLSServer, billing, server_context

import fastly
from fastly.testing import BillingServer

pytest_httpserver = pytest.importorskip("pytest_httpserver")
vcr = pytest.importorskip("vcr")


@pytest.fixture
def cassette(tmp_path: Path) -> dict[str, Any]:
    """The settings that record calls without the token."""
    return {"path": str(tmp_path / "cassette.yaml"), "filter_headers": ["Fastly-Key"]}


def record(cassette: dict[str, Any], host: str, **settings: Any) -> list[Any]:
    """Make the same calls twice, recording first, then replaying; return both results."""
    results = []
    for mode in ("once", "none"):
        with vcr.use_cassette(**cassette, record_mode=mode), billing(host, **settings) as api:
            results.append((api.list_invoices(limit=1), api.list_invoices(limit=2)))
    return results


def test_a_recorded_call_is_replayed(server: BillingServer, cassette: dict[str, Any]) -> None:
    """Recorded calls are replayed: the invoices are the same, and no request is sent."""
    first, second = record(cassette, server.url, token=server.token)
    assert first == second
    assert 2 == len(server.requests)
    assert server.token not in Path(cassette["path"]).read_text()


def test_a_recorded_call_is_replayed_without_its_server(cassette: dict[str, Any]) -> None:
    """JSON, an estimate that was pending and errors are replayed after the server has gone."""

    def asked(host: str) -> list[Any]:
        with vcr.use_cassette(**cassette), billing(host) as api:
            with pytest.raises(fastly.NotFoundException) as caught:
                api.get_invoice_by_invoice_id("INV-1")
            estimate = api.get_month_to_date_invoice()
            page = api.list_invoices(limit=1)
            return [caught.value.detail, estimate, page]

    with BillingServer(token=TOKEN) as server:
        first = asked(server.url)
        sent = len(server.requests)
    assert first == asked(server.url)
    assert sent == len(server.requests) == 4


def test_a_recorded_call_over_tls_is_replayed(
    stand_in: BillingServer, authority: trustme.CA, roots: str, cassette: dict[str, Any]
) -> None:
    """Calls over TLS are recorded and replayed like those over plain HTTP."""
    before = len(stand_in.requests)
    with TLSServer(server_context(authority.issue_cert(*LOOPBACK)), stand_in.url) as server:
        first, second = record(cassette, server.url, ssl_ca_cert=roots)
    assert first == second
    assert before + 2 == len(stand_in.requests)


def test_a_recorded_zipped_answer_is_replayed(cassette: dict[str, Any]) -> None:
    """A response that vcrpy decompressed, keeping its ``Content-Encoding``, is read correctly."""
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    with BillingServer(token=TOKEN) as server:
        for name in ("one", "two"):
            body = gzip.compress(f'{{"data": [{{"invoice_id": "{name}"}}]}}'.encode())
            server.enqueue(headers=headers, body=body)
        first, second = record(cassette, server.url)
    assert ["one", "two"] == [page.data[0].invoice_id for page in first]
    assert first == second


def test_a_client_outlives_a_cassette(server: BillingServer, cassette: dict[str, Any]) -> None:
    """A client used before, during and after a recording sends requests again afterwards."""
    with billing(server.url, token=server.token) as api:
        before = api.list_invoices(limit=1)
        with vcr.use_cassette(**cassette) as tape:
            within = api.list_invoices(limit=1)
        after = api.list_invoices(limit=1)
    assert before == within == after
    assert 1 == len(tape)
    assert 3 == len(server.requests)


# --- pytest-httpserver ------------------------------------------------------------------------


def test_a_response_of_pytest_httpserver() -> None:
    """The client works with pytest-httpserver, which sees the token as sent."""
    with pytest_httpserver.HTTPServer(host="127.0.0.1") as server:
        expected = server.expect_ordered_request(
            "/billing/v3/invoices/month-to-date", headers={"Fastly-Key": TOKEN}
        )
        expected.respond_with_data("", status=202, headers={"Retry-After": "0"})
        server.expect_ordered_request("/billing/v3/invoices/month-to-date").respond_with_json(
            {"invoice_id": "estimate"}
        )
        with billing(server.url_for("")) as api:
            assert "estimate" == api.get_month_to_date_invoice().invoice_id
        server.check()


def test_an_error_of_pytest_httpserver() -> None:
    """A request that pytest-httpserver does not expect raises a ServiceException with its text."""
    with pytest_httpserver.HTTPServer(host="127.0.0.1") as server:
        with (
            billing(server.url_for(""), retries=0) as api,
            pytest.raises(fastly.ServiceException) as caught,
        ):
            api.list_invoices(limit=1)
        assert "No handler found" in str(caught.value.body)
