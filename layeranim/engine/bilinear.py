"""A bilinear layer: every unit weighs each pair of a number of one input and a number of another.

``output[b, o] = φ(Σ_ij input1[b, i] · weight[o, i, j] · input2[b, j] + bias[o])``.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from layeranim.engine import door, window
from layeranim.engine.activations import ACTIVATIONS, scratch
from layeranim.engine.arithmetic import at, chain, per_cell
from layeranim.engine.backward import beside, passed_back, start
from layeranim.engine.entry import enter, ranked, size_of, with_bias
from layeranim.engine.lazy import product
from layeranim.engine.option import ArrayOption, Choice, Config, Flag, Integer, Layer, option
from layeranim.engine.replay import finite_max, operation
from layeranim.engine.trace import Array, Shape, Step, Steps, Tensor, Trace, tensors
from layeranim.records import dataclass

Cell = Mapping[str, int]

_FIRST, _SECOND, _OUTPUT = ("batch", "in1_features"), ("batch", "in2_features"), ("batch", "out_features")
_WEIGHT = ("out_features", "in1_features", "in2_features")


@dataclass(frozen=True, kw_only=True)
class BilinearConfig(Config):
    """Options of a bilinear layer. ``None`` is filled in from the shapes of the arrays."""

    input1_size: int | None = option(Integer(1), None, "numbers of the first input", aliases=("in1_features",))
    input2_size: int | None = option(Integer(1), None, "numbers of the second input", aliases=("in2_features",))
    units: int | None = option(Integer(1), None, "units, one output each", aliases=("out_features",))
    bias: bool | None = option(Flag(), None, "add a bias to every unit (default: unless only the weight is given)")
    activation: str = option(Choice(tuple(ACTIVATIONS)), "linear", "function applied to every sum")


def complete(config: BilinearConfig, shapes: Mapping[str, Shape | None]) -> tuple[BilinearConfig, dict[str, Shape]]:
    """Every size filled in; inputs may come as one sample.

    Raises ``ShapeError`` for arrays that do not fit the layer or each other.
    """
    first, second = (
        ranked("input1", shapes.get("input1"), _FIRST, 1),
        ranked("input2", shapes.get("input2"), _SECOND, 1),
    )
    weight = ranked("weight", shapes.get("weight"), _WEIGHT, 2)
    bias = ranked("bias", shapes.get("bias"), ("out_features",), 0)
    biased = with_bias(config.bias, bias, weight)
    ones = [(config.input1_size, "input1_size"), size_of("input1", first, 1), size_of("weight", weight, 1)]
    twos = [(config.input2_size, "input2_size"), size_of("input2", second, 1), size_of("weight", weight, 2)]
    one, two = door.agreed("in1_features", ones, 3), door.agreed("in2_features", twos, 2)
    units = door.agreed(
        "out_features", [(config.units, "units"), size_of("weight", weight, 0), size_of("bias", bias, 0)], 2
    )
    batch = door.agreed("batch", [size_of("input1", first, 0), size_of("input2", second, 0)], 1)
    needed = {"input1": (batch, one), "input2": (batch, two), "weight": (units, one, two)}
    if biased:
        needed["bias"] = (units,)
    for name, shape in {**needed, "output": (batch, units)}.items():
        window.affordable(name, shape)
    return config.replace(input1_size=one, input2_size=two, units=units, bias=biased), needed


def makes(config: BilinearConfig, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    """The sums, with the bias, and through the activation; one input met by every weight on the way."""
    out = (shapes["input1"][0], shapes["weight"][0])
    return {"weighted_sum": out, "pre_activation": out, "output": out, **scratch(config.activation, out)}


def compute(config: BilinearConfig, arrays: Mapping[str, Array]) -> Trace:
    """The trace; ``input1`` (batch, in1_features), ``input2`` (batch, in2_features), ``weight``, ``bias``."""
    full, ready = enter("bilinear", _ARRAYS, complete, config, arrays)
    bias = ready.get("bias")
    with np.errstate(all="ignore"):
        weighted = np.einsum("bi,oij,bj->bo", ready["input1"], ready["weight"], ready["input2"])
        before = weighted + bias if bias is not None else weighted
    held = tensors(
        Tensor("input1", _FIRST, "input", ready["input1"]),
        Tensor("input2", _SECOND, "input", ready["input2"]),
        Tensor("weight", _WEIGHT, "weight", ready["weight"]),
        *([Tensor("bias", ("out_features",), "weight", bias)] if bias is not None else []),
        Tensor("weighted_sum", _OUTPUT, "intermediate", weighted),
        Tensor("pre_activation", _OUTPUT, "intermediate", before),
        Tensor("output", _OUTPUT, "output", ACTIVATIONS[full.activation](before)),
    )
    return assemble(full, held)


def assemble(config: BilinearConfig, saved: Mapping[str, Tensor]) -> Trace:
    """The trace from its stored tensors: products, steps and facts are made here."""
    axes = (*_OUTPUT, "in1_features", "in2_features")
    products = product("products", axes, saved["input1"], saved["weight"], saved["input2"])
    inputs = [saved[key] for key in ("input1", "input2", "weight", "bias") if key in saved]
    every = tensors(*inputs, products, *(saved[key] for key in ("weighted_sum", "pre_activation", "output")))
    weight = saved["weight"].shape
    facts: dict[str, int | float | str] = {
        "units": weight[0],
        "pairs": weight[1] * weight[2],
        "parameters": weight[0] * weight[1] * weight[2] + (weight[0] if "bias" in saved else 0),
    }

    def multiply(c: Cell) -> Step:
        reads = (at("input1", c, "batch"), at("weight", c, "out_features"), at("input2", c, "batch"))
        return Step("pair", reads, at("products", c, *_OUTPUT))

    def total(c: Cell) -> Step:
        return Step("sum", (at("products", c, *_OUTPUT),), at("weighted_sum", c, *_OUTPUT), (("axes", 2),))

    def add(c: Cell) -> Step:
        bias = (at("bias", c, "out_features"),) if "bias" in saved else ()
        return Step("add", (at("weighted_sum", c, *_OUTPUT), *bias), at("pre_activation", c, *_OUTPUT))

    def activate(c: Cell) -> Step:
        name = (("name", config.activation),)
        return Step("activate", (at("pre_activation", c, *_OUTPUT),), at("output", c, *_OUTPUT), name)

    return Trace(
        "bilinear", config, every, per_cell(_OUTPUT, saved["output"].shape, multiply, total, add, activate), facts
    )


def backward(trace: Trace, gradients: Mapping[str, Array]) -> Trace:
    """δ = grad_output ⊙ φ′(z), ∂W_o = Σ_b δ x1 x2ᵀ, ∂b = Σ δ, ∂x1 = Σ_o δ W_o x2, ∂x2 = Σ_o δ W_oᵀ x1."""
    name: str = trace.config.activation  # type: ignore[attr-defined]
    g, before = start(trace, gradients), trace["pre_activation"]
    one, two, weight = trace["input1"], trace["input2"], trace["weight"]
    with np.errstate(all="ignore"):
        delta = chain(g, before, name=name)
        found = {
            "weight": np.einsum("bo,bi,bj->oij", delta, one, two),
            "input1": np.einsum("bo,oij,bj->bi", delta, weight, two),
            "input2": np.einsum("bo,oij,bi->bj", delta, weight, one),
        }
        if "bias" in trace:
            found["bias"] = delta.sum(axis=0)
    every = beside(
        trace,
        Tensor("grad_output", _OUTPUT, "input", g),
        Tensor("grad_pre_activation", _OUTPUT, "intermediate", delta),
        *(Tensor(f"grad_{key}", trace.axes(key), "output", array) for key, array in found.items()),
    )
    return passed_back(trace, {"output": g}, every, _back_steps(name, every))


def _back_steps(name: str, every: Mapping[str, Tensor]) -> Steps:
    pre = "grad_pre_activation"

    def step(c: Cell) -> Step:
        reads = (at("grad_output", c, *_OUTPUT), at("pre_activation", c, *_OUTPUT))
        return Step("chain", reads, at(pre, c, *_OUTPUT), (("name", name),))

    def weight(c: Cell) -> Step:
        reads = (at(pre, c, "out_features"), at("input1", c, "in1_features"), at("input2", c, "in2_features"))
        return Step("triple", reads, at("grad_weight", c, *_WEIGHT))

    def first(c: Cell) -> Step:
        reads = (at(pre, c, "batch"), at("weight", c, "in1_features"), at("input2", c, "batch"))
        return Step("mix", reads, at("grad_input1", c, *_FIRST))

    def second(c: Cell) -> Step:
        reads = (at(pre, c, "batch"), at("weight", c, "in2_features"), at("input1", c, "batch"))
        return Step("mix", reads, at("grad_input2", c, *_SECOND))

    def bias(c: Cell) -> Step:
        return Step("add", (at(pre, c, "out_features"),), at("grad_bias", c, "out_features"))

    parts = [
        per_cell(_OUTPUT, every[pre].shape, step),
        per_cell(_WEIGHT, every["grad_weight"].shape, weight),
        per_cell(_FIRST, every["grad_input1"].shape, first),
        per_cell(_SECOND, every["grad_input2"].shape, second),
    ]
    if "grad_bias" in every:
        parts.append(per_cell(("out_features",), every["grad_bias"].shape, bias))
    return Steps.chain(*parts)


@operation("pair")
def pair(x: Array, weight: Array, y: Array) -> Array:
    """x_i · W_ij · y_j for every i and j."""
    return np.asarray(x[:, None] * weight * y)


@operation("triple", lambda *parts: (parts[0].size + 2, finite_max(np.abs(np.prod(parts, axis=0)).sum())))
def triple(*parts: Array) -> Array:
    """Σ of the products of three vectors, cell by cell."""
    return np.asarray(np.prod(parts, axis=0).sum())


def _mix_terms(delta: Array, weight: Array, other: Array) -> tuple[int, float]:
    return weight.size + 2, finite_max(np.abs(delta[:, None] * weight * other).sum())


@operation("mix", _mix_terms)
def mix(delta: Array, weight: Array, other: Array) -> Array:
    """Σ_oj δ_o W_oj y_j."""
    return np.asarray((delta[:, None] * weight * other).sum())


_ARRAYS = (
    ArrayOption("input1", _FIRST, "input", "one row of numbers a sample"),
    ArrayOption("input2", _SECOND, "input", "another row of numbers a sample"),
    ArrayOption("weight", _WEIGHT, "weight", "one matrix of weights a unit"),
    ArrayOption("bias", ("out_features",), "weight", "one number a unit, or one for all", optional=True),
)

BILINEAR = Layer(
    name="bilinear",
    title="Bilinear layer",
    config=BilinearConfig,
    arrays=_ARRAYS,
    complete=complete,
    compute=compute,
    assemble=assemble,
    formula="y = φ(x1ᵀ W x2 + b)",
    source="torch.nn.Bilinear",
    backward=backward,
    makes=makes,
)
