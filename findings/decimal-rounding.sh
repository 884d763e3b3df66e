#!/usr/bin/env bash
# DuckDB 2.0.1, polars 2.1.0, pyarrow 26.0.1: round(amount, 2) of the same decimal differs by a
# cent.
#
# One would guess: libraries differ in rounding floats, but agree on exact decimals.
# What happens: DuckDB rounds half a cent away from zero, polars and pyarrow to the even cent. The
#   quotient of two decimals differs too: polars rounds it, pyarrow cuts it off.
# Why it matters: usage prices end in halves of a cent. An invoice that is checked in one tool and
#   re-billed from another one is off by a cent a line, always in the same direction.
# What we do about it: fastly.costs shares amounts among services in exact decimals, by largest
#   remainder, before any table is made, and a test checks that the shares add up to the invoice.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --no-compile --disable-pip-version-check duckdb==2.0.1 polars==2.1.0 pyarrow==26.0.1

cat > run.py <<'END'
from decimal import Decimal

import duckdb
import polars
import pyarrow
import pyarrow.compute

amounts = [Decimal("0.125"), Decimal("1.005"), Decimal("-2.345"), Decimal("0.135")]
lines = pyarrow.table({"amount": pyarrow.array(amounts, pyarrow.decimal128(18, 6))})


def show(name: str, rounded: list[Decimal], third: Decimal) -> None:
    print(f"{name}:", *(f"{amount:.2f}" for amount in rounded), "| 2.00 / 3 =", third)


rows = duckdb.sql("SELECT round(amount, 2) FROM lines").fetchall()
print("DuckDB:", *(f"{amount:.2f}" for (amount,) in rows))

column = polars.from_arrow(lines)["amount"]
two = polars.Series([Decimal("2.000000")], dtype=polars.Decimal(18, 6))
show("polars", column.round(2).to_list(), (two / Decimal(3))[0])

two = pyarrow.array([Decimal("2.000000")], pyarrow.decimal128(18, 6))
third = pyarrow.compute.divide(two, pyarrow.scalar(Decimal(3)))[0].as_py()
show("pyarrow", pyarrow.compute.round(lines["amount"], 2).to_pylist(), third)
END
venv/bin/python run.py | tee seen

cat > expected <<'END'
DuckDB: 0.13 1.01 -2.35 0.14
polars: 0.12 1.00 -2.34 0.14 | 2.00 / 3 = 0.666667
pyarrow: 0.12 1.00 -2.34 0.14 | 2.00 / 3 = 0.66666666
END
diff expected seen
