"""Convolution drawn: the window slides, products appear, gather into a sum, land in the output."""

from __future__ import annotations

from typing import Any

from layeranim import theme as t
from layeranim.scenes.base import ExplainerScene
from layeranim.scenes.parts.animate import Appear, Reveal
from layeranim.scenes.parts.label import Label, TextLine
from layeranim.scenes.parts.shape import Bundle
from layeranim.scenes.parts.shapes import FocusFrame, Lane, chip, operator
from layeranim.scenes.parts.tilegrid import TileGrid
from layeranim.scenes.parts.window import Window, taps
from layeranim.stories.storyboard import Beat, Box, Cells, GridPlan

CHANGING = ("window", "products", "partial_sums")


class ConvScene(ExplainerScene):
    """One window at a time over one or more channels, one output map after another."""

    def stage(self) -> None:
        self.parts = self.board.parts["conv"]
        for name in self.board.grids:
            self.add_grid(name)
        for name, at in self.parts.label_places.items():
            self.add(TextLine(self.parts.labels[name](0), t.NOTE, self.theme, at, "right"))
        for at, sign in self.parts.signs:
            self.add(Label(sign, 28, self.theme.muted, "medium", at, "centre", "middle"))
        lenses = [self.board.grids[name].box.outset(t.FRAME_OUTSET) for name, _ in self._changing("window")]
        self.window = Window(self, self.theme, lenses)
        self.target: FocusFrame | None = None
        self.lane: Lane | None = None
        self.values = Bundle()
        self.at: int | None = None
        self._chain()
        for name, first, last, _ in self.parts.runs(0, self.parts.first - 1):
            self.grids[name].put_run(_content(self.board.grids[name]), first, last)
        if self.parts.first:
            self._new_filter(self.parts.first)

    def _chain(self) -> None:
        chain, theme = self.parts.chain, self.theme
        lanes = chain.feeders or ((chain.start, (chain.sum[0] - 24, chain.sum[1])),)
        for points in lanes:
            self.add(Lane(points, theme.muted))
        before = chain.sum
        if chain.bias:
            self.add(Lane([(before[0] + 22, before[1]), (chain.bias[0] - 24, chain.bias[1])], theme.muted))
            bias = self.board.grids["bias:0"].box
            self.add(Lane([(chain.bias[0], bias.bottom - 8), (chain.bias[0], chain.bias[1] + 24)], theme.weights))
            self.add(operator(chain.bias, "+", theme, theme.weights))
            before = chain.bias
        if chain.activation:
            box = chip(chain.activation, chain.name, theme, theme.result)
            edge = 2 * chain.activation[0] - chain.end[0]
            self.add(Lane([(before[0] + 22, before[1]), (edge - 4, before[1])], theme.muted), box)
        self.add(operator(chain.sum, "Σ", theme, theme.muted if chain.bias or chain.activation else theme.result))

    # ── beats ────────────────────────────────────────────────────────────────
    def on_brief(self, beat: Beat) -> None:
        self.on_step(beat)

    def on_sweep(self, beat: Beat) -> None:
        """The window runs over many units; colours follow it, numerals rest."""

        def through(first: int, last: int) -> None:
            for name, start, stop, opening in self.parts.runs(first, last):
                if opening is not None:
                    self._new_filter(opening)
                self.grids[name].put_run(_content(self.board.grids[name]), start, stop)
            self.window.put(self._boxes(last))
            self._lens_colours(last)

        self.sweep(beat, through)
        self.at = beat.units[-1]

    # ── phases of a step ─────────────────────────────────────────────────────
    def _travel(self, beat: Beat, unit: int, ticks: int) -> None:
        self.begin(beat, unit)
        if self.parts.new_filter(unit):
            self._new_filter(unit)
        start = None if self.at is None or self.parts.row_end(unit) else self._boxes(self.at)
        self.window.travel(start, self._boxes(unit), ticks)
        self.at = unit

    def _multiply(self, beat: Beat, unit: int, ticks: int) -> None:
        self.say(beat.caption, beat.note)
        lag = 0.06 if ticks >= 10 else 0.0
        for name, grid in self._changing("window"):
            grid.put(self._cells(name, unit))
        last = "products" if any(True for _ in self._changing("products")) else "window"
        self.run(ticks, *(Reveal(grid, self._cells(name, unit), lag=lag) for name, grid in self._changing(last)))

    def _gather(self, beat: Beat, unit: int, ticks: int) -> None:
        self.run(ticks, *(Reveal(grid, self._cells(name, unit)) for name, grid in self._changing("partial_sums")))

    def _sum(self, beat: Beat, unit: int, ticks: int) -> None:
        self._value("sum", self.parts.chain.sum, unit, ticks)

    def _bias(self, beat: Beat, unit: int, ticks: int) -> None:
        self._value("bias", self.parts.chain.bias, unit, ticks)

    def _activate(self, beat: Beat, unit: int, ticks: int) -> None:
        self.run(ticks)

    def _value(self, name: str, at: Any, unit: int, ticks: int) -> None:
        run = self.parts.values(unit).get(name)
        if run is None:
            self.run(ticks)
            return
        colour = self.theme.role(run.role)
        place, align = self.parts.chain.value_at(at)
        label = Label(run.text, t.FLOOR, colour, "semibold", place, align, source=run.source)
        self.values.add(label)
        self.run(ticks, Appear(label))

    def _land(self, beat: Beat, unit: int, ticks: int) -> None:
        name, (row, col) = self.parts.cell(unit)
        grid = self.grids[name]
        plan = self.board.grids[name]
        box = plan.cell(row, col)
        if beat.kind == "brief":
            self.say(beat.caption, beat.note, whole=True)
            for other, changing in [p for n in CHANGING for p in self._changing(n)]:
                changing.put(self._cells(other, unit))
            grid.put(_content(plan), [(row, col)])
            self._mark(box, plan)
            self.count(beat.done, self.parts.counter(beat.done), unit)
            self.run(ticks)
            return
        self.lane = Lane(self.parts.chain.lane(plan.box, box.centre[1]), self.theme.result, t.LINE)
        self._mark(box, plan)
        self.count(beat.done, self.parts.counter(beat.done), unit)
        marks = [Appear(m) for m in (self.target, self.lane) if m is not None]
        self.run(ticks, Reveal(grid, _content(plan), [(row, col)]), *marks, *self.said())

    # ── pieces ───────────────────────────────────────────────────────────────
    def _changing(self, kind: str) -> list[tuple[str, TileGrid]]:
        return [(name, grid) for name, grid in self.grids.items() if name.startswith(kind + ":")]

    def _cells(self, name: str, unit: int) -> Cells:
        changing = self.board.grids[name].changing
        if changing is None:
            raise KeyError(name)
        return changing(unit)

    def _mark(self, box: Box, plan: GridPlan) -> None:
        width = t.FOCUS if min(plan.pitch) >= 30 else 3.5
        self.target = FocusFrame([box], self.theme.result, self.theme, width, t.FOCUS_OUTSET)
        self.add(self.target)

    def leave(self) -> None:
        super().leave()
        for kind in () if self.flowing else CHANGING:
            for _, grid in self._changing(kind):
                grid.clear()
        self.remove(*[m for m in (self.target, self.lane) if m is not None], *self.values)
        self.values = Bundle()
        self.target = self.lane = None

    def end(self) -> None:
        self.leave()
        self.window.remove()

    def _new_filter(self, unit: int) -> None:
        """The kernel of the next filter; with groups, other channels."""
        self.rename_grid("kernel:0", self.parts.kernel_heading(unit))
        for name, grid in [*self._changing("kernel"), *self._changing("bias"), *self._changing("input")]:
            changing = self.board.grids[name].changing
            if changing is not None:
                grid.put(changing(unit))

    def _lens_colours(self, unit: int) -> None:
        for name, grid in self._changing("window"):
            cells = self._cells(name, unit)
            grid.put(Cells(cells.levels, None, cells.ghost, None, cells.scale))

    def _boxes(self, unit: int) -> dict[str, list[Box]]:
        """The boxes of a window on each input grid: one, or one for each tap of a dilated kernel."""
        return {name: taps(self.board.grids[name], region) for name, region in self.parts.windows(unit)}


def _content(plan: GridPlan) -> Cells:
    if plan.cells is None:
        raise KeyError(plan.name)
    return plan.cells
