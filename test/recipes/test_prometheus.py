"""The exporter for Prometheus, scraped over HTTP."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import urllib3
from pages import MTD, Recipe
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from fastly.testing import BillingServer

PREFIX = "fastly_month_to_date"

Metrics = dict[str, dict[tuple[str, ...], float]]


class Exporter:
    """A running exporter."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.url = process.stdout.readline().strip()

    def scrape(self) -> str:
        """Return the metrics as text."""
        return urllib3.request("GET", self.url, timeout=10).data.decode()

    def metrics(self) -> Metrics:
        """Return the values of each metric by its labels."""
        found: Metrics = {}
        for family in text_string_to_metric_families(self.scrape()):
            for sample in family.samples:
                values = found.setdefault(sample.name.removeprefix(f"{PREFIX}_"), {})
                values[tuple(sample.labels.values())] = sample.value
        return found

    def wait_for(self, condition: Callable[[Metrics], bool]) -> Metrics:
        """Scrape until the metrics meet a condition."""
        deadline = time.monotonic() + 20
        while not condition(metrics := self.metrics()):
            assert time.monotonic() < deadline, metrics
            time.sleep(0.05)
        return metrics

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Send a signal, and return the exit status and what went to stderr."""
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=5)
        return self.process.returncode, errors


@contextmanager
def exporting(recipe: Recipe, **changes: str) -> Iterator[Exporter]:
    """Run the exporter on a free port."""
    recipe.variables["PORT"] = "0"
    with recipe.start(**changes) as process:
        try:
            yield Exporter(process)
        finally:
            process.kill()


def value(metrics: Metrics, name: str) -> float:
    """Return the value of a metric without labels."""
    return metrics[name][()]


def is_up(metrics: Metrics) -> bool:
    """Return whether the last request got a month to date."""
    return value(metrics, "up") == 1


def test_page_shows_what_is_scraped(recipe: Callable[[str], Recipe]) -> None:
    """The page shows the metrics, which add up to the total."""
    page = recipe("prometheus")
    with exporting(page) as exporter:
        metrics = exporter.wait_for(is_up)
        lines = exporter.scrape().splitlines()
        assert (0, "") == exporter.stop()
    updated = f"{PREFIX}_updated_seconds "
    values = [x for x in lines if not x.startswith(("#", updated))]
    assert page.blocks("text")[0].splitlines() == values
    assert pytest.approx(time.time(), abs=60) == value(metrics, "updated_seconds")
    assert pytest.approx(9503.96) == sum(metrics["cost"].values())
    alerts = set(re.findall(rf"{PREFIX}_(\w+)", page.blocks("yaml")[0]))
    assert {"cost", "updated_seconds"} == alerts & metrics.keys() == alerts
    documented = {name for name in metrics if f"`{PREFIX}_{name}`" in page.page}
    assert documented | {"failures_total"} == metrics.keys() | {"failures_total"}


def test_scrapes_send_no_requests(recipe: Callable[[str], Recipe], server: BillingServer) -> None:
    """However often it is scraped, the exporter has requested the month to date once."""
    with exporting(recipe("prometheus")) as exporter:
        exporter.wait_for(is_up)
        for _ in range(50):
            exporter.scrape()
        assert (0, "") == exporter.stop(signal.SIGINT)
    assert [MTD] == [request.path for request in server.requests]


def test_pending_is_a_metric(recipe: Callable[[str], Recipe], server: BillingServer) -> None:
    """While the API makes the month to date, a metric says so; then the exporter gets it."""
    server.estimate_pending = 2
    with exporting(recipe("prometheus"), PENDING="0.3") as exporter:
        metrics = exporter.wait_for(lambda metrics: value(metrics, "pending") == 1)
        assert (0, 0) == (value(metrics, "up"), value(metrics, "updated_seconds"))
        assert "cost" not in metrics
        metrics = exporter.wait_for(is_up)
        assert 0 == value(metrics, "pending")
        assert "failures_total" not in metrics
        assert (0, "") == exporter.stop()


def test_failure_is_a_metric(recipe: Callable[[str], Recipe], server: BillingServer) -> None:
    """After a failure, a metric counts it, the costs stay, and the exporter tries again."""
    with exporting(recipe("prometheus"), FRESH="0.3", FAILED="0.3") as exporter:
        before = exporter.wait_for(is_up)
        for status in (403, 404):
            server.enqueue(status)
        after = exporter.wait_for(lambda metrics: len(metrics.get("failures_total", ())) == 2)
        assert {("403",): 1, ("404",): 1} == after["failures_total"]
        assert before["cost"] == after["cost"]
        exporter.wait_for(is_up)
        status, errors = exporter.stop()
    assert status == 0
    assert errors.startswith("403 Forbidden\n")


needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool is missing; Debian has it in prometheus"
)


def promtool(folder: Path, *words: str, text: str | None = None) -> tuple[int, str]:
    """Return the exit status of Prometheus' tool, and what it printed."""
    run = subprocess.run(
        ["promtool", *words],
        cwd=folder,
        input=text,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    return run.returncode, run.stdout


@needs_promtool
def test_promtool_accepts_the_rules_and_the_metrics(recipe: Callable[[str], Recipe]) -> None:
    """Prometheus' own tool has nothing to say about the alerts and the metrics."""
    page = recipe("prometheus")
    (page.folder / "rules.yml").write_text(page.blocks("yaml")[0], encoding="utf-8")
    status, printed = promtool(page.folder, "check", "rules", "--lint-fatal", "rules.yml")
    assert status == 0, printed
    with exporting(page) as exporter:
        exporter.wait_for(is_up)
        assert (0, "") == promtool(page.folder, "check", "metrics", text=exporter.scrape())


def test_the_command_writes_the_metrics(recipe: Callable[[str], Recipe]) -> None:
    """The file of the command is OpenMetrics and the older format, as the page shows it."""
    page = recipe("prometheus")
    assert (3, "") == (page.run_shell().returncode, page.run_shell().stdout)
    text = (page.folder / "fastly.prom").read_text(encoding="utf-8")
    assert text.endswith(page.blocks("text")[1])
    families = list(openmetrics.text_string_to_metric_families(text))
    found = {x.name.removeprefix(f"{PREFIX}_"): x for x in families}
    assert {x.name for x in text_string_to_metric_families(text)} == {x.name for x in families}
    assert {"info", "cost", "total_cost", "budget_cost"} < found.keys()
    assert "seconds" == found["end_timestamp_seconds"].unit
    (total,) = found["total_cost"].samples
    assert pytest.approx(total.value) == sum(sample.value for sample in found["cost"].samples)
    expected = [f"{x.labels} {x.value}" for x in found["cost"].samples]
    with exporting(page) as exporter:
        exporter.wait_for(is_up)
        families = text_string_to_metric_families(exporter.scrape())
        (costs,) = [x for x in families if x.name == f"{PREFIX}_cost"]
        assert expected == [f"{x.labels} {x.value}" for x in costs.samples]


@needs_promtool
def test_promtool_accepts_the_file_of_the_command(recipe: Callable[[str], Recipe]) -> None:
    """Prometheus' own tool has nothing to say about the file of the command and its alerts."""
    page = recipe("prometheus")
    page.run_shell()
    text = (page.folder / "fastly.prom").read_text(encoding="utf-8")
    assert (0, "") == promtool(page.folder, "check", "metrics", text=text)
    (page.folder / "rules.yml").write_text(page.blocks("yaml")[1], encoding="utf-8")
    status, printed = promtool(page.folder, "check", "rules", "--lint-fatal", "rules.yml")
    assert status == 0, printed


# Prometheus' clock starts at 0 in its tests, and a value is scraped every minute; 40 h pass first,
# so that a time of 0 is old. "_xN" is no value for N minutes, "axN" is a, and N more of it.
LATE = "_x2399"


@needs_promtool
@pytest.mark.parametrize(
    ("alert", "series", "minutes", "fires"),
    [
        # The exporter starts, and gets its first month to date after 2 minutes, or never.
        ("FastlyCostsAreOld", f"{LATE} 0x1 144120x600", 1, False),
        ("FastlyCostsAreOld", f"{LATE} 0x1 144120x600", 65, False),
        ("FastlyCostsAreOld", f"{LATE} 0x600", 30, False),
        ("FastlyCostsAreOld", f"{LATE} 0x600", 65, True),
        # The last month to date is 8 hours old, or 9.
        ("FastlyCostsAreOld", f"{LATE} 144000x600", 8 * 60, False),
        ("FastlyCostsAreOld", f"{LATE} 144000x600", 9 * 60 + 5, True),
        ("FastlyOverBudget", f"{LATE} 5000x600", 5, False),
        ("FastlyOverBudget", f"{LATE} 5000.01x600", 5, True),
    ],
)
def test_alerts(
    recipe: Callable[[str], Recipe], alert: str, series: str, minutes: int, fires: bool
) -> None:
    """Prometheus evaluates the alerts: they fire when something is wrong, and only then."""
    page, labels = recipe("prometheus"), {}
    (page.folder / "rules.yml").write_text(page.blocks("yaml")[0], encoding="utf-8")
    name = f"{PREFIX}_updated_seconds"
    if alert == "FastlyOverBudget":
        name, labels = f'{PREFIX}_cost{{month="2026-08"}}', {"month": "2026-08"}
    expected = [{"exp_labels": labels}] if fires else []
    check = {"eval_time": f"{2400 + minutes}m", "alertname": alert, "exp_alerts": expected}
    case = {
        "interval": "1m",
        "input_series": [{"series": name, "values": series}],
        "alert_rule_test": [check],
    }
    # YAML includes JSON.
    tests = json.dumps({"rule_files": ["rules.yml"], "tests": [case]})
    (page.folder / "tests.yml").write_text(tests, encoding="utf-8")
    status, printed = promtool(page.folder, "test", "rules", "tests.yml")
    assert status == 0, printed


def test_signal_during_a_request(recipe: Callable[[str], Recipe], server: BillingServer) -> None:
    """SIGTERM ends the exporter while it waits for the API."""
    server.enqueue(delay=30)
    with exporting(recipe("prometheus")) as exporter:
        while not server.requests:
            time.sleep(0.01)
        assert (0, "") == exporter.stop()


def test_an_unknown_cost_is_left_out(
    recipe: Callable[[str], Recipe], server: BillingServer
) -> None:
    """A line without an amount is not a cost of 0."""
    lines = [{"amount": None, "product_group": "A"}, {"amount": 2, "product_group": "B"}]
    server.enqueue(body={"transaction_line_items": lines})
    with exporting(recipe("prometheus")) as exporter:
        assert {("", "B", ""): 2.0} == exporter.wait_for(is_up)["cost"]
        assert (0, "") == exporter.stop()


def test_empty_response_survives(recipe: Callable[[str], Recipe], server: BillingServer) -> None:
    """A month to date without lines and dates has its total under empty labels."""
    server.enqueue(body={"monthly_transaction_amount": "3.5"})
    with exporting(recipe("prometheus")) as exporter:
        metrics = exporter.wait_for(is_up)
        assert {("", "", ""): 3.5} == metrics["cost"]
        assert (0, "") == exporter.stop()
