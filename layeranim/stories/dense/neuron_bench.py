"""The stage of one artificial neuron: its inputs, weighted edges, the sum with its bias, the activation."""

from __future__ import annotations

from typing import Any

from layeranim import layout, theme
from layeranim.layout import Fit, even
from layeranim.numbers import shape_text
from layeranim.stories import nodes, phrases
from layeranim.stories.dense.bench import Bench, fit, near
from layeranim.stories.dense.parts import Acts
from layeranim.stories.dense.tables import chip_wide, network
from layeranim.stories.dense.view import DenseView
from layeranim.stories.measures import MIDDLE, ROOM, named, sized, top_of
from layeranim.stories.nodes import Network
from layeranim.stories.storyboard import Point
from layeranim.stories.window_stage import BOTTOM, RIGHT, TOP

RADIUS, PITCH_MOST = 46, 124
TABLE_GAP = 76
ONWARD = 64  # from the sum or its activation to the results
HIGH = 80
LENS, LENS_GAP = 56, 36
BIAS = 56  # height of its cell


def neuron(view: DenseView) -> Bench | None:
    """One unit between a table of its samples and the results; ``None`` where its numbers have no room."""
    if view.units > 1 or view.inputs > 6:
        return None
    pitch = min(PITCH_MOST, (TOP - BOTTOM) / view.inputs)
    radius = min(RADIUS, pitch / 2 - 4)
    if not all(nodes.disc_numeral(radius, view.wide(name)) for name in ("input", "pre_activation")):
        return None
    bench = Bench(view, "neuron")
    shape, cell, out = _tables(view)
    table = 0.0
    if view.batch > 1:
        title = phrases.width(sized("samples", shape_text(shape)), theme.NAME)
        table = max(cell.width(view.inputs) + TABLE_GAP, title + 40)
    chip = chip_wide(view) + 56 if view.activated else 0
    last = out.width(1)
    edge = min(400.0, ROOM - table - 4 * radius - chip - last - ONWARD - 128)
    if edge < 150:
        return None
    lens = 0.0 if out.numeral else LENS_GAP + fit(view, "output", LENS).width(1)
    width = table + 4 * radius + edge + chip + ONWARD + last + lens
    x = -width / 2
    if view.batch > 1:
        box = bench.put("samples", "input", (view.batch, view.inputs), (x, top_of(view.batch, cell.pitch[1])), cell,
                        cells=view.samples(cell.numeral > 0))  # fmt: skip
        x = box.x + table
    left, right = even(x + radius), even(x + 3 * radius + edge)
    bench.network = net = network(view, (left, right), radius, (pitch, pitch), 0, "pre_activation", "sum")
    _around(bench, right, radius, out)
    _headings(bench, shape, net, radius)
    return bench


