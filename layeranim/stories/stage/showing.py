"""What the parts show in the beats of a film, and what leads or travels from one of them to another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import zip_longest

import numpy as np

from layeranim import theme
from layeranim.engine.trace import Region
from layeranim.records import dataclass
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.language import Aside, Laps, Other, Passages, Windows
from layeranim.stories.stage.parts.base import Actor, Moment
from layeranim.stories.stage.parts.grid import Grid
from layeranim.stories.stage.plans import Plan
from layeranim.stories.stage.solver import Laid
from layeranim.stories.stage.travel import blocks_of, gliding, laid, poured, routed
from layeranim.stories.stage.unit_steps import Acted
from layeranim.stories.stage.verbs import Block, Carry, Clear, Fill, Frame, Lead, Role, Strew, Tell, Verb
from layeranim.stories.storyboard import Address, GridPlan

INNER = 16.0
"""Cells smaller than this, in design pixels, have no frame within a frame."""
LED = 6.0
"""Between a grid and the lines to its lens."""


@dataclass(frozen=True)
class Standing:
    """A part where it stands, with what the film declares of it."""

    actor: Actor
    plan: Plan


@dataclass(frozen=True)
class InBeat:
    """What the parts do when something is read, as terms arrive one by one, and when something lands.

    ``lays``: a kernel lies down; ``counts`` is how many numbers the longest tally shows.
    """

    looks: tuple[Verb, ...]
    terms: tuple[tuple[Verb, ...], ...]
    lands: tuple[Verb, ...]
    lays: bool
    counts: int


class Showing:
    """The parts of one film where they stand, and what they do."""

    def __init__(self, figures: Figures, laid: Laid, parts: Sequence[Standing]) -> None:
        self.film, self.figures, self.laid, self.parts = figures.film, figures, laid, parts
        self.windows: dict[str, tuple[Block, ...]] = {}

    # ── in a beat ────────────────────────────────────────────────────────────
    def acts(self, acted: Sequence[Acted], moment: Moment, fresh: bool, termed: bool) -> InBeat:
        """What the parts do in a beat in which these steps are told; ``fresh`` where a unit begins with it, and
        ``termed`` where the terms of a sum may come one after another.
        """
        plans = self.laid.plans
        begun = [v for p in self.parts for v in p.actor.changes(self.figures, p.plan, moment)] if fresh else []
        if moment.brief:  # what is brief replaces in place: nothing goes before it comes anew
            begun = [verb for verb in begun if not isinstance(verb, Clear)]
        reads = [v for p in self.parts for a in acted for r in a.reads if r.tensor in p.actor.draws
                 for v in p.actor.reads(self.figures, p.plan, r, moment)]  # fmt: skip
        writes = [v for p in self.parts for a in acted if a.writes.tensor in p.actor.draws
                  for v in p.actor.writes(self.figures, p.plan, a.writes, moment)]  # fmt: skip
        framed = {verb.part for verb in writes if isinstance(verb, Frame)}
        looks = self._glided([v for v in reads if not (isinstance(v, Frame) and v.part in framed)], fresh)
        new = {a.writes.tensor for a in acted}  # what only comes now cannot leave yet
        looks += [verb for p in self.parts for a in acted if getattr(p.actor, "carried", "") not in new
                  for verb in self._carried(p, a, moment)]  # fmt: skip
        lays = list(laid(self.figures, plans, acted)) if moment.taught and fresh else []
        tallies = [verb for verb in writes if isinstance(verb, Tell) and len(verb.lines) > 1]
        arriving = {verb.part for verb in writes if isinstance(verb, Fill)}
        pours = [one for verb in tallies for one in poured(self.figures, plans, plans[verb.part], moment.target)
                 if not arriving & {part for part, _, _ in one.cells}]  # fmt: skip
        seen, made = self.led(_once(looks)), self.led(_once(writes))
        to, back = routed(self._routes(moment.unit), plans, seen, made, acted)
        made += self._chosen(acted[-1], moment, made)
        terms = self._terms(acted[-1], moment) if moment.taught and termed else []
        return InBeat((*self.led(begun), *seen, *to, *lays), tuple(terms), (*pours, *made, *back), bool(lays),
                      max((len(verb.lines) for verb in tallies), default=0))  # fmt: skip

    def filled(self, other: Other) -> Fill:
        """A grid with other numbers in all of its cells."""
        grid = self.figures.placed[other.part]
        mask, where = self.film.masks.get(grid.tensor), tuple(np.ndindex(grid.rows, grid.cols))
        return Fill(grid.name, self.figures.listed(other.values, other.sources, bool(grid.numeral), mask), where)

    def _chosen(self, acted: Acted, moment: Moment, made: Sequence[Verb]) -> tuple[Frame, ...]:
        """The cells that windows' choices fell on, and that to which one sends a gradient back, framed where they
        stand, if they are large enough for a frame in a frame."""
        if not isinstance(self.film.units, Windows):
            return ()
        best = [moment.target] if acted.step.operation == "route" else []
        for step in map(self.figures.step, acted.every or (acted.at,)):
            if step.operation == "select":
                cells = self.figures.covered(step.reads[0])
                values = self.figures.read(cells)
                best.append(cells[int(np.argmax(np.where(np.isnan(values), np.inf, values)))])
        frames = self.pointed([self.figures.here_of(one) for one in best], moment.unit)
        stands = {(verb.part, at) for verb in made if isinstance(verb, Fill) for at in verb.where}
        plans = self.figures.placed
        return tuple(replace(verb, role="result") for verb in frames if min(plans[verb.part].pitch) >= INNER
                     and (not plans[verb.part].empty or (verb.part, verb.blocks[0][::2]) in stands))  # fmt: skip

    def pointed(self, regions: Sequence[Region], unit: int) -> tuple[Frame, ...]:
        """Frames around cells, in the colour of results where they are results, where they stand at a unit."""
        grids = [(p.actor, p.plan) for p in self.parts
                 if isinstance(p.plan, GridPlan) and not p.plan.lens]  # fmt: skip
        out: dict[tuple[str, Role], list[Block]] = {}
        for actor, grid, region in ((actor, grid, region) for actor, grid in grids for region in regions):
            away = isinstance(actor, Grid) and actor.elsewhere(self.figures, region, unit)
            if away or not grid.holds(region):
                continue
            role: Role = "result" if self.figures.made(region.tensor) else "focus"
            blocks = out.setdefault((grid.name, role), [])
            blocks += blocks_of(grid, region)
            whole = {row for top, low, left, right in blocks if (left, right) == (0, grid.cols - 1)
                     for row in range(top, low + 1)}  # fmt: skip
            if len(whole) == grid.rows:  # rows that are all of a grid have one frame
                blocks[:] = [(0, grid.rows - 1, 0, grid.cols - 1)]
        return tuple(Frame(part, tuple(dict.fromkeys(blocks)), role) for (part, role), blocks in out.items())

    def concluded(self, unit: int, aside: Aside) -> tuple[tuple[Verb, ...], tuple[Verb, ...], tuple[int, ...]]:
        """What turns back to the unit that an aside shows, and what appears with it; the steps that make this."""
        seen: list[Verb] = []
        if aside.shows is not None:
            turning = [p for p in self.parts if not set(p.actor.draws) & set(aside.writes)]
            seen += [v for p in turning for v in p.actor.closes(self.figures, p.plan, aside.shows)]
        made, steps = list[Verb](), list[int]()
        for name in aside.writes:
            target = self.figures.cell_of(name, unit if aside.shows is None else aside.shows, {})
            acted, moment = self.figures.acted_at(target), Moment(unit, target, made=frozenset(aside.writes))
            steps.append(acted.at)
            made += [v for p in self.parts if name in p.actor.draws
                     for v in p.actor.writes(self.figures, p.plan, acted.writes, moment)]  # fmt: skip
        if aside.points:
            made = [verb for verb in made if not isinstance(verb, Frame)]
        return tuple(self.led(seen)), tuple(self.led(_once(made))), tuple(steps)

    def _routes(self, unit: int) -> list[tuple[str, str]]:
        """The routes to what this unit can write: of several laps, and of stages, those of its own."""
        tensors = {name: getattr(plan, "tensor", "") for name, plan in self.laid.plans.items()}
        if isinstance(self.film.units, Passages):
            writes = self.film.units.passages[unit].writes
            return [(a, b) for a, b in self.film.routes if tensors.get(b) in writes]
        laps = isinstance(self.film.units, Laps)
        return [(a, b) for a, b in self.film.routes
                if not laps or (b in tensors and self.figures.passes_over(tensors[b], unit))]  # fmt: skip

    def _terms(self, acted: Acted, moment: Moment) -> list[tuple[Verb, ...]]:
        """What the parts do while the terms of a sum arrive, one after another; the last one lands with the sum."""
        every = [list(p.actor.terms(self.figures, p.plan, moment)) for p in self.parts
                 if acted.writes.tensor in p.actor.draws]  # fmt: skip
        return [tuple(v for verbs in group for v in verbs) for group in zip_longest(*every, fillvalue=())]

    def _glided(self, verbs: list[Verb], fresh: bool) -> list[Verb]:
        """The frames of windows glide from where they were to their next place."""
        units = self.film.units
        if not isinstance(units, Windows):
            return verbs
        of = [p.plan.name for p in self.parts if isinstance(p.plan, GridPlan) and p.plan.tensor == units.of]
        if not fresh:  # it stays where it was while more is made of it
            return [*verbs, *(Frame(part, blocks, "focus", blocks) for part, blocks in self.windows.items())]
        now = {verb.part: verb.blocks for verb in reversed(verbs) if isinstance(verb, Frame) and verb.part in of}
        out, self.windows = gliding(verbs, self.windows, of), now or self.windows
        return out

    def _carried(self, part: Standing, acted: Acted, moment: Moment) -> Iterator[Carry]:
        """Copies that travel to a grid which says where its numbers are carried from, while there is time to see it."""
        actor, plan = part.actor, part.plan
        if not isinstance(actor, Grid) or acted.writes.tensor not in actor.draws or not moment.taught:
            return
        if not isinstance(plan, GridPlan) or plan.lens or not plan.holds(acted.writes):
            return
        sources = [grid for name, grid in self.figures.placed.items() if name == actor.carried
                   or (grid.tensor == actor.carried and not name.startswith("lens:"))]  # fmt: skip
        of, several = actor.carried.partition(":")[0], actor.carried not in self.laid.plans
        if plan.heat or any(grid.heat for grid in sources):
            return
        for one in self.figures.single(acted) if several else [acted]:  # of several heads each has its own step
            read = next((region for region in one.reads if region.tensor == of), None)
            pairs = list(zip(self.figures.covered(read), self.figures.covered(one.writes), strict=True)) if read else []
            for grid in sources:  # of several channels each has its own part of what is written
                own = [(a, b) for a, b in pairs if grid.holds(self.figures.here_of(a))
                       and plan.holds(self.figures.here_of(b))]  # fmt: skip
                ends = [tuple(self.figures.spot(at.row_axis, at.col_axis, pair[k]) for pair in own)
                        for k, at in enumerate((grid, plan))]  # fmt: skip
                if own:
                    yield self._travelling(actor, plan, grid, ends, moment)

    def _travelling(
        self, actor: Grid, plan: GridPlan, source: GridPlan, ends: Sequence[tuple[tuple[int, int], ...]], moment: Moment
    ) -> Carry:  # fmt: skip
        """Copies on their way from cells of one grid to those of another."""
        cells = self.figures.cells(actor.shown(self.figures), moment.unit, bool(plan.numeral))
        copies = None
        if actor.adds:  # what comes is added to what lies there
            of = next(p.actor for p in self.parts if p.plan is source)
            copies = self.figures.cells(of.shown(self.figures), moment.unit) if isinstance(of, Grid) else None
        return Carry(plan.name, source.name, ends[0], ends[1], cells, copies)

    def led(self, verbs: list[Verb]) -> list[Verb]:
        """The verbs, and the lines that lead from a grid to each lens that shows a cell of it."""
        lenses = [verb for verb in verbs if isinstance(verb, Fill) and verb.part.startswith("lens:")]
        return [*verbs, *(self._lead(verb) for verb in lenses)]

    def _lead(self, verb: Fill) -> Lead:
        lens, grid = self.laid.plans[verb.part], self.laid.plans[verb.part.removeprefix("lens:")]
        source = verb.cells.source(0, 0)
        if not isinstance(lens, GridPlan) or not isinstance(grid, GridPlan) or not isinstance(source, Address):
            raise TypeError(f"{verb.part} is no lens")
        actor = next(p.actor for p in self.parts if p.plan is grid)
        row, col = actor.spot(self.figures, grid, source)
        cell, low, top = grid.cell(row, col), grid.box.bottom - LED, lens.at[1] + theme.FOCUS_OUTSET
        return Lead(verb.part, (((cell.x, low), (lens.box.x, top)), ((cell.right, low), (lens.box.right, top))))


def _once(verbs: Sequence[Verb]) -> list[Verb]:
    """Each frame once, and of what happens to the same dots the last."""
    out: dict[object, Verb] = {}
    for i, verb in enumerate(verbs):
        key: object = verb if isinstance(verb, Frame) else (verb.part, verb.lane) if isinstance(verb, Strew) else i
        before = out.pop(key, None)
        if isinstance(verb, Strew) and isinstance(before, Strew) and verb.start is None:
            verb = replace(verb, start=before.start)
        out[key] = verb
    return list(out.values())
