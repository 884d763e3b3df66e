"""``python -m fastly.testing``: the stand-in in the foreground, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Sequence

from fastly.testing.server import BillingServer

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a server until a signal stops it; return the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with BillingServer(host=options.host, port=options.port, v2=options.v2) as server:
            print(_welcome(server, v2=options.v2), flush=True)
            while True:
                time.sleep(0.5)  # short: a signal just before a sleep does not end it
    except KeyboardInterrupt:
        return 0
    except (OSError, ValueError) as error:
        parser.exit(1, f"Cannot listen on {options.host} port {options.port}: {error}\n")


def _parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m fastly.testing",
        description="Run a local billing API with made-up invoices.",
    )
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: %(default)s)"
    )
    parser.add_argument("--port", type=int, default=0, help="port (default: 0, any free port)")
    parser.add_argument(
        "--no-v2", dest="v2", action="store_false", help="respond to v2 requests with 404"
    )
    return parser


def _welcome(server: BillingServer, *, v2: bool) -> str:
    """Return what a user needs to know to send requests."""
    paths = {"try": "/billing/v3/invoices?limit=1"}
    if v2:
        paths["try v2"] = "/billing/v2/year/2020/month/05"
    commands = {
        label: f"curl -H 'Fastly-Key: {server.token}' '{server.url}{path}'"
        for label, path in paths.items()
    }
    variables = f"export FASTLY_API_URL={server.url} FASTLY_API_TOKEN={server.token}"
    facts = {"url": server.url, "token": server.token, "customer id": server.customer_id}
    facts |= {"for clients": variables, **commands}
    lines = [f"{label + ':':<13}{text}" for label, text in facts.items()]
    return "\n".join([*lines, "Press Ctrl-C to stop."])


if __name__ == "__main__":
    sys.exit(main())
