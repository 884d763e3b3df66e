"""Settings: defaults, checks, the source of the token, copies, and hidden secrets."""

from __future__ import annotations

import copy
import functools
import inspect
import json
import logging
import pickle
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3

import fastly
import fastly.configuration
from fastly.api.billing_invoices_api import BillingInvoicesApi
from fastly.configuration.checks import is_loopback
from fastly.configuration.settings import Setting
from fastly.testing import BillingServer

TOKEN = "s3cret-token-of-the-tests"


@pytest.fixture
def default_configuration() -> Iterator[None]:
    """Restore the default configuration that a test replaces."""
    yield
    fastly.Configuration.set_default(None)


def secretive() -> fastly.Configuration:
    """Return a configuration in which every secret is set."""
    configuration = fastly.Configuration(
        api_key={"token": TOKEN},
        api_key_prefix={"token": "Bearer"},
        proxy=f"http://user:{TOKEN}@proxy.example:3128",
    )
    configuration.proxy_headers["Proxy-Authorization"] = f"Basic {TOKEN}"
    return configuration


def test_defaults() -> None:
    """A new configuration has the documented defaults."""
    configuration = fastly.Configuration()
    expected = {
        "host": "https://api.fastly.com",
        "timeout": (10.0, 60.0),
        "retries": 3,
        "estimate_wait": 90.0,
        "connection_pool_maxsize": 32,
        "max_response_bytes": 32 * 1024 * 1024,
        "verify_ssl": True,
        "client_side_validation": True,
        "discard_unknown_keys": False,
        "allow_insecure_host": False,
        "proxy": None,
        "no_proxy": None,
        "ssl_ca_cert": None,
        "cert_file": None,
        "key_file": None,
        "assert_hostname": None,
        "socket_options": None,
        "refresh_api_key_hook": None,
        "api_token": None,
        "debug": False,
    }
    assert expected == {name: getattr(configuration, name) for name in expected}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("host", "http://127.0.0.1:8080"),
        ("host", "https://gateway.example/fastly"),
        ("timeout", 5),
        ("timeout", (0.5, 2)),
        ("retries", 0),
        ("retries", urllib3.Retry(total=1)),
        ("estimate_wait", 0),
        ("connection_pool_maxsize", 1),
        ("connection_pool_maxsize", 10_000),
        ("host", "http://[::1]:8080"),
        ("host", "https://[2001:db8::1]/gateway"),
        ("timeout", 366 * 24 * 3600),
        ("estimate_wait", 366 * 24 * 3600),
        ("proxy", "http://proxy:3128"),
        ("proxy", None),
        ("no_proxy", "localhost,.example"),
        ("verify_ssl", False),
        ("ssl_ca_cert", __file__),
        ("ssl_ca_cert", None),
        ("socket_options", None),
        ("cert_file", __file__),
        ("key_file", __file__),
        ("assert_hostname", "other.example"),
        ("assert_hostname", False),
        ("socket_options", [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]),
        ("socket_options", [(6, 1, 2**31 - 1), (6, -(2**31), b"x")]),
        ("max_response_bytes", 1),
        ("allow_insecure_host", True),
        ("discard_unknown_keys", True),
        ("client_side_validation", False),
        ("refresh_api_key_hook", print),
    ],
)
def test_settings_are_kept(name: str, value: object) -> None:
    """A valid value reads back as given, passed by name or assigned later."""
    later = fastly.Configuration()
    setattr(later, name, value)
    assert value == getattr(later, name)
    assert value == getattr(fastly.Configuration(**{name: value}), name)


def test_false_is_no_retries(server: BillingServer) -> None:
    """``retries=False`` switches retries off, as it does in urllib3."""
    configuration = fastly.Configuration(host=server.url, api_token=server.token, retries=False)
    assert 0 == configuration.retries
    server.enqueue(503)
    with fastly.ApiClient(configuration) as client, pytest.raises(fastly.ServiceException):
        BillingInvoicesApi(client).list_invoices()
    assert 1 == len(server.requests)


