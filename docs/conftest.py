"""Run the Python examples of README.md and docs/ against the stand-in.

The examples are written for a reader: they contain the real host, and placeholders for the reader's
own token and IDs. Here, each page has a ``BillingServer`` of its own. Before a block runs, the host
and the placeholders are replaced by those of the server: see ``_replacements``. The default of the
``host`` setting is the server as well, so that no example can reach the real API, and
``FASTLY_API_TOKEN`` holds the server's token. Everything else is what the reader runs.

Blocks marked ``python`` run in the order of the page and share their names. If one starts with
``>>>``, the results in it are compared. A block marked ``text`` shows what the block before it
printed, which is compared too; ``...`` stands for any text. All other blocks are ignored.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import logging
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from sybil import Document, Example, Sybil
from sybil.evaluators.python import PythonEvaluator
from sybil.example import NotEvaluated
from sybil.integration.pytest import SybilItem
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser
from sybil.region import Lexeme

from fastly import Configuration
from fastly.testing import BillingServer

HOST = Configuration.host.default
ROOT = Path(__file__).resolve().parent.parent
PAGE = "__page__"
VARIABLES = ("FASTLY_API_TOKEN", "HTTPS_PROXY", "https_proxy", "http_proxy", "NO_PROXY", "no_proxy")


def _replacements(server: BillingServer) -> dict[str, str]:
    """Return the host and the placeholders with their replacements."""
    return {
        HOST: server.url,
        "YOUR_API_KEY": server.token,
        "YOUR_CUSTOMER_ID": server.customer_id,
        "YOUR_INVOICE_ID": str(server.account.v3_invoice_id(2026, 5)),
        "YOUR_V2_INVOICE_ID": server.account.invoice_id(2020, 5),
    }


class Page:
    """A page while its examples run: its server, its directory, and the last output."""

    def __init__(self) -> None:
        self.server = BillingServer()
        self.printed = ""
        self._restore = contextlib.ExitStack()

    def open(self) -> None:
        """Start the server, and make it the default of the examples."""
        self._restore.enter_context(self.server)
        self._keep_environment()
        for name in VARIABLES:
            os.environ.pop(name, None)
        os.environ["FASTLY_API_TOKEN"] = self.server.token
        Configuration.host.default = self.server.url

    def _keep_environment(self) -> None:
        """Restore everything that an example may change at the end of the page."""
        before = dict(os.environ)
        self._restore.callback(os.environ.update, before)
        self._restore.callback(os.environ.clear)
        self._restore.callback(setattr, Configuration.host, "default", HOST)
        self._restore.callback(Configuration.set_default, None)
        self._restore.callback(logging.getLogger("fastly").setLevel, logging.NOTSET)
        directory = self._restore.enter_context(tempfile.TemporaryDirectory())
        self._restore.callback(os.chdir, Path.cwd())
        os.chdir(directory)

    def close(self) -> None:
        """Stop the server, and restore everything."""
        self._restore.close()

    def translate(self, example: Example) -> None:
        """Replace the placeholders in a block, then leave it to the block's evaluator."""
        if isinstance(example.parsed, doctest.Example):
            example.parsed.source = self._replaced(example.parsed.source)
            example.parsed.want = self._replaced(example.parsed.want)
            example.parsed.exc_msg = self._replaced(example.parsed.exc_msg or "") or None
        else:
            text = self._replaced(example.parsed)
            example.parsed = Lexeme(text, example.parsed.offset, example.parsed.line_offset)
        raise NotEvaluated

    def _replaced(self, text: str) -> str:
        for word, value in _replacements(self.server).items():
            text = text.replace(word, value)
        return text

    def run(self, example: Example) -> None:
        """Run a block, and keep its output for a ``text`` block after it."""
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            PythonEvaluator()(example)
        self.printed = output.getvalue()

    def compare(self, example: Example) -> str:
        """Compare a ``text`` block with the output, and return the difference, or an empty text."""
        checker, wanted = doctest.OutputChecker(), doctest.Example("", str(example.parsed))
        if checker.check_output(wanted.want, self.printed, doctest.ELLIPSIS):
            return ""
        return checker.output_difference(wanted, self.printed, doctest.ELLIPSIS)


def _blocks(document: Document) -> Iterable[Any]:
    """Find the blocks of a page, and prepare the page to run them."""
    page = Page()
    document.namespace[PAGE] = page
    document.push_evaluator(page.translate)
    python = PythonCodeBlockParser(doctest_optionflags=doctest.ELLIPSIS)
    python.codeblock_parser = CodeBlockParser("python", page.run)
    yield from python(document)
    yield from CodeBlockParser("text", page.compare)(document)


class Pages:
    """The plugin that makes tests of pages; a conftest.py by itself would not see README.md."""

    pytest_collect_file = staticmethod(
        Sybil(
            [_blocks],
            path=str(ROOT),
            patterns=["README.md", "docs/*.md", "docs/*/*.md"],
            # test/recipes and test/loaders run these, with their libraries
            excludes=["docs/recipes/*.md", "docs/warehouse.md"],
            setup=lambda namespace: namespace[PAGE].open(),
            teardown=lambda namespace: namespace[PAGE].close(),
        ).pytest()
    )

    @staticmethod
    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
        """Keep the blocks of a page in order, even if a plugin shuffles tests."""
        places = [place for place, item in enumerate(items) if isinstance(item, SybilItem)]
        blocks: list[Any] = [items[place] for place in places]
        blocks.sort(key=lambda item: (str(item.path), item.example.start))
        for place, item in zip(places, blocks, strict=True):
            items[place] = item


def pytest_configure(config: pytest.Config) -> None:
    """Collect README.md too, which is not below this directory."""
    config.pluginmanager.register(Pages())
