#!/usr/bin/env bash
# requests-cache 1.3.3: one account's costs are returned for the others.
#
# One would guess: a request with another token is another request.
# What happens: by default no header is part of the cache's key. All accounts that a program reads
#   from the same URL get the response of the first one, with status 200, and without an expiry.
#   `match_headers=["Fastly-Key"]` keeps them apart.
# Why it matters: a program that re-bills several accounts of its owner reads the same URL with
#   one token after the other. Each customer then gets the first one's invoice.
# What we do about it: the client has no cache. docs/recipes/many-accounts.md reads each account
#   with a client of its own, and docs/interoperation.md names the option.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --no-compile --disable-pip-version-check \
    requests-cache==1.3.3 requests==2.34.2

cat > read.py <<'END'
import http.server
import threading

import requests_cache

TOTALS = {"token-shop": "1200.50", "token-blog": "375.50"}


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = TOTALS[self.headers["Fastly-Key"]].encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/billing/v3/invoices"
for options in ({}, {"match_headers": ["Fastly-Key"]}):
    print("CachedSession with", options)
    with requests_cache.CachedSession(backend="memory", **options) as session:
        for token in TOTALS:
            response = session.get(url, headers={"Fastly-Key": token})
            print(f"{token}: {response.text}")
server.shutdown()
END
venv/bin/python read.py | tee seen

cat > expected <<'END'
CachedSession with {}
token-shop: 1200.50
token-blog: 1200.50
CachedSession with {'match_headers': ['Fastly-Key']}
token-shop: 1200.50
token-blog: 375.50
END
diff expected seen
