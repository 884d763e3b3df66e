"""The page of compatible programs lists what CI installs and tests, in versions that are true."""

from __future__ import annotations

import importlib.metadata
import re
import shutil
import subprocess

import pytest
from test_docs import DOCS, ROOT, read, tables

# What is installed, if it has another name than users know.
INSTALLED_AS = {"uwsgi": "pyuwsgi", "varnish": "varnishd"}
VERSION_OF = {
    "caddy": ("caddy", "version"),
    "haproxy": ("haproxy", "-v"),
    "lighttpd": ("lighttpd", "-v"),
    "nginx": ("nginx", "-v"),
    "squid": ("squid", "-v"),
    "tinyproxy": ("tinyproxy", "-v"),
    "varnishd": ("varnishd", "-V"),
}
PAGE = read(DOCS / "interoperation.md")
AUTOMATED = PAGE.replace(PAGE.partition("## Other programs")[2].partition("\n## ")[0], "")
ROWS = [
    (INSTALLED_AS.get(row[0].lower(), row[0].lower()), row[1])
    for title in ("Program", "Library")
    for table in tables(AUTOMATED, title)
    for row in table
    if row[0] != "multiprocessing"  # Python's own
]


@pytest.mark.parametrize(("name", "version"), ROWS, ids=[name for name, _ in ROWS])
def test_a_program_of_the_page_is_installed_and_tested_by_ci(name: str, version: str) -> None:
    """What the page lists as run by CI is installed by it, and named by a test."""
    installed = (ROOT / "pyproject.toml").read_text() + (ROOT / ".ci" / "run").read_text()
    assert re.search(rf'(?i)["\s]{re.escape(name)}[:";><=]', installed)
    files = [*ROOT.glob("test/interoperation/*.py"), *ROOT.glob("test/transport/*.py")]
    words = "|".join(re.escape(x) for x in {name, name.replace("-", "_"), word_of(name)})
    assert any(re.search(rf"(?i)\b({words})\b", file.read_text()) for file in files)


def word_of(name: str) -> str:
    """Return the word under which a test imports or starts what is installed."""
    modules = {
        "pyuwsgi": "uwsgi",
        "vcrpy": "vcr",
        "opentelemetry-instrumentation-urllib3": "URLLib3Instrumentor",
        "opentelemetry-instrumentation-threading": "ThreadingInstrumentor",
        "varnishd": "varnish",
    }
    return modules.get(name, name)


@pytest.mark.parametrize(("name", "version"), ROWS, ids=[name for name, _ in ROWS])
def test_the_major_version_of_the_page_is_the_installed_one(name: str, version: str) -> None:
    """The page's version has the major number of what is installed here, if it is."""
    found = version_here(name)
    if found is None:
        pytest.skip(f"{name} is not installed in this environment")
    assert version.split(".")[0] == found.split(".")[0]


def version_here(name: str) -> str | None:
    """Return the version of a program or a library, or None."""
    if name in VERSION_OF:
        return program_version(name)
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def program_version(name: str) -> str | None:
    """Return the version that a program prints, or None if it is not installed."""
    program, option = VERSION_OF[name]
    path = shutil.which(program, path="/usr/local/bin:/usr/bin:/usr/local/sbin:/usr/sbin")
    if path is None:
        return None
    shown = subprocess.run([path, option], capture_output=True, text=True, timeout=30, check=False)
    match = re.search(r"\d+\.\d+(\.\d+)?", shown.stdout + shown.stderr)
    return match and match[0]
