#!/usr/bin/env bash
# beangulp 0.2.0 with beancount 3.2.3: an invoice that is 4 % higher than another one, and a credit
# of the same amount, are taken for duplicates.
#
# One would guess: an entry is a duplicate if it has the same date and amount, or the same number.
# What happens: beangulp compares the accounts, the amounts within 5 % and without their sign, and
#   the dates within two days. The payee, the text and metadata such as the invoice's ID are not
#   compared. Duplicates are written as comments, so the ledger does not get them. The exit
#   status is 0.
# Why it matters: an organization with several accounts gets all invoices on the same day, and
#   many are alike. A credit for a wrong invoice disappears, and the wrong invoice stays.
# What we do about it: docs/interoperation.md says to compare IDs in the importer's `cmp`.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --no-compile --disable-pip-version-check beancount==3.2.3 beangulp==0.2.0

cat > ledger.beancount <<'END'
2026-01-01 open Expenses:CDN
2026-01-01 open Liabilities:CDN

2026-05-31 * "CDN" "INV-1, account shop"
  Liabilities:CDN  -1200.50 USD
  Expenses:CDN      1200.50 USD
END
cat > invoices.csv <<'END'
date,text,amount
2026-05-31,"INV-2, account blog",-1248.10
2026-06-02,"CR-3, credit for INV-1",1200.50
2026-06-02,"INV-4, account docs",-375.50
END
cat > import.py <<'END'
import sys

import beangulp
from beancount.core import data
from beangulp.importers import csvbase


class Invoices(csvbase.Importer):
    date = csvbase.Date("date")
    narration = csvbase.Column("text")
    amount = csvbase.Amount("amount")

    def identify(self, filepath):
        return filepath.endswith(".csv")

    def finalize(self, transaction, row):
        [posting] = transaction.postings
        other = data.Posting("Expenses:CDN", -posting.units, None, None, None, None)
        transaction.postings.append(other)
        return transaction


def same_id(new, old):
    return new.narration.split(",")[0] == old.narration.split(",")[0]


if sys.argv.pop(1) == "by-id":
    Invoices.cmp = staticmethod(same_id)
beangulp.Ingest([Invoices("Liabilities:CDN", "USD")])()
END
for kind in default by-id; do
    echo "comparison: $kind"
    venv/bin/python import.py "$kind" extract --existing ledger.beancount invoices.csv 2> log \
        | grep -E '^(; )?2026'
done | tee seen

cat > expected <<'END'
comparison: default
; 2026-05-31 * "INV-2, account blog"
; 2026-06-02 * "CR-3, credit for INV-1"
2026-06-02 * "INV-4, account docs"
comparison: by-id
2026-05-31 * "INV-2, account blog"
2026-06-02 * "CR-3, credit for INV-1"
2026-06-02 * "INV-4, account docs"
END
diff expected seen
