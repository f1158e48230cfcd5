"""A network of one hidden layer, and the same one with its hidden units in another order, each with all its weights.

``y = V φ(W x + b) + c``: of W and b the rows change places, of V the columns; every output stays, up to the order in
which its terms are added. Of h hidden units there are h! orders, so every function has as many sets of weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import factorial

import numpy as np

from layeranim.engine import door, window
from layeranim.engine.activations import ACTIVATIONS, scratch
from layeranim.engine.arithmetic import Cell, at, matmul, per_cell
from layeranim.engine.entry import enter, ranked, size_of
from layeranim.engine.lazy import product
from layeranim.engine.network import Sizes
from layeranim.engine.option import ArrayOption, Choice, Config, Integer, Layer, option
from layeranim.engine.trace import Array, Region, Shape, Step, Steps, Tensor, Trace, tensors
from layeranim.errors import OptionError
from layeranim.records import dataclass

MOST = 170
"""Of more units the number of orders is too large to be told."""


@dataclass(frozen=True, kw_only=True)
class SymmetryConfig(Config):
    """Options of a network whose hidden units change places. ``None`` is filled in from the shapes of the arrays."""

    input_size: int | None = option(Integer(1), None, "numbers of a sample (default: as the arrays, else 2)")
    hidden: int | None = option(Integer(2, MOST), None, "hidden units (default: as the arrays, else 3)")
    outputs: int | None = option(Integer(1), None, "outputs (default: as the arrays, else 2)")
    order: tuple[int, ...] | None = option(
        Sizes(2, MOST), None, "which unit stands at each place (default: the first two change places)"
    )
    activation: str = option(Choice(tuple(ACTIVATIONS)), "tanh", "function of the hidden units")


def complete(config: SymmetryConfig, shapes: Mapping[str, Shape | None]) -> tuple[SymmetryConfig, dict[str, Shape]]:
    """Every size filled in: input (batch, in_features), weight (units, in_features), bias (units), out_weight (outputs,
    units), out_bias (outputs).

    Raises ``ShapeError`` for arrays that do not fit each other, ``OptionError`` for an order that names a unit twice.
    """
    x, weight, out = (ranked(name, shapes.get(name), _AXES[name], 1) for name in ("input", "weight", "out_weight"))
    bias, out_bias = (ranked(name, shapes.get(name), _AXES[name], 0) for name in ("bias", "out_bias"))
    told = None if config.order is None else len(config.order)
    inputs = door.agreed(
        "in_features", [(config.input_size, "input_size"), size_of("input", x, 1), size_of("weight", weight, 1)], 2
    )
    units = door.agreed(
        "units", [(config.hidden, "hidden"), (told, "order"), size_of("weight", weight, 0), size_of("bias", bias, 0),
                  size_of("out_weight", out, 1)], 3
    )  # fmt: skip
    outputs = door.agreed(
        "outputs", [(config.outputs, "outputs"), size_of("out_weight", out, 0), size_of("out_bias", out_bias, 0)], 2
    )
    if not 2 <= units <= MOST:
        raise OptionError(f"there are {units} hidden units, but 2 to {MOST} can change places")
    order = config.order or (2, 1, *range(3, units + 1))
    if sorted(order) != list(range(1, units + 1)):
        raise OptionError(f"order is {','.join(map(str, order))}, but must name each unit from 1 to {units} once")
    needed: dict[str, Shape] = {
        "input": x or (1, inputs), "weight": (units, inputs), "bias": (units,), "out_weight": (outputs, units),
        "out_bias": (outputs,),
    }  # fmt: skip
    for name, shape in needed.items():
        window.affordable(name, shape)
    return config.replace(input_size=inputs, hidden=units, outputs=outputs, order=order), needed


def makes(config: SymmetryConfig, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    """What both networks make, and the weights of the second one."""
    batch, units, outputs = shapes["input"][0], config.hidden or 0, config.outputs or 0
    sums = (batch, units)
    return {
        "hidden": (6, *sums), "outputs": (4, batch, outputs), "moved": (units, shapes["input"][1] + outputs + 1),
        **scratch(config.activation, sums),
    }  # fmt: skip


def compute(config: SymmetryConfig, arrays: Mapping[str, Array]) -> Trace:
    """The trace of both networks: ``output`` and ``moved_output`` (batch, outputs)."""
    full, ready = enter("symmetry", _ARRAYS, complete, config, arrays)
    weights = {name: ready[name] for name in ("weight", "bias", "out_weight", "out_bias")}
    at_places = np.array(full.order) - 1
    moved = {**weights, "weight": weights["weight"][at_places], "bias": weights["bias"][at_places],
             "out_weight": np.ascontiguousarray(weights["out_weight"][:, at_places])}  # fmt: skip
    held = [Tensor("input", _AXES["input"], "input", ready["input"])]
    held += [Tensor(name, _AXES[name], "weight", array) for name, array in weights.items()]
    held += [Tensor(f"moved_{name}", _renamed(_AXES[name]), "intermediate", moved[name]) for name in _MOVED]
    with np.errstate(all="ignore"):
        for prefix, own in (("", weights), ("moved_", moved)):
            held += _network(full, prefix, ready["input"], own)
    return assemble(full, tensors(*held))


def _network(config: SymmetryConfig, prefix: str, x: Array, own: Mapping[str, Array]) -> list[Tensor]:
    """What one network makes."""
    weighted = matmul(x, own["weight"].T)
    before = weighted + own["bias"]
    hidden = ACTIVATIONS[config.activation](before)
    total = matmul(hidden, own["out_weight"].T)
    axes = ("batch", "places" if prefix else "units")
    made = {"weighted_sum": weighted, "pre_activation": before, "hidden": hidden}
    return [
        *(Tensor(prefix + name, axes, "intermediate", array) for name, array in made.items()),
        Tensor(f"{prefix}out_sum", ("batch", "outputs"), "intermediate", total),
        Tensor(f"{prefix}output", ("batch", "outputs"), "output", total + own["out_bias"]),
    ]


def _renamed(axes: tuple[str, ...]) -> tuple[str, ...]:
    """The axes of what was moved: units stand at places."""
    return tuple("places" if axis == "units" else axis for axis in axes)


def assemble(config: SymmetryConfig, saved: Mapping[str, Tensor]) -> Trace:
    """The trace from its stored tensors: products, steps and facts are made here."""
    every = dict(saved)
    for prefix, axis in (("", "units"), ("moved_", "places")):
        weight, out = saved[f"{prefix}weight"], saved[f"{prefix}out_weight"]
        every |= tensors(
            product(f"{prefix}products", ("batch", axis, "in_features"), saved["input"], weight),
            product(f"{prefix}out_products", ("batch", "outputs", axis), saved[f"{prefix}hidden"], out),
        )
    units, (batch, outputs) = len(config.order or ()), saved["output"].shape
    inputs = saved["input"].shape[1]
    facts: dict[str, int | float | str] = {
        "parameters": units * inputs + units + outputs * units + outputs,
        "orders": str(factorial(units)),
    }
    steps = Steps.chain(
        _steps(config, "", batch, units, outputs), _moves(config, outputs),
        _steps(config, "moved_", batch, units, outputs),
    )  # fmt: skip
    return Trace("symmetry", config, every, steps, facts)


def _moves(config: SymmetryConfig, outputs: int) -> Steps:
    order = config.order or ()

    def row(c: Cell) -> Step:
        return Step("copy", (Region.of("weight", units=order[c["places"]] - 1),), at("moved_weight", c, "places"))

    def bias(c: Cell) -> Step:
        return Step("copy", (Region.of("bias", units=order[c["places"]] - 1),), at("moved_bias", c, "places"))

    def column(c: Cell) -> Step:
        read = Region.of("out_weight", units=order[c["places"]] - 1)
        return Step("copy", (read,), at("moved_out_weight", c, "places"))

    return per_cell(("places",), (len(order),), row, bias, column)


def _steps(config: SymmetryConfig, prefix: str, batch: int, units: int, outputs: int) -> Steps:
    axis = "places" if prefix else "units"
    hidden, out = ("batch", axis), ("batch", "outputs")

    def named(name: str) -> str:
        return prefix + name

    def multiply(c: Cell) -> Step:
        reads = (at(named("weight"), c, axis), at("input", c, "batch"))
        return Step("multiply", reads, at(named("products"), c, *hidden))

    def total(c: Cell) -> Step:
        return Step("sum", (at(named("products"), c, *hidden),), at(named("weighted_sum"), c, *hidden), (("axes", 1),))

    def add(c: Cell) -> Step:
        reads = (at(named("weighted_sum"), c, *hidden), at(named("bias"), c, axis))
        return Step("add", reads, at(named("pre_activation"), c, *hidden))

    def bend(c: Cell) -> Step:
        name = (("name", config.activation),)
        return Step("activate", (at(named("pre_activation"), c, *hidden),), at(named("hidden"), c, *hidden), name)

    def weigh(c: Cell) -> Step:
        reads = (at(named("out_weight"), c, "outputs"), at(named("hidden"), c, "batch"))
        return Step("multiply", reads, at(named("out_products"), c, *out))

    def gather(c: Cell) -> Step:
        return Step("sum", (at(named("out_products"), c, *out),), at(named("out_sum"), c, *out), (("axes", 1),))

    def shift(c: Cell) -> Step:
        reads = (at(named("out_sum"), c, *out), at("out_bias", c, "outputs"))
        return Step("add", reads, at(named("output"), c, *out))

    first = per_cell(hidden, (batch, units), multiply, total, add, bend)
    return Steps.chain(first, per_cell(out, (batch, outputs), weigh, gather, shift))


_MOVED = ("weight", "bias", "out_weight")
_AXES = {
    "input": ("batch", "in_features"), "weight": ("units", "in_features"), "bias": ("units",),
    "out_weight": ("outputs", "units"), "out_bias": ("outputs",),
}  # fmt: skip
_ARRAYS = (
    ArrayOption("input", _AXES["input"], "input", "one row of numbers a sample"),
    ArrayOption("weight", _AXES["weight"], "weight", "one row of weights a hidden unit"),
    ArrayOption("bias", _AXES["bias"], "weight", "one number a hidden unit, or one for all"),
    ArrayOption("out_weight", _AXES["out_weight"], "weight", "what each output makes of the hidden units"),
    ArrayOption("out_bias", _AXES["out_bias"], "weight", "one number an output, or one for all"),
)

SYMMETRY = Layer(
    name="symmetry",
    title="Symmetry of hidden units",
    config=SymmetryConfig,
    arrays=_ARRAYS,
    complete=complete,
    compute=compute,
    assemble=assemble,
    makes=makes,
    formula="V φ(W x + b) + c = (V Pᵀ) φ(P W x + P b) + c, P a permutation",
    source="Goodfellow, Bengio, Courville: Deep Learning (2016), section 8.2.2; Bishop: Pattern Recognition and "
    "Machine Learning (2006), 5.1.1",
)
