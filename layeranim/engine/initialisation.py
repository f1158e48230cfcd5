"""What weights hold before training, and what becomes of a signal on its way through layers of such weights.

Every layer makes ``a[l] = φ(a[l−1] W[l])`` with weights ``W = σ · draws``: the same standard normal draws for each
scheme, times its spread σ. How large the numbers of a layer are says their root mean square ``√(Σ a²/n)``.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from layeranim.engine import window
from layeranim.engine.activations import ACTIVATIONS
from layeranim.engine.arithmetic import rescale
from layeranim.engine.entry import enter, ranked
from layeranim.engine.initialisers import spread
from layeranim.engine.normalisation import deviation, mean_of_squares
from layeranim.engine.option import ArrayOption, Choice, Choices, Config, Integer, Layer, Real, option
from layeranim.engine.recurrent import vanishing  # its matrix product
from layeranim.engine.replay import OPERATIONS
from layeranim.engine.trace import Array, Region, Shape, Step, Steps, Tensor, Trace, tensors
from layeranim.errors import ShapeError
from layeranim.records import dataclass

SCHEMES = ("zeros", "small", "large", "xavier", "he")
USUAL = ("zeros", "small", "large", "xavier")


@dataclass(frozen=True, kw_only=True)
class InitConfig(Config):
    """Options of a signal's way through layers of first weights."""

    schemes: tuple[str, ...] = option(Choices(SCHEMES, "scheme"), USUAL, "how the weights are drawn, side by side")
    layers: int | None = option(Integer(1, 100), None, "how many layers (default: as the draws, else 6)")
    units: int | None = option(Integer(1), None, "units of every layer (default: as the arrays, else 64)")
    samples: int | None = option(Integer(1), None, "how many samples go through (default: as the input, else 20)")
    activation: str = option(Choice(tuple(ACTIVATIONS)), "tanh", "function of every layer")
    small: float = option(Real(low=0), 0.05, "the spread of the small weights")
    large: float = option(Real(low=0), 1.0, "the spread of the large weights")
    init_seed: int = option(Integer(0), 0, "the seed of what is drawn")


def spread_of(config: InitConfig, scheme: str) -> float:
    """The standard deviation of a scheme's weights: Glorot and Bengio's √(2/(in + out)), He's √(2/in), or as asked."""
    fixed = {"zeros": 0.0, "small": config.small, "large": config.large}
    shape = (config.units or 1, config.units or 1)
    return fixed[scheme] if scheme in fixed else spread(f"{scheme}-normal", shape)


def complete(config: InitConfig, shapes: Mapping[str, Shape | None]) -> tuple[InitConfig, dict[str, Shape]]:
    """Every size filled in: input (samples, units), draws (layers, units, units).

    Raises ``ShapeError`` for arrays that do not fit the options or each other.
    """
    x = ranked("input", shapes.get("input"), ("samples", "in_features"), 1)
    draws = ranked("draws", shapes.get("draws"), ("layers", "in_features", "out_features"), 1)
    units = config.units or (x[1] if x else draws[1] if draws else 64)
    layers = config.layers or (draws[0] if draws else 6)
    samples = config.samples or (x[0] if x else 20)
    needed = {"input": (x, (samples, units)), "draws": (draws, (layers, units, units))}
    for name, (found, wanted) in needed.items():
        if found is not None and found != wanted:
            size, must = ("x".join(map(str, shape)) for shape in (found, wanted))
            raise ShapeError(f"{name} has shape {size}, but must be {must}: {layers} layers of {units} units, "
                             f"{samples} samples")  # fmt: skip
    full = config.replace(layers=layers, units=units, samples=samples)
    for name, (_, wanted) in needed.items():
        window.affordable(name, wanted)
    return full, {name: wanted for name, (found, wanted) in needed.items() if found is not None}


