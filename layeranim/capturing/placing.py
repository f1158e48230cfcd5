"""Functions that bring numbers to places that an index says, where they replace, or meet, what stands there."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from layeranim.capturing.functions import bound
from layeranim.capturing.linear import Read, last
from layeranim.engine.memory import affordable
from layeranim.engine.packing import Packed
from layeranim.engine.trace import Array
from layeranim.errors import OptionError
from layeranim.inputs.module_tensors import array

_MODES = {"sum": "sum", "add": "sum", "mean": "mean", "prod": "product", "multiply": "product", "amax": "max",
          "amin": "min"}  # fmt: skip
Args = tuple[Any, ...]


def _index_add(op: str, args: Args, kwargs: Mapping[str, Any]) -> Packed:
    """Whole rows are added at the places that an index says."""
    given = bound("input dim index source alpha=1", op, args, kwargs)
    x, index = given["input"], _everywhere(given["index"], given["source"], given["dim"])
    return _summed(x, given["source"], index, given["dim"], share=given["alpha"])


def _index_copy(op: str, args: Args, kwargs: Mapping[str, Any]) -> Packed:
    """Whole rows, or a number, in the place of those that an index says."""
    given = bound("input dim index source", op, args, _named(kwargs, "source"))
    x, dim, source = array("input", given["input"]), given["dim"], array("source", given["source"])
    new, taken = _copies(x)
    at = (*(slice(None),) * (dim % max(x.ndim, 1)), np.atleast_1d(array("index", given["index"])))
    new.reshape(x.shape or 1)[at], taken.reshape(x.shape or 1)[at] = source.reshape(source.shape or (1,)), 1
    return _instead(x, new, taken)


def _index_reduce(op: str, args: Args, kwargs: Mapping[str, Any]) -> Packed:
    given = bound("input dim index source reduce include_self=True", op, args, kwargs)
    index = _everywhere(given["index"], given["source"], given["dim"])
    return _met(given["input"], given["source"], index, given["dim"], given["reduce"], given["include_self"])


def _scatter(op: str, args: Args, kwargs: Mapping[str, Any]) -> Packed:
    """``scatter``, ``scatter_add``, ``scatter_reduce``: every number goes where the index at its own place says."""
    given = bound("input dim index src reduce=None include_self=True", op, args, _named(kwargs, "src"))
    x, index, how = given["input"], array("index", given["index"]), given["reduce"]
    source = array("src", given["src"])
    source = source[tuple(map(slice, index.shape))] if source.ndim else np.broadcast_to(source, index.shape)
    if op == "scatter" and how is None:
        x = array("input", x)
        new, taken = _copies(x)
        for held, value in ((new, source), (taken, np.ones_like(source))):
            part = held[tuple(slice(n) if k != given["dim"] % x.ndim else slice(None)
                              for k, n in enumerate(index.shape))]  # fmt: skip
            np.put_along_axis(part, index, value, given["dim"])
        return _instead(x, new, taken)
    return _met(x, source, index, given["dim"], "sum" if op == "scatter_add" else how, given["include_self"])


def _index_put(op: str, args: Args, kwargs: Mapping[str, Any]) -> Packed:
    """Numbers in the place of those that indices or masks of some axes say, or added to them."""
    given = bound("input indices values accumulate=False", op, args, kwargs)
    x, values = array("input", given["input"]), array("values", given["values"])
    at = tuple(slice(None) if one is None else array("index", one) for one in given["indices"])
    if given["accumulate"]:
        places = np.arange(x.size).reshape(x.shape)[at]
        values = np.broadcast_to(values, places.shape)
        return _laid(_summed(x.reshape(-1), values.reshape(-1), places.reshape(-1), 0))
    new, taken = _copies(x)
    new[at], taken[at] = values, 1
    return _instead(x, new, taken)


def _masked_scatter(op: str, args: Args, kwargs: Mapping[str, Any]) -> Packed:
    """Numbers in their order in the places of a mask."""
    given = bound("input mask source", op, args, kwargs)
    x, mask = np.broadcast_arrays(array("input", given["input"]), array("mask", given["mask"]))
    new, taken = _copies(x)
    new[mask], taken[mask] = array("source", given["source"]).reshape(-1)[: np.count_nonzero(mask)], 1
    return _instead(x, new, taken)


def _unpooled(op: str, args: Args, kwargs: Mapping[str, Any]) -> Packed:
    """``max_unpool2d``: each number back at the place that it was taken from, zeros beside it."""
    given = bound("input indices kernel_size stride=None padding=0 output_size=None", op, args, kwargs)
    x, axes = given["input"], int(op[-2])
    many = [(value,) * axes if isinstance(value, int) else tuple(value)
            for value in (given["kernel_size"], given["stride"] or given["kernel_size"], given["padding"])]  # fmt: skip
    usual = [(n - 1) * s - 2 * p + k for n, k, s, p in zip(x.shape[-axes:], *many, strict=True)]
    size = math.prod([int(n) for n in (given["output_size"] or usual)][-axes:])
    rows = array("input", x).reshape(-1, math.prod(x.shape[-axes:]))
    index = array("indices", given["indices"]).reshape(rows.shape)
    return _laid(_summed(np.zeros((len(rows), size), rows.dtype), rows, index, 1))


def _laid(found: Packed) -> Packed:
    """A layer of numbers in rows that were made for it alone."""
    return Packed(found.layer, found.options, found.arrays)


def _named(kwargs: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A number that is given as ``value`` by the name that tensors have."""
    return {name if key == "value" else key: value for key, value in kwargs.items()}


