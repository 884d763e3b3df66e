"""The settings of a command: from its options, the environment or the stand-in."""

from __future__ import annotations

import contextlib
import os
import ssl
from typing import Any

from fastly.cli.arguments import Options
from fastly.cli.messages import UsageError, say
from fastly.configuration import Configuration
from fastly.configuration.checks import TOKEN_VARIABLE, is_encrypted_or_local, variable

__all__ = ["settings_of"]

AUTHORITY_VARIABLE = "FASTLY_CA_CERT"


def settings_of(options: Options, stack: contextlib.ExitStack) -> Configuration:
    """Return the settings that the options, the environment or the stand-in give.

    Raises:
        UsageError: They cannot be used.
        ApiValueError: A file or a value cannot be used.
    """
    given = {"host": options.host, "timeout": options.timeout, "ssl_ca_cert": _authorities(options)}
    settings: dict[str, Any] = {name: x for name, x in given.items() if x is not None}
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


def _authorities(options: Options) -> str | None:
    """Return the file of trusted authorities, after a look that the client takes only later."""
    name, path = "--ca-cert", options.ca_cert
    if path is None and not options.demo:
        name, path = AUTHORITY_VARIABLE, variable(AUTHORITY_VARIABLE)
    if path is None:
        return None
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except OSError as error:  # ssl.SSLError is one
        wrong = f"{name} must be a PEM file of certificate authorities, got {path!r}"
        raise UsageError(f"{wrong}: {error.strerror}") from error
    return path


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
