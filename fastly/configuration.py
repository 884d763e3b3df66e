"""The settings of a client, checked as they are set, and where the API token comes from."""

from __future__ import annotations

import copy
import logging
import os
import re
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar, cast, overload

from fastly._version import __version__
from fastly.exceptions import (
    ApiAttributeError,
    ApiKeyError,
    ApiTypeError,
    ApiValueError,
    did_you_mean,
)

if TYPE_CHECKING:
    from typing_extensions import Self, TypedDict, Unpack

    class Settings(TypedDict, total=False):
        """What ``Configuration`` takes by name, beside what it names itself."""

        allow_insecure_host: bool
        api_token: str
        assert_hostname: str | bool | None
        cert_file: str | None
        client_side_validation: bool
        connection_pool_maxsize: int
        debug: bool
        discard_unknown_keys: bool
        estimate_wait: float
        key_file: str | None
        max_response_bytes: int
        no_proxy: str | None
        proxy: str | None
        proxy_headers: Mapping[str, str]
        refresh_api_key_hook: Callable[[Configuration], object] | None
        retries: int | RetryPolicy
        socket_options: SocketOptions | None
        ssl_ca_cert: str | None
        timeout: float | tuple[float, float]
        verify_ssl: bool


__all__ = ["Configuration"]

T = TypeVar("T")
Timeout = float | tuple[float, float]

TOKEN_VARIABLE = "FASTLY_API_TOKEN"
DEFAULT_HOST = "https://api.fastly.com"
_MEBIBYTE = 1024 * 1024
MASK = "***"
_LARGEST_POOL = 10_000  # connections; urllib3 makes a place for each before the first
_LONGEST = 366 * 24 * 3600  # seconds; operating systems cannot count much further

# One expression for the whole URL, so that no second parser can read another host out of it
# (backslashes, credentials, control characters: see the WHATWG and RFC 3986 differences).
_NAME = r"(?:[A-Za-z0-9_-]{1,63}\.)*[A-Za-z0-9_-]{1,63}\.?"
_HOST_URL = re.compile(
    rf"(?P<scheme>https?)://(?P<host>{_NAME}|\[[0-9A-Fa-f:.]+\])"
    r"(?::(?P<port>\d{1,5}))?(?P<path>(?:/[A-Za-z0-9_.~-]*)*)",
    re.IGNORECASE | re.ASCII,
)
# What a user name and a password may be made of (RFC 3986, section 3.2.1); the rest is written %XX.
_LOGIN = re.compile(r"[^@]*|https?://[A-Za-z0-9._~!$&'()*+,;=:%-]*@[^@]*", re.IGNORECASE)
_CREDENTIALS = re.compile(r"//[^/]*@")
_BYTE = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
_LOOPBACK = re.compile(rf"localhost|127(?:\.{_BYTE}){{3}}|\[::1\]", re.IGNORECASE | re.ASCII)


_EXAMPLES = {
    "api_key": "{'token': 'YOUR_API_KEY'}",
    "api_key_prefix": "{'token': 'Bearer'}",
    "proxy_headers": "{'Proxy-Authorization': 'Basic ...'}",
}


_PARTS_OF_A_RETRY = (
    *("get_backoff_time", "increment", "is_retry"),
    *("respect_retry_after_header", "retry_after_max"),
)


class RetryPolicy(Protocol):
    """What ``urllib3.Retry`` offers, and what the ``retries`` setting takes besides a number."""

    total: bool | int | None

    def get_backoff_time(self) -> float:
        """Return the seconds to wait before the next try."""
        ...


