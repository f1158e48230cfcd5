"""Calls of Keras' layers and operations, with what they were given and gave, for tests that run without Keras.

    KERAS_BACKEND=torch python tests/vectors/make_keras_calls.py

writes keras_calls.npz: arrays, and one text in JSON that says of each call its kind, its configuration and which arrays
are its. Seen with Keras 3.15.1 on PyTorch 2.13.0.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers as L
from keras import ops

from layeranim.capturing import keras_model

FOLDER = Path(__file__).parent
CHANCE = np.random.default_rng(11)
LEFT_OUT = ("initializer", "regularizer", "constraint", "dtype", "name", "seed", "build_config")


def drawn(*shape: int) -> Any:
    return CHANCE.normal(size=shape).astype(np.float32)


LINE, PLANE, ROOM = drawn(2, 7, 3), drawn(2, 6, 5, 4), drawn(1, 4, 3, 4, 2)
TOKENS = drawn(2, 5, 4)
CASES: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "conv same, strided": (L.Conv2D(3, 3, strides=2, padding="same", activation="relu"), (PLANE,)),
    "conv causal": (L.Conv1D(2, 3, padding="causal", dilation_rate=2), (LINE,)),
    "conv in groups": (L.Conv2D(4, (2, 3), groups=2, use_bias=False, activation="gelu"), (PLANE,)),
    "conv 3d": (L.Conv3D(2, 2, padding="same", strides=2), (ROOM,)),
    "depthwise": (L.DepthwiseConv2D(3, depth_multiplier=2, strides=2, padding="same"), (PLANE,)),
    "transposed, same": (L.Conv2DTranspose(3, 4, strides=2, padding="same"), (PLANE,)),
    "transposed, valid": (L.Conv1DTranspose(2, 3, strides=2), (LINE,)),
    "max pool": (L.MaxPooling2D(2, padding="same"), (PLANE,)),
    "average pool, same": (L.AveragePooling2D(3, strides=1, padding="same"), (PLANE,)),
    "average pool 1d": (L.AveragePooling1D(2), (LINE,)),
    "global pool": (L.GlobalAveragePooling2D(), (PLANE,)),
    "global max pool, kept": (L.GlobalMaxPooling1D(keepdims=True), (LINE,)),
    "zeros around": (L.ZeroPadding2D(((0, 1), (2, 1))), (PLANE,)),
    "zeros around 1d": (L.ZeroPadding1D((1, 2)), (LINE,)),
    "larger": (L.UpSampling2D((2, 3)), (PLANE,)),
    "larger, bilinear": (L.UpSampling2D(2, interpolation="bilinear"), (PLANE,)),
    "larger 1d": (L.UpSampling1D(2), (LINE,)),
    "dense": (L.Dense(3, activation="tanh"), (TOKENS,)),
    "dense, then softmax": (L.Dense(3, activation="softmax"), (TOKENS,)),
    "batch norm": (L.BatchNormalization(), (PLANE,)),
    "batch norm, no scale": (L.BatchNormalization(axis=1, scale=False), (PLANE,)),
    "layer norm": (L.LayerNormalization(axis=[-2, -1]), (TOKENS,)),
    "RMS norm": (L.RMSNormalization(), (TOKENS,)),
    "group norm": (L.GroupNormalization(2), (PLANE,)),
    "hard sigmoid": (L.Activation("hard_sigmoid"), (TOKENS,)),
    "relu to 6": (L.ReLU(6), (TOKENS,)),
    "leaky": (L.LeakyReLU(0.1), (TOKENS,)),
    "elu": (L.ELU(), (TOKENS,)),
    "softmax": (L.Softmax(axis=1), (TOKENS,)),
    "dropout": (L.Dropout(0.5), (TOKENS,)),
    "flatten": (L.Flatten(), (PLANE,)),
    "embedding": (L.Embedding(9, 3), (CHANCE.integers(0, 9, (2, 4)),)),
    "lstm": (L.LSTM(3), (TOKENS,)),
    "gru": (L.GRU(3, return_sequences=True), (TOKENS,)),
    "gru, reset before": (L.GRU(3, reset_after=False), (TOKENS,)),
    "rnn": (L.SimpleRNN(3, activation="relu"), (TOKENS,)),
    "both ways": (L.Bidirectional(L.LSTM(2)), (TOKENS,)),
    "both ways, every step": (L.Bidirectional(L.GRU(2, return_sequences=True)), (TOKENS,)),
    "heads": (L.MultiHeadAttention(2, 3), (TOKENS, TOKENS)),
    "heads over another": (L.MultiHeadAttention(2, 3, value_dim=2), (TOKENS, drawn(2, 3, 4))),
    "added": (L.Add(), ([TOKENS, drawn(2, 5, 4)],)),
    "joined": (L.Concatenate(axis=1), ([TOKENS, drawn(2, 3, 4)],)),
    "half of it": (ops.multiply, (TOKENS, 0.5)),
    "gelu of tanh": (ops.gelu, (TOKENS,)),
    "mean": (lambda x: ops.mean(x, axis=1, keepdims=True), (TOKENS,)),
    "product": (ops.matmul, (TOKENS, drawn(2, 4, 3))),
    "channel by channel, then mixed": (L.SeparableConv2D(3, 3, strides=2, padding="same", depth_multiplier=2,
                                                         activation="relu"), (PLANE,)),
    "centred": (L.Normalization(mean=[1.0, 0.0, -1.0, 2.0], variance=[1.0, 4.0, 0.5, 0.0]), (PLANE,)),
    "scaled and moved": (L.Rescaling(0.5, -1.0), (PLANE,)),
}  # fmt: skip


def seen(layer: Any, args: tuple[Any, ...]) -> list[Any]:
    """The calls of a model that is this one layer, with numbers in all its weights."""
    inputs = keras.tree.map_structure(
        lambda x: keras.Input(batch_shape=x.shape, dtype=str(x.dtype)) if isinstance(x, np.ndarray) else x, args
    )
    model = keras.Model([x for x in keras.tree.flatten(inputs) if not isinstance(x, float)], layer(*inputs))
    for weight in model.weights:
        if "seed" not in weight.path:
            weight.assign(abs(drawn(*weight.shape)) if "variance" in weight.path else 0.5 * drawn(*weight.shape))
    given = [x for x in keras.tree.flatten(args) if isinstance(x, np.ndarray)]
    found = keras_model.captured(model, [given] if len(given) > 1 else given, {}, None, False, 2**30)
    return [call.packed.args[0].read.args[0] for call in found]  # type: ignore[union-attr]


def main() -> None:
    arrays: dict[str, Any] = {}
    told: list[dict[str, Any]] = []

    def kept(x: Any) -> Any:
        if not isinstance(x, np.ndarray):
            return x
        arrays[f"a{len(arrays)}"] = x
        return f"a{len(arrays) - 1}"

    def plain(config: Any) -> Any:
        """A configuration as JSON holds it, without what no call depends on."""
        if isinstance(config, dict):
            return {
                k: plain(v) for k, v in config.items() if not any(word in k for word in LEFT_OUT) or k == "class_name"
            }
        return [plain(v) for v in config] if isinstance(config, (list, tuple)) else config

    for name, (layer, args) in CASES.items():
        for call in seen(layer, args):
            told.append({
                "case": name, "kind": call.kind, "config": plain(call.config), "x": [kept(x) for x in call.x],
                "weights": {key: kept(x) for key, x in call.weights.items()}, "y": [kept(y) for y in call.y],
            })  # fmt: skip
    np.savez_compressed(FOLDER / "keras_calls.npz", calls=np.array(json.dumps(told)), **arrays)
    print(f"keras {keras.__version__}: {len(told)} calls")


if __name__ == "__main__":
    main()
