#!/usr/bin/env bash
# prom-client 15.1.3 (npm): the gauge of a month's costs is multiplied by the number of workers.
#
# One would guess: the metrics of a cluster have each worker's value, or the newest one.
# What happens: `AggregatorRegistry` adds up the workers' gauges, unless each gauge has an
#   `aggregator`. Two workers that both report 1200.5 are 2401 on the dashboard, with the same
#   name and no label that says so. `aggregator: "max"` or "first" leaves it at 1200.5.
# Why it matters: with one worker, on a developer's machine, the figure is right. In production,
#   it follows the number of processors, and the budget alert with it.
# What we do about it: docs/recipes/prometheus.md has an exporter with one process.
#   docs/interoperation.md names the option.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --prefix . prom-client@15.1.3 > npm.log

cat > costs.js <<'END'
const cluster = require("node:cluster");
const client = require("prom-client");

const WORKERS = 2;

if (cluster.isPrimary) {
  const registry = new client.AggregatorRegistry();
  let ready = 0;
  for (let worker = 0; worker < WORKERS; worker += 1) cluster.fork();
  cluster.on("message", async (worker, message) => {
    if (message !== "ready") return;
    ready += 1;
    if (ready < WORKERS) return;
    console.log((await registry.clusterMetrics()).trim());
    process.exit(0);
  });
} else {
  new client.AggregatorRegistry();
  const help = "Costs of the month in USD.";
  new client.Gauge({ name: "plain", help }).set(1200.5);
  new client.Gauge({ name: "with_max", help, aggregator: "max" }).set(1200.5);
  process.send("ready");
}
END
node costs.js | grep -v '^$' | tee seen

cat > expected <<'END'
# HELP plain Costs of the month in USD.
# TYPE plain gauge
plain 2401
# HELP with_max Costs of the month in USD.
# TYPE with_max gauge
with_max 1200.5
END
diff expected seen
