"""Resampling: a map at another size, each new cell taken from, or mixed of, the old ones nearest to it.

Cell ``i`` of the new axis lies at ``(i + ½) · n_old/n_new − ½`` of the old one, or, corner on corner
(``align_corners``), at ``i · (n_old − 1)/(n_new − 1)``. bilinear mixes 2 cells an axis by their distance, bicubic 4;
``antialias`` draws both as wide as the new cells are, where these are wider than the old ones.
Keys, Cubic convolution interpolation for digital image processing (1981), with a = −¾; torch.nn.functional.interpolate.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np

from layeranim.engine import window
from layeranim.engine.arithmetic import per_cell
from layeranim.engine.backward import beside, passed_back, start
from layeranim.engine.entry import enter, ranked
from layeranim.engine.memory import times_of
from layeranim.engine.option import ArrayOption, Choice, Config, Flag, Layer, PerAxis, Real, option
from layeranim.engine.replay import finite_max, operation
from layeranim.engine.trace import Array, Region, Shape, Step, Tensor, Trace, tensors
from layeranim.errors import OptionError
from layeranim.records import dataclass

Cell = Mapping[str, int]
_INPUT, _OUTPUT = ("batch", "channels", "height", "width"), ("batch", "channels", "out_height", "out_width")
_CUBIC = -0.75


@dataclass(frozen=True, kw_only=True)
class UpsampleConfig(Config):
    """Options of resampling."""

    mode: str = option(
        Choice(("nearest", "nearest-exact", "bilinear", "bicubic")), "nearest", "how a new cell is made of old ones"
    )
    output_size: tuple[int, int] | None = option(
        PerAxis(low=1, optional=True), None, "height x width afterwards (default: by the factor)"
    )
    scale_factor: float | None = option(Real(above=0), None, "how many times larger (default: 2)")
    scale_width: float | None = option(Real(above=0), None, "the same for the width, where it differs")
    align_corners: bool = option(Flag(), False, "corners lie on corners, instead of edges on edges (not with nearest)")
    antialias: bool = option(Flag(), False, "where it shrinks, every old cell takes part (with bilinear and bicubic)")


@dataclass(frozen=True)
class Taps:
    """For each new cell of an axis the old ones that it is made of, from ``first`` on, and how much of each."""

    first: tuple[int, ...]
    weights: tuple[tuple[float, ...], ...]

    def matrix(self, size: int) -> Array:
        """(new, old): a row of weights for each new cell."""
        out = np.zeros((len(self.first), size))
        for row, (at, weights) in enumerate(zip(self.first, self.weights, strict=True)):
            out[row, at : at + len(weights)] = weights
        return out


@cache
def taps(mode: str, old: int, new: int, factor: float | None, corners: bool, smooth: bool = False) -> Taps:
    """How ``old`` cells become ``new``; a ``factor`` that was given is what places are counted by, as in PyTorch."""
    places = np.arange(new)
    if smooth:
        step = (old - 1) / (new - 1) if corners and new > 1 else 0.0 if corners else 1 / factor if factor else old / new
        return _smoothed(mode, old, step * (places + 0.5), max(step, 1.0))
    if mode.startswith("nearest"):
        # float32, because PyTorch rounds so, and which cell is nearest can hang on it
        single = np.float32(1 / factor) if factor else np.float32(old) / np.float32(new)
        shift = np.float32(0.5 if mode == "nearest-exact" else 0)
        nearest = np.minimum(np.floor((places.astype(np.float32) + shift) * single).astype(int), old - 1)
        return Taps(tuple(nearest.tolist()), ((1.0,),) * new)
    if corners:
        at = places * ((old - 1) / (new - 1) if new > 1 else 0.0)
    else:
        at = (places + 0.5) * (1 / factor if factor else old / new) - 0.5
        at = np.maximum(at, 0) if mode == "bilinear" else at
    base = np.floor(at)
    around, weight = mixed(mode, at - base)
    return _merged(base.astype(int)[:, None] + around, weight, old)


def mixed(mode: str, t: Array) -> tuple[Array, Array]:
    """Which cells around a place take part, and how much, ``t`` being how far it is past the first of them."""
    if mode == "bilinear":
        return np.arange(2), np.stack([1 - t, t], axis=1)
    near = np.stack([t, 1 - t], axis=1)
    far = near + 1
    inner = ((_CUBIC + 2) * near - (_CUBIC + 3)) * near * near + 1
    outer = ((_CUBIC * far - 5 * _CUBIC) * far + 8 * _CUBIC) * far - 4 * _CUBIC
    return np.arange(-1, 3), np.stack([outer[:, 0], inner[:, 0], inner[:, 1], outer[:, 1]], axis=1)


def _smoothed(mode: str, old: int, middle: Array, wide: float) -> Taps:
    """The cells whose middles lie under the curve around each ``middle``, ``wide`` times as wide as usual, by its
    height there; the cubic one is Keys' own, with a = −½, as in PyTorch."""
    reach = wide * (1 if mode == "bilinear" else 2)
    first, weights = [], []
    for at in middle.tolist():
        begin, end = max(int(at - reach + 0.5), 0), min(int(at + reach + 0.5), old)
        d = np.abs((np.arange(begin, end) + 0.5 - at) / wide)
        if mode == "bilinear":
            height = np.maximum(1 - d, 0)
        else:
            height = np.where(d < 1, (1.5 * d - 2.5) * d * d + 1, np.where(d < 2, ((2.5 - 0.5 * d) * d - 4) * d + 2, 0))
        first.append(begin)
        weights.append(tuple((height / height.sum()).tolist()))
    return Taps(tuple(first), tuple(weights))


