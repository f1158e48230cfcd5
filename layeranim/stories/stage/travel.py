"""What travels over a stage: windows from place to place, a kernel onto its window, products into their sum; and the
lines that lead from what is framed in one grid to another, so that one sees where something came from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain

from layeranim import theme
from layeranim.engine.trace import Region
from layeranim.stories import phrases
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.language import Windows
from layeranim.stories.stage.plans import Plan, TallyPlan
from layeranim.stories.stage.sums import unfolded
from layeranim.stories.stage.unit_steps import Acted
from layeranim.stories.stage.verbs import Block, Course, Frame, Lay, Lead, Pour, Verb
from layeranim.stories.storyboard import Address, Box, GridPlan, Point

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


# ── routes ───────────────────────────────────────────────────────────────────
def routed(
    routes: Sequence[tuple[str, str]], plans: Plans, looks: Sequence[Verb], writes: Sequence[Verb],
    acted: Sequence[Acted],
) -> tuple[list[Lead], list[Lead]]:  # fmt: skip
    """The lines when something is read, and those to what is written.

    A grid that no step reads, a loupe, is never framed: from there the lines begin at its own edges.
    """
    to, back = list[Lead](), list[Lead]()
    read, written = {r.tensor for one in acted for r in one.reads}, {one.writes.tensor for one in acted}
    for start, goal in routes:
        a, b = plans.get(start), plans.get(goal)
        if not isinstance(a, GridPlan) or not isinstance(b, GridPlan):
            continue
        here, there = _framed(looks, a), _framed(writes, b)
        if there and (here or a.tensor not in read):
            back.append(Lead(goal, beams(a.box, here or a.box, b.box, there), "result"))
        elif here and b.tensor not in written:
            to.append(Lead(goal, beams(a.box, here, b.box, b.box)))
    return to, back


def _framed(verbs: Sequence[Verb], grid: GridPlan) -> Box | None:
    """The outline of what is framed in a grid; of frames within frames the last."""
    blocks = [verb.blocks[-1] for verb in verbs if isinstance(verb, Frame) and verb.part == grid.name]
    if not blocks:
        return None
    a, b, c, d = blocks[-1]
    return grid.span(range(a, b + 1), range(c, d + 1)).outset(theme.FOCUS_OUTSET)


def beams(first: Box, a: Box, second: Box, b: Box) -> tuple[tuple[Point, Point], ...]:
    """Two lines from the edges of one box to those of another in a grid beside the first one's, above it or below it.

    Of grids over each other they lead from edge to edge of the grids: no number is crossed.
    """
    if second.y <= first.bottom or first.y <= second.bottom:
        a, b = Box(a.x, first.y, a.w, first.h), Box(b.x, second.y, b.w, second.h)
    elif b.x >= a.right:
        return ((a.right, a.y), (b.x, b.y)), ((a.right, a.bottom), (b.x, b.bottom))
    elif b.right <= a.x:
        return ((a.x, a.y), (b.right, b.y)), ((a.x, a.bottom), (b.right, b.bottom))
    ends = (a.bottom, b.y) if b.y <= a.bottom else (a.y, b.bottom)
    return ((a.x, ends[0]), (b.x, ends[1])), ((a.right, ends[0]), (b.right, ends[1]))
