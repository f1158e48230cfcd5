# ruff: noqa: E501  (a file a line)
"""Files of weights as the libraries themselves write them, for ``tests/inputs/test_stored.py``.

One library a run, each in an environment of its own; ``requirements_conventions.txt`` beside this has the versions:

    python tests/vectors/make_weight_files.py torch|keras|flax|mlx|paddle|onnx

writes into ``weights/`` beside this. Every array holds 0, 1, 2, … from a start of its own, halved, so that a test knows
its numbers by its name.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).parent / "weights"


def counted(shape: Iterable[int], start: int) -> np.ndarray:
    """0, 0.5, 1, … from a start on."""
    shape = tuple(shape)
    return ((start + np.arange(np.prod(shape, dtype=int))) / 2).reshape(shape).astype(np.float32)


def torch_files() -> None:
    import torch
    from torch import nn

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.features = nn.Sequential(nn.Conv2d(3, 2, 2), nn.BatchNorm2d(2))
            self.encoder = nn.LSTM(2, 3)
            self.fc = nn.Linear(4, 2)

    model = Model()
    with torch.no_grad():
        for k, value in enumerate(model.parameters()):
            value.copy_(torch.from_numpy(counted(value.shape, k)))
    state = model.state_dict()
    state["half"] = torch.arange(4).to(torch.bfloat16)
    state["eight"] = torch.tensor([0.5, -1.5, 448.0]).to(torch.float8_e4m3fn)
    whole = torch.arange(12.0).reshape(3, 4)
    state |= {"turned.weight": whole.T, "turned.bias": whole[0], "spread.weight": torch.ones(1, 2).expand(3, 2)}
    state |= {"sparse.weight": torch.eye(2).to_sparse(), "wave.weight": torch.tensor([[1 + 1j]]),
              "conjugate.weight": torch.view_as_real(torch.tensor([1 + 2j]).conj().resolve_conj()), "scale": torch.tensor(2.0)}  # fmt: skip
    optimizer = torch.optim.Adam(model.parameters())
    sum(p.sum() for p in model.parameters()).backward()
    optimizer.step()
    with torch.no_grad():
        for k, value in enumerate(model.parameters()):
            value.copy_(torch.from_numpy(counted(value.shape, k)))
    torch.save({"epoch": 3, "state_dict": state, "optimizer": optimizer.state_dict()}, FOLDER / "checkpoint.pt")
    torch.save(dict(model.fc.state_dict()), FOLDER / "before_1_6.pt", _use_new_zipfile_serialization=False)
    torch.save(nn.Sequential(model.fc), FOLDER / "whole_module.pt")
    torch.jit.script(nn.Linear(1, 1)).save(FOLDER / "script.pt")
    torch.onnx.export(nn.Sequential(model.fc, nn.ReLU()), (torch.zeros(1, 4),), FOLDER / "linear.onnx", dynamo=False)


def keras_files() -> None:
    os.environ["KERAS_BACKEND"] = "jax"
    import keras
    from keras import layers

    inner = keras.Sequential([keras.Input((2,)), layers.Dense(2, name="fc")], name="inner")
    model = keras.Sequential([
        keras.Input((6, 3)), layers.Conv1D(4, 2, name="c"), layers.BatchNormalization(name="bn"),
        layers.LayerNormalization(name="ln"), layers.Bidirectional(layers.LSTM(2, return_sequences=True), name="bi"),
        layers.GRU(3, return_sequences=True, name="gru"), layers.RNN(layers.LSTMCell(2), name="rnn"),
        layers.Dense(2, name="fc", dtype="bfloat16"), inner,
    ])  # fmt: skip
    model.set_weights([counted(w.shape, k) for k, w in enumerate(model.get_weights())])
    model.save(FOLDER / "model.keras")
    model.save_weights(FOLDER / "model.weights.h5")
    old = keras.Sequential([keras.Input((3,)), layers.Dense(2, name="b"), layers.Dense(2, name="a")])
    old.set_weights([counted(w.shape, k) for k, w in enumerate(old.get_weights())])
    old.save(FOLDER / "old.h5")
    ask = layers.MultiHeadAttention(2, 2, name="mha")
    entry = keras.Input((3, 4))
    attention = keras.Model(entry, ask(entry, entry))
    attention.set_weights([counted(w.shape, k) for k, w in enumerate(attention.get_weights())])
    attention.save(FOLDER / "attention.keras")


def flax_files() -> None:
    import flax.linen as nn
    import jax
    import jax.numpy as jnp
    from flax import serialization

    class Model(nn.Module):
        @nn.compact
        def __call__(self, x: Any) -> Any:
            x = nn.RNN(nn.LSTMCell(2), name="rnn")(x)
            return nn.Dense(3, name="fc")(x)

    params = Model().init(jax.random.key(0), jnp.zeros((1, 4, 3)))["params"]
    leaves, tree = jax.tree_util.tree_flatten(params)
    params = jax.tree_util.tree_unflatten(tree, [counted(leaf.shape, k) for k, leaf in enumerate(leaves)])
    params["half"] = {"kernel": jnp.arange(4).reshape(2, 2).astype(jnp.bfloat16)}
    state = {"step": 3, "params": params, "opt_state": [{"mu": params["fc"]}]}
    (FOLDER / "train_state.msgpack").write_bytes(serialization.msgpack_serialize(serialization.to_state_dict(state)))
    serialization.MAX_CHUNK_SIZE = 16
    (FOLDER / "chunks.msgpack").write_bytes(serialization.to_bytes({"fc": {"kernel": counted((3, 4), 0)}}))


def mlx_files() -> None:
    import mlx.core as mx

    conv = {"conv.weight": mx.array(counted((4, 3, 3, 3), 0)), "conv.bias": mx.array(counted((4,), 1))}
    mx.save_safetensors(str(FOLDER / "mlx.safetensors"), conv, metadata={"format": "mlx"})
    mx.savez(str(FOLDER / "mlx.npz"), half=mx.arange(3).astype(mx.bfloat16), whole=mx.arange(3))


def paddle_files() -> None:
    import paddle

    layer = paddle.nn.LSTM(2, 3)
    fc = paddle.nn.Linear(3, 2)
    for held in (layer, fc):
        held.set_state_dict(
            {
                n: paddle.to_tensor(counted(v.shape, k))
                for k, (n, v) in enumerate(held.state_dict().items())
                if ".cell." not in n
            }
        )
    named = {f"lstm.{n}": v for n, v in layer.state_dict().items()} | {f"fc.{n}": v for n, v in fc.state_dict().items()}
    paddle.save(named, str(FOLDER / "model.pdparams"))


def onnx_files() -> None:
    import onnx
    from onnx import helper, numpy_helper

    shapes = {"val_1": (1, 6, 2), "val_2": (1, 6, 2), "val_3": (1, 12), "fc.weight": (2, 3), "onnx::MatMul_9": (2, 3)}
    given = [numpy_helper.from_array(counted(shape, k), name) for k, (name, shape) in enumerate(shapes.items())]
    given.append(helper.make_tensor("plain.weight", onnx.TensorProto.FLOAT, (1, 2), [0.5, 1.0]))
    given.append(helper.make_tensor("half.weight", onnx.TensorProto.BFLOAT16, (1, 2), [1.5, -2.0]))
    given.append(helper.make_tensor("whole.weight", onnx.TensorProto.INT64, (1, 3), [-1, 0, 300]))
    outside = onnx.TensorProto(name="out.weight", data_type=1, dims=[1, 1], data_location=onnx.TensorProto.EXTERNAL)
    outside.external_data.add(key="location", value="elsewhere.data")
    nodes = [
        helper.make_node(
            "GRU", ["x", "val_1", "val_2", "val_3"], ["y"], name="/encoder/GRU", hidden_size=2, linear_before_reset=1
        ),
        helper.make_node("Gemm", ["z", "fc.weight"], ["u"], name="/fc/Gemm"),
        helper.make_node("MatMul", ["u", "onnx::MatMul_9"], ["v"], name="/out/MatMul"),
    ]
    ends = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in ("x", "z", "v")]
    model = helper.make_model(helper.make_graph(nodes, "g", ends[:2], ends[2:], [*given, outside]))
    (FOLDER / "model.onnx").write_bytes(model.SerializeToString())
    given = [numpy_helper.from_array(counted((2, 3), k), f"{name}.weight") for k, name in enumerate(("a", "b"))]
    apart = helper.make_model(helper.make_graph([], "g", [], [], given))
    onnx.save(apart, FOLDER / "apart.onnx", save_as_external_data=True, location="apart.onnx.data", size_threshold=0)


MAKERS: dict[str, Callable[[], None]] = {
    "torch": torch_files, "keras": keras_files, "flax": flax_files, "mlx": mlx_files, "paddle": paddle_files,
    "onnx": onnx_files,
}  # fmt: skip

if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    MAKERS[sys.argv[1]]()
