"""Models of Keras 3: every layer and operation in its place, equal to what Keras gave.

How each class is read is held against numbers that Keras gave once (``tests/vectors/make_keras_calls.py``); watching a
model needs Keras itself.
"""

from __future__ import annotations

import importlib.util
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import layeranim as la
from layeranim import catalog
from layeranim.capturing import keras_layers
from layeranim.capturing.keras_layers import KerasCall
from layeranim.errors import OptionError
from layeranim.inputs.module_run import agree

VECTORS = np.load(Path(__file__).parents[1] / "vectors/keras_calls.npz")
CALLS: list[dict[str, Any]] = json.loads(str(VECTORS["calls"]))
LAYERS = {
    "Conv2D": "conv", "Conv1D": "conv1d", "Conv3D": "conv3d", "DepthwiseConv2D": "conv", "Dense": "dense",
    "SeparableConv2D": "conv", "Normalization": "elementwise", "Rescaling": "elementwise",
    "Conv2DTranspose": "conv-transpose", "LSTM": "lstm", "MultiHeadAttention": "attention", "Add": "elementwise",
}  # fmt: skip


def read_back(told: dict[str, Any]) -> KerasCall:
    x = tuple(VECTORS[name] if isinstance(name, str) else name for name in told["x"])
    weights = {key: VECTORS[name] for key, name in told["weights"].items()}
    return KerasCall(told["kind"], told["config"], weights, x, {}, tuple(VECTORS[name] for name in told["y"]))


@pytest.mark.parametrize("told", CALLS, ids=[f"{told['case']}: {told['kind']}" for told in CALLS])
def test_a_call_gives_what_keras_gave(told: dict[str, Any]) -> None:
    found, expected = keras_layers.read(read_back(told))
    assert found.layer == LAYERS.get(told["kind"], found.layer)
    layer = catalog.layer(found.layer)
    agree(layer.compute(layer.config.of(found.options), found.arrays), found, (expected, 2.0**-23), told["kind"])


@pytest.mark.parametrize("case", ["conv same, strided", "batch norm", "max pool"])
def test_maps_are_drawn_with_their_channels_in_front(case: str) -> None:
    call = read_back(next(told for told in CALLS if told["case"] == case))
    found, expected = keras_layers.read(call)
    assert found.axes == ()
    np.testing.assert_array_equal(expected, np.moveaxis(call.y[0], -1, 1))


@pytest.mark.parametrize(
    ("case", "changed", "words"),
    [
        ("lstm", {"go_backwards": True}, "LSTM with go_backwards"),
        ("lstm", {"activation": "relu"}, "activation relu"),
        ("both ways", {"merge_mode": "sum"}, "merge_mode sum"),
        ("transposed, same", {"strides": [3, 3]}, "padding same"),
        ("dense", {"activation": {"class_name": "function"}}, "activation of its own"),
        ("relu to 6", {"threshold": 1.0}, "threshold 1.0"),
        ("layer norm", {"axis": [1]}, "not the last"),
        ("average pool, same", {"strides": [2, 2]}, "backend to backend"),
        ("larger", {"interpolation": "bicubic"}, "bicubic"),
        ("heads", {"sliding_window": 2}, "sliding_window"),
    ],
)
def test_a_setting_that_is_not_known_is_named(case: str, changed: dict[str, Any], words: str) -> None:
    told = next(told for told in CALLS if told["case"] == case)
    call = read_back({**told, "config": {**told["config"], **changed}})
    with pytest.raises(OptionError, match=words):
        keras_layers.read(call)


@pytest.fixture(scope="module")
def keras() -> Any:
    if importlib.util.find_spec("keras") is None:
        pytest.skip("there is no Keras here")
    if importlib.util.find_spec("torch") is None:
        pytest.skip("there is no PyTorch here, which Keras computes with")
    os.environ.setdefault("KERAS_BACKEND", "torch")
    import keras

    return keras


