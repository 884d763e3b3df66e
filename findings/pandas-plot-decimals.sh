#!/usr/bin/env bash
# pandas 3.1.1 with matplotlib 3.11.2 and pyarrow 26.0.1: a plot leaves out amounts that are
# Decimals, and draws the line numbers.
#
# One would guess: `plot` draws all columns of numbers, or says that it can't.
# What happens: a decimal column of an Arrow table or a Parquet file becomes a column of Python's
#   Decimals. `plot`, `describe` and `sum(numeric_only=True)` leave it out without a word as long
#   as there is another column of numbers. Only if there is none, `plot` raises an error.
#   `pivot_table` adds it up. With `types_mapper=pandas.ArrowDtype`, `plot` and `sum` do so too,
#   and `describe` still does not.
# Why it matters: one switches to exact decimals, and the chart of costs still draws a line: that
#   of the line numbers.
# What we do about it: docs/recipes/pandas.md makes floats for its table, and
#   docs/interoperation.md names the option.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --no-compile --disable-pip-version-check \
    pandas==3.1.1 matplotlib==3.11.2 pyarrow==26.0.1

cat > plot.py <<'END'
from decimal import Decimal

import matplotlib
import pandas
import pyarrow

matplotlib.use("Agg")
amounts = [Decimal("1200.50"), Decimal("99.10"), Decimal("375.50")]
lines = pyarrow.table(
    {
        "month": ["2026-05", "2026-05", "2026-06"],
        "line_number": [1, 2, 1],
        "amount": pyarrow.array(amounts, pyarrow.decimal128(38, 12)),
    }
)
for options in ({}, {"types_mapper": pandas.ArrowDtype}):
    frame = lines.to_pandas(**options)
    print("amount:", frame.amount.dtype)
    print("plot:", [line.get_label() for line in frame.plot(x="month").get_lines()])
    print("describe:", list(frame.describe()))
    by_month = frame.groupby("month")
    print("sum(numeric_only=True):", list(by_month.sum(numeric_only=True)))
    print("pivot_table:", list(frame.pivot_table(index="month", aggfunc="sum")))
try:
    lines.to_pandas().drop(columns="line_number").plot(x="month")
except TypeError as error:
    print("plot without line_number:", error)
END
MPLCONFIGDIR=$folder venv/bin/python plot.py | tee seen

cat > expected <<'END'
amount: object
plot: ['line_number']
describe: ['line_number']
sum(numeric_only=True): ['line_number']
pivot_table: ['amount', 'line_number']
amount: decimal128(38, 12)[pyarrow]
plot: ['line_number', 'amount']
describe: ['line_number']
sum(numeric_only=True): ['line_number', 'amount']
pivot_table: ['amount', 'line_number']
plot without line_number: no numeric data to plot
END
diff expected seen
