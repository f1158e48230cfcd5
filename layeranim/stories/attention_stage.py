"""Where the pieces of an attention film stand: Q left of the scores, Kᵀ above them, weights, V, output.

Three arrangements, tried from the richest: scores and weights *apart*, V above the output (few words); *merged*, where a
row of scores turns into weights in place and V stands beside; *heat*, colours alone with a lens on the row under way.
All in design pixels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import floor

from layeranim import layout, theme, typeface
from layeranim.layout import Fit, even
from layeranim.stories.attention_view import NARROW, WIDE, AttentionView
from layeranim.stories.storyboard import Point

LEFT, RIGHT = -theme.WIDTH / 2 + theme.MARGIN, theme.WIDTH / 2 - theme.MARGIN
TOP, BOTTOM = 238, -184  # highest heading, lowest cell; names of results stand below
HEIGHT, WIDTH = TOP - BOTTOM, RIGHT - LEFT
HEADING, NAMES = 36, 28  # room for a heading over a grid, for a line of names
GUTTER, ARROW, LANE = 18, 108, 48
NAME_MOST, NAME_GAP = 116, 12
LENS_ROWS, LENS_PITCH, LENS_SCORE, LENS_WEIGHT = 5, (76, 46), 78, 72
NAMED = 22  # a row of that pitch can have its name beside it
COLUMN_MOST = 84  # a name that stands upright over its column


@dataclass(frozen=True)
class Stage:
    """The chosen arrangement: a fit and a top-left corner for every grid; how long names may be."""

    arrangement: str
    fits: dict[str, Fit]
    corners: dict[str, Point]
    name_width: float
    upright: bool = False
    styles: dict[str, float] = field(default_factory=dict)

    @property
    def merged(self) -> bool:
        """Whether scores turn into weights in one grid."""
        return self.arrangement != "apart"

    @property
    def named(self) -> bool:
        """Whether every row has its name beside it; else only the one under way."""
        return self.fits["weights"].pitch[1] >= NAMED

    @property
    def name_size(self) -> int:
        return theme.NOTE if self.fits["weights"].pitch[1] >= 40 else theme.FLOOR


def place(view: AttentionView) -> Stage:
    """The richest arrangement in which everything stands at a readable size."""
    for stage in _tries(view):
        if stage is not None:
            return stage
    return _heat(view)


def _tries(view: AttentionView) -> Iterator[Stage | None]:
    for pitch in (WIDE, NARROW):
        yield _apart(view, pitch)
    for qk, vo in ((True, True), (False, True), (True, False), (False, False)):
        for pitch in (WIDE, NARROW):
            yield _merged(view, pitch, qk, vo)


def needed(wide: float) -> int:
    """The least pitch of a cell for texts of that width at size 1."""
    return 2 * floor((wide * theme.FLOOR + theme.CELL_GAP + 2 * layout.SIDE_LEAST + 1.999) / 2)


def names_width(view: AttentionView, size: int = theme.NOTE) -> float:
    """The room that the names of rows take, the gap to the grid included."""
    names = [typeface.width(view.row_name(i).text, size) for i in range(view.rows)]
    return min(NAME_MOST, max(names)) + NAME_GAP


class _Widths:
    """Pitches of the columns, grown evenly into the room there is."""

    def __init__(self, least: dict[str, float], counts: dict[str, int], most: dict[str, float], fixed: float) -> None:
        self.pitch, self.counts, self.most, self.fixed = dict(least), counts, most, fixed

    @property
    def total(self) -> float:
        return self.fixed + sum(self.pitch[name] * n - theme.CELL_GAP for name, n in self.counts.items())

    def grow(self) -> float:
        """Widen what is below its most as long as it fits; returns what is left over."""
        moved = True
        while moved:
            moved = False
            for name, count in self.counts.items():
                if self.pitch[name] + 2 <= self.most[name] and self.total + 2 * count <= WIDTH:
                    self.pitch[name] += 2
                    moved = True
        return WIDTH - self.total


def _sized(view: AttentionView, tensors: tuple[str, ...], pitch: float) -> int:
    return max(needed(view.widest(name, pitch)) for name in tensors)


def _cells(width: float, height: float, wide: float) -> Fit:
    return Fit((width, height), layout.numeral_size((width, height), wide))


def _apart(view: AttentionView, pitch: float) -> Stage | None:
    m, n = view.rows, view.cols
    d, dv = view.limit(view.query, 1), view.limit(view.value, 1)
    if max(d, dv) > 8 or m + n > 10:
        return None
    row = _row(HEIGHT - 16 - HEADING, m + n)
    depth = _row(HEIGHT - 16 - NAMES - HEADING - m * row, d)
    if min(row, depth) < layout.LEAST_PITCH:
        return None
    label = names_width(view)
    scores, out = tuple(view.chain), (view.mixture,)
    least = {
        "query": _sized(view, (view.query,), NARROW),
        "scores": max(_sized(view, scores, pitch), needed(view.widest(view.key, NARROW))),
        "weights": _sized(view, ("weights", *(("exponentials",) if "exponentials" in view.trace else ())), pitch),
        "output": max(_sized(view, out, pitch), needed(view.widest(view.value, NARROW))),
    }
    counts = {"query": d, "scores": n, "weights": n, "output": dv}
    most = {"query": 66.0, "scores": 84.0, "weights": 74.0, "output": 84.0}
    widths = _Widths(dict(least), counts, most, label + 2 * GUTTER + ARROW + 4)
    if widths.total > WIDTH:
        return None
    spare = widths.grow()
    p = widths.pitch
    arrow, gutter = ARROW + min(72, spare * 0.5), GUTTER + min(40, spare * 0.25)
    slack = max(0.0, spare - (arrow - ARROW) - 2 * (gutter - GUTTER)) / 2
    styles = {name: pitch for name in (*scores, "weights", "exponentials", *out)}
    styles |= dict.fromkeys((view.query, view.key, view.value), NARROW)
    x = LEFT + slack + label
    top = BOTTOM + m * row - theme.CELL_GAP
    corners = {"query": (even(x), top)}
    x += d * p["query"] - 4 + gutter
    corners["scores"] = (even(x), top)
    corners["key"] = (even(x), top + 16 + d * depth - 4)
    x += n * p["scores"] - 4 + arrow
    corners["weights"] = (even(x), top)
    x += n * p["weights"] - 4 + gutter
    corners["output"], corners["value"] = (even(x), top), (even(x), top + 16 + n * row - 4)
    fits = {
        "query": _cells(p["query"], row, view.widest(view.query, NARROW)),
        "key": _cells(p["scores"], depth, view.widest(view.key, NARROW)),
        "scores": _cells(p["scores"], row, max(view.widest(t, pitch) for t in scores)),
        "weights": _cells(p["weights"], row, view.widest("weights", pitch)),
        "value": _cells(p["output"], row, view.widest(view.value, NARROW)),
        "output": _cells(p["output"], row, view.widest(view.mixture, pitch)),
    }
    stage = Stage("apart", fits, corners, label - NAME_GAP, styles=styles)
    return _with_tokens(view, stage, top)


def _with_tokens(view: AttentionView, stage: Stage, top: float) -> Stage:
    """The embeddings above the queries, where there is room."""
    if view.tokens is None:
        return stage
    rows, cols = view.rows, view.limit(view.tokens, 1)
    floor_ = top + theme.HEADING_GAP + 19 + 12
    room = stage.corners["key"][0] - GUTTER - stage.corners["query"][0]
    fit = layout.numerals(
        rows, cols, view.widest(view.tokens, NARROW), room, TOP - 26 - floor_, stage.fits["query"].pitch[1]
    )
    if fit is None:
        return stage
    fit = Fit((min(fit.pitch[0], stage.fits["query"].pitch[0]), fit.pitch[1]), fit.numeral)
    if fit.pitch[0] < needed(view.widest(view.tokens, NARROW)):
        return stage
    at = stage.corners["query"][0], even(floor_ + fit.height(rows))
    return Stage(
        stage.arrangement,
        {**stage.fits, "tokens": fit},
        {**stage.corners, "tokens": at},
        stage.name_width,
        styles={**stage.styles, view.tokens: NARROW},
    )


def _row(room: float, count: int, most: float = 46) -> int:
    """The even pitch of so many rows in a height."""
    return int(min(most, (room + theme.CELL_GAP) / count) // 2) * 2


def _merged(view: AttentionView, pitch: float, qk: bool, vo: bool) -> Stage | None:
    m, n = view.rows, view.cols
    d, dv = view.limit(view.query, 1), view.limit(view.value, 1)
    if m > 9 or n > 9 or (qk and d > 8) or (vo and dv > 8):
        return None
    depth = 0.0 if qk else _fine(d)
    room = HEIGHT - 14 - NAMES
    row = _row(room, m + d) if qk else _row(room - depth * d, m)
    row = min(row, _row(HEIGHT - HEADING, n))
    if row < layout.LEAST_PITCH:
        return None
    label = names_width(view)
    both = (*view.chain, "weights", *(("exponentials",) if "exponentials" in view.trace else ()))
    key_least = needed(view.widest(view.key, NARROW)) if qk else 0
    out_tensors = (view.mixture,)
    least = {
        "query": float(needed(view.widest(view.query, NARROW))) if qk else _fine(d),
        "weights": float(max(_sized(view, both, pitch), key_least)),
        "value": float(needed(view.widest(view.value, NARROW))) if vo else _fine(dv),
        "output": float(_sized(view, out_tensors, pitch)) if vo else _fine(dv),
    }
    most = {
        "query": 66.0 if qk else least["query"],
        "weights": 92.0,
        "value": 66.0 if vo else least["value"],
        "output": 84.0 if vo else least["output"],
    }
    extra = 0.0 if view.alike else 44.0
    widths = _Widths(least, {"query": d, "weights": n, "value": dv, "output": dv}, most, label + GUTTER + 2 * LANE + extra)
    if widths.total > WIDTH:
        return None
    spare = widths.grow()
    p = widths.pitch
    fits = {
        "query": _cells(p["query"], row, view.widest(view.query, NARROW)) if qk else Fit((p["query"], row), 0),
        "key": _cells(p["weights"], row, view.widest(view.key, NARROW)) if qk else Fit((p["weights"], depth), 0),
        "weights": _cells(p["weights"], row, max(view.widest(t, pitch) for t in both)),
        "value": _cells(p["value"], row, view.widest(view.value, NARROW)) if vo else Fit((p["value"], row), 0),
        "output": _cells(p["output"], row, view.widest(view.mixture, pitch)) if vo else Fit((p["output"], row), 0),
    }
    styles = {name: pitch for name in (*both, view.mixture)} | dict.fromkeys((view.query, view.key, view.value), NARROW)
    gap = min(60.0, spare / 4)
    corners = _beside(view, fits, LEFT + label + (spare - 3 * gap) / 2, (GUTTER + gap, LANE + extra + gap, LANE + gap))
    return Stage("merged", fits, corners, label - NAME_GAP, styles=styles)


def _fine(count: int, room: float = 72) -> float:
    """The pitch of features drawn as colour."""
    side = min(18.0, room / count)
    return float(int(side // 2) * 2) if side >= 2 else side


def _beside(
    view: AttentionView, fits: dict[str, Fit], x: float, gaps: tuple[float, float, float], lens: float = 0.0
) -> dict[str, Point]:
    """Corners where V and the output stand beside the one grid of scores and weights; rows on one line."""
    top = even(BOTTOM + fits["weights"].height(view.rows))
    d, dv = view.limit(view.query, 1), view.limit(view.value, 1)
    corners = {"query": (even(x), top)}
    x = even(x + fits["query"].width(d) + gaps[0])
    corners["weights"] = (x, top)
    corners["key"] = (x, even(top + 14 + fits["key"].height(d)))
    x += fits["weights"].width(view.cols) + gaps[1]
    if lens:
        corners["lens"] = (even(x), top)
        x += lens + gaps[1]
    corners["value"] = (even(x), even(BOTTOM + fits["value"].height(view.cols)))
    x += fits["value"].width(dv) + gaps[2]
    corners["output"] = (even(x), top)
    return corners


def lens_names(view: AttentionView) -> float:
    """The room for the names of the lens."""
    names = [typeface.width(view.col_name(j).text, theme.NOTE) for j in range(view.keys)]
    return min(NAME_MOST, max(names)) + NAME_GAP


def _heat(view: AttentionView) -> Stage:
    m, n = view.rows, view.cols
    d, dv = view.limit(view.query, 1), view.limit(view.value, 1)
    label = names_width(view, theme.FLOOR)
    lens = lens_names(view) + LENS_SCORE + LENS_WEIGHT - 4
    depth = _fine(d, 64)
    widths = [typeface.width(view.col_name(j).text, theme.FLOOR) for j in range(n)]
    for names in (min(COLUMN_MOST, max(widths)) + 10, 0.0):
        height = HEIGHT - 14 - depth * d - (names or 12)
        room = WIDTH - label - lens - 2 * _fine(dv, 64) * dv - _fine(d, 64) * d - GUTTER - 3 * LANE - 8
        side = min(30.0, height / m, (HEIGHT - HEADING) / n, room / n)
        side = int(side // 2) * 2 if side >= 8 else max(1, floor(side)) if side >= 1 else side
        if side >= NAMED:
            break
    fine = min(depth, float(side))
    fits = {
        "query": Fit((fine, side), 0),
        "key": Fit((side, fine), 0),
        "weights": Fit((side, side), 0),
        "value": Fit((min(_fine(dv, 64), float(side)), side), 0),
        "output": Fit((min(_fine(dv, 64), float(side)), side), 0),
    }
    used = label + fits["query"].width(d) + fits["weights"].width(n) + 2 * fits["value"].width(dv) + lens
    spare = max(0.0, WIDTH - used - GUTTER - 3 * LANE)
    gap = min(50.0, spare / 5)
    left = LEFT + label + max(0.0, (spare - 4 * gap) / 2)
    corners = _beside(view, fits, left, (GUTTER + gap, LANE + gap, LANE + gap), lens)
    return Stage("heat", fits, corners, label - NAME_GAP, upright=side >= NAMED)
