"""Where the pieces of a pooling's film stand: input left, window, operator, output right; backwards the same way back.

Where everything fits with numerals all cells are of one size, so that a number is the same tile in input, window and
output. Else the input turns to colour with the window as its lens, then the output too. All in design pixels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from layeranim import layout
from layeranim.layout import Fit, even
from layeranim.stories.storyboard import Point
from layeranim.stories.window_stage import (
    BOTTOM,
    HEADING,
    HEAT_MOST,
    HEIGHT,
    LABEL,
    LEFT,
    RIGHT,
    ROW_GAP,
    TOP,
    row_height,
)

LARGEST, LENS, RESULT = 92, 60, 76  # pitch of cells at most: where all are alike, of a lens, of an output beside one
WAY = 84  # from the input to the window: the lane and its knee
BEFORE, AFTER = 56, 84  # from the window to the operator, from there to the output
AIR = 20  # that every column leaves free where cells could be smaller
SPREAD = 64  # how much wider a gap becomes where there is room
SMALLER = 0.75  # of the input's width that an output in colour may take to be more than a stamp
STAMP = 168  # width of an output in colour at least
DECENT = 0.75  # of its largest size that a picture in colour keeps for the sake of numerals elsewhere


@dataclass(frozen=True)
class PoolColumn:
    """Grids of one shape, one a channel, or a single one that all channels share.

    ``wide`` is the width of the widest text at size 1, with the fuller and with the narrower number of decimals.
    """

    name: str
    shape: tuple[int, int]
    wide: tuple[float, float]
    heading: float
    shared: bool = False

    def height(self, channels: int) -> float:
        """The height that one of its grids may take."""
        return float(HEIGHT) if self.shared else row_height(channels)


@dataclass(frozen=True)
class PoolStage:
    """The chosen sizes: a fit for every column, the top-left corners of its grids, and the operators' centres."""

    fits: dict[str, Fit]
    corners: dict[str, list[Point]]
    operators: tuple[Point, ...]
    narrow: bool

    @property
    def y(self) -> float:
        """The height of the operators."""
        return self.operators[0][1]


@dataclass(frozen=True)
class PoolSizes:
    """What has to be placed: the columns from left to right and the widths of the operators before the last one.

    ``lens`` is the name of the column that stands in numbers for the one before it where that is in colour.
    """

    channels: int
    columns: tuple[PoolColumn, ...]
    operators: tuple[float, ...]
    apart: float
    lenses: tuple[PoolColumn, ...] = ()

    @property
    def chain(self) -> float:
        """From the last column before the operators to the output."""
        return BEFORE + sum(self.operators) + self.apart * (len(self.operators) - 1) + AFTER


def place(*options: PoolSizes) -> PoolStage:
    """The first of the options whose numerals fit, else the last of them in colour with its lenses."""
    for sizes in options:
        for narrow, air in product((False, True), (AIR, 0)):
            fits = _alike(sizes, narrow, air)
            if fits:
                return _corners(sizes, sizes.columns, fits, narrow)
    sizes = options[-1]
    best: tuple[float, PoolStage] | None = None
    for columns, fits, narrow in _coloured(sizes):
        share = _share(sizes, fits)
        if best is None or share > best[0]:
            best = share, _corners(sizes, columns, fits, narrow)
        if share >= DECENT:
            break
    if best is None:
        raise ValueError("no arrangement")  # _coloured always gives one
    return best[1]


def _room(sizes: PoolSizes, columns: tuple[PoolColumn, ...]) -> float:
    labels = 2 * LABEL if sizes.channels > 1 else 0
    return RIGHT - LEFT - labels - sizes.chain - WAY * (len(columns) - 2)


def _alike(sizes: PoolSizes, narrow: bool, air: float) -> dict[str, Fit] | None:
    """One fit for every cell on the stage, or ``None`` where numerals do not fit."""
    columns = sizes.columns
    wide = max(column.wide[narrow] for column in columns)
    across = sum(column.shape[1] for column in columns)
    tall = min(column.height(sizes.channels) / column.shape[0] for column in columns)
    room = _room(sizes, columns) - air * len(columns)
    for most in range(LARGEST, layout.LEAST_PITCH - 1, -2):
        fit = layout.numerals(1, across, wide, room, tall, most)
        if fit is None or (not narrow and _pays(columns) and fit.pitch[0] < 58):
            return None
        if sum(max(column.heading, fit.width(column.shape[1])) for column in columns) <= room:
            return dict.fromkeys((column.name for column in columns), fit)
    return None


def _pays(columns: tuple[PoolColumn, ...]) -> bool:
    """Whether a decimal less makes any text shorter."""
    return any(column.wide[0] != column.wide[1] for column in columns)


