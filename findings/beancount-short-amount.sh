#!/usr/bin/env bash
# beancount 3.2.3: an amount without its last zero loosens the check of the whole transaction.
#
# One would guess: 375.5 and 375.50 are the same number, so both files pass the check, or neither.
# What happens: beancount derives its tolerance from the amount with the fewest decimals. With
#   "375.50" the transaction below is refused, because it is 2 cents off. With "375.5" it passes,
#   and so does everything up to 5 cents.
# Why it matters: Python prints 375.50 as 375.5, and so do JSON and most exports. A ledger that
#   was generated from them no longer notices that the lines of an invoice differ from its total.
# What we do about it: docs/interoperation.md says to write amounts with all decimals of the currency.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --no-compile --disable-pip-version-check beancount==3.2.3

for amount in 375.50 375.5; do
    cat > "$amount.beancount" <<END
2026-01-01 open Expenses:Delivery
2026-01-01 open Expenses:Certificates
2026-01-01 open Liabilities:CDN

2026-05-31 * "CDN" "Invoice of May: the lines are 2 cents less than the total"
  Expenses:Delivery       9941.40 USD
  Expenses:Certificates    $amount USD
  Liabilities:CDN       -10316.92 USD
END
    status=0
    venv/bin/bean-check "$amount.beancount" 2> errors || status=$?
    echo "$amount: status $status, $(grep -c 'does not balance: (-0.02 USD)' errors || true) error(s)"
done | tee seen

cat > expected <<'END'
375.50: status 1, 1 error(s)
375.5: status 0, 0 error(s)
END
diff expected seen
