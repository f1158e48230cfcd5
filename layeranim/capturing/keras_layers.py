"""Layers and operations of Keras 3 as layers of ours: class, configuration, weights, what they were given and gave.

Source: keras.layers and keras.ops of Keras 3.15, held against the numbers that they gave (tests/vectors).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np

from layeranim import catalog
from layeranim.capturing.functions import words
from layeranim.capturing.joins import JOINS
from layeranim.capturing.seen import Found
from layeranim.engine.array import shape_text
from layeranim.engine.packing import Packed
from layeranim.engine.recurrent_packing import from_keras
from layeranim.engine.trace import Array, Shape
from layeranim.errors import OptionError
from layeranim.inputs import module_joins
from layeranim.inputs.module_tensors import rows
from layeranim.inputs.modules import READERS
from layeranim.records import dataclass

_PLACES = {1: "1d", 2: "", 3: "3d"}
ACTIVATIONS = {
    "linear": "linear", "relu": "relu", "tanh": "tanh", "sigmoid": "sigmoid", "silu": "silu", "swish": "silu",
    "gelu": "gelu", "elu": "elu", "selu": "selu", "relu6": "relu6", "softplus": "softplus", "softsign": "softsign",
    "hard_sigmoid": "hard-sigmoid", "hard_silu": "hard-swish", "hard_swish": "hard-swish", "mish": "mish",
    "log_sigmoid": "log-sigmoid", "hard_tanh": "hard-tanh",
}  # fmt: skip
"""By Keras' name, ours; without parameters of their own."""


@dataclass(frozen=True)
class KerasCall:
    """One call: ``config`` is what ``get_config`` says, ``weights`` are the variables by the end of their path, ``x``
    the arrays and numbers that it was given, ``more`` its other arguments, ``y`` what it gave."""

    kind: str
    config: Mapping[str, Any]
    weights: Mapping[str, Array]
    x: tuple[Any, ...]
    more: Mapping[str, Any]
    y: tuple[Array, ...]

    @property
    def input(self) -> Array:
        """The first array."""
        return np.asarray(self.x[0])

    def told(self, name: str, usual: Any = None) -> Any:
        """A setting."""
        found = self.config.get(name)
        return usual if found is None else found

    def refuse(self, what: str) -> OptionError:
        return OptionError(f"{self.kind} with {what} is not known here")

    def activation(self, name: str = "activation") -> str:
        """The name of ours for the activation that it has inside."""
        told = self.told(name, "linear")
        if not isinstance(told, str) or told not in ACTIVATIONS:
            raise self.refuse(f"{name} {told if isinstance(told, str) else 'of its own'}")
        return ACTIVATIONS[told]

    @property
    def turned(self) -> tuple[int, ...]:
        """The order that brings channels to the front; nothing where they are there."""
        n = self.input.ndim
        last = self.told("data_format", "channels_last") != "channels_first" and n > 2
        return (0, n - 1, *range(1, n - 1)) if last else ()

    @property
    def planes(self) -> Array:
        """The first array with its channels in front."""
        return self.input.transpose(self.turned) if self.turned else self.input


Read = Callable[[KerasCall], Packed | Found]


def read(call: KerasCall) -> Found:
    """The layer that computes a call, and what the call gave. Raises ``UsageError`` where there is none."""
    if call.kind not in KERAS:
        raise OptionError(f"{call.kind} is no layer that is known here")
    if not call.x or not call.y:
        raise OptionError(f"{call.kind} was given, or gave, no array of real numbers")
    try:
        found = KERAS[call.kind](call)
    except KeyError as error:
        raise OptionError(f"{call.kind} is known here with {error.args[0]}, but has none") from None
    if isinstance(found, tuple):
        return found
    if found.layer in ("elementwise", "activation") and all(x.shape == call.y[0].shape for x in _arrays(call)):
        arrays = {name: _front(_as_wide(x, call.y[0].shape)) for name, x in found.arrays.items()}
        if found.layer == "activation":
            arrays = {name: rows(name, x) for name, x in arrays.items()}
        return replace(found, arrays=arrays), _front(call.y[0])
    if found.axes and found.axes == call.turned:  # maps as they are drawn: channels come first
        return replace(found, axes=()), call.y[0].transpose(found.axes)
    return found, call.y[0]


