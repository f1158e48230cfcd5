"""Pooling's options, windows and shapes: what goes together, what is filled in, what is said about it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from layeranim.engine import window
from layeranim.engine.door import fitting
from layeranim.engine.entry import ranked, unused
from layeranim.engine.option import Choice, Config, Flag, Integer, Padding, PerAxis, Real, option
from layeranim.engine.trace import Array, Shape
from layeranim.engine.window import Axis
from layeranim.errors import OptionError, ShapeError
from layeranim.records import dataclass

WINDOWED = ("max", "mean", "lp")
MODES = (*WINDOWED, "global-max", "global-mean", "adaptive-max", "adaptive-mean")
MAXIMA = ("max", "global-max", "adaptive-max")
_ADAPTIVE = ("adaptive-max", "adaptive-mean")
_OF_MODE = {
    "kernel_size": WINDOWED,
    "stride": WINDOWED,
    "count_include_pad": ("mean",),
    "divisor_override": ("mean",),
    "norm_type": ("lp",),
    "output_size": _ADAPTIVE,
}


@dataclass(frozen=True, kw_only=True)
class PoolConfig(Config):
    """Options of 2D pooling. ``None`` is filled in where the mode reads it."""

    mode: str = option(Choice(MODES), "max", "what a window becomes: its largest number, its mean, its p-norm")
    kernel_size: tuple[int, ...] | None = option(
        PerAxis(2, optional=True), None, "height and width of the window (default: 2)", short="-k",
        aliases=("pool_size",),
    )  # fmt: skip
    stride: tuple[int, ...] | None = option(
        PerAxis(2, optional=True), None, "cells from one window to the next (default: the window's size)", short="-s",
        aliases=("strides",),
    )  # fmt: skip
    padding: str | tuple[tuple[int, int], ...] = option(
        Padding(2), 0, "cells added around the input, never chosen as the largest; same pads as Keras does", short="-p"
    )
    dilation: tuple[int, ...] = option(
        PerAxis(2), 1, "cells from one tap of the window to the next (max only)", short="-d", aliases=("dilation_rate",)
    )
    ceil_mode: bool = option(Flag(), False, "keep a last window that hangs over the edge")
    count_include_pad: bool | None = option(
        Flag(), None, "count the padding in a mean's divisor (default: yes, but not with padding same)"
    )
    divisor_override: int | None = option(Integer(1), None, "divide every sum by this number instead of the count")
    norm_type: float | None = option(Real(low=1), None, "p of the p-norm (default: 2)")
    output_size: tuple[int, ...] | None = option(
        PerAxis(2, optional=True), None, "height and width of an adaptive output (default: 2)"
    )
    backward: bool = option(Flag(), False, "send a gradient back: to each window's winner, or spread over its cells")


@dataclass(frozen=True, kw_only=True)
class Pool1dConfig(PoolConfig):
    """Options of 1D pooling."""

    kernel_size: tuple[int, ...] | None = option(
        PerAxis(1, optional=True), None, "cells of the window (default: 2)", short="-k", aliases=("pool_size",)
    )
    stride: tuple[int, ...] | None = option(
        PerAxis(1, optional=True), None, "cells from one window to the next (default: the window's size)", short="-s",
        aliases=("strides",),
    )  # fmt: skip
    padding: str | tuple[tuple[int, int], ...] = option(Padding(1), 0, "cells added at both ends", short="-p")
    dilation: tuple[int, ...] = option(PerAxis(1), 1, "cells from one tap to the next (max only)", short="-d")
    output_size: tuple[int, ...] | None = option(PerAxis(1, optional=True), None, "cells of an adaptive output")


@dataclass(frozen=True, kw_only=True)
class Pool3dConfig(PoolConfig):
    """Options of 3D pooling."""

    kernel_size: tuple[int, ...] | None = option(
        PerAxis(3, optional=True), None, "depth, height and width of the window (default: 2)", short="-k",
        aliases=("pool_size",),
    )  # fmt: skip
    stride: tuple[int, ...] | None = option(
        PerAxis(3, optional=True), None, "cells from one window to the next (default: the window's size)", short="-s",
        aliases=("strides",),
    )  # fmt: skip
    padding: str | tuple[tuple[int, int], ...] = option(Padding(3), 0, "cells added around the input", short="-p")
    dilation: tuple[int, ...] = option(PerAxis(3), 1, "cells from one tap to the next (max only)", short="-d")
    output_size: tuple[int, ...] | None = option(PerAxis(3, optional=True), None, "size of an adaptive output")


AXES: dict[type[PoolConfig], int] = {PoolConfig: 2, Pool1dConfig: 1, Pool3dConfig: 3}


def spatial(n: int, prefix: str = "") -> tuple[str, ...]:
    """The names of the last ``n`` of depth, height and width."""
    return tuple(prefix + name for name in ("depth", "height", "width")[-n:])


@dataclass(frozen=True)
class Bins:
    """An axis cut into ``out`` windows that cover it evenly: from ⌊i·n/out⌋ to ⌈(i + 1)·n/out⌉, as PyTorch cuts."""

    name: str
    size: int
    out: int
    before: int = 0
    after: int = 0

    @property
    def padded(self) -> int:
        """The size; there is no padding."""
        return self.size

    @property
    def kernel(self) -> int:
        """The cells of the largest window."""
        i = np.arange(self.out)
        return int(np.max(-(-(i + 1) * self.size // self.out) - i * self.size // self.out))

    @property
    def formula(self) -> str:
        """The windows' ends with the numbers put in."""
        return f"⌊i·{self.size}/{self.out}⌋ … ⌈(i + 1)·{self.size}/{self.out}⌉"

    def taps(self, at: int) -> range:
        """The positions that the window of output cell ``at`` reads."""
        return range(at * self.size // self.out, -(-(at + 1) * self.size // self.out))


@dataclass(frozen=True)
class Side:
    """One axis of a pooling: its windows, and how many cells the last one hangs over the padded edge."""

    along: Axis | Bins
    overhang: int = 0

    def table(self) -> tuple[Array, Array]:
        """(positions in the input, whether a cell of the input is there), both (out, kernel)."""
        n, taps = self.along.size, np.arange(self.along.kernel)
        outs = np.arange(self.along.out)[:, None]
        if isinstance(self.along, Bins):
            positions = outs * n // self.along.out + taps
            return positions, np.asarray(positions < -(-(outs + 1) * n // self.along.out))
        positions = outs * self.along.stride + taps * self.along.dilation - self.along.before
        return positions, np.asarray((positions >= 0) & (positions < n))

    def counted(self, pads: bool) -> Array:
        """How many cells of each window a mean counts: those of the input, or those and the padding's."""
        positions, inside = self.table()
        if not pads:
            return np.asarray(inside.sum(axis=1))
        return np.asarray((positions < self.along.size + self.along.after - self.overhang).sum(axis=1))


def makes(config: PoolConfig, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    """The padded input, the output, and beside it indices or sums; on the way what the taps along one axis read.

    A mean has all of them at once, a maximum the best so far, where it was, and the next of both.
    """
    x = shapes["input"]
    found = sides(config, x[2:])
    out = (*x[:2], *(side.along.out for side in found))
    padded = (*x[:2], *(n + s.along.before + s.along.after for n, s in zip(x[2:], found, strict=True)))
    taps = 5 if config.mode in (*MAXIMA, "lp") else found[-1].along.kernel
    made = {"padded": padded, "output": out, "beside": out, "taps": (taps, *x[:-1], found[-1].along.out)}
    return {**made, "grad_input": x, "shares": out} if config.backward else made


def sides(config: PoolConfig, sizes: Shape) -> tuple[Side, ...]:
    """The windows along each axis of a complete Config over an input of these sizes."""
    names = spatial(len(sizes))
    if config.mode in _ADAPTIVE:
        outs = config.output_size or ()
        window.affordable("the output", outs)
        return tuple(Side(Bins(*item)) for item in zip(names, sizes, outs, strict=True))
    if config.mode not in WINDOWED:
        return tuple(Side(Axis(name, n, n, 1, 1, 0, 0)) for name, n in zip(names, sizes, strict=True))
    kernel, stride = config.kernel_size or (), config.stride or ()
    if config.ceil_mode and not isinstance(config.padding, str):
        items = zip(names, sizes, kernel, stride, config.dilation, config.padding, strict=True)
        found = tuple(_hanging(*item) for item in items)
    else:
        axes = window.slide(
            config.padding, sizes, kernel, stride, config.dilation, convention="keras", names=names
        )  # fmt: skip
        found = tuple(Side(axis) for axis in axes)
    for side in found:
        window.affordable(f"the windows along the {side.along.name}", (side.along.out, side.along.kernel))
        _check(side)
    return found


def _hanging(name: str, size: int, kernel: int, stride: int, dilation: int, pads: tuple[int, int]) -> Side:
    """PyTorch's ceil_mode: ⌈…⌉ in place of ⌊…⌋, but no window that starts in the padding at the end."""
    plain = Axis(name, size, kernel, stride, dilation, *pads)
    out = -(-(plain.padded - plain.reach) // stride) + 1
    if (out - 1) * stride >= size + pads[0]:
        out -= 1
    if out < 1:
        raise ShapeError(
            f"kernel_size {kernel} spans {plain.reach} cells and the padded {name} is {plain.padded}: no window fits, "
            f"not even with ceil_mode and stride {stride}"
        )
    overhang = max(0, (out - 1) * stride + plain.reach - plain.padded)
    return Side(Axis(name, size, kernel, stride, dilation, pads[0], pads[1] + overhang), overhang)


def _check(side: Side) -> None:
    """PyTorch's limit of the padding, and no window without a cell of the input."""
    axis = side.along
    if isinstance(axis, Axis):
        widest = max(axis.before, axis.after - side.overhang)
        if widest > axis.reach // 2:
            raise OptionError(
                f"padding is {widest}, but may be at most {axis.reach // 2}: half of the {axis.reach} cells that "
                f"kernel_size {axis.kernel} with dilation {axis.dilation} spans"
            )
    if not side.table()[1].any(axis=1).all():
        raise ShapeError(
            f"a window with kernel_size {axis.kernel} over {axis.size} cells would read padding alone; "
            "take less padding or dilation"
        )


def complete(config: PoolConfig, shapes: Mapping[str, Shape | None]) -> tuple[PoolConfig, dict[str, Shape]]:
    """Every size filled in; an input may come without batch, or without batch and channels.

    Of pool: ``input`` (batch, channels, height, width) give ``output`` (batch, channels, out_height, out_width).
    Raises ``ShapeError`` for arrays that do not fit the layer or each other, ``OptionError`` for options that do not
    go together.
    """
    n = AXES[type(config)]
    mode = config.mode
    unused(config, "mode", _OF_MODE)
    _only("dilation", config.dilation, (1,) * n, mode, ("max",), config)
    for name, plain in (("padding", ((0, 0),) * n), ("ceil_mode", False)):
        _only(name, getattr(config, name), plain, mode, WINDOWED, config)
    if mode in WINDOWED:
        kernel = config.kernel_size or (2,) * n
        config = config.replace(kernel_size=kernel, stride=config.stride or kernel)
    if mode == "mean" and config.count_include_pad is None:
        config = config.replace(count_include_pad=config.padding != "same")
    if mode == "lp" and config.norm_type is None:
        config = config.replace(norm_type=2.0)
    if mode in _ADAPTIVE and config.output_size is None:
        config = config.replace(output_size=(2,) * n)
    shape = ranked("input", shapes.get("input"), ("batch", "channels", *spatial(n)), n) or (1, 1, *_default(config, n))
    out = tuple(side.along.out for side in sides(config, shape[2:]))
    for name, size in (("input", shape), ("output", (*shape[:2], *out))):
        window.affordable(name, size)
    if not config.backward:
        return config, {"input": shape}
    axes = ("batch", "channels", *spatial(n, "out_"))
    gradient = ranked("grad_output", shapes.get("grad_output"), axes, 1) or (*shape[:2], *out)
    return config, {
        "input": shape,
        "grad_output": fitting("grad_output", gradient, (*shape[:2], *out), ", ".join(axes)),
    }


def _only(name: str, value: Any, plain: Any, mode: str, modes: Sequence[str], config: PoolConfig) -> None:
    if value != plain and mode not in modes:
        raise OptionError(
            f"{name} is {config.shown()[name]}, but mode {mode} has none; it goes with {', '.join(modes)}"
        )


def _default(config: PoolConfig, n: int) -> Shape:
    """4 cells an axis, or as many as the window or the adaptive output needs."""
    kernel, outs = config.kernel_size or (1,) * n, config.output_size or (1,) * n
    return tuple(max(4, d * (k - 1) + 1, m) for k, d, m in zip(kernel, config.dilation, outs, strict=True))


def facts(config: PoolConfig, found: Sequence[Side], shape: Shape) -> dict[str, int | float | str]:
    """Sizes, counts and formulas with their numbers put in."""
    outs = tuple(side.along.out for side in found)
    said: dict[str, int | float | str] = {"channels": shape[1], "windows": math.prod(outs), "parameters": 0}
    for side in found:
        name = side.along.name
        said[f"out_{name}"] = side.along.out
        said[f"{name}_formula"] = _formula(side) if config.ceil_mode else side.along.formula
        said[f"{name}_overhang"] = side.overhang
    said["window_cells"] = math.prod(side.along.kernel for side in found)
    if config.mode in WINDOWED:
        said["padding"] = window.padding_text(_plain(side).pads for side in found)
    return said


def _plain(side: Side) -> Axis:
    """The axis without the cells that the last window hangs over."""
    axis = side.along
    if isinstance(axis, Bins):
        raise TypeError("bins have no padding")
    return Axis(axis.name, axis.size, axis.kernel, axis.stride, axis.dilation, axis.before, axis.after - side.overhang)


def _formula(side: Side) -> str:
    axis = _plain(side)
    inside = axis.formula.split(" = ")[0].replace("⌊", "⌈").replace("⌋", "⌉")
    least = -(-(axis.padded - axis.reach) // axis.stride) + 1
    dropped = " − 1 (it would start in the padding)" if least > side.along.out else ""
    return f"{inside}{dropped} = {side.along.out}"
