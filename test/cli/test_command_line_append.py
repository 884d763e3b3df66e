"""--append-to: a file of rows that a daily job extends, even if it is killed at any point."""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from forks import ForkServer
from shell import Result, Shell, environment, files_of_at_most, words

from fastly.testing import BillingServer

KILLS, MONTHS = 50, 10


def exported(shell: Shell, *span: object) -> list[bytes]:
    """Return the lines of a plain export."""
    return shell("invoices", *span, "--format", "jsonl").stdout.splitlines(keepends=True)


def lines_of(file: Path) -> list[bytes]:
    """Return the lines of a file; none if it does not exist."""
    return file.read_bytes().splitlines(keepends=True) if file.exists() else []


def months_of(file: Path) -> list[str]:
    """Return the months of the invoices in a file, in its order."""
    months = [json.loads(line)["billing_start_date"][:7] for line in lines_of(file)]
    return list(dict.fromkeys(months))


class TestAppending:
    """What is added, and what stays."""

    def test_new_file(self, shell: Shell, tmp_path: Path) -> None:
        """A file that does not exist gets all invoices, oldest first."""
        file = tmp_path / "all.jsonl"
        result = shell("invoices", "--since", "2026-03", "--until", "2026-05", "--append-to", file)
        assert (0, b"", "3 invoices added, 0 already in the file\n") == result
        assert ["2026-03", "2026-04", "2026-05"] == months_of(file)
        assert sorted(exported(shell, "--since", "2026-03", "--until", "2026-05")) == sorted(
            lines_of(file)
        )

    def test_twice(self, shell: Shell, tmp_path: Path) -> None:
        """A second run changes nothing, not even the time of the file."""
        file = tmp_path / "all.jsonl"
        command = ("invoices", "--since", "2026-03", "--append-to", file)
        shell(*command)
        before = file.stat()
        result = shell(*command)
        assert (0, b"") == result[:2]
        assert result.stderr.startswith("0 invoices added, ")
        assert (before.st_ino, before.st_mtime_ns) == (file.stat().st_ino, file.stat().st_mtime_ns)

    def test_only_what_is_missing(self, shell: Shell, tmp_path: Path) -> None:
        """Invoices that the file lacks are appended; existing lines stay as they are."""
        file = tmp_path / "all.jsonl"
        shell("invoices", "--since", "2026-04", "--until", "2026-05", "--append-to", file)
        before = lines_of(file)
        result = shell("invoices", "--since", "2026-03", "--until", "2026-06", "--append-to", file)
        assert (0, b"", "2 invoices added, 2 already in the file\n") == result
        assert before == lines_of(file)[: len(before)]
        assert ["2026-04", "2026-05", "2026-03", "2026-06"] == months_of(file)

    def test_one_is_counted_as_one(self, shell: Shell, tmp_path: Path) -> None:
        """The message counts the added invoices, and --quiet suppresses it."""
        file = tmp_path / "all.jsonl"
        command = ("invoices", "--since", "2026-05", "--until", "2026-05", "--append-to", file)
        assert "1 invoice added, 0 already in the file\n" == shell(*command).stderr
        assert (0, b"", "") == shell(*command, "--quiet")

    def test_stdout_is_not_a_file(self, shell: Shell, server: BillingServer) -> None:
        """`--append-to -` is refused instead of creating a file named `-`."""
        result = shell("invoices", "--append-to", "-")
        assert (2, b"") == result[:2]
        assert "--append-to must be a regular file, got '-'" in result.stderr
        assert [] == server.requests

    @pytest.mark.parametrize("name", ["all.csv", "all.json", "all.xlsx"])
    def test_another_extension(self, shell: Shell, server: BillingServer, name: str) -> None:
        """A file name with the extension of another format is refused, since jsonl is written."""
        result = shell("invoices", "--append-to", name)
        assert (2, b"") == result[:2]
        assert f"--append-to writes jsonl: name the file .jsonl, got '{name}'" in result.stderr
        assert [] == server.requests

    def test_empty_file(self, shell: Shell, tmp_path: Path) -> None:
        """An empty file is treated like a missing one, and keeps its permissions."""
        file = tmp_path / "all.jsonl"
        file.touch(mode=0o600)
        file.chmod(0o600)
        assert 0 == shell("invoices", "--since", "2026-05", "--append-to", file).status
        assert "2026-05" in months_of(file)
        assert 0o600 == file.stat().st_mode & 0o777

    def test_same_invoice_on_two_pages(
        self, shell: Shell, server: BillingServer, tmp_path: Path
    ) -> None:
        """An invoice listed on two pages, because one was posted in between, is appended once."""
        pages = [{"data": [{"invoice_id": "1"}], "meta": {"next_cursor": c}} for c in ("x", "")]
        for page in pages:
            server.enqueue(200, body=page)
        file = tmp_path / "all.jsonl"
        assert 0 == shell("invoices", "--append-to", file).status
        assert 1 == len(lines_of(file))

    def test_invoice_without_an_id(
        self, shell: Shell, server: BillingServer, tmp_path: Path
    ) -> None:
        """An invoice without an ID is not appended."""
        server.enqueue(200, body={"data": [{"currency_code": "USD"}]})
        result = shell("invoices", "--append-to", tmp_path / "all.jsonl")
        assert (1, b"") == result[:2]
        assert "an invoice without an ID cannot be appended" in result.stderr
        assert [] == list(tmp_path.iterdir())

    @pytest.mark.parametrize("end", ["\n", ""])
    @pytest.mark.parametrize(
        "text",
        [
            *("other", "[]", "{}", '{"invoice_id": 1}', "\xff", '{"customer_id": "A"}'),
            *('{"data": [{"customer_id": ', "customer_id,invoice_id"),
            pytest.param('{"month": "2026-05", "invoice_id": "A", "amount": 1}', id="costs"),
            pytest.param("[" * 100_000, id="deep"),
        ],
    )
    def test_file_of_another_kind(self, shell: Shell, tmp_path: Path, text: str, end: str) -> None:
        """A file without rows of invoices is left unchanged, with or without a final line feed."""
        file, text = tmp_path / "all.jsonl", text + end
        file.write_bytes(text.encode("latin-1"))
        result = shell("invoices", "--append-to", file)
        assert (1, b"") == result[:2]
        assert f"{file}: line 1 is not a row of an invoice\n" in result.stderr
        assert text.encode("latin-1") == file.read_bytes()

    def test_full_disk(self, shell: Shell, tmp_path: Path) -> None:
        """If the new file does not fit, the old one stays."""
        file = tmp_path / "all.jsonl"
        shell("invoices", "--since", "2026-05", "--until", "2026-05", "--append-to", file)
        before = file.read_bytes()
        with files_of_at_most(len(before) + 1000):
            result = shell("invoices", "--append-to", file)
        assert (1, b"", f"fastly-billing: {file}: File too large\n") == result
        assert before == file.read_bytes()
        assert [file] == list(tmp_path.iterdir())


