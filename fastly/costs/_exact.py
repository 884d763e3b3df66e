"""Money as whole numbers of a currency's smallest unit, so that nothing is rounded on the way.

Sums of `Decimal` are rounded to 28 digits by default; integers and fractions are not.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from math import floor, lcm

from fastly.rows import cent, exact


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
