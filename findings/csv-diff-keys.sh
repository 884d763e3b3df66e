#!/usr/bin/env bash
# csv-diff 1.2: of lines with the same key only the last one is compared, without a word.
#
# One would guess: a key that is not unique is refused, or each of its lines is compared.
# What happens: the last line with a key replaces the others. An amount that changes from 1200.50
#   to 9200.50 is no change, nor is a line that was removed, if a later line has the same key. The
#   command prints an empty line. Without `--key` it reports both.
# Why it matters: an invoice has a line of the same product for each region. The comparison of two
#   months, or of a draft with the final invoice, then covers the last region only.
# What we do about it: docs/interoperation.md says to give a key that is unique. invoice_id and
#   line_number are one.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --no-compile --disable-pip-version-check csv-diff==1.2

cat > draft.csv <<'END'
line,product,region,amount
1,Delivery,Europe,1200.50
2,Delivery,Asia,375.50
3,Delivery,Africa,20.00
END
cat > final.csv <<'END'
line,product,region,amount
1,Delivery,Europe,9200.50
3,Delivery,Africa,20.00
END
{
    echo "key product:"
    venv/bin/csv-diff draft.csv final.csv --key=product
    echo "key line:"
    venv/bin/csv-diff draft.csv final.csv --key=line
    echo "no key:"
    venv/bin/csv-diff draft.csv final.csv > changes
    head -n 1 changes
} | tee seen

cat > expected <<'END'
key product:

key line:
1 row changed, 1 row removed

1 row changed

  line: 1
    amount: "1200.50" => "9200.50"

1 row removed

  line: 2
  product: Delivery
  region: Asia
  amount: 375.50
no key:
1 row added, 2 rows removed
END
diff expected seen
