"""The command in a company's network: authorities, client certificates and retries."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from secure import TLSServer, files_of
from shell import MAY, Shell

from fastly.testing import BillingServer


@pytest.fixture
def secure(tls: ssl.SSLContext, server: BillingServer) -> Iterator[TLSServer]:
    """The stand-in behind TLS, with a certificate of a private authority."""
    with TLSServer(tls, server.url) as secure:
        yield secure


class TestAuthorities:
    """Whom the command trusts."""

    def test_option(self, secure: TLSServer, shell: Shell, roots: str) -> None:
        """--ca-cert names the file of the authorities to trust."""
        assert 0 == shell(*MAY, "--ca-cert", roots, host=secure.url).status

    def test_variable(
        self, secure: TLSServer, shell: Shell, roots: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """FASTLY_CA_CERT does so too, and --ca-cert takes precedence."""
        monkeypatch.setenv("FASTLY_CA_CERT", roots)
        assert 0 == shell(*MAY, host=secure.url).status
        monkeypatch.setenv("FASTLY_CA_CERT", "nowhere.pem")
        assert 0 == shell(*MAY, "--ca-cert", roots, host=secure.url).status
        assert 0 == shell(*MAY, "--demo").status

    def test_advice(self, secure: TLSServer, shell: Shell) -> None:
        """An authority that is not trusted is status 1, and the advice is the command's."""
        result = shell(*MAY, host=secure.url)
        assert (1, b"") == result[:2]
        assert "as --ca-cert or in FASTLY_CA_CERT" in result.stderr
        assert "ssl_ca_cert" not in result.stderr

    @pytest.mark.parametrize("content", [None, "", "not a certificate"])
    @pytest.mark.parametrize("name", ["--ca-cert", "FASTLY_CA_CERT"])
    def test_unusable_file(
        self,
        server: BillingServer,
        shell: Shell,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        content: str | None,
        name: str,
    ) -> None:
        """A file that is missing or not PEM is status 2, and nothing is requested."""
        path = tmp_path / "authority.pem"
        if content is not None:
            path.write_text(content)
        monkeypatch.setenv("FASTLY_CA_CERT", str(path))
        result = shell(*MAY, *(("--ca-cert", path) if name == "--ca-cert" else ()))
        assert (2, b"") == result[:2]
        assert f"{name} must be a PEM file of certificate authorities, got " in result.stderr
        assert 1 == result.stderr.count("\n")
        assert [] == server.requests


class TestVariables:
    """Settings without an option."""

    def test_client_certificate(
        self,
        authority: trustme.CA,
        tls: ssl.SSLContext,
        server: BillingServer,
        shell: Shell,
        roots: str,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """A client certificate and its key are read from variables."""
        authority.configure_trust(tls)
        tls.verify_mode = ssl.CERT_REQUIRED
        certificate, key = files_of(authority.issue_cert("client.invalid"), tmp_path)
        monkeypatch.setenv("FASTLY_CLIENT_CERT", certificate)
        monkeypatch.setenv("FASTLY_CLIENT_KEY", key)
        with TLSServer(tls, server.url) as secure:
            assert 0 == shell(*MAY, "--ca-cert", roots, host=secure.url).status

    @pytest.mark.parametrize("retries", [0, 1])
    def test_retries(
        self, server: BillingServer, shell: Shell, monkeypatch: pytest.MonkeyPatch, retries: int
    ) -> None:
        """FASTLY_RETRIES is the number of retries."""
        monkeypatch.setenv("FASTLY_RETRIES", str(retries))
        for _ in range(2):
            server.enqueue(503)
        assert 1 == shell("mtd").status
        assert 1 + retries == len(server.requests)

    @pytest.mark.parametrize(
        ("variables", "message"),
        [
            ({"FASTLY_RETRIES": "many"}, "FASTLY_RETRIES must be 0 to 999, got 'many'"),
            ({"FASTLY_RETRIES": "-1"}, "FASTLY_RETRIES must be 0 to 999, got '-1'"),
            ({"FASTLY_CLIENT_KEY": "k"}, "FASTLY_CLIENT_KEY is set without FASTLY_CLIENT_CERT"),
            (
                {"FASTLY_CLIENT_CERT": "nowhere.pem"},
                "FASTLY_CLIENT_CERT must be a PEM file of a certificate",
            ),
        ],
    )
    def test_unusable_values(
        self,
        server: BillingServer,
        shell: Shell,
        monkeypatch: pytest.MonkeyPatch,
        variables: dict[str, str],
        message: str,
    ) -> None:
        """A value that cannot be used is status 2, unless --demo needs none."""
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        result = shell(*MAY)
        assert (2, b"") == result[:2]
        assert message in result.stderr
        assert [] == server.requests
        assert 0 == shell(*MAY, "--demo").status
