#!/usr/bin/env bash
# price-parser 0.5.1: "$0.125" is 125 dollars, and "-375.50 USD" is 375.50.
#
# One would guess: a point after a single 0 is a decimal point, and a minus sign is kept.
# What happens: three digits after the only point are taken for thousands, so 0.125 is 125, while
#   0.12 and 0.1250 are correct. The sign is dropped.
# Why it matters: rates of a CDN have three or four decimals. In one price list, some rates are
#   correct, and those with three are a thousand times too high. A credit becomes a charge.
# What we do about it: rates and credits are exact numbers with a sign in rows and exports.
#   docs/interoperation.md says to pass decimal_separator, and to read the sign.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --no-compile --disable-pip-version-check price-parser==0.5.1

cat > run.py <<'END'
from price_parser import Price

for text in ("$0.12", "$0.125", "$0.1250", "$0.0075", "0.005 USD", "-375.50 USD", "-$375.50"):
    guessed = Price.fromstring(text).amount
    told = Price.fromstring(text, decimal_separator=".").amount
    print(f"{text}: {guessed}, with decimal_separator: {told}")
END
venv/bin/python run.py | tee seen

cat > expected <<'END'
$0.12: 0.12, with decimal_separator: 0.12
$0.125: 125, with decimal_separator: 0.125
$0.1250: 0.1250, with decimal_separator: 0.1250
$0.0075: 0.0075, with decimal_separator: 0.0075
0.005 USD: 5, with decimal_separator: 0.005
-375.50 USD: 375.50, with decimal_separator: 375.50
-$375.50: 375.50, with decimal_separator: 375.50
END
diff expected seen
