"""The pages match the code: tables, links and pictures.

Their examples run with ``pytest docs README.md``.
"""

from __future__ import annotations

import doctest
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import compare_official
import pytest
import reference

import fastly
from fastly import exceptions, models
from fastly._transport import retries
from fastly.apis import (
    AiRuntimeControlUsageMetricsApi,
    BillingApi,
    BillingInvoicesApi,
    BillingUsageMetricsApi,
    CustomerAddressesApi,
    HistoricalApi,
)
from fastly.configuration import Configuration
from fastly.testing import BillingServer

ROOT = Path(__file__).resolve().parent.parent.parent
DOCS = ROOT / "docs"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md"))]
APIS = (
    AiRuntimeControlUsageMetricsApi,
    BillingApi,
    BillingInvoicesApi,
    BillingUsageMetricsApi,
    CustomerAddressesApi,
    HistoricalApi,
)
METHODS = [(api, name) for api in APIS for name, x in vars(api).items() if hasattr(x, "operation")]

Row = list[str]


def read(page: Path) -> str:
    """Return a page's text."""
    return page.read_text(encoding="utf-8")


def cells(line: str) -> Row:
    """Return the cells of a table's line, without the quotes of code."""
    parts = re.split(r"(?<!\\)\|", line.strip().strip("|"))
    return [unquoted(part.strip().replace("\\|", "|")) for part in parts]


def unquoted(cell: str) -> str:
    """Return the code of a cell that contains only code, or else the cell."""
    match = re.fullmatch(r"`([^`]+)`", cell)
    return match[1] if match else cell


def tables(text: str, first: str) -> list[list[Row]]:
    """Return the rows of each table whose first column has this title."""
    found = re.findall(rf"^\| {first} \|.*\n\|[-| ]+\|\n((?:\|.*\n)+)", text, re.MULTILINE)
    return [[cells(line) for line in table.splitlines()] for table in found]


def section(page: Path, title: str) -> str:
    """Return a page's text from one title of the second level to the next one."""
    return read(page).partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def blocks(text: str, language: str) -> list[str]:
    """Return the blocks of code that are marked with a language."""
    pairs = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [block for mark, block in pairs if mark == language]


def defaults_of(function: Any) -> dict[str, str]:
    """Return each parameter's default as the tables write it."""
    parameters = inspect.signature(function).parameters.values()
    return {p.name: _default(p) for p in parameters if p.name != "self"}


def _default(parameter: inspect.Parameter) -> str:
    return "required" if parameter.default is parameter.empty else repr(parameter.default)


# --- models -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", models.__all__)
def test_page_of_a_model_is_its_declaration(name: str) -> None:
    """A model's page shows what its class declares, and has an example."""
    declared, title, example = read(DOCS / "models" / f"{name}.md").partition(reference.EXAMPLE)
    hint = "run `python tools/reference.py`"
    assert reference.declared_part(getattr(models, name)) == declared, hint
    assert title
    assert blocks(example, "python")


def test_models_page_lists_all_models() -> None:
    """The page on models links to the page of each one."""
    text = read(DOCS / "models.md")
    rows = [row for table in tables(text, r"Model of version .*") for row in table]
    assert sorted(f"[{name}](models/{name}.md)" for name in models.__all__) == sorted(
        row[0] for row in rows
    )


RULES = tables(read(DOCS / "models.md"), "Rule")[0]


READ = [row for row in RULES if "ResponseException" not in row[3]]
REFUSED = [row[1:] for row in RULES if "ResponseException" in row[3]]
AS_JSON = {"Content-Type": "application/json"}


def received(client: fastly.ApiClient, expression: str) -> dict[str, Any]:
    """Send the request whose response an expression is about, and return it by its name."""
    name = re.match(r"\w+", expression)[0]
    if name == "page":
        return {name: BillingInvoicesApi(client).list_invoices()}
    if name == "bill":
        return {name: BillingApi(client).get_invoice(5, 2020)}
    return {name: BillingInvoicesApi(client).get_invoice_by_invoice_id("29239985")}


@pytest.mark.parametrize(("rule", "response", "expression", "value"), READ)
def test_rule_of_reading_holds(
    server: BillingServer,
    client: fastly.ApiClient,
    rule: str,
    response: str,
    expression: str,
    value: str,
) -> None:
    """A response in the table of what the API sends is read as the table says."""
    server.enqueue(body=response, headers=AS_JSON)
    source = f">>> print(repr({expression}))\n{value}\n"
    names = received(client, expression)
    example = doctest.DocTestParser().get_doctest(source, names, rule, None, None)
    assert (0, 1) == doctest.DocTestRunner().run(example)


