"""The machinery of models, tested with models that each test declares."""

import copy
import sys
from datetime import datetime
from inspect import Parameter, signature
from typing import Any

import pytest

import fastly
from fastly._models import Model, field
from fastly._models.fields import annotations_of
from fastly.models import (
    BillingRegions,
    BillingStatus,
    BillingTotal,
    BillingTotalExtras,
    HistoricalUsageAggregatedResponse,
    HistoricalUsageData,
    HistoricalUsageService,
    Serviceusagemetrics,
    ServiceusagemetricsData,
    Usagemetrics,
)


def declared() -> tuple[Any, Any]:
    """Declare two models, one of which contains the other."""

    class Part(Model):
        """A part."""

        count: int | None = field("How many.")
        made: datetime | None = field("When it was made.", unit="UTC")

    class Whole(Part):
        """A whole of parts."""

        parts: list[Part] | None = field("Its parts.")
        by_name: dict[str, Part] | None = field("Its parts by name.")
        main: Part | None = field("Its main part.")
        weights: dict[str, float] | None = field("Weights by name.")
        names: list[str] | None = field("Names.")

    return Part, Whole


def test_a_declaration_is_all_there_is() -> None:
    """A class with annotated fields is a working model, inherited fields included."""
    part, whole = declared()
    made = whole.from_dict(
        {
            "count": "3",
            "parts": [{"count": 1.0}, None],
            "by_name": {"x": {"count": 2}, "y": None},
            "main": {"made": "2020-05-01", "more": 1},
            "weights": {"x": "2", "y": None},
            "names": {"value": [5, None]},
        }
    )
    assert whole(parts=None) == whole.from_dict({"parts": {"value": None}})
    assert (3, [part(count=1), None]) == (made.count, made.parts)
    assert {"x": part(count=2), "y": None} == made.by_name
    assert ("2020-05-01T00:00:00Z", 1) == (made.main.to_dict()["made"], made.main["more"])
    assert ({"x": 2.0, "y": None}, ["5", None]) == (made.weights, made.names)
    names = ["count", "made", "parts", "by_name", "main", "weights", "names"]
    assert (names, ["count", "made"]) == (list(whole.__fields__), list(part.__fields__))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"count": "x"}, "count: expected a whole number, got 'x'"),
        ({"made": 5}, "made: expected an ISO 8601 time, got 5"),
        ({"main": []}, "main: expected an object, got list"),
        ({"main": {"count": {}}}, "main.count: expected a whole number, got dict"),
        ({"parts": {}}, "parts: expected a list, got dict"),
        ({"parts": {"other": []}}, "parts: expected a list, got dict"),
        ({"parts": {"value": 5}}, "parts: expected a list, got dict"),
        ({"parts": [{}, 5]}, "parts[1]: expected an object, got 5"),
        ({"parts": [{"count": True}]}, "parts[0].count: expected a whole number, got True"),
        ({"by_name": []}, "by_name: expected an object, got list"),
        ({"by_name": {"a": 5}}, "by_name.a: expected an object, got 5"),
        ({"by_name": {"a": {"count": 0.5}}}, "by_name.a.count: expected a whole number, got 0.5"),
        ({"weights": {"a-b": "y"}}, "weights['a-b']: expected a number, got 'y'"),
        ({"names": ["a", []]}, "names[1]: expected text, got list"),
        ({"count": "x" * 201}, f"count: expected a whole number, got {'x' * 200!r}..."),
        ({"count": "x" * 200}, f"count: expected a whole number, got {'x' * 200!r}"),
        ({"weights": {"a": float("inf")}}, "weights.a: expected a number, got NaN or infinity"),
    ],
)
def test_a_wrong_value_is_named(data: dict[str, Any], message: str) -> None:
    """The message about a wrong value has its path, what was expected, and what was given."""
    _, whole = declared()
    with pytest.raises(fastly.ApiTypeError) as caught:
        whole.from_dict(data)
    assert message == str(caught.value)


