"""The token and a proxy's login are visible only on the wire."""

from __future__ import annotations

import base64
import http.client
import logging
import pickle
import re
import threading
import traceback
from collections.abc import Callable
from typing import Any

import pytest
from calls import AGAIN, TOKEN, api_of, ask, failure, failure_of
from faults import BODY, JSON, FaultServer, answer, chunked_bytes, garbage, head, raw, whole

import fastly
from fastly._transport.proxies import proxy_of
from fastly.api.billing_invoices_api import BillingInvoicesApi
from fastly.configuration.secrets import Secret, Secrets, SecretURL, revealed
from fastly.exceptions import ApiException
from fastly.testing import BillingServer


def test_a_reason_that_repeats_the_token_is_not_kept() -> None:
    """The token is masked in the reason phrase of the last response."""
    headers = {"Content-Type": JSON, "Content-Length": str(len(BODY))}
    fault = whole(head(200, headers, reason=TOKEN) + BODY)
    with FaultServer(fault) as server, api_of(server.url) as api:
        api.get_invoice_by_invoice_id("i")
        assert repr(api.api_client.last_response).startswith("<200 ***, headers ")


def test_a_token_among_an_answers_names_is_masked_everywhere() -> None:
    """A token used as a name in a response is masked in the error's path, cause and pickle."""
    body = f'{{"transaction_line_items": [{{"{TOKEN}": 1e999}}]}}'.encode()
    error = failure_of(answer(body))
    assert ("transaction_line_items[0]['***']", "***" in str(error.body)) == (error.path, True)
    shown = "".join(traceback.format_exception(error)) + repr(pickle.dumps(error))
    assert TOKEN not in shown + repr(vars(error.__cause__))


def test_a_token_in_a_cut_chunk_is_masked() -> None:
    """The received part of a truncated chunk is kept in the error, and masked in its causes too."""
    fault = raw(chunked_bytes(f"{TOKEN} {TOKEN}".encode())[:-12])
    error = failure_of(fault)
    assert "***" in str(error.body)
    chain, link = [], error
    while link is not None:
        chain.append(repr(vars(link)) + repr(link.args))
        link = link.__cause__ or link.__context__
    assert TOKEN not in "".join(chain)


def test_a_retry_is_logged_without_the_token(caplog: pytest.LogCaptureFixture) -> None:
    """Garbage that echoes the token is masked in the log of a retry."""
    with (
        caplog.at_level("DEBUG", "fastly"),
        FaultServer(garbage(f"{TOKEN}\r\n".encode())) as server,
    ):
        ask(server.url, retries=AGAIN)
    assert 3 == len(caplog.messages)
    assert TOKEN not in caplog.text
    assert "***" in caplog.messages[0]
    assert "***" in caplog.messages[1]


def failures(server: BillingServer) -> list[Exception]:
    """Collect failures of every kind, some from responses that echo the token."""
    configuration = fastly.Configuration(host=server.url, api_key={"token": TOKEN}, retries=1)
    found: list[Exception] = []
    echo = f'{{"msg": "header Fastly-Key: {TOKEN}"}}'
    server.enqueue(401, headers={"X-Echo": TOKEN}, body=echo)
    server.enqueue(404, body=b"\xff" + TOKEN.encode())
    server.enqueue(200, body=f"<html>{TOKEN}</html>")
    server.enqueue(200, body={"meta": {"total": TOKEN}})
    server.enqueue(302, headers={"Location": "http://elsewhere.invalid/"})
    for _ in range(2):
        server.enqueue(500, body=echo)
    for _ in range(2):
        server.enqueue(200, body=b"x" * 9, cut=3)
    with fastly.ApiClient(configuration) as client:
        api = BillingInvoicesApi(client)
        for _ in range(7):
            with pytest.raises(fastly.ApiException) as caught:
                api.list_invoices(limit=1, _request_timeout=(1, 1))
            found.append(caught.value)
        configuration.host = "http://127.0.0.1:1"
        with pytest.raises(fastly.ConnectionException) as refused:
            api.list_invoices(limit=1)
        found.append(refused.value)
    assert ["***" in repr(vars(error)) for error in found].count(True) == 5
    return found