@pytest.mark.parametrize(("response", "expression", "error"), REFUSED)
def test_rule_of_refusing_holds(
    server: BillingServer, client: fastly.ApiClient, response: str, expression: str, error: str
) -> None:
    """A response that the table calls an error raises, at the path that the table gives."""
    server.enqueue(body=response, headers=AS_JSON)
    with pytest.raises(fastly.ResponseException) as caught:
        received(client, expression)
    at = f" at {caught.value.path}" if caught.value.path else ""
    assert f"ResponseException{at}" == error.replace("`", "")


# --- operations -------------------------------------------------------------------------------


@pytest.mark.parametrize(("api", "name"), METHODS)
def test_tables_of_a_method_are_its_signature(api: type, name: str) -> None:
    """The pages list the parameters and options of each operation and iterator, with defaults."""
    parameters = tables(section(DOCS / f"{api.__name__}.md", name), "Parameter")
    documented = {row[0]: row[2] for table in parameters for row in table}
    assert defaults_of(getattr(api, name)) == documented | options_of(name)


def options_of(name: str) -> dict[str, str]:
    """Return the options that the page on options gives a method, with their defaults."""
    (options,) = tables(read(DOCS / "options.md"), "Option")
    wheres = {"everywhere"} if name.startswith("iter_") else {"everywhere", "operations"}
    return {
        option: default
        for option, where, default, _ in options
        if where in wheres or name in re.findall(r"`(\w+)`", where)
    }


@pytest.mark.parametrize("api", APIS)
def test_page_of_an_api_lists_its_methods(api: type) -> None:
    """The page of an API class lists its operations and iterators, with path and result."""
    (rows,) = tables(read(DOCS / f"{api.__name__}.md"), "Operation")
    methods = {name: vars(api)[name] for kind, name in METHODS if kind is api}
    assert [f"[`{name}`](#{name})" for name in methods] == [row[0] for row in rows]
    for (name, method), (_, request, result) in zip(methods.items(), rows, strict=True):
        if name.startswith("iter_"):
            assert "[Paged](paging.md) of [" in result
        else:
            assert f"{method.operation.method} {method.operation.path}" == request
            assert _linked(method.operation.model) == result


def _linked(model: type | None) -> str:
    """Return a model as the tables name it."""
    return f"[{model.__name__}](models/{model.__name__}.md)" if model else "None"


# --- configuration ----------------------------------------------------------------------------


def test_tables_of_settings_are_the_configuration() -> None:
    """Each setting is listed, with its default and its meaning."""
    page = read(reference.SETTINGS)
    assert reference.with_settings(page) == page, "run `python tools/reference.py`"


# --- errors -----------------------------------------------------------------------------------


def test_tree_of_exceptions_is_complete() -> None:
    """The page on errors has each exception."""
    (rows,) = tables(section(DOCS / "errors.md", "The tree"), "Exception")
    assert sorted(exceptions.__all__) == sorted(row[0] for row in rows)


def test_statuses_of_exceptions_are_right() -> None:
    """The page on errors gives each exception its status."""
    (rows,) = tables(section(DOCS / "errors.md", "The tree"), "Exception")
    by_status = {name: status for name, status, _ in rows if re.fullmatch(r"[45](\d\d|xx)", status)}
    raised = {s: exceptions.exception_for(int(s.replace("xx", "99"))) for s in by_status.values()}
    assert by_status == {kind.__name__: status for status, kind in raised.items()}


def test_advice_of_exceptions_is_right() -> None:
    """The page on errors repeats the advice of each exception for a failed call."""
    (rows,) = tables(section(DOCS / "errors.md", "What to do"), "Exception")
    kinds = [getattr(exceptions, name) for name in exceptions.__all__]
    failures = [kind for kind in kinds if issubclass(kind, fastly.ApiException)]
    advice = {kind.__name__: kind.advice for kind in failures if kind is not fastly.ApiException}
    assert advice == {name: text for name, _, text in rows}


def test_numbers_of_retries_are_those_of_the_code() -> None:
    """The page on errors has the numbers of the retries."""
    (rows,) = tables(section(DOCS / "errors.md", "Retries"), "What")
    numbers = [
        Configuration.retries.default,
        ", ".join(map(str, sorted(retries.RETRIED_STATUSES))),
        retries.FIRST_BACKOFF,
        int(retries.LONGEST_BACKOFF),
        int(retries.LONGEST_RETRY_AFTER),
    ]
    assert [str(number) for number in numbers] == [row[1] for row in rows]


# --- the stand-in -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "function"),
    [("The server", BillingServer), ("Responses of your own", BillingServer.enqueue)],
)
def test_table_of_the_stand_in_is_its_signature(title: str, function: Any) -> None:
    """The arguments of the stand-in are listed, with their defaults."""
    (rows,) = tables(section(DOCS / "test-your-code.md", title), "Argument")
    assert defaults_of(function) == {name: default for name, default, _ in rows}