def test_a_declaration_documents_itself() -> None:
    """On the class, a field is its declaration: name, annotation, unit, meaning."""
    part, whole = declared()
    made = part.__fields__["made"]
    assert ("made", "datetime | None", "UTC") == (made.name, made.annotation, made.unit)
    assert ("When it was made.", "When it was made. [UTC]") == (made.meaning, made.__doc__)
    assert ("datetime | None", made) == (repr(made), part.made)
    count = part.__fields__["count"]
    assert ("How many.", "How many.", "") == (count.meaning, count.__doc__, count.unit)
    annotations = {name: f.annotation for name, f in whole.__fields__.items()}
    assert "list[Part] | None" == annotations["parts"].replace("declared.<locals>.", "")
    assert "dict[str, float] | None" == annotations["weights"]
    assert "int | None" == annotations["count"]


def test_the_signature_of_a_constructor() -> None:
    """Each field is a keyword of the constructor, with the default None."""
    part, _ = declared()
    expected = [
        Parameter("count", Parameter.KEYWORD_ONLY, default=None, annotation="int | None"),
        Parameter("made", Parameter.KEYWORD_ONLY, default=None, annotation="datetime | None"),
    ]
    assert expected == list(signature(part).parameters.values())


def test_annotations_as_text_are_refused() -> None:
    """A declaration with text annotations raises an error that says what to change."""
    with pytest.raises(
        fastly.ApiTypeError,
        match=r"^declare models without `from __future__ import annotations`$",
    ):
        type("Wrong", (Model,), {"__annotations__": {"x": "int | None"}, "x": field("X.")})


def test_a_model_inside_a_model_is_taken_as_it_is() -> None:
    """Models given to a constructor are kept; those of another class are refused."""
    part, whole = declared()
    made = part(count=1)
    assert made is whole(main=made).main
    assert [made] == whole(parts=(made,)).parts
    with pytest.raises(fastly.ApiTypeError, match=r"parts\[0\]: expected an object, got BillingS"):
        whole(parts=[BillingStatus()])


@pytest.mark.parametrize("wrap", [lambda x: {"x": x}, lambda x: [x], lambda x: (x,)])
def test_how_deep_data_may_be(wrap: Any) -> None:
    """Data may be nested at most 100 levels deep, in objects and in lists."""
    data: Any = 1
    for _ in range(99):
        data = wrap(data)
    BillingTotal.from_dict({"x": data})
    with pytest.raises(fastly.ApiValueError, match="nested more than 100 levels deep"):
        BillingTotal.from_dict({"x": wrap(data)})


@pytest.mark.parametrize("value", [sys.float_info.max, -sys.float_info.max, 5e-324, -0.0])
def test_every_float_is_a_number(value: float) -> None:
    """The largest and the smallest floats are accepted."""
    total = BillingTotal.from_dict({"cost": value, "discount": repr(value)})
    assert (value, value) == (total.cost, total.discount)


def test_the_layout_of_repr() -> None:
    """A repr that fits is on one line; else parts fill lines, and long lists are shortened."""
    extras = [BillingTotalExtras(name=f"extra {i}", setup=i) for i in range(4)]
    assert "BillingTotalExtras(name='extra 1', setup=1.0)" == repr(extras[1])
    three = BillingTotal(cost=1, extras=extras[:3])
    assert repr(three) == (
        "BillingTotal(\n"
        "  cost=1.0,\n"
        "  extras=[\n"
        "    BillingTotalExtras(name='extra 0', setup=0.0),\n"
        "    BillingTotalExtras(name='extra 1', setup=1.0),\n"
        "    BillingTotalExtras(name='extra 2', setup=2.0)])"
    )
    four = BillingTotal(extras=extras, plan_name="p" * 50, terms="t" * 30, plan_code="c")
    assert repr(four) == (
        "BillingTotal(\n"
        "  extras=[\n"
        "    BillingTotalExtras(name='extra 0', setup=0.0),\n"
        "    BillingTotalExtras(name='extra 1', setup=1.0),\n"
        "    BillingTotalExtras(name='extra 2', setup=2.0), ... and 1 more],\n"
        f"  plan_name='{'p' * 50}',\n"
        f"  terms='{'t' * 30}', plan_code='c')"
    )


