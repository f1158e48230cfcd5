"""Perceptrons and convolutional networks, forwards and backwards: PyTorch, finite differences, refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import layeranim as la
from layeranim.engine.cnn import CNN, CNN_BACKPROP, CnnConfig, CnnLearningConfig
from layeranim.engine.dense import DENSE, DenseConfig
from layeranim.engine.flatten import FLATTEN, FlattenConfig
from layeranim.engine.network import BACKPROP, MLP, LearningConfig, MlpConfig, Sizes
from layeranim.engine.option import Layer
from layeranim.errors import ShapeError
from tests.engine.family import HAS_TORCH, distance, fresh_agree, maker, proven, refused, replays, slopes, stored_agree
from tests.vectors import store

LAYERS = {layer.name: layer for layer in (BACKPROP, CNN_BACKPROP)}


def drawn(layer: Layer, config: Any, seed: int = 0, **given: Any) -> dict[str, Any]:
    """Every array that the layer needs, drawn where it is not given."""
    rng = np.random.default_rng(seed)
    _, shapes = layer.complete(config, {name: np.shape(array) for name, array in given.items()})
    return {name: given.get(name, rng.normal(size=shape)) for name, shape in shapes.items()}


def test_stored_cases_agree_with_pytorch() -> None:
    cases = stored_agree("network", LAYERS, 150)
    assert {case["layer"] for case in cases} == set(LAYERS)
    assert {case["config"]["output_activation"] for case in cases} == {"softmax", "sigmoid", "linear"}


def test_a_network_alone_goes_back_as_it_does_from_its_loss_in_pytorch() -> None:
    plain, seen = {"backprop": MLP, "cnn-backprop": CNN}, set()
    for case, results in store.read("network"):
        config = dict(case["config"])
        if config.get("loss") != "squared" and config["output_activation"] != "linear":
            continue
        config = {name: value for name, value in config.items() if name not in ("loss", "learning_rate")}
        given = store.arrays_of(case)
        target, layer = given.pop("target"), plain[case["layer"]]
        forward = layer.compute(layer.config.of(config), given)
        assert layer.backward is not None
        back = replays(layer.backward(forward, {"output": 2 * (forward["output"] - target) / target.size}))
        for name in (f"grad_{name}" for name in given):
            apart = distance(back[name], results[name])
            assert apart <= (1e-10 if case["dtype"] == "float64" else 1e-5), (name, apart, case)
        seen.add(layer.name)
    assert seen == {"mlp", "cnn"}


if HAS_TORCH:

    def test_fresh_cases_agree_with_pytorch() -> None:
        fresh_agree(maker("network"), LAYERS, 1, 24)


CASES: list[tuple[Layer, Any, dict[str, Any]]] = [
    (MLP, MlpConfig(), {}),
    (MLP, MlpConfig(sizes="4,3,2", output_activation="sigmoid", bias=False), {"input": np.ones((2, 4))}),
    (MLP, MlpConfig(sizes=(2, 2), output_activation="linear"), {}),
    (BACKPROP, LearningConfig(), {}),
    (BACKPROP, LearningConfig(sizes="3,4,4,2", activation="tanh"), {"input": np.eye(3)[:2], "target": [1, 0]}),
    (BACKPROP, LearningConfig(output_activation="sigmoid"), {"target": [[0, 1]]}),
    (BACKPROP, LearningConfig(output_activation="linear", bias=False), {}),
    (BACKPROP, LearningConfig(loss="squared"), {"target": [[1, 0]]}),
    (CNN, CnnConfig(), {}),
    (CNN_BACKPROP, CnnLearningConfig(filters="1,2", activation="tanh", pool_mode="mean"),
     {"input": np.random.default_rng(1).normal(size=(1, 1, 4, 4))}),
]  # fmt: skip


@pytest.mark.parametrize(("layer", "config", "given"), CASES)
def test_it_replays_and_comes_back_from_a_file(layer: Layer, config: Any, given: dict[str, Any]) -> None:
    arrays = drawn(layer, config, **given)
    trace = proven(layer, layer.compute(config, arrays))
    single = proven(layer, layer.compute(config, {name: np.float32(array) for name, array in arrays.items()}))
    assert {t.dtype for t in single.tensors.values() if t.dtype.kind == "f"} == {np.dtype(np.float32)}
    assert np.allclose(single["output"], trace["output"], atol=1e-5)


@pytest.mark.parametrize(("layer", "config", "given"), [case for case in CASES if case[0] in (BACKPROP, CNN_BACKPROP)])
def test_every_gradient_is_the_slope_of_the_loss(layer: Layer, config: Any, given: dict[str, Any]) -> None:
    arrays = {name: np.array(array, np.float64) for name, array in drawn(layer, config, **given).items()}
    trace = layer.compute(config, arrays)
    for name in arrays.keys() - {"target"}:
        for at in np.ndindex(arrays[name].shape):
            ends = []
            for sign in (1e-6, -1e-6):
                moved = arrays[name].copy()
                moved[at] += sign
                ends.append(float(layer.compute(config, {**arrays, name: moved})["loss"]))
            assert trace[f"grad_{name}"][at] == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-5, abs=1e-8), name
        if name != "input":
            assert np.allclose(trace[f"new_{name}"], arrays[name] - 0.1 * trace[f"grad_{name}"], rtol=1e-14)


@pytest.mark.parametrize("output", ["softmax", "sigmoid"])
def test_the_last_delta_is_output_minus_target(output: str) -> None:
    target = [1] if output == "softmax" else [[0, 1]]
    trace = BACKPROP.compute(
        LearningConfig(output_activation=output),
        drawn(BACKPROP, LearningConfig(output_activation=output), target=target),
    )
    count = 1 if output == "softmax" else 2  # the mean is over samples, or over numbers
    assert np.allclose(trace["grad_dense2_pre_activation"], (trace["output"] - [[0, 1]]) / count, atol=1e-15)


def test_each_layer_is_what_the_dense_layer_computes() -> None:
    config = MlpConfig(sizes="3,4,2")
    arrays = drawn(MLP, config, input=np.random.default_rng(3).normal(size=(5, 3)))
    trace = MLP.compute(config, arrays)
    x = arrays["input"]
    for k, name in ((1, "sigmoid"), (2, "linear")):
        given = {"input": x, "weight": arrays[f"dense{k}_weight"], "bias": arrays[f"dense{k}_bias"]}
        x = DENSE.compute(DenseConfig(activation=name), given)["output"]
        assert np.array_equal(trace[f"dense{k}_output"], x)
    assert trace["output"].sum(axis=1) == pytest.approx(np.ones(5))
    assert trace.facts == {"layers": 2, "parameters": 3 * 4 + 4 + 4 * 2 + 2}


def test_one_update_makes_the_loss_less() -> None:
    config = LearningConfig(sizes="3,5,2", learning_rate=0.05)
    arrays = drawn(BACKPROP, config, input=np.random.default_rng(3).normal(size=(6, 3)), target=[0, 1, 0, 1, 1, 0])
    losses = []
    for _ in range(5):
        trace = BACKPROP.compute(config, arrays)
        losses.append(float(trace["loss"]))
        arrays |= {name: trace[f"new_{name}"] for name in arrays if f"new_{name}" in trace}
    assert losses == sorted(losses, reverse=True)
    assert len(set(losses)) == 5


def test_what_is_read_is_what_was_written() -> None:
    trace = CNN.compute(CnnConfig(), drawn(CNN, CnnConfig()))
    assert trace.axes("pool1_output") == ("batch", "conv1_out_channels", "pool1_out_height", "pool1_out_width")
    first = next(step for step in trace.steps if step.writes.tensor == "flatten_output")
    assert first.reads[0].tensor == "pool2_output"
    assert trace["flatten_output"].tolist() == trace["pool2_output"].reshape(1, -1).tolist()


def test_every_tensor_has_the_role_that_it_plays_in_the_whole() -> None:
    trace = BACKPROP.compute(LearningConfig(), drawn(BACKPROP, LearningConfig()))
    roles = {name: tensor.role for name, tensor in trace.tensors.items()}
    assert {name for name, role in roles.items() if role == "input"} == {"input"}
    weights = {f"dense{k}_{kind}" for k in (1, 2) for kind in ("weight", "bias")}
    assert {name for name, role in roles.items() if role == "weight"} == weights
    results = {"output", "loss", *(f"{prefix}_{name}" for prefix in ("grad", "new") for name in weights)}
    assert {name for name, role in roles.items() if role == "output"} == results


def test_flatten() -> None:
    x = np.arange(12.0).reshape(2, 3, 2, 1)
    trace = proven(FLATTEN, FLATTEN.compute(FlattenConfig(), {"input": x}))
    assert trace["output"].tolist() == x.reshape(2, 6).tolist()
    slopes(FLATTEN, FlattenConfig(), {"input": x}, ["input"])


def test_sizes_from_weights_and_as_text() -> None:
    shapes = {"dense1_weight": (5, 3), "dense2_weight": (4, 5), "dense3_weight": (2, 4)}
    assert MLP.complete(MlpConfig(), shapes)[0].sizes == (3, 5, 4, 2)
    assert Sizes().check("sizes", Sizes().show((3, 5, 2))) == (3, 5, 2)
    assert LearningConfig.of({"lr": "0.5", "layers": "2x2"}) == LearningConfig(learning_rate=0.5, sizes=(2, 2))


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("training", {"input": np.eye(3), "target": [0, 1, 2]}, ("target holds 2", "for 3 classes give sizes 3,8,3")),
        ("backprop", {"target": [4]}, ("target holds 4", "for 5 classes give sizes 2,3,5")),
        ("cnn-backprop", {"target": [3]}, ("target holds 3", "for 4 classes give units 4")),
    ],
)
def test_a_class_without_an_output_names_the_option_that_gives_it_one(name: str, given: Any, said: Any) -> None:
    words = refused(lambda: la.trace(name, **given), *said).rpartition("give ")[2].split()
    assert la.trace(name, **given, **dict([words]))["loss"] is not None
    for target in ([0.5], [-1], [1e300], [np.nan]):
        assert "give" not in refused(lambda: la.trace(name, **{**given, "target": target}))  # noqa: B023


REFUSALS: list[tuple[Layer, Any, dict[str, Any], tuple[str, ...]]] = [
    (MLP, {"sizes": "3"}, {}, ("sizes is '3'", "1 numbers", "2 to 9")),
    (MLP, {"sizes": "3,0,2"}, {}, ("sizes is 0", "at least 1")),
    (MLP, {"sizes": "3,a,2"}, {}, ("sizes is 'a'", "whole number")),
    (MLP, {"sizes": "4,2"}, {"input": (1, 3)}, ("input has 3 features", "4")),
    (MLP, {"sizes": "3,2"}, {"dense1_weight": (2, 4)}, ("dense1: in_features is 3", "4")),
    (MLP, {"sizes": "3,2"}, {"dense2_weight": (2, 2)}, ("dense2_weight was given", "1 layers")),
    (BACKPROP, {"loss": "binary"}, {}, ("loss is binary", "output_activation softmax", "cross-entropy or squared")),
    (BACKPROP, {"true_class": 2}, {}, ("true_class is 2", "2 classes")),
    (BACKPROP, {"output_activation": "linear", "true_class": 0}, {}, ("true_class is 0", "loss squared")),
    (BACKPROP, {}, {"target": (3,)}, ("target has shape 3", "1")),
    (BACKPROP, {"output_activation": "linear"}, {"target": (1, 3)}, ("target has shape 1×3", "1×2")),
    (BACKPROP, {"learning_rate": -1}, {}, ("learning_rate is -1", "at least 0")),
    (CNN, {"filters": "1,1,1,1,1"}, {}, ("filters", "5 numbers", "1 to 4")),
    (CNN, {"filters": "1,1,1,1"}, {"input": (8, 8)}, ("pool4: kernel_size 2", "height is 1")),
    (CNN, {}, {"conv2_kernel": (4, 3, 3, 3)}, ("conv2_kernel has 3 channels", "2")),
    (CNN, {"filters": "2,4"}, {"input": (8, 8), "dense_weight": (3, 17)}, ("in_features", "16", "17")),
]


@pytest.mark.parametrize(("layer", "options", "shapes", "pieces"), REFUSALS)
def test_what_does_not_go_together(layer: Layer, options: Any, shapes: Any, pieces: tuple[str, ...]) -> None:
    refused(lambda: layer.complete(layer.config(**options), shapes), *pieces)


def test_the_published_step_comes_out_exactly() -> None:
    """Matt Mazur, A Step by Step Backpropagation Example (2015): his figures, as many digits as he prints."""
    trace = la.trace("backprop", example="published")
    assert np.allclose(trace["output"], [[0.75136507, 0.772928465]], rtol=0, atol=5e-9)
    assert trace["loss"] == pytest.approx(0.298371109, abs=5e-10)
    assert trace["grad_dense2_weight"][0, 0] == pytest.approx(0.082167041, abs=5e-10)
    new = [[0.35891648, 0.408666186], [0.511301270, 0.561370121]]
    assert np.allclose(trace["new_dense2_weight"], new, rtol=0, atol=5e-9)
    first = [[0.149780716, 0.19956143], [0.24975114, 0.29950229]]
    assert np.allclose(trace["new_dense1_weight"], first, rtol=0, atol=5e-9)


def test_filters_and_classes_follow_from_the_weights_given() -> None:
    shapes = {"conv1_kernel": (4, 1, 3, 3), "conv2_kernel": (5, 4, 3, 3), "dense_weight": (7, 20)}
    full, needed = CNN.complete(CNN.config(), {"input": (1, 1, 8, 8), **shapes})
    assert (full.filters, full.units) == ((4, 5), 7)  # type: ignore[attr-defined]
    assert needed["dense_bias"] == (7,)
    full, _ = CNN.complete(CNN.config(), {})
    assert (full.filters, full.units) == ((2, 3), 3)  # type: ignore[attr-defined]


def test_a_kernel_beyond_the_filters_is_refused() -> None:
    with pytest.raises(ShapeError, match="conv2_kernel was given, but filters 2 make 1 convolutions"):
        CNN.complete(CNN.config.of({"filters": 2}), {"conv2_kernel": (3, 2, 3, 3)})
