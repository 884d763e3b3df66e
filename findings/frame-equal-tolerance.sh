#!/usr/bin/env bash
# pandas 3.1.1 and polars 2.1.0: to assert_frame_equal, 1,000,000 dollars are equal to
# 1,000,009.
#
# One would guess: a function of this name allows for the last bits of a float, not for money.
# What happens: both allow 1 in 100,000 by default. A total of a million may be 9 dollars off, and
#   an invoice of 6,000 may be 5 cents off. Decimals are compared exactly, and so are whole
#   numbers, so the same test with other types of columns is strict. pytest's `approx` allows 1 in
#   1,000,000. The tolerances are documented.
# Why it matters: a test compares an export, or new costs with stored ones, and passes although
#   cents are lost on the way. Such a test exists to find this.
# What we do about it: our tests compare exact Decimals. docs/interoperation.md names the option.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --no-compile --disable-pip-version-check \
    pandas==3.1.1 polars==2.1.0 pytest==9.1.1

cat > run.py <<'END'
from decimal import Decimal

import pandas
import polars
import polars.testing
import pytest


def verdict(compare, make, stored, new, **options):
    frames = [make({"amount": [amount]}) for amount in (stored, new)]
    try:
        compare(*frames, **options)
    except AssertionError:
        return "differs"
    return "equal"


for stored, new in (("1000000.00", "1000009.00"), ("6000.00", "6000.05"), ("375.50", "375.51")):
    print(f"{stored} and {new}:")
    for compare, make in (
        (pandas.testing.assert_frame_equal, pandas.DataFrame),
        (polars.testing.assert_frame_equal, polars.DataFrame),
    ):
        floats = verdict(compare, make, float(stored), float(new))
        exact = verdict(compare, make, float(stored), float(new), check_exact=True)
        decimals = verdict(compare, make, Decimal(stored), Decimal(new))
        print(f"  {make.__module__.split('.')[0]}: {floats}, exact {exact}, Decimals {decimals}")
    print("  approx:", "equal" if float(new) == pytest.approx(float(stored)) else "differs")
END
venv/bin/python run.py | tee seen

cat > expected <<'END'
1000000.00 and 1000009.00:
  pandas: equal, exact differs, Decimals differs
  polars: equal, exact differs, Decimals differs
  approx: differs
6000.00 and 6000.05:
  pandas: equal, exact differs, Decimals differs
  polars: equal, exact differs, Decimals differs
  approx: differs
375.50 and 375.51:
  pandas: differs, exact differs, Decimals differs
  polars: differs, exact differs, Decimals differs
  approx: differs
END
diff expected seen
