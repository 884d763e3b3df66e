"""What clients make of each form that the API's responses have, as docs/development/shapes.md says.

::

    python test/support/shapes.py PYTHON        write the page; PYTHON has the official client
    python -I shapes.py --read URL              print what the installed client makes of each

The forms are in test/shapes: bodies with made-up values. Python's ``-I`` option runs this file with
the official client, so it imports nothing of the project that the official client lacks.
"""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import fastly

FOLDER = Path(__file__).resolve().parent.parent / "shapes"
PAGE = FOLDER.parent.parent / "docs" / "development" / "shapes.md"
ROW = re.compile(r"\| `([^`]*)` \| `[^`]*` \|$", re.MULTILINE)
FILES = (  # in the order of the page
    *("list_invoices", "get_invoice_by_invoice_id", "get_month_to_date_invoice"),
    *("get_usage_metrics", "get_service_level_usage"),
    *("get_usage", "get_usage_service", "get_usage_month", "get_regions"),
    *("arc_get_usage_metrics", "arc_export_usage_metrics"),
    *("list_customer_addresses", "create_customer_address", "update_customer_address"),
    *("errors", "get_invoice", "get_invoice_by_id", "get_invoice_mtd"),
)
HEAD = """# The forms of responses

The project has no Fastly account. These are the forms in which the API's responses are stated, or
have been seen in public, and a few that are only assumed. Each is a small body with made-up values
in `test/shapes/`, which has a file for each operation.

The last two columns show what the official client 15.0.0 and this one make of it: the value that is
read, or the exception. {errors} of the {total} forms hold no data, and must raise: errors, and a
202 while an invoice is being made. The official client takes {taken} of them for data. Of the other
{data} forms, it reads {official}, and this client {here}. The official client has no operations of
version 2.

`tox` checks what this client makes of them, and `tox -e judges` what the official one does. This
command writes the page again:

```sh
python test/support/shapes.py path/to/an/environment/with/the/official/client/bin/python
```
"""
TABLE = "| Form | Source | Value | Official 15.0.0 | Here |\n|---|---|---|---|---|\n"


def shapes() -> list[dict[str, Any]]:
    """Return all forms, with the title, the operation and the arguments of their file."""
    paths = [FOLDER / f"{name}.json" for name in FILES]
    files = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    common = ("title", "operation", "arguments")
    return [
        {"status": 200, **{name: file[name] for name in common if name in file}, **shape}
        for file in files
        for shape in file["shapes"]
    ]


def must_raise(shape: dict[str, Any]) -> bool:
    """Return whether a form holds no data."""
    is_pending = shape["status"] == 202 and "update" not in shape["operation"]
    return is_pending or shape["status"] >= 400 or "error with status 200" in shape["shape"]


def read_all(url: str) -> list[str]:
    """Return what the installed client makes of each form, which is below a path of its own."""
    return [read(shape, f"{url}/{number}") for number, shape in enumerate(shapes())]


def read(shape: dict[str, Any], host: str) -> str:
    """Return the value that is read from a form, or the name of the exception."""
    configuration = fastly.Configuration(host=host)
    configuration.api_key["token"] = "made-up"
    configuration.retries = False
    configuration.estimate_wait = 0  # the official client ignores it, and does not poll
    with fastly.ApiClient(configuration) as client:
        try:
            result = operation(shape["operation"], client)(**arguments(shape))
            return shown(eval(f"result{shape['read']}", {"result": result}))  # noqa: S307  # ours
        except ModuleNotFoundError:
            return "no such operation"
        except Exception as error:
            return type(error).__name__


def operation(name: str, client: fastly.ApiClient) -> Any:
    """Return an operation of a client: "BillingApi.get_invoice"."""
    api, _, method = name.partition(".")
    module = importlib.import_module("fastly.api." + re.sub(r"(?<!^)(?=[A-Z])", "_", api).lower())
    return getattr(getattr(module, api)(client), method)


def arguments(shape: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of a call, with a model for the address that is sent."""
    given: dict[str, Any] = shape["arguments"]
    address = importlib.import_module("fastly.model.customer_address").CustomerAddress
    return {name: address(**x) if isinstance(x, dict) else x for name, x in given.items()}


def shown(value: object) -> str:
    """Return a value, in short, as text that both clients have."""
    if isinstance(value, (list, dict)):
        return f"{type(value).__name__} of {len(value)}"
    if value is None or isinstance(value, (bool, float, int, str)):
        return repr(value)
    return str(value) if hasattr(value, "isoformat") else type(value).__name__


def here() -> list[str]:
    """Return what this client makes of each form."""
    return served(read_all)


def official(python: str) -> list[str]:
    """Return what the official client makes of each form."""
    command = [python, "-I", __file__, "--read"]
    run = partial(subprocess.run, check=True, capture_output=True, text=True)
    return served(lambda url: list(json.loads(run([*command, url]).stdout)))


def served(function: Any) -> list[str]:
    """Call a function with the URL of a server that sends each form below a path of its own."""
    from fastly.testing import BillingServer

    with BillingServer(token="made-up") as server:
        for number, shape in enumerate(shapes()):
            answer = {name: shape[name] for name in ("headers", "body") if name in shape}
            server.enqueue(shape["status"], path=f"/{number}/", **answer)
        return list(function(server.url))


def recorded() -> list[str]:
    """Return the page's column about the official client."""
    return ROW.findall(PAGE.read_text(encoding="utf-8"))


def page(official: list[str], here: list[str]) -> str:
    """Return the page, with a table for each operation."""
    errors = [number for number, shape in enumerate(shapes()) if must_raise(shape)]
    theirs, ours = read_without_error(official), read_without_error(here)
    head = HEAD.format(
        total=len(here),
        errors=len(errors),
        data=len(here) - len(errors),
        official=len(theirs.difference(errors)),
        here=len(ours.difference(errors)),
        taken=len(theirs.intersection(errors)),
    )
    return head + "".join(tables(official, here))


def read_without_error(outcomes: list[str]) -> set[int]:
    """Return the numbers of the forms that were read."""
    no_value = re.compile(r"\w+(Exception|Error)|no such operation")
    return {number for number, outcome in enumerate(outcomes) if not no_value.fullmatch(outcome)}


def tables(official: list[str], here: list[str]) -> Iterator[str]:
    """Yield the lines of the tables."""
    before = ""
    for shape, theirs, ours in zip(shapes(), official, here, strict=True):
        title = shape.get("title", shape["operation"])
        if title != before:
            yield f"\n## {title}\n\n{TABLE}"
        before = title
        value = f" `{shape['read'].lstrip('.')}`" if shape["read"] else ""
        yield f"| {shape['shape']} | {shape['source']} |{value} | `{theirs}` | `{ours}` |\n"


if __name__ == "__main__":
    if sys.argv[1] == "--read":
        print(json.dumps(read_all(sys.argv[2])))
    else:
        PAGE.write_text(page(official(sys.argv[1]), here()), encoding="utf-8")
