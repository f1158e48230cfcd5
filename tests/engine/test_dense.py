"""Dense, neuron, bilinear and embedding layers: PyTorch, closed formulas, slopes, refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layeranim.engine.activations import ACTIVATIONS
from layeranim.engine.bilinear import BILINEAR, BilinearConfig
from layeranim.engine.dense import DENSE, NEURON, DenseConfig, NeuronConfig, steps_of
from layeranim.engine.embedding import EMBEDDING, EmbeddingConfig
from layeranim.engine.trace import Array, Region
from layeranim.errors import ShapeError
from tests.engine.family import (
    HAS_TORCH,
    fresh_agree,
    maker,
    proven,
    refused,
    replays,
    slopes,
    stored_agree,
    takes_any_array,
)

LAYERS = {layer.name: layer for layer in (DENSE, BILINEAR, EMBEDDING)}
RNG = np.random.default_rng(5)
X, W, B = RNG.normal(size=(2, 4)), RNG.normal(size=(3, 4)), RNG.normal(size=3)
X2, W2 = RNG.normal(size=(2, 5)), RNG.normal(size=(3, 4, 5))
WORDS = {"ids": [[0, 3, 3], [1, 0, 3]], "table": RNG.normal(size=(5, 2))}


def dense(**options: Any) -> dict[str, Any]:
    return {"input": X, "weight": W, "bias": B, **options}


def test_stored_cases_agree_with_pytorch() -> None:
    cases = stored_agree("dense", LAYERS, 200)
    assert {case["layer"] for case in cases} == set(LAYERS)


if HAS_TORCH:

    def test_fresh_cases_agree_with_pytorch() -> None:
        fresh_agree(maker("dense"), LAYERS, 1, 60)


def test_one_neuron_term_by_term() -> None:
    trace = proven(NEURON, NEURON.compute(NeuronConfig(), {"input": [1, 2, 3], "weight": [0.5, -1, 2], "bias": 0.25}))
    assert trace["products"].tolist() == [[[0.5, -2, 6]]]
    assert trace["weighted_sum"].tolist() == [[4.5]]
    assert trace["output"].tolist() == [[4.75]]
    assert [step.operation for step in trace.steps] == ["multiply", "sum", "add", "activate"]
    assert trace.facts["parameters"] == 4


@pytest.mark.parametrize("name", [*ACTIVATIONS, "softmax", "log-softmax"])
def test_every_activation_replays_and_has_the_right_slope(name: str) -> None:
    proven(DENSE, DENSE.compute(DenseConfig(activation=name), {k: np.float32(v) for k, v in dense().items()}))
    slopes(DENSE, DenseConfig(activation=name), dense(), ["input", "weight", "bias"])


def test_a_softmax_row_is_one_step_after_its_units() -> None:
    trace = proven(DENSE, DENSE.compute(DenseConfig(activation="softmax"), dense()))
    acts = [step.operation for step in trace.steps]
    assert acts == ["multiply", "sum", "add"] * 3 + ["softmax"] + ["multiply", "sum", "add"] * 3 + ["softmax"]
    assert trace["output"].sum(axis=1) == pytest.approx([1, 1], rel=1e-15)


@pytest.mark.parametrize("name", ["relu", "softmax"])
def test_the_steps_of_one_unit(name: str) -> None:
    trace = DENSE.compute(DenseConfig(activation=name), dense())
    for b, o in np.ndindex(2, 3):
        found = [trace.steps[i] for i in steps_of(trace, b, o)]
        assert [step.operation for step in found] == ["multiply", "sum", "add", "activate"][: 4 - (name == "softmax")]
        assert all(dict(step.writes.where) == {"batch": b, "out_features": o} for step in found)


def test_without_bias_nothing_is_added() -> None:
    trace = proven(DENSE, DENSE.compute(DenseConfig(), {"input": X, "weight": W}))
    assert "bias" not in trace
    assert np.array_equal(trace["pre_activation"], trace["weighted_sum"])
    replays(DENSE.backward(trace, {"output": np.ones((2, 3))}))  # type: ignore[misc]


def test_what_is_drawn_where_nothing_is_given() -> None:
    assert DENSE.complete(DenseConfig(), {})[1] == {"input": (1, 3), "weight": (5, 3), "bias": (5,)}
    assert DENSE.complete(DenseConfig(), {"weight": (2, 4)})[1] == {"input": (1, 4), "weight": (2, 4)}
    assert DENSE.complete(DenseConfig(bias=True), {"weight": (2, 4)})[1]["bias"] == (2,)
    assert NEURON.complete(NeuronConfig(), {})[1] == {"input": (1, 3), "weight": (1, 3), "bias": (1,)}


def test_products_are_read_where_they_are_needed() -> None:
    trace = DENSE.compute(DenseConfig(), dense())
    whole = X[:, None, :] * W
    assert np.array_equal(trace["products"], whole)
    part = trace.read(Region.of("products", batch=1, in_features=range(0, 4, 2)))
    assert np.array_equal(part, whole[1, :, ::2])


def test_bilinear() -> None:
    arrays = {"input1": X, "input2": X2, "weight": W2, "bias": B}
    trace = proven(BILINEAR, BILINEAR.compute(BilinearConfig(activation="tanh"), arrays))
    by_hand = [[x @ w @ y + b for w, b in zip(W2, B, strict=True)] for x, y in zip(X, X2, strict=True)]
    assert np.allclose(trace["pre_activation"], by_hand, rtol=1e-13)
    slopes(BILINEAR, BilinearConfig(activation="tanh"), arrays, list(arrays))
    takes_any_array(BILINEAR, BilinearConfig(), {k: np.round(v) for k, v in arrays.items()})


def test_embedding_selects_rows() -> None:
    trace = proven(EMBEDDING, EMBEDDING.compute(EmbeddingConfig(), WORDS))
    assert np.array_equal(trace["output"][0, 1], WORDS["table"][3])
    slopes(EMBEDDING, EmbeddingConfig(), WORDS, ["table"])
    back: Array = EMBEDDING.backward(  # type: ignore[misc]
        EMBEDDING.compute(EmbeddingConfig(padding_idx=3), WORDS), {"output": np.ones((2, 3, 2))}
    )["grad_table"]
    assert back.tolist() == [[2, 2], [1, 1], [0, 0], [0, 0], [0, 0]]
    assert EMBEDDING.compute(EmbeddingConfig(), {"table": WORDS["table"]})["ids"].tolist() == [[0, 1, 2]]


def test_nan_infinity_and_large_numbers() -> None:
    with np.errstate(all="raise"):
        for name in ("linear", "relu", "sigmoid", "softmax", "log-softmax"):
            trace = DENSE.compute(
                DenseConfig(activation=name),
                {"input": [[1e308, -1e308], [np.nan, 1], [np.inf, 1], [1, 2]], "weight": [[1, 1], [10, 0.0], [0, 1]]},
            )
            proven(DENSE, trace)
            assert DENSE.backward is not None
            replays(DENSE.backward(trace, {"output": np.ones((4, 3))}))
    large = DENSE.compute(DenseConfig(activation="softmax"), {"input": [[1e308, 0]], "weight": np.eye(2)})
    assert large["output"].tolist() == [[1, 0]]


@given(st.integers(1, 4), st.integers(1, 5), st.integers(1, 4), st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_it_is_linear_in_input_and_weight(batch: int, inputs: int, units: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, y, w = rng.normal(size=(batch, inputs)), rng.normal(size=(batch, inputs)), rng.normal(size=(units, inputs))

    def run(x: Array, w: Array) -> Array:
        result: Array = DENSE.compute(DenseConfig(), {"input": x, "weight": w})["output"]
        return result

    assert np.allclose(run(2 * x - y, w), 2 * run(x, w) - run(y, w), atol=1e-12)
    assert np.allclose(run(x, 3 * w), 3 * run(x, w), atol=1e-12)


def test_any_array_is_taken_and_none_is_changed() -> None:
    takes_any_array(DENSE, DenseConfig(), {key: np.round(value) for key, value in dense().items()})
    takes_any_array(EMBEDDING, EmbeddingConfig(), {"ids": WORDS["ids"], "table": np.round(WORDS["table"])})


REFUSALS: list[tuple[Any, Any, dict[str, Any], tuple[str, ...]]] = [
    (DENSE, {}, {"input": X, "weight": np.ones((3, 5))}, ("in_features is 4", "5 by weight (3×5)")),
    (DENSE, {}, {"input": X, "weight": W, "bias": np.ones(4)}, ("out_features is 3", "4 by bias")),
    (DENSE, {"units": 2}, {"input": X, "weight": W}, ("out_features is 2 by units", "3 by weight")),
    (DENSE, {"input_size": 9}, {"input": X, "weight": W}, ("in_features is 9", "4 by input")),
    (DENSE, {"units": 0}, {}, ("units is 0", "at least 1")),
    (DENSE, {"bias": False}, dense(), ("bias is false", "values")),
    (DENSE, {}, {"input": X}, ("dense needs weight of shape 5×4",)),
    (DENSE, {}, {"input": np.ones((1, 2, 3)), "weight": W}, ("input has shape 1×2×3", "3 axes")),
    (DENSE, {}, {"kernel": X}, ("takes no array 'kernel'", "input, weight, bias")),
    (DENSE, {"activation": "rellu"}, {}, ("activation is 'rellu'", "did you mean relu?")),
    (DENSE, {"units": 10**6, "input_size": 10**6}, {}, ("weight would be 1000000×1000000", "at most")),
    (NEURON, {"units": 2}, {}, ("units is 2", "at most 1")),
    (BILINEAR, {}, {"input1": X, "input2": X2[:1], "weight": W2}, ("batch is 2 by input1", "1 by input2")),
    (BILINEAR, {}, {"input1": X, "input2": X, "weight": W2}, ("in2_features is 4", "5 by weight")),
    (EMBEDDING, {}, {"ids": [0, 5], "table": np.ones((5, 2))}, ("ids holds 5", "0 to 4")),
    (EMBEDDING, {}, {"ids": [0.5], "table": np.ones((5, 2))}, ("ids holds 0.5", "whole numbers")),
    (EMBEDDING, {}, {"ids": [-1], "table": np.ones((5, 2))}, ("ids holds -1",)),
    (EMBEDDING, {}, {"ids": [np.nan], "table": np.ones((5, 2))}, ("ids holds nan",)),
    (EMBEDDING, {"padding_idx": 5}, {"table": np.ones((5, 2))}, ("padding_idx is 5", "less than", "5")),
    (EMBEDDING, {"vocabulary": 4}, {"table": np.ones((5, 2))}, ("vocabulary is 4", "5 by table")),
]


@pytest.mark.parametrize(("layer", "options", "arrays", "pieces"), REFUSALS)
def test_what_does_not_go_together(layer: Any, options: Any, arrays: Any, pieces: tuple[str, ...]) -> None:
    refused(lambda: layer.compute(layer.config(**options), arrays) if arrays else layer.complete(
        layer.config(**options), {}), *pieces)  # fmt: skip


def test_words_number_their_ids_in_the_order_of_their_first_places() -> None:
    t = EMBEDDING.compute(EmbeddingConfig(tokens=("The", "cat", "saw", "the", "dog")), {"table": np.eye(4)})
    assert t["ids"].tolist() == [[0, 1, 2, 0, 3]]
    np.testing.assert_array_equal(t["output"][0], np.eye(4)[[0, 1, 2, 0, 3]])
    replays(t)
    with pytest.raises(ShapeError, match="ids has 3 in a row, but there are 2 tokens: a b"):
        EMBEDDING.compute(EmbeddingConfig(tokens=("a", "b")), {"ids": np.array([[0, 1, 1]]), "table": np.eye(2)})
    with pytest.raises(ShapeError, match=r"must hold whole numbers from 0 to 1"):
        EMBEDDING.compute(EmbeddingConfig(tokens=("a", "b", "c")), {"table": np.eye(2)})


def test_a_large_layer_leaves_no_product_with_zero_out() -> None:
    """A sum that a matrix library makes is that of the small one; 0 · NaN and 0 · ∞ are NaN there too."""
    rng = np.random.default_rng(3)
    x, weight = rng.normal(size=(64, 128)), rng.normal(size=(160, 128))
    weight[5] = 0

    def sums(x: Array) -> Array:
        return DENSE.compute(DenseConfig(), {"input": x, "weight": weight})["weighted_sum"]

    whole = sums(x)
    some = np.stack([sums(row[None])[0] for row in x[:3]])
    np.testing.assert_allclose(whole[:3], some, rtol=0, atol=1e-12)
    x[2, 7], x[3, 7] = np.nan, np.inf
    spoilt = sums(x)
    assert np.isnan(spoilt[2]).all()
    assert np.isnan(spoilt[3, 5])
    np.testing.assert_allclose(np.delete(spoilt, (2, 3), axis=0), np.delete(whole, (2, 3), axis=0), rtol=0, atol=1e-12)
