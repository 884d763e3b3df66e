#!/usr/bin/env bash
# http-proxy-middleware 3.0.11 (npm): a response that breaks off becomes a complete 200 with a
# sentence.
#
# One would guess: the proxy answers 502, or closes its own connection too, when the API's one
#   breaks.
# What happens: with `responseInterceptor`, which teams use to add or log headers, the status
#   stays 200 and the body is replaced by "Error fetching proxied request: aborted", with a
#   Content-Length that is right. The API's Content-Type is gone.
# Why it matters: status and framing say that all is well. A job that stores bodies as they come
#   has a text in place of the month's costs, and retries by status do not see anything to retry.
# What we do about it: a 200 whose body is not what was promised is a ResponseException that shows
#   the beginning of the body, and a test checks it with plain text.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --prefix . \
    http-proxy-middleware@3.0.11 express@5.3.0 > npm.log

cat > run.js <<'END'
const http = require("node:http");
const express = require("express");
const { createProxyMiddleware, responseInterceptor } = require("http-proxy-middleware");

// An API that closes the connection in the middle of its response to /broken.
const api = http.createServer((request, response) => {
  response.writeHead(200, { "Content-Type": "application/json" });
  response.write('{"data": [');
  if (request.url === "/broken") setTimeout(() => response.socket.destroy(), 100);
  else response.end("]}");
});

async function main() {
  await new Promise((done) => api.listen(0, "127.0.0.1", done));
  const proxy = createProxyMiddleware({
    target: `http://127.0.0.1:${api.address().port}`,
    selfHandleResponse: true,
    on: { proxyRes: responseInterceptor(async (body) => body) },
  });
  const front = express().use(proxy).listen(0, "127.0.0.1");
  await new Promise((done) => front.on("listening", done));
  for (const path of ["/whole", "/broken"]) {
    const response = await fetch(`http://127.0.0.1:${front.address().port}${path}`);
    const type = response.headers.get("content-type");
    const length = response.headers.get("content-length");
    console.log(`${path}: ${response.status}, ${type}, ${length} bytes: ${await response.text()}`);
  }
  process.exit(0);
}

main();
END
node run.js 2> errors | tee seen

cat > expected <<'END'
/whole: 200, application/json, 12 bytes: {"data": []}
/broken: 200, null, 39 bytes: Error fetching proxied request: aborted
END
diff expected seen
