"""Every picture is true and clean, at presets and at sizes that no preset uses.

Drawn numbers are the formatted values at their addresses; nothing leaves the safe area, no two texts overlap, frames
stand exactly on their cells. Looked at on the end of every beat.
"""

from __future__ import annotations

import itertools
import re
from fractions import Fraction
from itertools import combinations, pairwise
from typing import Any

import numpy as np
import pytest

from layeranim import numbers, theme, typeface
from layeranim.engine.links import links_of
from layeranim.engine.trace import Region, Trace
from layeranim.numbers import Style
from layeranim.scenes.base import ExplainerScene
from layeranim.scenes.parts.label import Label
from layeranim.scenes.parts.shape import PX, Bundle
from layeranim.scenes.parts.shapes import FocusFrame, Lane, operator
from layeranim.scenes.parts.tilegrid import TileGrid
from layeranim.stories.storyboard import Address, Beat, Box, Fact, GridPlan, Source, plain

from .conftest import Case, bare, ids, others, play, presets

FEW = Fraction(1)  # frames a second: what is looked at are the ends of beats
FRAMED_MOST = 600  # cells of a grid whose frames are compared with the steps' Regions


@pytest.mark.grid(5)
@pytest.mark.parametrize("case", **ids(presets() + others()[::4]))
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
        touched = _touched(scene, trace, beat)
        framed += bool(touched)
        misses = misframed(scene, trace, touched, beat) if touched else []
        for fault in [*unclean(scene), *unframed(scene), *misses]:
            faults.setdefault(fault, where)

    played = play(case, look, fps=FEW)
    assert not faults, "\n".join(f"{where}: {fault}" for fault, where in list(faults.items())[:12])
    assert addressed
    assert framed
    assert played.frames == round(played.board.ticks * Fraction(40, 1000) * FEW)


def wrong(trace: Trace, text: str, source: Source | None) -> str | None:
    """What is wrong with a drawn text, if anything: a digit without an address, or another value there."""
    if source is None:
        known = "give its Run an Address or a Fact, or say the number as a word"
        return f"{text!r} has a digit and no address: {known}" if re.search(r"\d", text) else None
    if isinstance(source, Fact):
        return None
    tensor = trace.tensor(source.tensor)
    if tensor.labels is not None:
        label = str(np.asarray(tensor.labels)[source.index])
        return None if text.replace(" ", "") == label.replace(" ", "") else f"{text!r} is not {label!r} of {source}"
    value = trace.read(_at(tensor.axes, source))
    shown = bare(text)
    if source.power:  # its heading tells the power of ten
        value = value / 10.0**source.power
    if shown == "0" and abs(float(value)) < numbers.style(trace[source.tensor]).dust:
        return None
    if shown == "0" and (float(value) == 0 or 1e-21 < abs(float(value)) / np.abs(trace[source.tensor]).max() < 1e-12):
        return None  # zero, or the last bits of a sum that cancels
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


def safe_area(scene: ExplainerScene) -> Box:
    """What no text and no grid may leave."""
    canvas = scene.board.canvas
    return Box(-canvas.width / 2 + 24, canvas.height / 2 - 24, canvas.width - 48, canvas.height - 32)


