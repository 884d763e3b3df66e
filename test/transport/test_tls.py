"""TLS: whom the client trusts, what it refuses, and how long it waits."""

from __future__ import annotations

import logging
import socket
import ssl
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
import trustme
from secure import (
    LOOPBACK,
    SLACK,
    TOKEN,
    Service,
    TLSServer,
    ask,
    billing,
    causes,
    drip,
    failure,
    files_of,
    read_head,
    server_context,
    stay_silent,
)

import fastly
from fastly.testing import BillingServer

LONG_AGO = datetime(2001, 1, 1, tzinfo=timezone.utc)


@pytest.fixture
def context(authority: trustme.CA) -> ssl.SSLContext:
    """The settings of a server with a valid certificate."""
    return server_context(authority.issue_cert(*LOOPBACK))


@pytest.fixture
def secure(context: ssl.SSLContext, stand_in: BillingServer) -> Iterator[TLSServer]:
    """The stand-in behind TLS, with a certificate of the authority's."""
    with TLSServer(context, stand_in.url) as server:
        yield server


@pytest.fixture
def misnamed(authority: trustme.CA, stand_in: BillingServer) -> Iterator[TLSServer]:
    """The stand-in behind TLS, with the authority's certificate for ``billing.invalid``."""
    context = server_context(authority.issue_cert("billing.invalid"))
    with TLSServer(context, stand_in.url) as server:
        yield server


def refused(leaf: trustme.LeafCert, upstream: str, **settings: Any) -> fastly.ApiException:
    """Return the failure with a server's certificate, after checking that nothing was sent."""
    with TLSServer(server_context(leaf), upstream) as server:
        error = failure(server.url, **settings)
    assert b"" == bytes(server.received)
    assert 1 == server.connections == error.tries
    assert TOKEN not in f"{error} {error!r} {causes(error)}"
    return error


def test_an_authority_of_ones_own_is_trusted(secure: TLSServer, roots: str) -> None:
    """A server whose authority is in ``ssl_ca_cert`` is trusted, over one connection."""
    with billing(secure.url, ssl_ca_cert=roots) as api:
        pages = [api.list_invoices(limit=1) for _ in range(3)]
    assert pages[:1] * 3 == pages
    assert 1 == secure.connections


def test_an_unknown_authority_is_refused(stand_in: BillingServer, roots: str) -> None:
    """A certificate of an unknown authority raises ConnectionException before anything is sent."""
    stranger = trustme.CA().issue_cert(*LOOPBACK)
    error = refused(stranger, stand_in.url, ssl_ca_cert=roots)
    assert "the certificate is not trusted: " in (error.reason or "")
    assert any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes(error))
    assert "set ssl_ca_cert" in error.advice


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_wrong_host_name_is_refused(
    authority: trustme.CA, stand_in: BillingServer, roots: str, host: str
) -> None:
    """A certificate for another host raises a ConnectionException that names the host."""
    context = server_context(authority.issue_cert("billing.invalid"))
    with TLSServer(context, stand_in.url) as server:
        error = failure(f"https://{host}:{server.port}", ssl_ca_cert=roots)
    assert f"certificate is not valid for '{host}'" in error.reason
    assert any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes(error))
    assert (b"", 1, 1) == (bytes(server.received), server.connections, error.tries)


def test_an_expired_certificate_is_refused(
    authority: trustme.CA, stand_in: BillingServer, roots: str
) -> None:
    """An expired certificate raises a ConnectionException that says so; nothing is sent."""
    expired = authority.issue_cert(*LOOPBACK, not_after=LONG_AGO)
    error = refused(expired, stand_in.url, ssl_ca_cert=roots)
    assert "the certificate is not trusted: certificate has expired" == error.reason
    assert any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes(error))


@pytest.mark.parametrize("variable", ["", "SSL_CERT_FILE"])
def test_the_default_roots_are_certifis(
    stand_in: BillingServer,
    authority: trustme.CA,
    roots: str,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
) -> None:
    """Without ``ssl_ca_cert`` no private authority is trusted, whatever ``SSL_CERT_FILE`` says."""
    if variable:
        monkeypatch.setenv(variable, roots)
    error = refused(authority.issue_cert(*LOOPBACK), stand_in.url)
    assert "the certificate is not trusted: " in (error.reason or "")


