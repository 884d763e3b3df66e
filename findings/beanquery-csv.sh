#!/usr/bin/env bash
# beanquery 0.2.0 with beancount 3.2.3: the CSV of a query rounds amounts to the ledger's usual
# decimals.
#
# One would guess: rounding is for the eye, and `--format csv` writes the ledger's numbers.
# What happens: amounts with a currency are rounded to the number of decimals that is the most
#   common one for this currency in the ledger. 0.004 is 0.00 in the CSV, 0.0075 is 0.01, and the
#   lines of the CSV no longer add up to its total. `--numberify` does not help. The column `number`
#   has all decimals.
# Why it matters: most amounts of a ledger have two decimals, so those of usage with more are the
#   ones that are rounded, and the CSV is what the next program reads.
# What we do about it: docs/interoperation.md says to select `number`.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --no-compile --disable-pip-version-check beancount==3.2.3 beanquery==0.2.0

cat > costs.beancount <<'END'
2026-01-01 open Expenses:Delivery
2026-01-01 open Expenses:Requests
2026-01-01 open Liabilities:CDN

2026-05-31 * "Delivery"
  Expenses:Delivery   1200.50 USD
  Liabilities:CDN    -1200.50 USD

2026-05-31 * "Certificates"
  Expenses:Delivery    375.50 USD
  Liabilities:CDN     -375.50 USD

2026-06-30 * "Delivery"
  Expenses:Delivery    980.25 USD
  Liabilities:CDN     -980.25 USD

2026-05-31 * "Requests of a small service"
  Expenses:Requests    0.0040 USD
  Liabilities:CDN     -0.0040 USD

2026-06-30 * "Requests of a small service"
  Expenses:Requests    0.0030 USD
  Liabilities:CDN     -0.0030 USD
END
query() {
    venv/bin/bean-query --format csv "$@" | tr -d ' \r'
}
of_requests="WHERE account = 'Expenses:Requests'"
{
    query costs.beancount "SELECT date, position $of_requests"
    query costs.beancount "SELECT sum(position) AS total $of_requests"
    query --numberify costs.beancount "SELECT date, position $of_requests"
    query costs.beancount "SELECT date, number, currency $of_requests"
} | tee seen

cat > expected <<'END'
date,position
2026-05-31,0.00USD
2026-06-30,0.00USD
total
0.01USD
date,position(USD)
2026-05-31,0.00
2026-06-30,0.00
date,number,currency
2026-05-31,0.0040,USD
2026-06-30,0.0030,USD
END
diff expected seen
