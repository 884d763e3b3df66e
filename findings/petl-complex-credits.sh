#!/usr/bin/env bash
# petl 1.7.30: convertnumbers turns a credit in parentheses into a positive complex number.
#
# One would guess: "(20.00)", as accountants and spreadsheets write -20.00, stays text or is -20.
# What happens: it is (20+0j). Python reads text in parentheses as a complex number, and petl tries
#   this type last. The sum of the column is complex too, without an error, and the credit is
#   added where it should be subtracted. The CSV then has "(20+0j)". `convert` with `float`
#   makes it None.
# Why it matters: invoices from spreadsheets have credits in parentheses. The total is 40.00 too
#   high for a credit of 20.00.
# What we do about it: exports have a minus sign. docs/interoperation.md says to replace the
#   parentheses first.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --no-compile --disable-pip-version-check petl==1.7.30

cat > invoices.csv <<'END'
invoice,total
INV-1,1200.50
INV-2,99.10
CR-3,(20.00)
END
cat > read.py <<'END'
import petl

invoices = petl.convertnumbers(petl.fromcsv("invoices.csv"))
petl.tocsv(invoices, petl.StdoutSource(), lineterminator="\n")
print("sum:", sum(petl.values(invoices, "total")))
floats = petl.convert(petl.fromcsv("invoices.csv"), "total", float)
print("convert with float:", *petl.values(floats, "total"))
END
venv/bin/python read.py | tee seen

cat > expected <<'END'
invoice,total
INV-1,1200.5
INV-2,99.1
CR-3,(20+0j)
sum: (1319.6+0j)
convert with float: 1200.5 99.1 None
END
diff expected seen
