#!/usr/bin/env bash
# apache-arrow 21.2.0 (npm): a decimal is its digits without the point, so 1200.5 is
# 1200500000000000.
#
# One would guess: an amount from an Arrow file is a number or a decimal object, with its scale.
# What happens: the value has the digits only. Number(), String() and JSON.stringify() return the
#   amount times 10 to the power of the column's scale, and adding 1 appends a "1" to the text.
#   hyparquet 1.33.0 applies the scale to the same column of a Parquet file.
# Why it matters: dashboards in the browser read Arrow files with this library. With a scale of
#   12, a chart of costs is a million million times too high, and with a scale of 0 it is right.
# What we do about it: docs/interoperation.md shows the division by 10 ** scale for JavaScript.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --no-compile --disable-pip-version-check pyarrow==26.0.1
npm install --silent --no-audit --no-fund --prefix . apache-arrow@21.2.0 hyparquet@1.33.0 > npm.log

cat > write.py <<'END'
from decimal import Decimal

import pyarrow
import pyarrow.feather
import pyarrow.parquet

amounts = pyarrow.array([Decimal("1200.5"), Decimal("-845.92")], pyarrow.decimal128(38, 12))
lines = pyarrow.table({"amount": amounts})
pyarrow.feather.write_feather(lines, "lines.arrow", compression="uncompressed")
pyarrow.parquet.write_table(lines, "lines.parquet")
END
venv/bin/python write.py

cat > read.mjs <<'END'
import { readFileSync } from "node:fs";
import { tableFromIPC } from "apache-arrow";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";

const table = tableFromIPC(readFileSync("lines.arrow"));
const { scale } = table.schema.fields[0].type;
for (const { amount } of table) {
  const scaled = Number(amount) / 10 ** scale;
  console.log(`apache-arrow: ${amount}, plus 1: ${amount + 1}, scaled: ${scaled}`);
}
const file = await asyncBufferFromFile("lines.parquet");
for (const { amount } of await parquetReadObjects({ file })) {
  console.log(`hyparquet: ${amount}`);
}
END
node read.mjs | tee seen

cat > expected <<'END'
apache-arrow: 1200500000000000, plus 1: 12005000000000001, scaled: 1200.5
apache-arrow: -845920000000000, plus 1: -8459200000000001, scaled: -845.92
hyparquet: 1200.5
hyparquet: -845.92
END
diff expected seen