def _arrays(call: KerasCall) -> list[Array]:
    return [x for x in call.x if isinstance(x, np.ndarray)]


def _as_wide(x: Array, shape: Shape) -> Array:
    """The same numbers with as many axes as ``shape``: in that shape, or with axes of size 1 in front."""
    return x.reshape(shape if x.size == math.prod(shape) else (1,) * (len(shape) - x.ndim) + x.shape)


def _front(x: Array) -> Array:
    """Maps with their channels in front, where they are last: a picture is drawn channel by channel."""
    return x.transpose(0, x.ndim - 1, *range(1, x.ndim - 1)) if x.ndim > 3 else x


# ── windows ──────────────────────────────────────────────────────────────────
def _layer(name: str, axes: int) -> str:
    return f"{name}{_PLACES[axes]}"


def _bias(call: KerasCall) -> dict[str, Array]:
    return {"bias": call.weights["bias"]} if "bias" in call.weights else {}


def _conv(axes: int, depthwise: bool = False) -> Read:
    def read(call: KerasCall) -> Packed:
        x, kernel, padding = call.planes, call.weights["kernel"], call.told("padding")
        options: dict[str, Any] = {
            "stride": tuple(call.told("strides")), "dilation": tuple(call.told("dilation_rate")), "padding": padding,
            "bias": "bias" in call.weights, "activation": call.activation(),
            "groups": x.shape[1] if depthwise else call.told("groups", 1),
        }  # fmt: skip
        if padding == "causal":
            options["padding"] = (((kernel.shape[0] - 1) * options["dilation"][0], 0),)
        elif padding == "same":
            options["convention"] = "keras"
        window = tuple(range(axes))
        if depthwise:  # a filter for each channel and multiplier, which come last
            kernel = kernel.reshape(*kernel.shape[:axes], 1, -1)
        arrays = {"input": x, "kernel": kernel.transpose(axes + 1, axes, *window), **_bias(call)}
        return Packed(_layer("conv", axes), options, arrays, call.turned)

    return read


def _separable(axes: int) -> Read:
    """A filter for each channel, then one that mixes them: this one, of what the first gives."""

    def read(call: KerasCall) -> Packed:
        alone = {**call.config, "activation": "linear"}
        kernels = {"kernel": call.weights["depthwise_kernel"]}
        first: Any = _conv(axes, True)(replace(call, config=alone, weights=kernels))
        layer = catalog.layer(first.layer)
        kernel = call.weights["pointwise_kernel"].transpose(axes + 1, axes, *range(axes))
        arrays = {"input": layer.compute(layer.config.of(first.options), first.arrays)["output"], "kernel": kernel}
        options = {"bias": "bias" in call.weights, "activation": call.activation()}
        return Packed(_layer("conv", axes), options, arrays | _bias(call), call.turned)

    return read


