"""Arrays and array-likes of the caller: copied, never changed, or refused."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from layeranim.inputs import Source, read

Refused = Callable[..., str]
Sound = Callable[[Source], None]


@pytest.mark.parametrize(("given", "kept"), [("f2", "f4"), (">f2", "f4"), ("longdouble", "f8")])
def test_other_floats_become_float32_or_float64(given: str, kept: str, sound: Sound) -> None:
    values = np.array([1.5, -0.0, np.nan, np.inf], given)
    stored = io.BytesIO()
    np.save(stored, values)
    for found in (read(values), read("-", stdin=io.BytesIO(stored.getvalue()))):
        sound(found)
        assert found.array.dtype == kept
        assert found.array.tobytes() == np.array([1.5, -0.0, np.nan, np.inf], kept).tobytes()


def test_a_longdouble_beyond_float64_is_refused(refused: Refused) -> None:
    most = np.finfo(np.longdouble).max
    if most > np.finfo(np.float64).max:
        refused(lambda: read(np.array([1, most])), "values beyond float64", "scale them below 1.8e308")
    else:  # where the C compiler has no wider type than double
        assert read(np.array([1, most])).array[1] == np.finfo(np.float64).max


def test_the_callers_array_is_copied_and_unchanged(sound: Sound) -> None:
    base = np.arange(24.0).reshape(4, 6)
    base.setflags(write=False)
    for array in (base, base[::2, ::-1], base.T, base.astype(">f4"), np.asfortranarray(base), base.view(np.recarray)):
        before = (array.tobytes(), array.dtype, array.flags.writeable, array.strides)
        found = read(array)
        sound(found)
        assert type(found.array) is np.ndarray
        assert not np.shares_memory(found.array, array)
        assert np.array_equal(found.array, array)
        assert (found.name, found.kind) == ("array", "array")
        assert (array.tobytes(), array.dtype, array.flags.writeable, array.strides) == before


def test_array_likes() -> None:
    class Tensor:
        """As PyTorch's: NumPy may not touch it before it is detached and on the CPU."""

        def __init__(self, dtype: str, steps: str = "") -> None:
            self.dtype, self.steps = dtype, steps

        def detach(self) -> Tensor:
            return Tensor(self.dtype, self.steps + "d")

        def cpu(self) -> Tensor:
            return Tensor(self.dtype, self.steps + "c")

        def float(self) -> Tensor:
            return Tensor("torch.float32", self.steps + "f")

        def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
            assert self.dtype == "torch.float32"
            assert self.steps.startswith("dc")
            return np.array([1, 2], np.float32)

    for dtype in ("torch.float32", "torch.bfloat16"):
        found = read(Tensor(dtype))
        assert found.array.dtype == np.float32
        assert (found.array.tolist(), found.kind) == ([1, 2], "array")
    assert read([[1, 2], [3, 4]]).array.dtype == np.int64
    assert (read([[1, 2.5]]).kind, read([[1, 2.5]]).array.tolist()) == ("literal", [[1, 2.5]])
    assert read(((True, False),)).array.dtype == np.bool_
    assert read(memoryview(b"\1\2")).array.tolist() == [1, 2]
    assert read(range(3)).array.tolist() == [0, 1, 2]


class Broken:
    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        raise SystemError("\x1b[2J")


CYCLE: list[Any] = []
CYCLE.append(CYCLE)


@pytest.mark.parametrize(
    ("value", "pieces"),
    [
        (3, ("input 'int': is a single number", "[[7]]")),
        (np.float64(3), ("input 'float64': is a single number",)),
        ([], ("input 'list': is empty, its shape is (0)", "at least one cell")),
        (np.ones((3, 0)), ("input 'ndarray': is empty, its shape is (3, 0)",)),
        ([[1, 2], [3]], ("cannot be made an array", "row 2 has 1 values, row 1 has 2")),
        ([1, [2]], ("cannot be made an array", "lists of numbers of one length")),
        (CYCLE, ("input 'list': ",)),
        ([1j], ("complex numbers (dtype complex128)", "abs(x)")),
        (["1", "2"], ("holds text", "astype(float)")),
        ([None], ("(dtype object)", "astype(float)")),
        (None, ("input 'NoneType': holds Python objects",)),
        ({"a": 1}, ("input 'dict': holds Python objects",)),
        (b"12", ("input 'bytes': holds text",)),
        ([10**30], ("holds Python objects",)),
        (np.array(["2020-01-01"], "M8[D]"), ("holds dates", "int64")),
        (np.zeros(2, [("a", "f4")]), ("structured", "x['name']")),
        (np.ma.masked_array([1, 2], [True, False]), ("is a masked array", "filled(np.nan)")),
        (np.ones((1,) * 9), ("has 9 axes, at most 8",)),
        (Broken(), ("input 'Broken': cannot be made an array of numbers",)),
    ],
)
def test_refused_values(refused: Refused, value: Any, pieces: tuple[str, ...]) -> None:
    refused(lambda: read(value), *pieces)


def test_sources_are_equal_when_their_numbers_and_names_are() -> None:
    assert read("1 2") == read("1 2.0")
    assert read("1 2") != read("1 3")
    assert read("0 1") != read("-0.0 1")
    assert read([[1, 2]]) != read([[1], [2]])
    assert len({read("1 2"), read("1 2"), read("1;2")}) == 2
    assert "array" not in repr(read("1 2"))
