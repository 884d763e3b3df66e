"""One check for each kind of setting, and how a wrong value is shown in a message."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Protocol, cast

from fastly._text import shown
from fastly.configuration.secrets import CREDENTIALS, MASK, SecretURL
from fastly.exceptions import ApiTypeError, ApiValueError

__all__ = [
    "DEFAULT_HOST",
    "TOKEN_VARIABLE",
    "URL_VARIABLE",
    "RetryPolicy",
    "SocketOptions",
    "Timeout",
    "check_api_key",
    "check_api_key_prefix",
    "check_assert_hostname",
    "check_file",
    "check_flag",
    "check_header",
    "check_hook",
    "check_host",
    "check_key_name",
    "check_no_proxy",
    "check_pool_size",
    "check_positive_integer",
    "check_proxy",
    "check_proxy_header",
    "check_retries",
    "check_socket_options",
    "check_timeout",
    "check_token",
    "check_wait",
    "is_encrypted_or_local",
    "is_loopback",
    "variable",
]

Timeout = float | tuple[float, float]
SocketOptions = list[tuple[int, int, "int | bytes"]]

TOKEN_VARIABLE = "FASTLY_API_TOKEN"
URL_VARIABLE = "FASTLY_API_URL"
DEFAULT_HOST = "https://api.fastly.com"
_LARGEST_POOL = 10_000  # connections; urllib3 allocates a slot for each in advance
_LONGEST = 366 * 24 * 3600  # seconds; operating systems cannot count much further

# One expression for the whole URL, so that no second parser can read another host out of it
# (backslashes, credentials, control characters: see the WHATWG and RFC 3986 differences).
_NAME = r"(?:[A-Za-z0-9_-]{1,63}\.)*[A-Za-z0-9_-]{1,63}\.?"
_HOST_URL = re.compile(
    rf"(?P<scheme>https?)://(?P<host>{_NAME}|\[[0-9A-Fa-f:.]+\])"
    r"(?::(?P<port>\d{1,5}))?(?P<path>(?:/[A-Za-z0-9_.~-]*)*)",
    re.IGNORECASE | re.ASCII,
)
# The characters of a user name and a password (RFC 3986, section 3.2.1); others are %XX.
_LOGIN = r"(?i)[^@]*|https?://[A-Za-z0-9._~!$&'()*+,;=:%-]*@[^@]*"
_BYTE = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
_LOOPBACK = rf"(?ai)localhost|127(?:\.{_BYTE}){{3}}|\[::1\]"


_PARTS_OF_A_RETRY = (
    *("get_backoff_time", "increment", "is_retry"),
    *("respect_retry_after_header", "retry_after_max"),
)


class RetryPolicy(Protocol):
    """What ``urllib3.Retry`` offers, and what the ``retries`` setting takes besides a number."""

    total: bool | int | None

    def get_backoff_time(self) -> float:
        """Return the seconds to wait before the next attempt."""
        ...


def check_flag(name: str, value: object) -> bool:
    """Check a switch: True or False."""
    if not isinstance(value, bool):
        raise ApiTypeError(f"{name} must be True or False, got {shown(value)}")
    return value


def _number_of_seconds(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ApiTypeError(f"{name} must be a number of seconds, got {shown(value)}")
    return value


def _positive_seconds(name: str, value: object) -> float:
    seconds = _number_of_seconds(name, value)
    if not 0 < seconds <= _LONGEST:
        raise ApiValueError(
            f"{name} must be more than 0 and at most {_LONGEST} seconds, got {shown(value)}"
        )
    return seconds


def check_timeout(name: str, value: object) -> Timeout:
    """Check a timeout: one number of seconds, or the pair ``(connect, read)``."""
    if not isinstance(value, (tuple, list)):
        return _positive_seconds(name, value)
    pair = cast("tuple[object, ...]", value)
    if len(pair) != 2:
        raise ApiValueError(
            f"{name} must be a number of seconds or (connect, read), got a sequence of {len(pair)}"
        )
    return _positive_seconds(f"{name}[0]", pair[0]), _positive_seconds(f"{name}[1]", pair[1])


def check_wait(name: str, value: object) -> float:
    """Check a time to wait: a number of seconds, 0 or more."""
    seconds = _number_of_seconds(name, value)
    if not 0 <= seconds <= _LONGEST:
        raise ApiValueError(f"{name} must be 0 to {_LONGEST} seconds, got {shown(value)}")
    return seconds


def check_positive_integer(name: str, value: object) -> int:
    """Check a count: a whole number, 1 or more."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise ApiTypeError(f"{name} must be a whole number, got {shown(value)}")
    if value < 1:
        raise ApiValueError(f"{name} must be 1 or more, got {shown(value)}")
    return value


