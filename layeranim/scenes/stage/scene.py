"""StageScene: plays any film that is declared on the stage. One method a verb; it computes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from manim import Animation

from layeranim.scenes.base import ExplainerScene
from layeranim.scenes.parts.animate import TRAVEL, Appear, Follow, Reveal
from layeranim.scenes.parts.label import TextLine
from layeranim.scenes.parts.shapes import FocusFrame, Lane, between_boxes, frame_width, polyline, rectangle
from layeranim.scenes.parts.tile import Glide, Stream, lie, tile
from layeranim.scenes.parts.tilegrid import BLENDS, CellLook
from layeranim.scenes.stage.arcs import ArcField
from layeranim.scenes.stage.balance import BalanceLine
from layeranim.scenes.stage.bars import BarField, Pile
from layeranim.scenes.stage.carry import carried
from layeranim.scenes.stage.chip import ChipPicture
from layeranim.scenes.stage.curve import Plot
from layeranim.scenes.stage.dials import DialRow
from layeranim.scenes.stage.dots import DotLines
from layeranim.scenes.stage.lanes import LanesPicture
from layeranim.scenes.stage.net import NetPicture
from layeranim.scenes.stage.plane import PlanePicture
from layeranim.scenes.stage.scatter import HistoryPicture, ScatterPicture
from layeranim.scenes.stage.table import ColourKey, TextTable
from layeranim.scenes.stage.tally import Counter
from layeranim.scenes.stage.thinned import ThinnedPicture
from layeranim.scenes.stage.tracks import TracksPicture
from layeranim.scenes.stage.volume import Sheets
from layeranim.stories.stage import plans as p
from layeranim.stories.stage import verbs as v
from layeranim.stories.storyboard import Beat, Box, plain

PALE = BLENDS // 4
"""How strongly a ghost shows what will come, of 16."""
FANNED = 25
"""Ticks in which the maps of a volume fan out before the first step."""


PICTURES: dict[type, Any] = {
    p.BarsPlan: BarField,
    p.StackPlan: Pile,
    p.CurvePlan: Plot,
    p.DotsPlan: DotLines,
    p.NetPlan: NetPicture,
    p.TallyPlan: Counter,
    p.ChipPlan: ChipPicture,
    p.PlanePlan: PlanePicture,
    p.ThinnedPlan: ThinnedPicture,
    p.ScatterPlan: ScatterPicture,
    p.HistoryPlan: HistoryPicture,
    p.TracksPlan: TracksPicture,
    p.ArcsPlan: ArcField,
    p.BalancePlan: BalanceLine,
    p.DialsPlan: DialRow,
    p.KeyPlan: ColourKey,
    p.TablePlan: TextTable,
    p.LanesPlan: LanesPicture,
}
"""What draws each kind of part that is no grid."""


def _columns(verb: v.Sweep, share: float, rows: int) -> list[tuple[int, int]]:
    """The cells of the columns that a sweep has come over after a share of its time."""
    way = range(verb.first, verb.last + 1) if verb.first <= verb.last else range(verb.first, verb.last - 1, -1)
    return [(row, col) for col in way[: round(share * len(way))] for row in range(rows)]


class StageScene(ExplainerScene):
    """Places the plans of a storyboard and acts its verbs."""

    def stage(self) -> None:
        self.acts: dict[type, Callable[[Any], list[Animation]]] = {
            v.Frame: self._frame,
            v.Course: self._run,
            v.Lay: self._lay,
            v.Pour: self._pour,
            v.Light: self._light,
            v.Fill: self._fill,
            v.Ghost: self._ghost,
            v.Clear: self._clear,
            v.Fan: self._fan,
            v.Border: self._border,
            v.Reach: self._reach,
            v.Name: self._name,
            v.Lead: self._lead,
            v.Grow: self._grow,
            v.Slide: self._slide,
            v.Points: self._mark,
            v.Strew: self._strew,
            v.Wiring: self._wire,
            v.NodeFill: self._node,
            v.Shift: self._shift,
            v.Tell: self._tell,
            v.Arrive: self._arrive,
            v.Bend: self._bend,
            v.Carry: self._carry,
            v.Poise: self._poise,
            v.Spin: self._turn,
            v.Weigh: self._weigh,
            v.Flow: self._flow,
        }
        self.things: dict[str, Any] = {}
        self.ghosts: list[Any] = []
        self.keys: list[Any] = []
        for name in self.board.grids:
            self.add_grid(name)
        for plan in self.board.parts["stage"]:
            self._place(plan)

    def _place(self, plan: Any) -> None:
        if isinstance(plan, p.SignPlan):
            self.add(TextLine(plan.line, plan.size, self.theme, (plan.at[0], plan.at[1] - 10), "centre"))
        elif isinstance(plan, p.LanePlan):
            self.add(Lane(plan.ends, self.theme.muted))
        elif isinstance(plan, p.TextPlan):
            self.add(TextLine(plan.line, plan.size, self.theme, plan.at))
        elif isinstance(plan, p.VolumePlan):
            self._pile(plan)
        elif isinstance(plan, p.KeyPlan) and plan.ends:
            self.keys.append(ColourKey(plan, self.theme))
        else:
            self.things[plan.name] = thing = PICTURES[type(plan)](plan, self.theme)
            self.add(thing)

    def _pile(self, plan: p.VolumePlan) -> None:
        """Every map of a volume gets a sheet of its own, so that it hides those behind it."""
        for name in reversed(plan.maps):
            standing, grid = self.standing[name], self.board.grids[name]
            self.remove(*standing)
            standing.insert(0, rectangle(grid.box.outset(4), self.theme.bg, self.theme.grid, radius=6))
            self.add(*standing)
        self.things[plan.name] = sheets = Sheets(plan, self.theme, self.standing)
        self.add(sheets)

    # ── beats ────────────────────────────────────────────────────────────────
    def on_open(self, beat: Beat) -> None:
        self.count(beat.done, self.counted(beat.done))
        self.hold(*self.keys)
        self.say(beat.caption, beat.note, whole=True)
        (_, ghost), (_, empty) = beat.phases[0], beat.phases[-1]
        runs = [verb for verb in beat.verbs[0] if isinstance(verb, (v.Course, v.Shift))]
        first = min(ghost, FANNED if any(isinstance(verb, v.Fan) for verb in beat.verbs[0]) else 10)
        self._together((verb for verb in beat.verbs[0] if verb not in runs), first)
        self._together(runs, ghost - first)
        self.leave()
        self.hold(*self.keys)
        self._unghost()
        self.run(empty)

    def on_act(self, beat: Beat) -> None:
        self._acted(beat, None)

    def on_step(self, beat: Beat) -> None:
        self._acted(beat, beat.units[0])

    def on_brief(self, beat: Beat) -> None:
        self._acted(beat, beat.units[0])

    def _acted(self, beat: Beat, unit: int | None) -> None:
        """What is read is framed, what is written appears with its arithmetic, and there is time to read."""
        (_, look), *terms, (_, land), (_, read) = beat.phases
        looks, *comings, lands, _ = beat.verbs
        self.leave()
        self.turn(beat)
        brief = beat.kind == "brief"
        self.count(beat.done if unit is None or brief else min(beat.done, unit), self.counted(beat.done), unit)
        self._together(looks, look)
        self.say(beat.caption, beat.note, whole=brief)
        for (_, ticks), verbs in zip(terms, comings, strict=True):
            self._together(verbs, ticks)
        self.count(beat.done, self.counted(beat.done), unit)
        self._together(lands, land, self.said())
        self.run(read)

    def on_aside(self, beat: Beat) -> None:
        """What was made is looked at once more."""
        self.leave()
        self.hush()
        self.count(beat.done, self.counted(beat.done))
        self.name_place(beat.place)
        self.say(beat.caption, beat.note, whole=True)
        for i, (_, ticks) in enumerate(beat.phases):
            self._together(beat.verbs[i] if i < len(beat.verbs) else (), ticks)

    def on_sweep(self, beat: Beat) -> None:
        sweeps = [verb for verb in beat.verbs[0] if isinstance(verb, v.Sweep)]
        grown = [verb for verb in beat.verbs[0] if isinstance(verb, v.Grow)]
        runs = [(verb, self.courser(verb)) for verb in beat.verbs[0] if isinstance(verb, v.Course)]

        def through(first: int, last: int) -> None:
            for _, at in runs:
                at((last - beat.units[0]) / max(1, len(beat.units) - 1))
            for verb in sweeps:
                share = (last + 1 - beat.units[0]) / len(beat.units)
                if verb.down:
                    self.grids[verb.part].put(verb.cells, _columns(verb, share, verb.cells.levels.shape[0]))
                    continue
                stop = verb.first + round((verb.last - verb.first) * share)
                self.grids[verb.part].put_run(verb.cells, verb.first, stop)
            for more in grown:
                self.things[more.part].put(more.bars, [row for row in more.where if row <= last], False)

        anew = {verb.part for verb in grown}
        for mark in beat.verbs[0]:
            if isinstance(mark, v.Clear) and mark.part in anew:
                self._clear(mark)
        self.sweep(beat, through)
        for mark in beat.verbs[0]:
            if isinstance(mark, v.Points):
                self.things[mark.part].mark(mark.at)
            elif isinstance(mark, v.Wiring):
                self.things[mark.part].wire(mark)
            elif isinstance(mark, v.Clear) and mark.part not in anew:
                self._clear(mark)
            elif isinstance(mark, v.NodeFill):
                self.things[mark.part].put(mark, mark.where)
            elif isinstance(mark, v.Name):
                self._name(mark)
            elif isinstance(mark, v.Fill):
                self.grids[mark.part].put(mark.cells, mark.where)
            elif isinstance(mark, (v.Border, v.Reach)):
                self.acts[type(mark)](mark)
            elif isinstance(mark, (v.Arrive, v.Bend, v.Poise, v.Spin, v.Weigh)):
                self.run(0, *self.acts[type(mark)](mark))

    def on_close(self, beat: Beat) -> None:
        self.leave()
        self.hold(*self.keys)
        self.count(beat.done, self.counted(beat.done))
        self.name_place(())
        self.say(beat.caption, beat.note, whole=True)
        shown = [animation for phase in beat.verbs for verb in phase for animation in self.acts[type(verb)](verb)]
        self.run(6 if shown else 0, *shown)

    def leave(self) -> None:
        super().leave()
        for thing in self.things.values():
            if isinstance(thing, NetPicture):
                thing.leave()

    # ── verbs ────────────────────────────────────────────────────────────────
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
        tiles = [tile(grid, row, col) for row, col in verb.where]
        starts = [grid.plan.cell(row, col).centre for row, col in verb.where]
        return [Glide(self, [(one, way) for one, *way in zip(tiles, starts, verb.goals, strict=True)], rate_func=lie)]

    def _pour(self, verb: v.Pour) -> list[Animation]:
        tiles = [(tile(self.grids[part], row, col), self.board.grids[part].cell(row, col).centre)
                 for part, row, col in verb.cells]  # fmt: skip
        return [Stream(self, [(one, (start, verb.goal)) for one, start in tiles])]

    def _light(self, verb: v.Light) -> list[Animation]:
        outlines = self.things[verb.part].outlines(verb.rows)
        self.hold(*outlines)
        return [Appear(outline) for outline in outlines]

    def _fill(self, verb: v.Fill) -> list[Animation]:
        grid = self.grids[verb.part]
        if grid.plan.heat and len(verb.where) == grid.plan.rows * grid.plan.cols:  # a picture, at once
            before = grid.colours.copy()
            return [Follow(lambda alpha: grid.dissolve(verb.cells, int(alpha * BLENDS), before))]
        return [Reveal(grid, verb.cells, verb.where, lag=verb.lag)]

    def _lead(self, verb: v.Lead) -> list[Animation]:
        lines = polyline(verb.lines, self.theme.role(verb.role), 2)
        self.hold(lines)
        return [Appear(lines)]

    def _ghost(self, verb: v.Ghost) -> list[Animation]:
        grid = self.grids[verb.part]
        if grid.plan.heat and len(verb.where) == grid.plan.rows * grid.plan.cols:
            self.ghosts.append(grid)
            return [Follow(lambda alpha: grid.dissolve(verb.cells, round(alpha * PALE)))]
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

    def _mark(self, verb: v.Points) -> list[Animation]:
        return [Appear(dot, introducer=False) for dot in self.things[verb.part].mark(verb.at)]

    def _strew(self, verb: v.Strew) -> list[Animation]:
        return list(self.things[verb.part].strew(verb))

    def _wire(self, verb: v.Wiring) -> list[Animation]:
        return list(self.things[verb.part].wire(verb))

    def _node(self, verb: v.NodeFill) -> list[Animation]:
        if verb.pale:
            self.ghosts.append(self.things[verb.part])
        return list(self.things[verb.part].fill(verb))

    def _shift(self, verb: v.Shift) -> list[Animation]:
        return [self.things[verb.part].move_line(verb)]

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

    def _fan(self, verb: v.Fan) -> list[Animation]:
        return list(self.things[verb.part].fan(verb))

    def _border(self, verb: v.Border) -> list[Animation]:
        self.things[verb.part].border(verb)
        return []

    def _reach(self, verb: v.Reach) -> list[Animation]:
        self.things[verb.part].reach(verb)
        if verb.pale:
            self.ghosts.append(self.things[verb.part])
        return []

    def _arrive(self, verb: v.Arrive) -> list[Animation]:
        return list(self.things[verb.part].arrive(verb))

    def _bend(self, verb: v.Bend) -> list[Animation]:
        if verb.pale:
            self.ghosts.append(self.things[verb.part])
        growing = self.things[verb.part].bend(verb)
        return [growing] if growing else []

    def _carry(self, verb: v.Carry) -> list[Animation]:
        copies, flight = carried(verb, self.grids[verb.of], self.grids[verb.part], self.theme)
        self.hold(copies)
        return [flight]

    def _turn(self, verb: v.Spin) -> list[Animation]:
        return [self.things[verb.part].turn(verb)]

    def _weigh(self, verb: v.Weigh) -> list[Animation]:
        if verb.pale:
            self.ghosts.append(self.things[verb.part])
        return [self.things[verb.part].weigh(verb)]

    def _poise(self, verb: v.Poise) -> list[Animation]:
        return [self.things[verb.part].poise(verb)]

    def _flow(self, verb: v.Flow) -> list[Animation]:
        if verb.pale:
            self.ghosts.append(self.things[verb.part])
        return [self.things[verb.part].flow(verb)]
