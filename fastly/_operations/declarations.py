"""Operations: how they are declared, and the URL that results from their arguments.

An operation is declared by its signature, as a model is by its fields::

    @operation("/billing/v3/invoices/{invoice_id}")
    def get_invoice_by_invoice_id(
        self, invoice_id: InvoiceId, **options: "Unpack[Options]"
    ) -> EomInvoiceResponse:
        '''Get one invoice by its ID.'''
        return request(**options)

A parameter that the path names goes into the path, one whose type is a ``Body`` becomes the body,
any other goes into the query; its type says how it is checked and written (see the module
``arguments``). A name with a leading underscore is an option, and is not sent, unless its type has
a check: ``_from: Time`` is sent as ``from``, which is a keyword of Python. The return type is the
model of the response, or None.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Concatenate,
    NamedTuple,
    ParamSpec,
    Protocol,
    TypeVar,
    cast,
    get_args,
    get_origin,
)
from urllib.parse import quote

from fastly._operations.arguments import Body, Check, Rule, as_text
from fastly._operations.identity import Identity
from fastly._operations.options import CSV, DEFAULTS, JSON, PDF, Options, checked
from fastly._signatures import Parameters
from fastly._text import shown
from fastly.exceptions import ApiTypeError, ApiValueError

if TYPE_CHECKING:
    from inspect import Signature

    from typing_extensions import Self

    from fastly._operations.results import DocumentMethod, ExportMethod, Method

__all__ = [
    "Decodable",
    "Operation",
    "document",
    "export",
    "method_of",
    "operation",
]

P = ParamSpec("P")
M = TypeVar("M", bound="Decodable | None")
D = TypeVar("D", bound="Decodable")

_SAFE_IN_A_PATH = re.compile(r"[A-Za-z0-9_-]+")


class Decodable(Protocol):
    """A class that can be created from the JSON object of a response."""

    @classmethod
    def from_response(cls, data: dict[str, Any], *, check: bool, discard_unknown: bool) -> Self:
        """Create one from the response's own dictionary."""
        ...


class Parameter(NamedTuple):
    """An argument that is sent: its name, its check, and whether it is part of the path."""

    name: str
    check: Check
    in_path: bool
    sent_name: str


class Operation:
    """An operation: its path, its arguments, its model, and what is expected of its response.

    Args:
        declared: The declaration; its body never runs.
        path: The path, with ``{name}`` for each argument that is part of it.
        accepts: Media types that the API offers.
        polls: Whether the API responds 202 while it is making the result.
        identity: Tells a response for something else, or None if it cannot be told.
        if_missing: What to do about a 404 or 410, or None for the exception's own advice.
        method: The method of the request.
        rule: Checks the arguments together, after each of them.
    """

    def __init__(
        self,
        declared: Callable[..., Any],
        path: str,
        accepts: tuple[str, ...],
        *,
        polls: bool = False,
        identity: Identity | None = None,
        if_missing: str | None = None,
        method: str = "GET",
        rule: Rule | None = None,
    ) -> None:
        kinds = dict(declared.__annotations__)
        self.model: type[Decodable] | None = kinds.pop("return")
        del kinds["options"]
        self.path, self.accepts, self.polls = path, accepts, polls
        self.identity, self.if_missing = identity, if_missing
        self.method, self._rule = method, rule
        self.defaults: dict[str, Any] = {**(declared.__kwdefaults__ or {}), **DEFAULTS}
        self.required = tuple(name for name in kinds if name not in self.defaults)
        known = (*kinds, *DEFAULTS)
        self._parameters = Parameters(declared.__name__, self.required, self.required, known)
        checks = {name: _check_of(name, kind) for name, kind in kinds.items()}
        self.sent = tuple(
            Parameter(name, check, f"{{{name}}}" in path, name.removeprefix("_"))
            for name, check in checks.items()
            if check is not None and not isinstance(check, Body)
        )
        self._bodies = {name: check for name, check in checks.items() if isinstance(check, Body)}

    def arguments(self, given: tuple[object, ...], named: Mapping[str, object]) -> dict[str, Any]:
        """Return all arguments and options of a call by name, with their defaults.

        The options are checked; the arguments are when they are written.
        """
        return checked({**self.defaults, **self._parameters.named(given, named)}, self.accepts)

    def target(self, arguments: Mapping[str, object], strict: bool) -> str:
        """Return the path and query of a request.

        Raises:
            ApiTypeError: An argument has the wrong type.
            ApiValueError: An argument has an unusable value.
        """
        texts: dict[str, str] = {}
        for name, check, *_ in self.sent:
            value = arguments[name]
            if value is not None or name not in self.defaults:
                texts[name] = check(name, value) if strict else as_text(name, value)
        if strict and self._rule is not None:
            self._rule(texts)
        path: dict[str, str] = {}
        query: list[str] = []
        for name, _, in_path, sent_name in self.sent:
            if in_path:
                path[name] = _safe(name, texts[name])
            elif texts.get(name):
                query.append(f"{sent_name}={_quoted(name, texts[name])}")
        return self.path.format_map(path) + ("?" if query else "") + "&".join(query)

    def body(self, arguments: Mapping[str, Any], strict: bool) -> bytes | None:
        """Return the body of a request, or None if the operation has none.

        Raises:
            ApiTypeError: It is not the model, or one of its fields has the wrong type.
            ApiValueError: A field has an unusable value, or is not as in the path.
        """
        if not self._bodies:
            return None
        ((name, check),) = self._bodies.items()
        text = (check if strict else check.unchecked)(name, arguments[name])
        if strict:
            self._check_path_and_body(name, arguments)
        return text.encode()

    def _check_path_and_body(self, name: str, arguments: Mapping[str, Any]) -> None:
        """Refuse a body that says that it is for another path: it would replace something else."""
        for shared in (parameter.name for parameter in self.sent if parameter.in_path):
            given, asked = arguments[name].get(shared), arguments[shared]
            if given not in (None, asked):
                raise ApiValueError(
                    f"{name}.{shared} must be {asked!r}, like the argument {shared}, got {given!r}"
                )