def test_a_path_object_is_a_file(tmp_path: Path) -> None:
    """Files may be given as pathlib paths."""
    file = tmp_path / "ca.pem"
    file.touch()
    assert str(file) == fastly.Configuration(ssl_ca_cert=file).ssl_ca_cert


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("host", 5, fastly.ApiTypeError),
        ("host", "", fastly.ApiValueError),
        ("host", "api.fastly.com", fastly.ApiValueError),
        ("host", "ftp://api.fastly.com", fastly.ApiValueError),
        ("host", "https://", fastly.ApiValueError),
        ("host", "https://a b", fastly.ApiValueError),
        ("host", "https://api.fastly.com?x=1", fastly.ApiValueError),
        ("host", "https://api.fastly.com#x", fastly.ApiValueError),
        ("host", "https://api.fastly.com:99999", fastly.ApiValueError),
        ("host", "https://api.fastly.com:", fastly.ApiValueError),
        ("host", "https://api.fastly.com\n", fastly.ApiValueError),
        ("host", "https://api.fastly.com\\.evil.example", fastly.ApiValueError),
        ("host", "https://bücher.example", fastly.ApiValueError),
        ("host", "https://a..b", fastly.ApiValueError),
        ("host", "https://api.fastly.com:65536", fastly.ApiValueError),
        ("host", "https://[1:2]", fastly.ApiValueError),
        ("host", "https://[...]", fastly.ApiValueError),
        ("host", "https://[::12345]", fastly.ApiValueError),
        ("proxy", "http://[1:2]:3128", fastly.ApiValueError),
        ("proxy", "http://proxy:0", fastly.ApiValueError),
        ("connection_pool_maxsize", 10_001, fastly.ApiValueError),
        ("socket_options", [("a", "b", "c")], fastly.ApiTypeError),
        ("socket_options", [(6, 1, None)], fastly.ApiTypeError),
        ("socket_options", [(6, 1, 2**31)], fastly.ApiTypeError),
        ("socket_options", [(6, -(2**31) - 1, 1)], fastly.ApiTypeError),
        ("socket_options", [(6, 1, b"x", 1)], fastly.ApiTypeError),
        ("socket_options", [[6, 1, 1]], fastly.ApiTypeError),
        ("socket_options", 5, fastly.ApiTypeError),
        ("timeout", "5", fastly.ApiTypeError),
        ("timeout", True, fastly.ApiTypeError),
        ("timeout", 0, fastly.ApiValueError),
        ("timeout", -1, fastly.ApiValueError),
        ("timeout", float("inf"), fastly.ApiValueError),
        ("timeout", float("nan"), fastly.ApiValueError),
        ("timeout", (1,), fastly.ApiValueError),
        ("timeout", (1, None), fastly.ApiTypeError),
        ("timeout", (1, 2, 3), fastly.ApiValueError),
        ("retries", -1, fastly.ApiValueError),
        ("retries", True, fastly.ApiTypeError),
        ("retries", "3", fastly.ApiTypeError),
        ("estimate_wait", -1, fastly.ApiValueError),
        ("connection_pool_maxsize", 0, fastly.ApiValueError),
        ("connection_pool_maxsize", 1.5, fastly.ApiTypeError),
        ("max_response_bytes", True, fastly.ApiTypeError),
        ("proxy", 1, fastly.ApiTypeError),
        ("proxy", "socks5://proxy:1080", fastly.ApiValueError),
        ("proxy", "proxy:3128", fastly.ApiValueError),
        ("no_proxy", ["localhost"], fastly.ApiTypeError),
        ("proxy", f"http://user:p#{TOKEN}@proxy:3128", fastly.ApiValueError),
        ("proxy", f"http://user:p[{TOKEN}@proxy:3128", fastly.ApiValueError),
        ("proxy", f"http://user:\u2100{TOKEN}@proxy:3128", fastly.ApiValueError),
        ("retries", urllib3.Retry, fastly.ApiTypeError),
        ("host", "https://api.fastly.com:0", fastly.ApiValueError),
        ("verify_ssl", "no", fastly.ApiTypeError),
        ("ssl_ca_cert", "/nonexistent/ca.pem", fastly.ApiValueError),
        ("cert_file", 5, fastly.ApiTypeError),
        ("assert_hostname", True, fastly.ApiTypeError),
        ("socket_options", "x", fastly.ApiTypeError),
        ("socket_options", [(1, 2)], fastly.ApiTypeError),
        ("refresh_api_key_hook", "x", fastly.ApiTypeError),
        ("debug", 1, fastly.ApiTypeError),
        ("api_key", TOKEN, fastly.ApiTypeError),
        ("api_key", {"tokn": TOKEN}, fastly.ApiValueError),
        ("api_key", {"token": ""}, fastly.ApiValueError),
        ("api_key", {"token": f"{TOKEN}\n"}, fastly.ApiValueError),
        ("api_key", {"token": f"{TOKEN}\r\nX: y"}, fastly.ApiValueError),
        ("api_key", {"token": f" {TOKEN}"}, fastly.ApiValueError),
        ("api_key", {"token": f"{TOKEN}é"}, fastly.ApiValueError),
        ("api_key", {"token": TOKEN.encode()}, fastly.ApiTypeError),
        ("api_key_prefix", {"token": "Bea\nrer"}, fastly.ApiValueError),
        ("api_key_prefix", {"other": "Bearer"}, fastly.ApiValueError),
        ("proxy_headers", {"a b": "x"}, fastly.ApiValueError),
        ("proxy_headers", {"a": "x\r\ny"}, fastly.ApiValueError),
        ("proxy_headers", {"a": 1}, fastly.ApiTypeError),
        ("proxy_headers", [("a", "b")], fastly.ApiTypeError),
    ],
)
def test_wrong_settings_are_refused(name: str, value: object, kind: type[Exception]) -> None:
    """An unusable value is refused by name as soon as it is set, and nothing changes."""
    configuration = fastly.Configuration()
    before = repr(configuration)
    with pytest.raises(kind, match=name) as caught:
        setattr(configuration, name, value)
    assert TOKEN not in str(caught.value)
    assert before == repr(configuration)


