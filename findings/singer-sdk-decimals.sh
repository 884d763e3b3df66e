#!/usr/bin/env bash
# singer-sdk 0.54.9: the precision and the scale of a decimal never reach the target.
#
# One would guess: a tap that declares the format "x-singer.decimal" with a precision and a scale
#   gets such a column, because the SDK's code for targets reads both.
# What happens: the SDK's code for taps writes only known keywords into the schema message, and
#   these two are not among them. The column is a DECIMAL without digits, as for a "number". What
#   that is depends on the database: DuckDB has 3 decimals, MySQL and Snowflake have none.
# Why it matters: prices and amounts are rounded, by what should keep them exact, with status 0.
# What we do about it: docs/warehouse.md sends amounts as text, and casts them in a view.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --no-compile --disable-pip-version-check singer-sdk==0.54.9 duckdb==2.0.1

cat > tap.py <<'END'
from singer_sdk import Stream, Tap

EXACT = {"type": ["string"], "format": "x-singer.decimal", "precision": 38, "scale": 12}


class Lines(Stream):
    name = "lines"
    schema = {"type": "object", "properties": {"rate": EXACT, "amount": {"type": ["number"]}}}

    def get_records(self, context):
        yield {"rate": "0.0075", "amount": 2.0005}


class TapLines(Tap):
    name = "tap-lines"
    config_jsonschema = {"type": "object", "properties": {}}

    def discover_streams(self):
        return [Lines(self)]


TapLines.cli()
END

cat > load.py <<'END'
import json
import sys

import duckdb
from singer_sdk.sql.connector import JSONSchemaToSQL

messages = [json.loads(line) for line in sys.stdin]
columns = messages[0]["schema"]["properties"]
(record,) = [message["record"] for message in messages if message["type"] == "RECORD"]
for name, column in columns.items():
    kind = JSONSchemaToSQL().to_sql_type(column)
    declared = duckdb.sql(f"SELECT CAST('{record[name]}' AS {kind}) AS x")
    print(name, column, kind, *declared.types, record[name], "->", *declared.fetchall()[0])
END
venv/bin/python tap.py 2> log | venv/bin/python load.py | tee seen

cat > expected <<'END'
rate {'format': 'x-singer.decimal', 'type': ['string']} DECIMAL DECIMAL(18,3) 0.0075 -> 0.008
amount {'type': ['number']} DECIMAL DECIMAL(18,3) 2.0005 -> 2.001
END
diff expected seen
