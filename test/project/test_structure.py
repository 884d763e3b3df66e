"""The structure: who imports whom, what is public, and one version."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import fastly

ROOT = Path(__file__).parent.parent.parent
PACKAGE = ROOT / "fastly"

# Each room, and the rooms that it may import from, in the order of the layers.
LAYERS: dict[str, set[str]] = {
    "_version": set(),
    "_text": set(),
    "_items": {"_text", "exceptions"},
    "_money": set(),
    "_months": set(),
    "exceptions": {"_text"},
    "_signatures": {"_text", "exceptions"},
    "configuration": {"_signatures", "_text", "_version", "configuration", "exceptions"},
    "_transport": {"_signatures", "_text", "_transport", "configuration", "exceptions"},
    "_models": {"_models", "_text", "exceptions"},
    "_operations": {
        *("_models", "_months", "_operations", "_signatures", "_text", "_transport"),
        *("configuration", "exceptions"),
    },
    "api_client": {
        *("_operations", "_signatures", "_transport", "_version", "configuration", "exceptions"),
    },
    "rest": {"_transport"},
    "model_utils": {"_models"},
    "model": {"_models", "model"},
    "models": {"model"},
    "api": {"_operations", "_signatures", "api", "api_client", "exceptions", "model"},
    "apis": {"api"},
    "testing": {"testing"},
    "rows": {"_items", "_models", "_money", "_months", "exceptions", "model"},
    "focus": {"_text", "exceptions", "model", "rows"},
    "tables": {"exceptions", "focus", "model", "rows"},
    "costs": {"_items", "_money", "_months", "_text", "costs", "exceptions", "model"},
    "cli": {
        *("_models", "_months", "_operations", "_text", "_version", "api", "api_client", "cli"),
        *("configuration", "costs", "exceptions", "focus", "model", "rows", "tables", "testing"),
    },
    "__main__": {"cli"},
    "": {
        *("_version", "api_client", "configuration", "exceptions"),
        "",  # its own packages, for type checkers
    },
}
# Within a room, a module imports only from those listed before it.
ORDER = {
    "_transport": (
        *("deadline", "sockets", "processes", "threads", "async_result", "bodies", "messages"),
        "responses",
        *("boundary", "retries", "redirects", "proxies", "connections", "client", "", "resources"),
    ),
    "_operations": (
        *("", "arguments", "options", "results", "identity", "declarations", "payloads"),
        *("polling", "steps", "paging", "invoice_pages", "usage_pages"),
    ),
    "_models": ("plain", "reading", "schema", "shapes", "fields", "record", "display", "model", ""),
}
THIRD_PARTY = {
    "urllib3": {"_transport"},
    "certifi": {"_transport"},
    "dateutil": {"_models"},
    "pytest": {"testing"},
    "typing_extensions": {"_operations"},  # only type checkers read it; it cannot be imported
}
# Who imports what is only for the retired v2, outside of its folders.
V2_DOORS = {
    ("fastly.cli.commands", "fastly.cli.v2.commands"),
    ("fastly.testing.account", "fastly.testing.v2"),
    ("fastly.testing.server", "fastly.testing.v2.endpoints"),
}
FOR_CHECKERS = {"typing_extensions"}
NOT_IMPORTED = {"fastly.__main__", "fastly.testing.__main__", "fastly._operations.results"}


def modules() -> list[str]:
    """Return the dotted name of every module of the package."""
    found = pkgutil.walk_packages(fastly.__path__, "fastly.")
    return ["fastly", *(module.name for module in found)]


@cache
def source_of(module: str) -> str:
    """Return the text of a module."""
    return Path(importlib.util.find_spec(module).origin).read_text(encoding="utf-8")


def layer(module: str) -> str:
    """Return the first part of a module's name below the package."""
    return module.split(".")[1] if "." in module else ""


