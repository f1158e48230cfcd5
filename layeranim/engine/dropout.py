"""Dropout: in training some units are left out at random; afterwards all are used.

inverted: survivors are multiplied by 1/(1 − p), and nothing changes when the network is used;
weight-scaling: survivors stay as they are, and every unit is multiplied by 1 − p when the network is used;
alpha: dropped units become −λα of the SELU, and a·x + b keeps mean and variance. p is the probability to drop.
A dropped NaN or ∞ is gone: the unit is left out, not multiplied by 0.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from layeranim.engine import door, window
from layeranim.engine.activations import SELU_ALPHA, SELU_SCALE
from layeranim.engine.arithmetic import at, few, per_cell
from layeranim.engine.array import axes_text
from layeranim.engine.backward import beside, passed_back, start
from layeranim.engine.entry import enter, ranked, size_of, whole
from layeranim.engine.option import ArrayOption, Choice, Config, Flag, Integer, Layer, Real, option
from layeranim.engine.replay import finite_max, operation
from layeranim.engine.trace import Array, Shape, Step, Steps, Tensor, Trace, tensors
from layeranim.errors import OptionError, ShapeError
from layeranim.records import dataclass

Cell = Mapping[str, int]

_FLAT, _SEQUENCE, _IMAGE = (
    ("batch", "features"),
    ("batch", "time", "features"),
    ("batch", "channels", "height", "width"),
)
_WHOLE = {3: ("batch", "features"), 4: ("batch", "channels")}
"""By the axes of the input: those of a mask that drops channels of an image, or features of a sequence, as a whole."""


@dataclass(frozen=True, kw_only=True)
class DropoutConfig(Config):
    """Options of dropout."""

    rate: float = option(Real(low=0, below=1), 0.5, "probability to drop a unit", aliases=("p",))
    mode: str = option(
        Choice(("inverted", "weight-scaling", "alpha")), "inverted", "what makes up for the dropped units"
    )
    draws: int | None = option(Integer(1), None, "masks drawn, each another thinned network (default: 1)")
    channelwise: bool = option(
        Flag(), False, "drop whole channels of an image, or features of a sequence at all its time steps"
    )
    mask_seed: int = option(Integer(0), 0, "the seed that masks are drawn from")


def _axes(config: DropoutConfig, ndim: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Axis names of the input, and of the mask."""
    names = {3: _SEQUENCE, 4: _IMAGE}.get(ndim, _FLAT)
    return names, ("draws", *(_WHOLE.get(ndim, names) if config.channelwise else names))


def complete(config: DropoutConfig, shapes: Mapping[str, Shape | None]) -> tuple[DropoutConfig, dict[str, Shape]]:
    """Every size filled in: input (batch, features) or (features), a sequence, or an image with channels.

    Raises ``ShapeError`` for arrays that do not fit the layer or each other, ``OptionError`` for options that do not
    go together.
    """
    given = shapes.get("input")
    if given is None:
        given = (1, 2, 3, 3) if config.channelwise else (4, 4)
    x = ranked("input", given, _axes(config, len(given))[0], 1) if len(given) <= 4 else None
    if x is None:
        ranks = f"1 or 2 ({', '.join(_FLAT)}), 3 ({', '.join(_SEQUENCE)}) or 4 ({', '.join(_IMAGE)})"
        raise ShapeError(f"input has {axes_text(len(given))}, but must have {ranks}")
    if config.channelwise and len(x) not in _WHOLE:
        raise OptionError(
            f"channelwise drops channels, or features of a sequence, but the input has {axes_text(len(given))}, "
            f"none of them channels or time; give one with {', '.join(_IMAGE)} or {', '.join(_SEQUENCE)}"
        )
    names, mask_names = _axes(config, len(x))
    mask = ranked("mask", shapes.get("mask"), mask_names, 1)
    draws = door.agreed("draws", [(config.draws, "draws"), size_of("mask", mask, 0)], 1)
    if mask is not None:
        door.fitting("mask", mask, (draws, *_sizes(x, names, mask_names)), ", ".join(mask_names))
    needed = {"input": x} | ({"mask": mask} if mask is not None else {})
    for name, shape in (("input", x), ("output", (draws, *x))):
        window.affordable(name, shape)
    return config.replace(draws=draws), needed


