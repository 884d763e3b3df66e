"""Exact money: numbers as they were written, and their sums."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Context, Decimal
from functools import reduce

__all__ = ["cent", "exact", "exact_sum", "tolerance"]

# Digits for the exact sum of any floats; Python's default context rounds to 28.
_EXACT = Context(prec=700)
# The currencies of ISO 4217 whose amounts do not have two decimals.
_DECIMALS: dict[str, int] = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF"), 0),
    **dict.fromkeys(("UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}


def exact(value: Decimal | float) -> Decimal:
    """Return a number as it was written: 0.1 is exactly that, not the nearest binary fraction."""
    # The repr of numpy's floats has the name of their type.
    return Decimal(float.__repr__(value)) if isinstance(value, float) else Decimal(value)


def exact_sum(values: Iterable[Decimal | float | None]) -> Decimal:
    """Return the sum of numbers, each as it was written; None counts as 0.

    ``sum()`` rounds floats to 17 digits, and decimals to 28.
    """
    return reduce(_EXACT.add, (exact(x) for x in values if x is not None), Decimal(0))


def cent(currency_code: str | None) -> Decimal:
    """Return the smallest amount of a currency: 0.01, or 1 for yen; 0.01 if it is unknown."""
    return Decimal(1).scaleb(-_DECIMALS.get((currency_code or "").upper(), 2))


def tolerance(lines: int, currency_code: str | None) -> Decimal:
    """Return by how much the lines of a correct invoice can differ from its total.

    Fastly rounds amounts, so this is a cent of the currency for each line.
    """
    return lines * cent(currency_code)