class Secrets(MutableMapping[str, str]):
    """A mapping that shows its keys but never its values, and leaves them out of pickles."""

    __slots__ = ("_check", "_values")

    def __init__(self, check: Callable[[str, object], str]) -> None:
        self._check = check
        self._values: dict[str, str] = {}

    def _key(self, key: str) -> str:
        """Return the key under which a value is kept."""
        return key

    def __getitem__(self, key: str) -> str:
        try:
            return self._values[self._key(key)]
        except KeyError:
            raise ApiKeyError(f"{key!r} is not set") from None

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self._key(key) in self._values

    def get(self, key: str, default: Any = None) -> Any:
        """Return a value, or ``default`` where it is not set."""
        return self._values.get(self._key(key), default)

    def __setitem__(self, key: str, value: str) -> None:
        self._values[self._key(key)] = self._check(key, value)

    def replace(self, values: Mapping[str, str]) -> None:
        """Put other values in the place of all, at once: other threads see the old or the new."""
        checked = {name: self._check(name, value) for name, value in values.items()}
        self._values = checked

    def __delitem__(self, key: str) -> None:
        self[key]
        del self._values[self._key(key)]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return repr(dict.fromkeys(self._values, MASK))

    def __copy__(self) -> Self:
        other = object.__new__(type(self))
        other._check, other._values = self._check, dict(self._values)
        return other

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        return self.__copy__()

    def __reduce__(self) -> tuple[type[Secrets], tuple[Callable[[str, object], str]]]:
        return Secrets, (self._check,)


class SecretURL(str):
    """A URL whose user name and password show in use only: not in ``repr``, nor in pickles."""

    def bare(self) -> str:
        """Return the URL without its credentials."""
        return _CREDENTIALS.sub("//", self)

    def __repr__(self) -> str:
        return repr(_CREDENTIALS.sub(f"//{MASK}@", self))

    def __deepcopy__(self, memo: dict[int, object]) -> SecretURL:
        return self

    def __reduce__(self) -> tuple[type[SecretURL], tuple[str]]:
        return SecretURL, (self.bare(),)


class Setting(Generic[T]):
    """One setting: its default, its check and its documentation, declared once."""

    def __init__(self, default: T, check: Callable[[str, object], T], doc: str) -> None:
        self.default = default
        self.check = check
        self.meaning = doc
        self.__doc__ = f"{doc} Default: {default!r}."

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type) -> T: ...
    def __get__(self, instance: object | None, owner: type) -> Self | T:
        if instance is None:
            return self
        return cast("T", instance.__dict__.get(self.name, self.default))

    def __set__(self, instance: object, value: T) -> None:
        instance.__dict__[self.name] = self.check(self.name, value)


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise ApiTypeError(f"{name} is True or False, not {value!r}")
    return value


