"""The settings of a client, checked as they are set, and where the API token comes from."""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Mapping, MutableMapping
from typing import TYPE_CHECKING, ClassVar, cast

from fastly._signatures import accepts_only_declared_arguments
from fastly._version import __version__
from fastly.configuration.checks import (
    DEFAULT_HOST,
    TOKEN_VARIABLE,
    URL_VARIABLE,
    RetryPolicy,
    SocketOptions,
    Timeout,
    check_api_key,
    check_api_key_prefix,
    check_assert_hostname,
    check_file,
    check_flag,
    check_hidden,
    check_hook,
    check_host,
    check_key_name,
    check_no_proxy,
    check_pool_size,
    check_positive_integer,
    check_proxy,
    check_proxy_header,
    check_retries,
    check_socket_options,
    check_timeout,
    check_token,
    check_wait,
    is_encrypted_or_local,
    variable,
)
from fastly.configuration.secrets import Secrets
from fastly.configuration.settings import Setting, no_setting
from fastly.exceptions import ApiTypeError, ApiValueError

__all__ = ["Configuration"]

_EXAMPLES = {
    "api_key": "{'token': 'YOUR_API_KEY'}",
    "api_key_prefix": "{'token': 'Bearer'}",
    "proxy_headers": "{'Proxy-Authorization': 'Basic ...'}",
}


