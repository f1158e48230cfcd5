"""Key: what the colours of a tensor mean, on which range."""

from __future__ import annotations

from collections.abc import Iterator

from layeranim import numbers, theme, typeface
from layeranim.layout import even
from layeranim.records import dataclass
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.parts.base import Actor
from layeranim.stories.stage.plans import KeyPlan, Plan
from layeranim.stories.stage.solver import Extent, Setting, Spot
from layeranim.stories.storyboard import Box, Fact, Line, Run

SWATCH, HIGH = 20.0, 24.0
SPACE = 10.0


@dataclass(frozen=True)
class Key(Actor):
    """The colours of ``tensor``, and of all that share its range; ``text`` says of what."""

    tensor: str
    text: str = ""

    kind = "key"

    @property
    def draws(self) -> tuple[str, ...]:
        return ()

    def _scale(self, figures: Figures) -> tuple[str, tuple[int, ...], Line, Line]:
        """The scale, its steps, and what its two ends stand for."""
        if figures.film.kinds.get(self.tensor) == "share":
            return "heat", tuple(range(6)), _end("0"), _end("1")
        style = figures.style(self.tensor)
        low, high = (numbers.text(sign * figures.ranges.span(self.tensor), style) for sign in (-1, 1))
        return "value", tuple(range(-4, 5)), _end(low), _end(high)

    def _parts(self, figures: Figures) -> tuple[Line, Line, Line, float]:
        _, levels, low, high = self._scale(figures)
        name: Line = (Run(self.text, source=Fact("name")),) if self.text else ()
        widths = [sum(typeface.width(run.text, theme.FLOOR) for run in line) for line in (name, low, high)]
        spaces = SPACE * (2 + 2 * bool(name))
        return name, low, high, sum(widths) + spaces + len(levels) * SWATCH

    def measure(self, s: Setting) -> Extent:
        return Extent(self._parts(s.figures)[3], HIGH / 2, HIGH / 2)

    def place(self, s: Setting, spot: Spot) -> Iterator[Plan]:
        name, low, high, width = self._parts(s.figures)
        scale, levels, *_ = self._scale(s.figures)
        x, y = spot.x - width / 2, spot.y - 8
        labels = []
        if name:
            labels.append(((x, y), name))
            x += typeface.width(name[0].text, theme.FLOOR) + 2 * SPACE
        labels.append(((x, y), low))
        x = even(x + typeface.width(low[0].text, theme.FLOOR) + SPACE)
        box = Box(x, even(spot.y + HIGH / 2), len(levels) * SWATCH, HIGH)
        labels.append(((box.right + SPACE, y), high))
        yield KeyPlan(self.names[0], box, scale, levels, SWATCH, tuple(labels))


def _end(text: str) -> Line:
    return (Run(text, source=Fact("range")),)
