"""One place turns a value into text and colour: "0" is zero and nothing else, "=" only where the shown numbers say so.

A sum's last bits never show."""

from __future__ import annotations

import ast
import decimal
import math
import time
import tracemalloc
import unicodedata
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from layeranim import numbers
from layeranim.errors import InputError, OptionError
from layeranim.numbers import (
    Style,
    agrees,
    exact,
    factor,
    grey_levels,
    heat_levels,
    levels,
    relation,
    rounded,
    shape_text,
    style,
    text,
    texts,
    value_range,
    vanishes,
)

quick = settings(max_examples=120, deadline=None, derandomize=True)  # the same examples in every run
FINITE = st.floats(allow_nan=False, allow_infinity=False)
TAME = st.floats(-9999, 9999)
ARRAYS = hnp.arrays(np.float64, hnp.array_shapes(max_dims=3, max_side=5, min_side=0), elements=st.floats())
FLOATS = hnp.arrays(np.float64, st.integers(1, 12), elements=FINITE)
STYLES = st.builds(Style, st.integers(0, 4), st.booleans())


def read(written: str) -> Decimal:
    """A displayed number, read as a person would."""
    return Decimal(written.replace("−", "-"))


# ── rounding ─────────────────────────────────────────────────────────────────


@quick
@given(FINITE)
def test_rounded_is_the_double_nearest_to_nine_digits(value: float) -> None:
    got = float(rounded(value))
    if value:
        # Half-way between two 9-digit decimals either will do: one unit of the ninth digit, and the doubles' own grid.
        unit = Fraction(10) ** (Decimal(repr(value)).adjusted() - 8)
        assert abs(Fraction(got) - Fraction(value)) <= unit * Fraction(51, 100) + Fraction(math.ulp(value))
    assert len(Decimal(repr(got)).normalize().as_tuple().digits) <= 9
    assert float(rounded(got)) == got


def test_rounded_at_the_ends() -> None:
    values = [0.1 + 0.2, 1 / 3, 123456789012345.0, 1e22, 1e23, 1.23456789123e-30, 1.7976931348623157e308, 5e-324, -0.0]
    expected = [0.3, 0.333333333, 123456789000000.0, 1e22, 1e23, 1.23456789e-30, 1.79769313e308, 5e-324, 0.0]
    assert rounded(values).tolist() == expected
    assert not np.signbit(rounded(-0.0))
    kept = rounded([np.nan, np.inf, -np.inf])
    assert np.isnan(kept[0])
    assert kept[1:].tolist() == [np.inf, -np.inf]
    assert rounded([]).shape == (0,)
    assert rounded(3).shape == ()
    assert rounded(1 / 3, dtype=np.float32) == 0.333333
    assert rounded(np.array([[1 / 3]], dtype=">f4")).tolist() == [[0.333333]]
    assert rounded(np.array([True, False])).tolist() == [1.0, 0.0]
    assert rounded(np.arange(6)[::-2]).tolist() == [5.0, 3.0, 1.0]


def test_rounded_leaves_the_given_array_alone_and_refuses_what_is_no_number() -> None:
    given_ = np.array([-0.0, 1 / 3])
    given_.flags.writeable = False
    rounded(given_)
    assert np.signbit(given_[0])
    assert given_[1] == 1 / 3
    for wrong in (np.array([1j]), np.array(["1"]), np.array([None]), np.array(["2020"], dtype="M8[Y]")):
        with pytest.raises(InputError, match=str(wrong.dtype).replace("[", r"\[")):
            rounded(wrong)
        with pytest.raises(InputError, match="give real numbers"):
            levels(wrong, 1.0)


@quick
@given(hnp.arrays(np.float64, 5, elements=st.floats(-100, 100)), st.integers(-3, 3))
def test_the_last_bits_never_show(values: np.ndarray, ulps: int) -> None:
    # As a matrix product leaves them: decimals, give or take last bits of its largest term (0.1 + 0.2 − 0.3 is not 0).
    neat = np.append(np.round(values, 3), 100.0)
    noisy = neat + ulps * np.spacing(neat.max())
    assert style(noisy) == style(neat)
    assert texts(noisy, style(noisy)).tolist() == texts(neat, style(neat)).tolist()
    assert value_range(noisy) == value_range(neat)
    assert levels(noisy).tolist() == levels(neat).tolist()


