#!/usr/bin/env bash
# pandas 3.1.1, pyarrow 26.0.1: an amount of zero is written to CSV as 0E-12.
#
# One would guess: a column DECIMAL(38, 12) is written with 12 decimals, as polars and DuckDB do.
# What happens: pandas and pyarrow write zero as 0E-12, and 0.000000004 as 4.000E-9. All other
#   amounts of the column are written with a point. pandas' to_json() writes the point.
# Why it matters: free tiers and credits make zeros ordinary. Ledgers do not accept an exponent,
#   and sort -n takes 4.000E-9 for 4 and sorts it above 3.75.
# What we do about it: the CSV export never writes an exponent. docs/tables.md says how to write a
#   table to CSV.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --no-compile --disable-pip-version-check \
    pandas==3.1.1 pyarrow==26.0.1 polars==2.1.0 duckdb==2.0.1 beancount==3.2.3

cat > run.py <<'END'
import json
from decimal import Decimal

import duckdb
import pandas
import polars
import pyarrow
import pyarrow.csv

AMOUNTS = [Decimal("0"), Decimal("0.000000004"), Decimal("3.75")]
costs = pyarrow.table({"amount": pyarrow.array(AMOUNTS, pyarrow.decimal128(38, 12))})
frame = costs.to_pandas()


def show(name: str, csv: str) -> None:
    print(f"{name}:", *csv.replace('"', "").split()[1:])


pyarrow.csv.write_csv(costs, "amounts.csv")
duckdb.sql("FROM costs").write_csv("duckdb.csv")
show("pyarrow", open("amounts.csv").read())
show("pandas", frame.to_csv(index=False))
arrow_types = costs.to_pandas(types_mapper=pandas.ArrowDtype)
show("pandas with Arrow's types", arrow_types.to_csv(index=False))
show("polars", polars.from_arrow(costs).write_csv())
show("DuckDB", open("duckdb.csv").read())
print("pandas, JSON:", *json.loads(frame.to_json())["amount"].values())
END
{
    venv/bin/python run.py
    echo "sort -n:" $(tail -n +2 amounts.csv | LC_ALL=C sort -n)
    for amount in 0.000000000000 0E-12; do
        cat > zero.beancount <<END
2026-01-01 open Expenses:Delivery
2026-01-01 open Liabilities:CDN
2026-05-31 * "CDN" "May"
  Expenses:Delivery  $amount USD
  Liabilities:CDN    0.00 USD
END
        status=0
        venv/bin/bean-check zero.beancount 2> errors || status=$?
        echo "bean-check of $amount: status $status"
    done
} | tee seen

cat > expected <<'END'
pyarrow: 0E-12 4.000E-9 3.750000000000
pandas: 0E-12 4.000E-9 3.750000000000
pandas with Arrow's types: 0E-12 4.000E-9 3.750000000000
polars: 0.000000000000 0.000000004000 3.750000000000
DuckDB: 0.000000000000 0.000000004000 3.750000000000
pandas, JSON: 0.000000000000 0.000000004000 3.750000000000
sort -n: 0E-12 3.750000000000 4.000E-9
bean-check of 0.000000000000: status 0
bean-check of 0E-12: status 1
END
diff expected seen
