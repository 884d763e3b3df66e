"""Values that must not be shown: mappings and URLs that hide them in reprs and pickles."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from fastly.exceptions import ApiKeyError

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["CREDENTIALS", "MASK", "Mask", "Secret", "SecretURL", "Secrets"]

MASK = "***"
CREDENTIALS = re.compile(r"//[^/]*@")
# Characters; shorter secrets occur in text that does not echo them. Fastly's tokens have 32.
_SHORTEST_SECRET = 8
# Escapes of the characters that tokens consist of.
_JSON_ESCAPE = re.compile(rb"\\u00([2-7][0-9A-Fa-f])")
_MOST_ESCAPES = 100_000  # in the start of a body; 32 MiB of escapes would take seconds


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
        """Return a value, or ``default`` if it is not set."""
        return self._values.get(self._key(key), default)

    def __setitem__(self, key: str, value: str) -> None:
        self._values[self._key(key)] = self._check(key, value)

    def replace(self, values: Mapping[str, str]) -> None:
        """Replace all values at once: other threads see either the old ones or the new ones."""
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
    """A URL whose user name and password are hidden in its ``repr`` and in pickles."""

    def bare(self) -> str:
        """Return the URL without its credentials."""
        return CREDENTIALS.sub("//", self)

    def __repr__(self) -> str:
        return repr(CREDENTIALS.sub(f"//{MASK}@", self))

    def __deepcopy__(self, memo: dict[int, object]) -> SecretURL:
        return self

    def __reduce__(self) -> tuple[type[SecretURL], tuple[str]]:
        return SecretURL, (self.bare(),)


class Secret:
    """Text that is shown only on the wire: ``http.client`` calls ``encode`` to write a header.

    Unlike a ``str`` it stays hidden from tools that record the local variables of a failed call.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def encode(self, encoding: str = "latin-1") -> bytes:
        """Return the bytes to send."""
        return self._text.encode(encoding)

    def reveal(self) -> str:
        """Return the text itself."""
        return self._text

    def __str__(self) -> str:
        # http.client calls this to write the headers of CONNECT.
        return self._text

    def __repr__(self) -> str:
        return MASK


class Mask:
    """Replaces secrets in what a server sent, in the forms in which servers echo them.

    Plain, percent-encoded (RFC 3986), with JSON's escapes (RFC 8259, section 7), in UTF-16 and
    UTF-32. Of each secret, the last long word is masked, such as the token of ``Bearer TOKEN``.
    """

    __slots__ = ("_secrets",)

    def __init__(self, *secrets: Secret) -> None:
        words = [word for secret in secrets for word in _long_words(secret)[-1:]]
        self._secrets = [form.encode() for word in words for form in _forms(word)]

    def __call__(self, data: bytes) -> bytes:
        """Return the data without the secrets, unescaped if one was escaped."""
        if not self._secrets:
            return data
        masked = self._replaced(data)
        is_escaped = b"\\" in masked
        if not is_escaped and b"\0" not in masked:  # these tests cost a tenth of the masking
            return masked
        plain = masked.replace(b"\0", b"")
        if is_escaped:
            # Escaped backslashes are put aside, so that what follows them is not unescaped.
            plain = plain.replace(rb"\\", b"\0").replace(rb"\/", b"/")
            plain = _JSON_ESCAPE.sub(_unescaped, plain, count=_MOST_ESCAPES)
            plain = plain.replace(b"\0", rb"\\")
        return self._replaced(plain) if any(secret in plain for secret in self._secrets) else masked

    def start(self, data: bytes) -> bytes:
        """Return what was received of a body, which may end with the start of a plain secret."""
        masked = self(data)
        for secret in self._secrets:
            for length in range(len(secret) - 1, _SHORTEST_SECRET - 1, -1):
                if masked.endswith(secret[:length]):
                    return masked[:-length] + MASK.encode()
        return masked

    def _replaced(self, data: bytes) -> bytes:
        for secret in self._secrets:
            data = data.replace(secret, MASK.encode())
        return data

    def __repr__(self) -> str:
        return f"<masks {len(self._secrets)} secrets>"


def _forms(word: str) -> set[str]:
    """Return a word as it is, percent-encoded, and with the escapes that JSON requires."""
    return {word, quote(word, safe=""), word.replace("\\", r"\\").replace('"', r"\"")}


def _long_words(secret: Secret) -> list[str]:
    return [word for word in secret.reveal().split() if len(word) >= _SHORTEST_SECRET]


def _unescaped(escape: re.Match[bytes]) -> bytes:
    character = bytes.fromhex(escape[1].decode())
    return b"\\" + character if character in b'"\\' else character
