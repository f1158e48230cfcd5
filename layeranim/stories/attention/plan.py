"""The grids of an attention film with their headings, and the names beside rows and over columns."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from layeranim import numbers, theme, typeface
from layeranim.stories import phrases, vocabulary
from layeranim.stories.attention.formula import named_scores, named_weights
from layeranim.stories.attention.stage import (
    BOTTOM,
    HEADING,
    LEFT,
    LENS_PITCH,
    LENS_ROWS,
    LENS_SCORE,
    LENS_WEIGHT,
    LINE,
    NAME_GAP,
    NAMED,
    TOP,
    AttentionStage,
    lens_names,
    needed,
    place,
)
from layeranim.stories.attention.view import NARROW, AttentionView
from layeranim.stories.storyboard import Box, Cells, Fact, GridPlan, Line, Point, Run

BELOW = 29  # from the bottom of a grid to the baseline of its name below


@dataclass(frozen=True)
class RowName:
    """A word beside a row (``right`` of which it ends), over a column, or upright over a narrow one."""

    run: Run
    at: Point
    size: int
    across: str = "right"
    upright: bool = False


@dataclass(frozen=True)
class AttentionPlan:
    """The stage with everything on it that does not change."""

    stage: AttentionStage
    grids: dict[str, GridPlan]
    row_names: tuple[RowName, ...]
    col_names: tuple[RowName, ...]
    lens: Box | None
    warnings: tuple[str, ...] = ()


def plan(view: AttentionView) -> AttentionPlan:
    """Place the grids; every number's style follows from its cells."""
    stage = place(view)
    view.relative = stage.arrangement == "heat"
    for tensor, pitch in stage.styles.items():
        if tensor in view.trace:
            view.decide(tensor, pitch)
    for name in ("embeddings", "encoding", "positions", "positioned", "query", view.tokens):
        if name and name in view.trace:
            view.decide(name, NARROW)
    grids = _grids(view, stage)
    lens = None
    if stage.arrangement == "heat":
        grids |= (made := _lens(view, stage))
        boxes = [grid.box for grid in made.values()]
        x = stage.corners["lens"][0]
        lens = Box(x, boxes[0].y, boxes[1].right - x, boxes[0].h).outset(10)
    rows, cols = _row_names(view, stage, grids), _col_names(view, stage, grids)
    return AttentionPlan(stage, grids, rows, cols, lens, _cut(view, stage, [*rows, *cols]))


def _cut(view: AttentionView, stage: AttentionStage, names: Sequence[RowName]) -> tuple[str, ...]:
    """A warning if a word stands nowhere as a whole: neither beside its row nor over its column."""
    if view.words is None:
        return ()
    drawn = {name.run.text for name in names}
    said = [view.row_name(i).text for i in range(view.rows)]
    words = list(view.config.tokens or ())[: view.rows]
    whole = [typeface.draw_safe(word) for word in words]
    pairs = zip(whole, said, strict=True)
    missing = [(word, shown) for word, shown in pairs if shown not in drawn or word not in shown]
    short = [shown.removesuffix(numbers.ELLIPSIS) + numbers.ELLIPSIS for _, shown in missing]
    return vocabulary.cut(zip((word for word, _ in missing), short, strict=True))


# ── grids ────────────────────────────────────────────────────────────────────
def _grids(view: AttentionView, stage: AttentionStage) -> dict[str, GridPlan]:
    tensors = {
        "query": view.query,
        "key": view.key,
        "scores": view.chain[-1],
        "weights": "weights",
        "value": view.value,
        "output": view.mixture,
    }
    out: dict[str, GridPlan] = {}
    for name, tensor in tensors.items():
        if name not in stage.corners:
            continue  # merged: scores and weights share a grid
        fit, at = stage.fits[name], stage.corners[name]
        rows, cols = view.limit(tensor, 0), view.limit(tensor, 1)
        fixed = name in ("query", "key", "value")
        heading = HEADINGS[name](view, stage)
        grid = GridPlan(
            name,
            tensor,
            rows,
            cols,
            at,
            fit.pitch,
            fit.numeral,
            view.plane(tensor, 0, bool(fit.numeral)) if fixed else None,
            changing=partial(_of_head, view, tensor, bool(fit.numeral)) if fixed else None,
            heading=heading,
            empty=not fixed,
            scale="heat" if name == "weights" else "value",
        )
        out[name] = _headed(grid, stage)
    return out


def _of_head(view: AttentionView, tensor: str, numerals: bool, u: int) -> Cells:
    """What is given to the head of a unit."""
    return view.plane(tensor, view.at(u)[0], numerals)


