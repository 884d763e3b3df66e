#!/usr/bin/env bash
# frictionless 5.21.0: after 100 rows of whole amounts, `extract` leaves all others empty.
#
# One would guess: a cell that does not fit the type that was guessed is an error.
# What happens: the types are guessed from 100 rows. If their amounts are whole, later ones
#   such as 375.50 are empty cells in the CSV that `extract` writes, and None in Python. The exit
#   status is 0 and nothing is said. Only `validate`, which is another command, reports them.
# Why it matters: the first 100 lines of a bill can easily be flat fees. The rest of the amounts
#   is lost, and what is left still adds up to something.
# What we do about it: docs/interoperation.md says to run `validate` first, or to give a schema.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --no-compile --disable-pip-version-check frictionless==5.21.0

cat > lines.py <<'END'
print("line", "amount", sep=",")
for line in range(1, 121):
    print(line, 10, sep=",")
print(121, "375.50", sep=",")
print(122, "99.10", sep=",")
END
python3 lines.py > lines.csv
add_up() {
    python3 -c 'import csv, sys
amounts = [row["amount"] for row in csv.DictReader(sys.stdin)]
print(sum(map(float, filter(None, amounts))), "empty:", amounts.count(""))'
}
{
    echo "lines.csv: $(add_up < lines.csv)"
    status=0
    venv/bin/frictionless extract --csv lines.csv > extracted.csv 2> errors || status=$?
    echo "extract: status $status, $(wc -c < errors | tr -d ' ') bytes of errors"
    echo "extracted: $(add_up < extracted.csv)"
    status=0
    venv/bin/frictionless validate lines.csv > report 2> errors || status=$?
    echo "validate: status $status"
} | tee seen

cat > expected <<'END'
lines.csv: 1674.6 empty: 0
extract: status 0, 0 bytes of errors
extracted: 1200.0 empty: 2
validate: status 1
END
diff expected seen
