"""What the stamps of a transposed convolution have made so far: each stamp by itself, in any order of reading."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import layeranim as la
from layeranim.engine.trace import Region
from tests.engine.family import replays

RNG = np.random.default_rng(3)
CASES: list[tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]] = [
    ((1, 1, 2, 2), (1, 1, 2, 2), {}),
    ((2, 4, 3, 2), (4, 3, 2, 3), {"groups": 2, "stride": 2, "dilation": 2, "padding": 1}),
    ((1, 3, 1, 3), (3, 2, 1, 2), {"stride": (1, 3)}),
]


@pytest.mark.parametrize(("shape", "taps", "options"), CASES)
def test_after_a_cell_the_output_is_that_of_the_cells_up_to_it(
    shape: tuple[int, ...], taps: tuple[int, ...], options: dict[str, Any]
) -> None:
    x, kernel = RNG.normal(size=shape), RNG.normal(size=taps)
    trace = replays(la.trace("conv-transpose", input=x, kernel=kernel, **options))
    for unit, here in enumerate(np.ndindex(*shape[1:])):
        some = np.where(np.arange(x[0].size).reshape(shape[1:]) <= unit, x, 0)
        expected = la.trace("conv-transpose", input=some, kernel=kernel, **options)["full"]
        assert np.allclose(trace["painted"][(slice(None), *here)], expected)


def test_it_is_read_in_any_order_and_in_part() -> None:
    trace = la.trace("conv-transpose", input=RNG.normal(size=(2, 2, 2, 2)), kernel=RNG.normal(size=(2, 3, 2, 2)))
    whole = trace["painted"]
    for where in ({"in_channels": 1, "height": 1, "width": 1}, {"in_channels": 0, "height": 0, "width": 1}):
        part = trace.read(Region.of("painted", batch=1, **where, out_channels=range(1, 3), full_width=range(0, 3, 2)))
        assert np.array_equal(part, whole[(1, *where.values())][1:3][..., 0:3:2])


def test_what_is_no_number_stays_where_its_stamp_lies() -> None:
    trace = la.trace("conv-transpose", input=[[1, np.nan]], kernel=[[1, 2]])
    assert np.array_equal(trace["painted"][0, 0, 0, 0, 0], [[1, 2, 0]])
    assert np.array_equal(trace["painted"][0, 0, 0, 1, 0], [[1, np.nan, np.nan]], equal_nan=True)
