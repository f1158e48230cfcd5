"""Routes: lines from what is framed in one grid to another, so that one sees where something came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from layeranim import theme
from layeranim.stories.stage.plans import Plan
from layeranim.stories.stage.unit_steps import Acted
from layeranim.stories.stage.verbs import Frame, Lead, Verb
from layeranim.stories.storyboard import Box, GridPlan, Point


def routed(
    routes: Sequence[tuple[str, str]], plans: Mapping[str, Plan], looks: Sequence[Verb], writes: Sequence[Verb],
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
