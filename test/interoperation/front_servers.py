"""Starts the front servers that people put before an API; each closes a connection idle for 1 s."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from nginx_server import AS_ROOT, START
from secure import free_port, installed, running

CADDY = """
{{
    admin off
    auto_https off
    servers {{
        timeouts {{
            idle 1s
        }}
    }}
}}
http://127.0.0.1:{port} {{
    bind 127.0.0.1
    reverse_proxy 127.0.0.1:{upstream}
}}
"""

HAPROXY = """
defaults
    mode http
    timeout connect 10s
    timeout client 20s
    timeout server 20s
    timeout http-keep-alive 1s
listen api
    bind 127.0.0.1:{port}
    server api 127.0.0.1:{upstream}
"""

LIGHTTPD = """
server.document-root = "{directory}"
server.bind = "127.0.0.1"
server.port = {port}
server.max-keep-alive-idle = 1
server.modules = ("mod_proxy")
proxy.server = ("" => (("host" => "127.0.0.1", "port" => {upstream})))
"""

NGINX = (
    START
    + """
    access_log off;
    keepalive_timeout 1s;
    server {{
        listen 127.0.0.1:{port};
        location / {{ proxy_pass http://127.0.0.1:{upstream}; proxy_http_version 1.1; }}
    }}
}}
"""
)

VARNISH = """
vcl 4.1;
backend api {{ .host = "127.0.0.1"; .port = "{upstream}"; }}
"""

Command = Callable[[int, Path, str], tuple[str, ...]]


def _caddy(port: int, directory: Path, file: str) -> tuple[str, ...]:
    return ("caddy", "run", "--adapter", "caddyfile", "--config", file)


def _haproxy(port: int, directory: Path, file: str) -> tuple[str, ...]:
    return ("haproxy", "-db", "-f", file)


def _lighttpd(port: int, directory: Path, file: str) -> tuple[str, ...]:
    return ("lighttpd", "-D", "-f", file)


def _nginx(port: int, directory: Path, file: str) -> tuple[str, ...]:
    return ("nginx", "-p", str(directory), "-c", file, "-e", "error.log")


def _varnish(port: int, directory: Path, file: str) -> tuple[str, ...]:
    small = ("-s", "malloc,16m", "-p", "vsl_space=2m", "-p", "timeout_idle=1")
    where = ("-a", f"127.0.0.1:{port}", "-n", str(directory / "varnish"), "-T", "none")
    return ("varnishd", "-F", "-f", file, *where, *small)


FRONT_SERVERS: dict[str, tuple[str, Command]] = {
    "caddy": (CADDY, _caddy),
    "haproxy": (HAPROXY, _haproxy),
    "lighttpd": (LIGHTTPD, _lighttpd),
    "nginx": (NGINX, _nginx),
    "varnish": (VARNISH, _varnish),
}


@contextmanager
def front_server(name: str, upstream: str) -> Iterator[str]:
    """Run a front server before a server on 127.0.0.1; yield its URL, or skip the test."""
    settings, command = FRONT_SERVERS[name]
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="fastly-") as made:
        directory = Path(made)
        directory.chmod(0o755)  # varnish and haproxy may give up the rights of root
        program, *options = command(port, directory, str(directory / "configuration"))
        text = settings.format(
            port=port,
            directory=directory,
            upstream=urlsplit(upstream).port,
            user="user root;" if AS_ROOT else "",  # another user could not enter the directory
        )
        (directory / "configuration").write_text(text)
        with running((installed(program), *options), port, {"HOME": made}):
            yield f"http://127.0.0.1:{port}"
