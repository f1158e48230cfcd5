"""The seam between what is told and what is drawn: a storyboard of the stage is checked when it is made.

A scene trips over nothing: every beat is of a kind that it plays, every verb acts a part that stands there and that can
do it, on cells that are there. What is read from a file is checked the same way, and for its size.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from itertools import chain
from math import prod
from typing import Any, get_args

from layeranim import theme
from layeranim.engine import memory
from layeranim.engine.option import given
from layeranim.stories.stage import plans as p
from layeranim.stories.stage import verbs as v
from layeranim.stories.storyboard import Cells, GridPlan, Run, Storyboard

KINDS = frozenset({"open", "act", "step", "brief", "aside", "sweep", "close"})
"""The kinds of beats that the stage's scene plays."""
DOES: dict[type, tuple[type, ...]] = {
    v.Frame: (GridPlan,),
    v.Course: (GridPlan,),
    v.Lay: (GridPlan,),
    v.Name: (GridPlan,),
    v.Light: (p.BarsPlan, p.NetPlan, p.PlanePlan, p.ScatterPlan, p.ThinnedPlan),
    v.Fill: (GridPlan,),
    v.Sweep: (GridPlan,),
    v.Ghost: (GridPlan,),
    v.Lead: (GridPlan,),
    v.Clear: (
        GridPlan, p.BarsPlan, p.StackPlan, p.CurvePlan, p.DotsPlan, p.NetPlan, p.TallyPlan, p.PlanePlan, p.ThinnedPlan,
        p.ChipPlan, p.ArcsPlan, p.BalancePlan, p.DialsPlan, p.TablePlan, p.TracksPlan, p.LanesPlan, p.ContestPlan,
    ),
    v.Grow: (p.BarsPlan, p.StackPlan),
    v.Slide: (p.CurvePlan,),
    v.Points: (p.CurvePlan, p.ChipPlan),
    v.Strew: (p.DotsPlan,),
    v.Wiring: (p.NetPlan,),
    v.Trade: (p.NetPlan,),
    v.NodeFill: (p.NetPlan, p.PlanePlan, p.ThinnedPlan),
    v.Shift: (p.PlanePlan,),
    v.Tell: (p.TallyPlan, p.NetPlan, GridPlan),
    v.Fan: (p.VolumePlan,),
    v.Border: (p.ScatterPlan,),
    v.Reach: (p.HistoryPlan, p.TracksPlan),
    v.Arrive: (p.TablePlan,),
    v.Bend: (p.ArcsPlan,),
    v.Carry: (GridPlan,),
    v.Land: (p.ScatterPlan,),
    v.Plumb: (p.CurvePlan,),
    v.Poise: (p.BalancePlan,),
    v.Spin: (p.DialsPlan,),
    v.Weigh: (p.BalancePlan,),
    v.Flow: (p.LanesPlan,),
    v.Sway: (p.ContestPlan,),
}  # fmt: skip
"""Which parts can do a verb."""
SCALES = ("value", "heat", "grey", "ink", *theme.PLANES)
MINUTES = 10
"""The longest film that a file may hold."""
CELL = 200
"""Bytes that a cell of a grid takes where it is drawn, about."""


def checked(board: Storyboard) -> Storyboard:
    """The storyboard itself. Raises ``ValueError`` with the first thing in it that the stage cannot play."""
    plans = placed(board)
    for i, beat in enumerate(board.beats):
        where = f"beat {i + 1}"
        if beat.kind not in KINDS:
            raise ValueError(f"{where} is of the kind {beat.kind!r}, but the stage plays {', '.join(sorted(KINDS))}")
        if len(beat.verbs) > max(1, len(beat.phases)):
            raise ValueError(f"{where} has verbs for {len(beat.verbs)} phases, but only {len(beat.phases)} phases")
        for verb in (verb for phase in beat.verbs for verb in phase):
            _check(verb, plans, f"{where}: {type(verb).__name__}")
    return board


def placed(board: Storyboard) -> dict[str, Any]:
    """All parts of a stage by their names."""
    out: dict[str, Any] = dict(board.grids)
    for name, plan in board.grids.items():
        if plan.name != name:
            raise ValueError(f"a grid is called {plan.name!r} and {name!r}")
    if set(board.parts) != {"stage"}:
        raise ValueError("it has no stage")
    for plan in board.parts["stage"]:
        if plan.name in out:
            raise ValueError(f"two parts are called {plan.name!r}")
        out[plan.name] = plan
    return out


