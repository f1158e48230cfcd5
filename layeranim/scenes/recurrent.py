"""Recurrent layers drawn: the unrolled strips, and the cell that opens for the first steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from manim import Mobject

from layeranim import theme as t
from layeranim.scenes.base import ExplainerScene
from layeranim.scenes.parts.animate import Appear, Reveal
from layeranim.scenes.parts.cell import GateBars, Wires, copy_of_cell, outlines, tracks
from layeranim.scenes.parts.label import Label, TextLine
from layeranim.scenes.parts.shapes import FocusFrame, chip, operator
from layeranim.scenes.parts.tile import Glide, tile
from layeranim.stories.recurrent.film import RecurrentParts
from layeranim.stories.recurrent.moves import CellMove, Rows
from layeranim.stories.storyboard import Beat, Fact, Point


class RecurrentScene(ExplainerScene):
    """Two stages, one at a time: ``strips`` opens and closes the film, ``cell`` shows what happens in a step."""

    def stage(self) -> None:
        self.parts: RecurrentParts = self.board.parts["recurrent"]
        self.bars: dict[str, GateBars] = {}
        self.lit: dict[str, Mobject] = {}
        self.named: dict[str, TextLine] = {}
        self.frames_now: list[FocusFrame] = []
        cell, strips = self.parts.stage, self.parts.strips
        self.wires = {
            "cell": Wires(self.theme, {k: (w.points, w.role) for k, w in cell.wires.items()}),
            "strips": Wires(self.theme, {k: (w.points, w.role) for k, w in strips.wires.items()}),
        }
        self.sets = {"cell": self._gathered(self._cell), "strips": self._gathered(self._strips)}
        self.on = ""
        self._show("strips")
        self._do(self.parts.start, 0)

    def _gathered(self, place: Callable[[], None]) -> list[Mobject]:
        """What a stage consists of, taken off again."""
        before = len(self.mobjects)
        place()
        made = list(self.mobjects[before:])
        self.remove(*made)
        return made

    # ── the two stages ───────────────────────────────────────────────────────
    def _cell(self) -> None:
        plan, theme = self.parts.stage, self.theme
        self.add(*self.wires["cell"].lanes.values())
        for name in plan.grids:
            self.add_grid(name)
        for gate in plan.gates.values():
            self.add(outlines(gate.outlines, theme.role(gate.role)))
        for at, sign in plan.bench.signs():
            self.add(Label(sign, 26, theme.muted, "medium", at, "centre", "middle"))
        for at, symbol in plan.operators.values():
            self.add(operator(at, symbol, theme, theme.ink))
        for at, text in plan.chips.values():
            self.add(chip(at, text, theme, theme.muted, Fact("function")))
        for at, line in plan.labels:
            self.add(TextLine(line, t.FLOOR, theme, at))
        for text, at in self.parts.sayings.items():
            self.add(Label(text, t.NOTE, theme.muted, "regular", at, "centre"))

    def _strips(self) -> None:
        plan, theme = self.parts.strips, self.theme
        self.add(*self.wires["strips"].lanes.values())
        for time, box in plan.boxes.items():
            self.add(copy_of_cell(box, "" if plan.bases else plan.chip, theme), tracks(plan.tracks(time), theme))
        for name in plan.grids:
            self.add_grid(name)
        for at, line, across, size in plan.labels:
            self.add(TextLine(line, size, theme, at, across))  # type: ignore[arg-type]

    def _show(self, which: str) -> None:
        """Cut to a stage; what belonged to the other one is gone."""
        if which == self.on:
            return
        self._unframe()
        self.remove(*self.sets.get(self.on, []), *self.bars.values(), *self.lit.values(), *self.named.values())
        self.bars, self.lit, self.named, self.on = {}, {}, {}, which
        self.add(*self.sets[which])

    # ── beats ────────────────────────────────────────────────────────────────
    def on_open(self, beat: Beat) -> None:
        self.count(beat.done, self.parts.counter(beat.done))
        self.say(beat.caption, beat.note, whole=True)

    def on_close(self, beat: Beat) -> None:
        self._unframe()
        self.name_place(())
        self.count(beat.done, self.parts.counter(beat.done))
        self._do(self.parts.moves[self.board.beats.index(beat), "close"], 0)
        self.say(beat.caption, beat.note, whole=True)

    def on_shot(self, beat: Beat) -> None:
        """Every other beat: its phases in order, each with the move that the storyboard gives it."""
        self.turn(beat)
        current = beat.units.start if len(beat.units) == 1 else None
        self.count(beat.units.start, self.parts.counter(beat.units.start), current)
        at = self.board.beats.index(beat)
        for name, ticks in beat.phases:
            move = self.parts.moves.get((at, name))
            if move is None:
                self.run(ticks)
                continue
            if move.say:
                self.say(beat.caption, beat.note, whole=move.land)
            if move.land:
                self.count(beat.done, self.parts.counter(beat.done), current)
            if move.done is not None:
                self.count(move.done, self.parts.counter(move.done))
            self._do(move, ticks)

    on_enter = on_weigh = on_combine = on_step = on_skip = on_run = on_shot

    # ── moves ────────────────────────────────────────────────────────────────
    def _do(self, move: CellMove, ticks: int) -> None:
        """Carry out a move in so many ticks; at once if there are none."""
        cut = bool(move.show) and move.show != self.on
        if move.show:
            self._show(move.show)
        self._unframe()
        if move.carry:
            self._carry(move, ticks)
            return
        if move.calm:
            self._calm()
        self._clear(move.clear)
        self._rename(move)
        new: list[Mobject] = [*self._light(move.lit), *self._barred(move), *self._frame(move.focus, self.theme.focus)]
        new += self._frame(move.result, self.theme.result)
        if cut or not ticks:
            for name, cells in move.fills.items():
                self.grids[name].put(cells, self._where(move, name))
            self.add(*new)
            self.bring_frames()
            self.run(ticks, *self.said() if move.land else ())
            return
        fills = [Reveal(self.grids[n], cells, self._where(move, n), move.lag) for n, cells in move.fills.items()]
        self.run(ticks, *fills, *(Appear(m) for m in new), *(self.said() if move.land else ()))  # type: ignore[arg-type]

    def bring_frames(self) -> None:
        """Frames stand over everything."""
        self.remove(*self.frames_now)
        self.add(*self.frames_now)

    def _where(self, move: CellMove, name: str) -> list[tuple[int, int]] | None:
        return [(r, 0) for r in move.only[name]] if name in move.only else None

    def _carry(self, move: CellMove, ticks: int) -> None:
        """The states of the last step travel to where this one reads them."""
        ways: list[tuple[Any, Sequence[Point]]] = []
        for start, goal, between in move.carry:
            a, b = self.grids[start], self.grids[goal]
            for r in range(min(a.plan.rows, b.plan.rows)):
                start_at, middle = a.plan.cell(r, 0).centre, a.plan.box.centre
                way = [(x, y + start_at[1] - middle[1]) for x, y in between]  # the cells keep their places side by side
                ways.append((tile(a, r, 0), (start_at, *way, b.plan.cell(r, 0).centre)))
        self._calm()
        self._clear(move.clear)
        self._barred(move)
        self._rename(move)
        self.add(*self._light(move.lit))
        self.run(ticks, Glide(self, ways))
        for name, cells in move.fills.items():
            self.grids[name].put(cells)

    def _calm(self) -> None:
        self.remove(*self.lit.values())
        self.lit = {}

    def _clear(self, names: Sequence[str]) -> None:
        for name in names:
            if name in self.grids:
                self.grids[name].clear()

    def _rename(self, move: CellMove) -> None:
        for key, (at, line) in move.named.items():
            old = self.named.pop(key, None)
            if old is not None:
                self.remove(old)
            if line:
                self.named[key] = TextLine(line, t.NAME, self.theme, at)
                self.add(self.named[key])

    def _light(self, names: Sequence[str]) -> list[Mobject]:
        wanted = [n for n in names if n not in self.lit]
        made = [n for n in wanted if n in self.wires[self.on].lanes]
        lanes: list[Mobject] = [*self.wires[self.on].light(made)]
        self.lit |= dict(zip(made, lanes, strict=True))
        return lanes

    def _barred(self, move: CellMove) -> list[Mobject]:
        out: list[Mobject] = []
        for key, (boxes, hue) in move.bars.items():
            old = self.bars.pop(key, None)
            if old is not None:
                self.remove(old)
            if boxes:
                self.bars[key] = GateBars(boxes, self.theme.role(hue))
                out.append(self.bars[key])
        return out

    def _frame(self, rows: Sequence[Rows], colour: str) -> list[Mobject]:
        made: list[Mobject] = []
        for name, span in rows:
            plan = self.board.grids[name]
            box = plan.span(span, range(1))
            width = t.FOCUS if min(box.w, box.h) > 30 else t.SECOND_FOCUS
            made.append(FocusFrame([box], colour, self.theme, width))
        self.frames_now += made  # type: ignore[arg-type]
        return made

    def _unframe(self) -> None:
        self.remove(*self.frames_now)
        self.frames_now = []