def operation(
    path: str,
    *,
    polls: bool = False,
    identity: Identity | None = None,
    if_missing: str | None = None,
    method: str = "GET",
    rule: Rule | None = None,
) -> Callable[[Callable[Concatenate[Any, P], M]], Method[P, M]]:
    """Turn a declaration into a method: a request for a path that returns JSON or nothing."""
    expected: dict[str, Any] = {"polls": polls, "identity": identity, "if_missing": if_missing}
    return lambda declared: _method(
        declared, Operation(declared, path, (JSON,), method=method, rule=rule, **expected)
    )


def document(
    path: str, *, identity: Identity | None = None, if_missing: str | None = None
) -> Callable[[Callable[Concatenate[Any, P], D]], DocumentMethod[P, D]]:
    """Turn a declaration into a method: a GET of a path that returns JSON, CSV or PDF."""
    accepts = (JSON, CSV, PDF)
    return lambda declared: _method(
        declared, Operation(declared, path, accepts, identity=identity, if_missing=if_missing)
    )


def export(
    path: str, *, rule: Rule | None = None
) -> Callable[[Callable[Concatenate[Any, P], D]], ExportMethod[P, D]]:
    """Turn a declaration into a method: a GET of a path that returns JSON or CSV."""
    return lambda declared: _method(declared, Operation(declared, path, (JSON, CSV), rule=rule))


def _method(declared: Callable[..., Any], operation: Operation) -> Any:
    def method(self: Any, /, *given: object, **named: object) -> Any:
        return self.api_client.call(operation, operation.arguments(given, named))

    return method_of(declared, method, DEFAULTS, Options, operation)


def method_of(
    declared: Callable[..., Any],
    method: Callable[..., Any],
    options: Mapping[str, Any],
    options_type: type,
    operation: Operation,
) -> Any:
    """Give a method the name, the documentation and the signature of its declaration."""
    method.__name__, method.__qualname__ = declared.__name__, declared.__qualname__
    method.__module__ = declared.__module__
    kinds = declared.__annotations__.items()
    method.__annotations__ = {name: kind for name, kind in kinds if name != "options"}
    method.__doc__ = f"{_unindented(declared.__doc__)}\n\n{_unindented(options_type.__doc__)}"
    method.__dict__["operation"] = operation
    method.__dict__["__wrapped__"] = _Declaration(declared, options)
    return method


class _Declaration:
    """Where ``inspect`` finds the signature, options included; made when it is needed.

    Its own ``__wrapped__`` is where ``inspect`` and ``typing`` find the source and the globals.
    """

    def __init__(self, declared: Callable[..., Any], options: Mapping[str, Any]) -> None:
        self.__wrapped__, self._options = declared, options

    def __call__(self) -> None:
        """Make ``inspect`` take this for a function."""

    @property
    def __signature__(self) -> Signature:
        from inspect import Parameter, signature

        declared = signature(self.__wrapped__)
        own = [
            p.replace(annotation=_plain(p.annotation))
            for p in declared.parameters.values()
            if p.kind is not p.VAR_KEYWORD
        ]
        options = [
            Parameter(name, Parameter.KEYWORD_ONLY, default=default)
            for name, default in self._options.items()
        ]
        return declared.replace(parameters=[*own, *options])


def _unindented(doc: str | None) -> str:
    """Return a docstring without its margin, which Python 3.13 and later remove themselves."""
    first, *rest = (doc or "").splitlines() or [""]
    margin = min((len(line) - len(line.lstrip()) for line in rest if line.strip()), default=0)
    return "\n".join([first, *(line[margin:] for line in rest)]).strip()


def _check_of(name: str, kind: Any) -> Check | None:
    """Return the check that a type carries, such as ``Month`` or ``Month | None``.

    The type of an option carries none.
    """
    if isinstance(kind, str):
        raise ApiTypeError("declare operations without `from __future__ import annotations`")
    for part in (kind, *get_args(kind)):
        if get_origin(part) is Annotated:
            return cast("Check", get_args(part)[1])
    if not name.startswith("_"):
        raise ApiTypeError(f"declare the type of {name} with a check")
    return None


def _plain(kind: Any) -> Any:
    """Return a type as a reader sees it, such as ``str | int | None``: without its check."""
    parts = get_args(kind)
    if get_origin(kind) is Annotated:
        return parts[0]
    optional = parts and get_origin(parts[0]) is Annotated
    return _plain(parts[0]) | None if optional else kind


def _quoted(name: str, text: str) -> str:
    try:
        return quote(text, safe="")
    except UnicodeEncodeError as error:
        raise ApiValueError(f"{name} must be valid Unicode text, got {shown(text)}") from error


def _safe(name: str, text: str) -> str:
    if not _SAFE_IN_A_PATH.fullmatch(text):
        raise ApiValueError(
            f"{name} must consist of A-Z, a-z, 0-9, _ and - and must not be empty, "
            f"got {shown(text)}"
        )
    return text
