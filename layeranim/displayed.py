"""What many displayed numbers say together, exactly, without a text of each: may a long sum say ``=``?

`numbers` writes a value; here the same rounding is done with whole numbers, an array at a time: a displayed number is a
mantissa times a power of ten.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import reduce
from operator import mul
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layeranim import numbers
from layeranim.numbers import Relation, Style
from layeranim.records import dataclass

Styled = tuple[NDArray[Any], Style]
"""Numbers, and how they are written."""

_BLOCK = 2**16
_TENS = 10 ** np.arange(19, dtype=np.int64)
_POWERS = np.array([float(f"1e{n}") for n in range(23)])  # those a double holds exactly


@dataclass(frozen=True)
class _Displayed:
    """Displayed numbers: mantissa · 10^power where they are finite, and which read as zero though they are none."""

    mantissas: NDArray[np.int64]
    powers: NDArray[np.int64]
    vanish: NDArray[np.bool_]


def relation(
    products: Sequence[Sequence[Styled]], addends: Sequence[str], result: str, written: bool = True
) -> Relation:
    """`numbers.relation` of many terms: the products of the numbers at the same place of each group's rows, of one row
    the numbers themselves, and ``addends`` as they are displayed.

    Of numbers that are not ``written`` beside their sum one that reads as zero may be none.

    >>> one, two = (np.array([0.5, 2.0]), Style(2)), (np.array([3.0, -1.0]), Style(0))
    >>> relation([[one, two]], ["0.25"], "−0.25"), relation([[one]], [], "2.49")
    ('=', '≈')
    """
    reached = total(products, addends, written=written and result != numbers.NAN)  # nothing is nearly NaN
    return "≈" if reached is None else numbers.agrees(reached, result, *addends)


def total(
    products: Sequence[Sequence[Styled]], addends: Sequence[str] = (), *, written: bool = True
) -> Fraction | float | None:
    """What those terms add up to, exactly; a float where ∞ or NaN is among them, nothing where one that is written
    reads as zero though it is none.
    """
    finite, wild = Fraction(0), 0.0
    parts = (_sum(block, written) for rows in products for block in _blocks(rows))
    for part in itertools.chain(parts, map(numbers.exact, addends)):
        if part is None:
            return None
        if isinstance(part, float):
            wild += part
        else:
            finite += part
    return wild or finite


def doubles(values: NDArray[Any], style: Style) -> tuple[NDArray[np.float64], bool]:
    """The doubles nearest to displayed numbers, and whether one of them reads as zero though it is none."""
    out, lost = [np.empty(0)], False
    for ((block, _),) in _blocks([(values, style)]):
        shown = _displayed(block, style)
        out.append(_doubles(block, shown))
        lost = lost or bool(shown.vanish.any())
    return np.concatenate(out), lost


def _doubles(values: NDArray[Any], shown: _Displayed) -> NDArray[np.float64]:
    within = np.clip(shown.powers, 1 - len(_POWERS), len(_POWERS) - 1)
    power, near = _POWERS[np.abs(within)], within == shown.powers
    plain = np.where(within < 0, shown.mantissas / power, shown.mantissas * power)
    finite = np.isfinite(values)
    plain = np.where(finite, plain, values).astype(np.float64)
    for i in np.flatnonzero(finite & ~near).tolist():
        plain[i] = float(f"{shown.mantissas[i]}e{shown.powers[i]}")
    return plain


def _blocks(rows: Sequence[Styled]) -> Iterator[list[Styled]]:
    flat = [(np.ravel(values), style) for values, style in rows]
    for first in range(0, len(flat[0][0]), _BLOCK):
        yield [(values[first : first + _BLOCK], style) for values, style in flat]


def _sum(rows: Sequence[Styled], written: bool) -> Fraction | float | None:
    """The products of some rows summed; a float where ∞ or NaN is among them, nothing where a number vanishes."""
    shown = [_displayed(values, style) for values, style in rows]
    if written and any(one.vanish.any() for one in shown):
        return None
    finite = [np.isfinite(values) for values, _ in rows]
    if not all(one.all() for one in finite):
        signed = [np.where(there, np.sign(one.mantissas), values)
                  for there, one, (values, _) in zip(finite, shown, rows, strict=True)]  # fmt: skip
        wild = ~np.logical_and.reduce(finite)
        with np.errstate(all="ignore"):
            return float(np.sum(np.prod(signed, axis=0)[wild]))
    powers = np.sum([one.powers for one in shown], axis=0)
    total = Fraction(0)
    for power in numbers.distinct(powers).tolist():
        picked = powers == power
        columns = (one.mantissas[picked].tolist() for one in shown)
        total += Fraction(10) ** power * sum(reduce(lambda left, right: map(mul, left, right), columns))
    return total


def _displayed(values: NDArray[Any], style: Style) -> _Displayed:
    """Values as `numbers.text` writes them."""
    digits = min(style.digits, numbers.significant(values.dtype))
    plain = numbers.rounded(values, np.float32 if digits == numbers.SINGLE_DIGITS else np.float64)
    mantissas, places = _mantissas(plain, digits)
    first = np.searchsorted(_TENS, np.abs(mantissas), side="right") - 1 - places  # the power of the first digit
    spare = places + first if style.scientific else places
    spare = spare - style.decimals  # digits behind the last that is written
    shown, powers = _cut(mantissas, spare), np.maximum(spare, 0) - places
    gone = (shown == 0) & (mantissas != 0)
    if gone.any():
        size = np.abs(plain)
        gone &= ~((size >= style.dust * numbers.LEAST_DUST) & (size < style.dust))
        if not style.decimals:  # such a number gets its first digit
            shown, powers = np.where(gone, _cut(mantissas, places + first), shown), np.where(gone, first, powers)
            gone = np.zeros_like(gone)
    return _Displayed(shown, powers, gone)


def _mantissas(x: NDArray[np.float64], digits: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Whole numbers m and places p: each finite value, of so many significant digits, is m · 10⁻ᵖ; 0 for the others."""
    mantissas, places = np.zeros(x.shape, np.int64), np.zeros(x.shape, np.int64)
    live = np.flatnonzero(np.isfinite(x) & (x != 0))
    of = x[live]
    at = digits - 1 - np.floor(np.log10(np.abs(of))).astype(np.int64)
    near = np.abs(at) < len(_POWERS)
    power = _POWERS[np.where(near, np.abs(at), 0)]
    whole = np.where(at >= 0, of * power, of / power)
    mantissas[live] = np.rint(np.where(near, whole, 0)).astype(np.int64)
    for i in np.flatnonzero(~near).tolist():
        head, _, exponent = f"{of[i]:.{digits - 1}e}".partition("e")
        mantissas[live[i]], at[i] = int(head.replace(".", "")), digits - 1 - int(exponent)
    places[live] = at
    return mantissas, places


def _cut(mantissas: NDArray[np.int64], spare: NDArray[np.int64]) -> NDArray[np.int64]:
    """Mantissas without so many last digits, rounded half to even."""
    ten = _TENS[np.clip(spare, 0, len(_TENS) - 1)]
    whole, rest = np.divmod(np.abs(mantissas), ten)
    up = (2 * rest > ten) | ((2 * rest == ten) & (whole % 2 == 1))
    return np.asarray(np.sign(mantissas) * (whole + up))
