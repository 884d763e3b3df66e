"""Exact money: numbers as they were written, their sums, and their shares to the cent.

What is shared are whole numbers of a currency's smallest unit, so that nothing is rounded on the
way: sums of `Decimal` are rounded to 28 digits by default; integers and fractions are not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Context, Decimal
from fractions import Fraction
from functools import reduce
from math import floor, lcm

__all__ = [
    "amount_of",
    "cent",
    "exact",
    "exact_sum",
    "fraction",
    "places_of",
    "rounded",
    "shared",
    "tolerance",
]

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


def places_of(currency: str | None, total: float | None) -> int:
    """Return the decimals of a currency, or those that the total has if it has more."""
    sent = len(f"{exact(total or 0):f}".partition(".")[2].rstrip("0"))
    return max(len(f"{cent(currency):f}".partition(".")[2]), sent)


def fraction(number: float | Decimal | None) -> Fraction:
    """Return a number exactly as it was written; None is 0."""
    return Fraction(exact(number or 0))


def amount_of(units: int, places: int) -> Decimal:
    """Return so many of a currency's smallest units as an amount."""
    return Decimal(f"{units}e-{places}")


def rounded(amounts: Sequence[Fraction], target: int) -> list[int]:
    """Round amounts by largest remainder, so that they add up to `target`.

    If the target needs more than that, all amounts get the same before. Of equal remainders, the
    largest amount takes the unit: there, it matters least.
    """
    units = [floor(amount) for amount in amounts]
    missing = target - sum(units)
    each, more = divmod(missing, len(units) or 1)
    sign = -1 if missing < 0 else 1
    places = range(len(units))
    order = sorted(places, key=lambda i: (units[i] - amounts[i], -sign * abs(amounts[i])))
    chosen = set(order[:more])
    return [unit + each + (i in chosen) for i, unit in enumerate(units)]


def shared(units: int, weights: Sequence[Fraction]) -> list[int]:
    """Share units in proportion to weights, by largest remainder; ties go to the first.

    Negative units are shared by their absolute value.
    """
    scale = lcm(*(weight.denominator for weight in weights))
    wholes = [int(weight * scale) for weight in weights]  # much faster than fractions
    parts = [divmod(abs(units) * whole, sum(wholes)) for whole in wholes]
    left = abs(units) - sum(part for part, _ in parts)
    more = set(sorted(range(len(parts)), key=lambda i: -parts[i][1])[:left])
    return [(part + (i in more)) * (-1 if units < 0 else 1) for i, (part, _) in enumerate(parts)]
