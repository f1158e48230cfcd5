"""Whatever is given for an option or an array of any layer: a trace without a warning, or one line why not."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from layeranim import catalog
from layeranim.errors import OptionError, UsageError
from tests.engine.test_every_layer import NAMES, given, layer

WRONG: tuple[Any, ...] = (
    None, True, [True], 0, -1, -(10**6), 10**30, 2**63, 2.5, -0.5, float("nan"), float("inf"), 1j, "", "x", "nan",
    "1e400", "-3", "٣", "1_0", "a\nb", "9" * 30, b"2", [], (), (1, -1), (1,) * 7, [[1]], [None], ((1, 2), (3,)), {},
    {1: 2}, set(), object(), np.array([1, 2]), np.float32(2.5), np.bool_(True), np.int64(-2), range(3),
)  # fmt: skip


class Unreadable:
    """What another library's tensor on a device does."""

    def __array__(self, *wanted: Any, **more: Any) -> Any:
        raise RuntimeError("it is on a device;\ncopy it first")


def quietly(call: Callable[[], object]) -> str | None:
    """The one line of a refusal; ``None`` where it was taken. Any other exception, or a warning, fails."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            call()
        except UsageError as error:
            said = str(error)
        else:
            return None
    assert said.isprintable(), said
    return said


@pytest.mark.parametrize("name", NAMES)
def test_every_value_of_every_option_is_taken_or_refused_by_name(name: str) -> None:
    config, arrays = given(name)
    kind: Any = layer(name)
    for item in config.options():
        for wrong in WRONG:
            refusal = quietly(lambda: dataclasses.replace(config, **{item.name: wrong}))  # noqa: B023
            if refusal is None:
                changed = dataclasses.replace(config, **{item.name: wrong})
                quietly(lambda: kind.compute(changed, arrays))  # noqa: B023
            else:
                assert item.name in refusal, (item.name, wrong, refusal)
        if item.default is not None:
            with pytest.raises(OptionError, match=f"{item.name} is None, but must have a value"):
                dataclasses.replace(config, **{item.name: None})


def wrong_arrays(right: Any) -> Iterator[Any]:
    """Arrays of wrong types, ranks and sizes, and of numbers at the ends of what there is."""
    yield from (right + 1j, right.astype(object), right.astype(str), np.array(["2020-01-01"], "M8[D]"), np.zeros((0,)))
    yield from (np.zeros((*right.shape[:-1], 0)), np.array(1.0), True, "hello", "3", [[1, 2], [3]], {}, {1, 2}, [None])
    yield from (
        Unreadable(),
        object(),
        np.ones((1,) * 7),
        np.ones((1,) * 32),
        right[None],
        np.repeat(right[None, None], 2, 0),
    )
    yield from (np.zeros(right.shape, [("x", "f8")]), np.full(right.shape, np.longdouble(10) ** 400), [10**400])
    yield np.ma.masked_array(right, np.ones(right.shape, bool))
    for axis in range(right.ndim):
        yield np.concatenate([right, np.take(right, [0], axis)], axis)
        yield np.take(right, range(right.shape[axis] - 1), axis)
    yield from (right.T, right.ravel(), right[0] if right.ndim else right)
    for value in (-3.0, 0.5, 1e9, 1e308, -1e308, 5e-324, np.nan, np.inf):
        yield np.full(right.shape, value)
    yield np.full(right.shape, 3e38, np.float32)


@pytest.mark.parametrize("name", NAMES)
def test_every_array_is_taken_or_refused_in_one_line_and_stays_as_it_was(name: str) -> None:
    config, arrays = given(name)
    kind: Any = layer(name)
    for key, right in arrays.items():
        for wrong in wrong_arrays(right):
            before = wrong.copy() if isinstance(wrong, np.ndarray) else None

            def run(key: str = key, wrong: Any = wrong) -> None:
                trace = kind.compute(config, {**arrays, key: wrong})
                for tensor in trace:
                    assert trace[tensor] is not None

            refusal = quietly(run)
            if isinstance(wrong, np.ma.MaskedArray):
                assert refusal is not None
                assert "masked" in refusal
            if before is not None:
                assert before.tobytes() == wrong.tobytes()
        refusal = quietly(lambda: kind.compute(config, {n: a for n, a in arrays.items() if n != key}))  # noqa: B023
        assert refusal is None or key in refusal


@pytest.mark.parametrize(
    ("name", "options", "key", "shape"),
    [
        ("embedding", {}, "ids", (2, 3)), ("cross-entropy", {}, "target", (1,)),
        ("training", {"epochs": 1}, "target", (12,)),
        ("backprop", {}, "target", (1,)), ("cnn-backprop", {}, "target", (1,)), ("lstm", {}, "lengths", (1,)),
        ("gru", {}, "lengths", (1,)), ("rnn", {}, "lengths", (1,)), ("seq2seq", {}, "lengths", (1,)),
        ("attention", {"mask_kind": "boolean"}, "mask", None),
    ],
)  # fmt: skip
def test_class_ids_lengths_and_masks_are_what_they_must_be(name: str, options: Any, key: str, shape: Any) -> None:
    kind: Any = layer(name)
    config, arrays = kind.config.of(options), given(name)[1]
    for value in (-3.0, 0.5, 1e9, np.nan, np.inf):
        full = shape or kind.compute(config, arrays)["scores"].shape[-2:]
        refusal = quietly(lambda: kind.compute(config, {**arrays, key: np.full(full, value)}))  # noqa: B023
        assert refusal is not None, value
        assert key in refusal, refusal
        assert f"{value:g}" in refusal or str(value) in refusal, refusal


@pytest.mark.parametrize(
    ("words", "pieces"),
    [
        (["conv", "--stride", "0"], ("stride", "0", "1")),
        (["conv", "--stride", "1.5"], ("stride", "1.5")),
        (["conv", "--input", "1 2; 3 4", "--kernel", "1 1 1; 1 1 1; 1 1 1"], ("kernel_size", "3", "2")),
        (["conv", "--groups", "2", "--in-channels", "3"], ("groups", "2", "3")),
        (["dropout", "--rate", "1"], ("rate", "1")),
        (["embedding", "--ids", "0 9", "--vocabulary", "4"], ("ids", "9", "3")),
        (["attention", "--heads", "3", "--key-heads", "2"], ("key_heads", "2", "3")),
        (["loss", "--mode", "binary", "--prediction", "0.5 2", "--target", "1 0"], ("prediction", "2", "1")),
        (["lstm", "--hidden", "-2"], ("hidden", "-2", "1")),
        (["positional-encoding", "--positions", "1000000000"], ("1000000000", "--max-memory")),
    ],
)
def test_the_command_line_says_the_same_in_one_line_also_under_python_o(
    words: list[str], pieces: tuple[str, ...]
) -> None:
    command = [sys.executable, "-O", "-W", "error", "-m", "layeranim", "trace", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    for piece in pieces:
        assert piece in done.stderr


def test_a_filter_of_a_depthwise_layer_reads_one_channel() -> None:
    depthwise = catalog.layer("depthwise")
    with pytest.raises(UsageError, match="depthwise_kernel has 2 group_channels, but must have 1"):
        depthwise.compute(depthwise.config(), {"input": np.ones((1, 3, 5, 5)),
                                               "depthwise_kernel": np.ones((3, 2, 3, 3)),
                                               "pointwise_kernel": np.ones((4, 3))})  # fmt: skip
