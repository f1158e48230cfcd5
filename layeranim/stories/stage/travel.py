"""What travels over a stage: windows from place to place, a kernel onto its window, products into their sum."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain

from layeranim.engine.trace import Region
from layeranim.stories import phrases
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.language import Windows
from layeranim.stories.stage.plans import Plan, TallyPlan
from layeranim.stories.stage.sums import unfolded
from layeranim.stories.stage.unit_steps import Acted
from layeranim.stories.stage.verbs import Block, Course, Frame, Lay, Pour, Verb
from layeranim.stories.storyboard import Address, GridPlan

MANY = 1_000
"""Cells of more products are not looked for: no stage shows as many in numbers."""
LAID_MOST = 36
"""A kernel of more cells does not lie down: nobody could see which goes where."""
STOPS = 60
"""At so many places at most a window is shown while it runs over many."""

Blocks = tuple[Block, ...]
Plans = Mapping[str, Plan]


def blocks_of(grid: GridPlan, region: Region) -> Blocks:
    """One block around a region's cells, or one around each where they stand apart: a dilated window."""
    rows, cols = grid.block(region)
    if all(len(span) == 1 or abs(span.step) == 1 for span in (rows, cols)):
        return ((rows[0], rows[-1], cols[0], cols[-1]),)
    return tuple((r, r, c, c) for r in rows for c in cols)


def placed(plans: Iterable[Plan], figures: Figures, address: Address) -> tuple[GridPlan, int, int] | None:
    """The grid with numerals that shows a number of a tensor, and where."""
    here = figures.here_of(address)
    for plan in plans:
        if not isinstance(plan, GridPlan) or plan.tensor != address.tensor or not plan.numeral:
            continue
        if plan.lens or not plan.holds(here):
            continue
        row, col = figures.spot(plan.row_axis, plan.col_axis, address)
        if row < plan.rows and col < plan.cols:
            return plan, row, col
    return None


def laid(figures: Figures, plans: Plans, acted: Iterable[Acted]) -> Iterator[Lay]:
    """The kernel of a step lies down on its window, each weight on the number that it is multiplied by."""
    units = figures.units
    if not isinstance(units, Windows):
        return
    for made in (one for each in acted for one in figures.single(each)):
        products = {"multiply": made.step.writes, "dot": made.step.reads[0]}.get(made.step.operation)
        if products is None or len(figures.covered(products)) > MANY:
            continue
        if {r.tensor for r in made.reads} != {units.of, units.by}:
            continue
        ways: dict[str, list[tuple[tuple[int, int], tuple[float, float]]]] = {}
        for pair in zip(*figures.factors(made), strict=True):
            below, above = (one for name in (units.of, units.by) for one in pair if one.tensor == name)
            goal, start = (placed(plans.values(), figures, one) for one in (below, above))
            if goal and start:
                ways.setdefault(start[0].name, []).append((start[1:], goal[0].cell(*goal[1:]).centre))
        for name, pairs in ways.items():
            if len(pairs) <= LAID_MOST:
                yield Lay(name, tuple(where for where, _ in pairs), tuple(goal for _, goal in pairs))


def poured(figures: Figures, plans: Plans, tally: Plan, target: Address) -> Iterator[Pour]:
    """The terms of a sum that are not zero run into its tally, as far as the stage shows them."""
    if not isinstance(tally, TallyPlan):
        return
    terms = unfolded(figures, target)
    if phrases.counted(terms)[0] > MANY:
        return
    cells = [group.cells[i] for group in terms if not group.many for i in group.live(MANY)]
    found = [placed(plans.values(), figures, cell) for cell in cells]
    shown = tuple((one[0].name, one[1], one[2]) for one in found if one)
    if len(shown) == len(cells) > 1:
        yield Pour(shown, tally.box.centre)


def gliding(verbs: Sequence[Verb], before: Mapping[str, Blocks], of: Iterable[str]) -> list[Verb]:
    """The frames of windows start where the one before them was, if they keep to its row or its column."""
    parts = set(of)
    return [
        replace(verb, start=before[verb.part])
        if isinstance(verb, Frame) and verb.part in parts and _near(before.get(verb.part, ()), verb.blocks)
        else verb
        for verb in verbs
    ]


def _near(old: Blocks, new: Blocks) -> bool:
    if len(old) != len(new) or old == new:
        return False
    return all(
        (a[0] == b[0] or a[2] == b[2]) and (a[1] - a[0], a[3] - a[2]) == (b[1] - b[0], b[3] - b[2])
        for a, b in zip(old, new, strict=True)
    )


def courses(figures: Figures, plans: Plans, units: range, most: int = STOPS) -> Iterator[Course]:
    """The windows of many units, on each grid over which they run, at as many stops as can be told apart."""
    told = figures.units
    if not isinstance(told, Windows) or len(units) < 2:
        return
    looks = min(most, len(units))
    stops = [units[k * (len(units) - 1) // (looks - 1)] for k in range(looks)]
    regions = [covered(figures, unit) for unit in stops]
    for plan in plans.values():
        if isinstance(plan, GridPlan) and plan.tensor == told.of and not plan.lens:
            held = [blocks_of(plan, region) for region in regions if region and plan.holds(region)]
            if held:
                yield Course(plan.name, tuple(held))


def covered(figures: Figures, unit: int) -> Region | None:
    """The window of a unit: what its steps read of the tensor that windows lie on."""
    told, every = figures.units, chain.from_iterable(figures.film.each.named)
    reads = (region for name in every if figures.made(name) for region in figures.acted(name, unit).reads)
    return next((one for one in reads if isinstance(told, Windows) and one.tensor == told.of), None)
