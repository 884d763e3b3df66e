#!/usr/bin/env bash
# DuckDB 2.0.1 reads monthly Parquet files of pyarrow 26.0.1 with the decimals of the first one.
#
# One would guess: a folder of files with the same column names reads exactly, or not at all.
# What happens: pyarrow, and so pandas, writes Decimals in the narrowest type that fits the month:
#   DECIMAL(6, 2) in one file, DECIMAL(6, 6) in the next one. DuckDB casts every file to the type
#   of the first one, and so rounds amounts that have more decimals. In the other order the same
#   query is refused. With union_by_name it is exact.
# Why it matters: what a folder adds up to depends on which month comes first in it. Adding an
#   older month can change the total of the newer ones.
# What we do about it: every table of fastly.tables has one published type for money, so all
#   months have the same schema, and a test writes months into one folder and adds them up in any
#   order.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --no-compile --disable-pip-version-check duckdb==2.0.1 pyarrow==26.0.1

cat > run.py <<'END'
from decimal import Decimal

import duckdb
import pyarrow
import pyarrow.parquet

MONTHS = {
    "2026-04": [Decimal("1316.92"), Decimal("1375.50")],
    "2026-05": [Decimal("0.004375"), Decimal("0.004375"), Decimal("0.004375")],
}
for month, amounts in MONTHS.items():
    pyarrow.parquet.write_table(pyarrow.table({"amount": amounts}), f"{month}.parquet")


def show(name: str, files: str) -> None:
    query = f"SELECT any_value(typeof(amount)), sum(amount) FROM {files}"
    kind, total = duckdb.execute(query).fetchone()
    print(f"{name}: {kind}, {total}")


print("exact:", sum(sum(amounts) for amounts in MONTHS.values()))
show("April", "'2026-04.parquet'")
show("May", "'2026-05.parquet'")
show("both", "'*.parquet'")
try:
    show("May first", "read_parquet(['2026-05.parquet', '2026-04.parquet'])")
except duckdb.ConversionException:
    print("May first: refused")
show("both by name", "read_parquet('*.parquet', union_by_name=true)")
END
venv/bin/python run.py | tee seen

cat > expected <<'END'
exact: 2692.433125
April: DECIMAL(6,2), 2692.42
May: DECIMAL(6,6), 0.013125
both: DECIMAL(6,2), 2692.42
May first: refused
both by name: DECIMAL(10,6), 2692.433125
END
diff expected seen