def imports(module: str, *, with_checkers: bool = False) -> set[str]:
    """Return what a module imports anywhere, with what only checkers see if requested."""
    tree = ast.parse(source_of(module))
    hidden = (
        set() if with_checkers else {n for block in checked_blocks(tree) for n in ast.walk(block)}
    )
    nodes = [node for node in ast.walk(tree) if node not in hidden]
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return plain | {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}


def checked_blocks(tree: ast.AST) -> list[ast.If]:
    """Return the blocks that only type checkers see."""
    blocks = [node for node in ast.walk(tree) if isinstance(node, ast.If)]
    return [node for node in blocks if ast.unparse(node.test) == "TYPE_CHECKING"]


def test_nothing_imports_upwards() -> None:
    """A module imports only from its allowed layers, even for type checkers."""
    upwards = {
        (module, name)
        for module in modules()
        for name in imports(module, with_checkers=True)
        if name.startswith("fastly") and layer(name) not in LAYERS[layer(module)]
    }
    assert set() == upwards


@pytest.mark.parametrize("room", ORDER)
def test_nothing_imports_upwards_in_a_room(room: str) -> None:
    """The modules of a room of the machinery have an order too, and it names all of them."""
    names = [f"fastly.{room}.{part}".rstrip(".") for part in ORDER[room]]
    assert sorted(names) == sorted(name for name in modules() if layer(name) == room)
    upwards = {
        (module, name)
        for number, module in enumerate(names)
        for name in imports(module, with_checkers=True)
        if layer(name) == room and name not in names[:number]
    }
    assert set() == upwards


def test_v2_can_go_in_one_step() -> None:
    """What is only for the retired v2 lies in two folders, which few modules import."""
    folders = ("fastly.cli.v2", "fastly.testing.v2")
    users = {
        (module, name)
        for module in modules()
        for name in imports(module)
        if name.startswith(folders) and not module.startswith(folders)
    }
    assert V2_DOORS == users


def test_who_knows_the_dependencies() -> None:
    """Only _transport imports urllib3 and certifi, and only _models imports dateutil."""
    known = {*sys.stdlib_module_names, "fastly"}
    foreign = {
        (layer(module), name.split(".")[0])
        for module in modules()
        for name in imports(module)
        if name.split(".")[0] not in known
    }
    allowed = {(room, name) for name, rooms in THIRD_PARTY.items() for room in rooms}
    assert allowed == foreign


LONGEST_OPERATION = 25  # lines, docstring included


OPERATIONS = [path.stem for path in (PACKAGE / "api").glob("*_api.py")]


@pytest.mark.parametrize("module", sorted(OPERATIONS))
def test_an_operation_is_one_short_method(module: str) -> None:
    """An operation is a method of at most 25 lines, its docstring included."""
    tree = ast.parse((PACKAGE / "api" / f"{module}.py").read_text(encoding="utf-8"))
    (api,) = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    lengths = {
        node.name: node.end_lineno - node.lineno + 1
        for node in api.body
        if isinstance(node, ast.FunctionDef)
    }
    assert {} == {name: n for name, n in lengths.items() if n > LONGEST_OPERATION}


def test_what_only_checkers_see_is_not_imported() -> None:
    """The package runs without the modules that exist only for type checkers."""
    program = "import sys, fastly.cli.main, fastly.apis, fastly.models; print(*sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert FOR_CHECKERS & set(run.stdout.split()) == set()