def _coloured(sizes: PoolSizes) -> Iterator[tuple[tuple[PoolColumn, ...], dict[str, Fit], bool]]:
    """Arrangements with the input in colour, richest first."""
    given, output = sizes.columns[0], sizes.columns[-1]
    lenses = sizes.lenses
    columns = (given, *lenses[:1], output)
    room = _room(sizes, columns)
    height = (HEIGHT - HEADING * (len(lenses) - 1)) / max(1, len(lenses))
    out_height = output.height(sizes.channels)
    for numbered, narrow in ((True, False), (True, True), (False, False), (False, True)):
        lens = _lens(lenses, narrow, 0.3 * room, height)
        if lens is None:
            continue
        taken = max((lens.width(column.shape[1]) for column in lenses), default=0.0)
        taken = max(taken, *(column.heading for column in lenses), 0.0)
        tall = out_height / output.shape[0]
        result = layout.numerals(1, output.shape[1], output.wide[narrow], 0.4 * (room - taken), tall, RESULT)
        if numbered and result is None:
            continue
        left = room - taken
        if not numbered or result is None:
            source, result = _pictures(given, output, left, sizes.channels)
        else:
            left -= max(result.width(output.shape[1]), output.heading)
            source = layout.heat(*given.shape, min(HEAT_MOST, left), given.height(sizes.channels))
        yield columns, {given.name: source, output.name: result, **{c.name: lens for c in lenses}}, narrow
    lens = layout.heat(*lenses[0].shape, 0.25 * room, height) if lenses else Fit((1, 1), 0)
    for narrow in (False, True):
        tall = out_height / output.shape[0]
        result = layout.numerals(1, output.shape[1], output.wide[narrow], 0.3 * room, tall, RESULT)
        if result:
            source = layout.heat(*given.shape, min(HEAT_MOST, 0.45 * room), given.height(sizes.channels))
            yield columns, {given.name: source, output.name: result, **{c.name: lens for c in lenses}}, narrow
    source, result = _pictures(given, output, 0.75 * room, sizes.channels)
    yield columns, {given.name: source, output.name: result, **{c.name: lens for c in lenses}}, True


def _lens(lenses: tuple[PoolColumn, ...], narrow: bool, room: float, height: float) -> Fit | None:
    if not lenses:
        return Fit((1, 1), 0)
    wide = max(column.wide[narrow] for column in lenses)
    fit = layout.numerals(*lenses[0].shape, wide, room, height, LENS)
    return None if fit and not narrow and _pays(lenses) and fit.pitch[0] < 58 else fit


def _pictures(given: PoolColumn, output: PoolColumn, room: float, channels: int) -> tuple[Fit, Fit]:
    """Two pictures in colour: cells of one size, unless the output would be a stamp; it stays the smaller one."""
    least = max(STAMP, output.heading)
    source = layout.heat(*given.shape, min(HEAT_MOST, room - least), given.height(channels))
    room -= max(source.width(given.shape[1]), given.heading)
    across = min(STAMP, SMALLER * source.width(given.shape[1]))
    most = max(source.pitch[0], min(40.0, across / output.shape[1]))
    return source, layout.heat(*output.shape, min(HEAT_MOST, room), output.height(channels), most)


def _share(sizes: PoolSizes, fits: dict[str, Fit]) -> float:
    """The input's size as a share of the largest it could have."""
    given = sizes.columns[0]
    return fits[given.name].pitch[0] / layout.heat(*given.shape, HEAT_MOST, given.height(sizes.channels)).pitch[0]


def _corners(sizes: PoolSizes, columns: tuple[PoolColumn, ...], fits: dict[str, Fit], narrow: bool) -> PoolStage:
    """Columns from left to right, what room is left shared by the gaps, then by both margins."""
    label = LABEL if sizes.channels > 1 else 0
    widths = [max(fits[c.name].width(c.shape[1]), c.heading) for c in columns]
    gaps = len(columns) + len(sizes.operators) - 1
    slack = RIGHT - LEFT - 2 * label - sizes.chain - WAY * (len(columns) - 2) - sum(widths)
    more = max(0.0, min(SPREAD, slack / (gaps + 1)))
    x = LEFT + label + max(0.0, (slack - more * gaps) / 2)
    middle = even((TOP + BOTTOM) / 2 + 5)
    corners: dict[str, list[Point]] = {}
    for k, (column, wide) in enumerate(zip(columns[:-1], widths, strict=False)):
        stacked = sizes.lenses if column in sizes.lenses else (column,)
        corners |= _column(sizes, stacked, fits, x, middle)
        x += wide + (WAY + more if k < len(columns) - 2 else 0)
    x += BEFORE + more
    operators: list[Point] = []
    for k, wide in enumerate(sizes.operators):
        operators.append((even(x + wide / 2), middle))
        x += wide + (sizes.apart if k < len(sizes.operators) - 1 else 0)
    corners |= _column(sizes, columns[-1:], fits, x + AFTER + more + label, middle)
    return PoolStage(fits, corners, tuple(operators), narrow)


def _column(
    sizes: PoolSizes, stacked: tuple[PoolColumn, ...], fits: dict[str, Fit], x: float, middle: float
) -> dict[str, list[Point]]:
    """The corners of one column's grids: a row a channel, or shared grids one over the other."""
    if stacked[0].shared:
        heights = [fits[c.name].height(c.shape[0]) for c in stacked]
        top = middle + (sum(heights) + HEADING * (len(stacked) - 1)) / 2
        out: dict[str, list[Point]] = {}
        for column, height in zip(stacked, heights, strict=True):
            out[column.name] = [(even(x), even(top))]
            top -= height + HEADING
        return out
    column, n = stacked[0], sizes.channels
    step = row_height(n) + ROW_GAP
    half = fits[column.name].height(column.shape[0]) / 2
    return {column.name: [(even(x), even(middle + ((n - 1) / 2 - i) * step + half)) for i in range(n)]}
