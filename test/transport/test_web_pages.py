"""A web page of a proxy or a front server is called that, whatever its status says."""

from __future__ import annotations

import pytest

import fastly
from fastly.api.billing_invoices_api import BillingInvoicesApi
from fastly.testing import BillingServer

LIGHTTPD = b'<?xml version="1.0"?>\n<!DOCTYPE html PUBLIC "x">\n<html><h1>404 Not Found</h1></html>'
HTML = {"Content-Type": "text/html; charset=utf-8"}


def failure(
    server: BillingServer, status: int, body: str | bytes, headers: dict[str, str]
) -> fastly.ApiException:
    """Return the exception for a response."""
    server.enqueue(status, body=body, headers=headers)
    configuration = fastly.Configuration(server.url, api_token=server.token, retries=0)
    with fastly.ApiClient(configuration) as client, pytest.raises(fastly.ApiException) as caught:
        BillingInvoicesApi(client).get_invoice_by_invoice_id("INV-1")
    return caught.value


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 407, 410, 422, 451, 500, 502, 503])
def test_a_page_names_its_server(server: BillingServer, status: int) -> None:
    """The advice for a page names the server that sent it instead of token, ID or Fastly."""
    error = failure(server, status, LIGHTTPD, {**HTML, "Server": "lighttpd/1.4.69"})
    assert status == error.status
    assert (
        "This is a web page of lighttpd/1.4.69, not a response of the API: check the proxy, the "
        "network and the host, or retry later."
    ) == error.advice


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        ("<html>", {"Content-Type": "application/json"}),
        ("\ufeff\n <HTML>", {"Content-Type": "text/plain"}),
        ("Zugriff verweigert", HTML),
        ("<p>Zugriff für Gäste gesperrt".encode("latin-1"), HTML),
        ("<html>".encode("utf-16"), {"Content-Type": "TEXT/HTML"}),
        (b"", HTML),
    ],
)
def test_signs_of_a_page(server: BillingServer, body: str | bytes, headers: dict[str, str]) -> None:
    """The type or the first character shows a page, in any encoding and without a Server."""
    error = failure(server, 502, body, headers)
    assert "This is a web page of a proxy or another server, not" in str(error)


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        (404, '{"title": "no such invoice"}', HTML),
        (503, "upstream connect error", {"Content-Type": "text/plain"}),
        (404, "", {}),
        (429, "<html>", HTML),
    ],
)
def test_no_page(server: BillingServer, status: int, body: str, headers: dict[str, str]) -> None:
    """JSON, a line of text, and too many requests keep the advice of their status."""
    error = failure(server, status, body, headers)
    assert type(error).advice == error.advice


@pytest.mark.parametrize(
    "words", ["No required SSL certificate was sent", "The SSL certificate error"]
)
def test_a_page_about_the_client_certificate(server: BillingServer, words: str) -> None:
    """A page of nginx about the client certificate gives the advice to set it."""
    page = f"<html>\r\n<head><title>400 {words}</title></head>\r\n<body>\r\n"
    error = failure(server, 400, page, {**HTML, "Server": "nginx"})
    assert "cert_file and key_file of Configuration" in error.advice
