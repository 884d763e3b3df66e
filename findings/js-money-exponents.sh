#!/usr/bin/env bash
# accounting 0.4.1, currency.js 2.0.4 and numeral 2.0.6 (npm): the rate 7.5e-05 is 7.5 or NaN, or
# it is read correctly, and 1e-07 is then printed as NaN.
#
# One would guess: a library for money reads 7.5e-05 as 0.000075, as JSON and CSV mean it.
# What happens: accounting drops the letter and keeps what is before the minus sign: 7.5, a hundred
#   thousand times too much. It reads 1.2e+06 as 1.206, and so does currency.js, which makes 7.5e-05
#   NaN. numeral reads all of them, and formats numbers below 0.000001 as NaN.
# Why it matters: Python, with its csv module too, writes a float of less than 0.0001 as
#   7.5e-05. The rate of a request is of that size, and other rates in the column are read
#   correctly.
# What we do about it: the CSV export has no exponents, and a test checks it. docs/interoperation.md
#   says to use `Number()` for text from other programs.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --prefix . \
    accounting@0.4.1 currency.js@2.0.4 numeral@2.0.6 > npm.log

cat > rates.py <<'END'
import csv
import sys

csv.writer(sys.stdout, lineterminator="\n").writerow([0.0075, 0.000075, 0.0000001])
END
cat > read.js <<'END'
const { readFileSync } = require("node:fs");
const accounting = require("accounting");
const currency = require("currency.js");
const numeral = require("numeral");

const rates = readFileSync("rates.csv", "utf8").trim().split(",");
for (const text of [...rates, "1.2e+06"]) {
  const exact = currency(text, { precision: 9 }).value;
  const format = numeral(text).format("0.0000000");
  console.log(`${text}: accounting ${accounting.unformat(text)}, currency.js ${exact},`);
  console.log(`  numeral ${numeral(text).value()}, formatted ${format}, Number ${Number(text)}`);
}
END
python3 rates.py > rates.csv
node read.js | tee seen

cat > expected <<'END'
0.0075: accounting 0.0075, currency.js 0.0075,
  numeral 0.0075, formatted 0.0075000, Number 0.0075
7.5e-05: accounting 7.5, currency.js NaN,
  numeral 0.000075, formatted 0.0000750, Number 0.000075
1e-07: accounting 1, currency.js NaN,
  numeral 1e-7, formatted NaN, Number 1e-7
1.2e+06: accounting 1.206, currency.js 1.206,
  numeral 1200000, formatted 1200000.0000000, Number 1200000
END
diff expected seen
