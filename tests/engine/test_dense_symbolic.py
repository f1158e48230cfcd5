"""Letters for numbers in a dense layer: every label stands for the number in its cell."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest

from layeranim import api, catalog
from layeranim.engine import archive
from layeranim.engine.dense import DENSE
from layeranim.engine.symbolic import evaluate, labelled
from layeranim.engine.trace import Trace
from layeranim.errors import OptionError, ShapeError

NAMES = ("products", "weighted_sum", "pre_activation", "output")


def names(letter: str, shape: tuple[int, ...]) -> Any:
    return np.array([f"{letter}{i}" for i in range(int(np.prod(shape)))]).reshape(shape)


def made(activation: str, bias: bool, dtype: Any = np.float64) -> tuple[Trace, dict[str, float]]:
    """A labelled layer with seeded values, and the value of every letter."""
    rng = np.random.default_rng(4)
    arrays = {"input": rng.normal(size=(3, 4)), "weight": rng.normal(size=(2, 4))} | (
        {"bias": rng.normal(size=2)} if bias else {}
    )
    arrays = {name: array.astype(dtype) for name, array in arrays.items()}
    letters = {name: names(name[0], array.shape) for name, array in arrays.items()}
    values = {
        str(n): float(v) for name, array in arrays.items() for n, v in zip(letters[name].flat, array.flat, strict=True)
    }
    trace = DENSE.compute(DENSE.config.of({"activation": activation}), arrays)
    return labelled(trace, **letters), values


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("activation", ["linear", "relu", "tanh", "gelu-tanh", "softmax", "log-softmax"])
def test_every_label_evaluates_to_its_number(activation: str, bias: bool) -> None:
    trace, values = made(activation, bias)
    for name in NAMES:
        found = trace.tensor(name).labels
        assert found is not None
        numbers = [evaluate(str(label), values) for label in found.flat]
        np.testing.assert_allclose(numbers, trace[name].ravel(), rtol=1e-12, atol=1e-15)


def test_labels_are_saved_and_read_back() -> None:
    trace, _ = made("softmax", bias=True)
    for suffix in archive.SUFFIXES:
        again = archive.load(io.BytesIO(archive.dumps(trace, suffix)), catalog.layer)
        assert archive.same(trace, again)
        for name in NAMES:
            assert np.array_equal(again.tensor(name).labels, trace.tensor(name).labels)  # type: ignore[arg-type]


def test_letters_beside_seeded_values() -> None:
    trace = api.trace("dense", input_size=2, units=2, labels={"input": "x y", "weight": "a b; c d", "bias": "p q"})
    assert trace.tensor("output").labels.tolist() == [["xa + yb + p", "xc + yd + q"]]  # type: ignore[union-attr]
    values = dict(zip("xy", trace["input"].flat, strict=True)) | dict(zip("abcd", trace["weight"].flat, strict=True))
    values |= dict(zip("pq", trace["bias"], strict=True))
    assert [evaluate(t, values) for t in ("xa + yb + p", "xc + yd + q")] == pytest.approx(trace["output"][0])
    neuron = api.trace(
        "neuron",
        input=[[2, 3]],
        weight=[[4, 5]],
        bias=False,
        activation="step",
        labels={"input": "x y", "weight": "a b"},
    )
    assert neuron.tensor("output").labels.tolist() == [["step(xa + yb)"]]  # type: ignore[union-attr]


def test_labels_that_do_not_fit_are_refused() -> None:
    with pytest.raises(OptionError, match="labels are given for input, but are needed for input, weight, bias"):
        api.trace("dense", labels={"input": "x y z"})
    with pytest.raises(OptionError, match="pool takes no labels; conv, dense, neuron do"):
        api.trace("pool", labels={"input": "x"})
    with pytest.raises(ShapeError, match="labels of input have shape 2, but input is 1×3"):
        api.trace(
            "neuron", input=[1, 2, 3], weight=[1, 2, 3], bias=False, labels={"input": ["x", "y"], "weight": "a b c"}
        )
    with pytest.raises(ShapeError, match="at most 10000 products, but there are 40000"):
        api.trace("dense", input_size=200, units=200, labels={"input": "x", "weight": "a", "bias": "b"})
