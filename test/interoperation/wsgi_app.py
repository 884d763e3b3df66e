"""A WSGI application: the response to ``/7`` is the result of fetching the seventh invoice."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from billing_client import fetch


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Fetch the invoice of the path's number."""
    body = json.dumps(fetch(int(environ["PATH_INFO"].strip("/") or 0))).encode()
    start_response("200 OK", [("Content-Type", "application/json")])
    return [body]
