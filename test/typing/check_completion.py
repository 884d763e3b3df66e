"""Check that jedi and pyright's language server complete the arguments of calls and all settings.

IPython, as in notebooks, completes what is public, and the fields of a model after ``invoice["``.

Pyright takes a parameter with a leading underscore for a private one and never offers it, in any
call of any library; its hover and its signature help show them.
"""

from __future__ import annotations

import importlib
import inspect
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import fastly
from fastly.apis import (
    AiRuntimeControlUsageMetricsApi,
    BillingApi,
    BillingInvoicesApi,
    BillingUsageMetricsApi,
    CustomerAddressesApi,
    HistoricalApi,
)
from fastly.models import Invoice

jedi: Any = importlib.import_module("jedi")  # it has no types
ipython: Any = importlib.import_module("IPython.core.interactiveshell")  # nor need it be installed

ROOT = Path(__file__).parent.parent.parent
HEAD = "import fastly\nfrom fastly.apis import *\n"
CALLS = {
    "fastly.Configuration(": fastly.Configuration,
    "fastly.ApiClient(": fastly.ApiClient,
    "BillingApi().get_invoice(": BillingApi.get_invoice,
    "BillingApi().get_invoice_mtd(": BillingApi.get_invoice_mtd,
    "BillingInvoicesApi().list_invoices(": BillingInvoicesApi.list_invoices,
    "BillingInvoicesApi().iter_invoices(": BillingInvoicesApi.iter_invoices,
    "BillingInvoicesApi().get_month_to_date_invoice(": (
        BillingInvoicesApi.get_month_to_date_invoice
    ),
    "BillingUsageMetricsApi().get_service_level_usage(": (
        BillingUsageMetricsApi.get_service_level_usage
    ),
    "BillingUsageMetricsApi().iter_usage_metrics(": BillingUsageMetricsApi.iter_usage_metrics,
    "HistoricalApi().get_usage(": HistoricalApi.get_usage,
    "HistoricalApi().get_usage_month(": HistoricalApi.get_usage_month,
    "AiRuntimeControlUsageMetricsApi().arc_export_usage_metrics(": (
        AiRuntimeControlUsageMetricsApi.arc_export_usage_metrics
    ),
    "AiRuntimeControlUsageMetricsApi().iter_arc_usage_metrics(": (
        AiRuntimeControlUsageMetricsApi.iter_arc_usage_metrics
    ),
    "CustomerAddressesApi().update_customer_address(": CustomerAddressesApi.update_customer_address,
}


def expected(function: Any) -> set[str]:
    """Return the names that a call can be given."""
    return set(inspect.signature(function).parameters) - {"self"}


def completed_by_jedi(source: str) -> set[str]:
    """Return the arguments by name that jedi offers at the end of a source."""
    script = jedi.Script(source, path=ROOT / "completion.py", project=jedi.Project(ROOT))
    return {c.name[:-1] for c in script.complete() if c.name.endswith("=")}


def wrong_in_ipython() -> list[str]:
    """Return what IPython completes or shows otherwise than expected."""
    shell = ipython.InteractiveShell.instance()
    shell.Completer.use_jedi = False  # or complete() leaves out what jedi offers
    invoice = Invoice(invoice_id="INV-1", currency_code="USD")
    invoice["tax"] = 1
    shell.user_ns.update(fastly=fastly, invoice=invoice)
    public = {name for name in dir(fastly) if not name.startswith("_")}
    wanted = {
        "fastly.": {f".{name}" for name in public},
        'invoice["': {f'invoice["{name}' for name in ("invoice_id", "currency_code", "tax")},
    }
    wrong = [text for text, names in wanted.items() if set(shell.complete(text)[1]) != names]
    shown, _ = shell.display_formatter.format(invoice)
    return wrong if {"text/plain", "text/html"} == set(shown) else [*wrong, "invoice"]


class LanguageServer:
    """Pyright's language server, spoken to over its standard input and output."""

    def __init__(self) -> None:
        command = ["pyright-langserver", "--stdio"]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._documents = 0
        self._number = 0
        folder = {"uri": ROOT.as_uri(), "name": "fastly"}
        self.ask("initialize", processId=None, rootUri=ROOT.as_uri(), capabilities={},
                 workspaceFolders=[folder])  # fmt: skip
        self.tell("initialized")

    def tell(self, method: str, **params: Any) -> None:
        """Send a notification."""
        self._send({"method": method, "params": params})

    def ask(self, method: str, **params: Any) -> Any:
        """Send a request, and return its result; requests of the server get an empty response."""
        self._number += 1
        self._send({"id": self._number, "method": method, "params": params})
        while True:
            message = self._receive()
            if message.get("id") == self._number and "method" not in message:
                return message.get("result")
            if "id" in message and "method" in message:
                items = message.get("params", {}).get("items", [])
                self._send({"id": message["id"], "result": [{} for _ in items]})

    def completed(self, source: str) -> set[str]:
        """Return the arguments by name that are offered at the end of a source."""
        self._documents += 1
        uri = (ROOT / f"completion{self._documents}.py").as_uri()
        document = {"uri": uri, "languageId": "python", "version": 1, "text": source}
        self.tell("textDocument/didOpen", textDocument=document)
        lines = source.split("\n")
        position = {"line": len(lines) - 1, "character": len(lines[-1])}
        found = self.ask("textDocument/completion", textDocument={"uri": uri}, position=position)
        return {item["label"][:-1] for item in found["items"] if item["label"].endswith("=")}

    def close(self) -> None:
        """End the server."""
        self._process.kill()
        self._process.wait()

    def _send(self, message: dict[str, Any]) -> None:
        data = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(data), data))
        self._process.stdin.flush()

    def _receive(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        length = 0
        while (line := self._process.stdout.readline()) not in (b"\r\n", b""):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        message: dict[str, Any] = json.loads(self._process.stdout.read(length))
        return message


def main() -> int:
    """Print what each tool does not offer, and return the exit status."""
    failed = False
    server = LanguageServer()
    for call, function in CALLS.items():
        source = HEAD + call
        public = {name for name in expected(function) if not name.startswith("_")}
        for tool, names, completed in (
            ("jedi", expected(function), completed_by_jedi(source)),
            ("pyright", public, server.completed(source)),
        ):
            missing = sorted(names - completed)
            failed |= bool(missing)
            print(f"{tool}: {call} {len(completed)} completed, missing {missing}")
    server.close()
    wrong = wrong_in_ipython()
    print(f"ipython: wrong for {wrong}")
    return int(failed or bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
