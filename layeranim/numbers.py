"""A value → its text, its colour step, and whether a written sum may say ``=``: the one place that formats numbers.

Texts and colour steps start from values rounded to 9 significant digits (float32 and float16 sources: 6), so the last
bits of a matrix product, which differ between processors, never change a picture.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any, Literal, NamedTuple, TypeVar

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from layeranim.errors import InputError, OptionError
from layeranim.records import dataclass

MINUS, TIMES, ELLIPSIS = "−", "×", "…"
DOT = "\u2009·\u2009"
"""The product of two factors: a middle dot between thin spaces."""
INFINITY, NAN = "∞", "NaN"

P = TypeVar("P")
Kind = Literal["value", "probability", "gate"]
Relation = Literal["=", "≈"]

DIGITS, SINGLE_DIGITS = 9, 6
_DUST = {DIGITS: 1e-13, SINGLE_DIGITS: 1e-6}  # of the largest value: last bits that a sum which cancels leaves
LEAST_DUST = 1e-7
"""Of the dust: nothing that cancelled is so small, but powers and shares are."""
NARROW_PITCH = 58  # a cell narrower than this, in design pixels, holds one decimal
MOST_DECIMALS = 9
GREYS = 32
_BLOCK = 2**16  # values that are looked at together
_FIRST = 2**6  # of a block, looked at before the others: mostly they say already that not all are whole
_MANY = 2**18  # values that are coloured sooner by limits, which have to be found first

# Wide enough that no sum of products of displayed numbers is rounded: a double's decimal exponents span 632.
_EXACT = Context(prec=20_000, rounding=ROUND_HALF_EVEN, traps=[])
_POWERS = np.array([float(f"1e{n}") for n in range(23)])  # those a double holds exactly: one division rounds once
_SLACK = 1e-4  # of a colour step: 0.3 of 0.4 is three steps of four, whatever rounding to 6 digits made of it


@dataclass(frozen=True)
class Style:
    """How every value of one tensor is written; never mixed inside a tensor.

    Args:
        decimals: digits after the point, of the mantissa when ``scientific``.
        scientific: ``1.2e6`` instead of ``1200000.0``; from 1 to 10 without a power, ``1.2``.
        digits: significant digits that count, 9, or 6 for a tensor that came as float32 or float16.
        dust: what reads as zero and is a little smaller is 0: the last bits that a sum leaves which cancels.
    """

    decimals: int
    scientific: bool = False
    digits: int = DIGITS
    dust: float = 0.0


def rounded(values: ArrayLike, dtype: DTypeLike | None = None) -> NDArray[np.float64]:
    """``values`` at 9 significant digits (6 for float32 and float16, or when ``dtype`` is one of them).

    Same shape, float64, each the double nearest to its decimal; −0.0 becomes 0.0; NaN and ±Inf stay. The given array is
    never changed. Raises InputError for anything but real numbers.
    """
    array = _real(values)
    return _rounded(array, significant(array.dtype if dtype is None else np.dtype(dtype)))


def _real(values: ArrayLike) -> NDArray[Any]:
    array = np.asarray(values)
    if array.dtype.kind not in "biuf":
        raise InputError(f"values of type {array.dtype} cannot be written as numbers: give real numbers")
    return array


def significant(dtype: np.dtype) -> int:
    """How many digits of a value of this type count."""
    return SINGLE_DIGITS if dtype.kind == "f" and dtype.itemsize <= 4 else DIGITS


@np.errstate(all="ignore")  # a long double beyond a double's range is ±Inf; too large a scale is taken back below
def _rounded(array: NDArray[np.generic], digits: int) -> NDArray[np.float64]:
    result = np.array(array, dtype=np.float64)
    result += 0.0  # −0.0 + 0.0 is 0.0
    if ((np.abs(result) < 10.0**digits) & (np.rint(result) == result)).all():
        return result  # whole numbers of no more digits than that are what they are
    live = np.isfinite(result) & (result != 0)
    x = result[live]
    places = digits - 1 - np.floor(np.log10(np.abs(x))).astype(np.int64)
    near = np.abs(places) < len(_POWERS)
    power = _POWERS[np.where(near, np.abs(places), 0)]
    y = np.rint(x * power) / power
    if (far := places < 0).any():
        y = np.where(far, np.rint(x / power) * power, y)
    if not near.all():
        y[~near] = [float(f"{value:.{digits - 1}e}") for value in x[~near].tolist()]
    result[live] = y
    return result


def _sizes(values: ArrayLike, top: float) -> NDArray[np.float64]:
    """|v| of every value, rounded; what is below 10⁻⁹ (10⁻⁶) of ``top`` is 0.

    A sum that cancels leaves such dust, on some processors. Most of it is never rounded: tiny numbers take long.
    """
    array = _real(values)
    digits = significant(array.dtype)
    dust = 10.0**-digits * top
    with np.errstate(all="ignore"):
        tiny = np.abs(array.astype(np.float64)) < dust / 2
    sizes = np.abs(_rounded(np.where(tiny, 0, array), digits))
    return np.where(sizes < dust, 0.0, sizes)


class Magnitudes(NamedTuple):
    """What decides how numbers are written and coloured: the largest finite |v|, rounded, whether all are integral,
    and how many digits count."""

    top: float
    integral: bool
    digits: int


def magnitudes(values: ArrayLike) -> Magnitudes:
    """Those of some values, however many: a block at a time."""
    array = _real(values)
    most, whole = 0.0, True
    for block in _blocks(array):
        most = max(most, _largest(block))
        whole = whole and _integral(block)
    digits = significant(array.dtype)
    top = float(_rounded(np.asarray(most), digits))
    parts = (part for block in _blocks(array) for part in (block[:_FIRST], block[_FIRST:]))
    whole = whole or all(_integral(_sizes(part, top)) for part in parts)  # rounded, whole ones stay whole
    return Magnitudes(top, whole, digits)


def _joined(arrays: Iterable[ArrayLike | Magnitudes]) -> Magnitudes:
    """Those of several arrays together."""
    every = [one if isinstance(one, Magnitudes) else magnitudes(one) for one in arrays]
    tops, whole, digits = zip(*every, strict=True) if every else ((0.0,), (True,), (DIGITS,))
    return Magnitudes(max(tops), all(whole), max(digits))


def _largest(block: NDArray[Any]) -> float:
    """The largest finite |v| of some values."""
    if not block.size:
        return 0.0
    most = max(float(block.max()), -float(block.min()))
    if math.isfinite(most):
        return most
    with np.errstate(all="ignore"):
        sizes = np.abs(block.astype(np.float64))
    return float(np.max(sizes, where=np.isfinite(sizes), initial=0.0))


def _blocks(array: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """The values of an array, whatever its strides, some at a time."""
    yield from np.nditer(array, flags=["external_loop", "buffered", "zerosize_ok"], buffersize=_BLOCK)


def _integral(sizes: NDArray[Any]) -> bool:
    whole = sizes == np.rint(sizes)
    return bool(whole.all() or np.all(whole | ~np.isfinite(sizes)))


def style(
    *arrays: ArrayLike | Magnitudes, kind: Kind = "value", pitch: float | None = None, precision: int | None = None
) -> Style:
    """How the values of a tensor, or of several alike, are written, decided once for all; NaN and ±Inf have no say.

    - all integral → 0 decimals; otherwise 2, or 1 where some |v| would print as 10 or more, or in a cell narrower than
      58 design pixels (there 2 after all, if one decimal would print nothing but zeros);
    - a probability or a gate has 2 (1 in a narrow cell) even where all are integral, and is never scientific; of
      probabilities that are all small as many as the largest needs for its two first digits (one in a narrow cell);
    - scientific with 1 decimal (0 in a narrow cell) when a number would need more than six characters (integral from
      10⁶, others from 10⁴), or when all would print as zero (every |v| ≤ 0.005);
    - ``precision`` sets the decimals, 0…9; only numbers too long stay scientific, and probabilities get as many more as
      keep the largest from reading as 0, or as 1.

    Raises OptionError for a precision outside 0…9.
    """
    if precision is not None and not 0 <= precision <= MOST_DECIMALS:
        raise OptionError(f"precision {precision} is not a number of decimals: give 0 to {MOST_DECIMALS}")
    found = top, integral, digits = _joined(arrays)
    dust = _DUST[digits] * top if kind == "value" else 0.0  # shares and gates are no sums that cancel
    narrow = pitch is not None and pitch < NARROW_PITCH
    measured = kind == "value"
    if measured and top >= (1e6 if integral else 9999.95):
        return Style((0 if narrow else 1) if precision is None else precision, True, digits, dust)
    if precision is not None:
        least = least_decimals(found) + (0.95 <= top < 1) if kind == "probability" else 0
        return Style(max(precision, least), False, digits, dust)
    if measured and integral:
        return Style(0, False, digits, dust)
    if measured and top <= 0.005:
        return Style(0 if narrow else 1, True, digits, dust)
    usual = 1 if top >= 9.995 or (narrow and top > 0.05) else 2
    if kind == "probability" and 0 < top < 0.1:
        usual = max(usual, min(least_decimals(found) + (not narrow), MOST_DECIMALS))
    return Style(usual, False, digits, dust)


def least_decimals(*arrays: ArrayLike | Magnitudes) -> int:
    """How many decimals keep the largest of some shares from reading as 0, one where it is less than 1; at most 9."""
    top, integral, _ = _joined(arrays)
    if integral or not top:
        return 0
    return min(max(1, -math.floor(math.log10(top))), MOST_DECIMALS)


def text(value: ArrayLike, style: Style, *, structural_zero: bool = False) -> str:
    """One value as it is drawn: ``−1.20``, ``1.2e6``, ``NaN``, ``∞``, ``−∞``; U+2212 minus, never a plus sign.

    Rounded half to even on the decimal value. ``0`` is zero itself, a structural one (padding, dropped) or what is less
    than the style's dust; what only rounds to zero keeps its decimals and its sign, ``0.00`` or ``−0.00``, and without
    decimals gets the first that counts: ``0.3``, ``2e−7``. So a text alone says whether a number is zero: `vanishes`.
    """
    if structural_zero:
        return "0"
    array = np.asarray(value)
    return _text(float(_rounded(array, min(style.digits, significant(array.dtype)))), style)


def texts(values: ArrayLike, style: Style) -> NDArray[np.object_]:
    """`text` of every element, an object array of the same shape."""
    array = np.asarray(values)
    plain = _rounded(array, min(style.digits, significant(array.dtype)))
    distinct, index = np.unique(plain, return_inverse=True)
    written = np.array([_text(value, style) for value in distinct.tolist()], dtype=object)
    result = np.empty(plain.shape, dtype=object)
    result[...] = written[index.reshape(plain.shape)]
    return result


def distinct(values: NDArray[Any]) -> NDArray[Any]:
    """Every value once, in order. ``np.unique`` alone takes in all of NumPy's masked arrays first."""
    return np.unique(values, return_counts=True)[0]