def frames_below(error: traceback.TracebackException) -> list[traceback.FrameSummary]:
    """Return the frames of an error and of its causes, without those of this file."""
    causes = frames_below(error.__cause__) if error.__cause__ else []
    return [frame for frame in error.stack if frame.filename != __file__] + causes


def test_no_exception_shows_the_token(server: BillingServer) -> None:
    """No failure's text, attributes, pickle or traceback with local variables has the token."""
    for error in failures(server):
        shown = [str(error), repr(error), repr(vars(error)), repr(pickle.dumps(error))]
        if "***" not in repr(vars(error)):  # not a response that echoes the token
            whole = traceback.TracebackException.from_exception(error, capture_locals=True)
            shown += [repr(frame.locals) for frame in frames_below(whole)]
        assert [] == [text for text in shown if TOKEN in text]


def test_a_redirect_that_repeats_the_token_is_not_followed(
    server: BillingServer, caplog: pytest.LogCaptureFixture
) -> None:
    """A redirect that echoes the token is not followed, shown or kept as the last response."""
    configuration = fastly.Configuration(host=server.url, api_key={"token": TOKEN})
    server.enqueue(302, headers={"Location": f"/x?key={TOKEN}"})
    with fastly.ApiClient(configuration) as client, caplog.at_level(logging.DEBUG):
        with pytest.raises(fastly.ApiException) as caught:
            BillingInvoicesApi(client).list_invoices(limit=1)
        assert "redirected to a URL that holds a secret" == caught.value.reason
        assert TOKEN not in repr(client.last_response) + caplog.text + repr(vars(caught.value))
    assert 1 == len(server.requests)


def test_the_client_does_not_repeat_a_token_in_its_place() -> None:
    """A token passed as the configuration is not shown."""
    anything: Any = fastly.ApiClient
    with pytest.raises(fastly.ApiTypeError, match="got str") as caught:
        anything(TOKEN)
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize("key", [f"{TOKEN} ", f"Bearer\t{TOKEN}", f"{TOKEN}\xa0", f"{TOKEN} tail"])
def test_a_token_of_unusual_shape_is_masked(
    configuration: fastly.Configuration, server: BillingServer, key: str
) -> None:
    """The token is masked in a response whatever surrounds it in its header."""
    server.enqueue(403, body=f"you sent {TOKEN}")
    configuration.api_key = {}
    with (
        fastly.ApiClient(configuration, "Fastly-Key", key) as client,
        pytest.raises(fastly.ForbiddenException) as caught,
    ):
        BillingInvoicesApi(client).list_invoices(limit=1)
    assert "you sent ***" == caught.value.body


def test_headers_are_asked_for_by_name_alone(client: fastly.ApiClient) -> None:
    """Only text finds a header, and pickles of headers do not contain their values."""
    headers: Any = client.default_headers
    assert (None, False) == (headers.get(None), 5 in headers)
    with pytest.raises(fastly.ApiKeyError):
        headers[5]
    assert b"fastly-python" not in pickle.dumps(headers)


def test_tokens_change_at_once(server: BillingServer) -> None:
    """While one thread assigns tokens, another always reads one."""
    configuration = fastly.Configuration(api_key={"token": "first-token"})
    done = threading.Event()

    def assign() -> None:
        while not done.is_set():
            configuration.api_key = {"token": "second-token"}

    thread = threading.Thread(target=assign)
    thread.start()
    found = {configuration.get_api_key_with_prefix() for _ in range(5000)}
    done.set()
    thread.join()
    assert {"first-token", "second-token"} >= found


