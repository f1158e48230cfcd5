# ruff: noqa: E501  (a case a line)
"""Numbers that other libraries compute with their own defaults, for ``tests/inputs/test_conventions.py``.

One library a run, each in an environment of its own; ``requirements_conventions.txt`` beside this has the versions:

    python tests/vectors/make_convention_vectors.py torch|keras|flax|haiku|equinox|mlx|paddle|onnx|transformers|gguf

writes ``conventions_<library>.npz``: of each case what goes in (``in``), the parameters by the names and in the layout that
the library itself has for them (``state``), and what it computes from both (``out``). ``gguf`` also writes the
parameters into ``weights/<model>.gguf``, as llama.cpp's converter lays them out.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

RNG = np.random.default_rng(15)
ROWS = RNG.normal(size=(2, 3)).astype(np.float32)
SEQUENCE = RNG.normal(size=(2, 4, 3)).astype(np.float32)
PICTURE = RNG.normal(size=(1, 2, 6, 5)).astype(np.float32)
SMALL = (0.01 * RNG.normal(size=(4, 4))).astype(np.float32)
"""Of so little variance that an eps is felt."""
GROUPED = (0.01 * RNG.normal(size=(2, 4, 2, 2))).astype(np.float32)
LINE = np.linspace(-4, 4, 33, dtype=np.float32)
QUERY, KEY, VALUE = (RNG.normal(size=s).astype(np.float32) for s in ((1, 2, 4), (1, 4, 4), (1, 4, 4)))
IDS = np.array([[0, 2, 1]])

Case = tuple[Mapping[str, Any], Mapping[str, Any], Mapping[str, Any]]
LAST = (0, 2, 3, 1)
FIRST = (0, 3, 1, 2)


def drawn(tree: Any, seed: int = 3) -> Any:
    """The same tree with small random numbers; variances and scales stay positive."""
    rng = np.random.default_rng(seed)
    if isinstance(tree, Mapping):
        return {key: drawn(tree[key], seed + 1 + k) for k, key in enumerate(tree)}
    return (0.5 * np.abs(rng.normal(size=np.shape(tree))) + 0.25).astype(np.float32) * np.where(
        rng.random(np.shape(tree)) < 0.4, -1, 1
    ).astype(np.float32)


def flat(tree: Any, path: str = "") -> dict[str, Any]:
    """The leaves of nested dicts, by names with dots."""
    if not isinstance(tree, Mapping):
        return {path: np.asarray(tree)}
    return {n: leaf for key, part in tree.items() for n, leaf in flat(part, f"{path}.{key}" if path else key).items()}


def keras_cases() -> dict[str, Case]:
    os.environ["KERAS_BACKEND"] = "jax"
    import keras
    from keras import layers, ops

    def of(layer: Any, x: Any, picture: bool = False, **call: Any) -> Case:
        given = x.transpose(LAST) if picture else x
        layer(given, **call)
        layer.set_weights([np.abs(w) if "variance" in v.path else w for v, w in
                           zip(layer.weights, drawn(dict(enumerate(layer.get_weights()))).values(), strict=True)])  # fmt: skip
        state = {v.path.split("/", 1)[1].replace("/", "."): np.asarray(v.value) for v in layer.weights}
        state = {
            k.replace("lstm_cell.", "").replace("gru_cell.", "").replace("simple_rnn_cell.", ""): v
            for k, v in state.items()
        }
        out = np.asarray(layer(given, **call))
        after = (
            {"moving_mean": np.asarray(layer.moving_mean), "moving_variance": np.asarray(layer.moving_variance)}
            if call
            else {}
        )
        return {"x": x}, state, {"y": out.transpose(FIRST) if picture else out, **after}

    def mask(on: Any, **more: Any) -> Any:
        return layers.Attention(use_scale=False, score_mode="dot")([QUERY, VALUE, KEY], **more)

    cases = {
        "dense": of(layers.Dense(2), ROWS),
        "conv": of(layers.Conv2D(3, 3, strides=2, padding="same"), PICTURE, True),
        "conv-dilated": of(layers.Conv2D(3, 3, dilation_rate=2, padding="same"), PICTURE, True),
        "conv-transpose": of(layers.Conv2DTranspose(3, 3, strides=2), PICTURE, True),
        "conv-transpose-same": of(layers.Conv2DTranspose(3, 3, strides=2, padding="same"), PICTURE, True),
        "depthwise": of(layers.DepthwiseConv2D(3, depth_multiplier=2), PICTURE, True),
        "lstm": of(layers.LSTM(2, return_sequences=True), SEQUENCE),
        "lstm-both-ways": of(layers.Bidirectional(layers.LSTM(2, return_sequences=True)), SEQUENCE),
        "gru": of(layers.GRU(2, return_sequences=True), SEQUENCE),
        "gru-without-bias": of(layers.GRU(2, return_sequences=True, use_bias=False), SEQUENCE),
        "gru-without-bias-before": of(
            layers.GRU(2, return_sequences=True, use_bias=False, reset_after=False), SEQUENCE
        ),
        "rnn": of(layers.SimpleRNN(2, return_sequences=True), SEQUENCE),
        "batchnorm": of(layers.BatchNormalization(), SMALL, training=True),
        "layernorm": of(layers.LayerNormalization(), SMALL),
        "rmsnorm": of(layers.RMSNormalization(), SMALL),
        "groupnorm": of(layers.GroupNormalization(2), GROUPED, True),
        "embedding": of(layers.Embedding(4, 3), IDS),
        "gelu": ({"x": LINE}, {}, {"y": ops.convert_to_numpy(keras.activations.gelu(LINE))}),
        "leaky": ({"x": LINE}, {}, {"y": ops.convert_to_numpy(layers.LeakyReLU()(LINE))}),
        "hard-sigmoid": ({"x": LINE}, {}, {"y": ops.convert_to_numpy(keras.activations.hard_sigmoid(LINE))}),
        "causal": ({}, {}, {"y": np.asarray(mask(None, use_causal_mask=True))}),
        "average": of(layers.AveragePooling2D(3, strides=2, padding="same"), PICTURE, True),
    }
    mha = layers.MultiHeadAttention(2, 2)
    x = RNG.normal(size=(2, 3, 4)).astype(np.float32)
    mha(x, x)
    mha.set_weights(list(drawn(dict(enumerate(mha.get_weights()))).values()))
    state = {v.path.split("/", 1)[1].replace("/", "."): np.asarray(v.value) for v in mha.weights}
    cases["attention"] = ({"x": x}, state, {"y": np.asarray(mha(x, x))})
    none = np.ones((1, 2, 4), bool)
    none[0, 1] = False
    ask = layers.MultiHeadAttention(1, 4)
    ask(QUERY, VALUE, KEY)
    eye, zero = np.eye(4, dtype=np.float32), np.zeros(4, np.float32)
    ask.set_weights([eye[:, None], zero[None], eye[:, None], zero[None], eye[:, None], zero[None], eye[None], zero])
    cases["no-keys"] = ({}, {}, {"y": np.asarray(ask(QUERY, VALUE, KEY, attention_mask=none))})
    return cases


def flax_cases() -> dict[str, Case]:
    import flax.linen as nn
    import jax
    import jax.numpy as jnp
    from flax import nnx

    key = jax.random.key(0)

    def of(module: Any, *xs: Any, picture: bool = False, **call: Any) -> Case:
        given = [x.transpose(LAST) if picture else x for x in xs]
        held = module.init(key, *given, **call)
        params = {"params": drawn(held["params"])} if "params" in held else {}
        rest = {name: part for name, part in held.items() if name != "params"}
        out = module.apply({**params, **rest}, *given, **call, mutable=list(rest))
        out, after = out if isinstance(out, tuple) else (out, {})
        out = np.asarray(out)
        state = {**flat(params.get("params", {})), **flat(rest.get("batch_stats", {}))}
        return (
            {"x": xs[0]},
            state,
            {"y": out.transpose(FIRST) if picture else out, **flat(after.get("batch_stats", {}))},
        )

    def cell(made: Any, x: Any) -> Case:
        inputs, state, out = of(nn.RNN(made), x)
        return inputs, {name.partition(".")[2]: v for name, v in state.items()}, out

    def nnx_cell(made: Any) -> Case:
        state = nnx.state(made, nnx.Param)
        held = drawn(nnx.to_pure_dict(state))
        nnx.replace_by_pure_dict(state, held)
        nnx.update(made, state)
        return {"x": SEQUENCE}, flat(held), {"y": np.asarray(nnx.RNN(made)(SEQUENCE))}

    mask = np.ones((1, 1, 2, 4), bool)
    mask[..., 1, :] = False
    head = [a[:, :, None] for a in (QUERY, KEY, VALUE)]
    causal = jnp.tril(jnp.ones((1, 1, 2, 4), bool))
    x = RNG.normal(size=(2, 3, 4)).astype(np.float32)
    return {
        "dense": of(nn.Dense(2), ROWS),
        "conv": of(nn.Conv(3, (3, 3), strides=2), PICTURE, picture=True),
        "conv-dilated": of(nn.Conv(3, (3, 3), kernel_dilation=2), PICTURE, picture=True),
        "conv-transpose": of(nn.ConvTranspose(3, (3, 3), strides=(2, 2), padding="VALID"), PICTURE, picture=True),
        "conv-transpose-same": of(nn.ConvTranspose(3, (3, 3), strides=(2, 2)), PICTURE, picture=True),
        "lstm": cell(nn.LSTMCell(2), SEQUENCE), "lstm-optimized": cell(nn.OptimizedLSTMCell(2), SEQUENCE),
        "gru": cell(nn.GRUCell(2), SEQUENCE), "rnn": cell(nn.SimpleCell(2), SEQUENCE),
        "batchnorm": of(nn.BatchNorm(use_running_average=False), SMALL),
        "layernorm": of(nn.LayerNorm(), SMALL), "rmsnorm": of(nn.RMSNorm(), SMALL),
        "groupnorm": of(nn.GroupNorm(2), GROUPED, picture=True),
        "embedding": of(nn.Embed(4, 3), IDS), "attention": of(nn.MultiHeadDotProductAttention(2), x),
        "prelu": of(nn.PReLU(), ROWS),
        "gelu": ({"x": LINE}, {}, {"y": np.asarray(nn.gelu(LINE))}),
        "leaky": ({"x": LINE}, {}, {"y": np.asarray(nn.leaky_relu(LINE))}),
        "hard-sigmoid": ({"x": LINE}, {}, {"y": np.asarray(nn.hard_sigmoid(LINE))}),
        "no-keys": ({}, {}, {"y": np.asarray(nn.dot_product_attention(*head, mask=mask))[:, :, 0]}),
        "causal": ({}, {}, {"y": np.asarray(nn.dot_product_attention(*head, mask=causal))[:, :, 0]}),
        "causal-jax": ({}, {}, {"y": np.asarray(jax.nn.dot_product_attention(*head, is_causal=True))[:, :, 0]}),
        "lstm-nnx": nnx_cell(nnx.LSTMCell(3, 2, rngs=nnx.Rngs(0))), "gru-nnx": nnx_cell(nnx.GRUCell(3, 2, rngs=nnx.Rngs(0))),
        "average": ({"x": PICTURE}, {}, {"y": np.asarray(nn.avg_pool(PICTURE.transpose(LAST), (3, 3), (2, 2), "SAME")).transpose(FIRST)}),
    }  # fmt: skip


def haiku_cases() -> dict[str, Case]:
    import haiku as hk
    import jax

    def of(made: Callable[[], Any], x: Any, picture: bool = False, **call: Any) -> Case:
        given = x.transpose(LAST) if picture else x
        run = hk.transform_with_state(lambda v: made()(v, **call))
        params, state = run.init(jax.random.key(0), given)
        params = drawn({k: dict(v) for k, v in params.items()})
        out, after = run.apply(params, state, None, given)
        out = np.asarray(out)
        held = {
            f"{m.partition('/')[2]}/{n}".strip("/"): np.asarray(v)
            for m, part in params.items()
            for n, v in part.items()
        }
        kept = {f"{m}/{n}": np.asarray(v) for m, part in after.items() for n, v in part.items()}
        return {"x": x}, held, {"y": out.transpose(FIRST) if picture else out, **kept}

    def cell(core: Callable[[], Any]) -> Case:
        def run(v: Any) -> Any:
            made = core()
            return hk.dynamic_unroll(made, v, made.initial_state(v.shape[0]), time_major=False)[0]

        return of(lambda: run, SEQUENCE)

    x = RNG.normal(size=(2, 3, 4)).astype(np.float32)
    mha = hk.transform(
        lambda v: hk.MultiHeadAttention(2, 2, model_size=4, w_init=hk.initializers.Constant(0.1))(v, v, v)
    )
    params = drawn({k: dict(v) for k, v in mha.init(jax.random.key(0), x).items()})
    attention = {f"{m.partition('/')[2]}/{n}": np.asarray(v) for m, part in params.items() for n, v in part.items()}
    return {
        "dense": of(lambda: hk.Linear(2), ROWS),
        "conv": of(lambda: hk.Conv2D(3, 3, stride=2), PICTURE, True),
        "conv-dilated": of(lambda: hk.Conv2D(3, 3, rate=2), PICTURE, True),
        "conv-transpose": of(lambda: hk.Conv2DTranspose(3, 3, stride=2, padding="VALID"), PICTURE, True),
        "conv-transpose-same": of(lambda: hk.Conv2DTranspose(3, 3, stride=2), PICTURE, True),
        "lstm": cell(lambda: hk.LSTM(2)), "gru": cell(lambda: hk.GRU(2)), "rnn": cell(lambda: hk.VanillaRNN(2)),
        "batchnorm": of(lambda: hk.BatchNorm(True, True, decay_rate=0.9), SMALL, is_training=True),
        "layernorm": of(lambda: hk.LayerNorm(-1, True, True), SMALL),
        "rmsnorm": of(lambda: hk.RMSNorm(-1), SMALL),
        "groupnorm": of(lambda: hk.GroupNorm(2), GROUPED, True),
        "embedding": of(lambda: hk.Embed(4, 3), IDS),
        "attention": ({"x": x}, attention, {"y": np.asarray(mha.apply(params, None, x))}),
        "average": of(lambda: hk.AvgPool((3, 3, 1), (2, 2, 1), "SAME"), PICTURE, True),
    }  # fmt: skip


def equinox_cases() -> dict[str, Case]:
    import equinox as eqx
    import jax
    import jax.numpy as jnp

    key = jax.random.key(0)

    def named(module: Any) -> dict[str, Any]:
        leaves = jax.tree_util.tree_flatten_with_path(eqx.filter(module, eqx.is_inexact_array))[0]
        return {jax.tree_util.keystr(path).strip("."): np.asarray(leaf) for path, leaf in leaves}

    def with_numbers(module: Any) -> Any:
        params, static = eqx.partition(module, eqx.is_inexact_array)
        leaves, tree = jax.tree_util.tree_flatten(params)
        return eqx.combine(
            jax.tree_util.tree_unflatten(tree, list(map(jnp.asarray, drawn(dict(enumerate(leaves))).values()))), static
        )

    def of(module: Any, x: Any) -> Case:
        module = with_numbers(module)
        return {"x": x}, named(module), {"y": np.asarray(jax.vmap(module)(x))}

    def cell(module: Any) -> Case:
        module = with_numbers(module)
        long = isinstance(module, eqx.nn.LSTMCell)
        start = (jnp.zeros(2), jnp.zeros(2)) if long else jnp.zeros(2)

        def run(sequence: Any) -> Any:
            def step(state: Any, v: Any) -> Any:
                state = module(v, state)
                return state, state[0] if long else state

            return jax.lax.scan(step, start, sequence)[1]

        return {"x": SEQUENCE}, named(module), {"y": np.asarray(jax.vmap(run)(SEQUENCE))}

    norm = eqx.nn.BatchNorm(4, "batch", mode="batch")
    kept = eqx.nn.State(norm)
    normed, kept = jax.vmap(norm, axis_name="batch", in_axes=(0, None), out_axes=(0, None))(SMALL, kept)
    mean, variance = kept.get(norm.batch_state_index)
    x = RNG.normal(size=(2, 3, 4)).astype(np.float32)
    mha = with_numbers(eqx.nn.MultiheadAttention(2, 4, use_query_bias=True, use_output_bias=True, key=key))
    mask = np.ones((2, 4), bool)
    mask[1] = False
    return {
        "dense": of(eqx.nn.Linear(3, 2, key=key), ROWS),
        "conv": of(eqx.nn.Conv2d(2, 3, 3, stride=2, padding="SAME", key=key), PICTURE),
        "conv-dilated": of(eqx.nn.Conv2d(2, 3, 3, dilation=2, padding="SAME", key=key), PICTURE),
        "conv-transpose": of(eqx.nn.ConvTranspose2d(2, 3, 3, stride=2, key=key), PICTURE),
        "conv-transpose-same": of(eqx.nn.ConvTranspose2d(2, 3, 3, stride=2, padding="SAME", key=key), PICTURE),
        "lstm": cell(eqx.nn.LSTMCell(3, 2, key=key)), "gru": cell(eqx.nn.GRUCell(3, 2, key=key)),
        "batchnorm": ({"x": SMALL}, named(norm), {"y": np.asarray(normed), "mean": np.asarray(mean), "var": np.asarray(variance)}),
        "layernorm": of(eqx.nn.LayerNorm(4), SMALL), "rmsnorm": of(eqx.nn.RMSNorm(4), SMALL),
        "groupnorm": of(eqx.nn.GroupNorm(2, 4), GROUPED), "prelu": of(eqx.nn.PReLU(), ROWS),
        "embedding": ({"x": IDS}, named(e := with_numbers(eqx.nn.Embedding(4, 3, key=key))), {"y": np.asarray(e.weight)[IDS]}),
        "attention": ({"x": x}, named(mha), {"y": np.asarray(jax.vmap(lambda v: mha(v, v, v))(x))}),
        "average": ({"x": PICTURE}, {}, {"y": np.asarray(jax.vmap(eqx.nn.AvgPool2d(3, 2, padding=1))(PICTURE))}),
        "no-keys": ({}, {}, {"y": np.asarray(eqx.nn._attention.dot_product_attention(*(a[0] for a in (QUERY, KEY, VALUE)), mask))[None]}),
    }  # fmt: skip


def mlx_cases() -> dict[str, Case]:
    import mlx.core as mx
    import mlx.nn as nn
    from mlx.utils import tree_flatten, tree_unflatten

    def of(module: Any, x: Any, picture: bool = False, *more: Any, train: bool = False) -> Case:
        module.train(train)
        params = dict(tree_flatten(module.parameters()))
        running = {name: value for name, value in params.items() if name.startswith("running")}
        module.update(tree_unflatten([(n, v if n in running else mx.array(w)) for (n, v), w in
                                      zip(params.items(), drawn({n: np.array(v) for n, v in params.items()}).values(), strict=True)]))  # fmt: skip
        state = {name: np.array(value) for name, value in tree_flatten(module.parameters())}
        out = module(mx.array(x.transpose(LAST) if picture else x), *more)
        out = np.array(out[0] if isinstance(out, tuple) else out)
        after = {n: np.array(v) for n, v in tree_flatten(module.parameters()) if n in running}
        return {"x": x}, state, {"y": out.transpose(FIRST) if picture else out, **after}

    head = [mx.array(a[:, None]) for a in (QUERY, KEY, VALUE)]
    mask = np.ones((2, 4), bool)
    mask[1] = False
    x = RNG.normal(size=(2, 3, 4)).astype(np.float32)
    mha = nn.MultiHeadAttention(4, 2, bias=True)
    mha.update(
        tree_unflatten(
            [(n, mx.array(w)) for n, w in drawn({n: np.array(v) for n, v in tree_flatten(mha.parameters())}).items()]
        )
    )
    named = {name: np.array(value) for name, value in tree_flatten(mha.parameters())}
    asked = mx.fast.scaled_dot_product_attention
    return {
        "dense": of(nn.Linear(3, 2), ROWS),
        "conv": of(nn.Conv2d(2, 3, 3, stride=2, padding=1), PICTURE, True),
        "conv-transpose": of(nn.ConvTranspose2d(2, 3, 3, stride=2), PICTURE, True),
        "lstm": of(nn.LSTM(3, 2), SEQUENCE), "gru": of(nn.GRU(3, 2), SEQUENCE), "rnn": of(nn.RNN(3, 2), SEQUENCE),
        "batchnorm": of(nn.BatchNorm(4), SMALL, train=True),
        "layernorm": of(nn.LayerNorm(4), SMALL), "rmsnorm": of(nn.RMSNorm(4), SMALL),
        "groupnorm": of(nn.GroupNorm(2, 4), GROUPED, True),
        "groupnorm-as-torch": of(nn.GroupNorm(2, 4, pytorch_compatible=True), GROUPED, True),
        "embedding": ({"x": IDS}, {"weight": np.array((e := nn.Embedding(4, 3)).weight)}, {"y": np.array(e(mx.array(IDS)))}),
        "attention": ({"x": x}, named, {"y": np.array(mha(*[mx.array(x)] * 3))}),
        "gelu": ({"x": LINE}, {}, {"y": np.array(nn.gelu(mx.array(LINE)))}),
        "leaky": ({"x": LINE}, {}, {"y": np.array(nn.leaky_relu(mx.array(LINE)))}),
        "hard-swish": ({"x": LINE}, {}, {"y": np.array(nn.hardswish(mx.array(LINE)))}),
        "causal": ({}, {}, {"y": np.array(asked(*head, scale=0.5, mask="causal"))[:, 0]}),
        "average": of(nn.AvgPool2d(3, 2, padding=1), PICTURE, True),
        "no-keys": ({}, {}, {"y": np.array(asked(*head, scale=0.5, mask=mx.array(mask)))[:, 0]}),
    }  # fmt: skip


def paddle_cases() -> dict[str, Case]:
    import paddle
    from paddle import nn
    from paddle.nn import functional as F

    def of(layer: Any, x: Any, train: bool = False) -> Case:
        held = {name: value.numpy() for name, value in layer.state_dict().items()}
        fresh = drawn({n: v for n, v in held.items() if not n.startswith("_") or n == "_weight"})
        layer.set_state_dict({name: paddle.to_tensor(value) for name, value in fresh.items() if ".cell." not in name})
        (layer.train if train else layer.eval)()
        state = {name: value.numpy().copy() for name, value in layer.state_dict().items()}
        out = layer(paddle.to_tensor(x))
        after = {n: v.numpy() for n, v in layer.state_dict().items() if n in ("_mean", "_variance")}
        return {"x": x}, state, {"y": (out[0] if isinstance(out, tuple) else out).numpy(), **after}

    def function(act: Any) -> Case:
        return {"x": LINE}, {}, {"y": act(paddle.to_tensor(LINE)).numpy()}

    head = [paddle.to_tensor(a[:, :, None]) for a in (QUERY, KEY, VALUE)]
    mask = np.ones((1, 1, 2, 4), bool)
    mask[..., 1, :] = False
    asked = F.scaled_dot_product_attention
    x = RNG.normal(size=(2, 3, 4)).astype(np.float32)
    return {
        "dense": of(nn.Linear(3, 2), ROWS),
        "conv": of(nn.Conv2D(2, 3, 3, stride=2, padding="SAME"), PICTURE),
        "conv-dilated": of(nn.Conv2D(2, 3, 3, dilation=2, padding="SAME"), PICTURE),
        "conv-transpose": of(nn.Conv2DTranspose(2, 3, 3, stride=2), PICTURE),
        "conv-transpose-same": of(nn.Conv2DTranspose(2, 3, 3, stride=2, padding="SAME"), PICTURE),
        "lstm": of(nn.LSTM(3, 2), SEQUENCE), "gru": of(nn.GRU(3, 2), SEQUENCE), "rnn": of(nn.SimpleRNN(3, 2), SEQUENCE),
        "batchnorm": of(nn.BatchNorm1D(4), SMALL, train=True), "layernorm": of(nn.LayerNorm(4), SMALL),
        "groupnorm": of(nn.GroupNorm(2, 4), GROUPED), "embedding": of(nn.Embedding(4, 3), IDS),
        "attention": of(nn.MultiHeadAttention(4, 2), x), "prelu": of(nn.PReLU(3), ROWS),
        "gelu": function(F.gelu), "leaky": function(F.leaky_relu), "hard-sigmoid": function(F.hardsigmoid),
        "hard-swish": function(F.hardswish),
        "causal": ({}, {}, {"y": asked(*head, is_causal=True).numpy()[:, :, 0]}),
        "no-keys": ({}, {}, {"y": asked(*head, attn_mask=paddle.to_tensor(mask)).numpy()[:, :, 0]}),
    }  # fmt: skip


def onnx_cases() -> dict[str, Case]:
    import onnx
    import onnxruntime
    from onnx import helper

    def of(
        op: str,
        x: Any,
        state: Mapping[str, Any],
        outputs: int = 1,
        before: Any = None,
        opset: int = 21,
        **attributes: Any,
    ) -> Case:
        names = [*state]
        outs = [f"y{k}" for k in range(outputs)]
        given = {"x": x, **{n: v for n, v in state.items() if v is not None}}
        node = helper.make_node(op, ["x", *(n if state[n] is not None else "" for n in names)], outs, **attributes)
        kinds = {"float32": onnx.TensorProto.FLOAT, "bool": onnx.TensorProto.BOOL}
        ends = [helper.make_tensor_value_info(n, kinds[str(v.dtype)], v.shape) for n, v in given.items()]
        results = [helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, None) for n in outs]
        model = helper.make_model(
            helper.make_graph([node], "g", ends, results), opset_imports=[helper.make_opsetid("", opset)], ir_version=10
        )
        made = onnxruntime.InferenceSession(model.SerializeToString()).run(None, given)
        return (
            {"x": x},
            {n: v for n, v in state.items() if v is not None},
            dict(zip(["y", "mean", "var"], made, strict=False)),
        )

    def weights(**shapes: Any) -> dict[str, Any]:
        return drawn({name: np.zeros(shape) for name, shape in shapes.items()})

    steps = SEQUENCE.transpose(1, 0, 2).copy()

    def recurrent(op: str, gates: int, **more: Any) -> Case:
        state = weights(W=(1, gates * 2, 3), R=(1, gates * 2, 2), B=(1, 2 * gates * 2))
        _, held, out = of(op, steps, state, hidden_size=2, **more)
        return {"x": SEQUENCE}, held, {"y": out["y"][:, 0].transpose(1, 0, 2)}

    norm = {
        **weights(weight=(4,), bias=(4,)),
        "running_mean": np.zeros(4, np.float32),
        "running_var": np.ones(4, np.float32),
    }
    four = [a[:, None] for a in (QUERY, KEY, VALUE)]
    mask = np.ones((2, 4), bool)
    mask[1] = False
    return {
        "conv": of("Conv", PICTURE, weights(weight=(3, 2, 3, 3), bias=(3,)), strides=[2, 2], auto_pad="SAME_UPPER"),
        "conv-transpose": of("ConvTranspose", PICTURE, weights(weight=(2, 3, 3, 3), bias=(3,)), strides=[2, 2]),
        "conv-transpose-same": of("ConvTranspose", PICTURE, weights(weight=(2, 3, 3, 3), bias=(3,)), strides=[2, 2], auto_pad="SAME_UPPER"),
        "lstm": recurrent("LSTM", 4), "gru": recurrent("GRU", 3), "gru-after": recurrent("GRU", 3, linear_before_reset=1),
        "rnn": recurrent("RNN", 1),
        "batchnorm": of("BatchNormalization", SMALL, norm, outputs=3, training_mode=1),
        "layernorm": of("LayerNormalization", SMALL, weights(weight=(4,), bias=(4,))),
        "groupnorm": of("GroupNormalization", GROUPED, weights(weight=(4,), bias=(4,)), num_groups=2),
        "gelu": of("Gelu", LINE, {}), "leaky": of("LeakyRelu", LINE, {}), "hard-sigmoid": of("HardSigmoid", LINE, {}),
        "hard-swish": of("HardSwish", LINE, {}),
        "average": of("AveragePool", PICTURE, {}, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]),
        "causal": of("Attention", four[0], {"K": four[1], "V": four[2]}, opset=23, is_causal=1),
        "no-keys": of("Attention", four[0], {"K": four[1], "V": four[2], "mask": mask}, opset=23),
    }  # fmt: skip


def torch_cases() -> dict[str, Case]:
    import torch
    from torch.nn import functional as F

    head = [torch.from_numpy(a[:, None]) for a in (QUERY, KEY, VALUE)]
    mask = np.ones((2, 4), bool)
    mask[1] = False
    line = torch.from_numpy(LINE)
    norm = torch.nn.BatchNorm1d(4)
    normed = norm(torch.from_numpy(SMALL)).detach().numpy()
    asked = F.scaled_dot_product_attention
    conv = torch.nn.Conv2d(2, 3, 3, dilation=2, padding="same")
    weights = drawn({name: value.numpy() for name, value in conv.state_dict().items()})
    conv.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()})
    return {
        "conv-dilated": ({"x": PICTURE}, weights, {"y": conv(torch.from_numpy(PICTURE)).detach().numpy()}),
        "batchnorm": ({"x": SMALL}, {}, {"y": normed, "mean": norm.running_mean.numpy(), "var": norm.running_var.numpy()}),
        **{name: ({"x": LINE}, {}, {"y": act(line).numpy()}) for name, act in (
            ("gelu", F.gelu), ("leaky", F.leaky_relu), ("hard-sigmoid", F.hardsigmoid), ("hard-swish", F.hardswish))},
        "average": ({"x": PICTURE}, {}, {"y": F.avg_pool2d(torch.from_numpy(PICTURE), 3, 2, padding=1).numpy()}),
        "causal": ({}, {}, {"y": asked(*head, is_causal=True).numpy()[:, 0]}),
        "no-keys": ({}, {}, {"y": asked(*head, attn_mask=torch.from_numpy(mask)).numpy()[:, 0]}),
    }  # fmt: skip


def transformers_cases() -> dict[str, Case]:
    import torch
    import transformers as hf
    from timm.models.vision_transformer import Block

    ids = torch.tensor([[3, 1, 4, 1, 5]])
    small = {"num_hidden_layers": 1, "vocab_size": 6, "hidden_size": 8, "num_attention_heads": 4, "intermediate_size": 12,
             "pad_token_id": 0}  # fmt: skip
    gpt2 = {"n_embd": 8, "n_head": 4, "n_layer": 1, "n_positions": 8, "vocab_size": 6}
    plain = {"vocab_size": 6, "num_layers": 1, "d_model": 8, "d_kv": 2, "num_heads": 4, "d_ff": 12}

    def of(model: Any, name: str, **given: Any) -> Case:
        """What a module of a model read when the model ran, its parameters, and what it made."""
        seen = dict[str, Any]()

        def look(module: Any, args: Any, kwargs: Any, out: Any) -> None:
            x = args[0] if args else kwargs["hidden_states"]
            made = out[0] if isinstance(out, tuple) else out
            seen.update(x=x.detach().numpy(), y=made.detach().numpy())

        model.eval()
        state = {n: torch.from_numpy(v) for n, v in
                 drawn({n: v.numpy() for n, v in model.state_dict().items()}).items()}  # fmt: skip
        model.load_state_dict(state)
        part = model.get_submodule(name)
        part.register_forward_hook(look, with_kwargs=True)
        with torch.no_grad():
            model(**given)
        state = {n: v.detach().numpy() for n, v in part.state_dict().items()}
        return {"x": seen["x"]}, state, {"y": seen["y"]}

    t5 = hf.T5EncoderModel(hf.T5Config(**plain))
    first = of(t5, "encoder.block.0.layer.0.SelfAttention", input_ids=ids)
    with torch.no_grad():
        bias = t5.encoder.block[0].layer[0].SelfAttention.compute_bias(5, 5).numpy()
    block = Block(8, 4, 2, qkv_bias=True, norm_layer=partial(torch.nn.LayerNorm, eps=1e-6))
    tokens = torch.from_numpy(SEQUENCE.reshape(1, 3, 8))
    picture = {"image_size": 4, "patch_size": 2, "num_channels": 1}
    grouped = {**small, "num_key_value_heads": 2}
    return {
        "bert-attention": of(hf.BertModel(hf.BertConfig(**small)), "encoder.layer.0.attention.self", input_ids=ids),
        "bert": of(hf.BertModel(hf.BertConfig(**small)), "encoder.layer.0", input_ids=ids),
        "distilbert": of(hf.DistilBertModel(hf.DistilBertConfig(vocab_size=6, dim=8, n_heads=4, n_layers=1, hidden_dim=12)), "transformer.layer.0", input_ids=ids),
        "vit": of(hf.ViTModel(hf.ViTConfig(**small, **picture)), "layers.0", pixel_values=torch.from_numpy(PICTURE[:1, :1, :4, :4])),
        "timm": of(torch.nn.Sequential(block), "0", input=tokens),
        "gpt2-attention": of(hf.GPT2Model(hf.GPT2Config(**gpt2)), "h.0.attn", input_ids=ids),
        "gpt2": of(hf.GPT2Model(hf.GPT2Config(**gpt2)), "h.0", input_ids=ids),
        "gpt2-dense": of(hf.GPT2Model(hf.GPT2Config(**gpt2)), "h.0.mlp.c_fc", input_ids=ids),
        "llama": of(hf.LlamaModel(hf.LlamaConfig(**grouped)), "layers.0.self_attn", input_ids=ids),
        "llama-block": of(hf.LlamaModel(hf.LlamaConfig(**grouped)), "layers.0", input_ids=ids),
        "llama-norm": of(hf.LlamaModel(hf.LlamaConfig(**grouped)), "layers.0.input_layernorm", input_ids=ids),
        "qwen2": of(hf.Qwen2Model(hf.Qwen2Config(**grouped)), "layers.0.self_attn", input_ids=ids),
        "phi3": of(hf.Phi3Model(hf.Phi3Config(**grouped)), "layers.0.self_attn", input_ids=ids),
        "gpt-neox": of(hf.GPTNeoXModel(hf.GPTNeoXConfig(**small, rotary_pct=1.0)), "layers.0.attention", input_ids=ids),
        "t5": ({**first[0], "mask": bias}, *first[1:]),
    }  # fmt: skip


def gguf_cases() -> dict[str, Case]:
    """Blocks of models of transformers, which reads them back from the .gguf and must compute the same."""
    import gguf
    import torch
    import transformers as hf

    ids = torch.tensor([[3, 1, 4, 1, 5]])
    small = {"num_hidden_layers": 1, "vocab_size": 6, "hidden_size": 8, "num_attention_heads": 2, "intermediate_size": 12,
             "num_key_value_heads": 1, "rope_theta": 100.0, "rms_norm_eps": 1e-3, "max_position_embeddings": 32}  # fmt: skip
    gpt2 = {"n_embd": 8, "n_head": 2, "n_layer": 1, "n_positions": 32, "vocab_size": 6, "layer_norm_epsilon": 1e-3}
    named = {"input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm", "gate_proj": "ffn_gate",
             "up_proj": "ffn_up", "down_proj": "ffn_down", "q_proj": "attn_q", "k_proj": "attn_k", "v_proj": "attn_v",
             "o_proj": "attn_output", "ln_1": "attn_norm", "ln_2": "ffn_norm", "c_fc": "ffn_up", "c_attn": "attn_qkv"}  # fmt: skip
    outside = {"embed_tokens.weight": "token_embd.weight", "norm.weight": "output_norm.weight", "wte.weight": "token_embd.weight",
               "wpe.weight": "position_embd.weight", "ln_f.weight": "output_norm.weight", "ln_f.bias": "output_norm.bias"}  # fmt: skip
    found: dict[str, Case] = {}
    for whose, model, part, heads in (
        ("llama", hf.LlamaModel(hf.LlamaConfig(**small)), "layers.0", {"attn_q": 2, "attn_k": 1}),
        ("qwen2", hf.Qwen2Model(hf.Qwen2Config(**small)), "layers.0", {}),
        ("gpt2", hf.GPT2Model(hf.GPT2Config(**gpt2)), "h.0", {}),
    ):
        state = drawn({n: v.numpy() for n, v in model.state_dict().items()})
        model.load_state_dict({n: torch.from_numpy(v) for n, v in state.items()})
        path = Path(__file__).parent / "weights" / f"{whose}.gguf"
        writer = gguf.GGUFWriter(path, whose)
        writer.add_block_count(1)
        writer.add_context_length(32)
        writer.add_embedding_length(8)
        writer.add_feed_forward_length(32 if whose == "gpt2" else 12)
        writer.add_head_count(2)
        writer.add_vocab_size(6)
        writer.add_token_list(["a", "b", "c", "d", "e", "f"])
        if whose == "gpt2":
            writer.add_layer_norm_eps(1e-3)
        else:
            writer.add_head_count_kv(1)
            writer.add_layer_norm_rms_eps(1e-3)
            writer.add_rope_freq_base(100.0)
        for name, value in state.items():
            layer, _, kind = name.removeprefix(f"{part}.").rpartition(".")
            short = layer.rpartition(".")[2]
            own = "attn_output" if layer == "attn.c_proj" else "ffn_down" if layer == "mlp.c_proj" else named.get(short)
            if own in heads:  # Llama's rows, sorted so that neighbours turn together
                value = value.reshape(heads[own], 2, -1, *value.shape[1:]).swapaxes(1, 2).reshape(value.shape)
            if short.startswith("c_") and kind == "weight":
                value = value.T
            writer.add_tensor(outside.get(name) or f"blk.0.{own}.{kind}", np.ascontiguousarray(value))
        if whose == "llama":
            eight = np.linspace(-1, 1, 64, dtype=np.float32).reshape(1, 64)
            packed = gguf.quants.quantize(eight, gguf.GGMLQuantizationType.Q8_0)
            writer.add_tensor("packed.weight", packed, raw_dtype=gguf.GGMLQuantizationType.Q8_0)
            found["packed"] = {}, {}, {"y": gguf.quants.dequantize(packed, gguf.GGMLQuantizationType.Q8_0)}
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        own = {"config": model.config} if whose == "gpt2" else {}  # of its sizes the reader does not take all
        again = type(model).from_pretrained(path.parent, gguf_file=path.name, **own).eval()
        for module in ("", ".self_attn" if whose != "gpt2" else ".attn"):
            seen = [run(m.eval(), part + module, ids) for m in (model, again)]
            np.testing.assert_allclose(*(y for _, y in seen), rtol=1e-5, atol=1e-6)
            found[whose + ("-attention" if module else "")] = {"x": seen[0][0]}, {}, {"y": seen[0][1]}
    return found


def run(model: Any, name: str, ids: Any) -> tuple[Any, Any]:
    """What a module of a model reads and makes when the model runs."""
    import torch

    seen: list[Any] = []

    def look(module: Any, args: Any, kwargs: Any, out: Any) -> None:
        x = args[0] if args else kwargs["hidden_states"]
        seen[:] = x.detach().numpy(), (out[0] if isinstance(out, tuple) else out).detach().numpy()

    handle = model.get_submodule(name).register_forward_hook(look, with_kwargs=True)
    with torch.no_grad():
        model(input_ids=ids)
    handle.remove()
    return seen[0], seen[1]


MAKERS: dict[str, Callable[[], dict[str, Case]]] = {
    "gguf": gguf_cases,
    "transformers": transformers_cases,
    "torch": torch_cases, "keras": keras_cases, "flax": flax_cases, "haiku": haiku_cases, "equinox": equinox_cases,
    "mlx": mlx_cases, "paddle": paddle_cases, "onnx": onnx_cases,
}  # fmt: skip


def main(library: str) -> None:
    index, parts = list[list[Any]](), list[np.ndarray]()
    for case, held in MAKERS[library]().items():
        for part, arrays in zip(("in", "state", "out"), held, strict=True):
            for name, value in arrays.items():
                index.append([case, part, name, list(np.shape(value))])
                parts.append(np.asarray(value, np.float32).ravel())
    path = Path(__file__).parent / f"conventions_{library}.npz"
    text = np.frombuffer(json.dumps(index, separators=(",", ":")).encode(), np.uint8)
    np.savez_compressed(path, index=text, numbers=np.concatenate(parts))
    print(f"{path.name}: {len(index)} arrays, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main(sys.argv[1])
