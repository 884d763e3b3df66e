"""TLS in programs that replace what Python trusts, or what TLS is made of."""

from __future__ import annotations

import importlib.util
import os
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
from secure import TLSServer

from fastly.testing import BillingServer

ROOT = Path(__file__).parent.parent.parent
PROGRAM = """
import sys
{patch}
import fastly
from fastly.api.billing_invoices_api import BillingInvoicesApi

settings = {{"ssl_ca_cert": sys.argv[2]}} if {names_authority} else {{}}
configuration = fastly.Configuration(sys.argv[1], retries=0, **settings)
with fastly.ApiClient(configuration) as client:
    print(len(BillingInvoicesApi(client).list_invoices(limit=3).data))
"""


@pytest.mark.parametrize(
    ("package", "patch", "names_authority"),
    [
        ("truststore", "import truststore; truststore.inject_into_ssl()", False),
        (
            "OpenSSL",
            "from urllib3.contrib import pyopenssl; pyopenssl.inject_into_urllib3()",
            True,
        ),
    ],
)
def test_calls_work(
    tls: ssl.SSLContext,
    stand_in: BillingServer,
    roots: str,
    package: str,
    patch: str,
    names_authority: bool,
) -> None:
    """The system's authorities are trusted with truststore; pyOpenSSL in urllib3 does no harm."""
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed")
    program = PROGRAM.format(patch=patch, names_authority=names_authority)
    # The system's authorities are those of this file, where OpenSSL asks for them.
    variables = {"FASTLY_API_TOKEN": stand_in.token, "SSL_CERT_FILE": roots}
    with TLSServer(tls, stand_in.url) as server:
        done = subprocess.run(
            [sys.executable, "-c", program, server.url, roots],
            cwd=ROOT,
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert ("3\n", "", 0) == (done.stdout, done.stderr, done.returncode)
