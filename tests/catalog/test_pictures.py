"""Every picture is true and clean, at presets and at sizes that no preset uses.

Drawn numbers are the formatted values at their addresses; nothing leaves the safe area, no two texts overlap, frames
stand exactly on their cells. Looked at on the end of every beat.
"""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import combinations, pairwise
from typing import Any

import numpy as np
import pytest

from layeranim import numbers, theme
from layeranim.engine.trace import Region, Trace
from layeranim.numbers import Style
from layeranim.scenes.base import ExplainerScene
from layeranim.scenes.parts.label import Label
from layeranim.scenes.parts.shape import PX, Bundle
from layeranim.scenes.parts.shapes import FocusFrame, Lane, operator
from layeranim.scenes.parts.tilegrid import TileGrid
from layeranim.stories.storyboard import Address, Beat, Box, Fact, GridPlan, Source, plain

from .conftest import Case, ids, others, play, presets

FRAMED_MOST = 600  # cells of a grid whose frames are compared with the steps' Regions
UNSTEPPED = ("filter-match", "rnn", "gru", "lstm")  # films whose beats do not name the trace's steps
SAFE = Box(-theme.WIDTH / 2 + 24, theme.HEIGHT / 2 - 24, theme.WIDTH - 48, theme.HEIGHT - 32)


@pytest.mark.parametrize("case", **ids(presets() + others()))
def test_every_picture_is_true_and_clean(case: Case) -> None:
    faults: dict[str, str] = {}
    addressed = framed = 0
    trace = case.work().trace()

    def look(scene: ExplainerScene, beat: Beat) -> None:
        nonlocal addressed, framed
        where = f"{beat.kind} {plain(beat.place)}"
        for text, source in scene.drawn():
            addressed += isinstance(source, Address)
            fault = wrong(trace, text, source)
            if fault:
                faults.setdefault(fault, where)
        touched = _touched(scene, trace, beat) if case.name not in UNSTEPPED else []
        framed += bool(touched)
        misses = misframed(scene, trace, touched, beat.units[0]) if touched else []
        for fault in [*unclean(scene), *unframed(scene), *misses]:
            faults.setdefault(fault, where)

    played = play(case, look)
    assert not faults, "\n".join(f"{where}: {fault}" for fault, where in list(faults.items())[:12])
    assert addressed
    assert framed or case.name in UNSTEPPED
    assert played.frames == round(played.board.ticks * Fraction(40, 1000) * Fraction(25, 2))


def wrong(trace: Trace, text: str, source: Source | None) -> str | None:
    """What is wrong with a drawn text, if anything: a digit without an address, or another value there."""
    if source is None:
        return f"{text!r} has no address" if re.search(r"\d", text) else None
    if isinstance(source, Fact):
        return None
    tensor = trace.tensor(source.tensor)
    if tensor.labels is not None:
        label = str(np.asarray(tensor.labels)[source.index])
        return None if text.replace(" ", "") == label.replace(" ", "") else f"{text!r} is not {label!r} of {source}"
    value = trace.read(_at(tensor.axes, source))
    shown = text.strip("()")
    if shown == "0" and float(value) == 0:
        return None
    expected = numbers.text(float(value) if value.dtype == np.float64 else value, _style_of(shown, value))
    return None if shown == expected else f"{text!r} should be {expected!r}, the value {value!r} of {source}"


def _at(axes: tuple[str, ...], source: Address) -> Any:
    return Region(source.tensor, tuple(zip(axes, source.index, strict=True)))


def _style_of(text: str, value: Any) -> Style:
    mantissa, _, exponent = text.partition("e")
    decimals = len(mantissa.partition(".")[2])
    return Style(decimals, bool(exponent), 6 if value.dtype == np.float32 else 9)


def box_of(label: Label) -> Box:
    """The ink of a label in design pixels."""
    points = label.points[:, :2] / PX
    (x0, y0), (x1, y1) = points.min(axis=0), points.max(axis=0)
    return Box(x0, y1, x1 - x0, y1 - y0)


def inside(box: Box, area: Box) -> bool:
    return area.x <= box.x and box.right <= area.right and area.bottom <= box.bottom and box.y <= area.y


