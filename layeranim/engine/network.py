"""Multilayer perceptrons: dense layers in a row, forwards, and backwards from a loss to one update of every weight.

``z[l] = W[l] a[l−1] + b[l]``, ``a[l] = φ(z[l])``; with a softmax or sigmoid at the end and its cross-entropy the
gradient of the last z is (a − y)/batch, else it goes through the loss's own derivative. Backwards
``δ[l] = φ′(z[l]) ⊙ W[l+1]ᵀ δ[l+1]``, ``∂W[l] = δ[l] a[l−1]ᵀ``, ``∂b[l] = δ[l]``, and ``W ← W − η ∂W``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from layeranim.engine import door, window
from layeranim.engine.activation_layer import ACTIVATION, ActivationConfig
from layeranim.engine.activations import ACTIVATIONS
from layeranim.engine.backward import beside, passed_back, starts
from layeranim.engine.compose import from_file
from layeranim.engine.cross_entropy import CROSS_ENTROPY, CrossEntropyConfig
from layeranim.engine.dense import DENSE, DenseConfig
from layeranim.engine.entry import enter, ranked, whole
from layeranim.engine.losses import LOSS, LossConfig
from layeranim.engine.memory import named
from layeranim.engine.option import ArrayOption, Choice, Config, Flag, Integer, Kind, Layer, Real, given, option
from layeranim.engine.softmax import SOFTMAX, SoftmaxConfig
from layeranim.engine.stages import Stage, backwards, charged, forwards, joined, makes_of, shapes_of, updated
from layeranim.engine.trace import Array, Role, Shape, Steps, Tensor, Trace, count
from layeranim.errors import OptionError, ShapeError
from layeranim.records import dataclass

MOST = 8
"""The most dense layers of a network."""

OUTPUTS = ("softmax", "sigmoid", "linear")
_LOSSES = {"softmax": "cross-entropy", "sigmoid": "binary", "linear": "squared"}


@dataclass(frozen=True)
class Sizes(Kind):
    """Whole numbers from 1 up, one a layer: ``4,3,2``."""

    least: int = 2
    most: int = MOST + 1
    metavar: str = "N,N,…"

    def check(self, name: str, value: Any) -> tuple[int, ...] | None:
        if value is None:
            return None
        parts = value.replace("x", ",").split(",") if isinstance(value, str) else value
        if not isinstance(parts, (list, tuple)):
            parts = [parts]
        if not self.least <= len(parts) <= self.most:
            raise OptionError(f"{name} is {given(value)}, {len(parts)} numbers, but must be {self._so_many(' to ')}")
        return tuple(int(Integer(1).check(name, part) or 0) for part in parts)

    def show(self, value: Any) -> str:
        return "" if value is None else ",".join(str(n) for n in value)

    @property
    def rule(self) -> str:
        return f"{self._so_many('…')} ≥ 1"

    def _so_many(self, to: str) -> str:
        return f"{self.least}{to}{self.most} numbers" if self.least < self.most else f"{self.least} numbers"


@dataclass(frozen=True, kw_only=True)
class MlpConfig(Config):
    """Options of a multilayer perceptron."""

    sizes: tuple[int, ...] | None = option(
        Sizes(),
        None,
        "inputs, then units of every layer (default: as the weights given, else 3,4,2)",
        aliases=("layers",),
    )
    activation: str = option(Choice(tuple(ACTIVATIONS)), "sigmoid", "function of every layer but the last")
    output_activation: str = option(Choice(OUTPUTS), "softmax", "function of the last layer")
    bias: bool = option(Flag(), True, "add a bias to every unit")


@dataclass(frozen=True, kw_only=True)
class LearningConfig(MlpConfig):
    """Options of a multilayer perceptron that is shown learning."""

    loss: str | None = option(
        Choice(("cross-entropy", "binary", "squared")), None, "the loss (default: what goes with the output)"
    )
    learning_rate: float = option(Real(low=0), 0.1, "how far one update goes", aliases=("lr",))
    true_class: int | None = option(
        Integer(0), None, "the class of every sample, from 0, if no target is given (default: 0)"
    )


def complete(config: MlpConfig, shapes: Mapping[str, Shape | None]) -> tuple[MlpConfig, dict[str, Shape]]:
    """Every size filled in, from the weights where they are given; input (batch, features) or (features).

    Raises ``ShapeError`` for arrays that do not fit the layer or each other, ``OptionError`` for options that do not
    go together.
    """
    x = ranked("input", shapes.get("input"), ("batch", "in_features"), 1)
    sizes = config.sizes or _sizes(shapes, x)
    if x is not None and x[1] != sizes[0]:
        raise ShapeError(f"input has {x[1]} features, but sizes {','.join(map(str, sizes))} begin with {sizes[0]}")
    config = config.replace(sizes=sizes)
    for k in range(len(sizes), MOST + 1):
        if shapes.get(f"dense{k}_weight") is not None:
            raise ShapeError(
                f"dense{k}_weight was given, but sizes {','.join(map(str, sizes))} make {len(sizes) - 1} layers"
            )
    x = x or (1, sizes[0])
    needed, out = shapes_of(stages(config), x, shapes)
    for name, shape in needed.items():
        window.affordable(name, shape)
    return config, {"input": x, **needed, **wanted_target(config, shapes.get("target"), out)}


def _sizes(shapes: Mapping[str, Shape | None], x: Shape | None) -> tuple[int, ...]:
    weights = [shapes.get(f"dense{k}_weight") for k in range(1, MOST + 1)]
    known = [w for w in weights if w is not None and len(w) == 2]
    if known and weights[: len(known)] == known:
        return (known[0][1], *(w[0] for w in known))
    return (x[1] if x else 3, 4, 2)


def wanted_target(config: Any, target: Shape | None, out: Shape) -> dict[str, Shape]:
    """The target's shape: class ids (batch), or numbers like the output; a network that does not learn takes none."""
    if not hasattr(config, "learning_rate"):
        return {}
    if loss_of(config) == "cross-entropy":
        if config.true_class is not None and config.true_class >= out[1]:
            raise OptionError(f"true_class is {config.true_class}, but must be less than the {out[1]} classes")
        if target is None:
            return {}
        full = (1,) if target == () else target
        return {"target": door.fitting("target", full, out if len(full) == 2 else out[:1], "batch[, classes]")}
    if config.true_class is not None:
        raise OptionError(
            f"true_class is {config.true_class}, but loss {loss_of(config)} compares numbers, not classes"
        )
    full = ranked("target", target, ("batch", "out_features"), 1) or out
    return {"target": door.fitting("target", full, out, "as the output")}


