"""Stills with their words on pages: as many as can be read, in columns or with the words beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from layeranim import theme as themes
from layeranim.film.stills import marks as m
from layeranim.film.stills.pdf import Group, Page
from layeranim.film.stills.taken import Still, chosen
from layeranim.records import dataclass
from layeranim.stories import alt, phrases, rows
from layeranim.stories.storyboard import Box, Line, Run, Storyboard
from layeranim.theme import Theme

PAPERS = {"a4": (595.276, 841.89), "letter": (612.0, 792.0)}
"""Width and height in points. ``fit`` is as wide as A4 at most, and as large as what stands on it."""
MARGIN, TIGHT = 36.0, 12.0
TITLE, PARAMETERS, PLACE, CAPTION, NOTE, FOOT = 17.0, 9.0, 8.0, 10.0, 8.5, 7.5
LEAST, MOST = 5.5, 13.5
"""Points of the smallest letters in a still, at least, and of its numerals, at most."""
GUTTER, APART, UNDER = 18.0, 17.0, 7.0
LEADING = 1.36
KEY = PARAMETERS / themes.FLOOR
"""Points to a design pixel of the key to the colours."""
SHARES = (0.64, 0.58, 0.52)
"""How much of a page's width a still takes whose words stand beside it, the largest first."""
NARROW = 105.0
"""The least width of a column of words."""
ON_A_PAGE = 12


@dataclass(frozen=True)
class PageRow:
    """A row of words, and how far below the one before it stands."""

    line: Line
    size: float

    @property
    def high(self) -> float:
        return self.size * LEADING


@dataclass(frozen=True)
class Arrangement:
    """Stills in ``columns``, so many points to a design pixel; ``beside``: the words right of the still."""

    columns: int
    scale: float
    column: float
    words: float
    beside: bool = False

    def high(self, crop: Box, words: Sequence[PageRow]) -> float:
        said = sum(row.high for row in words)
        return max(crop.h * self.scale, said) if self.beside else crop.h * self.scale + UNDER + said


@dataclass(frozen=True)
class PageLayout:
    """What pages are made of: the film, the paper and its margin, the part of the stage that is shown, the width of the
    key to the colours beside the parameters.
    """

    board: Storyboard
    theme: Theme
    width: float
    height: float | None
    margin: float
    crop: Box
    key: float

    @property
    def room(self) -> float:
        return self.width - 2 * self.margin


def pages(
    board: Storyboard, theme: Theme, stills: Sequence[Still], keys: Sequence[m.Mark], paper: str, most: int | None
) -> tuple[list[Page], int]:
    """The pages, and how many steps they show: ``most``, or as many as fit on one."""
    width, height = PAPERS.get(paper, (PAPERS["a4"][0], None))
    crop = _crop(board, [mark for still in stills for mark in still.marks])
    key = m.around(keys).w * KEY + GUTTER if keys else 0.0
    layout = PageLayout(board, theme, width, height, MARGIN if height else TIGHT, crop, key)
    room = (height or PAPERS["a4"][1] - 2 * (MARGIN - TIGHT)) - 2 * layout.margin - _foot_high() - sum(
        row.high for row in _head(layout)) - APART  # fmt: skip
    best = max(_arrangements(layout), key=lambda one: (_fitting(layout, one, stills, room, most), one.scale))
    count = most or max(1, _fitting(layout, best, stills, room, None))
    shown = [stills[i] for i in chosen(board, count)]
    return list(_laid(layout, best, shown, keys)), len(shown)


def _crop(board: Storyboard, found: Sequence[m.Mark]) -> Box:
    """The part of the stage on which anything stands in any still."""
    canvas = board.canvas
    box = m.around(found) if found else Box(-canvas.width / 2, canvas.height / 2, canvas.width, canvas.height)
    left, right = max(box.x, -canvas.width / 2), min(box.right, canvas.width / 2)
    top, bottom = min(box.y, canvas.height / 2), max(box.bottom, -canvas.height / 2)
    return Box(left, top, right - left, top - bottom).outset(themes.HAIR)