def test_example_for_pytest_passes(tmp_path: Path) -> None:
    """The tests that the page on testing shows pass when they are saved and run."""
    (example,) = blocks(section(DOCS / "test-your-code.md", "With pytest"), "python")
    (tmp_path / "test_spending.py").write_text(example, encoding="utf-8")
    plugin = ["-p", "fastly.testing.pytest_plugin"]
    command = [sys.executable, "-m", "pytest", "-q", *plugin, "-p", "no:cacheprovider", "."]
    # Where the package is installed, pytest would find the plugin a second time.
    environment = {
        **os.environ,
        "PYTHONPATH": str(Path(fastly.__file__).parent.parent),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    run = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert "4 passed" in run.stdout, run.stdout + run.stderr


def test_functions_that_make_tables() -> None:
    """Each function of ``fastly.tables`` is on its page."""
    from fastly.tables import __all__ as functions

    (rows,) = tables(section(DOCS / "tables.md", "In Python"), "Function")
    assert sorted(functions) == sorted(row[0].strip("`") for row in rows)


# --- README and the rest ----------------------------------------------------------------------


def test_picture_of_the_readme_is_what_the_command_prints() -> None:
    """The README's picture shows what its first command prints on a terminal of 80 columns."""
    pytest.importorskip("pty", reason="this system has no pseudo-terminals")
    import picture

    assert read(picture.PICTURE) == picture.picture(), "run `python tools/picture.py`"
    readme = read(ROOT / "README.md")
    assert f"]({picture.PICTURE.relative_to(ROOT)})" in readme
    assert f".venv/bin/fastly-billing {' '.join(picture.COMMAND)}\n" in readme


@pytest.mark.parametrize("release", compare_official.recorded())
def test_missing_names_of_the_official_client_are_explained(release: str) -> None:
    """Each public name of the official client is here, or in the table that says why not."""
    official = compare_official.recorded()[release]
    gone = compare_official.gone_names(read(DOCS / "migrating.md"))
    assert [] == compare_official.unexplained(official, compare_official.public_names(), gone)


def test_only_missing_names_are_called_gone() -> None:
    """Each row of the table is about a name that the official client has, and this one lacks."""
    official = {name for names in compare_official.recorded().values() for name in names}
    gone = compare_official.gone_names(read(DOCS / "migrating.md"))
    assert [] == compare_official.stale(official, compare_official.public_names(), gone)


def test_every_field_of_version_2_has_its_successor() -> None:
    """The table from version 2 to 3 has each field of version 2, and only fields that exist."""
    text = read(DOCS / "migrating.md").partition("### Fields\n")[2].partition("\n## ")[0]
    (rows,) = tables(text, "Version 2")
    left = {name for row in rows for name in re.findall(r"\.(\w+)(?=`|,|$)", row[0])}
    version_2 = {x for n in models.__all__ if "Billing" in n for x in fields_of(n)}
    assert version_2 - {"status", "total"} <= left <= version_2
    right = {name for row in rows for name in re.findall(r"(?:invoice|line)\.(\w+)", row[1])}
    assert right <= {*fields_of("Invoice"), *fields_of("Invoicelineitems")}


def fields_of(model: str) -> list[str]:
    """Return the names of a model's fields."""
    return list(getattr(models, model).__fields__)


NOT_ROOMS = {"__init__.py", "__main__.py", "_version.py", "model_utils.py", "rest.py"}


def test_layout_names_every_module() -> None:
    """CONTRIBUTING says which job each room has."""
    (rows,) = tables(section(ROOT / "CONTRIBUTING.md", "The layout"), "In `fastly/`")
    named = {name for row in rows for name in re.findall(r"[\w.]+", row[0])}
    package = Path(fastly.__file__).parent
    modules = {path.name for path in package.glob("*.py")} - NOT_ROOMS
    packages = {path.parent.name for path in package.glob("*/__init__.py")}
    assert modules | packages == named


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Each link leads to a file of the project, and each anchor to a title in it."""
    links = re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)", read(page))
    assert [] == [link for link in links if not leads_somewhere(page, *link)]


def leads_somewhere(page: Path, target: str, anchor: str) -> bool:
    """Return whether a link from a page leads to a file, and its anchor to a title there."""
    file = page.parent / target if target else page
    return file.is_file() and (not anchor or anchor in anchors(read(file)))


def anchors(text: str) -> list[str]:
    """Return the anchors that the titles of a page have."""
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return [re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles]


def test_changelog_has_this_version() -> None:
    """The first version in the changelog is that of the package."""
    versions = re.findall(r"^## \[(.+)\] - \d{4}-\d\d-\d\d$", read(ROOT / "CHANGELOG.md"), re.M)
    assert fastly.__version__ == versions[0]
