"""Many numbers become one: the mean, sum, largest or smallest number, or length, over some axes of an array."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from layeranim.engine import axes, window
from layeranim.engine.arithmetic import at, per_cell
from layeranim.engine.array import axes_text
from layeranim.engine.backward import beside, passed_back, start
from layeranim.engine.entry import enter
from layeranim.engine.option import ArrayOption, Choice, Config, Layer, option
from layeranim.engine.replay import finite_max, operation
from layeranim.engine.trace import Array, Region, Shape, Step, Tensor, Trace, count, tensors
from layeranim.errors import OptionError

Cell = Mapping[str, int]
RUNS: dict[str, Callable[..., Array]] = {
    "mean": lambda x, over: x.sum(axis=over) / x.dtype.type(count([x.shape[axis] for axis in over])),
    "sum": lambda x, over: x.sum(axis=over),
    "max": lambda x, over: x.max(axis=over),
    "min": lambda x, over: x.min(axis=over),
    "norm": lambda x, over: np.sqrt((x * x).sum(axis=over)),
}
_STEPS = {"mean": "average", "sum": "add", "max": "select", "min": "least", "norm": "euclidean_norm"}


@dataclass(frozen=True, kw_only=True)
class ReduceConfig(Config):
    """Options of a reduction."""

    mode: str = option(Choice(tuple(RUNS)), "mean", "what is taken of the numbers; norm is the root of Σ x²")
    axis: tuple[int, ...] | None = option(
        axes.Several(-axes.MOST, axes.MOST - 1, axes.MOST), None, "the axes over which it is taken (default: all)"
    )


def _over(config: ReduceConfig, ndim: int) -> tuple[int, ...]:
    """The axes that go, from 0."""
    if config.axis is None:
        return tuple(range(ndim))
    for one in config.axis:
        if not -ndim <= one < ndim:
            raise OptionError(
                f"axis is {one}, but must be from {-ndim} to {ndim - 1} for an array of {axes_text(ndim)}"
            )
    found = tuple(sorted({one % ndim for one in config.axis}))
    if len(found) < len(config.axis):
        raise OptionError(f"axis is {config.shown()['axis']}, but names an axis twice")
    return found


def _kept(config: ReduceConfig, shape: Shape) -> Shape:
    over = _over(config, len(shape))
    return tuple(n for k, n in enumerate(shape) if k not in over)


def complete(config: ReduceConfig, shapes: Mapping[str, Shape | None]) -> tuple[ReduceConfig, dict[str, Shape]]:
    """An input of any shape; as large as the axes ask for where none is given.

    ``input`` (axis_1, axis_2) gives ``output`` without the axes that are reduced, or with 1 in their place.
    Raises ``ShapeError`` for arrays that do not fit the layer or each other, ``OptionError`` for options that do not
    go together.
    """
    needs = max([2, *(one + 1 if one >= 0 else -one for one in config.axis or ())])
    shape = axes.aligned("input", shapes.get("input")) or (2,) * (needs - 1) + (3,)
    _over(config, len(shape))
    window.affordable("input", shape)
    return config, {"input": shape}


def makes(config: ReduceConfig, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    """One number for all that go together; on the way, for a norm, every square."""
    squares = {"squares": shapes["input"]} if config.mode == "norm" else {}
    return {"output": _kept(config, shapes["input"]), **squares}


def compute(config: ReduceConfig, arrays: Mapping[str, Array]) -> Trace:
    """The trace: ``output`` has the axes of ``input`` that are left."""
    full, ready = enter("reduce", _ARRAYS, complete, config, arrays)
    x = ready["input"]
    over, names = _over(full, x.ndim), axes.names(x.ndim)
    with np.errstate(all="ignore"):
        output = np.asarray(RUNS[full.mode](x, over))
    left = tuple(name for k, name in enumerate(names) if k not in over)
    return assemble(full, tensors(Tensor("input", names, "input", x), Tensor("output", left, "output", output)))


def assemble(config: ReduceConfig, saved: Mapping[str, Tensor]) -> Trace:
    """The trace from its stored tensors."""
    x, output = saved["input"], saved["output"]

    def act(c: Cell) -> Step:
        return Step(_STEPS[config.mode], (at("input", c, *output.axes),), at("output", c, *output.axes))

    facts: dict[str, int | float | str] = {"terms": count(x.shape) // count(output.shape), "parameters": 0}
    return Trace("reduce", config, tensors(x, output), per_cell(output.axes, output.shape, act), facts)


def backward(trace: Trace, gradients: Mapping[str, Array]) -> Trace:
    """Of a mean every number gets its part, of a sum all of it, of a norm as much as it is of the length; of the
    largest and the smallest those that are it, evenly."""
    config: Any = trace.config
    g, x = start(trace, gradients), trace["input"]
    over, left = _over(config, x.ndim), trace.axes("output")
    with np.errstate(all="ignore"):
        wide, y = np.expand_dims(g, over), np.expand_dims(trace["output"], over)
        many = x.dtype.type(count([x.shape[axis] for axis in over]))
        chosen = (x == y).astype(x.dtype)
        slope = {
            "mean": lambda: 1 / many, "sum": lambda: x.dtype.type(1), "norm": lambda: x / y,
            "max": lambda: chosen / chosen.sum(axis=over, keepdims=True),
        }[{"min": "max"}.get(config.mode, config.mode)]()  # fmt: skip
        back = np.ascontiguousarray(np.broadcast_to(wide * slope, x.shape), dtype=x.dtype)
    every = beside(
        trace, Tensor("grad_output", left, "input", g), Tensor("grad_input", trace.axes("input"), "output", back)
    )

    def act(c: Cell) -> Step:
        reads = (at("grad_output", c, *left), at("input", c, *left), at("output", c, *left))
        return Step("reduce_back", reads, Region("grad_input", tuple(c.items())), (("mode", config.mode),))

    return passed_back(trace, {"output": g}, every, per_cell(left, g.shape, act))


@operation("least")
def least(x: Array) -> Array:
    """The smallest of the cells; NaN when one of them is."""
    return np.asarray(np.min(x))


@operation("euclidean_norm", lambda x: (x.size + 2, float(np.sqrt(finite_max(np.square(x).sum())))))
def euclidean_norm(x: Array) -> Array:
    """√Σ x² over every cell."""
    return np.asarray(np.sqrt(np.square(x).sum()))


def _back_terms(g: Array, x: Array, y: Array, *, mode: str) -> tuple[int, float]:
    return 4, finite_max(np.abs(reduce_back(g, x, y, mode=mode)))


@operation("reduce_back", _back_terms)
def reduce_back(g: Array, x: Array, y: Array, *, mode: str) -> Array:
    """What of the gradient of one result goes to each number that it was made of."""
    if mode in ("max", "min"):
        return np.asarray(np.where(x == y, g / x.dtype.type(np.count_nonzero(x == y)), g * 0))
    share = {"mean": np.ones_like(x) / x.dtype.type(x.size), "sum": np.ones_like(x)}
    return np.asarray(g * (x / y if mode == "norm" else share[mode]))


_ARRAYS = (ArrayOption("input", axes.names(axes.MOST), "input", "numbers of any shape"),)

REDUCE = Layer(
    name="reduce",
    title="Mean, sum or largest over axes",
    config=ReduceConfig,
    arrays=_ARRAYS,
    complete=complete,
    compute=compute,
    assemble=assemble,
    formula="y = (1/n) Σ x, Σ x, max x, min x or √Σ x²",
    source="numpy.mean; torch.mean, torch.sum, torch.amax",
    backward=backward,
    makes=makes,
    back=1.5,
)
