"""The weights of one layer as other libraries name and lay them out, put into PyTorch's names and layout.

``translated`` is for layers with a kernel, a norm or a table, ``recurrent`` for the recurrent ones; attention has a
file of its own. Whose names they are is said by the user, by the file, or by the names themselves; what only their
layout would tell is not guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from layeranim.engine.array import numeric, shape_text
from layeranim.engine.conventions import CONVENTIONS, convention, rows
from layeranim.engine.packing import Packed
from layeranim.engine.recurrent_packing import blocks, from_keras, from_onnx, from_torch_state
from layeranim.engine.trace import Array
from layeranim.errors import OptionError, ShapeError

RENAMED = {
    "keras": {"kernel": "weight", "depthwise_kernel": "weight", "gamma": "weight", "beta": "bias", "scale": "weight",
              "moving_mean": "running_mean", "moving_variance": "running_var", "embeddings": "weight",
              "alpha": "weight"},
    "flax": {"kernel": "weight", "scale": "weight", "mean": "running_mean", "var": "running_var",
             "embedding": "weight", "negative_slope": "weight"},
    "equinox": {"negative_slope": "weight"},
    "haiku": {"w": "weight", "b": "bias", "scale": "weight", "offset": "bias", "embeddings": "weight"},
    "paddle": {"_mean": "running_mean", "_variance": "running_var", "_weight": "weight"},
    "onnx": {"kernel": "weight"},
}  # fmt: skip
"""By library, its names of parameters and PyTorch's."""
_TELLING = {
    "recurrent_kernel": "keras", "gamma": "keras", "beta": "keras", "moving_mean": "keras", "embeddings": "keras",
    "moving_variance": "keras", "depthwise_kernel": "keras", "kernel": "keras", "embedding": "flax", "mean": "flax",
    "ii.kernel": "flax", "ir.kernel": "flax", "i.kernel": "flax", "scale": "flax", "offset": "haiku", "w": "haiku",
    "w_i": "haiku", "linear.w": "haiku", "query.w": "haiku", "Wx": "mlx", "Wxh": "mlx", "_mean": "paddle",
    "_weight": "paddle", "bias_n": "equinox", "W": "onnx", "R": "onnx", "out.kernel": "flax",
    "query.kernel": "keras", "dense_i.kernel": "flax", "negative_slope": "flax",
}  # fmt: skip
"""Names that one library alone has, or several with the same layout."""
_KERNELS = ("kernel", "depthwise_kernel", "w", "b")
_NORMS = ("gamma", "beta", "scale", "offset", "moving_mean", "moving_variance", "mean", "var", "_mean", "_variance")
_OF = {"batchnorm": _NORMS, "layernorm": _NORMS, "embedding": ("embeddings", "embedding"),
       "activation": ("alpha", "negative_slope", "_weight")}  # fmt: skip
"""By layer the names that can be one of its own; of all others ``_KERNELS``."""
CONVOLUTIONS = {"conv1d": 1, "conv": 2, "conv-matmul": 2, "conv3d": 3}
TRANSPOSED = {"conv-transpose1d": 1, "conv-transpose": 2, "conv-transpose3d": 3}
_DENSE = ("dense", "neuron")


def told_by(layer: str, names: Mapping[str, Any]) -> str:
    """The library that has these names; nothing where none is told, which reads as PyTorch's.

    Raises ``OptionError`` where two libraries have them with layouts of their own.
    """
    found = {_TELLING[name] for name in names if name in _TELLING}
    if any(name.endswith(".recurrent_kernel") for name in names):
        return "keras"
    if "weight_ih" in names and "bias" in names:
        return "equinox"
    if "offset" in names or ("w" in names):
        found -= {"flax", "keras"}
    if "out.kernel" in names or {"gamma", "beta"} & {*names}:
        found -= {"keras"} if "out.kernel" in names else {"flax"}
    if layer in TRANSPOSED and "kernel" in names:
        raise OptionError("kernel is Keras' name and Flax', which lay it out apart; say convention keras or flax")
    if "scale" in names and not {"bias", "offset"} & {*names} and layer in ("batchnorm", "layernorm"):
        raise OptionError(
            "scale is Keras' name, Flax' and Haiku's, whose eps differ; say convention keras, flax or haiku"
        )
    return min(found, default="")


