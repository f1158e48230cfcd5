"""The stage of a pooling's film: every grid, heading, operator and lane with its place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import Any

from layeranim import layout, numbers, theme, typeface
from layeranim.engine.trace import Region
from layeranim.numbers import Style
from layeranim.stories import phrases
from layeranim.stories.pooling import stage as pool_stage
from layeranim.stories.pooling.stage import PoolColumn, PoolSizes, PoolStage
from layeranim.stories.pooling.view import PoolView
from layeranim.stories.storyboard import Box, Cells, Fact, GridPlan, Line, Point, Run
from layeranim.stories.window_stage import LABEL, RIGHT, beside_name

NAMES = {"max": "max", "lp": "p-norm"}
RADIUS = theme.OPERATOR_RADIUS
APART = 68  # between the circles of Σ and ÷, with room for a number under each
WHOLE = 240  # px across that the copy of a whole channel may take
SPILL = 60  # what the last heading may take of the room over the lanes
LEVEL = 16  # a lane that would rise or fall by less runs straight
Way = tuple[Point, ...]


@dataclass(frozen=True, eq=False)
class PoolPlan:
    """The stage with the styles its numbers are written in.

    ``operators`` are (centre, symbol, half its width) in the order of the arithmetic; ``lanes`` those that stand still.
    """

    view: PoolView
    stage: PoolStage
    styles: dict[str, Style]
    grids: dict[str, GridPlan]
    operators: tuple[tuple[Point, str, float], ...]
    lanes: tuple[Way, ...]
    labels: tuple[tuple[Point, Line], ...]

    @property
    def lens(self) -> bool:
        """Whether the window's numbers are shown beside an input in colour."""
        given = self.grids.get("input:0") or self.grids["back:0"]
        return "window" in self.grids and given.numeral == 0

    def lead(self, name: str, window: Box) -> Way:
        """From an input grid, at the height of the window, to its copy or to the operator."""
        grid, y = self.grids[name].box, self.stage.y
        at, _, half = self.operators[0]
        copy = self.grids["window"].box if "window" in self.grids else None
        end = copy.x - theme.FRAME_OUTSET - theme.ARROW_GAP if copy else at[0] - half - 4
        return elbow((grid.right + theme.ARROW_GAP, window.centre[1]), (end, y), y)

    def lane(self, name: str, cell: Box) -> Way:
        """From the last operator to a cell of an output grid."""
        at, _, half = self.operators[-1]
        end = self.grids[name].box.x - theme.ARROW_GAP - self._standoff(name, cell)
        return elbow((at[0] + half + 4, at[1]), (end, cell.centre[1]), at[1])

    def back(self, name: str, cell: Box) -> Way:
        """Right to left, from a cell of the output's gradient to the operator."""
        at, _, half = self.operators[0]
        start = self.grids[name].box.x - theme.ARROW_GAP - self._standoff(name, cell), cell.centre[1]
        return elbow(start, (at[0] + half + 4, at[1]), at[1])

    def _standoff(self, name: str, cell: Box) -> float:
        """How far from a grid a lane ends for the sake of the name there."""
        return LABEL if self.view.shown > 1 and beside_name(self.grids[name].box, cell.centre[1]) else 0

    def onward(self, to: str, window: Box) -> Way:
        """From the operator back to the rows of a window in the input's gradient, or to its copy."""
        at, _, half = self.operators[0]
        box = self.grids["share"].box if self.lens else self.grids[to].box
        y = box.centre[1] if self.lens else window.centre[1]
        return elbow((at[0] - half - 4, at[1]), (box.right + theme.ARROW_GAP + 5, y), at[1])


def elbow(start: Point, end: Point, y: float) -> Way:
    """A lane with one knee half way; one end is at the operators' height ``y``, and a small step is left out."""
    if abs(start[1] - end[1]) < LEVEL:
        return (start[0], y), (end[0], y)
    knee = round((start[0] + end[0]) / 2)
    return start, (knee, start[1]), (knee, end[1]), end


