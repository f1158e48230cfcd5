"""Sums over the windows of a convolution, all at once: correlation, its transpose, the gradient of the taps.

Over one, two or three axes, with groups. Small ones go tap by tap, products summed in reading order within a channel,
then the channels in order: the same numbers on every machine, and a partial sum read later is the one that was added.
Large ones lay the patches of a block of windows side by side in scratch memory, one matrix product a block; their sums
differ from those by their rounding.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from layeranim.engine import grouped
from layeranim.engine.array import finite
from layeranim.engine.grouped import ALL, index, runs_of, windows_of
from layeranim.engine.trace import Array, Shape, count
from layeranim.engine.window import Axis

LARGE = 2**19
"""The multiplications from which a sum goes by matrix products."""

_FEWEST = 4  # filters of one group that share a patch: of fewer, a product of a matrix is no faster than its taps
_CACHED = 2**15  # numbers of results that are added to again and again
_SCRATCH = 2**18  # numbers of patches that one matrix product reads


def large(filters: int, groups: int, terms: int, places: int) -> bool:
    """Whether ``filters`` sums of ``terms`` products at ``places`` places each go by matrix products."""
    return (groups > 1 or filters >= _FEWEST) and filters * terms * places >= LARGE


def _small(groups: int, terms: int, windows: Shape) -> bool:
    """Whether the patches of several groups find room in scratch memory."""
    return groups > 1 and 2 * terms * count(windows) <= _SCRATCH


def taken(filters: int, groups: int, terms: int, batch: int, windows: Shape) -> int:
    """How many numbers such sums take on their way: the patches of a block, or a block's results three times."""
    places = batch * count(windows)
    if large(filters, groups, terms, places):
        if _small(groups, terms, windows):
            return 2 * min(_SCRATCH, groups * terms * count(windows))
        inner = terms * count(windows[1:])
        return inner * min(windows[0], max(1, _SCRATCH // inner))
    return 3 * max(places, min(filters * places, _CACHED))


def taps(kernel: Shape, axes: Sequence[Axis]) -> Iterator[tuple[tuple[int, ...], tuple[slice, ...]]]:
    """Every tap of a kernel with the padded positions that it meets in all windows."""
    for tap in np.ndindex(*kernel):
        starts = [at * axis.dilation for at, axis in zip(tap, axes, strict=True)]
        where = (
            slice(n, n + (axis.out - 1) * axis.stride + 1, axis.stride) for n, axis in zip(starts, axes, strict=True)
        )
        yield tap, tuple(where)


def correlate(padded: Array, kernel: Array, axes: Sequence[Axis], groups: int = 1) -> Array:
    """Σ padded · kernel in every window.

    Args:
        padded: (batch, in_channels, *padded sizes).
        kernel: (filters, in_channels/groups, *taps).

    Returns:
        (batch, filters, *windows).
    """
    sizes = tuple(axis.out for axis in axes)
    out = np.empty((len(padded), len(kernel), *sizes), padded.dtype)
    x, w, y = (_grouped(array, groups, at) for array, at in ((padded, 1), (kernel, 0), (out, 1)))
    if large(len(kernel), groups, count(kernel.shape[1:]), len(padded) * count(sizes)) and finite(padded, kernel):
        if _small(groups, count(kernel.shape[1:]), sizes):
            for sample, result in zip(x, y, strict=True):
                grouped.correlate(sample, w, result, axes, _SCRATCH)
            return out
        for here in np.ndindex(x.shape[:2]):
            weights, result = w[here[1]].reshape(w.shape[1], -1), y[here].reshape(w.shape[1], -1)
            for where, patches in _blocks(x[here], kernel.shape[2:], axes):
                np.matmul(weights, patches, out=result[:, where])
        return out
    _by_taps(x, w, y, axes)
    return out


def _grouped(array: Array, groups: int, at: int) -> Array:
    """The axis ``at`` split into groups and their members."""
    return array.reshape(*array.shape[:at], groups, array.shape[at] // groups, *array.shape[at + 1 :])


def _by_taps(x: Array, w: Array, y: Array, axes: Sequence[Axis]) -> None:
    """``correlate`` of groups, over as many groups, filters and rows at once as fit a processor's cache."""
    places, down = y.shape[0] * count(y.shape[3:]), axes[0]
    rows = max(1, _CACHED * down.out // places)
    if rows < down.out and runs_of(x.shape[3:], axes):
        for first in range(0, down.out, rows):
            part = replace(down, size=min(rows, down.out - first) + down.reach - 1, before=0, after=0)
            _by_taps(x[:, :, :, first : first + part.size], w, y[:, :, :, first : first + rows], (part, *axes[1:]))
        return
    members = min(w.shape[1], max(1, _CACHED // places))
    together = max(1, _CACHED // (places * members)) if members == w.shape[1] else 1
    every, runs = list(taps(w.shape[3:], axes)), runs_of(x.shape[3:], axes)
    if runs:
        x, every = x.reshape(*x.shape[:3], -1), [(tap, (runs.at(tap),)) for tap, _ in every]
    for first in range(0, len(w), together):
        some = slice(first, first + together)
        for member in range(0, w.shape[1], members):
            chosen = slice(member, member + members)
            block = y[:, some, chosen]
            if runs:
                made = runs.room(block)
                _fill(made[..., : runs.length], x[:, some], w[some, chosen], every)
                block[...] = runs.windows(made)
            else:
                _fill(block, x[:, some], w[some, chosen], every)


def _fill(out: Array, x: Array, w: Array, every: Sequence[tuple[tuple[int, ...], tuple[slice, ...]]]) -> None:
    """The sums of one block: (batch, groups, filters, *windows)."""
    partial, product = np.empty_like(out), np.empty_like(out)
    wide = index(..., *(None,) * (out.ndim - 3))
    for channel in range(w.shape[2]):
        target = out if channel == 0 else partial
        for k, (tap, where) in enumerate(every):
            cells, weights = x[index(ALL, ALL, channel, None, *where)], w[index(..., channel, *tap)][wide]
            if k == 0:
                np.multiply(cells, weights, out=target)
            else:
                np.multiply(cells, weights, out=product)
                target += product
        if channel:
            out += partial


def _blocks(x: Array, kernel: Shape, axes: Sequence[Axis]) -> Iterator[tuple[slice, Array]]:
    """The patches of all windows of (channels, *padded sizes), block by block: (channels · taps, windows).

    Every block is in the same scratch memory: it is to be used before the next one.
    """
    channels, sizes = len(x), tuple(axis.out for axis in axes)
    inner, windows = count(sizes[1:]), windows_of(x, kernel, axes)
    terms = channels * count(kernel)
    rows = min(sizes[0], max(1, _SCRATCH // (terms * inner)))
    scratch = np.empty(terms * rows * inner, x.dtype)
    for first in range(0, sizes[0], rows):
        part = windows[index(ALL, *(ALL,) * len(kernel), slice(first, first + rows))]
        here = scratch[: part.size]
        np.copyto(here.reshape(part.shape), part)
        yield slice(first * inner, first * inner + part.size // terms), here.reshape(terms, -1)


def stamp(delta: Array, kernel: Array, axes: Sequence[Axis], padded: Shape, groups: int = 1) -> Array:
    """The transpose of ``correlate``: each cell of delta stamps its scaled kernel, and overlaps add up.

    Args:
        delta: (batch, filters, *windows).
        kernel: (filters, in_channels/groups, *taps).
        padded: the padded sizes.

    Returns:
        (batch, in_channels, *padded).
    """
    total = np.zeros((len(delta), groups * kernel.shape[1], *padded), delta.dtype)
    g, w, x = (_grouped(array, groups, at) for array, at in ((delta, 1), (kernel, 0), (total, 1)))
    every = list(taps(kernel.shape[2:], axes))
    places = len(delta) * count(delta.shape[2:])
    if large(len(kernel), groups, count(kernel.shape[1:]), places) and finite(delta, kernel):
        if _small(groups, count(kernel.shape[1:]), delta.shape[2:]):
            for sample, result in zip(g, x, strict=True):
                grouped.stamp(sample, w, result, axes, _SCRATCH)
            return total
        for here in np.ndindex(x.shape[:2]):
            _stamp_blocks(g[here], w[here[1]], x[here], axes, every)
        return total
    for tap, where in every:
        weights = w[index(..., *tap)]
        if w.shape[1] == w.shape[2] == 1:
            x[index(..., *where)] += g * weights[index(..., 0, *(None,) * len(axes))]
        else:
            x[index(..., *where)] += np.einsum("bgf...,gfc->bgc...", g, weights)
    return total


def _stamp_blocks(
    g: Array, w: Array, x: Array, axes: Sequence[Axis], every: Sequence[tuple[tuple[int, ...], tuple[slice, ...]]]
) -> None:
    """The stamps of one group, a block of rows after the other: one product gives all the scaled kernels of a block."""
    filters, channels = w.shape[:2]
    weights, inner, height = w.reshape(filters, -1).T, count(g.shape[2:]), g.shape[1]
    rows = min(height, max(1, _SCRATCH // (weights.shape[0] * inner)))
    scratch = np.empty((weights.shape[0], rows * inner), x.dtype)
    for first in range(0, height, rows):
        part = np.ascontiguousarray(g[:, first : first + rows]).reshape(filters, -1)
        made = np.matmul(weights, part, out=scratch[:, : part.shape[1]])
        made = made.reshape(channels, *w.shape[2:], -1, *g.shape[2:])
        for tap, (down, *across) in every:
            start = down.start + first * axes[0].stride
            there = slice(start, start + (made.shape[1 + len(axes)] - 1) * axes[0].stride + 1, axes[0].stride)
            x[index(ALL, there, *across)] += made[index(ALL, *tap)]


def tap_gradients(delta: Array, padded: Array, shape: Shape, axes: Sequence[Axis], groups: int = 1) -> Array:
    """Σ delta · padded over all windows, tap by tap: the gradient of a kernel of this shape.

    Args:
        delta: (batch, filters, *windows).
        padded: (batch, in_channels, *padded sizes).
        shape: (filters, in_channels/groups, *taps).
    """
    total = np.zeros(shape, delta.dtype)
    g, x, w = (_grouped(array, groups, at) for array, at in ((delta, 1), (padded, 1), (total, 0)))
    if large(shape[0], groups, count(shape[1:]), len(delta) * count(g.shape[3:])) and finite(delta, padded):
        if _small(groups, count(shape[1:]), g.shape[3:]):
            for sample, seen in zip(g, x, strict=True):
                grouped.tap_gradients(sample, seen, w, axes, _SCRATCH)
            return total
        g = g.reshape(*g.shape[:3], -1)
        for here in np.ndindex(x.shape[:2]):
            weights = w[here[1]].reshape(w.shape[1], -1)
            for where, patches in _blocks(x[here], shape[2:], axes):
                weights += g[here][:, where] @ patches.T
        return total
    g = g.reshape(*g.shape[:3], -1)
    for tap, spots in taps(shape[2:], axes):
        cells = x[index(..., *spots)]
        w[index(..., *tap)] = np.einsum("bgfn,bgcn->gfc", g, cells.reshape(*cells.shape[:3], -1))
    return total
