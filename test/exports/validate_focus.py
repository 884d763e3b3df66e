"""Check a FOCUS export of the stand-in's whole history with the public validator of FOCUS 1.0.

It needs ``focus-validator==1.0.0``; ``tox -e focus`` runs it.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd
from focus_validator.config_objects.common import ChecklistObjectStatus, DataTypeCheck, DataTypes
from focus_validator.rules.spec_rules import SpecRules
from focus_validator.validator import DEFAULT_VERSION_SETS_PATH

# Rules of the validator that no file can satisfy, and why. Every other rule has to hold.
UNSATISFIABLE = {
    "BillingCurrency_IsCurrencyCode": "the list of currencies is not in the validator's package",
    "SkuPriceId_Nullable": "the rule reads ChargeType, a column that 1.0 renamed ChargeCategory",
}
ROOT = Path(__file__).parent.parent.parent


def main() -> int:
    """Export, validate, and return the exit status."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "focus.csv"
        export = ("invoices", "--demo", "--quiet", "--format", "focus", "--output", file)
        subprocess.run([sys.executable, "-m", "fastly", *export], check=True, cwd=ROOT)
        statuses, rows = validated(file)
    failed = {name for name, status in statuses.items() if status != ChecklistObjectStatus.PASSED}
    for name in sorted(failed):
        print(f"{name}: {UNSATISFIABLE.get(name, statuses[name])}")
    print(f"{rows} rows: {len(statuses) - len(failed)} of {len(statuses)} rules hold")
    # A rule that holds after all is no longer an exception.
    return int(failed != UNSATISFIABLE.keys() or rows < 1000)


def validated(file: Path) -> tuple[dict[str, ChecklistObjectStatus], int]:
    """Return the status of each rule, and the number of rows."""
    rules = SpecRules(None, DEFAULT_VERSION_SETS_PATH, "1.0", None)
    rules.load()
    # CSV has no types: a column of text that is empty throughout would be read as numbers.
    texts = {r.column_id for r in rules.rules if is_text(r)}
    frame = pd.read_csv(file, dtype=dict.fromkeys(texts, str))
    checklist = rules.validate(frame).checklist
    return {name: item.status for name, item in checklist.items()}, len(frame)


def is_text(rule: object) -> bool:
    """Return whether a rule says that its column is text."""
    check = getattr(rule, "check", None)
    return isinstance(check, DataTypeCheck) and check.data_type == DataTypes.STRING


if __name__ == "__main__":
    sys.exit(main())