def bill(number: int, *amounts: float, **fields: Any) -> dict[str, Any]:
    """Return an invoice of May with these lines, or of the month that the number is."""
    return {
        "customer_id": "C",
        "invoice_id": f"INV-{number}",
        "payment_status": "outstanding",
        "billing_start_date": f"2026-{number:02}-01T00:00:00Z",
        "monthly_transaction_amount": sum(amounts),
        "transaction_line_items": [{"description": "d", "amount": x} for x in amounts],
        **fields,
    }


class TestCorrections:
    """The API lists an invoice of the file with other content, or not any more."""

    @pytest.fixture
    def append(self, shell: Shell, server: BillingServer, tmp_path: Path) -> Callable[..., Result]:
        """Return a function that appends what the API lists then."""

        def call(*invoices: dict[str, Any], options: tuple[str, ...] = ()) -> Result:
            server.enqueue(body={"data": list(invoices), "meta": {}})
            return shell("invoices", "--append-to", tmp_path / "all.jsonl", *options)

        return call

    @pytest.fixture
    def file(self, append: Callable[..., Result], tmp_path: Path) -> Path:
        """Return a file with the invoices 5, of 600.00, and 4, of 7.00."""
        append(bill(5, 60, 540), bill(4, 7))
        return tmp_path / "all.jsonl"

    @pytest.mark.parametrize("amounts", [(60, 40, 5), (60, 40), (100,), (540, 60), (60, 540, 0)])
    def test_other_lines(
        self, append: Callable[..., Result], file: Path, amounts: tuple[float, ...]
    ) -> None:
        """More, fewer or other lines replace the old ones where they are, and stderr says so."""
        result = append(bill(5, *amounts), bill(4, 7))
        expected = "0 invoices added, 1 corrected (INV-5), 1 already in the file\n"
        assert (0, b"", expected) == result
        assert [7, *amounts] == [row["amount"] for row in rows_of(file)]

    def test_other_place(self, append: Callable[..., Result], file: Path) -> None:
        """A correction of an old invoice leaves the order of months as it is."""
        append(bill(5, 60, 540), bill(4, 8))
        assert [8, 60, 540] == [row["amount"] for row in rows_of(file)]

    def test_quiet(self, append: Callable[..., Result], file: Path) -> None:
        """With --quiet, a correction is made and not mentioned."""
        assert (0, b"", "") == append(bill(5, 1), bill(4, 7), options=("--quiet",))
        assert [7, 1] == [row["amount"] for row in rows_of(file)]

    def test_payment(self, append: Callable[..., Result], file: Path) -> None:
        """An invoice that was only paid is up to date in the file, and is not a correction."""
        result = append(bill(5, 60, 540, payment_status="paid"), bill(4, 7))
        assert (0, b"", "0 invoices added, 2 already in the file\n") == result
        assert ["outstanding", "paid", "paid"] == [row["payment_status"] for row in rows_of(file)]

    def test_file_of_version_2_0(self, append: Callable[..., Result], file: Path) -> None:
        """An invoice without lines, as 2.0.0 wrote it, gets its number and its amount silently."""
        old = rows_of(file)[0] | {"line_number": None, "amount": None, "description": None}
        file.write_text(json.dumps(old) + "\n")
        result = append(bill(4, monthly_transaction_amount=7, transaction_line_items=None))
        assert (0, b"", "0 invoices added, 1 already in the file\n") == result
        assert [(0, 7)] == [(row["line_number"], row["amount"]) for row in rows_of(file)]

    @pytest.mark.parametrize(
        "change",
        [
            lambda row: {"x": 1, **dict(reversed(row.items()))},
            lambda row: {**row, "amount": int(row["amount"])},
            lambda row: {**row, "billing_start_date": row["billing_start_date"][:10]},
            lambda row: {name: row[name] for name in row if name not in ("amount", "region")},
        ],
    )
    def test_spelling(
        self, append: Callable[..., Result], file: Path, change: Callable[[Any], Any]
    ) -> None:
        """Rows with the same content stay as they are, however they are written."""
        file.write_text("".join(json.dumps(change(row)) + "\n" for row in rows_of(file)))
        before = file.read_bytes()
        result = append(bill(5, 60, 540), bill(4, 7))
        assert (0, b"", "0 invoices added, 2 already in the file\n") == result
        assert before == file.read_bytes()

    @pytest.mark.parametrize("start", ["2026-04-01T02:00:00+02:00", "x", None])
    def test_time(self, append: Callable[..., Result], file: Path, start: str | None) -> None:
        """A time is compared as the moment that it is, and is never a reason to fail."""
        rows = [row | {"billing_start_date": start} for row in rows_of(file)[:1]]
        file.write_text(json.dumps(rows[0]) + "\n")
        is_same = start and start[0] == "2"
        status, _, said = append(bill(4, 7))
        assert (0, not is_same) == (status, "1 corrected (INV-4)" in said)

    def test_order_of_rows(self, append: Callable[..., Result], file: Path) -> None:
        """The rows of a file that was sorted are the same."""
        lines = lines_of(file)
        file.write_bytes(lines[2] + lines[0] + lines[1])
        assert "0 invoices added, 2 already" in append(bill(5, 60, 540), bill(4, 7)).stderr

    def test_rows_twice(self, append: Callable[..., Result], file: Path) -> None:
        """Rows that are in the file twice are there once afterwards."""
        file.write_bytes(file.read_bytes() * 2)
        result = append(bill(5, 60, 540), bill(4, 7))
        assert "2 corrected (INV-5, INV-4)" in result.stderr
        assert [7, 60, 540] == [row["amount"] for row in rows_of(file)]

    def test_correction_of_an_incomplete_invoice(
        self, append: Callable[..., Result], file: Path
    ) -> None:
        """A copy that was interrupted is completed; if the amounts differ too, that is said."""
        file.write_bytes(file.read_bytes()[:-10])
        assert "1 corrected (INV-5)" in append(bill(5, 61, 540), bill(4, 7)).stderr
        assert [7, 61, 540] == [row["amount"] for row in rows_of(file)]

    def test_second_invoice_of_a_month(self, append: Callable[..., Result], file: Path) -> None:
        """A correction that is an invoice of its own is added, and replaces nothing."""
        second = bill(6, -100, billing_start_date="2026-05-01T00:00:00Z")
        result = append(second, bill(5, 60, 540), bill(4, 7))
        assert (0, b"", "1 invoice added, 2 already in the file\n") == result
        assert [7, 60, 540, -100] == [row["amount"] for row in rows_of(file)]

    @pytest.mark.parametrize("options", [(), ("--quiet",), ("--until", "2026-05")])
    def test_withdrawn(
        self, append: Callable[..., Result], file: Path, options: tuple[str, ...]
    ) -> None:
        """The rows of an invoice that is no longer listed stay, and stderr always says so."""
        status, out, said = append(bill(4, 7), options=options)
        assert (0, b"", 3) == (status, out, len(rows_of(file)))
        expected = f"fastly-billing: no longer listed: INV-5; {file} keeps the rows"
        assert expected == said.splitlines()[0]

    @pytest.mark.parametrize(
        ("options", "start"),
        [
            (("--until", "2026-04"), "2026-05-01T00:00:00Z"),
            (("--until", "2026-04"), "2026-04-30T17:00:00-07:00"),
            (("--since", "2026-04", "--until", "2026-04"), "2026-05-01T00:00:00Z"),
        ],
    )
    def test_not_asked_for(
        self, append: Callable[..., Result], file: Path, options: tuple[str, ...], start: str
    ) -> None:
        """An invoice of another month, in UTC, is not missed."""
        rows = rows_of(file)
        moved = [row | {"billing_start_date": start} for row in rows[1:]]
        file.write_text("".join(json.dumps(row) + "\n" for row in [rows[0], *moved]))
        result = append(bill(4, 7), options=options)
        assert (0, b"", "0 invoices added, 1 already in the file\n") == result

    def test_many_withdrawn(self, append: Callable[..., Result], tmp_path: Path) -> None:
        """The message about invoices that are not listed has at most ten names."""
        bills = [bill(number, 1, billing_start_date="2026-05-01") for number in range(20)]
        append(*bills)
        said = append(bills[0]).stderr
        assert "INV-11, INV-10 and 9 more; " in said
        assert 20 == len(rows_of(tmp_path / "all.jsonl"))

    @pytest.mark.parametrize("listed", [(), (bill(6, 1),), (bill(5, 1, invoice_id="INV-9"),)])
    def test_all_withdrawn(
        self, append: Callable[..., Result], file: Path, listed: tuple[dict[str, Any], ...]
    ) -> None:
        """If nothing in the file is listed any more, nothing is changed, and the status is 1."""
        before = file.read_bytes()
        status, _, said = append(*listed, options=("--quiet",))
        assert (1, before) == (status, file.read_bytes())
        assert said.startswith("fastly-billing: no longer listed: INV-4, INV-5, ")

    @pytest.mark.parametrize("customers", [(None, "D"), ("C", None), (None, None)])
    def test_unknown_customer(
        self, append: Callable[..., Result], customers: tuple[str | None, str | None]
    ) -> None:
        """Invoices without a customer are those of any."""
        old, new = customers
        append(bill(4, 7, customer_id=old))
        result = append(bill(5, 1, customer_id=new), bill(4, 7, customer_id=old))
        assert (0, b"", "1 invoice added, 1 already in the file\n") == result

    def test_another_customer(self, append: Callable[..., Result], file: Path) -> None:
        """The invoices of another customer are not added, even under the same IDs."""
        before = file.read_bytes()
        status, _, said = append(bill(5, 60, 540, customer_id="D"), bill(6, 1, customer_id="D"))
        assert (1, before) == (status, file.read_bytes())
        assert "has invoices of the customer C, and the API lists those of D" in said


