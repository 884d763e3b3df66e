#!/usr/bin/env bash
# polars 2.1.0 with fastexcel 0.21.0: text IDs below the 1,000th row of a sheet are read as nulls.
#
# One would guess: a column with numbers and text is read as text, or the reader refuses it.
# What happens: the type of a column is that of its first 1,000 rows. Cells of another type
#   further down become null, without an error or a warning. Their amounts stay, under no ID.
# Why it matters: IDs of older invoices are digits, which spreadsheets keep as numbers, and newer
#   ones have letters. In a long history the newest invoices lose their IDs, so joins and groups
#   lose them.
# What we do about it: `--output costs.xlsx` writes every ID as text, digits too, and a test reads
#   the file back with polars and compares the IDs.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --no-compile --disable-pip-version-check polars==2.1.0 fastexcel==0.21.0 openpyxl==3.1.5

cat > run.py <<'END'
import openpyxl
import polars

book = openpyxl.Workbook()
book.active.append(["invoice_id", "amount"])
for number in range(1050):
    book.active.append([29239985 + number, 375.5])
for number in range(3):
    book.active.append([f"INV-{375119 + number}", 1200.25])
book.save("costs.xlsx")


def show(name: str, frame: polars.DataFrame) -> None:
    newest = frame.tail(3)
    print(f"{name}: {frame.height} rows, {newest['invoice_id'].to_list()}, {newest['amount'].sum()}")


show("as it is", polars.read_excel("costs.xlsx"))
text = {"invoice_id": polars.String}
show("as text", polars.read_excel("costs.xlsx", schema_overrides=text))
END
venv/bin/python run.py | tee seen

cat > expected <<'END'
as it is: 1053 rows, [None, None, None], 3600.75
as text: 1053 rows, ['INV-375119', 'INV-375120', 'INV-375121'], 3600.75
END
diff expected seen