def unclean(scene: ExplainerScene) -> list[str]:
    """Everything on the stage that overlaps, leaves the safe area, or is written too small."""
    members = [m for top in scene.mobjects for m in top.get_family()]
    labels = [(m, box_of(m)) for m in members if isinstance(m, Label) and len(m.points)]
    grids = [m for m in members if isinstance(m, TileGrid)]
    out = [f"{m.text!r} leaves the safe area: {b}" for m, b in labels if not inside(b, SAFE)]
    out += [f"{g.plan.name} leaves the safe area: {g.plan.box}" for g in grids if not inside(g.plan.box, SAFE)]
    out += [f"{m.text!r} is {m.size} px" for m, _ in labels if m.size < theme.FLOOR and not m.markup]
    out += [f"{a.text!r} overlaps {b.text!r}" for (a, x), (b, y) in combinations(labels, 2) if _overlap(x, y)]
    out += [f"{m.text!r} overlaps {g.plan.name}" for m, b in labels for g in grids if _overlap(b, g.plan.box)]
    out += [
        f"{a.plan.name} overlaps {b.plan.name}" for a, b in combinations(grids, 2) if _overlap(a.plan.box, b.plan.box)
    ]
    solid = [(repr(m.text), b) for m, b in labels] + [(g.plan.name, g.plan.box) for g in grids]
    for lane in (m for m in members if isinstance(m, Lane)):
        for a, b in pairwise(lane.course):
            run = Box(min(a[0], b[0]), max(a[1], b[1]), abs(a[0] - b[0]), abs(a[1] - b[1]))
            if run.w == 0 or run.h == 0:  # a slanted one says where something came from, and may
                out += [f"a lane crosses {name}: {a} to {b}" for name, box in solid if _overlap(run.outset(1), box)]
    signs = [(m, m.footprint) for m in members if isinstance(m, Bundle) and m.footprint]
    for sign, box in signs:
        said, own = f"the sign {sign.submobjects[-1].text!r}", {id(part) for part in sign.submobjects}
        out += [f"{said} leaves the safe area: {box}"] if not inside(box, SAFE) else []
        out += [f"{said} overlaps {g.plan.name}" for g in grids if _overlap(box, g.plan.box)]
        out += [f"{said} overlaps {m.text!r}" for m, b in labels if id(m) not in own and _overlap(box, b)]
    out += [f"signs overlap: {a} {b}" for (_, a), (_, b) in combinations(signs, 2) if _overlap(a, b)]
    return out


def _overlap(a: Box, b: Box) -> bool:
    return a.outset(-0.5).meets(b.outset(-0.5))


def unframed(scene: ExplainerScene) -> list[str]:
    """Focus frames that do not stand on whole cells of a grid on the stage."""
    members = [m for top in scene.mobjects for m in top.get_family()]
    grids = [m.plan for m in members if isinstance(m, TileGrid)]
    frames = [m for m in members if isinstance(m, FocusFrame)]
    boxes = [box for frame in frames for box in frame.boxes]
    return [f"frame off its cells: {box}" for box in boxes if not any(_on_cells(box, plan) for plan in grids)]


Cell = tuple[int, int]


def _touched(scene: ExplainerScene, trace: Trace, beat: Beat) -> list[Region]:
    """What the steps of a beat read and write."""
    if beat.kind == "sweep" or not len(beat.units):
        return []
    steps = [trace.steps[i] for i in beat.steps]
    if "grad_output" in trace:  # a window's gradient goes back to the cells that it was made from
        writes = [i for i in range(len(trace.steps)) if trace.steps[i].writes.tensor == "output"]
        forward = trace.steps[writes[beat.units[0]]]
        window = trace.steps[writes[beat.units[0]] - (forward.reads[0].tensor == "sums")].reads[0]
        before = scene.board.parts["pool"].view.before
        rows, cols = (
            _moved(window[axis], by) for axis, by in zip(("padded_height", "padded_width"), before, strict=True)
        )
        channel = window["channels"]
        given = [Region(name, forward.writes.where) for name in ("grad_output", "shares")]
        return [window, *given, Region.of("grad_input", batch=0, channels=channel, height=rows, width=cols)]
    return [region for step in steps for region in (*step.reads, step.writes)]


def _moved(at: int | range, by: int) -> range:
    assert isinstance(at, range)
    return range(at.start - by, at.stop - by, at.step)


def misframed(scene: ExplainerScene, trace: Trace, touched: list[Region], unit: int) -> list[str]:
    """Focus frames that are not on the cells of a Region that the steps under way read or write.

    The frames on a grid stand around one of the Regions, around all of them, or around single cells of them.
    """
    frames = [
        m for top in scene.mobjects for m in top.get_family() if isinstance(m, FocusFrame) and _under_way(m, scene)
    ]
    out = []
    for grid in scene.grids.values():
        around = [{*_cells(box, grid.plan)} for m in frames for box in m.boxes if _on_cells(box, grid.plan)]
        if not around or grid.plan.rows * grid.plan.cols > FRAMED_MOST:
            continue
        addresses = {at: source for at in grid.everywhere() if (source := _address(grid, at, unit))}
        named = {addresses[at].tensor for cells in around for at in cells if at in addresses}
        regions = [region for region in touched if region.tensor in named]
        held = [{at for at, s in addresses.items() if _covers(r, trace, s)} for r in regions]
        allowed = [{at} for cells in held for at in cells] + held + [set().union(*held)]
        joined = set().union(*around)
        if any(at not in addresses for at in joined):
            continue  # nothing is written there yet
        if joined not in allowed and not all(cells in allowed for cells in around):
            out.append(
                f"the frames on {grid.plan.name} are not those of {[r.where for r in regions]}: {sorted(joined)}"
            )
    return out


def _under_way(frame: FocusFrame, scene: ExplainerScene) -> bool:
    """Whether a frame is of the step under way; others keep the colours of windows that are done."""
    return str(frame.get_stroke_color().to_hex()).upper() in (scene.theme.focus, scene.theme.result)


