"""Check that mypy and pyright find each mistake of wrong_code.py.txt, and nothing else in it."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

SOURCE = Path(__file__).with_name("wrong_code.py.txt")
CHECKERS = {
    "mypy": ["mypy", "--strict", "--no-error-summary", "--config-file="],
    "pyright": ["pyright"],
}


def expected() -> set[int]:
    """Return the lines that are mistakes."""
    lines = SOURCE.read_text().splitlines()
    return {number for number, line in enumerate(lines, 1) if line.endswith("# wrong")}


def found(command: list[str], file: Path) -> set[int]:
    """Return the lines in which a checker finds an error."""
    run = subprocess.run([*command, str(file)], capture_output=True, text=True, check=False)
    lines = re.findall(rf"{file.name}:(\d+)(?::\d+)?(?: -|:) error", run.stdout)
    return {int(line) for line in lines}


def main() -> int:
    """Run both checkers over the mistakes, and print which they missed or invented."""
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "wrong_code.py"
        file.write_text(SOURCE.read_text())
        for name, command in CHECKERS.items():
            lines = found(command, file)
            missed, made_up = sorted(expected() - lines), sorted(lines - expected())
            print(f"{name}: {len(lines)} errors; missed {missed}; unexpected {made_up}")
            failed |= bool(missed or made_up)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
