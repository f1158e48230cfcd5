"""Padding and resampling as PyTorch has them: amounts from the last axis backwards, sizes or factors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from layeranim.engine.memory import affordable
from layeranim.engine.packing import Packed
from layeranim.engine.trace import Array, Shape
from layeranim.engine.upsample import taps
from layeranim.errors import OptionError
from layeranim.inputs.module_tensors import array

Call = Mapping[str, Any]
_MODES = {"constant": "zeros", "zeros": "zeros"}
_POOLS = {3: "pool1d", 4: "pool", 5: "pool3d"}
"""By the axes of the input, the layer that takes the mean of areas."""
_LINEAR = {"linear": "bilinear"}


def padded(mode: str) -> Any:
    """A reader of ``ZeroPad2d`` and the like."""

    def read(module: Any, call: Call) -> Packed:
        return pad(array("input", call["input"]), module.padding, mode, getattr(module, "value", None))

    return read


def pad(x: Array, amounts: Any, mode: str, value: float | None) -> Packed:
    """``torch.nn.functional.pad``: before and after on the last axis, then on the one before it, and so on."""
    flat = [int(n) for n in amounts]
    pairs = list(zip(flat[::2], flat[1::2], strict=True))
    for k, (before, after) in enumerate(pairs, 1):  # a negative one takes cells away
        axis = x.ndim - k
        x = x[(*(slice(None),) * axis, slice(max(-before, 0), x.shape[axis] + min(after, 0)))]
    pairs = [(max(before, 0), max(after, 0)) for before, after in pairs]
    options: dict[str, Any] = {"padding": [n for pair in reversed(pairs) for n in pair]}
    options["padding_mode"] = _MODES.get(mode, mode)
    if value and options["padding_mode"] == "zeros":
        options["value"] = float(value)
    return Packed("pad", options, {"input": x})


def upsample(module: Any, call: Call) -> Packed:
    """``Upsample`` by a size or a factor, of one spatial axis, two or three."""
    x, mode = array("input", call["input"]), str(module.mode)
    if mode == "area" and x.ndim in _POOLS:
        return Packed(
            _POOLS[x.ndim], {"mode": "adaptive-mean", "output_size": _sizes(module, x.shape[2:])}, {"input": x}
        )
    if x.ndim == 5 and mode in ("trilinear", "nearest", "nearest-exact"):
        return _volume(module, x, mode)
    if x.ndim not in (3, 4) or mode not in ("nearest", "nearest-exact", "linear", "bilinear", "bicubic"):
        raise OptionError(f"{type(module).__name__} with mode {mode} of {x.ndim} axes is not known; 3 and 4 axes are")
    flat = x.ndim == 3
    options: dict[str, Any] = {"mode": _LINEAR.get(mode, mode), "align_corners": bool(module.align_corners),
                               "antialias": bool(getattr(module, "antialias", False))}  # fmt: skip
    size, factor = (_pair(value, flat) for value in (module.size, module.scale_factor))
    if size:
        options["output_size"] = tuple(int(n) for n in size)
    elif factor:
        sizes = tuple(int(n * f) for n, f in zip((1, x.shape[-1]) if flat else x.shape[2:], factor, strict=True))
        options["output_size"] = sizes
        if not getattr(module, "recompute_scale_factor", None):
            options |= {"scale_factor": float(factor[0]), "scale_width": float(factor[1])}
    return Packed("upsample", options, {"input": x[:, :, None] if flat else x})


def _volume(module: Any, x: Array, mode: str) -> Packed:
    """Over three axes each is mixed by a matrix; those of the first two are one, of every pair of their places."""
    sizes = _sizes(module, x.shape[2:])
    told = None if module.size is not None or getattr(module, "recompute_scale_factor", None) else module.scale_factor
    factors = told if isinstance(told, (tuple, list)) else (told,) * 3
    kind, corners = "bilinear" if mode == "trilinear" else mode, bool(module.align_corners)
    mixed = [taps(kind, old, new, factor and float(factor), corners).matrix(old).astype(x.dtype)
             for old, new, factor in zip(x.shape[2:], sizes, factors, strict=True)]  # fmt: skip
    affordable("the matrix of shares", (sizes[0] * sizes[1], x.shape[2] * x.shape[3]))
    arrays = {"input": x.reshape(-1, x.shape[2] * x.shape[3], x.shape[4]), "other": np.kron(mixed[0], mixed[1]),
              "third": mixed[2]}  # fmt: skip
    return Packed("einsum", {"equation": "zaw,ba,vw->zbv"}, arrays)


def _sizes(module: Any, before: Shape) -> Shape:
    """How large a result is, by a size or a factor for every axis or for all."""
    told = module.scale_factor if module.size is None else module.size
    each = told if isinstance(told, (tuple, list)) else (told,) * len(before)
    return tuple(int(n) if module.size is not None else int(old * n) for old, n in zip(before, each, strict=True))


def _pair(value: Any, flat: bool) -> tuple[Any, Any] | None:
    """A number for height and width; over one axis the height stays 1."""
    if value is None:
        return None
    both = tuple(value) if isinstance(value, (tuple, list)) else (value,) * (1 if flat else 2)
    return (1, both[0]) if flat else (both[0], both[-1])