def makes(config: DropoutConfig, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    """Mask, what is kept and the output of every draw; their mean, and what inference gives."""
    x = shapes["input"]
    every = (config.draws or 1, *x)
    return {"mask": every, "kept": every, "output": every, "mean": x, "inference": x}


def factors(config: DropoutConfig) -> tuple[float, float, float]:
    """(what a dropped unit becomes, the factor, the shift): output = factor · kept + shift in training.

    alpha: a = ((1 − p)(1 + p α′²))^(−1/2), b = −a p α′, α′ = −λα (Klambauer et al. 2017, section 2).
    """
    keep = 1 - config.rate
    if config.mode == "inverted":
        return 0.0, 1 / keep, 0.0
    if config.mode == "weight-scaling":
        return 0.0, 1.0, 0.0
    fill = -SELU_SCALE * SELU_ALPHA
    a = 1 / math.sqrt(keep * (1 + config.rate * fill**2))
    return fill, a, -a * config.rate * fill


def compute(config: DropoutConfig, arrays: Mapping[str, Array]) -> Trace:
    """The trace; without a ``mask`` (1 keeps, 0 drops) each unit is dropped with probability ``rate``."""
    full, ready = enter("dropout", _ARRAYS, complete, config, arrays, ("mask",))
    x = ready["input"]
    names, mask_names = _axes(full, x.ndim)
    if "mask" in ready:
        mask = whole("mask", ready["mask"], 2).astype(x.dtype)
    else:
        rng = np.random.default_rng(full.mask_seed)
        mask = (rng.random((full.draws, *_sizes(x.shape, names, mask_names))) >= full.rate).astype(x.dtype)
    fill, factor, shift = (x.dtype.type(n) for n in factors(full))
    with np.errstate(all="ignore"):
        kept = np.where(spread(mask, mask_names, names) != 0, x, fill)
        output = kept * factor + shift
        mean = output.sum(axis=0) / x.dtype.type(len(mask))
        used = x * x.dtype.type(1 - full.rate) if full.mode == "weight-scaling" else x
    every = ("draws", *names)
    held = tensors(
        Tensor("input", names, "input", x),
        Tensor("mask", mask_names, "intermediate", mask),
        Tensor("kept", every, "intermediate", kept),
        Tensor("output", every, "output", output),
        Tensor("mean", names, "intermediate", mean),
        Tensor("inference", names, "intermediate", used),
    )
    return assemble(full, held)


def _sizes(shape: Shape, names: Sequence[str], mask_names: Sequence[str]) -> Shape:
    """The sizes of a mask after its draws."""
    return tuple(shape[names.index(name)] for name in mask_names[1:])


def spread(mask: Array, mask_names: Sequence[str], names: Sequence[str]) -> Array:
    """A mask (draws, …) with an axis of size 1 for each of ``names`` that it lacks."""
    return mask.reshape(len(mask), *(mask.shape[mask_names.index(n)] if n in mask_names else 1 for n in names))


def assemble(config: DropoutConfig, saved: Mapping[str, Tensor]) -> Trace:
    """The trace from its stored tensors: steps and facts are made here."""
    names, mask_names = _axes(config, len(saved["input"].shape))
    cells = ("draws", *names)
    fill, factor, shift = factors(config)
    mask = saved["mask"].array

    def drop(c: Cell) -> Step:
        reads = (at("input", c, *names), at("mask", c, *mask_names))
        return Step("drop", reads, at("kept", c, *cells), (("fill", fill),))

    def scale(c: Cell) -> Step:
        return Step("affine", (at("kept", c, *cells),), at("output", c, *cells), (("factor", factor), ("shift", shift)))

    def mean(c: Cell) -> Step:
        return Step("average", (at("output", c, *names),), at("mean", c, *names))

    def use(c: Cell) -> Step:
        keep = 1 - config.rate if config.mode == "weight-scaling" else 1.0
        return Step("rescale", (at("input", c, *names),), at("inference", c, *names), (("factor", keep),))

    shape = saved["input"].shape
    steps = Steps.chain(
        per_cell(cells, saved["output"].shape, drop, scale), per_cell(names, shape, mean), per_cell(names, shape, use)
    )
    facts: dict[str, int | float | str] = {
        "parameters": 0,
        "rate": config.rate,
        "keep": 1 - config.rate,
        "scale": factor,
        "shift": shift,
        "fill": fill,
        "units": mask[0].size,
        "dropped": int(np.count_nonzero(mask[0] == 0)),
    }
    return Trace("dropout", config, tensors(*saved.values()), steps, facts)


def backward(trace: Trace, gradients: Mapping[str, Array]) -> Trace:
    """grad_input = Σ over the draws of grad_output · factor where the mask keeps, 0 where it drops."""
    config: Any = trace.config
    g, x, mask = start(trace, gradients), trace.tensor("input"), trace["mask"]
    _, factor, _ = factors(config)
    names, mask_names = _axes(config, len(x.shape))
    cells = ("draws", *names)
    with np.errstate(all="ignore"):
        kept = g * g.dtype.type(factor)
        total = np.where(spread(mask, mask_names, names) != 0, kept, 0).sum(axis=0)
    every = beside(
        trace,
        Tensor("grad_output", cells, "input", g),
        Tensor("grad_kept", cells, "intermediate", kept),
        Tensor("grad_input", names, "output", total),
    )

    def scale(c: Cell) -> Step:
        return Step("rescale", (at("grad_output", c, *cells),), at("grad_kept", c, *cells), (("factor", factor),))

    def pick(c: Cell) -> Step:
        return Step("pick", (at("grad_kept", c, *names), at("mask", c, *mask_names[1:])), at("grad_input", c, *names))

    steps = Steps.chain(per_cell(cells, g.shape, scale), per_cell(names, x.shape, pick))
    return passed_back(trace, {"output": g}, every, steps)


@operation("drop")
def drop(x: Array, mask: Array, *, fill: float) -> Array:
    """x where the mask is 1, ``fill`` where it is 0."""
    return np.asarray(np.where(mask != 0, x, x.dtype.type(fill)))


@operation("affine", lambda x, *, factor, shift: few(np.abs(x * x.dtype.type(factor)) + abs(x.dtype.type(shift))))
def affine(x: Array, *, factor: float, shift: float) -> Array:
    """factor · x + shift."""
    return np.asarray(x * x.dtype.type(factor) + x.dtype.type(shift))


@operation("pick", lambda x, mask: (x.size, finite_max(np.abs(x).sum())))
def pick(x: Array, mask: Array) -> Array:
    """The sum of the cells that the mask keeps."""
    return np.asarray(np.sum(x, where=mask != 0))


_ARRAYS = (
    ArrayOption(
        "input", _FLAT, "input", "numbers of the units; or (batch, time, features), (batch, channels, height, width)"
    ),
    ArrayOption("mask", ("draws", *_FLAT), "input", "1 keeps a unit, 0 drops it; drawn when not given", optional=True),
)

DROPOUT = Layer(
    name="dropout",
    title="Dropout",
    config=DropoutConfig,
    arrays=_ARRAYS,
    complete=complete,
    compute=compute,
    assemble=assemble,
    formula="y = mask ⊙ x / (1 − p)",
    source="Srivastava et al., Dropout: A Simple Way to Prevent Neural Networks from Overfitting (2014), section 4",
    backward=backward,
    makes=makes,
)
