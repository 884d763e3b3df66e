"""Arbitrary input to everything that reads foreign text raises only documented exceptions."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import fuzz_atheris as fuzz
import pytest
from faults import Refusing
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import fastly
import fastly.models
from fastly.api.billing_invoices_api import BillingInvoicesApi
from fastly.exceptions import ApiTypeError, ApiValueError

bounded = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

FIELDS = sorted(
    {
        name
        for model in vars(fastly.models).values()
        if hasattr(model, "__fields__")
        for name in model.__fields__
    }
)
TIMES = st.from_regex(
    r"[0-9]{4}-?(W[0-5][0-9](-?[0-9])?|[0-9]{2}(-?[0-9]{2})?)"
    r"([T ][0-2][0-9](:?[0-9]{2}(:?[0-9]{2}(\.[0-9]{1,9})?)?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?",
    fullmatch=True,
)
NUMBERS = st.from_regex(r"[+-]?[0-9]{1,20}(\.[0-9]{0,9})?([eE][+-]?[0-9]{1,4})?", fullmatch=True)
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), TIMES, NUMBERS
)
NAMES = st.one_of(st.sampled_from(FIELDS), st.text(max_size=8), st.sampled_from(["get", "value"]))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(NAMES, inner, max_size=6)),
    max_leaves=12,
)
INVOICES = st.dictionaries(NAMES, VALUES, max_size=8)
TEXTS = st.text(max_size=60)
HEADER_VALUES = st.text(st.characters(max_codepoint=255), max_size=60)


@pytest.fixture(scope="module")
def unreachable() -> Iterator[BillingInvoicesApi]:
    """An API whose host refuses every connection."""
    with Refusing() as server:
        configuration = fastly.Configuration(host=server.url, api_key={"token": "x"}, retries=0)
        with fastly.ApiClient(configuration) as client:
            yield BillingInvoicesApi(client)


@bounded
@given(st.binary(max_size=200), st.booleans(), st.integers(0, 5))
@example(b'{"start_time": "9999-12-31T24:00:00Z"}', True, 0)
@example(b'{"start_time": "9999-W53-7"}', True, 0)
def test_any_bytes_are_a_model_or_refused(body: bytes, check: bool, kind: int) -> None:
    """Any bytes in a response become a model or raise ResponseException."""
    fuzz.fuzz_model(body, check, kind)


@bounded
@given(INVOICES, st.booleans(), st.integers(0, 5))
@example({"start_time": "9999-12-31T24:00Z"}, False, 1)
@example({"zz": float("inf")}, True, 0)
def test_any_json_is_a_model_or_refused(data: dict[str, Any], check: bool, kind: int) -> None:
    """A model made of any JSON can be printed, pickled and read back."""
    fuzz.fuzz_model(json.dumps(data).encode(), check, kind)


@bounded
@given(st.sampled_from(FIELDS), st.one_of(TIMES, NUMBERS))
def test_any_text_of_a_time_or_number_is_read_or_refused(name: str, text: str) -> None:
    """Text that resembles a time or a number is read as one or refused."""
    fuzz.fuzz_model(json.dumps({name: text, "total": {name: text}}).encode())


@bounded
@given(st.binary(max_size=100), st.sampled_from(["text/csv", "application/pdf"]), HEADER_VALUES)
@example(b"\xff", "text/csv", "text/csv; charset=utf-7")
@example(b"\xff", "text/csv", "text/csv; charset=\x00")
def test_any_content_type_is_known_or_refused(body: bytes, accept: str, kind: str) -> None:
    """A document with any Content-Type is decoded or refused."""
    fuzz.fuzz_document(body, accept, kind)
    fuzz.fuzz_document(body, accept, f"{accept}; charset={kind}")


@bounded
@given(
    st.integers(100, 999),
    st.dictionaries(
        st.one_of(
            st.sampled_from(["Retry-After", "fastly-request-id", "X-Request-Id"]),
            st.from_regex(r"[A-Za-z-]{1,9}", fullmatch=True),
        ),
        HEADER_VALUES,
        max_size=5,
    ),
    st.one_of(st.binary(max_size=60), TEXTS, VALUES.map(json.dumps)),
)
def test_any_answer_makes_an_exception(
    status: int, headers: dict[str, str], body: bytes | str
) -> None:
    """With any status, headers and body, an error can be printed and pickled."""
    fuzz.fuzz_error(status, headers, body)


@bounded
@given(
    st.one_of(
        HEADER_VALUES,
        st.from_regex(r"[A-Z][a-z]{2}, \d+ [A-Z][a-z]{2} \d+ \d+:\d+:\d+ (GMT|[+-]\d+)?"),
        NUMBERS,
    ),
    st.sampled_from([429, 503]),
)
@example("Mon, 99 Foo 0000 99:99:99 +9999", 429)
@example("9" * 400, 429)
@example("56\x1f,666", 429)
def test_any_retry_after_is_seconds_or_nothing(text: str, status: int) -> None:
    """Any Retry-After becomes a limited number of seconds or None."""
    fuzz.fuzz_retry_after(text, status)


@bounded
@given(
    st.one_of(
        TEXTS,
        TEXTS.map("https://{}".format),
        st.from_regex(r"https?://[a-z0-9.:@\[\]/\\#?-]{0,20}", fullmatch=True),
    )
)
@example("https://[::")
@example("https://[1.2]")
@example("http://127.0.0.1\\@evil.example")
def test_any_host_is_taken_or_refused(text: str) -> None:
    """Any text for ``host`` is accepted or raises ApiValueError."""
    fuzz.fuzz_host(text)


ARGUMENTS = st.one_of(
    TEXTS,
    st.integers(),
    st.integers(1, 12),
    st.integers(2000, 2030),
    st.from_regex(r"[A-Za-z0-9_./%-]{0,9}", fullmatch=True),
    st.none(),
    st.floats(),
    st.binary(max_size=5),
    st.lists(st.integers(), max_size=2),
)


@bounded
@given(ARGUMENTS, ARGUMENTS, st.booleans())
@example("..", "%2e%2e", False)
@example("\ud800", "a\nb", False)
@example(10**5000, 10**5000, True)
@example(10**5000, 10**5000, False)
def test_any_arguments_are_sent_safely_or_refused(
    unreachable: BillingInvoicesApi, first: Any, second: Any, check: bool
) -> None:
    """Any arguments are sent safely or refused as documented before anything is sent."""
    fuzz.fuzz_arguments(unreachable, first, second, _check_input_type=check)


SECONDS = st.one_of(
    st.floats(), st.integers(), st.tuples(st.floats(), st.floats()), st.text(max_size=3)
)


@bounded
@given(SECONDS, SECONDS)
@example(10**400, 1)
@example(1e10, 1)
@example((1e308, 5e-324), 0)
def test_any_times_are_kept_or_refused(
    unreachable: BillingInvoicesApi, timeout: Any, wait: Any
) -> None:
    """Any timeouts are respected or refused as documented."""
    with contextlib.suppress(ApiTypeError, ApiValueError, fastly.ConnectionException):
        unreachable.get_month_to_date_invoice(_request_timeout=timeout, _wait=wait)


@pytest.fixture(scope="module")
def served() -> Iterator[None]:
    """Close the server of the fuzzer's pages."""
    yield
    server, api = fuzz.served()
    api.api_client.close()
    server.close()
    fuzz.served.cache_clear()