@quick
@given(st.lists(st.integers(-99999, 99999), min_size=1, max_size=8), st.integers(1, 4))
def test_single_and_double_precision_give_the_same_text(numerators: list[int], places: int) -> None:
    double = np.array([n / 10**places for n in numerators])
    single = double.astype(np.float32)
    assert texts(single, style(single)).tolist() == texts(double, style(double)).tolist()
    assert levels(single).tolist() == levels(double).tolist()
    # … also when one element at a time is taken out as a Python float
    assert [text(float(v), style(single)) for v in single] == texts(single, style(single)).tolist()


# ── style ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("values", "options", "expected", "written"),
    [
        ([1, -2, 0], {}, (0, False), "1 −2 0"),
        ([1.0, -2.0, -0.0], {}, (0, False), "1 −2 0"),
        ([True, False], {}, (0, False), "1 0"),
        ([0.1 * 3 * 10], {}, (0, False), "3"),
        ([0.125, -1.17, 0], {}, (2, False), "0.12 −1.17 0"),
        ([9.99, 0.5], {}, (2, False), "9.99 0.50"),
        ([9.995, 0.5], {}, (1, False), "10.0 0.5"),
        ([-12.34, 0.06], {}, (1, False), "−12.3 0.1"),
        ([0.125, -1.17], {"pitch": 57}, (1, False), "0.1 −1.2"),
        ([0.125, -1.17], {"pitch": 58}, (2, False), "0.12 −1.17"),
        ([0.02, -0.01], {"pitch": 50}, (2, False), "0.02 −0.01"),
        ([0.125, 12], {"precision": 3}, (3, False), "0.125 12.000"),
        ([1, 2], {"precision": 2, "pitch": 50}, (2, False), "1.00 2.00"),
        ([1.5, 2.5], {"precision": 0}, (0, False), "2 2"),
        ([0.0004, -0.0004], {"precision": 2}, (2, False), "0.00 −0.00"),
        ([0.3, -2e-7, 1], {"precision": 0}, (0, False), "0.3 −2e−7 1"),
        ([100, 1e-8], {}, (0, False), "100 1e−8"),
        ([0, 1], {"kind": "probability"}, (2, False), "0 1.00"),
        ([0.004, 0.001], {"kind": "probability"}, (4, False), "0.0040 0.0010"),
        ([0.0052, 0.00002], {"kind": "probability"}, (4, False), "0.0052 0.0000"),
        ([0.0052, 0.001], {"kind": "probability", "pitch": 50}, (3, False), "0.005 0.001"),
        ([0.0052, 0.001], {"kind": "probability", "precision": 1}, (3, False), "0.005 0.001"),
        ([0.92, 0.08], {"kind": "probability", "precision": 0}, (1, False), "0.9 0.1"),
        ([0.97, 0.03], {"kind": "probability", "precision": 0}, (2, False), "0.97 0.03"),
        ([1, 0], {"kind": "probability", "precision": 0}, (0, False), "1 0"),
        ([0.7, 0.3], {"kind": "probability", "pitch": 50}, (1, False), "0.7 0.3"),
        ([-1, 1], {"kind": "gate"}, (2, False), "−1.00 1.00"),
        ([999999, -5], {}, (0, False), "999999 −5"),
        ([1000000, 0, 5], {}, (1, True), "1.0e6 0 5.0"),
        ([9999.9, 1], {}, (1, False), "9999.9 1.0"),
        ([9999.96, 1], {}, (1, True), "1.0e4 1.0"),
        ([12345.6], {"pitch": 50}, (0, True), "1e4"),
        ([1.25e7, 1], {"precision": 2}, (2, True), "1.25e7 1.00"),
        ([0.0051], {}, (2, False), "0.01"),
        ([0.005, -1e-9], {}, (1, True), "5.0e−3 −1.0e−9"),
        ([1e308, 5e-324], {}, (1, True), "1.0e308 4.9e−324"),
        ([np.nan, np.inf, -np.inf], {}, (0, False), "NaN ∞ −∞"),
        ([np.nan, 1e300 * 1e300, 0.5], {}, (2, False), "NaN ∞ 0.50"),
        ([], {}, (0, False), ""),
    ],
)
def test_one_style_for_a_whole_tensor(
    values: list[float], options: dict[str, object], expected: tuple[int, bool], written: str
) -> None:
    chosen = style(values, **options)  # type: ignore[arg-type]
    assert (chosen.decimals, chosen.scientific) == expected
    assert " ".join(texts(values, chosen)) == written.replace("4.9e−324", "5.0e−324")


