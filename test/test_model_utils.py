"""The mechanism of models, on models of the test's own."""

from datetime import datetime

import pytest

import fastly
from fastly.model_utils import Model, field


class Part(Model):
    """A part, for the tests."""

    count: int | None = field("How many.")
    made: datetime | None = field("When it was made.", unit="UTC")


class Whole(Part):
    """A whole of parts, for the tests."""

    parts: list[Part] | None = field("Its parts.")
    by_name: dict[str, float] | None = field("Numbers by name.")


def test_a_declaration_is_all_there_is() -> None:
    """A class with annotated fields is a working model, inherited fields included."""
    whole = Whole.from_dict({"count": "3", "parts": [{"count": 1.0}], "by_name": {"x": "2"}})
    assert (3, [Part(count=1)], {"x": 2.0}) == (whole.count, whole.parts, whole.by_name)
    assert ["count", "made", "parts", "by_name"] == list(Whole.__fields__)
    assert ["count", "made"] == list(Part.__fields__)


def test_a_declaration_documents_itself() -> None:
    """The class's attribute is the declaration: name, annotation, unit, meaning."""
    made = Part.__fields__["made"]
    assert ("made", "datetime | None", "UTC", "When it was made.") == (
        made.name,
        made.annotation,
        made.unit,
        made.meaning,
    )
    assert "When it was made. [UTC]" == made.__doc__
    assert "datetime | None" == repr(made)


def test_annotations_as_text_are_refused() -> None:
    """A declaration whose annotations are only text says what to change."""
    with pytest.raises(fastly.ApiTypeError, match="from __future__ import annotations"):
        type("Wrong", (Model,), {"__annotations__": {"x": "int | None"}, "x": field("X.")})


def test_a_model_inside_a_model_is_taken_as_it_is() -> None:
    """Models given to a constructor are kept; those of another class are refused."""
    part = Part(count=1)
    assert [part] == Whole(parts=[part]).parts
    with pytest.raises(
        fastly.ApiTypeError, match=r"parts\[0\]: expected an object, not BillingStatus"
    ):
        Whole(parts=[fastly.models.BillingStatus()])  # type: ignore[list-item]  # the mistake
