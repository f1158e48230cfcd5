"""Names at the rows and columns of a grid: the words that they stand for, times, places."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from layeranim import theme, typeface
from layeranim.layout import Fit
from layeranim.stories.stage.plans import TextPlan
from layeranim.stories.storyboard import Fact, GridPlan, Run

LONGEST = 150.0
"""The width of a name in design pixels; a longer one is cut."""
SPACE = 14.0
"""Between a name and its row."""
LEAST = 26.0
"""Rows less high than this have no names."""
OVER = 30.0
"""The height of names above columns."""


def short(name: str, room: float = LONGEST) -> str:
    """A name that can be drawn, cut with an ellipsis where it is wider than the room."""
    safe = typeface.draw_safe(name)
    if typeface.width(safe, theme.FLOOR) <= room:
        return safe
    while safe and typeface.width(safe + typeface.ELLIPSIS, theme.FLOOR) > room:
        safe = safe[:-1]
    return safe.removesuffix(typeface.ELLIPSIS) + typeface.ELLIPSIS


def wide(names: Sequence[str], room: float = LONGEST) -> float:
    """The width of the longest name, as it is drawn."""
    return max((typeface.width(short(name, room), theme.FLOOR) for name in names), default=0.0)


def beside(names: Sequence[str], fit: Fit) -> float:
    """The width that names left of the rows take."""
    return wide(names) + SPACE if names and fit.pitch[1] >= LEAST else 0.0


def over(names: Sequence[str], fit: Fit, band: bool = False) -> float:
    """The height that names above the columns take; over a ``band`` of colours too, where they have room."""
    return OVER if names and (fit.numeral or (band and _roomy(names, fit.pitch[0]))) else 0.0


def _roomy(names: Sequence[str], pitch: float) -> bool:
    return wide(names) + SPACE / 2 <= pitch


def named_beside(plan: GridPlan, names: Sequence[str]) -> Iterator[TextPlan]:
    """The names left of the rows, each at the height of its own."""
    for i, name in enumerate(names[: plan.rows] if plan.pitch[1] >= LEAST else ()):
        run, cell = _run(name), plan.cell(i, 0)
        x = cell.x - SPACE - typeface.width(run.text, theme.FLOOR)
        yield TextPlan(f"{plan.name}:row:{i}", (x, cell.centre[1] - 8), (run,), theme.FLOOR)


def named_above(plan: GridPlan, names: Sequence[str], band: bool = False) -> Iterator[TextPlan]:
    """The names above the columns, each over the middle of its own."""
    shown = plan.numeral or (band and _roomy(names, plan.pitch[0]))
    for i, name in enumerate(names[: plan.cols] if shown else ()):
        run, cell = _run(name), plan.cell(0, i)
        x = cell.centre[0] - typeface.width(run.text, theme.FLOOR) / 2
        yield TextPlan(f"{plan.name}:col:{i}", (x, plan.box.y + theme.HEADING_GAP), (run,), theme.FLOOR)


def _run(name: str) -> Run:
    return Run(short(name), "ink", source=Fact("name"))