def _merged(index: Array, weight: Array, size: int) -> Taps:
    """Beyond the edge its cell is taken again; cells of no weight are left out at the ends."""
    first, weights = [], []
    for row, shares in zip(np.clip(index, 0, size - 1), weight, strict=True):
        begin = int(row[0])
        merged = np.zeros(int(row[-1]) - begin + 1)
        np.add.at(merged, row - begin, shares)
        used = np.flatnonzero(merged)
        first.append(begin + int(used[0]))
        weights.append(tuple(merged[used[0] : used[-1] + 1].tolist()))
    return Taps(tuple(first), tuple(weights))


def complete(config: UpsampleConfig, shapes: Mapping[str, Shape | None]) -> tuple[UpsampleConfig, dict[str, Shape]]:
    """The new size filled in; input (batch, channels, height, width), or without its first axes.

    Raises ``ShapeError`` for arrays that do not fit the layer or each other, ``OptionError`` for options that do not
    go together.
    """
    shape = ranked("input", shapes.get("input"), _INPUT, 2) or (1, 1, 2, 2)
    if config.align_corners and config.mode.startswith("nearest"):
        raise OptionError(f"align_corners is true, but mode {config.mode} knows no corners; use bilinear or bicubic")
    if config.antialias and config.mode.startswith("nearest"):
        raise OptionError(f"antialias is true, but mode {config.mode} takes one cell; use bilinear or bicubic")
    if config.scale_width is not None and config.scale_factor is None:
        raise OptionError(f"scale_width is {config.scale_width:g}, but scale_factor is not given, of which it differs")
    if config.output_size is None:
        height, width = _factors(config)
        size = (int(shape[2] * (height or 2)), int(shape[3] * (width or 2)))
        if min(size) < 1:
            raise OptionError(
                f"scale_factor makes {size[0]}×{size[1]} of {shape[2]}×{shape[3]}, but one cell must be left"
            )
        config = config.replace(output_size=size)
    for name, whole in {"input": shape, "output": (*shape[:2], *(config.output_size or ()))}.items():
        window.affordable(name, whole)
    return config, {"input": shape}


def _factors(config: UpsampleConfig) -> tuple[float | None, float | None]:
    return config.scale_factor, config.scale_factor if config.scale_width is None else config.scale_width


def _both(config: UpsampleConfig, shape: Shape) -> tuple[Taps, Taps]:
    """The taps of height and width. Corner on corner the factor says nothing but the size."""
    sizes = zip(shape[2:], config.output_size or (), _factors(config), strict=True)
    told = config.align_corners, config.antialias
    rows, columns = (taps(config.mode, old, new, factor, *told) for old, new, factor in sizes)
    return rows, columns


