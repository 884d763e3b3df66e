#!/usr/bin/env bash
# pandas 3.1.1 with tabulate 0.10.0: to_markdown changes IDs, and rounds amounts to 6 digits.
#
# One would guess: a table in Markdown shows what is in the frame.
# What happens: the invoice "12e3" is 12000, although it is text, and of 1234567.89 six digits are
#   left, 1.23457e+06, also if it is a Decimal. `to_string`
#   and `to_html` show all of it. `disable_numparse=True` keeps text, and `floatfmt=".2f"` shows
#   floats with cents.
# Why it matters: such tables are pasted into tickets and pull requests, where somebody approves a
#   bill. 123456.78 and 123457.49 look the same there.
# What we do about it: docs/interoperation.md gives both options.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --no-compile --disable-pip-version-check pandas==3.1.1 tabulate==0.10.0

cat > write.py <<'END'
from decimal import Decimal

import pandas

invoices = pandas.DataFrame(
    {
        "invoice": ["12e3", "29"],
        "total": [1234567.89, 123456.78],
        "exact": [Decimal("1234567.89"), Decimal("123456.78")],
    }
)
print(invoices.to_markdown(index=False))
print(invoices.to_markdown(index=False, disable_numparse=True, floatfmt=".2f"))
print(invoices.to_string(index=False))
END
venv/bin/python write.py | tee seen

cat > expected <<'END'
|   invoice |            total |            exact |
|----------:|-----------------:|-----------------:|
|     12000 |      1.23457e+06 |      1.23457e+06 |
|        29 | 123457           | 123457           |
| invoice   | total      | exact      |
|:----------|:-----------|:-----------|
| 12e3      | 1234567.89 | 1234567.89 |
| 29        | 123456.78  | 123456.78  |
invoice      total      exact
   12e3 1234567.89 1234567.89
     29  123456.78  123456.78
END
diff expected seen
