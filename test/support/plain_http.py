"""Requests to the stand-in without our client: http.client and plain sockets."""

from __future__ import annotations

import http.client
import json
import socket
from contextlib import closing
from email.message import Message
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from fastly.testing import BillingServer

__all__ = ["Reply", "connect", "dial", "exchange", "get", "page_path", "raw", "received"]


class Reply(NamedTuple):
    """A response that was read to its end."""

    status: int
    headers: Message
    body: bytes

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)


def connect(server: BillingServer) -> http.client.HTTPConnection:
    """Return an HTTP connection to a server."""
    return http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=10)


def dial(server: BillingServer) -> socket.socket:
    """Return a plain socket connected to a server."""
    parts = urlsplit(server.url)
    return socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10)


def exchange(
    connection: http.client.HTTPConnection,
    path: str,
    method: str = "GET",
    body: bytes | None = None,
    **headers: str,
) -> Reply:
    """Send a request over a connection; underscores in header names become hyphens."""
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body, headers=fields)
    response = connection.getresponse()
    return Reply(response.status, response.headers, response.read())


def get(
    server: BillingServer,
    path: str,
    method: str = "GET",
    body: bytes | None = None,
    **headers: str,
) -> Reply:
    """Send a request with the token over a connection of its own."""
    with closing(connect(server)) as connection:
        return exchange(connection, path, method, body, **{"Fastly_Key": server.token, **headers})


def page_path(path: str, **parameters: object) -> str:
    """Return a path with percent-encoded parameters."""
    return f"{path}?{urlencode(parameters)}"


def received(connection: socket.socket) -> bytes:
    """Return everything up to the end of the stream."""
    with connection.makefile("rb") as stream:
        return stream.read()


def raw(server: BillingServer, request: bytes) -> bytes:
    """Send bytes, end the stream, and return the whole response."""
    with dial(server) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return received(connection)