def translated(layer: str, state: Mapping[str, Any], told: str) -> dict[str, Any]:
    """The parameters of a layer by PyTorch's names, in PyTorch's layout."""
    renamed = {name: to for name, to in RENAMED.get(told, {}).items() if name in _OF.get(layer, _KERNELS)}
    if (told, layer) == ("keras", "batchnorm"):
        renamed.pop("scale", None)  # of its RMS norm
    out: dict[str, Any] = {}
    for name, value in state.items():
        to = renamed.get(name, name)
        if to in out:
            raise OptionError(f"{name} stands beside another {to}; they are of two layers")
        own = name in renamed or told in ("mlx", "paddle", "equinox")
        out[to] = turned(layer, name, to, value, told) if told and own and to in ("weight", "bias") else value
    if layer in _DENSE and not told:
        out = _stands(out)
    if told == "haiku":
        out = {name: np.reshape(value, -1) if layer == "batchnorm" else value for name, value in out.items()}
    return out


def _stands(state: dict[str, Any]) -> dict[str, Any]:
    """The weight of a linear layer turned where only so it has a row for each number of the bias: GPT-2's Conv1D."""
    shapes = [np.shape(state[name]) for name in ("weight", "bias") if name in state]
    if len(shapes) == 2 and len(shapes[0]) == 2 and len(shapes[1]) == 1:
        (rows, columns), (biases,) = shapes
        if rows != biases == columns:
            return {**state, "weight": numeric("weight", state["weight"]).T}
    return state


def turned(layer: str, name: str, to: str, value: Any, told: str) -> Any:
    """One parameter with its axes as PyTorch has them."""
    x, whose = numeric(name, value), convention(told)
    if to == "bias":
        return x.reshape(-1) if told == "equinox" and x.ndim > 1 and x.size == len(x) else x
    if (layer in _DENSE and whose.dense == "IO") or (layer in _DENSE and told == "onnx" and name == "kernel"):
        return x.T if x.ndim == 2 else x
    n = CONVOLUTIONS.get(layer) or TRANSPOSED.get(layer)
    if n is None or x.ndim != n + 2:
        return x
    if name == "depthwise_kernel":  # one filter a channel and multiplier, which come last
        return x.reshape(*x.shape[:n], 1, -1).transpose(n + 1, n, *range(n))
    if layer in CONVOLUTIONS:
        return x.transpose(_order(whose.conv or "OIHW", "OI", n))
    x = x.transpose(_order(whose.transposed or "IOHW", "IO", n))
    return np.flip(x, tuple(range(2, n + 2))) if whose.turned else x


def _order(axes: str, lead: str, n: int) -> tuple[int, ...]:
    """The permutation that brings a kernel with such axes into ours: two letters first, then the window."""
    places = {"O": 0, "I": 0, "W": 0}
    at = 0
    for letter in axes:
        if letter == "H":
            continue
        places[letter], at = at, at + (n if letter == "W" else 1)
    return (*(places[letter] for letter in lead), *range(places["W"], places["W"] + n))


def recurrent(state: Mapping[str, Any], told: str, options: Mapping[str, Any]) -> Packed:
    """A recurrent layer from the names of any of the libraries. ``options`` are what its file says besides."""
    reader = _RECURRENT.get(told)
    if told == "keras" or reader is None:
        return _keras(state, options) if told == "keras" else from_torch_state(_cells(state))
    if any(name.startswith("weight_") for name in state) and told not in ("equinox", "paddle"):
        return from_torch_state(_cells(state))
    return reader(state, options)


def _cells(state: Mapping[str, Any]) -> dict[str, Any]:
    """The names of a cell as those of the first layer; without the second name that Paddle has for each."""
    kept = {name: value for name, value in state.items() if ".cell." not in name}
    if "weight_ih" in kept or "weight_hh" in kept:
        return {f"{name}_l0": value for name, value in kept.items()}
    return kept


def _keras(state: Mapping[str, Any], options: Mapping[str, Any]) -> Packed:
    names = ("kernel", "recurrent_kernel", "bias")
    ways = dict[str, dict[str, Any]]()
    for name, value in state.items():
        way, _, last = name.rpartition(".")
        if last not in names:
            raise OptionError(f"{name} is no weight of a Keras SimpleRNN, GRU or LSTM; theirs are {', '.join(names)}")
        ways.setdefault(way, {})[last] = value
    order = sorted(ways, key=lambda way: "backward" in way)
    if len(order) > 2 or (len(order) == 2 and ("backward" in order[0] or "backward" not in order[1])):
        raise OptionError(f"these are the weights of {len(order)} layers, {', '.join(order)}; give the prefix of one")
    weights = [ways[way][name] for way in order for name in names if name in ways[way]]
    return from_keras(weights, bidirectional=len(order) == 2, **options)


