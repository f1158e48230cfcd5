"""Dense layers: every unit multiplies each input by a weight, adds up, adds its bias and applies an activation.

``output[b, o] = φ(Σ_i weight[o, i] · input[b, i] + bias[o])``, that is y = φ(x Wᵀ + b).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from layeranim.engine import door, symbolic, window
from layeranim.engine.activations import ACTIVATIONS, log_softmax, scratch, softmax
from layeranim.engine.arithmetic import at, chain, log_softmax_back, matmul, per_cell
from layeranim.engine.backward import beside, passed_back, start
from layeranim.engine.entry import enter, ranked, size_of, with_bias
from layeranim.engine.lazy import product
from layeranim.engine.option import ArrayOption, Choice, Config, Flag, Integer, Layer, option
from layeranim.engine.trace import Array, Shape, Step, Steps, Tensor, Trace, tensors
from layeranim.records import dataclass

ACTS = ("multiply", "sum", "add", "activate")
"""The steps of one unit, in order. With a softmax the last one is done for a whole row, after its last unit."""

_INPUT, _OUTPUT, _WEIGHT = ("batch", "in_features"), ("batch", "out_features"), ("out_features", "in_features")
_ROW_WISE = ("softmax", "log-softmax")


@dataclass(frozen=True, kw_only=True)
class DenseConfig(Config):
    """Options of a dense layer. ``None`` is filled in from the shapes of the arrays."""

    input_size: int | None = option(
        Integer(1), None, "numbers that each unit reads (default: as the input given, else 3)", aliases=("in_features",)
    )
    units: int | None = option(
        Integer(1), None, "units, one output each (default: as the weight given, else 5)", aliases=("out_features",)
    )
    bias: bool | None = option(Flag(), None, "add a bias to every unit (default: unless only the weight is given)")
    activation: str = option(Choice((*ACTIVATIONS, *_ROW_WISE)), "linear", "function applied to every sum")


@dataclass(frozen=True, kw_only=True)
class NeuronConfig(DenseConfig):
    """Options of one artificial neuron: a dense layer of one unit."""

    units: int | None = option(Integer(1, 1), 1, "one", aliases=("out_features",))


def complete(config: DenseConfig, shapes: Mapping[str, Shape | None]) -> tuple[DenseConfig, dict[str, Shape]]:
    """Every size filled in. A weight may be one row (in_features); an input one sample; a bias one number.

    Raises ``ShapeError`` for arrays that do not fit the layer or each other, ``OptionError`` for options that do not
    go together.
    """
    x = ranked("input", shapes.get("input"), _INPUT, 1)
    weight = ranked("weight", shapes.get("weight"), _WEIGHT, 1)
    bias = ranked("bias", shapes.get("bias"), ("out_features",), 0)
    biased = with_bias(config.bias, bias, weight)
    inputs = door.agreed(
        "in_features", [(config.input_size, "input_size"), size_of("input", x, 1), size_of("weight", weight, 1)], 3
    )
    units = door.agreed(
        "out_features", [(config.units, "units"), size_of("weight", weight, 0), size_of("bias", bias, 0)], 5
    )
    needed = {"input": x or (1, inputs), "weight": (units, inputs)} | ({"bias": (units,)} if biased else {})
    for name, shape in {**needed, "output": (needed["input"][0], units)}.items():
        window.affordable(name, shape)
    return config.replace(input_size=inputs, units=units, bias=biased), needed


def makes(config: DenseConfig, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    """The sums, with the bias, and through the activation."""
    out = (shapes["input"][0], shapes["weight"][0])
    return {"weighted_sum": out, "pre_activation": out, "output": out, **scratch(config.activation, out)}


def compute(name: str, config: DenseConfig, arrays: Mapping[str, Array]) -> Trace:
    """The trace of one dense layer: ``input`` (batch, in_features), ``weight`` (out_features, in_features), ``bias``.

    Raises ``ShapeError`` or ``OptionError`` for what does not go together.
    """
    full, ready = enter(name, ARRAYS, complete, config, arrays)
    x, weight, bias = ready["input"], ready["weight"], ready.get("bias")
    with np.errstate(all="ignore"):
        weighted = matmul(x, weight.T)
        before = weighted + bias if bias is not None else weighted
    held = tensors(
        Tensor("input", _INPUT, "input", x),
        Tensor("weight", _WEIGHT, "weight", weight),
        *([Tensor("bias", ("out_features",), "weight", bias)] if bias is not None else []),
        Tensor("weighted_sum", _OUTPUT, "intermediate", weighted),
        Tensor("pre_activation", _OUTPUT, "intermediate", before),
        Tensor("output", _OUTPUT, "output", activated(full.activation, before)),
    )
    return assemble(name, full, held)


def activated(name: str, x: Array) -> Array:
    """φ(x), element by element, or along the last axis for a softmax."""
    if name in _ROW_WISE:
        return softmax(x) if name == "softmax" else log_softmax(x)
    return ACTIVATIONS[name](x)


def assemble(name: str, config: DenseConfig, saved: Mapping[str, Tensor]) -> Trace:
    """The trace from its stored tensors: products, steps and facts are made here."""
    products = product("products", (*_OUTPUT, "in_features"), saved["input"], saved["weight"])
    held = {key: tensor for key, tensor in saved.items() if key in ("input", "weight", "bias")}
    every = {**held, **tensors(products, *(saved[key] for key in ("weighted_sum", "pre_activation", "output")))}
    batch, units = saved["output"].shape
    inputs = saved["weight"].shape[1]
    facts: dict[str, int | float | str] = {
        "inputs": inputs,
        "units": units,
        "parameters": units * inputs + (units if "bias" in saved else 0),
        "parameters_formula": f"{units}·{inputs}" + (f" + {units}" if "bias" in saved else ""),
        "multiplications": batch * units * inputs,
        "activation_formula": ACTIVATIONS[config.activation].formula if config.activation in ACTIVATIONS else "",
    }
    trace = Trace(name, config, every, _steps(config, batch, units, "bias" in saved), facts)
    return symbolic.derived(trace) if saved["weight"].labels is not None else trace


def _steps(config: DenseConfig, batch: int, units: int, biased: bool) -> Steps:
    def multiply(c: Mapping[str, int]) -> Step:
        reads = (at("weight", c, "out_features"), at("input", c, "batch"))
        return Step("multiply", reads, at("products", c, *_OUTPUT))

    def total(c: Mapping[str, int]) -> Step:
        return Step("sum", (at("products", c, *_OUTPUT),), at("weighted_sum", c, *_OUTPUT), (("axes", 1),))

    def add(c: Mapping[str, int]) -> Step:
        bias = (at("bias", c, "out_features"),) if biased else ()
        return Step("add", (at("weighted_sum", c, *_OUTPUT), *bias), at("pre_activation", c, *_OUTPUT))

    def activate(c: Mapping[str, int]) -> Step:
        name = (("name", config.activation),)
        return Step("activate", (at("pre_activation", c, *_OUTPUT),), at("output", c, *_OUTPUT), name)

    def row(c: Mapping[str, int]) -> Step:
        name = config.activation.replace("-", "_")
        return Step(name, (at("pre_activation", c, "batch"),), at("output", c, "batch"))

    if config.activation not in _ROW_WISE:
        return per_cell(_OUTPUT, (batch, units), multiply, total, add, activate)
    a_row = 3 * units + 1
    sums = per_cell(_OUTPUT, (batch, units), multiply, total, add)
    rows = per_cell(("batch",), (batch,), row)

    def make(i: int) -> Step:
        b, act = divmod(i, a_row)
        return rows[b] if act == a_row - 1 else sums[b * 3 * units + act]

    return Steps(batch * a_row, make)


def steps_of(trace: Trace, sample: int, unit: int) -> range:
    """The places in ``trace.steps`` of the acts of one unit for one sample; a softmax's row act is not among them."""
    units = trace.size("out_features")
    acts = len(trace.steps) // trace.size("batch")
    each = acts // units
    return range(sample * acts + unit * each, sample * acts + (unit + 1) * each)


