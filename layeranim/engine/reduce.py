"""Many numbers become one: the mean, sum, spread, largest or smallest number, or length, over some axes of an array."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from layeranim.engine import axes, window
from layeranim.engine.arithmetic import at, per_cell
from layeranim.engine.array import axes_text
from layeranim.engine.backward import beside, passed_back, start
from layeranim.engine.entry import enter
from layeranim.engine.option import ArrayOption, Choice, Config, Flag, Integer, Layer, Real, option
from layeranim.engine.replay import finite_max, operation
from layeranim.engine.trace import Array, Region, Shape, Step, Tensor, Trace, count, tensors
from layeranim.errors import OptionError
from layeranim.records import dataclass

Cell = Mapping[str, int]
Over = tuple[int, ...]
STEPS = {
    "mean": "average", "sum": "add", "max": "select", "min": "least", "norm": "euclidean_norm", "product": "product",
    "var": "variance", "std": "standard_deviation", "logsumexp": "log_sum_exp",
}  # fmt: skip
"""By the mode: the operation of its steps."""
SPREADS = ("var", "std")
RUNNING = {"sum": np.add, "product": np.multiply, "logsumexp": np.logaddexp}


@dataclass(frozen=True, kw_only=True)
class ReduceConfig(Config):
    """Options of a reduction."""

    mode: str = option(
        Choice(tuple(STEPS)), "mean", "what is taken of the numbers; norm is the root of Σ x², logsumexp ln Σ eˣ"
    )
    axis: tuple[int, ...] | None = option(
        axes.Several(-axes.MOST, axes.MOST - 1, axes.MOST), None, "the axes over which it is taken (default: all)"
    )
    correction: int | None = option(
        Integer(0, 1000), None, "what is taken off the count that var and std divide by (default: 1)"
    )
    p: float | None = option(Real(above=0), None, "another norm: the p-th root of Σ |x|ᵖ (default: 2)")
    running: bool = option(Flag(), False, "each place gets the sum, product or ln Σ eˣ of all up to it, along one axis")


def _taken(config: ReduceConfig, x: Array, over: Over) -> Array:
    """What is taken of ``x`` over these axes."""
    found: Any
    if config.running:
        return RUNNING[config.mode].accumulate(x, over[0])
    many = x.dtype.type(count([x.shape[axis] for axis in over]))
    if config.mode in SPREADS:
        apart = x - x.sum(axis=over, keepdims=True) / many
        found = (apart * apart).sum(axis=over) / max(many - x.dtype.type(_correction(config)), x.dtype.type(0))
        found = np.sqrt(found) if config.mode == "std" else found
    elif config.mode == "logsumexp":
        top = x.max(axis=over, keepdims=True)
        top = np.where(np.isfinite(top), top, 0)
        found = np.log(np.exp(x - top).sum(axis=over)) + top.squeeze(over)
    elif config.mode == "norm":
        found = _norm(x, over, config.p or 2.0)
    else:
        found = {
            "mean": lambda: x.sum(axis=over) / many, "sum": lambda: x.sum(axis=over), "max": lambda: x.max(axis=over),
            "min": lambda: x.min(axis=over), "product": lambda: x.prod(axis=over),
        }[config.mode]()  # fmt: skip
    return np.asarray(found)


def _norm(x: Array, over: Over, p: float) -> Array:
    if p == 2:
        return np.asarray(np.sqrt((x * x).sum(axis=over)))
    return np.asarray((np.abs(x) ** x.dtype.type(p)).sum(axis=over) ** x.dtype.type(1 / p))


def _correction(config: ReduceConfig) -> int:
    return 1 if config.correction is None else config.correction


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
    if config.running:
        return shape
    over = _over(config, len(shape))
    return tuple(n for k, n in enumerate(shape) if k not in over)


def complete(config: ReduceConfig, shapes: Mapping[str, Shape | None]) -> tuple[ReduceConfig, dict[str, Shape]]:
    """An input of any shape; as large as the axes ask for where none is given.

    ``input`` (axis_1, axis_2) gives ``output`` without the axes that are reduced; with all of them where it is running.
    Raises ``ShapeError`` for arrays that do not fit the layer or each other, ``OptionError`` for options that do not
    go together.
    """
    needs = max([2, *(one + 1 if one >= 0 else -one for one in config.axis or ())])
    shape = axes.aligned("input", shapes.get("input")) or (2,) * (needs - 1) + (3,)
    over = _over(config, len(shape))
    if config.correction is not None and config.mode not in SPREADS:
        raise OptionError(f"correction is {config.correction}, but mode {config.mode} has none; var and std do")
    if config.p is not None and config.mode != "norm":
        raise OptionError(f"p is {config.p:g}, but mode {config.mode} has none; norm does")
    if config.running and (config.mode not in RUNNING or len(over) != 1):
        raise OptionError(
            f"running is true, but mode is {config.mode} over {axes_text(len(over))}; "
            f"{', '.join(RUNNING)} over one can run"
        )
    window.affordable("input", shape)
    return config, {"input": shape}


def makes(config: ReduceConfig, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    """One number for all that go together; on the way, for a length or a spread, every square."""
    squares = {"squares": shapes["input"]} if config.mode in ("norm", "logsumexp", *SPREADS) else {}
    return {"output": _kept(config, shapes["input"]), **squares}


def compute(config: ReduceConfig, arrays: Mapping[str, Array]) -> Trace:
    """The trace: ``output`` has the axes of ``input`` that are left."""
    full, ready = enter("reduce", _ARRAYS, complete, config, arrays)
    x = ready["input"]
    over, names = _over(full, x.ndim), axes.names(x.ndim)
    with np.errstate(all="ignore"):
        output = np.asarray(_taken(full, x, over), dtype=x.dtype)
    left = names if full.running else tuple(name for k, name in enumerate(names) if k not in over)
    return assemble(full, tensors(Tensor("input", names, "input", x), Tensor("output", left, "output", output)))


def assemble(config: ReduceConfig, saved: Mapping[str, Tensor]) -> Trace:
    """The trace from its stored tensors."""
    x, output = saved["input"], saved["output"]

    told = _told(config)
    along = x.axes[_over(config, len(x.axes))[0]] if config.running else ""

    def act(c: Cell) -> Step:
        reads = at("input", c, *(axis for axis in output.axes if axis != along))
        if along:
            reads = Region("input", tuple((a, range(c[a] + 1) if a == along else c[a]) for a in output.axes))
        return Step(STEPS[config.mode] if config.p in (None, 2) else "p_norm", (reads,), at("output", c, *output.axes),
                    told)  # fmt: skip

    facts: dict[str, int | float | str] = {"terms": max(1, count(x.shape) // count(output.shape)), "parameters": 0}
    return Trace("reduce", config, tensors(x, output), per_cell(output.axes, output.shape, act), facts)


def _told(config: ReduceConfig) -> tuple[tuple[str, Any], ...]:
    """The parameters of a step."""
    if config.mode in SPREADS:
        return (("correction", _correction(config)),)
    return (("p", float(config.p)),) if config.p not in (None, 2) else ()


def backward(trace: Trace, gradients: Mapping[str, Array]) -> Trace:
    """Of a mean every number gets its part, of a sum all of it, of a norm as much as it is of the length; of the
    largest and the smallest those that are it, evenly."""
    config: Any = trace.config
    g, x = start(trace, gradients), trace["input"]
    over, left = _over(config, x.ndim), trace.axes("output")
    with np.errstate(all="ignore"):
        if config.running:
            back = _run_back(config.mode, g, x, trace["output"], over[0])
        else:
            wide, y = np.expand_dims(g, over), np.expand_dims(trace["output"], over)
            back = wide * _slopes(config, x, y, over)
        back = np.ascontiguousarray(np.broadcast_to(back, x.shape), dtype=x.dtype)
    every = beside(
        trace, Tensor("grad_output", left, "input", g), Tensor("grad_input", trace.axes("input"), "output", back)
    )
    if config.running:
        along = left[over[0]]

        def one(c: Cell) -> Step:
            whole = tuple((axis, c[axis]) for axis in left if axis != along)
            told = (("mode", config.mode), ("place", c[along]))
            reads = (Region("grad_output", whole), Region("input", whole))
            return Step("running_back", reads, Region("grad_input", tuple(c.items())), told)

        return passed_back(trace, {"output": g}, every, per_cell(left, g.shape, one))

    told = (("mode", config.mode), *_told(config))

    def act(c: Cell) -> Step:
        reads = (at("grad_output", c, *left), at("input", c, *left), at("output", c, *left))
        return Step("reduce_back", reads, Region("grad_input", tuple(c.items())), told)

    return passed_back(trace, {"output": g}, every, per_cell(left, g.shape, act))


def _slopes(config: ReduceConfig, x: Array, y: Array, over: Over) -> Array:
    """∂y/∂x for every number of ``x``; a length or a spread of 0 passes nothing back, as in PyTorch."""
    many = x.dtype.type(count([x.shape[axis] for axis in over]))
    if config.mode in ("max", "min"):
        chosen = (x == y).astype(x.dtype)
        return np.asarray(chosen / chosen.sum(axis=over, keepdims=True))
    if config.mode in SPREADS:
        apart = (x - x.sum(axis=over, keepdims=True) / many) / (many - x.dtype.type(_correction(config)))
        return 2 * apart if config.mode == "var" else np.where(y == 0, 0, apart / y)
    if config.mode == "norm":
        p = x.dtype.type(config.p or 2)
        return np.where(y == 0, 0, np.sign(x) * (np.abs(x) / y) ** (p - 1))
    if config.mode == "product":
        others = np.where(x == 0, 1, x).prod(axis=over, keepdims=True)
        alone = (x == 0).sum(axis=over, keepdims=True) == 1
        return np.where(x == 0, others * alone, y / x)
    return np.asarray({"mean": 1 / many, "sum": x.dtype.type(1)}[config.mode] if config.mode != "logsumexp"
                      else np.exp(x - y))  # fmt: skip


def _run_back(mode: str, g: Array, x: Array, y: Array, axis: int) -> Array:
    """What goes back to each number from every place behind it."""
    if mode == "sum":
        return np.flip(np.flip(g, axis).cumsum(axis), axis)
    g, x, y = (np.moveaxis(part, axis, 0) for part in (g, x, y))
    back = np.zeros_like(x)
    for place in range(len(x)):
        if mode == "product":
            others = np.concatenate([x[:place], np.ones_like(x[:1]), x[place + 1 :]])
            slopes = np.multiply.accumulate(others)[place:]
        else:
            slopes = np.exp(x[place] - y[place:])
        back[place] = (g[place:] * slopes).sum(axis=0)
    return np.moveaxis(back, 0, axis)


@operation("least")
def least(x: Array) -> Array:
    """The smallest of the cells; NaN when one of them is."""
    return np.asarray(np.min(x))


@operation("euclidean_norm", lambda x: (x.size + 2, float(np.sqrt(finite_max(np.square(x).sum())))))
def euclidean_norm(x: Array) -> Array:
    """√Σ x² over every cell."""
    return np.asarray(np.sqrt(np.square(x).sum()))


@operation("product", lambda x: (x.size + 1, finite_max(np.abs(np.prod(x)))))
def product(x: Array) -> Array:
    """The product of every cell."""
    return np.asarray(np.prod(x))


def _variance_terms(x: Array, *, correction: int) -> tuple[int, float]:
    apart = np.abs(x - x.mean())
    return x.size + 8, finite_max((apart * (apart + np.abs(x).max())).sum() / max(x.size - correction, 1))


@operation("variance", _variance_terms)
def variance(x: Array, *, correction: int) -> Array:
    """The mean of the squared distances from the mean, by a count that is lessened."""
    return np.asarray(np.square(x - x.mean()).sum() / x.dtype.type(max(x.size - correction, 0)))


def _deviation_terms(x: Array, *, correction: int) -> tuple[int, float]:
    n, size = _variance_terms(x, correction=correction)
    found = finite_max(np.abs(standard_deviation(x, correction=correction)))
    return n, size / found + found if found else float(np.sqrt(size))


@operation("standard_deviation", _deviation_terms)
def standard_deviation(x: Array, *, correction: int) -> Array:
    """The root of the variance."""
    return np.sqrt(variance(x, correction=correction))


@operation("log_sum_exp", lambda x: (x.size + 8, finite_max(np.abs(x)) + 1))
def log_sum_exp(x: Array) -> Array:
    """ln Σ eˣ over every cell, pair by pair, so that no power is too large."""
    return np.asarray(np.logaddexp.reduce(x, axis=None))


def _p_norm_terms(x: Array, *, p: float) -> tuple[int, float]:
    return x.size + 16, finite_max(np.abs(p_norm(x, p=p)))


@operation("p_norm", _p_norm_terms)
def p_norm(x: Array, *, p: float) -> Array:
    """The p-th root of Σ |x|ᵖ over every cell."""
    return np.asarray(np.sum(np.abs(x) ** x.dtype.type(p)) ** x.dtype.type(1 / p))


def _back_terms(g: Array, x: Array, y: Array, **told: Any) -> tuple[int, float]:
    size = finite_max(np.abs(reduce_back(g, x, y, **told)))
    if told["mode"] in SPREADS:  # the distance from the mean is as far off as the mean is
        size += (
            finite_max(np.abs(g))
            * finite_max(np.abs(x))
            / (finite_max(np.abs(y)) + 1e-30 if "std" in told["mode"] else 1)
        )
    return x.size + 8, size


@operation("reduce_back", _back_terms)
def reduce_back(g: Array, x: Array, y: Array, *, mode: str, correction: int = 1, p: float = 2.0) -> Array:
    """What of the gradient of one result goes to each number that it was made of."""
    if mode in ("max", "min"):
        return np.asarray(np.where(x == y, g / x.dtype.type(np.count_nonzero(x == y)), g * 0))
    if mode == "product":
        others = [np.prod(np.delete(x.reshape(-1), k)) for k in range(x.size)]
        return np.asarray(g * np.array(others, x.dtype).reshape(x.shape))
    if mode in ("std", "norm") and y == 0:
        return np.asarray(np.zeros_like(x) * g)
    share: dict[str, Any] = {
        "mean": lambda: np.ones_like(x) / x.dtype.type(x.size), "sum": lambda: np.ones_like(x),
        "norm": lambda: np.sign(x) * np.abs(x) ** x.dtype.type(p - 1) / y ** x.dtype.type(p - 1),
        "var": lambda: 2 * (x - x.mean()) / x.dtype.type(x.size - correction),
        "std": lambda: (x - x.mean()) / (x.dtype.type(x.size - correction) * y),
        "logsumexp": lambda: np.exp(x - y),
    }  # fmt: skip
    return np.asarray(g * share[mode]())


def _running_terms(g: Array, x: Array, *, mode: str, place: int) -> tuple[int, float]:
    return x.size + 8, finite_max(np.abs(running_back(np.abs(g), np.abs(x), mode=mode, place=place)))


@operation("running_back", _running_terms)
def running_back(g: Array, x: Array, *, mode: str, place: int) -> Array:
    """Σ over every place from this one on of its gradient, times all others that its product has, or its share of
    Σ eˣ."""
    if mode == "sum":
        return np.asarray(g[place:].sum())
    if mode == "logsumexp":
        return np.asarray((g * np.exp(x[place] - np.logaddexp.accumulate(x)))[place:].sum())
    others = [np.prod(x[:place]) * np.prod(x[place + 1 : k + 1]) for k in range(place, len(x))]
    return np.asarray((g[place:] * np.array(others, x.dtype)).sum())


_ARRAYS = (ArrayOption("input", axes.names(axes.MOST), "input", "numbers of any shape"),)

REDUCE = Layer(
    name="reduce",
    title="Mean, sum, spread or largest over axes",
    config=ReduceConfig,
    arrays=_ARRAYS,
    complete=complete,
    compute=compute,
    assemble=assemble,
    formula="y = (1/n) Σ x, Σ x, Π x, max x, min x, √Σ x², the variance, or ln Σ eˣ",
    source="numpy.mean; torch.mean, torch.sum, torch.amax, torch.var, torch.logsumexp, torch.cumsum",
    backward=backward,
    makes=makes,
    back=1.5,
)
