#!/usr/bin/env bash
# DuckDB 2.0.1: a quoted name returns the values of another column, if the two differ in case only.
#
# One would guess: "cost" in quotes is the column of that name, as in PostgreSQL, or the query fails
#   because the name is ambiguous.
# What happens: DuckDB ignores case also in quotes. While it reads a file, it renames the second
#   column to cost_1, without a word. The name that the file has then returns the first column.
# Why it matters: exports have such pairs. Below, Cost is the list price and cost is what was paid.
#   Earlier FOCUS exports of this project had ResourceID beside ResourceId.
# What we do about it: no export has columns that differ only in case. A test makes a table of the
#   FOCUS columns in SQLite, which refuses such pairs.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --no-compile --disable-pip-version-check duckdb==2.0.1 pyarrow==26.0.1

cat > costs.csv <<'END'
invoice,Cost,cost
INV-1,100.50,90.25
INV-2,50.50,45.25
END

cat > run.py <<'END'
import duckdb
import pyarrow.csv
import pyarrow.parquet

pyarrow.parquet.write_table(pyarrow.csv.read_csv("costs.csv"), "costs.parquet")
for file in ("costs.csv", "costs.parquet"):
    rows = duckdb.read_csv(file) if file.endswith("csv") else duckdb.read_parquet(file)
    ((paid, renamed),) = duckdb.sql('SELECT sum("cost"), sum("cost_1") FROM rows').fetchall()
    print(f"{file}: columns {rows.columns}, cost {paid}, cost_1 {renamed}")
END
venv/bin/python run.py | tee seen

cat > expected <<'END'
costs.csv: columns ['invoice', 'Cost', 'cost_1'], cost 151.0, cost_1 135.5
costs.parquet: columns ['invoice', 'Cost', 'cost_1'], cost 151.0, cost_1 135.5
END
diff expected seen
