"""Settings: defaults, checks, the token's source, copies, and nothing secret shown."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3

import fastly
from fastly.configuration import is_loopback

TOKEN = "s3cret-token-of-the-tests"


@pytest.fixture
def default_configuration() -> Iterator[None]:
    """Put back the default configuration that a test replaces."""
    yield
    fastly.Configuration.set_default(None)


def secretive() -> fastly.Configuration:
    """Return a configuration in which everything that can be secret is."""
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
        "max_response_bytes": 256 * 1024 * 1024,
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
        ("max_response_bytes", 1),
        ("allow_insecure_host", True),
        ("discard_unknown_keys", True),
        ("client_side_validation", False),
        ("refresh_api_key_hook", print),
    ],
)
def test_settings_are_kept(name: str, value: object) -> None:
    """A good value reads back as it was given, by name at once or assigned later."""
    later = fastly.Configuration()
    setattr(later, name, value)
    assert value == getattr(later, name)
    assert value == getattr(fastly.Configuration(**{name: value}), name)


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
        ("timeout", "5", fastly.ApiTypeError),
        ("timeout", True, fastly.ApiTypeError),
        ("timeout", None, fastly.ApiTypeError),
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
        ("verify_ssl", None, fastly.ApiTypeError),
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
    """A value that cannot be used is refused when it is set, by its name, and nothing changes."""
    configuration = fastly.Configuration()
    before = repr(configuration)
    with pytest.raises(kind, match=name) as caught:
        setattr(configuration, name, value)
    assert TOKEN not in str(caught.value)
    assert before == repr(configuration)


def test_credentials_in_the_host_are_refused_unseen() -> None:
    """A host that carries credentials is refused, and they are not repeated."""
    with pytest.raises(fastly.ApiValueError, match="credentials") as caught:
        fastly.Configuration(host=f"https://user:{TOKEN}@api.fastly.com")
    assert TOKEN not in str(caught.value)


def test_a_misspelt_setting_is_refused_with_the_right_name() -> None:
    """A misspelt setting is an ApiAttributeError that names the nearest one."""
    configuration = fastly.Configuration()
    with pytest.raises(fastly.ApiAttributeError, match="did you mean 'verify_ssl'"):
        configuration.verfy_ssl = False  # type: ignore[attr-defined]  # the mistake under test
    with pytest.raises(fastly.ApiAttributeError, match="did you mean 'timeout'"):
        fastly.Configuration(timeot=5)
    with pytest.raises(fastly.ApiAttributeError, match=r"'nothing_like_it'$"):
        configuration.nothing_like_it  # noqa: B018  # reading it is what is tested


def test_a_final_slash_of_the_host_is_dropped() -> None:
    """A host may be written with or without its final slash."""
    assert fastly.Configuration(host="https://api.fastly.com/").host == "https://api.fastly.com"


def test_the_token_comes_from_the_setting_then_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The token is api_key's, else the environment's; without either the call is refused."""
    configuration = fastly.Configuration()
    with pytest.raises(fastly.ApiValueError, match="FASTLY_API_TOKEN"):
        configuration.get_api_key_with_prefix()
    monkeypatch.setenv("FASTLY_API_TOKEN", "from-environment")
    assert configuration.get_api_key_with_prefix() == "from-environment"
    configuration.api_token = TOKEN
    assert TOKEN == configuration.get_api_key_with_prefix() == configuration.api_token
    del configuration.api_key["token"]
    assert configuration.api_token == "from-environment"


def test_a_token_in_the_environment_is_checked_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line break at the end of the variable is found before it is sent, and not shown."""
    monkeypatch.setenv("FASTLY_API_TOKEN", f"{TOKEN}\n")
    with pytest.raises(fastly.ApiValueError, match="FASTLY_API_TOKEN") as caught:
        fastly.Configuration().get_api_key_with_prefix()
    assert TOKEN not in str(caught.value)


def test_the_prefix_stands_before_the_token() -> None:
    """A prefix is sent before the token, with one space between."""
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
    """Another identifier than "token" is refused, in reading too."""
    with pytest.raises(fastly.ApiValueError, match="'other'"):
        fastly.Configuration().get_api_key_with_prefix("other")
    with pytest.raises(fastly.ApiKeyError, match="token"):
        fastly.Configuration().api_key["token"]


def test_nothing_secret_is_shown() -> None:
    """Neither token nor proxy password shows in any printed form of the configuration."""
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


def test_the_debug_report_is_useful() -> None:
    """The report names versions, the host, where the token is from, and what was changed."""
    report = fastly.Configuration(retries=7, api_key={"token": TOKEN}).to_debug_report()
    for fact in (
        f"fastly: {fastly.__version__}",
        "Python: 3.",
        "retries: 7",
        "token from: 'api_key'",
    ):
        assert fact in report


def test_pickles_lose_the_secrets_and_keep_the_rest() -> None:
    """A pickled configuration comes back with its settings, and without its secrets."""
    other = pickle.loads(pickle.dumps(secretive()))
    assert other.proxy == "http://proxy.example:3128"
    assert {} == dict(other.api_key) == dict(other.proxy_headers)
    with pytest.raises(fastly.ApiValueError, match="again after a pickle"):
        other.get_api_key_with_prefix()


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_copies_keep_the_secrets(copied: object) -> None:
    """A copy in the same process has the token."""
    configuration = secretive()
    other = copied(configuration)  # type: ignore[operator]  # either function
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
    """A method or a private name is no setting."""
    with pytest.raises(fastly.ApiAttributeError, match=name):
        setattr(fastly.Configuration(), name, 3)


@pytest.mark.usefixtures("default_configuration")
def test_the_default_is_copied() -> None:
    """Clients without a configuration get a copy of the default, which later changes miss."""
    default = fastly.Configuration(retries=9, api_key={"token": TOKEN})
    fastly.Configuration.set_default(default)
    default.retries = 1
    first = fastly.Configuration.get_default_copy()
    first.api_key["token"] = "another"
    second = fastly.Configuration.get_default_copy()
    assert (9, TOKEN) == (second.retries, second.api_key["token"])
    with fastly.ApiClient() as client:
        assert client.configuration.retries == 9


def test_only_a_configuration_is_the_default() -> None:
    """Anything but a configuration is refused as the default."""
    anyhow: Any = fastly.Configuration
    with pytest.raises(fastly.ApiTypeError, match="the default is a Configuration"):
        anyhow.set_default(1)


def test_debug_sets_one_logger() -> None:
    """The debug switch sets the level of the logger fastly, and of no other."""
    levels = {name: logging.getLogger(name).level for name in ("", "urllib3", "http.client")}
    configuration = fastly.Configuration()
    configuration.debug = True
    assert (True, logging.DEBUG) == (configuration.debug, logging.getLogger("fastly").level)
    configuration.debug = False
    assert (False, logging.NOTSET) == (configuration.debug, logging.getLogger("fastly").level)
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


def test_plain_http_elsewhere_needs_consent() -> None:
    """A host of plain http on another machine is refused unless it is allowed."""
    configuration = fastly.Configuration(host="http://api.fastly.com")
    with pytest.raises(fastly.ApiValueError, match="allow_insecure_host"):
        configuration.checked_host()
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
    """Each setting carries its documentation for help()."""
    assert "seconds" in (fastly.Configuration.timeout.__doc__ or "").lower()
