"""PyTorch's activations, softmax and losses: rows of numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from layeranim.engine.array import shape_text
from layeranim.engine.losses import LOSS
from layeranim.engine.packing import Packed
from layeranim.engine.trace import Array
from layeranim.errors import ShapeError
from layeranim.inputs.module_tensors import array, optional, rows, typed

Call = Mapping[str, Any]
Reader = Callable[[Any, Call], Packed]


def activation(name: str, alpha: str = "") -> Reader:
    """An activation of ours; ``alpha`` is the attribute that holds its parameter."""

    def read(module: Any, call: Call) -> Packed:
        options = {"activation": name} | ({"alpha": getattr(module, alpha)} if alpha else {})
        if name == "softplus" and module.beta != 1:
            options["alpha"] = module.beta
        if name == "softplus" and module.threshold != 20:
            x, beta = array("input", call["input"]), module.beta
            with np.errstate(over="ignore"):
                curve = np.log1p(np.exp(beta * x)) / beta
            arrays = {"input": x, "other": curve, "third": (beta * x > module.threshold).astype(x.dtype)}
            return Packed("elementwise", {"operation": "where"}, arrays)
        bounds = (module.min_val, module.max_val) if name == "hard-tanh" else (-1, 1)
        if bounds != (-1, 1):
            x = array("input", call["input"])
            low, high = (np.array(bound, x.dtype) for bound in bounds)
            return Packed("elementwise", {"operation": "clamp"}, {"input": x, "other": low, "third": high})
        if getattr(module, "approximate", "none") == "tanh":
            options["activation"] = "gelu-tanh"
        return Packed("activation", options, {"input": rows("input", call["input"])})

    return read


def prelu(module: Any, call: Call) -> Packed:
    """``PReLU``; with a slope for each channel, channels come last."""
    x = array("input", call["input"])
    axes = _to_the_end(x.ndim, 1) if x.ndim > 1 and len(module.weight) > 1 else tuple(range(x.ndim))
    arrays = {"input": rows("input", x.transpose(axes)), "slope": array("weight", module.weight)}
    return Packed("activation", {"activation": "prelu"}, arrays, axes)


def glu(module: Any, call: Call) -> Packed:
    """``GLU`` along its axis, which comes last."""
    x = array("input", call["input"])
    axes = _last("input", x, module.dim)
    return Packed("activation", {"activation": "glu"}, {"input": rows("input", x.transpose(axes))}, axes)


def softmax(log: bool) -> Reader:
    """``Softmax`` along its axis, which comes last; without one, along the axis that PyTorch falls back to."""

    def read(module: Any, call: Call) -> Packed:
        x, dim = array("input", typed(call["input"], getattr(module, "dtype", None))), getattr(module, "dim", -3)
        dim = (0 if x.ndim in (0, 1, 3) else 1) if dim is None else dim
        axes = _last("input", x, dim) if x.ndim else ()
        return Packed("softmax", {"log": log}, {"logits": rows("input", x.transpose(axes))}, axes)

    return read


def _last(name: str, x: Array, dim: int) -> tuple[int, ...]:
    """The axes of ``x`` with axis ``dim`` at the end."""
    if not -x.ndim <= dim < x.ndim:
        raise ShapeError(f"{name} has shape {shape_text(x.shape)}, but the module works along its axis {dim}")
    return _to_the_end(x.ndim, dim % x.ndim)


def _to_the_end(ndim: int, axis: int) -> tuple[int, ...]:
    return (*(k for k in range(ndim) if k != axis), axis)


def loss(mode: str) -> Reader:
    """A loss of numbers, one by one."""

    def read(module: Any, call: Call) -> Packed:
        p, t = (array(name, call[name]) for name in ("input", "target"))
        if p.shape != t.shape:
            raise ShapeError(f"target has shape {shape_text(t.shape)}, but must be {shape_text(p.shape)}, as the input")
        options: dict[str, Any] = {
            "mode": mode,
            "reduction": {"batchmean": "batch-mean"}.get(module.reduction, module.reduction),
        }
        arrays = {"prediction": _samples(p), "target": _samples(t)}
        if mode in ("huber", "smooth-l1"):
            delta = module.delta if mode == "huber" else module.beta
            options |= {"delta": delta} if delta else {"mode": "absolute"}
        if mode == "binary" and ((p < 1e-43) & (t > 0) | (p == 1) & (t < 1)).any():
            raise ShapeError(
                "input holds 0 or 1 where the target differs: there PyTorch's BCELoss caps an infinite loss"
            )
        if mode == "kl" and module.log_target:
            arrays["target"] = np.exp(arrays["target"])
        weight = getattr(module, "pos_weight", None)
        if weight is not None:
            arrays |= {name: x.reshape(1, -1) if p.ndim == 1 else x for name, x in arrays.items()}
            wide = np.broadcast_to(array("pos_weight", weight), p.shape if p.ndim == 1 else p.shape[1:])
            arrays["pos_weight"] = wide.reshape(-1)
        if getattr(module, "weight", None) is not None:
            return _weighed(options, arrays, np.broadcast_to(array("weight", module.weight), p.shape))
        return Packed("loss", options, arrays)

    return read


def _weighed(options: Mapping[str, Any], arrays: Mapping[str, Array], weight: Array) -> Packed:
    """Every loss times its weight, or their mean or sum; but for those of probabilities over the sum of the weights."""
    each = LOSS.compute(LOSS.config.of({**options, "reduction": "none"}), arrays)["losses"].reshape(weight.shape)
    weight = weight.astype(each.dtype)
    if options["reduction"] == "mean" and not options["mode"].startswith("binary"):
        weight = weight / weight.mean()
    if options["reduction"] == "none":
        return Packed("elementwise", {"operation": "multiply"}, {"input": each, "other": weight})
    return Packed("reduce", {"mode": options["reduction"]}, {"input": np.atleast_1d(each * weight)})


def _samples(x: Array) -> Array:
    """One row a sample."""
    return x.reshape(len(x), -1) if x.ndim else x.reshape(1, 1)


def cross_entropy(source: str) -> Reader:
    """``CrossEntropyLoss`` of class ids or probabilities, or ``NLLLoss``; with further axes every place is a sample."""

    def read(module: Any, call: Call) -> Packed:
        x, target = array("input", call["input"]), array("target", call["target"])
        ids = target.ndim < x.ndim
        options = {"source": source, "reduction": module.reduction}
        options |= {"label_smoothing": module.label_smoothing} if source == "logits" else {}
        options |= {"ignore_index": module.ignore_index} if ids else {}
        arrays = {"input": rows("input", np.moveaxis(x, 1, -1) if x.ndim > 2 else x)}
        moved = target if ids or target.ndim < 3 else np.moveaxis(target, 1, -1)
        arrays["target"] = moved.reshape(-1) if ids else rows("target", moved)
        return Packed("cross-entropy", options, arrays | optional(module, class_weight="weight"))

    return read
