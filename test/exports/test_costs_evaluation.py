"""The forecasts of all days of all months of the stand-in, compared with the invoices."""

from __future__ import annotations

import forecasts
import pytest


@pytest.mark.timeout(600)  # 10 seconds of CPU time, on a machine that may be busy
def test_ranges_hold() -> None:
    """The range holds on 95 of 100 days, of all months and of each day, as the page shows."""
    found = list(forecasts.trials())
    held = [trial for trial in found if trial.holds]
    assert len(held) > 0.95 * len(found) > 2600
    for day in range(1, 32):
        same = [trial.holds for trial in found if trial.day == day]
        assert sum(same) > 0.95 * len(same)
    page = forecasts.PAGE.read_text(encoding="utf-8")
    assert forecasts.with_table(page, found) == page, "run `python tools/forecasts.py`"
