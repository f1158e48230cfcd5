"""Pooling: every window of the input becomes one number; there are no weights, and channels stay apart.

max: the largest number of the window, padding never chosen, the first in reading order where several are equal;
mean: their sum by a divisor; lp: (Σ |x|ᵖ)^(1/p) over the cells of the input (PyTorch leaves out the bars, and scales
a window up that hangs over the edge). A NaN in a window is its maximum.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from layeranim.engine import pool_shapes
from layeranim.engine.arithmetic import at, few, per_cell
from layeranim.engine.entry import enter
from layeranim.engine.option import ArrayOption, Layer
from layeranim.engine.pool_backward import backward, steps
from layeranim.engine.pool_shapes import MAXIMA, Bins, Pool1dConfig, Pool3dConfig, PoolConfig, Side, sides, spatial
from layeranim.engine.replay import operation
from layeranim.engine.trace import Array, Index, Recipe, Region, Step, Steps, Tensor, Trace, count, kept, tensors

Cell = Mapping[str, int]
BACK = ("grad_output", "shares", "grad_input")


def compute(name: str, config: PoolConfig, arrays: Mapping[str, Array]) -> Trace:
    """The trace of one pooling of ``input`` (batch, channels, height, width), or without its first axes.

    With ``backward`` it goes on with the gradient of ``input`` from ``grad_output``.

    Raises ``ShapeError`` or ``OptionError`` for what does not go together.
    """
    n = pool_shapes.AXES[type(config)]
    full, ready = enter(name, _arrays(n), pool_shapes.complete, config, arrays)
    x = ready["input"]
    found = sides(full, x.shape[2:])
    fill = -np.inf if full.mode in MAXIMA else 0.0
    padded, out = _padded(x, found, fill), ("batch", "channels", *spatial(n, "out_"))
    held = [Tensor("input", ("batch", "channels", *spatial(n)), "input", x)]
    held.append(Tensor("padded", ("batch", "channels", *spatial(n, "padded_")), "intermediate", padded))
    with np.errstate(all="ignore"):
        if full.mode in MAXIMA:
            largest, where = _largest(x, found)
            held.append(Tensor("indices", out, "intermediate", where))
            held.append(Tensor("output", out, "output", largest))
        elif full.mode == "lp":
            held.append(Tensor("output", out, "output", _norm(x, found, full.norm_type or 2.0)))
        else:
            sums, divisors = _sums(x, found), _divisors(full, found).astype(x.dtype)
            held.append(Tensor("sums", out, "intermediate", sums))
            held.append(Tensor("divisors", out[2:], "intermediate", divisors))
            held.append(Tensor("output", out, "output", sums / divisors))
    made = assemble(name, full, tensors(*held))
    if not full.backward:
        return made
    back = backward(made, {"output": ready["grad_output"]}).tensors
    return assemble(name, full, tensors(*held, *(back[key] for key in BACK if key in back)))


def _padded(x: Array, found: Sequence[Side], fill: float) -> Array:
    widths = [(0, 0), (0, 0), *((side.along.before, side.along.after) for side in found)]
    return np.pad(x, widths, constant_values=fill) if any(a or b for a, b in widths) else x


def _largest(x: Array, found: Sequence[Side]) -> tuple[Array, Array]:
    """Maximum of every window, one axis after another, and its flat index in the plane; NaN is the largest."""
    best, where = x, np.zeros((1,) * x.ndim, np.int64)
    for k in reversed(range(len(found))):
        axis, stride = k + 2, count(x.shape[k + 3 :])
        positions, inside = found[k].table()
        first = np.take_along_axis(positions, inside.argmax(axis=1)[:, None], axis=1)
        positions = np.where(inside, positions, first)
        flat = np.broadcast_to(where + _along(np.arange(x.shape[axis]), axis, x.ndim) * stride, best.shape)
        values, places = best, flat
        best, where = np.take(values, positions[:, 0], axis), np.take(places, positions[:, 0], axis)
        for tap in range(1, positions.shape[1]):
            other = np.take(values, positions[:, tap], axis)
            better = (other > best) | (np.isnan(other) & ~np.isnan(best))
            best = np.where(better, other, best)
            where = np.where(better, np.take(places, positions[:, tap], axis), where)
    return best, where


def _sums(x: Array, found: Sequence[Side]) -> Array:
    """Sum of every window, one axis after another; padding adds nothing."""
    for k, side in reversed(list(enumerate(found))):
        positions, inside = side.table()
        terms = [
            np.where(_along(there, k + 2, x.ndim), np.take(x, np.where(there, place, 0), k + 2), 0)
            for place, there in zip(positions.T, inside.T, strict=True)
        ]
        x = np.asarray(sum(terms[1:], terms[0]), dtype=x.dtype)
    return x


def _norm(x: Array, found: Sequence[Side], p: float) -> Array:
    """(Σ |x|ᵖ)^(1/p), scaled by the largest so that no power overflows."""
    size = np.abs(x)
    most, _ = _largest(size, found)
    scale = np.where((most > 0) & np.isfinite(most), most, 1)
    total = np.zeros_like(most)
    tables = [side.table() for side in found]
    for taps in np.ndindex(*(positions.shape[1] for positions, _ in tables)):
        values, there = size, np.asarray(True)
        for k, (tap, (positions, inside)) in enumerate(zip(taps, tables, strict=True)):
            values = np.take(values, np.where(inside[:, tap], positions[:, tap], 0), k + 2)
            there = there & _along(inside[:, tap], k + 2, x.ndim)
        total += np.where(there, (values / scale) ** p, 0)
    return np.asarray(np.where(np.isfinite(most), scale * total ** (1 / p), most), dtype=x.dtype)


def _divisors(config: PoolConfig, found: Sequence[Side]) -> Array:
    """What each window's sum is divided by, (out_height, out_width)."""
    outs = tuple(side.along.out for side in found)
    if config.divisor_override is not None:
        return np.full(outs, config.divisor_override)
    total = np.ones(outs, np.int64)
    for k, side in enumerate(found):
        total = total * _along(side.counted(bool(config.count_include_pad)), k, len(found))
    return total


