"""Write what the reference pages repeat from the code: models, and tables of settings.

::

    python tools/reference.py

A page in docs/models/ consists of what the declaration says, which this command writes, and an
example, which is written by hand below the title "Example" and kept. A new model gets a page
without an example. In docs/configuration.md, the command writes the rows of the two tables.
test/project/test_docs.py holds the pages to the code.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = ROOT / "docs" / "models"
SETTINGS = ROOT / "docs" / "configuration.md"
EXAMPLE = "\n## Example\n"

sys.path.insert(0, str(ROOT))

from fastly import Configuration, models  # noqa: E402  # the path comes first
from fastly._models import Model  # noqa: E402
from fastly.configuration.settings import Setting  # noqa: E402


def declared_part(model: type[Model]) -> str:
    """Return the part of a model's page that follows from its declaration."""
    name = model.__name__
    lines = [
        f"# {name}",
        "",
        *_description(model),
        "",
        "```python",
        f"from {model.__module__} import {name}",
        "```",
        "",
        *_table(model),
        "",
        "Every field can be `None`. See [Models](../models.md) for what all models have in common.",
        *_relations(model),
    ]
    return "\n".join(lines) + "\n"


def _description(model: type[Model]) -> list[str]:
    return [_code(line.strip()) for line in (model.__doc__ or "").strip().splitlines()]


def _table(model: type[Model]) -> Iterator[str]:
    yield "| Field | Type | Unit | Meaning |"
    yield "|---|---|---|---|"
    for field in model.__fields__.values():
        kind = field.annotation.removesuffix(" | None")  # the page says this once for all fields
        cells = f"`{field.name}`", f"`{kind}`", _code(field.unit), _code(field.meaning)
        yield "|" + "|".join(f" {cell} " if cell else " " for cell in cells) + "|"


def _code(text: str) -> str:
    """Write code of a docstring as code of Markdown."""
    return text.replace("``", "`")


def _relations(model: type[Model]) -> Iterator[str]:
    """Say where the model is part of others, and which others are part of it."""
    parts = [_class(name) for name in _names_in(model)]
    owners = [kind for kind in _all() if model.__name__ in _names_in(kind)]
    parents = [kind for kind in _all() if kind is not model and issubclass(model, kind)]
    for label, kinds in (("Contains", parts), ("Part of", owners), ("Subclass of", parents)):
        if kinds:
            yield ""
            yield f"{label}: {', '.join(f'[{x.__name__}]({x.__name__}.md)' for x in kinds)}."


def _names_in(model: type[Model]) -> list[str]:
    """Return the models in a model's annotations, each once, in order."""
    words = (word for f in model.__fields__.values() for word in re.findall(r"\w+", f.annotation))
    return list(dict.fromkeys(word for word in words if word in models.__all__))


def _all() -> list[type[Model]]:
    return [_class(name) for name in models.__all__]


def _class(name: str) -> type[Model]:
    model: type[Model] = getattr(models, name)
    return model


def with_settings(page: str) -> str:
    """Return the page on the configuration with the settings in its table."""
    rows = [
        f"| `{name}` | `{x.default!r}` | {_code(x.meaning)} |"
        for name, x in vars(Configuration).items()
        if isinstance(x, Setting)
    ]
    return _with_rows(page, "| Setting | Default | Meaning |", rows)


def _with_rows(page: str, title: str, rows: list[str]) -> str:
    """Replace the rows of the table that has a title."""
    before, _, after = page.partition(f"{title}\n")
    ruler, _, _ = after.partition("\n")
    rest = after[re.match(r"(\|.*\n)+", after).end() :]
    return "\n".join([f"{before}{title}", ruler, *rows, rest])


def write(model: type[Model]) -> None:
    """Write a model's page, and keep its example."""
    page = PAGES / f"{model.__name__}.md"
    text = page.read_text(encoding="utf-8") if page.exists() else ""
    example = text.partition(EXAMPLE)
    page.write_text(declared_part(model) + "".join(example[1:]), encoding="utf-8")


if __name__ == "__main__":
    for one in _all():
        write(one)
    SETTINGS.write_text(with_settings(SETTINGS.read_text(encoding="utf-8")), encoding="utf-8")
