"""Values that must not be shown: mappings and URLs that hide them in reprs and pickles."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any

from fastly._signatures import hides_arguments
from fastly.exceptions import ApiKeyError

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = [
    "CREDENTIALS",
    "MASK",
    "Mask",
    "Secret",
    "SecretURL",
    "Secrets",
    "fingerprint",
    "masking",
    "revealed",
]

MASK = "***"
Mask = Callable[[bytes], bytes]
CREDENTIALS = re.compile(r"//[^/]*@")
# Characters; shorter secrets occur in text that does not echo them. Fastly's tokens have 32.
_SHORTEST_SECRET = 8


class Secrets(MutableMapping[str, str]):
    """A mapping that shows its keys but never its values, and leaves them out of pickles.

    It keeps them as ``Secret``: some trackers read the slots of the objects that they record.
    """

    __slots__ = ("_check", "_values")

    def __init__(self, check: Callable[[str, object], str]) -> None:
        self._check = check
        self._values: dict[str, Secret] = {}

    def _key(self, key: str) -> str:
        """Return the key under which a value is kept."""
        return key

    def __getitem__(self, key: str) -> str:
        try:
            return revealed(self._values[self._key(key)])
        except KeyError:
            raise ApiKeyError(f"{key!r} is not set") from None

    def get(self, key: str, default: Any = None) -> Any:
        """Return a value, or ``default`` if it is not set."""
        found = self._values.get(self._key(key))
        return default if found is None else revealed(found)

    @hides_arguments
    def __setitem__(self, key: str, value: str) -> None:
        self._values[self._key(key)] = Secret(self._check(key, value))

    def replace(self, values: Mapping[str, str]) -> None:
        """Replace all values at once: other threads see either the old ones or the new ones."""
        checked = {name: Secret(self._check(name, value)) for name, value in values.items()}
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

    def __reduce__(self) -> tuple[Any, ...]:
        """Leave the values out, but tell apart mappings with different ones.

        Caches that hash pickles, such as joblib's, would take two accounts for the same.
        """
        return _without_values, (self._check, [fingerprint(name, x) for name, x in self.items()])


def _without_values(check: Callable[[str, object], str], _: list[str]) -> Secrets:
    return Secrets(check)


def fingerprint(name: str, value: str) -> str:
    """Return what differs for different values, and is too slow to compute to try all of them."""
    import hashlib  # slow to import, and needed only for pickles

    salt = f"fastly-billing {name}".encode()
    return hashlib.pbkdf2_hmac(
        "sha256", value.encode("utf-8", "surrogatepass"), salt, 50_000, 8
    ).hex()


class SecretURL(str):
    """A URL whose user name and password are hidden in its ``repr`` and in pickles."""

    def bare(self) -> str:
        """Return the URL without its credentials."""
        return CREDENTIALS.sub("//", self)

    def __repr__(self) -> str:
        return repr(CREDENTIALS.sub(f"//{MASK}@", self))

    def __deepcopy__(self, memo: dict[int, object]) -> SecretURL:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """Leave the login out, but tell apart URLs with different ones, as ``Secrets`` does."""
        bare = self.bare()
        return _without_login, (bare, fingerprint("login", self) if bare != self else "")


def _without_login(bare: str, _: str) -> SecretURL:
    return SecretURL(bare)


class Secret(str):
    """Text that reads as ``***`` and is written to the wire as what it stands for.

    To every tool it is the text ``***``: trackers that record the local variables of a failed call,
    tracers that read headers, ``str`` and ``repr``. Only ``revealed`` opens it.
    """

    hidden: Callable[[], str]

    def __new__(cls, text: str) -> Self:
        """Hide a text."""
        self = super().__new__(cls, MASK)
        self.hidden = lambda: text  # a tool that lists attributes finds a function
        return self

    def __repr__(self) -> str:
        return MASK

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return str, (MASK,)


def revealed(text: str) -> str:
    """Return what a secret stands for, or other text as it is."""
    return text.hidden() if isinstance(text, Secret) else text


def masking(*secrets: str) -> Mask:
    """Return a function that replaces secrets in what a server sent.

    Of each secret, the last long word is masked, such as TOKEN of "Bearer TOKEN". Servers echo them
    as they were sent; a Fastly token has no character that is ever escaped. Trackers read the
    attributes of an object, slots included, but not the variables of a function.
    """
    words: list[bytes] = []
    for secret in secrets:
        for word in reversed(revealed(secret).split()):
            if len(word) >= _SHORTEST_SECRET:
                words.append(word.encode("latin-1"))
                break

    def mask(data: bytes) -> bytes:
        for word in words:
            data = data.replace(word, MASK.encode())
        return data

    return mask
