"""The stage of a layer that fits in numbers: nodes and edges beside W x + b = z, φ(z) = y, row by row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from layeranim import theme
from layeranim.layout import Fit, even
from layeranim.numbers import shape_text
from layeranim.stories import nodes, phrases
from layeranim.stories.activations import chip_width
from layeranim.stories.dense.bench import Bench, fit
from layeranim.stories.dense.parts import Acts
from layeranim.stories.dense.view import DenseView
from layeranim.stories.measures import ROOM, named, sized, top_of
from layeranim.stories.nodes import Network, NodeColumn, NodeEdge
from layeranim.stories.storyboard import Cells, Fact, Line, Point, Run
from layeranim.stories.window_stage import BOTTOM, LEFT, TOP

ROW_MOST, ROW_LEAST = 80, 44
DOT, PLUS, EQUALS = 30, 40, 44  # gaps with a sign in them
HEADING_APART = 16
LANE = 44  # from a cell to the chip
NET_GAP, EDGE_LEAST, EDGE_MOST = 52, 170, 300


def tables(view: DenseView, networked: bool) -> Bench | None:
    """The whole equation as grids, with the network on its left if asked for; ``None`` where it has no room."""
    rows = max(view.units, view.inputs)
    high = min(ROW_MOST, int((TOP - BOTTOM + theme.CELL_GAP) / rows) // 2 * 2)
    if high < ROW_LEAST:
        return None
    fits = {name: fit(view, name, high) for name in ("weight", "input", "pre_activation", "output")}
    if view.biased:
        fits["bias"] = fit(view, "bias", high)
    columns = _columns(view, fits)
    width = columns[-1].x + columns[-1].wide
    radius = min(40, high / 2 - 3)
    if networked:
        if rows > 6 or not all(nodes.disc_numeral(radius, view.wide(name)) for name in ("input", "output")):
            return None
        width += 4 * radius + NET_GAP + EDGE_LEAST
    if width > ROOM or not all(f.numeral for f in fits.values()):
        return None
    bench = Bench(view, "network" if networked else "tables")
    x = -width / 2
    if networked:
        edge = EDGE_LEAST + min(EDGE_MOST - EDGE_LEAST, ROOM - width)
        x = -(width + edge - EDGE_LEAST) / 2
        x = _network(bench, x, radius, edge, high)
    _equation(bench, x, columns, fits, high)
    return bench


def chip_wide(view: DenseView) -> float:
    """The width of the activation's chip."""
    return chip_width(view.chip)


# ── network ──────────────────────────────────────────────────────────────────
def _network(bench: Bench, x: float, radius: float, edge: float, high: float) -> float:
    view = bench.view
    left, right = even(x + radius), even(x + 3 * radius + edge)
    head = top_of(max(view.units, view.inputs), high) + theme.HEADING_GAP + 2
    bench.network = network(
        view, (left, right), radius, (_pitch(view, radius, high), high), head, "output", f"{view.units} units"
    )
    return right + radius + NET_GAP


def _pitch(view: DenseView, radius: float, high: float) -> float:
    """Inputs stand further apart than units as far as they stay beside the grids."""
    block = max(view.units, view.inputs) * high - theme.CELL_GAP
    return min(high * 1.2, (block - 2 * radius) / max(1, view.inputs - 1))


def network(
    view: DenseView, across: tuple[float, float], radius: float, pitches: tuple[float, float], head: float, shown: str,
    name: str,
) -> Network:  # fmt: skip
    """Discs of inputs and units with the edges between them."""
    middle = (TOP + BOTTOM) / 2
    inputs = nodes.stack(view.inputs, pitches[0], across[0], middle)
    units = nodes.stack(view.units, pitches[1], across[1], middle)

    def x_of(u: int) -> Cells:
        return view.sample(view.at(u)[0], (view.inputs, 1), True)

    def y_of(u: int) -> Cells:
        return view.column(shown, view.at(u)[0], True)

    numeral = nodes.label_numeral(pitches[0], across[1] - across[0] - 2 * radius, view.wide("weight"))

    def edges(u: int) -> tuple[NodeEdge, ...]:
        o = view.at(u)[1]
        cells = view.weights_of(o, (view.inputs, 1), True)
        ends = [nodes.between(a, units[o], radius, radius) for a in inputs]
        return tuple(_edge(view, cells, (o, i), pair, numeral) for i, pair in enumerate(ends))

    counted: Line = (Run(f"{view.inputs} input{'s' * (view.inputs > 1)}", source=Fact("inputs")),)
    start = max(across[0], LEFT + phrases.width(counted, theme.NAME) / 2)
    return Network(
        NodeColumn(inputs, radius, nodes.disc_numeral(radius, view.wide("input")), x_of, counted, (start, head)),
        NodeColumn(units, radius, nodes.disc_numeral(radius, view.wide(shown)), y_of,
               (Run(name, source=Fact("units")),), (across[1], head)),
        edges,
    )  # fmt: skip


