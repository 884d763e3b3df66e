"""Starts nginx in front of the stand-in, with settings of each test's own."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from secure import free_port, installed, running

AS_ROOT = os.name == "posix" and os.geteuid() == 0

START = """
daemon off;
{user}
pid {directory}/nginx.pid;
error_log {directory}/error.log;
worker_processes 1;
events {{ worker_connections 512; }}
http {{
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
"""
NGINX = (
    START
    + """
    log_format connections "$connection $status $sent_http_content_encoding $http_user_agent";
    access_log {directory}/nginx.log connections;
    gzip on;
    gzip_min_length 1;
    gzip_types application/json;
    {settings}
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {certificate};
        ssl_certificate_key {key};
        location / {{ proxy_pass {upstream}; proxy_http_version 1.1; {location} }}
    }}
}}
"""
)


@dataclass(frozen=True)
class Nginx:
    """A running nginx: its URL and the directory of its files."""

    url: str
    directory: Path

    @property
    def pid(self) -> int:
        """The process ID of the master."""
        return int((self.directory / "nginx.pid").read_text())


class StartNginx:
    """Starts nginx, which terminates TLS and compresses, in front of the stand-in."""

    def __init__(self, certificate: tuple[str, str], upstream: str, directory: Path) -> None:
        self._certificate, self._key = certificate
        self._upstream = upstream
        self._directory = directory

    @contextmanager
    def __call__(self, settings: str = "", location: str = "") -> Iterator[Nginx]:
        """Run nginx with further settings, of ``http`` and of its one ``location``."""
        program, port = installed("nginx"), free_port()
        directory = Path(tempfile.mkdtemp(dir=self._directory))
        text = NGINX.format(
            user="user root;" if AS_ROOT else "",  # another user could not enter the directory
            directory=directory,
            port=port,
            certificate=self._certificate,
            key=self._key,
            upstream=self._upstream,
            settings=settings,
            location=location,
        )
        (directory / "nginx.conf").write_text(text)
        arguments = (program, "-p", str(directory), "-c", "nginx.conf", "-e", "error.log")
        with running(arguments, port):
            yield Nginx(f"https://127.0.0.1:{port}", directory)
