"""The pytest plugin, in a pytest of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent

TESTS = '''
import socket
import sys
import urllib.request
from urllib.parse import urlsplit

servers = []


def test_without_the_fixture():
    """The plugin has not imported the server, since no test has used it."""
    assert "fastly.testing.pytest_plugin" in sys.modules
    assert "fastly.testing.server" not in sys.modules


def test_the_fixture(fastly_billing_server):
    """The fixture is a server that listens."""
    url = fastly_billing_server.url + "/billing/v3/invoices"
    request = urllib.request.Request(url, headers={"Fastly-Key": fastly_billing_server.token})
    with urllib.request.urlopen(request) as response:
        assert response.status == 200
    servers.append(fastly_billing_server)


def test_the_next_test(fastly_billing_server):
    """Every test has a server of its own, and the one before has been closed."""
    assert fastly_billing_server.requests == []
    parts = urlsplit(servers[0].url)
    with socket.socket() as client:
        assert client.connect_ex((parts.hostname, parts.port)) != 0
'''


def run(directory: Path, *options: str, **environment: str) -> str:
    """Run the tests above in a directory; return what pytest prints."""
    (directory / "test_it.py").write_text(TESTS, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:randomly"]
    environment = {**os.environ, "PYTHONPATH": f"{directory}{os.pathsep}{ROOT}", **environment}
    result = subprocess.run(
        [*command, *options, "test_it.py"],
        cwd=directory,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return result.stdout + result.stderr


def test_the_fixture_is_a_server(tmp_path: Path) -> None:
    """The fixture is a running server, one for each test that uses it."""
    # Where the package is installed, pytest would find the plugin a second time.
    options = ("-p", "fastly.testing.pytest_plugin")
    assert "3 passed" in run(tmp_path, *options, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")


def test_pytest_finds_the_plugin(tmp_path: Path) -> None:
    """Once the distribution is installed, pytest loads the plugin without any option."""
    if not entry_points(group="pytest11", name="fastly_billing"):
        reason = "writes the metadata of an installed package"
        pytest.importorskip("setuptools", minversion="77", reason=reason)
        command = [sys.executable, "setup.py", "-q", "egg_info", "--egg-base", str(tmp_path)]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    assert "3 passed" in run(tmp_path)
