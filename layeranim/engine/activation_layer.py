"""An activation as a layer of its own: each number through a function, or each group of numbers to one.

maxout: the largest of ``pieces`` neighbours; glu, reglu, geglu, swiglu: the first half times a gate, which is the
sigmoid, ReLU, GELU or SiLU of the second half. With ``compare`` several functions take the same numbers side by side;
what each makes is in the trace under its name: ``tanh.output``, ``tanh.derivative``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from layeranim.engine import door, window
from layeranim.engine.activations import ACTIVATIONS, scratch
from layeranim.engine.arithmetic import Cell, at, few, per_cell
from layeranim.engine.backward import beside, passed_back, start
from layeranim.engine.entry import enter, ranked
from layeranim.engine.option import ArrayOption, Choice, Choices, Config, Integer, Layer, Real, option
from layeranim.engine.replay import finite_max, operation
from layeranim.engine.trace import Array, Shape, Step, Steps, Tensor, Trace, tensors
from layeranim.errors import OptionError, ShapeError
from layeranim.records import dataclass

GATES = {"glu": "sigmoid", "reglu": "relu", "geglu": "gelu", "swiglu": "silu"}
"""The gated linear units, each by the function of its gate: Shazeer (2020), section 2."""

GROUPED = ("maxout", *GATES)
_INPUT, _OUTPUT = ("batch", "features"), ("batch", "out_features")


@dataclass(frozen=True, kw_only=True)
class ActivationConfig(Config):
    """Options of an activation layer."""

    activation: str = option(Choice((*ACTIVATIONS, *GROUPED)), "relu", "the function")
    alpha: float | None = option(Real(), None, "the function's parameter, where it has one (default: the usual one)")
    pieces: int | None = option(Integer(2), None, "numbers that a maxout chooses from (default: 2)")
    compare: tuple[str, ...] | None = option(
        Choices(tuple(ACTIVATIONS), "function"), None, "functions that take the same numbers side by side, not one"
    )


def complete(config: ActivationConfig, shapes: Mapping[str, Shape | None]) -> tuple[ActivationConfig, dict[str, Shape]]:
    """Every option filled in: input (batch, features) or (features); ``slope`` (features) or one number, for prelu.

    Raises ``ShapeError`` for arrays that do not fit the layer or each other, ``OptionError`` for options that do not
    go together.
    """
    if config.compare:
        _comparable(config, shapes)
    name = config.activation
    known = dict(ACTIVATIONS[name].parameters) if name in ACTIVATIONS else {}
    if config.alpha is not None and "alpha" not in known:
        takes = ", ".join(n for n, a in ACTIVATIONS.items() if "alpha" in a.parameters)
        raise OptionError(f"alpha is {config.alpha:g}, but {name} has no such parameter; it goes with {takes}")
    if config.alpha == 0 and name in ("celu", "softplus"):
        raise OptionError(f"alpha is 0, but {name} divides by it; give another number")
    if config.pieces is not None and name != "maxout":
        raise OptionError(f"pieces is {config.pieces}, but {name} takes none; it goes with maxout")
    if name == "maxout":
        config = config.replace(pieces=config.pieces or 2)
    pieces = config.pieces or 2
    slope = ranked("slope", shapes.get("slope"), ("features",), 0)
    usual = 2 * pieces if name in GROUPED else slope[0] if slope not in (None, (1,)) else 5
    x = ranked("input", shapes.get("input"), _INPUT, 1) or (1, usual)
    if name in GROUPED and x[1] % pieces:
        raise ShapeError(f"{name} takes {pieces} numbers together, but the input has {x[1]} features; they must divide")
    needed = {"input": x}
    if slope is not None and name == "prelu":
        if config.alpha is not None:
            raise OptionError(f"alpha is {config.alpha:g}, but slopes are given too; leave one of them out")
        needed["slope"] = door.fitting("slope", slope, slope if slope == (1,) else (x[1],), "features")
    window.affordable("input", x)
    return config, needed if slope != (1,) or "slope" not in needed else {**needed, "slope": (x[1],)}


def _comparable(config: ActivationConfig, shapes: Mapping[str, Shape | None]) -> None:
    """Raise for what goes with one function alone."""
    given = {
        "activation": config.activation if config.activation not in ("relu", *(config.compare or ())) else None,
        "alpha": config.alpha,
        "pieces": config.pieces,
        "slope": shapes.get("slope"),
    }
    for name, value in given.items():
        if value is not None:
            told = f"{value:g}" if isinstance(value, float) else value
            raise OptionError(
                f"{name} is {told}, but compare takes each function as it is usual; leave one of them out"
            )


def makes(config: ActivationConfig, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    """Output and derivative, of each function compared; of those that take numbers together, output and gate."""
    x = shapes["input"]
    if config.compare:
        each = {f"{name}.{made}": x for name in config.compare for made in ("output", "derivative")}
        return {**each, **{key: shape for name in config.compare for key, shape in scratch(name, x).items()}}
    if config.activation in GROUPED:
        part = (x[0], x[1] // (config.pieces or 2))
        return {"output": part, "gate": part, "on the way": (2, *part)}
    return {"output": x, "derivative": x, **scratch(config.activation, x)}


def compute(config: ActivationConfig, arrays: Mapping[str, Array]) -> Trace:
    """The trace: ``input`` (batch, features), its ``output``, and the ``derivative`` of each number."""
    full, ready = enter("activation", _ARRAYS, complete, config, arrays)
    x, slope = ready["input"], ready.get("slope")
    held = [Tensor("input", _INPUT, "input", x)]
    half = x.shape[1] // 2
    with np.errstate(all="ignore"):
        if full.compare:
            for name in full.compare:
                held.append(Tensor(f"{name}.output", _INPUT, "output", ACTIVATIONS[name](x)))
                held.append(Tensor(f"{name}.derivative", _INPUT, "intermediate", ACTIVATIONS[name].derivative(x)))
        elif full.activation == "maxout":
            groups = x.reshape(len(x), -1, full.pieces)
            held.append(Tensor("output", _OUTPUT, "output", groups.max(axis=-1)))
        elif full.activation in GATES:
            gate = ACTIVATIONS[GATES[full.activation]](x[:, half:])
            held.append(Tensor("gate", _OUTPUT, "intermediate", gate))
            held.append(Tensor("output", _OUTPUT, "output", x[:, :half] * gate))
        elif slope is not None:
            held.append(Tensor("slope", ("features",), "weight", slope))
            held.append(Tensor("output", _INPUT, "output", leak(x, slope)))
            held.append(Tensor("derivative", _INPUT, "intermediate", leak_slope(x, slope)))
        else:
            known, parameters = ACTIVATIONS[full.activation], parameters_of(full)
            held.append(Tensor("output", _INPUT, "output", known(x, **parameters)))
            held.append(Tensor("derivative", _INPUT, "intermediate", known.derivative(x, **parameters)))
    return assemble(full, tensors(*held))


def parameters_of(config: ActivationConfig) -> dict[str, float]:
    """The parameters that the function is called with."""
    return {} if config.alpha is None else {"alpha": config.alpha}


def _formula(config: ActivationConfig) -> str:
    """The function's formula, with its parameter where that is another than the usual one."""
    if config.activation not in ACTIVATIONS:
        return _FORMULAS[config.activation]
    known = ACTIVATIONS[config.activation]
    return known.general if known.general and config.alpha is not None else known.formula


