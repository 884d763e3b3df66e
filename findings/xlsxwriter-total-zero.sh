#!/usr/bin/env bash
# XlsxWriter 3.3.1: a total row with =SUM is 0 for every program that does not calculate.
#
# One would guess: a reader finds the sum or, as nobody has calculated it yet, an empty cell.
# What happens: XlsxWriter stores 0 as the result of each formula and leaves the calculation to
#   Excel. openpyxl and calamine (which pandas and polars use) return that 0. A sheet of openpyxl,
#   which stores no result, gives an empty cell.
# Why it matters: a report looks right in Excel, and a script that books its total books 0.00. An
#   empty cell would have been noticed.
# What we do about it: `--output costs.xlsx` has no formulas, its sheet of totals has values, and
#   a test adds the lines and compares them with that sheet.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --no-compile --disable-pip-version-check \
    xlsxwriter==3.3.1 openpyxl==3.1.5 python-calamine==0.9.1

cat > run.py <<'END'
import openpyxl
import xlsxwriter
from python_calamine import CalamineWorkbook

ROWS = [["Delivery", 9941.42], ["Certificates", 375.5], ["Total", "=SUM(B1:B2)"]]

with xlsxwriter.Workbook("xlsxwriter.xlsx") as book:
    sheet = book.add_worksheet()
    for number, row in enumerate(ROWS):
        sheet.write_row(number, 0, row)

book = openpyxl.Workbook()
for row in ROWS:
    book.active.append(row)
book.save("openpyxl.xlsx")

for writer in ("xlsxwriter", "openpyxl"):
    sheet = openpyxl.load_workbook(f"{writer}.xlsx", data_only=True).active
    rows = CalamineWorkbook.from_path(f"{writer}.xlsx").get_sheet_by_index(0).to_python()
    print(f"{writer}: openpyxl reads {sheet['B3'].value!r}, calamine {rows[2][1]!r}")
END
venv/bin/python run.py | tee seen

cat > expected <<'END'
xlsxwriter: openpyxl reads 0, calamine 0.0
openpyxl: openpyxl reads None, calamine ''
END
diff expected seen