def test_credentials_in_the_host_are_refused_unseen() -> None:
    """A host with credentials is refused, and the message does not repeat them."""
    with pytest.raises(fastly.ApiValueError, match="credentials") as caught:
        fastly.Configuration(host=f"https://user:{TOKEN}@api.fastly.com")
    assert TOKEN not in str(caught.value)


def test_a_misspelt_setting_is_refused_with_the_right_name() -> None:
    """A misspelt setting raises an ApiAttributeError that suggests the right one."""
    configuration: Any = fastly.Configuration()
    with pytest.raises(fastly.ApiAttributeError, match="did you mean 'verify_ssl'"):
        configuration.verfy_ssl = False
    with pytest.raises(fastly.ApiTypeError, match="did you mean 'timeout'"):
        fastly.Configuration(timeot=5)
    with pytest.raises(fastly.ApiAttributeError, match=r"'nothing_like_it'$"):
        print(configuration.nothing_like_it)


def test_a_final_slash_of_the_host_is_dropped() -> None:
    """A host may be written with or without its final slash."""
    assert fastly.Configuration(host="https://api.fastly.com/").host == "https://api.fastly.com"


def test_the_host_comes_from_the_setting_then_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without ``host``, FASTLY_API_URL is read at each use and checked like a host."""
    configuration = fastly.Configuration()
    assert "https://api.fastly.com" == configuration.host
    monkeypatch.setenv("FASTLY_API_URL", "https://billing.example/")
    assert "https://billing.example" == configuration.host
    assert "https://other.example" == fastly.Configuration(host="https://other.example").host
    monkeypatch.setenv("FASTLY_API_URL", "billing.example")
    with pytest.raises(fastly.ApiValueError, match=r"^FASTLY_API_URL must be an http\(s\) URL"):
        print(configuration.host)
    monkeypatch.setenv("FASTLY_API_URL", "")
    assert "https://api.fastly.com" == configuration.host


def test_the_token_comes_from_the_setting_then_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The token is that of api_key, else of the environment; without one, the call is refused."""
    configuration = fastly.Configuration()
    with pytest.raises(fastly.ApiValueError) as caught:
        configuration.get_api_key_with_prefix()
    assert str(caught.value) == (
        "no API token: set configuration.api_token or the environment variable "
        "FASTLY_API_TOKEN (a pickled configuration does not contain its token)"
    )
    monkeypatch.setenv("FASTLY_API_TOKEN", "from-environment")
    assert configuration.get_api_key_with_prefix() == "from-environment"
    configuration.api_token = TOKEN
    assert TOKEN == configuration.get_api_key_with_prefix() == configuration.api_token
    del configuration.api_key["token"]
    assert configuration.api_token == "from-environment"


