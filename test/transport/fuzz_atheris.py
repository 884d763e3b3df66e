"""Functions that read foreign text, and a fuzzer that runs them by hand.

::

    pip install atheris
    python test/transport/fuzz_atheris.py -max_total_time=60

Each function raises only documented exceptions, or ``AssertionError`` if its result is wrong.
``test_fuzz.py`` checks the same with hypothesis, and contains the inputs that once failed.
"""

from __future__ import annotations

import json
import logging
import pickle
import sys
import tempfile
from collections import Counter
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    import atheris  # installed by hand, and needed only for runs by hand

    sys.path.insert(0, str(Path(__file__).parent.parent.parent))
    with atheris.instrument_imports(include=["fastly"]):
        import fastly.api.billing_invoices_api

import fastly
from fastly._models import Model
from fastly._operations.options import CSV, JSON, PDF
from fastly._operations.payloads import decoded as decoded_model
from fastly._operations.payloads import parsed
from fastly._transport import Headers, Response
from fastly._transport.messages import retry_after
from fastly.api.billing_invoices_api import BillingInvoicesApi
from fastly.cli.append import AppendError, Appending
from fastly.cli.arguments import Options
from fastly.cli.export import json_lines
from fastly.configuration.secrets import Secret, masking
from fastly.exceptions import ApiException, ApiTypeError, ApiValueError, exception_for
from fastly.models import (
    BillingEstimateResponse,
    BillingResponse,
    Invoice,
    ListEomInvoicesResponse,
    MtdInvoiceResponse,
    Serviceusagemetrics,
    Usagemetrics,
)
from fastly.rows import invoice_rows
from fastly.testing import BillingServer

MODELS: tuple[type[Model], ...] = (
    *(BillingResponse, BillingEstimateResponse, ListEomInvoicesResponse, MtdInvoiceResponse),
    *(Serviceusagemetrics, Usagemetrics),
)
URL = "https://api.fastly.com/x"
KINDS = (JSON, CSV, PDF)
TOKEN = "made-up-token/+"
MASK = masking(Secret(f"Bearer {TOKEN}"))
INVOICES = [
    Invoice(invoice_id=f"INV-{n}", customer_id="c", transaction_line_items=[{"amount": n}] * n)
    for n in (1, 2)
]
ROWS = "".join(json_lines(invoice_rows(INVOICES))).encode()
PAGE = json.dumps({"data": [x.to_dict() for x in INVOICES], "meta": {"next_cursor": "c"}}).encode()


def decoded(
    body: bytes,
    accept: str = JSON,
    content_type: str | None = None,
    check: bool = True,
    model: int = 0,
) -> Any:
    """Decode a body as a call does; None if it is refused with a ResponseException."""
    headers = Headers({"Content-Type": accept if content_type is None else content_type})
    response = Response(200, "OK", headers, body, URL)
    with suppress(fastly.ResponseException):
        payload = parsed(response, accept)
        if isinstance(payload, dict):
            kind = MODELS[model]
            return decoded_model(response, payload, kind, check=check, discard_unknown=False)
        return payload
    return None


def fuzz_model(body: bytes, check: bool = True, kind: int = 0) -> None:
    """Decode a body to a model, and use the model as users do."""
    model = decoded(body, check=check, model=kind)
    if model is None:
        return
    assert isinstance(model, Model)
    assert repr(model)
    assert model.to_json()
    assert pickle.loads(pickle.dumps(model)).to_dict() == model.to_dict()
    if check:
        assert type(model).from_dict(model.to_dict()) == model


def fuzz_document(body: bytes, accept: str, content_type: str) -> None:
    """Decode a body to text or a document, with a media type given in some form."""
    document = decoded(body, accept, content_type)
    assert document is None or isinstance(document, str if accept == CSV else bytes)


def fuzz_error(status: int, headers: dict[str, str], body: bytes | str) -> None:
    """Create an exception from a response, print it and pickle it."""
    given = Headers(headers)
    wait = retry_after(status, given)
    error = exception_for(status)(
        status, "Reason", headers=given, body=body, url=URL, retry_after=wait
    )
    assert isinstance(error, ApiException)
    assert str(error) == str(pickle.loads(pickle.dumps(error)))
    assert error.detail is None or len(error.detail) <= 300


