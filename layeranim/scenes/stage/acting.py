"""Acting: how each verb is shown: by a part itself, or by a method here; it computes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from layeranim import theme as t
from layeranim.borrowed import Animation
from layeranim.scenes.base import ExplainerScene
from layeranim.scenes.parts.animate import TRAVEL, Appear, Follow, Reveal
from layeranim.scenes.parts.label import Label
from layeranim.scenes.parts.shape import Bundle
from layeranim.scenes.parts.shapes import FocusFrame, between_boxes, frame_width, polyline, rectangle
from layeranim.scenes.parts.tile import Glide, Stream, tile
from layeranim.scenes.parts.tilegrid import BLENDS, CellLook
from layeranim.scenes.stage.curve import Plot
from layeranim.stories.stage import verbs as v
from layeranim.stories.storyboard import Box, plain

PALE = BLENDS // 4
"""How strongly a ghost shows what will come, of 16."""
ITSELF: dict[type, str] = {
    v.Arrive: "arrive",
    v.Bend: "bend",
    v.Border: "border",
    v.Fan: "fan",
    v.Flow: "flow",
    v.Land: "land",
    v.NodeFill: "fill",
    v.Poise: "poise",
    v.Reach: "reach",
    v.Shift: "move_line",
    v.Spin: "turn",
    v.Strew: "strew",
    v.Sway: "sway",
    v.Trade: "trade",
    v.Weigh: "weigh",
    v.Wiring: "wire",
}
"""Verbs that a part acts itself, and the method of its picture."""


class Acting(ExplainerScene):
    """Acts the verbs of a storyboard with what stands on the stage: its grids, and ``things``, all other parts."""

    def setup(self) -> None:
        super().setup()
        self.things: dict[str, Any] = {}
        self.ghosts: list[Any] = []
        self.acts: dict[type, Callable[[Any], list[Animation]]] = {
            v.Frame: self._frame,
            v.Course: self._run,
            v.Lay: self._lay,
            v.Pour: self._pour,
            v.Light: self._light,
            v.Fill: self._fill,
            v.Ghost: self._ghost,
            v.Clear: self._clear,
            v.Name: self._name,
            v.Lead: self._lead,
            v.Grow: self._grow,
            v.Slide: self._slide,
            v.Plumb: self._plumb,
            v.Points: self._mark,
            v.Tell: self._tell,
            v.Carry: self._carry,
            **{kind: partial(self._by_itself, name) for kind, name in ITSELF.items()},
        }

    def _by_itself(self, name: str, verb: Any) -> list[Animation]:
        """A part's own picture acts; what it previews it takes away again."""
        thing = self.things[verb.part]
        if getattr(verb, "pale", False):
            self.ghosts.append(thing)
        made = getattr(thing, name)(verb)
        return [] if made is None else [made] if isinstance(made, Animation) else list(made)

    def _together(self, verbs: Iterable[Any], ticks: int, more: Iterable[Animation] = ()) -> None:
        """Act verbs at the same time."""
        animations = [animation for verb in verbs for animation in self.acts[type(verb)](verb)]
        self.run(ticks, *animations, *more)

    def _boxes(self, part: str, blocks: Iterable[v.Block]) -> list[Box]:
        plan = self.board.grids[part]
        return [plan.span(range(a, b + 1), range(c, d + 1)) for a, b, c, d in blocks]

    def _frame(self, verb: v.Frame) -> list[Animation]:
        colour = self.theme.focus if verb.role == "focus" else self.theme.result
        goal = self._boxes(verb.part, verb.blocks)
        frames = self.frame(goal, colour)
        if not verb.start:
            return [Appear(frame) for frame in frames]
        start = self._boxes(verb.part, verb.start)

        def at(alpha: float) -> None:
            for frame, (a, b) in zip(frames, zip(start, goal, strict=True), strict=True):
                frame.around([between_boxes(a, b, alpha)])

        return [Follow(at, rate_func=TRAVEL)]

    def courser(self, verb: v.Course) -> Callable[[float], None]:
        """What brings a frame to where it is after a share of its run."""
        stops = [self._boxes(verb.part, blocks) for blocks in verb.stops]
        frame = FocusFrame(stops[0], self.theme.focus, self.theme, frame_width(stops[0]))
        self.hold(frame)

        def at(alpha: float) -> None:
            frame.around(stops[min(len(stops) - 1, int(alpha * len(stops)))])

        return at

    def _run(self, verb: v.Course) -> list[Animation]:
        return [Follow(self.courser(verb))]

    def _lay(self, verb: v.Lay) -> list[Animation]:
        grid = self.grids[verb.part]
        tiles = (tile(grid, row, col) for row, col in verb.where)
        return [Glide(self, zip(tiles, verb.goals, strict=True))]

    def _pour(self, verb: v.Pour) -> list[Animation]:
        return [Stream(self, ((tile(self.grids[part], row, col), verb.goal) for part, row, col in verb.cells))]

    def _light(self, verb: v.Light) -> list[Animation]:
        outlines = self.things[verb.part].outlines(verb.rows)
        self.hold(*outlines)
        return [Appear(outline) for outline in outlines]

    def _fill(self, verb: v.Fill) -> list[Animation]:
        grid = self.grids[verb.part]
        if grid.plan.heat and len(verb.where) == grid.plan.rows * grid.plan.cols:  # a picture, at once
            to = grid.dissolving(verb.cells, before=True)
            return [Follow(lambda alpha: to(int(alpha * BLENDS)))]
        return [Reveal(grid, verb.cells, verb.where, lag=verb.lag)]

    def _lead(self, verb: v.Lead) -> list[Animation]:
        lines = polyline(verb.lines, self.theme.role(verb.role), 2)
        self.hold(lines)
        return [Appear(lines)]

    def _ghost(self, verb: v.Ghost) -> list[Animation]:
        grid = self.grids[verb.part]
        if grid.plan.heat and len(verb.where) == grid.plan.rows * grid.plan.cols:
            self.ghosts.append(grid)
            to = grid.dissolving(verb.cells, before=False)
            return [Follow(lambda alpha: to(round(alpha * PALE)))]
        self.ghosts.append(grid)
        looks = [grid.look(verb.cells, r, c) for r, c in verb.where]

        def at(alpha: float) -> None:
            for (r, c), look in zip(verb.where, looks, strict=True):
                grid.blend(r, c, look, round(alpha * PALE))

        return [Follow(at)]

    def _unghost(self) -> None:
        for thing in self.ghosts:
            thing.clear()
        self.ghosts = []

    def _name(self, verb: v.Name) -> list[Animation]:
        self.rename_grid(verb.part, verb.line)
        return []

    def _clear(self, verb: v.Clear) -> list[Animation]:
        (self.grids.get(verb.part) or self.things[verb.part]).clear()
        return []

    def _grow(self, verb: v.Grow) -> list[Animation]:
        thing = self.things[verb.part]
        if verb.pale:
            self.ghosts.append(thing)
        return list(thing.grow(verb.bars, verb.where, verb.pale))

    def _slide(self, verb: v.Slide) -> list[Animation]:
        plot: Plot = self.things[verb.part]
        animations, passing = plot.slide(verb.goal)
        self.hold(*passing)
        return animations

    def _plumb(self, verb: v.Plumb) -> list[Animation]:
        passing = self.things[verb.part].plumb(verb)
        self.hold(*passing)
        return [Appear(one) for one in passing]

    def _mark(self, verb: v.Points) -> list[Animation]:
        return [Appear(dot, introducer=False) for dot in self.things[verb.part].mark(verb.at)]

    def _tell(self, verb: v.Tell) -> list[Animation]:
        if verb.cells is None:
            return [self.things[verb.part].tell(verb)]
        grid, ((row, col),), cells = self.grids[verb.part], verb.where, verb.cells
        texts = [plain(line) for line in verb.lines]

        def at(alpha: float) -> None:
            now = min(len(texts) - 1, int(alpha * len(texts)))
            if now == len(texts) - 1:
                grid.put(cells, [(row, col)])
            else:
                grid.blend(row, col, CellLook("cell", self.theme.bg, texts[now], self.theme.ink), BLENDS)

        return [Follow(at)]

    def _carry(self, verb: v.Carry) -> list[Animation]:
        """Copies of cells go from one grid to another, where the cells themselves stand once they have arrived."""
        source, goal, copies = self.grids[verb.of], self.grids[verb.part], Bundle()
        leave, stands = (verb.copies, source) if verb.copies else (verb.cells, goal)
        ways = []
        for a, b in zip(verb.source, verb.goal, strict=True):
            cell = a if verb.copies else b
            ways.append((source.plan.cell(*a), goal.plan.cell(*b), stands.look(leave, *cell), leave.source(*cell)))

        def at(alpha: float) -> None:
            copies.submobjects = []
            if alpha >= 1:
                goal.put(verb.cells, verb.goal)
                return
            for a, b, look, address in ways:
                box = between_boxes(a, b, alpha)
                copies.add(rectangle(box, look.fill, self.theme.result, t.HAIR, min(t.CELL_RADIUS, box.h / 4)))
                if look.text is not None:
                    size, middle = goal.plan.numeral, box.centre
                    copies.add(Label(look.text, size, look.ink, look.weight, middle, "centre", "middle", address))

        self.hold(copies)
        return [Follow(at, rate_func=TRAVEL)]