@pytest.mark.parametrize("precision", [-1, 10])
def test_precision_has_bounds(precision: int) -> None:
    with pytest.raises(OptionError, match=f"{precision}.*0 to 9"):
        style([1.5], precision=precision)


@quick
@given(FLOATS, st.sampled_from([None, 50, 90]))
def test_no_fixed_number_needs_more_than_six_characters_and_a_sign(values: np.ndarray, pitch: int | None) -> None:
    chosen = style(values, pitch=pitch)
    written = [w.lstrip("−") for w in texts(values, chosen)]
    if chosen.scientific:
        assert max(map(len, written)) <= len("1.2e−308")
    else:
        assert max(map(len, written)) <= 6
        assert any(read(w) for w in written) or not rounded(values).any()
        places = {len(w.partition(".")[2]) for w in written if w != "0"}
        assert len(places) <= 1 or chosen.decimals == 0


# ── text ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("value", "chosen", "written"),
    [
        (0.125, Style(2), "0.12"),
        (0.135, Style(2), "0.14"),
        (0.285, Style(2), "0.28"),  # below the tie as a double, on it as a decimal
        (0.355, Style(2), "0.36"),
        (1.005, Style(2), "1.00"),
        (2.5, Style(0), "2"),
        (3.5, Style(0), "4"),
        (-0.004, Style(2), "−0.00"),
        (0.004, Style(2), "0.00"),
        (0.0, Style(2), "0"),
        (-0.04, Style(0), "−0.04"),
        (1e-17, Style(2, dust=1e-13), "0"),
        (1e-27, Style(2, dust=1e-13), "0.00"),  # a share or a power, no remainder of a sum
        (0.006, Style(2, dust=1.0), "0.01"),
        (-0.0, Style(1), "0"),
        (-0.005001, Style(2), "−0.01"),
        (996000, Style(1, True), "1.0e6"),
        (9.94, Style(0, True), "1e1"),
        (-1.25e-7, Style(1, True), "−1.2e−7"),
        (0.0, Style(2, True), "0"),
        (1e22, Style(1), "10000000000000000000000.0"),
        (np.float32(0.1), Style(9), "0.100000000"),
        (np.int8(-128), Style(0), "−128"),
        (np.True_, Style(2), "1.00"),
    ],
)
def test_text(value: float, chosen: Style, written: str) -> None:
    assert text(value, chosen) == written


def test_places_that_are_taken_lie_equally_far_apart_with_both_ends() -> None:
    assert [numbers.evenly(range(count), most) for count, most in ((9, 3), (6, 4), (3, 5), (1, 2), (0, 2))] == [
        [0, 4, 8], [0, 2, 3, 5], [0, 1, 2], [0], []
    ]  # fmt: skip


def test_a_structural_zero_is_no_data_zero() -> None:
    assert text(0.0, Style(2), structural_zero=True) == "0"
    assert text(0.004, Style(2), structural_zero=True) == "0"


@quick
@given(TAME, st.integers(0, 4))
def test_a_text_reads_back_within_half_a_unit(value: float, decimals: int) -> None:
    written = text(value, Style(decimals))
    assert abs(read(written) - Decimal(repr(float(rounded(value))))) <= Decimal((0, (5,), -decimals - 1))
    if read(written):
        assert text(float(read(written)), Style(decimals)) == written
    if decimals and value:
        assert len(written.partition(".")[2]) == decimals


@quick
@given(FINITE, st.integers(0, 4))
def test_a_scientific_text_reads_back_within_half_a_unit_of_its_mantissa(value: float, decimals: int) -> None:
    written = text(value, Style(decimals, scientific=True))
    off = abs(read(written) - Decimal(repr(float(rounded(value)))))
    if value:
        mantissa, _, exponent = written.partition("e")
        assert off <= Decimal((0, (5,), -decimals - 1)).scaleb(int(read(exponent or "0")))
        assert 1 <= abs(read(mantissa)) < 10
        assert len(mantissa.partition(".")[2]) == decimals
    else:
        assert written == "0"