def test_a_token_in_the_environment_is_checked_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line break at the end of FASTLY_API_TOKEN is refused before a request, and not shown."""
    monkeypatch.setenv("FASTLY_API_TOKEN", f"{TOKEN}\n")
    with pytest.raises(fastly.ApiValueError, match="FASTLY_API_TOKEN") as caught:
        fastly.Configuration().get_api_key_with_prefix()
    assert TOKEN not in str(caught.value)


def test_the_prefix_stands_before_the_token() -> None:
    """A prefix is sent before the token, separated by one space."""
    configuration = fastly.Configuration(api_key={"token": TOKEN})
    configuration.api_key_prefix["token"] = "Bearer"
    assert f"Bearer {TOKEN}" == configuration.get_api_key_with_prefix()


def test_the_hook_renews_the_token() -> None:
    """The hook runs before each use of the token, and may replace it."""
    used: list[str] = []

    def renew(configuration: fastly.Configuration) -> None:
        used.append("x")
        configuration.api_key["token"] = f"{TOKEN}-{len(used)}"

    configuration = fastly.Configuration(refresh_api_key_hook=renew)
    expected = [f"{TOKEN}-1", f"{TOKEN}-2"]
    assert expected == [configuration.get_api_key_with_prefix() for _ in range(2)]


def test_only_the_token_is_a_key() -> None:
    """A key other than "token" is refused, in reading too."""
    words = r"^api_key has only one key, 'token'$"
    with pytest.raises(fastly.ApiValueError, match=words):
        fastly.Configuration().get_api_key_with_prefix("other")
    with pytest.raises(fastly.ApiKeyError, match="token"):
        fastly.Configuration().api_key["token"]


def test_nothing_secret_is_shown() -> None:
    """No printed form of the configuration contains the token or the proxy's password."""
    configuration = secretive()
    shown = [
        repr(configuration),
        str(configuration),
        repr(vars(configuration)),
        configuration.to_debug_report(),
        json.dumps(vars(configuration)["_secrets"], default=str),
        repr(configuration.api_key),
        repr(configuration.proxy),
        repr(configuration.proxy_headers),
        repr(pickle.dumps(configuration)),
        f"{configuration!r} {configuration.api_key!s}",
    ]
    assert [TOKEN not in text for text in shown] == [True] * len(shown)
    assert TOKEN in str(configuration.proxy)


def test_pickles_lose_the_secrets_and_keep_the_rest() -> None:
    """An unpickled configuration has its settings, but not its secrets."""
    other = pickle.loads(pickle.dumps(secretive()))
    assert other.proxy == "http://proxy.example:3128"
    assert {} == dict(other.api_key) == dict(other.proxy_headers)
    with pytest.raises(
        fastly.ApiValueError, match="a pickled configuration does not contain its token"
    ):
        other.get_api_key_with_prefix()


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_copies_keep_the_secrets(copied: Any) -> None:
    """A copy in the same process has the token."""
    configuration = secretive()
    other = copied(configuration)
    assert TOKEN == other.api_key["token"]
    assert configuration.proxy == other.proxy


def test_a_copy_shares_nothing() -> None:
    """A token set on a copy leaves the original as it was."""
    configuration = secretive()
    other = copy.copy(configuration)
    other.api_key["token"] = "another"
    assert TOKEN == configuration.api_key["token"]


@pytest.mark.parametrize("name", ["to_debug_report", "set_default", "_secrets", "__class__"])
def test_only_settings_are_set(name: str) -> None:
    """A method or a private name cannot be assigned as a setting."""
    with pytest.raises(fastly.ApiAttributeError, match=name):
        setattr(fastly.Configuration(), name, 3)


@pytest.mark.usefixtures("default_configuration")
def test_the_default_is_copied() -> None:
    """Clients without a configuration get a copy of the default, unaffected by later changes."""
    default = fastly.Configuration(retries=9, api_key={"token": TOKEN})
    fastly.Configuration.set_default(default)
    default.retries = 1
    first = fastly.Configuration.get_default_copy()
    first.api_key["token"] = "another"
    second = fastly.Configuration.get_default_copy()
    assert (9, TOKEN) == (second.retries, second.api_key["token"])
    with fastly.ApiClient() as client:
        assert client.configuration.retries == 9


