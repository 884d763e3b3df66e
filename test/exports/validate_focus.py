"""Check FOCUS exports of the stand-in's whole history with public validators.

`focus-validator` has the rules of 1.2, and `focus-data-toolkit` the columns of all versions and a
model of 1.4. ``tox -e focus`` installs them and runs this.
"""

from __future__ import annotations

import csv
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import get_args

import focus_validator
from focus_data_toolkit.model.validator import COND_UNIT_PRICING, lint_focus_1_4_structure
from focus_data_toolkit.schema.registry import mandatory_columns, version_columns

from fastly.focus import FocusVersion

ROOT = Path(__file__).parent.parent.parent
DATASET = "Cost and Usage"
# The validator opens its list of currencies relative to the current folder.
PACKAGES = Path(focus_validator.__file__).parent.parent
# Conditions that are true of Fastly. PUBLIC_PRICE_LIST_SUPPORTED is true, too, but the validator
# joins conditions with "or", and then demands the columns of virtual currencies.
CRITERIA = (
    *("USAGE_MEASUREMENT_SUPPORTED", "UNIT_PRICING_SUPPORTED"),
    *("NEGOTIATED_PRICING_SUPPORTED", "REGION_SUPPORTED"),
)
# Rules that fail although the file follows FOCUS, and why. All others must hold.
FALSE_ALARMS = {
    "1.2": {
        "ChargeDescription-C-000-M": "it includes the next one",
        "ChargeDescription-C-002-M": "it demands ASCII, and FOCUS takes any text, such as an é",
        "EffectiveCost-C-005-C": "it demands 0 for every purchase, and not only for purchases "
        "that cover future charges, such as commitments",
        "InvoiceId-C-004-C": "it demands null in every row, and not only without an invoice",
    },
    "1.3": {},
    "1.4": {
        "ContractedCost cost_not_unit_price_times_quantity": "it demands nine digits, and "
        "invoices have cents",
    },
}


def main() -> int:
    """Export, validate, and return the exit status."""
    with tempfile.TemporaryDirectory() as folder:
        files = {v: export(Path(folder) / f"{v}.csv", v) for v in get_args(FocusVersion)}
        failed = {version: wrong_columns(file, version) for version, file in files.items()}
        failed["1.2"] |= failed_rules(files["1.2"])
        failed["1.4"] |= violations(files["1.4"])
    for version, rules in failed.items():
        for rule in sorted(rules):
            print(f"{version}: {rule} fails: {FALSE_ALARMS[version].get(rule, 'an error')}")
    # A rule that holds after all is no longer an exception.
    return int(failed != {version: {*rules} for version, rules in FALSE_ALARMS.items()})


def export(file: Path, version: FocusVersion) -> Path:
    """Export all invoices of the stand-in, with the command."""
    options = ("--demo", "--quiet", "--no-guard", "--format", "focus", "--focus-version", version)
    command = [sys.executable, "-m", "fastly", "invoices", *options, "--output", file]
    subprocess.run(command, check=True, cwd=ROOT)
    return file


def wrong_columns(file: Path, version: FocusVersion) -> set[str]:
    """Return the columns that a version requires and that are missing, or that it does not have."""
    columns = {name for name in read(file)[0] if not name.startswith("x_")}
    missing = mandatory_columns(DATASET, version) - columns
    return missing | (columns - version_columns(DATASET, version))


def failed_rules(file: Path) -> set[str]:
    """Return the rules of focus-validator that fail; its exit status is 0 all the same."""
    report = file.with_suffix(".xml")
    options = ("--validate-version", "1.2.0.1", "--block-download", "--data-file", file)
    options += ("--applicability-criteria", ",".join(CRITERIA))
    options += ("--output-type", "unittest", "--output-destination", report)
    command = [Path(sys.executable).with_name("focus-validator"), *options]
    subprocess.run(command, check=True, cwd=PACKAGES, stdout=subprocess.DEVNULL)
    tests = list(ET.parse(report).iter("testcase"))  # noqa: S314  # it was just written
    held = sum(len(test) == 0 for test in tests)
    print(f"1.2: {held} rules of focus-validator hold")
    few = {f"only {held} of its rules were checked"} if held < 190 else set()
    return few | {test.get("name", "").partition(" ")[0] for test in tests if is_failed(test)}


def is_failed(test: ET.Element) -> bool:
    """Return whether a test of the report failed or could not be run."""
    return any(outcome.tag in ("failure", "error") for outcome in test)


def violations(file: Path) -> set[str]:
    """Return the rules of focus-data-toolkit that rows violate, with the columns."""
    rows = read(file)
    report = lint_focus_1_4_structure(DATASET, rows, supported_conditions=[COND_UNIT_PRICING])
    print(f"1.4: {len(rows)} rows checked by focus-data-toolkit")
    return {f"{violation.column} {violation.rule}" for violation in report.violations}


def read(file: Path) -> list[dict[str, str]]:
    """Return the rows of a file."""
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


if __name__ == "__main__":
    sys.exit(main())