@quick
@given(st.floats(), STYLES)
def test_a_text_uses_the_true_minus_and_keeps_the_sign(value: float, chosen: Style) -> None:
    written = text(value, chosen)
    assert not set(written) - set("0123456789.−e∞Na")
    assert written.startswith("−") == (value < 0)


@quick
@given(st.one_of(FINITE, st.floats(-0.01, 0.01), st.just(0.0)), STYLES)
def test_zero_alone_is_written_as_zero(value: float, chosen: Style) -> None:
    written = text(value, chosen)
    assert (written == "0") == (value == 0)
    assert vanishes(written) == (value != 0 and not read(written))
    assert agrees(Fraction(0), written) == ("=" if value == 0 else "≈")


@quick
@given(TAME, TAME, STYLES)
def test_texts_keep_the_order_of_values(a: float, b: float, chosen: Style) -> None:
    low, high = sorted((a, b))
    assert read(text(low, chosen)) <= read(text(high, chosen))


@quick
@given(ARRAYS, STYLES)
def test_texts_is_text_element_by_element(values: np.ndarray, chosen: Style) -> None:
    written = texts(values, chosen)
    assert written.shape == values.shape
    assert written.dtype == object
    assert written.ravel().tolist() == [text(v, chosen) for v in values.ravel().tolist()]


def test_texts_of_a_scalar_and_of_a_reversed_view() -> None:
    assert texts(3.14159, Style(2)).shape == ()
    assert texts(3.14159, Style(2)).item() == "3.14"
    assert texts(np.arange(6.0).reshape(2, 3).T[::-1], Style(0)).tolist() == [["2", "5"], ["1", "4"], ["0", "3"]]


def test_text_ignores_the_ambient_decimal_context() -> None:
    numbers._text.cache_clear()
    with decimal.localcontext(decimal.Context(prec=2, rounding=decimal.ROUND_UP)):
        assert text(123.454, Style(2)) == "123.45"
        assert relation([("123.45", "1.11")], "137.03") == "="
    numbers._text.cache_clear()


def test_small_words() -> None:
    assert (factor("−1"), factor("1"), factor("−1.20"), factor("NaN")) == ("(−1)", "1", "(−1.20)", "NaN")
    assert (shape_text((3, 4, 5)), shape_text([7]), shape_text(())) == ("3×4×5", "7", "scalar")
    names = {numbers.MINUS: "MINUS SIGN", numbers.TIMES: "MULTIPLICATION SIGN", numbers.INFINITY: "INFINITY"}
    assert {unicodedata.name(c): name for c, name in names.items()} == {name: name for name in names.values()}
    assert [unicodedata.name(c) for c in numbers.DOT] == ["THIN SPACE", "MIDDLE DOT", "THIN SPACE"]


