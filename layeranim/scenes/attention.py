"""Attention drawn: a query row meets the keys, its scores become weights, the weights mix the values."""

from __future__ import annotations

from math import pi
from typing import Any

from manim import Animation, VGroup

from layeranim import theme as t
from layeranim.scenes.base import ExplainerScene
from layeranim.scenes.parts.animate import TRAVEL, Appear, Follow, Reveal
from layeranim.scenes.parts.label import PX, Label
from layeranim.scenes.parts.shapes import FocusFrame, Lane
from layeranim.scenes.parts.window import Window, between, frame_width
from layeranim.stories.storyboard import Beat, Box


class AttentionScene(ExplainerScene):
    """One row of one head after another; the first one stage by stage."""

    def stage(self) -> None:
        self.parts: Any = self.board.parts["attention"]
        for name in self.board.grids:
            self.add_grid(name)
        for name in self.parts.names():
            self.add(self._label(name, self.theme.muted))
        self.window = Window(self, self.theme, self.parts.lenses())
        self.passing = VGroup()  # what belongs to one row: its name in focus, lanes, the frame of the result
        self.boxes: dict[str, list[Box]] = {}
        self.unit: int | None = None
        for unit in range(self.parts.first):
            if self.parts.new_head(unit):
                self._head(unit)
            self._fill(unit)

    def _label(self, name: Any, colour: str, size: int | None = None) -> Label:
        weight = "medium"
        size = size or self.parts.size
        if not name.upright:
            return Label(name.run.text, size, colour, weight, name.at, name.across, source=name.run.source)  # type: ignore[arg-type]
        label = Label(name.run.text, t.FLOOR, colour, weight, (0, 0), "left", "middle", source=name.run.source)  # type: ignore[arg-type]
        label.rotate(pi / 2, about_point=(0, 0, 0))
        label.shift((name.at[0] * PX, name.at[1] * PX, 0))
        return label

    # ── beats ────────────────────────────────────────────────────────────────
    def on_open(self, beat: Beat) -> None:
        self.count(beat.done, self.parts.counter(beat.done))
        self.say(beat.caption, beat.note)

    def on_stage(self, beat: Beat) -> None:
        """A stage of the taught row, a projection: look, then write."""
        for name, ticks in beat.phases:
            getattr(self, f"_{name}")(beat, beat.units[0], ticks)

    on_project = on_score = on_scale = on_cap = on_mask = on_exp = on_divide = on_pick = on_mix = on_step = on_stage

    def on_head(self, beat: Beat) -> None:
        """The next head's queries, keys and values; what the last one made leaves."""
        self._leave()
        self.window.remove()
        self.boxes = {}
        self.say(beat.caption, beat.note, whole=True)
        self.name_place(beat.place)
        unit = beat.units[0]
        for name in ("scores", "weights", "output", "lens_scores", "lens_weights"):
            if name in self.grids:
                self.grids[name].clear()
        self.run(beat.phases[0][1], *(Reveal(self.grids[name], cells) for name, cells in self.parts.head(unit)))
        self.run(beat.phases[1][1])

    def on_join(self, beat: Beat) -> None:
        self._leave()
        self.window.remove()
        self.name_place(())
        self.count(beat.done, self.parts.counter(beat.done))
        self.say(beat.caption, beat.note, whole=True)

    def on_sweep(self, beat: Beat) -> None:
        """Many rows, one after another; the lens rests."""
        self._leave()
        self.say(beat.caption, beat.note, whole=True)
        self.name_place(beat.place)
        shown = [beat.units[0] - 1]

        def at(alpha: float) -> None:
            unit = beat.units[min(len(beat.units) - 1, int(alpha * len(beat.units)))]
            for passed in range(shown[0] + 1, unit + 1):
                self._fill(passed)
            if unit != shown[0]:
                self._look("step", unit)
                self.count(unit + 1, self.parts.counter(unit + 1), unit)
            shown[0] = unit

        self.run(beat.ticks, Follow(at))
        at(1.0)

    def on_close(self, beat: Beat) -> None:
        self._leave()
        self.window.remove()
        self.count(beat.done, self.parts.counter(beat.done))
        self.name_place(())
        self.say(beat.caption, beat.note, whole=True)

    # ── phases ───────────────────────────────────────────────────────────────
    def _travel(self, beat: Beat, unit: int, ticks: int) -> None:
        """The frames move to what is read."""
        self._leave()
        self.mute()
        self.name_place(beat.place)
        self.count(unit, self.parts.counter(unit), unit)
        start, goal = self.boxes, self._boxes(beat.kind, unit)
        self.passing = VGroup(*self._names(unit, lens=self.unit == unit or beat.kind != "step"))
        self.add(self.passing)
        if beat.kind == "project":
            self.say(beat.caption, beat.note)
        if not start or list(start) != list(goal):
            self.window.remove()
            self.window.put(goal)
            self.run(ticks, *(Appear(frame) for frame in self.window.frames))
        else:
            self.run(ticks, Follow(lambda a: self.window.put(between(start, goal, a)), rate_func=TRAVEL))
            self.window.put(goal)
        self.boxes, self.unit = goal, unit

    def _first(self, beat: Beat, unit: int, ticks: int) -> None:
        """The cell that the caption writes out, or the whole row."""
        self.say(beat.caption, beat.note)
        cell = self.parts.first_cell(beat.kind, unit)
        moves: list[Animation] = []
        for name, cells, where in self.parts.content(beat.kind, unit):
            here = [at for at in where if cell is None or at == cell]
            if here and not (cell and name.startswith("lens")):
                moves.append(Reveal(self.grids[name], cells, here))
        arrow = beat.kind in ("exp", "divide", "pick")
        self.run(ticks, *moves, *self._appear(beat.kind, unit, arrow), *self.said())
        if beat.kind == "mix":
            self.count(beat.done, self.parts.counter(beat.done), unit)

    def _rest(self, beat: Beat, unit: int, ticks: int) -> None:
        self.run(ticks, *(Reveal(self.grids[n], cells, where, lag=0.06) for n, cells, where in self.parts.content(beat.kind, unit)))  # noqa: E501

    def _score(self, beat: Beat, unit: int, ticks: int) -> None:
        self.say(beat.caption, beat.note)
        self._lens_names(unit)
        self.run(ticks, *(Reveal(self.grids[n], cells, where) for n, cells, where in self.parts.ready(unit)))

    def _softmax(self, beat: Beat, unit: int, ticks: int) -> None:
        moves = [Reveal(self.grids[n], cells, where) for n, cells, where in self.parts.weighed(unit)]
        self.run(ticks, *moves, *self._appear("softmax", unit, True))

    def _land(self, beat: Beat, unit: int, ticks: int) -> None:
        self.count(beat.done, self.parts.counter(beat.done), unit)
        moves = [Reveal(self.grids[n], cells, where) for n, cells, where in self.parts.content("mix", unit)]
        self.run(ticks, *moves, *self._appear("step", unit, False), *self.said())

    def _read(self, beat: Beat, unit: int, ticks: int) -> None:
        self.run(ticks)

    # ── pieces ───────────────────────────────────────────────────────────────
    def _boxes(self, stage: str, unit: int) -> dict[str, list[Box]]:
        return {name: [self.grids[name].plan.span(rows, cols)] for name, rows, cols in self.parts.frames(stage, unit)}

    def _look(self, stage: str, unit: int) -> None:
        """Frames and names at a row, at once."""
        self.remove(self.passing)
        self.boxes, self.unit = self._boxes(stage, unit), unit
        self.window.put(self.boxes)
        self.passing = VGroup(*self._names(unit, lens=True))
        self.add(self.passing)

    def _names(self, unit: int, lens: bool) -> list[Label]:
        names = [self._label(name, self.theme.focus) for name in self.parts.focus_names(unit)]
        if lens:
            names += [self._label(name, self.theme.ink, t.NOTE) for name in self.parts.lens_names(unit)]
        return names

    def _lens_names(self, unit: int) -> None:
        """The names in the lens change with its numbers."""

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
        self.passing.add(*new)
        self.add(*new)
        return [Appear(one) for one in new]

    def _leave(self) -> None:
        """What belonged to the last row goes."""
        self.remove(self.passing, *self.passing.submobjects)
        self.passing = VGroup()

    def _head(self, unit: int) -> None:
        for name, cells in self.parts.head(unit):
            self.grids[name].put(cells)
        for name in ("scores", "weights", "output"):
            if name in self.grids:
                self.grids[name].clear()

    def _fill(self, unit: int) -> None:
        for name, cells, where in self.parts.done(unit):
            self.grids[name].put(cells, where)