def _check(verb: Any, plans: Mapping[str, Any], where: str) -> None:
    if not isinstance(verb, get_args(v.Verb)):
        raise ValueError(f"{where} is no verb of the stage")
    name = str(getattr(verb, "part", ""))
    if name not in plans and hasattr(verb, "part"):
        raise ValueError(f"{where} acts {name!r}, which does not stand on the stage")
    able = DOES.get(type(verb))
    if able and not isinstance(plans[name], able):
        can = " or ".join(kind.__name__ for kind in able)
        raise ValueError(f"{where} acts {name!r}, a {type(plans[name]).__name__}, but only a {can} can do it")
    for fault in _beyond(verb, plans.get(name)):
        raise ValueError(f"{where} {fault} of {name!r}, which are not there")


def _beyond(verb: Any, plan: Any) -> Iterator[str]:
    """What a verb names that its part does not have."""
    if isinstance(plan, GridPlan) and not (plan.cells is None or plan.cells.levels.shape == (plan.rows, plan.cols)):
        yield f"finds {'×'.join(map(str, plan.cells.levels.shape))} cells"
    if isinstance(verb, (v.Fill, v.Ghost, v.Sweep)) and verb.cells.levels.shape != (plan.rows, plan.cols):
        yield f"fills {'×'.join(map(str, verb.cells.levels.shape))} cells"
    if isinstance(verb, (v.Frame, v.Course)):
        for a, b, c, d in verb.blocks if isinstance(verb, v.Frame) else chain(*verb.stops):
            if not (0 <= a <= b < plan.rows and 0 <= c <= d < plan.cols):
                yield f"frames rows {a}–{b} and columns {c}–{d}"
    elif isinstance(verb, (v.Fill, v.Ghost, v.Lay)) or (isinstance(verb, v.Tell) and isinstance(plan, GridPlan)):
        ends = (verb.where[0], verb.where[-1]) if isinstance(verb.where, v.Everywhere) else verb.where
        for row, col in ends:
            if not (0 <= row < plan.rows and 0 <= col < plan.cols):
                yield f"acts on row {row}, column {col}"
        if isinstance(verb, v.Carry) and not all(0 <= r < plan.rows and 0 <= c < plan.cols for r, c in verb.goal):
            yield f"carries to cells {verb.goal}"
    elif isinstance(verb, v.Sweep) and verb.down and not all(0 <= at < plan.cols for at in (verb.first, verb.last)):
        yield f"sweeps over columns {verb.first}–{verb.last}"
    elif isinstance(verb, v.Sweep) and not verb.down and not 0 <= verb.first <= verb.last < plan.rows * plan.cols:
        yield f"sweeps over cells {verb.first}–{verb.last}"
    elif isinstance(verb, (v.Light, v.Grow)) and isinstance(plan, p.BarsPlan | p.StackPlan):
        rows = verb.rows if isinstance(verb, v.Light) else verb.where
        if not all(0 <= row < plan.rows for row in rows):
            yield f"acts on rows {rows}"
        if isinstance(verb, v.Grow) and {len(verb.bars.ends), len(verb.bars.cells.levels)} != {plan.rows}:
            yield f"has {len(verb.bars.ends)} bars"
    elif isinstance(verb, v.Strew):
        if not 0 <= verb.lane < len(plan.lanes):
            yield f"strews over line {verb.lane}"
        if verb.start is not None and len(verb.start) != len(verb.at):
            yield f"lets {len(verb.at)} dots begin at {len(verb.start)} places"
    elif isinstance(verb, v.Wiring):
        for edge in verb.edges:
            start = plan.upper if edge.within else plan.lower
            if not (0 <= edge.lower < len(start) and 0 <= edge.upper < len(plan.upper)):
                yield f"leads from node {edge.lower} to node {edge.upper}"
    elif isinstance(verb, v.Trade) and not all(0 <= k < len(plan.lower) for k in verb.places):
        yield f"lets nodes {verb.places} change places"
    elif isinstance(verb, v.NodeFill | v.Light) and not all(0 <= k < _nodes(plan, verb) for k in _places(verb)):
        yield f"acts on nodes {_places(verb)}"
    if isinstance(verb, v.Tell) and not verb.lines:
        yield "tells no lines"
    elif isinstance(verb, v.Spin) and {len(verb.angles), len(verb.start), len(verb.said)} != {len(plan.centres)}:
        yield f"turns {len(verb.angles)} hands"
    elif isinstance(verb, v.Weigh) and {len(verb.radii), len(verb.levels)} != {len(plan.at)}:
        yield f"weighs {len(verb.radii)} discs"
    elif isinstance(verb, v.Flow) and not (
        all(0 <= one.pipe < len(plan.pipes) for one in verb.streams)
        and all(0 <= one.station < len(plan.stations) and one.lines for one in verb.readings)
    ):
        yield "flows through pipes or stations"
    elif isinstance(verb, v.Land) and len(verb.start) != len(verb.which):
        yield f"lets {len(verb.which)} samples begin at {len(verb.start)} places"
    elif isinstance(verb, v.Land) and not all(0 <= k < len(plan.glyphs) for k in verb.which):
        yield f"lands samples {verb.which}"
    elif isinstance(verb, v.Plumb) and len(verb.at) != len(plan.lines):
        yield f"meets {len(verb.at)} lines"
    elif isinstance(verb, v.Sway) and {len(verb.curve), len(verb.curve_start or verb.curve)} != {len(plan.points)}:
        yield f"bends {len(verb.curve)} points"
    elif isinstance(verb, v.Sway) and {len(verb.forged), len(verb.forged_start or verb.forged)} != {len(plan.noise)}:
        yield f"moves {len(verb.forged)} numbers"
    elif isinstance(verb, v.Bend) and not verb.lit < len(plan.words):
        yield f"lights word {verb.lit}"


