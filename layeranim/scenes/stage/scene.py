"""StageScene: places what stands on a stage and plays the beats of its film; it computes nothing."""

from __future__ import annotations

from typing import Any

from layeranim.scenes.parts.label import TextLine
from layeranim.scenes.parts.shapes import Lane, rectangle
from layeranim.scenes.stage.acting import Acting
from layeranim.scenes.stage.arcs import ArcField
from layeranim.scenes.stage.balance import BalanceLine
from layeranim.scenes.stage.bars import BarField, Pile
from layeranim.scenes.stage.chip import ChipPicture
from layeranim.scenes.stage.contest import ContestPicture
from layeranim.scenes.stage.curve import Plot
from layeranim.scenes.stage.dials import DialRow
from layeranim.scenes.stage.dots import DotLines
from layeranim.scenes.stage.lanes import LanesPicture
from layeranim.scenes.stage.net import NetPicture
from layeranim.scenes.stage.plane import PlanePicture
from layeranim.scenes.stage.scatter import ScatterPicture
from layeranim.scenes.stage.table import ColourKey, TextTable
from layeranim.scenes.stage.tally import Counter
from layeranim.scenes.stage.thinned import ThinnedPicture
from layeranim.scenes.stage.tracks import HistoryPicture, TracksPicture
from layeranim.scenes.stage.volume import Sheets
from layeranim.stories.stage import plans as p
from layeranim.stories.stage import verbs as v
from layeranim.stories.storyboard import Beat

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
    p.ContestPlan: ContestPicture,
}
"""What draws each kind of part that is no grid."""


def _columns(verb: v.Sweep, share: float, rows: int) -> list[tuple[int, int]]:
    """The cells of the columns that a sweep has come over after a share of its time."""
    way = range(verb.first, verb.last + 1) if verb.first <= verb.last else range(verb.first, verb.last - 1, -1)
    return [(row, col) for col in way[: round(share * len(way))] for row in range(rows)]


class StageScene(Acting):
    """Places the plans of a storyboard and plays its beats."""

    def stage(self) -> None:
        for name in self.board.grids:
            self.add_grid(name)
        for plan in self.board.parts["stage"]:
            self._place(plan)

    def _place(self, plan: Any) -> None:
        if isinstance(plan, p.SignPlan):
            (x, y), middle = plan.at, round(0.36 * plan.size)
            self.add(TextLine(plan.line, plan.size, self.theme, (x, y - middle), "centre"))
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
        """What is read is framed, what is written appears with its arithmetic, and there is time to read."""
        unit = beat.units[0] if beat.units else None
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

    on_step = on_brief = on_act

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
            passed = isinstance(mark, (v.Sweep, v.Grow, v.Course)) or (isinstance(mark, v.Clear) and mark.part in anew)
            if not passed:  # what the last unit leaves there is there at once
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
