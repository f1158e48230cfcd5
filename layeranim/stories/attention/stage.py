"""Where the pieces of an attention film stand: Q left of the scores, Kᵀ above them, weights, V, output.

Three arrangements, tried from the richest: scores and weights *apart*, V above the output (few words); *merged*, where
a row of scores turns into weights in place and V stands beside; *heat*, colours alone with a lens on the row under
way. All in design pixels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import floor

from layeranim import layout, theme, typeface
from layeranim.layout import Fit, even
from layeranim.stories import phrases
from layeranim.stories.attention.formula import named_scores
from layeranim.stories.attention.view import NARROW, WIDE, AttentionView
from layeranim.stories.storyboard import Point

LEFT, RIGHT = -theme.WIDTH / 2 + theme.MARGIN, theme.WIDTH / 2 - theme.MARGIN
TOP, BOTTOM = 238, -184  # highest heading, lowest cell; names of results stand below
HEIGHT, WIDTH = TOP - BOTTOM, RIGHT - LEFT
HEADING, NAMES, LINE = 36, 28, 26  # room for a heading over a grid, for a line of names, for another line
GUTTER, ARROW, LANE = 18, 108, 48
NAME_MOST, NAME_GAP = 116, 12
HEADED = {"weights": 172, "lone": 112, "value": 96}  # what a grid takes at least, for its heading
LENS_ROWS, LENS_PITCH, LENS_SCORE, LENS_WEIGHT = 5, (76, 46), 78, 72
MOST_APART = {"query": 66.0, "scores": 84.0, "weights": 74.0, "output": 84.0}  # pitches grow up to these
MOST_MERGED = {"query": 66.0, "weights": 92.0, "value": 66.0, "output": 84.0}
PITCHES = ((WIDE, WIDE, WIDE), (NARROW, WIDE, WIDE), (NARROW, WIDE, NARROW), (NARROW, NARROW, NARROW))
"""What scores, weights and outputs are written for: the weights keep their decimals longest."""
LIFT_MOST = 120.0  # how far above the floor a low stage stands
NAMED = 22  # a row of that pitch can have its name beside it
COLUMN_MOST = 104  # a name that stands upright over its column
SLIM = 40  # the least that features in colour take


@dataclass(frozen=True)
class AttentionStage:
    """The chosen arrangement: a fit and a top-left corner for every grid.

    Names may be as long as ``name_width`` beside rows, as ``upright`` over narrow columns.
    """

    arrangement: str
    fits: dict[str, Fit]
    corners: dict[str, Point]
    name_width: float
    upright: float = 0.0
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


def place(view: AttentionView) -> AttentionStage:
    """The richest arrangement in which everything stands at a readable size, names on two lines where one cuts them."""
    one = next(_tries(view, NAMES), None)
    if one is None:
        return _heat(view)
    if view.words is None or not view.alike or _whole(view, one.fits["key"].pitch[0]):
        return one
    two = next(_tries(view, NAMES + LINE), None)
    return two if two and _equally_rich(one, two) and _whole(view, two.fits["key"].pitch[0] * 2) else one


def _equally_rich(one: AttentionStage, other: AttentionStage) -> bool:
    """Whether the same grids have numerals in both."""
    numerals = [{name for name, fit in stage.fits.items() if fit.numeral} for stage in (one, other)]
    return one.arrangement == other.arrangement and numerals[0] == numerals[1]


def _whole(view: AttentionView, width: float) -> bool:
    """Whether no name over a column is wider than that."""
    return all(typeface.width(view.col_name(j).text, theme.FLOOR) + 7 <= width for j in range(view.cols))


def _tries(view: AttentionView, names: float) -> Iterator[AttentionStage]:
    """What there is room for, richest first, with ``names`` px for the names over the keys."""
    for pitches in PITCHES:
        if stage := _apart(view, pitches, names):
            yield stage
    for qk, vo in ((True, True), (False, True), (True, False), (False, False)):
        for pitches in PITCHES:
            if stage := _merged(view, pitches, (qk, vo), names):
                yield stage


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


def _cells(width: float, height: float, wide: float) -> Fit:
    return Fit((width, height), layout.numeral_size((width, height), wide))


def _writing(view: AttentionView, pitches: tuple[float, float, float]) -> dict[str, float]:
    """Every drawn tensor with the pitch that its texts are written for: scores, weights, outputs; features narrow."""
    shares = [name for name in ("weights", "exponentials") if name in view.trace]
    out = dict.fromkeys(view.chain, pitches[0]) | dict.fromkeys(shares, pitches[1]) | {view.mixture: pitches[2]}
    return out | dict.fromkeys((view.query, view.key, view.value), NARROW)


def _apart(view: AttentionView, pitches: tuple[float, float, float], names: float) -> AttentionStage | None:
    m, n = view.rows, view.cols
    d, dv = view.limit(view.query, 1), view.limit(view.value, 1)
    if max(d, dv) > 8 or m + n > 10:
        return None
    row = _row(HEIGHT - 16 - HEADING, m + n)
    depth = min(row, _row(HEIGHT - 16 - names - HEADING - m * row, d))
    if depth < layout.LEAST_PITCH:
        return None
    label = names_width(view)
    styles = _writing(view, pitches)
    wide = {name: view.widest(name, at) for name, at in styles.items()}
    texts = {
        "query": wide[view.query],
        "scores": max(wide[view.key], *(wide[name] for name in view.chain)),
        "weights": max(wide["weights"], wide.get("exponentials", 0.0)),
        "output": max(wide[view.value], wide[view.mixture]),
    }
    least = {name: float(needed(text)) for name, text in texts.items()}
    headed = max(0, _scores_name(view) - n * least["scores"] - ARROW) + max(0, HEADED["weights"] - n * least["weights"])
    widths = _Widths(least, {"query": d, "scores": n, "weights": n, "output": dv}, MOST_APART,
                     label + 2 * GUTTER + ARROW + 4 + headed)  # fmt: skip
    if widths.total > WIDTH:
        return None
    spare, p = widths.grow(), widths.pitch
    fits = {name: _cells(p[name], row, texts[name]) for name in p}
    fits["key"] = _cells(p["scores"], depth, wide[view.key])
    fits["value"] = _cells(p["output"], row, wide[view.value])
    tall = max((m + n) * row + 16 + HEADING, m * row + 16 + d * depth + names)
    top = _lifted(tall) + fits["weights"].height(m)
    return AttentionStage(
        "apart", fits, _apart_corners(view, fits, LEFT + label, top, spare), label - NAME_GAP, styles=styles
    )


def _apart_corners(view: AttentionView, fits: dict[str, Fit], x: float, top: float, spare: float) -> dict[str, Point]:
    """Q, scores with Kᵀ above, weights, output with V above; what is left over goes between them and to both sides."""
    n, d = view.cols, view.limit(view.query, 1)
    arrow, gutter = ARROW + min(72, spare * 0.5), GUTTER + min(40, spare * 0.25)
    x += max(0.0, spare - (arrow - ARROW) - 2 * (gutter - GUTTER)) / 2
    corners = {"query": (even(x), top)}
    x += fits["query"].width(d) + gutter
    corners |= {"scores": (even(x), top), "key": (even(x), top + 16 + fits["key"].height(d))}
    x += max(fits["scores"].width(n) + arrow, _scores_name(view) + gutter)
    corners["weights"] = (even(x), top)
    x += max(fits["weights"].width(n), HEADED["weights"]) + gutter
    return corners | {"output": (even(x), top), "value": (even(x), top + 16 + fits["value"].height(n))}


def _scores_name(view: AttentionView) -> float:
    """The room that the name of the scores takes under them."""
    return phrases.width(named_scores(view), theme.NAME) + 12


def _lifted(tall: float) -> float:
    """The lowest cell's bottom: what is not high stands a little above the floor."""
    return BOTTOM + even(max(0.0, min(LIFT_MOST, (HEIGHT - tall) / 2)))