# ── = or ≈ ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("terms", "result", "expected"),
    [
        ([("0.03", "(−1.09)"), ("0.41", "0.40")], "0.13", "="),  # 0.1313, to two decimals
        ([("0.03", "−1.09"), ("0.41", "0.40")], "0.14", "≈"),
        ([("2", "(−1)"), ("3",)], "1", "="),
        ([("1.5", "3")], "4", "≈"),  # an integer is taken at its word: 4.5 is not 4
        ([("0.50", "4.00")], "2", "="),
        ([("0.74",), ("0.01",), ("0.06",), ("0.18",)], "1.00", "≈"),
        ([("0.5", "0.25")], "0.12", "="),  # half to even
        ([("0.5", "0.25")], "0.13", "≈"),
        ([("0.5", "0.75")], "0.38", "="),
        ([("−0.5", "0.25")], "−0.12", "="),
        ([("0.01", "0.10")], "0.00", "≈"),  # 0.001 is not zero
        ([("0.01", "0.00"), ("1.00",)], "1.00", "≈"),
        ([("(−0.00)", "3"), ("1",)], "1", "≈"),
        ([("0.50", "0"), ("0", "(−0.50)")], "0", "="),
        ([], "0", "="),
        ([], "0.00", "≈"),
        ([("1.2e6",), ("1.0e2",)], "1.2e6", "="),
        ([("1.2e6",), ("6.0e4",)], "1.2e6", "≈"),
        ([("1.0e308",), ("1.0e−308",)], "1.0e308", "="),
        ([("1.0e308", "1.0e308", "1.0e−308", "1.0e−308")], "1.00", "="),
        ([("1.0e−3", "1.0e−3")], "0", "≈"),
        ([("∞",), ("1",)], "∞", "="),
        ([("∞", "(−1)")], "−∞", "="),
        ([("∞", "0")], "NaN", "="),
        ([("∞",), ("−∞",)], "NaN", "="),
        ([("NaN",), ("1",)], "NaN", "="),
        ([("1.0e308", "1.0e308")], "∞", "≈"),
        ([("1",)], "NaN", "≈"),
        ([("NaN",)], "1", "≈"),
        ([("∞",)], "1.0", "≈"),
    ],
)
def test_relation(terms: list[tuple[str, ...]], result: str, expected: str) -> None:
    assert relation(terms, result) == expected


@quick
@given(
    st.lists(st.lists(st.tuples(st.integers(-9999, 9999), st.integers(0, 3)), min_size=1, max_size=3), max_size=6),
    st.integers(1, 3),
    st.integers(-2, 2),
)
def test_relation_agrees_with_fractions(terms: list[list[tuple[int, int]]], decimals: int, nudge: int) -> None:
    written = [tuple(factor(text(n / 10**p, Style(p))) for n, p in factors) for factors in terms]
    total = Fraction(0)
    for factors in terms:
        product = Fraction(1)
        for n, p in factors:
            product *= Fraction(n, 10**p)
        total += product
    shown = round(total * 10**decimals) + nudge  # Fraction rounds half to even
    digits = f"{abs(shown):0{decimals + 1}d}"
    result = ("−" if shown < 0 else "") + f"{digits[:-decimals]}.{digits[-decimals:]}"
    assert relation(written, result) == ("=" if nudge == 0 and shown else "≈")
    assert agrees(total, result) == relation(written, result)


@quick
@given(hnp.arrays(np.float64, (2, 4), elements=st.floats(-9, 9)))
def test_integers_always_add_up(values: np.ndarray) -> None:
    x, w = np.rint(values)
    terms = list(zip(texts(x, style(x)), texts(w, style(w)), strict=True))
    result = text(float(x @ w), style(x @ w))
    assert relation(terms, result) == "="


def test_an_expression_that_is_no_sum_of_products() -> None:
    standardised = exact("1.5") * (exact("2.72") - exact("1.86")) / exact("0.68") + exact("0.5")
    assert agrees(standardised, "2.39") == "≈"
    assert agrees(standardised, "2.40") == "="
    assert exact("(−1.20)") == Fraction(-6, 5)
    assert exact("−∞") == -np.inf
    assert np.isnan(exact("NaN"))
    assert agrees(1 / (1 + np.exp(-1.6)), "0.83") == "="
    assert agrees((np.float64(0.1) + 0.2) * 10, "3") == "="
    assert agrees(float("inf"), "∞") == "="
    assert agrees(float("inf"), "0.50") == "≈"
    assert agrees(Fraction(1, 3), "0.33") == "="
    assert agrees(Fraction(1, 3), "0") == "≈"


def test_ten_thousand_terms_are_no_burden() -> None:
    terms = [(f"{n / 100:.2f}", f"−{n % 97 / 100:.2f}") for n in range(10_000)]
    start = time.process_time()
    relation(terms, "1.00")
    assert time.process_time() - start < 2.0  # measured 0.04 s; a quadratic sum takes minutes


# ── colour steps ─────────────────────────────────────────────────────────────


