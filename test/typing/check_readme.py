"""Check that the README's examples, as one program, pass mypy and pyright in strict mode."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

README = Path(__file__).parent.parent.parent / "README.md"
CHECKERS = (["mypy", "--strict", "--config-file="], ["pyright", "--level", "warning"])


def program() -> str:
    """Return the Python examples, in their order."""
    text = README.read_text(encoding="utf-8")
    return "\n".join(re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))


def main() -> int:
    """Run both checkers, and return the exit status."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "readme.py"
        file.write_text("# pyright: strict\n" + program(), encoding="utf-8")
        return max(subprocess.run([*c, str(file)], check=False).returncode for c in CHECKERS)


if __name__ == "__main__":
    sys.exit(main())
