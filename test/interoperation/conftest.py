"""Fixtures of the tests with other software: nginx in front of the stand-in."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from nginx_server import Nginx, StartNginx
from secure import LOOPBACK, files_of

from fastly.testing import BillingServer


@pytest.fixture(scope="module")
def start_nginx(authority: trustme.CA, stand_in: BillingServer) -> Iterator[StartNginx]:
    """A function that starts nginx."""
    directory = Path(tempfile.mkdtemp(prefix="fastly-"))
    certificate = files_of(authority.issue_cert(*LOOPBACK), directory)
    yield StartNginx(certificate, stand_in.url, directory)
    shutil.rmtree(directory)


@pytest.fixture(scope="module")
def nginx(start_nginx: StartNginx) -> Iterator[Nginx]:
    """An nginx that closes each connection after 3 requests."""
    with start_nginx("keepalive_requests 3;") as nginx:
        yield nginx
