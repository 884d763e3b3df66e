"""Fastly's own command line reads the stand-in, and prints the figures that this client reads."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import fastly
from fastly.apis import AiRuntimeControlUsageMetricsApi, HistoricalApi
from fastly.testing import BillingServer

PACKAGE = "@fastly/cli-linux-x64@16.1.0"
SPAN = {"_from": "2026-08-01", "to": "2026-09-01"}
DAYS = {"_from": date(2026, 8, 1), "to": date(2026, 8, 4)}
IN_AUGUST = ("--from=2026-08-01", "--to=2026-09-01")
IN_DAYS = ("--from=2026-08-01T00:00:00Z", "--to=2026-08-04T00:00:00Z")

Command = Callable[..., str]


@pytest.fixture(scope="module")
def program(npm_package: Callable[[str], Path]) -> Path:
    """The official command line, which npm installs."""
    return npm_package(PACKAGE) / "@fastly" / "cli-linux-x64" / "fastly"


@pytest.fixture(scope="module")
def stand_in() -> Iterator[BillingServer]:
    """A stand-in on a fixed day."""
    with BillingServer(today=date(2026, 9, 10)) as server:
        yield server


@pytest.fixture
def client(stand_in: BillingServer) -> Iterator[fastly.ApiClient]:
    """A client of the stand-in."""
    configuration = fastly.Configuration(host=stand_in.url, api_token=stand_in.token)
    with fastly.ApiClient(configuration) as client:
        yield client


@pytest.fixture
def official(program: Path, stand_in: BillingServer, tmp_path: Path) -> Command:
    """Run the official command line against the stand-in, and return what it prints."""
    environment = {
        **os.environ,
        "FASTLY_API_ENDPOINT": stand_in.url,
        "FASTLY_ACCOUNT_ENDPOINT": stand_in.url,
        "FASTLY_API_TOKEN": stand_in.token,
        "HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path),
    }

    def run(*words: str) -> str:
        finished = subprocess.run(
            [program, *words],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert 0 == finished.returncode, finished.stdout + finished.stderr
        return finished.stdout

    return run


def rows(table: str) -> list[list[str]]:
    """Return the words of each line of a table, without its title."""
    return [line.split() for line in table.strip().splitlines()[1:]]


def figures(traffic: Any) -> list[str]:
    """Return bandwidth, requests and compute requests as the official command line prints them."""
    numbers = (traffic.bandwidth, traffic.requests, traffic.compute_requests)
    return [f"{number:.0f}" for number in numbers]


def test_usage(official: Command, client: fastly.ApiClient) -> None:
    """`stats usage` prints the traffic of each region."""
    ours = HistoricalApi(client).get_usage(**SPAN).data or {}
    expected = [[region, *figures(traffic)] for region, traffic in sorted(ours.items())]
    assert expected == rows(official("stats", "usage", *IN_AUGUST))
    printed = json.loads(official("stats", "usage", "--json", *IN_AUGUST))
    assert printed == {region: traffic.to_dict() for region, traffic in ours.items()}


def test_usage_by_service(official: Command, client: fastly.ApiClient) -> None:
    """`stats usage --by-service` prints the traffic of each region and service."""
    ours = HistoricalApi(client).get_usage_service(**SPAN).data or {}
    expected = [
        [region, service, *figures(traffic)]
        for region, services in sorted(ours.items())
        for service, traffic in sorted(services.items())
    ]
    assert len(expected) > 10
    assert expected == rows(official("stats", "usage", "--by-service", *IN_AUGUST))


def test_regions(official: Command, client: fastly.ApiClient) -> None:
    """`stats regions` prints the names of the regions."""
    ours = HistoricalApi(client).get_regions().data
    assert ours == official("stats", "regions").split()


@pytest.mark.parametrize("option", [{}, {"model": "gpt-5"}, {"sort": "-date"}], ids=str)
def test_ai_usage(official: Command, client: fastly.ApiClient, option: dict[str, Any]) -> None:
    """`ai-runtime-control usage-metrics list` prints the usage of AI Runtime Control."""
    ours = AiRuntimeControlUsageMetricsApi(client).arc_get_usage_metrics(**DAYS, **option)
    options = [f"--{name}={value}" for name, value in option.items()]
    command = ("ai-runtime-control", "usage-metrics", "list", *IN_DAYS, *options)
    printed = json.loads(official(*command, "--json"))
    assert printed["data"] == [metric.to_dict() for metric in ours.data or []]
    assert ours.meta is not None
    assert printed["meta"]["total"] == ours.meta.total
    quantities = [str(metric.quantity) for metric in ours.data or []]
    assert quantities == [row[2] for row in rows(official(*command))]


def test_the_export(official: Command, client: fastly.ApiClient) -> None:
    """`ai-runtime-control usage-metrics export` prints the CSV that this client gets."""
    api = AiRuntimeControlUsageMetricsApi(client)
    printed = official("ai-runtime-control", "usage-metrics", "export", *IN_DAYS)
    assert printed.strip() == api.arc_export_usage_metrics(**DAYS, _accept="text/csv").strip()
    exported = api.arc_export_usage_metrics(**DAYS).data or []
    assert len(exported) == len(list(csv.DictReader(io.StringIO(printed))))
