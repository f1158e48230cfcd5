"""Nodes of an ONNX graph as layers of ours: operator, attributes, and the arrays that it was given and gave.

Source: the operators of onnx.ai, opset 6 to 25, and what onnx' own evaluator gives for them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from layeranim.capturing.joins import JOINS
from layeranim.capturing.reading import attention
from layeranim.capturing.seen import Found
from layeranim.engine.array import shape_text
from layeranim.engine.packing import Packed
from layeranim.engine.recurrent_packing import from_onnx
from layeranim.engine.trace import Array
from layeranim.errors import OptionError, ShapeError
from layeranim.inputs import module_joins
from layeranim.inputs.module_tensors import rows
from layeranim.inputs.modules import READERS
from layeranim.records import dataclass

_PLACES = {1: "1d", 2: "", 3: "3d"}


@dataclass(frozen=True)
class OnnxCall:
    """One node: ``x`` are its inputs, ``None`` for those left out, ``y`` what it gave."""

    op: str
    attributes: Mapping[str, Any]
    x: tuple[Array | None, ...]
    y: tuple[Array | None, ...]
    opset: int

    def at(self, place: int) -> Array | None:
        """The input in that place, if it was given."""
        return self.x[place] if place < len(self.x) else None

    def need(self, place: int) -> Array:
        """An input that cannot be left out."""
        found = self.at(place)
        if found is None:
            raise OptionError(f"{self.op} has no input {place + 1} of real numbers")
        return found

    def told(self, name: str, usual: Any) -> Any:
        """An attribute, text as text."""
        found = self.attributes.get(name, usual)
        return found.decode("utf-8", "replace") if isinstance(found, bytes) else found

    @property
    def axes(self) -> int:
        """How many axes of places there are, behind batch and channels."""
        return self.need(0).ndim - 2

    def number(self, place: int) -> float | None:
        """An input that is one number, if it was given."""
        found = self.at(place)
        return None if found is None else float(found.reshape(-1)[0])

    def refuse(self, what: str) -> OptionError:
        return OptionError(f"{self.op} with {what} is not known here")


def read(call: OnnxCall) -> Found:
    """The layer that computes a node, and what the node gave. Raises ``UsageError`` where there is none."""
    if call.op not in NODES:
        raise OptionError(f"{call.op} is no layer that is known here")
    found = NODES[call.op](call)
    result = call.y[0] if call.y else None
    if result is None:
        raise OptionError(f"{call.op} gave no array of real numbers")
    return found if isinstance(found, tuple) else (found, result)


Read = Callable[[OnnxCall], Packed | Found]


# ── windows ──────────────────────────────────────────────────────────────────
def _layer(name: str, call: OnnxCall) -> str:
    if call.axes not in _PLACES:
        raise ShapeError(f"{call.op} over {call.axes} axes is not known here; over 1 to 3 it is")
    end = _PLACES[call.axes]
    return f"{name}{end}"


def _window(call: OnnxCall, kernel: Sequence[int]) -> dict[str, Any]:
    n = call.axes
    stride, dilation = call.told("strides", [1] * n), call.told("dilations", [1] * n)
    return {"stride": tuple(stride), "dilation": tuple(dilation), "padding": _pads(call, kernel, stride, dilation)}


def _pads(call: OnnxCall, kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int]) -> Any:
    """Before and after on each axis, also where the node says it by a word."""
    n, auto = call.axes, call.told("auto_pad", "NOTSET")
    if auto in ("SAME_UPPER", "SAME_LOWER"):
        spans = zip(call.need(0).shape[2:], kernel, stride, dilation, strict=True)
        totals = [max((-(-size // s) - 1) * s + d * (k - 1) + 1 - size, 0) for size, k, s, d in spans]
        pairs = [(total // 2, total - total // 2) for total in totals]
        return tuple(pair if auto == "SAME_UPPER" else pair[::-1] for pair in pairs)
    pads = call.told("pads", [0] * 2 * n) if auto == "NOTSET" else [0] * 2 * n
    return tuple(zip(pads[:n], pads[n:], strict=True))


def _conv(call: OnnxCall) -> Packed:
    kernel, bias = call.need(1), call.at(2)
    options = _window(call, kernel.shape[2:]) | {"groups": call.told("group", 1), "bias": bias is not None}
    arrays = {"input": call.need(0), "kernel": kernel} | ({} if bias is None else {"bias": bias})
    return Packed(_layer("conv", call), options, arrays)


def _conv_transpose(call: OnnxCall) -> Packed:
    kernel, bias = call.need(1), call.at(2)
    options = _window(call, kernel.shape[2:])
    pairs = options["padding"]
    if "output_shape" in call.attributes or call.told("auto_pad", "NOTSET") != "NOTSET":
        raise call.refuse("output_shape or auto_pad")
    if any(before != after for before, after in pairs):
        raise call.refuse(f"padding {pairs}, other before than after,")
    options |= {
        "padding": tuple(before for before, _ in pairs), "groups": call.told("group", 1), "bias": bias is not None,
        "output_padding": tuple(call.told("output_padding", [0] * call.axes)),
    }  # fmt: skip
    arrays = {"input": call.need(0), "kernel": kernel} | ({} if bias is None else {"bias": bias})
    return Packed(_layer("conv-transpose", call), options, arrays)


def _pool(mode: str) -> Read:
    def read(call: OnnxCall) -> Packed:
        kernel = call.told("kernel_shape", [])
        options = _window(call, kernel) | {"mode": mode, "kernel_size": tuple(kernel)}
        options["ceil_mode"] = bool(call.told("ceil_mode", 0))
        if mode == "mean":
            options["count_include_pad"] = bool(call.told("count_include_pad", 0))
        if mode == "lp":
            options["norm_type"] = call.told("p", 2)
        return Packed(_layer("pool", call), options, {"input": call.need(0)})

    return read


def _global_pool(mode: str) -> Read:
    def read(call: OnnxCall) -> Packed:
        options = {"mode": f"adaptive-{mode}", "output_size": (1,) * call.axes}
        return Packed(_layer("pool", call), options, {"input": call.need(0)})

    return read


def _resize(call: OnnxCall) -> Packed:
    """``Resize`` and ``Upsample`` over one or two axes of places."""
    x, mode = call.need(0), call.told("mode", "nearest")
    old = call.op == "Upsample" or call.opset < 11
    where = "asymmetric" if old else call.told("coordinate_transformation_mode", "half_pixel")
    near = "floor" if old else call.told("nearest_mode", "round_prefer_floor")
    known = {("nearest", "asymmetric"): "nearest", ("linear", "half_pixel"): "bilinear",
             ("linear", "pytorch_half_pixel"): "bilinear", ("linear", "align_corners"): "bilinear",
             ("cubic", "half_pixel"): "bicubic", ("cubic", "pytorch_half_pixel"): "bicubic",
             ("cubic", "align_corners"): "bicubic"}  # fmt: skip
    if (mode, where) not in known or (mode == "nearest" and near != "floor") or x.ndim not in (3, 4):
        raise call.refuse(f"mode {mode}, {where} and {near} of {x.ndim} axes")
    if call.told("antialias", 0) or call.told("exclude_outside", 0):
        raise call.refuse("antialias or exclude_outside")
    if mode == "cubic" and not math.isclose(call.told("cubic_coeff_a", -0.75), -0.75):
        raise call.refuse(f"cubic_coeff_a {call.told('cubic_coeff_a', -0.75):g}")
    result = call.y[0]
    size = x.shape[2:] if result is None else result.shape[2:]
    if where == "pytorch_half_pixel" and 1 in size:
        raise call.refuse(f"{where} to a size of {shape_text(size)}")
    options: dict[str, Any] = {"mode": known[mode, where], "align_corners": where == "align_corners"}
    options["output_size"] = (1, *size) if x.ndim == 3 else size
    scales = call.at(1 if old else 2)
    if scales is not None and scales.size == x.ndim:
        factors = [float(scale) for scale in scales[2:]]
        options |= {"scale_factor": factors[0] if x.ndim == 4 else 1.0, "scale_width": factors[-1]}
    return Packed("upsample", options, {"input": x[:, :, None] if x.ndim == 3 else x})


# ── products ─────────────────────────────────────────────────────────────────
def _gemm(call: OnnxCall) -> Packed:
    x, weight, bias = call.need(0), call.need(1), call.at(2)
    x = x.T if call.told("transA", 0) else x
    weight = weight if call.told("transB", 0) else weight.T
    if (alpha := call.told("alpha", 1.0)) != 1:
        weight = weight * weight.dtype.type(alpha)
    arrays = {"input": x, "weight": weight}
    if bias is not None:
        one = bias.reshape(-1) if bias.size in (1, weight.shape[0]) and bias.shape[-1:] != (len(x),) else bias
        if one.ndim != 1 or (bias.ndim == 2 and bias.shape[0] != 1):
            raise call.refuse("another number added for each row")
        arrays["bias"] = np.broadcast_to(one * bias.dtype.type(call.told("beta", 1.0)), (weight.shape[0],))
    return Packed("dense", {"bias": bias is not None}, arrays)


def _matmul(call: OnnxCall) -> Packed:
    x, y = call.need(0), call.need(1)
    if y.ndim == 2 and x.ndim > 1 and call.attributes.get("learned"):
        return Packed("dense", {"bias": False}, {"input": rows("input", x), "weight": y.T})
    return JOINS["matmul"]("matmul", (x, y), {})


def _einsum(call: OnnxCall) -> Packed:
    return JOINS["einsum"]("einsum", (call.told("equation", ""), *(call.need(k) for k in range(len(call.x)))), {})


# ── arithmetic ───────────────────────────────────────────────────────────────
def _pair(operation: str, alone: bool = False) -> Read:
    """An operation of two arrays; of one alone where ``alone``."""

    def read(call: OnnxCall) -> Packed:
        if alone and len(call.x) == 1:
            return Packed("activation", {"activation": "linear"}, {"input": rows("input", call.need(0))})
        if len(call.x) != 2:
            raise OptionError(f"{call.op} of {len(call.x)} arrays is not known here; of two it is")
        both = {"input": call.need(0), "other": call.need(1)}
        if call.op == "Pow":
            both["other"] = both["other"].astype(both["input"].dtype)
        return Packed("elementwise", {"operation": operation}, both)

    return read


def _alone(operation: str) -> Read:
    return lambda call: Packed("elementwise", {"operation": operation}, {"input": call.need(0)})


def _clip(call: OnnxCall) -> Packed:
    x = call.need(0)
    low, high = bounds = (
        (call.attributes.get("min"), call.attributes.get("max"))
        if call.opset < 11
        else (call.number(1), call.number(2))
    )
    known: dict[Any, str] = {(0, 6): "relu6", (-1, 1): "hard-tanh", (None, None): "linear"}
    if bounds in known:
        return _bent(call, known[bounds])
    if low is not None and high is not None:
        both = {"other": np.array(low, x.dtype), "third": np.array(high, x.dtype)}
        return Packed("elementwise", {"operation": "clamp"}, {"input": x, **both})
    operation, bound = ("minimum", high) if low is None else ("maximum", low)
    return Packed("elementwise", {"operation": operation}, {"input": x, "other": np.array(bound, x.dtype)})


def _where(call: OnnxCall) -> Packed:
    x = call.need(1)
    arrays = {"input": x, "other": call.need(2), "third": call.need(0).astype(x.dtype)}
    return Packed("elementwise", {"operation": "where"}, arrays)


def _cumsum(call: OnnxCall) -> Packed:
    if call.told("exclusive", 0) or call.told("reverse", 0):
        raise call.refuse("exclusive or reverse")
    axis = int(call.need(1).reshape(-1)[0])
    return Packed("reduce", {"mode": "sum", "axis": (axis,), "running": True}, {"input": call.need(0)})


def _scatter(call: OnnxCall) -> Packed:
    how = {"none": None, "mul": "multiply", "max": "amax", "min": "amin"}
    reduction = call.told("reduction", "none")
    told = how.get(reduction, reduction)
    x, index, updates = (call.need(k) for k in range(3))
    if call.op == "ScatterElements":
        axis = call.told("axis", 0)
        index = np.where(index < 0, index + x.shape[axis], index)
        return JOINS["scatter"]("scatter", (x, axis, index, updates), {"reduce": told})
    if told not in (None, "add"):
        raise call.refuse(f"reduction {reduction}")
    at = tuple(np.moveaxis(index, -1, 0))
    return JOINS["index_put"]("index_put", (x, at, updates), {"accumulate": told == "add"})


def _grid_sample(call: OnnxCall) -> Packed:
    mode = call.told("mode", "linear")
    how = {"linear": "bilinear", "cubic": "bicubic"}.get(mode, mode)
    where = call.told("padding_mode", "zeros"), bool(call.told("align_corners", 0))
    return JOINS["grid_sample"]("grid_sample", (call.need(0), call.need(1), how, *where), {})


def _response_norm(call: OnnxCall) -> Packed:
    """Each number over a power of what the squares of the channels around it come to."""
    x, size = call.need(0), int(call.told("size", 1))
    squares = np.pad(np.square(x), [(0, 0), ((size - 1) // 2, size // 2), *[(0, 0)] * (x.ndim - 2)])
    around = np.lib.stride_tricks.sliding_window_view(squares, size, axis=1).sum(axis=-1)
    under = (call.told("bias", 1.0) + call.told("alpha", 1e-4) / size * around) ** call.told("beta", 0.75)
    return Packed("elementwise", {"operation": "divide"}, {"input": x, "other": under.astype(x.dtype)})


def _concat(call: OnnxCall) -> Packed:
    return JOINS["cat"]("cat", (tuple(call.need(k) for k in range(len(call.x))), call.told("axis", 1)), {})


def _reduce(mode: str) -> Read:
    def read(call: OnnxCall) -> Packed:
        x, told = call.need(0), call.at(1)
        axes = call.attributes.get("axes") if told is None else told.reshape(-1)
        axes = () if axes is None else tuple(int(k) % x.ndim for k in axes)
        if not axes and call.told("noop_with_empty_axes", 0):
            raise call.refuse("no axes")
        options: dict[str, Any] = {"mode": mode} | ({"axis": axes} if axes else {})
        return Packed("reduce", options, {"input": x if x.ndim else x[None]})

    return read


def _pad(call: OnnxCall) -> Packed:
    x, modes = call.need(0), {"constant": "zeros", "edge": "replicate", "reflect": "reflect", "wrap": "circular"}
    amounts, value = (call.attributes.get("pads", call.attributes.get("paddings")), call.told("value", 0.0))
    if call.opset >= 11:
        amounts, value = call.need(1).reshape(-1), call.number(2) or 0.0
    n, mode = len(amounts) // 2, call.told("mode", "constant")
    axes = call.at(3)
    places = range(x.ndim) if axes is None else [int(k) % x.ndim for k in axes]
    pairs = {axis: (int(amounts[k]), int(amounts[n + k])) for k, axis in enumerate(places)}
    full = [pairs.get(axis, (0, 0)) for axis in range(x.ndim)]
    while len(full) > 1 and full[0] == (0, 0):
        full.pop(0)
    return module_joins.pad(x, [m for pair in reversed(full) for m in pair], modes[mode], value)


# ── activations, norms ───────────────────────────────────────────────────────
def _bent(call: OnnxCall, activation: str, **options: Any) -> Packed:
    return Packed("activation", {"activation": activation, **options}, {"input": rows("input", call.need(0))})


def _activation(name: str, alpha: float | None = None, beta: float | None = None) -> Read:
    """An activation of ours; ``alpha`` is its usual parameter, ``beta`` a second one that ours has not."""

    def read(call: OnnxCall) -> Packed:
        if beta is not None and not math.isclose(call.told("beta", beta), beta, rel_tol=1e-6):
            raise call.refuse(f"beta {call.told('beta', beta):g}")
        if name == "gelu" and call.told("approximate", "none") == "tanh":
            return _bent(call, "gelu-tanh")
        return _bent(call, name) if alpha is None else _bent(call, name, alpha=call.told("alpha", alpha))

    return read


def _selu(call: OnnxCall) -> Packed:
    if odd := next((n for n, usual in _SELU.items() if not math.isclose(call.told(n, usual), usual, rel_tol=1e-6)), ""):
        raise call.refuse(f"{odd} {call.told(odd, 0.0):g}")
    return _bent(call, "selu")


def _prelu(call: OnnxCall) -> Packed:
    x, slope = call.need(0), call.need(1)
    channels = call.opset < 7 and slope.ndim == 1  # one for each, without axes of 1 behind them
    shape = (1, slope.size) if channels else (1,) * (x.ndim - slope.ndim) + slope.shape
    if slope.size > 1 and (x.ndim < 2 or shape[1] != slope.size):
        raise call.refuse("slopes for other axes than channels")
    return READERS["PReLU"](SimpleNamespace(weight=slope.reshape(-1)), {"input": x})


def _softmax(log: bool) -> Read:
    def read(call: OnnxCall) -> Packed:
        x, axis = call.need(0), call.told("axis", 1 if call.opset < 13 else -1)
        if call.opset < 13:  # all axes from this one on are one
            axis %= x.ndim
            flat = x.reshape(math.prod(x.shape[:axis]), -1)
            return Packed("softmax", {"log": log}, {"logits": flat})
        return READERS["LogSoftmax" if log else "Softmax"](SimpleNamespace(dim=axis), {"input": x})

    return read


def _batch_norm(call: OnnxCall) -> Packed:
    if call.told("training_mode", 0) or sum(y is not None for y in call.y) > 1:
        raise call.refuse("training_mode 1")
    gamma, beta, mean, variance = (call.need(k) for k in (1, 2, 3, 4))
    module = SimpleNamespace(weight=gamma, bias=beta, running_mean=mean, running_var=variance, training=False,
                             momentum=0.1, eps=call.told("epsilon", 1e-5))  # fmt: skip
    return READERS["BatchNorm2d"](module, {"input": call.need(0)})


def _group_norm(call: OnnxCall) -> Packed:
    x, gamma, beta = (call.need(k) for k in (0, 1, 2))
    groups = x.shape[1] if call.op == "InstanceNormalization" else call.told("num_groups", 1)
    if len(gamma) != x.shape[1]:  # opset 18 has one for each group
        gamma, beta = (np.repeat(one, x.shape[1] // groups) for one in (gamma, beta))
    module = SimpleNamespace(weight=gamma, bias=beta, num_groups=groups, eps=call.told("epsilon", 1e-5))
    return READERS["GroupNorm"](module, {"input": x})


def _layer_norm(kind: str) -> Read:
    def read(call: OnnxCall) -> Packed:
        x, gamma = call.need(0), call.need(1)
        shape = x.shape[call.told("axis", -1) :]
        module = SimpleNamespace(weight=np.broadcast_to(gamma, shape), bias=call.at(2), normalized_shape=shape,
                                 eps=call.told("epsilon", 1e-5))  # fmt: skip
        if module.bias is not None:
            module.bias = np.broadcast_to(module.bias, shape)
        return READERS[kind](module, {"input": x})

    return read


def _dropout(call: OnnxCall) -> Packed:
    training = call.at(2)
    if training is not None and training.any():
        raise call.refuse("training_mode true")
    return Packed("dropout", {"rate": 0.0, "mode": "inverted"}, {"input": rows("input", call.need(0))})


def _flatten(call: OnnxCall) -> Packed:
    return READERS["Flatten"](SimpleNamespace(start_dim=call.told("axis", 1), end_dim=-1), {"input": call.need(0)})


# ── sequences ────────────────────────────────────────────────────────────────
def _embedding(call: OnnxCall) -> Packed:
    table, ids = call.need(0), call.need(1)
    if table.ndim != 2 or call.told("axis", 0) not in (0, -2):
        raise call.refuse("another axis than rows of a table")
    ids = np.where(ids < 0, ids + len(table), ids)
    module = SimpleNamespace(max_norm=None, padding_idx=None, weight=table)
    return READERS["Embedding"](module, {"input": ids})


def _recurrent(call: OnnxCall) -> Found:
    odd = next((n for n in ("activations", "clip", "layout", "input_forget") if call.attributes.get(n)), None)
    if odd is not None:
        raise call.refuse(odd)
    if call.told("direction", "forward") == "reverse":
        raise call.refuse("direction reverse")
    reset = {"linear_before_reset": bool(call.told("linear_before_reset", 0))} if call.op == "GRU" else {}
    found = from_onnx(call.need(1), call.need(2), call.at(3), call.at(7), **reset)
    arrays = {**found.arrays, "input": np.swapaxes(call.need(0), 0, 1)}
    if (lengths := call.at(4)) is not None:
        arrays["lengths"] = lengths
    for place, name in ((5, "initial_hidden"), (6, "initial_cell")):
        if (states := call.at(place)) is not None:
            ways = ("forward.", "backward.") if len(states) == 2 else ("",)
            arrays |= {way + name: state for way, state in zip(ways, states, strict=True)}
    result = call.y[0]
    if result is None:
        raise OptionError(f"{call.op} gave no array of real numbers")
    time, directions, batch, units = result.shape
    turned = result.transpose(2, 0, 1, 3).reshape(batch, time, directions * units)
    return Packed(found.layer, found.options, arrays), turned


def _attention(call: OnnxCall) -> Found:
    if any(call.at(k) is not None for k in (4, 5, 6)):
        raise call.refuse("keys and values of the past")
    if odd := next((name for name in call.attributes if name not in _ATTENTION), None):
        raise call.refuse(odd)
    query, key, value = (call.need(k) for k in (0, 1, 2))
    heads, less = call.told("q_num_heads", 0), call.told("kv_num_heads", 0)
    if query.ndim == 3:
        query, key, value = _by_head(query, heads), _by_head(key, less), _by_head(value, less)
    scale = call.attributes.get("scale")
    found = attention(query, key, value, mask=call.at(3), causal=bool(call.told("is_causal", 0)), scale=scale)
    if softcap := call.told("softcap", 0.0):
        found.options["softcap"] = softcap
    result = call.y[0]
    if result is None:
        raise OptionError("Attention gave no array of real numbers")
    return found, result if result.ndim == 4 else _by_head(result, heads)


def _by_head(x: Array, heads: int) -> Array:
    """(batch, time, heads · features) as (batch, heads, time, features)."""
    return x.reshape(*x.shape[:2], heads, -1).transpose(0, 2, 1, 3)


_ATTENTION = ("is_causal", "q_num_heads", "kv_num_heads", "scale", "softcap", "softmax_precision",
              "qk_matmul_output_mode")  # fmt: skip
_SELU = {"alpha": 1.67326319217681884765625, "gamma": 1.05070102214813232421875}
_ACTIVATIONS = {"Relu": "relu", "Sigmoid": "sigmoid", "Tanh": "tanh", "Softplus": "softplus", "Softsign": "softsign",
                "Mish": "mish", "HardSwish": "hard-swish", "Gelu": "gelu"}  # fmt: skip
PAIRS = {"Add": "add", "Sub": "subtract", "Mul": "multiply", "Div": "divide", "Pow": "power"}
_ALONE = {"Neg": "negate", "Abs": "absolute", "Sqrt": "sqrt", "Reciprocal": "reciprocal", "Exp": "exp", "Log": "log",
          **{name.title(): name for name in ("sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "erf")},
          **{name.title(): name for name in ("sign", "floor", "ceil", "round")}}  # fmt: skip
_REDUCED = {"ReduceMean": "mean", "ReduceSum": "sum", "ReduceMax": "max", "ReduceMin": "min", "ReduceL2": "norm",
            "ReduceProd": "product", "ReduceLogSumExp": "logsumexp"}  # fmt: skip
NODES: dict[str, Read] = {
    "Conv": _conv, "ConvTranspose": _conv_transpose, "MaxPool": _pool("max"), "AveragePool": _pool("mean"),
    "LpPool": _pool("lp"), "GlobalAveragePool": _global_pool("mean"), "GlobalMaxPool": _global_pool("max"),
    "Resize": _resize, "Upsample": _resize, "Gemm": _gemm, "MatMul": _matmul, "Einsum": _einsum,
    **{op: _pair(name) for op, name in PAIRS.items()}, "Sum": _pair("add", True), "Max": _pair("maximum", True),
    "Min": _pair("minimum", True), **{op: _alone(name) for op, name in _ALONE.items()}, "Clip": _clip,
    "Concat": _concat, "Where": _where, "ScatterElements": _scatter, "ScatterND": _scatter,
    "GridSample": _grid_sample, "LRN": _response_norm, "CumSum": _cumsum, "Pad": _pad,
    **{op: _reduce(mode) for op, mode in _REDUCED.items()},
    **{op: _activation(name) for op, name in _ACTIVATIONS.items()}, "LeakyRelu": _activation("leaky-relu", 0.01),
    "Elu": _activation("elu", 1.0), "Celu": _activation("celu", 1.0),
    "HardSigmoid": _activation("hard-sigmoid", 0.2, 0.5), "Selu": _selu, "PRelu": _prelu,
    "Softmax": _softmax(False), "LogSoftmax": _softmax(True),
    "BatchNormalization": _batch_norm, "InstanceNormalization": _group_norm, "GroupNormalization": _group_norm,
    "LayerNormalization": _layer_norm("LayerNorm"), "RMSNormalization": _layer_norm("RMSNorm"), "Dropout": _dropout,
    "Flatten": _flatten, "Gather": _embedding, "LSTM": _recurrent, "GRU": _recurrent, "RNN": _recurrent,
    "Attention": _attention,
}  # fmt: skip
"""How each operator of ONNX is read."""
