"""The programs that judge: the official client in an environment of its own, and npm packages."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

RELEASE = "fastly==15.0.0"


@pytest.fixture(scope="session")
def official(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """A function that runs a program with the official client, and returns the JSON it prints."""
    folder = tmp_path_factory.mktemp("official")
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    install = [python, "-m", "pip", "install", "-q", RELEASE]
    installed = subprocess.run(install, capture_output=True, text=True, cwd=folder)
    if installed.returncode:
        pytest.skip(f"cannot install {RELEASE}: {installed.stderr.strip()[-200:]}")

    def run(program: Path, *arguments: str, given: object = None) -> Any:
        command = [python, "-I", program, *arguments]
        text = json.dumps(given)
        done = subprocess.run(command, input=text, capture_output=True, text=True, cwd=folder)
        assert 0 == done.returncode, done.stderr
        return json.loads(done.stdout)

    return run


@pytest.fixture(scope="session")
def npm_package(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A function that installs a package with npm, and returns the folder of all packages."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is missing")

    def install(package: str) -> Path:
        folder = tmp_path_factory.mktemp("npm")
        # Without the first option, npm asks the registry again about all that is in its cache.
        options = ["--prefer-offline", "--no-audit", "--no-fund", "--prefix", folder]
        command = [npm, "install", *options, package]
        try:
            installed = subprocess.run(command, capture_output=True, text=True, timeout=600)
        except subprocess.TimeoutExpired:
            pytest.skip(f"npm takes too long to install {package}")
        if installed.returncode:
            pytest.skip(f"cannot install {package}: {installed.stderr.strip()[-200:]}")
        return folder / "node_modules"

    return install