@pytest.mark.parametrize(("length", "lines"), [(55, 1), (56, 2)])
def test_a_line_has_fewer_than_80_characters(length: int, lines: int) -> None:
    """A model of 79 characters is on one line, and one of 80 is not."""
    text = repr(BillingStatus(status="s" * length))
    assert lines == len(text.splitlines())
    assert 79 == len("BillingStatus(status='')") + 55


@pytest.mark.parametrize(("length", "widths"), [(37, [80, 37]), (38, [45, 73])])
def test_lines_are_filled_to_the_width(length: int, widths: list[int]) -> None:
    """Parts share a line up to 80 characters with its margin and comma, and no further."""
    model = BillingTotal.from_dict({"a": "s" * length, "b": "s" * 30, "c": "s" * 30})
    lines = repr(model).splitlines()
    assert ("BillingTotal(", widths) == (lines[0], [len(line) for line in lines[1:]])


def test_a_broken_part_stands_alone() -> None:
    """A part that takes several lines shares none of them."""
    regions = {"usa": BillingRegions.from_dict({"cost": 1, "a": "s" * 40, "b": "s" * 40})}
    model = fastly.models.Billing(customer_id="c", regions=regions, vendor_state="up")
    assert repr(model).splitlines() == [
        "Billing(",
        "  customer_id='c',",
        "  regions={",
        "    'usa': BillingRegions(",
        f"      cost=1.0, a='{'s' * 40}',",
        f"      b='{'s' * 40}')}},",
        "  vendor_state='up')",
    ]


def test_a_naive_time_is_made_aware_by_every_way() -> None:
    """A datetime without an offset is UTC, also in a model created from it."""
    part, _ = declared()
    naive = datetime(2020, 5, 1)
    for made in (part(made=naive), part.from_dict({"made": naive})):
        assert "2020-05-01T00:00:00Z" == made.to_dict()["made"]


def test_names_of_fields_are_text() -> None:
    """A name that is not text is refused and shown."""
    anything: Any = BillingTotal()
    with pytest.raises(fastly.ApiTypeError, match=r"^the name of a field must be text, got 5$"):
        anything[5] = 1


@pytest.mark.parametrize("value", [sys.float_info.max, -sys.float_info.max])
def test_the_largest_number_is_shown_in_a_message(value: float) -> None:
    """The message about a misplaced number shows it, up to the largest one."""
    with pytest.raises(fastly.ApiTypeError, match=r"got -?1\.7976931348623157e.308$"):
        BillingStatus.from_dict({"sent_at": value})


def test_parts_of_a_broken_model_are_indented_to_their_depth() -> None:
    """The width of a nested line is reduced by its indentation."""
    region = BillingRegions.from_dict({"a": "s" * 33, "b": "t" * 33})
    lines = repr(fastly.models.Billing(regions={"usa": region}, customer_id="c" * 30)).splitlines()
    assert [f"      a='{'s' * 33}',", f"      b='{'t' * 33}')}},"] == lines[3:5]


@pytest.mark.parametrize("text", ["1.50", "10.0", "X", "0X", "5.X"])
def test_whole_numbers_as_text(text: str) -> None:
    """A whole number can be text with zeros, and nothing else, after its decimal point."""
    if text == "10.0":
        assert 10 == declared()[0].from_dict({"count": text}).count
    else:
        with pytest.raises(fastly.ApiTypeError, match=f"got {text!r}$"):
            declared()[0].from_dict({"count": text})