def assemble(config: ActivationConfig, saved: Mapping[str, Tensor]) -> Trace:
    """The trace from its stored tensors: steps and facts are made here."""
    if config.compare:
        return _compared(config, saved)
    name, parameters = config.activation, tuple(parameters_of(config).items())
    pieces, half = config.pieces or 2, saved["input"].shape[1] // 2
    slope = "slope" in saved

    def choose(c: Cell) -> Step:
        first = c["out_features"] * pieces
        return Step(
            "select", (at("input", c, "batch", features=range(first, first + pieces)),), at("output", c, *_OUTPUT)
        )

    def gate(c: Cell) -> Step:
        read = at("input", c, "batch", features=half + c["out_features"])
        return Step("activate", (read,), at("gate", c, *_OUTPUT), (("name", GATES[name]),))

    def pass_gate(c: Cell) -> Step:
        reads = (at("input", c, "batch", features=c["out_features"]), at("gate", c, *_OUTPUT))
        return Step("multiply", reads, at("output", c, *_OUTPUT))

    def activate(c: Cell) -> Step:
        if slope:
            return Step("leak", (at("input", c, *_INPUT), at("slope", c, "features")), at("output", c, *_INPUT))
        return Step("activate", (at("input", c, *_INPUT),), at("output", c, *_INPUT), (("name", name), *parameters))

    def differentiate(c: Cell) -> Step:
        where = at("derivative", c, *_INPUT)
        if slope:
            return Step("leak_slope", (at("input", c, *_INPUT), at("slope", c, "features")), where)
        return Step("differentiate", (at("input", c, *_INPUT),), where, (("name", name), *parameters))

    acts = (choose,) if name == "maxout" else (gate, pass_gate) if name in GATES else (activate, differentiate)
    output = saved["output"]
    facts: dict[str, int | float | str] = {
        "parameters": saved["slope"].array.size if slope else 0,
        "activation_formula": _formula(config),
    }
    if name in ACTIVATIONS and not slope:
        usual = {} if ACTIVATIONS[name].general else ACTIVATIONS[name].parameters
        facts |= {**usual, **parameters_of(config)}
    return Trace("activation", config, tensors(*saved.values()), per_cell(output.axes, output.shape, *acts), facts)


