#!/usr/bin/env bash
# statsd 0.9.0 with hot-shots 17.1.1 (npm): a negative gauge is subtracted from the last value.
#
# One would guess: a gauge is set to the value that is sent, whether it is positive or negative.
# What happens: in statsd's protocol, a gauge with a sign is a change, as its documentation says.
#   hot-shots sends -20.5 as it is, so statsd subtracts it: after three reports of the same balance,
#   it is -61.5. Positive gauges are set. Python's statsd 4.0.1 sends a 0 before each negative
#   value.
# Why it matters: the costs on a dashboard are correct, but a credit, or a balance in the account's
#   favor, grows with each report.
# What we do about it: docs/interoperation.md says to set 0 first.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --prefix . statsd@0.9.0 hot-shots@17.1.1 > npm.log

cat > run.js <<'END'
const { spawn } = require("node:child_process");
const net = require("node:net");
const { writeFileSync } = require("node:fs");
const StatsD = require("hot-shots");

const pause = (time) => new Promise((done) => setTimeout(done, time));

function freePort() {
  return new Promise((done) => {
    const server = net.createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}

// The gauges that the server has, or nothing while it is starting.
function gauges(port) {
  return new Promise((done) => {
    const socket = net.connect(port, "127.0.0.1", () => socket.write("gauges\n"));
    socket.on("error", () => done());
    socket.on("data", (data) => {
      socket.destroy();
      done(String(data).split("\n")[0]);
    });
  });
}

async function main() {
  const [port, management] = [await freePort(), await freePort()];
  const config = {
    port, address: "127.0.0.1", mgmt_port: management, mgmt_address: "127.0.0.1",
    backends: [], flushInterval: 3600000,
  };
  writeFileSync("config.js", JSON.stringify(config));
  const server = spawn("node", ["node_modules/statsd/stats.js", "config.js"]);
  try {
    for (let tries = 0; tries < 100 && !(await gauges(management)); tries++) await pause(100);
    const client = new StatsD({ host: "127.0.0.1", port, maxBufferSize: 0 });
    for (let report = 1; report <= 3; report++) {
      client.gauge("costs", 1200.5);
      client.gauge("balance", -20.5);
      client.gauge("balance_after_0", 0);
      client.gauge("balance_after_0", -20.5);
      await pause(500);
      console.log(`report ${report}: ${await gauges(management)}`);
    }
    client.close();
  } finally {
    server.kill();
  }
}

main();
END
node run.js | tee seen

cat > expected <<'END'
report 1: { costs: 1200.5, balance: -20.5, balance_after_0: -20.5 }
report 2: { costs: 1200.5, balance: -41, balance_after_0: -20.5 }
report 3: { costs: 1200.5, balance: -61.5, balance_after_0: -20.5 }
END
diff expected seen
