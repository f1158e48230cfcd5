"""Pooling drawn: the numbers under the window gather, one number is made of them and travels to the output."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from manim import Animation

from layeranim import theme as t
from layeranim.scenes.base import ExplainerScene
from layeranim.scenes.parts.animate import Appear, Reveal
from layeranim.scenes.parts.label import Label, TextLine
from layeranim.scenes.parts.shapes import FocusFrame, Lane, chip, operator
from layeranim.scenes.parts.tile import Glide, tile
from layeranim.scenes.parts.tilegrid import TileGrid
from layeranim.scenes.parts.window import Window, hull, taps
from layeranim.stories.storyboard import Beat, Box, Cells, Point

Cell = tuple[str, tuple[int, int]]


class PoolScene(ExplainerScene):
    """One window at a time, channel after channel; backwards the gradient of one output at a time."""

    def stage(self) -> None:
        self.parts = self.board.parts["pool"]
        for name in self.board.grids:
            self.add_grid(name)
        for at, line in self.parts.plan.labels:
            self.add(TextLine(line, t.NOTE, self.theme, at, "right"))
        for lane in self.parts.plan.lanes:
            self.add(Lane(lane, self.theme.muted))
        for at, sign, _ in self.parts.plan.operators:
            make = operator if len(sign) == 1 else chip
            self.add(make(at, sign, self.theme, self.theme.result))
        lenses = [self.grids[name].plan.box for name in ("window",) if self.parts.lens]
        self.window = Window(self, self.theme, [box.outset(t.FRAME_OUTSET) for box in lenses])
        self.at: int | None = None
        self.tinted: set[int] = set()
        self._fill(0, self.parts.first - 1)
        for unit in range(self.parts.first):
            self._tint(unit)

    # ── beats ────────────────────────────────────────────────────────────────
    def on_brief(self, beat: Beat) -> None:
        self.on_step(beat)

    def on_sweep(self, beat: Beat) -> None:
        """The window runs over many units; colours follow it, numerals rest."""

        def through(first: int, last: int) -> None:
            self._fill(first, last)
            for passed in range(first, last + 1):
                self._tint(passed)
            self.window.put(self._boxes(last))
            self._copy(last, colours=True)

        self.sweep(beat, through)
        self.at = beat.units[-1]

    # ── phases of a step ─────────────────────────────────────────────────────
    def _travel(self, beat: Beat, unit: int, ticks: int) -> None:
        self.begin(beat, unit)
        start = None if self.at is None or self.parts.row_end(unit) else self._boxes(self.at)
        self.window.travel(start, self._boxes(unit), ticks)
        self.at = unit

    def _gather(self, beat: Beat, unit: int, ticks: int) -> None:
        """The numbers under the window come to its copy."""
        self.say(beat.caption, beat.note)
        lane = None if self.parts.lens else self._lane(self.parts.plan.lead(*self._over(unit)), self.theme.focus)
        ways = [
            (tile(self.grids[name], *cell), [self._centre(name, *cell), self._centre("window", *goal)])
            for (name, cell), goal in self.parts.gathered(unit)
        ]
        moves: list[Animation] = [Glide(self, ways)] if ways else []
        if not ways and "window" in self.grids:
            moves.append(Reveal(self.grids["window"], self._cells("window", unit)))
        self.run(ticks, *moves, *self._appearing(lane))
        self._copy(unit)

    def _choose(self, beat: Beat, unit: int, ticks: int) -> None:
        """All but the largest number go dim; it is framed where it stands."""
        grids = [self.grids[name] for name in ("window",) if name in self.grids]
        moves = [Reveal(grid, self.parts.chosen(unit)) for grid in grids]
        self.run(ticks, *moves, *self._appearing(*self._marks(self.parts.winners(unit))))

    def _sum(self, beat: Beat, unit: int, ticks: int) -> None:
        """The numbers come together in the operator."""
        end = self.parts.plan.operators[0][0]
        cells = self.parts.candidates(unit)
        ways = [(tile(self.grids[name], r, c), [self._centre(name, r, c), end]) for name, (r, c) in cells]
        self.run(ticks, *([Glide(self, ways)] if ways else []), *self._appearing(self._value("sum", unit)))

    def _divide(self, beat: Beat, unit: int, ticks: int) -> None:
        self.run(ticks, *self._appearing(self._value("divide", unit)))

    def _land(self, beat: Beat, unit: int, ticks: int) -> None:
        name, (row, col) = self.parts.cell(unit)
        self.count(beat.done, self.parts.counter(beat.done), unit)
        if beat.kind == "brief":
            self.say(beat.caption, beat.note, whole=True)
            self._copy(unit)
            if self.parts.kind == "max" and "window" in self.grids:
                self.grids["window"].put(self.parts.chosen(unit))
            if "share" in self.grids:
                self.grids["share"].put(self._cells("share", unit))
            self._fill(unit, unit)
            self._marks(self.parts.goals(unit))
            self.run(ticks)
            return
        box = self.grids[name].plan.cell(row, col)
        lane = self._lane(self.parts.plan.lane(name, box), self.theme.result)
        marks = self._marks([(name, (row, col))])
        moves = self._flight(unit, name, (row, col)) or [Reveal(self.grids[name], self._content(name), [(row, col)])]
        self.run(ticks, *moves, *self._appearing(lane, *marks), *self.said())
        self._fill(unit, unit)

    def _flight(self, unit: int, name: str, at: tuple[int, int]) -> list[Animation]:
        """The winner on its way through the operator, where its tile is as large as its goal."""
        winners = self.parts.winners(unit)
        if not winners or not self._alike(winners[-1][0], name):
            return []
        source, (row, col) = winners[-1]
        way = [self._centre(source, row, col), self.parts.plan.operators[0][0], self._centre(name, *at)]
        return [Glide(self, [(tile(self.grids[source], row, col), way)])]

    def _send(self, beat: Beat, unit: int, ticks: int) -> None:
        """Backwards: the gradient of one output comes to the operator."""
        self.say(beat.caption, beat.note)
        self._copy(unit)
        name, (row, col) = self.parts.cell(unit)
        box = self.grids[name].plan.cell(row, col)
        lane = self._lane(self.parts.plan.back(name, box), self.theme.focus)
        source = FocusFrame([box], self.theme.focus, self.theme)
        self.hold(source)
        end = self.parts.plan.operators[0][0]
        moves: list[Animation] = []
        if self.grids[name].plan.numeral:
            moves.append(Glide(self, [(tile(self.grids[name], row, col), [self._centre(name, row, col), end])]))
        marks = self._marks([cell for cell in self.parts.winners(unit) if not cell[0].startswith("back")])
        self.run(ticks, *moves, *self._appearing(lane, source, self._value("divide", unit), *marks))

    def _arrive(self, beat: Beat, unit: int, ticks: int) -> None:
        """Backwards: it goes on to the winner of the window, or to all its cells."""
        self.count(beat.done, self.parts.counter(beat.done), unit)
        target, around = self._over(unit, last=True)
        lane = self._lane(self.parts.plan.onward(target, around), self.theme.result)
        marks = self._marks(self.parts.goals(unit))
        name, cells = self.parts.landed(unit)
        moves: list[Animation] = [Reveal(self.grids[name], self._content(name), cells)]
        source, (r, c) = self.parts.cell(unit)
        if marks and self._alike(source, name):
            way = [self.parts.plan.operators[0][0], marks[0].boxes[0].centre]
            moves.append(Glide(self, [(tile(self.grids[source], r, c), way)]))
        self.run(ticks, *moves, *self._appearing(lane, *marks), *self.said())
        if "share" in self.grids:
            self.grids["share"].put(self._cells("share", unit))

    # ── pieces ───────────────────────────────────────────────────────────────
    def _boxes(self, unit: int) -> dict[str, list[Box]]:
        return {name: taps(self.grids[name].plan, region) for name, region in self.parts.windows(unit)}

    def _over(self, unit: int, last: bool = False) -> tuple[str, Box]:
        """A grid under the window and the outline of the window on it."""
        name, boxes = list(self._boxes(unit).items())[-1 if last else 0]
        return name, hull(boxes)

    def _centre(self, name: str, row: int, col: int) -> Point:
        return self.grids[name].plan.cell(row, col).centre

    def _cells(self, name: str, unit: int) -> Cells:
        changing = self.grids[name].plan.changing
        if changing is None:
            raise KeyError(name)
        return changing(unit)

    def _content(self, name: str) -> Cells:
        cells = self.grids[name].plan.cells
        if cells is None:
            raise KeyError(name)
        return cells

    def _copy(self, unit: int, colours: bool = False) -> None:
        """The window's copy, in colours alone while it runs."""
        for name in ("window", "share"):
            if name in self.grids and not (name == "share" and not colours):
                cells = self._cells(name, unit)
                self.grids[name].put(Cells(cells.levels, None, cells.ghost, None, cells.scale) if colours else cells)

    def _fill(self, first: int, last: int) -> None:
        """Show the results of these units."""
        for name, cells in self.parts.filled(first, last):
            self.grids[name].put(self._content(name), cells)

    def _alike(self, one: str, other: str) -> bool:
        """Whether a numbered cell of one grid is as large as one of the other, so that it can travel there."""
        a, b = self.grids[one].plan, self.grids[other].plan
        return bool(a.numeral and b.numeral) and a.pitch == b.pitch

    def _lane(self, points: Iterable[Point], colour: str) -> Lane:
        lane = Lane(list(points), colour, t.LINE)
        self.hold(lane)
        return lane

    def _marks(self, cells: Iterable[Cell]) -> list[FocusFrame]:
        """Frames in the result's colour around cells."""
        marks = []
        for name, (row, col) in cells:
            grid: TileGrid = self.grids[name]
            width = t.FOCUS if min(grid.plan.pitch) >= 60 else 3.5 if min(grid.plan.pitch) >= 30 else t.SECOND_FOCUS
            inside = width > t.SECOND_FOCUS and name.startswith(("input", "window", "back"))  # of another frame
            outset = self._within(width) if inside else t.FOCUS_OUTSET
            marks.append(FocusFrame([grid.plan.cell(row, col)], self.theme.result, self.theme, width, outset))
        self.hold(*marks)
        return marks

    def _within(self, width: float) -> float:
        """How far a frame is drawn in, halo and all, so that one around it stays free."""
        return -width / 2 - t.HALO

    def _tint(self, unit: int | None) -> None:
        """A window that is done keeps the colour of its output cell, where windows do not overlap."""
        if unit is None or unit in self.tinted:
            return
        self.tinted.add(unit)
        tints = self.parts.tints(unit)
        for name, rows, cols, role in tints:
            box = self.grids[name].plan.span(rows, cols)
            width = t.SECOND_FOCUS if role == "faint" else t.RESULT_LINE
            self.add(FocusFrame([box], self.theme.role(role), self.theme, width, -t.HALO))
        if tints:
            self.add(*self.window.frames)

    def _value(self, name: str, unit: int) -> Label | None:
        """The number beside an operator, if it has one."""
        at, run = self.parts.values(unit).get(name, (None, None))
        if run is None:
            return None
        label = Label(run.text, t.NOTE, self.theme.role(run.role), run.weight, at, "centre", source=run.source)
        self.hold(label)
        return label

    def _appearing(self, *parts: Any) -> list[Animation]:
        """Animations that show what has just been added to this step."""
        return [Appear(part) for part in parts if part is not None]

    def leave(self) -> None:
        for name in () if self.flowing else ("window", "share"):
            if name in self.grids:
                self.grids[name].clear()
        super().leave()
        self._tint(self.at)

    def end(self) -> None:
        self.leave()
        self.window.remove()
