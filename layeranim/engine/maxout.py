"""A maxout unit: several weighted sums of the same inputs, of which the largest passes.

``output[b] = max_k (Σ_i weight[k, i] · input[b, i] + bias[k])``. Of one input each sum is a straight line, and the unit
is their upper hull: a convex curve of at most so many pieces, whose form is learned.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from layeranim.engine import door, window
from layeranim.engine.activation_layer import winner_takes
from layeranim.engine.arithmetic import Cell, at, matmul, per_cell
from layeranim.engine.backward import beside, passed_back, start
from layeranim.engine.entry import enter, ranked, size_of, with_bias
from layeranim.engine.lazy import product
from layeranim.engine.option import ArrayOption, Config, Flag, Integer, Layer, option
from layeranim.engine.trace import Array, Shape, Step, Steps, Tensor, Trace, tensors
from layeranim.records import dataclass

_INPUT, _WEIGHT, _SUMS = ("batch", "in_features"), ("pieces", "in_features"), ("batch", "pieces")


@dataclass(frozen=True, kw_only=True)
class MaxoutConfig(Config):
    """Options of a maxout unit. ``None`` is filled in from the shapes of the arrays."""

    input_size: int | None = option(
        Integer(1),
        None,
        "numbers that each piece reads (default: as the input given, else 1)",
        aliases=("in_features",),
    )
    pieces: int | None = option(Integer(1), None, "sums of which the largest passes (default: as the weight, else 4)")
    bias: bool | None = option(Flag(), None, "add a bias to every piece (default: unless only the weight is given)")


def complete(config: MaxoutConfig, shapes: Mapping[str, Shape | None]) -> tuple[MaxoutConfig, dict[str, Shape]]:
    """Every size filled in: input (batch, in_features), weight (pieces, in_features), bias (pieces).

    Raises ``ShapeError`` for arrays that do not fit the unit or each other, ``OptionError`` for options that do not go
    together.
    """
    x = ranked("input", shapes.get("input"), _INPUT, 1)
    weight = ranked("weight", shapes.get("weight"), _WEIGHT, 1)
    bias = ranked("bias", shapes.get("bias"), ("pieces",), 0)
    biased = with_bias(config.bias, bias, weight)
    inputs = door.agreed(
        "in_features", [(config.input_size, "input_size"), size_of("input", x, 1), size_of("weight", weight, 1)], 1
    )
    pieces = door.agreed(
        "pieces", [(config.pieces, "pieces"), size_of("weight", weight, 0), size_of("bias", bias, 0)], 4
    )
    needed = {"input": x or (1, inputs), "weight": (pieces, inputs)} | ({"bias": (pieces,)} if biased else {})
    for name, shape in {**needed, "pre_activation": (needed["input"][0], pieces)}.items():
        window.affordable(name, shape)
    return config.replace(input_size=inputs, pieces=pieces, bias=biased), needed


def makes(config: MaxoutConfig, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    """The sums, with the bias, and the largest of each sample."""
    sums = (shapes["input"][0], shapes["weight"][0])
    return {"weighted_sum": sums, "pre_activation": sums, "output": sums[:1]}


def compute(config: MaxoutConfig, arrays: Mapping[str, Array]) -> Trace:
    """The trace of one unit: ``pre_activation`` (batch, pieces) are the sums, ``output`` (batch) the largest of each.

    Raises ``ShapeError`` or ``OptionError`` for what does not go together.
    """
    full, ready = enter("maxout", _ARRAYS, complete, config, arrays)
    x, weight, bias = ready["input"], ready["weight"], ready.get("bias")
    with np.errstate(all="ignore"):
        weighted = matmul(x, weight.T)
        sums = weighted + bias if bias is not None else weighted
    held = tensors(
        Tensor("input", _INPUT, "input", x),
        Tensor("weight", _WEIGHT, "weight", weight),
        *([Tensor("bias", ("pieces",), "weight", bias)] if bias is not None else []),
        Tensor("weighted_sum", _SUMS, "intermediate", weighted),
        Tensor("pre_activation", _SUMS, "intermediate", sums),
        Tensor("output", ("batch",), "output", sums.max(axis=1)),
    )
    return assemble(full, held)


def assemble(config: MaxoutConfig, saved: Mapping[str, Tensor]) -> Trace:
    """The trace from its stored tensors: products, steps and facts are made here."""
    products = product("products", (*_SUMS, "in_features"), saved["input"], saved["weight"])
    every = {name: tensor for name, tensor in saved.items() if name in ("input", "weight", "bias")}
    every |= tensors(products, *(saved[name] for name in ("weighted_sum", "pre_activation", "output")))
    batch, pieces = saved["pre_activation"].shape
    inputs, biased = saved["weight"].shape[1], "bias" in saved
    facts: dict[str, int | float | str] = {
        "inputs": inputs,
        "pieces": pieces,
        "parameters": pieces * inputs + (pieces if biased else 0),
        "parameters_formula": f"{pieces}·{inputs}" + (f" + {pieces}" if biased else ""),
        "multiplications": batch * pieces * inputs,
    }
    return Trace("maxout", config, every, _steps(batch, pieces, biased), facts)


def _steps(batch: int, pieces: int, biased: bool) -> Steps:
    def multiply(c: Cell) -> Step:
        return Step("multiply", (at("weight", c, "pieces"), at("input", c, "batch")), at("products", c, *_SUMS))

    def total(c: Cell) -> Step:
        return Step("sum", (at("products", c, *_SUMS),), at("weighted_sum", c, *_SUMS), (("axes", 1),))

    def add(c: Cell) -> Step:
        bias = (at("bias", c, "pieces"),) if biased else ()
        return Step("add", (at("weighted_sum", c, *_SUMS), *bias), at("pre_activation", c, *_SUMS))

    def choose(c: Cell) -> Step:
        return Step("select", (at("pre_activation", c, "batch"),), at("output", c, "batch"))

    sums = per_cell(_SUMS, (batch, pieces), multiply, total, add)
    return Steps.chain(sums, per_cell(("batch",), (batch,), choose))


def backward(trace: Trace, gradients: Mapping[str, Array]) -> Trace:
    """The gradient goes to the piece that won, the first of equal ones: δ; ∂W = δᵀ x, ∂b = Σ δ, ∂x = δ W."""
    g, sums = start(trace, gradients), trace["pre_activation"]
    won = np.arange(sums.shape[1]) == sums.argmax(axis=1)[:, None]
    with np.errstate(all="ignore"):
        delta = np.where(won, g[:, None], 0)
        found = {"weight": matmul(delta.T, trace["input"]), "input": matmul(delta, trace["weight"])}
    made = [
        Tensor("grad_output", ("batch",), "input", g),
        Tensor("grad_pre_activation", _SUMS, "intermediate", delta),
        Tensor("grad_weight", _WEIGHT, "output", found["weight"]),
        *([Tensor("grad_bias", ("pieces",), "output", delta.sum(axis=0))] if "bias" in trace else []),
        Tensor("grad_input", _INPUT, "output", found["input"]),
    ]
    every = beside(trace, *made)
    return passed_back(trace, {"output": g}, every, _back_steps(every))


def _back_steps(every: Mapping[str, Tensor]) -> Steps:
    batch, pieces = every["pre_activation"].shape

    def route(c: Cell) -> Step:
        reads = (at("pre_activation", c, "batch"), at("grad_output", c, "batch"))
        return Step(winner_takes.__name__, reads, at("grad_pre_activation", c, "batch"))

    def weight(c: Cell) -> Step:
        reads = (at("grad_pre_activation", c, "pieces"), at("input", c, "in_features"))
        return Step("dot", reads, at("grad_weight", c, *_WEIGHT))

    def bias(c: Cell) -> Step:
        return Step("add", (at("grad_pre_activation", c, "pieces"),), at("grad_bias", c, "pieces"))

    def back(c: Cell) -> Step:
        reads = (at("grad_pre_activation", c, "batch"), at("weight", c, "in_features"))
        return Step("dot", reads, at("grad_input", c, *_INPUT))

    parts = [per_cell(("batch",), (batch,), route), per_cell(_WEIGHT, every["weight"].shape, weight)]
    if "grad_bias" in every:
        parts.append(per_cell(("pieces",), (pieces,), bias))
    return Steps.chain(*parts, per_cell(_INPUT, every["input"].shape, back))


_ARRAYS = (
    ArrayOption("input", _INPUT, "input", "one row of numbers a sample"),
    ArrayOption("weight", _WEIGHT, "weight", "one row of weights a piece: its slopes"),
    ArrayOption("bias", ("pieces",), "weight", "one number a piece, or one for all", optional=True),
)

MAXOUT = Layer(
    name="maxout",
    title="Maxout unit",
    config=MaxoutConfig,
    arrays=_ARRAYS,
    complete=complete,
    compute=compute,
    assemble=assemble,
    formula="y = max_k (w_k · x + b_k)",
    source="Goodfellow, Warde-Farley, Mirza, Courville, Bengio: Maxout Networks (2013)",
    backward=backward,
    makes=makes,
)