def unclean(scene: ExplainerScene) -> list[str]:
    """Everything on the stage that overlaps, leaves the safe area, or is written too small."""
    members = [m for top in scene.mobjects for m in top.get_family()]
    labels = [(m, box_of(m)) for m in members if isinstance(m, Label) and len(m.points)]
    grids = [m for m in members if isinstance(m, TileGrid)]
    safe = safe_area(scene)
    out = [f"{m.text!r} leaves the safe area: {b}" for m, b in labels if not inside(b, safe)]
    out += [f"{g.plan.name} leaves the safe area: {g.plan.box}" for g in grids if not inside(g.plan.box, safe)]
    out += [f"{m.text!r} is {m.size} px" for m, _ in labels if m.size < theme.FLOOR and not m.markup]
    out += [fault for g in grids for fault in _spilt(g)]
    solid = [(repr(m.text), b) for m, b in labels] + [(g.plan.name, g.plan.box) for g in grids]
    out += [f"{solid[i][0]} overlaps {solid[j][0]}" for i, j in _overlapping([box for _, box in solid])]
    for lane in (m for m in members if isinstance(m, Lane)):
        for a, b in pairwise(lane.course):
            run = Box(min(a[0], b[0]), max(a[1], b[1]), abs(a[0] - b[0]), abs(a[1] - b[1]))
            if run.w == 0 or run.h == 0:  # a slanted one says where something came from, and may
                out += [f"a lane crosses {name}: {a} to {b}" for name, box in solid if _overlap(run.outset(1), box)]
    signs = [(m, m.footprint) for m in members if isinstance(m, Bundle) and m.footprint]
    for sign, box in signs:
        said, own = f"the sign {sign.submobjects[-1].text!r}", {id(part) for part in sign.submobjects}
        out += [f"{said} leaves the safe area: {box}"] if not inside(box, safe) else []
        out += [f"{said} overlaps {g.plan.name}" for g in grids if _overlap(box, g.plan.box)]
        out += [f"{said} overlaps {m.text!r}" for m, b in labels if id(m) not in own and _overlap(box, b)]
    out += [f"signs overlap: {a} {b}" for (_, a), (_, b) in combinations(signs, 2) if _overlap(a, b)]
    return out


def _spilt(grid: TileGrid) -> list[str]:
    """Numerals that are wider than their cells, or smaller than the floor."""
    plan, texts = grid.plan, {(look.text, look.weight) for row in grid.looks for look in row if look.text}
    if texts and plan.numeral < theme.FLOOR:
        return [f"numerals of {plan.name} are {plan.numeral} px"]
    room = plan.pitch[0] - plan.gap - 2 * theme.HAIR
    return [
        f"{text!r} spills over its cell of {plan.name}"
        for text, w in texts
        if typeface.width(text, plan.numeral, w) > room
    ]


def _overlapping(boxes: list[Box]) -> list[tuple[int, int]]:
    """The pairs that overlap: ``_overlap`` of all of them at once."""
    if not boxes:
        return []
    left, top, right, bottom = np.array([(b.x, b.y, b.right, b.bottom) for b in (b.outset(-0.5) for b in boxes)]).T
    apart = (left[:, None] >= right) | (bottom[:, None] >= top)
    found: list[tuple[int, int]] = np.argwhere(np.triu(~(apart | apart.T), 1)).tolist()
    return found


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
    if beat.kind == "sweep":
        return []
    return [region for i in beat.steps for region in (*trace.steps[i].reads, trace.steps[i].writes)]


def _landed(trace: Trace, beat: Beat) -> list[Region]:
    """What the steps of a beat write, and the cells that they select because they hold what is written."""
    steps = [trace.steps[i] for i in beat.steps]
    out = [step.writes for step in steps]
    for step in steps:
        if step.operation == "select":
            (read,) = step.reads
            fixed = [axis for axis, at in read.where if isinstance(at, int)]
            spans = [(a, read.along(a) or range(trace.size(a))) for a in trace.axes(read.tensor) if a not in fixed]
            values = trace.read(read)
            for index in np.argwhere((values == trace.read(step.writes)) | np.isnan(values)).tolist():
                one = {axis: at[i] for (axis, at), i in zip(spans, index, strict=True)}
                out.append(Region(read.tensor, tuple({**dict(read.where), **one}.items())))
    return out