def _number_of_seconds(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ApiTypeError(f"{name} is a number of seconds, not {value!r}")
    return value


def _positive_seconds(name: str, value: object) -> float:
    seconds = _number_of_seconds(name, value)
    if not 0 < seconds <= _LONGEST:
        raise ApiValueError(f"{name} is more than 0 seconds, up to {_LONGEST}, not {value!r}")
    return seconds


def check_timeout(name: str, value: object) -> Timeout:
    """Check a timeout: one number of seconds, or the pair ``(connect, read)``."""
    if not isinstance(value, (tuple, list)):
        return _positive_seconds(name, value)
    pair = cast("tuple[object, ...]", value)
    if len(pair) != 2:
        raise ApiValueError(f"{name} is one number of seconds or (connect, read), not {value!r}")
    return _positive_seconds(f"{name}[0]", pair[0]), _positive_seconds(f"{name}[1]", pair[1])


def check_wait(name: str, value: object) -> float:
    """Check a time to wait: a number of seconds, 0 or more."""
    seconds = _number_of_seconds(name, value)
    if not 0 <= seconds <= _LONGEST:
        raise ApiValueError(f"{name} is a number of seconds from 0 to {_LONGEST}, not {value!r}")
    return seconds


def check_positive_integer(name: str, value: object) -> int:
    """Check a count: a whole number, 1 or more."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise ApiTypeError(f"{name} is a whole number, not {value!r}")
    if value < 1:
        raise ApiValueError(f"{name} is 1 or more, not {value!r}")
    return value


def check_pool_size(name: str, value: object) -> int:
    size = check_positive_integer(name, value)
    if size > _LARGEST_POOL:
        raise ApiValueError(f"{name} is {_LARGEST_POOL} or less, not {value!r}")
    return size


def _retries(name: str, value: object) -> int | RetryPolicy:
    if not isinstance(value, type) and all(hasattr(value, part) for part in _PARTS_OF_A_RETRY):
        return cast("RetryPolicy", value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ApiTypeError(f"{name} is a whole number or a urllib3.Retry, not {value!r}")
    if value < 0:
        raise ApiValueError(f"{name} is 0 or more, not {value!r}")
    return value


def _host(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise ApiTypeError(f"{name} is text such as {DEFAULT_HOST!r}, not {type(value).__name__}")
    if "@" in value:
        raise ApiValueError(f"{name} must not carry credentials; set api_key['token'] instead")
    if not _is_http_url(value):
        raise ApiValueError(
            f"{name} is an http(s) URL such as {DEFAULT_HOST!r}, not {_shown(value)}"
        )
    scheme, colon, rest = value.partition(":")
    return scheme.lower() + colon + rest.rstrip("/")


def _is_http_url(text: str) -> bool:
    match = _HOST_URL.fullmatch(text)
    if match is None or not 0 < int(match["port"] or 1) <= 65535:
        return False
    return match["host"][0] != "[" or _is_ipv6(match["host"][1:-1])


def _is_ipv6(text: str) -> bool:
    import ipaddress  # slow to import, and needed for such a host alone

    try:
        return bool(ipaddress.IPv6Address(text))
    except ValueError:
        return False


def _shown(value: str) -> str:
    """Show what was meant to be a URL, unless it may be a token in the wrong place."""
    shown = re.sub(r".*@", f"{MASK}@", value, flags=re.DOTALL)
    shown = re.sub(r"(//[^/:]*:)(?!\d+(?:/|$)).*", rf"\1{MASK}", shown, flags=re.DOTALL)
    return (
        repr(shown) if re.search(r"[.:/@]", value) else "a text without a dot, a colon or a slash"
    )


def _token(name: str, value: object) -> str:
    """Check a token without ever showing it."""
    if not isinstance(value, str):
        raise ApiTypeError(f"{name} is text, not {type(value).__name__}")
    if not value:
        raise ApiValueError(f"{name} is empty; to use {TOKEN_VARIABLE}, do not set it at all")
    if value != value.strip():
        raise ApiValueError(f"{name} has a blank or a line break at an end: use .strip()")
    if not (value.isascii() and value.isprintable()):
        raise ApiValueError(f"{name} holds a character that is not printable ASCII")
    return value


def _key_name(where: str, name: str) -> None:
    if name != "token":
        raise ApiValueError(f"{where} has one key, 'token', and no other")


def _api_key(name: str, value: object) -> str:
    _key_name("api_key", name)
    return _token(f"api_key[{name!r}]", value)


def _api_key_prefix(name: str, value: object) -> str:
    _key_name("api_key_prefix", name)
    return _token(f"api_key_prefix[{name!r}]", value)


def _header(name: str, value: object) -> str:
    return check_header(f"proxy_headers[{name!r}]", name, value)


def check_header(where: str, name: object, value: object) -> str:
    """Check a header's name and value (RFC 9110, section 5), and return the value."""
    if not isinstance(name, str) or not isinstance(value, str):
        raise ApiTypeError(f"{where}: a header's name and value are text")
    if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", name):
        raise ApiValueError(f"{where}: {name!r} is not the name of a header")
    if re.search(r"[^\t\x20-\x7e\xa0-\xff]", value):
        raise ApiValueError(f"{where}: the value holds a line break or no Latin-1 text")
    return value


def check_proxy(name: str, value: object) -> SecretURL | None:
    """Check the URL of a proxy, which may carry credentials; None is none."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise ApiTypeError(f"{name} is a URL or None, not {type(value).__name__}")
    url = SecretURL(value)
    if not (_LOGIN.fullmatch(value) and _is_http_url(url.bare())):
        raise ApiValueError(
            f"{name} is an http(s) URL such as 'http://user:password@proxy:3128', its login "
            f"percent-encoded, not {_shown(value)}"
        )
    return url


def _no_proxy(name: str, value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise ApiTypeError(f"{name} is a comma-separated list of hosts or None, not {value!r}")
    return value


def _file(name: str, value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, (str, os.PathLike)):
        raise ApiTypeError(f"{name} is the path of a file or None, not {value!r}")
    path = os.fspath(cast("str | os.PathLike[str]", value))
    if not os.path.isfile(path):
        raise ApiValueError(f"{name}: there is no file {path!r}")
    return path


def _assert_hostname(name: str, value: object) -> str | bool | None:
    if value is None or value is False or isinstance(value, str):
        return value
    raise ApiTypeError(f"{name} is a host name, False or None, not {value!r}")


def _hook(name: str, value: object) -> Callable[[Configuration], object] | None:
    if value is not None and not callable(value):
        raise ApiTypeError(f"{name} is a function or None, not {type(value).__name__}")
    return value


SocketOptions = list[tuple[int, int, "int | bytes"]]


def _socket_options(name: str, value: object) -> SocketOptions | None:
    if value is None:
        return None
    options = cast("list[object]", value) if isinstance(value, (list, tuple)) else [value]
    if not all(_is_socket_option(option) for option in options):
        raise ApiTypeError(
            f"{name} is a list of (level, name, value), the value an int of 32 bits or bytes, "
            f"or None, not {value!r}"
        )
    return cast("SocketOptions", list(options))


def _is_socket_option(option: object) -> bool:
    if not isinstance(option, tuple) or len(cast("tuple[object, ...]", option)) != 3:
        return False
    level, name, value = cast("tuple[object, object, object]", option)
    return _is_c_int(level) and _is_c_int(name) and (isinstance(value, bytes) or _is_c_int(value))


def _is_c_int(value: object) -> bool:
    return isinstance(value, int) and -(2**31) <= value < 2**31


class Configuration:
    """Where to send requests, with which token, and how.

    Every setting can be given here by name or assigned later; each is checked at once, as far as
    it can be alone: that the token may go to ``host`` is checked when a client is made, and that
    certificates can be used when it first connects. A name that is no setting is an
    ``ApiAttributeError``. A client reads ``host``, the token
    and the defaults of calls anew for each call; the settings of its connections (TLS, proxy,
    pool) when it first connects.

    Args:
        host: The API's URL; https, or http to this machine alone. Default
            ``https://api.fastly.com``.
        api_key: ``{"token": "YOUR_API_KEY"}``. Default: the environment variable
            ``FASTLY_API_TOKEN``, read at each call.
        api_key_prefix: ``{"token": "Bearer"}`` sends ``Bearer YOUR_API_KEY``.
        **settings: Any other setting below.

    Raises:
        ApiTypeError: A setting has the wrong type.
        ApiValueError: A setting has a value that cannot be used.
        ApiAttributeError: There is no setting of that name.

    Example:
        >>> configuration = Configuration(timeout=30)
        >>> configuration.api_key["token"] = "YOUR_API_KEY"
        >>> configuration.host
        'https://api.fastly.com'
    """

    _default: ClassVar[Configuration | None] = None

    host = Setting(DEFAULT_HOST, _host, "URL of the API, without a final slash.")
    discard_unknown_keys = Setting(
        False, _flag, "True: fields that are not documented are dropped from answers."
    )
    client_side_validation = Setting(
        True, _flag, "False: as if each call had ``_check_input_type=False``."
    )
    timeout = Setting[Timeout](
        (10.0, 60.0),
        check_timeout,
        "Seconds: (connect, read) for each try, or one number for a whole call.",
    )
    retries = Setting[int | RetryPolicy](
        3, _retries, "How often a failed request is sent again: a number, or a urllib3.Retry."
    )
    estimate_wait = Setting[float](
        90.0, check_wait, "Seconds that get_invoice_mtd waits for an estimate; 0: not at all."
    )
    connection_pool_maxsize = Setting(
        32, check_pool_size, "Connections kept open for reuse by threads."
    )
    proxy = Setting[str | None](
        None, check_proxy, "URL of the proxy; None: HTTPS_PROXY from the environment."
    )
    no_proxy = Setting[str | None](
        None, _no_proxy, "Hosts to reach directly, comma-separated; None: NO_PROXY."
    )
    verify_ssl = Setting(True, _flag, "False: certificates are not checked. For tests alone.")
    ssl_ca_cert = Setting[str | None](
        None, _file, "PEM file of the authorities to trust; None: certifi's."
    )
    cert_file = Setting[str | None](None, _file, "PEM file of the client's own certificate.")
    key_file = Setting[str | None](None, _file, "PEM file of that certificate's key.")
    assert_hostname = Setting[str | bool | None](
        None, _assert_hostname, "Name to expect in the certificate; False: any; None: the host's."
    )
    socket_options = Setting[SocketOptions | None](
        None, _socket_options, "List of (level, name, value) for setsockopt, added to TCP_NODELAY."
    )
    max_response_bytes = Setting(
        256 * _MEBIBYTE,
        check_positive_integer,
        "Bytes, decoded, that an answer may have; a larger one is a ResponseException.",
    )
    allow_insecure_host = Setting(
        False, _flag, "True: send the token over plain http to other machines too."
    )
    refresh_api_key_hook = Setting["Callable[[Configuration], object] | None"](
        None, _hook, "Called with this configuration before each call, to renew the token."
    )

    def __init__(
        self,
        host: str | None = None,
        api_key: Mapping[str, str] | None = None,
        api_key_prefix: Mapping[str, str] | None = None,
        **settings: Unpack[Settings],
    ) -> None:
        self.__dict__["_secrets"] = {
            "api_key": Secrets(_api_key),
            "api_key_prefix": Secrets(_api_key_prefix),
            "proxy_headers": Secrets(_header),
        }
        first = {"host": host, "api_key": api_key, "api_key_prefix": api_key_prefix}
        given = {name: value for name, value in first.items() if value is not None}
        for name, value in {**given, **settings}.items():
            setattr(self, name, value)

    if not TYPE_CHECKING:  # to a type checker, the settings are those that are declared

        def __setattr__(self, name, value):
            if not isinstance(getattr(type(self), name, None), (Setting, property)):
                raise _no_setting(name, dir(self))
            super().__setattr__(name, value)

        def __getattr__(self, name):
            raise _no_setting(name, dir(self))

    @property
    def api_key(self) -> MutableMapping[str, str]:
        """The API token, as ``api_key["token"]``; assign one, or a whole mapping."""
        return self._secret("api_key")

    @api_key.setter
    def api_key(self, value: Mapping[str, str]) -> None:
        _replace(self._secret("api_key"), "api_key", value)

    @property
    def api_key_prefix(self) -> MutableMapping[str, str]:
        """What is sent before the token, as ``api_key_prefix["token"]``, such as "Bearer"."""
        return self._secret("api_key_prefix")

    @api_key_prefix.setter
    def api_key_prefix(self, value: Mapping[str, str]) -> None:
        _replace(self._secret("api_key_prefix"), "api_key_prefix", value)

    @property
    def proxy_headers(self) -> MutableMapping[str, str]:
        """Headers for the proxy alone, such as ``Proxy-Authorization``."""
        return self._secret("proxy_headers")

    @proxy_headers.setter
    def proxy_headers(self, value: Mapping[str, str]) -> None:
        _replace(self._secret("proxy_headers"), "proxy_headers", value)

    @property
    def api_token(self) -> str | None:
        """The token in use: ``api_key["token"]``, else ``FASTLY_API_TOKEN``, else None."""
        return self.api_key.get("token") or os.environ.get(TOKEN_VARIABLE) or None

    @api_token.setter
    def api_token(self, value: str) -> None:
        self.api_key["token"] = value

    @property
    def debug(self) -> bool:
        """True: the logger ``fastly`` is set to DEBUG; False undoes that, and nothing else."""
        return logging.getLogger("fastly").level == logging.DEBUG

    @debug.setter
    def debug(self, value: bool) -> None:
        log = logging.getLogger("fastly")
        if _flag("debug", value):
            log.setLevel(logging.DEBUG)
        elif self.debug:
            log.setLevel(logging.NOTSET)

    def get_api_key_with_prefix(self, identifier: str = "token") -> str:
        """Return what is sent as the ``Fastly-Key`` header, after the refresh hook has run.

        Raises:
            ApiValueError: There is no token, or it cannot be sent.
        """
        _key_name("api_key", identifier)
        if self.refresh_api_key_hook is not None:
            self.refresh_api_key_hook(self)
        token = self.api_token
        if token is None:
            raise ApiValueError(
                "there is no API token: set configuration.api_key['token'] or the environment "
                f"variable {TOKEN_VARIABLE}; a configuration that was pickled has lost its token"
            )
        prefix = self.api_key_prefix.get("token")
        token = _token(TOKEN_VARIABLE, token)
        return f"{prefix} {token}" if prefix else token

    def checked_host(self) -> str:
        """Return ``host``, once it is sure that the token may be sent there.

        Raises:
            ApiValueError: The host is plain http to another machine, and
                ``allow_insecure_host`` is not set.
        """
        host = self.host
        if _keeps_a_secret(host) or self.allow_insecure_host:
            return host
        raise ApiValueError(
            f"{host} would carry the token unencrypted: use https, or set "
            "allow_insecure_host=True if you accept that"
        )

    @classmethod
    def set_default(cls, default: Configuration | None) -> None:
        """Keep a copy of ``default`` for clients that are given no configuration."""
        if default is not None and not isinstance(default, Configuration):  # pyright: ignore[reportUnnecessaryIsInstance]  # not all users check types
            raise ApiTypeError(
                f"the default is a Configuration or None, not {type(default).__name__}"
            )
        Configuration._default = copy.deepcopy(default)

    @classmethod
    def get_default_copy(cls) -> Configuration:
        """Return a copy of the default configuration, or a new one where none was set."""
        default = Configuration._default  # read once: another thread may set it
        return Configuration() if default is None else copy.deepcopy(default)

    def to_debug_report(self) -> str:
        """Return versions and settings for a bug report, without secrets."""
        import platform  # slow to import, and needed here alone

        lines = [
            f"fastly: {__version__}",
            f"Python: {platform.python_version()} on {platform.platform()}",
            *(f"{name}: {value!r}" for name, value in self._shown().items()),
        ]
        return "\n".join(lines)

    def __copy__(self) -> Configuration:
        return copy.deepcopy(self)

    def __deepcopy__(self, memo: dict[int, object]) -> Configuration:
        """Copy all settings but the hook, which may belong to something that cannot be copied."""
        hook = self.refresh_api_key_hook
        other = object.__new__(type(self))
        other.__dict__.update(copy.deepcopy(vars(self), {**memo, id(hook): hook}))
        return other

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self._shown().items())
        return f"Configuration({shown})"

    def __dir__(self) -> list[str]:
        return [name for name in super().__dir__() if not name.startswith("_")]

    def _secret(self, name: str) -> Secrets:
        return cast("Secrets", self.__dict__["_secrets"][name])

    def _shown(self) -> dict[str, object]:
        """Return the host, where the token is from, and whatever was set: nothing secret."""
        source = "api_key" if self.api_key else TOKEN_VARIABLE if self.api_token else "nowhere"
        changed = {name: value for name, value in vars(self).items() if name[0] != "_"}
        if self.refresh_api_key_hook is not None:  # its repr may hold what it was made with
            changed["refresh_api_key_hook"] = "..."
        secrets = {name: self._secret(name) for name in ("api_key_prefix", "proxy_headers")}
        return {
            "host": self.host,
            "token from": source,
            **changed,
            **{name: value for name, value in secrets.items() if value},
        }


@lru_cache(maxsize=8)  # each call asks it of the same host
def _keeps_a_secret(host: str) -> bool:
    """Tell whether nobody between here and a host can read along."""
    return host.startswith("https:") or is_loopback(host)


def is_loopback(url: str) -> bool:
    """Tell whether a URL's host is this machine by name or address."""
    match = _HOST_URL.match(_CREDENTIALS.sub("//", url))
    return match is not None and _LOOPBACK.fullmatch(match["host"]) is not None


def _replace(secrets: Secrets, name: str, value: object) -> None:
    if not isinstance(value, Mapping):
        raise ApiTypeError(f"{name} is a mapping such as {_EXAMPLES[name]}, not text or a list")
    secrets.replace(cast("Mapping[str, str]", value))


def _no_setting(name: str, known: list[str]) -> ApiAttributeError:
    return ApiAttributeError(f"there is no setting {name!r}{did_you_mean(name, known)}")
