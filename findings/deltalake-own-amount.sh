#!/usr/bin/env bash
# deltalake 1.6.6: a row is not found by its own amount, because the file's statistics are floats.
#
# One would guess: a condition with the exact decimal that was written finds its row.
# What happens: Delta's log has the smallest and the largest amount of each file, and deltalake
#   writes them as floats of 17 digits. If an amount with more digits is the largest and is
#   rounded down, the whole file is skipped: `SELECT` finds nothing, `delete` deletes nothing, and
#   both succeed. `amount >= 166666.666666666667` finds the row, `amount =` does not.
# Why it matters: shares of a bill, such as a third of 500,000, have 18 digits in a
#   `DECIMAL(38, 12)`. A correction that looks for the amount to replace does not find it, and the
#   new amount is added to the old one.
# What we do about it: invoice_id and line_number are a key of the lines. docs/interoperation.md
#   says to find rows by it, and not by amounts.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --no-compile --disable-pip-version-check deltalake==1.6.6 pyarrow==26.0.1

cat > find.py <<'END'
import json
from decimal import Decimal
from pathlib import Path

import pyarrow
from deltalake import DeltaTable, QueryBuilder, write_deltalake

amounts = [Decimal("41666.666666666667"), Decimal("166666.666666666667")]
rows = {
    "team": ["docs", "shop"],
    "amount": pyarrow.array(amounts, pyarrow.decimal128(38, 12)),
}
write_deltalake("shares", pyarrow.table(rows))
table = DeltaTable("shares")
[log] = Path("shares/_delta_log").glob("*.json")
[added] = [json.loads(line)["add"] for line in log.read_text().splitlines() if '"add"' in line]
print("largest amount in the log:", json.loads(added["stats"])["maxValues"]["amount"])
for condition in (
    "team = 'shop'",
    "amount = 166666.666666666667",
    "amount >= 166666.666666666667",
    "amount >= 166666.66",
):
    query = QueryBuilder().register("shares", table)
    found = query.execute(f"SELECT * FROM shares WHERE {condition}").read_all()
    print(f"{condition}: {found.num_rows}")
deleted = table.delete("amount = 166666.666666666667")["num_deleted_rows"]
print("deleted by amount:", deleted)
print("deleted by team:", table.delete("team = 'shop'")["num_deleted_rows"])
END
venv/bin/python find.py | tee seen

cat > expected <<'END'
largest amount in the log: 166666.66666666666
team = 'shop': 1
amount = 166666.666666666667: 0
amount >= 166666.666666666667: 1
amount >= 166666.66: 1
deleted by amount: 0
deleted by team: 1
END
diff expected seen