def _cells(box: Box, plan: GridPlan) -> list[Cell]:
    row, col = round((plan.at[1] - box.y) / plan.pitch[1]), round((box.x - plan.at[0]) / plan.pitch[0])
    rows, cols = round((box.h + plan.gap) / plan.pitch[1]), round((box.w + plan.gap) / plan.pitch[0])
    return [(r, c) for r in range(row, row + rows) for c in range(col, col + cols)]


def _address(grid: TileGrid, at: Cell, unit: int) -> Address | None:
    source = grid.sources.get(at)
    if source is None:  # in colour alone
        cells = grid.plan.changing(unit) if grid.plan.changing else grid.plan.cells
        source = cells.sources(*at) if cells is not None and cells.sources else None
    return source if isinstance(source, Address) else None


def _covers(region: Region, trace: Trace, source: Address) -> bool:
    axes = trace.tensor(region.tensor).axes
    return region.tensor == source.tensor and all(
        (along := region.along(axis)) is None or i in along for axis, i in zip(axes, source.index, strict=True)
    )


def _on_cells(box: Box, plan: GridPlan) -> bool:
    col, row = (box.x - plan.at[0]) / plan.pitch[0], (plan.at[1] - box.y) / plan.pitch[1]
    cols, rows = (box.w + plan.gap) / plan.pitch[0], (box.h + plan.gap) / plan.pitch[1]
    whole = np.allclose([col, row, cols, rows], np.round([col, row, cols, rows]), atol=1e-6)
    return bool(
        whole and col >= -1e-6 and col + cols <= plan.cols + 1e-6 and row >= -1e-6 and row + rows <= plan.rows + 1e-6
    )


def test_the_check_notices_a_wrong_number() -> None:
    work = Case("conv", {}, "conv").work()
    trace = work.trace()
    assert wrong(trace, "11", Address("output", (0, 0, 0, 0)))
    assert wrong(trace, "10", Address("output", (0, 0, 0, 0))) is None
    assert wrong(trace, "7 windows", None)


def test_the_check_notices_an_overlap() -> None:
    def spoil(scene: ExplainerScene, beat: Beat) -> None:
        grid = next(iter(scene.grids.values()))
        spoilt = Label("x", 30, scene.theme.ink, at=grid.plan.box.centre)
        scene.add(spoilt)
        found.extend(unclean(scene))
        scene.remove(spoilt)

    found: list[str] = []
    play(Case("conv", {"steps": "first:1"}, "conv"), spoil)
    assert any("overlaps" in fault for fault in found)


@pytest.mark.parametrize("name", ["pool", "dense", "dropout", "attention", "conv"])
def test_the_check_notices_a_frame_on_other_cells(name: str) -> None:
    """Frames that are moved by one whole cell, or grow by one, are still on cells, but not on those of the step."""

    def spoil(scene: ExplainerScene, beat: Beat) -> None:
        touched = _touched(scene, trace, beat)
        if beat.kind != "step" or not touched:
            return
        assert not misframed(scene, trace, touched, beat.units[0])
        frames = [m for top in scene.mobjects for m in top.get_family() if isinstance(m, FocusFrame)]
        plan = scene.grids[
            "input:0"
            if name in ("pool", "conv")
            else "query"
            if name == "attention"
            else "weight"
            if name == "dense"
            else "input"
        ].plan
        for frame in frames:
            if not _under_way(frame, scene) or not _on_cells(frame.boxes[0], plan):
                continue
            right = frame.boxes
            row = min(_cells(right[0], plan))[0]
            moved = Box(right[0].x, right[0].y - plan.pitch[1] * (1 if row == 0 else -1), right[0].w, right[0].h)
            frame.around([moved])
            found.extend(misframed(scene, trace, touched, beat.units[0]))
            frame.around(right)

    found: list[str] = []
    case = Case(name, {"steps": "1-2"} if name != "attention" else {}, name)
    trace = case.work().trace()
    play(case, spoil)
    assert found


def test_the_check_notices_a_sign_and_a_frame_that_are_off() -> None:
    def spoil(scene: ExplainerScene, beat: Beat) -> None:
        grid = next(m for m in scene.mobjects if isinstance(m, TileGrid))
        sign = operator(grid.plan.box.centre, "+", scene.theme)
        frames = [FocusFrame([grid.plan.cell(0, 0).outset(1)], scene.theme.focus, scene.theme)]
        away = [g.plan for g in scene.grids.values() if g not in scene.mobjects]
        frames += [FocusFrame([plan.cell(0, 0)], scene.theme.focus, scene.theme) for plan in away[:1]]
        scene.add(sign, *frames)
        found.extend(unclean(scene))
        off.append(len(unframed(scene)) - len(frames))
        scene.remove(sign, *frames)

    found: list[str] = []
    off: list[int] = []
    play(Case("lstm", {"steps": "first:1"}, "lstm"), spoil)
    assert any("the sign '+' overlaps" in fault for fault in found)
    assert off == [0] * len(off)
