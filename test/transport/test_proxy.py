"""Proxies: which one is used, what it sees, and what its failures say."""

from __future__ import annotations

import logging
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import trustme
from faults import BODY, FaultServer, answer_bytes, head, whole
from secure import (
    LOOPBACK,
    TOKEN,
    ConnectProxy,
    Serve,
    Service,
    TLSServer,
    ask,
    basic,
    billing,
    causes,
    drip,
    failure,
    proxy_py,
    read_head,
    relay,
    server_context,
    stay_silent,
    told,
)

import fastly
from fastly._transport.proxies import proxy_of
from fastly.testing import BillingServer

NAMES = ("billing.invalid", "api.billing.invalid", "notbilling.invalid")
USER, PASSWORD = "an agent", "p@ssword:/% of it"
LOGIN = f"{USER}:{PASSWORD}"
IN_URL = f"{quote(USER, safe='')}:{quote(PASSWORD, safe='')}"


@pytest.fixture(scope="module")
def leaf(authority: trustme.CA) -> trustme.LeafCert:
    """A certificate for all names used in this file."""
    return authority.issue_cert(*LOOPBACK, *NAMES)


@pytest.fixture(scope="module")
def secure(leaf: trustme.LeafCert, stand_in: BillingServer) -> Iterator[TLSServer]:
    """The stand-in behind TLS."""
    with TLSServer(server_context(leaf), stand_in.url) as server:
        yield server


@pytest.fixture
def proxy(secure: TLSServer) -> Iterator[ConnectProxy]:
    """A proxy that records what it sees, and whose tunnels all lead to the stand-in."""
    with ConnectProxy(secure.address) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def open_proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Host and port of a proxy.py without credentials."""
    with proxy_py(tmp_path_factory.mktemp("open")) as port:
        yield f"127.0.0.1:{port}"


@pytest.fixture(scope="module")
def locked_proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Host and port of a proxy.py that requires credentials."""
    with proxy_py(tmp_path_factory.mktemp("locked"), "--basic-auth", LOGIN) as port:
        yield f"127.0.0.1:{port}"


def named(server: TLSServer | FaultServer, name: str = "billing.invalid") -> str:
    """Return a server's URL with a host name that only the proxy can resolve."""
    return f"https://{name}:{server.port}"


# --- a proxy of other people's ----------------------------------------------------------------


def test_a_proxy_is_used(secure: TLSServer, roots: str, open_proxy: str) -> None:
    """With ``proxy`` set, several calls use one CONNECT tunnel."""
    before = secure.connections
    with billing(named(secure), proxy=f"http://{open_proxy}", ssl_ca_cert=roots) as api:
        pages = [api.list_invoices(limit=1) for _ in range(3)]
    assert pages[:1] * 3 == pages
    assert before + 1 == secure.connections


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy"])
@pytest.mark.parametrize("scheme", ["http://", ""])
def test_a_proxy_of_the_environment_is_used(
    secure: TLSServer,
    roots: str,
    open_proxy: str,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    scheme: str,
) -> None:
    """``HTTPS_PROXY``, in either case, with or without a scheme, is used for a host name."""
    monkeypatch.setenv(variable, f"{scheme}{open_proxy}")
    assert ask(named(secure), ssl_ca_cert=roots)


def test_a_proxy_at_an_ipv6_address(secure: TLSServer, roots: str) -> None:
    """A proxy whose URL has an IPv6 address in brackets is reached."""

    def serve(connection: socket.socket) -> None:
        assert read_head(connection)
        with socket.create_connection(secure.address) as upstream:
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            relay(connection, upstream, bytearray())

    try:
        proxy = Service(serve, host="::1")
    except OSError as error:
        pytest.skip(f"this machine has no IPv6: {error}")
    with proxy:
        assert ask(secure.url, ssl_ca_cert=roots, proxy=f"http://{proxy.netloc}")
    assert 1 == proxy.connections


