#!/usr/bin/env bash
# pandas 3.1.1: read_json turns text into numbers and numbers into dates.
#
# One would guess: JSON says which values are text, so "00042" in quotes stays text.
# What happens: a column whose texts all look like numbers becomes numbers: "00042" is 42, the
#   month "2026_05" is 202605, the ID "12e3" is 12000.0, and IDs of 22 digits become floats, so
#   that two customers are one in a groupby. And a column of numbers whose name ends in "_time" or
#   "_at" becomes a date if the numbers are large. `dtype=False` keeps all values.
# Why it matters: whoever writes an ID in quotes did so to keep it. Costs of two customers are
#   added up, and joins with a table of accounts find nothing.
# What we do about it: docs/interoperation.md gives the option.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --no-compile --disable-pip-version-check pandas==3.1.1

cat > read.py <<'END'
import io
import json

import pandas

lines = [
    {"customer": "1234567890123456789012", "account": "00042", "month": "2026_05"},
    {"customer": "1234567890123456789013", "account": "00043", "month": "2026_05"},
]
for line, invoice, seconds, total in zip(lines, ("12e3", "29"), (1.5e9, 6e8), (1200.5, 375.5)):
    line |= {"invoice": invoice, "compute_time": seconds, "total": total}
text = json.dumps(lines)
for options in ({}, {"dtype": False}):
    print("read_json with", options)
    frame = pandas.read_json(io.StringIO(text), **options)
    for name in ("account", "month", "invoice", "compute_time"):
        print(f"{name}:", *frame[name])
    print("costs by customer:", *frame.groupby("customer").total.sum())
END
venv/bin/python read.py | tee seen

cat > expected <<'END'
read_json with {}
account: 42 43
month: 202605 202605
invoice: 12000.0 29.0
compute_time: 2017-07-14 02:40:00 1989-01-05 10:40:00
costs by customer: 1576.0
read_json with {'dtype': False}
account: 00042 00043
month: 2026_05 2026_05
invoice: 12e3 29
compute_time: 1500000000.0 600000000.0
costs by customer: 1200.5 375.5
END
diff expected seen
