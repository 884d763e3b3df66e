"""No secret is in the local variables that error trackers record of a failed call."""

from __future__ import annotations

import io
import json
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from calls import MIB, api_of
from faults import (
    Fault,
    FaultServer,
    Listening,
    Refusing,
    Unaccepting,
    answer,
    cut_body,
    failing,
    garbage,
    raw,
    reset_in_head,
    stall,
)

import fastly
from fastly.api.billing_invoices_api import BillingInvoicesApi

# Put together at run time, since trackers also record the lines of source around each frame.
TOKEN = "-".join(["token", "of", "the", "trackers", "6ae1"])
PASSWORD = "-".join(["password", "of", "a", "proxy"])
ENCODED = "dXNlcjpwYXNzd29yZC1vZi1hLXByb3h5"  # the login in base64


@contextmanager
def _failed(host: str, **settings: Any) -> Iterator[BaseException]:
    with api_of(host, api_key={"token": TOKEN}, **settings) as api:
        try:
            api.get_invoice_by_invoice_id("i", _request_timeout=(0.3, 0.3))
        except fastly.OpenApiException as error:
            yield _below(error)
        else:
            raise AssertionError("the call did not fail")


def _below(error: BaseException) -> BaseException:
    """Return an error without the frame of this file, whose variables hold the secrets."""
    assert error.__traceback__ is not None
    return error.with_traceback(error.__traceback__.tb_next)


@contextmanager
def _of(make: Callable[[], Listening], scheme: str = "http") -> Iterator[BaseException]:
    with make() as server, _failed(f"{scheme}://127.0.0.1:{server.port}") as error:
        yield error


@contextmanager
def _of_fault(fault: Fault) -> Iterator[BaseException]:
    with FaultServer(fault) as server, _failed(server.url) as error:
        yield error


@contextmanager
def _of_proxy(fault: Fault) -> Iterator[BaseException]:
    with FaultServer(fault) as proxy:
        login = f"http://user:{PASSWORD}@127.0.0.1:{proxy.port}"
        with _failed("https://billing.invalid", proxy=login) as error:
            yield error


@contextmanager
def _of_hook() -> Iterator[BaseException]:
    def hook(configuration: fastly.Configuration) -> None:
        configuration.host = "http://billing.example"  # where the token must not go

    with FaultServer() as server, _failed(server.url, refresh_api_key_hook=hook) as error:
        yield error


@contextmanager
def _of_variable(name: str, value: str, **settings: Any) -> Iterator[BaseException]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(name, value)
        try:
            client = fastly.ApiClient(fastly.Configuration(**settings))
            BillingInvoicesApi(client).get_invoice_by_invoice_id("i")
        except fastly.ApiValueError as error:
            yield _below(error)


@contextmanager
def _of_closed() -> Iterator[BaseException]:
    with FaultServer() as server, api_of(server.url, api_key={"token": TOKEN}) as api:
        api.get_invoice_by_invoice_id("i")
        api.api_client.close()
        try:
            api.get_invoice_by_invoice_id("i")
        except fastly.ApiValueError as error:
            yield _below(error)


FAILURES: dict[str, Callable[[], Any]] = {
    "refused": lambda: _of(Refusing),
    "unknown TLS": lambda: _of(FaultServer, "https"),
    "connecting": lambda: _of(Unaccepting),
    "stalled": lambda: _of_fault(stall()),
    "truncated": lambda: _of_fault(cut_body()),
    "reset": lambda: _of_fault(reset_in_head()),
    "garbage": lambda: _of_fault(garbage()),
    "404": lambda: _of_fault(failing(404)),
    "echoed": lambda: _of_fault(answer(f'{{"monthly_transaction_amount": "{TOKEN}"}}'.encode())),
    "wrong body": lambda: _of_fault(answer(b'{"monthly_transaction_amount": []}')),
    "not JSON": lambda: _of_fault(answer(b"<html>")),
    "closed": _of_closed,
    "hook": _of_hook,
    "token of the environment": lambda: _of_variable("FASTLY_API_TOKEN", f"{TOKEN}\n"),
    "proxy of the environment": lambda: _of_variable(
        "https_proxy", f"http://u^:{PASSWORD}@h", api_token=TOKEN
    ),
    "host of the environment": lambda: _of_variable("FASTLY_API_URL", f"https://u:{PASSWORD}@h"),
    "too large": lambda: _of_fault(answer(f"you sent {TOKEN}".encode() * MIB)),
    "tunnel refused": lambda: _of_proxy(failing(407)),
    "tunnel reset": lambda: _of_proxy(raw(b"HTTP/1.1 2")),
    "tunnel stalled": lambda: _of_proxy(stall()),
}