@pytest.mark.parametrize("value", [sys.float_info.max, -sys.float_info.max, 10**300, True, None])
def test_every_number_of_json_may_be_in_an_unknown_field(value: Any) -> None:
    """An undocumented field accepts any finite number."""
    assert value == BillingTotal.from_dict({"x": value})["x"]


def test_a_hook_of_python_is_never_answered_from_data() -> None:
    """A field named like a hook, such as __deepcopy__, does not break copies."""
    part, _ = declared()
    made = part.from_dict({"__deepcopy__": 5, "__getstate__": "x"})
    assert made == copy.deepcopy(made)
    with pytest.raises(fastly.ApiAttributeError, match="has no field '__deepcopy__'"):
        _ = made.__deepcopy__


def test_json_text_and_back() -> None:
    """from_json reads what to_json writes, as text or bytes."""
    total = BillingTotal(cost=1.5)
    assert total == BillingTotal.from_json(total.to_json())
    assert total == BillingTotal.from_json(b'{"cost": "1.50"}')


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("{", fastly.ApiValueError, r"^BillingTotal.from_json\(\) got invalid JSON: Expecting"),
        ("[]", fastly.ApiTypeError, r"takes a mapping, got list$"),
        (5, fastly.ApiTypeError, r"^BillingTotal.from_json\(\) takes text: "),
        ("[" * 10**5, fastly.ApiValueError, "got invalid JSON"),
    ],
)
def test_text_that_is_not_a_json_object(text: Any, kind: type[Exception], message: str) -> None:
    """from_json refuses what is not a JSON object, and says why."""
    with pytest.raises(kind, match=message):
        BillingTotal.from_json(text)


def test_annotations_that_python_cannot_evaluate() -> None:
    """A field that hides a type of its own class is refused with a message that says so."""
    if sys.version_info < (3, 14):
        pytest.skip("before Python 3.14, the class statement itself evaluates annotations")
    with pytest.raises(fastly.ApiTypeError, match=r"^cannot read the annotations of Mixed: "):

        class Mixed(Model):
            """A model with a field named like a type."""

            date: str | None = field("A word.")
            due: date | None = field("A day.")


LINE = {"count": 1, "made": "2020-05-01", "weight": 1.5}


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [LINE],
        [LINE, LINE, LINE],
        [LINE, {**LINE, "count": "2", "weight": 3}],
        [LINE, {**LINE, "made": None}, {**LINE, "weight": None}],
        [LINE, {"weight": 1.5, "count": 1, "made": "2020-05-01"}],
        [LINE, {"count": 1}, {**LINE, "more": [1]}],
        [{"more": 1}, {"more": 2}],
        [{}, {}],
        [None, LINE],
        [LINE, None],
    ],
)
def test_a_list_is_read_as_its_items_are(lines: list[Any]) -> None:
    """The items of a list are read as they would be by themselves, similar or not."""

    class Line(Model):
        """A line."""

        count: int | None = field("How many.")
        made: datetime | None = field("When.")
        weight: float | None = field("How heavy.")

    class Bill(Model):
        """A bill."""

        lines: list[Line] | None = field("Its lines.")

    for many in (lines, lines * 50):
        alone = [None if line is None else Line.from_dict(line) for line in many]
        assert alone == Bill.from_dict({"lines": many}).lines


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"count": "x"}, r"^parts\[1\].count: expected a whole number, got 'x'$"),
        ({"count": float("inf")}, r"^parts\[1\].count: expected a whole number, got NaN or infin"),
        ({"count": True}, r"^parts\[1\].count: expected a whole number, got True$"),
        ({"made": "x"}, r"^parts\[1\].made: expected an ISO 8601 time, got 'x'$"),
        ("x", r"^parts\[1\]: expected an object, got 'x'$"),
        (["count"], r"^parts\[1\]: expected an object, got list$"),
    ],
)
def test_a_wrong_value_in_a_list_has_its_path(wrong: Any, message: str) -> None:
    """The message about a wrong value in a list names the item and the field."""
    _, whole = declared()
    line = {"count": 1, "made": "2020-05-01"}
    item = {**line, **wrong} if isinstance(wrong, dict) else wrong
    with pytest.raises(fastly.ApiTypeError, match=message):
        whole.from_dict({"parts": [line, item, line]})
    with pytest.raises(fastly.ApiTypeError, match=message):
        whole.from_dict({"parts": [line, item, *[line] * 50]})


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), float("nan")])
def test_a_number_in_a_list_is_finite(value: float) -> None:
    """A number that is not finite is refused in a list, too."""
    lines = [{"name": "a", "setup": 1.5}, {"name": "b", "setup": value}] * 50
    with pytest.raises(fastly.ApiTypeError, match=r"^extras\[1\].setup: expected a number, got "):
        BillingTotal.from_dict({"extras": lines})


