#!/usr/bin/env bash
# dlt 1.31.0: the same dict as the hint of two columns merges the columns.
#
# One would guess: hints are data, so one constant such as MONEY can be the hint of every column
#   with money.
# What happens: dlt writes the name of the column into the dict that it was given. Used twice, it
#   has the last name, so the first column has no hint: its amounts are loaded as floats. There is
#   a warning in the log; the load succeeds.
# Why it matters: sums of floats differ from the invoices in the last digits, and the column that
#   should prevent it is declared in the program.
# What we do about it: docs/warehouse.md makes a dict for each column, and compares exact sums.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --no-compile --disable-pip-version-check 'dlt[duckdb]==1.31.0' duckdb==2.0.1

cat > run.py <<'END'
import dlt
import duckdb

LINES = [{"line": 1, "amount": 0.1, "tax": 0.2}, {"line": 2, "amount": 0.2, "tax": 0.1}]
MONEY = {"data_type": "decimal", "precision": 38, "scale": 12}


def load(name: str, columns: dict) -> None:
    pipeline = dlt.pipeline(
        name,
        destination=dlt.destinations.duckdb(f"{name}.duckdb"),
        dataset_name="costs",
        pipelines_dir=f"{name}.dlt",
    )
    pipeline.run(dlt.resource(LINES, name="lines", columns=columns))
    with duckdb.connect(f"{name}.duckdb", read_only=True) as database:
        query = "SELECT typeof(any_value(amount)), sum(amount), typeof(any_value(tax)) FROM costs.lines"
        print(f"{name}:", *database.execute(query).fetchone())


load("copied", {"amount": dict(MONEY), "tax": dict(MONEY)})
load("shared", {"amount": MONEY, "tax": MONEY})
END
export RUNTIME__DLTHUB_TELEMETRY=false RUNTIME__LOG_LEVEL=CRITICAL DLT_DATA_DIR="$folder/data"
venv/bin/python -W ignore run.py | tee seen

cat > expected <<'END'
copied: DECIMAL(38,12) 0.300000000000 DECIMAL(38,12)
shared: DOUBLE 0.30000000000000004 DECIMAL(38,12)
END
diff expected seen