class Configuration:
    """Where to send requests, with which token, and how.

    Pass a setting to the constructor or assign it later; ``None`` in the constructor keeps the
    default. Each value is checked at once. Two checks are made later: whether the token may be sent
    to ``host``, when a client is created; and whether certificates can be loaded, when it first
    connects. A client reads ``host``, the token and the defaults of calls for every call, and the
    settings of its connections (TLS, proxy, pool) when it first connects.

    Args:
        host: The API's URL: https, or http to this machine. Default: the environment variable
            ``FASTLY_API_URL``, else ``https://api.fastly.com``.
        api_key: ``{"token": "YOUR_API_KEY"}``. Default: the environment variable
            ``FASTLY_API_TOKEN``, read at each call.
        api_key_prefix: ``{"token": "Bearer"}`` sends ``Bearer YOUR_API_KEY``.
        allow_insecure_host: See the setting of that name below, as for all other arguments.

    Raises:
        ApiTypeError: A setting has the wrong type or an unknown name.
        ApiValueError: A setting has a value that cannot be used.
        ApiAttributeError: An unknown setting is read or assigned later.

    Example:
        >>> configuration = Configuration(timeout=30)
        >>> configuration.api_key["token"] = "YOUR_API_KEY"
        >>> configuration.host
        'https://api.fastly.com'
    """

    _default: ClassVar[Configuration | None] = None

    host = Setting(
        DEFAULT_HOST,
        check_host,
        "URL of the API, without a trailing slash. FASTLY_API_URL replaces the default.",
        URL_VARIABLE,
    )
    discard_unknown_keys = Setting(
        False, check_flag, "True: drop undocumented fields from responses."
    )
    client_side_validation = Setting(
        True, check_flag, "False: every call behaves as with ``_check_input_type=False``."
    )
    timeout = Setting(
        (10.0, 60.0),
        check_timeout,
        "Seconds: (connect, read) for each attempt, or one number for a whole call.",
    )
    retries = Setting(
        3, check_retries, "Retries of a failed request: a number, or a urllib3.Retry."
    )
    estimate_wait = Setting(
        90.0,
        check_wait,
        "Seconds to poll for a month to date while it is being made; 0: do not poll.",
    )
    connection_pool_maxsize = Setting(32, check_pool_size, "Idle connections kept open for reuse.")
    keepalive_expiry = Setting(
        60.0, check_wait, "Seconds after which an idle connection is not reused; 0: never reuse."
    )
    proxy = Setting[str | None](
        None, check_proxy, "URL of the proxy; None: HTTPS_PROXY from the environment."
    )
    no_proxy = Setting(
        None, check_no_proxy, "Hosts to reach without the proxy, comma-separated; None: NO_PROXY."
    )
    verify_ssl = Setting(True, check_flag, "False: do not check certificates. Only for tests.")
    ssl_ca_cert = Setting(
        None, check_file, "PEM file of trusted certificate authorities; None: certifi's."
    )
    cert_file = Setting(None, check_file, "PEM file of a client certificate.")
    key_file = Setting(None, check_file, "PEM file of the client certificate's key.")
    assert_hostname = Setting(
        None,
        check_assert_hostname,
        "Name to expect in the certificate; False: any; None: the host's.",
    )
    socket_options = Setting(
        None,
        check_socket_options,
        "List of (level, name, value) for setsockopt, in addition to TCP_NODELAY.",
    )
    max_response_bytes = Setting(
        32 * 1024 * 1024,
        check_positive_integer,
        "Maximum size of a decoded body in bytes; larger: ResponseException.",
    )
    allow_insecure_host = Setting(
        False, check_flag, "True: allow sending the token over plain http to another machine."
    )
    refresh_api_key_hook = Setting(
        None, check_hook, "Called with this configuration before each call, to renew the token."
    )

    @accepts_only_declared_arguments
    def __init__(
        self,
        host: str | None = None,
        api_key: Mapping[str, str] | None = None,
        api_key_prefix: Mapping[str, str] | None = None,
        *,
        allow_insecure_host: bool | None = None,
        api_token: str | None = None,
        assert_hostname: str | bool | None = None,
        cert_file: str | None = None,
        client_side_validation: bool | None = None,
        connection_pool_maxsize: int | None = None,
        debug: bool | None = None,
        discard_unknown_keys: bool | None = None,
        estimate_wait: float | None = None,
        keepalive_expiry: float | None = None,
        key_file: str | None = None,
        max_response_bytes: int | None = None,
        no_proxy: str | None = None,
        proxy: str | None = None,
        proxy_headers: Mapping[str, str] | None = None,
        refresh_api_key_hook: Callable[[Configuration], object] | None = None,
        retries: int | RetryPolicy | None = None,
        socket_options: SocketOptions | None = None,
        ssl_ca_cert: str | None = None,
        timeout: Timeout | None = None,
        verify_ssl: bool | None = None,
    ) -> None:
        given = {name: x for name, x in locals().items() if x is not None and name != "self"}
        self.__dict__["_secrets"] = {
            "api_key": Secrets(check_api_key),
            "api_key_prefix": Secrets(check_api_key_prefix),
            "proxy_headers": Secrets(check_proxy_header),
        }
        for name, value in given.items():
            setattr(self, name, value)

    if not TYPE_CHECKING:  # to a type checker, the settings are the declared ones

        def __setattr__(self, name, value):
            if not isinstance(getattr(type(self), name, None), (Setting, property)):
                raise no_setting(name, dir(self))
            super().__setattr__(name, value)

        def __getattr__(self, name):
            raise no_setting(name, dir(self))

    @property
    def api_key(self) -> MutableMapping[str, str]:
        """The API token, as ``api_key["token"]``; assign the token or a whole mapping."""
        return self._secret("api_key")

    @api_key.setter
    def api_key(self, value: Mapping[str, str]) -> None:
        _replace(self._secret("api_key"), "api_key", value)

    @property
    def api_key_prefix(self) -> MutableMapping[str, str]:
        """Prefix of the token, as ``api_key_prefix["token"]``, such as "Bearer"."""
        return self._secret("api_key_prefix")

    @api_key_prefix.setter
    def api_key_prefix(self, value: Mapping[str, str]) -> None:
        _replace(self._secret("api_key_prefix"), "api_key_prefix", value)

    @property
    def proxy_headers(self) -> MutableMapping[str, str]:
        """Headers sent only to the proxy, such as ``Proxy-Authorization``."""
        return self._secret("proxy_headers")

    @proxy_headers.setter
    def proxy_headers(self, value: Mapping[str, str]) -> None:
        _replace(self._secret("proxy_headers"), "proxy_headers", value)

    @property
    def api_token(self) -> str | None:
        """The token in use: ``api_key["token"]``, else ``FASTLY_API_TOKEN``; assignable."""
        return self.api_key.get("token") or variable(TOKEN_VARIABLE)

    @api_token.setter
    def api_token(self, value: str) -> None:
        self.api_key["token"] = value

    @property
    def debug(self) -> bool:
        """True: set the logger ``fastly`` to DEBUG; False: set it back from DEBUG to NOTSET."""
        return logging.getLogger("fastly").level == logging.DEBUG

    @debug.setter
    def debug(self, value: bool) -> None:
        log = logging.getLogger("fastly")
        if check_flag("debug", value):
            log.setLevel(logging.DEBUG)
        elif self.debug:
            log.setLevel(logging.NOTSET)

    def get_api_key_with_prefix(self, identifier: str = "token") -> str:
        """Run the refresh hook, and return the value of the ``Fastly-Key`` header.

        Raises:
            ApiValueError: The token is missing or unusable.
        """
        check_key_name("api_key", identifier)
        if (hook := self.refresh_api_key_hook) is not None:
            hook(self)
        prefix = self._secret("api_key_prefix").get("token")
        token = self._secret("api_key").get("token") or check_hidden(self._checked_token)
        return f"{prefix} {token}" if prefix else token

    def _checked_token(self) -> str:
        if token := self.api_token:
            return check_token(TOKEN_VARIABLE, token)
        raise ApiValueError(
            "no API token: set configuration.api_token or the environment variable "
            f"{TOKEN_VARIABLE} (a pickled configuration does not contain its token)"
        )

    def checked_host(self) -> str:
        """Return ``host`` if the token may be sent there.

        Raises:
            ApiValueError: The host is plain http to another machine, and
                ``allow_insecure_host`` is not set.
        """
        host = self.host
        if is_encrypted_or_local(host) or self.allow_insecure_host:
            return host
        raise ApiValueError(
            f"{host} would receive the token unencrypted: use https, or set "
            "allow_insecure_host=True if you accept that"
        )

    @classmethod
    def set_default(cls, default: Configuration | None) -> None:
        """Keep a copy of ``default`` for clients that are created without a configuration."""
        if default is not None and not isinstance(default, Configuration):  # pyright: ignore[reportUnnecessaryIsInstance]  # not all users check types
            raise ApiTypeError(
                f"the default must be a Configuration or None, got {type(default).__name__}"
            )
        Configuration._default = copy.deepcopy(default)

    @classmethod
    def get_default_copy(cls) -> Configuration:
        """Return a copy of the default configuration, or a new one if none was set."""
        default = Configuration._default  # read once: another thread may set it
        return Configuration() if default is None else copy.deepcopy(default)

    def to_debug_report(self) -> str:
        """Return versions and settings for a bug report, without secrets."""
        import platform  # slow to import, and needed only here

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
        """Return host, source of the token and all changed settings, without secrets."""
        source = "api_key" if self.api_key else TOKEN_VARIABLE if self.api_token else "nowhere"
        changed = {name: value for name, value in vars(self).items() if name[0] != "_"}
        if self.refresh_api_key_hook is not None:  # its repr may contain its arguments
            changed["refresh_api_key_hook"] = "..."
        try:
            host = self.host
        except ApiValueError as error:  # of the environment, which may change
            host = str(error)
        return {
            "host": host,
            "token from": source,
            **changed,
            **{n: x for n in ("api_key_prefix", "proxy_headers") if (x := self._secret(n))},
        }


def _replace(secrets: Secrets, name: str, value: object) -> None:
    if not isinstance(value, Mapping):
        raise ApiTypeError(
            f"{name} must be a mapping such as {_EXAMPLES[name]}, got {type(value).__name__}"
        )
    secrets.replace(cast("Mapping[str, str]", value))