def loss_of(config: Any) -> str:
    """The loss that a learning Config means. Raises ``OptionError`` for one that does not go with the output."""
    usual = _LOSSES[config.output_activation]
    loss: str = config.loss or usual
    if loss not in (usual, "squared"):
        given_as = f"output_activation {config.output_activation}"
        raise OptionError(f"loss is {loss}, but {given_as} goes with {usual} or squared")
    return loss


def sizes_for(config: Any, classes: int) -> str:
    """The options of the same network with so many classes: ``sizes 3,8,4``, ``units 4``."""
    return f"sizes {Sizes().show((*config.sizes[:-1], classes))}" if hasattr(config, "sizes") else f"units {classes}"


def stages(config: MlpConfig) -> list[Stage]:
    """The dense layers, the last one linear, and the function at the end."""
    sizes, found = config.sizes or (), []
    for k in range(1, len(sizes)):
        name = config.activation if k < len(sizes) - 1 else "linear"
        dense = DenseConfig(input_size=sizes[k - 1], units=sizes[k], bias=config.bias, activation=name)
        found.append(Stage(f"dense{k}", DENSE, dense))
    return [*found, *last(config.output_activation)]


def last(output: str) -> list[Stage]:
    """The function after the last layer, as a stage of its own."""
    if output == "softmax":
        return [Stage("softmax", SOFTMAX, SoftmaxConfig(), "logits")]
    return [Stage("sigmoid", ACTIVATION, ActivationConfig(activation="sigmoid"))] if output == "sigmoid" else []


def compute(name: str, build: Callable[[Any], list[Stage]], options: Sequence[ArrayOption], full_of: Any,
            config: Any, arrays: Mapping[str, Array]) -> Trace:  # fmt: skip
    """The trace of a network: all its stages, and where it learns also loss, gradients and new weights."""
    full, ready = enter(name, options, full_of, config, arrays, ("target",))
    if "target" in ready and ready["target"].ndim == 1:
        classes = full.sizes[-1] if hasattr(full, "sizes") else full.units
        whole("target", ready["target"], classes, room=lambda n: sizes_for(full, n))
    return _trace(name, build, full, ready)