def _along(values: Array, axis: int, ndim: int) -> Array:
    """A vector shaped to broadcast along one axis."""
    return values.reshape([-1 if k == axis else 1 for k in range(ndim)])


def assemble(name: str, config: PoolConfig, saved: Mapping[str, Tensor]) -> Trace:
    """The trace from its stored tensors: windows, steps and facts are made here."""
    x = saved["input"]
    found = sides(config, x.shape[2:])
    names = ("input", "padded", "indices", "sums", "divisors", "output", *BACK)
    every = tensors(*(saved[key] for key in names if key in saved))
    every = {
        "input": every.pop("input"),
        "padded": every.pop("padded"),
        "windows": _windows(config, saved, found),
        **every,
    }
    acts = _steps(config, found, x.shape)
    if "grad_input" in saved:
        acts = Steps.chain(acts, steps(config, found, saved))
    return Trace(name, config, every, acts, pool_shapes.facts(config, found, x.shape))


def _windows(config: PoolConfig, saved: Mapping[str, Tensor], found: Sequence[Side]) -> Tensor:
    """What every window reads, (…, out_height, out_width, kernel_height, kernel_width), read on demand.

    A window smaller than the largest holds the padding's value in the cells that it lacks.
    """
    padded, n = saved["padded"], len(found)
    fill = -np.inf if config.mode in MAXIMA else 0.0
    shape = (*padded.shape[:2], *(side.along.out for side in found), *(side.along.kernel for side in found))

    def read(index: Index) -> Array:
        picked = [np.asarray(k if isinstance(k, range) else (k,)) for k in kept(index, shape)]
        batch, channel = (_along(where, k, 2 + 2 * n) for k, where in enumerate(picked[:2]))
        places: list[Array] = [batch, channel]
        missing: Any = False
        for k, side in enumerate(found):
            outs, taps = _along(picked[2 + k], 2 + k, 2 + 2 * n), _along(picked[2 + n + k], 2 + n + k, 2 + 2 * n)
            here, gone = _places(side, outs, taps)
            places.append(here)
            missing = missing | gone
        cells = np.where(missing, padded.dtype.type(fill), padded.array[tuple(places)])
        return np.asarray(cells[tuple(slice(None) if isinstance(k, slice) else 0 for k in index)])

    axes = (*saved["output"].axes, *spatial(n, "kernel_"))
    return Tensor("windows", axes, "intermediate", Recipe(shape, padded.dtype, read))


