#!/usr/bin/env bash
# XlsxWriter 3.3.1: with constant_memory, a total above the lines is not in the file.
#
# One would guess: the option saves memory and the file has the same cells, or a cell that cannot
#   be written any more is an error.
# What happens: a row is finished as soon as a later one is begun. A cell that is written above
#   it is dropped: the method returns -1, which nobody looks at, and raises and warns nothing. If
#   a sheet is written by columns, only its first column is there. The documentation says that
#   rows must be written in order.
# Why it matters: a total in the first row can only be written when the lines have been added up,
#   and the option is for large files, such as ten years of lines. The small file of the test,
#   without the option, has the total.
# What we do about it: the xlsx export uses the option, writes each row once and in order, and its
#   totals into a sheet of their own. A test compares them with the lines. docs/interoperation.md
#   says to do the same.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --no-compile --disable-pip-version-check XlsxWriter==3.3.1 openpyxl==3.1.5

cat > run.py <<'END'
import warnings

import openpyxl
import xlsxwriter

warnings.simplefilter("error")
LINES = [("INV-1", 1200.5), ("INV-2", 375.5), ("INV-3", -20.25)]


def total_above(sheet):
    for row, line in enumerate(LINES, 1):
        sheet.write_row(row, 0, line)
    sheet.write_row(0, 0, ["total", sum(amount for _, amount in LINES)])


def total_in_another_sheet(sheet):
    for row, line in enumerate(LINES):
        sheet.write_row(row, 0, line)
    totals.write_row(0, 0, ["total", sum(amount for _, amount in LINES)])


def by_columns(sheet):
    for column, cells in enumerate(zip(*LINES)):
        sheet.write_column(0, column, cells)


for write in (total_above, total_in_another_sheet, by_columns):
    for options in ({}, {"constant_memory": True}):
        with xlsxwriter.Workbook("costs.xlsx", options) as book:
            sheet, totals = book.add_worksheet("lines"), book.add_worksheet("totals")
            write(sheet)
        print(f"{write.__name__}, {options}:")
        for sheet in openpyxl.load_workbook("costs.xlsx"):
            print(f"  {sheet.title}:", *sheet.iter_rows(values_only=True))
END
venv/bin/python run.py | tee seen

cat > expected <<'END'
total_above, {}:
  lines: ('total', 1555.75) ('INV-1', 1200.5) ('INV-2', 375.5) ('INV-3', -20.25)
  totals:
total_above, {'constant_memory': True}:
  lines: (None, None) ('INV-1', 1200.5) ('INV-2', 375.5) ('INV-3', -20.25)
  totals:
total_in_another_sheet, {}:
  lines: ('INV-1', 1200.5) ('INV-2', 375.5) ('INV-3', -20.25)
  totals: ('total', 1555.75)
total_in_another_sheet, {'constant_memory': True}:
  lines: ('INV-1', 1200.5) ('INV-2', 375.5) ('INV-3', -20.25)
  totals: ('total', 1555.75)
by_columns, {}:
  lines: ('INV-1', 1200.5) ('INV-2', 375.5) ('INV-3', -20.25)
  totals:
by_columns, {'constant_memory': True}:
  lines: ('INV-1',) ('INV-2',) ('INV-3',)
  totals:
END
diff expected seen