def _copies(x: Array) -> tuple[Array, Array]:
    """Room for new numbers and for what says where they are: 1 there."""
    return np.zeros(x.shape, x.dtype), np.zeros(x.shape, x.dtype)


def _instead(x: Array, new: Array, taken: Array) -> Packed:
    return Packed("elementwise", {"operation": "where"}, {"input": new, "other": np.asarray(x), "third": taken})


def _everywhere(index: Any, source: Any, dim: int) -> Array:
    """The index of whole rows for every number of them."""
    at, shape = array("index", index), tuple(source.shape) or (1,)
    return np.broadcast_to(at.reshape([-1 if k == dim % len(shape) else 1 for k in range(len(shape))]), shape)


def _lines(into: Any, source: Any, index: Array, dim: int) -> tuple[Array, Array, Array, tuple[int, ...]]:
    """What is there, what comes and where to as rows along ``dim`` and a column for everything else; a place of −1 is
    none. The last is the order of the axes."""
    x, src = np.atleast_1d(array("input", into)), np.atleast_1d(array("source", source))
    index = np.atleast_1d(index)
    order = (dim % x.ndim, *last(x.ndim, dim)[:-1])
    missing = [(0, n - m if k != dim % x.ndim else 0)
               for k, (n, m) in enumerate(zip(x.shape, index.shape, strict=True))]  # fmt: skip
    src, index = np.pad(src, missing), np.pad(index, missing, constant_values=-1)
    whole = [part.transpose(order).reshape(part.shape[dim], -1) for part in (x, src, index)]
    return whole[0], whole[1].astype(x.dtype), whole[2], order


def _summed(into: Any, source: Any, index: Array, dim: int, mean: bool = False, share: float = 1,
            own: bool = True) -> Packed:  # fmt: skip
    """A matrix of ones and zeros times what comes, with what stands there already if it counts as one (``own``)."""
    x, src, at, order = _lines(into, source, index, dim)
    alike = bool((at == at[:, :1]).all())
    at = at[:, 0][None] if alike else at.T
    affordable("the matrix of places", (len(at), len(x), len(x) + len(src)))
    here = (at[:, None] == np.arange(len(x))[:, None]).astype(x.dtype)
    counts = here.sum(axis=2)
    kept = np.ones_like(counts) if own else (counts == 0).astype(src.dtype)
    if mean:
        many = np.maximum(counts + own, 1)
        here, kept = here / many[..., None], kept / many
    here = (here * share).astype(src.dtype)
    one, other = (part[None] if alike else part.T[..., None] for part in (x, src))
    if x.any():
        here = np.concatenate([kept[..., None] * np.eye(len(x), dtype=src.dtype), here], axis=2)
        other = np.concatenate([one, other], axis=1)
    axes = order if alike else (*order[1:], order[0])
    return Packed("matmul", {}, {"input": here, "other": other}, axes)


def _met(into: Any, source: Any, index: Array, dim: int, how: str, own: bool) -> Packed:
    """What comes together at a place becomes one number: the largest of all, their product, their mean."""
    if how not in _MODES:
        raise OptionError(f"reduce {how} is not known here; {', '.join(_MODES)} are")
    mode = _MODES[how]
    if mode in ("sum", "mean"):
        return _summed(into, source, index, dim, mode == "mean", own=own)
    x, src, at, order = _lines(into, source, index, dim)
    place = (at * x.shape[1] + np.arange(x.shape[1])).reshape(-1)
    coming = np.flatnonzero(at.reshape(-1) >= 0)
    coming = coming[np.argsort(place[coming], kind="stable")]
    counts = np.bincount(place[coming], minlength=x.size)
    rank = np.arange(len(coming)) - (np.cumsum(counts) - counts)[place[coming]]
    affordable("the numbers that meet", (x.size, 1 + counts.max()))
    meeting = np.repeat(x.reshape(-1, 1), 1 + counts.max(), axis=1)
    first = coming[rank == 0]
    if not own:  # one that came stands for what was there
        meeting[place[first]] = src.reshape(-1)[first][:, None]
    if mode == "product":
        meeting[:, 1:] = 1
    meeting[place[coming], rank + own] = src.reshape(-1)[coming]
    meeting = meeting if own or not counts.all() else meeting[:, :-1]
    return Packed("reduce", {"mode": mode, "axis": (2,)}, {"input": meeting.reshape(*x.shape, -1)}, order)


PLACING: dict[str, Read] = {
    "index_add": _index_add, "index_copy": _index_copy, "index_fill": _index_copy, "index_reduce": _index_reduce,
    **dict.fromkeys(("scatter_add", "scatter", "scatter_reduce"), _scatter), "index_put": _index_put,
    "masked_scatter": _masked_scatter, **dict.fromkeys([f"max_unpool{n}d" for n in (1, 2, 3)], _unpooled),
}  # fmt: skip
"""How each of them is read, by its name."""
