#!/usr/bin/env bash
# csvkit 2.2.0: sorting a file rewrites its cells: 1 becomes True, "N/A" becomes empty.
#
# One would guess: csvsort changes the order of the rows, as sort does, and leaves the cells
#   alone.
# What happens: it guesses a type for each column and writes the values back in that type. A
#   column that has only 0 and 1 is taken for yes and no, so 1 unit becomes True. "N/A" and "None"
#   are taken for missing, and leading zeros are dropped.
# Why it matters: a short invoice easily has a column with only 0 and 1 (line numbers, units,
#   certificates), and Fastly's invoices have a product group called "N/A". The next program then
#   adds text, or misses a group. In another month, with a 2 in the column, the same command
#   works.
# What we do about it: docs/interoperation.md says to give csvkit the options -I and --blanks, which keep
#   cells.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --no-compile --disable-pip-version-check csvkit==2.2.0

cat > invoice.csv <<'END'
account,line_number,product_group,units,amount
00042,1,TLS,1,375.50
00042,0,N/A,0,0.00
END
{
    echo "csvsort:"
    venv/bin/csvsort -c amount invoice.csv
    echo "csvsort -I --blanks:"
    venv/bin/csvsort -I --blanks -c line_number invoice.csv
    echo "csvcut:"
    venv/bin/csvcut -c account,units invoice.csv
} | tee seen

cat > expected <<'END'
csvsort:
account,line_number,product_group,units,amount
42,False,,False,0.00
42,True,TLS,True,375.50
csvsort -I --blanks:
account,line_number,product_group,units,amount
00042,0,N/A,0,0.00
00042,1,TLS,1,375.50
csvcut:
account,units
00042,1
00042,0
END
diff expected seen