def recorded_by_sentry(error: BaseException) -> str:
    """Return what sentry-sdk sends, set up as its documentation says."""
    import sentry_sdk
    from sentry_sdk.transport import Transport

    envelopes: list[Any] = []

    class Keeping(Transport):
        def capture_envelope(self, envelope: Any) -> None:
            envelopes.append(envelope)

    sentry_sdk.init("http://key@127.0.0.1:1/1", transport=Keeping)
    try:
        sentry_sdk.capture_exception(error)
        sentry_sdk.flush(1)
    finally:
        sentry_sdk.init()
    assert envelopes
    return "".join(item.get_bytes().decode() for e in envelopes for item in e.items)


def recorded_by_rollbar(error: BaseException) -> str:
    """Return what Rollbar sends, set up as its documentation says."""
    import rollbar

    sent: list[Any] = []
    rollbar.init("access-token", "test", handler="blocking")

    def keep(payload: Any, _: Any) -> None:
        sent.append(payload)

    usual, rollbar.send_payload = rollbar.send_payload, keep
    try:
        rollbar.report_exc_info((type(error), error, error.__traceback__))
    finally:
        rollbar.send_payload = usual
        rollbar._initialized = False
    assert sent
    return json.dumps(sent, default=repr)


def recorded_by_raygun(error: BaseException) -> str:
    """Return what Raygun sends without the environment, which would hold the token."""
    import jsonpickle
    from raygun4py.raygunprovider import RaygunSender

    sent: list[str] = []

    def keep(payload: Any) -> None:
        sent.append(jsonpickle.encode(payload, unpicklable=False))  # as it would be sent

    settings = {"before_send_callback": keep, "transmit_environment_variables": False}
    RaygunSender("key", settings).send_exception(error)
    assert sent
    return sent[0]


def recorded_by_traceback(error: BaseException) -> str:
    """Return a traceback with local variables."""
    whole = traceback.TracebackException.from_exception(error, capture_locals=True)
    return "".join(whole.format())


def recorded_by_rich(error: BaseException) -> str:
    """Return rich's traceback with local variables."""
    from rich.console import Console
    from rich.traceback import Traceback

    file = io.StringIO()
    shown = Traceback.from_exception(
        type(error),
        error,
        error.__traceback__,
        show_locals=True,
        locals_max_string=None,
        locals_max_length=None,
    )
    Console(file=file, width=500).print(shown)
    return file.getvalue()


def recorded_by_stackprinter(error: BaseException) -> str:
    """Return stackprinter's traceback, which shows local variables and attributes."""
    import stackprinter

    return str(stackprinter.format(error, line_wrap=False, truncate_vals=10_000))


TRACKERS = {
    "sentry_sdk": recorded_by_sentry,
    "rollbar": recorded_by_rollbar,
    "raygun4py": recorded_by_raygun,
    "traceback": recorded_by_traceback,
    "rich": recorded_by_rich,
    "stackprinter": recorded_by_stackprinter,
}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("tracker", TRACKERS)
def test_trackers_record_no_secret(tracker: str, failure: str) -> None:
    """No tracker records the token or a proxy login, whatever fails."""
    pytest.importorskip(tracker)
    with FAILURES[failure]() as error:
        text = TRACKERS[tracker](error)
    assert "api_client.py" in text or "_signatures.py" in text  # frames were recorded
    found = [secret for secret in (TOKEN, PASSWORD, ENCODED) if secret in text]
    assert [] == found
