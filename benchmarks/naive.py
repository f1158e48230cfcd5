"""The same storyboard in plain Manim: a Square and a Text for every cell, the stock renderer and writer.

It is written as an author without this package would write it: a mobject for everything that is seen, ``play`` for what
moves, ``add`` and ``remove`` for what does not. The picture is the same but for the typeface.
"""

from __future__ import annotations

import itertools
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from manim import (
    LEFT,
    RIGHT,
    Animation,
    Arrow,
    Circle,
    FadeIn,
    Line,
    Mobject,
    Rectangle,
    Scene,
    Square,
    Text,
    VGroup,
    VMobject,
    config,
    tempconfig,
)

from layeranim import theme as t
from layeranim.scenes.parts.shape import PX
from layeranim.stories import storyboard as story
from layeranim.stories.storyboard import Beat, Box, Cells, GridPlan, Storyboard, plain
from layeranim.theme import LIGHT

EDGES = {"left": LEFT, "centre": [0, 0, 0], "right": RIGHT}


def at(x: float, y: float) -> list[float]:
    """Design pixels in Manim's units."""
    return [x * PX, y * PX, 0]


def text(words: str, size: float, colour: str) -> Text:
    """A label as a Manim user writes it."""
    return Text(words, color=colour, font_size=size * 0.75)


def line_of(line: story.Line, size: float, x: float, y: float, edge: str) -> Text:
    """A line of several colours, as one Text whose letters are coloured."""
    label = text(plain(line), size * 0.9, LIGHT.ink)
    first = 0
    for run in line:
        letters = len("".join(run.text.split()))
        label[first : first + letters].set_color(LIGHT.role(run.role))
        first += letters
    return label.move_to(at(x, y + size / 3), aligned_edge=EDGES[edge])


def frame(box: Box, colour: str, width: float) -> Rectangle:
    """An outline around cells."""
    outline = Rectangle(width=box.w * PX, height=box.h * PX, color=colour, stroke_width=width)
    return outline.move_to(at(*box.centre))


def cell(plan: GridPlan, row: int, col: int, look: tuple[str, str | None]) -> VGroup:
    """One cell: a square and a text; in colour alone it has no outline."""
    (fill, words), box = look, plan.cell(row, col)
    width = 0 if plan.heat else 1.6
    square = Square(
        side_length=box.w * PX, fill_color=fill, fill_opacity=1, stroke_color=LIGHT.grid, stroke_width=width
    )
    square.stretch_to_fit_height(box.h * PX).move_to(at(*box.centre))
    group = VGroup(square)
    if words:
        group.add(text(words, plan.numeral, LIGHT.on(fill)).move_to(square))
    return group


def looks(plan: GridPlan, cells: Cells, row: int, col: int) -> tuple[str, str | None]:
    """The fill and the numeral of a cell."""
    words = None if cells.texts is None or plan.numeral == 0 else str(cells.texts[row, col])
    return LIGHT.fill(cells.scale, int(cells.levels[row, col])), words


