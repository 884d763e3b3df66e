#!/usr/bin/env bash
# dlt 1.31.0: after a first whole amount, amounts with decimals go to a column of their own.
#
# One would guess: amounts of 1200, 375.5 and 99.1 are one column of floats or decimals, or an
#   error.
# What happens: the first amount makes the column a BIGINT. 375.5 and 99.1 do not fit, and are put
#   into a second column, `total__v_double`, with null in `total`. The load succeeds. If 375.5
#   comes first, all amounts are in one column, and a hint ("data_type": "decimal") has the same
#   effect.
# Why it matters: JSON writes 1200.00 as 1200. `sum(total)` is that of the whole amounts, and it
#   depends on which invoice came first.
# What we do about it: docs/recipes/dlt.md and docs/warehouse.md declare the types of amounts, and
#   a test adds them up.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --no-compile --disable-pip-version-check \
    'dlt[duckdb]==1.31.0' duckdb==2.0.1

cat > load.py <<'END'
import dlt
import duckdb

INVOICES = [
    {"invoice_id": "INV-1", "total": 1200},
    {"invoice_id": "INV-2", "total": 375.5},
    {"invoice_id": "INV-3", "total": 99.1},
]


def load(name, rows, **hints):
    pipeline = dlt.pipeline(
        name,
        destination=dlt.destinations.duckdb(f"{name}.duckdb"),
        dataset_name="costs",
        pipelines_dir=f"{name}.dlt",
    )
    pipeline.run(rows, table_name="invoices", **hints)
    with duckdb.connect(f"{name}.duckdb", read_only=True) as database:
        table = "SELECT column_name FROM (DESCRIBE costs.invoices)"
        columns = [column for (column,) in database.execute(table).fetchall()]
        [(total,)] = database.execute("SELECT sum(total) FROM costs.invoices").fetchall()
    print(f"{name}: {total}, {[column for column in columns if 'total' in column]}")


load("whole_first", INVOICES)
load("whole_last", INVOICES[::-1])
load("hint", INVOICES, columns={"total": {"data_type": "decimal", "precision": 38, "scale": 2}})
END
export RUNTIME__DLTHUB_TELEMETRY=false RUNTIME__LOG_LEVEL=CRITICAL DLT_DATA_DIR="$folder/data"
venv/bin/python -W ignore load.py | tee seen

cat > expected <<'END'
whole_first: 1200, ['total', 'total__v_double']
whole_last: 1674.6, ['total']
hint: 1674.60, ['total']
END
diff expected seen
