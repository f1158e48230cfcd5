"""Measures of a stage set by hand: its middle, rooms, headings, cells of colours that fill a space."""

from __future__ import annotations

from layeranim import theme
from layeranim.layout import even
from layeranim.stories.storyboard import Fact, Line, Run
from layeranim.stories.window_stage import BOTTOM, LEFT, RIGHT, TOP

MIDDLE = (TOP + BOTTOM) / 2
ROOM = RIGHT - LEFT
BAR_LEAST = 28  # height of a row of heat cells that must still be seen


def sized(name: str, shape: object, role: str = "ink") -> Line:
    """A name with its shape."""
    return Run(f"{name}  ", role, "semibold"), Run(str(shape), source=Fact("shape"))


def named(name: str, role: str = "ink") -> Line:
    return (Run(name, role, "semibold"),)


def top_of(rows: int, high: float) -> float:
    """The upper edge of a grid of that many rows that stands in the middle of the stage."""
    return even(MIDDLE + (rows * high - theme.CELL_GAP) / 2)


def pitch_of(rows: int, cols: int, width: float, height: float) -> tuple[float, float]:
    """Cells that fill a space as far as they stay nearly square; single rows and columns stay visible."""
    across, down = _whole(min(40.0, width / cols)), _whole(min(40.0, height / rows))
    side = min(across, down)
    return (min(across, max(side, BAR_LEAST)), min(down, max(side, BAR_LEAST)))


def _whole(size: float) -> float:
    return float(size // 2 * 2) if size >= 8 else float(int(size)) if size >= 1 else size
