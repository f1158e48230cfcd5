"""What each rule asks of a storyboard, as the list of places where it does not hold."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any, NamedTuple

from layeranim import theme
from layeranim.engine.trace import Trace
from layeranim.stories import phrases, timing
from layeranim.stories.options import PACES
from layeranim.stories.stage import plans as p
from layeranim.stories.stage import verbs as v
from layeranim.stories.storyboard import Beat, Box, GridPlan, Line, Run, Storyboard, plain

EDGE = theme.MARGIN / 2
"""What no text comes nearer to than this, of the picture's own edge."""
SHOWS = (v.Fill, v.Sweep, v.Grow, v.Points, v.Strew, v.NodeFill, v.Tell)
"""Verbs after which a part has something to show."""


# ── 1: every text has its room ───────────────────────────────────────────────
class Written(NamedTuple):
    """A line of text where it stands."""

    part: str
    line: Line
    size: float
    box: Box


def is_line(value: object) -> bool:
    return isinstance(value, tuple) and len(value) > 0 and all(isinstance(run, Run) for run in value)


def _standing(part: str, line: Line, size: float, x: float, y: float, side: float = 0.0) -> Written:
    """A line that starts at x, or with ``side`` 0.5 has its middle there, 1 its end."""
    wide = phrases.width(line, size)
    return Written(part, line, size, Box(x - side * wide, y + size * 0.75, wide, size * 0.75))


def texts(plan: Any) -> Iterator[Written]:
    """Every line of text of a plan, whatever kind of part it is of: found by how plans hold them."""
    if isinstance(plan, p.SignPlan):
        yield _standing(plan.name, plan.line, plan.size, plan.at[0], plan.at[1] - 10, 0.5)
    elif isinstance(plan, p.TextPlan):
        yield _standing(plan.name, plan.line, plan.size, *plan.at)
    elif is_dataclass(plan):
        heading_at = getattr(plan, "heading_at", None)
        if getattr(plan, "heading", ()) and heading_at:
            yield _standing(plan.name, plan.heading, theme.NAME, *heading_at)  # type: ignore[attr-defined]
        for item in fields(plan):
            for pair in getattr(plan, item.name) if isinstance(getattr(plan, item.name), tuple) else ():
                if isinstance(pair, tuple) and len(pair) == 2 and is_line(pair[1]):
                    yield _standing(plan.name, pair[1], theme.NAME, *pair[0])  # type: ignore[attr-defined]


def beyond(board: Storyboard) -> list[str]:
    """Texts that leave the picture, or stand on each other."""
    half = board.canvas.width / 2 - EDGE
    found = [text for plan in placed(board) for text in texts(plan)]
    out = [f"{text.part}: {plain(text.line)!r} leaves the picture" for text in found
           if text.box.x < -half or text.box.right > half]  # fmt: skip
    for i, one in enumerate(found):
        out += [f"{one.part}: {plain(one.line)!r} stands on {plain(other.line)!r} of {other.part}"
                for other in found[:i] if one.box.outset(-2).meets(other.box.outset(-2))]  # fmt: skip
    return out


def placed(board: Storyboard) -> list[Any]:
    """Everything that a storyboard places."""
    return [*board.grids.values(), *board.parts.get("stage", ())]


# ── 5: nothing stands there for nothing ──────────────────────────────────────
def verbs_of(beat: Beat) -> Iterator[Any]:
    for phase in beat.verbs:
        yield from phase


def empty(board: Storyboard) -> list[str]:
    """Headings without anything under them, frames around nothing, lenses without what they look at."""
    filled = {verb.part for beat in board.beats for verb in verbs_of(beat) if isinstance(verb, SHOWS)}
    out = []
    for plan in placed(board):
        size = getattr(plan, "rows", 1) * getattr(plan, "cols", 1)
        if plain(getattr(plan, "heading", ())) and not size:
            out.append(f"{plan.name} has a heading and no cells")
        if isinstance(plan, GridPlan) and plan.empty and plan.name not in filled:
            hint = ": no step reads what it would show, so its grid has lens=False" * plan.name.startswith("lens:")
            out.append(f"nothing ever stands in {plan.name}{hint}")
    return [*out, *_framed(board), *_lenses(board)]


