"""``python -m fastly.testing``: the stand-in in the foreground, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import time
from collections.abc import Sequence
from datetime import date

from fastly.testing.server import TOKEN, BillingServer

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a server until a signal stops it; return the exit status."""
    parser = _parser()
    options = vars(parser.parse_args(arguments))
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with BillingServer(**options) as server:
            print(_welcome(server, v2=options["v2"]), flush=True)
            while True:
                time.sleep(0.5)  # short: a signal just before a sleep does not end it
    except KeyboardInterrupt:
        return 0
    except ValueError as error:
        parser.error(str(error))
    except OSError as error:
        address = f"{options['host']} port {options['port']}"
        parser.exit(1, f"Cannot listen on {address}: {error}\n")


def _parser() -> argparse.ArgumentParser:
    """Return the parser of the command line; its names are those of the server's arguments."""
    parser = argparse.ArgumentParser(
        prog="python -m fastly.testing",
        description="Run a local billing API with made-up invoices.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: %(default)s)"
    )
    parser.add_argument("--port", type=int, default=0, help="port (default: 0, any free port)")
    parser.add_argument(
        "--token", default=TOKEN, help="token that requests must have (default: %(default)s)"
    )
    parser.add_argument(
        "--today",
        type=_day,
        metavar="DATE",
        help="the account's current date, such as 2026-08-04 (default: the real one)",
    )
    parser.add_argument(
        "--pending",
        dest="estimate_pending",
        type=int,
        default=1,
        metavar="NUMBER",
        help="how many requests for the month to date get a 202 first (default: %(default)s)",
    )
    parser.add_argument(
        "--documented",
        action="store_true",
        help="respond as the API's reference says, for generated clients",
    )
    parser.add_argument(
        "--no-v2", dest="v2", action="store_false", help="respond to v2 requests with 404"
    )
    return parser


def _day(text: str) -> date:
    """Return a date written as 2026-08-04."""
    with contextlib.suppress(ValueError):
        day = date.fromisoformat(text)
        if f"{day}" == text:  # newer versions of Python read more spellings
            return day
    raise argparse.ArgumentTypeError(f"must be a date such as 2026-08-04, got {text!r}")


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
