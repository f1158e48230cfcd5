"""Attention drawn: a query row meets the keys, its scores become weights, the weights mix the values."""

from __future__ import annotations

from typing import Any

import numpy as np
from manim import Animation

from layeranim import theme as t
from layeranim.scenes.base import ExplainerScene
from layeranim.scenes.parts.animate import Appear, Reveal
from layeranim.scenes.parts.label import Label
from layeranim.scenes.parts.shape import PX
from layeranim.scenes.parts.shapes import FocusFrame, Lane
from layeranim.scenes.parts.window import Window, frame_width
from layeranim.stories.attention.parts import BEFORE
from layeranim.stories.storyboard import Beat, Box

MADE, LENS = ("scores", "weights", "output"), ("lens_scores", "lens_weights")


class AttentionScene(ExplainerScene):
    """One row of one head after another; the first one stage by stage."""

    def stage(self) -> None:
        self.parts = self.board.parts["attention"]
        for name in self.parts.plan.grids:
            self.add_grid(name)
        self.names = [self._label(name, self.theme.muted) for name in self.parts.names()]
        self.add(*self.names)
        self.named: Label | None = None  # the name of the row under way
        self.window = Window(self, self.theme)
        self.lens: list[Label] = []  # the names beside the lens
        self.boxes: dict[str, list[Box]] = {}
        for unit in range(self.parts.first):
            if self.parts.new_head(unit):
                self._head(unit)
            self._fill(unit)

    def _label(self, name: Any, colour: str) -> Label:
        """A word beside a row or over a column; upright ones read from below."""
        if not name.upright:
            return Label(name.run.text, name.size, colour, at=name.at, across=name.across, source=name.run.source)
        label = Label(name.run.text, name.size, colour, along="middle", source=name.run.source)
        flat = label.points[:, :2]
        label.points[:, :2] = np.column_stack([-flat[:, 1], flat[:, 0]]) + np.asarray(name.at) * PX
        return label

    # ── beats ────────────────────────────────────────────────────────────────
    def _stages(self, beat: Beat) -> None:
        """A stage of the taught row, a projection: look, then write."""
        self.on_step(beat)

    on_position = on_project = on_turn = on_score = on_scale = on_cap = _stages
    on_mask = on_exp = on_divide = on_pick = on_mix = _stages

    def on_head(self, beat: Beat) -> None:
        """The next head's queries, keys and values; what the last one made leaves."""
        self.end()
        self.say(beat.caption, beat.note, whole=True)
        self.name_place(beat.place)
        unit = beat.units[0]
        for name in MADE:
            if name in self.grids:
                self.grids[name].clear()
        self.run(beat.phases[0][1], *(Reveal(self.grids[name], cells) for name, cells in self.parts.head(unit)))
        self.run(beat.phases[1][1])

    def on_join(self, beat: Beat) -> None:
        """All heads side by side; where a matrix follows them, the first number that it gives, then the others."""
        self.end()
        self.name_place(beat.place)
        self.count(beat.done, self.parts.counter(beat.done))
        join = self.parts.join
        if join is None:
            self.say(beat.caption, beat.note, whole=True)
            return
        for name in [name for name in self.grids if name not in join.grids]:
            self.take_grid(name)
        self.remove(*self.names)
        for name in join.grids:
            self.add_grid(name)
        self.add(*(self._label(name, self.theme.muted) for name in join.names))
        self.add(*(Label(sign, 40, self.theme.muted, "medium", at, "centre", "middle") for at, sign in join.signs))
        self.say(beat.caption, beat.note, whole=not join.projected)
        if join.projected:
            self._project(beat)

    def _project(self, beat: Beat) -> None:
        """A row of all heads times a column of W_O."""
        grids, join = self.board.grids, self.parts.join
        out, made = self.grids["projected"], grids["projected"].cells
        if made is None:
            raise KeyError("projected")
        rows = [grids[f"joined:{head}"] for head in range(join.heads)]
        boxes = [*(g.span(range(1), range(g.cols)) for g in rows)]
        weight = grids["weight_output"]
        frames = self.frame([*boxes, weight.span(range(weight.rows), range(1))], self.theme.focus)
        self.run(beat.phases[0][1], *map(Appear, frames))
        marks = self.frame([grids["projected"].cell(0, 0)], self.theme.result)
        self.run(beat.phases[1][1], Reveal(out, made, [(0, 0)]), *map(Appear, marks), *self.said())
        self.run(beat.phases[2][1], Reveal(out, made, lag=0.02))

    def on_close(self, beat: Beat) -> None:
        """The whole result; a lens on a row that is under way no more leaves."""
        super().on_close(beat)
        for name in LENS:
            if name in self.standing:
                self.take_grid(name)

    def on_sweep(self, beat: Beat) -> None:
        """Many rows, one after another; the lens rests."""

        def through(first: int, last: int) -> None:
            for passed in range(first, last + 1):
                self._fill(passed)
            self._look("step", last)

        self.sweep(beat, through)

    # ── phases ───────────────────────────────────────────────────────────────
    def _travel(self, beat: Beat, unit: int, ticks: int) -> None:
        """The frames move to what is read."""
        self.leave()
        self.turn(beat)
        done = beat.done - (beat.kind in ("step", "mix"))
        self.count(done, self.parts.counter(done), done)
        start, goal = self.boxes, self._boxes(beat.kind, unit)
        if beat.kind in ("step", "score"):
            self._clear_lens()
        self._name_row(unit)
        if beat.kind in BEFORE:
            self.say(beat.caption, beat.note, whole=True)
        self.window.lenses = self.parts.lenses(beat.kind)
        there = start if start and list(start) == list(goal) else None
        if there is None:
            self.window.remove()
        self.window.travel(there, goal, ticks)
        self.boxes = goal

    def _first(self, beat: Beat, unit: int, ticks: int) -> None:
        """The cell that the caption writes out, or the whole row."""
        self.say(beat.caption, beat.note)
        self._head_grids(beat.kind)
        if beat.kind == "score":
            self._name_lens(unit)
        cell = self.parts.first_cell(beat.kind, unit)
        moves: list[Animation] = []
        for name, cells, where in self.parts.content(beat.kind, unit):
            here = [at for at in where if cell is None or at == cell]
            if here and not (cell and name.startswith("lens")):
                moves.append(Reveal(self.grids[name], cells, here))
        arrow = beat.kind in ("exp", "divide", "pick")
        self.run(ticks, *moves, *self._appear(beat.kind, unit, arrow), *self.said())
        if beat.kind == "mix":
            self.count(beat.done, self.parts.counter(beat.done), beat.done - 1)

    def _rest(self, beat: Beat, unit: int, ticks: int) -> None:
        self.run(
            ticks,
            *(Reveal(self.grids[n], cells, where, lag=0.06) for n, cells, where in self.parts.content(beat.kind, unit)),
        )

    def _score(self, beat: Beat, unit: int, ticks: int) -> None:
        self.say(beat.caption, beat.note)
        self._head_grids(beat.kind)
        self._name_lens(unit)
        self.run(ticks, *(Reveal(self.grids[n], cells, where) for n, cells, where in self.parts.ready(unit)))

    def _softmax(self, beat: Beat, unit: int, ticks: int) -> None:
        moves = [Reveal(self.grids[n], cells, where) for n, cells, where in self.parts.weighed(unit)]
        self.run(ticks, *moves, *self._appear("softmax", unit, True))

    def _land(self, beat: Beat, unit: int, ticks: int) -> None:
        self.count(beat.done, self.parts.counter(beat.done), beat.done - 1)
        moves = [Reveal(self.grids[n], cells, where) for n, cells, where in self.parts.content("mix", unit)]
        self.run(ticks, *moves, *self._appear("step", unit, False), *self.said())

    # ── pieces ───────────────────────────────────────────────────────────────
    def _boxes(self, stage: str, unit: int) -> dict[str, list[Box]]:
        return {name: [self.grids[name].plan.span(rows, cols)] for name, rows, cols in self.parts.frames(stage, unit)}

    def _look(self, stage: str, unit: int) -> None:
        """Frames and names at a row, at once."""
        self.leave()
        self.boxes, self.window.lenses = self._boxes(stage, unit), self.parts.lenses(stage)
        self.window.put(self.boxes)
        self._name_row(unit)
        self._name_lens(unit)

    def _head_grids(self, stage: str) -> None:
        """Headings say what stands in the grids from this stage on."""
        for name, heading in self.parts.headings(stage).items():
            self.rename_grid(name, heading)

    def _name_row(self, unit: int) -> None:
        """The name of the row in focus: the one that stands there, or one for rows too narrow to have all names."""
        at, name = self.parts.row_name(unit)
        if at is None:
            self.named = self._label(name, self.theme.focus)
            self.hold(self.named)
        else:
            self.named = self.names[at]
            self.named.set_fill(self.theme.focus)

    def _name_lens(self, unit: int) -> None:
        """The names of the keys whose numbers the lens shows."""
        self.remove(*self.lens)
        self.lens = [self._label(name, self.theme.ink) for name in self.parts.lens_names(unit)]
        self.add(*self.lens)

    def _clear_lens(self) -> None:
        self.remove(*self.lens)
        self.lens = []
        for name in LENS:
            if name in self.grids:
                self.grids[name].clear()

    def _appear(self, stage: str, unit: int, arrow: bool) -> list[Animation]:
        """Lanes and the frame of what is written, fading in."""
        new: list[Any] = []
        lane = self.parts.arrow(unit) if arrow else None
        if lane:
            new.append(Lane(lane, self.theme.focus))
            at = (lane[0][0] + lane[1][0]) / 2 - 4, lane[0][1] + 12
            new.append(Label(self.parts.softmax, t.FLOOR, self.theme.focus, "medium", at, "centre"))
        onward = self.parts.onward(unit) if stage in ("mix", "step") else None
        if onward:
            new.append(Lane(onward, self.theme.result, t.RESULT_LINE, t.RESULT_HEAD))
        for name, rows, cols in self.parts.target(stage, unit):
            box = self.grids[name].plan.span(rows, cols)
            new.append(FocusFrame([box], self.theme.result, self.theme, frame_width([box])))
        self.hold(*new)
        return [Appear(one) for one in new]

    def leave(self) -> None:
        if self.named is not None:
            self.named.set_fill(self.theme.muted)
        self.named = None
        super().leave()

    def end(self) -> None:
        self.leave()
        self._clear_lens()
        self.window.remove()
        self.boxes = {}

    def _head(self, unit: int) -> None:
        for name, cells in self.parts.head(unit):
            self.grids[name].put(cells)
        for name in MADE:
            if name in self.grids:
                self.grids[name].clear()

    def _fill(self, unit: int) -> None:
        for name, cells, where in self.parts.done(unit):
            self.grids[name].put(cells, where)
