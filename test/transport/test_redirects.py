"""Redirects are followed on the configured origin only."""

from __future__ import annotations

import contextlib

import pytest
from calls import TOKEN, api_of, ask, failure, failure_of
from faults import FaultServer, good, redirect

from fastly.exceptions import ApiException, ResponseException

SAME_ORIGIN = [
    "{target}",
    "{origin}{target}",
    "//127.0.0.1:{port}{target}",
    "{origin}/elsewhere/i",
    "i",
    "{target}?x=1",
    "{target}#there",
    "HTTP://127.0.0.1:{port}{target}",
    "http:///elsewhere/i",
    "/with a space/\xe9/i",
]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_each_redirect_to_the_same_origin_is_followed(status: int) -> None:
    """Every kind of redirect within the origin is followed, with the token."""
    with FaultServer(redirect("/elsewhere/i", status)) as server:
        assert "i" == ask(server.url).invoice_id
    assert [TOKEN, TOKEN] == [request.headers["fastly-key"] for request in server.requests]
    assert "/elsewhere/i" == server.requests[1].target


@pytest.mark.parametrize("location", SAME_ORIGIN)
def test_every_way_to_name_the_same_origin_is_followed(location: str) -> None:
    """A redirect may spell the same scheme, host and port in any way."""
    with FaultServer(redirect(location)) as server:
        assert "i" == ask(server.url).invoice_id
    assert 2 == len(server.requests)


@pytest.mark.parametrize("location", ["{origin}", "{origin}?x=1", "{origin}#there", "?x=1", ""])
def test_a_target_without_a_path_is_followed(location: str) -> None:
    """A redirect to a URL without a path is followed."""
    with FaultServer(redirect(location)) as server, contextlib.suppress(ResponseException):
        ask(server.url)
    targets = [request.target for request in server.requests]
    asked = targets[0] if location in ("", "?x=1") else "/"
    assert [targets[0], asked + ("?x=1" if "?" in location else "")] == targets[:2]


def test_no_more_than_three_redirects_are_followed() -> None:
    """The fourth redirect in a row is raised."""
    with FaultServer(choose=lambda: redirect("{target}")) as server:
        error = failure(server.url, retries=3)
    assert (4, 302, 1) == (len(server.requests), error.status, error.tries)
    assert "redirected more than 3 times" == error.reason


def test_three_redirects_are_followed() -> None:
    """Three redirects in a row are followed."""
    with FaultServer(*[redirect("{target}")] * 3) as server:
        assert "i" == ask(server.url).invoice_id


OTHER_ORIGINS = [
    "http://127.0.0.1:{other}/x",
    "http://127.0.0.1:{other}",
    "//127.0.0.1:{other}/x",
    "http://localhost:{port}/x",
    "http://127.0.0.2:{port}/x",
    "http://127.0.0.1.:{port}/x",
    "https://127.0.0.1:{port}/x",
    "HTTPS://127.0.0.1:{other}/x",
    "http://127.0.0.1/x",
    "http://user:pass@127.0.0.1:{port}/x",
    "http://127.0.0.1:{port}@127.0.0.1:{other}/x",
    "ftp://127.0.0.1:{other}/x",
    "javascript:alert(1)",
    "file:///etc/passwd",
    "http://[",
    "http://127.0.0.1:99999/x",
    "http://127.0.0.1:x/",
]


@pytest.mark.parametrize("location", OTHER_ORIGINS)
def test_a_redirect_to_another_origin_is_raised(location: str) -> None:
    """A redirect to another origin raises an error that names it, without a connection to it."""
    with FaultServer() as other, FaultServer(choose=good) as server:
        target = location.replace("{other}", str(other.port))
        server._script.append(redirect(target))
        error = failure(server.url, retries=3)
    assert (ApiException, 302, 1) == (type(error), error.status, len(server.requests))
    assert error.reason.startswith("redirected to ")
    assert (0, 1) == (other.connections, server.connections)
    assert "pass" not in str(error).replace("passwd", "")


def test_the_error_of_a_redirect_names_the_targets_origin() -> None:
    """The error says where the token would have been sent."""
    error = failure_of(redirect("https://evil.example:444/path?query"))
    assert "redirected to https://evil.example:444, " in error.reason
    assert "Check the host: it redirects, " in error.advice
    assert "elsewhere" == error.body


@pytest.mark.parametrize("location", ["\\\\127.0.0.1:{other}/x", "/\\127.0.0.1:{other}/x"])
def test_backslashes_lead_nowhere_else(location: str) -> None:
    """A target in which some parsers see another host is taken as a path or refused."""
    with FaultServer() as other, FaultServer() as server:
        server._script.append(redirect(location.replace("{other}", str(other.port))))
        with contextlib.suppress(ApiException):
            ask(server.url)
    assert 0 == other.connections


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308, 399])
def test_a_redirect_without_location_is_raised(status: int) -> None:
    """A 3xx without a Location raises ApiException."""
    with FaultServer(redirect(None, status)) as server:
        error = failure(server.url)
    assert (ApiException, status, 1) == (type(error), error.status, len(server.requests))


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("mailto:x", "redirected to 'mailto:x', which is not an http(s) URL"),
        ("http://[::1", "redirected to 'http://[::1', which is not an http(s) URL"),
        ("https:", "redirected to 'https:', which is not an http(s) URL"),
        ("http://h:99999/", "redirected to 'http://h:99999/', which is not an http(s) URL"),
    ],
)
def test_a_redirect_to_nowhere(location: str, reason: str) -> None:
    """A redirect to an invalid URL is not followed, and the error says so."""
    with FaultServer(redirect(location)) as server:
        assert reason == failure(server.url).reason


def test_all_spellings_of_an_origin_share_one_connection() -> None:
    """Redirects that spell the origin differently use the same connection."""
    names = ["LOCALHOST", "Localhost", "lOcalhost", "locALhost"]
    places = [f"http://{names[n % 4]}:{'0' * (n // 4)}{{port}}{{target}}" for n in range(12)]
    with (
        FaultServer(*[redirect(place) for place in places]) as server,
        api_of(f"http://localhost:{server.port}") as api,
    ):
        for _ in range(8):
            with contextlib.suppress(ApiException):
                api.get_invoice_by_invoice_id("i")
    assert 1 == server.connections