def _places(side: Side, outs: Array, taps: Array) -> tuple[Array, Array]:
    """(positions in ``padded``, whether the window has no such cell)."""
    axis = side.along
    if isinstance(axis, Bins):
        here = outs * axis.size // axis.out + taps
        gone = here >= -(-(outs + 1) * axis.size // axis.out)
        return np.where(gone, 0, here), gone
    here = outs * axis.stride + taps * axis.dilation
    return here, np.zeros(here.shape, bool)


def window(found: Sequence[Side], here: Cell) -> Region:
    """The cells of ``padded`` that the output cell ``here`` is computed from."""
    taps = {f"padded_{side.along.name}": side.along.taps(here[f"out_{side.along.name}"]) for side in found}
    return at("padded", here, "batch", "channels", **taps)


def _steps(config: PoolConfig, found: Sequence[Side], shape: tuple[int, ...]) -> Steps:
    axes = ("batch", "channels", *spatial(len(found), "out_"))

    def choose(c: Cell) -> Step:
        return Step("select", (window(found, c),), at("output", c, *axes))

    def norm(c: Cell) -> Step:
        return Step("norm", (window(found, c),), at("output", c, *axes), (("p", config.norm_type),))

    def total(c: Cell) -> Step:
        return Step("add", (window(found, c),), at("sums", c, *axes))

    def divide(c: Cell) -> Step:
        return Step("divide", (at("sums", c, *axes), at("divisors", c, *axes[2:])), at("output", c, *axes))

    acts = (choose,) if config.mode in MAXIMA else (norm,) if config.mode == "lp" else (total, divide)
    return per_cell(axes, (*shape[:2], *(side.along.out for side in found)), *acts)


def sides_of(trace: Trace) -> tuple[Side, ...]:
    """The windows along each axis."""
    config: Any = trace.config
    return sides(config, trace.tensor("input").shape[2:])


def steps_of(trace: Trace, *cell: int) -> range:
    """The places in ``trace.steps`` of the acts of one output cell (batch, channel, row, column)."""
    acts = 2 if "sums" in trace else 1
    flat = int(np.ravel_multi_index(cell, trace.tensor("output").shape))
    return range(acts * flat, acts * (flat + 1))


def steps_back(trace: Trace, cell: tuple[int, ...], reached: Iterable[tuple[int, ...]]) -> list[int]:
    """With ``backward``, the places of an output cell's share, if it has one, and of the sums of input cells."""
    outs, ins = trace.tensor("output").shape, trace.tensor("input").shape
    first, acts = steps_of(trace, *(n - 1 for n in outs)).stop, count(outs) if "shares" in trace else 0
    share = [first + int(np.ravel_multi_index(cell, outs))] if acts else []
    return share + [first + acts + int(np.ravel_multi_index(one, ins)) for one in reached]


def unread(trace: Trace) -> dict[str, tuple[int, ...]]:
    """By axis name (height, width) the positions of the input that no window reads."""
    found = {}
    for side in sides_of(trace):
        positions, inside = side.table()
        read = set(positions[inside].tolist())
        found[side.along.name] = tuple(at for at in range(side.along.size) if at not in read)
    return found


def _norm_terms(x: Array, *, p: float) -> tuple[int, float]:
    n, magnitude = few(norm_of(x, p=p))
    return n + x.size, magnitude


@operation("norm", _norm_terms)
def norm_of(x: Array, *, p: float) -> Array:
    """(Σ |x|ᵖ)^(1/p) over every cell."""
    size = np.abs(x)
    most = np.max(size)
    if most == 0 or not np.isfinite(most):
        return np.asarray(most)
    return np.asarray(most * np.sum((size / most) ** p) ** (1 / p))


def _arrays(n: int) -> tuple[ArrayOption, ...]:
    axes, out = ("batch", "channels", *spatial(n)), ("batch", "channels", *spatial(n, "out_"))
    return (
        ArrayOption("input", axes, "input", "the image or feature maps"),
        ArrayOption("grad_output", out, "input", "the gradient of the output, with --backward", optional=True),
    )


def _layer(name: str, title: str, config: type[PoolConfig]) -> Layer:
    n = pool_shapes.AXES[config]
    made, read = ", ".join("ijk"[:n]), ", ".join(f"{axis}·s + … − p" for axis in "ijk"[:n])
    return Layer(
        name=name,
        title=title,
        config=config,
        arrays=_arrays(n),
        complete=pool_shapes.complete,
        compute=partial(compute, name),
        assemble=partial(assemble, name),
        formula=f"y[b, c, {made}] = max, mean or p-norm of x[b, c, {read}]",
        source=f"Goodfellow, Bengio, Courville: Deep Learning (2016), section 9.3; torch.nn.MaxPool{n}d, AvgPool{n}d",
        backward=backward,
        makes=pool_shapes.makes,
        back=0.5,
    )


POOL = _layer("pool", "Pooling", PoolConfig)
POOL_1D = _layer("pool1d", "1D pooling", Pool1dConfig)
POOL_3D = _layer("pool3d", "3D pooling", Pool3dConfig)
