"""A dense layer drawn: nodes and edges, W x + b = z, φ(z) = y; one unit lit at a time."""

from __future__ import annotations

from typing import Any

from manim import VGroup, VMobject

from layeranim import theme as t
from layeranim.scenes.base import ExplainerScene
from layeranim.scenes.parts.animate import Appear, Reveal
from layeranim.scenes.parts.label import Label, TextLine
from layeranim.scenes.parts.nodes import edges, empty, lit, node, ring, weight_label
from layeranim.scenes.parts.shapes import FocusFrame, Lane, chip, operator
from layeranim.stories.storyboard import Beat, Fact


class DenseScene(ExplainerScene):
    """One unit of one sample at a time."""

    def stage(self) -> None:
        self.parts = self.board.parts["dense"]
        for name in self.board.grids:
            self.add_grid(name)
        for at, line in self.parts.labels:
            self.add(TextLine(line, t.NAME, self.theme, at))
        for at, sign in self.parts.signs:
            self.add(Label(sign, 30, self.theme.muted, "medium", at, "centre", "middle"))
        for points, role in self.parts.lanes:
            self.add(Lane(points, self.theme.role(role)))
        for at, name in self.parts.chips:
            self.add(chip(at, name, self.theme, self.theme.muted, Fact("activation")))
        for at, sign in self.parts.operators:
            self.add(operator(at, sign, self.theme))
        self.rings: list[VMobject] = []  # around the unit under way, over its number
        self.held: dict[int, VMobject] = {}  # numbers in the discs of units
        self.inputs = VGroup()
        if self.parts.network:
            self._network()
        for unit in range(self.parts.first - self.parts.first % self.parts.units, self.parts.first):
            self._at_once(unit)

    def _network(self) -> None:
        net = self.parts.network
        self.add(edges(net.rest, self.theme.raised))
        for column in (net.inputs, net.units):
            self.add(empty(column, self.theme))
            if column.heading_at[1]:
                self.add(TextLine(column.heading, t.NAME, self.theme, column.heading_at, "centre"))
        self._inputs(self.parts.first)

    def _inputs(self, unit: int) -> None:
        """The discs of the sample that a unit reads."""
        net = self.parts.network
        self.remove(self.inputs)
        cells = net.inputs.cells(unit)
        self.inputs = VGroup(*(node(net.inputs, row, cells, self.theme) for row in range(len(net.inputs.at))))
        self.add(self.inputs)

    # ── beats ────────────────────────────────────────────────────────────────
    def on_open(self, beat: Beat) -> None:
        super().on_open(beat)
        self._weights(self.parts.first)

    def on_close(self, beat: Beat) -> None:
        super().on_close(beat)
        self._weights(beat.done - 1)

    def _weights(self, unit: int) -> None:
        """What the words are about where no unit is under way: the weights of a neuron that stands alone."""
        if self.parts.network and self.parts.units == 1:
            self._light(unit)

    def on_brief(self, beat: Beat) -> None:
        unit, acts = beat.units[0], self.parts.acts(beat.units[0])
        for name, ticks in beat.phases:
            if name == "look":
                self._look(beat, unit, ticks)
                self.say(beat.caption, beat.note, whole=True)
                self._fill([*acts.multiply, *acts.sum])
                if self.parts.network:
                    self._light(unit)
            else:
                self._land(beat, unit, ticks)

    def on_sweep(self, beat: Beat) -> None:
        """Many units in a row; frames follow, numbers land."""

        def through(first: int, last: int) -> None:
            for passed in range(first, last + 1):
                self._at_once(passed)
            self.leave()
            self._frame(self.parts.acts(last))

        self.sweep(beat, through)

    def on_row(self, beat: Beat) -> None:
        """The activation of all units of a sample at once."""
        self.leave()
        acts = self.parts.finish(beat.units[0])
        self._rename(self.parts.winner(beat.units[0]))
        self.name_place(())
        self._fill(acts.look)
        self.say(beat.caption, beat.note)
        marks = [*self._frame(acts), *self._marks(acts.target)]
        reveals = [Reveal(self.grids[name], cells, where) for name, cells, where in acts.land]
        self.run(beat.phases[0][1], *reveals, *self._units_land(beat.units[0], whole=True), *map(Appear, marks))
        self.run(beat.phases[1][1])

    # ── phases of a step ─────────────────────────────────────────────────────
    def _look(self, beat: Beat, unit: int, ticks: int) -> None:
        """The unit under way and what it reads."""
        acts = self.parts.acts(unit)
        self.begin(beat, unit)
        self._begin(unit)
        self._rename(unit)
        self._fill(acts.look)
        frames = self._frame(acts)
        self.run(ticks, *map(Appear, frames))

    def _multiply(self, beat: Beat, unit: int, ticks: int) -> None:
        acts = self.parts.acts(unit)
        self.say(beat.caption, beat.note)
        edges = [self._light(unit)] if self.parts.network else []
        reveals = [Reveal(self.grids[name], cells, where, lag=0.06) for name, cells, where in acts.multiply]
        for at, line in acts.labels:
            self.hold(TextLine(line, t.FLOOR, self.theme, (at[0], at[1] - 8), "right"))
        self.run(ticks, *(Appear(group, lag=0.04) for group in edges), *reveals)

    def _sum(self, beat: Beat, unit: int, ticks: int) -> None:
        acts = self.parts.acts(unit)
        reveals = [Reveal(self.grids[name], cells, where) for name, cells, where in acts.sum]
        early = self._units_land(unit) if self.parts.network and "z" not in self.grids else []
        self.run(ticks, *reveals, *early)

    def _land(self, beat: Beat, unit: int, ticks: int) -> None:
        acts = self.parts.acts(unit)
        marks = self._marks(acts.target)
        lanes: list[VMobject] = [
            Lane(p, self.theme.result, t.RESULT_LINE, t.RESULT_HEAD) for p in self.parts.lanes_of(unit)
        ]
        self.hold(*lanes)
        self.count(beat.done, self.parts.counter(beat.done), unit)
        reveals = [Reveal(self.grids[name], cells, where) for name, cells, where in acts.land]
        fresh = self._units_land(unit)
        self.run(ticks, *reveals, *fresh, *map(Appear, marks + lanes), *self.said())

    # ── pieces ───────────────────────────────────────────────────────────────
    def _rename(self, unit: int) -> None:
        """The headings that name the unit under way."""
        for name, line in self.parts.headings(unit).items():
            self.rename_grid(name, line)

    def _begin(self, unit: int) -> None:
        """A new sample: its inputs come, the results of the one before leave."""
        if not self.parts.new_sample(unit):
            return
        for name in self.parts.cleared:
            self.grids[name].clear()
        self.remove(*self.held.values())
        self.held = {}
        if self.parts.network:
            self._inputs(unit)

    def _at_once(self, unit: int) -> None:
        """All acts of a unit without showing them."""
        acts = self.parts.acts(unit)
        self._begin(unit)
        self._fill([*acts.look, *acts.multiply, *acts.sum, *acts.land])
        self._units_land(unit)
        if self.parts.finish and self.parts.new_sample(unit + 1):
            self._fill(self.parts.finish(unit).land)
            self._units_land(unit, whole=True)

    def _fill(self, fills: Any) -> None:
        for name, cells, where in fills:
            self.grids[name].put(cells, where)

    def _units_land(self, unit: int, whole: bool = False) -> list[Appear]:
        """The disc of the unit gets its number; discs that wait for the whole row get theirs with it."""
        net = self.parts.network
        if net is None or (self.parts.finish and not whole):
            return []
        cells = net.units.cells(unit)
        rows = range(self.parts.units) if whole else [unit % self.parts.units]
        new = {row: node(net.units, row, cells, self.theme) for row in rows if row not in self.held}
        self.held |= new
        self.add(*new.values(), *self.rings)
        return [Appear(m) for m in new.values()]

    def _light(self, unit: int) -> VGroup:
        """The edges of the unit with their weights, and its ring."""
        net = self.parts.network
        edges = net.edges(unit)
        lines = [lit(edge, self.theme) for edge in edges]
        labels = [weight_label(edge, self.theme) for edge in edges]
        around = ring(net.units, unit % self.parts.units, self.theme.focus)
        self.rings = [around]
        drawn = VGroup(*lines, *labels)
        self.hold(drawn, around)
        self.add(self.inputs)
        return drawn

    def _frame(self, acts: Any) -> list[FocusFrame]:
        """Frames around what the unit reads."""
        grids = self.board.grids
        return self.frame((grids[name].span(rows, cols) for name, rows, cols in acts.focus), self.theme.focus)

    def _marks(self, target: Any) -> list[FocusFrame]:
        """Frames around the results being written."""
        return self.frame((self.board.grids[name].cell(row, col) for name, row, col in target), self.theme.result)

    def leave(self) -> None:
        super().leave()
        self.rings = []
