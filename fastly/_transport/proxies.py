"""The proxy to use for a URL: the configuration's, the environment's, or none."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from fastly._signatures import hides_arguments
from fastly.configuration.checks import check_proxy, is_loopback, variable
from fastly.configuration.secrets import SecretURL
from fastly.exceptions import ApiValueError

if TYPE_CHECKING:
    from fastly.configuration import Configuration

__all__ = ["proxy_of"]

_PORTS = {"http": 80, "https": 443}


def proxy_of(configuration: Configuration, url: str) -> SecretURL | None:
    """Find the proxy for a URL: the configuration's, else the environment's.

    Raises:
        ApiValueError: It is not an http(s) URL, or would see the token unencrypted.
    """
    name, proxy = "proxy", cast("SecretURL | None", configuration.proxy)
    if proxy is None and not is_loopback(url):
        name, proxy = _environment_proxy(urlsplit(url).scheme)
    if proxy is None or _bypassed(configuration, url):
        return None
    if url.startswith("http:") and not (is_loopback(proxy) or configuration.allow_insecure_host):
        masked, proxy = repr(proxy), None  # its text would be in the frame
        raise ApiValueError(f"{name} {masked} would see the token of {url} unencrypted")
    return proxy


@hides_arguments
def _environment_proxy(scheme: str) -> tuple[str, SecretURL | None]:
    """Return the variable that names the proxy, and its value."""
    name = f"{scheme}_proxy"
    if scheme == "https" and variable(name) is None:
        name = name.upper()  # HTTP_PROXY may come from a request (httpoxy)
    value = variable(name)
    if value is None:
        return name, None
    return name, check_proxy(name, value if "://" in value else f"http://{value}")


def _bypassed(configuration: Configuration, url: str) -> bool:
    """Return whether a URL's host is to be reached without the proxy."""
    hosts = configuration.no_proxy
    if hosts is None:
        hosts = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    parts = urlsplit(url)
    host, port = (parts.hostname or "").rstrip("."), str(parts.port or _PORTS[parts.scheme])
    return any(_covers(entry, host, port) for entry in re.split(r"[\s,]+", hosts.lower()) if entry)


def _covers(entry: str, host: str, port: str) -> bool:
    """Match as curl does: ``*``, a name and its subdomains, a name with a port, a network."""
    if entry == "*":
        return True
    if "/" in entry:
        return _in_network(host, entry)
    with_port = re.fullmatch(r"(\[.*\]|[^:]*):([0-9]+)", entry)
    name, only_port = with_port.groups() if with_port else (entry, port)
    name = name.strip("[]").removeprefix("*").removeprefix(".").rstrip(".")
    return port == only_port and (host == name or host.endswith(f".{name}"))


def _in_network(address: str, network: str) -> bool:
    import ipaddress  # slow to import, and needed only for such an entry

    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False