def misframed(scene: ExplainerScene, trace: Trace, touched: list[Region], beat: Beat) -> list[str]:
    """Focus frames that are not on the cells of a Region that the steps under way read or write, write alone if they
    are in the colour of the result.

    The frames on a grid stand around one of the Regions, around all of them, around the part of one that goes into the
    number that the caption ends with, or around single cells of them: those that the caption names, where it names any.
    """
    said, out = _said(trace, beat), []
    standing = [(frame, _colour(frame)) for frame in _frames(scene)]
    for grid, colour in itertools.product(scene.grids.values(), (scene.theme.focus, scene.theme.result)):
        frames = [frame for frame, its in standing if its == colour]
        around = [{*_cells(box, grid.plan)} for m in frames for box in m.boxes if _on_cells(box, grid.plan)]
        if not around or grid.plan.rows * grid.plan.cols > FRAMED_MOST:
            continue
        addresses = {at: source for at in grid.everywhere() if isinstance(source := grid.source(*at), Address)}
        regions = _landed(trace, beat) if colour == scene.theme.result else touched
        if trace.layer in NETWORKS:
            regions = [_without_padding(region, trace) for region in regions]
        parts = [part for r in regions for part in (r, _going_into(r, trace, beat))]
        drawn = {source.tensor for source in addresses.values()}
        every = [r for r in dict.fromkeys(parts) if r.tensor in drawn]
        held = [cells for r in every if (cells := {at for at, s in addresses.items() if _covers(r, trace, s)})]
        single = [{at for at in cells if addresses[at] in said} or cells for cells in held]
        allowed = [{at} for cells in single for at in cells] + held + [set().union(*held)]
        joined = set().union(*around)
        if joined not in allowed and not all(cells in allowed for cells in around):
            out.append(
                f"the frames on {grid.plan.name} are not those of {[r.where for r in regions]}: {sorted(joined)}"
            )
    return out


NETWORKS = ("cnn", "cnn-backprop", "sequential")
"""Layers in whose films maps stand as they were made, not as the next layer reads them."""


