"""Connections of earlier calls: when they are used again, and what replaces those that ended."""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
import trustme
from faults import (
    Fault,
    FaultServer,
    answer,
    answer_bytes,
    closed_before_head,
    raw,
    reset_before_head,
)
from secure import server_context

import fastly
from fastly.api.billing_invoices_api import BillingInvoicesApi
from fastly.api.customer_addresses_api import CustomerAddressesApi
from fastly.models import CustomerAddress

TOKEN = "made-up-token-6ae1"
Serve = Callable[[socket.socket, int], None]


@contextmanager
def serving(serve: Serve) -> Iterator[str]:
    """Run a function for each connection, with its number; yield the server's URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threads: list[threading.Thread] = []

        def accept() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    run = threading.Thread(target=one, args=(connection, len(threads)))
                    threads.append(run)
                    run.start()

        def one(connection: socket.socket, number: int) -> None:
            with connection, suppress(OSError):
                connection.settimeout(10)
                serve(connection, number)

        accepting = threading.Thread(target=accept)
        accepting.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
        accepting.join(5)
        for thread in threads:
            thread.join(12)


@contextmanager
def invoices_of(host: str, **settings: object) -> Iterator[BillingInvoicesApi]:
    """Return the invoices of a host, without retries."""
    configuration = fastly.Configuration(host, api_token=TOKEN, retries=0, timeout=5, **settings)
    with fastly.ApiClient(configuration) as client:
        yield BillingInvoicesApi(client)


def request_of(connection: socket.socket) -> str:
    """Read a request, and return its path; "" at the end of the connection."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        piece = connection.recv(1)
        if not piece:
            return ""
        head += piece
    return head.split(b" ")[1].decode()


def response(invoice_id: str) -> bytes:
    """Return a whole response with an invoice."""
    body = json.dumps({"invoice_id": invoice_id, "data": []}).encode()
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
    return head % len(body) + body


def keep(connection: socket.socket) -> None:
    """Respond to every request with the invoice that it asks for."""
    while path := request_of(connection):
        connection.sendall(response(path.rpartition("/")[2]))