def evenly(places: Sequence[P], most: int) -> list[P]:
    """At most ``most`` of these, equally far apart, with the first and the last."""
    return [places[int(at)] for at in np.linspace(0, len(places) - 1, min(len(places), most)).round()]


@lru_cache(maxsize=8192)
def _text(value: float, style: Style) -> str:
    if not math.isfinite(value):
        return NAN if math.isnan(value) else (INFINITY if value > 0 else MINUS + INFINITY)
    if not value:
        return "0"
    size, exponent = Decimal(repr(value)).copy_abs(), ""  # abs() would round by the ambient context
    if style.scientific:
        power = _quantum(size, size.adjusted() - style.decimals).adjusted()  # 9.96e5 is 1.0e6
        exponent = f"e{power}".replace("-", MINUS) if power else ""
        size = size.scaleb(-power, _EXACT)
    shown = _quantum(size, -style.decimals)
    if not shown and style.dust * LEAST_DUST <= abs(value) < style.dust:
        return "0"
    if not shown and not style.decimals:
        first = -size.adjusted()
        return _text(value, Style(first) if first <= 3 else Style(0, scientific=True))
    return (MINUS if value < 0 else "") + f"{shown:f}" + exponent


def vanishes(text: str) -> bool:
    """Whether a displayed number reads as zero though it is none: ``0.00``, ``(−0.0)``; zero itself is ``0``."""
    return "." in text and not _decimal(text)


