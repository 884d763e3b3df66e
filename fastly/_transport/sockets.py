"""Sockets that keep the running call's deadline: connecting, and TLS on top.

A socket's own timeout starts again with each read, so a response that drips one byte a second
never times out. Here the running call's ``Deadline`` limits each wait of a socket to the time
that is left.

TLS runs on top of these sockets (``ssl.MemoryBIO`` through urllib3's ``SSLTransport``) instead of
``ssl.SSLSocket``, which replaces them and waits by itself: for each read anew, and as long as it
likes under gevent and eventlet. The end of a stream that TLS does not vouch for is not an end
(RFC 8446, section 6.1): a body without a length could be truncated there.
"""

from __future__ import annotations

import errno
import itertools
import math
import os
import socket
import ssl
from collections import deque
from functools import lru_cache
from typing import Any, cast

from urllib3.util.ssltransport import SSLTransport

from fastly._transport.deadline import running

__all__ = ["Deadlined", "connect", "first_connected", "in_order", "start_tls"]


_CLOSE_ENOUGH = 0.01  # seconds that a wait may end too late or too early


class Deadlined:
    """A mixin for sockets: each wait ends with the running call's deadline."""

    patience: float | None = None

    def await_within_deadline(self: Any) -> None:
        """Set the timeout of the wait that follows; each time that costs a system call."""
        current = self.gettimeout()
        if current == 0:  # a non-blocking socket
            return
        deadline = running(None)
        if deadline is None:  # an unread response that the caller reads after the call
            self.settimeout(self.patience)
            return
        self.patience = deadline.read
        left = deadline.limit(self)
        if current is None or not -_CLOSE_ENOUGH < current - left < _CLOSE_ENOUGH:
            self.settimeout(left)

    def sendall(self, *args: Any) -> None:
        """Send as the socket does, within the deadline.

        Before each read, urllib3's TLS sends what it has to send: often nothing. The system would
        be called for that too, and would fail if the server has closed: a response, or the alert
        that says why, is then never read.
        """
        if not args[0]:
            return
        parent: Any = super()  # a class of sockets, which connect() adds
        self.await_within_deadline()
        parent.sendall(*args)

    def recv(self, *args: Any) -> Any:
        """Receive as the socket does, within the deadline."""
        parent: Any = super()
        self.await_within_deadline()
        return parent.recv(*args)

    def recv_into(self, *args: Any) -> Any:
        """Receive as the socket does, within the deadline."""
        parent: Any = super()
        self.await_within_deadline()
        return parent.recv_into(*args)


@lru_cache(maxsize=8)
def _deadlined(kind: type[socket.socket]) -> type[socket.socket]:
    return type("DeadlineSocket", (Deadlined, kind), {})


def connect(host: str, port: int, options: list[Any]) -> socket.socket:
    """Connect to the first address of a host that accepts the connection, within the deadline.

    The operating system's name lookup cannot be interrupted.

    Raises:
        OSError: No address accepted; the last one's error.
    """
    found = socket.getaddrinfo(host, port, socket.AF_UNSPEC, socket.SOCK_STREAM)
    return first_connected(found, options)


_LAST_GOOD: dict[Any, Any] = {}  # the address that worked, by the addresses of a host
_MOST_HOSTS = 64
_STARTED = (0, errno.EINPROGRESS, errno.EWOULDBLOCK)
_HEAD_START = 0.25  # seconds before the next address is tried too (RFC 8305, section 5)


def first_connected(addresses: list[Any], options: list[Any]) -> socket.socket:
    """Connect to the first of ``getaddrinfo``'s addresses that accepts the connection.

    In the spirit of RFC 8305: the families alternate, each attempt has a head start before the next
    joins it, and the address that worked is tried first next time.
    """
    if len(addresses) == 1:
        return _connected(addresses[0], options)
    key = tuple(sorted({address[4] for address in addresses}))
    try:
        sock, address = _race(in_order(addresses, _LAST_GOOD.get(key)), options)
    except AttributeError:  # the socket of a test tool, which knows only connect()
        return _connected(addresses[0], options)
    if len(_LAST_GOOD) >= _MOST_HOSTS:
        _LAST_GOOD.clear()
    _LAST_GOOD[key] = address
    return sock


