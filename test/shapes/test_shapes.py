"""What this client makes of each form that the API's responses have.

``test/judges`` does the same with the official client.
"""

from __future__ import annotations

import pytest
import shapes


@pytest.fixture(scope="module")
def here() -> list[str]:
    """What this client makes of each form."""
    return shapes.here()


def test_each_form_with_data_is_read(here: list[str]) -> None:
    """A form raises if it holds no data, and is read otherwise."""
    read = shapes.read_without_error(here)
    wrong = [
        (shape["operation"], shape["shape"], outcome)
        for number, (shape, outcome) in enumerate(zip(shapes.shapes(), here, strict=True))
        if shapes.must_raise(shape) is (number in read)
    ]
    assert [] == wrong


def test_the_page_shows_all_forms(here: list[str]) -> None:
    """docs/development/shapes.md has each form, and what this client makes of it."""
    hint = "run `python test/support/shapes.py PYTHON` with a Python that has the official client"
    official = shapes.recorded()
    assert len(shapes.shapes()) == len(official), hint
    assert shapes.page(official, here) == shapes.PAGE.read_text(encoding="utf-8"), hint


def test_each_file_is_on_the_page() -> None:
    """Every file of the folder has its place on the page."""
    assert sorted(shapes.FILES) == sorted(path.stem for path in shapes.FOLDER.glob("*.json"))
