#!/usr/bin/env bash
# deepdiff 9.1.0: with ignore_order, a line that is billed twice is no difference.
#
# One would guess: `ignore_order=True` compares the lines in any order, and each one counts.
# What happens: it compares them as a set. A line that is there twice, or five times, equals a
#   line that is there once. `report_repetition=True`, which is documented, counts them.
# Why it matters: lines of an invoice have no fixed order, so the option is the obvious one for
#   comparing a stored invoice with a new one, and equal lines are ordinary. A duplicated or lost
#   line is what such a comparison should find.
# What we do about it: docs/interoperation.md gives the option. Rows here have line numbers, so
#   no two are equal.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --no-compile --disable-pip-version-check deepdiff==9.1.0

cat > run.py <<'END'
from deepdiff import DeepDiff

cdn = {"product": "CDN", "amount": 1200.5}
tls = {"product": "TLS", "amount": 20.0}
stored = [cdn, tls]
for name, new in {
    "TLS twice": [tls, cdn, tls],
    "TLS five times": [*[tls] * 5, cdn],
    "TLS missing": [cdn],
}.items():
    sums = [sum(line["amount"] for line in lines) for lines in (stored, new)]
    ignored = DeepDiff(stored, new, ignore_order=True)
    counted = DeepDiff(stored, new, ignore_order=True, report_repetition=True)
    print(f"{name}: {sums}, differences {list(ignored)}, with report_repetition {list(counted)}")
END
venv/bin/python run.py | tee seen

cat > expected <<'END'
TLS twice: [1220.5, 1240.5], differences [], with report_repetition ['repetition_change']
TLS five times: [1220.5, 1300.5], differences [], with report_repetition ['repetition_change']
TLS missing: [1220.5, 1200.5], differences ['iterable_item_removed'], with report_repetition ['iterable_item_removed']
END
diff expected seen