def _edge(view: DenseView, cells: Cells, at: tuple[int, int], ends: tuple[Point, Point], numeral: int) -> NodeEdge:
    o, i = at
    level = int(cells.levels[i, 0])
    role = "positive" if level > 0 else "negative" if level < 0 else "grid"
    texts: Any = cells.texts
    source = cells.sources(i, 0) if cells.sources else None
    return NodeEdge(*ends, view.edge_width(o, i), role, texts[i, 0], nodes.along(ends), source, numeral)


# ── equation ─────────────────────────────────────────────────────────────────
@dataclass
class _Column:
    """One grid of the equation, the sign before it, and where it begins; headings keep apart too."""

    name: str
    tensor: str
    shape: tuple[int, int]
    heading: Line
    gap: float = 0
    sign: str = ""
    x: float = 0
    wide: float = 0


def _columns(view: DenseView, fits: dict[str, Fit]) -> list[_Column]:
    """W x + b = z → y, from left to right."""
    m, n = view.units, view.inputs
    out = [
        _Column("weight", "weight", (m, n), sized("W", shape_text((m, n)), "weights")),
        _Column("input", "input", (n, 1), sized("x", n), DOT, "·"),
    ]
    out += [_Column("bias", "bias", (m, 1), sized("b", m, "weights"), PLUS, "+")] if view.biased else []
    out += [_Column("z", "pre_activation", (m, 1), named("z"), EQUALS, "=")] if view.activated else []
    last = (2 * LANE + chip_wide(view), "") if view.activated else (float(EQUALS), "=")
    out.append(_Column("y", "output", (m, 1), sized("y", m), *last))
    x = free = 0.0
    for column in out:
        column.x, column.wide = max(x + column.gap, free), fits[column.tensor].width(column.shape[1])
        x, free = column.x + column.wide, column.x + phrases.width(column.heading, theme.NAME) + HEADING_APART
    return out


def _equation(bench: Bench, x: float, columns: list[_Column], fits: dict[str, Fit], high: float) -> None:
    view = bench.view
    head = top_of(max(view.units, view.inputs), high) + theme.HEADING_GAP + 2
    for before, column in zip([None, *columns], columns, strict=False):
        at = x + column.x, top_of(column.shape[0], high)
        box = bench.put(column.name, column.tensor, column.shape, at, fits[column.tensor], **_content(view, column))
        bench.headed(column.name, column.heading, head)
        if before and column.sign:
            bench.signs.append(((x + (before.x + before.wide + column.x) / 2, box.centre[1]), column.sign))
    if view.activated:
        _chips(bench, bench.grids["z"].box.right, high)
    bench.cleared += [name for name in ("z", "y") if name in bench.grids]
    bench.acts, bench.finish, bench.lanes_of = _acts_of(bench), _finish_of(bench), _lanes_of(bench)


def _content(view: DenseView, column: _Column) -> dict[str, Any]:
    """What stands in a column from the start."""
    if column.name == "weight":
        return {"cells": view.weights(True), "row_axis": "out_features", "col_axis": "in_features", "frame": "weights"}
    if column.name == "bias":
        return {"cells": view.biases(True), "frame": "weights"}
    if column.name != "input":
        return {"empty": True}

    def changing(u: int) -> Cells:
        return view.sample(view.at(u)[0], column.shape, True)

    return {"cells": changing(view.first), "changing": changing}


def _chips(bench: Bench, x: float, high: float) -> None:
    """Between z and y: one chip a row, or one for all where rows are low or the function takes the whole row."""
    view, width = bench.view, chip_wide(bench.view)
    single = view.row_wise or high < 48
    middle = x + LANE + width / 2
    ys = [bench.grids["z"].cell(o, 0).centre[1] for o in range(view.units)]
    for y in [sum(ys) / len(ys)] if single else ys:
        bench.chips.append(((middle, y), view.chip))
        bench.lanes.append((((x + 8, y), (middle - width / 2 - 5, y)), "muted"))
        bench.lanes.append((((middle + width / 2 + 4, y), (x + 2 * LANE + width - 8, y)), "muted"))


def _lanes_of(bench: Bench) -> Any:
    """The lane of the result under way."""
    if not bench.chips or len(bench.chips) != bench.view.units:
        return lambda u: ()
    return lambda u: (bench.lanes[2 * bench.view.at(u)[1] + 1][0],)


def _acts_of(bench: Bench) -> Any:
    view, n = bench.view, bench.view.inputs

    def acts(u: int) -> Acts:
        b, o = view.at(u)
        row = [(o, 0)]
        focus = [("weight", range(o, o + 1), range(n)), ("input", range(n), range(1))]
        if view.biased:
            focus.append(("bias", range(o, o + 1), range(1)))
        out = Acts(look=[("input", view.sample(b, (n, 1), True), None)], focus=focus, target=[("y", o, 0)])
        if view.activated:
            out.sum.append(("z", view.column("pre_activation", b, True), row))
        if not view.row_wise:
            out.land.append(("y", view.column("output", b, True), row))
        else:
            out.target[:] = [("z", o, 0)]
        return out

    return acts


def _finish_of(bench: Bench) -> Any:
    view = bench.view

    def finish(u: int) -> Acts:
        b = view.at(u)[0]
        return Acts(land=[("y", view.column("output", b, True), None)], target=[("y", view.winner(b), 0)])

    return finish