def _framed(board: Storyboard) -> Iterator[str]:
    """Frames around cells that hold nothing, not even by the end of their beat."""
    standing: dict[str, set[v.Cell]] = {name: set() if plan.empty else set(_cells(plan))
                                        for name, plan in board.grids.items()}  # fmt: skip
    for beat in board.beats:
        for verb in verbs_of(beat):
            if isinstance(verb, v.Clear) and verb.part in standing:
                standing[verb.part] = set()
        for verb in verbs_of(beat):
            if isinstance(verb, v.Fill) or (isinstance(verb, v.Tell) and verb.cells is not None):
                standing[verb.part] |= set(verb.where)
            elif isinstance(verb, v.Sweep):
                plan, (low, high) = board.grids[verb.part], sorted((verb.first, verb.last))
                swept = [(r, c) for r in range(plan.rows) for c in range(low, high + 1)]
                standing[verb.part] |= {*swept} if verb.down else {divmod(at, plan.cols) for at in range(low, high + 1)}
        for verb in verbs_of(beat):
            if isinstance(verb, v.Frame):
                for a, b, c, d in verb.blocks:
                    inside = {(r, k) for r in range(a, b + 1) for k in range(c, d + 1)}
                    if not inside & standing[verb.part]:
                        yield f"{beat.kind} {plain(beat.place)}: a frame around nothing in {verb.part}, {(a, b, c, d)}"


def _cells(plan: GridPlan) -> Iterator[v.Cell]:
    return ((r, c) for r in range(plan.rows) for c in range(plan.cols))


def _lenses(board: Storyboard) -> Iterator[str]:
    for name in board.grids:
        if name.startswith("lens:") and name.removeprefix("lens:") not in board.grids:
            yield f"{name} looks at no grid"
    for beat in board.beats:
        for phase in beat.verbs:
            led = {verb.part for verb in phase if isinstance(verb, v.Lead)}
            shown = {verb.part for verb in phase if isinstance(verb, v.Fill) and verb.part.startswith("lens:")}
            yield from (f"{beat.kind} {plain(beat.place)}: nothing leads to {part}" for part in shown - led)


# ── 6: what is brief replaces in place ───────────────────────────────────────
def flickering(board: Storyboard) -> list[str]:
    """Parts that a brief step takes away before it shows them anew."""
    return [
        f"{plain(beat.place)}: {verb.part} is cleared"
        for beat in board.beats if beat.kind == "brief"
        for verb in verbs_of(beat) if isinstance(verb, v.Clear)
    ]  # fmt: skip


# ── 10: both ends show something ─────────────────────────────────────────────
STILL = 12
"""Ticks that an opening may stand empty before its first step: half a second."""


def blank(board: Storyboard) -> list[str]:
    """Ends that show nothing: an opening without its ghost, a close without what its sentence speaks of."""
    first, last = board.beats[0], board.beats[-1]
    ghosts = {verb.part for verb in verbs_of(first)}
    made = [plan.name for plan in board.grids.values() if plan.empty and not plan.name.startswith("lens:")]
    out = [f"the opening does not preview {name}" for name in made if name not in ghosts]
    out += [] if first.phases else ["nothing moves in the opening"]
    out += [f"the opening stands empty for {ticks} ticks" for name, ticks in first.phases
            if name != "ghost" and ticks > STILL]  # fmt: skip
    pointed = any(isinstance(verb, (v.Frame, v.Light, v.Wiring, v.Points, v.Strew)) for verb in verbs_of(last))
    return [*out, *([] if pointed or last.steps else ["the close points at nothing"])]


# ── 11: one number is followed ───────────────────────────────────────────────
SUMS = ("sum", "add", "average", "dot", "mean_of_squares")


def poster(board: Storyboard) -> Beat:
    """The beat that the poster is of."""
    return next(beat for beat in board.beats if board.poster < beat.end)


def uncounted(board: Storyboard, trace: Trace) -> list[str]:
    """Sums that are written out with their terms, have a tally or a cell with a number, and arrive all at once."""
    shown = {plan.tensor for plan in board.grids.values() if plan.numeral and not plan.name.startswith("lens:")}
    out = []
    for beat in board.beats:
        if beat.units != poster(board).units or beat.kind != "step":
            continue
        for step in (trace.steps[at] for at in beat.steps):
            terms = sum(run.source is not None for run in beat.caption) - 1
            several = re.search(r" \+ (?!\d+ zeros?\b)", plain(beat.caption))
            seen = several and step.operation in SUMS and step.writes.tensor in shown
            if seen and 1 < terms <= 5 and not _tallied(beat):
                out.append(f"{plain(beat.place)}: {plain(beat.caption)!r} arrives at once")
    return out


