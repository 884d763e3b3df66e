#!/usr/bin/env bash
# httpx 0.28.1 and httpx2 2.16.2: with params, a link to the next page is requested without its
# cursor.
#
# One would guess: params are added to the query that the URL has, as in requests and in
#   earlier releases of httpx.
# What happens: they replace it. The request for ".../lines?cursor=2&limit=2" is sent without the
#   cursor, so the API sends the first page. This includes a Client(params=...) whose calls have
#   no params. `params={}` drops the query too.
# Why it matters: a program that follows links until there is none adds up the first page until
#   somebody stops it, and one that stops after three pages has the first page three times. The
#   status is always 200.
# What we do about it: docs/interoperation.md says to send params with the first page only. The
#   client here builds each page's query from the cursor.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --no-compile --disable-pip-version-check \
    httpx==0.28.1 httpx2==2.16.2 requests==2.34.2

cat > run.py <<'END'
import http.server
import json
import threading
import urllib.parse

import httpx
import httpx2
import requests

AMOUNTS = {"1": [1200.5, 375.5], "2": [99.25, 0.5], "3": [-20.25]}


class Lines(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
        page = query.get("cursor", "1")
        following = str(int(page) + 1)
        link = f"{url}?cursor={following}&limit=2" if following in AMOUNTS else None
        body = json.dumps({"data": AMOUNTS[page], "next": link}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def add_up(get):
    amounts, link = [], url
    for _ in range(3):
        page = get(link).json()
        amounts += page["data"]
        link = page["next"]
        if not link:
            break
    return f"{len(amounts)} amounts, {sum(amounts)}"


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Lines)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/lines"
order = {"order": "asc"}
print("requests, params:", add_up(lambda link: requests.get(link, params=order)))
for library in (httpx, httpx2):
    name = library.__name__
    print(f"{name}, no params:", add_up(library.get))
    print(f"{name}, params:", add_up(lambda link: library.get(link, params=order)))
    print(f"{name}, empty params:", add_up(lambda link: library.get(link, params={})))
    with library.Client(params=order) as client:
        print(f"{name}, params of the client:", add_up(client.get))
server.shutdown()
END
venv/bin/python run.py | tee seen

cat > expected <<'END'
requests, params: 5 amounts, 1655.5
httpx, no params: 5 amounts, 1655.5
httpx, params: 6 amounts, 4728.0
httpx, empty params: 6 amounts, 4728.0
httpx, params of the client: 6 amounts, 4728.0
httpx2, no params: 5 amounts, 1655.5
httpx2, params: 6 amounts, 4728.0
httpx2, empty params: 6 amounts, 4728.0
httpx2, params of the client: 6 amounts, 4728.0
END
diff expected seen