def _flax(state: Mapping[str, Any], options: Mapping[str, Any]) -> Packed:
    x = {name.replace("if_.", "if."): numeric(name, value) for name, value in state.items()}  # nnx' word for it
    gates = next(
        (g for g, first in (("ifgo", "ii.kernel"), ("rzn", "ir.kernel"), ("", "i.kernel")) if first in x), None
    )
    if gates is None:
        if "dense_i.kernel" in x and "dense_h.kernel" in x:
            return _packed_flax(x)
        raise OptionError(f"{next(iter(x), 'nothing')} is no weight of a Flax cell; theirs are ii.kernel, hi.kernel, …")
    parts = [(f"i{g}", f"h{g}") for g in gates] or [("i", "h")]
    needed = {f"{name}.kernel" for pair in parts for name in pair}
    unknown = next((n for n in x if n not in needed and n.removesuffix("bias") + "kernel" not in needed), None)
    missing = next((n for n in sorted(needed) if n not in x), None)
    if unknown or missing:
        raise OptionError(
            f"{unknown} is no weight of that Flax cell" if unknown else f"the Flax cell lacks its {missing}"
        )
    arrays = {"weight_input": np.concatenate([x[f"{i}.kernel"].T for i, _ in parts]),
              "weight_hidden": np.concatenate([x[f"{h}.kernel"].T for _, h in parts])}  # fmt: skip
    for side, ours in ((0, "bias_input"), (1, "bias_hidden")):
        names = [f"{pair[side]}.bias" for pair in parts]
        if any(name in x for name in names):
            units = x[f"{parts[0][1]}.kernel"].shape[0]
            arrays[ours] = np.concatenate([x.get(name, np.zeros(units, np.float32)) for name in names])
    return _ours({4: "lstm", 3: "gru", 1: "rnn"}[len(parts)], arrays)


def _packed_flax(x: Mapping[str, Array]) -> Packed:
    """nnx's cells, whose gates stand in one kernel."""
    arrays = {"weight_input": x["dense_i.kernel"].T, "weight_hidden": x["dense_h.kernel"].T}
    arrays |= {ours: x[f"{name}.bias"] for name, ours in (("dense_i", "bias_input"), ("dense_h", "bias_hidden"))
               if f"{name}.bias" in x}  # fmt: skip
    if _kind(arrays) == "gru" and "bias_input" in arrays:  # which has none inside of the reset
        arrays.setdefault("bias_hidden", np.zeros_like(arrays["bias_input"]))
    return _ours(_kind(arrays), arrays)


def _haiku(state: Mapping[str, Any], options: Mapping[str, Any]) -> Packed:
    x = {name.replace("linear.", "", 1) if set(state) == {"linear.w", "linear.b"} else name: numeric(name, value)
         for name, value in state.items()}  # fmt: skip
    if set(x) == {"w", "b"}:
        units = x["w"].shape[1] // 4
        gates = rows("haiku", "lstm")
        packed = x["w"].T
        bias = blocks(x["b"], gates)
        bias = np.concatenate([bias[:units], bias[units : 2 * units] + 1, bias[2 * units :]])  # +1 on f as it runs
        features = packed.shape[1] - units
        return _ours("lstm", {"weight_input": blocks(packed[:, :features], gates),
                              "weight_hidden": blocks(packed[:, features:], gates), "bias_input": bias})  # fmt: skip
    if set(x) == {"w_i", "w_h", "b"}:
        units = x["w_h"].shape[0]
        sign = np.ones((3 * units, 1), x["b"].dtype)
        if convention("haiku").update == "new":  # its z weighs the new state, and σ(−x) = 1 − σ(x)
            sign[units : 2 * units] = -1
        order = rows("haiku", "gru")
        arrays = {"weight_input": sign * blocks(x["w_i"].T, order), "weight_hidden": sign * blocks(x["w_h"].T, order),
                  "bias_input": sign[:, 0] * blocks(x["b"], order)}  # fmt: skip
        return _ours("gru", arrays, variant=f"reset-{convention('haiku').reset}")
    if set(x) == {"linear.w", "linear.b", "linear_1.w", "linear_1.b"}:
        arrays = {"weight_input": x["linear.w"].T, "weight_hidden": x["linear_1.w"].T, "bias_input": x["linear.b"],
                  "bias_hidden": x["linear_1.b"]}  # fmt: skip
        return _ours("rnn", arrays, nonlinearity="relu")
    raise OptionError(f"{', '.join(list(state)[:4])} are no weights of Haiku's VanillaRNN, GRU or LSTM")