def in_order(addresses: list[Any], best: Any) -> list[Any]:
    """Return the addresses with their families alternating, the best one first."""
    families = [
        [x for x in addresses if x[0] == family]
        for family in dict.fromkeys(a[0] for a in addresses)
    ]
    mixed = [x for group in itertools.zip_longest(*families) for x in group if x is not None]
    return sorted(mixed, key=lambda address: address[4] != best)


def _connected(address: Any, options: list[Any]) -> socket.socket:
    sock = _new_socket(address, options)
    try:
        sock.settimeout(running().limit(sock))
        sock.connect(address[4])
    except BaseException:
        sock.close()
        raise
    return sock


def _new_socket(address: Any, options: list[Any]) -> socket.socket:
    family, kind, protocol, _, _ = address
    # socket.socket is looked up here because programs replace it: gevent, PySocks, test tools.
    sock = _deadlined(socket.socket)(family, kind, protocol)
    try:
        for option in options:
            sock.setsockopt(*option)
    except BaseException:
        sock.close()
        raise
    return sock


def _race(addresses: list[Any], options: list[Any]) -> tuple[socket.socket, Any]:
    """Start connecting to one address after the other; the first that accepts wins.

    Raises:
        OSError: None did; the last one's error.
    """
    waiting, racing = deque(addresses), dict[socket.socket, Any]()
    error: OSError = TimeoutError("timed out")
    try:
        while waiting or racing:
            if waiting:
                error = _join(waiting.popleft(), options, racing) or error
            for sock in _decided(racing, _HEAD_START if waiting else math.inf) if racing else ():
                target = racing.pop(sock)
                code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if not code:
                    sock.setblocking(True)
                    return sock, target
                sock.close()
                error = OSError(code, os.strerror(code))
    finally:
        for sock in racing:
            sock.close()
    raise error


def _join(address: Any, options: list[Any], racing: dict[socket.socket, Any]) -> OSError | None:
    """Start connecting to one more address; return the error if that fails at once."""
    try:
        sock = _new_socket(address, options)
    except OSError as error:  # a family that the system does not have
        return error
    racing[sock] = address[4]  # to be closed if the socket of a tool cannot do what follows
    sock.setblocking(False)
    code = sock.connect_ex(address[4])
    if code in _STARTED:
        return None
    del racing[sock]
    sock.close()
    return OSError(code, os.strerror(code))


def _decided(racing: dict[socket.socket, Any], seconds: float) -> list[socket.socket]:
    """Wait until connecting has ended for some of the sockets, at most so many seconds."""
    import selectors  # slow to import, and needed only for several addresses

    with selectors.DefaultSelector() as selector:
        for sock in racing:
            selector.register(sock, selectors.EVENT_WRITE)
            seconds = min(seconds, running().limit(sock))
        return [cast("socket.socket", key.fileobj) for key, _ in selector.select(seconds)]


class _Transport(SSLTransport):
    """TLS over one of our sockets, or over TLS to a proxy, whose open files it counts."""

    @property
    def _io_refs(self) -> int:
        return cast("int", cast("Any", self.socket)._io_refs)

    @_io_refs.setter
    def _io_refs(self, value: int) -> None:
        cast("Any", self.socket)._io_refs = value


def start_tls(
    context: ssl.SSLContext, sock: socket.socket, server_hostname: str | None = None
) -> _Transport | ssl.SSLSocket:
    """Start TLS on a connected socket, as ``SSLContext.wrap_socket`` does."""
    if not isinstance(sock, Deadlined):  # a socket that the program created itself
        return type(context).wrap_socket(context, sock, server_hostname=server_hostname)
    return _Transport(sock, context, server_hostname, suppress_ragged_eofs=False)
