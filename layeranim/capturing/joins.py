"""The arithmetic between layers as PyTorch writes it, as layers of ours: ``+``, ``@``, ``cat``, ``mean`` and more."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from layeranim.capturing.functions import bound
from layeranim.engine.packing import Packed
from layeranim.engine.trace import Array
from layeranim.errors import OptionError
from layeranim.inputs import module_joins
from layeranim.inputs.module_tensors import array

Read = Callable[[str, tuple[Any, ...], Mapping[str, Any]], Packed]
_BINARY = {"add": "add", "sub": "subtract", "mul": "multiply", "div": "divide", "pow": "power", "maximum": "maximum",
           "minimum": "minimum", "fmax": "maximum", "fmin": "minimum"}  # fmt: skip
_TURNED = {"rsub": "subtract", "rdiv": "divide", "rpow": "power"}
_UNARY = {"neg": "negate", "abs": "absolute", "square": "square", "sqrt": "sqrt", "reciprocal": "reciprocal",
          "exp": "exp", "log": "log", "sin": "sin", "cos": "cos"}  # fmt: skip
_REDUCE = {"mean": "mean", "sum": "sum", "amax": "max", "amin": "min", "max": "max", "min": "min"}


def _numbers(name: str, value: Any, like: Array | None = None) -> Array:
    """A tensor, or a number in the type of the tensor that it meets, as PyTorch takes it."""
    if hasattr(value, "detach"):
        found = array(name, value)
        return found.astype(like.dtype) if like is not None and found.ndim == 0 else found
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise OptionError(f"{name} is a {type(value).__name__}, but must be a tensor or a number")
    return np.array(value, dtype=np.float64 if like is None else like.dtype)


def _pair(operation: str, first: Any, second: Any) -> Packed:
    tensor = next((array("input", value) for value in (first, second) if getattr(value, "ndim", 0)), None)
    if tensor is None:
        tensor = next((array("input", value) for value in (first, second) if hasattr(value, "detach")), None)
    if tensor is not None and tensor.dtype.kind != "f":
        tensor = None
    found = {"input": _numbers("input", first, tensor), "other": _numbers("other", second, tensor)}
    return Packed("elementwise", {"operation": operation}, found)


def _binary(op: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Packed:
    given = bound("input other alpha=1 rounding_mode=None", op, args, _renamed(kwargs))
    for name, usual in (("alpha", 1), ("rounding_mode", None)):
        if given[name] != usual:
            raise OptionError(f"{op} with {name} {given[name]} is not known here")
    if op in _TURNED:
        return _pair(_TURNED[op], given["other"], given["input"])
    return _pair(_BINARY[op], given["input"], given["other"])


def _renamed(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments that have other names in some of PyTorch's functions."""
    same = {"exponent": "other", "mat2": "other", "tensor2": "other", "self": "input", "ord": "p"}
    return {same.get(name, name): value for name, value in kwargs.items()}


