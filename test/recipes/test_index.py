"""The page that lists all recipes."""

from __future__ import annotations

import re

from pages import RECIPES


def test_every_recipe_is_listed_and_tested() -> None:
    """Each page is in the list, and has tests of its own."""
    pages = {page.stem for page in RECIPES.glob("*.md")} - {"README"}
    index = (RECIPES / "README.md").read_text(encoding="utf-8")
    assert pages == set(re.findall(r"\]\(([\w-]+)\.md\)", index))
    tests = {
        path.stem.removeprefix("test_")
        for path in RECIPES.parent.parent.glob("test/recipes/test_*.py")
    }
    assert {page.replace("-", "_") for page in pages} | {"index", "page_programs"} == tests
