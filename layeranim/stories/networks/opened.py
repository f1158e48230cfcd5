"""Which stages of a network are opened, and how many stages have room."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from layeranim.engine.option import Words
from layeranim.records import dataclass

if TYPE_CHECKING:  # every manifest is held against these options: they load little
    from layeranim.canvas import Canvas

OPEN_MOST = 2
"""So many stages are opened at once: more have no room."""
CARDS, CARDS_OPEN, CARDS_TIGHT, CARDS_LOW = 10, 7, 5, 16
"""So many stages stand there, with what goes in; over what is opened, there in little height; in lines, where all are
low."""
FURNITURE, LINE = 265.0, 225.0
"""Height of a canvas that is no stage's, and of one line of low stages."""
TALLER = 1.4
"""A canvas that is so many times as high as wide has room for several lines."""


def cards(canvas: Canvas, open_: Collection[object], low: bool = False) -> int:
    """How many stages have room, with what goes in; ``low`` ones, rows of features, have it in lines."""
    if open_:
        return CARDS_TIGHT if tight(canvas) else CARDS_OPEN
    return CARDS_LOW if low else CARDS


def lines(canvas: Canvas) -> int:
    """In how many lines low stages have room."""
    return max(2, int((canvas.height - FURNITURE) / LINE))


def tight(canvas: Canvas) -> bool:
    """Whether a row is broken into lines for which there is little height."""
    return bool(canvas.narrow and canvas.height < TALLER * canvas.width)


@dataclass(frozen=True)
class Stages(Words):
    """Stages of a row by their numbers, from 1, or their names: a list of them, or text with spaces or commas."""

    metavar: str = "N|NAME"

    def check(self, name: str, value: Any) -> tuple[str, ...] | None:
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if isinstance(value, str):
            value = value.replace(",", " ")
        elif isinstance(value, (list, tuple)):
            value = [str(one) if isinstance(one, int) and not isinstance(one, bool) else one for one in value]
        return super().check(name, value)