def rows_of(file: Path) -> list[dict[str, Any]]:
    """Return the rows of a file."""
    return [json.loads(line) for line in lines_of(file)]


class TestTornFiles:
    """Files without their end, after an interrupted copy or on a full disk."""

    @pytest.mark.parametrize("seed", range(8))
    def test_any_cut_is_repaired(self, shell: Shell, tmp_path: Path, seed: int) -> None:
        """Wherever a file was cut, the next run completes it."""
        file, span = tmp_path / "all.jsonl", ("--since", "2026-02", "--until", "2026-05")
        shell("invoices", *span, "--append-to", file)
        whole = file.read_bytes()
        file.write_bytes(whole[: random.Random(seed).randrange(len(whole))])
        assert 0 == shell("invoices", *span, "--append-to", file).status
        assert sorted(whole.splitlines()) == sorted(file.read_bytes().splitlines())
        assert file.read_bytes().endswith(b"\n")

    def test_line_feed_alone_is_missing(self, shell: Shell, tmp_path: Path) -> None:
        """A last line that lacks only its line feed is complete."""
        file, span = tmp_path / "all.jsonl", ("--since", "2026-04", "--until", "2026-04")
        shell("invoices", *span, "--append-to", file)
        whole = file.read_bytes()
        file.write_bytes(whole[:-1])
        assert 0 == shell("invoices", "--since", "2026-04", "--append-to", file).status
        assert file.read_bytes().startswith(whole)

    @pytest.mark.parametrize("name", ["/dev/fd/1", "/dev/stdout", "/dev/stderr"])
    def test_open_file_is_refused(self, shell: Shell, name: str) -> None:
        """Only a file that can be replaced is appended to."""
        result = shell("invoices", "--append-to", name, "--quiet")
        assert (2, b"") == result[:2]
        assert "--append-to needs a file of its own" in result.stderr

    def test_row_with_an_id_that_is_not_text(self, shell: Shell, tmp_path: Path) -> None:
        """An incomplete row whose ID is damaged does not tell its invoice."""
        file = tmp_path / "all.jsonl"
        file.write_bytes(b'{"customer_id": "c", "invoice_id": "\xff\xfe", "x')
        assert 0 == shell("invoices", "--since", "2026-05", "--append-to", file).status
        assert "2026-05" == months_of(file)[0]

    @pytest.mark.parametrize("rows", [0, 3])
    def test_row_of_an_invoice_that_is_not_requested(
        self, shell: Shell, tmp_path: Path, rows: int
    ) -> None:
        """If the incomplete row names its invoice, that one has to be listed."""
        file = tmp_path / "all.jsonl"
        shell("invoices", "--since", "2026-02", "--until", "2026-02", "--append-to", file)
        lines = file.read_bytes().splitlines(keepends=True)
        torn = b"".join(lines[:rows]) + lines[rows][:-10]
        file.write_bytes(torn)
        result = shell("invoices", "--since", "2026-05", "--append-to", file)
        assert (1, b"") == result[:2]
        assert f"its invoice, {json.loads(lines[0])['invoice_id']}, is not among" in result.stderr
        assert torn == file.read_bytes()

    def test_repair_that_needs_more(self, shell: Shell, tmp_path: Path) -> None:
        """If the incomplete invoice may not be listed, the command fails instead of losing it."""
        file = tmp_path / "all.jsonl"
        shell("invoices", "--since", "2026-02", "--until", "2026-03", "--append-to", file)
        torn = file.read_bytes()[:-10]
        file.write_bytes(torn)
        result = shell("invoices", "--since", "2026-05", "--append-to", file)
        assert (1, b"") == result[:2]
        assert "use an earlier --since" in result.stderr
        assert torn == file.read_bytes()