def test_ipv6(context: ssl.SSLContext, stand_in: BillingServer, roots: str) -> None:
    """A server at ``[::1]`` works over TLS."""
    try:
        server = TLSServer(context, stand_in.url, host="::1")
    except OSError as error:
        pytest.skip(f"this machine has no IPv6: {error}")
    with server:
        assert ask(server.url, ssl_ca_cert=roots)


# --- client certificates ----------------------------------------------------------------------


@pytest.fixture
def demanding(
    authority: trustme.CA, context: ssl.SSLContext, stand_in: BillingServer
) -> Iterator[TLSServer]:
    """The stand-in behind TLS that requires a client certificate of the authority's."""
    context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(context)
    with TLSServer(context, stand_in.url) as server:
        yield server


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_client_certificate_is_shown(
    authority: trustme.CA,
    context: ssl.SSLContext,
    demanding: TLSServer,
    roots: str,
    tmp_path: Path,
    version: ssl.TLSVersion,
) -> None:
    """A server that requires a client certificate gets that of ``cert_file`` and ``key_file``."""
    context.maximum_version = version
    cert_file, key_file = files_of(authority.issue_cert("client@invalid.test"), tmp_path)
    assert ask(demanding.url, ssl_ca_cert=roots, cert_file=cert_file, key_file=key_file)


def test_a_client_certificate_may_hold_its_key(
    authority: trustme.CA, demanding: TLSServer, roots: str, tmp_path: Path
) -> None:
    """A ``cert_file`` that contains the key needs no ``key_file``."""
    both = tmp_path / "both.pem"
    authority.issue_cert("client@invalid.test").private_key_and_cert_chain_pem.write_to_path(both)
    assert ask(demanding.url, ssl_ca_cert=roots, cert_file=str(both))


def shown_by(name: str, authority: trustme.CA, directory: Path) -> dict[str, str]:
    """Return the settings of a client with a certificate that the server does not take."""
    if name == "none":
        return {}
    issuer = authority if name == "expired" else trustme.CA()
    not_after = LONG_AGO if name == "expired" else None
    files = files_of(issuer.issue_cert("client@invalid.test", not_after=not_after), directory)
    return dict(zip(("cert_file", "key_file"), files, strict=True))


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("certificate", ["none", "expired", "of a stranger"])
def test_a_refused_client_certificate_is_told(
    authority: trustme.CA,
    context: ssl.SSLContext,
    demanding: TLSServer,
    roots: str,
    tmp_path: Path,
    version: ssl.TLSVersion,
    certificate: str,
) -> None:
    """Without the client certificate that a server requires, the advice is to set it, once."""
    context.maximum_version = version
    shown = shown_by(certificate, authority, tmp_path)
    error = failure(demanding.url, ssl_ca_cert=roots, **shown)
    assert error.reason.startswith("TLS failed: ")
    assert "cert_file and key_file of Configuration" in error.advice
    assert "FASTLY_CLIENT_CERT and FASTLY_CLIENT_KEY" in error.advice
    assert (1, 1) == (error.tries, demanding.connections)
    assert any(isinstance(cause, ssl.SSLError) for cause in causes(error))
    assert TOKEN not in f"{error} {error!r} {causes(error)}"


def test_a_key_of_another_certificate_is_refused(
    authority: trustme.CA, secure: TLSServer, roots: str, tmp_path: Path
) -> None:
    """A ``key_file`` that does not match ``cert_file`` raises ApiValueError; nothing is sent."""
    (tmp_path / "other").mkdir()
    cert_file, _ = files_of(authority.issue_cert("client@invalid.test"), tmp_path)
    _, key_file = files_of(authority.issue_cert("other@invalid.test"), tmp_path / "other")
    settings = {"ssl_ca_cert": roots, "cert_file": cert_file, "key_file": key_file}
    error = failure(secure.url, kind=fastly.ApiValueError, **settings)
    assert str(error).startswith("cannot use the certificate, key or log of")
    assert 0 == secure.connections


ASK_WITH_A_LOCKED_KEY = """
import sys
import fastly
from fastly.api.billing_invoices_api import BillingInvoicesApi

url, certificate, key = sys.argv[1:]
configuration = fastly.Configuration(host=url, cert_file=certificate, key_file=key)
configuration.api_key["token"] = "made-up"
with fastly.ApiClient(configuration) as client:
    try:
        BillingInvoicesApi(client).list_invoices(limit=1, _request_timeout=2)
    except fastly.ApiValueError as error:
        print("refused:", error)
"""