def test_levels_by_hand() -> None:
    assert levels([1, -1, 0, 4, 2]).tolist() == [1, -1, 0, 4, 2]
    assert levels([1, -1, 0]).tolist() == [1, -1, 0]  # small integers: vmax is at least 4
    assert levels([8, 2, 3, -5]).tolist() == [4, 1, 2, -3]
    assert levels([0.1, 0.2, 0.3, 0.4, -0.4, 0.11]).tolist() == [1, 2, 3, 4, -4, 2]
    assert levels(np.array([0.1, 0.2, 0.3, 0.4], np.float32)).tolist() == [1, 2, 3, 4]
    assert levels(np.array([1, 2, 3, 4]) / 3).tolist() == [1, 2, 3, 4]
    assert levels([np.nan, np.inf, -np.inf, 0.5]).tolist() == [0, 4, -4, 4]
    assert levels([0.5, 1e-9, 1e-10, -1e-300]).tolist() == [4, 1, 0, 0]
    assert levels(np.array([0.5, 1e-6, -1e-7], np.float32)).tolist() == [4, 1, 0]
    assert levels([1e-5, -1e-10], vmax=1.0).tolist() == [1, 0]
    assert levels([1e308, -1e308, 1.5]).tolist() == [4, -4, 0]
    assert levels([5e-324, -5e-324]).tolist() == [4, -4]
    assert levels([0.0, -0.0]).tolist() == [0, 0]
    assert levels([7.0, -7.0], vmax=0).tolist() == [4, -4]
    assert levels([0.5, -0.5, 3], vmax=2.0).tolist() == [1, -1, 4]
    assert levels([0.5, 1.5], vmax=5e-324).tolist() == [4, 4]
    assert levels([1, 2], steps=2).tolist() == [1, 1]
    assert levels([]).shape == (0,)
    assert levels(0.5).shape == ()
    assert levels([0.5]).dtype == np.int8


@quick
@given(ARRAYS, st.integers(1, 8))
def test_levels_are_symmetric_bounded_and_keep_the_sign(values: np.ndarray, steps: int) -> None:
    step = levels(values, steps=steps)
    assert step.shape == values.shape
    assert step.dtype == np.int8
    assert np.abs(step).max(initial=0) <= steps
    assert np.array_equal(levels(-values, steps=steps), -step)
    assert np.all(step[(values == 0) | np.isnan(values)] == 0)
    with np.errstate(over="ignore"):
        large = np.abs(values) > 2e-9 * value_range(values)
    assert np.all(np.sign(step[large]) == np.sign(values[large]))


@quick
@given(FLOATS)
def test_levels_grow_with_the_size_of_a_value(values: np.ndarray) -> None:
    order = np.argsort(np.abs(values))
    assert np.all(np.diff(np.abs(levels(values)).astype(int)[order]) >= 0)


@quick
@given(hnp.arrays(np.float64, 6, elements=st.floats(-1, 1)), st.floats(0.25, 4))
def test_levels_are_the_formula(values: np.ndarray, vmax: float) -> None:
    share = 4 * np.abs(values) / vmax
    inside = np.abs(share - np.rint(share)) > 1e-3  # away from the steps' edges
    values, share = values[inside], share[inside]
    assert np.abs(levels(values, vmax)).tolist() == np.minimum(np.ceil(share), 4).tolist()


def test_value_range_is_shared_and_ignores_what_is_not_finite() -> None:
    assert value_range([1, -1]) == 4
    assert value_range([1, -9]) == 9
    assert value_range([0.5, -0.25]) == 0.5
    assert value_range([1, 2], [0.5]) == 2
    assert value_range([0.5, np.nan], [np.inf, -3]) == 3
    assert value_range([np.nan]) == value_range([]) == value_range() == value_range([0.0]) == 4
    x, y = [0.5, 1.0], [2.0, 0.25]
    shared = value_range(x, y)
    assert levels(x, shared).tolist() == [1, 2]
    assert levels(y, shared).tolist() == [4, 1]


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_colours_of_many_numbers_are_those_of_each(kind: type, monkeypatch: pytest.MonkeyPatch) -> None:
    some = np.random.default_rng(0)
    values = np.concatenate([np.arange(-40, 41) / 8, 10.0 ** some.uniform(-44, 38, 200), -some.normal(size=200),
                             [np.nan, np.inf, -np.inf, -0.0]]).astype(kind)  # fmt: skip
    ways: list[Callable[[], Any]] = [lambda: levels(values, 2.0), lambda: levels(values, 0.3, 7),
                                     lambda: heat_levels(values, 0.7), lambda: grey_levels(values, -1, 3)]  # fmt: skip
    each = [way().tolist() for way in ways]
    monkeypatch.setattr(numbers, "_MANY", 0)
    assert [way().tolist() for way in ways] == each


