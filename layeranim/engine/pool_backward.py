"""Pooling backwards: a maximum's gradient goes to the cell that won, a mean's is spread over the window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from layeranim.engine.arithmetic import at, few, per_cell
from layeranim.engine.backward import beside, passed_back, start
from layeranim.engine.pool_shapes import MAXIMA, Side, sides, spatial
from layeranim.engine.replay import finite_max, operation
from layeranim.engine.trace import Array, Region, Step, Steps, Tensor, Trace, count

Cell = Mapping[str, int]


def backward(trace: Trace, gradients: Mapping[str, Array]) -> Trace:
    """The gradient of ``input`` from that of ``output``.

    max: the sum of the gradients of the windows that a cell won, the first in reading order where several are equal;
    mean: every cell of a window gets grad_output ÷ divisor; lp: grad_output · sign(x) (|x| ÷ output)^(p − 1).
    """
    config: Any = trace.config
    g, x = start(trace, gradients), trace.tensor("input")
    found = sides(config, x.shape[2:])
    axes = trace.axes("output")
    held = [Tensor("grad_output", axes, "input", g)]
    with np.errstate(all="ignore"):
        if config.mode in MAXIMA:
            total = _routed(g, trace["indices"], x.shape)
        elif config.mode == "lp":
            total = _bent(g, trace["output"], x.array, found, config.norm_type)
        else:
            shares = g / trace["divisors"]
            held.append(Tensor("shares", axes, "intermediate", shares))
            total = _spread(shares, x.shape, found)
    every = beside(trace, *held, Tensor("grad_input", x.axes, "output", total))
    return passed_back(trace, {"output": g}, every, steps(config, found, every))


def _routed(g: Array, indices: Array, shape: tuple[int, ...]) -> Array:
    plane = count(shape[2:])
    total = np.zeros((count(shape[:2]), plane), g.dtype)
    rows = np.arange(len(total))[:, None]
    np.add.at(total, (rows, indices.reshape(len(total), -1)), g.reshape(len(total), -1))
    return total.reshape(shape)


def _spread(shares: Array, shape: tuple[int, ...], found: Sequence[Side]) -> Array:
    """One axis after another, every window's share to each of its cells."""
    for k, side in enumerate(found):
        total = np.zeros((shape[k + 2], *np.moveaxis(shares, k + 2, 0).shape[1:]), shares.dtype)
        for place, there in zip(*(table.T for table in side.table()), strict=True):
            np.add.at(total, place[there], np.moveaxis(shares, k + 2, 0)[there])
        shares = np.moveaxis(total, 0, k + 2)
    return np.ascontiguousarray(shares)


def _bent(g: Array, y: Array, x: Array, found: Sequence[Side], p: float) -> Array:
    total = np.zeros_like(x)
    tables = [side.table() for side in found]
    for taps in np.ndindex(*(places.shape[1] for places, _ in tables)):
        there = [np.flatnonzero(inside[:, tap]) for tap, (_, inside) in zip(taps, tables, strict=True)]
        place = [places[outs, tap] for outs, tap, (places, _) in zip(there, taps, tables, strict=True)]
        lead = (np.arange(x.shape[0]), np.arange(x.shape[1]))
        cells, outs = np.ix_(*lead, *place), np.ix_(*lead, *there)
        np.add.at(total, cells, _bend(g[outs], y[outs], x[cells], p))
    return total


def _bend(g: Array, y: Array, x: Array, p: float) -> Array:
    """g · sign(x) (|x|/y)^(p − 1); 0 where the norm is 0 and has no derivative."""
    slope = np.sign(x) * (np.abs(x) / np.where(y == 0, 1, y)) ** x.dtype.type(p - 1)
    return np.asarray(np.where(y == 0, 0, g * slope))


def steps(config: Any, found: Sequence[Side], every: Mapping[str, Tensor]) -> Steps:
    """For a mean, first each window's share; then for each cell of the input the sum of what it gets."""
    shape, n = every["input"].shape, len(found)
    outs = ("batch", "channels", *spatial(n, "out_"))
    cells = ("batch", "channels", *spatial(n))
    over = partial(_over, [_reached(side) for side in found], found)

    def share(c: Cell) -> Step:
        return Step("divide", (at("grad_output", c, *outs), at("divisors", c, *outs[2:])), at("shares", c, *outs))

    def spread(c: Cell) -> Step:
        return Step("add", (over("shares", c),), at("grad_input", c, *cells))

    def bend(c: Cell) -> Step:
        reads = (over("grad_output", c), over("output", c), at("input", c, *cells))
        return Step("bend", reads, at("grad_input", c, *cells), (("p", config.norm_type),))

    def route(c: Cell) -> Step:
        flat = int(np.ravel_multi_index([c[name] for name in cells[2:]], shape[2:]))
        reads = (over("grad_output", c), over("indices", c))
        return Step("route", reads, at("grad_input", c, *cells), (("winner", flat),))

    if config.mode in MAXIMA:
        return per_cell(cells, shape, route)
    if config.mode == "lp":
        return per_cell(cells, shape, bend)
    return Steps.chain(per_cell(outs, every["grad_output"].shape, share), per_cell(cells, shape, spread))


def _reached(side: Side) -> Array:
    """For every position the first window that reads it and the one after the last, (size, 2); 0, 0 for none."""
    places, inside = side.table()
    outs, taps = np.nonzero(inside)
    found = np.zeros((side.along.size, 2), np.int64)
    found[:, 0] = side.along.out
    np.minimum.at(found[:, 0], places[outs, taps], outs)
    np.maximum.at(found[:, 1], places[outs, taps], outs + 1)
    return np.where(found[:, 1:] == 0, 0, found)


def _over(reached: Sequence[Array], found: Sequence[Side], tensor: str, here: Cell) -> Region:
    """The output cells between the first and the last window that reads the input cell ``here``."""
    between = {}
    for side, ends in zip(found, reached, strict=True):
        first, last = ends[here[side.along.name]]
        between[f"out_{side.along.name}"] = range(int(first), int(last))
    return at(tensor, here, "batch", "channels", **between)


@operation("route", lambda g, indices, *, winner: (g.size, finite_max(np.abs(g).sum())))
def route(g: Array, indices: Array, *, winner: int) -> Array:
    """The sum of the gradients whose window was won by the cell with flat index ``winner``."""
    return np.asarray(np.sum(g, where=indices == winner))


def _bend_terms(g: Array, y: Array, x: Array, *, p: float) -> tuple[int, float]:
    n, magnitude = few(bend(np.abs(g), y, np.abs(x), p=p))
    return n + 4 * g.size, magnitude


@operation("bend", _bend_terms)
def bend(g: Array, y: Array, x: Array, *, p: float) -> Array:
    """Σ g · sign(x) (|x|/y)^(p − 1) over the windows of one cell x."""
    return np.asarray(np.sum(_bend(g, y, x, p), dtype=x.dtype))