def test_killed_at_any_point(
    server: BillingServer, shell: Shell, forks: ForkServer, tmp_path: Path
) -> None:
    """A killed job leaves the old file or the new one, and the next run continues."""
    file, chance = tmp_path / "all.jsonl", random.Random(1)
    months = [f"{year}-{month:02}" for year, month in server.account.v3_invoice_months()]
    rows = sorted(exported(shell))
    start = time.monotonic()
    append(forks, server, tmp_path / "longest.jsonl", months[MONTHS])
    forks.wait()
    whole, finished = time.monotonic() - start, 0
    for number in range(KILLS):
        if number % MONTHS == 0:
            file.unlink(missing_ok=True)
        since = months[number % MONTHS + 1]
        before = lines_of(file)
        append(forks, server, file, since)
        if number % 2:
            wait_until_it_writes(forks, file)
        else:
            time.sleep(chance.uniform(0, 1.2 * whole))
        forks.kill()
        forks.wait()
        after_kill = lines_of(file)
        assert before == after_kill or rows_since(since, rows) == sorted(after_kill)
        finished += before != after_kill
    assert 0 < finished < KILLS
    assert 0 == shell("invoices", "--append-to", file).status
    assert rows == sorted(lines_of(file))


def rows_since(month: str, rows: list[bytes]) -> list[bytes]:
    """Return the rows of the invoices that start in a month or later."""
    return [row for row in rows if json.loads(row)["billing_start_date"] >= month]


def append(forks: ForkServer, server: BillingServer, file: Path, since: str) -> None:
    """Start a job."""
    job = ("invoices", "--quiet", "--since", since, "--append-to", file)
    null = os.open(os.devnull, os.O_RDWR)
    forks.start(words(job, server), environment(server), [null] * 3)
    os.close(null)


def wait_until_it_writes(forks: ForkServer, file: Path) -> None:
    """Wait until the job has begun to write, or has ended."""
    known = set(file.parent.glob(".fastly-*.part"))
    while forks.is_running() and known >= set(file.parent.glob(".fastly-*.part")):
        time.sleep(0.0005)
