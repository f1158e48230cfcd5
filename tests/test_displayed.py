"""Many displayed numbers at once say what their texts say one by one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layeranim import displayed, numbers
from layeranim.numbers import Style
from tests.clocks import quick

SIZES = st.floats(allow_nan=False, allow_infinity=False) | st.floats(-20, 20) | st.integers(-1000, 1000).map(float)
HALVES = st.integers(-4000, 4000).map(lambda k: k / 8) | st.integers(-4000, 4000).map(lambda k: k / 1000)
VALUES = st.lists(SIZES | HALVES | st.sampled_from([0.0, -0.0, math.inf, -math.inf, math.nan]), min_size=1, max_size=6)
STYLES = st.builds(
    Style, st.integers(0, 9), st.booleans(), st.sampled_from([6, 9]), st.sampled_from([0.0, 1e-12, 1e-3])
)
KINDS = st.sampled_from([np.float64, np.float32])


def texts(values: Any, style: Style) -> list[str]:
    return [str(text) for text in numbers.texts(values, style)]


@given(VALUES, VALUES, STYLES, STYLES, KINDS, st.data())
def test_an_array_says_what_its_texts_say(
    left: list[float], right: list[float], first: Style, second: Style, kind: Any, data: st.DataObject
) -> None:
    most = min(len(left), len(right))
    with np.errstate(all="ignore"):
        a, b = np.array(left[:most], kind), np.array(right[:most], kind)
        totals = [float(np.dot(a, b)), float(np.dot(a, b)) + 0.01, 0.0]
    terms: Sequence[tuple[str, ...]] = [*zip(texts(a, first), texts(b, second), strict=True), ("0.25",)]
    shown = numbers.text(data.draw(st.sampled_from(totals)), first)
    assert displayed.relation([((a, first), (b, second))], ["0.25"], shown) == numbers.relation(terms, shown)
    read, lost = displayed.doubles(a, first)
    np.testing.assert_array_equal(read, [numbers.double(text) for text in texts(a, first)])
    assert lost == any(map(numbers.vanishes, texts(a, first)))
    plain = [(text,) for text in texts(a, first)]
    assert displayed.relation([((a, first),)], [], shown) == numbers.relation(plain, shown)


@pytest.mark.parametrize("style", [Style(0), Style(2), Style(3), Style(1, scientific=True)])
def test_a_sum_that_is_right_and_one_that_is_not(style: Style) -> None:
    values = np.arange(-300, 700) / 8
    total = sum(numbers.exact(text) for text in texts(values, style))
    shown = numbers.text(float(total), Style(9))
    off = numbers.text(float(total) + 1, Style(9))
    zero = [vanishing for text in texts(values, style) if (vanishing := numbers.vanishes(text))]
    assert displayed.relation([((values, style),)], [], shown) == ("≈" if zero else "=")
    assert displayed.relation([((values, style),)], [], off) == "≈"


def test_a_million_products_are_soon_added_up() -> None:
    rng = np.random.default_rng(0)
    left, right = rng.normal(size=10**6), rng.integers(-3, 4, 10**6).astype(float)
    with quick(10):
        assert displayed.relation([((left, Style(2)), (right, Style(0)))], [], "0.5") == "≈"