def plan(view: PoolView) -> PoolPlan:
    """Choose the arrangement and place everything."""
    kinds = _backward(view) if view.config.backward else _forward(view)
    stage = pool_stage.place(*kinds)
    narrow = {name: stage.narrow or 0 < fit.pitch[0] < 58 for name, fit in stage.fits.items()}
    tensors = {name: TENSORS[name] for name in stage.fits}
    styles = {tensors[name]: view.style(tensors[name], narrow[name]) for name in stage.fits}
    styles["input"] = styles.get("input") or view.style("input", stage.narrow)
    styles["output"] = styles.get("output") or view.style("output", stage.narrow)
    if "sums" in view.trace:
        styles["sums"] = view.style("sums", False)
    if "shares" in view.trace:  # written as in the cells that they reach
        written = "share" if stage.fits["back"].numeral == 0 and "share" in stage.fits else "back"
        styles["shares"] = view.style("shares", narrow[written])
    view.thin = view.kind != "max" and view.config.backward and stage.fits["back"].numeral == 0
    grids: dict[str, GridPlan] = {}
    for name, corners in stage.corners.items():
        fit = stage.fits[name]
        for row, at in enumerate(corners):
            made = MAKERS[name](view, styles[tensors[name]] if fit.numeral else None, row)
            key = name if name in ("window", "share") else f"{name}:{row}"
            heading = _heading(view, name) if row == 0 else ()
            x = min(at[0], RIGHT - phrases.width(heading, theme.NAME))
            grids[key] = GridPlan(
                key,
                at=at,
                pitch=fit.pitch,
                numeral=fit.numeral,
                heading=heading,
                heading_at=(x, at[1] + theme.HEADING_GAP + 2),
                **made,
            )
    operators = tuple((at, sign, _half(sign)) for at, sign in zip(stage.operators, _signs(view), strict=True))
    return PoolPlan(view, stage, styles, grids, operators, _lanes(view, grids, operators), _labels(view, grids))


TENSORS = {
    "input": "input",
    "window": "input",
    "output": "output",
    "back": "grad_input",
    "share": "grad_input",
    "grad": "grad_output",
}


def _forward(view: PoolView) -> list[PoolSizes]:
    given, window, output = (_column(view, name) for name in ("input", "window", "output"))
    widths = tuple(2 * _half(sign) for sign in _signs(view))
    sizes = partial(PoolSizes, view.shown, operators=widths, apart=APART)
    if view.whole:
        copied = layout.numerals(*view.kernel_shape, window.wide[1], WHOLE, WHOLE)
        return [sizes(columns=(given, output), lenses=(window,) if copied else ())]
    return [sizes(columns=(given, window, output)), sizes(columns=(given, output), lenses=(window,))]


def _backward(view: PoolView) -> list[PoolSizes]:
    given, window, back, share, grad = (_column(view, n) for n in ("input", "window", "back", "share", "grad"))
    grad = replace(grad, heading=max(0.0, grad.heading - SPILL))
    widths = tuple(2 * _half(sign) for sign in _signs(view))
    sizes = partial(PoolSizes, view.shown, operators=widths, apart=APART)
    lenses = () if view.whole else (window, share)
    return [sizes(columns=(given, back, grad)), sizes(columns=(back, grad), lenses=lenses)]


def _column(view: PoolView, name: str) -> PoolColumn:
    shapes = {"input": view.padded_shape, "window": view.kernel_shape, "share": view.kernel_shape, "back": view.size}
    heading, shared = phrases.width(_heading(view, name), theme.NAME), name in ("window", "share")
    return PoolColumn(name, shapes.get(name, view.out_shape), view.wide(TENSORS[name]), heading, shared)


def _signs(view: PoolView) -> tuple[str, ...]:
    if view.kind == "mean":
        return ("÷",) if view.config.backward else ("Σ", "÷")
    return (NAMES[view.kind],)


def _half(sign: str) -> float:
    return RADIUS if len(sign) == 1 else round(typeface.width(sign, 24) / 2) + 12


# ── grids ────────────────────────────────────────────────────────────────────
def _heading(view: PoolView, name: str) -> Line:
    channels = (view.channels,) if view.channels > 1 else ()
    if name in ("window", "share"):
        if name == "share":
            return (Run("its gradient", "ink", "semibold"),)
        most = "up to " if view.adaptive and not _even_bins(view) else ""
        shape = most + numbers.shape_text(view.kernel_shape)
        return Run("window  ", "focus", "semibold"), Run(shape, source=Fact("window"))
    if name == "input":
        heading = _sized("input", (*channels, *view.size))
        if view.size != view.padded_shape and not channels:
            return *heading, Run(f",  padded {numbers.shape_text(view.padded_shape)}", source=Fact("padded shape"))
        return heading
    if name == "back":
        return _sized("input's gradient", (*channels, *view.size))
    return _sized("output" if name == "output" else "output's gradient", (*channels, *view.out_shape))