def _arrangements(layout: PageLayout) -> list[Arrangement]:
    """Those whose smallest letters can be read; where there is none, the one with the largest."""
    crop, room = layout.crop, layout.room
    largest = MOST / themes.NUMERAL
    found = []
    for columns in (4, 3, 2, 1):
        column = (room - (columns - 1) * GUTTER) / columns
        if column >= NARROW:
            found.append(Arrangement(columns, min(largest, column / crop.w), column, column))
    for wide in (min(share * room, largest * crop.w) for share in SHARES):
        found.append(Arrangement(1, wide / crop.w, room, room - wide - GUTTER, beside=True))
    read = [one for one in found if one.scale * themes.FLOOR >= LEAST]
    return read or [max(found, key=lambda one: one.scale)]


def _fitting(layout: PageLayout, one: Arrangement, stills: Sequence[Still], room: float, most: int | None) -> int:
    """How many steps fit on a page; of ``most`` that are asked for."""
    for count in range(min(most or ON_A_PAGE, ON_A_PAGE, len(stills)), 0, -1):
        shown = [stills[i] for i in chosen(layout.board, count)]
        if sum(high + APART for _, high in _rows(layout, one, shown)) - APART <= room:
            return len(shown)
    return 0


def _rows(layout: PageLayout, one: Arrangement, shown: Sequence[Still]) -> Iterator[tuple[list[Still], float]]:
    """Rows of stills, each with its height."""
    for start in range(0, len(shown), one.columns):
        row = list(shown[start : start + one.columns])
        yield row, max(one.high(layout.crop, _words(still, one.words)) for still in row)


# ── words ────────────────────────────────────────────────────────────────────
def _words(still: Still, room: float) -> list[PageRow]:
    """What is said of a step: its number and place, its arithmetic, the note."""
    beat = still.beat
    number = Run(f"{still.number}   ", "ink", "semibold")
    place = (number, *beat.place) if beat.place or not beat.caption else ()
    caption = beat.caption if place else (number, *beat.caption)
    lines = ((place, PLACE), (caption, CAPTION), (beat.note, NOTE))
    return [row for line, size in lines if line for row in _broken(line, size, room)]


def _broken(line: Line, size: float, room: float) -> list[PageRow]:
    """A line in rows; a word that is wider than the room makes its row smaller."""
    found = rows.broken(line, size, room)
    return [PageRow(row, min(size, size * room / max(phrases.width(row, size), 1e-9))) for row in found]


def _head(layout: PageLayout) -> list[PageRow]:
    title, parameters = (Run(layout.board.title, "ink", "semibold"),), layout.board.parameters
    under = _broken(parameters, PARAMETERS, layout.room - layout.key) if parameters else []
    return [*_broken(title, TITLE, layout.room), *under]


