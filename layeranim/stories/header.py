"""The lines at the top: the title, and beside or under it every hyper-parameter, then what the drawing leaves out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from layeranim import theme
from layeranim.canvas import PARAMETERS_ROW, TITLE_ROW, WIDE, Canvas
from layeranim.engine.option import Config
from layeranim.records import dataclass
from layeranim.stories import phrases, rows
from layeranim.stories.storyboard import Fact, Line, Point, Run

BETWEEN = Run(",  ")
TITLE_LEAST = 34  # a title gives up this much for parameters beside it; else they have a row of their own
MOST = 1.45  # rows of parameters under a title and beside it where the canvas is wide
NARROW = 0.85  # how full the rows under a title are where it is not
AIR = 3 * theme.UNIT  # between the title and what stands beside it
Placed = tuple[Line, int, Point, Literal["left", "right"]]


def header(said: Sequence[str], drawn: Sequence[str] = (), seed: str = "", canvas: Canvas = WIDE) -> Line:
    """What stands beside the title, a run each: ``said`` are sizes and hyper-parameters, ``drawn`` which part is shown.

    What is more than the rows under a title and the room beside it hold goes: first the seed, then, where the smallest
    letters do not help, notes on the drawing from the last, and never a hyper-parameter.
    """
    most = canvas.room * (MOST if canvas.rows == 1 else NARROW * canvas.rows)
    seeded, left = [*said, *drawn, seed], list(drawn)
    if seed and phrases.width(_line(seeded), theme.PARAMETERS) <= most:
        return _line(seeded)
    while left and phrases.width(_line([*said, *left]), theme.FLOOR) > most:
        left.pop()
    return _line([*said, *left])


def _line(parts: Sequence[str]) -> Line:
    return _row([Run(part, source=Fact("options")) for part in parts])


@dataclass(frozen=True)
class PlacedHeader:
    """The size of the title and of the parameters, and the parameters' rows: beside the title, under it.

    ``titles`` is how many rows the title takes itself: more than one where the canvas is narrow.
    """

    title: int
    parameters: int
    beside: Line
    under: tuple[Line, ...]
    titles: tuple[Line, ...]

    def lower(self, canvas: Canvas) -> float:
        """How much lower it reaches than a title with one row of parameters under it does where the canvas is wide."""
        lowest = min(y for _, _, (_, y), _ in self.lines(canvas))
        return max(0.0, canvas.from_top(theme.PARAMETERS_BASELINE) - lowest)

    def lines(self, canvas: Canvas) -> Iterator[Placed]:
        """Each row with its size, and where it stands."""
        first, below = canvas.from_top(theme.TITLE_BASELINE), canvas.parameters_baseline
        for i, row in enumerate(self.titles):
            yield row, self.title, (canvas.left, first - i * TITLE_ROW), "left"
        if self.beside:
            yield self.beside, self.parameters, (canvas.right, first), "right"
        below -= (len(self.titles) - 1) * TITLE_ROW
        for i, row in enumerate(self.under):
            x, end = (canvas.right, "right") if canvas.rows == 1 else (canvas.left, "left")
            yield row, self.parameters, (x, below - i * PARAMETERS_ROW), end  # type: ignore[misc]


def placed(title: str, parameters: Line, canvas: Canvas = WIDE) -> PlacedHeader:
    """Where the parameters have room: beside the title, else on rows of their own, else on both."""
    said = (Run(title, "ink", "semibold"),)
    width = phrases.width(said, 1)
    room, whole = canvas.room - AIR, phrases.width(parameters, theme.PARAMETERS)
    if width * TITLE_LEAST + whole <= room or not parameters:
        size = min(theme.TITLE, int((room - whole) / max(width, 1e-9)))
        if canvas.rows == 1 or size >= TITLE_LEAST:
            return PlacedHeader(size, theme.PARAMETERS, parameters, (), (said,))
    if canvas.narrow:
        return _stacked(said, parameters, canvas)
    most = min(theme.TITLE, int(canvas.room / max(width, 1e-9)))
    least = min(most, TITLE_LEAST)
    sizes = [(size, theme.PARAMETERS) for size in range(most, least, -1)]
    sizes += [(least, small) for small in range(theme.PARAMETERS, theme.FLOOR, -1)]
    sizes += [(size, theme.FLOOR) for size in range(least, theme.FLOOR - 1, -1)]
    for size, small in sizes:
        beside, under = _split(parameters, room - width * size, small)
        if phrases.width(under, small) <= canvas.room:
            break
    return PlacedHeader(size, small, beside, (under,) if under else (), (said,))


def _stacked(title: Line, parameters: Line, canvas: Canvas) -> PlacedHeader:
    """The title over the parameters, each in as many rows as they take."""
    size = min(theme.TITLE, int(canvas.room / max(phrases.width(title, 1), 1e-9)))
    titles: tuple[Line, ...] = (title,)
    if size < TITLE_LEAST:
        size = next((n for n in range(TITLE_LEAST, theme.FLOOR, -1) if rows.hold(title, n, canvas)), theme.FLOOR)
        titles = rows.broken(title, size, canvas.room)
    parts = [run for run in parameters if run != BETWEEN]
    for small in range(theme.PARAMETERS, theme.FLOOR - 1, -1):
        under = _filled(parts, small, canvas.room)
        if len(under) <= canvas.rows:
            break
    return PlacedHeader(size, small, (), under, titles)


def _filled(parts: Sequence[Run], size: int, room: float) -> tuple[Line, ...]:
    """Parameters in rows, as many on each as have room; one that is wider than a row is broken."""
    out: list[list[Run]] = []
    for part in parts:
        if out and phrases.width(_row([*out[-1], part]), size) <= room:
            out[-1].append(part)
        else:
            out.append([part])
    return tuple(piece for row in out for piece in rows.broken(_row(row), size, room))


def _split(parameters: Line, room: float, size: int) -> tuple[Line, Line]:
    """All under the title, where they have room there; else the first ones beside it, as many as fit."""
    if phrases.width(parameters, size) <= WIDE.room:
        return (), parameters
    parts = [run for run in parameters if run != BETWEEN]
    count = max(n for n in range(len(parts)) if n == 0 or phrases.width(_row(parts[:n]), size) <= room)
    return _row(parts[:count]), _row(parts[count:])


def _row(parts: Sequence[Run]) -> Line:
    return phrases.join([(part,) for part in parts], BETWEEN)


def unusual(config: Config) -> tuple[str, ...]:
    """Every option that is not at its default, by its own name: what a header says where a film has no better words."""
    usual = type(config)().shown()
    return tuple(_option(name, value) for name, value in config.shown().items() if value != usual.get(name))


def _option(name: str, value: str) -> str:
    said = name.replace("_", " ")
    return said if value in ("true", "yes") else f"no {said}" if value in ("false", "no") else f"{said} {value}"
