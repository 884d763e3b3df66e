"""Many accounts at once, with Dask."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urlsplit

import pytest
from pages import LIST, MTD, TODAY, Recipe

import fastly
from fastly.api.billing_invoices_api import BillingInvoicesApi
from fastly.testing import BillingServer

NAMES = ("News", "Shop", "Video", "Radio", "Weather", "Games")


class Front(ThreadingHTTPServer):
    """One host with many accounts, each of which is a stand-in with a token of its own."""

    def __init__(self, accounts: dict[str, BillingServer]) -> None:
        self.accounts = accounts
        self.connections: set[object] = set()
        super().__init__(("127.0.0.1", 0), Forward)

    @property
    def url(self) -> str:
        """The base URL."""
        return f"http://127.0.0.1:{self.server_port}"


class Forward(BaseHTTPRequestHandler):
    """Forwards a request to the account that has its token."""

    server: Front
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Send the response of the account."""
        self.server.connections.add(self.client_address)
        token = self.headers["Fastly-Key"]
        accounts = self.server.accounts
        account = accounts.get(token) or next(iter(accounts.values()))
        with closing(HTTPConnection(urlsplit(account.url).netloc, timeout=10)) as connection:
            connection.request("GET", self.path, headers={"Fastly-Key": token})
            response = connection.getresponse()
            body = response.read()
        self.send_response(response.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def front() -> Iterator[Front]:
    """A host with some accounts; their tokens are their names in lowercase."""
    with ExitStack() as stack:
        accounts = {
            name.lower(): stack.enter_context(
                BillingServer(token=name.lower(), customer_id=name, today=TODAY, estimate_pending=0)
            )
            for name in NAMES
        }
        front = stack.enter_context(Front(accounts))
        thread = Thread(target=front.serve_forever)
        thread.start()
        stack.callback(thread.join)
        stack.callback(front.shutdown)
        yield front


@pytest.fixture
def page(recipe: Callable[[str], Recipe], front: Front) -> Recipe:
    """The recipe with the host and its tokens."""
    page = recipe("many-accounts")
    page.variables = {"FASTLY_API_URL": front.url, "FASTLY_TOKENS_FILE": "tokens.json"}
    return page


def save(page: Recipe, **tokens: str) -> None:
    """Write the file with the tokens."""
    (page.folder / "tokens.json").write_text(json.dumps(tokens), encoding="utf-8")


def written(page: Recipe) -> list[str]:
    """Return the header, and the lines of the file after sorting."""
    header, *lines = (page.folder / "invoices.csv").read_text(encoding="utf-8").splitlines()
    return [header, *sorted(lines)]


def test_page_shows_what_the_program_prints_and_writes(page: Recipe) -> None:
    """The page shows what is printed and written; an account that fails does not stop others."""
    save(page, Shop="shop", News="news", Video="wrong")
    run = page.run("2026-06", "invoices.csv")
    assert (1, page.blocks("text")[0]) == (run.returncode, run.stdout)
    assert page.blocks("csv")[0].splitlines() == written(page)
    assert run.stderr.startswith("Video: invoices: 401 Unauthorized\n")
    assert not (page.folder / "invoices.csv.part").exists()


def test_accounts_share_the_connections_of_their_workers(page: Recipe, front: Front) -> None:
    """There is one connection for each of the two workers, however many accounts there are."""
    save(page, **{name: name.lower() for name in NAMES})
    run = page.run("2026-06", "invoices.csv")
    assert (0, "") == (run.returncode, run.stderr)
    assert "18 lines of 6 accounts, 0 of them with failures\n" == run.stdout
    assert 2 >= len(front.connections)
    customers = {line.split(",")[0]: line.split(",")[3] for line in written(page) if "far" in line}
    assert {name: name for name in NAMES} == {
        name: number.partition("-")[0] for name, number in customers.items()
    }


def test_failures_keep_what_works(page: Recipe, front: Front) -> None:
    """An empty account, failures, and a month to date that is late leave the rest complete."""
    for name in ("news", "shop"):
        front.accounts[name].enqueue(404, path=MTD)
    front.accounts["shop"].enqueue(body={"data": None}, path=LIST)
    front.accounts["video"].enqueue(403, path=LIST)
    late = front.accounts["radio"].account.v3_month_to_date()
    front.accounts["radio"].enqueue(body=late | {"billing_start_date": "2026-07-01"}, path=MTD)
    save(page, Shop="shop", News="news", Video="video", Radio="radio")
    run = page.run("2026-06", "invoices.csv")
    assert run.returncode == 1
    assert "5 lines of 4 accounts, 3 of them with failures\n" == run.stdout
    assert ["News", "News", "Radio", "Radio", "Video"] == [
        line.split(",")[0] for line in written(page)[1:]
    ]
    assert "Video: invoices: 403 Forbidden" in run.stderr


def test_task_that_raises(page: Recipe) -> None:
    """A token that cannot be sent is a failure of its account, and does not stop the others."""
    save(page, News="news", Shop="sh\nop")
    run = page.run("2026-06", "invoices.csv")
    assert (1, "3 lines of 2 accounts, 1 of them with failures\n") == (run.returncode, run.stdout)
    assert "Shop: failed: ApiValueError(" in run.stderr
    assert "sh\nop" not in run.stderr


def test_table_of_what_crosses_processes(front: Front) -> None:
    """A client cannot be pickled, a configuration loses its token, and models are complete."""
    configuration = fastly.Configuration(host=front.url, api_token="news")
    with fastly.ApiClient(configuration) as api_client:
        invoices = list(BillingInvoicesApi(api_client).iter_invoices())
        with pytest.raises(TypeError):
            pickle.dumps(api_client)
    assert b"news" not in pickle.dumps(configuration)
    assert invoices == pickle.loads(pickle.dumps(invoices))