def _quantum(number: Decimal, exponent: int) -> Decimal:
    """``number`` rounded half to even to a multiple of 10^exponent, whatever the ambient decimal context says."""
    return number.quantize(Decimal((0, (1,), exponent)), context=_EXACT)


def factor(text: str) -> str:
    """A number as the second factor of a product: a negative one in parentheses, ``(−1)``."""
    return f"({text})" if text.startswith(MINUS) else text


def shape_text(shape: Iterable[int]) -> str:
    """A shape as it stands beside a tensor's name: ``3×4×5``; ``scalar`` for no axes."""
    return TIMES.join(map(str, shape)) or "scalar"


# ── = or ≈ ───────────────────────────────────────────────────────────────────


def exact(text: str) -> Fraction | float:
    """What a displayed number says, exactly; ∞, −∞ and NaN are floats. Parentheses around it are allowed.

    For a displayed expression that is no sum of products: compute it from these and ask `agrees`.
    """
    number = _decimal(text)
    return Fraction(number) if number.is_finite() else float(number)


def double(text: str) -> float:
    """The double nearest to a displayed number; ±Inf beyond them, as for 1.8e308, which 1.76e308 is shown as."""
    return float(_decimal(text))


def agrees(value: Fraction | Decimal | float, result: str, *operands: str) -> Relation:
    """``=`` when ``value``, exact from displayed ``operands``, reads as the displayed ``result``; else ``≈``.

    Never ``=`` where a number that is not zero reads as zero, as the result or as an operand, unless the result is NaN:
    nothing is nearly that.
    A result with decimals says what it shows: ``value`` is rounded half to even to those decimals and must equal it.
    A result without (``3``) is taken at its word and must equal ``value`` exactly; so must ∞, −∞ and NaN.
    A float (of σ, tanh, √ …) counts by its 9 significant digits.
    """
    shown = _decimal(result)
    if not shown.is_nan() and any(vanishes(text) for text in (result, *operands)):
        return "≈"
    if isinstance(value, float):
        value = Decimal(repr(float(rounded(value))))
    if not shown.is_finite() or (isinstance(value, Decimal) and not value.is_finite()):
        return "=" if str(value) == str(shown) else "≈"
    exponent = int(shown.as_tuple().exponent)
    off = abs(Fraction(value) - Fraction(shown))
    if "." not in result and "e" not in result:
        return "≈" if off else "="
    half = Fraction(10) ** exponent / 2
    even = shown.as_tuple().digits[-1] % 2 == 0
    return "=" if off < half or (off == half and even) else "≈"


