#!/usr/bin/env bash
# ty 0.0.108: a class as a field specifier of dataclass_transform (PEP 681) is not read as one.
#
# One would guess: type checkers agree on a declaration of settings that follows PEP 681, which
#   allows classes and functions as field specifiers.
# What happens: mypy and pyrefly take `Field(default=..., kw_only=False)` for a field that may be
#   given by position. ty takes it for a plain default: the field stays keyword-only, and a correct
#   call is an error. If the specifier is a function, ty agrees.
# Why it matters: the users of a client see errors in correct code, depending on their checker.
# What we do about it: the settings of Configuration are declared with functions. CI checks correct
#   and wrong code with mypy, pyright, ty and pyrefly.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --no-compile --disable-pip-version-check ty==0.0.108 mypy==2.4.1 pyrefly==1.5.0

cat > settings.py <<'END'
from typing import Any

from typing_extensions import dataclass_transform


class Field:
    def __init__(self, *, default: Any, kw_only: bool = True) -> None:
        self.default = default


def field(*, default: Any, kw_only: bool = True) -> Any:
    return Field(default=default, kw_only=kw_only)


@dataclass_transform(kw_only_default=True, field_specifiers=(Field,))
class ByClass:
    pass


@dataclass_transform(kw_only_default=True, field_specifiers=(field,))
class ByFunction:
    pass


class First(ByClass):
    host: Any = Field(default="https://api.example", kw_only=False)


class Second(ByFunction):
    host: Any = field(default="https://api.example", kw_only=False)


First("https://billing.example")
Second("https://billing.example")
END
{
  echo "mypy: $(venv/bin/mypy settings.py | tail -n 1)"
  echo "pyrefly: $(venv/bin/pyrefly check settings.py 2>&1 | grep -c '^ERROR' || true) errors"
  venv/bin/ty check --output-format concise settings.py || true
} 2>/dev/null | tee seen

cat > expected <<'END'
mypy: Success: no issues found in 1 source file
pyrefly: 0 errors
settings.py:33:7: error[too-many-positional-arguments] Too many positional arguments: expected 0, got 1
Found 1 diagnostic
END
diff expected seen
