#!/usr/bin/env bash
# polars 2.1.0: after 100 rows, DataFrame drops fields that are new, and the cents of amounts.
#
# One would guess: a frame that is made from a list of dicts has all of their fields and values,
#   or the call fails, since `strict` is on by default.
# What happens: the fields and their types are those of the first 100 dicts. If their amounts are
#   whole, later ones lose their cents: 375.5 is 375. A field that appears later, such as the
#   credit of an invoice, is not in the frame. There is no error and no warning. `read_database`
#   does the same to the cents. `infer_schema_length=None` reads all rows first, and then both
#   are right. The number of 100 is documented, and so is `strict`, which should raise an error.
# Why it matters: this is how the lines of an API are put into a frame. Flat fees come first in many
#   invoices, and fields without a value are often left out of JSON. In a test with 20 lines all
#   is well.
# What we do about it: docs/interoperation.md says to make frames of tables, which have types, or to
#   pass the option.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --no-compile --disable-pip-version-check polars==2.1.0

cat > run.py <<'END'
import sqlite3
import warnings

import polars

warnings.simplefilter("error")
lines = [{"amount": 1200} for _ in range(100)]
lines += [{"amount": 375.5}, {"amount": 0.4}, {"amount": 0, "credit": -20.25}]
print("dicts:", sum(line["amount"] + line.get("credit", 0) for line in lines))
database = sqlite3.connect(":memory:")
database.execute("CREATE TABLE lines (amount NUMERIC)")
database.executemany("INSERT INTO lines VALUES (?)", [(line["amount"],) for line in lines])
print("SQLite, without credits:", database.execute("SELECT sum(amount) FROM lines").fetchone()[0])
for options in ({}, {"infer_schema_length": None}):
    print("with", options)
    for make in (polars.DataFrame, polars.from_dicts):
        frame = make(lines, **options)
        print(f"  {make.__name__}: {frame.columns}, {frame.sum().row(0)}")
    frame = polars.read_database("SELECT amount FROM lines", database, **options)
    print(f"  read_database: {frame.columns}, {frame.sum().row(0)}")
END
venv/bin/python run.py | tee seen

cat > expected <<'END'
dicts: 120355.65
SQLite, without credits: 120375.9
with {}
  DataFrame: ['amount'], (120375,)
  from_dicts: ['amount'], (120375,)
  read_database: ['amount'], (120375,)
with {'infer_schema_length': None}
  DataFrame: ['amount', 'credit'], (120375.9, -20.25)
  from_dicts: ['amount', 'credit'], (120375.9, -20.25)
  read_database: ['amount'], (120375.9,)
END
diff expected seen
