"""Filter matching drawn: one image, several filters, products, sums, the winner framed."""

from __future__ import annotations

from typing import Any

from layeranim.scenes.base import ExplainerScene
from layeranim.scenes.parts.animate import Appear, Reveal
from layeranim.scenes.parts.label import Label
from layeranim.scenes.parts.shapes import FocusFrame, Lane
from layeranim.stories.storyboard import Beat


class FilterMatchScene(ExplainerScene):
    """Each image against each filter in turn."""

    def stage(self) -> None:
        self.filters: int = self.board.parts["filters"]
        for name in self.board.grids:
            self.add_grid(name)
        times, equals, total = self.board.parts["signs"]
        for f in range(self.filters):
            kernel, products, score = (self.board.grids[f"{kind}:{f}"].box for kind in ("kernel", "products", "score"))
            y = kernel.centre[1]
            self._sign((times[0], y), times[1])
            self._sign((equals[0], y), equals[1])
            self.add(Lane([(products.right + 12, y), (score.x - 12, y)], self.theme.muted))
            self._sign((total[0], y + 24), total[1])
        self.marks: list[FocusFrame] = []

    def _sign(self, at: tuple[float, float], text: str) -> None:
        self.add(Label(text, 30, self.theme.muted, "medium", at, "centre", "middle"))

    def on_open(self, beat: Beat) -> None:
        self._count(beat.done)
        self.say(beat.caption, beat.note)

    def on_step(self, beat: Beat) -> None:
        for name, ticks in beat.phases:
            getattr(self, f"_{name}")(beat, beat.units[0], ticks)

    def on_verdict(self, beat: Beat) -> None:
        self._unmark()
        self.say(beat.caption, whole=True)
        best = [self.board.grids[f"score:{f}"].box for f in self.board.parts["best"](beat.units[0])]
        self._mark(best, self.theme.result)
        self.run(6, *(Appear(mark) for mark in self.marks))

    def on_close(self, beat: Beat) -> None:
        self._unmark()
        self.name_place(())
        self._count(beat.done)
        self.say(beat.caption, beat.note, whole=True)

    def _look(self, beat: Beat, unit: int, ticks: int) -> None:
        """The image and the filter that are compared."""
        self._unmark()
        self.turn(beat)
        self._count(beat.done - 1, unit)
        f = unit % self.filters
        if f == 0 or unit == self.board.parts["first"]:
            self.grids["image"].put(self._cells("image", unit))
            self.rename_grid("image", self.board.parts["title"](unit))
            for other in range(self.filters):
                self.grids[f"products:{other}"].clear()
                self.grids[f"score:{other}"].clear()
        boxes = [self.board.grids[name].box for name in ("image", f"kernel:{f}")]
        self._mark(boxes, self.theme.focus)
        self.run(ticks, *(Appear(mark) for mark in self.marks))

    def _multiply(self, beat: Beat, unit: int, ticks: int) -> None:
        self.say(beat.caption, beat.note)
        name = f"products:{unit % self.filters}"
        self.run(ticks, Reveal(self.grids[name], self._cells(name, unit), lag=0.06))

    def _land(self, beat: Beat, unit: int, ticks: int) -> None:
        name = f"score:{unit % self.filters}"
        self._mark([self.board.grids[name].box], self.theme.result)
        self._count(beat.done, unit)
        self.run(ticks, Reveal(self.grids[name], self._cells(name, unit)), Appear(self.marks[-1]), *self.said())

    def _read(self, beat: Beat, unit: int, ticks: int) -> None:
        self.run(ticks)

    def _cells(self, name: str, unit: int) -> Any:
        changing = self.board.grids[name].changing
        if changing is None:
            raise KeyError(name)
        return changing(unit)

    def _count(self, done: int, current: int | None = None) -> None:
        self.count(done, self.board.parts["counter"](done), current)

    def _mark(self, boxes: list[Any], colour: str) -> None:
        self.marks += [FocusFrame([box], colour, self.theme, outset=8) for box in boxes]

    def _unmark(self) -> None:
        self.remove(*self.marks)
        self.marks = []
