"""Normalisation's options and shapes: which cells share a mean and a variance, and which a gamma and a beta."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from layeranim.engine import door, window
from layeranim.engine.arithmetic import at
from layeranim.engine.array import axes_text
from layeranim.engine.conventions import CONVENTIONS, NAMES
from layeranim.engine.entry import ranked
from layeranim.engine.option import Choice, Config, Flag, Integer, Real, option
from layeranim.engine.trace import Array, Region, Shape, count
from layeranim.errors import OptionError, ShapeError
from layeranim.records import dataclass

KINDS = ("batch", "layer", "group", "instance", "rms")
LAST = ("layer", "rms")
_WEIGHTS = ("gamma", "beta", "running_mean", "running_variance")
_DEFAULT: dict[str, Shape] = {
    "batch": (4, 3), "layer": (3, 4), "rms": (3, 4), "group": (1, 4, 2, 2), "instance": (2, 2, 2, 2),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class NormConfig(Config):
    """Options of a normalisation. ``None`` is filled in where the kind reads it."""

    kind: str = option(Choice(KINDS), "batch", "which cells share a mean and a variance")
    mode: str = option(Choice(("training", "inference")), "training", "statistics of this batch, or the running ones")
    groups: int | None = option(
        Integer(1), None, "groups of channels (kind group; default: 2)", aliases=("num_groups",)
    )
    normalized_axes: int | None = option(
        Integer(1), None, "how many of the last axes are normalised together (kinds layer and rms; default: 1)"
    )
    eps: float | None = option(
        Real(low=0), None, "added to the variance (default: 1e-5 in PyTorch, 1e-3 in Keras; rms: the type's eps, 1e-6)",
        aliases=("epsilon",),
    )  # fmt: skip
    momentum: float | None = option(
        Real(low=0, high=1), None, "pace of the running statistics: weight of the new in PyTorch (0.1), of the old in "
        "Keras (0.99)",
    )  # fmt: skip
    affine: bool = option(Flag(), True, "multiply by gamma and add beta")
    convention: str = option(Choice(NAMES), "torch", "whose eps, momentum and running variance are used")

    @property
    def new_weight(self) -> float:
        """The weight of the new statistic in the running one."""
        momentum = self.momentum or 0.0
        return momentum if CONVENTIONS[self.convention].weighs == "new" else 1 - momentum

    def eps_for(self, dtype: np.dtype[Any]) -> float:
        """eps as it is added to a variance of that type."""
        return float(np.finfo(dtype).eps) if self.eps is None else self.eps


@dataclass(frozen=True, kw_only=True)
class LayerNormConfig(NormConfig):
    """Options of a normalisation that starts out as layer normalisation."""

    kind: str = option(Choice(KINDS), "layer", "which cells share a mean and a variance")


@dataclass(frozen=True)
class NormPlan:
    """Which cells go together: the axes of the input, of the statistics, and of gamma and beta."""

    kind: str
    names: tuple[str, ...]
    shape: Shape
    groups: int
    last: int
    strided: bool = False

    @property
    def stat(self) -> tuple[str, ...]:
        """The axes of mean and variance."""
        if self.kind in LAST:
            return self.names[: -self.last]
        if self.kind == "batch":
            return self.names[1:2]
        return (self.names[0], "groups") if self.kind == "group" else self.names[:2]

    @property
    def stat_shape(self) -> Shape:
        """The sizes of mean and variance."""
        sizes = {**dict(zip(self.names, self.shape, strict=True)), "groups": self.groups}
        return tuple(sizes[name] for name in self.stat)

    @property
    def terms(self) -> int:
        """How many cells share a mean."""
        return count(self.shape) // count(self.stat_shape)

    @property
    def weight(self) -> tuple[str, ...]:
        """The axes of gamma and beta."""
        return self.names[-self.last :] if self.kind in LAST else self.names[1:2]

    @property
    def weight_shape(self) -> Shape:
        """The sizes of gamma and beta."""
        return self.shape[-self.last :] if self.kind in LAST else self.shape[1:2]

    @property
    def trailing(self) -> int:
        """The axes that a group's gamma lacks behind its own."""
        return len(self.names) - 2 if self.kind == "group" else 0

    def region(self, tensor: str, here: Mapping[str, int]) -> Region:
        """The cells of ``tensor`` (with the input's axes) that share the statistic ``here``."""
        if self.kind != "group":
            return at(tensor, here, *self.stat)
        return at(tensor, here, self.names[0], **{self.names[1]: self._members(here)})

    def weights(self, tensor: str, here: Mapping[str, int]) -> Region:
        """The gamma or beta of those cells: one, one a channel of a group, or one a cell."""
        if self.kind in LAST:
            return at(tensor, here)
        return at(tensor, here, **{self.names[1]: self._members(here) if self.kind == "group" else here[self.names[1]]})

    def _members(self, here: Mapping[str, int]) -> range:
        if self.strided:  # MLX's groups are channels i, i + groups, …
            return range(here["groups"], self.shape[1], self.groups)
        size = self.shape[1] // self.groups
        return range(here["groups"] * size, (here["groups"] + 1) * size)

    def fold(self, x: Array) -> Array:
        """The input with the cells that share a statistic along one last axis."""
        if self.kind == "group" and self.strided:
            x = x.reshape(len(x), -1, self.groups, *self.shape[2:]).swapaxes(1, 2)
        return (np.moveaxis(x, 1, 0) if self.kind == "batch" else x).reshape(*self.stat_shape, -1)

    def unfold(self, folded: Array) -> Array:
        """Back from ``fold``."""
        if self.kind == "group" and self.strided:
            apart = folded.reshape(self.shape[0], self.groups, -1, *self.shape[2:])
            return np.ascontiguousarray(apart.swapaxes(1, 2)).reshape(self.shape)
        if self.kind != "batch":
            return folded.reshape(self.shape)
        moved = folded.reshape(self.shape[1], self.shape[0], *self.shape[2:])
        return np.ascontiguousarray(np.moveaxis(moved, 0, 1))

    def spread(self, weight: Array) -> Array:
        """Gamma or beta shaped to broadcast over the input."""
        return weight if self.kind in LAST else weight.reshape(-1, *(1,) * (len(self.names) - 2))


