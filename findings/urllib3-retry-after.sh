#!/usr/bin/env bash
# urllib3 2.8.0: a request without retry settings waits and is repeated if a 429 or 503 has
# Retry-After.
#
# One would guess: without `status_forcelist` no status is retried, and `timeout=0.5` ends the
#   call.
# What happens: with the default settings a 503 that has a Retry-After header is repeated up to
#   three times, and the sleep before each is as long as the server asks. The timeout covers
#   neither the sleeps nor the attempts together. A PUT is repeated too, a POST is not, and
#   neither is a request whose 503 lacks the header.
# Why it matters: billing APIs limit requests. A job that reads costs with half a second of
#   patience sleeps for as long as the API says, and sends four requests where its code has one.
# What we do about it: the client gives urllib3 no retries and has its own. `_request_timeout`
#   ends the whole call, sleeps included, and a test checks it (docs/options.md).
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --no-compile --disable-pip-version-check urllib3==2.8.0

cat > run.py <<'END'
import http.server
import threading
import time

import urllib3

requests = 0


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers 503; /wait also asks for a second of patience."""

    def handle_request(self) -> None:
        global requests
        requests += 1
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(503)
        if self.path == "/wait":
            self.send_header("Retry-After", "1")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_PUT = do_POST = handle_request

    def log_message(self, *arguments: object) -> None:
        pass


def show(method: str, path: str) -> None:
    global requests
    requests, start = 0, time.monotonic()
    status = pool.request(method, url + path, timeout=0.5).status
    waited = "3 s or more" if time.monotonic() - start >= 3 else "no wait"
    print(f"{method} {path}: {status}, {requests} request(s), {waited}")


with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url, pool = f"http://127.0.0.1:{server.server_port}", urllib3.PoolManager()
    show("GET", "/")
    show("GET", "/wait")
    show("PUT", "/wait")
    show("POST", "/wait")
    server.shutdown()
END
venv/bin/python run.py | tee seen

cat > expected <<'END'
GET /: 503, 1 request(s), no wait
GET /wait: 503, 4 request(s), 3 s or more
PUT /wait: 503, 4 request(s), 3 s or more
POST /wait: 503, 1 request(s), no wait
END
diff expected seen