def _without_padding(region: Region, trace: Trace) -> Region:
    """Of what is read with padding the cells that are there: the same numbers in the maps of the stage before."""
    stage, padded, _ = region.tensor.rpartition("padded")
    if not padded or stage.startswith("grad_"):
        return region
    source = _before(stage[:-1], trace)
    whole, inner = trace[region.tensor], trace[source]
    skipped = [(a - b) // 2 for a, b in zip(whole.shape, inner.shape, strict=True)]  # alike on either side
    where = []
    axes = zip(trace.axes(region.tensor), trace.axes(source), skipped, inner.shape, strict=True)
    for padded_axis, axis, before, size in axes:
        along = region.along(padded_axis)
        if along is not None:
            where.append((axis, range(max(along[0] - before, 0), min(along[-1] - before, size - 1) + 1)))
    return Region(source, tuple(where))


def _before(stage: str, trace: Trace) -> str:
    """The tensor that a stage of a network reads."""
    if trace.layer == "sequential":
        names = [link.name for link in links_of(trace.config.layers)]  # type: ignore[attr-defined]
        k = names.index(stage)
        return f"{names[k - 1]}.output" if k else "input"
    kind, k = stage[:4], int(stage[4:])
    return f"conv{k}_output" if kind == "pool" else f"pool{k - 1}_output" if k > 1 else "input"


def _said(trace: Trace, beat: Beat) -> set[Source | None]:
    """The addresses that a caption names, and those of what its step took over as it was: the state before."""
    said: set[Source | None] = {run.source for run in beat.caption}
    for step in (trace.steps[i] for i in beat.steps):
        if step.operation == "join" and len(step.reads) == 1:
            (read,) = step.reads
            named = [s.index[-1] for s in said if isinstance(s, Address) and _covers(step.writes, trace, s)]
            at = [i for axis in trace.axes(read.tensor)[:-1] for i in read.along(axis) or ()]
            said |= {Address(read.tensor, (*at, last)) for last in named}
    return said


def _going_into(region: Region, trace: Trace, beat: Beat) -> Region:
    """The part of a Region that belongs to the last number of the caption: its place along the axes that both have."""
    made = next((run.source for run in reversed(beat.caption) if isinstance(run.source, Address)), None)
    if made is None:
        return region
    there = dict(zip(trace.axes(made.tensor), made.index, strict=True))
    free = [a for a in trace.axes(region.tensor) if a in there and region.along(a) is None]
    return Region(region.tensor, (*region.where, *((axis, there[axis]) for axis in free)))


def _frames(scene: ExplainerScene) -> list[FocusFrame]:
    return [m for top in scene.mobjects for m in top.get_family() if isinstance(m, FocusFrame)]


def _colour(frame: FocusFrame) -> str:
    return str(frame.get_stroke_color().to_hex()).upper()


def _under_way(frame: FocusFrame, scene: ExplainerScene) -> bool:
    """Whether a frame is of the step under way; others keep the colours of windows that are done."""
    return _colour(frame) in (scene.theme.focus, scene.theme.result)


def _cells(box: Box, plan: GridPlan) -> list[Cell]:
    row, col = round((plan.at[1] - box.y) / plan.pitch[1]), round((box.x - plan.at[0]) / plan.pitch[0])
    rows, cols = round((box.h + plan.gap) / plan.pitch[1]), round((box.w + plan.gap) / plan.pitch[0])
    return [(r, c) for r in range(row, row + rows) for c in range(col, col + cols)]


def _covers(region: Region, trace: Trace, source: Address) -> bool:
    axes = trace.tensor(region.tensor).axes
    return region.tensor == source.tensor and all(
        (along := region.along(axis)) is None or i in along for axis, i in zip(axes, source.index, strict=True)
    )


def _on_cells(box: Box, plan: GridPlan) -> bool:
    col, row = (box.x - plan.at[0]) / plan.pitch[0], (plan.at[1] - box.y) / plan.pitch[1]
    cols, rows = (box.w + plan.gap) / plan.pitch[0], (box.h + plan.gap) / plan.pitch[1]
    whole = all(abs(at - round(at)) <= 1e-5 for at in (col, row, cols, rows))
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


@pytest.mark.parametrize(
    ("name", "kind", "grid", "goal"),
    [
        ("pool", "step", "padded:0", ""), ("conv", "step", "padded:0", ""), ("dense", "step", "weight", ""),
        ("dropout", "step", "input", ""), ("attention", "step", "query", ""),
        ("filter-match", "step", "padded", ""), ("filter-match", "step", "kernel:1", "kernel:0"),
        ("filter-match", "step", "output", ""), ("filter-match", "aside", "output", ""),
        ("rnn", "step", "input", ""), ("rnn", "step", "weight_state:0", ""),
    ],
)  # fmt: skip
def test_the_check_notices_a_frame_on_other_cells(name: str, kind: str, grid: str, goal: str) -> None:
    """Frames that moved by a cell, or to the same cells of another grid, are still on cells, but on wrong ones."""

    def spoil(scene: ExplainerScene, beat: Beat) -> None:
        touched = _touched(scene, trace, beat)
        if beat.kind != kind or not touched:
            return
        assert not misframed(scene, trace, touched, beat)
        plan = scene.grids[grid].plan
        to = scene.grids[goal or grid].plan
        for frame in _frames(scene):
            if not _under_way(frame, scene) or not _on_cells(frame.boxes[0], plan):
                continue
            right = frame.boxes
            row = min(_cells(right[0], plan))[0]
            down = 0.0 if goal else plan.pitch[1] * (1 if row == 0 else -1)
            x, y = right[0].x + to.at[0] - plan.at[0], right[0].y + to.at[1] - plan.at[1] - down
            frame.around([Box(x, y, right[0].w, right[0].h)])
            found.append(bool([*unframed(scene), *misframed(scene, trace, touched, beat)]))
            frame.around(right)

    found: list[bool] = []
    case = Case(name, {"steps": "1-2"} if name in ("pool", "dense", "dropout", "conv") else {}, name)
    trace = case.work().trace()
    play(case, spoil)
    assert found
    assert all(found)


def test_the_check_notices_a_sign_and_a_frame_that_are_off() -> None:
    def spoil(scene: ExplainerScene, beat: Beat) -> None:
        grid = next(m for m in scene.mobjects if isinstance(m, TileGrid))
        sign = operator(grid.plan.box.centre, "+", scene.theme, scene.theme.ink)
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


def test_the_check_notices_a_numeral_wider_than_its_cell() -> None:
    def spoil(scene: ExplainerScene, beat: Beat) -> None:
        grid = scene.grids["padded:0"]
        assert not _spilt(grid)
        before = grid.looks[0][0]
        grid.looks[0][0] = before._replace(text="−1234567.00")
        found.extend(_spilt(grid))
        grid.looks[0][0] = before

    found: list[str] = []
    play(Case("pool", {"steps": "first:1"}, "pool"), spoil)
    assert any("spills" in fault for fault in found)
