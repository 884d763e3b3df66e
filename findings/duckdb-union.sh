#!/usr/bin/env bash
# DuckDB 2.0.1: a UNION of two DECIMAL columns takes decimals away from one of them.
#
# One would guess: the result has a type that holds both columns, or the query fails.
# What happens: DECIMAL(38, 12) and DECIMAL(38, 2) become DECIMAL(38, 2), because 38 digits are
#   the limit and the digits before the point win. The values with 12 decimals are rounded without
#   a word. A sum() is always 38 digits wide, so a column that was DECIMAL(18, 2) in its table is
#   enough.
# Why it matters: usage is charged in fractions of a cent. Below, 1,000 lines of 0.004 (4.00 in
#   all) add up to nothing once they stand in one column with the monthly sums of another
#   supplier.
# What we do about it: docs/recipes/duckdb.md says to cast sums before a UNION.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --no-compile --disable-pip-version-check duckdb==2.0.1

cat > run.py <<'END'
import duckdb

duckdb.execute("CREATE TABLE cdn AS SELECT 0.004::DECIMAL(38, 12) AS amount FROM range(1000)")
duckdb.execute("CREATE TABLE other AS SELECT 10.25::DECIMAL(18, 2) AS amount FROM range(2)")
UNION = "SELECT amount FROM cdn UNION ALL SELECT {} FROM other"
TOTAL = "SELECT any_value(typeof(amount)), sum(amount) FROM ({})"


def show(name: str, query: str) -> None:
    kind, total = duckdb.execute(TOTAL.format(query)).fetchone()
    print(f"{name}: {kind}, {total}")


show("the CDN's lines", "SELECT amount FROM cdn")
show("the other's sum", "SELECT sum(amount) AS amount FROM other")
show("both, with the sum", UNION.format("sum(amount)"))
show("both, with the lines", UNION.format("amount"))
show("both, with a cast sum", UNION.format("sum(amount)::DECIMAL(18, 2)"))
END
venv/bin/python run.py | tee seen

cat > expected <<'END'
the CDN's lines: DECIMAL(38,12), 4.000000000000
the other's sum: DECIMAL(38,2), 20.50
both, with the sum: DECIMAL(38,2), 20.50
both, with the lines: DECIMAL(38,12), 24.500000000000
both, with a cast sum: DECIMAL(38,12), 24.500000000000
END
diff expected seen
