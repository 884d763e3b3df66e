"""Check that type checkers find the mistakes of wrong_code.py.txt, and none in user_code.py."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
SOURCE, RIGHT = HERE / "wrong_code.py.txt", HERE / "user_code.py"
CHECKERS = {
    "mypy": ["mypy", "--strict", "--no-error-summary", "--config-file="],
    "pyright": ["pyright", "--pythonpath", sys.executable],
    "pyrefly": [
        *("pyrefly", "check", "--python-interpreter-path", sys.executable),
        *("--preset", "default", "--search-path", str(ROOT), "--output-format", "min-text"),
    ],
    "ty": ["ty", "check", "--python", sys.prefix, "--output-format", "concise"],
}
# ty takes any further keyword for right if a function, of any library, has `**options: Unpack[...]`
# of a TypedDict. If it learns to see them, this finds more mistakes than expected, and fails.
NOT_SEEN_BY = {"ty": "# wrong, unseen by ty"}


def expected(name: str) -> set[int]:
    """Return the lines that are mistakes which a checker finds."""
    unseen = NOT_SEEN_BY.get(name, "in no line")
    lines = enumerate(SOURCE.read_text().splitlines(), 1)
    return {number for number, line in lines if "# wrong" in line and unseen not in line}


def found(command: list[str], file: Path) -> tuple[set[int], int]:
    """Return the lines in which a checker finds an error, and how many lines it prints."""
    run = subprocess.run([*command, str(file)], capture_output=True, text=True, check=False)
    errors = [line for line in run.stdout.splitlines() if "error" in line.lower()]
    numbers = re.findall(rf"{file.name}:(\d+)", "\n".join(errors))
    return {int(number) for number in numbers}, len(run.stdout.splitlines())


def main() -> int:
    """Run all checkers over both files, and print which mistakes they missed or invented."""
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "wrong_code.py"
        file.write_text(SOURCE.read_text())
        for name, command in CHECKERS.items():
            (lines, printed), (invented, _) = found(command, file), found(command, RIGHT)
            missed, unexpected = expected(name) - lines, lines - expected(name)
            print(
                f"{name}: {len(lines)} mistakes found in {printed} lines; missed {sorted(missed)}; "
                f"unexpected {sorted(unexpected)}; in right code {sorted(invented)}"
            )
            failed |= bool(missed or unexpected or invented)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
