"""Arithmetic cell by cell as PyTorch writes it, complex numbers part by part, as the layer that it is."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from layeranim.capturing import functions
from layeranim.capturing.functions import bound
from layeranim.capturing.kept import torch_module
from layeranim.capturing.linear import Read, complex_product, parts
from layeranim.engine import elementwise
from layeranim.engine.packing import Packed
from layeranim.engine.trace import Array
from layeranim.errors import OptionError
from layeranim.inputs.module_tensors import array

_BINARY = {"add": "add", "sub": "subtract", "mul": "multiply", "div": "divide", "pow": "power", "maximum": "maximum",
           "minimum": "minimum", "fmax": "maximum", "fmin": "minimum", "remainder": "remainder",
           "floordiv": "floor-divide", "floor_divide": "floor-divide", "fmod": "fmod", "hypot": "hypot",
           "atan2": "atan2", "arctan2": "atan2", "logaddexp": "logaddexp"}  # fmt: skip
_TURNED = {"rsub": "subtract", "rdiv": "divide", "rpow": "power", "rmod": "remainder", "rfloordiv": "floor-divide"}
_UNARY = {"neg": "negate", "abs": "absolute", "square": "square", "sqrt": "sqrt", "reciprocal": "reciprocal",
          "special_erf": "erf", "arctan": "atan", "arcsin": "asin", "arccos": "acos", "sgn": "sign",
          "fix": "trunc"}  # fmt: skip
_UNARY |= {
    name: name for name in elementwise.FUNCTIONS
    if name in functions.words("exp log sin cos tan atan asin acos sinh cosh erf expm1 log1p log2 log10 "
                                   "sign floor ceil trunc round")
}  # fmt: skip


def _numbers(name: str, value: Any, like: Array | None = None) -> Array:
    """A tensor, or a number in the type of the tensor that it meets, as PyTorch takes it."""
    if hasattr(value, "detach"):
        found = array(name, value)
        return found.astype(like.dtype) if like is not None and found.ndim == 0 else found
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise OptionError(f"{name} is a {type(value).__name__}, but must be a tensor or a number")
    return np.array(value, dtype=np.float64 if like is None else like.dtype)


def cells(operation: str, *values: Any) -> Packed:
    """An operation of cells that meet; numbers get the type of the first tensor of floats."""
    given = [array("input", value) for value in values if hasattr(value, "detach")]
    given.sort(key=lambda x: x.ndim == 0)
    like = given[0] if given and given[0].dtype.kind == "f" else None
    return Packed(
        "elementwise", {"operation": operation},
        {name: _numbers(name, value, like) for name, value in zip(elementwise.NAMES, values, strict=False)},
    )  # fmt: skip


def _binary(op: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Packed:
    given = bound("input other alpha=1 rounding_mode=None", op, args, renamed(kwargs))
    x, y, alpha = given["input"], given["other"], given["alpha"]
    if op in _TURNED:
        x, y, op = y, x, _TURNED[op]
    if _complex(x) or _complex(y):
        return _complex_pair(op, x, y)
    if given["rounding_mode"] == "floor":
        return cells("floor-divide", x, y)
    if given["rounding_mode"] == "trunc":
        return cells("trunc", x / y)
    if given["rounding_mode"] is not None or (alpha != 1 and op not in ("add", "sub")):
        named = "rounding_mode" if given["rounding_mode"] is not None else "alpha"
        raise OptionError(f"{op} with {named} {given[named]} is not known here")
    if alpha != 1:
        return cells("multiply-add", x, y, alpha if op == "add" else -alpha)
    return cells(_BINARY.get(op, op), x, y)


def _complex(value: Any) -> bool:
    return bool(getattr(value, "is_complex", bool)())


def _complex_pair(op: str, x: Any, y: Any) -> Packed:
    """Complex numbers part by part; a product of two takes both parts of each."""
    if op in ("add", "sub") and _complex(x) and _complex(y):
        return _both(_BINARY[op], parts("input", x), parts("other", y))
    if op == "mul" and _complex(x) and _complex(y):
        return complex_product(x, y)
    turned = _complex(y) and (op == "div" or not hasattr(x, "detach"))
    if op not in ("mul", "div") or turned or isinstance(y, complex):
        raise OptionError(f"{op} of these complex numbers is not known here; +, − and · of two, and · and ÷ with a "
                          "real one, are")  # fmt: skip
    x, y = (x, y) if _complex(x) else (y, x)
    pair = parts("input", x)
    return _both(_BINARY[op], pair, _numbers("other", y, pair)[..., None])


def _both(operation: str, x: Array, y: Array) -> Packed:
    return Packed("elementwise", {"operation": operation}, {"input": x, "other": y})


def renamed(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments that have other names in some of PyTorch's functions."""
    same = {"exponent": "other", "mat2": "other", "tensor2": "other", "tensor": "other", "vec": "other",
            "vec2": "other", "mat_a": "input", "mat_b": "other", "self": "input", "ord": "p", "x1": "input",
            "x2": "other", "a": "input", "b": "other"}  # fmt: skip
    return {same.get(name, name): value for name, value in kwargs.items()}