def test_annotations_that_cannot_be_evaluated_are_explained() -> None:
    """Annotations that Python fails over are refused with the likely reasons."""

    class Lazy(type):
        """A type whose annotations fail when they are read, as they can from Python 3.14 on."""

        @property
        def __annotations__(cls) -> Any:
            raise NameError("name 'Unknown' is not defined")

    message = (
        r"^cannot read the annotations of Late: name 'Unknown' is not defined. A model cannot "
    )
    with pytest.raises(fastly.ApiTypeError, match=message):
        annotations_of(Lazy("Late", (), {}))


@pytest.mark.parametrize(
    ("data", "names"),
    [({"name": "x"}, ["x"]), ([{"name": "x"}, {"name": "y"}], ["x", "y"]), ([], []), (None, None)],
)
def test_a_list_that_may_come_as_its_only_item(data: Any, names: list[str] | None) -> None:
    """A field that is a list is a list, even if its only item was sent without one."""
    usage = Usagemetrics.from_dict({"data": data})
    assert names == (None if usage.data is None else [item.name for item in usage.data])


@pytest.mark.parametrize(
    ("data", "units"),
    [({"unit": "a"}, ["a"]), ([{"unit": "a"}, None, {"unit": "b"}], ["a", "b"]), (None, [])],
)
def test_an_object_that_may_come_as_a_list(data: Any, units: list[str]) -> None:
    """A field that is an object reads as the first, and all of them are kept."""
    usage = Serviceusagemetrics.from_dict({"data": data})
    assert units == [block.unit for block in usage.blocks]
    assert (units or [None])[0] == (usage.data.unit if usage.data else None)


def test_the_first_of_many_takes_precedence_over_the_dictionary() -> None:
    """A field that is one object or a list of them reads as the first, however it was set."""
    usage = Serviceusagemetrics()
    first, second = ServiceusagemetricsData(unit="a"), ServiceusagemetricsData(unit="b")
    object.__setattr__(usage, "data", [first, second])
    assert (first, [first, second]) == (usage.data, usage.blocks)


def test_a_json_schema_follows_from_the_fields() -> None:
    """The JSON Schema of a model has the type and the meaning of each field, all nullable."""
    name = {"type": ["string", "null"], "description": "Name of the service."}
    traffic = HistoricalUsageData.json_schema()
    assert ["number", "null"] == traffic["properties"]["bandwidth"]["type"]
    del traffic["$schema"], traffic["title"]
    assert HistoricalUsageService.json_schema() == {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "HistoricalUsageService",
        "type": "object",
        "properties": {"name": name},
        "additionalProperties": traffic | {"type": ["object", "null"]},
    }
    by_region = HistoricalUsageAggregatedResponse.json_schema()["properties"]["data"]
    assert traffic | {"type": ["object", "null"]} == by_region["additionalProperties"]
    blocks = Serviceusagemetrics.json_schema()["properties"]["data"]
    assert ["object", "array", "null"] == blocks["type"]
    assert blocks["properties"] == blocks["items"]["properties"]
    time = blocks["properties"]["start_time"]
    assert (["string", "null"], "date-time") == (time["type"], time["format"])