class Naive(Scene):
    """Window, products, sum, output: the same beats and seconds."""

    board: Storyboard

    def construct(self) -> None:
        self.parts: Any = self.board.parts["conv"]
        self.swaps: dict[str, Mobject] = {}
        self.window: Rectangle | None = None
        self.rays: list[Line] = []
        self.marks: list[VMobject] = []
        self.bar = Rectangle()
        self.furniture()
        for plan in self.board.grids.values():
            self.grid(plan)
        self.chain()
        for beat in self.board.beats:
            if len(beat.units):
                self.step(beat, beat.units[0])
            else:
                self.words(beat, beat.done, None)
                self.leave()
                self.wait(beat.ticks * 0.04)

    # ── what stands there from the start ─────────────────────────────────────
    def furniture(self) -> None:
        left, right, bottom = -t.WIDTH / 2, t.WIDTH / 2, -t.HEIGHT / 2
        self.add(text(self.board.title, t.TITLE, LIGHT.ink).move_to(at(left + t.MARGIN, t.TITLE_BASELINE + 9), LEFT))
        parameters = self.board.parameters
        self.add(line_of(parameters, t.PARAMETERS, right - t.MARGIN, t.TITLE_BASELINE, "right"))
        parts = self.board.total if self.board.total <= t.PROGRESS_SEGMENTS else 1
        share = t.WIDTH / parts
        self.segments = VGroup()
        for i in range(parts):
            box = Box(left + i * share, bottom + t.PROGRESS_HEIGHT, share - t.PROGRESS_GAP, t.PROGRESS_HEIGHT)
            self.segments.add(frame(box, LIGHT.raised, 0).set_fill(LIGHT.raised, 1))
        self.add(self.segments)

    def grid(self, plan: GridPlan) -> None:
        for r in range(plan.rows):
            for c in range(plan.cols):
                filled = plan.cells is not None and not plan.empty
                look = looks(plan, plan.cells, r, c) if filled else (LIGHT.bg, None)  # type: ignore[arg-type]
                self.add(cell(plan, r, c, look))
        if plan.heat and plan.empty:
            self.add(frame(plan.box.outset(4), LIGHT.grid, 1.6))
        if plan.frame:
            self.add(frame(plan.box.outset(t.FRAME_OUTSET), LIGHT.role(plan.frame), 2.5))
        if plan.heading and plan.heading_at:
            self.add(line_of(plan.heading, t.NAME, *plan.heading_at, "left"))

    def chain(self) -> None:
        chain = self.parts.chain
        for points in chain.feeders or ((chain.start, (chain.sum[0] - 24, chain.sum[1])),):
            self.add(self.lane(points, LIGHT.muted))
        self.add(Circle(radius=t.OPERATOR_RADIUS * PX, color=LIGHT.result, stroke_width=2.5).move_to(at(*chain.sum)))
        self.add(text("Σ", 28, LIGHT.result).move_to(at(*chain.sum)))

    def lane(self, points: Sequence[story.Point], colour: str) -> VGroup:
        *corners, last = points
        lines = [Line(at(*a), at(*b), color=colour) for a, b in itertools.pairwise(corners)]
        return VGroup(*lines, Arrow(at(*corners[-1]), at(*last), buff=0, color=colour))

    # ── a step ───────────────────────────────────────────────────────────────
    def step(self, beat: Beat, unit: int) -> None:
        ticks = dict(beat.phases)
        self.leave()
        self.words(beat, beat.done - 1, unit, caption=False)
        self.travel(unit, ticks.get("travel", 1) * 0.04)
        self.words(beat, beat.done - 1, unit)
        if "multiply" in ticks:
            self.move(ticks["multiply"], FadeIn(self.changing(unit)))
        else:
            self.marks.append(self.changing(unit))
            self.add(self.marks[-1])
        self.words(beat, beat.done, unit)
        self.land(beat, unit, ticks.get("land", 1))
        if ticks.get("read"):
            self.wait(ticks["read"] * 0.04)

    def move(self, ticks: int, *animations: Animation) -> None:
        self.marks += [animation.mobject for animation in animations]
        self.play(*animations, run_time=max(1, ticks) * 0.04)

    def travel(self, unit: int, seconds: float) -> None:
        """The window moves to the next place, and with it the lines that lead to its copy."""
        name, region = self.parts.windows(unit)[0]
        plan = self.board.grids[name]
        box = plan.span(*plan.block(region)).outset(t.FOCUS_OUTSET)
        ends = [(at(box.right, box.y), at(lens.x, lens.y)) for lens in self.lenses()]
        ends += [(at(box.right, box.bottom), at(lens.x, lens.bottom)) for lens in self.lenses()]
        if self.window is None:
            self.window = frame(box, LIGHT.focus, 5)
            self.rays = [Line(*pair, color=LIGHT.focus, stroke_width=2.5) for pair in ends]
            self.play(*(FadeIn(m) for m in (self.window, *self.rays)), run_time=seconds)
            return
        rays = [ray.animate.put_start_and_end_on(*pair) for ray, pair in zip(self.rays, ends, strict=True)]
        self.play(self.window.animate.move_to(at(*box.centre)), *rays, run_time=seconds)

    def lenses(self) -> list[Box]:
        """The outlines of the numbered copies of the window."""
        return [plan.box.outset(t.FRAME_OUTSET) for name, plan in self.board.grids.items() if name.startswith("window")]

    def land(self, beat: Beat, unit: int, ticks: int) -> None:
        """The output's cell, a frame around it and the way to it."""
        name, (row, col) = self.parts.cell(unit)
        plan = self.board.grids[name]
        box = plan.cell(row, col)
        made = cell(plan, row, col, looks(plan, plan.cells, row, col))  # type: ignore[arg-type]
        mark = frame(box.outset(t.FOCUS_OUTSET), LIGHT.result, 5)
        if beat.kind == "brief":
            self.add(made, mark)
            self.marks.append(mark)
            self.wait(max(1, ticks) * 0.04)
            return
        lane = self.lane(self.parts.chain.lane(plan.box.x, box.centre[1]), LIGHT.result)
        self.play(FadeIn(made), FadeIn(mark), FadeIn(lane), run_time=max(1, ticks) * 0.04)
        self.marks += [mark, lane]

    def changing(self, unit: int) -> VGroup:
        """The window's numbers and products of one step."""
        out = VGroup()
        for name, plan in self.board.grids.items():
            if name.startswith(("window", "products")) and plan.changing is not None:
                cells = plan.changing(unit)
                for r in range(plan.rows):
                    for c in range(plan.cols):
                        out.add(cell(plan, r, c, looks(plan, cells, r, c)))
        return out

    def leave(self) -> None:
        self.remove(*self.marks)
        self.marks = []

    def words(self, beat: Beat, done: int, unit: int | None, caption: bool = True) -> None:
        """Caption, note, counter, place and progress; what has not changed stays."""
        bottom, left, right = t.COUNTER_BASELINE, -t.WIDTH / 2 + t.MARGIN, t.WIDTH / 2 - t.MARGIN
        self.swap("counter", self.parts.counter(done), t.COUNTER, right, bottom, "right")
        self.swap("place", beat.place, t.COUNTER, left, bottom, "left")
        if caption:
            self.swap("caption", beat.caption, t.CAPTION, 0, t.CAPTION_BASELINE, "centre")
            self.swap("note", beat.note, t.NOTE, 0, t.NOTE_BASELINE, "centre")
        if len(self.segments) == 1:
            self.progress(done / self.board.total)
            return
        for i, segment in enumerate(self.segments):
            segment.set_fill(LIGHT.focus if i == unit else LIGHT.faint if i < done else LIGHT.raised)

    def progress(self, share: float) -> None:
        """One bar for many steps."""
        if share:
            box = Box(-t.WIDTH / 2, -t.HEIGHT / 2 + t.PROGRESS_HEIGHT, t.WIDTH * share, t.PROGRESS_HEIGHT)
            self.remove(self.bar)
            self.bar = frame(box, LIGHT.focus, 0).set_fill(LIGHT.focus, 1)
            self.add(self.bar)

    def swap(self, name: str, line: story.Line, size: float, x: float, y: float, edge: str) -> None:
        old = self.swaps.pop(name, None)
        if old is not None and old.line == line:
            self.swaps[name] = old
            return
        if old is not None:
            self.remove(old)
        if line:
            self.swaps[name] = line_of(line, size, x, y, edge)
            self.swaps[name].line = line
            self.add(self.swaps[name])


def render(
    board: Storyboard, size: tuple[int, int], fmt: str, keep: Path | None = None, kind: type[Any] = Naive
) -> tuple[float, int, int]:
    """Seconds without imports, frames and bytes of the plain film; ``keep`` is where to leave the film."""
    with tempfile.TemporaryDirectory() as folder:
        options: dict[str, Any] = {
            "pixel_width": size[0], "pixel_height": size[1], "frame_rate": 25, "media_dir": folder, "format": fmt,
            "disable_caching": True, "progress_bar": "none", "verbosity": "ERROR", "background_color": LIGHT.bg,
        }  # fmt: skip
        with tempconfig(options):
            kind.board = board
            scene = kind()
            start = time.perf_counter()
            scene.render()
            seconds = time.perf_counter() - start
            path = max(Path(folder).rglob(f"*.{fmt}"), key=lambda p: p.stat().st_size)
            if keep is not None:
                keep.write_bytes(path.read_bytes())
            return seconds, round(scene.renderer.time * config.frame_rate), path.stat().st_size