def makes(config: InitConfig, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    """What is drawn and what each scheme makes of it."""
    layers, units, samples = config.layers or 0, config.units or 0, config.samples or 0
    each = len(config.schemes)
    drawn = {"draws": (layers, units, units), "input": (samples, units)}
    return {
        **{name: shape for name, shape in drawn.items() if name not in shapes},
        "weights": (2 * each, layers, units, units), "numbers": (4 * each, layers + 1, samples, units),
        "one product": (2, samples, units, units),
    }  # fmt: skip


def compute(config: InitConfig, arrays: Mapping[str, Array]) -> Trace:
    """The trace of every scheme on the same draws; what is not given is drawn standard normal."""
    full, ready = enter("init", _ARRAYS, complete, config, arrays)
    kind = next((array.dtype for array in ready.values()), np.dtype(np.float64))
    rng = np.random.default_rng(full.init_seed)
    drawn = {"draws": (full.layers, full.units, full.units), "input": (full.samples, full.units)}
    # each from a stream of its own, so that the one is the same whether the other is given or not
    held = {name: ready.get(name, each.normal(size=shape).astype(kind))
            for each, (name, shape) in zip(rng.spawn(2), drawn.items(), strict=True)}  # fmt: skip
    out = [Tensor(name, _AXES[name], "input", held[name]) for name in ("input", "draws")]
    sizes = []
    with np.errstate(all="ignore"):
        for scheme in full.schemes:
            made = _gone(full, scheme, held["input"], held["draws"])
            out += [Tensor(f"{scheme}.{name}", axes, "intermediate", made[name]) for name, axes in _MADE.items()]
            sizes.append(made["size"])
    out.append(Tensor("sizes", ("schemes", "states"), "output", np.stack(sizes)))
    return assemble(full, tensors(*out))


def _gone(config: InitConfig, scheme: str, x: Array, draws: Array) -> dict[str, Array]:
    """What one scheme makes of a signal, layer by layer."""
    weights = rescale(draws, factor=spread_of(config, scheme))
    numbers, sums = [x], []
    for weight in weights:
        sums.append(np.asarray(numbers[-1] @ weight))
        numbers.append(OPERATIONS["activate"].run(sums[-1], name=config.activation))
    squares = [mean_of_squares(one) for one in numbers]
    found = {"weights": weights, "sums": np.stack(sums), "numbers": np.stack(numbers), "square": np.stack(squares)}
    return {**found, "size": np.stack([deviation(one, eps=0.0) for one in squares])}


def assemble(config: InitConfig, saved: Mapping[str, Tensor]) -> Trace:
    """The trace from its stored tensors: steps and facts are made here."""
    schemes, layers = config.schemes, config.layers or 0

    def at(scheme: str, name: str, **place: int) -> Region:
        return Region.of(f"{scheme}.{name}", **place)

    def sized(i: int, state: int) -> list[Step]:
        scheme = schemes[i]
        square, size = at(scheme, "square", states=state), at(scheme, "size", states=state)
        return [
            Step("mean_of_squares", (at(scheme, "numbers", states=state),), square),
            Step("deviation", (square,), size, (("eps", 0.0),)),
            Step("copy", (size,), Region.of("sizes", schemes=i, states=state)),
        ]

    @lru_cache(maxsize=256)
    def layer(i: int, k: int) -> list[Step]:
        scheme = schemes[i]
        weight, sums = at(scheme, "weights", layers=k), at(scheme, "sums", layers=k)
        factor = (("factor", spread_of(config, scheme)),)
        return [
            Step("rescale", (Region.of("draws", layers=k),), weight, factor),
            Step(vanishing.matrix_product.__name__, (at(scheme, "numbers", states=k), weight), sums),
            Step("activate", (sums,), at(scheme, "numbers", states=k + 1), (("name", config.activation),)),
            *sized(i, k + 1),
        ]

    first = [step for i, scheme in enumerate(schemes)
             for step in (Step("copy", (Region("input"),), at(scheme, "numbers", states=0)), *sized(i, 0))]  # fmt: skip
    each = len(layer(0, 0))

    def make(n: int) -> Step:
        k, rest = divmod(n, each * len(schemes))
        return layer(rest // each, k)[rest % each]

    facts: dict[str, int | float | str] = {"layers": layers}
    facts |= {f"spread_{scheme}": spread_of(config, scheme) for scheme in schemes}
    steps = Steps.chain(first, Steps(layers * each * len(schemes), make))
    return Trace("init", config, tensors(*saved.values()), steps, facts)


_AXES = {"input": ("samples", "in_features"), "draws": ("layers", "in_features", "out_features")}
_MADE = {
    "weights": ("layers", "in_features", "out_features"), "sums": ("layers", "samples", "out_features"),
    "numbers": ("states", "samples", "units"), "square": ("states",), "size": ("states",),
}  # fmt: skip
_ARRAYS = (
    ArrayOption("input", _AXES["input"], "input", "what comes into the first layer", optional=True),
    ArrayOption("draws", _AXES["draws"], "input", "what weights are made of: standard normal numbers", optional=True),
)


INIT = Layer(
    name="init",
    title="First weights",
    config=InitConfig,
    arrays=_ARRAYS,
    complete=complete,
    compute=compute,
    assemble=assemble,
    makes=makes,
    formula="a[l] = φ(a[l−1] W[l]),  W = σ · N(0, 1)",
    source="Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks (2010); "
    "He et al., Delving deep into rectifiers (2015); torch.nn.init",
)
