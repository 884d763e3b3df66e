"""The settings of a command: from its options, the environment or the stand-in."""

from __future__ import annotations

import contextlib
import os
import ssl
from collections.abc import Generator, Mapping
from typing import Any

from fastly._text import shown
from fastly.cli.arguments import Options
from fastly.cli.messages import UsageError, say
from fastly.configuration import Configuration
from fastly.configuration.checks import TOKEN_VARIABLE, is_encrypted_or_local, variable

__all__ = ["AUTHORITY_VARIABLE", "settings_of"]

AUTHORITY_VARIABLE = "FASTLY_CA_CERT"
# Where settings are read from that no option gives.
_VARIABLES = {
    "ssl_ca_cert": AUTHORITY_VARIABLE,
    "cert_file": "FASTLY_CLIENT_CERT",
    "key_file": "FASTLY_CLIENT_KEY",
    "retries": "FASTLY_RETRIES",
}


def settings_of(options: Options, stack: contextlib.ExitStack) -> Configuration:
    """Return the settings that the options, the environment or the stand-in give.

    Raises:
        UsageError: They cannot be used.
        ApiValueError: The host or the token cannot be used.
    """
    given = {"host": options.host, "timeout": options.timeout, "ssl_ca_cert": options.ca_cert}
    settings = {} if options.demo else _from_environment()
    settings |= {name: x for name, x in given.items() if x is not None}
    _check_files(settings, AUTHORITY_VARIABLE if options.ca_cert is None else "--ca-cert")
    if options.demo:
        settings |= _stand_in(options, stack)
    elif not os.environ.get(TOKEN_VARIABLE):
        raise UsageError(
            f"no API token: set the environment variable {TOKEN_VARIABLE}, "
            "or try --demo, which needs none"
        )
    configuration = Configuration(allow_insecure_host=options.allow_insecure_host, **settings)
    if not (is_encrypted_or_local(configuration.host) or options.allow_insecure_host):
        raise UsageError(
            f"{configuration.host} would receive the token unencrypted: use https, or add "
            "--allow-insecure-host if you accept that"
        )
    return configuration


def _from_environment() -> dict[str, Any]:
    found: dict[str, Any] = {name: x for name, v in _VARIABLES.items() if (x := variable(v))}
    if "retries" in found:
        found["retries"] = _retries(found["retries"])
    return found


def _retries(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 4):
        raise UsageError(f"{_VARIABLES['retries']} must be 0 to 999, got {shown(text)}")
    return int(text)


def _check_files(settings: Mapping[str, Any], authority: str) -> None:
    """Load the files for TLS before the client does, so that messages name where they are set."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    roots, certificate, key = map(settings.get, ("ssl_ca_cert", "cert_file", "key_file"))
    if roots is not None:
        with _refused(f"{authority} must be a PEM file of certificate authorities, got {roots!r}"):
            context.load_verify_locations(roots)
    if key is not None and certificate is None:
        raise UsageError("FASTLY_CLIENT_KEY is set without FASTLY_CLIENT_CERT")
    if certificate is not None:
        with _refused(
            "FASTLY_CLIENT_CERT must be a PEM file of a certificate, and FASTLY_CLIENT_KEY of its "
            f"key without a passphrase, got {certificate!r} and {key!r}"
        ):
            context.load_cert_chain(certificate, key, password="")


@contextlib.contextmanager
def _refused(wrong: str) -> Generator[None, None, None]:
    try:
        yield
    except OSError as error:  # ssl.SSLError is one
        raise UsageError(f"{wrong}: {error.strerror or error}") from error


def _stand_in(options: Options, stack: contextlib.ExitStack) -> dict[str, Any]:
    """Start the stand-in, and return the settings that reach it."""
    from fastly.testing import BillingServer  # with the standard library's server; slow to import

    server = stack.enter_context(BillingServer())
    if not options.quiet:
        say("Demo: made-up data from a server on this machine.")
        if options.command.startswith("v2"):
            invoice_id = server.account.invoice_id(2020, 5)
            say(f"CUSTOMER is {server.customer_id}, INVOICE of 05/2020 is {invoice_id}.")
    return {"host": server.url, "api_key": {"token": server.token}}