def test_debug_sets_one_logger() -> None:
    """``debug`` sets the level of the logger ``fastly`` and no other."""
    levels = {name: logging.getLogger(name).level for name in ("", "urllib3", "http.client")}
    configuration = fastly.Configuration()
    configuration.debug = True
    assert (True, logging.DEBUG) == (configuration.debug, logging.getLogger("fastly").level)
    configuration.debug = False
    assert (False, logging.NOTSET) == (configuration.debug, logging.getLogger("fastly").level)
    logging.getLogger("fastly").setLevel(logging.INFO)
    configuration.debug = False
    assert (False, logging.INFO) == (configuration.debug, logging.getLogger("fastly").level)
    logging.getLogger("fastly").setLevel(logging.NOTSET)
    assert levels == {name: logging.getLogger(name).level for name in levels}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://localhost", True),
        ("http://LOCALHOST:80/x", True),
        ("http://127.0.0.1", True),
        ("http://127.9.9.9:8080", True),
        ("http://[::1]:8080", True),
        ("http://user:x@127.0.0.1:1", True),
        ("http://127.0.0.1.evil.example", False),
        ("http://localhost.evil.example", False),
        ("http://127.0.0.1@evil.example", False),
        ("http://10.0.0.1", False),
        ("http://[::2]", False),
        ("nonsense", False),
    ],
)
def test_loopback(url: str, expected: bool) -> None:
    """Only this machine's own names and addresses count as loopback."""
    assert expected is is_loopback(url)


def test_a_subclass_may_fetch_its_token() -> None:
    """A configuration can override where its token comes from."""

    class Vault(fastly.Configuration):
        api_token = property(lambda _: "made-up-token-of-a-vault")

    assert "made-up-token-of-a-vault" == Vault().get_api_key_with_prefix()


