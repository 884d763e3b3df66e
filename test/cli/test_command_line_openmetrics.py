"""The month to date as metrics; test/recipes reads them with Prometheus' own tools."""

from __future__ import annotations

from pathlib import Path

import pytest
from shell import Shell

from fastly.testing import BillingServer

MTD = "/billing/v3/invoices/month-to-date"
PREFIX = "fastly_month_to_date"


def samples(text: str) -> dict[str, str]:
    """Return the values of all metrics by their names and labels."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return dict(line.removeprefix(f"{PREFIX}_").rsplit(" ", 1) for line in lines)


def test_labels_are_escaped_and_missing_figures_left_out(
    shell: Shell, server: BillingServer
) -> None:
    """Quotes and backslashes are escaped, costs of a group are added up, and null has no metric."""
    lines = [
        {"amount": "0.1", "product_group": 'a"\\\n\ud800b', "region": "Zürich"},
        {"amount": 0.2, "product_group": 'a"\\ b', "region": "Zürich"},
        {"amount": 1e-9, "product_group": None},
        {"amount": None},
        {"amount": None, "product_group": "unknown", "region": "Asia"},
    ]
    body = {"customer_id": None, "transaction_line_items": lines, "billing_end_date": None}
    server.enqueue(body=body, path=MTD)
    text = shell("mtd", "--format", "openmetrics").stdout.decode()
    assert samples(text) == {
        'info{month="",customer_id=""}': "1",
        'cost{month="",product_group="a\\"\\\\ b",region="Zürich"}': "0.3",
        'cost{month="",product_group="",region=""}': "0.000000001",
    }
    assert text.endswith("\n# EOF\n")


def test_each_metric_says_what_it_is(shell: Shell) -> None:
    """Each metric has a meaning and a type before its samples; times have their unit too."""
    text = shell("mtd", "--format", "openmetrics", "--budget", "999999").stdout.decode()
    names = list(dict.fromkeys(f"{PREFIX}_{name.split('{')[0]}" for name in samples(text)))
    heads = [line.split()[1:3] for line in text.splitlines()[:-1] if line.startswith("#")]
    expected = [[word, name] for name in names for word in ("HELP", "TYPE")]
    times = [name for name in names if name.endswith("_seconds")]
    assert sorted(expected + [["UNIT", name] for name in times]) == sorted(heads)
    assert [f"{PREFIX}_{end}_timestamp_seconds" for end in ("start", "end")] == times
    assert f"{PREFIX}_budget_cost" in names


@pytest.mark.parametrize(("budget", "status"), [("1", 3), ("999999", 0)])
def test_a_file_for_the_textfile_collector(
    shell: Shell, tmp_path: Path, budget: str, status: int
) -> None:
    """The extension .prom chooses the format, and the file is written over the budget too."""
    file = tmp_path / "fastly.prom"
    assert status == shell("mtd", "--output", file, "--budget", budget).status
    assert [f"{file.name}"] == [path.name for path in tmp_path.iterdir()]
    (value,) = [x for name, x in samples(file.read_text()).items() if name.startswith("budget")]
    assert budget == value


def test_only_the_month_to_date_is_metrics(shell: Shell, tmp_path: Path) -> None:
    """Other commands refuse the extension before anything is requested."""
    result = shell("invoices", "--output", tmp_path / "invoices.prom")
    assert (2, True) == (result.status, "invoices has no format for '.prom'" in result.stderr)
