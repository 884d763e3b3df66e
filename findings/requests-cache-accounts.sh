#!/usr/bin/env bash
# requests-cache 1.3.3: two accounts get the same invoice, although the API sends no-store.
#
# One would guess: a response with `Cache-Control: no-store` is not kept, and requests with
#   different tokens are different requests.
# What happens: responses are found by method, URL and body. Headers do not count, and neither
#   does `Cache-Control`, so the second account gets the first one's invoice, and the month to
#   date stays as it was in the morning. `match_headers=True` separates tokens in `Fastly-Key`,
#   but not those in `Authorization`, which it leaves out so that no token is stored.
#   `cache_control=True` honors no-store. All of these defaults are documented.
# Why it matters: a program that goes through the tokens of ten customers bills the first one's
#   costs ten times. Nothing fails.
# What we do about it: docs/interoperation.md gives the option. The client here has no cache.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --no-compile --disable-pip-version-check requests-cache==1.3.3 requests==2.34.2

cat > run.py <<'END'
import http.server
import json
import threading

import requests_cache

TOTALS = {"token-of-shop": 1200.5, "token-of-blog": 375.5}


class Invoice(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        token = self.headers.get("Fastly-Key") or self.headers["Authorization"]
        body = json.dumps({"total": TOTALS[token]}).encode()
        self.send_response(200)
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Invoice)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/invoice"
for header in ("Fastly-Key", "Authorization"):
    for options in ({}, {"match_headers": True}, {"cache_control": True}):
        session = requests_cache.CachedSession(backend="memory", **options)
        totals = [session.get(url, headers={header: token}).json()["total"] for token in TOTALS]
        print(f"{header}, {options}: {totals}")
server.shutdown()
END
venv/bin/python run.py | tee seen

cat > expected <<'END'
Fastly-Key, {}: [1200.5, 1200.5]
Fastly-Key, {'match_headers': True}: [1200.5, 375.5]
Fastly-Key, {'cache_control': True}: [1200.5, 375.5]
Authorization, {}: [1200.5, 1200.5]
Authorization, {'match_headers': True}: [1200.5, 1200.5]
Authorization, {'cache_control': True}: [1200.5, 375.5]
END
diff expected seen