def _row(room: float, count: int, most: float = 60) -> int:
    """The even pitch of so many rows in a height."""
    return int(min(most, (room + theme.CELL_GAP) / count) // 2) * 2


def _merged(
    view: AttentionView, pitches: tuple[float, float, float], numerals: tuple[bool, bool], names: float
) -> AttentionStage | None:
    """``pitches`` say how scores, weights and outputs are written; ``numerals``: if queries and values have some."""
    qk, vo = numerals
    m, n = view.rows, view.cols
    d, dv = view.limit(view.query, 1), view.limit(view.value, 1)
    if m > 9 or n > 9 or (qk and d > 8) or (vo and dv > 8):
        return None
    room, tallest = HEIGHT - 14 - names, _row(HEIGHT - HEADING, n)
    depths = (0.0,) if qk else (_fine(d), _fine(d, SLIM))
    rows = [min(tallest, _row(room, m + d) if qk else _row(room - depth * d, m)) for depth in depths]
    row, depth = next(((r, dp) for r, dp in zip(rows, depths, strict=True) if r >= layout.LEAST_PITCH), (0, 0.0))
    if not row:
        return None
    label = names_width(view)
    styles = _writing(view, pitches)
    wide = {name: view.widest(name, pitch) for name, pitch in styles.items()}
    cells = max(wide[name] for name in (*view.chain, "weights", "exponentials") if name in wide)
    texts = {
        "query": wide[view.query] if qk else None,
        "weights": max(cells, wide[view.key] if qk else 0.0),
        "value": wide[view.value] if vo else None,
        "output": wide[view.mixture] if vo else None,
    }
    counts = {"query": d, "weights": n, "value": dv, "output": dv}
    least = {name: _fine(counts[name]) if text is None else float(needed(text)) for name, text in texts.items()}
    most = {name: least[name] if text is None else MOST_MERGED[name] for name, text in texts.items()}
    extra = 0.0 if view.alike else 44.0
    headed = max(0, HEADED["lone"] - n * least["weights"]) + max(0, HEADED["value"] - dv * least["value"])
    widths = _Widths(least, counts, most, label + GUTTER + 2 * LANE + extra + headed)
    if widths.total > WIDTH:
        return None
    spare, p = widths.grow(), widths.pitch
    fits = {
        name: Fit((p[name], row), 0) if text is None else _cells(p[name], row, text) for name, text in texts.items()
    }
    fits["key"] = _cells(p["weights"], row, wide[view.key]) if qk else Fit((p["weights"], depth), 0)
    gap = min(60.0, spare / 4)
    gaps = (GUTTER + gap, LANE + extra + gap, LANE + gap)
    corners = _beside(view, fits, LEFT + label + (spare - 3 * gap) / 2, gaps, names=names)
    return AttentionStage("merged", fits, corners, label - NAME_GAP, styles=styles)


def _fine(count: int, room: float = 72) -> float:
    """The pitch of features drawn as colour."""
    side = min(18.0, room / count)
    return float(int(side // 2) * 2) if side >= 2 else side


def _beside(
    view: AttentionView,
    fits: dict[str, Fit],
    x: float,
    gaps: tuple[float, float, float],
    lens: float = 0.0,
    upright: float = 0.0,
    names: float = NAMES,
) -> dict[str, Point]:
    """Corners where V and the output stand beside the one grid of scores and weights; rows on one line."""
    d, dv = view.limit(view.query, 1), view.limit(view.value, 1)
    rows = fits["weights"].height(view.rows)
    above = 14 + fits["key"].height(d) + (upright + 10 if upright else names + 4)
    floor_ = _lifted(max(rows + above, fits["value"].height(view.cols) + HEADING))
    top = even(floor_ + rows)
    corners = {"query": (even(x), top)}
    x = even(x + fits["query"].width(d) + gaps[0])
    corners["weights"] = (x, top)
    corners["key"] = (x, even(top + 14 + fits["key"].height(d)))
    x += max(fits["weights"].width(view.cols), HEADED["lone"]) + gaps[1]
    if lens:
        corners["lens"] = (even(x), top)
        x += lens + gaps[1]
    corners["value"] = (even(x), even(floor_ + fits["value"].height(view.cols)))
    x += max(fits["value"].width(dv), HEADED["value"] - gaps[2]) + gaps[2]
    corners["output"] = (even(x), top)
    return corners


MEASURED = 32  # names that may be the widest, once their letters are added up


def lens_names(view: AttentionView) -> float:
    """The room for the names of the lens."""
    names = {view.col_name(j).text for j in range(view.keys)}
    each = {letter: typeface.width(letter, theme.NOTE) for letter in set().union(*names)}
    widest = sorted(names, key=lambda name: sum(map(each.__getitem__, name)))[-MEASURED:]
    return min(NAME_MOST, max(typeface.width(name, theme.NOTE) for name in widest)) + NAME_GAP


def _heat(view: AttentionView) -> AttentionStage:
    m, n = view.rows, view.cols
    d, dv = view.limit(view.query, 1), view.limit(view.value, 1)
    label = names_width(view, theme.FLOOR)
    lens = lens_names(view) + LENS_SCORE + LENS_WEIGHT - 4
    depth = _fine(d, SLIM)
    widths = [typeface.width(view.col_name(j).text, theme.FLOOR) for j in range(n)]
    for names in (min(COLUMN_MOST, max(widths)), 0.0):
        height = HEIGHT - 14 - depth * d - (names + 10 if names else NAMES + 4)
        room = WIDTH - label - lens - 2 * _fine(dv, 64) * dv - _fine(d, 64) * d - GUTTER - 3 * LANE - 8
        side = min(30.0, height / m, (HEIGHT - HEADING) / n, room / n)
        side = int(side // 2) * 2 if side >= 8 else max(1, floor(side)) if side >= 1 else side
        if side >= NAMED:
            break
    upright = names if side >= NAMED else 0.0
    fits = {
        "query": Fit((_fine(d, 64), side), 0),
        "key": Fit((side, depth), 0),
        "weights": Fit((side, side), 0),
        "value": Fit((_fine(dv, 64), side), 0),
        "output": Fit((_fine(dv, 64), side), 0),
    }
    used = label + fits["query"].width(d) + fits["weights"].width(n) + 2 * fits["value"].width(dv) + lens
    spare = max(0.0, WIDTH - used - GUTTER - 3 * LANE)
    wider = 2 * int(min(0.5 * spare / (d + 2 * dv), 12) // 2)
    for name, count in (("query", d), ("value", dv), ("output", dv)):
        fits[name] = Fit((fits[name].pitch[0] + wider, side), 0)
        spare -= wider * count
    gap = min(50.0, spare / 5)
    left = LEFT + label + max(0.0, (spare - 4 * gap) / 2)
    corners = _beside(view, fits, left, (GUTTER + gap, LANE + gap, LANE + gap), lens, upright)
    narrow = dict.fromkeys((view.query, view.key, view.value), NARROW)
    return AttentionStage("heat", fits, corners, label - NAME_GAP, upright, narrow)
