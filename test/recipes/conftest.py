"""Fixtures of the recipes' tests, which need the recipes' libraries: ``tox -e recipes``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pages import TODAY, Recipe

from fastly.testing import BillingServer


@pytest.fixture
def server() -> Iterator[BillingServer]:
    """The stand-in on the day whose figures the pages show."""
    with BillingServer(today=TODAY, estimate_pending=0) as server:
        yield server


@pytest.fixture
def recipe(tmp_path: Path, server: BillingServer) -> Callable[[str], Recipe]:
    """Return the function that opens a recipe by the name of its page."""
    return lambda name: Recipe(name, tmp_path, server)