def test_the_greatest_is_the_first_of_those_that_read_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numbers, "_BLOCK", 2)
    assert numbers.greatest(np.array([1.0, np.inf, 3, -7, 7 + 1e-12, 7, np.nan])) == (3, False)
    assert numbers.greatest(np.array([2.0, -2, 2 + 1e-12])) == (0, True)
    assert numbers.greatest(np.array([np.nan, 0.0, -0.0])) == (1, False)


def test_heat_levels_by_hand() -> None:
    sixths = np.arange(7) / 6
    assert heat_levels(sixths).tolist() == [0, 0, 1, 2, 3, 4, 5]
    assert heat_levels(sixths.astype(np.float32)).tolist() == [0, 0, 1, 2, 3, 4, 5]
    assert heat_levels([0.17, 0.5, 0.51, -1, 2, np.nan, np.inf, -np.inf]).tolist() == [1, 2, 3, 0, 5, 0, 5, 0]
    assert heat_levels([[0.2]]).shape == (1, 1)
    assert heat_levels(0.2).dtype == np.int8


def test_grey_levels_by_hand() -> None:
    assert grey_levels([0, 128, 255, -9, 999], 0, 255).tolist() == [0, 16, 31, 0, 31]
    assert grey_levels([np.nan, np.inf, -np.inf, 0], -1, 1).tolist() == [0, 31, 0, 16]
    assert grey_levels([-1e308, 0, 1e308], -1e308, 1e308).tolist() == [0, 16, 31]
    assert grey_levels([1.0, 2.0], 1, 1).tolist() == [0, 31]
    assert grey_levels(0.5, 0, 1).dtype == np.int8


@quick
@given(FLOATS)
def test_heat_and_grey_never_fall_as_values_grow(values: np.ndarray) -> None:
    values = np.sort(values)
    for step, most in ((heat_levels(values), 5), (grey_levels(values, values[0], values[-1]), 31)):
        assert np.all(np.diff(step.astype(int)) >= 0)
        assert 0 <= step.min() <= step.max() <= most


@quick
@given(ARRAYS)
@pytest.mark.filterwarnings("error")
def test_no_value_causes_a_warning(values: np.ndarray) -> None:
    with np.errstate(all="warn"):
        texts(values, style(values, pitch=50))
        levels(values)
        heat_levels(values)
        grey_levels(values, -1.0, 1.0)
        rounded(values.astype(np.longdouble) * 2)


def test_numbers_imports_numpy_the_standard_library_errors_and_records_alone() -> None:
    tree = ast.parse(Path(numbers.__file__).read_text(encoding="utf-8"))
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
    modules |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    ours = {module for module in modules if module.startswith("layeranim")}
    assert ours == {"layeranim.errors", "layeranim.records"}


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.uint8])
def test_a_block_at_a_time_is_as_all_at_once(monkeypatch: pytest.MonkeyPatch, dtype: Any) -> None:
    rng = np.random.default_rng(2)
    values = (rng.normal(size=(6, 7, 8)) * 50).astype(dtype).transpose(2, 0, 1)[::2]
    for some in (values, np.rint(values), values * 0, np.where(values > 20, np.nan, values)):
        whole = (numbers.style(some), numbers.value_range(some), numbers.levels(some).tolist(),
                 numbers.heat_levels(some, 3).tolist(), numbers.grey_levels(some, -9, 80).tolist())  # fmt: skip
        monkeypatch.setattr(numbers, "_BLOCK", 5)
        parts = (numbers.style(some), numbers.value_range(some), numbers.levels(some).tolist(),
                 numbers.heat_levels(some, 3).tolist(), numbers.grey_levels(some, -9, 80).tolist())  # fmt: skip
        monkeypatch.undo()
        assert whole == parts


def test_how_numbers_are_written_takes_little_memory() -> None:
    values = np.random.default_rng(0).normal(size=(1000, 1000))
    tracemalloc.start()
    numbers.style(values)
    numbers.levels(values)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < values.nbytes