def test_a_locked_key_is_refused_and_no_passphrase_asked_for(
    authority: trustme.CA, secure: TLSServer, tmp_path: Path
) -> None:
    """A ``key_file`` with a passphrase raises ApiValueError instead of prompting for it."""
    from cryptography.hazmat.primitives import serialization as form

    cert_file, key_file = files_of(authority.issue_cert("client@invalid.test"), tmp_path)
    key = form.load_pem_private_key(Path(key_file).read_bytes(), password=None)
    lock = form.BestAvailableEncryption(b"made-up")
    locked = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, lock)
    Path(key_file).write_bytes(locked)
    arguments = [sys.executable, "-c", ASK_WITH_A_LOCKED_KEY, secure.url, cert_file, key_file]
    root = Path(__file__).parent.parent.parent
    with subprocess.Popen(
        arguments,
        cwd=root,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,  # without a terminal, OpenSSL reads it from stdin
    ) as program:
        try:
            program.wait(timeout=4)
        finally:
            program.kill()
        said = program.stdout.read() if program.stdout else ""
    assert said.startswith("refused: ")
    assert "key_file" in said
    assert "pass phrase" not in said


# --- settings ---------------------------------------------------------------------------------


def test_a_file_that_is_no_pem_is_refused(secure: TLSServer, tmp_path: Path) -> None:
    """An ``ssl_ca_cert`` without certificates raises ApiValueError at once; nothing is sent."""
    path = tmp_path / "authority.pem"
    path.write_text("This is no certificate.")
    error = failure(secure.url, seconds=0.1, kind=fastly.ApiValueError, ssl_ca_cert=str(path))
    assert "ssl_ca_cert" in str(error)
    assert 0 == secure.connections


def test_verification_can_be_turned_off(
    stand_in: BillingServer, caplog: pytest.LogCaptureFixture
) -> None:
    """``verify_ssl=False`` accepts any certificate, and logs one warning."""
    leaf = trustme.CA().issue_cert("billing.invalid", not_after=LONG_AGO)
    server = TLSServer(server_context(leaf), stand_in.url)
    with server, warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        with billing(server.url, verify_ssl=False) as api:
            for number in range(5):
                body = {"invoice_id": f"i{number}"}
                stand_in.enqueue(headers={"Connection": "close"}, body=body)
                assert body == api.get_invoice_by_invoice_id(f"i{number}").to_dict()
    assert 5 == server.connections
    assert [] == warned
    records = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert ["fastly"] == [record.name for record in records]
    words = "verify_ssl is False: anyone on the network can read the token"
    assert words == records[0].getMessage()


def test_another_name_can_be_expected(misnamed: TLSServer, roots: str) -> None:
    """The certificate must have the name in ``assert_hostname``."""
    assert ask(misnamed.url, ssl_ca_cert=roots, assert_hostname="billing.invalid")


def test_another_name_is_insisted_upon(secure: TLSServer, roots: str) -> None:
    """A certificate without the name in ``assert_hostname`` is refused once, with the reason."""
    error = failure(secure.url, ssl_ca_cert=roots, assert_hostname="billing.invalid")
    secure.close()
    assert "the certificate is not trusted: " in error.reason
    assert "billing.invalid" in error.reason
    assert (b"", 1, 1) == (bytes(secure.received), secure.connections, error.tries)


def test_any_name_can_be_accepted(misnamed: TLSServer, roots: str) -> None:
    """``assert_hostname=False`` accepts a certificate for another host."""
    assert ask(misnamed.url, ssl_ca_cert=roots, assert_hostname=False)


def test_any_name_is_not_any_authority(stand_in: BillingServer, roots: str) -> None:
    """``assert_hostname=False`` does not accept an unknown authority."""
    stranger = trustme.CA().issue_cert(*LOOPBACK)
    error = refused(stranger, stand_in.url, ssl_ca_cert=roots, assert_hostname=False)
    assert "the certificate is not trusted: " in (error.reason or "")


# --- versions ---------------------------------------------------------------------------------


def weaken(context: ssl.SSLContext) -> ssl.SSLContext:
    """Limit a context to TLS 1.0 and 1.1."""
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # old versions are the point here
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context


def speaks_old_tls(server: TLSServer) -> bool:
    """Return whether a client that offers only TLS 1.1 can connect."""
    context = weaken(ssl._create_unverified_context())  # noqa: S323 - it proves the server's age
    try:
        with (
            socket.create_connection(server.address, timeout=5) as connection,
            context.wrap_socket(connection) as wrapped,
        ):
            return wrapped.version() == "TLSv1.1"
    except OSError:
        return False


