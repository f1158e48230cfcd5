"""The lines at the top: the title, and beside or under it every hyper-parameter, then what the drawing leaves out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from layeranim import theme
from layeranim.stories import phrases
from layeranim.stories.storyboard import Fact, Line, Run

BETWEEN = Run(",  ")
TITLE_LEAST = 34  # a title gives up this much for parameters beside it; else they have a row of their own
MOST = 1.45 * phrases.ROOM
AIR = 3 * theme.UNIT  # between the title and what stands beside it


def header(said: Sequence[str], drawn: Sequence[str] = (), seed: str = "") -> Line:
    """What stands beside the title, a run each: ``said`` are sizes and hyper-parameters, ``drawn`` which part is shown.

    What is more than a row of its own and the room beside a title hold goes: first the seed, then notes on the drawing
    from the last, and never a hyper-parameter.
    """
    more = [*drawn, *([seed] if seed else [])]
    while more and phrases.width(_line([*said, *more]), theme.PARAMETERS) > MOST:
        more.pop()
    return _line([*said, *more])


def _line(parts: Sequence[str]) -> Line:
    return _row([Run(part, source=Fact("options")) for part in parts])


@dataclass(frozen=True)
class PlacedHeader:
    """The size of the title and of the parameters, and the parameters' rows: beside the title, under it."""

    title: int
    parameters: int
    beside: Line
    under: Line


def placed(title: str, parameters: Line) -> PlacedHeader:
    """Where the parameters have room: beside the title, else on a row of their own, else on both."""
    width = phrases.width((Run(title, weight="semibold"),), 1)
    room, whole = phrases.ROOM - AIR, phrases.width(parameters, theme.PARAMETERS)
    if width * TITLE_LEAST + whole <= room or not parameters:
        return PlacedHeader(min(theme.TITLE, int((room - whole) / max(width, 1e-9))), theme.PARAMETERS, parameters, ())
    most = min(theme.TITLE, int(phrases.ROOM / max(width, 1e-9)))
    sizes = [(size, theme.PARAMETERS) for size in range(most, theme.FLOOR, -1)]
    sizes += [(theme.FLOOR, small) for small in range(theme.PARAMETERS, theme.FLOOR - 1, -1)]
    for size, small in sizes:
        beside, under = _split(parameters, room - width * size, small)
        if phrases.width(under, small) <= phrases.ROOM:
            break
    return PlacedHeader(size, small, beside, under)


def _split(parameters: Line, room: float, size: int) -> tuple[Line, Line]:
    """All under the title, where they have room there; else the first ones beside it, as many as fit."""
    if phrases.width(parameters, size) <= phrases.ROOM:
        return (), parameters
    parts = [run for run in parameters if run != BETWEEN]
    count = max(n for n in range(len(parts)) if n == 0 or phrases.width(_row(parts[:n]), size) <= room)
    return _row(parts[:count]), _row(parts[count:])


def _row(parts: Sequence[Run]) -> Line:
    return phrases.join([(part,) for part in parts], BETWEEN)
