"""Draw the picture of the README: what the command prints to a terminal, as SVG.

::

    python tools/picture.py

The picture is docs/images/invoice.svg. test_docs.py holds it to what the command prints.
"""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "images" / "invoice.svg"
COMMAND = ("invoice", "2026-05", "--demo")

COLUMNS = 80
CELL, LINE, MARGIN = 8.4, 19, 20  # pixels: width of a character, height of a line, border
STYLE = """\
    rect.paper { fill: #ffffff; stroke: #d0d7de; }
    text { font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; fill: #1f2328; }
    text.prompt { fill: #57606a; }
    rect.bar { fill: #cf222e; }
    line { stroke: #d0d7de; }
    @media (prefers-color-scheme: dark) {
      rect.paper { fill: #0d1117; stroke: #3d444d; }
      text { fill: #e6edf3; }
      text.prompt { fill: #9198a1; }
      rect.bar { fill: #ff7b72; }
      line { stroke: #3d444d; }
    }"""


def on_terminal(*arguments: str) -> str:
    """Return what the command prints to a terminal of 80 columns, stderr included."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(COLUMNS), "PYTHONUTF8": "1"}
    command = [sys.executable, "-m", "fastly", *arguments]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=theirs, stderr=theirs):
        os.close(theirs)
        output = b"".join(iter(lambda: _read(ours), b""))
    os.close(ours)
    return output.decode().replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    """Read from a terminal; Linux reports its end as an error."""
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""


def drawn(command: str, output: str) -> str:
    """Return the picture of a command and its output."""
    lines = [f"$ {command}", *output.rstrip("\n").split("\n")]
    width, height = COLUMNS * CELL + 2 * MARGIN, len(lines) * LINE + 2 * MARGIN
    shapes = [shape for row, line in enumerate(lines) for shape in _shapes(row, line)]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}">',
            f"  <title>{escape(command)}</title>",
            f"  <style>\n{STYLE}\n  </style>",
            f'  <rect class="paper" x="0.5" y="0.5" width="{width - 1:g}" '
            f'height="{height - 1:g}" rx="8"/>',
            *shapes,
            "</svg>\n",
        ]
    )


def _shapes(row: int, line: str) -> Iterator[str]:
    """Draw the parts of a line, each at its column: fonts differ in width."""
    top = MARGIN + row * LINE
    for part in re.finditer(r"█+|─+|[^ █─]+(?: [^ █─]+)*", line):
        left, length = MARGIN + part.start() * CELL, len(part[0]) * CELL
        if part[0][0] == "█":
            yield f'  <rect class="bar" x="{left:g}" y="{top + 4}" width="{length:g}" height="11"/>'
        elif part[0][0] == "─":
            middle = top + 9.5
            yield f'  <line x1="{left:g}" y1="{middle}" x2="{left + length:g}" y2="{middle}"/>'
        else:
            kind = ' class="prompt"' if row < 2 else ""
            yield (
                f'  <text{kind} x="{left:g}" y="{top + 14}" textLength="{length:g}">'
                f"{escape(part[0], quote=False)}</text>"
            )


def picture() -> str:
    """Run the command, and return its picture."""
    return drawn(f"fastly-billing {' '.join(COMMAND)}", on_terminal(*COMMAND))


if __name__ == "__main__":
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(picture(), encoding="utf-8")