def test_a_short_token_garbles_no_words(server: BillingServer) -> None:
    """Words that contain a token of only a few letters are not masked."""
    configuration = fastly.Configuration(host=server.url, api_key={"token": "tok"})
    server.enqueue(403, body={"msg": "The token lacks a scope"})
    with fastly.ApiClient(configuration) as client, pytest.raises(fastly.ApiException) as caught:
        BillingInvoicesApi(client).list_invoices(limit=1)
    assert "The token lacks a scope" == caught.value.detail


def test_no_log_record_holds_the_token(
    server: BillingServer, caplog: pytest.LogCaptureFixture
) -> None:
    """No record of any logger at any level has the token in its message, arguments or values."""
    with caplog.at_level(logging.DEBUG):
        failures(server)
    assert len(caplog.records) > 10
    for record in caplog.records:
        assert TOKEN not in record.getMessage() + repr(record.args) + repr(vars(record))


def assign(setting: str, value: str) -> None:
    """Assign a setting, which may not exist."""
    setattr(fastly.Configuration(), setting, value)


@pytest.mark.parametrize(
    "refused",
    [
        lambda secret: fastly.Configuration(api_token=f"{secret}\n"),
        lambda secret: fastly.Configuration(api_key={"tokn": secret}),
        lambda secret: assign("api_token", f" {secret}"),
        lambda secret: assign("api_tokn", secret),
        lambda secret: assign("proxy", f"http://an agent:{secret}@proxy.example:1"),
        lambda secret: assign("host", f"https://agent:{secret}@billing.example"),
        lambda secret: fastly.Configuration().api_key.__setitem__("token", f"{secret}\n"),
        lambda secret: fastly.ApiClient(None, "Authorization", f"{secret}\n"),
        lambda secret: fastly.ApiClient(None, cookies=secret),
        lambda secret: fastly.ApiClient().set_default_header("Authorization", f"{secret}\n"),
        lambda secret: proxy_of(
            fastly.Configuration(proxy=f"http://agent:{secret}@proxy.example:1"), "http://127.0.0.1"
        ),
    ],
)
def test_no_frame_holds_a_secret_that_was_refused(refused: Callable[[str], object]) -> None:
    """No frame of the package on the traceback of a wrong setting has it among its variables."""
    with pytest.raises(fastly.OpenApiException) as caught:
        refused(TOKEN)
    frames = [frame for frame, _ in traceback.walk_tb(caught.value.__traceback__)]
    ours = [x for x in frames if x.f_globals["__name__"].startswith("fastly.")]
    assert ours
    values = [value for frame in ours for value in frame.f_locals.values()]
    assert TOKEN not in f"{caught.value} {[str(value) for value in values]}"


