"""The programs of the pages in docs/recipes, run as their readers run them."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from datetime import date
from pathlib import Path

from shell import at_a_terminal

import fastly
from fastly.testing import BillingServer

ROOT = Path(__file__).resolve().parent.parent.parent
RECIPES = ROOT / "docs" / "recipes"
LIST = re.compile(r"/v3/invoices\Z")
MTD = "/billing/v3/invoices/month-to-date"
STRICT = ("PYTHONDEVMODE", "PYTHONWARNINGS")  # a reader's programs show fewer warnings
TODAY = date(2026, 8, 20)  # which the page with all recipes names


class Recipe:
    """A page, and a folder of its reader with the programs and files."""

    def __init__(self, name: str, folder: Path, server: BillingServer) -> None:
        self.page = (RECIPES / f"{name}.md").read_text(encoding="utf-8")
        self.folder = folder
        self.variables = {"FASTLY_API_TOKEN": server.token, "FASTLY_API_URL": server.url}

    def blocks(self, language: str) -> list[str]:
        """Return the blocks of the page that are marked with a language."""
        pairs = re.findall(r"^```(\w*)\n(.*?)^```$", self.page, re.MULTILINE | re.DOTALL)
        return [block for mark, block in pairs if mark == language]

    @property
    def environment(self) -> dict[str, str]:
        """The reader's environment; a request to anywhere else fails."""
        nowhere = "http://127.0.0.1:1"
        kept = {name: x for name, x in os.environ.items() if name not in STRICT}
        return {
            **kept,
            "HOME": str(self.folder),
            "PYTHONPATH": str(Path(fastly.__file__).parent.parent),
            "PATH": f"{self.folder}{os.pathsep}{os.environ['PATH']}",
            "HTTP_PROXY": nowhere,
            "HTTPS_PROXY": nowhere,
            "NO_PROXY": "127.0.0.1,localhost",
            "DLT_DATA_DIR": str(self.folder),
            **self.variables,
        }

    def save(self, number: int = 0, **changes: str) -> Path:
        """Save a program of the page, with constants replaced, and return its file."""
        program = self.blocks("python")[number]
        for name, value in changes.items():
            program, count = re.subn(
                rf"^{name} = [^#\n]+", f"{name} = {value} ", program, flags=re.M
            )
            assert count == 1, f"{name} is not a constant of the program"
        file = self.folder / f"program{number}.py"
        file.write_text(program, encoding="utf-8")
        return file

    def run(self, *arguments: str, number: int = 0) -> subprocess.CompletedProcess[str]:
        """Run a program of the page to its end."""
        return self._run(sys.executable, str(self.save(number)), *arguments)

    def run_shell(self) -> subprocess.CompletedProcess[str]:
        """Run the first block of shell commands, which finds the package's command."""
        command = self.folder / "fastly-billing"
        command.write_text(f'#!/bin/sh\nexec {sys.executable} -m fastly "$@"\n', encoding="utf-8")
        command.chmod(stat.S_IRWXU)
        return self._run("sh", "-c", self.blocks("sh")[0])

    def start(self, **changes: str) -> subprocess.Popen[str]:
        """Start the program of the page, with constants replaced."""
        command = [sys.executable, str(self.save(**changes))]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.environment,
            preexec_fn=at_a_terminal,
            **pipes,
        )

    def _run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
