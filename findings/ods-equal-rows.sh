#!/usr/bin/env bash
# tablib 3.10.0 and pyexcel-ods 0.6.0: rows of an ODS sheet that are alike are read once.
#
# One would guess: a sheet with three equal lines has three lines.
# What happens: the OpenDocument format stores consecutive equal rows once, with a count, and
#   spreadsheet programs write them so. Both read the row and not the count, so two of the three
#   lines are missing. pandas reads all three, with odfpy and with calamine.
# Why it matters: an invoice has several lines alike, such as certificates at the same price. The
#   total of the import is lower than that of the sheet, and no row looks wrong.
# What we do about it: the spreadsheet export is xlsx, which has no such count, and no two of its
#   lines are alike, as they have numbers. docs/interoperation.md says to save as xlsx.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --no-compile --disable-pip-version-check \
    'tablib[ods]==3.10.0' odfpy==1.4.1 pandas==3.1.1 python-calamine==0.9.1 pyexcel-ods==0.6.0

cat > read.py <<'END'
from pathlib import Path

import pandas
import pyexcel_ods
import tablib
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import Table, TableCell, TableRow
from odf.text import P


def row(*values, count=None):
    line = TableRow(numberrowsrepeated=count) if count else TableRow()
    for value in values:
        kind = {str: "string", float: "float"}[type(value)]
        cell = TableCell(valuetype=kind, **({"value": value} if kind == "float" else {}))
        cell.addElement(P(text=str(value)))
        line.addElement(cell)
    return line


document = OpenDocumentSpreadsheet()
sheet = Table(name="lines")
sheet.addElement(row("product", "amount"))
sheet.addElement(row("Certificate", 20.0, count=3))
sheet.addElement(row("Delivery", 1200.5))
document.spreadsheet.addElement(sheet)
document.save("lines.ods")

lines = tablib.Dataset().load(Path("lines.ods").read_bytes(), format="ods").dict
print("tablib:", len(lines), sum(float(line["amount"]) for line in lines))
for engine in ("odf", "calamine"):
    frame = pandas.read_excel("lines.ods", engine=engine)
    print(f"pandas, {engine}:", len(frame), frame.amount.sum())
_, *lines = pyexcel_ods.get_data("lines.ods")["lines"]
print("pyexcel-ods:", len(lines), sum(amount for _, amount in lines))
END
venv/bin/python read.py | tee seen

cat > expected <<'END'
tablib: 2 1220.5
pandas, odf: 4 1260.5
pandas, calamine: 4 1260.5
pyexcel-ods: 2 1220.5
END
diff expected seen