def reset(connection: socket.socket) -> None:
    """Close with a TCP reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@pytest.mark.parametrize("resets", [False, True], ids=["FIN", "RST"])
@pytest.mark.parametrize("idle", [False, True], ids=["on the next request", "while idle"])
def test_a_connection_that_has_ended_is_replaced(idle: bool, resets: bool) -> None:
    """A server that ends a kept connection costs no call, even without retries."""

    def serve(connection: socket.socket, number: int) -> None:
        if number:
            return keep(connection)
        connection.sendall(response(request_of(connection).rpartition("/")[2]))
        if not idle:
            request_of(connection)
        if resets:
            reset(connection)
        return None

    with serving(serve) as url, invoices_of(url) as api:
        assert "INV-1" == api.get_invoice_by_invoice_id("INV-1").invoice_id
        time.sleep(0.1 if idle else 0)
        assert "INV-2" == api.get_invoice_by_invoice_id("INV-2").invoice_id


def test_a_new_connection_that_ends_is_a_failure() -> None:
    """Only a reused connection is replaced: a server that always ends them gets one request."""
    requests: list[str] = []

    def serve(connection: socket.socket, number: int) -> None:
        requests.append(request_of(connection))

    with serving(serve) as url, invoices_of(url) as api, pytest.raises(fastly.ConnectionException):
        api.list_invoices()
    assert 1 == len(requests)


def test_a_replaced_connection_is_replaced_once() -> None:
    """If the new connection ends too, the call fails."""
    requests: list[str] = []

    def serve(connection: socket.socket, number: int) -> None:
        requests.append(request_of(connection))
        if not number:
            connection.sendall(response("x"))
            requests.append(request_of(connection))

    with serving(serve) as url, invoices_of(url) as api:
        api.list_invoices()
        with pytest.raises(fastly.ConnectionException):
            api.list_invoices()
    assert 3 == len(requests)


def test_a_request_that_crossed_a_408_is_repeated() -> None:
    """A 408 on a reused connection is its end, and on a new one the response."""
    waited_too_long = answer_bytes(b"", 408)

    def serve(connection: socket.socket, number: int) -> None:
        request_of(connection)
        if not number:
            connection.sendall(response("x"))
            request_of(connection)
        connection.sendall(waited_too_long if number != 1 else response("INV-1"))

    with serving(serve) as url, invoices_of(url) as api:
        api.list_invoices()
        assert "INV-1" == api.get_invoice_by_invoice_id("INV-1").invoice_id
        with pytest.raises(fastly.ApiException, match="408"):
            api.list_invoices()


def test_a_connection_has_an_age() -> None:
    """A connection that was idle for longer than ``keepalive_expiry`` is not used again."""
    numbers: list[int] = []

    def serve(connection: socket.socket, number: int) -> None:
        while request_of(connection):
            numbers.append(number)
            connection.sendall(response("x"))

    with serving(serve) as url, invoices_of(url, keepalive_expiry=0.15) as api:
        for pause in (0, 0, 0.2, 0):
            time.sleep(pause)
            api.list_invoices()
    assert [0, 0, 1, 1] == numbers


@pytest.mark.parametrize("delay", [0, 0.02], ids=["at once", "late"])
def test_a_stray_response_does_not_shift_the_others(delay: float) -> None:
    """An unsolicited response is noticed, and every call gets its own response."""

    def serve(connection: socket.socket, number: int) -> None:
        first = number == 0
        while path := request_of(connection):
            if not first:
                time.sleep(0.05)
            connection.sendall(response(path.rpartition("/")[2]))
            if first:
                time.sleep(delay)
                connection.sendall(response("INV-OF-SOMEBODY-ELSE"))
            first = False

    asked = [f"INV-{number}" for number in range(6)]
    with serving(serve) as url, invoices_of(url) as api:
        assert asked == [api.get_invoice_by_invoice_id(x).invoice_id for x in asked]


def test_the_same_id_again_is_the_apis_own_form() -> None:
    """If a new connection brings the same other ID, the API writes it so."""
    fault = raw(answer_bytes(b'{"invoice_id": "inv-1"}'))
    with FaultServer(choose=lambda: fault) as server, invoices_of(server.url) as api:
        assert "inv-1" == api.get_invoice_by_invoice_id("INV-1").invoice_id
        assert (2, 2) == (len(server.requests), server.connections)


def test_two_other_ids_are_an_error() -> None:
    """If each response is for something else, nothing is returned."""
    strays = [raw(answer_bytes(b'{"invoice_id": "%d"}' % number)) for number in (1, 2)]
    with (
        FaultServer(*strays) as server,
        invoices_of(server.url) as api,
        pytest.raises(fastly.ResponseException, match="not for what was requested"),
    ):
        api.get_invoice_by_invoice_id("INV-1")


@pytest.mark.parametrize("body", [b'{"invoice_id": null, "x": 1}', b'{"invoice_id": 29239985}'])
def test_an_id_that_is_absent_or_a_number_is_no_difference(body: bytes) -> None:
    """IDs are compared as text, and a null one is not compared."""
    with FaultServer(raw(answer_bytes(body))) as server, invoices_of(server.url) as api:
        assert api.get_invoice_by_invoice_id(29239985).invoice_id in (None, "29239985")
        assert 1 == len(server.requests)


@pytest.mark.parametrize("delay", [0, 0.05], ids=["at once", "while idle"])
def test_the_end_of_tls_is_noticed(authority: trustme.CA, roots: str, delay: float) -> None:
    """A TLS server that ends its connection with close_notify gets the client's, and no request."""
    context = server_context(authority.issue_cert("127.0.0.1"))
    ends: list[str] = []

    def serve(connection: socket.socket, number: int) -> None:
        with context.wrap_socket(connection, server_side=True) as encrypted:
            if request_of(encrypted):
                encrypted.sendall(response("x"))
                time.sleep(delay)
                try:
                    encrypted.unwrap().close()
                    ends.append("answered")
                except (OSError, ssl.SSLError) as error:
                    ends.append(repr(error))

    with (
        serving(serve) as url,
        invoices_of(url.replace("http:", "https:"), ssl_ca_cert=roots) as api,
    ):
        for _ in range(5):
            assert [] == api.list_invoices().data
            time.sleep(0.05 + 2 * delay)
    assert ["answered"] * 4 == ends[:4]  # the fifth may be noticed when the client closes


@pytest.mark.parametrize("fault", [reset_before_head(), closed_before_head()], ids=lambda f: f.name)
def test_a_new_connection_over_tls_that_ends_is_not_replaced(
    fault: Fault, tls: ssl.SSLContext, roots: str
) -> None:
    """A new connection that ends before a response costs the call, over TLS too."""
    with FaultServer(fault, tls=tls) as server, invoices_of(server.url, ssl_ca_cert=roots) as api:
        with pytest.raises(fastly.ConnectionException) as caught:
            api.get_invoice_by_invoice_id("i")
        assert (1, 1) == (caught.value.tries, server.connections)


def test_a_connection_that_cannot_be_replaced_is_a_failure(tls: ssl.SSLContext, roots: str) -> None:
    """If a reused connection has ended and TLS no longer starts, the call fails at once."""
    numbers: list[int] = []

    def serve(connection: socket.socket, number: int) -> None:
        numbers.append(number)
        if not number:
            with tls.wrap_socket(connection, server_side=True) as encrypted:
                request_of(encrypted)
                encrypted.sendall(response("x"))
                request_of(encrypted)

    with (
        serving(serve) as url,
        invoices_of(url.replace("http:", "https:"), ssl_ca_cert=roots) as api,
    ):
        api.list_invoices()
        with pytest.raises(fastly.ConnectionException):
            api.list_invoices()
    assert [0, 1] == numbers


def test_a_post_over_tls_opens_one_connection(tls: ssl.SSLContext, roots: str) -> None:
    """A POST needs a connection of its own, but not two."""
    created = answer(b'{"id": "a1"}', 201)
    with FaultServer(created, tls=tls) as server, invoices_of(server.url, ssl_ca_cert=roots) as api:
        CustomerAddressesApi(api.api_client).create_customer_address(
            customer_address=CustomerAddress()
        )
        assert 1 == server.connections