def test_credentials_in_the_url(secure: TLSServer, roots: str, locked_proxy: str) -> None:
    """A percent-encoded user name and password in the proxy's URL are accepted by the proxy."""
    assert ask(named(secure), proxy=f"http://{IN_URL}@{locked_proxy}", ssl_ca_cert=roots)


@pytest.mark.parametrize("password", ["größer", "€ 5", "ключ"])
def test_credentials_of_any_alphabet(secure: TLSServer, roots: str, password: str) -> None:
    """A password in the proxy's URL is sent as UTF-8 (RFC 7617, section 2.1)."""
    with ConnectProxy(secure.address, login=f"{USER}:{password}") as proxy:
        url = proxy.url.replace("//", f"//{quote(USER)}:{quote(password)}@")
        assert ask(named(secure), proxy=url, ssl_ca_cert=roots)


def test_credentials_in_the_environment(
    secure: TLSServer, roots: str, locked_proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user name and password in ``HTTPS_PROXY`` are accepted by the proxy."""
    monkeypatch.setenv("HTTPS_PROXY", f"http://{IN_URL}@{locked_proxy}")
    assert ask(named(secure), ssl_ca_cert=roots)


def test_credentials_in_a_header(secure: TLSServer, roots: str, locked_proxy: str) -> None:
    """A ``Proxy-Authorization`` in ``proxy_headers`` is accepted by the proxy."""
    headers = {"Proxy-Authorization": basic(LOGIN)}
    proxy = f"http://{locked_proxy}"
    assert ask(named(secure), proxy=proxy, proxy_headers=headers, ssl_ca_cert=roots)


def test_a_proxy_behind_tls(
    secure: TLSServer, leaf: trustme.LeafCert, roots: str, tmp_path: Path
) -> None:
    """An https:// proxy is reached over TLS, and the API through TLS within TLS."""
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    leaf.cert_chain_pems[0].write_to_path(certificate)
    leaf.private_key_pem.write_to_path(key)
    options = ("--cert-file", str(certificate), "--key-file", str(key))
    with proxy_py(tmp_path, *options) as port:
        assert ask(named(secure), proxy=f"https://127.0.0.1:{port}", ssl_ca_cert=roots)


def tls_proxy(leaf: trustme.LeafCert, port: int) -> TLSServer:
    """A proxy behind TLS whose tunnels lead to a port, and which closes its TLS properly."""

    def serve(connection: ssl.SSLSocket) -> None:
        read_head(connection)
        with socket.create_connection(("127.0.0.1", port)) as upstream:
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            relay(connection, upstream, bytearray())
        connection.unwrap()

    return TLSServer(server_context(leaf), serve)


def test_an_unasked_answer_over_tls_within_tls_reaches_no_other_call(
    leaf: trustme.LeafCert, roots: str
) -> None:
    """Bytes after a response through TLS within TLS are never read as the next one."""
    headers = {"X": "x" * (8192 - len(answer_bytes(BODY, headers={"X": ""})))}
    fault = whole(answer_bytes(BODY, headers=headers) + answer_bytes(b'{"invoice_id": "UNASKED"}'))
    with (
        FaultServer(fault, tls=server_context(leaf)) as server,
        tls_proxy(leaf, server.port) as proxy,
        billing(named(server), proxy=proxy.url, ssl_ca_cert=roots) as api,
    ):
        found = [api.get_invoice_by_invoice_id("i").invoice_id for _ in range(2)]
    assert ["i", "i"] == found


def test_a_connection_over_tls_within_tls_is_kept(leaf: trustme.LeafCert, roots: str) -> None:
    """If nothing followed the response, the next call reuses the connection."""
    with (
        FaultServer(tls=server_context(leaf)) as server,
        tls_proxy(leaf, server.port) as proxy,
        billing(named(server), proxy=proxy.url, ssl_ca_cert=roots) as api,
    ):
        found = [api.get_invoice_by_invoice_id("i").invoice_id for _ in range(3)]
    assert (["i", "i", "i"], 1) == (found, server.connections)


def test_an_end_that_tls_within_tls_does_not_vouch_for_is_none(
    leaf: trustme.LeafCert, roots: str
) -> None:
    """A body is truncated if only the proxy's TLS ends with close_notify."""

    def serve(connection: ssl.SSLSocket) -> None:
        read_head(connection)
        connection.sendall(head(200, {"Connection": "close"}) + BODY)

    with (
        TLSServer(server_context(leaf), serve) as server,
        tls_proxy(leaf, server.port) as proxy,
        billing(named(server), proxy=proxy.url, ssl_ca_cert=roots, retries=0) as api,
        pytest.raises(fastly.ConnectionException) as caught,
    ):
        api.get_invoice_by_invoice_id("i")
    assert "TLS failed: UNEXPECTED_EOF_WHILE_READING" in (caught.value.reason or "")
    assert BODY.decode() == caught.value.body


def test_a_proxy_behind_untrusted_tls(secure: TLSServer, roots: str) -> None:
    """An https:// proxy of an unknown authority is refused, and receives nothing."""
    context = server_context(trustme.CA().issue_cert(*LOOPBACK))
    with TLSServer(context, stay_silent) as proxy:
        url = proxy.url.replace("//", f"//{IN_URL}@")
        error = failure(secure.url, proxy=url, ssl_ca_cert=roots)
    assert "proxy" in error.reason
    assert "the certificate is not trusted: " in error.reason
    assert 1 == proxy.connections == error.tries


def test_plain_http_goes_through_a_loopback_proxy(open_proxy: str) -> None:
    """A proxy on this machine forwards plain http to this machine."""
    with BillingServer(token=TOKEN) as server:
        assert ask(server.url, proxy=f"http://{open_proxy}")
    assert [True] == ["Via" in request.headers for request in server.requests]


# --- what the proxy sees ----------------------------------------------------------------------


@pytest.mark.parametrize("host", ["127.0.0.1", "billing.invalid"])
def test_the_proxy_sees_connect_alone(
    secure: TLSServer, roots: str, proxy: ConnectProxy, host: str
) -> None:
    """A proxy sees only CONNECT with its own headers: no path and no token."""
    url = proxy.url.replace("//", f"//{IN_URL}@")
    headers = {"X-Department": "billing"}
    before = len(secure.received)
    with billing(named(secure, host), proxy=url, proxy_headers=headers, ssl_ca_cert=roots) as api:
        assert api.list_invoices(limit=1)
        assert api.list_invoices(limit=2)
    proxy.close()
    head = "".join(proxy.heads)
    assert head.startswith(f"CONNECT {host}:{secure.port} HTTP/1.")
    assert 1 == len(proxy.heads)
    assert "X-Department: billing" in head
    assert f": {basic(LOGIN)}\r\n" in head
    assert "\r\nproxy-authorization: " in head.lower()
    assert "fastly-key" not in head.lower()
    assert TOKEN.encode() not in head.encode() + proxy.tunnelled
    assert b"/billing/v3" not in head.encode() + proxy.tunnelled
    assert b"X-Department" not in secure.received[before:]
    assert b"Proxy-Authorization" not in secure.received[before:]


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy"])
def test_the_setting_wins(
    secure: TLSServer,
    roots: str,
    proxy: ConnectProxy,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
) -> None:
    """If ``proxy`` is set, the proxy of the environment is not used."""
    with ConnectProxy(secure.address) as other:
        monkeypatch.setenv(variable, other.url)
        assert ask(named(secure), proxy=proxy.url, ssl_ca_cert=roots)
    assert (1, 0) == (proxy.connections, other.connections)


def test_plain_http_to_this_machine_needs_no_proxy(
    server: BillingServer, proxy: ConnectProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proxy of the environment is not used for plain http to this machine."""
    for variable in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(variable, proxy.url)
    assert ask(server.url, token=server.token)
    assert 0 == proxy.connections


def test_a_distant_proxy_for_plain_http_is_refused(server: BillingServer) -> None:
    """A proxy on another machine raises ApiValueError for plain http: it could read the token."""
    proxy = f"http://{IN_URL}@192.0.2.1:3128"
    error = failure(server.url, seconds=0.3, kind=fastly.ApiValueError, proxy=proxy)
    assert "192.0.2.1" in str(error)
    assert quote(PASSWORD, safe="") not in told(error, [])
    assert [] == server.requests


# --- NO_PROXY ---------------------------------------------------------------------------------

BYPASSES = [
    ("127.0.0.1", "127.0.0.1"),
    ("127.0.0.1", "127.0.0.1:{port}"),
    ("127.0.0.1", "*"),
    ("127.0.0.1", "127.0.0.0/8"),
    ("127.0.0.1", "10.0.0.0/8, example.com ,127.0.0.1/32"),
    ("localhost", "localhost"),
    ("localhost", "LOCALHOST"),
    ("localhost", "localhost:{port}"),
    ("localhost", "other.example,localhost"),
]
NAMED_BYPASSES = [
    ("billing.invalid", "billing.invalid"),
    ("billing.invalid", ".billing.invalid"),
    ("billing.invalid", "invalid"),
    ("api.billing.invalid", "billing.invalid"),
    ("api.billing.invalid", ".billing.invalid"),
    ("api.billing.invalid", "*.billing.invalid"),
    ("api.billing.invalid", "billing.invalid:{port}"),
]
NO_BYPASSES = [
    ("127.0.0.1", ""),
    ("127.0.0.1", "127.0.0.1:1"),
    ("127.0.0.1", "127.0.0.2"),
    ("127.0.0.1", "10.0.0.0/8"),
    ("127.0.0.1", "127.0.0.0/99"),
    ("localhost", "127.0.0.0/8"),
    ("billing.invalid", "api.billing.invalid"),
    ("notbilling.invalid", "billing.invalid"),
    ("notbilling.invalid", ".billing.invalid"),
    ("billing.invalid", "billing.invalid:1"),
    ("billing.invalid", ","),
]


@pytest.mark.parametrize("by_setting", [True, False], ids=["setting", "environment"])
@pytest.mark.parametrize(("host", "entries"), BYPASSES)
def test_a_host_without_proxy(
    secure: TLSServer,
    roots: str,
    proxy: ConnectProxy,
    monkeypatch: pytest.MonkeyPatch,
    host: str,
    entries: str,
    by_setting: bool,
) -> None:
    """A host that ``no_proxy`` or ``NO_PROXY`` covers is reached without the proxy."""
    entries = entries.format(port=secure.port)
    monkeypatch.setenv("NO_PROXY", "other.example" if by_setting else entries)
    no_proxy = entries if by_setting else None
    assert ask(named(secure, host), proxy=proxy.url, no_proxy=no_proxy, ssl_ca_cert=roots)
    assert 0 == proxy.connections


@pytest.mark.parametrize("variable", ["NO_PROXY", "no_proxy"])
@pytest.mark.parametrize(("host", "entries"), NAMED_BYPASSES)
def test_a_name_without_proxy(
    secure: TLSServer,
    proxy: ConnectProxy,
    monkeypatch: pytest.MonkeyPatch,
    host: str,
    entries: str,
    variable: str,
) -> None:
    """A host name that ``NO_PROXY`` covers is resolved, and ``HTTPS_PROXY`` is not used."""
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    monkeypatch.setenv(variable, entries.format(port=secure.port))
    error = failure(named(secure, host), retries=0)
    assert "cannot resolve the host name" in error.reason
    assert 0 == proxy.connections


@pytest.mark.parametrize("by_setting", [True, False], ids=["setting", "environment"])
@pytest.mark.parametrize(("host", "entries"), NO_BYPASSES)
def test_a_host_that_is_not_excepted(
    secure: TLSServer,
    roots: str,
    proxy: ConnectProxy,
    monkeypatch: pytest.MonkeyPatch,
    host: str,
    entries: str,
    by_setting: bool,
) -> None:
    """A host that ``no_proxy`` or ``NO_PROXY`` does not cover is reached through the proxy."""
    monkeypatch.setenv("NO_PROXY", "*" if by_setting else entries)
    no_proxy = entries if by_setting else None
    assert ask(named(secure, host), proxy=proxy.url, no_proxy=no_proxy, ssl_ca_cert=roots)
    assert 1 == proxy.connections


# --- failures ---------------------------------------------------------------------------------


def assert_discreet(error: fastly.ApiException, caplog: pytest.LogCaptureFixture) -> None:
    """Assert that no message or log contains the token or the proxy's password, in any form."""
    text = told(error, caplog.records)
    assert "proxy" in (error.reason or "")
    for secret in (TOKEN, PASSWORD, quote(PASSWORD, safe=""), basic(LOGIN)[6:]):
        assert secret not in text


@pytest.fixture
def refusing() -> Iterator[str]:
    """Host and port of a bound socket that does not listen."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{taken.getsockname()[1]}"


@pytest.fixture(autouse=True)
def everything_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Set every logger to its most detailed level."""
    caplog.set_level(logging.DEBUG)


def test_wrong_credentials(
    secure: TLSServer, roots: str, locked_proxy: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Wrong proxy credentials raise ConnectionException with the status 407."""
    proxy = f"http://{IN_URL}wrong@{locked_proxy}"
    error = failure(secure.url, proxy=proxy, ssl_ca_cert=roots, retries=0)
    assert "407" in error.reason
    assert [] != causes(error)
    assert_discreet(error, caplog)


@pytest.mark.parametrize("answer", ["407 Who are you", "403 Never", "502 Out of order"])
def test_a_refused_tunnel(
    secure: TLSServer, roots: str, caplog: pytest.LogCaptureFixture, answer: str
) -> None:
    """A proxy that refuses the tunnel raises ConnectionException with the proxy's message."""
    with ConnectProxy(secure.address, login="another:one", refusal=answer) as proxy:
        url = proxy.url.replace("//", f"//{IN_URL}@")
        error = failure(secure.url, proxy=url, ssl_ca_cert=roots, retries=0)
    assert answer in error.reason
    assert type(error) is fastly.ConnectionException
    assert error.status is None
    assert_discreet(error, caplog)


def test_a_proxy_that_refuses_connections(
    secure: TLSServer, refusing: str, caplog: pytest.LogCaptureFixture
) -> None:
    """An unreachable proxy raises ConnectionException, not TimeoutException."""
    error = failure(secure.url, proxy=f"http://{IN_URL}@{refusing}", retries=0)
    assert type(error) is fastly.ConnectionException
    assert "refused" in error.reason
    assert_discreet(error, caplog)


def test_a_proxy_that_cannot_be_found(secure: TLSServer, caplog: pytest.LogCaptureFixture) -> None:
    """A proxy with an unknown name raises ConnectionException, not TimeoutException."""
    error = failure(secure.url, proxy=f"http://{IN_URL}@proxy.invalid:3128", retries=0)
    assert type(error) is fastly.ConnectionException
    assert "cannot resolve the host name" in error.reason
    assert_discreet(error, caplog)


def hang_up(connection: socket.socket) -> None:
    """Read the request and close the connection."""
    read_head(connection)


def test_a_proxy_that_hangs_up(
    secure: TLSServer, roots: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A proxy that closes the connection without a response raises ConnectionException."""
    with Service(hang_up) as proxy:
        url = f"http://{IN_URL}@{proxy.netloc}"
        error = failure(secure.url, proxy=url, ssl_ca_cert=roots, retries=0)
    assert type(error) is fastly.ConnectionException
    assert_discreet(error, caplog)


@pytest.mark.parametrize(
    "serve",
    [stay_silent, drip(b"HTTP/1.1 200 OK\r\nX-Padding: " + b"x" * 300)],
    ids=["silent", "dripping"],
)
@pytest.mark.parametrize("seconds", [0.3, 0.6])
def test_a_proxy_that_takes_forever(
    secure: TLSServer,
    roots: str,
    caplog: pytest.LogCaptureFixture,
    serve: Serve,
    seconds: float,
) -> None:
    """A proxy that does not respond raises TimeoutException at the call's timeout."""
    with Service(serve) as proxy:
        url = f"http://{IN_URL}@{proxy.netloc}"
        error = failure(secure.url, seconds, fastly.TimeoutException, proxy=url, ssl_ca_cert=roots)
    assert_discreet(error, caplog)


def open_late_and_hang(connection: socket.socket) -> None:
    """Accept a tunnel after most of a second, and forward nothing."""
    read_head(connection)
    time.sleep(0.8)
    connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
    stay_silent(connection)


def test_a_tunnel_that_hangs(secure: TLSServer, roots: str) -> None:
    """A tunnel that opens late and forwards nothing raises TimeoutException in time."""
    with Service(open_late_and_hang) as proxy:
        url = f"http://{proxy.netloc}"
        error = failure(secure.url, 1, fastly.TimeoutException, proxy=url, ssl_ca_cert=roots)
    assert error.status is None


def test_the_cause_of_a_tunnel_that_is_refused(secure: TLSServer) -> None:
    """The cause is urllib3's exception, which names the tunnel and the proxy's message."""
    with ConnectProxy(secure.address, login=LOGIN) as proxy:
        cause = failure(secure.url, proxy=proxy.url).__cause__
    words = ("no tunnel", "Tunnel connection failed: 407 Who are you")
    assert words == tuple(map(str, cause.args))


def test_an_untrusted_server_behind_a_proxy(proxy: ConnectProxy, secure: TLSServer) -> None:
    """Through a proxy, an untrusted certificate is refused once, and the server gets nothing."""
    before = len(secure.received)
    error = failure(secure.url, proxy=proxy.url)
    proxy.close()
    assert "the certificate is not trusted: " in error.reason
    assert any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes(error))
    assert 1 == proxy.connections == error.tries
    assert before == len(secure.received)


# --- what is shown ----------------------------------------------------------------------------


def test_a_success_tells_no_secret(
    secure: TLSServer, roots: str, proxy: ConnectProxy, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither the logs of a call through a proxy nor the settings show a secret."""
    url = proxy.url.replace("//", f"//{IN_URL}@")
    headers = {"Proxy-Authorization": basic(LOGIN)}
    with billing(named(secure), proxy=url, proxy_headers=headers, ssl_ca_cert=roots) as api:
        assert api.list_invoices(limit=1)
        settings = api.api_client.configuration
        faces = f"{settings} {settings.to_debug_report()} {vars(settings)} {vars(api.api_client)}"
    text = faces + "".join(f"{record.getMessage()} {record.args!r}" for record in caplog.records)
    assert proxy.netloc in faces
    for secret in (TOKEN, quote(PASSWORD, safe=""), basic(LOGIN)[6:]):
        assert secret not in text


@pytest.mark.parametrize(
    "url",
    [
        "socks5://agent:hush-hush@proxy.invalid:1080",
        "agent:hush-hush@proxy.invalid:3128",
        "http://agent:hush-hush/1@proxy.invalid:3128",
        "http://agent:hush-hush@proxy.invalid:port",
        "http://agent:hush-hush@proxy invalid",
        "http:agent:hush-hush@proxy.invalid",
    ],
)
def test_a_url_that_is_none_is_not_repeated_with_its_password(url: str) -> None:
    """The ApiValueError about an invalid proxy URL names the setting and hides the password."""
    with pytest.raises(fastly.ApiValueError) as caught:
        fastly.Configuration(proxy=url)
    assert "proxy" in str(caught.value)
    assert "hush" not in told(caught.value, [])


def test_a_bad_url_in_the_environment(
    secure: TLSServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An invalid proxy in the environment raises an ApiValueError that names the variable."""
    monkeypatch.setenv("HTTPS_PROXY", "socks5://agent:hush-hush@proxy.invalid:1080")
    error = failure(named(secure), seconds=0.3, kind=fastly.ApiValueError)
    assert "HTTPS_PROXY" in str(error)
    assert "hush" not in told(error, caplog.records)


COVERS = [
    ("*", "https://billing.invalid", True),
    ("fd00::1", "https://[fd00::1]", True),
    ("[fd00::1]", "https://[fd00::1]:8443", True),
    ("[fd00::1]:443", "https://[fd00::1]", True),
    ("[fd00::1]:444", "https://[fd00::1]", False),
    ("fd00::2", "https://[fd00::1]", False),
    ("fd00::/8", "https://[fd00::1]", True),
    ("fd00::/8", "https://[fe80::1]", False),
    ("10.1.2.3/8", "https://10.9.9.9", True),
    ("10.0.0.0/8", "https://billing.invalid", False),
    ("billing.invalid:443", "https://billing.invalid", True),
    ("billing.invalid:80", "https://billing.invalid", False),
    ("billing.invalid:80", "http://billing.invalid", True),
    ("billing.invalid:8443", "https://billing.invalid:8443", True),
    ("billing.invalid.", "https://billing.invalid", True),
    ("billing.invalid", "https://billing.invalid.", True),
    ("BILLING.invalid", "https://Billing.INVALID", True),
    ("other.invalid billing.invalid", "https://billing.invalid", True),
    (" other.invalid ,\tbilling.invalid ", "https://billing.invalid", True),
    ("invalid", "https://billing.invalid", True),
    ("ling.invalid", "https://billing.invalid", False),
    ("", "https://billing.invalid", False),
    (".", "https://billing.invalid", False),
]


@pytest.mark.parametrize(("entries", "host", "covered"), COVERS)
def test_what_an_exception_covers(entries: str, host: str, covered: bool) -> None:
    """``no_proxy`` accepts what curl accepts: names, addresses, ports and networks, in a list."""
    configuration = fastly.Configuration(proxy="http://proxy.invalid:3128", no_proxy=entries)
    configuration.allow_insecure_host = True
    expected = None if covered else "http://proxy.invalid:3128"
    assert expected == proxy_of(configuration, f"{host}/billing")


@pytest.mark.parametrize(
    ("login", "header"), [("user", "user:"), ("user:", "user:"), ("us%20er:p%40", "us er:p@")]
)
def test_a_login_with_and_without_a_password(secure: TLSServer, login: str, header: str) -> None:
    """A login without a password is sent with an empty one, percent-decoded."""
    with ConnectProxy(secure.address) as proxy:
        failure(secure.url, proxy=proxy.url.replace("://", f"://{login}@"), retries=0)
        assert f"Proxy-Authorization: {basic(header)}\r\n" in proxy.heads[0]


@pytest.mark.parametrize(
    ("refusal", "tries"),
    [("407 Who are you", 1), ("403 Never", 1), ("408 Slow", 2), ("429 Often", 2), ("502 Out", 2)],
)
def test_a_tunnel_that_stays_refused_is_asked_for_once(
    secure: TLSServer, roots: str, refusal: str, tries: int
) -> None:
    """A permanent refusal of the tunnel is raised at once, and a temporary one retried."""
    with ConnectProxy(secure.address, login="another:one", refusal=refusal) as proxy:
        error = failure(secure.url, proxy=proxy.url, ssl_ca_cert=roots, retries=1)
    assert (tries, tries) == (proxy.connections, error.tries)
    assert f"the proxy failed: OSError: Tunnel connection failed: {refusal}" == error.reason


def test_interim_responses_of_a_proxy_are_skipped(secure: TLSServer, roots: str) -> None:
    """A 103 from a proxy before it opens the tunnel is skipped."""

    def open_after_interim(connection: socket.socket) -> None:
        read_head(connection)
        connection.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n")
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        with socket.create_connection(secure.address) as upstream:
            relay(connection, upstream, bytearray())

    with Service(open_after_interim) as proxy:
        assert ask(named(secure), proxy=f"http://{proxy.netloc}", ssl_ca_cert=roots)


def test_a_password_that_is_a_common_word_changes_no_invoice(
    secure: TLSServer, roots: str, proxy: ConnectProxy
) -> None:
    """The proxy's login is not masked in responses of the API through its tunnel."""
    login = f"http://user:customer@{proxy.netloc}"
    with billing(named(secure), proxy=login, ssl_ca_cert=roots) as api:
        assert "customer_id" in api.list_invoices(limit=1).to_json()
