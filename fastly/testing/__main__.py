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
    """Run a server until it is told to stop; return the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with BillingServer(host=options.host, port=options.port) as server:
            print(_welcome(server), flush=True)
            while True:
                time.sleep(3600)
    except KeyboardInterrupt:
        return 0
    except (OSError, OverflowError) as error:
        parser.exit(1, f"Cannot listen at {options.host} port {options.port}: {error}\n")


def _parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m fastly.testing",
        description="Run a local billing API with made-up invoices.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at (%(default)s)")
    parser.add_argument("--port", type=int, default=0, help="port; 0, the default: any free one")
    return parser


def _welcome(server: BillingServer) -> str:
    """Return what a user needs to know to ask the server something."""
    invoice_id = server.account.invoice_id(2020, 5)
    return (
        f"url:         {server.url}\n"
        f"token:       {server.token}\n"
        f"customer id: {server.customer_id}\n"
        f"invoice id:  {invoice_id} (05/2020)\n"
        f"try:         curl -H 'Fastly-Key: {server.token}'"
        f" {server.url}/billing/v2/year/2020/month/05\n"
        "Ctrl-C ends it."
    )


if __name__ == "__main__":
    sys.exit(main())
