"""Arithmetic cell by cell, of one array, of two or of three: the plus of a residual connection, the times of a gate.

``output = input ∘ other``; where one of them has size 1 along an axis, its cell stands for all (broadcasting).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from layeranim.engine import axes, window
from layeranim.engine.arithmetic import few, per_cell
from layeranim.engine.backward import beside, passed_back, start
from layeranim.engine.entry import enter
from layeranim.engine.option import ArrayOption, Choice, Config, Layer, option
from layeranim.engine.replay import OPERATIONS, finite_max, operation
from layeranim.engine.special import erf
from layeranim.engine.trace import Array, Region, Shape, Step, Steps, Tensor, Trace, count, tensors
from layeranim.errors import OptionError
from layeranim.records import dataclass

Cell = Mapping[str, int]


@dataclass(frozen=True)
class Function:
    """One function of a cell, or of several: the operation of its steps, and its slope for each of its arguments."""

    operation: str
    run: Callable[..., Array]
    slopes: tuple[Callable[..., Any], ...]
    formula: str


def _log_or_zero(x: Array, y: Array) -> Array:
    """xʸ ln x, the slope of a power for its exponent; 0 at 0 to a positive power."""
    return np.where((x == 0) & (y >= 0), 0, np.power(x, y) * np.log(x))


def _won(first: Array, tie: Array) -> Array:
    """1 for the one that was taken, ½ for each at a tie, as in PyTorch."""
    return np.where(tie, 0.5, first)


def _flat(x: Array) -> Array:
    """The slope of a function that only jumps."""
    return np.zeros_like(x)


FUNCTIONS = {
    "add": Function("add", np.add, (lambda x, y: 1, lambda x, y: 1), "x + y"),
    "subtract": Function("minus", np.subtract, (lambda x, y: 1, lambda x, y: -1), "x − y"),
    "multiply": Function("multiply", np.multiply, (lambda x, y: y, lambda x, y: x), "x · y"),
    "divide": Function("divide", np.divide, (lambda x, y: 1 / y, lambda x, y: -x / (y * y)), "x ÷ y"),
    "maximum": Function(
        "larger", np.maximum, (lambda x, y: _won(x > y, x == y), lambda x, y: _won(y > x, x == y)), "max(x, y)",
    ),
    "minimum": Function(
        "smaller", np.minimum, (lambda x, y: _won(x < y, x == y), lambda x, y: _won(y < x, x == y)), "min(x, y)",
    ),
    "power": Function(
        "power", np.power, (lambda x, y: np.where(y == 0, 0, y * np.power(x, y - 1)), _log_or_zero), "xʸ"
    ),
    "negate": Function("negate", np.negative, (lambda x: -1,), "−x"),
    "absolute": Function("absolute", np.abs, (np.sign,), "|x|"),
    "square": Function("square", np.square, (lambda x: 2 * x,), "x²"),
    "sqrt": Function("square_root", np.sqrt, (lambda x: 1 / (2 * np.sqrt(x)),), "√x"),
    "reciprocal": Function("reciprocal", lambda x: 1 / x, (lambda x: -1 / (x * x),), "1 ÷ x"),
    "exp": Function("exponential", np.exp, (np.exp,), "eˣ"),
    "log": Function("logarithm", np.log, (lambda x: 1 / x,), "ln x"),
    "sin": Function("sine", np.sin, (np.cos,), "sin x"),
    "cos": Function("cosine", np.cos, (lambda x: -np.sin(x),), "cos x"),
    "tan": Function("tangent", np.tan, (lambda x: 1 + np.square(np.tan(x)),), "tan x"),
    "atan": Function("arctangent", np.arctan, (lambda x: 1 / (1 + x * x),), "arctan x"),
    "sinh": Function("hyperbolic_sine", np.sinh, (np.cosh,), "sinh x"),
    "cosh": Function("hyperbolic_cosine", np.cosh, (np.sinh,), "cosh x"),
    "asin": Function("arcsine", np.arcsin, (lambda x: 1 / np.sqrt(1 - x * x),), "arcsin x"),
    "acos": Function("arccosine", np.arccos, (lambda x: -1 / np.sqrt(1 - x * x),), "arccos x"),
    "erf": Function("error_function", erf, (lambda x: x.dtype.type(2 / np.sqrt(np.pi)) * np.exp(-x * x),), "erf x"),
    "expm1": Function("exponential_less_1", np.expm1, (np.exp,), "eˣ − 1"),
    "log1p": Function("logarithm_of_1_more", np.log1p, (lambda x: 1 / (1 + x),), "ln(1 + x)"),
    "log2": Function("binary_logarithm", np.log2, (lambda x: 1 / (x * x.dtype.type(np.log(2))),), "log₂ x"),
    "log10": Function("decimal_logarithm", np.log10, (lambda x: 1 / (x * x.dtype.type(np.log(10))),), "log₁₀ x"),
    "sign": Function("sign", np.sign, (_flat,), "sign x"),
    "floor": Function("floor", np.floor, (_flat,), "⌊x⌋"),
    "ceil": Function("ceiling", np.ceil, (_flat,), "⌈x⌉"),
    "trunc": Function("truncate", np.trunc, (_flat,), "x without its fraction"),
    "round": Function("round_to_even", np.rint, (_flat,), "x rounded"),
    "remainder": Function(
        "remainder", np.mod, (lambda x, y: 1, lambda x, y: -np.floor(x / y)), "x − y ⌊x ÷ y⌋",
    ),
    "fmod": Function(
        "remainder_of_truncated", np.fmod, (lambda x, y: 1, lambda x, y: -np.trunc(x / y)), "x − y trunc(x ÷ y)",
    ),
    "hypot": Function(
        "hypotenuse", np.hypot, (lambda x, y: x / np.hypot(x, y), lambda x, y: y / np.hypot(x, y)), "√(x² + y²)",
    ),
    "atan2": Function(
        "angle", np.arctan2, (lambda x, y: y / (x * x + y * y), lambda x, y: -x / (x * x + y * y)),
        "the angle of (y, x)",
    ),
    "logaddexp": Function(
        "logarithm_of_added_powers", np.logaddexp,
        (lambda x, y: np.exp(x - np.logaddexp(x, y)), lambda x, y: np.exp(y - np.logaddexp(x, y))), "ln(eˣ + eʸ)",
    ),
    "floor-divide": Function(
        "floor_divide", np.floor_divide, (lambda x, y: 0, lambda x, y: 0), "⌊x ÷ y⌋",
    ),
    "multiply-add": Function(
        "multiply_add", lambda x, y, z: x + y * z, (lambda x, y, z: 1, lambda x, y, z: z, lambda x, y, z: y),
        "x + y · z",
    ),
    "blend": Function(
        "blend_of_two", lambda x, y, z: x + z * (y - x),
        (lambda x, y, z: 1 - z, lambda x, y, z: z, lambda x, y, z: y - x), "x + z · (y − x)",
    ),
    "clamp": Function(
        "clamp", lambda x, y, z: np.minimum(np.maximum(x, y), z),
        (lambda x, y, z: (x >= y) & (x <= z), lambda x, y, z: (x < y) & (y < z), lambda x, y, z: (x > z) | (y > z)),
        "min(max(x, y), z)",
    ),
    "where": Function(
        "choose", lambda x, y, z: np.asarray(np.where(z != 0, x, y)),
        (lambda x, y, z: z != 0, lambda x, y, z: z == 0, lambda x, y, z: 0), "x where z, else y",
    ),
}  # fmt: skip
"""By name; those with two slopes take two arrays, those with three three."""
NAMES = ("input", "other", "third")
"""What the arrays are called, x, y and z in the formulas."""


@dataclass(frozen=True, kw_only=True)
class ElementwiseConfig(Config):
    """Options of arithmetic cell by cell."""

    operation: str = option(Choice(tuple(FUNCTIONS)), "add", "what is done with each cell, or with cells that meet")


def _names(config: ElementwiseConfig) -> tuple[str, ...]:
    return NAMES[: len(FUNCTIONS[config.operation].slopes)]


def complete(
    config: ElementwiseConfig, shapes: Mapping[str, Shape | None]
) -> tuple[ElementwiseConfig, dict[str, Shape]]:
    """The arrays with equally many axes; one that is not given is as another.

    ``input`` (axis_1, axis_2), ``other`` and ``third``, as long or 1, give ``output`` (axis_1, axis_2); up to six axes.
    Raises ``ShapeError`` for arrays that do not fit the layer or each other, ``OptionError`` for options that do not
    go together.
    """
    taken = _names(config)
    given = {name: shape for name in NAMES if (shape := shapes.get(name)) is not None}
    for name in NAMES:
        if name in given and name not in taken:
            many = "one array" if len(taken) == 1 else "two arrays"
            raise OptionError(f"{name} was given, but operation {config.operation} takes {many}; leave it out")
    usual = next(iter(given.values()), (2, 3))
    ndim = max(1, *(len(shape) for shape in (*given.values(), usual)))
    needed = {name: axes.aligned(name, given.get(name, usual), ndim) or () for name in taken}
    for name, shape in {**needed, "output": axes.spread(needed)}.items():
        window.affordable(name, shape)
    return config, needed


def makes(config: ElementwiseConfig, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    """One result for every cell."""
    return {"output": axes.spread(dict(shapes))}


def compute(config: ElementwiseConfig, arrays: Mapping[str, Array]) -> Trace:
    """The trace: ``output`` has the shape of the arrays spread over each other."""
    full, ready = enter("elementwise", _ARRAYS, complete, config, arrays)
    parts = [ready[name] for name in _names(full)]
    with np.errstate(all="ignore"):
        output = np.asarray(FUNCTIONS[full.operation].run(*parts))
    held = [Tensor(name, axes.own_names(name, x.shape, output.shape), "input", x) for name, x in ready.items()]
    return assemble(full, tensors(*held, Tensor("output", axes.names(output.ndim), "output", output)))


def assemble(config: ElementwiseConfig, saved: Mapping[str, Tensor]) -> Trace:
    """The trace from its stored tensors."""
    done, output = FUNCTIONS[config.operation], saved["output"]

    def act(c: Cell) -> Step:
        reads = tuple(axes.meeting(name, saved[name].axes, c) for name in _names(config))
        return Step(done.operation, reads, axes.meeting("output", output.axes, c))

    facts: dict[str, int | float | str] = {"formula": done.formula, "cells": count(output.shape), "parameters": 0}
    every = tensors(*(saved[name] for name in (*_names(config), "output")))
    return Trace("elementwise", config, every, per_cell(output.axes, output.shape, act), facts)


def backward(trace: Trace, gradients: Mapping[str, Array]) -> Trace:
    """∂x = Σ g · ∂f/∂x over the cells that x stood for."""
    config: Any = trace.config
    g, taken = start(trace, gradients), _names(config)
    parts = [trace[name] for name in taken]
    made = []
    with np.errstate(all="ignore"):
        for name, slope, x in zip(taken, FUNCTIONS[config.operation].slopes, parts, strict=True):
            back = axes.gathered(np.asarray(g * slope(*parts), dtype=g.dtype), x.shape)
            made.append(Tensor(f"grad_{name}", trace.axes(name), "output", np.ascontiguousarray(back)))
    every = beside(trace, Tensor("grad_output", trace.axes("output"), "input", g), *made)
    steps = (_back_steps(config.operation, name, at, trace) for at, name in enumerate(taken))
    return passed_back(trace, {"output": g}, every, Steps.chain(*steps))


def _back_steps(function: str, name: str, which: int, trace: Trace) -> Steps:
    """One step for each cell of an array: what came back from every result that it took part in."""
    of = trace.tensor(name)
    whole = {axis for axis, mine in zip(trace.axes("output"), of.axes, strict=True) if axis != mine}

    def reads(tensor: str, key: str, c: Cell) -> Region:
        region = axes.meeting(tensor, trace.axes(key), c)
        return Region(tensor, tuple((axis, at) for axis, at in region.where if axis not in whole))

    def act(c: Cell) -> Step:
        parts = tuple(reads(key, key, c) for key in _names(trace.config))  # type: ignore[arg-type]
        told = (("name", function), ("which", which))
        writes = Region(f"grad_{name}", tuple(c.items()))
        return Step("elementwise_back", (reads("grad_output", "output", c), *parts), writes, told)

    return per_cell(of.axes, of.shape, act)


def _slope_terms(g: Array, *parts: Array, name: str, which: int) -> tuple[int, float]:
    return g.size + 8, finite_max(np.abs(g * FUNCTIONS[name].slopes[which](*parts)).sum())


@operation("elementwise_back", _slope_terms)
def elementwise_back(g: Array, *parts: Array, name: str, which: int) -> Array:
    """Σ g · the slope of a function for one of its arguments."""
    return np.asarray((g * FUNCTIONS[name].slopes[which](*parts)).sum())


def _bound(run: Callable[..., Array]) -> Callable[..., tuple[int, float]]:
    return lambda *parts: few(np.asarray(run(*parts)))


_EXACT = (
    *(
        "maximum",
        "minimum",
        "absolute",
        "square",
        "sqrt",
        "reciprocal",
        "sign",
        "floor",
        "ceil",
        "trunc",
        "round",
        "clamp",
    ),
    *("where", "floor-divide"),
)
"""One rounding, or none."""


@operation("multiply_add", lambda x, y, z: (4, finite_max(np.abs(x) + np.abs(y * z))))
def multiply_add(x: Array, y: Array, z: Array) -> Array:
    """x + y · z, cell by cell."""
    return np.asarray(x + y * z)


for _done in FUNCTIONS.values():
    if _done.operation not in OPERATIONS:
        _exact = any(FUNCTIONS[name] is _done for name in _EXACT)
        operation(_done.operation, None if _exact else _bound(_done.run))(_done.run)

_AXES = axes.names(axes.MOST)
_ARRAYS = (
    ArrayOption("input", _AXES, "input", "the first array, of any shape"),
    ArrayOption("other", _AXES, "input", "the second one, of the same shape, or of size 1 where it counts for all"),
    ArrayOption("third", _AXES, "input", "the third one: a bound, a share, a factor, or where 0 takes the second"),
)

ELEMENTWISE = Layer(
    name="elementwise",
    title="Arithmetic cell by cell",
    config=ElementwiseConfig,
    arrays=_ARRAYS,
    complete=complete,
    compute=compute,
    assemble=assemble,
    formula="x + y, or another function of x, of x and y, or of x, y and z",
    source="Harris et al., Array programming with NumPy (2020), broadcasting; torch.add, torch.mul, torch.where",
    backward=backward,
    makes=makes,
)
