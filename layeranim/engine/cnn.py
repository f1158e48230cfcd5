"""A small convolutional network: convolution, activation and pooling, some times; then flatten, dense, softmax."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from layeranim.engine import window
from layeranim.engine.activations import ACTIVATIONS
from layeranim.engine.conv import CONV
from layeranim.engine.conv_shapes import ConvConfig
from layeranim.engine.dense import DENSE, DenseConfig
from layeranim.engine.entry import ranked
from layeranim.engine.flatten import FLATTEN, FlattenConfig
from layeranim.engine.network import OUTPUTS, Sizes, last, network, wanted_target
from layeranim.engine.option import ArrayOption, Choice, Config, Flag, Integer, Padding, PerAxis, Real, option
from layeranim.engine.pool import POOL
from layeranim.engine.pool_shapes import PoolConfig
from layeranim.engine.stages import Stage, shapes_of
from layeranim.engine.trace import Shape
from layeranim.errors import ShapeError
from layeranim.records import dataclass

MOST = 4
"""The most convolutions of a network."""
FILTERS, CLASSES = (2, 3), 3
"""What a network has of both where nothing says how many."""

_INPUT = ("batch", "in_channels", "height", "width")


@dataclass(frozen=True, kw_only=True)
class CnnConfig(Config):
    """Options of a small convolutional network."""

    filters: tuple[int, ...] | None = option(
        Sizes(1, MOST), None, "filters of every convolution (default: as the kernels given, else 2,3)"
    )
    kernel_size: tuple[int, int] = option(PerAxis(), 3, "height and width of every kernel", short="-k")
    padding: str | tuple[tuple[int, int], ...] = option(
        Padding(), "same", "cells added around what a convolution reads", short="-p"
    )
    pool_size: tuple[int, int] = option(PerAxis(), 2, "height and width of every pooling window")
    pool_mode: str = option(Choice(("max", "mean")), "max", "what a pooling window becomes")
    activation: str = option(Choice(tuple(ACTIVATIONS)), "relu", "function of every convolution")
    units: int | None = option(
        Integer(1), None, "outputs: the classes (default: as the dense weights given, else 3)", aliases=("classes",)
    )
    output_activation: str = option(Choice(OUTPUTS), "softmax", "function of the last layer")
    bias: bool = option(Flag(), True, "add biases")


@dataclass(frozen=True, kw_only=True)
class CnnLearningConfig(CnnConfig):
    """Options of a small convolutional network that is shown learning."""

    loss: str | None = option(
        Choice(("cross-entropy", "binary", "squared")), None, "the loss (default: what goes with the output)"
    )
    learning_rate: float = option(Real(low=0), 0.1, "how far one update goes", aliases=("lr",))
    true_class: int | None = option(
        Integer(0), None, "the class of every sample, from 0, if no target is given (default: 0)"
    )


def stages(config: CnnConfig) -> list[Stage]:
    """conv1, pool1, conv2, pool2, …, flatten, dense, and the function at the end."""
    found = []
    for k, filters in enumerate(config.filters or (), start=1):
        conv = ConvConfig(
            kernel_size=config.kernel_size, padding=config.padding, filters=filters, bias=config.bias,
            activation=config.activation,
        )  # fmt: skip
        pool = PoolConfig(mode=config.pool_mode, kernel_size=config.pool_size)
        found += [Stage(f"conv{k}", CONV, conv), Stage(f"pool{k}", POOL, pool)]
    found.append(Stage("flatten", FLATTEN, FlattenConfig()))
    found.append(Stage("dense", DENSE, DenseConfig(units=config.units or 1, bias=config.bias)))
    return [*found, *last(config.output_activation)]


def complete(config: CnnConfig, shapes: Mapping[str, Shape | None]) -> tuple[CnnConfig, dict[str, Shape]]:
    """Filters and classes filled in, from the weights where they are given, and the shape of every array: input
    (batch, in_channels, height, width), or without its first axes.

    Raises ``ShapeError`` for arrays that do not fit the layer or each other.
    """
    config = _filled(config, shapes)
    x = ranked("input", shapes.get("input"), _INPUT, 2) or _least(config)
    needed, out = shapes_of(stages(config), x, shapes)
    for name, shape in needed.items():
        window.affordable(name, shape)
    return config, {"input": x, **needed, **wanted_target(config, shapes.get("target"), out)}


def _filled(config: CnnConfig, shapes: Mapping[str, Shape | None]) -> CnnConfig:
    """The options with how many filters and classes the weights have, where the user does not say."""
    kernels = [shapes.get(f"conv{k}_kernel") for k in range(1, MOST + 1)]
    known = [kernel[0] for kernel in kernels if kernel]
    filters = config.filters or (tuple(known) if known and all(kernels[: len(known)]) else FILTERS)
    if any(kernels[len(filters) :]):
        beyond = next(k for k in range(len(filters), MOST) if kernels[k])
        text = ",".join(map(str, filters))
        raise ShapeError(f"conv{beyond + 1}_kernel was given, but filters {text} make {len(filters)} convolutions")
    weight = shapes.get("dense_weight")
    units = config.units or (weight[0] if weight else CLASSES)
    return replace(config, filters=filters, units=units)


def _least(config: CnnConfig) -> Shape:
    """One channel of the fewest cells that all poolings leave something of, but no fewer than 4."""
    layers = len(config.filters or ())
    return (1, 1, *(max(4, n**layers) for n in config.pool_size))


def _arrays() -> list[ArrayOption]:
    found = [ArrayOption("input", _INPUT, "input", "the image")]
    axes = ("out_channels", "in_channels", "kernel_height", "kernel_width")
    for k in range(1, MOST + 1):
        found.append(ArrayOption(f"conv{k}_kernel", axes, "weight", f"filters of convolution {k}", optional=k > 2))
        found.append(ArrayOption(f"conv{k}_bias", axes[:1], "weight", f"biases of convolution {k}", optional=True))
    found.append(ArrayOption("dense_weight", ("out_features", "in_features"), "weight", "weights of the dense layer"))
    return [*found, ArrayOption("dense_bias", ("out_features",), "weight", "biases of the dense layer", optional=True)]


_SOURCE = "LeCun, Bottou, Bengio, Haffner, Gradient-based learning applied to document recognition (1998)"

CNN = network(
    "cnn",
    "Convolutional network",
    CnnConfig,
    stages,
    _arrays(),
    complete,
    "conv → φ → pool → … → dense → softmax",
    _SOURCE,
)
CNN_BACKPROP = network(
    "cnn-backprop", "Backpropagation through a convolutional network", CnnLearningConfig, stages, _arrays(), complete,
    "conv ← φ ← pool ← … ← dense ← loss", _SOURCE,
)  # fmt: skip
