"""Check FOCUS exports of the stand-in's whole history with public validators.

`focus-validator` has the rules of 1.2. ``tox -e focus`` installs it and runs this.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

import focus_validator

ROOT = Path(__file__).parent.parent.parent
# It opens its list of currencies relative to the current folder.
PACKAGES = Path(focus_validator.__file__).parent.parent
# Conditions that are true of Fastly. PUBLIC_PRICE_LIST_SUPPORTED is true, too, but the validator
# joins conditions with "or", and then demands the columns of virtual currencies.
CRITERIA = (
    *("USAGE_MEASUREMENT_SUPPORTED", "UNIT_PRICING_SUPPORTED"),
    *("NEGOTIATED_PRICING_SUPPORTED", "REGION_SUPPORTED"),
)
# Rules of the validator that fail although the file follows FOCUS, and why. All others must hold.
FALSE_ALARMS = {
    "ChargeDescription-C-000-M": "it includes the next one",
    "ChargeDescription-C-002-M": "it demands ASCII, and FOCUS takes any text, such as an é",
    "EffectiveCost-C-005-C": "it demands 0 for every purchase, and not only for purchases that "
    "cover future charges, such as commitments",
    "InvoiceId-C-004-C": "it demands null in every row, and not only without an invoice",
}


def main() -> int:
    """Export, validate, and return the exit status, which the validator's own does not say."""
    with tempfile.TemporaryDirectory() as folder:
        failed, held = checked_as_1_2(export(Path(folder) / "focus.csv"))
    for rule in sorted(failed):
        print(f"1.2: {rule} fails: {FALSE_ALARMS.get(rule, 'an error')}")
    print(f"1.2: {held} rules hold")
    # A rule that holds after all is no longer an exception.
    return int(failed != FALSE_ALARMS.keys() or held < 150)


def export(file: Path) -> Path:
    """Export all invoices of the stand-in, with the command."""
    options = ("--demo", "--quiet", "--no-guard", "--format", "focus", "--output", file)
    subprocess.run([sys.executable, "-m", "fastly", "invoices", *options], check=True, cwd=ROOT)
    return file


def checked_as_1_2(file: Path) -> tuple[set[str], int]:
    """Return the rules that fail, and how many hold."""
    report = file.with_suffix(".xml")
    options = ("--validate-version", "1.2.0.1", "--block-download", "--data-file", file)
    options += ("--applicability-criteria", ",".join(CRITERIA))
    options += ("--output-type", "unittest", "--output-destination", report)
    command = [Path(sys.executable).with_name("focus-validator"), *options]
    subprocess.run(command, check=True, cwd=PACKAGES, stdout=subprocess.DEVNULL)
    tests = list(ET.parse(report).iter("testcase"))  # noqa: S314  # as above
    failed = {test.get("name", "").partition(" ")[0] for test in tests if is_failed(test)}
    return failed, sum(len(test) == 0 for test in tests)


def is_failed(test: ET.Element) -> bool:
    """Return whether a test of the report failed or could not be run."""
    return any(outcome.tag in ("failure", "error") for outcome in test)


if __name__ == "__main__":
    sys.exit(main())
