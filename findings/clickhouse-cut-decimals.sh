#!/usr/bin/env bash
# ClickHouse (chdb 4.4.0): decimals that do not fit into a column are cut off, not rounded.
#
# One would guess: an amount with more decimals than its column is rounded, as in PostgreSQL and
#   DuckDB, or refused.
# What happens: they are cut off, in a cast, in VALUES, and when a CSV is loaded: 0.019 is 0.01,
#   and -0.019 is -0.01. `round` before the cast rounds.
# Why it matters: rounding errors cancel out over many lines, and these do not. 100,000 lines of
#   0.019 are 1,900.00, and 1,000.00 in the warehouse, where DuckDB has 2,000.00.
# What we do about it: tables have 12 decimals. docs/interoperation.md says to use
#   `Decimal(38, 12)`, and to round sums and not lines.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --no-compile --disable-pip-version-check chdb==4.4.0 duckdb==2.0.1

cat > load.py <<'END'
import chdb
import duckdb


def query(sql):
    return str(chdb.query(sql, "CSV")).strip()


print("cast:", query("SELECT '0.019'::Decimal(18, 2), '-0.019'::Decimal(18, 2)"))
print("VALUES:", query("SELECT * FROM values('amount Decimal(18, 2)', 0.019, -0.019)"))
print("round:", query("SELECT round('0.019'::Decimal(18, 3), 2)::Decimal(18, 2)"))
with open("lines.csv", "w") as file:
    file.write("amount\n" + "0.019\n" * 100_000)
for scale in (2, 12):
    table = f"file('lines.csv', CSVWithNames, 'amount Decimal(38, {scale})')"
    print(f"ClickHouse, {scale} decimals:", query(f"SELECT sum(amount) FROM {table}"))
    table = f"read_csv('lines.csv', columns={{'amount': 'DECIMAL(38, {scale})'}})"
    [(total,)] = duckdb.sql(f"SELECT sum(amount) FROM {table}").fetchall()
    print(f"DuckDB, {scale} decimals:", total)
END
venv/bin/python load.py | tee seen

cat > expected <<'END'
cast: 0.01,-0.01
VALUES: 0.01
-0.01
round: 0.02
ClickHouse, 2 decimals: 1000
DuckDB, 2 decimals: 2000.00
ClickHouse, 12 decimals: 1900
DuckDB, 12 decimals: 1900.000000000000
END
diff expected seen
