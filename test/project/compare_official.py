"""Compare the public names of the official client with ours.

::

    python test/project/compare_official.py PYTHON [--record]

PYTHON is the path of a Python that has a release of the official client installed. Each public
name of it that concerns billing must exist here too, or a table in docs/migrating.md must say why
it does not. The command prints the other names, and exits with status 1 if there are any.
``--record`` writes the release's names to official_names.json, so that a test can check the table
without the official client.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import pkgutil
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PAGE = HERE.parent.parent / "docs" / "migrating.md"
RECORD = HERE / "official_names.json"
OPERATIONS = {
    "AiRuntimeControlUsageMetricsApi": ("arc_export_usage_metrics", "arc_get_usage_metrics"),
    "BillingApi": ("get_invoice", "get_invoice_by_id", "get_invoice_mtd"),
    "BillingInvoicesApi": (
        "get_invoice_by_invoice_id",
        "get_month_to_date_invoice",
        "list_invoices",
    ),
    "BillingUsageMetricsApi": ("get_service_level_usage", "get_usage_metrics"),
    "CustomerAddressesApi": (
        "create_customer_address",
        "list_customer_addresses",
        "update_customer_address",
    ),
    "HistoricalApi": ("get_regions", "get_usage", "get_usage_month", "get_usage_service"),
}
MODULES = ("exceptions", "rest")
BILLING = re.compile("billing|invoice|usage")


def public_names() -> list[str]:
    """List the names that users of whichever ``fastly`` is installed may rely on."""
    names = {*_top(), *_clients(), *_operations(), *_modules(), *_models()}
    return sorted(names)


def _top() -> Iterator[str]:
    import fastly

    for name in _public(fastly):
        if inspect.isclass(getattr(fastly, name)):
            yield f"fastly.{name}"


def _clients() -> Iterator[str]:
    import fastly

    configuration = fastly.Configuration()
    configuration.api_key["token"] = "none"
    yield from _of_object("Configuration", configuration)
    with fastly.ApiClient(configuration) as client:
        yield from _of_object("ApiClient", client)
        for api_class in _apis():
            yield from _of_object(api_class.__name__, api_class(client))


def _apis() -> Iterator[type]:
    """Yield the API classes that exist: the official client dropped one in release 8.0.0."""
    for name in OPERATIONS:
        module = _snake_case(name)
        if module in _modules_of("api"):
            yield getattr(importlib.import_module(f"fastly.api.{module}"), name)


def _snake_case(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _modules_of(package: str) -> set[str]:
    path = importlib.import_module(f"fastly.{package}").__path__
    return {module.name for module in pkgutil.iter_modules(path)} - {"base"}


def _of_object(name: str, thing: object) -> Iterator[str]:
    """Yield the attributes of an object and the parameters of its class."""
    yield from (f"{name}.{attribute}" for attribute in _public(thing))
    yield from (f"{name}({parameter})" for parameter in _parameters(type(thing), thing))


def _operations() -> Iterator[str]:
    for api_class in _apis():
        for name in OPERATIONS[api_class.__name__]:
            for parameter in _options(api_class, name):
                yield f"{api_class.__name__}.{name}({parameter})"


def _options(api_class: type, name: str) -> list[str]:
    """Return the arguments of an operation, which the official client has in a table."""
    import fastly

    with fastly.ApiClient() as client:
        endpoint = getattr(api_class(client), f"{name}_endpoint", None)
    return _parameters(getattr(api_class, name)) if endpoint is None else endpoint.params_map["all"]


def _modules() -> Iterator[str]:
    for module_name in MODULES:
        module = importlib.import_module(f"fastly.{module_name}")
        for name in _own(module):
            yield f"{module_name}.{name}"
            if inspect.isclass(getattr(module, name)):
                yield from _of_class(f"{module_name}.{name}", getattr(module, name))


def _of_class(name: str, kind: type) -> Iterator[str]:
    """Yield the attributes of an exception with only a message, or of another class."""
    thing = kind("none") if issubclass(kind, Exception) else kind
    known = set(dir(Exception))
    yield from (f"{name}.{attribute}" for attribute in _public(thing) if attribute not in known)
    yield from (f"{name}({parameter})" for parameter in _parameters(kind))


def _models() -> Iterator[str]:
    for module in _billing_models():
        model = _model_of(module)
        yield f"model.{model.__name__}"
        yield from (f"model.{model.__name__}.{name}" for name in _fields(model))
    line = _model_of("invoicelineitems")
    yield from (f"Model.{name}" for name in set(_public(line)) - set(_fields(line)))


def _billing_models() -> set[str]:
    """Return the models that only our APIs use, and those about billing that no API uses."""
    ours = {_snake_case(name) for name in OPERATIONS} & _modules_of("api")
    others = _modules_of("api") - ours
    models, used = _modules_of("model") - _used_by(others), _used_by(ours)
    return {name for name in models if not others or name in used or BILLING.search(name)}


def _used_by(apis: set[str]) -> set[str]:
    """Return the models that modules of the API import, themselves or through other models."""
    found: set[str] = set()
    left = [f"api/{name}.py" for name in apis]
    while left:
        new = set(_imported_models(left.pop())) - found
        found |= new
        left += [f"model/{name}.py" for name in new]
    return found


def _imported_models(file: str) -> Iterator[str]:
    import fastly

    source = Path(fastly.__path__[0], file).read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("fastly.model."):
            yield (node.module or "").removeprefix("fastly.model.")


def _model_of(module_name: str) -> Any:
    module = importlib.import_module(f"fastly.model.{module_name}")
    wanted = module_name.replace("_", "")
    return next(x for name, x in vars(module).items() if name.lower() == wanted)


def _fields(model: Any) -> list[str]:
    fields = getattr(model, "attribute_map", None) or getattr(model, "__fields__", {})
    return list(fields)


def _public(thing: object) -> list[str]:
    return [name for name in dir(thing) if not name.startswith("_")]


def _own(module: object) -> list[str]:
    """Return the public names of a module that it did not import from elsewhere."""
    home = getattr(module, "__name__", "")
    return [n for n in _public(module) if getattr(getattr(module, n), "__module__", "") == home]


def _parameters(function: Callable[..., object], settings: object | None = None) -> list[str]:
    """Return the parameters by name; ``**settings`` stands for the attributes of an object."""
    found: list[str] = []
    for name, parameter in _signature(function).parameters.items():
        if parameter.kind is parameter.VAR_KEYWORD and settings is not None:
            found += _public(settings)
        elif parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
            found.append(name)
    return [name for name in found if name != "self"]


def _signature(function: Callable[..., object]) -> inspect.Signature:
    try:
        return inspect.signature(function)
    except ValueError:  # a class whose constructor is a built-in one
        return inspect.Signature()


def gone_names(page: str) -> list[str]:
    """Return the names in the first column of the tables whose first column is called "Gone"."""
    tables = re.findall(r"^\| Gone \|.*\n\|[-| ]+\|\n((?:\|.*\n)+)", page, re.MULTILINE)
    rows = [row for table in tables for row in table.splitlines()]
    return [name for row in rows for name in re.findall(r"`([^`]+)`", row.split("|")[1])]


def covers(gone: str, name: str) -> bool:
    """Return whether a row of the table is about a name: itself, or a part of it."""
    attribute = re.sub(r"\((\w+)\)$", r".\1", name)
    return gone in (name, attribute) or name.startswith((f"{gone}.", f"{gone}("))


def unexplained(official: Iterable[str], ours: Iterable[str], gone: Iterable[str]) -> list[str]:
    """Return the official client's names that are neither here nor in the table."""
    known, rows = set(ours), list(gone)
    return [n for n in official if n not in known and not any(covers(row, n) for row in rows)]