def backward(trace: Trace, gradients: Mapping[str, Array]) -> Trace:
    """δ = grad_output ⊙ φ′(z), ∂W = δᵀ x, ∂b = Σ δ, ∂x = δ W, from the gradient of ``output``."""
    config: Any = trace.config
    g, before, after = start(trace, gradients), trace["pre_activation"], trace["output"]
    with np.errstate(all="ignore"):
        if config.activation == "softmax":
            delta = after * (g - (g * after).sum(axis=-1, keepdims=True))
        elif config.activation == "log-softmax":
            delta = log_softmax_back(g, after)
        else:
            delta = chain(g, before, name=config.activation)
        found = {"weight": matmul(delta.T, trace["input"]), "input": matmul(delta, trace["weight"])}
    made = [
        Tensor("grad_output", _OUTPUT, "input", g),
        Tensor("grad_pre_activation", _OUTPUT, "intermediate", delta),
        Tensor("grad_weight", _WEIGHT, "output", found["weight"]),
        *([Tensor("grad_bias", ("out_features",), "output", delta.sum(axis=0))] if "bias" in trace else []),
        Tensor("grad_input", _INPUT, "output", found["input"]),
    ]
    every = beside(trace, *made)
    return passed_back(trace, {"output": g}, every, _back_steps(config, every))


