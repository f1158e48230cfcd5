"""The arithmetic between layers as PyTorch writes it, as layers of ours: ``+``, ``@``, ``cat``, ``mean`` and more."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from layeranim.capturing.cells import CELLS, cells, renamed
from layeranim.capturing.functions import bound
from layeranim.capturing.kept import torch_module
from layeranim.capturing.linear import LINEAR, Read, last
from layeranim.capturing.losses import LOSSES
from layeranim.capturing.placing import PLACING
from layeranim.engine import elementwise
from layeranim.engine.memory import affordable
from layeranim.engine.packing import Packed
from layeranim.engine.trace import Array
from layeranim.errors import OptionError
from layeranim.inputs import module_joins
from layeranim.inputs.module_tensors import array, typed

_REDUCE = {"mean": "mean", "sum": "sum", "amax": "max", "amin": "min", "max": "max", "min": "min", "prod": "product",
           "logsumexp": "logsumexp", "aminmax": "min"}  # fmt: skip


def _distance(op: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Packed:
    """The length of what lies between: of every pair (``cdist``), or of those that stand at one place."""
    spec = {"cdist": "input other p=2.0 compute_mode=None", "dist": "input other p=2"}.get(
        op, "input other p=2.0 eps=1e-6 keepdim=False"
    )
    given = bound(spec, op, args, renamed(kwargs))
    x, y = given["input"], given["other"]
    if op == "cdist":
        x, y = x[..., :, None, :], y[..., None, :, :]
        affordable("the differences", tuple(np.broadcast_shapes(tuple(x.shape), tuple(y.shape))))
    between = x - y + given.get("eps", 0)
    if op == "cdist" and given["p"] == 2:
        mode = given["compute_mode"] or "use_mm_for_euclid_dist_if_necessary"
        _refuse_rounded(between.norm(dim=-1), torch_module().cdist(given["input"], given["other"], compute_mode=mode))
    return _norm(op, (between, given["p"], None if op == "dist" else -1), {})


def _refuse_rounded(found: Any, theirs: Any) -> None:
    """PyTorch takes distances of many points from a product, which rounds away those of points that lie together."""
    if found.numel() and float((found - theirs).abs().max()) > 3e-5 * float(found.abs().max()):
        raise OptionError("cdist took distances from a product, which rounds small ones away; with compute_mode="
                          "'donot_use_mm_for_euclid_dist' it has a layer here")  # fmt: skip


def _cosine(op: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Packed:
    """Σ x · y, weighed by one over both lengths."""
    given = bound("input other dim=1 eps=1e-8", op, args, renamed(kwargs))
    x, y = (array(name, given[name]) for name in ("input", "other"))
    shape, dim = np.broadcast_shapes(x.shape, y.shape), given["dim"]
    x, y = (np.broadcast_to(part, shape).transpose(last(len(shape), dim)).reshape(-1, shape[dim]) for part in (x, y))
    lengths = [np.maximum(np.sqrt((part * part).sum(axis=1)), given["eps"]) for part in (x, y)]
    share = (1 / (lengths[0] * lengths[1])).astype(x.dtype)
    return Packed("einsum", {"equation": "ij,ij,i->i"}, {"input": x, "other": y, "third": share})


def _vecdot(op: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Packed:
    given = bound("input other dim=-1", op, args, kwargs)
    x, y = (array(name, given[name]) for name in ("input", "other"))
    shape, dim = np.broadcast_shapes(x.shape, y.shape), given["dim"]
    x, y = (np.broadcast_to(part, shape).transpose(last(len(shape), dim)).reshape(-1, shape[dim]) for part in (x, y))
    return Packed("einsum", {"equation": "ij,ij->i"}, {"input": x, "other": y})


def _tensordot(op: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Packed:
    """Some axes of one against some of the other, as a product of matrices; ``inner`` takes the last of both."""
    given = bound("input other dims=2", op, args, renamed(kwargs))
    x, y = (array(name, given[name]) for name in ("input", "other"))
    dims: Any = ((-1,), (-1,)) if op == "inner" else given["dims"]
    if isinstance(dims, int):
        dims = (range(x.ndim - dims, x.ndim), range(dims))
    one, two = ([int(k) % part.ndim for k in ks] for ks, part in zip(dims, (x, y), strict=True))
    free = [[k for k in range(part.ndim) if k not in ks] for part, ks in ((x, one), (y, two))]
    inner = math.prod(x.shape[k] for k in one)
    return Packed("matmul", {}, {"input": x.transpose(*free[0], *one).reshape(1, -1, inner),
                                 "other": y.transpose(*two, *free[1]).reshape(1, inner, -1)})  # fmt: skip


def _baddbmm(op: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Packed:
    """β · input + α · one @ two: one product, with the first as further rows."""
    given = bound("input batch1 batch2 beta=1 alpha=1", op, args, kwargs)
    x, one, two = (array(name, given[name]) for name in ("input", "batch1", "batch2"))
    two = two * two.dtype.type(given["alpha"])
    if given["beta"] and not np.isfinite(x).all():  # 0 times ∞ is no number
        return cells("multiply-add", torch_module().bmm(given["batch1"], given["batch2"]) * given["alpha"],
                     given["input"], given["beta"])  # fmt: skip
    if given["beta"]:
        full = np.broadcast_to(x, (*one.shape[:2], two.shape[2])) * x.dtype.type(given["beta"])
        unit = np.broadcast_to(np.eye(one.shape[1], dtype=x.dtype), (len(one), one.shape[1], one.shape[1]))
        one, two = np.concatenate([one, unit], axis=2), np.concatenate([two, full], axis=1)
    return Packed("matmul", {}, {"input": one, "other": two})


def _cat(op: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Packed:
    given = bound("tensors dim=0 axis=None", op, args, kwargs)
    parts = [array(f"input{k}", part) for k, part in enumerate(given["tensors"], 1)]
    dim = given["dim"] if given["axis"] is None else given["axis"]
    if op in ("hstack", "vstack"):
        parts = [*map(np.atleast_1d if op == "hstack" else np.atleast_2d, parts)]
        dim = int(op == "hstack" and parts[0].ndim > 1)
    parts = [part for part in parts if part.size]  # an empty one adds nothing
    if op == "stack":
        parts = [np.expand_dims(part, dim) for part in parts]
    kinds = np.result_type(*parts)
    arrays = {f"input{k}": part.astype(kinds, copy=False) for k, part in enumerate(parts, 1)}
    return Packed("concatenate", {"axis": int(dim), "inputs": len(parts)}, arrays)


def _matmul(op: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Packed:
    x, y = (array(n, v) for n, v in zip(("input", "other"), _two(op, args, kwargs), strict=True))
    if op == "outer":
        x, y = x[:, None], y[None]
    x, y = (x[None] if x.ndim == 1 else x), (y[:, None] if y.ndim == 1 else y)
    if y.ndim == 2:
        return Packed("matmul", {}, {"input": x.reshape(1, -1, x.shape[-1]), "other": y[None]})
    batch = np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
    one, two = (_folded(part, batch) for part in (x, y))
    return Packed("matmul", {}, {"input": one, "other": two})


def _two(op: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[Any, Any]:
    given = bound("input other", op, args, renamed(kwargs))
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
    arrays = {name: array(name, part) for name, part in zip(elementwise.NAMES, operands, strict=False)}
    if len(arrays) < len(operands):
        raise OptionError(f"einsum of {len(operands)} tensors is not known here; of one to three it is")
    return Packed("einsum", {"equation": spelt(equation, [part.ndim for part in arrays.values()])}, arrays)


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
        return cells({"max": "maximum", "min": "minimum"}[op], args[0], args[1])
    given = bound("input dim=None keepdim=False dtype=None axis=None", op, args, kwargs)
    dim = given["dim"] if given["axis"] is None else given["axis"]
    return _over(_REDUCE[op], typed(given["input"], given["dtype"]), dim)


def _spread(op: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Packed:
    """``std``, ``var`` and those that give the mean beside it; the second argument says whether 1 is taken off."""
    order = "input dim=None unbiased=True keepdim=False correction=None"
    if len(args) > 1 and isinstance(args[1], bool):
        order = "input unbiased=True dim=None keepdim=False correction=None"
    given = bound(order, op, args, kwargs)
    told = int(given["unbiased"]) if given["correction"] is None else given["correction"]
    return _over(op.removesuffix("_mean"), given["input"], given["dim"], correction=told)


def _running(op: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Packed:
    given = bound("input dim dtype=None", op, args, kwargs)
    mode = {"cumsum": "sum", "cumprod": "product", "logcumsumexp": "logsumexp"}[op]
    return _over(mode, typed(given["input"], given["dtype"]), given["dim"], running=True)


def _over(mode: str, value: Any, dim: Any, **options: Any) -> Packed:
    x = array("input", value)
    if x.ndim == 0:
        x, dim = x[None], None
    options = {"mode": mode, **options}
    if dim is not None and dim not in ((), []):
        options["axis"] = tuple(int(k) for k in (dim if isinstance(dim, (tuple, list)) else (dim,)))
    return Packed("reduce", options, {"input": x})


def _norm(op: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Packed:
    given = bound("input p='fro' dim=None keepdim=False dtype=None", op, args, renamed(kwargs))
    p, dim = given["p"], given["dim"]
    if p in (None, "fro", 2):
        return _over("norm", given["input"], dim)
    if p in (math.inf, -math.inf) and not (op == "norm" and _matrix(given["input"], dim)):
        return _over("max" if p > 0 else "min", given["input"].abs(), dim)
    if not isinstance(p, (int, float)) or not 0 < p < math.inf or (op == "norm" and _matrix(given["input"], dim)):
        raise OptionError(f"{op} with p {p} is not known here; a number above 0 is")
    return _over("norm", given["input"], dim, p=float(p))


def _matrix_norm(op: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Packed:
    given = bound("input p='fro' dim=(-2,-1) keepdim=False dtype=None", op, args, renamed(kwargs))
    if given["p"] != "fro":
        raise OptionError(f"{op} with ord {given['p']} is not known here; 'fro' is")
    return _over("norm", typed(given["input"], given["dtype"]), given["dim"])


def _between_rows(op: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Packed:
    """``pdist``: the distance of every row from those behind it."""
    given = bound("input p=2.0", op, args, kwargs)
    one, two = torch_module().triu_indices(len(given["input"]), len(given["input"]), 1)
    return _norm(op, (given["input"][one] - given["input"][two], given["p"], -1), {})


def _trace(op: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Packed:
    return _over("sum", bound("input", op, args, kwargs)["input"].diagonal(), None)


def _many(op: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Packed:
    """Several products of matrices: the last of them."""
    if op == "matrix_power":
        given = bound("input n", op, args, kwargs)
        if given["n"] < 2:
            raise OptionError(f"{op} with n {given['n']} is not known here; from 2 on it is")
        return _matmul("matmul", (given["input"].matrix_power(given["n"] - 1), given["input"]), {})
    *before, end = bound("tensors", op, args, kwargs)["tensors"]
    return _matmul("matmul", (torch_module().linalg.multi_dot(before) if before[1:] else before[0], end), {})


def _matrix(value: Any, dim: Any) -> bool:
    """Whether ``torch.linalg.norm`` would take the norm of a matrix."""
    return (len(dim) if isinstance(dim, (tuple, list)) else getattr(value, "ndim", 0) if dim is None else 1) == 2


def _normalize(op: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Packed:
    """x over its length is RMS normalisation with gamma 1/√n; the length is at least ``eps``, where it is 0 too."""
    given = bound("input p=2.0 dim=1 eps=1e-12", op, args, kwargs)
    x = array("input", given["input"])
    dim = given["dim"]
    if given["p"] != 2 and isinstance(dim, int):
        return cells("divide", given["input"], given["input"].norm(given["p"], dim, True).clamp(min=given["eps"]))
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


_BAG = ("input weight offsets=None max_norm=None norm_type=2.0 scale_grad_by_freq=False mode='mean' sparse=False "
        "per_sample_weights=None include_last_offset=False padding_idx=None")  # fmt: skip
_INSTANCE = ("input running_mean=None running_var=None weight=None bias=None use_input_stats=True momentum=0.1 "
             "eps=1e-5")  # fmt: skip


def _instance_norm(op: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Packed:
    given = bound(_INSTANCE, op, args, kwargs)
    if not given["use_input_stats"]:
        raise OptionError(f"{op} by running statistics is not known here; nn.InstanceNorm2d is")
    names = {"input": "input", "gamma": "weight", "beta": "bias"}
    arrays = {ours: array(name, given[name]) for ours, name in names.items() if given[name] is not None}
    return Packed("layernorm", {"kind": "instance", "eps": given["eps"], "affine": "gamma" in arrays}, arrays)


def _grouped(op: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Packed:
    """A matrix for each group of rows, as mixtures of experts have it: each row times the matrix of its group."""
    given = bound("input other offs=None bias=None out_dtype=None", op, args, renamed(kwargs))
    x, y = array("input", given["input"]), array("other", given["other"])
    if x.ndim != 2 or y.ndim != 3 or given["offs"] is None or given["bias"] is not None:
        raise OptionError(f"{op} of {x.ndim} and {y.ndim} axes is not known here; of 2 and 3 with offs it is")
    group = np.searchsorted(array("offs", given["offs"]), np.arange(len(x)), side="right")
    return Packed("matmul", {}, {"input": x[:, None], "other": y[group]})


def _bags(op: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Packed:
    """``embedding_bag``: how often each bag has each row of the table, times the rows that take part."""
    given = bound(_BAG, op, args, kwargs)
    if given["max_norm"] is not None:
        raise OptionError(f"{op} with max_norm changes the table in every call")
    ids, table = array("input", given["input"]), array("weight", given["weight"])
    bag = np.arange(len(ids)).repeat(ids.shape[1]) if ids.ndim == 2 else np.zeros(len(ids), int)
    bags = len(ids)
    if ids.ndim == 1:
        starts = array("offsets", given["offsets"])
        starts = starts[:-1] if given["include_last_offset"] else starts
        bag, bags = np.searchsorted(starts, np.arange(len(ids)), side="right") - 1, len(starts)
    if given["mode"] == "max":
        return _largest(ids.reshape(-1), table, bag, bags, given["padding_idx"])
    each = given["per_sample_weights"]
    share = np.ones(ids.size, table.dtype) if each is None else array("per_sample_weights", each).reshape(-1)
    pad = given["padding_idx"]
    share = share if pad is None else np.where(ids.reshape(-1) == pad % len(table), 0, share)
    known, at = np.unique(ids.reshape(-1), return_inverse=True)
    counts = np.zeros((bags, len(known)), table.dtype)
    np.add.at(counts, (bag, at.reshape(-1)), share)
    if given["mode"] == "mean":
        counts /= np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return Packed("matmul", {}, {"input": counts[None], "other": table[known][None]})


def _largest(ids: Array, table: Array, bag: Array, bags: int, pad: int | None) -> Packed:
    """Of the rows of each bag the largest numbers; a short bag holds one of its rows several times."""
    rows = [ids[(bag == k) & (ids != (-1 if pad is None else pad % len(table)))] for k in range(bags)]
    if not all(map(len, rows)):
        raise OptionError("embedding_bag with mode max of an empty bag is not known here")
    most = max(map(len, rows))
    full = np.stack([table[np.pad(row, (0, most - len(row)), mode="edge")] for row in rows])
    return Packed("reduce", {"mode": "max", "axis": (1,)}, {"input": full})


def _fractional(op: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Packed:
    """The largest of windows whose places along each axis come of one random number, as PyTorch counts them."""
    given = bound("input kernel_size output_size random_samples", op, args, kwargs)
    x, shares = array("input", given["input"]), array("random_samples", given["random_samples"])
    axes = shares.shape[-1]
    kernel, size = (
        (n,) * axes if isinstance(n, int) else tuple(n) for n in (given["kernel_size"], given["output_size"])
    )
    old = x.shape[-axes:]
    maps = x.reshape(-1, *old)
    shares = shares.reshape(-1, axes)
    shares = shares[:, ::-1] if axes == 2 else shares  # the width comes first
    windows = np.lib.stride_tricks.sliding_window_view(maps, kernel, axis=tuple(range(1, axes + 1)))
    taken = []
    for one, share in zip(windows, shares, strict=True):
        starts = []
        for n, k, m, part in zip(old, kernel, size, share, strict=True):
            step = x.dtype.type((n - k) / (m - 1)) if m > 1 else x.dtype.type(0)
            places = ((np.arange(m) + part) * step).astype(int) - int(part * step)
            starts.append(np.append(places[:-1], n - k))
        taken.append(one[np.ix_(*starts)])
    found = np.stack(taken).reshape(len(maps), *size, -1)
    return Packed("reduce", {"mode": "max", "axis": (axes + 1,)}, {"input": found})


JOINS: dict[str, Read] = {
    **CELLS, **LINEAR, **PLACING, **LOSSES, **dict.fromkeys(_REDUCE, _reduced),
    **dict.fromkeys(("std", "var", "std_mean", "var_mean"), _spread),
    **dict.fromkeys(("cumsum", "cumprod", "logcumsumexp"), _running),
    **dict.fromkeys(("cat", "stack", "hstack", "vstack"), _cat),
    **dict.fromkeys(("matmul", "rmatmul", "mv", "dot", "outer"), _matmul), "einsum": _einsum, "norm": _norm,
    **dict.fromkeys(("fractional_max_pool2d", "fractional_max_pool3d"), _fractional),
    "instance_norm": _instance_norm, "grouped_mm": _grouped, "embedding_bag": _bags,
    **dict.fromkeys(("cdist", "pairwise_distance", "dist"), _distance), "cosine_similarity": _cosine,
    "vecdot": _vecdot, "vdot": _vecdot, "tensordot": _tensordot, "inner": _tensordot, "baddbmm": _baddbmm,
    "linalg_matrix_norm": _matrix_norm, "pdist": _between_rows, "trace": _trace, "matrix_power": _many,
    "linalg_multi_dot": _many,
    "linalg_vector_norm": _norm, "normalize": _normalize, "pad": _pad,
}  # fmt: skip
"""How each function is read, by its name."""