def relation(terms: Sequence[Sequence[str]], result: str) -> Relation:
    """``=`` when the displayed terms give the displayed result, else ``≈``; see `agrees`.

    Each term is the displayed factors of one product, ``("0.03", "(−1.09)")``; a plain addend is a single factor,
    ``("0.50",)``. Every term counts, also those a caption hides behind ``…``. The sum is exact; with ∞ or NaN among the
    terms it follows IEEE 754.
    """
    total = Decimal(0)
    for factors in terms:
        product = Decimal(1)
        for written in factors:
            product = _EXACT.multiply(product, _decimal(written))
        total = _EXACT.add(total, product)
    return agrees(total, result, *(written for factors in terms for written in factors))


@lru_cache(maxsize=8192)
def _decimal(text: str) -> Decimal:
    inner = text[1:-1] if text.startswith("(") and text.endswith(")") else text
    return Decimal(inner.replace(MINUS, "-").replace(INFINITY, "Infinity"))


# ── colour steps ─────────────────────────────────────────────────────────────


def value_range(*arrays: ArrayLike | Magnitudes) -> float:
    """The vmax of a tensor, or one shared by tensors that are compared cell by cell: max |v|, finite values only.

    At least 4 when everything is integral, so that a tensor of 0 and ±1 is not drawn at full strength. Never 0.
    """
    top, integral, _ = _joined(arrays)
    return max(top, 4.0) if integral else top


def greatest(values: NDArray[Any]) -> tuple[int, bool]:
    """Where among some values the first stands whose |v| is displayed as the largest; whether all are as large.

    What is not finite is least.
    """

    def sizes(block: NDArray[Any]) -> NDArray[np.float64]:
        with np.errstate(all="ignore"):
            exact = np.abs(block.astype(np.float64))
        return np.where(np.isfinite(exact), exact, -1.0)

    blocks = [values[k : k + _BLOCK] for k in range(0, len(values), _BLOCK)]
    least, most = zip(*((found.min(), found.max()) for found in map(sizes, blocks)), strict=True)
    tops = rounded(most, values.dtype)
    k = int(np.argmax(tops))
    place = int(np.argmax(rounded(sizes(blocks[k]), values.dtype)))
    return k * _BLOCK + place, bool(rounded(min(least), values.dtype) == tops[k])