def makes(config: UpsampleConfig, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    """The output; on the way what each tap brings, and the map at its new height and old width."""
    (batch, channels, old, wide), (high, new) = shapes["input"], config.output_size or (1, 1)
    output = (batch, channels, high, new)
    return {"output": output, **times_of("tap", output, 2), "taller": (batch, channels, high, wide),
            "rows": (high, old), "columns": (new, wide)}  # fmt: skip


def compute(config: UpsampleConfig, arrays: Mapping[str, Array]) -> Trace:
    """The trace: ``output`` (batch, channels, out_height, out_width)."""
    full, ready = enter("upsample", _ARRAYS, complete, config, arrays)
    x = ready["input"]
    with np.errstate(all="ignore"):
        output = x
        for axis, one in zip((2, 3), _both(full, x.shape), strict=True):
            output = _resampled(output, axis, one)
    held = tensors(Tensor("input", _INPUT, "input", x), Tensor("output", _OUTPUT, "output", output))
    return assemble(full, held)


def _resampled(x: Array, axis: int, found: Taps) -> Array:
    """One axis anew, tap by tap: a cell without weight is not read, so that its NaN does not travel."""
    moved = np.moveaxis(x, axis, -1)
    most = max(map(len, found.weights))
    out = np.zeros((*moved.shape[:-1], len(found.first)), x.dtype)
    for tap in range(most):
        rows = [row for row, weights in enumerate(found.weights) if tap < len(weights)]
        part = moved[..., [found.first[row] + tap for row in rows]]
        part *= np.array([found.weights[row][tap] for row in rows], x.dtype)
        if len(rows) == out.shape[-1]:
            out += part
        else:
            out[..., rows] += part
    return np.ascontiguousarray(np.moveaxis(out, -1, axis))


def assemble(config: UpsampleConfig, saved: Mapping[str, Tensor]) -> Trace:
    """The trace from its stored tensors."""
    x, output = saved["input"], saved["output"]
    rows, columns = _both(config, x.shape)

    def act(c: Cell) -> Step:
        i, j = c["out_height"], c["out_width"]
        down, across = rows.weights[i], columns.weights[j]
        where = (("height", range(rows.first[i], rows.first[i] + len(down))),
                 ("width", range(columns.first[j], columns.first[j] + len(across))))  # fmt: skip
        read = Region("input", (("batch", c["batch"]), ("channels", c["channels"]), *where))
        return Step("mix_cells", (read,), Region("output", tuple(c.items())), (("down", down), ("across", across)))

    facts: dict[str, int | float | str] = {"height": output.shape[2], "width": output.shape[3], "parameters": 0}
    return Trace("upsample", config, tensors(x, output), per_cell(_OUTPUT, output.shape, act), facts)


def backward(trace: Trace, gradients: Mapping[str, Array]) -> Trace:
    """Each old cell gets from every new one as much as it had given."""
    g, x = start(trace, gradients), trace["input"]
    rows, columns = _both(trace.config, x.shape)  # type: ignore[arg-type]
    down, across = (found.matrix(n).astype(x.dtype) for found, n in ((rows, x.shape[2]), (columns, x.shape[3])))
    with np.errstate(all="ignore"):
        back = np.einsum("bcpq,ph,qw->bchw", g, down, across, optimize=bool(np.isfinite(g).all()))
    every = beside(trace, Tensor("grad_output", _OUTPUT, "input", g), Tensor("grad_input", _INPUT, "output", back))

    def act(c: Cell) -> Step:
        shares = tuple(
            tuple(float(n) for n in matrix[:, c[axis]]) for matrix, axis in ((down, "height"), (across, "width"))
        )
        read = Region("grad_output", (("batch", c["batch"]), ("channels", c["channels"])))
        told = (("down", shares[0]), ("across", shares[1]))
        return Step("mix_cells", (read,), Region("grad_input", tuple(c.items())), told)

    return passed_back(trace, {"output": g}, every, per_cell(_INPUT, x.shape, act))


def _terms(x: Array, *, down: tuple[float, ...], across: tuple[float, ...]) -> tuple[int, float]:
    sizes = np.abs(x) * np.abs(np.outer(down, across))
    return x.size + 4, finite_max(sizes.sum())


@operation("mix_cells", _terms)
def mix_cells(x: Array, *, down: tuple[float, ...], across: tuple[float, ...]) -> Array:
    """Σ x[i, j] · down[i] · across[j]."""
    return np.asarray((x * np.outer(down, across).astype(x.dtype)).sum())


_ARRAYS = (ArrayOption("input", _INPUT, "input", "the maps"),)

UPSAMPLE = Layer(
    name="upsample",
    title="Upsampling",
    config=UpsampleConfig,
    arrays=_ARRAYS,
    complete=complete,
    compute=compute,
    assemble=assemble,
    formula="y[b, c, i, j] = Σ x[b, c, p, q] · w_p(i) · w_q(j)",
    source="Keys, Cubic convolution interpolation (1981); torch.nn.Upsample",
    backward=backward,
    makes=makes,
)