def fuzz_retry_after(text: str, status: int = 429) -> None:
    """Read the wait that a server requests."""
    for name in ("Retry-After", "Fastly-RateLimit-Reset"):
        seconds = retry_after(status, Headers({name: text}))
        assert seconds is None or 0 <= seconds <= 366 * 24 * 3600


def fuzz_mask(data: bytes) -> None:
    """Mask a token in any data, and in the middle of it."""
    for found in (data, data + TOKEN.encode() + data):
        shown = MASK(found)
        assert TOKEN.encode() not in shown
        assert shown == MASK(shown)


def fuzz_host(text: str) -> None:
    """Set a host and check whether the token may be sent there."""
    with suppress(ApiValueError):
        fastly.Configuration(host=text).checked_host()


def fuzz_arguments(api: BillingInvoicesApi, *values: Any, **options: Any) -> None:
    """Call the operations with any arguments, on an unreachable API."""
    first, second = values
    dates = {"billing_start_date": first, "billing_end_date": second}
    for call in (
        lambda: api.get_invoice_by_invoice_id(first, **options),
        lambda: api.list_invoices(**dates, **options),
        lambda: api.list_invoices(limit=first, cursor=second, **options),
    ):
        with suppress(ApiTypeError, ApiValueError, fastly.ConnectionException):
            call()


def fuzz_cut(size: int) -> None:
    """Decode a page that ends early, which is refused."""
    assert decoded(PAGE[: size % len(PAGE)], model=2) is None


@cache
def served() -> tuple[BillingServer, BillingInvoicesApi]:
    """Return a server, and a client of it, that end with the process or are closed."""
    server = BillingServer().start()
    configuration = fastly.Configuration(host=server.url, api_token=server.token, retries=0)
    return server, BillingInvoicesApi(fastly.ApiClient(configuration))


def fuzz_pages(bodies: list[bytes]) -> None:
    """Read pages with any bodies: their invoices, each once, or an exception."""
    server, api = served()
    for body in bodies:
        server.enqueue(headers={"Content-Type": JSON}, body=body)
    ids = Counter[str]()
    with suppress(fastly.ApiException):
        ids.update(x.invoice_id or "" for x in api.iter_invoices(limit=200))
    for _ in range(len(bodies)):  # of pages that nobody asked for
        with suppress(fastly.ApiException):
            api.list_invoices(limit=1)
    assert not any(count > 1 for name, count in ids.items() if name)


def fuzz_corrections(old: bytes) -> None:
    """Append to a file of any rows: it is refused, or nothing is lost, and all is there once."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "rows.jsonl")
        file.write_bytes(old)
        with suppress(AppendError):
            appending = Appending(file, INVOICES, Options())
            chunks = list(appending.chunks()) if appending.is_needed else [old]
            file.write_bytes(b"".join(x.encode() if isinstance(x, str) else x for x in chunks))
            again = Appending(file, INVOICES, Options())
            assert not again.is_needed
            assert len(INVOICES) == again.known
            assert appending.gone == again.gone


def fuzz_all(data: bytes) -> None:
    """Pass the bytes to one of the functions above, selected by the first byte."""
    choice, rest = (data[0], data[1:]) if data else (0, b"")
    text = rest.decode("latin-1")
    name, _, value = text.partition("\n")
    entries = (
        lambda: fuzz_model(rest),
        lambda: fuzz_model(rest, check=False),
        lambda: fuzz_model(rest, kind=1 + len(rest) % 5),
        lambda: fuzz_document(value.encode("latin-1"), CSV, name),
        lambda: fuzz_document(rest, PDF, PDF),
        lambda: fuzz_error(400 + choice, {name or "x": value.replace("\n", "")}, rest),
        lambda: fuzz_retry_after(text),
        lambda: fuzz_host(text),
        lambda: fuzz_host(f"https://{text}"),
        lambda: fuzz_mask(rest),
        lambda: fuzz_cut(len(rest)),
        lambda: fuzz_pages(rest.split(b"\n")[:5]),
        lambda: fuzz_corrections(ROWS[: choice * 3] + rest + ROWS[choice * 3 :]),
    )
    entries[choice % len(entries)]()


def main() -> None:
    """Fuzz until the time on the command line is over, or something is found."""
    logging.disable()  # each wrong value that is kept is logged
    atheris.Setup(sys.argv, fuzz_all)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