def levels(values: ArrayLike, vmax: float | None = None, steps: int = 4) -> NDArray[np.int8]:
    """Diverging colour step −steps…steps of every value: sign(v) · ⌈steps · |v| / vmax⌉.

    0 only for 0, for what is less than 10⁻⁹ of ``vmax`` (float32: 10⁻⁶), and for NaN; ±Inf and whatever exceeds
    ``vmax`` are ±steps. ``vmax`` is `value_range` unless given.
    """
    top = value_range(values) if vmax is None else float(vmax)

    def step(block: NDArray[Any]) -> NDArray[Any]:
        sizes = _sizes(block, top)
        share = np.minimum(sizes / top, 1.0)
        full = np.maximum(np.ceil(share * steps - _SLACK), 1.0)
        return np.asarray(np.where(sizes > 0, np.where(block < 0, -full, full), 0.0))

    return _by_blocks(values, step)


def heat_levels(values: ArrayLike, top: float = 1.0) -> NDArray[np.int8]:
    """Step 0…5 of probabilities: ⌈6 p / top⌉ − 1 of p clipped to 0…top; 0 for NaN, and everywhere for a top of 0."""

    def step(block: NDArray[Any]) -> NDArray[Any]:
        share = np.clip(np.nan_to_num(rounded(block)) / (top if top > 0 else np.inf), 0.0, 1.0)
        return np.asarray(np.clip(np.ceil(share * 6 - _SLACK) - 1, 0, 5))

    return _by_blocks(values, step)


def grey_levels(values: ArrayLike, low: float, high: float) -> NDArray[np.int8]:
    """Step 0…31 of a photograph's values, ``low`` black and ``high`` white, clipped; 0 for NaN."""
    span = high / 2 - low / 2  # halves: high − low must not overflow

    def step(block: NDArray[Any]) -> NDArray[Any]:
        plain = rounded(block)
        half = np.nan_to_num(plain) / 2
        share = np.clip((half - low / 2) / span, 0.0, 1.0) if span > 0 else half > low / 2
        return np.asarray(np.rint(np.where(np.isnan(plain), 0.0, share) * (GREYS - 1)))

    return _by_blocks(values, step)


def _by_blocks(values: ArrayLike, step: Callable[[NDArray[Any]], NDArray[Any]]) -> NDArray[np.int8]:
    """``step`` of every value, some at a time: what it takes on its way does not grow with the tensor."""
    array = np.asarray(values)
    flat, out = array.reshape(-1), np.empty(array.size, np.int8)
    with np.errstate(all="ignore"):
        if array.size >= _MANY and array.dtype in _BITS:
            step = _compared(step, array.dtype)
        for first in range(0, array.size, _BLOCK):
            out[first : first + _BLOCK] = step(flat[first : first + _BLOCK])
    return out.reshape(array.shape)


def _compared(step: Callable[[NDArray[Any]], NDArray[Any]], dtype: np.dtype) -> Callable[..., NDArray[Any]]:
    """``step``, which grows with its value, by the least value of each colour, which halving finds once."""
    low, high, unknown = (int(colour) for colour in step(np.array([-np.inf, np.inf, np.nan], dtype)))
    below, least = (_ordered(np.full(high - low, end, dtype), dtype) for end in (-np.inf, np.inf))
    colours = np.arange(low + 1, high + 1)
    for _ in range(8 * dtype.itemsize):
        middle = (below >> 1) + (least >> 1) + (below & least & 1)
        reached = step(_ordered(middle, dtype).view(dtype)) >= colours
        below, least = np.where(reached, below, middle), np.where(reached, middle, least)
    limits = _ordered(least, dtype).view(dtype)

    def compared(block: NDArray[Any]) -> NDArray[Any]:
        found = np.full(block.shape, low, np.int8)
        for limit in limits:
            found += block >= limit
        found[np.isnan(block)] = unknown
        return found

    return compared


_BITS: dict[np.dtype, np.dtype] = {np.dtype("f4"): np.dtype("i4"), np.dtype("f8"): np.dtype("i8")}


def _ordered(values: NDArray[Any], dtype: np.dtype) -> NDArray[Any]:
    """The bits of floating-point numbers as integers in the same order, or back."""
    bits = values.view(_BITS[dtype])
    return np.asarray(bits ^ ((bits >> (8 * dtype.itemsize - 1)) & np.iinfo(bits.dtype).max))
