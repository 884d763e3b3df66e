#!/usr/bin/env bash
# SQLite (apsw 3.54.1.0) with DuckDB 2.0.1: in a column of type STRING, the account "00042" is 42.
#
# One would guess: STRING is text, as in BigQuery, Spark and DuckDB, or SQLite refuses the name.
# What happens: SQLite takes any name. Without CHAR, CLOB or TEXT in it, the column prefers
#   numbers, so text that looks like a number becomes one: 00042 is 42, 12e3 is 12000, and two
#   customers whose IDs have 22 digits become one. DuckDB keeps them with the same statement. The
#   rules are documented. A STRICT table refuses the name.
# Why it matters: a schema that was written for a warehouse is often used with SQLite in tests, on
#   a laptop, or in an app. IDs of digits match nothing any more, and costs of two customers are
#   added up.
# What we do about it: docs/interoperation.md says to use TEXT, and STRICT.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --no-compile --disable-pip-version-check apsw==3.54.1.0 duckdb==2.0.1

cat > run.py <<'END'
import apsw
import duckdb

LINES = [
    ("1234567890123456789012", "00042", "12e3", 1200.5),
    ("1234567890123456789013", "00089", "29A", 375.5),
]


def show(name, database, statement):
    try:
        database.execute(statement)
    except Exception as error:
        print(f"{name}: {error}")
        return
    database.executemany("INSERT INTO lines VALUES (?, ?, ?, ?)", LINES)
    columns = "SELECT account, invoice FROM lines ORDER BY amount"
    sums = "SELECT customer, sum(amount) FROM lines GROUP BY 1 ORDER BY 2"
    for query in (columns, sums):
        print(f"{name}:", *database.execute(query).fetchall())


TABLE = "CREATE TABLE lines (customer {0}, account {0}, invoice {0}, amount DOUBLE)"
show("DuckDB, STRING", duckdb.connect(), TABLE.format("STRING"))
show("SQLite, STRING", apsw.Connection(":memory:"), TABLE.format("STRING"))
show("SQLite, TEXT", apsw.Connection(":memory:"), TABLE.format("TEXT"))
show("SQLite, STRICT", apsw.Connection(":memory:"), TABLE.format("STRING") + " STRICT")
END
venv/bin/python run.py | tee seen

cat > expected <<'END'
DuckDB, STRING: ('00089', '29A') ('00042', '12e3')
DuckDB, STRING: ('1234567890123456789013', 375.5) ('1234567890123456789012', 1200.5)
SQLite, STRING: (89, '29A') (42, 12000)
SQLite, STRING: (1.2345678901234568e+21, 1576.0)
SQLite, TEXT: ('00089', '29A') ('00042', '12e3')
SQLite, TEXT: ('1234567890123456789013', 375.5) ('1234567890123456789012', 1200.5)
SQLite, STRICT: unknown datatype for lines.customer: "STRING"
END
diff expected seen