def _tallied(beat: Beat) -> bool:
    told = any(isinstance(verb, v.Tell) and len(verb.lines) > 1 for verb in verbs_of(beat))
    return told or any(name == "term" for name, _ in beat.phases)


def outdated(board: Storyboard) -> list[str]:
    """Parts that show something else at every unit, and at the end another unit than those that turned back to it."""
    shown: dict[str, set[Any]] = {}
    for beat in board.beats[1:-1]:
        for part, source in _showing(beat):
            shown.setdefault(part, set()).add(source)
    again = dict(_showing(board.beats[-1]))
    turning = {part for part, sources in shown.items() if len(sources) > 1}
    return sorted(turning - set(again)) if turning & set(again) else []


def astray(board: Storyboard) -> list[str]:
    """Lenses that show another cell at the end than when the unit was told whose numbers are followed."""
    followed = poster(board).units
    told: dict[str, Any] = {}
    for beat in board.beats[:-1]:
        told |= _looking(beat) if beat.units == followed else {}
    last = _looking(board.beats[-1])
    return sorted(part for part, source in told.items() if last.get(part) != source)


def _looking(beat: Beat) -> dict[str, Any]:
    """Where what each lens shows comes from."""
    fills = [verb for verb in verbs_of(beat) if isinstance(verb, v.Fill) and verb.part.startswith("lens:")]
    return {verb.part: verb.cells.sources(0, 0) for verb in fills if verb.cells.sources}


def _showing(beat: Beat) -> Iterator[tuple[str, Any]]:
    """What each part that fills has in its first cell."""
    for verb in verbs_of(beat):
        cells = verb.bars.cells if isinstance(verb, v.Grow) else verb.cells if isinstance(verb, v.Fill) else None
        if cells is not None and cells.sources and not verb.part.startswith("lens:"):
            yield verb.part, cells.sources(0, 0)


def hasty(board: Storyboard) -> list[str]:
    """Cells that leave for their sum in the very phase in which they come."""
    out = []
    for beat in board.beats:
        for phase in beat.verbs:
            coming = {(verb.part, *cell) for verb in phase if isinstance(verb, v.Fill) for cell in verb.where}
            for verb in phase:
                if isinstance(verb, v.Pour) and coming & set(verb.cells):
                    out.append(f"{beat.kind} {plain(beat.place)}: cells leave before they stand")
    return out


# ── every film: in time, long enough, its lines in their room ────────────────
SHORTEST = 8
"""Seconds of all of a film at the normal pace, however few its steps."""


def endless(board: Storyboard) -> list[str]:
    """A film that does not begin with an opening and end with a close; that beats follow each other it sees itself."""
    return [] if [board.beats[0].kind, board.beats[-1].kind] == ["open", "close"] else ["no opening, or no close"]


def hurried(board: Storyboard, pace: str) -> list[str]:
    """An opening that cannot be read: 24 letters a second, at a fast pace as much quicker as everything is.

    A film that would outgrow 32 s may be faster.
    """
    opening = board.beats[0]
    letters = len("".join(plain(opening.caption + opening.note).split()))
    least = min(3.6, letters / 24) * min(1.0, PACES[pace])
    lasts = opening.ticks * theme.TICK_MS / 1000
    if lasts >= least - 0.02 or board.seconds >= timing.LONGEST - 0.04:
        return []
    return [f"the opening lasts {lasts:.2f} s, to be read it takes {least:.2f}"]


def crowded(board: Storyboard) -> list[str]:
    """Lines that are too long at their smallest size, numerals below the floor, a last note that meets the counter.

    On a narrow canvas lines stand in rows, which ``catalog/test_shapes.py`` looks at.
    """
    small = [f"{grid.name} is written too small" for grid in board.grids.values() if 0 < grid.numeral < theme.FLOOR]
    if board.canvas.narrow:
        return small
    size = {"caption": theme.CAPTION_FLOOR, "note": theme.NOTE}
    out = [f"no room for {plain(getattr(beat, kind))!r}" for beat in board.beats for kind in size
           if phrases.width(getattr(beat, kind), size[kind]) > phrases.ROOM]  # fmt: skip
    out += small
    last = board.beats[-1].note
    meets = phrases.width(last, theme.NOTE) > phrases.NOTE_ROOM
    return [*out, *([f"crowds the counter: {plain(last)!r}"] if meets else [])]