def _back_steps(config: DenseConfig, every: Mapping[str, Tensor]) -> Steps:
    batch, units = every["output"].shape
    name = config.activation

    def delta(c: Mapping[str, int]) -> Step:
        axes = ("batch",) if name in _ROW_WISE else _OUTPUT
        given = "output" if name in _ROW_WISE else "pre_activation"
        reads = (at("grad_output", c, *axes), at(given, c, *axes))
        act, parameters = (
            ("chain", (("name", name),)) if name in ACTIVATIONS else (f"{name.replace('-', '_')}_back", ())
        )
        return Step(act, reads, at("grad_pre_activation", c, *axes), parameters)

    def weight(c: Mapping[str, int]) -> Step:
        reads = (at("grad_pre_activation", c, "out_features"), at("input", c, "in_features"))
        return Step("dot", reads, at("grad_weight", c, *_WEIGHT))

    def bias(c: Mapping[str, int]) -> Step:
        return Step("add", (at("grad_pre_activation", c, "out_features"),), at("grad_bias", c, "out_features"))

    def back(c: Mapping[str, int]) -> Step:
        reads = (at("grad_pre_activation", c, "batch"), at("weight", c, "in_features"))
        return Step("dot", reads, at("grad_input", c, *_INPUT))

    deltas = (("batch",), (batch,)) if name in _ROW_WISE else (_OUTPUT, (batch, units))
    parts = [per_cell(*deltas, delta), per_cell(_WEIGHT, every["weight"].shape, weight)]
    if "grad_bias" in every:
        parts.append(per_cell(("out_features",), (units,), bias))
    return Steps.chain(*parts, per_cell(_INPUT, every["input"].shape, back))


ARRAYS = (
    ArrayOption("input", _INPUT, "input", "one row of numbers a sample"),
    ArrayOption("weight", _WEIGHT, "weight", "one row of weights a unit"),
    ArrayOption("bias", ("out_features",), "weight", "one number a unit, or one for all", optional=True),
)


def _layer(name: str, title: str, config: type[DenseConfig]) -> Layer:
    return Layer(
        name=name,
        title=title,
        config=config,
        arrays=ARRAYS,
        complete=complete,
        compute=partial(compute, name),
        assemble=partial(assemble, name),
        formula="y = φ(x Wᵀ + b)",
        source="Goodfellow, Bengio, Courville: Deep Learning (2016), section 6.1; torch.nn.Linear",
        backward=backward,
        makes=makes,
    )


DENSE = _layer("dense", "Dense layer", DenseConfig)
NEURON = _layer("neuron", "Artificial neuron", NeuronConfig)