def _foot(layout: PageLayout, shown: Sequence[Still]) -> Line:
    """Which steps of the film are not there."""
    every = len(layout.board.beats)
    if len(shown) == every:
        return (Run(f"all {every} steps of the film"),)
    away = sorted({*range(1, every + 1)} - {still.number for still in shown})
    runs = [[number for _, number in group] for _, group in groupby(enumerate(away), lambda pair: pair[1] - pair[0])]
    listed = ", ".join(f"{run[0]}–{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs)
    said = f"{len(shown)} of {every} steps of the film; left out: {listed}"
    return (Run(said if len(runs) <= 8 else f"{len(shown)} of {every} steps of the film"),)


def _foot_high() -> float:
    return FOOT * LEADING + UNDER


# ── on the page ──────────────────────────────────────────────────────────────
def _laid(layout: PageLayout, one: Arrangement, shown: Sequence[Still], keys: Sequence[m.Mark]) -> Iterator[Page]:
    """Pages from the first to the last, each filled before the next."""
    groups: list[Group] = []
    top = (layout.height or 0.0) - layout.margin
    bottom = layout.margin + _foot_high() if layout.height else float("-inf")
    y = top - _header(layout, top, keys, groups)
    sheets: list[list[Group]] = [groups]
    for row, high in _rows(layout, one, shown):
        if y - high < bottom and len(groups) > 2:
            groups = []
            sheets.append(groups)
            y = top
        for place, still in enumerate(row):
            groups += _shown(layout, one, still, layout.margin + place * (one.column + GUTTER), y)
        y -= high + APART
    foot = _foot(layout, shown)
    if not layout.height:  # the page is as large as what stands on it
        groups.append(_said(layout, foot, FOOT, (layout.margin, y + APART - UNDER - FOOT)))
        yield _fitted(layout, groups)
        return
    for number, groups in enumerate(sheets, 1):
        base = layout.margin - 2
        if number == len(sheets):
            groups.append(_said(layout, foot, FOOT, (layout.margin, base)))
        if len(sheets) > 1:
            count: Line = (Run(f"{number} / {len(sheets)}"),)
            groups.append(_said(layout, count, FOOT, (layout.width - layout.margin - phrases.width(count, FOOT), base)))
        yield Page(layout.width, layout.height, groups, _ground(layout))


def _header(layout: PageLayout, top: float, keys: Sequence[m.Mark], groups: list[Group]) -> float:
    """Title, parameters, and the key to the colours at the right; how high they are."""
    found, y = _head(layout), top
    for kind, part in groupby(found, lambda row: "H1" if row.size > PARAMETERS else "P"):
        texts: list[m.Mark] = []
        for row in part:
            y -= row.high
            texts += m.line(row.line, row.size, (layout.margin, y + 0.3 * row.size), layout.theme)
        groups.append(Group(kind, texts))
    if keys:
        box = m.around(keys)
        x = layout.width - layout.margin - box.right * KEY
        groups.append(
            Group("Figure", [key.placed(KEY, x, y + 3 - box.bottom * KEY) for key in keys], "the key to the colours")
        )
    return top - y + APART


def _shown(layout: PageLayout, one: Arrangement, still: Still, x: float, y: float) -> list[Group]:
    """A still with its words, from its upper left corner."""
    crop, scale = layout.crop, one.scale
    dx = x - crop.x * scale
    if not one.beside:
        dx += (one.column - crop.w * scale) / 2 if one.columns == 1 else 0.0
    words = _words(still, one.words)
    said = " ".join(filter(None, map(alt.spoken, (still.beat.place, still.beat.caption, still.beat.note))))
    figure = Group("Figure", [mark.placed(scale, dx, y - crop.y * scale) for mark in still.marks],
                   f"Step {still.number}: {said}" if said else f"Step {still.number}")  # fmt: skip
    at = x + crop.w * scale + GUTTER if one.beside else x
    below = (
        y - max(0.0, crop.h * scale - sum(row.high for row in words)) / 2 if one.beside else y - crop.h * scale - UNDER
    )
    texts: list[m.Mark] = []
    for row in words:
        below -= row.high
        texts += m.line(row.line, row.size, (at, below + 0.3 * row.size), layout.theme)
    return [figure, Group("P", texts)]


def _said(layout: PageLayout, line: Line, size: float, at: tuple[float, float]) -> Group:
    return Group("P", m.line(line, size, at, layout.theme))


def _fitted(layout: PageLayout, groups: Sequence[Group]) -> Page:
    box = m.around(mark for group in groups for mark in group.marks).outset(layout.margin)
    moved = [Group(g.kind, [mark.placed(1.0, -box.x, -box.bottom) for mark in g.marks], g.alt) for g in groups]
    return Page(box.w, box.h, moved, _ground(layout))


def _ground(layout: PageLayout) -> m.Colour | None:
    return m.opaque(layout.theme.bg) if layout.theme.behind else None
