#!/usr/bin/env bash
# xlsx2csv 0.8.6: an amount formatted as '0.00 "USD"' becomes the text '0.00 "us14"'.
#
# One would guess: the cell is written as 1200.5, or as the spreadsheet shows it, 1200.50 USD.
# What happens: the d in the quoted "USD" makes the format a date. The number is gone, and the cell
#   holds the format itself, in lowercase, with the day of a date in it. The same sheet in EUR or
#   GBP is correct, because these codes have no letter of a date. CHF has an h, for hours. The
#   units "h" and "MB" are affected too. The status is 0, and stderr is empty.
# Why it matters: a cost sheet that worked in EUR has no amounts in USD. A sum that skips text is
#   then 0.
# What we do about it: the xlsx export writes the currency as [$USD], which xlsx2csv reads as a
#   number. Tests check the format.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --no-compile --disable-pip-version-check \
    xlsx2csv==0.8.6 XlsxWriter==3.3.1 openpyxl==3.1.5 python-calamine==0.9.1

cat > run.py <<'END'
import subprocess

import openpyxl
import python_calamine
import xlsxwriter

FORMATS = [f'#,##0.00 "{unit}"' for unit in ("EUR", "GBP", "USD", "CHF", "h", "MB")]
FORMATS.append("[$USD] #,##0.00")

with xlsxwriter.Workbook("costs.xlsx") as book:
    sheet = book.add_worksheet()
    for row, form in enumerate(FORMATS):
        sheet.write_number(row, 0, 1200.5, book.add_format({"num_format": form}))

command = ["venv/bin/xlsx2csv", "--delimiter", ";", "costs.xlsx"]
result = subprocess.run(command, capture_output=True, text=True, check=True)
others = openpyxl.load_workbook("costs.xlsx").active.values
calamine = python_calamine.CalamineWorkbook.from_path("costs.xlsx").get_sheet_by_index(0)
for form, cell, *numbers in zip(
    FORMATS, result.stdout.splitlines(), others, calamine.to_python(), strict=True
):
    print(f"{form}: {cell}, others: {numbers[0][0]} and {numbers[1][0]}")
print("stderr:", repr(result.stderr))
END
venv/bin/python run.py | tee seen

cat > expected <<'END'
#,##0.00 "EUR": 1200.5, others: 1200.5 and 1200.5
#,##0.00 "GBP": 1200.5, others: 1200.5 and 1200.5
#,##0.00 "USD": "#,##0.00 ""us14""", others: 1200.5 and 1200.5
#,##0.00 "CHF": "#,##0.00 ""c12f""", others: 1200.5 and 1200.5
#,##0.00 "h": "#,##0.00 ""12""", others: 1200.5 and 1200.5
#,##0.00 "MB": "#,##0.00 ""04b""", others: 1200.5 and 1200.5
[$USD] #,##0.00: 1200.5, others: 1200.5 and 1200.5
stderr: ''
END
diff expected seen