def _headed(grid: GridPlan, stage: AttentionStage) -> GridPlan:
    """Names of what is given stand above, of what comes out below; Kᵀ beside its grid where queries leave the room."""
    box, wide = grid.box, phrases.width(grid.heading, theme.NAME)
    x, y = box.x, box.y + theme.HEADING_GAP
    if grid.name in ("scores", "weights", "output"):
        y = box.bottom - BELOW
        x = min(x, theme.WIDTH / 2 - theme.MARGIN - wide)
    elif grid.name == "key":
        x, y = box.x - 16 - wide, box.centre[1] - 9 if box.h > 110 else box.y + NAME_GAP
        if x < LEFT:  # no room on its left: over the names
            x, y = box.x, box.y + (stage.upright + 20 if stage.upright else NAME_GAP + 32)
    elif grid.name == "query":
        room = stage.corners["key"][0] - 14
        heading = grid.heading if LEFT + wide <= room else grid.heading[:1]  # without the shape, where it has no room
        grid = replace(grid, heading=heading)
        x = max(LEFT, min(x, room - phrases.width(heading, theme.NAME)))
    elif grid.name == "value":
        x = min(x, theme.WIDTH / 2 - theme.MARGIN - wide)
    return replace(grid, heading_at=(x, y))


def _named(symbol: str, shape: tuple[int, ...], role: str = "ink") -> Line:
    size = Run(f"  {numbers.shape_text(shape)}", source=Fact("shape"))
    return Run(symbol, role, "semibold", markup="{" in symbol), size


SYMBOLS = {
    "query": "Q",
    "turned_query": "RQ",
    "query_part": "WQ",
    "key": "K^{T}",
    "shared_key": "K^{T}",
    "turned_key": "(RK)^{T}",
    "transformed_key": "(WK)^{T}",
    "key_part": "(UK)^{T}",
}


def _query(view: AttentionView, stage: AttentionStage) -> Line:
    return _named(SYMBOLS[view.query], (view.queries, view.features))


def _key(view: AttentionView, stage: AttentionStage) -> Line:
    return _named(SYMBOLS[view.key], (view.features, view.keys))


def _scores(view: AttentionView, stage: AttentionStage) -> Line:
    return named_scores(view)


def _weights(view: AttentionView, stage: AttentionStage) -> Line:
    name = Run("weights", "probability", "semibold")
    if not stage.merged:
        return name, Run(f"  {numbers.shape_text((view.queries, view.keys))}", source=Fact("shape"))
    if view.relative:
        most = numbers.text(view.told("weights")[view.heaviest.index], view.style("weights"))
        return name, Run("  0 … ", source=Fact("colour scale")), Run(most, source=view.heaviest)
    if stage.fits["weights"].width(view.cols) < 240:
        return (name,)
    return name, *named_weights(view)


def _value(view: AttentionView, stage: AttentionStage) -> Line:
    return _named("V", (view.keys, view.value_features))


def _output(view: AttentionView, stage: AttentionStage) -> Line:
    name = "output" if view.mixture == "output" else "mixture"
    return _named(name, (view.queries, view.value_features), "result")


HEADINGS: dict[str, Any] = {
    "query": _query,
    "key": _key,
    "scores": _scores,
    "weights": _weights,
    "value": _value,
    "output": _output,
}


# ── the lens ─────────────────────────────────────────────────────────────────
def _lens(view: AttentionView, stage: AttentionStage) -> dict[str, GridPlan]:
    """A numbered copy of the largest cells of a row: scores and weights."""
    rows = min(LENS_ROWS, view.keys)
    x, top = stage.corners["lens"]
    middle = top - stage.fits["weights"].height(view.rows) / 2
    tall = rows * LENS_PITCH[1]
    top = 2 * round(min(max(middle + tall / 2, BOTTOM + tall), TOP - HEADING) / 2)
    x = 2 * round((x + lens_names(view)) / 2)
    out = {}
    for name, tensor, width, role in (
        ("lens_scores", view.chain[-1], LENS_SCORE, "ink"),
        ("lens_weights", "weights", LENS_WEIGHT, "probability"),
    ):
        wide = width if name == "lens_weights" else max(width, _score_width(view))
        heading = (Run(name.removeprefix("lens_").removesuffix("s"), role, "semibold"),)
        out[name] = GridPlan(
            name,
            tensor,
            rows,
            1,
            (x, top),
            (wide, LENS_PITCH[1]),
            24 if name == "lens_weights" else theme.FLOOR,
            heading=heading,
            heading_at=(x, top + theme.HEADING_GAP),
            empty=True,
            scale="heat" if name == "lens_weights" else "value",
        )
        x += wide
    return out


