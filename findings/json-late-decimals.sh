#!/usr/bin/env bash
# DuckDB 2.0.1, polars 2.1.0 and DataFusion 55.0.0: decimals that come late in a JSON file are cut
# or rounded off.
#
# One would guess: a JSON file is read with a type that holds its numbers, or refused.
# What happens: the type of a field is taken from the first rows, here 30,000 whole amounts. All
#   three make it an integer, and the amounts of 0.4 in the rows that follow are read as 0, without
#   an error. pyarrow reads the same rows with their decimals. polars refuses the file if it
#   has one object on each line, and loses the decimals if it is one list.
# Why it matters: JSON from JavaScript and many APIs writes 1.00 as 1. Lines that are sorted by
#   product or date begin with flat fees, and the amounts of usage, with decimals, come later.
# What we do about it: the jsonl export writes each amount with a decimal point, also if it is
#   whole, and docs/recipes/duckdb.md names the types of all columns.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --no-compile --disable-pip-version-check \
    duckdb==2.0.1 polars==2.1.0 datafusion==55.0.0 pyarrow==26.0.1

cat > read.py <<'END'
import json

import duckdb
import polars
import pyarrow.compute
import pyarrow.json
from datafusion import SessionContext

lines = [{"line": number, "amount": 1} for number in range(30_000)]
lines += [{"line": number, "amount": 0.4} for number in range(30_000, 31_000)]
with open("lines.json", "w") as file:
    file.writelines(json.dumps(line) + "\n" for line in lines)
with open("list.json", "w") as file:
    json.dump(lines, file)

print("the sum is 30400")
for name in ("lines.json", "list.json"):
    query = f"SELECT sum(amount), any_value(typeof(amount)) FROM '{name}'"
    print(f"DuckDB, {name}:", *duckdb.sql(query).fetchall()[0])
amounts = polars.read_json("list.json")["amount"]
print("polars, list.json:", amounts.sum(), amounts.dtype)
try:
    polars.read_ndjson("lines.json")
except polars.exceptions.ComputeError as error:
    print("polars, lines.json:", type(error).__name__)
context = SessionContext()
context.register_json("lines", "lines.json")
query = "SELECT sum(amount) AS total, arrow_typeof(min(amount)) AS type FROM lines"
print("DataFusion, lines.json:", *context.sql(query).to_pylist()[0].values())
options = pyarrow.json.ReadOptions(block_size=1 << 24)
amounts = pyarrow.json.read_json("lines.json", read_options=options)["amount"]
print("pyarrow, lines.json:", round(pyarrow.compute.sum(amounts).as_py(), 6), amounts.type)
END
venv/bin/python read.py | tee seen

cat > expected <<'END'
the sum is 30400
DuckDB, lines.json: 30000 BIGINT
DuckDB, list.json: 30000 BIGINT
polars, list.json: 30000 Int64
polars, lines.json: ComputeError
DataFusion, lines.json: 30000 Int64
pyarrow, lines.json: 30400.0 double
END
diff expected seen