def _conv_transpose(axes: int) -> Read:
    def read(call: KerasCall) -> Packed:
        kernel, stride = call.weights["kernel"], tuple(call.told("strides"))
        if any(n != 1 for n in call.told("dilation_rate", (1,))) or call.told("output_padding") is not None:
            raise call.refuse("dilation_rate or output_padding")
        options: dict[str, Any] = {"stride": stride, "bias": "bias" in call.weights, "activation": call.activation()}
        if call.told("padding") == "same":
            over = [k - s for k, s in zip(kernel.shape, stride, strict=False)]
            if any(n < 0 or n % 2 for n in over):
                raise call.refuse(f"padding same, a window of {shape_text(kernel.shape[:axes])} and strides {stride}")
            options["padding"] = tuple(n // 2 for n in over)
        elif any(k < s for k, s in zip(kernel.shape, stride, strict=False)):
            raise call.refuse(f"strides {stride}, wider than its window")
        arrays = {"input": call.planes, "kernel": kernel.transpose(axes + 1, axes, *range(axes)), **_bias(call)}
        return Packed(_layer("conv-transpose", axes), options, arrays, call.turned)

    return read


def _pool(mode: str, axes: int) -> Read:
    def read(call: KerasCall) -> Packed:
        x, size = call.planes, tuple(call.told("pool_size"))
        stride = tuple(call.told("strides", size))
        options: dict[str, Any] = {"mode": mode, "kernel_size": size, "stride": stride, "padding": 0}
        if call.told("padding") == "same":
            totals = [max((-(-n // s) - 1) * s + k - n, 0) for n, k, s in zip(x.shape[2:], size, stride, strict=True)]
            options["padding"] = tuple((n // 2, n - n // 2) for n in totals)
            if mode == "mean" and any(n % 2 for n in totals):  # on PyTorch the edge is repeated, elsewhere left out
                raise call.refuse(
                    "padding same that is no even number of cells, which differs from backend to backend,"
                )
            options |= {"count_include_pad": False} if mode == "mean" else {}
        return Packed(_layer("pool", axes), options, {"input": x}, call.turned)

    return read


def _global_pool(mode: str, axes: int) -> Read:
    def read(call: KerasCall) -> Packed:
        options = {"mode": f"adaptive-{mode}", "output_size": (1,) * axes}
        kept = call.turned if call.y[0].ndim == call.input.ndim else ()
        return Packed(_layer("pool", axes), options, {"input": call.planes}, kept)

    return read


def _zero_padding(call: KerasCall) -> Packed:
    x, told = call.planes, call.told("padding")
    pairs = [tuple(told)] if x.ndim == 3 and not isinstance(told[0], (list, tuple)) else [tuple(pair) for pair in told]
    found = module_joins.pad(x, [n for pair in reversed(pairs) for n in pair], "zeros", None)
    return Packed(found.layer, found.options, found.arrays, call.turned)


def _upsampling(call: KerasCall) -> Packed:
    x, size, mode = call.planes, call.told("size"), call.told("interpolation", "nearest")
    if mode not in ("nearest", "bilinear") or x.ndim not in (3, 4):
        raise call.refuse(f"interpolation {mode} of {x.ndim} axes")
    factors = (1, size if isinstance(size, int) else size[0]) if x.ndim == 3 else tuple(size)
    places = (1, x.shape[2]) if x.ndim == 3 else x.shape[2:]
    options = {"mode": mode, "output_size": tuple(n * k for n, k in zip(places, factors, strict=True))}
    return Packed("upsample", options, {"input": x[:, :, None] if x.ndim == 3 else x}, call.turned)


# ── dense, arithmetic ────────────────────────────────────────────────────────
def _dense(call: KerasCall) -> Packed:
    options = {"bias": "bias" in call.weights, "activation": call.activation()}
    arrays = {"input": rows("input", call.input), "weight": call.weights["kernel"].T, **_bias(call)}
    return Packed("dense", options, arrays)


def _pair(operation: str) -> Read:
    def read(call: KerasCall) -> Packed:
        if len(call.x) != 2:
            raise OptionError(f"{call.kind} of {len(call.x)} arrays is not known here; of two it is")
        kind = next(x.dtype for x in call.x if isinstance(x, np.ndarray))
        both = (np.asarray(x, kind) if not isinstance(x, np.ndarray) else x for x in call.x)
        return Packed("elementwise", {"operation": operation}, dict(zip(("input", "other"), both, strict=True)))

    return read


def _alone(operation: str) -> Read:
    return lambda call: Packed("elementwise", {"operation": operation}, {"input": call.input})


def _rescaling(call: KerasCall) -> Packed:
    scale, offset = (np.asarray(call.told(name, 0.0), call.input.dtype) for name in ("scale", "offset"))
    if offset.any():
        arrays = {"input": offset, "other": call.input, "third": scale}
        return Packed("elementwise", {"operation": "multiply-add"}, arrays)
    return Packed("elementwise", {"operation": "multiply"}, {"input": call.input, "other": scale})


def _normalization(call: KerasCall) -> Packed:
    """What is left of the mean, over the spread: both are constants, given or seen before."""
    x = call.input
    if call.told("invert") or call.told("axis", -1) not in (-1, x.ndim - 1, [-1], [x.ndim - 1], (-1,), (x.ndim - 1,)):
        raise call.refuse("invert or an axis that is not the last")
    mean, variance = (np.asarray(call.weights.get(name, call.told(name)), x.dtype) for name in ("mean", "variance"))
    spread = np.maximum(np.sqrt(variance), x.dtype.type(1e-7))
    return Packed("elementwise", {"operation": "divide"}, {"input": x - mean, "other": spread})


def _layer_scale(call: KerasCall) -> Packed:
    (gamma,) = call.weights.values()
    return Packed("elementwise", {"operation": "multiply"}, {"input": call.input, "other": gamma})


def _concatenate(call: KerasCall) -> Packed:
    return JOINS["cat"]("cat", (tuple(call.x), call.told("axis", -1)), {})


def _matmul(call: KerasCall) -> Packed:
    return JOINS["matmul"]("matmul", call.x, {})


def _reduce(mode: str) -> Read:
    return lambda call: JOINS[mode](mode, (call.input, call.told("axis")), {})


# ── activations, norms ───────────────────────────────────────────────────────
def _bent(call: KerasCall, name: str, **options: Any) -> Packed:
    return Packed("activation", {"activation": name, **options}, {"input": rows("input", call.input)})


def _activation(call: KerasCall) -> Packed | Found:
    told = call.told("activation")
    return _softmax(told == "log_softmax")(call) if told in SOFTMAX else _bent(call, call.activation())


def _named(name: str) -> Read:
    return lambda call: _bent(call, name)


def _gelu(call: KerasCall) -> Packed:
    return _bent(call, "gelu-tanh" if call.told("approximate", True) else "gelu")


def _relu(call: KerasCall) -> Packed:
    most, slope = call.told("max_value"), call.told("negative_slope", 0.0)
    if call.told("threshold", 0.0) or (most not in (None, 6) or (most and slope)):
        raise call.refuse(f"max_value {most}, negative_slope {slope} and threshold {call.told('threshold', 0.0)}")
    return _bent(call, "leaky-relu", alpha=float(slope)) if slope else _bent(call, "relu6" if most else "relu")


def _sloped(name: str, setting: str, usual: float) -> Read:
    return lambda call: _bent(call, name, alpha=float(call.told(setting, usual)))


SOFTMAX = ("softmax", "log_softmax")


def _softmax(log: bool) -> Read:
    def read(call: KerasCall) -> Packed:
        if call.more.get("mask") is not None:
            raise call.refuse("a mask")
        axis = call.told("axis", -1)
        module = SimpleNamespace(dim=axis[0] if isinstance(axis, (list, tuple)) and len(axis) == 1 else axis)
        return READERS["LogSoftmax" if log else "Softmax"](module, {"input": call.input})

    return read


def _batch_norm(call: KerasCall) -> Packed:
    if call.more.get("training") and call.told("trainable", True):
        raise call.refuse("training=True")
    x, axis = call.input, call.told("axis", -1)
    at = (axis[0] if isinstance(axis, (list, tuple)) else axis) % x.ndim
    axes = (0, at, *(k for k in range(1, x.ndim) if k != at))
    mean = call.weights["moving_mean"]
    arrays = {
        "input": x.transpose(axes), "gamma": call.weights.get("gamma", np.ones_like(mean)),
        "beta": call.weights.get("beta", np.zeros_like(mean)), "running_mean": mean,
        "running_variance": call.weights["moving_variance"],
    }  # fmt: skip
    return Packed("batchnorm", {"mode": "inference", "eps": call.told("epsilon")}, arrays, axes)


def _norm(kind: str) -> Read:
    def read(call: KerasCall) -> Packed:
        x, axis = call.input, call.told("axis", -1)
        wanted = sorted(k % x.ndim for k in (axis if isinstance(axis, (list, tuple)) else [axis]))
        if wanted != list(range(x.ndim - len(wanted), x.ndim)):
            raise call.refuse(f"axis {axis}, not the last ones")
        names = {"gamma": "scale" if "scale" in call.weights else "gamma", "beta": "beta"}
        arrays = {ours: call.weights[name] for ours, name in names.items() if name in call.weights}
        options = {"kind": kind, "eps": call.told("epsilon"), "affine": bool(arrays), "normalized_axes": len(wanted)}
        return Packed("layernorm", options, {"input": x, **arrays})

    return read


def _group_norm(call: KerasCall) -> Packed:
    x = call.input
    if call.told("axis", -1) % x.ndim != x.ndim - 1:
        raise call.refuse(f"axis {call.told('axis')}")
    arrays = {name: call.weights[name] for name in ("gamma", "beta") if name in call.weights}
    groups = call.told("groups") if call.told("groups") != -1 else x.shape[-1]
    options = {"kind": "group", "groups": groups, "eps": call.told("epsilon"), "affine": bool(arrays)}
    axes = (0, x.ndim - 1, *range(1, x.ndim - 1))
    return Packed("layernorm", options, {"input": x.transpose(axes), **arrays}, axes)


def _dropout(call: KerasCall) -> Packed:
    if call.more.get("training"):
        raise call.refuse("training=True")
    return Packed("dropout", {"rate": 0.0, "mode": "inverted"}, {"input": rows("input", call.input)})


def _flatten(call: KerasCall) -> Packed:
    x = call.input
    if call.turned and call.told("data_format") == "channels_first":
        raise call.refuse("data_format channels_first")
    return READERS["Flatten"](SimpleNamespace(start_dim=1, end_dim=-1), {"input": x if x.ndim > 1 else x[:, None]})


# ── sequences ────────────────────────────────────────────────────────────────
def _embedding(call: KerasCall) -> Packed:
    module = SimpleNamespace(max_norm=None, padding_idx=None, weight=call.weights["embeddings"])
    return READERS["Embedding"](module, {"input": call.input.astype(np.int64)})


_USUAL = {"LSTM": ("tanh", "sigmoid"), "GRU": ("tanh", "sigmoid"), "SimpleRNN": ("tanh", None)}


def _recurrent(call: KerasCall) -> Packed:
    both = call.kind == "Bidirectional"
    kind = call.config["layer"]["class_name"] if both else call.kind
    told = call.config["layer"]["config"] if both else call.config
    if kind not in _USUAL:
        raise call.refuse(f"{kind} inside")
    if both and call.told("merge_mode") != "concat":
        raise call.refuse(f"merge_mode {call.told('merge_mode')}")
    if any(told.get(name) for name in ("go_backwards", "stateful")):
        raise call.refuse("go_backwards or stateful")
    if (mask := call.more.get("mask")) is not None and not np.all(mask):
        raise call.refuse("a mask that leaves steps out")
    if len(call.x) > 1 or call.more.get("initial_state") is not None:
        raise call.refuse("an initial state")
    activation = told.get("activation", "tanh")
    if (activation, told.get("recurrent_activation")) != _USUAL[kind] and (kind, activation) != ("SimpleRNN", "relu"):
        raise call.refuse(f"activation {activation} and recurrent_activation {told.get('recurrent_activation')}")
    reset = {"reset_after": bool(told.get("reset_after"))} if kind == "GRU" else {}
    found = from_keras(list(call.weights.values()), both, **reset)
    options = found.options | {"returns": "sequences" if told.get("return_sequences") else "last"}
    options |= {"nonlinearity": activation} if kind == "SimpleRNN" else {}
    return Packed(found.layer, options, found.arrays | {"input": call.input})


def _attention(call: KerasCall) -> Packed:
    query, value, *rest = (*call.x, *(call.more[n] for n in ("value", "key") if call.more.get(n) is not None))
    key = rest[0] if rest else value
    if odd := next((name for name in ("sliding_window", "use_gate") if call.told(name)), None):
        raise call.refuse(odd)
    if query.ndim != 3 or list(call.told("attention_axes", (1,))) != [1]:
        raise call.refuse(f"attention_axes {call.told('attention_axes')} of {query.ndim} axes")
    if any(call.more.get(name) is not None for name in ("query_mask", "value_mask", "key_mask")):
        raise call.refuse("a mask of tokens")
    w = call.weights
    arrays = {"embeddings": query, "context": key, "value_context": value}
    if query.shape == key.shape and np.array_equal(query, key) and np.array_equal(key, value):
        arrays = {"embeddings": query}
    for ours, theirs in (("query", "query"), ("key", "key"), ("value", "value"), ("output", "attention_output")):
        kernel = w[f"{theirs}/kernel"]
        flat = kernel.reshape(-1, kernel.shape[-1]) if ours == "output" else kernel.reshape(kernel.shape[0], -1)
        arrays[f"weight_{ours}"] = flat.T
        if f"{theirs}/bias" in w:
            arrays[f"bias_{ours}"] = w[f"{theirs}/bias"].reshape(-1)
    options: dict[str, Any] = {"heads": call.told("num_heads"), "causal": bool(call.more.get("use_causal_mask"))}
    if (mask := call.more.get("attention_mask")) is not None:
        arrays["mask"] = np.asarray(mask, bool)
    return Packed("attention", options | {"output_projection": True}, arrays)


_PAIRS = {"Add": "add", "Subtract": "subtract", "Multiply": "multiply", "Maximum": "maximum", "Minimum": "minimum",
          "Divide": "divide", "TrueDivide": "divide", "Power": "power"}  # fmt: skip
_ALONE = {"Negative": "negate", "Absolute": "absolute", "Square": "square", "Sqrt": "sqrt", "Exp": "exp", "Log": "log",
          "Sin": "sin", "Cos": "cos", "Reciprocal": "reciprocal"}  # fmt: skip
_NAMED = {"Relu": "relu", "Relu6": "relu6", "Sigmoid": "sigmoid", "Tanh": "tanh", "Silu": "silu", "Selu": "selu",
          "Softplus": "softplus", "Softsign": "softsign", "HardSigmoid": "hard-sigmoid", "HardSilu": "hard-swish",
          "Mish": "mish", "LogSigmoid": "log-sigmoid"}  # fmt: skip
_DROPOUT = ("Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "GaussianDropout", "GaussianNoise",
            "AlphaDropout", "ActivityRegularization")  # fmt: skip
KERAS: dict[str, Read] = {
    **{f"Conv{n}D": _conv(n) for n in (1, 2, 3)}, **{f"DepthwiseConv{n}D": _conv(n, True) for n in (1, 2)},
    **{f"Conv{n}DTranspose": _conv_transpose(n) for n in (1, 2, 3)},
    "SeparableConv1D": _separable(1), "SeparableConv2D": _separable(2), "Normalization": _normalization,
    **{f"{name}Pooling{n}D": _pool(mode, n) for name, mode in (("Max", "max"), ("Average", "mean")) for n in (1, 2, 3)},
    **{f"Global{name}Pooling{n}D": _global_pool(mode, n) for name, mode in (("Max", "max"), ("Average", "mean"))
       for n in (1, 2, 3)},
    **{f"ZeroPadding{n}D": _zero_padding for n in (1, 2, 3)}, "UpSampling1D": _upsampling, "UpSampling2D": _upsampling,
    "Dense": _dense, **{kind: _pair(ours) for kind, ours in _PAIRS.items()},
    **{kind: _alone(ours) for kind, ours in _ALONE.items()}, "Rescaling": _rescaling,
    "LayerScale": _layer_scale, "Concatenate": _concatenate,
    "Matmul": _matmul, "Mean": _reduce("mean"), "Sum": _reduce("sum"), "Max": _reduce("amax"), "Min": _reduce("amin"),
    "Activation": _activation, **{kind: _named(ours) for kind, ours in _NAMED.items()}, "Gelu": _gelu, "ReLU": _relu,
    "LeakyReLU": _sloped("leaky-relu", "negative_slope", 0.3),
    "LeakyRelu": _sloped("leaky-relu", "negative_slope", 0.2),
    "ELU": _sloped("elu", "alpha", 1.0), "Elu": _sloped("elu", "alpha", 1.0), "Softmax": _softmax(False),
    "LogSoftmax": _softmax(True), "BatchNormalization": _batch_norm, "LayerNormalization": _norm("layer"),
    "RMSNormalization": _norm("rms"), "GroupNormalization": _group_norm,
    **dict.fromkeys(_DROPOUT, _dropout),
    "Flatten": _flatten, "Embedding": _embedding, "LSTM": _recurrent, "GRU": _recurrent, "SimpleRNN": _recurrent,
    "Bidirectional": _recurrent, "MultiHeadAttention": _attention,
}  # fmt: skip
"""How each class of Keras is read."""
WIRES = words("""
    InputLayer Reshape Permute Identity Transpose GetItem Cropping1D Cropping2D Cropping3D ExpandDims Squeeze Cast
    RepeatVector Split Moveaxis Swapaxes BroadcastTo Repeat Tile Flip Roll Take Ravel Masking StopGradient
""")
"""They carry numbers and compute none."""