def _one_bias(names: Mapping[str, str]) -> Callable[[Mapping[str, Any], Mapping[str, Any]], Packed]:
    """A cell with PyTorch's gates, one bias, and in a GRU one more of the candidate, by a library's names."""

    def read(state: Mapping[str, Any], options: Mapping[str, Any]) -> Packed:
        if "weight_hh_l0" in state or "bias_ih" in state:
            return from_torch_state(_cells(state))
        unknown = next((name for name in state if name not in names), None)
        if unknown is not None:
            raise OptionError(f"{unknown} is no weight of such a cell; its are {', '.join(names)}")
        arrays = {names[name]: numeric(name, value) for name, value in state.items()}
        if not {"weight_input", "weight_hidden"} <= {*arrays}:
            raise OptionError(f"the cell lacks one of {', '.join(list(names)[:2])}")
        extra = arrays.pop("candidate", None)
        kind = _kind(arrays)
        if extra is not None:
            if kind != "gru":
                raise ShapeError(f"a bias of the candidate alone is a GRU's, but these are the weights of {kind}")
            arrays["bias_hidden"] = np.concatenate([np.zeros(2 * len(extra), extra.dtype), extra])
        return _ours(kind, arrays)

    return read


def _onnx(state: Mapping[str, Any], options: Mapping[str, Any]) -> Packed:
    unknown = next((name for name in state if name not in ("W", "R", "B", "P")), None)
    if unknown is not None or not {"W", "R"} <= {*state}:
        raise OptionError(f"{unknown or 'the node'} is no RNN, GRU or LSTM of ONNX, which has W, R, B and P")
    found = from_onnx(*(state.get(name) for name in "WRBP"), **options)
    if options or "variant" not in found.options:
        return found
    told = {name: value for name, value in found.options.items() if name != "variant"}
    return replace(found, options=told, usual={"variant": found.options["variant"]})


def _kind(arrays: Mapping[str, Array]) -> str:
    packed, units = arrays["weight_hidden"].shape
    kind = {1: "rnn", 3: "gru", 4: "lstm"}.get(packed // units if units and packed % units == 0 else 0)
    if kind is None:
        raise ShapeError(
            f"weights of the state have shape {shape_text((packed, units))}: not 1, 3 or 4 blocks of {units} rows"
        )
    return kind


def _ours(kind: str, arrays: dict[str, Array], **options: Any) -> Packed:
    biased = "bias_input" in arrays or "bias_hidden" in arrays
    if biased and "bias_input" not in arrays:
        arrays["bias_input"] = np.zeros_like(arrays["bias_hidden"])
    return Packed(kind, {"bias": biased, **options}, {name: np.ascontiguousarray(x) for name, x in arrays.items()})


_EQUINOX = {"weight_ih": "weight_input", "weight_hh": "weight_hidden", "bias": "bias_input", "bias_n": "candidate"}
_MLX = {"Wx": "weight_input", "Wh": "weight_hidden", "bias": "bias_input", "b": "bias_input", "bhn": "candidate"}
_MLX_RNN = {"Wxh": "weight_input", "Whh": "weight_hidden", "bias": "bias_input"}


def _mlx(state: Mapping[str, Any], options: Mapping[str, Any]) -> Packed:
    return _one_bias(_MLX_RNN if "Wxh" in state else _MLX)(state, options)


_RECURRENT: dict[str, Callable[[Mapping[str, Any], Mapping[str, Any]], Packed]] = {
    "flax": _flax, "haiku": _haiku, "equinox": _one_bias(_EQUINOX), "mlx": _mlx, "onnx": _onnx,
    "paddle": lambda state, options: from_torch_state(_cells(state)),
}  # fmt: skip


__all__ = ["CONVENTIONS", "CONVOLUTIONS", "TRANSPOSED", "recurrent", "told_by", "translated"]