def stale(official: Iterable[str], ours: Iterable[str], gone: Iterable[str]) -> list[str]:
    """Return the rows of the table that are not about a missing name."""
    missing = set(official) - set(ours)
    return [row for row in gone if not any(covers(row, name) for name in missing)]


def official_names(python: str) -> list[str]:
    """List the names of the official client that a Python has installed."""
    command = [python, "-I", str(Path(__file__).resolve()), "--list"]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return list(json.loads(output))


def recorded() -> dict[str, list[str]]:
    """Return the recorded names by release of the official client."""
    names: dict[str, list[str]] = json.loads(RECORD.read_text(encoding="utf-8"))
    return names


def _record(python: str, names: list[str]) -> None:
    command = [python, "-Ic", "import importlib.metadata as m; print(m.version('fastly'))"]
    release = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    known = recorded() if RECORD.exists() else {}
    text = json.dumps({**known, release: names}, indent=0, sort_keys=True)
    RECORD.write_text(text + "\n", encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Compare, print what is unexplained, and return the exit status."""
    if arguments == ["--list"]:
        sys.stdout.write(json.dumps(public_names()))
        return 0
    if not arguments or set(arguments[1:]) - {"--record"}:
        sys.stderr.write(f"{__doc__}\n")
        return 2
    official = official_names(arguments[0])
    if "--record" in arguments:
        _record(arguments[0], official)
    ours, gone = public_names(), gone_names(PAGE.read_text(encoding="utf-8"))
    for name in unexplained(official, ours, gone):
        sys.stdout.write(f"neither here nor explained: {name}\n")
    return 1 if unexplained(official, ours, gone) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