def plan(config: NormConfig, shape: Shape) -> NormPlan:
    """Which cells of an input of this shape go together."""
    return NormPlan(
        config.kind, _names(config.kind, len(shape)), shape, config.groups or 1, config.normalized_axes or 1,
        CONVENTIONS[config.convention].groups == "strided",
    )  # fmt: skip


def _names(kind: str, ndim: int) -> tuple[str, ...]:
    if ndim <= 2:
        return ("batch", "features")[-ndim:]
    if ndim == 3 and kind in LAST:
        return ("batch", "time", "features")
    return ("batch", "channels", *("depth", "height", "width")[2 - ndim :])


def complete(config: NormConfig, shapes: Mapping[str, Shape | None]) -> tuple[NormConfig, dict[str, Shape]]:
    """Every size filled in. Without values gamma is 1 and beta 0, the running mean 0 and the running variance 1.

    Of batchnorm: ``input`` (batch, features) give ``output`` (batch, features).
    Raises ``ShapeError`` for arrays that do not fit the layer or each other, ``OptionError`` for options that do not
    go together.
    """
    kind = config.kind
    _only(config, "groups", ("group",))
    _only(config, "normalized_axes", LAST)
    _only(config, "momentum", ("batch",))
    if config.mode == "inference" and kind != "batch":
        raise OptionError(f"mode is inference, but kind {kind} keeps no running statistics; kind batch does")
    given = _usual(kind, shapes) if shapes.get("input") is None else tuple(shapes["input"] or ())
    if len(given) == 1 and kind in LAST:
        given = (1, *given)
    if not 2 <= len(given) <= 5:
        raise ShapeError(f"input has {axes_text(len(given))}, but must have 2 to 5 ({', '.join(_names(kind, 4))})")
    if kind == "group":
        config = config.replace(groups=config.groups or 2)
    if kind in LAST:
        config = config.replace(normalized_axes=config.normalized_axes or 1)
    if kind == "batch" and config.momentum is None:
        config = config.replace(momentum=_momentum(config))
    usual = CONVENTIONS[config.convention].eps.get("group" if kind == "instance" else kind)
    if config.eps is None and usual is not None:  # PyTorch's RMS norm takes the eps of the type
        config = config.replace(eps=usual)
    found = _checked(config, given)
    needed = {"input": found.shape}
    for name in _WEIGHTS:
        shape = ranked(name, shapes.get(name), found.weight)
        if shape is not None and _uses(config, name):
            needed[name] = door.fitting(name, shape, found.weight_shape, ", ".join(found.weight))
    window.affordable("input", found.shape)
    return config, needed


def _usual(kind: str, shapes: Mapping[str, Shape | None]) -> Shape:
    """The input's shape where none is given: as the weights that are."""
    rows, *rest = _DEFAULT[kind]
    weight = next((shape for name in _WEIGHTS if (shape := shapes.get(name))), None)
    return (rows, *rest) if weight is None else (rows, *weight, *(() if kind in LAST else rest[1:]))


def _momentum(config: NormConfig) -> float:
    """The library's own; of one that has none, none that matters, as long as nothing is trained."""
    whose = CONVENTIONS[config.convention]
    if whose.momentum is None and config.mode == "training":
        raise OptionError(
            f"{whose.library} has no momentum of its own, and corrects its running statistics for their start, which "
            f"this batch normalisation does not; give the convention torch or keras and a momentum, or mode inference"
        )
    return whose.momentum or 0.0


def _only(config: NormConfig, name: str, kinds: tuple[str, ...]) -> None:
    if getattr(config, name) is not None and config.kind not in kinds:
        raise OptionError(
            f"{name} is {config.shown()[name]}, but kind {config.kind} takes none; it goes with {', '.join(kinds)}"
        )


def _uses(config: NormConfig, name: str) -> bool:
    if name in ("gamma", "beta"):
        return config.affine  # RMS norm has no beta unless one is given, as Equinox' has
    return config.kind == "batch"


def _checked(config: NormConfig, shape: Shape) -> NormPlan:
    """Refuse groups that do not divide the channels, axes that are not there, statistics of a single number."""
    kind, groups, last = config.kind, config.groups or 1, config.normalized_axes or 1
    if shape[1] % groups:
        raise OptionError(f"groups is {groups}, but must divide the channels, which are {shape[1]}")
    if last >= len(shape):
        raise OptionError(f"normalized_axes is {last}, but must be less than the input's {axes_text(len(shape))}")
    if kind == "instance" and len(shape) < 3:
        raise ShapeError(f"kind instance normalises over height and width, but the input has {axes_text(len(shape))}")
    found = plan(config, shape)
    if kind in ("batch", "instance") and config.mode == "training" and found.terms == 1:
        raise ShapeError(f"kind {kind} in training needs more than 1 number for each {found.stat[-1]}, but there is 1")
    return found
