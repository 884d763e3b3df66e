"""Customer addresses of the stand-in: list, create and update."""

from __future__ import annotations

from typing import Any

import pytest
from plain_http import get

import fastly
from fastly.api.customer_addresses_api import CustomerAddressesApi
from fastly.models import CustomerAddress
from fastly.testing import BillingServer

PATH = "/billing/v3/customer-addresses"


def test_the_whole_life_of_an_address(client: fastly.ApiClient, server: BillingServer) -> None:
    """An address that is created is listed, and an update replaces it."""
    api = CustomerAddressesApi(client)
    tax = CustomerAddress(type="tax", locality="Zürich", country="CH")
    assert api.create_customer_address(tax).id
    moved = CustomerAddress(locality="Bern")
    api.update_customer_address("tax", moved)
    data = api.list_customer_addresses().data or []
    assert [("billing", "San Francisco"), ("tax", "Bern")] == [(x.type, x.locality) for x in data]
    assert tax.to_json().encode() == server.requests[0].body


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", PATH, b'{"type": "billing"}', 400),
        ("POST", PATH, b'{"type": "home"}', 400),
        ("POST", PATH, b"{}", 400),
        ("POST", PATH, b'{"type": null}', 400),
        ("PUT", f"{PATH}/billing", b'{"type": "home"}', 400),
        ("POST", PATH, b"no JSON", 400),
        ("POST", PATH, b'["tax"]', 400),
        ("POST", PATH, b'{"type": "tax", "city": "x"}', 400),
        ("POST", PATH, b'{"type": "tax", "locality": 5}', 400),
        ("PUT", f"{PATH}/tax", b"{}", 404),
        ("PUT", PATH, b"{}", 405),
        ("GET", f"{PATH}/tax", b"", 405),
        ("DELETE", PATH, b"", 405),
        ("PUT", f"{PATH}/tax/x", b"{}", 404),
    ],
)
def test_errors(server: BillingServer, method: str, path: str, body: bytes, status: int) -> None:
    """What cannot be created or updated is refused."""
    reply = get(server, path, method, body)
    assert (status, status) == (reply.status, reply.json["status"])


def test_allowed_methods(server: BillingServer) -> None:
    """A 405 lists the methods that a path takes."""
    allowed = [get(server, path, "DELETE").headers["Allow"] for path in (PATH, f"{PATH}/tax")]
    assert ["GET, POST", "PUT"] == allowed


def test_the_start_of_a_body_is_kept(server: BillingServer) -> None:
    """Of a long body, the server keeps 16 KiB."""
    get(server, PATH, "POST", b"x" * 100_000)
    assert b"x" * 16_384 == server.requests[0].body


def test_a_server_has_its_own_addresses(server: BillingServer) -> None:
    """An address that one server gets does not appear in another."""
    address: dict[str, Any] = {"type": "tax"}
    assert 201 == get(server, PATH, "POST", b'{"type": "tax"}').status
    assert address in get(server, PATH).json["data"]
    with BillingServer() as other:
        assert address not in get(other, PATH).json["data"]