def _compared(config: ActivationConfig, saved: Mapping[str, Tensor]) -> Trace:
    """The trace of several functions: cell by cell each makes its number and its slope."""

    def act(operation: str, made: str, name: str) -> Callable[[Cell], Step]:
        return lambda c: Step(
            operation, (at("input", c, *_INPUT),), at(f"{name}.{made}", c, *_INPUT), (("name", name),)
        )

    acts = [
        act(operation, made, name)
        for name in config.compare or ()
        for operation, made in (("activate", "output"), ("differentiate", "derivative"))
    ]
    x = saved["input"]
    return Trace("activation", config, tensors(*saved.values()), per_cell(x.axes, x.shape, *acts), {"parameters": 0})


_FORMULAS = {
    "maxout": "max(x₁, …, xₖ)", "glu": "a · σ(b)", "reglu": "a · max(0, b)", "geglu": "a · b·Φ(b)",
    "swiglu": "a · b/(1 + e⁻ᵇ)",
}  # fmt: skip


def backward(trace: Trace, gradients: Mapping[str, Array]) -> Trace:
    """grad_output · φ′(x); a maxout's gradient goes to the number that won, the first of equal ones."""
    config: Any = trace.config
    if config.compare:
        raise OptionError(f"compare is {','.join(config.compare)}, but the way back is one function's; give activation")
    g, x = start(trace, gradients), trace["input"]
    made = [Tensor("grad_output", trace.axes("output"), "input", g)]
    slope = None
    with np.errstate(all="ignore"):
        if config.activation == "maxout":
            groups = x.reshape(len(x), -1, config.pieces)
            won = np.arange(config.pieces) == groups.argmax(axis=-1)[..., None]
            total = np.where(won, g[..., None], 0).reshape(x.shape)
        elif config.activation in GATES:
            value, z = x[:, : g.shape[1]], x[:, g.shape[1] :]
            total = np.concatenate([g * trace["gate"], gate_back(g, value, z, name=GATES[config.activation])], axis=1)
        else:
            total = g * trace["derivative"]
            slope = np.where(x > 0, 0, g * x).sum(axis=0) if "slope" in trace else None
    made.append(Tensor("grad_input", _INPUT, "output", total))
    if slope is not None:
        made.append(Tensor("grad_slope", ("features",), "output", slope))
    every = beside(trace, *made)
    return passed_back(trace, {"output": g}, every, _back_steps(config, every))


