"""The exceptions: their tree, attributes and text, and that they can be pickled and copied."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import pytest
import urllib3

import fastly
from fastly import exceptions

NAMES = [name for name in exceptions.__all__ if name != "OpenApiException"]

TREE = {
    "ApiTypeError": {"OpenApiException", "TypeError"},
    "ApiValueError": {"OpenApiException", "ValueError"},
    "ApiAttributeError": {"OpenApiException", "AttributeError"},
    "ApiKeyError": {"OpenApiException", "KeyError"},
    "ForecastError": {"OpenApiException"},
    "ApiException": {"OpenApiException"},
    "BadRequestException": {"ApiException"},
    "UnauthorizedException": {"ApiException"},
    "ForbiddenException": {"ApiException"},
    "NotFoundException": {"ApiException"},
    "RateLimitException": {"ApiException"},
    "UnprocessableEntityException": {"ApiException"},
    "ServiceException": {"ApiException"},
    "EstimatePendingException": {"ApiException"},
    "ResponseException": {"ApiException"},
    "ConnectionException": {"ApiException"},
    "TimeoutException": {"ConnectionException"},
}


def whole() -> fastly.ApiException:
    """Return an exception in which every attribute is set."""
    error = fastly.NotFoundException(
        404,
        "Not Found",
        headers=urllib3.HTTPHeaderDict({"Fastly-Request-Id": "id-1"}),
        body='{"msg": "Record not found", "detail": "Cannot load invoice"}',
        url="https://api.fastly.com/billing/v3/invoices/i",
        retry_after=2.5,
    )
    error.tries = 3
    return error


def test_the_tree() -> None:
    """Every documented exception is in the package, at its place in the tree."""
    actual = {name: {base.__name__ for base in getattr(fastly, name).__bases__} for name in NAMES}
    assert TREE == actual
    assert issubclass(fastly.OpenApiException, Exception)


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (400, "BadRequestException"),
        (401, "UnauthorizedException"),
        (403, "ForbiddenException"),
        (404, "NotFoundException"),
        (422, "UnprocessableEntityException"),
        (429, "RateLimitException"),
        (500, "ServiceException"),
        (599, "ServiceException"),
        (302, "ApiException"),
        (418, "ApiException"),
        (600, "ApiException"),
    ],
)
def test_the_class_of_a_status(status: int, name: str) -> None:
    """Each status other than 2xx has its exception class."""
    assert name == exceptions.exception_for(status).__name__


def test_the_text_of_an_exception() -> None:
    """The text has status, reason, API message, URL, attempts, request ID and what to do."""
    assert str(whole()) == (
        "404 Not Found\n"
        "  API message: Record not found: Cannot load invoice\n"
        "  request: GET https://api.fastly.com/billing/v3/invoices/i\n"
        "  attempts: 3\n"
        "  request id: id-1\n"
        "  retry after: 2.5 s\n"
        "  what to do: Check the ID and the host. Invoices end with the last posted month."
    )


def test_the_text_of_an_empty_exception() -> None:
    """The text of an exception without any facts is its class and the advice."""
    text = str(fastly.ServiceException())
    assert text.startswith("ServiceException\n  what to do: ")


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (503, "upstream connect error\n", "upstream connect error"),
        (400, "two\nlines", None),
        (400, "x" * 301, None),
        (400, "{truncated", None),
        (502, "\ufeff<html>", None),
        (502, "a\u2028b", None),
        (200, "invoice_id,amount", None),
        (None, "half of a bo", None),
    ],
)
def test_the_words_of_a_proxy(status: int | None, body: str, expected: str | None) -> None:
    """A line of plain text in an error is its message; data is not."""
    assert expected == fastly.ApiException(status, "r", body=body).detail


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (None, None),
        ("", None),
        (b"", None),
        ("<html>504</html>", None),
        ('{"msg": "Record not found", "detail": "Cannot load"}', "Record not found: Cannot load"),
        (b'{"msg": "Bad"}', "Bad"),
        ('{"errors": [{"title": "A", "detail": "B"}, {"title": "C"}]}', "A: B: C"),
        ('{"errors": {"x": 1}}', None),
        ('{"errors": [1, null]}', None),
        ('\ufeff{"msg": "Record not found"}', "Record not found"),
        (b'\xef\xbb\xbf{"msg": "Record not found"}', "Record not found"),
        ('{"msg": 5, "detail": null}', None),
        ('["x"]', None),
        ('{"msg": "a\\u001b[31mb\\nc"}', "a [31mb c"),
        (b"\xff\xfe\xfd", None),
        ("[" * 60_000, None),
        ('{"msg": "' + "x" * 70_000 + '"}', None),
        ('{"msg": "' + "x" * 1000 + '"}', "x" * 300),
    ],
)
def test_the_words_of_the_api(body: str | bytes | None, expected: str | None) -> None:
    """The API's message is found in the known shapes of error bodies, and in no others."""
    assert expected == fastly.ApiException(500, body=body).detail


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"x-request-id": "b"}, "b"),
        ({"FASTLY-REQUEST-ID": "a", "X-Request-Id": "b"}, "a"),
    ],
)
def test_the_request_id(headers: dict[str, str], expected: str | None) -> None:
    """The request ID is read from either header, in any case."""
    assert expected == fastly.ApiException(500, headers=headers).request_id


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))]
)
def test_each_copies_and_pickles(name: str, copied: Any) -> None:
    """Each exception can be copied and pickled without loss."""
    error = (
        getattr(fastly, name)(5, "reason")
        if "Error" not in name
        else getattr(fastly, name)("m", ["a", 1])
    )
    error.extra = {"x": [1]}
    other = copied(error)
    assert type(error) is type(other)
    assert (str(error), error.args, vars(error)) == (str(other), other.args, vars(other))


def test_a_whole_exception_pickles() -> None:
    """After pickling, the response's headers are still case-insensitive."""
    other = pickle.loads(pickle.dumps(whole()))
    assert str(whole()) == str(other)
    assert "id-1" == other.headers["FASTLY-REQUEST-ID"]
    assert json.loads(whole().body or "") == json.loads(other.body)


def test_the_path_of_a_wrong_value() -> None:
    """An ApiTypeError or ApiValueError shows the path as an index expression."""
    error = fastly.ApiTypeError("expected a number", ["line_items", 1, "amount", "a b"])
    assert "line_items[1].amount['a b']: expected a number" == str(error)
    assert ("line_items", 1, "amount", "a b") == error.path_to_item
    assert "no key" == str(fastly.ApiKeyError("no key"))
    assert "" == str(fastly.OpenApiException())
    assert "" == exceptions.render_path(None)