def _tables(view: DenseView) -> tuple[tuple[int, int], Fit, Fit]:
    """Cells of the samples' table and of the results, with numerals if all of them have room."""
    high = min(HIGH, int((TOP - BOTTOM + theme.CELL_GAP) / view.batch) // 2 * 2)
    cell, out = fit(view, "input", high), fit(view, "output", high)
    crowded = view.batch > 1 and (cell.width(view.inputs) > 300 or not cell.numeral)
    if crowded and high >= 44 and out.numeral:
        cell = Fit((min(24.0, float(high)), high), 0)  # samples in colour beside results in numbers
    elif high < 44 or not out.numeral:
        small = layout.heat(view.batch, view.inputs, 120, TOP - BOTTOM, 24)
        wide = max(small.pitch[1], 24)
        cell, out = (
            Fit((wide if view.inputs < 5 else small.pitch[0], small.pitch[1]), 0),
            Fit((wide, small.pitch[1]), 0),
        )
    return (view.batch, view.inputs), cell, out


def _around(bench: Bench, right: float, radius: float, out: Fit) -> None:
    """Bias above the sum, chip and results after it."""
    view = bench.view
    if view.biased:
        small = fit(view, "bias", BIAS, 96)
        at = right - (small.pitch[0] - theme.CELL_GAP) / 2, even(_crown(view, radius, out))
        box = bench.put("bias", "bias", (1, 1), at, small, cells=view.one("bias", 0), frame="weights")
        bench.lanes.append((((right, box.bottom - 8), (right, MIDDLE + radius + 5)), "weights"))
    edge = right + radius
    y = even(MIDDLE)
    end = (edge, y)
    if view.activated:
        middle = edge + 56 + chip_wide(view) / 2
        bench.chips.append(((middle, y), view.chip))
        bench.lanes.append((((edge + 6, y), (middle - chip_wide(view) / 2 - 5, y)), "muted"))
        end = (middle + chip_wide(view) / 2, y)
    x = even(end[0] + ONWARD)
    box = bench.put("y", "output", (view.batch, 1), (x, top_of(view.batch, out.pitch[1])), out, empty=True)
    bench.acts, bench.lanes_of = _acts_of(bench), _lanes_of(bench, end)
    if view.batch > 1 and not out.numeral:
        _result_lens(bench)


def _crown(view: DenseView, radius: float, out: Fit) -> float:
    """The upper edge of what stands highest: a table, or the bias over the sum."""
    pitch = min(PITCH_MOST, (TOP - BOTTOM) / view.inputs)
    discs = MIDDLE + (view.inputs - 1) * pitch / 2 + radius
    return max(top_of(view.batch, out.pitch[1]), discs, *([MIDDLE + radius + BIAS + 64] if view.biased else []))


def _headings(bench: Bench, shape: tuple[int, int], net: Network, radius: float) -> None:
    """Names on one baseline over everything; the sum is named under its disc."""
    view = bench.view
    head = _crown(view, radius, Fit(bench.grids["y"].pitch, 0)) + theme.HEADING_GAP + 2
    if view.batch > 1:
        bench.headed("samples", sized("samples", shape_text(shape)), head)
    bench.headed("y", sized("y", view.batch) if view.batch > 1 else named("y"), head)
    if view.biased:
        bench.headed("bias", named("b", "weights"), head)
    name, (left, top), right = sized("x", view.inputs), net.inputs.at[0], net.units.at[0][0]
    own = top + radius + theme.HEADING_GAP
    bench.labels.append(((left - phrases.width(name, theme.NAME) / 2, near(own, head)), name))
    told = named("z")
    bench.labels.append(((right - phrases.width(told, theme.NAME) / 2, even(MIDDLE) - radius - 34), told))


def _result_lens(bench: Bench) -> None:
    """A numbered copy of the result where the column of results is colour alone."""
    view, box = bench.view, bench.grids["y"].box
    small = fit(view, "output", LENS)
    x = min(even(box.right + LENS_GAP), even(RIGHT - small.width(1)))
    bench.put("one", "output", (1, 1), (x, top_of(1, LENS)), small, empty=True)


def _lanes_of(bench: Bench, end: Point) -> Any:
    plan = bench.grids["y"]

    def lanes(u: int) -> tuple[tuple[Point, ...], ...]:
        y = plan.cell(u, 0).centre[1]
        goal = plan.at[0] - theme.ARROW_GAP
        if abs(y - end[1]) < 2:
            return (((end[0] + 5, end[1]), (goal, end[1])),)
        knee = end[0] + 26
        return (((end[0] + 5, end[1]), (knee, end[1]), (knee, y), (goal, y)),)

    return lanes


def _acts_of(bench: Bench) -> Any:
    view = bench.view

    def acts(u: int) -> Acts:
        numerals = bench.grids["y"].numeral > 0
        values = view.cells("output", view.trace["output"], (view.batch, 1), numerals, lambda k: (k, 0))
        focus = [("samples", range(u, u + 1), range(view.inputs))] if view.batch > 1 else []
        out = Acts(land=[("y", values, [(u, 0)])], focus=focus, target=[("y", u, 0)])
        if "one" in bench.grids:
            out.land.append(("one", view.one("output", u), None))
        return out

    return acts
