"""The official client, installed into an environment of its own: it has this package's name."""

from __future__ import annotations

import json
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
