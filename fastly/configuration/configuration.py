"""The settings of a client, checked as they are set, and where the API token comes from."""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from fastly._signatures import hides_arguments
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
from fastly.configuration.secrets import fingerprint
from fastly.configuration.settings import (
    SecretMapping,
    Setting,
    no_setting,
    secret_mapping,
    setting,
    settings,
)
from fastly.exceptions import ApiTypeError, ApiValueError

__all__ = ["Configuration"]


class _Token(Setting[Any]):
    def __set__(self, instance: Any, value: str | None) -> None:
        if value is None:
            instance.api_key.pop("token", None)
        else:
            instance.api_key["token"] = value

    def computed(self, instance: Any, /) -> str | None:
        return instance.api_key.get("token") or variable(TOKEN_VARIABLE)


class _Debug(Setting[bool]):
    def __set__(self, instance: object, value: bool | None) -> None:
        log = logging.getLogger("fastly")
        if value is not None and check_flag("debug", value):
            log.setLevel(logging.DEBUG)
        elif self.computed(instance):
            log.setLevel(logging.NOTSET)

    def computed(self, _: Any, /) -> bool:
        return logging.getLogger("fastly").level == logging.DEBUG


@settings
class Configuration:
    """Where to send requests, with which token, and how.

    Pass a setting to the constructor or assign it later; ``None`` stands for the default.
    Each value is checked at once. Two checks are made later: whether the token may be sent
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

    host: Setting[str] = setting(
        check_host,
        "URL of the API, without a trailing slash. FASTLY_API_URL replaces the default.",
        default=DEFAULT_HOST,
        kw_only=False,
        variable=URL_VARIABLE,
    )
    api_key: SecretMapping = secret_mapping(
        check_api_key,
        'The API token, as ``api_key["token"]``; assign the token or a whole mapping.',
        default=None,
        example="{'token': 'YOUR_API_KEY'}",
        kw_only=False,
    )
    api_key_prefix: SecretMapping = secret_mapping(
        check_api_key_prefix,
        'Prefix of the token, as ``api_key_prefix["token"]``, such as "Bearer".',
        default=None,
        example="{'token': 'Bearer'}",
        kw_only=False,
    )
    api_token: Setting[str | None] = setting(
        check_token,
        'The token in use: ``api_key["token"]``, else ``FASTLY_API_TOKEN``; assignable.',
        default=None,
        kind=_Token,
    )
    proxy_headers: SecretMapping = secret_mapping(
        check_proxy_header,
        "Headers sent only to the proxy, such as ``Proxy-Authorization``.",
        default=None,
        example="{'Proxy-Authorization': 'Basic ...'}",
    )
    discard_unknown_keys: Setting[bool] = setting(
        check_flag, "True: drop undocumented fields from responses.", default=False
    )
    client_side_validation: Setting[bool] = setting(
        check_flag,
        "False: every call behaves as with ``_check_input_type=False``.",
        default=True,
    )
    timeout: Setting[Timeout] = setting(
        check_timeout,
        "Seconds: (connect, read) for each attempt, or one number for a whole call.",
        default=(10.0, 60.0),
    )
    retries: Setting[int | RetryPolicy] = setting(
        check_retries,
        "Retries of a failed request: a number, or a urllib3.Retry; False: 0.",
        default=3,
    )
    estimate_wait: Setting[float] = setting(
        check_wait,
        "Seconds to poll for a month to date while it is being made; 0: do not poll.",
        default=90.0,
    )
    connection_pool_maxsize: Setting[int] = setting(
        check_pool_size, "Idle connections kept open for reuse.", default=32
    )
    keepalive_expiry: Setting[float] = setting(
        check_wait,
        "Seconds after which an idle connection is not reused; 0: never reuse.",
        default=60.0,
    )
    proxy: Setting[str | None] = setting(
        check_proxy, "URL of the proxy; None: HTTPS_PROXY from the environment.", default=None
    )
    no_proxy: Setting[str | None] = setting(
        check_no_proxy,
        "Hosts to reach without the proxy, comma-separated; None: NO_PROXY.",
        default=None,
    )
    verify_ssl: Setting[bool] = setting(
        check_flag, "False: do not check certificates. Only for tests.", default=True
    )
    ssl_ca_cert: Setting[str | None] = setting(
        check_file, "PEM file of trusted certificate authorities; None: certifi's.", default=None
    )
    cert_file: Setting[str | None] = setting(
        check_file, "PEM file of a client certificate.", default=None
    )
    key_file: Setting[str | None] = setting(
        check_file, "PEM file of the client certificate's key.", default=None
    )
    assert_hostname: Setting[str | bool | None] = setting(
        check_assert_hostname,
        "Name to expect in the certificate; False: any; None: the host's.",
        default=None,
    )
    socket_options: Setting[SocketOptions | None] = setting(
        check_socket_options,
        "List of (level, name, value) for setsockopt, in addition to TCP_NODELAY.",
        default=None,
    )
    max_response_bytes: Setting[int] = setting(
        check_positive_integer,
        "Maximum size of a decoded body in bytes; larger: ResponseException.",
        default=32 * 1024 * 1024,
    )
    allow_insecure_host: Setting[bool] = setting(
        check_flag,
        "True: allow sending the token over plain http to another machine.",
        default=False,
    )
    refresh_api_key_hook: Setting[Callable[[Configuration], object] | None] = setting(
        check_hook,
        "Called with this configuration before each call, to renew the token.",
        default=None,
    )
    debug: Setting[bool] = setting(
        check_flag,
        "True: set the logger ``fastly`` to DEBUG; False: set it back from DEBUG to NOTSET.",
        default=False,
        kind=_Debug,
    )

    if not TYPE_CHECKING:  # to a type checker, the settings are the declared ones

        @hides_arguments
        def __setattr__(self, name, value):
            if not isinstance(getattr(type(self), name, None), Setting):
                raise no_setting(name, dir(self))
            super().__setattr__(name, value)

        def __getattr__(self, name):
            raise no_setting(name, dir(self))

    def get_api_key_with_prefix(self, identifier: str = "token") -> str:
        """Run the refresh hook, and return the value of the ``Fastly-Key`` header.

        Raises:
            ApiValueError: The token is missing or unusable.
        """
        check_key_name("api_key", identifier)
        if (hook := self.refresh_api_key_hook) is not None:
            hook(self)
        secrets = self.__dict__["_secrets"]
        prefix = secrets["api_key_prefix"].get("token")
        token = secrets["api_key"].get("token") or self._checked_token()
        return f"{prefix} {token}" if prefix else token

    @hides_arguments
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

    def __getstate__(self) -> dict[str, object]:
        """Tell apart accounts whose token is the environment's, as ``Secrets`` does for its own."""
        token = None if self.api_key else self.api_token
        return {**vars(self), "_account": token and fingerprint(TOKEN_VARIABLE, token)}

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self._shown().items())
        return f"Configuration({shown})"

    def __dir__(self) -> list[str]:
        return [name for name in super().__dir__() if not name.startswith("_")]

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
            **{n: x for n in ("api_key_prefix", "proxy_headers") if (x := getattr(self, n))},
        }