@pytest.mark.parametrize("show", [repr, fastly.Configuration.to_debug_report])
def test_an_unusable_host_of_the_environment_is_shown(
    show: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A report for a bug can be made even if the bug is in the environment."""
    monkeypatch.setenv("FASTLY_API_URL", "htp:/bad")
    assert "FASTLY_API_URL must be an http(s) URL" in show(fastly.Configuration())


def test_plain_http_elsewhere_needs_consent() -> None:
    """A plain http host on another machine is refused unless it is allowed."""
    configuration = fastly.Configuration(host="http://api.fastly.com")
    with pytest.raises(fastly.ApiValueError) as caught:
        configuration.checked_host()
    assert str(caught.value) == (
        "http://api.fastly.com would receive the token unencrypted: use https, or set "
        "allow_insecure_host=True if you accept that"
    )
    with pytest.raises(fastly.ApiValueError, match="unencrypted"):
        fastly.ApiClient(configuration)
    configuration.allow_insecure_host = True
    assert configuration.checked_host() == "http://api.fastly.com"


def test_dir_lists_the_settings() -> None:
    """Completion offers every setting, and nothing private."""
    names = dir(fastly.Configuration())
    assert {"host", "api_key", "timeout", "debug", "to_debug_report"} <= set(names)
    assert [] == [name for name in names if name.startswith("_")]


def test_settings_document_themselves() -> None:
    """help() shows the documentation of each setting."""
    assert "seconds" in (fastly.Configuration.timeout.__doc__ or "").lower()


MESSAGES: list[tuple[str, Any, str]] = [
    ("host", 5, "host must be text such as 'https://api.fastly.com', got int"),
    ("host", "x.y", "host must be an http(s) URL such as 'https://api.fastly.com', got 'x.y'"),
    (
        "host",
        "a:b@c",
        "host must not contain credentials; set api_token instead",
    ),
    (
        "host",
        TOKEN,
        "host must be an http(s) URL such as 'https://api.fastly.com', got text without a dot, "
        "a colon or a slash",
    ),
    (
        "proxy",
        TOKEN,
        "proxy must be an http(s) URL such as 'http://user:password@proxy:3128', "
        "with a percent-encoded login, got text without a dot, a colon or a slash",
    ),
    (
        "proxy",
        f"x\n{TOKEN}@p",
        "proxy must be an http(s) URL such as 'http://user:password@proxy:3128', "
        "with a percent-encoded login, got '***@p'",
    ),
    ("proxy", 5, "proxy must be a URL or None, got int"),
    ("timeout", "5", "timeout must be a number of seconds, got '5'"),
    ("timeout", 0, "timeout must be more than 0 and at most 31622400 seconds, got 0"),
    ("timeout", 31622401, "timeout must be more than 0 and at most 31622400 seconds, got 31622401"),
    ("timeout", (1, -1), "timeout[1] must be more than 0 and at most 31622400 seconds, got -1"),
    ("timeout", (0, 1), "timeout[0] must be more than 0 and at most 31622400 seconds, got 0"),
    (
        "timeout",
        (1,),
        "timeout must be a number of seconds or (connect, read), got a sequence of 1",
    ),
    ("estimate_wait", -1, "estimate_wait must be 0 to 31622400 seconds, got -1"),
    ("retries", -1, "retries must be 0 or more, got -1"),
    ("retries", "3", "retries must be a whole number or a urllib3.Retry, got '3'"),
    ("connection_pool_maxsize", 10_001, "connection_pool_maxsize must be at most 10000, got 10001"),
    ("max_response_bytes", 0, "max_response_bytes must be 1 or more, got 0"),
    ("max_response_bytes", "1", "max_response_bytes must be a whole number, got '1'"),
    ("verify_ssl", 1, "verify_ssl must be True or False, got 1"),
    ("no_proxy", 1, "no_proxy must be a comma-separated list of hosts or None, got 1"),
    ("cert_file", 5, "cert_file must be the path of a file or None, got 5"),
    ("cert_file", "/none", "cert_file: file not found: '/none'"),
    ("assert_hostname", True, "assert_hostname must be a host name, False or None, got True"),
    ("refresh_api_key_hook", 5, "refresh_api_key_hook must be a function or None, got int"),
    (
        "socket_options",
        5,
        "socket_options must be None or a list of (level, name, value), with a "
        "32-bit int or bytes as the value, got 5",
    ),
    (
        "api_key",
        [TOKEN],
        "api_key must be a mapping such as {'token': 'YOUR_API_KEY'}, got list",
    ),
    (
        "api_key_prefix",
        TOKEN,
        "api_key_prefix must be a mapping such as {'token': 'Bearer'}, got str",
    ),
    (
        "proxy_headers",
        TOKEN,
        "proxy_headers must be a mapping such as {'Proxy-Authorization': 'Basic ...'}, got str",
    ),
    ("api_key", {TOKEN: "token"}, "api_key has only one key, 'token'"),
    ("api_key_prefix", {"x": "y"}, "api_key_prefix has only one key, 'token'"),
    ("api_key", {"token": 5}, "api_key['token'] must be text, got int"),
    (
        "api_key",
        {"token": ""},
        "api_key['token'] must not be empty; to use FASTLY_API_TOKEN, do not set it",
    ),
    (
        "api_key_prefix",
        {"token": "x "},
        "api_key_prefix['token'] must not start or end with whitespace: use .strip()",
    ),
    ("proxy_headers", {"x": 1}, "proxy_headers['x']: the name and value of a header must be text"),
    ("proxy_headers", {"a b": "x"}, "proxy_headers['a b']: invalid header name 'a b'"),
    (
        "host",
        "https://api.fastly.com/billing/v3",
        "host must not contain the path of the API, got 'https://api.fastly.com/billing/v3'",
    ),
    (
        "proxy_headers",
        {"x": TOKEN + "\n"},
        "proxy_headers['x']: the value must be Latin-1 text without line breaks",
    ),
]


@pytest.mark.parametrize(("name", "value", "message"), MESSAGES)
def test_messages_say_what_is_wanted(name: str, value: Any, message: str) -> None:
    """The message says what was expected and what was given, but never a misplaced token."""
    with pytest.raises((fastly.ApiTypeError, fastly.ApiValueError)) as caught:
        fastly.Configuration(**{name: value})
    assert message == str(caught.value)


def test_a_setting_is_declared_once() -> None:
    """A declared setting has a default, a check, a name and a documentation."""

    def doubled(name: str, value: object) -> str:
        return f"{name}={value}={value}"

    class Settings:
        pace = Setting(doubled, "How fast.", "slow")

    settings: Any = Settings()
    assert "slow" == settings.pace
    settings.pace = 5
    assert ("pace=5=5", "slow") == (settings.pace, Settings().pace)
    assert ("How fast.", "How fast. Default: 'slow'.") == (
        Settings.pace.meaning,
        Settings.pace.__doc__,
    )


def test_the_constructor_names_every_setting() -> None:
    """Editors and help() know each setting as an argument; three are also taken by position."""
    parameters = inspect.signature(fastly.Configuration).parameters
    assert [n for n, x in vars(fastly.Configuration).items() if isinstance(x, Setting)] == [
        *parameters
    ]
    assert ["host", "api_key", "api_key_prefix"] == [
        name for name, x in parameters.items() if x.kind is x.POSITIONAL_OR_KEYWORD
    ]


def test_none_is_the_default() -> None:
    """None as an argument keeps the default of each setting; assigned later, it restores it."""
    names = inspect.signature(fastly.Configuration).parameters
    changed = {
        "host": "https://billing.example",
        "api_token": TOKEN,
        "proxy_headers": {"a": "b"},
        "proxy": "http://proxy:3128",
        "verify_ssl": False,
        "debug": True,
    }
    configuration = fastly.Configuration(**{**dict.fromkeys(names), **changed})
    assert changed == {name: getattr(configuration, name) for name in changed}
    for name in names:
        setattr(configuration, name, None)
    default = fastly.Configuration()
    assert [getattr(default, n) for n in names] == [getattr(configuration, n) for n in names]


class Vault:
    """An owner of a hook that cannot be copied."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.calls = 0

    def renew(self, configuration: fastly.Configuration) -> None:
        """Set the token."""
        with self.lock:
            self.calls += 1
        configuration.api_token = TOKEN


@pytest.mark.usefixtures("default_configuration")
def test_copies_share_the_hook() -> None:
    """Copies share the hook, whatever it belongs to, and nothing else."""
    vault = Vault()
    options = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
    first = fastly.Configuration(refresh_api_key_hook=vault.renew, socket_options=options)
    fastly.Configuration.set_default(first)
    copies = [copy.copy(first), copy.deepcopy(first), fastly.Configuration.get_default_copy()]
    assert [TOKEN] * 3 == [other.get_api_key_with_prefix() for other in copies]
    assert (3, None) == (vault.calls, first.api_token)
    assert [options] * 3 == [other.socket_options for other in copies]
    assert not any(other.socket_options is first.socket_options for other in copies)


def test_a_hook_is_not_shown() -> None:
    """No printed form shows the values that a hook was made with."""
    configuration = fastly.Configuration(refresh_api_key_hook=functools.partial(print, TOKEN))
    expected = (
        "Configuration(host='https://api.fastly.com', token from='nowhere', "
        "refresh_api_key_hook='...')"
    )
    assert expected == repr(configuration)
    assert TOKEN not in configuration.to_debug_report()


def test_what_a_configuration_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    """The repr and the report show the host, the token's source and changed settings."""
    configuration = fastly.Configuration(retries=5, api_key_prefix={"token": "Bearer"})
    shown = "retries=5, api_key_prefix={'token': '***'})"
    host = "Configuration(host='https://api.fastly.com', token from="
    assert f"{host}'nowhere', {shown}" == repr(configuration)
    monkeypatch.setenv("FASTLY_API_TOKEN", TOKEN)
    assert f"{host}'FASTLY_API_TOKEN', {shown}" == repr(configuration)
    configuration.api_token = TOKEN
    assert f"{host}'api_key', {shown}" == repr(configuration)
    first, second, *rest = configuration.to_debug_report().splitlines()
    assert f"fastly: {fastly.__version__}" == first
    assert second.startswith("Python: 3.")
    assert [
        "host: 'https://api.fastly.com'",
        "token from: 'api_key'",
        "retries: 5",
        "api_key_prefix: {'token': '***'}",
    ] == rest


def test_a_default_must_be_a_configuration_and_is_not_repeated() -> None:
    """A token passed as the default configuration is refused and not shown."""
    anyhow: Any = fastly.Configuration
    with pytest.raises(fastly.ApiTypeError) as caught:
        anyhow.set_default(TOKEN)
    assert "the default must be a Configuration or None, got str" == str(caught.value)


@pytest.mark.parametrize("name", ["username", "zzz"])
def test_a_name_like_no_other_gets_no_suggestion(name: str) -> None:
    """A name unlike any setting gets no suggestion."""
    with pytest.raises(fastly.ApiAttributeError) as caught:
        getattr(fastly.Configuration(), name)
    assert f"unknown setting {name!r}" == str(caught.value)


def test_a_host_is_written_in_small_letters_as_far_as_it_matters() -> None:
    """The scheme of a host is converted to lowercase, and the rest is kept."""
    assert "https://API.example:1" == fastly.Configuration(host="HTTPS://API.example:1").host
    hosts = {
        "HTTPS://API.example/Path//": "https://API.example/Path",
        "HTTPS://api.example/X/": "https://api.example/X",
        "HTTP://127.0.0.1:65535": "http://127.0.0.1:65535",
    }
    assert list(hosts.values()) == [fastly.Configuration(host=host).host for host in hosts]


def test_anything_that_works_like_a_retry_is_one() -> None:
    """A retry policy must have everything that urllib3.Retry has."""

    class Half:
        total = 3

        def get_backoff_time(self) -> float:
            return 0.0

    with pytest.raises(
        fastly.ApiTypeError, match=r"retries must be a whole number or a urllib3\.Retry"
    ):
        fastly.Configuration(retries=Half())


def test_secret_mappings_are_mappings() -> None:
    """A mapping of secrets supports len, iteration and deletion, and shows no value."""
    headers = fastly.Configuration().proxy_headers
    headers["X"] = TOKEN
    assert (1, ["X"], True, False) == (len(headers), list(headers), "X" in headers, 5 in headers)
    assert "{'X': '***'}" == repr(headers)
    assert (TOKEN, "y", None) == (headers.get("X", "y"), headers.get("Z", "y"), headers.get("Z"))
    del headers["X"]
    assert 0 == len(headers)
    with pytest.raises(fastly.ApiKeyError, match="'X' is not set"):
        del headers["X"]


@pytest.mark.parametrize("host", ["127.999.999.999", "127.0.0.256", "127.0.0.1.example"])
def test_a_name_that_begins_like_this_machine_is_another(host: str) -> None:
    """A name that only resembles a loopback address does not count as this machine."""
    configuration = fastly.Configuration(host=f"http://{host}")
    with pytest.raises(fastly.ApiValueError, match="unencrypted"):
        configuration.checked_host()
    assert "http://127.255.0.1" == fastly.Configuration(host="http://127.255.0.1").checked_host()


@pytest.mark.parametrize(
    "url", ["http://user:s3cret", "http://user:s3cret/x", "http://user:x\ns3cret"]
)
def test_a_password_without_its_at_sign_is_not_shown(url: str) -> None:
    """A proxy URL without the @ is refused, and a possible password is not shown."""
    with pytest.raises(fastly.ApiValueError, match="got 'http://user:") as caught:
        fastly.Configuration(proxy=url)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("token", "words"),
    [
        ("token\n", "must not start or end with whitespace: use .strip()"),
        (" token", "must not start or end with whitespace: use .strip()"),
        ("to\nken", "must contain only printable ASCII characters"),
        ("tökens", "must contain only printable ASCII characters"),
    ],
)
def test_what_is_wrong_with_a_token(token: str, words: str) -> None:
    """An invalid token is refused with the reason."""
    with pytest.raises(fastly.ApiValueError) as caught:
        fastly.Configuration(api_key={"token": token})
    assert f"api_key['token'] {words}" == str(caught.value)


