"""Runs the Python examples of README.md and docs/ against the stand-in.

The examples are written for a reader: they name the real host, and tokens and ids that the reader
replaces with their own. Here, each page gets a ``BillingServer`` of its own, and before a block
runs, these words in it are replaced by the server's: see ``_replacements``. The default of the
``host`` setting becomes the server's too, so that no example can reach the real API, and
``FASTLY_API_TOKEN`` holds the server's token. Nothing else differs from what the reader runs.

A block marked ``python`` runs, in the order of the page, all blocks of a page sharing their names;
one that starts with ``>>>`` also shows what comes back, which is compared. A block marked ``text``
right after a block shows what that one printed, which is compared too, ``...`` standing for
anything. All other blocks are only read.
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
    """Return what a reader is to replace, and what it is here."""
    return {
        HOST: server.url,
        "YOUR_API_KEY": server.token,
        "YOUR_CUSTOMER_ID": server.customer_id,
        "YOUR_INVOICE_ID": str(server.account.v3_invoice_id(2026, 5)),
        "YOUR_V2_INVOICE_ID": server.account.invoice_id(2020, 5),
    }


class Page:
    """A page while its examples run: its server, its directory, and what was printed last."""

    def __init__(self) -> None:
        self.server = BillingServer()
        self.printed = ""
        self._restore = contextlib.ExitStack()

    def open(self) -> None:
        """Start the server, and make it what the examples find by default."""
        self._restore.enter_context(self.server)
        self._keep_environment()
        for name in VARIABLES:
            os.environ.pop(name, None)
        os.environ["FASTLY_API_TOKEN"] = self.server.token
        Configuration.host.default = self.server.url

    def _keep_environment(self) -> None:
        """Have everything that an example may change put back at the end of the page."""
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
        """Stop the server and put everything back."""
        self._restore.close()

    def translate(self, example: Example) -> None:
        """Replace a reader's own words in a block, then leave it to the block's evaluator."""
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
        """Run a block, and keep what it printed for a ``text`` block behind it."""
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            PythonEvaluator()(example)
        self.printed = output.getvalue()

    def compare(self, example: Example) -> str:
        """Compare a ``text`` block with what was printed; return the difference, or nothing."""
        checker, wanted = doctest.OutputChecker(), doctest.Example("", str(example.parsed))
        if checker.check_output(wanted.want, self.printed, doctest.ELLIPSIS):
            return ""
        return checker.output_difference(wanted, self.printed, doctest.ELLIPSIS)


def _blocks(document: Document) -> Iterable[Any]:
    """Find the blocks of a page, and give the page what they run on."""
    page = Page()
    document.namespace[PAGE] = page
    document.push_evaluator(page.translate)
    python = PythonCodeBlockParser(doctest_optionflags=doctest.ELLIPSIS)
    python.codeblock_parser = CodeBlockParser("python", page.run)
    yield from python(document)
    yield from CodeBlockParser("text", page.compare)(document)


class Pages:
    """The plugin that makes tests of pages; a conftest.py alone would not see README.md."""

    pytest_collect_file = staticmethod(
        Sybil(
            [_blocks],
            path=str(ROOT),
            patterns=["README.md", "docs/*.md", "docs/*/*.md"],
            setup=lambda namespace: namespace[PAGE].open(),
            teardown=lambda namespace: namespace[PAGE].close(),
        ).pytest()
    )

    @staticmethod
    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
        """Keep the blocks of a page in their order, also where a plugin shuffles tests."""
        places = [place for place, item in enumerate(items) if isinstance(item, SybilItem)]
        blocks: list[Any] = [items[place] for place in places]
        blocks.sort(key=lambda item: (str(item.path), item.example.start))
        for place, item in zip(places, blocks, strict=True):
            items[place] = item


def pytest_configure(config: pytest.Config) -> None:
    """Have README.md collected too, which is not below this directory."""
    config.pluginmanager.register(Pages())