def _places(verb: v.NodeFill | v.Light) -> tuple[int, ...]:
    return verb.rows if isinstance(verb, v.Light) else verb.where


def _nodes(plan: Any, verb: v.NodeFill | v.Light) -> int:
    """How many nodes there are of those that a verb acts on."""
    if isinstance(plan, p.ThinnedPlan):
        return len(plan.units)
    if isinstance(plan, p.PlanePlan):
        return len(plan.points)
    if isinstance(plan, p.ScatterPlan):
        return len(plan.glyphs)
    return len(plan.lower if isinstance(verb, v.NodeFill) and verb.lower else plan.upper)


# ── files ────────────────────────────────────────────────────────────────────
def bounded(board: Storyboard) -> Storyboard:
    """The storyboard of a file itself. Raises ``ValueError`` for one that no picture could hold, ``ShapeError`` for one
    that takes more than the budget of memory."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,59}", board.explainer):
        raise ValueError(f"its explainer is {given(board.explainer)}, but must be a name such as softmax")
    if board.seconds > 60 * MINUTES:
        raise ValueError(f"it lasts {board.seconds:.0f} s, but a film lasts at most {MINUTES} minutes")
    least, most = 9 * theme.HEIGHT // 16, 16 * theme.HEIGHT // 9
    if not (least <= board.canvas.width <= most and least <= board.canvas.height <= most):
        raise ValueError(f"its canvas is {board.canvas.width}×{board.canvas.height}, but no picture has one like that")
    for grid in board.grids.values():
        if min(grid.rows, grid.cols) < 1 or min(grid.pitch) <= 0:
            raise ValueError(f"the grid {grid.name!r} has {grid.rows}×{grid.cols} cells, {grid.pitch} px each")
    memory.afford("this storyboard takes", CELL * sum(prod((grid.rows, grid.cols)) for grid in board.grids.values()))
    for held in _within((board.grids, board.parts, board.beats, board.parameters)):
        if isinstance(held, Run) and held.role not in ROLES:
            raise ValueError(f"a text has the role {given(held.role)}, but the roles are {', '.join(sorted(ROLES))}")
        if isinstance(held, Cells):
            _cells(held)
    return board


ROLES = {"ink", "muted", "focus", "weights", "result", "probability", "positive", "negative", *theme.LIGHT.gates}
"""What a text may be, and so its colour."""


LEVELS = {"value": (-4, 4), "heat": (0, 5)}
"""The colour steps of a scale; the others are greys or their tints."""


def _cells(cells: Cells) -> None:
    if cells.scale not in SCALES:
        raise ValueError(f"cells have the scale {given(cells.scale)}, but the scales are {', '.join(SCALES)}")
    low, high = LEVELS.get(cells.scale, (0, theme.GREYS - 1))
    if int(cells.levels.min()) < low or int(cells.levels.max()) > high:
        raise ValueError(f"a colour step of the scale {cells.scale} is not from {low} to {high}")
    for name in ("texts", "ghost", "dim"):
        more = getattr(cells, name)
        if more is not None and more.shape != cells.levels.shape:
            raise ValueError(f"cells have {cells.levels.shape} colour steps, but {more.shape} {name}")


def _within(held: Any) -> Iterator[Any]:
    """Everything that stands in something: its fields, its items, and theirs."""
    if is_dataclass(held):
        yield held
        for item in fields(held):
            yield from _within(getattr(held, item.name))
    elif isinstance(held, Mapping):
        yield from _within(tuple(held.values()))
    elif isinstance(held, tuple):
        for one in held:
            if not isinstance(one, (str, int, float)):
                yield from _within(one)