def test_a_plain_import_is_light() -> None:
    """Modules that a plain call does not need are not imported before they are needed."""
    program = (
        f"import sys, urllib3; before = set(sys.modules); sys.path.insert(0, {str(ROOT)!r})\n"
        "import fastly.apis; fastly.ApiClient(); print(*set(sys.modules) - before)"
    )
    run = subprocess.run(
        [sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True
    )
    imported = {name for name in run.stdout.split() if not name.startswith("fastly")}
    assert {"_contextvars", "contextvars", "copy"} >= imported


# What takes longer to import than all that --version or --help needs.
HEAVY = {
    *("datetime", "dateutil", "decimal", "fastly.api_client", "fastly.configuration", "json"),
    *("fastly.exceptions", "logging", "pathlib", "shutil", "signal", "socket", "ssl", "typing"),
    *("tempfile", "urllib", "urllib3"),
}


@pytest.mark.parametrize(
    ("words", "also"),
    [("'--version'", {"argparse", "re"}), ("'--help'", set()), ("'mtd', '--help'", set())],
)
def test_version_and_help_import_little(words: str, also: set[str]) -> None:
    """The command imports what it needs: for its help neither the client nor anything heavy."""
    program = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); from fastly.cli.main import main\n"
        f"assert main([{words}]) == 0; print(*sys.modules, file=sys.stderr)"
    )
    # Without site, whose hooks may import anything.
    run = subprocess.run(
        [sys.executable, "-ISc", program], capture_output=True, text=True, check=True
    )
    assert "fastly" in run.stdout
    assert set() == (HEAVY | also) & set(run.stderr.split())


def test_the_package_imports_what_is_used() -> None:
    """`import fastly` is as light as Python, and all of its names are there when they are used."""
    program = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); import fastly; print(*sys.modules)\n"
        "own = {name for name in dir(fastly) if not name.startswith('_')}\n"
        "assert {*fastly.__all__, *fastly._MODULES} - {'__version__'} == own, own"
    )
    run = subprocess.run(
        [sys.executable, "-ISc", program], capture_output=True, text=True, check=True
    )
    assert set() == HEAVY & set(run.stdout.split())
    program = (
        "import fastly, pickle; error = pickle.loads(pickle.dumps(fastly.ApiException(404)))\n"
        "assert (type(error), error.status) == (fastly.exceptions.ApiException, 404)\n"
        "from fastly import *; print(ApiClient is fastly.api_client.ApiClient)\n"
        "print(Configuration is fastly.configuration.Configuration)"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert "True\nTrue\n" == run.stdout


def test_all_is_true() -> None:
    """Every name in ``__all__`` exists, and none is there twice."""
    for module in set(modules()) - NOT_IMPORTED:
        loaded = importlib.import_module(module)
        names = getattr(loaded, "__all__", [])
        assert [] == [(module, name) for name in names if not hasattr(loaded, name)]
        assert sorted(names) == sorted(set(names))


def test_plural_packages_need_no_import_of_their_own() -> None:
    """After ``import fastly``, ``fastly.apis`` and ``fastly.models`` work, and typos do not."""
    program = (
        "import fastly, sys; assert 'fastly.apis' not in sys.modules\n"
        "print(fastly.apis.BillingInvoicesApi.__name__, fastly.models.Invoice.__name__)\n"
        "print(fastly.api.__name__, fastly.model.__name__, 'models' in dir(fastly))\n"
        "print(hasattr(fastly, 'modles'))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert "BillingInvoicesApi Invoice\nfastly.api fastly.model True\nFalse\n" == run.stdout


def test_the_package_offers_its_names() -> None:
    """The package has the client, the configuration, every exception and the version."""
    from fastly import exceptions

    expected = {"ApiClient", "Configuration", "__version__", *exceptions.__all__}
    assert expected == set(fastly.__all__)


def test_one_version_number() -> None:
    """The version is defined once, and the changelog has an entry for it."""
    assert re.fullmatch(r"\d+\.\d+\.\d+", fastly.__version__)
    pattern = re.escape(f'"{fastly.__version__}"')
    holders = [
        path.name
        for path in [*PACKAGE.rglob("*.py"), ROOT / "setup.py", ROOT / "pyproject.toml"]
        if re.search(pattern, path.read_text(encoding="utf-8"))
    ]
    assert ["_version.py"] == holders
    assert f"## [{fastly.__version__}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_test_command_is_one() -> None:
    """CI runs the command that the README gives."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    command = next(line for line in script.splitlines() if line.endswith(".venv/bin/tox"))
    assert command in readme
    assert "\n.venv/bin/tox run -m ci\n" in script