def _trace(name: str, build: Callable[[Any], list[Stage]], config: Any, ready: Mapping[str, Array]) -> Trace:
    done = forwards(build(config), ready)
    every, steps = joined(done)
    facts: dict[str, int | float | str] = {
        "layers": sum("weight" in part.trace or "kernel" in part.trace for part in done),
        "parameters": sum(count(t.shape) for t in every.values() if t.role == "weight" and not t.is_recipe),
    }
    if not hasattr(config, "learning_rate"):
        return Trace(name, config, every, steps, facts)
    loss = loss_of(config)
    on = len(done) - (1 if loss != "squared" and config.output_activation != "linear" else 0)
    charge = charged(_loss_stage(config, loss), done[on - 1], ready.get("target"))
    back = backwards([*done[:on], charge], {})
    every, steps = joined([*done, charge, *back])
    made, moves = updated(done, every, config.learning_rate)
    facts |= {"loss": float(every["loss"].array), "learning_rate": config.learning_rate}
    every |= {tensor.name: tensor for tensor in made}
    return Trace(name, config, every, Steps.chain(steps, moves), facts)


def _loss_stage(config: Any, loss: str) -> Stage:
    if loss == "cross-entropy":
        return Stage("loss", CROSS_ENTROPY, CrossEntropyConfig(true_class=config.true_class))
    mode = "binary-logits" if loss == "binary" else loss
    return Stage("loss", LOSS, LossConfig(mode=mode), "prediction")


def makes(build: Callable[[Any], list[Stage]], config: Any, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    """What the stages make; where it learns, a gradient of all that and of every weight, and the weight after it."""
    made = makes_of(build(config), shapes["input"], shapes)
    if not hasattr(config, "learning_rate"):
        return made
    return {**made, **named("grad_", {**shapes, **made}), **named("new_", shapes)}


def assemble(name: str, build: Callable[[Any], list[Stage]], options: Sequence[ArrayOption], config: Any,
             saved: Mapping[str, Tensor]) -> Trace:  # fmt: skip
    """The trace from its stored tensors: made again, with the stored numbers in place of those computed again."""
    ready = {item.name: saved[item.name].array for item in options if item.name in saved}
    return from_file(_trace(name, build, config, ready), saved)


def backward(
    build: Callable[[Any], list[Stage]], options: Sequence[ArrayOption], trace: Trace, gradients: Mapping[str, Any]
) -> Trace:
    """The gradients of every number and weight of a network from that of ``output``, without a loss."""
    given = starts(trace, gradients, "output")
    ready = {item.name: trace[item.name] for item in options if item.name in trace}
    made, steps = joined(backwards(forwards(build(trace.config), ready), given))
    roles: dict[str, Role] = {"grad_output": "input", "grad_input": "output"}
    every = beside(trace, *(replace(tensor, role=roles.get(name, tensor.role)) for name, tensor in made.items()))
    return passed_back(trace, given, every, steps)


def _arrays() -> list[ArrayOption]:
    found = [ArrayOption("input", ("batch", "in_features"), "input", "one row of numbers a sample")]
    for k in range(1, MOST + 1):
        axes = ("out_features", "in_features")
        found.append(ArrayOption(f"dense{k}_weight", axes, "weight", f"weights of layer {k}", optional=k > 2))
        found.append(ArrayOption(f"dense{k}_bias", axes[:1], "weight", f"biases of layer {k}", optional=True))
    return found


_TARGET = ArrayOption("target", ("batch",), "input", "true class ids, or what the output should be", optional=True)
_SOURCE = "Rumelhart, Hinton, Williams, Learning representations by back-propagating errors (1986)"


def network(
    name: str, title: str, config: type[Config], build: Callable[[Any], list[Stage]], arrays: Sequence[ArrayOption],
    full_of: Callable[..., tuple[Any, dict[str, Shape]]], formula: str, source: str = _SOURCE,
) -> Layer:  # fmt: skip
    """The Layer of a network made of stages."""
    learns = "learning_rate" in {item.name for item in config.options()}
    options = (*arrays, _TARGET) if learns else tuple(arrays)
    return Layer(
        name=name,
        title=title,
        config=config,
        arrays=options,
        complete=full_of,
        compute=partial(compute, name, build, options, full_of),
        assemble=partial(assemble, name, build, options),
        formula=formula,
        source=source,
        backward=None if learns else partial(backward, build, options),
        makes=partial(makes, build),
        back=1.8,
    )


MLP = network("mlp", "Multilayer perceptron", MlpConfig, stages, _arrays(), complete, "a[l] = φ(W[l] a[l−1] + b[l])")
BACKPROP = network(
    "backprop", "Backpropagation", LearningConfig, stages, _arrays(), complete, "δ[l] = φ′(z[l]) ⊙ W[l+1]ᵀ δ[l+1]"
)