def check_pool_size(name: str, value: object) -> int:
    """Check a number of connections or threads: 1 to 10,000."""
    size = check_positive_integer(name, value)
    if size > _LARGEST_POOL:
        raise ApiValueError(f"{name} must be at most {_LARGEST_POOL}, got {shown(value)}")
    return size


def check_retries(name: str, value: object) -> int | RetryPolicy:
    """Check a retry policy: a number of retries, a ``urllib3.Retry``, or False for none."""
    if value is False:  # what urllib3 calls no retries
        return 0
    if not isinstance(value, type) and all(hasattr(value, part) for part in _PARTS_OF_A_RETRY):
        return cast("RetryPolicy", value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ApiTypeError(f"{name} must be a whole number or a urllib3.Retry, got {shown(value)}")
    if value < 0:
        raise ApiValueError(f"{name} must be 0 or more, got {shown(value)}")
    return value


def check_host(name: str, value: object) -> str:
    """Check the API's URL, and return it without a trailing slash."""
    if not isinstance(value, str):
        raise ApiTypeError(
            f"{name} must be text such as {DEFAULT_HOST!r}, got {type(value).__name__}"
        )
    if "@" in value:
        raise ApiValueError(f"{name} must not contain credentials; set api_token instead")
    if not _is_http_url(value):
        raise ApiValueError(
            f"{name} must be an http(s) URL such as {DEFAULT_HOST!r}, got {_shown_url(value)}"
        )
    if re.search(r"/billing/v[0-9]+/?$", value):
        raise ApiValueError(f"{name} must not contain the path of the API, got {shown(value)}")
    scheme, colon, rest = value.partition(":")
    return scheme.lower() + colon + rest.rstrip("/")


def _is_http_url(text: str) -> bool:
    match = _HOST_URL.fullmatch(text)
    if match is None or not 0 < int(match["port"] or 1) <= 65535:
        return False
    return match["host"][0] != "[" or _is_ipv6(match["host"][1:-1])


def _is_ipv6(text: str) -> bool:
    import ipaddress  # slow to import, and needed only for such a host

    try:
        return bool(ipaddress.IPv6Address(text))
    except ValueError:
        return False


def _shown_url(value: str) -> str:
    """Show a wrong URL, unless it may be a token in the wrong place."""
    masked = re.sub(r".*@", f"{MASK}@", value, flags=re.DOTALL)
    masked = re.sub(r"(//[^/:]*:)(?!\d+(?:/|$)).*", rf"\1{MASK}", masked, flags=re.DOTALL)
    url_like = re.search(r"[.:/@]", value)
    return shown(masked) if url_like else "text without a dot, a colon or a slash"


def check_token(name: str, value: object) -> str:
    """Check a token without ever showing it."""
    if not isinstance(value, str):
        raise ApiTypeError(f"{name} must be text, got {type(value).__name__}")
    if not value:
        raise ApiValueError(f"{name} must not be empty; to use {TOKEN_VARIABLE}, do not set it")
    if value != value.strip():
        raise ApiValueError(f"{name} must not start or end with whitespace: use .strip()")
    if not (value.isascii() and value.isprintable()):
        raise ApiValueError(f"{name} must contain only printable ASCII characters")
    return value


def variable(name: str) -> str | None:
    """Return an environment variable, or None if it is empty or not set.

    Tools that record tracebacks evaluate ``os.environ`` where the source names it.
    """
    return os.environ.get(name) or None


def check_key_name(where: str, name: str) -> None:
    """Check the name of an API key: ``token`` is the only one."""
    if name != "token":
        raise ApiValueError(f"{where} has only one key, 'token'")


def check_api_key(name: str, value: object) -> str:
    """Check the API token."""
    check_key_name("api_key", name)
    return check_token(f"api_key[{name!r}]", value)


def check_api_key_prefix(name: str, value: object) -> str:
    """Check what is sent before the token, such as ``Bearer``."""
    check_key_name("api_key_prefix", name)
    return check_token(f"api_key_prefix[{name!r}]", value)


def check_proxy_header(name: str, value: object) -> str:
    """Check a header for the proxy."""
    return check_header(f"proxy_headers[{name!r}]", name, value)


def check_header(where: str, name: object, value: object) -> str:
    """Check a header's name and value (RFC 9110, section 5), and return the value."""
    if not isinstance(name, str) or not isinstance(value, str):
        raise ApiTypeError(f"{where}: the name and value of a header must be text")
    if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", name):
        raise ApiValueError(f"{where}: invalid header name {shown(name)}")
    if re.search(r"[^\t\x20-\x7e\xa0-\xff]", value):
        raise ApiValueError(f"{where}: the value must be Latin-1 text without line breaks")
    return value


def check_proxy(name: str, value: object) -> SecretURL:
    """Check the URL of a proxy, which may contain credentials."""
    if not isinstance(value, str):
        raise ApiTypeError(f"{name} must be a URL or None, got {type(value).__name__}")
    url = SecretURL(value)
    if not (re.fullmatch(_LOGIN, value) and _is_http_url(url.bare())):
        raise ApiValueError(
            f"{name} must be an http(s) URL such as 'http://user:password@proxy:3128', with a "
            f"percent-encoded login, got {_shown_url(value)}"
        )
    return url


def check_no_proxy(name: str, value: object) -> str:
    """Check a comma-separated list of hosts."""
    if not isinstance(value, str):
        raise ApiTypeError(
            f"{name} must be a comma-separated list of hosts or None, got {shown(value)}"
        )
    return value


def check_file(name: str, value: object) -> str:
    """Check the path of a file that exists."""
    if not isinstance(value, (str, os.PathLike)):
        raise ApiTypeError(f"{name} must be the path of a file or None, got {shown(value)}")
    path = os.fspath(cast("str | os.PathLike[str]", value))
    if not os.path.isfile(path):
        raise ApiValueError(f"{name}: file not found: {shown(path)}")
    return path


def check_assert_hostname(name: str, value: object) -> str | bool:
    """Check the name to expect in a certificate: text or False."""
    if value is False or isinstance(value, str):
        return value
    raise ApiTypeError(f"{name} must be a host name, False or None, got {shown(value)}")


def check_hook(name: str, value: object) -> Callable[[Any], object]:
    """Check a function to call."""
    if not callable(value):
        raise ApiTypeError(f"{name} must be a function or None, got {type(value).__name__}")
    return value


def check_socket_options(name: str, value: object) -> SocketOptions:
    """Check a list of arguments for ``setsockopt``."""
    given = value
    options = cast("list[object]", value) if isinstance(value, (list, tuple)) else [value]
    if not all(_is_socket_option(option) for option in options):
        raise ApiTypeError(
            f"{name} must be None or a list of (level, name, value), with a 32-bit int or bytes as "
            f"the value, got {shown(given)}"
        )
    return cast("SocketOptions", list(options))


def _is_socket_option(option: object) -> bool:
    if not isinstance(option, tuple) or len(cast("tuple[object, ...]", option)) != 3:
        return False
    level, name, value = cast("tuple[object, object, object]", option)
    return _is_c_int(level) and _is_c_int(name) and (isinstance(value, bytes) or _is_c_int(value))


def _is_c_int(value: object) -> bool:
    return isinstance(value, int) and -(2**31) <= value < 2**31


@lru_cache(maxsize=8)  # every call checks the same host
def is_encrypted_or_local(host: str) -> bool:
    """Return whether nobody between here and a host can read the token."""
    return host.startswith("https:") or is_loopback(host)


def is_loopback(url: str) -> bool:
    """Return whether a URL's host is this machine, by name or address."""
    match = _HOST_URL.match(CREDENTIALS.sub("//", url))
    return match is not None and re.fullmatch(_LOOPBACK, match["host"]) is not None