def test_a_programs_debug_output_of_http_holds_no_token(
    server: BillingServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A program that makes ``http.client`` print requests does not print the token."""
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)
    configuration = fastly.Configuration(host=server.url, api_key={"token": server.token})
    with fastly.ApiClient(configuration) as client:
        assert BillingInvoicesApi(client).list_invoices(limit=1).data
    assert server.token not in capsys.readouterr().out


def test_no_object_shows_the_token(server: BillingServer) -> None:
    """The token is in no repr or vars of client, API, model or header."""
    configuration = fastly.Configuration(host=server.url, api_key={"token": server.token})
    with fastly.ApiClient(configuration, "Authorization", server.token) as client:
        api = BillingInvoicesApi(client)
        invoice = api.list_invoices(limit=1)
        rest_clients = client._resources().rest_clients.values()
        objects = [client, api, invoice, configuration, *rest_clients]
        shown = [repr(x) + repr(vars(x)) + repr(client.last_response) for x in objects]
        assert [False] * len(objects) == [server.token in text for text in shown]
        assert server.token not in repr(client.default_headers)
        assert server.token.encode() not in pickle.dumps(invoice)


def test_no_slot_holds_a_secret() -> None:
    """The slots of headers and of secret settings, which some trackers read, hold only masks."""
    configuration = fastly.Configuration(
        api_key={"token": TOKEN}, proxy_headers={"Proxy-Authorization": TOKEN}
    )
    with fastly.ApiClient(configuration, "Fastly-Key", TOKEN) as client:
        client.set_default_header("X-Other", TOKEN)
        held = [configuration.api_key, configuration.proxy_headers, client.default_headers]
        assert [TOKEN] * 4 == [x for secrets in held for x in secrets.values() if x == TOKEN]
        assert TOKEN not in "".join(f"{x._values}" for x in held if isinstance(x, Secrets))


def test_the_last_answer_does_not_show_the_token(server: BillingServer) -> None:
    """A header that echoes the token is masked in the last response."""
    configuration = fastly.Configuration(host=server.url, api_key={"token": TOKEN})
    server.enqueue(body={"data": []}, headers={"X-Echo": f"key {TOKEN}", "X-Other": "1"})
    with fastly.ApiClient(configuration) as client:
        BillingInvoicesApi(client).list_invoices(limit=1)
        assert client.last_response is not None
        headers = client.last_response.headers
        assert TOKEN not in repr(vars(client)) + repr(client.last_response)
        names = ("X-Echo", "X-Other", "Content-Length", "Content-Type")
        shown = repr(client.last_response)
        assert shown.startswith("<200 OK, headers ")
        assert sorted(names) == sorted(shown[len("<200 OK, headers ") : -1].split(", "))
    assert ("key ***", "1") == (headers["x-echo"], headers["x-other"])


SLASHED = "to/ken&of=the+tests"  # characters that are escaped in JSON and in URLs
ECHOES = {
    "plain": f'{{"transaction_line_items": 5, "msg": "no {SLASHED}"}}'.encode(),
    "with JSON's escapes": b'{"transaction_line_items": 5, "msg": "no '
    + SLASHED.replace("&", "\\u0026").encode()
    + b'"}',
    "in a model's field": f'{{"transaction_line_items": [{{"amount": "{SLASHED}"}}]}}'.encode(),
    "in a name": f'{{"transaction_line_items": {{"{SLASHED}": NaN}}}}'.encode(),
    "where a kept body ends": b"x" * (65536 - len(SLASHED) + 1) + SLASHED.encode() + b"y" * 100,
    "where a shown value ends": f'{{"invoice_posted_on": "{"x" * 190}{SLASHED}"}}'.encode(),
}


def everything(error: BaseException) -> str:
    """Return everything that an exception and its causes hold and show, unescaped."""
    link: BaseException | None = error
    text = "".join(traceback.format_exception(error)) + repr(pickle.dumps(error))
    while link is not None:
        body = getattr(link, "body", None)
        raw_body = body if isinstance(body, bytes) else str(body).encode()
        text += repr(vars(link)) + repr(link.args) + raw_body.replace(b"\0", b"").decode("latin-1")
        text += str(getattr(link, "detail", ""))
        link = link.__cause__ or link.__context__
    escaped = text.replace("\\\\", "\\").replace("\\/", "/")
    return text + escaped + re.sub(r"\\u00(..)", lambda found: chr(int(found[1], 16)), escaped)


@pytest.mark.parametrize("status", [200, 404])
@pytest.mark.parametrize("body", ECHOES.values(), ids=ECHOES)
def test_every_form_of_an_echoed_token_is_masked(body: bytes, status: int) -> None:
    """An echoed token is masked as it was sent, also in the API's message."""
    error = failure_of(answer(body, status), api_key={"token": SLASHED})
    text = everything(error)
    assert SLASHED[:-1] not in text  # the end of a kept body may leave its last character out


def test_repr_of_a_proxy_hides_its_login() -> None:
    """The repr of a URL has everything but the credentials."""
    assert "'http://***@proxy.example:1'" == repr(SecretURL("http://a:b@proxy.example:1"))


HEADS = {
    "a value": f"X: {SLASHED}",
    "a name": f"X-{TOKEN}: x",
    "a cookie": f"Set-Cookie: token={SLASHED}",
    "a location": f"Location: https://elsewhere.invalid/{SLASHED}",
    "no header": f"{SLASHED}",
    "a length": f"Content-Length: {SLASHED}",
}


@pytest.mark.parametrize("status", [b"200 OK", b"302 Found", b"404 %s" % SLASHED.encode()])
@pytest.mark.parametrize("line", HEADS.values(), ids=HEADS)
def test_a_token_in_a_head_is_masked(
    line: str, status: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """A token in a status line, in a header's name or value, or in a bad line is masked."""
    token = TOKEN if TOKEN in line else SLASHED
    fault = raw(b"HTTP/1.1 " + status + b"\r\n" + line.encode() + b"\r\n\r\n")
    configuration: dict[str, Any] = {"api_key": {"token": token}, "retries": 0}
    with FaultServer(fault) as server, api_of(server.url, **configuration) as api:
        with caplog.at_level("DEBUG"), pytest.raises(ApiException) as caught:
            api.get_invoice_by_invoice_id("i")
        shown = everything(caught.value) + repr(api.api_client.last_response) + caplog.text
        shown += repr(dict(caught.value.headers))
    assert token not in shown


@pytest.mark.parametrize(
    "said",
    [b"HTTP/1.1 407 %s\r\n\r\n", b"HTTP/1.1 502 Bad\r\nX: %s\r\n\r\n", b"%s\r\n\r\n"],
    ids=["reason", "header", "garbage"],
)
def test_a_proxys_login_is_masked(said: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """A login that a proxy echoes is masked, as a password and in base64."""
    password = "a-password-of-a-proxy"
    basic = base64.b64encode(f"user:{password}".encode())
    for secret in (password.encode(), basic):
        with FaultServer(raw(said % secret)) as proxy, caplog.at_level("DEBUG"):
            login = f"http://user:{password}@127.0.0.1:{proxy.port}"
            error = failure("https://billing.invalid", proxy=login)
        assert secret.decode() not in everything(error) + caplog.text


def test_a_header_of_a_proxy_is_no_secret_unless_it_is_a_login() -> None:
    """An ordinary word in a proxy's header is not masked in responses."""
    settings = {"proxy_headers": {"X-Kind": "keep-alive", "Proxy-Authorization": "Basic YWJjZGVm"}}
    fault = raw(b"HTTP/1.1 407 keep-alive YWJjZGVm\r\n\r\n")
    with FaultServer(fault) as proxy:
        error = failure("https://billing.invalid", proxy=proxy.url, **settings)
    assert "407 keep-alive ***" in error.reason


def test_an_unread_response_shows_no_token_in_its_head() -> None:
    """The headers of an unread response are masked too."""
    with FaultServer(answer(headers={"X": TOKEN})) as server, api_of(server.url) as api:
        response = api.get_invoice_by_invoice_id("i", _preload_content=False)
        assert "***" == response.headers["X"]
        response.close()


def test_the_hook_changes_host_and_token_together() -> None:
    """The hook runs once per call, and a token that it sets with a host goes to that host."""
    runs: list[str] = []
    with FaultServer() as old, FaultServer() as new:

        def hook(configuration: fastly.Configuration) -> None:
            runs.append(configuration.host)
            configuration.host, configuration.api_token = new.url, "a-new-token"

        with api_of(old.url, refresh_api_key_hook=hook) as api:
            api.get_invoice_by_invoice_id("i")
        assert ([], ["a-new-token"]) == (
            old.requests,
            [request.headers["fastly-key"] for request in new.requests],
        )
    assert 1 == len(runs)


def test_a_secret_reads_as_a_mask() -> None:
    """A secret is ordinary text that says ``***`` to every tool; only ``revealed`` opens it."""
    secret = Secret("made-up-login")
    faces = (str(secret), repr(secret), f"{secret}", "%s" % secret, secret.encode(), secret + "")  # noqa: UP031  # what tools write
    assert ("***", "***", "***", "***", b"***", "***") == faces
    assert "made-up-login" == revealed(secret)
    assert ("***", "plain") == (pickle.loads(pickle.dumps(secret)), revealed("plain"))
    assert "made-up" not in repr(vars(secret))
