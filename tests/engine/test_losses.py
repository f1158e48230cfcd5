"""Losses and cross-entropy: PyTorch, closed formulas, slopes, extreme inputs, refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layeranim.engine.cross_entropy import CROSS_ENTROPY, CrossEntropyConfig
from layeranim.engine.losses import LOSS, PENALTIES, LossConfig
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

LAYERS = {layer.name: layer for layer in (LOSS, CROSS_ENTROPY)}
RNG = np.random.default_rng(9)
REAL, CHANCES = RNG.normal(size=(2, 3, 4)), RNG.uniform(0.05, 0.95, size=(2, 3, 4))
LOGITS = RNG.normal(size=(3, 4))


def pair(mode: str) -> dict[str, Any]:
    p = CHANCES[0] if mode == "binary" else REAL[0]
    return {"prediction": p, "target": CHANCES[1] if mode in ("binary", "binary-logits", "kl") else REAL[1]}


def test_stored_cases_agree_with_pytorch() -> None:
    cases = stored_agree("loss", LAYERS, 280)
    assert {case["config"].get("mode") for case in cases} == {*PENALTIES, None}
    assert {case["config"]["reduction"] for case in cases} == {"none", "mean", "sum", "batch-mean"}


if HAS_TORCH:

    def test_fresh_cases_agree_with_pytorch() -> None:
        fresh_agree(maker("loss"), LAYERS, 1, 42)


@pytest.mark.parametrize("mode", PENALTIES)
@pytest.mark.parametrize("reduction", ["none", "mean", "sum", "batch-mean"])
def test_every_loss_replays_and_has_the_right_slope(mode: str, reduction: str) -> None:
    config, arrays = LossConfig(mode=mode, reduction=reduction), pair(mode)
    for kind in (np.float64, np.float32):
        trace = proven(LOSS, LOSS.compute(config, {key: array.astype(kind) for key, array in arrays.items()}))
        assert trace["losses"].dtype == kind
    slopes(LOSS, config, arrays, ["prediction"], "losses" if reduction == "none" else "loss")


CASES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {"target": [0, 3, 1]}),
    ({"label_smoothing": 0.2, "reduction": "none"}, {"target": [0, 3, 1]}),
    ({"ignore_index": 3}, {"target": [0, 3, 1], "class_weight": [1, 2, 0.5, 3]}),
    ({"ignore_index": -100, "label_smoothing": 0.1}, {"target": [-100, 3, 1], "class_weight": [1, 2, 0.5, 3]}),
    ({"reduction": "sum"}, {"target": CHANCES[0], "class_weight": [1, 2, 0.5, 3]}),
    ({"true_class": 2}, {}),
]


@pytest.mark.parametrize(("options", "more"), CASES)
@pytest.mark.parametrize("source", ["logits", "probabilities", "log-probabilities"])
def test_cross_entropy_replays_and_has_the_right_slope(
    options: dict[str, Any], more: dict[str, Any], source: str
) -> None:
    x = {"logits": LOGITS, "probabilities": CHANCES[1]}.get(source, np.log(CHANCES[1]))
    config = CrossEntropyConfig(source=source, **options)
    proven(CROSS_ENTROPY, CROSS_ENTROPY.compute(config, {"input": np.float32(x), **more}))
    proven(CROSS_ENTROPY, CROSS_ENTROPY.compute(config, {"input": x, **more}))
    output = "losses" if options.get("reduction") == "none" else "loss"
    slopes(CROSS_ENTROPY, config, {"input": x, **more}, ["input"], output)


def test_by_hand() -> None:
    def loss(mode: str, p: Any, t: Any, **options: Any) -> Any:
        return LOSS.compute(LossConfig(mode=mode, **options), {"prediction": p, "target": t})["losses"].tolist()

    assert loss("squared", [1, 5], [2, 2]) == [[1, 9]]
    assert loss("huber", [1, 5], [1.5, 2], delta=2) == [[0.125, 4]]
    assert loss("smooth-l1", [1, 5], [2, 2], delta=2) == [[0.25, 2]]
    assert loss("binary", [0.25, 1], [1, 1]) == [[pytest.approx(np.log(4)), 0]]
    assert loss("binary-logits", [-1000, 1000, 1000], [1, 1, 0]) == [[1000, 0, 1000]]
    # −ln(1/10): what an untrained network of ten classes pays
    even = CROSS_ENTROPY.compute(CrossEntropyConfig(), {"input": np.zeros(10), "target": 3})
    assert even["loss"] == pytest.approx(2.302585092994046, rel=1e-15)
    assert CROSS_ENTROPY.backward(even, {})["grad_input"][0] == pytest.approx(  # type: ignore[misc]
        0.1 - (np.arange(10) == 3)
    )
    sure = CROSS_ENTROPY.compute(CrossEntropyConfig(source="probabilities"), {"input": [0, 1, 0], "target": 1})
    assert sure["loss"] == 0


@pytest.mark.parametrize("source", ["logits", "probabilities", "log-probabilities"])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("weight", [None, [1.0, 0.0, 2.0]])
def test_a_sample_that_is_left_out_has_no_gradient(source: str, reduction: str, weight: Any) -> None:
    x = np.array([[0.2, 0.3, 0.5], [0.1, 0.6, 0.3]])
    options: dict[str, Any] = {"source": source, "reduction": reduction, "ignore_index": 2}
    more = {} if weight is None else {"class_weight": weight}
    for target in ([2, 2], [2, 0], [0, 2]):
        trace = CROSS_ENTROPY.compute(CrossEntropyConfig(**options), {"input": x, "target": target, **more})
        back = replays(CROSS_ENTROPY.backward(trace, {}))  # type: ignore[misc]
        for row, which in enumerate(target):
            assert np.any(back["grad_input"][row]) == (which != 2)
            assert np.isfinite(back["grad_input"][row]).all()


def test_the_negative_log_likelihood_is_cross_entropy_of_a_log_softmax() -> None:
    given: dict[str, Any] = {"target": [0, 3, 1], "class_weight": [1, 2, 0.5, 3]}
    log_p = LOGITS - np.log(np.exp(LOGITS).sum(axis=1, keepdims=True))
    config = CrossEntropyConfig(source="log-probabilities")
    nll = CROSS_ENTROPY.compute(config, {"input": log_p, **given})
    whole = CROSS_ENTROPY.compute(CrossEntropyConfig(), {"input": LOGITS, **given})
    assert nll["loss"] == pytest.approx(whole["loss"], rel=1e-14)
    assert "log_probabilities" not in nll
    # the input may hold any number, as in PyTorch: −x at the class
    plain = CROSS_ENTROPY.compute(config, {"input": [5.0, -7.0], "target": [1]})
    assert (plain["loss"], CROSS_ENTROPY.backward(plain, {})["grad_input"].tolist()) == (7, [[0, -1]])  # type: ignore[misc]


def test_huge_infinite_and_undefined_numbers() -> None:
    with np.errstate(all="raise"):
        for mode in PENALTIES:
            p = [0.0, 1.0, 0.5, 1.0] if mode == "binary" else [1e308, -1e308, np.inf, np.nan]
            trace = LOSS.compute(LossConfig(mode=mode), {"prediction": p, "target": [1.0, 0.0, 1.0, 1.0]})
            replays(trace)
            replays(LOSS.backward(trace, {}))  # type: ignore[misc]
        for row in ([1e308, -1e308, 0], [np.inf, 0, 0], [-np.inf, 0, 0], [np.nan, 0, 0]):
            trace = replays(CROSS_ENTROPY.compute(CrossEntropyConfig(), {"input": row, "target": 1}))
            replays(CROSS_ENTROPY.backward(trace, {}))  # type: ignore[misc]
    assert CROSS_ENTROPY.compute(CrossEntropyConfig(), {"input": [-np.inf, 0], "target": 1})["loss"] == 0
    assert CROSS_ENTROPY.compute(CrossEntropyConfig(), {"input": [1e308, 0], "target": 0})["loss"] == 0
    zero = {"prediction": [0.0, 1.0], "target": [0.0, 1.0]}
    assert LOSS.compute(LossConfig(mode="binary"), zero)["losses"].tolist() == [[0, 0]]


def test_all_samples_ignored_is_no_number() -> None:
    config = CrossEntropyConfig(ignore_index=0)
    assert np.isnan(CROSS_ENTROPY.compute(config, {"input": LOGITS, "target": [0, 0, 0]})["loss"])


@given(st.integers(2, 6), st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_cross_entropy_is_least_at_the_target_and_binary_is_its_case_of_two(n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    p, q = (np.exp(z) / np.exp(z).sum() for z in rng.normal(size=(2, n)))
    config = CrossEntropyConfig(source="probabilities")
    paid, least = (CROSS_ENTROPY.compute(config, {"input": x, "target": q})["loss"] for x in (p, q))
    assert paid >= least
    kl = LOSS.compute(LossConfig(mode="kl", reduction="sum"), {"prediction": np.log(p), "target": q})["loss"]
    assert paid - least == pytest.approx(float(kl), abs=1e-12)
    logits = np.stack([np.zeros(n), rng.normal(size=n)], axis=1)
    two = CROSS_ENTROPY.compute(CrossEntropyConfig(), {"input": logits, "target": np.arange(n) % 2})["loss"]
    one = LOSS.compute(LossConfig(mode="binary-logits"), {"prediction": logits[:, 1], "target": np.arange(n) % 2})
    assert float(two) == pytest.approx(float(one["loss"]), rel=1e-12)


def test_any_array_is_taken_and_none_is_changed() -> None:
    arrays = {"prediction": [[1, 2], [3, 4]], "target": [[0, 2], [5, 1]]}
    takes_any_array(LOSS, LossConfig(), arrays, "loss")
    takes_any_array(CROSS_ENTROPY, CrossEntropyConfig(), {"input": [[1, 2], [3, 4]], "target": [0, 1]}, "loss")


REFUSALS: list[tuple[Any, dict[str, Any], dict[str, Any], tuple[str, ...]]] = [
    (LOSS, {}, {"prediction": [1, 2], "target": [1, 2, 3]}, ("target has shape 1×3", "1×2")),
    (LOSS, {"delta": 1}, pair("squared"), ("delta is 1", "squared", "huber")),
    (LOSS, {"mode": "huber", "delta": 0}, pair("huber"), ("delta is 0", "greater than 0")),
    (LOSS, {"mode": "binary"}, {"prediction": [1.5], "target": [1]}, ("prediction holds 1.5", "from 0 to 1")),
    (LOSS, {"mode": "binary-logits"}, {"prediction": [1.5], "target": [-1]}, ("target holds -1", "from 0 to 1")),
    (LOSS, {"mode": "kl"}, {"prediction": [1.5], "target": [-1]}, ("target holds -1", "0 or more")),
    (LOSS, {}, {**pair("squared"), "pos_weight": np.ones(4)}, ("pos_weight was given",)),
    (LOSS, {"mode": "binary-logits"}, {**pair("kl"), "pos_weight": np.ones(3)}, ("pos_weight has shape 3", "4")),
    (CROSS_ENTROPY, {}, {"input": LOGITS, "target": [0, 1]}, ("target has shape 2", "3 (batch)")),
    (CROSS_ENTROPY, {}, {"input": LOGITS, "target": [0, 1, 4]}, ("target holds 4", "0 to 3")),
    (CROSS_ENTROPY, {}, {"input": LOGITS, "target": [0, 1, -1]}, ("target holds -1", "0 to 3")),
    (CROSS_ENTROPY, {}, {"input": LOGITS, "target": np.full((3, 4), 2)}, ("target holds 2", "from 0 to 1")),
    (
        CROSS_ENTROPY,
        {},
        {"input": LOGITS, "target": [0, 1, 2], "class_weight": [1, 2]},
        ("class_weight has shape 2", "4"),
    ),
    (CROSS_ENTROPY, {"source": "probabilities"}, {"input": LOGITS}, ("input holds", "from 0 to 1")),
    (CROSS_ENTROPY, {"label_smoothing": 1.5}, {"input": LOGITS}, ("label_smoothing is 1.5", "at most 1")),
    (CROSS_ENTROPY, {"true_class": 4}, {"input": LOGITS}, ("true_class is 4", "4 classes")),
    (CROSS_ENTROPY, {"ignore_index": 0}, {"input": LOGITS, "target": CHANCES[0]}, ("ignore_index is 0", "class ids")),
]


@pytest.mark.parametrize(("layer", "options", "arrays", "pieces"), REFUSALS)
def test_what_does_not_go_together(layer: Any, options: Any, arrays: Any, pieces: tuple[str, ...]) -> None:
    refused(lambda: layer.compute(layer.config(**options), arrays), *pieces)