def test_pickles_tell_accounts_apart() -> None:
    """Pickles of two accounts differ, as caches need it, and hold neither token."""
    tokens = ("made-up-token-1", "made-up-token-2", "made-up-token-1")
    one, two, again = (pickle.dumps(fastly.Configuration(api_token=x)) for x in tokens)
    assert (True, False) == (one == again, one == two)
    assert b"made-up" not in one + two
    assert pickle.loads(one).api_token is None


def test_pickles_tell_accounts_of_the_environment_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """So do those of a configuration whose token is in the environment, whatever its bytes."""
    configuration = fastly.Configuration()
    pickles: list[bytes] = []
    for token in ("token-of-account-A", "token-of-account-B", "token-of-account-\udcff"):
        monkeypatch.setenv("FASTLY_API_TOKEN", token)
        pickles.append(pickle.dumps(configuration))
        assert pickles[-1] == pickle.dumps(pickle.loads(pickles[-1]))
    assert 3 == len(set(pickles))
    assert all(b"token-of-account" not in data for data in pickles)


def test_pickles_tell_logins_of_a_proxy_apart() -> None:
    """Two logins at the same proxy differ in pickles, which contain neither."""
    urls = ("http://name:password-a@proxy:3128", "http://name:password-b@proxy:3128")
    one, two = (pickle.dumps(fastly.Configuration(proxy=url)) for url in urls)
    assert one != two
    assert b"password" not in one + two
    assert "http://proxy:3128" == pickle.loads(one).proxy