def _back_steps(config: Any, every: Mapping[str, Tensor]) -> Steps:
    x, g = every["input"].shape, every["grad_output"].shape

    def route(c: Cell) -> Step:
        first = c["out_features"] * config.pieces
        group = {"features": range(first, first + config.pieces)}
        reads = (at("input", c, "batch", **group), at("grad_output", c, *_OUTPUT))
        return Step("winner_takes", reads, at("grad_input", c, "batch", **group))

    def value(c: Cell) -> Step:
        reads = (at("grad_output", c, *_OUTPUT), at("gate", c, *_OUTPUT))
        return Step("multiply", reads, at("grad_input", c, "batch", features=c["out_features"]))

    def gate(c: Cell) -> Step:
        first, second = c["out_features"], g[1] + c["out_features"]
        value, z = (at("input", c, "batch", features=place) for place in (first, second))
        name = (("name", GATES[config.activation]),)
        return Step(
            "gate_back", (at("grad_output", c, *_OUTPUT), value, z), at("grad_input", c, "batch", features=second), name
        )

    def chain(c: Cell) -> Step:
        reads = (at("grad_output", c, *_INPUT), at("derivative", c, *_INPUT))
        return Step("multiply", reads, at("grad_input", c, *_INPUT))

    def slope(c: Cell) -> Step:
        reads = (at("grad_output", c, "features"), at("input", c, "features"))
        return Step("leak_back", reads, at("grad_slope", c, "features"))

    if config.activation in GROUPED:
        return per_cell(_OUTPUT, g, *((route,) if config.activation == "maxout" else (value, gate)))
    parts = [per_cell(_INPUT, x, chain)]
    if "grad_slope" in every:
        parts.append(per_cell(("features",), x[1:], slope))
    return Steps.chain(*parts)


def _slope_terms(x: Array, *, name: str, **parameters: float) -> tuple[int, float]:
    n, size = few(ACTIVATIONS[name].derivative(x, **parameters))
    return 4 * n, size + 1


@operation("differentiate", _slope_terms)
def differentiate(x: Array, *, name: str, **parameters: float) -> Array:
    """φ′(x), cell by cell."""
    return ACTIVATIONS[name].derivative(x, **parameters)


@operation("leak")
def leak(x: Array, slope: Array) -> Array:
    """x where it is above 0, slope · x where it is not."""
    return np.asarray(np.where(x > 0, x, slope * x))


@operation("leak_slope")
def leak_slope(x: Array, slope: Array) -> Array:
    """1 where x is above 0, the slope where it is not, NaN for NaN."""
    return np.asarray(np.where(np.isnan(x), x, np.where(x > 0, x.dtype.type(1), slope)))


@operation("leak_back", lambda g, x: (g.size + 1, finite_max(np.abs(g * x).sum())))
def leak_back(g: Array, x: Array) -> Array:
    """Σ g · x over the x that are not above 0."""
    return np.asarray(np.where(x > 0, 0, g * x).sum(dtype=x.dtype))


def _gate_terms(g: Array, x: Array, z: Array, *, name: str) -> tuple[int, float]:
    n, size = few(g * x)
    return n, size * (1 + finite_max(np.abs(ACTIVATIONS[name].derivative(z))))


@operation("gate_back", _gate_terms)
def gate_back(g: Array, x: Array, z: Array, *, name: str) -> Array:
    """g · x · φ′(z)."""
    return np.asarray(g * x * ACTIVATIONS[name].derivative(z))


@operation("winner_takes")
def winner_takes(x: Array, g: Array) -> Array:
    """g at the first largest of the cells, 0 at the others."""
    return np.asarray(np.where(np.arange(x.size) == np.argmax(x), g, 0))


_ARRAYS = (
    ArrayOption("input", _INPUT, "input", "one row of numbers a sample"),
    ArrayOption("slope", ("features",), "weight", "a learned slope a feature (prelu)", optional=True),
)

ACTIVATION = Layer(
    name="activation",
    title="Activation",
    config=ActivationConfig,
    arrays=_ARRAYS,
    complete=complete,
    compute=compute,
    assemble=assemble,
    formula="y = φ(x)",
    source="Goodfellow, Bengio, Courville: Deep Learning (2016), section 6.3; maxout: Goodfellow et al. (2013); "
    "glu: Dauphin et al. (2017); reglu, geglu, swiglu: Shazeer, GLU Variants Improve Transformer (2020)",
    backward=backward,
    makes=makes,
    back=0.5,
)