def network(keras: Any) -> tuple[Any, Any]:
    """Operations between layers, a block of its own class that runs twice, an activation that is a call of its own."""
    layers = keras.layers

    class Block(layers.Layer):  # type: ignore[misc, name-defined]
        def __init__(self, **more: Any) -> None:
            super().__init__(**more)
            self.norm, self.fc = layers.BatchNormalization(name="norm"), layers.Dense(6, name="fc")
            self.heads = layers.MultiHeadAttention(2, 3, name="heads")

        def call(self, x: Any) -> Any:
            y = self.norm(x)
            x = x + self.heads(y, y, use_causal_mask=True)
            return x * 0.5 + keras.ops.gelu(self.fc(x))

    class Net(keras.Model):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.embed, self.block = layers.Embedding(9, 6, name="embed"), Block(name="block")
            self.rnn = layers.Bidirectional(layers.GRU(2), name="rnn")
            self.end = layers.Dense(3, activation="softmax", name="end")

        def call(self, ids: Any) -> Any:
            return self.end(self.rnn(self.block(self.block(self.embed(ids)))))

    keras.utils.set_random_seed(1)
    return Net(), np.array([[1, 2, 0, 4], [5, 8, 7, 6]])


def test_a_model_is_captured_and_left_as_it_was(keras: Any, tmp_path: Path) -> None:
    model, ids = network(keras)
    plain = keras.ops.convert_to_numpy(model(ids))
    before = [keras.ops.convert_to_numpy(v).copy() for v in model.variables]
    methods = (keras.layers.Layer.__call__, model.block.__call__)
    found = la.capture(model, ids)
    assert all(call.agrees for call in found), repr(found)
    names = [call.name for call in found]
    assert names[:4] == ["embed", "block.norm:1", "block.heads:1", "block.add:1"]
    assert {"block.fc:2", "block.multiply:2", "block.gelu:2", "block.add:4"} <= {*names}
    assert names[-3:] == ["rnn", "end", "end.softmax"]
    assert found["block.add:1"].reads == ("embed", "block.heads:1")
    assert found["block.fc:1"].weights == found["block.fc:2"].weights
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(found.output), plain)
    for was, now in zip(before, model.variables, strict=True):
        np.testing.assert_array_equal(was, keras.ops.convert_to_numpy(now))
    assert methods == (keras.layers.Layer.__call__, model.block.__call__)
    found.save(tmp_path / "net.npz")
    assert la.load_capture(tmp_path / "net.npz").trace("end.softmax").layer == "softmax"


def test_a_functional_model_keeps_the_names_of_its_layers(keras: Any) -> None:
    layers = keras.layers
    inside = keras.Sequential([layers.Dense(4, activation="relu", name="up"), layers.Dense(3, name="down")], name="mlp")
    x = keras.Input((3,))
    model = keras.Model(x, layers.Add(name="sum")([x, inside(x)]), name="tiny")
    found = la.capture(model, np.ones((2, 3), np.float32))
    assert [(call.name, call.agrees) for call in found] == [("mlp.up", True), ("mlp.down", True), ("sum", True)]
    assert (found.model, found.parameters) == ("tiny", 31)
    assert (found["mlp.up"].brought, found["mlp.down"].brought, found["sum"].brought) == ((0,), (), (0,))
    kept = la.capture(model, np.ones((2, 3), np.float32), keep="mlp.*", check=False)
    assert [bool(call.inputs) for call in kept] == [True, True, False]


def test_a_model_that_hangs_on_its_numbers_has_its_layers(keras: Any) -> None:
    class Chooses(keras.Model):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.fc = keras.layers.Dense(2, name="fc")

        def call(self, x: Any) -> Any:
            y = self.fc(x)
            return y if float(keras.ops.sum(y)) > 0 else -y

    found = la.capture(Chooses(), np.ones((1, 2), np.float32))
    assert [(call.name, call.agrees) for call in found] == [("fc", True)]
    assert "outside of layers are not seen" in repr(found)
