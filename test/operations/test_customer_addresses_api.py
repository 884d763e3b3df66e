"""Customer addresses: what is sent, how often, and what an error says about it."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest
import urllib3
from calls import AT_ONCE, TOKEN
from faults import (
    JSON,
    Fault,
    FaultServer,
    Refusing,
    answer,
    answer_bytes,
    closed_before_head,
    cut_body,
    failing,
    limited,
    raw,
    redirect,
    reset_at_connect,
    reset_before_head,
    stall,
    whole,
)

import fastly
from fastly.api.customer_addresses_api import CustomerAddressesApi
from fastly.models import CustomerAddress, InlineResponse201, ListCustomerAddressesResponse

Call = Callable[[CustomerAddressesApi], object]

PATH = "/billing/v3/customer-addresses"
TAX = CustomerAddress(type="tax", address_1="1 Main St", country="US", postal_code="01234")
CREATED = whole(answer_bytes(b'{"id": "a1"}', 201, {"Content-Type": JSON}), "created")
ACCEPTED = whole(answer_bytes(b"", 202), "accepted")
FAILED = answer(b"", 503, AT_ONCE)


def create(api: CustomerAddressesApi, **options: Any) -> Any:
    """Create the address."""
    return api.create_customer_address(TAX, **options)


def update(api: CustomerAddressesApi, **options: Any) -> Any:
    """Update the address."""
    return api.update_customer_address("tax", TAX, **options)


def api_of(url: str, **settings: Any) -> CustomerAddressesApi:
    """Return the API at a URL."""
    settings = {"api_token": TOKEN, **settings}
    return CustomerAddressesApi(fastly.ApiClient(fastly.Configuration(host=url, **settings)))


def run(call: Call, *script: Fault, **settings: Any) -> tuple[Any, FaultServer]:
    """Make a call to a server that follows a script; return its result or its error."""
    with FaultServer(*script) as server:
        api = api_of(server.url, **settings)
        with api.api_client:
            try:
                return call(api), server
            except fastly.ApiException as error:
                return error, server


def test_create() -> None:
    """A POST has the address as its JSON body, and returns the ID."""
    result, server = run(create, CREATED)
    (request,) = server.requests
    assert InlineResponse201(id="a1") == result
    assert request.head.startswith(f"POST {PATH} HTTP/1.1".encode())
    assert TAX.to_dict() == json.loads(request.body)
    assert JSON == request.headers["content-type"]
    assert TOKEN == request.headers["fastly-key"]


def test_update() -> None:
    """A PUT has the address as its JSON body; a 202 returns None at once."""
    result, server = run(update, ACCEPTED)
    (request,) = server.requests
    assert result is None
    assert request.head.startswith(f"PUT {PATH}/tax HTTP/1.1".encode())
    assert TAX.to_dict() == json.loads(request.body)


@pytest.mark.parametrize("status", [200, 202, 204])
def test_the_body_of_an_update_does_not_matter(status: int) -> None:
    """Every 2xx of an update returns None, whatever its body is; the tuple has the status."""
    body = b"" if status == 204 else b'{"status": "pending"}'
    done = whole(answer_bytes(body, status), "done")
    assert run(update, done)[0] is None
    with_status, _ = run(lambda api: update(api, _return_http_data_only=False), done)
    assert (None, status) == with_status[:2]


def test_list() -> None:
    """Addresses are read, nulls included."""
    body = {"data": [{"type": "tax", "address_2": None, "postal_code": 1234}, None]}
    result, _ = run(lambda api: api.list_customer_addresses(), answer(json.dumps(body).encode()))
    assert isinstance(result, ListCustomerAddressesResponse)
    assert [CustomerAddress(type="tax", address_2=None, postal_code="1234"), None] == result.data


WRONG: list[tuple[Any, type[Exception], str]] = [
    (None, fastly.ApiTypeError, "customer_address must be a CustomerAddress, got NoneType"),
    ({"type": "tax"}, fastly.ApiTypeError, "CustomerAddress.from_dict"),
    (CustomerAddress(type="home"), fastly.ApiValueError, "type must be 'tax' or 'billing'"),
    (CustomerAddress(country="USA"), fastly.ApiValueError, "country must be two capital letters"),
    (CustomerAddress(country="us"), fastly.ApiValueError, "country must be two capital letters"),
]


@pytest.mark.parametrize(("address", "kind", "message"), WRONG)
def test_an_invalid_address_is_not_sent(address: Any, kind: Any, message: str) -> None:
    """An address is checked before anything is sent."""
    with FaultServer() as server, api_of(server.url).api_client as client:
        api = CustomerAddressesApi(client)
        with pytest.raises(kind, match=message):
            api.create_customer_address(address)
        with pytest.raises(kind, match=message):
            api.update_customer_address("tax", address)
    assert [] == server.requests


def test_an_unchecked_response_is_checked_before_it_is_sent() -> None:
    """An address with a value of the wrong type, from an unchecked response, is not sent."""
    listed = answer(b'{"data": [{"type": "tax", "locality": [1]}]}')
    with FaultServer(listed) as server, api_of(server.url).api_client as client:
        api = CustomerAddressesApi(client)
        data = api.list_customer_addresses(_check_return_type=False).data
        assert data is not None
        with pytest.raises(fastly.ApiTypeError, match="locality: expected text"):
            api.update_customer_address("tax", data[0])
    assert 1 == len(server.requests)


def test_the_type_in_the_path() -> None:
    """The type of an update is one of two words, and cannot leave its place without checks."""
    with FaultServer() as server, api_of(server.url).api_client as client:
        unchecked: Any = CustomerAddressesApi(client).update_customer_address
        with pytest.raises(fastly.ApiValueError, match="type must be 'tax' or 'billing', got 'x'"):
            unchecked("x", TAX)
        with pytest.raises(fastly.ApiValueError, match="type must consist of"):
            unchecked("../invoices", TAX, _check_input_type=False)
    assert [] == server.requests


def test_an_address_of_another_type() -> None:
    """A billing address does not replace the tax address, except without checks."""
    billing = CustomerAddress(type="billing")

    def replace(api: CustomerAddressesApi, **options: Any) -> Any:
        return api.update_customer_address("tax", billing, **options)

    message = r"^customer_address.type must be 'tax', like the argument type, got 'billing'$"
    with pytest.raises(fastly.ApiValueError, match=message):
        run(replace)
    assert run(lambda api: replace(api, _check_input_type=False), ACCEPTED)[0] is None


@pytest.mark.parametrize("body", [{"type": "home"}, CustomerAddress(type="home")], ids=repr)
def test_unchecked_bodies(body: Any) -> None:
    """Without checks, any address that JSON can represent is sent."""
    _, server = run(lambda api: unchecked(api, body), CREATED)
    assert {"type": "home"} == json.loads(server.requests[0].body)


def test_a_body_that_is_not_json() -> None:
    """Even without checks, a body must be something that JSON can represent."""
    message = "customer_address cannot be written as JSON"
    with FaultServer() as server, pytest.raises(fastly.ApiTypeError, match=message):
        unchecked(api_of(server.url), {1, 2})
    assert [] == server.requests


def unchecked(api: CustomerAddressesApi, body: Any) -> Any:
    """Create an address without checks."""
    return api.create_customer_address(body, _check_input_type=False)


# --- retries ----------------------------------------------------------------------------------


def test_a_post_opens_a_new_connection() -> None:
    """A POST uses no idle connection, and leaves none for others."""
    listed = whole(answer_bytes(b'{"data": []}'), "listed")
    with (
        FaultServer(listed, CREATED, listed, CREATED) as server,
        api_of(server.url).api_client as client,
    ):
        api = CustomerAddressesApi(client)
        connections = []
        for call in (CustomerAddressesApi.list_customer_addresses, create) * 2:
            call(api)
            connections.append(server.connections)
    assert [1, 2, 2, 3] == connections


@pytest.mark.parametrize(
    "fault",
    [
        *(failing(500), FAILED, limited(AT_ONCE), failing(502), failing(504)),
        *(reset_before_head(), closed_before_head(), cut_body(), raw(b"junk\r\n\r\n")),
    ],
    ids=lambda fault: fault.name,
)
def test_a_post_that_was_sent_is_not_repeated(fault: Fault) -> None:
    """A POST is sent once, whatever the response is or however it ends."""
    error, server = run(create, fault, retries=3)
    assert isinstance(error, fastly.ApiException)
    assert (1, 1, "POST") == (len(server.requests), error.tries, error.method)


def test_a_post_is_repeated_if_connecting_fails() -> None:
    """Nothing has been sent if connecting fails, so it is tried again."""
    with Refusing() as refusing, pytest.raises(fastly.ConnectionException) as caught:
        create(api_of(refusing.url, retries=1))
    assert (2, False) == (caught.value.tries, caught.value.may_be_done)
    assert "outcome: the request was not carried out" in str(caught.value)


def test_a_post_is_not_repeated_with_retries_of_the_user() -> None:
    """A policy of the user cannot make a POST unsafe."""
    policy = urllib3.Retry(3, status_forcelist=[503], allowed_methods=None)
    error, server = run(create, FAILED, retries=policy)
    assert (1, 503) == (len(server.requests), error.status)


MAYBE = "the request may have been carried out; check before you repeat it"
NOT = "the request was not carried out"


@pytest.mark.parametrize(
    ("fault", "may_be_done"),
    [
        (failing(500), True),
        (failing(503), True),
        (reset_before_head(), True),
        (cut_body(), True),
        (whole(answer_bytes(b"", 201), "empty"), True),
        (whole(answer_bytes(b"[]", 201), "list"), True),
        (redirect("/elsewhere", 303), True),
        (limited(), False),
        (failing(400), False),
        (failing(404), False),
    ],
    ids=lambda x: x.name if isinstance(x, Fault) else f"{x}",
)
def test_an_error_says_whether_a_post_may_be_done(fault: Fault, may_be_done: bool) -> None:
    """The error of a POST says whether the address may exist now."""
    error, server = run(create, fault)
    assert may_be_done == error.may_be_done
    assert f"outcome: {MAYBE if may_be_done else NOT}" in str(error)
    assert f"request: POST {server.url}{PATH}" in str(error)
    assert str(error) == str(pickle.loads(pickle.dumps(error)))


def test_a_post_that_takes_too_long_may_be_done() -> None:
    """A deadline that passes after the request was sent leaves it open."""
    error, _ = run(lambda api: create(api, _request_timeout=(60, 0.3)), stall())
    assert isinstance(error, fastly.TimeoutException)
    assert error.may_be_done


def test_an_unread_post_that_fails() -> None:
    """The unread response of a POST has the same errors."""
    error, server = run(lambda api: create(api, _preload_content=False), FAILED)
    assert (1, True) == (len(server.requests), error.may_be_done)


@pytest.mark.parametrize(
    "fault",
    [FAILED, limited(AT_ONCE), reset_before_head(), reset_at_connect()],
    ids=lambda fault: fault.name,
)
def test_a_put_is_repeated(fault: Fault) -> None:
    """A PUT is retried as a GET is, with its body, because repeating it changes nothing."""
    result, server = run(update, fault, ACCEPTED, retries=1)
    assert result is None
    assert {server.requests[0].body} == {request.body for request in server.requests}


def test_the_error_of_a_put() -> None:
    """The error of a PUT has its method, and no doubt: it can be repeated."""
    error, _ = run(update, failing(500), retries=0)
    assert ("PUT", False, False) == (error.method, error.may_be_done, "outcome" in str(error))
    assert "request: PUT http" in str(error)


def test_a_put_respects_the_methods_of_the_user() -> None:
    """A policy of the user that names other methods does not repeat a PUT."""
    policy = urllib3.Retry(3, status_forcelist=[503], allowed_methods=["GET"])
    error, server = run(update, FAILED, retries=policy)
    assert (1, 503) == (len(server.requests), error.status)


@pytest.mark.parametrize("call", [create, update], ids=["POST", "PUT"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(call: Call, status: int) -> None:
    """A redirect of a POST or PUT is an error, even within the origin."""
    error, server = run(call, redirect("/elsewhere", status))
    assert (1, status) == (len(server.requests), error.status)
    assert "redirected to '/elsewhere', where a " in str(error)


def test_async_create() -> None:
    """An address can be created on the client's threads."""
    result, _ = run(lambda api: create(api, async_req=True).get(5), CREATED)
    assert InlineResponse201(id="a1") == result


def test_a_refused_update() -> None:
    """An update that cannot connect fails as any call does."""
    with Refusing() as refusing, pytest.raises(fastly.ConnectionException) as caught:
        update(api_of(refusing.url, retries=0))
    assert ("PUT", False) == (caught.value.method, caught.value.may_be_done)