def test_old_tls_is_refused(context: ssl.SSLContext, stand_in: BillingServer, roots: str) -> None:
    """A server with TLS 1.1 or older raises ConnectionException, and nothing is sent to it."""
    with TLSServer(weaken(context), stand_in.url) as server:
        if not speaks_old_tls(server):
            pytest.skip(f"{ssl.OPENSSL_VERSION} cannot serve TLS 1.1")
        error = failure(server.url, ssl_ca_cert=roots, retries=0)
    assert error.reason.startswith("TLS failed: ")
    assert "VERSION" in error.reason or "PROTOCOL" in error.reason
    assert b"" == bytes(server.received)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_new_tls_is_spoken(
    context: ssl.SSLContext, secure: TLSServer, roots: str, version: ssl.TLSVersion
) -> None:
    """A server with only TLS 1.2, or only 1.3, works."""
    context.minimum_version = context.maximum_version = version
    assert ask(secure.url, ssl_ca_cert=roots)


# --- deadlines --------------------------------------------------------------------------------

# The header of a handshake record of 16 KiB, which keeps arriving but is never complete.
ENDLESS_RECORD = b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc\x03\x03" + bytes(500)


@pytest.mark.parametrize("serve", [stay_silent, drip(ENDLESS_RECORD)], ids=["silent", "dripping"])
@pytest.mark.parametrize("seconds", [0.3, 0.6])
def test_an_endless_handshake_ends_with_the_deadline(
    roots: str, serve: Any, seconds: float
) -> None:
    """A TLS handshake that never completes raises TimeoutException at the call's timeout."""
    with Service(serve) as server:
        error = failure(
            f"https://{server.netloc}", seconds, fastly.TimeoutException, ssl_ca_cert=roots
        )
    assert (None, f"connecting took too long (limit: {seconds:g} s)") == (
        error.status,
        error.reason,
    )


def test_an_endless_handshake_ends_with_the_connect_timeout(roots: str) -> None:
    """The connect timeout of ``(connect, read)`` limits the TLS handshake."""
    with (
        Service(drip(ENDLESS_RECORD)) as server,
        billing(f"https://{server.netloc}", ssl_ca_cert=roots, retries=0) as api,
    ):
        started = time.monotonic()
        with pytest.raises(fastly.TimeoutException):
            api.list_invoices(limit=1, _request_timeout=(0.3, 60))
        assert time.monotonic() - started < SLACK


STATUS_LINE = b"HTTP/1.1 200 OK\r\n"
HEAD = STATUS_LINE + b"Content-Type: application/json\r\nContent-Length: 900\r\n\r\n"


@pytest.mark.parametrize(
    ("begun", "rest"),
    [(STATUS_LINE, b"X-Padding: " + b"x" * 300), (HEAD, b"{" * 300)],
    ids=["head", "body"],
)
def test_a_dripping_answer_ends_with_the_deadline(
    context: ssl.SSLContext, roots: str, begun: bytes, rest: bytes
) -> None:
    """A response that drips over TLS raises TimeoutException at the call's timeout."""

    def serve(connection: socket.socket) -> None:
        read_head(connection)
        connection.sendall(begun)
        drip(rest)(connection)

    with TLSServer(context, serve) as server:
        failure(server.url, 0.6, fastly.TimeoutException, ssl_ca_cert=roots)


def test_a_key_without_its_certificate_is_refused(
    authority: trustme.CA, secure: TLSServer, roots: str, tmp_path: Path
) -> None:
    """A ``key_file`` without ``cert_file`` would never be used, and is refused."""
    _, key_file = files_of(authority.issue_cert("client@invalid.test"), tmp_path)
    error = failure(secure.url, kind=fastly.ApiValueError, ssl_ca_cert=roots, key_file=key_file)
    assert "key_file is set without its cert_file" == str(error)
    assert 0 == secure.connections


def test_a_key_log_that_cannot_be_written_is_told(
    secure: TLSServer, roots: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An ``SSLKEYLOGFILE`` in a directory that does not exist raises ApiValueError."""
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "missing" / "keys"))
    error = failure(secure.url, kind=fastly.ApiValueError, ssl_ca_cert=roots)
    assert "SSLKEYLOGFILE" in str(error)