def _even_bins(view: PoolView) -> bool:
    return all(n % out == 0 for n, out in zip(view.size, view.out_shape, strict=True))


def _sized(name: str, shape: tuple[int, ...]) -> Line:
    return Run(f"{name}  ", "ink", "semibold"), Run(numbers.shape_text(shape), source=Fact(f"{name} shape"))


def _input(view: PoolView, style: Style | None, row: int) -> dict[str, Any]:
    rows, cols = view.padded_shape
    return {
        "tensor": "padded",
        "rows": rows,
        "cols": cols,
        "row_axis": "padded_height",
        "col_axis": "padded_width",
        "cells": view.input_cells(row, style),
        "fixed": (("channels", row),),
    }


def _window(view: PoolView, style: Style | None, row: int) -> dict[str, Any]:
    return _taps(view, "padded", lambda u: view.window_cells(view.window(u), style)) | {"frame": "focus"}


def _share(view: PoolView, style: Style | None, row: int) -> dict[str, Any]:
    return _taps(view, "grad_input", lambda u: view.share_cells(view.window(u), style))


def _taps(view: PoolView, tensor: str, changing: Callable[[int], Cells]) -> dict[str, Any]:
    rows, cols = view.kernel_shape
    return {"tensor": tensor, "rows": rows, "cols": cols, "changing": changing, "empty": True}


def _map(tensor: str, view: PoolView, style: Style | None, row: int) -> dict[str, Any]:
    """A tensor of the output's or the input's shape, channel by channel; what is given stands there from the start."""
    prefix = "" if tensor == "grad_input" else "out_"
    rows, cols = view.size if tensor == "grad_input" else view.out_shape
    cells = view.output_cells(row, style) if tensor == "output" else view.gradient_cells(tensor, row, style)
    return {
        "tensor": tensor,
        "rows": rows,
        "cols": cols,
        "cells": cells,
        "empty": tensor != "grad_output",
        "row_axis": f"{prefix}height",
        "col_axis": f"{prefix}width",
        "fixed": (("channels", row),),
    }


MAKERS: dict[str, Callable[[PoolView, Style | None, int], dict[str, Any]]] = {
    "input": _input,
    "window": _window,
    "share": _share,
    "output": partial(_map, "output"),
    "back": partial(_map, "grad_input"),
    "grad": partial(_map, "grad_output"),
}


# ── lanes and labels ─────────────────────────────────────────────────────────
def _lanes(
    view: PoolView, grids: dict[str, GridPlan], operators: tuple[tuple[Point, str, float], ...]
) -> tuple[Way, ...]:
    """What stands there from the start: from the window to the operator, between operators."""
    if view.config.backward:
        return ()
    out: list[Way] = []
    (x, y), _, half = operators[0]
    if "window" in grids:  # else the lane from the input leads there, channel by channel
        out.append(((grids["window"].box.right + theme.FRAME_OUTSET + 8, y), (x - half - 4, y)))
    for (a, _, wide), (b, _, narrow) in pairwise(operators):
        out.append(((a[0] + wide + 4, y), (b[0] - narrow - 4, y)))
    return tuple(out)


def _labels(view: PoolView, grids: dict[str, GridPlan]) -> tuple[tuple[Point, Line], ...]:
    """The numbers of the channels beside their first and last grids."""
    if view.shown == 1:
        return ()
    ends = ("input" if "input:0" in grids else "back", "grad" if view.config.backward else "output")
    out: list[tuple[Point, Line]] = []
    for name in ends:
        for row in range(view.shown):
            box = grids[f"{name}:{row}"].box
            text = "RGB"[row] if view.picture == "planes" else str(row + 1)
            out.append(((box.x - 14, box.centre[1] - 8), (Run(text, source=Fact("channel")),)))
    return tuple(out)


def back_region(view: PoolView, u: int) -> Region:
    """The cells of ``grad_input`` under a window, without the padding that it reaches into."""
    w = view.window(u)
    rows, cols = (_inside(at, before, n) for at, before, n in zip(view.taps(w), view.before, view.size, strict=True))
    return Region.of("grad_input", batch=w.b, channels=w.channel, height=rows, width=cols)


def _inside(at: range, before: int, n: int) -> range:
    moved = range(at.start - before, at.stop - before, at.step)
    live = [i for i in moved if 0 <= i < n]
    return range(live[0], live[-1] + 1, at.step)
