"""Dropout drawn: x times mask gives y, or units of a network crossed out, draw after draw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from manim import VGroup, VMobject

from layeranim import theme as t
from layeranim.scenes.base import ExplainerScene
from layeranim.scenes.parts.animate import Appear, Reveal
from layeranim.scenes.parts.label import Label, TextLine
from layeranim.scenes.parts.nodes import edges, empty, node, plain_nodes, ring
from layeranim.scenes.parts.shapes import FocusFrame, Lane
from layeranim.scenes.parts.window import LEAD_GAP, elbow, into
from layeranim.stories.storyboard import Beat, Cells

SHEETS = ("input", "mask", "output")


class DropoutScene(ExplainerScene):
    """One unit at a time in the first draw, whole draws after it."""

    def stage(self) -> None:
        self.parts = self.board.parts["dropout"]
        self.layer = self.parts.stage.layer
        for name in self.board.grids:
            self.add_grid(name)
        self.signs = VGroup()
        for at, sign, source in self.parts.stage.signs:
            self.signs.add(Label(sign, 28, self.theme.muted, "medium", at, "centre", "middle", source))
        self.add(self.signs)
        self.lanes = VGroup(*(Lane(points, self.theme.muted) for points in self.parts.stage.lanes))
        self.add(self.lanes)
        self.discs: dict[int, VMobject] = {}
        self.ways: dict[int, VMobject] = {}
        if self.layer:
            self._network()
        for unit in range(self.parts.first):
            self._at_once(unit)

    def _network(self) -> None:
        layer = self.layer
        self.add(plain_nodes((*layer.before, *layer.following), layer.radius, self.theme))
        self.add(empty(layer.units, self.theme))
        self.add(TextLine(layer.units.heading, t.NAME, self.theme, layer.units.heading_at, "centre"))
        for row in range(len(layer.units.at)):
            self._disc(row, layer.units.cells(0))

    def _disc(self, row: int, cells: Cells) -> VMobject:
        """A unit with its number, or crossed out and without edges."""
        gone = cells.ghost is not None and cells.ghost[row, 0]
        self.remove(*(m for m in (self.discs.get(row), self.ways.get(row)) if m is not None))
        self.discs[row] = node(self.layer.units, row, cells, self.theme)
        self.ways[row] = VGroup() if gone else edges(self.layer.edges(row), self.theme.ghost)
        self.add(self.ways[row], self.discs[row])
        return self.discs[row]

    # ── beats ────────────────────────────────────────────────────────────────
    def on_brief(self, beat: Beat) -> None:
        unit = beat.units[0]
        self._look(beat, unit, beat.phases[0][1])
        self.say(beat.caption, beat.note, whole=True)
        self._put_mask(unit)
        self._land(beat, unit, beat.phases[1][1])

    def on_sweep(self, beat: Beat) -> None:
        """Many units in a row; frames follow."""

        def through(first: int, last: int) -> None:
            self._run(first, last)
            self.leave()
            self._frame(last)

        self.sweep(beat, through)

    def on_draw(self, beat: Beat) -> None:
        """Another mask: another thinned network."""
        self._quiet(beat)
        draw = beat.units[0]
        self.count(beat.done, self.parts.draw_counter(draw))
        self._clear_lenses()
        if not self.layer:
            for name in ("mask", "output"):
                self.grids[name].put(self.parts.cells(name, draw))
            return
        cells = self.layer.after(draw)
        for row in self.discs:
            self._disc(row, cells)
        if draw < self.parts.stage.columns:
            grid = self.grids[f"draw:{draw}"]
            self.run(min(8, beat.ticks), Reveal(grid, self.parts.column("output", draw)))

    def on_mean(self, beat: Beat) -> None:
        """The mean over the draws, one unit of it in the caption."""
        self._quiet(beat)
        k = self.parts.example
        if self.layer:
            columns = [f"draw:{d}" for d in range(self.parts.stage.columns)]
            self._marks([(name, k, 0) for name in columns], self.theme.focus, t.SECOND_FOCUS)
            self._marks([("mean", k, 0)], self.theme.result, t.FOCUS)
            self.run(10, Reveal(self.grids["mean"], self.parts.column("mean", 0)))
            return
        self.grids["mask"].clear()
        self._marks([("output", *divmod(k, self.parts.cols))], self.theme.result, t.FOCUS)
        self.grids["output"].put(self.parts.cells("mean", 0))

    def on_test(self, beat: Beat) -> None:
        """No mask: every unit is used."""
        self._quiet(beat)
        if self.layer:
            cells = self.layer.used()
            discs = [self._disc(row, cells) for row in list(self.discs)]
            self.run(8, *(Appear(disc) for disc in discs))
            return
        self.take_grid("mask")
        self.remove(self.signs, self.lanes)  # no factor either
        self.add(Lane(self.parts.stage.unmasked, self.theme.muted))
        self._clear_lenses()
        self.run(8, Reveal(self.grids["output"], self.parts.cells("inference", 0)))

    # ── phases of a step ─────────────────────────────────────────────────────
    def _look(self, beat: Beat, unit: int, ticks: int) -> None:
        self.begin(beat, unit)
        self.run(ticks, *map(Appear, self._frame(unit)))

    def _mask(self, beat: Beat, unit: int, ticks: int) -> None:
        self.say(beat.caption, beat.note)
        if self.layer:
            self.run(ticks)
            return
        where = [divmod(unit, self.parts.cols)]
        reveals = [Reveal(self.grids["mask"], self.parts.cells("mask", 0), where)]
        if "one:mask" in self.grids:
            self.grids["one:output"].clear()
            reveals += [Reveal(self.grids[f"one:{name}"], self.parts.one(name, unit)) for name in ("input", "mask")]
        self.run(ticks, *reveals)

    def _land(self, beat: Beat, unit: int, ticks: int) -> None:
        self.count(beat.done, self.parts.counter(beat.done), unit)
        row, col = divmod(unit, self.parts.cols)
        if self.layer:
            disc = self._disc(row := unit, self.layer.after(0))
            marks = self._marks([("draw:0", row, 0)], self.theme.result, t.FOCUS)
            reveals = [Reveal(self.grids["draw:0"], self.parts.column("output", 0), [(row, 0)])]
            around = ring(self.layer.units, row, self.theme.focus)
            self.hold(around)
            self.run(ticks, Appear(disc), *reveals, *map(Appear, marks), *self.said())
            return
        marks = self._marks([("output", row, col)], self.theme.result, t.FOCUS)
        reveals = [Reveal(self.grids["output"], self.parts.cells("output", 0), [(row, col)])]
        if "one:output" in self.grids:
            reveals.append(Reveal(self.grids["one:output"], self.parts.one("output", unit)))
        self.run(ticks, *reveals, *map(Appear, marks), *self.said())

    # ── pieces ───────────────────────────────────────────────────────────────
    def _quiet(self, beat: Beat) -> None:
        self.leave()
        self.name_place(beat.place)
        self.count(beat.done, self.parts.counter(beat.done))
        self.say(beat.caption, beat.note, whole=True)

    def _put_mask(self, unit: int) -> None:
        if self.layer:
            return
        self.grids["mask"].put(self.parts.cells("mask", 0), [divmod(unit, self.parts.cols)])
        for name in ("input", "mask"):
            if f"one:{name}" in self.grids:
                self.grids[f"one:{name}"].put(self.parts.one(name, unit))

    def _at_once(self, unit: int) -> None:
        self._run(unit, unit)

    def _run(self, first: int, last: int) -> None:
        """Units without showing their acts."""
        if self.layer:
            for unit in range(first, last + 1):
                self._disc(unit, self.layer.after(0))
                self.grids["draw:0"].put(self.parts.column("output", 0), [(unit, 0)])
            return
        for name in ("mask", "output"):
            self.grids[name].put_run(self.parts.cells(name, 0), first, last)
        for name in SHEETS:
            if f"one:{name}" in self.grids:
                self.grids[f"one:{name}"].put(self.parts.one(name, last))

    def _clear_lenses(self) -> None:
        """No lens without a cell under it."""
        for name in SHEETS:
            self.take_grid(f"one:{name}")

    def _frame(self, unit: int) -> Sequence[VMobject]:
        """Frames around the unit under way."""
        if self.layer:
            around = ring(self.layer.units, unit, self.theme.focus)
            self.hold(around)
            return [around, *self._marks([("input", unit, 0)], self.theme.focus, t.FOCUS)]
        at = divmod(unit, self.parts.cols)
        return [*self._marks([("input", *at), ("mask", *at)], self.theme.focus, t.FOCUS), *self._leads(at)]

    def _leads(self, at: tuple[int, int]) -> list[VMobject]:
        """Lanes from a sheet's edge, under the cell under way, to its numbered copy."""
        pairs = [(self.board.grids.get(f"one:{name}"), self.board.grids.get(name)) for name in ("input", "mask")]
        lines: list[VMobject] = []
        for lens, sheet in pairs:
            if lens and sheet:
                x, b = sheet.cell(*at).centre[0], lens.box
                start, end = (sheet.box.bottom - LEAD_GAP, x), (b.y + LEAD_GAP, into(x, b.x, b.right))
                lines.append(Lane([(x_, y_) for y_, x_ in elbow(start, end)], self.theme.focus, 2))
        self.hold(*lines)
        return lines

    def _marks(self, cells: Any, colour: str, width: float) -> list[FocusFrame]:
        return self.frame((self.board.grids[name].cell(row, col) for name, row, col in cells), colour, width)