def _score_width(view: AttentionView) -> int:
    """The pitch that the scores' texts need in the lens."""
    return max(needed(view.widest(name, 80)) for name in view.chain)


# ── names ────────────────────────────────────────────────────────────────────
def shorten(run: Run, width: float, size: float) -> Run | None:
    """A name that fits a width, its end replaced by … where it must be; nothing if not even two letters fit."""
    text = run.text
    while len(text) > 2 and typeface.width(text, size) > width:
        text = text.removesuffix(numbers.ELLIPSIS)[:-1] + numbers.ELLIPSIS
    return replace(run, text=text) if typeface.width(text, size) <= width else None


def _row_names(view: AttentionView, stage: AttentionStage, grids: dict[str, GridPlan]) -> tuple[RowName, ...]:
    """Names left of the queries; where rows are too narrow for all of them the scene shows the one under way."""
    grid, size = grids["query"], stage.name_size
    out = [beside(view.row_name(i), grid, i, stage.name_width, size) for i in range(view.rows)]
    if stage.arrangement == "apart" or (not view.alike and stage.arrangement == "merged"):
        room = stage.name_width if stage.arrangement == "apart" else 70.0
        out += [beside(view.col_name(j), grids["value"], j, room, size) for j in range(view.cols)]
    return tuple(out)


def beside(run: Run, grid: GridPlan, row: int, width: float, size: int) -> RowName:
    """A name left of a row."""
    box = grid.cell(row, 0)
    y = box.centre[1] - round(typeface.cap_height() * size / 2)
    return RowName(shorten(run, width, size) or run, (box.x - NAME_GAP, y), size)


def _col_names(view: AttentionView, stage: AttentionStage, grids: dict[str, GridPlan]) -> tuple[RowName, ...]:
    """Names over the keys, whole where they can be: on one line, on two by turns, upright; else cut, or none."""
    grid = grids["key"]
    runs = [view.col_name(j) for j in range(view.cols)]
    places = [grid.cell(0, j).centre[0] for j in range(view.cols)]
    y, above = grid.box.y, TOP - grid.box.y
    for size in (stage.name_size, theme.FLOOR):
        if _whole(runs, grid.pitch[0], size):
            return _over(runs, places, y + NAME_GAP, size)
    if above >= NAME_GAP + LINE + 8 and all(_whole(runs[i::2], 2 * grid.pitch[0]) for i in (0, 1)):
        lines = [_over(runs[i::2], places[i::2], y + NAME_GAP + i * LINE, theme.FLOOR) for i in (0, 1)]
        return (*lines[0], *lines[1])
    room = max(stage.upright, above - 14)
    if stage.upright or (max(typeface.width(run.text, theme.FLOOR) for run in runs) <= room and grid.pitch[0] >= NAMED):
        upright = [shorten(run, room, theme.FLOOR) or run for run in runs]
        return tuple(
            RowName(run, (x, y + 10), theme.FLOOR, "left", True) for run, x in zip(upright, places, strict=True)
        )
    flat = _apart(runs, grid.pitch[0], theme.FLOOR)
    return _over(flat, places, y + NAME_GAP, theme.FLOOR) if flat else ()


def _over(runs: Sequence[Run], places: Sequence[float], y: float, size: int) -> tuple[RowName, ...]:
    """Names on one line, in the middle of their columns."""
    return tuple(RowName(run, (x, y), size, "centre") for run, x in zip(runs, places, strict=True))


def _whole(runs: Sequence[Run], pitch: float, size: int = theme.FLOOR) -> bool:
    """Whether none of the names must be cut to stand on one line."""
    flat = _apart(list(runs), pitch, size) if runs else []
    return flat is not None and all(a.text == b.text for a, b in zip(flat, runs, strict=True))


def _apart(runs: list[Run], pitch: float, size: float) -> list[Run] | None:
    """Names on one line, as long as they may be without touching; ``None`` where not even two letters fit."""
    most = max(typeface.width(run.text, size) for run in runs)
    while True:
        short = [shorten(run, most, size) for run in runs]
        names = [run for run in short if run]
        if len(names) < len(runs):
            return None
        widths = [pitch - 20, *(typeface.width(run.text, size) for run in names), 0.0]
        if all((a + b) / 2 + 7 <= pitch for a, b in itertools.pairwise(widths)):
            return names
        most -= 2
