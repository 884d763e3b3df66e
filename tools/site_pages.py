"""Collect the pages of the documentation site in build/pages, from which the site is built.

::

    python tools/site_pages.py && mkdocs build --strict

The site has the pages of docs/, and those at the top of the repository: its home is the README.
Links between them are written for the repository, and changed here for the site.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = ROOT / "build" / "pages"
TOP = {  # pages outside docs/, by their names on the site
    "index.md": "README.md",
    "CHANGELOG.md": "CHANGELOG.md",
    "CONTRIBUTING.md": "CONTRIBUTING.md",
    "SECURITY.md": "SECURITY.md",
    "LICENSE.md": "LICENSE",
}


def on_site(text: str) -> str:
    """Return the text of a page with its links as on the site."""
    text = re.sub(r"\]\(docs/", "](", text)
    text = re.sub(r"\]\(\.\./(?=README|CHANGELOG|CONTRIBUTING|SECURITY|LICENSE)", "](", text)
    text = re.sub(r"\]\(README\.md", "](index.md", text)
    text = re.sub(r"\]\(LICENSE\)", "](LICENSE.md)", text)
    # In code in a table, GitHub's Markdown needs a backslash before |, and MkDocs' shows it.
    return re.sub(r"`[^`\n]+`", lambda code: code[0].replace(r"\|", "|"), text)


def collect() -> None:
    """Copy all pages and pictures."""
    shutil.rmtree(PAGES, ignore_errors=True)
    shutil.copytree(ROOT / "docs", PAGES, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    for name, source in TOP.items():
        shutil.copy(ROOT / source, PAGES / name)
    for page in PAGES.rglob("*.md"):
        page.write_text(on_site(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    collect()
