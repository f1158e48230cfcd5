"""Trace, Tensor, Region, Steps: addressing by name, recipes, one size for one axis name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from layeranim.engine.array import common, numeric, shape_text
from layeranim.engine.option import Config
from layeranim.engine.trace import Recipe, Region, Step, Steps, Tensor, Trace, cell, count, kept, tensors
from layeranim.errors import ShapeError

GRID = Tensor("grid", ("height", "width"), "input", np.arange(12.0).reshape(3, 4))


def trace(*items: Tensor, steps: Any = ()) -> Trace:
    return Trace("test", Config(), tensors(*items), steps, {"answer": 42})


def test_a_region_takes_integers_away_keeps_ranges_and_the_rest_whole() -> None:
    assert GRID.read(Region.of("grid", height=1, width=2)) == 6
    assert GRID.read(Region.of("grid", width=range(0, 4, 2))).tolist() == [[0, 2], [4, 6], [8, 10]]
    assert GRID.read(Region.of("grid", height=range(2, 3), width=3)).tolist() == [11]
    assert GRID.read(Region("grid")).shape == (3, 4)
    assert Region.of("grid", width=3)["width"] == 3
    assert Region.of("grid", width=3) == Region("grid", (("width", 3),))


def test_an_unknown_axis_is_refused() -> None:
    with pytest.raises(ShapeError, match="grid has no axis depth; its axes are height, width"):
        GRID.read(Region.of("grid", depth=1))


def test_tensors_are_read_only_without_touching_the_callers_array() -> None:
    mine = np.zeros(3)
    tensor = Tensor("x", ("n",), "input", mine)
    with pytest.raises(ValueError, match="read-only"):
        tensor.array[0] = 1
    mine[0] = 1
    assert mine.flags.writeable
    with pytest.raises(ShapeError, match="x has axes"):
        Tensor("x", ("n", "m"), "input", mine)


def test_a_recipe_is_computed_where_it_is_read() -> None:
    asked: list[Any] = []

    def read(index: Any) -> Any:
        asked.append(index)
        return np.arange(12.0).reshape(3, 4)[index] * 2

    tensor = Tensor("double", ("height", "width"), "intermediate", Recipe((3, 4), np.dtype(float), read))
    assert (tensor.shape, tensor.dtype, tensor.is_recipe, GRID.is_recipe) == ((3, 4), np.float64, True, False)
    assert asked == []
    assert tensor.read(Region.of("double", height=2, width=range(1, 3))).tolist() == [18, 20]
    assert asked == [(2, slice(1, 3, 1))]
    assert tensor.array.shape == (3, 4)


def test_a_trace_is_a_mapping_of_arrays() -> None:
    t = trace(GRID, Tensor("row", ("width",), "output", np.ones(4)))
    assert list(t) == ["grid", "row"]
    assert len(t) == 2
    assert t["row"].tolist() == [1, 1, 1, 1]
    assert t.axes("grid") == ("height", "width")
    assert (t.size("height"), t.size("width")) == (3, 4)
    assert t.read(Region.of("grid", height=0)).tolist() == [0, 1, 2, 3]
    with pytest.raises(KeyError, match="test has no tensor 'colum'; it has grid, row"):
        t["colum"]
    with pytest.raises(KeyError, match="depth"):
        t.size("depth")


def test_an_axis_name_has_one_size() -> None:
    with pytest.raises(ShapeError, match="axis width is 4 in grid and 5 in row"):
        trace(GRID, Tensor("row", ("width",), "output", np.ones(5)))


def test_steps_are_made_on_demand() -> None:
    made: list[int] = []

    def make(i: int) -> Step:
        made.append(i)
        return Step("copy", (), Region("out", (("n", i),)))

    steps = Steps(10**12, make)
    assert len(steps) == 10**12
    assert made == []
    assert steps[-1].writes["n"] == 10**12 - 1
    part = steps[5:100:10][1:]
    assert made == [10**12 - 1]
    assert (len(part), part[0].writes["n"], part[-1].writes["n"]) == (9, 15, 95)
    with pytest.raises(IndexError, match="step 1000000000000 of 1000000000000"):
        steps[10**12]
    with pytest.raises(IndexError):
        part[9]
    assert [s.writes["n"] for s in Steps(3, make)] == [0, 1, 2]


def test_steps_one_after_another() -> None:
    def named(name: str, n: int) -> Steps:
        return Steps(n, lambda i: Step(name, (), Region(str(i))))

    chain = Steps.chain(named("a", 2), named("b", 0), named("c", 3))
    assert [(s.operation, s.writes.tensor) for s in chain] == [
        ("a", "0"),
        ("a", "1"),
        ("c", "0"),
        ("c", "1"),
        ("c", "2"),
    ]
    assert chain[-1].operation == "c"
    assert len(Steps.chain()) == 0


def test_arithmetic_of_places() -> None:
    for flat in range(24):
        assert cell(flat, (2, 3, 4)) == tuple(int(n) for n in np.unravel_index(flat, (2, 3, 4)))
    assert (count((2, 3, 4)), count(())) == (24, 1)
    assert kept((1, slice(None), slice(0, 9, 2)), (3, 2, 5)) == (1, range(2), range(0, 5, 2))


def test_numbers_at_the_door() -> None:
    mine = np.arange(6, dtype=">i2").reshape(2, 3).T
    taken = numeric("x", mine)
    assert taken.dtype == np.float64
    assert taken.dtype.isnative
    assert taken.flags.c_contiguous
    assert not taken.flags.writeable
    np.testing.assert_array_equal(taken, mine)
    types = {np.float16: np.float32, np.float32: np.float32, np.bool_: np.float64, np.uint8: np.float64}
    for given, kind in types.items():
        assert numeric("x", np.ones(2, given)).dtype == kind
    assert numeric("x", 3).shape == ()
    assert common(numeric("x", np.float32(1)), None) == np.float32
    assert common(numeric("x", np.float32(1)), numeric("y", 1.0)) == np.float64
    assert (shape_text((3, 4)), shape_text(())) == ("3×4", "()")


def test_whether_there_is_a_tensor_computes_none() -> None:
    def read(index: Any) -> Any:
        raise AssertionError("it was computed")

    lazy = Tensor("lazy", ("n",), "intermediate", Recipe((3,), np.dtype(float), read))
    assert "lazy" in trace(lazy)
    assert "other" not in trace(lazy)


def test_a_trace_has_a_table_of_its_tensors() -> None:
    output = Tensor("total", (), "output", np.array(66))
    table = trace(GRID, output).table()
    assert repr(table) == (
        "tensor  role    axes                type\n"
        "grid    input   height 3 × width 4  float64\n"
        "total   output                      int64"
    )
    assert (len(table), table[1], list(table[:1])) == (2, output, [GRID])
    assert repr(table[1:]) == "tensor  role    axes  type\ntotal   output        int64"