@bounded
@given(st.integers(0, 10_000))
def test_a_cut_page_is_refused(size: int) -> None:
    """A page that ends anywhere before its end raises ResponseException."""
    fuzz.fuzz_cut(size)


@pytest.mark.usefixtures("served")
@bounded
@given(st.lists(st.one_of(st.binary(max_size=40), VALUES.map(lambda x: json.dumps(x).encode()))))
@example([fuzz.PAGE, fuzz.PAGE])
@example([fuzz.PAGE, fuzz.PAGE[:-1]])
def test_any_pages_are_invoices_once_or_refused(bodies: list[bytes]) -> None:
    """Pages of any bytes are read, each invoice once, or raise an exception."""
    fuzz.fuzz_pages(bodies[:5])


LINES = st.sampled_from(fuzz.ROWS.splitlines(keepends=True))
VALUES_OF_ROWS = st.one_of(st.none(), st.integers(-3, 3), st.just("INV-2"), TIMES)


def changed(line: bytes, column: int, value: object) -> bytes:
    """Return a row with another value in one column."""
    row = json.loads(line)
    return json.dumps({**row, list(row)[column % len(row)]: value}).encode() + b"\n"


@bounded
@given(
    st.lists(
        st.one_of(LINES, st.builds(changed, LINES, st.integers(0, 30), VALUES_OF_ROWS)), max_size=6
    ),
    st.one_of(
        st.just(b""),
        st.binary(max_size=9),
        st.builds(lambda x, n: x[:n], LINES, st.integers(0, 400)),
    ),
)
def test_any_rows_are_corrected_or_refused(lines: list[bytes], last: bytes) -> None:
    """A file of right, changed and incomplete rows is corrected completely, or refused."""
    fuzz.fuzz_corrections(b"".join(lines) + last)


@pytest.mark.usefixtures("served")
@pytest.mark.parametrize("choice", range(13))
def test_the_fuzzers_entries_run(choice: int) -> None:
    """Each entry point of the manual fuzzer accepts its bytes."""
    fuzz.fuzz_all(bytes([choice]) + b'{"total": {"cost": 1}}\nx')
    fuzz.fuzz_all(b"")