def _unary(op: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Packed:
    given = bound("input", op, args, kwargs)
    return Packed("elementwise", {"operation": _UNARY[op]}, {"input": array("input", given["input"])})


def _rsqrt(op: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Packed:
    return _pair("power", bound("input", op, args, kwargs)["input"], -0.5)


def _clamp(op: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Packed:
    given = bound("input min=None max=None", op, args, kwargs)
    if (given["min"] is None) == (given["max"] is None):
        raise OptionError("clamp between two bounds is not known here; one bound is maximum or minimum")
    if given["max"] is None:
        return _pair("maximum", given["input"], given["min"])
    return _pair("minimum", given["input"], given["max"])


def _cat(op: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Packed:
    given = bound("tensors dim=0 axis=None", op, args, kwargs)
    parts = [array(f"input{k}", part) for k, part in enumerate(given["tensors"], 1)]
    parts = [part for part in parts if part.shape != (0,)]  # which PyTorch leaves out
    dim = given["dim"] if given["axis"] is None else given["axis"]
    if op == "stack":
        parts = [np.expand_dims(part, dim) for part in parts]
    kinds = np.result_type(*parts)
    arrays = {f"input{k}": part.astype(kinds, copy=False) for k, part in enumerate(parts, 1)}
    return Packed("concatenate", {"axis": int(dim), "inputs": len(parts)}, arrays)


def _matmul(op: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Packed:
    x, y = (array(n, v) for n, v in zip(("input", "other"), _two(op, args, kwargs), strict=True))
    x, y = (x[None] if x.ndim == 1 else x), (y[:, None] if y.ndim == 1 else y)
    if y.ndim == 2:
        return Packed("matmul", {}, {"input": x.reshape(1, -1, x.shape[-1]), "other": y[None]})
    batch = np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
    one, two = (_folded(part, batch) for part in (x, y))
    return Packed("matmul", {}, {"input": one, "other": two})


def _two(op: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[Any, Any]:
    given = bound("input other", op, args, _renamed(kwargs))
    pair = (given["input"], given["other"])
    return (pair[1], pair[0]) if op == "rmatmul" else pair


def _folded(x: Array, batch: tuple[int, ...]) -> Array:
    """Every axis before the last two as one batch; of one matrix for all of them a batch of one."""
    if math.prod(x.shape[:-2]) == 1:
        return x.reshape(1, *x.shape[-2:])
    return np.broadcast_to(x, (*batch, *x.shape[-2:])).reshape(-1, *x.shape[-2:])


def _einsum(op: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Packed:
    equation, *operands = args
    if not isinstance(equation, str):
        raise OptionError("einsum with lists of axes is not known here; an equation of letters is")
    if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
        operands = list(operands[0])
    parts = [array(name, part) for name, part in zip(("input", "other"), operands, strict=False)]
    if len(parts) < len(operands):
        raise OptionError(f"einsum of {len(operands)} tensors is not known here; of one or two it is")
    arrays = dict(zip(("input", "other"), parts, strict=False))
    return Packed("einsum", {"equation": spelt(equation, [part.ndim for part in parts])}, arrays)


def spelt(equation: str, ranks: list[int]) -> str:
    """An equation with a letter for every axis that ``...`` stands for."""
    plain = equation.replace(" ", "")
    if "..." not in plain:
        return plain
    left, arrow, right = plain.partition("->")
    terms = left.split(",")
    free = [letter for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if letter not in plain]
    wide = [rank - len(term.replace("...", "")) for term, rank in zip(terms, ranks, strict=True)]
    dots = ["".join(free[max(wide) - n : max(wide)]) for n in wide]
    full = [term.replace("...", text) for term, text in zip(terms, dots, strict=True)]
    if not arrow:
        letters = "".join(terms).replace("...", "")
        right = "..." + "".join(sorted(x for x in letters if letters.count(x) == 1))
    return ",".join(full) + "->" + right.replace("...", "".join(free[: max(wide)]))


def _reduced(op: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Packed:
    if op in ("max", "min") and len(args) > 1 and hasattr(args[1], "detach"):
        return _pair({"max": "maximum", "min": "minimum"}[op], args[0], args[1])
    given = bound("input dim=None keepdim=False dtype=None axis=None", op, args, kwargs)
    return _over(_REDUCE[op], given["input"], given["dim"] if given["axis"] is None else given["axis"])


def _over(mode: str, value: Any, dim: Any) -> Packed:
    x = array("input", value)
    if x.ndim == 0:
        x, dim = x[None], None
    options: dict[str, Any] = {"mode": mode}
    if dim is not None and dim not in ((), []):
        options["axis"] = tuple(int(k) for k in (dim if isinstance(dim, (tuple, list)) else (dim,)))
    return Packed("reduce", options, {"input": x})


def _norm(op: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Packed:
    given = bound("input p='fro' dim=None keepdim=False dtype=None", op, args, _renamed(kwargs))
    if given["p"] not in (None, "fro", 2, 2.0):
        raise OptionError(f"{op} with p {given['p']} is not known here; 2 is")
    return _over("norm", given["input"], given["dim"])


def _normalize(op: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Packed:
    """x over its length is RMS normalisation with gamma 1/√n; the length is at least ``eps``, where it is 0 too."""
    given = bound("input p=2.0 dim=1 eps=1e-12", op, args, kwargs)
    x = array("input", given["input"])
    dim = given["dim"]
    if given["p"] != 2 or not isinstance(dim, int):
        raise OptionError(f"normalize with p {given['p']} along {dim} is not known here; p 2 along one axis is")
    order = (*(k for k in range(x.ndim) if k != dim % x.ndim), dim % x.ndim)
    rows = x.transpose(order).reshape(-1, x.shape[dim])
    gamma = np.full(x.shape[dim], x.shape[dim] ** -0.5, x.dtype)
    least = float(given["eps"]) ** 2 / x.shape[dim]
    return Packed("layernorm", {"kind": "rms", "eps": least}, {"input": rows, "gamma": gamma}, order)


def _pad(op: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Packed:
    given = bound("input pad mode='constant' value=None", op, args, kwargs)
    return module_joins.pad(array("input", given["input"]), given["pad"], given["mode"], given["value"])


JOINS: dict[str, Read] = {
    **dict.fromkeys((*_BINARY, *_TURNED), _binary), **dict.fromkeys(_UNARY, _unary), **dict.fromkeys(_REDUCE, _reduced),
    "rsqrt": _rsqrt, "clamp": _clamp, "clip": _clamp, "clamp_min": _clamp, "cat": _cat, "stack": _cat,
    "matmul": _matmul, "rmatmul": _matmul, "einsum": _einsum, "norm": _norm, "linalg_vector_norm": _norm,
    "normalize": _normalize, "pad": _pad,
}  # fmt: skip
"""How each function is read, by its name."""