def _unary(op: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Packed:
    x = bound("input", op, args, kwargs)["input"]
    if op == "abs" and _complex(x):
        return Packed("reduce", {"mode": "norm", "axis": (x.ndim,)}, {"input": parts("input", x)})
    return Packed("elementwise", {"operation": _UNARY[op]}, {"input": array("input", x)})


def _conjugate(op: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Packed:
    pair = parts("input", bound("input", op, args, kwargs)["input"])
    return _both("multiply", pair, np.array([1, -1], pair.dtype))


def _angle(op: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Packed:
    pair = parts("input", bound("input", op, args, kwargs)["input"])
    return _both("atan2", pair[..., 1], pair[..., 0])


def _written(op: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Packed:
    """What one operation of two numbers is, the second of them made of the first, or given."""
    spec, operation, pair = _AS[op]
    given = bound(spec, op, args, kwargs)
    return cells(operation, *pair(given))


def _squeezed(x: Any, eps: float | None) -> Any:
    return x if eps is None else x.clamp(eps, 1 - eps)


def _tensor(given: dict[str, Any], name: str) -> Any:
    """A number as a tensor."""
    return given[name] if hasattr(given[name], "detach") else torch_module().tensor(given[name])


def _turned(x: Any, y: Any, dim: int | None) -> tuple[Any, Any]:
    """The two products of each number of a cross product, along the first axis of three where none is said."""
    dim = tuple(x.shape).index(3) if dim is None else dim
    return x.roll(-1, dim) * y.roll(-2, dim), x.roll(-2, dim) * y.roll(-1, dim)


def _between(x: Any, at: int) -> Any:
    """Every axis with one of size 1 behind it, or before it."""
    return x.reshape([n if k % 2 != at else 1 for n in x.shape for k in (0, 1)])


_AS: dict[str, tuple[str, str, Callable[[dict[str, Any]], tuple[Any, ...]]]] = {
    "exp2": ("input", "power", lambda g: (2, g["input"])),
    "frac": ("input", "fmod", lambda g: (g["input"], 1)),
    "erfc": ("input", "subtract", lambda g: (1, g["input"].erf())),
    "deg2rad": ("input", "multiply", lambda g: (g["input"], math.pi / 180)),
    "rad2deg": ("input", "multiply", lambda g: (g["input"], 180 / math.pi)),
    "tanhshrink": ("input", "subtract", lambda g: (g["input"], g["input"].tanh())),
    "softshrink": ("input lambd=0.5", "subtract",
                   lambda g: (g["input"], g["input"].clamp(-g["lambd"], g["lambd"]))),
    "logit": ("input eps=None", "subtract", lambda g: (_squeezed(g["input"], g["eps"]).log(),
                                                       (1 - _squeezed(g["input"], g["eps"])).log())),
    "asinh": ("input", "log", lambda g: (g["input"] + (g["input"].square() + 1).sqrt(),)),
    "acosh": ("input", "log", lambda g: (g["input"] + (g["input"].square() - 1).sqrt(),)),
    "atanh": ("input", "multiply", lambda g: (((1 + g["input"]) / (1 - g["input"])).log(), 0.5)),
    "sinc": ("input", "where", lambda g: ((math.pi * g["input"]).sin() / (math.pi * g["input"]), 1.0, g["input"] != 0)),
    "xlogy": ("input other", "where",
              lambda g: (g["input"] * _tensor(g, "other").log(), 0.0 * g["input"], g["input"] != 0)),
    "nan_to_num": ("input nan=None posinf=None neginf=None", "where",
                   lambda g: (g["input"], g["input"].nan_to_num(g["nan"], g["posinf"], g["neginf"]),
                              g["input"].isfinite())),
    "float_power": ("input exponent", "power",
                    lambda g: (_tensor(g, "input").double(), _tensor(g, "exponent").double())),
    "cross": ("input other dim=None", "subtract", lambda g: _turned(g["input"], g["other"], g["dim"])),
    "linalg_cross": ("input other dim=-1", "subtract", lambda g: _turned(g["input"], g["other"], g["dim"])),
    "kron": ("input other", "multiply", lambda g: (_between(g["input"], 1), _between(g["other"], 0))),
    "addcmul": ("input tensor1 tensor2 value=1", "multiply-add",
                lambda g: (g["input"], g["tensor1"] * g["value"] if g["value"] != 1 else g["tensor1"], g["tensor2"])),
    "addcdiv": ("input tensor1 tensor2 value=1", "multiply-add",
                lambda g: (g["input"], g["tensor1"] * g["value"], 1 / g["tensor2"])),
}  # fmt: skip
"""By the function: its arguments, and the operation of numbers that it is."""


def _quantile(op: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Packed:
    """A blend of the two sorted numbers between which the share falls."""
    given = bound("input q dim=None keepdim=False interpolation='linear'", op, args, kwargs)
    x, dim, q = given["input"], given["dim"], given["q"]
    if getattr(q, "ndim", 0) or given["interpolation"] != "linear":
        raise OptionError(
            f"{op} with several shares, or with interpolation {given['interpolation']}, is not known here"
        )
    ordered = (x.reshape(-1) if dim is None else x.movedim(dim, -1)).sort(dim=-1).values
    at = float(q) * (ordered.shape[-1] - 1)
    low, high = ordered[..., math.floor(at)], ordered[..., math.ceil(at)]
    return cells("blend", low, high, at - math.floor(at))


def _differences(op: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Packed:
    given = bound("input n=1 dim=-1 prepend=None append=None", op, args, kwargs)
    x, dim = given["input"], given["dim"]
    if given["n"] != 1 or given["prepend"] is not None or given["append"] is not None:
        raise OptionError(f"{op} more than once, or with numbers beside, is not known here")
    size = x.shape[dim] - 1
    return cells("subtract", x.narrow(dim, 1, size), x.narrow(dim, 0, size))


def _rsqrt(op: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Packed:
    return cells("power", bound("input", op, args, kwargs)["input"], -0.5)


def _clamp(op: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Packed:
    given = bound("input min=None max=None", op, args, kwargs)
    x, low, high = given["input"], given["min"], given["max"]
    if op == "clamp_max":
        low, high = None, low if high is None else high
    if low is not None and high is not None:
        return cells("clamp", x, low, high)
    return cells("minimum", x, high) if low is None else cells("maximum", x, low)


def _where(op: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Packed:
    given = bound("condition input other", op, args, renamed(kwargs))
    mask, x = given["condition"], given["input"]
    if str(getattr(x, "dtype", "")) == "torch.bool" and str(mask.dtype) != "torch.bool":
        mask, x = x, mask  # x.where(mask, y)
    return _chosen(x, given["other"], mask)


def _masked_fill(op: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Packed:
    given = bound("input mask value", op, args, kwargs)
    return _chosen(given["value"], given["input"], given["mask"])


def _triangle(op: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Packed:
    given = bound("input diagonal=0", op, args, kwargs)
    x = array("input", given["input"])
    kept = getattr(np, op)(np.ones(x.shape[-2:], x.dtype), given["diagonal"])
    return Packed("elementwise", {"operation": "where"}, {"input": x, "other": np.zeros((), x.dtype), "third": kept})


def _chosen(first: Any, second: Any, mask: Any) -> Packed:
    found = cells("where", first, second)
    kind = np.result_type(*found.arrays.values())
    found.arrays["third"] = array("mask", mask).astype(kind)
    return found


def _lerp(op: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Packed:
    given = bound("input end weight", op, args, kwargs)
    return cells("blend", given["input"], given["end"], given["weight"])


def _threshold(op: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Packed:
    """``threshold`` and ``hardshrink``: what is not far enough from 0, or above, is another number."""
    spec = "input threshold value inplace=False" if op == "threshold" else "input lambd=0.5"
    given = bound(spec, op, args, kwargs)
    x, value = given["input"], given.get("value", 0.0)
    far = x > given["threshold"] if op == "threshold" else x.abs() > given["lambd"]
    return _chosen(x, value, far)


CELLS: dict[str, Read] = {
    **dict.fromkeys((*_BINARY, *_TURNED), _binary), **dict.fromkeys(_UNARY, _unary), **dict.fromkeys(_AS, _written),
    "where": _where, "masked_fill": _masked_fill, "tril": _triangle, "triu": _triangle, "lerp": _lerp, "rsqrt": _rsqrt,
    **dict.fromkeys(("clamp", "clip", "clamp_min", "clamp_max"), _clamp), "threshold": _threshold,
    "hardshrink": _threshold, "angle": _angle, "conj": _conjugate, "quantile": _quantile, "diff": _differences,
}  # fmt: skip
"""How each function is read, by its name."""
