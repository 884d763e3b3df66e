#!/usr/bin/env bash
# requests 2.34.2, httpx 0.28.1, aiohttp 3.14.5: a gzip body that ends early is no error.
#
# One would guess: gzip ends with a checksum and the length, so a client notices that they are
#   missing.
# What happens: if Content-Length matches what was sent, all three return the part that arrived,
#   with status 200. Python's own gzip module refuses the same bytes.
# Why it matters: a cache or proxy that stored half of a compressed response serves it in this
#   form. JSON that stops is noticed by its parser, but a CSV of costs is just shorter, and so is
#   its total.
# What we do about it: the client checks the end of every gzip body and retries a truncated one,
#   and tests cut a CSV in this way (docs/errors.md).
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --no-compile --disable-pip-version-check \
    requests==2.34.2 urllib3==2.8.0 httpx==0.28.1 aiohttp==3.14.5

cat > run.py <<'END'
import asyncio
import gzip
import http.server
import threading

import aiohttp
import httpx
import requests

CSV = "".join(f"INV-{i},{i * 7919 % 100003}.{i * 31 % 97:02d}\n" for i in range(3000)).encode()
HALF = gzip.compress(CSV, mtime=0)[:8000]


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves the first 8,000 bytes of the compressed file as if they were all."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/csv")
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(HALF)))
        self.end_headers()
        self.wfile.write(HALF)

    def log_message(self, *arguments: object) -> None:
        pass


def show(name: str, body: bytes) -> None:
    share = "a part" if 0 < len(body) < len(CSV) and CSV.startswith(body) else "something else"
    print(f"{name}: {share} of the file")


async def with_aiohttp(url: str) -> bytes:
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return await response.read()


try:
    gzip.decompress(HALF)
except EOFError as error:
    print("gzip:", error)
with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    show("requests", requests.get(url, timeout=10).content)
    show("httpx", httpx.get(url).content)
    show("aiohttp", asyncio.run(with_aiohttp(url)))
    server.shutdown()
END
NO_PROXY=127.0.0.1 venv/bin/python run.py | tee seen

cat > expected <<'END'
gzip: Compressed file ended before the end-of-stream marker was reached
requests: a part of the file
httpx: a part of the file
aiohttp: a part of the file
END
diff expected seen
